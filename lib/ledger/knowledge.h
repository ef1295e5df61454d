/* knowledge: the rules, prompt rules and prices that figures follow from, as texts. A database carries its own; table
 * rules keeps them. */
#ifndef PL_LEDGER_KNOWLEDGE_H
#define PL_LEDGER_KNOWLEDGE_H

#include "input/pricesfile.h"
#include "input/promptsfile.h"
#include "ledger/db.h"
#include "rules/signature.h"

enum knowledge_part { PART_RULES, PART_PROMPTS, PART_PRICES, KNOWLEDGE_PARTS };

/* Each part as a file of the share directory, and one of the user's own that is laid over it. Zero-initialised is
 * empty. */
struct knowledge {
    struct text base[KNOWLEDGE_PARTS], extra[KNOWLEDGE_PARTS];
};

/* What a user has: the file GIVEN for a part (NULL: none), or else $XDG_CONFIG_HOME/pl/NAME if it is there, laid over
 * the share directory's NAME. False, with ERROR, if one cannot be read or is not valid. The caller frees it. */
bool knowledge_load(const char *const given[KNOWLEDGE_PARTS], struct knowledge *knowledge, struct text *error);
/* The prompt rules alone, of which the other files say nothing. NULL, with ERROR; the caller frees them. */
struct prompt_rules *knowledge_own_prompts(struct text *error);
void knowledge_free(struct knowledge *knowledge);

/* What a part says; NULL, with ERROR, if it is not valid. The caller frees it. */
struct rules *knowledge_rules(const struct knowledge *knowledge, struct text *error);
struct prompt_rules *knowledge_prompts(const struct knowledge *knowledge, struct text *error);
/* Of a database from before there were prices, an empty list. */
struct price_list *knowledge_prices(const struct knowledge *knowledge, struct text *error);

/* What the database keeps under ID; false if there is nothing. The caller frees it. */
bool knowledge_read(struct db *db, int64_t id, struct knowledge *knowledge);
/* The same of one part; the others are left empty. */
bool knowledge_read_part(struct db *db, int64_t id, enum knowledge_part part, struct knowledge *knowledge);
/* Whether what the database keeps under ID is KNOWLEDGE, to the byte. */
bool knowledge_is(struct db *db, int64_t id, const struct knowledge *knowledge);
/* The id of KNOWLEDGE, which is added if it is new. Within a write transaction. */
int64_t knowledge_add(struct db *db, const struct knowledge *knowledge, int64_t now);
/* Gives what a database of version 1 lacks, as long as nothing depends on it. */
void knowledge_complete(struct db *db, int64_t id, const struct knowledge *offered);

#endif
