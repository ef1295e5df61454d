#!/usr/bin/env bats
# Inputs of several batches: one is applied by another thread, in an order of its own, while the next one is read.
load helper

# history COUNT [SKIP]: workflow records whose ids come in no order, and now and then a newer or an older version of one
# that came before.
history() {
  awk -v count="$1" -v skip="${2:-0}" 'BEGIN {
    texts = split("Run the tests with pytest|Build the project|Show me the git diff|Nothing that is known", text, "|")
    for (i = skip + 1; i <= count; i++) {
      n = i * 7919 % count
      if (i % 100 == 0) printf record(n_before, i % 200 ? 9 : 0, i)
      printf record(n, 5, i)
      n_before = n
    }
  }
  function record(n, day, i) {
    return sprintf("{\"workflow_id\":\"w%d\",\"nl_input\":\"%s %d\",\"error_message\":%s,\"total_tokens\":%d," \
      "\"cost\":0.%03d,\"created_at\":\"2026-01-%02dT00:00:00Z\"," \
      "\"updated_at\":\"2026-02-%02dT00:00:00Z\"}\n", n, text[1 + i % texts], i,
      i % 7 ? "null" : "\"3 tests failed\"", i % 1000, i % 997, 1 + n % 28, 1 + day)
  }'
}

@test "bulk: a result line for each record, in the order of the records" {
  history 25000 >records
  status 0 pl-record records
  jq -r .workflow_id records >wanted
  jq -r .workflow_id out | cmp wanted -
  is "25000 125 125" "$(jq -r .status out | sort | uniq -c | awk '{ n[$2] = $1 } END { print n["new"], n["updated"],
    n["duplicate"] }')"
  pl-backfill --verify
}

@test "bulk: the figures are those of small batches, and of the records backwards" {
  history 25000 >records
  pl-record -q records
  figures >once
  fresh
  split -l 700 records part.
  for part in part.*; do pl-record -q "$part"; done
  figures | cmp once -
  fresh
  tac records | pl-record -q
  figures | cmp once -
  pl-record -q records
  figures | cmp once -
}

@test "bulk: whoever closes the pipe ends it quietly, and what was answered is there" {
  history 60000 >records
  pl-record records 2>err | head -n 15000 >answered
  is "" "$(cat err)"
  jq -r .workflow_id answered | sort -u >ids
  sql "SELECT workflow_id FROM workflow_history" | sort >stored
  is "" "$(comm -23 ids stored)"
  pl-backfill --verify
}

@test "bulk: a record that is wrong is named by its line, wherever it is" {
  { history 12000; echo '{"workflow_id":"w","total_tokens":-1}'; history 24000 12000; } >records
  line=$(grep -n '"w",' records | cut -d: -f1)
  status 1 pl-record -q records
  has "$(cat err)" "records:$line: total_tokens"
  is "$(jq -r .workflow_id records | grep -vx w | sort -u | wc -l)" "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "bulk: a file that is broken off goes on where what is durable ends" {
  history 40000 >records
  pl-backfill -q --limit 25000 records
  is "$(head -n 25000 records | jq -r .workflow_id | sort -u | wc -l)" "$(sql "SELECT count(*) FROM workflow_history")"
  pl-backfill -q records
  is 40000 "$(sql "SELECT count(*) FROM workflow_history")"
  figures >once
  fresh
  pl-backfill -q records
  figures | cmp once -
}

stored() { [ "$(sql "SELECT count(*) FROM workflow_history" 2>/dev/null || echo 0)" -gt "$1" ]; }

@test "bulk: SIGTERM makes durable what was read, and the next run the rest" {
  history 30000 >records
  mkfifo pipe
  pl-record -q <pipe &
  exec 4>pipe
  head -n 25000 records >&4
  soon stored 24000
  head -n 25100 records | tail -n 100 >&4
  kill -TERM $!
  exec 4>&-
  wait $! && stopped=0 || stopped=$?
  is 143 "$stopped"
  # what is there are the first ones, and none that came between them is missing
  sql "SELECT workflow_id FROM workflow_history" | sort >is
  jq -r .workflow_id records | awk '!seen[$0]++' | head -n "$(wc -l <is)" | sort | cmp is -
  pl-backfill --verify
  pl-record -q records
  is 30000 "$(sql "SELECT count(*) FROM workflow_history")"
  figures >once
  fresh
  pl-record -q records
  figures | cmp once -
}

@test "bulk: rules that a rebuild changes on the way hold for what was found by the old ones, and not yet applied" {
  cat >rules.json <<'JSON'
{"categories": [{"category": "known", "target": "all", "default": "thing", "words": ["known", "diff"]}]}
JSON
  history 30000 >records
  pl-record -q --rules rules.json records
  figures >once
  [ "$(sql "SELECT occurrence_count FROM operation_patterns WHERE pattern_signature = 'known:thing:all'")" -gt 7000 ]
  fresh
  mkfifo rebuilt
  { head -n 15000 records; cat rebuilt; tail -n +15001 records; } | pl-record -q 3>&- &
  soon stored 14000
  pl-backfill -q --rebuild --rules rules.json
  echo >rebuilt
  wait $!
  pl-backfill --verify
  figures | cmp once -
}
