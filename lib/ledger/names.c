#include "ledger/names.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Remembered names: bounded, and forgotten all at once when full. */
enum { SLOTS = 16384, REMEMBERED_MAX = SLOTS / 2, REMEMBERED_BYTES_MAX = 4 * 1024 * 1024 };

struct remembered {
    struct span text;
    int64_t id; /* 0: free */
};

struct names {
    struct db *db;
    struct remembered slots[SLOTS];
    struct arena texts;
    int count;
};

struct names *names_new(struct db *db) {
    struct names *names = xcalloc(1, sizeof *names);
    names->db = db;
    return names;
}

void names_free(struct names *names) {
    if (names == NULL)
        return;
    arena_free(&names->texts);
    free(names);
}

void names_forget(struct names *names) {
    memset(names->slots, 0, sizeof names->slots);
    arena_reset(&names->texts);
    names->count = 0;
}

static int64_t look_up(struct names *names, struct span text) {
    struct query *query = db_query(names->db, "SELECT id FROM name WHERE text = ?1");
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
    size_t at = hash64(text.s, text.n) % SLOTS;
    while (names->slots[at].id != 0 && !span_equal(names->slots[at].text, text))
        at = (at + 1) % SLOTS;
    return &names->slots[at];
}

int64_t names_id(struct names *names, struct span text) {
    if (text.s == NULL)
        return 0;
    struct remembered *slot = slot_of(names, text);
    if (slot->id != 0)
        return slot->id;
    int64_t id = look_up(names, text);
    if (id == 0)
        id = add(names, text);
    if (names->count == REMEMBERED_MAX || names->texts.used > REMEMBERED_BYTES_MAX) {
        names_forget(names);
        slot = slot_of(names, text);
    }
    *slot = (struct remembered){{arena_copy(&names->texts, text.s, text.n), text.n}, id};
    names->count++;
    return id;
}
