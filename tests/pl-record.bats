#!/usr/bin/env bats
# pl-record: its options, its result lines, versions, reviews, rules, and what it does to the database's file.

load helper

# rec JSON...: records these, a line each, with a good end
rec() { printf '%s\n' "$@" | status 0 pl-record; }

w() { printf '{"workflow_id":"%s","nl_input":"Check git status"}\n' "$1"; }

# bytes as good as random, the same ones each time
junk() { seq 60000 | gzip -9n; }

# -- options --

@test "--help and --version" {
  status 0 pl-record --help
  is "usage: pl-record [OPTION...] [FILE...]" "$(head -1 out)"
  for option in db kind tee rejects rules no-text json quiet verbose help version; do has "$(cat out)" "--$option"; done
  status 0 pl-record -h
  status 0 pl-record --version
  is pl-record "$(cut -d' ' -f1 out)"
  is "" "$(cat err)"
  [ ! -e "$PL_DB" ]
  is "$(sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' <(pl-record --help) | sort)" \
    "$(grep '^\.It Fl' "$BATS_TEST_DIRNAME/../man/pl-record.1" | grep -oE ' -[a-z-]+' | cut -c3- | sort)"
}

@test "a bad option: usage on stderr, status 2, and nothing is done" {
  for bad in --no-such -x --tee=yes --rejects -k "-k thing"; do
    # shellcheck disable=SC2086
    w a | status 2 pl-record $bad
    is "" "$(cat out)"
    has "$(cat err)" "usage: pl-record"
  done
  [ ! -e "$PL_DB" ]
}

@test "PL_NOW must be a time" {
  w a | PL_NOW=today status 2 pl-record
  has "$(cat err)" "today"
}

@test "-q: nothing on stdout, but what is wrong on stderr" {
  { w a; echo bad; } | status 1 pl-record -q
  is "" "$(cat out)"
  has "$(cat err)" "pl-record: -:2: "
  is 1 "$(sql "SELECT count(*) FROM workflow_history")"
  status 0 pl-record -q --tee <<<"$(w b)"
  is "$(w b)" "$(cat out)"
  status 0 pl-record -j <<<"$(w b)"
  is duplicate "$(jq -r .status out)"
}

@test "-v tells what is new, -vv each record" {
  { w a; w b; } | status 0 pl-record -v
  is 2 "$(wc -l <out)"
  is 1 "$(grep -c "^pl-record: New pattern detected: git:status:summary$" err)"
  { w a; w c; } | status 0 pl-record -vv
  has "$(cat err)" "a: duplicate"
  has "$(cat err)" "c: new"
  w d | status 0 pl-record
  is "" "$(cat err)"
}

# -- result lines --

# result ID STATUS DETECTED NEW IDS PATTERNS: a workflow's result line
result() {
  printf '{"kind":"workflow","workflow_id":"%s","status":"%s","patterns_detected":%s,"new_patterns":%s,' "${@:1:4}"
  printf '"pattern_ids":[%s],"patterns":[%s]}\n' "${@:5}"
}

@test "result lines of workflows" {
  rec '{"workflow_id":"wf-1","nl_input":"Run backend tests with pytest","workflow_template":"adw_test_iso"}' "$(w 2)" \
    '{"workflow_id":3,"nl_input":"Think"}' '{"workflow_id":"4","nl_input":"Check git status","status":"running"}' \
    '{"workflow_id":"wf-1","nl_input":"Run backend tests with pytest","workflow_template":"adw_test_iso"}' \
    '{"workflow_id":"2","nl_input":"Run all tests","error_message":"lint","updated_at":"2026-01-01T00:00:00Z"}'
  is "$(result wf-1 new 2 2 1,2 '"test:pytest:backend","test:generic:all"'
    result 2 new 1 1 3 '"git:status:summary"'
    result 3 new 0 0 "" ""
    result 4 new 0 0 "" ""
    result wf-1 duplicate 2 0 1,2 '"test:pytest:backend","test:generic:all"'
    result 2 updated 2 1 2,4 '"test:generic:all","format:eslint:all"')" "$(cat out)"
}

@test "result lines of a duplicate list the patterns in the order of the layers" {
  one='{"workflow_id":"1","nl_input":"Check git status"}'
  two='{"workflow_id":"2","nl_input":"Run backend tests","error_message":"lint","workflow_template":"adw_ship"}'
  rec '{"workflow_id":"0","nl_input":"x","workflow_template":"adw_ship"}' "$one" "$two" && first=$(tail -1 out)
  rec "$two"
  is "$(jq -c '[.pattern_ids, .patterns]' <<<"$first")" "$(jq -c '[.pattern_ids, .patterns]' out)"
}

@test "result lines of reviews" {
  w a | pl-record -q
  review='{"kind":"review","pattern_signature":"git:status:summary","automation_status":"approved","timestamp":5}'
  rec "$review" "$review"
  is '{"kind":"review","pattern_signature":"git:status:summary","status":"new"}
{"kind":"review","pattern_signature":"git:status:summary","status":"duplicate"}' "$(cat out)"
}

@test "result lines come in the order of the input, one a record, across batches" {
  jq -cn 'range(12000) | {workflow_id:"w\(. % 11000)",nl_input:"Check git status"}' >in
  status 0 pl-record <in
  is "$(jq -r .workflow_id in | md5sum)" "$(jq -r .workflow_id out | md5sum)"
  is "11000 new 1000 duplicate" "$(jq -r .status out | uniq -c | xargs)"
}

# -- operands --

@test "FILE operands are read in turn, - is stdin, and each is named" {
  { w a; echo bad; } >one
  { w c; echo; echo bad; } >two
  { w b; echo bad; } | status 1 pl-record one - two
  is "a b c" "$(jq -r .workflow_id out | xargs)"
  is "one:2 -:2 two:3" "$(sed -E 's/^pl-record: ([^:]*:[0-9]*):.*/\1/' err | xargs)"
}

@test "an operand that cannot be read costs itself, and status 2" {
  w a >one
  w b >two
  mkdir dir
  status 2 pl-record one missing dir two
  is "a b" "$(jq -r .workflow_id out | xargs)"
  has "$(cat err)" "pl-record: missing: "
  has "$(cat err)" "pl-record: dir: "
  status 2 pl-record -- --tee
  status 0 pl-record /dev/null
}

@test "a file's name with control characters is escaped" {
  echo bad >$'a\x1b[31m'
  status 1 pl-record $'a\x1b[31m'
  has "$(cat err)" 'a\x1B[31m:1: '
}

# -- rejects --

@test "--rejects appends what is rejected, as it stood" {
  printf '%s\n' '{broken' '{"workflow_id":""}' '{"workflow_id": "a"}' '"text"  ' >in
  status 1 pl-record --rejects rejected <in
  is "$(sed -n '1p;2p;4p' in)" "$(sed 's/"  /"/; s/"text"/&  /' rejected)"
  status 1 pl-record --rejects rejected <in
  is 6 "$(wc -l <rejected)"
  { w b; } | status 0 pl-record --rejects rejected
  is 6 "$(wc -l <rejected)"
}

@test "--rejects: what is mended can be read again" {
  jq -n '{workflow_id:"a",nl_input:"Check git status",error_count:"3"},{workflow_id:"b"}' >in
  status 1 pl-record --rejects rejected <in
  sed 's/"3"/3/' rejected | status 0 pl-record
  is "a 3" "$(sql "SELECT workflow_id, error_count FROM workflow_history WHERE workflow_id = 'a'" | tr '|' ' ')"
}

@test "--rejects: a file that cannot be opened is status 2, before anything is read" {
  w a | status 2 pl-record --rejects /dev/null/x
  has "$(cat err)" "/dev/null/x: "
  is "" "$(cat out)"
}

# -- tee --

@test "--tee writes the input through, byte for byte" {
  { w a; printf 'bad\r\n\n\x00\xff\x1b[31m\n[%s,' "$(w b)"; junk; printf '\n'; w c; printf 'no end'; } >in
  status 1 pl-record --tee <in
  cmp in out
  is 3 "$(sql "SELECT count(*) FROM workflow_history")"
  has "$(cat err)" "-:2: "
}

@test "--tee: nothing of nothing" {
  status 0 pl-record --tee </dev/null
  cmp /dev/null out
}

@test "--tee: FILE operands, and stdin among them" {
  { w a; printf 'no end'; } >one
  w b | jq . >two
  w c | status 2 pl-record --tee one missing - two
  { cat one; w c; cat two; } | cmp - out
  is "a b c" "$(sql "SELECT workflow_id FROM workflow_history ORDER BY 1" | xargs)"
}

@test "--tee: a database among the FILE operands" {
  w b | pl-record -q -d other.db
  w a | status 0 pl-record --tee - other.db
  { w a; cat other.db; } | cmp - out
  is "a b" "$(sql "SELECT workflow_id FROM workflow_history ORDER BY 1" | xargs)"
}

@test "--tee passes everything on where the database is broken" {
  junk >"$PL_DB"
  { w a; junk; junk; junk; } >in
  status 2 pl-record --tee <in
  cmp in out
  has "$(cat err)" "$PL_DB: "
  status 2 pl-record --tee in in <in
  cat in in | cmp - out
  w x | status 2 pl-record --tee - in
  { w x; cat in; } | cmp - out
}

@test "--tee passes everything on where the database breaks on the way" {
  w z | pl-record -q
  sql "CREATE TRIGGER full BEFORE INSERT ON workflow WHEN NEW.workflow_id = 'w15000'
    BEGIN SELECT RAISE(ABORT, 'no more'); END"
  jq -cn 'range(40000) | {workflow_id:"w\(.)",nl_input:"Check git status"}' >in
  status 2 pl-record --tee <in
  cmp in out
  has "$(cat err)" "no more"
  status 2 pl-record --tee in in
  cat in in | cmp - out
}

@test "--tee passes bytes on while the pipe is open" {
  mkfifo pipe
  pl-record --tee <pipe >out & pid=$!
  exec 7>pipe
  printf '{"workflow_id":' >&7
  soon grep -q '"workflow_id":' out
  exec 7>&-
  wait "$pid" || is 1 $?
}

# -- patterns --

@test "patterns: what texts, templates and errors show" {
  cat >wanted <<'T'
test:generic:all|Test it||
test:generic:all|Re-run the UNIT TESTS||
test:pytest:all|pytest||
test:vitest:frontend|Run vitest for the client||
test:jest:both|jest, on both the server and the client||
test:mocha:all|Run all mocha tests of the api||
test:rspec:backend|rspec the API||
test:junit:all|JUnit||
test:unittest:all|unittests||
test:go:all|go test ./...||
test:cargo:all|Run cargo  test||
test:jest:all|jest first, then pytest||
test:pytest:all|pytest first, then jest||
test:generic:all|Test the build||
build:build:all|Build it||
build:build:frontend|rebuild the ui||
build:typecheck:backend|type check the backend||
build:typecheck:all|tsc --noEmit||
build:compile:all|compile all the code of the server||
build:compile:backend|compile all of the server||
build:bundle:all|webpack it||
build:bundle:frontend|Bundle the frontend with Vite||
format:generic:all|Format the files of the backend||
format:prettier:all|prettier||
format:ruff:all|lint with ruff||
format:gofmt:all|gofmt -w .||
format:clang-format:all|Run clang-format||
format:black:all|black on the docs||
git:diff:summary|git diff HEAD~1||
git:status:summary|What says Git Status?||
git:log:summary|a git log of the frontend||
deps:generic:update|Look after the dependencies||
deps:npm:update|npm audit||
deps:pnpm:update|pnpm up||
deps:yarn:update|yarn||
deps:bun:update|bun add x||
deps:pip:update|pip install x||
deps:poetry:update|poetry lock||
deps:uv:update|uv sync||
deps:cargo:update|cargo update||
deps:go:update|go mod tidy||
docs:generate:all|Deploy the documentation||
docs:generate:all|readme||
deploy:ship:all|Ship it to the server||
deploy:ship:all|deployment||
review:code:all|A code review, please||
review:code:all|Review code of the ui||
none|The latest contest of attestation||
none|Speed up the release pipeline of the equipment||
none|review the code||
none|a git, a diff||
none|run test_api.py and my_build||
none|shipment of a buildup, reformed||
none|||
test:generic:backend test:generic:all|Run the tests|adw_test_server|
test:generic:frontend|Run the tests|adw-plan-client|
test:generic:frontend test:generic:all|Run the tests of the ui|adw_server_test|
build:generic:all|Think|adw-build-iso|
none|Think|adw_plan_build_test|
none|Think|cleanup_test|
none|Think|latest_tester|
sdlc:full:all|Think|SDLC|
sdlc:full:all|Think|adw_zte_iso|
patch:quick:all|Think|adw_patch|
patch:quick:all|Think|lightweight-fix|
deploy:ship:all|Think|adw_ship_test|
review:code:all|Think|adw_review|
test:pytest:backend|Think||E: pytest exited with 1
test:pytest:backend|Think||2 tests failed
test:pytest:backend|Think||a failed test
test:vitest:frontend|Think||Vitest: no files
build:typecheck:backend|Think||Type error in a.ts
build:typecheck:backend|Think||tsc(1)
build:compile:backend|Think||compilation terminated
build:compile:backend|Think||COMPILE ERROR
format:eslint:all|Think||lint
format:eslint:all test:generic:all|Think|adw_test|eslint
test:pytest:backend build:typecheck:backend format:eslint:all|Run backend pytest||pytest: type error, lint
git:log:summary test:pytest:backend build:compile:backend deploy:ship:all|git log|ship|pytest, compilation
none|Think||the latest attempt was compiled
T
  jq -cR 'split("|") | {workflow_id:"\(input_line_number)",nl_input:.[1],workflow_template:.[2],error_message:.[3]} |
    map_values(select(. != ""))' wanted >in
  status 0 pl-record <in
  is "$(cat wanted)" "$(jq -r '.patterns | if . == [] then "none" else join(" ") end' out |
    paste -d'|' - <(cut -d'|' -f2- wanted))"
  status 0 pl-backfill --verify
}

@test "patterns: what is characteristic of a workflow" {
  lines() { yes "$1" | head -n "$2" | paste -sd ' '; }
  {
    jq -cn '{workflow_id:"1",nl_input:"Run pytest on src/a.py and test_b.py, then src/a.py; build ./x é",
      duration_seconds:179.999,error_count:0}'
    jq -cn --arg t "$(lines word 49)" '{workflow_id:"2",nl_input:("pytest " + $t),duration_seconds:180}'
    jq -cn --arg t "$(lines word 48)" '{workflow_id:"3",nl_input:("pytest " + $t),duration_seconds:599.999,
      error_count:2}'
    jq -cn --arg t "$(lines word 199)" '{workflow_id:"4",nl_input:("pytest " + $t),duration_seconds:600,error_count:3}'
    jq -cn --arg t "$(lines word 200)" '{workflow_id:"5",nl_input:("pytest " + $t)}'
    printf '{"workflow_id":"%s","nl_input":"pytest","error_count":%s}\n' 6 3 7 5 8 6
  } | pl-record -q
  is '[64,["pytest","build"],["src/a.py","test_b.py","./x"],"short","simple",0]' \
    "$(sql "SELECT matched_characteristics FROM pattern_occurrences WHERE workflow_id = '1'" | jq -c '[.input_length,
      .keywords, .files_mentioned, .duration_range, .complexity, .error_count]')"
  is "medium/medium simple/medium medium/long complex/null medium/null medium/null complex/null" \
    "$(sql "SELECT matched_characteristics FROM pattern_occurrences WHERE workflow_id > '1' ORDER BY workflow_id" |
      jq -r '"\(.complexity)/\(.duration_range)"' | xargs)"
}

@test "patterns: the typical input is that of the first workflow, by time and id" {
  printf '{"workflow_id":"%s","nl_input":"pytest %s","created_at":%s}\n' b 333 10 a 22 10 c 1 11 >in
  for order in cat tac; do
    fresh
    $order in | pl-record -q
    is 9 "$(sql "SELECT json_extract(typical_input_pattern, '$.input_length') FROM operation_patterns")"
  done
  echo '{"workflow_id":"0","nl_input":"pytest 4444","created_at":9}' | pl-record -q
  is 11 "$(sql "SELECT json_extract(typical_input_pattern, '$.input_length') FROM operation_patterns")"
}

@test "patterns: confidence at each of its thresholds" {
  # the score, how many workflows, and what the Ith of them says
  local wanted count members n=0 program="empty"
  while read -r wanted count members; do
    program="$program, (range($count) | . as \$i | {workflow_id:\"$((++n))-\(.)\",nl_input:\"case$n\"} + $members)"
    echo "case$n $wanted" >>wanted
  done <<'T'
55 1 {}
55 2 {}
65 3 {}
65 4 {}
75 5 {}
75 9 {}
85 10 {}
55 1 {duration_seconds:5}
70 2 {duration_seconds:7}
70 2 {duration_seconds:(100+$i*19.998)}
60 2 {duration_seconds:(100+$i*20)}
60 2 {duration_seconds:(100+$i*63.244)}
50 2 {duration_seconds:(100+$i*63.246)}
65 3 {duration_seconds:(if $i==0 then 100 else 0 end)}
80 3 {duration_seconds:(if $i==0 then null else 100 end)}
55 2 {error_count:0,retry_count:0}
45 2 {error_count:$i}
45 2 {error_count:0,retry_count:(1+$i)}
35 2 {error_count:1}
35 2 {error_count:0,retry_count:2}
35 2 {error_count:(2+$i),retry_count:9}
30 2 {error_count:3}
35 2 {error_count:(if $i==0 then null else 1 end)}
T
  jq -n '{categories: [range(1; 30) | "case\(.)" | {category:., target:"all", words:[.]}]}' >own.json
  jq -cn "$program" | pl-record -q --rules own.json
  is "$(cat wanted)" "$(sql "SELECT pattern_type || ' ' || CAST(confidence_score AS INTEGER) FROM operation_patterns
    ORDER BY CAST(substr(pattern_type, 5) AS INTEGER)")"
}

@test "patterns: means are of what is known, and savings of a month of thirty days or more" {
  rec '{"workflow_id":"1","nl_input":"pytest","created_at":"2026-01-01T00:00:00Z","cost":1,"total_tokens":39}' \
    '{"workflow_id":"2","nl_input":"pytest","created_at":"2026-01-31T00:00:00Z","cost":2,"total_tokens":40}' \
    '{"workflow_id":"3","nl_input":"pytest","created_at":"2026-01-02T00:00:00Z"}'
  figure() {
    sql "SELECT occurrence_count, avg_tokens_with_llm, avg_tokens_with_tool, avg_cost_with_llm, avg_cost_with_tool,
      round(potential_monthly_savings, 9), created_at, last_seen FROM operation_patterns"
  }
  is "3|39|1|1.5|0.075|4.275|2026-01-01 00:00:00|2026-01-31 00:00:00" "$(figure)"
  rec '{"workflow_id":"4","nl_input":"pytest","created_at":"2026-02-15T12:00:00Z","total_tokens":0}'
  saved=$(jq -n '1.425 * 4 * 30 / 45.5 * 1e9 | round / 1e9')
  is "4|26|1|1.5|0.075|$saved|2026-01-01 00:00:00|2026-02-15 12:00:00" "$(figure)"
  rec '{"workflow_id":"5","nl_input":"pytest","created_at":"2025-12-31T18:00:00Z","cost":0}'
  saved=$(jq -n '0.95 * 5 * 30 / 45.75 * 1e9 | round / 1e9')
  is "5|26|1|1.0|0.05|$saved|2025-12-31 18:00:00|2026-02-15 12:00:00" "$(figure)"
}

@test "patterns: an unknown cost, and none at all, are two things" {
  rec '{"workflow_id":"1","nl_input":"pytest"}' '{"workflow_id":"2","nl_input":"git log","cost":0,"total_tokens":0}'
  is "test:pytest:all|||| git:log:summary|0|0.0|0.0|0.0" \
    "$(sql "SELECT pattern_signature, avg_tokens_with_llm, avg_cost_with_llm, avg_cost_with_tool,
      potential_monthly_savings FROM operation_patterns ORDER BY id" | xargs)"
}

@test "database: the names that other programs query" {
  rec '{"workflow_id":"1","nl_input":"pytest","error_message":"lint","cost":0.5,"total_tokens":7,"duration_seconds":3}'
  sql "SELECT workflow_id, nl_input, workflow_template, model_used, status, error_message, error_count, retry_count,
    duration_seconds, input_tokens, output_tokens, total_tokens, actual_cost_total, created_at, updated_at
    FROM workflow_history" >/dev/null
  sql "SELECT id, pattern_signature, pattern_type, occurrence_count, avg_tokens_with_llm, avg_cost_with_llm,
    avg_tokens_with_tool, avg_cost_with_tool, typical_input_pattern, automation_status, confidence_score,
    potential_monthly_savings, created_at, last_seen FROM operation_patterns" >/dev/null
  sql "SELECT id, pattern_id, workflow_id, similarity_score, matched_characteristics, detected_at
    FROM pattern_occurrences" >/dev/null
  is table "$(sql "SELECT type FROM sqlite_schema WHERE name = 'operation_patterns'")"
  is "2 2 100.0" "$(sql "SELECT count(DISTINCT id), count(DISTINCT pattern_id || ' ' || workflow_id),
    min(similarity_score) FROM pattern_occurrences" | tr '|' ' ')"
  is "integer real integer real real real text" \
    "$(sql "SELECT typeof(avg_tokens_with_llm), typeof(avg_cost_with_llm), typeof(avg_tokens_with_tool),
      typeof(avg_cost_with_tool), typeof(confidence_score), typeof(potential_monthly_savings), typeof(last_seen)
      FROM operation_patterns LIMIT 1" | tr '|' ' ')"
  is "real real integer" \
    "$(sql "SELECT typeof(duration_seconds), typeof(actual_cost_total), typeof(total_tokens) FROM workflow_history" |
      tr '|' ' ')"
  is "1.0" "$(sql "SELECT julianday('2026-03-02 12:00:00') - julianday(detected_at) FROM pattern_occurrences LIMIT 1")"
}

# -- versions --

# v MEMBERS [ID]: a version of the workflow w, or ID
v() { printf '{"workflow_id":"%s","nl_input":"Check git status"%s}\n' "${2:-w}" "${1:+,$1}"; }

# both OLDER NEWER ...: pairs of versions, by their members; whichever comes first, the newer one is kept
both() {
  local n=0
  while [ $# -gt 0 ]; do
    v "$1" $((++n)) >>older
    v "$2" $n >>newer
    shift 2
  done
  cat older newer | status 0 pl-record
  is "$n new $n updated" "$(jq -r .status out | uniq -c | xargs)"
  is "$(jq .total_tokens newer | xargs)" \
    "$(sql "SELECT coalesce(total_tokens, 'null') FROM workflow_history ORDER BY workflow_id + 0" | xargs)"
  figures >one
  fresh
  cat newer older | status 0 pl-record
  is "$n new $n duplicate" "$(jq -r .status out | uniq -c | xargs)"
  is "$(cat one)" "$(figures)"
  status 0 pl-backfill --verify
}

@test "versions: the later updated_at" {
  both '"total_tokens":9,"updated_at":"2026-01-01T00:00:00Z"' '"total_tokens":1,"updated_at":"2026-01-01T00:00:01Z"' \
    '"total_tokens":9,"updated_at":"2026-01-01T00:00:00Z","created_at":"2026-02-01T00:00:00Z"' \
    '"total_tokens":1,"updated_at":"2026-01-02T00:00:00Z","created_at":"2025-01-01T00:00:00Z"'
}

@test "versions: else the later created_at or timestamp" {
  both '"total_tokens":9,"created_at":"2026-01-01T00:00:00Z"' '"total_tokens":1,"created_at":"2026-01-02T00:00:00Z"' \
    '"total_tokens":9,"timestamp":1767225600' '"total_tokens":1,"timestamp":1767225601' \
    '"total_tokens":9,"updated_at":"2026-01-01T00:00:00Z"' '"total_tokens":1,"timestamp":"2026-01-02T00:00:00Z"'
}

@test "versions: one with a time, however old, over one without" {
  both '"total_tokens":9' '"total_tokens":1,"created_at":"1999-01-01T00:00:00Z"' \
    '"total_tokens":9,"status":"completed"' '"total_tokens":1,"status":"running","updated_at":0' \
    '"total_tokens":9' '"total_tokens":1,"timestamp":-5'
}

@test "versions: at one time, one that has ended" {
  both '"total_tokens":9,"status":"pending","updated_at":5' '"total_tokens":1,"status":"completed","updated_at":5' \
    '"total_tokens":9,"status":"running","updated_at":5' '"total_tokens":1,"status":"failed","updated_at":5' \
    '"total_tokens":9,"status":"running"' '"total_tokens":1,"status":"failed"' \
    '"total_tokens":9,"status":"pending","created_at":5' '"total_tokens":1,"created_at":5'
}

@test "versions: then the one with more tokens" {
  both '"total_tokens":1,"updated_at":5' '"total_tokens":2,"updated_at":5' \
    '"total_tokens":1,"status":"completed"' '"total_tokens":2,"status":"failed"' \
    '"total_tokens":1,"status":"pending","updated_at":5' '"total_tokens":2,"status":"running","updated_at":5' \
    '"input_tokens":1,"output_tokens":1' '"total_tokens":3' '"updated_at":5' '"total_tokens":0,"updated_at":5'
}

@test "versions: then the one whose content hashes larger, whichever comes first" {
  for n in 1 2 3 4 5 6 7 8; do
    v '"model":"x"' $n >>one
    v "\"model\":\"$n\"" $n >>two
  done
  cat one two | status 0 pl-record
  is "duplicate new updated" "$(jq -r .status out | sort -u | xargs)"
  figures >kept
  fresh
  cat two one | pl-record -q
  is "$(cat kept)" "$(figures)"
}

@test "versions: equal content is a duplicate, however it is written, and the first recording time stays" {
  PL_NOW=2026-01-01T00:00:00Z rec \
    '{"workflow_id":"w","nl_input":"Check git status","total_tokens":5000,"model":"m","cost":0.5}'
  PL_NOW=2026-02-01T00:00:00Z rec \
    '{ "cost":5e-1, "model_used":"m","total_tokens":5e3, "nl_input":"Check git status","workflow_id":"w","x":1,
    "status":"completed","kind":"workflow","account":null }'
  is duplicate "$(jq -r .status out)"
  is "2026-01-01 00:00:00|2026-01-01 00:00:00" "$(sql "SELECT recorded_at, created_at FROM workflow_history")"
  PL_NOW=2026-02-01T00:00:00Z rec \
    '{"workflow_id":"w","nl_input":"Check git status","updated_at":"2026-01-05T00:00:00Z"}'
  is updated "$(jq -r .status out)"
  is "2026-01-01 00:00:00" "$(sql "SELECT recorded_at FROM workflow_history")"
}

@test "versions: the older one's share is taken out, whole" {
  rec '{"workflow_id":"w","nl_input":"Run pytest on the server","error_message":"lint","total_tokens":100,"cost":2,
    "duration_seconds":10,"error_count":3,"retry_count":1,"model":"m","account":"a","session_id":"s",
    "created_at":"2026-01-01T00:00:00Z"}' \
    '{"workflow_id":"o","nl_input":"Run pytest on the server","total_tokens":300,"cost":4,
    "created_at":"2026-01-03T00:00:00Z"}' \
    '{"workflow_id":"w","nl_input":"Check git status","created_at":"2026-01-02T00:00:00Z"}'
  is "git:status:summary|1||||55.0|2026-01-02 00:00:00|2026-01-02 00:00:00
test:pytest:backend|1|300|4.0|3.8|55.0|2026-01-03 00:00:00|2026-01-03 00:00:00" \
    "$(sql "SELECT pattern_signature, occurrence_count, avg_tokens_with_llm, avg_cost_with_llm,
      potential_monthly_savings, confidence_score, created_at, last_seen FROM operation_patterns
      WHERE occurrence_count > 0 ORDER BY 1")"
  is "|||||" "$(sql "SELECT model_used, account, session_id, error_message, error_count, total_tokens
    FROM workflow_history WHERE workflow_id = 'w'")"
  status 0 pl-backfill --verify
}

@test "versions: five, in five orders, give the same figures" {
  local order
  v '"status":"running","total_tokens":7,"created_at":1' >a
  v '"nl_input":"Run all tests","total_tokens":5,"updated_at":20,"cost":1' >b
  v '"nl_input":"Run all tests","error_message":"lint","updated_at":20,"total_tokens":6,"cost":2' >c
  v '"nl_input":"Lint","error_count":3' >d
  v '"nl_input":"Run all tests","total_tokens":10,"created_at":3' other >e
  for order in "a b c d e" "e d c b a" "c a e b d" "b c d e a" "d e a c b"; do
    fresh
    # shellcheck disable=SC2086
    cat $order | pl-record -q
    figures >last
    [ -e first ] || cp last first
    is "$(cat first)" "$(cat last)"
  done
  is "w|6|2.0" "$(sql "SELECT workflow_id, total_tokens, actual_cost_total FROM workflow_history
    WHERE workflow_id = 'w'")"
}

@test "versions: a pattern that lost its last occurrence keeps its id and review, and is out of reports" {
  rec "$(v '"updated_at":1')" '{"workflow_id":"2","nl_input":"Run all tests"}' \
    '{"kind":"review","pattern_signature":"git:status:summary","automation_status":"approved","timestamp":5}'
  id=$(sql "SELECT id FROM operation_patterns WHERE pattern_signature = 'git:status:summary'")
  rec "$(v '"nl_input":"Think","updated_at":2')"
  is "$id|0|10.0|approved||" "$(sql "SELECT id, occurrence_count, confidence_score, automation_status,
    avg_tokens_with_llm, potential_monthly_savings FROM operation_patterns
    WHERE pattern_signature = 'git:status:summary'")"
  is "test:generic:all" "$(pl-stats patterns --json | jq -r '.[].pattern_signature')"
  is "1 1" "$(pl-stats --json | jq -r '"\(.total_patterns) \(.total_occurrences)"')"
  status 1 pl-stats pattern git:status:summary
  rec "$(v '"updated_at":3')"
  is "[0,[$id]]" "$(jq -c '[.new_patterns, .pattern_ids]' out)"
  is "1|approved" "$(sql "SELECT occurrence_count, automation_status FROM operation_patterns WHERE id = $id")"
}

# -- reviews --

# r STATUS [MEMBERS]: a review
r() {
  printf '{"kind":"review","pattern_signature":"git:status:summary","automation_status":"%s"%s}\n' "$1" "${2:+,$2}"
}

in_force() {
  sql "SELECT automation_status FROM operation_patterns WHERE pattern_signature = '${1:-git:status:summary}'"
}

@test "reviews: the newest is in force, in whatever order they come" {
  w a | pl-record -q
  is detected "$(in_force)"
  rec "$(r approved '"timestamp":"2026-01-02T00:00:00Z"')" "$(r candidate '"timestamp":"2026-01-01T00:00:00Z"')"
  is approved "$(in_force)"
  rec "$(r active '"timestamp":"2026-01-03T00:00:00Z"')" "$(r implemented '"timestamp":"2026-01-02T12:00:00Z"')"
  is active "$(in_force)"
  rec "$(r deprecated '"timestamp":"2026-01-04T00:00:00Z"')" && is deprecated "$(in_force)"
  rec "$(r detected '"timestamp":"2026-01-05T00:00:00Z"')" && is detected "$(in_force)"
}

@test "reviews: one without a time is of the time of its recording" {
  w a | pl-record -q
  rec "$(r candidate '"timestamp":"2026-01-01T00:00:00Z"')" "$(r approved)"
  is approved "$(in_force)"
  PL_NOW=2026-03-02T00:00:00Z rec "$(r implemented)" && is implemented "$(in_force)"
  PL_NOW=2026-03-03T00:00:00Z rec "$(r active '"timestamp":"2026-03-01T18:00:00Z"')" && is implemented "$(in_force)"
  PL_NOW=2026-03-03T00:00:00Z rec "$(r active '"timestamp":"2026-03-02T18:00:00Z"')" && is active "$(in_force)"
}

@test "reviews: all are kept" {
  w a | pl-record -q
  rec "$(r candidate '"timestamp":"2026-01-01T00:00:00Z","reviewed_by":"ann","review_notes":"look\nagain"')" \
    "$(r approved '"timestamp":"2026-01-02T00:00:00Z","reviewed_by":"bob"')"
  is "candidate|ann|look
again|2026-01-01 00:00:00
approved|bob||2026-01-02 00:00:00" "$(sql "SELECT automation_status, reviewed_by, review_notes, reviewed_at
  FROM pattern_reviews ORDER BY reviewed_at")"
  is "approved candidate" "$(pl-stats pattern git:status:summary --json | jq -r '.reviews[].automation_status' | xargs)"
}

@test "reviews: one may come before its pattern" {
  rec "$(r approved '"timestamp":"2026-01-01T00:00:00Z"')"
  has "$(cat err)" "-:1: warning: no pattern git:status:summary yet"
  is 0 "$(pl-stats --json | jq .total_patterns)"
  w a | pl-record -q
  is approved "$(in_force)"
  status 0 pl-backfill --verify
  rec "$(r active '"timestamp":"2026-01-02T00:00:00Z"')" && is "" "$(cat err)"
}

# statuses TEXT: of the results in ./out
statuses() { is "$1" "$(jq -r .status out | xargs)"; }

@test "reviews: a dated one is identified by its content" {
  rec "$(r approved '"timestamp":1')" "$(r approved '"timestamp":1')" "$(r approved '"timestamp":2')" \
    "$(r approved '"timestamp":1,"reviewed_by":"ann"')" "$(r active '"timestamp":1')" \
    "$(r approved '"timestamp":1.0,"x":1')"
  statuses "new duplicate new new new duplicate"
  r approved '"timestamp":1' >file && status 0 pl-record file && statuses "duplicate"
  is 4 "$(sql "SELECT count(*) FROM pattern_reviews")"
}

@test "reviews: one with an event_id is identified by it" {
  w a | pl-record -q
  rec "$(r approved '"event_id":"e1","timestamp":5')" "$(r approved '"event_id":"e1","timestamp":5')" \
    "$(r active '"event_id":"e1","timestamp":9')" "$(r candidate '"event_id":"e1","timestamp":7')" \
    "$(r deprecated '"event_id":"e1"')" "$(r candidate '"event_id":7,"timestamp":1')"
  statuses "new duplicate updated duplicate duplicate new"
  is active "$(in_force)"
  is 2 "$(sql "SELECT count(*) FROM pattern_reviews")"
  rec "$(r approved)" && statuses "new"
}

@test "reviews: an event_id that moves to another pattern leaves the first" {
  rec "$(w a)" '{"workflow_id":"b","nl_input":"Run all tests"}' "$(r candidate '"timestamp":1')" \
    "$(r approved '"event_id":"e","timestamp":5')"
  is approved "$(in_force)"
  rec "$(r approved '"event_id":"e","timestamp":6,"pattern_signature":"test:generic:all"')"
  is "candidate approved" "$(in_force) $(in_force test:generic:all)"
  status 0 pl-backfill --verify
}

@test "reviews: undated ones from stdin are each new" {
  w a | pl-record -q
  rec "$(r approved)" "$(r approved)"
  statuses "new new"
  rec "$(r approved)" && statuses "new"
  is 3 "$(sql "SELECT count(*) FROM pattern_reviews")"
}

@test "reviews: undated ones from a file are told apart by their place among equal ones" {
  { r approved; r candidate; r approved; } >file
  status 0 pl-record file && statuses "new new new"
  status 0 pl-record file && statuses "duplicate duplicate duplicate"
  cp file copy
  status 0 pl-record copy file && statuses "duplicate duplicate duplicate duplicate duplicate duplicate"
  { r candidate; cat file; r approved; } >longer
  status 0 pl-record longer && statuses "duplicate duplicate new duplicate new"
  is 5 "$(sql "SELECT count(*) FROM pattern_reviews")"
  status 0 pl-backfill -q longer copy
  is 5 "$(sql "SELECT count(*) FROM pattern_reviews")"
}

@test "reviews: of one time, which one is in force does not depend on the order" {
  { r approved '"timestamp":5'; r active '"timestamp":5'; r candidate '"timestamp":5'; } >file
  { w a; cat file; } | pl-record -q && one=$(in_force)
  fresh
  { tac file; w a; } | pl-record -q
  is "$one" "$(in_force)"
}

@test "reviews: a rebuild keeps them" {
  rec "$(w a)" "$(r approved '"timestamp":5,"reviewed_by":"ann"')" "$(r approved)"
  sql "SELECT * FROM pattern_reviews ORDER BY id" >one
  status 0 pl-backfill --rebuild
  is "$(cat one)" "$(sql "SELECT * FROM pattern_reviews ORDER BY id")"
  is approved "$(in_force)"
}

# -- rules --

rules='{"categories":[
  {"category":"release","default":"notes","target":"all","words":["changelog"],"subcategories":{"tag":["git tag"]}},
  {"category":"test","words":["probe"],"subcategories":{"nose":["nosetests"]}}],
  "errors":[{"signature":"deps:npm:update","words":["npm err"]}],
  "templates":[{"parts":["release"],"signature":"release:notes:all"},{"parts":["test"],"signature":"test:own:all"}]}'

extended() {
  rec '{"workflow_id":"1","nl_input":"Write the changelog of all tests"}' \
    '{"workflow_id":"2","nl_input":"git tag it"}' '{"workflow_id":"3","nl_input":"probe the server"}' \
    '{"workflow_id":"4","nl_input":"Run nosetests"}' \
    '{"workflow_id":"5","nl_input":"Think","error_message":"npm ERR! code"}' \
    '{"workflow_id":"6","workflow_template":"my-release"}' \
    '{"workflow_id":"7","workflow_template":"adw_test"}' \
    '{"workflow_id":"8","nl_input":"Run backend tests with pytest"}'
  is "$1" "$(jq -r '.patterns | if length == 0 then "none" else join("+") end' out | xargs)"
}

own="release:notes:all release:tag:all test:generic:backend test:nose:all deps:npm:update release:notes:all"
own="$own test:own:all test:pytest:backend"
stock="test:generic:all none none none none none test:generic:all test:pytest:backend"

@test "rules: without any of one's own" {
  extended "$stock"
  is "" "$(cat err)"
}

@test "rules: --rules adds to those of the share directory" {
  echo "$rules" >own.json
  pl-record --rules own.json </dev/null
  mkdir -p config/pl && cp own.json config/pl/patterns.json
  extended "$own"
  is "" "$(cat err)"
}

@test "rules: those of the configuration directory are taken, and --rules in their place" {
  mkdir -p config/pl && echo "$rules" >config/pl/patterns.json
  extended "$own"
  is "" "$(cat err)"
  fresh
  echo '{}' >none.json
  pl-record --rules none.json </dev/null
  rm -r config
  extended "$stock"
}

@test "rules: HOME's configuration directory serves where XDG_CONFIG_HOME is unset" {
  mkdir -p home/.config/pl && echo "$rules" >home/.config/pl/patterns.json
  unset XDG_CONFIG_HOME
  HOME=$PWD/home extended "$own"
}

@test "rules: a database keeps its own until --rebuild, and the tool says so" {
  extended "$stock"
  echo "$rules" >own.json
  echo '{"workflow_id":"9","nl_input":"changelog"}' | status 0 pl-record --rules own.json
  is "[]" "$(jq -c .patterns out)"
  has "$(cat err)" "pl-record: warning: "
  has "$(cat err)" "--rebuild"
  status 0 pl-backfill --rebuild --rules own.json
  is "$(tr ' ' '\n' <<<"$own release:notes:all" | sort | uniq -c | awk '{print $2 "|" $1}')" \
    "$(sql "SELECT pattern_signature, occurrence_count FROM operation_patterns WHERE occurrence_count > 0 ORDER BY 1")"
  echo '{"workflow_id":"10","nl_input":"changelog"}' | status 0 pl-record --rules own.json
  is '["release:notes:all"] ' "$(jq -c .patterns out) $(cat err)"
  status 0 pl-backfill --verify
  echo '{"workflow_id":"11","nl_input":"changelog"}' | status 0 pl-record
  has "$(cat err)" "warning: "
  is '["release:notes:all"]' "$(jq -c .patterns out)"
}

@test "rules: a file that is missing or not valid is status 2, and nothing is recorded" {
  w a | status 2 pl-record --rules missing.json
  has "$(cat err)" "missing.json"
  for bad in '' '{' '[]' '5' '{"categories":5}' '{"categories":[{}]}' '{"categories":[{"category":"a b"}]}' \
    '{"categories":[{"category":"a","words":[5]}]}' '{"categories":[{"category":"a","words":["..."]}]}' \
    '{"errors":[{"words":["x"]}]}' '{"templates":[{"parts":["x"]}]}'; do
    echo "$bad" >bad.json
    w a | status 2 pl-record --rules bad.json
    has "$(cat err)" "bad.json"
  done
  mkdir -p config/pl && echo '{' >config/pl/patterns.json
  w a | status 2 pl-record
  has "$(cat err)" "config/pl/patterns.json"
  [ ! -e "$PL_DB" ] || is 0 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "rules: PL_SHARE must hold the stock rules" {
  w a | PL_SHARE=$PWD/nothing status 2 pl-record
  has "$(cat err)" "nothing/patterns.json"
}

# -- text that is not kept --

secret='{"workflow_id":"s","nl_input":"Run backend tests with pytest for Zebulon","error_message":"lint: Quixote",
"workflow_template":"adw_plan","total_tokens":500,"actual_cost_total":0.5,"created_at":"2026-01-01T00:00:00Z"}'

@test "--no-text: the texts are nowhere in the database's files" {
  echo "$secret" | status 0 pl-record --no-text
  is '["test:pytest:backend","format:eslint:all"]' "$(jq -c .patterns out)"
  is "" "$(grep -l -a -i -E 'zebulon|quixote' "$PL_DB"*)"
  is "||adw_plan|500" "$(sql "SELECT nl_input, error_message, workflow_template, total_tokens FROM workflow_history")"
  mkfifo pipe
  pl-record --no-text <pipe >out & pid=$!
  exec 7>pipe
  echo "${secret//\"s\"/\"t\"}" >&7
  soon [ -s out ]
  is "" "$(grep -l -a -i -E 'zebulon|quixote' "$PL_DB"*)"
  exec 7>&-
  wait "$pid"
}

@test "--no-text: every figure is the same" {
  jq -cn 'range(40) | {workflow_id:"w\(.)",nl_input:(["Run pytest on src/a.py","Check git status","Think"][. % 3]),
    error_message:(if . % 4 == 0 then "lint failed" else null end),total_tokens:(. * 10),cost:(. / 8),
    duration_seconds:(. * 50),created_at:(1767225600 + . * 7200)}' >in
  pl-record -q <in
  without_text() { figures | sed -E 's/^(w[0-9]+)\|[^|]*\|([^|]*\|[^|]*\|[^|]*)\|[^|]*\|/\1||\2||/'; }
  without_text >one
  fresh
  pl-record -q --no-text <in
  is "$(cat one)" "$(without_text)"
  status 0 pl-backfill --verify
  status 0 pl-backfill --rebuild
  is "$(cat one)" "$(without_text)"
  status 0 pl-backfill --verify
}

@test "--no-text: other rules leave what was learned, and learn from what comes" {
  echo "$secret" | pl-record -q --no-text
  echo '{"categories":[{"category":"zoo","default":"all","target":"all","words":["zebulon"]}]}' >own.json
  status 0 pl-backfill --rebuild --rules own.json
  echo "${secret//\"s\"/\"t\"}" | status 0 pl-record --no-text --rules own.json
  is '["zoo:all:all","format:eslint:all"]' "$(jq -c .patterns out)"
  is "format:eslint:all|2 test:pytest:backend|1 zoo:all:all|1" \
    "$(sql "SELECT pattern_signature, occurrence_count FROM operation_patterns WHERE occurrence_count > 0
      ORDER BY 1" | xargs)"
  status 0 pl-backfill --verify
}

@test "--no-text: versions replace each other, with their text and without" {
  newer=$(jq -c '.nl_input = "Check git status" | .error_message = null |
    .updated_at = "2026-01-02T00:00:00Z"' <<<"$secret")
  echo "$secret" | pl-record -q --no-text
  rec "$secret" && is duplicate "$(jq -r .status out)"
  rec "$newer"
  is "Check git status" "$(sql "SELECT nl_input FROM workflow_history")"
  is "git:status:summary" "$(sql "SELECT pattern_signature FROM operation_patterns WHERE occurrence_count > 0")"
  jq -c '.updated_at = "2026-01-03T00:00:00Z"' <<<"$secret" | pl-record -q --no-text
  is "" "$(sql "SELECT nl_input FROM workflow_history")"
  is "format:eslint:all test:pytest:backend" \
    "$(sql "SELECT pattern_signature FROM operation_patterns WHERE occurrence_count > 0 ORDER BY 1" | xargs)"
  status 0 pl-backfill --verify
}

# -- the database --

@test "database: --db, else PL_DB, else XDG_DATA_HOME, else HOME" {
  w a | status 0 pl-record -d one.db
  w a | status 0 pl-record --db=two.db
  [ -s one.db ] && [ -s two.db ] && [ ! -e "$PL_DB" ]
  w a | status 0 pl-record
  [ -s "$PL_DB" ]
  unset PL_DB
  w a | status 0 pl-record
  [ -s data/pl/pl.db ]
  unset XDG_DATA_HOME
  w a | HOME=$PWD/home status 0 pl-record
  [ -s home/.local/share/pl/pl.db ]
}

@test "database: its directories and files are private, whatever the umask" {
  umask 000
  PL_DB=$PWD/x/y/pl.db
  mkfifo pipe
  pl-record <pipe >out & pid=$!
  exec 7>pipe
  w a >&7
  soon [ -s out ]
  is "700 700 600" "$(stat -c %a x x/y x/y/pl.db | xargs)"
  is "600" "$(stat -c %a x/y/pl.db* | sort -u)"
  exec 7>&-
  wait "$pid"
  is "pl.db" "$(ls x/y)"
}

@test "database: write-ahead log, its version, and its own name" {
  w a | pl-record -q
  is "wal 7 1886142576 ok" "$(sql "PRAGMA journal_mode; PRAGMA user_version; PRAGMA application_id;
    PRAGMA integrity_check" | xargs)"
}

# refuses: pl-record takes nothing, changes nothing, and says why
refuses() {
  cp "$PL_DB" before
  w a | status 2 pl-record
  is "" "$(cat out)"
  has "$(cat err)" "pl-record: $PL_DB: $1"
  cmp before "$PL_DB"
  for tool in pl-stats "pl-backfill --verify" "pl-backfill --rebuild" "pl-backfill in"; do
    w a >in
    # shellcheck disable=SC2086
    status 2 $tool
    has "$(cat err)" "$PL_DB: "
  done
  cmp before "$PL_DB"
}

@test "database: what is none is refused" {
  printf 'SQLite format 3? no, a letter of more than a hundred bytes %0100d' 1 >"$PL_DB"
  refuses "is not a database"
}

@test "database: another program's is refused" {
  sql "CREATE TABLE bookmarks(url TEXT)"
  refuses "is another program's database"
  rm "$PL_DB" && sql "PRAGMA application_id = 7; CREATE TABLE t(x)"
  refuses "is another program's database"
}

@test "database: a newer version is refused" {
  w z | pl-record -q
  sql "PRAGMA user_version = 99" >/dev/null
  refuses "is of a newer version"
}

@test "database: an empty file becomes one, private" {
  : >"$PL_DB"
  chmod 644 "$PL_DB"
  w a | status 0 pl-record
  is "600 1" "$(stat -c %a "$PL_DB") $(sql "SELECT count(*) FROM workflow_history")"
}

@test "database: an empty database of SQLite's becomes one" {
  sql "CREATE TABLE t(x); DROP TABLE t; VACUUM"
  w a | status 0 pl-record
  is 1 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "database: one that is damaged is said to be" {
  jq -cn 'range(3000) | {workflow_id:"w\(.)",nl_input:"Check git status"}' | pl-record -q
  junk | dd of="$PL_DB" bs=4096 seek=5 count=30 conv=notrunc status=none
  w new | status 2 pl-record
  is "" "$(cat out)"
  has "$(cat err)" "$PL_DB: "
}

@test "database: one that may not be written is refused in words" {
  w z | pl-record -q
  chmod 400 "$PL_DB"
  w a | status 2 mortal pl-record
  has "$(cat err)" "$PL_DB: cannot be "
  is "" "$(cat out)"
  status 0 mortal pl-stats --json
  chmod 000 "$PL_DB"
  w a | status 2 mortal pl-record
  has "$(cat err)" "$PL_DB: cannot be opened"
  status 2 mortal pl-stats
}

@test "database: a directory that cannot be made" {
  : >file
  for path in file/pl.db /dev/null/x/pl.db /proc/x/pl.db; do
    w a | status 2 pl-record -d "$path"
    has "$(cat err)" "pl-record: $path: "
    is "" "$(cat out)"
  done
  mkdir locked && chmod 500 locked
  w a | status 2 mortal pl-record -d locked/x/pl.db
  has "$(cat err)" "pl-record: locked/x/pl.db: "
  w a | status 2 pl-record -d .
}

@test "database: no name is none" {
  w a | status 2 pl-record -d ""
  is "" "$(cat out)"
  status 2 pl-backfill -d "" --rebuild
}

@test "database: what a removed one left behind is not taken for the new one's" {
  jq -cn 'range(100) | {workflow_id:"w\(.)",nl_input:"Check git status"}' | pl-record -q
  mkfifo pipe
  pl-record <pipe >out & pid=$!
  exec 7>pipe
  w a >&7
  soon [ -s out ]
  kill -KILL "$pid"
  wait "$pid" || true
  exec 7>&-
  [ -e "$PL_DB-wal" ]
  rm "$PL_DB"
  w b | status 0 pl-record
  is b "$(sql "SELECT workflow_id FROM workflow_history")"
}

@test "database: many processes that begin together" {
  for i in 1 2 3 4 5 6; do (w $i; w all) | pl-record -q 2>>errors & done
  wait
  is "" "$(cat errors)"
  is "7 7" "$(sql "SELECT count(*) FROM workflow_history") $(sql "SELECT occurrence_count FROM operation_patterns")"
  status 0 pl-backfill --verify
}

@test "database: what the disk does not take is not acknowledged" {
  w z | pl-record -q
  sql "CREATE TRIGGER full BEFORE INSERT ON workflow WHEN NEW.workflow_id = 'b'
    BEGIN SELECT RAISE(ABORT, 'no more'); END"
  { w a; w b; w c; } | status 2 pl-record
  has "$(cat err)" "no more"
  is "$(jq -r .workflow_id out | sort | xargs)" \
    "$(sql "SELECT workflow_id FROM workflow_history WHERE workflow_id <> 'z' ORDER BY 1" | xargs)"
}

# -- live --

@test "live: a record is acknowledged within a second, and durable, while the pipe is open" {
  mkfifo pipe
  pl-record <pipe >out & pid=$!
  exec 7>pipe
  for id in a b c; do
    w $id >&7
    soon grep -q "\"$id\"" out
    is 1 "$(sql "SELECT count(*) FROM workflow_history WHERE workflow_id = '$id'")"
  done
  printf '%s' "$(w d)" >&7
  soon grep -q '"d"' out
  exec 7>&-
  wait "$pid"
}

@test "live: a trickle that never stops is acknowledged too" {
  mkfifo pipe
  pl-record <pipe >out & pid=$!
  exec 7>pipe
  mkfifo never
  exec 8<>never
  (for ((i = 0; i < 400; i++)); do w "t$i" >&7; read -rt 0.007 -u 8 || true; done) & writer=$!
  soon [ -s out ]
  kill "$writer"
  wait "$writer" || true
  exec 7>&- 8>&-
  wait "$pid"
  is "$(wc -l <out)" "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "live: what tail follows" {
  w a >log
  tail -F -n +1 log 2>/dev/null > >(exec pl-record >out) & tail=$!
  soon grep -q '"a"' out
  w b >>log
  soon grep -q '"b"' out
  kill "$tail"
  wait "$tail" || true
  is 2 "$(sqlite3 -cmd '.timeout 5000' "$PL_DB" "SELECT count(*) FROM workflow_history")"
}

# -- the end --

@test "signals: SIGTERM and SIGINT commit what came, acknowledge it, and end the tool" {
  mkfifo pipe
  for signal in TERM INT; do
    fresh
    rm -f out
    # a job in the background would ignore SIGINT
    env --default-signal=INT pl-record <pipe >out 2>err & pid=$!
    exec 7>pipe
    { w a; printf '{"workflow_id":"x'; } >&7
    soon grep -q '"a"' out
    kill "-$signal" "$pid"
    got=0
    wait "$pid" || got=$?
    exec 7>&-
    is $((128 + $(kill -l "$signal"))) "$got"
    is "a 1" "$(jq -r .workflow_id out | xargs) $(sql "SELECT count(*) FROM workflow_history")"
    status 0 pl-backfill --verify
  done
}

@test "signals: SIGTERM ends it though nobody reads what it writes" {
  jq -cn 'range(12000) | {workflow_id:"w\(.)",nl_input:"Check git status"}' >in
  mkfifo pipe
  gone() { ! kill -0 "$pid" 2>/dev/null; }
  # before it writes as well as when it waits to
  for option in "--json 0.3" "--json 0.05" "--json 0.15" "--tee 0.3"; do
    exec 7<>pipe
    fresh
    pl-record "${option% *}" in >pipe 7>&- & pid=$!
    sleep "${option#* }"
    kill "$pid"
    soon gone || { kill -KILL "$pid"; return 1; }
    got=0
    wait "$pid" || got=$?
    exec 7>&-
    is 143 "$got"
    pl-record -q </dev/null
    status 0 pl-backfill --verify
  done
}

@test "signals: one in the midst of much input leaves whole records, each acknowledged one of them stored" {
  jq -cn 'range(60000) | {workflow_id:"w\(.)",nl_input:"Check git status"}' >in
  for signal in TERM KILL; do
    fresh
    : >out
    env --default-signal=INT pl-record <in >out & pid=$!
    soon [ -s out ]
    kill "-$signal" "$pid"
    wait "$pid" || true
    acknowledged=$(grep -c '}$' out)
    stored=$(sql "SELECT count(*) FROM workflow_history")
    [ "$acknowledged" -gt 0 ] && [ "$acknowledged" -le "$stored" ]
    [ "$signal" = KILL ] || is "$acknowledged" "$stored"
    status 0 pl-backfill --verify
  done
}

@test "a broken pipe ends it quietly" {
  jq -cn 'range(30000) | {workflow_id:"w\(.)",nl_input:"Check git status"}' >in
  pl-record <in 2>err | head -1 >out
  is "w0 " "$(jq -r .workflow_id out) $(cat err)"
  pl-record --tee <in 2>err | head -c 1 >out
  is "{ " "$(cat out) $(cat err)"
  (trap '' PIPE; fresh; pl-record <in 2>err | head -1 >out)
  is "" "$(cat err)"
  status 0 pl-backfill --verify
}

@test "a full disk under stdout is status 2, in words" {
  w a >in
  got=0
  pl-record <in >/dev/full 2>err || got=$?
  is 2 "$got"
  has "$(cat err)" "pl-record: "
  is 1 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "database: one for which there is no room is not left half made" {
  local size got failed=0
  jq -cn 'range(3000) | {workflow_id: "w\(.)", nl_input: "Check git status"}' >in
  for size in 100 500 900 1000 1200; do # KiB that a file may have
    fresh
    got=0
    (trap '' XFSZ; ulimit -f "$size"; exec pl-record in >out 2>err) || got=$?
    if [ "$got" = 0 ]; then is 3000 "$(wc -l <out)"; else is "2 1" "$got $(wc -l <err)"; fi
    [ "$got" = 0 ] || failed=$((failed + 1))
    is "" "$(ls "$PL_DB".new* 2>/dev/null)"
    status 0 pl-record -q in
    is 3000 "$(sql "SELECT count(*) FROM workflow_history")"
    is ok "$(sql "PRAGMA integrity_check")"
    pl-backfill --verify
  done
  [ "$failed" -gt 1 ]
}
