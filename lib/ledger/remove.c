#include "ledger/remove.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "ledger/advice.h"
#include "ledger/ledger_private.h"
#include "ledger/removed.h"
#include "ledger/reviews.h"
#include "ledger/steps.h"

enum { LOCK_MS = 80, PAUSE_MS = 5, SOME_ROWS = 500, SWEEP_ROWS = 5000, SWEEP_TRIES = 5 };

/* A removal, as it goes on. */
struct removal {
    struct ledger *ledger;
    struct db *db;
    const volatile sig_atomic_t *stop;
    struct removal_counts *counts;
    struct selection selection;
    bool forgets;    /* all of somebody; else what is old */
    int64_t ratings; /* removed with their requests */
    struct text id, identity;
};

static bool stopped(const struct removal *r) {
    return r->stop != NULL && *r->stop != 0;
}

static bool going(const struct removal *r) {
    return ledger_error(r->ledger) == NULL && !stopped(r);
}

/* -- transactions ------------------------------------------------------------------------------------------------ */

/* A rebuild that goes on would have to be told of what is gone: it gives way, and may be called again. */
static void begin(struct removal *r) {
    ledger_begin(r->ledger);
    state_drop_rebuild(r->db, &r->ledger->state);
}

/* Commits a change of the state, with which other processes are told that what they remember may be gone. */
static bool commit_removal(struct removal *r, struct state state) {
    state.removals++;
    return ledger_commit_state(r->ledger, &state);
}

/* -- records ---------------------------------------------------------------------------------------------------- */

/* Of what says no time of its own, the time does not keep it out; nor does a name what an older version does not bear.
 */
static void leave_trace(const struct removal *r, enum trace trace, struct span id, bool undated) {
    if (id.n > 0 && (r->forgets || undated))
        removed_add(r->db, trace, id);
}

static void remove_workflow(struct removal *r, int64_t id) {
    struct ledger *ledger = r->ledger;
    struct stored_workflow workflow;
    struct query *query = workflows_between(r->db, id - 1, id);
    bool found = workflows_next(query, &workflow);
    if (found) {
        ledger_take(ledger, ledger->state.slot, &workflow.row);
        leave_trace(r, TRACE_WORKFLOW, workflow.workflow_id, workflow.row.created_at == workflow.row.recorded_at);
    }
    db_end(query);
    if (found)
        turns_leave(ledger->turns, id); /* it may have been one */
    workflows_delete(r->db, id);
}

static void remove_feedback(struct removal *r, int64_t id) {
    struct ledger *ledger = r->ledger;
    struct stored_feedback *old = &ledger->feedback;
    bool dated;
    if (!feedback_remove(r->db, id, old, &r->identity, &dated))
        return;
    leave_trace(r, TRACE_IDENTITY, text_span(&r->identity), !dated);
    ledger_rate_request(ledger, text_span(&old->request_id), -1, -old->quality_score);
    ledger->change[SLOT_COUNTS].feedback--;
}

/* Its ratings, and what was advised for it. */
static void forget_around(struct removal *r, struct span request_id) {
    if (!r->forgets || request_id.n == 0)
        return;
    removed_add(r->db, TRACE_RATED, request_id);
    advice_delete(r->db, request_id);
    for (int64_t rating; (rating = feedback_about(r->db, request_id)) != 0 && !db_failed(r->db);) {
        remove_feedback(r, rating);
        r->ratings++;
    }
}

static void remove_request(struct removal *r, int64_t id) {
    struct ledger *ledger = r->ledger;
    struct request_row row = {0};
    int slot = ledger->state.slot;
    if (requests_find_row(r->db, id, &row, &r->id, &r->identity)) {
        bool undated = row.at == row.recorded_at;
        leave_trace(r, TRACE_REQUEST, text_span(&r->id), undated);
        leave_trace(r, TRACE_IDENTITY, text_span(&r->identity), undated);
        turns_touch(ledger->turns, row.session, row.at);
        budgets_count(ledger->budgets, &row, -1);
        totals_count_request(&ledger->change[slot], &row, slot, -1);
        ledger->change[SLOT_COUNTS].requests--;
        requests_delete(r->db, id);
        ledger_name_workflow(ledger, text_span(&row.workflow_id), false);
        forget_around(r, text_span(&r->id));
    }
    request_row_free(&row);
}

static void remove_step(struct removal *r, int64_t id) {
    struct step_place was;
    bool dated;
    if (!steps_remove(r->db, id, &was, &r->identity, &dated))
        return;
    leave_trace(r, TRACE_IDENTITY, text_span(&r->identity), !dated);
    turns_touch(r->ledger->turns, was.session, was.at);
}

static void remove_event(struct removal *r, int64_t id) {
    bool dated;
    if (cache_remove(r->ledger->cache, id, &r->identity, &dated))
        leave_trace(r, TRACE_IDENTITY, text_span(&r->identity), !dated);
}

static void remove_review(struct removal *r, int64_t id) {
    bool dated;
    if (reviews_remove(r->db, id, &r->identity, &dated))
        leave_trace(r, TRACE_IDENTITY, text_span(&r->identity), !dated);
}

static const struct {
    enum record_kind kind;
    int64_t (*next)(struct db *db, int64_t after, int64_t last, const struct selection *selection);
    void (*remove)(struct removal *r, int64_t id);
} families[] = {
    {KIND_WORKFLOW, workflows_selected, remove_workflow}, {KIND_REQUEST, requests_selected, remove_request},
    {KIND_FEEDBACK, feedback_selected, remove_feedback},  {KIND_STEP, steps_selected, remove_step},
    {KIND_CACHE, cache_selected, remove_event},           {KIND_REVIEW, reviews_selected, remove_review},
};

enum { FAMILIES_OF_RECORDS = sizeof families / sizeof *families };

static void pause_between(void) {
    nanosleep(&(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
}

/* Some that are selected of a family over AFTER: they are looked for in a snapshot, without the lock. Returns how many.
 */
static int look_for_some(struct removal *r, int family, int64_t after, int64_t ids[SOME_ROWS]) {
    int count = 0;
    db_read_begin(r->db);
    for (int64_t id = after; count < SOME_ROWS && going(r); ids[count++] = id)
        if ((id = families[family].next(r->db, id, INT64_MAX, &r->selection)) == 0)
            break;
    db_read_end(r->db);
    return count;
}

/* Removes of COUNT rows those that are selected still, as many as the lock may be held for. Returns how many are done.
 */
static int remove_some(struct removal *r, int family, const int64_t *ids, int count) {
    int64_t began = clock_monotonic_ms(), removed = 0, ratings = r->ratings;
    int done = 0;
    begin(r);
    while (done < count && clock_monotonic_ms() - began + ledger_commit_ms(r->ledger) <= LOCK_MS) {
        int64_t id = ids[done++];
        if (families[family].next(r->db, id - 1, id, &r->selection) != id)
            continue;
        families[family].remove(r, id);
        removed++;
    }
    if (ledger_commit(r->ledger)) {
        r->counts->by_kind[families[family].kind] += removed;
        r->counts->by_kind[KIND_FEEDBACK] += r->ratings - ratings;
    }
    return done;
}

static void remove_records(struct removal *r) {
    int64_t ids[SOME_ROWS];
    for (int family = 0; family < FAMILIES_OF_RECORDS; family++) {
        int64_t after = 0;
        for (int count; going(r) && (count = look_for_some(r, family, after, ids)) > 0; after = ids[count - 1])
            for (int done = 0; done < count && going(r); pause_between())
                done += remove_some(r, family, ids + done, count - done);
    }
}

static void remove_advice(struct removal *r) {
    for (int64_t count = SOME_ROWS; r->selection.before != NO_TIME && count == SOME_ROWS && going(r);) {
        begin(r);
        count = advice_delete_before(r->db, r->selection.before, SOME_ROWS);
        ledger_commit(r->ledger);
    }
}

/* -- what nothing asks for any more ------------------------------------------------------------------------------ */

/* Features of prompts that no request is of: those of older versions of requests among them. */
static void sweep_features(struct removal *r) {
    int64_t after = 0;
    for (bool more = true; more && going(r); pause_between()) {
        begin(r);
        more = features_sweep(r->db, &after, SWEEP_ROWS);
        ledger_commit(r->ledger);
    }
}

/* Deletes a name that is used no more, unless somebody has written since version SEEN of the data. */
static bool delete_name(struct removal *r, int64_t name, int64_t seen) {
    begin(r);
    bool same = db_data_version(r->db) == seen;
    if (same)
        names_delete(r->db, name);
    commit_removal(r, *ledger_state(r->ledger));
    return same;
}

/* That a name is used no more is looked for in a snapshot, which holds if nobody has written since: then the lock is
 * held for the deletion alone. Beside writers that never rest it is looked for under the lock in the end. */
static void sweep_name(struct removal *r, int64_t name) {
    bool done = false;
    for (int try = 0; try < SWEEP_TRIES && !done && going(r); try++) {
        db_read_begin(r->db);
        bool used = names_used(r->db, name);
        int64_t seen = db_data_version(r->db);
        db_read_end(r->db);
        done = used || delete_name(r, name, seen);
    }
    if (done || !going(r))
        return;
    begin(r);
    if (!names_used(r->db, name))
        names_delete(r->db, name);
    commit_removal(r, *ledger_state(r->ledger));
}

static enum removal_end finish(struct removal *r) {
    text_free(&r->id);
    text_free(&r->identity);
    if (ledger_error(r->ledger) != NULL)
        return REMOVAL_BROKEN;
    if (!stopped(r))
        sweep_features(r);
    if (stopped(r))
        return REMOVAL_STOPPED;
    if (r->forgets && !db_overwrite_log(r->db))
        r->counts->in_log = true;
    return ledger_error(r->ledger) != NULL ? REMOVAL_BROKEN : REMOVAL_DONE;
}

/* The time moves on only: what was pruned stays so. */
static bool keep_older_out(struct removal *r, int64_t before) {
    begin(r);
    struct state state = *ledger_state(r->ledger);
    if (state.kept_since == NO_TIME || before > state.kept_since)
        state.kept_since = before;
    return commit_removal(r, state);
}

/* Nothing of before that time is there: another process may have pruned to a later one meanwhile. */
static void end_prune(struct removal *r, int64_t before) {
    begin(r);
    struct state state = *ledger_state(r->ledger);
    if (state.pruned_to == NO_TIME || before > state.pruned_to)
        state.pruned_to = before;
    ledger_commit_state(r->ledger, &state);
}

/* -- the two ----------------------------------------------------------------------------------------------------- */

enum removal_end ledger_prune(struct ledger *ledger, int64_t before, const volatile sig_atomic_t *stop,
                              struct removal_counts *counts) {
    struct removal r = {ledger, ledger_db(ledger), stop, counts, .selection.before = before};
    if (keep_older_out(&r, before)) {
        remove_records(&r);
        remove_advice(&r);
        if (going(&r))
            end_prune(&r, before);
    }
    return finish(&r);
}

static const struct {
    const char *name;
    enum trace trace;
} persons[] = {
    [PERSON_SESSION] = {"session", TRACE_SESSION},
    [PERSON_ACCOUNT] = {"account", TRACE_ACCOUNT},
    [PERSON_USER] = {"user", TRACE_USER},
};

bool person_named(struct span name, enum person *person) {
    for (*person = PERSON_SESSION; *person <= PERSON_USER; (*person)++)
        if (span_is(name, persons[*person].name))
            return true;
    return false;
}

/* From here on its records are kept out, so that what is found afterwards is all there is. Returns the name's id; 0:
 * there is none. */
static int64_t keep_out(struct removal *r, enum person person, struct span name) {
    begin(r);
    removed_add(r->db, persons[person].trace, name);
    int64_t reviewers = person == PERSON_USER ? reviews_forget(r->db, name) : 0;
    if (!commit_removal(r, *ledger_state(r->ledger)))
        return 0;
    r->counts->reviewers += reviewers;
    return names_find(r->db, name);
}

enum removal_end ledger_forget(struct ledger *ledger, enum person person, struct span name,
                               const volatile sig_atomic_t *stop, struct removal_counts *counts) {
    struct removal r = {ledger, ledger_db(ledger), stop, counts, .selection.before = NO_TIME, .forgets = true};
    db_overwrite_deleted(r.db);
    int64_t id = keep_out(&r, person, name);
    int64_t *const selected[] = {&r.selection.session, &r.selection.account, &r.selection.user};
    *selected[person] = id;
    if (id != 0) {
        remove_records(&r);
        if (person == PERSON_SESSION && going(&r)) {
            begin(&r);
            turns_leave_session(ledger->turns, id);
            ledger_commit(ledger);
        }
        sweep_name(&r, id);
    }
    return finish(&r);
}
