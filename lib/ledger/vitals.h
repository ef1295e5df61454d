/* vitals: whether a database is well. It writes nothing. */
#ifndef PL_LEDGER_VITALS_H
#define PL_LEDGER_VITALS_H

#include "base/text.h"
#include "ledger/db.h"

int64_t vitals_schema(struct db *db);
/* What SQLite's check finds first, THOROUGH: of indexes too; empty: nothing. FOUND is cleared first. */
void vitals_check(struct db *db, bool thorough, struct text *found);
/* When the last record came, as far as is known: of what bears a time of its own and has no other, that. Times after
 * NOW are none. NO_TIME: there is none. */
int64_t vitals_last_record(struct db *db, int64_t now);

#endif
