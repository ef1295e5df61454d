#include "ledger/feedback.h"

#include "rules/figures.h"
#include "rules/models.h"

/* As a review's: no rating goes on, and none has tokens. */
static struct version version_of(int64_t at, bool dated, const struct digest *content) {
    return (struct version){.dated = dated, .at = at, .content = digest_prefix(content)};
}

static bool find(struct db *db, const struct digest *identity, struct stored_feedback *stored,
                 struct version *version) {
    struct digest content = {0};
    struct query *query =
        db_query(db, "SELECT id, dated, at, content, request_id, quality_score FROM feedback WHERE identity = ?1");
    db_bind_blob(query, 1, identity->bytes, sizeof identity->bytes);
    if (!db_row(query))
        return false;
    struct span bytes = db_text(query, 3);
    if (bytes.n == sizeof content.bytes)
        memcpy(content.bytes, bytes.s, bytes.n);
    *version = version_of(db_integer(query, 2), db_integer(query, 1) != 0, &content);
    stored->id = db_integer(query, 0);
    text_clear(&stored->request_id);
    text_append(&stored->request_id, db_text(query, 4));
    stored->quality_score = db_integer(query, 5);
    db_end(query);
    return true;
}

static void drop(struct db *db, int64_t id) {
    db_run_of(db, "DELETE FROM feedback WHERE id = ?1", id);
}

static int64_t store(struct db *db, struct names *names, int64_t id, const struct record *record,
                     const struct digest *identity, int64_t now) {
    const struct feedback_record *f = &record->feedback;
    struct query *query =
        db_query(db, "INSERT INTO feedback(id, identity, request_id, dated, at, content, quality_score, is_correct, "
                     "is_helpful, comment, user, session, pattern, provider, model, complexity_score) "
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
    db_bind_optional(query, 1, id, 0);
    if (identity != NULL)
        db_bind_blob(query, 2, identity->bytes, sizeof identity->bytes);
    else
        db_bind_null(query, 2);
    db_bind_text(query, 3, f->request_id);
    db_bind_integer(query, 4, f->timestamp != NO_TIME);
    db_bind_integer(query, 5, f->timestamp != NO_TIME ? f->timestamp : now);
    db_bind_blob(query, 6, record->content.bytes, sizeof record->content.bytes);
    db_bind_integer(query, 7, f->quality_score);
    db_bind_optional(query, 8, f->is_correct, UNKNOWN);
    db_bind_optional(query, 9, f->is_helpful, UNKNOWN);
    db_bind_text(query, 10, f->comment);
    struct span provider = f->provider.n == 0 && f->model.n > 0 ? model_provider(f->model)
                                                                : provider_spelt(f->provider);
    const struct span shared[] = {f->user_id, f->session_id, f->pattern, provider, f->model};
    for (int i = 0; i < 5; i++)
        db_bind_optional(query, 11 + i, names_id(names, shared[i]), 0);
    db_bind_optional(query, 16, f->complexity_score, UNKNOWN);
    db_run(query);
    return db_last_id(db);
}

enum feedback_outcome feedback_add(struct db *db, struct names *names, const struct record *record,
                                   const struct digest *identity, int64_t now, int64_t *id,
                                   struct stored_feedback *old) {
    const struct feedback_record *f = &record->feedback;
    struct version stored, version = version_of(f->timestamp, f->timestamp != NO_TIME, &record->content);
    if (identity == NULL || !find(db, identity, old, &stored)) {
        *id = store(db, names, 0, record, identity, now);
        return FEEDBACK_NEW;
    }
    *id = old->id;
    if (version_compare(&version, &stored) <= 0)
        return FEEDBACK_DUPLICATE;
    drop(db, old->id);
    store(db, names, old->id, record, identity, stored.at); /* one without a time keeps its first */
    return FEEDBACK_UPDATED;
}

void feedback_of(struct db *db, struct span request_id, int64_t *count, int64_t *sum) {
    *count = *sum = 0;
    struct query *query =
        db_query(db, "SELECT count(*), coalesce(sum(quality_score), 0) FROM feedback WHERE request_id = ?1");
    db_bind_text(query, 1, request_id);
    if (!db_row(query))
        return;
    *count = db_integer(query, 0);
    *sum = db_integer(query, 1);
    db_end(query);
}

int64_t feedback_count(struct db *db) {
    return db_value(db, "SELECT count(*) FROM feedback", 0);
}

/* -- removing --------------------------------------------------------------------------------------------------- */

int64_t feedback_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection) {
    return selection_next(db_query(db,
                                   "SELECT id FROM feedback WHERE id > ?1 AND id <= ?6 AND (at < ?2 OR session = ?3 "
                                   "OR NULL = ?4 OR user = ?5) ORDER BY id LIMIT 1"),
                          after, last, selection);
}

int64_t feedback_about(struct db *db, struct span request_id) {
    struct query *query = db_query(db, "SELECT id FROM feedback WHERE request_id = ?1 LIMIT 1");
    db_bind_text(query, 1, request_id);
    int64_t id = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return id;
}

bool feedback_remove(struct db *db, int64_t id, struct stored_feedback *old, struct text *identity, bool *dated) {
    struct query *query = db_query(db, "SELECT request_id, quality_score, identity, dated "
                                       "FROM feedback WHERE id = ?1");
    text_clear(&old->request_id);
    text_clear(identity);
    db_bind_integer(query, 1, id);
    if (!db_row(query))
        return false;
    old->id = id;
    text_append(&old->request_id, db_text(query, 0));
    old->quality_score = db_integer(query, 1);
    text_append(identity, db_text(query, 2));
    *dated = db_integer(query, 3) != 0;
    db_end(query);
    drop(db, id);
    return true;
}
