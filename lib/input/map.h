/* map: other programs' logs to records, by jq programs. pl-maps(5) describes their form.
 *
 * A map is a file of its own, or one of those in the share directory, by its name. The map "auto" is all of the latter
 * together: of each value it finds the one that it is for.
 */
#ifndef PL_INPUT_MAP_H
#define PL_INPUT_MAP_H

#include <stdbool.h>

#include "base/text.h"
#include "input/maphead.h"

struct map;

/* NAME is a shipped map's, "auto", or a file's, which holds a '/' or ends in ".jq". NULL, with ERROR, if it cannot be
 * read. Nothing is compiled yet. */
struct map *map_open(const char *name, struct text *error);
void map_free(struct map *map);
/* Compiles what is sure to be needed, if that was not done. False, with ERROR, if it does not compile. */
bool map_prepare(struct map *map, struct text *error);

/* Its name, and what tells it from other texts of that name: for remembering how a file was read. */
const char *map_reading(const struct map *map);
/* Whether it must read a file from its beginning, since what it makes of a value depends on those before. */
bool map_looks_back(const struct map *map);
/* Where its logs are; of those that are there, each place once. The caller frees each string, and the list's items. */
struct map_words map_homes(const struct map *map);
/* The places that map_homes looks at, with ", " between them, for a message; appended. */
void map_home_names(const struct map *map, struct text *names);
/* Whether the file at PATH, found in a directory, is of the map: by its name, and of "auto" by the map whose home it is
 * in, else by any. */
bool map_takes_file(const struct map *map, const char *path);
/* Whether there are lines of input that cannot matter to it. */
bool map_skips_lines(const struct map *map);
/* Whether a line of input can matter to MAP, a struct map. */
bool map_takes_line(const void *map, struct span line);

/* What a map reads and writes. Spans are good during the call, a value until the next one is asked for. */
struct map_ends {
    void *context;
    bool (*next)(void *context, struct span *value);   /* false: there is none left */
    void (*record)(void *context, struct span record); /* a result: JSON text */
    void (*fail)(void *context, const char *reason);   /* the value last given is lost */
};
/* Reads the input that is called FILE, to its end. All records of a value that a map fails on are held back. Prepared
 * first. */
void map_run(struct map *map, const char *file, const struct map_ends *ends);

/* Calls TELL for every shipped map, in order of their names. False, with ERROR, if they cannot be listed. */
bool map_list(void (*tell)(void *context, const char *name, const struct map_head *head), void *context,
              struct text *error);

#endif
