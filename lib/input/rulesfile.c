#include "input/rulesfile.h"

#include "input/datafile.h"

struct parsing {
    struct rules *rules;
    bool extra;
};

/* What a word is added to: a category, target, error rule or template rule. */
struct word_list {
    struct rules *rules;
    int of;
    const char *name; /* a subcategory or signature */
};

static bool add_category_word(void *to, const char *word) {
    const struct word_list *list = to;
    return rules_category_word(list->rules, list->of, word);
}

static bool add_tool_word(void *to, const char *word) {
    const struct word_list *list = to;
    return rules_category_tool(list->rules, list->of, list->name, word);
}

static bool add_target_word(void *to, const char *word) {
    const struct word_list *list = to;
    return rules_target_word(list->rules, list->of, word);
}

static bool add_target_with(void *to, const char *word) {
    const struct word_list *list = to;
    return rules_target_with(list->rules, list->of, word);
}

static bool add_target_part(void *to, const char *word) {
    const struct word_list *list = to;
    return rules_target_part(list->rules, list->of, word);
}

static bool add_error_word(void *to, const char *word) {
    const struct word_list *list = to;
    return rules_error_word(list->rules, list->name, word);
}

static bool add_template_part(void *to, const char *word) {
    const struct word_list *list = to;
    return rules_template_part(list->rules, word, list->name);
}

static bool parse_subcategories(struct datafile *file, const struct parsing *p, const struct json_node *object,
                                int category) {
    if (object == NULL)
        return true;
    if (object->type != JSON_OBJECT)
        return data_refuse(file, "subcategories: is not an object");
    for (const struct json_node *tool = data_next(file, object, object); tool != NULL;
         tool = data_next(file, object, tool))
        if (!data_each_word(file, tool, tool->key.s, add_tool_word,
                            &(struct word_list){p->rules, category, tool->key.s}))
            return false;
    return true;
}

static bool parse_category(struct datafile *file, const struct json_node *node, void *to) {
    const struct parsing *p = to;
    static const char *const names[] = {"category", "default", "target", "words", "subcategories", "about", NULL};
    if (!data_only_members(file, node, "categories", names))
        return false;
    const char *name = data_string(file, node, "category");
    if (name == NULL)
        return data_refuse(file, "categories: one has no \"category\"");
    int category = rules_category(p->rules, name, p->extra);
    if (category == RULES_NONE)
        return data_refuse(file, "categories: cannot take \"%s\"", name);
    const char *subcategory = data_string(file, node, "default"), *target = data_string(file, node, "target");
    if (subcategory != NULL && !rules_category_default(p->rules, category, subcategory))
        return data_refuse(file, "%s: cannot take the default \"%s\"", name, subcategory);
    if (target != NULL && !rules_category_target(p->rules, category, target))
        return data_refuse(file, "%s: cannot take the target \"%s\"", name, target);
    return data_each_word(file, data_member(file, node, "words"), name, add_category_word,
                          &(struct word_list){p->rules, category, NULL}) &&
           parse_subcategories(file, p, json_member(file->json, node, "subcategories"), category);
}

static bool parse_target(struct datafile *file, const struct json_node *node, void *to) {
    const struct parsing *p = to;
    static const char *const names[] = {"target", "words", "with", "templates", "about", NULL};
    if (!data_only_members(file, node, "targets", names))
        return false;
    const char *name = data_string(file, node, "target");
    int target = name != NULL ? rules_target(p->rules, name) : RULES_NONE;
    if (target == RULES_NONE)
        return data_refuse(file, "targets: cannot take \"%s\"", name != NULL ? name : "");
    return data_each_word(file, data_member(file, node, "words"), name, add_target_word,
                          &(struct word_list){p->rules, target, NULL}) &&
           data_each_word(file, data_member(file, node, "with"), name, add_target_with,
                          &(struct word_list){p->rules, target, NULL}) &&
           data_each_word(file, data_member(file, node, "templates"), name, add_target_part,
                          &(struct word_list){p->rules, target, NULL});
}

static bool parse_error(struct datafile *file, const struct json_node *node, void *to) {
    const struct parsing *p = to;
    static const char *const names[] = {"signature", "words", "about", NULL};
    if (!data_only_members(file, node, "errors", names))
        return false;
    const char *signature = data_string(file, node, "signature");
    if (signature == NULL)
        return data_refuse(file, "errors: one has no \"signature\"");
    return data_each_word(file, data_member(file, node, "words"), signature, add_error_word,
                          &(struct word_list){p->rules, 0, signature});
}

static bool parse_template(struct datafile *file, const struct json_node *node, void *to) {
    const struct parsing *p = to;
    static const char *const names[] = {"signature", "parts", "about", NULL};
    if (!data_only_members(file, node, "templates", names))
        return false;
    const struct json_node *signature = json_member(file->json, node, "signature");
    if (signature == NULL || (signature->type != JSON_STRING && signature->type != JSON_NULL))
        return data_refuse(file, "templates: one has no \"signature\", which may be null");
    const char *name = signature->type == JSON_STRING ? signature->text.s : NULL;
    return data_each_word(file, data_member(file, node, "parts"), "templates", add_template_part,
                          &(struct word_list){p->rules, 0, name});
}

static bool parse_templates(struct datafile *file, void *to) {
    return data_each(file, "templates", parse_template, to);
}

static bool parse_all(struct datafile *file, void *to) {
    const struct parsing *p = to;
    static const char *const names[] = {"about", "categories", "targets", "fallback", "errors", "templates", NULL};
    if (!data_only_members(file, data_root(file), "rules", names))
        return false;
    const char *fallback = data_string(file, data_root(file), "fallback");
    if (!data_each(file, "targets", parse_target, to)) /* first: the fallback comes after those that words decide */
        return false;
    if (fallback != NULL && !rules_target_fallback(p->rules, fallback))
        return data_refuse(file, "fallback: cannot take \"%s\"", fallback);
    return data_each(file, "categories", parse_category, to) && data_each(file, "errors", parse_error, to) &&
           parse_templates(file, to);
}

/* Of two rules for one template part the first stays, so the extra ones are read before the others. */
static bool parse_both(struct datafile *file, struct parsing *p, struct span base, struct span extra) {
    if (extra.s != NULL && !data_document(file, extra, parse_templates, p))
        return false;
    if (!data_document(file, base, parse_all, p))
        return false;
    p->extra = true;
    return extra.s == NULL || data_document(file, extra, parse_all, p);
}

struct rules *rules_parse(struct span base, struct span extra, struct text *error) {
    struct parsing p = {.rules = rules_new()};
    struct datafile file = {.error = error};
    const char *why = NULL;
    text_clear(error);
    bool good = parse_both(&file, &p, base, extra);
    if (good && !rules_finish(p.rules, &why))
        good = data_refuse(&file, "%s", why);
    if (!good) {
        rules_free(p.rules);
        return NULL;
    }
    return p.rules;
}
