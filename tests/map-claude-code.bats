#!/usr/bin/env bats
# The map claude-code: transcripts of Claude Code. Calls, failed tools and prompts count once, in whatever order and
# from whatever copies they come.
# shellcheck disable=SC2030,SC2031,SC2154

load helper

logs="$BATS_TEST_DIRNAME/maps/claude-code"

# Read once for all tests: the session with its subagent in session.db, all transcripts in all.db, whose figures are in
# ./all of the same folder.
setup_file() {
  BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR setup
  take "$logs"/session/*.jsonl "$logs"/session/*/*/*.jsonl
  cp pl.db session.db
  take "$logs"/*/*.jsonl "$logs"/*/*/*/*.jsonl
  figures >all
  cp pl.db all.db
}

take() { pl-record -q -m claude-code "$@"; }

# All transcripts, one after another.
everything() { cat "$logs"/*/*.jsonl "$logs"/*/*/*/*.jsonl; }

# The figures are those of all transcripts.
is_all() {
  figures >these
  diff "$BATS_FILE_TMPDIR/all" these
}

# calls, input, output, read from the cache, written to it, written for an hour
tokens() {
  sql "SELECT count(*), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens),
    sum(cache_write_1h_tokens) FROM routing_metrics"
}

# turn WORKFLOW: what it adds up to
turn() {
  sql "SELECT model_used, error_count, duration_seconds, input_tokens, output_tokens, cache_read_tokens,
    cache_write_tokens, total_tokens, actual_cost_total FROM workflow_history WHERE workflow_id LIKE '$1-%'"
}
copied='claude-sonnet-4-5-20250929|2|81.5|21|855|42900|2100|45876|0.029977' # the turn that has copies

asked() { sql "SELECT quote(nl_input), quote(workflow_template) FROM workflow_history ORDER BY created_at"; }

# steps STEP SUCCESS: when tools or turns (stop) ended well (1), badly (0), or so that it was not said (NULL)
steps() { sql "SELECT time(timestamp) FROM session_steps WHERE step = '$1' AND success IS $2 ORDER BY 1" | xargs; }

# line N MEMBERS: the Nth second's line of a session
line() {
  printf '{"parentUuid":null,"isSidechain":false,"userType":"external","cwd":"/srv","sessionId":"s","version":"2.1.40",'
  printf '"gitBranch":"main","uuid":"u-%d","timestamp":"2026-02-02T10:00:%02dZ",%s}\n' "$1" "$1" "$2"
}

# said N CONTENT [MEMBERS]: a user's line
said() { line "$1" "\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":$2}${3:+,$3}"; }

# queued N MEMBERS: what was typed while it worked
queued() { line "$1" "\"type\":\"attachment\",\"attachment\":{\"type\":\"queued_command\",$2}"; }

# call N ID REQUEST OUTPUT [MEMBERS]: an assistant's line; MEMBERS are of its usage
call() {
  line "$1" "\"type\":\"assistant\",\"requestId\":$3,\"message\":{\"id\":\"$2\",\"role\":\"assistant\",\"content\":[],
    \"model\":\"claude-haiku-4-5\",\"usage\":{\"input_tokens\":10,\"output_tokens\":$4${5:+,$5}}}" | tr -d '\n' && echo
}

# -- a session --

@test "calls: each once, by its largest snapshot, subagents' too" {
  PL_DB=$BATS_FILE_TMPDIR/session.db
  is "10|43|1015|49300|5500|4400" "$(tokens)"
  is "0.054763" "$(sql "SELECT round(sum(cost), 9) FROM routing_metrics")"
  is "msg_01shopA1:req_01shopA1|2026-02-02 09:00:06|anthropic|claude-sonnet-4-5-20250929|4|310|9000|1200|1000|" \
    "$(sql "SELECT request_id, timestamp, selected_provider, selected_model, input_tokens, output_tokens,
      cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, thinking_tokens FROM routing_metrics
      ORDER BY timestamp LIMIT 1")"
  is "claude-haiku-4-5-20251001|3|235|0.002953" "$(sql "SELECT selected_model, count(*), sum(output_tokens),
    round(sum(cost), 9) FROM routing_metrics WHERE selected_model LIKE '%haiku%'")"
  is "30" "$(sql "SELECT thinking_tokens FROM routing_metrics WHERE request_id LIKE 'msg_01shopA5:%'")"
  is "aaaaaaaa-1111-4a11-8a11-aaaaaaaaaaaa" "$(sql "SELECT DISTINCT session_id FROM routing_metrics")"
}

@test "calls: a subagent's are known from its session alone, as far as they were told" {
  take "$logs"/session/*.jsonl
  is "2|6" "$(sql "SELECT count(*), sum(output_tokens) FROM routing_metrics WHERE selected_model LIKE '%haiku%'")"
}

@test "turns: what a person asked, and what it took until the next one" {
  PL_DB=$BATS_FILE_TMPDIR/session.db
  is "'Run the backend tests with pytest and fix what fails'|NULL
'Update the README
with the picture'|NULL
'and the changelog too'|NULL
'/ship:release 1.2 to staging'|'ship:release'
NULL|NULL" "$(asked)"
  is "$copied" "$(turn a0000002)"
  is "claude-sonnet-4-5-20250929|1|20.0|5|40|0|3000|3045|0.018615" "$(turn a0000024)"
  is "claude-sonnet-4-5-20250929|0|15.0|2|70|3000|400|3472|0.004356" "$(turn a0000028)"
  is "claude-sonnet-4-5-20250929|0|9.0|7|30|3400|0|3437|0.001491" "$(turn a0000032)"
  is "claude-sonnet-4-5-20250929|0|8.0|8|20|0|0|28|0.000324" "$(turn a0000038)"
  is "deploy:ship:all docs:generate:all test:pytest:backend" \
    "$(sql "SELECT pattern_signature FROM operation_patterns ORDER BY 1" | xargs)"
}

@test "steps: failed tools once, the ends of turns, and an answer that failed" {
  PL_DB=$BATS_FILE_TMPDIR/session.db
  is "09:00:40 09:00:54" "$(steps tool 0)"
  is "09:01:21 09:01:21" "$(steps stop NULL)"
  is "09:10:05" "$(steps stop 0)"
  is "" "$(steps tool 1)$(steps stop 1)"
}

# -- the laws --

@test "laws: read again, the same figures" {
  cp "$BATS_FILE_TMPDIR/all.db" "$PL_DB"
  status 0 pl-record -m claude-code "$logs"/*/*.jsonl
  is duplicate "$(jq -r .status out | sort -u)"
  is_all
}

@test "laws: backwards, the same figures" {
  everything | tac | take
  is_all
}

@test "laws: in pieces, of which the last comes first, the same figures" {
  everything | split -l 35 - piece.
  for piece in c b a; do take <"piece.a$piece"; done
  is_all
}

@test "laws: from a folder, the same figures, and no error in them" {
  status 0 pl-backfill -m claude-code "$logs"
  is_all
  status 0 pl-backfill --verify
}

@test "copies: by --resume or --fork-session, by /branch and by the SDK, add what is new in them alone" {
  cp "$BATS_FILE_TMPDIR/session.db" "$PL_DB"
  take "$logs"/resumed/*
  is "11|52|1065|61300|6100|4400" "$(tokens)"
  take "$logs"/branch/*
  is "12|63|1125|73300|6800|5100" "$(tokens)"
  take "$logs"/sdk/*
  is "12|63|1125|73300|6800|5100" "$(tokens)"
  is 7 "$(sql "SELECT count(*) FROM workflow_history")"
  is "$copied" "$(turn a0000002)"
  is "claude-sonnet-4-5-20250929|0|5.0|9|50|12000|600|12659|0.006627" "$(turn b0000001)"
  is "claude-sonnet-4-5-20250929|0|7.0|11|60|12000|700|12771|0.008733" "$(turn c0000001)"
}

@test "copies: alone, without what they were copied from" {
  for copy in resumed branch sdk; do
    fresh
    take "$logs/$copy"/*
    is "a0000002-0000-4000-8000-000000000000|13|620|30200" "$(sql "SELECT workflow_id, input_tokens, output_tokens,
      cache_read_tokens FROM workflow_history WHERE nl_input LIKE 'Run%'")"
  done
}

@test "copies: before what they were copied from; what the SDK dated anew is when it was" {
  take "$logs"/sdk/* "$logs"/branch/* "$logs"/resumed/* "$logs"/session/*/*/*.jsonl "$logs"/session/*.jsonl
  is "$copied" "$(turn a0000002)"
  is "2026-02-02 09:01:20" "$(sql "SELECT timestamp FROM routing_metrics WHERE request_id LIKE 'msg_01shopA3:%'")"
}

# -- lines --

@test "older shapes: no requestId, no cache, a cost of its own, a gateway's id" {
  status 0 pl-record -q -m claude-code "$logs"/old/*
  is "local:e0000006-0000-4000-8000-000000000000|qwen3-coder|100|10|0|0|||
local:e0000007-0000-4000-8000-000000000000|qwen3-coder|200|20|0|0|||
msg_01oldE1|claude-sonnet-4-20250514|4|120|0|18000||0.0712|5100.0
msg_01oldE2|claude-sonnet-4-20250514|6|80|0|0||0.001218|" "$(sql "SELECT request_id, selected_model, input_tokens,
    output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, cost, latency_ms
    FROM routing_metrics ORDER BY 1")"
  is "'/init'|'init'" "$(asked)"
}

@test "lines: those that are skipped unparsed do not matter" {
  grep -v '^# pl: lines ' "$root/share/pl/maps/claude-code.jq" >whole.jq
  everything | pl-record -q -m ./whole.jq
  is_all
}

@test "lines: blanks after colons and commas" {
  everything | sed -E 's/("|[]}]|null|true|false|[0-9]),"/\1, "/g; s/":/": /g' | take
  is_all
}

@test "lines: values that span lines" {
  everything | jq . | take
  is_all
}

@test "lines: all are recognised without a map's name" {
  everything | status 0 pl-record -q -m auto
  is_all
}

# -- prompts --

@test "prompts: what is none" {
  {
    said 1 '"<command-name>/clear</command-name>\n            <command-message>clear</command-message>"'
    said 2 '"<local-command-stdout></local-command-stdout>"'
    said 3 '"<bash-input>ls</bash-input>"'
    said 4 '"<bash-stdout>a</bash-stdout><bash-stderr></bash-stderr>"'
    said 5 '[{"type":"text","text":"[Request interrupted by user for tool use]"}]'
    said 6 '"This session is being continued from a previous conversation that ran out of context."'
    said 7 '"A summary."' '"isCompactSummary":true'
    said 8 '"Continue."' '"isMeta":true'
    said 9 '"Find it."' '"isSidechain":true'
    said 10 '"<task-notification>\n<task-id>x</task-id>"'
    said 11 '"A wake-up."' '"promptSource":"system"'
    said 12 '"From a peer."' '"origin":{"kind":"peer"}'
    said 13 '"<system-reminder>Be brief.</system-reminder>"'
    said 14 '[{"type":"text","text":"<ide_selection>line 1\nline 2</ide_selection>"}]'
    said 15 '[{"type":"tool_result","tool_use_id":"t","content":"ok"},{"type":"text","text":"and this"}]'
    said 16 '"<command-message>x</command-message>\n<command-name>x</command-name>\n<skill-format>true</skill-format>"'
    said 17 '"ok"' '"toolUseResult":"ok"'
    said 18 '""'
    said 19 '[]'
    queued 20 '"prompt":"ls","commandMode":"bash"'
    queued 21 '"prompt":"go on","commandMode":"prompt","origin":{"kind":"coordinator"}'
    queued 22 '"prompt":"go on"},"isSidechain":true,"x":{"y":1'
    line 23 '"type":"attachment","attachment":{"type":"nested_memory","content":"Use \"user\" and npm."}'
    line 24 '"type":"queue-operation","operation":"enqueue","content":"and this"'
  } >in
  status 0 pl-record -m claude-code in
  is "" "$(cat out err)"
}

@test "prompts: what is one" {
  {
    said 1 '"Say <b>\"tool_result\"</b>"' '"origin":{"kind":"human"},"promptSource":"sdk"'
    said 2 '"<system-reminder>One.</system-reminder>\nList <ide files\n\n<system-reminder>Two.</system-reminder>"'
    said 3 '[{"type":"text","text":"one"},{"type":"text","text":" two "},{"type":"image","source":{}}]'
    said 4 '[{"type":"document","source":{}}]'
    said 5 '"<command-message>fix is running…</command-message>\n<command-name>/fix</command-name>"'
    said 6 '"<command-message>x</command-message>\n<command-name>/x</command-name>\n<command-args>a <b></command-args>"'
    said 7 '"An open <system-reminder> stays"'
    queued 8 '"prompt":"and this","commandMode":"prompt"'
  } >in
  status 0 pl-record -q -m claude-code in
  is "'Say <b>\"tool_result\"</b>'|NULL
'List <ide files'|NULL
'one
two'|NULL
NULL|NULL
'/fix'|'fix'
'/x a <b>'|'x'
'An open <system-reminder> stays'|NULL
'and this'|NULL" "$(asked)"
  is "8|0|0" "$(sql "SELECT count(*), count(total_tokens), count(duration_seconds) FROM workflow_history")"
}

# -- odd lines --

@test "odd lines: what is no call is passed over" {
  printf '%s\n' 1 null '"assistant usage"' '[]' '["user","assistant","usage"]' '{}' '{"type":"user"}' \
    '{"type":"assistant","message":"usage"}' '{"type":"assistant","message":{"usage":3}}' \
    '{"type":"progress","data":"assistant usage"}' '{"type":"progress","data":{"message":["assistant","usage"]}}' \
    '{"type":"user","message":{"content":3}}' '{"type":"user","message":{"content":[1,[],{"type":"text"}]}}' \
    '{"type":"user","message":{"content":[1,{"type":"tool_result","is_error":"true"}]}}' \
    '{"type":"attachment","attachment":"queued_command"}' '{"type":3,"uuid":"user"}' >in
  line 1 '"type":"assistant","message":{"id":"m","model":"<synthetic>","usage":{"input_tokens":0}}' >>in
  status 0 pl-record -m claude-code in
  is "" "$(cat out err)"
}

@test "odd lines: a call whose tokens are wrong is rejected, and named" {
  {
    call 1 msg_1 '"r"' '"12"'
    call 2 msg_2 '"r"' 2 '"cache_read_input_tokens":-1'
    call 3 msg_3 '"r"' 3
    call 4 msg_4 '"r"' 4 '"cache_creation":{"ephemeral_1h_input_tokens":[]}'
  } >in
  status 1 pl-record -q -m claude-code in
  is "1 output_tokens 2 cache_read_tokens 4 cache_write_1h_tokens" \
    "$(sed -E 's/^pl-record: in:([0-9]+): ([a-z_0-9]+).*/\1 \2/' err | xargs)"
  is "msg_3:r" "$(sql "SELECT request_id FROM routing_metrics")"
}

@test "calls: two requests with one id are two; a smaller snapshot is none, whatever its time" {
  {
    call 5 msg_1 '"r1"' 9
    call 7 msg_1 '"r1"' 4
    call 6 msg_1 '"r2"' 5
    call 8 a-long-id-of-a-gateway null 3
    call 9 a-long-id-of-a-gateway null 6
  } >in
  take in
  is "a-long-id-of-a-gateway|6|2026-02-02 10:00:09
msg_1:r1|9|2026-02-02 10:00:05
msg_1:r2|5|2026-02-02 10:00:06" "$(sql "SELECT request_id, output_tokens, timestamp FROM routing_metrics ORDER BY 1")"
}

# -- what real sessions say --

@test "real transcripts" {
  data="$root/../shared/data/claude-code"
  [ -d "$data" ] || skip "no ../shared/data/claude-code"
  take "$data"/*
  is "22|1657|1818|622375|71658|71658" "$(tokens)"
  is "0.9288493" "$(sql "SELECT round(sum(cost), 9) FROM routing_metrics")"
  is "5|5|1657|1818|0.928849" "$(sql "SELECT count(*), count(nl_input), sum(input_tokens), sum(output_tokens),
    round(sum(actual_cost_total), 6) FROM workflow_history")"
  is "mix phx.server doesnt seem to start|2|25366" "$(sql "SELECT nl_input, error_count, total_tokens
    FROM workflow_history WHERE session_id LIKE '55604662-%'")"
  figures >once
  fresh
  cat "$data"/* | tac | take
  figures >backwards
  is "" "$(diff once backwards)"
}
