#include "ledger/advice.h"

#include "rules/figures.h"

void advice_store(struct db *db, struct names *names, const struct advice_row *advice, int64_t at) {
    struct query *query =
        db_query(db, "INSERT OR REPLACE INTO advice(request_id, at, pattern, complexity, provider, model, confidence, "
                     "thinking_budget, budget_source, policy, predicted) "
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
    db_bind_text(query, 1, advice->request_id);
    db_bind_integer(query, 2, at);
    db_bind_optional(query, 3, names_id(names, advice->pattern), 0);
    db_bind_optional(query, 4, advice->complexity, UNKNOWN);
    db_bind_optional(query, 5, names_id(names, advice->provider), 0);
    db_bind_optional(query, 6, names_id(names, advice->model), 0);
    db_bind_text(query, 7, span_of(advice->confidence));
    db_bind_integer(query, 8, advice->thinking_budget);
    db_bind_text(query, 9, span_of(advice->budget_source));
    db_bind_text(query, 10, span_of(advice->policy));
    db_bind_real(query, 11, advice->predicted);
    db_run(query);
}

void advice_delete(struct db *db, struct span request_id) {
    struct query *query = db_query(db, "DELETE FROM advice WHERE request_id = ?1");
    db_bind_text(query, 1, request_id);
    db_run(query);
}

int64_t advice_delete_before(struct db *db, int64_t before, int64_t rows) {
    struct query *query = db_query(db, "DELETE FROM advice WHERE request_id IN "
                                       "(SELECT request_id FROM advice WHERE at < ?1 LIMIT ?2)");
    db_bind_integer(query, 1, before);
    db_bind_integer(query, 2, rows);
    db_run(query);
    return db_changes(db);
}
