/* signature: which patterns a workflow's words show.
 *
 * Rules are built once, from data, and then only read. A signature is "category:subcategory:target"; rules number all
 * the signatures that they can give, from 0. A text is matched in one pass over its words, however many rules there
 * are.
 */
#ifndef PL_RULES_SIGNATURE_H
#define PL_RULES_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum {
    RULES_PATTERNS_MAX = 64,  /* signatures of one workflow, at most */
    RULES_KEYWORDS_MAX = 256, /* keywords kept of one text, at most: the first ones */
    RULES_NONE = -1,
};

/* Building. Names and keywords are copied. Functions that return bool fail on a name that is empty, too long, or holds
 * other characters than letters, digits, '_', '.' and '-', and on a keyword without a word or with too many. */
struct rules *rules_new(void);
void rules_free(struct rules *rules);

/* The category NAME, made if there is none: after the others, or before those that are there if FIRST. RULES_NONE on a
 * bad name. Its target is DETECTED from the text, until it is given a fixed one. */
int rules_category(struct rules *rules, const char *name, bool first);
bool rules_category_default(struct rules *rules, int category, const char *subcategory);
/* "detected", or the target itself. */
bool rules_category_target(struct rules *rules, int category, const char *target);
bool rules_category_word(struct rules *rules, int category, const char *keyword);
/* KEYWORD names SUBCATEGORY; it belongs to the category's words too. */
bool rules_category_tool(struct rules *rules, int category, const char *subcategory, const char *keyword);

/* The target NAME, made after the others if there is none; the first that matches is taken. */
int rules_target(struct rules *rules, const char *name);
bool rules_target_word(struct rules *rules, int target, const char *keyword);
/* One of these must occur as well. */
bool rules_target_with(struct rules *rules, int target, const char *keyword);
/* A part of a template's name that says this target, where the text says none. */
bool rules_target_part(struct rules *rules, int target, const char *part);
bool rules_target_fallback(struct rules *rules, const char *name);

/* KEYWORD in an error message shows SIGNATURE. */
bool rules_error_word(struct rules *rules, const char *signature, const char *keyword);
/* PART of a template's name shows SIGNATURE; NULL: it shows none, and ends the search. The first rule for a part
 * stays. */
bool rules_template_part(struct rules *rules, const char *part, const char *signature);

/* Ends the building: numbers the signatures. False, with the reason in WHY, if there is no fallback target, or if there
 * would be too many signatures. */
bool rules_finish(struct rules *rules, const char **why);

/* Matching. */
enum rules_layer { LAYER_INPUT = 1, LAYER_ERROR = 2, LAYER_TEMPLATE = 3 };

struct rules_match {
    int signature;
    enum rules_layer layer;
    int category_word, tool_word, target_word; /* keywords that decided, RULES_NONE where none did */
    struct span target_part;                   /* of the template's name; s NULL where it did not decide */
};

struct detection {
    int count;
    struct rules_match matches[RULES_PATTERNS_MAX]; /* in the order of the layers, each signature once */
    int keyword_count;
    int keywords[RULES_KEYWORDS_MAX]; /* that occur in the input, in the order of their first occurrence */
};

struct workflow_text {
    struct span input, error, template_name; /* NULL spans: none */
};

/* What the rules see in TEXT. Spans in FOUND borrow from TEXT. */
void rules_detect(const struct rules *rules, const struct workflow_text *text, struct detection *found);

int rules_signature_count(const struct rules *rules);
/* Both borrow from the rules. */
const char *rules_signature(const struct rules *rules, int signature);
const char *rules_keyword(const struct rules *rules, int keyword);
/* The part of a signature before its first colon. */
struct span signature_category(const char *signature);

#endif
