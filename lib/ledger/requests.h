/* requests: what was asked of a model, one row a request. Table request. Nothing of a prompt is stored but its hash. */
#ifndef PL_LEDGER_REQUESTS_H
#define PL_LEDGER_REQUESTS_H

#include "input/record.h"
#include "ledger/db.h"
#include "ledger/findings.h"
#include "ledger/names.h"
#include "ledger/selection.h"
#include "ledger/state.h"
#include "rules/prices.h"
#include "rules/prompts.h"

/* What is known of a request that is stored. */
struct request_row {
    int64_t id;
    struct version version;
    int64_t recorded_at, at;
    int64_t session; /* a name's id; 0: none */
    bool hashed;
    uint64_t prompt_hash;
    int64_t complexity, complexity_score; /* UNKNOWN, else an enum prompt_complexity; thousandths */
    int64_t thinking_budget, thinking_tokens;
    int64_t cost;      /* nano-dollars, as given */
    int64_t priced[2]; /* by slot, where it was not given */
    int64_t quality;   /* billionths, as given */
    int64_t rating_count, rating_sum;
    struct text workflow_id, pattern; /* empty: none. Owned: request_row_free */
};

void request_row_free(struct request_row *row);

/* When it was made: what the record says, else when it was recorded. */
int64_t request_time(const struct request_record *record, int64_t recorded_at);
/* The cost in SLOT: as given, else as priced; UNKNOWN. */
int64_t request_cost(const struct request_row *row, int slot);
/* The same as SQL, or NULL, of a ROW of table request, or of workflow, with the slot in a parameter: ("r", "?3"). */
#define COST_IN(row, slot)                                                                                             \
    "coalesce(" row ".cost, CASE " slot " WHEN 0 THEN " row ".priced_0 ELSE " row ".priced_1 END)"
/* Billionths: its own score, else what its ratings give; UNKNOWN. */
int64_t request_quality(const struct request_row *row);

/* Finds it by its request_id, or where it has none by IDENTITY, which may be NULL. ROW's texts are cleared first. */
bool requests_find(struct db *db, struct span request_id, const struct digest *identity, struct request_row *row);
/* The same by its request_id, but of ROW nothing more than what a rating changes, and what follows from that. */
bool requests_find_rated(struct db *db, struct span request_id, struct request_row *row);
/* Stores RECORD as a new row, or in the place of ROW, whose id and recorded_at stay. Of *ROW the prices and ratings are
 * taken; it is then what is stored. Within a write transaction. An insertion gives false, and changes nothing, where
 * there is one with its request_id, or its identity. */
bool requests_insert(struct db *db, struct names *names, const struct request_record *record,
                     const struct request_view *view, const struct digest *identity, int64_t now,
                     struct request_row *row);
void requests_replace(struct db *db, struct names *names, const struct request_record *record,
                      const struct request_view *view, const struct digest *identity, struct request_row *row);
/* Writes ROW's ratings, and what follows from them. */
void requests_rate(struct db *db, const struct request_row *row);
void requests_price(struct db *db, int64_t id, int slot, int64_t price);

/* Counts the request's cost SIGN times: 1 or -1. */
void totals_count_request(struct totals *totals, const struct request_row *row, int slot, int sign);

/* Whether a request is of this workflow. */
bool requests_name(struct db *db, struct span workflow_id);
/* Whether any request names a workflow. */
bool requests_name_any(struct db *db);

/* What a turn of a session needs of a request; the model's name is good until the next step. */
struct session_request {
    int64_t at;
    struct token_counts tokens;
    int64_t cost;     /* as given, else as priced in the slot; UNKNOWN */
    bool given;       /* which of these it is */
    int64_t model_id; /* a name's; 0: none */
    struct span model;
};
/* Those of SESSION (a name's id) from FROM on and before UNTIL, in no order: step with requests_of_session_next. */
struct query *requests_of_session(struct db *db, int64_t session, int64_t from, int64_t until, int slot);
bool requests_of_session_next(struct query *query, struct session_request *request);

/* All that have a prompt, in the order of its hash, and those of one prompt: step with requests_of_prompt_next, which
 * gives of ROW nothing more than what a rating changes, and what follows from that. */
struct query *requests_by_prompt(struct db *db);
struct query *requests_of_prompt(struct db *db, uint64_t prompt_hash);
bool requests_of_prompt_next(struct query *query, struct request_row *row);

/* A stored request as a rebuild and verification need it; texts are good until the next step. */
struct stored_request {
    struct request_row row; /* without its texts */
    struct span request_id, model, workflow_id;
    struct token_counts tokens;
    bool good;
};
/* Those with an id over AFTER, up to LAST, in its order: step with requests_next. */
struct query *requests_between(struct db *db, int64_t after, int64_t last);
bool requests_next(struct query *query, struct stored_request *request);
int64_t requests_last_id(struct db *db);
int64_t requests_count(struct db *db);
/* Compares every request's ratings, and what follows from them, with the feedback. Within a snapshot. */
void requests_check(struct db *db, void *context, on_wrong_row *on_wrong);

/* Whether the row is to count among the good ones that budgets go by. */
bool request_good(const struct request_row *row);

/* -- removing -- */

/* The first row over AFTER, up to LAST, that is selected; 0: there is none. */
int64_t requests_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection);
/* The one in row ID, as requests_find, with its REQUEST_ID and IDENTITY, which are cleared first: empty, it has none.
 */
bool requests_find_row(struct db *db, int64_t id, struct request_row *row, struct text *request_id,
                       struct text *identity);
void requests_delete(struct db *db, int64_t id);

#endif
