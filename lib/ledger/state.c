#include "ledger/state.h"

#include <stddef.h>
#include <time.h>

#include "base/clock.h"

enum { DEAD_S = 60 };

/* -- state ------------------------------------------------------------------------------------------------------ */

struct state state_read(struct db *db) {
    struct state state = {.kept_since = NO_TIME, .pruned_to = NO_TIME};
    struct query *query = db_query(db, "SELECT slot, rules, rebuild, rebuild_beat, rebuild_at, rebuild_request_at, "
                                       "kept_since, pruned_to, removals FROM state WHERE id = 1");
    if (db_row(query)) {
        state.slot = (int)db_integer(query, 0) & 1;
        state.rules = db_optional(query, 1, 0);
        state.rebuild = db_optional(query, 2, 0);
        state.beat = db_optional(query, 3, 0);
        for (int family = 0; family < FAMILIES; family++)
            state.rebuild_at[family] = db_optional(query, 4 + family, 0);
        state.kept_since = db_optional(query, 6, NO_TIME);
        state.pruned_to = db_optional(query, 7, NO_TIME);
        state.removals = db_integer(query, 8);
        db_end(query);
    }
    return state;
}

void state_end_rebuild(struct state *state) {
    state->rebuild = state->beat = 0;
    memset(state->rebuild_at, 0, sizeof state->rebuild_at);
}

void state_drop_rebuild(struct db *db, struct state *state) {
    if (state->rebuild == 0)
        return;
    state_end_rebuild(state);
    state_write(db, state);
    rebuild_clear_log(db);
}

void state_bury_rebuild(struct db *db, struct state *state) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now); /* the machine's time, even where $PL_NOW fixes that of reports */
    if (now.tv_sec - state->beat / SECOND_US >= DEAD_S)
        state_drop_rebuild(db, state);
}

void state_write(struct db *db, const struct state *state) {
    struct query *query = db_query(
        db, "UPDATE state SET slot = ?1, rules = ?2, rebuild = ?3, rebuild_beat = ?4, "
            "rebuild_at = ?5, rebuild_request_at = ?6, kept_since = ?7, pruned_to = ?8, removals = ?9 WHERE id = 1");
    db_bind_integer(query, 1, state->slot);
    db_bind_optional(query, 2, state->rules, 0);
    db_bind_optional(query, 3, state->rebuild, 0);
    db_bind_optional(query, 4, state->beat, 0);
    for (int family = 0; family < FAMILIES; family++)
        db_bind_optional(query, 5 + family, state->rebuild_at[family], 0);
    db_bind_optional(query, 7, state->kept_since, NO_TIME);
    db_bind_optional(query, 8, state->pruned_to, NO_TIME);
    db_bind_integer(query, 9, state->removals);
    db_run(query);
}

/* -- rebuild log ------------------------------------------------------------------------------------------------ */

static bool logged(struct db *db, enum family family, int64_t id) {
    struct query *query = db_query(db, "SELECT 1 FROM rebuild_log WHERE family = ?1 AND id = ?2");
    db_bind_integer(query, 1, family);
    db_bind_integer(query, 2, id);
    bool found = db_row(query);
    db_end(query);
    return found;
}

bool rebuild_has(struct db *db, const struct state *state, enum family family, int64_t id) {
    return id <= state->rebuild_at[family] && !logged(db, family, id);
}

void rebuild_note(struct db *db, enum family family, int64_t id) {
    struct query *query = db_query(db, "INSERT OR IGNORE INTO rebuild_log(family, id) VALUES(?1, ?2)");
    db_bind_integer(query, 1, family);
    db_bind_integer(query, 2, id);
    db_run(query);
}

void rebuild_forget(struct db *db, enum family family, int64_t id) {
    struct query *query = db_query(db, "DELETE FROM rebuild_log WHERE family = ?1 AND id = ?2");
    db_bind_integer(query, 1, family);
    db_bind_integer(query, 2, id);
    db_run(query);
}

bool rebuild_next(struct db *db, enum family *family, int64_t *id) {
    struct query *query = db_query(db, "SELECT family, id FROM rebuild_log ORDER BY family, id LIMIT 1");
    bool any = db_row(query);
    if (any) {
        *family = db_integer(query, 0) == FAMILY_WORKFLOWS ? FAMILY_WORKFLOWS : FAMILY_REQUESTS;
        *id = db_integer(query, 1);
        db_end(query);
    }
    return any;
}

int64_t rebuild_waiting(struct db *db) {
    return db_value(db, "SELECT count(*) FROM rebuild_log", 0);
}

void rebuild_clear_log(struct db *db) {
    db_script(db, "DELETE FROM rebuild_log");
}

/* -- totals ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t offset;
} total_items[] = {
    {"workflows", offsetof(struct totals, workflows)},
    {"learned", offsetof(struct totals, learned)},
    {"matched", offsetof(struct totals, matched)},
    {"tokens_known", offsetof(struct totals, tokens_known)},
    {"tokens", offsetof(struct totals, tokens)},
    {"cost_known", offsetof(struct totals, cost_known)},
    {"cost", offsetof(struct totals, cost)},
    {"request_cost_known", offsetof(struct totals, request_cost_known)},
    {"request_cost", offsetof(struct totals, request_cost)},
    {"requests", offsetof(struct totals, requests)},
    {"feedback", offsetof(struct totals, feedback)},
};

enum { TOTAL_ITEMS = sizeof total_items / sizeof *total_items };

static int64_t *item_of(struct totals *totals, int n) {
    return (int64_t *)(void *)((char *)totals + total_items[n].offset);
}

bool totals_item(const struct totals *totals, int n, const char **name, int64_t *value) {
    if (n >= TOTAL_ITEMS)
        return false;
    struct totals copy = *totals;
    *name = total_items[n].name;
    *value = *item_of(&copy, n);
    return true;
}

static struct totals read_slot(struct db *db, int slot) {
    struct totals totals = {0};
    struct query *query = db_query(db, "SELECT name, value FROM total WHERE slot = ?1");
    db_bind_integer(query, 1, slot);
    while (db_row(query))
        for (int n = 0; n < TOTAL_ITEMS; n++)
            if (span_is(db_text(query, 0), total_items[n].name))
                *item_of(&totals, n) = db_integer(query, 1);
    return totals;
}

struct totals totals_read(struct db *db, int slot) {
    struct totals totals = read_slot(db, slot), counts = read_slot(db, SLOT_COUNTS);
    totals.requests = counts.requests;
    totals.feedback = counts.feedback;
    return totals;
}

void totals_add(struct db *db, int slot, const struct totals *change) {
    struct totals totals = read_slot(db, slot), more = *change;
    if (change->over)
        db_fail(db, "the sum of all costs would not fit: a record must be wrong");
    for (int n = 0; n < TOTAL_ITEMS; n++) {
        int64_t value;
        if (*item_of(&more, n) == 0)
            continue;
        if (__builtin_add_overflow(*item_of(&totals, n), *item_of(&more, n), &value)) {
            db_fail(db, "the sum of all %s would not fit: a record must be wrong", total_items[n].name);
            return;
        }
        struct query *query = db_query(db, "INSERT INTO total(slot, name, value) VALUES(?1, ?2, ?3) "
                                           "ON CONFLICT DO UPDATE SET value = excluded.value");
        db_bind_integer(query, 1, slot);
        db_bind_text(query, 2, span_of(total_items[n].name));
        db_bind_integer(query, 3, value);
        db_run(query);
    }
}

void totals_clear(struct db *db, int slot) {
    struct query *query = db_query(db, "DELETE FROM total WHERE slot = ?1");
    db_bind_integer(query, 1, slot);
    db_run(query);
}
