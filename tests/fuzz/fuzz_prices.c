/* Price lists: valid or refused in words; a valid one prices tokens, or does not know. The input is a model, a line
 * feed, the list, and after a NUL the one laid over it. */
#include "fuzz.h"
#include "input/pricesfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const int64_t times[] = {-62135596800000000, 0, 1772366400000000, 253402300799000000};
    struct span input = input_of(bytes, size), model = take_until(&input, '\n');
    bool overlaid = input.n > 0 && memchr(input.s, '\0', input.n) != NULL;
    struct span base = take_until(&input, '\0');
    struct text error = {0};
    struct price_list *list = prices_parse(base, overlaid ? input : (struct span){NULL, 0}, &error);
    must((list == NULL) == (error.n > 0), "what is refused has a reason, and nothing else");
    for (size_t i = 0; list != NULL && i < sizeof times / sizeof *times; i++) {
        const struct price *price = prices_find(list, model, times[i]);
        must(price == NULL || (price->input >= 0 && price->input <= PRICE_MAX && price->output <= PRICE_MAX),
             "a price is within its bounds");
        struct token_counts most = {TOKENS_MAX, TOKENS_MAX, TOKENS_MAX, TOKENS_MAX, TOKENS_MAX};
        struct token_counts some = {1000, 10, 5, UNKNOWN, UNKNOWN};
        int64_t cost = prices_cost(list, model, &most, times[i]), less = prices_cost(list, model, &some, times[i]);
        must(cost >= UNKNOWN && cost <= COST_MAX && less >= UNKNOWN, "a cost is unknown or within its bounds");
        must(cost == UNKNOWN || less == UNKNOWN || less <= cost, "fewer tokens cost no more");
    }
    prices_free(list);
    text_free(&error);
    return 0;
}
