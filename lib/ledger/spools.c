#include "ledger/spools.h"

static bool is_known(struct db *db, const char *path) {
    struct query *query = db_query(db, "SELECT 1 FROM spool WHERE path = ?1");
    db_bind_text(query, 1, span_of(path));
    bool known = db_row(query);
    db_end(query);
    return known;
}

void spools_note(struct db *db, const char *path, int64_t records, int64_t now) {
    if (records == 0 && is_known(db, path))
        return;
    db_begin(db);
    struct query *query = db_query(db, "INSERT INTO spool(path, records, taken_at) VALUES(?1, ?2, ?3) ON CONFLICT DO "
                                       "UPDATE SET records = records + ?2, taken_at = coalesce(?3, taken_at)");
    db_bind_text(query, 1, span_of(path));
    db_bind_integer(query, 2, records);
    db_bind_optional(query, 3, records > 0 ? now : 0, 0);
    db_run(query);
    db_commit(db);
}

struct query *spools_all(struct db *db) {
    return db_query(db, "SELECT path, records, taken_at FROM spool ORDER BY path");
}
