#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

int span_compare(struct span a, struct span b) {
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common > 0 ? memcmp(a.s, b.s, common) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

void text_reserve(struct text *text, size_t more) {
    if (text->capacity - text->n > more)
        return;
    size_t capacity = text->capacity > 0 ? text->capacity : 64;
    while (capacity - text->n <= more)
        capacity *= 2;
    text->s = xrealloc(text->s, capacity);
    text->capacity = capacity;
}

void text_bytes(struct text *text, const void *bytes, size_t size) {
    text_reserve(text, size);
    if (size > 0)
        memcpy(text->s + text->n, bytes, size);
    text->n += size;
    text->s[text->n] = '\0';
}

void text_string(struct text *text, const char *string) {
    text_bytes(text, string, strlen(string));
}

void text_vformat(struct text *text, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    if (size > 0) {
        text_reserve(text, (size_t)size);
        vsnprintf(text->s + text->n, (size_t)size + 1, format, again);
        text->n += (size_t)size;
    }
    va_end(again);
}

void text_format(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_vformat(text, format, arguments);
    va_end(arguments);
}

void text_clear(struct text *text) {
    text->n = 0;
    if (text->s != NULL)
        text->s[0] = '\0';
}

void text_free(struct text *text) {
    free(text->s);
    *text = (struct text){0};
}

size_t utf8_decode(struct span s, uint32_t *point) {
    if (s.n == 0)
        return 0;
    const unsigned char *b = (const unsigned char *)s.s;
    if (b[0] < 0x80) {
        *point = b[0];
        return 1;
    }
    size_t size = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (b[0] < 0xc2 || b[0] > 0xf4 || s.n < size)
        return 0;
    uint32_t value = b[0] & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (b[i] & 0x3fU);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *point = value;
    return size;
}

void text_escaped(struct text *text, struct span span) {
    while (span.n > 0) {
        uint32_t point;
        size_t size = utf8_decode(span, &point);
        if (size == 0)
            text_format(text, "\\x%02X", (unsigned char)*span.s);
        else if (point < 0x20 || (point >= 0x7f && point <= 0x9f))
            text_format(text, "\\x%02X", point);
        else
            text_bytes(text, span.s, size);
        size = size > 0 ? size : 1;
        span.s += size;
        span.n -= size;
    }
}

static bool json_plain(unsigned char c) {
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && c != 0xc2;
}

void text_json_string(struct text *text, struct span span) {
    const char *s = span.s, *end = s + span.n;
    text_bytes(text, "\"", 1);
    while (s < end) {
        const char *run = s;
        while (s < end && json_plain((unsigned char)*s))
            s++;
        text_bytes(text, run, (size_t)(s - run));
        if (s == end)
            break;
        unsigned char c = (unsigned char)*s++;
        if (c == '"' || c == '\\')
            text_format(text, "\\%c", c);
        else if (c == '\n')
            text_string(text, "\\n");
        else if (c == '\t')
            text_string(text, "\\t");
        else if (c == 0xc2 && s < end && (unsigned char)*s >= 0x80 && (unsigned char)*s <= 0x9f)
            text_format(text, "\\u%04x", (unsigned char)*s++); /* C1: two bytes, whose second is the code point */
        else if (c == 0xc2)
            text_bytes(text, "\xc2", 1);
        else
            text_format(text, "\\u%04x", c);
    }
    text_bytes(text, "\"", 1);
}

/* -- numbers ---------------------------------------------------------------------------------------------------- */

/* Significant digits: a double has any 15, and 17 tell all doubles apart. */
enum { DIGITS_LEAST = 15, DIGITS_MOST = 17 };

__extension__ typedef unsigned __int128 wide;

/* A double as MANTISSA / 2^SHIFT. */
struct binary {
    uint64_t mantissa;
    int shift;
};

/* A decimal as DIGITS / 10^PLACES. */
struct decimal {
    uint64_t digits;
    int places;
};

/* The powers of ten, from 10^-4 on, between which a double is written without an exponent, and by exact integers: with
 * at most 20 places, which times a mantissa fit in 127 bits. No double lies between one of them and what it stands for.
 */
static const double powers[] = {1e-4, 1e-3, 1e-2, 1e-1, 1e0,  1e1,  1e2,  1e3,  1e4, 1e5,
                                1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14};
enum { POWERS = sizeof powers / sizeof *powers, POWER_LEAST = -4 };

static wide times_ten(wide number, int times) {
    while (times-- > 0)
        number *= 10;
    return number;
}

/* The decimal nearest to VALUE with so many places; of two, the even one. */
static struct decimal nearest(struct binary value, int places) {
    wide number = times_ten(value.mantissa, places), half = (wide)1 << (value.shift - 1);
    wide whole = number >> value.shift, rest = number - (whole << value.shift);
    bool up = rest > half || (rest == half && (whole & 1) != 0);
    return (struct decimal){(uint64_t)whole + up, places};
}

/* Whether VALUE is the double nearest to DECIMAL; of two, the even one. Below a power of 2 they lie twice as close. */
static bool reads_back(struct decimal decimal, struct binary value) {
    wide number = times_ten(value.mantissa, decimal.places), other = (wide)decimal.digits << value.shift;
    bool close = other < number && value.mantissa == UINT64_C(1) << (DBL_MANT_DIG - 1);
    wide distance = (other < number ? number - other : other - number) * (close ? 4 : 2);
    wide step = times_ten(1, decimal.places);
    return distance < step || (distance == step && (value.mantissa & 1) == 0);
}

static void write_decimal(struct text *text, struct decimal decimal) {
    char written[32];
    size_t at = sizeof written;
    for (; decimal.places > 0 && decimal.digits % 10 == 0; decimal.places--)
        decimal.digits /= 10;
    for (int place = 0; place <= decimal.places || decimal.digits > 0; place++) {
        if (place > 0 && place == decimal.places)
            written[--at] = '.';
        written[--at] = (char)('0' + decimal.digits % 10);
        decimal.digits /= 10;
    }
    text_bytes(text, written + at, sizeof written - at);
}

/* VALUE lies between two of the powers. */
static void write_plain(struct text *text, double value) {
    int exponent, power = 0;
    double fraction = frexp(value, &exponent);
    struct binary binary = {(uint64_t)ldexp(fraction, DBL_MANT_DIG), DBL_MANT_DIG - exponent};
    while (powers[power + 1] <= value)
        power++;
    int places = DIGITS_LEAST - 1 - (power + POWER_LEAST);
    struct decimal decimal = nearest(binary, places);
    for (int more = 1; !reads_back(decimal, binary) && more <= DIGITS_MOST - DIGITS_LEAST; more++)
        decimal = nearest(binary, places + more);
    write_decimal(text, decimal);
}

static void write_with_exponent(struct text *text, double value) {
    char written[40];
    for (int digits = fabs(value) < DBL_MIN ? 1 : DIGITS_LEAST; digits <= DIGITS_MOST; digits++) {
        snprintf(written, sizeof written, "%.*g", digits, value);
        if (strtod(written, NULL) == value)
            break;
    }
    text_string(text, written);
}

void text_json_real(struct text *text, double value) {
    if (!isfinite(value)) {
        text_string(text, "null");
    } else if (fabs(value) < powers[0] || fabs(value) >= powers[POWERS - 1]) {
        write_with_exponent(text, value);
    } else {
        text_string(text, value < 0 ? "-" : "");
        write_plain(text, fabs(value));
    }
}

void text_integer(struct text *text, int64_t value) {
    text_string(text, value < 0 ? "-" : "");
    write_decimal(text, (struct decimal){value < 0 ? -(uint64_t)value : (uint64_t)value, 0});
}
