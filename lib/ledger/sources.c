#include "ledger/sources.h"

enum { AFTER_ELEMENT = 2 }; /* in_array: 0 no, 1 yes, 2 after an element without a comma since */

bool sources_find(struct db *db, const char *path, const char *reading, struct source *source) {
    struct query *query =
        db_query(db,
                 "SELECT size, modified, offset, line, in_array, digest, unidentified, complete, column FROM source "
                 "WHERE path = ?1 AND reading = ?2");
    db_bind_text(query, 1, span_of(path));
    db_bind_text(query, 2, span_of(reading));
    if (!db_row(query))
        return false;
    *source = (struct source){
        .size = (uint64_t)db_integer(query, 0),
        .modified = db_integer(query, 1),
        .place = {(uint64_t)db_integer(query, 2), (uint64_t)db_integer(query, 3), (uint64_t)db_integer(query, 8),
                  db_integer(query, 4) != 0, db_integer(query, 4) == AFTER_ELEMENT},
        .unidentified = db_integer(query, 6) != 0,
        .complete = db_integer(query, 7) != 0,
    };
    struct span digest = db_text(query, 5);
    bool whole = digest.n == sizeof source->digest.bytes;
    if (whole)
        memcpy(source->digest.bytes, digest.s, digest.n);
    db_end(query);
    return whole;
}

void sources_put(struct db *db, const char *path, const char *reading, const struct source *source, int64_t now) {
    struct query *query =
        db_query(db,
                 "INSERT OR REPLACE INTO source(path, reading, size, modified, offset, line, in_array, digest, "
                 "unidentified, complete, read_at, column) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    db_bind_text(query, 1, span_of(path));
    db_bind_text(query, 2, span_of(reading));
    db_bind_integer(query, 3, (int64_t)source->size);
    db_bind_integer(query, 4, source->modified);
    db_bind_integer(query, 5, (int64_t)source->place.offset);
    db_bind_integer(query, 6, (int64_t)source->place.line);
    db_bind_integer(query, 7, source->place.after_element ? AFTER_ELEMENT : source->place.in_array);
    db_bind_blob(query, 8, source->digest.bytes, sizeof source->digest.bytes);
    db_bind_integer(query, 9, source->unidentified);
    db_bind_integer(query, 10, source->complete);
    db_bind_integer(query, 11, now);
    db_bind_integer(query, 12, (int64_t)source->place.column);
    db_run(query);
}

int64_t sources_count_equal(struct db *db, const struct digest *content) {
    struct query *query = db_query(db, "INSERT INTO temp.met(content, times) VALUES(?1, 0) "
                                       "ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times");
    db_bind_blob(query, 1, content->bytes, sizeof content->bytes);
    int64_t times = 0;
    while (db_row(query))
        times = db_integer(query, 0);
    return times;
}

void sources_new_file(struct db *db) {
    db_script(db,
              "CREATE TEMP TABLE IF NOT EXISTS met(content BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID; "
              "DELETE FROM temp.met");
}
