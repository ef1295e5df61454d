#include "report/evaluation.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "report/members.h"
#include "report/plot.h"
#include "report/reports_private.h"
#include "report/table_private.h"

enum { HALF = EVALUATION_STEPS / 2, CURVE_STEP = 5, PLOT_WIDTH = 60, PLOT_HEIGHT = 13, PLOT_MARGIN = 10 };

/* -- figures ------------------------------------------------------------------------------------------------------- */

/* A way to choose between the two models; people see what it costs at SHARE. */
struct router {
    const char *name;
    double quality, apgr, share_50, share_80, share;
};

enum { ROUTERS = 5 };

static struct router router_of(const char *name, const struct routed *routed) {
    return (
        struct router){name, routed->quality[HALF], routed->apgr, routed->share_50, routed->share_80, routed->share_80};
}

static void list_routers(const struct evaluation *e, struct router routers[ROUTERS]) {
    const double none = (double)NAN;
    double cheap = e->by_prediction.quality[0], dear = e->by_prediction.quality[EVALUATION_STEPS];
    routers[0] = (struct router){"all_cheap", cheap, none, none, none, 0};
    routers[1] = (struct router){"random", (cheap + dear) / 2, none, none, none, none};
    if (dear > cheap && !e->by_chance)
        routers[1] = (struct router){"random", (cheap + dear) / 2, 0.5, 0.5, 0.8, 0.8};
    routers[2] = router_of("pattern", &e->by_pattern);
    routers[3] = router_of("prediction", &e->by_prediction);
    routers[4] = (struct router){"all_dear", dear, none, none, none, 1};
}

/* USD a request, with that share of them sent to the dear model. */
static double cost_at(const struct evaluation *e, double share) {
    return e->cheap.avg_cost + share * (e->dear.avg_cost - e->cheap.avg_cost);
}

/* What is saved of what the dear model alone would cost, 0 to 1. */
static double saved_at(const struct evaluation *e, double share) {
    return e->dear.avg_cost > 0 ? 1 - cost_at(e, share) / e->dear.avg_cost : (double)NAN;
}

/* -- JSON ---------------------------------------------------------------------------------------------------------- */

static void json_model(struct text *json, const char *name, const struct evaluated_model *model) {
    json_name(json, name);
    text_string(json, "{");
    json_text(json, "provider", model->provider);
    json_text(json, "model", model->model);
    json_real(json, "avg_cost", model->avg_cost);
    json_integer(json, "verdict_count", model->verdicts);
    json_real(json, "brier_score", model->brier);
    json_real(json, "base_brier_score", model->base_brier);
    text_string(json, "}");
}

static void json_router(struct text *json, const struct evaluation *e, const struct router *router) {
    text_string(json, "{");
    json_text(json, "router", router->name);
    json_real(json, "quality", router->quality);
    json_real(json, "apgr", router->apgr);
    json_real(json, "dear_share_50", router->share_50);
    json_real(json, "dear_share_80", router->share_80);
    json_real(json, "cost_50", cost_at(e, router->share_50));
    json_real(json, "cost_80", cost_at(e, router->share_80));
    json_real(json, "saved_50", saved_at(e, router->share_50));
    json_real(json, "saved_80", saved_at(e, router->share_80));
    text_string(json, "}");
}

static void json_point(struct text *json, const struct evaluation *e, int percent) {
    const double *prediction = e->by_prediction.quality, *pattern = e->by_pattern.quality;
    double share = (double)percent / EVALUATION_STEPS;
    text_string(json, "{");
    json_real(json, "dear_share", share);
    json_real(json, "cost", cost_at(e, share));
    json_real(json, "random", prediction[0] + share * (prediction[EVALUATION_STEPS] - prediction[0]));
    json_real(json, "pattern", pattern[percent]);
    json_real(json, "prediction", prediction[percent]);
    text_string(json, "}");
}

static void print_json_evaluation(const struct evaluation *e, FILE *out) {
    struct router routers[ROUTERS];
    struct text json = {0};
    list_routers(e, routers);
    text_string(&json, "{");
    json_model(&json, "cheap", &e->cheap);
    json_model(&json, "dear", &e->dear);
    json_integer(&json, "prompts", (int64_t)e->prompts);
    json_integer(&json, "paired_prompts", (int64_t)e->paired);
    json_text(&json, "estimate", e->by_rank ? "ranks" : "pairs");
    json_integer(&json, "folds", EVALUATION_FOLDS);
    json_name(&json, "routers");
    text_string(&json, "[");
    for (int i = 0; i < ROUTERS; i++) {
        text_string(&json, i > 0 ? ",\n " : "\n ");
        json_router(&json, e, &routers[i]);
    }
    text_string(&json, "\n]");
    json_name(&json, "curve");
    text_string(&json, "[");
    for (int percent = 0; percent <= EVALUATION_STEPS; percent += CURVE_STEP) {
        text_string(&json, percent > 0 ? ",\n " : "\n ");
        json_point(&json, e, percent);
    }
    text_string(&json, "\n]}\n");
    fwrite(json.s, 1, json.n, out);
    text_free(&json);
}

/* -- people -------------------------------------------------------------------------------------------------------- */

static void print_models(const struct evaluation *e, const struct table_style *style, FILE *out) {
    static const struct column columns[] = {
        {"role", CELL_TEXT, SHOWN},      {"model", CELL_TEXT, SHOWN},       {"verdict_count", CELL_COUNT, SHOWN},
        {"avg_cost", CELL_MONEY, SHOWN}, {"brier_score", CELL_REAL, SHOWN}, {"base_brier_score", CELL_REAL, IF_ROOM},
    };
    struct table *table = table_new("models", columns, sizeof columns / sizeof *columns, false);
    for (int dear = 0; dear < 2; dear++) {
        const struct evaluated_model *model = dear ? &e->dear : &e->cheap;
        table_text(table, span_of(dear ? "dear" : "cheap"));
        table_text(table, span_of(model->model));
        table_integer(table, model->verdicts);
        real_or_null(table, model->avg_cost);
        real_or_null(table, model->brier);
        real_or_null(table, model->base_brier);
    }
    table_print(table, style, out);
    table_free(table);
}

static void print_routers(const struct evaluation *e, const struct table_style *style, FILE *out) {
    static const struct column columns[] = {
        {"router", CELL_TEXT, SHOWN},        {"quality", CELL_RATE, SHOWN},       {"apgr", CELL_REAL, SHOWN},
        {"dear_share_50", CELL_RATE, SHOWN}, {"dear_share_80", CELL_RATE, SHOWN}, {"cost_80", CELL_MONEY, SHOWN},
        {"saved_80", CELL_RATE, SHOWN},
    };
    struct router routers[ROUTERS];
    list_routers(e, routers);
    struct table *table = table_new("routers", columns, sizeof columns / sizeof *columns, false);
    for (int i = 0; i < ROUTERS; i++) {
        const struct router *router = &routers[i];
        table_text(table, span_of(router->name));
        real_or_null(table, router->quality);
        real_or_null(table, isnan(router->apgr) ? (double)NAN : round(router->apgr * 1000) / 1000);
        real_or_null(table, router->share_50);
        real_or_null(table, router->share_80);
        real_or_null(table, cost_at(e, router->share));
        real_or_null(table, saved_at(e, router->share));
    }
    table_print(table, style, out);
    table_free(table);
}

static void print_how(const struct evaluation *e, FILE *out) {
    struct text count = {0};
    char digits[32];
    snprintf(digits, sizeof digits, "%zu", e->prompts);
    text_grouped(&count, digits);
    fprintf(out, "%s prompts in %d folds, each predicted by what the other folds taught;\n", count.s, EVALUATION_FOLDS);
    if (!e->by_rank)
        fputs("prompts without verdicts on both models are left out\n\n", out);
    else if (e->paired > 0)
        fprintf(out,
                "only %zu have verdicts on both models: prompts of like rank stand for one\n"
                "another, as if which model was asked did not depend on the prompt\n\n",
                e->paired);
    else
        fputs("none has verdicts on both models: prompts of like rank stand for one another,\n"
              "as if which model was asked did not depend on the prompt\n\n",
              out);
    text_free(&count);
}

static void print_notes(const struct evaluation *e, FILE *out) {
    fputs("\nquality: good answers, with half of the prompts sent to the dear model\n"
          "apgr: part of the dear model's gain that is recovered, the mean of all shares\n"
          "dear_share_50, dear_share_80: prompts to send to it for 50%, 80% of the gain\n"
          "cost_80, saved_80: USD a request then, and what that saves of all_dear's\n",
          out);
    if (e->by_chance)
        fputs("The models are as good as each other, as far as so few verdicts can tell.\n", out);
    else if (isnan(e->by_prediction.apgr))
        fputs("The dear model answers no better: there is no gain to recover.\n", out);
}

/* "$0.60" for a thousand requests, or a share where costs are not known. */
static void end_label(const struct evaluation *e, double share, struct text *label) {
    double cost = 1000 * cost_at(e, share);
    if (isnan(cost))
        text_format(label, "%.0f%% dear", 100 * share);
    else
        text_money(label, cost);
}

static void print_plot(const struct evaluation *e, const struct table_style *style, FILE *out) {
    double random[EVALUATION_STEPS + 1], least, most;
    const double *prediction = e->by_prediction.quality;
    for (int i = 0; i <= EVALUATION_STEPS; i++)
        random[i] = prediction[0] + i * (prediction[EVALUATION_STEPS] - prediction[0]) / EVALUATION_STEPS;
    const struct curve curves[] = {{random, "·"}, {e->by_pattern.quality, "○"}, {prediction, "●"}};
    struct text left = {0}, right = {0}, text = {0};
    char top[16], bottom[16];
    int width = style->width - PLOT_MARGIN;
    struct plot plot = {
        .curves = curves,
        .curve_count = sizeof curves / sizeof *curves,
        .points = EVALUATION_STEPS + 1,
        .width = (size_t)(width < 10           ? 10
                          : width > PLOT_WIDTH ? PLOT_WIDTH
                                               : width),
        .height = PLOT_HEIGHT,
    };
    if (!plot_range(&plot, &least, &most))
        return;
    snprintf(top, sizeof top, "%.1f%%", 100 * most);
    snprintf(bottom, sizeof bottom, "%.1f%%", 100 * least);
    end_label(e, 0, &left);
    end_label(e, 1, &right);
    plot.top = top;
    plot.bottom = bottom;
    plot.left = left.s;
    plot.right = right.s;
    plot_append(&text, &plot);
    fprintf(out, "\nquality over %s:  ● prediction  ○ pattern  · random\n%s",
            isnan(cost_at(e, 0)) || isnan(cost_at(e, 1)) ? "the share sent to the dear model"
                                                         : "the cost of 1,000 requests",
            text.s);
    text_free(&left);
    text_free(&right);
    text_free(&text);
}

void evaluation_print(const struct evaluation *evaluation, const struct table_style *style, FILE *out) {
    if (style->format == FORMAT_JSON) {
        print_json_evaluation(evaluation, out);
        return;
    }
    print_how(evaluation, out);
    print_models(evaluation, style, out);
    fputs("\n", out);
    print_routers(evaluation, style, out);
    print_notes(evaluation, out);
    if (style->width > 0)
        print_plot(evaluation, style, out);
}
