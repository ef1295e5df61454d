#include "base/hash.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL /* no library to load for a few hashes */
#include <xxhash.h>

#include "base/alloc.h"
#include "base/diag.h"

struct hasher {
    XXH3_state_t *state;
};

static struct digest canonical(XXH128_hash_t hash) {
    XXH128_canonical_t bytes;
    struct digest digest;
    XXH128_canonicalFromHash(&bytes, hash);
    memcpy(digest.bytes, bytes.digest, sizeof digest.bytes);
    return digest;
}

uint64_t hash64(const void *bytes, size_t size) {
    return XXH3_64bits(bytes, size);
}

struct digest hash128(const void *bytes, size_t size) {
    return canonical(XXH3_128bits(bytes, size));
}

uint64_t hash_prompt(struct span prompt) {
    struct sha256_ctx context;
    uint8_t bytes[8];
    uint64_t hash = 0;
    sha256_init(&context);
    sha256_update(&context, prompt.n, (const uint8_t *)prompt.s);
    sha256_digest(&context, sizeof bytes, bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        hash = hash << 8 | bytes[i];
    return hash;
}

struct hasher *hasher_new(void) {
    struct hasher *hasher = xmalloc(sizeof *hasher);
    hasher->state = XXH3_createState();
    if (hasher->state == NULL)
        die("out of memory");
    XXH3_128bits_reset(hasher->state);
    return hasher;
}

void hasher_add(struct hasher *hasher, const void *bytes, size_t size) {
    XXH3_128bits_update(hasher->state, bytes, size);
}

struct digest hasher_digest(const struct hasher *hasher) {
    return canonical(XXH3_128bits_digest(hasher->state));
}

void hasher_free(struct hasher *hasher) {
    if (hasher == NULL)
        return;
    XXH3_freeState(hasher->state);
    free(hasher);
}
