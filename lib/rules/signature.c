#include "rules/signature.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "rules/lexicon.h"

enum {
    SIGNATURES_MAX = 16384,
    SLOTS_MAX = 256, /* categories, and targets, at most: what one scan keeps in sight */
};

/* What a keyword means where it occurs: of a category, target or error rule, and ROLE_TOOL which of the category's
 * subcategories. A keyword of several categories has a meaning for each. */
enum role { ROLE_CATEGORY, ROLE_TOOL, ROLE_TARGET, ROLE_WITH, ROLE_ERROR };

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
    struct lexicon *lexicon;
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

/* Among those from FIRST up to END. */
static int names_find_between(const struct names *names, int first, int end, const char *name) {
    for (int i = first; i < end; i++)
        if (strcmp(names->items[i], name) == 0)
            return i;
    return RULES_NONE;
}

static int names_find(const struct names *names, const char *name) {
    return names_find_between(names, 0, names->count, name);
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

static bool mean(struct rules *rules, const char *keyword, enum role role, int of, int tool) {
    return lexicon_mean(rules->lexicon, keyword, (struct meaning){(int)role, of, tool});
}

/* -- building --------------------------------------------------------------------------------------------------- */

struct rules *rules_new(void) {
    struct rules *rules = xcalloc(1, sizeof *rules);
    rules->lexicon = lexicon_new();
    rules->fallback = RULES_NONE;
    return rules;
}

void rules_free(struct rules *rules) {
    if (rules == NULL)
        return;
    lexicon_free(rules->lexicon);
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
    if (found != RULES_NONE || !rule_name_valid(name) || rules->category_count == SLOTS_MAX)
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
    if (!rule_name_valid(subcategory))
        return false;
    struct names *tools = &rules->categories[category].tools;
    free(tools->items[0]);
    tools->items[0] = xstrdup(subcategory);
    return true;
}

bool rules_category_target(struct rules *rules, int category, const char *target) {
    if (!rule_name_valid(target))
        return false;
    bool detected = strcmp(target, "detected") == 0;
    rules->categories[category].fixed_target = detected ? RULES_NONE : names_intern(&rules->fixed_targets, target);
    return true;
}

bool rules_category_word(struct rules *rules, int category, const char *keyword) {
    return mean(rules, keyword, ROLE_CATEGORY, category, 0);
}

bool rules_category_tool(struct rules *rules, int category, const char *subcategory, const char *keyword) {
    if (!rule_name_valid(subcategory) || !rules_category_word(rules, category, keyword))
        return false;
    return mean(rules, keyword, ROLE_TOOL, category, names_intern(&rules->categories[category].tools, subcategory));
}

int rules_target(struct rules *rules, const char *name) {
    int found = names_find(&rules->targets, name);
    if (found != RULES_NONE || !rule_name_valid(name) || rules->targets.count == SLOTS_MAX)
        return found;
    int number = names_add(&rules->targets, name);
    rules->needs_with = xreallocarray(rules->needs_with, (size_t)number + 1, sizeof *rules->needs_with);
    rules->needs_with[number] = false;
    return number;
}

bool rules_target_word(struct rules *rules, int target, const char *keyword) {
    return mean(rules, keyword, ROLE_TARGET, target, 0);
}

bool rules_target_with(struct rules *rules, int target, const char *keyword) {
    if (!mean(rules, keyword, ROLE_WITH, target, 0))
        return false;
    rules->needs_with[target] = true;
    return true;
}

bool rules_target_part(struct rules *rules, int target, const char *part) {
    if (!rule_name_valid(part))
        return false;
    for (int i = 0; i < rules->target_parts.count; i++)
        if (lower_is(rules->target_parts.items[i], span_of(part)))
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
    char part[3][RULE_NAME_MAX + 1];
    const char *s = signature;
    for (int i = 0; i < 3; i++) {
        size_t size = strcspn(s, ":");
        if (size > RULE_NAME_MAX || (i < 2) != (s[size] == ':'))
            return false;
        memcpy(part[i], s, size);
        part[i][size] = '\0';
        if (!rule_name_valid(part[i]))
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
    if (!rule_name_valid(part) || (signature != NULL && !signature_valid(signature)))
        return false;
    for (int i = 0; i < rules->template_count; i++)
        if (lower_is(rules->templates[i].part, span_of(part)))
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

/* Numbers the signatures of a category. One that is there already is of the same category, or among the LISTED, those
 * that error and template rules name, which come first. */
static void number_signatures(struct rules *rules, int c, int listed, struct text *signature) {
    const struct category *category = &rules->categories[c];
    int first = rules->signatures.count, fixed = category->fixed_target;
    for (int t = 0; t < category->tools.count; t++) {
        for (int g = 0; g < rules->grid_targets; g++) {
            int *number = grid_at(rules, c, t, g);
            if (fixed != RULES_NONE && g > 0) {
                *number = *grid_at(rules, c, t, 0);
                continue;
            }
            text_clear(signature);
            text_string(signature, category->name);
            text_string(signature, ":");
            text_string(signature, category->tools.items[t]);
            text_string(signature, ":");
            text_string(signature, fixed != RULES_NONE ? rules->fixed_targets.items[fixed] : rules->targets.items[g]);
            *number = names_find_between(&rules->signatures, 0, listed, signature->s);
            if (*number == RULES_NONE)
                *number = names_find_between(&rules->signatures, first, rules->signatures.count, signature->s);
            if (*number == RULES_NONE)
                *number = names_add(&rules->signatures, signature->s);
        }
    }
}

bool rules_finish(struct rules *rules, const char **why) {
    if (rules->fallback == RULES_NONE) {
        *why = "no fallback target";
        return false;
    }
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
    struct text scratch = {0};
    int listed = rules->signatures.count;
    for (int c = 0; c < rules->category_count; c++)
        number_signatures(rules, c, listed, &scratch);
    text_free(&scratch);
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
    struct detection *found; /* keeps the keywords; NULL: none does */
};

/* Whether the place was taken. */
static bool sight(struct place *place, const struct lexicon_hit *hit) {
    if (place->keyword != RULES_NONE && (hit->at > place->at || (hit->at == place->at && hit->length <= place->length)))
        return false;
    *place = (struct place){hit->keyword, hit->at, hit->length};
    return true;
}

static void keep_keyword(struct detection *found, int keyword) {
    for (int i = 0; i < found->keyword_count; i++)
        if (found->keywords[i] == keyword)
            return;
    if (found->keyword_count < RULES_KEYWORDS_MAX)
        found->keywords[found->keyword_count++] = keyword;
}

static void note(const struct lexicon_hit *hit, void *to) {
    struct sighting *seen = to;
    bool only_errors = true;
    for (int i = 0; i < hit->meaning_count; i++) {
        const struct meaning *meaning = &hit->meanings[i];
        switch ((enum role)meaning->role) {
        case ROLE_CATEGORY: sight(&seen->categories[meaning->of], hit); break;
        case ROLE_TARGET: sight(&seen->targets[meaning->of], hit); break;
        case ROLE_WITH: seen->with[meaning->of] = true; break;
        case ROLE_ERROR: sight(&seen->errors[meaning->of], hit); break;
        case ROLE_TOOL: /* of two subcategories with one keyword, the earlier */
            if (sight(&seen->tools[meaning->of], hit))
                seen->tool[meaning->of] = meaning->which;
            break;
        }
        only_errors = only_errors && meaning->role == ROLE_ERROR;
    }
    if (seen->found != NULL && !only_errors)
        keep_keyword(seen->found, hit->keyword);
}

/* Meets every keyword of TEXT; FOUND, if it is not NULL, keeps them. */
static void scan(const struct rules *rules, struct span text, struct sighting *seen, struct detection *found) {
    for (int i = 0; i < rules->category_count; i++)
        seen->categories[i].keyword = seen->tools[i].keyword = RULES_NONE;
    for (int i = 0; i < rules->targets.count; i++) {
        seen->targets[i].keyword = RULES_NONE;
        seen->with[i] = false;
    }
    for (int i = 0; i < rules->error_count; i++)
        seen->errors[i].keyword = RULES_NONE;
    seen->found = found;
    lexicon_scan(rules->lexicon, text, note, seen);
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
            if (lower_is(rules->target_parts.items[i], part)) {
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
            if (!lower_is(rules->templates[i].part, part))
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
    scan(rules, text->input, &seen, found);
    match_input(rules, text, &seen, found);
    if (text->error.n > 0) {
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
    return lexicon_keyword(rules->lexicon, keyword);
}

struct span signature_category(const char *signature) {
    return (struct span){signature, strcspn(signature, ":")};
}
