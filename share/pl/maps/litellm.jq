# pl: about LiteLLM: its standard logging payload, and the proxy's spend logs
# pl: when type == "object" and any((., .standard_logging_object?) | objects; (.call_type | type == "string") and has("startTime") and (has("response_cost") or (has("request_id") and has("spend"))))
#
# Learned from the source of BerriAI/litellm (August 2026): StandardLoggingPayload in litellm/types/utils.py, how it is
# filled in litellm_core_utils/litellm_logging.py, SpendLogsPayload in proxy/_types.py, and how that is filled in
# proxy/spend_tracking. A value is one of
#
#     a payload    as callbacks get it and the S3, GCS and generic API loggers write it: {"id", "trace_id",
#                  "call_type", "response_cost", "status", "custom_llm_provider", "model", "prompt_tokens",
#                  "completion_tokens", "startTime", "endTime", "cache_hit", "cache_key", "saved_cache_cost",
#                  "metadata", "end_user", "messages", "response", ...}, or what a callback gets, with the payload in
#                  "standard_logging_object"
#     a spend log  a row of LiteLLM_SpendLogs, as /spend/logs gives it: {"request_id", "call_type", "spend",
#                  "startTime", "endTime", "model", "custom_llm_provider", "prompt_tokens", "cache_hit", "cache_key",
#                  "metadata", "end_user", "user", "session_id", "status", ...}
#
# and gives
#
# request  A call of a model. request_id is the payload's id, which is the answer's; a spend log has the same, so that
#          whoever keeps both counts a call once (but not a hit, whose id ends with when it was logged: keep one of the
#          two). prompt_tokens is made to include what was read from a cache and what was written to it, whoever the
#          provider is, except where the answer is Anthropic's own (anthropic_messages passed through). How many those
#          were is in metadata.usage_object, hidden_params.usage_object, response.usage, or a spend log's
#          metadata.additional_usage_values. Counts larger than the prompt's are no part of it. The session is
#          trace_id, which is litellm_session_id if a client gave one; the account is the team's alias, else the key's;
#          the user is end_user, else the key's.
#          A failed call that says no tokens used none that are known. A cost of 0 is no cost where LiteLLM knows no
#          price (response_cost_failure_debug_info, or no model_map_value): then pl's prices tell, if they can.
# cache    Where cache_hit says that LiteLLM's own cache was asked: a hit or a miss. event_id is the payload's id. The
#          signature is the cache_key; without one it is the id of the answer, which a hit's id begins with
#          ("ID_cache_hitTIME"), so that an answer and its hits have one. A hit saved saved_cache_cost. How long the
#          lookup took is not said. A miss is logged without cache_hit unless the answer was streamed, or in a spend
#          log, which tells by its cache_key that there is a cache ("Cache OFF": none): where payloads alone are kept,
#          misses are too few. A failed call says cache_hit false, whether there is a cache or not: that is no event.
#
# A hit is a request as well, for who asked when, and for its cost, which is 0. It bears no tokens and no prompt: no
# model was asked, what the answer took was counted when it came, and no model gets cheaper by it.
#
# The provider is custom_llm_provider, in pl's spelling; but platforms have models of several makers, and "openai" is
# any server that speaks like OpenAI's: there the model's name comes first.
#
# Left out: calls of MCP tools, which ask no model, and prompts that LiteLLM redacted.

def text: strings | select(. != "");
def number: type == "number";

# The first that there is, or null; false is one. (In jq 1.6 a `?` within `first` undoes it: hence the array.)
def known(some): [some | select(. != null)] | .[0];

# Without PARTS, if it includes them. What is not a number is passed on, to be refused by its field's name.
def without($parts):
  if ([., $parts[]] | all(number)) and ($parts | add) <= . then . - ($parts | add) else . end;

# -- who answered --

def platform:
  if test("^(bedrock|sagemaker)") then "amazon"
  elif test("^vertex_ai") then "google"
  elif test("^azure_ai") then "microsoft"
  elif test("^(azure|openai|text-completion-openai|custom_openai)") then "openai"
  else null end;

def maker:
  ascii_downcase
  | if test("claude|anthropic") then "anthropic"
    elif test("gpt|davinci|(^|[./])o[134](-|$)|text-embedding-(3|ada)") then "openai"
    elif test("gemini|gemma|text-embedding-00|text-multilingual") then "google"
    elif test("deepseek") then "deepseek"
    elif test("qwen|qwq") then "qwen"
    elif test("llama") then "meta"
    elif test("mi[sx]tral|codestral|ministral|magistral|devstral") then "mistral"
    elif test("cohere|command-") then "cohere"
    elif test("nova-|titan") then "amazon"
    elif test("grok") then "xai"
    elif test("jamba|ai21") then "ai21"
    elif test("kimi|moonshot") then "moonshot"
    elif test("minimax") then "minimax"
    elif test("(^|[./])glm-") then "zhipu"
    elif test("(^|[./])phi-") then "microsoft"
    else null end;

def spelt:
  {
    "gemini": "google", "palm": "google", "amazon_nova": "amazon", "cohere_chat": "cohere", "ai21_chat": "ai21",
    "codestral": "mistral", "text-completion-codestral": "mistral", "dashscope": "qwen", "zai": "zhipu",
    "watsonx": "ibm", "watsonx_text": "ibm", "anthropic_text": "anthropic"
  }[.] // .;

def provider:
  (.model | maker) as $maker
  | .custom_llm_provider | text
  | platform as $platform
  | if $platform != null then $maker // $platform else spelt end;

# -- what it took --

def usage:
  .metadata.usage_object, (.hidden_params | objects | .usage_object), (.response | objects | .usage),
    .metadata.additional_usage_values
  | objects | select(. != {});

# An answer in Anthropic's own form: its input_tokens has no part in a cache.
def native:
  .response | objects | .usage | objects
  | select(has("input_tokens") and (has("cache_read_input_tokens") or has("cache_creation_input_tokens")));

def details: .prompt_tokens_details // .input_tokens_details | objects;
def largest(some): [some | select(. != null)] | max // 0;
def cache_read: largest(.cache_read_input_tokens, details.cached_tokens, .prompt_cache_hit_tokens);
def cache_write: largest(.cache_creation_input_tokens, (details | .cache_creation_tokens, .cache_write_tokens));
def cache_write_1h:
  known((details.cache_creation_token_details, .cache_creation) | objects | .ephemeral_1h_input_tokens);
def thinking:
  known(.completion_tokens_details, .output_tokens_details | objects | .reasoning_tokens, .thinking_tokens);

# All that is billed as output, THOUGHT included, where LiteLLM left that beside.
def output($thought):
  if ([.prompt_tokens, .completion_tokens, .total_tokens, $thought] | all(number))
    and .total_tokens == .prompt_tokens + .completion_tokens + $thought
  then .completion_tokens + $thought
  else .completion_tokens end;

def tokens:
  known(native) as $native
  | first(($native | values), usage, {}) as $usage
  | ($usage | {cache_read_tokens: cache_read, cache_write_tokens: cache_write, cache_write_1h_tokens: cache_write_1h,
      thinking_tokens: thinking})
    + (if $native != null then $native | {input_tokens, output_tokens}
      else
        {
          input_tokens: ([$usage | cache_read, cache_write] as $cached | .prompt_tokens | without($cached)),
          output_tokens: output($usage | thinking // 0)
        }
      end);

def priced:
  .response_cost_failure_debug_info == null
  and all((., .metadata) | .model_map_information | objects; has("model_map_value") and .model_map_value == null | not);

def cost:
  (if has("response_cost") then .response_cost else .spend end) as $cost
  | if $cost == 0 and (priced | not) then null else $cost end;

# -- when, and what was asked --

# Seconds since 1970, of a number, or of a text in UTC.
def seconds:
  if number then .
  else
    strings
    | capture("^(?<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?<rest>.*)$")
    | ("\(.day)T\(.time)Z" | fromdateiso8601)
      + ((.rest | capture("^(?<part>[.][0-9]{1,9})").part | "0" + . | tonumber) // 0)
  end;

def latency_ms:
  known(
    (.request_duration_ms | numbers),
    ((.endTime | seconds) - (.startTime | seconds) | select(. >= 0) | . * 1000000 | round / 1000)?);

def asked:
  known(.messages, (.proxy_server_request | objects | .messages) | strings, select(type == "array" and . != []))
  | if type == "string" and . != "" and . != "redacted-by-litellm" then {prompt: .}
    elif type == "array" and all(.[]; type == "object" and .content != "redacted-by-litellm") then {messages: .}
    else {} end;

# -- LiteLLM's own cache --

def failed: .status == "failure" or .metadata.status == "failure";

# Whether the answer came from it; null where it is not said that it was asked.
def hit:
  known(.cache_key | text) as $key
  | if .cache_hit == true or .cache_hit == "True" then true
    elif failed or $key == "Cache OFF" then null
    elif .cache_hit == false or .cache_hit == "False" then false
    elif .cache_hit == "None" and $key != null then false
    else null end;

def event($id; $around):
  hit as $hit
  | known((.cache_key | text), ($id | strings | sub("_cache_hit[0-9.]+$"; ""))) as $signature
  | select($hit != null and $signature != null)
  | $around + {
      kind: "cache",
      event: (if $hit then "hit" else "miss" end),
      event_id: $id,
      signature: $signature,
      cost_saved: (if $hit and priced then .saved_cache_cost else null end)
    };

# -- the records --

objects
| first((.standard_logging_object | objects), .)
| .metadata = ([.metadata | objects, (strings | select(startswith("{")) | fromjson? | objects)] | .[0] // {})
| select((.model | type == "string" and . != "") and (.call_type | type == "string" and (test("mcp") | not)))
| known(.id, .request_id | text | select(. != "None")) as $id
| {
    timestamp: .startTime,
    account: known(.metadata | .user_api_key_team_alias, .user_api_key_alias | text),
    user_id: known(.end_user, .metadata.user_api_key_end_user_id, .user, .metadata.user_api_key_user_id | text)
  } as $around
| ($around + {
    kind: "request",
    request_id: $id,
    provider: known(provider),
    model,
    cost: cost,
    latency_ms: latency_ms,
    success: (if failed then false elif .status // .metadata.status == "success" then true else null end),
    session_id: known(.trace_id, .session_id | text)
  }
  + if hit == true then {}
    elif failed and .prompt_tokens == 0 and .completion_tokens == 0 then asked
    else asked + tokens end),
  event($id; $around)
