/* predictors: what a retraining has learned of verdicts. Tables predictor_base, predictors, predictor_calibration. */
#ifndef PL_LEDGER_PREDICTORS_H
#define PL_LEDGER_PREDICTORS_H

#include "ledger/db.h"
#include "ledger/routes.h"
#include "rules/predictor.h"

enum { RECENT_REQUESTS = 1000 }; /* at most, of which predictions are kept: thresholds are set by them */

/* Whom a predictor speaks of. */
struct predicted_model {
    char *provider, *model;
    double avg_cost; /* USD a request; NaN: not known */
    float *recent;   /* its predictions of recent prompts */
};

/* Those of one retraining. Zero-initialised is none. */
struct predictors {
    struct predictor predictor;
    struct predicted_model names[PREDICTOR_MODELS_MAX]; /* by the predictor's numbers */
    size_t recent;                                      /* prompts */
};

void predictors_free(struct predictors *predictors);

/* Stores those of RUN, all of which predict, instead of what was there. Within a write transaction. */
void predictors_store(struct db *db, const struct retraining_run *run, const struct predictors *predictors);
/* Loads what advice needs, without what predictions are worth. None, if there are none or they are of other features.
 */
void predictors_load(struct db *db, struct predictors *predictors);

/* Whether what is stored can be read, and is of the last retraining. Within a snapshot. */
bool predictors_hold(struct db *db);

#endif
