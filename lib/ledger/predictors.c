#include "ledger/predictors.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"

void predictors_free(struct predictors *predictors) {
    for (size_t i = 0; i < predictors->predictor.models; i++) {
        free(predictors->names[i].provider);
        free(predictors->names[i].model);
        free(predictors->names[i].recent);
    }
    predictor_free(&predictors->predictor);
    *predictors = (struct predictors){0};
}

/* -- numbers in blobs ---------------------------------------------------------------------------------------------- */

enum { FLOAT = 4 }; /* bytes; the lowest first */

static void put_float(struct text *blob, float value) {
    uint32_t bits;
    unsigned char bytes[FLOAT];
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < FLOAT; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
    text_bytes(blob, bytes, sizeof bytes);
}

static float get_float(const char *bytes) {
    uint32_t bits = 0;
    float value;
    for (int i = FLOAT; i-- > 0;)
        bits = bits << 8 | (unsigned char)bytes[i];
    memcpy(&value, &bits, sizeof value);
    return value;
}

static struct text floats_blob(const float *values, size_t count) {
    struct text blob = {0};
    for (size_t i = 0; i < count; i++)
        put_float(&blob, values[i]);
    return blob;
}

/* COUNT floats, which the caller owns; NULL if there are not so many. */
static float *blob_floats(struct span blob, size_t count) {
    if (blob.n != FLOAT * count)
        return NULL;
    float *values = xcalloc(count + 1, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = get_float(blob.s + FLOAT * i);
    return values;
}

/* A copy of COUNT bytes, which the caller owns; NULL if the blob is of another size. */
static void *blob_bytes(struct span blob, size_t count) {
    return blob.n == count ? xmemdup(count > 0 ? blob.s : "", count) : NULL;
}

/* A bit for each bucket, the lowest first. */
static struct text bits_blob(const uint64_t *groups) {
    struct text blob = {0};
    text_reserve(&blob, FEATURES_BUCKETS / 8 + 1);
    for (size_t i = 0; i < FEATURES_BUCKETS / 8; i++)
        text_bytes(&blob, &(unsigned char){(unsigned char)(groups[i / 8] >> 8 * (i % 8))}, 1);
    return blob;
}

/* The same, which the caller owns; NULL if the blob is of another size. */
static uint64_t *blob_bits(struct span blob) {
    if (blob.n != FEATURES_BUCKETS / 8)
        return NULL;
    uint64_t *groups = xcalloc(PREDICTOR_GROUPS, sizeof *groups);
    for (size_t i = 0; i < blob.n; i++)
        groups[i / 8] |= (uint64_t)(unsigned char)blob.s[i] << 8 * (i % 8);
    return groups;
}

/* -- storing ------------------------------------------------------------------------------------------------------- */

static void store_base(struct db *db, const struct predictors *predictors) {
    const struct predictor *predictor = &predictors->predictor;
    struct text known = bits_blob(predictor->known);
    struct query *query = db_query(db, "INSERT INTO predictor_base(id, features_version, known, scales, length_mean, "
                                       "length_deviation, recent) VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6)");
    db_bind_integer(query, 1, FEATURES_VERSION);
    db_bind_blob(query, 2, known.s, known.n);
    db_bind_blob(query, 3, predictor->scales, predictor->buckets);
    db_bind_real(query, 4, predictor->length_mean);
    db_bind_real(query, 5, predictor->length_deviation);
    db_bind_integer(query, 6, (int64_t)predictors->recent);
    db_run(query);
    text_free(&known);
}

static void store_model(struct db *db, const struct retraining_run *run, const struct predictors *predictors,
                        size_t number) {
    char time[TIME_TEXT];
    const struct model_predictor *model = &predictors->predictor.model[number];
    const struct predicted_model *name = &predictors->names[number];
    struct text recent = floats_blob(name->recent, predictors->recent);
    time_format(run->at, time);
    struct query *query =
        db_query(db, "INSERT INTO predictors(provider, model, verdict_count, good_rate, brier_score, base_brier_score, "
                     "avg_cost, updated_at, retraining_run_id, intercept, length_weight, unit, weights, recent, "
                     "least_predicted, most_predicted) "
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
    db_bind_text(query, 1, span_of(name->provider));
    db_bind_text(query, 2, span_of(name->model));
    db_bind_integer(query, 3, model->verdicts);
    db_bind_real(query, 4, (double)model->good / (double)model->verdicts);
    db_bind_real(query, 5, model->brier);
    db_bind_real(query, 6, model->base_brier);
    db_bind_real(query, 7, name->avg_cost);
    db_bind_text(query, 8, span_of(time));
    db_bind_text(query, 9, span_of(run->run_id));
    db_bind_real(query, 10, model->intercept);
    db_bind_real(query, 11, model->length_weight);
    db_bind_real(query, 12, model->unit);
    db_bind_blob(query, 13, model->weights, predictors->predictor.buckets);
    db_bind_blob(query, 14, text_span(&recent).s, recent.n);
    db_bind_real(query, 15, model->least);
    db_bind_real(query, 16, model->most);
    db_run(query);
    text_free(&recent);
}

static void store_calibration(struct db *db, const struct predicted_model *name, const struct model_predictor *model) {
    for (int bin = 0; bin < PREDICTOR_BINS; bin++) {
        const struct reliability *r = &model->bins[bin];
        if (r->verdicts == 0)
            continue;
        struct query *query = db_query(db, "INSERT INTO predictor_calibration(provider, model, bin, verdict_count, "
                                           "good_count, avg_predicted) VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
        db_bind_text(query, 1, span_of(name->provider));
        db_bind_text(query, 2, span_of(name->model));
        db_bind_integer(query, 3, bin);
        db_bind_integer(query, 4, r->verdicts);
        db_bind_integer(query, 5, r->good);
        db_bind_real(query, 6, r->predicted / (double)r->verdicts);
        db_run(query);
    }
}

void predictors_store(struct db *db, const struct retraining_run *run, const struct predictors *predictors) {
    db_script(db, "DELETE FROM predictor_base; DELETE FROM predictors; DELETE FROM predictor_calibration");
    for (size_t i = 0; i < predictors->predictor.models; i++) {
        store_model(db, run, predictors, i);
        store_calibration(db, &predictors->names[i], &predictors->predictor.model[i]);
    }
    if (predictors->predictor.models > 0)
        store_base(db, predictors);
}

/* -- loading ------------------------------------------------------------------------------------------------------- */

static char *copy(struct span text) {
    return xmemdup(text.s, text.n);
}

/* Numbers that training can give: finite, and with room to be added up. */
static bool sensible(double number) {
    return fabs(number) < 1e6;
}

/* Names that can be told apart as C strings. */
static bool named(struct span name) {
    return name.n > 0 && memchr(name.s, '\0', name.n) == NULL;
}

static bool load_base(struct db *db, struct predictors *predictors) {
    struct predictor *predictor = &predictors->predictor;
    struct query *query = db_query(db, "SELECT scales, length_mean, length_deviation, recent, known "
                                       "FROM predictor_base WHERE features_version = ?1");
    db_bind_integer(query, 1, FEATURES_VERSION);
    if (!db_row(query))
        return false;
    predictor->known = blob_bits(db_text(query, 4));
    if (predictor->known != NULL)
        predictor_index(predictor);
    predictor->scales = blob_bytes(db_text(query, 0), predictor->buckets);
    predictor->length_mean = db_real(query, 1);
    predictor->length_deviation = db_real(query, 2);
    int64_t recent = db_integer(query, 3);
    bool good = recent >= 0 && recent <= RECENT_REQUESTS && sensible(predictor->length_mean) &&
                sensible(predictor->length_deviation);
    predictors->recent = good ? (size_t)recent : 0;
    db_end(query);
    return good && predictor->known != NULL && predictor->scales != NULL;
}

static bool load_model(struct db *db, int64_t id, struct predictors *predictors) {
    struct query *query = db_query(db, "SELECT provider, model, avg_cost, intercept, length_weight, unit, weights, "
                                       "recent, least_predicted, most_predicted FROM predictors WHERE id = ?1");
    db_bind_integer(query, 1, id);
    if (!db_row(query))
        return false;
    size_t number = predictors->predictor.models++;
    predictors->names[number] = (struct predicted_model){
        .provider = copy(db_text(query, 0)),
        .model = copy(db_text(query, 1)),
        .avg_cost = db_real(query, 2),
        .recent = blob_floats(db_text(query, 7), predictors->recent),
    };
    predictors->predictor.model[number] = (struct model_predictor){
        .intercept = db_real(query, 3),
        .length_weight = db_real(query, 4),
        .unit = db_real(query, 5),
        .least = db_real(query, 8),
        .most = db_real(query, 9),
        .weights = blob_bytes(db_text(query, 6), predictors->predictor.buckets),
    };
    const struct model_predictor *model = &predictors->predictor.model[number];
    bool good = named(db_text(query, 0)) && named(db_text(query, 1)) && predictors->names[number].recent != NULL &&
                model->weights != NULL && sensible(model->intercept) && sensible(model->length_weight) &&
                sensible(model->unit) && model->least >= 0 && model->least <= model->most && model->most <= 1;
    db_end(query);
    return good;
}

/* Sorted by their names alone: SQLite would copy all weights once more to sort them. */
static bool load_models(struct db *db, struct predictors *predictors) {
    bool good = true;
    struct query *query = db_query(db, "SELECT id FROM predictors ORDER BY model, provider");
    while (db_row(query))
        if (predictors->predictor.models < PREDICTOR_MODELS_MAX)
            good = load_model(db, db_integer(query, 0), predictors) && good;
    return good;
}

void predictors_load(struct db *db, struct predictors *predictors) {
    *predictors = (struct predictors){0};
    if (!load_base(db, predictors) || !load_models(db, predictors))
        predictors_free(predictors);
}

bool predictors_hold(struct db *db) {
    struct predictors predictors;
    if (db_value(db, "SELECT features_version FROM predictor_base", FEATURES_VERSION) != FEATURES_VERSION)
        return true; /* another version's: they are not used, and replaced by the next run */
    predictors_load(db, &predictors);
    int64_t loaded = (int64_t)predictors.predictor.models;
    predictors_free(&predictors);
    return db_value(db, "SELECT count(*) FROM predictors", 0) == loaded &&
           db_value(db,
                    "SELECT count(*) FROM predictors WHERE retraining_run_id IS NOT "
                    "(SELECT run_id FROM retraining_runs ORDER BY id DESC LIMIT 1)",
                    0) == 0 &&
           db_value(db,
                    "SELECT count(*) FROM predictors p WHERE typeof(avg_cost) NOT IN ('real', 'null') "
                    "OR (verdict_count, good_rate) IS NOT (SELECT sum(verdict_count), "
                    "sum(good_count) * 1.0 / sum(verdict_count) "
                    "FROM predictor_calibration c WHERE c.provider = p.provider AND c.model = p.model)",
                    0) == 0;
}
