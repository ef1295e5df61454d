/* Random numbers that are the same in every run, for the tests by chance. Xorshift, of 64 bits. */
#ifndef PL_TESTS_RANDOM_H
#define PL_TESTS_RANDOM_H

#include <stdint.h>

static uint64_t random_state = 88172645463325252U; /* a test may begin with another one; never 0 */

static inline uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* The upper 53 bits of the next one: as many as a double holds. */
static inline uint64_t random_high(void) {
    return random_next() >> 11;
}

#endif
