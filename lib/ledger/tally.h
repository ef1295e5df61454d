/* tally: patterns' sums counted afresh from stored workflows, for reports of a part of them and for verification. */
#ifndef PL_LEDGER_TALLY_H
#define PL_LEDGER_TALLY_H

#include "ledger/db.h"
#include "ledger/patterns.h"
#include "ledger/state.h"

struct tally_pattern {
    char *signature;
    struct pattern_sum sum; /* its last_workflow is not set; its pattern where it was stored */
    char *first_id;         /* of its first workflow */
};

/* Zero-initialised is empty. Owns its patterns. */
struct tally {
    struct tally_pattern *patterns;
    int count;
    struct totals totals;
};

void tally_free(struct tally *tally);
struct tally_pattern *tally_pattern(struct tally *tally, const char *signature);
/* The workflow in ROW shows SIGNATURE; its cost is that of SLOT. */
void tally_add(struct tally *tally, const char *signature, const struct workflow_row *row, int slot,
               struct span workflow_id);

/* Counts the workflows that FILTER lets pass, by the patterns that they show in the slot in force. */
void tally_filtered(struct db *db, const struct filter *filter, struct tally *tally);

#endif
