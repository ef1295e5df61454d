/* render_data: a table as programs read it: JSON, CSV, TSV, and Prometheus' text exposition format 0.0.4.
 *
 * No byte of a record that a terminal would obey is printed in any of them, since any of them may be printed on one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "input/json.h"
#include "report/table_private.h"

static void print_text(struct text *text, FILE *out) {
    fwrite(text_span(text).s, 1, text->n, out);
    text_clear(text);
}

/* Appends the number or time of a cell that is neither text nor JSON. */
static void append_plain(struct text *text, enum cell_kind kind, const struct cell *cell) {
    if (kind == CELL_ID || kind == CELL_COUNT) {
        text_format(text, "%" PRId64, cell->integer);
    } else if (kind == CELL_TIME) {
        char time[TIME_TEXT];
        time_format(cell->integer, time);
        text_string(text, time);
    } else {
        text_json_real(text, cell->real);
    }
}

/* Appends JSON as it stands, but on one line, and in its strings without the control characters that JSON allows. */
static void append_json(struct text *text, struct span json) {
    while (json.n > 0) {
        uint32_t point;
        size_t size = utf8_decode(json, &point);
        if (size == 0)
            text_string(text, "\\ufffd");
        else if (point < 0x20)
            text_string(text, " "); /* between tokens: within strings it is not valid */
        else if (point >= 0x7f && point <= 0x9f)
            text_format(text, "\\u%04x", point);
        else
            text_bytes(text, json.s, size);
        size = size > 0 ? size : 1;
        json.s += size;
        json.n -= size;
    }
}

/* ---- JSON ---- */

static bool utf8_valid(struct span s) {
    while (s.n > 0) {
        uint32_t point;
        size_t size = utf8_decode(s, &point);
        if (size == 0)
            return false;
        s.s += size;
        s.n -= size;
    }
    return true;
}

/* JSON has no words for bytes that are not UTF-8, such as a file's name may have: they stand as \xNN. */
static void append_string(struct text *text, struct span string) {
    if (utf8_valid(string)) {
        text_json_string(text, string);
        return;
    }
    struct text escaped = {0};
    text_escaped(&escaped, string);
    text_json_string(text, text_span(&escaped));
    text_free(&escaped);
}

static void append_value(struct text *text, enum cell_kind kind, const struct cell *cell) {
    if (!cell->known) {
        text_string(text, "null");
    } else if (kind == CELL_TEXT) {
        append_string(text, cell->text);
    } else if (kind == CELL_JSON) {
        append_json(text, cell->text);
    } else {
        text_string(text, kind == CELL_TIME ? "\"" : "");
        append_plain(text, kind, cell);
        text_string(text, kind == CELL_TIME ? "\"" : "");
    }
}

static void append_object(struct text *text, const struct table *table, size_t row) {
    text_string(text, "{");
    for (size_t i = 0; i < table->column_count; i++) {
        text_string(text, i > 0 ? "," : "");
        append_string(text, span_of(table->columns[i].name));
        text_string(text, ":");
        append_value(text, table->columns[i].kind, table_cell(table, row, i));
    }
    text_string(text, "}");
}

void print_json(const struct table *table, FILE *out) {
    struct text line = {0};
    size_t rows = table_rows(table);
    if (rows == 0)
        text_string(&line, table->single ? "{}" : "[]");
    for (size_t row = 0; row < rows; row++) {
        text_string(&line, table->single ? "" : row > 0 ? ",\n " : "[\n ");
        append_object(&line, table, row);
        print_text(&line, out);
    }
    text_string(&line, rows > 0 && !table->single ? "\n]\n" : "\n");
    print_text(&line, out);
    text_free(&line);
}

/* ---- CSV and TSV ---- */

static void append_field(struct text *field, enum cell_kind kind, const struct cell *cell) {
    if (!cell->known)
        return;
    if (kind == CELL_TEXT)
        text_escaped(field, cell->text);
    else if (kind == CELL_JSON)
        append_json(field, cell->text);
    else
        append_plain(field, kind, cell);
}

/* As RFC 4180 wants it; FIELD is escaped, so that it has no line ends. */
static void append_quoted(struct text *line, struct span field) {
    text_string(line, "\"");
    for (size_t i = 0; i < field.n; i++)
        text_bytes(line, field.s[i] == '"' ? "\"\"" : field.s + i, field.s[i] == '"' ? 2 : 1);
    text_string(line, "\"");
}

/* Moves FIELD to the end of LINE. In CSV an empty text is quoted, which tells it from null. */
static void move_field(struct text *line, struct text *field, bool csv, bool known) {
    struct span words = text_span(field);
    bool special = memchr(words.s, ',', words.n) != NULL || memchr(words.s, '"', words.n) != NULL;
    if (csv && (special || (known && words.n == 0)))
        append_quoted(line, words);
    else
        text_append(line, words);
    text_clear(field);
}

static void print_separated(const struct table *table, const char *separator, bool csv, FILE *out) {
    struct text line = {0}, field = {0};
    for (size_t i = 0; i < table->column_count; i++) {
        text_string(&line, i > 0 ? separator : "");
        text_escaped(&field, span_of(table->columns[i].name));
        move_field(&line, &field, csv, true);
    }
    for (size_t row = 0; row < table_rows(table); row++) {
        text_string(&line, "\n");
        print_text(&line, out);
        for (size_t i = 0; i < table->column_count; i++) {
            const struct cell *cell = table_cell(table, row, i);
            text_string(&line, i > 0 ? separator : "");
            append_field(&field, table->columns[i].kind, cell);
            move_field(&line, &field, csv, cell->known);
        }
    }
    text_string(&line, "\n");
    print_text(&line, out);
    text_free(&field);
    text_free(&line);
}

void print_csv(const struct table *table, FILE *out) {
    print_separated(table, ",", true, out);
}

void print_tsv(const struct table *table, FILE *out) {
    print_separated(table, "\t", false, out);
}

/* ---- flat JSON, taken apart by yajl ---- */

static void add_member(struct members *members, const struct json_node *node) {
    if (members->count == members->capacity) {
        members->capacity = members->capacity > 0 ? members->capacity * 2 : 8;
        members->list = xreallocarray(members->list, members->capacity, sizeof *members->list);
    }
    struct span value = node->text, key = node->key;
    if (node->type == JSON_TRUE || node->type == JSON_FALSE)
        value = span_of(node->type == JSON_TRUE ? "true" : "false");
    members->list[members->count++] = (struct member){
        .key = {key.s != NULL ? arena_copy(&members->texts, key.s, key.n) : NULL, key.n},
        .value = {value.s != NULL ? arena_copy(&members->texts, value.s, value.n) : NULL, value.n},
        .number = node->type == JSON_NUMBER,
    };
}

static bool nested(const struct json_node *node) {
    return node->type == JSON_ARRAY || node->type == JSON_OBJECT;
}

bool members_parse(struct members *members, struct span text) {
    struct json *json = json_new(NULL);
    *members = (struct members){.shape = SHAPE_SCALAR};
    bool flat = json_parse(json, text);
    const struct json_node *nodes = json_nodes(json);
    if (flat && !nested(&nodes[0])) {
        add_member(members, &nodes[0]);
    } else if (flat) {
        members->shape = nodes[0].type == JSON_ARRAY ? SHAPE_ARRAY : SHAPE_OBJECT;
        for (uint32_t at = 1; flat && at < nodes[0].next; at = nodes[at].next) {
            flat = !nested(&nodes[at]);
            if (flat)
                add_member(members, &nodes[at]);
        }
    }
    json_free(json);
    return flat;
}

void members_free(struct members *members) {
    free(members->list);
    arena_free(&members->texts);
}

/* ---- Prometheus ---- */

/* What identifies a row's samples. */
struct series {
    char *labels; /* name="value",... of its texts */
    size_t row;
    bool repeated; /* an earlier row has the same labels, and a series may have one sample only */
};

static void append_name(struct text *text, const char *name) {
    for (; *name != '\0'; name++) {
        bool allowed = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                       (*name >= '0' && *name <= '9') || *name == '_';
        text_bytes(text, allowed ? name : "_", 1);
    }
}

static void append_label(struct text *labels, const char *name, struct span value) {
    struct text escaped = {0};
    text_string(labels, labels->n > 0 ? "," : "");
    text_string(labels, *name >= '0' && *name <= '9' ? "_" : "");
    append_name(labels, name);
    text_string(labels, "=\"");
    text_escaped(&escaped, value); /* leaves no newline to escape */
    for (size_t i = 0; i < escaped.n; i++) {
        text_string(labels, escaped.s[i] == '\\' || escaped.s[i] == '"' ? "\\" : "");
        text_bytes(labels, escaped.s + i, 1);
    }
    text_string(labels, "\"");
    text_free(&escaped);
}

static char *labels_of(const struct table *table, size_t row) {
    struct text labels = {0};
    text_string(&labels, "");
    for (size_t i = 0; i < table->column_count; i++) {
        const struct cell *cell = table_cell(table, row, i);
        if (table->columns[i].kind == CELL_TEXT && cell->known)
            append_label(&labels, table->columns[i].name, cell->text);
    }
    return labels.s;
}

static int order_by_labels(const void *a, const void *b) {
    const struct series *left = a, *right = b;
    int order = strcmp(left->labels, right->labels);
    return order != 0 ? order : (left->row > right->row) - (left->row < right->row);
}

static int order_by_row(const void *a, const void *b) {
    const struct series *left = a, *right = b;
    return (left->row > right->row) - (left->row < right->row);
}

static struct series *series_of(const struct table *table) {
    size_t rows = table_rows(table);
    struct series *series = xcalloc(rows, sizeof *series);
    for (size_t row = 0; row < rows; row++)
        series[row] = (struct series){.labels = labels_of(table, row), .row = row};
    qsort(series, rows, sizeof *series, order_by_labels);
    for (size_t i = 1; i < rows; i++)
        series[i].repeated = strcmp(series[i].labels, series[i - 1].labels) == 0;
    qsort(series, rows, sizeof *series, order_by_row);
    return series;
}

static void series_free(struct series *series, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(series[i].labels);
    free(series);
}

static void append_sample(struct text *samples, const char *metric, const char *labels, struct span value) {
    text_string(samples, metric);
    if (*labels != '\0')
        text_format(samples, "{%s}", labels);
    text_string(samples, " ");
    text_append(samples, value);
    text_string(samples, "\n");
}

static bool members_are_numbers(const struct members *members) {
    if (members->shape != SHAPE_OBJECT)
        return false;
    for (size_t i = 0; i < members->count; i++)
        if (!members->list[i].number && members->list[i].value.s != NULL)
            return false;
    return true;
}

/* A sample for each number of an object of numbers. */
static void append_members(struct text *samples, const char *metric, const char *labels, struct span json) {
    struct members members;
    struct text keyed = {0};
    bool numbers = members_parse(&members, json) && members_are_numbers(&members);
    for (size_t i = 0; numbers && i < members.count; i++) {
        if (!members.list[i].number)
            continue;
        text_clear(&keyed);
        text_string(&keyed, labels);
        append_label(&keyed, "key", members.list[i].key);
        append_sample(samples, metric, keyed.s, members.list[i].value);
    }
    text_free(&keyed);
    members_free(&members);
}

static void append_number(struct text *samples, const char *metric, const char *labels, enum cell_kind kind,
                          const struct cell *cell) {
    struct text value = {0};
    if (kind == CELL_TIME)
        text_json_real(&value, (double)cell->integer / (double)SECOND_US);
    else
        append_plain(&value, kind, cell);
    append_sample(samples, metric, labels, text_span(&value));
    text_free(&value);
}

static void append_samples(struct text *samples, const char *metric, const struct table *table, size_t column,
                           const struct series *series) {
    enum cell_kind kind = table->columns[column].kind;
    for (size_t row = 0; row < table_rows(table); row++) {
        const struct cell *cell = table_cell(table, row, column);
        if (!cell->known || series[row].repeated)
            continue;
        if (kind == CELL_JSON)
            append_members(samples, metric, series[row].labels, cell->text);
        else
            append_number(samples, metric, series[row].labels, kind, cell);
    }
}

void print_prometheus(const struct table *table, FILE *out) {
    struct text metric = {0}, samples = {0};
    struct series *series = series_of(table);
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].kind == CELL_TEXT || table->columns[i].kind == CELL_ID)
            continue;
        text_clear(&metric);
        text_string(&metric, "pl_");
        append_name(&metric, table->report);
        text_string(&metric, "_");
        append_name(&metric, table->columns[i].name);
        append_samples(&samples, metric.s, table, i, series);
        if (samples.n > 0)
            fprintf(out, "# TYPE %s gauge\n", metric.s);
        print_text(&samples, out);
    }
    series_free(series, table_rows(table));
    text_free(&samples);
    text_free(&metric);
}
