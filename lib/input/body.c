#include "input/body.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/decimal.h"

enum { LOW_MOST = 4096, MEDIUM_MOST = 16384, ANTHROPIC_LEAST = 1024 }; /* tokens */
enum { ANSWER_SHARE = 4 };                                             /* one in so many is left for the answer */

/* A member as the text has it: offsets, of the key without its quotes. */
struct member {
    uint32_t key, key_end, value, value_end;
};

struct edit {
    char *key;
    char *json; /* NULL: the member is removed */
    size_t size;
    bool written;
};

struct body {
    struct span text;
    struct member *members;
    size_t count, capacity;
    struct edit *edits;
    size_t edit_count, edit_capacity;
    struct body *inner; /* for edits in an object that is a member's value */
    struct text name;   /* of the model that the body will have */
    struct text value;  /* being put together */
};

/* -- reading JSON ----------------------------------------------------------------------------------------------- */

/* White space, and two that are none in JSON, but which our parser takes for it. */
static bool blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Past the string whose first byte after the quote is S; of one that does not end, END. */
static const char *string_end(const char *s, const char *end) {
    for (const char *from = s, *quote; (quote = memchr(from, '"', (size_t)(end - from))) != NULL; from = quote + 1) {
        const char *escapes = quote;
        while (escapes > s && escapes[-1] == '\\')
            escapes--;
        if ((quote - escapes) % 2 == 0)
            return quote + 1;
    }
    return end;
}

/* Past the array or object that begins at S. */
static const char *nested_end(const char *s, const char *end) {
    size_t depth = 0;
    while (s < end) {
        char c = *s++;
        if (c == '"')
            s = string_end(s, end);
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return s;
    }
    return end;
}

static const char *value_end(const char *s, const char *end) {
    if (s < end && *s == '"')
        return string_end(s + 1, end);
    if (s < end && (*s == '{' || *s == '['))
        return nested_end(s, end);
    while (s < end && !blank(*s) && *s != ',' && *s != ':' && *s != '}' && *s != ']')
        s++;
    return s;
}

/* Goes through the members of an object, or the elements of an array. */
struct walk {
    const char *at, *end;
    bool members;
};

static const char *pass_blanks(const char *s, const char *end) {
    while (s < end && blank(*s))
        s++;
    return s;
}

/* False, and nothing to go through, if JSON does not begin with BRACKET. */
static bool walk_begin(struct walk *walk, struct span json, char bracket) {
    *walk = (struct walk){NULL, NULL, bracket == '{'};
    if (json.n == 0)
        return false;
    const char *end = json.s + json.n, *s = pass_blanks(json.s, end);
    if (s == end || *s != bracket)
        return false;
    walk->at = s + 1;
    walk->end = end;
    return true;
}

/* The next VALUE, and of a member the KEY as it is written between its quotes. */
static bool walk_next(struct walk *walk, struct span *key, struct span *value) {
    const char *end = walk->end, *s = pass_blanks(walk->at, end);
    if (s < end && *s == ',')
        s = pass_blanks(s + 1, end);
    if (walk->members) {
        if (s == end || *s != '"')
            return false;
        const char *after = string_end(s + 1, end);
        if (after - s < 2 || after == end)
            return false;
        *key = (struct span){s + 1, (size_t)(after - s) - 2};
        s = pass_blanks(after, end);
        if (s == end || *s != ':')
            return false;
        s = pass_blanks(s + 1, end);
    }
    walk->at = value_end(s, end);
    *value = (struct span){s, (size_t)(walk->at - s)};
    return value->n > 0;
}

static uint32_t hex4(const char *s) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = s[i];
        uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') : ((uint32_t)c | 0x20U) - 'a' + 10;
        value = value << 4 | (digit & 0xfU);
    }
    return value;
}

static size_t utf8_encode(uint32_t point, char out[4]) {
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80U | (point & 0x3fU));
    out[0] = (char)(first[size] | point);
    return size;
}

/* Takes a \u escape, with its other half, from the beginning of *REST. Half of a pair becomes U+FFFD. */
static uint32_t take_escape(struct span *rest) {
    uint32_t point = hex4(rest->s + 2);
    size_t size = 6;
    bool high = point >= 0xd800 && point < 0xdc00;
    uint32_t low = high && rest->n >= 12 && rest->s[6] == '\\' && rest->s[7] == 'u' ? hex4(rest->s + 8) : 0;
    if (low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        size = 12;
    } else if (point >= 0xd800 && point < 0xe000) {
        point = 0xfffd;
    }
    rest->s += size;
    rest->n -= size;
    return point;
}

/* Takes the next bytes that a string stands for, 1 to 4 of them, from what is written between its quotes. */
static size_t take_decoded(struct span *rest, char out[4]) {
    static const char plain[] = "bfnrt", meant[] = "\b\f\n\r\t";
    if (*rest->s == '\\' && rest->n >= 6 && rest->s[1] == 'u')
        return utf8_encode(take_escape(rest), out);
    bool escaped = *rest->s == '\\' && rest->n >= 2;
    const char *at = escaped ? memchr(plain, rest->s[1], sizeof plain - 1) : NULL;
    *out = at != NULL ? meant[at - plain] : rest->s[escaped ? 1 : 0];
    rest->s += escaped ? 2 : 1;
    rest->n -= escaped ? 2 : 1;
    return 1;
}

/* Whether what is written between quotes as WRITTEN stands for STRING. */
static bool stands_for(struct span written, const char *string) {
    size_t left = strlen(string);
    if (written.n < left || (written.n > left && memchr(written.s, '\\', written.n) == NULL))
        return false;
    char bytes[4];
    for (size_t size; written.n > 0; string += size, left -= size) {
        size = take_decoded(&written, bytes);
        if (size > left || memcmp(bytes, string, size) != 0)
            return false;
    }
    return left == 0;
}

static bool is_string(struct span json) {
    return json.n >= 2 && *json.s == '"';
}

static struct span unquoted(struct span json) {
    return (struct span){json.s + 1, json.n - 2};
}

static bool string_is(struct span json, const char *string) {
    return is_string(json) && stands_for(unquoted(json), string);
}

static bool is_object(struct span json) {
    return json.n > 0 && *json.s == '{';
}

static bool is_null(struct span json) {
    return json.n == 0 || *json.s == 'n';
}

/* The last member KEY of OBJECT; s NULL if there is none, or it is no object. */
static struct span member_of(struct span object, const char *key) {
    struct walk walk;
    struct span name, value, found = {NULL, 0};
    walk_begin(&walk, object, '{');
    while (walk_next(&walk, &name, &value))
        if (stands_for(name, key))
            found = value;
    return found;
}

/* -- editing ---------------------------------------------------------------------------------------------------- */

struct body *body_new(void) {
    return xcalloc(1, sizeof(struct body));
}

static void forget_edits(struct body *body) {
    for (size_t i = 0; i < body->edit_count; i++) {
        free(body->edits[i].key);
        free(body->edits[i].json);
    }
    body->edit_count = 0;
}

void body_free(struct body *body) {
    if (body == NULL)
        return;
    forget_edits(body);
    body_free(body->inner); /* which has none itself */
    free(body->members);
    free(body->edits);
    text_free(&body->name);
    text_free(&body->value);
    free(body);
}

static uint32_t offset_in(const struct body *body, const char *at) {
    return (uint32_t)(at - body->text.s);
}

static void add_member(struct body *body, struct span key, struct span value) {
    if (body->count == body->capacity) {
        body->capacity = body->capacity > 0 ? 2 * body->capacity : 32;
        body->members = xreallocarray(body->members, body->capacity, sizeof *body->members);
    }
    body->members[body->count++] = (struct member){offset_in(body, key.s), offset_in(body, key.s + key.n),
                                                   offset_in(body, value.s), offset_in(body, value.s + value.n)};
}

bool body_begin(struct body *body, struct span text) {
    struct walk walk;
    struct span key, value;
    forget_edits(body);
    body->count = 0;
    body->text = text;
    if (text.n > UINT32_MAX || !walk_begin(&walk, text, '{'))
        return false;
    while (walk_next(&walk, &key, &value))
        add_member(body, key, value);
    return true;
}

static struct span key_of(const struct body *body, const struct member *member) {
    return (struct span){body->text.s + member->key, member->key_end - member->key};
}

static struct span value_of(const struct body *body, const struct member *member) {
    return (struct span){body->text.s + member->value, member->value_end - member->value};
}

struct span body_member(const struct body *body, const char *key) {
    for (size_t i = 0; i < body->edit_count; i++)
        if (strcmp(body->edits[i].key, key) == 0)
            return (struct span){body->edits[i].json, body->edits[i].size};
    for (size_t i = body->count; i-- > 0;)
        if (stands_for(key_of(body, &body->members[i]), key))
            return value_of(body, &body->members[i]);
    return (struct span){NULL, 0};
}

/* The edit of KEY, which is made if there is none. */
static struct edit *edit_of(struct body *body, const char *key) {
    for (size_t i = 0; i < body->edit_count; i++)
        if (strcmp(body->edits[i].key, key) == 0)
            return &body->edits[i];
    if (body->edit_count == body->edit_capacity) {
        body->edit_capacity = body->edit_capacity > 0 ? 2 * body->edit_capacity : 8;
        body->edits = xreallocarray(body->edits, body->edit_capacity, sizeof *body->edits);
    }
    body->edits[body->edit_count] = (struct edit){.key = xstrdup(key)};
    return &body->edits[body->edit_count++];
}

void body_set(struct body *body, const char *key, struct span json) {
    char *copy = xmemdup(json.s, json.n); /* first: it may be what an edit holds */
    struct edit *edit = edit_of(body, key);
    free(edit->json);
    edit->json = copy;
    edit->size = json.n;
}

void body_remove(struct body *body, const char *key) {
    struct edit *edit = edit_of(body, key);
    free(edit->json);
    edit->json = NULL;
    edit->size = 0;
}

/* -- writing ---------------------------------------------------------------------------------------------------- */

/* Appends JSON without the white space between its tokens. */
static void write_compact(struct text *out, struct span json) {
    const char *s = json.s, *end = s + json.n;
    while (s < end) {
        const char *run = s;
        while (s < end && !blank(*s))
            s = *s == '"' ? string_end(s + 1, end) : s + 1;
        text_bytes(out, run, (size_t)(s - run));
        s = pass_blanks(s, end);
    }
}

static struct edit *edit_for(struct body *body, struct span key) {
    for (size_t i = 0; i < body->edit_count; i++)
        if (stands_for(key, body->edits[i].key))
            return &body->edits[i];
    return NULL;
}

/* A member; one that is removed, or a duplicate of one that was replaced, is passed over. */
static bool write_member(struct body *body, const struct member *member, const char *comma, struct text *out) {
    struct edit *edit = edit_for(body, key_of(body, member));
    if (edit != NULL && edit->written)
        return false;
    struct span value = value_of(body, member);
    text_string(out, comma);
    text_bytes(out, body->text.s + member->key - 1, member->key_end - member->key + 2);
    text_bytes(out, ":", 1);
    if (edit != NULL) {
        edit->written = true;
        value = (struct span){edit->json, edit->size};
    }
    write_compact(out, value);
    return true;
}

static void append_member(const struct edit *edit, const char *comma, struct text *out) {
    text_string(out, comma);
    text_json_string(out, span_of(edit->key));
    text_bytes(out, ":", 1);
    write_compact(out, (struct span){edit->json, edit->size});
}

void body_write(struct body *body, struct text *out) {
    const char *comma = "";
    text_reserve(out, body->text.n + 1);
    text_bytes(out, "{", 1);
    for (size_t i = 0; i < body->edit_count; i++)
        body->edits[i].written = body->edits[i].json == NULL;
    for (size_t i = 0; i < body->count; i++)
        if (write_member(body, &body->members[i], comma, out))
            comma = ",";
    for (size_t i = 0; i < body->edit_count; i++)
        if (!body->edits[i].written) {
            append_member(&body->edits[i], comma, out);
            comma = ",";
        }
    text_bytes(out, "}", 1);
}

/* -- whose request it is ---------------------------------------------------------------------------------------- */

static bool has(const struct body *body, const char *key) {
    return !is_null(body_member(body, key));
}

/* Whether it has any member of KEYS, which ends with NULL. */
static bool has_any(const struct body *body, const char *const *keys) {
    while (*keys != NULL && !has(body, *keys))
        keys++;
    return *keys != NULL;
}

static bool any_of(struct span json, const char *const *strings) {
    while (*strings != NULL && !string_is(json, *strings))
        strings++;
    return *strings != NULL;
}

/* The first, or the last, element of ARRAY; s NULL: there is none. */
static struct span first_of(struct span array) {
    struct walk walk;
    struct span value;
    return walk_begin(&walk, array, '[') && walk_next(&walk, NULL, &value) ? value : (struct span){NULL, 0};
}

static struct span last_of(struct span array) {
    struct walk walk;
    struct span value, last = {NULL, 0};
    walk_begin(&walk, array, '[');
    while (walk_next(&walk, NULL, &value))
        last = value;
    return last;
}

/* Whether a block of the content of MESSAGE has one of TYPES. */
static bool has_block(struct span message, const char *const *types) {
    struct walk walk;
    struct span block;
    walk_begin(&walk, member_of(message, "content"), '[');
    while (walk_next(&walk, NULL, &block))
        if (any_of(member_of(block, "type"), types))
            return true;
    return false;
}

/* The lower-case name, after the last '/', of a model. */
static void plain_name(struct text *name, struct span model) {
    const char *slash = model.n > 0 ? memrchr(model.s, '/', model.n) : NULL;
    size_t from = slash != NULL ? (size_t)(slash - model.s) + 1 : 0;
    text_clear(name);
    text_bytes(name, model.s + from, model.n - from);
    for (size_t i = 0; i < name->n; i++)
        if (name->s[i] >= 'A' && name->s[i] <= 'Z')
            name->s[i] = (char)(name->s[i] - 'A' + 'a');
}

/* The same of the model that the body names; empty if it names none. */
static void own_name(const struct body *body, struct text *name) {
    struct span model = body_member(body, "model"), rest = is_string(model) ? unquoted(model) : (struct span){"", 0};
    struct text decoded = {0};
    char bytes[4];
    while (rest.n > 0)
        text_bytes(&decoded, bytes, take_decoded(&rest, bytes));
    plain_name(name, text_span(&decoded));
    text_free(&decoded);
}

/* Where a name begins to say which Claude it is: "claude-...", also after a place and a maker as in
 * "us.anthropic.claude-..."; NULL: it is none. */
static const char *claude_in(const char *name) {
    const char *at = strstr(name, "claude");
    return at != NULL && (at == name || at[-1] == '.') ? at : NULL;
}

static bool names_claude(const struct body *body) {
    struct text name = {0};
    own_name(body, &name);
    bool claude = claude_in(name.s) != NULL;
    text_free(&name);
    return claude;
}

static bool anthropic_blocks(const struct body *body) {
    static const char *const types[] = {"tool_use",          "tool_result",     "thinking",
                                        "redacted_thinking", "image",           "document",
                                        "search_result",     "server_tool_use", NULL};
    struct walk walk;
    struct span message;
    walk_begin(&walk, body_member(body, "messages"), '[');
    while (walk_next(&walk, NULL, &message))
        if (has_block(message, types))
            return true;
    return false;
}

/* The rules of a conversation come in a message: in Anthropic's API they have a member of their own. */
static bool openai_instructions(const struct body *body) {
    static const char *const roles[] = {"system", "developer", NULL};
    return any_of(member_of(first_of(body_member(body, "messages")), "role"), roles);
}

enum body_api body_api(const struct body *body) {
    static const char *const responses[] = {"input", "instructions", "max_output_tokens", "previous_response_id", NULL};
    static const char *const anthropic[] = {"system", "thinking", "anthropic_version", "stop_sequences", NULL};
    static const char *const chat[] = {"reasoning_effort",
                                       "reasoning",
                                       "max_completion_tokens",
                                       "response_format",
                                       "frequency_penalty",
                                       "presence_penalty",
                                       "stream_options",
                                       "logit_bias",
                                       "logprobs",
                                       "functions",
                                       "stop",
                                       "n",
                                       "seed",
                                       NULL};
    if (!has(body, "messages"))
        return has_any(body, responses) ? API_OPENAI_RESPONSES : API_NONE;
    if (!has(body, "max_tokens"))
        return API_OPENAI_CHAT;
    if (has_any(body, anthropic))
        return API_ANTHROPIC;
    if (has_any(body, chat) || openai_instructions(body))
        return API_OPENAI_CHAT;
    bool claude = has(body, "top_k") || names_claude(body) || anthropic_blocks(body) ||
                  !is_null(member_of(first_of(body_member(body, "tools")), "input_schema"));
    return claude ? API_ANTHROPIC : API_OPENAI_CHAT;
}

/* -- members of members ----------------------------------------------------------------------------------------- */

/* Begins editing the object that is the member OUTER; one that is none becomes one. */
static struct body *open_member(struct body *body, const char *outer) {
    struct span object = body_member(body, outer);
    if (body->inner == NULL)
        body->inner = body_new();
    body_begin(body->inner, is_object(object) ? object : span_of("{}"));
    return body->inner;
}

static void close_member(struct body *body, const char *outer) {
    text_clear(&body->value);
    body_write(body->inner, &body->value);
    if (span_is(text_span(&body->value), "{}"))
        body_remove(body, outer);
    else
        body_set(body, outer, text_span(&body->value));
}

static void set_in(struct body *body, const char *outer, const char *key, struct span json) {
    body_set(open_member(body, outer), key, json);
    close_member(body, outer);
}

static void remove_in(struct body *body, const char *outer, const char *key) {
    body_remove(open_member(body, outer), key);
    close_member(body, outer);
}

/* -- applying --------------------------------------------------------------------------------------------------- */

/* What is to be set. */
struct advice {
    int64_t budget;
    bool replaced; /* another model than the body's own */
    struct text *scratch;
};

static struct span number(const struct advice *advice, int64_t value) {
    text_clear(advice->scratch);
    text_format(advice->scratch, "%lld", (long long)value);
    return text_span(advice->scratch);
}

enum effort { EFFORT_LOW, EFFORT_MEDIUM, EFFORT_HIGH };

static enum effort effort_of(int64_t budget) {
    return budget <= LOW_MOST ? EFFORT_LOW : budget <= MEDIUM_MOST ? EFFORT_MEDIUM : EFFORT_HIGH;
}

/* As JSON. */
static struct span effort_json(enum effort effort) {
    static const char *const names[] = {"\"low\"", "\"medium\"", "\"high\""};
    return span_of(names[effort]);
}

/* Whether JSON is a number between LEAST and MOST, in thousandths. */
static bool between(struct span json, int64_t least, int64_t most) {
    int64_t value;
    bool exact;
    return decimal_scaled(json, 3, &value, &exact) && (value > least || (value == least && exact)) &&
           (value < most || (value == most && exact));
}

/* Takes the digits at *S; false, and *VALUE 0, if there are none, or so many that they are a date. */
static bool take_version(const char **s, int *value) {
    size_t digits = strspn(*s, "0123456789");
    *value = digits == 1 || digits == 2 ? atoi(*s) : 0;
    *s += digits;
    return digits == 1 || digits == 2;
}

/* -- Anthropic -------------------------------------------------------------------------------------------------- */

/* What a model takes of thinking. */
enum claude_thinking { CLAUDE_UNKNOWN, CLAUDE_NONE, CLAUDE_BUDGET, CLAUDE_BOTH, CLAUDE_ADAPTIVE };

struct claude {
    enum claude_thinking thinking;
    bool effort;
};

/* 405 for claude-opus-4-5-20251101, claude-4.5-opus and the like; 0 if the name says no version. */
static int claude_version(const char *claude) {
    int major, minor = 0;
    const char *s = claude + strcspn(claude, "0123456789:@");
    if (s == claude || s[-1] != '-' || !take_version(&s, &major))
        return 0;
    if (*s == '-' || *s == '.') {
        s++;
        take_version(&s, &minor);
    }
    return major * 100 + minor;
}

static struct claude claude_of(const char *name) {
    const char *claude = claude_in(name);
    int version = claude != NULL ? claude_version(claude) : 0;
    enum claude_thinking thinking = version == 0    ? CLAUDE_UNKNOWN
                                    : version < 307 ? CLAUDE_NONE
                                    : version < 406 ? CLAUDE_BUDGET
                                    : version < 407 ? CLAUDE_BOTH
                                                    : CLAUDE_ADAPTIVE;
    return (struct claude){thinking, version >= 406 || (version == 405 && strstr(claude, "opus") != NULL)};
}

/* Whether thinking can be turned on: what is said to be wrong with it else is in Anthropic's manual of the feature. */
static bool may_think(const struct body *body) {
    static const char *const forced[] = {"any", "tool", NULL}, *const result[] = {"tool_result", NULL};
    struct span temperature = body_member(body, "temperature"), top_p = body_member(body, "top_p");
    struct span last = last_of(body_member(body, "messages"));
    return (is_null(temperature) || between(temperature, 1000, 1000)) &&
           (is_null(top_p) || between(top_p, 950, 1000)) && !has(body, "top_k") &&
           !any_of(member_of(body_member(body, "tool_choice"), "type"), forced) &&
           !string_is(member_of(last, "role"), "assistant") && !has_block(last, result);
}

/* The budget that leaves a quarter of "max_tokens" for the answer, which comes out of it too; 0: none does. */
static int64_t fitting_budget(const struct body *body, int64_t budget) {
    int64_t most;
    bool exact;
    if (!decimal_scaled(body_member(body, "max_tokens"), 0, &most, &exact) || !exact)
        return 0;
    most -= most / ANSWER_SHARE;
    budget = budget < ANTHROPIC_LEAST ? ANTHROPIC_LEAST : budget;
    return most < ANTHROPIC_LEAST ? 0 : budget < most ? budget : most;
}

static void think_by_budget(struct body *body, const struct advice *advice, int64_t budget) {
    struct body *thinking = open_member(body, "thinking");
    body_set(thinking, "type", span_of("\"enabled\""));
    body_set(thinking, "budget_tokens", number(advice, budget));
    close_member(body, "thinking");
}

static void think_by_effort(struct body *body, const struct advice *advice) {
    struct body *thinking = open_member(body, "thinking");
    body_set(thinking, "type", span_of("\"adaptive\""));
    body_remove(thinking, "budget_tokens");
    close_member(body, "thinking");
    set_in(body, "output_config", "effort", effort_json(effort_of(advice->budget)));
}

/* For a model that is not known what is there already may change. */
static void apply_unknown_claude(struct body *body, const struct advice *advice, bool enabled, bool adaptive) {
    int64_t budget = fitting_budget(body, advice->budget);
    if (enabled && budget > 0)
        think_by_budget(body, advice, budget);
    else if (adaptive && !is_null(member_of(body_member(body, "output_config"), "effort")))
        think_by_effort(body, advice);
}

static void apply_anthropic(struct body *body, const struct advice *advice) {
    struct claude claude = claude_of(body->name.s);
    struct span type = member_of(body_member(body, "thinking"), "type");
    bool enabled = string_is(type, "enabled"), adaptive = string_is(type, "adaptive"), on = enabled || adaptive;
    int64_t budget = fitting_budget(body, advice->budget);
    if (claude.thinking == CLAUDE_UNKNOWN) {
        apply_unknown_claude(body, advice, enabled, adaptive);
        return;
    }
    if (advice->replaced && !claude.effort && !is_null(member_of(body_member(body, "output_config"), "effort")))
        remove_in(body, "output_config", "effort");
    if (advice->replaced && (claude.thinking == CLAUDE_NONE ? on : claude.thinking == CLAUDE_BUDGET && adaptive))
        body_remove(body, "thinking");
    if (claude.thinking == CLAUDE_NONE || string_is(type, "disabled") || (!on && !may_think(body)))
        return;
    if (claude.thinking == CLAUDE_ADAPTIVE || (claude.thinking == CLAUDE_BOTH && adaptive))
        think_by_effort(body, advice);
    else if (budget > 0)
        think_by_budget(body, advice, budget);
}

/* -- OpenAI ----------------------------------------------------------------------------------------------------- */

enum effort_range { EFFORTS_UNKNOWN, EFFORTS_FIXED, EFFORTS_FROM_MEDIUM, EFFORTS_ALL };

/* What a model takes of reasoning. */
struct openai {
    enum effort_range efforts;
    bool none;         /* it may be told not to reason */
    bool tools_either; /* in chat completions, with tools it must not */
};

static bool contains(const char *name, const char *const *parts) {
    while (*parts != NULL && strstr(name, *parts) == NULL)
        parts++;
    return *parts != NULL;
}

/* S follows "gpt-". */
static struct openai gpt_of(const char *s) {
    static const char *const fixed[] = {"-chat", "-search", "-image", "-audio", "-realtime", NULL};
    static const char *const always[] = {"-codex", "-pro", NULL};
    int major, minor = 0;
    if (!take_version(&s, &major) || major > 9) /* gpt-35-turbo is a 3.5 */
        return (struct openai){EFFORTS_UNKNOWN, false, false};
    if (*s == '.') {
        s++;
        take_version(&s, &minor);
    }
    if (major < 5 || contains(s, fixed))
        return (struct openai){EFFORTS_FIXED, false, false};
    bool pro = strstr(s, "-pro") != NULL;
    enum effort_range efforts = !pro ? EFFORTS_ALL : major == 5 && minor == 0 ? EFFORTS_FIXED : EFFORTS_FROM_MEDIUM;
    int version = major * 100 + minor;
    return (struct openai){efforts, version >= 501 && !contains(s, always), version >= 502};
}

/* S follows "o". */
static struct openai o_of(const char *s) {
    static const char *const early[] = {"-preview", "-deep-research", NULL};
    int number;
    const char *name = s;
    if (!take_version(&s, &number) || (*s != '\0' && *s != '-'))
        return (struct openai){EFFORTS_UNKNOWN, false, false};
    bool fixed = contains(s, early) || strncmp(name, "1-mini", 6) == 0;
    return (struct openai){fixed ? EFFORTS_FIXED : EFFORTS_ALL, false, false};
}

static struct openai openai_of(const char *name) {
    if (strncmp(name, "gpt-", 4) == 0)
        return gpt_of(name + 4);
    if (*name == 'o')
        return o_of(name + 1);
    return (struct openai){strncmp(name, "chatgpt-", 8) == 0 ? EFFORTS_FIXED : EFFORTS_UNKNOWN, false, false};
}

/* Models that may be told not to reason let these be set only then. */
static bool sampling_set(const struct body *body) {
    struct span temperature = body_member(body, "temperature"), top_p = body_member(body, "top_p");
    struct span logprobs = body_member(body, "logprobs");
    return (!is_null(temperature) && !between(temperature, 1000, 1000)) ||
           (!is_null(top_p) && !between(top_p, 1000, 1000)) || (logprobs.n > 0 && *logprobs.s == 't');
}

static bool has_tools(const struct body *body) {
    return first_of(body_member(body, "tools")).s != NULL || first_of(body_member(body, "functions")).s != NULL;
}

/* NESTED: the effort is a member of "reasoning". */
static struct span effort_in(const struct body *body, bool nested) {
    return nested ? member_of(body_member(body, "reasoning"), "effort") : body_member(body, "reasoning_effort");
}

static void apply_effort(struct body *body, const struct advice *advice, bool nested, bool chat) {
    struct openai model = openai_of(body->name.s);
    struct span present = effort_in(body, nested);
    bool there = is_string(present), unknown = model.efforts == EFFORTS_UNKNOWN;
    bool refused = model.efforts == EFFORTS_FIXED || (chat && model.tools_either && has_tools(body));
    if (string_is(present, "none") && (!advice->replaced || model.none || unknown))
        return;
    if (refused && advice->replaced)
        body_remove(body, nested ? "reasoning" : "reasoning_effort");
    if (refused || (!there && (unknown || sampling_set(body))))
        return;
    enum effort effort = effort_of(advice->budget);
    if (model.efforts == EFFORTS_FROM_MEDIUM && effort == EFFORT_LOW)
        effort = EFFORT_MEDIUM;
    if (nested)
        set_in(body, "reasoning", "effort", effort_json(effort));
    else
        body_set(body, "reasoning_effort", effort_json(effort));
}

/* Others than OpenAI take budgets in chat completions: routers a "reasoning" with an effort or a budget. */
static void apply_chat(struct body *body, const struct advice *advice) {
    struct span reasoning = body_member(body, "reasoning");
    if (has(body, "thinking_budget"))
        body_set(body, "thinking_budget", number(advice, advice->budget));
    else if (!is_null(member_of(reasoning, "max_tokens")))
        set_in(body, "reasoning", "max_tokens", number(advice, advice->budget));
    else
        apply_effort(body, advice, is_object(reasoning), true);
}

/* A record of our own; a bound on the answer shows that it is for an API that is not known. */
static void apply_own(struct body *body, const struct advice *advice) {
    if (!has(body, "max_tokens"))
        body_set(body, "thinking_budget", number(advice, advice->budget));
}

/* -- all -------------------------------------------------------------------------------------------------------- */

/* Sets the model, and notes which one the body has then. True: it is another one. */
static bool apply_model(struct body *body, struct span model, struct text *scratch) {
    own_name(body, &body->name);
    if (model.s == NULL)
        return false;
    text_clear(scratch);
    text_json_string(scratch, model);
    body_set(body, "model", text_span(scratch));
    plain_name(scratch, model);
    bool replaced = !span_equal(text_span(scratch), text_span(&body->name));
    text_clear(&body->name);
    text_append(&body->name, text_span(scratch));
    return replaced;
}

void body_apply(struct body *body, struct span model, int64_t budget, struct text *scratch) {
    enum body_api api = body_api(body); /* before the model is another one */
    struct advice advice = {budget, apply_model(body, model, scratch), scratch};
    if (budget < 1)
        return;
    switch (api) {
    case API_NONE: apply_own(body, &advice); break;
    case API_OPENAI_CHAT: apply_chat(body, &advice); break;
    case API_OPENAI_RESPONSES: apply_effort(body, &advice, true, false); break;
    case API_ANTHROPIC: apply_anthropic(body, &advice); break;
    }
}
