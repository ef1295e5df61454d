/* findings: what follows from a record's texts and the rules alone. It needs no database, so that it can be found
 * before the record is applied, by another thread.
 */
#ifndef PL_LEDGER_FINDINGS_H
#define PL_LEDGER_FINDINGS_H

#include "base/alloc.h"
#include "base/text.h"
#include "input/record.h"
#include "rules/characteristics.h"
#include "rules/prompts.h"
#include "rules/signature.h"

/* Whatever the rules; of a turn without its errors, which the views add. */
struct workflow_traits {
    int64_t input_length; /* characters; UNKNOWN without a text */
    enum complexity complexity;
    struct span files; /* those mentioned, a JSON array; s NULL: none */
};

/* What the prompt rules, or the record itself, say of a request. */
struct request_view {
    struct span pattern; /* s NULL: not known */
    int64_t complexity, complexity_score;
    struct span provider; /* as it is spelt; else by the model's name */
};

struct findings {
    int64_t rules_id; /* of the rules they were found by */
    /* of a request */
    struct request_view view;
    struct span features; /* of its prompt, encoded; s NULL without one */
    /* of a workflow */
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

/* The same of a workflow. */
void findings_of_workflow(const struct rules *rules, int64_t rules_id, const struct workflow_record *record,
                          struct arena *arena, struct text *scratch, struct findings *findings);

/* RULES may be NULL for a request without a prompt. The view borrows from both. */
void view_of(const struct prompt_rules *rules, const struct request_record *record, struct request_view *view);
/* The same, and the features of its prompt. FINDINGS borrow from ARENA, and from RECORD. */
void findings_of_request(const struct prompt_rules *rules, int64_t rules_id, const struct request_record *record,
                         struct arena *arena, struct findings *findings);

/* The keywords FOUND, as the JSON array that workflows keep. JSON is cleared first. */
void keywords_json(const struct rules *rules, const struct detection *found, struct text *json);

#endif
