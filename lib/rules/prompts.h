/* prompts: what kind of answer a prompt asks for, and how hard it is. pl-records(5), PROMPTS.
 *
 * Rules are built once, from data, and then only read. A pattern has words, a word has inflections; a prompt is of the
 * pattern of which it has the most words, each counted once however often and in whatever inflections it stands there.
 */
#ifndef PL_RULES_PROMPTS_H
#define PL_RULES_PROMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum prompt_complexity { PROMPT_SIMPLE, PROMPT_MODERATE, PROMPT_COMPLEX, PROMPT_DEEP };

enum {
    PROMPT_SCORE_UNIT = 1000, /* scores are thousandths, 0 to 1000 */
    PROMPT_PATTERNS_MAX = 64,
    PROMPT_WORDS_MAX = 1024, /* of all patterns together */
    PROMPT_NONE = -1,
};

struct prompt_rules;

/* Building. Names and words are copied. */
struct prompt_rules *prompts_new(void);
void prompts_free(struct prompt_rules *rules);

/* The pattern NAME, made if there is none: after the others, or before those of the first building if FIRST. Where two
 * have as many words in a prompt, the earlier is taken. PROMPT_NONE on a bad name and when there are too many. */
int prompts_pattern(struct prompt_rules *rules, const char *name, bool first);
/* The word of PATTERN that has INFLECTION, which may be several words in a row; PROMPT_NONE if none has. */
int prompts_word(const struct prompt_rules *rules, int pattern, const char *inflection);
/* Gives INFLECTION to WORD of PATTERN, PROMPT_NONE: to a new one; an inflection of another of its words stays there.
 * The word that has it then; PROMPT_NONE if it cannot be taken. */
int prompts_inflection(struct prompt_rules *rules, int pattern, int word, const char *inflection);
/* A prompt with KEYWORD is at least of COMPLEXITY: PROMPT_COMPLEX or PROMPT_DEEP. False if it cannot be taken. */
bool prompts_trigger(struct prompt_rules *rules, enum prompt_complexity complexity, const char *keyword);

/* Looking. */
struct prompt_view {
    const char *pattern; /* borrowed from the rules; "general" if no word speaks */
    enum prompt_complexity complexity;
    int score; /* thousandths: a quarter for each complexity, within which it rises with the number of words */
};

/* PROMPT may be empty, or NULL: general and simple. Bytes that are not UTF-8 are neither letters nor ends. */
void prompts_look(const struct prompt_rules *rules, struct span prompt, struct prompt_view *view);

/* For a complexity that was given without a prompt: the middle of its quarter. */
int prompts_score_of(enum prompt_complexity complexity);
/* The complexity in whose quarter SCORE is; what is out of range is in the nearest. */
enum prompt_complexity prompts_complexity_of(int score);

/* "simple", "moderate", "complex", "deep". */
const char *prompt_complexity_name(enum prompt_complexity complexity);

/* Sentences of TEXT: what has a letter or digit and ends with '.', '!' or '?', or a run of them and closing quotes and
 * brackets, before white space or the end, or with a CJK full stop, exclamation or question mark. What follows the last
 * is one too, if it has a letter or digit. A full stop after a letter that stands alone ("e.g.", "J.") ends none. */
size_t sentences_of(struct span text);

#endif
