#include "learn/samples.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "ledger/features.h"
#include "ledger/usage.h"

void samples_free(struct samples *samples) {
    for (size_t i = 0; i < samples->model_count; i++) {
        free(samples->models[i].provider);
        free(samples->models[i].model);
    }
    free(samples->items);
    free(samples->tallies);
    text_free(&samples->bytes);
    *samples = (struct samples){0};
}

struct span sample_features(const struct samples *samples, const struct sample *sample) {
    return (struct span){text_span(&samples->bytes).s + sample->features, sample->size};
}

const struct tally_of_model *sample_tally(const struct samples *samples, const struct sample *sample, size_t model) {
    for (size_t i = 0; i < sample->tally_count; i++)
        if (samples->tallies[sample->tallies + i].model == model)
            return &samples->tallies[sample->tallies + i];
    return NULL;
}

/* -- verdicts, as they are read ------------------------------------------------------------------------------------ */

/* Verdicts, and the features of their prompts: each prompt's once. */
struct reading {
    struct verdict *verdicts; /* newest first */
    size_t count;
    struct sample *prompts; /* in the order in which they were met */
    size_t prompt_count;
    size_t *slots; /* by hash: the prompt's place + 1; 0: free */
    size_t slot_count;
};

static size_t *slot_of(const struct reading *reading, uint64_t hash) {
    size_t slot = (size_t)hash & (reading->slot_count - 1);
    while (reading->slots[slot] != 0 && reading->prompts[reading->slots[slot] - 1].prompt_hash != hash)
        slot = (slot + 1) & (reading->slot_count - 1);
    return &reading->slots[slot];
}

/* Takes in the prompt of a verdict; one whose features cannot be read has a size of 0. False if there is no room. */
static bool take_prompt(struct db *db, struct reading *reading, const struct verdict *verdict, struct text *bytes) {
    size_t *slot = slot_of(reading, verdict->prompt_hash), before = bytes->n;
    struct features features;
    if (*slot != 0)
        return true;
    features_recall_encoded(db, verdict->prompt_hash, bytes);
    bool good = features_decode((struct span){text_span(bytes).s + before, bytes->n - before}, &features);
    bool fits = bytes->n <= SAMPLE_BYTES_MAX;
    if (!good || !fits)
        bytes->n = before;
    if (!fits)
        return false;
    reading->prompts[reading->prompt_count++] = (struct sample){.prompt_hash = verdict->prompt_hash,
                                                                .pattern = verdict->pattern,
                                                                .features = before,
                                                                .size = bytes->n - before};
    *slot = reading->prompt_count;
    return true;
}

/* Verdicts on prompts whose features cannot be read teach nothing. */
static void drop_unreadable(struct reading *reading) {
    size_t kept = 0;
    for (size_t i = 0; i < reading->count; i++)
        if (reading->prompts[*slot_of(reading, reading->verdicts[i].prompt_hash) - 1].size > 0)
            reading->verdicts[kept++] = reading->verdicts[i];
    reading->count = kept;
}

static void read_verdicts(struct db *db, int64_t since, int64_t until, struct reading *reading, struct text *bytes) {
    size_t room = 0;
    struct verdict verdict;
    struct query *query = verdicts_between(db, since, until, SAMPLE_VERDICTS_MAX);
    while (verdicts_next(query, &verdict)) {
        if (reading->count == room) {
            room = room > 0 ? 2 * room : 1024;
            reading->verdicts = xreallocarray(reading->verdicts, room, sizeof *reading->verdicts);
        }
        reading->verdicts[reading->count++] = verdict;
    }
    for (reading->slot_count = 1024; reading->slot_count < 2 * reading->count;)
        reading->slot_count *= 2;
    reading->slots = xcalloc(reading->slot_count, sizeof *reading->slots);
    reading->prompts = xcalloc(reading->count + 1, sizeof *reading->prompts);
    size_t taken = 0;
    while (taken < reading->count && take_prompt(db, reading, &reading->verdicts[taken], bytes))
        taken++;
    reading->count = taken;
    drop_unreadable(reading);
}

/* -- models -------------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    const struct sampled_model *x = a, *y = b;
    int order = strcmp(x->model, y->model);
    return order != 0 ? order : strcmp(x->provider, y->provider);
}

static int by_verdicts(const void *a, const void *b) {
    const struct sampled_model *x = a, *y = b;
    if (x->verdicts != y->verdicts)
        return x->verdicts < y->verdicts ? 1 : -1;
    return by_name(a, b);
}

static char *name_of(struct db *db, int64_t id) {
    struct text name = {0};
    usage_name(db, id, &name);
    char *copy = xmemdup(text_span(&name).s, name.n);
    text_free(&name);
    return copy;
}

static int by_ids(const void *a, const void *b) {
    const struct sampled_model *x = a, *y = b;
    if (x->model_id != y->model_id)
        return x->model_id < y->model_id ? -1 : 1;
    return (x->provider_id > y->provider_id) - (x->provider_id < y->provider_id);
}

static struct sampled_model *find_model(struct samples *samples, int64_t provider, int64_t model) {
    for (size_t i = 0; i < samples->model_count; i++)
        if (samples->models[i].model_id == model && samples->models[i].provider_id == provider)
            return &samples->models[i];
    return NULL;
}

/* By ids, once each, with their verdicts. Returns how many there are. */
static size_t count_models(const struct reading *reading, struct sampled_model *models) {
    size_t count = 0;
    for (size_t i = 0; i < reading->count; i++)
        models[i] = (struct sampled_model){.provider_id = reading->verdicts[i].provider,
                                           .model_id = reading->verdicts[i].model,
                                           .avg_cost = (double)NAN,
                                           .verdicts = 1};
    if (reading->count > 0)
        qsort(models, reading->count, sizeof *models, by_ids);
    for (size_t i = 0; i < reading->count; i++) {
        if (count > 0 && by_ids(&models[count - 1], &models[i]) == 0)
            models[count - 1].verdicts++;
        else
            models[count++] = models[i];
    }
    return count;
}

/* The models that have verdicts enough; the busiest, if they are too many. */
static void list_models(struct db *db, const struct reading *reading, struct samples *samples) {
    struct sampled_model *all = xcalloc(reading->count + 1, sizeof *all);
    size_t count = count_models(reading, all), kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].verdicts < PREDICTOR_VERDICTS_LEAST)
            continue;
        all[kept] = all[i];
        all[kept].provider = name_of(db, all[i].provider_id);
        all[kept++].model = name_of(db, all[i].model_id);
    }
    qsort(all, kept, sizeof *all, by_verdicts);
    for (size_t i = 0; i < kept; i++) {
        if (samples->model_count < PREDICTOR_MODELS_MAX) {
            samples->models[samples->model_count++] = all[i];
            continue;
        }
        free(all[i].provider);
        free(all[i].model);
    }
    free(all);
    qsort(samples->models, samples->model_count, sizeof *samples->models, by_name);
}

static void take_costs(struct db *db, int slot, int64_t since, int64_t until, struct samples *samples) {
    struct model_cost cost;
    struct query *query = verdicts_costs(db, slot, since, until);
    while (verdicts_costs_next(query, &cost)) {
        struct sampled_model *model = find_model(samples, cost.provider, cost.model);
        if (model != NULL)
            model->avg_cost = cost.avg_cost;
    }
}

/* -- samples ------------------------------------------------------------------------------------------------------- */

/* A verdict by numbers, to be sorted. */
struct numbered {
    uint64_t prompt_hash;
    size_t model;
    bool good;
};

static int by_prompt_and_model(const void *a, const void *b) {
    const struct numbered *x = a, *y = b;
    if (x->prompt_hash != y->prompt_hash)
        return x->prompt_hash < y->prompt_hash ? -1 : 1;
    return (x->model > y->model) - (x->model < y->model);
}

static void tally(struct samples *samples, struct sample *sample, const struct numbered *verdict, size_t *tallies) {
    struct tally_of_model *last = &samples->tallies[*tallies - (*tallies > 0)];
    if (sample->tally_count == 0)
        sample->tallies = *tallies;
    if (sample->tally_count == 0 || last->model != verdict->model) {
        last = &samples->tallies[(*tallies)++];
        *last = (struct tally_of_model){verdict->model, 0, 0};
        sample->tally_count++;
    }
    last->count++;
    last->good += verdict->good;
}

static void group(const struct reading *reading, struct samples *samples) {
    struct numbered *numbered = xcalloc(reading->count + 1, sizeof *numbered);
    size_t count = 0, tallies = 0;
    for (size_t i = 0; i < reading->count; i++) {
        const struct verdict *verdict = &reading->verdicts[i];
        const struct sampled_model *model = find_model(samples, verdict->provider, verdict->model);
        if (model != NULL)
            numbered[count++] = (struct numbered){verdict->prompt_hash, (size_t)(model - samples->models),
                                                  verdict->good};
    }
    qsort(numbered, count, sizeof *numbered, by_prompt_and_model);
    samples->items = xcalloc(reading->prompt_count + 1, sizeof *samples->items);
    samples->tallies = xcalloc(count + 1, sizeof *samples->tallies);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || numbered[i].prompt_hash != numbered[i - 1].prompt_hash)
            samples->items[samples->count++] = reading->prompts[*slot_of(reading, numbered[i].prompt_hash) - 1];
        tally(samples, &samples->items[samples->count - 1], &numbered[i], &tallies);
    }
    free(numbered);
}

void samples_collect(struct db *db, int slot, int64_t since, int64_t until, struct samples *samples) {
    struct reading reading = {0};
    *samples = (struct samples){0};
    read_verdicts(db, since, until, &reading, &samples->bytes);
    list_models(db, &reading, samples);
    group(&reading, samples);
    take_costs(db, slot, since, until, samples);
    free(reading.verdicts);
    free(reading.prompts);
    free(reading.slots);
}

struct training *samples_training(const struct samples *samples, void *context,
                                  bool (*left_out)(void *context, size_t number)) {
    struct training *training = training_new(samples->model_count);
    for (size_t i = 0; i < samples->count; i++) {
        const struct sample *sample = &samples->items[i];
        if (left_out != NULL && left_out(context, i))
            continue;
        training_prompt(training, sample_features(samples, sample));
        for (size_t t = 0; t < sample->tally_count; t++) {
            const struct tally_of_model *tally_of = &samples->tallies[sample->tallies + t];
            training_verdicts(training, tally_of->model, tally_of->count, tally_of->good);
        }
    }
    return training;
}
