/* histogram: how values are spread, in buckets that can be counted, added and taken away.
 *
 * A bucket is the same in every histogram, so that histograms merge by adding counts. Its width is less than a 128th of
 * its values: what stands for it is within 0.4 % of each. (HdrHistogram's scheme: powers of two, each in equal parts.)
 */
#ifndef PL_RULES_HISTOGRAM_H
#define PL_RULES_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum { HISTOGRAM_PARTS = 128, HISTOGRAM_BUCKETS = (63 - 7 + 1) * HISTOGRAM_PARTS };

struct histogram {
    int64_t count;
    int64_t counts[HISTOGRAM_BUCKETS];
};

/* The bucket of VALUE, which is at least 0; a greater value is never in a lower bucket. */
int histogram_bucket(int64_t value);
/* What stands for the values of a bucket: its middle. */
double histogram_middle(int bucket);
/* Counts TIMES values in BUCKET; what is out of range is left out. */
void histogram_add(struct histogram *histogram, int64_t bucket, int64_t times);
/* The value at PERCENT (over 0, up to 100) of all, by the nearest-rank rule. NaN of an empty one. */
double histogram_percentile(const struct histogram *histogram, int percent);

#endif
