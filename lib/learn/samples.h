/* samples: what predictors are trained on: prompts of the window, as features, and the verdicts on their answers. */
#ifndef PL_LEARN_SAMPLES_H
#define PL_LEARN_SAMPLES_H

#include "ledger/verdicts.h"
#include "rules/predictor.h"

/* What keeps memory and time bounded, whatever the window holds: the newest verdicts are taken. */
enum {
    SAMPLE_VERDICTS_MAX = 100000,
    SAMPLE_BYTES_MAX = 5 << 20, /* of encoded features */
};

/* The verdicts on a prompt's answers by one model. */
struct tally_of_model {
    size_t model;
    int64_t count, good;
};

struct sample {
    uint64_t prompt_hash;
    int64_t pattern; /* a name's id; 0: not known */
    size_t features; /* where they begin */
    size_t size;     /* bytes of the encoded form */
    size_t tallies;  /* where those of its models begin, in their order */
    size_t tally_count;
};

struct sampled_model {
    int64_t provider_id, model_id;
    char *provider, *model;
    double avg_cost; /* USD a request; NaN: not known */
    int64_t verdicts;
};

/* Prompts in the order of their hashes, models in that of their names: nothing depends on how records came. */
struct samples {
    struct sample *items;
    size_t count;
    struct tally_of_model *tallies;
    struct sampled_model models[PREDICTOR_MODELS_MAX]; /* those with enough verdicts, or the busiest of them */
    size_t model_count;
    struct text bytes;
};

/* Those of the time from SINCE to UNTIL; costs are those of SLOT. Within a snapshot. Freed by the caller. */
void samples_collect(struct db *db, int slot, int64_t since, int64_t until, struct samples *samples);
void samples_free(struct samples *samples);

struct span sample_features(const struct samples *samples, const struct sample *sample);
/* The tally of MODEL on the sample; NULL: there is none. */
const struct tally_of_model *sample_tally(const struct samples *samples, const struct sample *sample, size_t model);

/* A training of all samples but those for whose numbers LEFT_OUT, which may be NULL, says so. */
struct training *samples_training(const struct samples *samples, void *context,
                                  bool (*left_out)(void *context, size_t number));

#endif
