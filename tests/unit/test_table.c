/* Tables in every format, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pty.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "report/table.h"

static const int64_t NOON = 1772366400000000; /* 2026-03-01 12:00:00 */

static const struct table_style PIPE = {.format = FORMAT_TABLE};

/* Checks what TABLE prints, and frees it. */
static void expect(struct table *table, const struct table_style *style, const char *expected) {
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    assert_non_null(out);
    table_print(table, style, out);
    fclose(out);
    assert_string_equal(printed, expected);
    free(printed);
    table_free(table);
}

static void words(struct table *table, const char *string) {
    table_text(table, span_of(string));
}

static const struct column pattern_columns[] = {
    {"pattern_signature", CELL_TEXT, false},
    {"occurrence_count", CELL_COUNT, false},
    {"potential_monthly_savings", CELL_MONEY, false},
    {"created_at", CELL_TIME, true},
    {"last_seen", CELL_TIME, false},
    {"typical_input_pattern", CELL_JSON, true},
};

static void pattern_row(struct table *table, const char *signature, int64_t count) {
    words(table, signature);
    table_integer(table, count);
    table_real(table, (double)count / 8);
    table_integer(table, NOON);
    table_integer(table, NOON + 1999999);
    words(table, "{\"files\":[1]}");
}

static struct table *patterns(void) {
    struct table *table = table_new("patterns", pattern_columns, 6, false);
    pattern_row(table, "test:pytest:backend", 12345);
    pattern_row(table, "git:diff:summary", 2);
    return table;
}

static const struct column one_text[] = {{"name", CELL_TEXT, false}};

static struct table *text_table(const char *bytes, size_t size) {
    struct table *table = table_new("texts", one_text, 1, false);
    table_text(table, (struct span){bytes, size});
    return table;
}

/* ---- people, in a pipe ---- */

static const char wide[] = "pattern_signature    occurrence_count  potential_monthly_savings  last_seen\n"
                           "test:pytest:backend            12,345                  $1,543.12  2026-03-01 12:00:01\n"
                           "git:diff:summary                    2                    $0.2500  2026-03-01 12:00:01\n";

static void pipe_aligns(void **state) {
    (void)state;
    expect(patterns(), &PIPE, wide);
}

static void pipe_shows_nulls(void **state) {
    (void)state;
    static const struct column columns[] = {{"count", CELL_COUNT, false}, {"words", CELL_TEXT, false}};
    struct table *table = table_new("t", columns, 2, false);
    table_null(table);
    table_null(table);
    table_integer(table, 1);
    table_text(table, (struct span){NULL, 0});
    table_integer(table, 2);
    words(table, "");
    expect(table, &PIPE,
           "count  words\n"
           "    -  -\n"
           "    1  -\n"
           "    2\n");
}

static void pipe_cuts_nothing(void **state) {
    (void)state;
    char *longest = xmalloc(3001), *expected = xmalloc(4000);
    memset(longest, 'x', 3000);
    longest[3000] = '\0';
    sprintf(expected, "name\n%s\n", longest);
    expect(text_table(longest, 3000), &PIPE, expected);
    free(longest);
    free(expected);
}

static void empty_prints_nothing(void **state) {
    (void)state;
    expect(table_new("t", one_text, 1, false), &PIPE, "");
    expect(table_new("t", one_text, 1, true), &PIPE, "");
}

static void unfinished_row_is_left_out(void **state) {
    (void)state;
    static const struct column columns[] = {{"a", CELL_COUNT, false}, {"b", CELL_COUNT, false}};
    struct table *table = table_new("t", columns, 2, false);
    table_integer(table, 1);
    assert_int_equal(table_rows(table), 0);
    table_integer(table, 2);
    assert_int_equal(table_rows(table), 1);
    table_integer(table, 3);
    expect(table, &PIPE, "a  b\n1  2\n");
}

static void control_characters_are_escaped(void **state) {
    (void)state;
    expect(text_table("a\033[31m\tb\nc\xc2\x9b\xff", 13), &PIPE, "name\na\\x1B[31m\\x09b\\x0Ac\\x9B\\xFF\n");
}

static void wide_characters_align(void **state) {
    (void)state;
    static const struct column columns[] = {{"name", CELL_TEXT, false}, {"n", CELL_COUNT, false}};
    struct table *table = table_new("t", columns, 2, false);
    words(table, "日本語");
    table_integer(table, 1);
    words(table, "e\xcc\x81t\xc3\xa9"); /* the first accent is a character of its own, without width */
    table_integer(table, 2);
    words(table, "plain");
    table_integer(table, 3);
    expect(table, &PIPE,
           "name    n\n"
           "日本語  1\n"
           "e\xcc\x81t\xc3\xa9     2\n"
           "plain   3\n");
}

/* ---- people: each kind of cell ---- */

static void expect_cell(enum cell_kind kind, double value, const char *expected) {
    const struct column column = {"v", kind, false};
    struct table *table = table_new("t", &column, 1, true);
    char line[64];
    if (kind == CELL_COUNT)
        table_integer(table, (int64_t)value);
    else
        table_real(table, value);
    snprintf(line, sizeof line, "v  %s\n", expected);
    expect(table, &PIPE, line);
}

static void counts(void **state) {
    (void)state;
    expect_cell(CELL_COUNT, 0, "0");
    expect_cell(CELL_COUNT, 999, "999");
    expect_cell(CELL_COUNT, 1000, "1,000");
    expect_cell(CELL_COUNT, -123456, "-123,456");
    expect_cell(CELL_COUNT, (double)INT64_MIN, "-9,223,372,036,854,775,808");
}

static void reals(void **state) {
    (void)state;
    expect_cell(CELL_REAL, 0, "0");
    expect_cell(CELL_REAL, 3.5, "3.5");
    expect_cell(CELL_REAL, 100, "100");
    expect_cell(CELL_REAL, 2.0 / 3, "0.667");
    expect_cell(CELL_REAL, -0.0001, "0");
    expect_cell(CELL_REAL, -0.0, "0");
    expect_cell(CELL_REAL, NAN, "-");
    expect_cell(CELL_REAL, INFINITY, "-");
    expect_cell(CELL_SCORE, 85, "85.0");
    expect_cell(CELL_SCORE, 99.96, "100.0");
    expect_cell(CELL_SCORE, -0.01, "0.0");
    expect_cell(CELL_RATE, 2.0 / 3, "66.7%");
    expect_cell(CELL_RATE, 0, "0.0%");
    expect_cell(CELL_RATE, 1, "100.0%");
}

static void money(void **state) {
    (void)state;
    expect_cell(CELL_MONEY, 0, "$0.00");
    expect_cell(CELL_MONEY, 1234.5, "$1,234.50");
    expect_cell(CELL_MONEY, 0.025, "$0.0250");
    expect_cell(CELL_MONEY, -0.025, "-$0.0250");
    expect_cell(CELL_MONEY, -3.2, "-$3.20");
    expect_cell(CELL_MONEY, 0.9999, "$0.9999");
    expect_cell(CELL_MONEY, 0.99996, "$1.00");
    expect_cell(CELL_MONEY, 999999.999, "$1,000,000.00");
    expect_cell(CELL_MONEY, 0.00001, "$0.0000");
}

static void seconds(void **state) {
    (void)state;
    expect_cell(CELL_SECONDS, 0, "0.0s");
    expect_cell(CELL_SECONDS, 45, "45.0s");
    expect_cell(CELL_SECONDS, 59.94, "59.9s");
    expect_cell(CELL_SECONDS, 59.96, "1m 00s");
    expect_cell(CELL_SECONDS, 750, "12m 30s");
    expect_cell(CELL_SECONDS, 3599.6, "1h 00m");
    expect_cell(CELL_SECONDS, 11100, "3h 05m");
    expect_cell(CELL_SECONDS, 360000, "100h 00m");
    expect_cell(CELL_SECONDS, -12.5, "-12.5s");
    expect_cell(CELL_SECONDS, -0.01, "0.0s");
}

static void expect_json(const char *json, const char *expected) {
    static const struct column column = {"v", CELL_JSON, false};
    struct table *table = table_new("t", &column, 1, true);
    char line[128];
    words(table, json);
    snprintf(line, sizeof line, "v  %s\n", expected);
    expect(table, &PIPE, line);
}

static void json_for_people(void **state) {
    (void)state;
    expect_json("{\"detected\": 2, \"approved\":1}", "detected: 2, approved: 1");
    expect_json("[\"a\",\"b\"]", "a, b");
    expect_json("[1.50,true,null,false]", "1.50, true, -, false");
    expect_json("\"q\\u001b\\\"\"", "q\\x1B\"");
    expect_json("12", "12");
    expect_json("null", "-");
    expect_json("{}", "{}");
    expect_json("[]", "[]");
    expect_json("{\"a\":[1],\"b\":2}", "{\"a\":[1],\"b\":2}");
    expect_json("[[\"\x7f\"]]", "[[\"\\x7F\"]]");
}

/* ---- people, on a terminal ---- */

static void terminal_wraps_headers_only_if_needed(void **state) {
    (void)state;
    struct table_style style = {.format = FORMAT_TABLE, .width = 85};
    expect(patterns(), &style, wide);
    style.width = 84;
    expect(patterns(), &style,
           "                                  potential_\n"
           "                     occurrence_    monthly_\n"
           "pattern_signature          count     savings  last_seen\n"
           "test:pytest:backend       12,345   $1,543.12  2026-03-01 12:00:01\n"
           "git:diff:summary               2     $0.2500  2026-03-01 12:00:01\n");
}

static void terminal_cuts_texts(void **state) {
    (void)state;
    struct table_style style = {.format = FORMAT_TABLE, .width = 60};
    expect(patterns(), &style,
           "                             potential_\n"
           "pattern_        occurrence_    monthly_\n"
           "signature             count     savings  last_seen\n"
           "test:pytest:b…       12,345   $1,543.12  2026-03-01 12:00:01\n"
           "git:diff:summ…            2     $0.2500  2026-03-01 12:00:01\n");
}

static void terminal_leaves_eight_columns(void **state) {
    (void)state;
    struct table_style style = {.format = FORMAT_TABLE, .width = 30};
    expect(patterns(), &style,
           "pattern_               potential_\n"
           "signatur  occurrence_    monthly_\n"
           "e               count     savings  last_seen\n"
           "test:py…       12,345   $1,543.12  2026-03-01 12:00:01\n"
           "git:dif…            2     $0.2500  2026-03-01 12:00:01\n");
}

static void terminal_cuts_the_widest(void **state) {
    (void)state;
    static const struct column columns[] = {{"short", CELL_TEXT, false}, {"long", CELL_TEXT, false}};
    struct table_style style = {.format = FORMAT_TABLE, .width = 30};
    struct table *table = table_new("t", columns, 2, false);
    words(table, "ten bytes.");
    words(table, "a text of more than thirty columns");
    expect(table, &style, "short       long\nten bytes.  a text of more th…\n");
    table = table_new("t", columns, 2, false);
    words(table, "twenty-one bytes, all");
    words(table, "日本語日本語日本語");
    expect(table, &style, "short           long\ntwenty-one by…  日本語日本語…\n");
}

static void terminal_paints_the_header(void **state) {
    (void)state;
    const struct table_style style = {.format = FORMAT_TABLE, .width = 80, .colour = true};
    expect(text_table("x", 1), &style, "\033[1mname\033[0m\nx\n");
    struct table *table = table_new("t", one_text, 1, true);
    words(table, "x");
    expect(table, &style, "\033[1mname\033[0m  x\n");
}

/* ---- one record ---- */

static struct table *summary(void) {
    static const struct column columns[] = {
        {"total_workflows", CELL_COUNT, false},   {"prompt", CELL_TEXT, true},
        {"patterns_by_status", CELL_JSON, false}, {"last_seen", CELL_TIME, false},
        {"total_cost", CELL_MONEY, false},
    };
    struct table *table = table_new("summary", columns, 5, true);
    table_integer(table, 1234567);
    words(table, "a rather long text, \"quoted\"");
    words(table, "{\"detected\":2,\n\"approved\":1}");
    table_integer(table, NOON);
    table_null(table);
    return table;
}

static void record_prints_downwards(void **state) {
    (void)state;
    expect(summary(), &PIPE,
           "total_workflows     1,234,567\n"
           "prompt              a rather long text, \"quoted\"\n"
           "patterns_by_status  detected: 2, approved: 1\n"
           "last_seen           2026-03-01 12:00:00\n"
           "total_cost          -\n");
}

static void record_cuts_texts_on_a_terminal(void **state) {
    (void)state;
    struct table_style style = {.format = FORMAT_TABLE, .width = 35};
    expect(summary(), &style,
           "total_workflows     1,234,567\n"
           "prompt              a rather long …\n"
           "patterns_by_status  detected: 2, a…\n"
           "last_seen           2026-03-01 12:00:00\n"
           "total_cost          -\n");
}

/* ---- JSON ---- */

static const struct table_style JSON = {.format = FORMAT_JSON};

static void json_rows(void **state) {
    (void)state;
    expect(patterns(), &JSON,
           "[\n"
           " {\"pattern_signature\":\"test:pytest:backend\",\"occurrence_count\":12345,"
           "\"potential_monthly_savings\":1543.125,\"created_at\":\"2026-03-01 12:00:00\","
           "\"last_seen\":\"2026-03-01 12:00:01\",\"typical_input_pattern\":{\"files\":[1]}},\n"
           " {\"pattern_signature\":\"git:diff:summary\",\"occurrence_count\":2,"
           "\"potential_monthly_savings\":0.25,\"created_at\":\"2026-03-01 12:00:00\","
           "\"last_seen\":\"2026-03-01 12:00:01\",\"typical_input_pattern\":{\"files\":[1]}}\n"
           "]\n");
    expect(table_new("t", one_text, 1, false), &JSON, "[]\n");
}

static void json_record(void **state) {
    (void)state;
    expect(summary(), &JSON,
           "{\"total_workflows\":1234567,\"prompt\":\"a rather long text, \\\"quoted\\\"\","
           "\"patterns_by_status\":{\"detected\":2, \"approved\":1},\"last_seen\":\"2026-03-01 12:00:00\","
           "\"total_cost\":null}\n");
}

static void json_keeps_the_terminal_safe(void **state) {
    (void)state;
    expect(text_table("a\033\n\x7f\xc2\x9b", 6), &JSON, "[\n {\"name\":\"a\\u001b\\n\\u007f\\u009b\"}\n]\n");
    expect(text_table("caf\xe9", 4), &JSON, "[\n {\"name\":\"caf\\\\xE9\"}\n]\n");
    static const struct column column = {"v", CELL_JSON, false};
    struct table *table = table_new("t", &column, 1, true);
    words(table, "[\"\x7f\xc2\x9b\xc3\xa9\",\t1]");
    expect(table, &JSON, "{\"v\":[\"\\u007f\\u009b\xc3\xa9\", 1]}\n");
}

/* ---- CSV and TSV ---- */

static const struct table_style CSV = {.format = FORMAT_CSV}, TSV = {.format = FORMAT_TSV};

static void csv_quotes(void **state) {
    (void)state;
    expect(summary(), &CSV,
           "total_workflows,prompt,patterns_by_status,last_seen,total_cost\n"
           "1234567,\"a rather long text, \"\"quoted\"\"\",\"{\"\"detected\"\":2, \"\"approved\"\":1}\","
           "2026-03-01 12:00:00,\n");
    expect(text_table("", 0), &CSV, "name\n\"\"\n");
    expect(text_table("=1+2", 4), &CSV, "name\n=1+2\n");
    expect(text_table("a\r\nb\tc", 6), &CSV, "name\na\\x0D\\x0Ab\\x09c\n");
    expect(table_new("t", one_text, 1, false), &CSV, "name\n");
}

static void tsv_separates(void **state) {
    (void)state;
    expect(summary(), &TSV,
           "total_workflows\tprompt\tpatterns_by_status\tlast_seen\ttotal_cost\n"
           "1234567\ta rather long text, \"quoted\"\t{\"detected\":2, \"approved\":1}\t2026-03-01 12:00:00\t\n");
    expect(text_table("a\tb\nc", 5), &TSV, "name\na\\x09b\\x0Ac\n");
    expect(table_new("t", one_text, 1, false), &TSV, "name\n");
}

/* ---- Prometheus ---- */

static const struct table_style PROMETHEUS = {.format = FORMAT_PROMETHEUS};

static void prometheus_labels(void **state) {
    (void)state;
    expect(patterns(), &PROMETHEUS,
           "# TYPE pl_patterns_occurrence_count gauge\n"
           "pl_patterns_occurrence_count{pattern_signature=\"test:pytest:backend\"} 12345\n"
           "pl_patterns_occurrence_count{pattern_signature=\"git:diff:summary\"} 2\n"
           "# TYPE pl_patterns_potential_monthly_savings gauge\n"
           "pl_patterns_potential_monthly_savings{pattern_signature=\"test:pytest:backend\"} 1543.125\n"
           "pl_patterns_potential_monthly_savings{pattern_signature=\"git:diff:summary\"} 0.25\n"
           "# TYPE pl_patterns_created_at gauge\n"
           "pl_patterns_created_at{pattern_signature=\"test:pytest:backend\"} 1772366400\n"
           "pl_patterns_created_at{pattern_signature=\"git:diff:summary\"} 1772366400\n"
           "# TYPE pl_patterns_last_seen gauge\n"
           "pl_patterns_last_seen{pattern_signature=\"test:pytest:backend\"} 1772366401.999999\n"
           "pl_patterns_last_seen{pattern_signature=\"git:diff:summary\"} 1772366401.999999\n");
}

static void prometheus_record(void **state) {
    (void)state;
    static const struct column columns[] = {
        {"total", CELL_COUNT, false},  {"cost", CELL_MONEY, false}, {"by_status", CELL_JSON, false},
        {"mixed", CELL_JSON, false},   {"list", CELL_JSON, false},  {"nested", CELL_JSON, false},
        {"empty", CELL_JSON, false},   {"rate", CELL_RATE, false},
    };
    struct table *table = table_new("my-summary", columns, 8, true);
    table_integer(table, 3);
    table_null(table);
    words(table, "{\"a\\\"\\n\":1.5,\"none\":null,\"b\":2}");
    words(table, "{\"a\":1,\"b\":\"x\"}");
    words(table, "[1,2]");
    words(table, "{\"a\":1,\"b\":{}}");
    words(table, "{}");
    table_real(table, 0.5);
    expect(table, &PROMETHEUS,
           "# TYPE pl_my_summary_total gauge\n"
           "pl_my_summary_total 3\n"
           "# TYPE pl_my_summary_by_status gauge\n"
           "pl_my_summary_by_status{key=\"a\\\"\\\\x0A\"} 1.5\n"
           "pl_my_summary_by_status{key=\"b\"} 2\n"
           "# TYPE pl_my_summary_rate gauge\n"
           "pl_my_summary_rate 0.5\n");
}

static void prometheus_escapes_and_repeats_nothing(void **state) {
    (void)state;
    static const struct column columns[] = {
        {"model", CELL_TEXT, false}, {"level", CELL_TEXT, false}, {"count", CELL_COUNT, false},
        {"by", CELL_JSON, false},
    };
    struct table *table = table_new("t", columns, 4, false);
    for (int64_t i = 1; i <= 2; i++) {
        words(table, "a\\\"b\nc");
        table_null(table);
        table_integer(table, i);
        words(table, "{\"x\":7}");
    }
    words(table, "");
    words(table, "high");
    table_integer(table, 3);
    table_null(table);
    expect(table, &PROMETHEUS,
           "# TYPE pl_t_count gauge\n"
           "pl_t_count{model=\"a\\\\\\\"b\\\\x0Ac\"} 1\n"
           "pl_t_count{model=\"\",level=\"high\"} 3\n"
           "# TYPE pl_t_by gauge\n"
           "pl_t_by{model=\"a\\\\\\\"b\\\\x0Ac\",key=\"x\"} 7\n");
    expect(table_new("t", columns, 4, false), &PROMETHEUS, "");
}

/* ---- styles ---- */

static void formats_by_name(void **state) {
    (void)state;
    enum table_format format = FORMAT_TABLE;
    assert_true(table_format_named("prometheus", &format));
    assert_int_equal(format, FORMAT_PROMETHEUS);
    assert_true(table_format_named("table", &format));
    assert_int_equal(format, FORMAT_TABLE);
    assert_false(table_format_named("xml", &format));
    assert_false(table_format_named("", &format));
}

static void style_of_a_file(void **state) {
    (void)state;
    char memory[16];
    FILE *out = fmemopen(memory, sizeof memory, "w");
    setenv("COLUMNS", "40", 1);
    struct table_style style = table_style_for(out, FORMAT_CSV);
    assert_int_equal(style.format, FORMAT_CSV);
    assert_int_equal(style.width, 0);
    assert_false(style.colour);
    fclose(out);
}

/* The style for a terminal of COLUMNS columns under these variables. */
static struct table_style terminal_style(unsigned short columns, const char *variable, const char *no_color,
                                         const char *term) {
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    int master, slave;
    if (openpty(&master, &slave, NULL, NULL, &size) != 0)
        skip(); /* no terminals on this machine */
    FILE *out = fdopen(slave, "w");
    setenv("COLUMNS", variable, 1);
    setenv("NO_COLOR", no_color, 1);
    setenv("TERM", term, 1);
    struct table_style style = table_style_for(out, FORMAT_TABLE);
    fclose(out);
    close(master);
    return style;
}

static void style_of_a_terminal(void **state) {
    (void)state;
    assert_int_equal(terminal_style(100, "", "", "xterm").width, 100);
    assert_int_equal(terminal_style(100, "40", "", "xterm").width, 40);
    assert_int_equal(terminal_style(100, "19", "", "xterm").width, 100);
    assert_int_equal(terminal_style(100, "40x", "", "xterm").width, 100);
    assert_int_equal(terminal_style(100, "99999999999", "", "xterm").width, 100);
    assert_int_equal(terminal_style(0, "", "", "xterm").width, 80);
    assert_true(terminal_style(80, "", "", "xterm").colour);
    assert_false(terminal_style(80, "", "1", "xterm").colour);
    assert_false(terminal_style(80, "", "", "dumb").colour);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe_aligns),
        cmocka_unit_test(pipe_shows_nulls),
        cmocka_unit_test(pipe_cuts_nothing),
        cmocka_unit_test(empty_prints_nothing),
        cmocka_unit_test(unfinished_row_is_left_out),
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(wide_characters_align),
        cmocka_unit_test(counts),
        cmocka_unit_test(reals),
        cmocka_unit_test(money),
        cmocka_unit_test(seconds),
        cmocka_unit_test(json_for_people),
        cmocka_unit_test(terminal_wraps_headers_only_if_needed),
        cmocka_unit_test(terminal_cuts_texts),
        cmocka_unit_test(terminal_leaves_eight_columns),
        cmocka_unit_test(terminal_cuts_the_widest),
        cmocka_unit_test(terminal_paints_the_header),
        cmocka_unit_test(record_prints_downwards),
        cmocka_unit_test(record_cuts_texts_on_a_terminal),
        cmocka_unit_test(json_rows),
        cmocka_unit_test(json_record),
        cmocka_unit_test(json_keeps_the_terminal_safe),
        cmocka_unit_test(csv_quotes),
        cmocka_unit_test(tsv_separates),
        cmocka_unit_test(prometheus_labels),
        cmocka_unit_test(prometheus_record),
        cmocka_unit_test(prometheus_escapes_and_repeats_nothing),
        cmocka_unit_test(formats_by_name),
        cmocka_unit_test(style_of_a_file),
        cmocka_unit_test(style_of_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
