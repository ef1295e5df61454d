#include "rules/prompts.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/word.h"
#include "rules/characteristics.h"
#include "rules/lexicon.h"

enum { COMPLEXITIES = PROMPT_DEEP + 1, BAND = PROMPT_SCORE_UNIT / COMPLEXITIES, DEEP_CHARACTERS = 5000 };

/* What a keyword means: a word of a pattern, or a complexity. */
enum role { ROLE_WORD, ROLE_TRIGGER };

struct prompt_rules {
    struct lexicon *lexicon;
    char *patterns[PROMPT_PATTERNS_MAX];
    int order[PROMPT_PATTERNS_MAX]; /* of trial */
    int pattern_count;
    int front; /* how many were put before the others */
    int word_count;
};

/* -- building --------------------------------------------------------------------------------------------------- */

struct prompt_rules *prompts_new(void) {
    struct prompt_rules *rules = xcalloc(1, sizeof *rules);
    rules->lexicon = lexicon_new();
    return rules;
}

void prompts_free(struct prompt_rules *rules) {
    if (rules == NULL)
        return;
    for (int i = 0; i < rules->pattern_count; i++)
        free(rules->patterns[i]);
    lexicon_free(rules->lexicon);
    free(rules);
}

int prompts_pattern(struct prompt_rules *rules, const char *name, bool first) {
    for (int i = 0; i < rules->pattern_count; i++)
        if (strcmp(rules->patterns[i], name) == 0)
            return i;
    if (!rule_name_valid(name) || rules->pattern_count == PROMPT_PATTERNS_MAX)
        return PROMPT_NONE;
    int number = rules->pattern_count++, place = first ? rules->front++ : number;
    rules->patterns[number] = xstrdup(name);
    memmove(rules->order + place + 1, rules->order + place, (size_t)(number - place) * sizeof *rules->order);
    rules->order[place] = number;
    return number;
}

int prompts_word(const struct prompt_rules *rules, int pattern, const char *inflection) {
    int keyword = lexicon_find(rules->lexicon, inflection), count;
    if (keyword == LEXICON_NONE)
        return PROMPT_NONE;
    const struct meaning *meanings = lexicon_meanings(rules->lexicon, keyword, &count);
    for (int i = 0; i < count; i++)
        if (meanings[i].role == ROLE_WORD && meanings[i].of == pattern)
            return meanings[i].which;
    return PROMPT_NONE;
}

int prompts_inflection(struct prompt_rules *rules, int pattern, int word, const char *inflection) {
    int known = prompts_word(rules, pattern, inflection);
    if (known != PROMPT_NONE)
        return known;
    int number = word != PROMPT_NONE ? word : rules->word_count;
    if (number == PROMPT_WORDS_MAX ||
        !lexicon_mean(rules->lexicon, inflection, (struct meaning){ROLE_WORD, pattern, number}))
        return PROMPT_NONE;
    rules->word_count += number == rules->word_count;
    return number;
}

bool prompts_trigger(struct prompt_rules *rules, enum prompt_complexity complexity, const char *keyword) {
    return lexicon_mean(rules->lexicon, keyword, (struct meaning){ROLE_TRIGGER, (int)complexity, 0});
}

/* -- sentences -------------------------------------------------------------------------------------------------- */

static bool among(uint32_t point, const uint32_t *points, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (point == points[i])
            return true;
    return false;
}

static bool ends(uint32_t point) {
    return point == '.' || point == '!' || point == '?';
}

static bool ends_wide(uint32_t point) {
    return point == 0x3002 || point == 0xff01 || point == 0xff1f;
}

static bool white(uint32_t point) {
    return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xa0 ||
           (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 || point == 0x202f ||
           point == 0x205f || point == 0x3000;
}

/* Quotes and brackets; a language's closing quote may be another's opening one. */
static bool closes(uint32_t point) {
    static const uint32_t points[] = {')',    ']',    '}',    '"',    '\'',   0xbb,   0x2018, 0x2019, 0x201c, 0x201d,
                                      0x203a, 0x3009, 0x300b, 0x300d, 0x300f, 0x3011, 0x3015, 0xff09, 0xff3d, 0xff5d};
    return among(point, points, sizeof points / sizeof *points);
}

/* What may stand before a letter that stands alone. An apostrophe may not: "don't." */
static bool opens(uint32_t point) {
    static const uint32_t points[] = {0, '.', '(', '[', '{', '"', 0xab, 0x2018, 0x201c, 0x201e};
    return white(point) || among(point, points, sizeof points / sizeof *points);
}

static bool digit(uint32_t point) {
    return point >= '0' && point <= '9';
}

/* As in words: beyond ASCII, all but punctuation and spaces. */
static bool letter(uint32_t point) {
    return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') || (point >= 0x80 && !parts_words(point));
}

/* The next character, without moving; 0 at the end. A byte that is not UTF-8 is a DELETE, which is nothing. */
static inline uint32_t peek(struct span rest, size_t *size) {
    uint32_t point = rest.n > 0 ? (unsigned char)*rest.s : 0;
    *size = 1;
    if (rest.n == 0 || (point > 0 && point < 0x80)) /* ASCII is one byte */
        return point;
    *size = utf8_decode(rest, &point);
    if (*size > 0 && point != 0)
        return point;
    *size = 1;
    return 0x7f;
}

static void skip(struct span *rest, bool (*wanted)(uint32_t)) {
    size_t size;
    for (uint32_t point; (point = peek(*rest, &size)) != 0 && wanted(point);)
        *rest = (struct span){rest->s + size, rest->n - size};
}

/* Passes the ends at REST and what closes behind them. Whether they end a sentence; ALONE: after a letter alone. */
static bool pass_end(struct span *rest, bool alone) {
    bool initial = alone && *rest->s == '.' && !(rest->n > 1 && ends((unsigned char)rest->s[1]));
    size_t size;
    skip(rest, ends);
    skip(rest, closes);
    uint32_t next = peek(*rest, &size);
    return !initial && (next == 0 || white(next));
}

size_t sentences_of(struct span text) {
    size_t count = 0, size;
    bool content = false;                 /* a letter or digit since the last end */
    uint32_t before = 0, last = 0, point; /* the two characters before this one */
    for (struct span rest = text; (point = peek(rest, &size)) != 0;) {
        bool end = ends_wide(point);
        if (ends(point)) {
            end = pass_end(&rest, letter(last) && opens(before));
            last = '.';
        } else {
            content = content || letter(point) || digit(point);
            before = last;
            last = point;
            rest = (struct span){rest.s + size, rest.n - size};
        }
        count += end && content;
        content = content && !end;
    }
    return count + content;
}

/* -- looking ---------------------------------------------------------------------------------------------------- */

struct sight {
    int counts[PROMPT_PATTERNS_MAX]; /* distinct words, by pattern */
    uint64_t seen[PROMPT_WORDS_MAX / 64];
    bool asks[COMPLEXITIES];
};

static void note(const struct lexicon_hit *hit, void *to) {
    struct sight *sight = to;
    for (int i = 0; i < hit->meaning_count; i++) {
        const struct meaning *meaning = &hit->meanings[i];
        if (meaning->role == ROLE_TRIGGER) {
            sight->asks[meaning->of] = true;
            continue;
        }
        uint64_t *seen = &sight->seen[meaning->which / 64], bit = UINT64_C(1) << meaning->which % 64;
        sight->counts[meaning->of] += (*seen & bit) == 0;
        *seen |= bit;
    }
}

static const char *pattern_of(const struct prompt_rules *rules, const struct sight *sight) {
    const char *name = "general";
    int most = 0;
    for (int i = 0; i < rules->pattern_count; i++) {
        int pattern = rules->order[i];
        if (sight->counts[pattern] > most) {
            most = sight->counts[pattern];
            name = rules->patterns[pattern];
        }
    }
    return name;
}

static enum prompt_complexity complexity_in(const struct sight *sight, struct span prompt, size_t words) {
    if (sight->asks[PROMPT_DEEP] || words > 200 ||
        (prompt.n > DEEP_CHARACTERS && characters_of(prompt) > DEEP_CHARACTERS))
        return PROMPT_DEEP;
    if (sight->asks[PROMPT_COMPLEX] || words > 50 || sentences_of(prompt) >= 3)
        return PROMPT_COMPLEX;
    return words < 3 ? PROMPT_SIMPLE : PROMPT_MODERATE;
}

/* Rises evenly up to the most words that a prompt of its complexity can have, and for a deep one to a thousand. */
static int score_in(enum prompt_complexity complexity, size_t words) {
    static const size_t most[COMPLEXITIES] = {2, 50, 200, 1000};
    int top = complexity == PROMPT_DEEP ? BAND : BAND - 1;
    size_t capped = words < most[complexity] ? words : most[complexity];
    return (int)complexity * BAND + (int)((size_t)top * capped / most[complexity]);
}

void prompts_look(const struct prompt_rules *rules, struct span prompt, struct prompt_view *view) {
    struct sight sight = {0};
    size_t words = words_between_spaces(prompt);
    lexicon_scan(rules->lexicon, prompt, note, &sight);
    view->pattern = pattern_of(rules, &sight);
    view->complexity = complexity_in(&sight, prompt, words);
    view->score = score_in(view->complexity, words);
}

/* -- scores and names ------------------------------------------------------------------------------------------- */

int prompts_score_of(enum prompt_complexity complexity) {
    return (int)complexity * BAND + BAND / 2;
}

enum prompt_complexity prompts_complexity_of(int score) {
    if (score < 0)
        return PROMPT_SIMPLE;
    return score < PROMPT_DEEP * BAND ? (enum prompt_complexity)(score / BAND) : PROMPT_DEEP;
}

static const char *const names[COMPLEXITIES] = {"simple", "moderate", "complex", "deep"};

const char *prompt_complexity_name(enum prompt_complexity complexity) {
    return names[complexity];
}
