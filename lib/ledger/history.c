#include "ledger/history.h"

#include <stdio.h>

#include "ledger/db.h"

/* A row as the text of a JSON object: what a database holds goes the way that everything goes, with all its checks. */
static void row_json(struct query *query, struct text *json) {
    bool has_id = false;
    text_clear(json);
    text_string(json, "{\"kind\":\"workflow\"");
    for (int i = 0; i < db_columns(query); i++) {
        struct span name = span_of(db_column_name(query, i));
        bool other_id = span_is(name, "adw_id");
        bool ours = record_names(name) != JSON_UNWANTED && !span_is(name, "kind");
        if (db_is_null(query, i) || !(ours || other_id) || (other_id && has_id))
            continue;
        has_id = has_id || other_id || span_is(name, "workflow_id");
        text_string(json, ",");
        text_json_string(json, other_id ? span_of("workflow_id") : name);
        text_string(json, ":");
        if (db_is_number(query, i))
            text_append(json, db_text(query, i));
        else
            text_json_string(json, db_text(query, i));
    }
    text_string(json, "}");
}

static bool has_column(struct db *db, const char *name) {
    struct query *query = db_query(db, "SELECT count(*) FROM pragma_table_info('workflow_history') WHERE name = ?1");
    db_bind_text(query, 1, span_of(name));
    bool has = db_row(query) && db_integer(query, 0) > 0;
    db_end(query);
    return has;
}

/* workflow_id first, so that adw_id serves only where it is missing. */
static struct query *rows(struct db *db) {
    if (has_column(db, "workflow_id"))
        return db_query(db, "SELECT workflow_id, * FROM workflow_history");
    return db_query(db, "SELECT * FROM workflow_history");
}

enum intake_end history_read(struct intake *intake, const char *path, struct text *error) {
    struct db *db = db_open(path, DB_FOREIGN);
    struct json *json = json_new(record_names);
    struct text text = {0};
    enum intake_end end = INTAKE_DONE;
    struct query *query = rows(db);
    for (uint64_t row = 1; db_row(query); row++) {
        row_json(query, &text);
        intake_take_text(intake, json, text_span(&text), path, row);
        if (intake_pause(intake))
            break;
    }
    db_end(query);
    if (db_failed(db)) {
        text_clear(error);
        text_string(error, db_error(db));
        end = INTAKE_FAILED;
    }
    text_free(&text);
    json_free(json);
    db_close(db);
    return end;
}
