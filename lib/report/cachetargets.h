/* cachetargets: what is wanted of a cache, and what of it is missed. */
#ifndef PL_REPORT_CACHETARGETS_H
#define PL_REPORT_CACHETARGETS_H

#include <stdio.h>

#include "learn/cachestat.h"
#include "report/table.h"

enum cache_target { TARGET_HIT_RATE, TARGET_SAVINGS, TARGET_LOOKUP, TARGET_WRITE, TARGET_STEADY, CACHE_TARGETS };

/* The bounds of all but TARGET_STEADY: at least a hit rate (0 to 1) and savings (percent), at most milliseconds. */
struct cache_targets {
    double bounds[TARGET_STEADY];
};

enum verdict { VERDICT_UNKNOWN, VERDICT_MET, VERDICT_MISSED };

/* What a target goes by, NaN if it is not known, and its bound; of TARGET_STEADY the recent lookups' p95, and what is
 * above it raises the alert. */
double cache_target_figure(const struct cachestat *stat, enum cache_target target);
double cache_target_bound(const struct cachestat *stat, const struct cache_targets *targets, enum cache_target target);
/* A figure that is not known misses nothing. Times, which are known within 1 % only, miss a bound that is no nearer. */
enum verdict cache_target_verdict(const struct cachestat *stat, const struct cache_targets *targets,
                                  enum cache_target target);
/* Prints the targets that are missed, as sentences in a table for people, and returns how many; nothing if none is. */
int cache_targets_print(const struct cachestat *stat, const struct cache_targets *targets,
                        const struct table_style *style, FILE *out);

#endif
