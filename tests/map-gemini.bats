#!/usr/bin/env bats
# The map gemini: answers of the Gemini API and of Vertex AI, each counted once.
# shellcheck disable=SC2154

load helper

logs="$BATS_TEST_DIRNAME/maps/gemini"

# calls: id, provider, model, the four counts, thinking, success; what is not known is '-'
calls() {
  sql "SELECT coalesce(request_id, '-'), selected_provider, selected_model, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, coalesce(thinking_tokens, '-'), coalesce(success, '-') FROM routing_metrics
    ORDER BY request_id"
}

@test "answers: cached tokens within the prompt's, thoughts beside the candidates', tools' beside both" {
  status 0 pl-record -m gemini <"$logs/answers.jsonl"
  is 7 "$(wc -l <out)"
  is "\
-|google|gemini-1.5-flash-002|4|2|0|0|-|0
gA1|google|gemini-2.5-pro|40|210|60|0|200|1
gA2|google|gemini-2.5-flash|540|50|0|0|20|1
gA3|google|gemini-2.5-flash|15|0|0|0|-|0
gA4|google|gemini-2.5-flash|21|60|0|0|60|-
gA5|google|gemini-2.5-flash|20|70|0|0|50|1
gA6|google|gemini-2.0-flash-001|11|9|0|0|-|1" "$(calls)"
  is "2026-03-01 09:00:00" "$(sql "SELECT timestamp FROM routing_metrics WHERE request_id = 'gA2'")"
}

@test "a stream: the chunk with the largest total counts, in whatever order" {
  status 0 pl-record -q -m gemini <"$logs/stream.json"
  is "gS1|google|gemini-2.5-flash|8|39|0|0|30|1" "$(calls)"
  fresh
  jq -c '.[]' "$logs/stream.json" | tac | pl-record -q -m gemini
  is "gS1|google|gemini-2.5-flash|8|39|0|0|30|1" "$(calls)"
  pl-record -q -m gemini "$logs/stream.json"
  jq -c '{request: {contents: "hello"}, response: .}' "$logs/stream.json" | pl-record -q -m gemini
  is "gS1|google|gemini-2.5-flash|8|39|0|0|30|1" "$(calls)"
}

@test "batches of both kinds: the answers, with the request's prompt and budget" {
  status 0 pl-record -m gemini <"$logs/batch.jsonl"
  is "\
gB1 null
gB2 creative" "$(jq -r '"\(.request_id) \(.pattern)"' out)"
  is "2026-03-01 10:00:00|30|300|1024" "$(sql "SELECT timestamp, input_tokens, output_tokens, thinking_budget
    FROM routing_metrics WHERE request_id = 'gB2'")"
}

@test "once: read twice, backwards and from a copy, without an id as well" {
  cat "$logs"/*.jsonl >all.jsonl
  pl-backfill -q -m gemini all.jsonl 2>err
  figures >once
  cp all.jsonl copy.jsonl
  tac all.jsonl >backwards.jsonl
  pl-backfill -q -m gemini copy.jsonl backwards.jsonl 2>err
  is "$(cat once)" "$(figures)"
}

@test "odd values: what is no answer is passed over, a wrong count is refused by its name" {
  printf '%s\n' 5 '"x"' null '{}' '{"usageMetadata":5,"candidates":[]}' '{"response":[5]}' '{"response":{}}' >in
  status 0 pl-record -m gemini <in
  is "" "$(cat out err)"
  answer() { printf '{"responseId":"g","modelVersion":"gemini-2.5-pro","candidates":5,"usageMetadata":%s}\n' "$1"; }
  answer '{"promptTokenCount":"7","candidatesTokenCount":2}' | status 1 pl-record -m gemini
  has "$(cat err)" input_tokens
  answer '{"promptTokenCount":7,"candidatesTokenCount":[2]}' | status 1 pl-record -m gemini
  has "$(cat err)" output_tokens
  answer '{"promptTokenCount":7,"totalTokenCount":"9"}' | status 0 pl-record -m gemini
  is "g|google|gemini-2.5-pro|7|0|0|0|-|-" "$(calls)"
}

@test "auto knows them" {
  cat "$logs"/*.jsonl "$logs/stream.json" >all
  status 0 pl-record -q -m gemini all
  figures >wanted
  fresh
  status 0 pl-record -q -m auto all
  is "$(cat wanted)" "$(figures)"
}
