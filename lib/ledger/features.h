/* features: what is kept of prompts in place of their text, once a prompt. Table prompt_features.
 *
 * They are the prompt's, whichever requests it was in: what a request is found to be later takes nothing from them.
 */
#ifndef PL_LEDGER_FEATURES_H
#define PL_LEDGER_FEATURES_H

#include "ledger/db.h"
#include "ledger/state.h"
#include "rules/features.h"

/* Keeps those of PROMPT, whose hash is HASH, unless it is empty or they are there. Within a write transaction. */
void features_keep(struct db *db, uint64_t hash, struct span prompt);

/* What is to be kept of many prompts, which is written at the end of a transaction, in the order of their hashes: so
 * each page of the index is met once. DB is borrowed. */
struct feature_rows *feature_rows_new(struct db *db);
void feature_rows_free(struct feature_rows *rows);
/* ENCODED is borrowed until the flush. */
void feature_rows_add(struct feature_rows *rows, uint64_t hash, struct span encoded);
void feature_rows_flush(struct feature_rows *rows);
size_t feature_rows_count(const struct feature_rows *rows);
void feature_rows_forget(struct feature_rows *rows);

/* Removes those of prompts that no request is of, among ROWS rows over *AFTER, which becomes the last of these. False
 * if there are none over it. */
bool features_sweep(struct db *db, int64_t *after, int64_t rows);

/* Those kept of the prompt with this hash; false, and FEATURES empty, if there are none of this version. */
bool features_recall(struct db *db, uint64_t hash, struct features *features);
/* The same in their encoded form, which is appended. */
bool features_recall_encoded(struct db *db, uint64_t hash, struct text *bytes);

/* Whether all that is kept can be read; the id of a wrong row is its prompt's hash. Within a snapshot. */
void features_check(struct db *db, void *context, on_wrong_row *on_wrong);

#endif
