/* names: words that many rows share (models, templates, accounts, keyword lists), kept once each. Table name. */
#ifndef PL_LEDGER_NAMES_H
#define PL_LEDGER_NAMES_H

#include "ledger/db.h"

/* DB is borrowed. */
struct names *names_new(struct db *db);
void names_free(struct names *names);
/* The id of TEXT, which is added if it is new; 0 if its s is NULL. Within a write transaction. */
int64_t names_id(struct names *names, struct span text);
/* The id of TEXT; 0: it is not there. */
int64_t names_find(struct db *db, struct span text);
/* Whether any row is of the name ID: looks through all of them. */
bool names_used(struct db *db, int64_t id);
void names_delete(struct db *db, int64_t id);

/* Told of a row of a table that refers to what is not there. */
typedef void on_orphan(void *context, const char *table, int64_t id);
/* Looks for rows that are of names, workflows or signatures that are not there. Within a snapshot. */
void names_check(struct db *db, void *context, on_orphan *tell);

/* Forgets what it remembers: after rows were removed by another process. */
void names_forget(struct names *names);

#endif
