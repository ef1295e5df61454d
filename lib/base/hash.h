/* hash: fast, stable hashes (XXH3), the same for good: databases keep them. */
#ifndef PL_BASE_HASH_H
#define PL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* 128 bits: enough to tell contents apart by themselves. */
struct digest {
    unsigned char bytes[16];
};

/* Its first 64 bits. */
static inline uint64_t digest_prefix(const struct digest *digest) {
    uint64_t prefix = 0;
    for (int i = 0; i < 8; i++)
        prefix = prefix << 8 | digest->bytes[i];
    return prefix;
}

uint64_t hash64(const void *bytes, size_t size);
struct digest hash128(const void *bytes, size_t size);

/* The first 64 bits of SHA-256, which other programs know a prompt by: written as 16 hexadecimal digits. */
uint64_t hash_prompt(struct span prompt);

/* A digest of bytes that come in pieces. The caller owns it and frees it. */
struct hasher *hasher_new(void);
void hasher_add(struct hasher *hasher, const void *bytes, size_t size);
/* The digest of all that was added so far; more can be added afterwards. */
struct digest hasher_digest(const struct hasher *hasher);
void hasher_free(struct hasher *hasher);

#endif
