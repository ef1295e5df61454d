/* table: rows of typed cells, and every way to print them.
 *
 * A report fills a table and knows nothing of formats; here is all the rendering and escaping. A table owns copies of
 * what it is given. Cells are appended from left to right; a row is whole when its last column is filled.
 */
#ifndef PL_REPORT_TABLE_H
#define PL_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text.h"

enum cell_kind {
    CELL_TEXT,    /* a person's or program's words */
    CELL_ID,      /* a row's number in the database: no figure */
    CELL_COUNT,   /* a whole number: a table prints 12,345 */
    CELL_REAL,    /* any number */
    CELL_SCORE,   /* 0 to 100, one decimal */
    CELL_MONEY,   /* US dollars: a table prints $1,234.50, and $0.0250 below a dollar */
    CELL_RATE,    /* 0 to 1: a table prints it in percent, 66.7% */
    CELL_SECONDS, /* a duration: a table prints 45.0s, 12m 30s, 3h 05m */
    CELL_TIME,    /* microseconds since 1970: "YYYY-MM-DD HH:MM:SS", UTC */
    CELL_JSON,    /* JSON text, whole and valid: stands as it is in JSON, and in a table as "name: value, ..." */
};

/* Which columns a table of many rows shows to people, so that it fits; a single one, and every other format, has all.
 */
enum column_place {
    SHOWN,
    DETAIL,  /* never */
    IF_ROOM, /* unless the terminal is too narrow; the rightmost is left out first */
};

struct column {
    const char *name; /* as the database's column */
    enum cell_kind kind;
    enum column_place place;
};

enum table_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_TSV, FORMAT_PROMETHEUS };

struct table_style {
    enum table_format format;
    int width;   /* columns of the terminal; 0: not a terminal, nothing is cut */
    bool colour; /* header and empty values may be coloured */
};

/* COLUMNS must outlive the table. REPORT names it ("patterns"), for Prometheus. A single table has one row, which is a
 * record: printed downwards, "name  value" a line, and in JSON as an object instead of an array of objects. */
struct table *table_new(const char *report, const struct column *columns, size_t count, bool single);
void table_free(struct table *table);

void table_null(struct table *table);
void table_text(struct table *table, struct span text); /* CELL_TEXT, CELL_JSON; a NULL span is null */
void table_integer(struct table *table, int64_t value); /* CELL_ID, CELL_COUNT, CELL_TIME */
void table_real(struct table *table, double value);     /* the others */
size_t table_rows(const struct table *table);           /* whole rows so far */

/* Prints all of it. Every name and text is escaped as the format needs; a terminal never sees a control character. */
void table_print(const struct table *table, const struct table_style *style, FILE *out);
/* The style for OUT: width and colour if it is a terminal, $COLUMNS and $NO_COLOR considered. */
struct table_style table_style_for(FILE *out, enum table_format format);
/* "table", "json", "csv", "tsv" or "prometheus"; false for another name. */
bool table_format_named(const char *name, enum table_format *format);

#endif
