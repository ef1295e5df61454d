# pl: about aider: its analytics log
# pl: when type == "object" and (.event | type) == "string" and (.properties | type) == "object" and has("user_id") and has("time")
# pl: lines "message_send"
#
# What `aider --analytics-log FILE` appends to FILE, an event a line: event, properties, user_id (drawn at random, once
# an installation) and time (Unix seconds). Learned from aider/analytics.py and aider/coders/base_coder.py of aider
# 0.86, and from the sample log on its site. aider has no place of its own for the file: name it.
#
# request   An event message_send: what went to the model for one message, and the answer. If aider had to ask the model
#           to go on, that was several calls, and the event has their sums. The event has no id, and the log no
#           sessions. request_id is all that tells it from others: user_id, time, model, both counts of tokens, and
#           total_cost, the sum since aider was started, which tells apart what happens in one second.
#
# Tokens. prompt_tokens is all that was sent, read from a cache or not, as LiteLLM counts it; with Anthropic's models
# what was written to a cache has been added. The log does not tell the parts, so those of caches are unknown here, and
# input_tokens is the whole. completion_tokens includes thinking.
#
# Cost. `cost` is by aider's own prices, or LiteLLM's. It is 0 where aider knows no price for the model, so a 0 is not a
# cost that is known.
#
# Models that aider does not know are logged as PROVIDER/REDACTED or None.
#
# Left out: message_send_exception (no tokens, and the call is tried again), calls of the weak model (commit messages,
# summaries), which are not logged, and all other events.

def model: .properties.main_model | if type == "string" and (. == "None" or endswith("/REDACTED")) then null else . end;

def provider: .properties.main_model | strings | select(endswith("/REDACTED")) | rtrimstr("/REDACTED");

def cost: .properties.cost | if . == 0 then null else . end;

def id:
  .properties as $p
  | ["aider", .user_id, .time, $p.main_model, $p.prompt_tokens, $p.completion_tokens, $p.total_cost]
  | map(tostring) | join(":");

objects | select(.event == "message_send" and (.properties | type) == "object")
| {
    kind: "request", request_id: id, timestamp: .time, user_id,
    model: model, provider: (provider // null),
    input_tokens: .properties.prompt_tokens, output_tokens: .properties.completion_tokens,
    cost: cost
  }
