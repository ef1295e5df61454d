#include "learn/retrain.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "learn/train.h"
#include "ledger/schema.h"
#include "ledger/state.h"

enum { TRAFFIC_DAYS = 30 };

void retraining_free(struct retraining *retraining) {
    for (size_t i = 0; i < retraining->explanation_count; i++)
        text_free(&retraining->explanations[i].reason);
    free(retraining->explanations);
    routes_free(&retraining->routes);
    predictors_free(&retraining->predictors);
}

/* -- one at a time ---------------------------------------------------------------------------------------------- */

/* Locks a byte far beyond the file's end, where SQLite, which locks bytes about its first GiB, never looks. The lock is
 * the descriptor's, not the process's, so that SQLite's own are not lost with it. -1, with errno, if it cannot. */
static int lock_runs(const char *path) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)1 << 62, .l_len = 1};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fcntl(fd, F_OFD_SETLKW, &lock) != 0) {
        if (errno == EINTR)
            continue;
        close(fd);
        return -1;
    }
    return fd;
}

/* -- choosing --------------------------------------------------------------------------------------------------- */

/* The groups of a pattern stand together: their number from AT on. */
static size_t groups_of_pattern(const struct routes *routes, size_t at) {
    size_t count = 1;
    while (at + count < routes->count && strcmp(routes->items[at].pattern, routes->items[at + count].pattern) == 0)
        count++;
    return count;
}

/* The position among COUNT routes of the one that POLICY takes; -1: none. */
static int choose(enum routing_policy policy, const struct route *routes, size_t count, struct text *why) {
    struct candidate *candidates = xcalloc(count, sizeof *candidates);
    for (size_t i = 0; i < count; i++)
        candidates[i] = (struct candidate){
            .lower_bound = routes[i].figures.lower_bound,
            .avg_cost = routes[i].figures.avg_cost,
            .confidence = routes[i].figures.confidence,
            .predicted = (double)NAN,
            .provider = span_of(routes[i].provider),
            .model = span_of(routes[i].model),
        };
    int chosen = routing_choose(policy, candidates, count, why);
    free(candidates);
    return chosen;
}

/* By route, which policies take it. Freed by the caller. */
static policies *choose_all(const struct routes *routes) {
    policies *chosen = xcalloc(routes->count + 1, sizeof *chosen);
    for (size_t at = 0, count; at < routes->count; at += count) {
        count = groups_of_pattern(routes, at);
        for (int policy = POLICY_BALANCED; policy <= POLICY_COST; policy++) {
            int taken = choose((enum routing_policy)policy, &routes->items[at], count, NULL);
            if (taken >= 0)
                chosen[at + (size_t)taken] |= 1U << policy;
        }
    }
    return chosen;
}

static void count_changes(struct retraining *r) {
    for (size_t at = 0, count; at < r->routes.count; at += count) {
        size_t changes = 0;
        count = groups_of_pattern(&r->routes, at);
        for (size_t i = 0; i < count; i++)
            changes += route_confident(&r->routes.items[at + i]);
        r->changes += changes;
        r->patterns_updated += changes > 0;
    }
}

/* -- explaining ------------------------------------------------------------------------------------------------- */

static double savings(const struct traffic *traffic, const struct route *route) {
    if (route == NULL || traffic->cost_known == 0 || isnan(route->figures.avg_cost))
        return (double)NAN;
    return (double)traffic->cost / 1e9 - (double)traffic->cost_known * route->figures.avg_cost;
}

/* Explanations stand in the order of their patterns. */
static void take_traffic(void *context, struct span pattern, const struct traffic *traffic) {
    struct retraining *r = context;
    size_t low = 0, high = r->explanation_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = span_compare(pattern, span_of(r->explanations[middle].pattern));
        if (order == 0)
            r->explanations[middle].traffic = *traffic;
        if (order == 0)
            return;
        high = order < 0 ? middle : high;
        low = order < 0 ? low : middle + 1;
    }
}

static void explain(struct db *db, int slot, struct retraining *r) {
    int64_t until = r->run.at, since = until - TRAFFIC_DAYS * DAY_US;
    r->explanations = xcalloc(r->routes.count + 1, sizeof *r->explanations);
    for (size_t at = 0, count; at < r->routes.count; at += count) {
        struct explanation *e = &r->explanations[r->explanation_count++];
        count = groups_of_pattern(&r->routes, at);
        const struct route *first = &r->routes.items[at];
        int taken = choose(r->run.policy, first, count, &e->reason);
        e->pattern = first->pattern;
        e->first = first;
        e->count = count;
        e->route = taken >= 0 ? first + taken : NULL;
        if (e->route == NULL)
            text_clear(&e->reason);
        if (e->route == NULL)
            text_string(&e->reason, "no model has ratings that are many and good enough");
    }
    routes_traffic(db, slot, since, until, r, take_traffic);
    for (size_t i = 0; i < r->explanation_count; i++)
        r->explanations[i].monthly_savings = savings(&r->explanations[i].traffic, r->explanations[i].route);
}

/* -- runs ------------------------------------------------------------------------------------------------------- */

static bool due(const struct retrain_options *options, const struct retraining *r, int64_t now) {
    if (options->due_seconds == UNKNOWN || r->before.id == 0)
        return true;
    return now - r->before.at >= options->due_seconds * SECOND_US;
}

/* Time and number: readable, sortable, and no two alike. */
static void name_run(struct retraining_run *run) {
    time_t seconds = (time_t)(run->at / SECOND_US - (run->at % SECOND_US < 0));
    struct tm parts;
    char time[32] = "";
    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(time, sizeof time, "%Y%m%dT%H%M%SZ", &parts);
    snprintf(run->run_id, sizeof run->run_id, "%s-%lld", time, (long long)run->id);
}

static struct retraining_run new_run(const struct retrain_options *options, const struct retraining_run *before,
                                     int64_t now) {
    struct retraining_run run = {
        .id = before->id + 1,
        .at = now,
        .window_days = options->window_days,
        .min_samples = options->min_samples,
        .policy = options->policy_given ? options->policy : before->policy,
        .due_seconds = options->due_seconds,
    };
    name_run(&run);
    return run;
}

/* All that reads: in one snapshot. */
static bool compute(struct db *db, const struct retrain_options *options, struct retraining *r,
                    struct material *material) {
    int64_t now = clock_now();
    db_read_begin(db);
    routes_last_run(db, &r->before);
    bool is_due = due(options, r, now);
    if (is_due) {
        int slot = state_read(db).slot;
        r->run = new_run(options, &r->before, now);
        routes_collect(db, slot, now - options->window_days * DAY_US, now, options->min_samples, &r->routes);
        routes_recall(db, r->before.run_id, &r->routes);
        material_collect(db, slot, now - options->window_days * DAY_US, now, material);
        count_changes(r);
        if (options->explain)
            explain(db, slot, r);
    }
    db_read_end(db);
    return is_due;
}

static void store(struct db *db, struct retraining *r) {
    policies *chosen = choose_all(&r->routes);
    db_begin(db);
    routes_store(db, &r->run, &r->routes, chosen);
    predictors_store(db, &r->run, &r->predictors);
    db_commit(db);
    free(chosen);
}

static enum retrain_end run_on(struct db *db, const struct retrain_options *options, struct retraining *r,
                               struct text *error) {
    struct material material = {0};
    bool is_due = compute(db, options, r, &material);
    if (is_due && !db_failed(db))
        train(&material, &r->predictors);
    material_free(&material);
    if (is_due && !options->dry_run && !db_failed(db))
        store(db, r);
    if (!db_failed(db))
        return is_due ? RETRAIN_DONE : RETRAIN_NOT_DUE;
    text_clear(error);
    text_string(error, db_error(db));
    return RETRAIN_BROKEN;
}

enum retrain_end retrain(const char *path, const struct retrain_options *options, struct retraining *retraining,
                         struct text *error) {
    *retraining = (struct retraining){0};
    struct db *db = options->dry_run ? schema_open_read(path) : schema_open_write(path);
    int lock = options->dry_run || db_failed(db) ? -1 : lock_runs(path);
    if (!options->dry_run && !db_failed(db) && lock < 0)
        db_fail(db, "cannot be locked: %s", strerror(errno));
    enum retrain_end end = run_on(db, options, retraining, error);
    db_close(db);
    if (lock >= 0)
        close(lock); /* last: closing any descriptor of the file drops SQLite's own locks on it */
    return end;
}
