/* Bytes, borrowed and owned, and how they are escaped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "random.h"

static void spans_compare_bytewise(void **state) {
    (void)state;
    assert_true(span_compare(span_of("a"), span_of("b")) < 0);
    assert_true(span_compare(span_of("b"), span_of("a")) > 0);
    assert_true(span_compare(span_of("a"), span_of("a")) == 0);
    assert_true(span_compare(span_of("a"), span_of("ab")) < 0);
    assert_true(span_compare(span_of("ab"), span_of("a")) > 0);
    assert_true(span_compare(span_of(""), span_of("a")) < 0);
    assert_true(span_compare((struct span){NULL, 0}, span_of("")) == 0);
    assert_true(span_compare(span_of("a"), span_of("\xc3\xa4")) < 0);
    assert_true(span_compare((struct span){"a\0b", 3}, (struct span){"a\0c", 3}) < 0);
    assert_true(span_is(span_of("abc"), "abc"));
    assert_false(span_is(span_of("abc"), "abcd"));
    assert_false(span_is(span_of("abc"), "ab"));
    assert_true(span_is((struct span){NULL, 0}, ""));
    assert_int_equal(span_of(NULL).n, 0);
    assert_null(span_of(NULL).s);
}

static void texts_grow(void **state) {
    struct text text = {0};
    (void)state;
    assert_string_equal(text_span(&text).s, "");
    text_bytes(&text, NULL, 0);
    assert_string_equal(text.s, "");
    for (int i = 0; i < 100000; i++)
        text_format(&text, "%d,", i % 10);
    assert_int_equal(text.n, 200000);
    assert_int_equal(strlen(text.s), 200000);
    text_clear(&text);
    assert_int_equal(text.n, 0);
    assert_string_equal(text.s, "");
    text_bytes(&text, "a\0b", 3);
    assert_memory_equal(text.s, "a\0b\0", 4);
    text_free(&text);
    assert_null(text.s);
    text_clear(&text);
    /* every size around the first growths, by each of the ways to append */
    for (size_t size = 0; size < 300; size++) {
        char *long_one = test_malloc(size + 1);
        memset(long_one, 'x', size);
        long_one[size] = '\0';
        text_format(&text, "%s", long_one);
        assert_int_equal(text.n, size);
        text_string(&text, long_one);
        assert_int_equal(strlen(text_span(&text).s), 2 * size);
        text_free(&text);
        test_free(long_one);
    }
}

/* -- UTF-8 -------------------------------------------------------------------------------------------------------- */

static size_t encode(uint32_t point, char *out) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

static void every_code_point(void **state) {
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        char bytes[5] = {0};
        uint32_t got = 0;
        size_t size = encode(point, bytes);
        bool surrogate = point >= 0xd800 && point <= 0xdfff;
        size_t decoded = utf8_decode((struct span){bytes, 5}, &got);
        if (decoded != (surrogate ? 0 : size) || (!surrogate && got != point))
            fail_msg("U+%04X: %zu bytes, U+%04X", point, decoded, got);
        if (size > 1 && utf8_decode((struct span){bytes, size - 1}, &got) != 0)
            fail_msg("U+%04X: taken without its last byte", point);
    }
}

static void what_is_not_utf8(void **state) {
    static const char *const wrong[] = {"\x80",
                                        "\xbf",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xe0\x80\x80",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xed\xbf\xbf",
                                        "\xf0\x80\x80\x80",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xf8\x88\x80\x80\x80",
                                        "\xff",
                                        "\xfe",
                                        "\xc3",
                                        "\xc3(",
                                        "\xe2\x82",
                                        "\xe2\x82(",
                                        "\xe2(\xac",
                                        "\xf0\x9f\x98",
                                        "\xf0(\x98\x80"};
    uint32_t point;
    (void)state;
    assert_int_equal(utf8_decode(span_of(""), &point), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (utf8_decode(span_of(wrong[i]), &point) != 0)
            fail_msg("number %zu is taken", i);
}

/* -- escaping ----------------------------------------------------------------------------------------------------- */

static void escapes(struct span bytes, const char *expected) {
    struct text text = {0};
    text_escaped(&text, bytes);
    assert_string_equal(text_span(&text).s, expected);
    text_free(&text);
}

static void for_a_terminal(void **state) {
    (void)state;
    escapes(span_of(""), "");
    escapes(span_of("plain text"), "plain text");
    escapes(span_of("größe 测试 \xf0\x9f\x98\x80"), "größe 测试 \xf0\x9f\x98\x80");
    escapes(span_of("\x1b[31mred\x07"), "\\x1B[31mred\\x07");
    escapes(span_of("a\nb\tc\r"), "a\\x0Ab\\x09c\\x0D");
    escapes((struct span){"a\0b", 3}, "a\\x00b");
    escapes(span_of("\x7f"), "\\x7F");
    escapes(span_of("\xc2\x9b"
                    "31m"),
            "\\x9B31m"); /* C1, as UTF-8... */
    escapes(span_of("\x9b"
                    "31m"),
            "\\x9B31m"); /* ...and as a bare byte */
    escapes(span_of("\xc2\xa0"), "\xc2\xa0");
    escapes(span_of("\xff\xc3"), "\\xFF\\xC3");
    escapes(span_of("\xed\xa0\x80"), "\\xED\\xA0\\x80");
    escapes(span_of("back\\slash"), "back\\slash");
}

static void quotes(struct span bytes, const char *expected) {
    struct text text = {0};
    text_json_string(&text, bytes);
    assert_string_equal(text_span(&text).s, expected);
    text_free(&text);
}

static void as_a_json_string(void **state) {
    (void)state;
    quotes(span_of(""), "\"\"");
    quotes(span_of("plain"), "\"plain\"");
    quotes(span_of("say \"hi\" \\ /"), "\"say \\\"hi\\\" \\\\ /\"");
    quotes(span_of("a\nb\tc\rd\be\ff"), "\"a\\nb\\tc\\u000dd\\u0008e\\u000cf\"");
    quotes((struct span){"a\0b", 3}, "\"a\\u0000b\"");
    quotes(span_of("\x1b\x7f\x1f "), "\"\\u001b\\u007f\\u001f \"");
    quotes(span_of("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0\xc2\xbf"), "\"\\u0080\\u009b\\u009f\xc2\xa0\xc2\xbf\"");
    quotes(span_of("größe 测试 \xf0\x9f\x98\x80"), "\"größe 测试 \xf0\x9f\x98\x80\"");
}

static void real_is(double value, const char *expected) {
    struct text text = {0};
    text_json_real(&text, value);
    assert_string_equal(text.s, expected);
    text_free(&text);
}

static void as_a_json_number(void **state) {
    (void)state;
    real_is(0, "0");
    real_is(1, "1");
    real_is(-1.5, "-1.5");
    real_is(0.1, "0.1");
    real_is(0.475, "0.475");
    real_is(0.1 + 0.2, "0.30000000000000004");
    real_is(1.0 / 3, "0.3333333333333333");
    real_is(100, "100");
    real_is(123456789.125, "123456789.125");
    real_is((double)NAN, "null");
    real_is((double)INFINITY, "null");
    real_is((double)-INFINITY, "null");
}

/* As printf and strtod give the shortest of at least 15 digits, which every double has but those next to 0. */
static void as_printed(double value) {
    char expected[40];
    for (int precision = fabs(value) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(expected, sizeof expected, "%.*g", precision, value);
        if (strtod(expected, NULL) == value)
            break;
    }
    real_is(value, expected);
}

static void reals_read_back(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_next();
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            as_printed(value);
        as_printed((double)(random_next() % 1000000) / 1000);
    }
    as_printed(5e-324);
    as_printed(1e22);
    as_printed(1e23);
    as_printed(1.7976931348623157e308);
}

/* Where they are written by integers: of all sizes, and beside the powers of 2 and 10. */
static void reals_as_printed(void **state) {
    (void)state;
    for (int i = 0; i < 50000; i++) {
        int size = (int)(random_next() % 66) - 16;
        as_printed(ldexp((double)(random_next() >> 11), size - 53));
        as_printed(nextafter(ldexp(1, size), random_next() % 2 == 0 ? 0 : INFINITY));
        as_printed(nextafter(pow(10, size / 3), random_next() % 2 == 0 ? 0 : INFINITY));
        as_printed(-ldexp((double)(random_next() % 1000), size - 10));
    }
}

static void integer_is(int64_t value, const char *expected) {
    struct text text = {0};
    text_integer(&text, value);
    assert_string_equal(text.s, expected);
    text_free(&text);
}

static void integers(void **state) {
    (void)state;
    integer_is(0, "0");
    integer_is(10, "10");
    integer_is(-7, "-7");
    integer_is(INT64_MAX, "9223372036854775807");
    integer_is(INT64_MIN, "-9223372036854775808");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_compare_bytewise), cmocka_unit_test(texts_grow),
        cmocka_unit_test(every_code_point),       cmocka_unit_test(what_is_not_utf8),
        cmocka_unit_test(for_a_terminal),         cmocka_unit_test(as_a_json_string),
        cmocka_unit_test(as_a_json_number),       cmocka_unit_test(reals_read_back),
        cmocka_unit_test(reals_as_printed),       cmocka_unit_test(integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
