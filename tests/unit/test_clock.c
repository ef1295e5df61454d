/* Times: every format that is read, every border, and how they are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

static const int64_t YEAR_1 = -62135596800;     /* 0001-01-01 00:00:00, in seconds */
static const int64_t YEAR_10000 = 253402300800; /* 10000-01-01 00:00:00 */
static const int64_t NOON = 1772366400;         /* 2026-03-01 12:00:00 */

static int64_t parsed(const char *text) {
    int64_t us = 0;
    if (!time_parse(span_of(text), &us))
        fail_msg("%s: refused", text);
    return us;
}

static void parses(const char *text, int64_t seconds, int64_t us) {
    int64_t got = parsed(text);
    if (got != seconds * SECOND_US + us)
        fail_msg("%s: %lld us", text, (long long)got);
}

static void refuses(const char *text) {
    int64_t us = 0;
    if (time_parse(span_of(text), &us))
        fail_msg("%s: taken as %lld us", text, (long long)us);
}

static void formats(int64_t us, const char *expected) {
    char out[TIME_TEXT];
    time_format(us, out);
    assert_string_equal(out, expected);
}

static void forms(void **state) {
    (void)state;
    parses("1970-01-01T00:00:00Z", 0, 0);
    parses("2026-03-01T12:00:00Z", NOON, 0);
    parses("2026-03-01t12:00:00z", NOON, 0);
    parses("2026-03-01 12:00:00", NOON, 0);
    parses("2026-03-01T12:00:00", NOON, 0);
    parses("2026-03-01 12:00:00Z", NOON, 0);
    parses("2026-03-01 12:00:00+00:00", NOON, 0);
    parses("2026-03-01T12:00:00-00:00", NOON, 0);
    parses("1969-12-31T23:59:59Z", -1, 0);
}

static void seconds_with_fractions(void **state) {
    (void)state;
    parses("2026-03-01T12:00:00.5Z", NOON, 500000);
    parses("2026-03-01T12:00:00.000001Z", NOON, 1);
    parses("2026-03-01T12:00:00.123456Z", NOON, 123456);
    parses("2026-03-01 12:00:00.25", NOON, 250000);
    parses("2026-03-01T12:00:00.250+00:00", NOON, 250000);
    /* finer ones are cut off */
    parses("2026-03-01T12:00:00.1234567Z", NOON, 123456);
    parses("2026-03-01T12:00:00.9999999999999999999999999999999999999Z", NOON, 999999);
    parses("1969-12-31T23:59:59.999999Z", -1, 999999);
    parses("1969-12-31T23:59:58.5Z", -2, 500000);
}

static void offsets(void **state) {
    (void)state;
    parses("2026-03-01T13:00:00+01:00", NOON, 0);
    parses("2026-03-01T17:30:00+05:30", NOON, 0);
    parses("2026-03-01T04:00:00-08:00", NOON, 0);
    parses("2026-03-02T11:59:00+23:59", NOON, 0);
    parses("2026-02-28T12:01:00-23:59", NOON, 0);
    parses("2026-03-01 13:00:00.5+01:00", NOON, 500000);
    parses("2026-01-01T00:30:00+01:00", parsed("2025-12-31T23:30:00Z") / SECOND_US, 0);
}

static void leap_years(void **state) {
    (void)state;
    parses("2024-02-29T00:00:00Z", 1709164800, 0);
    parses("2000-02-29T00:00:00Z", 951782400, 0);
    parses("2000-03-01T00:00:00Z", 951868800, 0);
    parses("1900-03-01T00:00:00Z", -2203891200, 0);
    refuses("2026-02-29T00:00:00Z");
    refuses("1900-02-29T00:00:00Z");
    refuses("2100-02-29T00:00:00Z");
    refuses("2024-02-30T00:00:00Z");
    refuses("0100-02-29T00:00:00Z");
    parses("0400-02-29T00:00:00Z", -49539340800, 0);
}

/* 60 is a leap second, which is the next minute's first. */
static void leap_second(void **state) {
    (void)state;
    parses("2016-12-31T23:59:60Z", 1483228800, 0);
    parses("2016-12-31T23:59:60.5Z", 1483228800, 500000);
    parses("2017-01-01T00:59:60+01:00", 1483228800, 0);
    refuses("2016-12-31T23:59:61Z");
}

static void out_of_range(void **state) {
    static const char *const texts[] = {
        "2026-00-10T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",      "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-06-31T00:00:00Z", "2026-09-31T00:00:00Z",      "2026-11-31T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-00:60",
        "0000-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refuses(texts[i]);
}

static void years_1_and_9999(void **state) {
    (void)state;
    parses("0001-01-01T00:00:00Z", YEAR_1, 0);
    parses("9999-12-31T23:59:59.999999Z", YEAR_10000 - 1, 999999);
    parses("0001-01-01T00:00:00-01:00", YEAR_1 + 3600, 0);
    parses("0001-01-01T00:01:00+00:01", YEAR_1, 0);
    parses("9999-12-31T23:59:59+01:00", YEAR_10000 - 3601, 0);
    formats(YEAR_1 * SECOND_US, "0001-01-01 00:00:00");
    formats(YEAR_10000 * SECOND_US - 1, "9999-12-31 23:59:59");
}

/* What an offset or a leap second moves out of these years is no time. */
static void beyond_years_1_and_9999(void **state) {
    (void)state;
    refuses("0001-01-01T00:00:00+00:01");
    refuses("0001-01-01T22:00:00+23:00");
    refuses("9999-12-31T23:59:59-00:01");
    refuses("9999-12-31T23:59:60Z");
}

static void no_times(void **state) {
    static const char *const texts[] = {
        "",
        "2026",
        "2026-03",
        "2026-03-01",
        "2026-03-01T",
        "2026-03-01T12",
        "2026-03-01T12:00",
        "2026-03-01T12:00Z",
        "2026-03-01T12:00:0",
        "2026-03-01T12:00:00.",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00ZZ",
        "2026-03-01T12:00:00Z ",
        " 2026-03-01T12:00:00Z",
        "2026-03-01  12:00:00",
        "2026-03-01X12:00:00Z",
        "2026/03/01 12:00:00",
        "2026-3-1T12:00:00Z",
        "26-03-01T12:00:00Z",
        "02026-03-01T12:00:00Z",
        "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "+2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00+",
        "2026-03-01T12:00:00+1",
        "2026-03-01T12:00:00+01",
        "2026-03-01T12:00:00+0100",
        "2026-03-01T12:00:00+1:00",
        "2026-03-01T12:00:00+01:0",
        "2026-03-01T12:00:00+01:00Z",
        "2026-03-01T12:00:00 UTC",
        "2026-03-01T-1:00:00Z",
        "20260301T120000Z",
        "now",
        "1772366400",
        "٢٠٢٦-03-01T12:00:00Z",
    };
    int64_t us;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refuses(texts[i]);
    /* a NUL stands for no sign */
    assert_false(time_parse((struct span){"2026-03-01T12:00:00\0", 20}, &us));
    assert_false(time_parse((struct span){"2026-03-01\0"
                                          "12:00:00Z",
                                          20},
                            &us));
    assert_false(time_parse((struct span){"2026\0"
                                          "03-01T12:00:00Z",
                                          20},
                            &us));
    assert_false(time_parse((struct span){"2026-03-01T12:00:00\0"
                                          "5Z",
                                          22},
                            &us));
}

static void spans_end_where_they_end(void **state) {
    int64_t us;
    (void)state;
    assert_true(time_parse((struct span){"2026-03-01T12:00:00.5Z", 19}, &us));
    assert_true(us == NOON * SECOND_US);
    assert_false(time_parse((struct span){"2026-03-01T12:00:00Z", 18}, &us));
}

static void numbered(const char *number, int64_t us) {
    int64_t got = 0;
    if (!time_from_number(span_of(number), &got))
        fail_msg("%s: refused", number);
    if (got != us)
        fail_msg("%s: %lld us", number, (long long)got);
}

static void unnumbered(const char *number) {
    int64_t us = 0;
    if (time_from_number(span_of(number), &us))
        fail_msg("%s: taken as %lld us", number, (long long)us);
}

static void epoch_seconds(void **state) {
    (void)state;
    numbered("0", 0);
    numbered("1", SECOND_US);
    numbered("1772366400", NOON * SECOND_US);
    numbered("1772366400.5", NOON * SECOND_US + 500000);
    numbered("1772366400.123456", NOON * SECOND_US + 123456);
    numbered("1.7723664e9", NOON * SECOND_US);
    numbered("-1", -SECOND_US);
    numbered("-1.5", -1500000);
    numbered("99999999999", 99999999999 * SECOND_US); /* in the year 5138 */
    numbered("-62135596800000", YEAR_1 * SECOND_US);
}

static void epoch_milliseconds(void **state) {
    (void)state;
    numbered("100000000000", 100000000000000); /* from here on */
    numbered("1772366400000", NOON * SECOND_US);
    numbered("1772366400123", NOON * SECOND_US + 123000);
    numbered("1772366400123.456", NOON * SECOND_US + 123456);
    numbered("-100000000000", -100000000000000);
    numbered("253402300799999", YEAR_10000 * SECOND_US - 1000);
    unnumbered("253402300800000");
    unnumbered("-62135596800001");
    unnumbered("1e20");
    unnumbered("1e400");
    unnumbered("-1e400");
    unnumbered("9223372036854775807");
    unnumbered("abc");
    unnumbered("");
}

static void finer_numbers_are_cut_off(void **state) {
    (void)state;
    numbered("1772366400.1234567", NOON * SECOND_US + 123456);
    numbered("1772366400.9999999", NOON * SECOND_US + 999999);
    numbered("1772366400123.9999", NOON * SECOND_US + 123999);
    numbered("99999999999.6", 99999999999600000);
}

static void person(const char *text, int64_t us) {
    int64_t got = 0;
    if (!time_from_person(span_of(text), NOON * SECOND_US, &got))
        fail_msg("%s: refused", text);
    if (got != us)
        fail_msg("%s: %lld us", text, (long long)got);
}

static void what_a_person_gives(void **state) {
    static const char *const none[] = {"",           "d",           "90",   "90y",  "-5d",  "1.5d",
                                       "5 d",        "d5",          "90dd", "abc",  "2026", "2026-03",
                                       "2026-02-30", "2026-03-01T", "5D",   "0x5d", "+5d"};
    int64_t us;
    (void)state;
    person("2026-03-01T12:00:00Z", NOON * SECOND_US);
    person("2026-03-01 13:00:00+01:00", NOON * SECOND_US);
    person("2026-03-01", (NOON - 43200) * SECOND_US);
    person("1969-12-31", -DAY_US);
    person("0d", NOON * SECOND_US);
    person("90d", NOON * SECOND_US - 90 * DAY_US);
    person("12h", (NOON - 43200) * SECOND_US);
    person("30m", (NOON - 1800) * SECOND_US);
    person("2w", NOON * SECOND_US - 14 * DAY_US);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (time_from_person(span_of(none[i]), NOON * SECOND_US, &us))
            fail_msg("%s: taken as %lld us", none[i], (long long)us);
}

/* An age that goes back beyond year 1 is no time, and never a later one. */
static void ages_without_bounds(void **state) {
    static const char *const ages[] = {"9999999w", "9999999d", "1e9w", "9e9w", "9e99w", "9e9d", "99999e9d"};
    int64_t us;
    (void)state;
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++)
        if (time_from_person(span_of(ages[i]), NOON * SECOND_US, &us))
            fail_msg("%s: taken as %lld us", ages[i], (long long)us);
}

static void printed(void **state) {
    (void)state;
    formats(0, "1970-01-01 00:00:00");
    formats(NOON * SECOND_US, "2026-03-01 12:00:00");
    formats(NOON * SECOND_US + 999999, "2026-03-01 12:00:00");
    formats(951782399 * SECOND_US, "2000-02-28 23:59:59");
    formats(951782400 * SECOND_US, "2000-02-29 00:00:00");
}

static void printed_before_1970(void **state) {
    (void)state;
    formats(-1, "1969-12-31 23:59:59");
    formats(-SECOND_US, "1969-12-31 23:59:59");
    formats(-SECOND_US - 1, "1969-12-31 23:59:58");
    formats(-DAY_US, "1969-12-31 00:00:00");
    formats(parsed("0999-12-31T23:59:59Z"), "0999-12-31 23:59:59");
    formats(parsed("1000-01-01T00:00:00Z"), "1000-01-01 00:00:00");
    formats(parsed("0044-03-15T06:07:08.9Z"), "0044-03-15 06:07:08");
    formats(parsed("0009-10-11T12:13:14Z"), "0009-10-11 12:13:14");
}

/* What is printed is read again as the same second, and agrees with the C library. */
static void every_third_week(void **state) {
    (void)state;
    for (int64_t second = YEAR_1; second < YEAR_10000; second += 21 * 86400 + 12345) {
        char out[TIME_TEXT];
        struct tm tm = {0};
        int64_t us;
        time_format(second * SECOND_US + 999999, out);
        if (!time_parse(span_of(out), &us) || us != second * SECOND_US)
            fail_msg("%lld s: printed as %s", (long long)second, out);
        if (sscanf(out, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                   &tm.tm_sec) != 6)
            fail_msg("%s", out);
        tm.tm_year -= 1900;
        tm.tm_mon--;
        if (timegm(&tm) != second)
            fail_msg("%lld s: printed as %s", (long long)second, out);
    }
}

static void the_clock(void **state) {
    (void)state;
    setenv("PL_NOW", "2026-03-01T13:00:00.5+01:00", 1);
    assert_true(clock_valid());
    assert_true(clock_now() == NOON * SECOND_US + 500000);
    setenv("PL_NOW", "tomorrow", 1);
    assert_false(clock_valid());
    setenv("PL_NOW", "", 1);
    assert_true(clock_valid());
    assert_true(llabs(clock_now() / SECOND_US - (int64_t)time(NULL)) <= 1);
    unsetenv("PL_NOW");
    assert_true(clock_valid());
    assert_true(llabs(clock_now() / SECOND_US - (int64_t)time(NULL)) <= 1);
    int64_t before = clock_monotonic_ms();
    assert_true(clock_monotonic_ms() >= before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(seconds_with_fractions),
        cmocka_unit_test(offsets),
        cmocka_unit_test(leap_years),
        cmocka_unit_test(leap_second),
        cmocka_unit_test(out_of_range),
        cmocka_unit_test(years_1_and_9999),
        cmocka_unit_test(beyond_years_1_and_9999),
        cmocka_unit_test(no_times),
        cmocka_unit_test(spans_end_where_they_end),
        cmocka_unit_test(epoch_seconds),
        cmocka_unit_test(epoch_milliseconds),
        cmocka_unit_test(finer_numbers_are_cut_off),
        cmocka_unit_test(what_a_person_gives),
        cmocka_unit_test(ages_without_bounds),
        cmocka_unit_test(printed),
        cmocka_unit_test(printed_before_1970),
        cmocka_unit_test(every_third_week),
        cmocka_unit_test(the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
