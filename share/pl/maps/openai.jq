# pl: about OpenAI's answers, and those of servers that answer in its form: chat completions, responses, batches
# pl: when type == "object" and (has("call_type") | not) and any((., .response?, .response?.body?) | objects | .object; . == "chat.completion" or . == "chat.completion.chunk" or . == "text_completion" or . == "response")
# pl: when type == "object" and .object == "list" and has("id") and any(.data | arrays | .[0] | objects | .object; . == "embedding")
# pl: when type == "object" and has("sequence_number") and (.type | type == "string" and startswith("response."))
# pl: when type == "object" and (.custom_id | type == "string") and has("response") and has("error")
#
# Answers as a script saves them. Learned from the types of openai-python (August 2026), from OpenAI's guides to prompt
# caching, streams and batches, and from what OpenRouter, DeepSeek, Moonshot, xAI, Perplexity, Ollama and LiteLLM say
# of theirs. A value is one of
#
#     an answer        {"object": "chat.completion" | "text_completion" | "response", "id", "model", "created" or
#                      "created_at", "usage", "choices" or "status"}
#     a stream's       {"object": "chat.completion.chunk", ...} with a usage, as the last chunk has it, or
#                      {"type": "response.completed" | "response.failed" | "response.incomplete", "response": {...}}
#     a batch's        {"id", "custom_id", "response": {"status_code", "body": {...an answer...}}}
#     with its request {"request": {...}, "response": {...an answer...}}: the prompt, or the messages, are the
#                      request's; timestamp, latency_ms, account, user_id, session_id and workflow_id may stand beside
#                      the two
#
# and gives a request whose id is the answer's, so that a stream, the answer that it makes, and copies of both are one.
# Ollama draws its ids from a thousand: there the time belongs to it.
#
# Tokens. prompt_tokens (of a response: input_tokens) includes cached_tokens and cache_write_tokens, which do not
# include each other; completion_tokens (output_tokens) includes reasoning_tokens. Where others differ:
#   - DeepSeek, Moonshot and LiteLLM have members of their own for what was read from a cache or written to it;
#   - xAI counts reasoning_tokens beside completion_tokens, and Google's server of this form does not count what a
#     Gemini thought, nor name it: total_tokens tells;
#   - counts of a cache that are larger than the prompt's cannot be part of it.
#
# Cost, where it is said: usage.cost (OpenRouter; with a key of one's own that is its fee, to which comes what the
# provider takes), usage.cost.total_cost (Perplexity), usage.cost_in_usd_ticks (xAI).
#
# No provider is said: a server that speaks like OpenAI's need not have OpenAI's models, so it follows from their
# names.
#
# Left out: what is not finished (queued, in_progress, chunks without a usage), batch lines that bear an error, and
# embeddings without an id, as OpenAI's are, since nothing tells one from the next. Of an answer that was cut off
# (length, incomplete) it is not known whether it is a success. Batches, and the service tiers flex and priority, have
# prices of their own, which no record can say: they are priced like all others.

def number: type == "number";

# Without PARTS, if it includes them. What is not a number is passed on, to be refused by its field's name.
def without($parts):
  if ([., $parts[]] | all(number)) and ($parts | add) <= . then . - ($parts | add) else . end;

# -- the answer, and what stands around it --

def answer: first((.response?.body?, .response?, .) | objects | select(.object | type == "string"));

def finished:
  if .object == "response" then .status == null or (.status | IN("queued", "in_progress") | not)
  elif .object == "chat.completion" then true
  elif .object == "list" then .id != null
  else .usage != null end;

def id: if .system_fingerprint == "fp_ollama" then "\(.id)@\(.created)" else .id end;

# What a request's body asks.
def asked:
  if .messages | type == "array" then {messages}
  elif .input | type == "array" or type == "string" then {input}
  elif .prompt | type == "string" then {prompt}
  else {} end;

def success:
  if .object == "response" then {completed: true, failed: false, cancelled: false}[.status | strings]
  else
    [.choices | arrays | .[] | objects | .finish_reason | strings
      | {stop: true, tool_calls: true, function_call: true, content_filter: false}[.]]
    | if any(. == false) then false elif length > 0 and all then true else null end
  end;

# -- its usage --

def details: (.prompt_tokens_details // .input_tokens_details | objects) // {};
def prompt: .prompt_tokens // .input_tokens;
def thinking: (.completion_tokens_details // .output_tokens_details | objects | .reasoning_tokens) // null;

def cache_read:
  details.cached_tokens // .prompt_cache_hit_tokens // .cached_tokens // .cache_read_input_tokens // 0;

def cache_write:
  (details | .cache_write_tokens // .cache_creation_tokens) // .cache_creation_input_tokens // 0;

def cache_write_1h:
  (details.cache_creation_token_details | objects | .ephemeral_1h_input_tokens) // null;

# All that is billed as output; NONE of it where an embedding was asked for.
def output($gemini; $none):
  (.completion_tokens // .output_tokens // $none) as $said
  | (thinking // 0) as $thought
  | if [.total_tokens, prompt, $said, $thought] | all(number) | not then $said
    elif .total_tokens == prompt + $said + $thought then $said + $thought
    elif $gemini and $thought == 0 and .total_tokens > prompt + $said then .total_tokens - prompt
    else $said end;

def cost:
  if .cost | number then
    .cost + ((select(.is_byok == true) | .cost_details | objects | .upstream_inference_cost | numbers) // 0)
  elif .cost | type == "object" then .cost.total_cost
  else (.cost_in_usd_ticks | numbers / 10000000000) // null end;

def tokens($gemini; $none):
  {
    input_tokens: ([cache_read, cache_write] as $cached | prompt | without($cached)),
    output_tokens: output($gemini; $none),
    cache_read_tokens: cache_read,
    cache_write_tokens: cache_write,
    cache_write_1h_tokens: cache_write_1h,
    thinking_tokens: thinking,
    cost: cost
  };

# -- the record --

objects
| . as $saved
| (if .object | type == "string" then {} else . end) as $beside
| answer
| select(finished)
| (if .model | type == "string" then .model | ltrimstr("models/") else .model end) as $model
| (first($beside.request? | objects) // {}) as $request
| ($request | asked) + {
    kind: "request",
    request_id: id,
    timestamp: (.created // .created_at // $beside.timestamp),
    model: $model,
    latency_ms: $beside.latency_ms,
    success: first(success, null),
    account: $beside.account,
    user_id: ($beside.user_id // ($request.user, .user | strings) // null),
    session_id: ($beside.session_id // (.conversation | objects | .id) // null),
    workflow_id: $beside.workflow_id
  }
  + (if .usage | type == "object" then
      (if .object == "list" then 0 else null end) as $none
      | ($model | type == "string" and test("gemini")) as $gemini
      | .usage | tokens($gemini; $none)
    else {} end)
