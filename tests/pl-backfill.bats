#!/usr/bin/env bats
# pl-backfill: what it reads, how far it remembers, what it leaves alone; rebuilding and verifying.

load helper

# w ID [DAY]: a workflow of that day of January 2026
w() {
  printf '{"workflow_id":"%s","nl_input":"Check git status","created_at":"2026-01-0%dT00:00:00Z"}\n' "$1" "${2:-1}"
}

# fill WANTED ARGUMENT...: pl-backfill's total_workflows, processed, duplicates, updated, errors and exit status
fill() {
  local wanted=$1 got=0
  shift
  pl-backfill --json "$@" >out 2>err || got=$?
  is "$wanted" "$(jq -r '"\(.total_workflows) \(.processed) \(.duplicates) \(.updated) \(.errors)"' out) $got" ||
    { cat err; return 1; }
}

ids() { sql "SELECT workflow_id FROM workflow ORDER BY id" | xargs; }

# -- options --

@test "--help and --version" {
  status 0 pl-backfill --help
  has "$(head -1 out)" "usage: pl-backfill [OPTION...]"
  status 0 pl-backfill -V
  is pl-backfill "$(cut -d' ' -f1 out)"
  is "$(sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' <(pl-backfill --help) | sort -u)" \
    "$(grep '^\.It Fl' "$BATS_TEST_DIRNAME/../man/pl-backfill.1" | grep -oE ' -[a-z-]+' | cut -c3- | sort)"
}

@test "bad usage: status 2, and nothing is made" {
  w a >f
  for bad in "" "--no-such f" "--limit x f" "--limit -1 f" "--limit 5k f" "--since soon f" "--until 2026-13-01 f" \
    "--dry-run --rebuild" "-k thing f"; do
    # shellcheck disable=SC2086
    status 2 pl-backfill $bad
    has "$(cat err)" "usage: pl-backfill"
    is "" "$(cat out)"
  done
  [ ! -e "$PL_DB" ]
}

@test "-q: nothing on stdout; else a table for people" {
  { w a; echo bad; } >f
  status 1 pl-backfill -q f
  is "" "$(cat out)"
  has "$(cat err)" "pl-backfill: f:2: "
  status 1 pl-backfill --force f
  is "total_workflows  1
processed        1
total_patterns   0
new_patterns     0
errors           1
duplicates       1
updated          0
records          workflow: 1
dry_run          false" "$(cat out)"
}

@test "nothing is drawn where there is no terminal" {
  jq -cn 'range(20000) | {workflow_id:"w\(.)",nl_input:"Check git status"}' >f
  fill "20000 20000 0 0 0 0" f
  is "" "$(cat err)"
}

# -- the summary --

@test "summary: its figures and their order" {
  {
    w a; w b; w a
    echo '{"workflow_id":"c","nl_input":"Run backend tests with pytest","workflow_template":"adw_test"}'
    echo '{"workflow_id":"d","nl_input":"Think"}'
    echo '{"workflow_id":"b","nl_input":"Check git status","error_message":"lint","created_at":"2026-01-05T00:00:00Z"}'
    echo '{"workflow_id":""}'
    echo bad
    echo '{"kind":"review","pattern_signature":"git:status:summary","automation_status":"approved"}'
  } >f
  status 1 pl-backfill --json f
  is '{"total_workflows":6,"processed":7,"total_patterns":5,"new_patterns":4,"errors":2,
"duplicates":1,"updated":1,"records":{"workflow":6,"review":1},"dry_run":false}' "$(sed 's/"dup/\n&/' out)"
  status 1 pl-backfill --json --force f
  is '{"total_workflows":6,"processed":7,"total_patterns":0,"new_patterns":0,"errors":2,
"duplicates":7,"updated":0,"records":{"workflow":6,"review":1},"dry_run":false}' "$(sed 's/"dup/\n&/' out)"
  status 0 pl-backfill --json f
  is '{"total_workflows":0,"processed":0,"total_patterns":0,"new_patterns":0,"errors":0,
"duplicates":0,"updated":0,"records":{},"dry_run":false}' "$(sed 's/"dup/\n&/' out)"
}

@test "summary: a version that is newer adds the patterns that it shows anew" {
  w a >f && pl-backfill -q f
  echo '{"workflow_id":"a","nl_input":"Check git status","error_message":"lint","updated_at":"2026-02-01T00:00:00Z"}' >g
  status 0 pl-backfill --json g
  is "[1,1,1,0]" "$(jq -c '[.total_patterns, .new_patterns, .updated, .duplicates]' out)"
}

# -- what is read --

@test "folders: every *.json, *.jsonl and *.ndjson, in the order of their paths" {
  mkdir -p dir/a dir/b dir/c.json "dir/with space"
  w 1 >dir/a.ndjson && w 2 >dir/a/z.json && w 3 >dir/b.jsonl && w 4 >dir/b/a.json && w 5 >dir/c.json/x.jsonl &&
    w 6 >"dir/with space/y.json"
  w no >dir/x.txt && w no >dir/json && w no >dir/x.json.gz && w no >dir/x.JSON && w no >dir/b/jsonl
  : >dir/empty.json
  fill "6 6 0 0 0 0" dir
  is "1 2 3 4 5 6" "$(ids)"
}

@test "folders: operands are taken in their own order" {
  mkdir x y
  w 1 >y/1.json && w 2 >x/2.json && w 3 >z.txt
  fill "3 3 0 0 0 0" z.txt y x
  is "3 1 2" "$(ids)"
}

@test "folders: what is no file in them stops nothing" {
  mkdir -p dir/sub
  w 1 >dir/b.json
  mkfifo dir/a.json
  ln -s ../.. dir/sub/up
  ln -s nowhere dir/c.json
  status 0 timeout 5 pl-backfill -q dir/sub/.. 
  is "1" "$(ids)"
}

@test "folders: one without any such file is said to be" {
  mkdir dir && w 1 >dir/x.txt
  fill "0 0 0 0 0 0" dir
  has "$(cat err)" "warning: dir: "
}

@test "folders: one that cannot be read is status 2; the others are read" {
  mkdir -p dir/locked && w 1 >dir/a.json && w 2 >dir/locked/b.json && chmod 000 dir/locked
  w 3 >f
  status 2 mortal pl-backfill -q dir f
  has "$(cat err)" "dir/locked: "
  is "1 3" "$(ids)"
}

@test "operands that cannot be read are status 2; the others are read" {
  w 1 >a && w 2 >b && w 3 >c && chmod 000 b
  status 2 mortal pl-backfill -q a missing b c
  has "$(cat err)" "pl-backfill: missing: No such file"
  has "$(cat err)" "pl-backfill: b: Permission denied"
  is "1 3" "$(ids)"
}

@test "stdin: -, every time anew, and among others" {
  w 1 >f
  w 2 | fill "2 2 0 0 0 0" f -
  is "1 2" "$(ids)"
  w 2 | fill "1 1 1 0 0 0" f -
  { w 3; echo bad; } | fill "1 1 0 0 1 1" -
  has "$(cat err)" "pl-backfill: -:2: "
}

@test "rejects and kinds" {
  { w a; echo '{"broken'; echo '{"pattern_signature":"git:status:summary","automation_status":"active"}'; } >f
  fill "1 1 0 0 2 1" --rejects rejected f
  is "$(tail -2 f)" "$(cat rejected)"
  fill "0 1 0 0 2 1" -k review f
  is active "$(sql "SELECT automation_status FROM operation_patterns")"
}

@test "--no-text" {
  echo '{"workflow_id":"a","nl_input":"Check git status of Zebulon","error_message":"Quixote"}' >f
  fill "1 1 0 0 0 0" --no-text f
  is "" "$(grep -l -a -i -E 'zebulon|quixote' "$PL_DB"*)"
  is 1 "$(sql "SELECT occurrence_count FROM operation_patterns")"
}

# -- how far it was read --

# note TEXT: what -v said of the file f
note() { has "$(cat err)" "f: $1"; }

@test "progress: an unchanged file is skipped" {
  { w a; w b; } >f
  fill "2 2 0 0 0 0" f
  fill "0 0 0 0 0 0" -v f && note "unchanged: skipped"
  fill "0 0 0 0 0 0" "$PWD/f" ./f f
  ln -s f link && fill "0 0 0 0 0 0" link
}

@test "progress: one that was touched is not read again" {
  { w a; w b; } >f
  pl-backfill -q f
  touch -d 2001-01-01 f
  fill "0 0 0 0 0 0" f
}

@test "progress: a grown one is continued" {
  { w a; echo bad; } >f
  fill "1 1 0 0 1 1" f
  { w b; echo bad; } >>f
  fill "1 1 0 0 1 1" -v f && note "grown"
  has "$(cat err)" "f:4: "
  w c >>f && touch -r "$PL_DB" f
  fill "1 1 0 0 0 0" f
  is "a b c" "$(ids)"
}

@test "progress: one grown after an end without newline" {
  w a | head -c -1 >f
  fill "1 1 0 0 0 0" f
  { echo; w b; } >>f
  fill "1 1 0 0 0 0" f
}

@test "progress: a last line that was half written is taken when it is whole" {
  { w a; w b | head -c 25; } >f
  fill "1 1 0 0 1 1" f
  fill "0 0 0 0 0 0" f
  w b | tail -c +26 >>f
  fill "1 1 0 0 0 0" f
  is "a b" "$(ids)"
  w c | head -c 60 >>f
  fill "0 0 0 0 1 1" f
  has "$(cat err)" "f:3: "
  { w c | tail -c +61; w d; echo bad; } >>f
  fill "2 2 0 0 1 1" f
  has "$(cat err)" "f:5: "
}

@test "progress: a half-written value of many lines, an array that grows" {
  { w a; w b | jq . | head -3; } >f
  fill "1 1 0 0 1 1" f
  w b | jq . | tail -n +4 >>f
  fill "1 1 0 0 0 0" f
  { printf '['; w c; printf ','; w d; } >g
  fill "2 2 0 0 1 1" g
  { printf ','; w e; printf ']\n'; } >>g
  fill "1 1 0 0 0 0" g
  w x >>g
  fill "1 1 0 0 0 0" g
}

@test "progress: a rewritten one is read from its beginning" {
  { w a; w b; } >f
  fill "2 2 0 0 0 0" f
  { w c; w d; w e; } >f
  fill "3 3 0 0 0 0" -v f && note "rewritten"
  sed 's/"d"/"D"/' f >g && cat g >f && touch -d 2001-01-01 f
  fill "3 3 2 0 0 0" f
  is "a b c d e D" "$(ids)"
}

@test "progress: a truncated one is read from its beginning" {
  { w a; w b; w c; } >f
  pl-backfill -q f
  w a >f
  fill "1 1 1 0 0 0" f
  : >f
  fill "0 0 0 0 0 0" f
  { w a; w d; } >f
  fill "2 2 1 0 0 0" f
}

@test "progress: rotated logs are counted once" {
  { w a; w b; } >log.jsonl
  pl-backfill -q log.jsonl
  figures >one
  w c >>log.jsonl && mv log.jsonl log.1.jsonl && w d >log.jsonl
  fill "4 4 2 0 0 0" .
  is "a b c d" "$(ids)"
  fill "0 0 0 0 0 0" .
}

@test "progress: --force reads again, and nothing changes" {
  { w a; w b; } >f
  pl-backfill -q f
  figures >one
  fill "2 2 2 0 0 0" --force f
  is "$(cat one)" "$(figures)"
  fill "0 0 0 0 0 0" f
}

@test "progress: undated reviews in a file that grows are counted once" {
  r='{"kind":"review","pattern_signature":"git:status:summary","automation_status":"approved"}'
  printf '%s\n' "$r" "$r" >f
  fill "0 2 0 0 0 0" f
  echo "$r" >>f
  status 0 pl-backfill -q f
  is 3 "$(sql "SELECT count(*) FROM pattern_reviews")"
  touch -d 2001-01-01 f && status 0 pl-backfill -q f
  cp f copy && status 0 pl-backfill -q copy
  is 3 "$(sql "SELECT count(*) FROM pattern_reviews")"
}

@test "progress: is of each database, and of each kind" {
  w a >f
  pl-backfill -q f
  fill "1 1 0 0 0 0" -d other.db f
  fill "0 0 0 0 1 1" -k review f
  fill "0 0 0 0 0 0" f
}

@test "progress: what was stopped goes on where it was" {
  jq -cn 'range(40000) | {workflow_id:"w\(.)",nl_input:"Check git status"}' >f
  env --default-signal=INT pl-backfill --json f >out & pid=$!
  for ((i = 0; i < 100; i++)); do
    if [ "$(sql "SELECT count(*) FROM workflow" 2>/dev/null || true)" -gt 0 ]; then break; fi 2>/dev/null
    sleep 0.01
  done
  kill "$pid"
  got=0
  wait "$pid" || got=$?
  is 143 "$got"
  done=$(sql "SELECT count(*) FROM workflow")
  [ "$done" -gt 0 ] && [ "$done" -lt 40000 ]
  fill "$((40000 - done)) $((40000 - done)) 0 0 0 0" f
  is "40000 40000" "$(sql "SELECT count(*) FROM workflow") $(sql "SELECT occurrence_count FROM operation_patterns")"
  fill "0 0 0 0 0 0" f
}

# -- a part of it --

@test "--limit: the first records, and then the next ones" {
  { w a; echo bad; w b; w c; w d; } >f
  { printf '[\n'; w e; printf ','; w f; printf ','; w g; printf ']'; } >g
  fill "2 2 0 0 1 1" --limit 2 f g
  is "a b" "$(ids)"
  fill "3 3 0 0 0 0" --limit 3 f g
  is "a b c d e" "$(ids)"
  fill "0 0 0 0 0 0" --limit 0 f g
  fill "1 1 0 0 0 0" --limit 1 f g
  fill "1 1 0 0 0 0" --limit 100 f g
  is "a b c d e f g" "$(ids)"
  fill "0 0 0 0 0 0" f g
}

@test "--limit: just at the end of a file, and on stdin" {
  { w a; w b; } >f
  fill "2 2 0 0 0 0" --limit 2 f
  fill "0 0 0 0 0 0" --limit 2 f
  w c >>f
  fill "1 1 0 0 0 0" --limit 2 f
  { w d; w e; w f; } | fill "2 2 0 0 0 0" --limit 2 -
  is "a b c d e" "$(ids)"
}

@test "--since and --until: from the one, before the other" {
  { w a 1; w b 2; w c 3; w d 4; echo '{"workflow_id":"now","nl_input":"Check git status"}'; } >f
  fill "2 2 0 0 0 0" --since 2026-01-02 --until 2026-01-04 f
  is "b c" "$(ids)"
  fresh && fill "2 2 0 0 0 0" --until 2026-01-02T00:00:00.000001Z f
  is "a b" "$(ids)"
  fresh && fill "2 2 0 0 0 0" --since "2026-01-04 00:00:00" f
  is "d now" "$(ids)"
  fresh && fill "1 1 0 0 0 0" --since 12h f
  is "now" "$(ids)"
  fresh && fill "3 3 0 0 0 0" --since 58d f
  is "c d now" "$(ids)"
  fill "5 5 3 0 0 0" f
}

@test "--since: what is wrong is still named" {
  { w a 1; echo bad; } >f
  fill "0 0 0 0 1 1" --since 2026-02-01 f
}

@test "--since and --until: reviews too" {
  for day in 1 2 3; do
    echo '{"kind":"review","pattern_signature":"p","automation_status":"active","timestamp":"2026-01-0'$day' 00:00:00"}'
  done >f
  fill "0 1 0 0 0 0" --since 2026-01-02 --until 2026-01-03 f
  is "2026-01-02 00:00:00" "$(sql "SELECT reviewed_at FROM pattern_reviews")"
}

# -- a dry run --

# every file below the database's directory
everything() { find db -type f -exec md5sum {} + | sort; find db -type f -printf '%p %m %T@\n' | sort; }

@test "--dry-run: without a database it makes none, and no directory" {
  { w a; w b; echo bad; } >f
  PL_DB=$PWD/no/where/pl.db
  fill "2 2 0 0 1 1" --dry-run f
  is '[2,1,true]' "$(jq -c '[.total_patterns, .new_patterns, .dry_run]' out)"
  [ ! -e no ]
}

@test "--dry-run: tells what would be, and changes no byte" {
  mkdir db && PL_DB=$PWD/db/pl.db
  { w a; w b; } >f
  pl-backfill -q f
  { w c; echo '{"workflow_id":"a","nl_input":"Run all tests","updated_at":"2026-02-01T00:00:00Z"}'; w b; } >>f
  printf '%s\n' '{"kind":"review","pattern_signature":"git:status:summary","automation_status":"approved"}' >g
  everything >before
  fill "3 4 1 1 0 0" --dry-run f g
  is "$(cat before)" "$(everything)"
  mv out dry
  fill "3 4 1 1 0 0" f g
  is "$(jq -c 'del(.dry_run)' dry)" "$(jq -c 'del(.dry_run)' out)"
}

@test "--dry-run: while another process writes" {
  mkdir db && PL_DB=$PWD/db/pl.db
  w a >f
  mkfifo pipe
  pl-record <pipe >acknowledged & pid=$!
  exec 7>pipe
  w z >&7
  for ((i = 0; i < 100; i++)); do [ -s acknowledged ] && break; sleep 0.02; done
  find db -type f -exec md5sum {} + | grep -v -e -shm | sort >before
  { w z; w a; } >f
  fill "2 2 1 0 0 0" --dry-run f
  is "$(cat before)" "$(find db -type f -exec md5sum {} + | grep -v -e -shm | sort)"
  exec 7>&-
  wait "$pid"
}

# -- other databases --

other() { sqlite3 -batch "${2:-old.db}" "$1"; }

columns="workflow_id TEXT, nl_input TEXT, workflow_template TEXT, model_used TEXT, status TEXT, error_message TEXT,
  error_count INTEGER, retry_count INTEGER, duration_seconds REAL, input_tokens INTEGER, output_tokens INTEGER,
  total_tokens INTEGER, actual_cost_total REAL, created_at TEXT, updated_at TEXT"

@test "databases: every field of a row, and the database is only read" {
  other "CREATE TABLE workflow_history($columns);
    INSERT INTO workflow_history VALUES('w', 'Check \"git\" status'||char(10)||'é', 'adw_plan', 'm', 'failed', 'lint',
      2, 3, 12.5, 10, 20, 99, 0.25, '2026-01-02 03:04:05', '2026-01-03 00:00:00');
    INSERT INTO workflow_history(workflow_id, nl_input) VALUES('v', 'Check git status')"
  md5sum old.db >before
  fill "2 2 0 0 0 0" old.db
  is "v|Check git status|||completed|||||||||2026-03-01 12:00:00|
w|Check \"git\" status
é|adw_plan|m|failed|lint|2|3|12.5|10|20|99|0.25|2026-01-02 03:04:05|2026-01-03 00:00:00" \
    "$(sql "SELECT workflow_id, nl_input, workflow_template, model_used, status, error_message, error_count,
      retry_count, duration_seconds, input_tokens, output_tokens, total_tokens, actual_cost_total, created_at,
      updated_at FROM workflow_history ORDER BY 1")"
  md5sum -c --quiet before
  is "old.db" "$(ls old.db*)"
  fill "2 2 2 0 0 0" old.db
}

@test "databases: in WAL mode, and in use" {
  other "PRAGMA journal_mode = WAL; CREATE TABLE workflow_history($columns);
    INSERT INTO workflow_history(workflow_id) VALUES('a')" >/dev/null
  fill "1 1 0 0 0 0" old.db
  mkfifo pipe
  sqlite3 -batch old.db <pipe >/dev/null & pid=$!
  exec 7>pipe
  echo "INSERT INTO workflow_history(workflow_id) VALUES('b'); BEGIN IMMEDIATE;
    INSERT INTO workflow_history(workflow_id) VALUES('c');" >&7
  for ((i = 0; i < 100; i++)); do [ -s old.db-wal ] && break; sleep 0.02; done
  sleep 0.05
  fill "2 2 1 0 0 0" old.db
  exec 7>&-
  wait "$pid"
}

@test "databases: adw_id serves where workflow_id is null or missing" {
  other "CREATE TABLE workflow_history(id INTEGER PRIMARY KEY, adw_id TEXT, workflow_id TEXT, nl_input TEXT);
    INSERT INTO workflow_history(adw_id, workflow_id) VALUES('a1', 'w1'), ('a2', NULL), (NULL, 'w3'), (NULL, NULL),
      ('a5', 5)"
  fill "4 4 0 0 1 1" old.db
  is "w1 a2 w3 5" "$(ids)"
  has "$(cat err)" "pl-backfill: old.db(workflow_history):4: workflow_id: is missing"
  other "CREATE TABLE workflow_history(nl_input TEXT, adw_id INTEGER);
    INSERT INTO workflow_history VALUES('Check git status', 77)" second.db
  fill "1 1 0 0 0 0" second.db
  is "git:status:summary" "$(sql "SELECT pattern_signature FROM pattern_occurrences o
    JOIN operation_patterns p ON p.id = o.pattern_id WHERE workflow_id = '77'")"
}

@test "databases: whatever other columns there are" {
  other "CREATE TABLE workflow_history(id INTEGER PRIMARY KEY, embedding BLOB, score REAL, kind TEXT,
      \"strange \"\"name\" TEXT, workflow_id TEXT, phase JSON, notes TEXT, prompt TEXT, request_id TEXT, nl_input TEXT);
    INSERT INTO workflow_history VALUES
      (1, x'00ff80c3', 9e999, 'feature', 'x', 'a', '{broken', char(0), 'p', 'r', 'Check git status'),
      (2, NULL, -9e999, 'review', x'ff', 'b', 5, cast(x'c328' AS TEXT), NULL, NULL, 'Run all tests')"
  fill "2 2 0 0 0 0" old.db
  is "git:status:summary test:generic:all" \
    "$(sql "SELECT pattern_signature FROM operation_patterns ORDER BY 1" | xargs)"
}

@test "databases: a view, and what it computes" {
  other "CREATE TABLE runs(name TEXT, words TEXT, cents INTEGER, at INTEGER);
    INSERT INTO runs VALUES('a', 'Check git status', 25, 1767225600), ('b', 'Run all tests', 1, 1767225601);
    CREATE VIEW workflow_history AS
      SELECT name AS workflow_id, words AS nl_input, cents / 100.0 AS actual_cost_total, at AS created_at FROM runs"
  fill "2 2 0 0 0 0" old.db
  is "a|0.25|2026-01-01 00:00:00
b|0.01|2026-01-01 00:00:01" "$(sql "SELECT workflow_id, actual_cost_total, created_at FROM workflow_history")"
}

@test "databases: their own patterns are not trusted" {
  other "CREATE TABLE workflow_history($columns);
    INSERT INTO workflow_history(workflow_id, nl_input) VALUES('a', 'Check git status');
    CREATE TABLE operation_patterns(id INTEGER PRIMARY KEY, pattern_signature TEXT, occurrence_count INTEGER,
      automation_status TEXT);
    INSERT INTO operation_patterns VALUES
      (1, 'git:status:summary', 78167, 'active'), (2, 'test:pytest:backend', 9, 'active')"
  fill "1 1 0 0 0 0" old.db
  is "git:status:summary|1|detected" \
    "$(sql "SELECT pattern_signature, occurrence_count, automation_status FROM operation_patterns")"
}

@test "databases: one of pl's own" {
  {
    w a 1
    echo '{"workflow_id":"c","nl_input":"Run all tests","status":"running","model":"m","session_id":"s","account":"acc",
      "cache_read_tokens":7}'
    w b 2
  } | pl-record -q -d old.db
  fill "3 3 0 0 0 0" old.db
  same="SELECT workflow_id, nl_input, status, model_used, session_id, account, cache_read_tokens, total_tokens,
    created_at FROM workflow_history ORDER BY 1"
  is "$(sql "$same" old.db)" "$(sql "$same")"
}

@test "databases: rows that are no records are named, by their number" {
  other "CREATE TABLE workflow_history($columns);
    INSERT INTO workflow_history(workflow_id, nl_input, status, error_count) VALUES
      ('a', 'x', 'completed', 1), ('b', 'x', 'done', 1), ('c', 'x', 'completed', -1), ('', 'x', 'completed', 1),
      ('e', cast(x'ff' AS TEXT), 'completed', 1), ('f', 'x', 'completed', 1)"
  fill "2 2 0 0 4 1" --rejects rejected old.db
  is "2 status|3 error_count|4 workflow_id|5 not JSON" \
    "$(sed -E 's/^pl-backfill: old.db\(workflow_history\):([0-9]+): ([^:]*): .*/\1 \2/' err | paste -sd '|')"
  is 4 "$(wc -l <rejected)"
}

@test "databases: --limit, --since and --dry-run" {
  other "CREATE TABLE workflow_history($columns);
    INSERT INTO workflow_history(workflow_id, nl_input, created_at) VALUES('a', 'x', '2026-01-01 00:00:00'),
    ('b', 'x', '2026-01-02 00:00:00'), ('c', 'x', '2026-01-03 00:00:00')"
  fill "3 3 0 0 0 0" --dry-run old.db
  [ ! -e "$PL_DB" ]
  fill "2 2 0 0 0 0" --limit 2 old.db
  is "a b" "$(ids)"
  fresh && fill "1 1 0 0 0 0" --since 2026-01-03 old.db
  is "c" "$(ids)"
}

@test "databases: one without a workflow_history, or damaged, is status 2; the others are read" {
  other "CREATE TABLE t(x)"
  { printf 'SQLite format 3\0'; seq 2000; } >bad.db
  w a >f
  status 2 pl-backfill -q old.db bad.db f
  has "$(cat err)" "pl-backfill: old.db: "
  has "$(cat err)" "workflow_history"
  has "$(cat err)" "pl-backfill: bad.db: "
  is a "$(ids)"
}

@test "databases: many rows, in bounded batches" {
  other "CREATE TABLE workflow_history($columns);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
    INSERT INTO workflow_history(workflow_id, nl_input) SELECT 'w' || i, 'Check git status' FROM n"
  fill "12000 12000 0 0 0 0" old.db
  is "12000" "$(sql "SELECT occurrence_count FROM operation_patterns")"
}

# -- rebuild and verify --

history() {
  jq -cn 'range(60) | {workflow_id:"w\(.)",account:"acc",error_count:(. % 3),retry_count:(. % 2),total_tokens:(. * 10),
      nl_input:(["Run backend tests with pytest in src/a.py","Check git status","Think hard"][. % 3]),
      error_message:(if . % 4 == 0 then "lint failed" else null end),cost:(. / 8),duration_seconds:(. * 50),
      created_at:(1767225600 + . * 7200)},
    {kind:"review",pattern_signature:"git:status:summary",automation_status:"approved",timestamp:5}' | pl-record -q
}

@test "--verify: nothing to say of what is right" {
  status 2 pl-backfill --verify
  has "$(cat err)" "$PL_DB: "
  history
  status 0 pl-backfill --verify
  is "every figure is what the stored records give " "$(cat out) $(cat err)"
  status 0 pl-backfill --verify --json && is "[]" "$(cat out)"
  status 0 pl-backfill --verify -q && is "" "$(cat out)"
}

@test "--verify: changes nothing" {
  mkdir db && PL_DB=$PWD/db/pl.db
  history
  sql "UPDATE operation_patterns SET occurrence_count = 7"
  everything >before
  status 1 pl-backfill --verify
  is "$(cat before)" "$(everything)"
}

good() {
  history
  figures >good
  mv "$PL_DB" good.db
  cp good.db worse.db
}

# broken DAMAGE LINE...: verify finds what the SQL does to a good database: for each LINE, a pattern, a line of its own
broken() {
  local damage=$1 line
  shift
  cp good.db "$PL_DB"
  sql "$damage"
  sql "$damage" worse.db
  status 1 pl-backfill --verify || { echo "$damage"; return 1; }
  is "" "$(cat err)"
  for line; do grep -q -e "$line" out || { echo "no line like $line: $damage"; cat out; return 1; }; done
}

# mended: a rebuild mends all of that together
mended() {
  PL_DB=$PWD/worse.db
  status 0 pl-backfill --rebuild
  status 0 pl-backfill --verify || { cat out; return 1; }
  is "$(cat good)" "$(figures)"
}

@test "--verify: each figure of operation_patterns, and --rebuild mends it" {
  good
  local git="git:status:summary" column changes lines
  for change in "%s + 1:occurrence_count avg_tokens_with_llm avg_cost_with_llm avg_tokens_with_tool avg_cost_with_tool
      confidence_score potential_monthly_savings" \
    "'active':pattern_type automation_status created_at last_seen typical_input_pattern" \
    "NULL:avg_tokens_with_llm avg_cost_with_llm potential_monthly_savings typical_input_pattern last_seen"; do
    changes="" lines=()
    for column in ${change#*:}; do
      # shellcheck disable=SC2059
      changes="$changes, $column = $(printf "${change%%:*}" "$column")"
      lines+=("^$git: $column is .*, and should be ")
    done
    broken "UPDATE operation_patterns SET ${changes#, } WHERE pattern_signature = '$git'" "${lines[@]}"
  done
  mended
}

@test "--verify: patterns that are missing, others, or too many, and --rebuild mends them" {
  good
  broken "DELETE FROM operation_patterns WHERE pattern_signature = 'test:pytest:backend'" test:pytest:backend
  broken "UPDATE operation_patterns SET pattern_signature = 'git:x:all' WHERE pattern_signature = 'git:status:summary';
    INSERT INTO operation_patterns(pattern_signature, pattern_type, occurrence_count) VALUES('made:up:all', 'x', 3)" \
    git:x:all git:status:summary "made:up:all: occurrence_count is 3, and should be 0"
  mended
}

@test "--verify: each sum, and --rebuild mends it" {
  good
  local columns i
  for columns in "occurrences tokens_known tokens" "cost_known cost durations_known" \
    "durations squares_high squares_low" \
    "errors_known errors retries_known" "retries first_at last_at"; do
    # shellcheck disable=SC2086
    set -- $columns
    broken "UPDATE pattern_sum SET $1 = $1 + 1 WHERE pattern = 1; UPDATE pattern_sum SET $2 = $2 + 1 WHERE pattern = 2;
      UPDATE pattern_sum SET $3 = $3 + 1 WHERE pattern = 3" \
      ^test:pytest:backend: ^format:eslint:all: ^git:status:summary:
  done
  mended
}

@test "--verify: the first and the last workflow of a pattern, and --rebuild mends them" {
  good
  broken "UPDATE pattern_sum SET first_workflow = 31 WHERE pattern = 1;
    UPDATE pattern_sum SET last_workflow = 31 WHERE pattern = 3" \
    "test:pytest:backend.*first workflow" "git:status:summary.*last workflow"
  mended
}

@test "--verify: sums that are missing or too many, and --rebuild mends them" {
  good
  broken "DELETE FROM pattern_sum WHERE pattern = 1; CREATE TEMP TABLE t AS SELECT * FROM pattern_sum WHERE pattern = 2;
    UPDATE t SET pattern = 99; INSERT INTO pattern_sum SELECT * FROM t" test:pytest:backend 99
  mended
}

@test "--verify: each total, and --rebuild mends it" {
  good
  broken "UPDATE total SET value = value + 1" workflows learned matched tokens_known "tokens is" cost_known "cost is"
  mended
  broken "DELETE FROM total" workflows
  mended
}

@test "--verify: what each workflow shows, and --rebuild mends it" {
  good
  broken "UPDATE workflow SET pattern_set_0 = NULL WHERE id = 2;
    INSERT INTO pattern_set VALUES(90, '[1,2,3]'), (91, '[99]'), (92, '[2,1]'), (93, '{}');
    UPDATE workflow SET pattern_set_0 = 90 WHERE id = 5;
    UPDATE workflow SET keywords_0 = (SELECT keywords_0 FROM workflow WHERE id = 1) WHERE id = 11;
    UPDATE workflow SET pattern_set_0 = 91 WHERE id = 14;
    UPDATE workflow SET pattern_set_0 = 999 WHERE id = 17;
    UPDATE workflow SET pattern_set_0 = 92 WHERE id = 20;
    UPDATE workflow SET pattern_set_0 = 93 WHERE id = 23" \
    "w1:" "w4:" "w10: .*keywords" "w13: .*99" "w16: .*999" "w19: .*92" "w22: .*93"
  mended
}

@test "--verify: what was derived from a text, and --rebuild mends it" {
  good
  broken "UPDATE workflow SET input_length = input_length + 1 WHERE workflow_id = 'w1';
    UPDATE workflow SET complexity = complexity + 1 WHERE workflow_id = 'w4';
    UPDATE workflow SET files = '[\"x\"]' WHERE workflow_id = 'w7';
    UPDATE workflow SET files = NULL WHERE workflow_id = 'w0'" \
    "w1: input_length" "w4: complexity" "w7: files" "w0: files"
  mended
}

@test "--verify: a list of keywords that is not what it was, and --rebuild mends it" {
  good
  broken "UPDATE name SET text = '[\"x\"]' WHERE text LIKE '[\"git%'" "w1: .*keywords"
  mended
}

@test "--verify: a figure that follows from a record that was changed by hand" {
  good
  cp good.db "$PL_DB"
  sql "UPDATE workflow SET cost = cost + 1000000000 WHERE workflow_id = 'w1'"
  status 1 pl-backfill --verify --json
  is true "$(jq 'length > 2 and all(has("difference"))' out)"
  status 1 pl-backfill --verify -q
  is "" "$(cat out)"
  sql "UPDATE workflow SET nl_input = 'Run all tests' WHERE workflow_id = 'w4'"
  status 1 pl-backfill --verify
  has "$(cat out)" "w4"
  status 0 pl-backfill --rebuild
  is 1 "$(sql "SELECT occurrence_count FROM operation_patterns WHERE pattern_signature = 'test:generic:all'")"
  status 0 pl-backfill --verify
}

@test "--verify: a database without its rules does not pass" {
  good
  for damage in "UPDATE state SET rules = NULL" "DELETE FROM rules" "UPDATE rules SET base = '{'"; do
    cp good.db "$PL_DB"
    sql "$damage"
    got=0
    pl-backfill --verify >out 2>err || got=$?
    [ "$got" -gt 0 ]
    [ -s out ] || [ -s err ]
  done
}

@test "--verify: where no text was kept, what was learned is what figures are held against" {
  echo '{"workflow_id":"a","nl_input":"Check git status","cost":1}' | pl-record -q --no-text
  sql "UPDATE operation_patterns SET avg_cost_with_llm = 2"
  status 1 pl-backfill --verify
  has "$(cat out)" avg_cost_with_llm
  status 0 pl-backfill --rebuild
  status 0 pl-backfill --verify
  is 1.0 "$(sql "SELECT avg_cost_with_llm FROM operation_patterns")"
}

@test "--verify: control characters in ids are escaped" {
  printf '{"workflow_id":"\\u001b[31m","nl_input":"Check git status"}\n' | pl-record -q
  sql "UPDATE workflow SET input_length = 5"
  status 1 pl-backfill --verify
  has "$(cat out)" '\x1B[31m'
}

@test "--rebuild: derives all by the rules of today" {
  history
  figures >one
  status 0 pl-backfill --rebuild
  is " " "$(cat out) $(cat err)"
  is "$(cat one)" "$(figures)"
  echo '{"categories":[{"category":"thought","default":"hard","target":"all","words":["think"]}]}' >own.json
  status 0 pl-backfill -v --rebuild --rules own.json
  has "$(cat err)" "60 workflows"
  is "format:eslint:all|15 git:status:summary|20 test:pytest:backend|20 thought:hard:all|20" \
    "$(sql "SELECT pattern_signature, occurrence_count FROM operation_patterns WHERE occurrence_count > 0
      ORDER BY 1" | xargs)"
  status 0 pl-backfill --verify
  status 0 pl-backfill --rebuild
  is "$(cat one)" "$(figures)"
  is 0 "$(sql "SELECT occurrence_count FROM operation_patterns WHERE pattern_signature = 'thought:hard:all'")"
}

@test "--rebuild: ids of patterns stay" {
  history
  sql "SELECT id, pattern_signature FROM operation_patterns ORDER BY 1" >one
  status 0 pl-backfill --rebuild
  is "$(cat one)" "$(sql "SELECT id, pattern_signature FROM operation_patterns ORDER BY 1")"
}

@test "--rebuild: with files, and with --verify" {
  w a >f
  status 0 pl-backfill --rebuild --verify --json f
  is 1 "$(head -1 out | jq .processed)"
  status 0 pl-backfill --rebuild
}

@test "--rebuild: rules that are not valid change nothing" {
  history
  figures >one
  echo '{' >bad.json
  status 2 pl-backfill --rebuild --rules bad.json
  has "$(cat err)" bad.json
  is "$(cat one)" "$(figures)"
  status 0 pl-backfill --verify
}

@test "rules that are not the database's: it says so, and keeps its own" {
  w a >f && pl-backfill -q f
  echo '{"categories":[{"category":"own","default":"x","target":"all","words":["git"]}]}' >own.json
  w b >g
  fill "1 1 0 0 0 0" --rules own.json g
  has "$(cat err)" "pl-backfill: warning: "
  is "git:status:summary|2" "$(sql "SELECT pattern_signature, occurrence_count FROM operation_patterns")"
}
