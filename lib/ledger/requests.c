#include "ledger/requests.h"

#include "ledger/feedback.h"
#include "rules/budgets.h"

void request_row_free(struct request_row *row) {
    text_free(&row->workflow_id);
    text_free(&row->pattern);
}

int64_t request_time(const struct request_record *record, int64_t recorded_at) {
    if (record->timestamp != NO_TIME)
        return record->timestamp;
    return record->updated_at != NO_TIME ? record->updated_at : recorded_at;
}

int64_t request_cost(const struct request_row *row, int slot) {
    return row->cost != UNKNOWN ? row->cost : row->priced[slot];
}

int64_t request_quality(const struct request_row *row) {
    return row->quality != UNKNOWN ? row->quality : quality_from_ratings(row->rating_sum, row->rating_count);
}

bool request_good(const struct request_row *row) {
    return row->thinking_tokens != UNKNOWN && request_quality(row) >= GOOD_QUALITY;
}

void totals_count_request(struct totals *totals, const struct request_row *row, int slot, int sign) {
    int64_t cost = request_cost(row, slot);
    totals->request_cost_known += cost != UNKNOWN ? sign : 0;
    if (cost != UNKNOWN)
        totals_sum(totals, &totals->request_cost, cost, sign);
}

/* -- finding ---------------------------------------------------------------------------------------------------- */

/* What a rating changes, and what follows from that: the columns, and how a row takes them, from FIRST on. */
#define RATED "prompt_hash, thinking_budget, thinking_tokens, quality, rating_count, rating_sum"

static void take_rated(struct query *query, int first, struct request_row *row) {
    row->hashed = !db_is_null(query, first);
    row->prompt_hash = (uint64_t)db_integer(query, first);
    row->thinking_budget = db_optional(query, first + 1, UNKNOWN);
    row->thinking_tokens = db_optional(query, first + 2, UNKNOWN);
    row->quality = db_optional(query, first + 3, UNKNOWN);
    row->rating_count = db_integer(query, first + 4);
    row->rating_sum = db_integer(query, first + 5);
}

/* The columns that take_row takes, and after them what tells the request from others. */
#define COLUMNS                                                                                                        \
    "SELECT r.id, r.version_at, r.success, r.content, r.recorded_at, r.at, " RATED ", r.complexity, "                  \
    "r.complexity_score, r.cost, r.priced_0, r.priced_1, r.input_tokens, r.output_tokens, r.cache_read_tokens, "       \
    "r.cache_write_tokens, r.workflow_id, n.text, r.session, r.revision, r.request_id, r.identity "                    \
    "FROM request r LEFT JOIN name n ON n.id = r.pattern "

static struct query *select_by(struct db *db, struct span request_id, const struct digest *identity) {
    struct query *query;
    if (request_id.s != NULL) {
        query = db_query(db, COLUMNS "WHERE r.request_id = ?1");
        db_bind_text(query, 1, request_id);
    } else {
        query = db_query(db, COLUMNS "WHERE r.identity = ?1");
        db_bind_blob(query, 1, identity->bytes, sizeof identity->bytes);
    }
    return query;
}

/* As the record's version counts them: the sum of what is known. */
static int64_t tokens_of(struct query *query, int first) {
    int64_t sum = UNKNOWN;
    for (int i = first; i < first + 4; i++)
        if (!db_is_null(query, i))
            sum = (sum == UNKNOWN ? 0 : sum) + db_integer(query, i);
    return sum;
}

/* From a row of select_by. */
static void take_row(struct query *query, struct request_row *row) {
    row->id = db_integer(query, 0);
    row->version = (struct version){
        .revision = db_optional(query, 24, UNKNOWN),
        .dated = !db_is_null(query, 1),
        .at = db_optional(query, 1, 0),
        .ended = !db_is_null(query, 2),
        .tokens = tokens_of(query, 17),
        .content = (uint64_t)db_integer(query, 3),
    };
    row->recorded_at = db_integer(query, 4);
    row->at = db_integer(query, 5);
    row->session = db_optional(query, 23, 0);
    take_rated(query, 6, row);
    row->complexity = db_optional(query, 12, UNKNOWN);
    row->complexity_score = db_optional(query, 13, UNKNOWN);
    row->cost = db_optional(query, 14, UNKNOWN);
    row->priced[0] = db_optional(query, 15, UNKNOWN);
    row->priced[1] = db_optional(query, 16, UNKNOWN);
    text_append(&row->workflow_id, db_text(query, 21));
    text_append(&row->pattern, db_text(query, 22));
}

bool requests_find(struct db *db, struct span request_id, const struct digest *identity, struct request_row *row) {
    text_clear(&row->workflow_id);
    text_clear(&row->pattern);
    if (request_id.s == NULL && identity == NULL)
        return false;
    struct query *query = select_by(db, request_id, identity);
    bool found = db_row(query);
    if (found)
        take_row(query, row);
    db_end(query);
    return found;
}

bool requests_find_rated(struct db *db, struct span request_id, struct request_row *row) {
    struct query *query = db_query(db, "SELECT id, " RATED " FROM request WHERE request_id = ?1");
    db_bind_text(query, 1, request_id);
    if (!db_row(query))
        return false;
    *row = (struct request_row){.id = db_integer(query, 0)};
    take_rated(query, 1, row);
    db_end(query);
    return true;
}

bool requests_name(struct db *db, struct span workflow_id) {
    struct query *query = db_query(db, "SELECT 1 FROM request WHERE workflow_id = ?1 LIMIT 1");
    db_bind_text(query, 1, workflow_id);
    bool named = db_row(query);
    db_end(query);
    return named;
}

bool requests_name_any(struct db *db) {
    return db_value(db, "SELECT 1 FROM request WHERE workflow_id IS NOT NULL LIMIT 1", 0) != 0;
}

/* -- storing ---------------------------------------------------------------------------------------------------- */

static void bind_name(struct query *query, int position, struct names *names, struct span text) {
    db_bind_optional(query, position, names_id(names, text), 0);
}

/* Binds all of a row, from parameter 2 on; 1 is its id. */
static void bind_record(struct query *query, struct names *names, const struct request_record *record,
                        const struct request_view *view, const struct digest *identity, const struct request_row *row) {
    const struct token_counts *tokens = &record->tokens;
    db_bind_text(query, 2, record->request_id);
    if (record->request_id.s == NULL && identity != NULL)
        db_bind_blob(query, 3, identity->bytes, sizeof identity->bytes);
    else
        db_bind_null(query, 3);
    db_bind_optional(query, 4, record->version.at, NO_TIME);
    db_bind_integer(query, 5, (int64_t)record->version.content);
    db_bind_integer(query, 6, row->recorded_at);
    db_bind_integer(query, 7, row->at);
    db_bind_text(query, 8, record->workflow_id);
    if (record->hashed)
        db_bind_integer(query, 9, (int64_t)record->prompt_hash);
    else
        db_bind_null(query, 9);
    bind_name(query, 10, names, view->pattern);
    db_bind_optional(query, 11, view->complexity, UNKNOWN);
    db_bind_optional(query, 12, view->complexity_score, UNKNOWN);
    bind_name(query, 13, names, view->provider);
    bind_name(query, 14, names, record->model);
    bind_name(query, 15, names, record->account);
    bind_name(query, 16, names, record->user_id);
    db_bind_optional(query, 17, row->session, 0);
    const int64_t amounts[] = {tokens->input,           tokens->output,         tokens->cache_read,
                               tokens->cache_write,     tokens->cache_write_1h, record->thinking_budget,
                               record->thinking_tokens, record->cost,           row->priced[0],
                               row->priced[1],          record->latency,        record->success,
                               record->quality};
    int position = 18;
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        db_bind_optional(query, position++, amounts[i], UNKNOWN);
    db_bind_integer(query, position++, row->rating_count);
    db_bind_integer(query, position++, row->rating_sum);
    db_bind_integer(query, position++, request_good(row));
    db_bind_optional(query, position, record->revision, UNKNOWN);
}

static void take_over(const struct request_record *record, const struct request_view *view, struct names *names,
                      struct request_row *row) {
    row->version = record->version;
    row->session = names_id(names, record->session_id);
    row->at = request_time(record, row->recorded_at);
    row->hashed = record->hashed;
    row->prompt_hash = record->prompt_hash;
    row->complexity = view->complexity;
    row->complexity_score = view->complexity_score;
    row->thinking_budget = record->thinking_budget;
    row->thinking_tokens = record->thinking_tokens;
    row->cost = record->cost;
    row->quality = record->quality;
    text_clear(&row->workflow_id);
    text_append(&row->workflow_id, record->workflow_id);
    text_clear(&row->pattern);
    text_append(&row->pattern, view->pattern);
}

bool requests_insert(struct db *db, struct names *names, const struct request_record *record,
                     const struct request_view *view, const struct digest *identity, int64_t now,
                     struct request_row *row) {
    row->recorded_at = now;
    take_over(record, view, names, row);
    struct query *query =
        db_query(db,
                 "INSERT INTO request(id, request_id, identity, version_at, content, recorded_at, at, workflow_id, "
                 "prompt_hash, pattern, complexity, complexity_score, provider, model, account, user, session, "
                 "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, "
                 "thinking_budget, thinking_tokens, cost, priced_0, priced_1, latency, success, quality, rating_count, "
                 "rating_sum, good, revision) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
                 "?16, ?17, "
                 "?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34) "
                 "ON CONFLICT DO NOTHING");
    db_bind_null(query, 1);
    bind_record(query, names, record, view, identity, row);
    db_run(query);
    row->id = db_last_id(db);
    return db_changes(db) > 0;
}

void requests_replace(struct db *db, struct names *names, const struct request_record *record,
                      const struct request_view *view, const struct digest *identity, struct request_row *row) {
    take_over(record, view, names, row);
    struct query *query = db_query(
        db,
        "UPDATE request SET request_id = ?2, identity = ?3, version_at = ?4, content = ?5, recorded_at = ?6, "
        "at = ?7, workflow_id = ?8, prompt_hash = ?9, pattern = ?10, complexity = ?11, complexity_score = ?12, "
        "provider = ?13, model = ?14, account = ?15, user = ?16, session = ?17, input_tokens = ?18, "
        "output_tokens = ?19, cache_read_tokens = ?20, cache_write_tokens = ?21, cache_write_1h_tokens = ?22, "
        "thinking_budget = ?23, thinking_tokens = ?24, cost = ?25, priced_0 = ?26, priced_1 = ?27, latency = ?28, "
        "success = ?29, quality = ?30, rating_count = ?31, rating_sum = ?32, good = ?33, revision = ?34 WHERE id = ?1");
    db_bind_integer(query, 1, row->id);
    bind_record(query, names, record, view, identity, row);
    db_run(query);
}

void requests_rate(struct db *db, const struct request_row *row) {
    struct query *query = db_query(db,
                                   "UPDATE request SET rating_count = ?2, rating_sum = ?3, good = ?4 WHERE id = ?1");
    db_bind_integer(query, 1, row->id);
    db_bind_integer(query, 2, row->rating_count);
    db_bind_integer(query, 3, row->rating_sum);
    db_bind_integer(query, 4, request_good(row));
    db_run(query);
}

void requests_price(struct db *db, int64_t id, int slot, int64_t price) {
    struct query *query = slot == 0 ? db_query(db, "UPDATE request SET priced_0 = ?2 WHERE id = ?1")
                                    : db_query(db, "UPDATE request SET priced_1 = ?2 WHERE id = ?1");
    db_bind_integer(query, 1, id);
    db_bind_optional(query, 2, price, UNKNOWN);
    db_run(query);
}

/* -- reading ---------------------------------------------------------------------------------------------------- */

struct query *requests_between(struct db *db, int64_t after, int64_t last) {
    struct query *query =
        db_query(db,
                 "SELECT r.id, " RATED ", r.cost, r.priced_0, r.priced_1, r.request_id, m.text, r.workflow_id, "
                 "r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, r.cache_write_1h_tokens, "
                 "r.good, r.at "
                 "FROM request r LEFT JOIN name m ON m.id = r.model WHERE r.id > ?1 AND r.id <= ?2 ORDER BY r.id");
    db_bind_integer(query, 1, after);
    db_bind_integer(query, 2, last);
    return query;
}

bool requests_next(struct query *query, struct stored_request *request) {
    if (!db_row(query))
        return false;
    request->row = (struct request_row){
        .id = db_integer(query, 0),
        .cost = db_optional(query, 7, UNKNOWN),
        .priced = {db_optional(query, 8, UNKNOWN), db_optional(query, 9, UNKNOWN)},
        .at = db_integer(query, 19),
    };
    take_rated(query, 1, &request->row);
    request->request_id = db_text(query, 10);
    request->model = db_text(query, 11);
    request->workflow_id = db_text(query, 12);
    request->tokens = (struct token_counts){db_optional(query, 13, UNKNOWN), db_optional(query, 14, UNKNOWN),
                                            db_optional(query, 15, UNKNOWN), db_optional(query, 16, UNKNOWN),
                                            db_optional(query, 17, UNKNOWN)};
    request->good = db_integer(query, 18) != 0;
    return true;
}

#define COST COST_IN("r", "?4")

struct query *requests_of_session(struct db *db, int64_t session, int64_t from, int64_t until, int slot) {
    struct query *query =
        db_query(db, "SELECT r.at, r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, "
                     "r.cache_write_1h_tokens, " COST ", r.cost IS NOT NULL, r.model, m.text "
                     "FROM request r LEFT JOIN name m ON m.id = r.model "
                     "WHERE r.session = ?1 AND r.at >= ?2 AND r.at < ?3");
    db_bind_integer(query, 1, session);
    db_bind_integer(query, 2, from);
    db_bind_integer(query, 3, until);
    db_bind_integer(query, 4, slot);
    return query;
}

bool requests_of_session_next(struct query *query, struct session_request *request) {
    if (!db_row(query))
        return false;
    *request = (struct session_request){
        .at = db_integer(query, 0),
        .tokens = {db_optional(query, 1, UNKNOWN), db_optional(query, 2, UNKNOWN), db_optional(query, 3, UNKNOWN),
                   db_optional(query, 4, UNKNOWN), db_optional(query, 5, UNKNOWN)},
        .cost = db_optional(query, 6, UNKNOWN),
        .given = db_integer(query, 7) != 0,
        .model_id = db_optional(query, 8, 0),
        .model = db_text(query, 9),
    };
    return true;
}

struct query *requests_by_prompt(struct db *db) {
    return db_query(db, "SELECT " RATED " FROM request WHERE prompt_hash IS NOT NULL ORDER BY prompt_hash");
}

struct query *requests_of_prompt(struct db *db, uint64_t prompt_hash) {
    struct query *query = db_query(db, "SELECT " RATED " FROM request WHERE prompt_hash = ?1");
    db_bind_integer(query, 1, (int64_t)prompt_hash);
    return query;
}

bool requests_of_prompt_next(struct query *query, struct request_row *row) {
    if (!db_row(query))
        return false;
    *row = (struct request_row){0};
    take_rated(query, 0, row);
    return true;
}

int64_t requests_last_id(struct db *db) {
    return db_value(db, "SELECT max(id) FROM request", 0);
}

int64_t requests_count(struct db *db) {
    return db_value(db, "SELECT count(*) FROM request", 0);
}

void requests_check(struct db *db, void *context, on_wrong_row *on_wrong) {
    struct stored_request request;
    struct query *query = requests_between(db, 0, INT64_MAX);
    while (requests_next(query, &request)) {
        int64_t count = 0, sum = 0;
        if (request.request_id.s != NULL)
            feedback_of(db, request.request_id, &count, &sum);
        if (request.row.rating_count != count || request.row.rating_sum != sum)
            on_wrong(context, request.row.id, "its ratings are not those of the feedback");
        else if (request.good != request_good(&request.row))
            on_wrong(context, request.row.id, "whether it counts as good is wrong");
    }
}

/* -- removing --------------------------------------------------------------------------------------------------- */

int64_t requests_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection) {
    return selection_next(db_query(db, "SELECT id FROM request WHERE id > ?1 AND id <= ?6 AND (at < ?2 OR session = ?3 "
                                       "OR account = ?4 OR user = ?5) ORDER BY id LIMIT 1"),
                          after, last, selection);
}

bool requests_find_row(struct db *db, int64_t id, struct request_row *row, struct text *request_id,
                       struct text *identity) {
    text_clear(&row->workflow_id);
    text_clear(&row->pattern);
    text_clear(request_id);
    text_clear(identity);
    struct query *query = db_query(db, COLUMNS "WHERE r.id = ?1");
    db_bind_integer(query, 1, id);
    bool found = db_row(query);
    if (found) {
        take_row(query, row);
        text_append(request_id, db_text(query, 25));
        text_append(identity, db_text(query, 26));
    }
    db_end(query);
    return found;
}

void requests_delete(struct db *db, int64_t id) {
    db_run_of(db, "DELETE FROM request WHERE id = ?1", id);
}
