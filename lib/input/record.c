#include "input/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "rules/figures.h"

static const int64_t ID_LIMIT = (int64_t)1 << 53; /* integers below it survive every JSON program */

enum field {
    F_KIND,
    F_WORKFLOW_ID,
    F_NL_INPUT,
    F_WORKFLOW_TEMPLATE,
    F_STATUS,
    F_MODEL,
    F_MODEL_USED,
    F_ERROR_MESSAGE,
    F_ERROR_COUNT,
    F_RETRY_COUNT,
    F_DURATION_SECONDS,
    F_INPUT_TOKENS,
    F_OUTPUT_TOKENS,
    F_CACHE_READ_TOKENS,
    F_CACHE_WRITE_TOKENS,
    F_TOTAL_TOKENS,
    F_ACTUAL_COST_TOTAL,
    F_COST,
    F_SESSION_ID,
    F_ACCOUNT,
    F_CREATED_AT,
    F_TIMESTAMP,
    F_UPDATED_AT,
    F_PATTERN_SIGNATURE,
    F_AUTOMATION_STATUS,
    F_REVIEWED_BY,
    F_REVIEW_NOTES,
    F_EVENT_ID,
    /* known only by their presence, for a record's shape */
    F_SIGNATURE,
    F_EVENT,
    F_REQUEST_ID,
    F_PROMPT,
    F_QUALITY_SCORE,
    F_IS_CORRECT,
    FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = {
    [F_KIND] = "kind",
    [F_WORKFLOW_ID] = "workflow_id",
    [F_NL_INPUT] = "nl_input",
    [F_WORKFLOW_TEMPLATE] = "workflow_template",
    [F_STATUS] = "status",
    [F_MODEL] = "model",
    [F_MODEL_USED] = "model_used",
    [F_ERROR_MESSAGE] = "error_message",
    [F_ERROR_COUNT] = "error_count",
    [F_RETRY_COUNT] = "retry_count",
    [F_DURATION_SECONDS] = "duration_seconds",
    [F_INPUT_TOKENS] = "input_tokens",
    [F_OUTPUT_TOKENS] = "output_tokens",
    [F_CACHE_READ_TOKENS] = "cache_read_tokens",
    [F_CACHE_WRITE_TOKENS] = "cache_write_tokens",
    [F_TOTAL_TOKENS] = "total_tokens",
    [F_ACTUAL_COST_TOTAL] = "actual_cost_total",
    [F_COST] = "cost",
    [F_SESSION_ID] = "session_id",
    [F_ACCOUNT] = "account",
    [F_CREATED_AT] = "created_at",
    [F_TIMESTAMP] = "timestamp",
    [F_UPDATED_AT] = "updated_at",
    [F_PATTERN_SIGNATURE] = "pattern_signature",
    [F_AUTOMATION_STATUS] = "automation_status",
    [F_REVIEWED_BY] = "reviewed_by",
    [F_REVIEW_NOTES] = "review_notes",
    [F_EVENT_ID] = "event_id",
    [F_SIGNATURE] = "signature",
    [F_EVENT] = "event",
    [F_REQUEST_ID] = "request_id",
    [F_PROMPT] = "prompt",
    [F_QUALITY_SCORE] = "quality_score",
    [F_IS_CORRECT] = "is_correct",
};

static const char *const kind_names[] = {
    [KIND_BY_SHAPE] = NULL,       [KIND_WORKFLOW] = "workflow", [KIND_REQUEST] = "request",
    [KIND_FEEDBACK] = "feedback", [KIND_CACHE] = "cache",       [KIND_REVIEW] = "review",
};

static const char *const workflow_statuses[] = {
    [WORKFLOW_PENDING] = "pending",
    [WORKFLOW_RUNNING] = "running",
    [WORKFLOW_COMPLETED] = "completed",
    [WORKFLOW_FAILED] = "failed",
};

static const char *const automation_statuses[] = {
    [AUTOMATION_DETECTED] = "detected", [AUTOMATION_CANDIDATE] = "candidate",
    [AUTOMATION_APPROVED] = "approved", [AUTOMATION_IMPLEMENTED] = "implemented",
    [AUTOMATION_ACTIVE] = "active",     [AUTOMATION_DEPRECATED] = "deprecated",
};

/* The fields by the length of their names, so that a name is compared with two or three others: every key of every
 * record comes through here. */
static const signed char by_length[][8] = {
    [4] = {F_KIND, F_COST, -1},
    [5] = {F_MODEL, F_EVENT, -1},
    [6] = {F_STATUS, F_PROMPT, -1},
    [7] = {F_ACCOUNT, -1},
    [8] = {F_NL_INPUT, F_EVENT_ID, -1},
    [9] = {F_TIMESTAMP, F_SIGNATURE, -1},
    [10] = {F_CREATED_AT, F_UPDATED_AT, F_SESSION_ID, F_MODEL_USED, F_REQUEST_ID, F_IS_CORRECT, -1},
    [11] = {F_WORKFLOW_ID, F_ERROR_COUNT, F_RETRY_COUNT, F_REVIEWED_BY, -1},
    [12] = {F_TOTAL_TOKENS, F_INPUT_TOKENS, F_REVIEW_NOTES, -1},
    [13] = {F_ERROR_MESSAGE, F_OUTPUT_TOKENS, F_QUALITY_SCORE, -1},
    [16] = {F_DURATION_SECONDS, -1},
    [17] = {F_WORKFLOW_TEMPLATE, F_ACTUAL_COST_TOTAL, F_CACHE_READ_TOKENS, F_PATTERN_SIGNATURE, F_AUTOMATION_STATUS,
            -1},
    [18] = {F_CACHE_WRITE_TOKENS, -1},
};

int record_names(struct span key) {
    if (key.n >= sizeof by_length / sizeof *by_length || by_length[key.n][1] == 0)
        return JSON_UNWANTED;
    for (const signed char *field = by_length[key.n]; *field >= 0; field++)
        if (memcmp(field_names[*field], key.s, key.n) == 0)
            return *field;
    return JSON_UNWANTED;
}

const char *record_kind_name(enum record_kind kind) {
    return kind_names[kind];
}

bool record_kind_named(struct span name, enum record_kind *kind) {
    for (enum record_kind k = KIND_WORKFLOW; k <= KIND_REVIEW; k++) {
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

const char *automation_status_name(enum automation_status status) {
    return automation_statuses[status];
}

/* -- values ----------------------------------------------------------------------------------------------------- */

/* The members of the record at hand; NULL: absent or null. Taking stops at the first wrong one. */
struct decoding {
    const struct json_node *members[FIELD_COUNT];
    struct arena *arena;
    struct text *error;
    bool wrong;
};

__attribute__((format(printf, 3, 4))) static void refuse(struct decoding *d, enum field field, const char *format,
                                                         ...) {
    if (d->wrong)
        return;
    char reason[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    text_clear(d->error);
    text_format(d->error, "%s: %s", field_names[field], reason);
    d->wrong = true;
}

static bool given(const struct decoding *d, enum field field) {
    return d->members[field] != NULL;
}

static const char *type_name(const struct json_node *node) {
    static const char *const names[] = {"null", "false", "true", "a number", "a string", "an array", "an object"};
    return names[node->type];
}

/* A NUL cannot be looked for or printed by what reads the database: U+FFFD stands for it. */
static struct span without_nul(struct arena *arena, struct span text) {
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += text.s[i] == '\0';
    char *copy = arena_take(arena, text.n + 2 * count + 1), *to = copy;
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] != '\0')
            *to++ = text.s[i];
        else
            to = mempcpy(to, "\xef\xbf\xbd", 3);
    }
    *to = '\0';
    return (struct span){copy, (size_t)(to - copy)};
}

/* Prose, of any length. */
static struct span take_prose(struct decoding *d, enum field field) {
    const struct json_node *node = d->members[field];
    if (node == NULL)
        return (struct span){NULL, 0};
    if (node->type != JSON_STRING)
        refuse(d, field, "is %s, not a string", type_name(node));
    else if (memchr(node->text.s, '\0', node->text.n) != NULL)
        return without_nul(d->arena, node->text);
    return (struct span){arena_copy(d->arena, node->text.s, node->text.n), node->text.n};
}

static struct span take_name(struct decoding *d, enum field field) {
    const struct json_node *node = d->members[field];
    if (node == NULL)
        return (struct span){NULL, 0};
    if (node->type != JSON_STRING)
        refuse(d, field, "is %s, not a string", type_name(node));
    else if (node->text.n > NAME_BYTES_MAX)
        refuse(d, field, "is longer than %d bytes", NAME_BYTES_MAX);
    else if (memchr(node->text.s, '\0', node->text.n) != NULL)
        refuse(d, field, "contains a NUL character");
    return d->wrong ? (struct span){NULL, 0}
                    : (struct span){arena_copy(d->arena, node->text.s, node->text.n), node->text.n};
}

static struct span take_number_id(struct decoding *d, enum field field) {
    int64_t number;
    bool exact;
    if (!decimal_scaled(d->members[field]->text, 0, &number, &exact) || number >= ID_LIMIT || number <= -ID_LIMIT)
        refuse(d, field, "is a number too large to be kept exactly: write it as a string");
    else if (!exact)
        refuse(d, field, "is not a whole number");
    if (d->wrong)
        return (struct span){NULL, 0};
    char *digits = arena_take(d->arena, 24);
    int size = snprintf(digits, 24, "%lld", (long long)number);
    return (struct span){digits, (size_t)size};
}

static struct span take_id(struct decoding *d, enum field field) {
    const struct json_node *node = d->members[field];
    if (node != NULL && node->type == JSON_NUMBER)
        return take_number_id(d, field);
    if (node != NULL && node->type == JSON_STRING && node->text.n == 0)
        refuse(d, field, "is empty");
    return take_name(d, field);
}

static struct span take_required_id(struct decoding *d, enum field field) {
    if (!given(d, field))
        refuse(d, field, "is missing");
    return take_id(d, field);
}

/* A number of at least 0, times 10^PLACES; at PLACES 0 it must be whole. UNKNOWN if absent. */
static int64_t take_amount(struct decoding *d, enum field field, int places, int64_t most) {
    const struct json_node *node = d->members[field];
    int64_t amount = UNKNOWN;
    bool exact = true;
    if (node == NULL)
        return UNKNOWN;
    if (node->type != JSON_NUMBER)
        refuse(d, field, "is %s, not a number", type_name(node));
    else if (node->text.s[0] == '-' && (!decimal_scaled(node->text, 12, &amount, &exact) || amount != 0 || !exact))
        refuse(d, field, "is negative");
    else if (!decimal_scaled(node->text, places, &amount, &exact) || amount > most)
        refuse(d, field, "is out of range");
    else if (places == 0 && !exact)
        refuse(d, field, "is not a whole number");
    return amount;
}

static int64_t take_time(struct decoding *d, enum field field) {
    const struct json_node *node = d->members[field];
    int64_t us = NO_TIME;
    if (node == NULL)
        return NO_TIME;
    bool good = (node->type == JSON_STRING && time_parse(node->text, &us)) ||
                (node->type == JSON_NUMBER && time_from_number(node->text, &us));
    if (!good)
        refuse(d, field, "is not a time");
    return us;
}

/* The position of the text in NAMES; FALLBACK if absent. */
static int take_choice(struct decoding *d, enum field field, const char *const *names, int count, int fallback) {
    const struct json_node *node = d->members[field];
    if (node == NULL)
        return fallback;
    for (int i = 0; node->type == JSON_STRING && i < count; i++)
        if (span_is(node->text, names[i]))
            return i;
    struct text list = {0};
    for (int i = 0; i < count; i++)
        text_format(&list, "%s%s", i == 0 ? "" : i < count - 1 ? ", " : " or ", names[i]);
    refuse(d, field, "is none of %s", list.s);
    text_free(&list);
    return fallback;
}

static enum field first_given(const struct decoding *d, enum field a, enum field b) {
    return given(d, a) ? a : b;
}

/* -- content ---------------------------------------------------------------------------------------------------- */

enum { CONTENT_USUAL = 512 }; /* bytes of all but the long texts */

static void content_text(struct text *content, struct span text) {
    uint64_t size = text.s != NULL ? text.n : UINT64_MAX;
    text_bytes(content, &size, sizeof size);
    text_append(content, text);
}

static void content_number(struct text *content, int64_t number) {
    text_bytes(content, &number, sizeof number);
}

static struct digest content_digest(struct text *content) {
    struct digest digest = hash128(content->s, content->n);
    text_free(content);
    return digest;
}

static struct digest workflow_content(const struct workflow_record *w) {
    struct text content = {0};
    text_reserve(&content, w->nl_input.n + w->error_message.n + CONTENT_USUAL);
    content_number(&content, KIND_WORKFLOW);
    const struct span texts[] = {w->workflow_id, w->nl_input, w->workflow_template, w->model, w->error_message,
                                 w->session_id,  w->account};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        content_text(&content, texts[i]);
    const int64_t numbers[] = {
        w->status,       w->error_count,   w->retry_count,       w->duration_ms,
        w->input_tokens, w->output_tokens, w->cache_read_tokens, w->cache_write_tokens,
        w->total_tokens, w->cost,          w->created_at,        w->updated_at,
    };
    text_bytes(&content, numbers, sizeof numbers);
    return content_digest(&content);
}

static struct digest review_content(const struct review_record *r) {
    struct text content = {0};
    content_number(&content, KIND_REVIEW);
    content_text(&content, r->pattern_signature);
    content_text(&content, r->reviewed_by);
    content_text(&content, r->review_notes);
    content_text(&content, r->event_id);
    content_number(&content, r->automation_status);
    content_number(&content, r->timestamp);
    return content_digest(&content);
}

static uint64_t first_eight(const struct digest *digest) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | digest->bytes[i];
    return value;
}

/* -- kinds ------------------------------------------------------------------------------------------------------ */

static int64_t token_sum(const struct workflow_record *w) {
    const int64_t parts[] = {w->input_tokens, w->output_tokens, w->cache_read_tokens, w->cache_write_tokens};
    int64_t sum = UNKNOWN;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i] != UNKNOWN)
            sum = (sum == UNKNOWN ? 0 : sum) + parts[i];
    return sum;
}

static void take_workflow_tokens(struct decoding *d, struct workflow_record *w) {
    w->input_tokens = take_amount(d, F_INPUT_TOKENS, 0, TOKENS_MAX);
    w->output_tokens = take_amount(d, F_OUTPUT_TOKENS, 0, TOKENS_MAX);
    w->cache_read_tokens = take_amount(d, F_CACHE_READ_TOKENS, 0, TOKENS_MAX);
    w->cache_write_tokens = take_amount(d, F_CACHE_WRITE_TOKENS, 0, TOKENS_MAX);
    w->total_tokens = take_amount(d, F_TOTAL_TOKENS, 0, TOKENS_MAX);
    if (w->total_tokens == UNKNOWN)
        w->total_tokens = token_sum(w);
    if (w->total_tokens > TOKENS_MAX)
        refuse(d, F_TOTAL_TOKENS, "is out of range as the sum of its parts");
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
    take_workflow_tokens(d, w);
    w->cost = take_amount(d, first_given(d, F_ACTUAL_COST_TOTAL, F_COST), 9, COST_MAX);
    w->session_id = take_id(d, F_SESSION_ID);
    w->account = take_name(d, F_ACCOUNT);
    w->created_at = take_time(d, first_given(d, F_CREATED_AT, F_TIMESTAMP));
    w->updated_at = take_time(d, F_UPDATED_AT);
    if (d->wrong)
        return;
    record->content = workflow_content(w);
    int64_t at = w->updated_at != NO_TIME ? w->updated_at : w->created_at;
    w->version = (struct version){
        .dated = at != NO_TIME,
        .at = at,
        .ended = w->status == WORKFLOW_COMPLETED || w->status == WORKFLOW_FAILED,
        .tokens = w->total_tokens,
        .content = first_eight(&record->content),
    };
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

static bool rates_only(const struct decoding *d) {
    return given(d, F_REQUEST_ID) && (given(d, F_QUALITY_SCORE) || given(d, F_IS_CORRECT)) && !given(d, F_PROMPT) &&
           !given(d, F_MODEL) && !given(d, F_INPUT_TOKENS) && !given(d, F_CACHE_READ_TOKENS) &&
           !given(d, F_CACHE_WRITE_TOKENS) && !given(d, F_OUTPUT_TOKENS) && !given(d, F_TOTAL_TOKENS);
}

static enum record_kind kind_by_shape(const struct decoding *d) {
    if (given(d, F_WORKFLOW_ID) || given(d, F_NL_INPUT))
        return KIND_WORKFLOW;
    if (given(d, F_SIGNATURE) && given(d, F_EVENT))
        return KIND_CACHE;
    if (rates_only(d))
        return KIND_FEEDBACK;
    return given(d, F_REQUEST_ID) || given(d, F_PROMPT) ? KIND_REQUEST : KIND_BY_SHAPE;
}

static enum record_kind kind_of(struct decoding *d) {
    const struct json_node *node = d->members[F_KIND];
    enum record_kind kind = KIND_BY_SHAPE;
    if (node == NULL) {
        kind = kind_by_shape(d);
        if (kind == KIND_BY_SHAPE && !d->wrong) {
            text_clear(d->error);
            text_string(d->error, "is no record: it has no kind, and neither workflow_id, nl_input, request_id, "
                                  "prompt, nor signature and event");
            d->wrong = true;
        }
    } else if (node->type != JSON_STRING || !record_kind_named(node->text, &kind)) {
        refuse(d, F_KIND, "is none of workflow, request, feedback, cache or review");
    }
    return kind;
}

static bool take_members(struct decoding *d, const struct json *json) {
    const struct json_node *nodes = json_nodes(json);
    if (nodes[0].type != JSON_OBJECT) {
        text_clear(d->error);
        text_format(d->error, "is %s, not a record", type_name(&nodes[0]));
        return false;
    }
    for (uint32_t at = 1; at < nodes[0].next; at = nodes[at].next)
        d->members[nodes[at].name] = nodes[at].type != JSON_NULL ? &nodes[at] : NULL;
    return true;
}

bool record_decode(const struct json *json, enum record_kind kind, struct arena *arena, struct record *record,
                   struct text *error) {
    struct decoding d = {.arena = arena, .error = error};
    if (!take_members(&d, json))
        return false;
    record->kind = kind != KIND_BY_SHAPE ? kind : kind_of(&d);
    if (d.wrong)
        return false;
    if (record->kind == KIND_WORKFLOW)
        take_workflow(&d, record);
    else if (record->kind == KIND_REVIEW)
        take_review(&d, record);
    else {
        text_clear(error);
        text_format(error, "is a %s record, which this version does not learn from", kind_names[record->kind]);
        return false;
    }
    return !d.wrong;
}
