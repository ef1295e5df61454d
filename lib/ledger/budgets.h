/* budgets: how much thinking each prompt took, and how good its answers were. Table budget_patterns.
 *
 * Changes are collected in memory while a transaction runs, as differences, and written by budgets_flush before its
 * commit.
 */
#ifndef PL_LEDGER_BUDGETS_H
#define PL_LEDGER_BUDGETS_H

#include "ledger/db.h"
#include "ledger/requests.h"

/* DB is borrowed. */
struct budgets *budgets_new(struct db *db);
void budgets_free(struct budgets *budgets);

/* Counts what the request in ROW, which is stored, adds to its prompt SIGN times: 1 or -1. */
void budgets_count(struct budgets *budgets, const struct request_row *row, int sign);
/* The same of a request that has been there, and whose ratings alone change. */
void budgets_rate(struct budgets *budgets, const struct request_row *row, int sign);
/* Writes what the changes add up to: after the requests' rows, before the commit. */
void budgets_flush(struct budgets *budgets);
/* How many prompts have changed. */
size_t budgets_changed(const struct budgets *budgets);
/* Forgets changes that were not flushed: after a rollback. */
void budgets_forget(struct budgets *budgets);

/* Recomputes every row from the requests; the id of a wrong one is its prompt's hash. Within a snapshot. */
void budgets_check(struct db *db, void *context, on_wrong_row *on_wrong);
/* Makes one prompt's row what the requests give. Within a write transaction. */
void budgets_mend(struct budgets *budgets, int64_t prompt_hash);

/* How many prompts have a row. */
int64_t budgets_rows(struct db *db);

/* -- what advice goes by -- */

/* Whether any prompt was seen. */
bool budgets_any(struct db *db);
/* The known qualities of a prompt's answers, added up, in billionths. False if the prompt was never seen. */
bool budgets_history(struct db *db, uint64_t prompt_hash, int64_t *quality, int64_t *count);
/* The good requests of a class, and the thinking tokens of the one at RANK in rising order, from 1; UNKNOWN: there is
 * none. */
int64_t budgets_class_count(struct db *db, struct span pattern, int64_t complexity);
int64_t budgets_class_tokens(struct db *db, struct span pattern, int64_t complexity, int64_t rank);

#endif
