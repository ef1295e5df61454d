/* Records from JSON: every field, every alias, and what is refused, by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "random.h"
#include "records.h"

/* A workflow that says MEMBERS besides its id. */
static struct record workflow_of(const char *members) {
    struct text text = {0};
    text_format(&text, "{\"workflow_id\":\"w\"%s%s}", *members != '\0' ? "," : "", members);
    struct record record = record_of(text.s);
    assert_int_equal(record.kind, KIND_WORKFLOW);
    text_free(&text);
    return record;
}

static struct record review_of(const char *members) {
    struct text text = {0};
    text_format(&text, "{\"kind\":\"review\",\"pattern_signature\":\"a:b:c\",\"automation_status\":\"approved\"%s%s}",
                *members != '\0' ? "," : "", members);
    struct record record = record_of(text.s);
    assert_int_equal(record.kind, KIND_REVIEW);
    text_free(&text);
    return record;
}

/* A workflow that says MEMBERS is refused for REASON. */
static void workflow_refused(const char *members, const char *reason) {
    struct text text = {0};
    text_format(&text, "{\"workflow_id\":\"w\",%s}", members);
    refused(text.s, reason);
    text_free(&text);
}

/* -- workflows ----------------------------------------------------------------------------------------------------- */

static void a_whole_workflow(void **state) {
    (void)state;
    struct record record = record_of("{\"workflow_id\":\"wf-1\",\"nl_input\":\"Run "
                                     "tests\",\"workflow_template\":\"adw_test\",\"status\":\"failed\",\"model\":\"m\","
                                     "\"error_message\":\"broke\",\"error_count\":1,\"retry_count\":2,\"duration_"
                                     "seconds\":3.5,\"input_tokens\":4,\"output_tokens\":5,"
                                     "\"cache_read_tokens\":6,\"cache_write_tokens\":7,\"total_tokens\":8,\"actual_"
                                     "cost_total\":0.9,\"session_id\":\"s\","
                                     "\"account\":\"a\",\"created_at\":\"2026-03-01T12:00:00Z\",\"updated_at\":\"2026-"
                                     "03-01T13:00:00Z\",\"unknown\":[{}]}");
    const struct workflow_record *w = &record.workflow;
    assert_int_equal(record.kind, KIND_WORKFLOW);
    span_says(w->workflow_id, "wf-1");
    span_says(w->nl_input, "Run tests");
    span_says(w->workflow_template, "adw_test");
    assert_int_equal(w->status, WORKFLOW_FAILED);
    span_says(w->model, "m");
    span_says(w->error_message, "broke");
    assert_int_equal(w->error_count, 1);
    assert_int_equal(w->retry_count, 2);
    assert_int_equal(w->duration_ms, 3500);
    assert_int_equal(w->input_tokens, 4);
    assert_int_equal(w->output_tokens, 5);
    assert_int_equal(w->cache_read_tokens, 6);
    assert_int_equal(w->cache_write_tokens, 7);
    assert_int_equal(w->total_tokens, 8);
    assert_int_equal(w->cost, 900000000);
    span_says(w->session_id, "s");
    span_says(w->account, "a");
    assert_int_equal(w->created_at, NOON);
    assert_int_equal(w->updated_at, NOON + 3600 * SECOND_US);
}

static void nothing_known(const struct workflow_record *w) {
    assert_null(w->nl_input.s);
    assert_null(w->workflow_template.s);
    assert_int_equal(w->status, WORKFLOW_COMPLETED);
    assert_null(w->model.s);
    assert_null(w->error_message.s);
    assert_int_equal(w->error_count, UNKNOWN);
    assert_int_equal(w->retry_count, UNKNOWN);
    assert_int_equal(w->duration_ms, UNKNOWN);
    assert_int_equal(w->input_tokens, UNKNOWN);
    assert_int_equal(w->output_tokens, UNKNOWN);
    assert_int_equal(w->cache_read_tokens, UNKNOWN);
    assert_int_equal(w->cache_write_tokens, UNKNOWN);
    assert_int_equal(w->cache_write_1h_tokens, UNKNOWN);
    assert_int_equal(w->total_tokens, UNKNOWN);
    assert_int_equal(w->cost, UNKNOWN);
    assert_null(w->session_id.s);
    assert_null(w->account.s);
    assert_int_equal(w->created_at, NO_TIME);
    assert_int_equal(w->updated_at, NO_TIME);
}

static void absent_and_null_are_unknown(void **state) {
    (void)state;
    struct record absent = workflow_of("");
    nothing_known(&absent.workflow);
    struct record null = workflow_of(
        "\"kind\":null,\"nl_input\":null,\"workflow_template\":null,\"status\":null,\"model\":null,\"model_used\":null,"
        "\"error_message\":null,\"error_count\":null,\"retry_count\":null,\"duration_seconds\":null,\"input_tokens\":"
        "null,"
        "\"output_tokens\":null,\"cache_read_tokens\":null,\"cache_write_tokens\":null,\"total_tokens\":null,"
        "\"actual_cost_total\":null,\"cost\":null,\"session_id\":null,\"account\":null,\"created_at\":null,"
        "\"timestamp\":null,"
        "\"updated_at\":null");
    nothing_known(&null.workflow);
    assert_memory_equal(absent.content.bytes, null.content.bytes, sizeof null.content.bytes);
}

static void empty_texts_and_zeros_are_known(void **state) {
    (void)state;
    struct record record = workflow_of(
        "\"nl_input\":\"\",\"workflow_template\":\"\",\"error_count\":0,\"cost\":0,\"duration_seconds\":0,"
        "\"total_tokens\":0,\"account\":\"\"");
    span_says(record.workflow.nl_input, "");
    span_says(record.workflow.workflow_template, "");
    span_says(record.workflow.account, "");
    assert_int_equal(record.workflow.error_count, 0);
    assert_int_equal(record.workflow.cost, 0);
    assert_int_equal(record.workflow.duration_ms, 0);
    assert_int_equal(record.workflow.total_tokens, 0);
}

static void statuses(void **state) {
    static const char *const names[] = {"pending", "running", "completed", "failed"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char members[40];
        snprintf(members, sizeof members, "\"status\":\"%s\"", names[i]);
        struct record record = workflow_of(members);
        assert_int_equal(record.workflow.status, i);
        assert_int_equal(record.workflow.version.ended, i >= 2);
        assert_string_equal(workflow_status_name((enum workflow_status)i), names[i]);
    }
    workflow_refused("\"status\":\"done\"", "status: is none of pending, running, completed or failed");
    workflow_refused("\"status\":\"Completed\"", "status: is none of pending, running, completed or failed");
    workflow_refused("\"status\":\"\"", "status: is none of pending, running, completed or failed");
    workflow_refused("\"status\":2", "status: is none of pending, running, completed or failed");
}

/* -- ids and names ------------------------------------------------------------------------------------------------- */

static void ids(void **state) {
    static const char *const examples[][2] = {
        {"\"x\"", "x"},
        {"\"größe\"", "größe"},
        {"\" \"", " "},
        {"42", "42"},
        {"0", "0"},
        {"-0", "0"},
        {"-5", "-5"},
        {"1e3", "1000"},
        {"5.0", "5"},
        {"\"42\"", "42"},
        {"9007199254740991", "9007199254740991"},
        {"-9007199254740991", "-9007199254740991"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct text text = {0};
        text_format(&text, "{\"workflow_id\":%s,\"session_id\":%s}", examples[i][0], examples[i][0]);
        struct record record = record_of(text.s);
        span_says(record.workflow.workflow_id, examples[i][1]);
        span_says(record.workflow.session_id, examples[i][1]);
        text_free(&text);
    }
}

static void ids_that_are_none(void **state) {
    static const char large[] = "workflow_id: is a number too large to be kept exactly: write it as a string";
    (void)state;
    refused("{\"nl_input\":\"x\"}", "workflow_id: is missing");
    refused("{\"nl_input\":\"x\",\"workflow_id\":null}", "workflow_id: is missing");
    refused("{\"workflow_id\":\"\"}", "workflow_id: is empty");
    refused("{\"workflow_id\":9007199254740992}", large);
    refused("{\"workflow_id\":9007199254740993}", large);
    refused("{\"workflow_id\":-9007199254740992}", large);
    refused("{\"workflow_id\":18446744073709551615.5}", large);
    refused("{\"workflow_id\":1e400}", large);
    refused("{\"workflow_id\":1.5}", "workflow_id: is not a whole number");
    refused("{\"workflow_id\":1e-400}", "workflow_id: is not a whole number");
    refused("{\"workflow_id\":true}", "workflow_id: is true, not a string");
    refused("{\"workflow_id\":[1]}", "workflow_id: is an array, not a string");
    refused("{\"workflow_id\":{\"a\":1}}", "workflow_id: is an object, not a string");
    refused("{\"workflow_id\":\"a\\u0000b\"}", "workflow_id: contains a NUL character");
    workflow_refused("\"session_id\":\"\"", "session_id: is empty");
    workflow_refused("\"session_id\":false", "session_id: is false, not a string");
}

static void texts_of_the_wrong_type(void **state) {
    static const char *const fields[] = {"nl_input",   "workflow_template", "model",
                                         "model_used", "error_message",     "account"};
    static const char *const values[][2] = {
        {"1", "a number"}, {"true", "true"}, {"false", "false"}, {"[]", "an array"}, {"{}", "an object"}};
    (void)state;
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            char members[80], reason[80];
            snprintf(members, sizeof members, "\"%s\":%s", fields[f], values[v][0]);
            snprintf(reason, sizeof reason, "%s: is %s, not a string", fields[f], values[v][1]);
            workflow_refused(members, reason);
        }
    }
}

static void names_are_bounded(void **state) {
    static const char *const fields[] = {"workflow_template", "model", "session_id", "account"};
    struct text members = {0};
    char reason[80];
    (void)state;
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
        text_clear(&members);
        text_format(&members, "\"%s\":\"%0*d\"", fields[f], NAME_BYTES_MAX, 0);
        workflow_of(members.s);
        text_clear(&members);
        text_format(&members, "\"%s\":\"%0*d\"", fields[f], NAME_BYTES_MAX + 1, 0);
        snprintf(reason, sizeof reason, "%s: is longer than 1024 bytes", fields[f]);
        workflow_refused(members.s, reason);
        text_clear(&members);
        text_format(&members, "\"%s\":\"a\\u0000\"", fields[f]);
        snprintf(reason, sizeof reason, "%s: contains a NUL character", fields[f]);
        workflow_refused(members.s, reason);
    }
    text_free(&members);
}

/* Prose is of any length; a NUL in it becomes U+FFFD. */
static void prose(void **state) {
    struct text members = {0};
    (void)state;
    text_format(&members, "\"nl_input\":\"%0*d\",\"error_message\":\"a\\u0000b\\u0000\"", 100000, 0);
    struct record record = workflow_of(members.s);
    assert_int_equal(record.workflow.nl_input.n, 100000);
    span_says(record.workflow.error_message, "a\xef\xbf\xbd"
                                             "b\xef\xbf\xbd");
    assert_int_equal(record.workflow.error_message.s[record.workflow.error_message.n], '\0');
    text_free(&members);
}

/* -- amounts ------------------------------------------------------------------------------------------------------- */

/* The integer that FIELD is kept as, where the workflow says VALUE. */
static int64_t amount(const char *field, const char *value) {
    char members[200];
    snprintf(members, sizeof members, "\"%s\":%s", field, value);
    struct record record = workflow_of(members);
    const struct workflow_record *w = &record.workflow;
    const struct {
        const char *field;
        int64_t value;
    } amounts[] = {
        {"error_count", w->error_count},
        {"retry_count", w->retry_count},
        {"duration_seconds", w->duration_ms},
        {"input_tokens", w->input_tokens},
        {"output_tokens", w->output_tokens},
        {"cache_read_tokens", w->cache_read_tokens},
        {"cache_write_tokens", w->cache_write_tokens},
        {"total_tokens", w->total_tokens},
        {"actual_cost_total", w->cost},
        {"cost", w->cost},
    };
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        if (strcmp(amounts[i].field, field) == 0)
            return amounts[i].value;
    fail_msg("no field %s", field);
    return 0;
}

static void amount_refused(const char *field, const char *value, const char *why) {
    char members[200], reason[200];
    snprintf(members, sizeof members, "\"%s\":%s", field, value);
    snprintf(reason, sizeof reason, "%s: %s", field, why);
    workflow_refused(members, reason);
}

static void amounts_of_any_field(void **state) {
    static const char *const fields[] = {"error_count",        "retry_count",
                                         "duration_seconds",   "input_tokens",
                                         "output_tokens",      "cache_read_tokens",
                                         "cache_write_tokens", "total_tokens",
                                         "actual_cost_total",  "cost"};
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        int64_t unit = strstr(fields[i], "cost") != NULL            ? 1000000000
                       : strcmp(fields[i], "duration_seconds") == 0 ? 1000
                                                                    : 1;
        assert_int_equal(amount(fields[i], "0"), 0);
        assert_int_equal(amount(fields[i], "-0"), 0);
        assert_int_equal(amount(fields[i], "-0.0e5"), 0);
        assert_int_equal(amount(fields[i], "7"), 7 * unit);
        assert_int_equal(amount(fields[i], "7.0"), 7 * unit);
        assert_int_equal(amount(fields[i], "12e2"), 1200 * unit);
        assert_int_equal(amount(fields[i], "1200e-2"), 12 * unit);
        amount_refused(fields[i], "-1", "is negative");
        amount_refused(fields[i], "-0.5", "is negative");
        amount_refused(fields[i], "-1e-30", "is negative");
        amount_refused(fields[i], "-1e400", "is negative");
        amount_refused(fields[i], "1e400", "is out of range");
        amount_refused(fields[i], "1e18", "is out of range");
        amount_refused(fields[i], "9223372036854775808", "is out of range");
        amount_refused(fields[i], "18446744073709551615.5", "is out of range");
        amount_refused(fields[i], "\"7\"", "is a string, not a number");
        amount_refused(fields[i], "\"many\"", "is a string, not a number");
        amount_refused(fields[i], "true", "is true, not a number");
        amount_refused(fields[i], "[7]", "is an array, not a number");
        amount_refused(fields[i], "{\"value\":7}", "is an object, not a number");
    }
}

static void counts_are_whole(void **state) {
    static const char *const fields[] = {"error_count",       "retry_count",        "input_tokens", "output_tokens",
                                         "cache_read_tokens", "cache_write_tokens", "total_tokens"};
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        bool tokens = strstr(fields[i], "tokens") != NULL;
        amount_refused(fields[i], "1.5", "is not a whole number");
        amount_refused(fields[i], "0.1", "is not a whole number");
        amount_refused(fields[i], "1e-400", "is not a whole number");
        assert_int_equal(amount(fields[i], tokens ? "1000000000000" : "1000000000"), tokens ? TOKENS_MAX : COUNT_MAX);
        amount_refused(fields[i], tokens ? "1000000000001" : "1000000001", "is out of range");
    }
}

static void durations(void **state) {
    (void)state;
    assert_int_equal(amount("duration_seconds", "0.001"), 1);
    assert_int_equal(amount("duration_seconds", "0.0005"), 1);
    assert_int_equal(amount("duration_seconds", "0.0004"), 0);
    assert_int_equal(amount("duration_seconds", "120.1234"), 120123);
    assert_int_equal(amount("duration_seconds", "120.1235"), 120124);
    assert_int_equal(amount("duration_seconds", "100000000"), DURATION_MAX);
    amount_refused("duration_seconds", "100000000.001", "is out of range");
    amount_refused("duration_seconds", "18446744073709551.6155", "is out of range");
}

static void costs(void **state) {
    (void)state;
    assert_int_equal(amount("cost", "0.1"), 100000000);
    assert_int_equal(amount("cost", "0.50"), 500000000);
    assert_int_equal(amount("cost", "0.000000001"), 1);
    assert_int_equal(amount("cost", "0.0000000005"), 1);
    assert_int_equal(amount("cost", "0.0000000004999"), 0);
    assert_int_equal(amount("cost", "0.1234567894"), 123456789);
    assert_int_equal(amount("cost", "3e-7"), 300);
    assert_true(COST_MAX % 1000000000 == 0);
    char most[40];
    snprintf(most, sizeof most, "%lld", (long long)(COST_MAX / 1000000000));
    assert_int_equal(amount("actual_cost_total", most), COST_MAX);
    snprintf(most, sizeof most, "%lld.000000001", (long long)(COST_MAX / 1000000000));
    amount_refused("actual_cost_total", most, "is out of range");
    amount_refused("actual_cost_total", "18446744073.7095516155", "is out of range"); /* 2^64 - 0.5 in nano-dollars */
}

static void total_tokens(void **state) {
    (void)state;
    assert_int_equal(
        workflow_of("\"input_tokens\":1,\"output_tokens\":20,\"cache_read_tokens\":300,\"cache_write_tokens\":4000")
            .workflow.total_tokens,
        4321);
    assert_int_equal(workflow_of("\"output_tokens\":20").workflow.total_tokens, 20);
    assert_int_equal(workflow_of("\"cache_write_tokens\":0").workflow.total_tokens, 0);
    assert_int_equal(workflow_of("\"input_tokens\":1,\"total_tokens\":7").workflow.total_tokens, 7);
    assert_int_equal(workflow_of("\"input_tokens\":9,\"total_tokens\":0").workflow.total_tokens, 0);
    assert_int_equal(workflow_of("\"input_tokens\":1,\"total_tokens\":null").workflow.total_tokens, 1);
    assert_int_equal(workflow_of("\"input_tokens\":999999999999,\"output_tokens\":1").workflow.total_tokens,
                     TOKENS_MAX);
    workflow_refused("\"input_tokens\":1000000000000,\"output_tokens\":1",
                     "total_tokens: is out of range as the sum of its parts");
}

/* Part of what is written to a cache: where only that part is known, it is the whole. */
static void tokens_written_for_an_hour(void **state) {
    (void)state;
    struct record record = workflow_of("\"cache_write_tokens\":7,\"cache_write_1h_tokens\":7,\"input_tokens\":1");
    assert_int_equal(record.workflow.cache_write_tokens, 7);
    assert_int_equal(record.workflow.cache_write_1h_tokens, 7);
    assert_int_equal(record.workflow.total_tokens, 8);
    record = workflow_of("\"cache_write_1h_tokens\":5");
    assert_int_equal(record.workflow.cache_write_tokens, 5);
    assert_int_equal(record.workflow.total_tokens, 5);
    record = workflow_of("\"cache_write_tokens\":5");
    assert_int_equal(record.workflow.cache_write_1h_tokens, UNKNOWN);
    workflow_refused("\"cache_write_tokens\":6,\"cache_write_1h_tokens\":7",
                     "cache_write_1h_tokens: is more than cache_write_tokens, which include it");
    workflow_refused("\"cache_write_1h_tokens\":0.5", "cache_write_1h_tokens: is not a whole number");
    assert_true(same_content("{\"workflow_id\":\"a\",\"cache_write_tokens\":1}",
                             "{\"workflow_id\":\"a\",\"cache_write_tokens\":1,\"cache_write_1h_tokens\":null}"));
    assert_false(same_content("{\"workflow_id\":\"a\",\"cache_write_tokens\":1}",
                              "{\"workflow_id\":\"a\",\"cache_write_tokens\":1,\"cache_write_1h_tokens\":0}"));
}

/* -- aliases and times --------------------------------------------------------------------------------------------- */

static void aliases(void **state) {
    (void)state;
    span_says(workflow_of("\"model_used\":\"b\"").workflow.model, "b");
    span_says(workflow_of("\"model\":\"a\",\"model_used\":\"b\"").workflow.model, "a");
    span_says(workflow_of("\"model_used\":\"b\",\"model\":\"a\"").workflow.model, "a");
    span_says(workflow_of("\"model\":null,\"model_used\":\"b\"").workflow.model, "b");
    assert_int_equal(workflow_of("\"actual_cost_total\":1,\"cost\":2").workflow.cost, 1000000000);
    assert_int_equal(workflow_of("\"cost\":2,\"actual_cost_total\":0").workflow.cost, 0);
    assert_int_equal(workflow_of("\"cost\":2,\"actual_cost_total\":null").workflow.cost, 2000000000);
    assert_int_equal(workflow_of("\"timestamp\":1,\"created_at\":2").workflow.created_at, 2 * SECOND_US);
    assert_int_equal(workflow_of("\"timestamp\":1,\"created_at\":null").workflow.created_at, SECOND_US);
    assert_int_equal(review_of("\"timestamp\":1,\"created_at\":2").review.timestamp, SECOND_US);
    assert_int_equal(review_of("\"created_at\":2").review.timestamp, 2 * SECOND_US);
    /* the field that was given is the one that is named */
    workflow_refused("\"model_used\":1", "model_used: is a number, not a string");
    workflow_refused("\"cost\":-1", "cost: is negative");
    workflow_refused("\"timestamp\":\"yesterday\"", "timestamp: is not a time");
}

static void of_two_equal_keys_the_last(void **state) {
    (void)state;
    span_says(record_of("{\"workflow_id\":\"a\",\"workflow_id\":\"b\"}").workflow.workflow_id, "b");
    assert_int_equal(workflow_of("\"cost\":1,\"cost\":2").workflow.cost, 2000000000);
    assert_int_equal(workflow_of("\"cost\":1,\"cost\":null").workflow.cost, UNKNOWN);
    assert_int_equal(workflow_of("\"cost\":\"x\",\"cost\":2").workflow.cost, 2000000000);
}

static void times(void **state) {
    static const char *const same[] = {"\"2026-03-01T12:00:00Z\"",
                                       "\"2026-03-01 12:00:00\"",
                                       "\"2026-03-01T13:00:00.000+01:00\"",
                                       "1772366400",
                                       "1772366400.0",
                                       "1772366400000",
                                       "1.7723664e9"};
    static const char *const none[] = {"\"\"",
                                       "\"yesterday\"",
                                       "\"2026-02-30T00:00:00Z\"",
                                       "\"2026-03-01\"",
                                       "\"1772366400\"",
                                       "true",
                                       "[]",
                                       "{}",
                                       "1e400",
                                       "1e18",
                                       "\"2026-03-01T12:00:00\\u0000\"",
                                       "\"9999-12-31T23:59:59-01:00\"",
                                       "\"0001-01-01T00:00:00+01:00\""};
    static const char *const fields[] = {"created_at", "timestamp", "updated_at"};
    char members[100], reason[60];
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        snprintf(members, sizeof members, "\"created_at\":%s,\"updated_at\":%s", same[i], same[i]);
        struct record record = workflow_of(members);
        assert_int_equal(record.workflow.created_at, NOON);
        assert_int_equal(record.workflow.updated_at, NOON);
    }
    for (size_t f = 0; f < 3; f++) {
        for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
            snprintf(members, sizeof members, "\"%s\":%s", fields[f], none[i]);
            snprintf(reason, sizeof reason, "%s: is not a time", fields[f]);
            workflow_refused(members, reason);
        }
    }
}

static void versions(void **state) {
    (void)state;
    struct version version = workflow_of("\"created_at\":5").workflow.version;
    assert_true(version.dated && version.at == 5 * SECOND_US && version.ended && version.tokens == UNKNOWN);
    version =
        workflow_of("\"created_at\":5,\"updated_at\":3,\"status\":\"running\",\"input_tokens\":7").workflow.version;
    assert_true(version.dated && version.at == 3 * SECOND_US && !version.ended && version.tokens == 7);
    version = workflow_of("\"timestamp\":5").workflow.version;
    assert_true(version.dated && version.at == 5 * SECOND_US);
    version = workflow_of("").workflow.version;
    assert_false(version.dated);
    struct version other = workflow_of("\"nl_input\":\"x\"").workflow.version;
    assert_true(version.content != other.content);
}

/* -- content ------------------------------------------------------------------------------------------------------- */

static void content_is_what_is_said(void **state) {
    (void)state;
    assert_true(
        same_content("{\"workflow_id\":\"a\",\"cost\":1}", "{ \"cost\" : 1.0 , \"workflow_id\" : \"\\u0061\" }"));
    assert_true(same_content("{\"workflow_id\":\"a\",\"cost\":1}",
                             "{\"workflow_id\":\"a\",\"actual_cost_total\":1e0,\"x\":2}"));
    assert_true(same_content("{\"workflow_id\":\"7\"}", "{\"workflow_id\":7,\"kind\":\"workflow\"}"));
    assert_true(same_content("{\"workflow_id\":\"a\"}", "{\"workflow_id\":\"a\",\"status\":\"completed\"}"));
    assert_true(same_content("{\"workflow_id\":\"a\",\"created_at\":0}",
                             "{\"workflow_id\":\"a\",\"timestamp\":\"1970-01-01T00:00:00Z\"}"));
    assert_true(
        same_content("{\"workflow_id\":\"a\",\"model\":\"m\"}", "{\"workflow_id\":\"a\",\"model_used\":\"m\"}"));
}

static void any_other_word_is_other_content(void **state) {
    static const char *const texts[] = {
        "{\"workflow_id\":\"a\"}",
        "{\"workflow_id\":\"b\"}",
        "{\"workflow_id\":\"a\",\"nl_input\":\"\"}",
        "{\"workflow_id\":\"a\",\"nl_input\":\"x\"}",
        "{\"workflow_id\":\"a\",\"workflow_template\":\"x\"}",
        "{\"workflow_id\":\"a\",\"model\":\"x\"}",
        "{\"workflow_id\":\"a\",\"error_message\":\"x\"}",
        "{\"workflow_id\":\"a\",\"session_id\":\"x\"}",
        "{\"workflow_id\":\"a\",\"account\":\"x\"}",
        "{\"workflow_id\":\"a\",\"status\":\"failed\"}",
        "{\"workflow_id\":\"a\",\"error_count\":0}",
        "{\"workflow_id\":\"a\",\"error_count\":1}",
        "{\"workflow_id\":\"a\",\"retry_count\":1}",
        "{\"workflow_id\":\"a\",\"duration_seconds\":1}",
        "{\"workflow_id\":\"a\",\"input_tokens\":1}",
        "{\"workflow_id\":\"a\",\"output_tokens\":1}",
        "{\"workflow_id\":\"a\",\"cache_read_tokens\":1}",
        "{\"workflow_id\":\"a\",\"cache_write_tokens\":1}",
        "{\"workflow_id\":\"a\",\"total_tokens\":1}",
        "{\"workflow_id\":\"a\",\"cost\":1}",
        "{\"workflow_id\":\"a\",\"created_at\":1}",
        "{\"workflow_id\":\"a\",\"updated_at\":1}",
        "{\"workflow_id\":\"ax\"}",
        "{\"workflow_id\":\"a\",\"nl_input\":\"xx\"}",
        "{\"kind\":\"review\",\"pattern_signature\":\"a\",\"automation_status\":\"detected\"}",
        "{\"kind\":\"review\",\"pattern_signature\":\"a\",\"automation_status\":\"active\"}",
        "{\"kind\":\"review\",\"pattern_signature\":\"a\",\"automation_status\":\"active\",\"reviewed_by\":\"x\"}",
        "{\"kind\":\"review\",\"pattern_signature\":\"a\",\"automation_status\":\"active\",\"review_notes\":\"x\"}",
        "{\"kind\":\"review\",\"pattern_signature\":\"a\",\"automation_status\":\"active\",\"event_id\":\"x\"}",
        "{\"kind\":\"review\",\"pattern_signature\":\"a\",\"automation_status\":\"active\",\"timestamp\":1}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t k = 0; k < i; k++)
            if (same_content(texts[i], texts[k]))
                fail_msg("%s is the same as %s", texts[i], texts[k]);
}

/* -- kinds --------------------------------------------------------------------------------------------------------- */

static void kind_is(const char *text, enum record_kind kind) {
    struct record record = {0};
    bool good = decode_as(text, KIND_BY_SHAPE, &record);
    if (record.kind != kind || !good)
        fail_msg("%s is %s: %s", text, record.kind != KIND_BY_SHAPE ? record_kind_name(record.kind) : "none",
                 text_span(&error).s);
}

static void kinds_by_name(void **state) {
    (void)state;
    kind_is("{\"kind\":\"workflow\",\"workflow_id\":\"a\"}", KIND_WORKFLOW);
    kind_is("{\"kind\":\"review\",\"pattern_signature\":\"a\",\"automation_status\":\"active\",\"workflow_id\":\"w\"}",
            KIND_REVIEW);
    kind_is("{\"kind\":\"request\",\"workflow_id\":\"a\",\"model\":\"m\"}", KIND_REQUEST);
    kind_is("{\"kind\":\"feedback\",\"request_id\":\"r\",\"quality_score\":4,\"workflow_id\":\"a\"}", KIND_FEEDBACK);
    kind_is("{\"kind\":\"cache\",\"signature\":\"s\",\"event\":\"miss\"}", KIND_CACHE);
    refused("{\"kind\":\"other\",\"workflow_id\":\"a\"}",
            "kind: is none of workflow, request, feedback, cache, review or step");
    refused("{\"kind\":\"Workflow\",\"workflow_id\":\"a\"}",
            "kind: is none of workflow, request, feedback, cache, review or step");
    refused("{\"kind\":\"\",\"workflow_id\":\"a\"}",
            "kind: is none of workflow, request, feedback, cache, review or step");
    refused("{\"kind\":1,\"workflow_id\":\"a\"}",
            "kind: is none of workflow, request, feedback, cache, review or step");
    refused("{\"kind\":\"cache\",\"workflow_id\":\"a\"}", "event: is missing");
}

static void kinds_by_shape(void **state) {
    (void)state;
    kind_is("{\"workflow_id\":\"a\"}", KIND_WORKFLOW);
    kind_is("{\"workflow_id\":\"a\",\"request_id\":\"r\",\"prompt\":\"p\",\"signature\":\"s\",\"event\":\"hit\"}",
            KIND_WORKFLOW);
    kind_is("{\"signature\":\"s\",\"event\":\"hit\"}", KIND_CACHE);
    kind_is("{\"signature\":\"s\",\"event\":\"hit\",\"request_id\":\"r\"}", KIND_CACHE);
    kind_is("{\"request_id\":\"r\"}", KIND_REQUEST);
    kind_is("{\"prompt\":\"p\"}", KIND_REQUEST);
    kind_is("{\"prompt\":\"p\",\"quality_score\":0.4}", KIND_REQUEST);
    kind_is("{\"prompt\":\"\"}", KIND_REQUEST);
    kind_is("{\"messages\":[]}", KIND_REQUEST);
    kind_is("{\"prompt_hash\":\"0123456789abcdef\"}", KIND_REQUEST);
    kind_is("{\"request_id\":\"r\",\"signature\":\"s\"}", KIND_REQUEST);
    kind_is("{\"request_id\":\"r\",\"quality_score\":4}", KIND_FEEDBACK);
    kind_is("{\"request_id\":\"r\",\"quality_score\":4,\"is_correct\":false}", KIND_FEEDBACK);
    kind_is("{\"request_id\":\"r\",\"quality_score\":4,\"comment\":\"c\",\"latency_ms\":5}", KIND_FEEDBACK);
    kind_is("{\"request_id\":\"r\",\"quality_score\":4,\"model\":null}", KIND_FEEDBACK);
    kind_is("{\"request_id\":\"r\",\"quality_score\":4,\"prompt\":null,\"input_tokens\":null}", KIND_FEEDBACK);
    kind_is("{\"request_id\":\"r\",\"quality_score\":null,\"is_correct\":null}", KIND_REQUEST);
    kind_is("{\"request_id\":\"r\",\"is_helpful\":true,\"comment\":\"c\"}", KIND_REQUEST);
    refused("{\"nl_input\":\"x\",\"request_id\":\"r\"}", "workflow_id: is missing");
}

/* A score beside what only a request says is the request's own. */
static void what_was_asked_makes_a_request(void **state) {
    static const char *const members[] = {"\"prompt\":\"p\"",
                                          "\"messages\":[]",
                                          "\"prompt_hash\":\"0123456789abcdef\"",
                                          "\"model\":\"m\"",
                                          "\"selected_model\":\"m\"",
                                          "\"input_tokens\":1",
                                          "\"output_tokens\":1",
                                          "\"cache_read_tokens\":1",
                                          "\"cache_write_tokens\":1",
                                          "\"cache_write_1h_tokens\":1",
                                          "\"total_tokens\":1",
                                          "\"thinking_tokens\":1"};
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char text[120];
        snprintf(text, sizeof text, "{\"request_id\":\"r\",\"quality_score\":0.5,%s}", members[i]);
        kind_is(text, KIND_REQUEST);
        snprintf(text, sizeof text, "{\"request_id\":\"r\",\"is_correct\":true,%s}", members[i]);
        kind_is(text, KIND_REQUEST);
    }
}

static void no_records(void **state) {
    static const char none[] = "is no record: it has no kind, and neither workflow_id, nl_input, request_id, prompt, "
                               "messages, prompt_hash, nor signature and event";
    (void)state;
    refused("{}", none);
    refused("{\"x\":1}", none);
    refused("{\"signature\":\"s\"}", none);
    refused("{\"event\":\"hit\"}", none);
    refused("{\"workflow_id\":null}", none);
    refused("{\"quality_score\":4}", none);
    refused("{\"model\":\"m\",\"input\":\"x\"}", none);
    refused("null", "is null, not a record");
    refused("true", "is true, not a record");
    refused("12", "is a number, not a record");
    refused("\"text\"", "is a string, not a record");
    refused("[]", "is an array, not a record");
    refused("[{\"workflow_id\":\"a\"}]", "is an array, not a record");
}

static void a_kind_that_is_given_overrides(void **state) {
    struct record record;
    (void)state;
    assert_true(decode_as("{\"kind\":\"review\",\"workflow_id\":\"a\"}", KIND_WORKFLOW, &record));
    assert_int_equal(record.kind, KIND_WORKFLOW);
    assert_true(decode_as("{\"kind\":7,\"workflow_id\":\"a\"}", KIND_WORKFLOW, &record));
    assert_true(decode_as("{\"workflow_id\":\"a\",\"pattern_signature\":\"a:b:c\",\"automation_status\":\"active\"}",
                          KIND_REVIEW, &record));
    assert_int_equal(record.kind, KIND_REVIEW);
    assert_false(decode_as("{}", KIND_WORKFLOW, &record));
    assert_string_equal(error.s, "workflow_id: is missing");
    assert_false(decode_as("{\"workflow_id\":\"a\"}", KIND_REVIEW, &record));
    assert_string_equal(error.s, "pattern_signature: is missing");
}

static void kinds_have_names(void **state) {
    static const char *const names[] = {"workflow", "request", "feedback", "cache", "review"};
    enum record_kind kind;
    (void)state;
    assert_null(record_kind_name(KIND_BY_SHAPE));
    for (int i = 0; i < 5; i++) {
        assert_true(record_kind_named(span_of(names[i]), &kind));
        assert_int_equal(kind, KIND_WORKFLOW + i);
        assert_string_equal(record_kind_name(kind), names[i]);
    }
    assert_false(record_kind_named(span_of(""), &kind));
    assert_false(record_kind_named(span_of("work"), &kind));
    assert_false(record_kind_named(span_of("workflows"), &kind));
}

/* -- reviews ------------------------------------------------------------------------------------------------------- */

static void a_whole_review(void **state) {
    static const char *const names[] = {"detected", "candidate", "approved", "implemented", "active", "deprecated"};
    (void)state;
    struct record record =
        review_of("\"reviewed_by\":\"ann\",\"review_notes\":\"worth it\",\"event_id\":12,\"timestamp\":1772366400");
    span_says(record.review.pattern_signature, "a:b:c");
    assert_int_equal(record.review.automation_status, AUTOMATION_APPROVED);
    span_says(record.review.reviewed_by, "ann");
    span_says(record.review.review_notes, "worth it");
    span_says(record.review.event_id, "12");
    assert_int_equal(record.review.timestamp, NOON);
    record = review_of("");
    assert_null(record.review.reviewed_by.s);
    assert_null(record.review.review_notes.s);
    assert_null(record.review.event_id.s);
    assert_int_equal(record.review.timestamp, NO_TIME);
    for (int i = 0; i < 6; i++) {
        char members[60];
        snprintf(members, sizeof members, "\"automation_status\":\"%s\"", names[i]);
        assert_int_equal(review_of(members).review.automation_status, i);
        assert_string_equal(automation_status_name((enum automation_status)i), names[i]);
    }
}

static void reviews_that_are_refused(void **state) {
    static const char head[] = "{\"kind\":\"review\",\"pattern_signature\":\"a:b:c\",\"automation_status\":\"active\",";
    static const char *const examples[][2] = {
        {"\"reviewed_by\":1}", "reviewed_by: is a number, not a string"},
        {"\"review_notes\":[]}", "review_notes: is an array, not a string"},
        {"\"event_id\":\"\"}", "event_id: is empty"},
        {"\"event_id\":1.5}", "event_id: is not a whole number"},
        {"\"timestamp\":\"x\"}", "timestamp: is not a time"},
        {"\"created_at\":\"x\"}", "created_at: is not a time"},
        {"\"pattern_signature\":\"\"}", "pattern_signature: is empty"},
        {"\"pattern_signature\":null}", "pattern_signature: is missing"},
        {"\"automation_status\":null}", "automation_status: is missing"},
        {"\"automation_status\":\"yes\"}",
         "automation_status: is none of detected, candidate, approved, implemented, active or deprecated"},
        {"\"automation_status\":4}",
         "automation_status: is none of detected, candidate, approved, implemented, active or deprecated"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct text text = {0};
        text_format(&text, "%s%s", head, examples[i][0]);
        refused(text.s, examples[i][1]);
        text_free(&text);
    }
}

/* -- names of members ---------------------------------------------------------------------------------------------- */

static void every_member_has_its_number(void **state) {
    static const char *const fields[] = {"kind",
                                         "workflow_id",
                                         "nl_input",
                                         "workflow_template",
                                         "status",
                                         "model",
                                         "model_used",
                                         "error_message",
                                         "error_count",
                                         "retry_count",
                                         "duration_seconds",
                                         "input_tokens",
                                         "output_tokens",
                                         "cache_read_tokens",
                                         "cache_write_tokens",
                                         "total_tokens",
                                         "actual_cost_total",
                                         "cost",
                                         "session_id",
                                         "account",
                                         "created_at",
                                         "timestamp",
                                         "updated_at",
                                         "pattern_signature",
                                         "automation_status",
                                         "reviewed_by",
                                         "review_notes",
                                         "event_id",
                                         "signature",
                                         "event",
                                         "request_id",
                                         "prompt",
                                         "messages",
                                         "input",
                                         "prompt_hash",
                                         "pattern",
                                         "pattern_detected",
                                         "prompt_pattern",
                                         "complexity",
                                         "complexity_score",
                                         "provider",
                                         "selected_provider",
                                         "selected_model",
                                         "cache_write_1h_tokens",
                                         "thinking_budget",
                                         "thinking_tokens",
                                         "latency_ms",
                                         "success",
                                         "quality_score",
                                         "is_correct",
                                         "is_helpful",
                                         "comment",
                                         "user_id",
                                         "feedback_id"};
    size_t count = sizeof fields / sizeof *fields;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        char other[40];
        assert_int_not_equal(record_names(span_of(fields[i])), JSON_UNWANTED);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(record_names(span_of(fields[i])), record_names(span_of(fields[k])));
        snprintf(other, sizeof other, "%sx", fields[i]);
        assert_int_equal(record_names(span_of(other)), JSON_UNWANTED);
        snprintf(other, sizeof other, "%s", fields[i]);
        other[strlen(other) - 1] = '?';
        assert_int_equal(record_names(span_of(other)), JSON_UNWANTED);
        other[0] = (char)(fields[i][0] - 32);
        assert_int_equal(record_names(span_of(other)), JSON_UNWANTED);
    }
    char any[64] = {0};
    for (size_t size = 0; size < sizeof any; size++)
        assert_int_equal(record_names((struct span){any, size}), JSON_UNWANTED);
}

/* -- property: records that were changed at random ----------------------------------------------------------------- */

static void random_record(struct text *text) {
    static const char *const keys[] = {"kind",
                                       "workflow_id",
                                       "workflow_id",
                                       "workflow_id",
                                       "nl_input",
                                       "workflow_template",
                                       "status",
                                       "model",
                                       "model_used",
                                       "error_message",
                                       "error_count",
                                       "retry_count",
                                       "duration_seconds",
                                       "input_tokens",
                                       "output_tokens",
                                       "cache_read_tokens",
                                       "cache_write_tokens",
                                       "total_tokens",
                                       "actual_cost_total",
                                       "cost",
                                       "session_id",
                                       "account",
                                       "created_at",
                                       "timestamp",
                                       "updated_at",
                                       "pattern_signature",
                                       "automation_status",
                                       "reviewed_by",
                                       "review_notes",
                                       "event_id",
                                       "request_id",
                                       "request_id",
                                       "prompt",
                                       "messages",
                                       "input",
                                       "prompt_hash",
                                       "pattern",
                                       "complexity",
                                       "complexity_score",
                                       "provider",
                                       "cache_write_1h_tokens",
                                       "thinking_budget",
                                       "thinking_tokens",
                                       "latency_ms",
                                       "success",
                                       "quality_score",
                                       "quality_score",
                                       "is_correct",
                                       "comment",
                                       "feedback_id",
                                       "x"};
    static const char *const values[] = {"null",
                                         "true",
                                         "0",
                                         "-0",
                                         "1",
                                         "7",
                                         "1.5",
                                         "-1",
                                         "1e400",
                                         "1e-5",
                                         "9007199254740993",
                                         "1772366400",
                                         "1e12",
                                         "1e15",
                                         "\"\"",
                                         "\"a\"",
                                         "\"a:b:c\"",
                                         "\"completed\"",
                                         "\"running\"",
                                         "\"active\"",
                                         "\"workflow\"",
                                         "\"review\"",
                                         "\"request\"",
                                         "\"feedback\"",
                                         "\"deep\"",
                                         "\"0123456789abcdef\"",
                                         "[{\"role\":\"user\",\"content\":\"x\"}]",
                                         "5",
                                         "\"2026-03-01T12:00:00Z\"",
                                         "\"\\u0000\"",
                                         "\"\\ud800\"",
                                         "[]",
                                         "{\"a\":[1]}",
                                         "\"größe\"",
                                         "18446744073709551615.5",
                                         "253402300799999.9",
                                         "0.1"};
    static const char *const heads[] = {"\"workflow_id\":\"a\"", "\"request_id\":\"a\"",
                                        "\"request_id\":\"a\",\"quality_score\":5",
                                        "\"pattern_signature\":\"a:b:c\",\"automation_status\":\"active\""};
    text_clear(text);
    text_string(text, "{\"x\":0");
    if (random_next() % 2 == 0)
        text_format(text, ",%s", heads[random_next() % (sizeof heads / sizeof *heads)]);
    for (uint64_t n = random_next() % 7, i = 0; i < n; i++) {
        const char *key = keys[random_next() % (sizeof keys / sizeof *keys)];
        text_format(text, ",\"%s\":%s", key, values[random_next() % (sizeof values / sizeof *values)]);
    }
    text_string(text, "}");
    if (random_next() % 4 == 0)
        text->s[random_next() % text->n] = (char)(random_next() % 256);
}

static bool in_bounds(int64_t value, int64_t most) {
    return value == UNKNOWN || (value >= 0 && value <= most);
}

static bool printable(int64_t us) {
    char out[TIME_TEXT];
    int64_t again;
    if (us == NO_TIME)
        return true;
    time_format(us, out);
    return time_parse(span_of(out), &again) && again <= us && us - again < SECOND_US;
}

static bool sound_request(const struct request_record *r) {
    return (r->request_id.s == NULL || (r->request_id.n > 0 && r->request_id.n <= NAME_BYTES_MAX)) &&
           (r->pattern.s == NULL || r->pattern.n > 0) && (r->prompt.s == NULL || r->hashed) &&
           (r->hashed || r->prompt_hash == 0) && in_bounds(r->complexity, 3) && in_bounds(r->complexity_score, 1000) &&
           in_bounds(r->tokens.input, TOKENS_MAX) && in_bounds(r->tokens.cache_write, TOKENS_MAX) &&
           r->tokens.cache_write_1h <= r->tokens.cache_write && in_bounds(r->cost, COST_MAX) &&
           in_bounds(r->thinking_budget, TOKENS_MAX) && in_bounds(r->thinking_tokens, TOKENS_MAX) &&
           in_bounds(r->latency, LATENCY_MAX) && in_bounds(r->success, 1) && in_bounds(r->quality, QUALITY_MAX) &&
           printable(r->timestamp) && printable(r->updated_at);
}

static bool sound_feedback(const struct feedback_record *f) {
    return f->request_id.n > 0 && f->quality_score >= RATING_LEAST && f->quality_score <= RATING_MOST &&
           in_bounds(f->is_correct, 1) && in_bounds(f->is_helpful, 1) && in_bounds(f->complexity_score, 1000) &&
           printable(f->timestamp);
}

static bool sound(const struct record *record) {
    const struct workflow_record *w = &record->workflow;
    if (record->kind == KIND_REVIEW)
        return record->review.pattern_signature.n > 0 && printable(record->review.timestamp);
    if (record->kind == KIND_REQUEST)
        return sound_request(&record->request);
    if (record->kind == KIND_FEEDBACK)
        return sound_feedback(&record->feedback);
    return record->kind == KIND_WORKFLOW && w->workflow_id.n > 0 && w->workflow_id.n <= NAME_BYTES_MAX &&
           printable(w->created_at) && printable(w->updated_at) && in_bounds(w->cost, COST_MAX) &&
           in_bounds(w->duration_ms, DURATION_MAX) && in_bounds(w->error_count, COUNT_MAX) &&
           in_bounds(w->retry_count, COUNT_MAX) && in_bounds(w->total_tokens, TOKENS_MAX) &&
           in_bounds(w->input_tokens, TOKENS_MAX) && in_bounds(w->output_tokens, TOKENS_MAX);
}

/* What is taken is sound, and says the same whenever it is read; what is refused is refused with a reason. */
static void random_records(void **state) {
    const char *rounds = getenv("PL_TEST_ROUNDS"), *seed = getenv("PL_TEST_SEED");
    struct text text = {0};
    static const enum record_kind kinds[] = {KIND_BY_SHAPE, KIND_BY_SHAPE, KIND_BY_SHAPE, KIND_WORKFLOW,
                                             KIND_REQUEST,  KIND_FEEDBACK, KIND_REVIEW,   KIND_CACHE};
    int taken[KIND_REVIEW + 1] = {0};
    (void)state;
    random_state ^= seed != NULL ? strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15U : 0;
    for (int i = 0; i < (rounds != NULL ? atoi(rounds) : 40000); i++) {
        struct record record, again;
        enum record_kind kind = kinds[random_next() % (sizeof kinds / sizeof *kinds)];
        random_record(&text);
        if (!json_parse(json, text_span(&text)))
            continue;
        arena_reset(&arena);
        text_clear(&error);
        if (!record_decode(json, kind, &arena, &record, &error)) {
            assert_true(error.n > 0);
            continue;
        }
        taken[record.kind]++;
        if (!sound(&record))
            fail_msg("%s: taken", text.s);
        assert_true(record_decode(json, kind, &arena, &again, &error));
        assert_memory_equal(record.content.bytes, again.content.bytes, sizeof again.content.bytes);
    }
    for (enum record_kind kind = KIND_WORKFLOW; kind <= KIND_REVIEW; kind++)
        assert_true(taken[kind] > 100 || kind == KIND_CACHE);
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_workflow),
        cmocka_unit_test(absent_and_null_are_unknown),
        cmocka_unit_test(empty_texts_and_zeros_are_known),
        cmocka_unit_test(statuses),
        cmocka_unit_test(ids),
        cmocka_unit_test(ids_that_are_none),
        cmocka_unit_test(texts_of_the_wrong_type),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(prose),
        cmocka_unit_test(amounts_of_any_field),
        cmocka_unit_test(counts_are_whole),
        cmocka_unit_test(durations),
        cmocka_unit_test(costs),
        cmocka_unit_test(total_tokens),
        cmocka_unit_test(tokens_written_for_an_hour),
        cmocka_unit_test(aliases),
        cmocka_unit_test(of_two_equal_keys_the_last),
        cmocka_unit_test(times),
        cmocka_unit_test(versions),
        cmocka_unit_test(content_is_what_is_said),
        cmocka_unit_test(any_other_word_is_other_content),
        cmocka_unit_test(kinds_by_name),
        cmocka_unit_test(kinds_by_shape),
        cmocka_unit_test(what_was_asked_makes_a_request),
        cmocka_unit_test(no_records),
        cmocka_unit_test(a_kind_that_is_given_overrides),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(a_whole_review),
        cmocka_unit_test(reviews_that_are_refused),
        cmocka_unit_test(every_member_has_its_number),
        cmocka_unit_test(random_records),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
