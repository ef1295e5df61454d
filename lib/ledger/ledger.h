/* ledger: takes records, each exactly once, and keeps all that follows from them up to date.
 *
 * Records are applied within a transaction; what they add up to is written at its end, and it is durable when
 * ledger_commit returns true. After a failure (ledger_error) nothing of the transaction has happened, and the ledger
 * takes no more.
 */
#ifndef PL_LEDGER_LEDGER_H
#define PL_LEDGER_LEDGER_H

#include "input/record.h"
#include "ledger/db.h"
#include "ledger/findings.h"
#include "ledger/knowledge.h"
#include "ledger/requests.h"
#include "ledger/state.h"
#include "ledger/workflows.h"
#include "rules/signature.h"

struct ledger_options {
    bool drop_text;     /* do not keep nl_input and error_message */
    bool list_patterns; /* results name the patterns of duplicates too */
};

/* DB is taken over, and closed with the ledger. OFFERED is the knowledge that a new database takes, NULL if there is
 * none; one that has its own keeps it: see ledger_rules_differ. Always returns a ledger, which may have failed. */
struct ledger *ledger_new(struct db *db, const struct knowledge *offered, const struct ledger_options *options);
void ledger_free(struct ledger *ledger);
/* NULL, or what went wrong; good until the ledger is freed. */
const char *ledger_error(const struct ledger *ledger);
struct db *ledger_db(struct ledger *ledger);
/* Whether texts are learned from and not kept. */
bool ledger_drops_text(const struct ledger *ledger);
/* Whether the database goes by other rules or prices than those offered. */
bool ledger_rules_differ(const struct ledger *ledger);

enum outcome { OUTCOME_NEW, OUTCOME_UPDATED, OUTCOME_DUPLICATE, OUTCOME_REMOVED, OUTCOME_SPOOLED };
/* "new", ... */
const char *outcome_name(enum outcome outcome);

struct result_pattern {
    int64_t id;
    const char *signature; /* the ledger's, good until the next record is applied */
    bool made;             /* by this record */
};

struct result {
    enum outcome outcome;
    int pattern_count;
    int added_count; /* of those, that the workflow did not show before */
    int made_count;  /* of those, that no workflow ever showed before */
    struct result_pattern patterns[RULES_PATTERNS_MAX];
    bool pattern_unknown; /* a review of a pattern that was never met */
    struct span pattern;  /* of a request; s NULL: not known. Good until the next record is applied */
    int64_t complexity;   /* of a request: UNKNOWN, else an enum prompt_complexity */
    int64_t id;           /* of a rating: its row's */
};

void ledger_begin(struct ledger *ledger);
/* IDENTITY: of a record that brings no id of its own; NULL: nothing tells it from others. FINDINGS: of a workflow or a
 * request, by the rules of ledger_copy_rules; NULL: the ledger finds them. */
void ledger_apply(struct ledger *ledger, const struct record *record, const struct digest *identity,
                  const struct findings *findings, struct result *result);
/* The rules that the database goes by, parsed anew, and their id. The caller frees them; NULL if they cannot be read.
 */
int64_t ledger_copy_rules(struct ledger *ledger, struct rules **rules, struct prompt_rules **prompts);
/* Their id alone. */
int64_t ledger_rules_id(const struct ledger *ledger);
/* How long, about, the commit will take for what is then to be written, in milliseconds. */
int64_t ledger_commit_ms(const struct ledger *ledger);
/* False if it failed; then nothing of the transaction has happened. */
bool ledger_commit(struct ledger *ledger);

/* -- for the rebuild and for verification -- */

const struct state *ledger_state(const struct ledger *ledger);
/* What a derivation goes by. */
struct derivation {
    struct rules *rules;
    struct price_list *prices;
};
/* Derives what a stored workflow shows and costs, and puts it into SLOT, whose changes it adds to. */
void ledger_derive(struct ledger *ledger, const struct derivation *by, int slot,
                   const struct stored_workflow *workflow);
/* The same of a request: what it costs. */
void ledger_derive_request(struct ledger *ledger, const struct derivation *by, int slot,
                           const struct stored_request *request);
/* Each makes what one row keeps of other records what they say. */
void ledger_mend_workflow(struct ledger *ledger, int64_t id);
void ledger_mend_places(struct ledger *ledger, int64_t id);
void ledger_mend_turn(struct ledger *ledger, int64_t id);
void ledger_mend_request(struct ledger *ledger, int64_t id);
void ledger_mend_budget(struct ledger *ledger, int64_t prompt_hash);
/* Writes what a slot's changes add up to. SHOW as patterns_flush. */
void ledger_flush(struct ledger *ledger, int slot, bool show);
/* Commits without flushing, with STATE as the new state. */
bool ledger_commit_state(struct ledger *ledger, const struct state *state);
struct patterns *ledger_patterns(struct ledger *ledger);

#endif
