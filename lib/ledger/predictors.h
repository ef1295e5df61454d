/* predictors: the verdicts that a retraining learns from, and what it learned of them. Tables predictor_base,
 * predictors, predictor_calibration. */
#ifndef PL_LEDGER_PREDICTORS_H
#define PL_LEDGER_PREDICTORS_H

#include "ledger/db.h"
#include "ledger/routes.h"
#include "rules/predictor.h"

/* -- what is learned from ------------------------------------------------------------------------------------------ */

/* A rating of an answer to a prompt whose features are kept. */
struct verdict {
    uint64_t prompt_hash;
    int64_t provider, model; /* ids of names */
    int64_t pattern;         /* the same; 0: not known */
    bool good;               /* as is_correct says, else a quality of 4 or more */
};

/* The newest COUNT of those given from SINCE on and up to UNTIL, newest first: step with verdicts_next. */
struct query *verdicts_between(struct db *db, int64_t since, int64_t until, int64_t count);
bool verdicts_next(struct query *query, struct verdict *verdict);

/* The mean cost of the requests that a model has answered and that were rated, USD; NaN: none is known. */
struct model_cost {
    int64_t provider, model; /* ids of names; 0: not known */
    double avg_cost;
};
/* Those of that time, in SLOT, in no order: step with verdicts_costs_next. */
struct query *verdicts_costs(struct db *db, int slot, int64_t since, int64_t until);
bool verdicts_costs_next(struct query *query, struct model_cost *cost);

/* The prompts of the newest COUNT requests in that time, newest first, of those whose features are kept. Returns how
 * many there are. */
size_t requests_recent(struct db *db, int64_t since, int64_t until, size_t count, uint64_t *prompt_hashes);

/* -- what was learned ---------------------------------------------------------------------------------------------- */

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

/* Stores those of RUN instead of what was there; models of which nothing is predicted are left out. Within a write
 * transaction. */
void predictors_store(struct db *db, const struct retraining_run *run, const struct predictors *predictors);
/* Loads what advice needs, without calibration. None, if there are none or they are of other features. */
void predictors_load(struct db *db, struct predictors *predictors);

/* Whether what is stored can be read, and is of the last retraining. Within a snapshot. */
bool predictors_hold(struct db *db);

#endif
