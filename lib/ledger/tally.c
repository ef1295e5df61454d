#include "ledger/tally.h"

#include <stdlib.h>

#include "base/alloc.h"

void tally_free(struct tally *tally) {
    for (int i = 0; i < tally->count; i++) {
        free(tally->patterns[i].signature);
        free(tally->patterns[i].first_id);
    }
    free(tally->patterns);
    *tally = (struct tally){0};
}

struct tally_pattern *tally_pattern(struct tally *tally, const char *signature) {
    for (int i = 0; i < tally->count; i++)
        if (strcmp(tally->patterns[i].signature, signature) == 0)
            return &tally->patterns[i];
    tally->patterns = xreallocarray(tally->patterns, (size_t)tally->count + 1, sizeof *tally->patterns);
    struct tally_pattern *pattern = &tally->patterns[tally->count++];
    *pattern = (struct tally_pattern){xstrdup(signature), {.first_at = NO_TIME, .last_at = NO_TIME}, NULL};
    return pattern;
}

static void add(struct tally_pattern *pattern, const struct workflow_row *row, int slot, struct span workflow_id) {
    struct pattern_sum *sum = &pattern->sum;
    int64_t at = row->created_at;
    struct share share = workflow_share(row, slot);
    sums_add(&sum->sums, &share, 1);
    bool first = sum->first_at == NO_TIME || at < sum->first_at;
    if (first || (at == sum->first_at && span_compare(workflow_id, span_of(pattern->first_id)) < 0)) {
        free(pattern->first_id);
        pattern->first_id = xmemdup(workflow_id.s, workflow_id.n);
        sum->first_at = at;
        sum->first_workflow = row->id;
    }
    if (sum->last_at == NO_TIME || at > sum->last_at)
        sum->last_at = at;
}

void tally_add(struct tally *tally, const char *signature, const struct workflow_row *row, int slot,
               struct span workflow_id) {
    add(tally_pattern(tally, signature), row, slot, workflow_id);
}

/* That of a stored pattern. */
static struct tally_pattern *tally_stored(struct tally *tally, struct db *db, int64_t id) {
    for (int i = 0; i < tally->count; i++)
        if (tally->patterns[i].sum.pattern == id)
            return &tally->patterns[i];
    struct text signature = {0};
    patterns_signature(db, id, &signature);
    struct tally_pattern *pattern = tally_pattern(tally, signature.n > 0 ? signature.s : "");
    pattern->sum.pattern = id;
    text_free(&signature);
    return pattern;
}

static bool passes(const struct filter *filter, const struct stored_workflow *w) {
    return (filter->since == NO_TIME || w->row.created_at >= filter->since) &&
           (filter->until == NO_TIME || w->row.created_at < filter->until) &&
           (filter->account == NULL || span_is(w->account, filter->account));
}

void tally_filtered(struct db *db, const struct filter *filter, struct tally *tally) {
    struct stored_workflow w;
    struct state state = state_read(db);
    struct sets *sets = sets_new(db);
    struct query *query = workflows_between(db, 0, INT64_MAX);
    while (workflows_next(query, &w)) {
        if (!passes(filter, &w))
            continue;
        const struct pattern_set *set = sets_get(sets, w.row.pattern_set[state.slot]);
        for (int i = 0; i < set->count; i++)
            add(tally_stored(tally, db, set->patterns[i]), &w.row, state.slot, w.workflow_id);
        totals_count(&tally->totals, &w.row, state.slot, set->count > 0, 1);
    }
    sets_free(sets);
}
