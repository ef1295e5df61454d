#include "rules/version.h"

static int order(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

int version_compare(const struct version *a, const struct version *b) {
    if (a->revision != b->revision)
        return order(a->revision, b->revision);
    if (a->dated != b->dated)
        return a->dated ? 1 : -1;
    if (a->dated && a->at != b->at)
        return order(a->at, b->at);
    if (a->ended != b->ended)
        return a->ended ? 1 : -1;
    if (a->tokens != b->tokens)
        return order(a->tokens, b->tokens);
    return (a->content > b->content) - (a->content < b->content);
}
