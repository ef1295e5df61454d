/* plot: curves over one another, as characters on a terminal. */
#ifndef PL_REPORT_PLOT_H
#define PL_REPORT_PLOT_H

#include <stddef.h>

#include "base/text.h"

struct curve {
    const double *values; /* evenly spaced, from left to right; one that is not finite is not drawn */
    const char *mark;     /* one column wide */
};

struct plot {
    const struct curve *curves; /* a later one covers an earlier */
    size_t curve_count;
    size_t points;                           /* of each curve, at least 2 */
    size_t width, height;                    /* of the area, in columns and lines: at least 2 */
    const char *top, *bottom, *left, *right; /* what the ends of the axes are marked with, in ASCII */
};

/* Appends the area with its axes, line by line, with the least value at the bottom and the greatest at the top. */
void plot_append(struct text *text, const struct plot *plot);
/* The least and the greatest of all values; false if none is finite. */
bool plot_range(const struct plot *plot, double *least, double *most);

#endif
