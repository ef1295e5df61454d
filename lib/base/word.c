#include "base/word.h"

static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static bool space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool word_next(struct span *rest, struct span *word) {
    const char *s = rest->s, *end = s + rest->n;
    while (s < end && !in_word(*s))
        s++;
    const char *first = s;
    while (s < end && in_word(*s))
        s++;
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
