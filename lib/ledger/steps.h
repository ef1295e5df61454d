/* steps: what an agent did in a session, one row a step. Table step. */
#ifndef PL_LEDGER_STEPS_H
#define PL_LEDGER_STEPS_H

#include "input/record.h"
#include "ledger/db.h"
#include "ledger/names.h"
#include "ledger/selection.h"

/* Where a step is: what was there before may be another turn's. */
struct step_place {
    int64_t session; /* a name's id; 0: it was not there */
    int64_t at;      /* microseconds since 1970 */
};

enum step_outcome { STEP_NEW, STEP_UPDATED, STEP_DUPLICATE };

/* Stores RECORD's step under IDENTITY, NULL if nothing identifies it. *WAS and *IS are its places before and now.
 * Within a write transaction. */
enum step_outcome steps_add(struct db *db, struct names *names, const struct record *record,
                            const struct digest *identity, int64_t now, struct step_place *was, struct step_place *is);

/* The steps of SESSION from FROM on and before UNTIL, in no order: step with db_row; columns: at, step (an enum step),
 * success (1, 0 or NULL). */
struct query *steps_of_session(struct db *db, int64_t session, int64_t from, int64_t until);

/* -- removing -- */

/* The first row over AFTER, up to LAST, that is selected; 0: there is none. */
int64_t steps_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection);
/* Removes the step in row ID; WAS is where it was. False if it is not there. IDENTITY, which is cleared first, gets
 * its own, if it has one; *DATED: whether it has a time. */
bool steps_remove(struct db *db, int64_t id, struct step_place *was, struct text *identity, bool *dated);

#endif
