#include "report/sparkline.h"

#include <math.h>

#include "report/table_private.h"

enum { GAP = 2, LABEL_LEAST = 8 };

static const char *const blocks[] = {"▁", "▂", "▃", "▅", "▇"};
enum { BLOCKS = sizeof blocks / sizeof *blocks };

static const char *block_of(double value, double least, double most) {
    double part = (value - least) / (most - least);
    part = isnan(part) || part < 0 ? 0 : part > 1 ? 1 : part;
    return blocks[(int)lround(part * (BLOCKS - 1))];
}

/* The columns that LABEL takes. */
static size_t label_width(struct span label) {
    struct text escaped = {0};
    text_escaped(&escaped, label);
    size_t width = display_width(text_span(&escaped));
    text_free(&escaped);
    return width;
}

/* Appends LABEL in WIDTH columns. */
static void append_label(struct text *line, struct span label, size_t width) {
    struct text escaped = {0};
    text_escaped(&escaped, label);
    size_t start = line->n;
    display_cut(line, text_span(&escaped), width);
    size_t used = display_width((struct span){line->s + start, line->n - start});
    text_format(line, "%*s", (int)(width > used ? width - used : 0), "");
    text_free(&escaped);
}

void sparklines_print(const struct sparkline *lines, size_t count, double least, double most,
                      const struct table_style *style, FILE *out) {
    struct display display;
    struct text line = {0};
    size_t most_width = (size_t)style->width / 2, width = 0;
    most_width = most_width > LABEL_LEAST ? most_width : LABEL_LEAST;
    display_enter(&display);
    for (size_t i = 0; i < count; i++) {
        size_t own = label_width(lines[i].label);
        width = own > width ? own : width;
    }
    width = width < most_width ? width : most_width;
    size_t room = (size_t)style->width > width + GAP + 1 ? (size_t)style->width - width - GAP : 1;
    for (size_t i = 0; i < count; i++) {
        size_t first = lines[i].count > room ? lines[i].count - room : 0;
        text_clear(&line);
        append_label(&line, lines[i].label, width);
        text_format(&line, "%*s", GAP, "");
        for (size_t j = first; j < lines[i].count; j++)
            text_string(&line, block_of(lines[i].values[j], least, most));
        fprintf(out, "%s\n", line.s);
    }
    display_leave(&display);
    text_free(&line);
}
