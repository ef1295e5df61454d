/* Times and zones: what is read is in range, is written, and is read again the same; days follow each other. */
#include "base/clock.h"
#include "base/zone.h"
#include "fuzz.h"

static const int64_t NOW = 1772366400000000; /* 2026-03-01 12:00:00 */

static bool in_range(int64_t us) {
    return us >= -62135596800000000 && us < 253402300800000000;
}

static int64_t floor_to(int64_t us, int64_t unit) {
    return us - (us % unit + unit) % unit;
}

static void comes_back(int64_t us) {
    char written[TIME_TEXT], day[DATE_TEXT], month[MONTH_TEXT], week[WEEK_TEXT];
    int64_t again, midnight, number = floor_to(us, DAY_US) / DAY_US;
    must(in_range(us), "a time is of the years 1 to 9999");
    time_format(us, written);
    must(time_parse(span_of(written), &again), "a time that is written can be read");
    must(again == floor_to(us, SECOND_US), "it is the same to the second");
    day_format(number, day);
    must(time_from_person(span_of(day), NOW, &midnight) && midnight == number * DAY_US, "a date is its midnight");
    must(strncmp(day, written, sizeof day - 1) == 0, "a time's date is its day's");
    month_format(number, month);
    must(strncmp(month, day, sizeof month - 1) == 0, "a date's month is its day's");
    week_format(number, week);
    must(strlen(week) == sizeof week - 1, "a week is of a year and a number");
    must(week_begin(number) <= number && week_begin(number) > number - 7, "a week has seven days");
    must(month_begin(number) <= number && month_begin(number) > number - 31, "a month has 31 days at most");
}

static void by_zone(const struct zone *zone, int64_t us) {
    struct zone_period period = zone_period_at(zone, us);
    must(period.from <= us && us < period.until, "a period holds its moment");
    int64_t day = zone_day(&period, us), begin = zone_day_begin(zone, day), next = zone_day_begin(zone, day + 1);
    must(begin <= us && us < next, "a moment is in its day");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size), first = take_until(&input, '\n');
    int64_t us;
    surroundings();
    char *name = string_of(input);
    /* of the machine's own files no more than their names are of interest */
    struct zone *zone = strchr(name, '/') == NULL || strncmp(name, "Europe/", 7) == 0 ? zone_new(name) : NULL;
    if (time_parse(first, &us))
        comes_back(us);
    if (time_from_number(first, &us))
        comes_back(us);
    if (time_from_person(first, NOW, &us)) {
        comes_back(us);
        if (zone != NULL && us > -60000000000000000 && us < 250000000000000000)
            by_zone(zone, us);
    }
    zone_free(zone);
    free(name);
    return 0;
}
