/* alone: records by themselves, in a private temporary ledger, for reports that touch no database of the user's. */
#ifndef PL_LEDGER_ALONE_H
#define PL_LEDGER_ALONE_H

#include "input/map.h"
#include "ledger/ledger.h"

/* A ledger of the records in FILES, a list that ends with NULL ("-" is standard input), or of those that MAP, which may
 * be NULL, makes of them, by the knowledge in the files
 * GIVEN, as knowledge_load takes it. What is rejected is told on stderr; *REJECTED says how many that was. Ends the
 * program, after a message, if it cannot be made or a file cannot be read. The caller frees it. */
struct ledger *ledger_alone(char **files, struct map *map, const char *const given[KNOWLEDGE_PARTS], int64_t *rejected);

#endif
