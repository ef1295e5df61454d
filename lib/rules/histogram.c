#include "rules/histogram.h"

#include <math.h>

enum { PART_BITS = 7 };

/* Values below 128 have a bucket each. Above, the highest bit gives a power of two, the next seven the part of it. */
int histogram_bucket(int64_t value) {
    if (value < HISTOGRAM_PARTS)
        return value > 0 ? (int)value : 0;
    int shift = 63 - __builtin_clzll((unsigned long long)value) - PART_BITS;
    return shift * HISTOGRAM_PARTS + (int)(value >> shift);
}

double histogram_middle(int bucket) {
    if (bucket < 2 * HISTOGRAM_PARTS)
        return bucket;
    int shift = bucket / HISTOGRAM_PARTS - 1;
    double width = ldexp(1, shift);
    return (double)(bucket - shift * HISTOGRAM_PARTS) * width + (width - 1) / 2;
}

void histogram_add(struct histogram *histogram, int64_t bucket, int64_t times) {
    if (bucket < 0 || bucket >= HISTOGRAM_BUCKETS)
        return;
    histogram->counts[bucket] += times;
    histogram->count += times;
}

double histogram_percentile(const struct histogram *histogram, int percent) {
    /* the rank, rounded up, without the product leaving 64 bits */
    int64_t rank = histogram->count / 100 * percent + (histogram->count % 100 * percent + 99) / 100;
    for (int bucket = 0; bucket < HISTOGRAM_BUCKETS && histogram->count > 0; bucket++) {
        rank -= histogram->counts[bucket];
        if (rank <= 0)
            return histogram_middle(bucket);
    }
    return (double)NAN;
}
