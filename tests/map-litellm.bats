#!/usr/bin/env bats
# The map litellm: LiteLLM's logging payloads and spend logs: calls, and what its own cache did.
# shellcheck disable=SC2154

load helper

logs="$BATS_TEST_DIRNAME/maps/litellm"

# calls: id, provider, model, the four counts, those written for an hour, cost, success; what is not known is '-'
calls() {
  sql "SELECT request_id, selected_provider, selected_model, coalesce(input_tokens, '-'), coalesce(output_tokens, '-'),
    coalesce(cache_read_tokens, '-'), coalesce(cache_write_tokens, '-'), coalesce(cache_write_1h_tokens, '-'),
    coalesce(cost, '-'), coalesce(success, '-') FROM routing_metrics ORDER BY timestamp, request_id"
}

cache() { pl-cachestat --json | jq -c '[.hit_count, .miss_count, .cost_savings.total_saved]'; }

# payload FIELDS: one, with these members instead
payload() { head -1 "$logs/payloads.jsonl" | jq -c ". + $1"; }

@test "payloads: whatever the provider, tokens without the cached ones, and LiteLLM's cost" {
  status 0 pl-record -m litellm <"$logs/payloads.jsonl"
  is "\
chatcmpl-1|openai|gpt-4o|100|20|0|0|-|0.00045|1
chatcmpl-2|openai|gpt-4o|400|50|600|0|-|0.00225|1
chatcmpl-3|anthropic|bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0|10|5120|66360|32435|435|0.31|1
chatcmpl-4|openai|gpt-4o-mini|100|20|0|0|-|2.7e-05|1
chatcmpl-5|google|gemini-2.5-flash|-|-|-|-|-|0.001|1
f-1|openai|azure/my-deployment|-|-|-|-|-|0.0|0
msg_1|anthropic|claude-haiku-4-5|10|5|900|50|50|0.0001|1
chatcmpl-1_cache_hit1772366500.1234567|openai|gpt-4o|-|-|-|-|-|0.0|1" "$(calls)"
  is "priced" "$(sql "SELECT cost_source FROM routing_metrics WHERE request_id = 'chatcmpl-4'")"
}

@test "payloads: when, how long, for whom, and what kind of prompt" {
  pl-record -m litellm <"$logs/payloads.jsonl" >out
  is "2026-03-01 12:00:00|1250.0|shop|u7|tr-chatcmpl-1|code" "$(sql "SELECT timestamp, latency_ms, account, user_id,
    session_id, pattern_detected FROM routing_metrics WHERE request_id = 'chatcmpl-1'")"
  is "ci-key|ann" "$(sql "SELECT account, user_id FROM routing_metrics WHERE request_id = 'chatcmpl-3'")"
  is "12|1710" "$(sql "SELECT group_concat(thinking_tokens, '|') FROM (SELECT thinking_tokens FROM routing_metrics
    WHERE thinking_tokens > 0 ORDER BY request_id)")"
  is "" "$(sql "SELECT prompt_hash FROM routing_metrics WHERE request_id = 'chatcmpl-4'")"
}

@test "its cache: a hit under the answer's id or the key, saving what the call cost; no event where none is said" {
  pl-record -q -m litellm <"$logs/payloads.jsonl"
  is "[2,1,0.00145]" "$(cache)"
  is "\
a1b2|0.001
chatcmpl-1|0.00045" "$(sql "SELECT signature, cost_saved FROM signature_stats ORDER BY 1")"
}

@test "a hit costs nothing, asks no model, and makes none cheaper" {
  pl-record -q -m litellm <"$logs/payloads.jsonl"
  is "|0.0" "$(sql "SELECT prompt_hash, cost FROM routing_metrics WHERE request_id LIKE '%cache_hit%'")"
  is "0.0027" "$(sql "SELECT sum(cost) FROM routing_metrics WHERE selected_model = 'gpt-4o'")"
}

@test "spend logs: the same, from rows" {
  status 0 pl-record -m litellm <"$logs/spend-logs.json"
  is "\
chatcmpl-1|openai|gpt-4o|100|20|0|0|-|0.00045|1
chatcmpl-6|openai|gpt-4o|100|20|0|0|-|0.00045|1
f-2|openai|gpt-4o|-|-|-|-|-|0.0|0
chatcmpl-1_cache_hit1772366500.1234999|openai|gpt-4o|-|-|-|-|-|0.0|1
chatcmpl-7|anthropic|claude-haiku-4-5|100|20|300|100|-|0.002|1" "$(calls)"
  is "1250.0 700.0 1250.0 4.0 2000.0" "$(sql "SELECT group_concat(latency_ms, ' ') FROM (SELECT latency_ms
    FROM routing_metrics ORDER BY timestamp, request_id)")"
  is "explanation" "$(sql "SELECT pattern_detected FROM routing_metrics WHERE request_id = 'chatcmpl-7'")"
  is "[1,2,0.001]" "$(cache)"
  is "k-1" "$(sql "SELECT signature FROM signature_stats WHERE reuse_count > 0")"
}

@test "a payload and its spend log are one call and one miss" {
  payload '{}' | pl-record -q -m litellm
  jq -c '.[0]' "$logs/spend-logs.json" | pl-record -q -m litellm
  is "1" "$(sql "SELECT count(*) FROM routing_metrics")"
  is "[0,1,0]" "$(cache)"
}

@test "providers in pl's spelling, by the model's name on platforms" {
  for pair in vertex_ai:claude-opus-4-6:anthropic vertex_ai-beta:gemini-2.5-pro:google azure_ai:mistral-large:mistral \
    azure_ai:own:microsoft sagemaker:own:amazon openai:deepseek-chat:deepseek xai:grok-4:xai \
    cohere_chat:command-a:cohere groq:llama-3.3-70b-versatile:groq openrouter:anthropic/claude-opus-4.6:openrouter; do
    IFS=: read -r said model _ <<<"$pair"
    payload "{id: \"$pair\", custom_llm_provider: \"$said\", model: \"$model\"}"
  done | pl-record -q -m litellm
  is "10|10" "$(sql "SELECT count(*), sum(request_id LIKE '%:' || selected_provider) FROM routing_metrics")"
}

@test "once: read twice, backwards, from copies and in pieces" {
  pl-record -q -m litellm <"$logs/payloads.jsonl"
  figures >once
  pl-record -q -m litellm <"$logs/payloads.jsonl"
  tac "$logs/payloads.jsonl" | pl-record -q -m litellm
  mkdir copies
  split -l 3 --additional-suffix=.jsonl "$logs/payloads.jsonl" copies/
  pl-backfill -q -m litellm copies 2>err
  is "$(cat once)" "$(figures)"
}

@test "odd values: what is no payload is passed over, a wrong count is refused by its name" {
  printf '%s\n' 5 '"x"' null '{}' '{"call_type":"x","startTime":1,"response_cost":0}' \
    '{"standard_logging_object":5}' >in
  status 0 pl-record -m litellm <in
  is "" "$(cat out err)"
  payload '{prompt_tokens: "7"}' | status 1 pl-record -m litellm
  has "$(cat err)" input_tokens
  payload '{response_cost: "free"}' | status 1 pl-record -m litellm
  has "$(cat err)" cost
  payload '{metadata: "{", messages: 5, response: "x", hidden_params: [], endTime: "never", end_user: "", trace_id: "",
    cache_hit: null, model_map_information: 5}' | status 0 pl-record -m litellm
  is "chatcmpl-1|openai|gpt-4o|100|20|0|0|-|0.00045|1" "$(calls)"
}

@test "auto knows them, and takes the answer inside for no call of its own" {
  cat "$logs/payloads.jsonl" "$logs/spend-logs.json" >all
  pl-record -q -m litellm <all
  figures >wanted
  fresh
  status 0 pl-record -q -m auto <all
  is "$(cat wanted)" "$(figures)"
}
