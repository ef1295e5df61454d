/* What ratings say of a model, which model a policy takes, by ratings or predictions, and which prompts need the dear
 * one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "rules/routing.h"
#include "random.h"

/* -- names --------------------------------------------------------------------------------------------------------- */

static void names_of_levels(void **state) {
    (void)state;
    static const char *const names[] = {"none", "low", "medium", "high"};
    for (int i = 0; i < 4; i++) {
        enum confidence_level level = CONFIDENCE_NONE;
        assert_string_equal(confidence_level_name((enum confidence_level)i), names[i]);
        assert_true(confidence_level_named(span_of(names[i]), &level));
        assert_int_equal(level, i);
    }
    enum confidence_level level = CONFIDENCE_HIGH;
    assert_false(confidence_level_named(span_of("higher"), &level));
    assert_false(confidence_level_named(span_of("hig"), &level));
    assert_false(confidence_level_named(span_of("High"), &level));
    assert_false(confidence_level_named(span_of(""), &level));
    assert_false(confidence_level_named((struct span){NULL, 0}, &level));
    assert_int_equal(level, CONFIDENCE_HIGH);
}

static void names_of_policies(void **state) {
    (void)state;
    static const char *const names[] = {"balanced", "quality", "cost"};
    for (int i = 0; i < 3; i++) {
        enum routing_policy policy = POLICY_BALANCED;
        assert_string_equal(policy_name((enum routing_policy)i), names[i]);
        assert_true(policy_named(names[i], &policy));
        assert_int_equal(policy, i);
    }
    enum routing_policy policy = POLICY_COST;
    assert_false(policy_named("cheap", &policy));
    assert_false(policy_named("", &policy));
    assert_false(policy_named(NULL, &policy));
    assert_int_equal(policy, POLICY_COST);
}

/* -- figures ------------------------------------------------------------------------------------------------------- */

/* COUNT ratings that add up to QUALITY. */
static enum confidence_level confidence(int64_t ratings, int64_t quality, int64_t verdicts, int64_t correct) {
    struct rating_sums sums = {.ratings = ratings,
                               .quality = quality,
                               .quality_squares = 25 * ratings,
                               .verdicts = verdicts,
                               .correct = correct};
    return group_figures(&sums).confidence;
}

static void high_confidence(void **state) {
    (void)state;
    assert_int_equal(confidence(10, 40, 10, 8), CONFIDENCE_HIGH);
    assert_int_equal(confidence(9, 45, 9, 9), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(10, 39, 10, 10), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(10, 50, 10, 7), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(10, 50, 1, 1), CONFIDENCE_HIGH);
    assert_int_equal(confidence(15, 60, 15, 12), CONFIDENCE_HIGH);
    assert_int_equal(confidence(15, 59, 15, 12), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(1000000000, 4000000000, 1000000000, 800000000), CONFIDENCE_HIGH);
    assert_int_equal(confidence(1000000000, 3999999999, 1000000000, 800000000), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(1000000000, 4000000000, 1000000000, 799999999), CONFIDENCE_MEDIUM);
}

static void medium_confidence(void **state) {
    (void)state;
    assert_int_equal(confidence(6, 21, 10, 7), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(6, 20, 10, 7), CONFIDENCE_LOW);
    assert_int_equal(confidence(6, 30, 10, 6), CONFIDENCE_LOW);
    assert_int_equal(confidence(5, 25, 0, 0), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(4, 20, 4, 4), CONFIDENCE_LOW);
    assert_int_equal(confidence(100, 350, 100, 70), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(100, 349, 100, 70), CONFIDENCE_LOW);
    assert_int_equal(confidence(100, 350, 100, 69), CONFIDENCE_LOW);
    assert_int_equal(confidence(100000000000000000, 500000000000000000, 0, 0), CONFIDENCE_HIGH);
}

static void without_verdicts_quality_decides(void **state) {
    (void)state;
    assert_int_equal(confidence(10, 40, 0, 0), CONFIDENCE_HIGH);
    assert_int_equal(confidence(10, 39, 0, 0), CONFIDENCE_MEDIUM);
    assert_int_equal(confidence(10, 34, 0, 0), CONFIDENCE_LOW);
    assert_int_equal(confidence(10, 50, 3, 0), CONFIDENCE_LOW);
    assert_int_equal(confidence(1, 5, 0, 0), CONFIDENCE_LOW);
    assert_int_equal(confidence(0, 0, 0, 0), CONFIDENCE_NONE);
}

static struct rating_sums sums_of(const int *qualities, int count) {
    struct rating_sums sums = {0};
    for (int i = 0; i < count; i++) {
        sums.ratings++;
        sums.quality += qualities[i];
        sums.quality_squares += (int64_t)qualities[i] * qualities[i];
    }
    return sums;
}

static void near(double got, double wanted) {
    if (!(fabs(got - wanted) <= 1e-14 * fabs(wanted)))
        fail_msg("wanted %.17g, got %.17g", wanted, got);
}

static void nothing_known(void **state) {
    (void)state;
    struct group_figures figures = group_figures(&(struct rating_sums){0});
    assert_true(isnan(figures.avg_quality) && isnan(figures.correctness_rate) && isnan(figures.deviation));
    assert_true(isnan(figures.lower_bound) && isnan(figures.avg_cost) && isnan(figures.total_cost));
    assert_true(isnan(figures.avg_complexity));
    assert_int_equal(figures.confidence, CONFIDENCE_NONE);
}

static void bounds(void **state) {
    (void)state;
    struct rating_sums one = sums_of((int[]){5}, 1);
    struct group_figures figures = group_figures(&one);
    assert_true(figures.deviation == 0 && figures.avg_quality == 5);
    near(figures.lower_bound, 5 - 1.645 * 0.5);
    struct rating_sums same = sums_of((int[]){4, 4, 4, 4}, 4);
    figures = group_figures(&same);
    assert_true(figures.deviation == 0);
    near(figures.lower_bound, 4 - 1.645 * 0.5 / 2);
    struct rating_sums close_ones = sums_of((int[]){4, 4, 4, 5}, 4); /* s is exactly 0.5 */
    figures = group_figures(&close_ones);
    assert_true(figures.deviation == 0.5);
    near(figures.lower_bound, 4.25 - 1.645 * 0.5 / 2);
    struct rating_sums wide_ones = sums_of((int[]){1, 5, 3}, 3);
    figures = group_figures(&wide_ones);
    assert_true(figures.deviation == 2);
    near(figures.lower_bound, 3 - 1.645 * 2 / sqrt(3));
}

static void means(void **state) {
    (void)state;
    struct rating_sums sums = {.ratings = 4,
                               .quality = 17,
                               .quality_squares = 73,
                               .verdicts = 3,
                               .correct = 2,
                               .requests = 4,
                               .cost_known = 3,
                               .cost = 300000000,
                               .score_known = 4,
                               .scores = 1500};
    struct group_figures figures = group_figures(&sums);
    assert_true(figures.avg_quality == 4.25);
    assert_true(figures.correctness_rate == 2.0 / 3);
    assert_true(figures.avg_cost == 0.1);
    assert_true(figures.total_cost == 0.3);
    assert_true(figures.avg_complexity == 0.375);
    sums.cost = 0;
    assert_true(group_figures(&sums).avg_cost == 0 && group_figures(&sums).total_cost == 0);
    assert_true(mean_cost(300000000, 3) == 0.1);
    assert_true(isnan(mean_cost(0, 0)));
}

/* -- choosing ------------------------------------------------------------------------------------------------------ */

static struct candidate candidate(const char *model, double bound, double cost, enum confidence_level level) {
    return (struct candidate){bound, cost, level, NAN, span_of("p"), span_of(model)};
}

/* The model that is taken, "-" for none, and why. */
static const char *take(enum routing_policy policy, const struct candidate *candidates, size_t count, const char *why) {
    static char model[64];
    struct text reason = {0};
    int taken = routing_choose(policy, candidates, count, &reason);
    assert_int_equal(routing_choose(policy, candidates, count, NULL), taken);
    if (why != NULL)
        assert_string_equal(reason.s, why);
    assert_true(reason.n > 0);
    text_free(&reason);
    assert_true(taken >= -1 && taken < (int)count);
    struct span name = taken >= 0 ? candidates[taken].model : span_of("-");
    memcpy(model, name.s, name.n);
    model[name.n] = '\0';
    return model;
}

static void three_policies(void **state) {
    (void)state;
    struct candidate all[] = {
        candidate("best", 4.76, 0.9, CONFIDENCE_HIGH),  candidate("good", 4.6, 0.5, CONFIDENCE_MEDIUM),
        candidate("cheap", 3.9, 0.01, CONFIDENCE_HIGH), candidate("low", 4.9, 0.001, CONFIDENCE_LOW),
        candidate("none", 5, 0, CONFIDENCE_NONE),
    };
    assert_string_equal(take(POLICY_QUALITY, all, 5, "best quality (4.76) of 3"), "best");
    assert_string_equal(take(POLICY_BALANCED, all, 5, "cheapest of 2 within 0.25 of the best quality (4.76)"), "good");
    assert_string_equal(take(POLICY_COST, all, 5, "cheapest of 3"), "cheap");
}

static void none_is_confident(void **state) {
    (void)state;
    struct candidate all[] = {candidate("low", 4.9, 0.001, CONFIDENCE_LOW), candidate("none", 5, 0, CONFIDENCE_NONE)};
    for (int policy = 0; policy < 3; policy++) {
        assert_string_equal(take((enum routing_policy)policy, all, 2, "no model is confident"), "-");
        assert_int_equal(routing_choose((enum routing_policy)policy, NULL, 0, NULL), -1);
    }
}

static void the_only_one(void **state) {
    (void)state;
    struct candidate all[] = {candidate("a", 3.456, NAN, CONFIDENCE_MEDIUM), candidate("none", 5, 0, CONFIDENCE_LOW)};
    for (int policy = 0; policy < 3; policy++)
        assert_string_equal(take((enum routing_policy)policy, all, 2, "the only confident model (quality 3.46)"), "a");
}

static void balanced_border(void **state) {
    (void)state;
    struct candidate all[] = {candidate("best", 4.75, 0.9, CONFIDENCE_HIGH),
                              candidate("near", 4.5, 0.5, CONFIDENCE_HIGH)};
    assert_string_equal(take(POLICY_BALANCED, all, 2, NULL), "near");
    all[1].lower_bound = 4.4999999;
    assert_string_equal(take(POLICY_BALANCED, all, 2, "best quality (4.75) of 2, by more than 0.25"), "best");
    /* equal samples whose means are 0.25 apart: the border is met, whatever the bounds are rounded to */
    for (int n = 4; n <= 400; n += 4) {
        struct rating_sums high = {.ratings = n, .quality = 4 * n + n / 2, .quality_squares = 16 * n},
                           low = {.ratings = n, .quality = 4 * n + n / 4, .quality_squares = 16 * n};
        high.quality_squares = (high.quality * high.quality + n - 1) / n;
        low.quality_squares = (low.quality * low.quality + n - 1) / n;
        all[0].lower_bound = group_figures(&high).lower_bound;
        all[1].lower_bound = group_figures(&low).lower_bound;
        assert_string_equal(take(POLICY_BALANCED, all, 2, NULL), "near");
    }
}

static void costs_that_are_not_known(void **state) {
    (void)state;
    struct candidate all[] = {candidate("best", 4.8, NAN, CONFIDENCE_HIGH),
                              candidate("good", 4.7, 0.5, CONFIDENCE_HIGH),
                              candidate("fair", 4.0, 0.2, CONFIDENCE_HIGH)};
    assert_string_equal(take(POLICY_COST, all, 3, NULL), "fair");
    assert_string_equal(take(POLICY_BALANCED, all, 3, NULL), "good");
    assert_string_equal(take(POLICY_QUALITY, all, 3, NULL), "best");
    all[1].avg_cost = all[2].avg_cost = NAN;
    assert_string_equal(take(POLICY_COST, all, 3, "best quality (4.80) of 3, none with a known cost"), "best");
    assert_string_equal(take(POLICY_BALANCED, all, 3, "best quality (4.80) of 2, none with a known cost"), "best");
    all[0].avg_cost = 0; /* free is known */
    assert_string_equal(take(POLICY_COST, all, 3, "cheapest of 3"), "best");
}

static void ties(void **state) {
    (void)state;
    struct candidate same[] = {candidate("b", 4.5, 0.5, CONFIDENCE_HIGH), candidate("a", 4.5, 0.5, CONFIDENCE_MEDIUM),
                               candidate("c", 4.5, 0.5, CONFIDENCE_HIGH)};
    for (int policy = 0; policy < 3; policy++)
        assert_string_equal(take((enum routing_policy)policy, same, 3, NULL), "a");
    same[2].avg_cost = 0.4;
    assert_string_equal(take(POLICY_QUALITY, same, 3, NULL), "c");
    same[2].avg_cost = NAN;
    assert_string_equal(take(POLICY_QUALITY, same, 3, NULL), "a");
    same[2].avg_cost = 0.5;
    same[2].lower_bound = 4.6;
    assert_string_equal(take(POLICY_COST, same, 3, NULL), "c");
    assert_string_equal(take(POLICY_BALANCED, same, 3, NULL), "c");
    struct candidate providers[] = {candidate("a", 4.5, 0.5, CONFIDENCE_HIGH),
                                    candidate("a", 4.5, 0.5, CONFIDENCE_HIGH)};
    providers[0].provider = span_of("q");
    for (int policy = 0; policy < 3; policy++)
        assert_int_equal(routing_choose((enum routing_policy)policy, providers, 2, NULL), 1);
}

/* -- choosing by predictions --------------------------------------------------------------------------------------- */

/* A model of which nothing but this is known. */
static struct candidate predicted(const char *model, double probability, double cost) {
    return (struct candidate){NAN, cost, CONFIDENCE_NONE, probability, span_of("p"), span_of(model)};
}

static void predictions_and_policies(void **state) {
    (void)state;
    struct candidate all[] = {predicted("best", 0.92, 0.9), predicted("good", 0.88, 0.5), predicted("fair", 0.6, 0.1),
                              predicted("poor", 0.4, 0.01)};
    assert_string_equal(take(POLICY_QUALITY, all, 4, "best prediction (0.92) of 4"), "best");
    assert_string_equal(take(POLICY_BALANCED, all, 4, "cheapest of 2 within 0.05 of the best prediction (0.92)"),
                        "good");
    assert_string_equal(take(POLICY_COST, all, 4, "cheapest of 3 with a prediction of at least 0.50"), "fair");
}

/* However good its ratings are, a model without a prediction is not compared with one that has one. */
static void predictions_before_confidence(void **state) {
    static const char why[] = "the only model with a prediction (0.10)";
    (void)state;
    struct candidate all[] = {candidate("rated", 4.9, 0.001, CONFIDENCE_HIGH), predicted("seen", 0.1, 0.9),
                              candidate("rated too", 4.8, 0.002, CONFIDENCE_HIGH)};
    for (int policy = 0; policy < 3; policy++)
        assert_string_equal(take((enum routing_policy)policy, all, 3, why), "seen");
    all[2].predicted = 0.05; /* nor do the ratings matter of those that have one */
    assert_string_equal(take(POLICY_QUALITY, all, 3, "best prediction (0.10) of 2"), "seen");
    assert_string_equal(take(POLICY_BALANCED, all, 3, "cheapest of 2 within 0.05 of the best prediction (0.10)"),
                        "rated too");
    all[1].predicted = all[2].predicted = NAN;
    assert_string_equal(take(POLICY_QUALITY, all, 3, "best quality (4.90) of 2"), "rated");
}

static void the_only_prediction(void **state) {
    (void)state;
    struct candidate one = predicted("a", 0, NAN);
    for (int policy = 0; policy < 3; policy++)
        assert_string_equal(take((enum routing_policy)policy, &one, 1, "the only model with a prediction (0.00)"), "a");
}

static void border_of_the_best_prediction(void **state) {
    (void)state;
    struct candidate all[] = {predicted("best", 0.9, 0.9), predicted("near", 0.85, 0.5)};
    assert_string_equal(take(POLICY_BALANCED, all, 2, "cheapest of 2 within 0.05 of the best prediction (0.90)"),
                        "near");
    all[1].predicted = 0.85 - 1e-8;
    assert_string_equal(take(POLICY_BALANCED, all, 2, "best prediction (0.90) of 2, by more than 0.05"), "best");
    /* hundredths that are five apart meet the border, whatever doubles make of them */
    for (int i = 5; i <= 100; i++) {
        all[0].predicted = i / 100.0;
        all[1].predicted = (i - 5) / 100.0;
        assert_string_equal(take(POLICY_BALANCED, all, 2, NULL), "near");
        all[1].predicted -= 1e-6;
        assert_string_equal(take(POLICY_BALANCED, all, 2, NULL), "best");
    }
}

static void border_of_good_enough(void **state) {
    static const char enough[] = "cheapest of 2 with a prediction of at least 0.50";
    (void)state;
    struct candidate all[] = {predicted("best", 0.9, 0.9), predicted("cheap", 0.5, 0.1)};
    assert_string_equal(take(POLICY_COST, all, 2, enough), "cheap");
    all[1].predicted = 0.1 * 3 + 0.2 - 1e-12;
    assert_string_equal(take(POLICY_COST, all, 2, enough), "cheap");
    all[1].predicted = 0.5 - 1e-8;
    assert_string_equal(take(POLICY_COST, all, 2, "cheapest of 1 with a prediction of at least 0.50"), "best");
    all[0].predicted = 0.5 - 1e-12; /* the best has it, up to rounding */
    assert_string_equal(take(POLICY_COST, all, 2, "cheapest of 1 with a prediction of at least 0.50"), "best");
}

/* Where none is good enough the best is taken, at whatever cost. */
static void none_is_good_enough(void **state) {
    static const char none[] = "best prediction (0.40) of 3, none with 0.50";
    (void)state;
    struct candidate all[] = {predicted("best", 0.4, 0.9), predicted("cheap", 0.39, 0.1), predicted("free", 0.1, 0)};
    assert_string_equal(take(POLICY_COST, all, 3, none), "best");
    assert_string_equal(take(POLICY_BALANCED, all, 3, "cheapest of 2 within 0.05 of the best prediction (0.40)"),
                        "cheap");
    all[1].predicted = 0.4; /* of two that are as good, the cheaper */
    assert_string_equal(take(POLICY_COST, all, 3, none), "cheap");
    all[0].avg_cost = all[1].avg_cost = NAN;
    assert_string_equal(take(POLICY_COST, all, 3, none), "best");
}

static void predictions_without_costs(void **state) {
    (void)state;
    struct candidate all[] = {predicted("best", 0.9, NAN), predicted("good", 0.87, 0.5), predicted("fair", 0.6, 0.2)};
    assert_string_equal(take(POLICY_QUALITY, all, 3, "best prediction (0.90) of 3"), "best");
    assert_string_equal(take(POLICY_BALANCED, all, 3, "cheapest of 2 within 0.05 of the best prediction (0.90)"),
                        "good");
    assert_string_equal(take(POLICY_COST, all, 3, "cheapest of 3 with a prediction of at least 0.50"), "fair");
    all[1].avg_cost = all[2].avg_cost = NAN;
    assert_string_equal(take(POLICY_BALANCED, all, 3, "best prediction (0.90) of 2, none with a known cost"), "best");
    assert_string_equal(take(POLICY_COST, all, 3, "best prediction (0.90) of 3, none with a known cost"), "best");
    all[0].avg_cost = 0; /* free is known */
    assert_string_equal(take(POLICY_COST, all, 3, "cheapest of 3 with a prediction of at least 0.50"), "best");
}

static void ties_of_predictions(void **state) {
    (void)state;
    struct candidate same[] = {predicted("b", 0.7, 0.5), predicted("a", 0.7, 0.5), predicted("c", 0.7, 0.5)};
    same[0].lower_bound = 4.9; /* which is not compared */
    same[0].confidence = CONFIDENCE_HIGH;
    for (int policy = 0; policy < 3; policy++)
        assert_string_equal(take((enum routing_policy)policy, same, 3, NULL), "a");
    same[2].avg_cost = 0.4;
    assert_string_equal(take(POLICY_QUALITY, same, 3, NULL), "c");
    same[2].avg_cost = NAN;
    assert_string_equal(take(POLICY_QUALITY, same, 3, NULL), "a");
    same[2] = predicted("c", 0.72, 0.5);
    assert_string_equal(take(POLICY_COST, same, 3, NULL), "c");
    assert_string_equal(take(POLICY_BALANCED, same, 3, NULL), "c");
    same[1].model = same[0].model;
    same[1].provider = span_of("o");
    assert_int_equal(routing_choose(POLICY_QUALITY, same, 2, NULL), 1);
}

/* -- shares -------------------------------------------------------------------------------------------------------- */

static void the_dearest(void **state) {
    (void)state;
    struct candidate all[] = {predicted("cheap", 0.9, 0.1), predicted("dear", 0.3, 0.9), predicted("middle", 0.5, 0.5),
                              candidate("unseen", 4.9, 7, CONFIDENCE_HIGH)};
    assert_int_equal(routing_dearest(all, 4), 1);
    all[2].avg_cost = 0.9; /* of two that cost as much, the better */
    assert_int_equal(routing_dearest(all, 4), 2);
    all[1].predicted = 0.5; /* of two that are as good, by name */
    assert_int_equal(routing_dearest(all, 4), 1);
    all[2].model = span_of("dealer");
    assert_int_equal(routing_dearest(all, 4), 2);
    all[2].avg_cost = NAN;
    assert_int_equal(routing_dearest(all, 4), 1);
    assert_int_equal(routing_dearest(all, 2), 1);
}

static void no_dearest(void **state) {
    (void)state;
    struct candidate all[] = {predicted("one", 0.9, 0.1), candidate("unseen", 4.9, 7, CONFIDENCE_HIGH),
                              predicted("two", 0.8, NAN)};
    assert_int_equal(routing_dearest(NULL, 0), -1);
    assert_int_equal(routing_dearest(all, 1), -1);
    assert_int_equal(routing_dearest(all, 2), -1);
    assert_int_equal(routing_dearest(&all[1], 1), -1);
    all[0].avg_cost = NAN; /* two, and no cost */
    assert_int_equal(routing_dearest(all, 3), -1);
}

static void needs(void **state) {
    (void)state;
    struct candidate all[] = {predicted("a", 0.25, 0.1), predicted("b", 0.75, 0.9),
                              candidate("unseen", 4.9, 7, CONFIDENCE_HIGH), predicted("c", 0.5, NAN)};
    assert_true(routing_need(all, 4, 1) == 0.25);
    assert_true(routing_need(all, 2, 1) == 0.5);
    assert_true(routing_need(all, 4, 0) == -0.5);
    assert_true(routing_need(all, 4, 3) == -0.25);
    all[0].predicted = 1;
    all[1].predicted = 0;
    assert_true(routing_need(all, 4, 1) == -1);
    assert_true(routing_need(all, 2, 0) == 1);
}

static bool over(struct threshold threshold, double need, uint64_t hash) {
    return routing_needs(&threshold, need, hash);
}

static void shares_of_different_needs(void **state) {
    (void)state;
    double needs_of_ten[] = {0.4, -0.1, 0.9, 0.2, 0, 0.7, -0.5, 0.3, 0.1, 0.8};
    struct threshold threshold = routing_threshold(needs_of_ten, 10, 0.3);
    assert_true(threshold.need == 0.7 && threshold.near == 1);
    assert_true(over(threshold, 0.7, 0) && over(threshold, 0.7, UINT64_MAX / 2) && over(threshold, 0.71, UINT64_MAX));
    assert_true(over(threshold, 0.69, UINT64_MAX)); /* near enough */
    assert_false(over(threshold, 0.67, 0) || over(threshold, -1, 0));
    threshold = routing_threshold(needs_of_ten, 10, 0.349);
    assert_true(threshold.need == 0.7);
    threshold = routing_threshold(needs_of_ten, 10, 0.351); /* the nearest number of prompts */
    assert_true(threshold.need == 0.4 && threshold.near == 1);
}

static void none_and_all(void **state) {
    double many[] = {0.4, -0.1, 0.9, -1};
    (void)state;
    struct threshold threshold = routing_threshold(many, 4, 0);
    assert_false(over(threshold, 1, 0) || over(threshold, 0.9, 0));
    threshold = routing_threshold(many, 4, 0.1); /* less than half a prompt */
    assert_false(over(threshold, 1, 0));
    threshold = routing_threshold(many, 4, 1);
    assert_true(over(threshold, -0.9, UINT64_MAX) && over(threshold, -1, 0) && over(threshold, -1, UINT64_MAX));
}

/* All are all, whatever their hash. */
static void all_of_any_hash(void **state) {
    double many[] = {0.5, 0.25, 0.25};
    (void)state;
    assert_true(over(routing_threshold(many, 3, 1), 0.25, UINT64_MAX));
    assert_true(over((struct threshold){0, 1}, 0, UINT64_MAX));
    assert_false(over((struct threshold){0, 0}, 0, 0));
}

static void a_share_of_one_prompt(void **state) {
    double one[] = {0.25};
    (void)state;
    assert_false(over(routing_threshold(one, 1, 0), 0.25, 0));
    assert_false(over(routing_threshold(one, 1, 0.49), 1, 0));
    assert_true(over(routing_threshold(one, 1, 0.5), 0.25, 0));
    assert_true(over(routing_threshold(one, 1, 1), 0.25, 0));
    assert_true(
        over(routing_threshold(one, 1, 1), 0.2, 0)); /* all are all, those that need less than any before, too */
    assert_false(over(routing_threshold(one, 1, 0.99), 0.2, 0));
}

/* Of eight that need the same, the three with the lowest of hashes that lie evenly. */
static void ties_are_split_by_hash(void **state) {
    double same[] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 0.1};
    struct threshold threshold = routing_threshold(same, 10, 0.4);
    (void)state;
    assert_true(threshold.need == 0.5 && threshold.near == 3.0 / 8);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(over(threshold, 0.5, (i << 61) + 12345), i < 3);
    assert_true(over(threshold, 0.5, (UINT64_C(3) << 61) - 4096));
    assert_false(over(threshold, 0.5, UINT64_C(3) << 61) || over(threshold, 0.5, UINT64_MAX));
    assert_true(over(threshold, 0.9, UINT64_MAX));
    assert_false(over(threshold, 0.1, 0));
}

/* -- property: any order, and as by the definition ----------------------------------------------------------------- */

enum { CANDIDATES_MAX = 8 };

static struct candidate random_candidate(void) {
    static const char *const models[] = {"a", "ab", "b", "c", ""};
    static const char *const providers[] = {"x", "y"};
    return (struct candidate){.lower_bound = random_next() % 20 == 0 ? NAN : 3 + (double)(random_next() % 16) / 8,
                              .avg_cost = random_next() % 4 == 0 ? NAN : (double)(random_next() % 4) / 10,
                              .confidence = (enum confidence_level)(random_next() % 4),
                              .predicted = NAN,
                              .provider = span_of(providers[random_next() % 2]),
                              .model = span_of(models[random_next() % 5])};
}

/* Whether TAKEN could not be bettered by OTHER, of those in the running. */
static bool stands(enum routing_policy policy, const struct candidate *taken, const struct candidate *other) {
    bool known = !isnan(taken->avg_cost), other_known = !isnan(other->avg_cost);
    double bound = isnan(taken->lower_bound) ? -1 : taken->lower_bound;
    double other_bound = isnan(other->lower_bound) ? -1 : other->lower_bound;
    bool same_cost = known == other_known && (!known || taken->avg_cost == other->avg_cost);
    bool cheaper = known && (!other_known || taken->avg_cost < other->avg_cost);
    if (policy == POLICY_QUALITY && bound != other_bound)
        return bound > other_bound;
    if (!same_cost)
        return cheaper;
    if (bound != other_bound)
        return bound > other_bound;
    int order = span_compare(taken->model, other->model);
    return order != 0 ? order < 0 : span_compare(taken->provider, other->provider) <= 0;
}

static bool same_candidate(const struct candidate *a, const struct candidate *b) {
    return span_equal(a->model, b->model) && span_equal(a->provider, b->provider) &&
           memcmp(&a->avg_cost, &b->avg_cost, sizeof a->avg_cost) == 0 &&
           memcmp(&a->lower_bound, &b->lower_bound, sizeof a->lower_bound) == 0;
}

static void shuffle(struct candidate *candidates, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t other = random_next() % i;
        struct candidate kept = candidates[i - 1];
        candidates[i - 1] = candidates[other];
        candidates[other] = kept;
    }
}

static bool in_running(const struct candidate *c, enum routing_policy policy, double best) {
    double bound = isnan(c->lower_bound) ? -1 : c->lower_bound;
    return c->confidence >= CONFIDENCE_MEDIUM && (policy != POLICY_BALANCED || best < 0 || bound >= best - 0.25);
}

/* -- by predictions too: by the definition, in steps --------------------------------------------------------------- */

static double plain_merit(const struct candidate *c, bool by_prediction) {
    double merit = by_prediction ? c->predicted : c->lower_bound;
    return isnan(merit) ? -1 : merit;
}

static bool plain_eligible(const struct candidate *c, bool by_prediction) {
    return by_prediction ? !isnan(c->predicted) : c->confidence >= CONFIDENCE_MEDIUM;
}

/* The least merit that is enough: predictions are thousandths here, and bounds eighths. */
static double plain_least(enum routing_policy policy, bool by_prediction, double best) {
    if (policy == POLICY_BALANCED && best >= 0)
        return best - (by_prediction ? 0.0505 : 0.26);
    if (policy == POLICY_COST && by_prediction)
        return best < 0.4995 ? best - 0.0005 : 0.4995;
    return -1;
}

/* Whether A is taken rather than B: each question is asked only where those before it are a draw. */
static bool plain_before(const struct candidate *a, const struct candidate *b, bool cost_first, bool by_prediction) {
    double cost_a = isnan(a->avg_cost) ? 1e9 : a->avg_cost, cost_b = isnan(b->avg_cost) ? 1e9 : b->avg_cost;
    double merit_a = plain_merit(a, by_prediction), merit_b = plain_merit(b, by_prediction);
    if (cost_first && cost_a != cost_b)
        return cost_a < cost_b;
    if (merit_a != merit_b)
        return merit_a > merit_b;
    if (cost_a != cost_b)
        return cost_a < cost_b;
    int order = span_compare(a->model, b->model);
    return order != 0 ? order < 0 : span_compare(a->provider, b->provider) < 0;
}

static int plain_choice(enum routing_policy policy, const struct candidate *all, size_t count) {
    bool by_prediction = false;
    double best = -1;
    int taken = -1;
    for (size_t i = 0; i < count; i++)
        by_prediction = by_prediction || !isnan(all[i].predicted);
    for (size_t i = 0; i < count; i++)
        if (plain_eligible(&all[i], by_prediction) && plain_merit(&all[i], by_prediction) > best)
            best = plain_merit(&all[i], by_prediction);
    for (size_t i = 0; i < count; i++)
        if (plain_eligible(&all[i], by_prediction) &&
            plain_merit(&all[i], by_prediction) >= plain_least(policy, by_prediction, best) &&
            (taken < 0 || plain_before(&all[i], &all[taken], policy != POLICY_QUALITY, by_prediction)))
            taken = (int)i;
    return taken;
}

/* Near to one another or to a half, so that the borders are met. */
static double random_prediction(void) {
    if (random_next() % 3 == 0)
        return NAN;
    return random_next() % 2 == 0 ? (double)(495 + random_next() % 10) / 1000 : (double)(random_next() % 21) / 20;
}

/* By predictions, bounds decide nothing: then two may have the same name and all that counts. */
static bool same_choice(const struct candidate *a, const struct candidate *b) {
    struct candidate without = *a;
    if (!isnan(a->predicted))
        without.lower_bound = b->lower_bound;
    return same_candidate(&without, b) && memcmp(&a->predicted, &b->predicted, sizeof a->predicted) == 0;
}

static void check_choice(enum routing_policy policy, struct candidate *all, size_t count) {
    struct text why = {0}, again = {0};
    int taken = routing_choose(policy, all, count, &why), wanted = plain_choice(policy, all, count);
    assert_int_equal(taken >= 0, wanted >= 0);
    struct candidate first = taken >= 0 ? all[taken] : (struct candidate){0};
    assert_true(taken < 0 || same_choice(&first, &all[wanted]));
    shuffle(all, count);
    int other = routing_choose(policy, all, count, &again);
    assert_int_equal(other >= 0, taken >= 0);
    assert_true(taken < 0 || same_choice(&first, &all[other]));
    assert_string_equal(again.s, why.s);
    text_free(&why);
    text_free(&again);
}

static void random_predictions(void **state) {
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct candidate all[CANDIDATES_MAX];
        size_t count = random_next() % (CANDIDATES_MAX + 1);
        bool seen = random_next() % 8 != 0;
        for (size_t i = 0; i < count; i++) {
            all[i] = random_candidate();
            all[i].predicted = seen ? random_prediction() : (double)NAN;
        }
        check_choice((enum routing_policy)(random_next() % 3), all, count);
    }
}

static int number_of_dearest(const struct candidate *all, size_t count) {
    int dearest = -1;
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        seen += isnan(all[i].predicted) || isnan(all[i].avg_cost) ? 0 : 1;
        if (!isnan(all[i].predicted) && !isnan(all[i].avg_cost) &&
            (dearest < 0 || all[i].avg_cost > all[dearest].avg_cost ||
             (all[i].avg_cost == all[dearest].avg_cost && plain_before(&all[i], &all[dearest], false, true))))
            dearest = (int)i;
    }
    return seen > 1 ? dearest : -1;
}

/* The dearest, and what is needed of it. */
static void random_dearest(void **state) {
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct candidate all[CANDIDATES_MAX];
        size_t count = random_next() % (CANDIDATES_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            all[i] = random_candidate();
            all[i].predicted = random_prediction();
        }
        int dearest = routing_dearest(all, count), wanted = number_of_dearest(all, count);
        assert_int_equal(dearest >= 0, wanted >= 0);
        if (dearest < 0)
            continue;
        assert_true(same_candidate(&all[dearest], &all[wanted]));
        double need = routing_need(all, count, dearest), least = 2;
        for (size_t i = 0; i < count; i++)
            if ((int)i != dearest && all[dearest].predicted - all[i].predicted < least)
                least = all[dearest].predicted - all[i].predicted;
        assert_true(need == least && need >= -1 && need <= 1);
    }
}

/* As many are over the threshold as were wanted, where the hashes of those that need the same lie evenly. */
static void random_shares(void **state) {
    (void)state;
    for (int round = 0; round < 5000; round++) {
        double all[64], sorted[64], share = (double)(random_next() % 1001) / 1000;
        size_t count = 1 + random_next() % 64, wanted = (size_t)lround(share * (double)count), taken = 0;
        uint64_t kinds = 1 + random_next() % 80;
        for (size_t i = 0; i < count; i++)
            all[i] = sorted[i] = (double)(random_next() % kinds) / 40 - 1;
        struct threshold threshold = routing_threshold(sorted, count, share);
        for (size_t i = 0; i < count; i++) {
            double same = 0, before = 0;
            for (size_t j = 0; j < count; j++) {
                same += all[j] == all[i];
                before += j < i && all[j] == all[i];
            }
            taken += routing_needs(&threshold, all[i], (uint64_t)((before + 0.5) / same * 0x1p64));
            assert_true(wanted == 0 || share >= 1 || i == 0 || sorted[i - 1] >= sorted[i]);
        }
        assert_int_equal(taken, wanted);
    }
}

/* -- by ratings alone ---------------------------------------------------------------------------------------------- */

static void random_candidates(void **state) {
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct candidate candidates[CANDIDATES_MAX];
        size_t count = random_next() % (CANDIDATES_MAX + 1);
        enum routing_policy policy = (enum routing_policy)(random_next() % 3);
        double best = -1;
        for (size_t i = 0; i < count; i++) {
            candidates[i] = random_candidate();
            if (candidates[i].confidence >= CONFIDENCE_MEDIUM && candidates[i].lower_bound > best)
                best = candidates[i].lower_bound;
        }
        struct text why = {0}, again = {0};
        int taken = routing_choose(policy, candidates, count, &why);
        bool any = false;
        for (size_t i = 0; i < count; i++)
            if (in_running(&candidates[i], policy, best)) {
                any = true;
                assert_true(taken >= 0 && stands(policy, &candidates[taken], &candidates[i]));
            }
        assert_int_equal(any, taken >= 0);
        if (any)
            assert_true(in_running(&candidates[taken], policy, best));
        struct candidate first = any ? candidates[taken] : (struct candidate){0};
        for (int order = 0; order < 3; order++) {
            shuffle(candidates, count);
            text_clear(&again);
            int other = routing_choose(policy, candidates, count, &again);
            assert_int_equal(other >= 0, any);
            assert_true(!any || same_candidate(&candidates[other], &first));
            assert_string_equal(again.s, why.s);
        }
        text_free(&why);
        text_free(&again);
    }
}

/* The deviation by its definition. */
static void random_ratings(void **state) {
    (void)state;
    for (int round = 0; round < 5000; round++) {
        int qualities[32], count = 2 + (int)(random_next() % 31);
        for (int i = 0; i < count; i++)
            qualities[i] = 1 + (int)(random_next() % 5);
        struct rating_sums sums = sums_of(qualities, count);
        double mean = 0, squares = 0;
        for (int i = 0; i < count; i++)
            mean += (double)qualities[i] / count;
        for (int i = 0; i < count; i++)
            squares += (qualities[i] - mean) * (qualities[i] - mean);
        struct group_figures figures = group_figures(&sums);
        assert_true(fabs(figures.avg_quality - mean) < 1e-12);
        assert_true(fabs(figures.deviation - sqrt(squares / (count - 1))) < 1e-12);
        double least = figures.deviation > 0.5 ? figures.deviation : 0.5;
        assert_true(fabs(figures.lower_bound - (mean - 1.645 * least / sqrt(count))) < 1e-12);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_levels),
        cmocka_unit_test(names_of_policies),
        cmocka_unit_test(high_confidence),
        cmocka_unit_test(medium_confidence),
        cmocka_unit_test(without_verdicts_quality_decides),
        cmocka_unit_test(nothing_known),
        cmocka_unit_test(bounds),
        cmocka_unit_test(means),
        cmocka_unit_test(three_policies),
        cmocka_unit_test(none_is_confident),
        cmocka_unit_test(the_only_one),
        cmocka_unit_test(balanced_border),
        cmocka_unit_test(costs_that_are_not_known),
        cmocka_unit_test(ties),
        cmocka_unit_test(predictions_and_policies),
        cmocka_unit_test(predictions_before_confidence),
        cmocka_unit_test(the_only_prediction),
        cmocka_unit_test(border_of_the_best_prediction),
        cmocka_unit_test(border_of_good_enough),
        cmocka_unit_test(none_is_good_enough),
        cmocka_unit_test(predictions_without_costs),
        cmocka_unit_test(ties_of_predictions),
        cmocka_unit_test(the_dearest),
        cmocka_unit_test(no_dearest),
        cmocka_unit_test(needs),
        cmocka_unit_test(shares_of_different_needs),
        cmocka_unit_test(none_and_all),
        cmocka_unit_test(all_of_any_hash),
        cmocka_unit_test(a_share_of_one_prompt),
        cmocka_unit_test(ties_are_split_by_hash),
        cmocka_unit_test(random_predictions),
        cmocka_unit_test(random_dearest),
        cmocka_unit_test(random_shares),
        cmocka_unit_test(random_candidates),
        cmocka_unit_test(random_ratings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
