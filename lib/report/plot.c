#include "report/plot.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

bool plot_range(const struct plot *plot, double *least, double *most) {
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t i = 0; i < plot->curve_count; i++)
        for (size_t j = 0; j < plot->points; j++) {
            double value = plot->curves[i].values[j];
            if (!isfinite(value))
                continue;
            *least = fmin(*least, value);
            *most = fmax(*most, value);
        }
    return *least <= *most;
}

/* The curve's height in COLUMN, between the points on both sides of it. */
static double value_at(const struct plot *plot, const struct curve *curve, size_t column) {
    double x = (double)column * (double)(plot->points - 1) / (double)(plot->width - 1);
    size_t before = (size_t)x < plot->points - 1 ? (size_t)x : plot->points - 2;
    double part = x - (double)before;
    if (part == 0 || part == 1)
        return curve->values[part == 0 ? before : before + 1];
    return (1 - part) * curve->values[before] + part * curve->values[before + 1];
}

/* By line and column, the mark that stands there; NULL: none. */
static const char **draw(const struct plot *plot, double least, double most) {
    const char **cells = xcalloc(plot->width * plot->height, sizeof *cells);
    double scale = most > least ? (double)(plot->height - 1) / (most - least) : 0;
    for (size_t i = 0; i < plot->curve_count; i++)
        for (size_t column = 0; column < plot->width; column++) {
            double value = value_at(plot, &plot->curves[i], column);
            if (!isfinite(value))
                continue;
            size_t line = plot->height - 1 - (size_t)lround((value - least) * scale);
            cells[line * plot->width + column] = plot->curves[i].mark;
        }
    return cells;
}

static void append_line(struct text *text, const struct plot *plot, const char *label, size_t margin,
                        const char *const *cells) {
    size_t last = 0;
    for (size_t column = 0; column < plot->width; column++)
        last = cells[column] != NULL ? column + 1 : last;
    text_format(text, "%*s │", (int)margin, label);
    for (size_t column = 0; column < last; column++)
        text_string(text, cells[column] != NULL ? cells[column] : " ");
    text_string(text, "\n");
}

void plot_append(struct text *text, const struct plot *plot) {
    double least, most;
    size_t margin = strlen(plot->top) > strlen(plot->bottom) ? strlen(plot->top) : strlen(plot->bottom);
    if (!plot_range(plot, &least, &most))
        return;
    const char **cells = draw(plot, least, most);
    for (size_t line = 0; line < plot->height; line++) {
        const char *label = line == 0 ? plot->top : line == plot->height - 1 ? plot->bottom : "";
        append_line(text, plot, label, margin, cells + line * plot->width);
    }
    text_format(text, "%*s └", (int)margin, "");
    for (size_t column = 0; column < plot->width; column++)
        text_string(text, "─");
    size_t left = strlen(plot->left), right = strlen(plot->right);
    size_t room = plot->width >= left + right ? plot->width - left : right + 1;
    text_format(text, "\n%*s  %s%*s\n", (int)margin, "", plot->left, (int)room, plot->right);
    free(cells);
}
