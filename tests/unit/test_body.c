/* Edits in a JSON object: nothing else changes. And whose request a body is, and what is set in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "input/body.h"
#include "input/json.h"
#include "random.h"

/* -- helpers ------------------------------------------------------------------------------------------------------ */

static void is_written(struct body *body, const char *wanted) {
    struct text out = {0};
    body_write(body, &out);
    assert_string_equal(out.s, wanted);
    text_free(&out);
}

static void written(const char *text, const char *wanted) {
    struct body *body = body_new();
    assert_true(body_begin(body, span_of(text)));
    is_written(body, wanted);
    is_written(body, wanted);
    body_free(body);
}

static void member_is(const struct body *body, const char *key, const char *wanted) {
    struct span value = body_member(body, key);
    assert_int_equal(value.s != NULL, wanted != NULL);
    if (wanted != NULL && !span_is(value, wanted))
        fail_msg("%s: wanted %s, got %.*s", key, wanted, (int)value.n, value.s);
}

/* What EDIT, "KEY=JSON" or "-KEY", makes of TEXT. */
static void edited(const char *text, const char *edit, const char *wanted) {
    struct body *body = body_new();
    char *key = xstrdup(edit), *json = strchr(key, '=');
    assert_true(body_begin(body, span_of(text)));
    if (json != NULL) {
        *json++ = '\0';
        body_set(body, key, span_of(json));
        member_is(body, key, json);
    } else {
        body_remove(body, key + 1);
        member_is(body, key + 1, NULL);
    }
    free(key);
    is_written(body, wanted);
    body_free(body);
}

/* -- reading and writing ------------------------------------------------------------------------------------------ */

static void white_space_goes(void **state) {
    (void)state;
    written("{}", "{}");
    written(" \t\r\n{ \t\r\n} \t\r\n", "{}");
    written("{\"a\"\v:\f1\f,\v\"b\":2\v}\f", "{\"a\":1,\"b\":2}"); /* the parser takes these */
    written("{ \"a\" : 1 , \"b\" : [ 1 , { \"c\" : null } ] }", "{\"a\":1,\"b\":[1,{\"c\":null}]}");
    written("{\n  \"a\": \" x \\n \\\" } , \",\n  \"b\": true\n}\n", "{\"a\":\" x \\n \\\" } , \",\"b\":true}");
    written("{\"a\":\"\\\\\" , \"b\":\"\\\\\\\"\"  }", "{\"a\":\"\\\\\",\"b\":\"\\\\\\\"\"}");
}

static void all_else_stays(void **state) {
    (void)state;
    static const char text[] =
        "{\"n\":1.50e+007,\"big\":123456789012345678901234567890,\"z\":-0,\"e\":1E400,\"s\":\"\\u00e9\\/\\ud83d\\ude00 "
        "\xc3\xa9\",\"\\u006b\":1,\"k\":2,\"k\":3,\"\":{},\"d\":[[],[{}]]}";
    written(text, text);
}

static void what_is_no_object(void **state) {
    (void)state;
    static const char *const texts[] = {"", " ", "[]", "1", "\"{}\"", "null", "[{}]"};
    struct body *body = body_new();
    assert_true(body_begin(body, span_of("{\"a\":1}")));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_false(body_begin(body, span_of(texts[i])));
        member_is(body, "a", NULL);
    }
    assert_false(body_begin(body, (struct span){NULL, 0}));
    is_written(body, "{}");
    body_free(body);
}

static void members(void **state) {
    (void)state;
    struct body *body = body_new();
    assert_true(
        body_begin(body, span_of("{ \"a\" : [ 1 ] ,\"\\u0062\":\"x\", \"c\":1,\"c\" : 2 ,\"\":0, \"a\\u0000\":3,"
                                 "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\":4,\"\\ud83d\\ude00\":5,\"\\uD800x\":6,"
                                 "\"\\udc00\":7,\"\xc3\xa4\":8,\"\\u00E4b\":9,\"d\":{\"e\":1}}")));
    member_is(body, "a", "[ 1 ]");
    member_is(body, "b", "\"x\"");
    member_is(body, "c", "2");
    member_is(body, "", "0");
    member_is(body, "\"\\/\b\f\n\r\t", "4");
    member_is(body, "\xf0\x9f\x98\x80", "5");
    member_is(body, "\xef\xbf\xbdx", "6");
    member_is(body, "\xef\xbf\xbd", "7");
    member_is(body, "\xc3\xa4", "8");
    member_is(body,
              "\xc3\xa4"
              "b",
              "9");
    member_is(body, "d", "{\"e\":1}");
    member_is(body, "e", NULL);
    member_is(body, "A", NULL);
    member_is(body, "aa", NULL);
    member_is(body, "\\u0062", NULL);
    body_free(body);
}

static void setting(void **state) {
    (void)state;
    edited("{\"a\":1,\"b\":2,\"c\":3}", "b=\"x\"", "{\"a\":1,\"b\":\"x\",\"c\":3}");
    edited("{\"a\":1}", "b=2", "{\"a\":1,\"b\":2}");
    edited("{}", "b={ \"x\" : [ 1, 2 ] }", "{\"b\":{\"x\":[1,2]}}");
    edited("{\"a\":1,\"b\":2,\"a\":3}", "a=4", "{\"a\":4,\"b\":2}");
    edited("{\"\\u0061\":1,\"b\":2,\"a\":3}", "a=4", "{\"\\u0061\":4,\"b\":2}");
    edited("{\"a\":{\"b\":1}}", "b=2", "{\"a\":{\"b\":1},\"b\":2}");
}

static void removing(void **state) {
    (void)state;
    edited("{\"a\":1,\"b\":2,\"c\":3}", "-a", "{\"b\":2,\"c\":3}");
    edited("{\"a\":1,\"b\":2,\"c\":3}", "-b", "{\"a\":1,\"c\":3}");
    edited("{\"a\":1,\"b\":2,\"c\":3}", "-c", "{\"a\":1,\"b\":2}");
    edited("{\"a\":1,\"b\":2,\"a\":3}", "-a", "{\"b\":2}");
    edited("{\"a\":1,\"\\u0061\":2}", "-a", "{}");
    edited("{\"a\":1}", "-b", "{\"a\":1}");
    edited("{}", "-b", "{}");
}

static void the_last_edit_counts(void **state) {
    (void)state;
    struct body *body = body_new();
    assert_true(body_begin(body, span_of("{\"a\":1,\"b\":2}")));
    body_set(body, "a", span_of("10"));
    body_set(body, "c", span_of("30"));
    body_remove(body, "a");
    body_set(body, "d", span_of("40"));
    body_set(body, "c", body_member(body, "c")); /* what is copied may be what is replaced */
    body_set(body, "e", body_member(body, "b"));
    is_written(body, "{\"b\":2,\"c\":30,\"d\":40,\"e\":2}");
    body_set(body, "a", span_of("11"));
    body_remove(body, "d");
    body_remove(body, "d");
    is_written(body, "{\"a\":11,\"b\":2,\"c\":30,\"e\":2}");
    assert_true(body_begin(body, span_of("{\"a\":5}")));
    member_is(body, "c", NULL);
    is_written(body, "{\"a\":5}");
    body_free(body);
}

static void appends(void **state) {
    (void)state;
    struct body *body = body_new();
    struct text out = {0};
    text_string(&out, "1 ");
    assert_true(body_begin(body, span_of("{\"a\":5}")));
    body_write(body, &out);
    body_write(body, &out);
    assert_string_equal(out.s, "1 {\"a\":5}{\"a\":5}");
    text_free(&out);
    body_free(body);
}

/* Neither depth nor length needs more than memory for the text. */
static void long_and_deep(void **state) {
    (void)state;
    enum { SIZE = 8 * 1024 * 1024 };
    struct text text = {0}, out = {0};
    struct body *body = body_new();
    text_string(&text, "{\"a\":");
    for (size_t i = 0; i < SIZE; i++)
        text_bytes(&text, "[", 1);
    for (size_t i = 0; i < SIZE; i++)
        text_bytes(&text, "]", 1);
    for (size_t i = 0; i < SIZE / 8; i++)
        text_string(&text, ",\"\":1");
    text_string(&text, ",\"b\":\"");
    for (size_t i = 0; i < SIZE / 2; i++)
        text_string(&text, "\\\"");
    text_string(&text, "\",\"model\":\"x\"}");
    assert_true(body_begin(body, text_span(&text)));
    assert_int_equal(body_member(body, "a").n, 2 * SIZE);
    body_write(body, &out);
    assert_true(span_equal(text_span(&out), text_span(&text)));
    body_set(body, "b", span_of("0"));
    body_remove(body, "");
    body_remove(body, "a");
    is_written(body, "{\"b\":0,\"model\":\"x\"}");
    text_free(&text);
    text_free(&out);
    body_free(body);
}

/* -- property: random objects and edits, against a list of members ------------------------------------------------ */

static void random_blanks(struct text *text) {
    while (random_next() % 3 == 0)
        text_bytes(text, &" \t\r\n"[random_next() % 4], 1);
}

static void random_string(struct text *text) {
    static const char *const parts[] = {"a",       "{",
                                        "}",       "[",
                                        "]",       ",",
                                        ":",       " ",
                                        "\\\"",    "\\\\",
                                        "\\u0041", "\\ud83d\\ude00",
                                        "\\ud800", "\xe2\x82\xac",
                                        "\\n",     "b"};
    text_string(text, "\"");
    for (uint64_t n = random_next() % 6; n > 0; n--)
        text_string(text, parts[random_next() % (sizeof parts / sizeof *parts)]);
    text_string(text, "\"");
}

static void random_value(struct text *text, int depth) {
    static const char *const scalars[] = {"0", "-1.5e+10", "true", "false", "null", "1E-5", "123456789012345678901"};
    bool object = random_next() % 2 == 0;
    if (depth == 0 || random_next() % 3 == 0) {
        if (random_next() % 2 == 0)
            random_string(text);
        else
            text_string(text, scalars[random_next() % 7]);
        return;
    }
    text_string(text, object ? "{" : "[");
    random_blanks(text);
    for (uint64_t n = random_next() % 4; n > 0; n--) {
        if (object) {
            random_string(text);
            random_blanks(text);
            text_string(text, ":");
            random_blanks(text);
        }
        random_value(text, depth - 1);
        random_blanks(text);
        text_string(text, n > 1 ? "," : "");
        random_blanks(text);
    }
    text_string(text, object ? "}" : "]");
}

/* Drops white space outside of strings, byte by byte. */
static void naive_compact(struct text *out, struct span json) {
    bool in_string = false, escaped = false;
    for (size_t i = 0; i < json.n; i++) {
        char c = json.s[i];
        if (in_string || strchr(" \t\r\n", c) == NULL)
            text_bytes(out, &c, 1);
        if (escaped)
            escaped = false;
        else if (in_string && c == '\\')
            escaped = true;
        else if (c == '"')
            in_string = !in_string;
    }
}

enum { MEMBERS_MAX = 8, KEYS = 5 };

/* A key, and ways to write it. */
static const char *const keys[KEYS][3] = {{"model", "\"model\"", "\"\\u006dodel\""},
                                          {"a\"b", "\"a\\\"b\"", "\"\\u0061\\u0022b\""},
                                          {"\xc3\xa9", "\"\xc3\xa9\"", "\"\\u00E9\""},
                                          {"", "\"\"", "\"\""},
                                          {"mode", "\"mode\"", "\"mod\\u0065\""}};

struct model {
    int count;
    int key[MEMBERS_MAX + KEYS];
    const char *as_written[MEMBERS_MAX + KEYS];
    struct text value[MEMBERS_MAX + KEYS]; /* compact */
};

static void model_drop(struct model *model, int at) {
    text_free(&model->value[at]);
    model->count--;
    for (int i = at; i < model->count; i++) {
        model->key[i] = model->key[i + 1];
        model->as_written[i] = model->as_written[i + 1];
        model->value[i] = model->value[i + 1];
    }
    model->value[model->count] = (struct text){0};
}

/* JSON with s NULL removes. */
static void model_set(struct model *model, int key, struct span json, const char *appended_as) {
    int first = -1;
    for (int i = 0; i < model->count; i++) {
        if (model->key[i] != key)
            continue;
        if (first < 0 && json.s != NULL)
            first = i;
        else
            model_drop(model, i--);
    }
    if (json.s == NULL)
        return;
    if (first < 0) {
        first = model->count++;
        model->key[first] = key;
        model->as_written[first] = appended_as;
    }
    text_clear(&model->value[first]);
    naive_compact(&model->value[first], json);
}

static void model_write(const struct model *model, struct text *out) {
    text_string(out, "{");
    for (int i = 0; i < model->count; i++) {
        text_format(out, "%s%s:", i > 0 ? "," : "", model->as_written[i]);
        text_append(out, text_span(&model->value[i]));
    }
    text_string(out, "}");
}

static void random_object(struct model *model, struct text *text) {
    *model = (struct model){.count = (int)(random_next() % (MEMBERS_MAX + 1))};
    random_blanks(text);
    text_string(text, "{");
    for (int i = 0; i < model->count; i++) {
        struct text value = {0};
        model->key[i] = (int)(random_next() % KEYS);
        model->as_written[i] = keys[model->key[i]][1 + random_next() % 2];
        random_value(&value, 3);
        naive_compact(&model->value[i], text_span(&value));
        text_string(text, i > 0 ? "," : "");
        random_blanks(text);
        text_string(text, model->as_written[i]);
        random_blanks(text);
        text_string(text, ":");
        random_blanks(text);
        text_append(text, text_span(&value));
        random_blanks(text);
        text_free(&value);
    }
    random_blanks(text);
    text_string(text, "}");
    random_blanks(text);
}

static void agrees(struct body *body, const struct model *model) {
    struct text wanted = {0}, got = {0}, value = {0};
    model_write(model, &wanted);
    body_write(body, &got);
    assert_string_equal(got.s, wanted.s);
    for (int key = 0; key < KEYS; key++) {
        int last = model->count - 1;
        while (last >= 0 && model->key[last] != key)
            last--;
        struct span member = body_member(body, keys[key][0]);
        assert_int_equal(member.s != NULL, last >= 0);
        text_clear(&value);
        if (last >= 0) {
            naive_compact(&value, member);
            assert_true(span_equal(text_span(&value), text_span(&model->value[last])));
        }
    }
    text_free(&wanted);
    text_free(&got);
    text_free(&value);
}

static void random_edits(void **state) {
    (void)state;
    struct body *body = body_new();
    struct json *json = json_new(NULL);
    for (int round = 0; round < 20000; round++) {
        struct text text = {0}, compact = {0}, plain = {0};
        struct model model;
        random_object(&model, &text);
        assert_true(body_begin(body, text_span(&text)));
        assert_true(json_parse(json, text_span(&text)));
        naive_compact(&compact, text_span(&text));
        body_write(body, &plain);
        assert_string_equal(plain.s, compact.s);
        agrees(body, &model);
        for (int key = 0; key < KEYS; key++) {
            struct text value = {0};
            uint64_t what = random_next() % 3;
            if (what == 0) {
                body_remove(body, keys[key][0]);
                model_set(&model, key, (struct span){NULL, 0}, NULL);
            } else if (what == 1) {
                random_value(&value, 2);
                body_set(body, keys[key][0], text_span(&value));
                model_set(&model, key, text_span(&value), keys[key][1]);
            }
            text_free(&value);
        }
        agrees(body, &model);
        while (model.count > 0)
            model_drop(&model, 0);
        text_free(&text);
        text_free(&compact);
        text_free(&plain);
    }
    body_free(body);
    json_free(json);
}

/* Of what is no JSON nothing outside is touched: each text has a memory of its own size. */
static void broken_texts(void **state) {
    (void)state;
    static const char alphabet[] = "{}[]\",:\\u0dD8c a1tn\n\xc3";
    struct body *body = body_new();
    struct text scratch = {0}, out = {0};
    for (int round = 0; round < 100000; round++) {
        struct text text = {0};
        if (random_next() % 2 == 0) {
            struct model model;
            random_object(&model, &text);
            while (model.count > 0)
                model_drop(&model, 0);
            text.n -= random_next() % text.n;
            text.s[random_next() % text.n] = alphabet[random_next() % (sizeof alphabet - 1)];
        } else {
            text_string(&text, "{");
            for (uint64_t n = random_next() % 40; n > 0; n--)
                text_bytes(&text, &alphabet[random_next() % (sizeof alphabet - 1)], 1);
        }
        char *exact = malloc(text.n);
        assert_non_null(exact);
        memcpy(exact, text.s, text.n);
        body_begin(body, (struct span){exact, text.n});
        text_clear(&out);
        body_write(body, &out);
        body_member(body, "model");
        body_apply(body, span_of("m"), 5000, &scratch);
        body_write(body, &out);
        free(exact);
        text_free(&text);
    }
    text_free(&scratch);
    text_free(&out);
    body_free(body);
}

/* -- whose request it is ------------------------------------------------------------------------------------------ */

static void api_is(const char *text, enum body_api wanted) {
    struct body *body = body_new();
    assert_true(body_begin(body, span_of(text)));
    enum body_api api = body_api(body);
    if (api != wanted)
        fail_msg("%s: api %d, wanted %d", text, (int)api, (int)wanted);
    body_free(body);
}

#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"

static void apis(void **state) {
    (void)state;
    api_is("{}", API_NONE);
    api_is("{\"request_id\":\"r\",\"prompt\":\"hello\",\"model\":\"claude-sonnet-4-5\"}", API_NONE);
    api_is("{\"prompt\":\"hello\",\"input_tokens\":5}", API_NONE);
    api_is("{" HELLO "}", API_OPENAI_CHAT);
    api_is("{\"messages\":null,\"input\":\"x\"}", API_OPENAI_RESPONSES);
    api_is("{\"model\":\"gpt-5\",\"input\":\"hello\"}", API_OPENAI_RESPONSES);
    api_is("{\"model\":\"gpt-5\",\"input\":[]}", API_OPENAI_RESPONSES);
    api_is("{\"instructions\":\"x\"}", API_OPENAI_RESPONSES);
    api_is("{\"max_output_tokens\":5}", API_OPENAI_RESPONSES);
    api_is("{\"previous_response_id\":\"x\"}", API_OPENAI_RESPONSES);
    api_is("{\"model\":\"gpt-4o\",\"max_tokens\":100," HELLO "}", API_OPENAI_CHAT);
    api_is("{\"model\":\"o3\",\"max_tokens\":100,\"stop\":[\"x\"]," HELLO "}", API_OPENAI_CHAT);
}

static void anthropic_by_shape(void **state) {
    (void)state;
    api_is("{\"model\":\"m\",\"max_tokens\":100,\"system\":\"x\"," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"thinking\":{\"type\":\"disabled\"}," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"anthropic_version\":\"bedrock-2023-05-31\"," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"stop_sequences\":[\"x\"]," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"top_k\":5," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"model\":\"claude-sonnet-4-5\"," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"model\":\"anthropic/Claude-sonnet-4.5\"," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"\\u006dodel\":\"\\u0063laude-sonnet-4-5\"," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"model\":\"us.anthropic.claude-sonnet-4-v1:0\"," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"model\":\"my-claude\"," HELLO "}", API_OPENAI_CHAT);
    api_is("{\"model\":\"claude-sonnet-4-5\"," HELLO "}", API_OPENAI_CHAT);
    api_is("{\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"},"
           "{\"type\":\"tool_result\",\"tool_use_id\":\"t\"}]}]}",
           API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"},"
           "{\"type\":\"image_url\"}]}]}",
           API_OPENAI_CHAT);
    api_is("{\"max_tokens\":100,\"tools\":[{\"name\":\"t\",\"input_schema\":{}}]," HELLO "}", API_ANTHROPIC);
    api_is("{\"max_tokens\":100,\"tools\":[{\"type\":\"function\",\"function\":{}}]," HELLO "}", API_OPENAI_CHAT);
    api_is("{\"max_tokens\":100,\"model\":\"anthropic/claude-sonnet-4.5\",\"frequency_penalty\":0," HELLO "}",
           API_OPENAI_CHAT);
    api_is(
        "{\"max_tokens\":100,\"model\":\"claude-sonnet-4-5\",\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}",
        API_OPENAI_CHAT);
}

/* -- applying ----------------------------------------------------------------------------------------------------- */

/* What becomes of BODY; MODEL NULL leaves the model. */
static void applied(const char *text, const char *model, int64_t budget, const char *wanted) {
    struct body *body = body_new();
    struct text scratch = {0}, out = {0};
    assert_true(body_begin(body, span_of(text)));
    body_apply(body, span_of(model), budget, &scratch);
    body_write(body, &out);
    if (strcmp(out.s, wanted) != 0)
        fail_msg("%s\nbecame %s\nwanted %s", text, out.s, wanted);
    text_free(&scratch);
    text_free(&out);
    body_free(body);
}

static void own_records(void **state) {
    (void)state;
    applied("{\"request_id\":\"r\",\"prompt\":\"x\"}", "m\"1", 3000,
            "{\"request_id\":\"r\",\"prompt\":\"x\",\"model\":\"m\\\"1\",\"thinking_budget\":3000}");
    applied("{\"model\":\"a\",\"thinking_budget\":5,\"prompt\":\"x\"}", "b", 3000,
            "{\"model\":\"b\",\"thinking_budget\":3000,\"prompt\":\"x\"}");
    applied("{\"model\":\"a\",\"prompt\":\"x\"}", NULL, 0, "{\"model\":\"a\",\"prompt\":\"x\"}");
    applied("{\"model\":\"a\",\"prompt\":\"x\"}", "b", -1, "{\"model\":\"b\",\"prompt\":\"x\"}");
    applied("{\"model\":\"a\",\"prompt\":\"x\",\"max_tokens\":5}", "b", 3000,
            "{\"model\":\"b\",\"prompt\":\"x\",\"max_tokens\":5}");
}

/* An Anthropic body of MODEL with MORE members, and what its members are after that. */
#define CLAUDE(model, more) "{\"model\":\"" model "\",\"max_tokens\":16000," HELLO more "}"
#define BUDGET(n)           ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":" #n "}"
#define ADAPTIVE            ",\"thinking\":{\"type\":\"adaptive\"}"
#define EFFORT(e)           ",\"output_config\":{\"effort\":\"" e "\"}"

static void claude_budgets(void **state) {
    (void)state;
    static const char *const models[] = {"claude-3-7-sonnet-20250219",
                                         "claude-3-7-sonnet-latest",
                                         "claude-sonnet-4-20250514",
                                         "claude-opus-4-0",
                                         "claude-opus-4-1-20250805",
                                         "claude-sonnet-4@20250514",
                                         "claude-haiku-4-5",
                                         "claude-opus-4-5-20251101",
                                         "claude-sonnet-4-6",
                                         "claude-opus-4-6",
                                         "claude-4-sonnet",
                                         "anthropic/claude-3.7-sonnet:thinking",
                                         "anthropic/claude-opus-4.5",
                                         "us.anthropic.claude-sonnet-4-5-20250929-v1:0"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct text before = {0}, after = {0};
        text_format(&before, "{\"model\":\"%s\",\"max_tokens\":16000," HELLO "}", models[i]);
        text_format(&after, "{\"model\":\"%s\",\"max_tokens\":16000," HELLO BUDGET(10000) "}", models[i]);
        applied(before.s, NULL, 10000, after.s);
        text_free(&before);
        text_free(&after);
    }
    applied(CLAUDE("a", ",\"system\":\"x\""), "claude-sonnet-4-5", 10000,
            CLAUDE("claude-sonnet-4-5", ",\"system\":\"x\"" BUDGET(10000)));
    applied(CLAUDE("claude-sonnet-4-5", BUDGET(2000)), NULL, 10000, CLAUDE("claude-sonnet-4-5", BUDGET(10000)));
    applied(CLAUDE("claude-sonnet-4-5", ",\"thinking\":{\"budget_tokens\":1,\"display\":\"x\",\"type\":\"enabled\"}"),
            NULL, 10000,
            CLAUDE("claude-sonnet-4-5",
                   ",\"thinking\":{\"budget_tokens\":10000,\"display\":\"x\",\"type\":\"enabled\"}"));
}

static void claude_budget_borders(void **state) {
    (void)state;
#define MAX(n, more) "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":" n "," HELLO more "}"
    applied(MAX("13333", ""), NULL, 10000, MAX("13333", BUDGET(10000)));
    applied(MAX("13332", ""), NULL, 10000, MAX("13332", BUDGET(9999)));
    applied(MAX("1365", ""), NULL, 10000, MAX("1365", BUDGET(1024)));
    applied(MAX("1364", ""), NULL, 10000, MAX("1364", ""));
    applied(MAX("1364", BUDGET(1023)), NULL, 10000, MAX("1364", BUDGET(1023)));
    applied(MAX("1", ""), NULL, 10000, MAX("1", ""));
    applied(MAX("5000", ""), NULL, 1, MAX("5000", BUDGET(1024)));
    applied(MAX("5000", ""), NULL, 1025, MAX("5000", BUDGET(1025)));
    applied(MAX("2e4", ""), NULL, 10000, MAX("2e4", BUDGET(10000)));
    applied(MAX("2000.5", ""), NULL, 10000, MAX("2000.5", ""));
    applied(MAX("\"20000\"", ""), NULL, 10000, MAX("\"20000\"", ""));
    applied(MAX("1e99", ""), NULL, 10000, MAX("1e99", ""));
}

static void thinking_that_is_excluded(void **state) {
    (void)state;
    static const char *const excluded[] = {
        CLAUDE("claude-sonnet-4-5", ",\"thinking\":{\"type\":\"disabled\"}"),
        CLAUDE("claude-sonnet-4-5", ",\"temperature\":0"),
        CLAUDE("claude-sonnet-4-5", ",\"temperature\":0.9999999"),
        CLAUDE("claude-sonnet-4-5", ",\"top_k\":40"),
        CLAUDE("claude-sonnet-4-5", ",\"top_p\":0.9"),
        CLAUDE("claude-sonnet-4-5", ",\"top_p\":0.94999"),
        CLAUDE("claude-sonnet-4-5", ",\"tool_choice\":{\"type\":\"any\"}"),
        CLAUDE("claude-sonnet-4-5", ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"t\"}"),
        CLAUDE("claude-opus-4-8", ",\"tool_choice\":{\"type\":\"any\"}"),
        "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":16000,\"messages\":[{\"role\":\"user\",\"content\":\"x\"},"
        "{\"role\":\"assistant\",\"content\":\"{\"}]}",
        "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":16000,\"messages\":[{\"role\":\"assistant\",\"content\":[{"
        "\"type\":\"tool_use\"}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"}]}]}",
        CLAUDE("claude-3-5-sonnet-20241022", ""),
        CLAUDE("claude-3-haiku-20240307", ""),
        CLAUDE("claude-2.1", ""),
        CLAUDE("claude-instant-1.2", ""),
        CLAUDE("claude-mythos-preview", ""),
        CLAUDE("claude-v2", ""),
        CLAUDE("other", ",\"system\":\"x\""),
    };
    for (size_t i = 0; i < sizeof excluded / sizeof *excluded; i++)
        applied(excluded[i], NULL, 10000, excluded[i]);
    static const char *const allowed[] = {",\"temperature\":1.0",
                                          ",\"temperature\":null",
                                          ",\"top_p\":0.95",
                                          ",\"top_p\":1",
                                          ",\"tool_choice\":{\"type\":\"auto\"}",
                                          ",\"tool_choice\":{\"type\":\"none\"}"};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        struct text before = {0}, after = {0};
        text_format(&before, "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":16000," HELLO "%s}", allowed[i]);
        text_format(&after, "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":16000," HELLO "%s" BUDGET(10000) "}",
                    allowed[i]);
        applied(before.s, NULL, 10000, after.s);
        text_free(&before);
        text_free(&after);
    }
    /* a tool loop that began with thinking goes on with it */
    applied(
        "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":16000,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":"
        "2000},\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"}]}]}",
        NULL, 10000,
        "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":16000,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":"
        "10000},\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"}]}]}");
}

static void claude_that_takes_no_budget(void **state) {
    (void)state;
    applied(CLAUDE("claude-opus-4-7", ""), NULL, 3000, CLAUDE("claude-opus-4-7", ADAPTIVE EFFORT("low")));
    applied(CLAUDE("claude-opus-4.8", ""), NULL, 10000, CLAUDE("claude-opus-4.8", ADAPTIVE EFFORT("medium")));
    applied(CLAUDE("claude-sonnet-5", ""), NULL, 20000, CLAUDE("claude-sonnet-5", ADAPTIVE EFFORT("high")));
    applied(CLAUDE("claude-opus-4-7", BUDGET(2000)), NULL, 3000, CLAUDE("claude-opus-4-7", ADAPTIVE EFFORT("low")));
    applied(CLAUDE("claude-opus-4-7", ",\"output_config\":{\"format\":{\"x\":1},\"effort\":\"max\"}" ADAPTIVE), NULL,
            3000, CLAUDE("claude-opus-4-7", ",\"output_config\":{\"format\":{\"x\":1},\"effort\":\"low\"}" ADAPTIVE));
    applied(CLAUDE("claude-opus-4-7", ",\"thinking\":{\"type\":\"disabled\"}"), NULL, 3000,
            CLAUDE("claude-opus-4-7", ",\"thinking\":{\"type\":\"disabled\"}"));
    applied(CLAUDE("claude-opus-4-6", ADAPTIVE), NULL, 20000, CLAUDE("claude-opus-4-6", ADAPTIVE EFFORT("high")));
}

static void models_that_are_not_known(void **state) {
    (void)state;
    applied(CLAUDE("m", BUDGET(2000)), NULL, 3000, CLAUDE("m", BUDGET(3000)));
    applied(CLAUDE("m", BUDGET(2000)), "m", 3000, CLAUDE("m", BUDGET(3000)));
    applied(CLAUDE("m", BUDGET(2000)), "other", 3000, CLAUDE("other", BUDGET(3000)));
    applied(CLAUDE("m", ADAPTIVE), NULL, 3000, CLAUDE("m", ADAPTIVE));
    applied(CLAUDE("m", ADAPTIVE EFFORT("high")), NULL, 3000, CLAUDE("m", ADAPTIVE EFFORT("low")));
}

static void another_claude(void **state) {
    (void)state;
    applied(CLAUDE("claude-sonnet-4-5", BUDGET(2000)), "claude-3-5-haiku-20241022", 3000,
            CLAUDE("claude-3-5-haiku-20241022", ""));
    applied(CLAUDE("claude-sonnet-4-5", BUDGET(2000)), "claude-opus-4-8", 3000,
            CLAUDE("claude-opus-4-8", ADAPTIVE EFFORT("low")));
    applied(CLAUDE("claude-opus-4-8", ADAPTIVE EFFORT("max")), "claude-sonnet-4-5", 3000,
            CLAUDE("claude-sonnet-4-5", BUDGET(3000)));
    applied(CLAUDE("claude-opus-4-8", ADAPTIVE EFFORT("max")), "claude-opus-4-5", 3000,
            CLAUDE("claude-opus-4-5", BUDGET(3000) EFFORT("max")));
    applied("{\"model\":\"claude-opus-4-8\",\"max_tokens\":500," HELLO ADAPTIVE "}", "claude-sonnet-4-5", 3000,
            "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":500," HELLO "}");
    applied(CLAUDE("anthropic/claude-3-5-haiku", BUDGET(2000)), "claude-3-5-haiku", 3000,
            CLAUDE("claude-3-5-haiku", BUDGET(2000)));
}

#define CHAT(model, more) "{\"model\":\"" model "\"," HELLO more "}"
#define REASONING(e)      ",\"reasoning_effort\":\"" e "\""

static void chat_efforts(void **state) {
    (void)state;
    applied(CHAT("o3", ""), NULL, 4096, CHAT("o3", REASONING("low")));
    applied(CHAT("o3", ""), NULL, 4097, CHAT("o3", REASONING("medium")));
    applied(CHAT("o3", ""), NULL, 16384, CHAT("o3", REASONING("medium")));
    applied(CHAT("o3", ""), NULL, 16385, CHAT("o3", REASONING("high")));
    applied(CHAT("o3", ""), NULL, 0, CHAT("o3", ""));
    applied(CHAT("o1", ""), NULL, 3000, CHAT("o1", REASONING("low")));
    applied(CHAT("o3-mini-2025-01-31", ""), NULL, 3000, CHAT("o3-mini-2025-01-31", REASONING("low")));
    applied(CHAT("o4-mini", ""), NULL, 3000, CHAT("o4-mini", REASONING("low")));
    applied(CHAT("openai/gpt-5", ""), NULL, 3000, CHAT("openai/gpt-5", REASONING("low")));
    applied(CHAT("GPT-5-mini", ""), NULL, 3000, CHAT("GPT-5-mini", REASONING("low")));
    applied(CHAT("gpt-5.1-2025-11-13", ""), NULL, 3000, CHAT("gpt-5.1-2025-11-13", REASONING("low")));
    applied(CHAT("gpt-5.2-pro", ""), NULL, 3000, CHAT("gpt-5.2-pro", REASONING("medium")));
    applied(CHAT("gpt-5", REASONING("minimal")), NULL, 20000, CHAT("gpt-5", REASONING("high")));
    applied(CHAT("gpt-4o", ""), "gpt-5", 20000, CHAT("gpt-5", REASONING("high")));
    applied(CHAT("deepseek-r1", REASONING("low")), NULL, 20000, CHAT("deepseek-r1", REASONING("high")));
}

static void efforts_left_alone(void **state) {
    (void)state;
    static const char *const left[] = {
        CHAT("gpt-4o", ""),
        CHAT("gpt-4.1-mini", ""),
        CHAT("gpt-3.5-turbo", ""),
        CHAT("gpt-35-turbo", ""),
        CHAT("chatgpt-4o-latest", ""),
        CHAT("gpt-5-chat-latest", ""),
        CHAT("gpt-5.1-chat-latest", REASONING("medium")),
        CHAT("gpt-5-search-api", ""),
        CHAT("gpt-5-pro", ""),
        CHAT("gpt-oss-120b", ""),
        CHAT("o1-mini", ""),
        CHAT("o1-preview", ""),
        CHAT("o3-deep-research", ""),
        CHAT("omni", ""),
        CHAT("o", ""),
        CHAT("o3x", ""),
        CHAT("llama-3", ""),
        CHAT("gemini-2.5-pro", ""),
        CHAT("claude-sonnet-4-5", ""),
        CHAT("gpt-5.1", REASONING("none")),
        CHAT("gpt-5.1", ",\"temperature\":0.2"),
        CHAT("gpt-5.1", ",\"top_p\":0.5"),
        CHAT("gpt-5.1", ",\"logprobs\":true"),
        CHAT("gpt-5.4", ",\"tools\":[{\"type\":\"function\"}]"),
        CHAT("gpt-5.4", ",\"tools\":[{}],\"reasoning_effort\":\"none\""),
        "{" HELLO "}",
    };
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        applied(left[i], NULL, 20000, left[i]);
    applied(CHAT("gpt-5.1", ",\"temperature\":1,\"top_p\":1,\"logprobs\":false,\"tools\":[]"), NULL, 3000,
            CHAT("gpt-5.1", ",\"temperature\":1,\"top_p\":1,\"logprobs\":false,\"tools\":[]" REASONING("low")));
    applied(CHAT("gpt-5", ",\"tools\":[{}]"), NULL, 3000, CHAT("gpt-5", ",\"tools\":[{}]" REASONING("low")));
}

static void another_openai_model(void **state) {
    (void)state;
    applied(CHAT("o3", REASONING("high")), "gpt-4o", 3000, CHAT("gpt-4o", ""));
    applied(CHAT("o3", REASONING("high")), "gpt-5-pro", 3000, CHAT("gpt-5-pro", ""));
    applied(CHAT("o3", REASONING("high")), "mistral-large", 3000, CHAT("mistral-large", REASONING("low")));
    applied(CHAT("gpt-5.1", REASONING("none")), "o3", 3000, CHAT("o3", REASONING("low")));
    applied(CHAT("gpt-5.1", REASONING("none")), "gpt-5.2", 3000, CHAT("gpt-5.2", REASONING("none")));
    applied(CHAT("o3", ",\"tools\":[{}]" REASONING("high")), "gpt-5.4", 3000, CHAT("gpt-5.4", ",\"tools\":[{}]"));
    applied("{\"model\":\"gpt-5\",\"input\":\"x\",\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"}}", "gpt-4.1",
            3000, "{\"model\":\"gpt-4.1\",\"input\":\"x\"}");
}

static void responses_efforts(void **state) {
    (void)state;
    applied("{\"model\":\"gpt-5\",\"input\":\"x\"}", NULL, 3000,
            "{\"model\":\"gpt-5\",\"input\":\"x\",\"reasoning\":{\"effort\":\"low\"}}");
    applied("{\"model\":\"gpt-5\",\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"},\"input\":\"x\"}", NULL,
            20000, "{\"model\":\"gpt-5\",\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"},\"input\":\"x\"}");
    applied("{\"model\":\"gpt-5\",\"reasoning\":{\"summary\":\"auto\"},\"input\":\"x\"}", NULL, 20000,
            "{\"model\":\"gpt-5\",\"reasoning\":{\"summary\":\"auto\",\"effort\":\"high\"},\"input\":\"x\"}");
    applied("{\"model\":\"gpt-5\",\"reasoning\":null,\"input\":\"x\"}", NULL, 20000,
            "{\"model\":\"gpt-5\",\"reasoning\":{\"effort\":\"high\"},\"input\":\"x\"}");
    applied("{\"model\":\"gpt-5.4\",\"input\":\"x\",\"tools\":[{}]}", NULL, 10000,
            "{\"model\":\"gpt-5.4\",\"input\":\"x\",\"tools\":[{}],\"reasoning\":{\"effort\":\"medium\"}}");
    applied("{\"model\":\"gpt-4.1\",\"input\":\"x\"}", NULL, 10000, "{\"model\":\"gpt-4.1\",\"input\":\"x\"}");
    applied("{\"model\":\"text-embedding-3\",\"input\":\"x\"}", NULL, 10000,
            "{\"model\":\"text-embedding-3\",\"input\":\"x\"}");
}

static void those_who_imitate(void **state) {
    (void)state;
    applied(CHAT("anthropic/claude-sonnet-4.5", ",\"reasoning\":{\"max_tokens\":100}"), NULL, 3000,
            CHAT("anthropic/claude-sonnet-4.5", ",\"reasoning\":{\"max_tokens\":3000}"));
    applied(CHAT("x-ai/grok-4", ",\"reasoning\":{\"effort\":\"high\",\"exclude\":true}"), NULL, 3000,
            CHAT("x-ai/grok-4", ",\"reasoning\":{\"effort\":\"low\",\"exclude\":true}"));
    applied(CHAT("qwen3", ",\"thinking_budget\":50"), NULL, 3000, CHAT("qwen3", ",\"thinking_budget\":3000"));
}

/* All else stays as it is written. */
static void nothing_else_changes(void **state) {
    (void)state;
    applied(
        "{ \"x\" : 1.00 , \"\\u006dodel\" : \"o3\" , \"messages\" : [ { \"content\" : \"a  \\u00e9\" } ] , \"x\" : 2 }",
        "o4-mini", 3000,
        "{\"x\":1.00,\"\\u006dodel\":\"o4-mini\",\"messages\":[{\"content\":\"a  \\u00e9\"}],\"x\":2,"
        "\"reasoning_effort\":\"low\"}");
    applied("{\"model\":5," HELLO "}", NULL, 3000, "{\"model\":5," HELLO "}");
    applied("{" HELLO "}", "o3", 3000, "{" HELLO ",\"model\":\"o3\",\"reasoning_effort\":\"low\"}");
}

/* What is applied twice is as if applied once. */
static void twice_is_once(void **state) {
    (void)state;
    static const char *const texts[] = {CLAUDE("claude-sonnet-4-5", ""),
                                        CLAUDE("claude-opus-4-8", BUDGET(2000)),
                                        CLAUDE("claude-3-5-haiku", BUDGET(2000)),
                                        CHAT("gpt-5.1", REASONING("none")),
                                        CHAT("gpt-4o", ""),
                                        "{\"model\":\"gpt-5\",\"input\":\"x\"}",
                                        "{\"prompt\":\"x\"}"};
    static const char *const models[] = {
        "claude-sonnet-4-5", "claude-opus-4-8", "claude-opus-4-6", "gpt-5", "gpt-4o", "gpt-5.2-pro", "m"};
    struct body *body = body_new();
    struct text scratch = {0}, once = {0}, twice = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t k = 0; k < sizeof models / sizeof *models; k++) {
            text_clear(&once);
            text_clear(&twice);
            assert_true(body_begin(body, span_of(texts[i])));
            enum body_api api = body_api(body);
            body_apply(body, span_of(models[k]), 3000, &scratch);
            body_write(body, &once);
            if (body_api(body) != api)
                continue; /* only the name of its model showed whose it was */
            body_apply(body, span_of(models[k]), 3000, &scratch);
            body_write(body, &twice);
            assert_string_equal(twice.s, once.s);
            text_clear(&twice);
            assert_true(body_begin(body, text_span(&once)));
            body_apply(body, span_of(models[k]), 3000, &scratch);
            body_write(body, &twice);
            assert_string_equal(twice.s, once.s);
        }
    text_free(&scratch);
    text_free(&once);
    text_free(&twice);
    body_free(body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_goes),
        cmocka_unit_test(all_else_stays),
        cmocka_unit_test(what_is_no_object),
        cmocka_unit_test(members),
        cmocka_unit_test(setting),
        cmocka_unit_test(removing),
        cmocka_unit_test(the_last_edit_counts),
        cmocka_unit_test(appends),
        cmocka_unit_test(long_and_deep),
        cmocka_unit_test(random_edits),
        cmocka_unit_test(broken_texts),
        cmocka_unit_test(apis),
        cmocka_unit_test(anthropic_by_shape),
        cmocka_unit_test(own_records),
        cmocka_unit_test(claude_budgets),
        cmocka_unit_test(claude_budget_borders),
        cmocka_unit_test(thinking_that_is_excluded),
        cmocka_unit_test(claude_that_takes_no_budget),
        cmocka_unit_test(models_that_are_not_known),
        cmocka_unit_test(another_claude),
        cmocka_unit_test(chat_efforts),
        cmocka_unit_test(efforts_left_alone),
        cmocka_unit_test(another_openai_model),
        cmocka_unit_test(responses_efforts),
        cmocka_unit_test(those_who_imitate),
        cmocka_unit_test(nothing_else_changes),
        cmocka_unit_test(twice_is_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
