/* rulesfile: signature rules as JSON data. pl-records(5), RULES, describes the form. */
#ifndef PL_INPUT_RULESFILE_H
#define PL_INPUT_RULESFILE_H

#include "base/text.h"
#include "rules/signature.h"

/* Rules from BASE and, laid over them, EXTRA (s NULL: none): its words and subcategories are added to categories of the
 * same name, its new categories are tried before those of BASE. NULL, with ERROR set, if one is not valid. The caller
 * frees the rules. */
struct rules *rules_parse(struct span base, struct span extra, struct text *error);

#endif
