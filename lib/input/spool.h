/* spool: a file in which records wait for a database that cannot be written.
 *
 * A line is a record as it came, on one line, and after its own members what waiting would take from it: its kind, and
 * in "spooled" when it came, what tells it from others, and whether its text is not to be kept. So a line that is read
 * twice is a record that is read twice. Several processes share the file by a lock; what a killed one left half written
 * is cut off by the next, and kept in PATH.rejected.
 */
#ifndef PL_INPUT_SPOOL_H
#define PL_INPUT_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "input/record.h"

/* BYTES_MAX: how large the file may become. PATH is borrowed. */
struct spool *spool_new(const char *path, int64_t bytes_max);
void spool_free(struct spool *spool);
const char *spool_path(const struct spool *spool);

/* Appends to LINES the record in the object RECORD. KIND is what it is; KIND_BY_SHAPE: it says so itself. */
void spool_line(struct text *lines, struct span record, enum record_kind kind, const struct spooled *spooled);

/* Appends LINES, whole ones, to the file: durably, all of them or none. The file is made, for its owner alone, if it is
 * not there. False: ERROR, which is cleared first, says why, with the file's name. */
bool spool_append(struct spool *spool, struct span lines, struct text *error);

/* Locks the file, for its records to be taken out, and returns a descriptor at its beginning, which is the spool's;
 * until spool_end nobody else appends or takes. -1: there is none, or, with ERROR, it cannot be read. */
int spool_begin(struct spool *spool, struct text *error);
/* Ends that. TAKEN: its records are durable elsewhere, and it is emptied. False: it cannot be, as ERROR says. */
bool spool_end(struct spool *spool, bool taken, struct text *error);

/* What waits in the file at PATH. */
struct spool_state {
    int64_t records, bytes;
    int64_t wrong; /* of the records: lines that this toolkit has not written, or not so */
    int64_t since; /* when the first of them came, microseconds since 1970; NO_TIME: not known, or there is none */
};
/* False, with ERROR, if there is a file that cannot be read. */
bool spool_look(const char *path, struct spool_state *state, struct text *error);

#endif
