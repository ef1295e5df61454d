#include "report/reports.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "report/reports_private.h"
#include "rules/figures.h"

/* -- what reports share ----------------------------------------------------------------------------------------- */

void integer_or_null(struct table *table, int64_t value, int64_t none) {
    if (value == none)
        table_null(table);
    else
        table_integer(table, value);
}

void real_or_null(struct table *table, double value) {
    if (isnan(value))
        table_null(table);
    else
        table_real(table, value);
}

void dollars_or_null(struct table *table, int64_t nano_dollars) {
    real_or_null(table, nano_dollars == UNKNOWN ? (double)NAN : (double)nano_dollars / 1e9);
}

void mean_or_null(struct table *table, int64_t sum, int64_t count) {
    real_or_null(table, count > 0 ? (double)sum / (double)count : (double)NAN);
}

void time_or_null(struct table *table, struct span text) {
    int64_t us;
    if (text.s != NULL && time_parse(text, &us))
        table_integer(table, us);
    else
        table_null(table);
}

int finish(const struct report_request *request, struct table *table) {
    if (!db_failed(request->db))
        table_print(table, &request->style, request->out);
    table_free(table);
    return STATUS_GOOD;
}

bool nothing_for_people(const struct report_request *request, const struct table *rows) {
    return table_rows(rows) == 0 && request->style.format == FORMAT_TABLE && !db_failed(request->db);
}

char *table_json(const struct table *table) {
    char *json = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&json, &size);
    if (memory == NULL)
        die("out of memory");
    table_print(table, &(struct table_style){.format = FORMAT_JSON}, memory);
    fclose(memory);
    char *to = json;
    for (const char *from = json; *from != '\0'; from++) {
        if (*from != '\n')
            *to++ = *from;
        else
            from += from[1] == ' '; /* the indentation of a row */
    }
    *to = '\0';
    return json;
}

/* -- names ------------------------------------------------------------------------------------------------------ */

const struct report reports[] = {
    {"summary", NULL, FILTERED, summary_report},
    {"patterns", NULL, FILTERED, patterns_report},
    {"pattern", "SIGNATURE", FILTERED, pattern_report},
    {"unmatched", NULL, FILTERED, unmatched_report},
    {"why", "TEXT", OF_RULES, why_report},
    {"feedback", NULL, FILTERED, feedback_report},
    {"learning", NULL, WHOLE, learning_report},
    {"health", NULL, OF_STATE, health_report},
    {"trends", "PATTERN", WHOLE, trends_report},
    {"routing", NULL, WHOLE, routing_report},
    {"budgets", NULL, WHOLE, budgets_report},
    {"costs", NULL, FILTERED | BY_GROUPS, costs_report},
    {NULL, NULL, WHOLE, NULL},
};

const struct report *report_named(const char *name) {
    for (const struct report *report = reports; report->name != NULL; report++)
        if (strcmp(report->name, name) == 0)
            return report;
    return NULL;
}
