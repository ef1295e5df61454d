/* Routing by a score: examples worked out by hand, scores that are worth all, nothing or less, and any data plainly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rules/evaluation.h"
#include "random.h"

static void shuffle(struct outcome *outcomes, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t other = random_high() % i;
        struct outcome kept = outcomes[i - 1];
        outcomes[i - 1] = outcomes[other];
        outcomes[other] = kept;
    }
}

static void near(double got, double wanted) {
    if (!(fabs(got - wanted) <= 1e-9 * fmax(1, fabs(wanted))))
        fail_msg("wanted %.17g, got %.17g", wanted, got);
}

static void same(const struct routed *got, const struct routed *wanted) {
    for (int i = 0; i <= EVALUATION_STEPS; i++)
        near(got->quality[i], wanted->quality[i]);
    near(got->apgr, wanted->apgr);
    near(got->share_50, wanted->share_50);
    near(got->share_80, wanted->share_80);
}

static bool no_gain(const struct routed *routed) {
    return isnan(routed->apgr) && isnan(routed->share_50) && isnan(routed->share_80);
}

/* -- scores that are worth all, or nothing ------------------------------------------------------------------------- */

/* Of 100 prompts the cheap model fails on 40, on 20 of which the dear one does not. */
static void hundred(struct outcome *outcomes, double (*score)(double gain, int number)) {
    for (int i = 0; i < 100; i++) {
        double cheap = i < 60 ? 1 : 0, dear = i < 80 ? 1 : 0;
        outcomes[i] = (struct outcome){score(dear - cheap, i), cheap, dear};
    }
    shuffle(outcomes, 100);
}

static double perfect(double gain, int number) {
    return gain + number / 1000.0;
}

static double reversed(double gain, int number) {
    return -gain + number / 1000.0;
}

static double constant(double gain, int number) {
    (void)gain;
    (void)number;
    return 0.25;
}

/* All is gained in the first fifth, in a straight line: the area is half of that and all of the rest. */
static void a_perfect_score(void **state) {
    struct outcome outcomes[100];
    struct routed routed;
    (void)state;
    hundred(outcomes, perfect);
    evaluate_routing(outcomes, 100, true, &routed);
    for (int i = 0; i <= 100; i++)
        near(routed.quality[i], 0.6 + (i < 20 ? i : 20) / 100.0);
    near(routed.apgr, 0.9);
    near(routed.share_50, 0.1);
    near(routed.share_80, 0.16);
}

static void a_reversed_score(void **state) {
    struct outcome outcomes[100];
    struct routed routed;
    (void)state;
    hundred(outcomes, reversed);
    evaluate_routing(outcomes, 100, true, &routed);
    for (int i = 0; i <= 100; i++)
        near(routed.quality[i], 0.6 + (i > 80 ? i - 80 : 0) / 100.0);
    near(routed.apgr, 0.1);
    near(routed.share_50, 0.9);
    near(routed.share_80, 0.96);
}

static void check_chance(const struct routed *routed, double cheap, double dear) {
    for (int i = 0; i <= 100; i++)
        near(routed->quality[i], cheap + (dear - cheap) * i / 100);
    near(routed->apgr, 0.5);
    near(routed->share_50, 0.5);
    near(routed->share_80, 0.8);
}

static void a_constant_score(void **state) {
    struct outcome outcomes[100];
    struct routed routed;
    (void)state;
    hundred(outcomes, constant);
    evaluate_routing(outcomes, 100, true, &routed);
    check_chance(&routed, 0.6, 0.8);
    shuffle(outcomes, 100);
    evaluate_routing(outcomes, 100, false, &routed);
    check_chance(&routed, 0.6, 0.8);
}

/* -- by hand ------------------------------------------------------------------------------------------------------- */

/* Gains by score: 1, 0, -1, 1. The cheap model's quality is (0 + 1 + 1 + 0) / 4. */
static void four_prompts(void **state) {
    struct outcome outcomes[] = {{0.1, 0, 1}, {0.9, 0, 1}, {0.3, 1, 0}, {0.5, 1, 1}};
    struct routed routed;
    (void)state;
    evaluate_routing(outcomes, 4, true, &routed);
    near(routed.quality[0], 0.5);
    near(routed.quality[10], 0.6); /* 0.4 of a prompt */
    near(routed.quality[25], 0.75);
    near(routed.quality[40], 0.75);
    near(routed.quality[50], 0.75);
    near(routed.quality[60], 0.65); /* 0.4 of the third */
    near(routed.quality[75], 0.5);
    near(routed.quality[80], 0.55); /* 0.2 of the fourth */
    near(routed.quality[100], 0.75);
    /* of a gain of 0.25, by quarters: half of the way to all, all, half of the way down to none, and up again */
    near(routed.apgr, (0.5 + 1 + 0.5 + 0.5) / 4);
    near(routed.share_50, 0.125);
    near(routed.share_80, 0.2);
    assert_true(outcomes[0].score == 0.9 && outcomes[1].score == 0.5 && outcomes[3].score == 0.1);
}

/* Shares of verdicts, and steps that are no whole prompts. Gains by score: 0.5, 0.25, 0.25, 0, 1; the cheap model's
 * quality is (0.5 + 0.25 + 0 + 1 + 0) / 5 = 0.35, the gain 2 / 5 = 0.4. */
static void five_prompts(void **state) {
    struct outcome outcomes[] = {{5, 0.5, 1}, {4, 0.25, 0.5}, {3, 0, 0.25}, {2, 1, 1}, {1, 0, 1}};
    struct routed routed;
    (void)state;
    evaluate_routing(outcomes, 5, true, &routed);
    near(routed.quality[0], 0.35);
    near(routed.quality[1], 0.355); /* 0.05 of a prompt, by 0.5, of 5 prompts */
    near(routed.quality[20], 0.45);
    near(routed.quality[30], 0.475);
    near(routed.quality[40], 0.5);
    near(routed.quality[60], 0.55);
    near(routed.quality[80], 0.55);
    near(routed.quality[99], 0.74);
    near(routed.quality[100], 0.75);
    /* recovered at each fifth: 0, 0.25, 0.375, 0.5, 0.5, 1 */
    near(routed.apgr, (0.125 + 0.3125 + 0.4375 + 0.5 + 0.75) / 5);
    near(routed.share_50, 0.6);
    near(routed.share_80, 0.92); /* 0.6 of the last fifth */
}

/* A curve that passes half of the gain, falls under it, and is at more than all of it. */
static void more_than_all_is_recovered(void **state) {
    struct outcome outcomes[] = {{4, 0, 1}, {3, 1, 0}, {2, 0, 1}, {1, 0, 1}, {0, 1, 0}};
    struct routed routed;
    (void)state;
    evaluate_routing(outcomes, 5, true, &routed);
    near(routed.quality[0], 0.4);
    near(routed.quality[40], 0.4);
    near(routed.quality[80], 0.8);
    near(routed.quality[100], 0.6);
    /* recovered at each fifth: 0, 1, 0, 1, 2, 1 */
    near(routed.apgr, (0.5 + 0.5 + 0.5 + 1.5 + 1.5) / 5);
    near(routed.share_50, 0.1);
    near(routed.share_80, 0.16);
}

static void one_prompt(void **state) {
    struct outcome outcome = {7, 0, 1};
    struct routed routed;
    (void)state;
    evaluate_routing(&outcome, 1, true, &routed);
    check_chance(&routed, 0, 1);
    evaluate_routing(&outcome, 1, false, &routed);
    check_chance(&routed, 0, 1);
    outcome.dear = NAN;
    evaluate_routing(&outcome, 1, false, &routed);
    assert_true(no_gain(&routed) && isnan(routed.quality[0]) && isnan(routed.quality[100]));
}

static void no_prompt(void **state) {
    struct routed routed;
    (void)state;
    for (int paired = 0; paired < 2; paired++) {
        evaluate_routing(NULL, 0, paired, &routed);
        assert_true(no_gain(&routed));
        for (int i = 0; i <= EVALUATION_STEPS; i++)
            assert_true(isnan(routed.quality[i]));
    }
}

/* -- nothing to recover -------------------------------------------------------------------------------------------- */

static void no_gain_and_less(void **state) {
    struct outcome level[] = {{4, 0, 1}, {3, 1, 1}, {2, 1, 0}}, falling[] = {{4, 0, 1}, {3, 1, 0}, {2, 1, 0}};
    struct routed routed;
    (void)state;
    evaluate_routing(level, 3, true, &routed);
    assert_true(no_gain(&routed));
    near(routed.quality[0], 2.0 / 3);
    near(routed.quality[50], 1);
    near(routed.quality[100], 2.0 / 3);
    evaluate_routing(falling, 3, true, &routed);
    assert_true(no_gain(&routed));
    near(routed.quality[0], 2.0 / 3);
    near(routed.quality[100], 1.0 / 3);
}

/* Shares of 1/10 to 3/10 that add up to no gain, and not to nothing in doubles: no more is it a gain. */
static void no_gain_but_for_rounding(void **state) {
    struct outcome outcomes[] = {{3, 0, 0.1}, {2, 0, 0.2}, {1, 0.3, 0}};
    struct routed routed;
    (void)state;
    evaluate_routing(outcomes, 3, true, &routed);
    near(routed.quality[0], 0.1);
    near(routed.quality[100], 0.1);
    assert_true(no_gain(&routed));
}

/* The same, of any verdicts. */
static void random_shares_without_gain(void **state) {
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct outcome outcomes[24];
        size_t half = 1 + random_high() % 12;
        struct routed routed;
        for (size_t i = 0; i < half; i++) {
            double verdicts = (double)(1 + random_high() % 9), cheap = (double)(random_high() % 10) / 9 / verdicts;
            double dear = (double)(random_high() % 10) / 9 / verdicts;
            outcomes[2 * i] = (struct outcome){(double)(random_high() % 100), cheap, dear};
            outcomes[2 * i + 1] = (struct outcome){(double)(random_high() % 100), dear, cheap};
        }
        evaluate_routing(outcomes, 2 * half, true, &routed);
        near(routed.quality[100], routed.quality[0]);
        if (!no_gain(&routed))
            fail_msg("round %d: apgr %g of a gain of %g", round, routed.apgr, routed.quality[100] - routed.quality[0]);
    }
}

/* -- ties ---------------------------------------------------------------------------------------------------------- */

/* Two of one score: half of each is sent at 25 %. Gains 1 and 0, then -1 and 1. */
static void ties_count_as_their_mean(void **state) {
    struct outcome outcomes[] = {{2, 0, 1}, {2, 0, 0}, {1, 1, 0}, {1, 0, 1}};
    struct routed routed;
    (void)state;
    for (int order = 0; order < 24; order++) {
        evaluate_routing(outcomes, 4, true, &routed);
        near(routed.quality[0], 0.25);
        near(routed.quality[25], 0.375);
        near(routed.quality[50], 0.5);
        near(routed.quality[75], 0.5);
        near(routed.quality[100], 0.5);
        near(routed.apgr, 0.75);
        near(routed.share_50, 0.25);
        near(routed.share_80, 0.4);
        shuffle(outcomes, 4);
    }
}

/* Outcomes with few scores; with some verdicts unknown unless PAIRED. */
static void random_outcomes(struct outcome *outcomes, size_t count, unsigned scores, bool paired) {
    for (size_t i = 0; i < count; i++) {
        outcomes[i] = (struct outcome){(double)(random_high() % scores), (double)(random_high() % 5) / 8,
                                       0.25 + (double)(random_high() % 7) / 8};
        if (!paired && random_high() % 3 != 0)
            *(random_high() % 2 == 0 ? &outcomes[i].cheap : &outcomes[i].dear) = NAN;
    }
}

static void any_order(void **state) {
    (void)state;
    for (int round = 0; round < 1000; round++) {
        struct outcome outcomes[120];
        struct routed routed, again;
        size_t count = 20 + random_high() % 100;
        bool paired = round % 2 == 0;
        random_outcomes(outcomes, count, 1 + (unsigned)(random_high() % 40), paired);
        evaluate_routing(outcomes, count, paired, &routed);
        for (int order = 0; order < 3; order++) {
            shuffle(outcomes, count);
            evaluate_routing(outcomes, count, paired, &again);
            if (no_gain(&routed))
                assert_true(no_gain(&again));
            else
                same(&again, &routed);
        }
    }
}

/* -- prompts without both verdicts --------------------------------------------------------------------------------- */

/* 20 ranks of ten prompts, of which the cheap model's have verdicts by turns: in each the truth is in both. */
static void alternate_verdicts(void **state) {
    struct outcome outcomes[200];
    struct routed routed;
    double truth = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        int rank = i / 10;
        outcomes[i] = (struct outcome){-i, i % 2 == 0 ? rank / 40.0 : (double)NAN, i % 2 != 0 ? 0.75 : (double)NAN};
    }
    shuffle(outcomes, 200);
    evaluate_routing(outcomes, 200, false, &routed);
    /* the cheap model's mean is 9.5 / 40; each rank is 5 of the 100 steps, and gains 0.75 less its quality */
    for (int rank = 0; rank <= 20; rank++) {
        near(routed.quality[5 * rank], 0.2375 + truth);
        truth += (0.75 - rank / 40.0) / 20;
    }
    near(routed.quality[2], 0.2375 + 0.75 / 20 * 0.4);
    /* by ranks of a gain of 20.5 / 40: what the k-th gains is there whole in those after it, and in its own half */
    double area = 0;
    for (int rank = 0; rank < 20; rank++)
        area += (0.75 - rank / 40.0) / 20 * (19.5 - rank) / 20;
    near(routed.apgr, area / 0.5125);
}

/* A prompt that has both verdicts counts in both means; one that has none, only among the prompts. */
static void means_of_a_rank(void **state) {
    struct outcome outcomes[40];
    struct routed routed;
    (void)state;
    for (int i = 0; i < 40; i++)
        outcomes[i] = (struct outcome){-i, 0.5, 0.5};
    /* the first group is the first two, in which the dear model's mean is 1 */
    outcomes[0] = (struct outcome){0, 0, 1};
    outcomes[1] = (struct outcome){-1, 1, NAN};
    /* the second has nothing of its own, and stands with the third */
    outcomes[2].cheap = outcomes[2].dear = outcomes[3].cheap = outcomes[3].dear = NAN;
    outcomes[4] = (struct outcome){-4, 0, 1};
    outcomes[5] = (struct outcome){-5, 0, NAN};
    evaluate_routing(outcomes, 40, false, &routed);
    near(routed.quality[0], (2 * 0.5 + 4 * 0.0 + 34 * 0.5) / 40);
    near(routed.quality[5], (2 * 1.0 + 4 * 0.0 + 34 * 0.5) / 40);
    near(routed.quality[10], (2 * 1.0 + 2 * 1.0 + 2 * 0.0 + 34 * 0.5) / 40);
    near(routed.quality[15], (2 * 1.0 + 4 * 1.0 + 34 * 0.5) / 40);
    near(routed.quality[100], routed.quality[15]);
}

/* Ends that another router has found; parts of the gain stay, and a gain that is hardly one is left alone. */
static void other_ends(void **state) {
    struct outcome outcomes[] = {{2, 0, 1}, {1, 0.5, 0.5}};
    struct routed routed, before;
    (void)state;
    evaluate_routing(outcomes, 2, true, &routed);
    before = routed;
    routed_between(&routed, 0.2, 0.6);
    near(routed.quality[0], 0.2);
    near(routed.quality[25], 0.4);
    near(routed.quality[50], 0.6);
    near(routed.quality[100], 0.6);
    assert_true(routed.apgr == before.apgr && routed.share_80 == before.share_80);
    routed_between(&routed, 0.6, 0.605);
    near(routed.quality[0], 0.2);
    routed_between(&routed, 0.6, 0.2);
    near(routed.quality[100], 0.6);
}

/* A group at the end in which a model has no verdict stands with the one before, and what it has counts there. */
static void the_last_group(void **state) {
    struct outcome outcomes[20];
    struct routed routed;
    (void)state;
    for (int i = 0; i < 20; i++)
        outcomes[i] = (struct outcome){-i, 0, 1};
    outcomes[19] = (struct outcome){-19, NAN, NAN};
    evaluate_routing(outcomes, 20, false, &routed);
    near(routed.quality[0], 0);
    near(routed.quality[95], 0.95);
    near(routed.quality[100], 1);
    outcomes[19] = (struct outcome){-19, 1, NAN}; /* of the last two prompts' cheap answers one is good */
    evaluate_routing(outcomes, 20, false, &routed);
    near(routed.quality[100], 1);
    near(routed.quality[0], 0.05);
    near(routed.quality[90], 0.95);
}

/* Where one model has no verdict at all there is nothing to say. */
static void one_model_alone(void **state) {
    struct outcome outcomes[50];
    struct routed routed;
    (void)state;
    for (int i = 0; i < 50; i++)
        outcomes[i] = (struct outcome){-i, NAN, 1};
    evaluate_routing(outcomes, 50, false, &routed);
    assert_true(no_gain(&routed) && isnan(routed.quality[0]));
    outcomes[25].cheap = 0; /* and with one verdict no more than of all together */
    evaluate_routing(outcomes, 50, false, &routed);
    near(routed.quality[0], 0);
    near(routed.quality[100], 1);
    near(routed.apgr, 0.5);
}

/* -- property: by the definition ----------------------------------------------------------------------------------- */

/* The quality where the first X of COUNT prompts are sent to the dear model, of the last of these a part. */
static double plain_quality(const struct outcome *sorted, size_t count, double x) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double sent = x >= (double)(i + 1) ? 1 : x <= (double)i ? 0 : x - (double)i;
        sum += sent * sorted[i].dear + (1 - sent) * sorted[i].cheap;
    }
    return sum / (double)count;
}

/* The first share at which PART is recovered, by steps and in a straight line between them. */
static double plain_share(const double *recovered, double part) {
    int i = 0;
    while (recovered[i] < part)
        i++;
    return (i - (recovered[i] - part) / (recovered[i] - recovered[i - 1])) / 100;
}

/* Of outcomes in order, as by selection: without equal scores. */
static void plainly(struct outcome *outcomes, size_t count, struct routed *routed) {
    double recovered[101], area = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (outcomes[j].score > outcomes[i].score) {
                struct outcome swap = outcomes[i];
                outcomes[i] = outcomes[j];
                outcomes[j] = swap;
            }
    for (int i = 0; i <= 100; i++)
        routed->quality[i] = plain_quality(outcomes, count, (double)count * i / 100);
    for (int i = 0; i <= 100; i++)
        recovered[i] = (routed->quality[i] - routed->quality[0]) / (routed->quality[100] - routed->quality[0]);
    for (int i = 0; i < 100; i++)
        area += (recovered[i] + recovered[i + 1]) / 200;
    routed->apgr = area;
    routed->share_50 = plain_share(recovered, 0.5);
    routed->share_80 = plain_share(recovered, 0.8);
}

static double random_share(void) {
    return (double)(random_high() % 1000003) / 1000003;
}

static void random_pairs(void **state) {
    size_t compared = 0;
    (void)state;
    for (int round = 0; round < 1000; round++) {
        struct outcome outcomes[150], copy[150];
        struct routed routed, wanted;
        size_t count = 1 + random_high() % 150;
        double gain = 0;
        for (size_t i = 0; i < count; i++) {
            double score = (double)((random_high() % 1000) * 1000 + i);
            copy[i] = outcomes[i] = (struct outcome){score, random_share(), random_share() + 0.05};
            gain += outcomes[i].dear - outcomes[i].cheap;
        }
        evaluate_routing(outcomes, count, true, &routed);
        assert_int_equal(no_gain(&routed), gain < 0);
        if (gain < 0)
            continue;
        plainly(copy, count, &wanted);
        same(&routed, &wanted);
        compared++;
    }
    assert_in_range(compared, 500, 999);
}

/* What a score that tells nothing recovers is about half, and one that tells something, more. */
static void scores_of_some_worth(void **state) {
    struct outcome *outcomes = xcalloc(20000, sizeof *outcomes);
    struct routed blind, seeing;
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < 20000; i++) {
            double need = (double)(random_high() % 1000) / 1000, dice = (double)(random_high() % 1000) / 1000;
            outcomes[i] = (struct outcome){kind == 0 ? dice : need, (double)(random_high() % 1000) / 1000 > need,
                                           (double)(random_high() % 10 < 9)};
        }
        evaluate_routing(outcomes, 20000, true, kind == 0 ? &blind : &seeing);
    }
    assert_true(fabs(blind.apgr - 0.5) < 0.02 && fabs(blind.share_80 - 0.8) < 0.04);
    /* need is uniform: x sent gains 0.9 x - x^2 / 2, of 0.4 in all */
    assert_true(fabs(seeing.apgr - (0.45 - 1.0 / 6) / 0.4) < 0.02);
    free(outcomes);
}

int main(void) {
    random_state = 0x2545f4914f6cdd1dU;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_score),
        cmocka_unit_test(a_reversed_score),
        cmocka_unit_test(a_constant_score),
        cmocka_unit_test(four_prompts),
        cmocka_unit_test(five_prompts),
        cmocka_unit_test(more_than_all_is_recovered),
        cmocka_unit_test(one_prompt),
        cmocka_unit_test(no_prompt),
        cmocka_unit_test(no_gain_and_less),
        cmocka_unit_test(no_gain_but_for_rounding),
        cmocka_unit_test(random_shares_without_gain),
        cmocka_unit_test(ties_count_as_their_mean),
        cmocka_unit_test(any_order),
        cmocka_unit_test(alternate_verdicts),
        cmocka_unit_test(means_of_a_rank),
        cmocka_unit_test(other_ends),
        cmocka_unit_test(the_last_group),
        cmocka_unit_test(one_model_alone),
        cmocka_unit_test(random_pairs),
        cmocka_unit_test(scores_of_some_worth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
