/* pl-record: a filter that stores records, learns from each, and answers with a result line a record. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/options.h"
#include "base/paths.h"
#include "base/stop.h"
#include "ledger/intake.h"
#include "ledger/schema.h"
#include "ledger/takein.h"
#include "report/maps.h"

enum {
    OPTION_REJECTS = OPTION_LONG,
    OPTION_RULES,
    OPTION_PRICES,
    OPTION_TEE,
    OPTION_NO_TEXT,
    OPTION_SPOOL,
    OPTION_SPOOL_MAX,
};

static const int64_t SPOOL_BYTES = 256 * 1024 * 1024;

static const struct tool tool = {
    .name = "pl-record",
    .operands = "[FILE...]",
    .summary = "Stores records from FILE... or standard input, learns from each, and prints a\n"
               "result line for each one when it is durable.",
    .lines =
        (const struct option_line[]){
            {'k', "kind", "KIND", "workflow, request, feedback, cache, review or step"},
            {'m', "map", "MAP", "another program's log: a map, its file, auto or list"},
            {OPTION_TEE, "tee", NULL, "write the input through instead of results"},
            {OPTION_REJECTS, "rejects", "FILE", "append what is rejected to FILE"},
            {OPTION_SPOOL, "spool", "FILE", "where records wait if the database cannot be written"},
            {OPTION_SPOOL_MAX, "spool-max", "SIZE", "how large that file may become (256M)"},
            {OPTION_RULES, "rules", "FILE", "rules of one's own, for a new database"},
            {OPTION_PRICES, "prices", "FILE", "prices of one's own, for a new database"},
            {OPTION_NO_TEXT, "no-text", NULL, "learn from texts, but keep none"},
            {0, NULL, NULL, NULL},
        },
    .more = "Exit status: 0 all good, 1 some records were rejected, 2 could not do the job.\n"
            "Manual: pl-record(1), pl(7)\n",
};

static struct {
    struct common_options common;
    enum record_kind kind;
    const char *rejects, *map, *given[KNOWLEDGE_PARTS], *spool;
    int64_t spool_max;
    bool tee, no_text;
} options = {.spool_max = SPOOL_BYTES};

static void parse(struct options *parser) {
    for (int code; (code = options_next(parser)) != OPTION_END;) {
        switch (code) {
        case 'k':
            if (!record_kind_named(span_of(parser->argument), &options.kind))
                options_usage(parser, "unknown kind: %s", parser->argument);
            break;
        case 'm': options.map = parser->argument; break;
        case OPTION_TEE: options.tee = true; break;
        case OPTION_REJECTS: options.rejects = parser->argument; break;
        case OPTION_RULES: options.given[PART_RULES] = parser->argument; break;
        case OPTION_PRICES: options.given[PART_PRICES] = parser->argument; break;
        case OPTION_NO_TEXT: options.no_text = true; break;
        case OPTION_SPOOL: options.spool = parser->argument; break;
        case OPTION_SPOOL_MAX: options.spool_max = options_size(parser, "spool-max"); break;
        default: break;
        }
    }
}

/* -- results ---------------------------------------------------------------------------------------------------- */

static void member(struct text *out, const char *name, struct span value) {
    text_format(out, ",\"%s\":", name);
    text_json_string(out, value);
}

static void workflow_line(const struct record *record, const struct result *result, struct text *out) {
    text_string(out, "{\"kind\":\"workflow\"");
    member(out, "workflow_id", record->workflow.workflow_id);
    text_format(out, ",\"status\":\"%s\",\"patterns_detected\":%d,\"new_patterns\":%d,\"pattern_ids\":[",
                outcome_name(result->outcome), result->pattern_count, result->made_count);
    for (int i = 0; i < result->pattern_count; i++)
        text_format(out, "%s%lld", i > 0 ? "," : "", (long long)result->patterns[i].id);
    text_string(out, "],\"patterns\":[");
    for (int i = 0; i < result->pattern_count; i++) {
        text_string(out, i > 0 ? "," : "");
        text_json_string(out, span_of(result->patterns[i].signature));
    }
    text_string(out, "]}\n");
}

static void review_line(const struct record *record, const struct result *result, struct text *out) {
    text_string(out, "{\"kind\":\"review\"");
    member(out, "pattern_signature", record->review.pattern_signature);
    text_format(out, ",\"status\":\"%s\"}\n", outcome_name(result->outcome));
}

static void request_line(const struct record *record, const struct result *result, struct text *out) {
    text_string(out, "{\"kind\":\"request\"");
    if (record->request.request_id.s != NULL)
        member(out, "request_id", record->request.request_id);
    else
        text_string(out, ",\"request_id\":null");
    text_format(out, ",\"status\":\"%s\"", outcome_name(result->outcome));
    if (result->pattern.s != NULL)
        member(out, "pattern", result->pattern);
    else
        text_string(out, ",\"pattern\":null");
    if (result->complexity != UNKNOWN)
        text_format(out, ",\"complexity\":\"%s\"}\n",
                    prompt_complexity_name((enum prompt_complexity)result->complexity));
    else
        text_string(out, ",\"complexity\":null}\n");
}

static void feedback_line(const struct record *record, const struct result *result, struct text *out) {
    text_string(out, "{\"kind\":\"feedback\"");
    member(out, "request_id", record->feedback.request_id);
    text_format(out, ",\"status\":\"%s\",\"id\":%lld}\n", outcome_name(result->outcome), (long long)result->id);
}

static void cache_line(const struct record *record, const struct result *result, struct text *out) {
    text_format(out, "{\"kind\":\"cache\",\"event\":\"%s\",\"status\":\"%s\"}\n", cache_event_name(record->cache.event),
                outcome_name(result->outcome));
}

static void step_line(const struct record *record, const struct result *result, struct text *out) {
    text_string(out, "{\"kind\":\"step\"");
    member(out, "session_id", record->step.session_id);
    text_format(out, ",\"step\":\"%s\",\"status\":\"%s\"}\n", step_name(record->step.step),
                outcome_name(result->outcome));
}

/* What a record is about, for a message. */
static struct span subject(const struct record *record) {
    switch (record->kind) {
    case KIND_WORKFLOW: return record->workflow.workflow_id;
    case KIND_REQUEST: return record->request.request_id;
    case KIND_FEEDBACK: return record->feedback.request_id;
    case KIND_CACHE: return record->cache.signature;
    case KIND_STEP: return record->step.session_id;
    default: return record->review.pattern_signature;
    }
}

/* What it will be is not known yet. */
static void spooled_line(const struct record *record, struct text *out) {
    static const char *const names[] = {
        [KIND_WORKFLOW] = "workflow_id", [KIND_REQUEST] = "request_id",       [KIND_FEEDBACK] = "request_id",
        [KIND_CACHE] = "event",          [KIND_REVIEW] = "pattern_signature", [KIND_STEP] = "session_id",
    };
    struct span about = record->kind == KIND_CACHE ? span_of(cache_event_name(record->cache.event)) : subject(record);
    text_format(out, "{\"kind\":\"%s\"", record_kind_name(record->kind));
    if (about.s != NULL)
        member(out, names[record->kind], about);
    else
        text_format(out, ",\"%s\":null", names[record->kind]);
    if (record->kind == KIND_STEP)
        text_format(out, ",\"step\":\"%s\"", step_name(record->step.step));
    text_format(out, ",\"status\":\"%s\"}\n", outcome_name(OUTCOME_SPOOLED));
}

static void (*const result_lines[])(const struct record *, const struct result *, struct text *) = {
    [KIND_WORKFLOW] = workflow_line, [KIND_REQUEST] = request_line, [KIND_FEEDBACK] = feedback_line,
    [KIND_CACHE] = cache_line,       [KIND_REVIEW] = review_line,   [KIND_STEP] = step_line,
};

static void tell(const struct record *record, const struct result *result, struct text *told) {
    for (int i = 0; i < result->pattern_count; i++)
        if (result->patterns[i].made)
            told_line(told, "New pattern detected: %s", result->patterns[i].signature);
    if (record->kind == KIND_FEEDBACK && (result->outcome == OUTCOME_NEW || result->outcome == OUTCOME_UPDATED))
        told_line(told, "Stored feedback %lld for request %s", (long long)result->id, record->feedback.request_id.s);
    if (options.common.verbosity > 1)
        told_line(told, "%s %s: %s", record_kind_name(record->kind), subject(record).s != NULL ? subject(record).s : "",
                  outcome_name(result->outcome));
}

static void on_result(void *context, const char *input, uint64_t line, const struct record *record,
                      const struct result *result, struct text *out, struct text *told) {
    (void)context;
    if (result->pattern_unknown)
        told_line(told, "%s:%llu: warning: no pattern %s yet; the review waits for it", input, (unsigned long long)line,
                  record->review.pattern_signature.s);
    if (options.common.verbosity > 0)
        tell(record, result, told);
    if (options.common.quiet || options.tee)
        return;
    if (result->outcome == OUTCOME_SPOOLED)
        spooled_line(record, out);
    else
        result_lines[record->kind](record, result, out);
}

static void on_told(void *context, const char *line) {
    (void)context;
    complain("%s", line);
}

static void on_reject(void *context, const char *input, uint64_t line, const char *reason) {
    (void)context;
    complain("%s:%llu: %s", input, (unsigned long long)line, reason);
}

/* -- the pass --------------------------------------------------------------------------------------------------- */

/* Copies the rest of stdin, and of the operands, so that a pipeline goes on without the database. */
static void copy_through(int fd) {
    static char block[65536];
    for (ssize_t size; (size = read(fd, block, sizeof block)) != 0;) {
        if (size < 0 && errno != EINTR)
            return;
        if (size > 0 && fwrite(block, 1, (size_t)size, stdout) != (size_t)size)
            return;
        fflush(stdout);
    }
}

static void copy_rest(char **operands) {
    for (; *operands != NULL; operands++) {
        FILE *file = strcmp(*operands, "-") == 0 ? stdin : fopen(*operands, "re");
        if (file != NULL)
            copy_through(fileno(file));
        if (file != NULL && file != stdin)
            fclose(file);
    }
}

/* What a run works with. */
struct run {
    char *path;
    struct ledger *ledger;
    struct spool *spool; /* NULL: none */
    FILE *rejects;
    const volatile sig_atomic_t *stop;
    int64_t rejected; /* of what had waited in the spool */
};

/* Without rules to offer, a database that has its own goes on. WARN of what else may be unexpected, once. */
static struct ledger *open_ledger(const char *path, bool warn) {
    struct knowledge knowledge;
    struct text error = {0};
    bool offered = knowledge_load(options.given, &knowledge, &error);
    if (!offered && warn && (options.given[PART_RULES] != NULL || options.given[PART_PRICES] != NULL))
        die("%s", error.s);
    if (!offered && warn)
        complain("warning: %s", error.s);
    struct ledger_options how = {.drop_text = options.no_text, .list_patterns = !options.common.quiet && !options.tee};
    struct ledger *ledger = ledger_new(schema_open_write(path), offered ? &knowledge : NULL, &how);
    if (ledger_rules_differ(ledger) && warn)
        complain(
            "warning: these rules or prices are not those of %s, which keeps to its own until pl-backfill --rebuild",
            path);
    knowledge_free(&knowledge);
    text_free(&error);
    return ledger;
}

/* -- the spool -------------------------------------------------------------------------------------------------- */

/* They were acknowledged when they came: there is nothing more to answer. */
static void on_taken(void *context, const char *input, uint64_t line, const struct record *record,
                     const struct result *result, struct text *out, struct text *told) {
    (void)context;
    (void)input;
    (void)line;
    (void)out;
    if (options.common.verbosity > 0)
        tell(record, result, told);
}

/* Takes in what waits, into LEDGER. */
static void take_in(struct run *run, struct ledger *ledger) {
    struct intake_options how = {
        .since = NO_TIME,
        .until = NO_TIME,
        .limit = -1,
        .rejects = run->rejects,
        .tee = -1,
        .spooled = true,
        .stop = run->stop,
        .on_result = on_taken,
        .on_told = on_told,
        .on_reject = on_reject,
    };
    struct intake_counts counts;
    struct text error = {0};
    if (run->spool == NULL || ledger_error(ledger) != NULL)
        return;
    if (!spool_take_in(ledger, run->spool, &how, &counts, &error))
        complain("warning: %s", error.s);
    if (counts.processed + counts.errors > 0 && options.common.verbosity > 0)
        complain("Took in %lld records from %s: %lld new, %lld updated, %lld duplicates; %lld rejected",
                 (long long)counts.processed, spool_path(run->spool), (long long)counts.fresh,
                 (long long)counts.updated, (long long)counts.duplicates, (long long)counts.errors);
    run->rejected += counts.errors;
    text_free(&error);
}

static struct ledger *reopen(void *context) {
    struct run *run = context;
    struct ledger *ledger = open_ledger(run->path, false);
    db_wait(ledger_db(ledger), DB_GLANCE_MS); /* records wait meanwhile */
    take_in(run, ledger);
    db_wait(ledger_db(ledger), DB_WAIT_MS);
    if (ledger_error(ledger) != NULL) {
        ledger_free(ledger);
        return NULL;
    }
    complain("%s can be written again", run->path);
    ledger_free(run->ledger);
    run->ledger = ledger;
    return ledger;
}

/* A run that reads what it writes never ends. */
static void refuse_own_spool(const struct options *parser, char **operands) {
    struct stat spool, operand;
    if (options.spool == NULL || stat(options.spool, &spool) != 0)
        return;
    for (; *operands != NULL; operands++)
        if (stat(*operands, &operand) == 0 && operand.st_dev == spool.st_dev && operand.st_ino == spool.st_ino)
            options_usage(parser, "%s is the spool, and is read before all else", *operands);
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

/* Reads all operands, and returns the status. Where the ledger breaks, *LEFT is what a copy of the input lacks. */
static int record_all(struct intake *intake, char **operands, char ***left) {
    int status = STATUS_GOOD;
    for (char **operand = operands; *operand != NULL; operand++) {
        bool is_stdin = strcmp(*operand, "-") == 0;
        *left = operand + 1;
        enum intake_end end = is_stdin ? intake_stream(intake, STDIN_FILENO, "-") : intake_file(intake, *operand);
        if (end == INTAKE_BROKEN)
            return STATUS_FAILED;
        if (end == INTAKE_STOPPED)
            break;
        if (end == INTAKE_FAILED) {
            complain("%s", intake_error(intake));
            status = STATUS_FAILED;
        }
    }
    if (intake_flush(intake) != INTAKE_DONE)
        return STATUS_FAILED;
    return status == STATUS_GOOD && intake_counts(intake)->errors > 0 ? STATUS_REJECTED : status;
}

/* What waits in the spool now, which may be others' too. */
static void tell_waiting(const struct run *run) {
    struct spool_state state;
    struct text error = {0};
    if (!spool_look(spool_path(run->spool), &state, &error))
        complain("warning: %s", error.s);
    else if (state.records > 0)
        complain("warning: %lld record%s wait%s in %s: the next run with that spool takes %s in",
                 (long long)state.records, state.records == 1 ? "" : "s", state.records == 1 ? "s" : "",
                 spool_path(run->spool), state.records == 1 ? "it" : "them");
    text_free(&error);
}

static void tell_end(const struct run *run, const struct intake_counts *counts) {
    if (counts->spooled > 0)
        tell_waiting(run);
    if (options.common.verbosity > 0)
        complain("Stored %lld records: %lld new, %lld updated, %lld duplicates; %lld rejected",
                 (long long)(counts->processed - counts->spooled), (long long)counts->fresh, (long long)counts->updated,
                 (long long)counts->duplicates, (long long)counts->errors);
}

static int record(struct run *run, struct map *map, char **operands) {
    char **left = operands;
    struct intake_options how = {
        .kind = options.kind,
        .map = map,
        .since = NO_TIME,
        .until = NO_TIME,
        .limit = -1,
        .rejects = run->rejects,
        .tee = options.tee ? STDOUT_FILENO : -1,
        .spool = run->spool,
        .stop = run->stop,
        .context = run,
        .on_result = on_result,
        .on_told = on_told,
        .on_reject = on_reject,
        .reopen = reopen,
    };
    struct intake *intake = intake_new(run->ledger, &how);
    int status = STATUS_FAILED;
    if (ledger_error(run->ledger) == NULL || run->spool != NULL)
        status = record_all(intake, operands, &left);
    const char *error = ledger_error(run->ledger);
    if (status == STATUS_FAILED && error != NULL) {
        complain("%s", error);
        if (options.tee)
            copy_rest(left);
    } else if (intake_unheard(intake)) {
        if (intake_error(intake) != NULL)
            complain("%s", intake_error(intake));
    } else {
        tell_end(run, intake_counts(intake));
    }
    intake_free(intake);
    return status;
}

int main(int argc, char **argv) {
    struct options parser;
    options_begin(&parser, &tool, &options.common, argc, argv);
    parse(&parser);
    char dash[] = "-", *only_stdin[] = {dash, NULL}, **operands = options_operands(&parser);
    operands = *operands != NULL ? operands : only_stdin;
    options.spool = options.spool != NULL ? options.spool : getenv("PL_SPOOL");
    refuse_own_spool(&parser, operands);
    struct map *map = map_ready_of_option(options.map, options.common.json ? FORMAT_JSON : FORMAT_TABLE);
    struct run run = {
        .path = path_database(options.common.db),
        .spool = options.spool != NULL && *options.spool != '\0' ? spool_new(options.spool, options.spool_max) : NULL,
        .rejects = options.rejects != NULL ? rejects_open(options.rejects) : NULL,
        .stop = stop_catch(),
    };
    run.ledger = open_ledger(run.path, true);
    take_in(&run, run.ledger);
    int status = record(&run, map, operands);
    if (status == STATUS_GOOD && run.rejected > 0)
        status = STATUS_REJECTED;
    ledger_free(run.ledger);
    spool_free(run.spool);
    free(run.path);
    map_free(map);
    options_end(&parser);
    if (run.rejects != NULL && fclose(run.rejects) != 0) {
        complain("%s: %s", options.rejects, strerror(errno));
        status = STATUS_FAILED;
    }
    stop_by_signal();
    return status;
}
