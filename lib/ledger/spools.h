/* spools: which files records have waited in, so that reports can tell what waits there now. Table spool. */
#ifndef PL_LEDGER_SPOOLS_H
#define PL_LEDGER_SPOOLS_H

#include "ledger/db.h"

/* The spool at PATH, an absolute one, is in use, and RECORDS were taken in from it at a time, 0: none. Nothing is
 * written where nothing is new. Outside of a transaction. */
void spools_note(struct db *db, const char *path, int64_t records, int64_t now);

/* All of them: step with db_row; columns: path, records taken in so far, when the last time (NULL: never). */
struct query *spools_all(struct db *db);

#endif
