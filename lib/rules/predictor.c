#include "rules/predictor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* A logistic regression per model on rows of length 1, TF-IDF (Sparck Jones 1972) of hashed words and pairs of words.
 * A model's weights are the sum of what it has by itself and of what all models share (Evgeniou and Pontil 2004), so
 * that a question which is hard for one helps to know what is hard for another. Trained by coordinate descent in the
 * dual (Yu, Huang and Lin 2011); how strongly, and how much is shared, cross-validation decides, and on what it held
 * out the predictions are calibrated (Platt 1999). */

enum { FOLDS = 5, EPOCHS_MAX = 40 };

static const double ENOUGH = 0.05;        /* change of a logit that is not worth another epoch */
static const double LENGTH_WEIGHT = 0.15; /* of a deviation of a prompt's length, where all its words have 1 */
static const double WORTH = 2;            /* that predictions must gain by calibration's two parameters (Akaike 1974) */
static const double PRIOR = 10;           /* how much calibration trusts the fit: as a curvature of the log loss */

/* The costs of an error that are tried: each is a strength of learning, in rising order. */
static const double costs[] = {0.01, 0.1, 0.3, 1, 3, 10};
/* The parts of the weights' variance that all models share. */
static const double shares[] = {0, 0.3};

enum { COSTS = sizeof costs / sizeof *costs, SHARES = sizeof shares / sizeof *shares };

/* -- what is learned from ----------------------------------------------------------------------------------------- */

/* COUNT verdicts on one prompt's answer by one model, all good or all not. */
struct example {
    uint32_t prompt;
    uint16_t model;
    bool good;
    double count;
};

struct training {
    size_t models, prompts, prompt_room;
    struct span *features;    /* by prompt, encoded */
    struct example *examples; /* in the order of prompts */
    size_t example_count, example_room;
};

struct training *training_new(size_t models) {
    struct training *training = xcalloc(1, sizeof *training);
    training->models = models < PREDICTOR_MODELS_MAX ? models : PREDICTOR_MODELS_MAX;
    return training;
}

void training_free(struct training *training) {
    if (training == NULL)
        return;
    free(training->features);
    free(training->examples);
    free(training);
}

static size_t grown(size_t room) {
    return room > 0 ? room + room / 2 : 256;
}

void training_prompt(struct training *training, struct span features) {
    if (training->prompts == training->prompt_room) {
        training->prompt_room = grown(training->prompt_room);
        training->features = xreallocarray(training->features, training->prompt_room, sizeof *training->features);
    }
    training->features[training->prompts++] = features;
}

static void add_example(struct training *training, size_t model, bool good, int64_t count) {
    if (count <= 0 || model >= training->models)
        return;
    if (training->example_count == training->example_room) {
        training->example_room = grown(training->example_room);
        training->examples = xreallocarray(training->examples, training->example_room, sizeof *training->examples);
    }
    training->examples[training->example_count++] = (struct example){.prompt = (uint32_t)training->prompts - 1,
                                                                     .model = (uint16_t)model,
                                                                     .good = good,
                                                                     .count = (double)count};
}

void training_verdicts(struct training *training, size_t model, int64_t count, int64_t good) {
    add_example(training, model, true, good);
    add_example(training, model, false, count - good);
}

/* -- rows --------------------------------------------------------------------------------------------------------- */

void predictor_free(struct predictor *predictor) {
    free(predictor->known);
    free(predictor->before);
    free(predictor->scales);
    for (size_t i = 0; i < predictor->models; i++)
        free(predictor->model[i].weights);
    *predictor = (struct predictor){0};
}

void predictor_index(struct predictor *predictor) {
    predictor->before = xcalloc(PREDICTOR_GROUPS, sizeof *predictor->before);
    predictor->buckets = 0;
    for (size_t group = 0; group < PREDICTOR_GROUPS; group++) {
        predictor->before[group] = (uint32_t)predictor->buckets;
        predictor->buckets += (size_t)__builtin_popcountll(predictor->known[group]);
    }
}

/* Which of the known ones a bucket is; -1: it was not learned of. */
static int place_of(const struct predictor *predictor, uint32_t bucket) {
    uint64_t group = predictor->known[bucket / 64], bit = UINT64_C(1) << bucket % 64;
    if ((group & bit) == 0)
        return -1;
    return (int)predictor->before[bucket / 64] + __builtin_popcountll(group & (bit - 1));
}

/* The places of a prompt's buckets that are known. Returns how many there are, and in *SQUARE the sum of the squares of
 * their scales. */
static size_t places_of(const struct predictor *predictor, const struct features *features,
                        uint32_t places[FEATURES_MAX], uint64_t *square) {
    size_t count = 0;
    *square = 0;
    for (size_t i = 0; i < features->count; i++) {
        int place = place_of(predictor, features->buckets[i]);
        if (place < 0)
            continue;
        places[count++] = (uint32_t)place;
        *square += (uint64_t)predictor->scales[place] * predictor->scales[place];
    }
    return count;
}

static void measure_lengths(const struct training *training, struct predictor *predictor) {
    double sum = 0, squares = 0, count = (double)training->prompts;
    struct features features;
    for (size_t prompt = 0; prompt < training->prompts; prompt++) {
        features_decode(training->features[prompt], &features);
        sum += features.length;
        squares += features.length * features.length;
    }
    double mean = count > 0 ? sum / count : 0;
    predictor->length_mean = mean;
    predictor->length_deviation = count > 0 ? sqrt(fmax(0, squares / count - mean * mean)) : 0;
}

/* The rarer a bucket, the more it counts; but one that a single prompt has tells nothing of others. */
static void choose_scales(const struct training *training, struct predictor *predictor) {
    struct features features;
    uint32_t *prompts = xcalloc(FEATURES_BUCKETS, sizeof *prompts);
    for (size_t prompt = 0; prompt < training->prompts; prompt++) {
        features_decode(training->features[prompt], &features);
        for (size_t i = 0; i < features.count; i++)
            prompts[features.buckets[i]]++;
    }
    predictor->known = xcalloc(PREDICTOR_GROUPS, sizeof *predictor->known);
    for (size_t bucket = 0; bucket < FEATURES_BUCKETS; bucket++)
        predictor->known[bucket / 64] |= (uint64_t)(prompts[bucket] > 1) << bucket % 64;
    predictor_index(predictor);
    predictor->scales = xcalloc(predictor->buckets + 1, sizeof *predictor->scales);
    size_t place = 0;
    for (size_t bucket = 0; bucket < FEATURES_BUCKETS; bucket++) {
        double scale = 1 + log((1 + (double)training->prompts) / (1 + (double)prompts[bucket]));
        if (prompts[bucket] > 1)
            predictor->scales[place++] = (uint8_t)fmin(round(scale * PREDICTOR_SCALE_ONE), UINT8_MAX);
    }
    free(prompts);
}

/* How many deviations the prompt is longer than the mean, weighed against what its words say. */
static double length_value(const struct predictor *predictor, const struct features *features) {
    double deviations = (features->length - predictor->length_mean) / fmax(predictor->length_deviation, 1);
    return LENGTH_WEIGHT * fmax(-3, fmin(3, deviations));
}

/* A prompt as numbers: what its features count, of length 1 together (or none), its own length, and a one for the
 * intercept. */
struct row {
    size_t count;
    const uint32_t *places; /* of its buckets that were learned of */
    double factor;          /* makes their scales what they count */
    double length;
    double square; /* of the row's own length */
};

struct rows {
    size_t *starts;
    uint32_t *places;
    float *factors, *lengths;
};

static struct rows make_rows(const struct training *training, const struct predictor *predictor) {
    struct rows rows = {
        .starts = xcalloc(training->prompts + 1, sizeof *rows.starts),
        .factors = xcalloc(training->prompts + 1, sizeof *rows.factors),
        .lengths = xcalloc(training->prompts + 1, sizeof *rows.lengths),
    };
    struct features features;
    size_t room = 0, at = 0;
    for (size_t prompt = 0; prompt < training->prompts; prompt++)
        room += features_decode(training->features[prompt], &features) ? features.count : 0;
    rows.places = xcalloc(room + FEATURES_MAX, sizeof *rows.places);
    for (size_t prompt = 0; prompt < training->prompts; prompt++) {
        uint64_t square;
        features_decode(training->features[prompt], &features);
        rows.starts[prompt] = at;
        at += places_of(predictor, &features, rows.places + at, &square);
        rows.factors[prompt] = square > 0 ? (float)(1 / sqrt((double)square)) : 0;
        rows.lengths[prompt] = (float)length_value(predictor, &features);
    }
    rows.starts[training->prompts] = at;
    return rows;
}

static void rows_free(struct rows *rows) {
    free(rows->starts);
    free(rows->places);
    free(rows->factors);
    free(rows->lengths);
}

static struct row row_at(const struct rows *rows, size_t prompt) {
    size_t start = rows->starts[prompt], count = rows->starts[prompt + 1] - start;
    double length = (double)rows->lengths[prompt];
    return (struct row){count, rows->places + start, (double)rows->factors[prompt], length,
                        (count > 0 ? 1 : 0) + length * length + 1};
}

/* -- fitting ------------------------------------------------------------------------------------------------------ */

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* What is being fitted. Weights lie by place, the last two of which are the length's and the intercept's; in each the
 * shared one, and then each model's: where a place is looked up, all of its weights are near. */
struct fit {
    const struct training *training;
    const struct rows *rows;
    const uint8_t *scales;
    size_t models, places;
    double share;                        /* of the variance, that is common */
    double offset[PREDICTOR_MODELS_MAX]; /* log odds of a good answer by each model */
    float *weights;
    double *logits;  /* by example: of the part of the cost that its dual variable is */
    uint32_t *order; /* of the examples that it is fitted to */
    size_t order_count;
    uint64_t random;
};

static size_t length_place(const struct fit *fit) {
    return fit->places - 2;
}

static size_t intercept_place(const struct fit *fit) {
    return fit->places - 1;
}

static void fit_begin(struct fit *fit, const struct training *training, const struct rows *rows,
                      const struct predictor *predictor) {
    *fit = (struct fit){.training = training,
                        .rows = rows,
                        .scales = predictor->scales,
                        .models = training->models,
                        .places = predictor->buckets + 2};
    fit->weights = xcalloc(fit->places * (fit->models + 1), sizeof *fit->weights);
    fit->logits = xcalloc(training->example_count + 1, sizeof *fit->logits);
    fit->order = xcalloc(training->example_count + 1, sizeof *fit->order);
}

static void fit_end(struct fit *fit) {
    free(fit->weights);
    free(fit->logits);
    free(fit->order);
}

static size_t fold_of(const struct example *example) {
    return example->prompt % FOLDS;
}

/* All examples but those of fold WITHOUT. */
static void choose_examples(struct fit *fit, size_t without) {
    fit->order_count = 0;
    fit->random = 1;
    for (size_t i = 0; i < fit->training->example_count; i++)
        if (fold_of(&fit->training->examples[i]) != without)
            fit->order[fit->order_count++] = (uint32_t)i;
}

/* By numbers that look random, and are always the same: Knuth's MMIX generator. */
static void shuffle_examples(struct fit *fit) {
    for (size_t i = fit->order_count; i > 1; i--) {
        fit->random = fit->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t other = (size_t)(fit->random >> 33) % i;
        uint32_t kept = fit->order[i - 1];
        fit->order[i - 1] = fit->order[other];
        fit->order[other] = kept;
    }
}

/* What a model would be predicted of if prompts told nothing; half a verdict of each kind keeps it finite. */
static void choose_offsets(struct fit *fit) {
    double good[PREDICTOR_MODELS_MAX] = {0}, bad[PREDICTOR_MODELS_MAX] = {0};
    for (size_t i = 0; i < fit->order_count; i++) {
        const struct example *example = &fit->training->examples[fit->order[i]];
        *(example->good ? &good[example->model] : &bad[example->model]) += example->count;
    }
    for (size_t model = 0; model < fit->models; model++)
        fit->offset[model] = log((good[model] + 0.5) / (bad[model] + 0.5));
}

/* A model's weight at PLACE, with what all share. */
static double weight_of(const struct fit *fit, size_t place, size_t model) {
    const float *weights = fit->weights + place * (fit->models + 1);
    return (double)(weights[0] + weights[model + 1]);
}

/* The log odds that MODEL answers the prompt of ROW well. */
static double log_odds(const struct fit *fit, const struct row *row, size_t model) {
    double sum = 0;
    for (size_t i = 0; i < row->count; i++)
        sum += fit->scales[row->places[i]] * weight_of(fit, row->places[i], model);
    return fit->offset[model] + sum * row->factor + row->length * weight_of(fit, length_place(fit), model) +
           weight_of(fit, intercept_place(fit), model);
}

static void add_weight(struct fit *fit, size_t place, size_t model, double amount) {
    float *weights = fit->weights + place * (fit->models + 1);
    weights[0] += (float)(fit->share * amount);
    weights[model + 1] += (float)((1 - fit->share) * amount);
}

static void add_row(struct fit *fit, const struct row *row, size_t model, double amount) {
    double factor = amount * row->factor;
    for (size_t i = 0; i < row->count; i++)
        add_weight(fit, row->places[i], model, factor * fit->scales[row->places[i]]);
    add_weight(fit, length_place(fit), model, amount * row->length);
    add_weight(fit, intercept_place(fit), model, amount);
}

/* Where t + C sigmoid(t) + b is 0, by Newton's method. Its curve bends at 0: from there, or from any point between that
 * and the root, the steps go one way and never past it; from elsewhere they may go to and fro for ever. */
static double solve(double c, double b, double guess) {
    double t = isfinite(guess) ? guess : 0, s = sigmoid(t);
    if (t * (t + c * s + b) > 0) {
        t = 0;
        s = 0.5;
    }
    for (int step = 0; step < 50; step++) {
        double change = (t + c * s + b) / (1 + c * s * (1 - s));
        t -= change;
        if (fabs(change) < 1e-6)
            break;
        s = sigmoid(t);
    }
    return t;
}

/* Makes one example's dual variable the best that it can be while all others stay; it is C times the sigmoid of its
 * logit. Returns by how much the logit changed. */
static double improve(struct fit *fit, uint32_t number, double cost) {
    const struct example *example = &fit->training->examples[number];
    struct row row = row_at(fit->rows, example->prompt);
    double sign = example->good ? 1 : -1, c = cost * example->count, before = fit->logits[number];
    double variable = c * sigmoid(before);
    double b = sign * log_odds(fit, &row, example->model) - row.square * variable;
    double t = solve(row.square * c, b, before);
    fit->logits[number] = t;
    add_row(fit, &row, example->model, sign * (c * sigmoid(t) - variable));
    return fabs(t - before);
}

/* Fits to the chosen examples at each model's cost, beginning with what is there. */
static void descend(struct fit *fit, const double cost[PREDICTOR_MODELS_MAX]) {
    for (int epoch = 0; epoch < EPOCHS_MAX; epoch++) {
        double most = 0;
        shuffle_examples(fit); /* or else it goes round in circles */
        for (size_t i = 0; i < fit->order_count; i++)
            most = fmax(most, improve(fit, fit->order[i], cost[fit->training->examples[fit->order[i]].model]));
        if (most < ENOUGH)
            break;
    }
}

/* Begins with all dual variables, and so all weights, at 0. */
static void start(struct fit *fit, double share) {
    memset(fit->weights, 0, fit->places * (fit->models + 1) * sizeof *fit->weights);
    fit->share = share;
    choose_offsets(fit);
    for (size_t i = 0; i < fit->order_count; i++)
        fit->logits[fit->order[i]] = -INFINITY;
}

/* Goes on to costs that are FACTOR times as high: the same logits, with all weights grown as much. */
static void raise(struct fit *fit, double factor) {
    size_t count = fit->places * (fit->models + 1);
    for (size_t i = 0; i < count; i++)
        fit->weights[i] *= (float)factor;
}

/* -- choosing how -------------------------------------------------------------------------------------------------- */

static double log_loss(double odds, bool good) {
    double x = good ? -odds : odds;
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static void same_cost(double cost[PREDICTOR_MODELS_MAX], double of_all) {
    for (size_t model = 0; model < PREDICTOR_MODELS_MAX; model++)
        cost[model] = of_all;
}

/* By example, what is said of it by a fit to the other folds, at each cost. */
static void hold_out(struct fit *fit, double share, float *held_out) {
    const struct training *training = fit->training;
    double cost[PREDICTOR_MODELS_MAX];
    for (size_t fold = 0; fold < FOLDS; fold++) {
        choose_examples(fit, fold);
        for (size_t c = 0; c < COSTS; c++) {
            same_cost(cost, costs[c]);
            if (c == 0)
                start(fit, share);
            else
                raise(fit, costs[c] / costs[c - 1]);
            descend(fit, cost);
            for (size_t i = 0; i < training->example_count; i++) {
                const struct example *example = &training->examples[i];
                struct row row = row_at(fit->rows, example->prompt);
                if (fold_of(example) == fold)
                    held_out[i * COSTS + c] = (float)log_odds(fit, &row, example->model);
            }
        }
    }
}

/* How to fit, and the loss of that on what was held out. */
struct choice {
    double share, loss;
    size_t cost[PREDICTOR_MODELS_MAX]; /* its number */
};

/* The cost with which each model was predicted best. */
static struct choice choose_costs(const struct training *training, double share, const float *held_out) {
    struct choice choice = {.share = share};
    double losses[PREDICTOR_MODELS_MAX][COSTS] = {{0}};
    for (size_t i = 0; i < training->example_count; i++)
        for (size_t c = 0; c < COSTS; c++)
            losses[training->examples[i].model][c] +=
                training->examples[i].count * log_loss((double)held_out[i * COSTS + c], training->examples[i].good);
    for (size_t model = 0; model < training->models; model++) {
        for (size_t c = 1; c < COSTS; c++)
            if (losses[model][c] < losses[model][choice.cost[model]])
                choice.cost[model] = c;
        choice.loss += losses[model][choice.cost[model]];
    }
    return choice;
}

/* The best of all that is tried. HELD_OUT gets by example what was then said of it. */
static struct choice choose(struct fit *fit, float *held_out) {
    const struct training *training = fit->training;
    struct choice best = {.loss = INFINITY};
    float *tried = xcalloc(training->example_count * COSTS + 1, sizeof *tried);
    for (size_t s = 0; s < (training->models > 1 ? SHARES : 1); s++) {
        hold_out(fit, shares[s], tried);
        struct choice choice = choose_costs(training, shares[s], tried);
        if (choice.loss >= best.loss)
            continue;
        best = choice;
        for (size_t i = 0; i < training->example_count; i++)
            held_out[i] = tried[i * COSTS + choice.cost[training->examples[i].model]];
    }
    free(tried);
    return best;
}

/* -- calibration --------------------------------------------------------------------------------------------------- */

/* The straight line that makes probabilities of log odds. */
struct line {
    double slope, intercept;
};

/* Newton's method on the log loss, with a prior that the odds are as they should be: slope 1, intercept 0, give or take
 * as much as so few verdicts may mislead. */
static struct line calibrate(const struct training *training, size_t model, const float *held_out) {
    struct line line = {1, 0};
    for (int step = 0; step < 50; step++) {
        double gs = (line.slope - 1) * PRIOR, gi = line.intercept * PRIOR, hss = PRIOR, hsi = 0, hii = PRIOR;
        for (size_t i = 0; i < training->example_count; i++) {
            const struct example *example = &training->examples[i];
            if (example->model != model)
                continue;
            double x = (double)held_out[i], p = sigmoid(line.slope * x + line.intercept);
            double error = example->count * (p - (example->good ? 1 : 0)), curve = example->count * p * (1 - p);
            gs += error * x;
            gi += error;
            hss += curve * x * x;
            hsi += curve * x;
            hii += curve;
        }
        double determinant = hss * hii - hsi * hsi, ds = (gs * hii - gi * hsi) / determinant,
               di = (gi * hss - gs * hsi) / determinant;
        line.slope -= ds;
        line.intercept -= di;
        if (fabs(ds) + fabs(di) < 1e-9)
            break;
    }
    return line;
}

/* By how much the predictions lessen the log loss of always predicting the share of good verdicts. */
static double gain_of(const struct training *training, size_t model, const struct line *line, const float *held_out) {
    double gain = 0, good = 0, count = 0;
    for (size_t i = 0; i < training->example_count; i++) {
        const struct example *example = &training->examples[i];
        if (example->model != model)
            continue;
        count += example->count;
        good += example->good ? example->count : 0;
        gain -= example->count * log_loss(line->slope * (double)held_out[i] + line->intercept, example->good);
    }
    double entropy = good > 0 && good < count ? -good * log(good / count) - (count - good) * log(1 - good / count) : 0;
    return gain + entropy;
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

/* Of a good answer, whatever the prompt; half a verdict of each kind keeps it finite. */
static double log_odds_of(const struct model_predictor *predictor) {
    return log(((double)predictor->good + 0.5) / ((double)(predictor->verdicts - predictor->good) + 0.5));
}

static double probability(const struct line *line, double odds) {
    return sigmoid(line->slope * odds + line->intercept);
}

/* Fills in what the verdicts that were held out say of a model's predictions. */
static void assess(const struct training *training, size_t model, const struct line *line, const float *held_out,
                   struct model_predictor *predictor) {
    double good_rate = (double)predictor->good / (double)predictor->verdicts, squares = 0;
    predictor->least = 1;
    predictor->most = 0;
    for (size_t i = 0; i < training->example_count; i++) {
        const struct example *example = &training->examples[i];
        if (example->model != model)
            continue;
        double p = probability(line, (double)held_out[i]);
        predictor->least = fmin(predictor->least, p);
        predictor->most = fmax(predictor->most, p);
        size_t bin = (size_t)fmin(p * PREDICTOR_BINS, PREDICTOR_BINS - 1);
        predictor->bins[bin].verdicts += (int64_t)example->count;
        predictor->bins[bin].good += example->good ? (int64_t)example->count : 0;
        predictor->bins[bin].predicted += example->count * p;
        squares += example->count * (p - (example->good ? 1 : 0)) * (p - (example->good ? 1 : 0));
    }
    predictor->brier = squares / (double)predictor->verdicts;
    predictor->base_brier = good_rate * (1 - good_rate);
}

/* A model's weight at PLACE as it is after calibration. */
static double weight_at(const struct fit *fit, size_t model, const struct line *line, size_t place) {
    return line->slope * weight_of(fit, place, model);
}

/* Weights are kept as their roots, rounded: small ones, which are many, about as precisely as large ones. */
static void keep_weights(const struct fit *fit, size_t model, const struct line *line,
                         struct model_predictor *predictor) {
    size_t buckets = fit->places - 2;
    double most = 0;
    for (size_t place = 0; place < buckets; place++)
        most = fmax(most, fabs(weight_at(fit, model, line, place)));
    predictor->unit = most > 0 ? most / (INT8_MAX * INT8_MAX) : 1;
    predictor->weights = xcalloc(buckets + 1, sizeof *predictor->weights);
    for (size_t place = 0; place < buckets; place++) {
        double weight = weight_at(fit, model, line, place);
        predictor->weights[place] = (int8_t)copysign(round(sqrt(fabs(weight) / predictor->unit)), weight);
    }
    predictor->length_weight = weight_at(fit, model, line, length_place(fit));
    predictor->intercept = line->slope * fit->offset[model] + line->intercept +
                           weight_at(fit, model, line, intercept_place(fit));
}

static void count_verdicts(const struct training *training, struct predictor *predictor) {
    for (size_t i = 0; i < training->example_count; i++) {
        const struct example *example = &training->examples[i];
        predictor->model[example->model].verdicts += (int64_t)example->count;
        predictor->model[example->model].good += example->good ? (int64_t)example->count : 0;
    }
}

void predictor_train(const struct training *training, struct predictor *predictor, float *held_out) {
    struct fit fit;
    double cost[PREDICTOR_MODELS_MAX] = {0};
    *predictor = (struct predictor){.models = training->models};
    count_verdicts(training, predictor);
    measure_lengths(training, predictor);
    choose_scales(training, predictor);
    struct rows rows = make_rows(training, predictor);
    float *said = xcalloc(training->example_count + 1, sizeof *said);
    fit_begin(&fit, training, &rows, predictor);
    struct choice choice = choose(&fit, said);
    for (size_t model = 0; model < training->models; model++)
        cost[model] = costs[choice.cost[model]];
    choose_examples(&fit, FOLDS);
    start(&fit, choice.share);
    descend(&fit, cost);
    for (size_t i = 0; held_out != NULL && i < training->prompts * training->models; i++)
        held_out[i] = NAN;
    for (size_t model = 0; model < training->models; model++) {
        struct model_predictor *of_model = &predictor->model[model];
        if (of_model->verdicts < PREDICTOR_VERDICTS_LEAST)
            continue;
        struct line line = calibrate(training, model, said);
        if (line.slope <= 0 || gain_of(training, model, &line, said) < WORTH)
            line = (struct line){0, log_odds_of(of_model)};
        assess(training, model, &line, said, of_model);
        keep_weights(&fit, model, &line, of_model);
        for (size_t i = 0; held_out != NULL && i < training->example_count; i++)
            if (training->examples[i].model == model)
                held_out[training->examples[i].prompt * training->models + model] = (float)probability(&line,
                                                                                                       (double)said[i]);
    }
    free(said);
    fit_end(&fit);
    rows_free(&rows);
}

/* Scales and weights are whole numbers, so that their products add up exactly. */
void predictor_predict(const struct predictor *predictor, const struct features *features,
                       double probabilities[PREDICTOR_MODELS_MAX]) {
    uint32_t places[FEATURES_MAX];
    uint64_t square;
    size_t count = places_of(predictor, features, places, &square);
    double norm = sqrt((double)square), length = length_value(predictor, features);
    for (size_t number = 0; number < predictor->models; number++) {
        const struct model_predictor *model = &predictor->model[number];
        int64_t sum = 0;
        probabilities[number] = NAN;
        if (model->weights == NULL)
            continue;
        for (size_t i = 0; i < count; i++) {
            int root = model->weights[places[i]];
            sum += predictor->scales[places[i]] * root * abs(root);
        }
        double words = norm > 0 ? (double)sum * model->unit / norm : 0;
        double probability_of_good = sigmoid(model->intercept + length * model->length_weight + words);
        probabilities[number] = fmax(model->least, fmin(model->most, probability_of_good));
    }
}
