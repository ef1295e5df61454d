/* text: bytes, borrowed and owned.
 *
 * A span borrows bytes from somebody who outlives it; it is not NUL-terminated. A text owns its bytes: zero-initialised
 * is empty, appending grows it, text_free gives it back; its bytes are NUL-terminated once anything was appended.
 */
#ifndef PL_BASE_TEXT_H
#define PL_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *s; /* NULL: there is none; "" of size 0 is an empty one */
    size_t n;
};

struct text {
    char *s;
    size_t n, capacity;
};

static inline struct span span_of(const char *string) {
    return (struct span){string, string != NULL ? strlen(string) : 0};
}

static inline bool span_equal(struct span a, struct span b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

static inline bool span_is(struct span span, const char *string) {
    return span_equal(span, span_of(string));
}

/* The lower case of an ASCII letter; any other byte is as it is, in whatever locale. */
static inline char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Less than, equal to or greater than 0, bytewise, as memcmp; a prefix sorts first. */
int span_compare(struct span a, struct span b);

static inline struct span text_span(const struct text *text) {
    return (struct span){text->s != NULL ? text->s : "", text->n};
}

/* Makes room for MORE bytes at once. */
void text_reserve(struct text *text, size_t more);
void text_bytes(struct text *text, const void *bytes, size_t size);
void text_string(struct text *text, const char *string);
static inline void text_append(struct text *text, struct span span) {
    text_bytes(text, span.s, span.n);
}
__attribute__((format(printf, 2, 3))) void text_format(struct text *text, const char *format, ...);
__attribute__((format(printf, 2, 0))) void text_vformat(struct text *text, const char *format, va_list arguments);
/* Makes it empty and keeps its memory. */
void text_clear(struct text *text);
void text_free(struct text *text);

/* Appends SPAN fit for a terminal: control characters (C0, DELETE and C1) and bytes that are not UTF-8 become \xNN. */
void text_escaped(struct text *text, struct span span);
/* Appends SPAN, which is UTF-8, as a JSON string with its quotes; control characters become \u00NN. */
void text_json_string(struct text *text, struct span span);
void text_integer(struct text *text, int64_t value);
/* Appends VALUE as the shortest decimal that reads back as the same double; "null" for one that is not finite. */
void text_json_real(struct text *text, double value);

/* The bytes of the UTF-8 sequence that S begins with (1 to 4, with its code point in *POINT), 0 if it is not one. */
size_t utf8_decode(struct span s, uint32_t *point);

#endif
