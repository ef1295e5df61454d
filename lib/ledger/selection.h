/* selection: which rows of a table are to be removed. Whatever matches any of it is selected. */
#ifndef PL_LEDGER_SELECTION_H
#define PL_LEDGER_SELECTION_H

#include "input/record.h"
#include "ledger/db.h"

struct selection {
    int64_t before;                 /* of an earlier time, microseconds since 1970; NO_TIME: of none */
    int64_t session, account, user; /* names' ids; 0: of none */
};

/* The first row over AFTER, and up to LAST, that SQL selects, which is "SELECT id ... WHERE id > ?1 AND id <= ?6 AND
 * (... ?2 ... ?5) ORDER BY id LIMIT 1" over the time, session, account and user; 0: there is none. A comparison with
 * NULL, as of none, is never true: what a table lacks is compared with it too. */
static inline int64_t selection_next(struct query *query, int64_t after, int64_t last,
                                     const struct selection *selection) {
    db_bind_integer(query, 1, after);
    db_bind_optional(query, 2, selection->before, NO_TIME);
    db_bind_optional(query, 3, selection->session, 0);
    db_bind_optional(query, 4, selection->account, 0);
    db_bind_optional(query, 5, selection->user, 0);
    db_bind_integer(query, 6, last);
    int64_t id = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return id;
}

#endif
