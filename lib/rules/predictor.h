/* predictor: how likely each model is to answer a prompt well, learned from verdicts on past prompts' features.
 *
 * Plain values in, plain values out; the same training gives the same predictor, bit for bit, and the order in which
 * its prompts and verdicts come makes no difference to it as long as the caller sorts them.
 */
#ifndef PL_RULES_PREDICTOR_H
#define PL_RULES_PREDICTOR_H

#include "rules/features.h"

enum {
    PREDICTOR_MODELS_MAX = 32,
    PREDICTOR_VERDICTS_LEAST = 100, /* of a model; with fewer, nothing is predicted of it */
    PREDICTOR_BINS = 10,            /* of a reliability table: tenths of the prediction */
};

/* -- training ------------------------------------------------------------------------------------------------------ */

/* What is learned from. */
struct training;

struct training *training_new(size_t models);
void training_free(struct training *training);
/* Adds a prompt, whose number is one more than that of the last, by its encoded features, which are borrowed. */
void training_prompt(struct training *training, struct span features);
/* Of the last prompt: MODEL got COUNT verdicts, GOOD of them good. At most once for each model. */
void training_verdicts(struct training *training, size_t model, int64_t count, int64_t good);

/* -- predictors ---------------------------------------------------------------------------------------------------- */

/* Verdicts on prompts of whose verdicts the prediction knew nothing, by what was predicted. */
struct reliability {
    int64_t verdicts, good;
    double predicted; /* sum over the verdicts */
};

struct model_predictor {
    int64_t verdicts, good;
    double brier,
        base_brier; /* mean square of the error on such verdicts; of always predicting the share of good ones */
    struct reliability bins[PREDICTOR_BINS];
    double least, most; /* that was predicted of prompts that were held out; nothing beyond is predicted */
    double intercept, length_weight;
    double unit;     /* of the bucket's weights */
    int8_t *weights; /* by known bucket, their roots, with their signs; NULL: too few verdicts, nothing is predicted */
};

enum { PREDICTOR_SCALE_ONE = 16 }; /* what a scale of 1 is kept as */

struct predictor {
    uint64_t *known;                      /* by 64 buckets, a bit for each that was learned of */
    uint32_t *before;                     /* how many such there are before these 64 */
    size_t buckets;                       /* how many there are in all */
    uint8_t *scales;                      /* of each, in their order, how much it counts, in units of 1 / SCALE_ONE */
    double length_mean, length_deviation; /* of the prompts */
    size_t models;
    struct model_predictor model[PREDICTOR_MODELS_MAX];
};

/* Trains PREDICTOR, which the caller frees. HELD_OUT, which may be NULL, gets for each prompt and model (prompt *
 * models
 * + model) a prediction that knew nothing of the prompt's verdicts; NaN where nothing is predicted. */
void predictor_train(const struct training *training, struct predictor *predictor, float *held_out);
void predictor_free(struct predictor *predictor);

enum { PREDICTOR_GROUPS = FEATURES_BUCKETS / 64 };

/* Counts what "known" says: fills in "before" and "buckets". */
void predictor_index(struct predictor *predictor);

/* The probability, 0 to 1, that each model answers such a prompt well; NaN where nothing is predicted. */
void predictor_predict(const struct predictor *predictor, const struct features *features,
                       double probabilities[PREDICTOR_MODELS_MAX]);

#endif
