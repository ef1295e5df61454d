/* decimal: JSON numbers as exact integers, without a detour by floating point. */
#ifndef PL_BASE_DECIMAL_H
#define PL_BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* *VALUE = NUMBER times 10 to the PLACES (0 to 12), rounded half away from zero; *EXACT tells whether nothing was
 * rounded. NUMBER is a JSON number. False if the result is not below 2^63 in magnitude, or NUMBER is no number. */
bool decimal_scaled(struct span number, int places, int64_t *value, bool *exact);

#endif
