/* copies: whole copies of a database, each in a file that takes its name when it is durable. */
#ifndef PL_LEDGER_COPIES_H
#define PL_LEDGER_COPIES_H

#include "ledger/db.h"

/* Keeps DB as it is as PATH, unless there is one of that name, which stays. False, with errno or the connection's
 * error. */
bool copies_keep(struct db *db, const char *path);

/* Writes the database at PATH, as it is at one moment, to the file TO, in the place of an older copy, of which a link
 * is followed; others go on reading and writing meanwhile. False, with ERROR: then nothing has changed, as where TO is
 * something else, or the database is damaged. */
bool copies_back_up(const char *path, const char *to, struct text *error);

#endif
