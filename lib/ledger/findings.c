#include "ledger/findings.h"

#include "base/word.h"
#include "rules/features.h"
#include "rules/figures.h"
#include "rules/models.h"

void traits_of(struct span nl_input, int64_t errors, struct text *files, struct workflow_traits *traits) {
    struct span mentioned[FILES_MAX];
    size_t count = files_mentioned(nl_input, mentioned);
    traits->input_length = nl_input.s != NULL ? (int64_t)characters_of(nl_input) : UNKNOWN;
    traits->complexity = complexity_of(words_between_spaces(nl_input), errors);
    traits->files = (struct span){NULL, 0};
    text_clear(files);
    for (size_t i = 0; i < count; i++) {
        text_string(files, i == 0 ? "[" : ",");
        text_json_string(files, mentioned[i]);
    }
    if (count > 0) {
        text_string(files, "]");
        traits->files = text_span(files);
    }
}

void keywords_json(const struct rules *rules, const struct detection *found, struct text *json) {
    text_clear(json);
    text_string(json, "[");
    for (int i = 0; i < found->keyword_count; i++) {
        text_string(json, i > 0 ? "," : "");
        text_json_string(json, span_of(rules_keyword(rules, found->keywords[i])));
    }
    text_string(json, "]");
}

static struct span keep(struct arena *arena, struct span span) {
    return (struct span){arena_copy(arena, span.s, span.n), span.n};
}

void findings_of(const struct rules *rules, int64_t rules_id, bool learned, const struct workflow_text *text,
                 int64_t errors, struct arena *arena, struct text *scratch, struct findings *findings) {
    struct detection found;
    *findings = (struct findings){.rules_id = rules_id};
    traits_of(text->input, errors, scratch, &findings->traits);
    if (findings->traits.files.s != NULL)
        findings->traits.files = keep(arena, findings->traits.files);
    if (!learned)
        return;
    rules_detect(rules, text, &found);
    if (found.count == 0)
        return;
    int *signatures = arena_take(arena, (size_t)found.count * sizeof *signatures);
    for (int i = 0; i < found.count; i++)
        signatures[i] = found.matches[i].signature;
    keywords_json(rules, &found, scratch);
    findings->count = found.count;
    findings->signatures = signatures;
    findings->keywords = keep(arena, text_span(scratch));
}

void findings_of_workflow(const struct rules *rules, int64_t rules_id, const struct workflow_record *record,
                          struct arena *arena, struct text *scratch, struct findings *findings) {
    const struct workflow_text text = {record->nl_input, record->error_message, record->workflow_template};
    findings_of(rules, rules_id, record->version.ended, &text, record->error_count, arena, scratch, findings);
}

/* What the record says comes before what the rules see in its prompt. */
void view_of(const struct prompt_rules *rules, const struct request_record *record, struct request_view *view) {
    struct prompt_view seen;
    bool look = record->prompt.s != NULL && rules != NULL;
    *view = (struct request_view){record->pattern, record->complexity, record->complexity_score,
                                  record->provider.n > 0 ? provider_spelt(record->provider)
                                                         : model_provider(record->model)};
    if (look)
        prompts_look(rules, record->prompt, &seen);
    if (look && view->pattern.s == NULL)
        view->pattern = span_of(seen.pattern);
    bool said = view->complexity != UNKNOWN || view->complexity_score != UNKNOWN;
    if (look && !said) {
        view->complexity = seen.complexity;
        view->complexity_score = seen.score;
    } else if (said && view->complexity == UNKNOWN) {
        view->complexity = prompts_complexity_of((int)view->complexity_score);
    } else if (said && view->complexity_score == UNKNOWN) {
        view->complexity_score = prompts_score_of((enum prompt_complexity)view->complexity);
    }
}

void findings_of_request(const struct prompt_rules *rules, int64_t rules_id, const struct request_record *record,
                         struct arena *arena, struct findings *findings) {
    *findings = (struct findings){.rules_id = rules_id};
    view_of(rules, record, &findings->view);
    if (findings->view.pattern.s != NULL)
        findings->view.pattern = keep(arena, findings->view.pattern);
    if (record->prompt.n == 0)
        return;
    struct features features;
    unsigned char bytes[FEATURES_BYTES_MAX];
    features_of(record->prompt, &features);
    size_t size = features_encode(&features, bytes);
    findings->features = (struct span){arena_copy(arena, bytes, size), size};
}
