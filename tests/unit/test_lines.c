/* From bytes to lines of plain text, in any pieces. */
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
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "input/lines.h"
#include "random.h"

static void put(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        assert_true(written > 0);
        bytes += written;
        size -= (size_t)written;
    }
}

static int file_of(struct span input) {
    int fd = memfd_create("input", MFD_CLOEXEC);
    assert_true(fd >= 0);
    put(fd, input.s, input.n);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Takes events until there is none of a line, which it returns; adds "NUMBER:LINE|" or "NUMBER!|" to SAID for each. */
static enum lines_event listen(struct lines *lines, int wait_ms, struct text *said) {
    struct span line;
    uint64_t number;
    enum lines_event event;
    while ((event = lines_next(lines, wait_ms, &line, &number)) == LINES_LINE || event == LINES_TOO_LONG) {
        assert_int_equal(event == LINES_LINE, line.s != NULL);
        text_format(said, "%llu%s", (unsigned long long)number, event == LINES_LINE ? ":" : "!");
        text_append(said, line);
        text_string(said, "|");
    }
    assert_null(line.s);
    return event;
}

static void said_is(const struct text *said, struct span wanted) {
    if (!span_equal(text_span(said), wanted))
        fail_msg("wanted %.*s, got %.*s", (int)wanted.n, wanted.s, (int)said->n, said->s);
}

/* INPUT from a file, and from a pipe in pieces of every size up to its own. */
static void lines_are_bytes(struct span input, struct span wanted) {
    struct text said = {0};
    int fd = file_of(input);
    struct lines *lines = lines_new(fd);
    assert_int_equal(listen(lines, -1, &said), LINES_END);
    assert_int_equal(listen(lines, 0, &said), LINES_END);
    said_is(&said, wanted);
    lines_free(lines);
    close(fd);
    for (size_t step = 1; step <= input.n; step++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        lines = lines_new(ends[0]);
        text_clear(&said);
        for (size_t at = 0; at < input.n; at += step) {
            put(ends[1], input.s + at, step < input.n - at ? step : input.n - at);
            assert_int_equal(listen(lines, 0, &said), LINES_IDLE);
        }
        close(ends[1]);
        assert_int_equal(listen(lines, -1, &said), LINES_END);
        assert_int_equal(listen(lines, -1, &said), LINES_END);
        said_is(&said, wanted);
        lines_free(lines);
        close(ends[0]);
    }
    text_free(&said);
}

static void lines_are(const char *input, const char *wanted) {
    lines_are_bytes(span_of(input), span_of(wanted));
}

static void ends_of_lines(void **state) {
    (void)state;
    lines_are("", "");
    lines_are("\n", "1:|");
    lines_are("a", "1:a|");
    lines_are("a\n", "1:a|");
    lines_are("a\nb", "1:a|2:b|");
    lines_are("a\n\n\nb\n\n", "1:a|2:|3:|4:b|5:|");
    lines_are("a\r\nb\r\n", "1:a|2:b|");
    lines_are("\r\n\r\n", "1:|2:|");
    lines_are("a\r\r\nb\rc\n", "1:a\r|2:b\rc|");
    lines_are("a\r", "1:a\r|");
    lines_are(" a \t\n", "1: a \t|");
}

static void any_bytes(void **state) {
    (void)state;
    static const char input[] = "a\0b\n\0\n\xff\xfe\n";
    static const char wanted[] = "1:a\0b|2:\0|3:\xff\xfe|";
    lines_are_bytes((struct span){input, sizeof input - 1}, (struct span){wanted, sizeof wanted - 1});
}

static void byte_order_mark(void **state) {
    (void)state;
    lines_are("\xef\xbb\xbf"
              "a\n\xef\xbb\xbf"
              "b\n",
              "1:a|2:\xef\xbb\xbf"
              "b|");
    lines_are("\xef\xbb\xbf\r\nb", "1:|2:b|");
    lines_are("\xef\xbb\na", "1:\xef\xbb|2:a|");
    lines_are("a\xef\xbb\xbf\n", "1:a\xef\xbb\xbf|");
}

/* Writes COUNT bytes, REST and nothing else, from a process of its own, whose end of the pipe is returned. */
static int feed(size_t count, struct span rest, pid_t *child) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *child = fork();
    assert_true(*child >= 0);
    if (*child == 0) {
        static char many[1 << 16];
        close(ends[0]);
        memset(many, 'x', sizeof many);
        for (size_t size; count > 0; count -= size) {
            size = count < sizeof many ? count : sizeof many;
            if (write(ends[1], many, size) != (ssize_t)size)
                _exit(1);
        }
        _exit(write(ends[1], rest.s, rest.n) != (ssize_t)rest.n);
    }
    close(ends[1]);
    return ends[0];
}

/* COUNT bytes and then REST: the events are, of all lines, "NUMBER:SIZE|" or "NUMBER!|". */
static void long_line(size_t count, const char *rest, const char *wanted) {
    struct text said = {0};
    struct span line;
    uint64_t number;
    enum lines_event event;
    pid_t child;
    int fd = feed(count, span_of(rest), &child), status;
    struct lines *lines = lines_new(fd);
    while ((event = lines_next(lines, -1, &line, &number)) != LINES_END) {
        if (event == LINES_LINE)
            text_format(&said, "%llu:%zu|", (unsigned long long)number, line.n);
        else if (event == LINES_TOO_LONG)
            text_format(&said, "%llu!|", (unsigned long long)number);
        else
            assert_int_equal(event, LINES_IDLE);
    }
    said_is(&said, span_of(wanted));
    lines_free(lines);
    text_free(&said);
    close(fd);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void long_lines(void **state) {
    (void)state;
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL)
        skip(); /* where every byte is watched over, what is long takes too long */
    assert_int_equal(LINE_MAX_BYTES, 67108864);
    long_line(LINE_MAX_BYTES, "\nb\n", "1:67108864|2:1|");
    long_line(LINE_MAX_BYTES, "\r\nb\n", "1:67108864|2:1|");
    long_line(LINE_MAX_BYTES, "", "1:67108864|");
    long_line(LINE_MAX_BYTES + 1, "\nb\n", "1!|2:1|");
    long_line(LINE_MAX_BYTES + 1, "\r\nb\n", "1!|2:1|");
    long_line(LINE_MAX_BYTES + 1, "", "1!|");
    long_line(LINE_MAX_BYTES + 5, "\nb\n", "1!|2:1|");
    long_line(3 * LINE_MAX_BYTES, "\nb\nc", "1!|2:1|3:1|");
    long_line(2 * LINE_MAX_BYTES, "", "1!|");
}

static void waiting(void **state) {
    (void)state;
    int ends[2];
    struct span line;
    uint64_t number;
    assert_int_equal(pipe(ends), 0);
    struct lines *lines = lines_new(ends[0]);
    assert_int_equal(lines_next(lines, 0, &line, &number), LINES_IDLE);
    put(ends[1], "half", 4);
    int64_t began = clock_monotonic_ms();
    assert_int_equal(lines_next(lines, 50, &line, &number), LINES_IDLE);
    assert_in_range(clock_monotonic_ms() - began, 49, 5000);
    put(ends[1], " a line\nnext", 12);
    assert_int_equal(lines_next(lines, 5000, &line, &number), LINES_LINE);
    assert_true(span_is(line, "half a line"));
    assert_int_equal(number, 1);
    assert_int_equal(lines_next(lines, 0, &line, &number), LINES_IDLE);
    close(ends[1]);
    assert_int_equal(lines_next(lines, 0, &line, &number), LINES_LINE);
    assert_true(span_is(line, "next"));
    assert_int_equal(lines_next(lines, -1, &line, &number), LINES_END);
    lines_free(lines);
    close(ends[0]);
}

static void nothing(int signal_number) {
    (void)signal_number;
}

static void signals(void **state) {
    (void)state;
    int ends[2];
    struct span line;
    uint64_t number;
    struct sigaction action = {.sa_handler = nothing}, before;
    struct itimerval soon = {{0, 20000}, {0, 20000}}, off = {0};
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    struct lines *lines = lines_new(ends[0]);
    put(ends[1], "a", 1);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(lines_next(lines, -1, &line, &number), LINES_INTERRUPTED);
    assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
    put(ends[1], "b\n", 2);
    assert_int_equal(lines_next(lines, -1, &line, &number), LINES_LINE);
    assert_true(span_is(line, "ab"));
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    lines_free(lines);
    close(ends[0]);
    close(ends[1]);
}

static void failure(void **state) {
    (void)state;
    struct span line;
    uint64_t number;
    int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    struct lines *lines = lines_new(directory);
    assert_int_equal(lines_next(lines, -1, &line, &number), LINES_FAILED);
    assert_int_equal(errno, EISDIR);
    lines_free(lines);
    close(directory);
    lines_free(NULL);
}

/* A line that never ends lets its reader look up now and then. */
static void endless_line(void **state) {
    (void)state;
    struct span line;
    uint64_t number;
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_true(zero >= 0);
    struct lines *lines = lines_new(zero);
    for (int i = 0; i < 5; i++)
        assert_int_equal(lines_next(lines, -1, &line, &number), LINES_IDLE);
    lines_free(lines);
    close(zero);
}

/* -- property: as cut at the newlines ----------------------------------------------------------------------------- */

static void naive_lines(struct span input, struct text *said) {
    int number = 0;
    while (input.n > 0) {
        const char *newline = memchr(input.s, '\n', input.n);
        size_t size = newline != NULL ? (size_t)(newline - input.s) : input.n, used = size + (newline != NULL);
        text_format(said, "%d:", ++number);
        text_bytes(said, input.s, newline != NULL && size > 0 && input.s[size - 1] == '\r' ? size - 1 : size);
        text_string(said, "|");
        input.s += used;
        input.n -= used;
    }
}

static void random_lines(void **state) {
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct text input = {0}, wanted = {0}, said = {0};
        int ends[2];
        uint64_t longest = round % 3 == 0 ? 200000 : 20;
        for (uint64_t n = random_next() % 8; n > 0; n--) {
            for (uint64_t size = random_next() % longest; size > 0; size--)
                text_bytes(&input, &"ab\r"[random_next() % 3], 1);
            text_string(&input, n > 1 || random_next() % 2 == 0 ? "\n" : "");
        }
        naive_lines(text_span(&input), &wanted);
        assert_int_equal(pipe(ends), 0);
        struct lines *lines = lines_new(ends[0]);
        for (size_t at = 0, size; at < input.n; at += size) {
            size = 1 + random_next() % (longest < 60000 ? longest : 60000);
            size = size < input.n - at ? size : input.n - at;
            put(ends[1], input.s + at, size);
            assert_int_equal(listen(lines, 0, &said), LINES_IDLE);
        }
        close(ends[1]);
        assert_int_equal(listen(lines, -1, &said), LINES_END);
        said_is(&said, text_span(&wanted));
        lines_free(lines);
        close(ends[0]);
        text_free(&input);
        text_free(&wanted);
        text_free(&said);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_of_lines), cmocka_unit_test(any_bytes),    cmocka_unit_test(byte_order_mark),
        cmocka_unit_test(long_lines),    cmocka_unit_test(waiting),      cmocka_unit_test(signals),
        cmocka_unit_test(failure),       cmocka_unit_test(endless_line), cmocka_unit_test(random_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
