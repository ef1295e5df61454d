#include "learn/advise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "ledger/advice.h"
#include "ledger/budgets.h"
#include "ledger/features.h"
#include "ledger/knowledge.h"
#include "ledger/names.h"
#include "ledger/predictors.h"
#include "ledger/schema.h"
#include "ledger/state.h"
#include "rules/budgets.h"
#include "rules/models.h"

enum {
    LOOK_MS = 1000,     /* how often to look for a new retraining */
    REFRESH_MS = 60000, /* and how old the budgets of classes may be, while records come in */
    COMPLEXITIES = 4,
    PATTERNS_MAX = 1024,
};

/* What is known of a pattern, as long as the database does not change. */
struct known_pattern {
    char *name;
    struct routes routes;         /* those that may be advised */
    struct candidate *candidates; /* the same, to be chosen among */
    int *predictors;              /* by candidate, the number of its predictor; -1: none */
    double *predicted;            /* of the prompt at hand */
    int chosen;                   /* where nothing is predicted; -1: none */
    struct text reason;
    int64_t class_budget[COMPLEXITIES]; /* 0: not asked for yet; UNKNOWN: too few requests */
};

struct adviser {
    const struct adviser_options *options;
    struct db *db; /* NULL: none is of use */
    struct names *names;
    bool missing;  /* there was no database; there may be one later */
    bool reading;  /* a snapshot is open, of which all advice is until adviser_commit */
    bool noting;   /* a transaction is open */
    bool silenced; /* the warning was given */
    struct prompt_rules *rules;
    int64_t rules_id;          /* of the database's, if they are; else 0 */
    struct retraining_run run; /* id 0: none */
    struct predictors predictors;
    int dearest;                /* for a share of prompts: a predictor's number; -1: it cannot be told */
    struct threshold threshold; /* and what they must need */
    bool share_told;            /* that there is none */
    struct known_pattern *patterns;
    size_t pattern_count;
    int64_t opened_at, looked_at, loaded_at; /* when the database was last tried, looked at, and read */
    int64_t version;                         /* of its data, when it was read */
    int64_t history;                         /* whether any prompt has one; UNKNOWN: not asked since adviser_commit */
    struct text scratch, reason;
};

/* -- models ----------------------------------------------------------------------------------------------------- */

static bool allowed(const struct adviser_options *options, const char *provider, const char *model) {
    if (options->models == NULL)
        return true;
    for (const char *const *name = options->models; *name != NULL; name++)
        if (model_is_named(provider, model, *name))
            return true;
    return false;
}

/* -- shares ----------------------------------------------------------------------------------------------------- */

/* Models that have a predictor and may be advised, at what they cost in all, with PREDICTED of each. */
static size_t predicted_candidates(const struct adviser *adviser, const double *predicted,
                                   struct candidate candidates[PREDICTOR_MODELS_MAX],
                                   int numbers[PREDICTOR_MODELS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < adviser->predictors.predictor.models; i++) {
        const struct predicted_model *name = &adviser->predictors.names[i];
        if (!allowed(adviser->options, name->provider, name->model))
            continue;
        candidates[count] = (struct candidate){(double)NAN,  name->avg_cost,          CONFIDENCE_NONE,
                                               predicted[i], span_of(name->provider), span_of(name->model)};
        numbers[count++] = (int)i;
    }
    return count;
}

/* How much a prompt of which this is predicted needs the dearest model; as precise as what thresholds are made of. */
static double need_of(const struct adviser *adviser, const double *predicted) {
    struct candidate candidates[PREDICTOR_MODELS_MAX];
    int numbers[PREDICTOR_MODELS_MAX], at = 0;
    size_t count = predicted_candidates(adviser, predicted, candidates, numbers);
    for (size_t i = 0; i < count; i++) {
        candidates[i].predicted = (double)(float)candidates[i].predicted;
        at = numbers[i] == adviser->dearest ? (int)i : at;
    }
    return routing_need(candidates, count, at);
}

/* Which model is the dearest, and what of recent prompts the share of those needed that needed it most. */
static void set_threshold(struct adviser *adviser) {
    const struct predictors *predictors = &adviser->predictors;
    struct candidate candidates[PREDICTOR_MODELS_MAX];
    int numbers[PREDICTOR_MODELS_MAX];
    double predicted[PREDICTOR_MODELS_MAX] = {0};
    adviser->dearest = -1;
    if (!adviser->options->share_given)
        return;
    int at = routing_dearest(candidates, predicted_candidates(adviser, predicted, candidates, numbers));
    if (at >= 0 && predictors->recent > 0)
        adviser->dearest = numbers[at];
    if (adviser->dearest < 0)
        return;
    double *needs = xcalloc(predictors->recent, sizeof *needs);
    for (size_t i = 0; i < predictors->recent; i++) {
        for (size_t model = 0; model < predictors->predictor.models; model++)
            predicted[model] = (double)predictors->names[model].recent[i];
        needs[i] = need_of(adviser, predicted);
    }
    adviser->threshold = routing_threshold(needs, predictors->recent, adviser->options->strong_share);
    free(needs);
}

/* -- the database ----------------------------------------------------------------------------------------------- */

static void forget(struct adviser *adviser) {
    for (size_t i = 0; i < adviser->pattern_count; i++) {
        free(adviser->patterns[i].name);
        routes_free(&adviser->patterns[i].routes);
        free(adviser->patterns[i].candidates);
        free(adviser->patterns[i].predictors);
        free(adviser->patterns[i].predicted);
        text_free(&adviser->patterns[i].reason);
    }
    adviser->pattern_count = 0;
}

static void warn(struct adviser *adviser, const char *why) {
    if (adviser->silenced)
        return;
    adviser->silenced = true;
    text_clear(&adviser->scratch);
    text_format(&adviser->scratch, "warning: %s; going on without it", why);
    adviser->options->on_warning(adviser->options->context, adviser->scratch.s);
}

static void close_database(struct adviser *adviser) {
    names_free(adviser->names);
    db_close(adviser->db);
    adviser->names = NULL;
    adviser->db = NULL;
    adviser->reading = adviser->noting = false;
    adviser->run = (struct retraining_run){0};
    predictors_free(&adviser->predictors);
    adviser->dearest = -1;
    forget(adviser);
}

/* Does without the database once it has failed. */
static bool usable(struct adviser *adviser) {
    if (adviser->db != NULL && db_failed(adviser->db)) {
        warn(adviser, db_error(adviser->db));
        close_database(adviser);
    }
    return adviser->db != NULL;
}

static void note_loaded(const struct adviser *adviser) {
    struct text line = {0};
    if (adviser->options->on_note == NULL)
        return;
    text_format(&line, "Loaded %lld budget patterns", (long long)budgets_rows(adviser->db));
    adviser->options->on_note(adviser->options->context, line.s);
    text_clear(&line);
    if (adviser->run.id != 0)
        text_format(&line, "Loaded routing of run %s", adviser->run.run_id);
    else
        text_string(&line, "No retraining yet: no model to advise");
    adviser->options->on_note(adviser->options->context, line.s);
    text_clear(&line);
    text_format(&line, "Loaded predictors of %zu models", adviser->predictors.predictor.models);
    adviser->options->on_note(adviser->options->context, line.s);
    text_free(&line);
}

/* Prompts are seen as the database sees them. */
static void take_rules(struct adviser *adviser) {
    struct knowledge knowledge;
    struct text error = {0};
    int64_t id = state_read(adviser->db).rules;
    if (id == 0 || id == adviser->rules_id || !knowledge_read(adviser->db, id, &knowledge))
        return;
    struct prompt_rules *rules = knowledge.base[PART_PROMPTS].n > 0 ? knowledge_prompts(&knowledge, &error) : NULL;
    if (rules != NULL) {
        prompts_free(adviser->rules);
        adviser->rules = rules;
        adviser->rules_id = id;
    }
    knowledge_free(&knowledge);
    text_free(&error);
}

/* Predictors are many bytes: they are read again only when there are others. */
static void take_predictors(struct adviser *adviser, int64_t run_before) {
    if (adviser->run.id == run_before)
        return;
    predictors_free(&adviser->predictors);
    predictors_load(adviser->db, &adviser->predictors);
    set_threshold(adviser);
}

static void load(struct adviser *adviser) {
    int64_t run_before = adviser->run.id;
    forget(adviser);
    adviser->loaded_at = clock_monotonic_ms();
    adviser->version = db_data_version(adviser->db);
    db_read_begin(adviser->db); /* of one retraining, whatever others do */
    routes_last_run(adviser->db, &adviser->run);
    take_rules(adviser);
    take_predictors(adviser, run_before);
    db_read_end(adviser->db);
}

static void open_database(struct adviser *adviser) {
    const struct adviser_options *options = adviser->options;
    adviser->opened_at = adviser->looked_at = clock_monotonic_ms();
    adviser->missing = !options->record && access(options->path, F_OK) != 0;
    adviser->db = options->record ? schema_open_write(options->path) : schema_open_glance(options->path);
    if (!usable(adviser))
        return;
    adviser->names = names_new(adviser->db);
    load(adviser);
    if (usable(adviser))
        note_loaded(adviser);
}

/* Whether another process has written what advice should follow: at once, or in a while. */
static bool outdated(struct adviser *adviser, int64_t now) {
    struct retraining_run run;
    if (db_data_version(adviser->db) == adviser->version)
        return false;
    routes_last_run(adviser->db, &run);
    return run.id != adviser->run.id || state_read(adviser->db).rules != adviser->rules_id ||
           now - adviser->loaded_at > REFRESH_MS;
}

/* Now and then looks whether there is something new. */
static void look(struct adviser *adviser) {
    int64_t now = clock_monotonic_ms();
    if (now - adviser->looked_at < LOOK_MS || adviser->reading || adviser->noting) /* the next commit is near */
        return;
    adviser->looked_at = now;
    if (adviser->db == NULL &&
        (adviser->missing ? access(adviser->options->path, F_OK) == 0 : now - adviser->opened_at > REFRESH_MS))
        open_database(adviser);
    else if (adviser->db != NULL && outdated(adviser, now))
        load(adviser);
}

struct adviser *adviser_new(const struct adviser_options *options, struct text *error) {
    struct adviser *adviser = xcalloc(1, sizeof *adviser);
    adviser->options = options;
    adviser->dearest = -1;
    adviser->history = UNKNOWN;
    open_database(adviser);
    if (adviser->rules == NULL)
        adviser->rules = knowledge_own_prompts(error);
    if (adviser->rules != NULL)
        return adviser;
    adviser_free(adviser);
    return NULL;
}

void adviser_free(struct adviser *adviser) {
    if (adviser == NULL)
        return;
    close_database(adviser);
    prompts_free(adviser->rules);
    free(adviser->patterns);
    text_free(&adviser->scratch);
    text_free(&adviser->reason);
    free(adviser);
}

/* -- candidates ------------------------------------------------------------------------------------------------- */

static void keep_allowed(const struct adviser_options *options, struct routes *routes) {
    size_t kept = 0;
    for (size_t i = 0; i < routes->count; i++) {
        struct route swap = routes->items[kept];
        if (!allowed(options, routes->items[i].provider, routes->items[i].model))
            continue;
        routes->items[kept++] = routes->items[i];
        routes->items[i] = i >= kept ? swap : routes->items[i];
    }
    for (size_t i = kept; i < routes->count; i++) {
        free(routes->items[i].pattern);
        free(routes->items[i].provider);
        free(routes->items[i].model);
    }
    routes->count = kept;
}

static enum routing_policy policy_of(const struct adviser *adviser) {
    return adviser->options->policy_given ? adviser->options->policy : adviser->run.policy;
}

static int by_model(const void *a, const void *b) {
    const struct route *x = a, *y = b;
    int order = strcmp(x->model, y->model);
    return order != 0 ? order : strcmp(x->provider, y->provider);
}

static int predictor_of(const struct adviser *adviser, const struct route *route) {
    for (size_t i = 0; i < adviser->predictors.predictor.models; i++)
        if (strcmp(adviser->predictors.names[i].model, route->model) == 0 &&
            strcmp(adviser->predictors.names[i].provider, route->provider) == 0)
            return (int)i;
    return -1;
}

static bool has_route(const struct routes *routes, const struct predicted_model *name) {
    for (size_t i = 0; i < routes->count; i++)
        if (strcmp(routes->items[i].model, name->model) == 0 && strcmp(routes->items[i].provider, name->provider) == 0)
            return true;
    return false;
}

/* Models that have a predictor are candidates for any pattern, at what they cost in all. */
static void add_predicted(const struct adviser *adviser, struct span pattern, struct routes *routes) {
    for (size_t i = 0; i < adviser->predictors.predictor.models; i++) {
        const struct predicted_model *name = &adviser->predictors.names[i];
        if (has_route(routes, name))
            continue;
        struct route *route = routes_add(routes, pattern, span_of(name->provider), span_of(name->model));
        route->figures = group_figures(&(struct rating_sums){0});
        route->figures.avg_cost = name->avg_cost;
    }
    if (routes->count > 0)
        qsort(routes->items, routes->count, sizeof *routes->items, by_model);
}

static void list_candidates(const struct adviser *adviser, struct known_pattern *pattern) {
    const struct routes *routes = &pattern->routes;
    pattern->candidates = xcalloc(routes->count + 1, sizeof *pattern->candidates);
    pattern->predictors = xcalloc(routes->count + 1, sizeof *pattern->predictors);
    pattern->predicted = xcalloc(routes->count + 1, sizeof *pattern->predicted);
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->items[i];
        pattern->candidates[i] = (struct candidate){route->figures.lower_bound, route->figures.avg_cost,
                                                    route->figures.confidence,  (double)NAN,
                                                    span_of(route->provider),   span_of(route->model)};
        pattern->predictors[i] = predictor_of(adviser, route);
    }
}

/* Where nothing is predicted. */
static void choose(struct adviser *adviser, struct known_pattern *pattern) {
    size_t count = pattern->routes.count, groups = 0;
    pattern->chosen = routing_choose(policy_of(adviser), pattern->candidates, count, &pattern->reason);
    for (size_t i = 0; i < count; i++)
        groups += pattern->routes.items[i].sums.ratings > 0;
    if (pattern->chosen < 0) {
        text_clear(&pattern->reason);
        text_string(&pattern->reason, groups > 0 ? "no model has ratings that are many and good enough"
                                                 : "nothing learned yet about such prompts");
    }
}

static struct known_pattern *pattern_of(struct adviser *adviser, struct span name) {
    for (size_t i = 0; i < adviser->pattern_count; i++)
        if (span_is(name, adviser->patterns[i].name))
            return &adviser->patterns[i];
    if (adviser->pattern_count == PATTERNS_MAX) /* names that callers give have no end */
        forget(adviser);
    adviser->patterns = xreallocarray(adviser->patterns, PATTERNS_MAX, sizeof *adviser->patterns);
    struct known_pattern *pattern = &adviser->patterns[adviser->pattern_count++];
    *pattern = (struct known_pattern){.name = xmemdup(name.s, name.n)};
    if (adviser->db != NULL && adviser->run.id != 0)
        routes_of_pattern(adviser->db, adviser->run.run_id, name, &pattern->routes);
    add_predicted(adviser, name, &pattern->routes);
    keep_allowed(adviser->options, &pattern->routes);
    list_candidates(adviser, pattern);
    choose(adviser, pattern);
    return pattern;
}

/* -- budgets ---------------------------------------------------------------------------------------------------- */

/* What good requests of the class took; UNKNOWN if there are too few. */
static int64_t class_budget(struct adviser *adviser, struct known_pattern *pattern, int64_t complexity) {
    int64_t *budget = &pattern->class_budget[complexity];
    if (*budget != 0)
        return *budget;
    struct span name = span_of(pattern->name);
    int64_t count = budgets_class_count(adviser->db, name, complexity);
    int64_t tokens = UNKNOWN;
    if (count >= CLASS_REQUESTS)
        tokens = budgets_class_tokens(adviser->db, name, complexity, budget_percentile_rank(count));
    *budget = tokens != UNKNOWN ? budget_from_class(tokens) : UNKNOWN;
    return *budget;
}

/* The hash of its prompt, which takes a while: so it is not made before something needs it. */
static uint64_t hash_of(const struct request_record *request) {
    return request->prompt.s != NULL ? hash_prompt(request->prompt) : request->prompt_hash;
}

/* What requests with the same prompt were like; false if there were none, or none that tells. */
static bool recall(struct adviser *adviser, const struct request_record *request, int64_t *quality, int64_t *count) {
    if (!request->hashed)
        return false;
    if (adviser->history == UNKNOWN)
        adviser->history = budgets_any(adviser->db);
    return adviser->history != 0 && budgets_history(adviser->db, hash_of(request), quality, count) && *count > 0;
}

static void advise_budget(struct adviser *adviser, struct known_pattern *pattern, const struct request_record *request,
                          struct advice *advice) {
    bool known = advice->complexity != UNKNOWN;
    enum prompt_complexity complexity = known ? (enum prompt_complexity)advice->complexity : PROMPT_MODERATE;
    int64_t quality, count;
    advice->budget_source = "default";
    advice->thinking_budget = budget_default(complexity);
    if (adviser->db == NULL)
        return;
    int64_t tokens = pattern != NULL && known ? class_budget(adviser, pattern, complexity) : UNKNOWN;
    if (tokens != UNKNOWN) {
        advice->budget_source = "class";
        advice->thinking_budget = tokens;
    } else if (recall(adviser, request, &quality, &count)) {
        advice->budget_source = "history";
        advice->thinking_budget = budget_from_history(complexity, quality, count);
    }
}

/* -- predictions ------------------------------------------------------------------------------------------------ */

/* What each predictor says of the prompt. False if nothing can be said. */
static bool predict(struct adviser *adviser, const struct request_record *request,
                    double predicted[PREDICTOR_MODELS_MAX]) {
    struct features features;
    if (adviser->predictors.predictor.models == 0)
        return false;
    if (request->prompt.s != NULL)
        features_of(request->prompt, &features);
    else if (!request->hashed || !features_recall(adviser->db, hash_of(request), &features))
        return false;
    predictor_predict(&adviser->predictors.predictor, &features, predicted);
    return true;
}

/* Of the candidates that are not the dearest, the one that the policy takes; or the dearest, for a prompt that is one
 * of those that need it most. */
static int choose_by_share(struct adviser *adviser, const struct known_pattern *pattern,
                           const struct request_record *request, const double *predicted) {
    int dearest = -1;
    for (size_t i = 0; i < pattern->routes.count; i++)
        dearest = pattern->predictors[i] == adviser->dearest ? (int)i : dearest;
    if (dearest < 0)
        return routing_choose(policy_of(adviser), pattern->candidates, pattern->routes.count, &adviser->reason);
    double need = need_of(adviser, predicted);
    if (routing_needs(&adviser->threshold, need, hash_of(request))) {
        text_format(&adviser->reason, "needs the dearest model (%+.2f), as %.0f%% of requests do most", need,
                    100 * adviser->options->strong_share);
        return dearest;
    }
    text_format(&adviser->reason, "can do without the dearest model (%+.2f)", need);
    size_t others = 0;
    for (size_t i = 0; i < pattern->routes.count; i++)
        others += (int)i != dearest && !isnan(pattern->candidates[i].predicted) ? 1 : 0;
    text_string(&adviser->reason, others > 1 ? ": " : "");
    pattern->candidates[dearest].predicted = (double)NAN;
    return routing_choose(policy_of(adviser), pattern->candidates, pattern->routes.count,
                          others > 1 ? &adviser->reason : NULL);
}

/* PREDICTED is NULL where nothing is. */
static void advise_model(struct adviser *adviser, struct known_pattern *pattern, const struct request_record *request,
                         const double *predicted, struct advice *advice) {
    int chosen = pattern->chosen;
    bool any = predicted != NULL;
    for (size_t i = 0; i < pattern->routes.count; i++) {
        int number = pattern->predictors[i];
        pattern->predicted[i] = any && number >= 0 ? predicted[number] : (double)NAN;
        pattern->candidates[i].predicted = pattern->predicted[i];
    }
    advice->reason = pattern->reason.s;
    if (any && pattern->routes.count > 0) {
        text_clear(&adviser->reason);
        if (adviser->dearest >= 0)
            chosen = choose_by_share(adviser, pattern, request, predicted);
        else
            chosen = routing_choose(policy_of(adviser), pattern->candidates, pattern->routes.count, &adviser->reason);
        advice->reason = chosen >= 0 ? adviser->reason.s : pattern->reason.s;
    }
    advice->route = chosen >= 0 ? &pattern->routes.items[chosen] : NULL;
    advice->candidates = pattern->routes.items;
    advice->predicted = pattern->predicted;
    advice->candidate_count = pattern->routes.count;
}

/* -- advice ----------------------------------------------------------------------------------------------------- */

/* A share that nothing can be sent by is told once. */
static void tell_share(struct adviser *adviser) {
    if (!adviser->options->share_given || adviser->share_told || adviser->db == NULL || adviser->dearest >= 0)
        return;
    adviser->share_told = true;
    adviser->options->on_warning(adviser->options->context,
                                 "warning: --strong-share needs predictions and costs of two models: going by policy");
}

static void advise(struct adviser *adviser, const struct request_record *request, struct advice *advice) {
    struct request_view view;
    view_of(adviser->rules, request, &view);
    *advice = (struct advice){
        .pattern = view.pattern,
        .complexity = view.complexity,
        .score = view.complexity_score,
        .policy = policy_of(adviser),
        .reason = "neither a prompt nor a pattern is known",
    };
    double predicted[PREDICTOR_MODELS_MAX];
    bool any = predict(adviser, request, predicted);
    struct known_pattern *pattern = view.pattern.s != NULL ? pattern_of(adviser, view.pattern) : NULL;
    tell_share(adviser);
    if (pattern != NULL)
        advise_model(adviser, pattern, request, any ? predicted : NULL, advice);
    else if (any) /* a prompt that is known by its hash alone is of no pattern, which has no groups */
        advise_model(adviser, pattern_of(adviser, span_of("")), request, predicted, advice);
    advise_budget(adviser, pattern, request, advice);
}

/* All that is asked until adviser_commit is asked of one state of the database, and its lock taken once. Who notes gets
 * a transaction soon. */
static void begin_reading(struct adviser *adviser) {
    if (adviser->reading || adviser->options->record)
        return;
    db_read_begin(adviser->db);
    adviser->reading = true;
}

void adviser_advise(struct adviser *adviser, const struct request_record *request, struct advice *advice) {
    look(adviser);
    if (usable(adviser))
        begin_reading(adviser);
    advise(adviser, request, advice);
    if (adviser->db != NULL && !usable(adviser)) /* it failed meanwhile: once more, without it */
        advise(adviser, request, advice);
}

/* -- notes ------------------------------------------------------------------------------------------------------ */

void adviser_note(struct adviser *adviser, struct span request_id, const struct advice *advice) {
    if (!usable(adviser))
        return;
    if (!adviser->noting) {
        db_begin(adviser->db);
        adviser->noting = true;
        adviser->history = UNKNOWN; /* what was asked before the transaction need not be so in it */
    }
    const struct route *route = advice->route;
    double predicted = route != NULL ? advice->predicted[route - advice->candidates] : (double)NAN;
    advice_store(adviser->db, adviser->names,
                 &(struct advice_row){
                     .request_id = request_id,
                     .pattern = advice->pattern,
                     .complexity = advice->complexity,
                     .provider = span_of(route != NULL ? route->provider : NULL),
                     .model = span_of(route != NULL ? route->model : NULL),
                     .confidence = confidence_level_name(route != NULL ? route->figures.confidence : CONFIDENCE_NONE),
                     .budget_source = advice->budget_source,
                     .policy = policy_name(advice->policy),
                     .thinking_budget = advice->thinking_budget,
                     .predicted = predicted,
                 },
                 clock_now());
}

void adviser_commit(struct adviser *adviser) {
    adviser->history = UNKNOWN;
    if (adviser->reading)
        db_read_end(adviser->db);
    if (adviser->noting)
        db_commit(adviser->db);
    adviser->reading = adviser->noting = false;
    usable(adviser);
}
