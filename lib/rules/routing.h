/* routing: what ratings say of a model, and which model a policy takes.
 *
 * All is computed from exact sums and plain values, and does not depend on the order in which they came.
 */
#ifndef PL_RULES_ROUTING_H
#define PL_RULES_ROUTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "rules/figures.h"

/* How sure the ratings make us of a model; "confident" is medium or high. */
enum confidence_level { CONFIDENCE_NONE, CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };

/* "none", "low", "medium", "high": constants. */
const char *confidence_level_name(enum confidence_level level);
/* The level of that name; false, and *LEVEL unchanged, if there is none. */
bool confidence_level_named(struct span name, enum confidence_level *level);

enum routing_policy { POLICY_BALANCED, POLICY_QUALITY, POLICY_COST };

/* "balanced", "quality", "cost": constants. */
const char *policy_name(enum routing_policy policy);
/* The policy of that name; false, and *POLICY unchanged, if there is none. NAME may be NULL. */
bool policy_named(const char *name, enum routing_policy *policy);

/* Exact sums over the ratings of one pattern, provider and model. */
struct rating_sums {
    int64_t ratings, quality, quality_squares; /* quality is 1 to 5 */
    int64_t verdicts, correct;                 /* ratings with a known is_correct, and those where it is true */
    int64_t requests, cost_known;              /* distinct requests that were rated, and those whose cost is known */
    wide cost;                                 /* of these, nano-dollars */
    int64_t score_known, scores;               /* complexity scores of distinct requests, thousandths */
};

/* The derived figures; one that is not known is NaN. */
struct group_figures {
    double avg_quality;               /* 1 to 5 */
    double correctness_rate;          /* 0 to 1 */
    double deviation;                 /* of the quality: of a sample (n - 1); 0 for a single rating */
    double lower_bound;               /* lower end of the mean quality's 90 % interval; may be under 1 */
    double avg_cost;                  /* USD a request */
    double total_cost;                /* USD, of the requests whose cost is known */
    double avg_complexity;            /* 0 to 1 */
    enum confidence_level confidence; /* CONFIDENCE_NONE without a rating */
};
/* Thresholds are compared in integers: a mean of exactly 4 is one of 4. */
struct group_figures group_figures(const struct rating_sums *sums);
/* The mean cost, USD, of KNOWN requests that cost so many nano-dollars together; NaN: the cost of none is known. */
double mean_cost(wide nano_dollars, int64_t known);

/* A model that may be advised. */
struct candidate {
    double lower_bound; /* of the mean quality; NaN without a rating, and then it is not confident */
    double avg_cost;    /* USD a request; NaN: not known */
    enum confidence_level confidence;
    double predicted;            /* probability, 0 to 1, that it answers this prompt well; NaN: none */
    struct span provider, model; /* borrowed; they decide ties */
};

/* Which of COUNT candidates POLICY takes: if any has a prediction, among those that have one, by it; else among the
 * confident ones, by the lower bound of their quality. -1: neither. *WHY, which may be NULL, is appended a short reason
 * for people, without a full stop: "cheapest of 2 within 0.25 of the best quality (4.76)". The order of the candidates
 * makes no difference. */
int routing_choose(enum routing_policy policy, const struct candidate *candidates, size_t count, struct text *why);

/* The dearest of COUNT candidates that have a prediction and a known cost, of the dearest the best predicted; -1 unless
 * there are two such. */
int routing_dearest(const struct candidate *candidates, size_t count);
/* How much a prompt needs the candidate at DEAREST: its prediction less the best of the others', -1 to 1. */
double routing_need(const struct candidate *candidates, size_t count, int dearest);

/* What a prompt must need to be among a share of those that need most; of those that need about as much, some: what is
 * predicted of many prompts that are much alike moves together, from one training to the next. */
struct threshold {
    double need; /* what needs clearly more is over it */
    double near; /* of those that need about as much, the part that is over it as well, 0 to 1 */
};

/* That of SHARE (0 to 1) of COUNT prompts, at least one. NEEDS may be put in order. */
struct threshold routing_threshold(double *needs, size_t count, double share);
/* Whether a prompt of that need, and with this hash, which decides for those near it, is over the threshold. */
bool routing_needs(const struct threshold *threshold, double need, uint64_t prompt_hash);

#endif
