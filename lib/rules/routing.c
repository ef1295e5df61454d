#include "rules/routing.h"

#include <math.h>

/* What separates a bound from a limit that it meets in exact arithmetic is less than this. */
static const double ROUNDING = 1e-9;
static const double NEAR_BEST = 0.25; /* of the best bound: as good, to the balanced policy */
static const double Z_90 = 1.645;     /* 5 % of a normal distribution lie farther below its mean, in deviations */
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

struct group_figures group_figures(const struct rating_sums *sums) {
    struct group_figures figures = {
        .avg_quality = quotient(sums->quality, sums->ratings),
        .correctness_rate = quotient(sums->correct, sums->verdicts),
        .deviation = deviation_of(sums),
        .lower_bound = NAN,
        .avg_cost = quotient(sums->cost, (wide)1000000000 * sums->cost_known),
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

/* A bound that is not known is below all others. */
static double bound_of(const struct candidate *candidate) {
    return isnan(candidate->lower_bound) ? -INFINITY : candidate->lower_bound;
}

/* A cost that is not known is above all others. */
static double cost_of(const struct candidate *candidate) {
    return isnan(candidate->avg_cost) ? INFINITY : candidate->avg_cost;
}

/* Less than 0 if A comes before B: by cost or by quality first, then by the other, then by name. */
static int compare(const struct candidate *a, const struct candidate *b, bool cost_first) {
    int by_cost = (cost_of(a) > cost_of(b)) - (cost_of(a) < cost_of(b));
    int by_quality = (bound_of(a) < bound_of(b)) - (bound_of(a) > bound_of(b));
    int first = cost_first ? by_cost : by_quality, second = cost_first ? by_quality : by_cost;
    int by_model = span_compare(a->model, b->model);
    if (first != 0 || second != 0)
        return first != 0 ? first : second;
    return by_model != 0 ? by_model : span_compare(a->provider, b->provider);
}

/* What the reason tells of a choice. */
struct choice {
    int taken;
    double best;       /* the highest bound */
    size_t confident;  /* of all candidates */
    size_t in_running; /* of the confident ones */
    bool cost_known;   /* of the one that was taken */
};

static struct choice choose(enum routing_policy policy, const struct candidate *candidates, size_t count) {
    struct choice choice = {.taken = -1, .best = -INFINITY};
    for (size_t i = 0; i < count; i++)
        if (confident(&candidates[i])) {
            choice.confident++;
            choice.best = fmax(choice.best, bound_of(&candidates[i]));
        }
    double least = policy == POLICY_BALANCED ? choice.best - NEAR_BEST - ROUNDING : -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!confident(&candidates[i]) || bound_of(&candidates[i]) < least)
            continue;
        choice.in_running++;
        if (choice.taken < 0 || compare(&candidates[i], &candidates[choice.taken], policy != POLICY_QUALITY) < 0)
            choice.taken = (int)i;
    }
    choice.cost_known = choice.taken >= 0 && !isnan(candidates[choice.taken].avg_cost);
    return choice;
}

static void explain(enum routing_policy policy, const struct choice *choice, struct text *why) {
    if (choice->taken < 0)
        text_string(why, "no model is confident");
    else if (choice->confident == 1)
        text_format(why, "the only confident model (quality %.2f)", choice->best);
    else if (policy == POLICY_BALANCED && choice->in_running == 1)
        text_format(why, "best quality (%.2f) of %zu, by more than %.2f", choice->best, choice->confident, NEAR_BEST);
    else if (policy == POLICY_QUALITY)
        text_format(why, "best quality (%.2f) of %zu", choice->best, choice->confident);
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
