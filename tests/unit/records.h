/* Records from JSON, for the tests of each kind; cmocka.h comes first. */
#ifndef PL_TESTS_RECORDS_H
#define PL_TESTS_RECORDS_H

#include "base/clock.h"
#include "input/record.h"
#include "rules/figures.h"

static const int64_t NOON = 1772366400000000; /* 2026-03-01 12:00:00 */

static struct json *json;
static struct arena arena;
static struct text error;

static inline int set_up(void **state) {
    (void)state;
    json = json_new(record_names);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    json_free(json);
    arena_free(&arena);
    text_free(&error);
    return 0;
}

static inline bool decode_as(const char *text, enum record_kind kind, struct record *record) {
    if (!json_parse(json, span_of(text)))
        fail_msg("%s: %s", text, json_error(json));
    arena_reset(&arena);
    text_clear(&error);
    return record_decode(json, kind, &arena, record, &error);
}

static inline struct record record_of(const char *text) {
    struct record record;
    if (!decode_as(text, KIND_BY_SHAPE, &record))
        fail_msg("%s: %s", text, error.s);
    return record;
}

static inline void refused(const char *text, const char *reason) {
    struct record record;
    if (decode_as(text, KIND_BY_SHAPE, &record))
        fail_msg("%s: taken", text);
    if (strcmp(error.s, reason) != 0)
        fail_msg("%s: \"%s\", not \"%s\"", text, error.s, reason);
}

static inline void span_says(struct span span, const char *expected) {
    if (expected == NULL)
        assert_null(span.s);
    else if (span.s == NULL || !span_is(span, expected))
        fail_msg("\"%.*s\", not \"%s\"", (int)span.n, span.s != NULL ? span.s : "(none)", expected);
}

static inline bool same_content(const char *a, const char *b) {
    struct digest first = record_of(a).content, second = record_of(b).content;
    return memcmp(first.bytes, second.bytes, sizeof first.bytes) == 0;
}

#endif
