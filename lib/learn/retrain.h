/* retrain: turns ratings into routing.
 *
 * A retraining reads a snapshot, computes beside other writers, and then stores its run, a row of history for each
 * group, the new routing and the new predictors in one short transaction. Runs are serialised by a lock on the
 * database's file: a second one waits for the first.
 */
#ifndef PL_LEARN_RETRAIN_H
#define PL_LEARN_RETRAIN_H

#include "ledger/predictors.h"
#include "ledger/routes.h"

struct retrain_options {
    int64_t window_days; /* ratings of so many days before now */
    int64_t min_samples; /* of a group, at least 1 */
    int64_t due_seconds; /* only if the last run is so old; UNKNOWN: in any case */
    enum routing_policy policy;
    bool policy_given; /* else that of the last run */
    bool dry_run;      /* compute, and write nothing */
    bool explain;
};

/* Why a pattern goes to a model. */
struct explanation {
    const char *pattern;       /* the retraining's */
    const struct route *route; /* NULL: no model is confident */
    const struct route *first; /* its groups: COUNT from here on */
    size_t count;
    struct text reason;
    struct traffic traffic; /* of the last 30 days */
    double monthly_savings; /* USD: what these requests cost, less what they would cost there; NaN: not known */
};

struct retraining {
    struct retraining_run run;
    struct retraining_run before; /* id 0: there was none */
    struct routes routes;
    struct predictors predictors;
    struct explanation *explanations; /* if asked for */
    size_t explanation_count;
    size_t changes, patterns_updated; /* confident groups, and patterns that have one */
};

enum retrain_end { RETRAIN_DONE, RETRAIN_NOT_DUE, RETRAIN_BROKEN };

/* Retrains on the database at PATH. RETRAINING, which the caller frees, holds what came out; of a run that is not due,
 * the run before. RETRAIN_BROKEN: ERROR says why, and nothing was written. */
enum retrain_end retrain(const char *path, const struct retrain_options *options, struct retraining *retraining,
                         struct text *error);
void retraining_free(struct retraining *retraining);

#endif
