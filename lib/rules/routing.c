#include "rules/routing.h"

#include <math.h>
#include <stdlib.h>

/* What separates a bound from a limit that it meets in exact arithmetic is less than this. */
static const double ROUNDING = 1e-9;
static const double NEAR_BEST = 0.25; /* of the best bound: as good, to the balanced policy */
static const double NEAR_BEST_PREDICTED = 0.05;
static const double NEAR_NEED = 0.02;  /* as much, to a threshold */
static const double GOOD_ENOUGH = 0.5; /* a prediction that the cheapest model must have */
static const double Z_90 = 1.645;      /* 5 % of a normal distribution lie farther below its mean, in deviations */
static const double LEAST_DEVIATION = 0.5;

static const char *const level_names[] = {"none", "low", "medium", "high"};
static const char *const policy_names[] = {"balanced", "quality", "cost"};

const char *confidence_level_name(enum confidence_level level) {
    return level_names[level];
}

bool confidence_level_named(struct span name, enum confidence_level *level) {
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (span_is(name, level_names[i])) {
            *level = (enum confidence_level)i;
            return true;
        }
    return false;
}

const char *policy_name(enum routing_policy policy) {
    return policy_names[policy];
}

bool policy_named(const char *name, enum routing_policy *policy) {
    for (size_t i = 0; name != NULL && i < sizeof policy_names / sizeof *policy_names; i++)
        if (strcmp(name, policy_names[i]) == 0) {
            *policy = (enum routing_policy)i;
            return true;
        }
    return false;
}

/* -- figures ---------------------------------------------------------------------------------------------------- */

/* Whether there are RATINGS, and the mean quality and the share of correct verdicts reach their thresholds, in tenths.
 * Of no verdict nothing is asked. */
static bool reaches(const struct rating_sums *sums, int64_t ratings, int quality, int correctness) {
    return sums->ratings >= ratings && (wide)10 * sums->quality >= (wide)quality * sums->ratings &&
           (wide)10 * sums->correct >= (wide)correctness * sums->verdicts;
}

static enum confidence_level confidence_of(const struct rating_sums *sums) {
    if (sums->ratings <= 0)
        return CONFIDENCE_NONE;
    return reaches(sums, 10, 40, 8) ? CONFIDENCE_HIGH : reaches(sums, 5, 35, 7) ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
}

/* One division, in more digits than a double has; NaN of none. */
static double quotient(wide sum, wide count) {
    return count > 0 ? (double)((long double)sum / (long double)count) : NAN;
}

/* The squared distances from the mean, times the count, are an integer: nothing is lost before the one division. */
static double deviation_of(const struct rating_sums *sums) {
    wide n = sums->ratings;
    if (n < 2)
        return n == 1 ? 0 : NAN;
    return sqrt(quotient(n * sums->quality_squares - (wide)sums->quality * sums->quality, n * (n - 1)));
}

double mean_cost(wide nano_dollars, int64_t known) {
    return quotient(nano_dollars, (wide)1000000000 * known);
}

struct group_figures group_figures(const struct rating_sums *sums) {
    struct group_figures figures = {
        .avg_quality = quotient(sums->quality, sums->ratings),
        .correctness_rate = quotient(sums->correct, sums->verdicts),
        .deviation = deviation_of(sums),
        .lower_bound = NAN,
        .avg_cost = mean_cost(sums->cost, sums->cost_known),
        .total_cost = sums->cost_known > 0 ? quotient(sums->cost, 1000000000) : NAN,
        .avg_complexity = quotient(sums->scores, (wide)1000 * sums->score_known),
        .confidence = confidence_of(sums),
    };
    if (sums->ratings > 0)
        figures.lower_bound = figures.avg_quality -
                              Z_90 * fmax(figures.deviation, LEAST_DEVIATION) / sqrt((double)sums->ratings);
    return figures;
}

/* -- choosing --------------------------------------------------------------------------------------------------- */

static bool confident(const struct candidate *candidate) {
    return candidate->confidence == CONFIDENCE_MEDIUM || candidate->confidence == CONFIDENCE_HIGH;
}

/* Who may be taken, and by what they are compared: the bound of their quality, or what is predicted. */
static bool eligible(const struct candidate *candidate, bool predicted) {
    return predicted ? !isnan(candidate->predicted) : confident(candidate);
}

/* A bound that is not known is below all others. */
static double merit_of(const struct candidate *candidate, bool predicted) {
    double merit = predicted ? candidate->predicted : candidate->lower_bound;
    return isnan(merit) ? -INFINITY : merit;
}

/* A cost that is not known is above all others. */
static double cost_of(const struct candidate *candidate) {
    return isnan(candidate->avg_cost) ? INFINITY : candidate->avg_cost;
}

/* Less than 0 if A comes before B: by cost or by merit first, then by the other, then by name. */
static int compare(const struct candidate *a, const struct candidate *b, bool predicted, bool cost_first) {
    double merit_a = merit_of(a, predicted), merit_b = merit_of(b, predicted);
    int by_cost = (cost_of(a) > cost_of(b)) - (cost_of(a) < cost_of(b));
    int by_merit = (merit_a < merit_b) - (merit_a > merit_b);
    int first = cost_first ? by_cost : by_merit, second = cost_first ? by_merit : by_cost;
    int by_model = span_compare(a->model, b->model);
    if (first != 0 || second != 0)
        return first != 0 ? first : second;
    return by_model != 0 ? by_model : span_compare(a->provider, b->provider);
}

/* What the reason tells of a choice. */
struct choice {
    int taken;
    bool predicted;    /* by predictions */
    double best;       /* the highest merit */
    size_t eligible;   /* of all candidates */
    size_t in_running; /* of the eligible ones */
    bool cost_known;   /* of the one that was taken */
};

/* The merit that the policy asks for. */
static double least_merit(enum routing_policy policy, const struct choice *choice) {
    double least = -INFINITY;
    if (policy == POLICY_BALANCED)
        least = choice->best - (choice->predicted ? NEAR_BEST_PREDICTED : NEAR_BEST);
    else if (policy == POLICY_COST && choice->predicted)
        least = fmin(GOOD_ENOUGH, choice->best);
    return least - ROUNDING;
}

static struct choice choose(enum routing_policy policy, const struct candidate *candidates, size_t count) {
    struct choice choice = {.taken = -1, .best = -INFINITY};
    for (size_t i = 0; i < count; i++)
        choice.predicted = choice.predicted || !isnan(candidates[i].predicted);
    for (size_t i = 0; i < count; i++)
        if (eligible(&candidates[i], choice.predicted)) {
            choice.eligible++;
            choice.best = fmax(choice.best, merit_of(&candidates[i], choice.predicted));
        }
    double least = least_merit(policy, &choice);
    for (size_t i = 0; i < count; i++) {
        if (!eligible(&candidates[i], choice.predicted) || merit_of(&candidates[i], choice.predicted) < least)
            continue;
        choice.in_running++;
        if (choice.taken < 0 ||
            compare(&candidates[i], &candidates[choice.taken], choice.predicted, policy != POLICY_QUALITY) < 0)
            choice.taken = (int)i;
    }
    choice.cost_known = choice.taken >= 0 && !isnan(candidates[choice.taken].avg_cost);
    return choice;
}

static void explain_prediction(enum routing_policy policy, const struct choice *choice, struct text *why) {
    if (choice->eligible == 1)
        text_format(why, "the only model with a prediction (%.2f)", choice->best);
    else if (policy == POLICY_BALANCED && choice->in_running == 1)
        text_format(why, "best prediction (%.2f) of %zu, by more than %.2f", choice->best, choice->eligible,
                    NEAR_BEST_PREDICTED);
    else if (policy == POLICY_QUALITY)
        text_format(why, "best prediction (%.2f) of %zu", choice->best, choice->eligible);
    else if (policy == POLICY_COST && choice->best < GOOD_ENOUGH - ROUNDING)
        text_format(why, "best prediction (%.2f) of %zu, none with %.2f", choice->best, choice->eligible, GOOD_ENOUGH);
    else if (!choice->cost_known)
        text_format(why, "best prediction (%.2f) of %zu, none with a known cost", choice->best, choice->in_running);
    else if (policy == POLICY_COST)
        text_format(why, "cheapest of %zu with a prediction of at least %.2f", choice->in_running, GOOD_ENOUGH);
    else
        text_format(why, "cheapest of %zu within %.2f of the best prediction (%.2f)", choice->in_running,
                    NEAR_BEST_PREDICTED, choice->best);
}

static void explain(enum routing_policy policy, const struct choice *choice, struct text *why) {
    if (choice->taken < 0)
        text_string(why, "no model is confident");
    else if (choice->predicted)
        explain_prediction(policy, choice, why);
    else if (choice->eligible == 1)
        text_format(why, "the only confident model (quality %.2f)", choice->best);
    else if (policy == POLICY_BALANCED && choice->in_running == 1)
        text_format(why, "best quality (%.2f) of %zu, by more than %.2f", choice->best, choice->eligible, NEAR_BEST);
    else if (policy == POLICY_QUALITY)
        text_format(why, "best quality (%.2f) of %zu", choice->best, choice->eligible);
    else if (!choice->cost_known)
        text_format(why, "best quality (%.2f) of %zu, none with a known cost", choice->best, choice->in_running);
    else if (policy == POLICY_COST)
        text_format(why, "cheapest of %zu", choice->in_running);
    else
        text_format(why, "cheapest of %zu within %.2f of the best quality (%.2f)", choice->in_running, NEAR_BEST,
                    choice->best);
}

int routing_choose(enum routing_policy policy, const struct candidate *candidates, size_t count, struct text *why) {
    struct choice choice = choose(policy, candidates, count);
    if (why != NULL)
        explain(policy, &choice, why);
    return choice.taken;
}

/* -- shares ----------------------------------------------------------------------------------------------------- */

int routing_dearest(const struct candidate *candidates, size_t count) {
    int dearest = -1;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &candidates[i], *best = dearest < 0 ? c : &candidates[dearest];
        if (isnan(c->predicted) || isnan(c->avg_cost))
            continue;
        known++;
        if (dearest < 0 || c->avg_cost > best->avg_cost ||
            (c->avg_cost == best->avg_cost && compare(c, best, true, false) < 0))
            dearest = (int)i;
    }
    return known > 1 ? dearest : -1;
}

double routing_need(const struct candidate *candidates, size_t count, int dearest) {
    double best = -INFINITY;
    for (size_t i = 0; i < count; i++)
        if ((int)i != dearest && !isnan(candidates[i].predicted))
            best = fmax(best, candidates[i].predicted);
    return candidates[dearest].predicted - best;
}

static int falling(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

struct threshold routing_threshold(double *needs, size_t count, double share) {
    size_t over = 0, near = 0, wanted = (size_t)(share * (double)count + 0.5);
    if (share >= 1)
        return (struct threshold){-INFINITY, 1};
    if (wanted == 0)
        return (struct threshold){INFINITY, 0};
    qsort(needs, count, sizeof *needs, falling);
    double need = needs[wanted - 1];
    for (size_t i = 0; i < count; i++) {
        over += needs[i] > need + NEAR_NEED;
        near += fabs(needs[i] - need) <= NEAR_NEED;
    }
    return (struct threshold){need, (double)(wanted - over) / (double)near};
}

bool routing_needs(const struct threshold *threshold, double need, uint64_t prompt_hash) {
    if (need > threshold->need + NEAR_NEED)
        return true;
    return need >= threshold->need - NEAR_NEED && (double)(prompt_hash >> 11) < 0x1p53 * threshold->near;
}
