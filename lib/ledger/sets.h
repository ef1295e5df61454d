/* sets: the patterns that a workflow shows, as a set that many workflows share and that is kept once. Table
 * pattern_set, whose rows stay as they are.
 */
#ifndef PL_LEDGER_SETS_H
#define PL_LEDGER_SETS_H

#include "ledger/db.h"
#include "rules/signature.h"

struct pattern_set {
    int64_t id; /* 0: the empty one, which has no row */
    int count;
    int64_t patterns[RULES_PATTERNS_MAX]; /* ids, ascending */
};

/* DB is borrowed. */
struct sets *sets_new(struct db *db);
void sets_free(struct sets *sets);
/* The set ID, as it is stored; an empty one if it is not there, or is no set. Good until the next call for a set. */
const struct pattern_set *sets_get(struct sets *sets, int64_t id);
/* The id of the set of COUNT patterns, in any order and each once, which is added if it is new; 0 if there are none.
 * Within a write transaction. */
int64_t sets_id(struct sets *sets, const int64_t *patterns, int count);
bool sets_has(const struct pattern_set *set, int64_t pattern);

#endif
