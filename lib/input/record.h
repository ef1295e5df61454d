/* record: what the toolkit learns from, as plain values, and how it is decoded from JSON.
 *
 * A record's texts belong to the arena that it was decoded into. pl-records(5) says what each field means.
 */
#ifndef PL_INPUT_RECORD_H
#define PL_INPUT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "input/json.h"
#include "rules/prices.h"
#include "rules/version.h"

enum { NAME_BYTES_MAX = 1024, COMMENT_CHARACTERS = 1000 }; /* of an id, a model, an account, ...; of a comment */

enum record_kind { KIND_BY_SHAPE, KIND_WORKFLOW, KIND_REQUEST, KIND_FEEDBACK, KIND_CACHE, KIND_REVIEW, KIND_STEP,
                   KIND_LAST = KIND_STEP };

enum workflow_status { WORKFLOW_PENDING, WORKFLOW_RUNNING, WORKFLOW_COMPLETED, WORKFLOW_FAILED };

enum automation_status {
    AUTOMATION_DETECTED,
    AUTOMATION_CANDIDATE,
    AUTOMATION_APPROVED,
    AUTOMATION_IMPLEMENTED,
    AUTOMATION_ACTIVE,
    AUTOMATION_DEPRECATED,
};

static const int64_t NO_TIME = INT64_MIN;

/* Times are microseconds since 1970 or NO_TIME; counts are UNKNOWN or at least 0; absent texts have s NULL. */
struct workflow_record {
    struct span workflow_id, nl_input, workflow_template, model, error_message, session_id, account;
    enum workflow_status status;
    int64_t error_count, retry_count, duration_ms;
    int64_t input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, total_tokens;
    int64_t cache_write_1h_tokens; /* of cache_write_tokens */
    int64_t cost;                  /* nano-dollars */
    int64_t created_at, updated_at;
    int64_t revision;
    bool turn; /* of its session, whose requests and steps say what it took */
    struct version version;
};

static const int64_t SCORE_ONE = 1000;              /* a complexity score of 1, in thousandths */
static const int64_t QUALITY_MAX = 1000000000;      /* a quality of 1, in billionths */
static const int64_t LATENCY_MAX = 100000000000000; /* nanoseconds: a day */
static const int64_t RATING_LEAST = 1, RATING_MOST = 5;

struct request_record {
    struct span request_id, event_id, workflow_id, provider, model, account, user_id, session_id;
    struct span prompt;       /* its text, of which nothing is to be stored but the hash */
    bool hashed;              /* there is a prompt, or its hash */
    uint64_t prompt_hash;     /* the first 64 bits of the prompt's SHA-256 */
    struct span pattern;      /* as given */
    int64_t complexity;       /* as given: UNKNOWN, else an enum prompt_complexity */
    int64_t complexity_score; /* as given, thousandths */
    struct token_counts tokens;
    int64_t thinking_budget, thinking_tokens;
    int64_t cost;    /* nano-dollars, as given */
    int64_t latency; /* nanoseconds */
    int64_t success; /* UNKNOWN, 0 or 1 */
    int64_t quality; /* billionths */
    int64_t timestamp, updated_at, revision;
    struct version version;
};

struct feedback_record {
    struct span request_id, feedback_id, comment, user_id, session_id;
    struct span pattern, provider, model; /* of the request, where the record repeats them */
    int64_t complexity_score;             /* the same, thousandths */
    int64_t quality_score;                /* 1 to 5 */
    int64_t is_correct, is_helpful;       /* UNKNOWN, 0 or 1 */
    int64_t timestamp;
};

enum cache_event { CACHE_HIT, CACHE_MISS, CACHE_WRITE };

/* Bounds of one event, so that sums over millions of them fit: a cached answer's size, and what a hit saves. */
static const int64_t CACHED_SIZE_MAX = 1000000000000;  /* bytes: a terabyte */
static const int64_t CACHED_SAVED_MAX = 1000000000000; /* nano-dollars: a thousand dollars */

struct cache_record {
    struct span signature, account, user_id, event_id;
    enum cache_event event;
    int64_t duration;   /* of the lookup, or of the write: nanoseconds */
    int64_t cost_saved; /* by a hit: nano-dollars */
    int64_t size;       /* bytes */
    int64_t timestamp;
};

struct review_record {
    struct span pattern_signature, reviewed_by, review_notes, event_id;
    enum automation_status automation_status;
    int64_t timestamp;
};

enum step { STEP_TOOL, STEP_STOP };

struct step_record {
    struct span session_id, event_id, tool_name;
    enum step step;
    int64_t success; /* UNKNOWN, 0 or 1 */
    int64_t timestamp;
};

/* What a record that waited in a spool is known by besides what it says. */
struct spooled {
    int64_t at; /* when it came: the time of its recording */
    bool identified;
    struct digest identity; /* of one that names nothing it is about */
    bool no_text;           /* its texts are not to be kept */
};

struct record {
    enum record_kind kind;
    struct digest content; /* of all that the record says */
    int64_t recorded_at;   /* of one that waited; NO_TIME: now */
    bool no_text;          /* its texts are not to be kept, whatever the ledger does with others' */
    union {
        struct workflow_record workflow;
        struct request_record request;
        struct feedback_record feedback;
        struct cache_record cache;
        struct review_record review;
        struct step_record step;
    };
};

/* The numbers of the members that records have; for json_new and reader_new. */
int record_names(struct span key);

/* Decodes the value in JSON, whose members were numbered by record_names; a long text of it may be ARENA's afterwards.
 * KIND_BY_SHAPE: as its "kind", else its shape says. False: ERROR says which field is wrong and why. */
bool record_decode(struct json *json, enum record_kind kind, struct arena *arena, struct record *record,
                   struct text *error);

/* What a line of a spool says besides its record. False: it says nothing of that. */
bool record_spooled(const struct json *json, struct spooled *spooled);

/* The kind that the value in JSON names; KIND_BY_SHAPE if it names none. */
enum record_kind record_kind_said(const struct json *json);
/* Whether it has what record_decode_question needs. */
bool record_asks(const struct json *json);

/* Decodes of a request only what it asks: its prompt or prompt_hash, its request_id, a pattern and complexity that are
 * given. Whatever else is in it, be it another program's, is not looked at; nor is the hash made of a prompt. */
bool record_decode_question(const struct json *json, struct arena *arena, struct request_record *request,
                            struct text *error);

/* Whether the record bears the id of what it is about: a workflow's, or a request's. */
bool record_named(const struct record *record);
/* The id of the record itself (event_id, feedback_id); s NULL: none. */
struct span record_own_id(const struct record *record);
/* When it happened, as far as it says; NO_TIME. */
int64_t record_time(const struct record *record);

/* "workflow", ...; NULL and false for what is none. */
const char *record_kind_name(enum record_kind kind);
bool record_kind_named(struct span name, enum record_kind *kind);
const char *workflow_status_name(enum workflow_status status);
const char *cache_event_name(enum cache_event event);
const char *step_name(enum step step);
const char *automation_status_name(enum automation_status status);

#endif
