/* routes: what ratings add up to by pattern and model, and what retraining made of them. Tables retraining_runs,
 * model_performance_history, routing. */
#ifndef PL_LEDGER_ROUTES_H
#define PL_LEDGER_ROUTES_H

#include "ledger/db.h"
#include "rules/routing.h"

/* The ratings of one pattern, provider and model. Owns its names. */
struct route {
    char *pattern, *provider, *model;
    struct rating_sums sums;
    struct group_figures figures;
    enum confidence_level previous; /* in the run before; CONFIDENCE_NONE: it was not in it */
};

/* Sure enough to be advised. */
static inline bool route_confident(const struct route *route) {
    return route->figures.confidence >= CONFIDENCE_MEDIUM;
}

/* In the order of pattern, model and provider. Zero-initialised is empty. */
struct routes {
    struct route *items;
    size_t count;
    int64_t feedback; /* ratings they are made of, those of groups that are too small included */
};

void routes_free(struct routes *routes);
/* Adds one at the end, with its names copied. */
struct route *routes_add(struct routes *routes, struct span pattern, struct span provider, struct span model);

/* The groups of at least MIN_SAMPLES ratings, of those given from SINCE on and up to UNTIL (microseconds), of requests
 * whose pattern and model are known; costs are those of SLOT. Within a snapshot. */
void routes_collect(struct db *db, int slot, int64_t since, int64_t until, int64_t min_samples, struct routes *routes);

/* A retraining as table retraining_runs keeps it. */
struct retraining_run {
    int64_t id;
    char run_id[48];
    int64_t at; /* microseconds since 1970 */
    int64_t window_days, min_samples;
    enum routing_policy policy;
    int64_t due_seconds; /* of --if-due; UNKNOWN: run without it */
};

/* The last run; false if there was none. */
bool routes_last_run(struct db *db, struct retraining_run *run);
/* What the run before the next one knew of each group: fills "previous". */
void routes_recall(struct db *db, const char *run_id, struct routes *routes);

/* Which policies take a route, as bits by enum routing_policy. */
typedef unsigned policies;

/* Stores RUN, whose id is set, a row of history for each route, and the confident ones as the new routing. CHOSEN: by
 * route. Within a write transaction. */
void routes_store(struct db *db, struct retraining_run *run, const struct routes *routes, const policies *chosen);

/* The routes of a pattern in the last run, low ones too; those that advice chooses among. */
void routes_of_pattern(struct db *db, const char *run_id, struct span pattern, struct routes *routes);

/* What requests of each pattern cost between SINCE and UNTIL: how many there were, and of those whose cost is known,
 * how many and how much (nano-dollars). */
struct traffic {
    int64_t requests, cost_known, cost;
};
void routes_traffic(struct db *db, int slot, int64_t since, int64_t until, void *context,
                    void (*on_pattern)(void *context, struct span pattern, const struct traffic *traffic));

/* The routing as rows, compared with what the last run's history gives. Within a snapshot. */
bool routes_hold(struct db *db);

#endif
