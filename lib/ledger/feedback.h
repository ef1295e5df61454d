/* feedback: people's ratings of answers, one row a rating. Table feedback. What a rating is about (pattern, provider,
 * model, complexity) is looked up in its request, so that a rating may come first. */
#ifndef PL_LEDGER_FEEDBACK_H
#define PL_LEDGER_FEEDBACK_H

#include "input/record.h"
#include "ledger/db.h"
#include "ledger/names.h"
#include "ledger/selection.h"

/* Whose answer a rating is about, as SQL columns "provider" and "model", of a row f of feedback and the row r of its
 * request. The request's own come before what a rating repeats of them; but where nobody knows who its model is of, as
 * it has none, the rating's does. */
#define RATED_MODEL                                                                                                    \
    "coalesce(CASE WHEN r.model IS NULL AND r.provider = (SELECT id FROM name WHERE text = 'unknown') "                \
    "THEN f.provider END, r.provider, f.provider) AS provider, coalesce(r.model, f.model) AS model"

enum feedback_outcome { FEEDBACK_NEW, FEEDBACK_UPDATED, FEEDBACK_DUPLICATE };

/* A rating as it was stored before. */
struct stored_feedback {
    int64_t id;
    struct text request_id; /* owned */
    int64_t quality_score;
};

/* Stores RECORD under IDENTITY, NULL if nothing identifies it. *ID is its row's. If it takes the place of an older
 * version, OLD says what that was. Within a write transaction. */
enum feedback_outcome feedback_add(struct db *db, struct names *names, const struct record *record,
                                   const struct digest *identity, int64_t now, int64_t *id,
                                   struct stored_feedback *old);

/* The ratings of a request, added up. */
void feedback_of(struct db *db, struct span request_id, int64_t *count, int64_t *sum);
int64_t feedback_count(struct db *db);

/* -- removing -- */

/* The first row over AFTER, up to LAST, that is selected; 0: there is none. */
int64_t feedback_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection);
/* A rating about REQUEST_ID; 0: there is none. */
int64_t feedback_about(struct db *db, struct span request_id);
/* Removes the rating in row ID; OLD, whose text is cleared first, says what it was. False if it is not there. IDENTITY,
 * which is cleared first, gets its own, if it has one; *DATED: whether it has a time. */
bool feedback_remove(struct db *db, int64_t id, struct stored_feedback *old, struct text *identity, bool *dated);

#endif
