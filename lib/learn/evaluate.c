#include "learn/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "ledger/schema.h"
#include "ledger/state.h"
#include "rules/models.h"

void evaluation_free(struct evaluation *evaluation) {
    free(evaluation->cheap.provider);
    free(evaluation->cheap.model);
    free(evaluation->dear.provider);
    free(evaluation->dear.model);
}

/* -- the two models ------------------------------------------------------------------------------------------------ */

enum { NONE = -1, AMBIGUOUS = -2 };

/* The model among the samples that NAME means. */
static int model_named(const struct samples *samples, const char *name) {
    int found = NONE;
    for (size_t i = 0; i < samples->model_count; i++)
        if (model_is_named(samples->models[i].provider, samples->models[i].model, name))
            found = found == NONE ? (int)i : AMBIGUOUS;
    return found;
}

/* So many that enough are left when a fold is held out. */
enum { VERDICTS_LEAST = PREDICTOR_VERDICTS_LEAST * EVALUATION_FOLDS / (EVALUATION_FOLDS - 1) };

static bool enough(const struct sampled_model *model) {
    return model->verdicts >= VERDICTS_LEAST;
}

static bool find_named(const struct samples *samples, const char *name, size_t *number, struct text *error) {
    int found = model_named(samples, name);
    if (found == AMBIGUOUS)
        text_format(error, "%s may be models of several providers: name one with its provider", name);
    else if (found < 0)
        text_format(error, "%s has fewer than %d verdicts on prompts whose features are kept", name,
                    PREDICTOR_VERDICTS_LEAST);
    else if (!enough(&samples->models[found]))
        text_format(error, "%s has %lld verdicts on prompts whose features are kept, and needs %d", name,
                    (long long)samples->models[found].verdicts, VERDICTS_LEAST);
    *number = found >= 0 ? (size_t)found : 0;
    return error->n == 0;
}

/* The cheapest and the dearest of those that have verdicts enough, and a cost. */
static bool find_apart(const struct samples *samples, size_t *cheap, size_t *dear, struct text *error) {
    size_t count = 0;
    for (size_t i = 0; i < samples->model_count; i++) {
        const struct sampled_model *model = &samples->models[i];
        if (!enough(model) || isnan(model->avg_cost))
            continue;
        if (count == 0 || model->avg_cost < samples->models[*cheap].avg_cost)
            *cheap = i;
        if (count == 0 || model->avg_cost >= samples->models[*dear].avg_cost)
            *dear = i;
        count++;
    }
    if (count < 2 || *cheap == *dear)
        text_format(error,
                    "an evaluation needs two models, each with a known cost and %d verdicts on prompts whose text was "
                    "recorded; there %s %zu (with --models A,B costs need not be known)",
                    VERDICTS_LEAST, count == 1 ? "is" : "are", count);
    return error->n == 0;
}

/* One that is not known is taken for the highest. */
static double cost_of(const struct sampled_model *model) {
    return isnan(model->avg_cost) ? INFINITY : model->avg_cost;
}

static bool find_pair(const struct samples *samples, const struct evaluate_options *options, size_t *cheap,
                      size_t *dear, struct text *error) {
    if (options->cheap == NULL)
        return find_apart(samples, cheap, dear, error);
    if (!find_named(samples, options->cheap, cheap, error) || !find_named(samples, options->dear, dear, error))
        return false;
    if (*cheap == *dear)
        text_format(error, "%s and %s are the same model", options->cheap, options->dear);
    if (cost_of(&samples->models[*cheap]) > cost_of(&samples->models[*dear])) {
        size_t swap = *cheap;
        *cheap = *dear;
        *dear = swap;
    }
    return error->n == 0;
}

/* -- folds --------------------------------------------------------------------------------------------------------- */

/* What goes on. Outcomes are in the order of samples; those of prompts without a verdict on either model are not used.
 */
struct run {
    const struct samples *samples;
    size_t cheap, dear;
    struct outcome *by_pattern, *by_prediction;
    size_t fold;
};

static bool in_fold(void *context, size_t number) {
    const struct run *run = context;
    return number % EVALUATION_FOLDS == run->fold;
}

static double rate_of(const struct tally_of_model *tally) {
    return tally != NULL ? (double)tally->good / (double)tally->count : (double)NAN;
}

/* Good verdicts and all, on both models' answers. */
struct tallies {
    double good[2], count[2];
};

static void add_tallies(struct tallies *sums, const struct tally_of_model *cheap, const struct tally_of_model *dear) {
    const struct tally_of_model *const both[] = {cheap, dear};
    for (int i = 0; i < 2; i++) {
        sums->good[i] += both[i] != NULL ? (double)both[i]->good : 0;
        sums->count[i] += both[i] != NULL ? (double)both[i]->count : 0;
    }
}

/* How much better the dear model is, in what the pattern's prompts of the other folds say; a pattern that says little
 * is drawn towards all of them. */
static double difference_of(const struct tallies *pattern, const struct tallies *all) {
    double rates[2];
    for (int i = 0; i < 2; i++) {
        double base = all->count[i] > 0 ? all->good[i] / all->count[i] : 0.5;
        rates[i] = (pattern->good[i] + base) / (pattern->count[i] + 1);
    }
    return rates[1] - rates[0];
}

static int by_number(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The patterns of the samples, once each. Returns how many there are. */
static size_t list_patterns(const struct samples *samples, int64_t *patterns) {
    size_t count = 0;
    for (size_t i = 0; i < samples->count; i++)
        patterns[i] = samples->items[i].pattern;
    if (samples->count > 0)
        qsort(patterns, samples->count, sizeof *patterns, by_number);
    for (size_t i = 0; i < samples->count; i++)
        if (i == 0 || patterns[i] != patterns[i - 1])
            patterns[count++] = patterns[i];
    return count;
}

static void score_by_pattern(const struct run *run) {
    const struct samples *samples = run->samples;
    int64_t *patterns = xcalloc(samples->count + 1, sizeof *patterns);
    size_t count = list_patterns(samples, patterns);
    struct tallies all = {{0}, {0}}, *of_pattern = xcalloc(count + 1, sizeof *of_pattern);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < samples->count; i++) {
            const struct sample *sample = &samples->items[i];
            const int64_t *pattern = bsearch(&sample->pattern, patterns, count, sizeof *patterns, by_number);
            struct tallies *own = &of_pattern[pattern - patterns];
            bool ours = i % EVALUATION_FOLDS == run->fold;
            const struct tally_of_model *cheap = sample_tally(samples, sample, run->cheap),
                                        *dear = sample_tally(samples, sample, run->dear);
            if (pass == 0 && !ours)
                add_tallies(&all, cheap, dear);
            if (pass == 0 && !ours)
                add_tallies(own, cheap, dear);
            if (pass == 1 && ours)
                run->by_pattern[i].score = difference_of(own, &all);
        }
    free(of_pattern);
    free(patterns);
}

/* Squared errors of what was predicted, and of the share of good verdicts in what it was learned from. */
struct errors {
    double squares, base_squares, count;
};

static void add_error(struct errors *errors, const struct tally_of_model *tally, double predicted, double base) {
    if (tally == NULL || isnan(predicted))
        return;
    double good = (double)tally->good, bad = (double)(tally->count - tally->good);
    errors->squares += good * (1 - predicted) * (1 - predicted) + bad * predicted * predicted;
    errors->base_squares += good * (1 - base) * (1 - base) + bad * base * base;
    errors->count += good + bad;
}

static double base_of(const struct model_predictor *model) {
    return (double)model->good / (double)model->verdicts;
}

/* False if one of the models has too few verdicts outside this fold. */
static bool score_by_prediction(const struct run *run, struct errors errors[2]) {
    const struct samples *samples = run->samples;
    struct run fold = *run;
    struct predictor predictor;
    struct training *training = samples_training(samples, &fold, in_fold);
    predictor_train(training, &predictor, NULL);
    const struct model_predictor *cheap = &predictor.model[run->cheap], *dear = &predictor.model[run->dear];
    bool good = cheap->weights != NULL && dear->weights != NULL;
    for (size_t i = run->fold; good && i < samples->count; i += EVALUATION_FOLDS) {
        double probabilities[PREDICTOR_MODELS_MAX];
        struct features features;
        const struct sample *sample = &samples->items[i];
        features_decode(sample_features(samples, sample), &features);
        predictor_predict(&predictor, &features, probabilities);
        run->by_prediction[i].score = probabilities[run->dear] - probabilities[run->cheap];
        add_error(&errors[0], sample_tally(samples, sample, run->cheap), probabilities[run->cheap], base_of(cheap));
        add_error(&errors[1], sample_tally(samples, sample, run->dear), probabilities[run->dear], base_of(dear));
    }
    predictor_free(&predictor);
    training_free(training);
    return good;
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

/* Fills in the verdicts, and says which prompts are looked at: those with both, if they are enough, else all. */
static void take_outcomes(const struct run *run, struct evaluation *evaluation) {
    const struct samples *samples = run->samples;
    size_t either = 0;
    for (size_t i = 0; i < samples->count; i++) {
        double cheap = rate_of(sample_tally(samples, &samples->items[i], run->cheap)),
               dear = rate_of(sample_tally(samples, &samples->items[i], run->dear));
        run->by_prediction[i] = run->by_pattern[i] = (struct outcome){0, cheap, dear};
        evaluation->paired += !isnan(cheap) && !isnan(dear) ? 1 : 0;
        either += !isnan(cheap) || !isnan(dear) ? 1 : 0;
    }
    evaluation->by_rank = evaluation->paired < EVALUATION_PAIRS;
    evaluation->prompts = evaluation->by_rank ? either : evaluation->paired;
}

/* Moves the outcomes that are looked at to the front. */
static size_t keep_outcomes(struct outcome *outcomes, size_t count, bool by_rank) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool cheap = !isnan(outcomes[i].cheap), dear = !isnan(outcomes[i].dear);
        if (by_rank ? cheap || dear : cheap && dear)
            outcomes[kept++] = outcomes[i];
    }
    return kept;
}

/* Whether the gain, or the loss, is within two standard errors of none: parts of it would be parts of nothing. */
static bool within_chance(const struct routed *routed, size_t prompts) {
    double cheap = routed->quality[0], dear = routed->quality[EVALUATION_STEPS];
    double error = sqrt((cheap * (1 - cheap) + dear * (1 - dear)) / (double)prompts);
    return !(fabs(dear - cheap) > 2 * error);
}

static void forget_parts(struct routed *routed) {
    routed->apgr = routed->share_50 = routed->share_80 = NAN;
}

static struct evaluated_model describe(const struct sampled_model *model, const struct errors *errors) {
    return (struct evaluated_model){
        .provider = xstrdup(model->provider),
        .model = xstrdup(model->model),
        .avg_cost = model->avg_cost,
        .verdicts = model->verdicts,
        .brier = errors->squares / errors->count,
        .base_brier = errors->base_squares / errors->count,
    };
}

static int rising(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* How many of COUNT sorted values are less than VALUE, or with SAME no more than it. */
static size_t rank_of(const double *values, size_t count, double value, bool same) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values[middle] < value || (same && values[middle] == value))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Makes the fold's scores what they are among one another, 0 to 1. What folds were taught differs, and against what
 * they hold: where a fold is all good, the others are less so. */
static void rank_scores(const struct run *run, struct outcome *outcomes) {
    size_t count = 0, all = run->samples->count;
    double *scores = xcalloc(all / EVALUATION_FOLDS + 2, sizeof *scores);
    for (size_t i = run->fold; i < all; i += EVALUATION_FOLDS)
        scores[count++] = outcomes[i].score;
    if (count > 0)
        qsort(scores, count, sizeof *scores, rising);
    for (size_t i = run->fold; i < all; i += EVALUATION_FOLDS) {
        size_t below = rank_of(scores, count, outcomes[i].score, false),
               upto = rank_of(scores, count, outcomes[i].score, true);
        outcomes[i].score = count > 1 ? (double)(below + upto - 1) / (double)(2 * (count - 1)) : 0.5;
    }
    free(scores);
}

static bool run_folds(struct run *run, const struct evaluate_options *options, struct errors errors[2]) {
    for (run->fold = 0; run->fold < EVALUATION_FOLDS; run->fold++) {
        score_by_pattern(run);
        if (!score_by_prediction(run, errors))
            return false;
        rank_scores(run, run->by_pattern);
        rank_scores(run, run->by_prediction);
        if (options->on_fold != NULL)
            options->on_fold(options->context, (int)run->fold + 1);
    }
    return true;
}

static bool cross_validate(const struct samples *samples, const struct evaluate_options *options,
                           struct evaluation *evaluation, struct text *error) {
    struct errors errors[2] = {{0, 0, 0}, {0, 0, 0}};
    struct run run = {.samples = samples};
    if (!find_pair(samples, options, &run.cheap, &run.dear, error))
        return false;
    run.by_pattern = xcalloc(samples->count + 1, sizeof *run.by_pattern);
    run.by_prediction = xcalloc(samples->count + 1, sizeof *run.by_prediction);
    take_outcomes(&run, evaluation);
    bool good = run_folds(&run, options, errors);
    if (good) {
        size_t count = keep_outcomes(run.by_pattern, samples->count, evaluation->by_rank);
        keep_outcomes(run.by_prediction, samples->count, evaluation->by_rank);
        evaluate_routing(run.by_pattern, count, !evaluation->by_rank, &evaluation->by_pattern);
        evaluate_routing(run.by_prediction, count, !evaluation->by_rank, &evaluation->by_prediction);
        if (evaluation->by_rank)
            routed_between(&evaluation->by_pattern, evaluation->by_prediction.quality[0],
                           evaluation->by_prediction.quality[EVALUATION_STEPS]);
        evaluation->by_chance = within_chance(&evaluation->by_prediction, count);
        if (evaluation->by_chance) {
            forget_parts(&evaluation->by_pattern);
            forget_parts(&evaluation->by_prediction);
        }
        evaluation->cheap = describe(&samples->models[run.cheap], &errors[0]);
        evaluation->dear = describe(&samples->models[run.dear], &errors[1]);
    } else {
        text_format(error, "too few verdicts: each model needs %d on the prompts outside a fold (a fifth)",
                    PREDICTOR_VERDICTS_LEAST);
    }
    free(run.by_pattern);
    free(run.by_prediction);
    return good;
}

bool evaluate(const char *path, const struct evaluate_options *options, struct evaluation *evaluation,
              struct text *error) {
    struct samples samples = {0};
    int64_t now = clock_now();
    struct db *db = schema_open_read(path);
    *evaluation = (struct evaluation){0};
    text_clear(error);
    db_read_begin(db);
    samples_collect(db, state_read(db).slot, now - options->window_days * DAY_US, now, &samples);
    db_read_end(db);
    if (db_failed(db))
        text_string(error, db_error(db));
    bool good = !db_failed(db);
    db_close(db);
    good = good && cross_validate(&samples, options, evaluation, error);
    samples_free(&samples);
    return good;
}
