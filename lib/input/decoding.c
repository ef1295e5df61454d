#include "input/decoding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "input/record.h"
#include "rules/figures.h"

enum { HASH_DIGITS = 16 };

static const int64_t ID_LIMIT = (int64_t)1 << 53; /* integers below it survive every JSON program */

static const char *const field_names[FIELD_COUNT] = {
    [F_KIND] = "kind",
    [F_WORKFLOW_ID] = "workflow_id",
    [F_NL_INPUT] = "nl_input",
    [F_WORKFLOW_TEMPLATE] = "workflow_template",
    [F_STATUS] = "status",
    [F_MODEL] = "model",
    [F_MODEL_USED] = "model_used",
    [F_SELECTED_MODEL] = "selected_model",
    [F_PROVIDER] = "provider",
    [F_SELECTED_PROVIDER] = "selected_provider",
    [F_ERROR_MESSAGE] = "error_message",
    [F_ERROR_COUNT] = "error_count",
    [F_RETRY_COUNT] = "retry_count",
    [F_DURATION_SECONDS] = "duration_seconds",
    [F_LATENCY_MS] = "latency_ms",
    [F_INPUT_TOKENS] = "input_tokens",
    [F_OUTPUT_TOKENS] = "output_tokens",
    [F_CACHE_READ_TOKENS] = "cache_read_tokens",
    [F_CACHE_WRITE_TOKENS] = "cache_write_tokens",
    [F_CACHE_WRITE_1H_TOKENS] = "cache_write_1h_tokens",
    [F_TOTAL_TOKENS] = "total_tokens",
    [F_THINKING_BUDGET] = "thinking_budget",
    [F_THINKING_TOKENS] = "thinking_tokens",
    [F_ACTUAL_COST_TOTAL] = "actual_cost_total",
    [F_COST] = "cost",
    [F_SESSION_ID] = "session_id",
    [F_USER_ID] = "user_id",
    [F_ACCOUNT] = "account",
    [F_CREATED_AT] = "created_at",
    [F_TIMESTAMP] = "timestamp",
    [F_UPDATED_AT] = "updated_at",
    [F_PATTERN_SIGNATURE] = "pattern_signature",
    [F_AUTOMATION_STATUS] = "automation_status",
    [F_REVIEWED_BY] = "reviewed_by",
    [F_REVIEW_NOTES] = "review_notes",
    [F_EVENT_ID] = "event_id",
    [F_FEEDBACK_ID] = "feedback_id",
    [F_REQUEST_ID] = "request_id",
    [F_PROMPT] = "prompt",
    [F_MESSAGES] = "messages",
    [F_INPUT] = "input",
    [F_PROMPT_HASH] = "prompt_hash",
    [F_PATTERN] = "pattern",
    [F_PATTERN_DETECTED] = "pattern_detected",
    [F_PROMPT_PATTERN] = "prompt_pattern",
    [F_COMPLEXITY] = "complexity",
    [F_COMPLEXITY_SCORE] = "complexity_score",
    [F_SUCCESS] = "success",
    [F_QUALITY_SCORE] = "quality_score",
    [F_IS_CORRECT] = "is_correct",
    [F_IS_HELPFUL] = "is_helpful",
    [F_COMMENT] = "comment",
    [F_SIGNATURE] = "signature",
    [F_EVENT] = "event",
    [F_SIZE_BYTES] = "size_bytes",
    [F_COST_SAVED] = "cost_saved",
    [F_WRITE_MS] = "write_ms",
    [F_LOOKUP_MS] = "lookup_ms",
    [F_TURN] = "turn",
    [F_REVISION] = "revision",
    [F_STEP] = "step",
    [F_TOOL_NAME] = "tool_name",
    [F_SPOOLED] = "spooled",
};

/* The fields by the length of their names, so that a name is compared with two or three others: every key of every
 * record comes through here. */
static const signed char by_length[][16] = {
    [4] = {F_KIND, F_COST, F_TURN, F_STEP, -1},
    [5] = {F_MODEL, F_INPUT, F_EVENT, -1},
    [6] = {F_STATUS, F_PROMPT, -1},
    [7] = {F_USER_ID, F_ACCOUNT, F_PATTERN, F_SUCCESS, F_COMMENT, F_SPOOLED, -1},
    [8] = {F_NL_INPUT, F_PROVIDER, F_EVENT_ID, F_MESSAGES, F_WRITE_MS, F_REVISION, -1},
    [9] = {F_TIMESTAMP, F_SIGNATURE, F_LOOKUP_MS, F_TOOL_NAME, -1},
    [10] = {F_MODEL_USED, F_LATENCY_MS, F_SESSION_ID, F_CREATED_AT, F_UPDATED_AT, F_REQUEST_ID, F_COMPLEXITY,
            F_IS_CORRECT, F_IS_HELPFUL, F_COST_SAVED, F_SIZE_BYTES, -1},
    [11] = {F_WORKFLOW_ID, F_ERROR_COUNT, F_RETRY_COUNT, F_REVIEWED_BY, F_FEEDBACK_ID, F_PROMPT_HASH, -1},
    [12] = {F_INPUT_TOKENS, F_TOTAL_TOKENS, F_REVIEW_NOTES, -1},
    [13] = {F_ERROR_MESSAGE, F_OUTPUT_TOKENS, F_QUALITY_SCORE, -1},
    [14] = {F_SELECTED_MODEL, F_PROMPT_PATTERN, -1},
    [15] = {F_THINKING_BUDGET, F_THINKING_TOKENS, -1},
    [16] = {F_DURATION_SECONDS, F_PATTERN_DETECTED, F_COMPLEXITY_SCORE, -1},
    [17] = {F_WORKFLOW_TEMPLATE, F_SELECTED_PROVIDER, F_CACHE_READ_TOKENS, F_ACTUAL_COST_TOTAL, F_PATTERN_SIGNATURE,
            F_AUTOMATION_STATUS, -1},
    [18] = {F_CACHE_WRITE_TOKENS, -1},
    [21] = {F_CACHE_WRITE_1H_TOKENS, -1},
};

int record_names(struct span key) {
    if (key.n >= sizeof by_length / sizeof *by_length || by_length[key.n][1] == 0)
        return JSON_UNWANTED;
    for (const signed char *field = by_length[key.n]; *field >= 0; field++)
        if (memcmp(field_names[*field], key.s, key.n) == 0)
            return *field;
    return JSON_UNWANTED;
}

/* -- values ----------------------------------------------------------------------------------------------------- */

void refuse(struct decoding *d, enum field field, const char *format, ...) {
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

void refuse_whole(struct decoding *d, const char *reason) {
    if (d->wrong)
        return;
    text_clear(d->error);
    text_string(d->error, reason);
    d->wrong = true;
}

static const char *type_name(const struct json_node *node) {
    static const char *const names[] = {"null", "false", "true", "a number", "a string", "an array", "an object"};
    return names[node->type];
}

bool take_members(struct decoding *d, const struct json *json) {
    const struct json_node *nodes = json_nodes(json);
    if (nodes[0].type != JSON_OBJECT) {
        text_clear(d->error);
        text_format(d->error, "is %s, not a record", type_name(&nodes[0]));
        d->wrong = true;
        return false;
    }
    d->json = json;
    for (uint32_t at = 1; at < nodes[0].next; at = nodes[at].next)
        d->members[nodes[at].name] = nodes[at].type != JSON_NULL ? &nodes[at] : NULL;
    return true;
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

static struct span keep(const struct decoding *d, struct span text) {
    if (d->owner != NULL)
        return json_keep(d->owner, text, d->arena);
    return (struct span){arena_copy(d->arena, text.s, text.n), text.n};
}

struct span take_prose(struct decoding *d, enum field field) {
    const struct json_node *node = d->members[field];
    if (node == NULL)
        return (struct span){NULL, 0};
    if (node->type != JSON_STRING)
        refuse(d, field, "is %s, not a string", type_name(node));
    else if (memchr(node->text.s, '\0', node->text.n) != NULL)
        return without_nul(d->arena, node->text);
    return keep(d, node->text);
}

struct span take_name(struct decoding *d, enum field field) {
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

struct span take_id(struct decoding *d, enum field field) {
    const struct json_node *node = d->members[field];
    if (node != NULL && node->type == JSON_NUMBER)
        return take_number_id(d, field);
    if (node != NULL && node->type == JSON_STRING && node->text.n == 0)
        refuse(d, field, "is empty");
    return take_name(d, field);
}

struct span take_required_id(struct decoding *d, enum field field) {
    if (!given(d, field))
        refuse(d, field, "is missing");
    return take_id(d, field);
}

int64_t take_amount(struct decoding *d, enum field field, int places, int64_t most) {
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

int64_t take_time(struct decoding *d, enum field field) {
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

int take_choice(struct decoding *d, enum field field, const char *const *names, int count, int fallback) {
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

int64_t take_verdict(struct decoding *d, enum field field) {
    const struct json_node *node = d->members[field];
    if (node == NULL)
        return UNKNOWN;
    if (node->type != JSON_TRUE && node->type != JSON_FALSE)
        refuse(d, field, "is %s, not true or false", type_name(node));
    return node->type == JSON_TRUE;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool take_hash(struct decoding *d, enum field field, uint64_t *hash) {
    const struct json_node *node = d->members[field];
    if (node == NULL)
        return false;
    bool good = node->type == JSON_STRING && node->text.n == HASH_DIGITS;
    *hash = 0;
    for (size_t i = 0; good && i < HASH_DIGITS; i++) {
        int digit = hex_digit(node->text.s[i]);
        good = digit >= 0;
        *hash = *hash << 4 | (uint64_t)(digit & 15);
    }
    if (!good)
        refuse(d, field, "is not 16 hexadecimal digits");
    return good;
}

/* -- prompts ---------------------------------------------------------------------------------------------------- */

/* The text of a message's content: a string, or the texts among its parts, a line each. */
static bool content_of(const struct json *json, const struct json_node *content, struct text *text) {
    const struct json_node *nodes = json_nodes(json);
    bool any = false;
    if (content == NULL || (content->type != JSON_STRING && content->type != JSON_ARRAY))
        return false;
    text_clear(text);
    if (content->type == JSON_STRING) {
        text_append(text, content->text);
        return true;
    }
    for (uint32_t at = (uint32_t)(content - nodes) + 1; at < content->next; at = nodes[at].next) {
        const struct json_node *part = &nodes[at];
        if (part->type == JSON_OBJECT)
            part = json_member(json, part, "text");
        if (part == NULL || part->type != JSON_STRING)
            continue;
        text_string(text, any ? "\n" : "");
        text_append(text, part->text);
        any = true;
    }
    return any;
}

/* The last text of a user among the messages in LIST; s NULL if there is none. It is ARENA's. */
static struct span last_user_text(const struct json *json, const struct json_node *list, struct arena *arena) {
    const struct json_node *nodes = json_nodes(json);
    struct text text = {0}, last = {0};
    bool any = false;
    for (uint32_t at = (uint32_t)(list - nodes) + 1; at < list->next; at = nodes[at].next) {
        const struct json_node *role = json_member(json, &nodes[at], "role");
        bool of_user = role != NULL && role->type == JSON_STRING && span_is(role->text, "user");
        if (!of_user || !content_of(json, json_member(json, &nodes[at], "content"), &text))
            continue;
        struct text swap = last;
        last = text;
        text = swap;
        any = true;
    }
    struct span found = {any ? arena_copy(arena, text_span(&last).s, last.n) : NULL, last.n};
    text_free(&text);
    text_free(&last);
    return found;
}

/* A string as it is: nothing of it will be stored. */
static struct span take_verbatim(struct decoding *d, enum field field) {
    const struct json_node *node = d->members[field];
    if (node->type != JSON_STRING)
        refuse(d, field, "is %s, not a string", type_name(node));
    return node->type == JSON_STRING ? keep(d, node->text) : (struct span){NULL, 0};
}

struct span take_prompt(struct decoding *d) {
    const struct json_node *messages = d->members[F_MESSAGES], *input = d->members[F_INPUT];
    if (given(d, F_PROMPT))
        return take_verbatim(d, F_PROMPT);
    if (messages != NULL && messages->type != JSON_ARRAY)
        refuse(d, F_MESSAGES, "is %s, not an array", type_name(messages));
    else if (messages != NULL)
        return last_user_text(d->json, messages, d->arena);
    if (input != NULL && input->type == JSON_STRING)
        return take_verbatim(d, F_INPUT);
    if (input != NULL && input->type == JSON_ARRAY)
        return last_user_text(d->json, input, d->arena);
    return (struct span){NULL, 0};
}
