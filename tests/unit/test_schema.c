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
#include "ledger/schema.h"

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

/* -- made-up steps ---------------------------------------------------------------------------------------------------
 */

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

/* -- the real schema --------------------------------------------------------------------------------------------------
 */

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
};

static void the_names_that_others_query(void **state) {
    (void)state;
    write_good("db");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        char sql[600];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM (SELECT %s FROM %s)", columns[i][1], columns[i][0]);
        assert_int_equal(ask("db", sql), 0);
    }
    assert_int_equal(ask("db",
                         "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'operation_patterns'"),
                     1);
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
