/* history: databases of other programs (and of this one) that hold workflows, requests or ratings, as records. */
#ifndef PL_LEDGER_HISTORY_H
#define PL_LEDGER_HISTORY_H

#include "ledger/intake.h"

/* Reads the rows of tables workflow_history, routing_metrics and response_feedback, whichever there are in the database
 * at PATH, which is only read, into INTAKE. Columns are taken by their names; "adw_id" serves where workflow_id is
 * missing or null. What other tables add up is not looked at. INTAKE_FAILED, with ERROR, if there is none of them or
 * one cannot be read. */
enum intake_end history_read(struct intake *intake, const char *path, struct text *error);

#endif
