/* Thinking budgets: defaults, percentiles, history, and the quality that they go by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/budgets.h"

static const int64_t COUNT_HUGE = INT64_C(1) << 50;

static void defaults(void **state) {
    (void)state;
    assert_int_equal(budget_default(PROMPT_SIMPLE), 3000);
    assert_int_equal(budget_default(PROMPT_MODERATE), 10000);
    assert_int_equal(budget_default(PROMPT_COMPLEX), 20000);
    assert_int_equal(budget_default(PROMPT_DEEP), 28000);
    assert_int_equal(BUDGET_LEAST, 1024);
    assert_int_equal(BUDGET_MOST, 32000);
    assert_int_equal(CLASS_REQUESTS, 5);
    assert_int_equal(GOOD_QUALITY, 800000000);
}

/* The least rank that at least 9 tenths of the values do not exceed. */
static int64_t naive_rank(int64_t count) {
    int64_t rank = 0;
    while (10 * rank < 9 * count)
        rank++;
    return rank;
}

static void percentile_ranks(void **state) {
    (void)state;
    assert_int_equal(budget_percentile_rank(0), 0);
    assert_int_equal(budget_percentile_rank(1), 1);
    assert_int_equal(budget_percentile_rank(5), 5);
    assert_int_equal(budget_percentile_rank(9), 9);
    assert_int_equal(budget_percentile_rank(10), 9);
    assert_int_equal(budget_percentile_rank(11), 10);
    assert_int_equal(budget_percentile_rank(20), 18);
    assert_int_equal(budget_percentile_rank(21), 19);
    for (int64_t count = 0; count < 500; count++)
        assert_int_equal(budget_percentile_rank(count), naive_rank(count));
    assert_int_equal(budget_percentile_rank(INT64_MAX), INT64_MAX - INT64_MAX / 10);
}

static void class_bounds(void **state) {
    (void)state;
    assert_int_equal(budget_from_class(0), 1024);
    assert_int_equal(budget_from_class(1023), 1024);
    assert_int_equal(budget_from_class(1024), 1024);
    assert_int_equal(budget_from_class(1025), 1025);
    assert_int_equal(budget_from_class(31999), 31999);
    assert_int_equal(budget_from_class(32000), 32000);
    assert_int_equal(budget_from_class(32001), 32000);
    assert_int_equal(budget_from_class(TOKENS_MAX), 32000);
}

static void history(void **state) {
    (void)state;
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 0, 0), 10000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 800000001, 1), 9000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 800000000, 1), 10000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 500000000, 1), 10000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 499999999, 1), 11000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 0, 1), 11000);
    assert_int_equal(budget_from_history(PROMPT_SIMPLE, 1000000000, 1), 2700);
    assert_int_equal(budget_from_history(PROMPT_SIMPLE, 0, 1), 3300);
    assert_int_equal(budget_from_history(PROMPT_COMPLEX, 1000000000, 1), 18000);
    assert_int_equal(budget_from_history(PROMPT_COMPLEX, 0, 1), 22000);
    assert_int_equal(budget_from_history(PROMPT_DEEP, 1000000000, 1), 25200);
    assert_int_equal(budget_from_history(PROMPT_DEEP, 0, 1), 30800);
}

/* A mean of exactly 0.8 or 0.5 stays one, whatever it is the mean of. */
static void history_is_exact(void **state) {
    (void)state;
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 2400000000, 3), 10000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 2400000001, 3), 9000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 1500000000, 3), 10000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 1499999999, 3), 11000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, 800000000 * INT64_C(9000000000), INT64_C(9000000000)), 10000);
    assert_int_equal(budget_from_history(PROMPT_MODERATE, INT64_MAX, COUNT_HUGE), 11000);
}

static void quality_of_ratings(void **state) {
    (void)state;
    assert_int_equal(quality_from_ratings(0, 0), UNKNOWN);
    assert_int_equal(quality_from_ratings(1, 1), 0);
    assert_int_equal(quality_from_ratings(2, 1), 250000000);
    assert_int_equal(quality_from_ratings(3, 1), 500000000);
    assert_int_equal(quality_from_ratings(4, 1), 750000000);
    assert_int_equal(quality_from_ratings(5, 1), 1000000000);
    assert_int_equal(quality_from_ratings(9, 2), 875000000);
    assert_int_equal(quality_from_ratings(4, 3), 83333333);     /* 0.0833333333... */
    assert_int_equal(quality_from_ratings(5, 3), 166666667);    /* 0.1666666666... */
    assert_int_equal(quality_from_ratings(513, 512), 488281);   /* 0.00048828125 */
    assert_int_equal(quality_from_ratings(515, 512), 1464844);  /* 0.00146484375 */
    assert_int_equal(quality_from_ratings(2049, 2048), 122070); /* 0.0001220703125 */
    assert_int_equal(quality_from_ratings(129, 128), 1953125);
    assert_int_equal(quality_from_ratings(257, 256), 976563); /* 0.0009765625: half up */
    assert_int_equal(quality_from_ratings(5 * COUNT_HUGE, COUNT_HUGE), 1000000000);
}

static void quality_that_is_assumed(void **state) {
    (void)state;
    assert_int_equal(quality_assumed(1, UNKNOWN), 850000000);
    assert_int_equal(quality_assumed(1, 0), 850000000);
    assert_int_equal(quality_assumed(0, UNKNOWN), 650000000);
    assert_int_equal(quality_assumed(0, 5000), 650000000);
    assert_int_equal(quality_assumed(UNKNOWN, 1), 850000000);
    assert_int_equal(quality_assumed(UNKNOWN, 0), 650000000);
    assert_int_equal(quality_assumed(UNKNOWN, UNKNOWN), 650000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(percentile_ranks),
        cmocka_unit_test(class_bounds),
        cmocka_unit_test(history),
        cmocka_unit_test(history_is_exact),
        cmocka_unit_test(quality_of_ratings),
        cmocka_unit_test(quality_that_is_assumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
