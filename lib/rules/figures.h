/* figures: what is known of a pattern, from exact sums over its workflows. SPEC: pl-schema(5), operation_patterns. */
#ifndef PL_RULES_FIGURES_H
#define PL_RULES_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 wide;

/* A value that may not be known: UNKNOWN, else at least 0. */
static const int64_t UNKNOWN = -1;

/* Upper bounds of one record's values: thousands of records at the bound of costs, millions at that of
 * tokens, stay below 2^63; a sum beyond it fails in words. */
static const int64_t TOKENS_MAX = 1000000000000;  /* tokens */
static const int64_t COST_MAX = 1000000000000000; /* nano-dollars: a million dollars */
static const int64_t DURATION_MAX = 100000000000; /* milliseconds: three years */
static const int64_t COUNT_MAX = 1000000000;      /* errors, retries */

/* What one workflow adds to its patterns. Each may be UNKNOWN but the time. */
struct share {
    int64_t tokens;
    int64_t cost;        /* nano-dollars */
    int64_t duration_ms; /* 0 does not enter the consistency */
    int64_t errors, retries;
};

/* Sums over a pattern's workflows; each sum has the count of the values known. */
struct sums {
    int64_t occurrences;
    int64_t tokens_known, tokens;
    int64_t cost_known, cost;           /* nano-dollars */
    int64_t durations_known, durations; /* positive ones, milliseconds */
    wide duration_squares;
    int64_t errors_known, errors;
    int64_t retries_known, retries;
};

/* Adds SHARE's workflow SIGN times: 1 or -1. */
void sums_add(struct sums *sums, const struct share *share, int sign);
/* Adds MORE to SUMS. False, and SUMS unchanged, where a sum would not fit. */
bool sums_merge(struct sums *sums, const struct sums *more);
bool sums_equal(const struct sums *a, const struct sums *b);

/* The parts of the confidence score, 0 to 100 together. Thresholds: pl-schema(5). */
struct confidence {
    int frequency, consistency, success;
};
struct confidence sums_confidence(const struct sums *sums);

/* The derived figures; a real one that is not known is NaN, an integer UNKNOWN. */
struct figures {
    int64_t avg_tokens_with_llm, avg_tokens_with_tool; /* rounded down */
    double avg_cost_with_llm, avg_cost_with_tool;      /* USD */
    double confidence_score;
    double potential_monthly_savings; /* USD: cost saved a month if a tool did it for 5 % of the cost */
};
/* FIRST and LAST occurrence: microseconds since 1970. */
struct figures sums_figures(const struct sums *sums, int64_t first, int64_t last);

#endif
