/* pl-stats: reports on what was recorded. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/options.h"
#include "base/paths.h"
#include "ledger/intake.h"
#include "ledger/schema.h"
#include "report/reports.h"

enum {
    OPTION_ACCOUNT = OPTION_LONG,
    OPTION_ERROR,
    OPTION_LIMIT,
    OPTION_PRICES,
    OPTION_RULES,
    OPTION_SINCE,
    OPTION_SORT,
    OPTION_TEMPLATE,
    OPTION_UNTIL,
};

static const struct tool tool = {
    .name = "pl-stats",
    .operands = "[REPORT [ARGUMENT] [FILE...]]",
    .summary = "Reports on the database, or on the records in FILE... alone.",
    .lines =
        (const struct option_line[]){
            {'F', "format", "FORMAT", "table, json, csv, tsv or prometheus"},
            {OPTION_SORT, "sort", "ORDER", "by savings, occurrences, confidence or recent"},
            {OPTION_LIMIT, "limit", "N", "at most N rows"},
            {OPTION_SINCE, "since", "TIME", "workflows from TIME on (a date, a time, or 90d)"},
            {OPTION_UNTIL, "until", "TIME", "workflows before TIME"},
            {OPTION_ACCOUNT, "account", "NAME", "workflows of this account"},
            {OPTION_TEMPLATE, "template", "NAME", "why: the workflow's template"},
            {OPTION_ERROR, "error", "TEXT", "why: the workflow's error message"},
            {OPTION_RULES, "rules", "FILE", "rules of one's own, for FILE... and why"},
            {OPTION_PRICES, "prices", "FILE", "prices of one's own, for FILE..."},
            {0, NULL, NULL, NULL},
        },
    .more = "Reports:\n"
            "  summary            how much work there is, and how much repeats (default)\n"
            "  patterns           work that repeats: how often, at what cost, how sure\n"
            "  pattern SIGNATURE  all about one pattern, with its latest workflows\n"
            "  unmatched          frequent texts that no rule speaks of\n"
            "  why TEXT           which rule and word give a text its signature\n"
            "Manual: pl-stats(1), pl(7)\n",
};

static struct {
    struct common_options common;
    struct report_request request;
    enum table_format format;
    bool format_given;
    const char *rules, *prices;
} options = {.request = {.filter = {.since = NO_TIME, .until = NO_TIME}, .limit = -1}};

static void parse(struct options *parser) {
    struct report_request *request = &options.request;
    for (int code; (code = options_next(parser)) != OPTION_END;) {
        switch (code) {
        case 'F':
            if (!table_format_named(parser->argument, &options.format))
                options_usage(parser, "unknown format: %s", parser->argument);
            options.format_given = true;
            break;
        case OPTION_SORT:
            if (!report_sort_named(parser->argument, &request->sort))
                options_usage(parser, "unknown order: %s", parser->argument);
            break;
        case OPTION_LIMIT: request->limit = options_number(parser, "limit", 0); break;
        case OPTION_SINCE: request->filter.since = options_time(parser, "since"); break;
        case OPTION_UNTIL: request->filter.until = options_time(parser, "until"); break;
        case OPTION_ACCOUNT: request->filter.account = parser->argument; break;
        case OPTION_TEMPLATE: request->workflow_template = parser->argument; break;
        case OPTION_ERROR: request->error_message = parser->argument; break;
        case OPTION_RULES: options.rules = parser->argument; break;
        case OPTION_PRICES: options.prices = parser->argument; break;
        default: break;
        }
    }
    if (options.common.json && !options.format_given)
        options.format = FORMAT_JSON;
}

/* -- records alone ---------------------------------------------------------------------------------------------- */

static void on_reject(void *context, const char *input, uint64_t line, const char *reason) {
    (void)context;
    complain("%s:%llu: %s", input, (unsigned long long)line, reason);
}

static struct knowledge own_knowledge(void) {
    const char *const given[KNOWLEDGE_PARTS] = {[PART_RULES] = options.rules, [PART_PRICES] = options.prices};
    struct knowledge knowledge;
    struct text error = {0};
    if (!knowledge_load(given, &knowledge, &error))
        die("%s", error.s);
    text_free(&error);
    return knowledge;
}

/* A private temporary ledger of the records in FILES. *STATUS becomes that of reading them. */
static struct ledger *ledger_of(char **files, int *status) {
    struct knowledge knowledge = own_knowledge();
    struct ledger *ledger = ledger_new(schema_open_write(""), &knowledge, &(struct ledger_options){0});
    struct intake_options how = {.since = NO_TIME, .until = NO_TIME, .limit = -1, .tee = -1, .on_reject = on_reject};
    struct intake *intake = intake_new(ledger, &how);
    for (; *files != NULL && ledger_error(ledger) == NULL; files++) {
        bool is_stdin = strcmp(*files, "-") == 0;
        enum intake_end end = is_stdin ? intake_stream(intake, STDIN_FILENO, "-") : intake_file(intake, *files);
        if (end == INTAKE_FAILED)
            die("%s", intake_error(intake));
    }
    intake_flush(intake);
    if (ledger_error(ledger) != NULL)
        die("%s", ledger_error(ledger));
    *status = intake_counts(intake)->errors > 0 ? STATUS_REJECTED : STATUS_GOOD;
    intake_free(intake);
    knowledge_free(&knowledge);
    return ledger;
}

/* -- rules alone ------------------------------------------------------------------------------------------------ */

/* Those of the database, else one's own. */
static struct rules *rules_in_force(const char *path) {
    struct knowledge knowledge = {0};
    struct text error = {0};
    if (options.rules == NULL && access(path, F_OK) == 0) {
        struct db *db = schema_open_read(path);
        struct state state = state_read(db);
        knowledge_read(db, state.rules, &knowledge);
        if (db_failed(db))
            die("%s", db_error(db));
        db_close(db);
    }
    if (knowledge.base[PART_RULES].n == 0)
        knowledge = own_knowledge();
    struct rules *rules = knowledge_rules(&knowledge, &error);
    if (rules == NULL)
        die("the rules are not valid: %s", error.s);
    knowledge_free(&knowledge);
    text_free(&error);
    return rules;
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

static int report_on(const struct report *report, struct db *db) {
    options.request.db = db;
    db_read_begin(db); /* one snapshot for all of its queries */
    int status = report->run(&options.request);
    db_read_end(db);
    if (db_failed(db))
        die("%s", db_error(db));
    return status;
}

static int report_on_database(const struct report *report, const char *path) {
    struct db *db = schema_open_read(path);
    if (options.common.verbosity > 0 && !db_failed(db))
        complain("Reading %s", path);
    int status = report_on(report, db);
    db_close(db);
    return status;
}

static int report_on_files(const struct report *report, char **files) {
    int read_status;
    struct ledger *ledger = ledger_of(files, &read_status);
    int status = report_on(report, ledger_db(ledger));
    ledger_free(ledger);
    return status > read_status ? status : read_status;
}

static int report_on_rules(const struct report *report, const char *path) {
    options.request.rules = rules_in_force(path);
    int status = report->run(&options.request);
    rules_free(options.request.rules);
    return status;
}

/* Takes the report's name, and its argument, from the operands. */
static const struct report *take_report(const struct options *parser, char ***operands) {
    const struct report *report = &reports[0];
    if (**operands == NULL)
        return report;
    report = report_named(*(*operands)++);
    if (report == NULL)
        options_usage(parser, "unknown report: %s", (*operands)[-1]);
    if (report->argument != NULL) {
        if (**operands == NULL)
            options_usage(parser, "%s takes a %s", report->name, report->argument);
        options.request.argument = *(*operands)++;
    }
    if (report->needs_rules && **operands != NULL)
        options_usage(parser, "%s takes one %s: put it in quotes", report->name, report->argument);
    if (!report->takes_filter && filter_any(&options.request.filter))
        options_usage(parser, "%s cannot be narrowed by --since, --until or --account", report->name);
    return report;
}

int main(int argc, char **argv) {
    struct options parser;
    options_begin(&parser, &tool, &options.common, argc, argv);
    parse(&parser);
    char **operands = options_operands(&parser), *path = path_database(options.common.db);
    const struct report *report = take_report(&parser, &operands);
    options.request.out = options.common.quiet ? fopen("/dev/null", "we") : stdout;
    options.request.style = table_style_for(stdout, options.format);
    int status;
    if (report->needs_rules)
        status = report_on_rules(report, path);
    else if (*operands != NULL)
        status = report_on_files(report, operands);
    else
        status = report_on_database(report, path);
    free(path);
    options_end(&parser);
    return finish_stdout(status);
}
