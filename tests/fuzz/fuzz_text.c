/* Any text, by the rules that are shipped: what is found in it is part of it, and what is written of it can be shown
 * and read. */
#include "base/alloc.h"
#include "base/word.h"
#include "fuzz.h"
#include "ledger/findings.h"
#include "ledger/knowledge.h"
#include "rules/features.h"

static struct rules *rules;
static struct prompt_rules *prompts;

static void get_ready(void) {
    static const char *const given[KNOWLEDGE_PARTS] = {NULL};
    struct knowledge knowledge;
    struct text error = {0};
    surroundings();
    must(knowledge_load(given, &knowledge, &error), "the share directory's rules are there");
    rules = knowledge_rules(&knowledge, &error);
    prompts = knowledge_prompts(&knowledge, &error);
    must(rules != NULL && prompts != NULL, "they are valid");
    knowledge_free(&knowledge);
    text_free(&error);
}

static bool within(struct span part, struct span whole) {
    return part.s >= whole.s && part.n <= whole.n && part.s + part.n <= whole.s + whole.n;
}

static void can_be_shown(struct span text) {
    struct text shown = {0};
    text_escaped(&shown, text);
    struct span rest = text_span(&shown);
    while (rest.n > 0) {
        uint32_t point;
        size_t size = utf8_decode(rest, &point);
        must(size > 0 && point >= 0x20 && (point < 0x7f || point > 0x9f), "a terminal gets characters alone");
        rest = (struct span){rest.s + size, rest.n - size};
    }
    text_free(&shown);
}

static void words_are_parts(struct span text) {
    struct span rest = text, word;
    const char *end = text.s;
    while (word_next(&rest, &word)) {
        must(word.n > 0 && within(word, text) && word.s >= end, "words are parts of the text, one after another");
        end = word.s + word.n;
    }
}

static void files_are_parts(struct span text) {
    struct span files[FILES_MAX];
    size_t count = files_mentioned(text, files);
    must(count <= FILES_MAX, "files are within their bound");
    for (size_t i = 0; i < count; i++)
        must(files[i].n > 0 && files[i].n <= FILE_NAME_MAX && within(files[i], text), "files are parts of the text");
}

static void masked_is_bounded(struct span text) {
    struct text masked = {0};
    mask_text(text, 100, &masked);
    must(masked.n <= 100, "a masked text is cut");
    text_free(&masked);
}

static bool same_features(const struct features *a, const struct features *b) {
    return a->length == b->length && a->count == b->count &&
           (a->count == 0 || memcmp(a->buckets, b->buckets, a->count * sizeof *a->buckets) == 0);
}

static void features_come_back(struct span text) {
    static struct features features, again;
    unsigned char bytes[FEATURES_BYTES_MAX];
    features_of(text, &features);
    must(features.count <= FEATURES_MAX && features.length < FEATURES_LENGTHS, "features are within their bounds");
    size_t size = features_encode(&features, bytes);
    must(size <= sizeof bytes, "their form is within its bound");
    must(features_decode((struct span){(const char *)bytes, size}, &again), "it can be read");
    must(same_features(&features, &again), "it is the same again");
    if (features_decode(text, &features)) {
        size = features_encode(&features, bytes);
        must(features_decode((struct span){(const char *)bytes, size}, &again) && same_features(&features, &again),
             "features that were read are written and read");
    }
}

static bool is_json(struct span text) {
    struct json *json = json_new(NULL);
    bool is = json_parse(json, text);
    json_free(json);
    return is;
}

static void findings_hold(struct span text) {
    struct arena arena = {0};
    struct text scratch = {0};
    struct findings findings;
    struct workflow_text workflow = {text, text, text};
    findings_of(rules, 1, true, &workflow, 3, &arena, &scratch, &findings);
    must(findings.count <= RULES_PATTERNS_MAX, "signatures are within their bound");
    for (int i = 0; i < findings.count; i++)
        must(findings.signatures[i] < rules_signature_count(rules), "a signature is one of the rules'");
    struct request_record request = {.prompt = text,
                                     .hashed = true,
                                     .complexity = UNKNOWN,
                                     .complexity_score = UNKNOWN};
    findings_of_request(prompts, 1, &request, &arena, &findings);
    must(findings.view.complexity >= PROMPT_SIMPLE && findings.view.complexity <= PROMPT_DEEP, "a prompt has a level");
    text_free(&scratch);
    arena_free(&arena);
}

/* Of text that is UTF-8, as that of records is. */
static void as_json(struct span text) {
    struct text string = {0}, files = {0};
    struct workflow_traits traits;
    struct json *json = json_new(NULL);
    text_json_string(&string, text);
    must(json_parse(json, text_span(&string)), "a string that is written is JSON");
    must_be_same(json_nodes(json)->text, text, "it is read as what it was");
    traits_of(text, 0, &files, &traits);
    must(traits.files.s == NULL || is_json(traits.files), "a list of files is JSON");
    json_free(json);
    text_free(&string);
    text_free(&files);
}

static bool is_utf8(struct span text) {
    uint32_t point;
    size_t size;
    for (; text.n > 0; text = (struct span){text.s + size, text.n - size})
        if ((size = utf8_decode(text, &point)) == 0)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span text = input_of(bytes, size);
    if (rules == NULL)
        get_ready();
    can_be_shown(text);
    words_are_parts(text);
    files_are_parts(text);
    masked_is_bounded(text);
    features_come_back(text);
    findings_hold(text);
    must(sentences_of(text) <= text.n && characters_of(text) <= text.n, "there are no more than bytes");
    if (is_utf8(text))
        as_json(text);
    return 0;
}
