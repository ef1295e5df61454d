/* takein: what waits in a spool goes into a ledger, before anything else does. */
#ifndef PL_LEDGER_TAKEIN_H
#define PL_LEDGER_TAKEIN_H

#include "ledger/intake.h"

/* Takes in what waits in SPOOL, and empties it once that is durable; the ledger remembers the spool. HOW has the stop
 * flag, what is told, and where rejected lines go, else FILE.rejected, beside the spool: each was acknowledged once.
 * COUNTS says what came; all zero if nothing waited. False: ERROR says what is wrong with the spool, or with reading
 * it; the ledger's own failure stays the ledger's. */
bool spool_take_in(struct ledger *ledger, struct spool *spool, const struct intake_options *how,
                   struct intake_counts *counts, struct text *error);

#endif
