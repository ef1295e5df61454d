#include "ledger/verify.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "input/spool.h"
#include "ledger/budgets.h"
#include "ledger/cache.h"
#include "ledger/features.h"
#include "ledger/feedback.h"
#include "ledger/ledger.h"
#include "ledger/names.h"
#include "ledger/patterns.h"
#include "ledger/predictors.h"
#include "ledger/requests.h"
#include "ledger/reviews.h"
#include "ledger/routes.h"
#include "ledger/spools.h"
#include "ledger/state.h"
#include "ledger/steps.h"
#include "ledger/tally.h"
#include "ledger/turns.h"
#include "ledger/vitals.h"
#include "ledger/workflows.h"
#include "rules/signature.h"

struct verify {
    struct db *db;
    struct sets *sets;
    struct rules *rules;
    struct price_list *prices;
    struct state state;
    struct tally tally; /* the recomputation */
    struct text scratch;
    int64_t differences;
    void *context;
    void (*on_difference)(void *context, const char *line);
};

__attribute__((format(printf, 2, 3))) static void differs(struct verify *v, const char *format, ...) {
    struct text line = {0};
    char *message = NULL;
    va_list arguments;
    if (db_failed(v->db)) /* what cannot be read is no difference */
        return;
    va_start(arguments, format);
    if (vasprintf(&message, format, arguments) < 0)
        message = NULL;
    va_end(arguments);
    text_escaped(&line, span_of(message != NULL ? message : ""));
    v->differences++;
    v->on_difference(v->context, line.s);
    text_free(&line);
    free(message);
}

static void compare(struct verify *v, const char *of, const char *figure, int64_t is, int64_t should) {
    if (is != should)
        differs(v, "%s: %s is %lld, and should be %lld", of, figure, (long long)is, (long long)should);
}

static void compare_real(struct verify *v, const char *of, const char *figure, double is, double should) {
    if (is != should && !(isnan(is) && isnan(should)))
        differs(v, "%s: %s is %.17g, and should be %.17g", of, figure, is, should);
}

static void compare_text(struct verify *v, const char *of, const char *figure, struct span is, struct span should) {
    if ((is.s == NULL) != (should.s == NULL) || !span_equal(is, should))
        differs(v, "%s: %s is %.*s, and should be %.*s", of, figure, (int)is.n, is.s != NULL ? is.s : "", (int)should.n,
                should.s != NULL ? should.s : "");
}

/* -- workflows ------------------------------------------------------------------------------------------------- */

static bool keywords_are(struct db *db, int64_t id, struct span keywords) {
    struct query *query = db_query(db, "SELECT text FROM name WHERE id = ?1");
    db_bind_integer(query, 1, id);
    bool are = db_row(query) && span_equal(db_text(query, 0), keywords);
    db_end(query);
    return are;
}

static bool detected(const struct verify *v, const struct detection *found, const char *signature) {
    for (int i = 0; i < found->count; i++)
        if (strcmp(rules_signature(v->rules, found->matches[i].signature), signature) == 0)
            return true;
    return false;
}

/* Compares the patterns that one workflow is stored to show with FOUND, which is NULL where its text was not kept: then
 * they are the record themselves. Returns how many there are. */
static int check_shown(struct verify *v, const struct stored_workflow *w, const struct detection *found,
                       struct span keywords) {
    int slot = v->state.slot;
    const char *id = w->workflow_id.s;
    const struct pattern_set *set = sets_get(v->sets, w->row.pattern_set[slot]);
    struct text signature = {0};
    if (set->id != w->row.pattern_set[slot])
        differs(v, "workflow %s: shows set %lld of patterns, which is not there, or none", id,
                (long long)w->row.pattern_set[slot]);
    for (int i = 0; i < set->count; i++) {
        text_clear(&signature);
        if (!patterns_signature(v->db, set->patterns[i], &signature))
            differs(v, "workflow %s: shows pattern %lld, which is not there", id, (long long)set->patterns[i]);
        else if (found == NULL)
            tally_add(&v->tally, signature.s, &w->row, slot, w->workflow_id);
        else if (!detected(v, found, signature.s))
            differs(v, "workflow %s: shows %s, and should not", id, signature.s);
    }
    if (found != NULL && set->count < found->count)
        differs(v, "workflow %s: shows %d patterns, and should show %d", id, set->count, found->count);
    if (found != NULL && set->count > 0 && !keywords_are(v->db, w->row.keywords[slot], keywords))
        differs(v, "workflow %s: its keywords are wrong", id);
    text_free(&signature);
    return set->count;
}

static void check_traits(struct verify *v, const struct stored_workflow *w) {
    struct workflow_traits traits;
    traits_of(w->nl_input, w->row.turn ? UNKNOWN : w->row.share.errors, &v->scratch, &traits);
    if (workflow_traits_hold(w, &traits))
        return;
    compare(v, w->workflow_id.s, "input_length", w->input_length, traits.input_length);
    compare(v, w->workflow_id.s, "complexity", w->complexity, traits.complexity);
    compare_text(v, w->workflow_id.s, "files", w->files, traits.files);
}

static int64_t price_by(const struct verify *v, int64_t given, struct span model, const struct token_counts *tokens,
                        int64_t at) {
    return given == UNKNOWN ? prices_cost(v->prices, model, tokens, at) : UNKNOWN;
}

static void check_workflow(struct verify *v, const struct stored_workflow *w) {
    struct detection found = {0};
    struct text keywords = {0};
    int64_t price = w->row.turn ? turns_gather(v->db, w->row.id, v->state.slot, v->prices).cost
                                : price_by(v, w->row.share.cost, w->model, &w->tokens, w->row.created_at);
    compare(v, w->workflow_id.s, "its price", w->row.priced[v->state.slot], price);
    if (!w->text_kept) {
        bool matched = check_shown(v, w, NULL, (struct span){NULL, 0}) > 0;
        totals_count(&v->tally.totals, &w->row, v->state.slot, matched, 1);
        return;
    }
    if (workflow_learned(&w->row))
        rules_detect(v->rules, &(struct workflow_text){w->nl_input, w->error_message, w->template_name}, &found);
    keywords_json(v->rules, &found, &keywords);
    check_shown(v, w, &found, text_span(&keywords));
    for (int i = 0; i < found.count; i++)
        tally_add(&v->tally, rules_signature(v->rules, found.matches[i].signature), &w->row, v->state.slot,
                  w->workflow_id);
    totals_count(&v->tally.totals, &w->row, v->state.slot, found.count > 0, 1);
    check_traits(v, w);
    text_free(&keywords);
}

static void check_workflows(struct verify *v) {
    struct stored_workflow w;
    struct query *query = workflows_between(v->db, 0, INT64_MAX);
    while (workflows_next(query, &w))
        check_workflow(v, &w);
}

/* -- patterns --------------------------------------------------------------------------------------------------- */

/* Of several last ones any will do. */
static void check_last(struct verify *v, const char *signature, const struct pattern_sum *is) {
    int64_t set_id, at;
    bool there = workflows_shown(v->db, is->last_workflow, v->state.slot, &set_id, &at);
    const struct pattern_set *set = sets_get(v->sets, there ? set_id : 0);
    if (!sets_has(set, is->pattern) || at != is->last_at)
        differs(v, "%s: its last workflow is %lld, which is not one of its last", signature,
                (long long)is->last_workflow);
}

static void check_sums(struct verify *v, const char *signature, const struct pattern_sum *is,
                       const struct pattern_sum *should) {
    if (!sums_equal(&is->sums, &should->sums))
        differs(v, "%s: its sums are not those of its workflows", signature);
    compare(v, signature, "its first workflow", is->first_workflow, should->first_workflow);
    compare(v, signature, "its first time", is->first_at, should->first_at);
    compare(v, signature, "its last time", is->last_at, should->last_at);
    if (is->last_workflow != 0 || should->last_at != NO_TIME)
        check_last(v, signature, is);
}

static struct span time_text(int64_t us, char text[TIME_TEXT]) {
    if (us == NO_TIME)
        return (struct span){NULL, 0};
    time_format(us, text);
    return span_of(text);
}

static void check_status(struct verify *v, const char *signature, struct span status) {
    struct query *query = reviews_of(v->db, span_of(signature));
    bool reviewed = db_row(query);
    compare_text(v, signature, "automation_status", status, reviewed ? db_text(query, 0) : span_of("detected"));
    db_end(query);
}

static void check_typical(struct verify *v, const char *signature, struct span typical, const struct pattern_sum *sum) {
    struct query *query = db_query(v->db,
                                   "SELECT matched_characteristics FROM pattern_occurrences WHERE pattern_id = ?1 "
                                   "AND workflow_id = (SELECT workflow_id FROM workflow WHERE id = ?2)");
    db_bind_integer(query, 1, sum->pattern);
    db_bind_integer(query, 2, sum->first_workflow);
    bool any = db_row(query);
    compare_text(v, signature, "typical_input_pattern", typical, any ? db_text(query, 0) : (struct span){NULL, 0});
    db_end(query);
}

static void check_row(struct verify *v, const struct pattern_row *row) {
    char first[TIME_TEXT], last[TIME_TEXT];
    char *signature = xmemdup(row->signature.s, row->signature.n);
    struct pattern_sum should = tally_pattern(&v->tally, signature)->sum,
                       is = pattern_sum_of(v->db, v->state.slot, row->id);
    should.pattern = row->id;
    struct figures figures = sums_figures(&should.sums, should.first_at, should.last_at);
    check_sums(v, signature, &is, &should);
    compare(v, signature, "occurrence_count", row->occurrences, should.sums.occurrences);
    compare(v, signature, "avg_tokens_with_llm", row->figures.avg_tokens_with_llm, figures.avg_tokens_with_llm);
    compare(v, signature, "avg_tokens_with_tool", row->figures.avg_tokens_with_tool, figures.avg_tokens_with_tool);
    compare_real(v, signature, "avg_cost_with_llm", row->figures.avg_cost_with_llm, figures.avg_cost_with_llm);
    compare_real(v, signature, "avg_cost_with_tool", row->figures.avg_cost_with_tool, figures.avg_cost_with_tool);
    compare_real(v, signature, "confidence_score", row->figures.confidence_score, figures.confidence_score);
    compare_real(v, signature, "potential_monthly_savings", row->figures.potential_monthly_savings,
                 figures.potential_monthly_savings);
    compare_text(v, signature, "pattern_type", row->type, signature_category(signature));
    compare_text(v, signature, "created_at", row->created_at, time_text(should.first_at, first));
    compare_text(v, signature, "last_seen", row->last_seen, time_text(should.last_at, last));
    check_status(v, signature, row->status);
    check_typical(v, signature, row->typical_input, &should);
    free(signature);
}

static void check_patterns(struct verify *v) {
    struct pattern_row row;
    struct query *query = patterns_all(v->db);
    while (patterns_next(query, &row))
        check_row(v, &row);
    for (int i = 0; i < v->tally.count; i++) {
        const char *signature = v->tally.patterns[i].signature;
        if (patterns_find(v->db, signature) == 0)
            differs(v, "%s: is not in operation_patterns, and should be", signature);
    }
}

static void check_strays(struct verify *v) {
    struct query *query = db_query(v->db, "SELECT pattern FROM pattern_sum WHERE slot = ?1 AND pattern NOT IN "
                                          "(SELECT id FROM operation_patterns)");
    db_bind_integer(query, 1, v->state.slot);
    while (db_row(query))
        differs(v, "there are sums of pattern %lld, which is not there", (long long)db_integer(query, 0));
}

/* A fraction, or a text, where a number must be whole would be read as a whole one. */
static void check_types(struct verify *v) {
    struct query *query = db_query(
        v->db,
        "SELECT pattern_signature FROM operation_patterns WHERE typeof(occurrence_count) <> 'integer' "
        "OR typeof(avg_tokens_with_llm) NOT IN ('integer', 'null') "
        "OR typeof(avg_tokens_with_tool) NOT IN ('integer', 'null') "
        "OR typeof(avg_cost_with_llm) NOT IN ('real', 'null') OR typeof(avg_cost_with_tool) NOT IN ('real', 'null') "
        "OR typeof(confidence_score) <> 'real' OR typeof(potential_monthly_savings) NOT IN ('real', 'null')");
    while (db_row(query))
        differs(v, "%s: a figure is of another type than it should be", db_text(query, 0).s);
}

static void check_totals(struct verify *v) {
    struct totals stored = totals_read(v->db, v->state.slot);
    if (v->tally.totals.over)
        db_fail(v->db, "the sum of all costs does not fit: a record must be wrong");
    const char *name;
    int64_t is, should;
    for (int n = 0; totals_item(&stored, n, &name, &is) && totals_item(&v->tally.totals, n, &name, &should); n++)
        compare(v, "totals", name, is, should);
}

/* -- requests --------------------------------------------------------------------------------------------------- */

static void check_costs(struct verify *v) {
    struct stored_request r;
    struct query *query = requests_between(v->db, 0, INT64_MAX);
    while (requests_next(query, &r)) {
        int64_t price = price_by(v, r.row.cost, r.model, &r.tokens, r.row.at);
        if (r.row.priced[v->state.slot] != price)
            differs(v, "request %s: its price is %lld, and should be %lld",
                    r.request_id.s != NULL ? r.request_id.s : "without an id", (long long)r.row.priced[v->state.slot],
                    (long long)price);
        r.row.priced[v->state.slot] = price;
        totals_count_request(&v->tally.totals, &r.row, v->state.slot, 1);
        v->tally.totals.requests++;
    }
    v->tally.totals.feedback = feedback_count(v->db);
}

static void on_wrong_request(void *context, int64_t id, const char *why) {
    differs(context, "request in row %lld: %s", (long long)id, why);
}

static void on_wrong_workflow(void *context, int64_t id, const char *why) {
    differs(context, "workflow in row %lld: %s", (long long)id, why);
}

static void on_wrong_budget(void *context, int64_t id, const char *why) {
    differs(context, "budget pattern %016llx: %s", (unsigned long long)id, why);
}

static void on_wrong_features(void *context, int64_t id, const char *why) {
    differs(context, "prompt %016llx: %s", (unsigned long long)id, why);
}

static void on_row_astray(void *context, const char *table, int64_t id) {
    differs(context, "table %s, row %lld: is of what is not there", table, (long long)id);
}

static void check_removed(struct verify *v) {
    static const struct {
        const char *what;
        int64_t (*next)(struct db *db, int64_t after, int64_t last, const struct selection *selection);
    } families[] = {
        {"workflow", workflows_selected}, {"request", requests_selected},  {"rating", feedback_selected},
        {"step", steps_selected},         {"cache event", cache_selected}, {"review", reviews_selected},
    };
    const struct selection old = {.before = v->state.pruned_to};
    for (size_t i = 0; v->state.pruned_to != NO_TIME && i < sizeof families / sizeof *families; i++)
        for (int64_t id = 0; (id = families[i].next(v->db, id, INT64_MAX, &old)) != 0 && !db_failed(v->db);)
            differs(v, "%s in row %lld: is older than what was pruned", families[i].what, (long long)id);
}

static void check_spools(struct verify *v) {
    struct spool_state state;
    struct text error = {0};
    struct query *query = spools_all(v->db);
    while (db_row(query)) {
        const char *path = db_text(query, 0).s;
        if (!spool_look(path, &state, &error))
            differs(v, "spool %s", error.s);
        else if (state.wrong > 0)
            differs(v, "spool %s: %lld of its lines are no records that wait", path, (long long)state.wrong);
    }
    text_free(&error);
}

static void check_file(struct verify *v) {
    struct text found = {0};
    vitals_check(v->db, true, &found);
    if (found.n > 0)
        differs(v, "the file: %s", found.s);
    text_free(&found);
}

static void on_wrong_cache_sum(void *context, enum cache_subject subject, int64_t key, const char *what) {
    if (subject == OF_HOUR)
        differs(context, "%s: hour %lld since 1970", what, (long long)key);
    else
        differs(context, "%s: number %lld", what, (long long)key);
}

static void check_requests(struct verify *v) {
    check_costs(v);
    workflows_check_named(v->db, v, on_wrong_workflow);
    turns_check_places(v->db, v, on_wrong_workflow);
    turns_check_figures(v->db, v, on_wrong_workflow);
    requests_check(v->db, v, on_wrong_request);
    budgets_check(v->db, v, on_wrong_budget);
    features_check(v->db, v, on_wrong_features);
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

static void load_knowledge(struct verify *v) {
    struct knowledge knowledge = {0};
    struct text error = {0};
    if (knowledge_read(v->db, v->state.rules, &knowledge)) {
        v->rules = knowledge_rules(&knowledge, &error);
        v->prices = knowledge_prices(&knowledge, &error);
    }
    bool needed = v->state.rules != 0 || workflows_last_id(v->db) > 0;
    if ((v->rules == NULL || v->prices == NULL) && needed)
        db_fail(v->db, "its rules are not valid: %s", error.n > 0 ? error.s : "they are missing");
    knowledge_free(&knowledge);
    text_free(&error);
}

int64_t ledger_verify(struct db *db, void *context, void (*on_difference)(void *context, const char *line)) {
    struct verify v = {.db = db, .sets = sets_new(db), .context = context, .on_difference = on_difference};
    db_read_begin(db);
    v.state = state_read(db);
    load_knowledge(&v);
    check_file(&v);
    if (v.rules != NULL && v.prices != NULL) {
        check_workflows(&v);
        check_patterns(&v);
        check_strays(&v);
        check_types(&v);
        check_requests(&v);
        cache_check(db, &v, on_wrong_cache_sum);
        check_totals(&v);
        names_check(db, &v, on_row_astray);
        check_removed(&v);
        check_spools(&v);
        if (!routes_hold(db))
            differs(&v, "routing is not what the last run of retraining gave");
        if (!predictors_hold(db))
            differs(&v, "the predictors are not those of the last run of retraining, or cannot be read");
    }
    db_read_end(db);
    sets_free(v.sets);
    tally_free(&v.tally);
    text_free(&v.scratch);
    rules_free(v.rules);
    prices_free(v.prices);
    return db_failed(db) ? -1 : v.differences;
}
