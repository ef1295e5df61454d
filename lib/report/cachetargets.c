#include "report/cachetargets.h"

#include <math.h>
#include <stdlib.h>

static const double STEADY_TIMES = 1.2;

static const struct {
    const char *figure, *unit;
    bool at_most;
    int decimals; /* of its bound, at least */
} kinds[] = {
    [TARGET_HIT_RATE] = {"hit_rate", "", false, 2},       [TARGET_SAVINGS] = {"savings_percentage", " %", false, 0},
    [TARGET_LOOKUP] = {"lookup_p95", " ms", true, 0},     [TARGET_WRITE] = {"write_p95", " ms", true, 0},
    [TARGET_STEADY] = {"degradation_alert", "", true, 2},
};

double cache_target_figure(const struct cachestat *stat, enum cache_target target) {
    switch (target) {
    case TARGET_HIT_RATE: return stat->hit_rate;
    case TARGET_SAVINGS: return stat->savings_percentage;
    case TARGET_LOOKUP: return stat->lookup_p95;
    case TARGET_WRITE: return stat->write_p95;
    default: return stat->recent_p95;
    }
}

double cache_target_bound(const struct cachestat *stat, const struct cache_targets *targets, enum cache_target target) {
    return target == TARGET_STEADY ? stat->baseline_p95 * STEADY_TIMES : targets->bounds[target];
}

/* Whether a time is in a higher bucket than a bound is: one in the same may be the bound itself. */
static bool above(double ms, double bound_ms) {
    return bound_ms < 9e12 && histogram_bucket((int64_t)(ms * 1e6)) > histogram_bucket((int64_t)(bound_ms * 1e6));
}

enum verdict cache_target_verdict(const struct cachestat *stat, const struct cache_targets *targets,
                                  enum cache_target target) {
    double figure = cache_target_figure(stat, target), bound = cache_target_bound(stat, targets, target);
    if (isnan(figure) || isnan(bound))
        return VERDICT_UNKNOWN;
    bool missed = target == TARGET_STEADY ? stat->degradation_alert
                  : kinds[target].at_most ? above(figure, bound)
                                          : figure < bound;
    return missed ? VERDICT_MISSED : VERDICT_MET;
}

/* With as many decimals as it takes to be told from BOUND. */
static void append_figure(struct text *line, double figure, double bound) {
    char digits[400];
    for (int decimals = 2; decimals <= 17; decimals++) {
        snprintf(digits, sizeof digits, "%.*f", decimals, figure);
        double shown = strtod(digits, NULL);
        if (figure < bound ? shown < bound : shown > bound)
            break;
    }
    text_string(line, digits);
}

/* With as many as it was given with, DECIMALS at least. */
static void append_bound(struct text *line, double bound, int decimals) {
    char digits[400];
    do
        snprintf(digits, sizeof digits, "%.*f", decimals, bound);
    while (strtod(digits, NULL) != bound && decimals++ < 17);
    text_string(line, digits);
}

static void append_sentence(struct text *line, const struct cachestat *stat, const struct cache_targets *targets,
                            enum cache_target target) {
    double figure = cache_target_figure(stat, target), bound = cache_target_bound(stat, targets, target);
    if (target == TARGET_STEADY) {
        text_string(line, "degradation: lookup_p95 of the last 24 hours, ");
        append_figure(line, figure, bound);
        text_format(line, " ms, is over 1.2 times that of the 7 days before, %.2f ms\n", stat->baseline_p95);
        return;
    }
    text_format(line, "%s ", kinds[target].figure);
    append_figure(line, figure, bound);
    text_format(line, "%s is %s ", kinds[target].unit, kinds[target].at_most ? "over" : "under");
    append_bound(line, bound, kinds[target].decimals);
    text_format(line, "%s\n", kinds[target].unit);
}

static void add_row(struct table *rows, const struct cachestat *stat, const struct cache_targets *targets,
                    enum cache_target target) {
    table_text(rows, span_of(kinds[target].figure));
    table_real(rows, cache_target_figure(stat, target));
    table_real(rows, cache_target_bound(stat, targets, target));
}

int cache_targets_print(const struct cachestat *stat, const struct cache_targets *targets,
                        const struct table_style *style, FILE *out) {
    static const struct column columns[] = {{"figure", CELL_TEXT, SHOWN},
                                            {"value", CELL_REAL, SHOWN},
                                            {"target", CELL_REAL, SHOWN}};
    struct table *rows = table_new("cache_missed", columns, sizeof columns / sizeof *columns, false);
    struct text lines = {0};
    int missed = 0;
    for (enum cache_target target = 0; target < CACHE_TARGETS; target++) {
        if (cache_target_verdict(stat, targets, target) != VERDICT_MISSED)
            continue;
        append_sentence(&lines, stat, targets, target);
        add_row(rows, stat, targets, target);
        missed++;
    }
    if (style->format == FORMAT_TABLE)
        fwrite(text_span(&lines).s, 1, lines.n, out);
    else if (missed > 0)
        table_print(rows, style, out);
    text_free(&lines);
    table_free(rows);
    return missed;
}
