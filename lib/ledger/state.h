/* state: which derivation is in force, by which rules, and whether a rebuild goes on. Tables state, rules, rebuild_log,
 * total. */
#ifndef PL_LEDGER_STATE_H
#define PL_LEDGER_STATE_H

#include "ledger/db.h"

struct state {
    int slot;           /* in force: 0 or 1; a rebuild fills the other */
    int64_t rules;      /* id of the rules it was derived by; 0: none yet */
    int64_t rebuild;    /* the token of the rebuild that goes on; 0: none */
    int64_t rebuild_at; /* workflows up to this id are in the other slot, unless they are in the log */
    int64_t beat;       /* when the rebuild last did something, microseconds since 1970 */
};

struct state state_read(struct db *db);
/* Withdraws a rebuild that did nothing for a minute: it was killed. Within a write transaction. */
void state_bury_rebuild(struct db *db, struct state *state);
/* All but the rules must be within a write transaction. */
void state_write(struct db *db, const struct state *state);

/* The rules with this id: both texts are appended. False if there are none. */
bool state_rules(struct db *db, int64_t id, struct text *base, struct text *extra);
/* The id of these rules, which are added if they are new. EXTRA is empty if there are none. */
int64_t state_add_rules(struct db *db, struct span base, struct span extra, int64_t now);

/* Whether the other slot knows the workflow, as the rebuild that goes on has left it. */
bool rebuild_has(struct db *db, const struct state *state, int64_t workflow);
/* The rebuild must look at the workflow (again). */
void rebuild_note(struct db *db, int64_t workflow);
void rebuild_forget(struct db *db, int64_t workflow);
/* The workflows that wait in the log, the lowest id first; 0 if none does. */
int64_t rebuild_next(struct db *db);
int64_t rebuild_waiting(struct db *db);
void rebuild_clear_log(struct db *db);

/* Sums over all workflows of a slot. */
struct totals {
    int64_t workflows, learned, matched;
    int64_t tokens_known, tokens;
    int64_t cost_known, cost; /* nano-dollars */
};
struct totals totals_read(struct db *db, int slot);
/* Adds CHANGE. Within a write transaction. */
void totals_add(struct db *db, int slot, const struct totals *change);
void totals_clear(struct db *db, int slot);
/* The name and value of the Nth total; false after the last. */
bool totals_item(const struct totals *totals, int n, const char **name, int64_t *value);

#endif
