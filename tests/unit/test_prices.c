/* Prices: costs to the last nano-dollar, names with all that providers hang on them, and the list that pl brings along.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/clock.h"
#include "input/datafile.h"
#include "input/pricesfile.h"
#include "input/rulesfile.h"
#include "rules/prices.h"

static const struct span NO_FILE = {NULL, 0};
static const struct token_counts NONE_KNOWN = {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN};

/* -- costs -------------------------------------------------------------------------------------------------------- */

static struct token_counts tokens(int64_t input, int64_t output) {
    struct token_counts counts = NONE_KNOWN;
    counts.input = input;
    counts.output = output;
    return counts;
}

/* In pico-dollars a token; distinct primes, so that no two kinds can be mixed up. */
static const struct price PRIMES = {3000017, 15000017, 300007, 3750013, 6000011};

static void every_kind_has_its_price(void **state) {
    struct token_counts one[] = {
        {1000, 0, 0, 0, 0}, {0, 1000, 0, 0, 0}, {0, 0, 1000, 0, 0}, {0, 0, 0, 1000, 0}, {0, 0, 0, 1000, 1000},
    };
    const int64_t costs[] = {3000017, 15000017, 300007, 3750013, 6000011};
    (void)state;
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        assert_int_equal(price_cost(&PRIMES, &one[i]), costs[i]);
    struct token_counts all = {1000, 2000, 3000, 9000, 5000};
    assert_int_equal(price_cost(&PRIMES, &all), costs[0] + 2 * costs[1] + 3 * costs[2] + 4 * costs[3] + 5 * costs[4]);
}

static void half_a_nano_dollar_rounds_up(void **state) {
    const int64_t borders[][2] = {{0, 0},    {1, 0},    {499, 0},      {500, 1},       {501, 1},       {1499, 1},
                                  {1500, 2}, {2500, 3}, {999499, 999}, {999500, 1000}, {1000000, 1000}};
    (void)state;
    for (size_t i = 0; i < sizeof borders / sizeof *borders; i++) {
        struct price price = {borders[i][0], 0, 0, 0, 0};
        struct token_counts counts = tokens(1, 0);
        assert_int_equal(price_cost(&price, &counts), borders[i][1]);
    }
    /* parts of a nano-dollar add up before they are rounded */
    struct price thirds = {250, 250, 0, 0, 0};
    struct token_counts counts = tokens(1, 1);
    assert_int_equal(price_cost(&thirds, &counts), 1);
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 11;
}

/* Mostly small, now and then up to MAX. */
static int64_t random_below(uint64_t *state, int64_t max) {
    int64_t bound = max;
    for (uint64_t cuts = next_random(state) % 12; cuts > 0 && bound > 9; cuts--)
        bound /= 10;
    return (int64_t)(next_random(state) % ((uint64_t)bound + 1));
}

/* The same sum by shifts and additions alone, then divided. */
static int64_t plain_cost(const int64_t *prices, const int64_t *counts) {
    wide sum = 0;
    for (int i = 0; i < 5; i++) {
        uint64_t a = (uint64_t)prices[i], b = (uint64_t)counts[i];
        for (int bit = 0; bit < 64; bit++)
            if (b >> bit & 1)
                sum += (wide)a << bit;
    }
    wide whole = sum / 1000, rest = sum % 1000;
    whole += rest >= 500;
    return whole > (wide)COST_MAX ? UNKNOWN : (int64_t)whole;
}

static void any_cost_is_exact(void **state) {
    uint64_t seed = 20260131;
    int known = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t p[5], c[5];
        for (int k = 0; k < 5; k++) {
            p[k] = random_below(&seed, PRICE_MAX);
            c[k] = random_below(&seed, TOKENS_MAX / 2);
        }
        struct price price = {p[0], p[1], p[2], p[3], p[4]};
        struct token_counts counts = {c[0], c[1], c[2], c[3] + c[4], c[4]};
        int64_t expected = plain_cost(p, c);
        assert_int_equal(price_cost(&price, &counts), expected);
        known += expected != UNKNOWN;
    }
    assert_in_range(known, 1000, 19000); /* both sides of the bound were met */
}

static void a_cost_beyond_the_bound_is_unknown(void **state) {
    struct price price = {1000000, 1000000, 0, 0, 0}; /* a dollar per million: a thousand nano-dollars a token */
    struct token_counts counts = tokens(TOKENS_MAX, 0);
    (void)state;
    assert_int_equal(price_cost(&price, &counts), COST_MAX);
    counts.output = 1;
    assert_int_equal(price_cost(&price, &counts), UNKNOWN);
    price.output = 499; /* rounds down to the bound */
    assert_int_equal(price_cost(&price, &counts), COST_MAX);
    price.output = 500;
    assert_int_equal(price_cost(&price, &counts), UNKNOWN);
    struct price most = {PRICE_MAX, PRICE_MAX, PRICE_MAX, PRICE_MAX, PRICE_MAX};
    struct token_counts all = {TOKENS_MAX, TOKENS_MAX, TOKENS_MAX, TOKENS_MAX, TOKENS_MAX};
    assert_int_equal(price_cost(&most, &all), UNKNOWN);
    most = (struct price){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    all = (struct token_counts){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    assert_int_equal(price_cost(&most, &all), UNKNOWN);
}

static void unknown_counts(void **state) {
    struct token_counts counts = tokens(1000, UNKNOWN);
    (void)state;
    assert_int_equal(price_cost(&PRIMES, &counts), UNKNOWN);
    counts = tokens(UNKNOWN, 1000);
    assert_int_equal(price_cost(&PRIMES, &counts), UNKNOWN);
    assert_int_equal(price_cost(&PRIMES, &NONE_KNOWN), UNKNOWN);
    counts = tokens(1000, 0); /* the cache's are none */
    assert_int_equal(price_cost(&PRIMES, &counts), 3000017);
    assert_int_equal(price_cost(NULL, &counts), UNKNOWN);
    counts = tokens(0, 0);
    assert_int_equal(price_cost(&PRIMES, &counts), 0);
}

static void hours_and_minutes(void **state) {
    struct token_counts counts = {0, 0, 0, 2000, UNKNOWN}; /* all of 5 minutes */
    (void)state;
    assert_int_equal(price_cost(&PRIMES, &counts), 2 * 3750013);
    counts.cache_write_1h = 3000; /* more than all: all of an hour */
    assert_int_equal(price_cost(&PRIMES, &counts), 3 * 6000011);
    counts.cache_write = UNKNOWN;
    assert_int_equal(price_cost(&PRIMES, &counts), 3 * 6000011);
}

static void unknown_prices_matter_where_tokens_are(void **state) {
    struct price price = {3000000, 15000000, UNKNOWN, UNKNOWN, UNKNOWN};
    struct token_counts counts = {1000, 0, 0, 0, 0};
    int64_t *const cache[] = {&counts.cache_read, &counts.cache_write, &counts.cache_write_1h};
    (void)state;
    assert_int_equal(price_cost(&price, &counts), 3000000);
    for (size_t i = 0; i < 3; i++) {
        *cache[i] = 1;
        assert_int_equal(price_cost(&price, &counts), UNKNOWN);
        *cache[i] = UNKNOWN;
        assert_int_equal(price_cost(&price, &counts), 3000000);
        *cache[i] = 0;
    }
    counts.cache_write = counts.cache_write_1h = 1000; /* nothing was written for 5 minutes */
    price.cache_write_1h = 6000000;
    assert_int_equal(price_cost(&price, &counts), 9000000);
    price.input = UNKNOWN;
    assert_int_equal(price_cost(&price, &counts), UNKNOWN);
    counts.input = 0;
    assert_int_equal(price_cost(&price, &counts), 6000000);
    counts.output = 1;
    price.output = UNKNOWN;
    assert_int_equal(price_cost(&price, &counts), UNKNOWN);
}

/* -- names -------------------------------------------------------------------------------------------------------- */

static struct price_list *list_of(const char *const *names, size_t count) {
    struct price_list *list = prices_new();
    for (size_t i = 0; i < count; i++) {
        struct price price = {(int64_t)i + 1, 0, 0, 0, 0};
        assert_true(prices_add(list, span_of(names[i]), &price));
    }
    return list;
}

/* MODEL has the price of NAMES[expected - 1]; 0: none. Its bytes have none after them. */
static void finds(const struct price_list *list, const char *model, int64_t expected) {
    size_t size = strlen(model);
    char *copy = xmalloc(size > 0 ? size : 1);
    memcpy(copy, model, size);
    const struct price *price = prices_find(list, (struct span){copy, size}, INT64_MAX);
    int64_t found = price != NULL ? price->input : 0;
    if (found != expected)
        fail_msg("\"%s\" is %d, not %d", model, (int)found, (int)expected);
    free(copy);
}

static const char *const NAMES[] = {"claude-sonnet-4", "gpt-4o", "gpt-4o-2024-05-13", "chatgpt-4o-latest",
                                    "r1:free",         "r1",     "Odd@name",          "v1-20251399"};
enum { SONNET = 1, GPT_4O, GPT_4O_MAY, CHATGPT, R1_FREE, R1, ODD, STRANGE };

static void suffixes_are_not_the_name(void **state) {
    static const struct {
        const char *model;
        int64_t expected;
    } cases[] = {
        {"claude-sonnet-4", SONNET},
        {"CLAUDE-Sonnet-4", SONNET},
        {"anthropic/claude-sonnet-4", SONNET},
        {"us/anthropic/claude-sonnet-4-20250514", SONNET},
        {"claude-sonnet-4-20250514", SONNET},
        {"claude-sonnet-4-2025-05-14", SONNET},
        {"claude-sonnet-4-latest", SONNET},
        {"claude-sonnet-4-LATEST", SONNET},
        {"claude-sonnet-4@20250514", SONNET},
        {"claude-sonnet-4@default", SONNET},
        {"claude-sonnet-4@", SONNET},
        {"claude-sonnet-4-20250514@20250514", SONNET},
        {"claude-sonnet-4-latest@001", SONNET},
        {"google/Claude-Sonnet-4-2024-02-29@eu", SONNET},
        /* the name as it stands comes first, and what is left of it next */
        {"gpt-4o-2024-05-13", GPT_4O_MAY},
        {"gpt-4o-2024-05-13@eu", GPT_4O_MAY},
        {"gpt-4o-2024-08-06", GPT_4O},
        {"chatgpt-4o-latest", CHATGPT},
        {"chatgpt-4o", 0},
        {"openai/chatgpt-4o-latest@x", CHATGPT},
        {"odd@name", ODD},
        {"odd@name@2", ODD},
        {"odd@other", 0},
        {"v1-20251399", STRANGE},
        {"v1", 0},
        /* only one date or -latest, and only at the end */
        {"claude-sonnet-4-20250514-latest", 0},
        {"claude-sonnet-4-latest-20250514", 0},
        {"claude-sonnet-4-20250514-20250514", 0},
        {"claude-sonnet-4@1-latest", SONNET},
        {"claude-sonnet-4@1@2", 0},
        {"claude-sonnet-4-20250514-v1:0", 0},
        /* a part of a name is not the name */
        {"gpt-4o-mini", 0},
        {"gpt-4o-foo", 0},
        {"gpt-4", 0},
        {"gpt-4o-", 0},
        {"xgpt-4o", 0},
        {"claude-sonnet", 0},
        {"r1:free", R1_FREE},
        {"deepseek/r1", R1},
        {"r1:thinking", 0},
        {"r1:free-20250120", R1_FREE},
        {"gpt-4o:free", 0},
        /* nothing */
        {"", 0},
        {"/", 0},
        {"anthropic/", 0},
        {"@20250514", 0},
        {"-latest", 0},
        {"-20250514", 0},
        {"-2025-05-14", 0},
        {"gpt-4o/", 0},
        {"latest", 0},
    };
    struct price_list *list = list_of(NAMES, sizeof NAMES / sizeof *NAMES);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        finds(list, cases[i].model, cases[i].expected);
    assert_null(prices_find(list, NO_FILE, INT64_MAX));
    prices_free(list);
}

static void only_days_are_dates(void **state) {
    static const char *const not_dates[] = {"-20251399",   "-20250001",   "-20250100",   "-20250132",   "-20250431",
                                            "-20250229",   "-21000228",   "-19990101",   "-2025-02-29", "-2025-13-01",
                                            "-2025-5-14",  "-202505-14",  "-2025-0514",  "-2025051",    "-202505140",
                                            "_20250514",   "20250514",    "-2025/05/14", "-0613",       "-05-14",
                                            "-2025-05-1x", "--20250514-", "-LATER"};
    static const char *const dates[] = {"-20240229", "-2024-02-29", "-20000229",
                                        "-20991231", "-2000-01-01", "-20250430"};
    const char *name = "model";
    struct price_list *list = list_of(&name, 1);
    struct text model = {0};
    (void)state;
    for (size_t i = 0; i < sizeof not_dates / sizeof *not_dates; i++) {
        text_clear(&model);
        text_format(&model, "model%s", not_dates[i]);
        finds(list, model.s, 0);
    }
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        text_clear(&model);
        text_format(&model, "model%s", dates[i]);
        finds(list, model.s, 1);
    }
    text_free(&model);
    prices_free(list);
}

static void names_have_bounds(void **state) {
    struct price_list *list = prices_new();
    char name[PRICE_NAME_MAX + 16];
    (void)state;
    memset(name, 'm', sizeof name);
    assert_false(prices_add(list, (struct span){name, PRICE_NAME_MAX + 1}, &PRIMES));
    assert_true(prices_add(list, (struct span){name, PRICE_NAME_MAX}, &PRIMES));
    assert_null(prices_find(list, (struct span){name, PRICE_NAME_MAX + 1}, INT64_MAX));
    assert_non_null(prices_find(list, (struct span){name, PRICE_NAME_MAX}, INT64_MAX));
    memcpy(name + PRICE_NAME_MAX, "-20250514", 9); /* the suffix does not count */
    assert_non_null(prices_find(list, (struct span){name, PRICE_NAME_MAX + 9}, INT64_MAX));
    assert_false(prices_add(list, span_of(""), &PRIMES));
    assert_false(prices_add(list, span_of("openai/"), &PRIMES));
    prices_free(list);
    prices_free(NULL);
}

static void many_models_are_all_found(void **state) {
    enum { MANY = 5000 };
    struct price_list *list = prices_new();
    struct text name = {0};
    (void)state;
    for (int64_t i = 1; i <= MANY; i++) {
        struct price price = {i, 0, 0, 0, 0};
        text_clear(&name);
        text_format(&name, "model-%d", (int)i);
        assert_true(prices_add(list, text_span(&name), &price));
    }
    for (int64_t i = 1; i <= MANY; i++) {
        text_clear(&name);
        text_format(&name, "a/MODEL-%d-latest", (int)i);
        finds(list, name.s, i);
    }
    finds(list, "model-0", 0);
    finds(list, "model-5001", 0);
    text_free(&name);
    prices_free(list);
}

static void an_overlay_wins(void **state) {
    struct price_list *list = list_of((const char *const[]){"one", "two"}, 2);
    struct price other = {70, 0, 0, 0, 0};
    (void)state;
    assert_false(prices_add(list, span_of("ONE"), &other));
    assert_false(prices_add(list, span_of("acme/one"), &other));
    finds(list, "one", 1);
    prices_overlay(list);
    assert_true(prices_add(list, span_of("acme/One"), &other));
    assert_false(prices_add(list, span_of("one"), &other));
    finds(list, "one", 70);
    finds(list, "two", 2);
    prices_free(list);
}

/* -- files -------------------------------------------------------------------------------------------------------- */

static struct price_list *parse(const char *base, const char *extra) {
    struct text error = {0};
    struct price_list *list = prices_parse(span_of(base), span_of(extra), &error);
    if (list == NULL)
        fail_msg("%s", error.s);
    assert_int_equal(error.n, 0);
    text_free(&error);
    return list;
}

static void costs(const struct price_list *list, const char *model, struct price expected) {
    const struct price *price = prices_find(list, span_of(model), INT64_MAX);
    if (price == NULL)
        fail_msg("\"%s\" has no price", model);
    else if (memcmp(price, &expected, sizeof expected) != 0)
        fail_msg("\"%s\" costs %lld, %lld, %lld, %lld, %lld", model, (long long)price->input, (long long)price->output,
                 (long long)price->cache_read, (long long)price->cache_write, (long long)price->cache_write_1h);
}

static void a_file_is_read(void **state) {
    struct price_list *list =
        parse("{\"about\": \"x\", \"date\": \"2026-01-31\", \"unit\": \"USD per million tokens\", \"models\": {"
              "\"a\": {\"input\": 3, \"output\": 15.0, \"cache_read\": 3e-1, \"cache_write\": 3.75,"
              " \"cache_write_1h\": 6, \"also\": [\"A-2\", \"x/a-3\"], \"about\": \"y\"},"
              "\"b\": {\"input\": 0, \"output\": 0.000001, \"cache_read\": null, \"also\": null},"
              "\"c\": {\"input\": 1000000, \"output\": 0.0375000}}}",
              NULL);
    struct price a = {3000000, 15000000, 300000, 3750000, 6000000};
    (void)state;
    costs(list, "a", a);
    costs(list, "a-2", a);
    costs(list, "a-3", a);
    costs(list, "b", (struct price){0, 1, UNKNOWN, UNKNOWN, UNKNOWN});
    costs(list, "c", (struct price){PRICE_MAX, 37500, UNKNOWN, UNKNOWN, UNKNOWN});
    prices_free(list);
    list = parse("{\"models\": {}}", NULL);
    assert_null(prices_find(list, span_of("a"), INT64_MAX));
    prices_free(list);
}

static void costs_at(const struct price_list *list, const char *model, const char *date, int64_t input) {
    int64_t at;
    assert_true(time_parse(span_of(date), &at));
    const struct price *price = prices_find(list, span_of(model), at);
    assert_non_null(price);
    assert_int_equal(price->input, input);
    assert_int_equal(prices_cost(list, span_of(model), &(struct token_counts){1000, 0, 0, 0, 0}, at), input);
}

static void prices_before_a_date(void **state) {
    struct price_list *list =
        parse("{\"models\": {\"a\": {\"input\": 3, \"output\": 9, \"also\": [\"b\"], \"before\": {"
              "\"2026-01-01\": {\"input\": 1, \"output\": 9}, \"2026-02-01\": {\"input\": 2, \"output\": 9}}}}}",
              NULL);
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *model = i == 0 ? "x/A-20251101" : "b";
        costs_at(list, model, "2026-02-01T00:00:00Z", 3000000);
        costs_at(list, model, "2026-01-31T23:59:59.999999Z", 2000000);
        costs_at(list, model, "2026-02-01T00:00:00+01:00", 2000000);
        costs_at(list, model, "2026-01-01T00:00:00Z", 2000000);
        costs_at(list, model, "2025-12-31T23:59:59.999999Z", 1000000);
        costs_at(list, model, "1999-01-01T00:00:00Z", 1000000);
    }
    prices_free(list);
    list = parse("{\"models\": {\"a\": {\"input\": 3, \"output\": 9, \"before\": {\"2026-01-01\": "
                 "{\"input\": 1, \"output\": 9}}}}}",
                 "{\"models\": {\"a\": {\"input\": 7, \"output\": 8}}}");
    costs_at(list, "a", "2025-12-31T00:00:00Z", 7000000); /* whole: no old part stays */
    prices_free(list);
}

static void one_file_over_another(void **state) {
    struct price_list *list = parse("{\"models\": {\"a\": {\"input\": 1, \"output\": 2, \"cache_read\": 0.5},"
                                    " \"b\": {\"input\": 3, \"output\": 4, \"also\": [\"b2\"]}}}",
                                    "{\"models\": {\"acme/A\": {\"input\": 7, \"output\": 8},"
                                    " \"c\": {\"input\": 9, \"output\": 10, \"also\": [\"b2\"]}}}");
    (void)state;
    costs(list, "a", (struct price){7000000, 8000000, UNKNOWN, UNKNOWN, UNKNOWN}); /* whole: no old part stays */
    costs(list, "b", (struct price){3000000, 4000000, UNKNOWN, UNKNOWN, UNKNOWN});
    costs(list, "b2", (struct price){9000000, 10000000, UNKNOWN, UNKNOWN, UNKNOWN});
    costs(list, "c", (struct price){9000000, 10000000, UNKNOWN, UNKNOWN, UNKNOWN});
    prices_free(list);
}

static void refuses(const char *file, const char *reason) {
    static const char GOOD[] = "{\"models\": {\"good\": {\"input\": 1, \"output\": 1}}}";
    struct text error = {0};
    text_string(&error, "an old error");
    for (int extra = 0; extra < 2; extra++) {
        struct price_list *list = extra ? prices_parse(span_of(GOOD), span_of(file), &error)
                                        : prices_parse(span_of(file), NO_FILE, &error);
        if (list != NULL)
            fail_msg("%s was taken", file);
        if (strstr(error.s, reason) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", file, error.s, reason);
    }
    text_free(&error);
}

#define MODEL(members) "{\"models\": {\"good\": {\"input\": 1, \"output\": 1}, \"m-1\": " members "}}"

static void files_with_faults(void **state) {
    (void)state;
    refuses("", "");
    refuses("{\"models\": {", "");
    refuses("[]", "is not an object");
    refuses("{}", "models: is not an object");
    refuses("{\"models\": []}", "models: is not an object");
    refuses("{\"models\": {}, \"modles\": {}}", "unknown member \"modles\"");
    refuses("{\"models\": {}, \"unit\": \"EUR per million tokens\"}", "unit: is not \"USD per million tokens\"");
    refuses("{\"models\": {}, \"unit\": 1}", "unit: is not a string");
    refuses("{\"models\": {}, \"date\": 2026}", "date: is not a string");
    refuses(MODEL("3"), "m-1: ");
    refuses(MODEL("null"), "m-1: ");
    refuses(MODEL("{\"output\": 1}"), "m-1: has no \"input\"");
    refuses(MODEL("{\"input\": 1}"), "m-1: has no \"output\"");
    refuses(MODEL("{\"input\": null, \"output\": 1}"), "m-1: has no \"input\"");
    refuses(MODEL("{\"input\": 1, \"output\": \"1\"}"), "m-1: output: is not a number");
    refuses(MODEL("{\"input\": -1, \"output\": 1}"), "m-1: input: is less than 0");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"cache_read\": 0.0000001}"),
            "m-1: cache_read: has more than 6 decimal places");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"cache_write\": 1000000.000001}"), "m-1: cache_write: is too large");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"cache_write_1h\": 1e400}"), "m-1: cache_write_1h: is too large");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"cached\": 1}"), "m-1: unknown member \"cached\"");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"also\": \"x\"}"), "m-1: also: is not an array of strings");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"also\": [1]}"), "m-1: also: holds something that is not a string");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"also\": [\"\"]}"), "m-1: also: cannot take \"\"");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"also\": [\"Good\"]}"), "m-1: also: cannot take \"Good\"");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"before\": []}"), "m-1: before: is not an object");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"before\": {\"2026-02-30\": {\"input\": 1, \"output\": 1}}}"),
            "m-1: before: \"2026-02-30\" is not a date as 2026-01-31");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"before\": {\"2026-02-01\": {\"input\": 1}}}"),
            "m-1: before: 2026-02-01: has no \"output\"");
    refuses(MODEL("{\"input\": 1, \"output\": 1, \"before\": {\"2026-02-01\": {\"input\": 1, \"output\": 1}, "
                  "\"2026-02-01\": {\"input\": 1, \"output\": 1}}}"),
            "m-1: before: 2026-02-01 is given twice");
    refuses(MODEL("{\"input\": 1, \"output\": 1}, \"a/M-1\": {\"input\": 1, \"output\": 1}"),
            "cannot take \"a/M-1\", which is given twice");
    refuses(MODEL("{\"input\": 1, \"output\": 1}, \"\": {\"input\": 1, \"output\": 1}"), "cannot take \"\"");
}

/* -- the list that pl brings along -------------------------------------------------------------------------------- */

static struct price_list *read_shipped(void) {
    struct text path = {0}, file = {0}, error = {0};
    const char *share = getenv("PL_SHARE");
    text_format(&path, "%s/prices.json", share != NULL ? share : "share/pl");
    if (!data_read_file(path.s, &file, &error))
        fail_msg("%s", error.s);
    struct price_list *list = parse(file.s, NULL);
    text_free(&path);
    text_free(&file);
    text_free(&error);
    return list;
}

static void the_shipped_list(void **state) {
    struct price_list *list = read_shipped();
    (void)state;
    costs(list, "claude-opus-4-6", (struct price){5000000, 25000000, 500000, 6250000, 10000000});
    costs(list, "us/anthropic/claude-opus-4-6@default", (struct price){5000000, 25000000, 500000, 6250000, 10000000});
    costs(list, "claude-haiku-4-5-20251001", (struct price){1000000, 5000000, 100000, 1250000, 2000000});
    costs(list, "claude-3-haiku-20240307", (struct price){250000, 1250000, 30000, 300000, 500000});
    costs(list, "claude-sonnet-4-20250514", (struct price){3000000, 15000000, 300000, 3750000, 6000000});
    costs(list, "claude-3-5-sonnet-latest", (struct price){3000000, 15000000, 300000, 3750000, 6000000});
    costs(list, "gpt-4o-2024-08-06", (struct price){2500000, 10000000, 1250000, 2500000, UNKNOWN});
    costs(list, "gpt-4o-2024-05-13", (struct price){5000000, 15000000, UNKNOWN, 5000000, UNKNOWN});
    costs(list, "gpt-5-chat-latest", (struct price){1250000, 10000000, 125000, 1250000, UNKNOWN});
    costs(list, "gemini-2.5-pro", (struct price){1250000, 10000000, 125000, 1250000, UNKNOWN});
    costs(list, "text-embedding-3-small", (struct price){20000, 0, UNKNOWN, 20000, UNKNOWN});
    assert_null(prices_find(list, span_of("gpt-4o-mini-unheard-of"), INT64_MAX));
    assert_null(prices_find(list, span_of("claude"), INT64_MAX));
    prices_free(list);
}

/* A request to Claude: 1200 read anew, 80000 from the cache, 5000 written, 2000 of them for an hour, 700 answered. */
static void a_request_by_the_shipped_list(void **state) {
    struct price_list *list = read_shipped();
    struct token_counts counts = {1200, 700, 80000, 5000, 2000};
    (void)state;
    assert_int_equal(price_cost(prices_find(list, span_of("claude-opus-4-6"), INT64_MAX), &counts),
                     6000000 + 17500000 + 40000000 + 18750000 + 20000000);
    prices_free(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_price),
        cmocka_unit_test(half_a_nano_dollar_rounds_up),
        cmocka_unit_test(any_cost_is_exact),
        cmocka_unit_test(a_cost_beyond_the_bound_is_unknown),
        cmocka_unit_test(unknown_counts),
        cmocka_unit_test(hours_and_minutes),
        cmocka_unit_test(unknown_prices_matter_where_tokens_are),
        cmocka_unit_test(suffixes_are_not_the_name),
        cmocka_unit_test(only_days_are_dates),
        cmocka_unit_test(names_have_bounds),
        cmocka_unit_test(many_models_are_all_found),
        cmocka_unit_test(an_overlay_wins),
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(prices_before_a_date),
        cmocka_unit_test(one_file_over_another),
        cmocka_unit_test(files_with_faults),
        cmocka_unit_test(the_shipped_list),
        cmocka_unit_test(a_request_by_the_shipped_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
