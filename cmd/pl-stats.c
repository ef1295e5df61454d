/* pl-stats: reports on what was recorded. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/diag.h"
#include "base/options.h"
#include "base/paths.h"
#include "base/zone.h"
#include "ledger/alone.h"
#include "ledger/schema.h"
#include "report/maps.h"
#include "report/reports.h"

enum {
    OPTION_ACCOUNT = OPTION_LONG,
    OPTION_BY,
    OPTION_CHECK,
    OPTION_ERROR,
    OPTION_LIMIT,
    OPTION_MAX_AGE,
    OPTION_MAX_COST,
    OPTION_PRICES,
    OPTION_RULES,
    OPTION_SINCE,
    OPTION_SORT,
    OPTION_TEMPLATE,
    OPTION_TZ,
    OPTION_UNTIL,
};

static const struct tool tool = {
    .name = "pl-stats",
    .operands = "[REPORT [ARGUMENT] [FILE...]]",
    .summary = "Reports on the database (a summary), or on the records in FILE... alone.",
    .lines =
        (const struct option_line[]){
            {'F', "format", "FORMAT", "table, json, csv, tsv or prometheus"},
            {OPTION_SORT, "sort", "ORDER", "by savings, occurrences, confidence or recent"},
            {OPTION_LIMIT, "limit", "N", "at most N rows"},
            {OPTION_SINCE, "since", "TIME", "what is from TIME on (a date, a time, or 90d)"},
            {OPTION_UNTIL, "until", "TIME", "what is from before TIME"},
            {OPTION_ACCOUNT, "account", "NAME", "what is of this account"},
            {OPTION_TZ, "tz", "ZONE", "where days begin: Europe/Rome (else $TZ, else UTC)"},
            {OPTION_BY, "by", "GROUP", "costs: day, week, month, model, provider, account, ..."},
            {OPTION_CHECK, "check", NULL, "costs: status 1 over --max-cost; health: what is bad"},
            {OPTION_MAX_COST, "max-cost", "USD", "the most that may be spent, in all or in each group"},
            {OPTION_MAX_AGE, "max-age", "AGE", "health: how old the last record may be (1d)"},
            {OPTION_TEMPLATE, "template", "NAME", "why: the workflow's template"},
            {OPTION_ERROR, "error", "TEXT", "why: the workflow's error message"},
            {'m', "map", "MAP", "FILE... is another's log: a map, its file, auto, list"},
            {OPTION_RULES, "rules", "FILE", "rules of one's own, for FILE... and why"},
            {OPTION_PRICES, "prices", "FILE", "prices of one's own, for FILE..."},
            {0, NULL, NULL, NULL},
        },
    .more = "Reports: summary patterns unmatched feedback learning routing budgets costs\n"
            "  health, pattern SIGNATURE, trends PATTERN, why TEXT.  Manual: pl-stats(1)\n",
};

static struct {
    struct common_options common;
    struct report_request request;
    enum table_format format;
    bool format_given;
    const char *since, *until, *zone; /* as given; NULL: not given */
    bool grouped, check;
    const char *rules, *prices, *map;
} options = {.request = {.filter = {.since = NO_TIME, .until = NO_TIME},
                         .limit = -1,
                         .max_age_from = NO_TIME,
                         .max_cost = UNKNOWN}};

static int64_t dollars(const struct options *parser) {
    int64_t nano_dollars;
    bool exact;
    if (*parser->argument == '-' || !decimal_scaled(span_of(parser->argument), 9, &nano_dollars, &exact) || !exact)
        options_usage(parser, "--max-cost takes US dollars, such as 12.50, not %s", parser->argument);
    return nano_dollars;
}

/* Remembers the text in *GIVEN: what a date means, the zone says. */
static int64_t bound(const struct options *parser, const char *name, const char **given) {
    *given = parser->argument;
    return options_time(parser, name);
}

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
        case OPTION_SINCE: request->filter.since = bound(parser, "since", &options.since); break;
        case OPTION_UNTIL: request->filter.until = bound(parser, "until", &options.until); break;
        case OPTION_ACCOUNT: request->filter.account = parser->argument; break;
        case OPTION_TZ: options.zone = parser->argument; break;
        case OPTION_BY:
            if (!report_group_named(parser->argument, &request->group))
                options_usage(parser, "costs cannot be grouped by %s", parser->argument);
            options.grouped = true;
            break;
        case OPTION_CHECK: options.check = true; break;
        case OPTION_MAX_AGE: request->max_age_from = options_time(parser, "max-age"); break;
        case OPTION_MAX_COST: request->max_cost = dollars(parser); break;
        case OPTION_TEMPLATE: request->workflow_template = parser->argument; break;
        case OPTION_ERROR: request->error_message = parser->argument; break;
        case 'm': options.map = parser->argument; break;
        case OPTION_RULES: options.rules = parser->argument; break;
        case OPTION_PRICES: options.prices = parser->argument; break;
        default: break;
        }
    }
    if (options.common.json && !options.format_given)
        options.format = FORMAT_JSON;
    request->bad_only = options.check;
    if (options.check && !options.grouped)
        request->group = GROUP_ALL;
}

/* -- days ------------------------------------------------------------------------------------------------------- */

/* That of --tz, else of $TZ, which is looked at only where it matters. */
static struct zone *take_zone(const struct options *parser, bool matters) {
    const char *name = options.zone != NULL ? options.zone : matters ? getenv("TZ") : NULL;
    struct zone *zone = zone_new(name != NULL ? name : "");
    if (zone == NULL && options.zone != NULL)
        options_usage(parser, "unknown time zone: %s", name);
    if (zone == NULL)
        die("$TZ is a time zone that is not known here: %s", name);
    return zone;
}

static bool is_date(const char *text) {
    return text != NULL && strlen(text) == strlen("YYYY-MM-DD") && text[4] == '-';
}

/* UTC's midnight of a date as the first moment of that date in ZONE. */
static int64_t date_in(const struct zone *zone, int64_t midnight) {
    return zone_day_begin(zone, midnight / DAY_US - (midnight % DAY_US < 0));
}

/* Dates are days of the zone, and so are those that costs are grouped by. */
static struct zone *zone_in_force(const struct options *parser, const struct report *report) {
    struct filter *filter = &options.request.filter;
    bool since = is_date(options.since), until = is_date(options.until);
    struct zone *zone = take_zone(parser, since || until || report->traits & BY_GROUPS);
    filter->since = since ? date_in(zone, filter->since) : filter->since;
    filter->until = until ? date_in(zone, filter->until) : filter->until;
    return zone;
}

/* -- records alone ---------------------------------------------------------------------------------------------- */

static struct knowledge own_knowledge(void) {
    const char *const given[KNOWLEDGE_PARTS] = {[PART_RULES] = options.rules, [PART_PRICES] = options.prices};
    struct knowledge knowledge;
    struct text error = {0};
    if (!knowledge_load(given, &knowledge, &error))
        die("%s", error.s);
    text_free(&error);
    return knowledge;
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
    if (db_failed(db) && !(report->traits & OF_STATE))
        die("%s", db_error(db));
    return status;
}

static int report_on_database(const struct report *report, const char *path) {
    const char *spool = getenv("PL_SPOOL");
    options.request.spool = spool != NULL && *spool != '\0' ? spool : NULL;
    struct db *db = report->traits & OF_STATE ? schema_open_glance(path) : schema_open_read(path);
    if (options.common.verbosity > 0 && !db_failed(db))
        complain("Reading %s", path);
    int status = report_on(report, db);
    db_close(db);
    return status;
}

static int report_on_files(const struct report *report, struct map *map, char **files) {
    const char *const given[KNOWLEDGE_PARTS] = {[PART_RULES] = options.rules, [PART_PRICES] = options.prices};
    int64_t rejected;
    struct ledger *ledger = ledger_alone(files, map, given, &rejected);
    int status = report_on(report, ledger_db(ledger));
    ledger_free(ledger);
    return status == STATUS_GOOD && rejected > 0 ? STATUS_REJECTED : status;
}

static int report_on_rules(const struct report *report, const char *path) {
    options.request.rules = rules_in_force(path);
    int status = report->run(&options.request);
    rules_free(options.request.rules);
    return status;
}

/* Takes the report's name, and its argument, from the operands. */
static const struct report *take_report(const struct options *parser, char ***operands) {
    const struct report *report = **operands != NULL ? report_named(*(*operands)++) : &reports[0];
    if (report == NULL)
        options_usage(parser, "unknown report: %s", (*operands)[-1]);
    if (report->argument != NULL) {
        if (**operands == NULL)
            options_usage(parser, "%s takes a %s", report->name, report->argument);
        options.request.argument = *(*operands)++;
    }
    if (report->traits & OF_STATE && **operands != NULL)
        options_usage(parser, "%s is of the database, not of files", report->name);
    if (report->traits & OF_RULES && **operands != NULL)
        options_usage(parser, "%s takes one %s: put it in quotes", report->name, report->argument);
    if (!(report->traits & FILTERED) && filter_any(&options.request.filter))
        options_usage(parser, "%s cannot be narrowed by --since, --until or --account", report->name);
    bool costs = options.request.max_cost != UNKNOWN, state = report->traits & OF_STATE;
    if (!(report->traits & BY_GROUPS) && (options.grouped || costs || (options.check && !state)))
        options_usage(parser, "--by, --check and --max-cost are for the report costs");
    if (!state && options.check != costs)
        options_usage(parser, "--check and --max-cost go together");
    if (!state && options.request.max_age_from != NO_TIME)
        options_usage(parser, "--max-age is for the report health");
    return report;
}

int main(int argc, char **argv) {
    struct options parser;
    options_begin(&parser, &tool, &options.common, argc, argv);
    parse(&parser);
    char **operands = options_operands(&parser), *path = path_database(options.common.db);
    struct map *map = map_ready_of_option(options.map, options.format);
    const struct report *report = take_report(&parser, &operands);
    if (map != NULL && (*operands == NULL || report->traits & OF_RULES))
        options_usage(&parser, "--map goes with FILE...");
    struct zone *zone = zone_in_force(&parser, report);
    options.request.zone = zone;
    options.request.out = options.common.quiet ? fopen("/dev/null", "we") : stdout;
    options.request.style = table_style_for(stdout, options.format);
    int status;
    if (report->traits & OF_RULES)
        status = report_on_rules(report, path);
    else if (*operands != NULL)
        status = report_on_files(report, map, operands);
    else
        status = report_on_database(report, path);
    free(path);
    map_free(map);
    zone_free(zone);
    options_end(&parser);
    return finish_stdout(status);
}
