#include "ledger/removed.h"

#include "base/hash.h"

static struct digest digest_of(enum trace trace, struct span id) {
    struct text key = {0};
    text_format(&key, "%d:", trace);
    text_append(&key, id);
    struct digest digest = hash128(key.s, key.n);
    text_free(&key);
    return digest;
}

void removed_add(struct db *db, enum trace trace, struct span id) {
    struct digest digest = digest_of(trace, id);
    struct query *query = db_query(db, "INSERT INTO removed(trace) VALUES(?1) ON CONFLICT DO NOTHING");
    db_bind_blob(query, 1, digest.bytes, sizeof digest.bytes);
    db_run(query);
}

bool removed_has(struct db *db, enum trace trace, struct span id) {
    if (id.s == NULL)
        return false;
    struct digest digest = digest_of(trace, id);
    struct query *query = db_query(db, "SELECT 1 FROM removed WHERE trace = ?1");
    db_bind_blob(query, 1, digest.bytes, sizeof digest.bytes);
    bool has = db_row(query);
    db_end(query);
    return has;
}
