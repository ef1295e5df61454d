/* findings: what follows from a workflow's text and the rules alone. It needs no database, so that it can be found
 * before a record is applied, by another thread.
 */
#ifndef PL_LEDGER_FINDINGS_H
#define PL_LEDGER_FINDINGS_H

#include "base/alloc.h"
#include "base/text.h"
#include "rules/characteristics.h"
#include "rules/signature.h"

/* Whatever the rules; of a turn without its errors, which the views add. */
struct workflow_traits {
    int64_t input_length; /* characters; UNKNOWN without a text */
    enum complexity complexity;
    struct span files; /* those mentioned, a JSON array; s NULL: none */
};

struct findings {
    int64_t rules_id; /* of the rules they were found by */
    int count;
    const int *signatures; /* the rules' numbers, in the order of the layers */
    struct span keywords;  /* a JSON array; s NULL without a signature */
    struct workflow_traits traits;
};

/* FILES, which is cleared first, gets the text that TRAITS borrows. */
void traits_of(struct span nl_input, int64_t errors, struct text *files, struct workflow_traits *traits);

/* What RULES, whose id is RULES_ID, find in TEXT; LEARNED false: nothing but the traits. ERRORS is a count, or UNKNOWN.
 * FINDINGS borrow from ARENA; SCRATCH is overwritten. */
void findings_of(const struct rules *rules, int64_t rules_id, bool learned, const struct workflow_text *text,
                 int64_t errors, struct arena *arena, struct text *scratch, struct findings *findings);

/* The keywords FOUND, as the JSON array that workflows keep. JSON is cleared first. */
void keywords_json(const struct rules *rules, const struct detection *found, struct text *json);

#endif
