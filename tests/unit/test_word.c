/* The words of a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/word.h"

/* The words of BYTES, with '|' between them. */
static void words_are(struct span bytes, const char *expected) {
    struct text words = {0};
    struct span rest = bytes, word;
    while (word_next(&rest, &word)) {
        assert_true(word.s >= bytes.s && word.s + word.n <= bytes.s + bytes.n);
        text_format(&words, "%s%.*s", words.n > 0 ? "|" : "", (int)word.n, word.s);
    }
    assert_int_equal(rest.n, 0);
    assert_false(word_next(&rest, &word));
    assert_string_equal(text_span(&words).s, expected);
    text_free(&words);
}

static void runs_of_letters_and_digits(void **state) {
    (void)state;
    words_are(span_of("Run the backend tests"), "Run|the|backend|tests");
    words_are(span_of("test_api.py"), "test_api|py");
    words_are(span_of("clang-format"), "clang|format");
    words_are(span_of("adw_test_iso"), "adw_test_iso");
    words_are(span_of("  a\tb\nc\rd\ve\ff  "), "a|b|c|d|e|f");
    words_are(span_of("(a),[b];{c}:\"d\"'e'`f`<g>"), "a|b|c|d|e|f|g");
    words_are(span_of("don't"), "don|t");
    words_are(span_of("v1.2.3"), "v1|2|3");
    words_are(span_of("a/b\\c@d#e$f%g^h&i*j+k=l~m?n!"), "a|b|c|d|e|f|g|h|i|j|k|l|m|n");
    words_are(span_of("_ __ 0 A Z a z 9"), "_|__|0|A|Z|a|z|9");
}

static void beyond_ascii(void **state) {
    (void)state;
    words_are(span_of("größe über café"), "größe|über|café");
    words_are(span_of("测试 code"), "测试|code");
    words_are(span_of("dash—dash “quoted” … «so» ‘x’、y。z　w！"), "dash|dash|quoted|so|x|y|z|w");
    words_are(span_of("\xff\x80 a\xc3"), "a"); /* no characters at all */
}

static void no_words(void **state) {
    (void)state;
    words_are(span_of(""), "");
    words_are(span_of(" \n.,-/"), "");
    words_are((struct span){"\0\0", 2}, "");
    words_are((struct span){"a\0b", 3}, "a|b");
    words_are((struct span){"ab", 1}, "a");
    words_are((struct span){NULL, 0}, "");
}

static void counted_between_spaces(void **state) {
    (void)state;
    assert_int_equal(words_between_spaces(span_of("")), 0);
    assert_int_equal(words_between_spaces((struct span){NULL, 0}), 0);
    assert_int_equal(words_between_spaces(span_of(" \t\n\v\f\r")), 0);
    assert_int_equal(words_between_spaces(span_of("one")), 1);
    assert_int_equal(words_between_spaces(span_of("  one  two  ")), 2);
    assert_int_equal(words_between_spaces(span_of("clang-format a.b, c!")), 3);
    assert_int_equal(words_between_spaces(span_of("- - -")), 3);
    assert_int_equal(words_between_spaces(span_of("a\tb\nc\vd\fe\rf")), 6);
    assert_int_equal(words_between_spaces(span_of("un café")), 2);
    assert_int_equal(words_between_spaces((struct span){"a b c", 2}), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_of_letters_and_digits),
        cmocka_unit_test(beyond_ascii),
        cmocka_unit_test(no_words),
        cmocka_unit_test(counted_between_spaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
