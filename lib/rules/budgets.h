/* budgets: how many tokens of thinking a prompt gets. Quality is kept in nano: 0 to 10^9 for 0 to 1. */
#ifndef PL_RULES_BUDGETS_H
#define PL_RULES_BUDGETS_H

#include <stdint.h>

#include "rules/figures.h"
#include "rules/prompts.h"

static const int64_t BUDGET_LEAST = 1024; /* tokens */
static const int64_t BUDGET_MOST = 32000;
static const int64_t CLASS_REQUESTS = 5;       /* good requests of a pattern and complexity that make a class */
static const int64_t QUALITY_ONE = 1000000000; /* nano */
static const int64_t GOOD_QUALITY = 800000000; /* nano: a request of this quality or more is a good one */

/* Tokens, for a prompt of which nothing is known but its complexity. */
int64_t budget_default(enum prompt_complexity complexity);

/* The rank, from 1 in rising order, of the 90th percentile of COUNT values by the nearest-rank rule; 0 of none. */
int64_t budget_percentile_rank(int64_t count);
/* What a class's percentile of TOKENS, at least 0, allows. */
int64_t budget_from_class(int64_t tokens);
/* For a prompt seen before, with the sum of COUNT known qualities (nano): the default, less 10 % if their mean is over
 * 0.8, plus 10 % if it is under 0.5. */
int64_t budget_from_history(enum prompt_complexity complexity, int64_t quality_sum_nano, int64_t count);

/* The quality that COUNT ratings from 1 to 5, which add up to SUM, give a request: (mean - 1) / 4 in nano, rounded half
 * up; UNKNOWN without ratings. */
int64_t quality_from_ratings(int64_t sum, int64_t count);
/* The quality assumed of a request that has none: 0.85 if it thought, else 0.65, in nano. It thought if it used
 * thinking tokens or, where they are UNKNOWN, had a budget for them. Both may be UNKNOWN. */
int64_t quality_assumed(int64_t thinking_tokens, int64_t thinking_budget);

#endif
