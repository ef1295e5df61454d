/* advise: which model, and how much thinking, a request should get.
 *
 * An adviser reads a database while others write to it, and notices within a second what a retraining has changed, and
 * after adviser_commit what was recorded.
 * Without a database, or with one that fails, it goes on by what is known without one.
 */
#ifndef PL_LEARN_ADVISE_H
#define PL_LEARN_ADVISE_H

#include "input/record.h"
#include "ledger/db.h"
#include "ledger/routes.h"

struct adviser_options {
    const char *path;
    bool record;       /* the database is made if it is missing, and open to be written */
    bool policy_given; /* else that of the last retraining */
    enum routing_policy policy;
    bool share_given;
    double strong_share;       /* 0 to 1: of the prompts, those that need it most go to the dearest model */
    const char *const *models; /* advise only these; ends with NULL. NULL: any. Borrowed */
    void *context;
    /* Told once why the database is of no use; a line without a newline. */
    void (*on_warning)(void *context, const char *line);
    /* Something to tell under -v; may be NULL. */
    void (*on_note)(void *context, const char *line);
};

/* All is borrowed from the adviser and the request, and good until the next call. */
struct advice {
    struct span pattern;            /* s NULL: not known */
    int64_t complexity, score;      /* UNKNOWN, else an enum prompt_complexity; thousandths */
    const struct route *route;      /* NULL: no model is advised */
    const struct route *candidates; /* that may be advised: groups of the pattern, and models with a predictor */
    const double *predicted;        /* of each the probability of a good answer; NaN: none */
    size_t candidate_count;
    enum routing_policy policy;
    int64_t thinking_budget; /* tokens */
    const char *budget_source, *reason;
};

/* NULL, with ERROR, if not even the share directory's prompt rules can be read. OPTIONS is borrowed. */
struct adviser *adviser_new(const struct adviser_options *options, struct text *error);
void adviser_free(struct adviser *adviser);

void adviser_advise(struct adviser *adviser, const struct request_record *request, struct advice *advice);

/* Notes what was advised for REQUEST_ID: durable when adviser_commit returns. If it cannot be stored, that is a
 * warning, and nothing more is. */
void adviser_note(struct adviser *adviser, struct span request_id, const struct advice *advice);
/* Ends what began with the first advice since the last call: a snapshot, of which all of it was, and what was noted. To
 * be called before the caller waits for anything. */
void adviser_commit(struct adviser *adviser);

#endif
