/* advice: what was advised for which request, so that reports can tell advice that was followed. Table advice. */
#ifndef PL_LEDGER_ADVICE_H
#define PL_LEDGER_ADVICE_H

#include "ledger/db.h"
#include "ledger/names.h"

struct advice_row {
    struct span request_id;
    struct span pattern;         /* s NULL: not known */
    int64_t complexity;          /* UNKNOWN, else an enum prompt_complexity */
    struct span provider, model; /* s NULL: none was advised */
    const char *confidence, *budget_source, *policy;
    int64_t thinking_budget; /* tokens */
    double predicted;        /* of the model; NaN: nothing was */
};

/* Stores what was advised AT a time; for a request that was advised before, instead of that. Within a write
 * transaction. */
void advice_store(struct db *db, struct names *names, const struct advice_row *advice, int64_t at);

/* -- removing -- */

/* Removes what was advised for a request. */
void advice_delete(struct db *db, struct span request_id);
/* Removes up to ROWS of what was advised before a time; returns how many. */
int64_t advice_delete_before(struct db *db, int64_t before, int64_t rows);

#endif
