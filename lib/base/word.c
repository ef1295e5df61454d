#include "base/word.h"

/* Punctuation and spaces outside ASCII, which part words as those of ASCII do: Latin-1's signs, general punctuation
 * (dashes, quotes, spaces), CJK and full-width signs. */
bool parts_words(uint32_t point) {
    return (point >= 0x80 && point <= 0xbf && point != 0xaa && point != 0xb5 && point != 0xba) || point == 0xd7 ||
           point == 0xf7 || (point >= 0x2000 && point <= 0x206f) || (point >= 0x3000 && point <= 0x303f) ||
           (point >= 0xff00 && point <= 0xff0f) || (point >= 0xff1a && point <= 0xff20) || point == 0xfeff;
}

/* The bytes of the character beyond ASCII that S begins with, if words have it; 0: it parts them, and is *PAST bytes
 * long. */
static size_t wide_character(const char *s, const char *end, size_t *past) {
    uint32_t point;
    size_t size = utf8_decode((struct span){s, (size_t)(end - s)}, &point);
    *past = size > 0 ? size : 1;
    return size == 0 || parts_words(point) ? 0 : size;
}

/* The same of any character. Most are ASCII, and every byte of every text comes through here. */
static inline size_t word_character(const char *s, const char *end, size_t *past) {
    unsigned char c = (unsigned char)*s, lower = c | 0x20;
    if (c >= 0x80)
        return wide_character(s, end, past);
    *past = 1;
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static inline bool space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool word_next(struct span *rest, struct span *word) {
    *word = (struct span){NULL, 0};
    if (rest->n == 0)
        return false;
    const char *s = rest->s, *end = s + rest->n;
    size_t size = 0, past;
    while (s < end && (size = word_character(s, end, &past)) == 0)
        s += past;
    const char *first = s;
    while (s < end && (size = word_character(s, end, &past)) > 0)
        s += size;
    *word = (struct span){first, (size_t)(s - first)};
    *rest = (struct span){s, (size_t)(end - s)};
    return word->n > 0;
}

size_t words_between_spaces(struct span text) {
    size_t count = 0;
    bool inside = false;
    for (size_t i = 0; i < text.n; i++) {
        bool now = !space(text.s[i]);
        count += now && !inside;
        inside = now;
    }
    return count;
}
