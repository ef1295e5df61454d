/* turns: which workflows are turns of a session, and what each adds up to. Table turn.
 *
 * A turn says nothing of what it took: that is what the requests and steps of its session say that lie between it and
 * the session's next turn. A session that was copied into another one is copied turns and all, and of each request only
 * one copy counts: so a turn may be of several sessions, and gathers from all of them. Which turn has what depends on
 * times and ids alone, never on what came first.
 *
 * While a transaction runs, the turns are marked of which something has changed; each is gathered once, at its end.
 */
#ifndef PL_LEDGER_TURNS_H
#define PL_LEDGER_TURNS_H

#include "ledger/db.h"
#include "ledger/state.h"
#include "ledger/workflows.h"
#include "rules/prices.h"

/* DB is borrowed. */
struct turns *turns_new(struct db *db);
void turns_free(struct turns *turns);

/* The workflow in row WORKFLOW, a turn at the time AT, was seen in SESSION (a name's id). */
void turns_see(struct turns *turns, int64_t workflow, int64_t session, int64_t at);
/* It is at another time now; NO_TIME: it is no turn any more. */
void turns_place(struct turns *turns, int64_t workflow, int64_t at);
/* Something of SESSION, at this time, is new or has changed: its turn is marked. SESSION may be 0: none. */
void turns_touch(struct turns *turns, int64_t session, int64_t at);
/* WORKFLOW is to be removed: it is of no session any more. */
void turns_leave(struct turns *turns, int64_t workflow);
/* SESSION is to be removed: no workflow was seen in it. Its requests and steps are there no more. */
void turns_leave_session(struct turns *turns, int64_t session);
void turns_mark(struct turns *turns, int64_t workflow);
/* How many are marked, repetitions included. */
size_t turns_marked(const struct turns *turns);
/* The next marked workflow, which is marked no more; 0: none is left. */
int64_t turns_next(struct turns *turns);
/* Forgets all marks: after a rollback. */
void turns_forget(struct turns *turns);

/* What a turn adds up to. A sum of which a part is not known is UNKNOWN. */
struct gathered {
    int64_t requests, steps;
    struct token_counts tokens;
    int64_t total_tokens;
    int64_t cost;        /* nano-dollars */
    int64_t duration_ms; /* to the last request or stop */
    int64_t errors;      /* failed steps; UNKNOWN if nothing at all was gathered */
    int64_t model;       /* a name's id: the one that wrote most, of several the first by name; 0: none */
};
/* Costs are as given, else by PRICES, or, where that is NULL, as priced in SLOT. */
struct gathered turns_gather(struct db *db, int64_t workflow, int slot, const struct price_list *prices);

/* The row of TURN, which is one, with what GATHERED in SLOT says of it. */
struct workflow_row turns_settled(struct db *db, const struct stored_workflow *turn, int slot,
                                  const struct gathered *gathered);

/* Each compares all turns with what they follow from, within a snapshot: their places in sessions with the workflows;
 * their figures, as priced, with what there is at these places. */
void turns_check_places(struct db *db, void *context, on_wrong_row *on_wrong);
void turns_check_figures(struct db *db, void *context, on_wrong_row *on_wrong);
/* Makes the places of one workflow right. */
void turns_mend_places(struct db *db, int64_t workflow);

#endif
