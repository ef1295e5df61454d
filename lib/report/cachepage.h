/* cachepage: a cache's figures on a page for people: targets, times, savings, and what is reused. */
#ifndef PL_REPORT_CACHEPAGE_H
#define PL_REPORT_CACHEPAGE_H

#include <stdio.h>

#include "learn/cachestat.h"
#include "report/cachetargets.h"
#include "report/table.h"

/* Prints STAT, which is what was ASKED for. On a terminal with bars of blocks, and no line beyond its width of 80 or
 * more; else with bars of '#', and names in full. */
void cachepage_print(const struct cachestat *stat, const struct cachestat_options *asked,
                     const struct cache_targets *targets, const struct table_style *style, FILE *out);

#endif
