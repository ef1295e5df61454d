/* pl-retrain: turns ratings into routing: which model is good enough for which kind of prompt. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/options.h"
#include "base/paths.h"
#include "report/evaluation.h"
#include "report/retraining.h"

enum {
    OPTION_WINDOW = OPTION_LONG,
    OPTION_MIN_SAMPLES,
    OPTION_POLICY,
    OPTION_IF_DUE,
    OPTION_EXPLAIN,
    OPTION_EVALUATE,
    OPTION_MODELS
};

static const struct tool tool = {
    .name = "pl-retrain",
    .operands = "",
    .summary = "Learns from ratings which model is good at which kind of prompt, and at a single\n"
               "one; stores that for pl-advise to go by, and prints it.",
    .lines =
        (const struct option_line[]){
            {'n', "dry-run", NULL, "tell what would change, and write nothing"},
            {OPTION_WINDOW, "window", "DAYS", "look at ratings of the last DAYS days (90)"},
            {OPTION_MIN_SAMPLES, "min-samples", "N", "leave out groups of fewer than N ratings (3)"},
            {OPTION_POLICY, "policy", "POLICY", "how pl-advise chooses: balanced, quality or cost"},
            {OPTION_IF_DUE, "if-due", "AGE", "only if the last run is so old: 7d, 12h, 30m"},
            {OPTION_EXPLAIN, "explain", NULL, "tell per pattern which model, why, and what it saves"},
            {OPTION_EVALUATE, "evaluate", NULL, "tell how well predictions route unseen prompts"},
            {OPTION_MODELS, "models", "A,B", "evaluate these two (else the dearest-apart)"},
            {0, NULL, NULL, NULL},
        },
    .more = "Exit status: 0 all good (not due is good), 2 could not do the job.\n"
            "Manual: pl-retrain(1), pl(7)\n",
};

enum { WINDOW_DAYS = 90, MIN_SAMPLES = 3, WINDOW_DAYS_MAX = 36500 };

static struct {
    struct common_options common;
    struct retrain_options how;
    bool evaluate;
    char *models; /* the two names: "cheap" and "dear" point into it */
    const char *cheap, *dear;
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

static void take_models(const struct options *parser) {
    free(options.models);
    options.models = xstrdup(parser->argument);
    char *comma = strchr(options.models, ',');
    if (comma == NULL || comma == options.models || comma[1] == '\0' || strchr(comma + 1, ',') != NULL)
        options_usage(parser, "--models takes two models, A,B, not %s", parser->argument);
    *comma = '\0';
    options.cheap = options.models;
    options.dear = comma + 1;
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
        case OPTION_EVALUATE: options.evaluate = true; break;
        case OPTION_MODELS: take_models(parser); break;
        default: break;
        }
    }
    if (options.models != NULL && !options.evaluate)
        options_usage(parser, "--models is for --evaluate");
    if (options.evaluate &&
        (how->explain || how->due_seconds != UNKNOWN || how->policy_given || how->min_samples != MIN_SAMPLES))
        options_usage(parser,
                      "--evaluate learns nothing: --explain, --if-due, --min-samples and --policy are not for it");
}

static void tell(const struct retraining *r) {
    if (options.common.verbosity == 0)
        return;
    complain("Found %lld ratings in %zu groups of at least %lld", (long long)r->routes.feedback, r->routes.count,
             (long long)options.how.min_samples);
    for (size_t i = 0; options.common.verbosity > 1 && i < r->routes.count; i++)
        complain("%s %s: %s", r->routes.items[i].pattern, r->routes.items[i].model,
                 confidence_level_name(r->routes.items[i].figures.confidence));
    for (size_t i = 0; i < r->predictors.predictor.models; i++) {
        const struct model_predictor *model = &r->predictors.predictor.model[i];
        complain("Trained a predictor of %s on %lld verdicts: Brier score %.3f, without it %.3f",
                 r->predictors.names[i].model, (long long)model->verdicts, model->brier, model->base_brier);
    }
    complain("%s: %zu changes", options.how.dry_run ? "Dry run complete" : "Retraining complete", r->changes);
}

static void tell_not_due(const struct retraining *r) {
    char time[TIME_TEXT];
    time_format(r->before.at, time);
    if (options.common.verbosity > 0)
        complain("Not due: the last run was at %s", time);
}

static void tell_fold(void *context, int done) {
    (void)context;
    if (options.common.verbosity > 0)
        complain("Fold %d of %d done", done, EVALUATION_FOLDS);
}

static int run_evaluation(const char *path) {
    struct evaluation evaluation;
    struct text error = {0};
    struct table_style style = table_style_for(stdout, options.common.json ? FORMAT_JSON : FORMAT_TABLE);
    const struct evaluate_options how = {
        .window_days = options.how.window_days,
        .cheap = options.cheap,
        .dear = options.dear,
        .on_fold = tell_fold,
    };
    bool good = evaluate(path, &how, &evaluation, &error);
    if (!good)
        complain("%s", error.s);
    else if (!options.common.quiet)
        evaluation_print(&evaluation, &style, stdout);
    evaluation_free(&evaluation);
    text_free(&error);
    return good ? STATUS_GOOD : STATUS_FAILED;
}

static int run_retraining(const char *path) {
    struct retraining retraining;
    struct text error = {0};
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
    return end == RETRAIN_BROKEN ? STATUS_FAILED : STATUS_GOOD;
}

int main(int argc, char **argv) {
    struct options parser;
    options_begin(&parser, &tool, &options.common, argc, argv);
    parse(&parser);
    if (*options_operands(&parser) != NULL)
        options_usage(&parser, "takes no operands: ratings come in by pl-record and pl-backfill");
    char *path = path_database(options.common.db);
    int status = options.evaluate ? run_evaluation(path) : run_retraining(path);
    free(options.models);
    free(path);
    options_end(&parser);
    return finish_stdout(status);
}
