/* characteristics: what kind of work a workflow's text and figures show, besides its signatures. */
#ifndef PL_RULES_CHARACTERISTICS_H
#define PL_RULES_CHARACTERISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum complexity { COMPLEXITY_SIMPLE, COMPLEXITY_MEDIUM, COMPLEXITY_COMPLEX };

enum { FILES_MAX = 64, FILE_NAME_MAX = 512 };

/* simple: under 50 words and under 3 errors; complex: over 200 words or over 5 errors. ERRORS may be UNKNOWN. */
enum complexity complexity_of(size_t words, int64_t errors);

/* Characters (code points) of TEXT. */
size_t characters_of(struct span text);

/* The paths and source-file names in TEXT, each once, in their order, at most FILES_MAX; they borrow from TEXT. A path
 * has a slash between names, a source-file name ends with a known suffix; links (https://...) are none. Returns how
 * many. */
size_t files_mentioned(struct span text, struct span files[FILES_MAX]);

/* TEXT with what varies between tasks of one kind masked, into MASKED: numbers as "N", paths and file names as "PATH",
 * hexadecimal ids as "ID", white space folded, ASCII in lower case. Cut at LIMIT bytes. */
void mask_text(struct span text, size_t limit, struct text *masked);

#endif
