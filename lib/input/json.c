#include "input/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "base/alloc.h"

enum {
    LONG_TEXT = 256 * 1024, /* is handed on without a copy */
    ERROR_SIZE = 160,
    NODES_FIRST = 1024, /* as many as a file of rules has: what is not used is never touched */
};

struct json {
    json_names *names;
    yajl_handle parser;
    struct arena texts;
    struct json_node *nodes;
    uint32_t count, capacity;
    uint32_t open[JSON_DEPTH_MAX]; /* nodes whose end has not been seen */
    int depth;
    int skipping;    /* depth at which an unwanted member began, plus 1; 0: none */
    struct span key; /* of the next value */
    int name;
    bool whole;
    bool bad_text;       /* a text that was kept is not UTF-8 */
    const char *refused; /* why a callback stopped the parser */
    char error[ERROR_SIZE];
};

static bool skipped(const struct json *json) {
    return json->skipping > 0;
}

/* The parser takes for UTF-8 what is only like it: surrogates, forms that are too long, points beyond the last. */
static bool valid_utf8(struct span s) {
    while (s.n > 0 && (unsigned char)*s.s < 0x80)
        s = (struct span){s.s + 1, s.n - 1};
    while (s.n > 0) {
        uint32_t point;
        size_t size = utf8_decode(s, &point);
        if (size == 0)
            return false;
        s = (struct span){s.s + size, s.n - size};
    }
    return true;
}

static struct span keep_text(struct json *json, const void *bytes, size_t size) {
    struct span text = {arena_copy(&json->texts, bytes, size), size};
    json->bad_text = json->bad_text || !valid_utf8(text);
    return text;
}

static uint32_t add_node(struct json *json, enum json_type type, struct span text) {
    if (json->count == json->capacity) {
        json->capacity = json->capacity > 0 ? json->capacity * 2 : NODES_FIRST;
        json->nodes = xreallocarray(json->nodes, json->capacity, sizeof *json->nodes);
    }
    json->nodes[json->count] = (struct json_node){type, json->count + 1, json->name, json->key, text};
    json->key = (struct span){NULL, 0};
    json->name = JSON_UNWANTED;
    return json->count++;
}

/* After each value: the outermost is whole, an unwanted one is over. */
static int value_ended(struct json *json) {
    if (json->skipping == json->depth + 1)
        json->skipping = 0;
    json->whole = json->depth == 0;
    return 1;
}

static bool room_for_node(struct json *json) {
    if (json->count == JSON_NODES_MAX)
        json->refused = "too many values in one record";
    return json->count < JSON_NODES_MAX;
}

static int scalar(struct json *json, enum json_type type, const void *bytes, size_t size) {
    if (!skipped(json) && !room_for_node(json))
        return 0;
    if (!skipped(json))
        add_node(json, type, bytes != NULL ? keep_text(json, bytes, size) : (struct span){NULL, 0});
    return value_ended(json);
}

static int on_null(void *json) {
    return scalar(json, JSON_NULL, NULL, 0);
}

static int on_boolean(void *json, int value) {
    return scalar(json, value != 0 ? JSON_TRUE : JSON_FALSE, NULL, 0);
}

static int on_number(void *json, const char *text, size_t size) {
    return scalar(json, JSON_NUMBER, text, size);
}

static int on_string(void *json, const unsigned char *text, size_t size) {
    return scalar(json, JSON_STRING, text, size);
}

static int open_node(struct json *json, enum json_type type) {
    if (json->depth == JSON_DEPTH_MAX) {
        json->refused = "nested too deeply";
        return 0;
    }
    if (!skipped(json) && !room_for_node(json))
        return 0;
    if (!skipped(json))
        json->open[json->depth] = add_node(json, type, (struct span){NULL, 0});
    json->depth++;
    return 1;
}

static int close_node(struct json *json) {
    json->depth--;
    if (!skipped(json))
        json->nodes[json->open[json->depth]].next = json->count;
    return value_ended(json);
}

static int on_start_map(void *json) {
    return open_node(json, JSON_OBJECT);
}

static int on_start_array(void *json) {
    return open_node(json, JSON_ARRAY);
}

static int on_end(void *json) {
    return close_node(json);
}

static int on_key(void *context, const unsigned char *key, size_t size) {
    struct json *json = context;
    struct span name = {(const char *)key, size};
    if (skipped(json))
        return 1;
    if (json->depth != 1 || json->names == NULL)
        json->key = keep_text(json, key, size);
    else if ((json->name = json->names(name)) == JSON_UNWANTED)
        json->skipping = json->depth + 1;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

struct json *json_new(json_names *names) {
    struct json *json = xcalloc(1, sizeof *json);
    json->names = names;
    return json;
}

void json_free(struct json *json) {
    if (json == NULL)
        return;
    if (json->parser != NULL)
        yajl_free(json->parser);
    arena_free(&json->texts);
    free(json->nodes);
    free(json);
}

static void *take(void *context, size_t size) {
    (void)context;
    return xmalloc(size);
}

static void *take_more(void *context, void *memory, size_t size) {
    (void)context;
    return xrealloc(memory, size);
}

static void give_back(void *context, void *memory) {
    (void)context;
    free(memory);
}

void json_begin(struct json *json) {
    yajl_alloc_funcs memory = {take, take_more, give_back, NULL};
    if (json->parser != NULL)
        yajl_free(json->parser);
    json->parser = yajl_alloc(&callbacks, &memory, json);
    yajl_config(json->parser, yajl_allow_trailing_garbage, 1); /* the parser stops after one value */
    arena_reset(&json->texts);
    json->count = 0;
    json->depth = json->skipping = 0;
    json->whole = json->bad_text = false;
    json->refused = NULL;
    json->key = (struct span){NULL, 0};
    json->name = JSON_UNWANTED;
}

/* The parser's message is several lines; the first one is enough, without "parse error: ". */
static void take_error(struct json *json) {
    if (json->refused != NULL) {
        snprintf(json->error, sizeof json->error, "%s", json->refused);
        return;
    }
    unsigned char *message = yajl_get_error(json->parser, 0, NULL, 0);
    const char *reason = strstr((char *)message, ": ");
    reason = reason != NULL ? reason + 2 : (char *)message;
    snprintf(json->error, sizeof json->error, "not JSON: %.*s", (int)strcspn(reason, ".\n"), reason);
    yajl_free_error(json->parser, message);
}

enum json_status json_feed(struct json *json, const char *bytes, size_t size, size_t *used) {
    yajl_status status = yajl_parse(json->parser, (const unsigned char *)bytes, size);
    *used = yajl_get_bytes_consumed(json->parser);
    if (status != yajl_status_ok) {
        take_error(json);
        return JSON_WRONG;
    }
    if (json->whole)
        return JSON_WHOLE;
    *used = size;
    return JSON_MORE;
}

enum json_status json_end(struct json *json) {
    if (yajl_complete_parse(json->parser) == yajl_status_ok && json->whole)
        return JSON_WHOLE;
    snprintf(json->error, sizeof json->error, "not JSON: it ends in the middle of a value");
    return JSON_WRONG;
}

/* The value of the \uXXXX at S, of which SIZE bytes are there; 0 if it is none. */
static unsigned escape_at(const char *s, size_t size) {
    unsigned value = 0;
    if (size < 6 || s[0] != '\\' || s[1] != 'u')
        return 0;
    for (int i = 2; i < 6; i++) {
        char c = s[i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
        value = value << 4 | (digit & 15);
    }
    return value;
}

static bool high_half(unsigned point) {
    return point >= 0xd800 && point <= 0xdbff;
}

static bool low_half(unsigned point) {
    return point >= 0xdc00 && point <= 0xdfff;
}

/* TEXT, which is JSON, with each half of a surrogate pair replaced by U+FFFD, into MENDED. False if there is none. The
 * parser makes a question mark of some, and pairs others with what is no half. */
static bool mend_surrogates(struct span text, struct text *mended) {
    const char *s = text.s, *end = s + text.n, *copied = s;
    while ((s = memchr(s, '\\', (size_t)(end - s))) != NULL && end - s >= 2) {
        size_t left = (size_t)(end - s);
        unsigned point = escape_at(s, left);
        if (high_half(point) && left >= 12 && low_half(escape_at(s + 6, left - 6))) {
            s += 12;
        } else if (high_half(point) || low_half(point)) {
            text_bytes(mended, copied, (size_t)(s - copied));
            text_string(mended, "\\uFFFD");
            s += 6;
            copied = s;
        } else {
            s += 2;
        }
    }
    if (copied == text.s)
        return false;
    text_bytes(mended, copied, (size_t)(end - copied));
    return true;
}

/* The parser takes these for white space. In a string they are wrong anyway, so that they are wrong everywhere. */
static bool has_other_space(struct span text) {
    return memchr(text.s, '\v', text.n) != NULL || memchr(text.s, '\f', text.n) != NULL;
}

enum json_status json_settle(struct json *json, struct span text) {
    struct text mended = {0};
    size_t used;
    enum json_status status = JSON_WHOLE;
    if (mend_surrogates(text, &mended)) {
        json_begin(json);
        status = json_feed(json, mended.s, mended.n, &used);
        if (status == JSON_MORE)
            status = json_end(json);
    }
    text_free(&mended);
    if (status == JSON_WHOLE && json->bad_text) {
        snprintf(json->error, sizeof json->error, "not JSON: invalid bytes in UTF8 string");
        return JSON_WRONG;
    }
    if (status == JSON_WHOLE && has_other_space(text)) {
        snprintf(json->error, sizeof json->error, "not JSON: a vertical tab or form feed is no white space");
        return JSON_WRONG;
    }
    return status;
}

bool json_parse(struct json *json, struct span text) {
    size_t used = 0;
    json_begin(json);
    enum json_status status = json_feed(json, text.s, text.n, &used);
    if (status == JSON_MORE) {
        status = json_end(json);
        used = text.n;
    }
    if (status == JSON_WHOLE)
        status = json_settle(json, (struct span){text.s, used});
    while (status == JSON_WHOLE && used < text.n && text.s[used] != '\0' && strchr(" \t\r\n", text.s[used]) != NULL)
        used++;
    if (status == JSON_WHOLE && used < text.n)
        snprintf(json->error, sizeof json->error, "not JSON: something follows the value");
    return status == JSON_WHOLE && used == text.n;
}

const char *json_error(const struct json *json) {
    return json->error;
}

const struct json_node *json_nodes(const struct json *json) {
    return json->nodes;
}

struct span json_keep(struct json *json, struct span text, struct arena *arena) {
    if (text.n < LONG_TEXT)
        return (struct span){arena_copy(arena, text.s, text.n), text.n};
    return (struct span){arena_pass(&json->texts, arena, text.s, text.n), text.n};
}

const struct json_node *json_member(const struct json *json, const struct json_node *node, const char *key) {
    const struct json_node *found = NULL;
    if (node == NULL || node->type != JSON_OBJECT)
        return NULL;
    uint32_t index = (uint32_t)(node - json->nodes);
    for (uint32_t at = index + 1; at < node->next; at = json->nodes[at].next)
        if (span_is(json->nodes[at].key, key))
            found = &json->nodes[at];
    return found;
}
