#include "learn/advise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "ledger/advice.h"
#include "ledger/budgets.h"
#include "ledger/knowledge.h"
#include "ledger/names.h"
#include "ledger/schema.h"
#include "ledger/state.h"
#include "rules/budgets.h"

enum {
    LOOK_MS = 1000,     /* how often to look for a new retraining */
    REFRESH_MS = 60000, /* and how old the budgets of classes may be, while records come in */
    COMPLEXITIES = 4,
    PATTERNS_MAX = 1024,
};

/* What is known of a pattern, as long as the database does not change. */
struct known_pattern {
    char *name;
    struct routes routes; /* those that may be advised */
    int chosen;           /* -1: none */
    struct text reason;
    int64_t class_budget[COMPLEXITIES]; /* 0: not asked for yet; UNKNOWN: too few requests */
};

struct adviser {
    const struct adviser_options *options;
    struct db *db; /* NULL: none is of use */
    struct names *names;
    bool missing;  /* there was no database; there may be one later */
    bool noting;   /* a transaction is open */
    bool silenced; /* the warning was given */
    struct prompt_rules *rules;
    int64_t rules_id;          /* of the database's, if they are; else 0 */
    struct retraining_run run; /* id 0: none */
    struct known_pattern *patterns;
    size_t pattern_count;
    int64_t opened_at, looked_at, loaded_at; /* when the database was last tried, looked at, and read */
    int64_t version;                         /* of its data, when it was read */
    struct text scratch;
};

/* -- the database ----------------------------------------------------------------------------------------------- */

static void forget(struct adviser *adviser) {
    for (size_t i = 0; i < adviser->pattern_count; i++) {
        free(adviser->patterns[i].name);
        routes_free(&adviser->patterns[i].routes);
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
    adviser->noting = false;
    adviser->run = (struct retraining_run){0};
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

static void load(struct adviser *adviser) {
    forget(adviser);
    adviser->loaded_at = clock_monotonic_ms();
    adviser->version = db_data_version(adviser->db);
    routes_last_run(adviser->db, &adviser->run);
    take_rules(adviser);
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
    if (now - adviser->looked_at < LOOK_MS || adviser->noting) /* the next commit is near */
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
    free(adviser);
}

/* -- models ----------------------------------------------------------------------------------------------------- */

/* A person may leave out the provider, or put it before a name that has none. */
static bool is_named(const struct route *route, const char *name) {
    const char *slash = strrchr(route->model, '/');
    size_t provider = strlen(route->provider);
    return strcmp(name, route->model) == 0 || (slash != NULL && strcmp(name, slash + 1) == 0) ||
           (strncmp(name, route->provider, provider) == 0 && name[provider] == '/' &&
            strcmp(name + provider + 1, route->model) == 0);
}

static bool allowed(const struct adviser_options *options, const struct route *route) {
    if (options->models == NULL)
        return true;
    for (const char *const *name = options->models; *name != NULL; name++)
        if (is_named(route, *name))
            return true;
    return false;
}

static void keep_allowed(const struct adviser_options *options, struct routes *routes) {
    size_t kept = 0;
    for (size_t i = 0; i < routes->count; i++) {
        struct route swap = routes->items[kept];
        if (!allowed(options, &routes->items[i]))
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

static void choose(struct adviser *adviser, struct known_pattern *pattern) {
    const struct routes *routes = &pattern->routes;
    struct candidate *candidates = xcalloc(routes->count + 1, sizeof *candidates);
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->items[i];
        candidates[i] = (struct candidate){route->figures.lower_bound, route->figures.avg_cost,
                                           route->figures.confidence,  (double)NAN,
                                           span_of(route->provider),   span_of(route->model)};
    }
    pattern->chosen = routing_choose(policy_of(adviser), candidates, routes->count, &pattern->reason);
    if (pattern->chosen < 0) {
        text_clear(&pattern->reason);
        text_string(&pattern->reason, routes->count > 0 ? "no model has ratings that are many and good enough"
                                                        : "nothing learned yet about such prompts");
    }
    free(candidates);
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
    keep_allowed(adviser->options, &pattern->routes);
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
    } else if (request->hashed && budgets_history(adviser->db, request->prompt_hash, &quality, &count) && count > 0) {
        advice->budget_source = "history";
        advice->thinking_budget = budget_from_history(complexity, quality, count);
    }
}

/* -- advice ----------------------------------------------------------------------------------------------------- */

static void advise(struct adviser *adviser, const struct request_record *request, struct advice *advice) {
    struct request_view view;
    requests_view(adviser->rules, request, &view);
    *advice = (struct advice){
        .pattern = view.pattern,
        .complexity = view.complexity,
        .score = view.complexity_score,
        .policy = policy_of(adviser),
        .reason = "neither a prompt nor a pattern is known",
    };
    struct known_pattern *pattern = view.pattern.s != NULL ? pattern_of(adviser, view.pattern) : NULL;
    if (pattern != NULL) {
        advice->route = pattern->chosen >= 0 ? &pattern->routes.items[pattern->chosen] : NULL;
        advice->candidates = pattern->routes.items;
        advice->candidate_count = pattern->routes.count;
        advice->reason = pattern->reason.s;
    }
    advise_budget(adviser, pattern, request, advice);
}

void adviser_advise(struct adviser *adviser, const struct request_record *request, struct advice *advice) {
    look(adviser);
    usable(adviser);
    advise(adviser, request, advice);
    if (adviser->db != NULL && !usable(adviser)) /* it failed meanwhile: once more, without it */
        advise(adviser, request, advice);
}

/* -- notes ------------------------------------------------------------------------------------------------------ */

void adviser_note(struct adviser *adviser, struct span request_id, const struct advice *advice) {
    if (!usable(adviser))
        return;
    if (!adviser->noting)
        db_begin(adviser->db);
    adviser->noting = true;
    const struct route *route = advice->route;
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
                 },
                 clock_now());
}

void adviser_commit(struct adviser *adviser) {
    if (adviser->db == NULL || !adviser->noting)
        return;
    adviser->noting = false;
    db_commit(adviser->db);
    usable(adviser);
}
