/* reports: what pl-stats can tell, by name. */
#ifndef PL_REPORT_REPORTS_H
#define PL_REPORT_REPORTS_H

#include <stdio.h>

#include "ledger/db.h"
#include "ledger/tally.h"
#include "report/table.h"
#include "rules/signature.h"

enum report_sort { SORT_SAVINGS, SORT_OCCURRENCES, SORT_CONFIDENCE, SORT_RECENT };

struct report_request {
    struct db *db;       /* NULL for a report that needs none */
    struct rules *rules; /* for "why" */
    struct filter filter;
    const char *argument; /* of a report that takes one */
    enum report_sort sort;
    int64_t limit;                                 /* rows; negative: as the report sees fit */
    const char *workflow_template, *error_message; /* for "why"; NULL: none */
    struct table_style style;
    FILE *out;
};

struct report {
    const char *name;
    const char *argument; /* its name in --help; NULL: it takes none */
    const char *help;
    bool needs_rules;  /* the rules, and no records */
    bool takes_filter; /* --since, --until, --account */
    /* Prints it. The exit status: STATUS_REJECTED if what was asked for is not there, which was said on stderr. A
     * failure of the database is left to the caller to report. */
    int (*run)(const struct report_request *request);
};

/* All of them, in the order of --help; the last has no name. */
extern const struct report reports[];
/* NULL if there is none of this name. */
const struct report *report_named(const char *name);
bool report_sort_named(const char *name, enum report_sort *sort);

#endif
