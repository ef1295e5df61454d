/* files: which files an operand names. */
#ifndef PL_INPUT_FILES_H
#define PL_INPUT_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "input/map.h"

struct file_list {
    char **paths;
    size_t count;
    uint64_t bytes; /* of all of them together */
};

/* Adds OPERAND itself, or, if it is a directory, every *.json, *.jsonl and *.ndjson file below it, or every one whose
 * name MAP takes, sorted by path. MAP may be NULL. False, with ERROR, if it is not there, or a directory below it
 * cannot be read (the rest is added all the same). */
bool files_add(struct file_list *list, const char *operand, const struct map *map, struct text *error);
void files_free(struct file_list *list);

#endif
