/* applier: applies batches of records to a ledger, in transactions that hold the lock for a fraction of a second each:
 * while the caller waits, or in a thread of its own while the caller reads on.
 *
 * The ledger, and SQLite, are used by one thread at a time: the applier's from applier_give until applier_wait, the
 * caller's otherwise.
 */
#ifndef PL_LEDGER_APPLIER_H
#define PL_LEDGER_APPLIER_H

#include "base/alloc.h"
#include "input/record.h"
#include "ledger/intake.h"
#include "ledger/sources.h"

struct entry {
    struct record record;
    struct digest identity;
    bool identified;
    const struct findings *findings; /* NULL: they are yet to be found */
    struct span waiting;             /* its line in a spool; s NULL where there is none */
    const char *input;               /* its name; outlives the batch */
    uint64_t line;
    /* the applier's: its part of the lines of all */
    struct part {
        size_t at, size;
    } result, told;
};

/* How far a file was read, to be written with the records that were read up to there. */
struct mark {
    char *path;
    struct source source;
};

/* Records that were read together. Zero-initialised is empty. */
struct batch {
    struct entry *entries;
    int count, capacity;
    struct arena arena; /* holds the records' texts */
    int *order;         /* in which they are applied; NULL: as they came */
    struct mark *marks;
    int mark_count;
};

void batch_mark(struct batch *batch, const char *path, const struct source *source);
/* Has workflows applied in the order of their ids, which finds their places in the index one after another, if the
 * batch holds nothing else. Results come in the order of the records all the same. */
void batch_sort(struct batch *batch);
/* Makes it empty, and keeps its memory. */
void batch_clear(struct batch *batch);
void batch_free(struct batch *batch);

/* LEDGER, OPTIONS and READING, which says how files are read, are borrowed. */
struct applier *applier_new(struct ledger *ledger, const struct intake_options *options, const char *reading);
void applier_free(struct applier *applier);

/* Applies BATCH, as much of it as one transaction may, from record FROM on. Once the ledger has failed, the rest goes
 * to the spool, if there is one. Returns the first record that is left; -1: the ledger has failed, and the spool. */
int applier_step(struct applier *applier, struct batch *batch, int from);
/* Gives BATCH to the thread, which must have nothing else. It is borrowed until applier_wait. False if the system has
 * no thread for it: then nothing was given. */
bool applier_give(struct applier *applier, struct batch *batch);
/* Goes on with LEDGER, which is borrowed, instead. Only while nothing is given. */
void applier_use(struct applier *applier, struct ledger *ledger);
/* Waits until what was given is applied. */
void applier_wait(struct applier *applier);
/* Whether something was applied that was not taken yet; cheap. */
bool applier_has(struct applier *applier);
/* Takes what was applied and is durable: appends its result lines to OUT, what is to be told of it to TOLD, and adds
 * its counts to COUNTS; NULL: they are left for later. False: the ledger has failed; what is not counted has not
 * happened. */
bool applier_take(struct applier *applier, struct intake_counts *counts, struct text *out, struct text *told);
/* A pause between the transactions of one batch, so that another process that waits for the lock gets it. */
void applier_pause(void);

#endif
