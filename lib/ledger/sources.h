/* sources: which files were read, and how far. Table source. */
#ifndef PL_LEDGER_SOURCES_H
#define PL_LEDGER_SOURCES_H

#include "base/hash.h"
#include "input/reader.h"
#include "ledger/db.h"

struct source {
    uint64_t size;    /* of the file, when last read */
    int64_t modified; /* nanoseconds since 1970 */
    struct reader_place place;
    struct digest digest; /* of the bytes up to the place */
    bool complete;        /* it was read to its end */
    bool unidentified;    /* is always read from its beginning: only that tells what it holds */
};

/* READING says how it was read: one file can be read in several ways. */
bool sources_find(struct db *db, const char *path, const char *reading, struct source *source);
/* Within the transaction that holds what was read. */
void sources_put(struct db *db, const char *path, const char *reading, const struct source *source, int64_t now);

/* Whether a record with this content was met before in the file at hand: counts it, and returns how many equal ones
 * came before it. Kept in a temporary table, so that memory does not grow with the file. */
int64_t sources_count_equal(struct db *db, const struct digest *content);
/* A new file begins. */
void sources_new_file(struct db *db);

#endif
