/* version: which of two records with one identity is the newer. */
#ifndef PL_RULES_VERSION_H
#define PL_RULES_VERSION_H

#include <stdbool.h>
#include <stdint.h>

struct version {
    int64_t revision; /* as the record counts its versions; UNKNOWN counts as fewest */
    bool dated;
    int64_t at;       /* microseconds since 1970, if dated */
    bool ended;       /* completed or failed, as against going on */
    int64_t tokens;   /* UNKNOWN counts as fewest */
    uint64_t content; /* hash of what the record says */
};

/* Less than 0 if A is older than B, 0 if they are equal in all, which is the same content. A total order, so that the
 * newest of a set does not depend on the order in which it came. */
int version_compare(const struct version *a, const struct version *b);

#endif
