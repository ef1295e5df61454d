/* lexicon: keywords, of one word or several in a row, and one pass over a text that meets them all.
 *
 * Built once, then only read. The words of a keyword and of a text are those of base/word.h; the case of ASCII letters
 * does not matter.
 */
#ifndef PL_RULES_LEXICON_H
#define PL_RULES_LEXICON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum {
    LEXICON_KEYWORD_WORDS = 8, /* words in one keyword, at most */
    LEXICON_NONE = -1,
};

/* What a keyword means where it occurs: the lexicon keeps it, its user knows what the numbers say. */
struct meaning {
    int role;
    int of;
    int which;
};

/* Where a text has a keyword. All borrow from the lexicon. */
struct lexicon_hit {
    int keyword;
    int length;                     /* words of the keyword */
    long at;                        /* how many words of the text come before it */
    const struct meaning *meanings; /* in the order in which they were given */
    int meaning_count;
};

struct lexicon *lexicon_new(void);
void lexicon_free(struct lexicon *lexicon);

/* KEYWORD, which is copied, also means MEANING; one that it has already is not kept twice. False for a keyword that has
 * no word, too many, or one too long, and when the lexicon is full. */
bool lexicon_mean(struct lexicon *lexicon, const char *keyword, struct meaning meaning);

/* The number, from 0, of KEYWORD; LEXICON_NONE if no such keyword means anything. */
int lexicon_find(const struct lexicon *lexicon, const char *keyword);
/* Keyword NUMBER in lower case, and what it means. They borrow from the lexicon. */
const char *lexicon_keyword(const struct lexicon *lexicon, int number);
const struct meaning *lexicon_meanings(const struct lexicon *lexicon, int number, int *count);

/* Calls MEET with TO for every occurrence of every keyword in TEXT, in the order in which their last words stand. */
typedef void lexicon_meet(const struct lexicon_hit *hit, void *to);
void lexicon_scan(const struct lexicon *lexicon, struct span text, lexicon_meet *meet, void *to);

/* Words without their case, for rules that compare them by themselves. */
/* A copy in lower case (of ASCII letters), which the caller owns. */
char *lower_copy(struct span word);
/* Whether WORD is LOWER, which is in lower case. */
bool lower_is(const char *lower, struct span word);

/* Whether NAME may name a category, pattern or the like: 1 to RULE_NAME_MAX letters, digits, '_', '.' and '-'. */
enum { RULE_NAME_MAX = 64 };
bool rule_name_valid(const char *name);

#endif
