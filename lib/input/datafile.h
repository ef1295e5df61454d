/* datafile: what the readers of rules, prompts and prices share: walking a JSON document that people wrote, and saying
 * in words what is wrong with it.
 *
 * The first refusal stays; whatever is refused after it is not kept. Nodes, keys and strings borrow from the document,
 * and so are good only while data_document runs.
 */
#ifndef PL_INPUT_DATAFILE_H
#define PL_INPUT_DATAFILE_H

#include <stdbool.h>

#include "base/text.h"
#include "input/json.h"

struct datafile {
    const struct json *json; /* while data_document runs */
    struct text *error;      /* the caller's, empty at first */
};

/* Sets the error, if there is none yet. Always false, so that it ends the function that calls it. */
__attribute__((format(printf, 2, 3))) bool data_refuse(struct datafile *file, const char *format, ...);

/* Parses TEXT, which must be one object, and calls PARSE with TO. Whether all of it was good: then nothing was refused.
 */
bool data_document(struct datafile *file, struct span text, bool (*parse)(struct datafile *file, void *to), void *to);

/* The whole document. */
const struct json_node *data_root(const struct datafile *file);

/* The next element or member of NODE after AT, which begins as NODE itself; NULL after the last. */
const struct json_node *data_next(const struct datafile *file, const struct json_node *node,
                                  const struct json_node *at);

/* The member KEY of NODE; NULL if it is absent, null or NODE is no object. */
const struct json_node *data_member(const struct datafile *file, const struct json_node *node, const char *key);

/* A string member as a C string. NULL if it is absent, null or, which is refused, of another type. */
const char *data_string(struct datafile *file, const struct json_node *node, const char *key);

/* Whether NODE is an object with no other members than NAMES, which ends with NULL: a misspelt one would be lost. WHERE
 * names it in the refusal. */
bool data_only_members(struct datafile *file, const struct json_node *node, const char *where,
                       const char *const *names);

/* Calls ADD with TO for every string of the array WORDS; NULL or null: there is none. A word for which ADD returns
 * false is refused by name. */
bool data_each_word(struct datafile *file, const struct json_node *words, const char *where,
                    bool (*add)(void *to, const char *word), void *to);

/* Calls PARSE with TO for every element of the root's array member KEY, which may be absent. */
bool data_each(struct datafile *file, const char *key,
               bool (*parse)(struct datafile *file, const struct json_node *node, void *to), void *to);

/* Reads all of a file of at most 4 MiB into TEXT. False, with ERROR set, if it cannot. */
bool data_read_file(const char *path, struct text *text, struct text *error);

#endif
