/* evaluation: what routing by a score would have given, between a cheap and a dear model, on prompts whose verdicts are
 * known. The measure is that of RouteLLM (Ong et al. 2024): the gain of the dear model that is recovered, over the
 * share of prompts that go to it. */
#ifndef PL_RULES_EVALUATION_H
#define PL_RULES_EVALUATION_H

#include <stdbool.h>
#include <stddef.h>

enum {
    EVALUATION_STEPS = 100, /* of the share */
    EVALUATION_GROUPS = 20, /* in which prompts without both verdicts are compared */
    EVALUATION_PAIRS = 100, /* so many prompts with both are enough to look at no others */
};

/* A prompt: how much its score says that it needs the dear model, and the share of good verdicts on each model's
 * answers; NaN: there are none. */
struct outcome {
    double score, cheap, dear;
};

/* By share of prompts that go to the dear model, those of the highest scores first. */
struct routed {
    double quality[EVALUATION_STEPS + 1]; /* share of good answers, with i % of prompts sent to the dear model */
    double apgr;     /* mean part of the gain that is recovered; 0.5 is chance; NaN: there is none to recover */
    double share_50; /* of prompts, for half of the gain; NaN: the same */
    double share_80; /* for four fifths */
};

/* Sorts OUTCOMES, of COUNT prompts. Of those that have the same score any may go first: each counts as their mean. If
 * PAIRED, all have both verdicts. Else prompts are put into groups by their rank, and each model's quality in a group
 * is that of the prompts in it that have its verdict. */
void evaluate_routing(struct outcome *outcomes, size_t count, bool paired, struct routed *routed);

/* Lays a curve between other ends, where both gains are clear: of routers that are compared by ranks, each would find
 * ends of its own. The parts of the gain stay as they are. */
void routed_between(struct routed *routed, double cheap, double dear);

#endif
