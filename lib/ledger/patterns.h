/* patterns: what the workflows that show a pattern add up to. Tables operation_patterns, pattern_sum.
 *
 * Changes are collected in memory while a transaction runs, as differences, and written by patterns_flush before its
 * commit: the past of a pattern is never read again for a new record.
 */
#ifndef PL_LEDGER_PATTERNS_H
#define PL_LEDGER_PATTERNS_H

#include "base/alloc.h"
#include "ledger/db.h"
#include "ledger/sets.h"
#include "ledger/workflows.h"
#include "rules/figures.h"
#include "rules/signature.h"

/* Both are borrowed. */
struct patterns *patterns_new(struct db *db, struct sets *sets);
void patterns_free(struct patterns *patterns);

/* The id of the pattern SIGNATURE; 0 if it was never met. */
int64_t patterns_find(struct db *db, const char *signature);
/* The same, which is made if it is not there; *MADE tells. A review of it that came earlier is in
 * force from the beginning. */
int64_t patterns_id(struct patterns *patterns, const char *signature, bool *made);

/* The workflow in ROW, which is stored and has this id, shows the patterns of its set. */
void patterns_put(struct patterns *patterns, int slot, const struct workflow_row *row, struct span workflow_id);
/* The workflow in ROW, as it was stored, shows none any more. Returns those it had shown, as sets_get. */
const struct pattern_set *patterns_take(struct patterns *patterns, int slot, const struct workflow_row *row);
/* The workflow in OLD shows what it did, but adds to it what FRESH says. */
void patterns_reshare(struct patterns *patterns, int slot, const struct workflow_row *old,
                      const struct workflow_row *fresh);
/* Writes what the changes add up to; SHOW: into operation_patterns too, for the slot in force. At the end of a
 * transaction, before its commit. */
void patterns_flush(struct patterns *patterns, int slot, bool show);
/* Forgets changes that were not flushed: after a rollback. */
void patterns_forget(struct patterns *patterns);
/* Makes operation_patterns show SLOT, all of it. */
void patterns_show_all(struct patterns *patterns, int slot);
/* Removes the sums of a slot. */
void patterns_clear(struct db *db, int slot);
/* Appends the signature of the pattern ID. False if it is not there. */
bool patterns_signature(struct db *db, int64_t id, struct text *signature);
/* The automation status in force for SIGNATURE: into the pattern's row, if there is one. False if there is none. */
bool patterns_set_status(struct db *db, struct span signature, const char *status);

/* -- reading -- */

/* A pattern as pattern_sum keeps it. */
struct pattern_sum {
    int64_t pattern;
    struct sums sums;
    /* The first by (time, workflow id), and one of the last; NO_TIME and 0 without an occurrence. */
    int64_t first_at, first_workflow, last_at, last_workflow;
};
/* That of one pattern; all zero without one. */
struct pattern_sum pattern_sum_of(struct db *db, int slot, int64_t pattern);

/* A row of operation_patterns; its texts are good until the next step. */
struct pattern_row {
    int64_t id;
    struct span signature, type, typical_input, status, created_at, last_seen;
    int64_t occurrences;
    struct figures figures;
};
struct query *patterns_all(struct db *db);
bool patterns_next(struct query *query, struct pattern_row *row);

#endif
