#include "ledger/db.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

enum { LOCK_TRY_MS = 2, QUERY_SLOTS = 256, LOG_TRIES = 50, LOG_PAUSE_MS = 20, LENGTH_MAX = 128 * 1024 * 1024 };

struct query {
    struct db *db;
    const char *sql;
    sqlite3_stmt *statement;
};

struct db {
    sqlite3 *sqlite;
    char *path;
    struct text error;
    bool in_transaction;
    int wait_ms;
    struct query *queries[QUERY_SLOTS]; /* open addressing by the address of the text */
    int query_count;
};

/* -- errors ----------------------------------------------------------------------------------------------------- */

bool db_failed(const struct db *db) {
    return db->error.n > 0;
}

const char *db_error(const struct db *db) {
    return db->error.n > 0 ? db->error.s : "";
}

const char *db_path(const struct db *db) {
    return db->path;
}

__attribute__((format(printf, 2, 0))) static void fail(struct db *db, const char *format, va_list arguments) {
    if (db_failed(db))
        return;
    char *reason = NULL;
    if (vasprintf(&reason, format, arguments) < 0)
        reason = NULL;
    text_format(&db->error, "%s: %s", *db->path != '\0' ? db->path : "temporary database",
                reason != NULL ? reason : "out of memory");
    free(reason);
}

void db_fail(struct db *db, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(db, format, arguments);
    va_end(arguments);
}

struct db *db_broken(const char *path, const char *format, ...) {
    struct db *db = xcalloc(1, sizeof *db);
    va_list arguments;
    db->path = xstrdup(path);
    va_start(arguments, format);
    fail(db, format, arguments);
    va_end(arguments);
    return db;
}

static void fail_with(struct db *db, int code) {
    int kind = code & 0xff;
    int system = sqlite3_system_errno(db->sqlite);
    if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED)
        db_fail(db, "is locked by another process for more than %g s: try again", db->wait_ms / 1000.0);
    else if (kind == SQLITE_FULL || (kind == SQLITE_IOERR && system == ENOSPC))
        db_fail(db, "the disk is full: make room and run this again");
    else if (kind == SQLITE_NOTADB)
        db_fail(db, "is not a database: name another with --db, or move it away");
    else if (kind == SQLITE_CORRUPT)
        db_fail(db, "is damaged (%s): restore a copy, or read the logs again into a new one",
                sqlite3_errmsg(db->sqlite));
    else if (kind == SQLITE_READONLY || kind == SQLITE_PERM)
        db_fail(db, "cannot be written: check its permissions and those of its directory");
    else if (kind == SQLITE_CANTOPEN && system == ENOENT && access(db->path, F_OK) == 0)
        db_fail(db, "cannot be opened: no file can be made beside it, as on a file system that is read-only");
    else if (kind == SQLITE_CANTOPEN)
        db_fail(db, "cannot be opened: %s", system != 0 ? strerror(system) : sqlite3_errmsg(db->sqlite));
    else if (kind == SQLITE_IOERR)
        db_fail(db, "input/output error: %s", system != 0 ? strerror(system) : sqlite3_errmsg(db->sqlite));
    else
        db_fail(db, "%s", sqlite3_errmsg(db->sqlite));
}

static bool good(struct db *db, int code) {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return true;
    fail_with(db, code);
    return false;
}

/* -- connections ------------------------------------------------------------------------------------------------ */

/* SQLite's own handler sleeps for up to 100 ms between tries, in which a busy writer takes the lock again and again. */
static int wait_for_lock(void *context, int tries) {
    const struct db *db = context;
    nanosleep(&(struct timespec){0, LOCK_TRY_MS * 1000000L}, NULL);
    return tries < db->wait_ms / LOCK_TRY_MS;
}

struct db *db_open(const char *path, enum db_access access) {
    struct db *db = xcalloc(1, sizeof *db);
    /* before the first connection: no statistics, and no locks, since of two threads only one at a time uses SQLite, on
     * whatever connection: see ledger/applier.h */
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    /* A reader of our own opens for writing too, where it may, so that it leaves no -wal and -shm behind. */
    int flags = access == DB_FOREIGN ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    flags |= *path == '\0' ? SQLITE_OPEN_CREATE : 0;
    db->path = xstrdup(path);
    db->wait_ms = access == DB_GLANCE ? DB_GLANCE_MS : DB_WAIT_MS;
    if (!good(db, sqlite3_open_v2(path, &db->sqlite, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL)))
        return db;
    sqlite3_busy_handler(db->sqlite, wait_for_lock, db);
    sqlite3_limit(db->sqlite, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* who reads mostly scans, which gains nothing from a large cache, and memory that is touched first costs time */
    db_script(db, access == DB_WRITE ? "PRAGMA cache_size = -16384" : "PRAGMA cache_size = -2048");
    if (access == DB_FOREIGN)
        db_script(db, "PRAGMA trusted_schema = OFF");
    db_script(db, access == DB_WRITE ? "PRAGMA synchronous = FULL" : "PRAGMA query_only = ON");
    return db;
}

void db_close(struct db *db) {
    if (db == NULL)
        return;
    for (int i = 0; i < QUERY_SLOTS; i++) {
        if (db->queries[i] != NULL)
            sqlite3_finalize(db->queries[i]->statement);
        free(db->queries[i]);
    }
    sqlite3_close(db->sqlite);
    text_free(&db->error);
    free(db->path);
    free(db);
}

/* -- queries ---------------------------------------------------------------------------------------------------- */

static struct query *prepare(struct db *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    if (!good(db, sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL)))
        return NULL;
    struct query *query = xmalloc(sizeof *query);
    *query = (struct query){db, sql, statement};
    return query;
}

struct query *db_query(struct db *db, const char *sql) {
    if (db_failed(db))
        return NULL;
    size_t at = (size_t)((uintptr_t)sql >> 3) % QUERY_SLOTS;
    while (db->queries[at] != NULL && db->queries[at]->sql != sql)
        at = (at + 1) % QUERY_SLOTS;
    if (db->queries[at] == NULL) {
        if (db->query_count == QUERY_SLOTS - 1) {
            db_fail(db, "too many kinds of queries");
            return NULL;
        }
        db->queries[at] = prepare(db, sql);
        db->query_count += db->queries[at] != NULL;
    }
    return db->queries[at];
}

static bool usable(const struct query *query) {
    return query != NULL && !db_failed(query->db);
}

void db_bind_integer(struct query *query, int position, int64_t value) {
    if (usable(query))
        good(query->db, sqlite3_bind_int64(query->statement, position, value));
}

void db_bind_real(struct query *query, int position, double value) {
    if (usable(query))
        good(query->db, isnan(value) ? sqlite3_bind_null(query->statement, position)
                                     : sqlite3_bind_double(query->statement, position, value));
}

void db_bind_text(struct query *query, int position, struct span text) {
    if (usable(query))
        good(query->db, sqlite3_bind_text64(query->statement, position, text.s, text.n, SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_blob(struct query *query, int position, const void *bytes, size_t size) {
    if (usable(query))
        good(query->db, sqlite3_bind_blob64(query->statement, position, bytes, size, SQLITE_STATIC));
}

void db_bind_null(struct query *query, int position) {
    if (usable(query))
        good(query->db, sqlite3_bind_null(query->statement, position));
}

void db_bind_optional(struct query *query, int position, int64_t value, int64_t none) {
    if (value == none)
        db_bind_null(query, position);
    else
        db_bind_integer(query, position, value);
}

bool db_row(struct query *query) {
    if (query == NULL)
        return false;
    int code = db_failed(query->db) ? SQLITE_DONE : sqlite3_step(query->statement);
    if (code == SQLITE_ROW)
        return true;
    good(query->db, code);
    sqlite3_reset(query->statement);
    return false;
}

void db_run(struct query *query) {
    while (db_row(query))
        ;
}

void db_run_of(struct db *db, const char *sql, int64_t value) {
    struct query *query = db_query(db, sql);
    db_bind_integer(query, 1, value);
    db_run(query);
}

void db_end(struct query *query) {
    if (query != NULL)
        sqlite3_reset(query->statement);
}

bool db_is_null(struct query *query, int column) {
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

bool db_is_number(struct query *query, int column) {
    int type = sqlite3_column_type(query->statement, column);
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

int db_columns(struct query *query) {
    return sqlite3_column_count(query->statement);
}

const char *db_column_name(struct query *query, int column) {
    return sqlite3_column_name(query->statement, column);
}

int64_t db_integer(struct query *query, int column) {
    return sqlite3_column_int64(query->statement, column);
}

int64_t db_optional(struct query *query, int column, int64_t none) {
    return db_is_null(query, column) ? none : db_integer(query, column);
}

double db_real(struct query *query, int column) {
    return db_is_null(query, column) ? (double)NAN : sqlite3_column_double(query->statement, column);
}

struct span db_text(struct query *query, int column) {
    const char *bytes = sqlite3_column_type(query->statement, column) == SQLITE_BLOB
                            ? sqlite3_column_blob(query->statement, column)
                            : (const char *)sqlite3_column_text(query->statement, column);
    return (struct span){bytes, (size_t)sqlite3_column_bytes(query->statement, column)};
}

void db_script(struct db *db, const char *sql) {
    if (!db_failed(db))
        good(db, sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL));
}

int64_t db_value(struct db *db, const char *sql, int64_t fallback) {
    struct query *query = db_query(db, sql);
    if (!db_row(query))
        return fallback;
    int64_t value = db_optional(query, 0, fallback);
    db_end(query);
    return value;
}

int64_t db_data_version(struct db *db) {
    return db_value(db, "PRAGMA data_version", 0);
}

int64_t db_last_id(struct db *db) {
    return db_failed(db) ? 0 : sqlite3_last_insert_rowid(db->sqlite);
}

int64_t db_changes(struct db *db) {
    return db_failed(db) ? 0 : sqlite3_changes64(db->sqlite);
}

/* -- transactions ----------------------------------------------------------------------------------------------- */

void db_begin(struct db *db) {
    db_run(db_query(db, "BEGIN IMMEDIATE"));
    db->in_transaction = !db_failed(db);
}

bool db_commit(struct db *db) {
    db_run(db_query(db, "COMMIT"));
    if (db_failed(db))
        db_rollback(db);
    db->in_transaction = false;
    return !db_failed(db);
}

void db_rollback(struct db *db) {
    /* also after a failure, which is why this goes past the error */
    if (db->sqlite != NULL && sqlite3_get_autocommit(db->sqlite) == 0)
        sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
    db->in_transaction = false;
}

void db_read_begin(struct db *db) {
    db_script(db, "BEGIN");
}

void db_read_end(struct db *db) {
    db_rollback(db);
}

void db_overwrite_deleted(struct db *db) {
    db_script(db, "PRAGMA secure_delete = ON");
}

/* Nobody waits for it: while it waited for a reader itself, it would keep the writers out. */
bool db_overwrite_log(struct db *db) {
    bool busy = true;
    if (db_failed(db))
        return false;
    sqlite3_busy_handler(db->sqlite, NULL, NULL);
    for (int try = 0; busy && try < LOG_TRIES && !db_failed(db); try++) {
        if (try > 0)
            sqlite3_sleep(LOG_PAUSE_MS);
        busy = db_value(db, "PRAGMA wal_checkpoint(TRUNCATE)", 1) != 0;
    }
    sqlite3_busy_handler(db->sqlite, wait_for_lock, db);
    return !busy;
}

void db_wait(struct db *db, int wait_ms) {
    db->wait_ms = wait_ms;
}

/* -- copies ----------------------------------------------------------------------------------------------------- */

static void copy(struct db *from, struct db *to) {
    if (db_failed(from) || db_failed(to))
        return;
    sqlite3_backup *backup = sqlite3_backup_init(to->sqlite, "main", from->sqlite, "main");
    if (backup == NULL) {
        good(to, sqlite3_errcode(to->sqlite));
        return;
    }
    int code;
    do {
        code = sqlite3_backup_step(backup, -1); /* all at once: by pieces, every writer would make it begin again */
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
            sqlite3_sleep(10);
    } while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED);
    sqlite3_backup_finish(backup);
    good(to, code);
}

struct db *db_copy(const char *path) {
    struct db *from = db_open(path, DB_READ), *to = db_open("", DB_WRITE);
    copy(from, to);
    if (db_failed(from) && !db_failed(to))
        text_string(&to->error, db_error(from));
    db_close(from);
    return to;
}

bool db_save(struct db *from, const char *path) {
    struct db *to = xcalloc(1, sizeof *to);
    to->path = xstrdup(path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (good(to, sqlite3_open_v2(path, &to->sqlite, flags, NULL)))
        copy(from, to);
    if (db_failed(to) && !db_failed(from))
        text_string(&from->error, db_error(to));
    db_close(to);
    return !db_failed(from);
}

/* -- functions -------------------------------------------------------------------------------------------------- */

static void call(sqlite3_context *context, int count, sqlite3_value **values) {
    db_text_function *function;
    memcpy(&function, sqlite3_user_data(context), sizeof function);
    (void)count;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL)
        return;
    struct text out = {0};
    struct span text = {(const char *)sqlite3_value_text(values[0]), (size_t)sqlite3_value_bytes(values[0])};
    function(text, &out);
    sqlite3_result_text64(context, out.s != NULL ? out.s : "", out.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    text_free(&out);
}

void db_function(struct db *db, const char *name, db_text_function *function) {
    if (db_failed(db))
        return;
    db_text_function **kept =
        xmalloc(sizeof *kept); /* a function's address, where SQLite keeps a pointer to an object */
    *kept = function;
    good(db, sqlite3_create_function_v2(db->sqlite, name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                        kept, call, NULL, NULL, free));
}
