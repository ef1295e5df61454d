/* versions: the schema's steps forward, as SQL. pl-schema(5) describes what they make. */
#ifndef PL_LEDGER_VERSIONS_H
#define PL_LEDGER_VERSIONS_H

#include "ledger/schema.h"

enum { SCHEMA_VERSION = 7 };

extern const struct migration schema_versions[SCHEMA_VERSION];

#endif
