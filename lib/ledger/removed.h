/* removed: traces of what was removed, so that it stays out: hashes, of which nothing can be read, though a guess can
 * be tried. Table removed. */
#ifndef PL_LEDGER_REMOVED_H
#define PL_LEDGER_REMOVED_H

#include "base/text.h"
#include "ledger/db.h"

/* What a trace is of; TRACE_RATED: of a request whose ratings stay out. Numbers are kept. */
enum trace { TRACE_WORKFLOW, TRACE_REQUEST, TRACE_RATED, TRACE_IDENTITY, TRACE_SESSION, TRACE_ACCOUNT, TRACE_USER };

/* ID: a workflow_id, a request_id, the bytes of an identity, or a name. Within a write transaction. */
void removed_add(struct db *db, enum trace trace, struct span id);
/* False for an id whose s is NULL. */
bool removed_has(struct db *db, enum trace trace, struct span id);

#endif
