/* Prompts: the rules that pl brings along, every border of complexity and score, and any text against a plain reading.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/word.h"
#include "input/datafile.h"
#include "input/promptsfile.h"
#include "input/rulesfile.h"
#include "rules/prompts.h"
#include "random.h"

static const struct span NOTHING = {NULL, 0};

static struct prompt_rules *builtin;

static void read_builtin(struct text *text) {
    struct text path = {0}, error = {0};
    const char *share = getenv("PL_SHARE");
    text_format(&path, "%s/prompts.json", share != NULL ? share : "share/pl");
    if (!data_read_file(path.s, text, &error))
        fail_msg("%s", error.s);
    text_free(&path);
    text_free(&error);
}

static int load(void **state) {
    struct text text = {0}, error = {0};
    (void)state;
    read_builtin(&text);
    builtin = prompts_parse(text_span(&text), NOTHING, &error);
    if (builtin == NULL)
        print_error("%s\n", error.s);
    text_free(&text);
    text_free(&error);
    return builtin == NULL;
}

static int unload(void **state) {
    (void)state;
    prompts_free(builtin);
    return 0;
}

static struct prompt_view look(const struct prompt_rules *rules, struct span prompt) {
    struct prompt_view view;
    prompts_look(rules, prompt, &view);
    if (prompts_complexity_of(view.score) != view.complexity)
        fail_msg("\"%.*s\": %d is not a score of %s", (int)prompt.n, prompt.s, view.score,
                 prompt_complexity_name(view.complexity));
    return view;
}

static void pattern_is(const char *prompt, const char *expected) {
    const char *got = look(builtin, span_of(prompt)).pattern;
    if (strcmp(got, expected) != 0)
        fail_msg("\"%s\" is %s, not %s", prompt, got, expected);
}

static void complexity_is(const char *prompt, enum prompt_complexity expected) {
    enum prompt_complexity got = look(builtin, span_of(prompt)).complexity;
    if (got != expected)
        fail_msg("\"%s\" is %s, not %s", prompt, prompt_complexity_name(got), prompt_complexity_name(expected));
}

static void is(const char *prompt, const char *pattern, enum prompt_complexity complexity) {
    pattern_is(prompt, pattern);
    complexity_is(prompt, complexity);
}

/* -- patterns ----------------------------------------------------------------------------------------------------- */

static void ordinary_prompts(void **state) {
    (void)state;
    is("hello", "general", PROMPT_SIMPLE);
    is("thanks", "general", PROMPT_SIMPLE);
    is("explain how a hash table works", "explanation", PROMPT_MODERATE);
    is("implement a function that reverses a list", "code", PROMPT_MODERATE);
    is("compare PostgreSQL and SQLite for a small office", "analysis", PROMPT_COMPLEX);
    is("solve this math problem for me", "reasoning", PROMPT_MODERATE);
    is("write a short poem about rain", "creative", PROMPT_MODERATE);
    is("list the capitals of Europe", "factual", PROMPT_MODERATE);
    is("comprehensive roadmap for the next 3 years of our platform", "general", PROMPT_DEEP);
    is("implement a function", "code", PROMPT_MODERATE);
    is("write a poem", "creative", PROMPT_MODERATE);
    is("explain why the sky is blue", "explanation", PROMPT_MODERATE);
    is("solve this math problem", "reasoning", PROMPT_MODERATE);
    is("there is a bug in my algorithm", "code", PROMPT_MODERATE);
    is("review my draft, please", "analysis", PROMPT_MODERATE); /* a tie */
    is("who wrote the first history of Rome, and when?", "factual", PROMPT_MODERATE);
    is("what is the capital of France?", "explanation", PROMPT_MODERATE);
    is("debug this", "code", PROMPT_COMPLEX);
    is("audit", "general", PROMPT_DEEP);
}

/* Every inflection by itself shows its pattern; they are parted by '|'. */
static void inflections(void **state) {
    static const struct {
        const char *pattern, *words;
    } rows[] = {
        {"code", "code|codes|coded|coding|function|functions|class|classes|debug|debugs|debugged|debugging|debugger|"
                 "refactor|refactors|refactored|refactoring|bug|bugs|buggy|bugged|implement|implements|implemented|"
                 "implementing|implementation|implementations|algorithm|algorithms|algorithmic"},
        {"analysis", "analyze|analyzes|analyzed|analyzing|analyse|analyses|analysed|analysing|analysis|compare|"
                     "compares|compared|comparing|comparison|comparisons|evaluate|evaluates|evaluated|evaluating|"
                     "evaluation|assess|assesses|assessed|assessing|assessment|assessments|review|reviews|reviewed|"
                     "reviewing|critique|critiques|critiqued|critiquing"},
        {"creative", "write|writes|wrote|written|writing|create|creates|created|creating|creation|generate|generates|"
                     "generated|generating|story|stories|poem|poems|email|emails|emailed|e-mail|e-mails|draft|drafts|"
                     "drafted|drafting"},
        {"explanation", "explain|explains|explained|explaining|explanation|what is|what's|what are|what were|"
                        "how does|how do|how did|why|describe|describes|described|describing|description|teach|"
                        "teaches|taught|teaching|WHAT IS|what\xe2\x80\x99s|what\nis"},
        {"factual", "who|whom|whose|who's|when|where|list|lists|listed|listing|define|defines|defined|defining|"
                    "definition|definitions|fact|facts|history|histories|historical|historic"},
        {"reasoning", "solve|solves|solved|solving|calculate|calculates|calculated|calculating|calculation|prove|"
                      "proves|proved|proven|proving|deduce|deduces|deduced|deducing|logic|logical|logically|math|"
                      "maths|mathematics|mathematical|problem|problems"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text prompt = {0};
        for (const char *s = rows[i].words; *s != '\0';) {
            size_t size = strcspn(s, "|");
            text_clear(&prompt);
            text_format(&prompt, "the %.*s!", (int)size, s);
            pattern_is(prompt.s, rows[i].pattern);
            s += size + (s[size] == '|');
        }
        text_free(&prompt);
    }
}

static void words_that_are_not_meant(void **state) {
    static const char *const prompts[] = {
        "decode",       "encoder",    "subclass",     "classify",     "classic",    "debugx",    "bugle",
        "dysfunction",  "functional", "analytics",    "incomparable", "previews",   "critical",  "hypocrisy",
        "creature",     "generation", "history_",     "poetry",       "drafty",     "explainer", "whatis",
        "what else is", "how_does",   "however does", "whyever",      "whoever",    "whenever",  "elsewhere",
        "listen",       "checklist",  "indefinite",   "faction",      "resolve",    "improve",   "logistics",
        "aftermath",    "mathilda",   "biology",      "my_function",  "prehistory", "is what",   "does how",
        "e mai l",      "mail e",
    };
    (void)state;
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++)
        pattern_is(prompts[i], "general");
}

static void words_count_once(void **state) {
    (void)state;
    pattern_is("code code codes coding, write a poem", "creative");
    pattern_is("explain, explained and explaining: solve the problem", "reasoning");
    pattern_is("analyse and analyze this analysis of a story in an email", "creative");
    pattern_is("what is it, what's that and what are those? a list of facts", "factual");
}

static void ties_go_to_the_earlier(void **state) {
    (void)state;
    pattern_is("problem facts why poem review code", "code");
    pattern_is("problem facts why poem review", "analysis");
    pattern_is("problem facts why poem", "creative");
    pattern_is("problem facts why", "explanation");
    pattern_is("problem facts", "factual");
    pattern_is("code review", "code");
    pattern_is("review the assessment of the code", "analysis");
}

static void case_and_punctuation(void **state) {
    (void)state;
    pattern_is("IMPLEMENT IT", "code");
    pattern_is("(code)", "code");
    pattern_is("`class`", "code");
    pattern_is("re-write it", "creative");
    pattern_is("What, is that so", "explanation");
    pattern_is("caf\xc3\xa9 code", "code");
    pattern_is("code\xe3\x80\x82", "code");
    pattern_is("codeé", "general");
    pattern_is("\xff code \xc3", "code");
}

/* -- complexity --------------------------------------------------------------------------------------------------- */

static void triggers(void **state) {
    static const char *const deep[] = {
        "research",        "researching",
        "researched",      "the architecture of it",
        "architectures",   "architectural",
        "audit",           "audits",
        "audited",         "auditing",
        "roadmap",         "roadmaps",
        "road map",        "a COMPREHENSIVE one",
        "end-to-end",      "end to end",
        "comprehensively",
    };
    static const char *const complex[] = {
        "analyse",   "analyze",    "analysing",    "analysis",     "compare",        "comparing", "comparison",
        "evaluate",  "evaluating", "evaluation",   "debug",        "debugging",      "optimise",  "optimize",
        "optimized", "optimising", "optimization", "optimisation", "weigh the odds", "weighing",  "weighed",
    };
    static const char *const moderate[] = {
        "my weight is fine",   "the optimal one is", "the researcher is here",
        "an auditor came in",  "at the end to",      "we comprehend it now",
        "a different road is", "the debugger is on", "the optimum is there",
    };
    (void)state;
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++)
        complexity_is(deep[i], PROMPT_DEEP);
    for (size_t i = 0; i < sizeof complex / sizeof *complex; i++)
        complexity_is(complex[i], PROMPT_COMPLEX);
    for (size_t i = 0; i < sizeof moderate / sizeof *moderate; i++)
        complexity_is(moderate[i], PROMPT_MODERATE);
    complexity_is("compare the audits", PROMPT_DEEP);
}

static struct prompt_view look_at_words(size_t words, const char *word) {
    struct text prompt = {0};
    text_string(&prompt, "");
    for (size_t i = 0; i < words; i++)
        text_format(&prompt, "%s%s", i > 0 ? " " : "", word);
    struct prompt_view view = look(builtin, text_span(&prompt));
    text_free(&prompt);
    return view;
}

static void borders_of_words(void **state) {
    (void)state;
    assert_int_equal(look_at_words(0, "word").complexity, PROMPT_SIMPLE);
    assert_int_equal(look_at_words(2, "word").complexity, PROMPT_SIMPLE);
    assert_int_equal(look_at_words(3, "word").complexity, PROMPT_MODERATE);
    assert_int_equal(look_at_words(50, "word").complexity, PROMPT_MODERATE);
    assert_int_equal(look_at_words(51, "word").complexity, PROMPT_COMPLEX);
    assert_int_equal(look_at_words(200, "word").complexity, PROMPT_COMPLEX);
    assert_int_equal(look_at_words(201, "word").complexity, PROMPT_DEEP);
    assert_int_equal(look_at_words(2, "a-b,c/d").complexity, PROMPT_SIMPLE); /* as wc -w counts */
    assert_int_equal(look_at_words(3, "--").complexity, PROMPT_MODERATE);
}

/* COUNT characters of one word. */
static enum prompt_complexity of_characters(size_t count, const char *character) {
    struct text prompt = {0};
    for (size_t i = 0; i < count; i++)
        text_string(&prompt, character);
    struct prompt_view view = look(builtin, text_span(&prompt));
    text_free(&prompt);
    return view.complexity;
}

static void borders_of_characters(void **state) {
    (void)state;
    assert_int_equal(of_characters(5000, "a"), PROMPT_SIMPLE);
    assert_int_equal(of_characters(5001, "a"), PROMPT_DEEP);
    assert_int_equal(of_characters(5000, "\xc3\xa9"), PROMPT_SIMPLE);
    assert_int_equal(of_characters(5001, "\xc3\xa9"), PROMPT_DEEP);
    assert_int_equal(of_characters(5000, "\xf0\x9f\x99\x82"), PROMPT_SIMPLE);
    assert_int_equal(of_characters(5001, "\xf0\x9f\x99\x82"), PROMPT_DEEP);
}

static void border_of_sentences(void **state) {
    (void)state;
    complexity_is("One is here. Two is here.", PROMPT_MODERATE);
    complexity_is("One is here. Two is here. Three", PROMPT_COMPLEX);
    complexity_is("Hi. Ho. Hu.", PROMPT_COMPLEX);
    complexity_is("Hi! Ho?", PROMPT_SIMPLE);
    complexity_is("See e.g. J. Smith, p. 4, i.e. there.", PROMPT_MODERATE);
}

static void empty_prompts(void **state) {
    struct prompt_view view = look(builtin, NOTHING);
    (void)state;
    assert_string_equal(view.pattern, "general");
    assert_int_equal(view.complexity, PROMPT_SIMPLE);
    assert_int_equal(view.score, 0);
    is("", "general", PROMPT_SIMPLE);
    is(" \n\t ", "general", PROMPT_SIMPLE);
    is("...", "general", PROMPT_SIMPLE);
}

static void bytes_of_all_kinds(void **state) {
    (void)state;
    struct prompt_view view = look(builtin, (struct span){"a\0code\0b", 8});
    assert_string_equal(view.pattern, "code"); /* a NUL parts words... */
    assert_int_equal(view.complexity, PROMPT_SIMPLE);
    assert_int_equal(look(builtin, (struct span){"a\0b c\0d", 7}).score, 249); /* ...but is no white space */
    assert_int_equal(sentences_of((struct span){"a\0b. c", 6}), 2);
    assert_int_equal(sentences_of((struct span){"\0\0.\0", 4}), 0);
    assert_int_equal(sentences_of((struct span){"\xff\xfe. \xc3.", 6}), 0);
}

/* -- sentences ---------------------------------------------------------------------------------------------------- */

static void sentences_are(const char *text, size_t expected) {
    size_t got = sentences_of(span_of(text));
    if (got != expected)
        fail_msg("\"%s\" has %zu sentences, not %zu", text, got, expected);
}

static void what_ends_a_sentence(void **state) {
    (void)state;
    sentences_are("", 0);
    sentences_are("word", 1);
    sentences_are("word.", 1);
    sentences_are("Yes. No! Why? So", 4);
    sentences_are("What?! No... Yes!!!", 3);
    sentences_are("One.Two", 1);
    sentences_are("One.\nTwo.\tThree.\rFour.", 4);
    sentences_are("He said \"no.\" She (said) 'yes!') Then [what?]. Well", 4);
    sentences_are("So \xe2\x80\x9cit is.\xe2\x80\x9d And \xc2\xabthat!\xc2\xbb Good", 3);
    sentences_are("One.\xc2\xa0Two.\xe3\x80\x80Three", 3);
    sentences_are("One.\xe2\x80\x94Two", 1);
    sentences_are(". ! ? ...", 0);
    sentences_are("- . - ! a", 1);
    sentences_are("7. 8! 9", 3);
}

static void full_stops_that_end_none(void **state) {
    (void)state;
    sentences_are("e.g. this", 1);
    sentences_are("J. R. Smith", 1);
    sentences_are("(e.g. this) and i.e. that. And so", 2);
    sentences_are("see v1.2 and 3.5 of main.c", 1);
    sentences_are("Plan B.", 1);
    sentences_are("Plan B! And", 2);
    sentences_are("so a... And", 2);
    sentences_are("I don't. You can't. We", 3);
    sentences_are("I don\xe2\x80\x99t. We", 2);
    sentences_are("x_y. Then", 2);
    sentences_are("in C++. Then in F#. Then", 3);
    sentences_are("Vitamin-C. Then", 2);
    sentences_are("ab. c", 2);
    sentences_are("\xc3\xa9. c", 1);
    sentences_are("a.\" b", 1);
    sentences_are("(as in a.). And", 2);
}

static void sentences_of_other_scripts(void **state) {
    (void)state;
    sentences_are("\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x81\xe5\xa5\xbd\xef\xbc\x9f",
                  3);
    sentences_are("\xe5\xa5\xbd\xe3\x80\x82", 1);
    sentences_are("\xe5\xa5\xbd\xef\xbc\x9f\xef\xbc\x81\xe5\xa5\xbd", 2);
    sentences_are("\xe3\x80\x82\xef\xbc\x81", 0);
    sentences_are("\xe5\xa5\xbd?\xef\xbc\x81", 1);
    sentences_are("\xd0\x94\xd0\xb0. \xd0\x9d\xd0\xb5\xd1\x82!", 2);
}

/* -- scores and names --------------------------------------------------------------------------------------------- */

static void scores_rise_with_words(void **state) {
    static const size_t last[] = {2, 50, 200, 1000}, first[] = {0, 3, 51, 201};
    static const int lowest[] = {0, 264, 563, 800}, highest[] = {249, 499, 749, 1000};
    int before = -1;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(look_at_words(first[i], "word").score, lowest[i]);
        assert_int_equal(look_at_words(last[i], "word").score, highest[i]);
    }
    for (size_t words = 0; words <= 220; words++) {
        int score = look_at_words(words, "word").score;
        assert_true(words > 200 ? score >= before : score > before);
        before = score;
    }
    assert_int_equal(look_at_words(5000, "word").score, 1000);
    assert_int_equal(look_at_words(1, "audit").score, 750);
    assert_int_equal(look_at_words(1, "compare").score, 501);
    assert_int_equal(look_at_words(1, "hello").score, 124);
}

static void scores_of_given_complexities(void **state) {
    (void)state;
    assert_int_equal(prompts_score_of(PROMPT_SIMPLE), 125);
    assert_int_equal(prompts_score_of(PROMPT_MODERATE), 375);
    assert_int_equal(prompts_score_of(PROMPT_COMPLEX), 625);
    assert_int_equal(prompts_score_of(PROMPT_DEEP), 875);
}

static void complexities_of_scores(void **state) {
    static const int scores[] = {-1, 0, 249, 250, 499, 500, 749, 750, 1000, 1001, INT32_MAX, INT32_MIN};
    static const enum prompt_complexity expected[] = {PROMPT_SIMPLE,   PROMPT_SIMPLE,  PROMPT_SIMPLE,  PROMPT_MODERATE,
                                                      PROMPT_MODERATE, PROMPT_COMPLEX, PROMPT_COMPLEX, PROMPT_DEEP,
                                                      PROMPT_DEEP,     PROMPT_DEEP,    PROMPT_DEEP,    PROMPT_SIMPLE};
    (void)state;
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        assert_int_equal(prompts_complexity_of(scores[i]), expected[i]);
}

static void names_of_complexities(void **state) {
    static const char *const names[] = {"simple", "moderate", "complex", "deep"};
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_string_equal(prompt_complexity_name((enum prompt_complexity)i), names[i]);
}

/* -- data --------------------------------------------------------------------------------------------------------- */

#define SMALL                                                                                                          \
    "{\"patterns\":[{\"pattern\":\"one\",\"words\":[[\"a\",\"as\"],[\"b\"]]},"                                         \
    "{\"pattern\":\"two\",\"words\":[[\"a\"],[\"c\",\"c "                                                              \
    "d\"]]}],\"complexity\":{\"deep\":[\"x\"],\"complex\":[\"y\"]}}"

static void rules_show(const char *base, const char *extra, const char *prompt, const char *expected) {
    struct text error = {0};
    struct prompt_rules *rules = prompts_parse(span_of(base), span_of(extra), &error);
    if (rules == NULL)
        fail_msg("%s", error.s);
    const char *got = look(rules, span_of(prompt)).pattern;
    if (strcmp(got, expected) != 0)
        fail_msg("\"%s\" is %s, not %s, by %s and %s", prompt, got, expected, base, extra != NULL ? extra : "nothing");
    prompts_free(rules);
    text_free(&error);
}

static void rules_of_ones_own(void **state) {
    static const char more[] = "{\"patterns\":[{\"pattern\":\"two\",\"words\":[[\"e\"],[\"f\",\"c\"]]}]}";
    static const char fresh[] = "{\"patterns\":[{\"pattern\":\"new\",\"words\":[[\"a\"]]},"
                                "{\"pattern\":\"newer\",\"words\":[[\"a\"],[\"b\"]]}]}";
    (void)state;
    rules_show("{}", NULL, "a", "general");
    rules_show("{}", SMALL, "a", "one");
    rules_show(SMALL, NULL, "a", "one"); /* a word of two patterns counts for both */
    rules_show(SMALL, NULL, "a c", "two");
    rules_show(SMALL, NULL, "a c b", "one");
    rules_show(SMALL, NULL, "c d", "two"); /* one word in two of its inflections */
    rules_show(SMALL, NULL, "b c d", "one");
    rules_show(SMALL, more, "b c e", "two");
    rules_show(SMALL, more, "b c f", "one"); /* an inflection of the word that was there */
    rules_show(SMALL, more, "f", "two");
    rules_show(SMALL, more, "a as", "one");
    rules_show(SMALL, fresh, "a", "new");
    rules_show(SMALL, fresh, "a b", "newer");
    rules_show(SMALL, fresh, "a c", "two");
    rules_show(SMALL, fresh, "b", "newer");
    rules_show(SMALL, "{\"patterns\":[{\"pattern\":\"one\",\"words\":null}],\"complexity\":null}", "b", "one");
    /* a later word does not take what an earlier one has */
    rules_show("{\"patterns\":[{\"pattern\":\"p\",\"words\":[[\"k\",\"l\"],[\"m\",\"l\"]]},{\"pattern\":\"q\","
               "\"words\":[[\"n\"],[\"o\"]]}]}",
               NULL, "k l m n o", "q");
}

static void triggers_of_ones_own(void **state) {
    struct text error = {0};
    struct prompt_rules *rules =
        prompts_parse(span_of(SMALL), span_of("{\"complexity\":{\"deep\":[\"y z\"],\"about\":\"more\"}}"), &error);
    (void)state;
    assert_non_null(rules);
    assert_int_equal(look(rules, span_of("x")).complexity, PROMPT_DEEP);
    assert_int_equal(look(rules, span_of("y")).complexity, PROMPT_COMPLEX);
    assert_int_equal(look(rules, span_of("y z")).complexity, PROMPT_DEEP);
    assert_int_equal(look(rules, span_of("z y")).complexity, PROMPT_COMPLEX);
    prompts_free(rules);
    text_free(&error);
}

static void refused(const char *document, const char *reason) {
    struct text error = {0};
    for (int as_extra = 0; as_extra < 2; as_extra++) {
        struct prompt_rules *rules = prompts_parse(span_of(as_extra ? "{}" : document),
                                                   as_extra ? span_of(document) : NOTHING, &error);
        if (rules != NULL || strcmp(text_span(&error).s, reason) != 0)
            fail_msg("%s is refused with \"%s\", not \"%s\"", document, text_span(&error).s, reason);
    }
    text_free(&error);
}

static void errors_in_words(void **state) {
    (void)state;
    refused("[]", "is not an object");
    refused("{\"pattern\":[]}", "prompts: unknown member \"pattern\"");
    refused("{\"patterns\":{}}", "patterns: is not an array");
    refused("{\"patterns\":[1]}", "patterns: holds something that is not an object");
    refused("{\"patterns\":[{\"words\":[]}]}", "patterns: one has no \"pattern\"");
    refused("{\"patterns\":[{\"pattern\":7}]}", "pattern: is not a string");
    refused("{\"patterns\":[{\"pattern\":\"\"}]}", "patterns: cannot take \"\"");
    refused("{\"patterns\":[{\"pattern\":\"a b\"}]}", "patterns: cannot take \"a b\"");
    refused("{\"patterns\":[{\"pattern\":\"p\",\"word\":[]}]}", "patterns: unknown member \"word\"");
    refused("{\"patterns\":[{\"pattern\":\"p\",\"words\":7}]}", "p: words: is not an array of arrays of strings");
    refused("{\"patterns\":[{\"pattern\":\"p\",\"words\":[\"a\"]}]}",
            "p: words: holds something that is not an array of strings");
    refused("{\"patterns\":[{\"pattern\":\"p\",\"words\":[[7]]}]}", "p: holds something that is not a string");
    refused("{\"patterns\":[{\"pattern\":\"p\",\"words\":[[\"a\",\"...\"]]}]}", "p: cannot take \"...\"");
    refused("{\"patterns\":[{\"pattern\":\"p\",\"words\":[[\"1 2 3 4 5 6 7 8 9\"]]}]}",
            "p: cannot take \"1 2 3 4 5 6 7 8 9\"");
    refused("{\"complexity\":[]}", "complexity: holds something that is not an object");
    refused("{\"complexity\":{\"simple\":[]}}", "complexity: unknown member \"simple\"");
    refused("{\"complexity\":{\"deep\":\"x\"}}", "deep: is not an array of strings");
    refused("{\"complexity\":{\"complex\":[\"-\"]}}", "complex: cannot take \"-\"");
}

static void not_json(void **state) {
    struct text error = {0};
    (void)state;
    assert_null(prompts_parse(span_of("{"), NOTHING, &error));
    assert_true(error.n > 0);
    assert_null(prompts_parse(span_of(SMALL), span_of("{\"patterns\":"), &error));
    assert_true(error.n > 0);
    assert_null(prompts_parse(span_of(SMALL), (struct span){"", 0}, &error));
    text_free(&error);
}

static void more_than_can_be_kept(void **state) {
    struct prompt_rules *rules = prompts_new();
    struct text name = {0};
    (void)state;
    for (int i = 0; i <= PROMPT_PATTERNS_MAX; i++) {
        text_clear(&name);
        text_format(&name, "p%d", i);
        assert_int_equal(prompts_pattern(rules, name.s, i % 2), i < PROMPT_PATTERNS_MAX ? i : PROMPT_NONE);
    }
    for (int i = 0; i <= PROMPT_WORDS_MAX; i++) {
        text_clear(&name);
        text_format(&name, "w%d", i);
        assert_int_equal(prompts_inflection(rules, i % PROMPT_PATTERNS_MAX, PROMPT_NONE, name.s),
                         i < PROMPT_WORDS_MAX ? i : PROMPT_NONE);
    }
    assert_int_equal(prompts_inflection(rules, 0, 0, name.s), 0); /* one more of a word that is there */
    assert_int_equal(prompts_word(rules, 0, name.s), 0);
    assert_int_equal(prompts_word(rules, 1, name.s), PROMPT_NONE);
    assert_string_equal(look(rules, span_of("w1023 w1022 w959")).pattern, "p63");
    text_free(&name);
    prompts_free(rules);
}

/* -- a plain reading ---------------------------------------------------------------------------------------------- */

static const char *const PLAIN_ROWS[3][3][2] = {
    {{"alpha", "alphas"}, {"beta", "beta ray"}, {"gamma", "gammas"}},
    {{"ray", "rays"}, {"alpha beta", "two rays"}, {"delta", "deltas"}},
    {{"gammas", "gamma two"}, {"delta ray two", "deltas"}, {"two", "second"}},
};

#define PLAIN                                                                                                          \
    "{\"patterns\":["                                                                                                  \
    "{\"pattern\":\"0\",\"words\":[[\"alpha\",\"alphas\"],[\"beta\",\"beta ray\"],[\"gamma\",\"gammas\"]]},"           \
    "{\"pattern\":\"1\",\"words\":[[\"ray\",\"rays\"],[\"alpha beta\",\"two rays\"],[\"delta\",\"deltas\"]]},"         \
    "{\"pattern\":\"2\",\"words\":[[\"gammas\",\"gamma two\"],[\"delta ray two\",\"deltas\"],[\"two\",\"second\"]]}]," \
    "\"complexity\":{\"deep\":[\"omega two\"],\"complex\":[\"omega\"]}}"

/* " word word ... " of TEXT in lower case, in which a keyword is found as " keyword ". */
static void plain_words(struct span text, struct text *words) {
    struct span word;
    text_clear(words);
    text_string(words, " ");
    while (word_next(&text, &word)) {
        for (size_t i = 0; i < word.n; i++) {
            char c = word.s[i] >= 'A' && word.s[i] <= 'Z' ? (char)(word.s[i] + 32) : word.s[i];
            text_bytes(words, &c, 1);
        }
        text_string(words, " ");
    }
}

static bool plain_has(const struct text *words, const char *keyword) {
    struct text framed = {0};
    text_format(&framed, " %s ", keyword);
    bool has = strstr(words->s, framed.s) != NULL;
    text_free(&framed);
    return has;
}

static int plain_pattern(const struct text *words) {
    int best = -1, most = 0;
    for (int p = 0; p < 3; p++) {
        int count = 0;
        for (int w = 0; w < 3; w++)
            count += plain_has(words, PLAIN_ROWS[p][w][0]) || plain_has(words, PLAIN_ROWS[p][w][1]);
        best = count > most ? p : best;
        most = count > most ? count : most;
    }
    return best;
}

static bool plain_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether a sentence of ASCII ends after byte I: looked at from the white space behind it, backwards. */
static bool plain_end(const char *s, size_t size, size_t i) {
    if (i + 1 < size && strchr(" \n", s[i + 1]) == NULL)
        return false;
    while (i > 0 && strchr("\"')]", s[i]) != NULL)
        i--;
    if (strchr(".!?", s[i]) == NULL)
        return false;
    bool lone_stop = s[i] == '.' && (i == 0 || strchr(".!?", s[i - 1]) == NULL);
    bool lone_letter = i > 0 && plain_alphanumeric(s[i - 1]) && !(s[i - 1] >= '0' && s[i - 1] <= '9') &&
                       (i == 1 || strchr(" \n.(\"[", s[i - 2]) != NULL);
    return !(lone_stop && lone_letter);
}

static size_t plain_sentences(const char *s, size_t size) {
    size_t count = 0;
    bool content = false;
    for (size_t i = 0; i < size; i++) {
        content = content || plain_alphanumeric(s[i]);
        if (content && plain_end(s, size, i)) {
            count++;
            content = false;
        }
    }
    return count + content;
}

static void random_prompt(struct text *out) {
    static const char *const pool[] = {"alpha", "alphas", "beta",   "gamma", "gammas", "ray", "rays", "two",
                                       "delta", "deltas", "second", "OMEGA", "Alpha",  "a",   "B",    "7",
                                       "e.g",   "v1.2",   "word",   "don't", "rayed",  "the", "it",   "is"};
    static const char *const between[] = {" ",  " ",    " ",    " ", " ", "\n", ". ",
                                          "! ", "... ", ".\" ", ".", "'", "(",  ") "};
    static const int lengths[] = {2, 4, 60, 260};
    text_clear(out);
    text_string(out, "");
    for (uint64_t n = random_high() % (uint64_t)lengths[random_high() % 4]; n > 0; n--) {
        text_string(out, pool[random_high() % (sizeof pool / sizeof *pool)]);
        text_string(out, between[random_high() % (sizeof between / sizeof *between)]);
    }
}

static void check_plainly(const struct prompt_rules *rules, struct span prompt, struct text *words) {
    static const char *const names[] = {"general", "0", "1", "2"};
    struct prompt_view view = look(rules, prompt);
    size_t count = words_between_spaces(prompt), sentences = plain_sentences(prompt.s, prompt.n);
    plain_words(prompt, words);
    if (strcmp(view.pattern, names[plain_pattern(words) + 1]) != 0)
        fail_msg("\"%s\" is %s, not %s", prompt.s, view.pattern, names[plain_pattern(words) + 1]);
    if (sentences_of(prompt) != sentences)
        fail_msg("\"%s\" has %zu sentences, not %zu", prompt.s, sentences_of(prompt), sentences);
    enum prompt_complexity complexity = count < 3 ? PROMPT_SIMPLE : PROMPT_MODERATE;
    if (plain_has(words, "omega") || sentences >= 3 || count > 50)
        complexity = PROMPT_COMPLEX;
    if (plain_has(words, "omega two") || count > 200 || prompt.n > 5000)
        complexity = PROMPT_DEEP;
    if (view.complexity != complexity)
        fail_msg("\"%s\" is %s, not %s", prompt.s, prompt_complexity_name(view.complexity),
                 prompt_complexity_name(complexity));
}

/* A longer run, and another one: PL_TEST_ROUNDS and PL_TEST_SEED. */
static void random_prompts(void **state) {
    const char *rounds = getenv("PL_TEST_ROUNDS"), *seed = getenv("PL_TEST_SEED");
    struct text prompt = {0}, words = {0}, error = {0};
    struct prompt_rules *rules = prompts_parse(span_of(PLAIN), NOTHING, &error);
    (void)state;
    assert_non_null(rules);
    if (seed != NULL)
        random_state ^= strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15U;
    for (int i = rounds != NULL ? atoi(rounds) : 4000; i > 0; i--) {
        random_prompt(&prompt);
        check_plainly(rules, text_span(&prompt), &words);
    }
    prompts_free(rules);
    text_free(&prompt);
    text_free(&words);
    text_free(&error);
}

/* No bytes harm, and a prompt cut anywhere is still one. */
static void random_bytes(void **state) {
    (void)state;
    for (int i = 0; i < 4000; i++) {
        char bytes[48];
        size_t size = random_high() % (sizeof bytes + 1);
        for (size_t b = 0; b < size; b++) {
            uint64_t random = random_high();
            bytes[b] = random % 3 == 0 ? ". !\xe3\x80\x82\xef\xbc"[random / 3 % 8] : (char)(random / 3 % 256);
        }
        char *exact = malloc(size + !size);
        assert_non_null(exact);
        memcpy(exact, bytes, size);
        struct prompt_view view = look(builtin, (struct span){exact, size});
        assert_true(view.score >= 0 && view.score <= PROMPT_SCORE_UNIT);
        free(exact);
    }
}

int main(void) {
    random_state = 0x2545f4914f6cdd1dU;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_prompts),
        cmocka_unit_test(inflections),
        cmocka_unit_test(words_that_are_not_meant),
        cmocka_unit_test(words_count_once),
        cmocka_unit_test(ties_go_to_the_earlier),
        cmocka_unit_test(case_and_punctuation),
        cmocka_unit_test(triggers),
        cmocka_unit_test(borders_of_words),
        cmocka_unit_test(borders_of_characters),
        cmocka_unit_test(border_of_sentences),
        cmocka_unit_test(empty_prompts),
        cmocka_unit_test(bytes_of_all_kinds),
        cmocka_unit_test(what_ends_a_sentence),
        cmocka_unit_test(full_stops_that_end_none),
        cmocka_unit_test(sentences_of_other_scripts),
        cmocka_unit_test(scores_rise_with_words),
        cmocka_unit_test(scores_of_given_complexities),
        cmocka_unit_test(complexities_of_scores),
        cmocka_unit_test(names_of_complexities),
        cmocka_unit_test(rules_of_ones_own),
        cmocka_unit_test(triggers_of_ones_own),
        cmocka_unit_test(errors_in_words),
        cmocka_unit_test(not_json),
        cmocka_unit_test(more_than_can_be_kept),
        cmocka_unit_test(random_prompts),
        cmocka_unit_test(random_bytes),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
