/* reviews: people's decisions about patterns, kept as history; the newest is in force. Table review. */
#ifndef PL_LEDGER_REVIEWS_H
#define PL_LEDGER_REVIEWS_H

#include "input/record.h"
#include "ledger/db.h"
#include "ledger/selection.h"

enum review_outcome { REVIEW_NEW, REVIEW_UPDATED, REVIEW_DUPLICATE };

/* Stores RECORD's review under IDENTITY, NULL if nothing identifies it, and puts the newest of its pattern in force.
 * *KNOWN: whether there is such a pattern yet. Within a write transaction. */
enum review_outcome reviews_add(struct db *db, const struct record *record, const struct digest *identity, int64_t now,
                                bool *known);

/* The status in force for a pattern, with its history, newest first: step with db_row; columns: automation_status,
 * reviewed_by, review_notes, reviewed_at in microseconds. */
struct query *reviews_of(struct db *db, struct span signature);

/* -- removing -- */

/* The first row over AFTER, up to LAST, that is selected; 0: there is none. */
int64_t reviews_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection);
/* Removes the review in row ID, and puts the newest that is left of its pattern in force. False if it is not there.
 * IDENTITY, which is cleared first, gets its own, if it has one; *DATED: whether it has a time. */
bool reviews_remove(struct db *db, int64_t id, struct text *identity, bool *dated);
/* Takes the name of whoever decided out of their decisions, which stay; returns of how many. */
int64_t reviews_forget(struct db *db, struct span reviewer);

#endif
