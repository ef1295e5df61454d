/* word: the words of a text. */
#ifndef PL_BASE_WORD_H
#define PL_BASE_WORD_H

#include <stdbool.h>

#include "base/text.h"

/* A word is a run of letters, digits and underscores; outside ASCII, of all characters but punctuation and spaces:
 * "test_api.py" is the words "test_api" and "py", "clang-format" is "clang" and "format". *REST begins as the text and
 * is moved past each word; *WORD borrows from it. False at the end. */
bool word_next(struct span *rest, struct span *word);

/* Whether a character beyond ASCII is punctuation or a space, which parts words. */
bool parts_words(uint32_t point);

/* As in wc -w: runs of bytes that are not ASCII white space. */
size_t words_between_spaces(struct span text);

#endif
