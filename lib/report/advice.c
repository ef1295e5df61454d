#include "report/advice.h"

#include "report/members.h"
#include "rules/prompts.h"

/* A field's value as JSON, or as plain text where there is one. */
struct value {
    enum { VALUE_NULL, VALUE_TEXT, VALUE_INTEGER, VALUE_REAL, VALUE_CANDIDATES } type;
    struct span text;
    int64_t integer;
    double real;
};

static struct value text_value(struct span text) {
    return (struct value){.type = text.s != NULL ? VALUE_TEXT : VALUE_NULL, .text = text};
}

static struct value pattern(const struct advice *advice) {
    return text_value(advice->pattern);
}

static struct value complexity(const struct advice *advice) {
    bool known = advice->complexity != UNKNOWN;
    return text_value(span_of(known ? prompt_complexity_name((enum prompt_complexity)advice->complexity) : NULL));
}

static struct value score(const struct advice *advice) {
    if (advice->score == UNKNOWN)
        return (struct value){.type = VALUE_NULL};
    return (struct value){.type = VALUE_REAL, .real = (double)advice->score / (double)SCORE_ONE};
}

static struct value provider(const struct advice *advice) {
    return text_value(span_of(advice->route != NULL ? advice->route->provider : NULL));
}

static struct value model(const struct advice *advice) {
    return text_value(span_of(advice->route != NULL ? advice->route->model : NULL));
}

static struct value confidence(const struct advice *advice) {
    enum confidence_level level = advice->route != NULL ? advice->route->figures.confidence : CONFIDENCE_NONE;
    return text_value(span_of(confidence_level_name(level)));
}

static struct value budget(const struct advice *advice) {
    return (struct value){.type = VALUE_INTEGER, .integer = advice->thinking_budget};
}

static struct value source(const struct advice *advice) {
    return text_value(span_of(advice->budget_source));
}

static struct value reason(const struct advice *advice) {
    return text_value(span_of(advice->reason));
}

static struct value candidates(const struct advice *advice) {
    (void)advice;
    return (struct value){.type = VALUE_CANDIDATES};
}

static const struct {
    const char *name;
    struct value (*of)(const struct advice *advice);
} fields[] = {
    {"pattern", pattern}, {"complexity", complexity}, {"complexity_score", score}, {"provider", provider},
    {"model", model},     {"confidence", confidence}, {"thinking_budget", budget}, {"budget_source", source},
    {"reason", reason},   {"candidates", candidates},
};

enum { FIELDS = sizeof fields / sizeof *fields };

static void candidate_json(const struct route *route, double predicted, struct text *out) {
    text_string(out, "{");
    json_text(out, "provider", route->provider);
    json_text(out, "model", route->model);
    json_real(out, "quality", route->figures.avg_quality);
    json_real(out, "correctness", route->figures.correctness_rate);
    json_real(out, "cost", route->figures.avg_cost);
    json_integer(out, "samples", route->sums.ratings);
    json_text(out, "confidence", confidence_level_name(route->figures.confidence));
    json_real(out, "predicted", predicted);
    text_string(out, "}");
}

static void candidates_json(const struct advice *advice, struct text *out) {
    text_string(out, "[");
    for (size_t i = 0; i < advice->candidate_count; i++) {
        text_string(out, i > 0 ? "," : "");
        candidate_json(&advice->candidates[i], advice->predicted[i], out);
    }
    text_string(out, "]");
}

static void value_json(const struct advice *advice, const struct value *value, struct text *out) {
    switch (value->type) {
    case VALUE_NULL: text_string(out, "null"); break;
    case VALUE_TEXT: text_json_string(out, value->text); break;
    case VALUE_INTEGER: text_integer(out, value->integer); break;
    case VALUE_REAL: text_json_real(out, value->real); break;
    case VALUE_CANDIDATES: candidates_json(advice, out); break;
    }
}

bool advice_has(const char *field) {
    for (int i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].name, field) == 0)
            return true;
    return false;
}

void advice_json(const struct advice *advice, struct text *out) {
    text_string(out, "{");
    for (int i = 0; i < FIELDS; i++) {
        struct value value = fields[i].of(advice);
        json_name(out, fields[i].name);
        value_json(advice, &value, out);
    }
    text_string(out, "}");
}

void advice_raw(const struct advice *advice, const char *field, struct text *out) {
    for (int i = 0; i < FIELDS; i++) {
        if (strcmp(fields[i].name, field) != 0)
            continue;
        struct value value = fields[i].of(advice);
        if (value.type == VALUE_TEXT)
            text_escaped(out, value.text);
        else if (value.type != VALUE_NULL)
            value_json(advice, &value, out);
    }
}
