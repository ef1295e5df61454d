#!/usr/bin/env bats
# pl-backfill --prune, --forget and --backup: what is gone has left every figure, and stays out; a copy is whole.
# LAW_ROUNDS and LAW_SEED as in laws.bats.
# shellcheck disable=SC2030,SC2031,SC2154

load helper
load laws/laws

# history SEED IDS: ./records of every kind
history() {
  mkdir -p "$XDG_CONFIG_HOME/pl"
  cp "$laws/prices.json" "$XDG_CONFIG_HOME/pl"
  for kind in history loop cache turns; do sh "$laws/$kind.sh" "$1" "$2"; done | cut -f1 >records
}

# shown: what a reader sees; but features of prompts stay with any request of the same prompt
shown() { everything | grep -vE '^-?[0-9]+\|[0-9]+\|[0-9A-F]+$'; }

days_ago() { date -u -d "2026-03-01T12:00:00Z - $1 days" +%FT%TZ; }

# -- --prune ----------------------------------------------------------------------------------------------------------

@test "prune: what is left is what younger records alone give, and what is read again stays out" {
  for seed in $(seeds 1); do
    history "$seed" 60
    for days in 20 60; do
      fresh
      pl-backfill -q --since "$(days_ago $days)" records 2>warnings
      shown >younger
      fresh
      record records
      pl-backfill --prune "${days}d" >said
      has "$(head -n 1 said)" "workflow: "
      verified || { echo "seed $seed"; return 1; }
      record records
      verified || { echo "seed $seed, read again"; return 1; }
      shown | cmp younger - || { echo "seed $seed, $days days"; return 1; }
      tac records | record
      shown | cmp younger - || { echo "seed $seed, backwards"; return 1; }
      pl-backfill -q --rebuild
      shown | cmp younger - || { echo "seed $seed, rebuilt"; return 1; }
    done
  done
}

@test "prune: records without a time go by when they were recorded, and stay out by their ids" {
  cat >in <<'JSON'
{"workflow_id":"w","nl_input":"Check git status"}
{"request_id":"r","prompt":"Fix it","model":"m","cost":1}
{"prompt":"Nobody names me","model":"m","cost":1}
{"request_id":"r","quality_score":5}
{"event":"hit","signature":"s"}
{"kind":"step","session_id":"s","step":"tool","tool_name":"t"}
{"kind":"review","pattern_signature":"git:status:summary","automation_status":"approved"}
JSON
  PL_NOW=2025-03-01T12:00:00Z pl-record -q in
  pl-backfill --prune 100d >said
  is "workflow: 1, request: 2, feedback: 1, cache: 1, review: 1, step: 1" "$(sed -n 's/^removed  //p' said)"
  pl-backfill -q --force in
  is "0 0 0 0 0 0" "$(sql "SELECT (SELECT count(*) FROM workflow_history), (SELECT count(*) FROM routing_metrics),
    (SELECT count(*) FROM response_feedback), (SELECT count(*) FROM cache_event), (SELECT count(*) FROM step),
    (SELECT count(*) FROM pattern_reviews)" | tr '|' ' ')"
  is "0 0 null" "$(pl-stats --json | jq -r '"\(.total_workflows) \(.total_requests) \(.total_cost)"')"
  verified
  pl-record -q <<<'{"workflow_id":"other","nl_input":"Check git status"}'
  is 1 "$(sql "SELECT occurrence_count FROM operation_patterns")"
}

@test "prune: --dry-run tells, and changes nothing" {
  history 1 40
  record records
  everything >before
  pl-backfill --dry-run --prune 30d >said
  has "$(cat said)" "workflow: "
  has "$(cat said)" "dry_run  true"
  same before
  is 0 "$(sql "SELECT removals FROM state")"
}

@test "prune: killed at any moment, it goes on when it is called again" {
  history 2 120
  record records
  sql "VACUUM INTO 'full'"
  pl-backfill -q --prune 40d
  everything >pruned
  RANDOM=$first_seed
  for _ in $(seq $((5 * rounds))); do
    fresh
    cp full "$PL_DB"
    pl-backfill -q --prune 40d 2>/dev/null 3>&- &
    nap 60
    killed $!
    verified
    pl-backfill -q --prune 40d 2>/dev/null
    same pruned
  done
}

@test "prune: what was a turn once leaves nothing behind for whoever gets its row" {
  turn() {
    echo "{\"workflow_id\":\"$1\",\"session_id\":\"$2\",\"turn\":$3,\"created_at\":\"$4\",\"updated_at\":$5}"
  }
  turn w1 s1 true 2020-01-01T00:00:00Z 1 | pl-record -q
  turn w1 s1 false 2020-01-01T00:00:00Z 2 | pl-record -q
  pl-backfill -q --prune 2021-01-01
  verified
  turn w9 s2 true 2026-01-01T00:00:00Z 3 | pl-record -q
  echo '{"request_id":"r","session_id":"s1","model":"m","cost":1,"input_tokens":5,"timestamp":"2026-01-01T00:00:05Z"}' |
    pl-record -q
  is "|" "$(sql "SELECT total_tokens, actual_cost_total FROM workflow_history")"
  verified
}

@test "prune: times that are not past, and what it does not go with" {
  pl-record -q </dev/null
  for time in 0d 2099-01-01 x 400; do
    status 2 pl-backfill --prune "$time"
    has "$(cat err)" "--prune"
  done
  status 2 pl-backfill --prune 9d --since 1d
  status 2 pl-backfill --prune 9d --prune 8d
  status 0 pl-backfill -v --prune 9d
  has "$(cat err)" "records of before 2026-02-20 12:00:00 stay out from now on"
}

@test "prune: where it fails, it does not say that it removed" {
  seq 2000 | sed 's/.*/{"workflow_id":"w&","nl_input":"Check git status","created_at":"2025-01-01T00:00:00Z"}/' |
    pl-record -q
  (trap '' XFSZ; ulimit -f 1500; status 2 pl-backfill -j --prune 90d)
  removed=$(jq '.removed.workflow // 0' out) left=$(sql "SELECT count(*) FROM workflow")
  is 2000 "$((removed + left))"
  [ "$left" -gt 0 ]
  verified
  status 0 pl-backfill -j --prune 90d
  is "$left" "$(jq .removed.workflow out)"
  verified
}

@test "forget: while somebody reads, writers do not wait, and it says what is left in the log" {
  echo '{"request_id":"r","user_id":"zebulon"}' | pl-record -q
  mkfifo hold
  sqlite3 "$PL_DB" "BEGIN" "SELECT count(*) FROM request" ".output reading" "SELECT 1" ".output" ".read hold" \
    3>&- >/dev/null &
  exec 4>hold
  soon [ -s reading ]
  pl-backfill --forget user=zebulon >said 2>err &
  for i in $(seq 5); do
    ms=$((${EPOCHREALTIME/[.,]/} / 1000))
    echo "{\"workflow_id\":\"w$i\"}" | pl-record -q
    [ $((${EPOCHREALTIME/[.,]/} / 1000 - ms)) -lt 5000 ]
  done
  wait $!
  has "$(cat err)" "may yet be read in"
  exec 4>&-
  wait
  pl-backfill -q --forget user=zebulon
  is "" "$(grep -l -a zebulon "$PL_DB"*)"
}

@test "prune: beside writers and a rebuild, the figures are right in the end" {
  history 3 100
  pl-backfill -q --since "$(days_ago 40)" records 2>warnings
  shown >younger
  fresh
  head -n 400 records | record
  for _ in 1 2 3; do shuffled "$RANDOM" records | pl-record -q 2>/dev/null 3>&- & done
  nap 50
  pl-backfill -q --prune 40d 2>/dev/null 3>&- &
  pl-backfill -q --rebuild 2>/dev/null 3>&- &
  wait
  pl-backfill -q --prune 40d 2>/dev/null
  record records
  verified
  shown | cmp younger -
}

@test "prune: a cache that was reset before counts what comes after" {
  event() { echo "{\"event\":\"hit\",\"signature\":\"s$1\",\"timestamp\":\"$2\"}"; }
  event 1 2025-01-01T00:00:00Z | pl-record -q
  event 2 2025-01-02T00:00:00Z | pl-record -q
  PL_NOW=2025-02-01T00:00:00Z pl-cachestat --reset --yes
  pl-backfill -q --prune 100d 2>/dev/null
  event 3 2026-02-28T00:00:00Z | pl-record -q
  is 1 "$(pl-cachestat -f hit_count)"
  verified
}

# -- --forget ---------------------------------------------------------------------------------------------------------

# faithful: ./records with one version of each id, which bears names that only its kind has
faithful() {
  jq -c -n '[inputs] | to_entries | map(.key as $at | .value |
    (.kind == "workflow" or (.kind == null and (.workflow_id // .nl_input) != null)) as $is_workflow |
    (.kind == "feedback" or (.kind == null and .quality_score != null and ([.prompt, .model, .selected_model, .messages,
      .prompt_hash, .input_tokens, .nl_input] | all(. == null)))) as $is_feedback |
    (if $is_workflow then .workflow_id elif $is_feedback then .feedback_id // .event_id
      else .request_id // .event_id // .feedback_id end) as $id |
    (.turn or .kind == "step" or .pattern_signature or $id == null) as $as_it_is |
    {$at, id: (if $id == null or .kind == "step" then $at else "\($id)" end), record: (.is_feedback = $is_feedback |
      if $as_it_is then . else
        ("\($id)" | explode | add) as $n | .session_id = (if .signature then null else "session \($n % 5)" end) |
        .user_id = (if $is_workflow then null else "user \($n % 4)" end) |
        .account = (if $is_feedback then null else "account \($n % 3)" end) end)}) |
    group_by(.id) | map(last) | sort_by(.at) | .[].record' records >faithful
  mv faithful records
}

# without WHO NAME: of ./records those that are left when somebody is forgotten whose requests are in ./requests
without() {
  jq -c --arg who "$1" --arg name "$2" --rawfile r requests '($r | split("\n")) as $requests |
    select(({session: .session_id, account: .account, user: .user_id}[$who] // "" | tostring) != $name and
      ((.is_feedback and ("\(.request_id)" | IN($requests[]))) | not))' records
}

@test "forget: what is left is what the others' records give, and what is read again stays out" {
  for seed in $(seeds 1); do
    history "$seed" 60
    faithful
    for who in account=account user_id=user session_id=session; do
      column=${who%=*} who=${who#*=} name="${who#*=} 1"
      fresh
      record records
      sql "SELECT request_id FROM routing_metrics WHERE $column = '$name' AND request_id IS NOT NULL" >requests
      without $who "$name" >others
      pl-backfill --forget "$who=$name" >said
      has "$(cat said)" "request: "
      verified || { echo "seed $seed, $who $name"; return 1; }
      shown >left
      record records
      verified || { echo "seed $seed, $who $name, read again"; return 1; }
      shown | diff left - | head -n 6 >again
      is "" "$(cat again)" || { echo "seed $seed, $who $name, read again"; return 1; }
      fresh
      record <others
      shown >wanted
      diff wanted left | head -n 6
      cmp wanted left || { echo "seed $seed, $who $name"; return 1; }
    done
  done
}

@test "forget: nothing of them is in the file, nor in its log" {
  for i in $(seq 50); do
    echo "{\"request_id\":\"r$i\",\"prompt\":\"Fix bug $i\",\"user_id\":\"zebulon\",\"account\":\"rumpel\"}"
    echo "{\"request_id\":\"r$i\",\"quality_score\":3,\"user_id\":\"quixote\",\"comment\":\"dulcinea said no. $i\"}"
    echo "{\"event\":\"hit\",\"signature\":\"s\",\"user_id\":\"zebulon\",\"event_id\":\"e$i\"}"
  done | pl-record -q
  echo '{"kind":"review","pattern_signature":"a:b:c","automation_status":"approved","reviewed_by":"zebulon"}' |
    pl-record -q 2>/dev/null
  grep -q -a zebulon "$PL_DB"*
  is '{"removed":{"request":50,"feedback":50,"cache":50,"reviewed_by":1},"dry_run":false}' \
    "$(pl-backfill -j --forget user=zebulon)"
  is "" "$(grep -l -a -E 'zebulon|dulcinea' "$PL_DB"*)"
  grep -q -a rumpel "$PL_DB"* # whose name another table may yet hold: it was not asked for
  is "0|0|0|1" "$(sql "SELECT (SELECT count(*) FROM routing_metrics), (SELECT count(*) FROM response_feedback),
    (SELECT count(*) FROM prompt_features), (SELECT count(*) FROM pattern_reviews WHERE reviewed_by IS NULL)")"
  is "0.0" "$(pl-cachestat --json | jq '.cost_savings.total_saved + .hit_count' | sed 's/^0$/0.0/')"
  verified
}

@test "forget: a name that others bear as something else stays with them, and a running writer follows" {
  mkfifo pipe
  pl-record -q <pipe 3>&- &
  exec 4>pipe
  asked() { echo "{\"request_id\":\"$1\",\"model\":\"$2\",\"user_id\":\"$3\",\"cost\":1}"; }
  { asked a twin twin; asked b twin ann; asked c m bob; } >&4
  three() { [ "$(sql "SELECT count(*) FROM routing_metrics" 2>/dev/null)" = 3 ]; }
  soon three
  pl-backfill -q --forget user=twin 2>/dev/null
  pl-backfill -q --forget user=bob 2>/dev/null
  { asked d bob ann; asked e twin twin; asked f m bob; asked g m carl; } >&4
  exec 4>&-
  wait $!
  is "b|twin|ann d|bob|ann g|m|carl" "$(sql "SELECT request_id, selected_model, user_id FROM routing_metrics
    ORDER BY 1" | xargs)"
  verified
}

@test "forget: a turn's session goes with its requests and steps" {
  sh "$laws/turns.sh" 5 60 | cut -f1 >records
  record records
  for session in $(sql "SELECT DISTINCT session_id FROM session_turns ORDER BY 1"); do
    pl-backfill -q --forget "session=$session" 2>/dev/null
    verified || { echo "$session"; return 1; }
    record records
    verified || { echo "$session, read again"; return 1; }
    is 0 "$(sql "SELECT count(*) FROM session_turns WHERE session_id = '$session'")"
  done
  is 0 "$(sql "SELECT count(*) FROM step")"
}

@test "forget: whom it takes, and what else is a mistake" {
  for who in bob user= name=bob =bob ''; do
    status 2 pl-backfill --forget "$who"
    has "$(cat err)" "session=ID, account=ID or user=ID"
  done
  status 2 pl-backfill --forget user=nobody
  has "$(cat err)" "there is no database"
  [ ! -e "$PL_DB" ]
  pl-record </dev/null
  status 0 pl-backfill -j --forget user=nobody
  is '{"removed":{},"dry_run":false}' "$(cat out)"
  status 2 pl-backfill --forget user=a --forget user=b
  has "$(cat err)" "given twice"
  is '"removed"' "$(pl-record <<<'{"request_id":"r","user_id":"nobody"}' | jq -c .status)"
  is 0 "$(sql "SELECT count(*) FROM routing_metrics")"
}

# -- --backup ---------------------------------------------------------------------------------------------------------

@test "backup: a whole copy, private, beside writers, in the place of an older one" {
  history 4 60
  head -n 100 records | record
  umask 022
  pl-record -q -d copy </dev/null
  pl-record -q records 2>/dev/null 3>&- &
  for _ in 1 2 3 4 5; do
    pl-backfill --backup copy
    is "ok|7" "$(sql "SELECT (SELECT * FROM pragma_integrity_check), (SELECT * FROM pragma_user_version)" copy)"
    is "" "$(pl-backfill --verify --db copy | grep -v '^every figure')"
  done
  wait
  pl-backfill -v --backup copy 2>said
  has "$(cat said)" "copy is a copy of"
  is 600 "$(stat -c %a copy)"
  everything >wanted
  same wanted copy
  is "" "$(ls copy.*new* 2>/dev/null)"
  rm "$PL_DB"* # how to restore
  cp copy "$PL_DB"
  record records
  same wanted
}

@test "backup: a copy that was written to, and whose writer was killed, is replaced whole" {
  seq 50 | sed 's/.*/{"workflow_id":"w&","nl_input":"Check git status"}/' | pl-record -q
  pl-backfill --backup copy
  mkfifo pipe
  pl-record -q -d copy <pipe 3>&- &
  exec 4>pipe
  seq 100 200 | sed 's/.*/{"workflow_id":"w&"}/' >&4
  more() { [ "$(sql "SELECT count(*) FROM workflow" copy)" -gt 100 ]; }
  soon more
  killed $!
  exec 4>&-
  [ -s copy-wal ]
  pl-record -q <<<'{"workflow_id":"last"}'
  pl-backfill --backup copy
  is "51 ok" "$(sql "SELECT count(*) FROM workflow; PRAGMA integrity_check" copy | xargs)"
}

@test "backup: what is no copy of ours is left as it is, the database itself too" {
  echo '{"workflow_id":"w"}' | pl-record -q
  echo '{"a":1}' >log.jsonl
  mkfifo fifo
  ln -s "$PL_DB" link
  sqlite3 other "CREATE TABLE t(x)"
  for to in log.jsonl fifo link "$PL_DB" /dev/null other; do
    status 2 pl-backfill --backup "$to"
    has "$(cat err)" "is "
  done
  is '{"a":1}' "$(cat log.jsonl)"
  [ -c /dev/null ] && [ -p fifo ] && [ -L link ]
  is 1 "$(sql "SELECT count(*) FROM workflow_history")"
  : >empty
  pl-backfill --backup empty
  is 1 "$(sql "SELECT count(*) FROM workflow_history" empty)"
  ln -s empty target
  pl-record -q <<<'{"workflow_id":"x"}'
  pl-backfill --backup target # a link is followed
  [ -L target ]
  is 2 "$(sql "SELECT count(*) FROM workflow_history" empty)"
  status 2 pl-backfill --backup a --backup b
  status 2 pl-backfill --dry-run --backup a
}

@test "backup: where it cannot be made, what was there stays" {
  echo '{"workflow_id":"w"}' | pl-record -q
  pl-backfill --backup copy
  cp copy old
  status 2 pl-backfill --backup no/where/copy
  has "$(cat err)" "no/where/copy"
  status 2 pl-backfill --db none --backup copy
  has "$(cat err)" "none"
  echo "no database, whatever stands in it, for it is too long a text to be a header" >junk
  status 2 pl-backfill --db junk --backup copy
  has "$(cat err)" "junk: is not a database"
  (trap '' XFSZ; ulimit -f 20; status 2 pl-backfill --backup copy)
  cmp old copy
  is "copy" "$(ls copy*)"
}

# -- --verify ---------------------------------------------------------------------------------------------------------

@test "verify: rows of what is not there, what was pruned and is back, a spoilt spool and a damaged file" {
  history 1 40
  record records
  pl-record -q --spool s </dev/null
  pl-backfill -q --prune 90d 2>/dev/null
  pl-retrain -q
  verified
  sql "VACUUM INTO 'good'"
  wrong() { # WHAT SQL: what --verify says of it
    cp good "$PL_DB"
    rm -f "$PL_DB"-*
    sql "PRAGMA foreign_keys = OFF; $2"
    status 1 pl-backfill --verify
    has "$(cat out)" "$1" || { echo "$2"; return 1; }
  }
  wrong "table workflow, row" "UPDATE workflow SET account = 99999 WHERE id = (SELECT max(id) FROM workflow)"
  wrong "table request, row" "UPDATE request SET account = 99999 WHERE id = (SELECT max(id) FROM request)"
  wrong "table feedback, row" "UPDATE feedback SET user = 99999 WHERE id = (SELECT max(id) FROM feedback)"
  wrong "table step, row" "UPDATE step SET tool = 99999 WHERE id = (SELECT max(id) FROM step)"
  wrong "table cache_event, row" "DELETE FROM cache_signature WHERE id = (SELECT max(signature) FROM cache_event)"
  wrong "table turn, row" "INSERT INTO turn(workflow, session, at) SELECT 99999, id, 5 FROM name LIMIT 1"
  wrong "is older than what was pruned" "UPDATE state SET pruned_to = pruned_to + 40 * 86400000000"
  cp good "$PL_DB"
  echo '{"workflow_id":"a"}' >s
  status 1 pl-backfill --verify
  has "$(cat out)" "spool $PWD/s: is no spool"
  rm s
  page=$(sql "SELECT rootpage FROM sqlite_schema WHERE name = 'request_by_time'") size=$(sql "PRAGMA page_size")
  dd if=/dev/urandom of="$PL_DB" bs=1 seek=$(((page - 1) * size + 8)) count=64 conv=notrunc 2>/dev/null
  pl-backfill --verify >out 2>err && got=0 || got=$?
  [ "$got" -gt 0 ]
  [ -s out ] || has "$(cat err)" "is damaged"
}
