/* Providers: known by a model's name, whole words of it only, or named before it; and models by what people call them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "rules/models.h"

/* The model is copied without a NUL after it, so that a byte read too far shows. */
static void made_by(const char *model, const char *provider) {
    size_t size = strlen(model);
    char *copy = xmalloc(size > 0 ? size : 1);
    memcpy(copy, model, size);
    struct span got = model_provider((struct span){copy, size});
    if (!span_is(got, provider))
        fail_msg("\"%s\" is by \"%.*s\", not \"%s\"", model, (int)got.n, got.s, provider);
    free(copy);
}

static void families_are_known(void **state) {
    static const char *const models[][2] = {
        {"claude-opus-4-6", "anthropic"},
        {"claude-3-5-sonnet@20241022", "anthropic"},
        {"claude", "anthropic"},
        {"gpt-4o-mini", "openai"},
        {"gpt-oss-120b", "openai"},
        {"chatgpt-4o-latest", "openai"},
        {"o1", "openai"},
        {"o3-mini", "openai"},
        {"o4-mini-2025-04-16", "openai"},
        {"codex-mini-latest", "openai"},
        {"davinci-002", "openai"},
        {"text-davinci-003", "openai"},
        {"text-embedding-3-small", "openai"},
        {"gemini-2.5-pro", "google"},
        {"gemma-3-27b-it", "google"},
        {"gemma2:9b", "google"},
        {"mistral-large-2512", "mistral"},
        {"mixtral-8x7b", "mistral"},
        {"open-mixtral-8x22b", "mistral"},
        {"codestral-latest", "mistral"},
        {"ministral-8b-2512", "mistral"},
        {"magistral-small", "mistral"},
        {"devstral-2512", "mistral"},
        {"pixtral-12b", "mistral"},
        {"deepseek-reasoner", "deepseek"},
        {"deepseek-r1:70b", "deepseek"},
        {"qwen3-max", "qwen"},
        {"qwq-32b", "qwen"},
        {"grok-4.5", "xai"},
        {"llama3.3:70b", "meta"},
        {"llama-4-scout", "meta"},
        {"codellama:13b", "meta"},
        {"command-r-plus", "cohere"},
        {"embed-v4.0", "cohere"},
        {"nova-pro", "amazon"},
        {"kimi-k2.5", "moonshot"},
        {"phi4", "microsoft"},
        {"phi-4-mini", "microsoft"},
        {"glm-4.6", "zhipu"},
        {"chatglm3-6b", "zhipu"},
        {"minimax-m2", "minimax"},
        {"sonar-pro", "perplexity"},
        {"hunyuan_large", "tencent"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        made_by(models[i][0], models[i][1]);
}

static void the_longest_family_counts(void **state) {
    (void)state;
    made_by("text-embedding-004", "google");
    made_by("text-embedding-ada-002", "openai");
    made_by("text-embedding-0045", "openai");
}

static void case_does_not_matter(void **state) {
    (void)state;
    made_by("Claude-Opus-4-6", "anthropic");
    made_by("GPT-4O", "openai");
    made_by("MiniMax-M2", "minimax");
    made_by("GLM-4.6", "zhipu");
}

static void a_family_ends_at_a_boundary(void **state) {
    static const char *const strangers[] = {"llamafile-x", "o1234",     "o12",    "gpts-of-mine", "phind-34b",
                                            "claudette",   "grokking",  "qwench", "novasky-t1",   "commander",
                                            "my-gpt-4",    "xclaude-3", "glmm",   "gpt\xc3\xa9",  "geminis"};
    (void)state;
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        made_by(strangers[i], "unknown");
    made_by("claude:thinking", "anthropic");
    made_by("o1.5", "openai");
    made_by("gpt4", "openai");
}

static void what_stands_before_the_slash_is_the_provider(void **state) {
    (void)state;
    made_by("anthropic/claude-opus-4-6", "anthropic");
    made_by("openrouter/anthropic/claude-opus-4-6", "openrouter");
    made_by("groq/llama-3.3-70b", "groq");
    made_by("my own/gpt-4o", "my own");
    made_by("OpenAI/gpt-4o", "openai");
    made_by("Groq/gpt-oss", "Groq");
    made_by("openai/", "openai");
    made_by("/gpt-4o", "openai");
    made_by("//acme/gpt-4o", "acme");
}

static void platforms_put_things_in_front(void **state) {
    (void)state;
    made_by("anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic");
    made_by("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic");
    made_by("eu.amazon.nova-lite-v1:0", "amazon");
    made_by("meta.llama3-1-70b-instruct-v1:0", "meta");
    made_by("ft:gpt-4o-mini-2024-07-18:acme::id", "openai");
    made_by("ft:open-mistral-7b:acme", "mistral");
    made_by("us.", "unknown");
}

static void nothing_is_unknown(void **state) {
    char *slashes = xmalloc(1 << 20);
    (void)state;
    made_by("", "unknown");
    made_by("/", "unknown");
    made_by("-", "unknown");
    made_by("unheard-of", "unknown");
    assert_true(span_is(model_provider((struct span){NULL, 0}), "unknown"));
    memset(slashes, '/', 1 << 20);
    assert_true(span_is(model_provider((struct span){slashes, 1 << 20}), "unknown"));
    free(slashes);
}

/* -- names that people give ---------------------------------------------------------------------------------------- */

static void named(const char *provider, const char *model, const char *name, bool expected) {
    if (model_is_named(provider, model, name) != expected)
        fail_msg("\"%s\" is%s meant by \"%s\"", model, expected ? " not" : "", name);
}

static void models_without_a_provider_before_them(void **state) {
    (void)state;
    named("openai", "gpt-4o", "gpt-4o", true);
    named("openai", "gpt-4o", "openai/gpt-4o", true);
    named("openai", "gpt-4o", "azure/gpt-4o", false);
    named("openai", "gpt-4o", "/gpt-4o", false);
    named("openai", "gpt-4o", "openai", false);
    named("openai", "gpt-4o", "openai/", false);
    named("openai", "gpt-4o", "openai-gpt-4o", false);
    named("openai", "gpt-4o", "openai//gpt-4o", false);
    named("openai", "gpt-4o", "", false);
    named("unknown", "my-model", "my-model", true);
    named("unknown", "my-model", "unknown/my-model", true);
}

static void models_with_a_provider_before_them(void **state) {
    (void)state;
    named("openai", "openai/gpt-4o", "openai/gpt-4o", true);
    named("openai", "openai/gpt-4o", "gpt-4o", true);
    named("groq", "groq/llama-3.3-70b", "llama-3.3-70b", true);
    named("groq", "groq/llama-3.3-70b", "meta/llama-3.3-70b", false);
    named("groq", "groq/llama-3.3-70b", "groq", false);
    named("groq", "groq/llama-3.3-70b", "/llama-3.3-70b", false);
    named("groq", "groq/llama-3.3-70b", "", false);
}

static void no_part_of_a_name(void **state) {
    (void)state;
    named("openai", "gpt-4o-mini", "gpt-4o", false);
    named("openai", "gpt-4o", "gpt-4o-mini", false);
    named("openai", "gpt-4o-mini", "openai/gpt-4o", false);
    named("openai", "gpt-4o", "4o", false);
    named("groq", "groq/llama-3.3-70b", "llama-3.3", false);
    named("groq", "groq/llama-3.3-70b", "groq/llama", false);
    named("mistral", "mistral-large", "mistral", false);
    named("mistral", "mistral", "mistral", true);
    named("mistral", "mistral", "mistral/mistral", true);
}

/* Of several names before a model the first is its provider. */
static void models_behind_a_gateway(void **state) {
    static const char model[] = "openrouter/anthropic/claude-opus-4-6";
    (void)state;
    named("openrouter", model, model, true);
    named("openrouter", model, "anthropic/claude-opus-4-6", true);
    named("openrouter", model, "openrouter/claude-opus-4-6", false);
    named("openrouter", model, "openrouter/anthropic", false);
    named("anthropic", "anthropic/claude-opus-4-6", "openrouter/anthropic/claude-opus-4-6", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_are_known),
        cmocka_unit_test(the_longest_family_counts),
        cmocka_unit_test(case_does_not_matter),
        cmocka_unit_test(a_family_ends_at_a_boundary),
        cmocka_unit_test(what_stands_before_the_slash_is_the_provider),
        cmocka_unit_test(platforms_put_things_in_front),
        cmocka_unit_test(nothing_is_unknown),
        cmocka_unit_test(models_without_a_provider_before_them),
        cmocka_unit_test(models_with_a_provider_before_them),
        cmocka_unit_test(no_part_of_a_name),
        cmocka_unit_test(models_behind_a_gateway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
