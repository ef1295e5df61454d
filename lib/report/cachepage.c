#include "report/cachepage.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "input/record.h"
#include "report/bars.h"
#include "report/cachedata.h"
#include "report/cachepage_private.h"

enum {
    PIPE_WIDTH = 80,
    WIDTH_LEAST = 60, /* narrower, lines are wrapped by the terminal */
    WIDTH_PAIR = 110, /* from here on charts stand side by side */
    WIDTH_NAMES = 64, /* from here on tables of names do */
    GAP = 4,
    NAME_WIDTH = 12, /* of what a line is about */
    NAMES = 5,       /* accounts and users, at most */
};

/* -- blocks: lines that may stand beside others ----------------------------------------------------------------- */

static struct span take_line(struct span *rest) {
    const char *end = rest->n > 0 ? memchr(rest->s, '\n', rest->n) : NULL;
    size_t size = end != NULL ? (size_t)(end - rest->s) : rest->n;
    struct span line = {rest->s, size};
    size = end != NULL ? size + 1 : size;
    *rest = (struct span){rest->s + size, rest->n - size};
    return line;
}

static void print_line(const struct page *page, struct span line) {
    while (line.n > 0 && line.s[line.n - 1] == ' ')
        line.n--;
    fprintf(page->out, "%.*s\n", (int)line.n, line.n > 0 ? line.s : "");
}

static void print_block(const struct page *page, const struct text *block) {
    for (struct span rest = text_span(block); rest.n > 0;)
        print_line(page, take_line(&rest));
}

/* Side by side, the second at column AT. */
static void print_beside(const struct page *page, const struct text *left, const struct text *right, size_t at) {
    struct span first = text_span(left), second = text_span(right);
    struct text line = {0};
    while (first.n > 0 || second.n > 0) {
        struct span part = take_line(&first);
        size_t width = line_width(part);
        text_clear(&line);
        text_append(&line, part);
        text_spaces(&line, at > width ? at - width : 0);
        text_append(&line, take_line(&second));
        print_line(page, text_span(&line));
    }
    text_free(&line);
}

/* Both, with an empty line before each that begins a line; side by side if BESIDE. Frees them. */
static void print_pair(const struct page *page, struct text *left, struct text *right, bool beside) {
    if (left->n > 0 || right->n > 0)
        fputs("\n", page->out);
    if (beside && left->n > 0 && right->n > 0) {
        print_beside(page, left, right, (page->width + GAP) / 2);
    } else {
        print_block(page, left);
        if (left->n > 0 && right->n > 0)
            fputs("\n", page->out);
        print_block(page, right);
    }
    text_free(left);
    text_free(right);
}

/* The table as a block of WIDTH columns. */
static void append_table(struct text *block, const struct page *page, const struct table *table, size_t width) {
    struct table_style style = page->style;
    char *printed = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&printed, &size);
    if (memory == NULL)
        die("out of memory");
    style.width = page->plain ? 0 : (int)width;
    table_print(table, &style, memory);
    fclose(memory);
    text_bytes(block, printed, size);
    free(printed);
}

/* -- head ------------------------------------------------------------------------------------------------------- */

static void append_bound(struct text *line, const char *name, int64_t at) {
    char time[TIME_TEXT];
    if (at == NO_TIME)
        return;
    time_format(at, time);
    text_format(line, ", %s %s", name, time);
}

/* What it is about, and when. */
static void print_head(const struct page *page) {
    struct text line = {0}, about = {0}, now = {0};
    char time[TIME_TEXT];
    time_format(page->asked->now, time);
    text_format(&now, "%s UTC", time);
    text_string(&about, "cache");
    if (page->asked->account != NULL) {
        text_string(&about, ", account ");
        text_escaped(&about, span_of(page->asked->account));
    }
    append_bound(&about, "since", page->asked->since);
    append_bound(&about, "until", page->asked->until);
    page_paint(&line, page, BOLD);
    display_cut(&line, text_span(&about), page->width - now.n - 2);
    page_unpaint(&line, page);
    size_t own = line_width(text_span(&line));
    text_right(&line, &now, page->width - own);
    print_line(page, text_span(&line));
    text_free(&now);
    text_free(&about);
    text_free(&line);
}

/* -- targets ---------------------------------------------------------------------------------------------------- */

/* How a target is drawn: which part of a bar its figure and its bound are. */
struct gauge {
    const char *name, *words;
    double scale;  /* what a whole bar stands for; 0: twice the bound */
    double factor; /* of the figure as it is shown */
    bool time;
};

static const struct gauge gauges[] = {
    [TARGET_HIT_RATE] = {"hit rate", "at least ", 1, 100, false},
    [TARGET_SAVINGS] = {"savings", "at least ", 100, 1, false},
    [TARGET_LOOKUP] = {"lookup p95", "at most ", 0, 1, true},
    [TARGET_WRITE] = {"write p95", "at most ", 0, 1, true},
    [TARGET_STEADY] = {"lookup, 24 h", "at most ", 0, 1, true},
};

static void append_gauge_value(struct text *text, const struct gauge *gauge, double value) {
    if (gauge->time)
        text_ms(text, value);
    else
        text_percent(text, value * gauge->factor);
}

/* A bound as it is given. */
static void append_bound_value(struct text *text, const struct gauge *gauge, double bound) {
    if (!gauge->time) {
        text_percent(text, bound * gauge->factor);
        return;
    }
    text_milliseconds(text, bound * 1e6);
    text_string(text, " ms");
}

static void append_verdict(struct text *line, const struct page *page, enum verdict verdict) {
    static const char *const marks[] = {"-", "✓", "✗"}, *const words[] = {"-     ", "met   ", "missed"};
    static const enum paint colours[] = {DIM, GREEN, RED};
    page_painted(line, page, colours[verdict], page->plain ? words[verdict] : marks[verdict]);
    text_string(line, " ");
}

/* What a target wants; of the alert, what it goes by. */
static void append_wanted(struct text *line, const struct page *page, enum cache_target target, double bound) {
    if (isnan(bound)) {
        text_string(line, "no baseline yet");
        return;
    }
    bool missed = cache_target_verdict(page->stat, page->targets, target) == VERDICT_MISSED;
    if (target == TARGET_STEADY && missed) {
        page_painted(line, page, RED, "degradation: > ");
        text_ms(line, bound);
    } else if (target == TARGET_STEADY) {
        text_string(line, "at most 1.2 x baseline");
    } else {
        text_string(line, gauges[target].words);
        append_bound_value(line, &gauges[target], bound);
    }
}

static void print_target(const struct page *page, enum cache_target target) {
    const struct gauge *gauge = &gauges[target];
    double figure = cache_target_figure(page->stat, target);
    double bound = cache_target_bound(page->stat, page->targets, target);
    double scale = gauge->scale > 0 ? gauge->scale : bound * 2;
    enum verdict verdict = cache_target_verdict(page->stat, page->targets, target);
    struct text line = {0}, value = {0};
    size_t width = page->width / 2 - 12;
    append_gauge_value(&value, gauge, figure);
    text_format(&line, "%-*s", NAME_WIDTH, gauge->name);
    text_right(&line, &value, 9);
    text_string(&line, "  ");
    page_paint(&line, page, verdict == VERDICT_MISSED ? RED : verdict == VERDICT_MET ? GREEN : DIM);
    gauge_append(&line, figure / scale, bound / scale, width, page->plain);
    page_unpaint(&line, page);
    text_string(&line, "  ");
    append_verdict(&line, page, verdict);
    append_wanted(&line, page, target, bound);
    print_line(page, text_span(&line));
    text_free(&value);
    text_free(&line);
}

/* -- facts ------------------------------------------------------------------------------------------------------ */

/* Appends a name and, at the right end of WIDTH columns, a value, which is emptied. */
static void fact(struct text *block, const char *name, struct text *value, size_t width) {
    text_string(block, name);
    text_right(block, value, width - strlen(name));
    text_string(block, "\n");
    text_clear(value);
}

static void count_facts(struct text *block, const struct cachestat *stat, size_t width) {
    struct text value = {0};
    text_count(&value, stat->hits);
    fact(block, "hits", &value, width);
    text_count(&value, stat->misses);
    fact(block, "misses", &value, width);
    text_count(&value, stat->writes);
    fact(block, "writes", &value, width);
    text_dollars(&value, stat->saved);
    fact(block, "saved", &value, width);
    text_size(&value, stat->memory_usage);
    fact(block, "memory", &value, width);
    text_free(&value);
}

static void time_facts(struct text *block, const struct cachestat *stat, size_t width) {
    struct text value = {0};
    text_ms(&value, stat->lookup_p50);
    fact(block, "lookup p50", &value, width);
    text_ms(&value, stat->lookup_p95);
    fact(block, "lookup p95", &value, width);
    text_ms(&value, stat->lookup_p99);
    fact(block, "lookup p99", &value, width);
    text_ms(&value, stat->baseline_p95);
    fact(block, "baseline p95", &value, width);
    text_ms(&value, stat->write_p95);
    fact(block, "write p95", &value, width);
    text_free(&value);
}

static void prompt_facts(struct text *block, const struct page *page, size_t width) {
    const struct prompt_cache *cache = &page->stat->prompt_cache;
    struct text value = {0};
    page_painted(block, page, BOLD, "prompt caches");
    text_string(block, "\n");
    text_count(&value, cache->requests);
    fact(block, "requests", &value, width);
    text_percent(&value, cache->hit_rate * 100);
    fact(block, "that read any", &value, width);
    text_percent(&value, cache->token_hit_rate * 100);
    fact(block, "tokens read", &value, width);
    if (isnan(cache->net_saved))
        text_string(&value, "-");
    else
        text_money(&value, cache->net_saved);
    fact(block, "net saved", &value, width);
    text_free(&value);
}

/* Three columns of them. */
static void print_facts(const struct page *page) {
    size_t width = (page->width - 2 * GAP) / 3;
    struct text counts = {0}, times = {0}, prompts = {0}, two = {0};
    count_facts(&counts, page->stat, width);
    time_facts(&times, page->stat, width);
    if (page->stat->prompt_cache.requests > 0)
        prompt_facts(&prompts, page, width);
    struct span first = text_span(&counts), second = text_span(&times);
    while (first.n > 0) {
        text_append(&two, take_line(&first));
        text_spaces(&two, GAP);
        text_append(&two, take_line(&second));
        text_string(&two, "\n");
    }
    fputs("\n", page->out);
    print_beside(page, &two, &prompts, 2 * (width + GAP));
    text_free(&two);
    text_free(&prompts);
    text_free(&times);
    text_free(&counts);
}

/* -- names ------------------------------------------------------------------------------------------------------ */

/* Who saved most; nothing without a name. */
static void append_parties(struct text *block, const struct page *page, const struct cache_savings *savings,
                           const char *kind, size_t width) {
    const struct column columns[] = {{kind, CELL_TEXT, SHOWN},
                                     {"hits", CELL_COUNT, SHOWN},
                                     {"hit_rate", CELL_RATE, IF_ROOM},
                                     {"saved", CELL_MONEY, SHOWN}};
    struct table *table = table_new("", columns, sizeof columns / sizeof *columns, false);
    for (size_t i = 0; i < savings->count && i < NAMES; i++) {
        table_text(table, span_of(savings->items[i].name));
        table_integer(table, savings->items[i].hits);
        table_real(table, hit_rate_of(&savings->items[i]));
        table_real(table, (double)savings->items[i].saved / 1e9);
    }
    append_table(block, page, table, width);
    if (savings->count > NAMES)
        text_format(block, "and %zu more\n", savings->count - NAMES);
    table_free(table);
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

static void print_charts(const struct page *page) {
    struct text left = {0}, right = {0};
    bool beside = page->width >= WIDTH_PAIR;
    size_t half = (page->width - GAP) / 2, whole = page->width;
    chart_times(&left, page, beside ? half : whole);
    chart_days(&right, page, beside ? half : whole);
    print_pair(page, &left, &right, beside);
    chart_hours(&left, page);
    print_pair(page, &left, &right, false);
}

static void print_names(const struct page *page) {
    struct text left = {0}, right = {0};
    bool beside = !page->plain && page->width >= WIDTH_NAMES;
    size_t width = beside ? (page->width - GAP) / 2 : page->width;
    if (page->stat->top_count > 0)
        fputs("\n", page->out);
    struct table_style style = page->style;
    style.width = page->plain ? 0 : (int)page->width;
    cache_signatures_print(page->stat, &style, page->out);
    append_parties(&left, page, &page->stat->per_account, "account", width);
    append_parties(&right, page, &page->stat->per_user, "user", width);
    print_pair(page, &left, &right, beside);
}

static bool narrowed(const struct cachestat_options *asked) {
    return asked->account != NULL || asked->since != NO_TIME || asked->until != NO_TIME;
}

void cachepage_print(const struct cachestat *stat, const struct cachestat_options *asked,
                     const struct cache_targets *targets, const struct table_style *style, FILE *out) {
    size_t width = style->width > 0 ? (size_t)style->width : PIPE_WIDTH;
    struct page page = {stat, asked, targets, *style, width > WIDTH_LEAST ? width : WIDTH_LEAST, style->width == 0,
                        out};
    struct display display;
    display_enter(&display);
    print_head(&page);
    if (stat->hits + stat->misses + stat->writes + stat->prompt_cache.requests == 0) {
        fprintf(out, "\nno cache event is recorded%s\n", narrowed(asked) ? " there" : "");
        display_leave(&display);
        return;
    }
    fputs("\n", out);
    for (enum cache_target target = 0; target < CACHE_TARGETS; target++)
        print_target(&page, target);
    print_facts(&page);
    if (stat->hits + stat->misses + stat->writes > 0)
        print_charts(&page);
    print_names(&page);
    display_leave(&display);
}
