#include "input/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/stop.h"

enum { BUFFER_SIZE = 256 * 1024, RECORD_SEPARATOR = 0x1e };

/* Between values; within one; past one that is wrong, to the end of its line, or to where the next can begin. */
enum state { SEEKING, FEEDING, SKIPPING_LINE, SKIPPING_VALUE };

/* Finds the end of a value by its brackets alone. */
struct brackets {
    size_t depth;
    bool in_string, escaped, bare; /* bare: neither brackets nor quotes around it */
    bool begun;
};

struct reader {
    int fd, tee;
    bool pollable, at_end;
    char *buffer;
    size_t start; /* of the open value */
    size_t at;    /* the next byte to look at */
    size_t end;   /* of what was read */
    size_t capacity;
    uint64_t before; /* bytes of the input that came before the buffer */
    uint64_t began;  /* the offset it began at */
    struct hasher *hasher;
    uint64_t hashed; /* offset up to which the hasher has seen */

    enum state state;
    uint64_t line;
    uint64_t line_offset; /* of the first byte of the line */
    bool new_line;        /* the byte at "at" begins a line, which has not been looked at yet */
    uint64_t value_line;
    uint64_t value_column; /* bytes before the value on its line */
    bool too_long;         /* its text is not held any more */
    struct brackets brackets;
    struct brackets open; /* of the value being fed, up to "scanned": whether it goes on */
    size_t scanned;
    bool over;                       /* by these it has ended */
    bool in_array, comma, last_good; /* a comma since the last element; that one was taken */
    uint64_t array_line;
    /* the first newline or record separator after "at", if one was found before "searched" */
    size_t line_end, searched;
    bool found, by_newline;
    bool eager; /* no more comes for a while: look at all that is here */
    bool ended; /* the last value of the input was unfinished: see final */
    struct reader_place final;
    struct json *json, *aside;
    struct text error;
    bool (*matters)(const void *context, struct span line); /* NULL: every line does */
    const void *matters_to;
};

struct reader *reader_new(int fd, json_names *names) {
    struct reader *reader = xcalloc(1, sizeof *reader);
    struct stat status;
    reader->fd = fd;
    reader->tee = -1;
    reader->pollable = fstat(fd, &status) != 0 || !S_ISREG(status.st_mode);
    reader->capacity = BUFFER_SIZE;
    reader->buffer = xmalloc(reader->capacity);
    reader->line = 1;
    reader->new_line = true;
    reader->json = json_new(names);
    reader->aside = json_new(names);
    return reader;
}

void reader_free(struct reader *reader) {
    if (reader == NULL)
        return;
    json_free(reader->json);
    json_free(reader->aside);
    hasher_free(reader->hasher);
    text_free(&reader->error);
    free(reader->buffer);
    free(reader);
}

void reader_tee(struct reader *reader, int fd) {
    reader->tee = fd;
}

void reader_skip_lines(struct reader *reader, bool (*matters)(const void *context, struct span line),
                       const void *context) {
    reader->matters = matters;
    reader->matters_to = context;
}

void reader_resume(struct reader *reader, const struct reader_place *place, struct hasher *before) {
    reader->before = reader->began = reader->hashed = place->offset;
    reader->line = place->line;
    reader->line_offset = place->offset - place->column;
    reader->new_line = place->offset == 0;
    reader->in_array = place->in_array;
    reader->array_line = place->line;
    reader->last_good = place->after_element;
    reader->hasher = before;
}

uint64_t reader_bytes(const struct reader *reader) {
    return reader->before + reader->at - reader->began;
}

/* -- input ------------------------------------------------------------------------------------------------------ */

static uint64_t offset_of(const struct reader *reader, size_t at) {
    return reader->before + at;
}

static void hash_up_to(struct reader *reader, size_t at) {
    if (reader->hasher != NULL && offset_of(reader, at) > reader->hashed) {
        size_t from = (size_t)(reader->hashed - reader->before);
        hasher_add(reader->hasher, reader->buffer + from, at - from);
        reader->hashed = offset_of(reader, at);
    }
}

/* Forgets what lies before the open value, and makes room. */
static void make_room(struct reader *reader) {
    size_t keep = reader->state == SEEKING || reader->too_long ? reader->at : reader->start;
    if (keep > 0) {
        hash_up_to(reader, keep);
        memmove(reader->buffer, reader->buffer + keep, reader->end - keep);
        reader->before += keep;
        reader->searched = !reader->found && reader->searched > keep ? reader->searched - keep : 0;
        reader->found = false;
        reader->scanned = reader->scanned > keep ? reader->scanned - keep : 0;
        reader->at -= keep;
        reader->end -= keep;
        reader->start = 0;
    }
    if (reader->end == reader->capacity) {
        reader->capacity = reader->capacity < VALUE_MAX ? reader->capacity * 2 : reader->capacity + BUFFER_SIZE;
        reader->buffer = xrealloc(reader->buffer, reader->capacity);
    } else if (reader->capacity > 16 * BUFFER_SIZE && reader->end < BUFFER_SIZE) {
        reader->capacity = 2 * BUFFER_SIZE; /* a long value is over: give its memory back */
        reader->buffer = xrealloc(reader->buffer, reader->capacity);
    }
}

static bool one_of(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

/* Reads more. READER_VALUE: something came; READER_END: nothing will. */
static enum reader_event fill(struct reader *reader, int wait_ms) {
    if (reader->at_end)
        return READER_END;
    if (reader->pollable) {
        struct pollfd ready = {reader->fd, POLLIN, 0};
        int count = poll(&ready, 1, wait_ms);
        if (count == 0)
            return READER_IDLE;
        if (count < 0)
            return errno == EINTR ? READER_INTERRUPTED : READER_FAILED;
    }
    make_room(reader);
    ssize_t size = read(reader->fd, reader->buffer + reader->end, reader->capacity - reader->end);
    if (size < 0)
        return errno == EINTR ? READER_INTERRUPTED : errno == EAGAIN ? READER_IDLE : READER_FAILED;
    if (size == 0) {
        reader->at_end = true;
        return READER_END;
    }
    /* a signal that interrupts the copy is one to stop by: nobody may be there to read it */
    if (reader->tee >= 0 && !write_fully(reader->tee, reader->buffer + reader->end, (size_t)size))
        return errno == EINTR ? READER_INTERRUPTED : READER_FAILED;
    reader->end += (size_t)size;
    return READER_VALUE;
}

void reader_release(struct reader *reader) {
    if (reader->capacity <= 16 * BUFFER_SIZE || reader->state != SEEKING)
        return;
    make_room(reader);
    json_begin(reader->json);
}

void reader_drain(struct reader *reader) {
    enum reader_event event;
    do {
        reader->state = SEEKING;
        reader->at = reader->end; /* nothing of it is kept */
        event = fill(reader, -1);
    } while (event == READER_VALUE || event == READER_IDLE);
}

static void line_passed(struct reader *reader) {
    reader->line++;
    reader->line_offset = offset_of(reader, reader->at);
    reader->new_line = true;
}

/* Whether a value is open, and its text held, so that another run can read it from its beginning. */
static bool value_open(const struct reader *reader) {
    return reader->state != SEEKING && !reader->too_long;
}

struct reader_place reader_where(const struct reader *reader) {
    if (reader->ended)
        return reader->final;
    bool open = value_open(reader);
    size_t at = open ? reader->start : reader->at;
    return (struct reader_place){
        .offset = offset_of(reader, at),
        .line = open ? reader->value_line : reader->line,
        .column = open ? reader->value_column : offset_of(reader, at) - reader->line_offset,
        .in_array = reader->in_array,
        .after_element = reader->in_array && reader->last_good && !reader->comma,
    };
}

struct digest reader_digest(struct reader *reader) {
    if (!reader->ended)
        hash_up_to(reader, value_open(reader) ? reader->start : reader->at);
    return hasher_digest(reader->hasher);
}

/* -- events ----------------------------------------------------------------------------------------------------- */

static void say(struct reader *reader, const char *reason) {
    text_clear(&reader->error);
    text_string(&reader->error, reason);
    if (reader->line != reader->value_line)
        text_format(&reader->error, " (line %llu)", (unsigned long long)reader->line);
}

static enum reader_event wrong(struct reader *reader, struct value *value, struct span text, uint64_t line) {
    while (text.n > 0 && one_of(text.s[text.n - 1], "\r\n"))
        text.n--;
    *value = (struct value){text, line, NULL, reader->error.s};
    return READER_WRONG;
}

/* The open value is over, and wrong: it is what lies before "at". */
static enum reader_event value_wrong(struct reader *reader, struct value *value) {
    struct span text = {NULL, 0};
    if (!reader->too_long)
        text = (struct span){reader->buffer + reader->start, reader->at - reader->start};
    reader->state = SEEKING;
    reader->too_long = false;
    reader->last_good = false;
    return wrong(reader, value, text, reader->value_line);
}

static enum reader_event value_whole(struct reader *reader, struct value *value) {
    struct span text = {reader->buffer + reader->start, reader->at - reader->start};
    if (json_settle(reader->json, text) != JSON_WHOLE) {
        say(reader, json_error(reader->json));
        return value_wrong(reader, value);
    }
    *value = (struct value){text, reader->value_line, reader->json, NULL};
    reader->state = SEEKING;
    reader->comma = false;
    reader->last_good = true;
    return READER_VALUE;
}

/* An array that was left open: the values in it were taken, but the input is not what it began as. */
static enum reader_event array_open(struct reader *reader, struct value *value) {
    reader->in_array = false;
    text_clear(&reader->error);
    text_string(&reader->error, "the array that begins here is not closed");
    return wrong(reader, value, (struct span){NULL, 0}, reader->array_line);
}

/* -- skipping --------------------------------------------------------------------------------------------------- */

/* Where the value that BRACKETS is in ends: after *USED bytes if true; else it goes on after all of them. */
static bool brackets_end(struct brackets *b, const char *bytes, size_t size, size_t *used) {
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        bool first = !b->begun;
        b->begun = true;
        if (c == '\n')
            b->in_string = b->escaped = false; /* no string goes beyond its line */
        if (b->escaped) {
            b->escaped = false;
        } else if (b->in_string) {
            b->escaped = c == '\\';
            b->in_string = c != '"';
        } else if (c == '"') {
            b->in_string = true;
        } else if (c == '{' || c == '[') {
            b->depth++;
        } else if ((c == '}' || c == ']') && b->depth > 0) {
            b->depth--;
        } else if (first) {
            b->bare = true;
        }
        bool bare_end = b->bare && !first && one_of(c, ",]} \t\r\n");
        if (bare_end || (!b->bare && b->depth == 0 && !b->in_string)) {
            *used = bare_end ? i : i + 1;
            return true;
        }
    }
    *used = size;
    return false;
}

/* Whether the SIZE bytes at "at" are blanks, no more than the wrong value's column. */
static bool only_blanks(const struct reader *reader, size_t size) {
    const char *s = reader->buffer + reader->at;
    size_t column = 0;
    while (column < size && (s[column] == ' ' || s[column] == '\t'))
        column++;
    return column == size && column <= reader->value_column;
}

/* Whether the line at "at", of which SIZE bytes are here, begins a value after a wrong one: '{' as far in as that one
 * began, or in the first column. */
static bool begins_anew(const struct reader *reader, size_t size) {
    const char *s = reader->buffer + reader->at;
    size_t column = 0;
    while (column < size && (s[column] == ' ' || s[column] == '\t'))
        column++;
    return column < size && s[column] == '{' && (column == 0 || column == reader->value_column);
}

/* Finds the next newline or record separator from "at" on; what was searched once is not searched again. */
static bool find_break(struct reader *reader) {
    if (reader->found && reader->line_end > reader->at)
        return true;
    size_t from = reader->searched > reader->at ? reader->searched : reader->at;
    const char *s = reader->buffer + from;
    const char *newline = memchr(s, '\n', reader->end - from);
    size_t size = newline != NULL ? (size_t)(newline - s) + 1 : reader->end - from;
    const char *separator = memchr(s, RECORD_SEPARATOR, size);
    reader->found = newline != NULL || separator != NULL;
    reader->by_newline = separator == NULL;
    reader->line_end = separator != NULL ? from + (size_t)(separator - s) : from + size;
    reader->searched = reader->line_end;
    return reader->found;
}

/* The bytes from "at" to the end of the line, its newline included, or to a record separator, or to the end of what was
 * read. */
static size_t line_rest(struct reader *reader, bool *whole) {
    bool found = find_break(reader);
    *whole = found && reader->by_newline;
    return (found ? reader->line_end : reader->end) - reader->at;
}

/* A record separator ends whatever is open. */
static bool at_separator(const struct reader *reader) {
    return reader->at < reader->end && reader->buffer[reader->at] == RECORD_SEPARATOR;
}

static void note_length(struct reader *reader) {
    if (!reader->too_long && reader->at - reader->start > VALUE_MAX)
        reader->too_long = true;
}

/* Within what was read. True: the wrong value ended before "at". */
static bool skip(struct reader *reader) {
    while (reader->at < reader->end) {
        bool whole_line;
        size_t size = line_rest(reader, &whole_line), used = size;
        if (at_separator(reader))
            return true;
        if (reader->new_line && !whole_line && !reader->at_end && only_blanks(reader, size))
            return false; /* what follows may begin a value */
        if (reader->new_line && begins_anew(reader, size))
            return true;
        reader->new_line = false;
        bool over = reader->state == SKIPPING_LINE
                        ? whole_line
                        : brackets_end(&reader->brackets, reader->buffer + reader->at, size, &used);
        reader->at += used;
        if (used == size && whole_line)
            line_passed(reader);
        note_length(reader);
        if (over)
            return true;
    }
    return false;
}

/* The open value is wrong, and what is known of it ends at "at": decides how to find its end. */
static void begin_skipping(struct reader *reader) {
    bool first_line = reader->line == reader->value_line;
    reader->state = first_line && !reader->in_array ? SKIPPING_LINE : SKIPPING_VALUE;
    if (reader->state == SKIPPING_LINE)
        return;
    reader->brackets = (struct brackets){0};
    size_t known = reader->at - reader->start, used;
    if (brackets_end(&reader->brackets, reader->buffer + reader->start, known, &used))
        reader->brackets = (struct brackets){.depth = 0, .bare = true, .begun = true}; /* by its brackets it is over */
}

/* -- feeding ---------------------------------------------------------------------------------------------------- */

/* Only white space, and in an array what may follow an element, lies between AT and END. */
static bool nothing_follows(const struct reader *reader, const char *s, const char *end) {
    while (s < end && (one_of(*s, " \t\r\n") || (reader->in_array && (*s == ',' || *s == ']'))))
        s++;
    return s == end;
}

/* Whether the line at "at" is an object by itself. */
static bool object_line(struct reader *reader, size_t size) {
    const char *line = reader->buffer + reader->at;
    size_t used;
    json_begin(reader->aside);
    return json_feed(reader->aside, line, size, &used) == JSON_WHOLE &&
           nothing_follows(reader, line + used, line + size);
}

enum look { LOOK_GO_ON, LOOK_CUT, LOOK_MORE };

/* Looks at a line that continues the open value: whether it is the beginning of another one instead. */
static enum look look_at_line(struct reader *reader) {
    bool whole_line;
    if (reader->at == reader->end)
        return LOOK_MORE;
    if (reader->buffer[reader->at] != '{')
        return LOOK_GO_ON;
    size_t size = line_rest(reader, &whole_line);
    if (!whole_line && !reader->at_end && size <= VALUE_MAX)
        return LOOK_MORE;
    return object_line(reader, size) ? LOOK_CUT : LOOK_GO_ON;
}

/* Where the line that "at" is on begins, as far as it is of the open value. */
static size_t line_start(const struct reader *reader) {
    uint64_t start = offset_of(reader, reader->start);
    return (size_t)((reader->line_offset > start ? reader->line_offset : start) - reader->before);
}

/* Whether what the parser could not take, USED bytes into the line at "at", is the '{' of a next value. */
static bool wrong_at_new_value(const struct reader *reader, size_t size, size_t used) {
    const char *line = reader->buffer + reader->at;
    const char *brace = memchr(line, '{', size);
    return reader->line != reader->value_line && offset_of(reader, reader->at) == reader->line_offset &&
           begins_anew(reader, size) && brace != NULL && used <= (size_t)(brace - line) + 1;
}

/* Whether the open value, of which the parser had a part, goes on beyond the SIZE bytes at "at" by its brackets: then
 * the rest may wait for more, since long texts are best parsed in one piece. Each byte is looked at once. */
static bool goes_on(struct reader *reader, size_t size) {
    size_t end = reader->at + size, used;
    if (reader->at == reader->start)
        return false;
    if (!reader->over && reader->scanned < end) {
        reader->over = brackets_end(&reader->open, reader->buffer + reader->scanned, end - reader->scanned, &used);
        reader->scanned = end;
    }
    return !reader->over;
}

/* The value is on one line, of which the parser had a part: it begins again, since it would keep that part itself. */
static void begin_again(struct reader *reader, size_t *size) {
    if (reader->at == reader->start || reader->line != reader->value_line)
        return;
    json_begin(reader->json);
    *size += reader->at - reader->start;
    reader->at = reader->start;
}

/* The open value is known up to "at", and too long; WHOLE: it ends there. */
static enum reader_event value_too_long(struct reader *reader, struct value *value, bool whole) {
    say(reader, "longer than 64 MiB");
    reader->too_long = true;
    if (whole)
        return value_wrong(reader, value);
    begin_skipping(reader);
    return READER_WRONG;
}

/* Feeds the parser what was read. READER_IDLE: it needs more. */
static enum reader_event feed(struct reader *reader, struct value *value) {
    while (reader->at < reader->end) {
        enum look look = reader->new_line ? look_at_line(reader) : LOOK_GO_ON;
        if (look == LOOK_MORE)
            return READER_IDLE;
        if (look == LOOK_CUT || at_separator(reader)) {
            say(reader, "not JSON: unfinished where another value begins");
            return value_wrong(reader, value);
        }
        reader->new_line = false;
        bool whole_line;
        size_t used, size = line_rest(reader, &whole_line);
        if (!reader->found && !reader->at_end && goes_on(reader, size)) {
            if (reader->end - reader->start <= VALUE_MAX)
                return READER_IDLE;
            reader->at += size;
            return value_too_long(reader, value, false);
        }
        begin_again(reader, &size);
        enum json_status status = json_feed(reader->json, reader->buffer + reader->at, size, &used);
        if (status == JSON_WRONG) {
            say(reader, json_error(reader->json));
            size_t back = reader->at - line_start(reader); /* what of the line came before */
            reader->at -= back;
            if (wrong_at_new_value(reader, size + back, used + back))
                return value_wrong(reader, value);
            begin_skipping(reader);
            return READER_WRONG;
        }
        reader->at += used;
        bool too_long = reader->at - reader->start > VALUE_MAX;
        if (status == JSON_WHOLE && !too_long)
            return value_whole(reader, value);
        if (whole_line && used == size)
            line_passed(reader);
        if (too_long)
            return value_too_long(reader, value, status == JSON_WHOLE);
    }
    return READER_IDLE;
}

/* -- seeking ---------------------------------------------------------------------------------------------------- */

static void begin_value(struct reader *reader) {
    reader->state = FEEDING;
    reader->start = reader->scanned = reader->at;
    reader->open = (struct brackets){0};
    reader->over = false;
    reader->value_line = reader->line;
    reader->value_column = offset_of(reader, reader->at) - reader->line_offset;
    reader->new_line = false;
    json_begin(reader->json);
}

/* A byte order mark at the very beginning. */
static bool pass_mark(struct reader *reader) {
    static const char mark[] = "\xef\xbb\xbf";
    if (offset_of(reader, reader->at) != 0 || reader->end - reader->at < 3 ||
        memcmp(reader->buffer + reader->at, mark, 3) != 0)
        return false;
    reader->at += 3;
    reader->line_offset = 3;
    return true;
}

/* What begins with the '[' at "at": an array, whose elements are values of their own (LOOK_CUT), or a line that is not
 * JSON, as of a log that begins its lines with a time or a level in brackets (LOOK_GO_ON). An object in it, or nothing
 * more on the line, is enough; else the line must at least be the beginning of an array. */
static enum look look_at_bracket(struct reader *reader) {
    const char *s = reader->buffer + reader->at + 1, *end = reader->buffer + reader->end;
    bool whole_line;
    size_t size = line_rest(reader, &whole_line), used;
    while (s < end && one_of(*s, " \t\r"))
        s++;
    if (s < end && one_of(*s, "{]\n"))
        return LOOK_CUT;
    if (!whole_line && !reader->at_end && size <= VALUE_MAX)
        return LOOK_MORE;
    json_begin(reader->aside);
    return json_feed(reader->aside, reader->buffer + reader->at, size, &used) == JSON_WRONG ? LOOK_GO_ON : LOOK_CUT;
}

/* Takes one byte that is not part of a value; false if a value begins here. */
static bool pass_separator(struct reader *reader) {
    char c = reader->buffer[reader->at];
    if (c == '[' && !reader->in_array) {
        if (look_at_bracket(reader) != LOOK_CUT)
            return false;
        reader->in_array = true;
        reader->array_line = reader->line;
        reader->last_good = false;
    } else if (c == ']' && reader->in_array) {
        reader->in_array = false;
    } else if (c == ',' && reader->in_array) {
        reader->comma = true;
    } else if (!one_of(c, " \t\r\n\x1e")) {
        return pass_mark(reader);
    }
    reader->at++;
    if (c == '\n')
        line_passed(reader);
    else if (c == RECORD_SEPARATOR)
        reader->line_offset++; /* it does not count as a column */
    return true;
}

/* In an array, a line that begins with an object though no comma followed the last element: the array was given up. */
static bool array_given_up(const struct reader *reader) {
    return reader->in_array && reader->last_good && !reader->comma && reader->buffer[reader->at] == '{' &&
           offset_of(reader, reader->at) == reader->line_offset;
}

/* A line of which it is to be asked whether it matters: '{' in the first column, '}' at the end. LOOK_GO_ON: it is no
 * such line, or does; LOOK_CUT: it does not; LOOK_MORE: the rest of it is not here yet. */
static enum look look_whether_it_matters(struct reader *reader, size_t *size) {
    bool whole_line;
    if (reader->matters == NULL || reader->in_array || reader->buffer[reader->at] != '{' ||
        offset_of(reader, reader->at) != reader->line_offset)
        return LOOK_GO_ON;
    *size = line_rest(reader, &whole_line);
    if (!whole_line) /* the end of the input may have come in the middle of it */
        return reader->at_end || reader->eager || reader->found || *size > VALUE_MAX ? LOOK_GO_ON : LOOK_MORE;
    struct span line = {reader->buffer + reader->at, *size};
    while (one_of(line.s[line.n - 1], " \t\r\n"))
        line.n--;
    return line.s[line.n - 1] != '}' || reader->matters(reader->matters_to, line) ? LOOK_GO_ON : LOOK_CUT;
}

/* Passes over what lies between values. LOOK_MORE: what comes next is not all here yet. */
static enum look pass_between(struct reader *reader) {
    size_t size;
    while (reader->at < reader->end) {
        if (pass_separator(reader))
            continue;
        enum look look = look_whether_it_matters(reader, &size);
        if (look != LOOK_CUT)
            return look;
        reader->at += size;
        if (reader->buffer[reader->at - 1] == '\n')
            line_passed(reader);
    }
    return LOOK_GO_ON;
}

/* READER_IDLE: needs more. READER_VALUE: a value was begun. */
static enum reader_event seek(struct reader *reader, struct value *value) {
    if (pass_between(reader) == LOOK_MORE)
        return READER_IDLE;
    if (reader->at == reader->end)
        return READER_IDLE;
    if (array_given_up(reader))
        return array_open(reader, value);
    if (reader->buffer[reader->at] == '[' && !reader->in_array && look_at_bracket(reader) == LOOK_MORE)
        return READER_IDLE;
    if (offset_of(reader, reader->at) == 0 && reader->end - reader->at < 3 && !reader->at_end &&
        (unsigned char)reader->buffer[reader->at] == 0xef)
        return READER_IDLE; /* half a byte order mark */
    begin_value(reader);
    return READER_VALUE;
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

/* At the end of the input. READER_IDLE: there is work left to do on what was read. */
static enum reader_event finish(struct reader *reader, struct value *value) {
    if (reader->at < reader->end)
        return READER_IDLE; /* what waited for more to come */
    if (reader->state == FEEDING) {
        if (json_end(reader->json) == JSON_WHOLE)
            return value_whole(reader, value);
        say(reader, json_error(reader->json));
    }
    if (reader->state != SEEKING) {
        /* another run may find the rest of it */
        reader->final = reader_where(reader);
        hash_up_to(reader, value_open(reader) ? reader->start : reader->at);
        reader->ended = true;
        reader->in_array = false; /* one complaint is enough */
        return value_wrong(reader, value);
    }
    if (reader->in_array) {
        if (!reader->ended) {
            reader->final = reader_where(reader);
            hash_up_to(reader, reader->at);
            reader->ended = true;
        }
        return array_open(reader, value);
    }
    return READER_END;
}

/* Works on what was read. READER_IDLE: needs more. */
static enum reader_event work(struct reader *reader, struct value *value) {
    for (;;) {
        if (reader->state == SEEKING) {
            enum reader_event event = seek(reader, value);
            if (event != READER_VALUE)
                return event;
        }
        if (reader->state == FEEDING) {
            enum reader_event event = feed(reader, value);
            if (event != READER_WRONG || reader->state == SEEKING)
                return event;
        }
        return skip(reader) ? value_wrong(reader, value) : READER_IDLE;
    }
}

/* Whether what is here may end with a value: without a bracket at its end it is the middle of one. */
static bool may_be_whole(const struct reader *reader) {
    size_t end = reader->end;
    while (end > reader->at && one_of(reader->buffer[end - 1], " \t\r\n"))
        end--;
    return end > reader->at && one_of(reader->buffer[end - 1], "}]");
}

enum reader_event reader_next(struct reader *reader, int wait_ms, struct value *value) {
    int64_t until = wait_ms >= 0 ? clock_monotonic_ms() + wait_ms : INT64_MAX;
    for (;;) {
        enum reader_event event = work(reader, value);
        if (event != READER_IDLE)
            return event;
        int64_t left = wait_ms >= 0 ? until - clock_monotonic_ms() : -1;
        enum reader_event input = wait_ms >= 0 && left < 0 ? READER_IDLE : fill(reader, (int)left);
        reader->eager = input != READER_VALUE && may_be_whole(reader);
        if (input == READER_END)
            event = finish(reader, value);
        else if (input != READER_VALUE)
            event = work(reader, value);
        reader->eager = false;
        if (event != READER_IDLE)
            return event;
        if (input != READER_VALUE && input != READER_END)
            return input;
    }
}
