#include "input/rulesfile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "input/json.h"

enum { FILE_MAX = 4 * 1024 * 1024 };

struct parsing {
    struct rules *rules;
    const struct json *json;
    struct text *error;
    bool extra;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct parsing *p, const char *format, ...) {
    if (p->error->n > 0)
        return false;
    va_list arguments;
    char *reason = NULL;
    va_start(arguments, format);
    if (vasprintf(&reason, format, arguments) >= 0)
        text_string(p->error, reason);
    va_end(arguments);
    free(reason);
    return false;
}

/* The next element or member of NODE after AT, which begins as NODE itself; NULL after the last. */
static const struct json_node *next_in(const struct parsing *p, const struct json_node *node,
                                       const struct json_node *at) {
    const struct json_node *nodes = json_nodes(p->json);
    uint32_t index = at == node ? (uint32_t)(node - nodes) + 1 : at->next;
    return index < node->next ? &nodes[index] : NULL;
}

/* A string member as a C string, which borrows from the document. NULL if it is absent, null or, which is refused, of
 * another type. */
static const char *string_of(struct parsing *p, const struct json_node *node, const char *key) {
    const struct json_node *member = json_member(p->json, node, key);
    if (member == NULL || member->type == JSON_NULL)
        return NULL;
    if (member->type != JSON_STRING)
        refuse(p, "%s: is not a string", key);
    return member->type == JSON_STRING ? member->text.s : NULL;
}

/* Whether NODE is an object with no other members than NAMES, which ends with NULL: a misspelt one would be lost. */
static bool only_members(struct parsing *p, const struct json_node *node, const char *where, const char *const *names) {
    if (node->type != JSON_OBJECT)
        return refuse(p, "%s: holds something that is not an object", where);
    for (const struct json_node *m = next_in(p, node, node); m != NULL; m = next_in(p, node, m)) {
        const char *const *name = names;
        while (*name != NULL && !span_is(m->key, *name))
            name++;
        if (*name == NULL)
            return refuse(p, "%s: unknown member \"%s\"", where, m->key.s);
    }
    return true;
}

/* What a word is added to: a category, target, error rule or template rule. */
struct word_list {
    bool (*add)(struct parsing *p, const struct word_list *list, const char *word);
    int of;
    const char *name; /* a subcategory or signature */
};

/* Calls LIST's function for every string of the array member KEY of NODE, which may be absent. */
static bool each_word(struct parsing *p, const struct json_node *words, const char *where,
                      const struct word_list *list) {
    if (words == NULL || words->type == JSON_NULL)
        return true;
    if (words->type != JSON_ARRAY)
        return refuse(p, "%s: is not an array of strings", where);
    for (const struct json_node *word = next_in(p, words, words); word != NULL; word = next_in(p, words, word)) {
        if (word->type != JSON_STRING)
            return refuse(p, "%s: holds something that is not a string", where);
        if (!list->add(p, list, word->text.s))
            return refuse(p, "%s: cannot take \"%s\"", where, word->text.s);
    }
    return true;
}

static bool add_category_word(struct parsing *p, const struct word_list *list, const char *word) {
    return rules_category_word(p->rules, list->of, word);
}

static bool add_tool_word(struct parsing *p, const struct word_list *list, const char *word) {
    return rules_category_tool(p->rules, list->of, list->name, word);
}

static bool add_target_word(struct parsing *p, const struct word_list *list, const char *word) {
    return rules_target_word(p->rules, list->of, word);
}

static bool add_target_with(struct parsing *p, const struct word_list *list, const char *word) {
    return rules_target_with(p->rules, list->of, word);
}

static bool add_target_part(struct parsing *p, const struct word_list *list, const char *word) {
    return rules_target_part(p->rules, list->of, word);
}

static bool add_error_word(struct parsing *p, const struct word_list *list, const char *word) {
    return rules_error_word(p->rules, list->name, word);
}

static bool add_template_part(struct parsing *p, const struct word_list *list, const char *word) {
    return rules_template_part(p->rules, word, list->name);
}

static bool parse_subcategories(struct parsing *p, const struct json_node *object, int category) {
    if (object == NULL)
        return true;
    if (object->type != JSON_OBJECT)
        return refuse(p, "subcategories: is not an object");
    for (const struct json_node *tool = next_in(p, object, object); tool != NULL; tool = next_in(p, object, tool))
        if (!each_word(p, tool, tool->key.s, &(struct word_list){add_tool_word, category, tool->key.s}))
            return false;
    return true;
}

static bool parse_category(struct parsing *p, const struct json_node *node) {
    static const char *const names[] = {"category", "default", "target", "words", "subcategories", "about", NULL};
    if (!only_members(p, node, "categories", names))
        return false;
    const char *name = string_of(p, node, "category");
    if (name == NULL)
        return refuse(p, "categories: one has no \"category\"");
    int category = rules_category(p->rules, name, p->extra);
    if (category == RULES_NONE)
        return refuse(p, "categories: cannot take \"%s\"", name);
    const char *subcategory = string_of(p, node, "default"), *target = string_of(p, node, "target");
    if (subcategory != NULL && !rules_category_default(p->rules, category, subcategory))
        return refuse(p, "%s: cannot take the default \"%s\"", name, subcategory);
    if (target != NULL && !rules_category_target(p->rules, category, target))
        return refuse(p, "%s: cannot take the target \"%s\"", name, target);
    return each_word(p, json_member(p->json, node, "words"), name,
                     &(struct word_list){add_category_word, category, NULL}) &&
           parse_subcategories(p, json_member(p->json, node, "subcategories"), category);
}

static bool parse_target(struct parsing *p, const struct json_node *node) {
    static const char *const names[] = {"target", "words", "with", "templates", "about", NULL};
    if (!only_members(p, node, "targets", names))
        return false;
    const char *name = string_of(p, node, "target");
    int target = name != NULL ? rules_target(p->rules, name) : RULES_NONE;
    if (target == RULES_NONE)
        return refuse(p, "targets: cannot take \"%s\"", name != NULL ? name : "");
    return each_word(p, json_member(p->json, node, "words"), name,
                     &(struct word_list){add_target_word, target, NULL}) &&
           each_word(p, json_member(p->json, node, "with"), name, &(struct word_list){add_target_with, target, NULL}) &&
           each_word(p, json_member(p->json, node, "templates"), name,
                     &(struct word_list){add_target_part, target, NULL});
}

static bool parse_error(struct parsing *p, const struct json_node *node) {
    static const char *const names[] = {"signature", "words", "about", NULL};
    if (!only_members(p, node, "errors", names))
        return false;
    const char *signature = string_of(p, node, "signature");
    if (signature == NULL)
        return refuse(p, "errors: one has no \"signature\"");
    return each_word(p, json_member(p->json, node, "words"), signature,
                     &(struct word_list){add_error_word, 0, signature});
}

static bool parse_template(struct parsing *p, const struct json_node *node) {
    static const char *const names[] = {"signature", "parts", "about", NULL};
    if (!only_members(p, node, "templates", names))
        return false;
    const struct json_node *signature = json_member(p->json, node, "signature");
    if (signature == NULL || (signature->type != JSON_STRING && signature->type != JSON_NULL))
        return refuse(p, "templates: one has no \"signature\", which may be null");
    const char *name = signature->type == JSON_STRING ? signature->text.s : NULL;
    return each_word(p, json_member(p->json, node, "parts"), "templates",
                     &(struct word_list){add_template_part, 0, name});
}

static bool parse_list(struct parsing *p, const char *key, bool (*parse)(struct parsing *, const struct json_node *)) {
    const struct json_node *list = json_member(p->json, json_nodes(p->json), key);
    if (list == NULL)
        return true;
    if (list->type != JSON_ARRAY)
        return refuse(p, "%s: is not an array", key);
    for (const struct json_node *node = next_in(p, list, list); node != NULL; node = next_in(p, list, node))
        if (!parse(p, node))
            return false;
    return true;
}

static bool parse_templates(struct parsing *p) {
    return parse_list(p, "templates", parse_template);
}

static bool parse_all(struct parsing *p) {
    static const char *const names[] = {"about", "categories", "targets", "fallback", "errors", "templates", NULL};
    if (!only_members(p, json_nodes(p->json), "rules", names))
        return false;
    const char *fallback = string_of(p, json_nodes(p->json), "fallback");
    if (!parse_list(p, "targets", parse_target)) /* first: the fallback comes after those that words decide */
        return false;
    if (fallback != NULL && !rules_target_fallback(p->rules, fallback))
        return refuse(p, "fallback: cannot take \"%s\"", fallback);
    return parse_list(p, "categories", parse_category) && parse_list(p, "errors", parse_error) && parse_templates(p);
}

static bool parse_document(struct parsing *p, struct span text, bool (*parse)(struct parsing *)) {
    struct json *json = json_new(NULL);
    p->json = json;
    bool good = json_parse(json, text);
    if (!good)
        refuse(p, "%s", json_error(json));
    else if (json_nodes(json)->type != JSON_OBJECT)
        good = refuse(p, "is not an object");
    good = good && parse(p) && p->error->n == 0;
    json_free(json);
    return good;
}

/* Of two rules for one template part the first stays, so the extra ones are read before the others. */
static bool parse_both(struct parsing *p, struct span base, struct span extra) {
    if (extra.s != NULL && !parse_document(p, extra, parse_templates))
        return false;
    if (!parse_document(p, base, parse_all))
        return false;
    p->extra = true;
    return extra.s == NULL || parse_document(p, extra, parse_all);
}

struct rules *rules_parse(struct span base, struct span extra, struct text *error) {
    struct parsing p = {.rules = rules_new(), .error = error};
    const char *why = NULL;
    text_clear(error);
    bool good = parse_both(&p, base, extra);
    if (good && !rules_finish(p.rules, &why))
        good = refuse(&p, "%s", why);
    if (!good) {
        rules_free(p.rules);
        return NULL;
    }
    return p.rules;
}

bool rules_read_file(const char *path, struct text *text, struct text *error) {
    char buffer[16384];
    FILE *file = fopen(path, "re");
    bool good = file != NULL;
    text_clear(text);
    for (size_t size; good && (size = fread(buffer, 1, sizeof buffer, file)) > 0 && text->n <= FILE_MAX;)
        text_bytes(text, buffer, size);
    good = good && !ferror(file);
    text_clear(error);
    if (!good)
        text_format(error, "%s: %s", path, strerror(errno));
    else if (text->n > FILE_MAX)
        text_format(error, "%s: larger than 4 MiB", path);
    if (file != NULL)
        fclose(file);
    return error->n == 0;
}
