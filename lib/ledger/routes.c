#include "ledger/routes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "ledger/feedback.h"
#include "ledger/requests.h"

void routes_free(struct routes *routes) {
    for (size_t i = 0; i < routes->count; i++) {
        free(routes->items[i].pattern);
        free(routes->items[i].provider);
        free(routes->items[i].model);
    }
    free(routes->items);
    *routes = (struct routes){0};
}

struct route *routes_add(struct routes *routes, struct span pattern, struct span provider, struct span model) {
    routes->items = xreallocarray(routes->items, routes->count + 1, sizeof *routes->items);
    struct route *route = &routes->items[routes->count++];
    *route = (struct route){
        .pattern = xmemdup(pattern.s, pattern.n),
        .provider = xmemdup(provider.s, provider.n),
        .model = xmemdup(model.s, model.n),
    };
    return route;
}

/* They stand in the order of pattern, model and provider. */
static struct route *find(const struct routes *routes, struct span pattern, struct span provider, struct span model) {
    size_t low = 0, high = routes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct route *route = &routes->items[middle];
        int order = span_compare(pattern, span_of(route->pattern));
        order = order != 0 ? order : span_compare(model, span_of(route->model));
        order = order != 0 ? order : span_compare(provider, span_of(route->provider));
        if (order == 0)
            return route;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* -- collecting ------------------------------------------------------------------------------------------------- */

static void collect_ratings(struct db *db, int64_t since, int64_t until, int64_t min_samples, struct routes *routes) {
    struct query *query =
        db_query(db,
                 "SELECT c.text, p.text, m.text, g.ratings, g.quality, g.squares, g.verdicts, g.correct FROM "
                 "(SELECT coalesce(r.pattern, f.pattern) AS pattern, " RATED_MODEL
                 ", count(*) AS ratings, sum(f.quality_score) AS quality, "
                 "sum(f.quality_score * f.quality_score) AS squares, count(f.is_correct) AS verdicts, "
                 "coalesce(sum(f.is_correct), 0) AS correct "
                 "FROM feedback f LEFT JOIN request r ON r.request_id = f.request_id WHERE f.at >= ?1 AND f.at <= ?2 "
                 "GROUP BY 1, 2, 3) g JOIN name c ON c.id = g.pattern JOIN name m ON m.id = g.model "
                 "JOIN name p ON p.id = g.provider ORDER BY c.text, m.text, p.text");
    db_bind_integer(query, 1, since);
    db_bind_integer(query, 2, until);
    while (db_row(query)) {
        int64_t ratings = db_integer(query, 3);
        routes->feedback += ratings;
        if (ratings < min_samples)
            continue;
        struct route *route = routes_add(routes, db_text(query, 0), db_text(query, 1), db_text(query, 2));
        route->sums = (struct rating_sums){
            .ratings = ratings,
            .quality = db_integer(query, 4),
            .quality_squares = db_integer(query, 5),
            .verdicts = db_integer(query, 6),
            .correct = db_integer(query, 7),
        };
    }
}

/* Of a row q of request; parameter 3 is the slot. */
#define COST COST_IN("q", "?3")

/* A request counts once, however many ratings it has. */
static void collect_requests(struct db *db, int slot, int64_t since, int64_t until, const struct routes *routes) {
    struct query *query =
        db_query(db, "SELECT c.text, p.text, m.text, g.requests, g.known, g.cost, g.scored, g.scores FROM "
                     "(SELECT d.pattern, d.provider, d.model, count(*) AS requests, "
                     "count(" COST ") AS known, coalesce(sum(" COST "), 0) AS cost, "
                     "count(complexity_score) AS scored, coalesce(sum(complexity_score), 0) AS scores FROM "
                     "(SELECT DISTINCT r.id, coalesce(r.pattern, f.pattern) AS pattern, " RATED_MODEL
                     " FROM feedback f JOIN request r ON r.request_id = f.request_id "
                     "WHERE f.at >= ?1 AND f.at <= ?2) d JOIN request q ON q.id = d.id GROUP BY 1, 2, 3) g "
                     "JOIN name c ON c.id = g.pattern JOIN name p ON p.id = g.provider JOIN name m ON m.id = g.model");
    db_bind_integer(query, 1, since);
    db_bind_integer(query, 2, until);
    db_bind_integer(query, 3, slot);
    while (db_row(query)) {
        struct route *route = find(routes, db_text(query, 0), db_text(query, 1), db_text(query, 2));
        if (route == NULL)
            continue;
        route->sums.requests = db_integer(query, 3);
        route->sums.cost_known = db_integer(query, 4);
        route->sums.cost = db_integer(query, 5);
        route->sums.score_known = db_integer(query, 6);
        route->sums.scores = db_integer(query, 7);
    }
}

void routes_collect(struct db *db, int slot, int64_t since, int64_t until, int64_t min_samples, struct routes *routes) {
    collect_ratings(db, since, until, min_samples, routes);
    collect_requests(db, slot, since, until, routes);
    for (size_t i = 0; i < routes->count; i++)
        routes->items[i].figures = group_figures(&routes->items[i].sums);
}

void routes_traffic(struct db *db, int slot, int64_t since, int64_t until, void *context,
                    void (*on_pattern)(void *context, struct span pattern, const struct traffic *traffic)) {
    struct query *query = db_query(
        db, "SELECT c.text, g.requests, g.known, g.cost FROM (SELECT pattern, count(*) AS requests, "
            "count(" COST ") AS known, coalesce(sum(" COST "), 0) AS cost FROM request q "
            "WHERE at >= ?1 AND at <= ?2 AND pattern IS NOT NULL GROUP BY pattern) g JOIN name c ON c.id = g.pattern");
    db_bind_integer(query, 1, since);
    db_bind_integer(query, 2, until);
    db_bind_integer(query, 3, slot);
    while (db_row(query)) {
        const struct traffic traffic = {db_integer(query, 1), db_integer(query, 2), db_integer(query, 3)};
        on_pattern(context, db_text(query, 0), &traffic);
    }
}

/* -- runs ------------------------------------------------------------------------------------------------------- */

bool routes_last_run(struct db *db, struct retraining_run *run) {
    struct query *query = db_query(db, "SELECT id, run_id, run_at, window_days, min_samples, policy, "
                                       "(SELECT due_seconds FROM retraining_runs WHERE due_seconds IS NOT NULL "
                                       "ORDER BY id DESC LIMIT 1) FROM retraining_runs ORDER BY id DESC LIMIT 1");
    *run = (struct retraining_run){.due_seconds = UNKNOWN};
    if (!db_row(query))
        return false;
    run->id = db_integer(query, 0);
    snprintf(run->run_id, sizeof run->run_id, "%s", db_text(query, 1).s);
    run->at = db_integer(query, 2);
    run->window_days = db_integer(query, 3);
    run->min_samples = db_integer(query, 4);
    policy_named(db_text(query, 5).s, &run->policy);
    run->due_seconds = db_optional(query, 6, UNKNOWN);
    db_end(query);
    return true;
}

void routes_recall(struct db *db, const char *run_id, struct routes *routes) {
    struct query *query = db_query(db, "SELECT pattern, provider, model, confidence_level "
                                       "FROM model_performance_history WHERE retraining_run_id = ?1");
    db_bind_text(query, 1, span_of(run_id));
    while (db_row(query)) {
        struct route *route = find(routes, db_text(query, 0), db_text(query, 1), db_text(query, 2));
        if (route != NULL)
            confidence_level_named(db_text(query, 3), &route->previous);
    }
}

static void store_run(struct db *db, struct retraining_run *run, const struct routes *routes) {
    char time[TIME_TEXT];
    int64_t changes = 0, patterns = 0;
    const char *last = NULL;
    for (size_t i = 0; i < routes->count; i++) {
        if (!route_confident(&routes->items[i]))
            continue;
        patterns += last == NULL || strcmp(last, routes->items[i].pattern) != 0;
        last = routes->items[i].pattern;
        changes++;
    }
    time_format(run->at, time);
    struct query *query =
        db_query(db, "INSERT INTO retraining_runs(id, run_id, timestamp, run_at, window_days, min_samples, policy, "
                     "total_feedback, total_groups, patterns_updated, total_changes, due_seconds) "
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    db_bind_integer(query, 1, run->id);
    db_bind_text(query, 2, span_of(run->run_id));
    db_bind_text(query, 3, span_of(time));
    db_bind_integer(query, 4, run->at);
    db_bind_integer(query, 5, run->window_days);
    db_bind_integer(query, 6, run->min_samples);
    db_bind_text(query, 7, span_of(policy_name(run->policy)));
    db_bind_integer(query, 8, routes->feedback);
    db_bind_integer(query, 9, (int64_t)routes->count);
    db_bind_integer(query, 10, patterns);
    db_bind_integer(query, 11, changes);
    db_bind_optional(query, 12, run->due_seconds, UNKNOWN);
    db_run(query);
}

static void store_history(struct db *db, const struct retraining_run *run, const struct route *route) {
    char time[TIME_TEXT];
    const struct group_figures *f = &route->figures;
    time_format(run->at, time);
    struct query *query =
        db_query(db,
                 "INSERT INTO model_performance_history(pattern, provider, model, avg_quality_score, correctness_rate, "
                 "sample_count, confidence_level, avg_cost, total_cost, quality_deviation, quality_lower_bound, "
                 "avg_complexity, verdict_count, previous_confidence, updated_at, retraining_run_id) "
                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
    db_bind_text(query, 1, span_of(route->pattern));
    db_bind_text(query, 2, span_of(route->provider));
    db_bind_text(query, 3, span_of(route->model));
    db_bind_real(query, 4, f->avg_quality);
    db_bind_real(query, 5, f->correctness_rate);
    db_bind_integer(query, 6, route->sums.ratings);
    db_bind_text(query, 7, span_of(confidence_level_name(f->confidence)));
    db_bind_real(query, 8, f->avg_cost);
    db_bind_real(query, 9, f->total_cost);
    db_bind_real(query, 10, f->deviation);
    db_bind_real(query, 11, f->lower_bound);
    db_bind_real(query, 12, f->avg_complexity);
    db_bind_integer(query, 13, route->sums.verdicts);
    db_bind_text(query, 14,
                 span_of(route->previous != CONFIDENCE_NONE ? confidence_level_name(route->previous) : NULL));
    db_bind_text(query, 15, span_of(time));
    db_bind_text(query, 16, span_of(run->run_id));
    db_run(query);
}

static void policies_json(policies chosen, struct text *json) {
    text_string(json, "[");
    for (int policy = POLICY_BALANCED; policy <= POLICY_COST; policy++)
        if ((chosen & 1U << policy) != 0)
            text_format(json, "%s\"%s\"", json->n > 1 ? "," : "", policy_name((enum routing_policy)policy));
    text_string(json, "]");
}

static void store_routing(struct db *db, const struct retraining_run *run, const struct route *route, policies chosen) {
    char time[TIME_TEXT];
    struct text json = {0};
    const struct group_figures *f = &route->figures;
    time_format(run->at, time);
    policies_json(chosen, &json);
    struct query *query =
        db_query(db, "INSERT INTO routing(pattern, provider, model, confidence_level, sample_count, avg_quality_score, "
                     "quality_lower_bound, correctness_rate, avg_cost, chosen_by, updated_at, retraining_run_id) "
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    db_bind_text(query, 1, span_of(route->pattern));
    db_bind_text(query, 2, span_of(route->provider));
    db_bind_text(query, 3, span_of(route->model));
    db_bind_text(query, 4, span_of(confidence_level_name(f->confidence)));
    db_bind_integer(query, 5, route->sums.ratings);
    db_bind_real(query, 6, f->avg_quality);
    db_bind_real(query, 7, f->lower_bound);
    db_bind_real(query, 8, f->correctness_rate);
    db_bind_real(query, 9, f->avg_cost);
    db_bind_text(query, 10, text_span(&json));
    db_bind_text(query, 11, span_of(time));
    db_bind_text(query, 12, span_of(run->run_id));
    db_run(query);
    text_free(&json);
}

void routes_store(struct db *db, struct retraining_run *run, const struct routes *routes, const policies *chosen) {
    store_run(db, run, routes);
    db_script(db, "DELETE FROM routing");
    for (size_t i = 0; i < routes->count; i++) {
        store_history(db, run, &routes->items[i]);
        if (route_confident(&routes->items[i]))
            store_routing(db, run, &routes->items[i], chosen[i]);
    }
}

/* -- reading ---------------------------------------------------------------------------------------------------- */

void routes_of_pattern(struct db *db, const char *run_id, struct span pattern, struct routes *routes) {
    struct query *query =
        db_query(db, "SELECT provider, model, confidence_level, sample_count, avg_quality_score, correctness_rate, "
                     "quality_lower_bound, avg_cost FROM model_performance_history WHERE retraining_run_id = ?1 "
                     "AND pattern = ?2 ORDER BY model, provider");
    db_bind_text(query, 1, span_of(run_id));
    db_bind_text(query, 2, pattern);
    while (db_row(query)) {
        struct route *route = routes_add(routes, pattern, db_text(query, 0), db_text(query, 1));
        confidence_level_named(db_text(query, 2), &route->figures.confidence);
        route->sums.ratings = db_integer(query, 3);
        route->figures.avg_quality = db_real(query, 4);
        route->figures.correctness_rate = db_real(query, 5);
        route->figures.lower_bound = db_real(query, 6);
        route->figures.avg_cost = db_real(query, 7);
    }
}

bool routes_hold(struct db *db) {
    return db_value(
               db,
               "SELECT count(*) FROM (SELECT * FROM (SELECT pattern, provider, model, confidence_level, sample_count, "
               "avg_quality_score, quality_lower_bound, correctness_rate, avg_cost, updated_at, retraining_run_id "
               "FROM model_performance_history WHERE confidence_level IN ('medium', 'high') AND retraining_run_id = "
               "(SELECT run_id FROM retraining_runs ORDER BY id DESC LIMIT 1) EXCEPT "
               "SELECT pattern, provider, model, confidence_level, sample_count, avg_quality_score, "
               "quality_lower_bound, correctness_rate, avg_cost, updated_at, retraining_run_id FROM routing) "
               "UNION ALL SELECT * FROM (SELECT pattern, provider, model, confidence_level, sample_count, "
               "avg_quality_score, quality_lower_bound, correctness_rate, avg_cost, updated_at, retraining_run_id "
               "FROM routing EXCEPT SELECT pattern, provider, model, confidence_level, sample_count, "
               "avg_quality_score, quality_lower_bound, correctness_rate, avg_cost, updated_at, retraining_run_id "
               "FROM model_performance_history WHERE confidence_level IN ('medium', 'high') AND retraining_run_id = "
               "(SELECT run_id FROM retraining_runs ORDER BY id DESC LIMIT 1)))",
               0) == 0;
}
