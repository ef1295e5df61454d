/* Requests and ratings from JSON: every field, every alias, what is refused, and what makes two of them one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "records.h"

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* A request that says MEMBERS besides its id. */
static struct record request_of(const char *members) {
    struct text text = {0};
    text_format(&text, "{\"kind\":\"request\",\"request_id\":\"r\"%s%s}", *members != '\0' ? "," : "", members);
    struct record record = record_of(text.s);
    assert_int_equal(record.kind, KIND_REQUEST);
    text_free(&text);
    return record;
}

static void request_refused(const char *members, const char *reason) {
    struct text text = {0};
    text_format(&text, "{\"kind\":\"request\",\"request_id\":\"r\",%s}", members);
    refused(text.s, reason);
    text_free(&text);
}

static void a_whole_request(void **state) {
    (void)state;
    struct record record = record_of(
        "{\"kind\":\"request\",\"request_id\":\"r-1\",\"event_id\":\"e\",\"workflow_id\":\"w\","
        "\"prompt\":\"x\",\"pattern\":\"code\",\"complexity\":\"deep\",\"complexity_score\":0.9,"
        "\"provider\":\"acme\",\"model\":\"m\",\"input_tokens\":1,\"output_tokens\":2,"
        "\"cache_read_tokens\":3,\"cache_write_tokens\":5,\"cache_write_1h_tokens\":4,"
        "\"thinking_budget\":6,\"thinking_tokens\":7,\"cost\":0.8,\"latency_ms\":9.5,\"success\":true,"
        "\"quality_score\":0.25,\"account\":\"a\",\"user_id\":\"u\",\"session_id\":\"s\","
        "\"timestamp\":\"2026-03-01T12:00:00Z\",\"updated_at\":\"2026-03-01T13:00:00Z\",\"more\":{}}");
    const struct request_record *r = &record.request;
    assert_int_equal(record.kind, KIND_REQUEST);
    span_says(r->request_id, "r-1");
    span_says(r->event_id, "e");
    span_says(r->workflow_id, "w");
    span_says(r->prompt, "x");
    assert_true(r->hashed);
    assert_int_equal(r->prompt_hash, 0x2d711642b726b044); /* of SHA-256("x") */
    span_says(r->pattern, "code");
    assert_int_equal(r->complexity, 3);
    assert_int_equal(r->complexity_score, 900);
    span_says(r->provider, "acme");
    span_says(r->model, "m");
    assert_int_equal(r->tokens.input, 1);
    assert_int_equal(r->tokens.output, 2);
    assert_int_equal(r->tokens.cache_read, 3);
    assert_int_equal(r->tokens.cache_write, 5);
    assert_int_equal(r->tokens.cache_write_1h, 4);
    assert_int_equal(r->thinking_budget, 6);
    assert_int_equal(r->thinking_tokens, 7);
    assert_int_equal(r->cost, 800000000);
    assert_int_equal(r->latency, 9500000);
    assert_int_equal(r->success, 1);
    assert_int_equal(r->quality, 250000000);
    span_says(r->account, "a");
    span_says(r->user_id, "u");
    span_says(r->session_id, "s");
    assert_int_equal(r->timestamp, NOON);
    assert_int_equal(r->updated_at, NOON + 3600 * SECOND_US);
}

static void nothing_known_of(const struct request_record *r) {
    const struct span texts[] = {r->event_id, r->workflow_id, r->prompt,  r->pattern,   r->provider,
                                 r->model,    r->account,     r->user_id, r->session_id};
    const int64_t amounts[] = {r->complexity,
                               r->complexity_score,
                               r->tokens.input,
                               r->tokens.output,
                               r->tokens.cache_read,
                               r->tokens.cache_write,
                               r->tokens.cache_write_1h,
                               r->thinking_budget,
                               r->thinking_tokens,
                               r->cost,
                               r->latency,
                               r->success,
                               r->quality};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_null(texts[i].s);
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        assert_int_equal(amounts[i], UNKNOWN);
    assert_false(r->hashed);
    assert_int_equal(r->timestamp, NO_TIME);
    assert_int_equal(r->updated_at, NO_TIME);
}

static void of_a_request_absent_and_null_are_unknown(void **state) {
    (void)state;
    struct record absent = request_of("");
    nothing_known_of(&absent.request);
    struct record null = request_of(
        "\"event_id\":null,\"workflow_id\":null,\"prompt\":null,\"messages\":null,\"input\":null,\"prompt_hash\":null,"
        "\"pattern\":null,\"pattern_detected\":null,\"complexity\":null,\"complexity_score\":null,\"provider\":null,"
        "\"selected_provider\":null,\"model\":null,\"selected_model\":null,\"input_tokens\":null,"
        "\"output_tokens\":null,\"cache_read_tokens\":null,\"cache_write_tokens\":null,\"cache_write_1h_tokens\":null,"
        "\"thinking_budget\":null,\"thinking_tokens\":null,\"cost\":null,\"latency_ms\":null,\"success\":null,"
        "\"quality_score\":null,\"account\":null,\"user_id\":null,\"session_id\":null,\"timestamp\":null,"
        "\"created_at\":null,\"updated_at\":null");
    nothing_known_of(&null.request);
    assert_memory_equal(absent.content.bytes, null.content.bytes, sizeof null.content.bytes);
}

/* What is stored must not depend on what was there before in memory. */
static void a_request_without_a_prompt_has_one_content(void **state) {
    static const char bare[] = "{\"kind\":\"request\",\"model\":\"m\",\"timestamp\":5}";
    struct record clean, dirty;
    (void)state;
    memset(&clean, 0, sizeof clean);
    memset(&dirty, 0xa5, sizeof dirty);
    assert_true(decode_as(bare, KIND_BY_SHAPE, &clean));
    assert_true(decode_as(bare, KIND_BY_SHAPE, &dirty));
    assert_memory_equal(clean.content.bytes, dirty.content.bytes, sizeof clean.content.bytes);
    assert_int_equal(clean.request.version.content, dirty.request.version.content);
}

static void of_a_request_zeros_and_false_are_known(void **state) {
    (void)state;
    struct record record = request_of(
        "\"prompt\":\"\",\"input_tokens\":0,\"thinking_tokens\":0,\"thinking_budget\":0,\"cost\":0,\"latency_ms\":0,"
        "\"success\":false,\"quality_score\":0,\"complexity_score\":0,\"complexity\":\"simple\",\"account\":\"\"");
    const struct request_record *r = &record.request;
    span_says(r->prompt, "");
    assert_true(r->hashed);
    assert_int_equal(r->prompt_hash, (int64_t)0xe3b0c44298fc1c14); /* of SHA-256("") */
    const int64_t zeros[] = {r->tokens.input, r->thinking_tokens, r->thinking_budget,  r->cost,      r->latency,
                             r->success,      r->quality,         r->complexity_score, r->complexity};
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
        assert_int_equal(zeros[i], 0);
    span_says(r->account, "");
}

static void what_is_no_request(void **state) {
    static const char none[] =
        "is no request: it has neither request_id, prompt, messages, input, prompt_hash nor model";
    static const char *const enough[] = {"\"request_id\":1",
                                         "\"prompt\":\"\"",
                                         "\"messages\":[]",
                                         "\"input\":\"x\"",
                                         "\"prompt_hash\":\"0123456789abcdef\"",
                                         "\"model\":\"m\"",
                                         "\"selected_model\":\"m\""};
    (void)state;
    refused("{\"kind\":\"request\"}", none);
    refused("{\"kind\":\"request\",\"workflow_id\":\"w\",\"event_id\":\"e\",\"cost\":1,\"provider\":\"p\"}", none);
    refused("{\"kind\":\"request\",\"request_id\":null,\"model\":null}", none);
    for (size_t i = 0; i < sizeof enough / sizeof *enough; i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"kind\":\"request\",%s}", enough[i]);
        assert_int_equal(record_of(text).kind, KIND_REQUEST);
    }
}

/* The integer that FIELD is kept as, where the request says VALUE. */
static int64_t request_amount(const char *field, const char *value) {
    char members[200];
    snprintf(members, sizeof members, "\"%s\":%s", field, value);
    struct record record = request_of(members);
    const struct request_record *r = &record.request;
    const struct {
        const char *field;
        int64_t value;
    } amounts[] = {
        {"input_tokens", r->tokens.input},
        {"output_tokens", r->tokens.output},
        {"cache_read_tokens", r->tokens.cache_read},
        {"cache_write_tokens", r->tokens.cache_write},
        {"cache_write_1h_tokens", r->tokens.cache_write_1h},
        {"thinking_budget", r->thinking_budget},
        {"thinking_tokens", r->thinking_tokens},
        {"cost", r->cost},
        {"latency_ms", r->latency},
        {"quality_score", r->quality},
        {"complexity_score", r->complexity_score},
    };
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        if (strcmp(amounts[i].field, field) == 0)
            return amounts[i].value;
    fail_msg("no field %s", field);
    return 0;
}

static void request_amount_refused(const char *field, const char *value, const char *why) {
    char members[200], reason[200];
    snprintf(members, sizeof members, "\"%s\":%s", field, value);
    snprintf(reason, sizeof reason, "%s: %s", field, why);
    request_refused(members, reason);
}

static void amounts_of_a_request(void **state) {
    static const struct {
        const char *field, *most, *over;
        int64_t unit, limit;
        bool whole;
    } fields[] = {
        {"input_tokens", "1000000000000", "1000000000001", 1, TOKENS_MAX, true},
        {"output_tokens", "1e12", "1000000000001", 1, TOKENS_MAX, true},
        {"cache_read_tokens", "1e12", "1000000000001", 1, TOKENS_MAX, true},
        {"cache_write_tokens", "1e12", "1000000000001", 1, TOKENS_MAX, true},
        {"cache_write_1h_tokens", "1e12", "1000000000001", 1, TOKENS_MAX, true},
        {"thinking_budget", "1e12", "1000000000001", 1, TOKENS_MAX, true},
        {"thinking_tokens", "1e12", "1000000000001", 1, TOKENS_MAX, true},
        {"cost", "1000000", "1000000.000000001", 1000000000, COST_MAX, false},
        {"latency_ms", "100000000", "100000000.000001", 1000000, LATENCY_MAX, false},
        {"quality_score", "1", "1.000000001", 1000000000, QUALITY_MAX, false},
        {"complexity_score", "1", "1.001", 1000, SCORE_ONE, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *field = fields[i].field;
        assert_int_equal(request_amount(field, "0"), 0);
        assert_int_equal(request_amount(field, "-0.0"), 0);
        assert_int_equal(request_amount(field, "1"), fields[i].unit);
        assert_int_equal(request_amount(field, "10e-1"), fields[i].unit);
        assert_int_equal(request_amount(field, fields[i].most), fields[i].limit);
        request_amount_refused(field, fields[i].over, "is out of range");
        request_amount_refused(field, "1e400", "is out of range");
        request_amount_refused(field, "18446744073709551617", "is out of range");
        request_amount_refused(field, "-1", "is negative");
        request_amount_refused(field, "-1e-30", "is negative");
        request_amount_refused(field, "\"1\"", "is a string, not a number");
        request_amount_refused(field, "true", "is true, not a number");
        request_amount_refused(field, "[1]", "is an array, not a number");
        request_amount_refused(field, "{}", "is an object, not a number");
        if (fields[i].whole)
            request_amount_refused(field, "0.5", "is not a whole number");
    }
    assert_int_equal(request_amount("latency_ms", "12.3456785"), 12345679);
    assert_int_equal(request_amount("latency_ms", "0.0000004"), 0);
    assert_int_equal(request_amount("quality_score", "0.8"), 800000000);
    assert_int_equal(request_amount("quality_score", "0.0000000005"), 1);
    assert_int_equal(request_amount("complexity_score", "0.1234"), 123);
    assert_int_equal(request_amount("complexity_score", "0.9995"), 1000);
}

static void written_for_an_hour_is_part_of_what_a_request_writes(void **state) {
    (void)state;
    assert_int_equal(request_of("\"cache_write_1h_tokens\":7").request.tokens.cache_write, 7);
    assert_int_equal(request_of("\"cache_write_tokens\":7,\"cache_write_1h_tokens\":0").request.tokens.cache_write, 7);
    request_refused("\"cache_write_tokens\":6,\"cache_write_1h_tokens\":7",
                    "cache_write_1h_tokens: is more than cache_write_tokens, which include it");
}

static void verdicts_and_choices_of_a_request(void **state) {
    static const char *const levels[] = {"simple", "moderate", "complex", "deep"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char members[60];
        snprintf(members, sizeof members, "\"complexity\":\"%s\"", levels[i]);
        assert_int_equal(request_of(members).request.complexity, i);
    }
    request_refused("\"complexity\":\"medium\"", "complexity: is none of simple, moderate, complex or deep");
    request_refused("\"complexity\":\"Deep\"", "complexity: is none of simple, moderate, complex or deep");
    request_refused("\"complexity\":2", "complexity: is none of simple, moderate, complex or deep");
    request_refused("\"success\":1", "success: is a number, not true or false");
    request_refused("\"success\":\"true\"", "success: is a string, not true or false");
    request_refused("\"success\":[]", "success: is an array, not true or false");
}

static void texts_of_a_request(void **state) {
    static const char *const names[] = {"pattern", "pattern_detected", "provider", "selected_provider",
                                        "model",   "selected_model",   "account"};
    static const char *const all_ids[] = {"event_id", "workflow_id", "user_id", "session_id"};
    char members[80], reason[80];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(members, sizeof members, "\"%s\":5", names[i]);
        snprintf(reason, sizeof reason, "%s: is a number, not a string", names[i]);
        request_refused(members, reason);
        snprintf(members, sizeof members, "\"%s\":\"a\\u0000\"", names[i]);
        snprintf(reason, sizeof reason, "%s: contains a NUL character", names[i]);
        request_refused(members, reason);
    }
    for (size_t i = 0; i < sizeof all_ids / sizeof *all_ids; i++) {
        snprintf(members, sizeof members, "\"%s\":\"\"", all_ids[i]);
        snprintf(reason, sizeof reason, "%s: is empty", all_ids[i]);
        request_refused(members, reason);
        snprintf(members, sizeof members, "\"%s\":1.5", all_ids[i]);
        snprintf(reason, sizeof reason, "%s: is not a whole number", all_ids[i]);
        request_refused(members, reason);
        snprintf(members, sizeof members, "\"%s\":false", all_ids[i]);
        snprintf(reason, sizeof reason, "%s: is false, not a string", all_ids[i]);
        request_refused(members, reason);
    }
    span_says(request_of("\"user_id\":12").request.user_id, "12");
    span_says(request_of("\"workflow_id\":7.0").request.workflow_id, "7");
    refused("{\"request_id\":\"\"}", "request_id: is empty");
    refused("{\"request_id\":9007199254740992}",
            "request_id: is a number too large to be kept exactly: write it as a string");
    refused("{\"request_id\":\"a\\u0000b\"}", "request_id: contains a NUL character");
    assert_null(request_of("\"pattern\":\"\"").request.pattern.s); /* an empty one says nothing */
}

static void other_names_in_a_request(void **state) {
    (void)state;
    struct record record = request_of("\"pattern_detected\":\"p\",\"selected_provider\":\"o\",\"selected_model\":\"m\","
                                      "\"created_at\":3");
    span_says(record.request.pattern, "p");
    span_says(record.request.provider, "o");
    span_says(record.request.model, "m");
    assert_int_equal(record.request.timestamp, 3 * SECOND_US);
    record = request_of("\"pattern\":\"P\",\"pattern_detected\":\"p\",\"selected_provider\":\"o\",\"provider\":\"O\","
                        "\"model\":\"M\",\"selected_model\":\"m\",\"created_at\":3,\"timestamp\":4");
    span_says(record.request.pattern, "P");
    span_says(record.request.provider, "O");
    span_says(record.request.model, "M");
    assert_int_equal(record.request.timestamp, 4 * SECOND_US);
    span_says(request_of("\"model\":null,\"selected_model\":\"m\"").request.model, "m");
    request_refused("\"timestamp\":\"x\"", "timestamp: is not a time");
    request_refused("\"created_at\":[]", "created_at: is not a time");
    request_refused("\"updated_at\":\"yesterday\"", "updated_at: is not a time");
}

/* -- prompts -- */

/* The prompt in MEMBERS is PROMPT; NULL: none. */
static void asks(const char *members, const char *prompt) {
    struct record record = request_of(members);
    span_says(record.request.prompt, prompt);
    assert_int_equal(record.request.hashed, prompt != NULL);
    if (prompt != NULL)
        assert_int_equal(record.request.prompt_hash, (int64_t)hash_prompt(span_of(prompt)));
}

static void prompts_of_requests(void **state) {
    (void)state;
    asks("\"prompt\":\"gr\\u00f6\\u00dfe\\n\"", "größe\n");
    asks("\"prompt\":\"p\",\"messages\":[{\"role\":\"user\",\"content\":\"m\"}],\"input\":\"i\"", "p");
    asks("\"messages\":[{\"role\":\"user\",\"content\":\"m\"}],\"input\":\"i\"", "m");
    asks("\"input\":\"i\"", "i");
    asks("\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"i\"}]}]", "i");
    struct record record = request_of("\"prompt\":\"a\\u0000b\"");
    assert_int_equal(record.request.prompt.n, 3); /* as it is: nothing of it is stored */
    assert_int_equal(record.request.prompt_hash, (int64_t)hash_prompt((struct span){"a\0b", 3}));
    request_refused("\"prompt\":7", "prompt: is a number, not a string");
    request_refused("\"prompt\":[\"x\"]", "prompt: is an array, not a string");
    request_refused("\"messages\":\"x\"", "messages: is a string, not an array");
    request_refused("\"messages\":{}", "messages: is an object, not an array");
}

static void the_last_text_of_a_user(void **state) {
    (void)state;
    asks("\"messages\":[]", NULL);
    asks("\"messages\":[{\"role\":\"system\",\"content\":\"s\"}]", NULL);
    asks("\"messages\":[{\"role\":\"user\",\"content\":\"one\"},{\"role\":\"assistant\",\"content\":\"a\"},"
         "{\"role\":\"user\",\"content\":\"two\"},{\"role\":\"assistant\",\"content\":\"b\"}]",
         "two");
    asks("\"messages\":[{\"content\":\"c\",\"role\":\"user\"}]", "c");
    asks("\"messages\":[{\"role\":\"user\",\"content\":\"\"}]", "");
    asks("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image\"},"
         "{\"type\":\"text\",\"text\":\"b\"}]}]",
         "a\nb");
    asks("\"messages\":[{\"role\":\"user\",\"content\":[\"a\",\"b\",5]}]", "a\nb");
    /* a message without any text is not the last text */
    asks("\"messages\":[{\"role\":\"user\",\"content\":\"t\"},{\"role\":\"user\",\"content\":"
         "[{\"type\":\"tool_result\",\"content\":\"r\"}]}]",
         "t");
    asks("\"messages\":[{\"role\":\"user\",\"content\":\"t\"},{\"role\":\"user\",\"content\":5},{\"role\":\"user\"},"
         "\"user\",7,null,[{\"role\":\"user\",\"content\":\"deeper\"}],{\"role\":[\"user\"],\"content\":\"no\"}]",
         "t");
}

static void hashes_of_prompts(void **state) {
    (void)state;
    struct record record = request_of("\"prompt_hash\":\"0123456789abcDEF\"");
    assert_null(record.request.prompt.s);
    assert_true(record.request.hashed);
    assert_int_equal(record.request.prompt_hash, 0x0123456789abcdef);
    assert_int_equal(request_of("\"prompt_hash\":\"ffffffffffffffff\"").request.prompt_hash, -1);
    assert_true(request_of("\"prompt_hash\":\"0000000000000000\"").request.hashed);
    /* the prompt itself comes first */
    assert_int_equal(request_of("\"prompt\":\"x\",\"prompt_hash\":\"0123456789abcdef\"").request.prompt_hash,
                     0x2d711642b726b044);
    static const char *const none[] = {"\"\"",  "\"0123456789abcde\"",  "\"0123456789abcdef0\"", "\"0123456789abcdeg\"",
                                       "12345", "\"-123456789abcdef\"", "\"0x23456789abcdef\"",  "[]"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char members[80];
        snprintf(members, sizeof members, "\"prompt_hash\":%s", none[i]);
        request_refused(members, "prompt_hash: is not 16 hexadecimal digits");
    }
}

static void versions_of_requests(void **state) {
    (void)state;
    struct version version = request_of("").request.version;
    assert_true(!version.dated && !version.ended && version.tokens == UNKNOWN);
    version = request_of("\"timestamp\":5").request.version;
    assert_true(version.dated && version.at == 5 * SECOND_US && !version.ended);
    version = request_of("\"timestamp\":5,\"updated_at\":3,\"success\":false,\"input_tokens\":1,\"output_tokens\":20,"
                         "\"cache_read_tokens\":300,\"cache_write_tokens\":4000,\"cache_write_1h_tokens\":4000,"
                         "\"thinking_tokens\":7")
                  .request.version;
    assert_true(version.dated && version.at == 3 * SECOND_US && version.ended);
    assert_int_equal(version.tokens,
                     4321); /* what is thought is part of the output, and an hour's of what is written */
}

static void record_ids(void **state) {
    (void)state;
    struct record record = request_of("\"event_id\":\"e\"");
    assert_true(record_named(&record));
    span_says(record_own_id(&record), "e");
    record = record_of("{\"prompt\":\"x\",\"event_id\":5}");
    assert_false(record_named(&record));
    span_says(record_own_id(&record), "5");
    record = record_of("{\"prompt\":\"x\"}");
    assert_null(record_own_id(&record).s);
    record = record_of("{\"workflow_id\":\"w\",\"event_id\":\"e\"}");
    assert_true(record_named(&record));
    record = record_of(
        "{\"kind\":\"review\",\"pattern_signature\":\"a:b:c\",\"automation_status\":\"active\",\"event_id\":\"e\"}");
    assert_false(record_named(&record));
    span_says(record_own_id(&record), "e");
    record = record_of("{\"request_id\":\"r\",\"quality_score\":4,\"feedback_id\":\"f\"}");
    assert_false(record_named(&record));
    span_says(record_own_id(&record), "f");
}

static void record_times(void **state) {
    (void)state;
    struct record record = request_of("");
    assert_int_equal(record_time(&record), NO_TIME);
    record = request_of("\"timestamp\":5,\"updated_at\":6");
    assert_int_equal(record_time(&record), 5 * SECOND_US);
    record = request_of("\"updated_at\":6");
    assert_int_equal(record_time(&record), 6 * SECOND_US);
    record = record_of("{\"request_id\":\"r\",\"quality_score\":4,\"created_at\":7}");
    assert_int_equal(record_time(&record), 7 * SECOND_US);
}

/* -- ratings ------------------------------------------------------------------------------------------------------- */

/* A rating that says MEMBERS besides its request and a score of 4. */
static struct record feedback_of(const char *members) {
    struct text text = {0};
    text_format(&text, "{\"kind\":\"feedback\",\"request_id\":\"r\",\"quality_score\":4%s%s}",
                *members != '\0' ? "," : "", members);
    struct record record = record_of(text.s);
    assert_int_equal(record.kind, KIND_FEEDBACK);
    text_free(&text);
    return record;
}

static void feedback_refused(const char *members, const char *reason) {
    struct text text = {0};
    text_format(&text, "{\"kind\":\"feedback\",%s}", members);
    refused(text.s, reason);
    text_free(&text);
}

static void a_whole_rating(void **state) {
    (void)state;
    struct record record = feedback_of(
        "\"is_correct\":true,\"is_helpful\":false,\"comment\":\"good\",\"user_id\":1,\"session_id\":\"s\","
        "\"timestamp\":1772366400,\"feedback_id\":\"f\",\"prompt_pattern\":\"code\",\"selected_provider\":\"o\","
        "\"selected_model\":\"m\",\"complexity_score\":0.5");
    const struct feedback_record *f = &record.feedback;
    span_says(f->request_id, "r");
    assert_int_equal(f->quality_score, 4);
    assert_int_equal(f->is_correct, 1);
    assert_int_equal(f->is_helpful, 0);
    span_says(f->comment, "good");
    span_says(f->user_id, "1");
    span_says(f->session_id, "s");
    assert_int_equal(f->timestamp, NOON);
    span_says(f->feedback_id, "f");
    span_says(f->pattern, "code");
    span_says(f->provider, "o");
    span_says(f->model, "m");
    assert_int_equal(f->complexity_score, 500);
    record =
        feedback_of("\"is_correct\":null,\"is_helpful\":null,\"comment\":null,\"user_id\":null,\"timestamp\":null");
    const struct span texts[] = {f->comment, f->user_id,  f->session_id, f->feedback_id,
                                 f->pattern, f->provider, f->model};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_null(texts[i].s);
    assert_int_equal(f->is_correct, UNKNOWN);
    assert_int_equal(f->is_helpful, UNKNOWN);
    assert_int_equal(f->complexity_score, UNKNOWN);
    assert_int_equal(f->timestamp, NO_TIME);
    struct record bare = feedback_of("");
    assert_memory_equal(bare.content.bytes, record.content.bytes, sizeof bare.content.bytes);
    span_says(feedback_of("\"event_id\":\"e\"").feedback.feedback_id, "e");
    span_says(feedback_of("\"event_id\":\"e\",\"feedback_id\":\"f\"").feedback.feedback_id, "f");
    assert_int_equal(feedback_of("\"created_at\":2").feedback.timestamp, 2 * SECOND_US);
    assert_int_equal(feedback_of("\"created_at\":2,\"timestamp\":3").feedback.timestamp, 3 * SECOND_US);
}

static void ratings_from_1_to_5(void **state) {
    static const char *const range[] = {"0", "6", "100", "-0", "1000000000"};
    char text[100];
    (void)state;
    for (int i = 1; i <= 5; i++) {
        snprintf(text, sizeof text, "{\"request_id\":\"r\",\"quality_score\":%d.0}", i);
        assert_int_equal(record_of(text).feedback.quality_score, i);
    }
    for (size_t i = 0; i < sizeof range / sizeof *range; i++) {
        snprintf(text, sizeof text, "\"request_id\":\"r\",\"quality_score\":%s", range[i]);
        feedback_refused(text, "quality_score: is out of range: a rating is 1 to 5");
    }
    feedback_refused("\"request_id\":\"r\",\"quality_score\":-1", "quality_score: is negative");
    feedback_refused("\"request_id\":\"r\",\"quality_score\":4.5", "quality_score: is not a whole number");
    feedback_refused("\"request_id\":\"r\",\"quality_score\":0.9", "quality_score: is not a whole number");
    feedback_refused("\"request_id\":\"r\",\"quality_score\":\"4\"", "quality_score: is a string, not a number");
    feedback_refused("\"request_id\":\"r\",\"quality_score\":true", "quality_score: is true, not a number");
    feedback_refused("\"request_id\":\"r\"", "quality_score: is missing");
    feedback_refused("\"request_id\":\"r\",\"quality_score\":null,\"is_correct\":true", "quality_score: is missing");
    feedback_refused("\"quality_score\":4", "request_id: is missing");
    feedback_refused("\"request_id\":\"\",\"quality_score\":4", "request_id: is empty");
    refused("{\"request_id\":\"r\",\"is_correct\":true}", "quality_score: is missing");
}

static void ratings_that_are_refused(void **state) {
    static const char *const examples[][2] = {
        {"\"is_correct\":1", "is_correct: is a number, not true or false"},
        {"\"is_correct\":\"yes\"", "is_correct: is a string, not true or false"},
        {"\"is_helpful\":0", "is_helpful: is a number, not true or false"},
        {"\"is_helpful\":{}", "is_helpful: is an object, not true or false"},
        {"\"comment\":5", "comment: is a number, not a string"},
        {"\"user_id\":\"\"", "user_id: is empty"},
        {"\"session_id\":[]", "session_id: is an array, not a string"},
        {"\"feedback_id\":\"\"", "feedback_id: is empty"},
        {"\"feedback_id\":0.5", "feedback_id: is not a whole number"},
        {"\"event_id\":\"\"", "event_id: is empty"},
        {"\"timestamp\":\"x\"", "timestamp: is not a time"},
        {"\"created_at\":true", "created_at: is not a time"},
        {"\"prompt_pattern\":1", "prompt_pattern: is a number, not a string"},
        {"\"selected_provider\":1", "selected_provider: is a number, not a string"},
        {"\"selected_model\":1", "selected_model: is a number, not a string"},
        {"\"complexity_score\":2", "complexity_score: is out of range"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char members[120];
        snprintf(members, sizeof members, "\"request_id\":\"r\",\"quality_score\":4,%s", examples[i][0]);
        feedback_refused(members, examples[i][1]);
    }
}

/* A comment is counted in characters, however many bytes they take. */
static void comments_are_bounded(void **state) {
    static const char *const letters[] = {"a", "ö", "\xe2\x82\xac", "\xf0\x9f\x99\x82", "\\u0000"};
    (void)state;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        struct text members = {0};
        text_string(&members, "\"request_id\":\"r\",\"quality_score\":4,\"comment\":\"");
        for (int n = 0; n < COMMENT_CHARACTERS; n++)
            text_string(&members, letters[i]);
        struct text text = {0};
        text_format(&text, "{%s\"}", members.s);
        assert_int_equal(record_of(text.s).kind, KIND_FEEDBACK);
        text_string(&members, "b\"");
        feedback_refused(members.s, "comment: is longer than 1000 characters");
        text_free(&text);
        text_free(&members);
    }
    span_says(feedback_of("\"comment\":\"a\\u0000b\"").feedback.comment, "a\xef\xbf\xbd"
                                                                         "b");
    span_says(feedback_of("\"comment\":\"\"").feedback.comment, "");
}

/* -- what makes two of them one -- */

static void content_of_requests_and_ratings(void **state) {
    (void)state;
    assert_true(same_content("{\"request_id\":\"r\",\"model\":\"m\",\"pattern\":\"p\",\"provider\":\"o\"}",
                             "{\"provider\":\"x\",\"selected_provider\":\"o\",\"provider\":null,\"selected_model\":"
                             "\"m\",\"pattern_detected\":\"p\",\"request_id\":\"r\",\"x\":[1]}"));
    assert_true(
        same_content("{\"prompt\":\"x\",\"cost\":0.5,\"latency_ms\":1}",
                     "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"cost\":5e-1,\"latency_ms\":1.0}"));
    assert_true(same_content("{\"request_id\":7,\"timestamp\":0}",
                             "{\"request_id\":\"7\",\"created_at\":\"1970-01-01T00:00:00Z\"}"));
    assert_true(same_content("{\"request_id\":\"r\",\"pattern\":\"\"}", "{\"request_id\":\"r\"}"));
    assert_true(same_content("{\"request_id\":\"r\",\"quality_score\":4}",
                             "{\"quality_score\":4.0,\"request_id\":\"r\",\"is_correct\":null}"));
    assert_true(same_content("{\"request_id\":\"r\",\"quality_score\":4,\"event_id\":\"e\"}",
                             "{\"request_id\":\"r\",\"quality_score\":4,\"feedback_id\":\"e\"}"));
}

static void any_other_word_is_another_request_or_rating(void **state) {
    static const char *const texts[] = {
        "{\"request_id\":\"r\"}",
        "{\"request_id\":\"q\"}",
        "{\"request_id\":\"r\",\"event_id\":\"r\"}",
        "{\"request_id\":\"r\",\"prompt\":\"\"}",
        "{\"request_id\":\"r\",\"prompt\":\"x\"}",
        "{\"request_id\":\"r\",\"prompt\":\"X\"}",
        "{\"request_id\":\"r\",\"prompt_hash\":\"0000000000000000\"}",
        "{\"request_id\":\"r\",\"prompt_hash\":\"2d711642b726b044\"}",
        "{\"request_id\":\"r\",\"pattern\":\"x\"}",
        "{\"request_id\":\"r\",\"complexity\":\"simple\"}",
        "{\"request_id\":\"r\",\"complexity\":\"deep\"}",
        "{\"request_id\":\"r\",\"complexity_score\":0}",
        "{\"request_id\":\"r\",\"complexity_score\":0.1}",
        "{\"request_id\":\"r\",\"provider\":\"x\"}",
        "{\"request_id\":\"r\",\"provider\":\"\"}",
        "{\"request_id\":\"r\",\"model\":\"x\"}",
        "{\"request_id\":\"r\",\"input_tokens\":1}",
        "{\"request_id\":\"r\",\"output_tokens\":1}",
        "{\"request_id\":\"r\",\"cache_read_tokens\":1}",
        "{\"request_id\":\"r\",\"cache_write_tokens\":1}",
        "{\"request_id\":\"r\",\"cache_write_tokens\":1,\"cache_write_1h_tokens\":0}",
        "{\"request_id\":\"r\",\"cache_write_1h_tokens\":1}",
        "{\"request_id\":\"r\",\"thinking_budget\":1}",
        "{\"request_id\":\"r\",\"thinking_tokens\":1}",
        "{\"request_id\":\"r\",\"cost\":0}",
        "{\"request_id\":\"r\",\"cost\":0.000000001}",
        "{\"request_id\":\"r\",\"latency_ms\":1}",
        "{\"request_id\":\"r\",\"success\":true}",
        "{\"request_id\":\"r\",\"success\":false}",
        "{\"request_id\":\"r\",\"model\":\"x\",\"quality_score\":0.5}",
        "{\"request_id\":\"r\",\"account\":\"x\"}",
        "{\"request_id\":\"r\",\"user_id\":\"x\"}",
        "{\"request_id\":\"r\",\"session_id\":\"x\"}",
        "{\"request_id\":\"r\",\"timestamp\":1}",
        "{\"request_id\":\"r\",\"updated_at\":1}",
        "{\"kind\":\"request\",\"request_id\":\"r\",\"workflow_id\":\"x\"}",
        "{\"workflow_id\":\"r\"}",
        "{\"request_id\":\"r\",\"quality_score\":4}",
        "{\"request_id\":\"q\",\"quality_score\":4}",
        "{\"request_id\":\"r\",\"quality_score\":5}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"is_correct\":true}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"is_correct\":false}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"is_helpful\":true}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"comment\":\"\"}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"comment\":\"x\"}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"user_id\":\"x\"}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"session_id\":\"x\"}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"feedback_id\":\"x\"}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"timestamp\":1}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"prompt_pattern\":\"x\"}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"selected_provider\":\"x\"}",
        "{\"kind\":\"feedback\",\"request_id\":\"r\",\"quality_score\":4,\"selected_model\":\"x\"}",
        "{\"request_id\":\"r\",\"quality_score\":4,\"complexity_score\":0.5}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t k = 0; k < i; k++)
            if (same_content(texts[i], texts[k]))
                fail_msg("%s is the same as %s", texts[i], texts[k]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_request),
        cmocka_unit_test(of_a_request_absent_and_null_are_unknown),
        cmocka_unit_test(a_request_without_a_prompt_has_one_content),
        cmocka_unit_test(of_a_request_zeros_and_false_are_known),
        cmocka_unit_test(what_is_no_request),
        cmocka_unit_test(amounts_of_a_request),
        cmocka_unit_test(written_for_an_hour_is_part_of_what_a_request_writes),
        cmocka_unit_test(verdicts_and_choices_of_a_request),
        cmocka_unit_test(texts_of_a_request),
        cmocka_unit_test(other_names_in_a_request),
        cmocka_unit_test(prompts_of_requests),
        cmocka_unit_test(the_last_text_of_a_user),
        cmocka_unit_test(hashes_of_prompts),
        cmocka_unit_test(versions_of_requests),
        cmocka_unit_test(record_ids),
        cmocka_unit_test(record_times),
        cmocka_unit_test(a_whole_rating),
        cmocka_unit_test(ratings_from_1_to_5),
        cmocka_unit_test(ratings_that_are_refused),
        cmocka_unit_test(comments_are_bounded),
        cmocka_unit_test(content_of_requests_and_ratings),
        cmocka_unit_test(any_other_word_is_another_request_or_rating),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
