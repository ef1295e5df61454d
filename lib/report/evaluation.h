/* evaluation: what an evaluation of routing found, as tables and a plot for people, or as JSON. */
#ifndef PL_REPORT_EVALUATION_H
#define PL_REPORT_EVALUATION_H

#include "learn/evaluate.h"
#include "report/table.h"

/* The plot is for a terminal alone. */
void evaluation_print(const struct evaluation *evaluation, const struct table_style *style, FILE *out);

#endif
