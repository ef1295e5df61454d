/* history: databases of other programs that hold a workflow_history, as records. */
#ifndef PL_LEDGER_HISTORY_H
#define PL_LEDGER_HISTORY_H

#include "ledger/intake.h"

/* Reads the rows of table workflow_history in the database at PATH, which is only read, into INTAKE. Its columns are
 * taken by their names; "adw_id" serves where workflow_id is missing or null. INTAKE_FAILED, with ERROR, if there is no
 * such table or it cannot be read. */
enum intake_end history_read(struct intake *intake, const char *path, struct text *error);

#endif
