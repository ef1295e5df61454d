/* reports: what pl-stats can tell, by name. */
#ifndef PL_REPORT_REPORTS_H
#define PL_REPORT_REPORTS_H

#include <stdio.h>

#include "base/zone.h"
#include "ledger/db.h"
#include "ledger/workflows.h"
#include "report/table.h"
#include "rules/signature.h"

enum report_sort { SORT_SAVINGS, SORT_OCCURRENCES, SORT_CONFIDENCE, SORT_RECENT };
/* What costs are added up by. */
enum report_group {
    GROUP_DAY,
    GROUP_WEEK,
    GROUP_MONTH,
    GROUP_MODEL,
    GROUP_PROVIDER,
    GROUP_ACCOUNT,
    GROUP_SESSION,
    GROUP_PATTERN,
    GROUP_ALL, /* all of it as one */
};

struct report_request {
    struct db *db;       /* NULL for a report that needs none */
    struct rules *rules; /* for "why" */
    struct filter filter;
    const char *argument; /* of a report that takes one */
    enum report_sort sort;
    enum report_group group;
    const struct zone *zone; /* for groups by day, week and month */
    int64_t limit;           /* rows; negative: as the report sees fit */
    int64_t max_age_from;    /* for "health": the time from which on the last record must be; NO_TIME: it need not */
    bool bad_only;           /* for "health": only what is bad */
    const char *spool;       /* one that the database may not know yet; NULL: none */
    int64_t max_cost;        /* nano-dollars, for "costs"; UNKNOWN: nothing is checked */
    const char *workflow_template, *error_message; /* for "why"; NULL: none */
    struct table_style style;
    FILE *out;
};

/* What a report goes by. */
enum report_traits {
    WHOLE = 0,
    FILTERED = 1,  /* takes --since, --until and --account */
    OF_RULES = 2,  /* needs the rules, and no records */
    BY_GROUPS = 4, /* takes --by, --check and --max-cost */
    OF_STATE = 8,  /* looks at the database itself, which may have failed */
};

struct report {
    const char *name;
    const char *argument; /* its name in --help; NULL: it takes none */
    unsigned traits;
    /* Prints it. The exit status: STATUS_REJECTED if what was asked for is not there, which was said on stderr, or a
     * check failed. A failure of the database is left to the caller to report. */
    int (*run)(const struct report_request *request);
};

/* All of them; the last has no name. */
extern const struct report reports[];
/* NULL if there is none of this name. */
const struct report *report_named(const char *name);
bool report_sort_named(const char *name, enum report_sort *sort);
/* "day", "week", ... */
bool report_group_named(const char *name, enum report_group *group);

#endif
