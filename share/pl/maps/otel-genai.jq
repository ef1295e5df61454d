# pl: about OpenTelemetry: spans of the GenAI conventions, in OTLP/JSON
# pl: when type == "object" and ((.resourceSpans | type == "array") or (.resourceLogs | type == "array") or (.resourceMetrics | type == "array"))
# pl: lines "resourceSpans" gen_ai.
#
# A value is what is exported at once: {"resourceSpans": [{"scopeSpans": [{"spans": [...]}]}]}, as the collector's file
# exporter writes it, a line each, and as OTLP/HTTP carries it. Learned from the OTLP/JSON encoding, from the semantic
# conventions up to 1.41 (open-telemetry/semantic-conventions), what is to follow them (semantic-conventions-genai,
# 2026), and the older names of OpenLLMetry and OpenLIT. Of a span there is
#
# request  if it is a call of a model: gen_ai.operation.name is chat, generate_content, text_completion or embeddings,
#          or there is none, as long ago, but there is gen_ai.request.model or gen_ai.response.model, and no agent's or
#          tool's name. request_id is traceId:spanId, so that a span that is exported twice counts once.
# step     if it ran a tool (execute_tool) in a conversation that is named: whether it failed; event_id likewise.
#
# What agents and workflows took (invoke_agent, invoke_workflow, plan) is the sum of the calls within: it is left out,
# or those would count twice. They do where two libraries make a span each of one call: keep one of them.
#
#     model              gen_ai.response.model, else gen_ai.request.model
#     provider           gen_ai.provider.name (before: gen_ai.system), in pl's spelling. On platforms of several
#                        makers' models, and for "openai", which any server is that speaks like OpenAI's, the model's
#                        name tells; the platform's maker where it does not
#     tokens             gen_ai.usage.input_tokens (before: prompt_tokens), which includes cache_read.input_tokens and
#                        cache_write.input_tokens (before: cache_creation.input_tokens), unless they are larger;
#                        gen_ai.usage.output_tokens (before: completion_tokens), which includes
#                        reasoning.output_tokens
#     cost               gen_ai.usage.cost (OpenLIT) or gen_ai.cost.total_cost (LiteLLM), unless it is 0
#     success            false with an error's status or error.type; true if the status or a finish reason says so
#     session, user      gen_ai.conversation.id, else session.id; enduser.id, else user.id
#     prompt             where it was recorded: gen_ai.input.messages, gen_ai.prompt.N.content or gen_ai.prompt, as an
#                        attribute of the span or of one of its events
#
# Times are nanoseconds since 1970 in strings of 19 digits, which are split before anything is reckoned with them.
#
# Left out: metrics, whose sums name no calls, and logs (events), which repeat what the spans say.

def number: type == "number";
def text: strings | select(. != "");

# The first that there is, or null. (In jq 1.6 a `?` within `first` undoes it: hence the array.)
def known(some): [some | select(. != null)] | .[0];

def without($parts):
  if ([., $parts[]] | all(number)) and ($parts | add) <= . then . - ($parts | add) else . end;

# -- OTLP --

# An array of {"key", "value"} as an object.
def members(value):
  reduce (arrays | .[] | objects | select(.key | type == "string")) as $member ({};
    .[$member.key] = ($member.value | value));

# A value of an attribute. A whole number is a string, or a number.
def value:
  if type != "object" then null
  elif has("intValue") then .intValue | if type == "string" and test("^[0-9]{1,15}$") then tonumber else . end
  elif has("arrayValue") then [.arrayValue | objects | .values | arrays | .[] | value]
  elif has("kvlistValue") then .kvlistValue | objects | .values | members(value)
  else known(.stringValue, .doubleValue, .boolValue) end;

def attributes: .attributes | members(value);

# A time, as whole seconds and the nine digits behind them. Empty if it is not set.
def time:
  if type == "string" and test("^[0-9]{10,19}$") then {seconds: (.[:-9] | tonumber), nanos: .[-9:]}
  else
    numbers
    | (. / 1000000000 | floor) as $seconds
    | {seconds: $seconds, nanos: (1000000000 + (. - $seconds * 1000000000 | floor) | tostring | .[1:])}
  end
  | select(.seconds > 0);

def rfc3339: (.seconds | todate | .[:-1]) + "." + .nanos + "Z";

def latency_ms:
  (.startTimeUnixNano | time) as $begin
  | (.endTimeUnixNano | time) as $stop
  | ($stop.seconds - $begin.seconds) * 1000 + (($stop.nanos | tonumber) - ($begin.nanos | tonumber)) / 1000000
  | select(. >= 0);

# -- who answered --

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

def platform:
  {
    "openai": "openai", "azure.ai.openai": "openai", "az.ai.openai": "openai",
    "azure.ai.inference": "microsoft", "az.ai.inference": "microsoft", "azure": "microsoft",
    "aws.bedrock": "amazon", "aws_bedrock": "amazon", "bedrock": "amazon", "aws": "amazon",
    "gcp.vertex_ai": "google", "vertex_ai": "google", "gcp.gen_ai": "google", "google": "google"
  }[.];

def spelt:
  {
    "gcp.gemini": "google", "gemini": "google", "x_ai": "xai", "mistral_ai": "mistral", "mistralai": "mistral",
    "moonshot_ai": "moonshot", "ibm.watsonx.ai": "ibm", "watsonx": "ibm", "_other": null
  } as $names
  | if in($names) then $names[.] else . end;

def provider($model):
  known(.["gen_ai.provider.name", "gen_ai.system"] | text)
  | strings | ascii_downcase
  | platform as $platform
  | if $platform != null then ($model | strings | maker) // $platform else spelt end;

# -- what it took --

def usage($names): known(.["gen_ai.usage." + $names[]]);

def tokens($operation):
  usage(["input_tokens", "prompt_tokens"]) as $input
  | usage(["output_tokens", "completion_tokens"]) as $output
  | (usage(["cache_read.input_tokens", "cache_read_input_tokens"]) // 0) as $read
  | (usage(["cache_write.input_tokens", "cache_creation.input_tokens", "cache_creation_input_tokens"]) // 0) as $write
  | if $input == null and $output == null then {}
    else
      {
        input_tokens: ($input | without([$read, $write])),
        output_tokens: ($output // (if $operation == "embeddings" then 0 else null end)),
        cache_read_tokens: $read,
        cache_write_tokens: $write,
        thinking_tokens: usage(["reasoning.output_tokens", "reasoning_tokens"])
      }
    end;

def cost: known(.["gen_ai.usage.cost", "gen_ai.cost.total_cost"] | numbers | select(. > 0));

# -- how it ended --

def failed($span):
  ($span.status | objects | .code | . == 2 or . == "STATUS_CODE_ERROR") // false
  or (.["error.type"] | type == "string" and . != "");

def success($span):
  [.["gen_ai.response.finish_reasons"] | arrays | .[] | strings | ascii_downcase] as $reasons
  | if failed($span) or any($reasons[]; IN("error", "content_filter", "refusal", "safety")) then false
    elif ($span.status | objects | .code | . == 1 or . == "STATUS_CODE_OK") // false then true
    elif any($reasons[]; test("^(stop|end_turn|stop_sequence|tool_use|tool_calls?|function_call)$")) then true
    else null end;

# -- what was asked --

# Of messages: the text of the last one that is the user's and has one.
def asked:
  [arrays | .[] | objects | select(.role == "user")
    | [(.content | strings), ((.parts, .content) | arrays | .[] | objects | select(.type == "text") | .content, .text)]
    | map(strings) | select(. != []) | join("\n")]
  | last;

def parsed: if type == "string" and startswith("[") then [fromjson?] | .[0] else . end;

# gen_ai.prompt.0.role, gen_ai.prompt.0.content, gen_ai.prompt.1.role, ...
def numbered:
  . as $attributes
  | [keys[] | select(test("^gen_ai[.]prompt[.][0-9]{1,9}[.]role$")) | split(".")[2] | tonumber]
  | sort
  | map({role: $attributes["gen_ai.prompt.\(.).role"], content: $attributes["gen_ai.prompt.\(.).content"]})
  | asked;

def prompt:
  known(
    (.["gen_ai.input.messages"] | parsed | asked),
    numbered,
    (.["gen_ai.prompt"] | parsed | if type == "string" then . else asked end));

# -- the records --

def is_call:
  (.["gen_ai.operation.name"] | text) // null
  | if . == null then false else IN("chat", "generate_content", "text_completion", "embeddings") end;

def is_old_call:
  .["gen_ai.operation.name"] == null
  and (.["gen_ai.request.model"] != null or .["gen_ai.response.model"] != null)
  and .["gen_ai.agent.name"] == null and .["gen_ai.tool.name"] == null;

objects
| .resourceSpans | arrays | .[] | objects
| (.scopeSpans, .instrumentationLibrarySpans) | arrays | .[] | objects
| .spans | arrays | .[] | objects
| . as $span
| attributes
| known($span | [.traceId, .spanId] | select(all(.[]; type == "string" and . != "")) | join(":")) as $id
| known($span.startTimeUnixNano | time | rfc3339) as $time
| known(.["gen_ai.conversation.id", "session.id"] | text) as $session
| if is_call or is_old_call then
    known(.["gen_ai.response.model", "gen_ai.request.model"] | text | ltrimstr("models/")) as $model
    | (reduce ($span.events | arrays | .[] | objects | attributes) as $event ({}; . + $event)) as $events
    | {
        kind: "request",
        request_id: $id,
        timestamp: $time,
        provider: known(provider($model)),
        model: $model,
        cost: cost,
        latency_ms: known($span | latency_ms),
        success: success($span),
        user_id: known(.["enduser.id", "user.id"] | text),
        session_id: $session,
        prompt: ($events + . | prompt)
      }
      + tokens(.["gen_ai.operation.name"])
  elif .["gen_ai.operation.name"] == "execute_tool" and $session != null then
    {
      kind: "step",
      event_id: $id,
      session_id: $session,
      timestamp: $time,
      step: "tool",
      tool_name: known(.["gen_ai.tool.name"] | text),
      success: (failed($span) | not)
    }
  else empty end
