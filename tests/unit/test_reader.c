/* From bytes to values: every form, every way to go wrong, in any pieces, and again from any place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "input/reader.h"
#include "random.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Where every byte of memory is watched over, what is long takes too long, and memory is another. */
static void skip_if_watched(void) {
    const char *preloaded = getenv("LD_PRELOAD");
    if (SANITIZED || (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL))
        skip();
}

/* -- what a reader says -------------------------------------------------------------------------------------------- */

/* BRIEF: "value LINE TEXT" or "wrong LINE TEXT", a line each. FULL: also why, and the place after it. */
enum detail { BRIEF, FULL };

enum { EVENTS_MAX = 256 };

struct heard {
    struct text said;
    size_t ends[EVENTS_MAX]; /* of what was said by each event */
    struct reader_place places[EVENTS_MAX];
    int count;
    struct reader_place last; /* at the end */
};

static void heard_clear(struct heard *heard) {
    text_clear(&heard->said);
    text_string(&heard->said, "");
    heard->count = 0;
}

static void say(struct heard *heard, struct reader *reader, enum reader_event event, const struct value *value,
                enum detail detail) {
    struct text *said = &heard->said;
    struct reader_place place = reader_where(reader);
    text_format(said, "%s %llu ", event == READER_VALUE ? "value" : "wrong", (unsigned long long)value->line);
    if (value->text.s != NULL)
        text_escaped(said, value->text);
    else
        text_string(said, "(none)");
    if (detail == FULL)
        text_format(said, " | %s @%llu,%llu%s", event == READER_WRONG ? value->error : "",
                    (unsigned long long)place.offset, (unsigned long long)place.line, place.in_array ? "[" : "");
    text_string(said, "\n");
    assert_true(heard->count < EVENTS_MAX);
    heard->ends[heard->count] = said->n;
    heard->places[heard->count++] = place;
}

/* Takes events until there is none of VALUE and WRONG, which it returns. WAIT_MS is for reader_next. */
static enum reader_event listen(struct heard *heard, struct reader *reader, int wait_ms, enum detail detail) {
    struct value value;
    enum reader_event event;
    while ((event = reader_next(reader, wait_ms, &value)) == READER_VALUE || event == READER_WRONG) {
        assert_int_equal(event == READER_WRONG, value.error != NULL);
        say(heard, reader, event, &value, detail);
    }
    return event;
}

static void put(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        assert_true(written > 0);
        bytes += written;
        size -= (size_t)written;
    }
}

/* Reads INPUT from a pipe, into which it comes in a piece of FIRST bytes and then pieces of STEP bytes. */
static void read_pieces(struct span input, size_t first, size_t step, enum detail detail, struct heard *heard) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct reader *reader = reader_new(ends[0], NULL);
    heard_clear(heard);
    for (size_t at = 0, size = first; at < input.n; at += size, size = step) {
        size = size < input.n - at ? size : input.n - at;
        put(ends[1], input.s + at, size);
        assert_int_equal(listen(heard, reader, 0, detail), READER_IDLE);
    }
    close(ends[1]);
    assert_int_equal(listen(heard, reader, -1, detail), READER_END);
    assert_int_equal(listen(heard, reader, -1, detail), READER_END);
    heard->last = reader_where(reader);
    reader_free(reader);
    close(ends[0]);
}

static int file_of(struct span input) {
    int fd = memfd_create("input", MFD_CLOEXEC);
    assert_true(fd >= 0);
    put(fd, input.s, input.n);
    return fd;
}

static void digest_is(struct reader *reader, struct span input) {
    struct digest digest = reader_digest(reader), wanted = hash128(input.s, reader_where(reader).offset);
    assert_memory_equal(digest.bytes, wanted.bytes, sizeof wanted.bytes);
}

/* Reads a file of INPUT from PLACE on, watching over the digest. */
static void read_from(struct span input, const struct reader_place *place, enum detail detail, struct heard *heard) {
    int fd = file_of(input);
    struct hasher *hasher = hasher_new();
    struct value value;
    enum reader_event event;
    assert_int_equal(lseek(fd, (off_t)place->offset, SEEK_SET), place->offset);
    hasher_add(hasher, input.s, place->offset);
    struct reader *reader = reader_new(fd, NULL);
    reader_resume(reader, place, hasher);
    heard_clear(heard);
    digest_is(reader, input);
    while ((event = reader_next(reader, -1, &value)) == READER_VALUE || event == READER_WRONG) {
        say(heard, reader, event, &value, detail);
        digest_is(reader, input);
    }
    assert_int_equal(event, READER_END);
    digest_is(reader, input);
    heard->last = reader_where(reader);
    reader_free(reader);
    close(fd);
}

static const struct reader_place BEGINNING = {.line = 1};

/* The first thing that was not as wanted; told at the end of a test, which goes on to look at the rest. */
static struct text trouble;
static size_t troubles;

static bool same(struct span input, const char *how, struct span wanted, struct span got) {
    if (span_equal(wanted, got))
        return true;
    if (troubles++ == 0) {
        text_string(&trouble, "input: ");
        text_escaped(&trouble, input);
        text_format(&trouble, "\n%s, wanted:\n%.*sgot:\n%.*s", how, (int)wanted.n, wanted.s, (int)got.n, got.s);
    }
    return false;
}

static void no_trouble(void) {
    char told[2000];
    size_t count = troubles;
    snprintf(told, sizeof told, "%s", text_span(&trouble).s);
    text_free(&trouble);
    troubles = 0;
    if (count > 0)
        fail_msg("%zu not as wanted; %s", count, told);
}

/* -- the same in any pieces ---------------------------------------------------------------------------------------- */

static bool same_in_pieces(struct span input, size_t first, size_t step, const struct heard *wanted) {
    struct heard got = {0};
    char how[80];
    snprintf(how, sizeof how, "a piece of %zu bytes, then of %zu", first, step);
    read_pieces(input, first, step, FULL, &got);
    bool good = same(input, how, text_span(&wanted->said), text_span(&got.said));
    text_free(&got.said);
    return good;
}

static bool same_in_any_pieces(struct span input) {
    struct heard whole = {0}, file = {0};
    read_pieces(input, input.n, 1, FULL, &whole);
    read_from(input, &BEGINNING, FULL, &file);
    bool good = same(input, "from a file", text_span(&whole.said), text_span(&file.said));
    for (size_t first = 1; good && first < input.n; first++)
        good = same_in_pieces(input, first, input.n, &whole);
    good = good && same_in_pieces(input, 1, 1, &whole) && same_in_pieces(input, 2, 3, &whole);
    text_free(&whole.said);
    text_free(&file.said);
    return good;
}

/* -- the rest from any place --------------------------------------------------------------------------------------- */

/* Without the complaints about arrays that are never closed: they name the line where the array, or this reading of it,
 * began, and come where that turns out. */
static struct text without_arrays(struct span said) {
    struct text out = {0};
    text_string(&out, "");
    while (said.n > 0) {
        const char *end = memchr(said.s, '\n', said.n);
        size_t size = (size_t)(end - said.s) + 1;
        if (memmem(said.s, size, " (none)\n", 8) == NULL)
            text_bytes(&out, said.s, size);
        said = (struct span){said.s + size, said.n - size};
    }
    return out;
}

/* What was said after event I; from it on, if it is about what the end of the input broke off, which is read again. */
static struct span said_after(struct span input, const struct heard *heard, int i) {
    uint64_t offset = heard->places[i].offset;
    while (offset < input.n && strchr(" \t\r\n,]\x1e", input.s[offset]) != NULL)
        offset++;
    size_t before = i > 0 ? heard->ends[i - 1] : 0;
    bool again = i == heard->count - 1 && heard->said.s[before] == 'w' && offset < input.n;
    size_t from = again ? before : heard->ends[i];
    return (struct span){heard->said.s + from, heard->said.n - from};
}

/* The values that may be records. */
static struct text only_objects(struct span said) {
    struct text out = {0};
    text_string(&out, "");
    while (said.n > 0) {
        const char *end = memchr(said.s, '\n', said.n);
        size_t size = (size_t)(end - said.s) + 1;
        const char *value = memmem(said.s, size, " {", 2);
        if (*said.s == 'v' && value != NULL && memchr(said.s + 6, ' ', size - 6) == value)
            text_bytes(&out, said.s, size);
        said = (struct span){said.s + size, said.n - size};
    }
    return out;
}

static bool same_from(struct span input, bool objects_only) {
    struct heard whole = {0}, rest = {0};
    bool good = true;
    read_from(input, &BEGINNING, BRIEF, &whole);
    for (int i = 0; good && i < whole.count; i++) {
        char how[80];
        snprintf(how, sizeof how, "from the place after event %d", i + 1);
        read_from(input, &whole.places[i], BRIEF, &rest);
        struct span after = said_after(input, &whole, i), now = text_span(&rest.said);
        struct text wanted = objects_only ? only_objects(after) : without_arrays(after);
        struct text got = objects_only ? only_objects(now) : without_arrays(now);
        good = same(input, how, text_span(&wanted), text_span(&got));
        text_free(&wanted);
        text_free(&got);
    }
    text_free(&whole.said);
    text_free(&rest.said);
    return good;
}

static bool same_from_anywhere(struct span input) {
    return same_from(input, false);
}

static bool same_objects_from_anywhere(struct span input) {
    return same_from(input, true);
}

/* -- examples ------------------------------------------------------------------------------------------------------ */

struct example {
    const char *input, *said;
    size_t size; /* of an input that holds NULs */
};

static void example_holds(const struct example *e) {
    struct span input = {e->input, e->size > 0 ? e->size : strlen(e->input)};
    struct heard heard = {0};
    read_pieces(input, input.n, 1, BRIEF, &heard);
    same(input, "in one piece", span_of(e->said), text_span(&heard.said));
    same_in_any_pieces(input);
    same_from_anywhere(input);
    text_free(&heard.said);
}

static void examples_hold(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++)
        example_holds(&examples[i]);
    no_trouble();
}

#define EXAMPLES(...)                                                                                                  \
    examples_hold((const struct example[]){__VA_ARGS__},                                                               \
                  sizeof((const struct example[]){__VA_ARGS__}) / sizeof(struct example))

static void nothing(void **state) {
    (void)state;
    EXAMPLES({"", "", 0}, {"\n", "", 0}, {" \t\r\n\n", "", 0}, {"\x1e", "", 0}, {"\xef\xbb\xbf", "", 0},
             {"\x1e\x1e\n\x1e", "", 0}, {"[]", "", 0}, {"[ ]\n[\n]\n", "", 0});
}

static void lines(void **state) {
    (void)state;
    EXAMPLES({"{\"a\":1}\n{\"a\":2}\n", "value 1 {\"a\":1}\nvalue 2 {\"a\":2}\n", 0},
             {"{\"a\":1}\n{\"a\":2}", "value 1 {\"a\":1}\nvalue 2 {\"a\":2}\n", 0},
             {"{\"a\":1}\r\n{\"a\":2}\r\n", "value 1 {\"a\":1}\nvalue 2 {\"a\":2}\n", 0},
             {"\n\n{\"a\":1}\n\n \n{\"a\":2}\n\n", "value 3 {\"a\":1}\nvalue 6 {\"a\":2}\n", 0},
             {"\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n", "value 1 {\"a\":1}\nvalue 2 {\"a\":2}\n", 0},
             {"  { \"a\" : 1 }  \n", "value 1 { \"a\" : 1 }\n", 0},
             {"{\"a\":\"}{][\\\"\\n\"}\n{}\n", "value 1 {\"a\":\"}{][\\\"\\n\"}\nvalue 2 {}\n", 0},
             {"\"text\"\n12\n-1.5e3\nnull\ntrue\n",
              "value 1 \"text\"\nvalue 2 12\nvalue 3 -1.5e3\nvalue 4 null\nvalue 5 true\n", 0},
             {"12", "value 1 12\n", 0});
}

static void one_after_another(void **state) {
    (void)state;
    EXAMPLES({"{\"a\":1}{\"b\":2}", "value 1 {\"a\":1}\nvalue 1 {\"b\":2}\n", 0},
             {"{\"a\":1} {\"b\":2}\t{\"c\":3}\n{}{}\n",
              "value 1 {\"a\":1}\nvalue 1 {\"b\":2}\nvalue 1 {\"c\":3}\nvalue 2 {}\nvalue 2 {}\n", 0},
             {"1 2\n3", "value 1 1\nvalue 1 2\nvalue 2 3\n", 0},
             {"\"a\"\"b\"{}", "value 1 \"a\"\nvalue 1 \"b\"\nvalue 1 {}\n", 0});
}

static void over_several_lines(void **state) {
    (void)state;
    EXAMPLES({"{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}\n",
              "value 1 {\\x0A  \"a\": 1\\x0A}\nvalue 4 {\\x0A  \"b\": 2\\x0A}\n", 0},
             {"{\n\"a\":\n[\n1\n]\n}{\n}\n", "value 1 {\\x0A\"a\":\\x0A[\\x0A1\\x0A]\\x0A}\nvalue 6 {\\x0A}\n", 0},
             {"{\r\n\"a\":1\r\n}\r\n{}", "value 1 {\\x0D\\x0A\"a\":1\\x0D\\x0A}\nvalue 4 {}\n", 0},
             {"\n{\n}\n\n{}\n", "value 2 {\\x0A}\nvalue 5 {}\n", 0},
             /* whose last line has no end */
             {"{\n}", "value 1 {\\x0A}\n", 0}, {"{\n  \"a\": 1\n}", "value 1 {\\x0A  \"a\": 1\\x0A}\n", 0},
             {"{\"a\":[\n1]}", "value 1 {\"a\":[\\x0A1]}\n", 0},
             {"{\"a\":[\n1]}{}", "value 1 {\"a\":[\\x0A1]}\nvalue 2 {}\n", 0},
             {"{\"a\":[\n1\n]} x", "value 1 {\"a\":[\\x0A1\\x0A]}\nwrong 3 x\n", 0},
             {"{\"a\":[\n1 2]}", "wrong 1 {\"a\":[\\x0A1 2]}\n", 0},
             /* '{' in the first column, where no whole object stands on the line */
             {"{\"a\":[\n{\"b\":\n1}\n]}\n{}\n", "value 1 {\"a\":[\\x0A{\"b\":\\x0A1}\\x0A]}\nvalue 5 {}\n", 0},
             {"{\"a\":\n{\n}}\n{}\n", "value 1 {\"a\":\\x0A{\\x0A}}\nvalue 4 {}\n", 0},
             {"{\"a\":[\n{\"b\":1},\n{\"c\":2}]}\n{}\n",
              "value 1 {\"a\":[\\x0A{\"b\":1},\\x0A{\"c\":2}]}\nvalue 4 {}\n", 0});
}

/* Each element of a top-level array is a value. */
static void arrays(void **state) {
    (void)state;
    EXAMPLES({"[{\"a\":1},{\"b\":2}]", "value 1 {\"a\":1}\nvalue 1 {\"b\":2}\n", 0},
             {"[\n  {\"a\":1},\n  {\"b\":2}\n]\n{\"c\":3}\n",
              "value 2 {\"a\":1}\nvalue 3 {\"b\":2}\nvalue 5 {\"c\":3}\n", 0},
             {"[\n{\"a\":1},\n{\"b\":2}\n]\n", "value 2 {\"a\":1}\nvalue 3 {\"b\":2}\n", 0},
             {"[\n{\"a\":1}\n,\n{\"b\":2}\n]\n", "value 2 {\"a\":1}\nvalue 4 {\"b\":2}\n", 0},
             {"[{\"a\":1}\n,{\"b\":2}\n]\n", "value 1 {\"a\":1}\nvalue 2 {\"b\":2}\n", 0},
             {"[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": 2\n  }\n]",
              "value 2 {\\x0A    \"a\": 1\\x0A  }\nvalue 5 {\\x0A    \"b\": 2\\x0A  }\n", 0},
             {"[1,\"two\",null,[3,[4]],{}]", "value 1 1\nvalue 1 \"two\"\nvalue 1 null\nvalue 1 [3,[4]]\nvalue 1 {}\n",
              0},
             {"[{\"a\":1}][{\"b\":2}]\n[]{\"c\":3}[{\"d\":4}]",
              "value 1 {\"a\":1}\nvalue 1 {\"b\":2}\nvalue 2 {\"c\":3}\nvalue 2 {\"d\":4}\n", 0},
             {"\xef\xbb\xbf[{\"a\":1}]", "value 1 {\"a\":1}\n", 0}, {"[[]]", "value 1 []\n", 0},
             {"{\"a\":1}\n[{\"b\":2},\n{\"c\":3}]\n", "value 1 {\"a\":1}\nvalue 2 {\"b\":2}\nvalue 3 {\"c\":3}\n", 0});
}

static void sequences(void **state) {
    (void)state;
    EXAMPLES({"\x1e{\"a\":1}\n\x1e{\"b\":2}\n", "value 1 {\"a\":1}\nvalue 2 {\"b\":2}\n", 0},
             {"\x1e{\"a\":1}\x1e{\"b\":2}", "value 1 {\"a\":1}\nvalue 1 {\"b\":2}\n", 0},
             {"\x1e\x1e{\"a\":1}\n\n\x1e\n{\"b\":2}\n", "value 1 {\"a\":1}\nvalue 4 {\"b\":2}\n", 0},
             {"\x1e{\n\"a\":1\n}\n\x1e{\n}\n", "value 1 {\\x0A\"a\":1\\x0A}\nvalue 4 {\\x0A}\n", 0},
             {"\x1e"
              "12\n\x1e"
              "13\n",
              "value 1 12\nvalue 2 13\n", 0});
}

/* A record separator begins a new value, whatever was unfinished or wrong before it. */
static void separators_begin_anew(void **state) {
    (void)state;
    EXAMPLES({"\x1e{\"a\":\n\x1e{\"b\":2}\n", "wrong 1 {\"a\":\nvalue 2 {\"b\":2}\n", 0},
             {"\x1e{\n\"a\":1,\n\x1e{\"b\":2}\n", "wrong 1 {\\x0A\"a\":1,\nvalue 3 {\"b\":2}\n", 0},
             {"\x1e{\"a\" 1}\n\x1e{\"b\":2}\n", "wrong 1 {\"a\" 1}\nvalue 2 {\"b\":2}\n", 0},
             {"\x1e{\n\"a\" [\n\x1e{\"b\":2}\n", "wrong 1 {\\x0A\"a\" [\nvalue 3 {\"b\":2}\n", 0});
}

static void separators_within_a_line(void **state) {
    (void)state;
    EXAMPLES({"\x1e{\"a\":\x1e{\"b\":2}\n", "wrong 1 {\"a\":\nvalue 1 {\"b\":2}\n", 0},
             {"\x1e{\"a\":\"x\x1e{\"b\":2}\n{}", "wrong 1 {\"a\":\"x\nvalue 1 {\"b\":2}\nvalue 2 {}\n", 0},
             {"garbage\x1e{\"b\":2}\n", "wrong 1 garbage\nvalue 1 {\"b\":2}\n", 0},
             {"\x1e{\n\"a\": \x1e{\"b\":2}\n", "wrong 1 {\\x0A\"a\": \nvalue 2 {\"b\":2}\n", 0},
             {"\x1e{\n\"a\" x [ \x1e{\"b\":2}\n", "wrong 1 {\\x0A\"a\" x [ \nvalue 2 {\"b\":2}\n", 0});
}

/* -- what goes wrong ----------------------------------------------------------------------------------------------- */

static void a_wrong_line_costs_that_line(void **state) {
    (void)state;
    EXAMPLES({"{broken\n{\"a\":1}\n", "wrong 1 {broken\nvalue 2 {\"a\":1}\n", 0},
             {"text\n{\"a\":1}\n", "wrong 1 text\nvalue 2 {\"a\":1}\n", 0},
             {"{\"a\":1}\n{\"b\" 2}\n{\"c\":3}\n", "value 1 {\"a\":1}\nwrong 2 {\"b\" 2}\nvalue 3 {\"c\":3}\n", 0},
             {"{\"a\":tru}\n{\"b\":2,}\n{'c':3}\n{}\n",
              "wrong 1 {\"a\":tru}\nwrong 2 {\"b\":2,}\nwrong 3 {'c':3}\nvalue 4 {}\n", 0},
             {"{\"a\" {\"b\":1} }\n{}\n", "wrong 1 {\"a\" {\"b\":1} }\nvalue 2 {}\n", 0},
             {"{broken\r\n{}\r\n", "wrong 1 {broken\nvalue 2 {}\n", 0},
             {"{\"a\":\"b\n{}\n", "wrong 1 {\"a\":\"b\nvalue 2 {}\n", 0},
             {"{\"a\":\"\xff\"}\n{}\n", "wrong 1 {\"a\":\"\\xFF\"}\nvalue 2 {}\n", 0},
             {"{\"a\":[1}\n{}\n", "wrong 1 {\"a\":[1}\nvalue 2 {}\n", 0}, {"{broken", "wrong 1 {broken\n", 0},
             {"}\n]\n,\n:\n{}\n", "wrong 1 }\nwrong 2 ]\nwrong 3 ,\nwrong 4 :\nvalue 5 {}\n", 0},
             {"\xef\xbb\n{}\n", "wrong 1 \\xEF\\xBB\nvalue 2 {}\n", 0}, {"\xef", "wrong 1 \\xEF\n", 0},
             {"{}\n\xef\xbb\xbf{}\n", "value 1 {}\nwrong 2 \xef\xbb\xbf{}\n", 0});
}

static void nul_bytes(void **state) {
    (void)state;
    EXAMPLES({"{}\n\0\n{\"a\":1}\n", "value 1 {}\nwrong 2 \\x00\nvalue 3 {\"a\":1}\n", 13},
             {"{\"a\":\"\0\"}\n{}\n", "wrong 1 {\"a\":\"\\x00\"}\nvalue 2 {}\n", 13},
             {"[{},\0,{}]\n", "value 1 {}\nwrong 1 \\x00\nvalue 1 {}\n", 10});
}

static void what_follows_a_value_on_its_line(void **state) {
    (void)state;
    EXAMPLES({"{\"a\":1} x\n{}\n", "value 1 {\"a\":1}\nwrong 1 x\nvalue 2 {}\n", 0},
             {"{\"a\":1}}\n{}\n", "value 1 {\"a\":1}\nwrong 1 }\nvalue 2 {}\n", 0},
             {"{\"a\":1},\n{\"b\":2},\n", "value 1 {\"a\":1}\nwrong 1 ,\nvalue 2 {\"b\":2}\nwrong 2 ,\n", 0},
             {"{\"a\":1}{\"b\" 2}{\"c\":3}\n{}\n", "value 1 {\"a\":1}\nwrong 1 {\"b\" 2}{\"c\":3}\nvalue 2 {}\n", 0});
}

/* Where a value spans lines, a line that is a whole object by itself, from its first column, ends it. */
static void an_object_line_ends_an_unfinished_value(void **state) {
    (void)state;
    EXAMPLES({"{\"a\":\n{\"b\":2}\n{\"c\":3}\n", "wrong 1 {\"a\":\nvalue 2 {\"b\":2}\nvalue 3 {\"c\":3}\n", 0},
             {"{\"a\":[\n{\"b\":2}\n", "wrong 1 {\"a\":[\nvalue 2 {\"b\":2}\n", 0},
             {"{\"a\":[\n{\"b\":2}", "wrong 1 {\"a\":[\nvalue 2 {\"b\":2}\n", 0},
             {"{\"a\":[\n{\"b\":2} \r\n{}\n", "wrong 1 {\"a\":[\nvalue 2 {\"b\":2}\nvalue 3 {}\n", 0},
             {"{\n  \"a\": 1,\n{\"b\":2}\n", "wrong 1 {\\x0A  \"a\": 1,\nvalue 3 {\"b\":2}\n", 0},
             {"{\"a\":[\n {\"b\":2}\n]}\n", "value 1 {\"a\":[\\x0A {\"b\":2}\\x0A]}\n",
              0}, /* not in the first column */
             {"[\n{\"a\":\n{\"b\":2},\n{\"c\":3}\n]\n", "wrong 2 {\"a\":\nvalue 3 {\"b\":2}\nvalue 4 {\"c\":3}\n", 0},
             {"[\n{\"a\":[\n{\"b\":2}]\n{\"c\":3}\n", "wrong 2 {\"a\":[\nvalue 3 {\"b\":2}\nvalue 4 {\"c\":3}\n", 0});
}

/* A value that turns out wrong on a later line goes on to its closing bracket... */
static void wrong_on_a_later_line(void **state) {
    (void)state;
    EXAMPLES({"{\n\"a\": 1\n\"b\": 2\n}\n{\"c\":3}\n", "wrong 1 {\\x0A\"a\": 1\\x0A\"b\": 2\\x0A}\nvalue 5 {\"c\":3}\n",
              0},
             {"{\n  \"a\": x,\n  \"b\": {\n  }\n}\n{\"c\":3}\n",
              "wrong 1 {\\x0A  \"a\": x,\\x0A  \"b\": {\\x0A  }\\x0A}\nvalue 6 {\"c\":3}\n", 0},
             {"{\n\"a\": x }\n{\"c\":3}\n", "wrong 1 {\\x0A\"a\": x }\nvalue 3 {\"c\":3}\n", 0},
             {"{\n\"a\": x }{\"c\":3}\n", "wrong 1 {\\x0A\"a\": x }\nvalue 2 {\"c\":3}\n", 0},
             {"{\n\"a\": x \"}\"\n}\n{\"c\":3}\n", "wrong 1 {\\x0A\"a\": x \"}\"\\x0A}\nvalue 4 {\"c\":3}\n", 0});
}

/* ...or to the next line that begins with '{' as far in as itself did, which may be the line that shows it. */
static void wrong_until_the_next_one(void **state) {
    (void)state;
    EXAMPLES({"{\n  \"a\": [x,\n  \"b\": 1\n}\n{\"c\":3}\n",
              "wrong 1 {\\x0A  \"a\": [x,\\x0A  \"b\": 1\\x0A}\nvalue 5 {\"c\":3}\n", 0},
             {"  {\n    \"a\": [x,\n  }\n  {\"c\":3}\n", "wrong 1 {\\x0A    \"a\": [x,\\x0A  }\nvalue 4 {\"c\":3}\n",
              0},
             {"  {\n    \"a\": [x,\n  }\n   {\"c\":3}]\n}\n  {}\n",
              "wrong 1 {\\x0A    \"a\": [x,\\x0A  }\\x0A   {\"c\":3}]\nwrong 5 }\nvalue 6 {}\n", 0},
             {"  {\n  \"a\":1,\n  {\"b\":2}\n", "wrong 1 {\\x0A  \"a\":1,\nvalue 3 {\"b\":2}\n", 0},
             {"  {\n  \"a\":1\n  {\n  \"b\":2\n  }\n", "wrong 1 {\\x0A  \"a\":1\nvalue 3 {\\x0A  \"b\":2\\x0A  }\n", 0},
             {"{\n\"a\":1,\n{\n\"b\":2\n}\n", "wrong 1 {\\x0A\"a\":1,\nvalue 3 {\\x0A\"b\":2\\x0A}\n", 0});
}

static void an_element_ends_at_its_bracket(void **state) {
    (void)state;
    EXAMPLES({"[{\"a\":1},{\"b\" 2},{\"c\":3}]\n{}\n",
              "value 1 {\"a\":1}\nwrong 1 {\"b\" 2}\nvalue 1 {\"c\":3}\nvalue 2 {}\n", 0},
             {"[{\"a\" [1,{}]},{\"c\":3}]\n{}\n", "wrong 1 {\"a\" [1,{}]}\nvalue 1 {\"c\":3}\nvalue 2 {}\n", 0},
             {"[{\"a\" \"]}\"},{\"c\":3}]\n{}\n", "wrong 1 {\"a\" \"]}\"}\nvalue 1 {\"c\":3}\nvalue 2 {}\n", 0},
             {"[{},x,{\"c\":3}]\n{}\n", "value 1 {}\nwrong 1 x\nvalue 1 {\"c\":3}\nvalue 2 {}\n", 0},
             {"[\n  {\n    \"a\": 1\n    \"b\": 2\n  },\n  {\"c\":3}\n]\n{}\n",
              "wrong 2 {\\x0A    \"a\": 1\\x0A    \"b\": 2\\x0A  }\nvalue 6 {\"c\":3}\nvalue 8 {}\n", 0},
             {"[{\"a\":tru},\n{\"c\":3}]\n", "wrong 1 {\"a\":tru}\nvalue 2 {\"c\":3}\n", 0});
}

/* An element whose brackets do not match ends where the next begins as far in. */
static void an_element_without_its_bracket(void **state) {
    (void)state;
    EXAMPLES({"[\n  {\"a\": [1,},\n  {\"b\":2}\n]\n{}\n", "wrong 2 {\"a\": [1,},\nvalue 3 {\"b\":2}\nvalue 5 {}\n", 0},
             {"[\n  {\"a\": {,\n  {\"b\":2}\n]\n{}\n", "wrong 2 {\"a\": {,\nvalue 3 {\"b\":2}\nvalue 5 {}\n", 0},
             {"[\n{\"a\": {,\n{\"b\":2}\n]\n{}\n", "wrong 2 {\"a\": {,\nvalue 3 {\"b\":2}\nvalue 5 {}\n", 0},
             {"[\n\t{\"a\": \"x},\n\t{\"b\":2}\n]\n", "wrong 2 {\"a\": \"x},\nvalue 3 {\"b\":2}\n", 0});
}

static void arrays_that_are_not_closed(void **state) {
    (void)state;
    EXAMPLES({"[{\"a\":1},\n{\"b\":2}\n", "value 1 {\"a\":1}\nvalue 2 {\"b\":2}\nwrong 1 (none)\n", 0},
             {"{}\n[", "value 1 {}\nwrong 2 (none)\n", 0},
             {"[{\"a\":1},{\"b\":", "value 1 {\"a\":1}\nwrong 1 {\"b\":\n", 0}, /* one complaint is enough */
             {"[{\"a\":1},", "value 1 {\"a\":1}\nwrong 1 (none)\n", 0});
}

/* No comma, and an object in the first column: the array was given up, and lines go on. */
static void arrays_that_are_given_up(void **state) {
    (void)state;
    EXAMPLES({"[\n{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n",
              "value 2 {\"a\":1}\nwrong 1 (none)\nvalue 3 {\"b\":2}\nvalue 4 {\"c\":3}\n", 0},
             {"[{\"a\":1}\n{\"b\":2}\n{\"c\" 3}\n{}\n",
              "value 1 {\"a\":1}\nwrong 1 (none)\nvalue 2 {\"b\":2}\nwrong 3 {\"c\" 3}\nvalue 4 {}\n", 0},
             {"[{\"a\":1}\n{\"b\":2}\n,{\"c\":3}\n{}\n",
              "value 1 {\"a\":1}\nwrong 1 (none)\nvalue 2 {\"b\":2}\nwrong 3 ,{\"c\":3}\nvalue 4 {}\n", 0});
}

/* A line of a log is a line that is not JSON, even if it begins with a bracket; an array may begin on any line. */
static void lines_that_begin_with_a_bracket(void **state) {
    (void)state;
    EXAMPLES({"[1,\n2]\n[\"a\",\n\"b\"\n]{}\n", "value 1 1\nvalue 2 2\nvalue 3 \"a\"\nvalue 4 \"b\"\nvalue 5 {}\n", 0},
             {"{} [x]\n{}\n", "value 1 {}\nwrong 1 [x]\nvalue 2 {}\n", 0},
             {"[1 2]\n{}\n", "wrong 1 [1 2]\nvalue 2 {}\n", 0}, {"[x", "wrong 1 [x\n", 0},
             {"[INFO] starting\n{\"a\":1}\n", "wrong 1 [INFO] starting\nvalue 2 {\"a\":1}\n", 0},
             {"{}\n[2026-03-01 12:00:00] starting\n{\"a\":1}\n{\"b\":2}\n",
              "value 1 {}\nwrong 2 [2026-03-01 12:00:00] starting\nvalue 3 {\"a\":1}\nvalue 4 {\"b\":2}\n", 0},
             {"[12:00:00 starting\n{\"a\":1}\n{\"b\":2}\n",
              "wrong 1 [12:00:00 starting\nvalue 2 {\"a\":1}\nvalue 3 {\"b\":2}\n", 0});
}

static void the_end_in_the_middle(void **state) {
    (void)state;
    EXAMPLES({"{\"a\":1}\n{\"b\":", "value 1 {\"a\":1}\nwrong 2 {\"b\":\n", 0}, {"{", "wrong 1 {\n", 0},
             {"{\"a\":1}\n{\n\"b\":2\n", "value 1 {\"a\":1}\nwrong 2 {\\x0A\"b\":2\n", 0},
             {"\"abc", "wrong 1 \"abc\n", 0}, {"tru", "wrong 1 tru\n", 0}, {"-", "wrong 1 -\n", 0},
             {"\x1e{\"a\":", "wrong 1 {\"a\":\n", 0});
}

static void errors_say_why_and_where(void **state) {
    struct heard heard = {0};
    (void)state;
    struct span input = span_of("{\n\"a\":1,\n{\"b\":2}\n{\"c\":");
    read_pieces(input, input.n, 1, FULL, &heard);
    assert_string_equal(heard.said.s,
                        "wrong 1 {\\x0A\"a\":1, | not JSON: unfinished where another value begins (line 3) @9,3\n"
                        "value 3 {\"b\":2} |  @16,3\n"
                        "wrong 4 {\"c\": | not JSON: it ends in the middle of a value @17,4\n");
    input = span_of("{\n\"a\":1\n\"b\":2\n}\n{\"c\" 3}\n[\n");
    read_pieces(input, input.n, 1, FULL, &heard);
    assert_non_null(strstr(heard.said.s, "(line 3) @"));
    assert_non_null(strstr(heard.said.s, "wrong 5 {\"c\" 3} | not JSON: "));
    assert_non_null(strstr(heard.said.s, "wrong 6 (none) | the array that begins here is not closed @"));
    text_free(&heard.said);
}

static void too_deep(void **state) {
    struct text text = {0};
    struct heard heard = {0};
    (void)state;
    for (int i = 0; i < 600; i++)
        text_string(&text, "{\"a\":");
    text_string(&text, "\n{}\n");
    read_pieces(text_span(&text), 1000, 1000, FULL, &heard);
    assert_int_equal(heard.count, 2);
    assert_non_null(strstr(heard.said.s, "| nested too deeply @"));
    assert_non_null(strstr(heard.said.s, "value 2 {}"));
    text_free(&text);
    text_free(&heard.said);
}

/* -- where a reader stands ----------------------------------------------------------------------------------------- */

/* The place is after the last value, and before one that the end of the input left unfinished. */
static void places(void **state) {
    static const struct {
        const char *input;
        uint64_t offset, line;
        bool in_array;
    } examples[] = {
        {"", 0, 1, false},
        {"{}\n", 3, 2, false},
        {"{}", 2, 1, false},
        {"{}\n{\"a\":", 3, 2, false},
        {"{}\n\n  {\n\"a\":", 6, 3, false},
        {"[{},\n{}\n", 8, 3, true},
        {"[{},{\"a\":", 4, 1, true},
        {"[{}]\n", 5, 2, false},
        {"{} {\"a", 3, 1, false},
        {"\x1e{", 1, 1, false},
        {"{}\n{broken\n", 11, 3, false},
    };
    struct heard heard = {0};
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct span input = span_of(examples[i].input);
        read_pieces(input, input.n, 1, BRIEF, &heard);
        if (heard.last.offset != examples[i].offset || heard.last.line != examples[i].line ||
            heard.last.in_array != examples[i].in_array)
            fail_msg("%s: %llu, line %llu%s", input.s, (unsigned long long)heard.last.offset,
                     (unsigned long long)heard.last.line, heard.last.in_array ? ", in an array" : "");
    }
    text_free(&heard.said);
}

/* While more of a value is awaited, the place is still after the last one. */
static void the_place_within_a_value(void **state) {
    struct heard heard = {0};
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    struct reader *reader = reader_new(ends[0], NULL);
    reader_resume(reader, &BEGINNING, hasher_new());
    put(ends[1], "{}\n{\"a\":", 8);
    assert_int_equal(listen(&heard, reader, 0, BRIEF), READER_IDLE);
    struct reader_place place = reader_where(reader);
    assert_true(place.offset == 2 || place.offset == 3);
    digest_is(reader, span_of("{}\n{\"a\":"));
    put(ends[1], "1}\n{\"b\"", 7);
    assert_int_equal(listen(&heard, reader, 0, BRIEF), READER_IDLE);
    close(ends[1]);
    assert_int_equal(listen(&heard, reader, -1, BRIEF), READER_END);
    assert_int_equal(reader_where(reader).offset, 11);
    digest_is(reader, span_of("{}\n{\"a\":1}\n{\"b\""));
    assert_string_equal(heard.said.s, "value 1 {}\nvalue 2 {\"a\":1}\nwrong 3 {\"b\"\n");
    reader_free(reader);
    close(ends[0]);
    text_free(&heard.said);
}

/* A file that is read while it grows gives the same values, however much of it was there at first. */
static bool same_while_it_grows(struct span input) {
    struct heard whole = {0}, early = {0}, late = {0};
    read_from(input, &BEGINNING, BRIEF, &whole);
    struct text wanted = only_objects(text_span(&whole.said));
    bool good = true;
    for (size_t cut = 0; good && cut < input.n; cut++) {
        char how[80];
        snprintf(how, sizeof how, "grown from %zu bytes", cut);
        read_from((struct span){input.s, cut}, &BEGINNING, BRIEF, &early);
        read_from(input, &early.last, BRIEF, &late);
        struct text got = only_objects(text_span(&early.said)), rest = only_objects(text_span(&late.said));
        text_append(&got, text_span(&rest));
        good = same(input, how, text_span(&wanted), text_span(&got));
        text_free(&got);
        text_free(&rest);
    }
    text_free(&wanted);
    text_free(&whole.said);
    text_free(&early.said);
    text_free(&late.said);
    return good;
}

static void files_that_grow(void **state) {
    static const char *const inputs[] = {
        "{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}\n",
        "\xef\xbb\xbf{\"a\":1}{\"b\":2} {\"c\":3}\n",
        "{\n  \"a\": 1\n}\n{\n  \"b\": {\n  }\n}\n",
        "[\n  {\"a\":1},\n  {\n    \"b\": 2\n  }\n]\n{\"c\":3}\n",
        "\x1e{\"a\":1}\n\x1e{\"b\":\n\x1e{\"c\":3}\n",
        "{broken\n{\"a\":1}\n{\"b\n{\"c\":3}\ntext\n{\"d\":4}\n",
        "{\"a\":\n{\"b\":2}\n{\"c\":3}\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        same_while_it_grows(span_of(inputs[i]));
    no_trouble();
}

/* What is wrong goes on too: the rest of its line is no value. */
static void files_that_grow_within_what_is_wrong(void **state) {
    (void)state;
    same_while_it_grows(span_of("{\"a\" x {\"b\":1}}\n{\"c\":3}\n"));
    same_while_it_grows(span_of("text {\"a\":1}\n{\"c\":3}\n"));
    same_while_it_grows(span_of("{\n\"a\" x,\n\"b\": {\n\"c\": {}\n}\n}\n{\"d\":4}\n"));
    same_while_it_grows(span_of("[{\"a\" {\"b\":1}},{\"c\":3}]\n"));
    no_trouble();
}

/* -- the rest of the interface ------------------------------------------------------------------------------------- */

static int only_a(struct span key) {
    return span_is(key, "a") ? 5 : JSON_UNWANTED;
}

static void members_by_number(void **state) {
    struct span input = span_of("{\"b\":[1],\"a\":2}\n");
    struct value value;
    (void)state;
    int fd = file_of(input);
    lseek(fd, 0, SEEK_SET);
    struct reader *reader = reader_new(fd, only_a);
    assert_int_equal(reader_next(reader, -1, &value), READER_VALUE);
    assert_int_equal(json_nodes(value.json)->next, 2);
    assert_int_equal(json_nodes(value.json)[1].name, 5);
    assert_true(span_is(json_nodes(value.json)[1].text, "2"));
    assert_null(value.error);
    assert_int_equal(reader_next(reader, -1, &value), READER_END);
    reader_free(reader);
    close(fd);
}

static void copied_as_it_is_read(void **state) {
    struct span input = span_of("\xef\xbb\xbf{\"a\":1}\r\n\0broken\n[{\"b\":2}\n");
    struct heard heard = {0};
    char copy[100];
    (void)state;
    int in = file_of(input), out = memfd_create("tee", MFD_CLOEXEC);
    lseek(in, 0, SEEK_SET);
    struct reader *reader = reader_new(in, NULL);
    reader_tee(reader, out);
    assert_int_equal(listen(&heard, reader, -1, BRIEF), READER_END);
    assert_int_equal(reader_bytes(reader), input.n);
    reader_free(reader);
    assert_int_equal(pread(out, copy, sizeof copy, 0), input.n);
    assert_memory_equal(copy, input.s, input.n);
    close(in);
    close(out);
    text_free(&heard.said);
}

/* What was read before the reader came is given to it first. */
static void idle_and_failed(void **state) {
    struct value value;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    struct reader *reader = reader_new(ends[0], NULL);
    assert_int_equal(reader_next(reader, 0, &value), READER_IDLE);
    assert_int_equal(reader_next(reader, 10, &value), READER_IDLE);
    put(ends[1], "{}", 2);
    assert_int_equal(reader_next(reader, 1000, &value), READER_VALUE); /* a value is not held back for its newline */
    assert_int_equal(reader_next(reader, 0, &value), READER_IDLE);
    close(ends[1]);
    assert_int_equal(reader_next(reader, -1, &value), READER_END);
    assert_int_equal(reader_next(reader, -1, &value), READER_END);
    reader_free(reader);
    close(ends[0]);
    int directory = open("/", O_RDONLY | O_DIRECTORY);
    reader = reader_new(directory, NULL);
    assert_int_equal(reader_next(reader, -1, &value), READER_FAILED);
    assert_int_equal(errno, EISDIR);
    reader_free(reader);
    close(directory);
}

static void on_alarm(int number) {
    (void)number;
}

static void interrupted_by_a_signal(void **state) {
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval soon = {{0, 0}, {0, 20000}};
    struct sigaction before;
    struct value value;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    struct reader *reader = reader_new(ends[0], NULL);
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_int_equal(reader_next(reader, -1, &value), READER_INTERRUPTED);
    sigaction(SIGALRM, &before, NULL);
    put(ends[1], "{}\n", 3);
    assert_int_equal(reader_next(reader, -1, &value), READER_VALUE);
    reader_free(reader);
    close(ends[0]);
    close(ends[1]);
}

/* -- long values --------------------------------------------------------------------------------------------------- */

/* Writes BEFORE, then FILLER as often as it fits into SIZE bytes, and AFTER, into a pipe that a process of its own
 * fills. */
static int long_pipe(const char *before, const char *filler, size_t size, const char *after, pid_t *writer) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *writer = fork();
    if (*writer == 0) {
        char block[1 << 16];
        size_t unit = strlen(filler), full = sizeof block / unit * unit;
        FILE *out = fdopen(ends[1], "w");
        for (size_t i = 0; i < full; i++)
            block[i] = filler[i % unit];
        fputs(before, out);
        for (size_t left = size / unit * unit; left > 0; left -= left < full ? left : full)
            fwrite(block, 1, left < full ? left : full, out);
        fputs(after, out);
        fclose(out);
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static void expect_next(struct reader *reader, enum reader_event event, uint64_t line, size_t size) {
    struct value value;
    enum reader_event got = reader_next(reader, -1, &value);
    if (got != event || value.line != line || value.text.n != size)
        fail_msg("event %d of line %llu, %zu bytes%s%s", got, (unsigned long long)value.line, value.text.n,
                 got == READER_WRONG ? ": " : "", got == READER_WRONG ? value.error : "");
    assert_true((size == 0) == (value.text.s == NULL));
    assert_true(event != READER_WRONG || strcmp(value.error, "longer than 64 MiB") == 0);
}

/* A string that makes the value SIZE bytes long, the line before and after it; from a pipe, or from a file. */
static void read_long_string(size_t size, bool from_file) {
    struct value value;
    pid_t writer;
    int fd = long_pipe("{}\n{\"a\":\"", "x", size - 8, "\"}\n{\"b\":1}\n", &writer);
    if (from_file) {
        int file = memfd_create("input", MFD_CLOEXEC);
        char block[1 << 16];
        for (ssize_t got; (got = read(fd, block, sizeof block)) > 0;)
            put(file, block, (size_t)got);
        close(fd);
        fd = file;
        lseek(fd, 0, SEEK_SET);
    }
    struct reader *reader = reader_new(fd, NULL);
    expect_next(reader, READER_VALUE, 1, 2);
    if (size <= VALUE_MAX)
        expect_next(reader, READER_VALUE, 2, size);
    else
        expect_next(reader, READER_WRONG, 2, 0);
    expect_next(reader, READER_VALUE, 3, 7);
    assert_int_equal(reader_next(reader, -1, &value), READER_END);
    reader_free(reader);
    close(fd);
    waitpid(writer, NULL, 0);
}

static void across_buffers(void **state) {
    (void)state;
    for (size_t size = 256 * 1024 - 20; size < 256 * 1024 + 20; size++)
        read_long_string(size, size % 2);
    read_long_string(3000000, false);
    read_long_string(3000000, true);
}

static void as_long_as_may_be(void **state) {
    (void)state;
    skip_if_watched();
    read_long_string(VALUE_MAX, false);
    read_long_string(VALUE_MAX, true);
}

/* A value that comes in many pieces takes time in proportion to its length, not to its square. */
static void long_values_in_many_pieces(void **state) {
    enum { SECONDS = 4 };
    clock_t began = clock();
    (void)state;
    skip_if_watched();
    read_long_string(VALUE_MAX / 2, false);
    if (clock() - began > SECONDS * CLOCKS_PER_SEC)
        fail_msg("32 MiB took more than %d s of the processor", SECONDS);
}

static void longer_than_may_be(void **state) {
    (void)state;
    skip_if_watched();
    read_long_string(VALUE_MAX + 1, false);
    read_long_string(VALUE_MAX + 1, true);
}

static void much_longer_than_may_be(void **state) {
    (void)state;
    skip_if_watched();
    read_long_string(VALUE_MAX + 20000000, false);
    read_long_string(VALUE_MAX + 20000000, true);
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

/* In a process of its own: reads the long line from a pipe and exits with the MiB that the process grew by. */
static int growth_of(const char *before, const char *filler, size_t size, const char *after) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct rusage usage;
        struct value value;
        pid_t writer;
        int wrongs = 0, values = 0;
        int fd = long_pipe(before, filler, size, after, &writer);
        struct reader *reader = reader_new(fd, only_a);
        getrusage(RUSAGE_SELF, &usage);
        long began = usage.ru_maxrss;
        for (enum reader_event event; (event = reader_next(reader, -1, &value)) != READER_END;) {
            wrongs += event == READER_WRONG;
            values += event == READER_VALUE;
        }
        getrusage(RUSAGE_SELF, &usage);
        waitpid(writer, NULL, 0);
        long grown = (usage.ru_maxrss - began) / 1024;
        if (wrongs != 1 || values != 1)
            print_error("%d values, %d wrong\n", values, wrongs);
        _exit(wrongs == 1 && values == 1 ? (int)(grown > 250 ? 250 : grown) : 255);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static const size_t LONG_LINE = 200000000;

static void grows_less_than(int most, const char *before, const char *filler, const char *after) {
    skip_if_watched();
    int grown = growth_of(before, filler, LONG_LINE, after);
    if (grown >= most)
        fail_msg("%s%s...: grew by %d MiB", before, filler, grown);
}

static void memory_for_a_long_line(void **state) {
    (void)state;
    grows_less_than(80, "", "x", "\n{}\n");
}

static void memory_for_a_long_string(void **state) {
    (void)state;
    grows_less_than(110, "{\"b\":\"", "x", "\"}\n{}\n");
}

static void memory_for_a_long_wanted_string(void **state) {
    (void)state;
    grows_less_than(110, "{\"a\":\"", "x", "\"}\n{}\n");
}

static void memory_for_many_numbers(void **state) {
    (void)state;
    grows_less_than(80, "{\"b\":[1", ",1", "]}\n{}\n");
}

static void memory_for_many_wanted_numbers(void **state) {
    (void)state;
    grows_less_than(200, "{\"a\":[1", ",1", "]}\n{}\n");
}

static void memory_for_a_long_element(void **state) {
    (void)state;
    grows_less_than(200, "[{},[1", ",1", "]]\n");
}

static void memory_for_many_lines(void **state) {
    (void)state;
    grows_less_than(80, "{\"b\":\n[1", ",\n1", "]}\n{}\n");
}

/* -- property: random lines in random pieces ----------------------------------------------------------------------- */

static void random_input(struct text *input) {
    static const char *const pieces[] = {
        "{\"a\":1}\n",
        "{\"b\":2}\n",
        "{\"c\":[1,{\"d\":2}]}\n",
        "{}",
        "[",
        "]",
        "\n",
        "\n",
        "\n",
        ",",
        " ",
        "  ",
        "{\n",
        "}\n",
        "}",
        "{",
        "  {\"e\":5}\n",
        "  {\"e\":\n",
        "{\"f\":",
        "{\"g\" 7}\n",
        "{\"h\":[\n",
        "text\n",
        "12",
        "\"s\"",
        "\"s",
        "\x1e",
        "\r\n",
        "tru",
        "null",
        "[1,2]",
        "[\n",
        "]\n",
        ",\n",
        "\"k\":",
        "\"k\": 1,\n",
        "x",
        "  \"k\": {\n",
        "  }\n",
        "  },\n",
        "\xef\xbb\xbf",
        "\xc3\xa9",
        "\\",
        "\xff",
        "{\"i\":\"}\"}\n",
        "  {\n",
        "-1",
        "{\"a\":\"\\u00e9\\ud83d\\ude00\"}\n",
    };
    text_clear(input);
    text_string(input, "");
    for (uint64_t n = random_next() % 12; n > 0; n--)
        text_string(input, pieces[random_next() % (sizeof pieces / sizeof *pieces)]);
    if (random_next() % 8 == 0 && input->n > 0)
        input->s[random_next() % input->n] = (char)random_next();
}

static bool same_in_random_pieces(struct span input) {
    struct heard whole = {0}, pieces = {0};
    int ends[2];
    read_pieces(input, input.n, 1, FULL, &whole);
    assert_int_equal(pipe(ends), 0);
    struct reader *reader = reader_new(ends[0], NULL);
    heard_clear(&pieces);
    for (size_t at = 0; at < input.n;) {
        size_t size = 1 + random_next() % (random_next() % 2 ? 3 : 30);
        size = size < input.n - at ? size : input.n - at;
        put(ends[1], input.s + at, size);
        at += size;
        assert_int_equal(listen(&pieces, reader, 0, FULL), READER_IDLE);
    }
    close(ends[1]);
    assert_int_equal(listen(&pieces, reader, -1, FULL), READER_END);
    reader_free(reader);
    close(ends[0]);
    bool good = same(input, "random pieces", text_span(&whole.said), text_span(&pieces.said));
    text_free(&whole.said);
    text_free(&pieces.said);
    return good;
}

/* A longer run, and another one: PL_TEST_ROUNDS and PL_TEST_SEED. */
static void random_inputs(bool (*holds)(struct span input)) {
    const char *rounds = getenv("PL_TEST_ROUNDS"), *seed = getenv("PL_TEST_SEED");
    struct text input = {0};
    random_state ^= seed != NULL ? strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15U : 0;
    for (int i = 0; i < (rounds != NULL ? atoi(rounds) : 2000); i++) {
        random_input(&input);
        holds(text_span(&input));
    }
    text_free(&input);
    no_trouble();
}

static void random_pieces(void **state) {
    (void)state;
    random_inputs(same_in_random_pieces);
}

static void random_places(void **state) {
    (void)state;
    random_inputs(same_objects_from_anywhere);
}

int main(void) {
    alloc_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(lines),
        cmocka_unit_test(one_after_another),
        cmocka_unit_test(over_several_lines),
        cmocka_unit_test(arrays),
        cmocka_unit_test(sequences),
        cmocka_unit_test(separators_begin_anew),
        cmocka_unit_test(separators_within_a_line),
        cmocka_unit_test(a_wrong_line_costs_that_line),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(what_follows_a_value_on_its_line),
        cmocka_unit_test(an_object_line_ends_an_unfinished_value),
        cmocka_unit_test(wrong_on_a_later_line),
        cmocka_unit_test(wrong_until_the_next_one),
        cmocka_unit_test(an_element_ends_at_its_bracket),
        cmocka_unit_test(an_element_without_its_bracket),
        cmocka_unit_test(arrays_that_are_not_closed),
        cmocka_unit_test(arrays_that_are_given_up),
        cmocka_unit_test(lines_that_begin_with_a_bracket),
        cmocka_unit_test(the_end_in_the_middle),
        cmocka_unit_test(errors_say_why_and_where),
        cmocka_unit_test(too_deep),
        cmocka_unit_test(places),
        cmocka_unit_test(the_place_within_a_value),
        cmocka_unit_test(files_that_grow),
        cmocka_unit_test(files_that_grow_within_what_is_wrong),
        cmocka_unit_test(members_by_number),
        cmocka_unit_test(copied_as_it_is_read),
        cmocka_unit_test(idle_and_failed),
        cmocka_unit_test(interrupted_by_a_signal),
        cmocka_unit_test(across_buffers),
        cmocka_unit_test(as_long_as_may_be),
        cmocka_unit_test(long_values_in_many_pieces),
        cmocka_unit_test(longer_than_may_be),
        cmocka_unit_test(much_longer_than_may_be),
        cmocka_unit_test(memory_for_a_long_line),
        cmocka_unit_test(memory_for_a_long_string),
        cmocka_unit_test(memory_for_a_long_wanted_string),
        cmocka_unit_test(memory_for_many_numbers),
        cmocka_unit_test(memory_for_many_wanted_numbers),
        cmocka_unit_test(memory_for_a_long_element),
        cmocka_unit_test(memory_for_many_lines),
        cmocka_unit_test(random_pieces),
        cmocka_unit_test(random_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
