#include "report/table.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "report/table_private.h"

enum { WIDTH_LEAST = 20, WIDTH_USUAL = 80 };

struct table *table_new(const char *report, const struct column *columns, size_t count, bool single) {
    assert(count > 0);
    struct table *table = xcalloc(1, sizeof *table);
    table->report = xstrdup(report);
    table->columns = columns;
    table->column_count = count;
    table->single = single;
    return table;
}

void table_free(struct table *table) {
    if (table == NULL)
        return;
    arena_free(&table->texts);
    free(table->cells);
    free(table->report);
    free(table);
}

static enum cell_kind next_kind(const struct table *table) {
    return table->columns[table->count % table->column_count].kind;
}

static void append(struct table *table, struct cell cell) {
    assert(!table->single || table->count < table->column_count);
    if (table->count == table->capacity) {
        table->capacity = table->capacity > 0 ? table->capacity * 2 : 64;
        table->cells = xreallocarray(table->cells, table->capacity, sizeof *table->cells);
    }
    table->cells[table->count++] = cell;
}

void table_null(struct table *table) {
    append(table, (struct cell){.known = false});
}

void table_text(struct table *table, struct span text) {
    enum cell_kind kind = next_kind(table);
    assert(kind == CELL_TEXT || kind == CELL_JSON);
    if (text.s == NULL || (kind == CELL_JSON && span_is(text, "null"))) {
        table_null(table);
        return;
    }
    struct span copy = {arena_copy(&table->texts, text.s, text.n), text.n};
    append(table, (struct cell){.known = true, .text = copy});
}

void table_integer(struct table *table, int64_t value) {
    assert(next_kind(table) == CELL_ID || next_kind(table) == CELL_COUNT || next_kind(table) == CELL_TIME);
    append(table, (struct cell){.known = true, .integer = value});
}

void table_real(struct table *table, double value) {
    assert(next_kind(table) >= CELL_REAL && next_kind(table) <= CELL_SECONDS);
    if (!isfinite(value))
        table_null(table);
    else
        append(table, (struct cell){.known = true, .real = value == 0 ? 0 : value});
}

size_t table_rows(const struct table *table) {
    return table->count / table->column_count;
}

void table_print(const struct table *table, const struct table_style *style, FILE *out) {
    switch (style->format) {
    case FORMAT_TABLE: print_people(table, style, out); break;
    case FORMAT_JSON: print_json(table, out); break;
    case FORMAT_CSV: print_csv(table, out); break;
    case FORMAT_TSV: print_tsv(table, out); break;
    case FORMAT_PROMETHEUS: print_prometheus(table, out); break;
    }
}

static int terminal_width(int fd) {
    const char *columns = getenv("COLUMNS");
    char *end = NULL;
    long wanted = columns != NULL ? strtol(columns, &end, 10) : 0;
    if (wanted >= WIDTH_LEAST && wanted <= INT_MAX && *end == '\0')
        return (int)wanted;
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return WIDTH_USUAL;
}

static bool colour_wanted(void) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return (no_color == NULL || *no_color == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
}

struct table_style table_style_for(FILE *out, enum table_format format) {
    int fd = fileno(out);
    if (fd < 0 || !isatty(fd))
        return (struct table_style){.format = format};
    return (struct table_style){.format = format, .width = terminal_width(fd), .colour = colour_wanted()};
}

bool table_format_named(const char *name, enum table_format *format) {
    static const char *const names[] = {"table", "json", "csv", "tsv", "prometheus"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *format = (enum table_format)i;
            return true;
        }
    }
    return false;
}
