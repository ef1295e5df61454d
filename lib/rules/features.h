/* features: what a predictor sees of a prompt: the words, pairs of words and parts of words that it has, as numbers of
 * hashed buckets, and its length. They are what the database keeps in place of a prompt: bounded, and not to be read.
 *
 * A change of what features are made of is a change of FEATURES_VERSION: those of another version say nothing here.
 */
#ifndef PL_RULES_FEATURES_H
#define PL_RULES_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
    FEATURES_VERSION = 2,
    FEATURES_BUCKETS = 1 << 18,
    FEATURES_END = 8192,                       /* bytes: of a long prompt its first and last so many are looked at */
    FEATURES_MAX = 512,                        /* buckets of one prompt: of more, the lowest, a fair sample of all */
    FEATURES_BYTES_MAX = 1 + 3 * FEATURES_MAX, /* of the encoded form */
    FEATURES_LENGTHS = 256,
};

struct features {
    int length; /* of the prompt: 8 times the binary logarithm of its bytes and one, rounded down; under LENGTHS */
    size_t count;
    uint32_t buckets[FEATURES_MAX]; /* distinct, in rising order */
};

/* Those of PROMPT, which may be empty; they depend on nothing but its bytes. */
void features_of(struct span prompt, struct features *features);

/* The encoded form, compact and the same on every machine. Returns its size in bytes. */
size_t features_encode(const struct features *features, unsigned char bytes[FEATURES_BYTES_MAX]);
/* False if the bytes are not such a form; then FEATURES are those of an empty prompt. */
bool features_decode(struct span bytes, struct features *features);

#endif
