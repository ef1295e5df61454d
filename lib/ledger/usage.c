#include "ledger/usage.h"

#include "base/clock.h"
#include "ledger/requests.h"
#include "ledger/routes.h"

/* -- tokens and costs -------------------------------------------------------------------------------------------- */

/* clang-format off */
#define AMOUNTS(table) "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, " COST_IN(table, "?1")
#define OF_ACCOUNT "(?5 IS NULL OR account = (SELECT name.id FROM name WHERE name.text = ?5))"
/* clang-format on */

static bool bounded(const struct filter *filter) {
    return filter->since != NO_TIME || filter->until != NO_TIME;
}

/* Parameters 3 to 5: since, until, account; without bounds the account alone. */
static void bind_filter(struct query *query, const struct filter *filter) {
    if (bounded(filter)) {
        db_bind_integer(query, 3, filter->since != NO_TIME ? filter->since : INT64_MIN);
        db_bind_integer(query, 4, filter->until != NO_TIME ? filter->until : INT64_MAX);
    }
    db_bind_text(query, 5, span_of(filter->account));
}

/* Without bounds a scan in the table's own order is much faster than one by the index of times: hence two of each. */
#define REQUESTS                                                                                                       \
    "SELECT CASE ?2 WHEN 0 THEN at WHEN 1 THEN model WHEN 2 THEN provider WHEN 3 THEN account WHEN 4 THEN session "    \
    "ELSE pattern END, " AMOUNTS("request") " FROM request WHERE " OF_ACCOUNT

struct query *usage_requests(struct db *db, int slot, const struct filter *filter, enum usage_key key) {
    struct query *query = bounded(filter) ? db_query(db, REQUESTS " AND at >= ?3 AND at < ?4") : db_query(db, REQUESTS);
    db_bind_integer(query, 1, slot);
    db_bind_integer(query, 2, key);
    bind_filter(query, filter);
    return query;
}

#define WORKFLOWS                                                                                                      \
    "SELECT CASE ?2 WHEN 0 THEN created_at WHEN 1 THEN model WHEN 2 THEN model WHEN 3 THEN account "                   \
    "WHEN 4 THEN session END, " AMOUNTS("workflow") " FROM workflow WHERE named = 0 AND turn = 0 AND " OF_ACCOUNT

struct query *usage_workflows(struct db *db, int slot, const struct filter *filter, enum usage_key key) {
    struct query *query = bounded(filter) ? db_query(db, WORKFLOWS " AND created_at >= ?3 AND created_at < ?4")
                                          : db_query(db, WORKFLOWS);
    db_bind_integer(query, 1, slot);
    db_bind_integer(query, 2, key);
    bind_filter(query, filter);
    return query;
}

bool usage_next(struct query *query, struct usage_row *row) {
    if (!db_row(query))
        return false;
    row->key = db_optional(query, 0, 0);
    for (int i = 0; i < USAGE_AMOUNTS; i++)
        row->amounts[i] = db_optional(query, 1 + i, UNKNOWN);
    return true;
}

bool usage_add(struct db *db, int64_t *sum, int64_t more, const char *what) {
    if (!__builtin_add_overflow(*sum, more, sum))
        return true;
    db_fail(db, "the sum of all %s would not fit: a record must be wrong", what);
    return false;
}

bool usage_name(struct db *db, int64_t id, struct text *name) {
    struct query *query = db_query(db, "SELECT text FROM name WHERE id = ?1");
    db_bind_integer(query, 1, id);
    if (!db_row(query))
        return false;
    text_append(name, db_text(query, 0));
    db_end(query);
    return true;
}

/* -- ratings ----------------------------------------------------------------------------------------------------- */

/* A rating's own model is that of a record from another database; its request's comes first. */
#define RATINGS(bounds)                                                                                                \
    "SELECT n.text, g.ratings, g.quality, g.verdicts, g.correct FROM "                                                 \
    "(SELECT coalesce(r.model, f.model) AS model, count(*) AS ratings, sum(f.quality_score) AS quality, "              \
    "count(f.is_correct) AS verdicts, coalesce(sum(f.is_correct), 0) AS correct "                                      \
    "FROM feedback f LEFT JOIN request r ON r.request_id = f.request_id "                                              \
    "WHERE " OF_ACCOUNT bounds " GROUP BY 1) g "                                                                       \
    "LEFT JOIN name n ON n.id = g.model ORDER BY g.ratings DESC, n.text IS NULL, n.text"

struct query *usage_ratings(struct db *db, const struct filter *filter) {
    struct query *query = bounded(filter) ? db_query(db, RATINGS(" AND f.at >= ?3 AND f.at < ?4"))
                                          : db_query(db, RATINGS(""));
    bind_filter(query, filter);
    return query;
}

void usage_count(struct db *db, int slot, const struct filter *filter, struct totals *totals) {
    struct usage_row row;
    struct query *query = usage_requests(db, slot, filter, USAGE_TIME);
    totals->requests = totals->request_cost_known = totals->request_cost = totals->feedback = 0;
    while (usage_next(query, &row)) {
        int64_t cost = row.amounts[USAGE_COST];
        totals->requests++;
        totals->request_cost_known += cost != UNKNOWN;
        if (cost != UNKNOWN)
            usage_add(db, &totals->request_cost, cost, "costs");
    }
    query = usage_ratings(db, filter);
    while (db_row(query))
        totals->feedback += db_integer(query, 1);
}

/* -- retraining -------------------------------------------------------------------------------------------------- */

static void count_confidence(struct db *db, struct span run, struct usage_runs *runs) {
    struct query *query =
        db_query(db, "SELECT best, count(*) FROM (SELECT min(CASE confidence_level WHEN 'high' THEN 0 WHEN 'medium' "
                     "THEN 1 ELSE 2 END) AS best FROM model_performance_history WHERE retraining_run_id = ?1 "
                     "GROUP BY pattern) GROUP BY best");
    db_bind_text(query, 1, run);
    while (db_row(query)) {
        int64_t *const levels[] = {&runs->high, &runs->medium, &runs->low};
        *levels[db_integer(query, 0)] = db_integer(query, 1);
    }
}

struct usage_runs usage_runs(struct db *db) {
    struct usage_runs runs = {.last_at = NO_TIME, .next_at = NO_TIME};
    struct retraining_run last;
    int64_t wait;
    if (!routes_last_run(db, &last))
        return runs;
    runs.runs = db_value(db, "SELECT count(*) FROM retraining_runs", 0);
    runs.last_at = last.at;
    if (last.due_seconds == UNKNOWN || __builtin_mul_overflow(last.due_seconds, SECOND_US, &wait) ||
        __builtin_add_overflow(last.at, wait, &runs.next_at))
        runs.next_at = NO_TIME;
    count_confidence(db, span_of(last.run_id), &runs);
    return runs;
}

struct query *usage_trends(struct db *db, struct span pattern) {
    struct query *query =
        db_query(db, "SELECT h.model, h.provider, h.avg_quality_score, h.correctness_rate, h.sample_count, "
                     "h.confidence_level, h.updated_at, h.avg_cost, h.retraining_run_id "
                     "FROM model_performance_history h LEFT JOIN retraining_runs r ON r.run_id = h.retraining_run_id "
                     "WHERE h.pattern = ?1 ORDER BY r.id DESC, h.updated_at DESC, h.model, h.provider");
    db_bind_text(query, 1, pattern);
    return query;
}

bool usage_pattern_known(struct db *db, struct span pattern) {
    struct query *query = db_query(db, "SELECT 1 FROM name n WHERE n.text = ?1 AND "
                                       "(EXISTS (SELECT 1 FROM request WHERE request.pattern = n.id) "
                                       "OR EXISTS (SELECT 1 FROM feedback WHERE feedback.pattern = n.id))");
    db_bind_text(query, 1, pattern);
    bool known = db_row(query);
    db_end(query);
    return known;
}

/* -- routing and budgets ----------------------------------------------------------------------------------------- */

struct query *usage_routing(struct db *db) {
    /* what was advised, by ids; a request that came with another model, or with none known, tells */
    return db_query(
        db, "WITH given AS (SELECT v.pattern, v.provider, v.model, count(*) AS advised, "
            "coalesce(sum(r.model = v.model), 0) AS followed, coalesce(sum(r.model <> v.model), 0) AS not_followed "
            "FROM advice v LEFT JOIN request r ON r.request_id = v.request_id "
            "WHERE v.model IS NOT NULL GROUP BY 1, 2, 3), "
            "named AS (SELECT c.text AS pattern, p.text AS provider, m.text AS model, advised, followed, not_followed "
            "FROM given g JOIN name c ON c.id = g.pattern JOIN name p ON p.id = g.provider "
            "JOIN name m ON m.id = g.model) "
            "SELECT t.pattern, t.provider, t.model, t.confidence_level, t.sample_count, t.avg_quality_score, "
            "t.quality_lower_bound, t.correctness_rate, t.avg_cost, t.chosen_by, t.updated_at, "
            "coalesce(n.advised, 0), coalesce(n.followed, 0), coalesce(n.not_followed, 0) "
            "FROM routing t LEFT JOIN named n "
            "ON n.pattern = t.pattern AND n.provider = t.provider AND n.model = t.model "
            "ORDER BY t.pattern, t.quality_lower_bound DESC, t.provider, t.model");
}

struct query *usage_predictors(struct db *db) {
    return db_query(db, "SELECT provider, model, verdict_count, good_rate, brier_score, base_brier_score, avg_cost, "
                        "updated_at FROM predictors ORDER BY model, provider");
}

struct query *usage_calibration(struct db *db, bool by_model) {
#define TOGETHER                                                                                                       \
    "sum(verdict_count), sum(avg_predicted * verdict_count) / sum(verdict_count), "                                    \
    "sum(good_count) * 1.0 / sum(verdict_count) FROM predictor_calibration "
    return by_model ? db_query(db, "SELECT provider, model, bin, " TOGETHER
                                   "GROUP BY provider, model, bin ORDER BY model, provider, bin")
                    : db_query(db, "SELECT NULL, NULL, bin, " TOGETHER "GROUP BY bin ORDER BY bin");
#undef TOGETHER
}

#define COST COST_IN("r", "?1")

struct query *usage_advice(struct db *db, int slot) {
    struct query *query =
        db_query(db, "WITH given AS (SELECT r.model = v.model AS followed, v.predicted, r.rating_count, "
                     "r.rating_sum, " COST " AS cost, "
                     "(SELECT coalesce(sum(coalesce(f.is_correct, f.quality_score >= 4)), 0) FROM feedback f "
                     "WHERE f.request_id = v.request_id) AS good "
                     "FROM advice v JOIN request r ON r.request_id = v.request_id "
                     "WHERE v.model IS NOT NULL AND r.model IS NOT NULL) "
                     "SELECT followed, count(*), sum(rating_count), sum(good) * 1.0 / nullif(sum(rating_count), 0), "
                     "sum(rating_sum) * 1.0 / nullif(sum(rating_count), 0), "
                     "sum(cost) / (1000000000.0 * nullif(count(cost), 0)), avg(predicted) "
                     "FROM given GROUP BY followed ORDER BY followed DESC");
    db_bind_integer(query, 1, slot);
    return query;
}

struct query *usage_budgets(struct db *db, int64_t limit) {
    struct query *query =
        db_query(db, "SELECT prompt_hash, complexity_level, avg_budget, usage_count, total_quality_score, "
                     "quality_score, last_used, created_at FROM budget_patterns "
                     "ORDER BY usage_count DESC, last_used DESC, prompt_hash LIMIT ?1");
    db_bind_integer(query, 1, limit);
    return query;
}
