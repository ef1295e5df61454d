#include "report/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "report/progress_private.h"
#include "report/table.h"
#include "report/table_private.h"

enum { FIRST_MS = 200, AGAIN_MS = 100, BAR_COLUMNS = 24, LABEL_LEAST = 8 };

/* What a line leaves out, one thing after another, until it fits. */
enum fullness { WHOLE, WITHOUT_BAR, WITHOUT_RATE, WITHOUT_TIME };

struct progress {
    FILE *out;
    uint64_t total;
    int64_t begun_ms, drawn_ms;
    bool visible;
    struct text line;
};

static void append_share(struct text *line, const struct progress_figures *figures, enum fullness fullness) {
    if (figures->total == 0)
        return;
    double share = (double)figures->bytes * 100 / (double)figures->total; /* exact where it is whole */
    share = share < 100 ? share : 100;                                    /* a file may have grown */
    text_format(line, "%3d%% ", (int)share);
    if (fullness >= WITHOUT_BAR)
        return;
    text_string(line, "[");
    for (int i = 0, filled = (int)(share * BAR_COLUMNS / 100); i < BAR_COLUMNS; i++)
        text_string(line, i < filled ? "#" : ".");
    text_string(line, "] ");
}

static void append_records(struct text *line, uint64_t records) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, records);
    text_grouped(line, digits);
    text_string(line, records == 1 ? " record" : " records");
}

/* Three digits of it are true, and more would flicker. */
static void append_rate(struct text *line, uint64_t records, int64_t elapsed_ms) {
    if (elapsed_ms <= 0)
        return;
    char digits[32];
    double rate = (double)records * 1000 / (double)elapsed_ms, unit = 1;
    while (rate / unit >= 1000)
        unit *= 10;
    snprintf(digits, sizeof digits, "%.*f", rate < 9.95 ? 1 : 0, rate < 9.95 ? rate : round(rate / unit) * unit);
    text_string(line, "  ");
    text_grouped(line, digits);
    text_string(line, "/s");
}

/* At the mean speed so far, rounded up: 0:00 means done. */
static void append_time_left(struct text *line, const struct progress_figures *figures) {
    if (figures->total == 0 || figures->bytes == 0)
        return;
    double part = (double)figures->total / (double)figures->bytes - 1;
    double seconds = part > 0 ? ceil((double)figures->elapsed_ms * part / 1000) : 0;
    if (seconds >= 100 * 3600) /* a guess that helps nobody */
        return;
    int left = (int)seconds;
    if (left >= 3600)
        text_format(line, "  %d:%02d:%02d left", left / 3600, left / 60 % 60, left % 60);
    else
        text_format(line, "  %d:%02d left", left / 60, left % 60);
}

/* In what room the line has left; none rather than a stump of it. */
static void append_label(struct text *line, const char *label, size_t width) {
    struct text escaped = {0};
    size_t used = display_width(text_span(line)) + 2;
    text_escaped(&escaped, span_of(label));
    size_t whole = display_width(text_span(&escaped));
    if (whole > 0 && used + (whole < LABEL_LEAST ? whole : LABEL_LEAST) <= width) {
        text_string(line, "  ");
        display_cut(line, text_span(&escaped), width - used);
    }
    text_free(&escaped);
}

static void append_figures(struct text *line, const struct progress_figures *figures, enum fullness fullness) {
    append_share(line, figures, fullness);
    append_records(line, figures->records);
    if (fullness < WITHOUT_RATE)
        append_rate(line, figures->records, figures->elapsed_ms);
    if (fullness < WITHOUT_TIME)
        append_time_left(line, figures);
}

void progress_line(struct text *line, const struct progress_figures *figures, size_t width) {
    struct display display;
    struct text drawn = {0};
    display_enter(&display);
    for (enum fullness fullness = WHOLE; fullness <= WITHOUT_TIME; fullness++) {
        text_clear(&drawn);
        append_figures(&drawn, figures, fullness);
        if (display_width(text_span(&drawn)) <= width)
            break;
    }
    if (figures->label != NULL)
        append_label(&drawn, figures->label, width);
    display_cut(line, text_span(&drawn), width);
    display_leave(&display);
    text_free(&drawn);
}

bool progress_due(int64_t begun_ms, int64_t drawn_ms, int64_t now_ms) {
    return now_ms - begun_ms >= FIRST_MS && (drawn_ms == 0 || now_ms - drawn_ms >= AGAIN_MS);
}

struct progress *progress_begin(FILE *out, uint64_t total) {
    const char *term = getenv("TERM");
    int fd = fileno(out);
    if (fd < 0 || !isatty(fd) || (term != NULL && strcmp(term, "dumb") == 0))
        return NULL;
    struct progress *progress = xcalloc(1, sizeof *progress);
    progress->out = out;
    progress->total = total;
    progress->begun_ms = clock_monotonic_ms();
    return progress;
}

/* One write, so that nothing else comes between. The last column stays free: some terminals wrap when it is filled. */
static void draw(struct progress *progress, const struct progress_figures *figures) {
    int width = table_style_for(progress->out, FORMAT_TABLE).width;
    text_clear(&progress->line);
    text_string(&progress->line, "\r");
    progress_line(&progress->line, figures, width > 1 ? (size_t)width - 1 : 0);
    text_string(&progress->line, "\033[K");
    fwrite(progress->line.s, 1, progress->line.n, progress->out);
    fflush(progress->out);
    progress->visible = true;
}

void progress_update(struct progress *progress, const char *label, uint64_t bytes, uint64_t records) {
    if (progress == NULL)
        return;
    int64_t now = clock_monotonic_ms();
    if (!progress_due(progress->begun_ms, progress->drawn_ms, now))
        return;
    progress->drawn_ms = now;
    draw(progress, &(struct progress_figures){
                       .label = label,
                       .bytes = bytes,
                       .total = progress->total,
                       .records = records,
                       .elapsed_ms = now - progress->begun_ms,
                   });
}

void progress_clear(struct progress *progress) {
    if (progress == NULL || !progress->visible)
        return;
    fputs("\r\033[K", progress->out);
    fflush(progress->out);
    progress->visible = false;
}

void progress_end(struct progress *progress) {
    if (progress == NULL)
        return;
    progress_clear(progress);
    text_free(&progress->line);
    free(progress);
}
