/* names: words that many rows share (models, templates, accounts, keyword lists), kept once each. Table name. */
#ifndef PL_LEDGER_NAMES_H
#define PL_LEDGER_NAMES_H

#include "ledger/db.h"

/* DB is borrowed. */
struct names *names_new(struct db *db);
void names_free(struct names *names);
/* The id of TEXT, which is added if it is new; 0 if its s is NULL. Within a write transaction. */
int64_t names_id(struct names *names, struct span text);
/* Forgets what it remembers: after rows were removed by another process. */
void names_forget(struct names *names);

#endif
