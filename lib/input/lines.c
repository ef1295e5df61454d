#include "input/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

enum { BUFFER_SIZE = 64 * 1024 };

struct lines {
    int fd;
    bool pollable, at_end;
    char *buffer;
    size_t start;    /* of the line that is open */
    size_t searched; /* no newline lies between "start" and here */
    size_t end;      /* of what was read */
    size_t capacity;
    uint64_t number; /* of the line that is open, from 1 */
    bool too_long;   /* it is, and what came of it is not held any more */
};

struct lines *lines_new(int fd) {
    struct lines *lines = xcalloc(1, sizeof *lines);
    struct stat status;
    lines->fd = fd;
    lines->pollable = fstat(fd, &status) != 0 || !S_ISREG(status.st_mode);
    lines->capacity = BUFFER_SIZE;
    lines->buffer = xmalloc(lines->capacity);
    lines->number = 1;
    return lines;
}

void lines_free(struct lines *lines) {
    if (lines == NULL)
        return;
    free(lines->buffer);
    free(lines);
}

/* -- input ------------------------------------------------------------------------------------------------------ */

/* Forgets what lies before the open line, and makes room. */
static void make_room(struct lines *lines) {
    if (lines->start > 0) {
        memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->searched -= lines->start;
        lines->start = 0;
    }
    if (lines->end == lines->capacity) {
        lines->capacity = lines->capacity < LINE_MAX_BYTES ? lines->capacity * 2 : lines->capacity + BUFFER_SIZE;
        lines->buffer = xrealloc(lines->buffer, lines->capacity);
    } else if (lines->capacity > 16 * BUFFER_SIZE && lines->end < BUFFER_SIZE) {
        lines->capacity = 2 * BUFFER_SIZE; /* a long line is over: give its memory back */
        lines->buffer = xrealloc(lines->buffer, lines->capacity);
    }
}

/* Reads more. LINES_LINE: something came; LINES_END: nothing will. */
static enum lines_event fill(struct lines *lines, int wait_ms) {
    if (lines->at_end)
        return LINES_END;
    if (lines->pollable) {
        struct pollfd ready = {lines->fd, POLLIN, 0};
        int count = poll(&ready, 1, wait_ms);
        if (count == 0)
            return LINES_IDLE;
        if (count < 0)
            return errno == EINTR ? LINES_INTERRUPTED : LINES_FAILED;
    }
    make_room(lines);
    ssize_t size = read(lines->fd, lines->buffer + lines->end, lines->capacity - lines->end);
    if (size < 0)
        return errno == EINTR ? LINES_INTERRUPTED : errno == EAGAIN ? LINES_IDLE : LINES_FAILED;
    lines->at_end = size == 0;
    lines->end += (size_t)size;
    return lines->at_end ? LINES_END : LINES_LINE;
}

/* -- lines ------------------------------------------------------------------------------------------------------ */

/* The bytes of the open line up to AT, without the marks around them: a byte order mark before the first line, and a
 * carriage return before a NEWLINE. */
static struct span line_up_to(const struct lines *lines, size_t at, bool newline) {
    struct span line = {lines->buffer + lines->start, at - lines->start};
    if (lines->number == 1 && line.n >= 3 && memcmp(line.s, "\xef\xbb\xbf", 3) == 0) {
        line.s += 3;
        line.n -= 3;
    }
    if (newline && line.n > 0 && line.s[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* Ends the open line at AT; the next one begins at NEXT. */
static enum lines_event end_line(struct lines *lines, size_t at, size_t next, struct span *line, uint64_t *number) {
    *line = line_up_to(lines, at, at < next);
    *number = lines->number++;
    bool too_long = lines->too_long || line->n > LINE_MAX_BYTES;
    lines->start = lines->searched = next;
    lines->too_long = false;
    if (too_long)
        *line = (struct span){NULL, 0};
    return too_long ? LINES_TOO_LONG : LINES_LINE;
}

/* Drops what is held of a line that is too long whatever follows: beyond the bound there is room for its marks. */
static void note_length(struct lines *lines) {
    if (lines->end - lines->start > LINE_MAX_BYTES + 4)
        lines->too_long = true;
    if (lines->too_long)
        lines->start = lines->end;
    lines->searched = lines->end;
}

/* The next line within what was read; LINES_IDLE: it needs more. */
static enum lines_event take(struct lines *lines, struct span *line, uint64_t *number) {
    const char *from = lines->buffer + lines->searched;
    const char *newline = memchr(from, '\n', lines->end - lines->searched);
    if (newline != NULL) {
        size_t at = (size_t)(newline - lines->buffer);
        return end_line(lines, at, at + 1, line, number);
    }
    note_length(lines);
    return LINES_IDLE;
}

enum lines_event lines_next(struct lines *lines, int wait_ms, struct span *line, uint64_t *number) {
    int64_t until = wait_ms > 0 ? clock_monotonic_ms() + wait_ms : INT64_MAX;
    *line = (struct span){NULL, 0};
    for (int64_t left = wait_ms; left >= 0 || wait_ms < 0;) {
        enum lines_event event = take(lines, line, number);
        if (event != LINES_IDLE)
            return event;
        enum lines_event input = fill(lines, (int)left);
        if (input == LINES_END && (lines->start < lines->end || lines->too_long))
            return end_line(lines, lines->end, lines->end, line, number);
        if (input != LINES_LINE)
            return input;
        if (lines->too_long && memchr(lines->buffer + lines->searched, '\n', lines->end - lines->searched) == NULL)
            break; /* a line without an end must not keep the caller from its signals */
        left = wait_ms > 0 ? until - clock_monotonic_ms() : wait_ms;
    }
    return take(lines, line, number);
}
