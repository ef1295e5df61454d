#include <math.h>

#include "base/clock.h"
#include "report/bars.h"
#include "report/cachedata.h"
#include "report/cachepage_private.h"
#include "report/spread.h"

enum { HOURS = 24, HOUR_ROWS = 4, HOURS_LEFT = 8, DAYS = 7 };

static const int64_t HOUR_US = 3600 * (int64_t)1000000;

/* -- lookup times ----------------------------------------------------------------------------------------------- */

/* The percentiles that are in ROW: " p50". */
static void append_percentiles(struct text *line, const struct page *page, const struct spread *spread, size_t row) {
    static const struct {
        const char *name;
        int percent;
    } marks[] = {{" p50", 50}, {" p95", 95}, {" p99", 99}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (spread_row(spread, histogram_percentile(page->stat->lookups, marks[i].percent)) == row)
            page_painted(line, page, BOLD, marks[i].name);
}

static int64_t most_of(const struct spread *spread) {
    int64_t most = 1;
    for (size_t i = 0; i < spread->count; i++)
        most = spread->times[i] > most ? spread->times[i] : most;
    return most;
}

static void append_spread_row(struct text *block, const struct page *page, const struct spread *spread, size_t row,
                              size_t width) {
    enum { BORDER = 7, COUNT = 11, MARKS = 12 };
    struct text part = {0};
    text_milliseconds(&part, spread->borders[row]);
    text_right(block, &part, BORDER);
    text_string(block, page->plain ? " - " : " – ");
    text_clear(&part);
    text_milliseconds(&part, spread->borders[row + 1]);
    text_append(block, text_span(&part));
    text_spaces(block, part.n < BORDER ? BORDER - part.n : 0);
    text_clear(&part);
    text_count(&part, spread->times[row]);
    text_right(block, &part, COUNT);
    text_string(block, "  ");
    page_bar(block, page, (double)spread->times[row] / (double)most_of(spread), width - 2 * BORDER - COUNT - MARKS - 5);
    append_percentiles(block, page, spread, row);
    text_string(block, "\n");
    text_free(&part);
}

void chart_times(struct text *block, const struct page *page, size_t width) {
    struct spread spread = spread_of(page->stat->lookups);
    if (spread.count == 0)
        return;
    page_painted(block, page, BOLD, "lookups by time, ms");
    text_string(block, "\n");
    for (size_t row = 0; row < spread.count; row++)
        append_spread_row(block, page, &spread, row, width);
}

/* -- savings ---------------------------------------------------------------------------------------------------- */

static const struct cache_saving *saving_at(const struct cache_savings *savings, int64_t at) {
    static const struct cache_saving none;
    for (size_t i = 0; i < savings->count; i++)
        if (savings->items[i].at == at)
            return &savings->items[i];
    return &none;
}

static int64_t most_saved(const struct cache_savings *savings) {
    int64_t most = 0;
    for (size_t i = 0; i < savings->count; i++)
        most = savings->items[i].saved > most ? savings->items[i].saved : most;
    return most;
}

static double share_of(int64_t saved, int64_t most) {
    return most > 0 ? (double)saved / (double)most : 0;
}

/* The beginning of the hour or day at hand. */
static int64_t begun(const struct page *page, int64_t span) {
    return page->asked->now - (page->asked->now % span + span) % span;
}

void chart_days(struct text *block, const struct page *page, size_t width) {
    enum { DATE = 10, SAVED = 11, HITS = 13 };
    const struct cache_savings *daily = &page->stat->daily;
    int64_t most = most_saved(daily);
    struct text part = {0};
    page_painted(block, page, BOLD, "saved by day, 7 days");
    text_string(block, "\n");
    for (int day = DAYS - 1; day >= 0 && width > DATE + SAVED + HITS + 2; day--) {
        int64_t at = begun(page, DAY_US) - day * DAY_US;
        const struct cache_saving *saving = saving_at(daily, at);
        char moment[MOMENT_TEXT];
        moment_format(at, true, moment);
        text_string(block, moment);
        text_dollars(&part, saving->saved);
        text_right(block, &part, SAVED);
        text_clear(&part);
        text_count(&part, saving->hits);
        text_string(&part, saving->hits == 1 ? " hit " : " hits");
        text_right(block, &part, HITS);
        text_clear(&part);
        text_string(block, "  ");
        page_bar(block, page, share_of(saving->saved, most), width - DATE - SAVED - HITS - 2);
        text_string(block, "\n");
    }
    text_free(&part);
}

/* The hours of the day below their columns. */
static void append_hour_names(struct text *block, const struct page *page, size_t left, size_t column) {
    text_spaces(block, left);
    for (int hour = HOURS - 1; hour >= 0; hour--) {
        char moment[MOMENT_TEXT];
        moment_format(begun(page, HOUR_US) - hour * HOUR_US, false, moment);
        text_format(block, "%-*.2s%s", (int)column, moment + strlen("YYYY-MM-DD "), hour > 0 ? " " : "\n");
    }
}

static size_t column_width(const struct page *page) {
    size_t width = (page->width - HOURS_LEFT + 1) / HOURS - 1;
    return width < 2 ? 2 : width > 5 ? 5 : width;
}

/* A column an hour, the most that one saved beside its top; nothing where there is no room for them. */
void chart_hours(struct text *block, const struct page *page) {
    const struct cache_savings *hourly = &page->stat->hourly;
    int64_t most = most_saved(hourly);
    if (page->width < HOURS_LEFT + HOURS * 3 - 1)
        return;
    double shares[HOURS];
    struct columns columns = {shares, HOURS, column_width(page), 1, HOUR_ROWS};
    struct text part = {0};
    for (int i = 0; i < HOURS; i++)
        shares[i] = share_of(saving_at(hourly, begun(page, HOUR_US) - (HOURS - 1 - i) * HOUR_US)->saved, most);
    page_painted(block, page, BOLD, "saved by hour, 24 hours");
    text_string(block, "\n");
    text_dollars(&part, most);
    for (size_t row = 0; row < HOUR_ROWS; row++) {
        text_right(block, &part, HOURS_LEFT - 1);
        text_string(block, " ");
        page_paint(block, page, CYAN);
        columns_append(block, &columns, row, page->plain);
        page_unpaint(block, page);
        text_string(block, "\n");
        text_clear(&part);
    }
    append_hour_names(block, page, HOURS_LEFT, columns.width);
    text_free(&part);
}
