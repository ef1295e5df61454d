/* verify: recomputes everything that is derived from the stored records, and tells what differs. */
#ifndef PL_LEDGER_VERIFY_H
#define PL_LEDGER_VERIFY_H

#include "ledger/db.h"

/* Compares all derived figures of DB, in one snapshot, with a recomputation; calls ON_DIFFERENCE with a line for each
 * that differs. Returns how many; -1 if DB failed. Memory does not grow with the number of workflows. */
int64_t ledger_verify(struct db *db, void *context, void (*on_difference)(void *context, const char *line));

#endif
