/* members: the members of a JSON object that is being written, with the comma that each but the first needs. */
#ifndef PL_REPORT_MEMBERS_H
#define PL_REPORT_MEMBERS_H

#include "base/text.h"

/* Each appends a member NAME, a word of ours, to an object that was opened: JSON is not empty. */
void json_text(struct text *json, const char *name, const char *value); /* NULL is null */
void json_real(struct text *json, const char *name, double value);      /* what is not finite is null */
void json_integer(struct text *json, const char *name, int64_t value);
void json_name(struct text *json, const char *name); /* whose value is to be appended next */

#endif
