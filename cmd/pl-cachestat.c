/* pl-cachestat: what a cache is asked, what it gives and saves, and whether that is enough. */

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/diag.h"
#include "base/options.h"
#include "base/paths.h"
#include "base/stop.h"
#include "learn/cachestat.h"
#include "ledger/cache.h"
#include "ledger/alone.h"
#include "ledger/schema.h"
#include "report/cachedata.h"
#include "report/cachepage.h"
#include "report/cachetargets.h"
#include "report/maps.h"

enum {
    OPTION_ACCOUNT = OPTION_LONG,
    OPTION_BY,
    OPTION_CHECK,
    OPTION_COST_PER_HIT,
    OPTION_MAX_LOOKUP,
    OPTION_MAX_WRITE,
    OPTION_MIN_HIT_RATE,
    OPTION_MIN_SAVINGS,
    OPTION_RESET,
    OPTION_SINCE,
    OPTION_TOP,
    OPTION_UNTIL,
    OPTION_WATCH,
    OPTION_YES,
};

static const struct tool tool = {
    .name = "pl-cachestat",
    .operands = "[FILE...|-]",
    .summary = "Monitors a cache: hits, reuse, savings and times, against targets; of the\n"
               "database, or of the records in FILE... alone.",
    .lines =
        (const struct option_line[]){
            {'F', "format", "FORMAT", "table, json, csv, tsv or prometheus"},
            {'f', "field", "NAME", "print one figure of the JSON, such as hit_rate"},
            {'m', "map", "MAP", "FILE... is another's log: a map, its file, auto, list"},
            {OPTION_BY, "by", "GROUP", "a row for each hour or day"},
            {OPTION_TOP, "top", "N", "list the N most reused signatures (10)"},
            {OPTION_SINCE, "since", "TIME", "events from TIME on (a date, a time, or 90d)"},
            {OPTION_UNTIL, "until", "TIME", "events from before TIME"},
            {OPTION_ACCOUNT, "account", "NAME", "events of this account"},
            {OPTION_COST_PER_HIT, "cost-per-hit", "USD", "what a hit saves that does not say it (0.001)"},
            {OPTION_CHECK, "check", NULL, "print the targets that are missed; status 1 if any is"},
            {OPTION_MIN_HIT_RATE, "min-hit-rate", "RATE", "target: hits of all lookups (0.30)"},
            {OPTION_MIN_SAVINGS, "min-savings", "PERCENT", "target: saved of what could be (20)"},
            {OPTION_MAX_LOOKUP, "max-lookup-p95", "MS", "target: a lookup's time (10)"},
            {OPTION_MAX_WRITE, "max-write-p95", "MS", "target: a write's time (5)"},
            {OPTION_WATCH, "watch", "SECONDS", "print it anew again and again, until interrupted"},
            {OPTION_RESET, "reset", NULL, "forget the cache's figures, after asking"},
            {OPTION_YES, "yes", NULL, "reset without asking"},
            {0, NULL, NULL, NULL},
        },
    .more = "Manual: pl-cachestat(1), pl(7)\n",
};

enum mode { MODE_WHOLE, MODE_FIGURE, MODE_BY, MODE_CHECK, MODE_RESET };

enum { TOP = 10, CLEAR_ROWS = 20000 };

static struct {
    struct common_options common;
    struct cachestat_options asked;
    struct cache_targets targets;
    enum table_format format;
    enum mode mode;
    const struct cache_figure *figure;
    bool format_given, by_day, yes;
    const char *map;
    long watch; /* seconds; 0: once */
} options = {
    .asked = {.since = NO_TIME, .until = NO_TIME, .cost_per_hit = 1000000, .top = TOP},
    .targets = {{[TARGET_HIT_RATE] = 0.30, [TARGET_SAVINGS] = 20, [TARGET_LOOKUP] = 10, [TARGET_WRITE] = 5}},
};

static int64_t dollars(const struct options *parser) {
    int64_t nano_dollars;
    bool exact;
    if (*parser->argument == '-' || !decimal_scaled(span_of(parser->argument), 9, &nano_dollars, &exact) || !exact)
        options_usage(parser, "--cost-per-hit takes US dollars, such as 0.002, not %s", parser->argument);
    return nano_dollars;
}

static double bound(const struct options *parser, const char *name, double most) {
    char *end;
    double value = strtod(parser->argument, &end);
    if (end == parser->argument || *end != '\0' || !(value >= 0 && value <= most))
        options_usage(parser, "--%s takes a number from 0 to %g, not %s", name, most, parser->argument);
    return value;
}

static void set_mode(const struct options *parser, enum mode mode) {
    if (options.mode != MODE_WHOLE && options.mode != mode)
        options_usage(parser, "only one of --field, --by, --check and --reset can be given");
    options.mode = mode;
}

static void take_group(const struct options *parser) {
    options.by_day = strcmp(parser->argument, "day") == 0;
    if (!options.by_day && strcmp(parser->argument, "hour") != 0)
        options_usage(parser, "--by takes hour or day, not %s", parser->argument);
    set_mode(parser, MODE_BY);
}

static void take_figure(const struct options *parser) {
    options.figure = cache_figure_named(parser->argument);
    if (options.figure == NULL)
        options_usage(parser, "unknown figure: %s", parser->argument);
    set_mode(parser, MODE_FIGURE);
}

static void take_format(const struct options *parser) {
    if (!table_format_named(parser->argument, &options.format))
        options_usage(parser, "unknown format: %s", parser->argument);
    options.format_given = true;
}

static void parse(struct options *parser) {
    struct cachestat_options *asked = &options.asked;
    double *bounds = options.targets.bounds;
    const double most_ms = 1e9;
    for (int code; (code = options_next(parser)) != OPTION_END;) {
        switch (code) {
        case 'F': take_format(parser); break;
        case 'm': options.map = parser->argument; break;
        case 'f': take_figure(parser); break;
        case OPTION_BY: take_group(parser); break;
        case OPTION_TOP: asked->top = (size_t)options_number(parser, "top", 0); break;
        case OPTION_SINCE: asked->since = options_time(parser, "since"); break;
        case OPTION_UNTIL: asked->until = options_time(parser, "until"); break;
        case OPTION_ACCOUNT: asked->account = parser->argument; break;
        case OPTION_COST_PER_HIT: asked->cost_per_hit = dollars(parser); break;
        case OPTION_CHECK: set_mode(parser, MODE_CHECK); break;
        case OPTION_MIN_HIT_RATE: bounds[TARGET_HIT_RATE] = bound(parser, "min-hit-rate", 1); break;
        case OPTION_MIN_SAVINGS: bounds[TARGET_SAVINGS] = bound(parser, "min-savings", 100); break;
        case OPTION_MAX_LOOKUP: bounds[TARGET_LOOKUP] = bound(parser, "max-lookup-p95", most_ms); break;
        case OPTION_MAX_WRITE: bounds[TARGET_WRITE] = bound(parser, "max-write-p95", most_ms); break;
        case OPTION_WATCH: options.watch = options_number(parser, "watch", 1); break;
        case OPTION_RESET: set_mode(parser, MODE_RESET); break;
        case OPTION_YES: options.yes = true; break;
        default: break;
        }
    }
    if (options.common.json && !options.format_given)
        options.format = FORMAT_JSON;
}

/* What makes no sense together. */
static void check_options(const struct options *parser, bool files) {
    const struct cachestat_options *asked = &options.asked;
    if (options.watch > 0 && (files || options.mode == MODE_CHECK || options.mode == MODE_RESET))
        options_usage(parser, "--watch is for figures of the database");
    if (options.yes && options.mode != MODE_RESET)
        options_usage(parser, "--yes is for --reset");
    if (options.mode != MODE_RESET)
        return;
    if (files)
        options_usage(parser, "--reset is for the database, and takes no FILE");
    if (asked->account != NULL || asked->since != NO_TIME || asked->until != NO_TIME)
        options_usage(parser, "--reset forgets all, and cannot be narrowed by --since, --until or --account");
    if (!options.yes && !isatty(STDIN_FILENO))
        options_usage(parser, "--reset needs --yes where there is no terminal to ask on");
}

/* -- figures ---------------------------------------------------------------------------------------------------- */

static void print_by(struct db *db, const struct table_style *style, FILE *out) {
    struct cache_savings rows;
    cachestat_by(db, &options.asked, options.by_day, &rows);
    if (db_failed(db))
        die("%s", db_error(db));
    if (rows.count == 0 && style->format == FORMAT_TABLE)
        complain("no cache event is recorded there");
    cache_savings_print(&rows, options.by_day, style, out);
    cache_savings_free(&rows);
}

static int print_figures(struct db *db, const struct table_style *style, FILE *out) {
    struct cachestat stat;
    int missed = 0;
    cachestat_read(db, &options.asked, &stat);
    if (db_failed(db))
        die("%s", db_error(db));
    if (options.mode == MODE_CHECK)
        missed = cache_targets_print(&stat, &options.targets, style, out);
    else if (options.mode == MODE_FIGURE)
        cache_figure_print(&stat, options.figure, out);
    else if (style->format == FORMAT_TABLE)
        cachepage_print(&stat, &options.asked, &options.targets, style, out);
    else
        cachestat_print(&stat, style, out);
    cachestat_free(&stat);
    return missed > 0 ? STATUS_REJECTED : STATUS_GOOD;
}

/* As of now, in STYLE. */
static int print_on(struct db *db, const struct table_style *style, FILE *out) {
    options.asked.now = clock_now();
    if (options.mode != MODE_BY)
        return print_figures(db, style, out);
    print_by(db, style, out);
    return STATUS_GOOD;
}

static int report_on_database(const char *path, const struct table_style *style, FILE *out) {
    struct db *db = schema_open_read(path);
    if (options.common.verbosity > 0 && !db_failed(db))
        complain("Reading %s", path);
    int status = print_on(db, style, out);
    db_close(db);
    return status;
}

static int report_on_files(char **files, struct map *map, const struct table_style *style, FILE *out) {
    static const char *const given[KNOWLEDGE_PARTS] = {NULL};
    int64_t rejected;
    struct ledger *ledger = ledger_alone(files, map, given, &rejected);
    int status = print_on(ledger_db(ledger), style, out);
    ledger_free(ledger);
    return status == STATUS_GOOD && rejected > 0 ? STATUS_REJECTED : status;
}

/* -- watching --------------------------------------------------------------------------------------------------- */

/* Lines that may be printed without scrolling; 0 where nothing can be redrawn. */
static int lines_of_terminal(const struct table_style *style) {
    const char *term = getenv("TERM");
    struct winsize size;
    if (style->width == 0 || (term != NULL && strcmp(term, "dumb") == 0) ||
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_row > 1 ? size.ws_row - 1 : 0;
}

/* Draws PAGE over what is there, as much of it as there is room for. */
static void redraw(const char *page, int lines, FILE *out) {
    fputs("\033[H", out);
    for (; lines > 0 && *page != '\0'; lines--) {
        size_t size = strcspn(page, "\n");
        fprintf(out, "%.*s\033[K\n", (int)size, page);
        page += size + (page[size] == '\n');
    }
    fputs("\033[J", out);
}

/* Waits, and sees to it that a signal ends the wait that comes between a look at the flag and the wait itself. */
static void wait_for(long seconds, const volatile sig_atomic_t *stop) {
    const struct timespec time = {.tv_sec = seconds};
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, &before);
    if (*stop == 0)
        ppoll(NULL, 0, &time, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void watch(const char *path, FILE *out) {
    const volatile sig_atomic_t *stop = stop_catch();
    for (bool first = true; *stop == 0 && !ferror(out); first = false) {
        struct table_style style = table_style_for(stdout, options.format);
        int lines = lines_of_terminal(&style);
        char *page = NULL;
        size_t size = 0;
        FILE *memory = open_memstream(&page, &size);
        if (memory == NULL)
            die("out of memory");
        report_on_database(path, &style, memory);
        fclose(memory);
        fputs(first ? (lines > 0 ? "\033[2J" : "") : (lines > 0 ? "" : "\n"), out);
        if (lines > 0)
            redraw(page, lines, out);
        else
            fputs(page, out);
        fflush(out);
        free(page);
        wait_for(options.watch, stop);
    }
}

/* -- reset ------------------------------------------------------------------------------------------------------ */

static bool confirmed(const char *path) {
    char answer[16];
    fprintf(stderr, "Forget all figures of the cache in %s? [y/N] ", path);
    return fgets(answer, sizeof answer, stdin) != NULL && (*answer == 'y' || *answer == 'Y');
}

/* The figures are gone with the first transaction; what was kept for them is cleared by many short ones. */
static int reset(const char *path) {
    if (access(path, F_OK) != 0) { /* opened to be written, it would be made */
        struct db *none = schema_open_read(path);
        complain("%s", db_error(none));
        db_close(none);
        return STATUS_FAILED;
    }
    if (!options.yes && !confirmed(path)) {
        complain("nothing is forgotten");
        return STATUS_REJECTED;
    }
    struct db *db = schema_open_write(path);
    db_begin(db);
    cache_reset(db, clock_now());
    for (bool more = db_commit(db); more;) {
        db_begin(db);
        more = cache_clear(db, CLEAR_ROWS);
        more = db_commit(db) && more;
    }
    if (db_failed(db))
        die("%s", db_error(db));
    if (options.common.verbosity > 0)
        complain("Forgot the figures in %s", path);
    db_close(db);
    return STATUS_GOOD;
}

int main(int argc, char **argv) {
    struct options parser;
    options_begin(&parser, &tool, &options.common, argc, argv);
    parse(&parser);
    char **files = options_operands(&parser), *path = path_database(options.common.db);
    struct map *map = map_ready_of_option(options.map, options.format);
    check_options(&parser, *files != NULL);
    if (map != NULL && *files == NULL)
        options_usage(&parser, "--map goes with FILE...");
    FILE *out = options.common.quiet ? fopen("/dev/null", "we") : stdout;
    struct table_style style = table_style_for(stdout, options.format);
    int status = STATUS_GOOD;
    if (options.mode == MODE_RESET)
        status = reset(path);
    else if (options.watch > 0)
        watch(path, out);
    else if (*files != NULL)
        status = report_on_files(files, map, &style, out);
    else
        status = report_on_database(path, &style, out);
    free(path);
    map_free(map);
    options_end(&parser);
    status = finish_stdout(status);
    if (options.watch > 0)
        stop_by_signal();
    return status;
}
