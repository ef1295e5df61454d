#include "learn/train.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "ledger/features.h"

void material_collect(struct db *db, int slot, int64_t since, int64_t until, struct material *material) {
    uint64_t hashes[RECENT_REQUESTS];
    samples_collect(db, slot, since, until, &material->samples);
    material->recent_count = verdicts_recent_prompts(db, since, until, RECENT_REQUESTS, hashes);
    for (size_t i = 0; i < material->recent_count; i++) {
        struct text *bytes = &material->samples.bytes;
        struct sample *recent = &material->recent[i];
        *recent = (struct sample){.prompt_hash = hashes[i], .features = bytes->n};
        features_recall_encoded(db, hashes[i], bytes);
        recent->size = bytes->n - recent->features;
    }
}

void material_free(struct material *material) {
    samples_free(&material->samples);
}

static int by_hash(const void *a, const void *b) {
    const struct sample *x = a, *y = b;
    return (x->prompt_hash > y->prompt_hash) - (x->prompt_hash < y->prompt_hash);
}

/* What is predicted of recent prompts. For one that was learned from, what was said of it when it was held out: of what
 * it knows, a predictor is surer than it will be of prompts to come. */
static void predict_recent(const struct material *material, const float *held_out, struct predictors *predictors) {
    const struct samples *samples = &material->samples;
    size_t models = predictors->predictor.models;
    double probabilities[PREDICTOR_MODELS_MAX];
    struct features features;
    for (size_t model = 0; model < models; model++)
        predictors->names[model].recent = xcalloc(material->recent_count + 1, sizeof(float));
    for (size_t i = 0; i < material->recent_count; i++) {
        const struct sample *recent = &material->recent[i],
                            *sample = bsearch(recent, samples->items, samples->count, sizeof *recent, by_hash);
        features_decode(sample_features(samples, recent), &features);
        predictor_predict(&predictors->predictor, &features, probabilities);
        for (size_t model = 0; model < models; model++) {
            size_t number = sample != NULL ? (size_t)(sample - samples->items) : 0;
            float said = sample != NULL ? held_out[number * models + model] : NAN;
            predictors->names[model].recent[i] = isnan(said) ? (float)probabilities[model] : said;
        }
    }
    predictors->recent = material->recent_count;
}

void train(const struct material *material, struct predictors *predictors) {
    const struct samples *samples = &material->samples;
    *predictors = (struct predictors){0};
    if (samples->model_count == 0)
        return;
    struct training *training = samples_training(samples, NULL, NULL);
    float *held_out = xcalloc(samples->count * samples->model_count + 1, sizeof *held_out);
    predictor_train(training, &predictors->predictor, held_out);
    for (size_t i = 0; i < samples->model_count; i++) {
        const struct sampled_model *model = &samples->models[i];
        predictors->names[i] = (struct predicted_model){xstrdup(model->provider), xstrdup(model->model),
                                                        model->avg_cost, NULL};
    }
    predict_recent(material, held_out, predictors);
    free(held_out);
    training_free(training);
}
