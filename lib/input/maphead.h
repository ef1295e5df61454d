/* maphead: what a map's first lines say of it. pl-maps(5) describes the form.
 *
 *     # pl: inputs            (the very first line) it reads its values by `inputs`
 *     # pl: about TEXT        what it maps, for a list
 *     # pl: home PATH         where the program that writes these logs keeps them; "~" and "${NAME:-ELSE}" are expanded
 *     # pl: files GLOB...     the names of files in a directory that matter; else *.json, *.jsonl and *.ndjson
 *     # pl: when CONDITION    a jq expression that is true of a value of this format
 *     # pl: lines WORD... -WORD...   a line matters if, for one of these, it holds all words and none after a '-'
 *
 * Each but "inputs" may come several times; several conditions are alternatives.
 */
#ifndef PL_INPUT_MAPHEAD_H
#define PL_INPUT_MAPHEAD_H

#include <stdbool.h>

#include "base/text.h"

struct map_words { /* a list of strings, owned */
    char **items;
    int count;
};

/* Frees the strings, and the list of them. */
void map_words_free(struct map_words *words);

struct map_head {
    bool inputs;
    struct text about, when; /* empty: none */
    struct map_words homes;  /* expanded */
    struct map_words globs;
    struct map_words *lines; /* each with its words; those that must not be there begin with '-' */
    int line_count;
};

/* Reads the comment lines that TEXT begins with. False, with ERROR, if a directive is not known; NAME is for the
 * message. The head is freed by map_head_free all the same. */
bool map_head_parse(struct map_head *head, const char *name, struct span text, struct text *error);
void map_head_free(struct map_head *head);

/* Whether a file of this name (without its folders) matters. */
bool map_head_takes_file(const struct map_head *head, const char *name);
/* Whether LINE can matter. Linear in it; true without a word of lines. */
bool map_head_takes_line(const struct map_head *head, struct span line);

#endif
