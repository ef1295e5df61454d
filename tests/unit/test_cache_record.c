/* Cache records: what is taken from their members, and what makes two of them one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "records.h"

static struct record event_of(const char *members) {
    struct text text = {0};
    text_format(&text, "{\"signature\":\"s\",%s}", members);
    struct record record = record_of(text.s);
    assert_int_equal(record.kind, KIND_CACHE);
    text_free(&text);
    return record;
}

static void event_refused(const char *members, const char *reason) {
    struct text text = {0};
    text_format(&text, "{\"event\":\"hit\",\"signature\":\"s\",%s}", members);
    refused(text.s, reason);
    text_free(&text);
}

static void a_whole_event(void **state) {
    (void)state;
    struct record record = event_of("\"event\":\"hit\",\"lookup_ms\":1.5,\"cost_saved\":0.25,\"size_bytes\":7,"
                                    "\"account\":\"a\",\"user_id\":\"u\",\"event_id\":\"e\","
                                    "\"timestamp\":\"2026-03-01T12:00:00Z\",\"unknown\":[{}]");
    const struct cache_record *c = &record.cache;
    span_says(c->signature, "s");
    span_says(c->account, "a");
    span_says(c->user_id, "u");
    span_says(c->event_id, "e");
    assert_int_equal(c->event, CACHE_HIT);
    assert_int_equal(c->duration, 1500000);
    assert_int_equal(c->cost_saved, 250000000);
    assert_int_equal(c->size, 7);
    assert_int_equal(c->timestamp, INT64_C(1772366400000000));
    span_says(record_own_id(&record), "e");
    assert_false(record_named(&record));
}

static void what_is_missing_is_not_known(void **state) {
    (void)state;
    static const char *const members[] = {
        "\"event\":\"miss\"", "\"event\":\"miss\",\"lookup_ms\":null,\"cost_saved\":null,\"size_bytes\":"
                              "null,\"account\":\"\",\"user_id\":null,\"event_id\":null,\"timestamp\":null"};
    for (size_t i = 0; i < 2; i++) {
        struct record record = event_of(members[i]);
        const struct cache_record *c = &record.cache;
        assert_int_equal(c->event, CACHE_MISS);
        assert_int_equal(c->duration, UNKNOWN);
        assert_int_equal(c->cost_saved, UNKNOWN);
        assert_int_equal(c->size, UNKNOWN);
        assert_int_equal(c->timestamp, NO_TIME);
        assert_int_equal(c->account.n, 0);
        span_says(c->user_id, NULL);
        span_says(c->event_id, NULL);
    }
}

/* A lookup has a lookup's time and a write a write's; only a hit saves. */
static void what_is_not_its_own_is_left_out(void **state) {
    (void)state;
    static const struct {
        const char *event;
        int64_t duration, saved;
    } cases[] = {{"hit", 1000000, 3000000000}, {"miss", 1000000, UNKNOWN}, {"write", 2000000, UNKNOWN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char members[100];
        snprintf(members, sizeof members, "\"event\":\"%s\",\"lookup_ms\":1,\"write_ms\":2,\"cost_saved\":3",
                 cases[i].event);
        struct record record = event_of(members);
        assert_string_equal(cache_event_name(record.cache.event), cases[i].event);
        assert_int_equal(record.cache.duration, cases[i].duration);
        assert_int_equal(record.cache.cost_saved, cases[i].saved);
    }
}

static void ids_may_be_integers(void **state) {
    (void)state;
    struct record record = record_of("{\"signature\":7,\"event\":\"hit\",\"event_id\":8,\"user_id\":9}");
    span_says(record.cache.signature, "7");
    span_says(record.cache.event_id, "8");
    span_says(record.cache.user_id, "9");
}

static void events_that_are_refused(void **state) {
    (void)state;
    refused("{\"kind\":\"cache\",\"signature\":\"s\"}", "event: is missing");
    refused("{\"kind\":\"cache\",\"event\":\"hit\"}", "signature: is missing");
    refused("{\"event\":\"read\",\"signature\":\"s\"}", "event: is none of hit, miss or write");
    refused("{\"event\":\"hit\",\"signature\":\"\"}", "signature: is empty");
    event_refused("\"lookup_ms\":-1", "lookup_ms: is negative");
    event_refused("\"lookup_ms\":\"1\"", "lookup_ms: is a string, not a number");
    event_refused("\"write_ms\":-1", "write_ms: is negative");
    event_refused("\"cost_saved\":-0.5", "cost_saved: is negative");
    event_refused("\"cost_saved\":1e300", "cost_saved: is out of range");
    event_refused("\"size_bytes\":0.5", "size_bytes: is not a whole number");
    event_refused("\"size_bytes\":1e30", "size_bytes: is out of range");
    event_refused("\"account\":1", "account: is a number, not a string");
    event_refused("\"user_id\":[]", "user_id: is an array, not a string");
    event_refused("\"event_id\":\"\"", "event_id: is empty");
    event_refused("\"timestamp\":\"soon\"", "timestamp: is not a time");
}

static void content_is_what_it_says_however_it_is_written(void **state) {
    (void)state;
    const char *one = "{\"event\":\"hit\",\"signature\":\"s\",\"lookup_ms\":1,\"cost_saved\":0.5,\"size_bytes\":7,"
                      "\"account\":\"a\",\"user_id\":\"u\",\"timestamp\":5}";
    assert_true(same_content(one, "{\"timestamp\":\"1970-01-01T00:00:05Z\",\"user_id\":\"u\",\"account\":\"a\",\"x\":1,"
                                  "\"size_bytes\":7.0,\"cost_saved\":5e-1,\"lookup_ms\":1.0,\"write_ms\":4,"
                                  "\"signature\":\"s\",\"event\":\"hit\"}"));
    static const char *const others[] = {"\"event\":\"miss\"", "\"signature\":\"t\"", "\"lookup_ms\":2",
                                         "\"cost_saved\":0.6", "\"size_bytes\":8",    "\"account\":\"b\"",
                                         "\"user_id\":\"v\"",  "\"timestamp\":6",     "\"event_id\":\"e\""};
    static const char *const members[] = {"\"event\":\"hit\"",  "\"signature\":\"s\"", "\"lookup_ms\":1",
                                          "\"cost_saved\":0.5", "\"size_bytes\":7",    "\"account\":\"a\"",
                                          "\"user_id\":\"u\"",  "\"timestamp\":5",     NULL};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct text other = {0};
        for (size_t j = 0; j < sizeof members / sizeof *members; j++)
            if (i == j || members[j] != NULL)
                text_format(&other, "%s%s", other.n > 0 ? "," : "{", i == j ? others[j] : members[j]);
        text_string(&other, "}");
        if (same_content(one, other.s))
            fail_msg("%s", other.s);
        text_free(&other);
    }
    /* neighbours do not run together */
    assert_false(same_content("{\"event\":\"hit\",\"signature\":\"sa\",\"account\":\"b\"}",
                              "{\"event\":\"hit\",\"signature\":\"s\",\"account\":\"ab\"}"));
    assert_false(same_content("{\"event\":\"hit\",\"signature\":\"s\",\"account\":\"a\"}",
                              "{\"event\":\"hit\",\"signature\":\"s\",\"user_id\":\"a\"}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_event),
        cmocka_unit_test(what_is_missing_is_not_known),
        cmocka_unit_test(what_is_not_its_own_is_left_out),
        cmocka_unit_test(ids_may_be_integers),
        cmocka_unit_test(events_that_are_refused),
        cmocka_unit_test(content_is_what_it_says_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
