/* JSON as RFC 8259 has it, case by case: what must be taken, what must be refused, and what we chose where it leaves
 * the choice. Each holds in one piece and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "input/json.h"

struct conformance {
    const char *what, *text;
    size_t size;
    bool taken;
};

/* MUST_TAKE and MUST_REFUSE are the RFC's; WE_TAKE and WE_REFUSE what it leaves to a parser. */
#define MUST_TAKE(what, text)                                                                                          \
    { what, text, sizeof(text) - 1, true }
#define MUST_REFUSE(what, text)                                                                                        \
    { what, text, sizeof(text) - 1, false }
#define WE_TAKE   MUST_TAKE
#define WE_REFUSE MUST_REFUSE

static const struct conformance numbers[] = {
    MUST_TAKE("zero", "0"),
    MUST_TAKE("minus zero", "-0"),
    MUST_TAKE("minus zero with a fraction", "[-0.0]"),
    MUST_TAKE("an integer", "[123]"),
    MUST_TAKE("a negative one", "[-7]"),
    MUST_TAKE("a fraction", "[0.125]"),
    MUST_TAKE("many decimals", "[0.00000000000000000000000000000000000000000001]"),
    MUST_TAKE("an exponent", "[1e5]"),
    MUST_TAKE("a capital exponent", "[1E5]"),
    MUST_TAKE("a positive exponent", "[1e+05]"),
    MUST_TAKE("a negative exponent", "[12.5E-3]"),
    MUST_TAKE("a zero with an exponent", "[0e0]"),
    MUST_TAKE("an exponent of zeros", "[1e000]"),
    MUST_TAKE("a number before white space", "[4 ]"),
    WE_TAKE("an integer beyond 64 bits, kept as it stands", "[123456789012345678901234567890]"),
    WE_TAKE("an exponent beyond a double", "[1e999]"),
    WE_TAKE("a negative exponent beyond a double", "[1e-999]"),
    WE_TAKE("an exponent beyond an integer", "[1e99999999999999999999]"),
    WE_TAKE("zero to a great power", "[0e99999999999999999999]"),
    WE_TAKE("an integer that no double holds", "[9007199254740993]"),
    MUST_REFUSE("a plus", "[+1]"),
    MUST_REFUSE("two minuses", "[--1]"),
    MUST_REFUSE("a minus alone", "[-]"),
    MUST_REFUSE("a minus apart", "[- 1]"),
    MUST_REFUSE("a minus and a letter", "[-a]"),
    MUST_REFUSE("a leading zero", "[01]"),
    MUST_REFUSE("a leading zero after a minus", "[-01]"),
    MUST_REFUSE("two zeros", "[00]"),
    MUST_REFUSE("no digit before the point", "[.5]"),
    MUST_REFUSE("no digit between minus and point", "[-.5]"),
    MUST_REFUSE("no digit after the point", "[5.]"),
    MUST_REFUSE("no digit between point and exponent", "[5.e1]"),
    MUST_REFUSE("two points", "[1.2.3]"),
    MUST_REFUSE("an exponent without digits", "[1e]"),
    MUST_REFUSE("an exponent's sign without digits", "[1e+]"),
    MUST_REFUSE("two signs in an exponent", "[1e+-1]"),
    MUST_REFUSE("a fraction in an exponent", "[1e1.5]"),
    MUST_REFUSE("an exponent alone", "[e1]"),
    MUST_REFUSE("two exponents", "[1e2e3]"),
    MUST_REFUSE("hexadecimal", "[0x1F]"),
    MUST_REFUSE("digits in groups", "[1_000]"),
    MUST_REFUSE("a comma for the point in an object", "{\"a\":1,5}"),
    MUST_REFUSE("a blank within", "[1 000]"),
    MUST_REFUSE("not a number", "[NaN]"),
    MUST_REFUSE("minus not a number", "[-NaN]"),
    MUST_REFUSE("infinity", "[Infinity]"),
    MUST_REFUSE("minus infinity", "[-Infinity]"),
    MUST_REFUSE("a suffix", "[1n]"),
    MUST_REFUSE("a full-width digit", "[\xef\xbc\x91]"),
    MUST_REFUSE("a number that does not end", "-"),
    MUST_REFUSE("a fraction that does not end", "0."),
};

static const struct conformance strings[] = {
    MUST_TAKE("empty", "\"\""),
    MUST_TAKE("a blank", "\" \""),
    MUST_TAKE("every short escape", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
    MUST_TAKE("a slash as it is", "\"/\""),
    MUST_TAKE("an escape by number", "\"\\u0041\""),
    MUST_TAKE("digits of either case", "\"\\uABCD\\uabcd\""),
    MUST_TAKE("an escaped NUL", "\"\\u0000\""),
    MUST_TAKE("an escaped control character", "\"\\u001f\""),
    MUST_TAKE("a pair of surrogates", "\"\\ud83d\\ude00\""),
    MUST_TAKE("the last code point as a pair", "\"\\udbff\\udfff\""),
    MUST_TAKE("a backslash before a u that is none", "\"\\\\u0041\""),
    MUST_TAKE("delete, which is no control character here", "\"\x7f\""),
    MUST_TAKE("two bytes", "\"\xc3\xa9\""),
    MUST_TAKE("three bytes", "\"\xe2\x82\xac\""),
    MUST_TAKE("four bytes", "\"\xf0\x9f\x98\x80\""),
    MUST_TAKE("a line separator", "\"\xe2\x80\xa8\""),
    MUST_TAKE("a byte order mark within", "\"\xef\xbb\xbf\""),
    MUST_TAKE("a noncharacter", "\"\xef\xbf\xbf\""),
    MUST_TAKE("the last code point", "\"\xf4\x8f\xbf\xbf\""),
    MUST_TAKE("an escape as a key", "{\"\\u0061\":1}"),
    WE_TAKE("a high half alone, as U+FFFD", "\"\\ud800\""),
    WE_TAKE("a low half alone", "\"\\udc00\""),
    WE_TAKE("two high halves", "\"\\ud800\\ud800\""),
    WE_TAKE("halves the wrong way round", "\"\\udc00\\ud800\""),
    WE_TAKE("a high half before a letter", "\"\\ud800x\""),
    WE_TAKE("a high half before another escape", "\"\\ud800\\n\""),
    WE_TAKE("half a pair in a key", "{\"\\ud800\":1}"),
    MUST_REFUSE("a line feed", "\"a\nb\""),
    MUST_REFUSE("a tab", "\"a\tb\""),
    MUST_REFUSE("a NUL", "\"a\0b\""),
    MUST_REFUSE("the last control character", "\"\x1f\""),
    MUST_REFUSE("a form feed", "\"\f\""),
    MUST_REFUSE("an unknown escape", "\"\\a\""),
    MUST_REFUSE("an escaped single quote", "\"\\'\""),
    MUST_REFUSE("a hexadecimal escape", "\"\\x41\""),
    MUST_REFUSE("an octal escape", "\"\\101\""),
    MUST_REFUSE("a capital U", "\"\\U00000041\""),
    MUST_REFUSE("an escaped line feed", "\"\\\n\""),
    MUST_REFUSE("no digits", "\"\\u\""),
    MUST_REFUSE("three digits", "\"\\u004\""),
    MUST_REFUSE("a letter among the digits", "\"\\u00g1\""),
    MUST_REFUSE("a sign among the digits", "\"\\u+041\""),
    MUST_REFUSE("digits in braces", "\"\\u{41}\""),
    MUST_REFUSE("half a pair and a broken escape", "\"\\ud83d\\u\""),
    MUST_REFUSE("half a pair and a bad escape", "\"\\ud83d\\x\""),
    MUST_REFUSE("single quotes", "'a'"),
    MUST_REFUSE("no quotes", "[a]"),
    MUST_REFUSE("typographic quotes", "[\xe2\x80\x9c"
                                      "a\xe2\x80\x9d]"),
    MUST_REFUSE("no end", "\"a"),
    MUST_REFUSE("an escaped end", "\"a\\\""),
    MUST_REFUSE("a quote alone", "\""),
    MUST_REFUSE("an escape outside", "[\\u0020\"a\"]"),
    /* UTF-8 is the only encoding between programs; what is not is refused rather than guessed at */
    MUST_REFUSE("a continuation alone", "\"\x80\""),
    MUST_REFUSE("a continuation too many", "\"\xc3\xa9\xa9\""),
    MUST_REFUSE("a sequence cut short", "\"\xe2\x82\""),
    MUST_REFUSE("a sequence cut by a letter", "\"\xc3x\""),
    MUST_REFUSE("Latin-1", "\"\xe9\""),
    MUST_REFUSE("a NUL in two bytes", "\"\xc0\x80\""),
    MUST_REFUSE("a slash in two bytes", "\"\xc0\xaf\""),
    MUST_REFUSE("a form of three that is too long", "\"\xe0\x80\xaf\""),
    MUST_REFUSE("a form of four that is too long", "\"\xf0\x80\x80\xaf\""),
    MUST_REFUSE("an encoded surrogate", "\"\xed\xa0\x80\""),
    MUST_REFUSE("an encoded pair of them", "\"\xed\xa0\xbd\xed\xb8\x80\""),
    MUST_REFUSE("beyond the last code point", "\"\xf4\x90\x80\x80\""),
    MUST_REFUSE("five bytes", "\"\xf8\x88\x80\x80\x80\""),
    MUST_REFUSE("a byte that is never there", "\"\xff\""),
    MUST_REFUSE("not UTF-8 in a key", "{\"\xff\":1}"),
    MUST_REFUSE("not UTF-8 outside of strings", "[\xff]"),
};

static const struct conformance structures[] = {
    MUST_TAKE("an empty object", "{}"),
    MUST_TAKE("an empty array", "[]"),
    MUST_TAKE("an array in an array", "[[]]"),
    MUST_TAKE("every type", "[null,true,false,0,\"\",[],{}]"),
    MUST_TAKE("a string alone", "\"a\""),
    MUST_TAKE("a number alone", "42"),
    MUST_TAKE("null alone", "null"),
    MUST_TAKE("true alone", "true"),
    MUST_TAKE("false alone", "false"),
    MUST_TAKE("all white space", " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n"),
    MUST_TAKE("white space in an object", "{ \"a\" :\t1 ,\n\"b\"\r:2 }"),
    MUST_TAKE("an empty key", "{\"\":0}"),
    MUST_TAKE("a line feed after a scalar", "1\n"),
    WE_TAKE("a key twice, of which the last counts", "{\"a\":1,\"a\":2}"),
    WE_TAKE("a key twice with one value", "{\"a\":1,\"a\":1}"),
    WE_REFUSE("a byte order mark before a value: the reader passes over one at the beginning", "\xef\xbb\xbf{}"),
    MUST_REFUSE("UTF-16", "[\0]\0"),
    MUST_REFUSE("nothing", ""),
    MUST_REFUSE("white space alone", " \n"),
    MUST_REFUSE("a byte order mark alone", "\xef\xbb\xbf"),
    MUST_REFUSE("a trailing comma in an array", "[1,]"),
    MUST_REFUSE("a trailing comma in an object", "{\"a\":1,}"),
    MUST_REFUSE("a leading comma", "[,1]"),
    MUST_REFUSE("two commas", "[1,,2]"),
    MUST_REFUSE("a comma alone", "[,]"),
    MUST_REFUSE("no comma", "[1 2]"),
    MUST_REFUSE("no comma between members", "{\"a\":1 \"b\":2}"),
    MUST_REFUSE("a semicolon", "[1;2]"),
    MUST_REFUSE("a colon in an array", "[\"a\":1]"),
    MUST_REFUSE("no colon", "{\"a\" 1}"),
    MUST_REFUSE("two colons", "{\"a\"::1}"),
    MUST_REFUSE("an equals sign", "{\"a\"=1}"),
    MUST_REFUSE("no value", "{\"a\":}"),
    MUST_REFUSE("no key", "{:1}"),
    MUST_REFUSE("a value without a key", "{1}"),
    MUST_REFUSE("a key without a value", "{\"a\"}"),
    MUST_REFUSE("a key without quotes", "{a:1}"),
    MUST_REFUSE("a number as a key", "{1:1}"),
    MUST_REFUSE("null as a key", "{null:1}"),
    MUST_REFUSE("an array as a key", "{[]:1}"),
    MUST_REFUSE("an array that is not closed", "[1"),
    MUST_REFUSE("an array that is not closed after a comma", "[1,"),
    MUST_REFUSE("an object that is not closed", "{\"a\":1"),
    MUST_REFUSE("brackets that do not match", "[1}"),
    MUST_REFUSE("braces that do not match", "{\"a\":1]"),
    MUST_REFUSE("a bracket too many", "[1]]"),
    MUST_REFUSE("a bracket that closes nothing", "]"),
    MUST_REFUSE("two values", "{}{}"),
    MUST_REFUSE("two scalars", "1 2"),
    MUST_REFUSE("a letter after a value", "{}x"),
    MUST_REFUSE("a comma after a value", "{},"),
    MUST_REFUSE("a NUL after a value", "{}\0"),
    MUST_REFUSE("a NUL between tokens", "[\0]"),
    MUST_REFUSE("a comment", "[1/* one */]"),
    MUST_REFUSE("a comment to the end of the line", "[1] // one"),
    MUST_REFUSE("a comment by a hash", "[1] # one"),
    MUST_REFUSE("capitals", "[True]"),
    MUST_REFUSE("capitals throughout", "[NULL]"),
    MUST_REFUSE("a literal cut short", "[nul]"),
    MUST_REFUSE("a literal cut short at the end", "tru"),
    MUST_REFUSE("a literal that goes on", "[truex]"),
    MUST_REFUSE("undefined", "[undefined]"),
    MUST_REFUSE("a vertical tab for white space", "[\v1]"),
    MUST_REFUSE("a form feed for white space", "[1\f]"),
    MUST_REFUSE("a form feed before a value", "\f[1]"),
    MUST_REFUSE("a no-break space", "[\xc2\xa0"
                                    "1]"),
    MUST_REFUSE("a line separator for white space", "[\xe2\x80\xa8"
                                                    "1]"),
    MUST_REFUSE("a word joiner", "[\xe2\x81\xa0]"),
};

static bool parse_bytewise(struct json *json, struct span text) {
    enum json_status status = JSON_MORE;
    size_t at = 0, used;
    json_begin(json);
    while (status == JSON_MORE && at < text.n) {
        status = json_feed(json, text.s + at, 1, &used);
        at += status == JSON_MORE ? 1 : used;
    }
    if (status == JSON_MORE)
        status = json_end(json);
    if (status == JSON_WHOLE)
        status = json_settle(json, (struct span){text.s, at});
    while (at < text.n && text.s[at] != '\0' && strchr(" \t\r\n", text.s[at]) != NULL)
        at++;
    return status == JSON_WHOLE && at == text.n;
}

static void all_hold(const struct conformance *cases, size_t count) {
    struct json *json = json_new(NULL);
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct span text = {cases[i].text, cases[i].size};
        if (json_parse(json, text) == cases[i].taken && parse_bytewise(json, text) == cases[i].taken)
            continue;
        print_error("%s: is not %s\n", cases[i].what, cases[i].taken ? "taken" : "refused");
        wrong++;
    }
    json_free(json);
    assert_int_equal(wrong, 0);
}

#define ALL_HOLD(cases) all_hold(cases, sizeof(cases) / sizeof *(cases))

static void numbers_conform(void **state) {
    (void)state;
    ALL_HOLD(numbers);
}

static void strings_conform(void **state) {
    (void)state;
    ALL_HOLD(strings);
}

static void structures_conform(void **state) {
    (void)state;
    ALL_HOLD(structures);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_conform),
        cmocka_unit_test(strings_conform),
        cmocka_unit_test(structures_conform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
