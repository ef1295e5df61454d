/* evaluate: how well a predictor routes between two models, by cross-validation on the verdicts that are there.
 *
 * The prompts are dealt into folds. For each a predictor is trained on the others, exactly as a retraining does, and
 * then predicts for prompts that it has not seen.
 */
#ifndef PL_LEARN_EVALUATE_H
#define PL_LEARN_EVALUATE_H

#include "learn/samples.h"
#include "rules/evaluation.h"

enum { EVALUATION_FOLDS = 5 };

struct evaluate_options {
    int64_t window_days;
    const char *cheap, *dear; /* names of the two models; NULL: those whose costs are farthest apart */
    void *context;
    void (*on_fold)(void *context, int done); /* told of each fold that is done; may be NULL */
};

struct evaluated_model {
    char *provider, *model;
    double avg_cost;          /* USD a request; NaN: not known */
    int64_t verdicts;         /* all of them, which predictions are judged by */
    double brier, base_brier; /* of what was predicted of unseen prompts; of the share of good ones in the others */
};

struct evaluation {
    struct evaluated_model cheap, dear;
    size_t prompts, paired; /* those that were evaluated; those that have verdicts on both models' answers */
    bool by_rank;           /* how missing verdicts were made up for: see rules/evaluation.h. Else all are paired */
    bool by_chance;         /* the dear model's gain may be chance: then the parts of it that are recovered are NaN */
    struct routed by_pattern, by_prediction;
};

/* Evaluates on the database at PATH, which is only read. False: ERROR says why it cannot. EVALUATION is freed by the
 * caller in any case. */
bool evaluate(const char *path, const struct evaluate_options *options, struct evaluation *evaluation,
              struct text *error);
void evaluation_free(struct evaluation *evaluation);

#endif
