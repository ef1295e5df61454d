#include "base/decimal.h"

#include <limits.h>

enum { EXPONENT_LIMIT = 1000000000 };

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

/* The digits of a number, without sign, point and leading zeros, and the power of ten that they stand for. */
struct digits {
    const char *first, *end; /* may hold one '.' */
    long power;              /* of the last digit */
    bool negative;
};

static bool split(struct span number, struct digits *digits) {
    const char *s = number.s, *end = s + number.n;
    digits->negative = s < end && *s == '-';
    s += digits->negative;
    digits->first = s;
    long fraction = 0;
    bool point = false, any = false;
    for (; s < end && (digit(*s) || (*s == '.' && !point)); s++) {
        if (*s == '.')
            point = true;
        else {
            any = true;
            fraction += point;
        }
    }
    digits->end = s;
    long exponent = 0;
    if (s < end && (*s == 'e' || *s == 'E')) {
        s++;
        bool negative = s < end && *s == '-';
        if (s < end && (*s == '-' || *s == '+'))
            s++;
        if (s == end)
            return false;
        for (; s < end && digit(*s); s++)
            if (exponent < EXPONENT_LIMIT)
                exponent = exponent * 10 + (*s - '0');
        exponent = negative ? -exponent : exponent;
    }
    digits->power = exponent - fraction;
    return any && s == end;
}

bool decimal_scaled(struct span number, int places, int64_t *value, bool *exact) {
    struct digits digits;
    if (!split(number, &digits))
        return false;
    /* Walk the digits from the left; the one at position P stands for 10^P after scaling. */
    long position = digits.power + places - 1;
    for (const char *s = digits.first; s < digits.end; s++)
        position += *s != '.';
    uint64_t sum = 0;
    bool round_up = false;
    *exact = true;
    for (const char *s = digits.first; s < digits.end; s++) {
        if (*s == '.')
            continue;
        unsigned d = (unsigned)(*s - '0');
        if (position >= 0) {
            if (__builtin_mul_overflow(sum, 10U, &sum) || __builtin_add_overflow(sum, d, &sum))
                return false;
        } else {
            if (position == -1)
                round_up = d >= 5;
            *exact = *exact && d == 0;
        }
        position--;
    }
    for (; position >= 0 && sum > 0; position--)
        if (__builtin_mul_overflow(sum, 10U, &sum))
            return false;
    if (sum > INT64_MAX || (sum += round_up) > INT64_MAX)
        return false;
    *value = digits.negative ? -(int64_t)sum : (int64_t)sum;
    return true;
}
