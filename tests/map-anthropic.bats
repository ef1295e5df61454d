#!/usr/bin/env bats
# The map anthropic: messages of Anthropic's API, each counted once.
# shellcheck disable=SC2154

load helper

logs="$BATS_TEST_DIRNAME/maps/anthropic"

# calls: id, provider, model, the four counts, those written for an hour, thinking, success; what is not known is '-'
calls() {
  sql "SELECT request_id, selected_provider, selected_model, input_tokens, output_tokens, cache_read_tokens,
    cache_write_tokens, coalesce(cache_write_1h_tokens, '-'), coalesce(thinking_tokens, '-'), coalesce(success, '-')
    FROM routing_metrics ORDER BY request_id"
}

@test "messages: tokens beside the cache's, writes for an hour, iterations that the sum leaves out" {
  status 0 pl-record -m anthropic <"$logs/messages.jsonl"
  is 8 "$(wc -l <out)"
  is "\
9c1|zhipu|glm-4.6|7|3|2|0|-|-|1
msg_01A|anthropic|claude-sonnet-4-5-20250929|10|20|30|40|25|6|1
msg_01B|anthropic|claude-haiku-4-5-20251001|100|8|0|0|-|-|1
msg_01C|anthropic|claude-haiku-4-5-20251001|50|64|0|0|-|-|-
msg_01D|anthropic|claude-opus-4-6|5|1|0|0|-|-|0
msg_01E|anthropic|claude-opus-4-6|203000|4500|500|0|-|-|1
msg_01F|anthropic|claude-sonnet-4-6|412|1230|0|0|-|-|1
msg_01F:advisor:1|anthropic|claude-opus-4-6|823|531|0|0|-|-|-" "$(calls)"
}

@test "costs by list price: writes for 5 minutes and for an hour apart" {
  pl-record -q -m anthropic <"$logs/messages.jsonl"
  # 10 * 3 + 20 * 15 + 30 * 0.3 + 15 * 3.75 + 25 * 6, in millionths
  is "0.00054525" "$(sql "SELECT cost FROM routing_metrics WHERE request_id = 'msg_01A'")"
}

@test "a message bears no time: that of its first recording stays" {
  pl-record -q -m anthropic <"$logs/messages.jsonl"
  PL_NOW=2026-03-05T12:00:00Z pl-record -m anthropic <"$logs/messages.jsonl" >out
  is duplicate "$(jq -r .status out | sort -u)"
  is "2026-03-01 12:00:00" "$(sql "SELECT DISTINCT timestamp FROM routing_metrics")"
}

@test "batches: what succeeded" {
  status 0 pl-record -m anthropic <"$logs/batch.jsonl"
  is "msg_01T|anthropic|claude-haiku-4-5-20251001|12|2|0|0|-|-|1" "$(calls)"
}

@test "a stream's events are passed over: none has both the id and the tokens" {
  status 0 pl-record -m anthropic <"$logs/stream.jsonl"
  is "" "$(cat out err)"
}

@test "with its request: pattern, budget, and what stands beside" {
  status 0 pl-record -m anthropic <"$logs/with-request.json"
  is "code" "$(jq -r .pattern out)"
  is "2026-03-01 08:00:00|msg_01Q|2048|2100.0|u-4|s-1|1" "$(sql "SELECT timestamp, request_id, thinking_budget,
    latency_ms, user_id, session_id, success FROM routing_metrics")"
}

@test "once: read twice, backwards, from copies and in pieces" {
  cat "$logs"/*.jsonl >all
  pl-record -q -m anthropic <all
  figures >once
  pl-record -q -m anthropic <all
  tac all | pl-record -q -m anthropic
  mkdir copies
  split -l 4 --additional-suffix=.jsonl all copies/
  pl-backfill -q -m anthropic copies 2>err
  is "$(cat once)" "$(figures)"
}

@test "odd values: what is no message is passed over, a wrong count is refused by its name" {
  printf '%s\n' 5 '"x"' null '{}' '{"type":"message"}' '{"type":"message","role":"assistant","usage":"none"}' \
    '{"result":5}' '{"response":"x"}' '{"type":"assistant","message":{"type":"message","usage":{}}}' >in
  status 0 pl-record -m anthropic <in
  is "" "$(cat out err)"
  message() { printf '{"id":"m","type":"message","role":"assistant","model":"claude-haiku-4-5","usage":%s}\n' "$1"; }
  message '{"input_tokens":"7","output_tokens":2}' | status 1 pl-record -m anthropic
  has "$(cat err)" input_tokens
  message '{"input_tokens":7,"output_tokens":2,"cache_creation_input_tokens":[1]}' | status 1 pl-record -m anthropic
  has "$(cat err)" cache_write_tokens
  message '{"input_tokens":7,"output_tokens":2,"iterations":"x","cache_creation":3}' | status 0 pl-record -m anthropic
  is "m|anthropic|claude-haiku-4-5|7|2|0|0|-|-|-" "$(calls)"
}

@test "auto knows them" {
  cat "$logs/messages.jsonl" "$logs/batch.jsonl" "$logs/with-request.json" >all
  pl-record -q -m anthropic <all
  figures >wanted
  fresh
  status 0 pl-record -q -m auto <all
  is "$(cat wanted)" "$(figures)"
}
