#include "ledger/ledger_private.h"
#include "ledger/removed.h"
#include "ledger/reviews.h"
#include "ledger/steps.h"

/* -- records ---------------------------------------------------------------------------------------------------- */

/* What a record shows, looked for here. It borrows from the ledger until the next. */
static const struct findings *find_own(struct ledger *ledger, const struct workflow_record *record,
                                       struct findings *findings) {
    arena_reset(&ledger->findings);
    findings_of_workflow(ledger->rules, ledger->rules_id, record, &ledger->findings, &ledger->scratch, findings);
    return findings;
}

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
    if (record->version.ended && ledger_rules(ledger) != NULL)
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
    ledger_show(ledger, ledger->rules, slot, findings, row, result);
    if (record->cost == UNKNOWN)
        row->priced[slot] = ledger_price(ledger, record->model, &tokens, workflow_time(record, row->recorded_at));
}

/* After a version was stored as ROW, in the place of OLD, which is NULL for a new workflow. */
static void follow_up(struct ledger *ledger, const struct workflow_record *record, const struct workflow_row *old,
                      const struct workflow_row *row) {
    ledger_tell_rebuild(ledger, old, row->id);
    if ((old != NULL && old->turn) || row->turn)
        turns_place(ledger->turns, row->id, row->turn ? row->created_at : NO_TIME);
    see_turn(ledger, record, row);
    ledger_put(ledger, ledger->state.slot, row, record->workflow_id);
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
    result->added_count = added(result, ledger_take(ledger, ledger->state.slot, old));
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
        if (ledger_rules(ledger) == NULL)
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
    if (ledger_rules(ledger) == NULL)
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
        [OUTCOME_REMOVED] = "removed",
        [OUTCOME_SPOOLED] = "spooled",
    };
    return names[outcome];
}

/* -- requests and ratings --------------------------------------------------------------------------------------- */

/* A workflow that a request names leaves its costs to it; one that none names any more has its own again. */
void ledger_name_workflow(struct ledger *ledger, struct span workflow_id, bool named) {
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
    ledger_name_workflow(ledger, record->workflow_id, true);
    if (record->workflow_id.s != NULL)
        ledger->named = 1;
}

static void price_request(struct ledger *ledger, const struct request_record *record, int64_t recorded_at,
                          struct request_row *row) {
    row->priced[0] = row->priced[1] = UNKNOWN;
    if (record->cost == UNKNOWN)
        row->priced[ledger->state.slot] = ledger_price(ledger, record->model, &record->tokens,
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
        ledger_name_workflow(ledger, text_span(&old_workflow), false);
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
        view_of(record->prompt.s != NULL ? ledger_prompts(ledger) : NULL, record, &view);
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
void ledger_rate_request(struct ledger *ledger, struct span request_id, int64_t count, int64_t sum) {
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
        ledger_rate_request(ledger, text_span(&old->request_id), -1, -old->quality_score);
    if (outcome != FEEDBACK_DUPLICATE)
        ledger_rate_request(ledger, record->feedback.request_id, 1, record->feedback.quality_score);
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

/* -- what stays out ---------------------------------------------------------------------------------------------- */

/* The names that a record bears. */
struct bearing {
    struct span workflow_id, request_id, rated, session, account, user;
};

static struct bearing bearing_of(const struct record *record) {
    const struct workflow_record *w = &record->workflow;
    const struct request_record *r = &record->request;
    const struct feedback_record *f = &record->feedback;
    const struct cache_record *c = &record->cache;
    switch (record->kind) {
    case KIND_WORKFLOW:
        return (struct bearing){.workflow_id = w->workflow_id, .session = w->session_id, .account = w->account};
    case KIND_REQUEST:
        return (struct bearing){.request_id = r->request_id,
                                .session = r->session_id,
                                .account = r->account,
                                .user = r->user_id};
    case KIND_FEEDBACK: return (struct bearing){.rated = f->request_id, .session = f->session_id, .user = f->user_id};
    case KIND_CACHE: return (struct bearing){.account = c->account, .user = c->user_id};
    case KIND_STEP: return (struct bearing){.session = record->step.session_id};
    default: return (struct bearing){.account = {NULL, 0}};
    }
}

/* Whether a record was removed, or would have been. */
static bool stays_out(struct ledger *ledger, const struct record *record, const struct digest *identity) {
    const struct state *state = &ledger->state;
    if (state->removals == 0)
        return false;
    int64_t at = record_time(record);
    if (state->kept_since != NO_TIME && (at != NO_TIME ? at : ledger->now) < state->kept_since)
        return true;
    const struct bearing b = bearing_of(record);
    struct span bytes = {NULL, 0};
    if (identity != NULL)
        bytes = (struct span){(const char *)identity->bytes, sizeof identity->bytes};
    return removed_has(ledger->db, TRACE_IDENTITY, bytes) || removed_has(ledger->db, TRACE_WORKFLOW, b.workflow_id) ||
           removed_has(ledger->db, TRACE_REQUEST, b.request_id) || removed_has(ledger->db, TRACE_RATED, b.rated) ||
           removed_has(ledger->db, TRACE_SESSION, b.session) || removed_has(ledger->db, TRACE_ACCOUNT, b.account) ||
           removed_has(ledger->db, TRACE_USER, b.user);
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
    if (stays_out(ledger, record, identity)) {
        result->outcome = OUTCOME_REMOVED;
        result->complexity = UNKNOWN;
        result->pattern = (struct span){NULL, 0};
        result->id = 0;
        return;
    }
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
