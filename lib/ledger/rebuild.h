/* rebuild: derives everything again from what is stored, beside the writers, and swaps. */
#ifndef PL_LEDGER_REBUILD_H
#define PL_LEDGER_REBUILD_H

#include <signal.h>

#include "ledger/ledger.h"

struct rebuild_options {
    const volatile sig_atomic_t *stop;
    void *context;
    /* DONE of TOTAL workflows and requests; may be NULL. */
    void (*on_progress)(void *context, int64_t done, int64_t total);
};

enum rebuild_end {
    REBUILD_DONE,
    REBUILD_STOPPED, /* nothing has changed */
    REBUILD_TAKEN,   /* this one was silent for seconds, and another took its place; nothing of this one has changed */
    REBUILD_BROKEN,  /* ledger_error says why; nothing has changed */
};

/* Derives all patterns, costs, sums and totals by KNOWLEDGE, which the database adopts, and mends what follows from the
 * records alone. Figures change at once, at the
 * end; until then, and if it is interrupted at any moment, they are the old ones. No transaction holds the lock for
 * much longer than a tenth of a second. While another rebuild goes on, this one waits. */
enum rebuild_end ledger_rebuild(struct ledger *ledger, const struct knowledge *knowledge,
                                const struct rebuild_options *options);

#endif
