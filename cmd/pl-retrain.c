/* pl-retrain: turns ratings into routing: which model is good enough for which kind of prompt. */

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/options.h"
#include "base/paths.h"
#include "report/retraining.h"

enum { OPTION_WINDOW = OPTION_LONG, OPTION_MIN_SAMPLES, OPTION_POLICY, OPTION_IF_DUE, OPTION_EXPLAIN };

static const struct tool tool = {
    .name = "pl-retrain",
    .operands = "",
    .summary = "Learns from ratings which model is good at which pattern of prompts, stores\n"
               "that as history and as the routing that pl-advise goes by, and prints it.",
    .lines =
        (const struct option_line[]){
            {'n', "dry-run", NULL, "tell what would change, and write nothing"},
            {OPTION_WINDOW, "window", "DAYS", "look at ratings of the last DAYS days (90)"},
            {OPTION_MIN_SAMPLES, "min-samples", "N", "leave out groups of fewer than N ratings (3)"},
            {OPTION_POLICY, "policy", "POLICY", "how pl-advise chooses: balanced, quality or cost"},
            {OPTION_IF_DUE, "if-due", "AGE", "only if the last run is so old: 7d, 12h, 30m"},
            {OPTION_EXPLAIN, "explain", NULL, "tell per pattern which model, why, and what it saves"},
            {0, NULL, NULL, NULL},
        },
    .more = "Exit status: 0 all good (not due is good), 2 could not do the job.\n"
            "Manual: pl-retrain(1), pl(7)\n",
};

enum { WINDOW_DAYS = 90, MIN_SAMPLES = 3, WINDOW_DAYS_MAX = 36500 };

static struct {
    struct common_options common;
    struct retrain_options how;
} options = {.how = {.window_days = WINDOW_DAYS, .min_samples = MIN_SAMPLES, .due_seconds = UNKNOWN}};

/* An age like 7d, as seconds. */
static int64_t seconds_of(const struct options *parser) {
    int64_t then;
    int64_t now = clock_now();
    if (!time_from_person(span_of(parser->argument), now, &then) || then > now ||
        parser->argument[strspn(parser->argument, "0123456789")] == '-')
        options_usage(parser, "--if-due takes an age like 7d, 12h or 30m, not %s", parser->argument);
    return (now - then) / SECOND_US;
}

static void parse(struct options *parser) {
    struct retrain_options *how = &options.how;
    for (int code; (code = options_next(parser)) != OPTION_END;) {
        switch (code) {
        case 'n': how->dry_run = true; break;
        case OPTION_WINDOW:
            how->window_days = options_number(parser, "window", 1);
            if (how->window_days > WINDOW_DAYS_MAX)
                options_usage(parser, "--window takes at most %d days", WINDOW_DAYS_MAX);
            break;
        case OPTION_MIN_SAMPLES: how->min_samples = options_number(parser, "min-samples", 1); break;
        case OPTION_POLICY:
            if (!policy_named(parser->argument, &how->policy))
                options_usage(parser, "unknown policy: %s", parser->argument);
            how->policy_given = true;
            break;
        case OPTION_IF_DUE: how->due_seconds = seconds_of(parser); break;
        case OPTION_EXPLAIN: how->explain = true; break;
        default: break;
        }
    }
}

static void tell(const struct retraining *r) {
    if (options.common.verbosity == 0)
        return;
    complain("Found %lld ratings in %zu groups of at least %lld", (long long)r->routes.feedback, r->routes.count,
             (long long)options.how.min_samples);
    for (size_t i = 0; options.common.verbosity > 1 && i < r->routes.count; i++)
        complain("%s %s: %s", r->routes.items[i].pattern, r->routes.items[i].model,
                 confidence_level_name(r->routes.items[i].figures.confidence));
    complain("%s: %zu changes", options.how.dry_run ? "Dry run complete" : "Retraining complete", r->changes);
}

static void tell_not_due(const struct retraining *r) {
    char time[TIME_TEXT];
    time_format(r->before.at, time);
    if (options.common.verbosity > 0)
        complain("Not due: the last run was at %s", time);
}

int main(int argc, char **argv) {
    struct options parser;
    options_begin(&parser, &tool, &options.common, argc, argv);
    parse(&parser);
    if (*options_operands(&parser) != NULL)
        options_usage(&parser, "takes no operands: ratings come in by pl-record and pl-backfill");
    struct retraining retraining;
    struct text error = {0};
    char *path = path_database(options.common.db);
    enum retrain_end end = retrain(path, &options.how, &retraining, &error);
    struct table_style style = table_style_for(stdout, options.common.json ? FORMAT_JSON : FORMAT_TABLE);
    if (end == RETRAIN_BROKEN)
        complain("%s", error.s);
    else if (end == RETRAIN_NOT_DUE)
        tell_not_due(&retraining);
    else
        tell(&retraining);
    if (end == RETRAIN_DONE && !options.common.quiet)
        retraining_print(&retraining, options.how.dry_run, &style, stdout);
    retraining_free(&retraining);
    text_free(&error);
    free(path);
    options_end(&parser);
    return finish_stdout(end == RETRAIN_BROKEN ? STATUS_FAILED : STATUS_GOOD);
}
