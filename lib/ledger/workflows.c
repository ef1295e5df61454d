#include "ledger/workflows.h"

enum { MASKED_BYTES = 200 };

/* -- storing ---------------------------------------------------------------------------------------------------- */

static struct share share_of(const struct workflow_record *record) {
    return (struct share){record->total_tokens, record->cost, record->duration_ms, record->error_count,
                          record->retry_count};
}

static bool ended(int64_t status) {
    return status == WORKFLOW_COMPLETED || status == WORKFLOW_FAILED;
}

struct share workflow_share(const struct workflow_row *row, int slot) {
    struct share share = row->share;
    if (share.cost == UNKNOWN)
        share.cost = row->priced[slot];
    return share;
}

bool workflows_find(struct db *db, struct span workflow_id, struct workflow_row *row) {
    struct query *query =
        db_query(db,
                 "SELECT id, version_at, status, content, recorded_at, created_at, total_tokens, cost, duration_ms, "
                 "error_count, retry_count, priced_0, priced_1, named, turn, revision, pattern_set_0, pattern_set_1, "
                 "keywords_0, keywords_1 FROM workflow WHERE workflow_id = ?1");
    db_bind_text(query, 1, workflow_id);
    if (!db_row(query))
        return false;
    row->id = db_integer(query, 0);
    row->recorded_at = db_integer(query, 4);
    row->created_at = db_integer(query, 5);
    row->share = (struct share){db_optional(query, 6, UNKNOWN), db_optional(query, 7, UNKNOWN),
                                db_optional(query, 8, UNKNOWN), db_optional(query, 9, UNKNOWN),
                                db_optional(query, 10, UNKNOWN)};
    row->priced[0] = db_optional(query, 11, UNKNOWN);
    row->priced[1] = db_optional(query, 12, UNKNOWN);
    row->pattern_set[0] = db_optional(query, 16, 0);
    row->pattern_set[1] = db_optional(query, 17, 0);
    row->keywords[0] = db_optional(query, 18, 0);
    row->keywords[1] = db_optional(query, 19, 0);
    row->named = db_integer(query, 13) != 0;
    row->turn = db_integer(query, 14) != 0;
    row->version = (struct version){
        .revision = db_optional(query, 15, UNKNOWN),
        .dated = !db_is_null(query, 1),
        .at = db_optional(query, 1, 0),
        .ended = ended(db_integer(query, 2)),
        .tokens = row->turn ? UNKNOWN : row->share.tokens, /* of a turn they are not the record's */
        .content = (uint64_t)db_integer(query, 3),
    };
    db_end(query);
    return true;
}

static void bind_name(struct query *query, int position, struct names *names, struct span text) {
    db_bind_optional(query, position, names_id(names, text), 0);
}

/* Binds all that a record brings, from parameter 2 on; 1 is the row's id. */
static void bind_record(struct query *query, struct names *names, const struct workflow_record *record,
                        const struct workflow_traits *traits, bool keep_text, const struct workflow_row *row) {
    const struct span none = {NULL, 0};
    db_bind_text(query, 2, record->workflow_id);
    db_bind_integer(query, 3, record->status);
    db_bind_optional(query, 4, record->version.at, NO_TIME);
    db_bind_integer(query, 5, (int64_t)record->version.content);
    db_bind_integer(query, 6, row->recorded_at);
    db_bind_integer(query, 7, row->created_at);
    db_bind_optional(query, 8, record->updated_at, NO_TIME);
    bind_name(query, 9, names, record->workflow_template);
    bind_name(query, 10, names, record->model);
    bind_name(query, 11, names, record->session_id);
    bind_name(query, 12, names, record->account);
    db_bind_text(query, 13, keep_text ? record->nl_input : none);
    db_bind_text(query, 14, keep_text ? record->error_message : none);
    db_bind_integer(query, 15, keep_text);
    db_bind_optional(query, 16, record->error_count, UNKNOWN);
    db_bind_optional(query, 17, record->retry_count, UNKNOWN);
    db_bind_optional(query, 18, record->duration_ms, UNKNOWN);
    db_bind_optional(query, 19, record->input_tokens, UNKNOWN);
    db_bind_optional(query, 20, record->output_tokens, UNKNOWN);
    db_bind_optional(query, 21, record->cache_read_tokens, UNKNOWN);
    db_bind_optional(query, 22, record->cache_write_tokens, UNKNOWN);
    db_bind_optional(query, 23, record->total_tokens, UNKNOWN);
    db_bind_optional(query, 24, record->cost, UNKNOWN);
    db_bind_optional(query, 25, traits->input_length, UNKNOWN);
    db_bind_integer(query, 26, traits->complexity);
    db_bind_text(query, 27, traits->files);
    db_bind_optional(query, 28, record->cache_write_1h_tokens, UNKNOWN);
    db_bind_optional(query, 29, row->priced[0], UNKNOWN);
    db_bind_optional(query, 30, row->priced[1], UNKNOWN);
    db_bind_integer(query, 31, row->named);
    db_bind_integer(query, 32, record->turn);
    db_bind_optional(query, 33, record->revision, UNKNOWN);
    db_bind_optional(query, 34, row->pattern_set[0], 0);
    db_bind_optional(query, 35, row->pattern_set[1], 0);
    db_bind_optional(query, 36, row->keywords[0], 0);
    db_bind_optional(query, 37, row->keywords[1], 0);
}

int64_t workflow_time(const struct workflow_record *record, int64_t recorded_at) {
    if (record->created_at != NO_TIME)
        return record->created_at;
    return record->updated_at != NO_TIME ? record->updated_at : recorded_at;
}

static void take_over(const struct workflow_record *record, struct workflow_row *row) {
    row->version = record->version;
    row->created_at = workflow_time(record, row->recorded_at);
    row->share = share_of(record);
    row->turn = record->turn;
}

bool workflows_insert(struct db *db, struct names *names, const struct workflow_record *record,
                      const struct workflow_traits *traits, bool keep_text, int64_t now, struct workflow_row *row) {
    row->recorded_at = now;
    take_over(record, row);
    struct query *query = db_query(
        db, "INSERT INTO workflow(id, workflow_id, status, version_at, content, recorded_at, created_at, updated_at, "
            "template, model, session, account, nl_input, error_message, text_kept, error_count, retry_count, "
            "duration_ms, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, total_tokens, cost, "
            "input_length, complexity, files, cache_write_1h_tokens, priced_0, priced_1, named, turn, revision, "
            "pattern_set_0, pattern_set_1, keywords_0, keywords_1) "
            "VALUES(?1, ?2, ?3, ?4, "
            "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
            "?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, "
            "?34, ?35, ?36, ?37) ON CONFLICT(workflow_id) DO NOTHING");
    db_bind_null(query, 1);
    bind_record(query, names, record, traits, keep_text, row);
    db_run(query);
    row->id = db_last_id(db);
    return db_changes(db) > 0;
}

void workflows_replace(struct db *db, struct names *names, const struct workflow_record *record,
                       const struct workflow_traits *traits, bool keep_text, struct workflow_row *row) {
    take_over(record, row);
    struct query *query = db_query(
        db,
        "UPDATE workflow SET workflow_id = ?2, status = ?3, version_at = ?4, content = ?5, recorded_at = ?6, "
        "created_at = ?7, updated_at = ?8, template = ?9, model = ?10, session = ?11, account = ?12, nl_input = ?13, "
        "error_message = ?14, text_kept = ?15, error_count = ?16, retry_count = ?17, duration_ms = ?18, "
        "input_tokens = ?19, output_tokens = ?20, cache_read_tokens = ?21, cache_write_tokens = ?22, "
        "total_tokens = ?23, cost = ?24, input_length = ?25, complexity = ?26, files = ?27, cache_write_1h_tokens = "
        "?28, priced_0 = ?29, priced_1 = ?30, named = ?31, turn = ?32, revision = ?33, pattern_set_0 = ?34, "
        "pattern_set_1 = ?35, "
        "keywords_0 = ?36, keywords_1 = ?37 WHERE id = ?1");
    db_bind_integer(query, 1, row->id);
    bind_record(query, names, record, traits, keep_text, row);
    db_run(query);
}

struct token_counts workflow_tokens(const struct workflow_record *record) {
    return (struct token_counts){record->input_tokens, record->output_tokens, record->cache_read_tokens,
                                 record->cache_write_tokens, record->cache_write_1h_tokens};
}

void totals_count_cost(struct totals *totals, const struct workflow_row *row, int slot, int sign) {
    int64_t cost = workflow_share(row, slot).cost;
    totals->cost_known += cost != UNKNOWN ? sign : 0;
    if (cost != UNKNOWN)
        totals_sum(totals, &totals->cost, cost, sign);
}

void totals_count(struct totals *totals, const struct workflow_row *row, int slot, bool matched, int sign) {
    totals->workflows += sign;
    totals->learned += workflow_learned(row) ? sign : 0;
    totals->matched += matched ? sign : 0;
    totals->tokens_known += row->share.tokens != UNKNOWN ? sign : 0;
    totals->tokens += row->share.tokens != UNKNOWN ? sign * row->share.tokens : 0;
    if (!row->named)
        totals_count_cost(totals, row, slot, sign);
}

/* -- reading ---------------------------------------------------------------------------------------------------- */

struct query *workflows_between(struct db *db, int64_t after, int64_t last) {
    struct query *query = db_query(
        db, "SELECT w.id, w.version_at, w.status, w.content, w.recorded_at, w.created_at, w.total_tokens, w.cost, "
            "w.duration_ms, w.error_count, w.retry_count, w.workflow_id, w.nl_input, w.error_message, t.text, a.text, "
            "w.text_kept, w.input_length, w.complexity, w.files, w.priced_0, w.priced_1, w.named, m.text, "
            "w.input_tokens, w.output_tokens, w.cache_read_tokens, w.cache_write_tokens, w.cache_write_1h_tokens, "
            "w.turn, w.model, w.revision, w.pattern_set_0, w.pattern_set_1, w.keywords_0, w.keywords_1 "
            "FROM workflow w LEFT JOIN name t ON t.id = w.template LEFT JOIN name a ON a.id = w.account "
            "LEFT JOIN name m ON m.id = w.model WHERE w.id > ?1 AND w.id <= ?2 ORDER BY w.id");
    db_bind_integer(query, 1, after);
    db_bind_integer(query, 2, last);
    return query;
}

bool workflows_next(struct query *query, struct stored_workflow *workflow) {
    if (!db_row(query))
        return false;
    struct share share = {db_optional(query, 6, UNKNOWN), db_optional(query, 7, UNKNOWN),
                          db_optional(query, 8, UNKNOWN), db_optional(query, 9, UNKNOWN),
                          db_optional(query, 10, UNKNOWN)};
    bool turn = db_integer(query, 29) != 0;
    struct version version = {
        .revision = db_optional(query, 31, UNKNOWN),
        .dated = !db_is_null(query, 1),
        .at = db_optional(query, 1, 0),
        .ended = ended(db_integer(query, 2)),
        .tokens = turn ? UNKNOWN : share.tokens,
        .content = (uint64_t)db_integer(query, 3),
    };
    workflow->row = (struct workflow_row){
        .id = db_integer(query, 0),
        .version = version,
        .recorded_at = db_integer(query, 4),
        .created_at = db_integer(query, 5),
        .share = share,
        .priced = {db_optional(query, 20, UNKNOWN), db_optional(query, 21, UNKNOWN)},
        .pattern_set = {db_optional(query, 32, 0), db_optional(query, 33, 0)},
        .keywords = {db_optional(query, 34, 0), db_optional(query, 35, 0)},
        .named = db_integer(query, 22) != 0,
        .turn = turn,
    };
    workflow->model_id = db_optional(query, 30, 0);
    workflow->model = db_text(query, 23);
    workflow->tokens = (struct token_counts){
        db_optional(query, 24, UNKNOWN), db_optional(query, 25, UNKNOWN), db_optional(query, 26, UNKNOWN),
        db_optional(query, 27, UNKNOWN), db_optional(query, 28, UNKNOWN),
    };
    workflow->workflow_id = db_text(query, 11);
    workflow->nl_input = db_text(query, 12);
    workflow->error_message = db_text(query, 13);
    workflow->template_name = db_text(query, 14);
    workflow->account = db_text(query, 15);
    workflow->text_kept = db_integer(query, 16) != 0;
    workflow->input_length = db_optional(query, 17, UNKNOWN);
    workflow->complexity = (enum complexity)db_integer(query, 18);
    workflow->files = db_text(query, 19);
    return true;
}

static void mask(struct span text, struct text *out) {
    mask_text(text, MASKED_BYTES, out);
}

static void bind_filter(struct query *query, int position, const struct filter *filter) {
    db_bind_optional(query, position, filter->since, NO_TIME);
    db_bind_optional(query, position + 1, filter->until, NO_TIME);
    db_bind_text(query, position + 2, span_of(filter->account));
}

struct query *workflows_unmatched(struct db *db, int slot, const struct filter *filter, int64_t limit) {
    db_function(db, "mask", mask);
    /* The limit of the innermost keeps whole texts out of what is sorted; the bare id beside max() is that of its row.
     */
    struct query *query = db_query(
        db,
        "SELECT masked, times, costs, last_at, (SELECT substr(nl_input, 1, 65536) FROM workflow WHERE id = last_id) "
        "FROM (SELECT masked, count(*) AS times, sum(cost) AS costs, max(created_at) AS last_at, id AS last_id FROM "
        "(SELECT mask(substr(nl_input, 1, 65536)) AS masked, created_at, id, "
        "coalesce(cost, CASE ?1 WHEN 0 THEN priced_0 ELSE priced_1 END) AS cost FROM workflow "
        "WHERE status IN (2, 3) AND nl_input IS NOT NULL "
        "AND CASE ?1 WHEN 0 THEN pattern_set_0 ELSE pattern_set_1 END IS NULL "
        "AND (?3 IS NULL OR created_at >= ?3) AND (?4 IS NULL OR created_at < ?4) "
        "AND (?5 IS NULL OR account = (SELECT id FROM name WHERE name.text = ?5)) LIMIT -1) "
        "GROUP BY 1 ORDER BY times DESC, costs DESC, 1 LIMIT ?2)");
    db_bind_integer(query, 1, slot);
    db_bind_integer(query, 2, limit);
    bind_filter(query, 3, filter);
    return query;
}

/* The workflows "w" that show pattern ?1 in a slot: its sets are few, and each is a range of the slot's own index. */
#define SHOWING(slot)                                                                                                  \
    "FROM pattern_set s CROSS JOIN json_each(s.patterns) p CROSS JOIN workflow w INDEXED BY workflow_shows_" slot " "  \
    "WHERE p.value = ?1 AND w.pattern_set_" slot " = s.id "
#define PASSING                                                                                                        \
    "AND (?3 IS NULL OR w.created_at >= ?3) AND (?4 IS NULL OR w.created_at < ?4) "                                    \
    "AND (?5 IS NULL OR w.account = (SELECT id FROM name WHERE name.text = ?5)) "
/* Thirty days, as the index counts them. */
#define MONTH "w.created_at / 2592000000000"

static int64_t month_of(int64_t us) {
    return us / 2592000000000;
}

#define SINCE_MONTH(slot) "SELECT count(*) FROM (SELECT 1 " SHOWING(slot) PASSING "AND " MONTH " >= ?6 LIMIT ?2)"

/* A month from which on LIMIT of them pass, where they lie between FIRST_AT and LAST_AT: looked for in twice as many
 * months each time. */
static int64_t month_of_latest(struct db *db, int slot, int64_t pattern, int64_t first_at, int64_t last_at,
                               const struct filter *filter, int64_t limit) {
    int64_t month = month_of(last_at), first = month_of(first_at), count = 0;
    for (int64_t step = 1; month > first && count < limit && !db_failed(db); step *= 2) {
        struct query *query = slot == 0 ? db_query(db, SINCE_MONTH("0")) : db_query(db, SINCE_MONTH("1"));
        db_bind_integer(query, 1, pattern);
        db_bind_integer(query, 2, limit);
        bind_filter(query, 3, filter);
        db_bind_integer(query, 6, month);
        count = db_row(query) ? db_integer(query, 0) : 0;
        db_end(query);
        month -= count < limit ? step : 0;
    }
    return limit >= 0 && count >= limit ? month : first;
}

/* The times of the latest are found in the index alone; then those workflows are read. */
#define LATEST(slot)                                                                                                   \
    "SELECT w.workflow_id, w.status, w.created_at, w.duration_ms, w.total_tokens, coalesce(w.cost, w.priced_" slot     \
    "), (SELECT a.text FROM name a WHERE a.id = w.account), w.nl_input " SHOWING(slot) PASSING                         \
        "AND " MONTH " >= ?6 AND w.created_at >= (SELECT min(created_at) FROM (SELECT w.created_at " SHOWING(slot)     \
            PASSING "AND " MONTH                                                                                       \
                    " >= ?6 ORDER BY w.created_at DESC LIMIT ?2)) ORDER BY w.created_at DESC, w.workflow_id LIMIT ?2"

struct query *workflows_showing(struct db *db, int slot, int64_t pattern, int64_t first_at, int64_t last_at,
                                const struct filter *filter, int64_t limit) {
    int64_t month = month_of_latest(db, slot, pattern, first_at, last_at, filter, limit);
    struct query *query = slot == 0 ? db_query(db, LATEST("0")) : db_query(db, LATEST("1"));
    db_bind_integer(query, 1, pattern);
    db_bind_integer(query, 2, limit);
    bind_filter(query, 3, filter);
    db_bind_integer(query, 6, month);
    return query;
}

/* The first month of each set is at one end of its range, the last at the other: but one month is read of all others.
 */
#define MONTH_OF_SET(slot, order)                                                                                      \
    "(SELECT created_at / 2592000000000 FROM workflow INDEXED BY workflow_shows_" slot " WHERE pattern_set_" slot      \
    " = s.id ORDER BY created_at / 2592000000000 " order " LIMIT 1)"
#define EXTREME_AT(slot, function, order)                                                                              \
    "SELECT " function "(w.created_at) " SHOWING(                                                                      \
        slot) "AND " MONTH " = (SELECT " function                                                                      \
              "(" MONTH_OF_SET(slot, order) ") FROM pattern_set s, json_each(s.patterns) p WHERE p.value = ?1)"

static int64_t time_of(struct query *query, int64_t pattern) {
    db_bind_integer(query, 1, pattern);
    int64_t at = db_row(query) ? db_optional(query, 0, NO_TIME) : NO_TIME;
    db_end(query);
    return at;
}

int64_t workflows_first_at(struct db *db, int slot, int64_t pattern) {
    return time_of(slot == 0 ? db_query(db, EXTREME_AT("0", "min", "ASC"))
                             : db_query(db, EXTREME_AT("1", "min", "ASC")),
                   pattern);
}

int64_t workflows_last_at(struct db *db, int slot, int64_t pattern) {
    return time_of(slot == 0 ? db_query(db, EXTREME_AT("0", "max", "DESC"))
                             : db_query(db, EXTREME_AT("1", "max", "DESC")),
                   pattern);
}

/* The plus keeps the time from being put into the month's expression, which then is the index's no longer. */
#define SHOWING_AT(slot)                                                                                               \
    "SELECT w.id " SHOWING(slot) "AND " MONTH " = ?3 AND +w.created_at = ?2 ORDER BY w.workflow_id LIMIT 1"

int64_t workflows_showing_at(struct db *db, int slot, int64_t pattern, int64_t at) {
    struct query *query = slot == 0 ? db_query(db, SHOWING_AT("0")) : db_query(db, SHOWING_AT("1"));
    db_bind_integer(query, 1, pattern);
    db_bind_optional(query, 2, at, NO_TIME);
    db_bind_integer(query, 3, at != NO_TIME ? month_of(at) : 0);
    int64_t id = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return id;
}

bool workflows_id_after(struct db *db, int64_t id, struct span workflow_id) {
    struct query *query = db_query(db, "SELECT workflow_id FROM workflow WHERE id = ?1");
    db_bind_integer(query, 1, id);
    bool after = db_row(query) && span_compare(workflow_id, db_text(query, 0)) < 0;
    db_end(query);
    return after;
}

bool workflows_shown(struct db *db, int64_t id, int slot, int64_t *pattern_set, int64_t *created_at) {
    struct query *query = db_query(db, "SELECT pattern_set_0, pattern_set_1, created_at FROM workflow WHERE id = ?1");
    db_bind_integer(query, 1, id);
    if (!db_row(query))
        return false;
    *pattern_set = db_optional(query, slot, 0);
    *created_at = db_integer(query, 2);
    db_end(query);
    return true;
}

bool workflow_traits_hold(const struct stored_workflow *workflow, const struct workflow_traits *traits) {
    return workflow->input_length == traits->input_length && workflow->complexity == traits->complexity &&
           (workflow->files.s == NULL) == (traits->files.s == NULL) && span_equal(workflow->files, traits->files);
}

void workflows_mend_traits(struct db *db, const struct stored_workflow *workflow,
                           const struct workflow_traits *traits) {
    if (workflow_traits_hold(workflow, traits))
        return;
    struct query *query = db_query(db,
                                   "UPDATE workflow SET input_length = ?2, complexity = ?3, files = ?4 WHERE id = ?1");
    db_bind_integer(query, 1, workflow->row.id);
    db_bind_optional(query, 2, traits->input_length, UNKNOWN);
    db_bind_integer(query, 3, traits->complexity);
    db_bind_text(query, 4, traits->files);
    db_run(query);
}

/* -- prices, and the requests that a workflow has ---------------------------------------------------------------- */

void workflows_settle(struct db *db, const struct workflow_row *row, int slot, const struct token_counts *tokens,
                      int64_t model) {
    struct query *query =
        db_query(db, "UPDATE workflow SET input_tokens = ?2, output_tokens = ?3, cache_read_tokens = ?4, "
                     "cache_write_tokens = ?5, cache_write_1h_tokens = ?6, total_tokens = ?7, duration_ms = ?8, "
                     "error_count = ?9, named = ?10, model = ?11 WHERE id = ?1");
    const int64_t amounts[] = {tokens->input,          tokens->output,    tokens->cache_read,     tokens->cache_write,
                               tokens->cache_write_1h, row->share.tokens, row->share.duration_ms, row->share.errors};
    db_bind_integer(query, 1, row->id);
    for (int i = 0; i < 8; i++)
        db_bind_optional(query, 2 + i, amounts[i], UNKNOWN);
    db_bind_integer(query, 10, row->named);
    db_bind_optional(query, 11, model, 0);
    db_run(query);
    workflows_derive(db, row, slot);
}

void workflows_derive(struct db *db, const struct workflow_row *row, int slot) {
    struct query *query =
        slot == 0
            ? db_query(db, "UPDATE workflow SET priced_0 = ?2, pattern_set_0 = ?3, keywords_0 = ?4 WHERE id = ?1")
            : db_query(db, "UPDATE workflow SET priced_1 = ?2, pattern_set_1 = ?3, keywords_1 = ?4 WHERE id = ?1");
    db_bind_integer(query, 1, row->id);
    db_bind_optional(query, 2, row->priced[slot], UNKNOWN);
    db_bind_optional(query, 3, row->pattern_set[slot], 0);
    db_bind_optional(query, 4, row->keywords[slot], 0);
    db_run(query);
}

#define CLEAR(slot)                                                                                                    \
    "UPDATE workflow SET pattern_set_" slot " = NULL, keywords_" slot " = NULL WHERE id IN "                           \
    "(SELECT id FROM workflow WHERE pattern_set_" slot " IS NOT NULL LIMIT ?1)"

bool workflows_clear(struct db *db, int slot, int64_t rows) {
    struct query *query = slot == 0 ? db_query(db, CLEAR("0")) : db_query(db, CLEAR("1"));
    db_bind_integer(query, 1, rows);
    db_run(query);
    return db_changes(db) > 0 && !db_failed(db);
}

void workflows_name(struct db *db, int64_t id, bool named) {
    struct query *query = db_query(db, "UPDATE workflow SET named = ?2 WHERE id = ?1");
    db_bind_integer(query, 1, id);
    db_bind_integer(query, 2, named);
    db_run(query);
}

void workflows_check_named(struct db *db, void *context, on_wrong_row *on_wrong) {
    struct query *query = db_query(db, "SELECT id, named FROM workflow w WHERE turn = 0 AND named <> "
                                       "EXISTS (SELECT 1 FROM request r WHERE r.workflow_id = w.workflow_id)");
    while (db_row(query))
        on_wrong(context, db_integer(query, 0),
                 db_integer(query, 1) != 0 ? "is named by no request" : "is named by a request");
}

int64_t workflows_last_id(struct db *db) {
    return db_value(db, "SELECT max(id) FROM workflow", 0);
}

/* -- removing --------------------------------------------------------------------------------------------------- */

int64_t workflows_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection) {
    return selection_next(
        db_query(db, "SELECT id FROM workflow WHERE id > ?1 AND id <= ?6 AND (created_at < ?2 OR session = ?3 "
                     "OR account = ?4 OR NULL = ?5) ORDER BY id LIMIT 1"),
        after, last, selection);
}

void workflows_delete(struct db *db, int64_t id) {
    db_run_of(db, "DELETE FROM workflow WHERE id = ?1", id);
}
