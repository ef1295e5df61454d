#include "rules/evaluation.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

static const double ROUNDING = 1e-9; /* what is less than this is none */
static const double CLEAR = 0.01;    /* a gain whose parts mean something */

/* Prompts that stand together: how many, and what each would be answered with. */
struct group {
    double size, cheap, dear;
};

static int by_score(const void *a, const void *b) {
    const struct outcome *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

/* The mean of what is known of outcomes FROM to TO; NaN if nothing is. */
static double mean_of(const struct outcome *outcomes, size_t from, size_t to, bool dear) {
    double sum = 0, count = 0;
    for (size_t i = from; i < to; i++) {
        double value = dear ? outcomes[i].dear : outcomes[i].cheap;
        sum += isnan(value) ? 0 : value;
        count += isnan(value) ? 0 : 1;
    }
    return count > 0 ? sum / count : (double)NAN;
}

/* The end of the group that begins at FROM: all of one score, or so many as make a group, with all that have the score
 * of the last. */
static size_t end_of(const struct outcome *outcomes, size_t count, size_t from, size_t least) {
    size_t to = from + least < count ? from + least : count;
    while (to < count && outcomes[to].score == outcomes[to - 1].score)
        to++;
    return to;
}

/* A group in which a model has no verdict is taken together with the next, and the last with the one before. */
static size_t make_groups(const struct outcome *outcomes, size_t count, bool paired, struct group *groups) {
    size_t least = paired ? 1 : (count + EVALUATION_GROUPS - 1) / EVALUATION_GROUPS, made = 0, begun = 0, last = 0;
    for (size_t from = 0, to; from < count; from = to) {
        to = end_of(outcomes, count, from, least);
        double cheap = mean_of(outcomes, begun, to, false), dear = mean_of(outcomes, begun, to, true);
        if (isnan(cheap) || isnan(dear))
            continue;
        groups[made++] = (struct group){(double)(to - begun), cheap, dear};
        last = begun;
        begun = to;
    }
    if (made > 0 && begun < count)
        groups[made - 1] = (struct group){(double)(count - last), mean_of(outcomes, last, count, false),
                                          mean_of(outcomes, last, count, true)};
    return made;
}

/* The gain of sending the first X prompts to the dear model. */
static double gain_of(const struct group *groups, size_t count, double x) {
    double gain = 0;
    for (size_t i = 0; i < count && x > 0; i++) {
        gain += fmin(x, groups[i].size) * (groups[i].dear - groups[i].cheap);
        x -= groups[i].size;
    }
    return gain;
}

/* The least share that recovers PART of the gain, between the steps where it is passed. */
static double share_for(const struct routed *routed, double part) {
    double first = routed->quality[0], gain = routed->quality[EVALUATION_STEPS] - first, before = 0;
    for (int i = 1; i <= EVALUATION_STEPS; i++) {
        double recovered = (routed->quality[i] - first) / gain;
        if (recovered >= part - ROUNDING)
            return (i - 1 + fmin(1, (part - before) / (recovered - before))) / EVALUATION_STEPS;
        before = recovered;
    }
    return 1;
}

/* Without what adding many fractions up has left in the last digits. */
static double tidy(double value) {
    return round(value * 1e12) / 1e12;
}

void evaluate_routing(struct outcome *outcomes, size_t count, bool paired, struct routed *routed) {
    struct group *groups = xcalloc(count + 1, sizeof *groups);
    if (count > 0)
        qsort(outcomes, count, sizeof *outcomes, by_score);
    size_t made = make_groups(outcomes, count, paired, groups);
    double base = 0, area = 0;
    for (size_t i = 0; i < made; i++)
        base += groups[i].size * groups[i].cheap / (double)count;
    for (int i = 0; i <= EVALUATION_STEPS; i++) {
        double x = (double)count * i / EVALUATION_STEPS;
        routed->quality[i] = made > 0 ? base + gain_of(groups, made, x) / (double)count : (double)NAN;
    }
    double gain = routed->quality[EVALUATION_STEPS] - routed->quality[0];
    for (int i = 0; i < EVALUATION_STEPS; i++)
        area += (routed->quality[i] + routed->quality[i + 1] - 2 * routed->quality[0]) / 2 / EVALUATION_STEPS;
    bool gains = gain > ROUNDING;
    routed->apgr = gains ? area / gain : (double)NAN;
    routed->share_50 = gains ? share_for(routed, 0.5) : (double)NAN;
    routed->share_80 = gains ? share_for(routed, 0.8) : (double)NAN;
    for (int i = 0; i <= EVALUATION_STEPS; i++)
        routed->quality[i] = tidy(routed->quality[i]);
    free(groups);
}

void routed_between(struct routed *routed, double cheap, double dear) {
    double first = routed->quality[0], gain = routed->quality[EVALUATION_STEPS] - first;
    if (gain < CLEAR || dear - cheap < CLEAR)
        return;
    for (int i = 0; i <= EVALUATION_STEPS; i++)
        routed->quality[i] = tidy(cheap + (routed->quality[i] - first) / gain * (dear - cheap));
}
