/* reports_private: what the files of reports share; nobody else includes it. */
#ifndef PL_REPORT_REPORTS_PRIVATE_H
#define PL_REPORT_REPORTS_PRIVATE_H

#include "base/clock.h"
#include "input/spool.h"
#include "report/reports.h"

int summary_report(const struct report_request *request);
int patterns_report(const struct report_request *request);
int pattern_report(const struct report_request *request);
int unmatched_report(const struct report_request *request);
int why_report(const struct report_request *request);
int feedback_report(const struct report_request *request);
int learning_report(const struct report_request *request);
int health_report(const struct report_request *request);
int trends_report(const struct report_request *request);
int routing_report(const struct report_request *request);
int budgets_report(const struct report_request *request);
int costs_report(const struct report_request *request);

/* What waits in all spools that are known, together. */
struct spool_state waiting_in_spools(const struct report_request *request);

/* The next cell of a table, or null: for NONE, for NaN, for UNKNOWN, without a count, without a time in the text. */
void integer_or_null(struct table *table, int64_t value, int64_t none);
void real_or_null(struct table *table, double value);
void dollars_or_null(struct table *table, int64_t nano_dollars);
void mean_or_null(struct table *table, int64_t sum, int64_t count);
void time_or_null(struct table *table, struct span text);

/* Prints TABLE, unless the database failed, and frees it. STATUS_GOOD. */
int finish(const struct report_request *request, struct table *table);
/* Whether people would get to see nothing, and had better be told why. */
bool nothing_for_people(const struct report_request *request, const struct table *rows);
/* TABLE as JSON text on one line. Freed by the caller. */
char *table_json(const struct table *table);

#endif
