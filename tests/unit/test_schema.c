/* The schema: how a database comes to be, comes forward, and is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "ledger/db.h"
#include "ledger/rebuild.h"
#include "ledger/schema.h"
#include "ledger/verify.h"
#include "ledger/versions.h"

static char directory[] = "/tmp/pl-schema-XXXXXX";

static int set_up(void **state) {
    (void)state;
    strcpy(directory + sizeof directory - 7, "XXXXXX");
    return mkdtemp(directory) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* NAME in the test's directory; good until the next call but three. */
static const char *in(const char *name) {
    static char paths[4][200];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static void good(struct db *db) {
    if (db_failed(db))
        fail_msg("%s", db_error(db));
}

/* Runs SQL on the file NAME, which is made if need be. */
static void run(const char *name, const char *sql) {
    close(open(in(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    struct db *db = db_open(in(name), DB_WRITE);
    db_script(db, sql);
    good(db);
    db_close(db);
}

static int64_t ask(const char *name, const char *sql) {
    struct db *db = db_open(in(name), DB_READ);
    int64_t value = db_value(db, sql, -1);
    good(db);
    db_close(db);
    return value;
}

/* -- made-up steps ------------------------------------------------------------------------------------------------- */

static const char *const first_step[] = {"CREATE TABLE t(a INTEGER);",
                                         "INSERT INTO t VALUES(1); INSERT INTO t VALUES(2);", NULL};
static const char *const second_step[] = {"ALTER TABLE t ADD COLUMN b INTEGER; UPDATE t SET b = a * 10;",
                                          "CREATE TABLE u(c);", NULL};
static const char *const broken_step[] = {"CREATE TABLE v(d);", "INSERT INTO nowhere VALUES(1);", NULL};

static const struct migration two_steps[] = {{first_step}, {second_step}};
static const struct migration then_broken[] = {{first_step}, {second_step}, {broken_step}};

static void migrate(const char *name, const struct migration *steps, int count) {
    struct db *db = db_open(in(name), DB_WRITE);
    schema_migrate(db, steps, count);
    good(db);
    db_close(db);
}

static void both_steps_taken(const char *name) {
    assert_int_equal(ask(name, "PRAGMA user_version"), 2);
    assert_true(ask(name, "PRAGMA application_id") > 0);
    assert_int_equal(ask(name, "SELECT count(*) FROM t"), 2);
    assert_int_equal(ask(name, "SELECT sum(b) FROM t"), 30);
    assert_int_equal(ask(name, "SELECT count(*) FROM u"), 0);
}

static void from_version_0(void **state) {
    (void)state;
    run("db", "");
    migrate("db", two_steps, 2);
    both_steps_taken("db");
}

static void from_version_1(void **state) {
    (void)state;
    run("db", "");
    migrate("db", two_steps, 1);
    assert_int_equal(ask("db", "PRAGMA user_version"), 1);
    assert_int_equal(ask("db", "SELECT count(*) FROM sqlite_schema"), 1);
    run("db", "INSERT INTO t VALUES(3)"); /* what was written since stays */
    migrate("db", two_steps, 2);
    assert_int_equal(ask("db", "PRAGMA user_version"), 2);
    assert_int_equal(ask("db", "SELECT sum(b) FROM t"), 60);
}

static void from_the_last_version_nothing_happens(void **state) {
    (void)state;
    run("db", "");
    migrate("db", two_steps, 2);
    migrate("db", two_steps, 2);
    both_steps_taken("db");
    migrate("db", two_steps, 1); /* nor backwards */
    both_steps_taken("db");
}

/* A connection that was there before another one migrated. */
static void by_two_connections(void **state) {
    (void)state;
    run("db", "PRAGMA journal_mode = WAL");
    struct db *a = db_open(in("db"), DB_WRITE), *b = db_open(in("db"), DB_WRITE);
    assert_int_equal(db_value(b, "PRAGMA user_version", -1), 0);
    schema_migrate(a, two_steps, 2);
    schema_migrate(b, two_steps, 2);
    good(a);
    good(b);
    assert_int_equal(db_value(b, "SELECT sum(b) FROM t", -1), 30);
    db_close(a);
    db_close(b);
    both_steps_taken("db");
}

enum { PROCESSES = 6 };

/* Runs WORK in so many processes at once, each of which must find its work good. They tell it through a pipe: what a
 * process exits with may be another's word on it, as valgrind's on the memory that the test itself holds. */
static void at_once(bool (*work)(void)) {
    pid_t children[PROCESSES];
    int begin[2], told[2], good_ones = 0;
    char verdict;
    assert_int_equal(pipe(begin), 0);
    assert_int_equal(pipe(told), 0);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            close(begin[1]);
            verdict = read(begin[0], &verdict, 1) == 0 && work() ? '+' : '-'; /* when all are there */
            _exit(write(told[1], &verdict, 1) != 1);
        }
    }
    close(begin[0]);
    close(begin[1]);
    close(told[1]);
    while (read(told[0], &verdict, 1) == 1)
        good_ones += verdict == '+';
    close(told[0]);
    for (int i = 0; i < PROCESSES; i++)
        assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
    assert_int_equal(good_ones, PROCESSES);
}

static bool migrate_one(void) {
    struct db *db = db_open(in("db"), DB_WRITE);
    schema_migrate(db, two_steps, 2);
    bool done = !db_failed(db);
    db_close(db);
    return done;
}

static void by_many_processes(void **state) {
    (void)state;
    run("db", "PRAGMA journal_mode = WAL");
    at_once(migrate_one);
    both_steps_taken("db");
}

/* Of a migration that fails, nothing happens. */
static void a_step_that_fails(void **state) {
    (void)state;
    run("db", "");
    migrate("db", two_steps, 1);
    struct db *db = db_open(in("db"), DB_WRITE);
    schema_migrate(db, then_broken, 3);
    assert_true(db_failed(db));
    assert_non_null(strstr(db_error(db), "nowhere"));
    db_close(db);
    assert_int_equal(ask("db", "PRAGMA user_version"), 1);
    assert_int_equal(ask("db", "SELECT count(*) FROM sqlite_schema"), 1);
    assert_int_equal(ask("db", "SELECT count(*) FROM pragma_table_info('t')"), 1);
    migrate("db", two_steps, 2);
    both_steps_taken("db");
}

/* -- the real schema ----------------------------------------------------------------------------------------------- */

static void write_good(const char *name) {
    struct db *db = schema_open_write(in(name));
    good(db);
    assert_string_equal(db_error(db), "");
    db_close(db);
}

static void refuses(struct db *db, const char *reason) {
    assert_true(db_failed(db));
    if (strstr(db_error(db), reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", db_error(db), reason);
    db_close(db);
}

static void made_where_there_is_none(void **state) {
    struct stat status;
    (void)state;
    mode_t mask = umask(0);
    write_good("a/b/c.db");
    umask(mask);
    assert_int_equal(stat(in("a/b/c.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(in("a"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(stat(in("a/b"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_not_equal(access(in("a/b/c.db.new"), F_OK), 0);
    assert_true(ask("a/b/c.db", "PRAGMA user_version") > 0);
    assert_int_equal(ask("a/b/c.db", "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(ask("a/b/c.db", "SELECT slot FROM state"), 0);
    write_good("a/b/c.db");
}

static void an_empty_file_is_filled(void **state) {
    (void)state;
    close(open(in("db"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    write_good("db");
    assert_true(ask("db", "PRAGMA user_version") > 0);
}

static const char *const columns[][2] = {
    {"workflow_history",
     "workflow_id,nl_input,workflow_template,model_used,status,error_message,error_count,retry_count,"
     "duration_seconds,input_tokens,output_tokens,total_tokens,actual_cost_total,created_at,updated_at"},
    {"operation_patterns",
     "id,pattern_signature,pattern_type,occurrence_count,avg_tokens_with_llm,avg_cost_with_llm,"
     "avg_tokens_with_tool,avg_cost_with_tool,typical_input_pattern,automation_status,confidence_score,"
     "potential_monthly_savings,created_at,last_seen"},
    {"pattern_occurrences", "id,pattern_id,workflow_id,similarity_score,matched_characteristics,detected_at"},
    {"routing_metrics",
     "request_id,timestamp,selected_provider,selected_model,pattern_detected,complexity_score,complexity,prompt_hash,"
     "workflow_id,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,thinking_budget,thinking_tokens,cost,"
     "latency_ms,success,quality_score,account,user_id,session_id"},
    {"response_feedback",
     "id,request_id,timestamp,quality_score,is_correct,is_helpful,prompt_pattern,selected_provider,selected_model,"
     "complexity_score,user_id,session_id,comment"},
    {"model_performance_history",
     "id,pattern,provider,model,avg_quality_score,correctness_rate,sample_count,confidence_level,avg_cost,total_cost,"
     "updated_at,retraining_run_id"},
    {"budget_patterns",
     "prompt_hash,complexity_level,avg_budget,usage_count,total_quality_score,quality_score,last_used,created_at"},
    {"retraining_runs", "run_id,timestamp,policy,due_seconds"},
    {"routing", "pattern,provider,model,confidence_level,chosen_by"},
    {"routing_advice", "request_id,pattern,provider,model,thinking_budget,followed"},
};

static void the_names_that_others_query(void **state) {
    (void)state;
    write_good("db");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        char sql[600];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM (SELECT %s FROM %s)", columns[i][1], columns[i][0]);
        assert_int_equal(ask("db", sql), 0);
    }
    assert_int_equal(ask("db", "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
                               "AND name IN ('operation_patterns', 'budget_patterns')"),
                     2);
    assert_int_equal(ask("db", "SELECT count(*) FROM (SELECT 1 FROM model_performance_history UNION ALL "
                               "SELECT 1 FROM routing UNION ALL SELECT 1 FROM budget_patterns)"),
                     0);
}

/* -- from version 1 ------------------------------------------------------------------------------------------------ */

/* Two workflows that show nothing, of which one says its cost, a review, and a rebuild that was cut short. */
static const char version_1_rows[] =
    "INSERT INTO rules(id, base, adopted_at) VALUES(1, '{\"fallback\":\"all\"}', 0);"
    "UPDATE state SET rules = 1, rebuild = 7, rebuild_at = 1, rebuild_beat = 5;"
    "INSERT INTO rebuild_log VALUES(1), (2);"
    "INSERT INTO total VALUES(0, 'workflows', 2), (0, 'learned', 2), (0, 'tokens_known', 2), (0, 'tokens', 1500007),"
    "  (0, 'cost_known', 1), (0, 'cost', 250000000);"
    "INSERT INTO name(id, text) VALUES(1, 'm');"
    "INSERT INTO workflow(id, workflow_id, status, content, recorded_at, created_at, nl_input, text_kept, model,"
    "  input_tokens, output_tokens, total_tokens, cost, input_length, complexity) VALUES"
    "  (1, 'w', 2, 11, 5000000, -1500000, 'Think', 1, 1, 1000000, 500000, 1500000, NULL, 5, 0),"
    "  (2, 'g', 3, 12, 5000000, 3000000, 'Think', 1, 1, 3, 4, 7, 250000000, 5, 0);"
    "INSERT INTO review(id, pattern_signature, automation_status, dated, reviewed_at, content)"
    "  VALUES(1, 'a:b:c', 'active', 1, 4000000, x'00');";

static void make_version_1(const char *name) {
    run(name, "");
    migrate(name, schema_versions, 1);
    run(name, version_1_rows);
    assert_int_equal(ask(name, "PRAGMA user_version"), 1);
}

static void a_copy_is_kept(void **state) {
    struct stat status;
    (void)state;
    make_version_1("db");
    write_good("db");
    assert_int_equal(ask("db", "PRAGMA user_version"), SCHEMA_VERSION);
    assert_int_equal(ask("db.v1", "PRAGMA user_version"), 1);
    assert_int_equal(ask("db.v1", "SELECT count(*) FROM workflow_history"), 2);
    assert_int_equal(ask("db.v1", "SELECT count(*) FROM rebuild_log"), 2);
    assert_int_equal(ask("db.v1", "SELECT count(*) FROM sqlite_schema WHERE name = 'request'"), 0);
    assert_int_equal(stat(in("db.v1"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    /* the first one stays: a later one would be of what came after */
    run("db.v1", "DELETE FROM workflow");
    run("db", "PRAGMA user_version = 1");
    struct db *db = schema_open_write(in("db"));
    assert_true(db_failed(db)); /* its tables are there already */
    db_close(db);
    assert_int_equal(ask("db.v1", "SELECT count(*) FROM workflow"), 0);
}

static void nothing_is_lost(void **state) {
    (void)state;
    make_version_1("db");
    refuses(schema_open_read(in("db")), "is of an older version");
    assert_int_equal(ask("db", "PRAGMA user_version"), 1);
    write_good("db");
    static const char *const holds[] = {
        "SELECT count(*) = 2 FROM workflow_history WHERE nl_input = 'Think' AND model_used = 'm'",
        "SELECT actual_cost_total IS NULL AND cost_source IS NULL AND created_at = '1969-12-31 23:59:58' "
        "FROM workflow_history WHERE workflow_id = 'w'",
        "SELECT actual_cost_total = 0.25 AND cost_source = 'given' AND created_at = '1970-01-01 00:00:03' "
        "AND status = 'failed' AND total_tokens = 7 AND cache_write_1h_tokens IS NULL "
        "FROM workflow_history WHERE workflow_id = 'g'",
        "SELECT count(*) = 2 FROM workflow WHERE named = 0 AND priced_0 IS NULL AND priced_1 IS NULL",
        "SELECT count(*) = 1 FROM pattern_reviews WHERE reviewed_at = '1970-01-01 00:00:04'",
        "SELECT base LIKE '%fallback%' AND prompts IS NULL AND prices IS NULL FROM rules",
        "SELECT slot = 0 AND rules = 1 AND rebuild IS NULL AND rebuild_at IS NULL FROM state",
        "SELECT count(*) = 0 FROM rebuild_log",
        "SELECT count(*) = 0 FROM routing_metrics",
        "SELECT count(*) = 0 FROM response_feedback",
        "SELECT count(*) = 0 FROM budget_patterns",
    };
    for (size_t i = 0; i < sizeof holds / sizeof *holds; i++)
        if (ask("db", holds[i]) != 1)
            fail_msg("not so: %s", holds[i]);
}

static bool bring_one_forward(void) {
    struct db *db = schema_open_write(in("db"));
    bool done = !db_failed(db) && db_value(db, "SELECT count(*) FROM workflow_history", -1) == 2;
    db_close(db);
    return done;
}

static void by_many_at_once_from_version_1(void **state) {
    (void)state;
    make_version_1("db");
    run("db", "PRAGMA journal_mode = WAL");
    at_once(bring_one_forward);
    assert_int_equal(ask("db", "PRAGMA user_version"), SCHEMA_VERSION);
    assert_int_equal(ask("db.v1", "PRAGMA user_version"), 1);
    assert_int_equal(ask("db.v1", "SELECT count(*) FROM workflow_history"), 2);
}

static void on_difference(void *context, const char *line) {
    (void)context;
    print_message("%s\n", line);
}

static void verified(const char *name) {
    struct db *db = schema_open_read(in(name));
    assert_int_equal(ledger_verify(db, NULL, on_difference), 0);
    good(db);
    db_close(db);
}

static struct ledger *ledger_on(const char *name, const struct knowledge *offered) {
    struct ledger *ledger = ledger_new(schema_open_write(in(name)), offered, &(struct ledger_options){0});
    if (ledger_error(ledger) != NULL)
        fail_msg("%s", ledger_error(ledger));
    return ledger;
}

static void apply_request(struct ledger *ledger, const char *request_id) {
    struct result result;
    struct record record = {.kind = KIND_REQUEST};
    struct request_record *r = &record.request;
    const int64_t unknown = UNKNOWN;
    *r = (struct request_record){.request_id = span_of(request_id),
                                 .model = span_of("m"),
                                 .complexity = unknown,
                                 .complexity_score = unknown,
                                 .tokens = {1000000, 0, unknown, unknown, unknown},
                                 .thinking_budget = unknown,
                                 .thinking_tokens = unknown,
                                 .cost = unknown,
                                 .latency = unknown,
                                 .success = unknown,
                                 .quality = unknown,
                                 .timestamp = NO_TIME,
                                 .updated_at = NO_TIME,
                                 .version = {.tokens = 1000000}};
    ledger_begin(ledger);
    ledger_apply(ledger, &record, NULL, NULL, &result);
    assert_true(ledger_commit(ledger));
    assert_int_equal(result.outcome, OUTCOME_NEW);
}

/* What workflows cost is not known before a rebuild adopts prices: figures that were there before stay as they were. */
static void prices_wait_for_a_rebuild(void **state) {
    struct knowledge offered = {0};
    (void)state;
    text_string(&offered.base[PART_RULES], "{\"fallback\":\"all\"}");
    text_string(&offered.base[PART_PROMPTS], "{}");
    text_string(&offered.base[PART_PRICES], "{\"models\":{\"m\":{\"input\":1,\"output\":2}}}");
    make_version_1("db");
    struct ledger *ledger = ledger_on("db", &offered);
    assert_true(ledger_rules_differ(ledger));
    assert_int_equal(ask("db", "SELECT prompts = '{}' AND prices IS NULL FROM rules"), 1);
    apply_request(ledger, "before");
    assert_int_equal(ask("db", "SELECT count(*) FROM workflow WHERE priced_0 IS NOT NULL"), 0);
    assert_int_equal(ask("db", "SELECT count(*) FROM routing_metrics WHERE cost IS NOT NULL"), 0);
    verified("db");
    assert_int_equal(ledger_rebuild(ledger, &offered, &(struct rebuild_options){0}), REBUILD_DONE);
    apply_request(ledger, "after");
    ledger_free(ledger);
    assert_int_equal(ask("db", "SELECT actual_cost_total = 2.0 AND cost_source = 'priced' FROM workflow_history "
                               "WHERE workflow_id = 'w'"),
                     1);
    assert_int_equal(ask("db", "SELECT actual_cost_total = 0.25 AND cost_source = 'given' FROM workflow_history "
                               "WHERE workflow_id = 'g'"),
                     1);
    assert_int_equal(ask("db", "SELECT count(*) FROM routing_metrics WHERE cost = 1.0 AND cost_source = 'priced'"), 2);
    assert_int_equal(ask("db", "SELECT value FROM total WHERE name = 'cost' AND slot = (SELECT slot FROM state)"),
                     2250000000);
    assert_int_equal(ask("db",
                         "SELECT value FROM total WHERE name = 'request_cost' AND slot = (SELECT slot FROM state)"),
                     2000000000);
    verified("db");
    ledger = ledger_on("db", &offered);
    assert_false(ledger_rules_differ(ledger));
    ledger_free(ledger);
    knowledge_free(&offered);
}

/* Without workflows nothing depends on prices: they are adopted at once. */
static void an_empty_one_takes_prices_at_once(void **state) {
    struct knowledge offered = {0};
    (void)state;
    text_string(&offered.base[PART_RULES], "{\"fallback\":\"all\"}");
    text_string(&offered.base[PART_PROMPTS], "{}");
    text_string(&offered.base[PART_PRICES], "{\"models\":{}}");
    run("db", "");
    migrate("db", schema_versions, 1);
    run("db",
        "INSERT INTO rules(id, base, adopted_at) VALUES(1, '{\"fallback\":\"all\"}', 0); UPDATE state SET rules = 1");
    struct ledger *ledger = ledger_on("db", &offered);
    assert_false(ledger_rules_differ(ledger));
    ledger_free(ledger);
    assert_int_equal(ask("db", "SELECT prompts = '{}' AND prices = '{\"models\":{}}' FROM rules"), 1);
    assert_int_equal(ask("db", "SELECT count(*) FROM rules"), 1);
    knowledge_free(&offered);
}

static bool make_one_and_write(void) {
    struct db *db = schema_open_write(in("new/db"));
    db_begin(db);
    db_script(db, "INSERT INTO name(text) VALUES(hex(randomblob(8)))");
    bool done = db_commit(db);
    db_close(db);
    return done;
}

static void by_many_at_once(void **state) {
    (void)state;
    at_once(make_one_and_write);
    assert_int_equal(ask("new/db", "SELECT count(*) FROM name"), PROCESSES);
}

static void what_an_old_one_left_is_not_taken(void **state) {
    (void)state;
    write_good("db");
    run("db", "INSERT INTO name(text) VALUES('x')");
    unlink(in("db"));
    FILE *left = fopen(in("db-wal"), "w");
    assert_non_null(left);
    fputs("rubbish", left);
    fclose(left);
    write_good("db");
    assert_int_equal(ask("db", "SELECT count(*) FROM name"), 0);
}

static void a_newer_one_is_refused(void **state) {
    (void)state;
    write_good("db");
    run("db", "PRAGMA user_version = 1000");
    refuses(schema_open_write(in("db")), "is of a newer version (schema 1000");
    refuses(schema_open_read(in("db")), "is of a newer version (schema 1000");
    assert_int_equal(ask("db", "PRAGMA user_version"), 1000);
}

static void another_programs_is_refused(void **state) {
    (void)state;
    run("db", "CREATE TABLE operation_patterns(id)");
    refuses(schema_open_write(in("db")), "is another program's database");
    refuses(schema_open_read(in("db")), "is another program's database");
    assert_int_equal(ask("db", "SELECT count(*) FROM sqlite_schema"), 1);
    run("other", "PRAGMA application_id = 7; CREATE TABLE x(y)");
    refuses(schema_open_write(in("other")), "is another program's database");
    run("versioned", "PRAGMA user_version = 1");
    refuses(schema_open_write(in("versioned")), "is another program's database");
}

static void what_is_no_database_is_refused(void **state) {
    (void)state;
    FILE *file = fopen(in("text"), "w");
    assert_non_null(file);
    for (int i = 0; i < 200; i++)
        fputs("this is no database\n", file);
    fclose(file);
    refuses(schema_open_write(in("text")), "is not a database");
    refuses(schema_open_read(in("text")), "is not a database");
    refuses(schema_open_write(directory), directory);
    refuses(schema_open_write(in("text/below/db")), "Not a directory");
}

static void none_is_none_to_a_reader(void **state) {
    (void)state;
    struct db *db = schema_open_read(in("db"));
    assert_true(db_failed(db));
    db_close(db);
    assert_int_not_equal(access(in("db"), F_OK), 0);
}

static void read_as_it_is(void **state) {
    (void)state;
    write_good("db");
    struct db *db = schema_open_read(in("db"));
    good(db);
    assert_int_equal(db_value(db, "SELECT count(*) FROM workflow_history", -1), 0);
    db_script(db, "INSERT INTO name(text) VALUES('x')");
    assert_true(db_failed(db));
    db_close(db);
}

static void copies_are_private(void **state) {
    (void)state;
    write_good("db");
    run("db", "INSERT INTO name(text) VALUES('x')");
    struct db *copy = schema_open_copy(in("db"));
    good(copy);
    assert_int_equal(db_value(copy, "SELECT count(*) FROM name", -1), 1);
    db_script(copy, "INSERT INTO name(text) VALUES('y')");
    good(copy);
    db_close(copy);
    assert_int_equal(ask("db", "SELECT count(*) FROM name"), 1);
    copy = schema_open_copy(in("none"));
    good(copy);
    assert_int_equal(db_value(copy, "SELECT count(*) FROM name", -1), 0);
    db_close(copy);
    assert_int_not_equal(access(in("none"), F_OK), 0);
}

static void a_temporary_one(void **state) {
    (void)state;
    struct db *db = schema_open_write("");
    good(db);
    db_script(db, "INSERT INTO name(text) VALUES('x')");
    assert_int_equal(db_value(db, "SELECT count(*) FROM name", -1), 1);
    good(db);
    db_close(db);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(from_version_0),
        TEST(from_version_1),
        TEST(from_the_last_version_nothing_happens),
        TEST(by_two_connections),
        TEST(by_many_processes),
        TEST(a_step_that_fails),
        TEST(made_where_there_is_none),
        TEST(an_empty_file_is_filled),
        TEST(the_names_that_others_query),
        TEST(a_copy_is_kept),
        TEST(nothing_is_lost),
        TEST(by_many_at_once_from_version_1),
        TEST(prices_wait_for_a_rebuild),
        TEST(an_empty_one_takes_prices_at_once),
        TEST(by_many_at_once),
        TEST(what_an_old_one_left_is_not_taken),
        TEST(a_newer_one_is_refused),
        TEST(another_programs_is_refused),
        TEST(what_is_no_database_is_refused),
        TEST(none_is_none_to_a_reader),
        TEST(read_as_it_is),
        TEST(copies_are_private),
        TEST(a_temporary_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
