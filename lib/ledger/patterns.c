#include "ledger/patterns.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "rules/signature.h"

/* What a transaction changes of one pattern in one slot. */
struct change {
    int slot;
    int64_t pattern;
    struct sums sums;
    /* of the occurrences put: the earliest by (time, workflow id), and one of the latest */
    int64_t first_at, first_workflow, last_at, last_workflow;
    struct span first_id;
    bool taken;    /* some were taken: the first or last may be among them */
    bool reshared; /* some are not what they were: the first may be among them */
};

struct patterns {
    struct db *db;
    struct sets *sets;
    struct change *changes;
    int change_count, capacity;
    struct arena ids; /* the workflow ids in changes */
};

struct patterns *patterns_new(struct db *db, struct sets *sets) {
    struct patterns *patterns = xcalloc(1, sizeof *patterns);
    patterns->db = db;
    patterns->sets = sets;
    return patterns;
}

void patterns_free(struct patterns *patterns) {
    if (patterns == NULL)
        return;
    arena_free(&patterns->ids);
    free(patterns->changes);
    free(patterns);
}

void patterns_forget(struct patterns *patterns) {
    patterns->change_count = 0;
    arena_reset(&patterns->ids);
}

/* -- ids -------------------------------------------------------------------------------------------------------- */

int64_t patterns_find(struct db *db, const char *signature) {
    struct query *query = db_query(db, "SELECT id FROM operation_patterns WHERE pattern_signature = ?1");
    db_bind_text(query, 1, span_of(signature));
    int64_t id = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return id;
}

int64_t patterns_id(struct patterns *patterns, const char *signature, bool *made) {
    int64_t id = patterns_find(patterns->db, signature);
    *made = id == 0;
    if (id != 0)
        return id;
    struct query *query =
        db_query(patterns->db,
                 "INSERT INTO operation_patterns(pattern_signature, pattern_type, automation_status) VALUES(?1, ?2, "
                 "coalesce((SELECT automation_status FROM review WHERE pattern_signature = ?1 "
                 "ORDER BY reviewed_at DESC, content DESC LIMIT 1), 'detected'))");
    db_bind_text(query, 1, span_of(signature));
    db_bind_text(query, 2, signature_category(signature));
    db_run(query);
    return db_last_id(patterns->db);
}

bool patterns_signature(struct db *db, int64_t id, struct text *signature) {
    struct query *query = db_query(db, "SELECT pattern_signature FROM operation_patterns WHERE id = ?1");
    db_bind_integer(query, 1, id);
    bool found = db_row(query);
    if (found)
        text_append(signature, db_text(query, 0));
    db_end(query);
    return found;
}

bool patterns_set_status(struct db *db, struct span signature, const char *status) {
    struct query *query = db_query(db,
                                   "UPDATE operation_patterns SET automation_status = ?2 WHERE pattern_signature = ?1");
    db_bind_text(query, 1, signature);
    db_bind_text(query, 2, span_of(status));
    db_run(query);
    return db_changes(db) > 0;
}

/* -- changes ---------------------------------------------------------------------------------------------------- */

static struct change *change_of(struct patterns *patterns, int slot, int64_t pattern) {
    for (int i = 0; i < patterns->change_count; i++)
        if (patterns->changes[i].pattern == pattern && patterns->changes[i].slot == slot)
            return &patterns->changes[i];
    if (patterns->change_count == patterns->capacity) {
        patterns->capacity = patterns->capacity > 0 ? 2 * patterns->capacity : 32;
        patterns->changes = xreallocarray(patterns->changes, (size_t)patterns->capacity, sizeof *patterns->changes);
    }
    struct change *change = &patterns->changes[patterns->change_count++];
    *change = (struct change){.slot = slot, .pattern = pattern, .first_at = NO_TIME, .last_at = NO_TIME};
    return change;
}

static bool earlier(int64_t at, struct span id, int64_t than_at, struct span than_id) {
    return than_at == NO_TIME || at < than_at || (at == than_at && span_compare(id, than_id) < 0);
}

static void put(struct change *change, struct arena *ids, const struct share *share, const struct workflow_row *row,
                struct span workflow_id) {
    sums_add(&change->sums, share, 1);
    if (earlier(row->created_at, workflow_id, change->first_at, change->first_id)) {
        change->first_at = row->created_at;
        change->first_workflow = row->id;
        change->first_id = (struct span){arena_copy(ids, workflow_id.s, workflow_id.n), workflow_id.n};
    }
    if (change->last_at == NO_TIME || row->created_at > change->last_at) {
        change->last_at = row->created_at;
        change->last_workflow = row->id;
    }
}

void patterns_put(struct patterns *patterns, int slot, const struct workflow_row *row, struct span workflow_id) {
    const struct pattern_set *set = sets_get(patterns->sets, row->pattern_set[slot]);
    struct share share = workflow_share(row, slot);
    for (int i = 0; i < set->count; i++)
        put(change_of(patterns, slot, set->patterns[i]), &patterns->ids, &share, row, workflow_id);
}

const struct pattern_set *patterns_take(struct patterns *patterns, int slot, const struct workflow_row *row) {
    const struct pattern_set *set = sets_get(patterns->sets, row->pattern_set[slot]);
    struct share share = workflow_share(row, slot);
    for (int i = 0; i < set->count; i++) {
        struct change *change = change_of(patterns, slot, set->patterns[i]);
        sums_add(&change->sums, &share, -1);
        change->taken = true;
    }
    return set;
}

void patterns_reshare(struct patterns *patterns, int slot, const struct workflow_row *old,
                      const struct workflow_row *fresh) {
    const struct pattern_set *set = sets_get(patterns->sets, old->pattern_set[slot]);
    struct share before = workflow_share(old, slot), after = workflow_share(fresh, slot);
    for (int i = 0; i < set->count; i++) {
        struct change *change = change_of(patterns, slot, set->patterns[i]);
        sums_add(&change->sums, &before, -1);
        sums_add(&change->sums, &after, 1);
        change->reshared = true;
    }
}

/* -- sums ------------------------------------------------------------------------------------------------------- */

static struct pattern_sum no_sum(int64_t pattern) {
    return (struct pattern_sum){.pattern = pattern, .first_at = NO_TIME, .last_at = NO_TIME};
}

static struct pattern_sum sum_from(struct query *query) {
    struct pattern_sum sum = no_sum(db_integer(query, 0));
    sum.sums = (struct sums){
        .occurrences = db_integer(query, 1),
        .tokens_known = db_integer(query, 2),
        .tokens = db_integer(query, 3),
        .cost_known = db_integer(query, 4),
        .cost = db_integer(query, 5),
        .durations_known = db_integer(query, 6),
        .durations = db_integer(query, 7),
        .duration_squares = (wide)db_integer(query, 8) * ((wide)1 << 64) + (wide)(uint64_t)db_integer(query, 9),
        .errors_known = db_integer(query, 10),
        .errors = db_integer(query, 11),
        .retries_known = db_integer(query, 12),
        .retries = db_integer(query, 13),
    };
    sum.first_at = db_optional(query, 14, NO_TIME);
    sum.first_workflow = db_optional(query, 15, 0);
    sum.last_at = db_optional(query, 16, NO_TIME);
    sum.last_workflow = db_optional(query, 17, 0);
    return sum;
}

static struct query *sums_between(struct db *db, int slot, int64_t first, int64_t last) {
    struct query *query = db_query(
        db,
        "SELECT pattern, occurrences, tokens_known, tokens, cost_known, cost, durations_known, durations, "
        "squares_high, squares_low, errors_known, errors, retries_known, retries, first_at, first_workflow, last_at, "
        "last_workflow FROM pattern_sum WHERE slot = ?1 AND pattern BETWEEN ?2 AND ?3 ORDER BY pattern");
    db_bind_integer(query, 1, slot);
    db_bind_integer(query, 2, first);
    db_bind_integer(query, 3, last);
    return query;
}

struct pattern_sum pattern_sum_of(struct db *db, int slot, int64_t pattern) {
    struct query *query = sums_between(db, slot, pattern, pattern);
    struct pattern_sum sum = db_row(query) ? sum_from(query) : no_sum(pattern);
    db_end(query);
    return sum;
}

static void write_sum(struct db *db, int slot, const struct pattern_sum *sum) {
    const struct sums *s = &sum->sums;
    struct query *query = db_query(
        db, "INSERT OR REPLACE INTO pattern_sum(slot, pattern, occurrences, tokens_known, tokens, cost_known, cost, "
            "durations_known, durations, squares_high, squares_low, errors_known, errors, retries_known, retries, "
            "first_at, first_workflow, last_at, last_workflow) "
            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)");
    const int64_t values[] = {slot,
                              sum->pattern,
                              s->occurrences,
                              s->tokens_known,
                              s->tokens,
                              s->cost_known,
                              s->cost,
                              s->durations_known,
                              s->durations,
                              (int64_t)(s->duration_squares >> 64),
                              (int64_t)(uint64_t)s->duration_squares,
                              s->errors_known,
                              s->errors,
                              s->retries_known,
                              s->retries};
    int position = 1;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        db_bind_integer(query, position++, values[i]);
    db_bind_optional(query, position++, sum->first_at, NO_TIME);
    db_bind_optional(query, position++, sum->first_workflow, 0);
    db_bind_optional(query, position++, sum->last_at, NO_TIME);
    db_bind_optional(query, position, sum->last_workflow, 0);
    db_run(query);
}

/* -- first and last --------------------------------------------------------------------------------------------- */

/* Whether the workflow that was first or last still shows the pattern, and is of that time. */
static bool still_there(const struct patterns *patterns, const struct change *change, int64_t workflow, int64_t at) {
    int64_t is_at, set;
    if (at == NO_TIME)
        return true;
    return workflows_shown(patterns->db, workflow, change->slot, &set, &is_at) && is_at == at &&
           sets_has(sets_get(patterns->sets, set), change->pattern);
}

static bool put_is_earlier(struct db *db, const struct change *change, const struct pattern_sum *sum) {
    if (sum->first_at == NO_TIME || change->first_at != sum->first_at)
        return sum->first_at == NO_TIME || change->first_at < sum->first_at;
    return workflows_id_after(db, sum->first_workflow, change->first_id);
}

static void take_first(struct pattern_sum *sum, int64_t at, int64_t workflow) {
    sum->first_at = at;
    sum->first_workflow = workflow;
}

static void take_last(struct pattern_sum *sum, int64_t at, int64_t workflow) {
    sum->last_at = at;
    sum->last_workflow = workflow;
}

/* Of those put, the first may have been taken again, as may the one that was the first before. Where one put comes
 * before that, it is the first, whatever became of the other; else all are asked. */
static void update_first(const struct patterns *patterns, const struct change *change, struct pattern_sum *sum) {
    bool taken = change->taken;
    bool put = change->first_at != NO_TIME &&
               (!taken || still_there(patterns, change, change->first_workflow, change->first_at));
    if (put && put_is_earlier(patterns->db, change, sum)) {
        take_first(sum, change->first_at, change->first_workflow);
    } else if (taken && ((!put && change->first_at != NO_TIME) ||
                         !still_there(patterns, change, sum->first_workflow, sum->first_at))) {
        int64_t at = workflows_first_at(patterns->db, change->slot, change->pattern);
        take_first(sum, at, workflows_showing_at(patterns->db, change->slot, change->pattern, at));
    }
}

/* The same of the last; of several at one time any is. */
static void update_last(const struct patterns *patterns, const struct change *change, struct pattern_sum *sum) {
    bool taken = change->taken;
    bool put = change->last_at != NO_TIME &&
               (!taken || still_there(patterns, change, change->last_workflow, change->last_at));
    if (put && (sum->last_at == NO_TIME || change->last_at >= sum->last_at)) {
        take_last(sum, change->last_at, change->last_workflow);
    } else if (taken && ((!put && change->last_at != NO_TIME) ||
                         !still_there(patterns, change, sum->last_workflow, sum->last_at))) {
        int64_t at = workflows_last_at(patterns->db, change->slot, change->pattern);
        take_last(sum, at, workflows_showing_at(patterns->db, change->slot, change->pattern, at));
    }
}

/* -- showing ---------------------------------------------------------------------------------------------------- */

static void bind_time(struct query *query, int position, int64_t us, char text[TIME_TEXT]) {
    if (us == NO_TIME) {
        db_bind_null(query, position);
        return;
    }
    time_format(us, text);
    db_bind_text(query, position, span_of(text));
}

/* A pattern's row shows what its sums say. */
static void show(struct db *db, const struct pattern_sum *sum) {
    char first[TIME_TEXT], last[TIME_TEXT];
    struct figures figures = sums_figures(&sum->sums, sum->first_at, sum->last_at);
    struct query *query = db_query(
        db,
        "UPDATE operation_patterns SET occurrence_count = ?2, avg_tokens_with_llm = ?3, avg_cost_with_llm = ?4, "
        "avg_tokens_with_tool = ?5, avg_cost_with_tool = ?6, confidence_score = ?7, potential_monthly_savings = ?8, "
        "created_at = ?9, last_seen = ?10 WHERE id = ?1");
    db_bind_integer(query, 1, sum->pattern);
    db_bind_integer(query, 2, sum->sums.occurrences);
    db_bind_optional(query, 3, figures.avg_tokens_with_llm, UNKNOWN);
    db_bind_real(query, 4, figures.avg_cost_with_llm);
    db_bind_optional(query, 5, figures.avg_tokens_with_tool, UNKNOWN);
    db_bind_real(query, 6, figures.avg_cost_with_tool);
    db_bind_real(query, 7, figures.confidence_score);
    db_bind_real(query, 8, figures.potential_monthly_savings);
    bind_time(query, 9, sum->first_at, first);
    bind_time(query, 10, sum->last_at, last);
    db_run(query);
}

/* What its first workflow is like: by far the most there is to ask, and seldom new. */
static void show_first(struct db *db, const struct pattern_sum *sum) {
    struct query *query = db_query(db, "UPDATE operation_patterns SET typical_input_pattern = "
                                       "(SELECT matched_characteristics FROM pattern_occurrences WHERE pattern_id = ?1 "
                                       "AND workflow_id = (SELECT workflow_id FROM workflow WHERE id = ?2)) "
                                       "WHERE id = ?1");
    db_bind_integer(query, 1, sum->pattern);
    db_bind_optional(query, 2, sum->first_workflow, 0);
    db_run(query);
}

void patterns_flush(struct patterns *patterns, int slot, bool shown) {
    for (int i = 0; i < patterns->change_count; i++) {
        const struct change *change = &patterns->changes[i];
        if (change->slot != slot)
            continue;
        struct pattern_sum sum = pattern_sum_of(patterns->db, slot, change->pattern);
        if (!sums_merge(&sum.sums, &change->sums)) {
            db_fail(patterns->db, "the sums of pattern %lld would not fit: a record must be wrong",
                    (long long)change->pattern);
            return;
        }
        int64_t first = sum.first_workflow;
        update_first(patterns, change, &sum);
        update_last(patterns, change, &sum);
        write_sum(patterns->db, slot, &sum);
        if (shown)
            show(patterns->db, &sum);
        if (shown && (change->taken || change->reshared || sum.first_workflow != first))
            show_first(patterns->db, &sum);
    }
}

void patterns_show_all(struct patterns *patterns, int slot) {
    /* those without a sum have no occurrence */
    db_script(patterns->db, "UPDATE operation_patterns SET pattern_type = "
                            "substr(pattern_signature, 1, instr(pattern_signature, ':') - 1), "
                            "occurrence_count = 0, avg_tokens_with_llm = NULL, "
                            "avg_cost_with_llm = NULL, avg_tokens_with_tool = NULL, avg_cost_with_tool = NULL, "
                            "confidence_score = 10, potential_monthly_savings = NULL, created_at = NULL, "
                            "last_seen = NULL, typical_input_pattern = NULL");
    db_script(
        patterns->db,
        "UPDATE operation_patterns AS p SET automation_status = coalesce((SELECT r.automation_status FROM review r "
        "WHERE r.pattern_signature = p.pattern_signature ORDER BY r.reviewed_at DESC, r.content DESC "
        "LIMIT 1), 'detected')");
    struct query *query = sums_between(patterns->db, slot, 0, INT64_MAX);
    while (db_row(query)) {
        struct pattern_sum sum = sum_from(query);
        show(patterns->db, &sum);
        show_first(patterns->db, &sum);
    }
}

void patterns_clear(struct db *db, int slot) {
    db_run_of(db, "DELETE FROM pattern_sum WHERE slot = ?1", slot);
}

/* -- reading ---------------------------------------------------------------------------------------------------- */

struct query *patterns_all(struct db *db) {
    return db_query(db, "SELECT id, pattern_signature, pattern_type, typical_input_pattern, automation_status, "
                        "created_at, last_seen, occurrence_count, avg_tokens_with_llm, avg_tokens_with_tool, "
                        "avg_cost_with_llm, avg_cost_with_tool, confidence_score, potential_monthly_savings "
                        "FROM operation_patterns ORDER BY pattern_signature");
}

bool patterns_next(struct query *query, struct pattern_row *row) {
    if (!db_row(query))
        return false;
    row->id = db_integer(query, 0);
    row->signature = db_text(query, 1);
    row->type = db_text(query, 2);
    row->typical_input = db_text(query, 3);
    row->status = db_text(query, 4);
    row->created_at = db_text(query, 5);
    row->last_seen = db_text(query, 6);
    row->occurrences = db_integer(query, 7);
    row->figures = (struct figures){
        .avg_tokens_with_llm = db_optional(query, 8, UNKNOWN),
        .avg_tokens_with_tool = db_optional(query, 9, UNKNOWN),
        .avg_cost_with_llm = db_real(query, 10),
        .avg_cost_with_tool = db_real(query, 11),
        .confidence_score = db_real(query, 12),
        .potential_monthly_savings = db_real(query, 13),
    };
    return true;
}
