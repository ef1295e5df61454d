/* workflows: what happened, one row a workflow. Table workflow. */
#ifndef PL_LEDGER_WORKFLOWS_H
#define PL_LEDGER_WORKFLOWS_H

#include "input/record.h"
#include "ledger/db.h"
#include "ledger/findings.h"
#include "ledger/names.h"
#include "ledger/selection.h"
#include "ledger/state.h"
#include "rules/characteristics.h"
#include "rules/figures.h"

/* What is known of a workflow that is stored. */
struct workflow_row {
    int64_t id;
    struct version version;
    int64_t recorded_at, created_at;
    struct share share; /* its cost as given */
    /* what was derived, by slot */
    int64_t priced[2];      /* nano-dollars, where the cost was not given; UNKNOWN */
    int64_t pattern_set[2]; /* the patterns that it shows, a set's id; 0: none */
    int64_t keywords[2];    /* those they were found by, a name's id of a JSON array; 0: none */
    bool named;             /* a request names it as its workflow, or is of its turn: costs are counted there */
    bool turn;              /* its share is what its session's requests and steps say */
};

static inline bool workflow_learned(const struct workflow_row *row) {
    return row->version.ended;
}

/* What it adds to its patterns in SLOT: with its cost as given, else as priced there. */
struct share workflow_share(const struct workflow_row *row, int slot);
/* When it began: what the record says, else the best that is known. */
int64_t workflow_time(const struct workflow_record *record, int64_t recorded_at);
struct token_counts workflow_tokens(const struct workflow_record *record);

bool workflows_find(struct db *db, struct span workflow_id, struct workflow_row *row);
/* Stores RECORD as a new row, or in the place of ROW whose id and recorded_at stay; *ROW, of which what
 * was derived and "named" are taken, is then what is stored. KEEP_TEXT false leaves its two texts out. Within a write
 * transaction. An insertion gives false, and changes nothing, where there is one with its workflow_id. */
bool workflows_insert(struct db *db, struct names *names, const struct workflow_record *record,
                      const struct workflow_traits *traits, bool keep_text, int64_t now, struct workflow_row *row);
void workflows_replace(struct db *db, struct names *names, const struct workflow_record *record,
                       const struct workflow_traits *traits, bool keep_text, struct workflow_row *row);

/* Counts the workflow in ROW, and whether it shows a pattern, SIGN times: 1 or -1. */
void totals_count(struct totals *totals, const struct workflow_row *row, int slot, bool matched, int sign);
/* Its cost alone. */
void totals_count_cost(struct totals *totals, const struct workflow_row *row, int slot, int sign);

/* Writes ROW's share, price in SLOT and "named", and what else a turn has gathered; MODEL is a name's id, 0: none. */
void workflows_settle(struct db *db, const struct workflow_row *row, int slot, const struct token_counts *tokens,
                      int64_t model);
/* Writes what ROW says was derived in SLOT. */
void workflows_derive(struct db *db, const struct workflow_row *row, int slot);
/* Removes what up to ROWS workflows show in a slot; false when none shows anything there any more. */
bool workflows_clear(struct db *db, int slot, int64_t rows);
void workflows_name(struct db *db, int64_t id, bool named);
/* Compares every workflow's "named" with the requests. Within a snapshot. */
void workflows_check_named(struct db *db, void *context, on_wrong_row *on_wrong);

/* A stored workflow with its texts, which are good until the next step. */
struct stored_workflow {
    struct workflow_row row;
    struct span workflow_id, nl_input, error_message, template_name, account;
    bool text_kept;
    int64_t input_length; /* and what else was derived from the text */
    enum complexity complexity;
    struct span files;
    struct span model; /* and what a price follows from */
    struct token_counts tokens;
    int64_t model_id; /* a name's; 0: none */
};

/* The workflows with an id over AFTER, up to LAST, in its order: step with workflows_next. */
struct query *workflows_between(struct db *db, int64_t after, int64_t last);
bool workflows_next(struct query *query, struct stored_workflow *workflow);
/* Which workflows a report is about. */
struct filter {
    int64_t since, until; /* created_at in [since, until), microseconds since 1970; NO_TIME: no bound */
    const char *account;  /* NULL: any */
};

static inline bool filter_any(const struct filter *filter) {
    return filter->since != NO_TIME || filter->until != NO_TIME || filter->account != NULL;
}

/* Learned workflows that show no pattern in SLOT, by their masked text, the most frequent first, at most LIMIT
 * (negative: all): step with db_row; columns: the masked text, how many, their known costs in nano-dollars (NULL: none
 * is known), the time of the last one in microseconds, its text. */
struct query *workflows_unmatched(struct db *db, int slot, const struct filter *filter, int64_t limit);

/* The latest workflows that show PATTERN in SLOT, of which the first and the last were created at those times, at most
 * LIMIT (negative: all): step with db_row; columns: workflow_id, status (a
 * number), created_at and duration in micro- and milliseconds, tokens, cost in nano-dollars, account, nl_input. */
struct query *workflows_showing(struct db *db, int slot, int64_t pattern, int64_t first_at, int64_t last_at,
                                const struct filter *filter, int64_t limit);

/* What a workflow shows in SLOT, and when it was created. False if it is not there. */
bool workflows_shown(struct db *db, int64_t id, int slot, int64_t *pattern_set, int64_t *created_at);
/* When the first, and the last, workflow that shows PATTERN was created; NO_TIME if none does. */
int64_t workflows_first_at(struct db *db, int slot, int64_t pattern);
int64_t workflows_last_at(struct db *db, int slot, int64_t pattern);
/* Whether the workflow in row ID has an id of its own that comes after WORKFLOW_ID. */
bool workflows_id_after(struct db *db, int64_t id, struct span workflow_id);
/* Of those that show PATTERN and were created at AT, the first by its workflow_id; 0: none. */
int64_t workflows_showing_at(struct db *db, int slot, int64_t pattern, int64_t at);

/* Whether the traits stored with WORKFLOW are TRAITS. */
bool workflow_traits_hold(const struct stored_workflow *workflow, const struct workflow_traits *traits);
/* Stores them if they are not. */
void workflows_mend_traits(struct db *db, const struct stored_workflow *workflow, const struct workflow_traits *traits);

int64_t workflows_last_id(struct db *db);

/* -- removing -- */

/* The first row over AFTER, up to LAST, that is selected; 0: there is none. */
int64_t workflows_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection);
void workflows_delete(struct db *db, int64_t id);

#endif
