/* Time zones: borders of days against glibc's own arithmetic, POSIX strings, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/zone.h"

static int64_t at(const char *time) {
    int64_t us;
    assert_true(time_parse(span_of(time), &us));
    return us;
}

static int64_t day_number(const char *date) {
    char time[32];
    snprintf(time, sizeof time, "%s 00:00:00", date);
    return at(time) / DAY_US - (at(time) % DAY_US < 0);
}

static struct zone *zone_of(const char *name) {
    struct zone *zone = zone_new(name);
    if (zone == NULL)
        fail_msg("no zone: %s", name);
    return zone;
}

static void has_date(const struct zone *zone, const char *time, const char *date) {
    struct zone_period period = zone_period_at(zone, at(time));
    char got[DATE_TEXT];
    day_format(zone_day(&period, at(time)), got);
    assert_string_equal(got, date);
}

static void begins(const struct zone *zone, const char *date, const char *time) {
    char got[TIME_TEXT];
    time_format(zone_day_begin(zone, day_number(date)), got);
    assert_string_equal(got, time);
}

/* -- the calendar ------------------------------------------------------------------------------------------------ */

static void days_weeks_and_months(void **state) {
    static const struct {
        const char *date, *week, *month, *monday, *first;
    } cases[] = {
        {"1970-01-01", "1970-W01", "1970-01", "1969-12-29", "1970-01-01"},
        {"2026-03-01", "2026-W09", "2026-03", "2026-02-23", "2026-03-01"},
        {"2026-03-02", "2026-W10", "2026-03", "2026-03-02", "2026-03-01"},
        {"2024-12-30", "2025-W01", "2024-12", "2024-12-30", "2024-12-01"},
        {"2021-01-03", "2020-W53", "2021-01", "2020-12-28", "2021-01-01"},
        {"2024-02-29", "2024-W09", "2024-02", "2024-02-26", "2024-02-01"},
        {"1969-12-28", "1969-W52", "1969-12", "1969-12-22", "1969-12-01"},
        {"0999-06-15", "0999-W24", "0999-06", "0999-06-10", "0999-06-01"},
        {"9999-12-31", "9999-W52", "9999-12", "9999-12-27", "9999-12-01"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char date[DATE_TEXT], week[WEEK_TEXT], month[MONTH_TEXT];
        int64_t day = day_number(cases[i].date);
        day_format(day, date);
        week_format(day, week);
        month_format(day, month);
        assert_string_equal(date, cases[i].date);
        assert_string_equal(week, cases[i].week);
        assert_string_equal(month, cases[i].month);
        day_format(week_begin(day), date);
        assert_string_equal(date, cases[i].monday);
        day_format(month_begin(day), date);
        assert_string_equal(date, cases[i].first);
    }
}

static void weeks_are_those_of_strftime(void **state) {
    (void)state;
    for (int64_t day = -40000; day < 60000; day += 3) {
        time_t seconds = (time_t)(day * 86400);
        struct tm tm;
        char wanted[16], got[WEEK_TEXT];
        gmtime_r(&seconds, &tm);
        strftime(wanted, sizeof wanted, "%G-W%V", &tm);
        week_format(day, got);
        assert_string_equal(got, wanted);
    }
}

/* -- zones ------------------------------------------------------------------------------------------------------- */

static void utc(void **state) {
    static const char *const names[] = {"", ":", "UTC", ":UTC", "Etc/UTC", "UTC0", "<+00>0", "XYZ-0:00:00"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct zone *zone = zone_of(names[i]);
        has_date(zone, "2026-02-28 23:59:59.999999", "2026-02-28");
        has_date(zone, "2026-03-01 00:00:00", "2026-03-01");
        has_date(zone, "1969-12-31 23:59:59.5", "1969-12-31");
        begins(zone, "2026-03-01", "2026-03-01 00:00:00");
        zone_free(zone);
    }
    zone_free(NULL);
}

static void a_day_of_23_hours_and_one_of_25(void **state) {
    struct zone *zone = zone_of("EST5EDT,M3.2.0,M11.1.0");
    (void)state;
    begins(zone, "2026-03-08", "2026-03-08 05:00:00");
    begins(zone, "2026-03-09", "2026-03-09 04:00:00");
    begins(zone, "2026-11-01", "2026-11-01 04:00:00");
    begins(zone, "2026-11-02", "2026-11-02 05:00:00");
    has_date(zone, "2026-03-09 03:59:59", "2026-03-08");
    has_date(zone, "2026-11-02 04:59:59", "2026-11-01");
    struct zone_period period = zone_period_at(zone, at("2026-07-01 00:00:00"));
    assert_true(period.from <= at("2026-07-01 00:00:00") && period.until > at("2026-07-01 00:00:00"));
    assert_true(period.offset == -4 * 3600 * SECOND_US);
    zone_free(zone);
}

static void days_that_do_not_begin_at_midnight(void **state) {
    (void)state;
    /* clocks go from 24:00 to 1:00: there is no midnight; and back from 24:00 to 23:00: it comes an hour later */
    struct zone *zone = zone_of("XST3XDT,M10.3.0/0,M2.3.0/0");
    begins(zone, "2025-10-19", "2025-10-19 03:00:00");
    has_date(zone, "2025-10-19 02:59:59", "2025-10-18");
    begins(zone, "2026-02-15", "2026-02-15 03:00:00");
    has_date(zone, "2026-02-15 02:30:00", "2026-02-14");
    zone_free(zone);
    /* back from 0:01 to 23:01: a minute of the day comes first */
    zone = zone_of("NST3:30NDT,M4.1.0/0:01,M10.5.0/0:01");
    begins(zone, "2006-10-29", "2006-10-29 02:30:00");
    has_date(zone, "2006-10-29 02:30:30", "2006-10-29");
    has_date(zone, "2006-10-29 02:31:00", "2006-10-28");
    has_date(zone, "2006-10-29 03:30:00", "2006-10-29");
    zone_free(zone);
}

static void a_day_that_never_was(void **state) {
    struct zone *zone = zone_new("Pacific/Apia");
    (void)state;
    if (zone == NULL)
        skip();
    begins(zone, "2011-12-29", "2011-12-29 10:00:00");
    begins(zone, "2011-12-30", "2011-12-30 10:00:00");
    begins(zone, "2011-12-31", "2011-12-30 10:00:00");
    has_date(zone, "2011-12-30 09:59:59", "2011-12-29");
    has_date(zone, "2011-12-30 10:00:00", "2011-12-31");
    zone_free(zone);
}

static void what_is_no_zone(void **state) {
    static const char *const names[] = {
        "Nowhere/Land",
        "X",
        "XX5",
        "Berlin",
        "EST",
        "5",
        "EST5EDT,",
        "EST5EDT,M3",
        "EST5EDT,M3.2.0",
        "EST25",
        "EST5:60",
        "EST5:00:60",
        "EST5EDT,M13.1.0,M1.1.0",
        "EST5EDT,M0.1.0,M1.1.0",
        "EST5EDT,M3.6.0,M1.1.0",
        "EST5EDT,M3.0.0,M1.1.0",
        "EST5EDT,M3.1.7,M1.1.0",
        "EST5EDT,1,2,3",
        "<EST5",
        "<E>5",
        "EST5 ",
        "../../etc/passwd",
        "/etc/passwd",
        "/",
        "/nowhere",
        "Europe/../UTC",
        "EST-",
        "EST5:",
        "EST5EDT,1/,2",
        "+5",
        "::UTC",
        "posix/../UTC",
        "\n",
    };
    (void)state;
    setenv("TZDIR", "/nowhere", 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct zone *zone = zone_new(names[i]);
        if (zone != NULL)
            fail_msg("a zone: %s", names[i]);
    }
    assert_null(zone_new("Europe/Berlin"));
    struct zone *zone = zone_of("CET-1");
    zone_free(zone);
    unsetenv("TZDIR");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_weeks_and_months),
        cmocka_unit_test(weeks_are_those_of_strftime),
        cmocka_unit_test(utc),
        cmocka_unit_test(a_day_of_23_hours_and_one_of_25),
        cmocka_unit_test(days_that_do_not_begin_at_midnight),
        cmocka_unit_test(a_day_that_never_was),
        cmocka_unit_test(what_is_no_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
