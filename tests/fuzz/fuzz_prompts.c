/* Rules for prompts, as fuzz_rules has those for workflows. */
#include "fuzz.h"
#include "input/promptsfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size), text = take_until(&input, '\n');
    bool overlaid = input.n > 0 && memchr(input.s, '\0', input.n) != NULL;
    struct span base = take_until(&input, '\0');
    struct text error = {0};
    struct prompt_view view;
    struct prompt_rules *rules = prompts_parse(base, overlaid ? input : (struct span){NULL, 0}, &error);
    must((rules == NULL) == (error.n > 0), "what is refused has a reason, and nothing else");
    if (rules != NULL) {
        prompts_look(rules, text, &view);
        must(*view.pattern != '\0', "a pattern has a name");
        must(view.score >= 0 && view.score <= PROMPT_SCORE_UNIT, "a score is from 0 to 1");
        must(prompts_complexity_of(view.score) == view.complexity, "a score is within its complexity");
    }
    prompts_free(rules);
    text_free(&error);
    return 0;
}
