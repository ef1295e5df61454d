/* render_table: a table as people read it, in a pipe as wide as it is, on a terminal so that it fits. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <wchar.h>

#include "base/clock.h"
#include "report/table_private.h"

enum { GAP = 2, TEXT_LEAST = 8, TEXT_READABLE = 24 };

static const char ELLIPSIS[] = "…";

/* ---- widths on a terminal ---- */

void display_enter(struct display *display) {
    display->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    display->former = display->utf8 != (locale_t)0 ? uselocale(display->utf8) : (locale_t)0;
}

void display_leave(struct display *display) {
    if (display->utf8 == (locale_t)0)
        return;
    uselocale(display->former);
    freelocale(display->utf8);
}

/* Moves *S past its first character and returns the columns that takes. */
static size_t display_step(struct span *s) {
    uint32_t point;
    size_t size = utf8_decode(*s, &point);
    int width = size > 1 ? wcwidth((wchar_t)point) : 1;
    size = size > 0 ? size : 1;
    s->s += size;
    s->n -= size;
    return width < 0 ? 1 : (size_t)width; /* a character that the locale does not know */
}

size_t display_width(struct span s) {
    size_t width = 0;
    while (s.n > 0)
        width += display_step(&s);
    return width;
}

/* The bytes of the longest beginning of S that takes no more than WIDTH columns. */
static size_t display_fit(struct span s, size_t width) {
    struct span rest = s;
    size_t used = 0, fitting = 0;
    while (rest.n > 0) {
        used += display_step(&rest);
        if (used > width)
            break;
        fitting = s.n - rest.n;
    }
    return fitting;
}

void display_cut(struct text *text, struct span s, size_t width) {
    if (display_fit(s, width) == s.n) {
        text_append(text, s);
    } else if (width > 0) {
        text_bytes(text, s.s, display_fit(s, width - 1));
        text_string(text, ELLIPSIS);
    }
}

/* ---- cells ---- */

void text_grouped(struct text *text, const char *digits) {
    if (*digits == '-')
        text_bytes(text, digits++, 1);
    size_t whole = strcspn(digits, ".");
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            text_string(text, ",");
        text_bytes(text, digits + i, 1);
    }
    text_string(text, digits + whole);
}

static void append_count(struct text *text, int64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    text_grouped(text, digits);
}

/* What rounds to zero has no sign. */
static void append_fixed(struct text *text, double value, int decimals) {
    bool zero = fabs(value) < 0.5 * pow(10, -decimals);
    text_format(text, "%.*f", decimals, zero ? 0 : value);
}

static void append_real(struct text *text, double value) {
    append_fixed(text, value, 3);
    while (text->s[text->n - 1] == '0')
        text->n--;
    if (text->s[text->n - 1] == '.')
        text->n--;
    text->s[text->n] = '\0';
}

void text_money(struct text *text, double value) {
    char digits[336]; /* the largest double has 309 digits before the point */
    double size = fabs(value);
    int decimals = size > 0 && size < 0.99995 ? 4 : 2; /* 0.99995 and more rounds to a dollar */
    snprintf(digits, sizeof digits, "%.*f", decimals, size);
    text_string(text, value < 0 ? "-$" : "$");
    text_grouped(text, digits);
}

/* Each form is chosen by what it would round to, so that there is no 60.0s and no 59m 60s. */
static void append_seconds(struct text *text, double value) {
    double seconds = fabs(value);
    if (value < 0 && round(seconds * 10) > 0)
        text_string(text, "-");
    if (round(seconds * 10) < 600)
        text_format(text, "%.1fs", round(seconds * 10) / 10);
    else if (round(seconds) < 3600)
        text_format(text, "%.0fm %02.0fs", floor(round(seconds) / 60), fmod(round(seconds), 60));
    else
        text_format(text, "%.0fh %02.0fm", floor(round(seconds / 60) / 60), fmod(round(seconds / 60), 60));
}

static void append_time(struct text *text, int64_t us) {
    char time[TIME_TEXT];
    time_format(us, time);
    text_string(text, time);
}

static void append_members(struct text *text, const struct members *members) {
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->list[i];
        text_string(text, i > 0 ? ", " : "");
        text_escaped(text, member->key);
        text_string(text, member->key.s != NULL ? ": " : "");
        text_escaped(text, member->value.s != NULL ? member->value : span_of("-"));
    }
}

/* "detected: 2, approved: 1" or "a, b"; an empty or nested one stays JSON. */
static void append_json_flat(struct text *text, struct span json) {
    struct members members;
    if (members_parse(&members, json) && members.count > 0)
        append_members(text, &members);
    else
        text_escaped(text, json);
    members_free(&members);
}

static void append_rate(struct text *text, double value) {
    append_fixed(text, value * 100, 1);
    text_string(text, "%");
}

static void append_cell(struct text *text, enum cell_kind kind, const struct cell *cell) {
    if (!cell->known) {
        text_string(text, "-");
        return;
    }
    switch (kind) {
    case CELL_TEXT: text_escaped(text, cell->text); break;
    case CELL_ID: text_format(text, "%lld", (long long)cell->integer); break;
    case CELL_COUNT: append_count(text, cell->integer); break;
    case CELL_REAL: append_real(text, cell->real); break;
    case CELL_SCORE: append_fixed(text, cell->real, 1); break;
    case CELL_MONEY: text_money(text, cell->real); break;
    case CELL_RATE: append_rate(text, cell->real); break;
    case CELL_SECONDS: append_seconds(text, cell->real); break;
    case CELL_TIME: append_time(text, cell->integer); break;
    case CELL_JSON: append_json_flat(text, cell->text); break;
    }
}

static bool kind_is_number(enum cell_kind kind) {
    return kind >= CELL_ID && kind <= CELL_SECONDS;
}

static bool kind_is_words(enum cell_kind kind) {
    return kind == CELL_TEXT || kind == CELL_JSON;
}

/* ---- layout: what is shown, and how wide each column is ---- */

struct shown {
    struct span text; /* escaped, in the layout's arena */
    size_t width;
};

struct layout {
    size_t rows, count;
    const struct column **columns; /* those shown */
    struct shown *names, *cells;   /* the cells row after row */
    size_t *widths;
    struct arena texts;
};

static struct shown layout_show(struct layout *layout, struct text *written) {
    struct span copy = {arena_copy(&layout->texts, text_span(written).s, written->n), written->n};
    text_clear(written);
    return (struct shown){copy, display_width(copy)};
}

static void layout_fill(struct layout *layout, const struct table *table) {
    struct text written = {0};
    size_t next = 0;
    for (size_t row = 0; row < layout->rows; row++)
        for (size_t i = 0; i < layout->count; i++) {
            const struct column *column = layout->columns[i];
            append_cell(&written, column->kind, table_cell(table, row, (size_t)(column - table->columns)));
            layout->cells[next++] = layout_show(layout, &written);
        }
    for (size_t i = 0; i < layout->count; i++) {
        text_escaped(&written, span_of(layout->columns[i]->name));
        layout->names[i] = layout_show(layout, &written);
    }
    text_free(&written);
}

static void layout_begin(struct layout *layout, const struct table *table) {
    *layout = (struct layout){.rows = table_rows(table)};
    layout->columns = xcalloc(table->column_count, sizeof *layout->columns);
    for (size_t i = 0; i < table->column_count; i++)
        if (table->single || table->columns[i].place != DETAIL)
            layout->columns[layout->count++] = &table->columns[i];
    layout->names = xcalloc(layout->count, sizeof *layout->names);
    layout->cells = xreallocarray(NULL, layout->rows * layout->count, sizeof *layout->cells);
    layout->widths = xcalloc(layout->count, sizeof *layout->widths);
    layout_fill(layout, table);
}

static void layout_end(struct layout *layout) {
    free(layout->columns);
    free(layout->names);
    free(layout->cells);
    free(layout->widths);
    arena_free(&layout->texts);
}

/* The next header line of a name: as much of *REST as fits, up to an underscore if it goes on; moves *REST past it. */
static struct span header_take(struct span *rest, size_t width) {
    size_t size = display_fit(*rest, width), part = size;
    while (size < rest->n && part > 0 && rest->s[part - 1] != '_')
        part--;
    size = part > 0 ? part : size > 0 ? size : rest->n;
    struct span line = {rest->s, size};
    rest->s += size;
    rest->n -= size;
    return line;
}

static size_t header_height(struct span name, size_t width) {
    size_t lines = 0;
    for (; name.n > 0; lines++)
        header_take(&name, width);
    return lines;
}

/* The width of the longest of the parts between a name's underscores, each with the one that ends it. */
static size_t header_part(struct span name) {
    size_t longest = 0;
    while (name.n > 0) {
        const char *bar = memchr(name.s, '_', name.n);
        size_t size = bar != NULL ? (size_t)(bar - name.s) + 1 : name.n;
        size_t width = display_width((struct span){name.s, size});
        longest = width > longest ? width : longest;
        name.s += size;
        name.n -= size;
    }
    return longest;
}

static void layout_measure(struct layout *layout, bool wrapped) {
    for (size_t i = 0; i < layout->count; i++) {
        size_t width = wrapped ? header_part(layout->names[i].text) : layout->names[i].width;
        for (size_t row = 0; row < layout->rows; row++) {
            size_t cell = layout->cells[row * layout->count + i].width;
            width = cell > width ? cell : width;
        }
        layout->widths[i] = width;
    }
}

static size_t layout_width(const struct layout *layout) {
    size_t width = (layout->count - 1) * GAP;
    for (size_t i = 0; i < layout->count; i++)
        width += layout->widths[i];
    return width;
}

/* Whether words would be cut below a width at which they can be read. */
static bool layout_crowded(struct layout *layout, size_t width) {
    layout_measure(layout, true);
    for (size_t i = 0; i < layout->count; i++)
        if (kind_is_words(layout->columns[i]->kind) && layout->widths[i] > TEXT_READABLE)
            layout->widths[i] = TEXT_READABLE;
    return layout_width(layout) > width;
}

/* Leaves out the rightmost column that may be left out; false if there is none. */
static bool layout_drop(struct layout *layout) {
    size_t dropped = layout->count, to = 0;
    while (dropped > 0 && layout->columns[dropped - 1]->place != IF_ROOM)
        dropped--;
    if (dropped-- == 0)
        return false;
    for (size_t from = 0; from < layout->rows * layout->count; from++)
        if (from % layout->count != dropped)
            layout->cells[to++] = layout->cells[from];
    for (size_t i = dropped; i + 1 < layout->count; i++) {
        layout->columns[i] = layout->columns[i + 1];
        layout->names[i] = layout->names[i + 1];
    }
    layout->count--;
    return true;
}

/* The widest column that may be cut, the last one of equals; COUNT if there is none. */
static size_t layout_widest(const struct layout *layout) {
    size_t widest = layout->count, width = TEXT_LEAST + 1;
    for (size_t i = 0; i < layout->count; i++) {
        if (kind_is_words(layout->columns[i]->kind) && layout->widths[i] >= width) {
            width = layout->widths[i];
            widest = i;
        }
    }
    return widest;
}

/* First wraps the header, then cuts words; what still does not fit, numbers on a narrow terminal, is left as it is. */
static void layout_squeeze(struct layout *layout, size_t width) {
    layout_measure(layout, true);
    for (size_t i = 0; i < layout->count; i++) /* a long text takes no longer than a short one */
        if (kind_is_words(layout->columns[i]->kind) && layout->widths[i] > width + TEXT_LEAST)
            layout->widths[i] = width + TEXT_LEAST;
    for (size_t widest; layout_width(layout) > width; layout->widths[widest]--) {
        widest = layout_widest(layout);
        if (widest == layout->count)
            break;
    }
}

/* ---- printing ---- */

static void append_spaces(struct text *line, size_t count) {
    text_format(line, "%*s", (int)count, "");
}

/* Appends column I of a line: the gap before it, and what is shown in its width. */
static void append_aligned(struct text *line, const struct layout *layout, size_t i, struct span shown, size_t width) {
    size_t space = layout->widths[i] > width ? layout->widths[i] - width : 0;
    bool right = kind_is_number(layout->columns[i]->kind);
    append_spaces(line, (i > 0 ? GAP : 0) + (right ? space : 0));
    display_cut(line, shown, right ? width : layout->widths[i]);
    append_spaces(line, right ? 0 : space);
}

static void print_line(struct text *line, bool bold, FILE *out) {
    while (line->n > 0 && line->s[line->n - 1] == ' ')
        line->n--;
    fputs(bold ? "\033[1m" : "", out);
    fwrite(text_span(line).s, 1, line->n, out);
    fputs(bold ? "\033[0m\n" : "\n", out);
    text_clear(line);
}

/* Line INDEX of HEIGHT of a name in WIDTH columns; its last line stands lowest. */
static struct span header_line(struct span name, size_t width, size_t index, size_t height) {
    size_t own = header_height(name, width);
    if (index + own < height)
        return span_of("");
    struct span line = span_of("");
    for (size_t i = 0; i <= index + own - height; i++)
        line = header_take(&name, width);
    return line;
}

static void print_header(const struct layout *layout, bool bold, FILE *out) {
    struct text line = {0};
    size_t height = 0;
    for (size_t i = 0; i < layout->count; i++) {
        size_t own = header_height(layout->names[i].text, layout->widths[i]);
        height = own > height ? own : height;
    }
    for (size_t index = 0; index < height; index++) {
        for (size_t i = 0; i < layout->count; i++) {
            struct span part = header_line(layout->names[i].text, layout->widths[i], index, height);
            append_aligned(&line, layout, i, part, display_width(part));
        }
        print_line(&line, bold, out);
    }
    text_free(&line);
}

static void print_rows(const struct layout *layout, FILE *out) {
    struct text line = {0};
    const struct shown *cell = layout->cells;
    for (size_t row = 0; row < layout->rows; row++) {
        for (size_t i = 0; i < layout->count; i++, cell++)
            append_aligned(&line, layout, i, cell->text, cell->width);
        print_line(&line, false, out);
    }
    text_free(&line);
}

static void print_many(struct layout *layout, const struct table_style *style, FILE *out) {
    layout_measure(layout, false);
    if (style->width > 0 && layout_width(layout) > (size_t)style->width) {
        while (layout_crowded(layout, (size_t)style->width) && layout_drop(layout))
            ;
        layout_squeeze(layout, (size_t)style->width);
    }
    print_header(layout, style->colour, out);
    print_rows(layout, out);
}

static void print_single(const struct layout *layout, const struct table_style *style, FILE *out) {
    struct text line = {0};
    size_t longest = 0;
    for (size_t i = 0; i < layout->count; i++)
        longest = layout->names[i].width > longest ? layout->names[i].width : longest;
    size_t left = longest + GAP, width = (size_t)style->width;
    size_t room = width > left + TEXT_LEAST ? width - left : TEXT_LEAST;
    for (size_t i = 0; i < layout->count; i++) {
        const struct shown *name = &layout->names[i], *cell = &layout->cells[i];
        bool cut = style->width > 0 && kind_is_words(layout->columns[i]->kind);
        text_string(&line, style->colour ? "\033[1m" : "");
        text_append(&line, name->text);
        text_string(&line, style->colour ? "\033[0m" : "");
        append_spaces(&line, left - name->width);
        display_cut(&line, cell->text, cut ? room : cell->width);
        print_line(&line, false, out);
    }
    text_free(&line);
}

void print_people(const struct table *table, const struct table_style *style, FILE *out) {
    struct display display;
    struct layout layout;
    if (table_rows(table) == 0)
        return;
    display_enter(&display);
    layout_begin(&layout, table);
    if (table->single)
        print_single(&layout, style, out);
    else if (layout.count > 0)
        print_many(&layout, style, out);
    layout_end(&layout);
    display_leave(&display);
}
