#include "input/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "input/decoding.h"
#include "rules/characteristics.h"
#include "rules/figures.h"

static const char *const kind_names[] = {
    [KIND_BY_SHAPE] = NULL, [KIND_WORKFLOW] = "workflow", [KIND_REQUEST] = "request", [KIND_FEEDBACK] = "feedback",
    [KIND_CACHE] = "cache", [KIND_REVIEW] = "review",     [KIND_STEP] = "step",
};

static const char *const workflow_statuses[] = {
    [WORKFLOW_PENDING] = "pending",
    [WORKFLOW_RUNNING] = "running",
    [WORKFLOW_COMPLETED] = "completed",
    [WORKFLOW_FAILED] = "failed",
};

static const char *const complexities[] = {"simple", "moderate", "complex", "deep"};

static const char *const cache_events[] = {"hit", "miss", "write"};

static const char *const steps[] = {"tool", "stop"};

static const char *const automation_statuses[] = {
    [AUTOMATION_DETECTED] = "detected", [AUTOMATION_CANDIDATE] = "candidate",
    [AUTOMATION_APPROVED] = "approved", [AUTOMATION_IMPLEMENTED] = "implemented",
    [AUTOMATION_ACTIVE] = "active",     [AUTOMATION_DEPRECATED] = "deprecated",
};

const char *record_kind_name(enum record_kind kind) {
    return kind_names[kind];
}

bool record_kind_named(struct span name, enum record_kind *kind) {
    for (enum record_kind k = KIND_WORKFLOW; k <= KIND_LAST; k++) {
        if (span_is(name, kind_names[k])) {
            *kind = k;
            return true;
        }
    }
    return false;
}

const char *workflow_status_name(enum workflow_status status) {
    return workflow_statuses[status];
}

const char *cache_event_name(enum cache_event event) {
    return cache_events[event];
}

const char *step_name(enum step step) {
    return steps[step];
}

const char *automation_status_name(enum automation_status status) {
    return automation_statuses[status];
}

/* -- content ---------------------------------------------------------------------------------------------------- */

enum { CONTENT_USUAL = 512, CONTENT_LONG = 64 * 1024 };

/* What is digested: gathered, but for long texts, which are digested where they are. */
struct content {
    struct text part;
    struct hasher *before; /* has seen what came before the part; NULL: nothing did */
};

static struct content content_new(int64_t kind) {
    struct content content = {.before = NULL};
    text_reserve(&content.part, CONTENT_USUAL);
    text_bytes(&content.part, &kind, sizeof kind);
    return content;
}

static void content_pass(struct content *content) {
    if (content->before == NULL)
        content->before = hasher_new();
    hasher_add(content->before, content->part.s, content->part.n);
    text_clear(&content->part);
}

static void content_text(struct content *content, struct span text) {
    uint64_t size = text.s != NULL ? text.n : UINT64_MAX;
    text_bytes(&content->part, &size, sizeof size);
    if (text.n < CONTENT_LONG) {
        text_append(&content->part, text);
        return;
    }
    content_pass(content);
    hasher_add(content->before, text.s, text.n);
}

static void content_number(struct content *content, int64_t number) {
    text_bytes(&content->part, &number, sizeof number);
}

static void content_numbers(struct content *content, const int64_t *numbers, size_t count) {
    text_bytes(&content->part, numbers, count * sizeof *numbers);
}

/* A field that came after digests were first stored: what lacks it keeps its digest. */
static void content_later(struct content *content, const char *field, int64_t number) {
    if (number == UNKNOWN)
        return;
    text_string(&content->part, field);
    content_number(content, number);
}

static struct digest content_digest(struct content *content) {
    struct digest digest;
    if (content->before == NULL) {
        digest = hash128(content->part.s, content->part.n);
    } else {
        content_pass(content);
        digest = hasher_digest(content->before);
    }
    hasher_free(content->before);
    text_free(&content->part);
    return digest;
}

static struct digest workflow_content(const struct workflow_record *w) {
    struct content content = content_new(KIND_WORKFLOW);
    const struct span texts[] = {w->workflow_id, w->nl_input, w->workflow_template, w->model, w->error_message,
                                 w->session_id,  w->account};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        content_text(&content, texts[i]);
    const int64_t numbers[] = {
        w->status,       w->error_count,   w->retry_count,       w->duration_ms,
        w->input_tokens, w->output_tokens, w->cache_read_tokens, w->cache_write_tokens,
        w->total_tokens, w->cost,          w->created_at,        w->updated_at,
    };
    content_numbers(&content, numbers, sizeof numbers / sizeof *numbers);
    if (w->cache_write_1h_tokens != UNKNOWN) /* without it, the same digest as before there was the field */
        content_number(&content, w->cache_write_1h_tokens);
    content_later(&content, "revision", w->revision);
    content_later(&content, "turn", w->turn ? 1 : UNKNOWN);
    return content_digest(&content);
}

/* Of a prompt its hash, as that is all that is kept of it. */
static struct digest request_content(const struct request_record *r) {
    struct content content = content_new(KIND_REQUEST);
    const struct span texts[] = {r->request_id, r->event_id, r->workflow_id, r->pattern,   r->provider,
                                 r->model,      r->account,  r->user_id,     r->session_id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        content_text(&content, texts[i]);
    const struct token_counts *t = &r->tokens;
    const int64_t numbers[] = {
        r->prompt.s != NULL,
        r->hashed,
        (int64_t)r->prompt_hash,
        r->complexity,
        r->complexity_score,
        t->input,
        t->output,
        t->cache_read,
        t->cache_write,
        t->cache_write_1h,
        r->thinking_budget,
        r->thinking_tokens,
        r->cost,
        r->latency,
        r->success,
        r->quality,
        r->timestamp,
        r->updated_at,
    };
    content_numbers(&content, numbers, sizeof numbers / sizeof *numbers);
    content_later(&content, "revision", r->revision);
    return content_digest(&content);
}

static struct digest feedback_content(const struct feedback_record *f) {
    struct content content = content_new(KIND_FEEDBACK);
    const struct span texts[] = {f->request_id, f->feedback_id, f->comment,  f->user_id,
                                 f->session_id, f->pattern,     f->provider, f->model};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        content_text(&content, texts[i]);
    const int64_t numbers[] = {f->quality_score, f->is_correct, f->is_helpful, f->complexity_score, f->timestamp};
    content_numbers(&content, numbers, sizeof numbers / sizeof *numbers);
    return content_digest(&content);
}

static struct digest cache_content(const struct cache_record *c) {
    struct content content = content_new(KIND_CACHE);
    const struct span texts[] = {c->signature, c->account, c->user_id, c->event_id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        content_text(&content, texts[i]);
    const int64_t numbers[] = {c->event, c->duration, c->cost_saved, c->size, c->timestamp};
    content_numbers(&content, numbers, sizeof numbers / sizeof *numbers);
    return content_digest(&content);
}

static struct digest review_content(const struct review_record *r) {
    struct content content = content_new(KIND_REVIEW);
    content_text(&content, r->pattern_signature);
    content_text(&content, r->reviewed_by);
    content_text(&content, r->review_notes);
    content_text(&content, r->event_id);
    content_number(&content, r->automation_status);
    content_number(&content, r->timestamp);
    return content_digest(&content);
}

static struct digest step_content(const struct step_record *s) {
    struct content content = content_new(KIND_STEP);
    content_text(&content, s->session_id);
    content_text(&content, s->event_id);
    content_text(&content, s->tool_name);
    const int64_t numbers[] = {s->step, s->success, s->timestamp};
    content_numbers(&content, numbers, sizeof numbers / sizeof *numbers);
    return content_digest(&content);
}

/* -- kinds ------------------------------------------------------------------------------------------------------ */

/* An empty name is none. */
static struct span take_known_name(struct decoding *d, enum field field) {
    struct span name = take_name(d, field);
    return name.n > 0 ? name : (struct span){NULL, 0};
}

static int64_t token_sum(const struct token_counts *t) {
    const int64_t parts[] = {t->input, t->output, t->cache_read, t->cache_write};
    int64_t sum = UNKNOWN;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i] != UNKNOWN)
            sum = (sum == UNKNOWN ? 0 : sum) + parts[i];
    return sum;
}

static struct token_counts take_tokens(struct decoding *d) {
    struct token_counts t = {
        .input = take_amount(d, F_INPUT_TOKENS, 0, TOKENS_MAX),
        .output = take_amount(d, F_OUTPUT_TOKENS, 0, TOKENS_MAX),
        .cache_read = take_amount(d, F_CACHE_READ_TOKENS, 0, TOKENS_MAX),
        .cache_write = take_amount(d, F_CACHE_WRITE_TOKENS, 0, TOKENS_MAX),
        .cache_write_1h = take_amount(d, F_CACHE_WRITE_1H_TOKENS, 0, TOKENS_MAX),
    };
    if (t.cache_write == UNKNOWN)
        t.cache_write = t.cache_write_1h;
    if (t.cache_write_1h > t.cache_write)
        refuse(d, F_CACHE_WRITE_1H_TOKENS, "is more than cache_write_tokens, which include it");
    return t;
}

/* A turn has its figures from the requests and steps of its session, and so may not say them itself. */
static void take_turn(struct decoding *d, struct workflow_record *w) {
    static const enum field figures[] = {F_MODEL,
                                         F_MODEL_USED,
                                         F_ERROR_COUNT,
                                         F_DURATION_SECONDS,
                                         F_INPUT_TOKENS,
                                         F_OUTPUT_TOKENS,
                                         F_CACHE_READ_TOKENS,
                                         F_CACHE_WRITE_TOKENS,
                                         F_CACHE_WRITE_1H_TOKENS,
                                         F_TOTAL_TOKENS,
                                         F_ACTUAL_COST_TOTAL,
                                         F_COST};
    w->turn = take_verdict(d, F_TURN) == 1;
    if (w->turn && !given(d, F_SESSION_ID))
        refuse(d, F_SESSION_ID, "is missing: a turn is of a session");
    for (size_t i = 0; w->turn && i < sizeof figures / sizeof *figures; i++)
        if (given(d, figures[i]))
            refuse(d, figures[i], "cannot be said of a turn: its requests and steps say it");
}

static void take_workflow(struct decoding *d, struct record *record) {
    struct workflow_record *w = &record->workflow;
    w->workflow_id = take_required_id(d, F_WORKFLOW_ID);
    w->nl_input = take_prose(d, F_NL_INPUT);
    w->workflow_template = take_name(d, F_WORKFLOW_TEMPLATE);
    w->status = (enum workflow_status)take_choice(d, F_STATUS, workflow_statuses, 4, WORKFLOW_COMPLETED);
    w->model = take_name(d, first_given(d, F_MODEL, F_MODEL_USED));
    w->error_message = take_prose(d, F_ERROR_MESSAGE);
    w->error_count = take_amount(d, F_ERROR_COUNT, 0, COUNT_MAX);
    w->retry_count = take_amount(d, F_RETRY_COUNT, 0, COUNT_MAX);
    w->duration_ms = take_amount(d, F_DURATION_SECONDS, 3, DURATION_MAX);
    struct token_counts tokens = take_tokens(d);
    w->input_tokens = tokens.input;
    w->output_tokens = tokens.output;
    w->cache_read_tokens = tokens.cache_read;
    w->cache_write_tokens = tokens.cache_write;
    w->cache_write_1h_tokens = tokens.cache_write_1h;
    w->total_tokens = take_amount(d, F_TOTAL_TOKENS, 0, TOKENS_MAX);
    if (w->total_tokens == UNKNOWN)
        w->total_tokens = token_sum(&tokens);
    if (w->total_tokens > TOKENS_MAX)
        refuse(d, F_TOTAL_TOKENS, "is out of range as the sum of its parts");
    w->cost = take_amount(d, first_given(d, F_ACTUAL_COST_TOTAL, F_COST), 9, COST_MAX);
    w->session_id = take_id(d, F_SESSION_ID);
    w->account = take_name(d, F_ACCOUNT);
    w->created_at = take_time(d, first_given(d, F_CREATED_AT, F_TIMESTAMP));
    w->updated_at = take_time(d, F_UPDATED_AT);
    w->revision = take_amount(d, F_REVISION, 0, TOKENS_MAX);
    take_turn(d, w);
    if (d->wrong)
        return;
    record->content = workflow_content(w);
    if (w->model.n == 0) /* an empty name is none; what is digested is what was given, as ever */
        w->model.s = NULL;
    int64_t at = w->updated_at != NO_TIME ? w->updated_at : w->created_at;
    w->version = (struct version){
        .revision = w->revision,
        .dated = at != NO_TIME,
        .at = at,
        .ended = w->status == WORKFLOW_COMPLETED || w->status == WORKFLOW_FAILED,
        .tokens = w->total_tokens,
        .content = digest_prefix(&record->content),
    };
}

/* What the request asked: its prompt, or the hash of one that was not logged. */
static void take_asked(struct decoding *d, struct request_record *r) {
    r->prompt = take_prompt(d);
    r->hashed = r->prompt.s != NULL || take_hash(d, F_PROMPT_HASH, &r->prompt_hash);
    r->pattern = take_known_name(d, first_given(d, F_PATTERN, F_PATTERN_DETECTED));
    r->complexity = take_choice(d, F_COMPLEXITY, complexities, 4, (int)UNKNOWN);
    r->complexity_score = take_amount(d, F_COMPLEXITY_SCORE, 3, SCORE_ONE);
}

static void take_request(struct decoding *d, struct record *record) {
    struct request_record *r = &record->request;
    bool is_one = given(d, F_REQUEST_ID) || given(d, F_PROMPT) || given(d, F_MESSAGES) || given(d, F_INPUT) ||
                  given(d, F_PROMPT_HASH) || given(d, F_MODEL) || given(d, F_SELECTED_MODEL);
    if (!is_one)
        refuse_whole(d, "is no request: it has neither request_id, prompt, messages, input, prompt_hash nor model");
    r->request_id = take_id(d, F_REQUEST_ID);
    r->event_id = take_id(d, F_EVENT_ID);
    r->workflow_id = take_id(d, F_WORKFLOW_ID);
    take_asked(d, r);
    if (r->prompt.s != NULL)
        r->prompt_hash = hash_prompt(r->prompt);
    r->provider = take_name(d, first_given(d, F_PROVIDER, F_SELECTED_PROVIDER));
    r->model = take_known_name(d, first_given(d, F_MODEL, F_SELECTED_MODEL));
    r->tokens = take_tokens(d);
    r->thinking_budget = take_amount(d, F_THINKING_BUDGET, 0, TOKENS_MAX);
    r->thinking_tokens = take_amount(d, F_THINKING_TOKENS, 0, TOKENS_MAX);
    r->cost = take_amount(d, F_COST, 9, COST_MAX);
    r->latency = take_amount(d, F_LATENCY_MS, 6, LATENCY_MAX);
    r->success = take_verdict(d, F_SUCCESS);
    r->quality = take_amount(d, F_QUALITY_SCORE, 9, QUALITY_MAX);
    r->account = take_name(d, F_ACCOUNT);
    r->user_id = take_id(d, F_USER_ID);
    r->session_id = take_id(d, F_SESSION_ID);
    r->timestamp = take_time(d, first_given(d, F_TIMESTAMP, F_CREATED_AT));
    r->updated_at = take_time(d, F_UPDATED_AT);
    r->revision = take_amount(d, F_REVISION, 0, TOKENS_MAX);
    if (d->wrong)
        return;
    record->content = request_content(r);
    int64_t at = r->updated_at != NO_TIME ? r->updated_at : r->timestamp;
    r->version = (struct version){
        .revision = r->revision,
        .dated = at != NO_TIME,
        .at = at,
        .ended = r->success != UNKNOWN,
        .tokens = token_sum(&r->tokens),
        .content = digest_prefix(&record->content),
    };
}

static void take_feedback(struct decoding *d, struct record *record) {
    struct feedback_record *f = &record->feedback;
    f->request_id = take_required_id(d, F_REQUEST_ID);
    if (!given(d, F_QUALITY_SCORE))
        refuse(d, F_QUALITY_SCORE, "is missing");
    f->quality_score = take_amount(d, F_QUALITY_SCORE, 0, COUNT_MAX);
    if (f->quality_score < RATING_LEAST || f->quality_score > RATING_MOST)
        refuse(d, F_QUALITY_SCORE, "is out of range: a rating is 1 to %lld", (long long)RATING_MOST);
    f->feedback_id = take_id(d, first_given(d, F_FEEDBACK_ID, F_EVENT_ID));
    f->is_correct = take_verdict(d, F_IS_CORRECT);
    f->is_helpful = take_verdict(d, F_IS_HELPFUL);
    f->comment = take_prose(d, F_COMMENT);
    if (characters_of(f->comment) > COMMENT_CHARACTERS)
        refuse(d, F_COMMENT, "is longer than %d characters", COMMENT_CHARACTERS);
    f->user_id = take_id(d, F_USER_ID);
    f->session_id = take_id(d, F_SESSION_ID);
    f->timestamp = take_time(d, first_given(d, F_TIMESTAMP, F_CREATED_AT));
    f->pattern = take_known_name(d, F_PROMPT_PATTERN);
    f->provider = take_known_name(d, F_SELECTED_PROVIDER);
    f->model = take_known_name(d, F_SELECTED_MODEL);
    f->complexity_score = take_amount(d, F_COMPLEXITY_SCORE, 3, SCORE_ONE);
    if (!d->wrong)
        record->content = feedback_content(f);
}

static void take_cache(struct decoding *d, struct record *record) {
    struct cache_record *c = &record->cache;
    if (!given(d, F_EVENT))
        refuse(d, F_EVENT, "is missing");
    c->event = (enum cache_event)take_choice(d, F_EVENT, cache_events, 3, CACHE_HIT);
    c->signature = take_required_id(d, F_SIGNATURE);
    int64_t lookup = take_amount(d, F_LOOKUP_MS, 6, LATENCY_MAX), write = take_amount(d, F_WRITE_MS, 6, LATENCY_MAX);
    int64_t saved = take_amount(d, F_COST_SAVED, 9, CACHED_SAVED_MAX);
    c->duration = c->event == CACHE_WRITE ? write : lookup;
    c->cost_saved = c->event == CACHE_HIT ? saved : UNKNOWN;
    c->size = take_amount(d, F_SIZE_BYTES, 0, CACHED_SIZE_MAX);
    c->account = take_name(d, F_ACCOUNT);
    c->user_id = take_id(d, F_USER_ID);
    c->event_id = take_id(d, F_EVENT_ID);
    c->timestamp = take_time(d, first_given(d, F_TIMESTAMP, F_CREATED_AT));
    if (!d->wrong)
        record->content = cache_content(c);
}

static void take_review(struct decoding *d, struct record *record) {
    struct review_record *r = &record->review;
    r->pattern_signature = take_name(d, F_PATTERN_SIGNATURE);
    if (r->pattern_signature.n == 0)
        refuse(d, F_PATTERN_SIGNATURE, given(d, F_PATTERN_SIGNATURE) ? "is empty" : "is missing");
    if (!given(d, F_AUTOMATION_STATUS))
        refuse(d, F_AUTOMATION_STATUS, "is missing");
    r->automation_status = (enum automation_status)take_choice(d, F_AUTOMATION_STATUS, automation_statuses, 6,
                                                               AUTOMATION_DETECTED);
    r->reviewed_by = take_name(d, F_REVIEWED_BY);
    r->review_notes = take_prose(d, F_REVIEW_NOTES);
    r->event_id = take_id(d, F_EVENT_ID);
    r->timestamp = take_time(d, first_given(d, F_TIMESTAMP, F_CREATED_AT));
    if (!d->wrong)
        record->content = review_content(r);
}

static void take_step(struct decoding *d, struct record *record) {
    struct step_record *s = &record->step;
    if (!given(d, F_STEP))
        refuse(d, F_STEP, "is missing");
    s->step = (enum step)take_choice(d, F_STEP, steps, 2, STEP_TOOL);
    s->session_id = take_required_id(d, F_SESSION_ID);
    s->event_id = take_id(d, F_EVENT_ID);
    s->tool_name = take_known_name(d, F_TOOL_NAME);
    s->success = take_verdict(d, F_SUCCESS);
    s->timestamp = take_time(d, first_given(d, F_TIMESTAMP, F_CREATED_AT));
    if (!d->wrong)
        record->content = step_content(s);
}

static bool any_given(const struct decoding *d, const enum field *fields, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (given(d, fields[i]))
            return true;
    return false;
}

/* A request's own score comes beside a prompt, a model or tokens; a rating comes without. */
static bool rates_only(const struct decoding *d) {
    static const enum field asked[] = {F_PROMPT,
                                       F_INPUT,
                                       F_MESSAGES,
                                       F_PROMPT_HASH,
                                       F_MODEL,
                                       F_SELECTED_MODEL,
                                       F_INPUT_TOKENS,
                                       F_OUTPUT_TOKENS,
                                       F_CACHE_READ_TOKENS,
                                       F_CACHE_WRITE_TOKENS,
                                       F_TOTAL_TOKENS,
                                       F_THINKING_TOKENS,
                                       F_CACHE_WRITE_1H_TOKENS};
    return given(d, F_REQUEST_ID) && (given(d, F_QUALITY_SCORE) || given(d, F_IS_CORRECT)) &&
           !any_given(d, asked, sizeof asked / sizeof *asked);
}

/* What only a request has. One that names the workflow it is of needs its kind: by shape it is that workflow. */
static bool asks(const struct decoding *d) {
    static const enum field asked[] = {F_REQUEST_ID, F_PROMPT, F_MESSAGES, F_PROMPT_HASH};
    return any_given(d, asked, sizeof asked / sizeof *asked);
}

static enum record_kind kind_by_shape(const struct decoding *d) {
    if (given(d, F_WORKFLOW_ID) || given(d, F_NL_INPUT))
        return KIND_WORKFLOW;
    if (given(d, F_SIGNATURE) && given(d, F_EVENT))
        return KIND_CACHE;
    if (rates_only(d))
        return KIND_FEEDBACK;
    return asks(d) ? KIND_REQUEST : KIND_BY_SHAPE;
}

static enum record_kind kind_of(struct decoding *d) {
    const struct json_node *node = d->members[F_KIND];
    enum record_kind kind = KIND_BY_SHAPE;
    if (node == NULL) {
        kind = kind_by_shape(d);
        if (kind == KIND_BY_SHAPE && !d->wrong) {
            refuse_whole(d, "is no record: it has no kind, and neither workflow_id, nl_input, request_id, prompt, "
                            "messages, prompt_hash, nor signature and event");
        }
    } else if (node->type != JSON_STRING || !record_kind_named(node->text, &kind)) {
        refuse(d, F_KIND, "is none of workflow, request, feedback, cache, review or step");
    }
    return kind;
}

bool record_decode(struct json *json, enum record_kind kind, struct arena *arena, struct record *record,
                   struct text *error) {
    static void (*const takers[])(struct decoding *, struct record *) = {
        [KIND_WORKFLOW] = take_workflow, [KIND_REQUEST] = take_request, [KIND_FEEDBACK] = take_feedback,
        [KIND_CACHE] = take_cache,       [KIND_REVIEW] = take_review,   [KIND_STEP] = take_step,
    };
    struct decoding d = {.owner = json, .arena = arena, .error = error};
    if (!take_members(&d, json))
        return false;
    *record = (struct record){.kind = kind != KIND_BY_SHAPE ? kind : kind_of(&d), .recorded_at = NO_TIME};
    if (d.wrong)
        return false;
    takers[record->kind](&d, record);
    return !d.wrong;
}

/* 32 hexadecimal digits. */
static bool read_digest(struct span text, struct digest *digest) {
    static const char digits[] = "0123456789abcdef";
    if (text.n != 2 * sizeof digest->bytes || strspn(text.s, digits) < text.n)
        return false;
    for (size_t i = 0; i < sizeof digest->bytes; i++)
        digest->bytes[i] = (unsigned char)((strchr(digits, text.s[2 * i]) - digits) << 4 |
                                           (strchr(digits, text.s[2 * i + 1]) - digits));
    return true;
}

/* A time in microseconds. */
static bool read_time(struct span number, int64_t *us) {
    char digits[24], *end;
    if (number.n >= sizeof digits)
        return false;
    memcpy(digits, number.s, number.n);
    digits[number.n] = '\0';
    *us = strtoll(digits, &end, 10);
    return *end == '\0' && time_in_range(*us);
}

bool record_spooled(const struct json *json, struct spooled *spooled) {
    const struct json_node *nodes = json_nodes(json), *found = NULL, *member;
    *spooled = (struct spooled){.at = NO_TIME};
    for (uint32_t at = 1; nodes[0].type == JSON_OBJECT && at < nodes[0].next; at = nodes[at].next)
        found = nodes[at].name == F_SPOOLED ? &nodes[at] : found;
    member = json_member(json, found, "at");
    if (member == NULL || member->type != JSON_NUMBER || !read_time(member->text, &spooled->at))
        return false;
    member = json_member(json, found, "as");
    spooled->identified = member != NULL && member->type == JSON_STRING &&
                          read_digest(member->text, &spooled->identity);
    member = json_member(json, found, "no_text");
    spooled->no_text = member != NULL && member->type == JSON_TRUE;
    return true;
}

enum record_kind record_kind_said(const struct json *json) {
    const struct json_node *nodes = json_nodes(json);
    enum record_kind kind = KIND_BY_SHAPE;
    for (uint32_t at = 1; nodes[0].type == JSON_OBJECT && at < nodes[0].next; at = nodes[at].next)
        if (nodes[at].name == F_KIND && nodes[at].type == JSON_STRING)
            record_kind_named(nodes[at].text, &kind);
    return kind;
}

static bool has_question(const struct decoding *d) {
    return given(d, F_PROMPT) || given(d, F_MESSAGES) || given(d, F_INPUT) || given(d, F_PROMPT_HASH);
}

bool record_asks(const struct json *json) {
    struct text error = {0};
    struct decoding d = {.error = &error};
    bool asks_something = take_members(&d, json) && has_question(&d);
    text_free(&error);
    return asks_something;
}

bool record_decode_question(const struct json *json, struct arena *arena, struct request_record *request,
                            struct text *error) {
    struct decoding d = {.arena = arena, .error = error};
    *request = (struct request_record){0};
    if (!take_members(&d, json))
        return false;
    if (!has_question(&d))
        refuse_whole(&d, "is no request: it has neither prompt, messages, input nor prompt_hash");
    request->request_id = take_id(&d, F_REQUEST_ID);
    take_asked(&d, request);
    return !d.wrong;
}

/* -- any kind --------------------------------------------------------------------------------------------------- */

struct span record_own_id(const struct record *record) {
    switch (record->kind) {
    case KIND_WORKFLOW: return record->workflow.workflow_id;
    case KIND_REQUEST: return record->request.event_id;
    case KIND_FEEDBACK: return record->feedback.feedback_id;
    case KIND_CACHE: return record->cache.event_id;
    case KIND_REVIEW: return record->review.event_id;
    case KIND_STEP: return record->step.event_id;
    default: return (struct span){NULL, 0};
    }
}

bool record_named(const struct record *record) {
    return record->kind == KIND_WORKFLOW || (record->kind == KIND_REQUEST && record->request.request_id.s != NULL);
}

int64_t record_time(const struct record *record) {
    switch (record->kind) {
    case KIND_WORKFLOW:
        return record->workflow.created_at != NO_TIME ? record->workflow.created_at : record->workflow.updated_at;
    case KIND_REQUEST:
        return record->request.timestamp != NO_TIME ? record->request.timestamp : record->request.updated_at;
    case KIND_FEEDBACK: return record->feedback.timestamp;
    case KIND_CACHE: return record->cache.timestamp;
    case KIND_REVIEW: return record->review.timestamp;
    case KIND_STEP: return record->step.timestamp;
    default: return NO_TIME;
    }
}
