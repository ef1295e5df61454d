#!/usr/bin/env bats
# The map otel-genai: spans of OpenTelemetry's GenAI conventions in OTLP/JSON: calls of models, and tools of agents.
# shellcheck disable=SC2154

load helper

exports="$BATS_TEST_DIRNAME/maps/otel-genai/exports.jsonl"
trace=7c9bb6b3e3d983f9432d048419e7ae03

# calls TRACE: span, provider, model, the four counts, success; what is not known is '-'
calls() {
  sql "SELECT substr(request_id, -2), selected_provider, selected_model, coalesce(input_tokens, '-'),
    coalesce(output_tokens, '-'), coalesce(cache_read_tokens, '-'), coalesce(cache_write_tokens, '-'),
    coalesce(success, '-') FROM routing_metrics WHERE request_id LIKE '$1:%' ORDER BY timestamp, request_id"
}

# span ATTRIBUTES [FIELDS]: an export of one; both are JSON
span() {
  jq -cn "{resourceSpans: [{scopeSpans: [{spans: [{traceId: \"t\", spanId: \"s\", attributes:
    ({\"gen_ai.operation.name\": \"chat\", \"gen_ai.request.model\": \"gpt-4o\"} + $1 | to_entries
      | map({key, value: (.value | if type == \"string\" then {stringValue: .} else . end)}))} + ${2:-{\}}]}]}]}"
}

@test "an agent's trace: its calls, not the sum of them; its tools are steps" {
  status 0 pl-record -q -m otel-genai <"$exports"
  is "\
02|openai|gpt-4o-2024-08-06|40|7|60|0|1
05|openai|gpt-4o|200|20|0|0|1" "$(calls 5b8aa5a2d2c872e8321cf37308d69df2)"
  is "\
2026-03-01 12:00:00|1500.0|conv-1|u-1|code
2026-03-01 12:00:04|1123.456789|conv-1||" "$(sql "SELECT timestamp, latency_ms, session_id, user_id, pattern_detected
    FROM routing_metrics WHERE session_id IS NOT NULL ORDER BY timestamp")"
  is "9" "$(sql "SELECT thinking_tokens FROM routing_metrics WHERE request_id LIKE '%05'")"
  is "\
12:00:02|conv-1|ls|0
12:00:03|conv-1|cat|1" "$(sql "SELECT time(at / 1000000, 'unixepoch'), s.text, t.text, success FROM step
    JOIN name s ON s.id = session LEFT JOIN name t ON t.id = tool ORDER BY at")"
}

@test "providers, old names and new, embeddings, errors" {
  pl-record -q -m otel-genai <"$exports"
  is "\
0a|anthropic|us.anthropic.claude-haiku-4-5-20251001-v1:0|100|10|500|400|-
0b|google|gemini-2.5-flash|50|5|0|0|-
0c|xai|grok-4|30|5|0|20|-
0d|openai|my-deployment|50|5|0|0|-
0e|openai|text-embedding-3-small|8|0|0|0|-
0f|deepseek|deepseek-chat|-|-|-|-|0
10|anthropic|claude-3-5-haiku-20241022|3|40|900|0|1
12|openai|gpt-4o-mini|6|2|0|0|-" "$(calls $trace)"
  is "2026-03-01 12:03:20|2000.0|0.002|given|creative" "$(sql "SELECT timestamp, latency_ms, cost, cost_source,
    pattern_detected FROM routing_metrics WHERE request_id = '$trace:0000000000000010'")"
  is "explanation" "$(sql "SELECT pattern_detected FROM routing_metrics WHERE request_id = '$trace:0000000000000012'")"
}

@test "attributes that change the record" {
  local usage='"gen_ai.usage.input_tokens": {intValue: "9"}, "gen_ai.usage.output_tokens": {doubleValue: 1}'
  ended() { printf '{"gen_ai.response.finish_reasons": {arrayValue: {values: [%s]}}}' "$1"; }
  {
    span "{$usage, \"gen_ai.usage.cost\": {doubleValue: 0}}" '{spanId: "1"}'
    span "{$usage, \"gen_ai.provider.name\": \"_OTHER\"}" '{spanId: "2", status: {code: 1}}'
    span '{"gen_ai.provider.name": "groq", "gen_ai.request.model": "llama-3.3-70b-versatile"}' \
      '{spanId: "3", status: {code: 2}}'
    span "$(ended '{stringValue: "stop"}, {stringValue: "content_filter"}')" '{spanId: "4"}'
    span "$(ended '{stringValue: "length"}')" '{spanId: "5"}'
  } | pl-record -q -m otel-genai
  is "\
:1|openai|gpt-4o|9|1|0|0|-
:2|openai|gpt-4o|9|1|0|0|1
:3|groq|llama-3.3-70b-versatile|-|-|-|-|0
:4|openai|gpt-4o|-|-|-|-|0
:5|openai|gpt-4o|-|-|-|-|-" "$(calls t)"
  is "priced" "$(sql "SELECT DISTINCT cost_source FROM routing_metrics WHERE input_tokens = 9")"
}

@test "once: exported twice, backwards, from copies and in pieces" {
  pl-record -q -m otel-genai <"$exports"
  figures >once
  sql "SELECT * FROM step ORDER BY at" >steps
  pl-record -q -m otel-genai <"$exports"
  tac "$exports" | pl-record -q -m otel-genai
  mkdir copies
  split -l 1 --additional-suffix=.jsonl "$exports" copies/
  pl-backfill -q -m otel-genai copies 2>err
  jq . "$exports" >copies/pretty.json
  pl-backfill -q -m otel-genai copies/pretty.json 2>err
  is "$(cat once)" "$(figures)"
  is "$(cat steps)" "$(sql "SELECT * FROM step ORDER BY at")"
}

@test "odd values: what is no span of a model is passed over, a wrong count is refused by its name" {
  printf '%s\n' 5 '"x"' null '{}' '{"resourceSpans":[]}' '{"resourceSpans":[5,{"scopeSpans":[5,{"spans":[5]}]}]}' \
    '{"resourceLogs":[{"gen_ai.":1}]}' '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"gen_ai.x"}]}]}]}' >in
  status 0 pl-record -m otel-genai <in
  is "" "$(cat out err)"
  span '{"gen_ai.usage.input_tokens":{"intValue":"many"}}' | status 1 pl-record -m otel-genai
  has "$(cat err)" input_tokens
  span '{"gen_ai.usage.input_tokens":{"intValue":"1"},"gen_ai.usage.output_tokens":{"stringValue":"1"}}' |
    status 1 pl-record -m otel-genai
  has "$(cat err)" output_tokens
  span '{"gen_ai.input.messages": "[not JSON", "gen_ai.prompt": {boolValue: true},
    "gen_ai.usage.input_tokens": {intValue: 7}}' \
    '{startTimeUnixNano: "soon", endTimeUnixNano: "0", status: 5, events: "none"}' | status 0 pl-record -m otel-genai
  is ":s|openai|gpt-4o|7|-|0|0|-" "$(calls t)"
  is "2026-03-01 12:00:00|" "$(sql "SELECT timestamp, latency_ms FROM routing_metrics")"
}

@test "auto knows them" {
  pl-record -q -m otel-genai <"$exports"
  figures >wanted
  fresh
  status 0 pl-record -q -m auto <"$exports"
  is "$(cat wanted)" "$(figures)"
}
