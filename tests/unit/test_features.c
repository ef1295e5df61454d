/* Features: what does and does not change them, the ends of long prompts, and the form that databases keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "rules/features.h"
#include "rules/figures.h"
#include "random.h"

static void check(const struct features *features) {
    assert_in_range(features->length, 0, FEATURES_LENGTHS - 1);
    assert_in_range(features->count, 0, FEATURES_MAX);
    for (size_t i = 1; i < features->count; i++)
        assert_true(features->buckets[i] > features->buckets[i - 1]);
}

/* The prompt is copied to where a byte read too far shows, and what was in the features before must not matter. */
static struct features of_span(struct span prompt) {
    struct features features, again;
    char *copy = xmalloc(prompt.n + !prompt.n);
    if (prompt.n > 0)
        memcpy(copy, prompt.s, prompt.n);
    memset(&features, 0, sizeof features);
    memset(&again, 0xff, sizeof again);
    features_of((struct span){copy, prompt.n}, &features);
    features_of((struct span){copy, prompt.n}, &again);
    free(copy);
    check(&features);
    assert_int_equal(again.length, features.length);
    assert_int_equal(again.count, features.count);
    assert_memory_equal(again.buckets, features.buckets, features.count * sizeof *features.buckets);
    return features;
}

static struct features of(const char *prompt) {
    return of_span(span_of(prompt));
}

static bool has(const struct features *features, uint32_t bucket) {
    for (size_t i = 0; i < features->count; i++)
        if (features->buckets[i] == bucket)
            return true;
    return false;
}

static size_t common(const struct features *a, const struct features *b) {
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        count += has(b, a->buckets[i]);
    return count;
}

/* How many buckets two prompts share. */
static size_t shared(const char *a, const char *b) {
    struct features of_a = of(a), of_b = of(b);
    return common(&of_a, &of_b);
}

static size_t count(const char *prompt) {
    return of(prompt).count;
}

static bool same_buckets(const struct features *a, const struct features *b) {
    return a->count == b->count && common(a, b) == a->count;
}

static void alike(const char *a, const char *b) {
    struct features of_a = of(a), of_b = of(b);
    if (!same_buckets(&of_a, &of_b))
        fail_msg("\"%s\" and \"%s\" share %zu buckets of %zu and %zu", a, b, common(&of_a, &of_b), of_a.count,
                 of_b.count);
}

static void differ(const char *a, const char *b) {
    struct features of_a = of(a), of_b = of(b);
    if (same_buckets(&of_a, &of_b))
        fail_msg("\"%s\" and \"%s\" have the same buckets", a, b);
}

/* -- words --------------------------------------------------------------------------------------------------------- */

static void empty_prompts(void **state) {
    (void)state;
    struct features features = of("");
    assert_int_equal(features.count, 0);
    assert_int_equal(features.length, 0);
    memset(&features, 0xff, sizeof features);
    features_of((struct span){NULL, 0}, &features);
    assert_int_equal(features.count, 0);
    assert_int_equal(features.length, 0);
    features = of(" \n\t...?!\n"); /* no words, and a length all the same */
    assert_int_equal(features.count, 0);
    assert_true(features.length > 0);
}

static void what_makes_no_difference(void **state) {
    (void)state;
    alike("Why is the SKY blue", "why IS the sky Blue");
    alike("why is the sky blue?", "(why) is - the sky... \"blue\"");
    alike("why  is\tthe sky blue", " why is the sky blue ");
    differ("why is the sky blue", "why is the sea blue");
    differ("test_api", "test api");
}

static void numbers(void **state) {
    (void)state;
    alike("in 1999", "in 2024");
    alike("7", "3");
    differ("7", "42");
    differ("in 199", "in 1999");
    differ("7", "a");
    differ("x1", "x2"); /* no numbers */
    alike("123456789012", "9876543210987654321");
    differ("12345678901", "123456789012");
    assert_int_equal(count("123456"), 3); /* nor has a number parts */
}

/* A word is there as itself, as the first and as the last of its line. */
static void words_and_pairs(void **state) {
    (void)state;
    assert_int_equal(count("a"), 3);
    assert_int_equal(count("a b"), 7);   /* 2 words, a pair, and the first and last word and pair */
    assert_int_equal(count("a b c"), 9); /* a word and a pair more */
    assert_int_equal(count("a a a"), 6); /* nothing counts twice */
    assert_int_equal(shared("a b", "b a"), 2);
    assert_int_equal(shared("a b c", "a c b"), 4); /* the words, and which is the first */
    assert_int_equal(shared("a b", "ab"), 0);
    assert_int_equal(shared("a", "b"), 0);
}

/* Of a word of more than four characters, runs of four of them from every second, and the last four. */
static void parts_of_words(void **state) {
    (void)state;
    assert_int_equal(count("word"), 3);
    assert_int_equal(count("words"), 5);   /* word ords */
    assert_int_equal(count("wordsy"), 5);  /* word rdsy */
    assert_int_equal(count("wordsyz"), 6); /* word rdsy dsyz */
    assert_int_equal(count("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 3);
    assert_int_equal(count("\xc3\xa9\xc3\xa8\xc3\xa9\xc3\xa9\xc3\xa9"), 5);
    assert_int_equal(shared("refactoring", "refactored"), 3); /* refa fact ctor */
    assert_int_equal(shared("word", "words"), 0);             /* a part is no word */
}

static void long_words_count_by_their_beginning(void **state) {
    char a[81] = {0}, b[81] = {0};
    (void)state;
    for (size_t i = 0; i < 80; i++)
        a[i] = b[i] = (char)('a' + i % 26);
    b[64] = '_';
    alike(a, b);
    b[63] = '_';
    differ(a, b);
}

/* Later lines differ in the pairs alone; the first by how it begins and ends, too. */
static void order_of_lines(void **state) {
    (void)state;
    assert_int_equal(count("x\na b\nc d"), 12);                /* 5 words, 4 pairs, first word and pair, last word */
    assert_int_equal(shared("x\na b\nc d", "x\nc d\na b"), 9); /* all but x a, b c, and the first pair */
    assert_int_equal(shared("a b\nc d", "c d\na b"), 6);       /* the words, and the pairs in the lines */
    alike("a b\nc d e", "a b\n\n c d\ne");
    differ("a b\nc d", "a b c\nd"); /* by the end of the first line */
    differ("a b\nc d", "\na b\nc d");
}

/* Scripts without spaces are read as if there were one around each character. */
static void characters_that_stand_alone(void **state) {
    (void)state;
    alike("天気", "天 気");
    alike("今日は天気がいい。", "今 日 は 天 気 が い い");
    alike("GPT模型v2好", "gpt 模 型 v2 好");
    alike("สวัสดี", "ส ว ั ส ด ี");
    alike("\xf0\xa0\x80\x80\xf0\xa0\x80\x81", "\xf0\xa0\x80\x80 \xf0\xa0\x80\x81"); /* U+20000, U+20001 */
    assert_int_equal(count("天"), 3);
    /* 天 気 が い, the first two pairs, how they begin, and the last character */
    assert_int_equal(shared("天気がいい", "天気が悪い"), 9);
    assert_int_equal(shared("天気がいい", "小説を書け"), 0);
    differ("étés", "é t é s");
    differ("날씨", "날 씨");
}

static void bytes_that_are_not_text(void **state) {
    (void)state;
    alike("a\xff"
          "b",
          "a b");
    alike("a\xe3\x81", "a");
    alike("a \xed\xa0\x80 b", "a b"); /* a surrogate */
    struct features with_nul = of_span((struct span){"a\0b", 3}), without = of("a b");
    assert_true(same_buckets(&with_nul, &without));
    assert_int_equal(with_nul.length, without.length);
}

/* No bytes harm; of_span checks. */
static void random_bytes(void **state) {
    static const char pool[] = "aZ9_ \n.\x80\xbf\xc3\xa9\xe3\x81\x82\xe4\xba\xf0\xa0\xff";
    char bytes[400];
    (void)state;
    for (int i = 0; i < 4000; i++) {
        size_t size = random_high() % (sizeof bytes + 1);
        for (size_t b = 0; b < size; b++) {
            uint64_t random = random_high();
            bytes[b] = random % 4 != 0 ? pool[random / 4 % (sizeof pool - 1)] : (char)(random / 4 % 128);
        }
        struct features features = of_span((struct span){bytes, size});
        assert_true(size > 0 || features.count == 0);
    }
}

/* -- lengths ------------------------------------------------------------------------------------------------------- */

static int length_of(size_t size) {
    char *prompt = xmalloc(size + 1);
    memset(prompt, ' ', size);
    struct features features = of_span((struct span){prompt, size});
    free(prompt);
    return features.length;
}

static void lengths(void **state) {
    static const int rows[][2] = {{0, 0},     {1, 8},       {2, 12},      {3, 16},      {7, 24},
                                  {8, 25},    {15, 32},     {254, 63},    {255, 64},    {1022, 79},
                                  {1023, 80}, {16383, 112}, {65534, 127}, {65535, 128}, {1048575, 160}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(length_of((size_t)rows[i][0]), rows[i][1]);
}

/* 2 to the length is at most the eighth power of the bytes and one: in integers. */
static void lengths_by_their_definition(void **state) {
    (void)state;
    for (size_t size = 0; size < 3000; size++) {
        wide power = 1;
        int length = 0;
        for (int i = 0; i < 8; i++)
            power *= (wide)(size + 1);
        while ((wide)1 << (length + 1) <= power)
            length++;
        assert_int_equal(length_of(size), length);
    }
}

/* -- long prompts -------------------------------------------------------------------------------------------------- */

/* SIZE spaces, to be freed. */
static char *spaces(size_t size) {
    char *prompt = xmalloc(size + 1);
    memset(prompt, ' ', size);
    prompt[size] = '\0';
    return prompt;
}

static void put(char *prompt, size_t at, const char *word) {
    memcpy(prompt + at, word, strlen(word));
}

/* A prompt of SIZE with these two words in front, behind, and a word AT somewhere. */
static struct features with_word(size_t size, size_t at, const char *word) {
    char *prompt = spaces(size);
    put(prompt, 0, "aa bb");
    put(prompt, size - 5, "yy zz");
    put(prompt, at, word);
    struct features features = of(prompt);
    free(prompt);
    return features;
}

static bool seen(size_t size, size_t at) {
    struct features with = with_word(size, at, "word"), without = with_word(size, at, "");
    assert_int_equal(with.length, without.length);
    return !same_buckets(&with, &without);
}

static void only_the_ends_matter(void **state) {
    size_t end = FEATURES_END, size = 3 * end;
    (void)state;
    assert_true(seen(size, 10) && seen(size, end - 4));
    assert_false(seen(size, end) || seen(size, end + 1) || seen(size, size / 2) || seen(size, size - end - 4));
    assert_true(seen(size, size - end) && seen(size, size - 10));
    assert_true(seen(2 * end, end - 2)); /* no more than both ends: all of it */
    assert_true(seen(2 * end, end));
    assert_false(seen(2 * end + 5, end));
    struct features whole = with_word(2 * end, end - 2, "word"), cut = with_word(size, end - 2, "wo");
    struct features across = with_word(size, end - 2, "word");
    assert_true(same_buckets(&across, &cut)); /* a word at the border is cut */
    assert_false(same_buckets(&across, &whole));
}

/* The words of the end do not follow those of the beginning. */
static void no_pair_across_the_gap(void **state) {
    (void)state;
    struct features far = with_word(3 * FEATURES_END, 10, ""), near = with_word(100, 10, "");
    assert_int_equal(near.count, 11); /* 4 words, 3 pairs, the first and last word and pair */
    assert_int_equal(far.count, 10);
    assert_int_equal(common(&far, &near), 8); /* where all is one line, that ends otherwise */
}

static void words_to(struct text *prompt, size_t words) {
    for (size_t i = 0; i < words; i++)
        text_format(prompt, "w%llx ", (unsigned long long)random_high());
}

/* Of too many the lowest are taken: whatever a prompt's first line has, the whole has it or has 512 lower ones. */
static void as_many_as_there_is_room_for(void **state) {
    struct text prompt = {0};
    (void)state;
    words_to(&prompt, 30);
    struct features first = of(prompt.s);
    text_string(&prompt, "\n");
    words_to(&prompt, 600);
    struct features whole = of(prompt.s);
    assert_in_range(first.count, 150, FEATURES_MAX - 1);
    assert_int_equal(whole.count, FEATURES_MAX);
    size_t kept = 0;
    for (size_t i = 0; i < first.count; i++) {
        bool low = first.buckets[i] <= whole.buckets[FEATURES_MAX - 1];
        assert_int_equal(has(&whole, first.buckets[i]), low);
        kept += low;
    }
    assert_in_range(kept, 1, first.count - 1);
    words_to(&prompt, 100000);
    struct features huge = of(prompt.s);
    assert_int_equal(huge.count, FEATURES_MAX);
    text_free(&prompt);
}

/* -- the encoded form ---------------------------------------------------------------------------------------------- */

static void hex_of(const struct features *features, struct text *hex) {
    unsigned char bytes[FEATURES_BYTES_MAX];
    size_t size = features_encode(features, bytes);
    text_clear(hex);
    for (size_t i = 0; i < size; i++)
        text_format(hex, "%02x", bytes[i]);
}

static void encoded_as(const struct features *features, const char *expected) {
    struct text hex = {0};
    hex_of(features, &hex);
    assert_string_equal(hex.s, expected);
    text_free(&hex);
}

static void encoded_by_hand(void **state) {
    (void)state;
    encoded_as(&(struct features){.length = 0}, "00");
    encoded_as(&(struct features){.length = 255}, "ff");
    encoded_as(&(struct features){.length = 9, .count = 1, .buckets = {127}}, "097f");
    /* 0, 0, 130 - 2 and 65535 - 131, in groups of 7 bits */
    encoded_as(&(struct features){.length = 9, .count = 4, .buckets = {0, 1, 130, 65535}}, "0900008001fcfe03");
}

/* Databases keep these for good: a change here is a change of what features are, and needs a new FEATURES_VERSION. */
static void encoded_for_good(void **state) {
    (void)state;
    assert_int_equal(FEATURES_VERSION, 2);
    struct features english = of("Refactor the 2 modules in lib/rules.\nKeep the API, please."),
                    mixed = of("東京はt\xff");
    encoded_as(&english, "2fd530e90cd50dcc24d660f278cc38b09701cc319264be04a630b34717f40ac0b201b221e531c61cf2058f28c4299"
                         "03ecb7feb05955ee74eeb0597269d0fd1c3019603f69001");
    encoded_as(&mixed, "1cd0b501dff901cc2480b102b16c9ce002c771e8d2019fbe02bc6bef3c");
}

static bool decode(const void *bytes, size_t size, struct features *features) {
    char *copy = xmalloc(size + !size);
    if (size > 0)
        memcpy(copy, bytes, size);
    memset(features, 0xff, sizeof *features);
    bool good = features_decode((struct span){copy, size}, features);
    free(copy);
    check(features);
    if (!good)
        assert_true(features->length == 0 && features->count == 0);
    return good;
}

static void round_trip(const struct features *features) {
    unsigned char bytes[FEATURES_BYTES_MAX], again[FEATURES_BYTES_MAX];
    struct features got;
    size_t size = features_encode(features, bytes);
    assert_in_range(size, 1 + features->count, 1 + 3 * features->count);
    assert_true(decode(bytes, size, &got));
    assert_int_equal(got.length, features->length);
    assert_int_equal(got.count, features->count);
    assert_memory_equal(got.buckets, features->buckets, got.count * sizeof *got.buckets);
    assert_int_equal(features_encode(&got, again), size);
    assert_memory_equal(again, bytes, size);
}

static void random_prompt(struct text *prompt) {
    static const char *const between[] = {" ", "\n", ", ", "", "。", "\xff"};
    static const char *const words[] = {"Why", "refactoring", "天気", "1234", "ñandú", "a", "ที่", "x_y"};
    text_clear(prompt);
    text_string(prompt, "");
    for (uint64_t n = random_high() % 120; n > 0; n--) {
        text_string(prompt, words[random_high() % 8]);
        text_format(prompt, "%.*llx", (int)(random_high() % 9), (unsigned long long)random_high());
        text_string(prompt, between[random_high() % 6]);
    }
}

static void random_prompts(void **state) {
    struct text prompt = {0};
    (void)state;
    for (int i = 0; i < 2000; i++) {
        random_prompt(&prompt);
        struct features features = of_span(text_span(&prompt));
        round_trip(&features);
    }
    text_free(&prompt);
}

/* Any buckets, near to one another and far. */
static struct features random_features(void) {
    struct features features = {.length = (int)(random_high() % FEATURES_LENGTHS)};
    static const unsigned steps[] = {1, 2, 130, 20000};
    unsigned next = 0, step = steps[random_high() % 4];
    size_t most = random_high() % (FEATURES_MAX + 1);
    while (features.count < most) {
        next += (unsigned)(random_high() % step);
        if (next >= FEATURES_BUCKETS)
            break;
        features.buckets[features.count++] = (uint32_t)next++;
    }
    return features;
}

static void random_buckets(void **state) {
    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct features features = random_features();
        round_trip(&features);
    }
}

static void as_many_bytes_as_there_are(void **state) {
    unsigned char bytes[FEATURES_BYTES_MAX];
    struct features features = {.length = 255, .count = FEATURES_MAX};
    (void)state;
    for (size_t i = 0; i < FEATURES_MAX; i++)
        features.buckets[i] = (uint32_t)(127 + 128 * i);
    assert_int_equal(features_encode(&features, bytes), 1 + FEATURES_MAX);
    for (size_t i = 0; i < FEATURES_MAX; i++)
        features.buckets[i] = (uint32_t)(FEATURES_BUCKETS - FEATURES_MAX + i);
    assert_int_equal(features_encode(&features, bytes), 3 + FEATURES_MAX);
    round_trip(&features);
}

static void refused_bytes(void **state) {
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
    } rows[] = {
        {"", 0, false},
        {"\x08", 1, true},
        {"\x08\x00", 2, true},
        {"\x08\x80", 2, false}, /* cut */
        {"\x08\x01\xff\x80", 4, false},
        {"\x08\xff\xff", 3, false},
        {"\x08\xff\xff\x0f", 4, true},      /* 262143 */
        {"\x08\x80\x80\x10", 4, false},     /* 262144 */
        {"\x08\xff\xff\x0f\x00", 5, false}, /* 262143, and the next */
        {"\x08\xfe\xff\x0f\x00", 5, true},  /* 262142, and the next */
        {"\x08\xff\xff\x7f", 4, false},     /* of 21 bits */
        {"\x08\x80\x80\x80\x00", 5, false}, /* of more */
        {"\x08\xff\xff\xff\xff\xff", 6, false},
    };
    struct features features;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (decode(rows[i].bytes, rows[i].size, &features) != rows[i].good)
            fail_msg("row %zu is %s", i, rows[i].good ? "refused" : "not refused");
    assert_false(features_decode((struct span){NULL, 0}, &features));
}

static void refused_numbers_of_buckets(void **state) {
    unsigned char bytes[FEATURES_MAX + 2] = {7};
    struct features features;
    (void)state;
    assert_true(decode(bytes, FEATURES_MAX + 1, &features));
    assert_int_equal(features.count, FEATURES_MAX);
    assert_int_equal(features.length, 7);
    assert_int_equal(features.buckets[FEATURES_MAX - 1], FEATURES_MAX - 1);
    assert_false(decode(bytes, FEATURES_MAX + 2, &features));
}

/* What was cut is refused, or is the beginning. */
static void cut_anywhere(void **state) {
    unsigned char bytes[FEATURES_BYTES_MAX];
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct features features = random_features(), got;
        size_t size = features_encode(&features, bytes);
        size_t cut = random_high() % size;
        bool whole = cut > 0 && (cut == 1 || bytes[cut - 1] < 0x80);
        assert_int_equal(decode(bytes, cut, &got), whole);
        assert_true(got.count < features.count || features.count == 0);
        assert_memory_equal(got.buckets, features.buckets, got.count * sizeof *got.buckets);
    }
}

/* decode checks whatever is made of them, and it can be written again. */
static void any_bytes_are_decoded(void **state) {
    unsigned char bytes[24];
    size_t good = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct features features;
        size_t size = random_high() % (sizeof bytes + 1);
        for (size_t b = 0; b < size; b++)
            bytes[b] = (unsigned char)(random_high() % (random_high() % 4 == 0 ? 256 : 128));
        if (!decode(bytes, size, &features))
            continue;
        good++;
        round_trip(&features);
    }
    assert_in_range(good, 1000, 19999);
}

int main(void) {
    random_state = 0x9e3779b97f4a7c15U;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_prompts),
        cmocka_unit_test(what_makes_no_difference),
        cmocka_unit_test(numbers),
        cmocka_unit_test(words_and_pairs),
        cmocka_unit_test(parts_of_words),
        cmocka_unit_test(long_words_count_by_their_beginning),
        cmocka_unit_test(order_of_lines),
        cmocka_unit_test(characters_that_stand_alone),
        cmocka_unit_test(bytes_that_are_not_text),
        cmocka_unit_test(random_bytes),
        cmocka_unit_test(lengths),
        cmocka_unit_test(lengths_by_their_definition),
        cmocka_unit_test(only_the_ends_matter),
        cmocka_unit_test(no_pair_across_the_gap),
        cmocka_unit_test(as_many_as_there_is_room_for),
        cmocka_unit_test(encoded_by_hand),
        cmocka_unit_test(encoded_for_good),
        cmocka_unit_test(random_prompts),
        cmocka_unit_test(random_buckets),
        cmocka_unit_test(as_many_bytes_as_there_are),
        cmocka_unit_test(refused_bytes),
        cmocka_unit_test(refused_numbers_of_buckets),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(any_bytes_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
