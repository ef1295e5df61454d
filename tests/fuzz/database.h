/* database: a small database with something of every kind in it, for harnesses that damage it; and everything that our
 * programs do with a database that is there. Whatever the damage, each of these ends with figures or with an error. */
#ifndef PL_TESTS_FUZZ_DATABASE_H
#define PL_TESTS_FUZZ_DATABASE_H

#include "base/zone.h"
#include "fuzz.h"
#include "learn/advise.h"
#include "learn/cachestat.h"
#include "learn/retrain.h"
#include "ledger/ledger.h"
#include "ledger/rebuild.h"
#include "ledger/schema.h"
#include "ledger/verify.h"
#include "ledger/versions.h"
#include "report/reports.h"

struct database {
    char directory[64], path[80];
    struct text pristine; /* the file's bytes */
    struct knowledge knowledge;
    FILE *nowhere;
};

/* The first process's, which removes it at its end. */
static struct database database;

static inline void remove_files(void) {
    static const char *const suffixes[] = {"",    "-wal", "-shm", "-journal", ".new", ".v0",
                                           ".v1", ".v2",  ".v3",  ".v4",      ".v5"};
    char name[100];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", database.path, suffixes[i]);
        unlink(name);
    }
}

static inline void remove_directory(void) {
    remove_files();
    rmdir(database.directory);
}

static inline struct ledger *open_ledger(void) {
    return ledger_new(schema_open_write(database.path), &database.knowledge, &(struct ledger_options){0});
}

/* Applies one record, if the ledger has not failed. */
static inline void apply(struct ledger *ledger, const char *text) {
    struct json *json = json_new(record_names);
    struct arena arena = {0};
    struct text error = {0};
    struct record record;
    struct result result;
    must(json_parse(json, span_of(text)) && record_decode(json, KIND_BY_SHAPE, &arena, &record, &error), text);
    if (ledger_error(ledger) == NULL)
        ledger_apply(ledger, &record, &record.content, NULL, &result);
    text_free(&error);
    arena_free(&arena);
    json_free(json);
}

/* The same of TEMPLATE, in which NUMBER stands for each '#'. */
static inline void apply_numbered(struct ledger *ledger, const char *template, int number) {
    struct text text = {0};
    for (const char *s = template; *s != '\0'; s++)
        if (*s == '#')
            text_integer(&text, number);
        else
            text_bytes(&text, s, 1);
    apply(ledger, text.s);
    text_free(&text);
}

/* Enough verdicts on two models' answers for both to have a predictor. */
static inline void fill(struct ledger *ledger) {
    for (int i = 0; i < 104; i++) {
        bool cat = i % 2 == 0;
        apply_numbered(ledger,
                       "{\"request_id\":\"a#\",\"prompt\":\"Why does my pet no. # sleep?\",\"model\":\"a\","
                       "\"cost\":0.01,\"input_tokens\":#,\"output_tokens\":5,\"cache_read_tokens\":2,"
                       "\"thinking_tokens\":1#,\"timestamp\":\"2026-02-15T09:00:00Z\"}",
                       i);
        apply_numbered(ledger,
                       "{\"request_id\":\"b#\",\"prompt\":\"Why does my pet no. # sleep?\",\"model\":\"b\","
                       "\"cost\":0.02,\"latency_ms\":#,\"account\":\"x#\","
                       "\"timestamp\":\"2026-02-15T09:00:00Z\"}",
                       i);
        apply_numbered(ledger,
                       cat ? "{\"request_id\":\"a#\",\"quality_score\":4,\"is_correct\":true,"
                             "\"timestamp\":\"2026-02-15T09:00:01Z\"}"
                           : "{\"request_id\":\"a#\",\"quality_score\":2,\"is_correct\":false,"
                             "\"timestamp\":\"2026-02-15T09:00:01Z\"}",
                       i);
        apply_numbered(ledger,
                       "{\"request_id\":\"b#\",\"quality_score\":5,\"is_correct\":true,"
                       "\"timestamp\":\"2026-02-15T09:00:01Z\"}",
                       i);
    }
    for (int i = 0; i < 6; i++) {
        apply_numbered(ledger,
                       "{\"workflow_id\":\"w#\",\"nl_input\":\"run pytest on api #\",\"status\":\"completed\","
                       "\"duration_seconds\":#,\"input_tokens\":1#,\"model\":\"claude-sonnet-4-5\","
                       "\"output_tokens\":7,\"created_at\":\"2026-02-16T09:00:00Z\"}",
                       i);
        apply_numbered(ledger,
                       "{\"kind\":\"cache\",\"event\":\"hit\",\"signature\":\"s#\",\"lookup_ms\":#.5,"
                       "\"event_id\":\"e#\",\"account\":\"x#\",\"timestamp\":\"2026-02-28T23:00:00Z\"}",
                       i);
    }
    apply(ledger, "{\"workflow_id\":\"u\",\"nl_input\":\"answer ticket 12\",\"error_message\":\"type error in a/b.py\","
                  "\"timestamp\":\"2026-02-17T09:00:00Z\",\"session_id\":\"s\"}");
    apply(ledger,
          "{\"kind\":\"cache\",\"event\":\"miss\",\"signature\":\"s1\",\"timestamp\":\"2026-02-28T22:00:00Z\"}");
    apply(ledger, "{\"kind\":\"cache\",\"event\":\"write\",\"signature\":\"s1\",\"write_ms\":2,\"size_bytes\":9,"
                  "\"timestamp\":\"2026-02-28T22:00:01Z\"}");
    apply(ledger,
          "{\"kind\":\"review\",\"pattern_signature\":\"test:pytest:backend\",\"automation_status\":\"approved\","
          "\"reviewed_by\":\"ana\",\"timestamp\":\"2026-02-20T09:00:00Z\"}");
    apply(ledger, "{\"kind\":\"step\",\"session_id\":\"s\",\"step\":\"tool\",\"tool_name\":\"Bash\",\"success\":true,"
                  "\"timestamp\":\"2026-02-17T09:00:01Z\"}");
    apply(ledger, "{\"workflow_id\":\"t\",\"turn\":true,\"session_id\":\"s\",\"nl_input\":\"fix the build\","
                  "\"timestamp\":\"2026-02-17T08:59:00Z\"}");
}

static inline struct retrain_options retrain_how(void) {
    return (struct retrain_options){.window_days = 90, .min_samples = 3, .due_seconds = UNKNOWN, .explain = true};
}

static inline bool retrain_once(void) {
    struct retrain_options how = retrain_how();
    struct retraining retraining = {0};
    struct text error = {0};
    enum retrain_end end = retrain(database.path, &how, &retraining, &error);
    must((end == RETRAIN_BROKEN) == (error.n > 0), "a retraining that failed says why");
    retraining_free(&retraining);
    text_free(&error);
    return end == RETRAIN_DONE;
}

static inline void read_pristine(void) {
    FILE *file = fopen(database.path, "rb");
    char buffer[65536];
    size_t size;
    must(file != NULL, "there is a database");
    while ((size = fread(buffer, 1, sizeof buffer, file)) > 0)
        text_bytes(&database.pristine, buffer, size);
    fclose(file);
}

/* Small pages, so that the file is small, and damage to it hits something. */
static inline void create(void) {
    struct db *db = db_open(database.path, DB_WRITE);
    db_script(db, "PRAGMA page_size = 1024; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
    schema_migrate(db, schema_versions, SCHEMA_VERSION);
    db_script(db, "PRAGMA journal_mode = WAL");
    must(!db_failed(db), db_error(db));
    db_close(db);
}

static inline void on_difference(void *context, const char *line) {
    (void)context;
    must(*line != '\0', "a difference is told in words");
}

/* What verification finds; -1: the database failed, which says why. */
static inline int64_t verify_once(void) {
    struct db *db = schema_open_read(database.path);
    int64_t differences = ledger_verify(db, NULL, on_difference);
    must((differences < 0) == db_failed(db), "what cannot be verified says why");
    db_close(db);
    return differences;
}

static inline void database_begin(void) {
    static const char *const given[KNOWLEDGE_PARTS] = {NULL};
    struct text error = {0};
    const char *temporary = getenv("TMPDIR");
    if (database.nowhere != NULL)
        return;
    surroundings();
    snprintf(database.directory, sizeof database.directory, "%s/fuzz.XXXXXX",
             temporary != NULL && strlen(temporary) < 40 ? temporary
             : access("/dev/shm", W_OK) == 0             ? "/dev/shm"
                                                         : "/tmp");
    must(mkdtemp(database.directory) != NULL, "there is a directory");
    snprintf(database.path, sizeof database.path, "%s/pl.db", database.directory);
    atexit(remove_directory);
    database.nowhere = fopen("/dev/null", "w");
    must(database.nowhere != NULL && knowledge_load(given, &database.knowledge, &error), "the rules are there");
    int fd = open(database.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    must(fd >= 0 && close(fd) == 0, "there is a file");
    create();
    struct ledger *ledger = open_ledger();
    ledger_begin(ledger);
    fill(ledger);
    must(ledger_commit(ledger), "there are records");
    ledger_free(ledger);
    must(retrain_once(), "something is learned");
    read_pristine();
    must(verify_once() == 0, "it is undamaged at first");
    text_free(&error);
}

/* Makes the file BYTES, and nothing else. */
static inline void database_is(struct span bytes) {
    remove_files();
    int fd = open(database.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    must(fd >= 0, "there is a file");
    put(fd, bytes.s, bytes.n);
    close(fd);
}

/* -- what is done with it ----------------------------------------------------------------------------------------- */

static inline void report_on(const struct report *report, struct db *db, const struct zone *zone,
                             enum table_format format) {
    struct report_request request = {
        .db = db,
        .filter = {.since = NO_TIME, .until = NO_TIME},
        .argument = strcmp(report->name, "trends") == 0 ? "explanation" : "test:pytest:backend",
        .group = GROUP_DAY,
        .zone = zone,
        .limit = -1,
        .max_cost = UNKNOWN,
        .style = {.format = format},
        .out = database.nowhere,
    };
    db_read_begin(db);
    report->run(&request);
    db_read_end(db);
}

/* A connection that has failed answers nothing more: the next report has another. */
static inline void report_all(enum table_format format) {
    struct zone *zone = zone_new("");
    struct db *db = schema_open_read(database.path);
    for (const struct report *report = reports; report->name != NULL; report++) {
        if (report->traits & OF_RULES)
            continue;
        if (db_failed(db)) {
            db_close(db);
            db = schema_open_read(database.path);
        }
        report_on(report, db, zone, format);
    }
    db_close(db);
    zone_free(zone);
}

static inline void cache_figures(void) {
    struct db *db = schema_open_read(database.path);
    struct cachestat_options how = {
        .now = 1772366400000000, .since = NO_TIME, .until = NO_TIME, .cost_per_hit = 1000000, .top = 10};
    struct cachestat stat = {0};
    struct cache_savings rows = {0};
    cachestat_read(db, &how, &stat);
    cachestat_free(&stat);
    cachestat_by(db, &how, true, &rows);
    cache_savings_free(&rows);
    db_close(db);
}

static inline void on_warning(void *context, const char *line) {
    (void)context;
    must(*line != '\0', "a warning has words");
}

static inline void advise_once(void) {
    struct adviser_options how = {.path = database.path, .on_warning = on_warning};
    struct text error = {0};
    struct advice advice;
    struct request_record request = {.prompt = span_of("Why does my cat sleep?"),
                                     .hashed = true,
                                     .prompt_hash = hash_prompt(span_of("Why does my cat sleep?")),
                                     .complexity = UNKNOWN,
                                     .complexity_score = UNKNOWN};
    struct adviser *adviser = adviser_new(&how, &error);
    must(adviser != NULL, "there is advice without a database too");
    adviser_advise(adviser, &request, &advice);
    must(advice.thinking_budget > 0 && advice.reason != NULL, "advice has a budget and a reason");
    for (size_t i = 0; i < advice.candidate_count; i++)
        must(!(advice.predicted[i] < 0) && !(advice.predicted[i] > 1), "a prediction is from 0 to 1");
    adviser_commit(adviser);
    adviser_free(adviser);
    text_free(&error);
}

static inline void write_some(void) {
    struct ledger *ledger = open_ledger();
    if (ledger_error(ledger) == NULL)
        ledger_begin(ledger);
    apply(ledger, "{\"workflow_id\":\"w1\",\"nl_input\":\"run pytest\",\"created_at\":\"2026-02-28T09:00:00Z\"}");
    apply(ledger, "{\"request_id\":\"a1\",\"prompt\":\"Why?\",\"model\":\"b\",\"cost\":1,\"success\":true,"
                  "\"updated_at\":\"2026-02-28T09:00:00Z\"}");
    apply(ledger, "{\"request_id\":\"n\",\"prompt\":\"Explain this.\",\"model\":\"c\",\"timestamp\":1772200000}");
    apply(ledger, "{\"request_id\":\"a2\",\"quality_score\":1,\"timestamp\":\"2026-02-28T09:00:00Z\"}");
    apply(ledger, "{\"kind\":\"cache\",\"event\":\"hit\",\"signature\":\"s1\",\"timestamp\":\"2026-02-28T23:30:00Z\"}");
    apply(ledger, "{\"kind\":\"step\",\"session_id\":\"s\",\"step\":\"stop\",\"timestamp\":\"2026-02-17T09:00:09Z\"}");
    if (ledger_error(ledger) == NULL && !ledger_commit(ledger))
        must(ledger_error(ledger) != NULL, "a commit that failed says why");
    ledger_free(ledger);
}

static inline void rebuild_once(void) {
    struct rebuild_options how = {0};
    struct ledger *ledger = open_ledger();
    if (ledger_error(ledger) == NULL && ledger_rebuild(ledger, &database.knowledge, &how) == REBUILD_BROKEN)
        must(ledger_error(ledger) != NULL, "a rebuild that failed says why");
    ledger_free(ledger);
}

enum { WITH_WRITING = 1, WITH_RETRAINING = 2, WITH_REBUILDING = 4 };

static inline void use_database(unsigned how) {
    report_all(how & 8 ? FORMAT_TABLE : FORMAT_JSON);
    cache_figures();
    advise_once();
    verify_once();
    if (how & WITH_WRITING)
        write_some();
    if (how & WITH_RETRAINING)
        retrain_once();
    if (how & WITH_REBUILDING) {
        rebuild_once();
        verify_once();
    }
}

#endif
