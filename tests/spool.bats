#!/usr/bin/env bats
# pl-record --spool: records wait in a file while the database cannot be written, and are taken in exactly once. And
# pl-stats health, which tells of it.
# shellcheck disable=SC2030,SC2031,SC2154

load helper
load laws/laws

# down COMMAND...: where there can be no database
down() { PL_DB=/proc/none/pl.db "$@"; }

# locked SECONDS COMMAND...: while somebody holds the write lock for so long
locked() {
  mkfifo lock
  sqlite3 "$PL_DB" "BEGIN IMMEDIATE" ".output locked" "SELECT 1" ".output" ".system sleep $1" "COMMIT" 3>&- &
  soon [ -s locked ]
  "${@:2}"
}

history() {
  mkdir -p "$XDG_CONFIG_HOME/pl"
  cp "$laws/prices.json" "$XDG_CONFIG_HOME/pl"
  for kind in history loop cache turns; do sh "$laws/$kind.sh" "$1" "$2"; done | cut -f1 >records
}

@test "spool: every kind of record waits, each is answered, and all are taken in as if they had not waited" {
  for seed in $(seeds 2); do
    history "$seed" 40
    fresh
    record records
    everything >once
    fresh
    rm -f s
    status 0 down pl-record --spool s records
    is "spooled $(wc -l <out)" "$(jq -r .status out | sort -u) $(wc -l <s)"
    jq -c . s >/dev/null
    is 600 "$(stat -c %a s)"
    status 0 pl-record -q --spool s </dev/null
    is 0 "$(stat -c %s s)"
    verified
    same once || { echo "seed $seed"; return 1; }
    record records
    same once || { echo "seed $seed, read again"; return 1; }
  done
}

@test "spool: the words at the beginning and the end, and under -v" {
  seq 3 | sed 's/.*/{"workflow_id":"w&","nl_input":"Check git status"}/' >in
  status 0 down pl-record --spool s in
  is '{"kind":"workflow","workflow_id":"w1","status":"spooled"}' "$(head -n 1 out)"
  is "pl-record: warning: /proc/none/pl.db: cannot make its directory: No such file or directory; \
records wait in s until a run with that spool can write them
pl-record: warning: 3 records wait in s: the next run with that spool takes them in" "$(cat err)"
  status 0 pl-record -v --spool s in
  is "pl-record: New pattern detected: git:status:summary
pl-record: Took in 3 records from s: 3 new, 0 updated, 0 duplicates; 0 rejected
pl-record: Stored 3 records: 0 new, 0 updated, 3 duplicates; 0 rejected" "$(cat err)"
  is "duplicate duplicate duplicate" "$(jq -r .status out | xargs)"
}

@test "spool: a line has the record, its kind, and what it would lose by waiting" {
  printf '{\n  "prompt": "Fix it",\n  "note": "a\\nb" }\n\n{}\n' >in
  status 1 down pl-record -q -k request --spool s - <in
  is 1 "$(wc -l <s)"
  is 'request 1772366400000000 32 null' \
    "$(jq -r '"\(.kind) \(.spooled.at) \(.spooled.as | length) \(.spooled.no_text)"' s)"
  is '"a\nb"' "$(jq .note s)"
  echo '{"workflow_id":"w","nl_input":"Check git status"}' | down pl-record -q --no-text --spool s 2>/dev/null
  is true "$(tail -n 1 s | jq .spooled.no_text)"
  PL_NOW=2026-03-05T00:00:00Z pl-record -q --spool s </dev/null
  is "2026-03-01 12:00:00|" "$(sql "SELECT created_at, nl_input FROM workflow_history")"
  is "2026-03-01 12:00:00" "$(sql "SELECT timestamp FROM routing_metrics")"
  is 1 "$(sql "SELECT occurrence_count FROM operation_patterns")"
  verified
}

@test "spool: what nothing tells apart counts as often as it came, however often the spool is read" {
  for i in 1 2 3; do echo '{"event":"hit","signature":"s"}'; done >in
  down pl-record -q --spool s in 2>/dev/null
  down pl-record -q --spool s <in 2>/dev/null
  cp s again
  pl-record -q --spool s </dev/null
  is 6 "$(pl-cachestat -f hit_count)"
  cp again s # as if it had been killed before it could empty it
  pl-record -q --spool s </dev/null
  is 6 "$(pl-cachestat -f hit_count)"
  pl-record -q in # the same file once more
  is 6 "$(pl-cachestat -f hit_count)"
  verified
}

@test "spool: a map's records wait, and need no map when they are taken in" {
  echo '. as $n | {workflow_id: "m\($n)", nl_input: "Check git status"}' >map.jq
  seq 5 | down pl-record -q -m ./map.jq --spool s 2>/dev/null
  is 5 "$(jq -r .workflow_id s | wc -l)"
  pl-record -q --spool s </dev/null
  is 5 "$(sql "SELECT occurrence_count FROM operation_patterns")"
}

@test "spool: what is wrong is rejected before it waits, and costs itself" {
  printf '{"workflow_id":"a"}\n{bad\n{"workflow_id":"b","cost":"x"}\n{"workflow_id":"c"}\n' >in
  status 1 down pl-record -q --spool s --rejects bad in
  has "$(cat err)" "in:2: "
  has "$(cat err)" "in:3: cost: "
  is "2 2" "$(wc -l <s) $(wc -l <bad)"
}

@test "spool: a line that somebody has spoilt costs itself, and is kept; one left half written is cut off" {
  seq 4 | sed 's/.*/{"workflow_id":"w&"}/' | down pl-record -q --spool s 2>/dev/null
  sed -i '2s/workflow_id/workflow_ix/' s
  cp s spoilt
  printf '{"workflow_id":"torn","ki' >>s
  echo '{"workflow_id":"after"}' | down pl-record -q --spool s 2>/dev/null
  is 5 "$(jq -r .kind s | wc -l)"
  printf '{"workflow_id":"torn","ki' >>s
  status 1 pl-record -q --spool s --rejects bad </dev/null
  has "$(cat err)" "s:2: workflow_id: "
  is 1 "$(wc -l <bad)"
  is "after w1 w3 w4" "$(sql "SELECT workflow_id FROM workflow_history ORDER BY 1" | xargs)"
  is 0 "$(stat -c %s s)"
  cp spoilt s
  status 1 pl-record -q --spool s </dev/null
  has "$(cat err)" "is in s.rejected"
  is "w2" "$(tail -n 1 s.rejected | jq -r .workflow_ix)"
  printf '{"not":"yours"' >s # and so is a file of somebody's
  down pl-record -q --spool s 2>/dev/null <<<'{"workflow_id":"a"}'
  is '{"not":"yours"' "$(tail -n 1 s.rejected)"
  is a "$(jq -r .workflow_id s)"
}

@test "spool: a file that is none is neither added to nor emptied" {
  echo '{"workflow_id":"a"}' >in
  pl-record -q in
  cp in log.jsonl
  echo "# a text" >text
  printf '\n{"a":1}\n' >blank
  for file in log.jsonl text "$PL_DB" blank; do
    cp "$file" before
    status 2 down pl-record -q --spool "$file" in
    has "$(cat err)" "$file: is no spool"
    status 0 pl-record -q --spool "$file" in
    has "$(cat err)" "warning: $file: is no spool"
    cmp before "$file"
  done
  is "0" "$(sql "SELECT count(*) FROM spool")"
  verified
  down pl-record -q --spool s in 2>/dev/null
  status 2 pl-record --spool s s
  has "$(cat err)" "s is the spool"
}

@test "spool: a record whose line would be too long to be read again is not said to wait" {
  head -c $((64 * 1024 * 1024 - 60)) /dev/zero | tr '\0' a | sed 's/^/{"workflow_id":"w","nl_input":"/; s/$/"}/' >in
  status 2 down pl-record --spool s in
  has "$(cat err)" "in:1: is too long to wait in s"
  is "" "$(cat out)"
}

@test "spool: it is bounded, and when it is full the tool says so and fails, while a pipeline goes on" {
  seq 2000 | sed 's/.*/{"workflow_id":"w&","nl_input":"Check git status"}/' >in
  status 2 down pl-record -q --spool s --spool-max 20k in
  has "$(cat err)" "s: is full: "
  down pl-record --tee --spool s --spool-max 20k <in 2>/dev/null | cmp in -
  head -n 5 in >few
  down pl-record --tee --spool f --spool-max 1k few in few 2>/dev/null | cmp <(cat few in few) -
  [ "$(stat -c %s s 2>/dev/null || echo 0)" -le 20480 ]
  for size in x -1 1X 1KK 99999999999G; do
    status 2 pl-record --spool-max "$size"
    has "$(cat err)" "--spool-max takes a size"
  done
}

@test "spool: --tee passes everything on, byte for byte, with the database and without" {
  history 1 20
  down pl-record --tee --spool s <records 2>/dev/null | cmp records -
  pl-record --tee --spool s <records 2>/dev/null | cmp records -
  is 0 "$(stat -c %s s)"
}

@test "spool: \$PL_SPOOL names one, which the option overrules" {
  echo '{"workflow_id":"a"}' | PL_SPOOL=$PWD/env down pl-record -q 2>/dev/null
  echo '{"workflow_id":"b"}' | PL_SPOOL=$PWD/env down pl-record -q --spool own 2>/dev/null
  is "a b" "$(jq -r .workflow_id env own | xargs)"
}

@test "spool: one that cannot be used is said, and then the tool fails as without it" {
  mkdir directory
  for spool in directory no/where/s; do
    echo '{"workflow_id":"a"}' >in
    status 2 down pl-record -q --spool "$spool" in
    has "$(cat err)" "$spool: cannot be opened: "
  done
  for spool in directory no/where/s; do
    status 0 pl-record -q --spool $spool in
    has "$(cat err)" "warning: "
  done
  is 0 "$(sql "SELECT count(*) FROM spool")"
  is 1 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "spool: a database that is newer, another program's, read only or damaged: records wait" {
  echo '{"workflow_id":"a"}' >in
  pl-record -q in
  sql "PRAGMA user_version = 1000" >/dev/null
  status 0 pl-record -q --spool s in
  has "$(cat err)" "newer"
  sqlite3 other "CREATE TABLE t(x)"
  status 0 pl-record -q --spool s --db other in
  has "$(cat err)" "another program's"
  echo "no database, whatever stands in it, for it is too long a text to be a header" >junk
  status 0 pl-record -q --spool s --db junk in
  has "$(cat err)" "is not a database"
  is 3 "$(wc -l <s)"
  sql "PRAGMA user_version = 7" >/dev/null
  chmod 400 "$PL_DB"
  echo '{"workflow_id":"b"}' >in
  status 0 mortal pl-record -q --spool s in
  has "$(cat err)" "cannot be written"
  is b "$(jq -r .workflow_id s)" # the others were there already, which needs no writing
  chmod 600 "$PL_DB"
  pl-record -q --spool s </dev/null
  is "a b" "$(sql "SELECT workflow_id FROM workflow_history ORDER BY 1" | xargs)"
}

@test "spool: where the disk fills up on the way, what is left waits, and each is answered once, in order" {
  jq -cn 'range(3000) | {workflow_id: "w\(.)", nl_input: "Check git status"}' >in
  pl-record -q </dev/null
  (trap '' XFSZ; ulimit -f 600; status 0 pl-record --spool s in)
  is "3000 3000" "$(wc -l <out) $(jq -r .workflow_id out | sort -u | wc -l)"
  jq -r .workflow_id in | cmp <(jq -r .workflow_id out) -
  [ "$(jq -r .status out | sort | uniq -c | awk '{ print $2 }' | xargs)" = "new spooled" ] ||
    [ "$(jq -r .status out | sort -u)" = spooled ]
  is "$(jq -r 'select(.status == "spooled") | .workflow_id' out | sort)" "$(jq -r .workflow_id s | sort)"
  pl-record -q --spool s </dev/null
  is 3000 "$(sql "SELECT count(*) FROM workflow_history")"
  is ok "$(sql "PRAGMA integrity_check")"
  verified
}

@test "spool: many processes share one, some with the database and some without" {
  seq 40 | sed 's/.*/{"event":"hit","signature":"s","event_id":"e&"}/' >in
  for i in $(seq 40); do
    if [ $((i % 4)) = 0 ]; then
      sed -n "${i}p" in | pl-record -q --spool s 2>>said 3>&- &
    else
      sed -n "${i}p" in | down pl-record -q --spool s 2>/dev/null 3>&- &
    fi
  done
  wait
  is "" "$(cat said)"
  pl-record -q --spool s </dev/null
  is 40 "$(pl-cachestat -f hit_count)"
  is 0 "$(stat -c %s s)"
  verified
}

@test "spool: killed at any moment, while it is filled and while it is taken in, nothing is lost or counts twice" {
  seq 3000 | awk '{ printf "{\"event\":\"hit\",\"signature\":\"s\",\"cost_saved\":0.001,\"n\":%d}\n", $1 }' >in
  RANDOM=$first_seed
  for _ in $(seq $((6 * rounds))); do
    fresh
    rm -f s
    down pl-record --spool s - <in >answered 2>/dev/null 3>&- &
    nap 40
    killed $!
    answers=$(grep -c '}$' answered || true)
    for _ in 1 2 3; do
      pl-record -q --spool s </dev/null 2>/dev/null 3>&- &
      nap 60
      killed $!
    done
    pl-record -q --spool s </dev/null
    count=$(pl-cachestat -f hit_count 2>/dev/null)
    [ "${count:-0}" -ge "$answers" ]
    [ "${count:-0}" -le 3000 ]
    is 0 "$(stat -c %s s 2>/dev/null || echo 0)"
    verified
  done
}

@test "spool: a filter that goes on and on writes to the database again when it can" {
  pl-record -q </dev/null
  chmod 400 "$PL_DB" "$PL_DB"-* 2>/dev/null || true
  mkfifo pipe
  mortal pl-record --spool s <pipe >out 2>err 3>&- &
  exec 4>pipe
  echo '{"workflow_id":"a"}' >&4
  soon [ -s out ]
  is spooled "$(jq -r .status out)"
  chmod 600 "$PL_DB"
  answered() { echo "{\"workflow_id\":\"b$RANDOM\"}" >&4; grep -q '"new"' out; }
  for _ in $(seq 50); do answered && break; sleep 0.1; done
  exec 4>&-
  wait $!
  has "$(cat err)" "can be written again"
  is 0 "$(stat -c %s s)"
  is "" "$(tail -n 1 err | grep "wait in")"
  is "$(wc -l <out)" "$(sql "SELECT count(*) FROM workflow_history")"
  verified
}

# -- its state --------------------------------------------------------------------------------------------------------

@test "spool: pl-stats learning and health tell what waits in those that the database knows" {
  pl-record -q --spool s </dev/null
  is '0 0 null' "$(pl-stats --json learning | jq -r '"\(.spooled_records) \(.spooled_bytes) \(.spooled_since)"')"
  status 0 pl-stats health
  has "$(cat out)" "nothing waits in $PWD/s"
  echo '{"workflow_id":"c"}' >in
  printf '{"workflow_id":"a"}\n{"workflow_id":"b"}\n' |
    PL_NOW=2026-02-28T00:00:00Z down pl-record -q --spool s 2>/dev/null
  is "2 $(stat -c %s s) 2026-02-28 00:00:00" "$(pl-stats --json learning |
    jq -r '"\(.spooled_records) \(.spooled_bytes) \(.spooled_since)"')"
  status 1 pl-stats health
  has "$(cat out)" "2 records, $(stat -c %s s) bytes, since 2026-02-28 00:00:00 in $PWD/s"
  is "$(pl-stats health --check | tr -s ' ')" "$(pl-stats health | sed -n '1p; /bad/p' | tr -s ' ')"
  is 'pl_health_value{check="spool",file="'"$PWD"'/s"} 2' "$(pl-stats health -F prometheus | grep 'value{check="spool')"
  PL_SPOOL=$PWD/other down pl-record -q in 2>/dev/null
  is 3 "$(PL_SPOOL=$PWD/other pl-stats --json learning | jq .spooled_records)"
  pl-record -q --spool s </dev/null
  status 0 pl-stats health
  is "$PWD/s|2|2026-03-01 12:00:00" \
    "$(sql "SELECT path, records, datetime(taken_at / 1000000, 'unixepoch') FROM spool")"
}

@test "health: one line each, status 1 if one is bad" {
  echo '{"workflow_id":"a","nl_input":"Check git status"}' | PL_NOW=2026-02-28T12:00:00Z pl-record -q
  status 0 pl-stats --json health
  is "database good,integrity good,writing good,last_record good,last_retraining good,disk good" \
    "$(jq -r '.[] | "\(.check) \(.status)"' out | paste -sd,)"
  is "2026-02-28 12:00:00, 24 hours ago" "$(jq -r '.[] | select(.check == "last_record").detail' out)"
  status 0 pl-stats health --max-age 2d
  status 1 pl-stats health --max-age 12h
  pl-retrain -q --if-due 1d
  status 0 env PL_NOW=2026-03-03T11:00:00Z pl-stats health
  status 1 env PL_NOW=2026-03-03T13:00:00Z pl-stats --json health
  has "$(jq -r '.[] | select(.status == "bad").detail' out)" "is long due"
  is "" "$(pl-stats health --check)"
  status 2 pl-stats summary --max-age 1d
  status 2 pl-stats health in
  has "$(cat err)" "health is of the database"
}

@test "health: of a database that is missing, newer, damaged or none: status 1, and why" {
  status 1 pl-stats health
  has "$(cat out)" "bad"
  has "$(cat out)" "$PL_DB"
  seq 300 | sed 's/.*/{"workflow_id":"w&","nl_input":"Check git status"}/' | pl-record -q
  cp "$PL_DB" good
  dd if=/dev/zero of="$PL_DB" bs=1k seek=40 count=60 conv=notrunc 2>/dev/null
  status 1 pl-stats --json health
  is bad "$(jq -r '.[] | select(.check == "integrity" or .check == "database").status' out | tail -n 1)"
  cp good "$PL_DB"
  sql "PRAGMA user_version = 1000" >/dev/null
  status 1 pl-stats health
  has "$(cat out)" "newer"
  echo "no database, whatever stands in it, for it is too long a text to be a header" >"$PL_DB"
  status 1 pl-stats health
  has "$(cat out)" "is not a database"
  is "" "$(cat err)"
}
