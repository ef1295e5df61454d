/* Edits in the text of an object: of JSON they make JSON, that says what was set and still says the rest; of anything
 * else no byte is read that is not there. */
#include "fuzz.h"
#include "input/body.h"

static void is_json(struct body *body, struct text *out) {
    struct json *json = json_new(NULL);
    text_clear(out);
    body_write(body, out);
    must(json_parse(json, text_span(out)), "a body that is written is JSON");
    must(json_nodes(json)->type == JSON_OBJECT, "it is an object");
    must(memchr(out->s, '\n', out->n) == NULL, "it stands on one line");
    json_free(json);
}

static void set(struct body *body, const char *key, const char *value, struct text *out) {
    body_set(body, key, span_of(value));
    must(span_is(body_member(body, key), value), "a member is what it was set to");
    is_json(body, out);
}

/* What an object that is JSON becomes by edits; a body borrows the text that it begins with. */
static void edit(struct body *body, struct span text, const char *key) {
    struct text first = {0}, out = {0};
    is_json(body, &first);
    must(body_begin(body, text_span(&first)), "a body that is written is one again");
    is_json(body, &out);
    must_be_same(text_span(&first), text_span(&out), "without an edit nothing changes");
    must(body_begin(body, text), "what was a body is one");
    set(body, key, "{\"a\":[1,null]}", &out);
    set(body, "model", "\"m\"", &out);
    body_remove(body, key);
    must(body_member(body, key).s == NULL, "a member that is removed is not there");
    is_json(body, &out);
    text_free(&first);
    text_free(&out);
}

/* BODY with MODEL and a budget, onto OUT. */
static void applied(struct body *body, struct span text, const char *model, struct text *out) {
    struct text scratch = {0};
    must(body_begin(body, text), "what was a body is one");
    body_apply(body, span_of(model), 5000, &scratch);
    is_json(body, out);
    text_free(&scratch);
}

/* Once it has the model, and so is of one API for good, nothing changes any more. */
static void apply(struct body *body, struct span text, const char *model) {
    struct text once = {0}, twice = {0}, again = {0};
    applied(body, text, model, &once);
    applied(body, text_span(&once), model, &twice);
    applied(body, text_span(&twice), model, &again);
    must_be_same(text_span(&twice), text_span(&again), "what was applied changes nothing when it is applied again");
    text_free(&once);
    text_free(&twice);
    text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char *const models[] = {"claude-opus-4-8", "openai/gpt-5-mini", "x", "claude-3-7-sonnet-latest"};
    struct span text = input_of(bytes, size);
    struct json *json = json_new(NULL);
    struct body *body = body_new();
    struct text out = {0}, scratch = {0};
    bool good = json_parse(json, text), object = good && json_nodes(json)->type == JSON_OBJECT;
    bool begun = body_begin(body, text);
    must(!good || begun == object, "an object is a body, and no other value is");
    if (object) {
        char *key = json_nodes(json)->next > 1 ? string_of(json_nodes(json)[1].key) : string_of(span_of("k"));
        edit(body, text, key);
        for (size_t i = 0; i < sizeof models / sizeof *models; i++)
            apply(body, text, models[i]);
        free(key);
    } else if (begun) {
        body_member(body, "model");
        body_api(body);
        body_apply(body, span_of("m"), 5000, &scratch);
        body_set(body, "stream", span_of("1"));
        body_remove(body, "messages");
        body_write(body, &out);
    }
    text_free(&out);
    text_free(&scratch);
    body_free(body);
    json_free(json);
    return 0;
}
