#include "ledger/ledger.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"
#include "input/rulesfile.h"
#include "ledger/names.h"
#include "ledger/patterns.h"
#include "ledger/reviews.h"

struct ledger {
    struct db *db;
    struct ledger_options options;
    struct names *names;
    struct patterns *patterns;
    struct state state;
    struct rules *rules;
    int64_t rules_id; /* of "rules" */
    bool rules_differ;
    int64_t *pattern_ids;    /* by the rules' numbers of signatures; 0: not asked for yet */
    struct totals change[2]; /* by slot */
    struct workflow_traits traits;
    struct text signatures; /* of an older version's patterns, NUL after NUL */
    struct text scratch;
    int64_t now;
};

/* -- rules ------------------------------------------------------------------------------------------------------ */

static bool load(const char *path, struct text *text, struct text *error) {
    struct text reason = {0};
    bool good = rules_read_file(path, text, &reason);
    if (!good) {
        text_clear(error);
        text_append(error, text_span(&reason));
    }
    text_free(&reason);
    return good;
}

static struct span extra_span(const struct rules_text *rules) {
    return rules->extra.n > 0 ? text_span(&rules->extra) : (struct span){NULL, 0};
}

struct rules *rules_text_parse(const struct rules_text *rules, struct text *error) {
    return rules_parse(text_span(&rules->base), extra_span(rules), error);
}

static bool check(const struct rules_text *rules, const char *path, struct text *error) {
    struct text reason = {0};
    struct rules *parsed = rules_text_parse(rules, &reason);
    if (parsed == NULL)
        text_format(error, "%s: %s", path, reason.s);
    rules_free(parsed);
    text_free(&reason);
    return error->n == 0;
}

bool rules_text_load(const char *given, struct rules_text *rules, struct text *error) {
    char *base = path_share("patterns.json"), *extra = given != NULL ? xstrdup(given) : path_config("patterns.json");
    *rules = (struct rules_text){0};
    text_clear(error);
    bool good = load(base, &rules->base, error);
    bool has_extra = given != NULL || access(extra, F_OK) == 0;
    if (good && has_extra)
        good = load(extra, &rules->extra, error);
    /* without rules of the user's own there is nothing that a test of the program has not checked */
    if (good && has_extra)
        good = check(rules, extra, error);
    free(base);
    free(extra);
    if (!good)
        rules_text_free(rules);
    return good;
}

void rules_text_free(struct rules_text *rules) {
    text_free(&rules->base);
    text_free(&rules->extra);
}

static void use_rules(struct ledger *ledger, const struct rules_text *text, int64_t id) {
    struct text error = {0};
    struct rules *rules = rules_text_parse(text, &error);
    if (rules == NULL) {
        db_fail(ledger->db, "its rules are not valid: %s", error.s);
    } else {
        rules_free(ledger->rules);
        free(ledger->pattern_ids);
        ledger->rules = rules;
        ledger->rules_id = id;
        ledger->pattern_ids = xcalloc((size_t)rules_signature_count(rules), sizeof *ledger->pattern_ids);
    }
    text_free(&error);
}

/* A new database takes the rules offered. */
static void adopt(struct ledger *ledger, const struct rules_text *offered) {
    db_begin(ledger->db);
    struct state state = state_read(ledger->db);
    if (!db_failed(ledger->db) && state.rules == 0) {
        state.rules = state_add_rules(ledger->db, text_span(&offered->base), text_span(&offered->extra), clock_now());
        state_write(ledger->db, &state);
    }
    db_commit(ledger->db);
}

static void load_rules(struct ledger *ledger, const struct rules_text *offered) {
    struct rules_text text = {0};
    if (state_rules(ledger->db, ledger->state.rules, &text.base, &text.extra)) {
        use_rules(ledger, &text, ledger->state.rules);
        ledger->rules_differ = offered != NULL && (!span_equal(text_span(&text.base), text_span(&offered->base)) ||
                                                   !span_equal(text_span(&text.extra), text_span(&offered->extra)));
    } else {
        db_fail(ledger->db, "has lost its rules: read the logs again into a new database");
    }
    rules_text_free(&text);
}

/* -- the ledger ------------------------------------------------------------------------------------------------- */

struct ledger *ledger_new(struct db *db, const struct rules_text *offered, const struct ledger_options *options) {
    struct ledger *ledger = xcalloc(1, sizeof *ledger);
    ledger->db = db;
    ledger->options = *options;
    ledger->names = names_new(db);
    ledger->patterns = patterns_new(db);
    ledger->state = state_read(db);
    if (!db_failed(db) && ledger->state.rules == 0 && offered == NULL)
        db_fail(db, "is new, and there are no rules for it");
    if (!db_failed(db) && ledger->state.rules == 0) {
        adopt(ledger, offered);
        ledger->state = state_read(db);
    }
    if (!db_failed(db))
        load_rules(ledger, offered);
    return ledger;
}

void ledger_free(struct ledger *ledger) {
    if (ledger == NULL)
        return;
    names_free(ledger->names);
    patterns_free(ledger->patterns);
    rules_free(ledger->rules);
    db_close(ledger->db);
    text_free(&ledger->traits.files);
    text_free(&ledger->signatures);
    text_free(&ledger->scratch);
    free(ledger->pattern_ids);
    free(ledger);
}

const char *ledger_error(const struct ledger *ledger) {
    return db_failed(ledger->db) ? db_error(ledger->db) : NULL;
}

struct db *ledger_db(struct ledger *ledger) {
    return ledger->db;
}

bool ledger_rules_differ(const struct ledger *ledger) {
    return ledger->rules_differ;
}

const struct state *ledger_state(const struct ledger *ledger) {
    return &ledger->state;
}

struct patterns *ledger_patterns(struct ledger *ledger) {
    return ledger->patterns;
}

void ledger_begin(struct ledger *ledger) {
    db_begin(ledger->db);
    ledger->state = state_read(ledger->db);
    state_bury_rebuild(ledger->db, &ledger->state);
    ledger->now = clock_now();
    if (!db_failed(ledger->db) && ledger->state.rules != ledger->rules_id)
        load_rules(ledger, NULL); /* a rebuild has adopted others in the meantime */
}

/* -- deriving --------------------------------------------------------------------------------------------------- */

/* Takes what ROW showed out of SLOT. Returns how many patterns that were, with their ids in TAKEN. */
static int take(struct ledger *ledger, int slot, const struct workflow_row *row, int64_t taken[RULES_PATTERNS_MAX]) {
    int taken_count = workflow_learned(row) ? patterns_take(ledger->patterns, slot, row, taken) : 0;
    totals_count(&ledger->change[slot], row, taken_count > 0, -1);
    return taken_count;
}

void keywords_json(const struct rules *rules, const struct detection *found, struct text *json) {
    text_clear(json);
    text_string(json, "[");
    for (int i = 0; i < found->keyword_count; i++) {
        text_string(json, i > 0 ? "," : "");
        text_json_string(json, span_of(rules_keyword(rules, found->keywords[i])));
    }
    text_string(json, "]");
}

static int64_t keyword_list(struct ledger *ledger, const struct rules *rules, const struct detection *found) {
    keywords_json(rules, found, &ledger->scratch);
    return names_id(ledger->names, text_span(&ledger->scratch));
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

/* Puts what TEXT shows into SLOT. RESULT, which may be NULL, gets the patterns. */
static void put(struct ledger *ledger, const struct rules *rules, int slot, const struct workflow_row *row,
                struct span workflow_id, const struct workflow_text *text, struct result *result) {
    struct detection found = {0};
    if (workflow_learned(row))
        rules_detect(rules, text, &found);
    int64_t keywords = found.count > 0 ? keyword_list(ledger, rules, &found) : 0;
    for (int i = 0; i < found.count; i++) {
        bool made;
        int signature = found.matches[i].signature;
        int64_t pattern = pattern_of(ledger, rules, signature, &made);
        patterns_put(ledger->patterns, slot, pattern, row, workflow_id, keywords);
        if (result == NULL)
            continue;
        result->patterns[result->pattern_count++] = (struct result_pattern){pattern, rules_signature(rules, signature),
                                                                            made};
        result->made_count += made;
    }
    totals_count(&ledger->change[slot], row, found.count > 0, 1);
}

void ledger_derive(struct ledger *ledger, const struct rules *rules, int slot, const struct stored_workflow *workflow) {
    const struct workflow_row *row = &workflow->row;
    if (workflow->text_kept) {
        workflows_mend_traits(ledger->db, workflow, &ledger->traits);
        const struct workflow_text text = {workflow->nl_input, workflow->error_message, workflow->template_name};
        put(ledger, rules, slot, row, workflow->workflow_id, &text, NULL);
    } else {
        int copied = patterns_copy(ledger->patterns, ledger->state.slot, slot, row, workflow->workflow_id);
        totals_count(&ledger->change[slot], row, copied > 0, 1);
    }
}

void ledger_flush(struct ledger *ledger, int slot, bool show) {
    patterns_flush(ledger->patterns, slot, show);
    totals_add(ledger->db, slot, &ledger->change[slot]);
    ledger->change[slot] = (struct totals){0};
}

static bool end(struct ledger *ledger) {
    bool good = db_commit(ledger->db);
    patterns_forget(ledger->patterns);
    memset(ledger->change, 0, sizeof ledger->change);
    if (!good)
        names_forget(ledger->names);
    return good;
}

bool ledger_commit(struct ledger *ledger) {
    int slot = ledger->state.slot;
    ledger_flush(ledger, slot, true);
    if (ledger->state.rebuild != 0)
        ledger_flush(ledger, 1 - slot, false);
    return end(ledger);
}

bool ledger_commit_state(struct ledger *ledger, const struct state *state) {
    state_write(ledger->db, state);
    ledger->state = *state;
    return end(ledger);
}

/* -- records ---------------------------------------------------------------------------------------------------- */

/* While a rebuild goes on, it must look at every workflow that changes; what it had made of it is taken back here,
 * where the old version is still known. */
static void tell_rebuild(struct ledger *ledger, const struct workflow_row *old, int64_t id) {
    if (ledger->state.rebuild == 0)
        return;
    int64_t taken[RULES_PATTERNS_MAX];
    if (old != NULL && rebuild_has(ledger->db, &ledger->state, id))
        take(ledger, 1 - ledger->state.slot, old, taken);
    if (old == NULL || id <= ledger->state.rebuild_at)
        rebuild_note(ledger->db, id);
}

/* The patterns of an older version: those that the workflow shows. */
static void list_stored(struct ledger *ledger, int64_t workflow, struct result *result) {
    size_t starts[RULES_PATTERNS_MAX];
    text_clear(&ledger->signatures);
    struct query *query = occurrences_of(ledger->db, ledger->state.slot, workflow);
    while (result->pattern_count < RULES_PATTERNS_MAX && db_row(query)) {
        struct span signature = db_text(query, 1);
        starts[result->pattern_count] = ledger->signatures.n;
        result->patterns[result->pattern_count++] = (struct result_pattern){db_integer(query, 0), NULL, false};
        text_bytes(&ledger->signatures, signature.s, signature.n + 1); /* with its NUL */
    }
    db_end(query);
    for (int i = 0; i < result->pattern_count; i++)
        result->patterns[i].signature = ledger->signatures.s + starts[i];
}

/* The patterns of the same content again, in the order in which its layers show them. */
static void list_known(struct ledger *ledger, const struct workflow_record *record, struct result *result) {
    struct detection found = {0};
    const struct workflow_text text = {record->nl_input, record->error_message, record->workflow_template};
    if (record->version.ended)
        rules_detect(ledger->rules, &text, &found);
    for (int i = 0; i < found.count; i++) {
        const char *signature = rules_signature(ledger->rules, found.matches[i].signature);
        int64_t id = patterns_find(ledger->db, signature);
        if (id != 0)
            result->patterns[result->pattern_count++] = (struct result_pattern){id, signature, false};
    }
}

/* How many of the result's patterns are not among TAKEN. */
static int added(const struct result *result, const int64_t *taken, int taken_count) {
    int count = result->pattern_count;
    for (int i = 0; i < result->pattern_count; i++)
        for (int t = 0; t < taken_count; t++)
            count -= result->patterns[i].id == taken[t];
    return count;
}

static void apply_workflow(struct ledger *ledger, const struct workflow_record *record, struct result *result) {
    struct workflow_row row = {0};
    int64_t taken[RULES_PATTERNS_MAX];
    int taken_count = 0;
    bool found = workflows_find(ledger->db, record->workflow_id, &row);
    int newer = found ? version_compare(&record->version, &row.version) : 1;
    if (newer <= 0) {
        result->outcome = OUTCOME_DUPLICATE;
        if (ledger->options.list_patterns && newer == 0)
            list_known(ledger, record, result);
        else if (ledger->options.list_patterns)
            list_stored(ledger, row.id, result);
        return;
    }
    bool keep_text = !ledger->options.drop_text;
    workflow_traits_of(record->nl_input, record->error_count, &ledger->traits);
    if (found) {
        struct workflow_row old = row;
        result->outcome = OUTCOME_UPDATED;
        taken_count = take(ledger, ledger->state.slot, &old, taken);
        workflows_replace(ledger->db, ledger->names, record, &ledger->traits, keep_text, &row);
        tell_rebuild(ledger, &old, row.id);
    } else {
        result->outcome = OUTCOME_NEW;
        workflows_insert(ledger->db, ledger->names, record, &ledger->traits, keep_text, ledger->now, &row);
        tell_rebuild(ledger, NULL, row.id);
    }
    put(ledger, ledger->rules, ledger->state.slot, &row, record->workflow_id,
        &(struct workflow_text){record->nl_input, record->error_message, record->workflow_template}, result);
    result->added_count = added(result, taken, taken_count);
}

const char *outcome_name(enum outcome outcome) {
    static const char *const names[] = {
        [OUTCOME_NEW] = "new", [OUTCOME_UPDATED] = "updated", [OUTCOME_DUPLICATE] = "duplicate"};
    return names[outcome];
}

void ledger_apply(struct ledger *ledger, const struct record *record, const struct digest *identity,
                  struct result *result) {
    bool known = true;
    result->outcome = OUTCOME_NEW;
    result->pattern_count = result->added_count = result->made_count = 0;
    result->pattern_unknown = false;
    if (db_failed(ledger->db))
        return;
    if (record->kind == KIND_WORKFLOW)
        apply_workflow(ledger, &record->workflow, result);
    else
        result->outcome = (enum outcome)reviews_add(ledger->db, record, identity, clock_now(), &known);
    result->pattern_unknown = !known;
}
