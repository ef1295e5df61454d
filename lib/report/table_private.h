/* table_private: what the files of this folder share about tables; nobody else includes it. */
#ifndef PL_REPORT_TABLE_PRIVATE_H
#define PL_REPORT_TABLE_PRIVATE_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/text.h"
#include "report/table.h"

struct cell {
    bool known;
    union {
        int64_t integer;  /* CELL_ID, CELL_COUNT, CELL_TIME */
        double real;      /* finite, and never a negative zero */
        struct span text; /* CELL_TEXT, CELL_JSON; in the table's arena */
    };
};

struct table {
    char *report;
    const struct column *columns; /* borrowed */
    size_t column_count;
    bool single;
    struct cell *cells; /* row after row */
    size_t count, capacity;
    struct arena texts;
};

static inline const struct cell *table_cell(const struct table *table, size_t row, size_t column) {
    return &table->cells[row * table->column_count + column];
}

/* Each prints all whole rows. */
void print_people(const struct table *table, const struct table_style *style, FILE *out);
void print_json(const struct table *table, FILE *out);
void print_csv(const struct table *table, FILE *out);
void print_tsv(const struct table *table, FILE *out);
void print_prometheus(const struct table *table, FILE *out);

/* A JSON text taken apart as far as it is flat: an object's or an array's scalars, or one scalar by itself. */
enum members_shape { SHAPE_SCALAR, SHAPE_ARRAY, SHAPE_OBJECT };

struct member {
    struct span key;   /* decoded; NULL outside objects */
    struct span value; /* a string decoded, others as they were written; NULL for null */
    bool number;
};

struct members {
    enum members_shape shape;
    struct member *list;
    size_t count, capacity;
    struct arena texts;
};

/* False if JSON nests, or is none; members_free is due in either case. */
bool members_parse(struct members *members, struct span json);
void members_free(struct members *members);

/* Display widths need a UTF-8 locale, whatever the program's own is: they hold between enter and leave, in this thread.
 * Without such a locale on the machine, every character beyond ASCII counts as one column. */
struct display {
    locale_t utf8, former;
};

void display_enter(struct display *display);
void display_leave(struct display *display);
/* Columns that S, which is escaped, takes on a terminal. */
size_t display_width(struct span s);
/* Appends S, cut to WIDTH columns, the last one an ellipsis, if it is wider. */
void display_cut(struct text *text, struct span s, size_t width);

/* Appends DIGITS, a decimal number, with commas between the thousands of its integer part. */
void text_grouped(struct text *text, const char *digits);
/* Appends US dollars as a table prints them. */
void text_money(struct text *text, double value);

#endif
