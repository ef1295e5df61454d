/* maps: the option -m of every tool that reads records. */
#ifndef PL_REPORT_MAPS_H
#define PL_REPORT_MAPS_H

#include "input/map.h"
#include "report/table.h"

/* The map that -m NAME means, opened; the caller frees it. NULL for a NAME that is NULL: no map. Ends the program after
 * a message if there is no such map, and after printing the list of those that are shipped for the name "list". */
struct map *map_of_option(const char *name, enum table_format format);
/* The same, compiled. */
struct map *map_ready_of_option(const char *name, enum table_format format);

#endif
