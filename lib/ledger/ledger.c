#include "ledger/ledger.h"

#include <stdlib.h>

#include "base/clock.h"
#include "ledger/budgets.h"
#include "ledger/cache.h"
#include "ledger/features.h"
#include "ledger/feedback.h"
#include "ledger/names.h"
#include "ledger/patterns.h"
#include "ledger/requests.h"
#include "ledger/reviews.h"
#include "ledger/schema.h"
#include "ledger/sets.h"
#include "ledger/steps.h"
#include "ledger/turns.h"

/* What the commit takes for each, about, in microseconds: a turn is gathered from its session, a sum read and written.
 */
enum { TURN_US = 700, FEATURES_US = 8, BUDGET_US = 8, CACHE_US = 8 };

struct ledger {
    struct db *db;
    struct ledger_options options;
    struct names *names;
    struct sets *sets;
    struct patterns *patterns;
    struct state state;
    int64_t rules_id;    /* of the knowledge that the next three are parts of */
    struct rules *rules; /* each NULL: not needed yet */
    struct prompt_rules *prompts;
    struct price_list *prices;
    bool rules_differ;
    int64_t *pattern_ids; /* by the rules' numbers of signatures; 0: not asked for yet */
    struct budgets *budgets;
    struct cache *cache;
    struct feature_rows *features;
    struct turns *turns;
    struct totals change[SLOT_COUNTS + 1]; /* by slot */
    struct arena findings;                 /* of the record at hand */
    struct text signatures;                /* of an older version's patterns, NUL after NUL */
    struct text scratch;
    struct request_row request; /* its texts are used again */
    struct stored_feedback feedback;
    int64_t began_at; /* the transaction */
    int64_t now;      /* the time of recording of the record at hand */
    bool keeps_text;  /* of that */
    bool expects_new;         /* the last workflow was */
    bool expects_new_request; /* the last request was */
    int named;                /* whether a request names a workflow: 1, 0; -1: not asked in this transaction */
};

static void forget_knowledge(struct ledger *ledger) {
    rules_free(ledger->rules);
    prompts_free(ledger->prompts);
    prices_free(ledger->prices);
    free(ledger->pattern_ids);
    ledger->rules = NULL;
    ledger->prompts = NULL;
    ledger->prices = NULL;
    ledger->pattern_ids = NULL;
}

/* -- knowledge -------------------------------------------------------------------------------------------------- */

/* A new database takes the knowledge offered; one from before there were prices, what it lacks. */
static void adopt(struct ledger *ledger, const struct knowledge *offered) {
    db_begin(ledger->db);
    struct state state = state_read(ledger->db);
    if (!db_failed(ledger->db) && state.rules == 0) {
        state.rules = knowledge_add(ledger->db, offered, clock_now());
        state_write(ledger->db, &state);
    } else {
        knowledge_complete(ledger->db, state.rules, offered);
    }
    db_commit(ledger->db);
    ledger->state = state_read(ledger->db);
}

/* Goes by the knowledge of the state in force from now on, and compares it with what is OFFERED. */
static void load(struct ledger *ledger, const struct knowledge *offered) {
    struct knowledge kept;
    forget_knowledge(ledger);
    ledger->rules_id = ledger->state.rules;
    ledger->rules_differ = offered != NULL && !knowledge_is(ledger->db, ledger->rules_id, offered);
    if (!ledger->rules_differ)
        return;
    if (!knowledge_read(ledger->db, ledger->rules_id, &kept)) {
        ledger->rules_differ = false;
        db_fail(ledger->db, "has lost its rules: read the logs again into a new database");
    } else if (kept.base[PART_PROMPTS].n == 0) {
        adopt(ledger, offered);
        ledger->rules_differ = !knowledge_is(ledger->db, ledger->rules_id, offered);
    }
    knowledge_free(&kept);
}

/* The parts of knowledge are read and parsed when first needed: most runs need one, or none. */
static bool read_part(struct ledger *ledger, enum knowledge_part part, struct knowledge *knowledge) {
    bool found = knowledge_read_part(ledger->db, ledger->rules_id, part, knowledge);
    if (!found)
        db_fail(ledger->db, "has lost its rules: read the logs again into a new database");
    return found;
}

/* False, and the ledger has failed, if the part is not valid. */
static bool parse_part(struct ledger *ledger, enum knowledge_part part, const char *what) {
    struct knowledge kept;
    struct text error = {0};
    bool good = false;
    if (!read_part(ledger, part, &kept))
        return false;
    if (part == PART_RULES)
        good = (ledger->rules = knowledge_rules(&kept, &error)) != NULL;
    else if (part == PART_PROMPTS)
        good = (ledger->prompts = knowledge_prompts(&kept, &error)) != NULL;
    else
        good = (ledger->prices = knowledge_prices(&kept, &error)) != NULL;
    if (!good)
        db_fail(ledger->db, "its %s are not valid: %s", what, error.s);
    knowledge_free(&kept);
    text_free(&error);
    return good;
}

static const struct rules *rules_of(struct ledger *ledger) {
    if (ledger->rules == NULL && parse_part(ledger, PART_RULES, "rules"))
        ledger->pattern_ids = xcalloc((size_t)rules_signature_count(ledger->rules), sizeof *ledger->pattern_ids);
    return ledger->rules;
}

static const struct prompt_rules *prompts_of(struct ledger *ledger) {
    if (ledger->prompts == NULL)
        parse_part(ledger, PART_PROMPTS, "prompt rules");
    return ledger->prompts;
}

static const struct price_list *prices_of(struct ledger *ledger) {
    if (ledger->prices == NULL)
        parse_part(ledger, PART_PRICES, "prices");
    return ledger->prices;
}

static int64_t price_of(struct ledger *ledger, struct span model, const struct token_counts *tokens, int64_t at) {
    const struct price_list *prices = model.n > 0 ? prices_of(ledger) : NULL;
    return prices != NULL ? prices_cost(prices, model, tokens, at) : UNKNOWN;
}

/* -- the ledger ------------------------------------------------------------------------------------------------- */

struct ledger *ledger_new(struct db *db, const struct knowledge *offered, const struct ledger_options *options) {
    struct ledger *ledger = xcalloc(1, sizeof *ledger);
    ledger->db = db;
    ledger->options = *options;
    ledger->names = names_new(db);
    ledger->sets = sets_new(db);
    ledger->patterns = patterns_new(db, ledger->sets);
    ledger->budgets = budgets_new(db);
    ledger->features = feature_rows_new(db);
    ledger->cache = cache_new(db, ledger->names);
    ledger->turns = turns_new(db);
    ledger->state = state_read(db);
    if (!db_failed(db) && ledger->state.rules == 0 && offered == NULL)
        db_fail(db, "is new, and there are no rules for it");
    if (!db_failed(db) && ledger->state.rules == 0)
        adopt(ledger, offered);
    if (!db_failed(db))
        load(ledger, offered);
    return ledger;
}

void ledger_free(struct ledger *ledger) {
    if (ledger == NULL)
        return;
    names_free(ledger->names);
    patterns_free(ledger->patterns);
    sets_free(ledger->sets);
    budgets_free(ledger->budgets);
    cache_free(ledger->cache);
    feature_rows_free(ledger->features);
    turns_free(ledger->turns);
    forget_knowledge(ledger);
    db_close(ledger->db);
    request_row_free(&ledger->request);
    text_free(&ledger->feedback.request_id);
    arena_free(&ledger->findings);
    text_free(&ledger->signatures);
    text_free(&ledger->scratch);
    free(ledger);
}

const char *ledger_error(const struct ledger *ledger) {
    return db_failed(ledger->db) ? db_error(ledger->db) : NULL;
}

struct db *ledger_db(struct ledger *ledger) {
    return ledger->db;
}

bool ledger_drops_text(const struct ledger *ledger) {
    return ledger->options.drop_text;
}

bool ledger_rules_differ(const struct ledger *ledger) {
    return ledger->rules_differ;
}

int64_t ledger_copy_rules(struct ledger *ledger, struct rules **rules, struct prompt_rules **prompts) {
    struct text error = {0};
    struct knowledge part;
    *rules = NULL;
    *prompts = NULL;
    if (knowledge_read_part(ledger->db, ledger->rules_id, PART_RULES, &part)) {
        *rules = knowledge_rules(&part, &error);
        knowledge_free(&part);
    }
    if (knowledge_read_part(ledger->db, ledger->rules_id, PART_PROMPTS, &part)) {
        *prompts = knowledge_prompts(&part, &error);
        knowledge_free(&part);
    }
    text_free(&error);
    return ledger->rules_id;
}

int64_t ledger_rules_id(const struct ledger *ledger) {
    return ledger->rules_id;
}

const struct state *ledger_state(const struct ledger *ledger) {
    return &ledger->state;
}

struct patterns *ledger_patterns(struct ledger *ledger) {
    return ledger->patterns;
}

void ledger_begin(struct ledger *ledger) {
    db_begin(ledger->db);
    schema_check(ledger->db);
    ledger->state = state_read(ledger->db);
    state_bury_rebuild(ledger->db, &ledger->state);
    ledger->began_at = ledger->now = clock_now();
    ledger->named = -1;
    if (!db_failed(ledger->db) && ledger->state.rules != ledger->rules_id)
        load(ledger, NULL); /* a rebuild has adopted others in the meantime */
}

/* -- deriving --------------------------------------------------------------------------------------------------- */

/* Takes what ROW showed out of SLOT. Returns its patterns, as sets_get. */
static const struct pattern_set *take(struct ledger *ledger, int slot, const struct workflow_row *row) {
    const struct pattern_set *taken = patterns_take(ledger->patterns, slot, row);
    totals_count(&ledger->change[slot], row, slot, taken->count > 0, -1);
    return taken;
}

/* The pattern of one of the ledger's own rules' signatures: asked for once. */
static int64_t pattern_of(struct ledger *ledger, const struct rules *rules, int signature, bool *made) {
    *made = false;
    if (rules != ledger->rules)
        return patterns_id(ledger->patterns, rules_signature(rules, signature), made);
    if (ledger->pattern_ids[signature] == 0)
        ledger->pattern_ids[signature] = patterns_id(ledger->patterns, rules_signature(rules, signature), made);
    return ledger->pattern_ids[signature];
}

/* Writes what was found by RULES into ROW, which is yet to be stored, for SLOT. RESULT, which may be NULL, gets the
 * patterns. */
static void show(struct ledger *ledger, const struct rules *rules, int slot, const struct findings *findings,
                 struct workflow_row *row, struct result *result) {
    int64_t patterns[RULES_PATTERNS_MAX];
    for (int i = 0; i < findings->count; i++) {
        bool made;
        int signature = findings->signatures[i];
        patterns[i] = pattern_of(ledger, rules, signature, &made);
        if (result == NULL)
            continue;
        result->patterns[result->pattern_count++] = (struct result_pattern){patterns[i],
                                                                            rules_signature(rules, signature), made};
        result->made_count += made;
    }
    row->pattern_set[slot] = sets_id(ledger->sets, patterns, findings->count);
    row->keywords[slot] = names_id(ledger->names, findings->keywords);
}

/* The same of a text, which is looked through here. It borrows from the ledger until the next. */
static void find(struct ledger *ledger, const struct rules *rules, bool learned, const struct workflow_text *text,
                 int64_t errors, struct findings *findings) {
    arena_reset(&ledger->findings);
    findings_of(rules, ledger->rules_id, learned, text, errors, &ledger->findings, &ledger->scratch, findings);
}

/* The same of a record. */
static const struct findings *find_own(struct ledger *ledger, const struct workflow_record *record,
                                       struct findings *findings) {
    arena_reset(&ledger->findings);
    findings_of_workflow(ledger->rules, ledger->rules_id, record, &ledger->findings, &ledger->scratch, findings);
    return findings;
}

/* Counts what ROW, which is stored, shows in SLOT. */
static void put(struct ledger *ledger, int slot, const struct workflow_row *row, struct span workflow_id) {
    patterns_put(ledger->patterns, slot, row, workflow_id);
    totals_count(&ledger->change[slot], row, slot, row->pattern_set[slot] != 0, 1);
}

/* What a stored workflow costs by PRICES, in SLOT; a turn, what its requests do. */
static int64_t workflow_price(struct ledger *ledger, const struct price_list *prices, int slot,
                              const struct stored_workflow *workflow) {
    const struct workflow_row *row = &workflow->row;
    if (row->turn)
        return turns_gather(ledger->db, row->id, slot, prices).cost;
    if (row->share.cost != UNKNOWN)
        return UNKNOWN;
    return prices_cost(prices, workflow->model, &workflow->tokens, row->created_at);
}

void ledger_derive(struct ledger *ledger, const struct derivation *by, int slot,
                   const struct stored_workflow *workflow) {
    int in_force = ledger->state.slot;
    const struct workflow_row *old = &workflow->row;
    struct workflow_row row = *old;
    row.priced[slot] = workflow_price(ledger, by->prices, slot, workflow);
    if (workflow->text_kept) {
        const struct workflow_text text = {workflow->nl_input, workflow->error_message, workflow->template_name};
        struct findings findings;
        find(ledger, by->rules, workflow_learned(old), &text, old->turn ? UNKNOWN : old->share.errors, &findings);
        workflows_mend_traits(ledger->db, workflow, &findings.traits);
        show(ledger, by->rules, slot, &findings, &row, NULL);
    } else {
        row.pattern_set[slot] = old->pattern_set[in_force];
        row.keywords[slot] = old->keywords[in_force];
    }
    if (row.priced[slot] != old->priced[slot] || row.pattern_set[slot] != old->pattern_set[slot] ||
        row.keywords[slot] != old->keywords[slot])
        workflows_derive(ledger->db, &row, slot);
    put(ledger, slot, &row, workflow->workflow_id);
}

void ledger_derive_request(struct ledger *ledger, const struct derivation *by, int slot,
                           const struct stored_request *request) {
    struct request_row row = request->row;
    int64_t price = row.cost != UNKNOWN ? UNKNOWN : prices_cost(by->prices, request->model, &request->tokens, row.at);
    if (price != row.priced[slot])
        requests_price(ledger->db, row.id, slot, price);
    row.priced[slot] = price;
    totals_count_request(&ledger->change[slot], &row, slot, 1);
}

/* The totals of the slot in force are left: a rebuild, which this belongs to, makes others. */
void ledger_mend_workflow(struct ledger *ledger, int64_t id) {
    struct stored_workflow workflow;
    struct query *query = workflows_between(ledger->db, id - 1, id);
    if (workflows_next(query, &workflow))
        workflows_name(ledger->db, id, requests_name(ledger->db, workflow.workflow_id));
    db_end(query);
}

void ledger_mend_places(struct ledger *ledger, int64_t id) {
    turns_mend_places(ledger->db, id);
}

/* The sums of its patterns, too, are left to the rebuild. */
void ledger_mend_turn(struct ledger *ledger, int64_t id) {
    int slot = ledger->state.slot;
    struct stored_workflow turn;
    struct query *query = workflows_between(ledger->db, id - 1, id);
    if (workflows_next(query, &turn) && turn.row.turn) {
        struct gathered gathered = turns_gather(ledger->db, id, slot, NULL);
        struct workflow_row row = turns_settled(ledger->db, &turn, slot, &gathered);
        workflows_settle(ledger->db, &row, slot, &gathered.tokens, gathered.model);
    }
    db_end(query);
}

void ledger_mend_request(struct ledger *ledger, int64_t id) {
    struct stored_request request;
    struct query *query = requests_between(ledger->db, id - 1, id);
    if (requests_next(query, &request)) {
        struct request_row row = request.row;
        feedback_of(ledger->db, request.request_id, &row.rating_count, &row.rating_sum);
        requests_rate(ledger->db, &row);
    }
    db_end(query);
}

void ledger_mend_budget(struct ledger *ledger, int64_t prompt_hash) {
    budgets_mend(ledger->budgets, prompt_hash);
}

void ledger_flush(struct ledger *ledger, int slot, bool show) {
    patterns_flush(ledger->patterns, slot, show);
    totals_add(ledger->db, slot, &ledger->change[slot]);
    ledger->change[slot] = (struct totals){0};
}

/* While a rebuild goes on, it must look at every workflow that changes; what it had made of it is taken back here,
 * where the old version is still known. */
static void tell_rebuild(struct ledger *ledger, const struct workflow_row *old, int64_t id) {
    if (ledger->state.rebuild == 0)
        return;
    int other = 1 - ledger->state.slot;
    if (old != NULL && rebuild_has(ledger->db, &ledger->state, FAMILY_WORKFLOWS, id)) {
        take(ledger, other, old);
        workflows_derive(ledger->db, &(struct workflow_row){.id = id, .priced = {UNKNOWN, UNKNOWN}}, other);
    }
    if (old == NULL || id <= ledger->state.rebuild_at[FAMILY_WORKFLOWS])
        rebuild_note(ledger->db, FAMILY_WORKFLOWS, id);
}

/* Makes a turn what its requests and steps say, after some of them have changed. */
static void settle_turn(struct ledger *ledger, int64_t id) {
    struct stored_workflow turn;
    int slot = ledger->state.slot;
    struct query *query = workflows_between(ledger->db, id - 1, id);
    if (workflows_next(query, &turn) && turn.row.turn) {
        struct gathered gathered = turns_gather(ledger->db, id, slot, NULL);
        struct workflow_row old = turn.row, row = turns_settled(ledger->db, &turn, slot, &gathered);
        bool shows = row.pattern_set[slot] != 0;
        patterns_reshare(ledger->patterns, slot, &old, &row);
        totals_count(&ledger->change[slot], &old, slot, shows, -1);
        totals_count(&ledger->change[slot], &row, slot, shows, 1);
        workflows_settle(ledger->db, &row, slot, &gathered.tokens, gathered.model);
        tell_rebuild(ledger, &old, id);
    }
    db_end(query);
}

static void settle_turns(struct ledger *ledger) {
    for (int64_t id; !db_failed(ledger->db) && (id = turns_next(ledger->turns)) != 0;)
        settle_turn(ledger, id);
}

static bool end(struct ledger *ledger) {
    bool good = db_commit(ledger->db);
    patterns_forget(ledger->patterns);
    budgets_forget(ledger->budgets);
    cache_forget(ledger->cache);
    feature_rows_forget(ledger->features);
    turns_forget(ledger->turns);
    memset(ledger->change, 0, sizeof ledger->change);
    return good;
}

int64_t ledger_commit_ms(const struct ledger *ledger) {
    size_t us = turns_marked(ledger->turns) * TURN_US + feature_rows_count(ledger->features) * FEATURES_US +
                budgets_changed(ledger->budgets) * BUDGET_US + cache_changed(ledger->cache) * CACHE_US;
    return (int64_t)us / 1000;
}

bool ledger_commit(struct ledger *ledger) {
    int slot = ledger->state.slot;
    settle_turns(ledger);
    ledger_flush(ledger, slot, true);
    if (ledger->state.rebuild != 0)
        ledger_flush(ledger, 1 - slot, false);
    budgets_flush(ledger->budgets);
    feature_rows_flush(ledger->features);
    cache_flush(ledger->cache, ledger->began_at);
    totals_add(ledger->db, SLOT_COUNTS, &ledger->change[SLOT_COUNTS]);
    return end(ledger);
}

bool ledger_commit_state(struct ledger *ledger, const struct state *state) {
    state_write(ledger->db, state);
    ledger->state = *state;
    return end(ledger);
}

/* -- records ---------------------------------------------------------------------------------------------------- */

/* The patterns of an older version: those that the workflow, which is stored as ROW, shows. */
static void list_stored(struct ledger *ledger, const struct workflow_row *row, struct result *result) {
    size_t starts[RULES_PATTERNS_MAX];
    const struct pattern_set *set = sets_get(ledger->sets, row->pattern_set[ledger->state.slot]);
    text_clear(&ledger->signatures);
    for (int i = 0; i < set->count; i++) {
        starts[i] = ledger->signatures.n;
        patterns_signature(ledger->db, set->patterns[i], &ledger->signatures);
        text_bytes(&ledger->signatures, "", 1);
        result->patterns[result->pattern_count++] = (struct result_pattern){set->patterns[i], NULL, false};
    }
    for (int i = 0; i < result->pattern_count; i++)
        result->patterns[i].signature = ledger->signatures.s + starts[i];
}

/* The patterns of the same content again, in the order in which its layers show them. */
static void list_known(struct ledger *ledger, const struct workflow_record *record, struct result *result) {
    struct detection found = {0};
    const struct workflow_text text = {record->nl_input, record->error_message, record->workflow_template};
    if (record->version.ended && rules_of(ledger) != NULL)
        rules_detect(ledger->rules, &text, &found);
    for (int i = 0; i < found.count; i++) {
        const char *signature = rules_signature(ledger->rules, found.matches[i].signature);
        int64_t id = patterns_find(ledger->db, signature);
        if (id != 0)
            result->patterns[result->pattern_count++] = (struct result_pattern){id, signature, false};
    }
}

/* How many of the result's patterns are not among TAKEN. */
static int added(const struct result *result, const struct pattern_set *taken) {
    int count = result->pattern_count;
    for (int i = 0; i < result->pattern_count; i++)
        count -= sets_has(taken, result->patterns[i].id);
    return count;
}

/* Whether any request names a workflow: mostly none does, and no workflow need be looked for. */
static bool any_named(struct ledger *ledger) {
    if (ledger->named < 0)
        ledger->named = requests_name_any(ledger->db);
    return ledger->named > 0;
}

/* RECORD, whose workflow is stored as ROW, may have been seen in a session where it was not seen before. */
static void see_turn(struct ledger *ledger, const struct workflow_record *record, const struct workflow_row *row) {
    if (record->turn)
        turns_see(ledger->turns, row->id, names_id(ledger->names, record->session_id),
                  row->turn ? row->created_at : NO_TIME);
}

/* What ROW keeps of a new version is not yet known, in either slot. */
static void forget_derived(struct workflow_row *row) {
    for (int slot = 0; slot < 2; slot++) {
        row->priced[slot] = UNKNOWN;
        row->pattern_set[slot] = row->keywords[slot] = 0;
    }
}

/* Derives of a new version what it costs and shows. */
static void derive(struct ledger *ledger, const struct workflow_record *record, const struct findings *findings,
                   struct workflow_row *row, struct result *result) {
    int slot = ledger->state.slot;
    struct token_counts tokens = workflow_tokens(record);
    forget_derived(row);
    show(ledger, ledger->rules, slot, findings, row, result);
    if (record->cost == UNKNOWN)
        row->priced[slot] = price_of(ledger, record->model, &tokens, workflow_time(record, row->recorded_at));
}

/* After a version was stored as ROW, in the place of OLD, which is NULL for a new workflow. */
static void follow_up(struct ledger *ledger, const struct workflow_record *record, const struct workflow_row *old,
                      const struct workflow_row *row) {
    tell_rebuild(ledger, old, row->id);
    if ((old != NULL && old->turn) || row->turn)
        turns_place(ledger->turns, row->id, row->turn ? row->created_at : NO_TIME);
    see_turn(ledger, record, row);
    put(ledger, ledger->state.slot, row, record->workflow_id);
}

/* False if there is a workflow with this id: then nothing has changed. */
static bool add_workflow(struct ledger *ledger, const struct workflow_record *record, const struct findings *findings,
                         struct result *result) {
    struct workflow_row row = {.recorded_at = ledger->now};
    derive(ledger, record, findings, &row, result);
    row.named = any_named(ledger) && requests_name(ledger->db, record->workflow_id);
    if (!workflows_insert(ledger->db, ledger->names, record, &findings->traits, ledger->keeps_text, ledger->now,
                          &row)) {
        result->pattern_count = result->made_count = 0;
        return false;
    }
    result->outcome = OUTCOME_NEW;
    result->added_count = result->pattern_count;
    follow_up(ledger, record, NULL, &row);
    return true;
}

/* In the place of the older version, which is stored as OLD. */
static void renew_workflow(struct ledger *ledger, const struct workflow_record *record, const struct findings *findings,
                           const struct workflow_row *old, struct result *result) {
    struct workflow_row row = *old;
    derive(ledger, record, findings, &row, result);
    result->outcome = OUTCOME_UPDATED;
    result->added_count = added(result, take(ledger, ledger->state.slot, old));
    if (old->turn && !record->turn) /* requests of its turn are not of it any more */
        row.named = requests_name(ledger->db, record->workflow_id);
    workflows_replace(ledger->db, ledger->names, record, &findings->traits, ledger->keeps_text, &row);
    follow_up(ledger, record, old, &row);
}

/* It is the version that is there, or an older one. */
static void pass_workflow(struct ledger *ledger, const struct workflow_record *record, const struct workflow_row *row,
                          bool same, struct result *result) {
    result->outcome = OUTCOME_DUPLICATE;
    see_turn(ledger, record, row);
    if (ledger->options.list_patterns && same)
        list_known(ledger, record, result);
    else if (ledger->options.list_patterns)
        list_stored(ledger, row, result);
}

/* Whether all patterns that were found are there: then an attempt to add a workflow makes none. */
static bool all_known(const struct ledger *ledger, const struct findings *findings) {
    for (int i = 0; i < findings->count; i++)
        if (ledger->pattern_ids[findings->signatures[i]] == 0)
            return false;
    return true;
}

/* Where the last workflow was new, this one is taken for new as well: an insertion finds out by itself. FINDINGS may be
 * NULL. */
static void apply_workflow(struct ledger *ledger, const struct workflow_record *record, const struct findings *findings,
                           struct result *result) {
    struct findings own;
    struct workflow_row row = {0};
    if (findings != NULL && findings->rules_id != ledger->rules_id)
        findings = NULL;
    if (ledger->expects_new) {
        if (rules_of(ledger) == NULL)
            return;
        findings = findings != NULL ? findings : find_own(ledger, record, &own);
        if (all_known(ledger, findings) && add_workflow(ledger, record, findings, result))
            return;
    }
    bool there = workflows_find(ledger->db, record->workflow_id, &row);
    int newer = there ? version_compare(&record->version, &row.version) : 1;
    ledger->expects_new = !there;
    if (newer <= 0) {
        pass_workflow(ledger, record, &row, newer == 0, result);
        return;
    }
    if (rules_of(ledger) == NULL)
        return;
    findings = findings != NULL ? findings : find_own(ledger, record, &own);
    if (there)
        renew_workflow(ledger, record, findings, &row, result);
    else
        add_workflow(ledger, record, findings, result);
}

const char *outcome_name(enum outcome outcome) {
    static const char *const names[] = {
        [OUTCOME_NEW] = "new",
        [OUTCOME_UPDATED] = "updated",
        [OUTCOME_DUPLICATE] = "duplicate",
        [OUTCOME_SPOOLED] = "spooled",
    };
    return names[outcome];
}

/* -- requests and ratings --------------------------------------------------------------------------------------- */

/* A workflow that a request names leaves its costs to it; one that none names any more has its own again. */
static void name_workflow(struct ledger *ledger, struct span workflow_id, bool named) {
    struct workflow_row row;
    if (workflow_id.n == 0 || !workflows_find(ledger->db, workflow_id, &row) || row.named == named ||
        (!named && requests_name(ledger->db, workflow_id)))
        return;
    int slot = ledger->state.slot;
    if (row.turn) {
        turns_mark(ledger->turns, row.id);
        return;
    }
    workflows_name(ledger->db, row.id, named);
    totals_count_cost(&ledger->change[slot], &row, slot, named ? -1 : 1);
    if (ledger->state.rebuild != 0 && rebuild_has(ledger->db, &ledger->state, FAMILY_WORKFLOWS, row.id))
        totals_count_cost(&ledger->change[1 - slot], &row, 1 - slot, named ? -1 : 1);
}

static void tell_rebuild_request(struct ledger *ledger, const struct request_row *old, int64_t id) {
    int other = 1 - ledger->state.slot;
    if (ledger->state.rebuild == 0)
        return;
    if (old != NULL && rebuild_has(ledger->db, &ledger->state, FAMILY_REQUESTS, id))
        totals_count_request(&ledger->change[other], old, other, -1);
    if (old == NULL || id <= ledger->state.rebuild_at[FAMILY_REQUESTS])
        rebuild_note(ledger->db, FAMILY_REQUESTS, id);
}

/* After a version was stored as ROW, in the place of OLD, which is NULL for a new request. */
static void follow_up_request(struct ledger *ledger, const struct request_record *record, const struct request_row *old,
                              const struct request_row *row) {
    int slot = ledger->state.slot;
    tell_rebuild_request(ledger, old, row->id);
    turns_touch(ledger->turns, row->session, row->at);
    budgets_count(ledger->budgets, row, 1);
    totals_count_request(&ledger->change[slot], row, slot, 1);
    name_workflow(ledger, record->workflow_id, true);
    if (record->workflow_id.s != NULL)
        ledger->named = 1;
}

static void price_request(struct ledger *ledger, const struct request_record *record, int64_t recorded_at,
                          struct request_row *row) {
    row->priced[0] = row->priced[1] = UNKNOWN;
    if (record->cost == UNKNOWN)
        row->priced[ledger->state.slot] = price_of(ledger, record->model, &record->tokens,
                                                   request_time(record, recorded_at));
}

/* False if it is there: then nothing has changed. */
static bool add_request(struct ledger *ledger, const struct request_record *record, const struct digest *identity,
                        const struct request_view *view) {
    struct request_row *row = &ledger->request;
    feedback_of(ledger->db, record->request_id, &row->rating_count, &row->rating_sum);
    price_request(ledger, record, ledger->now, row);
    if (!requests_insert(ledger->db, ledger->names, record, view, identity, ledger->now, row))
        return false;
    ledger->change[SLOT_COUNTS].requests++;
    follow_up_request(ledger, record, NULL, row);
    return true;
}

/* In the place of the older version, which is stored as the ledger's row. */
static void renew_request(struct ledger *ledger, const struct request_record *record, const struct digest *identity,
                          const struct request_view *view) {
    int slot = ledger->state.slot;
    struct request_row *row = &ledger->request, old = *row; /* its texts are the row's, until that is stored */
    struct text old_workflow = {0};
    text_append(&old_workflow, text_span(&old.workflow_id));
    turns_touch(ledger->turns, old.session, old.at);
    budgets_count(ledger->budgets, &old, -1);
    totals_count_request(&ledger->change[slot], &old, slot, -1);
    price_request(ledger, record, row->recorded_at, row);
    requests_replace(ledger->db, ledger->names, record, view, identity, row);
    if (!span_equal(text_span(&old_workflow), text_span(&row->workflow_id)))
        name_workflow(ledger, text_span(&old_workflow), false);
    follow_up_request(ledger, record, &old, row);
    text_free(&old_workflow);
}

/* What is known of a request besides what it says: as it was found, else looked for here. */
static struct request_view see_request(struct ledger *ledger, const struct request_record *record,
                                       const struct findings *findings, struct result *result) {
    struct request_view view;
    if (findings != NULL)
        view = findings->view;
    else
        view_of(record->prompt.s != NULL ? prompts_of(ledger) : NULL, record, &view);
    result->pattern = view.pattern;
    result->complexity = view.complexity;
    return view;
}

/* They are the prompt's, of an older version of the request too. */
static void keep_features(struct ledger *ledger, const struct request_record *record, const struct findings *findings) {
    if (findings != NULL && findings->features.s != NULL)
        feature_rows_add(ledger->features, record->prompt_hash, findings->features);
    else if (record->prompt.s != NULL)
        features_keep(ledger->db, record->prompt_hash, record->prompt);
}

/* As a workflow, a request is taken for new where the last one was. */
static void apply_request(struct ledger *ledger, const struct request_record *record, const struct digest *identity,
                          const struct findings *findings, struct result *result) {
    struct request_row *row = &ledger->request;
    struct request_view view;
    if (findings != NULL && findings->rules_id != ledger->rules_id)
        findings = NULL;
    keep_features(ledger, record, findings);
    bool viewed = ledger->expects_new_request;
    if (viewed) {
        view = see_request(ledger, record, findings, result);
        if (add_request(ledger, record, identity, &view))
            return;
    }
    bool found = requests_find(ledger->db, record->request_id, identity, row);
    ledger->expects_new_request = !found;
    if (found && version_compare(&record->version, &row->version) <= 0) {
        result->outcome = OUTCOME_DUPLICATE;
        result->pattern = row->pattern.n > 0 ? text_span(&row->pattern) : (struct span){NULL, 0};
        result->complexity = row->complexity;
        return;
    }
    if (!viewed)
        view = see_request(ledger, record, findings, result);
    if (found) {
        result->outcome = OUTCOME_UPDATED;
        renew_request(ledger, record, identity, &view);
    } else {
        add_request(ledger, record, identity, &view);
    }
}

/* Adds COUNT ratings of this SUM to a request, if it is there. */
static void rate_request(struct ledger *ledger, struct span request_id, int64_t count, int64_t sum) {
    struct request_row row;
    if (!requests_find_rated(ledger->db, request_id, &row))
        return;
    budgets_rate(ledger->budgets, &row, -1);
    row.rating_count += count;
    row.rating_sum += sum;
    requests_rate(ledger->db, &row);
    budgets_rate(ledger->budgets, &row, 1);
}

static void apply_feedback(struct ledger *ledger, const struct record *record, const struct digest *identity,
                           struct result *result) {
    struct stored_feedback *old = &ledger->feedback;
    enum feedback_outcome outcome = feedback_add(ledger->db, ledger->names, record, identity, ledger->now, &result->id,
                                                 old);
    result->outcome = (enum outcome)outcome;
    if (outcome == FEEDBACK_UPDATED)
        rate_request(ledger, text_span(&old->request_id), -1, -old->quality_score);
    if (outcome != FEEDBACK_DUPLICATE)
        rate_request(ledger, record->feedback.request_id, 1, record->feedback.quality_score);
    ledger->change[SLOT_COUNTS].feedback += outcome == FEEDBACK_NEW;
}

static void apply_step(struct ledger *ledger, const struct record *record, const struct digest *identity,
                       struct result *result) {
    struct step_place was, is;
    result->outcome = (enum outcome)steps_add(ledger->db, ledger->names, record, identity, ledger->now, &was, &is);
    if (result->outcome == OUTCOME_DUPLICATE)
        return;
    turns_touch(ledger->turns, was.session, was.at);
    turns_touch(ledger->turns, is.session, is.at);
}

void ledger_apply(struct ledger *ledger, const struct record *record, const struct digest *identity,
                  const struct findings *findings, struct result *result) {
    bool known = true;
    result->outcome = OUTCOME_NEW;
    result->pattern_count = result->added_count = result->made_count = 0;
    result->pattern_unknown = false;
    if (db_failed(ledger->db))
        return;
    ledger->now = record->recorded_at != NO_TIME ? record->recorded_at : ledger->began_at;
    ledger->keeps_text = !ledger->options.drop_text && !record->no_text;
    if (record->kind == KIND_WORKFLOW)
        apply_workflow(ledger, &record->workflow, findings, result);
    else if (record->kind == KIND_REQUEST)
        apply_request(ledger, &record->request, identity, findings, result);
    else if (record->kind == KIND_FEEDBACK)
        apply_feedback(ledger, record, identity, result);
    else if (record->kind == KIND_STEP)
        apply_step(ledger, record, identity, result);
    else if (record->kind == KIND_CACHE)
        result->outcome = (enum outcome)cache_add(ledger->cache, record, identity, ledger->now);
    else
        result->outcome = (enum outcome)reviews_add(ledger->db, record, identity, ledger->now, &known);
    result->pattern_unknown = !known;
}
