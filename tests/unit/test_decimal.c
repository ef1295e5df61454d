/* JSON numbers as exact integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/decimal.h"
#include "base/text.h"
#include "random.h"

struct example {
    const char *number;
    int places;
    int64_t value;
    bool exact;
};

static void check(const struct example *e) {
    int64_t value = 77;
    bool exact = false;
    if (!decimal_scaled(span_of(e->number), e->places, &value, &exact))
        fail_msg("%s, %d places: refused", e->number, e->places);
    if (value != e->value || exact != e->exact)
        fail_msg("%s, %d places: %lld, %s", e->number, e->places, (long long)value, exact ? "exact" : "rounded");
}

static void check_all(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++)
        check(&examples[i]);
}

#define CHECK_ALL(examples) check_all(examples, sizeof(examples) / sizeof *(examples))

static void refused(struct span number, int places) {
    int64_t value = 77;
    bool exact;
    if (decimal_scaled(number, places, &value, &exact))
        fail_msg("%.60s, %d places: taken as %lld", number.s, places, (long long)value);
}

static void whole_numbers(void **state) {
    static const struct example examples[] = {
        {"0", 0, 0, true},
        {"1", 0, 1, true},
        {"-1", 0, -1, true},
        {"1234567890", 0, 1234567890, true},
        {"9007199254740993", 0, 9007199254740993, true},
        {"12", 3, 12000, true},
        {"-12", 12, -12000000000000, true},
        {"5.0", 0, 5, true},
        {"5.000000000000000000000000000000000000", 0, 5, true},
    };
    (void)state;
    CHECK_ALL(examples);
}

static void zeros(void **state) {
    static const struct example examples[] = {
        {"-0", 0, 0, true},      {"0.0", 0, 0, true},          {"-0.0", 12, 0, true}, {"0e400", 0, 0, true},
        {"-0E-400", 0, 0, true}, {"0.000e99999", 12, 0, true}, {"0e+0", 3, 0, true},
    };
    (void)state;
    CHECK_ALL(examples);
}

static void fractions(void **state) {
    static const struct example examples[] = {
        {"0.5", 1, 5, true},
        {"0.5", 9, 500000000, true},
        {"0.123456789", 9, 123456789, true},
        {"0.1", 9, 100000000, true},
        {"-0.1", 9, -100000000, true},
        {"0.000000000001", 12, 1, true},
        {"1.1", 12, 1100000000000, true},
        {"123.45", 3, 123450, true},
    };
    (void)state;
    CHECK_ALL(examples);
}

static void halves_round_away_from_zero(void **state) {
    static const struct example examples[] = {
        {"0.5", 0, 1, false},
        {"1.5", 0, 2, false},
        {"2.5", 0, 3, false},
        {"-0.5", 0, -1, false},
        {"-1.5", 0, -2, false},
        {"-2.5", 0, -3, false},
        {"0.4", 0, 0, false},
        {"-0.4", 0, 0, false},
        {"0.49999999999999999999999999999999999999999", 0, 0, false},
        {"0.50000000000000000000000000000000000000001", 0, 1, false},
        {"9.5", 0, 10, false},
        {"99.95", 1, 1000, false},
        {"1.0005", 3, 1001, false},
        {"1.00049", 3, 1000, false},
        {"0.05", 0, 0, false},
        {"0.05", 1, 1, false},
        {"0.049", 1, 0, false},
        {"0.0000000005", 9, 1, false},
        {"0.00000000049", 9, 0, false},
        {"1.0000000000000001", 0, 1, false},
    };
    (void)state;
    CHECK_ALL(examples);
}

static void exponents(void **state) {
    static const struct example examples[] = {
        {"1e3", 0, 1000, true},
        {"1E3", 0, 1000, true},
        {"1e+3", 0, 1000, true},
        {"1e-3", 3, 1, true},
        {"1.5e-1", 1, 2, false},
        {"1.5e-1", 2, 15, true},
        {"5e-1", 0, 1, false},
        {"4e-1", 0, 0, false},
        {"12345e-2", 0, 123, false},
        {"12350e-2", 0, 124, false},
        {"-12350e-2", 0, -124, false},
        {"0.0001e4", 0, 1, true},
        {"1e18", 0, 1000000000000000000, true},
        {"1e6", 12, 1000000000000000000, true},
        {"1.25e2", 0, 125, true},
        {"1e-400", 12, 0, false},
        {"1e-99999999999999999999", 0, 0, false},
        {"1e007", 0, 10000000, true},
    };
    (void)state;
    CHECK_ALL(examples);
}

static void borders(void **state) {
    static const struct example examples[] = {
        {"9223372036854775807", 0, INT64_MAX, true},      {"-9223372036854775807", 0, -INT64_MAX, true},
        {"9223372036854775806.5", 0, INT64_MAX, false},   {"9223372036854775807.4", 0, INT64_MAX, false},
        {"9.223372036854775807e18", 0, INT64_MAX, true},  {"9223372036.854775807", 9, INT64_MAX, true},
        {"9223372036854775807e-12", 12, INT64_MAX, true}, {"922337203685477580.7e1", 0, INT64_MAX, true},
    };
    static const char *const beyond[] = {
        "9223372036854775808",
        "-9223372036854775808",
        "9223372036854775807.5",
        "-9223372036854775807.5",
        "18446744073709551615",
        "18446744073709551615.4",
        "18446744073709551615.5",
        "-18446744073709551615.9",
        "18446744073709551616",
        "18446744073709551616.5",
        "36893488147419103232",
        "1e19",
        "-1e19",
        "1e20",
        "1e400",
        "-1e400",
        "1e99999999999999999999",
        "0.1e400",
        "99999999999999999999999",
        "123456789012345678901234567890",
    };
    (void)state;
    CHECK_ALL(examples);
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        refused(span_of(beyond[i]), 0);
    refused(span_of("9223372036.8547758075"), 9);
    refused(span_of("9223372.036854775808"), 12);
    refused(span_of("9223373"), 12);
}

static void no_numbers(void **state) {
    static const char *const none[] = {
        "",     "-",     "+1",  "abc", "1e",  "1e+", "1e-",   "e5",       ".",   "-.",    "1.2.3", "1 ",       " 1",
        "0x10", "1e5.5", "NaN", "--1", "1,0", "1-",  "1e5e5", "Infinity", "-e1", "1_000", "1f",    "\xc2\xbd", "٣",
    };
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        refused(span_of(none[i]), 0);
    refused((struct span){"1\0"
                          "2",
                          3},
            0);
    refused((struct span){"", 0}, 0);
}

/* Only the span's own bytes count. */
static void spans_end_where_they_end(void **state) {
    int64_t value;
    bool exact;
    (void)state;
    assert_true(decimal_scaled((struct span){"12345", 2}, 0, &value, &exact));
    assert_int_equal(value, 12);
    assert_true(decimal_scaled((struct span){"1e5", 1}, 0, &value, &exact));
    assert_int_equal(value, 1);
}

/* "1" and ZEROS zeros, times ten to the -ZEROS; and the other way round. */
static void long_one(int zeros) {
    struct text number = {0};
    int64_t value = 0;
    bool exact = false;
    text_string(&number, "1");
    for (int i = 0; i < zeros; i++)
        text_string(&number, "0");
    refused(text_span(&number), 0);
    text_format(&number, "e-%d", zeros);
    assert_true(decimal_scaled(text_span(&number), 0, &value, &exact));
    assert_int_equal(value, 1);
    assert_true(exact);
    text_clear(&number);
    text_string(&number, "0.");
    for (int i = 1; i < zeros; i++)
        text_string(&number, "0");
    text_format(&number, "1e%d", zeros);
    assert_true(decimal_scaled(text_span(&number), 0, &value, &exact));
    assert_int_equal(value, 1);
    assert_true(exact);
    text_free(&number);
}

static void long_strings_of_digits(void **state) {
    (void)state;
    long_one(30);
    long_one(1000);
    long_one(200000);
}

static void very_long_strings_of_digits(void **state) {
    (void)state;
    long_one(1200000);
}

/* -- property: as with integers of 128 bits ---------------------------------------------------------------------- */

__extension__ typedef __int128 int128;

static int128 power_of_ten(int exponent) {
    int128 power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* MANTISSA times ten to EXPONENT, rounded half away from zero. */
static int128 expected_value(int64_t mantissa, int exponent, bool *exact) {
    *exact = true;
    if (exponent >= 0)
        return mantissa * power_of_ten(exponent);
    int128 unit = power_of_ten(-exponent), size = mantissa < 0 ? -(int128)mantissa : mantissa;
    *exact = size % unit == 0;
    int128 rounded = (size + unit / 2) / unit;
    return mantissa < 0 ? -rounded : rounded;
}

/* MANTISSA with its point before the last FRACTION digits, and an exponent that brings it to EXPONENT. */
static void write_number(struct text *number, int64_t mantissa, int fraction, int exponent) {
    char digits[32];
    uint64_t size = mantissa < 0 ? 0 - (uint64_t)mantissa : (uint64_t)mantissa;
    snprintf(digits, sizeof digits, "%0*llu", fraction + 1, (unsigned long long)size);
    size_t whole = strlen(digits) - (size_t)fraction;
    text_clear(number);
    text_format(number, "%s%.*s", mantissa < 0 ? "-" : "", (int)whole, digits);
    if (fraction > 0)
        text_format(number, ".%s", digits + whole);
    if (exponent + fraction != 0 || random_next() % 4 == 0)
        text_format(number, "%c%s%d", random_next() % 2 ? 'e' : 'E',
                    exponent + fraction >= 0 && random_next() % 2 ? "+" : "", exponent + fraction);
}

static void random_numbers(void **state) {
    struct text number = {0};
    (void)state;
    for (int i = 0; i < 100000; i++) {
        int64_t mantissa = (int64_t)(random_next() >> (1 + random_next() % 62));
        int exponent = (int)(random_next() % 25) - 18, places = (int)(random_next() % 13);
        if (random_next() % 2)
            mantissa = -mantissa;
        write_number(&number, mantissa, (int)(random_next() % 12), exponent);
        bool exact, wanted_exact;
        int64_t value = 0;
        int128 wanted = expected_value(mantissa, exponent + places, &wanted_exact);
        bool fits = wanted <= INT64_MAX && wanted >= -INT64_MAX;
        bool good = decimal_scaled(text_span(&number), places, &value, &exact);
        if (good != fits || (fits && (value != (int64_t)wanted || exact != wanted_exact)))
            fail_msg("%s, %d places: %s %lld", number.s, places, good ? "taken as" : "refused", (long long)value);
    }
    text_free(&number);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(zeros),
        cmocka_unit_test(fractions),
        cmocka_unit_test(halves_round_away_from_zero),
        cmocka_unit_test(exponents),
        cmocka_unit_test(borders),
        cmocka_unit_test(no_numbers),
        cmocka_unit_test(spans_end_where_they_end),
        cmocka_unit_test(long_strings_of_digits),
        cmocka_unit_test(very_long_strings_of_digits),
        cmocka_unit_test(random_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
