/* schema: what is in the database, and how it comes to be. pl-schema(5) describes it for its readers. */
#ifndef PL_LEDGER_SCHEMA_H
#define PL_LEDGER_SCHEMA_H

#include "ledger/db.h"

/* "pl" in ASCII, and its schema: tells our databases from other programs'. */
enum { SCHEMA_APPLICATION = 1886142576 };

/* One step forward of the schema; the database's version is the number of steps it has taken. */
struct migration {
    const char *const *scripts; /* ends with NULL */
};

/* Opens the database at PATH to be written: makes it, private, with its directories, where it is missing or empty, and
 * brings an older one forward, keeping a copy of it beside it. "" opens a private temporary one. The connection fails
 * on a database that is newer, or another program's. */
struct db *schema_open_write(const char *path);
/* Opens it to be read. The connection fails if there is none, or if it is not of this version. */
struct db *schema_open_read(const char *path);
/* The same, which does not wait for other processes' locks longer than a moment. */
struct db *schema_open_glance(const char *path);
/* Opens it to be read, of whatever version that this program knows. */
struct db *schema_open_any(const char *path);
/* A private temporary copy of the database at PATH, or a new one if there is none. */
struct db *schema_open_copy(const char *path);

/* Fails the connection if a newer program has brought the database forward since it was opened. Within a transaction.
 */
void schema_check(struct db *db);

/* For tests: brings DB, of whatever version, forward by STEPS. */
void schema_migrate(struct db *db, const struct migration *steps, int count);

#endif
