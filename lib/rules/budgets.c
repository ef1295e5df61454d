#include "rules/budgets.h"

#include <stdbool.h>

static const int64_t defaults[] = {
    [PROMPT_SIMPLE] = 3000, [PROMPT_MODERATE] = 10000, [PROMPT_COMPLEX] = 20000, [PROMPT_DEEP] = 28000};

int64_t budget_default(enum prompt_complexity complexity) {
    return defaults[complexity];
}

int64_t budget_percentile_rank(int64_t count) {
    return count > 0 ? count - count / 10 : 0; /* what is cut off of a tenth is what 9 tenths are rounded up by */
}

int64_t budget_from_class(int64_t tokens) {
    return tokens < BUDGET_LEAST ? BUDGET_LEAST : tokens > BUDGET_MOST ? BUDGET_MOST : tokens;
}

int64_t budget_from_history(enum prompt_complexity complexity, int64_t quality_sum_nano, int64_t count) {
    int64_t budget = budget_default(complexity), tenth = budget / 10;
    if (count > 0 && (wide)quality_sum_nano > (wide)GOOD_QUALITY * count)
        return budget - tenth;
    if (count > 0 && (wide)2 * quality_sum_nano < (wide)QUALITY_ONE * count)
        return budget + tenth;
    return budget;
}

int64_t quality_from_ratings(int64_t sum, int64_t count) {
    if (count <= 0)
        return UNKNOWN;
    wide above_least = (wide)sum - count, span = (wide)4 * count;
    return (int64_t)((2 * QUALITY_ONE * above_least + span) / (2 * span));
}

int64_t quality_assumed(int64_t thinking_tokens, int64_t thinking_budget) {
    bool thought = thinking_tokens > 0 || (thinking_tokens == UNKNOWN && thinking_budget > 0);
    return QUALITY_ONE / 100 * (thought ? 85 : 65);
}
