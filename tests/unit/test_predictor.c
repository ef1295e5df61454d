/* Predictors of made verdicts: where words decide, decide in part, or tell nothing, what is said is what is true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "rules/predictor.h"
#include "random.h"

/* Each test has the same data, whichever ran before it. */
static int seed(void **state) {
    (void)state;
    random_state = 0x9e3779b97f4a7c15U;
    return 0;
}

static bool chance(double probability) {
    return (double)(random_high() % 1000000) < 1000000 * probability;
}

/* -- made data ----------------------------------------------------------------------------------------------------- */

enum { PROMPTS_MAX = 1500, MODELS_MAX = 4 };

struct verdicts {
    int64_t count, good;
};

/* What is trained on, what is known of it, and what came of it. */
struct lesson {
    struct training *training;
    struct predictor predictor;
    size_t models, prompts;
    unsigned char *encoded[PROMPTS_MAX];
    struct verdicts verdicts[PROMPTS_MAX][MODELS_MAX];
    float held_out[PROMPTS_MAX * MODELS_MAX];
};

static struct lesson *begin(size_t models) {
    struct lesson *lesson = xcalloc(1, sizeof *lesson);
    lesson->models = models;
    lesson->training = training_new(models);
    return lesson;
}

static void end(struct lesson *lesson) {
    predictor_free(&lesson->predictor);
    training_free(lesson->training);
    for (size_t i = 0; i < lesson->prompts; i++)
        free(lesson->encoded[i]);
    free(lesson);
}

static void add_prompt(struct lesson *lesson, const char *prompt) {
    struct features features;
    unsigned char *bytes = xmalloc(FEATURES_BYTES_MAX);
    features_of(span_of(prompt), &features);
    size_t size = features_encode(&features, bytes);
    assert_true(lesson->prompts < PROMPTS_MAX);
    lesson->encoded[lesson->prompts++] = bytes;
    training_prompt(lesson->training, (struct span){(const char *)bytes, size});
}

/* Of the last prompt. */
static void add_verdicts(struct lesson *lesson, size_t model, int64_t count, int64_t good) {
    lesson->verdicts[lesson->prompts - 1][model] = (struct verdicts){count, good};
    training_verdicts(lesson->training, model, count, good);
}

static void add_verdict(struct lesson *lesson, size_t model, bool good) {
    add_verdicts(lesson, model, 1, good);
}

static void train(struct lesson *lesson) {
    for (size_t i = 0; i < PROMPTS_MAX * MODELS_MAX; i++)
        lesson->held_out[i] = -7;
    predictor_train(lesson->training, &lesson->predictor, lesson->held_out);
}

/* -- made prompts -------------------------------------------------------------------------------------------------- */

static const char *const TOPICS[2][8] = {
    {"proof", "theorem", "integral", "lemma", "topology", "conjecture", "manifold", "axiom"},
    {"greeting", "birthday", "letter", "friend", "invitation", "party", "thanks", "holiday"},
};

static const char *const FILLERS[] = {"the",   "of",   "a",    "please", "write", "some", "with",
                                      "about", "that", "more", "then",   "give",  "show", "make",
                                      "find",  "one",  "each", "which",  "over",  "next"};

/* A prompt with words of one of two topics among others: static, until the next. TOPIC -1: of none. */
static const char *prompt_on(int topic) {
    static struct text prompt;
    text_clear(&prompt);
    text_string(&prompt, "");
    for (int i = 0; i < 12; i++) {
        const char *word = FILLERS[random_high() % 20];
        if (topic >= 0 && i % 2 == 1)
            word = TOPICS[topic][random_high() % 8];
        text_format(&prompt, "%s ", word);
    }
    return prompt.s;
}

static double predict(const struct lesson *lesson, const char *prompt, size_t model) {
    double probabilities[PREDICTOR_MODELS_MAX];
    struct features features;
    features_of(span_of(prompt), &features);
    predictor_predict(&lesson->predictor, &features, probabilities);
    return probabilities[model];
}

/* What is predicted of new prompts on a topic: the least, the mean and the most. */
struct predicted {
    double least, mean, most;
};

static struct predicted predict_topic(const struct lesson *lesson, int topic, size_t model) {
    struct predicted predicted = {2, 0, -1};
    for (int i = 0; i < 200; i++) {
        double p = predict(lesson, prompt_on(topic), model);
        assert_true(p >= 0 && p <= 1);
        predicted.least = fmin(predicted.least, p);
        predicted.most = fmax(predicted.most, p);
        predicted.mean += p / 200;
    }
    return predicted;
}

static void within(double got, double wanted, double distance) {
    if (!(fabs(got - wanted) <= distance))
        fail_msg("%g is not within %g of %g", got, distance, wanted);
}

/* -- what holds of any lesson -------------------------------------------------------------------------------------- */

struct sums {
    struct verdicts verdicts;
    double squares, predicted;
};

/* From what was held out and the verdicts. */
static struct sums sums_of(const struct lesson *lesson, size_t model, bool said) {
    struct sums sums = {0};
    for (size_t i = 0; i < lesson->prompts; i++) {
        const struct verdicts *verdicts = &lesson->verdicts[i][model];
        double p = (double)lesson->held_out[i * lesson->models + model];
        if (verdicts->count == 0 || !said)
            assert_true(isnan(p));
        else
            assert_true(p >= 0 && p <= 1);
        sums.verdicts.count += verdicts->count;
        sums.verdicts.good += verdicts->good;
        if (verdicts->count == 0)
            continue;
        sums.predicted += (double)verdicts->count * p;
        sums.squares += (double)verdicts->good * (1 - p) * (1 - p);
        sums.squares += (double)(verdicts->count - verdicts->good) * p * p;
    }
    return sums;
}

static void check_bins(const struct model_predictor *model, double predicted) {
    int64_t count = 0, good = 0;
    double sum = 0;
    for (int i = 0; i < PREDICTOR_BINS; i++) {
        const struct reliability *bin = &model->bins[i];
        double verdicts = (double)bin->verdicts;
        assert_true(bin->good >= 0 && bin->good <= bin->verdicts);
        assert_true(bin->predicted >= verdicts * i / PREDICTOR_BINS - 1e-9);
        assert_true(bin->predicted <= verdicts * (i + 1) / PREDICTOR_BINS + 1e-9);
        count += bin->verdicts;
        good += bin->good;
        sum += bin->predicted;
    }
    assert_int_equal(count, model->verdicts);
    assert_int_equal(good, model->good);
    within(sum, predicted, 1e-6 * (double)model->verdicts);
}

static void check_model(const struct lesson *lesson, size_t number) {
    const struct model_predictor *model = &lesson->predictor.model[number];
    bool said = model->verdicts >= PREDICTOR_VERDICTS_LEAST;
    struct sums sums = sums_of(lesson, number, said);
    double count = (double)sums.verdicts.count, rate = (double)sums.verdicts.good / count;
    assert_int_equal(model->verdicts, sums.verdicts.count);
    assert_int_equal(model->good, sums.verdicts.good);
    assert_int_equal(model->weights != NULL, said);
    if (!said)
        return;
    check_bins(model, sums.predicted);
    within(model->brier, sums.squares / count, 1e-6);
    within(model->base_brier, rate * (1 - rate), 1e-12);
    assert_true(isfinite(model->intercept) && isfinite(model->length_weight) && isfinite(model->unit));
    assert_true(model->unit > 0);
}

/* How many buckets were learned of. One that all prompts have counts 1, others more. */
static size_t buckets(const struct predictor *predictor) {
    for (size_t i = 0; i < predictor->buckets; i++)
        assert_true(predictor->scales[i] >= PREDICTOR_SCALE_ONE);
    return predictor->buckets;
}

/* What a bucket counts; 0: it was not learned of. */
static int scale_of(const struct predictor *predictor, uint32_t bucket) {
    size_t place = 0;
    for (uint32_t i = 0; i < bucket; i++)
        place += predictor->known[i / 64] >> i % 64 & 1;
    return (predictor->known[bucket / 64] >> bucket % 64 & 1) != 0 ? predictor->scales[place] : 0;
}

static void learn(struct lesson *lesson) {
    train(lesson);
    assert_int_equal(lesson->predictor.models, lesson->models);
    assert_true(buckets(&lesson->predictor) <= lesson->prompts * FEATURES_MAX);
    for (size_t model = 0; model < lesson->models; model++)
        check_model(lesson, model);
    assert_true(lesson->held_out[lesson->prompts * lesson->models] == -7); /* nothing is written behind them */
}

/* -- what words decide --------------------------------------------------------------------------------------------- */

/* The share of prompts on whose verdict what was held out is on the right side of a half. */
static double accuracy(const struct lesson *lesson, size_t model) {
    double right = 0, count = 0;
    for (size_t i = 0; i < lesson->prompts; i++) {
        const struct verdicts *verdicts = &lesson->verdicts[i][model];
        if (verdicts->count == 0)
            continue;
        count++;
        right += (lesson->held_out[i * lesson->models + model] > 0.5F) == (verdicts->good > 0);
    }
    return right / count;
}

static void words_decide(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 400; i++) {
        int topic = (int)(random_high() % 2);
        add_prompt(lesson, prompt_on(topic));
        add_verdict(lesson, 0, topic == 1);
    }
    learn(lesson);
    assert_true(accuracy(lesson, 0) > 0.99);
    assert_true(lesson->predictor.model[0].brier < 0.01);
    struct predicted hard = predict_topic(lesson, 0, 0), easy = predict_topic(lesson, 1, 0);
    assert_true(hard.most < 0.1 && easy.least > 0.9);
    end(lesson);
}

/* How often, in a bin that has many, the verdicts were good: as often as was predicted. */
static void check_calibration(const struct model_predictor *model, double distance) {
    for (int i = 0; i < PREDICTOR_BINS; i++) {
        const struct reliability *bin = &model->bins[i];
        if (bin->verdicts >= 100)
            within(bin->predicted / (double)bin->verdicts, (double)bin->good / (double)bin->verdicts, distance);
    }
}

static void words_decide_in_part(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 1500; i++) {
        int topic = (int)(random_high() % 2);
        add_prompt(lesson, prompt_on(topic));
        add_verdict(lesson, 0, chance(topic == 1 ? 0.8 : 0.3));
    }
    learn(lesson);
    struct predicted hard = predict_topic(lesson, 0, 0), easy = predict_topic(lesson, 1, 0);
    within(hard.mean, 0.3, 0.07);
    within(easy.mean, 0.8, 0.07);
    assert_true(hard.most < 0.65 && easy.least > 0.5);
    check_calibration(&lesson->predictor.model[0], 0.07);
    /* the best that can be: the mean of 0.8 * 0.2 and 0.3 * 0.7 */
    within(lesson->predictor.model[0].brier, 0.185, 0.02);
    assert_true(lesson->predictor.model[0].brier < lesson->predictor.model[0].base_brier - 0.03);
    end(lesson);
}

/* Verdicts that have nothing to do with the words: nothing but the share of good ones is predicted. */
static void words_tell_nothing(void **state) {
    (void)state;
    for (int round = 0; round < 4; round++) {
        struct lesson *lesson = begin(1);
        for (int i = 0; i < 400; i++) {
            add_prompt(lesson, prompt_on((int)(random_high() % 2)));
            add_verdict(lesson, 0, chance(0.7));
        }
        learn(lesson);
        const struct model_predictor *model = &lesson->predictor.model[0];
        double base = (double)model->good / (double)model->verdicts;
        for (int topic = -1; topic < 2; topic++) {
            struct predicted predicted = predict_topic(lesson, topic, 0);
            within(predicted.least, base, 0.03);
            within(predicted.most, base, 0.03);
        }
        for (size_t i = 0; i < lesson->prompts; i++)
            within((double)lesson->held_out[i], base, 0.03);
        end(lesson);
    }
}

/* The number of bytes is seen where words say nothing. */
static void lengths_decide(void **state) {
    struct lesson *lesson = begin(1);
    char prompt[4001];
    (void)state;
    for (int i = 0; i < 300; i++) {
        size_t size = 1 + random_high() % 20;
        size *= i % 2 == 0 ? 1 : 200;
        memset(prompt, '.', size);
        prompt[size] = '\0';
        add_prompt(lesson, prompt);
        add_verdict(lesson, 0, i % 2 == 0);
    }
    learn(lesson);
    assert_int_equal(buckets(&lesson->predictor), 0);
    assert_true(accuracy(lesson, 0) > 0.99);
    prompt[10] = '\0';
    assert_true(predict(lesson, prompt, 0) > 0.7);
    memset(prompt, '.', 2000);
    prompt[2000] = '\0';
    assert_true(predict(lesson, prompt, 0) < 0.3);
    end(lesson);
}

/* -- verdicts of one kind, and few --------------------------------------------------------------------------------- */

static void all_of_one_kind(void **state) {
    (void)state;
    for (int good = 0; good < 2; good++) {
        struct lesson *lesson = begin(1);
        for (int i = 0; i < 300; i++) {
            add_prompt(lesson, prompt_on(i % 2));
            add_verdict(lesson, 0, good);
        }
        learn(lesson);
        for (int topic = -1; topic < 2; topic++) {
            struct predicted predicted = predict_topic(lesson, topic, 0);
            within(predicted.least, good, 0.02);
            within(predicted.most, good, 0.02);
        }
        assert_true(lesson->predictor.model[0].base_brier == 0);
        assert_true(lesson->predictor.model[0].brier < 1e-3);
        end(lesson);
    }
}

/* COUNT verdicts on model 0, where 400 on model 1 speak, all on the same prompts as far as they go. */
static void few(int count, bool spoken) {
    struct lesson *lesson = begin(2);
    for (int i = 0; i < 400; i++) {
        int topic = (int)(random_high() % 2);
        add_prompt(lesson, prompt_on(topic));
        if (i < count)
            add_verdict(lesson, 0, topic == 0);
        add_verdict(lesson, 1, topic == 1);
    }
    learn(lesson); /* looks at what is NaN of what was held out */
    assert_int_equal(lesson->predictor.model[0].verdicts, count);
    double p = predict(lesson, prompt_on(0), 0);
    assert_true(spoken ? p > 0.5 : isnan(p));
    assert_true(predict_topic(lesson, 0, 1).most < 0.1 && predict_topic(lesson, 1, 1).least > 0.9);
    end(lesson);
}

static void fewer_than_enough(void **state) {
    (void)state;
    assert_int_equal(PREDICTOR_VERDICTS_LEAST, 100);
    few(0, false);
    few(1, false);
    few(99, false);
    few(100, true);
}

/* It is verdicts that are counted, not prompts. */
static void enough_verdicts_on_few_prompts(void **state) {
    (void)state;
    for (int count = 9; count <= 10; count++) {
        struct lesson *lesson = begin(1);
        for (int i = 0; i < 10; i++) {
            add_prompt(lesson, prompt_on(i % 2));
            add_verdicts(lesson, 0, i == 0 ? count : 10, 5);
        }
        learn(lesson);
        assert_int_equal(isnan(predict(lesson, prompt_on(0), 0)), count == 9);
        end(lesson);
    }
}

/* -- several models ------------------------------------------------------------------------------------------------ */

/* The first is good where the second is not, and the third at all. */
static void opposite_models(void **state) {
    struct lesson *lesson = begin(3);
    (void)state;
    for (int i = 0; i < 400; i++) {
        int topic = (int)(random_high() % 2);
        add_prompt(lesson, prompt_on(topic));
        add_verdict(lesson, 0, topic == 0);
        add_verdict(lesson, 1, topic == 1);
        add_verdict(lesson, 2, chance(0.9));
    }
    learn(lesson);
    assert_true(accuracy(lesson, 0) > 0.99 && accuracy(lesson, 1) > 0.99);
    assert_true(predict_topic(lesson, 0, 0).least > 0.9 && predict_topic(lesson, 1, 0).most < 0.1);
    assert_true(predict_topic(lesson, 0, 1).most < 0.1 && predict_topic(lesson, 1, 1).least > 0.9);
    for (int topic = 0; topic < 2; topic++) {
        struct predicted predicted = predict_topic(lesson, topic, 2);
        assert_true(predicted.least > 0.8 && predicted.most < 0.98);
    }
    end(lesson);
}

/* No prompt was answered by both. */
static void models_of_different_prompts(void **state) {
    struct lesson *lesson = begin(2);
    (void)state;
    for (int i = 0; i < 800; i++) {
        int topic = (int)(random_high() % 2);
        size_t model = i < 300 ? 0 : 1;
        add_prompt(lesson, prompt_on(topic));
        add_verdict(lesson, model, chance(model == 0 ? topic == 0 ? 0.05 : 0.95 : 0.6));
    }
    learn(lesson);
    assert_true(predict_topic(lesson, 0, 0).mean < 0.15 && predict_topic(lesson, 1, 0).mean > 0.85);
    within(predict_topic(lesson, 0, 1).mean, 0.6, 0.1);
    within(predict_topic(lesson, 1, 1).mean, 0.6, 0.1);
    end(lesson);
}

/* What is hard for one model is hard for another: one of which little is known gains by what is known of others. */
static void models_that_are_alike(void **state) {
    struct lesson *lesson = begin(3), *alone = begin(1);
    (void)state;
    for (int i = 0; i < 900; i++) {
        int topic = (int)(random_high() % 2);
        const char *prompt = prompt_on(topic);
        bool good = chance(topic == 0 ? 0.3 : 0.8);
        add_prompt(lesson, prompt);
        add_verdict(lesson, 0, chance(topic == 0 ? 0.3 : 0.8));
        add_verdict(lesson, 1, chance(topic == 0 ? 0.3 : 0.8));
        if (i >= 120)
            continue;
        add_verdict(lesson, 2, good);
        add_prompt(alone, prompt);
        add_verdict(alone, 0, good);
    }
    learn(lesson);
    learn(alone);
    assert_true(lesson->predictor.model[2].brier < alone->predictor.model[0].brier);
    double hard = predict_topic(lesson, 0, 2).mean, easy = predict_topic(lesson, 1, 2).mean;
    assert_true(hard > 0.2 && hard < 0.5 && easy > 0.6 && easy < 0.9);
    end(lesson);
    end(alone);
}

/* -- several verdicts on a prompt ---------------------------------------------------------------------------------- */

/* As many prompts of either kind have good verdicts as bad; of one kind the good are more, of the other the bad. */
static void verdicts_are_weights(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 600; i++) {
        int topic = (int)(random_high() % 2);
        bool good = random_high() % 2 == 0;
        int64_t count = good == (topic == 1) ? 4 : 1;
        add_prompt(lesson, prompt_on(topic));
        add_verdicts(lesson, 0, count, good ? count : 0);
    }
    learn(lesson);
    within(predict_topic(lesson, 0, 0).mean, 0.2, 0.07);
    within(predict_topic(lesson, 1, 0).mean, 0.8, 0.07);
    end(lesson);
}

static void mixed_verdicts(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 400; i++) {
        int topic = (int)(random_high() % 2);
        add_prompt(lesson, prompt_on(topic));
        add_verdicts(lesson, 0, 10, topic == 1 ? 8 : 3);
    }
    learn(lesson);
    struct predicted hard = predict_topic(lesson, 0, 0), easy = predict_topic(lesson, 1, 0);
    within(hard.mean, 0.3, 0.05);
    within(easy.mean, 0.8, 0.05);
    assert_true(hard.least > 0.15 && hard.most < 0.5 && easy.least > 0.6 && easy.most < 0.92);
    within(lesson->predictor.model[0].brier, 0.185, 0.005);
    end(lesson);
}

/* However many a prompt has, what is learned from them converges. */
static void heavy_verdicts(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 300; i++) {
        int topic = (int)(random_high() % 2);
        add_prompt(lesson, prompt_on(topic));
        add_verdicts(lesson, 0, 50, topic == 1 ? 45 : 5);
    }
    learn(lesson);
    struct predicted hard = predict_topic(lesson, 0, 0), easy = predict_topic(lesson, 1, 0);
    within(hard.mean, 0.1, 0.03);
    within(easy.mean, 0.9, 0.03);
    assert_true(hard.least > 0.03 && hard.most < 0.25 && easy.least > 0.75 && easy.most < 0.97);
    end(lesson);
}

/* Few prompts are hard, as most are not: those are known all the same. */
static void rare_failures(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int topic = random_high() % 25 == 0 ? 0 : 1;
        add_prompt(lesson, prompt_on(topic));
        add_verdict(lesson, 0, topic == 1);
    }
    learn(lesson);
    struct predicted hard = predict_topic(lesson, 0, 0), easy = predict_topic(lesson, 1, 0);
    assert_true(hard.mean < 0.1 && hard.most < 0.5 && easy.least > 0.95);
    end(lesson);
}

/* Many on few prompts, that have nothing to do with the words: they are no more sure than that. */
static void many_verdicts_that_tell_nothing(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 150; i++) {
        int64_t count = 1000 + (int64_t)(random_high() % 1000);
        add_prompt(lesson, prompt_on(i % 2));
        add_verdicts(lesson, 0, count, chance(0.5) ? count : 0);
    }
    learn(lesson);
    const struct model_predictor *model = &lesson->predictor.model[0];
    assert_true(model->brier <= model->base_brier + 1e-6);
    struct predicted predicted = predict_topic(lesson, 0, 0);
    assert_true(predicted.least > 0.05 && predicted.most < 0.95);
    end(lesson);
}

/* A count of none is no verdict, and one of a model that there is not is none either. */
static void no_verdicts(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 120; i++) {
        add_prompt(lesson, prompt_on(i % 2));
        add_verdicts(lesson, 0, i % 6 != 0, i % 6 > 2);
        training_verdicts(lesson->training, 1, 5, 5);
    }
    learn(lesson);
    assert_int_equal(lesson->predictor.model[0].verdicts, 100);
    assert_int_equal(lesson->predictor.model[0].good, 60);
    end(lesson);
}

/* -- prompts that say nothing -------------------------------------------------------------------------------------- */

static void prompts_without_features(void **state) {
    struct lesson *lesson = begin(1);
    (void)state;
    for (int i = 0; i < 200; i++) {
        add_prompt(lesson, "");
        add_verdict(lesson, 0, i % 4 != 0);
    }
    learn(lesson);
    assert_int_equal(buckets(&lesson->predictor), 0);
    within(predict(lesson, "", 0), 0.75, 0.03);
    within(predict(lesson, prompt_on(0), 0), 0.75, 0.03);
    end(lesson);
}

/* Features that cannot be read are those of an empty prompt. */
static void features_that_are_broken(void **state) {
    struct training *training = training_new(1);
    struct predictor predictor;
    double probabilities[PREDICTOR_MODELS_MAX];
    struct features none = {0};
    (void)state;
    for (int i = 0; i < 200; i++) {
        training_prompt(training, i % 2 == 0 ? (struct span){NULL, 0} : (struct span){"\x10\xff", 2});
        training_verdicts(training, 0, 1, i % 4 == 0 || i % 4 == 3);
    }
    predictor_train(training, &predictor, NULL);
    predictor_predict(&predictor, &none, probabilities);
    within(probabilities[0], 0.5, 0.03);
    assert_true(predictor.length_mean == 0 && predictor.length_deviation == 0);
    predictor_free(&predictor);
    training_free(training);
}

static void an_empty_prompt_and_strange_ones(void **state) {
    struct lesson *lesson = begin(1);
    char prompt[20001];
    (void)state;
    for (int i = 0; i < 300; i++) {
        add_prompt(lesson, prompt_on(i % 2));
        add_verdict(lesson, 0, i % 2 == 1);
    }
    learn(lesson);
    for (size_t i = 0; i < sizeof prompt - 1; i++)
        prompt[i] = i % 6 == 5 ? ' ' : (char)('a' + random_high() % 26);
    prompt[sizeof prompt - 1] = '\0';
    static const char *const prompts[] = {"", "天気", "\xff\xfe", "unheard-of"};
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++) {
        double p = predict(lesson, prompts[i], 0);
        assert_true(p > 0 && p < 1);
    }
    double p = predict(lesson, prompt, 0);
    assert_true(p > 0 && p < 1);
    end(lesson);
}

static void no_prompts(void **state) {
    struct features features;
    double probabilities[PREDICTOR_MODELS_MAX];
    (void)state;
    for (size_t models = 0; models < 3; models++) {
        struct training *training = training_new(models);
        struct predictor predictor;
        float held_out = -7;
        predictor_train(training, &predictor, &held_out);
        assert_int_equal(predictor.models, models);
        assert_int_equal(buckets(&predictor), 0);
        assert_true(held_out == -7);
        features_of(span_of("a word"), &features);
        predictor_predict(&predictor, &features, probabilities);
        for (size_t i = 0; i < models; i++)
            assert_true(isnan(probabilities[i]) && predictor.model[i].verdicts == 0);
        predictor_free(&predictor);
        training_free(training);
    }
    training_free(NULL);
}

static void as_many_models_as_there_can_be(void **state) {
    struct training *training = training_new(PREDICTOR_MODELS_MAX + 8);
    struct predictor predictor;
    double probabilities[PREDICTOR_MODELS_MAX];
    unsigned char bytes[2][FEATURES_BYTES_MAX];
    struct features features;
    (void)state;
    for (int i = 0; i < 200; i++) {
        features_of(span_of(i % 2 == 0 ? "alpha beta" : "gamma delta"), &features);
        size_t size = features_encode(&features, bytes[i % 2]);
        training_prompt(training, (struct span){(const char *)bytes[i % 2], size});
        for (size_t model = 0; model < PREDICTOR_MODELS_MAX + 8; model++)
            training_verdicts(training, model, 1, (int)(model % 2) == i % 2);
    }
    predictor_train(training, &predictor, NULL);
    assert_int_equal(predictor.models, PREDICTOR_MODELS_MAX);
    predictor_predict(&predictor, &features, probabilities);
    for (size_t model = 0; model < PREDICTOR_MODELS_MAX; model++)
        assert_true(model % 2 == 1 ? probabilities[model] > 0.9 : probabilities[model] < 0.1);
    predictor_free(&predictor);
    training_free(training);
}

/* -- the same again ------------------------------------------------------------------------------------------------ */

static void same_predictors(const struct predictor *a, const struct predictor *b) {
    assert_int_equal(a->buckets, b->buckets);
    assert_memory_equal(a->known, b->known, PREDICTOR_GROUPS * sizeof *a->known);
    assert_memory_equal(a->scales, b->scales, a->buckets * sizeof *a->scales);
    assert_memory_equal(&a->length_mean, &b->length_mean, sizeof a->length_mean);
    assert_memory_equal(&a->length_deviation, &b->length_deviation, sizeof a->length_deviation);
    for (size_t i = 0; i < a->models; i++) {
        const struct model_predictor *x = &a->model[i], *y = &b->model[i];
        assert_memory_equal(&x->intercept, &y->intercept, sizeof x->intercept);
        assert_memory_equal(&x->brier, &y->brier, sizeof x->brier);
        assert_memory_equal(x->bins, y->bins, sizeof x->bins);
        assert_memory_equal(&x->length_weight, &y->length_weight, sizeof x->length_weight);
        assert_memory_equal(&x->unit, &y->unit, sizeof x->unit);
        assert_memory_equal(x->weights, y->weights, a->buckets * sizeof *x->weights);
    }
}

/* Bit for bit, whether what is held out is asked for or not, and whatever is in the memory that is used. */
static void the_same_again(void **state) {
    struct lesson *lesson = begin(2);
    struct predictor again, without;
    float *held_out = xcalloc(PROMPTS_MAX * MODELS_MAX, sizeof *held_out);
    (void)state;
    for (int i = 0; i < 400; i++) {
        int topic = (int)(random_high() % 2);
        add_prompt(lesson, prompt_on(topic));
        for (size_t model = 0; model < 2; model++)
            add_verdicts(lesson, model, 1 + i % 3, chance(topic == (int)model ? 0.9 : 0.4) ? 1 : 0);
    }
    learn(lesson);
    memset(&again, 0xff, sizeof again);
    predictor_train(lesson->training, &again, held_out);
    predictor_train(lesson->training, &without, NULL);
    same_predictors(&again, &lesson->predictor);
    same_predictors(&without, &lesson->predictor);
    assert_memory_equal(held_out, lesson->held_out, lesson->prompts * 2 * sizeof *held_out);
    predictor_free(&again);
    predictor_free(&without);
    free(held_out);
    end(lesson);
}

/* A word that one prompt alone has is not learned of; one that two of three have counts 1 + ln(4 / 3), in 16ths. */
static void buckets_are_shared(void **state) {
    struct lesson *lesson = begin(1);
    struct features once, twice;
    (void)state;
    add_prompt(lesson, "unique");
    add_prompt(lesson, "common");
    add_prompt(lesson, "common");
    train(lesson);
    features_of(span_of("unique"), &once);
    features_of(span_of("common"), &twice);
    assert_int_equal(buckets(&lesson->predictor), twice.count);
    for (size_t i = 0; i < twice.count; i++)
        assert_int_equal(scale_of(&lesson->predictor, twice.buckets[i]), 21);
    for (size_t i = 0; i < once.count; i++)
        assert_int_equal(scale_of(&lesson->predictor, once.buckets[i]), 0);
    end(lesson);
}

/* The one word that all know, among others that nobody does, says as much as alone. */
static void unknown_words_say_nothing(void **state) {
    struct lesson *lesson = begin(1);
    struct features known, more;
    double alone[PREDICTOR_MODELS_MAX], among[PREDICTOR_MODELS_MAX];
    (void)state;
    for (int i = 0; i < 200; i++) {
        add_prompt(lesson, i % 2 == 0 ? "good" : "evil");
        add_verdict(lesson, 0, i % 2 == 0);
    }
    learn(lesson);
    features_of(span_of("good"), &known);
    more = known;
    for (uint32_t bucket = 0; more.count < 100; bucket++)
        if (scale_of(&lesson->predictor, bucket) == 0)
            more.buckets[more.count++] = bucket;
    predictor_predict(&lesson->predictor, &known, alone);
    predictor_predict(&lesson->predictor, &more, among);
    assert_true(alone[0] > 0.9 && among[0] == alone[0]);
    end(lesson);
}

#define TEST(name) cmocka_unit_test_setup(name, seed)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(words_decide),
        TEST(words_decide_in_part),
        TEST(words_tell_nothing),
        TEST(lengths_decide),
        TEST(all_of_one_kind),
        TEST(fewer_than_enough),
        TEST(enough_verdicts_on_few_prompts),
        TEST(opposite_models),
        TEST(models_of_different_prompts),
        TEST(models_that_are_alike),
        TEST(verdicts_are_weights),
        TEST(mixed_verdicts),
        TEST(heavy_verdicts),
        TEST(rare_failures),
        TEST(many_verdicts_that_tell_nothing),
        TEST(no_verdicts),
        TEST(prompts_without_features),
        TEST(features_that_are_broken),
        TEST(an_empty_prompt_and_strange_ones),
        TEST(no_prompts),
        TEST(as_many_models_as_there_can_be),
        TEST(the_same_again),
        TEST(buckets_are_shared),
        TEST(unknown_words_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
