/* The progress line, byte for byte, and when it is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pty.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/progress.h"
#include "report/progress_private.h"

static const struct progress_figures example = {
    .label = "history.jsonl", .bytes = 42000, .total = 100000, .records = 84120, .elapsed_ms = 1640};

static void expect(const struct progress_figures *figures, size_t width, const char *expected) {
    struct text line = {0};
    progress_line(&line, figures, width);
    assert_string_equal(line.s, expected);
    text_free(&line);
}

static void whole_line(void **state) {
    (void)state;
    expect(&example, 200, " 42% [##########..............] 84,120 records  51,300/s  0:03 left  history.jsonl");
}

static void line_fits(void **state) {
    (void)state;
    expect(&example, 82, " 42% [##########..............] 84,120 records  51,300/s  0:03 left  history.jsonl");
    expect(&example, 81, " 42% [##########..............] 84,120 records  51,300/s  0:03 left  history.jso…");
    expect(&example, 77, " 42% [##########..............] 84,120 records  51,300/s  0:03 left  history…");
    expect(&example, 76, " 42% [##########..............] 84,120 records  51,300/s  0:03 left");
    expect(&example, 67, " 42% [##########..............] 84,120 records  51,300/s  0:03 left");
    expect(&example, 66, " 42% 84,120 records  51,300/s  0:03 left  history.jsonl");
    expect(&example, 40, " 42% 84,120 records  51,300/s  0:03 left");
    expect(&example, 39, " 42% 84,120 records  0:03 left");
    expect(&example, 29, " 42% 84,120 records  history…");
    expect(&example, 19, " 42% 84,120 records");
    expect(&example, 10, " 42% 84,1…");
    expect(&example, 1, "…");
}

static void unknown_total(void **state) {
    (void)state;
    struct progress_figures figures = example;
    figures.total = 0;
    expect(&figures, 100, "84,120 records  51,300/s  history.jsonl");
    figures.label = NULL;
    expect(&figures, 100, "84,120 records  51,300/s");
}

static void beginning_and_end(void **state) {
    (void)state;
    struct progress_figures figures = {.total = 100};
    expect(&figures, 100, "  0% [........................] 0 records");
    figures = (struct progress_figures){.bytes = 100, .total = 100, .records = 1, .elapsed_ms = 1000};
    expect(&figures, 100, "100% [########################] 1 record  1.0/s  0:00 left");
    figures.bytes = 120;
    expect(&figures, 100, "100% [########################] 1 record  1.0/s  0:00 left");
    figures.bytes = 99;
    figures.total = 101;
    expect(&figures, 100, " 98% [#######################.] 1 record  1.0/s  0:01 left");
}

static void time_left(void **state) {
    (void)state;
    struct progress_figures figures = {.bytes = 1, .total = 2, .records = 500, .elapsed_ms = 61000};
    expect(&figures, 100, " 50% [############............] 500 records  8.2/s  1:01 left");
    figures.elapsed_ms = 3661000;
    expect(&figures, 100, " 50% [############............] 500 records  0.1/s  1:01:01 left");
    figures.total = UINT64_MAX;
    expect(&figures, 100, "  0% [........................] 500 records  0.1/s");
}

static void rates(void **state) {
    (void)state;
    struct progress_figures figures = {.records = 999, .elapsed_ms = 100000};
    expect(&figures, 100, "999 records  10/s");
    figures.elapsed_ms = 1000;
    expect(&figures, 100, "999 records  999/s");
    figures.records = 1234567;
    expect(&figures, 100, "1,234,567 records  1,230,000/s");
}

static void label_is_escaped(void **state) {
    (void)state;
    struct progress_figures figures = {.label = "a\033[2J\n日本語.jsonl", .records = 2};
    expect(&figures, 100, "2 records  a\\x1B[2J\\x0A日本語.jsonl");
    expect(&figures, 27, "2 records  a\\x1B[2J\\x0A日…");
}

static void draws_late_and_seldom(void **state) {
    (void)state;
    assert_false(progress_due(1000, 0, 1000));
    assert_false(progress_due(1000, 0, 1199));
    assert_true(progress_due(1000, 0, 1200));
    assert_false(progress_due(1000, 1200, 1299));
    assert_true(progress_due(1000, 1200, 1300));
}

static void nothing_but_on_a_terminal(void **state) {
    (void)state;
    char memory[16];
    FILE *out = fmemopen(memory, sizeof memory, "w");
    assert_null(progress_begin(out, 100));
    fclose(out);
    progress_update(NULL, "x", 1, 1);
    progress_clear(NULL);
    progress_end(NULL);
}

struct terminal {
    int master;
    FILE *out;
};

static struct terminal terminal_open(const char *term) {
    const struct winsize size = {.ws_row = 24, .ws_col = 41};
    struct terminal terminal;
    int slave;
    setenv("TERM", term, 1);
    unsetenv("COLUMNS");
    if (openpty(&terminal.master, &slave, NULL, NULL, &size) != 0)
        skip(); /* no terminals on this machine */
    terminal.out = fdopen(slave, "w");
    return terminal;
}

static void terminal_close(struct terminal *terminal) {
    fclose(terminal->out);
    close(terminal->master);
}

static void expect_written(const struct terminal *terminal, const char *expected) {
    char written[256];
    ssize_t size = read(terminal->master, written, sizeof written - 1);
    assert_true(size > 0);
    written[size] = '\0';
    assert_string_equal(written, expected);
}

static void draws_and_clears(void **state) {
    (void)state;
    struct terminal terminal = terminal_open("xterm");
    struct progress *progress = progress_begin(terminal.out, 0);
    assert_non_null(progress);
    progress_clear(progress); /* nothing is drawn, so nothing is written */
    usleep(250 * 1000);
    progress_update(progress, "a-long-name-of-a-history-file.jsonl", 10, 0);
    expect_written(&terminal, "\r0 records  0.0/s  a-long-name-of-a-hist…\033[K");
    progress_clear(progress);
    expect_written(&terminal, "\r\033[K");
    progress_clear(progress);
    usleep(150 * 1000);
    progress_update(progress, "b", 10, 0);
    expect_written(&terminal, "\r0 records  0.0/s  b\033[K");
    progress_end(progress);
    expect_written(&terminal, "\r\033[K");
    terminal_close(&terminal);
}

static void nothing_on_a_dumb_terminal(void **state) {
    (void)state;
    struct terminal terminal = terminal_open("dumb");
    assert_null(progress_begin(terminal.out, 0));
    terminal_close(&terminal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_line),
        cmocka_unit_test(line_fits),
        cmocka_unit_test(unknown_total),
        cmocka_unit_test(beginning_and_end),
        cmocka_unit_test(time_left),
        cmocka_unit_test(rates),
        cmocka_unit_test(label_is_escaped),
        cmocka_unit_test(draws_late_and_seldom),
        cmocka_unit_test(nothing_but_on_a_terminal),
        cmocka_unit_test(draws_and_clears),
        cmocka_unit_test(nothing_on_a_dumb_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
