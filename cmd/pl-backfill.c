/* pl-backfill: takes in history (files, folders, other programs' databases), and looks after what was derived from it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/options.h"
#include "base/paths.h"
#include "base/stop.h"
#include "input/files.h"
#include "ledger/copies.h"
#include "ledger/intake.h"
#include "ledger/rebuild.h"
#include "ledger/remove.h"
#include "ledger/schema.h"
#include "ledger/verify.h"
#include "report/maps.h"
#include "report/progress.h"
#include "report/table.h"

enum {
    OPTION_DRY_RUN = OPTION_LONG,
    OPTION_FORCE,
    OPTION_BACKUP,
    OPTION_FORGET,
    OPTION_LIMIT,
    OPTION_NO_TEXT,
    OPTION_PRICES,
    OPTION_PRUNE,
    OPTION_REBUILD,
    OPTION_REJECTS,
    OPTION_RULES,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_VERIFY,
};

static const struct tool tool = {
    .name = "pl-backfill",
    .operands = "[FILE|DIRECTORY|DATABASE|-]...",
    .summary = "Takes in history: files of records, directories of them, and databases.",
    .lines =
        (const struct option_line[]){
            {'k', "kind", "KIND", "workflow, request, feedback, cache, review or step"},
            {'m', "map", "MAP", "another program's log: a map, its file, auto or list"},
            {OPTION_DRY_RUN, "dry-run", NULL, "tell what would be taken in, and write nothing"},
            {OPTION_LIMIT, "limit", "N", "stop after N records"},
            {OPTION_SINCE, "since", "TIME", "take records from TIME on (a date, a time, or 90d)"},
            {OPTION_UNTIL, "until", "TIME", "take records before TIME"},
            {OPTION_FORCE, "force", NULL, "read files again that were read before"},
            {OPTION_REJECTS, "rejects", "FILE", "append what is rejected to FILE"},
            {OPTION_RULES, "rules", "FILE", "rules of one's own, for --rebuild or a new database"},
            {OPTION_PRICES, "prices", "FILE", "prices of one's own, for the same"},
            {OPTION_NO_TEXT, "no-text", NULL, "learn from texts, but keep none"},
            {OPTION_REBUILD, "rebuild", NULL, "derive all again, by the rules and prices of today"},
            {OPTION_PRUNE, "prune", "AGE", "remove what is older (400d, or a date), for good"},
            {OPTION_FORGET, "forget", "WHO", "remove all of session=ID, account=ID or user=ID"},
            {OPTION_BACKUP, "backup", "FILE", "write a copy of the database, whole, to FILE"},
            {OPTION_VERIFY, "verify", NULL, "recompute every figure, and print each difference"},
            {0, NULL, NULL, NULL},
        },
    .more = "Status: 0 good, 1 rejected or wrong, 2 failed.  Manual: pl-backfill(1), pl(7)\n",
};

static struct {
    struct common_options common;
    enum record_kind kind;
    const char *rejects, *map, *given[KNOWLEDGE_PARTS];
    bool dry_run, force, no_text, rebuild, verify;
    int64_t limit, since, until, prune;
    const char *backup;
    enum person person;
    const char *forgotten; /* whom of these to forget; NULL: nobody */
} options = {.limit = -1, .since = NO_TIME, .until = NO_TIME, .prune = NO_TIME};

/* What cannot be undone is said once. */
static void once(const struct options *parser, bool given, const char *name) {
    if (given)
        options_usage(parser, "--%s is given twice: one at a time", name);
}

static void parse_prune(const struct options *parser) {
    once(parser, options.prune != NO_TIME, "prune");
    options.prune = options_time(parser, "prune");
    if (options.prune >= clock_now())
        options_usage(parser, "--prune takes an age, or a time that is past, not %s: all would go, and stay out",
                      parser->argument);
}

static void parse_forget(const struct options *parser) {
    once(parser, options.forgotten != NULL, "forget");
    const char *name = strchr(parser->argument, '=');
    size_t size = name != NULL ? (size_t)(name - parser->argument) : 0;
    if (name == NULL || name[1] == '\0' || !person_named((struct span){parser->argument, size}, &options.person))
        options_usage(parser, "--forget takes session=ID, account=ID or user=ID, not %s", parser->argument);
    options.forgotten = name + 1;
}

static bool removes(void) {
    return options.prune != NO_TIME || options.forgotten != NULL;
}

static void parse(struct options *parser) {
    for (int code; (code = options_next(parser)) != OPTION_END;) {
        switch (code) {
        case 'k':
            if (!record_kind_named(span_of(parser->argument), &options.kind))
                options_usage(parser, "unknown kind: %s", parser->argument);
            break;
        case 'm': options.map = parser->argument; break;
        case OPTION_DRY_RUN: options.dry_run = true; break;
        case OPTION_LIMIT: options.limit = options_number(parser, "limit", 0); break;
        case OPTION_SINCE: options.since = options_time(parser, "since"); break;
        case OPTION_UNTIL: options.until = options_time(parser, "until"); break;
        case OPTION_FORCE: options.force = true; break;
        case OPTION_REJECTS: options.rejects = parser->argument; break;
        case OPTION_RULES: options.given[PART_RULES] = parser->argument; break;
        case OPTION_PRICES: options.given[PART_PRICES] = parser->argument; break;
        case OPTION_NO_TEXT: options.no_text = true; break;
        case OPTION_REBUILD: options.rebuild = true; break;
        case OPTION_PRUNE: parse_prune(parser); break;
        case OPTION_FORGET: parse_forget(parser); break;
        case OPTION_BACKUP:
            once(parser, options.backup != NULL, "backup");
            options.backup = parser->argument;
            break;
        case OPTION_VERIFY: options.verify = true; break;
        default: break;
        }
    }
}

static enum table_format format(void) {
    return options.common.json ? FORMAT_JSON : FORMAT_TABLE;
}

static void print(struct table *table) {
    struct table_style style = table_style_for(stdout, format());
    if (!options.common.quiet)
        table_print(table, &style, stdout);
    table_free(table);
}

/* -- verify ----------------------------------------------------------------------------------------------------- */

static void on_difference(void *context, const char *line) {
    static const struct column columns[] = {{"difference", CELL_TEXT, SHOWN}};
    struct table **table = context;
    if (*table == NULL)
        *table = table_new("verify", columns, 1, false);
    if (options.common.json)
        table_text(*table, span_of(line));
    else if (!options.common.quiet)
        puts(line);
}

static int verify(const char *path) {
    struct table *table = NULL;
    struct db *db = schema_open_read(path);
    int64_t differences = ledger_verify(db, &table, on_difference);
    if (differences < 0)
        complain("%s", db_error(db));
    else if (options.common.quiet)
        ;
    else if (options.common.json && table != NULL)
        table_print(table, &(struct table_style){.format = FORMAT_JSON}, stdout);
    else if (options.common.json)
        puts("[]");
    else if (differences == 0)
        puts("every figure is what the stored records give");
    table_free(table);
    db_close(db);
    return differences < 0 ? STATUS_FAILED : differences > 0 ? STATUS_REJECTED : STATUS_GOOD;
}

/* -- rebuild ---------------------------------------------------------------------------------------------------- */

enum { MANY = 10 }; /* rejections that speak of another form, and not of some mistakes */

static struct progress *bar; /* of the job at hand; NULL where there is no terminal */

static void on_rebuilt(void *context, int64_t done, int64_t total) {
    (void)context;
    (void)total;
    progress_update(bar, "rebuild", (uint64_t)done, (uint64_t)done);
}

static int rebuild(struct ledger *ledger, const struct knowledge *knowledge) {
    struct rebuild_options how = {.stop = stop_catch(), .on_progress = on_rebuilt};
    int64_t workflows = workflows_last_id(ledger_db(ledger)), requests = requests_last_id(ledger_db(ledger));
    bar = options.common.quiet ? NULL : progress_begin(stderr, (uint64_t)(workflows + requests));
    enum rebuild_end end = ledger_rebuild(ledger, knowledge, &how);
    progress_end(bar);
    if (end == REBUILD_TAKEN)
        complain("%s: another rebuild, or a removal, has taken this one's place", db_path(ledger_db(ledger)));
    else if (end == REBUILD_STOPPED)
        complain("stopped: nothing has changed");
    else if (end == REBUILD_BROKEN)
        complain("%s", ledger_error(ledger));
    else if (options.common.verbosity > 0)
        complain("Rebuilt all figures from %lld workflows and %lld requests", (long long)workflows,
                 (long long)requests);
    return end == REBUILD_DONE ? STATUS_GOOD : STATUS_FAILED;
}

/* -- removing, copying ------------------------------------------------------------------------------------------- */

/* How many of each kind, those that there are none of left out; the caller adds members, and the end. */
static void begin_kinds(struct text *json, const int64_t by_kind[KIND_LAST + 1]) {
    text_string(json, "{");
    for (enum record_kind kind = KIND_WORKFLOW; kind <= KIND_LAST; kind++)
        if (by_kind[kind] > 0)
            text_format(json, "%s\"%s\":%lld", json->n > 1 ? "," : "", record_kind_name(kind),
                        (long long)by_kind[kind]);
}

static void print_removed(const struct removal_counts *counts) {
    static const struct column columns[] = {{"removed", CELL_JSON, SHOWN}, {"dry_run", CELL_JSON, SHOWN}};
    struct table *table = table_new("removal", columns, sizeof columns / sizeof *columns, true);
    struct text json = {0};
    begin_kinds(&json, counts->by_kind);
    if (counts->reviewers > 0)
        text_format(&json, "%s\"reviewed_by\":%lld", json.n > 1 ? "," : "", (long long)counts->reviewers);
    text_string(&json, "}");
    table_text(table, text_span(&json));
    table_text(table, span_of(options.dry_run ? "true" : "false"));
    print(table);
    text_free(&json);
}

static void tell_removal(const struct db *db, const struct removal_counts *counts) {
    char before[TIME_TEXT];
    if (options.prune != NO_TIME && options.common.verbosity > 0) {
        time_format(options.prune, before);
        complain("records of before %s stay out from now on", before);
    }
    if (counts->in_log)
        complain("warning: what was removed may yet be read in %s-wal, until whoever reads the database ends: "
                 "then the same again",
                 db_path(db));
}

/* What the options say is to go. */
static int remove_records(struct ledger *ledger) {
    struct removal_counts counts = {0};
    enum removal_end end = REMOVAL_DONE;
    const volatile sig_atomic_t *stop = stop_catch();
    if (options.prune != NO_TIME)
        end = ledger_prune(ledger, options.prune, stop, &counts);
    if (end == REMOVAL_DONE && options.forgotten != NULL)
        end = ledger_forget(ledger, options.person, span_of(options.forgotten), stop, &counts);
    print_removed(&counts);
    tell_removal(ledger_db(ledger), &counts);
    if (end == REMOVAL_STOPPED)
        complain("stopped: the same again goes on with it");
    else if (end == REMOVAL_BROKEN)
        complain("%s", ledger_error(ledger));
    return end == REMOVAL_DONE ? STATUS_GOOD : STATUS_FAILED;
}

static int back_up(const char *path) {
    struct text error = {0};
    bool good = copies_back_up(path, options.backup, &error);
    if (!good)
        complain("%s", error.s);
    else if (options.common.verbosity > 0)
        complain("%s is a copy of %s", options.backup, path);
    text_free(&error);
    return good ? STATUS_GOOD : STATUS_FAILED;
}

/* -- backfill --------------------------------------------------------------------------------------------------- */

static void on_result(void *context, const char *input, uint64_t line, const struct record *record,
                      const struct result *result, struct text *out, struct text *told) {
    (void)context;
    (void)out;
    bool made = result->made_count > 0 && options.common.verbosity > 0;
    if (result->pattern_unknown)
        told_line(told, "%s:%llu: warning: no pattern %s yet; the review waits for it", input, (unsigned long long)line,
                  record->review.pattern_signature.s);
    for (int i = 0; made && i < result->pattern_count; i++)
        if (result->patterns[i].made)
            told_line(told, "New pattern detected: %s", result->patterns[i].signature);
    if (options.common.verbosity > 1)
        told_line(told, "%s:%llu: %s", input, (unsigned long long)line, outcome_name(result->outcome));
}

static void on_told(void *context, const char *line) {
    (void)context;
    progress_clear(bar);
    complain("%s", line);
}

static void on_reject(void *context, const char *input, uint64_t line, const char *reason) {
    (void)context;
    progress_clear(bar);
    complain("%s:%llu: %s", input, (unsigned long long)line, reason);
}

static void on_note(void *context, const char *line) {
    if (options.common.verbosity > 0)
        on_told(context, line);
}

static void on_progress(void *context, const char *input, uint64_t bytes, uint64_t records) {
    (void)context;
    progress_update(bar, input, bytes, records);
}

static void print_summary(const struct intake_counts *counts) {
    static const struct column columns[] = {
        {"total_workflows", CELL_COUNT, SHOWN}, {"processed", CELL_COUNT, SHOWN}, {"total_patterns", CELL_COUNT, SHOWN},
        {"new_patterns", CELL_COUNT, SHOWN},    {"errors", CELL_COUNT, SHOWN},    {"duplicates", CELL_COUNT, SHOWN},
        {"updated", CELL_COUNT, SHOWN},         {"records", CELL_JSON, SHOWN},    {"dry_run", CELL_JSON, SHOWN},
    };
    struct table *table = table_new("backfill", columns, sizeof columns / sizeof *columns, true);
    const int64_t figures[] = {counts->workflows, counts->processed,  counts->patterns, counts->new_patterns,
                               counts->errors,    counts->duplicates, counts->updated};
    struct text records = {0};
    begin_kinds(&records, counts->by_kind);
    text_string(&records, "}");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        table_integer(table, figures[i]);
    table_text(table, text_span(&records));
    table_text(table, span_of(options.dry_run ? "true" : "false"));
    print(table);
    text_free(&records);
}

/* The files that the operands name; *MISSING: one could not be found or looked through. */
static struct file_list list_files(char **operands, const struct map *map, bool *missing) {
    struct file_list list = {0};
    struct text error = {0};
    for (; *operands != NULL; operands++) {
        size_t before = list.count;
        if (strcmp(*operands, "-") == 0) {
            list.paths = xreallocarray(list.paths, list.count + 1, sizeof *list.paths);
            list.paths[list.count++] = xstrdup("-");
        } else if (!files_add(&list, *operands, map, &error)) {
            complain("%s", error.s);
            *missing = true;
        } else if (list.count == before) {
            complain("warning: %s: no %s below it", *operands,
                     map != NULL ? "file of the map" : "*.json, *.jsonl or *.ndjson");
        }
    }
    text_free(&error);
    return list;
}

enum { EXPECTED = 256 }; /* files that are looked up together */

static int read_files(struct intake *intake, const struct file_list *list) {
    int status = STATUS_GOOD;
    for (size_t i = 0; i < list->count && !intake_full(intake); i++) {
        const char *path = list->paths[i];
        if (i % EXPECTED == 0)
            intake_expect(intake, list->paths + i, list->count - i < EXPECTED ? list->count - i : EXPECTED);
        enum intake_end end = strcmp(path, "-") == 0 ? intake_stream(intake, STDIN_FILENO, path)
                                                     : intake_file(intake, path);
        if (end == INTAKE_BROKEN)
            return STATUS_FAILED;
        if (end == INTAKE_STOPPED)
            break;
        if (end == INTAKE_FAILED) {
            progress_clear(bar);
            complain("%s", intake_error(intake));
            status = STATUS_FAILED;
        }
    }
    return intake_flush(intake) == INTAKE_DONE ? status : STATUS_FAILED;
}

static int backfill(struct ledger *ledger, struct map *map, char **operands) {
    bool missing = false;
    FILE *rejects = options.rejects != NULL ? rejects_open(options.rejects) : NULL;
    struct file_list list = list_files(operands, map, &missing);
    struct intake_options how = {
        .kind = options.kind,
        .map = map,
        .since = options.since,
        .until = options.until,
        .limit = options.limit,
        .track = true,
        .again = options.force,
        .rejects = rejects,
        .tee = -1,
        .stop = stop_catch(),
        .on_result = on_result,
        .on_told = on_told,
        .on_reject = on_reject,
        .on_note = on_note,
        .on_progress = on_progress,
    };
    struct intake *intake = intake_new(ledger, &how);
    bar = options.common.quiet ? NULL : progress_begin(stderr, list.bytes);
    int status = read_files(intake, &list);
    progress_end(bar);
    const struct intake_counts *counts = intake_counts(intake);
    if (ledger_error(ledger) == NULL && options.common.verbosity > 0)
        complain("Stored %lld records: %lld new, %lld updated, %lld duplicates; %lld rejected",
                 (long long)counts->processed, (long long)counts->fresh, (long long)counts->updated,
                 (long long)counts->duplicates, (long long)counts->errors);
    if (ledger_error(ledger) != NULL)
        complain("%s", ledger_error(ledger));
    else
        print_summary(counts);
    if (map == NULL && counts->processed == 0 && counts->errors >= MANY)
        complain("nothing of this is a record: another program's log is read with a map, see --map list");
    if (status == STATUS_GOOD && missing)
        status = STATUS_FAILED;
    if (status == STATUS_GOOD && intake_counts(intake)->errors > 0)
        status = STATUS_REJECTED;
    intake_free(intake);
    files_free(&list);
    if (rejects != NULL)
        fclose(rejects);
    return status;
}

/* -- where logs are --------------------------------------------------------------------------------------------- */

/* The places where the program that MAP is for keeps its logs, as operands, with their NULL. */
static struct map_words homes_of(const struct map *map) {
    struct text names = {0};
    struct map_words homes = map_homes(map);
    map_home_names(map, &names);
    if (names.n == 0)
        die("the map %s does not know where its logs are: name files or directories", options.map);
    if (homes.count == 0)
        die("no logs of the map %s: looked for %s", options.map, names.s);
    for (int i = 0; i < homes.count && !options.common.quiet; i++)
        complain("reading %s", homes.items[i]);
    homes.items = xreallocarray(homes.items, (size_t)homes.count + 1, sizeof *homes.items);
    homes.items[homes.count] = NULL;
    text_free(&names);
    return homes;
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

static int write_with(const char *path, struct map *map, char **operands) {
    struct knowledge knowledge;
    struct text error = {0};
    bool given = options.given[PART_RULES] != NULL || options.given[PART_PRICES] != NULL;
    bool offered = knowledge_load(options.given, &knowledge, &error);
    if (!offered && (given || options.rebuild))
        die("%s", error.s);
    if (!offered)
        complain("warning: %s", error.s);
    struct db *db = options.dry_run ? schema_open_copy(path) : schema_open_write(path);
    struct ledger *ledger = ledger_new(db, offered ? &knowledge : NULL,
                                       &(struct ledger_options){.drop_text = options.no_text});
    int status = STATUS_FAILED;
    if (ledger_error(ledger) != NULL) {
        complain("%s", ledger_error(ledger));
    } else {
        if (ledger_rules_differ(ledger) && !options.rebuild)
            complain("warning: these rules or prices are not those of %s, which keeps to its own until "
                     "pl-backfill --rebuild",
                     path);
        status = options.rebuild ? rebuild(ledger, &knowledge) : STATUS_GOOD;
        if (status == STATUS_GOOD && removes())
            status = remove_records(ledger);
        if (status == STATUS_GOOD && *operands != NULL)
            status = backfill(ledger, map, operands);
    }
    ledger_free(ledger);
    knowledge_free(&knowledge);
    text_free(&error);
    return status;
}

int main(int argc, char **argv) {
    struct options parser;
    options_begin(&parser, &tool, &options.common, argc, argv);
    parse(&parser);
    struct map *map = map_of_option(options.map, format());
    char **operands = options_operands(&parser);
    struct map_words homes = {0};
    if (*operands == NULL && map != NULL) {
        homes = homes_of(map);
        operands = homes.items;
    }
    bool narrowed = options.since != NO_TIME || options.until != NO_TIME || options.limit >= 0;
    bool changes = options.rebuild || removes();
    if (*operands == NULL && !changes && !options.verify && options.backup == NULL)
        options_usage(&parser, "nothing to read: name files, directories or databases, or - for standard input");
    if (removes() && narrowed)
        options_usage(&parser, "--prune and --forget are not narrowed by --since, --until or --limit");
    if (options.dry_run && options.backup != NULL)
        options_usage(&parser, "--backup has no --dry-run");
    if (options.dry_run && options.rebuild)
        options_usage(&parser, "--rebuild has no --dry-run: --verify tells whether it would change a figure");
    char *path = path_database(options.common.db);
    if (removes() && access(path, F_OK) != 0)
        die("%s: there is no database, and nothing to remove", path);
    int status = options.backup != NULL ? back_up(path) : STATUS_GOOD;
    if (status == STATUS_GOOD && (*operands != NULL || changes))
        status = write_with(path, map, operands);
    status = finish_stdout(status);
    stop_by_signal();
    if (status != STATUS_FAILED && options.verify) {
        int verified = verify(path);
        status = verified > status ? verified : status;
    }
    free(path);
    map_words_free(&homes);
    map_free(map);
    options_end(&parser);
    return finish_stdout(status);
}
