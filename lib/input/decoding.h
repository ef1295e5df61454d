/* decoding: one record's members, and how their values are taken. Private to the decoder. */
#ifndef PL_INPUT_DECODING_H
#define PL_INPUT_DECODING_H

#include "base/alloc.h"
#include "input/json.h"

enum field {
    F_KIND,
    F_WORKFLOW_ID,
    F_NL_INPUT,
    F_WORKFLOW_TEMPLATE,
    F_STATUS,
    F_MODEL,
    F_MODEL_USED,
    F_SELECTED_MODEL,
    F_PROVIDER,
    F_SELECTED_PROVIDER,
    F_ERROR_MESSAGE,
    F_ERROR_COUNT,
    F_RETRY_COUNT,
    F_DURATION_SECONDS,
    F_LATENCY_MS,
    F_INPUT_TOKENS,
    F_OUTPUT_TOKENS,
    F_CACHE_READ_TOKENS,
    F_CACHE_WRITE_TOKENS,
    F_CACHE_WRITE_1H_TOKENS,
    F_TOTAL_TOKENS,
    F_THINKING_BUDGET,
    F_THINKING_TOKENS,
    F_ACTUAL_COST_TOTAL,
    F_COST,
    F_SESSION_ID,
    F_USER_ID,
    F_ACCOUNT,
    F_CREATED_AT,
    F_TIMESTAMP,
    F_UPDATED_AT,
    F_PATTERN_SIGNATURE,
    F_AUTOMATION_STATUS,
    F_REVIEWED_BY,
    F_REVIEW_NOTES,
    F_EVENT_ID,
    F_FEEDBACK_ID,
    F_REQUEST_ID,
    F_PROMPT,
    F_MESSAGES,
    F_INPUT,
    F_PROMPT_HASH,
    F_PATTERN,
    F_PATTERN_DETECTED,
    F_PROMPT_PATTERN,
    F_COMPLEXITY,
    F_COMPLEXITY_SCORE,
    F_SUCCESS,
    F_QUALITY_SCORE,
    F_IS_CORRECT,
    F_IS_HELPFUL,
    F_COMMENT,
    F_SIGNATURE,
    F_EVENT,
    F_LOOKUP_MS,
    F_WRITE_MS,
    F_COST_SAVED,
    F_SIZE_BYTES,
    F_TURN,
    F_REVISION,
    F_STEP,
    F_TOOL_NAME,
    F_SPOOLED,
    FIELD_COUNT,
};

/* The members of the record at hand; NULL: absent or null. Taking stops at the first wrong one. */
struct decoding {
    const struct json_node *members[FIELD_COUNT];
    const struct json *json;
    struct json *owner;  /* the same, whose long texts may be taken from it; NULL: all are copied */
    struct arena *arena; /* gets the texts that are taken */
    struct text *error;
    bool wrong;
};

static inline bool given(const struct decoding *d, enum field field) {
    return d->members[field] != NULL;
}

static inline enum field first_given(const struct decoding *d, enum field a, enum field b) {
    return given(d, a) ? a : b;
}

/* False, with an error, if JSON holds no object. */
bool take_members(struct decoding *d, const struct json *json);

/* "FIELD: reason"; the first one stays. */
__attribute__((format(printf, 3, 4))) void refuse(struct decoding *d, enum field field, const char *format, ...);
/* A reason that is not one field's. */
void refuse_whole(struct decoding *d, const char *reason);

/* Each is absent (s NULL, UNKNOWN, NO_TIME, the fallback) if the field is. */

/* Prose, of any length; U+FFFD stands for a NUL. */
struct span take_prose(struct decoding *d, enum field field);
struct span take_name(struct decoding *d, enum field field);
/* A string that is not empty, or an integer, as its digits. */
struct span take_id(struct decoding *d, enum field field);
struct span take_required_id(struct decoding *d, enum field field);
/* A number of at least 0, times 10^PLACES; at PLACES 0 it must be whole. */
int64_t take_amount(struct decoding *d, enum field field, int places, int64_t most);
int64_t take_time(struct decoding *d, enum field field);
/* 1 or 0. */
int64_t take_verdict(struct decoding *d, enum field field);
/* The position of the text in NAMES. */
int take_choice(struct decoding *d, enum field field, const char *const *names, int count, int fallback);
/* 16 hexadecimal digits. False if absent or wrong. */
bool take_hash(struct decoding *d, enum field field, uint64_t *hash);
/* The text that a request puts before its model: the prompt, else the last text of a user in its messages or input. */
struct span take_prompt(struct decoding *d);

#endif
