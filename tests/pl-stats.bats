#!/usr/bin/env bats
# pl-stats: every report in every format, on a history whose figures are worked out by hand.

load helper

# Three workflows of test:pytest:backend over 45 days, two of git:status:summary, three that no rule speaks of, and one
# that is running.
history() {
  local members="workflow_id nl_input status account total_tokens cost duration_seconds error_count created_at"
  jq -cR --arg m "$members" '[($m | split(" ")), split("|")] | transpose | map(select(.[1] != "") | {(.[0]):
    (.[1] | tonumber? // .)}) | add' <<'H'
a1|Run backend tests with pytest||A|1000|0.5|100||2026-01-01 00:00:00
a2|Run backend tests with pytest||A|2000|1.5|110||2026-01-11 00:00:00
a3|Run backend tests with pytest, again||B|3001||120|0|2026-02-15 00:00:00
g1|Check git status||B||10|||2026-02-01 00:00:00
g2|Check git status|failed|||0||2|2026-02-01 12:00:00
u1|Fix issue 12 in src/a.py||||0.25|||2026-01-05 00:00:00
u2|fix  issue 345 in lib/b.c||||0.5|||2026-01-04 00:00:00
u3|Think|||||||2026-01-03 00:00:00
r1|Check git status|running|A||0.125|||2026-02-20 00:00:00
H
  cat <<'H'
{"kind":"review","pattern_signature":"git:status:summary","automation_status":"approved",
 "reviewed_by":"ann","timestamp":"2026-02-02T00:00:00Z"}
{"kind":"review","pattern_signature":"git:status:summary","automation_status":"candidate",
 "review_notes":"look","timestamp":"2026-02-01T13:00:00Z"}
H
}

# rounded: JSON on stdin, its numbers to nine decimals, keys in their order
rounded() { jq -c 'walk(if type == "number" then . * 1e9 | round / 1e9 else . end)'; }

# json WANTED REPORT...: as JSON
json() {
  local wanted=$1
  shift
  status 0 pl-stats --json "$@"
  is "$(jq -c . <<<"$wanted")" "$(rounded <out)"
}

git='{"id":2,"pattern_signature":"git:status:summary","pattern_type":"git","occurrence_count":2,
  "avg_tokens_with_llm":null,"avg_cost_with_llm":5,"avg_tokens_with_tool":null,"avg_cost_with_tool":0.25,
  "confidence_score":35,"potential_monthly_savings":9.5,"automation_status":"approved",
  "created_at":"2026-02-01 00:00:00","last_seen":"2026-02-01 12:00:00"'
pytest='{"id":1,"pattern_signature":"test:pytest:backend","pattern_type":"test","occurrence_count":3,
  "avg_tokens_with_llm":2000,"avg_cost_with_llm":1,"avg_tokens_with_tool":100,"avg_cost_with_tool":0.05,
  "confidence_score":80,"potential_monthly_savings":1.9,"automation_status":"detected",
  "created_at":"2026-01-01 00:00:00","last_seen":"2026-02-15 00:00:00"'

# -- options --

@test "--help and --version" {
  status 0 pl-stats --help
  has "$(head -1 out)" "usage: pl-stats [OPTION...]"
  for word in summary patterns "pattern SIGNATURE" unmatched "why TEXT"; do
    has "$(cat out)" "$word"
  done
  status 0 pl-stats -V
  is pl-stats "$(cut -d' ' -f1 out)"
  is "$(sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' <(pl-stats --help) | sort -u)" \
    "$(grep '^\.It Fl' "$BATS_TEST_DIRNAME/../man/pl-stats.1" | grep -oE ' -[a-z-]+' | cut -c3- | sort)"
}

@test "bad usage: status 2, usage on stderr, nothing on stdout" {
  history | pl-record -q
  for bad in "--no-such" "nonsense" "pattern" "why" "why a b" "patterns --sort size" "--format xml" "--limit x" \
    "--limit -1" "--since soon" "--until 2026-02-30" "why x --since 2d"; do
    # shellcheck disable=SC2086
    status 2 pl-stats $bad
    has "$(cat err)" "usage: pl-stats"
    is "" "$(cat out)"
  done
}

@test "without a database: status 2, and none is made" {
  for report in "" patterns "pattern x" unmatched; do
    # shellcheck disable=SC2086
    status 2 pl-stats $report
    has "$(cat err)" "pl-stats: $PL_DB: there is no database"
    is "" "$(cat out)"
  done
  [ ! -e "$PL_DB" ]
}

@test "an empty database has figures too" {
  pl-record </dev/null
  json '{"total_workflows":0,"total_patterns":0,"total_occurrences":0,"potential_monthly_savings":null,
    "patterns_by_status":{},"total_requests":0,"total_feedback":0,"total_cost":null}'
  json '[]' patterns
  json '[]' unmatched
  status 0 pl-stats patterns --format csv
  is 1 "$(wc -l <out)"
  status 0 pl-stats patterns --format prometheus
  is "" "$(cat out)"
  status 0 pl-stats patterns
  status 0 pl-stats unmatched
}

@test "-q: nothing on stdout, and the status" {
  history | pl-record -q
  status 0 pl-stats -q patterns
  is "" "$(cat out)$(cat err)"
  status 1 pl-stats -q pattern none:such:all
  is "" "$(cat out)"
}

# -- summary --

@test "summary: JSON" {
  history | pl-record -q
  json '{"total_workflows":9,"total_patterns":2,"total_occurrences":5,"potential_monthly_savings":11.4,
    "patterns_by_status":{"detected":1,"approved":1},"total_requests":0,"total_feedback":0,"total_cost":12.875}' summary
  cp out named
  status 0 pl-stats -j
  cmp named out
}

@test "summary: table, CSV, TSV and Prometheus" {
  history | pl-record -q
  status 0 pl-stats
  is "total_workflows            9
total_patterns             2
total_occurrences          5
potential_monthly_savings  \$11.40
patterns_by_status         detected: 1, approved: 1
total_requests             0
total_feedback             0
total_cost                 \$12.88" "$(cat out)"
  status 0 pl-stats --format csv
  is "$(pl-stats --json | jq -r 'keys_unsorted | join(",")')" "$(head -1 out)"
  is '9,2,5,11.4,"{""detected"":1,""approved"":1}",0,0,12.875' "$(tail -n +2 out)"
  status 0 pl-stats --format tsv
  is "9	2	5	11.4	{\"detected\":1,\"approved\":1}	0	0	12.875" "$(tail -1 out)"
  status 0 pl-stats --format prometheus
  is 'pl_summary_total_workflows 9
pl_summary_total_patterns 2
pl_summary_total_occurrences 5
pl_summary_potential_monthly_savings 11.4
pl_summary_patterns_by_status{key="detected"} 1
pl_summary_patterns_by_status{key="approved"} 1
pl_summary_total_requests 0
pl_summary_total_feedback 0
pl_summary_total_cost 12.875' "$(grep -v '^#' out)"
  is "$(grep -v '^#' out | sed 's/[{ ].*//' | uniq)" "$(sed -n 's/^# TYPE \(.*\) gauge$/\1/p' out)"
}

# -- patterns --

@test "patterns: JSON" {
  history | pl-record -q
  json "[$git},$pytest}]" patterns
}

@test "patterns: table" {
  history | pl-record -q
  status 0 pl-stats patterns
  is "pattern_signature    occurrence_count  avg_tokens_with_llm  avg_cost_with_llm
git:status:summary                  2                    -              \$5.00
test:pytest:backend                 3                2,000              \$1.00" "$(cut -c -77 out)"
  is "  confidence_score  potential_monthly_savings  automation_status  last_seen
              35.0                      \$9.50  approved           2026-02-01 12:00:00
              80.0                      \$1.90  detected           2026-02-15 00:00:00" "$(cut -c 78- out)"
}

@test "patterns: CSV and TSV" {
  history | grep -v '"a[1-3]"' | pl-record -q
  status 0 pl-stats patterns --format csv
  is "$(pl-stats patterns --json | jq -r '.[0] | keys_unsorted | join(",")')" "$(head -1 out)"
  is "1,git:status:summary,git,2,,5,,0.25,35,9.5,approved,2026-02-01 00:00:00,2026-02-01 12:00:00" "$(tail -n +2 out)"
  tr , '\t' <out >wanted
  status 0 pl-stats patterns --format tsv
  cmp wanted out
}

@test "patterns: Prometheus" {
  history | grep -v '"a[1-3]"' | pl-record -q
  status 0 pl-stats patterns --format prometheus
  labels='{pattern_signature="git:status:summary",pattern_type="git",automation_status="approved"}'
  is "pl_patterns_occurrence_count$labels 2
pl_patterns_avg_cost_with_llm$labels 5
pl_patterns_avg_cost_with_tool$labels 0.25
pl_patterns_confidence_score$labels 35
pl_patterns_potential_monthly_savings$labels 9.5
pl_patterns_created_at$labels 1769904000
pl_patterns_last_seen$labels 1769947200" "$(grep -v '^#' out)"
}

@test "patterns: what reports say is what the tables hold" {
  history | pl-record -q
  is "$(sqlite3 -json "$PL_DB" "SELECT id, pattern_signature, pattern_type, occurrence_count, avg_tokens_with_llm,
      avg_cost_with_llm, avg_tokens_with_tool, avg_cost_with_tool, confidence_score, potential_monthly_savings,
      automation_status, created_at, last_seen FROM operation_patterns ORDER BY id" | rounded)" \
    "$(pl-stats patterns --json | jq 'sort_by(.id)' | rounded)"
}

@test "patterns: --sort and --limit" {
  # p, q, r and s: 3, 2, 1 and 1 occurrences; savings of $0.285, $0.95 and none; last seen in that order
  jq -cn '(range(3) | {workflow_id:"p\(.)",nl_input:"Run pytest",cost:0.1,created_at:1767225600}),
    (range(2) | {workflow_id:"q\(.)",nl_input:"Check git status",cost:0.5,created_at:1767225601}),
    {workflow_id:"r",nl_input:"Run prettier",error_count:9,created_at:1767225602},
    {workflow_id:"s",nl_input:"Ship it",error_count:9,created_at:1767225602}' | pl-record -q
  order() { pl-stats patterns --format tsv "$@" | tail -n +2 | cut -f 3 | xargs; }
  is "git test deploy format" "$(order)"
  is "git test deploy format" "$(order --sort savings)"
  is "test git deploy format" "$(order --sort occurrences)"
  is "test git deploy format" "$(order --sort confidence)"
  is "deploy format git test" "$(order --sort recent)"
  is "deploy format" "$(order --sort recent --limit 2)"
  is "" "$(order --limit 0)"
  is "git test deploy format" "$(order --limit 99)"
}

# -- pattern --

@test "pattern: JSON" {
  history | pl-record -q
  json "$git"',
    "confidence_parts":{"frequency":10,"consistency":15,"success":10},
    "typical_input_pattern":{"input_length":16,"keywords":["git status"],"files_mentioned":[],"duration_range":null,
      "complexity":"simple","error_count":null},
    "reviews":[
      {"automation_status":"approved","reviewed_by":"ann","review_notes":null,"reviewed_at":"2026-02-02 00:00:00"},
      {"automation_status":"candidate","reviewed_by":null,"review_notes":"look","reviewed_at":"2026-02-01 13:00:00"}],
    "recent_workflows":[
      {"workflow_id":"g2","status":"failed","created_at":"2026-02-01 12:00:00","duration_seconds":null,
        "total_tokens":null,"actual_cost_total":0,"account":null,"nl_input":"Check git status"},
      {"workflow_id":"g1","status":"completed","created_at":"2026-02-01 00:00:00","duration_seconds":null,
        "total_tokens":null,"actual_cost_total":10,"account":"B","nl_input":"Check git status"}]}' \
    pattern git:status:summary
}

@test "pattern: table" {
  history | pl-record -q
  status 0 pl-stats pattern test:pytest:backend
  for line in "pattern_signature +test:pytest:backend" "occurrence_count +3" "avg_tokens_with_llm +2,000" \
    "avg_cost_with_tool +\\\$0.0500" "confidence_score +80.0" "potential_monthly_savings +\\\$1.90" \
    "confidence_parts +frequency: 20, consistency: 30, success: 30" \
    "a3 +completed +2026-02-15 00:00:00 +2m 00s +3,001 +- +B +Run backend tests with pytest, again"; do
    grep -qE "^$line$" out || { echo "no line: $line"; cat out; return 1; }
  done
  is "a3 a2 a1" "$(grep -oE '^a[0-9]' out | xargs)"
}

@test "pattern: the latest workflows, ten of them or --limit" {
  jq -cn 'range(15) | {workflow_id:"w\(10 + .)",nl_input:"Check git status",created_at:(1767225600 + (. * 7 % 15))}' |
    pl-record -q
  recent() { pl-stats pattern git:status:summary --json "$@" | jq -r '.recent_workflows[].workflow_id' | xargs; }
  is "w12 w14 w16 w18 w20 w22 w24 w11 w13 w15" "$(recent)"
  is "w12 w14" "$(recent --limit 2)"
  is 15 "$(recent --limit 50 | wc -w)"
  is "" "$(recent --limit 0)"
}

@test "pattern: an unknown one is status 1" {
  history | pl-record -q
  for name in none:such:all git GIT:STATUS:SUMMARY "" "git:status:summary "; do
    status 1 pl-stats pattern "$name"
    has "$(cat err)" "pl-stats: no such pattern: $name"
    is "" "$(cat out)"
  done
  status 1 pl-stats pattern $'a\x1b[31m'
  has "$(cat err)" 'a\x1B[31m'
}

# -- unmatched --

@test "unmatched: in every format" {
  history | pl-record -q
  json '[{"masked_input":"fix issue N in PATH","occurrence_count":2,"total_cost":0.75,"last_seen":"2026-01-05 00:00:00",
      "last_input":"Fix issue 12 in src/a.py"},
    {"masked_input":"think","occurrence_count":1,"total_cost":null,"last_seen":"2026-01-03 00:00:00",
      "last_input":"Think"}]' unmatched
  status 0 pl-stats unmatched
  is "masked_input         occurrence_count  total_cost  last_seen
fix issue N in PATH                 2     \$0.7500  2026-01-05 00:00:00
think                               1           -  2026-01-03 00:00:00" "$(cat out)"
  status 0 pl-stats unmatched -F csv
  is "masked_input,occurrence_count,total_cost,last_seen,last_input
fix issue N in PATH,2,0.75,2026-01-05 00:00:00,Fix issue 12 in src/a.py
think,1,,2026-01-03 00:00:00,Think" "$(cat out)"
  status 0 pl-stats unmatched -F prometheus
  has "$(cat out)" 'pl_unmatched_occurrence_count{masked_input="fix issue N in PATH"'
}

@test "unmatched: what is masked" {
  printf '%s\n' "Fix bug 7" "fix BUG 1234" " Fix  bug	99" "fix bug a" "Read src/main.c" "read ./x/y.py" "read a.txt" \
    "read it" \
    "Pick 3fa9c01" "pick DEADBEEF1" "pick it" | jq -cR '{workflow_id:"\(input_line_number)",nl_input:.}' | pl-record -q
  is "3 fix bug N|3 read PATH|2 pick ID|1 fix bug a|1 pick it|1 read it" \
    "$(pl-stats unmatched --json | jq -r '.[] | "\(.occurrence_count) \(.masked_input)"' | paste -sd '|')"
}

@test "unmatched: the most frequent first, then the dearest; --limit" {
  jq -cn '(range(3) | {workflow_id:"a\(.)",nl_input:"Aaa"}), (range(2) | {workflow_id:"b\(.)",nl_input:"Bbb",cost:1}),
    (range(2) | {workflow_id:"c\(.)",nl_input:"Ccc",cost:2}),
    (range(22) | {workflow_id:"d\(.)",nl_input:("d" * (. + 1))})' | pl-record -q
  is "aaa ccc bbb" "$(pl-stats unmatched --json | jq -r '.[:3][].masked_input' | xargs)"
  is 20 "$(pl-stats unmatched --json | jq length)"
  is 2 "$(pl-stats unmatched --json --limit 2 | jq length)"
  is 25 "$(pl-stats unmatched --json --limit 100 | jq length)"
}

@test "unmatched: only what has ended, has a text, and is kept" {
  printf '%s\n' '{"workflow_id":"1","nl_input":"Go on","status":"running"}' '{"workflow_id":"2"}' \
    '{"workflow_id":"3","nl_input":"Go","error_message":"lint"}' \
    '{"workflow_id":"4","nl_input":"Fail","status":"failed"}' '{"workflow_id":"5","nl_input":"git log"}' | pl-record -q
  echo '{"workflow_id":"6","nl_input":"Secret"}' | pl-record -q --no-text
  is "fail" "$(pl-stats unmatched --json | jq -r '.[].masked_input' | xargs)"
}

# -- why --

@test "why: which rule and word" {
  json '[{"pattern_signature":"test:pytest:backend","layer":"nl_input","word":"tests","subcategory_word":"pytest",
    "target_word":"server","template_part":null}]' why "Run TESTS of the server with pytest"
  json '[{"pattern_signature":"test:generic:frontend","layer":"nl_input","word":"test","subcategory_word":null,
      "target_word":null,"template_part":"client"},
    {"pattern_signature":"format:eslint:all","layer":"error_message","word":"lint","subcategory_word":null,
      "target_word":null,"template_part":null},
    {"pattern_signature":"deploy:ship:all","layer":"workflow_template","word":null,"subcategory_word":null,
      "target_word":null,"template_part":"ship"}]' \
    why "test it" --template "my_client_ship" --error "lint!"
  status 0 pl-stats why "git status"
  has "$(cat out)" "git:status:summary"
}

@test "why: a text that no rule speaks of is status 1" {
  status 1 pl-stats why "the latest of a pipeline's equipments"
  has "$(cat err)" "no rule speaks of this text"
  status 1 pl-stats why "" --json
  is "[]" "$(cat out)"
}

@test "why: by the rules of the database, and others where they are given" {
  echo '{"categories":[{"category":"own","default":"x","target":"all","words":["zebra"]}]}' >own.json
  status 1 pl-stats why zebra
  status 0 pl-stats why zebra --rules own.json
  is own:x:all "$(pl-stats why zebra --rules own.json --json | jq -r '.[].pattern_signature')"
  [ ! -e "$PL_DB" ]
  pl-record --rules own.json </dev/null
  is own:x:all "$(pl-stats why zebra --json | jq -r '.[].pattern_signature')"
  mkdir -p config/pl && cp own.json config/pl/patterns.json
  fresh
  status 0 pl-stats why zebra
  PL_SHARE=/nowhere status 2 pl-stats why zebra
}

@test "why: rules of one's own, in every part of the file" {
  cat >own.json <<'R'
{"categories": [{"category": "data", "target": "all", "words": ["customer csv"],
    "subcategories": {"import": ["import", "imports"], "reconcile": ["reconcile"]}},
  {"category": "test", "subcategories": {"tox": ["tox"]}}, {"category": "docs", "default": "write", "target": "web"}],
 "targets": [{"target": "mobile", "words": ["ios", "android"], "templates": ["mobile"]},
  {"target": "all", "with": ["suites"]}],
 "errors": [{"signature": "deps:generic:update", "words": ["version conflict"]},
  {"signature": "format:eslint:all", "words": ["style"]}],
 "templates": [{"parts": ["plan"], "signature": "plan:generic:all"}, {"parts": ["ship"], "signature": null}]}
R
  why() { pl-stats why --rules own.json --json "$@" | jq -r '.[].pattern_signature' | xargs; }
  is "data:import:all" "$(why "Import customer CSV x.csv with tests")"
  is "data:generic:all" "$(why "A customer csv")"
  is "test:tox:mobile" "$(why "Run tox on the Android app")"
  is "test:generic:mobile" "$(why "Test it" --template our-mobile-client)"
  is "test:generic:all" "$(why "Test all suites on the server")"
  is "docs:write:web" "$(why "Readme")"
  is "deps:generic:update plan:generic:all" "$(why "Bump" --error "npm: version conflict" --template adw_plan)"
  is "format:eslint:all" "$(why "Bump" --error "style" --template adw_ship_test || true)"
}

@test "why: says what pl-record finds" {
  n=0
  while IFS= read -r text; do
    n=$((n + 1))
    printf '{"workflow_id":%s,"nl_input":"%s"}\n' "$n" "$text" >>in
    got=0
    pl-stats why --json "$text" 2>/dev/null >one || got=$?
    jq -c 'map(.pattern_signature)' one >>wanted
    is "$([ "$(tail -1 wanted)" = "[]" ] && echo 1 || echo 0)" "$got"
  done <<'T'
Run all tests with jest on both sides
Build the UI
recompile
npm install, then deploy
Code review please
review the code
Write documentation for git log
nothing
T
  is "$(cat wanted)" "$(pl-record <in | jq -c .patterns)"
}

# -- a part of the history --

# 300 workflows of three accounts over 100 days, on a grid of half days, some of their values unknown
many() {
  jq -cn 'range(300) | . as $i | {workflow_id:"m\($i)",
    nl_input:(["Run backend tests with pytest","Check git status","Think about \($i)","Run all tests"][$i * 7 % 4]),
    error_message:(if $i % 11 == 0 then "lint" else null end),
    account:([null,"A","B b"][$i * 5 % 3]),
    total_tokens:(if $i % 5 == 0 then null else $i * 13 % 997 end),
    cost:(if $i % 4 == 0 then null else ($i * 31 % 1000) / 1000 end),
    duration_seconds:(if $i % 6 == 0 then null else 60 + $i * 17 % 43 end),
    error_count:(if $i % 7 == 0 then $i % 3 else null end),
    retry_count:(if $i % 8 == 0 then 1 else null end),
    status:(if $i % 13 == 0 then "running" elif $i % 17 == 0 then "failed" else "completed" end),
    created_at:(1767225600 + $i * 37 % 200 * 43200)}'
}

# figured: of some of these, on stdin, each pattern's figures, worked out anew
figured() {
  jq -cs '
    def known(f): map(f) | map(select(. != null));
    def mean: if length == 0 then null else add / length end;
    def signatures:
      (.nl_input | if test("pytest") then "test:pytest:backend" elif test("git") then "git:status:summary"
        elif test("tests") then "test:generic:all" else empty end),
      (if .error_message then "format:eslint:all" else empty end);
    def frequency: if . >= 10 then 40 elif . >= 5 then 30 elif . >= 3 then 20 else 10 end;
    def consistency: if length < 2 then 15 else mean as $m | map((. - $m) * (. - $m)) | mean |
      if . < 100 then 30 elif . < 1000 then 20 else 10 end end;
    def success($errors; $retries): if $errors == 0 and $retries == 0 then 30 elif $errors < 1 and $retries < 2 then 20
      elif $errors < 3 then 10 else 5 end;
    map(select(.status != "running")) | map({signature: signatures, workflow: .}) | group_by(.signature) |
    map(.[0].signature as $signature | map(.workflow) | known(.cost) as $costs |
      {pattern_signature: $signature, occurrence_count: length,
      avg_tokens_with_llm: (known(.total_tokens) | mean | if . == null then . else floor end),
      avg_cost_with_llm: ($costs | mean),
      confidence_score: ((length | frequency) + (known(.duration_seconds) | map(select(. > 0)) | consistency)
        + success(known(.error_count) | mean // 0; known(.retry_count) | mean // 0)),
      potential_monthly_savings: (if $costs == [] then null else ($costs | mean) * 0.95 * length * 30 /
        ([30, (map(.created_at) | (max - min) / 86400)] | max) end)})' | rounded
}

# narrowed JQ OPTION...: the patterns of a part of many are those of a recomputation, and of a file with that part alone
narrowed() {
  local part=$1
  shift
  many | jq -c "select($part)" >part
  pl-stats patterns --json "$@" | jq 'map(del(.id))' | rounded >got
  is "$(pl-stats patterns --json part | jq 'map(del(.id))' | rounded)" "$(cat got)"
  is "$(figured <part)" "$(jq -c 'map({pattern_signature, occurrence_count, avg_tokens_with_llm, avg_cost_with_llm,
    confidence_score, potential_monthly_savings}) | sort_by(.pattern_signature)' got)"
  is "$(pl-stats summary --json part)" "$(pl-stats summary --json "$@")"
  is "$(jq -cs '[length, (map(.cost // empty) | if . == [] then null else add end)]' part | rounded)" \
    "$(pl-stats --json "$@" | jq '[.total_workflows, .total_cost]' | rounded)"
}

@test "filters: --since and --until" {
  many | pl-record -q
  narrowed true
  narrowed '.created_at >= 1768478400 and .created_at < 1770768000' --since 2026-01-15T12:00:00Z --until 2026-02-11
  narrowed '.created_at >= 1772366400 - 10 * 86400' --since 10d
}

@test "filters: --account" {
  many | pl-record -q
  narrowed '.account == "B b" and .created_at >= 1769904000' --account "B b" --since 2026-02-01
}

@test "filters: nothing is left" {
  many | pl-record -q
  narrowed 'false' --account nobody
  json '[]' patterns --since 2027-01-01
  status 1 pl-stats pattern git:status:summary --account nobody
}

@test "filters: a pattern's own report" {
  many | pl-record -q
  part='.account == "A" and .created_at < 1770768000'
  many | jq -c "select($part)" >part
  pl-stats pattern git:status:summary --json part | jq 'del(.id)' >wanted
  pl-stats pattern git:status:summary --json --account A --until 2026-02-11 | jq 'del(.id)' >got
  for member in '.confidence_parts' 'del(.recent_workflows, .typical_input_pattern)' '.recent_workflows'; do
    is "$member $(jq -c "$member" wanted)" "$member $(jq -c "$member" got)"
  done
}

# -- records alone --

@test "files: reports on them alone touch no database" {
  history >h
  status 0 pl-stats summary --json h
  is 9 "$(jq .total_workflows out)"
  [ ! -e "$PL_DB" ] && [ ! -e data ]
  mkdir db && PL_DB=$PWD/db/pl.db
  many | pl-record -q
  everything() { find db -type f -exec md5sum {} + | sort; find db -printf '%p %T@\n' | sort; }
  everything >before
  json "[$git},$pytest}]" patterns h
  json "$(pl-stats unmatched --json h | rounded)" unmatched - <h
  is "$(cat before)" "$(everything)"
}

@test "files: each report, several files, stdin" {
  history >h
  head -4 h >one && tail -n +5 h >two
  json "[$git},$pytest}]" patterns one two
  json "[$git},$pytest}]" patterns one - <two
  json "[$git},$pytest}]" patterns h h
  status 0 pl-stats pattern git:status:summary h
  has "$(cat out)" "confidence_parts"
  status 1 pl-stats pattern none:such:all h
  status 0 pl-stats unmatched h
}

@test "files: what is wrong in them is named, and status 1" {
  { history; echo bad; echo '{"workflow_id":5.5}'; } >h
  status 1 pl-stats summary --json h
  is 9 "$(jq .total_workflows out)"
  is "pl-stats: h:14: |pl-stats: h:15: " "$(grep -oE '^pl-stats: h:[0-9]+: ' err | paste -sd '|')"
  status 2 pl-stats summary missing
  has "$(cat err)" "pl-stats: missing: "
  is "" "$(cat out)"
}

@test "files: by rules of one's own" {
  echo '{"categories":[{"category":"own","default":"x","target":"all","words":["think"]}]}' >own.json
  history >h
  is "own:x:all" "$(pl-stats patterns --json --rules own.json h | jq -r '.[].pattern_signature' | grep own)"
  status 2 pl-stats summary --rules missing.json h
}

@test "files: narrowed" {
  history >h
  is 3 "$(pl-stats summary --json --account A h | jq .total_workflows)"
}

# -- what a terminal must not see --

@test "escaping: no control character comes out of any report in any format" {
  # shellcheck disable=SC2028
  printf '%s\n' '{"workflow_id":"\u001b]0;x\u0007\r","nl_input":"Check git status \u001b[31m\n\u0000\u007f\u009b\t,\"|",
    "account":"\u001b[2J\t\n,\""}' \
    '{"workflow_id":"u","nl_input":"\u001b[31mThink\r\n\u0085\t,\"x\\y","cost":1}' \
    '{"kind":"review","pattern_signature":"git:status:summary","automation_status":"active","timestamp":5,
    "reviewed_by":"\u001b[31m","review_notes":"\u0007\n\u009d"}' | pl-record -q
  for format in table json csv tsv prometheus; do
    for report in summary patterns "pattern git:status:summary" unmatched; do
      # shellcheck disable=SC2086
      status 0 pl-stats $report --format $format
      if [ $format = tsv ]; then tr -d '\t' <out >plain; else cp out plain; fi
      is "$format $report: " "$format $report: $(grep -P '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' plain | cat -v)"
    done
  done
}

@test "escaping: JSON gives back what was recorded" {
  text='Check git status "\\ \u001b[31m \u0007 é 😀 \u009b'
  printf '{"workflow_id":"w","nl_input":"%s","account":"%s"}\n' "${text//\"/\\\"}" "${text//\"/\\\"}" >in
  pl-record -q <in
  is "$(jq -c '[.nl_input, .account]' in)" \
    "$(pl-stats pattern git:status:summary --json | jq -c '.recent_workflows[0] | [.nl_input, .account]')"
}

@test "escaping: CSV, TSV, tables and Prometheus" {
  printf '%s\n' '{"workflow_id":"1","nl_input":"say \"a, b\"\n\\ é\tz"}' '{"workflow_id":"2","nl_input":""}' |
    pl-record -q
  status 0 pl-stats unmatched --format csv
  has "$(cat out)" '"say ""a, b""\x0A\ é\x09z"'
  status 0 pl-stats unmatched --format tsv
  is 5 "$(awk -F'\t' '{print NF}' out | sort -u)"
  status 0 pl-stats unmatched --format prometheus
  has "$(cat out)" 'last_input="say \"a, b\"\\x0A\\ é\\x09z"'
  local sample='pl_[a-z_]+(\{([a-z_]+="([^"\\]|\\["\\n])*",?)*\})? -?[0-9.e+-]+'
  is 0 "$(grep -cvE "^(# TYPE pl_[a-z_]+ gauge|$sample)\$" out || true)"
}

# -- the end --

@test "a broken pipe ends it quietly" {
  jq -cn 'range(2000) | {workflow_id:"w\(.)",nl_input:("x" * (. + 1))}' >h
  pl-record -q <h
  pl-stats unmatched --limit 2000 2>err | head -1 >out
  is "1 0" "$(wc -l <out) $(wc -c <err)"
  (trap '' PIPE; pl-stats unmatched --limit 2000 2>err | head -1 >out)
  is "1 0" "$(wc -l <out) $(wc -c <err)"
}

@test "a full disk under stdout is status 2, in words" {
  history | pl-record -q
  got=0
  pl-stats >/dev/full 2>err || got=$?
  is 2 "$got"
  has "$(cat err)" "pl-stats: "
}

@test "nothing is cut, and nothing coloured, where there is no terminal" {
  jq -cn '{workflow_id:"w",nl_input:("long " * 30)}' | pl-record -q
  COLUMNS=40 status 0 pl-stats unmatched
  has "$(cat out)" "$(jq -rn '"long " * 30 | rtrimstr(" ")')"
  is 0 "$(grep -c $'\x1b' out || true)"
}

@test "pattern: the latest workflows, wherever in the years they lie, and of one time by their ids" {
  jq -cn 'range(400) | {workflow_id: "w\(. * 7919 % 400)", nl_input: "Run the backend tests with pytest",
    account: "a\(. % 3)",
    created_at: (if . % 5 == 0 then "1969-12-31T23:59:59Z" elif . % 2 == 0 then "2026-02-01T00:00:00Z"
      else "\(1971 + . % 50)-0\(1 + . % 9)-15T12:00:00Z" end)}' | pl-record -q
  latest() { # CONDITION LIMIT
    sql "SELECT workflow_id FROM workflow_history WHERE $1 ORDER BY created_at DESC, workflow_id LIMIT $2"
  }
  shown() { pl-stats pattern test:pytest:backend --json "$@" | jq -r '.recent_workflows[].workflow_id'; }
  for limit in 0 1 10 159 160 161 250 399 400 500; do
    is "$(latest 1 "$limit")" "$(shown --limit "$limit")"
  done
  is "$(latest 1 10)" "$(shown)"
  is "$(latest "account = 'a1'" 200)" "$(shown --account a1 --limit 200)"
  is "$(latest "created_at < '1980'" 90)" "$(shown --until 1980-01-01 --limit 90)"
}
