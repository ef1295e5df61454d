/* prices: what a model's tokens cost.
 *
 * A list is built once, from data, and then only read. Prices are pico-dollars (1e-12 USD) a token, which is USD per
 * million tokens times a million; costs are nano-dollars. What is not known is UNKNOWN, never 0.
 */
#ifndef PL_RULES_PRICES_H
#define PL_RULES_PRICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "rules/figures.h"

enum { PRICE_NAME_MAX = 128 };                  /* bytes of a model's name, without its provider */
static const int64_t PRICE_MAX = 1000000000000; /* pico-dollars a token: a dollar */

/* 0 to PRICE_MAX, or UNKNOWN. */
struct price {
    int64_t input, output, cache_read;
    int64_t cache_write;    /* written to be kept for 5 minutes */
    int64_t cache_write_1h; /* written to be kept for an hour */
};

/* Token counts of one request or workflow: 0 to TOKENS_MAX, or UNKNOWN. Input is that which no cache had and none took;
 * cache_write includes cache_write_1h. */
struct token_counts {
    int64_t input, output, cache_read, cache_write, cache_write_1h;
};

/* Nano-dollars, rounded half away from zero. UNKNOWN where input or output is not known, PRICE is NULL or does not say
 * what a kind of tokens that occur costs, or the cost is over COST_MAX. Cache counts that are not known count as none;
 * where more is written for an hour than at all, that much was written. */
int64_t price_cost(const struct price *price, const struct token_counts *tokens);

struct price_list;

struct price_list *prices_new(void);
void prices_free(struct price_list *list);

/* Adds MODEL, whose provider (all up to the last '/') and case do not matter; the name is copied. False for a name that
 * is empty or too long, and for one that has a price since the last prices_overlay. */
bool prices_add(struct price_list *list, struct span model, const struct price *price);
/* Before the time UNTIL, in microseconds since 1970, MODEL, which was added since the last prices_overlay, cost PRICE.
 * False if it was not, or has such a price already. */
bool prices_add_before(struct price_list *list, struct span model, int64_t until, const struct price *price);
/* What is added from now on wins over what was added before. */
void prices_overlay(struct price_list *list);

/* MODEL's price at the time AT, in microseconds since 1970, which borrows from the list; NULL if it is not known there.
 * The name, without its provider, is tried as it stands, then without what begins at its last '@', then without
 * "-latest" or a date ("-20250514", "-2025-05-14") at its end as well. A part of a name is not the name: "gpt-4o"
 * prices no "gpt-4o-mini". */
const struct price *prices_find(const struct price_list *list, struct span model, int64_t at);
/* What MODEL's TOKENS cost by LIST at the time AT; UNKNOWN without a price. */
int64_t prices_cost(const struct price_list *list, struct span model, const struct token_counts *tokens, int64_t at);

#endif
