#include "rules/models.h"

#include <stdbool.h>

/* A family is the beginning of a name up to a boundary; of several, the longest counts. A provider's own name is one
 * too: some platforms write "anthropic.claude-...". */
static const struct provider {
    const char *name;
    const char *families; /* with ' ' between them, in lower case */
} providers[] = {
    {"ai21", "ai21 jamba jurassic j2"},
    {"allenai", "allenai olmo tulu"},
    {"amazon", "amazon nova titan"},
    {"anthropic", "anthropic claude"},
    {"baidu", "baidu ernie"},
    {"bytedance", "bytedance doubao"},
    {"cohere", "cohere command c4ai aya embed-english embed-multilingual embed-v rerank"},
    {"databricks", "databricks dbrx"},
    {"deepseek", "deepseek"},
    {"google",
     "google gemini gemma codegemma paligemma medgemma shieldgemma learnlm palm text-bison chat-bison "
     "code-bison codechat-bison text-embedding-004 text-embedding-005 text-multilingual-embedding imagen veo"},
    {"ibm", "ibm granite"},
    {"inception", "inception mercury"},
    {"meta", "meta llama codellama code-llama"},
    {"microsoft", "microsoft phi mai wizardlm"},
    {"minimax", "minimax abab"},
    {"mistral", "mistral mixtral codestral ministral magistral devstral pixtral voxtral mathstral labs-devstral "
                "open-mistral open-mixtral open-codestral"},
    {"moonshot", "moonshot moonshotai kimi"},
    {"nvidia", "nvidia nemotron"},
    {"openai", "openai gpt chatgpt o1 o3 o4 codex davinci curie babbage ada text-davinci text-curie text-babbage "
               "text-ada code-davinci text-embedding text-moderation omni-moderation computer-use whisper tts dall-e "
               "sora"},
    {"perplexity", "perplexity sonar pplx"},
    {"qwen", "qwen qwq qvq codeqwen"},
    {"reka", "reka"},
    {"snowflake", "snowflake arctic snowflake-arctic"},
    {"tencent", "tencent hunyuan"},
    {"voyage", "voyage"},
    {"xai", "xai x-ai grok"},
    {"xiaomi", "xiaomi mimo"},
    {"zhipu", "zhipu zhipuai zai z-ai glm chatglm codegeex"},
};

/* What may stand before a family: where it runs, and that it was tuned. */
static const char *const fronts[] = {"ft:", "us.", "eu.", "au.", "jp.", "apac.", "global."};

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

static bool letter(char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (unsigned char)c >= 0x80;
}

static bool begins(struct span name, struct span beginning) {
    if (beginning.n > name.n)
        return false;
    for (size_t i = 0; i < beginning.n; i++)
        if (ascii_lower(name.s[i]) != beginning.s[i])
            return false;
    return true;
}

/* "llama3" is a llama, "llamafile" is not; "o1-mini" is an o1, "o1234" is not. */
static bool of_family(struct span name, struct span family) {
    if (!begins(name, family))
        return false;
    if (name.n == family.n)
        return true;
    char next = name.s[family.n];
    return !letter(next) && !(digit(next) && digit(family.s[family.n - 1]));
}

/* The length of the longest of FAMILIES that NAME is of; 0: of none. */
static size_t longest_family(struct span name, const char *families) {
    size_t longest = 0;
    while (*families != '\0') {
        struct span family = {families, strcspn(families, " ")};
        if (family.n > longest && of_family(name, family))
            longest = family.n;
        families += family.n;
        families += *families == ' ';
    }
    return longest;
}

static const struct provider *provider_of(struct span name) {
    const struct provider *provider = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        size_t size = longest_family(name, providers[i].families);
        if (size > longest) {
            longest = size;
            provider = &providers[i];
        }
    }
    return provider;
}

static struct span without_front(struct span name) {
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
        struct span front = span_of(fronts[i]);
        if (begins(name, front))
            return (struct span){name.s + front.n, name.n - front.n};
    }
    return name;
}

/* NAME as pl spells it, so that "OpenAI" and "openai" are one. */
struct span provider_spelt(struct span name) {
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        struct span known = span_of(providers[i].name);
        if (name.n == known.n && begins(name, known))
            return known;
    }
    return name;
}

struct span model_provider(struct span model) {
    while (model.n > 0 && *model.s == '/')
        model = (struct span){model.s + 1, model.n - 1};
    const char *slash = model.n > 0 ? memchr(model.s, '/', model.n) : NULL;
    if (slash != NULL)
        return provider_spelt((struct span){model.s, (size_t)(slash - model.s)});
    const struct provider *provider = model.n > 0 ? provider_of(without_front(model)) : NULL;
    return span_of(provider != NULL ? provider->name : "unknown");
}

bool model_is_named(const char *provider, const char *model, const char *name) {
    const char *first = strchr(model, '/'), *last = strrchr(model, '/');
    size_t size = strlen(provider);
    return strcmp(name, model) == 0 || (first != NULL && strcmp(name, first + 1) == 0) ||
           (last != NULL && strcmp(name, last + 1) == 0) ||
           (strncmp(name, provider, size) == 0 && name[size] == '/' && strcmp(name + size + 1, model) == 0);
}
