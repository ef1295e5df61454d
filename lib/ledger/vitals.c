#include "ledger/vitals.h"

#include "input/record.h"

int64_t vitals_schema(struct db *db) {
    return db_value(db, "PRAGMA user_version", 0);
}

void vitals_check(struct db *db, struct text *found) {
    struct query *query = db_query(db, "PRAGMA quick_check(1)");
    text_clear(found);
    if (db_row(query) && !span_is(db_text(query, 0), "ok"))
        text_append(found, db_text(query, 0));
    db_end(query);
}

int64_t vitals_last_record(struct db *db) {
    return db_value(db,
                    "SELECT max(at) FROM ("
                    "SELECT * FROM (SELECT recorded_at AS at FROM workflow ORDER BY id DESC LIMIT 1) UNION ALL "
                    "SELECT * FROM (SELECT recorded_at FROM request ORDER BY id DESC LIMIT 1) UNION ALL "
                    "SELECT * FROM (SELECT at FROM feedback ORDER BY id DESC LIMIT 1) UNION ALL "
                    "SELECT * FROM (SELECT at FROM step ORDER BY id DESC LIMIT 1) UNION ALL "
                    "SELECT * FROM (SELECT at FROM cache_event ORDER BY id DESC LIMIT 1))",
                    NO_TIME);
}
