/* usage: what reports read of requests, ratings, retraining, routing and budgets. It writes nothing.
 *
 * Each query is stepped with db_row, unless it has a function of its own; its columns are listed, from 0. Amounts are
 * as the tables keep them: nano-dollars, microseconds since 1970. Costs are those of a slot: as given, else as priced.
 */
#ifndef PL_LEDGER_USAGE_H
#define PL_LEDGER_USAGE_H

#include "ledger/db.h"
#include "ledger/state.h"
#include "ledger/workflows.h"

/* -- tokens and costs -- */

/* What a row is counted by: its time, or the id of a name. */
enum usage_key { USAGE_TIME, USAGE_MODEL, USAGE_PROVIDER, USAGE_ACCOUNT, USAGE_SESSION, USAGE_PATTERN };

enum usage_amount { USAGE_INPUT, USAGE_OUTPUT, USAGE_CACHE_READ, USAGE_CACHE_WRITE, USAGE_COST, USAGE_AMOUNTS };

struct usage_row {
    int64_t key;                    /* 0: a name that is not known */
    int64_t amounts[USAGE_AMOUNTS]; /* each may be UNKNOWN */
};

/* All requests that FILTER lets pass, in no order: step with usage_next. */
struct query *usage_requests(struct db *db, int slot, const struct filter *filter, enum usage_key key);
/* The workflows that no request names as its own. They have no provider and no pattern: by its provider, the key is
 * the model. */
struct query *usage_workflows(struct db *db, int slot, const struct filter *filter, enum usage_key key);
bool usage_next(struct query *query, struct usage_row *row);

/* Adds MORE to SUM. False, and DB fails, if it does not fit; WHAT is in the message. */
bool usage_add(struct db *db, int64_t *sum, int64_t more, const char *what);
/* Appends the name with this id; false if there is none. */
bool usage_name(struct db *db, int64_t id, struct text *name);
/* Counts the requests that FILTER lets pass, their costs, and the ratings: into these members of TOTALS. */
void usage_count(struct db *db, int slot, const struct filter *filter, struct totals *totals);

/* -- ratings -- */

/* The ratings by the model of their request (NULL: not known), the most frequent first: model, ratings, the sum of
 * their quality, known verdicts, those that are true. */
struct query *usage_ratings(struct db *db, const struct filter *filter);

/* -- retraining -- */

struct usage_runs {
    int64_t runs;
    int64_t last_at;           /* NO_TIME: there was none */
    int64_t next_at;           /* NO_TIME: nothing says */
    int64_t high, medium, low; /* patterns of the last run, each at its best confidence */
};
struct usage_runs usage_runs(struct db *db);

/* How the models of a pattern did in each run, the newest first: model, provider, mean quality, correctness, ratings,
 * confidence, updated_at (a text), mean cost in USD, the run's id. */
struct query *usage_trends(struct db *db, struct span pattern);
/* Whether any request or rating is of this pattern: looks through all of them. */
bool usage_pattern_known(struct db *db, struct span pattern);

/* The routing table, by pattern, the best first, with what became of the advice it gave: pattern, provider, model,
 * confidence, ratings, mean quality, its lower bound, correctness, mean cost in USD, policies (a JSON array),
 * updated_at (a text), times advised, followed, not followed. */
struct query *usage_routing(struct db *db);
/* What predictions are worth, on prompts that they were not learned from: provider, model, verdict_count, good_rate,
 * brier_score, base_brier_score, avg_cost, updated_at. */
struct query *usage_predictors(struct db *db);
/* The same by tenths of what was predicted, by model or of all together: provider, model, bin, verdict_count,
 * avg_predicted, good_rate. */
struct query *usage_calibration(struct db *db, bool by_model);
/* Requests for which a model was advised, and whether they took it: followed (1 or 0), how many, verdicts, share of
 * good ones, mean rating, mean cost in SLOT (USD), mean of what was predicted of the advised model. */
struct query *usage_advice(struct db *db, int slot);

/* At most LIMIT budget patterns (negative: all), the most used first: the columns of budget_patterns up to
 * created_at. */
struct query *usage_budgets(struct db *db, int64_t limit);

#endif
