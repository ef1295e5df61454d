/* state: which derivation is in force, by which rules, and whether a rebuild goes on. Tables state, rebuild_log, total.
 */
#ifndef PL_LEDGER_STATE_H
#define PL_LEDGER_STATE_H

#include "input/record.h"
#include "ledger/db.h"

/* Told of a row whose derived columns are not what the records say. */
typedef void on_wrong_row(void *context, int64_t id, const char *why);

/* What a rebuild goes through. */
enum family { FAMILY_WORKFLOWS, FAMILY_REQUESTS, FAMILIES };

struct state {
    int slot;                     /* in force: 0 or 1; a rebuild fills the other */
    int64_t rules;                /* id of the knowledge it was derived by; 0: none yet */
    int64_t rebuild;              /* the token of the rebuild that goes on; 0: none */
    int64_t beat;                 /* when the rebuild last did something, microseconds since 1970 */
    int64_t rebuild_at[FAMILIES]; /* those up to this id are in the other slot, unless they are in the log */
    int64_t kept_since;           /* records of earlier times were pruned, microseconds since 1970; NO_TIME: none was */
    int64_t pruned_to;            /* and of times before this one all are gone; NO_TIME: they were not */
    int64_t removals;             /* how often something was removed */
};

struct state state_read(struct db *db);
/* Withdraws a rebuild that did nothing for a minute: it was killed. Within a write transaction. */
void state_bury_rebuild(struct db *db, struct state *state);
/* All but the rules must be within a write transaction. */
void state_write(struct db *db, const struct state *state);

/* Leaves all but the rebuild. */
void state_end_rebuild(struct state *state);
/* Withdraws the rebuild that goes on, if one does. Within a write transaction. */
void state_drop_rebuild(struct db *db, struct state *state);

/* Whether the other slot knows the workflow or request, as the rebuild that goes on has left it. */
bool rebuild_has(struct db *db, const struct state *state, enum family family, int64_t id);
/* The rebuild must look at it (again). */
void rebuild_note(struct db *db, enum family family, int64_t id);
void rebuild_forget(struct db *db, enum family family, int64_t id);
/* One that waits in the log; false if none does. */
bool rebuild_next(struct db *db, enum family *family, int64_t *id);
int64_t rebuild_waiting(struct db *db);
void rebuild_clear_log(struct db *db);

enum { SLOT_COUNTS = 2 }; /* the slot of those totals that follow from no rules */

/* Sums over all records of a slot; costs in nano-dollars. */
struct totals {
    int64_t workflows, learned, matched;
    int64_t tokens_known, tokens;
    int64_t cost_known, cost; /* of workflows that no request names as its own */
    int64_t request_cost_known, request_cost;
    int64_t requests, feedback; /* in SLOT_COUNTS */
    bool over;                  /* a sum of costs did not fit */
};
/* Adds a cost to a sum of TOTALS, SIGN times. */
static inline void totals_sum(struct totals *totals, int64_t *sum, int64_t cost, int sign) {
    totals->over = __builtin_add_overflow(*sum, sign * cost, sum) || totals->over;
}
/* With the counts. */
struct totals totals_read(struct db *db, int slot);
/* Adds CHANGE. Within a write transaction. */
void totals_add(struct db *db, int slot, const struct totals *change);
void totals_clear(struct db *db, int slot);
/* The name and value of the Nth total; false after the last. */
bool totals_item(const struct totals *totals, int n, const char **name, int64_t *value);

#endif
