/* What is known of a pattern, from exact sums: every border of the score, and the means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/clock.h"
#include "rules/figures.h"
#include "random.h"

static const struct share NOTHING_KNOWN = {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};

static struct share took(int64_t duration_ms) {
    struct share share = NOTHING_KNOWN;
    share.duration_ms = duration_ms;
    return share;
}

static struct share went(int64_t errors, int64_t retries) {
    struct share share = NOTHING_KNOWN;
    share.errors = errors;
    share.retries = retries;
    return share;
}

static struct share cost(int64_t nano_dollars) {
    struct share share = NOTHING_KNOWN;
    share.cost = nano_dollars;
    return share;
}

static void add_times(struct sums *sums, struct share share, int times) {
    for (int i = 0; i < times; i++)
        sums_add(sums, &share, 1);
}

/* -- sums --------------------------------------------------------------------------------------------------------- */

static void unknown_is_not_zero(void **state) {
    struct sums sums = {0};
    struct share known = {100, 2000, 3000, 1, 2};
    (void)state;
    add_times(&sums, NOTHING_KNOWN, 3);
    assert_int_equal(sums.occurrences, 3);
    assert_int_equal(sums.tokens_known + sums.cost_known + sums.durations_known + sums.errors_known +
                         sums.retries_known,
                     0);
    sums_add(&sums, &known, 1);
    assert_int_equal(sums.occurrences, 4);
    assert_int_equal(sums.tokens_known, 1);
    assert_int_equal(sums.tokens, 100);
    assert_int_equal(sums.cost_known, 1);
    assert_int_equal(sums.cost, 2000);
    assert_int_equal(sums.durations_known, 1);
    assert_int_equal(sums.durations, 3000);
    assert_true(sums.duration_squares == 9000000);
    assert_int_equal(sums.errors_known, 1);
    assert_int_equal(sums.errors, 1);
    assert_int_equal(sums.retries_known, 1);
    assert_int_equal(sums.retries, 2);
}

/* A zero is known; but a duration of 0 does not enter the consistency. */
static void zero_is_known(void **state) {
    struct sums sums = {0};
    (void)state;
    sums_add(&sums, &(struct share){0, 0, 0, 0, 0}, 1);
    assert_int_equal(sums.tokens_known, 1);
    assert_int_equal(sums.cost_known, 1);
    assert_int_equal(sums.durations_known, 0);
    assert_int_equal(sums.errors_known, 1);
    assert_int_equal(sums.retries_known, 1);
    struct figures figures = sums_figures(&sums, 0, 0);
    assert_int_equal(figures.avg_tokens_with_llm, 0);
    assert_true(figures.avg_cost_with_llm == 0);
    assert_true(figures.potential_monthly_savings == 0);
}

static void what_is_taken_out_leaves_no_trace(void **state) {
    struct sums sums = {0}, empty = {0};
    const struct share shares[] = {{1, 2, 3, 4, 5},
                                   {UNKNOWN, 7, UNKNOWN, 0, UNKNOWN},
                                   {0, 0, 0, 0, 0},
                                   {TOKENS_MAX, COST_MAX, DURATION_MAX, COUNT_MAX, COUNT_MAX}};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        sums_add(&sums, &shares[i], 1);
    for (size_t i = 0; i < 4; i++)
        sums_add(&sums, &shares[(i + 2) % 4], -1);
    assert_true(sums_equal(&sums, &empty));
}

static void every_sum_is_compared(void **state) {
    struct sums sums = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, other;
    int64_t *const fields[] = {&other.occurrences, &other.tokens_known,    &other.tokens,    &other.cost_known,
                               &other.cost,        &other.durations_known, &other.durations, &other.errors_known,
                               &other.errors,      &other.retries_known,   &other.retries};
    (void)state;
    other = sums;
    assert_true(sums_equal(&sums, &other));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        other = sums;
        ++*fields[i];
        assert_false(sums_equal(&sums, &other));
    }
    other = sums;
    other.duration_squares += (wide)1 << 64;
    assert_false(sums_equal(&sums, &other));
}

static void squares_have_128_bits(void **state) {
    struct sums sums = {0};
    (void)state;
    add_times(&sums, took(DURATION_MAX), 1000);
    assert_true(sums.duration_squares == (wide)DURATION_MAX * DURATION_MAX * 1000);
    assert_true(sums.duration_squares > (wide)INT64_MAX * 1000);
    /* equal durations vary by nothing, however long they are */
    assert_int_equal(sums_confidence(&sums).consistency, 30);
    sums_add(&sums, &(struct share){UNKNOWN, UNKNOWN, 1, UNKNOWN, UNKNOWN}, 1);
    assert_int_equal(sums_confidence(&sums).consistency, 10);
}

static void merging_adds(void **state) {
    struct sums a = {0}, b = {0}, all = {0};
    const struct share shares[] = {{1, 2, 3, 4, 5}, {UNKNOWN, 7, 8, 0, UNKNOWN}, {10, UNKNOWN, 30, 40, 50}};
    (void)state;
    for (int i = 0; i < 9; i++) {
        sums_add(i % 2 ? &a : &b, &shares[i % 3], 1);
        sums_add(&all, &shares[i % 3], 1);
    }
    assert_true(sums_merge(&a, &b));
    assert_true(sums_equal(&a, &all));
    sums_add(&b, &shares[0], -1);
    struct sums less = {0};
    sums_add(&less, &shares[0], -1);
    assert_true(sums_merge(&a, &less));
    sums_add(&all, &shares[0], -1);
    assert_true(sums_equal(&a, &all));
}

/* Where one sum would not fit, none is changed. */
static void merging_never_overflows(void **state) {
    const struct sums one = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct sums full = one;
    int64_t *const fields[] = {&full.occurrences, &full.tokens_known,    &full.tokens,    &full.cost_known,
                               &full.cost,        &full.durations_known, &full.durations, &full.errors_known,
                               &full.errors,      &full.retries_known,   &full.retries};
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        full = one;
        *fields[i] = INT64_MAX;
        struct sums before = full;
        assert_false(sums_merge(&full, &one));
        assert_true(sums_equal(&full, &before));
        *fields[i] = INT64_MAX - 1;
        assert_true(sums_merge(&full, &one));
        assert_true(*fields[i] == INT64_MAX);
        full = one;
        *fields[i] = -INT64_MAX;
        before = full;
        struct sums less = {0};
        less.occurrences = less.tokens_known = less.tokens = less.cost_known = less.cost = less.durations_known = -2;
        less.durations = less.errors_known = less.errors = less.retries_known = less.retries = -2;
        assert_false(sums_merge(&full, &less));
        assert_true(sums_equal(&full, &before));
    }
    full = one;
    wide most = (((wide)1 << 126) - 1) * 2 + 1;
    full.duration_squares = most;
    assert_false(sums_merge(&full, &one));
    assert_int_equal(full.occurrences, 1);
    full.duration_squares = most - 1;
    assert_true(sums_merge(&full, &one));
    assert_true(full.duration_squares == most);
}

/* Sums of thousands of records at the bound of costs, and of millions at the others, stay below 2^63. */
static void bounds_leave_room(void **state) {
    (void)state;
    assert_true((wide)TOKENS_MAX * 9000000 <= INT64_MAX);
    assert_true((wide)DURATION_MAX * 9000000 <= INT64_MAX);
    assert_true((wide)COUNT_MAX * 9000000 <= INT64_MAX);
    assert_true((wide)COST_MAX * 9000 <= INT64_MAX);
}

/* -- confidence --------------------------------------------------------------------------------------------------- */

static int frequency_of(int occurrences) {
    struct sums sums = {0};
    add_times(&sums, NOTHING_KNOWN, occurrences);
    return sums_confidence(&sums).frequency;
}

static void frequency(void **state) {
    (void)state;
    assert_int_equal(frequency_of(1), 10);
    assert_int_equal(frequency_of(2), 10);
    assert_int_equal(frequency_of(3), 20);
    assert_int_equal(frequency_of(4), 20);
    assert_int_equal(frequency_of(5), 30);
    assert_int_equal(frequency_of(9), 30);
    assert_int_equal(frequency_of(10), 40);
    assert_int_equal(frequency_of(1000), 40);
}

static int consistency_of(const int64_t *durations, size_t count) {
    struct sums sums = {0};
    for (size_t i = 0; i < count; i++)
        sums_add(&sums, &(struct share){UNKNOWN, UNKNOWN, durations[i], UNKNOWN, UNKNOWN}, 1);
    return sums_confidence(&sums).consistency;
}

#define CONSISTENCY(...)                                                                                               \
    consistency_of((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void fewer_than_two_durations(void **state) {
    (void)state;
    assert_int_equal(CONSISTENCY(UNKNOWN), 15);
    assert_int_equal(CONSISTENCY(UNKNOWN, UNKNOWN, UNKNOWN), 15);
    assert_int_equal(CONSISTENCY(5000), 15);
    assert_int_equal(CONSISTENCY(5000, UNKNOWN), 15);
    assert_int_equal(CONSISTENCY(5000, 0, 0), 15); /* positive ones */
    assert_int_equal(CONSISTENCY(5000, 5000), 30);
}

/* Two durations that lie 2 d apart have the variance d^2. */
static void variance_borders(void **state) {
    (void)state;
    assert_int_equal(CONSISTENCY(1000, 20998), 30); /* 9.999^2 */
    assert_int_equal(CONSISTENCY(1000, 21000), 20); /* 100 exactly */
    assert_int_equal(CONSISTENCY(1000, 21002), 20);
    assert_int_equal(CONSISTENCY(100000, 163244), 20); /* 31.622^2 = 999.95 */
    assert_int_equal(CONSISTENCY(100000, 163246), 10); /* 31.623^2 = 1000.01 */
    /* 1000 exactly: 10^2 + 30^2 = (20^2 + 20^2 + 60^2 + 60^2) / 8 */
    assert_int_equal(CONSISTENCY(80000, 120000, 40000, 160000, 100000, 100000, 100000, 100000), 10);
    assert_int_equal(CONSISTENCY(80000, 120000, 40001, 160000, 100000, 100000, 100000, 100000), 20);
    /* 100 exactly: (2^2 + 2^2 + 14^2 + 14^2) / 4 */
    assert_int_equal(CONSISTENCY(98000, 102000, 86000, 114000), 20);
    assert_int_equal(CONSISTENCY(98000, 102000, 86001, 114000), 30);
    assert_int_equal(CONSISTENCY(98000, 102000, 85999, 114000), 20);
}

/* Nothing is lost to floating point, however large the durations. */
static void variance_is_exact(void **state) {
    struct sums sums = {0};
    (void)state;
    add_times(&sums, took(DURATION_MAX), 500);
    add_times(&sums, took(DURATION_MAX - 20000), 500);
    assert_int_equal(sums_confidence(&sums).consistency, 20);
    add_times(&sums, took(DURATION_MAX - 10000), 1);
    assert_int_equal(sums_confidence(&sums).consistency, 30);
}

static int success_of(const int64_t (*went_so)[2], size_t count) {
    struct sums sums = {0};
    for (size_t i = 0; i < count; i++) {
        struct share share = went(went_so[i][0], went_so[i][1]);
        sums_add(&sums, &share, 1);
    }
    return sums_confidence(&sums).success;
}

#define SUCCESS(...)                                                                                                   \
    success_of((const int64_t[][2]){__VA_ARGS__}, sizeof((const int64_t[][2]){__VA_ARGS__}) / sizeof(int64_t[2]))

static void success(void **state) {
    (void)state;
    assert_int_equal(SUCCESS({0, 0}), 30);
    assert_int_equal(SUCCESS({0, 0}, {0, 0}), 30);
    assert_int_equal(SUCCESS({0, 1}, {0, 0}), 20);
    assert_int_equal(SUCCESS({1, 0}, {0, 0}), 20);
    assert_int_equal(SUCCESS({1, 3}, {0, 0}), 20);
    assert_int_equal(SUCCESS({0, 2}, {0, 1}), 20);
}

static void success_at_means_of_1_2_and_3(void **state) {
    (void)state;
    assert_int_equal(SUCCESS({1, 0}), 10); /* errors exactly 1 */
    assert_int_equal(SUCCESS({2, 0}, {0, 0}), 10);
    assert_int_equal(SUCCESS({0, 2}), 10); /* retries exactly 2 */
    assert_int_equal(SUCCESS({0, 4}, {0, 0}), 10);
    assert_int_equal(SUCCESS({0, 1000}), 10); /* retries alone never bring it below */
    assert_int_equal(SUCCESS({2, 9}), 10);
    assert_int_equal(SUCCESS({3, 0}, {2, 0}), 10); /* 2.5 */
    assert_int_equal(SUCCESS({3, 0}), 5);          /* errors exactly 3 */
    assert_int_equal(SUCCESS({6, 0}, {0, 0}), 5);
    assert_int_equal(SUCCESS({4, 1}), 5);
}

/* With none known, a mean is 0; the mean is over those known, not over the occurrences. */
static void success_where_not_all_is_known(void **state) {
    (void)state;
    assert_int_equal(SUCCESS({UNKNOWN, UNKNOWN}), 30);
    assert_int_equal(SUCCESS({0, UNKNOWN}), 30);
    assert_int_equal(SUCCESS({UNKNOWN, 0}), 30);
    assert_int_equal(SUCCESS({1, UNKNOWN}, {UNKNOWN, UNKNOWN}), 10);
    assert_int_equal(SUCCESS({3, UNKNOWN}, {UNKNOWN, UNKNOWN}, {UNKNOWN, UNKNOWN}), 5);
    assert_int_equal(SUCCESS({UNKNOWN, 2}, {UNKNOWN, UNKNOWN}), 10);
    assert_int_equal(SUCCESS({UNKNOWN, 1}, {UNKNOWN, UNKNOWN}), 20);
}

static void no_occurrence_scores_10(void **state) {
    struct sums sums = {0};
    (void)state;
    struct confidence confidence = sums_confidence(&sums);
    assert_int_equal(confidence.frequency + confidence.consistency + confidence.success, 10);
    assert_true(sums_figures(&sums, 0, 0).confidence_score == 10);
}

static void the_score_is_the_sum(void **state) {
    struct sums sums = {0};
    struct share share = {5000, 500000000, 120000, 0, 0};
    (void)state;
    sums_add(&sums, &share, 1);
    assert_true(sums_figures(&sums, 0, 0).confidence_score == 55);
    for (int i = 1; i < 10; i++)
        sums_add(&sums, &share, 1);
    assert_true(sums_figures(&sums, 0, 0).confidence_score == 100);
}

/* -- means -------------------------------------------------------------------------------------------------------- */

static void tokens_are_rounded_down(void **state) {
    struct sums sums = {0};
    (void)state;
    sums_add(&sums, &(struct share){5000, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}, 1);
    assert_int_equal(sums_figures(&sums, 0, 0).avg_tokens_with_tool, 250);
    sums_add(&sums, &(struct share){5999, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}, 1);
    add_times(&sums, NOTHING_KNOWN, 5);
    struct figures figures = sums_figures(&sums, 0, 0);
    assert_int_equal(figures.avg_tokens_with_llm, 5499);
    assert_int_equal(figures.avg_tokens_with_tool, 274); /* 274.97 */
}

static void what_is_not_known_is_not_there(void **state) {
    struct sums sums = {0};
    (void)state;
    add_times(&sums, NOTHING_KNOWN, 4);
    struct figures figures = sums_figures(&sums, 0, DAY_US);
    assert_int_equal(figures.avg_tokens_with_llm, UNKNOWN);
    assert_int_equal(figures.avg_tokens_with_tool, UNKNOWN);
    assert_true(isnan(figures.avg_cost_with_llm));
    assert_true(isnan(figures.avg_cost_with_tool));
    assert_true(isnan(figures.potential_monthly_savings));
}

/* A mean is the double nearest to the exact quotient. */
static void costs_are_exact_means(void **state) {
    struct sums sums = {0};
    (void)state;
    add_times(&sums, cost(500000000), 1);
    assert_true(sums_figures(&sums, 0, 0).avg_cost_with_llm == 0.5);
    assert_true(sums_figures(&sums, 0, 0).avg_cost_with_tool == 0.025);
    add_times(&sums, cost(600000000), 1);
    assert_true(sums_figures(&sums, 0, 0).avg_cost_with_llm == 0.55);
    add_times(&sums, NOTHING_KNOWN, 3);
    assert_true(sums_figures(&sums, 0, 0).avg_cost_with_llm == 0.55);
}

static void equal_costs_have_themselves_as_mean(void **state) {
    static const struct {
        int64_t nano_dollars;
        double dollars, with_tool;
    } costs[] = {{100000000, 0.1, 0.005},
                 {10000000, 0.01, 0.0005},
                 {1, 1e-9, 5e-11},
                 {123456789, 0.123456789, 0.00617283945},
                 {49990000000, 49.99, 2.4995},
                 {700000, 0.0007, 0.000035}};
    (void)state;
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        struct sums sums = {0};
        for (int n = 1; n <= 100; n++) {
            add_times(&sums, cost(costs[i].nano_dollars), 1);
            struct figures figures = sums_figures(&sums, 0, 0);
            if (figures.avg_cost_with_llm != costs[i].dollars || figures.avg_cost_with_tool != costs[i].with_tool)
                fail_msg("%d times %.17g: mean %.17g, with a tool %.17g", n, costs[i].dollars,
                         figures.avg_cost_with_llm, figures.avg_cost_with_tool);
        }
    }
}

static double savings_of(int64_t nano_dollars, int known, int unknown, double days) {
    struct sums sums = {0};
    add_times(&sums, cost(nano_dollars), known);
    add_times(&sums, NOTHING_KNOWN, unknown);
    return sums_figures(&sums, 1000 * DAY_US, 1000 * DAY_US + (int64_t)(days * (double)DAY_US))
        .potential_monthly_savings;
}

static void near(double got, double wanted) {
    if (!(fabs(got - wanted) <= 1e-15 * fabs(wanted)))
        fail_msg("wanted %.17g, got %.17g", wanted, got);
}

static void savings_within_30_days(void **state) {
    (void)state;
    near(savings_of(500000000, 1, 0, 0), 0.475);
    near(savings_of(500000000, 1, 0, 29.9), 0.475);
    near(savings_of(500000000, 1, 0, 30), 0.475);
    near(savings_of(1000000000, 10, 0, 15), 9.5);
    /* the mean of those known stands for every occurrence */
    near(savings_of(1000000000, 5, 5, 15), 9.5);
}

static void savings_beyond_30_days(void **state) {
    (void)state;
    near(savings_of(1000000000, 10, 0, 60), 4.75);
    near(savings_of(1000000000, 10, 0, 30.5), 9.5 * 30 / 30.5);
    near(savings_of(1000000000, 10, 0, 45.25), 9.5 * 30 / 45.25);
    near(savings_of(1000000000, 5, 5, 300), 0.95);
    assert_true(savings_of(1000000000, 10, 0, 30.0001) < 9.5);
    /* from year 1 to 9999 */
    struct sums sums = {0};
    add_times(&sums, cost(1000000000), 2);
    double days = 3652058;
    near(sums_figures(&sums, -62135596800 * SECOND_US, (-62135596800 + 3652058LL * 86400) * SECOND_US)
             .potential_monthly_savings,
         1.9 * 30 / days);
}

/* -- property: as from the shares themselves ---------------------------------------------------------------------- */

static int64_t perhaps(uint64_t below) {
    return random_next() % 4 == 0 ? UNKNOWN : (int64_t)(random_next() % below);
}

enum { WORKFLOWS = 12 };

/* By the definition: the mean of the squared distances from the mean, in s^2, times the square of the count and 10^6.
 */
static int naive_consistency(const struct share *shares, int count) {
    wide n = 0, sum = 0, scaled = 0;
    for (int i = 0; i < count; i++) {
        n += shares[i].duration_ms > 0;
        sum += shares[i].duration_ms > 0 ? shares[i].duration_ms : 0;
    }
    if (n < 2)
        return 15;
    for (int i = 0; i < count; i++) {
        wide distance = n * shares[i].duration_ms - sum;
        scaled += shares[i].duration_ms > 0 ? distance * distance : 0;
    }
    wide unit = n * n * n * 1000000;
    return scaled < 100 * unit ? 30 : scaled < 1000 * unit ? 20 : 10;
}

static double mean_of(int64_t sum, int64_t known) {
    return known > 0 ? (double)sum / (double)known : 0;
}

static int naive_success(const struct share *shares, int count) {
    int64_t errors = 0, retries = 0, errors_known = 0, retries_known = 0;
    for (int i = 0; i < count; i++) {
        errors_known += shares[i].errors != UNKNOWN;
        retries_known += shares[i].retries != UNKNOWN;
        errors += shares[i].errors != UNKNOWN ? shares[i].errors : 0;
        retries += shares[i].retries != UNKNOWN ? shares[i].retries : 0;
    }
    double e = mean_of(errors, errors_known), r = mean_of(retries, retries_known);
    return e <= 0 && r <= 0 ? 30 : e < 1 && r < 2 ? 20 : e < 3 ? 10 : 5;
}

static void random_histories(void **state) {
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct share shares[WORKFLOWS];
        struct sums sums = {0}, merged = {0};
        int count = 1 + (int)(random_next() % WORKFLOWS);
        uint64_t spread = 1 + random_next() % 100000, most = 1 + random_next() % 8;
        for (int i = 0; i < count; i++) {
            shares[i] = (struct share){perhaps(1000), perhaps(1000), perhaps(spread), perhaps(most), perhaps(most)};
            sums_add(&sums, &shares[i], 1);
            struct sums one = {0};
            sums_add(&one, &shares[i], 1);
            assert_true(sums_merge(&merged, &one));
        }
        assert_true(sums_equal(&sums, &merged));
        struct confidence confidence = sums_confidence(&sums);
        assert_int_equal(confidence.consistency, naive_consistency(shares, count));
        assert_int_equal(confidence.success, naive_success(shares, count));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_is_not_zero),
        cmocka_unit_test(zero_is_known),
        cmocka_unit_test(what_is_taken_out_leaves_no_trace),
        cmocka_unit_test(every_sum_is_compared),
        cmocka_unit_test(squares_have_128_bits),
        cmocka_unit_test(merging_adds),
        cmocka_unit_test(merging_never_overflows),
        cmocka_unit_test(bounds_leave_room),
        cmocka_unit_test(frequency),
        cmocka_unit_test(fewer_than_two_durations),
        cmocka_unit_test(variance_borders),
        cmocka_unit_test(variance_is_exact),
        cmocka_unit_test(success),
        cmocka_unit_test(success_at_means_of_1_2_and_3),
        cmocka_unit_test(success_where_not_all_is_known),
        cmocka_unit_test(no_occurrence_scores_10),
        cmocka_unit_test(the_score_is_the_sum),
        cmocka_unit_test(tokens_are_rounded_down),
        cmocka_unit_test(what_is_not_known_is_not_there),
        cmocka_unit_test(costs_are_exact_means),
        cmocka_unit_test(equal_costs_have_themselves_as_mean),
        cmocka_unit_test(savings_within_30_days),
        cmocka_unit_test(savings_beyond_30_days),
        cmocka_unit_test(random_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
