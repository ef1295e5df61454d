/* The report on routing: which models are sure, what predictions are worth, and what became of advice. */
#include <stdlib.h>

#include "base/diag.h"
#include "ledger/usage.h"
#include "report/reports_private.h"
#include "rules/predictor.h"

/* One part of the report: in JSON a member of this name, for people a table under this heading. */
struct part {
    const char *name, *heading;
    struct table *table;
};

enum { PARTS = 4 };

static struct table *routes(const struct report_request *request) {
    static const struct column columns[] = {
        {"pattern", CELL_TEXT, SHOWN},
        {"provider", CELL_TEXT, IF_ROOM},
        {"model", CELL_TEXT, SHOWN},
        {"confidence_level", CELL_TEXT, SHOWN},
        {"sample_count", CELL_COUNT, IF_ROOM},
        {"avg_quality_score", CELL_REAL, SHOWN},
        {"quality_lower_bound", CELL_REAL, IF_ROOM},
        {"correctness_rate", CELL_RATE, IF_ROOM},
        {"avg_cost", CELL_MONEY, SHOWN},
        {"chosen_by", CELL_JSON, SHOWN},
        {"updated_at", CELL_TIME, DETAIL},
        {"advised_count", CELL_COUNT, IF_ROOM},
        {"followed_count", CELL_COUNT, IF_ROOM},
        {"not_followed_count", CELL_COUNT, IF_ROOM},
    };
    bool people = request->style.format == FORMAT_TABLE;
    struct table *table = table_new("routing", columns, sizeof columns / sizeof *columns, false);
    struct query *query = usage_routing(request->db);
    while (db_row(query)) {
        for (int i = 0; i < 4; i++)
            table_text(table, db_text(query, i));
        table_integer(table, db_integer(query, 4));
        for (int i = 5; i < 9; i++)
            real_or_null(table, db_real(query, i));
        table_text(table, people && span_is(db_text(query, 9), "[]") ? (struct span){NULL, 0} : db_text(query, 9));
        time_or_null(table, db_text(query, 10));
        for (int i = 11; i < 14; i++)
            table_integer(table, db_integer(query, i));
    }
    return table;
}

static struct table *predictors(const struct report_request *request) {
    static const struct column columns[] = {
        {"provider", CELL_TEXT, IF_ROOM}, {"model", CELL_TEXT, SHOWN},       {"verdict_count", CELL_COUNT, SHOWN},
        {"good_rate", CELL_RATE, SHOWN},  {"brier_score", CELL_REAL, SHOWN}, {"base_brier_score", CELL_REAL, SHOWN},
        {"avg_cost", CELL_MONEY, SHOWN},  {"updated_at", CELL_TIME, DETAIL},
    };
    struct table *table = table_new("predictors", columns, sizeof columns / sizeof *columns, false);
    struct query *query = usage_predictors(request->db);
    while (db_row(query)) {
        table_text(table, db_text(query, 0));
        table_text(table, db_text(query, 1));
        table_integer(table, db_integer(query, 2));
        for (int i = 3; i < 7; i++)
            real_or_null(table, db_real(query, i));
        time_or_null(table, db_text(query, 7));
    }
    return table;
}

/* How often answers were good of which that was predicted: people see all models together. For Prometheus the bounds
 * are texts: labels, which must tell rows apart. */
static struct table *calibration(const struct report_request *request) {
#define COLUMNS_WITH(bound)                                                                                            \
    {"provider", CELL_TEXT, SHOWN}, {"model", CELL_TEXT, SHOWN}, {"predicted_from", bound, SHOWN},                     \
        {"predicted_to", bound, SHOWN}, {"verdict_count", CELL_COUNT, SHOWN}, {"avg_predicted", CELL_RATE, SHOWN}, {   \
        "good_rate", CELL_RATE, SHOWN                                                                                  \
    }
    static const struct column columns[] = {COLUMNS_WITH(CELL_REAL)}, labelled[] = {COLUMNS_WITH(CELL_TEXT)};
#undef COLUMNS_WITH
    enum { NAMES = 2, COLUMNS = sizeof columns / sizeof *columns };
    bool labels = request->style.format == FORMAT_PROMETHEUS;
    int skipped = request->style.format == FORMAT_TABLE ? NAMES : 0;
    struct table *table = table_new("calibration", (labels ? labelled : columns) + skipped, (size_t)(COLUMNS - skipped),
                                    false);
    struct query *query = usage_calibration(request->db, skipped == 0);
    while (db_row(query)) {
        for (int i = skipped; i < NAMES; i++)
            table_text(table, db_text(query, i));
        for (int end = 0; end < 2; end++) {
            double bound = (db_real(query, 2) + end) / PREDICTOR_BINS;
            char text[8];
            snprintf(text, sizeof text, "%.1f", bound);
            if (labels)
                table_text(table, span_of(text));
            else
                table_real(table, bound);
        }
        table_integer(table, db_integer(query, 3));
        real_or_null(table, db_real(query, 4));
        real_or_null(table, db_real(query, 5));
    }
    return table;
}

static struct table *advice(const struct report_request *request) {
    static const struct column columns[] = {
        {"advice", CELL_TEXT, SHOWN},
        {"request_count", CELL_COUNT, SHOWN},
        {"verdict_count", CELL_COUNT, SHOWN},
        {"good_rate", CELL_RATE, SHOWN},
        {"avg_quality_score", CELL_REAL, SHOWN},
        {"avg_cost", CELL_MONEY, SHOWN},
        {"avg_predicted", CELL_RATE, IF_ROOM},
    };
    struct table *table = table_new("advice", columns, sizeof columns / sizeof *columns, false);
    struct query *query = usage_advice(request->db, state_read(request->db).slot);
    while (db_row(query)) {
        table_text(table, span_of(db_integer(query, 0) != 0 ? "followed" : "not_followed"));
        table_integer(table, db_integer(query, 1));
        table_integer(table, db_integer(query, 2));
        for (int i = 3; i < 7; i++)
            real_or_null(table, db_real(query, i));
    }
    return table;
}

static void print_json_parts(const struct report_request *request, const struct part *parts) {
    struct column columns[PARTS];
    for (int i = 0; i < PARTS; i++)
        columns[i] = (struct column){parts[i].name, CELL_JSON, SHOWN};
    struct table *whole = table_new("routing", columns, PARTS, true);
    for (int i = 0; i < PARTS; i++) {
        char *rows = table_json(parts[i].table);
        table_text(whole, span_of(rows));
        free(rows);
    }
    table_print(whole, &request->style, request->out);
    table_free(whole);
}

/* Rows of one kind alone make a file of comma- or tab-separated values: there it is the routes. */
static void print_parts(const struct report_request *request, const struct part *parts) {
    bool people = request->style.format == FORMAT_TABLE, any = false;
    int count = people || request->style.format == FORMAT_PROMETHEUS ? PARTS : 1;
    for (int i = 0; i < count; i++) {
        if (people && table_rows(parts[i].table) == 0)
            continue;
        if (people && i > 0)
            fprintf(request->out, "%s%s\n", any ? "\n" : "", parts[i].heading);
        table_print(parts[i].table, &request->style, request->out);
        any = true;
    }
}

int routing_report(const struct report_request *request) {
    const struct part parts[PARTS] = {
        {"routing", NULL, routes(request)},
        {"predictors", "predictions, on prompts that were not learned from", predictors(request)},
        {"calibration", "how often answers were good, by what was predicted", calibration(request)},
        {"advice", "what became of advice", advice(request)},
    };
    size_t rows = 0;
    for (int i = 0; i < PARTS; i++)
        rows += table_rows(parts[i].table);
    if (!db_failed(request->db) && request->style.format == FORMAT_JSON)
        print_json_parts(request, parts);
    else if (!db_failed(request->db))
        print_parts(request, parts);
    if (rows == 0 && nothing_for_people(request, parts[0].table))
        complain("no model is routed to: pl-retrain makes the routing of ratings");
    for (int i = 0; i < PARTS; i++)
        table_free(parts[i].table);
    return STATUS_GOOD;
}
