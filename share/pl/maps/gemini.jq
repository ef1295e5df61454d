# pl: about Gemini's answers, from the Gemini API and Vertex AI: generateContent, its streams and batches
# pl: when type == "object" and (has("call_type") | not) and any((., .response?, (.response? | arrays | .[])) | objects; ((.usageMetadata | type == "object") and (has("candidates") or has("modelVersion") or has("promptFeedback"))) or ((.usage_metadata | type == "object") and (has("candidates") or has("model_version") or has("prompt_feedback"))))
# pl: when type == "object" and (.key | type == "string") and (.error | type == "object") and length == 2
# pl: when type == "object" and has("processed_time") and has("request") and has("response")
#
# Answers as a script saves them. Learned from the types of googleapis/python-genai (August 2026) and Google's guides
# to generateContent, thinking, caching and batches, for the Gemini API and Vertex AI. A value is one of
#
#     an answer        {"responseId", "modelVersion", "createTime", "candidates", "promptFeedback", "usageMetadata"}
#     a stream's       the same, a chunk a value; an array of them is read as its elements
#     a batch's        {"key", "response": {...an answer...}}
#     with its request {"request": {...}, "response": {...an answer, or an array of chunks...}}: the prompt is that of
#                      the request's contents, the budget that of its generationConfig.thinkingConfig; Vertex AI's
#                      batches have this form too. timestamp, latency_ms, account, user_id, session_id and workflow_id
#                      may stand beside the two
#
# each with its names as the API or as the Python SDK (usage_metadata, ...) writes them. It gives a request whose id is
# the responseId, which the chunks of a stream share: their usage grows, so that the one with the largest total is the
# newest revision. An answer without a responseId is known by its content and place.
#
# Tokens. promptTokenCount includes cachedContentTokenCount; candidatesTokenCount does not include thoughtsTokenCount,
# unless the total says so; what tools gave the model to read (toolUsePromptTokenCount) is beside the prompt's.
# Google's implicit and explicit caches are billed by what is read and by the hour, so nothing is written.
#
# Left out: batch lines that bear an error, embeddings, which have no usage, and counts by modality: pictures and sound
# are priced as text. Of an answer that was cut off (MAX_TOKENS) it is not known whether it is a success. Batches, and
# storage in the cache, have prices of their own, which no record can say.

def number: type == "number";
def plus($more): if [., $more] | all(number) then . + $more else . // $more end;
def minus($part): if [., $part] | all(number) then . - $part else . end;

# The members that matter, under one name each, whoever wrote them.
def answer:
  {
    id: (.responseId // .response_id),
    model: (.modelVersion // .model_version),
    created: (.createTime // .create_time),
    feedback: (.promptFeedback // .prompt_feedback),
    candidates: [.candidates | arrays | .[] | objects | .finishReason // .finish_reason | strings],
    usage: (.usageMetadata // .usage_metadata)
  };

def usage:
  {
    prompt: (.promptTokenCount // .prompt_token_count),
    cached: (.cachedContentTokenCount // .cached_content_token_count // 0),
    candidates: (.candidatesTokenCount // .candidates_token_count // 0),
    thoughts: (.thoughtsTokenCount // .thoughts_token_count),
    tools: (.toolUsePromptTokenCount // .tool_use_prompt_token_count // 0),
    total: (.totalTokenCount // .total_token_count)
  };

def thoughts_are_in:
  ([.prompt, .tools, .candidates, .thoughts, .total] | all(number))
  and (.total == .prompt + .candidates or .total == .prompt + .tools + .candidates);

def output:
  if .thoughts == null or thoughts_are_in then .candidates
  else .thoughts as $thoughts | .candidates | plus($thoughts) end;

def tokens:
  {
    input_tokens: (.cached as $cached | .tools as $tools | .prompt | minus($cached) | plus($tools)),
    output_tokens: output,
    cache_read_tokens: .cached,
    cache_write_tokens: 0,
    thinking_tokens: .thoughts,
    revision: (.total | if number then . else null end)
  };

def success:
  if any(.feedback | objects | .blockReason // .block_reason; . != null) then false
  elif .candidates == [] or any(.candidates[]; . == "MAX_TOKENS" or . == "FINISH_REASON_UNSPECIFIED") then null
  else all(.candidates[]; . == "STOP") end;

# What a request's body asks: the text of the last turn that is the user's and has one.
def prompt:
  .contents
  | if type == "string" then .
    else
      [arrays | .[] | objects | select(.role == null or .role == "user")
        | [.parts | arrays | .[] | objects | .text | strings] | select(. != []) | join("\n")] | last
    end;

def thinking_budget:
  (.generationConfig // .generation_config // .config | objects | .thinkingConfig // .thinking_config | objects
    | .thinkingBudget // .thinking_budget | if number and . < 0 then null else . end) // null;

objects
| . as $saved
| (if has("usageMetadata") or has("usage_metadata") then {} else . end) as $beside
| (first($beside.request? | objects) // {}) as $request
| (if $beside == {} then . else .response | if type == "array" then .[] else . end end)
| objects
| answer
| select(.usage | type == "object")
| {
    kind: "request",
    request_id: .id,
    timestamp: (.created // $beside.timestamp),
    model: (.model | if type == "string" then sub("^.*/"; "") else . end),
    prompt: ($request | prompt),
    thinking_budget: ($request | thinking_budget),
    latency_ms: $beside.latency_ms,
    success: success,
    account: $beside.account,
    user_id: $beside.user_id,
    session_id: $beside.session_id,
    workflow_id: $beside.workflow_id
  }
  + (.usage | usage | tokens)
