/* db: SQLite, behind one thin family of functions with one error path.
 *
 * A connection remembers its first error. From then on every function does nothing and answers with nothing, so that a
 * caller may run a whole sequence and ask db_failed once, before it relies on what it did. Statements are prepared once
 * and kept by the address of their text, which must be a literal.
 */
#ifndef PL_LEDGER_DB_H
#define PL_LEDGER_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/text.h"

/* How long to wait for another process's lock; where an answer cannot wait. */
enum { DB_WAIT_MS = 30000, DB_GLANCE_MS = 500 };

enum db_access {
    DB_READ,
    DB_WRITE,
    DB_FOREIGN, /* to read another program's: its schema is not trusted */
    DB_GLANCE,  /* to read, if that can be done at once */
};

/* PATH "" opens a private temporary database. Always returns a connection, which may have failed. */
struct db *db_open(const char *path, enum db_access access);
/* A connection to PATH that never came to be, for this reason. */
__attribute__((format(printf, 2, 3))) struct db *db_broken(const char *path, const char *format, ...);
void db_close(struct db *db);
/* What is deleted from now on is overwritten in the file too. */
void db_overwrite_deleted(struct db *db);
/* Writes the log into the file, and empties it. False: somebody reads what stands there, for longer than a moment. */
bool db_overwrite_log(struct db *db);
/* From now on it waits so long for another process's lock. */
void db_wait(struct db *db, int wait_ms);

bool db_failed(const struct db *db);
/* "PATH: what is wrong, and what to do"; good until the connection is closed. */
const char *db_error(const struct db *db);
/* Fails the connection with a reason of the caller's. */
__attribute__((format(printf, 2, 3))) void db_fail(struct db *db, const char *format, ...);
const char *db_path(const struct db *db);

/* The statement SQL, ready to be bound and stepped. It is the connection's; NULL after a failure, which the functions
 * below take. */
struct query *db_query(struct db *db, const char *sql);
/* Positions count from 1. Texts and blobs must stay until the query is stepped through. */
void db_bind_integer(struct query *query, int position, int64_t value);
void db_bind_real(struct query *query, int position, double value);     /* NaN is NULL */
void db_bind_text(struct query *query, int position, struct span text); /* s NULL is NULL */
void db_bind_blob(struct query *query, int position, const void *bytes, size_t size);
void db_bind_null(struct query *query, int position);
/* A value that is NULL in the database where it is NONE here. */
void db_bind_optional(struct query *query, int position, int64_t value, int64_t none);
/* Steps to the next row; false after the last, and after a failure: the query is then over. */
bool db_row(struct query *query);
/* Steps a query that gives no rows. */
void db_run(struct query *query);
/* Runs SQL, whose ?1 is VALUE. */
void db_run_of(struct db *db, const char *sql, int64_t value);
/* Ends a query before its last row. */
void db_end(struct query *query);

/* Columns of the row, from 0. Texts are good until the next step. */
bool db_is_null(struct query *query, int column);
int64_t db_integer(struct query *query, int column);
int64_t db_optional(struct query *query, int column, int64_t none);
bool db_is_number(struct query *query, int column);
int db_columns(struct query *query);
const char *db_column_name(struct query *query, int column);
double db_real(struct query *query, int column);      /* NULL is NaN */
struct span db_text(struct query *query, int column); /* NULL: s is NULL; a blob's bytes too */

/* One or more statements without parameters or rows. */
void db_script(struct db *db, const char *sql);
/* The first column of the first row of SQL, or FALLBACK if there is none. */
int64_t db_value(struct db *db, const char *sql, int64_t fallback);
/* A number that changes when another connection has committed something. */
int64_t db_data_version(struct db *db);
int64_t db_last_id(struct db *db);
int64_t db_changes(struct db *db);

/* A write transaction, which has the lock from its beginning. */
void db_begin(struct db *db);
/* False if it failed: then nothing of it happened. */
bool db_commit(struct db *db);
void db_rollback(struct db *db);
/* A snapshot for reading, which stays as it is until db_read_end. */
void db_read_begin(struct db *db);
void db_read_end(struct db *db);

/* A private temporary copy of the database at PATH, which is only read. */
struct db *db_copy(const char *path);
/* Copies all of FROM to a new file PATH. False, with FROM failed, if it cannot. */
bool db_save(struct db *from, const char *path);

/* The SQL function NAME(text), of one argument, deterministic. RESULT appends to OUT. */
typedef void db_text_function(struct span text, struct text *out);
void db_function(struct db *db, const char *name, db_text_function *function);

#endif
