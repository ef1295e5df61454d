#include "rules/features.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/word.h"

enum {
    WORD_MAX = 64, /* bytes: of a longer word its beginning counts */
    PART = 4,      /* characters of a part of a word */
    DIGITS_MAX = 12,
    GROUPS = FEATURES_BUCKETS / 64,
};

/* What is hashed; each kind by itself, so that a pair is no word. */
enum kind { OF_WORD, OF_NUMBER, OF_PAIR, OF_PART, OF_FIRST, OF_FIRST_PAIR, OF_LAST, OF_LAST_PAIR };

struct builder {
    uint64_t groups[GROUPS / 64]; /* a bit for each group of buckets that has one */
    uint64_t set[GROUPS];         /* a bit for each bucket; of a group that has none, not even cleared */
    uint64_t last, before;        /* the token before this one, and the one before that; 0: none */
    size_t tokens;
};

/* Steele, Lea and Flood's mixing of 64 bits (SplitMix64). */
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void add(struct builder *builder, enum kind kind, uint64_t hash) {
    uint64_t bucket = mix(hash + (uint64_t)kind * UINT64_C(0x9e3779b97f4a7c15)) % FEATURES_BUCKETS;
    size_t group = bucket / 64;
    uint64_t *groups = &builder->groups[group / 64], bit = UINT64_C(1) << group % 64;
    if ((*groups & bit) == 0)
        builder->set[group] = 0;
    builder->set[group] |= UINT64_C(1) << bucket % 64;
    *groups |= bit;
}

static uint64_t pair(uint64_t first, uint64_t second) {
    return mix(first) + second;
}

static void add_token(struct builder *builder, enum kind kind, uint64_t hash) {
    hash = mix(hash + (uint64_t)kind) | 1;
    add(builder, kind, hash);
    if (builder->last != 0)
        add(builder, OF_PAIR, pair(builder->last, hash));
    if (builder->tokens == 0)
        add(builder, OF_FIRST, hash);
    if (builder->tokens == 1 && builder->last != 0)
        add(builder, OF_FIRST_PAIR, pair(builder->last, hash));
    builder->before = builder->last;
    builder->last = hash;
    builder->tokens++;
}

/* -- words --------------------------------------------------------------------------------------------------------- */

/* A number is as good as another of as many digits. */
static bool is_number(struct span word) {
    for (size_t i = 0; i < word.n; i++)
        if (word.s[i] < '0' || word.s[i] > '9')
            return false;
    return true;
}

/* Where the characters of WORD begin, and where it ends. Returns how many there are. */
static size_t characters(struct span word, size_t starts[WORD_MAX + 1]) {
    size_t count = 0;
    for (size_t i = 0; i < word.n; i++)
        if (((unsigned char)word.s[i] & 0xc0) != 0x80)
            starts[count++] = i;
    starts[count] = word.n;
    return count;
}

/* Of a longer word, every second run of four characters, and the last: inflections and word families share most. */
static void add_parts(struct builder *builder, struct span word) {
    size_t starts[WORD_MAX + 1], count = characters(word, starts);
    if (count <= PART)
        return;
    for (size_t i = 0; i + PART <= count; i += 2)
        add(builder, OF_PART, hash64(word.s + starts[i], starts[i + PART] - starts[i]));
    add(builder, OF_PART, hash64(word.s + starts[count - PART], word.n - starts[count - PART]));
}

static void add_word(struct builder *builder, struct span word) {
    char lower[WORD_MAX];
    size_t size = word.n < WORD_MAX ? word.n : WORD_MAX;
    if (is_number(word)) {
        add_token(builder, OF_NUMBER, word.n < DIGITS_MAX ? word.n : DIGITS_MAX);
        return;
    }
    for (size_t i = 0; i < size; i++)
        lower[i] = ascii_lower(word.s[i]);
    add_token(builder, OF_WORD, hash64(lower, size));
    add_parts(builder, (struct span){lower, size});
}

/* Scripts that put no spaces between words: there each character is a token. */
static bool stands_alone(uint32_t point) {
    return (point >= 0x0e00 && point <= 0x0eff) || (point >= 0x1000 && point <= 0x109f) ||
           (point >= 0x2e80 && point <= 0x9fff) || (point >= 0xf900 && point <= 0xfaff) || point >= 0x20000;
}

/* The bytes of WORD's first token: up to a character that stands alone, or that character. */
static size_t first_token(struct span word) {
    uint32_t point;
    size_t at = 0;
    while (at < word.n) {
        bool ascii = (unsigned char)word.s[at] < 0x80;
        size_t size = ascii ? 1 : utf8_decode((struct span){word.s + at, word.n - at}, &point);
        if (size > 1 && stands_alone(point))
            return at > 0 ? at : size;
        at += size > 0 ? size : 1;
    }
    return at;
}

static void add_words(struct builder *builder, struct span text) {
    struct span word;
    while (word_next(&text, &word)) {
        for (size_t size; word.n > 0; word = (struct span){word.s + size, word.n - size}) {
            size = first_token(word);
            add_word(builder, (struct span){word.s, size});
        }
    }
}

/* How a prompt's first line ends is often what it asks for. */
static void end_first_line(struct builder *builder) {
    if (builder->last != 0)
        add(builder, OF_LAST, builder->last);
    if (builder->before != 0)
        add(builder, OF_LAST_PAIR, pair(builder->before, builder->last));
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

/* Hashing has dealt the buckets at random, and to all prompts alike: so the lowest are a sample (Broder's min-wise). */
static void list(const struct builder *builder, struct features *features) {
    features->count = 0;
    for (size_t i = 0; i < GROUPS / 64; i++)
        for (uint64_t groups = builder->groups[i]; groups != 0; groups &= groups - 1) {
            size_t group = 64 * i + (size_t)__builtin_ctzll(groups);
            for (uint64_t bits = builder->set[group]; bits != 0 && features->count < FEATURES_MAX; bits &= bits - 1)
                features->buckets[features->count++] = (uint32_t)(64 * group + (size_t)__builtin_ctzll(bits));
        }
}

void features_of(struct span prompt, struct features *features) {
    struct builder builder; /* not all cleared: most of its many bits are never looked at */
    memset(builder.groups, 0, sizeof builder.groups);
    builder.last = builder.before = 0;
    builder.tokens = 0;
    if (prompt.n == 0)
        prompt = span_of(""); /* whatever it was: nothing is added to a null pointer */
    bool is_long = prompt.n > 2 * FEATURES_END;
    struct span head = {prompt.s, is_long ? FEATURES_END : prompt.n};
    const char *newline = head.n > 0 ? memchr(head.s, '\n', head.n) : NULL;
    size_t line = newline != NULL ? (size_t)(newline - head.s) : head.n;
    add_words(&builder, (struct span){head.s, line});
    end_first_line(&builder);
    add_words(&builder, (struct span){head.s + line, head.n - line});
    if (is_long) {
        builder.last = 0;
        add_words(&builder, (struct span){prompt.s + prompt.n - FEATURES_END, FEATURES_END});
    }
    list(&builder, features);
    features->length = (int)fmin(8 * log2(1 + (double)prompt.n), FEATURES_LENGTHS - 1);
}

/* -- the encoded form ------------------------------------------------------------------------------------------- */

/* The length, and then how far each bucket is from the one before, less one, in groups of 7 bits, the lowest first; all
 * but the last of a number with the high bit. */
size_t features_encode(const struct features *features, unsigned char bytes[FEATURES_BYTES_MAX]) {
    size_t size = 0;
    unsigned next = 0; /* the least bucket that can come */
    bytes[size++] = (unsigned char)features->length;
    for (size_t i = 0; i < features->count; i++) {
        unsigned number = features->buckets[i] - next;
        for (; number >= 0x80; number >>= 7)
            bytes[size++] = (unsigned char)(number | 0x80);
        bytes[size++] = (unsigned char)number;
        next = features->buckets[i] + 1U;
    }
    return size;
}

/* The number that begins AT; -1 if none does. */
static int number_at(struct span bytes, size_t *at) {
    int number = 0;
    for (int shift = 0; shift < 21 && *at < bytes.n; shift += 7) {
        unsigned char byte = (unsigned char)bytes.s[(*at)++];
        number |= (byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return number;
    }
    return -1;
}

bool features_decode(struct span bytes, struct features *features) {
    int next = 0;
    bool good = bytes.n > 0;
    features->count = 0;
    features->length = good ? (unsigned char)bytes.s[0] : 0;
    for (size_t at = 1; good && at < bytes.n;) {
        int number = number_at(bytes, &at), bucket = next + number;
        good = number >= 0 && bucket < FEATURES_BUCKETS && features->count < FEATURES_MAX;
        if (good)
            features->buckets[features->count++] = (uint32_t)bucket;
        next = bucket + 1;
    }
    if (!good)
        features->length = 0;
    if (!good)
        features->count = 0;
    return good;
}
