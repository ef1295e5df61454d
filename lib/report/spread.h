/* spread: a histogram in a few rows, for people. Their borders are round numbers, each row about as many times as high
 * as the one before it. */
#ifndef PL_REPORT_SPREAD_H
#define PL_REPORT_SPREAD_H

#include <stddef.h>
#include <stdint.h>

#include "rules/histogram.h"

enum { SPREAD_LEAST = 8, SPREAD_MOST = 10 };

struct spread {
    size_t count;                    /* rows: from SPREAD_LEAST to SPREAD_MOST; 0 of an empty histogram */
    double borders[SPREAD_MOST + 1]; /* row I is of [borders[I], borders[I + 1]); the first may begin at 0 */
    int64_t times[SPREAD_MOST];
};

/* HISTOGRAM is of whole numbers from 0; values below the lowest border count in the first row. */
struct spread spread_of(const struct histogram *histogram);
/* The row of VALUE, which is in the histogram. */
size_t spread_row(const struct spread *spread, double value);

#endif
