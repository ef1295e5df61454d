/* promptsfile: rules for prompts as JSON data. pl-records(5), PROMPTS, describes the form. */
#ifndef PL_INPUT_PROMPTSFILE_H
#define PL_INPUT_PROMPTSFILE_H

#include "base/text.h"
#include "rules/prompts.h"

/* Rules from BASE and, laid over them, EXTRA (s NULL: none): its words are added to patterns of the same name, and its
 * inflections to words that have one of them already; its new patterns come before those of BASE. NULL, with ERROR set,
 * if one is not valid. The caller frees the rules. */
struct prompt_rules *prompts_parse(struct span base, struct span extra, struct text *error);

#endif
