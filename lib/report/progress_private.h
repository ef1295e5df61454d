/* progress_private: the parts of progress that are pure, for its tests. */
#ifndef PL_REPORT_PROGRESS_PRIVATE_H
#define PL_REPORT_PROGRESS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct progress_figures {
    const char *label;     /* NULL: none */
    uint64_t bytes, total; /* total 0: not known */
    uint64_t records;
    int64_t elapsed_ms;
};

/* Appends the line to draw, at most WIDTH columns of it. */
void progress_line(struct text *line, const struct progress_figures *figures, size_t width);
/* Whether to draw now: not in the first 0.2 s, and not within 0.1 s of the last time (0: never drawn). */
bool progress_due(int64_t begun_ms, int64_t drawn_ms, int64_t now_ms);

#endif
