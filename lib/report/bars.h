/* bars: shares as bars along a line, or as columns side by side; of block characters, or of '#' where those are plain.
 */
#ifndef PL_REPORT_BARS_H
#define PL_REPORT_BARS_H

#include "base/text.h"

/* Appends a bar of SHARE (0 to 1: less or more is cut, NaN is none) in WIDTH columns, all of them. What is more than
 * nothing shows, however little it is. */
void bar_append(struct text *text, double share, size_t width, bool plain);
/* The same with a tick where TICK is of the whole; NaN: none. */
void gauge_append(struct text *text, double share, double tick, size_t width, bool plain);

struct columns {
    const double *shares; /* 0 to 1, from left to right */
    size_t count;
    size_t width, gap; /* of a column, and between two */
    size_t height;     /* lines */
};

/* Appends line ROW of them, from 0 at the top. */
void columns_append(struct text *text, const struct columns *columns, size_t row, bool plain);

#endif
