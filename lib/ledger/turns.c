#include "ledger/turns.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "ledger/requests.h"
#include "ledger/steps.h"

struct turns {
    struct db *db;
    int64_t *marked; /* with repetitions */
    size_t count, capacity;
    bool sorted;
};

struct turns *turns_new(struct db *db) {
    struct turns *turns = xcalloc(1, sizeof *turns);
    turns->db = db;
    return turns;
}

void turns_free(struct turns *turns) {
    if (turns == NULL)
        return;
    free(turns->marked);
    free(turns);
}

/* -- marks ------------------------------------------------------------------------------------------------------ */

void turns_mark(struct turns *turns, int64_t workflow) {
    if (turns->count > 0 && turns->marked[turns->count - 1] == workflow)
        return;
    if (turns->count == turns->capacity) {
        turns->capacity = turns->capacity > 0 ? 2 * turns->capacity : 256;
        turns->marked = xreallocarray(turns->marked, turns->capacity, sizeof *turns->marked);
    }
    turns->marked[turns->count++] = workflow;
    turns->sorted = false;
}

static int by_id(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t turns_next(struct turns *turns) {
    if (turns->count == 0)
        return 0;
    if (!turns->sorted)
        qsort(turns->marked, turns->count, sizeof *turns->marked, by_id);
    turns->sorted = true;
    int64_t workflow = turns->marked[turns->count - 1];
    while (turns->count > 0 && turns->marked[turns->count - 1] == workflow)
        turns->count--;
    return workflow;
}

size_t turns_marked(const struct turns *turns) {
    return turns->count;
}

void turns_forget(struct turns *turns) {
    turns->count = 0;
}

/* -- places ----------------------------------------------------------------------------------------------------- */

/* Of several turns at one time the last by its workflow's id has what follows. Marks it, and, where it may be new
 * there, the one that was the last before it. */
static void mark_last(struct turns *turns, int64_t session, int64_t at, int count) {
    struct query *query = db_query(turns->db, "SELECT t.workflow FROM turn t JOIN workflow w ON w.id = t.workflow "
                                              "WHERE t.session = ?1 AND t.at = "
                                              "(SELECT max(at) FROM turn WHERE session = ?1 AND at <= ?2) "
                                              "ORDER BY w.workflow_id DESC LIMIT ?3");
    db_bind_integer(query, 1, session);
    db_bind_integer(query, 2, at);
    db_bind_integer(query, 3, count);
    while (db_row(query))
        turns_mark(turns, db_integer(query, 0));
}

void turns_touch(struct turns *turns, int64_t session, int64_t at) {
    if (session != 0 && at != NO_TIME)
        mark_last(turns, session, at, 1);
}

/* A turn comes to SESSION at this time, or goes: so others there may have more, or less, than they had. */
static void mark_around(struct turns *turns, int64_t session, int64_t at) {
    mark_last(turns, session, at, 2);
    mark_last(turns, session, at - 1, 1); /* the one before ends here, or does no more */
}

void turns_see(struct turns *turns, int64_t workflow, int64_t session, int64_t at) {
    struct query *query = db_query(turns->db, "INSERT INTO turn(workflow, session, at) VALUES(?1, ?2, ?3) "
                                              "ON CONFLICT DO NOTHING");
    db_bind_integer(query, 1, workflow);
    db_bind_integer(query, 2, session);
    db_bind_optional(query, 3, at, NO_TIME);
    db_run(query);
    if (db_changes(turns->db) == 0 || at == NO_TIME)
        return;
    turns_mark(turns, workflow);
    mark_around(turns, session, at);
}

static void mark_neighbours(struct turns *turns, int64_t workflow) {
    struct query *query = db_query(turns->db, "SELECT session, at FROM turn WHERE workflow = ?1 AND at IS NOT NULL");
    db_bind_integer(query, 1, workflow);
    while (db_row(query))
        mark_around(turns, db_integer(query, 0), db_integer(query, 1));
}

void turns_place(struct turns *turns, int64_t workflow, int64_t at) {
    mark_neighbours(turns, workflow);
    struct query *query = db_query(turns->db, "UPDATE turn SET at = ?2 WHERE workflow = ?1 AND at IS NOT ?2");
    db_bind_integer(query, 1, workflow);
    db_bind_optional(query, 2, at, NO_TIME);
    db_run(query);
    if (db_changes(turns->db) > 0)
        mark_neighbours(turns, workflow);
    turns_mark(turns, workflow);
}

void turns_leave(struct turns *turns, int64_t workflow) {
    turns_place(turns, workflow, NO_TIME);
    db_run_of(turns->db, "DELETE FROM turn WHERE workflow = ?1", workflow);
}

void turns_leave_session(struct turns *turns, int64_t session) {
    struct query *query = db_query(turns->db, "DELETE FROM turn WHERE session = ?1 RETURNING workflow");
    db_bind_integer(query, 1, session);
    while (db_row(query))
        turns_mark(turns, db_integer(query, 0));
}

/* -- gathering -------------------------------------------------------------------------------------------------- */

/* A sum whose parts must all be known. */
static void add(int64_t *sum, int64_t part) {
    if (*sum == UNKNOWN || part == UNKNOWN || __builtin_add_overflow(*sum, part, sum))
        *sum = UNKNOWN;
}

static int64_t known(int64_t amount) {
    return amount != UNKNOWN ? amount : 0;
}

/* What one model has written, so as to find the one that wrote most. */
struct written {
    int64_t model, tokens;
    char *name;
};

struct gathering {
    struct gathered sum;
    int64_t last_at;
    struct written *models;
    size_t model_count;
};

static void count_model(struct gathering *g, int64_t model, struct span name, int64_t tokens) {
    size_t i = 0;
    while (i < g->model_count && g->models[i].model != model)
        i++;
    if (i == g->model_count) {
        g->models = xreallocarray(g->models, g->model_count + 1, sizeof *g->models);
        g->models[g->model_count++] = (struct written){model, 0, xmemdup(name.s, name.n)};
    }
    g->models[i].tokens += tokens;
}

static int64_t model_of(struct gathering *g) {
    const struct written *most = NULL;
    for (size_t i = 0; i < g->model_count; i++) {
        const struct written *w = &g->models[i];
        if (most == NULL || w->tokens > most->tokens || (w->tokens == most->tokens && strcmp(w->name, most->name) < 0))
            most = w;
    }
    return most != NULL ? most->model : 0;
}

static void last_at(struct gathering *g, int64_t at) {
    if (g->last_at == NO_TIME || at > g->last_at)
        g->last_at = at;
}

static void add_request(struct gathering *g, const struct session_request *r, const struct price_list *prices) {
    struct gathered *sum = &g->sum;
    const struct token_counts *t = &r->tokens;
    bool any = t->input != UNKNOWN || t->output != UNKNOWN || t->cache_read != UNKNOWN || t->cache_write != UNKNOWN;
    int64_t total = known(t->input) + known(t->output) + known(t->cache_read) + known(t->cache_write);
    sum->requests++;
    add(&sum->tokens.input, t->input);
    add(&sum->tokens.output, t->output);
    add(&sum->tokens.cache_read, t->cache_read);
    add(&sum->tokens.cache_write, t->cache_write);
    add(&sum->tokens.cache_write_1h, t->cache_write_1h);
    add(&sum->total_tokens, any ? total : UNKNOWN);
    add(&sum->cost, r->given || prices == NULL ? r->cost : prices_cost(prices, r->model, t, r->at));
    last_at(g, r->at);
    if (r->model.n > 0)
        count_model(g, r->model_id, r->model, known(t->output));
}

/* What lies in one of the turn's sessions between it and the next turn. */
static void add_stretch(struct gathering *g, struct db *db, int64_t session, int64_t from, int64_t until, int slot,
                        const struct price_list *prices) {
    struct session_request request;
    struct query *query = requests_of_session(db, session, from, until, slot);
    while (requests_of_session_next(query, &request))
        add_request(g, &request, prices);
    query = steps_of_session(db, session, from, until);
    while (db_row(query)) {
        g->sum.steps++;
        g->sum.errors += !db_is_null(query, 2) && db_integer(query, 2) == 0;
        if (db_integer(query, 1) == STEP_STOP)
            last_at(g, db_integer(query, 0));
    }
}

/* The sessions of a turn in which it has what follows, since no turn at the same time comes after it by its id; with
 * the time of the next turn. */
static struct query *stretches(struct db *db, int64_t workflow) {
    struct query *query =
        db_query(db, "SELECT t.session, t.at, coalesce((SELECT min(n.at) FROM turn n WHERE n.session = t.session "
                     "AND n.at > t.at), 9223372036854775807) FROM turn t WHERE t.workflow = ?1 AND t.at IS NOT NULL "
                     "AND NOT EXISTS (SELECT 1 FROM turn o JOIN workflow ow ON ow.id = o.workflow WHERE "
                     "o.session = t.session AND o.at = t.at AND ow.workflow_id > "
                     "(SELECT w.workflow_id FROM workflow w WHERE w.id = ?1))");
    db_bind_integer(query, 1, workflow);
    return query;
}

/* What is out of a record's range, or that of nothing, is not known. */
static void bound(struct gathered *sum) {
    if (sum->duration_ms > DURATION_MAX)
        sum->duration_ms = UNKNOWN;
    if (sum->total_tokens > TOKENS_MAX)
        sum->total_tokens = UNKNOWN;
    if (sum->cost > COST_MAX)
        sum->cost = UNKNOWN;
    if (sum->requests == 0) {
        sum->tokens = (struct token_counts){UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};
        sum->total_tokens = sum->cost = UNKNOWN;
    }
    if (sum->requests == 0 && sum->steps == 0)
        sum->errors = UNKNOWN;
}

struct gathered turns_gather(struct db *db, int64_t workflow, int slot, const struct price_list *prices) {
    struct gathering g = {.last_at = NO_TIME, .sum.duration_ms = UNKNOWN};
    struct query *query = stretches(db, workflow);
    while (db_row(query)) {
        int64_t from = db_integer(query, 1); /* the same in all of them */
        add_stretch(&g, db, db_integer(query, 0), from, db_integer(query, 2), slot, prices);
        if (g.last_at != NO_TIME)
            g.sum.duration_ms = (g.last_at - from) / 1000;
    }
    g.sum.model = model_of(&g);
    bound(&g.sum);
    for (size_t i = 0; i < g.model_count; i++)
        free(g.models[i].name);
    free(g.models);
    return g.sum;
}

struct workflow_row turns_settled(struct db *db, const struct stored_workflow *turn, int slot,
                                  const struct gathered *gathered) {
    struct workflow_row row = turn->row;
    row.share = (struct share){gathered->total_tokens, UNKNOWN, gathered->duration_ms, gathered->errors,
                               turn->row.share.retries};
    row.priced[slot] = gathered->cost;
    row.named = gathered->requests > 0 || requests_name(db, turn->workflow_id);
    return row;
}

/* -- checking --------------------------------------------------------------------------------------------------- */

void turns_check_places(struct db *db, void *context, on_wrong_row *on_wrong) {
    struct query *query = db_query(
        db, "SELECT id, 'is placed at another time than its own' FROM workflow w WHERE EXISTS (SELECT 1 FROM turn t "
            "WHERE t.workflow = w.id AND t.at IS NOT (CASE w.turn WHEN 1 THEN w.created_at END)) "
            "UNION ALL SELECT id, 'is a turn, and not in its session' FROM workflow w WHERE turn = 1 "
            "AND NOT EXISTS (SELECT 1 FROM turn t WHERE t.workflow = w.id AND t.session = w.session)");
    while (db_row(query))
        on_wrong(context, db_integer(query, 0), db_text(query, 1).s);
}

static bool tokens_equal(const struct token_counts *a, const struct token_counts *b) {
    return a->input == b->input && a->output == b->output && a->cache_read == b->cache_read &&
           a->cache_write == b->cache_write && a->cache_write_1h == b->cache_write_1h;
}

static bool holds(struct db *db, const struct stored_workflow *turn, int slot) {
    struct gathered gathered = turns_gather(db, turn->row.id, slot, NULL);
    struct workflow_row should = turns_settled(db, turn, slot, &gathered);
    const struct share *a = &turn->row.share, *b = &should.share;
    return a->tokens == b->tokens && a->cost == b->cost && a->duration_ms == b->duration_ms && a->errors == b->errors &&
           turn->row.priced[slot] == should.priced[slot] && turn->row.named == should.named &&
           turn->model_id == gathered.model && tokens_equal(&turn->tokens, &gathered.tokens);
}

static bool turn_holds(struct db *db, int64_t workflow, int slot) {
    struct stored_workflow turn;
    struct query *query = workflows_between(db, workflow - 1, workflow);
    bool wrong = workflows_next(query, &turn) && turn.row.turn && !holds(db, &turn, slot);
    db_end(query);
    return !wrong;
}

void turns_check_figures(struct db *db, void *context, on_wrong_row *on_wrong) {
    int slot = state_read(db).slot;
    struct query *query = db_query(db, "SELECT DISTINCT workflow FROM turn WHERE at IS NOT NULL");
    while (db_row(query))
        if (!turn_holds(db, db_integer(query, 0), slot))
            on_wrong(context, db_integer(query, 0), "its figures are not those of its session's requests and steps");
}

void turns_mend_places(struct db *db, int64_t workflow) {
    struct query *query = db_query(db, "INSERT INTO turn(workflow, session, at) SELECT id, session, created_at "
                                       "FROM workflow WHERE id = ?1 AND turn = 1 AND session IS NOT NULL "
                                       "ON CONFLICT DO NOTHING");
    db_bind_integer(query, 1, workflow);
    db_run(query);
    query = db_query(db, "UPDATE turn SET at = (SELECT CASE w.turn WHEN 1 THEN w.created_at END FROM workflow w "
                         "WHERE w.id = ?1) WHERE workflow = ?1");
    db_bind_integer(query, 1, workflow);
    db_run(query);
}
