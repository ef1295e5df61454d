#!/usr/bin/env bats
# Turns of sessions: what lies between one and the next adds up to it, in whatever order it came.
# LAW_ROUNDS=10 does ten times as much; LAW_SEED=N begins with other histories.
# shellcheck disable=SC2030,SC2031,SC2154

load helper
load laws/laws

turn() {
  printf '{"kind":"workflow","workflow_id":"%s","nl_input":"Run the backend tests with pytest",' "$1"
  printf '"turn":true,"session_id":"%s","created_at":%s}\n' "$2" "$3"
}
call() {
  printf '{"kind":"request","request_id":"%s","session_id":"%s","timestamp":%s,"model":"m",' "$1" "$2" "$3"
  printf '"input_tokens":%s,"output_tokens":%s,"cost":%s}\n' "$4" "$5" "$6"
}
failed() {
  printf '{"kind":"step","step":"tool","event_id":"%s","session_id":"%s","timestamp":%s,"success":false}\n' "$@"
}
turns() {
  sql "SELECT workflow_id, total_tokens, actual_cost_total, duration_seconds, error_count, model_used
    FROM workflow_history ORDER BY 1"
}

@test "a turn is what its session's requests and steps say, up to the next turn" {
  { turn a s 1000; turn b s 2000; turn c other 1500
    call r1 s 1010 100 10 0.01; call r2 s 1020 200 20 0.02; failed e1 s 1015
    call r3 s 2005 7 3 0.5; call r4 s 999 1000 1000 1; call r5 other 1501 1 1 0.25; } >in
  status 0 pl-record <in
  is "$(printf '%s\n' "a|330|0.03|20.0|1|m" "b|10|0.5|5.0|0|m" "c|2|0.25|1.0|0|m")" "$(turns)"
  is "3|0.26" "$(sql "SELECT occurrence_count, round(avg_cost_with_llm, 6) FROM operation_patterns")"
  is "5|1.78" "$(pl-stats costs --by model --json | jq -r '.[0] | "\(.requests)|\(.total_cost)"')"
  is "3|1.78" "$(pl-stats summary --json | jq -r '"\(.total_workflows)|\(.total_cost)"')"
  pl-backfill --verify
}

@test "a turn without answers has no figures, and counts no cost and no request" {
  turn a s 1000 | pl-record -q
  is "a|||||" "$(turns)"
  is "1|" "$(sql "SELECT occurrence_count, avg_cost_with_llm FROM operation_patterns")"
  is "[]" "$(pl-stats costs --json)"
  call r s 1001 5 5 0.5 | pl-record -q
  is "a|10|0.5|1.0|0|m" "$(turns)"
  is "1|0.5" "$(sql "SELECT occurrence_count, avg_cost_with_llm FROM operation_patterns")"
  pl-backfill --verify
}

@test "a stop ends a turn that has no requests, and lengthens one that has" {
  echo '{"kind":"step","step":"stop","session_id":"s","timestamp":1060,"event_id":"x"}' >stop
  turn a s 1000 | cat - stop | pl-record -q
  is "a|||60.0|0|" "$(turns)"
  call r s 1030 5 5 0.5 | pl-record -q
  is "a|10|0.5|60.0|0|m" "$(turns)"
}

@test "what is not known of one request is not known of its turn" {
  { turn a s 1000; call r1 s 1001 5 5 0.5
    echo '{"request_id":"r2","session_id":"s","timestamp":1002,"model":"nobody","input_tokens":3}'; } | pl-record -q
  is "a|13||2.0|0|m" "$(turns)"
  is "8|" "$(sql "SELECT input_tokens, output_tokens FROM workflow_history")"
}

@test "the model of a turn is the one that wrote most; of equal ones the first by name" {
  { turn a s 1000; call r1 s 1001 5000 5 0.5; call r2 s 1002 1 9 0.5 | sed 's/"m"/"z"/'; } >in
  pl-record -q <in
  is z "$(sql "SELECT model_used FROM workflow_history")"
  call r3 s 1003 1 4 0 | pl-record -q
  is m "$(sql "SELECT model_used FROM workflow_history")"
}

@test "a session copied into another counts once; what follows in each is its own" {
  { turn a s 1000; call r1 s 1001 5 5 0.5; turn b s 2000; call r2 s 2001 1 1 0.1; } >first
  { sed 's/"s"/"copy"/' first | head -n 2; turn c copy 3000; call r3 copy 3001 2 2 0.2; } >copy
  for order in "first copy" "copy first"; do
    fresh
    # shellcheck disable=SC2086 # two names
    pl-record -q $order
    is "$(printf '%s\n' "a|10|0.5|1.0|0|m" "b|2|0.1|1.0|0|m" "c|4|0.2|1.0|0|m")" "$(turns)"
    pl-backfill --verify
  done
}

@test "turns, requests and steps that are replaced move with their time and session" {
  { turn a s 1000; turn b s 2000; call r s 1500 5 5 0.5; failed e s 1500; } | pl-record -q
  is "$(printf '%s\n' "a|10|0.5|500.0|1|m" "b|||||")" "$(turns)"
  { call r s 2500 6 6 0.6; failed e s 2600; } | pl-record -q
  is "$(printf '%s\n' "a|||||" "b|12|0.6|500.0|1|m")" "$(turns)"
  call r t 2700 7 7 0.7 | pl-record -q
  is "$(printf '%s\n' "a|||||" "b||||1|")" "$(turns)"
  { turn b t 2650; turn a t 2100 | sed 's/}$/,"updated_at":9000}/'; } | pl-record -q
  is "$(printf '%s\n' "a||||1|" "b|14|0.7|50.0|0|m")" "$(turns)"
  pl-backfill --verify
}

@test "of several versions of a record the one with the larger revision counts, whenever it is from" {
  v() { printf '{"request_id":"r","timestamp":%s,"output_tokens":%s%s}\n' "$@"; }
  { v 1000 9 ',"revision":9'; v 2000 5 ',"revision":5'; v 3000 99 ''; v 900 9 ',"revision":9'; } >in
  for order in cat tac sort; do
    fresh
    $order in | pl-record -q
    is "9|1970-01-01 00:16:40" "$(sql "SELECT output_tokens, timestamp FROM routing_metrics")"
  done
}

@test "a turn may not say what its requests say, and must be of a session" {
  for field in model model_used error_count duration_seconds input_tokens total_tokens cost actual_cost_total; do
    value=1
    case $field in model*) value='"m"' ;; esac
    status 1 pl-record <<<'{"workflow_id":"w","turn":true,"session_id":"s","'"$field"'":'"$value"'}'
    is "pl-record: -:1: $field: cannot be said of a turn: its requests and steps say it" "$(cat err)"
  done
  status 1 pl-record <<<'{"workflow_id":"w","turn":true}'
  is "pl-record: -:1: session_id: is missing: a turn is of a session" "$(cat err)"
  status 1 pl-record <<<'{"workflow_id":"w","turn":1,"session_id":"s"}'
  is "pl-record: -:1: turn: is a number, not true or false" "$(cat err)"
  status 0 pl-record <<<'{"workflow_id":"w","turn":false,"cost":1}'
}

@test "retries of a turn are the record's, however often its figures change" {
  turn a s 1000 | sed 's/}$/,"retry_count":5}/' | pl-record -q
  call r1 s 1001 5 5 0.5 | pl-record -q
  call r2 s 1002 5 5 0.5 | pl-record -q
  is "5|20" "$(sql "SELECT retry_count, total_tokens FROM workflow_history")"
  is "1|5" "$(sql "SELECT retries_known, retries FROM pattern_sum")"
  pl-backfill --verify
}

@test "tools that succeeded are known not to have failed" {
  { turn a s 1000; failed e s 1001 | sed 's/false/true/'; } | pl-record -q
  is "a||||0|" "$(turns)"
}

@test "many failed tools make a turn complex, with its text and without" {
  for option in --json --no-text; do
    fresh
    { turn a s 1000; for i in 1 2 3 4 5 6; do failed "e$i" s 1001; done; } | pl-record -q $option
    is "complex|6|complex" "$(sql "SELECT matched_characteristics ->> 'complexity',
      matched_characteristics ->> 'error_count', typical_input_pattern ->> 'complexity'
      FROM pattern_occurrences, operation_patterns")"
    pl-backfill --verify
    pl-backfill -q --rebuild
    is complex "$(sql "SELECT matched_characteristics ->> 'complexity' FROM pattern_occurrences")"
  done
}

@test "turns at one moment: the last by its id has what follows, whatever came first" {
  for order in "a b c" "c b a" "b c a"; do
    fresh
    call r s 1001 5 5 0.5 | pl-record -q
    for id in $order; do turn $id s 1000 | pl-record -q; done
    is "a b c|10" "$(turns | cut -d'|' -f 1,2 | sed 's/|$//' | xargs)"
    pl-backfill --verify
  done
  for i in {1..600}; do turn "t$i" s 1000; done | pl-record -q
  is 10 "$(sql "SELECT total_tokens FROM workflow_history WHERE workflow_id = 't99'")"
  pl-backfill --verify
}

@test "the cost of a turn is summed, of requests that say it and of those that are priced" {
  { turn a s 1000; call r s 1001 5 5 0.5; turn b s 2000; } | pl-record -q
  is "a|summed b|" "$(sql "SELECT workflow_id, cost_source FROM workflow_history" | xargs)"
}

@test "of a database of pl the turns are left to its logs" {
  { turn a s 1000; call r s 1001 5 5 0.5; echo '{"workflow_id":"w","cost":1}'; } >log
  pl-record -q log
  mv "$PL_DB" other.db
  pl-backfill -q other.db 2>err
  has "$(cat err)" "only the workflows that are no turns are taken in"
  is "w" "$(sql "SELECT group_concat(workflow_id) FROM workflow_history")"
  pl-record -q log
  is 1.5 "$(pl-stats summary --json | jq .total_cost)"
}

@test "a process of a version before a migration stops, and loses nothing that it acknowledged" {
  mkfifo pipe
  pl-record <pipe >out 2>err &
  exec 9>pipe
  echo '{"workflow_id":"a"}' >&9
  for _ in {1..40}; do [ ! -s out ] || break; sleep 0.05; done
  sql "PRAGMA user_version = 99" >/dev/null
  echo '{"workflow_id":"b"}' >&9
  exec 9>&-
  wait $! && return 1
  has "$(cat err)" "has been brought forward by a newer version of pl meanwhile: start again"
  is a "$(jq -r .workflow_id out)"
}

@test "steps: results, duplicates, newer versions, errors" {
  { failed e s 1000; failed e s 1000; failed e s 1001
    echo '{"kind":"step","step":"stop","session_id":7,"tool_name":"x","timestamp":1}'; } >in
  status 0 pl-record <in
  is '{"kind":"step","session_id":"s","step":"tool","status":"new"}
{"kind":"step","session_id":"s","step":"tool","status":"duplicate"}
{"kind":"step","session_id":"s","step":"tool","status":"updated"}
{"kind":"step","session_id":"7","step":"stop","status":"new"}' "$(cat out)"
  is "s|1970-01-01 00:16:41|tool||0
7|1970-01-01 00:00:01|stop|x|" \
    "$(sql "SELECT session_id, timestamp, step, tool_name, success FROM session_steps ORDER BY id")"
  for bad in '{"kind":"step","session_id":"s"}|step: is missing' \
    '{"kind":"step","step":"tool"}|session_id: is missing' \
    '{"kind":"step","step":"go","session_id":"s"}|step: is none of tool or stop' \
    '{"kind":"step","step":"tool","session_id":"s","success":"no"}|success: is a string, not true or false'; do
    status 1 pl-record <<<"${bad%|*}"
    is "pl-record: -:1: ${bad#*|}" "$(cat err)"
  done
}

@test "without text, a turn's figures come all the same, and a rebuild keeps them" {
  { turn a s 1000; call r s 1001 5 5 0.5; } >in
  head -n 1 in | pl-record -q --no-text
  tail -n 1 in | pl-record -q --no-text
  is "a|10|0.5|1.0|0|m" "$(turns)"
  is "1|0.5" "$(sql "SELECT occurrence_count, avg_cost_with_llm FROM operation_patterns")"
  pl-backfill --rebuild
  is "1|0.5" "$(sql "SELECT occurrence_count, avg_cost_with_llm FROM operation_patterns")"
  pl-backfill --verify
}

@test "what somebody changed by hand is found by --verify, and mended by --rebuild" {
  { turn a s 1000; turn b s 2000; call r s 1001 5 5 0.5; failed e s 1002; } | pl-record -q
  everything >once
  while IFS= read -r change; do
    sql "$change"
    status 1 pl-backfill --verify
    pl-backfill -q --rebuild
    pl-backfill --verify
    same once
  done <<'SQL'
UPDATE workflow SET total_tokens = 11 WHERE workflow_id = 'a'
UPDATE workflow SET duration_ms = NULL WHERE workflow_id = 'a'
UPDATE workflow SET error_count = 0, named = 0 WHERE workflow_id = 'a'
UPDATE workflow SET model = NULL WHERE workflow_id = 'a'
UPDATE turn SET at = at + 1 WHERE at = 1000000000
DELETE FROM turn WHERE at = 2000000000
DELETE FROM turn
SQL
}

@test "a rebuild by other prices gives turns their new costs" {
  echo '{"models":{"m":{"input":1,"output":2}}}' >p1
  echo '{"models":{"m":{"input":10,"output":20}}}' >p2
  { turn a s 1000; call r s 1001 5 5 null; } | pl-record -q --prices p1
  is "a|10|1.5e-05|1.0|0|m" "$(turns)"
  pl-backfill -q --rebuild --prices p2
  is "a|10|0.00015|1.0|0|m" "$(turns)"
  is "0.00015" "$(sql "SELECT avg_cost_with_llm FROM operation_patterns")"
  pl-backfill --verify
}

# -- laws --

# naively: what ./records makes of each turn, from the requests and steps that the database holds
naively() {
  sql_json "SELECT workflow_id AS id, created_at / 1000000 AS at FROM workflow WHERE turn = 1" >w.json
  sql_json "SELECT session_id AS session, CAST(strftime('%s', timestamp) AS INTEGER) AS at, selected_model AS model,
    input_tokens, output_tokens, cache_read_tokens, cost FROM routing_metrics" >r.json
  sql_json "SELECT session_id AS session, CAST(strftime('%s', timestamp) AS INTEGER) AS at, step, success
    FROM session_steps" >s.json
  jq -n --slurpfile records records --slurpfile w w.json --slurpfile r r.json --slurpfile s s.json '
    ($records | map(select(.turn)) | group_by(.workflow_id) |
      map({key: .[0].workflow_id, value: map(.session_id) | unique}) | from_entries) as $seen |
    {turns: [$w[0][]? | .sessions = $seen[.id]], requests: ($r[0] // []), steps: ($s[0] // [])}' |
    jq -r -f "$laws/recompute-turns.jq" | sort
}
sql_json() { sqlite3 -batch -json "$PL_DB" "$1"; }
stored() {
  sql "SELECT workflow_id, input_tokens, output_tokens, cache_read_tokens, total_tokens,
    CASE (SELECT slot FROM state) WHEN 0 THEN priced_0 ELSE priced_1 END, duration_ms / 1000, error_count, m.text
    FROM workflow w LEFT JOIN name m ON m.id = w.model WHERE turn = 1" | sort
}

@test "laws: a history of turns has one set of figures, in any order, form, number of processes and of readings" {
  mkdir -p "$XDG_CONFIG_HOME/pl"
  cp "$laws/prices.json" "$XDG_CONFIG_HOME/pl"
  for seed in $(seeds 2); do
    sh "$laws/turns.sh" "$seed" 25 >records
    fresh
    record <records
    everything >once
    naively >wanted
    stored >got
    diff wanted got || { echo "seed $seed"; return 1; }
    verified || { echo "seed $seed"; return 1; }
    for order in tac "shuffled 7"; do
      fresh
      ${order} records | record
      same once || { echo "seed $seed, $order"; return 1; }
    done
    for deal in 1 2; do
      fresh
      bash "$laws/deal.sh" records $((seed * 10 + deal)) || { echo "seed $seed, deal $deal"; return 1; }
      same once || { echo "seed $seed, deal $deal"; return 1; }
      verified || { echo "seed $seed, deal $deal"; return 1; }
    done
  done
}
