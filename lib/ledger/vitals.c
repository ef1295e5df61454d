#include "ledger/vitals.h"

#include "input/record.h"

int64_t vitals_schema(struct db *db) {
    return db_value(db, "PRAGMA user_version", 0);
}

/* Without the heading of what SQLite says, which has a line of its own. */
static struct span reason_in(struct span said) {
    const char *newline = said.n > 3 && memcmp(said.s, "***", 3) == 0 ? memchr(said.s, '\n', said.n) : NULL;
    return newline != NULL ? (struct span){newline + 1, said.n - (size_t)(newline + 1 - said.s)} : said;
}

void vitals_check(struct db *db, bool thorough, struct text *found) {
    struct query *query = thorough ? db_query(db, "PRAGMA integrity_check(1)") : db_query(db, "PRAGMA quick_check(1)");
    text_clear(found);
    if (db_row(query) && !span_is(db_text(query, 0), "ok"))
        text_append(found, reason_in(db_text(query, 0)));
    db_end(query);
}

int64_t vitals_last_record(struct db *db, int64_t now) {
    struct query *query =
        db_query(db, "SELECT max(at) FROM ("
                     "SELECT * FROM (SELECT recorded_at AS at FROM workflow ORDER BY id DESC LIMIT 1) UNION ALL "
                     "SELECT * FROM (SELECT recorded_at FROM request ORDER BY id DESC LIMIT 1) UNION ALL "
                     "SELECT * FROM (SELECT at FROM feedback ORDER BY id DESC LIMIT 1) UNION ALL "
                     "SELECT * FROM (SELECT at FROM step ORDER BY id DESC LIMIT 1) UNION ALL "
                     "SELECT * FROM (SELECT reviewed_at FROM review ORDER BY id DESC LIMIT 1) UNION ALL "
                     "SELECT * FROM (SELECT at FROM cache_event ORDER BY id DESC LIMIT 1)) WHERE at <= ?1");
    db_bind_integer(query, 1, now);
    int64_t at = db_row(query) ? db_optional(query, 0, NO_TIME) : NO_TIME;
    db_end(query);
    return at;
}
