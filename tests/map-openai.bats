#!/usr/bin/env bats
# The map openai: answers of OpenAI's API, and of servers that speak like it, each counted once.
# shellcheck disable=SC2154

load helper

logs="$BATS_TEST_DIRNAME/maps/openai"

# calls: id, provider, model, the four counts, thinking, success; what is not known is '-'
calls() {
  sql "SELECT request_id, selected_provider, selected_model, coalesce(input_tokens, '-'), coalesce(output_tokens, '-'),
    coalesce(cache_read_tokens, '-'), coalesce(cache_write_tokens, '-'), coalesce(thinking_tokens, '-'),
    coalesce(success, '-') FROM routing_metrics ORDER BY timestamp"
}

# answer USAGE [MORE]: a chat completion, on stdout; MORE are members of its own
answer() {
  printf '{"id":"c-1","object":"chat.completion","created":1772366400,"model":"gpt-4o","usage":%s%s}\n' "$1" "${2:+,$2}"
}

@test "chat completions and responses: cached, written and thought tokens, success as far as it is known" {
  status 0 pl-record -m openai <"$logs/answers.jsonl"
  is 5 "$(wc -l <out)"
  is "\
chatcmpl-B1plain|openai|gpt-4o-2024-08-06|400|50|600|0|20|1
chatcmpl-B2filter|openai|gpt-4o-2024-08-06|30|0|0|0|-|0
chatcmpl-B3cut|openai|gpt-5.6-luna|200|300|2000|400|0|-
resp_R1|openai|gpt-5-mini-2025-08-07|90|30|10|0|12|1
resp_R2|openai|gpt-5-mini-2025-08-07|-|-|-|-|-|0" "$(calls)"
  is "2026-03-01 12:00:00" "$(sql "SELECT timestamp FROM routing_metrics WHERE request_id = 'chatcmpl-B1plain'")"
  is "u-3" "$(sql "SELECT user_id FROM routing_metrics WHERE request_id = 'resp_R1'")"
}

@test "what is not said costs by list price: 400 in, 50 out and 600 read of gpt-4o" {
  pl-record -q -m openai <"$logs/answers.jsonl"
  is "0.00225|priced" "$(sql "SELECT cost, cost_source FROM routing_metrics WHERE request_id = 'chatcmpl-B1plain'")"
}

@test "streams: the last usage counts, in whatever order; what is not finished is no call" {
  local wanted="\
chatcmpl-S1|openai|gpt-4.1-mini|21|4|0|0|0|-
cmpl-S2|qwen|qwen3-32b|40|3|0|0|-|1
resp_S3|openai|gpt-5|60|500|0|0|480|-"
  status 0 pl-record -q -m openai <"$logs/stream.jsonl"
  is "$wanted" "$(calls)"
  fresh
  tac "$logs/stream.jsonl" | pl-record -q -m openai
  is "$wanted" "$(calls)"
}

@test "batches: the answers, by their own ids" {
  status 0 pl-record -m openai <"$logs/batch.jsonl"
  is 1 "$(wc -l <out)"
  is "chatcmpl-T1|openai|gpt-4o-mini-2024-07-18|12|1|0|0|-|1" "$(calls)"
}

@test "other servers: their own counts, costs and makers" {
  status 0 pl-record -q -m openai <"$logs/others.jsonl"
  is "\
gen-O1|anthropic|anthropic/claude-sonnet-4.5|200|100|1500|300|0|1
gen-O2|openai|openai/gpt-4o|200|10|0|0|-|1
0f1e2d|deepseek|deepseek-chat|260|40|640|0|-|1
9a8b7c|xai|grok-3-mini|8|387|4|0|386|1
k1|moonshot|kimi-k2-0905-preview|244|20|256|0|-|1
g1|google|gemini-2.5-flash|20|603|0|0|-|1
p1|perplexity|sonar-pro|10|20|0|0|-|1
chatcmpl-123@1772380420|meta|llama3.2|26|8|0|0|-|1
chatcmpl-123@1772380480|meta|llama3.2|27|9|0|0|-|1
embd-1|unknown|bge-m3|7|0|0|0|-|-
cmpl-L1|openai|gpt-3.5-turbo-instruct|5|7|0|0|-|1
odd-1|unknown|my-model|10|2|90|0|-|-" "$(calls)"
  is "\
gen-O1|0.0123
gen-O2|0.00063
9a8b7c|0.000199
p1|0.00633" "$(sql "SELECT request_id, cost FROM routing_metrics WHERE cost_source = 'given' ORDER BY timestamp")"
}

@test "with its request: the prompt's pattern, and what stands beside" {
  status 0 pl-record -m openai <"$logs/with-request.json"
  is "\
chatcmpl-Q1 code
resp_Q2 explanation" "$(jq -r '[.request_id, .pattern] | join(" ")' out)"
  is "\
2026-03-01 12:00:00|812.5|shop|u-9|s-1|1
2026-03-01 12:01:40||||conv_1|1" "$(sql "SELECT timestamp, latency_ms, account, user_id, session_id, success
    FROM routing_metrics ORDER BY timestamp")"
}

@test "once: read twice, backwards, from copies and in pieces" {
  cat "$logs"/*.jsonl >all
  pl-record -q -m openai <all
  figures >once
  pl-record -q -m openai <all
  tac all | pl-record -q -m openai
  mkdir copies
  split -l 7 --additional-suffix=.jsonl all copies/
  pl-backfill -q -m openai copies 2>err
  is "$(cat once)" "$(figures)"
  fresh
  tac all | pl-record -q -m openai
  is "$(cat once)" "$(figures)"
}

@test "odd values: what is no answer is passed over, a wrong count is refused by its name" {
  printf '%s\n' 5 '"x"' null '{}' '{"object":7}' '{"response":[]}' '{"response":{"body":5}}' \
    '{"object":"list","data":[]}' '{"error":{"message":"no"}}' '{"object":"chat.completion.chunk","usage":null}' >in
  status 0 pl-record -m openai <in
  is "" "$(cat out err)"
  answer '{"prompt_tokens":"7","completion_tokens":2}' | status 1 pl-record -m openai
  has "$(cat err)" input_tokens
  answer '{"prompt_tokens":7,"completion_tokens":[2],"total_tokens":9}' | status 1 pl-record -m openai
  has "$(cat err)" output_tokens
  answer '{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":"1"}}' |
    status 1 pl-record -m openai
  has "$(cat err)" cache_read_tokens
  answer '"none"' '"choices":"none","user":{"x":1}' | status 0 pl-record -m openai
  is "c-1|openai|gpt-4o|-|-|-|-|-|-" "$(calls)"
}

@test "auto knows them" {
  pl-record -q -m openai <"$logs/answers.jsonl"
  figures >wanted
  fresh
  status 0 pl-record -q -m auto <"$logs/answers.jsonl"
  is "$(cat wanted)" "$(figures)"
  status 0 pl-record -q -m auto <"$logs/batch.jsonl"
  status 0 pl-record -q -m auto <"$logs/stream.jsonl"
}
