#include "ledger/rebuild.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/alloc.h"
#include "ledger/budgets.h"
#include "ledger/cache.h"
#include "ledger/feedback.h"
#include "ledger/patterns.h"
#include "ledger/requests.h"
#include "ledger/turns.h"
#include "ledger/workflows.h"

enum {
    LOCK_MS = 80,
    PAUSE_MS = 10,   /* between transactions, so that writers who wait find the lock free */
    CLEAR_ROWS = 50, /* workflows of which a row is written at once: some are long */
    FEW = 500,       /* workflows that the last transaction may still derive */
    WAIT_MS = 100,
    DEAD_MS =
        5000, /* a rebuild that did nothing for so long is dead; if not, it sees that it was replaced, and stops */
};

struct rebuild {
    struct ledger *ledger;
    struct db *db;
    const struct rebuild_options *options;
    struct derivation by;
    int64_t token;
    int64_t last_id[FAMILIES]; /* of those that were there at its beginning */
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
    r->last_id[FAMILY_WORKFLOWS] = workflows_last_id(r->db);
    r->last_id[FAMILY_REQUESTS] = requests_last_id(r->db);
    state_end_rebuild(&state);
    state.rebuild = r->token;
    state.beat = real_now();
    rebuild_clear_log(r->db);
    totals_clear(r->db, 1 - state.slot);
    return ledger_commit_state(r->ledger, &state) ? REBUILD_DONE : REBUILD_BROKEN;
}

/* Removes what is in SLOT, for as long as the lock may be held; false when nothing is left. */
static bool clear_some(struct rebuild *r, int slot) {
    int64_t began = clock_monotonic_ms();
    bool more = true;
    while (more && clock_monotonic_ms() - began <= LOCK_MS)
        more = workflows_clear(r->db, slot, CLEAR_ROWS);
    if (!more)
        patterns_clear(r->db, slot);
    return more;
}

/* Empties the slot to be filled of what an earlier rebuild left in it. */
static bool clear(struct rebuild *r) {
    struct state state;
    bool more = true;
    while (more) {
        if (stopped(r) || !step_begin(r, &state))
            return false;
        more = clear_some(r, 1 - state.slot);
        if (!step_end(r, &state))
            return false;
        if (more)
            pause_between();
    }
    return true;
}

/* Each derives those over AFTER in the order of their ids, for as long as the lock may be held, and returns the last
 * one's id; INT64_MAX: from now on the log alone says what is missing. */
static int64_t derive_workflows(struct rebuild *r, int slot, int64_t after) {
    int64_t began = clock_monotonic_ms();
    struct stored_workflow workflow;
    struct query *query = workflows_between(r->db, after, r->last_id[FAMILY_WORKFLOWS]);
    while (workflows_next(query, &workflow)) {
        ledger_derive(r->ledger, &r->by, slot, &workflow);
        if (clock_monotonic_ms() - began <= LOCK_MS)
            continue;
        int64_t at = workflow.row.id;
        db_end(query);
        return at;
    }
    return INT64_MAX;
}

static int64_t derive_requests(struct rebuild *r, int slot, int64_t after) {
    int64_t began = clock_monotonic_ms();
    struct stored_request request;
    struct query *query = requests_between(r->db, after, r->last_id[FAMILY_REQUESTS]);
    while (requests_next(query, &request)) {
        ledger_derive_request(r->ledger, &r->by, slot, &request);
        if (clock_monotonic_ms() - began <= LOCK_MS)
            continue;
        int64_t at = request.row.id;
        db_end(query);
        return at;
    }
    return INT64_MAX;
}

/* How many of all are done, as far as ids tell. */
static void tell_progress(const struct rebuild *r, const struct state *state) {
    int64_t done = 0, total = 0;
    for (int family = 0; family < FAMILIES; family++) {
        int64_t last = r->last_id[family], at = state->rebuild_at[family];
        total += last;
        done += at < last ? at : last;
    }
    if (r->options->on_progress != NULL)
        r->options->on_progress(r->options->context, done, total);
}

static bool derive_all(struct rebuild *r) {
    static int64_t (*const derive[FAMILIES])(struct rebuild *, int, int64_t) = {derive_workflows, derive_requests};
    for (int family = 0; family < FAMILIES; family++) {
        struct state state = {0};
        while (state.rebuild_at[family] != INT64_MAX) {
            if (stopped(r) || !step_begin(r, &state))
                return false;
            state.rebuild_at[family] = derive[family](r, 1 - state.slot, state.rebuild_at[family]);
            if (!step_end(r, &state))
                return false;
            tell_progress(r, &state);
            pause_between();
        }
    }
    return true;
}

static void derive_one(struct rebuild *r, int slot, enum family family, int64_t id) {
    struct stored_workflow workflow;
    struct stored_request request;
    struct query *query = family == FAMILY_WORKFLOWS ? workflows_between(r->db, id - 1, id)
                                                     : requests_between(r->db, id - 1, id);
    if (family == FAMILY_WORKFLOWS && workflows_next(query, &workflow))
        ledger_derive(r->ledger, &r->by, slot, &workflow);
    else if (family == FAMILY_REQUESTS && requests_next(query, &request))
        ledger_derive_request(r->ledger, &r->by, slot, &request);
    db_end(query);
}

static void derive_logged(struct rebuild *r, int slot) {
    int64_t began = clock_monotonic_ms(), id;
    enum family family;
    while (rebuild_next(r->db, &family, &id)) {
        derive_one(r, slot, family, id);
        rebuild_forget(r->db, family, id);
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
        derive_logged(r, 1 - state.slot);
        waiting = rebuild_waiting(r->db);
        if (!step_end(r, &state))
            return false;
    }
    return true;
}

static bool swap(struct rebuild *r, const struct knowledge *knowledge) {
    struct state state;
    if (!step_begin(r, &state))
        return false;
    int slot = 1 - state.slot;
    for (int64_t waiting = 1; waiting > 0 && ledger_error(r->ledger) == NULL; waiting = rebuild_waiting(r->db))
        derive_logged(r, slot);
    ledger_flush(r->ledger, slot, false);
    int64_t rules = knowledge_add(r->db, knowledge, clock_now());
    state_end_rebuild(&state);
    state.slot = slot;
    state.rules = rules;
    state_write(r->db, &state); /* the views show it from here on */
    patterns_show_all(ledger_patterns(r->ledger), slot);
    return ledger_commit_state(r->ledger, &state);
}

/* A rebuild that comes to nothing leaves the state as it was. What is in the slot that is not in force is nothing to
 * anybody, and removed by the next rebuild. */
static void withdraw(struct rebuild *r) {
    struct state state;
    if (ledger_error(r->ledger) != NULL || !step_begin(r, &state))
        return;
    state_end_rebuild(&state);
    rebuild_clear_log(r->db);
    ledger_commit_state(r->ledger, &state);
}

/* -- what follows from no rules --------------------------------------------------------------------------------- */

/* Rows that are wrong: a program, or a person with sqlite3, has changed them. */
struct wrong_rows {
    int64_t *ids;
    size_t count;
};

static void note_wrong(void *context, int64_t id, const char *why) {
    struct wrong_rows *wrong = context;
    (void)why;
    wrong->ids = xreallocarray(wrong->ids, wrong->count + 1, sizeof *wrong->ids);
    wrong->ids[wrong->count++] = id;
}

/* Mends the rows that CHECK tells of, a few in each transaction. */
static bool mend_rows(struct rebuild *r, void (*check)(struct db *, void *, on_wrong_row *),
                      void (*mend)(struct ledger *, int64_t)) {
    struct wrong_rows wrong = {0};
    db_read_begin(r->db);
    check(r->db, &wrong, note_wrong);
    db_read_end(r->db);
    for (size_t i = 0; i < wrong.count && ledger_error(r->ledger) == NULL && !stopped(r);) {
        int64_t began = clock_monotonic_ms();
        ledger_begin(r->ledger);
        while (i < wrong.count && clock_monotonic_ms() - began <= LOCK_MS)
            mend(r->ledger, wrong.ids[i++]);
        ledger_commit(r->ledger);
    }
    free(wrong.ids);
    return ledger_error(r->ledger) == NULL && !stopped(r);
}

/* Sums of cache events that are wrong. */
struct wrong_sums {
    struct {
        enum cache_subject subject;
        int64_t key;
    } * items;
    size_t count;
};

static void note_wrong_sum(void *context, enum cache_subject subject, int64_t key, const char *what) {
    struct wrong_sums *wrong = context;
    (void)what;
    wrong->items = xreallocarray(wrong->items, wrong->count + 1, sizeof *wrong->items);
    wrong->items[wrong->count].subject = subject;
    wrong->items[wrong->count++].key = key;
}

static void mend_sum(struct rebuild *r, enum cache_subject subject, int64_t key) {
    ledger_begin(r->ledger);
    cache_mend(r->db, subject, key);
    ledger_commit(r->ledger);
}

static bool mend_cache(struct rebuild *r) {
    struct wrong_sums wrong = {0};
    db_read_begin(r->db);
    cache_check(r->db, &wrong, note_wrong_sum);
    db_read_end(r->db);
    for (size_t i = 0; i < wrong.count && ledger_error(r->ledger) == NULL && !stopped(r); i++)
        mend_sum(r, wrong.items[i].subject, wrong.items[i].key);
    if (wrong.count > 0 && !stopped(r)) { /* what follows from those that were mended */
        mend_sum(r, OF_TIMES, 0);
        mend_sum(r, OF_ALL, 0);
    }
    free(wrong.items);
    return ledger_error(r->ledger) == NULL && !stopped(r);
}

static bool mend_counts(struct rebuild *r) {
    ledger_begin(r->ledger);
    struct totals counts = {.requests = requests_count(r->db), .feedback = feedback_count(r->db)};
    totals_clear(r->db, SLOT_COUNTS);
    totals_add(r->db, SLOT_COUNTS, &counts);
    return ledger_commit(r->ledger);
}

/* Ratings, budgets and counts depend on the records alone, and are right unless somebody has changed them: they are
 * looked through in a snapshot, and mended where they are not. */
static bool mend(struct rebuild *r) {
    return mend_rows(r, workflows_check_named, ledger_mend_workflow) &&
           mend_rows(r, turns_check_places, ledger_mend_places) &&
           mend_rows(r, turns_check_figures, ledger_mend_turn) && mend_rows(r, requests_check, ledger_mend_request) &&
           mend_rows(r, budgets_check, ledger_mend_budget) && mend_cache(r) && mend_counts(r);
}

static bool parse(struct rebuild *r, const struct knowledge *knowledge) {
    struct text error = {0};
    r->by.rules = knowledge_rules(knowledge, &error);
    if (r->by.rules == NULL)
        db_fail(r->db, "the rules are not valid: %s", error.s);
    else if ((r->by.prices = knowledge_prices(knowledge, &error)) == NULL)
        db_fail(r->db, "the prices are not valid: %s", error.s);
    text_free(&error);
    return r->by.prices != NULL;
}

enum rebuild_end ledger_rebuild(struct ledger *ledger, const struct knowledge *knowledge,
                                const struct rebuild_options *options) {
    struct rebuild r = {.ledger = ledger, .db = ledger_db(ledger), .options = options};
    enum rebuild_end end = parse(&r, knowledge) ? mend(&r) ? begin(&r) : REBUILD_STOPPED : REBUILD_BROKEN;
    if (ledger_error(ledger) != NULL)
        end = REBUILD_BROKEN;
    if (end == REBUILD_DONE) {
        if (!(clear(&r) && derive_all(&r) && catch_up(&r) && swap(&r, knowledge)))
            end = ledger_error(ledger) != NULL ? REBUILD_BROKEN : stopped(&r) ? REBUILD_STOPPED : REBUILD_TAKEN;
        if (end == REBUILD_STOPPED)
            withdraw(&r);
    }
    rules_free(r.by.rules);
    prices_free(r.by.prices);
    return end;
}
