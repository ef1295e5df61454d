#include "ledger/verdicts.h"

#include "ledger/feedback.h"
#include "ledger/requests.h"
#include "rules/features.h"
#include "rules/routing.h"

/* Rows that somebody has damaged are nobody's features. */
#define READABLE "p.version = ?4 AND length(p.features) BETWEEN 1 AND ?5"

/* The order says all that could tell two verdicts apart, so that which are taken does not depend on how they came. */
struct query *verdicts_between(struct db *db, int64_t since, int64_t until, int64_t count) {
    struct query *query =
        db_query(db,
                 "SELECT v.prompt_hash, v.provider, v.model, v.pattern, v.good FROM "
                 "(SELECT f.at, r.prompt_hash, " RATED_MODEL
                 ", coalesce(r.pattern, f.pattern) AS pattern, coalesce(f.is_correct, f.quality_score >= 4) AS good "
                 "FROM feedback f JOIN request r ON r.request_id = f.request_id "
                 "JOIN prompt_features p ON p.prompt_hash = r.prompt_hash AND " READABLE
                 " WHERE f.at >= ?1 AND f.at <= ?2) v "
                 "JOIN name m ON m.id = v.model JOIN name n ON n.id = v.provider "
                 "LEFT JOIN name c ON c.id = v.pattern "
                 "ORDER BY v.at DESC, v.prompt_hash, m.text, n.text, c.text, v.good LIMIT ?3");
    db_bind_integer(query, 1, since);
    db_bind_integer(query, 2, until);
    db_bind_integer(query, 3, count);
    db_bind_integer(query, 4, FEATURES_VERSION);
    db_bind_integer(query, 5, FEATURES_BYTES_MAX);
    return query;
}

bool verdicts_next(struct query *query, struct verdict *verdict) {
    if (!db_row(query))
        return false;
    *verdict = (struct verdict){
        .prompt_hash = (uint64_t)db_integer(query, 0),
        .provider = db_integer(query, 1),
        .model = db_integer(query, 2),
        .pattern = db_optional(query, 3, 0),
        .good = db_integer(query, 4) != 0,
    };
    return true;
}

#define COST COST_IN("r", "?3")

struct query *verdicts_costs(struct db *db, int slot, int64_t since, int64_t until) {
    struct query *query = db_query(db, "SELECT provider, model, count(cost), coalesce(sum(cost), 0) FROM "
                                       "(SELECT DISTINCT r.id, " RATED_MODEL ", " COST " AS cost "
                                       "FROM feedback f JOIN request r ON r.request_id = f.request_id "
                                       "WHERE f.at >= ?1 AND f.at <= ?2) GROUP BY provider, model");
    db_bind_integer(query, 1, since);
    db_bind_integer(query, 2, until);
    db_bind_integer(query, 3, slot);
    return query;
}

bool verdicts_costs_next(struct query *query, struct model_cost *cost) {
    if (!db_row(query))
        return false;
    *cost = (struct model_cost){
        .provider = db_optional(query, 0, 0),
        .model = db_optional(query, 1, 0),
        .avg_cost = mean_cost(db_integer(query, 3), db_integer(query, 2)),
    };
    return true;
}

size_t verdicts_recent_prompts(struct db *db, int64_t since, int64_t until, size_t count, uint64_t *prompt_hashes) {
    size_t found = 0;
    struct query *query = db_query(db, "SELECT r.prompt_hash FROM request r WHERE r.at >= ?1 AND r.at <= ?2 AND EXISTS "
                                       "(SELECT 1 FROM prompt_features p WHERE p.prompt_hash = r.prompt_hash "
                                       "AND " READABLE ") ORDER BY r.at DESC, r.prompt_hash LIMIT ?3");
    db_bind_integer(query, 1, since);
    db_bind_integer(query, 2, until);
    db_bind_integer(query, 3, (int64_t)count);
    db_bind_integer(query, 4, FEATURES_VERSION);
    db_bind_integer(query, 5, FEATURES_BYTES_MAX);
    while (db_row(query))
        prompt_hashes[found++] = (uint64_t)db_integer(query, 0);
    return found;
}
