#include "ledger/steps.h"

#include "rules/figures.h"

/* As a rating's: no step goes on, and none has tokens. */
static struct version version_of(int64_t at, bool dated, uint64_t content) {
    return (struct version){.dated = dated, .at = at, .content = content};
}

static int64_t find(struct db *db, const struct digest *identity, struct version *version, struct step_place *place) {
    struct query *query = db_query(db, "SELECT id, dated, at, content, session FROM step WHERE identity = ?1");
    db_bind_blob(query, 1, identity->bytes, sizeof identity->bytes);
    if (!db_row(query))
        return 0;
    int64_t id = db_integer(query, 0);
    *version = version_of(db_integer(query, 2), db_integer(query, 1) != 0, (uint64_t)db_integer(query, 3));
    *place = (struct step_place){db_integer(query, 4), db_integer(query, 2)};
    db_end(query);
    return id;
}

static void store(struct db *db, struct names *names, int64_t id, const struct record *record,
                  const struct digest *identity, const struct step_place *place) {
    const struct step_record *s = &record->step;
    struct query *query = db_query(db, "INSERT OR REPLACE INTO step(id, identity, dated, at, content, session, step, "
                                       "tool, success) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    db_bind_optional(query, 1, id, 0);
    if (identity != NULL)
        db_bind_blob(query, 2, identity->bytes, sizeof identity->bytes);
    else
        db_bind_null(query, 2);
    db_bind_integer(query, 3, s->timestamp != NO_TIME);
    db_bind_integer(query, 4, place->at);
    db_bind_integer(query, 5, (int64_t)digest_prefix(&record->content));
    db_bind_integer(query, 6, place->session);
    db_bind_integer(query, 7, s->step);
    db_bind_optional(query, 8, names_id(names, s->tool_name), 0);
    db_bind_optional(query, 9, s->success, UNKNOWN);
    db_run(query);
}

enum step_outcome steps_add(struct db *db, struct names *names, const struct record *record,
                            const struct digest *identity, int64_t now, struct step_place *was, struct step_place *is) {
    const struct step_record *s = &record->step;
    struct version stored, version = version_of(s->timestamp, s->timestamp != NO_TIME, digest_prefix(&record->content));
    *was = (struct step_place){0};
    int64_t id = identity != NULL ? find(db, identity, &stored, was) : 0;
    if (id != 0 && version_compare(&version, &stored) <= 0) {
        *is = *was;
        return STEP_DUPLICATE;
    }
    int64_t undated = id != 0 ? was->at : now; /* one without a time keeps its first */
    *is = (struct step_place){names_id(names, s->session_id), s->timestamp != NO_TIME ? s->timestamp : undated};
    store(db, names, id, record, identity, is);
    return id != 0 ? STEP_UPDATED : STEP_NEW;
}

struct query *steps_of_session(struct db *db, int64_t session, int64_t from, int64_t until) {
    struct query *query = db_query(db, "SELECT at, step, success FROM step "
                                       "WHERE session = ?1 AND at >= ?2 AND at < ?3");
    db_bind_integer(query, 1, session);
    db_bind_integer(query, 2, from);
    db_bind_integer(query, 3, until);
    return query;
}

int64_t steps_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection) {
    return selection_next(db_query(db, "SELECT id FROM step WHERE id > ?1 AND id <= ?6 AND (at < ?2 OR session = ?3 "
                                       "OR NULL IN (?4, ?5)) ORDER BY id LIMIT 1"),
                          after, last, selection);
}

bool steps_remove(struct db *db, int64_t id, struct step_place *was, struct text *identity, bool *dated) {
    struct query *query = db_query(db, "DELETE FROM step WHERE id = ?1 RETURNING session, at, "
                                       "identity, dated");
    text_clear(identity);
    db_bind_integer(query, 1, id);
    bool found = db_row(query);
    if (found) {
        *was = (struct step_place){db_integer(query, 0), db_integer(query, 1)};
        text_append(identity, db_text(query, 2));
        *dated = db_integer(query, 3) != 0;
        db_run(query);
    }
    return found;
}
