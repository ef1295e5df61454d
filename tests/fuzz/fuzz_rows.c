/* A database of ours whose rows say what none of our programs would write. The input is a digit that says what is done
 * with it, and then a line a damage: TABLE COLUMN ROW VALUE. ROW counts from 0; VALUE is null, a number, 'text, or x
 * and hexadecimal digits; "-" removes the row. A table or column that is not there stands for one that is. */
#include <fcntl.h>
#include <sqlite3.h>

#include "database.h"

enum { NAMES_MAX = 64, DAMAGES_MAX = 12 };

struct list {
    char *items[NAMES_MAX];
    int count;
};

struct damage {
    const char *table, *column, *row, *value;
};

static void collect(sqlite3 *sqlite, const char *sql, struct list *list) {
    sqlite3_stmt *statement;
    must(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) == SQLITE_OK, sql);
    list->count = 0;
    while (sqlite3_step(statement) == SQLITE_ROW && list->count < NAMES_MAX)
        list->items[list->count++] = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
}

static void list_free(struct list *list) {
    while (list->count > 0)
        free(list->items[--list->count]);
}

/* NAME, or the one that stands for it. */
static const char *pick(const struct list *list, const char *name) {
    uint64_t sum = 0;
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return name;
    for (const char *s = name; *s != '\0'; s++)
        sum = sum * 31 + (unsigned char)*s;
    return list->items[sum % (uint64_t)list->count];
}

/* No larger than this: sums and products of larger numbers than our programs write are not looked after. */
static int64_t whole_number(const char *value) {
    const int64_t most = 1000000000;
    int64_t number = strtoll(value, NULL, 10);
    return number > most ? most : number < -most ? -most : number;
}

static void bind(sqlite3_stmt *statement, const char *value) {
    unsigned char bytes[512];
    size_t size = 0;
    unsigned byte;
    if (*value == '\'')
        sqlite3_bind_text(statement, 1, value + 1, -1, SQLITE_TRANSIENT);
    else if (*value == 'x') {
        for (value++; size < sizeof bytes && sscanf(value, "%2x", &byte) == 1 && value[1] != '\0'; value += 2)
            bytes[size++] = (unsigned char)byte;
        sqlite3_bind_blob(statement, 1, bytes, (int)size, SQLITE_TRANSIENT);
    } else if (strcmp(value, "null") == 0)
        sqlite3_bind_null(statement, 1);
    else if (strpbrk(value, ".eEn") != NULL)
        sqlite3_bind_double(statement, 1, strtod(value, NULL));
    else
        sqlite3_bind_int64(statement, 1, whole_number(value));
}

/* What a constraint forbids is not done. */
static void do_damage(sqlite3 *sqlite, const struct list *tables, const struct damage *damage) {
    struct list columns;
    struct text sql = {0};
    sqlite3_stmt *statement = NULL;
    bool removes = strcmp(damage->value, "-") == 0;
    const char *table = pick(tables, damage->table);
    text_format(&sql, "SELECT name FROM pragma_table_info('%s')", table);
    collect(sqlite, sql.s, &columns);
    const char *column = pick(&columns, damage->column);
    text_clear(&sql);
    text_format(&sql, removes ? "DELETE FROM \"%s\"" : "UPDATE OR IGNORE \"%s\" SET \"%s\" = ?1", table, column);
    size_t without = sql.n;
    text_format(&sql, " WHERE rowid = (SELECT rowid FROM \"%s\" LIMIT 1 OFFSET %ld)", table,
                labs(strtol(damage->row, NULL, 10)) % 100);
    if (sqlite3_prepare_v2(sqlite, sql.s, -1, &statement, NULL) != SQLITE_OK) { /* it has no rowid */
        sql.s[without] = '\0';
        sqlite3_prepare_v2(sqlite, sql.s, -1, &statement, NULL);
    }
    if (statement != NULL && !removes)
        bind(statement, damage->value);
    if (statement != NULL)
        sqlite3_step(statement);
    sqlite3_finalize(statement);
    list_free(&columns);
    text_free(&sql);
}

static void damage_all(char *lines) {
    sqlite3 *sqlite;
    struct list tables;
    char *rest = lines, *line;
    must(sqlite3_open_v2(database.path, &sqlite, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, "there is a database");
    sqlite3_exec(sqlite,
                 "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN",
                 NULL, NULL, NULL);
    collect(sqlite, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
            &tables);
    for (int i = 0; i < DAMAGES_MAX && (line = strsep(&rest, "\n")) != NULL; i++) {
        struct damage damage = {.table = strsep(&line, " ")};
        damage.column = line != NULL ? strsep(&line, " ") : "";
        damage.row = line != NULL ? strsep(&line, " ") : "";
        damage.value = line != NULL ? line : "";
        if (*damage.table != '\0')
            do_damage(sqlite, &tables, &damage);
    }
    sqlite3_exec(sqlite, "COMMIT", NULL, NULL, NULL);
    must(sqlite3_close(sqlite) == SQLITE_OK, "damage can be done");
    list_free(&tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size);
    database_begin();
    unsigned how = take_byte(&input);
    char *lines = string_of(input);
    database_is(text_span(&database.pristine));
    damage_all(lines);
    use_database(how);
    free(lines);
    return 0;
}
