# pl: about Anthropic's answers: messages, and results of message batches
# pl: when type == "object" and (has("call_type") | not) and any((., .response?, (.result? | objects | .message)) | objects; .type == "message" and .role == "assistant" and has("usage"))
# pl: when type == "object" and (.custom_id | type == "string") and any(.result | objects | .type; IN("succeeded", "errored", "canceled", "expired"))
#
# Answers as a script saves them. Learned from the types of anthropic-sdk-python (August 2026) and Anthropic's guides
# to prompt caching, extended thinking and message batches. A value is one of
#
#     a message        {"type": "message", "role": "assistant", "id", "model", "stop_reason", "usage"}
#     a batch's        {"custom_id", "result": {"type": "succeeded", "message": {...a message...}}}
#     with its request {"request": {...}, "response": {...a message...}}: the messages, the budget for thinking and
#                      metadata.user_id are the request's; timestamp, latency_ms, account, user_id, session_id and
#                      workflow_id may stand beside the two
#
# and gives a request whose id is the message's. A message bears no time: that of its first recording counts, if none
# stands beside it.
#
# Tokens. input_tokens has neither what was read from the cache nor what was written to it; output_tokens includes
# thinking. cache_creation parts cache_creation_input_tokens into what is kept for 5 minutes and for an hour. Where
# there is usage.iterations (a beta), what a compaction of the context took and what an adviser was asked is in it
# alone: the former is added, the latter is a request of its own, ID:advisor:N, since it may be another model's.
#
# No provider is said: others have servers that speak like Anthropic's, so it follows from the model's name.
#
# Left out: results of a batch that did not succeed, and the events of a stream: only message_start names the message,
# and only message_delta knows what it took; save the message that the stream makes. Searches cost extra, which is not
# in the tokens. Of an answer that was cut off (max_tokens) it is not known whether it is a success. Batches, the
# priority tier, fast mode and inference_geo have prices of their own, which no record can say: they are priced like
# all others.
#
# Transcripts of Claude Code hold messages too, deeper in: they are the map claude-code's.

def message: first((.response?, (.result? | objects | .message), .) | objects | select(.type == "message"));

# Of several iterations: the sum. What is not a number is passed on, to be refused by its field's name.
def sum:
  map(values)
  | if all(type == "number") then add else first(.[] | select(type != "number")) end;

def tokens:
  {
    input_tokens: (map(.input_tokens) | sum),
    output_tokens: (map(.output_tokens) | sum),
    cache_read_tokens: (map(.cache_read_input_tokens // 0) | sum),
    cache_write_tokens: (map(.cache_creation_input_tokens // 0) | sum),
    cache_write_1h_tokens: (map(.cache_creation | objects | .ephemeral_1h_input_tokens) | sum),
    thinking_tokens: (map(.output_tokens_details | objects | .thinking_tokens) | sum)
  };

def iterations($type): .iterations | arrays | .[] | objects | select(.type == $type);

def success:
  if .stop_reason | type == "string" then
    {end_turn: true, stop_sequence: true, tool_use: true, pause_turn: true, refusal: false}[.stop_reason]
  else null end;

objects
| . as $saved
| message
| (if $saved.type == "message" then {} else $saved end) as $beside
| (first($beside.request? | objects) // {}) as $request
| {
    kind: "request",
    timestamp: $beside.timestamp,
    account: $beside.account,
    user_id: ($beside.user_id // ($request.metadata | objects | .user_id) // null),
    session_id: $beside.session_id,
    workflow_id: $beside.workflow_id
  } as $around
| (.usage | objects) as $usage
| ($around + {
    request_id: .id,
    model,
    messages: ($request.messages | if type == "array" then . else null end),
    thinking_budget: (($request.thinking | objects | .budget_tokens) // null),
    latency_ms: $beside.latency_ms,
    success: success
  }
  + ([$usage, ($usage | iterations("compaction"))] | tokens)),
  (.id as $id
    | [$usage | iterations("advisor_message")]
    | to_entries[]
    | $around + {request_id: "\($id):advisor:\(.key + 1)", model: .value.model} + ([.value] | tokens))
