/* sparkline: how a figure went, in one line of blocks: "gpt-5  ▃▅▇". */
#ifndef PL_REPORT_SPARKLINE_H
#define PL_REPORT_SPARKLINE_H

#include <stdio.h>

#include "base/text.h"
#include "report/table.h"

struct sparkline {
    struct span label;    /* anything: it is escaped */
    const double *values; /* from the oldest on */
    size_t count;
};

/* Prints a line for each on a terminal of STYLE's width, the labels in a column of at most half of it; where not all
 * values fit, the latest. The lowest block is LEAST, the highest MOST. */
void sparklines_print(const struct sparkline *lines, size_t count, double least, double most,
                      const struct table_style *style, FILE *out);

#endif
