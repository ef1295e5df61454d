#include "input/promptsfile.h"

#include "input/datafile.h"

struct parsing {
    struct prompt_rules *rules;
    bool extra;
};

/* What an inflection is added to. */
struct word_list {
    struct prompt_rules *rules;
    int pattern;
    int word; /* PROMPT_NONE: a new one */
    enum prompt_complexity complexity;
};

/* The first pass over a word's inflections: whether the pattern has the word already. */
static bool find_word(void *to, const char *inflection) {
    struct word_list *list = to;
    if (list->word == PROMPT_NONE)
        list->word = prompts_word(list->rules, list->pattern, inflection);
    return true;
}

static bool add_inflection(void *to, const char *inflection) {
    struct word_list *list = to;
    int word = prompts_inflection(list->rules, list->pattern, list->word, inflection);
    if (list->word == PROMPT_NONE)
        list->word = word;
    return word != PROMPT_NONE;
}

static bool add_trigger(void *to, const char *keyword) {
    const struct word_list *list = to;
    return prompts_trigger(list->rules, list->complexity, keyword);
}

static bool parse_words(struct datafile *file, const struct json_node *words, const char *name,
                        struct prompt_rules *rules, int pattern) {
    if (words == NULL)
        return true;
    if (words->type != JSON_ARRAY)
        return data_refuse(file, "%s: words: is not an array of arrays of strings", name);
    for (const struct json_node *w = data_next(file, words, words); w != NULL; w = data_next(file, words, w)) {
        struct word_list list = {.rules = rules, .pattern = pattern, .word = PROMPT_NONE};
        if (w->type != JSON_ARRAY)
            return data_refuse(file, "%s: words: holds something that is not an array of strings", name);
        if (!data_each_word(file, w, name, find_word, &list) || !data_each_word(file, w, name, add_inflection, &list))
            return false;
    }
    return true;
}

static bool parse_pattern(struct datafile *file, const struct json_node *node, void *to) {
    const struct parsing *p = to;
    static const char *const names[] = {"pattern", "words", "about", NULL};
    if (!data_only_members(file, node, "patterns", names))
        return false;
    const char *name = data_string(file, node, "pattern");
    if (name == NULL)
        return data_refuse(file, "patterns: one has no \"pattern\"");
    int pattern = prompts_pattern(p->rules, name, p->extra);
    if (pattern == PROMPT_NONE)
        return data_refuse(file, "patterns: cannot take \"%s\"", name);
    return parse_words(file, data_member(file, node, "words"), name, p->rules, pattern);
}

static bool parse_complexity(struct datafile *file, const struct json_node *object, struct prompt_rules *rules) {
    static const enum prompt_complexity asked[] = {PROMPT_DEEP, PROMPT_COMPLEX};
    static const char *const names[] = {"deep", "complex", "about", NULL};
    if (object == NULL)
        return true;
    if (!data_only_members(file, object, "complexity", names))
        return false;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (!data_each_word(file, data_member(file, object, names[i]), names[i], add_trigger,
                            &(struct word_list){.rules = rules, .complexity = asked[i]}))
            return false;
    return true;
}

static bool parse_all(struct datafile *file, void *to) {
    const struct parsing *p = to;
    static const char *const names[] = {"about", "patterns", "complexity", NULL};
    return data_only_members(file, data_root(file), "prompts", names) &&
           data_each(file, "patterns", parse_pattern, to) &&
           parse_complexity(file, data_member(file, data_root(file), "complexity"), p->rules);
}

struct prompt_rules *prompts_parse(struct span base, struct span extra, struct text *error) {
    struct parsing p = {.rules = prompts_new()};
    struct datafile file = {.error = error};
    text_clear(error);
    bool good = data_document(&file, base, parse_all, &p);
    p.extra = true;
    if (good && (extra.s == NULL || data_document(&file, extra, parse_all, &p)))
        return p.rules;
    prompts_free(p.rules);
    return NULL;
}
