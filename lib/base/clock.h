/* clock: times as microseconds since 1970-01-01T00:00:00Z, from year 1 to 9999.
 *
 * Finer fractions than microseconds are cut off.
 */
#ifndef PL_BASE_CLOCK_H
#define PL_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { TIME_TEXT = 20 }; /* "YYYY-MM-DD HH:MM:SS" and its NUL */

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = 86400 * (int64_t)1000000;

/* RFC 3339, or the same with a space for the T, without an offset (then UTC) or without a fraction. */
bool time_parse(struct span text, int64_t *us);
/* A JSON number: epoch seconds, or from 10^11 on epoch milliseconds. */
bool time_from_number(struct span number, int64_t *us);
/* What a person gives an option: a time as above, a date (its first moment), or an age like 90d, 12h, 30m before NOW.
 */
bool time_from_person(struct span text, int64_t now, int64_t *us);
/* Whether it is within these years. */
bool time_in_range(int64_t us);
/* "YYYY-MM-DD HH:MM:SS", UTC. */
void time_format(int64_t us, char out[TIME_TEXT]);

/* The time that $PL_NOW fixes, else the machine's. */
int64_t clock_now(void);
/* Whether $PL_NOW is unset or a time. */
bool clock_valid(void);
/* Milliseconds of a clock that never goes back, for measuring spans. */
int64_t clock_monotonic_ms(void);

#endif
