#include "rules/lexicon.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/word.h"

enum {
    WORD_MAX_BYTES = 64,
    VOCABULARY_SLOTS = 4096,
    VOCABULARY_MAX = VOCABULARY_SLOTS / 2,
};

struct keyword {
    char *name;
    int words[LEXICON_KEYWORD_WORDS]; /* in the vocabulary */
    int count;
    int next; /* the next keyword that ends with the same word */
    struct meaning *meanings;
    int meaning_count;
};

struct lexicon {
    char **vocabulary; /* lower-case words, by number */
    int word_count;
    int slots[VOCABULARY_SLOTS]; /* open addressing: a word's number + 1 */
    int *ending;                 /* the first keyword that ends with a word */
    struct keyword *keywords;
    int keyword_count;
};

/* -- words ------------------------------------------------------------------------------------------------------ */

char *lower_copy(struct span word) {
    char *copy = xmemdup(word.s, word.n);
    for (char *s = copy; *s != '\0'; s++)
        *s = ascii_lower(*s);
    return copy;
}

static inline bool same_word(const char *known, struct span word) {
    size_t i = 0;
    while (i < word.n && known[i] != '\0' && known[i] == ascii_lower(word.s[i]))
        i++;
    return i == word.n && known[i] == '\0';
}

bool lower_is(const char *known, struct span word) {
    return same_word(known, word);
}

bool rule_name_valid(const char *name) {
    size_t size = strlen(name);
    if (size == 0 || size > RULE_NAME_MAX)
        return false;
    for (const char *s = name; *s != '\0'; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
              strchr("_.-", *s) != NULL))
            return false;
    return true;
}

/* FNV-1a over the lower-case bytes: words are short, and this is inlined into the scan. */
static inline uint32_t word_hash(struct span word) {
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < word.n; i++)
        hash = (hash ^ (unsigned char)ascii_lower(word.s[i])) * 16777619U;
    return hash ^ hash >> 15;
}

static inline int word_number(const struct lexicon *lexicon, struct span word) {
    if (word.n > WORD_MAX_BYTES)
        return LEXICON_NONE;
    for (uint32_t at = word_hash(word); lexicon->slots[at % VOCABULARY_SLOTS] != 0; at++) {
        int number = lexicon->slots[at % VOCABULARY_SLOTS] - 1;
        if (same_word(lexicon->vocabulary[number], word))
            return number;
    }
    return LEXICON_NONE;
}

/* ITEMS, of which there are COUNT, with room for one more: whenever COUNT is a power of two, it is used up. */
static void *grown(void *items, int count, size_t size) {
    bool full = (count & (count - 1)) == 0;
    return full ? xreallocarray(items, count > 0 ? 2 * (size_t)count : 1, size) : items;
}

static int word_add(struct lexicon *lexicon, struct span word) {
    int number = word_number(lexicon, word);
    if (number != LEXICON_NONE || lexicon->word_count == VOCABULARY_MAX || word.n > WORD_MAX_BYTES)
        return number;
    lexicon->vocabulary = grown(lexicon->vocabulary, lexicon->word_count, sizeof *lexicon->vocabulary);
    lexicon->ending = grown(lexicon->ending, lexicon->word_count, sizeof *lexicon->ending);
    lexicon->vocabulary[lexicon->word_count] = lower_copy(word);
    lexicon->ending[lexicon->word_count] = LEXICON_NONE;
    uint32_t at = word_hash(word);
    while (lexicon->slots[at % VOCABULARY_SLOTS] != 0)
        at++;
    lexicon->slots[at % VOCABULARY_SLOTS] = ++lexicon->word_count;
    return lexicon->word_count - 1;
}

/* -- keywords --------------------------------------------------------------------------------------------------- */

struct lexicon *lexicon_new(void) {
    return xcalloc(1, sizeof(struct lexicon));
}

void lexicon_free(struct lexicon *lexicon) {
    if (lexicon == NULL)
        return;
    for (int i = 0; i < lexicon->word_count; i++)
        free(lexicon->vocabulary[i]);
    for (int i = 0; i < lexicon->keyword_count; i++) {
        free(lexicon->keywords[i].name);
        free(lexicon->keywords[i].meanings);
    }
    free(lexicon->vocabulary);
    free(lexicon->ending);
    free(lexicon->keywords);
    free(lexicon);
}

static int keyword_find(const struct lexicon *lexicon, const int *words, int count) {
    for (int k = lexicon->ending[words[count - 1]]; k != LEXICON_NONE; k = lexicon->keywords[k].next)
        if (lexicon->keywords[k].count == count &&
            memcmp(lexicon->keywords[k].words, words, (size_t)count * sizeof *words) == 0)
            return k;
    return LEXICON_NONE;
}

int lexicon_find(const struct lexicon *lexicon, const char *keyword) {
    int words[LEXICON_KEYWORD_WORDS], count = 0;
    struct span rest = span_of(keyword), word;
    while (word_next(&rest, &word)) {
        int number = count < LEXICON_KEYWORD_WORDS ? word_number(lexicon, word) : LEXICON_NONE;
        if (number == LEXICON_NONE)
            return LEXICON_NONE;
        words[count++] = number;
    }
    return count > 0 ? keyword_find(lexicon, words, count) : LEXICON_NONE;
}

static int keyword_add(struct lexicon *lexicon, const char *name) {
    struct keyword keyword = {0};
    struct span rest = span_of(name), word;
    while (word_next(&rest, &word)) {
        int number = keyword.count < LEXICON_KEYWORD_WORDS ? word_add(lexicon, word) : LEXICON_NONE;
        if (number == LEXICON_NONE)
            return LEXICON_NONE;
        keyword.words[keyword.count++] = number;
    }
    if (keyword.count == 0)
        return LEXICON_NONE;
    int found = keyword_find(lexicon, keyword.words, keyword.count);
    if (found != LEXICON_NONE)
        return found;
    int last = keyword.words[keyword.count - 1];
    keyword.name = lower_copy(span_of(name));
    keyword.next = lexicon->ending[last];
    lexicon->ending[last] = lexicon->keyword_count;
    lexicon->keywords = grown(lexicon->keywords, lexicon->keyword_count, sizeof *lexicon->keywords);
    lexicon->keywords[lexicon->keyword_count] = keyword;
    return lexicon->keyword_count++;
}

bool lexicon_mean(struct lexicon *lexicon, const char *keyword, struct meaning meaning) {
    int number = keyword_add(lexicon, keyword);
    if (number == LEXICON_NONE)
        return false;
    struct keyword *k = &lexicon->keywords[number];
    for (int i = 0; i < k->meaning_count; i++)
        if (k->meanings[i].role == meaning.role && k->meanings[i].of == meaning.of &&
            k->meanings[i].which == meaning.which)
            return true;
    k->meanings = xreallocarray(k->meanings, (size_t)k->meaning_count + 1, sizeof *k->meanings);
    k->meanings[k->meaning_count++] = meaning;
    return true;
}

const char *lexicon_keyword(const struct lexicon *lexicon, int number) {
    return lexicon->keywords[number].name;
}

const struct meaning *lexicon_meanings(const struct lexicon *lexicon, int number, int *count) {
    *count = lexicon->keywords[number].meaning_count;
    return lexicon->keywords[number].meanings;
}

/* -- texts ------------------------------------------------------------------------------------------------------ */

/* The last words stay in a ring, and a keyword is known by its last word. */
void lexicon_scan(const struct lexicon *lexicon, struct span text, lexicon_meet *meet, void *to) {
    int ring[LEXICON_KEYWORD_WORDS];
    long position = 0;
    struct span rest = text, word;
    for (; word_next(&rest, &word); position++) {
        int number = word_number(lexicon, word);
        ring[position % LEXICON_KEYWORD_WORDS] = number;
        if (number == LEXICON_NONE)
            continue;
        for (int k = lexicon->ending[number]; k != LEXICON_NONE; k = lexicon->keywords[k].next) {
            const struct keyword *keyword = &lexicon->keywords[k];
            long first = position - keyword->count + 1;
            int same = first >= 0 ? 1 : keyword->count + 1;
            while (same < keyword->count &&
                   ring[(position - same) % LEXICON_KEYWORD_WORDS] == keyword->words[keyword->count - 1 - same])
                same++;
            if (same == keyword->count)
                meet(&(struct lexicon_hit){k, keyword->count, first, keyword->meanings, keyword->meaning_count}, to);
        }
    }
}
