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

void text_format(struct text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size > 0) {
        text_reserve(text, (size_t)size);
        vsnprintf(text->s + text->n, (size_t)size + 1, format, again);
        text->n += (size_t)size;
    }
    va_end(again);
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

void text_json_real(struct text *text, double value) {
    if (!isfinite(value)) {
        text_string(text, "null");
        return;
    }
    char digits[40];
    for (int precision = fabs(value) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    text_string(text, digits);
}
