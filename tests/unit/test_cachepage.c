/* A cache's figures as people and programs read them, of made-up figures: bars, rows of a histogram, targets, JSON,
 * single figures, and the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "input/record.h"
#include "report/bars.h"
#include "report/cachedata.h"
#include "report/cachepage.h"
#include "report/spread.h"
#include "report/table_private.h"

static const int64_t NOON = 1772366400000000; /* 2026-03-01 12:00:00 */
static const int64_t HOUR_US = 3600000000;

static const struct table_style PIPE = {.format = FORMAT_TABLE}, JSON = {.format = FORMAT_JSON};
static const struct cache_targets TARGETS = {{0.30, 20, 10, 5}};

/* -- made-up figures -------------------------------------------------------------------------------------------- */

/* Nothing is known. */
static struct cachestat nothing(void) {
    const double unknown = (double)NAN;
    return (struct cachestat){
        .hit_rate = unknown,
        .savings_percentage = unknown,
        .lookup_p50 = unknown,
        .lookup_p95 = unknown,
        .lookup_p99 = unknown,
        .write_p95 = unknown,
        .recent_p95 = unknown,
        .baseline_p95 = unknown,
        .updated_at = NO_TIME,
        .prompt_cache = {.hit_rate = unknown, .token_hit_rate = unknown, .net_saved = unknown},
        .lookups = xcalloc(1, sizeof(struct histogram)),
    };
}

static struct cache_savings savings(const char *name, int64_t at, int64_t saved) {
    struct cache_savings made = {xcalloc(1, sizeof *made.items), 1};
    made.items[0] = (struct cache_saving){name != NULL ? xstrdup(name) : NULL, at, 3, 1, 2, saved};
    return made;
}

/* A cache with one of each, whose names are SIGNATURE and ACCOUNT. */
static struct cachestat one_of_each(const char *signature, const char *account) {
    struct cachestat stat = nothing();
    stat.hits = 3;
    stat.misses = 1;
    stat.writes = 2;
    stat.hit_rate = 0.75;
    stat.top_count = 1;
    stat.top = xcalloc(1, sizeof *stat.top);
    stat.top[0] = (struct cache_signature_row){xstrdup(signature), 3, NO_TIME, NOON - 1, 7000000, 1.5, true};
    stat.saved = 7000001;
    stat.savings_percentage = 87.5;
    stat.per_account = savings(account, 0, 7000000);
    stat.per_user = savings("ann", 0, 7000000);
    stat.hourly = savings(NULL, NOON, 7000000);
    stat.daily = savings(NULL, NOON - 12 * HOUR_US, 7000000);
    stat.lookup_p50 = stat.lookup_p95 = stat.lookup_p99 = 1.5;
    stat.write_p95 = 5.5;
    stat.recent_p95 = 1.5;
    stat.baseline_p95 = 1;
    stat.degradation_alert = true;
    stat.memory_usage = 1234567;
    stat.updated_at = NOON;
    stat.prompt_cache = (struct prompt_cache){4, 0.5, 0.25, -0.125};
    histogram_add(stat.lookups, histogram_bucket(1500000), 4);
    return stat;
}

static const struct cachestat_options ASKED = {.now = 1772366400000000, .since = INT64_MIN, .until = INT64_MIN};

/* -- what is printed -------------------------------------------------------------------------------------------- */

struct printed {
    FILE *out;
    char *text;
    size_t size;
};

static void begin(struct printed *printed) {
    *printed = (struct printed){0};
    printed->out = open_memstream(&printed->text, &printed->size);
    assert_non_null(printed->out);
}

/* Checks all that was printed. */
static void ends(struct printed *printed, const char *wanted) {
    fclose(printed->out);
    assert_string_equal(printed->text, wanted);
    free(printed->text);
}

static void prints_page(const struct cachestat *stat, const struct table_style *style, const char *wanted) {
    struct printed printed;
    begin(&printed);
    cachepage_print(stat, &ASKED, &TARGETS, style, printed.out);
    ends(&printed, wanted);
}

/* -- bars ------------------------------------------------------------------------------------------------------- */

static void draws(double share, double tick, bool plain, const char *wanted) {
    struct text text = {0};
    gauge_append(&text, share, tick, 4, plain);
    assert_string_equal(text.s, wanted);
    text_free(&text);
}

static void bars_fill_their_width(void **state) {
    const double none = (double)NAN;
    (void)state;
    draws(0, none, false, "    ");
    draws(1, none, false, "████");
    draws(0.5, none, false, "██  ");
    draws(0.40625, none, false, "█▋  ");
    draws(1e-9, none, false, "▏   ");
    draws(none, none, false, "    ");
    draws(-1, none, false, "    ");
    draws((double)INFINITY, none, false, "████");
    draws(0.5, none, true, "##  ");
    draws(1e-9, none, true, "#   ");
}

static void ticks_stand_where_a_bound_is(void **state) {
    (void)state;
    draws(0, 0, false, "┃   ");
    draws(1, 0.5, false, "██┃█");
    draws(0.25, 1, false, "█  ┃");
    draws(0.25, 1.1, false, "█   ");
    draws(0.5, 0.75, true, "## |");
}

static void columns_stand_side_by_side(void **state) {
    static const double shares[] = {1, 0.5, 0.0001, 0, 0.75};
    const struct columns columns = {shares, 5, 2, 1, 2};
    struct text text = {0};
    (void)state;
    columns_append(&text, &columns, 0, false);
    text_string(&text, "\n");
    columns_append(&text, &columns, 1, false);
    text_string(&text, "\n");
    columns_append(&text, &columns, 0, true);
    assert_string_equal(text.s, "██          ▄▄\n██ ██ ▁▁    ██\n##          ##");
    text_free(&text);
}

/* -- rows of a histogram ---------------------------------------------------------------------------------------- */

/* Checks that rows are few, in order, and hold every value. */
static struct spread spread_between(int64_t least, int64_t most) {
    struct histogram *histogram = xcalloc(1, sizeof *histogram);
    int64_t sum = 0;
    histogram_add(histogram, histogram_bucket(least), 1);
    for (double value = (double)least + 1; value <= (double)most; value *= 1.01)
        histogram_add(histogram, histogram_bucket((int64_t)value), 1);
    struct spread spread = spread_of(histogram);
    assert_in_range(spread.count, SPREAD_LEAST, SPREAD_MOST);
    for (size_t row = 0; row < spread.count; row++) {
        assert_true(spread.borders[row] < spread.borders[row + 1]);
        assert_int_equal(spread_row(&spread, spread.borders[row]), row);
        sum += spread.times[row];
    }
    assert_int_equal(sum, histogram->count);
    free(histogram);
    return spread;
}

static void rows_are_as_wide_as_it_takes(void **state) {
    (void)state;
    struct spread narrow = spread_between(1500000, 1500000);
    assert_true(narrow.borders[0] > 1000000 && narrow.borders[narrow.count] < 3000000);
    struct spread usual = spread_between(310000, 11000000);
    assert_true(usual.borders[0] == 300000 && usual.borders[usual.count] == 15000000);
    struct spread from_zero = spread_between(0, 100);
    assert_true(from_zero.borders[0] == 0 && from_zero.borders[1] == 1100 && from_zero.times[0] > 10);
    struct spread all = spread_between(0, INT64_MAX / 2);
    assert_true(all.borders[0] == 0 && all.count == SPREAD_MOST);
}

static void no_rows_of_nothing(void **state) {
    struct histogram *histogram = xcalloc(1, sizeof *histogram);
    (void)state;
    assert_int_equal(spread_of(histogram).count, 0);
    free(histogram);
}

/* -- targets ---------------------------------------------------------------------------------------------------- */

static void checks(const struct cachestat *stat, const struct table_style *style, int missed, const char *wanted) {
    struct printed printed;
    begin(&printed);
    assert_int_equal(cache_targets_print(stat, &TARGETS, style, printed.out), missed);
    ends(&printed, wanted);
}

static void unknown_figures_miss_nothing(void **state) {
    struct cachestat stat = nothing();
    (void)state;
    checks(&stat, &PIPE, 0, "");
    checks(&stat, &JSON, 0, "");
    cachestat_free(&stat);
}

static void bounds_themselves_are_met(void **state) {
    struct cachestat stat = nothing();
    (void)state;
    stat.hit_rate = (double)30 / 100;
    stat.savings_percentage = 20;
    stat.lookup_p95 = histogram_middle(histogram_bucket(10000000)) / 1e6;
    stat.write_p95 = histogram_middle(histogram_bucket(5000000)) / 1e6;
    stat.recent_p95 = 1.2;
    stat.baseline_p95 = 1;
    checks(&stat, &PIPE, 0, "");
    cachestat_free(&stat);
}

static void missed_targets_are_told(void **state) {
    struct cachestat stat = nothing();
    (void)state;
    stat.hit_rate = (double)3 / 14;
    stat.savings_percentage = 19.9999;
    stat.lookup_p95 = 12.547;
    stat.write_p95 = 5.1;
    stat.recent_p95 = 2.6;
    stat.baseline_p95 = 2;
    stat.degradation_alert = true;
    checks(&stat, &PIPE, 5,
           "hit_rate 0.21 is under 0.30\n"
           "savings_percentage 19.9999 % is under 20 %\n"
           "lookup_p95 12.55 ms is over 10 ms\n"
           "write_p95 5.10 ms is over 5 ms\n"
           "degradation: lookup_p95 of the last 24 hours, 2.60 ms, is over 1.2 times that of the 7 days before, "
           "2.00 ms\n");
    stat.savings_percentage = stat.lookup_p95 = stat.write_p95 = stat.recent_p95 = (double)NAN;
    checks(&stat, &JSON, 1, "[\n {\"figure\":\"hit_rate\",\"value\":0.21428571428571427,\"target\":0.3}\n]\n");
    cachestat_free(&stat);
}

/* -- programs --------------------------------------------------------------------------------------------------- */

static void prints_data(const struct cachestat *stat, enum table_format format, const char *wanted) {
    struct printed printed;
    begin(&printed);
    cachestat_print(stat, &(struct table_style){.format = format}, printed.out);
    ends(&printed, wanted);
}

static void json_of_nothing(void **state) {
    struct cachestat stat = nothing();
    (void)state;
    prints_data(&stat, FORMAT_JSON,
                "{\"hit_count\":0,\"miss_count\":0,\"hit_rate\":null,\n"
                "\"top_signatures\":[],\n"
                "\"cost_savings\":{\"total_saved\":0,\"per_account\":{},\"per_user\":{},\"savings_percentage\":null,"
                "\"hourly_savings\":[],\"daily_savings\":[]},\n"
                "\"performance\":{\"lookup_p50\":null,\"lookup_p95\":null,\"lookup_p99\":null,\"write_p95\":null,"
                "\"memory_usage\":0,\"total_operations\":0,\"degradation_alert\":false},\n"
                "\"prompt_cache\":{\"requests\":0,\"hit_rate\":null,\"token_hit_rate\":null,\"net_saved\":null},"
                "\"updated_at\":null}\n");
    cachestat_free(&stat);
}

static void json_of_one_of_each(void **state) {
    struct cachestat stat = one_of_each("a\"\n\033", "team");
    (void)state;
    prints_data(
        &stat, FORMAT_JSON,
        "{\"hit_count\":3,\"miss_count\":1,\"hit_rate\":0.75,\n"
        "\"top_signatures\":[\n"
        " {\"signature\":\"a\\\"\\n\\u001b\",\"reuse_count\":3,\"first_cached\":null,\"last_used\":1772366399,"
        "\"cost_saved\":0.007,\"avg_lookup_time\":1.5,\"high_value\":true}\n"
        " ],\n"
        "\"cost_savings\":{\"total_saved\":0.007000001,\"per_account\":{\"team\":0.007},\"per_user\":{\"ann\":0.007},"
        "\"savings_percentage\":87.5,\"hourly_savings\":[{\"hour\":\"2026-03-01 12:00\",\"saved\":0.007}],"
        "\"daily_savings\":[{\"day\":\"2026-03-01\",\"saved\":0.007}]},\n"
        "\"performance\":{\"lookup_p50\":1.5,\"lookup_p95\":1.5,\"lookup_p99\":1.5,\"write_p95\":5.5,"
        "\"memory_usage\":1234567,\"total_operations\":6,\"degradation_alert\":true},\n"
        "\"prompt_cache\":{\"requests\":4,\"hit_rate\":0.5,\"token_hit_rate\":0.25,\"net_saved\":-0.125},"
        "\"updated_at\":\"2026-03-01 12:00:00\"}\n");
    cachestat_free(&stat);
}

static void samples_for_prometheus(void **state) {
    struct cachestat stat = nothing();
    (void)state;
    stat.hits = 3;
    stat.degradation_alert = true;
    stat.updated_at = NOON;
    stat.per_account = savings("team", 0, 7000000);
    prints_data(&stat, FORMAT_PROMETHEUS,
                "# TYPE pl_cache_hit_count gauge\npl_cache_hit_count 3\n"
                "# TYPE pl_cache_miss_count gauge\npl_cache_miss_count 0\n"
                "# TYPE pl_cache_total_saved gauge\npl_cache_total_saved 0\n"
                "# TYPE pl_cache_memory_usage gauge\npl_cache_memory_usage 0\n"
                "# TYPE pl_cache_total_operations gauge\npl_cache_total_operations 3\n"
                "# TYPE pl_cache_degradation_alert gauge\npl_cache_degradation_alert 1\n"
                "# TYPE pl_cache_prompt_cache_requests gauge\npl_cache_prompt_cache_requests 0\n"
                "# TYPE pl_cache_updated_at gauge\npl_cache_updated_at 1772366400\n"
                "# TYPE pl_cache_per_account gauge\npl_cache_per_account{key=\"team\"} 0.007\n");
    cachestat_free(&stat);
}

static void rows_by_hour_and_day(void **state) {
    struct cache_savings rows = savings(NULL, NOON, 7000000);
    struct printed printed;
    (void)state;
    begin(&printed);
    cache_savings_print(&rows, false, &(struct table_style){.format = FORMAT_CSV}, printed.out);
    cache_savings_print(&rows, true, &(struct table_style){.format = FORMAT_CSV}, printed.out);
    ends(&printed, "hour,hit_count,miss_count,write_count,hit_rate,saved\n2026-03-01 12:00,3,1,2,0.75,0.007\n"
                   "day,hit_count,miss_count,write_count,hit_rate,saved\n2026-03-01,3,1,2,0.75,0.007\n");
    cache_savings_free(&rows);
}

static void prints_figure(const struct cachestat *stat, const char *name, const char *wanted) {
    struct printed printed;
    const struct cache_figure *figure = cache_figure_named(name);
    assert_non_null(figure);
    begin(&printed);
    cache_figure_print(stat, figure, printed.out);
    ends(&printed, wanted);
}

static void one_figure_by_its_name(void **state) {
    struct cachestat stat = one_of_each("a", "team"), empty = nothing();
    (void)state;
    prints_figure(&stat, "hit_rate", "0.75\n");
    prints_figure(&stat, "prompt_cache_hit_rate", "0.5\n");
    prints_figure(&stat, "net_saved", "-0.125\n");
    prints_figure(&stat, "total_saved", "0.007000001\n");
    prints_figure(&stat, "total_operations", "6\n");
    prints_figure(&stat, "degradation_alert", "true\n");
    prints_figure(&stat, "updated_at", "2026-03-01 12:00:00\n");
    prints_figure(&empty, "updated_at", "\n");
    prints_figure(&empty, "hit_rate", "\n");
    prints_figure(&empty, "hit_count", "0\n");
    assert_null(cache_figure_named("top_signatures"));
    assert_null(cache_figure_named(""));
    cachestat_free(&stat);
    cachestat_free(&empty);
}

/* -- the page --------------------------------------------------------------------------------------------------- */

static void a_page_of_nothing(void **state) {
    struct cachestat stat = nothing();
    (void)state;
    prints_page(&stat, &PIPE,
                "cache                                                    2026-03-01 12:00:00 UTC\n"
                "\n"
                "no cache event is recorded\n");
    cachestat_free(&stat);
}

static void a_page_in_a_pipe(void **state) {
    struct cachestat stat = one_of_each("a\033[31m", "a team whose name is much too long for half a terminal");
    (void)state;
    prints_page(&stat, &PIPE,
                "cache                                                    2026-03-01 12:00:00 UTC\n"
                "\n"
                "hit rate        75.0%  ########|############         met    at least 30.0%\n"
                "savings         87.5%  #####|###################     met    at least 20.0%\n"
                "lookup p95    1.50 ms  ##            |               met    at most 10 ms\n"
                "write p95     5.50 ms  ##############|               missed at most 5 ms\n"
                "lookup, 24 h  1.50 ms  ##############|###            missed degradation: > 1.20 ms\n"
                "\n"
                "hits                   3    lookup p50       1.50 ms    prompt caches\n"
                "misses                 1    lookup p95       1.50 ms    requests               4\n"
                "writes                 2    lookup p99       1.50 ms    that read any      50.0%\n"
                "saved            $0.0070    baseline p95     1.00 ms    tokens read        25.0%\n"
                "memory            1.2 MB    write p95        5.50 ms    net saved       -$0.1250\n"
                "\n"
                "lookups by time, ms\n"
                "    1.1 - 1.2              0\n"
                "    1.2 - 1.3              0\n"
                "    1.3 - 1.5              0\n"
                "    1.5 - 1.6              4  ###################################### p50 p95 p99\n"
                "    1.6 - 1.8              0\n"
                "    1.8 - 2                0\n"
                "      2 - 2.2              0\n"
                "    2.2 - 2.4              0\n"
                "\n"
                "saved by day, 7 days\n"
                "2026-02-23      $0.00       0 hits\n"
                "2026-02-24      $0.00       0 hits\n"
                "2026-02-25      $0.00       0 hits\n"
                "2026-02-26      $0.00       0 hits\n"
                "2026-02-27      $0.00       0 hits\n"
                "2026-02-28      $0.00       0 hits\n"
                "2026-03-01    $0.0070       3 hits  ############################################\n"
                "\n"
                "saved by hour, 24 hours\n"
                "$0.0070                                                                      ##\n"
                "                                                                             ##\n"
                "                                                                             ##\n"
                "                                                                             ##\n"
                "        13 14 15 16 17 18 19 20 21 22 23 00 01 02 03 04 05 06 07 08 09 10 11 12\n"
                "\n"
                "signature  reuse_count  high_value  cost_saved  avg_lookup_time  first_cached  last_used\n"
                "a\\x1B[31m            3  true           $0.0070              1.5  -             2026-03-01 11:59:59\n"
                "\n"
                "account                                                 hits  hit_rate    saved\n"
                "a team whose name is much too long for half a terminal     3     75.0%  $0.0070\n"
                "\n"
                "user  hits  hit_rate    saved\n"
                "ann      3     75.0%  $0.0070\n");
    cachestat_free(&stat);
}

/* Columns that are seen of a line with escape sequences. */
static size_t columns_of(const char *line, size_t size) {
    struct text seen = {0};
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '\033')
            i += strcspn(line + i, "m");
        else
            text_bytes(&seen, line + i, 1);
    }
    size_t width = display_width(text_span(&seen));
    text_free(&seen);
    return width;
}

static void a_page_fits_its_terminal(void **state) {
    struct cachestat stat = one_of_each("日本 signature of more than one hundred columns, as it goes on and on, "
                                        "and on and on, and on and on, and on and on, and on",
                                        "a team whose name is much too long for half a terminal");
    struct display display;
    (void)state;
    display_enter(&display);
    for (int width = 80; width <= 240; width++) {
        struct table_style style = {FORMAT_TABLE, width, width % 2 == 0};
        struct printed printed;
        int lines = 0;
        begin(&printed);
        cachepage_print(&stat, &ASKED, &TARGETS, &style, printed.out);
        fclose(printed.out);
        for (const char *line = printed.text; *line != '\0'; line += strcspn(line, "\n") + 1, lines++)
            assert_true(columns_of(line, strcspn(line, "\n")) <= (size_t)width);
        assert_true(lines <= 60);
        assert_true(style.colour == (strchr(printed.text, '\033') != NULL));
        free(printed.text);
    }
    display_leave(&display);
    cachestat_free(&stat);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_fill_their_width),
        cmocka_unit_test(ticks_stand_where_a_bound_is),
        cmocka_unit_test(columns_stand_side_by_side),
        cmocka_unit_test(rows_are_as_wide_as_it_takes),
        cmocka_unit_test(no_rows_of_nothing),
        cmocka_unit_test(unknown_figures_miss_nothing),
        cmocka_unit_test(bounds_themselves_are_met),
        cmocka_unit_test(missed_targets_are_told),
        cmocka_unit_test(json_of_nothing),
        cmocka_unit_test(json_of_one_of_each),
        cmocka_unit_test(samples_for_prometheus),
        cmocka_unit_test(rows_by_hour_and_day),
        cmocka_unit_test(one_figure_by_its_name),
        cmocka_unit_test(a_page_of_nothing),
        cmocka_unit_test(a_page_in_a_pipe),
        cmocka_unit_test(a_page_fits_its_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
