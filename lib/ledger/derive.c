#include "ledger/ledger_private.h"

/* -- deriving --------------------------------------------------------------------------------------------------- */

/* Takes what ROW showed out of SLOT. Returns its patterns, as sets_get. */
const struct pattern_set *ledger_take(struct ledger *ledger, int slot, const struct workflow_row *row) {
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
void ledger_show(struct ledger *ledger, const struct rules *rules, int slot, const struct findings *findings,
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

/* Counts what ROW, which is stored, shows in SLOT. */
void ledger_put(struct ledger *ledger, int slot, const struct workflow_row *row, struct span workflow_id) {
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
        ledger_show(ledger, by->rules, slot, &findings, &row, NULL);
    } else {
        row.pattern_set[slot] = old->pattern_set[in_force];
        row.keywords[slot] = old->keywords[in_force];
    }
    if (row.priced[slot] != old->priced[slot] || row.pattern_set[slot] != old->pattern_set[slot] ||
        row.keywords[slot] != old->keywords[slot])
        workflows_derive(ledger->db, &row, slot);
    ledger_put(ledger, slot, &row, workflow->workflow_id);
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

/* -- what changes on the way -------------------------------------------------------------------------------------- */

/* While a rebuild goes on, it must look at every workflow that changes; what it had made of it is taken back here,
 * where the old version is still known. */
void ledger_tell_rebuild(struct ledger *ledger, const struct workflow_row *old, int64_t id) {
    if (ledger->state.rebuild == 0)
        return;
    int other = 1 - ledger->state.slot;
    if (old != NULL && rebuild_has(ledger->db, &ledger->state, FAMILY_WORKFLOWS, id)) {
        ledger_take(ledger, other, old);
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
        ledger_tell_rebuild(ledger, &old, id);
    }
    db_end(query);
}

void ledger_settle_turns(struct ledger *ledger) {
    for (int64_t id; !db_failed(ledger->db) && (id = turns_next(ledger->turns)) != 0;)
        settle_turn(ledger, id);
}
