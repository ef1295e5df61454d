/* cachedata: a cache's figures as programs read them. */
#ifndef PL_REPORT_CACHEDATA_H
#define PL_REPORT_CACHEDATA_H

#include <stdio.h>

#include "learn/cachestat.h"
#include "report/table.h"

/* One figure: a scalar of the JSON. */
struct cache_figure;
/* By its name in the JSON; those of prompt_cache also with "prompt_cache_" before it, since there are two hit_rates, of
 * which the plain name is the cache's own. NULL if there is none of this name. */
const struct cache_figure *cache_figure_named(const char *name);
/* Prints it as it is in the JSON, without quotes; nothing if it is not known. And a newline. */
void cache_figure_print(const struct cachestat *stat, const struct cache_figure *figure, FILE *out);

/* All of it: as one JSON object, as a line of CSV or TSV, or for Prometheus. */
void cachestat_print(const struct cachestat *stat, const struct table_style *style, FILE *out);
/* The top signatures alone, as a table; nothing without one. */
void cache_signatures_print(const struct cachestat *stat, const struct table_style *style, FILE *out);
/* Rows by hour or by day, in any format. */
void cache_savings_print(const struct cache_savings *rows, bool by_day, const struct table_style *style, FILE *out);

/* "YYYY-MM-DD HH:00", "YYYY-MM-DD", UTC: an hour's or a day's name. */
enum { MOMENT_TEXT = 17 };
void moment_format(int64_t at, bool by_day, char out[MOMENT_TEXT]);
/* HITS of all lookups; NaN without one. */
double hit_rate_of(const struct cache_saving *saving);

#endif
