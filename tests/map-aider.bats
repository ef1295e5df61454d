#!/usr/bin/env bats
# The map aider: its analytics log. Every message_send is a call, once, by what the log says of it.
# shellcheck disable=SC2154

load helper

log="$BATS_TEST_DIRNAME/maps/aider/analytics.jsonl"
user=5f3c1d2e-0a1b-4c2d-8e3f-4a5b6c7d8e9f

calls() {
  sql "SELECT time(timestamp), selected_provider, coalesce(selected_model, '-'), input_tokens, output_tokens,
    coalesce(cache_read_tokens, '?'), coalesce(cost, '?'), cost_source FROM routing_metrics ORDER BY timestamp, cost, 5"
}

# sums: of the calls
sums() { sql "SELECT count(*), sum(input_tokens), sum(output_tokens), round(sum(cost), 9) FROM routing_metrics"; }

@test "calls, with the cost that the log says" {
  status 0 pl-record -m aider <"$log"
  is 8 "$(wc -l <out)"
  is "\
09:00:20|openai|gpt-5|10000|400|?|0.0165|given
09:00:50|openai|gpt-5|12000|300|?|0.018|given
09:16:49|openai|gpt-5|500|20|?|0.000825|given
09:16:49|openai|gpt-5|500|20|?|0.000825|given
09:16:49|openai|gpt-5|500|21|?|0.000835|given
09:33:20|ollama|-|700|90|?|?|
09:35:00|unknown|-|800|10|?|?|
09:36:40|gemini|gemini/gemini-2.5-pro|1000|100|?|0.00225|given" "$(calls)"
  is "$user" "$(sql "SELECT DISTINCT user_id FROM routing_metrics")"
  is "aider:$user:1772442020:gpt-5:10000:400:0.0165" \
    "$(sql "SELECT request_id FROM routing_metrics ORDER BY timestamp LIMIT 1")"
}

@test "twice, backwards, from a copy, in pieces" {
  pl-record -q -m aider <"$log"
  is "8|26000|961|0.039235" "$(sums)"
  figures >once
  pl-record -q -m aider <"$log"
  tac "$log" | pl-record -q -m aider
  cp "$log" copy.jsonl
  pl-backfill -q -m aider copy.jsonl
  tail -n 5 "$log" | pl-record -q -m aider
  figures | diff once -
  fresh
  tac "$log" | pl-record -q -m aider
  figures | diff once -
}

# sent MEMBERS: an event message_send
sent() { printf '{"event": "message_send", "properties": {%s}, "user_id": "u", "time": 1772442000}\n' "$1"; }

@test "a cost of 0 is one that aider does not know: pl's price stands in" {
  sent '"main_model": "gpt-5", "prompt_tokens": 1000000, "completion_tokens": 0, "cost": 0.0, "total_cost": 0.0' >in
  pl-record -q -m aider <in
  is "priced" "$(sql "SELECT cost_source FROM routing_metrics")"
}

@test "wrong tokens are refused by their names, other lines are none of it" {
  {
    sent '"main_model": "gpt-5", "prompt_tokens": "many", "completion_tokens": 1, "cost": 1, "total_cost": 1'
    sent '"main_model": "gpt-5", "prompt_tokens": 5, "completion_tokens": -1, "cost": 1, "total_cost": 1'
    sent '"main_model": 7, "prompt_tokens": 5, "completion_tokens": 1, "cost": 1, "total_cost": 1'
    printf '%s\n' '{"event": "message_send", "properties": null}' '{"event": 1}' '["message_send"]' '"message_send"' 7
    sent '"prompt_tokens": 5, "completion_tokens": 1, "cost": 1, "total_cost": 1'
  } >in
  status 1 pl-record -m aider <in
  is 1 "$(sql "SELECT count(*) FROM routing_metrics")"
  has "$(cat err)" "-:1: input_tokens: "
  has "$(cat err)" "-:2: output_tokens: "
  has "$(cat err)" "-:3: model: "
  is 3 "$(wc -l <err)"
}

@test "auto takes it" {
  status 0 pl-record -q -m auto <"$log"
  is "8|26000|961|0.039235" "$(sums)"
}

@test "aider's own sample" {
  [ -f "$root/../shared/data/aider/sample-analytics.jsonl" ] || skip "no ../shared/data/aider"
  status 0 pl-record -q -m aider <"$root/../shared/data/aider/sample-analytics.jsonl"
  is "107|2484349|45772|5.305332" "$(sums)"
  tac "$root/../shared/data/aider/sample-analytics.jsonl" | pl-record -q -m aider
  is "107|2484349|45772|5.305332" "$(sums)"
}
