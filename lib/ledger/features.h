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

/* Those kept of the prompt with this hash; false, and FEATURES empty, if there are none of this version. */
bool features_recall(struct db *db, uint64_t hash, struct features *features);
/* The same in their encoded form, which is appended. */
bool features_recall_encoded(struct db *db, uint64_t hash, struct text *bytes);

/* Whether all that is kept can be read; the id of a wrong row is its prompt's hash. Within a snapshot. */
void features_check(struct db *db, void *context, on_wrong_row *on_wrong);

#endif
