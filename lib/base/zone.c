#include "base/zone.h"

#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"

enum {
    DAY = 86400,
    QUARTER = 900,        /* clocks hardly ever change but at a quarter of an hour */
    APART_MAX = 27 * 3600 /* local and universal time are never further apart */
};

static const char zoneinfo[] = "/usr/share/zoneinfo";

struct zone {
    bool utc; /* no need to ask the C library */
};

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

/* -- the calendar ------------------------------------------------------------------------------------------------ */

static struct tm date_of(int64_t day) {
    time_t seconds = (time_t)(day * DAY);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm;
}

/* 0 is Sunday. */
static int weekday(int64_t day) {
    return (int)(((day + 4) % 7 + 7) % 7);
}

int64_t week_begin(int64_t day) {
    return day - (weekday(day) + 6) % 7;
}

int64_t month_begin(int64_t day) {
    return day - date_of(day).tm_mday + 1;
}

/* Of the day's date, as much as SIZE holds with its NUL. */
static void date_format(int64_t day, char *out, size_t size) {
    char time[TIME_TEXT];
    time_format(day * DAY_US, time);
    memcpy(out, time, size - 1);
    out[size - 1] = '\0';
}

void day_format(int64_t day, char out[DATE_TEXT]) {
    date_format(day, out, DATE_TEXT);
}

void month_format(int64_t day, char out[MONTH_TEXT]) {
    date_format(day, out, MONTH_TEXT);
}

void week_format(int64_t day, char out[WEEK_TEXT]) {
    int64_t thursday = week_begin(day) + 3;
    unsigned week = (unsigned)date_of(thursday).tm_yday / 7 + 1;
    date_format(thursday, out, sizeof "YYYY");
    snprintf(out + 4, WEEK_TEXT - 4, "-W%02u", week % 100U);
}

/* -- names ------------------------------------------------------------------------------------------------------ */

/* What POSIX allows for $TZ; the C library takes anything, and makes UTC of what it does not know. */
static bool is_rule(const char *name) {
#define ABBREVIATION "([A-Za-z]{3,}|<[-+A-Za-z0-9]{3,}>)"
#define OFFSET       "[-+]?([01]?[0-9]|2[0-4])(:[0-5]?[0-9]){0,2}"
#define CLOCK        "[-+]?[0-9]{1,3}(:[0-5]?[0-9]){0,2}"
#define DATE         ",(J?[0-9]{1,3}|M([1-9]|1[0-2])\\.[1-5]\\.[0-6])(/" CLOCK ")?"
    static const char form[] = "^" ABBREVIATION OFFSET "(" ABBREVIATION "(" OFFSET ")?(" DATE DATE ")?)?$";
    regex_t regex;
    if (regcomp(&regex, form, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool is = regexec(&regex, name, 0, NULL, 0) == 0;
    regfree(&regex);
    return is;
}

static bool is_zone_file(const char *path) {
    char magic[4];
    FILE *file = fopen(path, "re");
    bool is = file != NULL && fread(magic, sizeof magic, 1, file) == 1 && memcmp(magic, "TZif", sizeof magic) == 0;
    if (file != NULL)
        fclose(file);
    return is;
}

/* Zones that count leap seconds have another second 0 than we. */
static bool is_named(const char *name) {
    const char *directory = getenv("TZDIR");
    struct text path = {0};
    if (strncmp(name, "right/", sizeof "right/" - 1) == 0 || strstr(name, "..") != NULL)
        return false;
    if (*name != '/')
        text_format(&path, "%s/", directory != NULL && *directory != '\0' ? directory : zoneinfo);
    text_string(&path, name);
    bool is = is_zone_file(path.s);
    text_free(&path);
    return is;
}

/* UTC has to be there on a machine without zoneinfo too. */
static bool is_utc(const char *name) {
    static const char *const names[] = {"", "UTC", "UTC0", "GMT", "GMT0", "Z", "Etc/UTC", "Etc/GMT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

struct zone *zone_new(const char *name) {
    name += *name == ':';
    bool utc = is_utc(name);
    if (!utc && !is_rule(name) && !is_named(name))
        return NULL;
    setenv("TZ", utc ? "UTC0" : name, 1);
    tzset();
    struct zone *zone = xmalloc(sizeof *zone);
    *zone = (struct zone){utc};
    return zone;
}

void zone_free(struct zone *zone) {
    free(zone);
}

/* -- days ------------------------------------------------------------------------------------------------------- */

/* Seconds that local time is ahead of UTC at SECONDS since 1970. */
static int64_t offset_at(const struct zone *zone, int64_t seconds) {
    time_t time = (time_t)seconds;
    struct tm tm;
    return !zone->utc && localtime_r(&time, &tm) != NULL ? tm.tm_gmtoff : 0;
}

/* As far as one look tells: a quarter of an hour, or, in the rare one in which clocks change, a second. */
struct zone_period zone_period_at(const struct zone *zone, int64_t us) {
    if (zone->utc)
        return (struct zone_period){INT64_MIN, INT64_MAX, 0};
    int64_t second = floor_div(us, SECOND_US), from = floor_div(second, QUARTER) * QUARTER, until = from + QUARTER;
    int64_t offset = offset_at(zone, second);
    if (offset_at(zone, from) != offset_at(zone, until - 1)) {
        from = second;
        until = second + 1;
    }
    return (struct zone_period){from * SECOND_US, until * SECOND_US, offset * SECOND_US};
}

int64_t zone_day(const struct zone_period *period, int64_t us) {
    return floor_div(us + period->offset, DAY_US);
}

static int64_t day_at(const struct zone *zone, int64_t seconds) {
    return floor_div(seconds + offset_at(zone, seconds), DAY);
}

/* Looks for it: once, for a date that a person gives. */
int64_t zone_day_begin(const struct zone *zone, int64_t day) {
    int64_t at = day * DAY - APART_MAX, last = day * DAY + APART_MAX;
    at -= ((at % QUARTER) + QUARTER) % QUARTER;
    while (at < last && day_at(zone, at) < day && day_at(zone, at + QUARTER - 1) < day)
        at += QUARTER;
    while (at < last && day_at(zone, at) < day)
        at++;
    return at * SECOND_US;
}
