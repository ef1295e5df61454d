/* cachepage_private: what the files of the cache's page share; nobody else includes it. */
#ifndef PL_REPORT_CACHEPAGE_PRIVATE_H
#define PL_REPORT_CACHEPAGE_PRIVATE_H

#include "report/cachepage.h"
#include "report/table_private.h"

struct page {
    const struct cachestat *stat;
    const struct cachestat_options *asked;
    const struct cache_targets *targets;
    struct table_style style;
    size_t width;
    bool plain; /* no terminal */
    FILE *out;
};

enum paint { BOLD = 1, DIM = 2, RED = 31, GREEN = 32, CYAN = 36 };

/* Where the page has colours, PAINT holds from here to page_unpaint. */
void page_paint(struct text *line, const struct page *page, enum paint paint);
void page_unpaint(struct text *line, const struct page *page);
void page_painted(struct text *line, const struct page *page, enum paint paint, const char *words);
void page_bar(struct text *line, const struct page *page, double share, size_t width);

/* Columns that a line takes, in which only our own escape sequences occur. */
size_t line_width(struct span line);
void text_spaces(struct text *line, size_t count);
/* Appends VALUE at the right end of WIDTH columns. */
void text_right(struct text *line, const struct text *value, size_t width);

/* Each appends a value as people read it; NaN is "-". */
void text_count(struct text *text, int64_t count);
void text_dollars(struct text *text, int64_t nano_dollars);
/* "56.2%" */
void text_percent(struct text *text, double percent);
/* With three digits that count, or four decimals: "0.045 ms", "4.50 ms", "4,500 ms". */
void text_ms(struct text *text, double ms);
/* Nanoseconds as milliseconds, without a unit and in full: "0.05", "1.5", "2,000". */
void text_milliseconds(struct text *text, double ns);
/* Bytes: "212.4 kB". */
void text_size(struct text *text, int64_t bytes);

/* Charts, as lines of WIDTH columns; the hours' are of the page's. */
void chart_times(struct text *block, const struct page *page, size_t width);
void chart_days(struct text *block, const struct page *page, size_t width);
void chart_hours(struct text *block, const struct page *page);

#endif
