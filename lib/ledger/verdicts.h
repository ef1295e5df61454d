/* verdicts: what predictors are made of: ratings of answers to prompts whose features are kept, what such answers cost,
 * and which prompts there were of late. It reads tables feedback, request and prompt_features, and writes nothing. */
#ifndef PL_LEDGER_VERDICTS_H
#define PL_LEDGER_VERDICTS_H

#include "ledger/db.h"

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
size_t verdicts_recent_prompts(struct db *db, int64_t since, int64_t until, size_t count, uint64_t *prompt_hashes);

#endif
