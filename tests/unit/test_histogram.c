/* Histograms: how near a bucket is to its values, percentiles against exact ones, and what merging them gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rules/histogram.h"

enum { VALUES = 20000 };

/* Pseudo-random, the same in every run. */
static uint64_t next(uint64_t *seed) {
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return *seed >> 11;
}

static void buckets_are_near_their_values(void **state) {
    uint64_t seed = 1;
    (void)state;
    for (int i = 0; i < VALUES; i++) {
        int64_t value = (int64_t)(next(&seed) >> (i % 50));
        double middle = histogram_middle(histogram_bucket(value));
        assert_true(fabs(middle - (double)value) <= (double)value * 0.004);
    }
    for (int64_t value = 0; value < 256; value++)
        assert_true(histogram_middle(histogram_bucket(value)) == (double)value);
}

static void buckets_are_in_order(void **state) {
    int before = -1;
    (void)state;
    for (int64_t value = 0; value < 100000; value++) {
        int bucket = histogram_bucket(value);
        assert_true(bucket == before || bucket == before + 1);
        before = bucket;
    }
    for (int shift = 7; shift < 63; shift++) {
        int64_t power = (int64_t)1 << shift;
        assert_int_equal(histogram_bucket(power), histogram_bucket(power - 1) + 1);
    }
}

static void every_value_has_a_bucket(void **state) {
    (void)state;
    assert_int_equal(histogram_bucket(0), 0);
    assert_int_equal(histogram_bucket(-5), 0);
    assert_int_equal(histogram_bucket(INT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static int ascending(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The percentiles of COUNT values are within half a percent of those by the nearest rank. */
static void check_percentiles(int64_t *values, int64_t count) {
    struct histogram *histogram = xcalloc(1, sizeof *histogram);
    for (int64_t i = 0; i < count; i++)
        histogram_add(histogram, histogram_bucket(values[i]), 1);
    qsort(values, (size_t)count, sizeof *values, ascending);
    for (int percent = 1; percent <= 100; percent++) {
        double exact = (double)values[(count * percent + 99) / 100 - 1];
        assert_true(fabs(histogram_percentile(histogram, percent) - exact) <= exact * 0.005);
    }
    free(histogram);
}

static void percentiles_of_skewed_values(void **state) {
    static int64_t values[VALUES];
    uint64_t seed = 7;
    (void)state;
    for (int i = 0; i < VALUES; i++)
        values[i] = (int64_t)(pow((double)(i + 1) / VALUES, 9) * 1e12);
    check_percentiles(values, VALUES);
    for (int i = 0; i < VALUES; i++)
        values[i] = (int64_t)(next(&seed) >> (next(&seed) % 53));
    check_percentiles(values, VALUES);
    for (int i = 0; i < VALUES; i++)
        values[i] = i % 20 == 0 ? 900000000 + i : 1000 + i % 3;
    check_percentiles(values, VALUES);
    for (int64_t count = 1; count < 12; count++)
        check_percentiles(values, count);
}

static void percentiles_of_few(void **state) {
    struct histogram *histogram = xcalloc(1, sizeof *histogram);
    (void)state;
    assert_true(isnan(histogram_percentile(histogram, 50)));
    histogram_add(histogram, 100, 1);
    assert_true(histogram_percentile(histogram, 1) == 100);
    assert_true(histogram_percentile(histogram, 100) == 100);
    histogram_add(histogram, 10, 19);
    assert_true(histogram_percentile(histogram, 95) == 10);
    assert_true(histogram_percentile(histogram, 96) == 100);
    free(histogram);
}

static void counts_far_beyond_32_bits(void **state) {
    struct histogram *histogram = xcalloc(1, sizeof *histogram);
    (void)state;
    histogram_add(histogram, 1, INT64_MAX / 2);
    histogram_add(histogram, 2, INT64_MAX / 2);
    assert_true(histogram_percentile(histogram, 50) == 1);
    assert_true(histogram_percentile(histogram, 51) == 2);
    assert_true(histogram_percentile(histogram, 100) == 2);
    free(histogram);
}

static void merged_is_as_counted_together(void **state) {
    struct histogram *both = xcalloc(1, sizeof *both), *parts[2], *merged = xcalloc(1, sizeof *merged);
    uint64_t seed = 3;
    (void)state;
    for (int i = 0; i < 2; i++)
        parts[i] = xcalloc(1, sizeof *parts[i]);
    for (int i = 0; i < VALUES; i++) {
        int bucket = histogram_bucket((int64_t)(next(&seed) >> (i % 40)));
        histogram_add(both, bucket, 1);
        histogram_add(parts[i % 3 == 0], bucket, 1);
    }
    for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
        for (int i = 0; i < 2; i++)
            histogram_add(merged, bucket, parts[i]->counts[bucket]);
    assert_memory_equal(merged, both, sizeof *both);
    for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
        histogram_add(merged, bucket, -parts[1]->counts[bucket]);
    assert_memory_equal(merged, parts[0], sizeof *merged);
    free(both);
    free(parts[0]);
    free(parts[1]);
    free(merged);
}

static void buckets_that_are_none(void **state) {
    struct histogram *histogram = xcalloc(1, sizeof *histogram);
    (void)state;
    histogram_add(histogram, -1, 1);
    histogram_add(histogram, HISTOGRAM_BUCKETS, 1);
    histogram_add(histogram, INT64_MAX, 1);
    assert_int_equal(histogram->count, 0);
    free(histogram);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_near_their_values),
        cmocka_unit_test(buckets_are_in_order),
        cmocka_unit_test(every_value_has_a_bucket),
        cmocka_unit_test(percentiles_of_skewed_values),
        cmocka_unit_test(percentiles_of_few),
        cmocka_unit_test(counts_far_beyond_32_bits),
        cmocka_unit_test(merged_is_as_counted_together),
        cmocka_unit_test(buckets_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
