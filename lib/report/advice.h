/* advice: how advice is written: as a JSON object, or one field of it, raw. */
#ifndef PL_REPORT_ADVICE_H
#define PL_REPORT_ADVICE_H

#include "learn/advise.h"

/* Whether advice has a field of this name. */
bool advice_has(const char *field);
/* Appends all of it as a JSON object. */
void advice_json(const struct advice *advice, struct text *out);
/* Appends the field: a string as it is, control characters escaped; null as nothing; anything else as in JSON. */
void advice_raw(const struct advice *advice, const char *field, struct text *out);

#endif
