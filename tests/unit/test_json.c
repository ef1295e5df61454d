/* JSON documents: what is taken, what is refused, and that it does not matter in which pieces they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "input/json.h"
#include "json_again.h"
#include "rules/characteristics.h"
#include "random.h"

/* The members "one", "two" and "three" have numbers. */
static int names(struct span key) {
    static const char *const known[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++)
        if (span_is(key, known[i]))
            return i;
    return JSON_UNWANTED;
}

/* What the parser says of TEXT, fed in one piece if STEP is 0, else in pieces: one of FIRST bytes, then of STEP bytes.
 */
static void feed(struct json *json, struct span text, size_t first, size_t step, struct text *out) {
    enum json_status status = JSON_MORE;
    size_t at = 0, used = 0, size = step == 0 ? text.n : first;
    text_clear(out);
    json_begin(json);
    for (; status == JSON_MORE && at < text.n; size = step) {
        size = size < text.n - at ? size : text.n - at;
        status = json_feed(json, text.s + at, size, &used);
        assert_true(used <= size);
        at += status == JSON_MORE ? size : used;
    }
    if (status == JSON_MORE)
        status = json_end(json);
    if (status == JSON_WHOLE)
        status = json_settle(json, (struct span){text.s, at});
    if (status == JSON_WRONG) {
        assert_true(*json_error(json) != '\0');
        text_format(out, "wrong: %s", json_error(json));
        return;
    }
    assert_int_equal(status, JSON_WHOLE);
    assert_true(json_again(json, 0, out));
    text_format(out, " +%zu", text.n - at);
}

/* Whatever the pieces, the answer is the same; it is in OUT. */
static void feed_all_ways(struct json *json, struct span text, struct text *out) {
    struct text again = {0};
    feed(json, text, 0, 0, out);
    for (size_t first = 0; first <= text.n; first++) {
        feed(json, text, first, text.n + 1, &again);
        if (!span_equal(text_span(&again), text_span(out)))
            fail_msg("%.*s: in one piece \"%s\", cut after %zu bytes \"%s\"", (int)text.n, text.s, out->s, first,
                     again.s);
    }
    feed(json, text, 1, 1, &again);
    if (!span_equal(text_span(&again), text_span(out)))
        fail_msg("%.*s: in one piece \"%s\", byte by byte \"%s\"", (int)text.n, text.s, out->s, again.s);
    text_free(&again);
}

static void document_is(json_names *wanted, struct span text, const char *expected) {
    struct json *json = json_new(wanted);
    struct text got = {0};
    feed_all_ways(json, text, &got);
    if (!span_is(text_span(&got), expected))
        fail_msg("%.*s: \"%s\", not \"%s\"", (int)text.n, text.s, got.s, expected);
    text_free(&got);
    json_free(json);
}

static void is(const char *text, const char *expected) {
    struct text whole = {0};
    text_format(&whole, "%s +0", expected);
    document_is(NULL, span_of(text), whole.s);
    text_free(&whole);
}

static void wanted_is(const char *text, const char *expected) {
    struct text whole = {0};
    text_format(&whole, "%s +0", expected);
    document_is(names, span_of(text), whole.s);
    text_free(&whole);
}

static void wrong_span(json_names *wanted, struct span text) {
    struct json *json = json_new(wanted);
    struct text got = {0};
    feed_all_ways(json, text, &got);
    if (strncmp(got.s, "wrong: ", 7) != 0)
        fail_msg("%.*s: taken as %s", (int)text.n, text.s, got.s);
    assert_false(json_parse(json, text));
    text_free(&got);
    json_free(json);
}

static void wrong(const char *text) {
    wrong_span(NULL, span_of(text));
}

/* -- values ------------------------------------------------------------------------------------------------------- */

static void values(void **state) {
    (void)state;
    is("null", "null");
    is("true", "true");
    is("false", "false");
    is("\"\"", "\"\"");
    is("\"abc\"", "\"abc\"");
    is("{}", "{}");
    is("[]", "[]");
    is("[[],{},[[]]]", "[[],{},[[]]]");
    is("{\"a\":1,\"b\":[2,{\"c\":null}],\"d\":{\"e\":{}}}", "{\"a\":1,\"b\":[2,{\"c\":null}],\"d\":{\"e\":{}}}");
    is("{\"\":1}", "{\"\":1}");
    is(" \t\r\n{ \"a\" : [ 1 , 2 ] }", "{\"a\":[1,2]}");
    is("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}");
}

static void numbers_stay_as_they_stand(void **state) {
    static const char *const numbers[] = {"0",
                                          "-0",
                                          "-0.0",
                                          "1",
                                          "0.10",
                                          "1e400",
                                          "-1E+400",
                                          "1e-400",
                                          "9007199254740993",
                                          "123456789012345678901234567890.123456789012345678901234567890",
                                          "1e5",
                                          "0e0"};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct text array = {0};
        is(numbers[i], numbers[i]);
        text_format(&array, "[%s,%s]", numbers[i], numbers[i]);
        is(array.s, array.s);
        text_free(&array);
    }
}

static void what_follows_is_left(void **state) {
    (void)state;
    document_is(NULL, span_of("{}{}"), "{} +2");
    document_is(NULL, span_of("{} "), "{} +1");
    document_is(NULL, span_of("[1]x"), "[1] +1");
    document_is(NULL, span_of("\"a\"b"), "\"a\" +1");
    document_is(NULL, span_of("12 34"), "12 +3");
    document_is(NULL, span_of("12,"), "12 +1");
    document_is(NULL, span_of("12{"), "12 +1");
    document_is(NULL, span_of("truefalse"), "true +5");
    document_is(NULL, span_of("null]"), "null +1");
}

static void no_json(void **state) {
    static const char *const texts[] = {
        "",          " ",           "\n",
        "{",         "}",           "[",
        "]",         "{\"a\"",      "{\"a\":",
        "{\"a\":1",  "{\"a\":1,",   "{\"a\"}",
        "{\"a\":}",  "{,}",         "{\"a\":1,}",
        "{a:1}",     "{'a':1}",     "{1:2}",
        "[1",        "[1,",         "[1,]",
        "[,]",       "[1 2]",       "[1}",
        "{\"a\":1]", "{\"a\" 1}",   "{\"a\":1 \"b\":2}",
        "\"abc",     "\"abc\\\"",   "'a'",
        "tru",       "nul",         "True",
        "NaN",       "Infinity",    "-Infinity",
        "+1",        ".5",          "-",
        "-.5",       "1.",          "1.e5",
        "1e",        "1e+",         "0x10",
        "/* c */ 1", "// c\n1",     "{}/**/",
        "nulL",      "\\",          "[\"a\\x\"]",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\U0041\"",
        "\"\\a\"",   "{\"a\":tru}", "undefined",
        "[NaN]",     "[01]",        "{\"a\":-01}",
    };
    struct json *json = json_new(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (json_parse(json, span_of(texts[i])))
            fail_msg("%s: taken", texts[i]);
    json_free(json);
}

static void wrong_in_any_pieces(void **state) {
    (void)state;
    wrong("{\"a\":1,}");
    wrong("{\"a\":1]");
    wrong("[1 2]");
    wrong("{\"a\":tru}");
    wrong("{\"a\":\"b\nc\"}");
    wrong("[\"\\u12g4\"]");
    wrong("[\"abc");
    wrong("[01]");
    wrong("[1.]");
    wrong("{\"a\":1");
    wrong("-");
    wrong("");
}

static void whole_texts(void **state) {
    struct json *json = json_new(NULL);
    (void)state;
    assert_true(json_parse(json, span_of("{}")));
    assert_true(json_parse(json, span_of(" \r\n\t{} \r\n\t")));
    assert_true(json_parse(json, span_of("12")));
    assert_true(json_parse(json, span_of("12 ")));
    assert_false(json_parse(json, span_of("{} {}")));
    assert_string_equal(json_error(json), "not JSON: something follows the value");
    assert_false(json_parse(json, span_of("12 13")));
    assert_false(json_parse(json, span_of("01")));
    assert_false(json_parse(json, (struct span){"{}\0", 3}));
    assert_false(json_parse(json, (struct span){"12\0", 3}));
    assert_false(json_parse(json, (struct span){"\0", 1}));
    assert_false(json_parse(json, (struct span){"", 0}));
    assert_true(json_parse(json, (struct span){"{}x", 2}));
    assert_true(json_parse(json, span_of("null")));
    json_free(json);
}

static void errors_in_words(void **state) {
    struct json *json = json_new(NULL);
    (void)state;
    assert_false(json_parse(json, span_of("{\"a\" 1}")));
    assert_int_equal(strncmp(json_error(json), "not JSON: ", 10), 0);
    assert_null(strchr(json_error(json), '\n'));
    assert_false(json_parse(json, span_of("{\"a\":")));
    assert_string_equal(json_error(json), "not JSON: it ends in the middle of a value");
    json_free(json);
}

/* -- strings ------------------------------------------------------------------------------------------------------ */

static void escapes(void **state) {
    (void)state;
    is("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\u0008\\u000c\\n\\u000d\\t\"");
    is("\"\\u0041\\u00e9\\u6d4b\"", "\"Aé测\"");
    is("\"\\u00E9\\uABCD\"", "\"é\xea\xaf\x8d\"");
    is("\"\\u0000\"", "\"\\u0000\"");
    is("\"a\\u0000b\"", "\"a\\u0000b\"");
    is("\"\x7f\"", "\"\\u007f\"");
    is("\"größe 测试 \xf0\x9f\x98\x80\"", "\"größe 测试 \xf0\x9f\x98\x80\"");
    is("{\"\\u0061\\n\":1}", "{\"a\\n\":1}");
}

static void a_nul_is_a_byte_of_the_text(void **state) {
    struct json *json = json_new(NULL);
    (void)state;
    assert_true(json_parse(json, span_of("\"a\\u0000b\\u0000\"")));
    assert_int_equal(json_nodes(json)->text.n, 4);
    assert_memory_equal(json_nodes(json)->text.s, "a\0b\0", 4);
    json_free(json);
}

#define LOST "\xef\xbf\xbd" /* U+FFFD */

static void surrogates(void **state) {
    (void)state;
    is("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
    is("\"\\uD83D\\uDE00x\"", "\"\xf0\x9f\x98\x80x\"");
    is("\"\\ud800\\udc00\\udbff\\udfff\"", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
    is("\"\\ud7ff\\ue000\"", "\"\xed\x9f\xbf\xee\x80\x80\"");
}

/* Each half alone becomes U+FFFD, and what is beside it stays. */
static void halves_of_surrogates(void **state) {
    static const char *const examples[][2] = {
        {"\"\\ud83d\"", "\"" LOST "\""},
        {"\"\\ude00\"", "\"" LOST "\""},
        {"\"a\\ude00b\"", "\"a" LOST "b\""},
        {"\"\\ud83dabc\"", "\"" LOST "abc\""},
        {"\"a\\ud83db\"", "\"a" LOST "b\""},
        {"\"\\ud83d\\u0041\"", "\"" LOST "A\""},
        {"\"\\ud83d\\n\"", "\"" LOST "\\n\""},
        {"\"\\ud83d\\\"\"", "\"" LOST "\\\"\""},
        {"\"\\ud83d\\\\\"", "\"" LOST "\\\\\""},
        {"\"\\ud83d\\ud83d\\ude00\"", "\"" LOST "\xf0\x9f\x98\x80\""},
        {"\"\\ude00\\ud83d\"", "\"" LOST LOST "\""},
        {"\"\\ud83d\\ud83d\"", "\"" LOST LOST "\""},
        {"\"\\ud83dé\"", "\"" LOST "é\""},
        {"{\"\\ud83dx\":\"\\ud83dy\"}", "{\"" LOST "x\":\"" LOST "y\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        is(examples[i][0], examples[i][1]);
}

static void control_characters_are_wrong(void **state) {
    (void)state;
    wrong("\"a\nb\"");
    wrong("\"a\tb\"");
    wrong("\"\x1f\"");
    wrong("{\"a\x01\":1}");
    wrong_span(NULL, (struct span){"\"a\0b\"", 5});
}

static void utf8_is_checked(void **state) {
    static const char *const sequences[] = {
        "\x80",
        "\xbf",
        "\xc3",
        "\xc3(",
        "\xe2\x82",
        "\xe2(\xac",
        "\xf0\x9f\x98",
        "\xf0(\x98\x80",
        "\xff",
        "\xfe",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf7\xbf\xbf\xbf",
        "\xf8\x88\x80\x80\x80",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
    };
    (void)state;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        char text[20];
        snprintf(text, sizeof text, "\"%s\"", sequences[i]);
        wrong(text);
        snprintf(text, sizeof text, "{\"%s\":1}", sequences[i]);
        wrong(text);
    }
}

/* -- members ------------------------------------------------------------------------------------------------------ */

static void unwanted_members_are_left_out(void **state) {
    (void)state;
    wanted_is("{\"one\":1}", "{0:1}");
    wanted_is("{\"x\":1}", "{}");
    wanted_is("{\"x\":1,\"one\":2}", "{0:2}");
    wanted_is("{\"one\":2,\"x\":1}", "{0:2}");
    wanted_is("{\"x\":{},\"one\":1,\"y\":[],\"two\":2}", "{0:1,1:2}");
    wanted_is("{\"x\":{\"one\":1,\"y\":[{\"two\":2}]},\"three\":3}", "{2:3}");
    wanted_is("{\"x\":[[[{}]],{\"a\":[1]}],\"one\":1}", "{0:1}");
    wanted_is("{\"x\":null,\"y\":true,\"z\":\"s\",\"w\":-1e5}", "{}");
    wanted_is("{\"\":1,\"on\":2,\"ones\":3,\"ONE\":4}", "{}");
    wanted_is("{\"\\u006fne\":1}", "{0:1}");
    wanted_is("{\"one\":1,\"one\":2}", "{0:1,0:2}");
}

/* What a wanted member holds is kept, with its keys. */
static void wanted_members_are_kept_whole(void **state) {
    (void)state;
    wanted_is("{\"one\":{\"one\":1,\"x\":{\"two\":[]}}}", "{0:{\"one\":1,\"x\":{\"two\":[]}}}");
    wanted_is("{\"one\":[{\"x\":1}],\"x\":2}", "{0:[{\"x\":1}]}");
    wanted_is("[]", "[]");
    wanted_is("\"one\"", "\"one\"");
}

static void unwanted_members_are_checked(void **state) {
    (void)state;
    wrong_span(names, span_of("{\"x\":tru}"));
    wrong_span(names, span_of("{\"x\":[1,],\"one\":1}"));
    wrong_span(names, span_of("{\"x\":{\"y\" 1}}"));
    wrong_span(names, span_of("{\"x\":\"\x80\"}"));
    wrong_span(names, span_of("{\"x\" 1}"));
    wrong_span(names, span_of("{\"x\":1"));
}

static void members_by_key(void **state) {
    struct json *json = json_new(NULL);
    (void)state;
    assert_true(json_parse(json, span_of("{\"a\":{\"b\":1,\"c\":[{\"b\":2}]},\"b\":3,\"a\":{\"b\":4}}")));
    const struct json_node *root = json_nodes(json), *a = json_member(json, root, "a");
    assert_true(span_is(json_member(json, root, "b")->text, "3"));
    assert_true(span_is(json_member(json, a, "b")->text, "4")); /* of two, the last */
    assert_null(json_member(json, a, "c"));
    assert_null(json_member(json, root, "x"));
    assert_null(json_member(json, json_member(json, root, "b"), "b"));
    assert_null(json_member(json, NULL, "b"));
    json_free(json);
}

/* -- bounds ------------------------------------------------------------------------------------------------------- */

static void nested(struct text *text, const char *before, const char *open, const char *inside, const char *closed,
                   int depth) {
    text_clear(text);
    text_string(text, before);
    for (int i = 0; i < depth; i++)
        text_string(text, open);
    text_string(text, inside);
    for (int i = 0; i < depth; i++)
        text_string(text, closed);
}

static void depth_is_bounded(void **state) {
    struct json *json = json_new(NULL), *wanted = json_new(names);
    struct text text = {0};
    (void)state;
    for (int round = 0; round < 2; round++) {
        nested(&text, "", "[", "", "]", JSON_DEPTH_MAX);
        assert_true(json_parse(json, text_span(&text)));
        assert_int_equal(json_nodes(json)->next, JSON_DEPTH_MAX);
        nested(&text, "", "{\"a\":", "1", "}", JSON_DEPTH_MAX);
        assert_true(json_parse(json, text_span(&text)));
        nested(&text, "", "[", "", "]", JSON_DEPTH_MAX + 1);
        assert_false(json_parse(json, text_span(&text)));
        assert_string_equal(json_error(json), "nested too deeply");
        nested(&text, "", "[", "", "", 1000000);
        assert_false(json_parse(json, text_span(&text)));
        nested(&text, "{\"x\":", "[", "", "]", JSON_DEPTH_MAX - 1);
        text_string(&text, "}");
        assert_true(json_parse(wanted, text_span(&text)));
        nested(&text, "{\"x\":", "[", "", "]", JSON_DEPTH_MAX);
        text_string(&text, "}");
        assert_false(json_parse(wanted, text_span(&text)));
        assert_string_equal(json_error(wanted), "nested too deeply");
    }
    text_free(&text);
    json_free(json);
    json_free(wanted);
}

static void used_again(void **state) {
    struct json *json = json_new(names);
    size_t used;
    (void)state;
    json_begin(json);
    assert_int_equal(json_feed(json, "{\"x\":[{\"one\":", 13, &used), JSON_MORE);
    assert_true(json_parse(json, span_of("{\"one\":1}")));
    assert_int_equal(json_nodes(json)->next, 2);
    assert_false(json_parse(json, span_of("{\"x\":]")));
    assert_true(json_parse(json, span_of("{\"two\":\"2\"}")));
    assert_int_equal(json_nodes(json)[1].name, 1);
    assert_false(json_parse(json, span_of("{\"one\"")));
    assert_true(json_parse(json, span_of("[1,2,3]")));
    assert_int_equal(json_nodes(json)->next, 4);
    assert_int_equal(json_nodes(json)[1].name, JSON_UNWANTED);
    json_free(json);
}

static void long_values(void **state) {
    struct json *json = json_new(NULL);
    struct text text = {0};
    (void)state;
    text_string(&text, "[\"");
    for (int i = 0; i < 300000; i++)
        text_string(&text, i % 7 == 0 ? "\\n" : i % 11 == 0 ? "é" : "x");
    text_string(&text, "\"");
    for (int i = 0; i < 100000; i++)
        text_format(&text, ",%d", i);
    text_string(&text, "]");
    assert_true(json_parse(json, text_span(&text)));
    assert_int_equal(json_nodes(json)->next, 100002);
    assert_int_equal(characters_of(json_nodes(json)[1].text), 300000);
    assert_true(span_is(json_nodes(json)[100001].text, "99999"));
    text_free(&text);
    json_free(json);
}

/* -- property: random documents, whole and broken, in any pieces --------------------------------------------------- */

static const char *pick(const char *const *list, size_t count) {
    return list[random_next() % count];
}

static void random_space(struct text *out) {
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t ", "\r\n"};
    text_string(out, pick(spaces, 7));
}

/* Appends a random value to TEXT, as somebody may write it, and to PLAIN as dump does. */
static void random_value(struct text *text, struct text *plain, int depth) {
    static const char *const scalars[] = {"null", "true", "false",   "0",     "-1.5e3",
                                          "12",   "\"\"", "\"a b\"", "\"é\"", "\"[{,:\""};
    static const char *const keys[] = {"\"a\"", "\"\"", "\"one\"", "\"x y\"", "\"é\""};
    uint64_t kind = depth > 0 ? random_next() % 4 : 0;
    random_space(text);
    if (kind < 2) {
        const char *scalar = pick(scalars, 10);
        text_string(text, scalar);
        text_string(plain, scalar);
    } else {
        uint64_t count = random_next() % 4;
        text_string(text, kind == 2 ? "[" : "{");
        text_string(plain, kind == 2 ? "[" : "{");
        for (uint64_t i = 0; i < count; i++) {
            text_string(text, i > 0 ? "," : "");
            text_string(plain, i > 0 ? "," : "");
            if (kind == 3) {
                const char *key = pick(keys, 5);
                random_space(text);
                text_format(text, "%s:", key);
                text_format(plain, "%s:", key);
            }
            random_value(text, plain, depth - 1);
        }
        random_space(text);
        text_string(text, kind == 2 ? "]" : "}");
        text_string(plain, kind == 2 ? "]" : "}");
    }
}

static void break_somewhere(struct text *text) {
    static const char noise[] = "{}[]:,\"\\ \n0-eEt.u\x80\xc3\x1e\0";
    uint64_t how = random_next() % 3;
    size_t at = random_next() % (text->n + 1);
    if (how == 0 || at == text->n)
        text->n = at;
    else if (how == 1)
        text->s[at] = noise[random_next() % (sizeof noise - 1)];
    else {
        memmove(text->s + at, text->s + at + 1, text->n - at - 1);
        text->n--;
    }
}

/* A longer run, and another one: PL_TEST_ROUNDS and PL_TEST_SEED. */
static void random_documents(void **state) {
    const char *rounds = getenv("PL_TEST_ROUNDS"), *seed = getenv("PL_TEST_SEED");
    struct json *json = json_new(NULL), *wanted = json_new(names);
    struct text text = {0}, plain = {0}, got = {0};
    (void)state;
    random_state ^= seed != NULL ? strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15U : 0;
    for (int i = 0; i < (rounds != NULL ? atoi(rounds) : 1500); i++) {
        text_clear(&text);
        text_clear(&plain);
        random_value(&text, &plain, 4);
        if (!json_parse(json, text_span(&text)))
            fail_msg("%s: %s", text.s, json_error(json));
        text_clear(&got);
        assert_true(json_again(json, 0, &got));
        assert_string_equal(got.s, plain.s);
        feed_all_ways(wanted, text_span(&text), &got);
        break_somewhere(&text);
        feed_all_ways(json, text_span(&text), &got);
        feed_all_ways(wanted, text_span(&text), &got);
    }
    text_free(&text);
    text_free(&plain);
    text_free(&got);
    json_free(json);
    json_free(wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(numbers_stay_as_they_stand),
        cmocka_unit_test(what_follows_is_left),
        cmocka_unit_test(no_json),
        cmocka_unit_test(wrong_in_any_pieces),
        cmocka_unit_test(whole_texts),
        cmocka_unit_test(errors_in_words),
        cmocka_unit_test(escapes),
        cmocka_unit_test(a_nul_is_a_byte_of_the_text),
        cmocka_unit_test(surrogates),
        cmocka_unit_test(halves_of_surrogates),
        cmocka_unit_test(control_characters_are_wrong),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(unwanted_members_are_left_out),
        cmocka_unit_test(wanted_members_are_kept_whole),
        cmocka_unit_test(unwanted_members_are_checked),
        cmocka_unit_test(members_by_key),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(used_again),
        cmocka_unit_test(long_values),
        cmocka_unit_test(random_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
