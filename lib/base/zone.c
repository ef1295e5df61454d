#include "base/zone.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"

enum {
    HOUR = 3600,
    DAY = 24 * HOUR,
    OFFSET_MAX = 26 * HOUR,      /* RFC 9636 wants less */
    RULE_TIME_MAX = 167 * HOUR,  /* of a day's changes, either way */
    FILE_BYTES_MAX = 1024 * 1024 /* the largest are some kilobytes */
};

static const char zoneinfo[] = "/usr/share/zoneinfo";

/* When a POSIX string changes the clocks, every year. */
struct change {
    enum { CHANGE_WEEKDAY, CHANGE_NUMBERED, CHANGE_JULIAN } form;
    int month, week, day; /* Mm.w.d; or a day of the year: n from 0, Jn from 1 without leap days */
    int64_t time;         /* seconds of that day's local time */
};

/* A POSIX string. */
struct rule {
    int64_t offset; /* seconds east of UTC */
    bool changes;
    int64_t summer_offset;
    struct change begin, end; /* of summer time */
};

struct zone {
    bool ruled; /* what follows the last transition goes by RULE */
    struct rule rule;
    int64_t *times;   /* transitions, ascending seconds since 1970 */
    int32_t *offsets; /* after each; [0] is before the first one, and there is one more than times */
    size_t count;
};

/* Seconds; [from, until). */
struct stretch {
    int64_t from, until, offset;
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

/* MONTH from 1. */
static int64_t day_of(int64_t year, int month, int day) {
    struct tm tm = {.tm_year = (int)(year - 1900), .tm_mon = month - 1, .tm_mday = day};
    return floor_div((int64_t)timegm(&tm), DAY);
}

static bool leap(int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
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

/* -- POSIX strings ----------------------------------------------------------------------------------------------- */

/* A number of up to 3 digits, from LEAST to MOST; moves *S past it. */
static bool take_number(const char **s, int least, int most, int *value) {
    const char *first = *s;
    *value = 0;
    for (; **s >= '0' && **s <= '9' && *s - first < 3; (*s)++)
        *value = *value * 10 + (**s - '0');
    return *s > first && *value >= least && *value <= most;
}

static bool take(const char **s, char c) {
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* An abbreviation: three letters or more, or in <...> digits and signs too. */
static bool take_abbreviation(const char **s) {
    bool quoted = take(s, '<');
    const char *first = *s;
    while (letter(**s) || (quoted && ((**s >= '0' && **s <= '9') || **s == '+' || **s == '-')))
        (*s)++;
    return *s - first >= 3 && (!quoted || take(s, '>'));
}

/* [+-]hh[:mm[:ss]], in seconds. */
static bool take_time(const char **s, int hours_most, int64_t *seconds) {
    int hours, minutes = 0, rest = 0;
    bool negative = take(s, '-');
    if (!negative)
        take(s, '+');
    if (!take_number(s, 0, hours_most, &hours))
        return false;
    if (take(s, ':')) {
        if (!take_number(s, 0, 59, &minutes) || (take(s, ':') && !take_number(s, 0, 59, &rest)))
            return false;
    }
    *seconds = (int64_t)hours * HOUR + minutes * 60 + rest;
    *seconds = negative ? -*seconds : *seconds;
    return true;
}

static bool take_change(const char **s, struct change *change) {
    bool good;
    if (take(s, 'M')) {
        change->form = CHANGE_WEEKDAY;
        good = take_number(s, 1, 12, &change->month) && take(s, '.') && take_number(s, 1, 5, &change->week) &&
               take(s, '.') && take_number(s, 0, 6, &change->day);
    } else {
        change->form = take(s, 'J') ? CHANGE_JULIAN : CHANGE_NUMBERED;
        good = take_number(s, change->form == CHANGE_JULIAN, 365, &change->day);
    }
    change->time = 2 * HOUR;
    return good && (!take(s, '/') || take_time(s, RULE_TIME_MAX / HOUR, &change->time));
}

static bool rule_parse(struct rule *rule, const char *s) {
    *rule = (struct rule){0};
    if (!take_abbreviation(&s) || !take_time(&s, 24, &rule->offset))
        return false;
    rule->offset = -rule->offset; /* POSIX counts to the west */
    if (*s == '\0')
        return true;
    rule->changes = true;
    rule->summer_offset = rule->offset + HOUR;
    if (!take_abbreviation(&s))
        return false;
    if (*s != '\0' && *s != ',') {
        if (!take_time(&s, 24, &rule->summer_offset))
            return false;
        rule->summer_offset = -rule->summer_offset;
    }
    if (*s == '\0')
        s = ",M3.2.0,M11.1.0"; /* what glibc takes where the string does not say */
    return take(&s, ',') && take_change(&s, &rule->begin) && take(&s, ',') && take_change(&s, &rule->end) && *s == '\0';
}

/* Seconds since 1970, as local time, at which clocks change in YEAR. */
static int64_t change_in(const struct change *change, int64_t year) {
    int64_t day;
    if (change->form == CHANGE_WEEKDAY) {
        int64_t first = day_of(year, change->month, 1);
        int64_t next = change->month == 12 ? day_of(year + 1, 1, 1) : day_of(year, change->month + 1, 1);
        day = first + (change->day - weekday(first) + 7) % 7 + (int64_t)(change->week - 1) * 7;
        day -= day >= next ? 7 : 0; /* the fifth is the last */
    } else {
        day = day_of(year, 1, 1) + change->day;
        if (change->form == CHANGE_JULIAN)
            day -= !(leap(year) && change->day >= 60);
    }
    return day * DAY + change->time;
}

static struct stretch rule_stretch(const struct rule *rule, int64_t t) {
    struct stretch stretch = {INT64_MIN, INT64_MAX, rule->offset};
    if (!rule->changes)
        return stretch;
    int64_t year = date_of(floor_div(t, DAY)).tm_year + (int64_t)1900;
    for (int64_t y = year - 2; y <= year + 2; y++) {
        /* where summer time begins in the moment in which it ends, it goes on */
        const struct {
            int64_t at, offset;
        } changes[] = {
            {change_in(&rule->end, y) - rule->summer_offset, rule->offset},
            {change_in(&rule->begin, y) - rule->offset, rule->summer_offset},
        };
        for (int i = 0; i < 2; i++) {
            if (changes[i].at <= t && changes[i].at >= stretch.from) {
                stretch.from = changes[i].at;
                stretch.offset = changes[i].offset;
            } else if (changes[i].at > t && changes[i].at < stretch.until) {
                stretch.until = changes[i].at;
            }
        }
    }
    return stretch;
}

/* -- TZif files, RFC 9636 ---------------------------------------------------------------------------------------- */

struct bytes {
    const unsigned char *s, *end;
};

struct counts {
    size_t isut, isstd, leaps, times, types, chars;
};

static const unsigned char *take_bytes(struct bytes *bytes, size_t size) {
    const unsigned char *s = bytes->s;
    if ((size_t)(bytes->end - s) < size)
        return NULL;
    bytes->s += size;
    return s;
}

/* Big-endian, of SIZE bytes (4 or 8), with its sign. */
static int64_t number_at(const unsigned char *s, size_t size) {
    uint64_t value = s[0] >= 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | s[i];
    return (int64_t)value;
}

static bool take_header(struct bytes *bytes, struct counts *counts, int *version) {
    const unsigned char *s = take_bytes(bytes, 44);
    size_t *const fields[] = {&counts->isut,  &counts->isstd, &counts->leaps,
                              &counts->times, &counts->types, &counts->chars};
    if (s == NULL || memcmp(s, "TZif", 4) != 0)
        return false;
    *version = s[4] == '\0' ? 1 : s[4] - '0';
    for (int i = 0; i < 6; i++) {
        int64_t count = number_at(s + 20 + (ptrdiff_t)4 * i, 4);
        if (count < 0 || count > FILE_BYTES_MAX)
            return false;
        *fields[i] = (size_t)count;
    }
    return counts->types > 0 && counts->leaps == 0; /* a file that counts leap seconds counts no POSIX time */
}

/* WIDTH: bytes of a time. */
static bool take_block(struct bytes *bytes, const struct counts *counts, size_t width, struct zone *zone) {
    const unsigned char *times = take_bytes(bytes, counts->times * width), *indices = take_bytes(bytes, counts->times);
    const unsigned char *types = take_bytes(bytes, counts->types * 6);
    if (times == NULL || indices == NULL || types == NULL ||
        take_bytes(bytes, counts->chars + counts->isstd + counts->isut) == NULL)
        return false;
    zone->count = counts->times;
    zone->times = xcalloc(zone->count + 1, sizeof *zone->times);
    zone->offsets = xcalloc(zone->count + 1, sizeof *zone->offsets);
    for (size_t i = 0; i <= zone->count; i++) {
        size_t type = i > 0 ? indices[i - 1] : 0;
        int64_t offset = type < counts->types ? number_at(types + type * 6, 4) : INT64_MAX;
        if (offset >= OFFSET_MAX || offset <= -OFFSET_MAX)
            return false;
        zone->offsets[i] = (int32_t)offset;
        if (i > 0)
            zone->times[i - 1] = number_at(times + (i - 1) * width, width);
        if (i > 1 && zone->times[i - 1] <= zone->times[i - 2])
            return false;
    }
    return true;
}

/* The POSIX string at the end, between newlines; it may be empty. */
static bool take_footer(struct bytes *bytes, struct zone *zone) {
    const unsigned char *s = take_bytes(bytes, 1), *end = s;
    if (s == NULL || *s++ != '\n')
        return false;
    end = memchr(s, '\n', (size_t)(bytes->end - s));
    if (end == NULL || end == s)
        return end != NULL;
    char *string = xmemdup(s, (size_t)(end - s));
    zone->ruled = rule_parse(&zone->rule, string);
    free(string);
    return zone->ruled;
}

static bool zone_decode(struct zone *zone, struct bytes bytes) {
    struct counts counts;
    int version;
    if (!take_header(&bytes, &counts, &version))
        return false;
    if (version < 2)
        return take_block(&bytes, &counts, 4, zone);
    /* the first block is for readers of version 1 */
    size_t first = counts.times * 5 + counts.types * 6 + counts.chars + counts.isstd + counts.isut;
    return take_bytes(&bytes, first) != NULL && take_header(&bytes, &counts, &version) &&
           take_block(&bytes, &counts, 8, zone) && take_footer(&bytes, zone);
}

static bool zone_read(struct zone *zone, const char *path) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return false;
    char *bytes = xmalloc(FILE_BYTES_MAX);
    size_t size = fread(bytes, 1, FILE_BYTES_MAX, file);
    bool good = !ferror(file);
    fclose(file);
    const unsigned char *s = (const unsigned char *)bytes;
    good = good && zone_decode(zone, (struct bytes){s, s + size});
    free(bytes);
    return good;
}

/* NAME in the zoneinfo directory, and not outside of it. */
static bool zone_find(struct zone *zone, const char *name) {
    const char *directory = getenv("TZDIR");
    if (strstr(name, "..") != NULL)
        return false;
    struct text path = {0};
    text_format(&path, "%s/%s", directory != NULL && *directory != '\0' ? directory : zoneinfo, name);
    bool good = zone_read(zone, path.s);
    text_free(&path);
    return good;
}

/* -- zones ------------------------------------------------------------------------------------------------------- */

static void zone_clear(struct zone *zone) {
    free(zone->times);
    free(zone->offsets);
    *zone = (struct zone){0};
}

static bool zone_set(struct zone *zone, const char *name) {
    if (*name == '/')
        return zone_read(zone, name);
    if (*name == '\0' || strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0)
        return zone->ruled = true;
    if (zone_find(zone, name))
        return true;
    zone_clear(zone);
    return zone->ruled = rule_parse(&zone->rule, name);
}

struct zone *zone_new(const char *name) {
    struct zone *zone = xcalloc(1, sizeof *zone);
    if (zone_set(zone, name + (*name == ':')))
        return zone;
    zone_free(zone);
    return NULL;
}

void zone_free(struct zone *zone) {
    if (zone == NULL)
        return;
    zone_clear(zone);
    free(zone);
}

/* How many transitions are at or before T. */
static size_t transitions_by(const struct zone *zone, int64_t t) {
    size_t low = 0, high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct stretch stretch_at(const struct zone *zone, int64_t t) {
    size_t passed = transitions_by(zone, t);
    int64_t from = passed > 0 ? zone->times[passed - 1] : INT64_MIN;
    if (passed == zone->count && zone->ruled) {
        struct stretch stretch = rule_stretch(&zone->rule, t);
        stretch.from = stretch.from < from ? from : stretch.from;
        return stretch;
    }
    return (struct stretch){from, passed < zone->count ? zone->times[passed] : INT64_MAX, zone->offsets[passed]};
}

static int64_t to_us(int64_t seconds) {
    int64_t us;
    if (__builtin_mul_overflow(seconds, SECOND_US, &us))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

struct zone_period zone_period_at(const struct zone *zone, int64_t us) {
    struct stretch stretch = stretch_at(zone, floor_div(us, SECOND_US));
    return (struct zone_period){to_us(stretch.from), to_us(stretch.until), stretch.offset * SECOND_US};
}

int64_t zone_day(const struct zone_period *period, int64_t us) {
    return floor_div(us + period->offset, DAY_US);
}

int64_t zone_day_begin(const struct zone *zone, int64_t day) {
    int64_t midnight = day * DAY, t = midnight - OFFSET_MAX;
    for (;;) {
        struct stretch stretch = stretch_at(zone, t);
        int64_t begin = midnight - stretch.offset;
        begin = begin > t ? begin : t;
        if (begin < stretch.until)
            return to_us(begin);
        t = stretch.until;
    }
}
