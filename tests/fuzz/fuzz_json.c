/* JSON documents: accepted where, and only where, a plain reading of RFC 8259 accepts them; the same in any pieces; and
 * what was read is, written and read again, the same. */
#include "../unit/json_again.h"
#include "fuzz.h"

/* -- RFC 8259, as it stands --------------------------------------------------------------------------------------- */

struct plain {
    const char *s, *end;
    int depth, deepest;
    uint32_t values;
};

static bool take(struct plain *p, const char *any) {
    if (p->s == p->end || *p->s == '\0' || strchr(any, *p->s) == NULL)
        return false;
    p->s++;
    return true;
}

static void white_space(struct plain *p) {
    while (take(p, " \t\r\n"))
        ;
}

static bool digits(struct plain *p) {
    bool any = false;
    while (take(p, "0123456789"))
        any = true;
    return any;
}

static bool number(struct plain *p) {
    take(p, "-");
    if (!take(p, "0") && !digits(p))
        return false;
    if (take(p, ".") && !digits(p))
        return false;
    if (!take(p, "eE"))
        return true;
    take(p, "+-");
    return digits(p);
}

static bool escape(struct plain *p) {
    if (!take(p, "u"))
        return take(p, "\"\\/bfnrt");
    for (int i = 0; i < 4; i++)
        if (!take(p, "0123456789abcdefABCDEF"))
            return false;
    return true;
}

static bool string(struct plain *p) {
    while (p->s < p->end && *p->s != '"') {
        uint32_t point;
        size_t size = utf8_decode((struct span){p->s, (size_t)(p->end - p->s)}, &point);
        if (size == 0 || point < 0x20)
            return false;
        p->s += size;
        if (point == '\\' && !escape(p))
            return false;
    }
    return take(p, "\"");
}

static bool word(struct plain *p, const char *wanted) {
    size_t size = strlen(wanted);
    if ((size_t)(p->end - p->s) < size || memcmp(p->s, wanted, size) != 0)
        return false;
    p->s += size;
    return true;
}

static bool value(struct plain *p);

static bool members(struct plain *p, bool object) {
    const char *close = object ? "}" : "]";
    white_space(p);
    if (take(p, close))
        return true;
    do {
        white_space(p);
        if (object && (!take(p, "\"") || !string(p)))
            return false;
        white_space(p);
        if (object && !take(p, ":"))
            return false;
        white_space(p);
        if (!value(p))
            return false;
        white_space(p);
    } while (take(p, ","));
    return take(p, close);
}

static bool value(struct plain *p) {
    bool object = p->s < p->end && *p->s == '{';
    p->values++;
    if (take(p, "{[")) {
        p->deepest = ++p->depth > p->deepest ? p->depth : p->deepest;
        bool good = p->depth < 2 * JSON_DEPTH_MAX && members(p, object); /* this one is bounded by the stack */
        p->depth--;
        return good;
    }
    return take(p, "\"") ? string(p) : word(p, "null") || word(p, "true") || word(p, "false") || number(p);
}

/* Whether TEXT is one value and white space, within the bounds of a document. */
static bool plain_json(struct span text) {
    struct plain p = {.s = text.s, .end = text.s + text.n};
    white_space(&p);
    bool good = value(&p);
    white_space(&p);
    return good && p.s == p.end && p.deepest <= JSON_DEPTH_MAX && p.values <= JSON_NODES_MAX;
}

/* -- in pieces ---------------------------------------------------------------------------------------------------- */

/* What the parser makes of TEXT in pieces of STEP bytes: the value again and how much follows it, or why not. */
static void feed(struct json *json, struct span text, size_t step, struct text *out) {
    enum json_status status = JSON_MORE;
    size_t at = 0, used = 0;
    text_clear(out);
    json_begin(json);
    while (status == JSON_MORE && at < text.n) {
        size_t size = step < text.n - at ? step : text.n - at;
        status = json_feed(json, text.s + at, size, &used);
        must(used <= size, "no more is used than there is");
        at += status == JSON_MORE ? size : used;
    }
    if (status == JSON_MORE)
        status = json_end(json);
    if (status == JSON_WHOLE)
        status = json_settle(json, (struct span){text.s, at});
    if (status == JSON_WHOLE) {
        must(json_again(json, 0, out), "nodes are in their places");
        text_format(out, " +%zu", text.n - at);
    } else {
        must(*json_error(json) != '\0', "there is a reason");
        text_format(out, "wrong: %s", json_error(json));
    }
}

static void same_in_pieces(struct json *json, struct span text) {
    struct text whole = {0}, pieces = {0};
    feed(json, text, text.n + 1, &whole);
    for (size_t step = 1; step <= 7; step += 3) {
        feed(json, text, step, &pieces);
        must_be_same(text_span(&whole), text_span(&pieces), "pieces make no difference");
    }
    text_free(&whole);
    text_free(&pieces);
}

static void comes_back(struct json *json) {
    struct text once = {0}, twice = {0};
    must(json_again(json, 0, &once), "nodes are in their places");
    must(json_parse(json, text_span(&once)), "what was read can be written and read");
    must(json_again(json, 0, &twice), "nodes are in their places");
    must_be_same(text_span(&once), text_span(&twice), "it is the same again");
    text_free(&once);
    text_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span text = input_of(bytes, size);
    struct json *json = json_new(NULL);
    bool good = json_parse(json, text);
    must(good == plain_json(text), "what is taken is what RFC 8259 says");
    must(good || *json_error(json) != '\0', "there is a reason");
    if (good)
        comes_back(json);
    same_in_pieces(json, text);
    json_free(json);
    return 0;
}
