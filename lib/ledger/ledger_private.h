/* ledger_private: what the parts of the ledger share: its transactions (ledger.c), what follows from a record
 * (derive.c), records applied (apply.c) and removed (remove.c). Nobody else includes it.
 */
#ifndef PL_LEDGER_LEDGER_PRIVATE_H
#define PL_LEDGER_LEDGER_PRIVATE_H

#include "ledger/budgets.h"
#include "ledger/cache.h"
#include "ledger/features.h"
#include "ledger/feedback.h"
#include "ledger/ledger.h"
#include "ledger/names.h"
#include "ledger/patterns.h"
#include "ledger/sets.h"
#include "ledger/turns.h"

struct ledger {
    struct db *db;
    struct ledger_options options;
    struct names *names;
    struct sets *sets;
    struct patterns *patterns;
    struct state state;
    int64_t rules_id;    /* of the knowledge that the next three are parts of */
    struct rules *rules; /* each NULL: not needed yet */
    struct prompt_rules *prompts;
    struct price_list *prices;
    bool rules_differ;
    int64_t *pattern_ids; /* by the rules' numbers of signatures; 0: not asked for yet */
    struct budgets *budgets;
    struct cache *cache;
    struct feature_rows *features;
    struct turns *turns;
    struct totals change[SLOT_COUNTS + 1]; /* by slot */
    struct arena findings;                 /* of the record at hand */
    struct text signatures;                /* of an older version's patterns, NUL after NUL */
    struct text scratch;
    struct request_row request; /* its texts are used again */
    struct stored_feedback feedback;
    int64_t removals;         /* of which it knows: see struct state */
    int64_t began_at;         /* the transaction */
    int64_t now;              /* the time of recording of the record at hand */
    bool keeps_text;          /* of that */
    bool expects_new;         /* the last workflow was */
    bool expects_new_request; /* the last request was */
    int named;                /* whether a request names a workflow: 1, 0; -1: not asked in this transaction */
};

/* The knowledge that the database goes by, read and parsed when it is first asked for. NULL: the ledger has failed. */
const struct rules *ledger_rules(struct ledger *ledger);
const struct prompt_rules *ledger_prompts(struct ledger *ledger);
/* What TOKENS of MODEL cost AT a time: nano-dollars; UNKNOWN. */
int64_t ledger_price(struct ledger *ledger, struct span model, const struct token_counts *tokens, int64_t at);

/* Takes what ROW showed out of SLOT. Returns its patterns, as sets_get. */
const struct pattern_set *ledger_take(struct ledger *ledger, int slot, const struct workflow_row *row);
/* Writes what was found by RULES into ROW, which is yet to be stored, for SLOT. RESULT, which may be NULL, gets the
 * patterns. */
void ledger_show(struct ledger *ledger, const struct rules *rules, int slot, const struct findings *findings,
                 struct workflow_row *row, struct result *result);
/* Counts what ROW, which is stored, shows in SLOT. */
void ledger_put(struct ledger *ledger, int slot, const struct workflow_row *row, struct span workflow_id);
/* While a rebuild goes on, it must look at every workflow that changes; what it had made of OLD, which is NULL for a
 * new one, is taken back. */
void ledger_tell_rebuild(struct ledger *ledger, const struct workflow_row *old, int64_t id);
/* Makes all turns that are marked what their requests and steps say. */
void ledger_settle_turns(struct ledger *ledger);

/* A workflow that a request names leaves its costs to it; one that none names any more has its own again. */
void ledger_name_workflow(struct ledger *ledger, struct span workflow_id, bool named);
/* Adds COUNT ratings of this SUM to a request, if it is there. */
void ledger_rate_request(struct ledger *ledger, struct span request_id, int64_t count, int64_t sum);

#endif
