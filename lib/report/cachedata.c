#include "report/cachedata.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "input/record.h"

enum figure_kind { WHOLE, NUMBER, NANO_DOLLARS, FLAG, TIME };

struct cache_figure {
    const char *column; /* a name that no other has */
    const char *name;   /* in its object of the JSON */
    enum figure_kind kind;
    size_t place; /* in struct cachestat */
};

#define PLACE(member) offsetof(struct cachestat, member)
static const struct cache_figure figures[] = {
    {"hit_count", "hit_count", WHOLE, PLACE(hits)},
    {"miss_count", "miss_count", WHOLE, PLACE(misses)},
    {"hit_rate", "hit_rate", NUMBER, PLACE(hit_rate)},
    {"total_saved", "total_saved", NANO_DOLLARS, PLACE(saved)},
    {"savings_percentage", "savings_percentage", NUMBER, PLACE(savings_percentage)},
    {"lookup_p50", "lookup_p50", NUMBER, PLACE(lookup_p50)},
    {"lookup_p95", "lookup_p95", NUMBER, PLACE(lookup_p95)},
    {"lookup_p99", "lookup_p99", NUMBER, PLACE(lookup_p99)},
    {"write_p95", "write_p95", NUMBER, PLACE(write_p95)},
    {"memory_usage", "memory_usage", WHOLE, PLACE(memory_usage)},
    {"total_operations", "total_operations", WHOLE, SIZE_MAX}, /* a sum */
    {"degradation_alert", "degradation_alert", FLAG, PLACE(degradation_alert)},
    {"prompt_cache_requests", "requests", WHOLE, PLACE(prompt_cache.requests)},
    {"prompt_cache_hit_rate", "hit_rate", NUMBER, PLACE(prompt_cache.hit_rate)},
    {"prompt_cache_token_hit_rate", "token_hit_rate", NUMBER, PLACE(prompt_cache.token_hit_rate)},
    {"prompt_cache_net_saved", "net_saved", NUMBER, PLACE(prompt_cache.net_saved)},
    {"updated_at", "updated_at", TIME, PLACE(updated_at)},
};
enum { FIGURES = sizeof figures / sizeof *figures };

static int64_t whole_of(const struct cachestat *stat, const struct cache_figure *figure) {
    int64_t value;
    if (figure->place == SIZE_MAX)
        return stat->hits + stat->misses + stat->writes;
    memcpy(&value, (const char *)stat + figure->place, sizeof value);
    return value;
}

static double number_of(const struct cachestat *stat, const struct cache_figure *figure) {
    double value;
    memcpy(&value, (const char *)stat + figure->place, sizeof value);
    return value;
}

static bool flag_of(const struct cachestat *stat, const struct cache_figure *figure) {
    bool value;
    memcpy(&value, (const char *)stat + figure->place, sizeof value);
    return value;
}

static double dollars(int64_t nano_dollars) {
    return (double)nano_dollars / 1e9;
}

void moment_format(int64_t at, bool by_day, char out[MOMENT_TEXT]) {
    char time[TIME_TEXT];
    time_format(at, time);
    memcpy(out, time, MOMENT_TEXT - 1);
    out[by_day ? sizeof "YYYY-MM-DD" - 1 : MOMENT_TEXT - 1] = '\0';
}

double hit_rate_of(const struct cache_saving *saving) {
    int64_t lookups = saving->hits + saving->misses;
    return lookups > 0 ? (double)saving->hits / (double)lookups : (double)NAN;
}

/* -- JSON ------------------------------------------------------------------------------------------------------- */

/* Without quotes: no value needs escaping. */
static void append_value(struct text *text, const struct cachestat *stat, const struct cache_figure *figure) {
    char time[TIME_TEXT];
    switch (figure->kind) {
    case WHOLE: text_format(text, "%lld", (long long)whole_of(stat, figure)); break;
    case NUMBER: text_json_real(text, number_of(stat, figure)); break;
    case NANO_DOLLARS: text_json_real(text, dollars(whole_of(stat, figure))); break;
    case FLAG: text_string(text, flag_of(stat, figure) ? "true" : "false"); break;
    case TIME: time_format(whole_of(stat, figure), time); text_string(text, time);
    }
}

static bool known(const struct cachestat *stat, const struct cache_figure *figure) {
    return figure->kind == NUMBER ? isfinite(number_of(stat, figure))
                                  : figure->kind != TIME || whole_of(stat, figure) != NO_TIME;
}

/* A comma where one is due, and the name. */
static void json_name(struct text *json, const char *name) {
    char last = json->n > 0 ? json->s[json->n - 1] : '{';
    text_format(json, "%s\"%s\":", last == '{' || last == '[' ? "" : ",", name);
}

static void json_figure(struct text *json, const struct cachestat *stat, const char *column) {
    const struct cache_figure *figure = cache_figure_named(column);
    assert(figure != NULL);
    json_name(json, figure->name);
    if (!known(stat, figure)) {
        text_string(json, "null");
        return;
    }
    text_string(json, figure->kind == TIME ? "\"" : "");
    append_value(json, stat, figure);
    text_string(json, figure->kind == TIME ? "\"" : "");
}

static void json_seconds(struct text *json, const char *name, int64_t us) {
    json_name(json, name);
    if (us == NO_TIME)
        text_string(json, "null");
    else
        text_format(json, "%lld", (long long)(us / SECOND_US - (us % SECOND_US < 0)));
}

static void json_real(struct text *json, const char *name, double value) {
    json_name(json, name);
    text_json_real(json, value);
}

static void json_signature(struct text *json, const struct cache_signature_row *row) {
    text_string(json, "{\"signature\":");
    text_json_string(json, span_of(row->signature));
    text_format(json, ",\"reuse_count\":%lld", (long long)row->reuse_count);
    json_seconds(json, "first_cached", row->first_cached);
    json_seconds(json, "last_used", row->last_used);
    json_real(json, "cost_saved", dollars(row->cost_saved));
    json_real(json, "avg_lookup_time", row->avg_lookup_time);
    text_format(json, ",\"high_value\":%s}", row->high_value ? "true" : "false");
}

/* LINE_BREAK goes before each, and before the end. */
static void json_signatures(struct text *json, const struct cachestat *stat, const char *line_break) {
    text_string(json, "[");
    for (size_t i = 0; i < stat->top_count; i++) {
        text_format(json, "%s%s", i > 0 ? "," : "", line_break);
        json_signature(json, &stat->top[i]);
    }
    text_format(json, "%s]", stat->top_count > 0 ? line_break : "");
}

/* {"NAME": dollars, ...} */
static void json_parties(struct text *json, const struct cache_savings *savings) {
    text_string(json, "{");
    for (size_t i = 0; i < savings->count; i++) {
        text_string(json, i > 0 ? "," : "");
        text_json_string(json, span_of(savings->items[i].name));
        text_string(json, ":");
        text_json_real(json, dollars(savings->items[i].saved));
    }
    text_string(json, "}");
}

static void json_moments(struct text *json, const struct cache_savings *savings, bool by_day) {
    char moment[MOMENT_TEXT];
    text_string(json, "[");
    for (size_t i = 0; i < savings->count; i++) {
        moment_format(savings->items[i].at, by_day, moment);
        text_format(json, "%s{\"%s\":\"%s\"", i > 0 ? "," : "", by_day ? "day" : "hour", moment);
        json_real(json, "saved", dollars(savings->items[i].saved));
        text_string(json, "}");
    }
    text_string(json, "]");
}

static void json_savings(struct text *json, const struct cachestat *stat) {
    text_string(json, ",\n\"cost_savings\":{");
    json_figure(json, stat, "total_saved");
    json_name(json, "per_account");
    json_parties(json, &stat->per_account);
    json_name(json, "per_user");
    json_parties(json, &stat->per_user);
    json_figure(json, stat, "savings_percentage");
    json_name(json, "hourly_savings");
    json_moments(json, &stat->hourly, false);
    json_name(json, "daily_savings");
    json_moments(json, &stat->daily, true);
    text_string(json, "}");
}

static void json_section(struct text *json, const struct cachestat *stat, const char *name,
                         const char *const *columns) {
    text_format(json, ",\n\"%s\":{", name);
    for (; *columns != NULL; columns++)
        json_figure(json, stat, *columns);
    text_string(json, "}");
}

static void print_json(const struct cachestat *stat, FILE *out) {
    static const char *const performance[] = {"lookup_p50",   "lookup_p95",       "lookup_p99",        "write_p95",
                                              "memory_usage", "total_operations", "degradation_alert", NULL};
    static const char *const prompt_cache[] = {"prompt_cache_requests", "prompt_cache_hit_rate",
                                               "prompt_cache_token_hit_rate", "prompt_cache_net_saved", NULL};
    struct text json = {0};
    text_string(&json, "{");
    json_figure(&json, stat, "hit_count");
    json_figure(&json, stat, "miss_count");
    json_figure(&json, stat, "hit_rate");
    text_string(&json, ",\n\"top_signatures\":");
    json_signatures(&json, stat, "\n ");
    json_savings(&json, stat);
    json_section(&json, stat, "performance", performance);
    json_section(&json, stat, "prompt_cache", prompt_cache);
    json_figure(&json, stat, "updated_at");
    text_string(&json, "}\n");
    fwrite(json.s, 1, json.n, out);
    text_free(&json);
}

/* -- one figure ------------------------------------------------------------------------------------------------- */

const struct cache_figure *cache_figure_named(const char *name) {
    for (size_t i = 0; i < FIGURES; i++)
        if (strcmp(figures[i].column, name) == 0 || strcmp(figures[i].name, name) == 0)
            return &figures[i];
    return NULL;
}

void cache_figure_print(const struct cachestat *stat, const struct cache_figure *figure, FILE *out) {
    struct text line = {0};
    if (known(stat, figure))
        append_value(&line, stat, figure);
    text_string(&line, "\n");
    fwrite(line.s, 1, line.n, out);
    text_free(&line);
}

/* -- rows ------------------------------------------------------------------------------------------------------- */

enum { PER_ACCOUNT = FIGURES, PER_USER, HOURLY, DAILY, TOP, COLUMNS };

static enum cell_kind cell_kind_of(enum figure_kind kind, bool numbers) {
    switch (kind) {
    case WHOLE: return CELL_COUNT;
    case NUMBER: return CELL_REAL;
    case NANO_DOLLARS: return CELL_MONEY;
    case FLAG: return numbers ? CELL_COUNT : CELL_JSON; /* 0 or 1 where all samples are numbers */
    default: return CELL_TIME;
    }
}

static void cell(struct table *table, const struct column *column, const struct cachestat *stat,
                 const struct cache_figure *figure) {
    if (!known(stat, figure))
        table_null(table);
    else if (column->kind == CELL_JSON)
        table_text(table, span_of(flag_of(stat, figure) ? "true" : "false"));
    else if (figure->kind == FLAG)
        table_integer(table, flag_of(stat, figure));
    else if (column->kind == CELL_COUNT || column->kind == CELL_TIME)
        table_integer(table, whole_of(stat, figure));
    else
        table_real(table, figure->kind == NUMBER ? number_of(stat, figure) : dollars(whole_of(stat, figure)));
}

static void json_cells(struct table *table, const struct cachestat *stat) {
    struct text json = {0};
    for (int column = PER_ACCOUNT; column < COLUMNS; column++) {
        text_clear(&json);
        switch (column) {
        case PER_ACCOUNT: json_parties(&json, &stat->per_account); break;
        case PER_USER: json_parties(&json, &stat->per_user); break;
        case HOURLY: json_moments(&json, &stat->hourly, false); break;
        case DAILY: json_moments(&json, &stat->daily, true); break;
        default: json_signatures(&json, stat, "");
        }
        table_text(table, text_span(&json));
    }
    text_free(&json);
}

/* A row of all figures, and of what is more than one as JSON. */
static void print_row(const struct cachestat *stat, const struct table_style *style, FILE *out) {
    struct column columns[COLUMNS] = {
        [PER_ACCOUNT] = {"per_account", CELL_JSON, SHOWN}, [PER_USER] = {"per_user", CELL_JSON, SHOWN},
        [HOURLY] = {"hourly_savings", CELL_JSON, SHOWN},   [DAILY] = {"daily_savings", CELL_JSON, SHOWN},
        [TOP] = {"top_signatures", CELL_JSON, SHOWN},
    };
    for (size_t i = 0; i < FIGURES; i++)
        columns[i] = (struct column){figures[i].column,
                                     cell_kind_of(figures[i].kind, style->format == FORMAT_PROMETHEUS), SHOWN};
    struct table *table = table_new("cache", columns, COLUMNS, true);
    for (size_t i = 0; i < FIGURES; i++)
        cell(table, &columns[i], stat, &figures[i]);
    json_cells(table, stat);
    table_print(table, style, out);
    table_free(table);
}

void cache_signatures_print(const struct cachestat *stat, const struct table_style *style, FILE *out) {
    static const struct column columns[] = {
        {"signature", CELL_TEXT, SHOWN},         {"reuse_count", CELL_COUNT, SHOWN},
        {"high_value", CELL_JSON, SHOWN},        {"cost_saved", CELL_MONEY, SHOWN},
        {"avg_lookup_time", CELL_REAL, IF_ROOM}, {"first_cached", CELL_TIME, IF_ROOM},
        {"last_used", CELL_TIME, SHOWN},
    };
    struct table *table = table_new("cache_signature", columns, sizeof columns / sizeof *columns, false);
    for (size_t i = 0; i < stat->top_count; i++) {
        const struct cache_signature_row *row = &stat->top[i];
        const int64_t times[] = {row->first_cached, row->last_used};
        table_text(table, span_of(row->signature));
        table_integer(table, row->reuse_count);
        table_text(table, span_of(row->high_value ? "true" : "false"));
        table_real(table, dollars(row->cost_saved));
        table_real(table, row->avg_lookup_time);
        for (size_t j = 0; j < 2; j++) {
            if (times[j] == NO_TIME)
                table_null(table);
            else
                table_integer(table, times[j]);
        }
    }
    table_print(table, style, out);
    table_free(table);
}

void cachestat_print(const struct cachestat *stat, const struct table_style *style, FILE *out) {
    if (style->format == FORMAT_JSON) {
        print_json(stat, out);
        return;
    }
    print_row(stat, style, out);
    if (style->format == FORMAT_PROMETHEUS)
        cache_signatures_print(stat, style, out);
}

void cache_savings_print(const struct cache_savings *rows, bool by_day, const struct table_style *style, FILE *out) {
    const struct column columns[] = {
        {by_day ? "day" : "hour", CELL_TEXT, SHOWN},
        {"hit_count", CELL_COUNT, SHOWN},
        {"miss_count", CELL_COUNT, SHOWN},
        {"write_count", CELL_COUNT, SHOWN},
        {"hit_rate", CELL_RATE, SHOWN},
        {"saved", CELL_MONEY, SHOWN},
    };
    struct table *table = table_new(by_day ? "cache_day" : "cache_hour", columns, sizeof columns / sizeof *columns,
                                    false);
    for (size_t i = 0; i < rows->count; i++) {
        const struct cache_saving *row = &rows->items[i];
        char moment[MOMENT_TEXT];
        moment_format(row->at, by_day, moment);
        table_text(table, span_of(moment));
        table_integer(table, row->hits);
        table_integer(table, row->misses);
        table_integer(table, row->writes);
        table_real(table, hit_rate_of(row));
        table_real(table, dollars(row->saved));
    }
    table_print(table, style, out);
    table_free(table);
}
