#!/usr/bin/env bats
# The map codex: sessions of Codex. The counters are cumulative, are repeated, begin anew, and are copied into forks:
# each call counts once, as its own thread has it, whichever file is read first, and whether or not the others are
# there. shellcheck disable=SC2030,SC2031,SC2154

load helper

day="$BATS_TEST_DIRNAME/maps/codex/sessions/2026/03/02"
P=019cadc6-9ae4-7001-8a00-000000000001
S=019cadc6-e904-7004-8a00-000000000004 # a subagent of P's first turn
F=019cadfd-8964-7002-8a00-000000000002 # a fork of P after its first turn, which comes to the total that P comes to
G=019cae34-77e4-7003-8a00-000000000003 # a fork of F
p="$day/rollout-2026-03-02T09-00-00-$P.jsonl" s="$day/rollout-2026-03-02T09-00-20-$S.jsonl"
f="$day/rollout-2026-03-02T10-00-00-$F.jsonl" g="$day/rollout-2026-03-02T11-00-00-$G.jsonl"

take() { pl-record -q -m codex "$@"; }

named() { sed "s/$P/P/g; s/$S/S/g; s/$F/F/g; s/$G/G/g"; }

# id, when, session, model; input, output, read from the cache, written, thinking
calls() {
  sql "SELECT request_id, time(timestamp), session_id, selected_model, input_tokens, output_tokens, cache_read_tokens,
    cache_write_tokens, thinking_tokens FROM routing_metrics ORDER BY timestamp, request_id" | named
}

# how many, input, output, read from the cache
tokens() { sql "SELECT count(*), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens) FROM routing_metrics"; }

turns() {
  sql "SELECT nl_input, status, model_used, error_count, duration_seconds, input_tokens, output_tokens,
    cache_read_tokens, actual_cost_total FROM workflow_history ORDER BY created_at"
}

asked() { sql "SELECT nl_input FROM workflow_history ORDER BY created_at"; }

# failed tools and ends of turns
steps() {
  sql "SELECT step, coalesce(tool_name, '-'), time(timestamp) FROM session_steps ORDER BY timestamp, step" | xargs
}

# -- lines as Codex wrote them in 2025, at TIMEs of one day --

meta() { # TIME ID [MEMBERS]
  line "$1" session_meta "{\"id\":\"$2\",\"timestamp\":\"2026-02-01T$1Z\",\"originator\":\"codex_cli_rs\"${3:+,$3}}"
}
line() { printf '{"timestamp":"2026-02-01T%sZ","type":"%s","payload":%s}\n' "$1" "$2" "$3"; }
event() { line "$1" event_msg "$2"; }
item() { line "$1" response_item "$2"; }
context() { line "$1" turn_context '{"model":"gpt-5-codex"}'; }
said() { event "$1" "{\"type\":\"user_message\",\"message\":\"$2\",\"kind\":\"plain\"}"; }
usage() { # NAME INPUT CACHED OUTPUT
  local counts='{"input_tokens":%d,"cached_input_tokens":%d,"output_tokens":%d,"reasoning_output_tokens":0,'
  # shellcheck disable=SC2059
  printf -v "$1" "$counts\"total_tokens\":%d}" "$2" "$3" "$4" "$(($2 + $4))"
}
total() { # TIME INPUT CACHED OUTPUT [those of the last call]
  local all last=null
  usage all "$2" "$3" "$4"
  [ $# -lt 5 ] || usage last "$5" "$6" "$7"
  event "$1" "{\"type\":\"token_count\",\"info\":{\"total_token_usage\":$all,\"last_token_usage\":$last}}"
}

# of ID...: the calls of these sessions, summed
of() {
  local ids
  printf -v ids "'%s'," "$@"
  sql "SELECT count(*), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens) FROM routing_metrics
    WHERE session_id IN (${ids%,})"
}

parent() { # ID
  meta 10:00:00 "$1"
  context 10:00:01
  total 10:00:05 1000 600 100
  total 10:00:06 1000 600 100
  total 10:01:00 2800 1600 500
  total 10:01:02 2800 1600 500
}

# -- sessions as Codex writes them --

@test "a session: calls, failed tools, turns" {
  status 0 take "$p"
  is "\
codex:P:12000/9000/300/120|09:00:13|P|gpt-5.2-codex|3000|300|9000|0|120
codex:P:25000/20000/800/200|09:00:21|P|gpt-5.2-codex|2000|500|11000|0|80
codex:P:45000/38000/1500/500|09:10:09|P|gpt-5.2|2000|700|18000|0|300" "$(calls)"
  is "\
Run the backend tests with pytest|completed|gpt-5.2-codex|1|16.16|5000|800|20000|0.02345
Fix the failing test|completed|gpt-5.2|2|11.97|2000|700|18000|0.01645" "$(turns)"
  is "tool|-|09:00:15 stop|-|09:00:21 tool|-|09:10:09 tool|search|09:10:11 stop|-|09:10:12" "$(steps)"
  is "openai" "$(sql "SELECT DISTINCT selected_provider FROM routing_metrics")"
  is "codex:P:2026-03-02T09:00:05.040Z" "$(sql "SELECT workflow_id FROM workflow_history ORDER BY 1 LIMIT 1" | named)"
}

@test "a fork: the parent's calls are the parent's, at their own times; its own are its own, be the total the same" {
  take "$f" "$p"
  is "\
codex:P:12000/9000/300/120|09:00:13|P|gpt-5.2-codex|3000|300|9000|0|120
codex:P:25000/20000/800/200|09:00:21|P|gpt-5.2-codex|2000|500|11000|0|80
codex:P:45000/38000/1500/500|09:10:09|P|gpt-5.2|2000|700|18000|0|300
codex:F:45000/38000/1500/500|10:00:40|F|gpt-5.2-codex|2000|700|18000|0|300" "$(calls)"
  is "Explain the failing test|completed|gpt-5.2-codex|0|10.07|2000|700|18000|0.01645" "$(turns | tail -n 1)"
  is 3 "$(turns | wc -l)"
}

@test "a fork of a fork, without its ancestors: their calls, at the times of their turns" {
  take "$g"
  is "\
codex:P:12000/9000/300/120|09:00:05|P|gpt-5.2-codex|3000|300|9000|0|120
codex:P:25000/20000/800/200|09:00:05|P|gpt-5.2-codex|2000|500|11000|0|80
codex:F:45000/38000/1500/500|10:00:30|F|gpt-5.2-codex|2000|700|18000|0|300
codex:G:60000/50000/2000/700|11:00:40|G|gpt-5.2-codex|3000|500|12000|0|200" "$(calls)"
  is "Write a changelog entry" "$(asked)"
  is "stop|-|11:00:40" "$(steps)"
}

@test "a subagent: its calls are of the session that began it; a compaction is a call" {
  take "$s"
  is "\
codex:P:12000/9000/300/120|09:00:13|P||3000|300|9000|0|120
codex:S:5000/3000/200/100|09:00:25|P|gpt-5.2-mini|1500|200|3000|500|100
codex:S:11000/8400/350/100|09:00:30|P|gpt-5.2-mini|600|150|5400|0|0
codex:resp_c1|09:00:35|P|gpt-5.2-mini|200|900|10800|0|0
codex:S:13000/8400/430/100|09:00:40|P|gpt-5.2-mini|2000|80|0|0|0" "$(calls)"
  is "" "$(asked)"
  is "tool|-|09:00:26" "$(steps)"
  take "$p"
  is "Run the backend tests with pytest|completed|gpt-5.2-mini|2|34.97|9300|2130|39200|" "$(turns | head -n 1)"
}

@test "all of them, in any order, twice, from copies, one behind the other" {
  take "$p" "$s" "$f" "$g"
  is "9|16300|4030|87200" "$(tokens)"
  figures >all
  mkdir copies
  cp "$g" "$s" copies
  cp "$p" copies/again.jsonl
  take copies/* "$p"
  figures | diff all -
  fresh
  take "$g" "$f" "$s" "$p"
  figures | diff all -
  fresh
  cat "$s" "$g" "$p" "$f" "$s" | take
  figures | diff all -
}

@test "a file that grows" {
  local n log
  take "$p" "$s" "$f" "$g"
  figures >all
  fresh
  for n in 4 11 17 99; do
    for log in "$g" "$p" "$f" "$s"; do head -n "$n" "$log" >"${log##*/}"; done
    pl-backfill -q -m codex .
  done
  figures | diff all -
}

@test "what was written in May 2025 does no harm" {
  status 0 pl-backfill -q -m codex "$BATS_TEST_DIRNAME/maps/codex/sessions/2025"
  is "" "$(cat err)"
  is "0|||" "$(tokens)"
}

@test "auto takes all of them" {
  take "$p" "$s" "$f" "$g"
  figures >all
  fresh
  status 0 pl-backfill -q -m auto "$BATS_TEST_DIRNAME/maps/codex"
  is "" "$(cat err)"
  figures | diff all -
}

# -- totals --

@test "totals: what is a call, and what it took" {
  local none='{"type":"token_count","info":null}'
  { event 09:00:00 "$none"; parent same; event 10:02:00 "$none"; } >a
  { meta 10:00:00 last; total 10:00:05 1000 600 100 1000 600 100; total 10:00:06 1000 600 100 1000 600 100
    total 10:01:00 2800 1600 500 1800 1000 400; total 10:01:01 2800 1600 500 900 0 0; } >b
  { parent falls; total 10:02:00 1000 600 100; total 10:03:00 2800 1600 500; total 10:04:00 500 0 10; } >c
  { parent full; total 10:02:00 0 0 0; total 10:03:00 4000 0 20 4000 0 20
    total 10:03:30 9000 4500 30 5000 4500 10; } >d
  { meta 09:00:00 empty; parent behind; } >e
  take a b c d e
  is "2|1200|500|1600" "$(of same)"   # an unchanged total is no call, and neither is one that is not there
  is "2|1200|500|1600" "$(of last)"   # what the last call took is repeated, and may be wrong then
  is "5|2900|1010|3200" "$(of falls)" # a total that falls begins anew, even if it comes to what it was
  is "4|5700|530|6100" "$(of full)"   # a full context resets it, which is no call
  is "2|1200|500|1600" "$(of behind)" # an empty session before another one is not its fork
  is "1000/600/100/0 1000/600/100/0:1 2800/1600/500/0 2800/1600/500/0:1 500/0/10/0:2" \
    "$(sql "SELECT substr(request_id, 13) FROM routing_metrics WHERE session_id = 'falls' ORDER BY 1" | xargs)"
  figures >all
  take e d c b a
  figures | diff all -
}

@test "tokens that are none are refused by their names, and cost that event alone" {
  { meta 10:00:00 A; total 10:00:05 1000 600 100
    event 10:00:06 '{"type":"token_count","info":{"total_token_usage":{"input_tokens":"2000","output_tokens":5}}}'
    event 10:00:07 '{"type":"token_count","info":{"total_token_usage":{"input_tokens":2000,"output_tokens":{}}}}'
    total 10:01:00 2800 1600 500; } >in
  status 1 take in
  has "$(cat err)" "in:3: input_tokens: "
  has "$(cat err)" "in:4: output_tokens: "
  is 2 "$(wc -l <err)"
  is "2|1200|500|1600" "$(tokens)"
}

# -- copies, where only times tell them --

child() { # ID TIME PARENT...: the beginning of a fork
  local id=$1 time=$2
  shift 2
  meta "$time" "$id"
  for id; do meta "$time" "$id"; done
  context "$time"
}

# sessions ID...: whose calls these are, and when they were made
sessions() {
  local ids
  printf -v ids "'%s'," "$@"
  sql "SELECT session_id || ' ' || time(timestamp) FROM routing_metrics WHERE session_id IN (${ids%,})
    ORDER BY timestamp" | xargs
}

@test "forks, by times: whichever is read first" {
  local spawned='"source":{"subagent":{"thread_spawn":{"parent_thread_id":"P6","depth":1}}}'
  mkdir forks parents
  # the copies bear the time of the fork
  { child C1 11:00:00 P1; total 11:00:00 1000 600 100; total 11:00:00 2800 1600 500
    total 11:02:00 3000 1600 550; } >forks/1
  parent P1 >parents/1
  # the parent goes on to the total of the fork
  { child C2 11:00:00 P2; total 11:00:00 1000 600 100; total 11:00:00 2800 1600 500
    total 11:02:00 3000 1600 550; } >forks/2
  { parent P2; total 12:00:00 3000 1600 550; } >parents/2
  # a long copy takes its time, but makes no pause; another fork comes to the same total
  { child C3 11:00:00.100 P3; total 11:00:00.900 1000 600 100; context 11:00:01.800
    total 11:00:02.700 2800 1600 500; context 11:00:09; total 11:00:12 3000 1600 550
    child D3 13:00:00 P3; total 13:00:00 1000 600 100; total 13:00:00 2800 1600 500
    total 13:02:00 3000 1600 550; } >forks/3
  parent P3 >parents/3
  # the copies bear their own times
  { meta 11:00:00 C4 '"forked_from_id":"P4"'; context 10:00:01; total 10:00:05 1000 600 100
    total 10:01:00 2800 1600 500; context 11:00:01.100; total 11:00:03 3000 1600 550; } >forks/4
  parent P4 >parents/4
  # the last turn alone is copied
  { meta 11:00:00 C5 '"forked_from_id":"P5"'; total 11:00:00 2800 1600 500 1800 1000 400
    total 11:02:00 3000 1600 550 200 0 50; } >forks/5
  parent P5 >parents/5
  # subagents without copies; the total of the second goes on from the parent's
  { meta 10:00:30 S6 "$spawned"; said 10:00:30 "Look around"; context 10:00:30
    total 10:00:33 700 0 10 700 0 10
    meta 10:00:40 T6 "$spawned"; context 10:00:40; total 10:00:43 1300 600 110 300 0 10; } >forks/6
  parent P6 >parents/6

  take forks/*
  is "P1 11:00:00 P1 11:00:00 C1 11:02:00" "$(sessions P1 C1)"
  is "P4 10:00:05 P4 10:01:00 C4 11:00:03" "$(sessions P4 C4)"
  is "2|1000|450|1000" "$(of P5 C5)"
  is "2|1000|20|0" "$(of P6 S6 T6)"
  is "" "$(asked)"
  take parents/*
  is "3|1400|550|1600" "$(of P1 C1)"
  is "P1 10:00:05 P1 10:01:00 C1 11:02:00" "$(sessions P1 C1)"
  is "4|1600|600|1600" "$(of P2 C2)"
  is "4|1600|600|1600" "$(of P3 C3 D3)"
  is "3|1400|550|1600" "$(of P4 C4)"
  is "3|1400|550|1600" "$(of P5 C5)"
  is "4|2200|520|1600" "$(of P6 S6 T6)"
  figures >all
  fresh
  take parents/* forks/* parents/*
  figures | diff all -
}

@test "a fork of a fork, by times: in any order" {
  local order
  parent P >p
  { child C 11:00:00 P; total 11:00:00 1000 600 100; total 11:02:00 1500 900 120; total 11:03:00 2000 900 130; } >c
  { child G 12:00:00 C P; total 12:00:00 1000 600 100; total 12:00:00 1500 900 120; total 12:00:00 2000 900 130
    total 12:02:00 2100 900 150; } >g
  for order in "p c g" "g c p"; do
    fresh
    # shellcheck disable=SC2086
    take $order
    is "5|2000|550|1900" "$(tokens)"
  done
}

# -- turns and tools --

@test "turns: once, though said twice; not what the program says" {
  local content='"type":"message","role":"user","content"'
  message() { item "$1" "{$content:[{\"type\":\"input_text\",\"text\":\"$2\"}]}"; }
  { meta 10:00:00 A
    message 10:00:01 '<environment_context>\n  <cwd>/tmp</cwd>\n</environment_context>'
    message 10:00:01 '<user_instructions>\nBe brief.\n</user_instructions>'
    event 10:00:01 '{"type":"user_message","message":"<x>","kind":"environment_context"}'
    message 10:00:02 'Check git status'; said 10:00:02.001 'Check git status'
    total 10:00:05 1000 600 100
    said 10:01:00 'Check git status'; message 10:01:00.001 'Check git status'
    said 10:01:02 'And the branch'
    total 10:01:05 2800 1600 500
    message 10:02:00 '  Explain it  '
    item 10:02:01 '{"type":"message","role":"user","content":[{"type":"input_image","image_url":"x"}]}'
    item 10:02:01 '{"type":"message","role":"user","content":"x"}'
    event 10:02:02 '{"type":"user_message","message":null}'
    event 10:03:00 '{"type":"turn_aborted","reason":"interrupted"}'
  } >in
  take in
  is "\
Check git status|10:00:02|400|100
Check git status|10:01:00||
And the branch|10:01:02|800|400
Explain it|10:02:00||" "$(sql "SELECT nl_input, time(created_at), input_tokens, output_tokens FROM workflow_history
    ORDER BY created_at")"
}

@test "tools that failed, by what the log says" {
  output() { item "$1" "{\"type\":\"function_call_output\",\"call_id\":\"$2\",\"output\":$3}"; }
  { meta 10:00:00 A; said 10:00:01 "Run them"
    output 10:00:02 a '"{\"output\":\"x\",\"metadata\":{\"exit_code\":1,\"duration_seconds\":0.1}}"'
    output 10:00:03 b '"{\"output\":\"\\\"metadata\\\":{\\\"exit_code\\\":1\",\"metadata\":{\"exit_code\":0}}"'
    output 10:00:04 c '"Exit code: 2\nWall time: 1 seconds\nOutput:\n"'
    output 10:00:05 d '"Exit code: 0\nWall time: 1 seconds\nOutput:\nExit code: 2"'
    output 10:00:06 e '[{"type":"input_text","text":"Wall time: 1 seconds\nProcess exited with code 3\nOutput:\n"}]'
    output 10:00:07 f '{"content":"Exit code: 4\n","success":false}'
    output 10:00:08 g 7
    output 10:00:09 h null
    event 10:00:10 '{"type":"exec_command_end","call_id":"i","exit_code":5}'
    event 10:00:11 '{"type":"exec_command_end","call_id":"j","exit_code":0}'
    event 10:00:12 '{"type":"mcp_tool_call_end","call_id":"k","invocation":{"server":"s","tool":"find"},
      "result":{"Ok":{"content":[],"isError":true}}}'
    event 10:00:13 '{"type":"mcp_tool_call_end","call_id":"l","invocation":{},"result":{"Ok":{"content":[]}}}'
    event 10:00:13 '{"type":"mcp_tool_call_end","call_id":"o","result":{"Err":"timed out"}}'
    event 10:00:14 '{"type":"patch_apply_end","call_id":"m","success":false}'
    event 10:00:15 '{"type":"patch_apply_end","call_id":"n","success":true}'
    output 10:00:16 a '"{\"output\":\"x\",\"metadata\":{\"exit_code\":1,\"duration_seconds\":0.1}}"'
    event 10:00:17 '{"type":"exec_command_end","exit_code":5}'
  } >in
  take in
  is "tool|-|10:00:04 tool|-|10:00:06 tool|-|10:00:07 tool|-|10:00:10 tool|find|10:00:12 tool|-|10:00:13 \
tool|apply_patch|10:00:14 tool|-|10:00:16" "$(steps)"
}

@test "odd lines" {
  { echo '"session_meta"'; echo '[{"type":"session_meta"}]'
    echo '{"timestamp":"x","type":"session_meta","payload":{"id":7}}'
    total 09:00:00 5 0 5 # of a session that is not known
    parent P
    echo '{"timestamp":7,"type":"event_msg","payload":{"type":"token_count"}}'
    line 10:03:00 token_usage_record '{"usage":7,"response_id":[]}'
    line 10:03:00 compacted '{"compaction_response_id":7}'
    line 10:03:00 turn_context '{"model":7,"turn_id":{}}'
    line 10:03:00 session_meta '{}'
    line 10:03:00 session_meta '{"id":"Q","source":7,"history_base":[],"subagent_history_start_ordinal":"x"}'
    for payload in '{}' '{"type":7}' '{"type":"token_count","info":[]}' \
      '{"type":"token_count","info":{"total_token_usage":7}}' '{"type":"mcp_tool_call_end","call_id":"x","result":7}' \
      '{"type":"thread_settings_applied","thread_settings":[]}'; do
      event 10:03:01 "$payload"
      item 10:03:01 "$payload"
    done
    echo '{"timestamp":"session_meta","type":"event_msg","payload":'
  } >in
  status 1 take in
  is 1 "$(wc -l <err)"
  is "2|1200|500|1600" "$(tokens)"
}
