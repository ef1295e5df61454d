#include "ledger/history.h"

#include <math.h>

#include "base/diag.h"
#include "ledger/db.h"
#include "ledger/schema.h"

/* A table that other programs keep, and what its rows are. */
struct foreign_table {
    const char *name, *select;
    enum record_kind kind;
};

static const struct foreign_table tables[] = {
    {"workflow_history", "SELECT * FROM workflow_history", KIND_WORKFLOW},
    {"routing_metrics", "SELECT * FROM routing_metrics", KIND_REQUEST},
    {"response_feedback", "SELECT * FROM response_feedback", KIND_FEEDBACK},
};

enum { TABLES = sizeof tables / sizeof *tables, HASH_DIGITS = 16 };

static int column_named(struct query *query, const char *name) {
    for (int i = 0; i < db_columns(query); i++)
        if (span_is(span_of(db_column_name(query, i)), name))
            return i;
    return -1;
}

/* A row's own workflow_id comes first; adw_id serves where there is none. */
static struct span member_name(struct query *query, int column) {
    struct span name = span_of(db_column_name(query, column));
    int id = column_named(query, "workflow_id");
    if (span_is(name, "adw_id") && (id < 0 || db_is_null(query, id)))
        return span_of("workflow_id");
    return name;
}

/* A cost that the other database had from prices is none that was given. */
static bool is_priced(struct query *query) {
    int source = column_named(query, "cost_source");
    return source >= 0 && span_is(db_text(query, source), "priced");
}

static bool is_hash(struct span text) {
    return text.n == HASH_DIGITS && strspn(text.s, "0123456789abcdefABCDEF") == HASH_DIGITS;
}

/* Whether other programs mean by the column what a record means by it. */
static bool means_the_same(struct query *query, int column, struct span name) {
    if (span_is(name, "complexity_score"))
        return db_is_number(query, column) && db_real(query, column) >= 0 && db_real(query, column) <= 1;
    if (span_is(name, "prompt_hash"))
        return is_hash(db_text(query, column));
    if (span_is(name, "cost") || span_is(name, "actual_cost_total"))
        return !is_priced(query);
    return record_names(name) != JSON_UNWANTED && !span_is(name, "kind");
}

/* Databases have no true and false. */
static bool is_verdict(struct span name) {
    return span_is(name, "is_correct") || span_is(name, "is_helpful") || span_is(name, "success");
}

static void value_json(struct query *query, int column, struct span name, struct text *json) {
    bool number = db_is_number(query, column); /* asked first: reading a column as text may change its type */
    double verdict = number && is_verdict(name) ? db_real(query, column) : (double)NAN;
    if (!number)
        text_json_string(json, db_text(query, column));
    else if (verdict == 0 || verdict == 1)
        text_string(json, verdict == 1 ? "true" : "false");
    else
        text_append(json, db_text(query, column));
}

/* A row as the text of a JSON object: what a database holds goes the way that everything goes, with all its checks. */
static void row_json(struct query *query, enum record_kind kind, struct text *json) {
    text_clear(json);
    text_format(json, "{\"kind\":\"%s\"", record_kind_name(kind));
    for (int i = 0; i < db_columns(query); i++) {
        struct span name = member_name(query, i);
        if (db_is_null(query, i) || !means_the_same(query, i, name))
            continue;
        text_string(json, ",");
        text_json_string(json, name);
        text_string(json, ":");
        value_json(query, i, name, json);
    }
    text_string(json, "}");
}

static bool has_table(struct db *db, const char *name) {
    struct query *query = db_query(db, "SELECT 1 FROM sqlite_schema WHERE name = ?1 AND type IN ('table', 'view')");
    db_bind_text(query, 1, span_of(name));
    bool has = db_row(query);
    db_end(query);
    return has;
}

/* Of a database of pl, what a turn took is its requests' to say, and they are not taken. */
static const char no_turns[] = "SELECT * FROM workflow_history "
                               "WHERE workflow_id NOT IN (SELECT workflow_id FROM session_turns)";

/* Rows are named in messages by their table and their number in it. */
static bool read_table(struct intake *intake, struct db *db, const struct foreign_table *table, const char *path) {
    struct json *json = json_new(record_names);
    struct text text = {0}, name = {0};
    bool going_on = true;
    text_format(&name, "%s(%s)", path, table->name);
    struct query *query = db_query(db, table->kind == KIND_WORKFLOW && has_table(db, "session_turns") ? no_turns
                                                                                                      : table->select);
    for (uint64_t row = 1; going_on && db_row(query); row++) {
        row_json(query, table->kind, &text);
        intake_take_text(intake, json, text_span(&text), name.s, row);
        going_on = !intake_pause(intake);
    }
    db_end(query);
    going_on = intake_flush(intake) == INTAKE_DONE && going_on; /* before the name is gone */
    text_free(&name);
    text_free(&text);
    json_free(json);
    return going_on;
}

/* A database of pl keeps what it derived of requests and ratings beside what was given, and of some no id: taken in as
 * records, they would not be those that they were, and could count twice. */
static bool is_taken(struct db *db, const struct foreign_table *table, const char *path) {
    bool ours = db_value(db, "PRAGMA application_id", 0) == SCHEMA_APPLICATION;
    bool taken = table->kind == KIND_WORKFLOW || !ours;
    if (!taken &&
        db_value(db, "SELECT count(*) FROM (SELECT 1 FROM request UNION ALL SELECT 1 FROM feedback LIMIT 1)", 0) > 0 &&
        table->kind == KIND_REQUEST)
        complain("warning: %s: of a database of pl only the workflows that are no turns are taken in: read the logs of "
                 "its requests, turns and ratings again",
                 path);
    return taken;
}

enum intake_end history_read(struct intake *intake, const char *path, struct text *error) {
    struct db *db = db_open(path, DB_FOREIGN);
    bool any = false, going_on = true;
    for (int i = 0; i < TABLES && going_on; i++) {
        if (!has_table(db, tables[i].name))
            continue;
        any = true;
        going_on = !is_taken(db, &tables[i], path) || read_table(intake, db, &tables[i], path);
    }
    if (!any)
        db_fail(db, "holds no table workflow_history, routing_metrics or response_feedback");
    enum intake_end end = db_failed(db) ? INTAKE_FAILED : INTAKE_DONE;
    if (db_failed(db)) {
        text_clear(error);
        text_string(error, db_error(db));
    }
    db_close(db);
    return end;
}
