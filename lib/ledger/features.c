#include "ledger/features.h"

#include <stdlib.h>

#include "base/alloc.h"

struct feature_row {
    int64_t hash; /* as the index orders them */
    struct span encoded;
};

struct feature_rows {
    struct db *db;
    struct feature_row *items;
    size_t count, capacity;
};

/* The version of those kept of a prompt; 0: there are none. */
static int64_t version_kept(struct db *db, uint64_t hash) {
    struct query *query = db_query(db, "SELECT version FROM prompt_features WHERE prompt_hash = ?1");
    db_bind_integer(query, 1, (int64_t)hash);
    int64_t version = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return version;
}

/* Leaves those that are there, of this version or a later one. */
static void write_row(struct db *db, int64_t hash, struct span encoded) {
    struct query *query = db_query(db, "INSERT INTO prompt_features(prompt_hash, version, features) VALUES(?1, ?2, ?3) "
                                       "ON CONFLICT(prompt_hash) DO UPDATE SET version = ?2, features = ?3 "
                                       "WHERE version < ?2");
    db_bind_integer(query, 1, hash);
    db_bind_integer(query, 2, FEATURES_VERSION);
    db_bind_blob(query, 3, encoded.s, encoded.n);
    db_run(query);
}

void features_keep(struct db *db, uint64_t hash, struct span prompt) {
    struct features features;
    unsigned char bytes[FEATURES_BYTES_MAX];
    if (prompt.n == 0 || version_kept(db, hash) >= FEATURES_VERSION)
        return;
    features_of(prompt, &features);
    write_row(db, (int64_t)hash, (struct span){(const char *)bytes, features_encode(&features, bytes)});
}

/* -- many at once ------------------------------------------------------------------------------------------------ */

struct feature_rows *feature_rows_new(struct db *db) {
    struct feature_rows *rows = xcalloc(1, sizeof *rows);
    rows->db = db;
    return rows;
}

void feature_rows_free(struct feature_rows *rows) {
    if (rows == NULL)
        return;
    free(rows->items);
    free(rows);
}

void feature_rows_add(struct feature_rows *rows, uint64_t hash, struct span encoded) {
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity > 0 ? 2 * rows->capacity : 64;
        rows->items = xreallocarray(rows->items, rows->capacity, sizeof *rows->items);
    }
    rows->items[rows->count++] = (struct feature_row){(int64_t)hash, encoded};
}

void feature_rows_forget(struct feature_rows *rows) {
    rows->count = 0;
}

size_t feature_rows_count(const struct feature_rows *rows) {
    return rows->count;
}

static int by_hash(const void *a, const void *b) {
    const struct feature_row *p = a, *q = b;
    return (p->hash > q->hash) - (p->hash < q->hash);
}

void feature_rows_flush(struct feature_rows *rows) {
    if (rows->count > 0)
        qsort(rows->items, rows->count, sizeof *rows->items, by_hash);
    for (size_t i = 0; i < rows->count; i++)
        if (i == 0 || rows->items[i].hash != rows->items[i - 1].hash)
            write_row(rows->db, rows->items[i].hash, rows->items[i].encoded);
    feature_rows_forget(rows);
}

/* -- reading ---------------------------------------------------------------------------------------------------- */

bool features_recall_encoded(struct db *db, uint64_t hash, struct text *bytes) {
    struct query *query = db_query(db, "SELECT features FROM prompt_features WHERE prompt_hash = ?1 AND version = ?2");
    db_bind_integer(query, 1, (int64_t)hash);
    db_bind_integer(query, 2, FEATURES_VERSION);
    bool found = db_row(query);
    if (found)
        text_append(bytes, db_text(query, 0));
    db_end(query);
    return found;
}

bool features_recall(struct db *db, uint64_t hash, struct features *features) {
    struct text bytes = {0};
    *features = (struct features){0};
    bool found = features_recall_encoded(db, hash, &bytes) && features_decode(text_span(&bytes), features);
    text_free(&bytes);
    return found;
}

/* Those of other versions are left alone: nothing reads them. */
void features_check(struct db *db, void *context, on_wrong_row *on_wrong) {
    struct features features;
    struct query *query = db_query(db, "SELECT prompt_hash, features FROM prompt_features WHERE version = ?1");
    db_bind_integer(query, 1, FEATURES_VERSION);
    while (db_row(query))
        if (!features_decode(db_text(query, 1), &features))
            on_wrong(context, db_integer(query, 0), "its features cannot be read");
}

bool features_sweep(struct db *db, int64_t *after, int64_t rows) {
    struct query *query = db_query(db, "SELECT max(id) FROM (SELECT id FROM prompt_features WHERE id > ?1 ORDER BY id "
                                       "LIMIT ?2)");
    db_bind_integer(query, 1, *after);
    db_bind_integer(query, 2, rows);
    int64_t last = db_row(query) ? db_optional(query, 0, 0) : 0;
    db_end(query);
    query = db_query(db, "DELETE FROM prompt_features WHERE id > ?1 AND id <= ?2 AND NOT EXISTS "
                         "(SELECT 1 FROM request r WHERE r.prompt_hash = prompt_features.prompt_hash)");
    db_bind_integer(query, 1, *after);
    db_bind_integer(query, 2, last);
    db_run(query);
    *after = last;
    return last != 0;
}
