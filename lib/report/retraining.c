#include "report/retraining.h"

#include <math.h>

#include "base/clock.h"
#include "report/members.h"
#include "report/reports_private.h"

/* -- JSON ------------------------------------------------------------------------------------------------------- */

static void json_change(struct text *json, const struct route *route) {
    const struct group_figures *f = &route->figures;
    text_string(json, "{");
    json_text(json, "pattern", route->pattern);
    json_text(json, "provider", route->provider);
    json_text(json, "model", route->model);
    json_text(json, "confidence", confidence_level_name(f->confidence));
    json_text(json, "previous_confidence",
              route->previous != CONFIDENCE_NONE ? confidence_level_name(route->previous) : NULL);
    json_integer(json, "sample_count", route->sums.ratings);
    json_real(json, "avg_quality", f->avg_quality);
    json_real(json, "correctness_rate", f->correctness_rate);
    json_real(json, "avg_cost", f->avg_cost);
    json_real(json, "avg_complexity", f->avg_complexity);
    text_string(json, "}");
}

static void json_candidate(struct text *json, const struct route *route) {
    const struct group_figures *f = &route->figures;
    text_string(json, "{");
    json_text(json, "provider", route->provider);
    json_text(json, "model", route->model);
    json_text(json, "confidence", confidence_level_name(f->confidence));
    json_integer(json, "sample_count", route->sums.ratings);
    json_real(json, "avg_quality", f->avg_quality);
    json_real(json, "quality_lower_bound", f->lower_bound);
    json_real(json, "correctness_rate", f->correctness_rate);
    json_real(json, "avg_cost", f->avg_cost);
    text_string(json, "}");
}

static void json_explanation(struct text *json, const struct explanation *e) {
    text_string(json, "{");
    json_text(json, "pattern", e->pattern);
    json_text(json, "provider", e->route != NULL ? e->route->provider : NULL);
    json_text(json, "model", e->route != NULL ? e->route->model : NULL);
    json_text(json, "reason", e->reason.s);
    json_integer(json, "requests_last_month", e->traffic.requests);
    json_real(json, "cost_last_month", e->traffic.cost_known > 0 ? (double)e->traffic.cost / 1e9 : (double)NAN);
    json_real(json, "monthly_savings", e->monthly_savings);
    text_string(json, ",\"candidates\":[");
    for (size_t i = 0; i < e->count; i++) {
        text_string(json, i > 0 ? "," : "");
        json_candidate(json, &e->first[i]);
    }
    text_string(json, "]}");
}

static void json_predictor(struct text *json, const struct predicted_model *name, const struct model_predictor *model) {
    text_string(json, "{");
    json_text(json, "provider", name->provider);
    json_text(json, "model", name->model);
    json_integer(json, "verdict_count", model->verdicts);
    json_real(json, "good_rate", (double)model->good / (double)model->verdicts);
    json_real(json, "brier_score", model->brier);
    json_real(json, "base_brier_score", model->base_brier);
    json_real(json, "avg_cost", name->avg_cost);
    text_string(json, "}");
}

static void json_predictors(struct text *json, const struct predictors *predictors) {
    size_t count = predictors->predictor.models;
    text_string(json, ",\"predictors\":[");
    for (size_t i = 0; i < count; i++) {
        text_string(json, i > 0 ? ",\n " : "\n ");
        json_predictor(json, &predictors->names[i], &predictors->predictor.model[i]);
    }
    text_string(json, count > 0 ? "\n]" : "]");
}

static void print_json(const struct retraining *r, bool dry_run, FILE *out) {
    struct text json = {0};
    char time[TIME_TEXT];
    bool any = false;
    time_format(r->run.at, time);
    text_string(&json, "{");
    json_text(&json, "run_id", r->run.run_id);
    json_text(&json, "timestamp", time);
    json_integer(&json, "patterns_updated", (int64_t)r->patterns_updated);
    json_integer(&json, "total_changes", (int64_t)r->changes);
    text_string(&json, ",\"changes\":[");
    for (size_t i = 0; i < r->routes.count; i++) {
        if (!route_confident(&r->routes.items[i]))
            continue;
        text_string(&json, any ? ",\n " : "\n ");
        json_change(&json, &r->routes.items[i]);
        any = true;
    }
    text_string(&json, any ? "\n]" : "]");
    if (r->explanations != NULL) {
        text_string(&json, ",\"explanations\":[");
        for (size_t i = 0; i < r->explanation_count; i++) {
            text_string(&json, i > 0 ? ",\n " : "\n ");
            json_explanation(&json, &r->explanations[i]);
        }
        text_string(&json, r->explanation_count > 0 ? "\n]" : "]");
    }
    json_predictors(&json, &r->predictors);
    json_text(&json, "policy", policy_name(r->run.policy));
    json_integer(&json, "window_days", r->run.window_days);
    json_integer(&json, "total_feedback", r->routes.feedback);
    text_format(&json, ",\"dry_run\":%s}\n", dry_run ? "true" : "false");
    fwrite(json.s, 1, json.n, out);
    text_free(&json);
}

/* -- people ----------------------------------------------------------------------------------------------------- */

static void print_changes(const struct retraining *r, const struct table_style *style, FILE *out) {
    static const struct column columns[] = {
        {"pattern", CELL_TEXT, SHOWN},          {"model", CELL_TEXT, SHOWN},
        {"confidence", CELL_TEXT, SHOWN},       {"previous_confidence", CELL_TEXT, IF_ROOM},
        {"sample_count", CELL_COUNT, SHOWN},    {"avg_quality", CELL_REAL, SHOWN},
        {"correctness_rate", CELL_RATE, SHOWN}, {"avg_cost", CELL_MONEY, SHOWN},
    };
    struct table *table = table_new("changes", columns, sizeof columns / sizeof *columns, false);
    fputs("\n", out);
    for (size_t i = 0; i < r->routes.count; i++) {
        const struct route *route = &r->routes.items[i];
        if (!route_confident(route))
            continue;
        table_text(table, span_of(route->pattern));
        table_text(table, span_of(route->model));
        table_text(table, span_of(confidence_level_name(route->figures.confidence)));
        table_text(table, span_of(route->previous != CONFIDENCE_NONE ? confidence_level_name(route->previous) : NULL));
        table_integer(table, route->sums.ratings);
        table_real(table, route->figures.avg_quality);
        real_or_null(table, route->figures.correctness_rate);
        real_or_null(table, route->figures.avg_cost);
    }
    table_print(table, style, out);
    table_free(table);
}

static void print_explanations(const struct retraining *r, const struct table_style *style, FILE *out) {
    static const struct column columns[] = {
        {"pattern", CELL_TEXT, SHOWN},          {"model", CELL_TEXT, SHOWN},
        {"reason", CELL_TEXT, SHOWN},           {"requests_last_month", CELL_COUNT, IF_ROOM},
        {"monthly_savings", CELL_MONEY, SHOWN},
    };
    struct table *table = table_new("explanations", columns, sizeof columns / sizeof *columns, false);
    for (size_t i = 0; i < r->explanation_count; i++) {
        const struct explanation *e = &r->explanations[i];
        table_text(table, span_of(e->pattern));
        table_text(table, span_of(e->route != NULL ? e->route->model : NULL));
        table_text(table, text_span(&e->reason));
        table_integer(table, e->traffic.requests);
        real_or_null(table, e->monthly_savings);
    }
    fputs("\n", out);
    table_print(table, style, out);
    table_free(table);
    if (r->predictors.predictor.models > 0)
        fputs("That is for prompts of which nothing is predicted; else predictions decide.\n", out);
}

/* The groups that the models of a pattern were chosen among. */
static void print_candidates(const struct retraining *r, const struct table_style *style, FILE *out) {
    static const struct column columns[] = {
        {"pattern", CELL_TEXT, SHOWN},
        {"model", CELL_TEXT, SHOWN},
        {"confidence", CELL_TEXT, SHOWN},
        {"sample_count", CELL_COUNT, SHOWN},
        {"avg_quality", CELL_REAL, SHOWN},
        {"quality_lower_bound", CELL_REAL, SHOWN},
        {"correctness_rate", CELL_RATE, IF_ROOM},
        {"avg_cost", CELL_MONEY, SHOWN},
    };
    struct table *table = table_new("candidates", columns, sizeof columns / sizeof *columns, false);
    for (size_t i = 0; i < r->routes.count; i++) {
        const struct route *route = &r->routes.items[i];
        table_text(table, span_of(route->pattern));
        table_text(table, span_of(route->model));
        table_text(table, span_of(confidence_level_name(route->figures.confidence)));
        table_integer(table, route->sums.ratings);
        table_real(table, route->figures.avg_quality);
        table_real(table, route->figures.lower_bound);
        real_or_null(table, route->figures.correctness_rate);
        real_or_null(table, route->figures.avg_cost);
    }
    fputs("\n", out);
    table_print(table, style, out);
    table_free(table);
}

/* Under them, what a model learned by heart would look good at: all is of prompts that were held out. */
static void print_predictors(const struct predictors *predictors, const struct table_style *style, FILE *out) {
    static const struct column columns[] = {
        {"predictor", CELL_TEXT, SHOWN},   {"verdict_count", CELL_COUNT, SHOWN},   {"good_rate", CELL_RATE, SHOWN},
        {"brier_score", CELL_REAL, SHOWN}, {"base_brier_score", CELL_REAL, SHOWN}, {"avg_cost", CELL_MONEY, SHOWN},
    };
    struct table *table = table_new("predictors", columns, sizeof columns / sizeof *columns, false);
    for (size_t i = 0; i < predictors->predictor.models; i++) {
        const struct model_predictor *model = &predictors->predictor.model[i];
        table_text(table, span_of(predictors->names[i].model));
        table_integer(table, model->verdicts);
        table_real(table, (double)model->good / (double)model->verdicts);
        table_real(table, model->brier);
        table_real(table, model->base_brier);
        real_or_null(table, predictors->names[i].avg_cost);
    }
    if (table_rows(table) > 0) {
        fputs("\n", out);
        table_print(table, style, out);
    }
    table_free(table);
}

void retraining_print(const struct retraining *retraining, bool dry_run, const struct table_style *style, FILE *out) {
    if (style->format == FORMAT_JSON) {
        print_json(retraining, dry_run, out);
        return;
    }
    fprintf(out, "%s%s: %zu change%s in %zu pattern%s, from %lld ratings of the last %lld days\n",
            dry_run ? "dry run " : "run ", retraining->run.run_id, retraining->changes,
            retraining->changes == 1 ? "" : "s", retraining->patterns_updated,
            retraining->patterns_updated == 1 ? "" : "s", (long long)retraining->routes.feedback,
            (long long)retraining->run.window_days);
    if (retraining->explanations != NULL && retraining->explanation_count > 0) {
        print_explanations(retraining, style, out);
        print_candidates(retraining, style, out);
    } else if (retraining->changes > 0) {
        print_changes(retraining, style, out);
    }
    print_predictors(&retraining->predictors, style, out);
}
