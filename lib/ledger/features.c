#include "ledger/features.h"

/* The version of those kept of a prompt; 0: there are none. */
static int64_t version_kept(struct db *db, uint64_t hash) {
    struct query *query = db_query(db, "SELECT version FROM prompt_features WHERE prompt_hash = ?1");
    db_bind_integer(query, 1, (int64_t)hash);
    int64_t version = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return version;
}

void features_keep(struct db *db, uint64_t hash, struct span prompt) {
    struct features features;
    unsigned char bytes[FEATURES_BYTES_MAX];
    if (prompt.n == 0 || version_kept(db, hash) >= FEATURES_VERSION)
        return;
    features_of(prompt, &features);
    struct query *query = db_query(db, "INSERT INTO prompt_features(prompt_hash, version, features) VALUES(?1, ?2, ?3) "
                                       "ON CONFLICT(prompt_hash) DO UPDATE SET version = ?2, features = ?3");
    db_bind_integer(query, 1, (int64_t)hash);
    db_bind_integer(query, 2, FEATURES_VERSION);
    db_bind_blob(query, 3, bytes, features_encode(&features, bytes));
    db_run(query);
}

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
