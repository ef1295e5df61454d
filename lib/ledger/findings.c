#include "ledger/findings.h"

#include "base/word.h"
#include "rules/figures.h"

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
