/* report_loop: what became of requests: their ratings, what retraining made of them, and the budgets. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "ledger/usage.h"
#include "report/reports_private.h"
#include "report/sparkline.h"

enum { BUDGETS_FOR_PEOPLE = 20, QUALITY_LEAST = 1, QUALITY_MOST = 5 };

/* -- feedback --------------------------------------------------------------------------------------------------- */

static const struct column feedback_columns[] = {
    {"total_feedback", CELL_COUNT, SHOWN},
    {"avg_quality_score", CELL_REAL, SHOWN},
    {"models", CELL_JSON, SHOWN},
};

static const struct column rated_columns[] = {
    {"selected_model", CELL_TEXT, SHOWN},
    {"count", CELL_COUNT, SHOWN},
    {"avg_quality", CELL_REAL, SHOWN},
    {"correctness_rate", CELL_RATE, SHOWN},
};

enum { FEEDBACK_COLUMNS = sizeof feedback_columns / sizeof *feedback_columns };

/* The models' rows, and in *RATINGS and *QUALITY their sums. */
static struct table *rated_models(const struct report_request *request, int64_t *ratings, int64_t *quality) {
    struct table *table = table_new("feedback", rated_columns, sizeof rated_columns / sizeof *rated_columns, false);
    struct query *query = usage_ratings(request->db, &request->filter);
    *ratings = *quality = 0;
    while (db_row(query)) {
        int64_t count = db_integer(query, 1), sum = db_integer(query, 2);
        table_text(table, db_text(query, 0));
        table_integer(table, count);
        mean_or_null(table, sum, count);
        mean_or_null(table, db_integer(query, 4), db_integer(query, 3));
        *ratings += count;
        *quality += sum;
    }
    return table;
}

/* The two figures, and the rows in the way of each format. */
static void print_feedback(const struct report_request *request, int64_t ratings, int64_t quality,
                           const struct table *models) {
    enum table_format format = request->style.format;
    size_t columns = (size_t)FEEDBACK_COLUMNS - (format != FORMAT_JSON);
    struct table *table = table_new("feedback", feedback_columns, columns, true);
    table_integer(table, ratings);
    mean_or_null(table, quality, ratings);
    if (format == FORMAT_JSON) {
        char *nested = table_json(models);
        table_text(table, span_of(nested));
        free(nested);
    }
    if (format != FORMAT_CSV && format != FORMAT_TSV)
        table_print(table, &request->style, request->out);
    if (format == FORMAT_TABLE && table_rows(models) > 0)
        fputs("\n", request->out);
    if (format != FORMAT_JSON)
        table_print(models, &request->style, request->out);
    table_free(table);
}

int feedback_report(const struct report_request *request) {
    int64_t ratings, quality;
    struct table *models = rated_models(request, &ratings, &quality);
    if (!db_failed(request->db))
        print_feedback(request, ratings, quality, models);
    table_free(models);
    return STATUS_GOOD;
}

/* -- learning --------------------------------------------------------------------------------------------------- */

int learning_report(const struct report_request *request) {
    static const struct column columns[] = {
        {"last_retraining_run", CELL_TIME, SHOWN},
        {"next_scheduled_run", CELL_TIME, SHOWN},
        {"confidence_distribution", CELL_JSON, SHOWN},
        {"total_patterns", CELL_COUNT, SHOWN},
        {"total_runs", CELL_COUNT, SHOWN},
        {"spooled_records", CELL_COUNT, SHOWN},
        {"spooled_bytes", CELL_COUNT, SHOWN},
        {"spooled_since", CELL_TIME, SHOWN},
    };
    struct spool_state spooled = waiting_in_spools(request);
    struct usage_runs runs = usage_runs(request->db);
    struct table *table = table_new("learning", columns, sizeof columns / sizeof *columns, true);
    struct text levels = {0};
    text_format(&levels, "{\"high\":%lld,\"medium\":%lld,\"low\":%lld}", (long long)runs.high, (long long)runs.medium,
                (long long)runs.low);
    integer_or_null(table, runs.last_at, NO_TIME);
    integer_or_null(table, runs.next_at, NO_TIME);
    table_text(table, text_span(&levels));
    table_integer(table, runs.high + runs.medium + runs.low);
    table_integer(table, runs.runs);
    table_integer(table, spooled.records);
    table_integer(table, spooled.bytes);
    integer_or_null(table, spooled.since, NO_TIME);
    text_free(&levels);
    return finish(request, table);
}

/* -- trends ----------------------------------------------------------------------------------------------------- */

static const struct column trend_columns[] = {
    {"model", CELL_TEXT, SHOWN},
    {"avg_quality_score", CELL_REAL, SHOWN},
    {"correctness_rate", CELL_RATE, IF_ROOM},
    {"sample_count", CELL_COUNT, IF_ROOM},
    {"confidence_level", CELL_TEXT, SHOWN},
    {"updated_at", CELL_TIME, SHOWN},
    {"provider", CELL_TEXT, IF_ROOM},
    {"avg_cost", CELL_MONEY, IF_ROOM},
    {"retraining_run_id", CELL_TEXT, DETAIL},
};

enum { TREND_COLUMNS = sizeof trend_columns / sizeof *trend_columns };

/* For Prometheus, which keeps a history of its own: of the newest run alone. */
static const struct column gauge_columns[] = {
    {"pattern", CELL_TEXT, SHOWN},          {"model", CELL_TEXT, SHOWN},
    {"provider", CELL_TEXT, SHOWN},         {"avg_quality_score", CELL_REAL, SHOWN},
    {"correctness_rate", CELL_RATE, SHOWN}, {"sample_count", CELL_COUNT, SHOWN},
    {"avg_cost", CELL_MONEY, SHOWN},        {"updated_at", CELL_TIME, SHOWN},
};

enum { GAUGE_COLUMNS = sizeof gauge_columns / sizeof *gauge_columns };

static void trend_cells(struct table *table, struct query *query) {
    table_text(table, db_text(query, 0));
    real_or_null(table, db_real(query, 2));
    real_or_null(table, db_real(query, 3));
    table_integer(table, db_integer(query, 4));
    table_text(table, db_text(query, 5));
    time_or_null(table, db_text(query, 6));
    table_text(table, db_text(query, 1));
    real_or_null(table, db_real(query, 7));
    table_text(table, db_text(query, 8));
}

static void gauge_cells(struct table *table, struct query *query, const char *pattern) {
    table_text(table, span_of(pattern));
    table_text(table, db_text(query, 0));
    table_text(table, db_text(query, 1));
    real_or_null(table, db_real(query, 2));
    real_or_null(table, db_real(query, 3));
    table_integer(table, db_integer(query, 4));
    real_or_null(table, db_real(query, 7));
    time_or_null(table, db_text(query, 6));
}

/* How one model did, run by run. */
struct trend {
    struct text label;
    double *values; /* from the newest on, as they come */
    size_t count, capacity;
};

struct trends {
    struct trend *items;
    size_t count;
};

static struct trend *trend_of(struct trends *trends, struct span model, struct span provider) {
    struct text label = {0};
    text_append(&label, model);
    text_string(&label, ", ");
    text_append(&label, provider);
    for (size_t i = 0; i < trends->count; i++) {
        if (span_equal(text_span(&label), text_span(&trends->items[i].label))) {
            text_free(&label);
            return &trends->items[i];
        }
    }
    trends->items = xreallocarray(trends->items, trends->count + 1, sizeof *trends->items);
    trends->items[trends->count] = (struct trend){.label = label};
    return &trends->items[trends->count++];
}

static void add_value(struct trends *trends, struct query *query) {
    struct trend *trend = trend_of(trends, db_text(query, 0), db_text(query, 1));
    if (trend->count == trend->capacity) {
        trend->capacity = trend->capacity > 0 ? trend->capacity * 2 : 16;
        trend->values = xreallocarray(trend->values, trend->capacity, sizeof *trend->values);
    }
    trend->values[trend->count++] = db_real(query, 2);
}

static void reverse(double *values, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        double value = values[i];
        values[i] = values[count - 1 - i];
        values[count - 1 - i] = value;
    }
}

static void print_sparklines(const struct report_request *request, struct trends *trends) {
    struct sparkline *lines = xcalloc(trends->count, sizeof *lines);
    for (size_t i = 0; i < trends->count; i++) {
        struct trend *trend = &trends->items[i];
        reverse(trend->values, trend->count);
        lines[i] = (struct sparkline){text_span(&trend->label), trend->values, trend->count};
    }
    fputs("\n", request->out);
    sparklines_print(lines, trends->count, QUALITY_LEAST, QUALITY_MOST, &request->style, request->out);
    free(lines);
}

static void trends_free(struct trends *trends) {
    for (size_t i = 0; i < trends->count; i++) {
        text_free(&trends->items[i].label);
        free(trends->items[i].values);
    }
    free(trends->items);
}

/* The rows as a member of one object, with the pattern. */
static void print_trends_json(const struct report_request *request, const struct table *rows) {
    static const struct column columns[] = {{"pattern", CELL_TEXT, SHOWN}, {"trends", CELL_JSON, SHOWN}};
    struct table *table = table_new("trends", columns, 2, true);
    char *nested = table_json(rows);
    table_text(table, span_of(request->argument));
    table_text(table, span_of(nested));
    table_print(table, &request->style, request->out);
    table_free(table);
    free(nested);
}

static void print_trends(const struct report_request *request, const struct table *rows, struct trends *trends) {
    if (request->style.format == FORMAT_JSON)
        print_trends_json(request, rows);
    else
        table_print(rows, &request->style, request->out);
    if (request->style.format == FORMAT_TABLE && request->style.width > 0 && trends->count > 0)
        print_sparklines(request, trends);
    if (nothing_for_people(request, rows))
        complain("%s: no retraining has looked at it yet", request->argument);
}

int trends_report(const struct report_request *request) {
    bool gauges = request->style.format == FORMAT_PROMETHEUS;
    struct table *rows = gauges ? table_new("trends", gauge_columns, GAUGE_COLUMNS, false)
                                : table_new("trends", trend_columns, TREND_COLUMNS, false);
    struct trends trends = {0};
    struct text newest = {0};
    struct query *query = usage_trends(request->db, span_of(request->argument));
    while (db_row(query)) {
        if (table_rows(rows) == 0)
            text_append(&newest, db_text(query, 8));
        if (!gauges)
            trend_cells(rows, query);
        else if (span_equal(db_text(query, 8), text_span(&newest)))
            gauge_cells(rows, query, request->argument);
        add_value(&trends, query);
    }
    bool known = table_rows(rows) > 0 || usage_pattern_known(request->db, span_of(request->argument));
    if (!db_failed(request->db)) {
        if (known)
            print_trends(request, rows, &trends);
        else
            complain("no such pattern: %s", request->argument);
    }
    trends_free(&trends);
    text_free(&newest);
    table_free(rows);
    return known ? STATUS_GOOD : STATUS_REJECTED;
}

/* -- budgets ---------------------------------------------------------------------------------------------------- */

/* Programs get the database's own values, people dates for its seconds. */
static const struct column budget_columns[] = {
    {"prompt_hash", CELL_TEXT, SHOWN},  {"complexity_level", CELL_TEXT, SHOWN},    {"avg_budget", CELL_COUNT, SHOWN},
    {"usage_count", CELL_COUNT, SHOWN}, {"total_quality_score", CELL_REAL, SHOWN}, {"quality_score", CELL_REAL, SHOWN},
    {"last_used", CELL_COUNT, SHOWN},   {"created_at", CELL_COUNT, SHOWN},
};

static const struct column budget_columns_for_people[] = {
    {"prompt_hash", CELL_TEXT, SHOWN},  {"complexity_level", CELL_TEXT, SHOWN},     {"avg_budget", CELL_COUNT, SHOWN},
    {"usage_count", CELL_COUNT, SHOWN}, {"total_quality_score", CELL_REAL, DETAIL}, {"quality_score", CELL_REAL, SHOWN},
    {"last_used", CELL_TIME, IF_ROOM},  {"created_at", CELL_TIME, DETAIL},
};

enum { BUDGET_COLUMNS = sizeof budget_columns / sizeof *budget_columns };

static void budget_cells(struct table *table, struct query *query, bool people) {
    int64_t unit = people ? SECOND_US : 1;
    table_text(table, db_text(query, 0));
    table_text(table, db_text(query, 1));
    integer_or_null(table, db_optional(query, 2, UNKNOWN), UNKNOWN);
    table_integer(table, db_integer(query, 3));
    real_or_null(table, db_real(query, 4));
    real_or_null(table, db_real(query, 5));
    table_integer(table, db_integer(query, 6) * unit);
    table_integer(table, db_integer(query, 7) * unit);
}

int budgets_report(const struct report_request *request) {
    bool people = request->style.format == FORMAT_TABLE, more = false;
    int64_t limit = request->limit < 0 && people ? BUDGETS_FOR_PEOPLE : request->limit;
    struct table *table = table_new("budgets", people ? budget_columns_for_people : budget_columns, BUDGET_COLUMNS,
                                    false);
    /* one more than is shown tells whether there are more */
    struct query *query = usage_budgets(request->db, limit >= 0 && limit < INT64_MAX ? limit + 1 : limit);
    while (db_row(query)) {
        more = limit >= 0 && table_rows(table) == (size_t)limit;
        if (!more)
            budget_cells(table, query, people);
    }
    if (more && people && request->limit < 0)
        complain("these are the %d prompts most used; --limit shows more", BUDGETS_FOR_PEOPLE);
    if (nothing_for_people(request, table) && !more)
        complain("no prompt is known yet");
    return finish(request, table);
}
