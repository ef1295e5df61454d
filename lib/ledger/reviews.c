#include "ledger/reviews.h"

#include <stdlib.h>

#include "ledger/patterns.h"

struct stored_review {
    int64_t id;
    struct version version;
    struct digest content;
    char *signature;
};

static struct version version_of(int64_t at, bool dated, const struct digest *content) {
    return (struct version){.dated = dated, .at = at, .content = digest_prefix(content)};
}

static bool find(struct db *db, const struct digest *identity, struct stored_review *review) {
    struct query *query =
        db_query(db, "SELECT id, dated, reviewed_at, content, pattern_signature FROM review WHERE identity = ?1");
    db_bind_blob(query, 1, identity->bytes, sizeof identity->bytes);
    if (!db_row(query))
        return false;
    struct span content = db_text(query, 3), signature = db_text(query, 4);
    review->id = db_integer(query, 0);
    if (content.n == sizeof review->content.bytes)
        memcpy(review->content.bytes, content.s, content.n);
    review->version = version_of(db_integer(query, 2), db_integer(query, 1) != 0, &review->content);
    review->signature = xmemdup(signature.s, signature.n);
    db_end(query);
    return true;
}

static void store(struct db *db, int64_t id, const struct record *record, const struct digest *identity, int64_t now) {
    const struct review_record *r = &record->review;
    struct query *query = db_query(
        db,
        "INSERT OR REPLACE INTO review(id, identity, pattern_signature, automation_status, reviewed_by, review_notes, "
        "dated, reviewed_at, content) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    db_bind_optional(query, 1, id, 0);
    if (identity != NULL)
        db_bind_blob(query, 2, identity->bytes, sizeof identity->bytes);
    else
        db_bind_null(query, 2);
    db_bind_text(query, 3, r->pattern_signature);
    db_bind_text(query, 4, span_of(automation_status_name(r->automation_status)));
    db_bind_text(query, 5, r->reviewed_by);
    db_bind_text(query, 6, r->review_notes);
    db_bind_integer(query, 7, r->timestamp != NO_TIME);
    db_bind_integer(query, 8, r->timestamp != NO_TIME ? r->timestamp : now);
    db_bind_blob(query, 9, record->content.bytes, sizeof record->content.bytes);
    db_run(query);
}

struct query *reviews_of(struct db *db, struct span signature) {
    struct query *query = db_query(db, "SELECT automation_status, reviewed_by, review_notes, reviewed_at FROM review "
                                       "WHERE pattern_signature = ?1 ORDER BY reviewed_at DESC, content DESC");
    db_bind_text(query, 1, signature);
    return query;
}

static bool put_in_force(struct db *db, struct span signature) {
    struct text status = {0};
    struct query *query = reviews_of(db, signature);
    if (db_row(query))
        text_append(&status, db_text(query, 0));
    db_end(query);
    bool known = patterns_set_status(db, signature, status.n > 0 ? status.s : "detected");
    text_free(&status);
    return known;
}

enum review_outcome reviews_add(struct db *db, const struct record *record, const struct digest *identity, int64_t now,
                                bool *known) {
    const struct review_record *r = &record->review;
    struct stored_review stored = {0};
    *known = true;
    if (identity == NULL || !find(db, identity, &stored)) {
        store(db, 0, record, identity, now);
        *known = put_in_force(db, r->pattern_signature);
        return REVIEW_NEW;
    }
    struct version version = version_of(r->timestamp, r->timestamp != NO_TIME, &record->content);
    bool newer = version_compare(&version, &stored.version) > 0;
    if (newer) {
        store(db, stored.id, record, identity, stored.version.at); /* one without a time keeps its first */
        *known = put_in_force(db, r->pattern_signature);
        put_in_force(db, span_of(stored.signature)); /* it may have been of another pattern */
    }
    free(stored.signature);
    return newer ? REVIEW_UPDATED : REVIEW_DUPLICATE;
}

/* -- removing --------------------------------------------------------------------------------------------------- */

int64_t reviews_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection) {
    return selection_next(db_query(db, "SELECT id FROM review WHERE id > ?1 AND id <= ?6 AND (reviewed_at < ?2 "
                                       "OR NULL IN (?3, ?4, ?5)) ORDER BY id LIMIT 1"),
                          after, last, selection);
}

bool reviews_remove(struct db *db, int64_t id, struct text *identity, bool *dated) {
    struct text signature = {0};
    struct query *query = db_query(db, "DELETE FROM review WHERE id = ?1 RETURNING pattern_signature, "
                                       "identity, dated");
    text_clear(identity);
    db_bind_integer(query, 1, id);
    bool found = db_row(query);
    if (found) {
        text_append(&signature, db_text(query, 0));
        text_append(identity, db_text(query, 1));
        *dated = db_integer(query, 2) != 0;
        db_run(query);
        put_in_force(db, text_span(&signature));
    }
    text_free(&signature);
    return found;
}

int64_t reviews_forget(struct db *db, struct span reviewer) {
    struct query *query = db_query(db, "UPDATE review SET reviewed_by = NULL WHERE reviewed_by = ?1");
    db_bind_text(query, 1, reviewer);
    db_run(query);
    return db_changes(db);
}
