#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

#include "base/decimal.h"

static bool leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year));
}

/* Days from 1970-01-01 to the date: years begin in March, so that the leap day is a year's last; 719468 days lie
 * between 0000-03-01 and 1970-01-01. */
static int64_t days_from_date(int year, int month, int day) {
    int64_t y = year - (month <= 2);
    int64_t m = (month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* A run of exactly WIDTH digits; moves *S past it. */
static bool number(const char **s, const char *end, int width, int *value) {
    if (end - *s < width)
        return false;
    *value = 0;
    for (int i = 0; i < width; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        *value = *value * 10 + (**s - '0');
    }
    return true;
}

static bool sign(const char **s, const char *end, const char *any) {
    if (*s == end || **s == '\0' || strchr(any, **s) == NULL)
        return false;
    (*s)++;
    return true;
}

static bool date(const char **s, const char *end, int64_t *us) {
    int year, month, day;
    if (!number(s, end, 4, &year) || !sign(s, end, "-") || !number(s, end, 2, &month) || !sign(s, end, "-") ||
        !number(s, end, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return false;
    *us = days_from_date(year, month, day) * DAY_US;
    return true;
}

static bool fraction(const char **s, const char *end, int64_t *us) {
    int64_t unit = SECOND_US / 10;
    const char *first = *s;
    for (; *s < end && **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
        *us += (**s - '0') * unit;
    return *s > first;
}

static bool offset(const char **s, const char *end, int64_t *us) {
    if (*s == end || sign(s, end, "Zz"))
        return true;
    int hours, minutes;
    bool east = **s == '+';
    if (!sign(s, end, "+-") || !number(s, end, 2, &hours) || !sign(s, end, ":") || !number(s, end, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    int64_t distance = (hours * 60 + minutes) * 60 * SECOND_US;
    *us += east ? -distance : distance;
    return true;
}

bool time_in_range(int64_t us) {
    return us >= days_from_date(1, 1, 1) * DAY_US && us < days_from_date(10000, 1, 1) * DAY_US;
}

bool time_parse(struct span text, int64_t *us) {
    const char *s = text.s, *end = s + text.n;
    int hour, minute, second;
    if (!date(&s, end, us) || !sign(&s, end, "Tt ") || !number(&s, end, 2, &hour) || !sign(&s, end, ":") ||
        !number(&s, end, 2, &minute) || !sign(&s, end, ":") || !number(&s, end, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60) /* 60 is a leap second: the next minute's first */
        return false;
    *us += ((hour * 60 + minute) * 60 + second) * SECOND_US;
    if (sign(&s, end, ".,") && !fraction(&s, end, us))
        return false;
    return offset(&s, end, us) && s == end && time_in_range(*us);
}

/* NUMBER without the digits beyond PLACES after its point; one with an exponent stays. */
static struct span cut_off(struct span number, int places) {
    const char *point = memchr(number.s, '.', number.n);
    bool exponent = memchr(number.s, 'e', number.n) != NULL || memchr(number.s, 'E', number.n) != NULL;
    if (point == NULL || exponent)
        return number;
    size_t most = (size_t)(point - number.s) + 1 + (size_t)places;
    return (struct span){number.s, number.n < most ? number.n : most};
}

bool time_from_number(struct span text, int64_t *us) {
    bool exact;
    int64_t seconds;
    if (!decimal_scaled(cut_off(text, 0), 0, &seconds, &exact))
        return false;
    bool milliseconds = seconds >= 100000000000 || seconds <= -100000000000;
    int places = milliseconds ? 3 : 6;
    return decimal_scaled(cut_off(text, places), places, us, &exact) && time_in_range(*us);
}

static bool age(struct span text, int64_t now, int64_t *us) {
    static const struct {
        char unit;
        int64_t us;
    } units[] = {{'m', 60000000}, {'h', 3600000000}, {'d', 86400000000}, {'w', 604800000000}};
    bool exact;
    int64_t count;
    if (text.n < 2 || text.n > 8 || !decimal_scaled((struct span){text.s, text.n - 1}, 0, &count, &exact) || count < 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t back;
        if (units[i].unit != text.s[text.n - 1] || !exact)
            continue;
        return !__builtin_mul_overflow(count, units[i].us, &back) && !__builtin_sub_overflow(now, back, us) &&
               time_in_range(*us);
    }
    return false;
}

bool time_from_person(struct span text, int64_t now, int64_t *us) {
    const char *s = text.s;
    if (time_parse(text, us) || age(text, now, us))
        return true;
    return date(&s, text.s + text.n, us) && s == text.s + text.n;
}

/* The date of a day since 1970-01-01, from year 1 on: the inverse of days_from_date. */
static void date_from_days(int64_t days, int *year, int *month, int *day) {
    int64_t since = days + 719468, era = since / 146097, rest = since % 146097; /* eras are of 400 years */
    int64_t y = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    int64_t of_year = rest - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * m + 2) / 5) + 1;
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(era * 400 + y) + (*month <= 2);
}

/* WIDTH digits and what follows them. */
static char *put(char *out, int width, int value, char after) {
    for (int i = width; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    out[width] = after;
    return out + width + 1;
}

void time_format(int64_t us, char out[TIME_TEXT]) {
    int year, month, day;
    *out = '\0';
    if (!time_in_range(us))
        return;
    int64_t days = us / DAY_US - (us % DAY_US < 0);
    int second = (int)((us - days * DAY_US) / SECOND_US);
    date_from_days(days, &year, &month, &day);
    out = put(out, 4, year, '-');
    out = put(out, 2, month, '-');
    out = put(out, 2, day, ' ');
    out = put(out, 2, second / 3600, ':');
    out = put(out, 2, second / 60 % 60, ':');
    put(out, 2, second % 60, '\0');
}

bool clock_valid(void) {
    const char *fixed = getenv("PL_NOW");
    int64_t us;
    return fixed == NULL || *fixed == '\0' || time_parse(span_of(fixed), &us);
}

int64_t clock_now(void) {
    const char *fixed = getenv("PL_NOW");
    int64_t us;
    if (fixed != NULL && *fixed != '\0' && time_parse(span_of(fixed), &us))
        return us;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
