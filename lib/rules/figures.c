#include "rules/figures.h"

#include <math.h>

/* What a tool costs, of what the model costs: 5 %, as one in TOOL_SHARE. */
enum { TOOL_SHARE = 20, DAYS_IN_MONTH = 30 };

static void add(int64_t *count, int64_t *sum, int64_t value, int sign) {
    if (value == UNKNOWN)
        return;
    *count += sign;
    *sum += sign * value;
}

void sums_add(struct sums *sums, const struct share *share, int sign) {
    sums->occurrences += sign;
    add(&sums->tokens_known, &sums->tokens, share->tokens, sign);
    add(&sums->cost_known, &sums->cost, share->cost, sign);
    add(&sums->errors_known, &sums->errors, share->errors, sign);
    add(&sums->retries_known, &sums->retries, share->retries, sign);
    if (share->duration_ms > 0) {
        add(&sums->durations_known, &sums->durations, share->duration_ms, sign);
        sums->duration_squares += (wide)sign * share->duration_ms * share->duration_ms;
    }
}

bool sums_merge(struct sums *sums, const struct sums *more) {
    struct sums out;
    bool over = __builtin_add_overflow(sums->occurrences, more->occurrences, &out.occurrences);
    over |= __builtin_add_overflow(sums->tokens_known, more->tokens_known, &out.tokens_known);
    over |= __builtin_add_overflow(sums->tokens, more->tokens, &out.tokens);
    over |= __builtin_add_overflow(sums->cost_known, more->cost_known, &out.cost_known);
    over |= __builtin_add_overflow(sums->cost, more->cost, &out.cost);
    over |= __builtin_add_overflow(sums->durations_known, more->durations_known, &out.durations_known);
    over |= __builtin_add_overflow(sums->durations, more->durations, &out.durations);
    over |= __builtin_add_overflow(sums->duration_squares, more->duration_squares, &out.duration_squares);
    over |= __builtin_add_overflow(sums->errors_known, more->errors_known, &out.errors_known);
    over |= __builtin_add_overflow(sums->errors, more->errors, &out.errors);
    over |= __builtin_add_overflow(sums->retries_known, more->retries_known, &out.retries_known);
    over |= __builtin_add_overflow(sums->retries, more->retries, &out.retries);
    if (!over)
        *sums = out;
    return !over;
}

bool sums_equal(const struct sums *a, const struct sums *b) {
    return a->occurrences == b->occurrences && a->tokens_known == b->tokens_known && a->tokens == b->tokens &&
           a->cost_known == b->cost_known && a->cost == b->cost && a->durations_known == b->durations_known &&
           a->durations == b->durations && a->duration_squares == b->duration_squares &&
           a->errors_known == b->errors_known && a->errors == b->errors && a->retries_known == b->retries_known &&
           a->retries == b->retries;
}

static int frequency(int64_t occurrences) {
    return occurrences >= 10 ? 40 : occurrences >= 5 ? 30 : occurrences >= 3 ? 20 : 10;
}

/* Population variance: (n * sum of squares - square of the sum) / n^2, compared without dividing. In ms^2, of which a
 * million are one s^2. */
static int consistency(const struct sums *sums) {
    wide n = sums->durations_known;
    if (n < 2)
        return 15;
    wide scaled = n * sums->duration_squares - (wide)sums->durations * sums->durations;
    wide unit = n * n * 1000000;
    return scaled < 100 * unit ? 30 : scaled < 1000 * unit ? 20 : 10;
}

/* Whether a mean is under LIMIT; none known counts as 0. */
static bool mean_under(int64_t sum, int64_t known, int64_t limit) {
    return known == 0 || (wide)sum < (wide)limit * known;
}

static int success(const struct sums *sums) {
    if (sums->errors == 0 && sums->retries == 0)
        return 30;
    bool few_retries = mean_under(sums->retries, sums->retries_known, 2);
    if (mean_under(sums->errors, sums->errors_known, 1) && few_retries)
        return 20;
    return mean_under(sums->errors, sums->errors_known, 3) ? 10 : 5;
}

struct confidence sums_confidence(const struct sums *sums) {
    if (sums->occurrences == 0)
        return (struct confidence){10, 0, 0};
    return (struct confidence){frequency(sums->occurrences), consistency(sums), success(sums)};
}

struct figures sums_figures(const struct sums *sums, int64_t first, int64_t last) {
    struct confidence confidence = sums_confidence(sums);
    struct figures figures = {
        .avg_tokens_with_llm = UNKNOWN,
        .avg_tokens_with_tool = UNKNOWN,
        .avg_cost_with_llm = NAN,
        .avg_cost_with_tool = NAN,
        .confidence_score = confidence.frequency + confidence.consistency + confidence.success,
        .potential_monthly_savings = NAN,
    };
    if (sums->tokens_known > 0) {
        figures.avg_tokens_with_llm = sums->tokens / sums->tokens_known;
        figures.avg_tokens_with_tool = sums->tokens / sums->tokens_known / TOOL_SHARE;
    }
    if (sums->cost_known > 0) {
        /* one division, in more digits than a double has: the mean of equal costs is that cost */
        long double unit = 1e9L * (long double)sums->cost_known;
        figures.avg_cost_with_llm = (double)((long double)sums->cost / unit);
        figures.avg_cost_with_tool = (double)((long double)sums->cost / (unit * TOOL_SHARE));
        double days = (double)(last - first) / 86400e6;
        figures.potential_monthly_savings = (figures.avg_cost_with_llm - figures.avg_cost_with_tool) *
                                            (double)sums->occurrences * DAYS_IN_MONTH / fmax(DAYS_IN_MONTH, days);
    }
    return figures;
}
