/* report_patterns: work that repeats, and the rules that find it. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "ledger/patterns.h"
#include "ledger/reviews.h"
#include "ledger/tally.h"
#include "ledger/usage.h"
#include "ledger/workflows.h"
#include "report/reports_private.h"
#include "rules/signature.h"

enum { RECENT_WORKFLOWS = 10, UNMATCHED_TEXTS = 20 };

/* -- patterns --------------------------------------------------------------------------------------------------- */

/* A pattern as a report shows it: of all workflows, or of those that a filter let pass. */
struct shown_pattern {
    int64_t id;
    char *signature, *status, *typical_input;
    int64_t occurrences, first_at, last_at;
    struct figures figures;
    struct sums sums;
};

struct shown_patterns {
    struct shown_pattern *items;
    size_t count;
};

static char *copy_of(struct span span) {
    return span.s != NULL ? xmemdup(span.s, span.n) : NULL;
}

static void add_shown(struct shown_patterns *shown, const struct pattern_row *row, const struct pattern_sum *sum) {
    if (sum->sums.occurrences == 0)
        return;
    shown->items = xreallocarray(shown->items, shown->count + 1, sizeof *shown->items);
    shown->items[shown->count++] = (struct shown_pattern){
        .id = row->id,
        .signature = copy_of(row->signature),
        .status = copy_of(row->status),
        .typical_input = copy_of(row->typical_input),
        .occurrences = sum->sums.occurrences,
        .first_at = sum->first_at,
        .last_at = sum->last_at,
        .figures = row->figures,
        .sums = sum->sums,
    };
}

static void free_shown(struct shown_patterns *shown) {
    for (size_t i = 0; i < shown->count; i++) {
        free(shown->items[i].signature);
        free(shown->items[i].status);
        free(shown->items[i].typical_input);
    }
    free(shown->items);
}

static void add_filtered(const struct report_request *request, struct shown_patterns *shown, struct tally *tally) {
    struct pattern_row row;
    tally_filtered(request->db, &request->filter, tally);
    struct query *query = patterns_all(request->db);
    while (patterns_next(query, &row)) {
        struct pattern_sum *sum = &tally_pattern(tally, row.signature.s)->sum;
        row.figures = sums_figures(&sum->sums, sum->first_at, sum->last_at);
        add_shown(shown, &row, sum);
    }
}

/* Those with an occurrence. What is kept up to date is enough, unless there is a filter. */
static struct shown_patterns shown_patterns(const struct report_request *request, struct totals *totals) {
    struct shown_patterns shown = {0};
    struct tally tally = {0};
    struct state state = state_read(request->db);
    if (filter_any(&request->filter)) {
        add_filtered(request, &shown, &tally);
        *totals = tally.totals;
        usage_count(request->db, state.slot, &request->filter, totals);
        tally_free(&tally);
        return shown;
    }
    struct pattern_row row;
    struct query *query = patterns_all(request->db);
    while (patterns_next(query, &row)) {
        struct pattern_sum sum = pattern_sum_of(request->db, state.slot, row.id);
        sum.sums.occurrences = row.occurrences;
        add_shown(&shown, &row, &sum);
    }
    *totals = totals_read(request->db, state.slot);
    return shown;
}

static int by_number(double a, double b) {
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a < b) - (a > b);
}

static int by_savings(const void *a, const void *b) {
    const struct shown_pattern *p = a, *q = b;
    int order = by_number(p->figures.potential_monthly_savings, q->figures.potential_monthly_savings);
    return order != 0 ? order : strcmp(p->signature, q->signature);
}

static int by_occurrences(const void *a, const void *b) {
    const struct shown_pattern *p = a, *q = b;
    int order = by_number((double)p->occurrences, (double)q->occurrences);
    return order != 0 ? order : by_savings(a, b);
}

static int by_confidence(const void *a, const void *b) {
    const struct shown_pattern *p = a, *q = b;
    int order = by_number(p->figures.confidence_score, q->figures.confidence_score);
    return order != 0 ? order : by_savings(a, b);
}

static int by_recency(const void *a, const void *b) {
    const struct shown_pattern *p = a, *q = b;
    int order = (p->last_at < q->last_at) - (p->last_at > q->last_at);
    return order != 0 ? order : by_savings(a, b);
}

static const struct {
    const char *name;
    int (*compare)(const void *, const void *);
} sorts[] = {
    [SORT_SAVINGS] = {"savings", by_savings},
    [SORT_OCCURRENCES] = {"occurrences", by_occurrences},
    [SORT_CONFIDENCE] = {"confidence", by_confidence},
    [SORT_RECENT] = {"recent", by_recency},
};

bool report_sort_named(const char *name, enum report_sort *sort) {
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        if (strcmp(name, sorts[i].name) == 0) {
            *sort = (enum report_sort)i;
            return true;
        }
    }
    return false;
}

static void pattern_cells(struct table *table, const struct shown_pattern *p) {
    table_integer(table, p->id);
    table_text(table, span_of(p->signature));
    table_text(table, signature_category(p->signature));
    table_integer(table, p->occurrences);
    integer_or_null(table, p->figures.avg_tokens_with_llm, UNKNOWN);
    real_or_null(table, p->figures.avg_cost_with_llm);
    integer_or_null(table, p->figures.avg_tokens_with_tool, UNKNOWN);
    real_or_null(table, p->figures.avg_cost_with_tool);
    table_real(table, p->figures.confidence_score);
    real_or_null(table, p->figures.potential_monthly_savings);
    table_text(table, span_of(p->status));
    integer_or_null(table, p->first_at, NO_TIME);
    integer_or_null(table, p->last_at, NO_TIME);
}

int patterns_report(const struct report_request *request) {
    static const struct column columns[] = {
        {"id", CELL_ID, DETAIL},
        {"pattern_signature", CELL_TEXT, SHOWN},
        {"pattern_type", CELL_TEXT, DETAIL},
        {"occurrence_count", CELL_COUNT, SHOWN},
        {"avg_tokens_with_llm", CELL_COUNT, IF_ROOM},
        {"avg_cost_with_llm", CELL_MONEY, SHOWN},
        {"avg_tokens_with_tool", CELL_COUNT, DETAIL},
        {"avg_cost_with_tool", CELL_MONEY, DETAIL},
        {"confidence_score", CELL_SCORE, SHOWN},
        {"potential_monthly_savings", CELL_MONEY, SHOWN},
        {"automation_status", CELL_TEXT, IF_ROOM},
        {"created_at", CELL_TIME, DETAIL},
        {"last_seen", CELL_TIME, IF_ROOM},
    };
    struct totals totals;
    struct shown_patterns shown = shown_patterns(request, &totals);
    struct table *table = table_new("patterns", columns, sizeof columns / sizeof *columns, false);
    if (shown.count > 0)
        qsort(shown.items, shown.count, sizeof *shown.items, sorts[request->sort].compare);
    for (size_t i = 0; i < shown.count && (request->limit < 0 || i < (size_t)request->limit); i++)
        pattern_cells(table, &shown.items[i]);
    if (shown.count == 0 && request->style.format == FORMAT_TABLE && !db_failed(request->db))
        complain("no patterns yet: %s",
                 totals.workflows == 0 ? "no workflow is recorded" : "pl-stats unmatched shows what no rule speaks of");
    free_shown(&shown);
    return finish(request, table);
}

/* -- one pattern ------------------------------------------------------------------------------------------------ */

static const struct column review_columns[] = {
    {"automation_status", CELL_TEXT, SHOWN},
    {"reviewed_by", CELL_TEXT, SHOWN},
    {"review_notes", CELL_TEXT, SHOWN},
    {"reviewed_at", CELL_TIME, SHOWN},
};

static struct table *review_table(const struct report_request *request, const char *signature) {
    struct table *table = table_new("reviews", review_columns, 4, false);
    struct query *query = reviews_of(request->db, span_of(signature));
    while (db_row(query)) {
        table_text(table, db_text(query, 0));
        table_text(table, db_text(query, 1));
        table_text(table, db_text(query, 2));
        table_integer(table, db_integer(query, 3));
    }
    return table;
}

static const struct column workflow_columns[] = {
    {"workflow_id", CELL_TEXT, SHOWN},     {"status", CELL_TEXT, SHOWN},
    {"created_at", CELL_TIME, SHOWN},      {"duration_seconds", CELL_SECONDS, IF_ROOM},
    {"total_tokens", CELL_COUNT, IF_ROOM}, {"actual_cost_total", CELL_MONEY, SHOWN},
    {"account", CELL_TEXT, IF_ROOM},       {"nl_input", CELL_TEXT, SHOWN},
};

static struct table *workflow_table(const struct report_request *request, int64_t pattern) {
    struct state state = state_read(request->db);
    struct table *table = table_new("workflows", workflow_columns, sizeof workflow_columns / sizeof *workflow_columns,
                                    false);
    struct pattern_sum sum = pattern_sum_of(request->db, state.slot, pattern);
    struct query *query = workflows_showing(request->db, state.slot, pattern, sum.first_at, sum.last_at,
                                            &request->filter, request->limit >= 0 ? request->limit : RECENT_WORKFLOWS);
    while (db_row(query)) {
        table_text(table, db_text(query, 0));
        table_text(table, span_of(workflow_status_name((enum workflow_status)db_integer(query, 1))));
        table_integer(table, db_integer(query, 2));
        real_or_null(table, db_real(query, 3) / 1000);
        integer_or_null(table, db_optional(query, 4, UNKNOWN), UNKNOWN);
        dollars_or_null(table, db_optional(query, 5, UNKNOWN));
        table_text(table, db_text(query, 6));
        table_text(table, db_text(query, 7));
    }
    return table;
}

static const struct column pattern_columns[] = {
    {"id", CELL_ID, SHOWN},
    {"pattern_signature", CELL_TEXT, SHOWN},
    {"pattern_type", CELL_TEXT, SHOWN},
    {"occurrence_count", CELL_COUNT, SHOWN},
    {"avg_tokens_with_llm", CELL_COUNT, SHOWN},
    {"avg_cost_with_llm", CELL_MONEY, SHOWN},
    {"avg_tokens_with_tool", CELL_COUNT, SHOWN},
    {"avg_cost_with_tool", CELL_MONEY, SHOWN},
    {"confidence_score", CELL_SCORE, SHOWN},
    {"potential_monthly_savings", CELL_MONEY, SHOWN},
    {"automation_status", CELL_TEXT, SHOWN},
    {"created_at", CELL_TIME, SHOWN},
    {"last_seen", CELL_TIME, SHOWN},
    {"confidence_parts", CELL_JSON, SHOWN},
    {"typical_input_pattern", CELL_JSON, SHOWN},
    {"reviews", CELL_JSON, SHOWN},
    {"recent_workflows", CELL_JSON, SHOWN},
};

enum { PATTERN_COLUMNS = sizeof pattern_columns / sizeof *pattern_columns, NESTED_TABLES = 2 };

static void print_pattern(const struct report_request *request, const struct shown_pattern *p) {
    bool people = request->style.format == FORMAT_TABLE;
    struct confidence parts = sums_confidence(&p->sums);
    struct table *reviews = review_table(request, p->signature), *workflows = workflow_table(request, p->id);
    struct table *table = table_new("pattern", pattern_columns, (size_t)PATTERN_COLUMNS - (people ? NESTED_TABLES : 0),
                                    true);
    struct text json = {0};
    text_format(&json, "{\"frequency\":%d,\"consistency\":%d,\"success\":%d}", parts.frequency, parts.consistency,
                parts.success);
    pattern_cells(table, p);
    table_text(table, text_span(&json));
    table_text(table, span_of(p->typical_input));
    char *nested[NESTED_TABLES] = {table_json(reviews), table_json(workflows)};
    for (int i = 0; i < NESTED_TABLES; i++) {
        if (!people)
            table_text(table, span_of(nested[i]));
        free(nested[i]);
    }
    table_print(table, &request->style, request->out);
    if (people && table_rows(reviews) > 0) {
        fputs("\n", request->out);
        table_print(reviews, &request->style, request->out);
    }
    if (people && table_rows(workflows) > 0) {
        fputs("\n", request->out);
        table_print(workflows, &request->style, request->out);
    }
    text_free(&json);
    table_free(table);
    table_free(reviews);
    table_free(workflows);
}

int pattern_report(const struct report_request *request) {
    struct totals totals;
    struct shown_patterns shown = shown_patterns(request, &totals);
    int status = STATUS_REJECTED;
    for (size_t i = 0; i < shown.count && !db_failed(request->db); i++) {
        if (strcmp(shown.items[i].signature, request->argument) != 0)
            continue;
        print_pattern(request, &shown.items[i]);
        status = STATUS_GOOD;
    }
    if (status != STATUS_GOOD && !db_failed(request->db))
        complain("no such pattern: %s", request->argument);
    free_shown(&shown);
    return status;
}

/* -- summary ---------------------------------------------------------------------------------------------------- */

/* The statuses in their order of life, with how many patterns have each; those that none has are left out. */
static void statuses_json(const struct shown_patterns *shown, struct text *json) {
    text_string(json, "{");
    for (enum automation_status s = AUTOMATION_DETECTED; s <= AUTOMATION_DEPRECATED; s++) {
        int count = 0;
        for (size_t i = 0; i < shown->count; i++)
            count += strcmp(shown->items[i].status, automation_status_name(s)) == 0;
        if (count > 0)
            text_format(json, "%s\"%s\":%d", json->n > 1 ? "," : "", automation_status_name(s), count);
    }
    text_string(json, "}");
}

/* Of requests, and of workflows that no request names. */
static int64_t total_cost(const struct report_request *request, const struct totals *totals) {
    int64_t cost = totals->cost;
    if (totals->cost_known == 0 && totals->request_cost_known == 0)
        return UNKNOWN;
    usage_add(request->db, &cost, totals->request_cost, "costs");
    return cost;
}

int summary_report(const struct report_request *request) {
    static const struct column columns[] = {
        {"total_workflows", CELL_COUNT, SHOWN},   {"total_patterns", CELL_COUNT, SHOWN},
        {"total_occurrences", CELL_COUNT, SHOWN}, {"potential_monthly_savings", CELL_MONEY, SHOWN},
        {"patterns_by_status", CELL_JSON, SHOWN}, {"total_requests", CELL_COUNT, SHOWN},
        {"total_feedback", CELL_COUNT, SHOWN},    {"total_cost", CELL_MONEY, SHOWN},
    };
    struct totals totals;
    struct shown_patterns shown = shown_patterns(request, &totals);
    int64_t cost = total_cost(request, &totals);
    struct table *table = table_new("summary", columns, sizeof columns / sizeof *columns, true);
    struct text statuses = {0};
    int64_t occurrences = 0;
    double savings = (double)NAN;
    /* in a fixed order, so that the sum does not depend on that of arrival */
    if (shown.count > 0)
        qsort(shown.items, shown.count, sizeof *shown.items, by_savings);
    for (size_t i = 0; i < shown.count; i++) {
        double saved = shown.items[i].figures.potential_monthly_savings;
        occurrences += shown.items[i].occurrences;
        if (!isnan(saved))
            savings = isnan(savings) ? saved : savings + saved;
    }
    statuses_json(&shown, &statuses);
    table_integer(table, totals.workflows);
    table_integer(table, (int64_t)shown.count);
    table_integer(table, occurrences);
    real_or_null(table, savings);
    table_text(table, text_span(&statuses));
    table_integer(table, totals.requests);
    table_integer(table, totals.feedback);
    dollars_or_null(table, cost);
    text_free(&statuses);
    free_shown(&shown);
    return finish(request, table);
}

/* -- unmatched -------------------------------------------------------------------------------------------------- */

int unmatched_report(const struct report_request *request) {
    static const struct column columns[] = {
        {"masked_input", CELL_TEXT, SHOWN}, {"occurrence_count", CELL_COUNT, SHOWN}, {"total_cost", CELL_MONEY, SHOWN},
        {"last_seen", CELL_TIME, IF_ROOM},  {"last_input", CELL_TEXT, DETAIL},
    };
    struct state state = state_read(request->db);
    struct table *table = table_new("unmatched", columns, sizeof columns / sizeof *columns, false);
    struct query *query = workflows_unmatched(request->db, state.slot, &request->filter,
                                              request->limit >= 0 ? request->limit : UNMATCHED_TEXTS);
    while (db_row(query)) {
        table_text(table, db_text(query, 0));
        table_integer(table, db_integer(query, 1));
        dollars_or_null(table, db_optional(query, 2, UNKNOWN));
        table_integer(table, db_integer(query, 3));
        table_text(table, db_text(query, 4));
    }
    if (table_rows(table) == 0 && request->style.format == FORMAT_TABLE && !db_failed(request->db))
        complain("every text that is kept matches a rule");
    return finish(request, table);
}

/* -- why -------------------------------------------------------------------------------------------------------- */

static void word_or_null(struct table *table, const struct rules *rules, int keyword) {
    table_text(table, span_of(keyword != RULES_NONE ? rules_keyword(rules, keyword) : NULL));
}

int why_report(const struct report_request *request) {
    static const struct column columns[] = {
        {"pattern_signature", CELL_TEXT, SHOWN}, {"layer", CELL_TEXT, SHOWN},       {"word", CELL_TEXT, SHOWN},
        {"subcategory_word", CELL_TEXT, SHOWN},  {"target_word", CELL_TEXT, SHOWN}, {"template_part", CELL_TEXT, SHOWN},
    };
    static const char *const layers[] = {
        [LAYER_INPUT] = "nl_input", [LAYER_ERROR] = "error_message", [LAYER_TEMPLATE] = "workflow_template"};
    struct detection found;
    rules_detect(request->rules,
                 &(struct workflow_text){span_of(request->argument), span_of(request->error_message),
                                         span_of(request->workflow_template)},
                 &found);
    struct table *table = table_new("why", columns, sizeof columns / sizeof *columns, false);
    for (int i = 0; i < found.count; i++) {
        const struct rules_match *match = &found.matches[i];
        table_text(table, span_of(rules_signature(request->rules, match->signature)));
        table_text(table, span_of(layers[match->layer]));
        word_or_null(table, request->rules, match->category_word);
        word_or_null(table, request->rules, match->tool_word);
        word_or_null(table, request->rules, match->target_word);
        table_text(table, match->target_part);
    }
    table_print(table, &request->style, request->out);
    table_free(table);
    if (found.count == 0)
        complain("no rule speaks of this text");
    return found.count > 0 ? STATUS_GOOD : STATUS_REJECTED;
}
