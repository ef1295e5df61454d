/* A JSON object to a record: what is taken is within the bounds that the header states, and is the same every time. */
#include "base/clock.h"
#include "fuzz.h"
#include "input/record.h"
#include "rules/figures.h"
#include "rules/prompts.h"

static void amount(int64_t value, int64_t most) {
    must(value == UNKNOWN || (value >= 0 && value <= most), "an amount is unknown or within its bounds");
}

static void moment(int64_t us) {
    char written[TIME_TEXT];
    if (us == NO_TIME)
        return;
    time_format(us, written);
    must(*written != '\0', "a time is of the years 1 to 9999");
}

static void name(struct span text) {
    must(text.s == NULL || text.n <= NAME_BYTES_MAX, "a name is no longer than its bound");
    must(text.s == NULL || memchr(text.s, '\0', text.n) == NULL, "a name has no NUL");
}

static void id(struct span text) {
    name(text);
    must(text.s == NULL || text.n > 0, "an id is not empty");
}

static void workflow(const struct workflow_record *w) {
    id(w->workflow_id);
    must(w->workflow_id.s != NULL, "a workflow has an id");
    must(w->status <= WORKFLOW_FAILED, "a status is one of those");
    amount(w->error_count, COUNT_MAX);
    amount(w->retry_count, COUNT_MAX);
    amount(w->duration_ms, DURATION_MAX);
    amount(w->input_tokens, TOKENS_MAX);
    amount(w->output_tokens, TOKENS_MAX);
    amount(w->cache_read_tokens, TOKENS_MAX);
    amount(w->cache_write_tokens, TOKENS_MAX);
    amount(w->cache_write_1h_tokens, TOKENS_MAX);
    amount(w->total_tokens, 5 * TOKENS_MAX);
    amount(w->cost, COST_MAX);
    moment(w->created_at);
    moment(w->updated_at);
    name(w->model);
    name(w->session_id);
    name(w->account);
}

static void request(const struct request_record *r) {
    id(r->request_id);
    id(r->event_id);
    id(r->workflow_id);
    name(r->model);
    name(r->provider);
    amount(r->complexity, PROMPT_DEEP);
    amount(r->complexity_score, SCORE_ONE);
    amount(r->tokens.input, TOKENS_MAX);
    amount(r->tokens.output, TOKENS_MAX);
    amount(r->tokens.cache_read, TOKENS_MAX);
    amount(r->tokens.cache_write, TOKENS_MAX);
    amount(r->tokens.cache_write_1h, TOKENS_MAX);
    amount(r->thinking_budget, TOKENS_MAX);
    amount(r->thinking_tokens, TOKENS_MAX);
    amount(r->cost, COST_MAX);
    amount(r->latency, LATENCY_MAX);
    amount(r->success, 1);
    amount(r->quality, QUALITY_MAX);
    moment(r->timestamp);
    moment(r->updated_at);
    must(r->prompt.s == NULL || r->hashed, "a prompt has a hash");
}

static void feedback(const struct feedback_record *f) {
    id(f->request_id);
    must(f->request_id.s != NULL, "feedback is about a request");
    must(f->quality_score >= RATING_LEAST && f->quality_score <= RATING_MOST, "a rating is from 1 to 5");
    amount(f->is_correct, 1);
    amount(f->is_helpful, 1);
    amount(f->complexity_score, SCORE_ONE);
    moment(f->timestamp);
    must(f->comment.s == NULL || f->comment.n <= 4 * COMMENT_CHARACTERS, "a comment is not longer than its bound");
}

static void cache(const struct cache_record *c) {
    id(c->event_id);
    must(c->event <= CACHE_WRITE, "an event is one of those");
    amount(c->duration, LATENCY_MAX);
    amount(c->cost_saved, CACHED_SAVED_MAX);
    amount(c->size, CACHED_SIZE_MAX);
    moment(c->timestamp);
}

static void review(const struct review_record *r) {
    id(r->event_id);
    must(r->automation_status <= AUTOMATION_DEPRECATED, "a status is one of those");
    moment(r->timestamp);
}

static void step(const struct step_record *s) {
    id(s->event_id);
    must(s->step <= STEP_STOP, "a step is one of those");
    amount(s->success, 1);
    moment(s->timestamp);
}

static void within_bounds(const struct record *record) {
    switch (record->kind) {
    case KIND_WORKFLOW: workflow(&record->workflow); break;
    case KIND_REQUEST: request(&record->request); break;
    case KIND_FEEDBACK: feedback(&record->feedback); break;
    case KIND_CACHE: cache(&record->cache); break;
    case KIND_REVIEW: review(&record->review); break;
    case KIND_STEP: step(&record->step); break;
    default: must(false, "a record is of a kind");
    }
    must(record_kind_name(record->kind) != NULL, "a kind has a name");
    moment(record_time(record));
    id(record_own_id(record));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size);
    enum record_kind kind = (enum record_kind)(take_byte(&input) % (KIND_LAST + 1));
    struct json *json = json_new(record_names);
    struct arena arena = {0};
    struct record record, again;
    struct request_record question;
    struct text error = {0};
    if (json_parse(json, input)) {
        record_kind_said(json);
        bool good = record_decode(json, kind, &arena, &record, &error);
        must(good == (error.n == 0), "what is refused has a reason, and nothing else");
        if (good) {
            within_bounds(&record);
            must(kind == KIND_BY_SHAPE || record.kind == kind, "a kind that is asked for is what comes");
            must(json_parse(json, input) && record_decode(json, kind, &arena, &again, &error), "it is taken again");
            must(memcmp(&record.content, &again.content, sizeof record.content) == 0, "its content is the same");
        }
        text_clear(&error);
        if (json_parse(json, input) && record_asks(json) && record_decode_question(json, &arena, &question, &error)) {
            id(question.request_id);
            amount(question.complexity, PROMPT_DEEP);
        }
    }
    text_free(&error);
    arena_free(&arena);
    json_free(json);
    return 0;
}
