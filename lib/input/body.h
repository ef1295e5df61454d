/* body: edits in the text of one JSON object.
 *
 * What is not edited keeps every byte of meaning: numbers and strings stay as they are written, members stay in their
 * order, duplicates included; only the white space between tokens goes, so that the object stands on one line. A body
 * borrows the text of its object, which is known to be valid JSON, until the next body_begin; what it is given in edits
 * it copies. Work is linear in the text.
 */
#ifndef PL_INPUT_BODY_H
#define PL_INPUT_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct body *body_new(void);
void body_free(struct body *body);

/* Begins anew with TEXT, white space around it allowed. False, and the body empty, if it is no object. Of text that is
 * not JSON nothing is promised but that no byte outside of it is read. */
bool body_begin(struct body *body, struct span text);
/* The value of the top-level member KEY as it stands, edits included, and as it is written; of several, the last one. s
 * NULL: there is none. Good until the next edit. KEY is compared with the decoded key: "\u006dodel" is "model". */
struct span body_member(const struct body *body, const char *key);
/* Gives the member KEY the value JSON, in the first place where it is, and drops its duplicates; one that is not there
 * is appended. */
void body_set(struct body *body, const char *key, struct span json);
void body_remove(struct body *body, const char *key);
/* Appends the object, without a newline. */
void body_write(struct body *body, struct text *out);

/* Whose request a body is, by its shape. */
enum body_api { API_NONE, API_OPENAI_CHAT, API_OPENAI_RESPONSES, API_ANTHROPIC };
enum body_api body_api(const struct body *body);

/* Sets the model and a thinking budget of BUDGET tokens in the fields that the body's API has for them, and nothing
 * else. MODEL with s NULL leaves the model, BUDGET below 1 the thinking. MODEL is UTF-8, borrowed for the call; SCRATCH
 * is overwritten. A model's name is what follows its last '/'.
 *
 * No field is set that the API is known to refuse for the model that the body will have, and thinking that a body turns
 * off stays off. Fields by which it would think, and which a model that replaces its own would refuse, go.
 *
 * Anthropic, Claude 3.7 to 4.6: "thinking" {"type":"enabled","budget_tokens":N}, where N is 1024 or more, and lowered
 * to three quarters of "max_tokens", of which the answer takes the rest. Later ones, which take no budget, and 4.6
 * where the body has that already: "thinking"
 * {"type":"adaptive"} and "output_config" {"effort":E}. Thinking stays as it was where less than 1024 tokens fit, or
 * the body holds what excludes it: a temperature other than 1, top_k, a top_p below 0.95, a forced tool, a begun
 * answer, the result of a tool that was asked for without thinking. For a model of which it is not known whether it
 * thinks only what is there already changes.
 *
 * OpenAI: "reasoning_effort" E, or in responses "reasoning" {"effort":E}, for models known to take that E (o1 and its
 * successors, gpt-5 and later, but not their chat versions), unless other settings exclude it; for models that are not
 * known only where it is there already. So is a "thinking_budget", or a "reasoning" {"max_tokens":N}, of those who
 * imitate the API.
 *
 * None of them: "thinking_budget" N, as in records of our own.
 *
 * E is "low" up to 4096 tokens, "medium" up to 16384, else "high". */
void body_apply(struct body *body, struct span model, int64_t budget, struct text *scratch);

#endif
