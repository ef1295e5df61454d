/* remove: takes records out of the ledger, with their share of every figure, and keeps them out.
 *
 * What is left is what there would be if they had never been recorded, but for traces (hashes) that keep them out when
 * they are read again, and for the history of retraining runs. It is done in transactions that hold the lock for a
 * fraction of a second each; a rebuild that goes on gives way. If it is interrupted, the same call goes on with it.
 */
#ifndef PL_LEDGER_REMOVE_H
#define PL_LEDGER_REMOVE_H

#include <signal.h>

#include "ledger/ledger.h"

struct removal_counts {
    int64_t by_kind[KIND_LAST + 1];
    int64_t reviewers; /* reviews that a name was taken out of */
    bool in_log;       /* what was deleted may yet stand in the log, which somebody reads */
};

enum removal_end {
    REMOVAL_DONE,
    REMOVAL_STOPPED, /* by the stop flag; some are removed, and all are kept out */
    REMOVAL_BROKEN,  /* ledger_error says why */
};

/* Removes what happened before a time, in microseconds since 1970: workflows, requests, ratings, cache events, steps
 * and reviews, by their own times, else by when they were recorded. Records of before it are duplicates from then on,
 * whatever they say. STOP may be NULL. COUNTS are added to. */
enum removal_end ledger_prune(struct ledger *ledger, int64_t before, const volatile sig_atomic_t *stop,
                              struct removal_counts *counts);

enum person { PERSON_SESSION, PERSON_ACCOUNT, PERSON_USER };
/* "session", ...: true if NAME is one. */
bool person_named(struct span name, enum person *person);

/* Removes what was recorded of a session, an account or a user: the records that bear its NAME, and the ratings of its
 * requests; of reviews, that it was who decided. */
enum removal_end ledger_forget(struct ledger *ledger, enum person person, struct span name,
                               const volatile sig_atomic_t *stop, struct removal_counts *counts);

#endif
