#include "ledger/ledger_private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "ledger/schema.h"

/* What the commit takes for each, about, in microseconds: a turn is gathered from its session, a sum read and written.
 */
enum { TURN_US = 700, FEATURES_US = 8, BUDGET_US = 8, CACHE_US = 8 };

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

const struct rules *ledger_rules(struct ledger *ledger) {
    if (ledger->rules == NULL && parse_part(ledger, PART_RULES, "rules"))
        ledger->pattern_ids = xcalloc((size_t)rules_signature_count(ledger->rules), sizeof *ledger->pattern_ids);
    return ledger->rules;
}

const struct prompt_rules *ledger_prompts(struct ledger *ledger) {
    if (ledger->prompts == NULL)
        parse_part(ledger, PART_PROMPTS, "prompt rules");
    return ledger->prompts;
}

static const struct price_list *prices_of(struct ledger *ledger) {
    if (ledger->prices == NULL)
        parse_part(ledger, PART_PRICES, "prices");
    return ledger->prices;
}

int64_t ledger_price(struct ledger *ledger, struct span model, const struct token_counts *tokens, int64_t at) {
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
    if (ledger->state.removals != ledger->removals) { /* what is remembered may be gone */
        names_forget(ledger->names);
        cache_forget_signatures(ledger->cache);
        ledger->removals = ledger->state.removals;
    }
    if (!db_failed(ledger->db) && ledger->state.rules != ledger->rules_id)
        load(ledger, NULL); /* a rebuild has adopted others in the meantime */
}

/* -- transactions ------------------------------------------------------------------------------------------------ */

void ledger_flush(struct ledger *ledger, int slot, bool show) {
    patterns_flush(ledger->patterns, slot, show);
    totals_add(ledger->db, slot, &ledger->change[slot]);
    ledger->change[slot] = (struct totals){0};
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
    ledger_settle_turns(ledger);
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
