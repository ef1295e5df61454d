#include "ledger/rebuild.h"

#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/patterns.h"
#include "ledger/workflows.h"

enum {
    LOCK_MS = 80,
    PAUSE_MS = 10, /* between transactions, so that writers who wait find the lock free */
    CLEAR_ROWS = 20000,
    FEW = 500, /* workflows that the last transaction may still derive */
    WAIT_MS = 100,
    DEAD_MS =
        5000, /* a rebuild that did nothing for so long is dead; if not, it sees that it was replaced, and stops */
};

struct rebuild {
    struct ledger *ledger;
    struct db *db;
    const struct rebuild_options *options;
    struct rules *rules;
    int64_t token;
    int64_t last_id; /* of the workflows that were there at its beginning */
};

static void pause_between(void) {
    nanosleep(&(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
}

static bool stopped(const struct rebuild *r) {
    return r->options->stop != NULL && *r->options->stop != 0;
}

/* The time that counts here is the machine's, even where $PL_NOW fixes the reports'. */
static int64_t real_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

/* Begins a transaction. False if the rebuild is not this one's any more. */
static bool step_begin(struct rebuild *r, struct state *state) {
    ledger_begin(r->ledger);
    *state = *ledger_state(r->ledger);
    if (ledger_error(r->ledger) == NULL && state->rebuild == r->token)
        return true;
    db_rollback(r->db);
    return false;
}

static bool step_end(struct rebuild *r, struct state *state) {
    state->beat = real_now();
    ledger_flush(r->ledger, 1 - state->slot, false);
    return ledger_commit_state(r->ledger, state);
}

static bool another_lives(const struct state *state) {
    int64_t silent = real_now() - state->beat;
    return state->rebuild != 0 && silent >= 0 && silent < DEAD_MS * (SECOND_US / 1000);
}

/* Begins once no other rebuild goes on. */
static enum rebuild_end begin(struct rebuild *r) {
    struct state state;
    for (;;) {
        ledger_begin(r->ledger);
        state = *ledger_state(r->ledger);
        if (ledger_error(r->ledger) != NULL)
            return REBUILD_BROKEN;
        if (!another_lives(&state))
            break;
        db_rollback(r->db);
        if (stopped(r))
            return REBUILD_STOPPED;
        nanosleep(&(struct timespec){0, WAIT_MS * 1000000L}, NULL);
    }
    r->token = real_now() ^ (int64_t)getpid() << 40;
    r->last_id = workflows_last_id(r->db);
    state.rebuild = r->token;
    state.rebuild_at = 0;
    state.beat = real_now();
    rebuild_clear_log(r->db);
    totals_clear(r->db, 1 - state.slot);
    return ledger_commit_state(r->ledger, &state) ? REBUILD_DONE : REBUILD_BROKEN;
}

/* Empties the slot to be filled of what an earlier rebuild left in it. */
static bool clear(struct rebuild *r) {
    struct state state;
    bool more = true;
    while (more) {
        if (!step_begin(r, &state))
            return false;
        more = patterns_clear(r->db, 1 - state.slot, CLEAR_ROWS);
        if (!step_end(r, &state))
            return false;
        if (more)
            pause_between();
    }
    return true;
}

/* Derives workflows in the order of their ids, for as long as the lock may be held. Returns the last one's id. */
static int64_t derive_some(struct rebuild *r, int slot, int64_t after) {
    int64_t began = clock_monotonic_ms();
    struct stored_workflow workflow;
    struct query *query = workflows_between(r->db, after, r->last_id);
    while (workflows_next(query, &workflow)) {
        ledger_derive(r->ledger, r->rules, slot, &workflow);
        if (clock_monotonic_ms() - began <= LOCK_MS)
            continue;
        int64_t at = workflow.row.id;
        db_end(query);
        return at;
    }
    return INT64_MAX; /* from now on the log alone says what is missing */
}

static bool derive_all(struct rebuild *r) {
    struct state state = {0};
    while (state.rebuild_at != INT64_MAX) {
        if (stopped(r) || !step_begin(r, &state))
            return false;
        state.rebuild_at = derive_some(r, 1 - state.slot, state.rebuild_at);
        if (!step_end(r, &state))
            return false;
        if (r->options->on_progress != NULL)
            r->options->on_progress(r->options->context, state.rebuild_at == INT64_MAX ? r->last_id : state.rebuild_at,
                                    r->last_id);
        pause_between();
    }
    return true;
}

static void derive_one(struct rebuild *r, int slot, int64_t id) {
    struct stored_workflow workflow;
    struct query *query = workflows_between(r->db, id - 1, id);
    if (workflows_next(query, &workflow))
        ledger_derive(r->ledger, r->rules, slot, &workflow);
    db_end(query);
}

static void derive_logged(struct rebuild *r, int slot, int64_t most) {
    int64_t began = clock_monotonic_ms();
    for (int64_t id; most > 0 && (id = rebuild_next(r->db)) != 0; most--) {
        derive_one(r, slot, id);
        rebuild_forget(r->db, id);
        if (clock_monotonic_ms() - began > LOCK_MS)
            return;
    }
}

/* What changed in the meantime, until little is left. */
static bool catch_up(struct rebuild *r) {
    struct state state;
    for (int64_t waiting = FEW + 1; waiting > FEW; pause_between()) {
        if (stopped(r) || !step_begin(r, &state))
            return false;
        derive_logged(r, 1 - state.slot, INT64_MAX);
        waiting = rebuild_waiting(r->db);
        if (!step_end(r, &state))
            return false;
    }
    return true;
}

static bool swap(struct rebuild *r, const struct rules_text *text) {
    struct state state;
    if (!step_begin(r, &state))
        return false;
    int slot = 1 - state.slot;
    for (int64_t waiting = 1; waiting > 0 && ledger_error(r->ledger) == NULL; waiting = rebuild_waiting(r->db))
        derive_logged(r, slot, INT64_MAX);
    ledger_flush(r->ledger, slot, false);
    int64_t rules = state_add_rules(r->db, text_span(&text->base), text_span(&text->extra), clock_now());
    state = (struct state){.slot = slot, .rules = rules};
    state_write(r->db, &state); /* the views show it from here on */
    patterns_show_all(ledger_patterns(r->ledger), slot);
    return ledger_commit_state(r->ledger, &state);
}

/* The old slot's rows are not needed any more. An interruption here leaves some, which do no harm. */
static void discard(struct rebuild *r) {
    bool more = true;
    while (more && ledger_error(r->ledger) == NULL) {
        ledger_begin(r->ledger);
        struct state state = *ledger_state(r->ledger);
        more = state.rebuild == 0 && patterns_clear(r->db, 1 - state.slot, CLEAR_ROWS);
        if (state.rebuild == 0 && !more)
            totals_clear(r->db, 1 - state.slot);
        ledger_commit(r->ledger);
        if (more)
            pause_between();
    }
}

/* A rebuild that comes to nothing leaves nothing behind. */
static void withdraw(struct rebuild *r) {
    struct state state;
    if (ledger_error(r->ledger) != NULL || !step_begin(r, &state))
        return;
    state.rebuild = state.rebuild_at = state.beat = 0;
    rebuild_clear_log(r->db);
    ledger_commit_state(r->ledger, &state);
}

enum rebuild_end ledger_rebuild(struct ledger *ledger, const struct rules_text *text,
                                const struct rebuild_options *options) {
    struct text error = {0};
    struct rebuild r = {.ledger = ledger, .db = ledger_db(ledger), .options = options};
    r.rules = rules_text_parse(text, &error);
    if (r.rules == NULL)
        db_fail(r.db, "the rules are not valid: %s", error.s);
    text_free(&error);
    enum rebuild_end end = begin(&r);
    if (end == REBUILD_DONE) {
        bool done = clear(&r) && derive_all(&r) && catch_up(&r) && swap(&r, text);
        if (done)
            discard(&r);
        else
            end = ledger_error(ledger) != NULL ? REBUILD_BROKEN : stopped(&r) ? REBUILD_STOPPED : REBUILD_TAKEN;
        if (end == REBUILD_STOPPED)
            withdraw(&r);
        if (end == REBUILD_STOPPED)
            discard(&r);
    }
    rules_free(r.rules);
    return end;
}
