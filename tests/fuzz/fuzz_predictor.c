/* What is stored of a predictor, as other bytes: it is loaded and predicts probabilities, or it is not there. The input
 * is the weights, the scales and numbers, of a predictor that knows as many buckets as the first byte says. */
#include <math.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "ledger/predictors.h"
#include "ledger/schema.h"

static struct span take_some(struct span *input, size_t most) {
    struct span part = {input->s, most < input->n ? most : input->n};
    *input = (struct span){input->s + part.n, input->n - part.n};
    return part;
}

/* Any double but NaN, which no database holds. */
static double take_real(struct span *input) {
    double real = 0;
    struct span bytes = take_some(input, sizeof real);
    memcpy(&real, bytes.s, bytes.n);
    return isnan(real) ? 0 : real;
}

/* The first COUNT bits. */
static struct text bits(size_t count, size_t size) {
    struct text blob = {0};
    for (size_t i = 0; i < size; i++)
        text_bytes(&blob, &(char){i * 8 < count ? (char)(i * 8 + 8 <= count ? 0xff : (1 << count % 8) - 1) : 0}, 1);
    return blob;
}

static void store(struct db *db, struct span input) {
    size_t buckets = take_byte(&input), lacking = take_byte(&input) == 'x' ? 1 : 0;
    struct text known = bits(buckets, FEATURES_BUCKETS / 8 - lacking);
    db_script(db, "DELETE FROM predictor_base; DELETE FROM predictors");
    struct query *query = db_query(db,
                                   "INSERT INTO predictors(provider, model, verdict_count, good_rate, brier_score, "
                                   "base_brier_score, updated_at, retraining_run_id, intercept, length_weight, unit, "
                                   "weights, recent, least_predicted, most_predicted) "
                                   "VALUES('p', 'm', 100, 0.5, 0, 0, '', 'r', ?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    db_bind_real(query, 1, take_real(&input));
    db_bind_real(query, 2, take_real(&input));
    db_bind_real(query, 3, take_real(&input));
    db_bind_real(query, 6, take_real(&input));
    db_bind_real(query, 7, take_real(&input));
    struct span weights = take_some(&input, buckets), recent = take_some(&input, 8);
    db_bind_blob(query, 4, weights.s, weights.n);
    db_bind_blob(query, 5, recent.s, recent.n);
    db_run(query);
    query = db_query(db,
                     "INSERT INTO predictor_base(id, features_version, known, scales, length_mean, length_deviation, "
                     "recent) VALUES(1, ?1, ?2, ?3, ?4, ?5, 2)");
    db_bind_integer(query, 1, FEATURES_VERSION);
    db_bind_blob(query, 2, known.s, known.n);
    db_bind_real(query, 4, take_real(&input));
    db_bind_real(query, 5, take_real(&input));
    struct span scales = take_some(&input, buckets);
    db_bind_blob(query, 3, scales.s, scales.n);
    db_run(query);
    text_free(&known);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static struct db *db;
    struct predictors predictors;
    struct features features = {.length = 40, .count = 3, .buckets = {0, 5, 200}};
    double probabilities[PREDICTOR_MODELS_MAX];
    if (db == NULL)
        db = schema_open_write("");
    store(db, input_of(bytes, size));
    predictors_load(db, &predictors);
    if (predictors.predictor.models > 0) {
        predictor_predict(&predictors.predictor, &features, probabilities);
        must(isnan(probabilities[0]) || (probabilities[0] >= 0 && probabilities[0] <= 1),
             "a prediction is from 0 to 1");
    }
    predictors_free(&predictors);
    predictors_hold(db);
    must(!db_failed(db), db_error(db));
    return 0;
}
