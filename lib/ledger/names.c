#include "ledger/names.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Remembered names: bounded, and forgotten all at once when full. */
enum { FIRST_SLOTS = 64, REMEMBERED_MAX = 8192, REMEMBERED_BYTES_MAX = 4 * 1024 * 1024 };

struct remembered {
    struct span text;
    int64_t id; /* 0: free */
};

struct names {
    struct db *db;
    struct remembered *slots; /* open addressing, at most half of them used */
    size_t slot_count;
    struct arena texts;
    size_t count;
};

struct names *names_new(struct db *db) {
    struct names *names = xcalloc(1, sizeof *names);
    names->db = db;
    names->slot_count = FIRST_SLOTS;
    names->slots = xcalloc(FIRST_SLOTS, sizeof *names->slots);
    return names;
}

void names_free(struct names *names) {
    if (names == NULL)
        return;
    arena_free(&names->texts);
    free(names->slots);
    free(names);
}

void names_forget(struct names *names) {
    memset(names->slots, 0, names->slot_count * sizeof *names->slots);
    arena_reset(&names->texts);
    names->count = 0;
}

int64_t names_find(struct db *db, struct span text) {
    struct query *query = db_query(db, "SELECT id FROM name WHERE text = ?1");
    db_bind_text(query, 1, text);
    int64_t id = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return id;
}

static int64_t add(struct names *names, struct span text) {
    struct query *query = db_query(names->db, "INSERT INTO name(text) VALUES(?1)");
    db_bind_text(query, 1, text);
    db_run(query);
    return db_last_id(names->db);
}

static struct remembered *slot_of(struct names *names, struct span text) {
    size_t at = hash64(text.s, text.n) % names->slot_count;
    while (names->slots[at].id != 0 && !span_equal(names->slots[at].text, text))
        at = (at + 1) % names->slot_count;
    return &names->slots[at];
}

/* Makes room for one more. */
static void grow(struct names *names) {
    struct remembered *old = names->slots;
    size_t count = names->slot_count;
    if (names->count * 2 < count)
        return;
    names->slot_count = 2 * count;
    names->slots = xcalloc(names->slot_count, sizeof *names->slots);
    for (size_t i = 0; i < count; i++)
        if (old[i].id != 0)
            *slot_of(names, old[i].text) = old[i];
    free(old);
}

int64_t names_id(struct names *names, struct span text) {
    if (text.s == NULL)
        return 0;
    struct remembered *slot = slot_of(names, text);
    if (slot->id != 0)
        return slot->id;
    int64_t id = names_find(names->db, text);
    if (id == 0)
        id = add(names, text);
    if (names->count == REMEMBERED_MAX || names->texts.used > REMEMBERED_BYTES_MAX)
        names_forget(names);
    grow(names);
    *slot_of(names, text) = (struct remembered){{arena_copy(&names->texts, text.s, text.n), text.n}, id};
    names->count++;
    return id;
}

bool names_used(struct db *db, int64_t id) {
    struct query *query = db_query(
        db, "SELECT EXISTS (SELECT 1 FROM workflow WHERE ?1 IN (template, model, session, account, keywords_0, "
            "keywords_1)) OR EXISTS (SELECT 1 FROM request WHERE ?1 IN (pattern, provider, model, account, user, "
            "session)) OR EXISTS (SELECT 1 FROM feedback WHERE ?1 IN (user, session, pattern, provider, model)) "
            "OR EXISTS (SELECT 1 FROM advice WHERE ?1 IN (pattern, provider, model)) "
            "OR EXISTS (SELECT 1 FROM cache_event WHERE ?1 IN (account, user)) "
            "OR EXISTS (SELECT 1 FROM cache_party WHERE name = ?1) OR EXISTS (SELECT 1 FROM turn WHERE session = ?1) "
            "OR EXISTS (SELECT 1 FROM step WHERE ?1 IN (session, tool))");
    db_bind_integer(query, 1, id);
    bool used = !db_row(query) || db_integer(query, 0) != 0;
    db_end(query);
    return used;
}

void names_delete(struct db *db, int64_t id) {
    db_run_of(db, "DELETE FROM name WHERE id = ?1", id);
}

/* clang-format off */
#define LACKS(column) "(" column " IS NOT NULL AND " column " NOT IN (SELECT id FROM name))"
/* clang-format on */

void names_check(struct db *db, void *context, on_orphan *tell) {
    struct query *query =
        db_query(db,
                 "SELECT 'workflow', id FROM workflow WHERE " LACKS("template") " OR " LACKS("model") " OR " LACKS("ses"
                                                                                                                   "sio"
                                                                                                                   "n") " OR " LACKS("account") " UNION ALL SELECT 'request', id FROM request WHERE " LACKS("pattern") " OR " LACKS("provider") " OR " LACKS(
                     "model") " OR " LACKS("account") " OR " LACKS("user") " OR " LACKS("session") " UNION ALL SELECT "
                                                                                                   "'feedback', id "
                                                                                                   "FROM feedback "
                                                                                                   "WHERE " LACKS("use"
                                                                                                                  "r") " OR " LACKS("session") " OR " LACKS("pattern") " OR " LACKS("provider") " OR " LACKS("model") " UNION ALL SELECT 'step', id FROM step WHERE " LACKS("session") " OR " LACKS("tool") " UNION ALL SELECT 'cache_event', id FROM cache_event WHERE " LACKS("account") " OR " LACKS("user") " OR signature NOT IN (SELECT id FROM cache_signature)"
                                                                                                                                                                                                                                                                                                                                                                                                                " UNION ALL SELECT 'advice', 0 FROM advice WHERE " LACKS(
                                                                                                                                                                                                                                                                                                                                                                                                                    "pattern") " OR " LACKS("provider") " OR " LACKS("model") " UNION ALL SELECT 'turn', workflow FROM turn WHERE " LACKS("session") " OR workflow NOT IN (SELECT id FROM workflow)");
    while (db_row(query))
        tell(context, db_text(query, 0).s, db_integer(query, 1));
}
