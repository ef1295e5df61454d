/* zone: time zones, and where their days begin.
 *
 * The C library knows the zones, one at a time: zone_new makes it the process's, by $TZ. A zone belongs to its caller,
 * who frees it. Days count from 1970-01-01, as days of the zone's own calendar.
 */
#ifndef PL_BASE_ZONE_H
#define PL_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* The zone NAME, with or without a ':' before it: an absolute path of a TZif file, a name of the machine's zoneinfo
 * ("Europe/Berlin"; $TZDIR, else /usr/share/zoneinfo), or a POSIX string ("EST5EDT,M3.2.0,M11.1.0"). "" is UTC, which
 * needs no zoneinfo. NULL if it is none of them. */
struct zone *zone_new(const char *name);
void zone_free(struct zone *zone);

/* A span of time in which a zone's clocks are known to go on without a jump; a jump may be far beyond it. Microseconds
 * since 1970. */
struct zone_period {
    int64_t from, until; /* [from, until); INT64_MIN, INT64_MAX: no end */
    int64_t offset;      /* of local time to UTC */
};

struct zone_period zone_period_at(const struct zone *zone, int64_t us);
/* The local day of US, which is in PERIOD. */
int64_t zone_day(const struct zone_period *period, int64_t us);
/* The first moment of a local day, or, where clocks jumped over all of it, of what follows. */
int64_t zone_day_begin(const struct zone *zone, int64_t day);

enum { DATE_TEXT = 11, WEEK_TEXT = 9, MONTH_TEXT = 8 }; /* with the NUL */

/* "YYYY-MM-DD" */
void day_format(int64_t day, char out[DATE_TEXT]);
/* "YYYY-Www": the week of ISO 8601, from Monday, in the year that has its Thursday. */
void week_format(int64_t day, char out[WEEK_TEXT]);
/* "YYYY-MM" */
void month_format(int64_t day, char out[MONTH_TEXT]);
/* Monday of the day's week, and the first of its month. */
int64_t week_begin(int64_t day);
int64_t month_begin(int64_t day);

#endif
