#include "report/bars.h"

#include <math.h>

enum { EIGHTHS = 8 };

static const char *const along[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
static const char *const upright[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/* How many eighths of CELLS a share fills. */
static size_t eighths_of(double share, size_t cells) {
    double part = isnan(share) || share < 0 ? 0 : share > 1 ? 1 : share;
    size_t filled = (size_t)lround(part * (double)(cells * EIGHTHS));
    return filled > 0 || part <= 0 ? filled : 1;
}

/* The character of a cell that FILLED reaches into, of which BEFORE lies in the cells before it. */
static const char *cell_of(size_t filled, size_t before, const char *const *blocks, bool plain) {
    size_t own = filled > before ? filled - before : 0;
    own = own < EIGHTHS ? own : EIGHTHS;
    if (plain)
        return own >= EIGHTHS / 2 || (own > 0 && before == 0) ? "#" : " ";
    return blocks[own];
}

void gauge_append(struct text *text, double share, double tick, size_t width, bool plain) {
    size_t filled = eighths_of(share, width);
    double at = isnan(tick) || tick < 0 || tick > 1 ? (double)NAN : floor(tick * (double)width);
    for (size_t i = 0; i < width; i++) {
        bool ticked = at == (double)i || (i + 1 == width && at == (double)width);
        text_string(text, !ticked ? cell_of(filled, i * EIGHTHS, along, plain) : plain ? "|" : "┃");
    }
}

void bar_append(struct text *text, double share, size_t width, bool plain) {
    gauge_append(text, share, (double)NAN, width, plain);
}

void columns_append(struct text *text, const struct columns *columns, size_t row, bool plain) {
    size_t below = (columns->height - 1 - row) * EIGHTHS;
    for (size_t i = 0; i < columns->count; i++) {
        const char *cell = cell_of(eighths_of(columns->shares[i], columns->height), below, upright, plain);
        if (i > 0)
            text_format(text, "%*s", (int)columns->gap, "");
        for (size_t j = 0; j < columns->width; j++)
            text_string(text, cell);
    }
}
