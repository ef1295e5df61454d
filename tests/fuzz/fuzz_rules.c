/* Rules that people write: valid or refused in words, laid over each other too; and valid ones find, in any text, what
 * they can name. The input is a text, a line feed, the rules, and after a NUL those laid over them. */
#include "fuzz.h"
#include "input/rulesfile.h"

static void detect(const struct rules *rules, struct span text) {
    static struct detection found; /* too large for a stack */
    struct workflow_text workflow = {text, text, text};
    rules_detect(rules, &workflow, &found);
    must(found.count >= 0 && found.count <= RULES_PATTERNS_MAX, "patterns are within their bound");
    must(found.keyword_count >= 0 && found.keyword_count <= RULES_KEYWORDS_MAX, "keywords are within their bound");
    for (int i = 0; i < found.count; i++) {
        must(found.matches[i].signature < rules_signature_count(rules), "a signature is one of the rules'");
        const char *signature = rules_signature(rules, found.matches[i].signature);
        must(strchr(signature, ':') != strrchr(signature, ':'), "a signature has three parts");
        must(signature_category(signature).n > 0, "the first is not empty");
    }
    for (int i = 0; i < found.keyword_count; i++)
        must(*rules_keyword(rules, found.keywords[i]) != '\0', "a keyword is not empty");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size), text = take_until(&input, '\n');
    bool overlaid = input.n > 0 && memchr(input.s, '\0', input.n) != NULL;
    struct span base = take_until(&input, '\0');
    struct text error = {0};
    struct rules *rules = rules_parse(base, overlaid ? input : (struct span){NULL, 0}, &error);
    must((rules == NULL) == (error.n > 0), "what is refused has a reason, and nothing else");
    if (rules != NULL)
        detect(rules, text);
    rules_free(rules);
    text_free(&error);
    return 0;
}
