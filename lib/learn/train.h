/* train: makes predictors of the verdicts in a window.
 *
 * In two steps: what is read is read in a snapshot; the training itself, which takes seconds, needs no database.
 */
#ifndef PL_LEARN_TRAIN_H
#define PL_LEARN_TRAIN_H

#include "learn/samples.h"
#include "ledger/predictors.h"

/* What a training needs. Zero-initialised is nothing. */
struct material {
    struct samples samples;
    struct sample recent[RECENT_REQUESTS]; /* of which only hash and features are set */
    size_t recent_count;
};

/* Reads the verdicts and requests between SINCE and UNTIL; costs are those of SLOT. Within a snapshot. */
void material_collect(struct db *db, int slot, int64_t since, int64_t until, struct material *material);
void material_free(struct material *material);

/* Trains. PREDICTORS, which the caller frees, has all models of the samples, each of which has verdicts enough. */
void train(const struct material *material, struct predictors *predictors);

#endif
