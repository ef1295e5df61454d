/* retraining: what a retraining found, as a table for people or as JSON. */
#ifndef PL_REPORT_RETRAINING_H
#define PL_REPORT_RETRAINING_H

#include "learn/retrain.h"
#include "report/table.h"

/* Prints the changes, with the explanations if there are any. */
void retraining_print(const struct retraining *retraining, bool dry_run, const struct table_style *style, FILE *out);

#endif
