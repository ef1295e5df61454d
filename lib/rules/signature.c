#include "rules/signature.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/word.h"

enum {
    NAME_MAX_BYTES = 64,
    WORD_MAX_BYTES = 64,
    VOCABULARY_SLOTS = 4096,
    VOCABULARY_MAX = VOCABULARY_SLOTS / 2,
    SIGNATURES_MAX = 16384,
    SLOTS_MAX = 256, /* categories, and targets, at most: what one scan keeps in sight */
};

/* What a keyword means where it occurs. A keyword of several categories has a meaning for each. */
enum role { ROLE_CATEGORY, ROLE_TOOL, ROLE_TARGET, ROLE_WITH, ROLE_ERROR };

struct meaning {
    enum role role;
    int of;   /* a category, target or error rule */
    int tool; /* ROLE_TOOL: which of the category's subcategories */
    int next; /* the keyword's next meaning */
};

struct keyword {
    char *name;
    int words[RULES_KEYWORD_WORDS]; /* in the vocabulary */
    int count;
    int first_meaning;
    int next; /* the next keyword that ends with the same word */
};

struct names {
    char **items;
    int count;
};

struct category {
    char *name;
    struct names tools; /* tools[0] is the default subcategory */
    int fixed_target;   /* in fixed_targets; RULES_NONE: detected */
};

struct error_rule {
    int signature;
};

struct template_rule {
    char *part;
    int signature;
};

struct rules {
    char **vocabulary; /* lower-case words, by number */
    int word_count;
    int slots[VOCABULARY_SLOTS]; /* open addressing: a word's number + 1 */
    int *ending;                 /* the first keyword that ends with a word */
    struct keyword *keywords;
    int keyword_count;
    struct meaning *meanings;
    int meaning_count;
    struct category *categories; /* in the order of trial: see "order" */
    int category_count;
    int *order;
    int front;                 /* how many were put before the others */
    struct names targets;      /* detected ones, in the order of trial */
    bool *needs_with;          /* by target: it counts only beside one of its "with" words */
    struct names target_parts; /* parts of a template's name, and... */
    int *part_targets;         /* ...the targets that they say */
    int fallback;
    struct names fixed_targets;
    struct error_rule *errors;
    int error_count;
    struct template_rule *templates;
    int template_count;
    struct names signatures;
    int *grid; /* signature by category, tool and target; see grid_at */
    int grid_tools, grid_targets;
};

/* -- names ------------------------------------------------------------------------------------------------------ */

static bool name_valid(const char *name) {
    size_t size = strlen(name);
    if (size == 0 || size > NAME_MAX_BYTES)
        return false;
    for (const char *s = name; *s != '\0'; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
              strchr("_.-", *s) != NULL))
            return false;
    return true;
}

static int names_find(const struct names *names, const char *name) {
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return i;
    return RULES_NONE;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char *lower_copy(struct span name) {
    char *copy = xmemdup(name.s, name.n);
    for (char *s = copy; *s != '\0'; s++)
        *s = lower(*s);
    return copy;
}

static int names_take(struct names *names, char *name) {
    names->items = xreallocarray(names->items, (size_t)names->count + 1, sizeof *names->items);
    names->items[names->count] = name;
    return names->count++;
}

static int names_add(struct names *names, const char *name) {
    return names_take(names, xstrdup(name));
}

static int names_intern(struct names *names, const char *name) {
    int found = names_find(names, name);
    return found != RULES_NONE ? found : names_add(names, name);
}

static void names_free(struct names *names) {
    for (int i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

/* -- vocabulary ------------------------------------------------------------------------------------------------- */

/* FNV-1a over the lower-case bytes: words are short, and this is inlined into the scan. */
static uint32_t word_hash(struct span word) {
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < word.n; i++)
        hash = (hash ^ (unsigned char)lower(word.s[i])) * 16777619U;
    return hash ^ hash >> 15;
}

static bool same_word(const char *known, struct span word) {
    size_t i = 0;
    while (i < word.n && known[i] != '\0' && known[i] == lower(word.s[i]))
        i++;
    return i == word.n && known[i] == '\0';
}

static int word_number(const struct rules *rules, struct span word) {
    if (word.n > WORD_MAX_BYTES)
        return RULES_NONE;
    for (uint32_t at = word_hash(word); rules->slots[at % VOCABULARY_SLOTS] != 0; at++) {
        int number = rules->slots[at % VOCABULARY_SLOTS] - 1;
        if (same_word(rules->vocabulary[number], word))
            return number;
    }
    return RULES_NONE;
}

static int word_add(struct rules *rules, struct span word) {
    int number = word_number(rules, word);
    if (number != RULES_NONE || rules->word_count == VOCABULARY_MAX || word.n > WORD_MAX_BYTES)
        return number;
    char *copy = lower_copy(word);
    size_t count = (size_t)rules->word_count + 1;
    rules->vocabulary = xreallocarray(rules->vocabulary, count, sizeof *rules->vocabulary);
    rules->ending = xreallocarray(rules->ending, count, sizeof *rules->ending);
    rules->vocabulary[rules->word_count] = copy;
    rules->ending[rules->word_count] = RULES_NONE;
    uint32_t at = word_hash(word);
    while (rules->slots[at % VOCABULARY_SLOTS] != 0)
        at++;
    rules->slots[at % VOCABULARY_SLOTS] = ++rules->word_count;
    return rules->word_count - 1;
}

/* -- keywords --------------------------------------------------------------------------------------------------- */

static int keyword_find(const struct rules *rules, const int *words, int count) {
    for (int k = rules->ending[words[count - 1]]; k != RULES_NONE; k = rules->keywords[k].next)
        if (rules->keywords[k].count == count &&
            memcmp(rules->keywords[k].words, words, (size_t)count * sizeof *words) == 0)
            return k;
    return RULES_NONE;
}

static int keyword_add(struct rules *rules, const char *name) {
    struct keyword keyword = {.first_meaning = RULES_NONE};
    struct span rest = span_of(name), word;
    while (word_next(&rest, &word)) {
        int number = keyword.count < RULES_KEYWORD_WORDS ? word_add(rules, word) : RULES_NONE;
        if (number == RULES_NONE)
            return RULES_NONE;
        keyword.words[keyword.count++] = number;
    }
    if (keyword.count == 0)
        return RULES_NONE;
    int found = keyword_find(rules, keyword.words, keyword.count);
    if (found != RULES_NONE)
        return found;
    int last = keyword.words[keyword.count - 1];
    keyword.name = lower_copy(span_of(name));
    keyword.next = rules->ending[last];
    rules->ending[last] = rules->keyword_count;
    rules->keywords = xreallocarray(rules->keywords, (size_t)rules->keyword_count + 1, sizeof keyword);
    rules->keywords[rules->keyword_count] = keyword;
    return rules->keyword_count++;
}

static bool mean(struct rules *rules, const char *name, enum role role, int of, int tool) {
    int keyword = keyword_add(rules, name);
    if (keyword == RULES_NONE)
        return false;
    struct keyword *k = &rules->keywords[keyword];
    for (int m = k->first_meaning; m != RULES_NONE; m = rules->meanings[m].next)
        if (rules->meanings[m].role == role && rules->meanings[m].of == of && rules->meanings[m].tool == tool)
            return true;
    rules->meanings = xreallocarray(rules->meanings, (size_t)rules->meaning_count + 1, sizeof *rules->meanings);
    rules->meanings[rules->meaning_count] = (struct meaning){role, of, tool, k->first_meaning};
    k->first_meaning = rules->meaning_count++;
    return true;
}

/* -- building --------------------------------------------------------------------------------------------------- */

struct rules *rules_new(void) {
    struct rules *rules = xcalloc(1, sizeof *rules);
    rules->fallback = RULES_NONE;
    return rules;
}

void rules_free(struct rules *rules) {
    if (rules == NULL)
        return;
    for (int i = 0; i < rules->word_count; i++)
        free(rules->vocabulary[i]);
    for (int i = 0; i < rules->keyword_count; i++)
        free(rules->keywords[i].name);
    for (int i = 0; i < rules->category_count; i++) {
        free(rules->categories[i].name);
        names_free(&rules->categories[i].tools);
    }
    for (int i = 0; i < rules->template_count; i++)
        free(rules->templates[i].part);
    names_free(&rules->targets);
    names_free(&rules->target_parts);
    names_free(&rules->fixed_targets);
    names_free(&rules->signatures);
    free(rules->vocabulary);
    free(rules->ending);
    free(rules->keywords);
    free(rules->meanings);
    free(rules->categories);
    free(rules->order);
    free(rules->needs_with);
    free(rules->part_targets);
    free(rules->errors);
    free(rules->templates);
    free(rules->grid);
    free(rules);
}

static int category_find(const struct rules *rules, const char *name) {
    for (int i = 0; i < rules->category_count; i++)
        if (strcmp(rules->categories[i].name, name) == 0)
            return i;
    return RULES_NONE;
}

int rules_category(struct rules *rules, const char *name, bool first) {
    int found = category_find(rules, name);
    if (found != RULES_NONE || !name_valid(name) || rules->category_count == SLOTS_MAX)
        return found;
    int number = rules->category_count++;
    size_t count = (size_t)rules->category_count;
    rules->categories = xreallocarray(rules->categories, count, sizeof *rules->categories);
    rules->categories[number] = (struct category){.name = xstrdup(name), .fixed_target = RULES_NONE};
    names_add(&rules->categories[number].tools, "generic");
    rules->order = xreallocarray(rules->order, count, sizeof *rules->order);
    int place = first ? rules->front++ : number;
    memmove(rules->order + place + 1, rules->order + place, (size_t)(number - place) * sizeof *rules->order);
    rules->order[place] = number;
    return number;
}

bool rules_category_default(struct rules *rules, int category, const char *subcategory) {
    if (!name_valid(subcategory))
        return false;
    struct names *tools = &rules->categories[category].tools;
    free(tools->items[0]);
    tools->items[0] = xstrdup(subcategory);
    return true;
}

bool rules_category_target(struct rules *rules, int category, const char *target) {
    if (!name_valid(target))
        return false;
    bool detected = strcmp(target, "detected") == 0;
    rules->categories[category].fixed_target = detected ? RULES_NONE : names_intern(&rules->fixed_targets, target);
    return true;
}

bool rules_category_word(struct rules *rules, int category, const char *keyword) {
    return mean(rules, keyword, ROLE_CATEGORY, category, 0);
}

bool rules_category_tool(struct rules *rules, int category, const char *subcategory, const char *keyword) {
    if (!name_valid(subcategory) || !rules_category_word(rules, category, keyword))
        return false;
    return mean(rules, keyword, ROLE_TOOL, category, names_intern(&rules->categories[category].tools, subcategory));
}

int rules_target(struct rules *rules, const char *name) {
    int found = names_find(&rules->targets, name);
    if (found != RULES_NONE || !name_valid(name) || rules->targets.count == SLOTS_MAX)
        return found;
    return names_add(&rules->targets, name);
}

bool rules_target_word(struct rules *rules, int target, const char *keyword) {
    return mean(rules, keyword, ROLE_TARGET, target, 0);
}

bool rules_target_with(struct rules *rules, int target, const char *keyword) {
    return mean(rules, keyword, ROLE_WITH, target, 0);
}

/* NAME is in lower case. */
static bool part_is(struct span part, const char *name) {
    return same_word(name, part);
}

bool rules_target_part(struct rules *rules, int target, const char *part) {
    if (!name_valid(part))
        return false;
    for (int i = 0; i < rules->target_parts.count; i++)
        if (part_is(span_of(part), rules->target_parts.items[i]))
            return true;
    int number = names_take(&rules->target_parts, lower_copy(span_of(part)));
    rules->part_targets = xreallocarray(rules->part_targets, (size_t)number + 1, sizeof *rules->part_targets);
    rules->part_targets[number] = target;
    return true;
}

bool rules_target_fallback(struct rules *rules, const char *name) {
    rules->fallback = rules_target(rules, name);
    return rules->fallback != RULES_NONE;
}

static bool signature_valid(const char *signature) {
    char part[3][NAME_MAX_BYTES + 1];
    const char *s = signature;
    for (int i = 0; i < 3; i++) {
        size_t size = strcspn(s, ":");
        if (size > NAME_MAX_BYTES || (i < 2) != (s[size] == ':'))
            return false;
        memcpy(part[i], s, size);
        part[i][size] = '\0';
        if (!name_valid(part[i]))
            return false;
        s += size + (i < 2);
    }
    return true;
}

bool rules_error_word(struct rules *rules, const char *signature, const char *keyword) {
    if (!signature_valid(signature))
        return false;
    int number = names_intern(&rules->signatures, signature), rule = 0;
    while (rule < rules->error_count && rules->errors[rule].signature != number)
        rule++;
    if (rule == rules->error_count) {
        if (rule == RULES_PATTERNS_MAX - 2) /* one is left for each of the other two layers */
            return false;
        rules->errors = xreallocarray(rules->errors, (size_t)rule + 1, sizeof *rules->errors);
        rules->errors[rules->error_count++] = (struct error_rule){number};
    }
    return mean(rules, keyword, ROLE_ERROR, rule, 0);
}

bool rules_template_part(struct rules *rules, const char *part, const char *signature) {
    if (!name_valid(part) || (signature != NULL && !signature_valid(signature)))
        return false;
    for (int i = 0; i < rules->template_count; i++)
        if (part_is(span_of(part), rules->templates[i].part))
            return true;
    size_t count = (size_t)rules->template_count + 1;
    rules->templates = xreallocarray(rules->templates, count, sizeof *rules->templates);
    rules->templates[rules->template_count++] =
        (struct template_rule){lower_copy(span_of(part)),
                               signature != NULL ? names_intern(&rules->signatures, signature) : RULES_NONE};
    return true;
}

static int *grid_at(const struct rules *rules, int category, int tool, int target) {
    return &rules->grid[(category * rules->grid_tools + tool) * rules->grid_targets + target];
}

static int signature_number(struct rules *rules, const char *category, const char *tool, const char *target) {
    struct text signature = {0};
    text_format(&signature, "%s:%s:%s", category, tool, target);
    int number = names_intern(&rules->signatures, signature.s);
    text_free(&signature);
    return number;
}

static void note_needs(struct rules *rules) {
    rules->needs_with = xcalloc((size_t)rules->targets.count, sizeof *rules->needs_with);
    for (int m = 0; m < rules->meaning_count; m++)
        if (rules->meanings[m].role == ROLE_WITH)
            rules->needs_with[rules->meanings[m].of] = true;
}

bool rules_finish(struct rules *rules, const char **why) {
    if (rules->fallback == RULES_NONE) {
        *why = "no fallback target";
        return false;
    }
    note_needs(rules);
    rules->grid_targets = rules->targets.count;
    for (int c = 0; c < rules->category_count; c++)
        if (rules->categories[c].tools.count > rules->grid_tools)
            rules->grid_tools = rules->categories[c].tools.count;
    size_t cells = (size_t)rules->category_count * (size_t)rules->grid_tools * (size_t)rules->grid_targets;
    if (cells > SIGNATURES_MAX) {
        *why = "too many categories, subcategories and targets";
        return false;
    }
    rules->grid = xcalloc(cells, sizeof *rules->grid);
    for (int c = 0; c < rules->category_count; c++) {
        const struct category *category = &rules->categories[c];
        for (int t = 0; t < category->tools.count; t++)
            for (int g = 0; g < rules->grid_targets; g++)
                *grid_at(rules, c, t, g) = signature_number(rules, category->name, category->tools.items[t],
                                                            category->fixed_target != RULES_NONE
                                                                ? rules->fixed_targets.items[category->fixed_target]
                                                                : rules->targets.items[g]);
    }
    return true;
}

/* -- matching --------------------------------------------------------------------------------------------------- */

/* Where a keyword was met: the earlier wins, at one place the longer. */
struct place {
    int keyword;
    long at;
    int length;
};

struct sighting {
    struct place categories[SLOTS_MAX]; /* by category; keyword RULES_NONE: not met */
    struct place tools[SLOTS_MAX];
    int tool[SLOTS_MAX];
    struct place targets[SLOTS_MAX];
    bool with[SLOTS_MAX];
    struct place errors[RULES_PATTERNS_MAX];
};

static void sight(struct place *place, int keyword, long at, int length) {
    if (place->keyword == RULES_NONE || at < place->at || (at == place->at && length > place->length))
        *place = (struct place){keyword, at, length};
}

static void note(const struct rules *rules, struct sighting *seen, int keyword, long at) {
    int length = rules->keywords[keyword].count;
    for (int m = rules->keywords[keyword].first_meaning; m != RULES_NONE; m = rules->meanings[m].next) {
        const struct meaning *meaning = &rules->meanings[m];
        switch (meaning->role) {
        case ROLE_CATEGORY: sight(&seen->categories[meaning->of], keyword, at, length); break;
        case ROLE_TARGET: sight(&seen->targets[meaning->of], keyword, at, length); break;
        case ROLE_WITH: seen->with[meaning->of] = true; break;
        case ROLE_ERROR: sight(&seen->errors[meaning->of], keyword, at, length); break;
        case ROLE_TOOL:
            sight(&seen->tools[meaning->of], keyword, at, length);
            if (seen->tools[meaning->of].keyword == keyword)
                seen->tool[meaning->of] = meaning->tool;
            break;
        }
    }
}

static void keep_keyword(struct detection *found, int keyword) {
    for (int i = 0; i < found->keyword_count; i++)
        if (found->keywords[i] == keyword)
            return;
    if (found->keyword_count < RULES_KEYWORDS_MAX)
        found->keywords[found->keyword_count++] = keyword;
}

static bool only_errors(const struct rules *rules, int keyword) {
    for (int m = rules->keywords[keyword].first_meaning; m != RULES_NONE; m = rules->meanings[m].next)
        if (rules->meanings[m].role != ROLE_ERROR)
            return false;
    return true;
}

/* Meets every keyword of TEXT. The last words stay in a ring, and a keyword is known by its last word. */
static void scan(const struct rules *rules, struct span text, struct sighting *seen, struct detection *found) {
    int ring[RULES_KEYWORD_WORDS];
    long position = 0;
    struct span rest = text, word;
    for (; word_next(&rest, &word); position++) {
        int number = word_number(rules, word);
        ring[position % RULES_KEYWORD_WORDS] = number;
        if (number == RULES_NONE)
            continue;
        for (int k = rules->ending[number]; k != RULES_NONE; k = rules->keywords[k].next) {
            const struct keyword *keyword = &rules->keywords[k];
            long first = position - keyword->count + 1;
            int same = first >= 0 ? 1 : keyword->count + 1;
            while (same < keyword->count &&
                   ring[(position - same) % RULES_KEYWORD_WORDS] == keyword->words[keyword->count - 1 - same])
                same++;
            if (same != keyword->count)
                continue;
            note(rules, seen, k, first);
            if (found != NULL && !only_errors(rules, k))
                keep_keyword(found, k);
        }
    }
}

static void sighting_clear(const struct rules *rules, struct sighting *seen) {
    for (int i = 0; i < rules->category_count; i++)
        seen->categories[i].keyword = seen->tools[i].keyword = RULES_NONE;
    for (int i = 0; i < rules->targets.count; i++) {
        seen->targets[i].keyword = RULES_NONE;
        seen->with[i] = false;
    }
    for (int i = 0; i < rules->error_count; i++)
        seen->errors[i].keyword = RULES_NONE;
}

/* The next part of a template's name between '_' and '-'. */
static bool part_next(struct span *rest, struct span *part) {
    if (rest->n == 0)
        return false;
    while (rest->n > 0 && (*rest->s == '_' || *rest->s == '-'))
        *rest = (struct span){rest->s + 1, rest->n - 1};
    size_t size = 0;
    while (size < rest->n && rest->s[size] != '_' && rest->s[size] != '-')
        size++;
    *part = (struct span){rest->s, size};
    *rest = (struct span){rest->s + size, rest->n - size};
    return size > 0;
}

static int detected_target(const struct rules *rules, const struct sighting *seen, struct span template_name,
                           struct rules_match *match) {
    for (int t = 0; t < rules->targets.count; t++) {
        if (seen->targets[t].keyword != RULES_NONE && (seen->with[t] || !rules->needs_with[t])) {
            match->target_word = seen->targets[t].keyword;
            return t;
        }
    }
    struct span part;
    while (part_next(&template_name, &part)) {
        for (int i = 0; i < rules->target_parts.count; i++) {
            if (part_is(part, rules->target_parts.items[i])) {
                match->target_part = part;
                return rules->part_targets[i];
            }
        }
    }
    return rules->fallback;
}

static void add_match(struct detection *found, struct rules_match match) {
    for (int i = 0; i < found->count; i++)
        if (found->matches[i].signature == match.signature)
            return;
    if (found->count < RULES_PATTERNS_MAX)
        found->matches[found->count++] = match;
}

static struct rules_match match_of(enum rules_layer layer, int signature) {
    return (struct rules_match){.signature = signature,
                                .layer = layer,
                                .category_word = RULES_NONE,
                                .tool_word = RULES_NONE,
                                .target_word = RULES_NONE};
}

static void match_input(const struct rules *rules, const struct workflow_text *text, const struct sighting *seen,
                        struct detection *found) {
    for (int i = 0; i < rules->category_count; i++) {
        int category = rules->order[i];
        if (seen->categories[category].keyword == RULES_NONE)
            continue;
        struct rules_match match = match_of(LAYER_INPUT, RULES_NONE);
        match.category_word = seen->categories[category].keyword;
        match.tool_word = seen->tools[category].keyword;
        int tool = match.tool_word != RULES_NONE ? seen->tool[category] : 0;
        int target = 0;
        if (rules->categories[category].fixed_target == RULES_NONE)
            target = detected_target(rules, seen, text->template_name, &match);
        match.signature = *grid_at(rules, category, tool, target);
        add_match(found, match);
        return;
    }
}

static void match_errors(const struct rules *rules, const struct sighting *seen, struct detection *found) {
    for (int i = 0; i < rules->error_count; i++) {
        if (seen->errors[i].keyword == RULES_NONE)
            continue;
        struct rules_match match = match_of(LAYER_ERROR, rules->errors[i].signature);
        match.category_word = seen->errors[i].keyword;
        add_match(found, match);
    }
}

static void match_template(const struct rules *rules, struct span template_name, struct detection *found) {
    struct span part;
    while (part_next(&template_name, &part)) {
        for (int i = 0; i < rules->template_count; i++) {
            if (!part_is(part, rules->templates[i].part))
                continue;
            struct rules_match match = match_of(LAYER_TEMPLATE, rules->templates[i].signature);
            match.target_part = part;
            if (match.signature != RULES_NONE)
                add_match(found, match);
            return;
        }
    }
}

void rules_detect(const struct rules *rules, const struct workflow_text *text, struct detection *found) {
    struct sighting seen;
    found->count = found->keyword_count = 0;
    sighting_clear(rules, &seen);
    scan(rules, text->input, &seen, found);
    match_input(rules, text, &seen, found);
    if (text->error.n > 0) {
        sighting_clear(rules, &seen);
        scan(rules, text->error, &seen, NULL);
        match_errors(rules, &seen, found);
    }
    match_template(rules, text->template_name, found);
}

int rules_signature_count(const struct rules *rules) {
    return rules->signatures.count;
}

const char *rules_signature(const struct rules *rules, int signature) {
    return rules->signatures.items[signature];
}

const char *rules_keyword(const struct rules *rules, int keyword) {
    return rules->keywords[keyword].name;
}

struct span signature_category(const char *signature) {
    return (struct span){signature, strcspn(signature, ":")};
}
