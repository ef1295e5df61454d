#!/usr/bin/env bats
# pl-backfill on requests and ratings: files, other programs' databases, --verify and --rebuild.
# shellcheck disable=SC2030,SC2031

load helper

# counts: of the summary in ./out: requests, ratings, processed, duplicates, updated, errors
counts() {
  jq -r '"\(.records.request // 0) \(.records.feedback // 0) \(.processed) \(.duplicates) \(.updated) \(.errors)"' out
}

# fill WANTED ARGUMENT...: backfills, and compares the counts; status 1 if any was rejected
fill() {
  local wanted=$1 want=0
  shift
  [ "${wanted##* }" = 0 ] || want=1
  status "$want" pl-backfill --json "$@"
  is "$wanted" "$(counts)"
}

total() { sql "SELECT value FROM total WHERE name = '$1' AND slot IN (2, (SELECT slot FROM state)) AND value <> 0"; }

list() {
  echo '{"models":{"acme-1":{"input":1,"output":20},"acme-2":{"input":7,"output":7}}}' >prices.json
}

# Every figure of requests, ratings and budgets, and the totals.
loop() {
  sql "SELECT * FROM routing_metrics ORDER BY request_id, cost, timestamp;
    SELECT rating_count, rating_sum, good FROM request ORDER BY request_id, cost, at;
    SELECT request_id, timestamp, quality_score, is_correct, is_helpful, prompt_pattern, selected_provider,
      selected_model, complexity_score, user_id, session_id, comment FROM response_feedback ORDER BY 1, 2, 3;
    SELECT * FROM budget_patterns;
    SELECT workflow_id, actual_cost_total, cost_source FROM workflow_history ORDER BY 1;
    SELECT workflow_id, named FROM workflow ORDER BY 1;
    SELECT name, value FROM total WHERE slot IN (2, (SELECT slot FROM state)) AND value <> 0 ORDER BY 1" "$@"
}

# history [COUNT]: requests of some prompts and models, with ratings, and workflows that some of them name
history() {
  list
  jq -cn --argjson n "${1:-60}" 'range($n) |
    {kind:"request",request_id:"r\(.)",prompt:"prompt \(. % 7)",model:["acme-1","acme-2","other"][. % 3],
      timestamp:(1767225600 + . * 60),input_tokens:(. * 1000),output_tokens:10,success:(. % 4 != 0)}
      + (if . % 2 == 0 then {thinking_tokens:(. * 10)} else {thinking_budget:5000} end)
      + (if . % 5 == 0 then {cost:(. / 8)} else {} end) + (if . % 6 == 0 then {workflow_id:"w\(. / 6)"} else {} end)
      + (if . % 11 == 0 then {quality_score:0.875} else {} end),
    (select(. % 3 == 0) | {request_id:"r\(. + 1)",quality_score:(1 + . % 5),feedback_id:"f\(.)",timestamp:.}),
    (select(. % 4 == 0) | {workflow_id:"w\(. / 4)",nl_input:"Check git status",cost:1,created_at:.})' >in
  status 0 pl-record --prices prices.json in
}

# -- files --

@test "files: requests and ratings among others, and the summary" {
  printf '%s\n' '{"request_id":"a","prompt":"x"}' '{"request_id":"a","quality_score":4,"timestamp":1}' \
    '{"workflow_id":"w","nl_input":"Check git status"}' '{"request_id":"a","quality_score":9}' '{"prompt":"y"}' >in
  status 1 pl-backfill --json in
  is '{"total_workflows":1,"processed":4,"total_patterns":1,"new_patterns":1,"errors":1,"duplicates":0,"updated":0,' \
    "$(sed 's/"records.*//' out)"
  is '"records":{"workflow":1,"request":2,"feedback":1},"dry_run":false}' "$(sed 's/.*,"records/"records/' out)"
  is "pl-backfill: in:4: quality_score: is out of range: a rating is 1 to 5" "$(cat err)"
  fill "0 0 0 0 0 0" in # unchanged
  status 1 pl-backfill --json --force in
  is "2 1 4 4 0 1" "$(counts)"
  echo '{"request_id":"a","prompt":"z","updated_at":9}' >>in
  status 1 pl-backfill --json in # which holds a request that is known by its place, and is read from its beginning
  is "3 1 5 4 1 1" "$(counts)"
  is "2 1" "$(total requests) $(total feedback)"
  verified
}

@test "files: --kind, --dry-run, --limit, --since and --until" {
  printf '%s\n' '{"request_id":"a","timestamp":100}' '{"request_id":"a","quality_score":4,"timestamp":200}' \
    '{"request_id":"b","timestamp":300}' '{"request_id":"b","updated_at":400,"prompt":"x"}' >in
  fill "3 1 4 0 1 0" --dry-run in
  [ ! -e "$PL_DB" ]
  fill "1 1 2 0 0 0" --limit 2 in
  fresh
  fill "1 1 2 0 0 0" --since 1970-01-01T00:03:20Z --until 1970-01-01T00:05:30Z in
  is "b 1" "$(sql "SELECT request_id FROM routing_metrics") $(total feedback)"
  fresh
  echo '{"workflow_id":"w","model":"m"}' >other
  fill "1 0 1 0 0 0" --kind request other
}

# -- other programs' databases --

older() {
  sqlite3 -batch old.db "
    CREATE TABLE routing_metrics(id INTEGER PRIMARY KEY, request_id TEXT, timestamp TEXT, selected_provider TEXT,
      selected_model TEXT, pattern_detected TEXT, complexity_score REAL, input_tokens INTEGER, output_tokens INTEGER,
      cost REAL, latency_ms REAL, success INTEGER, user_id TEXT);
    INSERT INTO routing_metrics(request_id, timestamp, selected_provider, selected_model, pattern_detected,
      complexity_score, input_tokens, output_tokens, cost, latency_ms, success, user_id) VALUES
      ('r1', '2026-01-01 10:00:00', 'anthropic', 'claude-x', 'code', 0.3, 100, 50, 0.25, 1200.5, 1, 'u'),
      ('r2', '2026-01-01 11:00:00', 'openai', 'gpt-x', 'analysis', 0.8, 10, 5, 0.01, 300, 0, NULL),
      ('r3', '2026-01-01 12:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    CREATE TABLE response_feedback(id INTEGER PRIMARY KEY, request_id TEXT, timestamp TEXT, quality_score INTEGER,
      is_correct BOOLEAN, is_helpful BOOLEAN, prompt_pattern TEXT, selected_provider TEXT, selected_model TEXT,
      complexity_score REAL, user_id TEXT, session_id TEXT, comment TEXT);
    INSERT INTO response_feedback VALUES
      (11, 'r1', '2026-01-02 10:00:00', 5, 1, 0, 'wrong', 'wrong', 'wrong', 0.9, 'u', 's', 'good'),
      (12, 'gone', '2026-01-02 11:00:00', 2, 0, NULL, 'creative', 'google', 'gemini-x', 0.5, NULL, NULL, NULL),
      (13, 'r2', '2026-01-02 12:00:00', 3, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
}

@test "databases: routing_metrics and response_feedback of an older system" {
  older
  cp old.db before.db
  fill "3 3 6 0 0 0" old.db
  is "r1|2026-01-01 10:00:00|anthropic|claude-x|code|0.3|moderate|100|50|0.25|given|1200.5|1|u
r2|2026-01-01 11:00:00|openai|gpt-x|analysis|0.8|deep|10|5|0.01|given|300.0|0|
r3|2026-01-01 12:00:00|unknown|||||||||||" \
    "$(sql "SELECT request_id, timestamp, selected_provider, selected_model, pattern_detected, complexity_score,
      complexity, input_tokens, output_tokens, cost, cost_source, latency_ms, success, user_id FROM routing_metrics
      ORDER BY 1")"
  is "r1|2026-01-02 10:00:00|5|1|0|code|anthropic|claude-x|0.3|u|s|good
gone|2026-01-02 11:00:00|2|0||creative|google|gemini-x|0.5|||
r2|2026-01-02 12:00:00|3||1|analysis|openai|gpt-x|0.8|||" \
    "$(sql "SELECT request_id, timestamp, quality_score, is_correct, is_helpful, prompt_pattern, selected_provider,
      selected_model, complexity_score, user_id, session_id, comment FROM response_feedback ORDER BY id")"
  is "3 3 2 260000000" "$(total requests) $(total feedback) $(total request_cost_known) $(total request_cost)"
  is 0 "$(sql "SELECT count(*) FROM budget_patterns")" # it kept neither prompts nor their hashes
  cmp old.db before.db
  loop >once
  fill "3 3 6 6 0 0" old.db
  is "$(cat once)" "$(loop)"
  verified
}

@test "databases: rows without a time are known by their place" {
  sqlite3 -batch old.db "
    CREATE TABLE response_feedback(request_id TEXT, timestamp TEXT, quality_score INTEGER);
    INSERT INTO response_feedback VALUES('r', NULL, 5), ('r', NULL, 5), ('r', NULL, 1);
    CREATE TABLE routing_metrics(selected_model TEXT, cost REAL);
    INSERT INTO routing_metrics VALUES('m', 1), ('m', 1), ('m', 2)"
  fill "3 3 6 0 0 0" old.db
  fill "3 3 6 6 0 0" old.db
  is "3 3 4000000000" "$(total requests) $(total feedback) $(total request_cost)"
}

@test "databases: workflows, requests and ratings in one, and in several" {
  older
  sqlite3 -batch old.db "CREATE TABLE workflow_history(workflow_id TEXT, nl_input TEXT, actual_cost_total REAL);
    INSERT INTO workflow_history VALUES('w1', 'Check git status', 0.5);
    ALTER TABLE routing_metrics ADD COLUMN workflow_id TEXT; ALTER TABLE routing_metrics ADD COLUMN prompt TEXT;
    UPDATE routing_metrics SET workflow_id = 'w1', prompt = 'Write about Zebulon' WHERE request_id = 'r1'"
  status 0 pl-backfill --json old.db
  is "1 3 3 7" "$(jq -r '"\(.records.workflow) \(.records.request) \(.records.feedback) \(.processed)"' out)"
  is " 260000000" "$(total cost) $(total request_cost)" # the workflow is a request's
  is "" "$(grep -l -a -i zebulon "$PL_DB"*)"
  is "$(printf 'Write about Zebulon' | sha256sum | cut -c1-16)" "$(sql "SELECT prompt_hash FROM budget_patterns")"
  loop >once
  fresh
  for table in response_feedback workflow_history routing_metrics; do
    rm -f part.db
    sqlite3 -batch part.db "ATTACH 'old.db' AS o; CREATE TABLE $table AS SELECT * FROM o.$table"
    status 0 pl-backfill part.db
  done
  is "$(cat once)" "$(loop)"
  verified
}

@test "databases: what other programs mean otherwise is left out" {
  older
  sqlite3 -batch old.db "UPDATE routing_metrics SET complexity_score = 7.5 WHERE request_id = 'r1';
    UPDATE response_feedback SET complexity_score = -1 WHERE id = 12;
    ALTER TABLE routing_metrics ADD COLUMN prompt_hash TEXT;
    UPDATE routing_metrics SET prompt_hash = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'
      WHERE request_id = 'r1';
    UPDATE routing_metrics SET prompt_hash = '5891b5b522d5df08' WHERE request_id = 'r2'"
  fill "3 3 6 0 0 0" old.db
  is "r1|| r2|0.8|5891b5b522d5df08 r3||" \
    "$(sql "SELECT request_id, complexity_score, prompt_hash FROM routing_metrics ORDER BY 1" | xargs)"
  is "" "$(sql "SELECT complexity_score FROM response_feedback WHERE request_id = 'gone'")"
}

@test "databases: rows that are no records are named by their table and number" {
  older
  sqlite3 -batch old.db "UPDATE routing_metrics SET success = 2 WHERE request_id = 'r2';
    UPDATE response_feedback SET quality_score = 6 WHERE id = 11;
    UPDATE response_feedback SET request_id = NULL WHERE id = 13"
  fill "2 1 3 0 0 3" --rejects rejected old.db
  is "pl-backfill: old.db(routing_metrics):2: success: is a number, not true or false
pl-backfill: old.db(response_feedback):1: quality_score: is out of range: a rating is 1 to 5
pl-backfill: old.db(response_feedback):3: request_id: is missing" "$(cat err)"
  is "r2 r1 null" "$(jq -r .request_id rejected | xargs)"
}

@test "databases: --dry-run, --limit, --since" {
  older
  fill "3 3 6 0 0 0" --dry-run old.db
  [ ! -e "$PL_DB" ]
  fill "3 1 4 0 0 0" --limit 4 old.db
  fresh
  fill "1 2 3 0 0 0" --since "2026-01-01 12:00:00" --until "2026-01-02 12:00:00" old.db
}

@test "databases: pl-record takes one as an operand" {
  older
  status 0 pl-record old.db
  is "request r1 new|request r2 new|request r3 new|feedback r1 new|feedback gone new|feedback r2 new" \
    "$(jq -r '"\(.kind) \(.request_id) \(.status)"' out | paste -sd '|')"
}

@test "databases: of one of pl's own only the workflows are taken in, and their prices are not taken for given" {
  list
  printf '%s\n' '{"request_id":"a","prompt":"Fix the bug","model":"acme-1","input_tokens":1000000,"output_tokens":0}' \
    '{"request_id":"a","quality_score":5}' \
    '{"workflow_id":"w","model":"acme-1","input_tokens":1000000,"output_tokens":0,"cache_write_1h_tokens":0}' \
    '{"workflow_id":"v","model":"acme-1","input_tokens":1000000,"output_tokens":0,"cost":0.5}' >in
  pl-record -q --db own.db --prices prices.json in
  sql "SELECT * FROM workflow_history" own.db >before
  is "1.0" "$(sql "SELECT cost FROM routing_metrics" own.db)"
  echo '{"models":{"acme-1":{"input":2,"output":2}}}' >prices.json
  fill "0 0 2 0 0 0" --prices prices.json own.db
  is "pl-backfill: warning: own.db: of a database of pl only the workflows that are no turns are taken in: \
read the logs of its requests, turns and ratings again" "$(cat err)"
  is "v|0.5|given|0.5 w|2.0|priced|" \
    "$(sql "SELECT workflow_id, actual_cost_total, cost_source, cost / 1e9 FROM workflow_history
      JOIN workflow USING(workflow_id) ORDER BY 1" | xargs)"
  is " " "$(total requests) $(total feedback)"
  status 0 pl-backfill --json --prices prices.json in # counts them once
  is "2 1 1 1" "$(jq -r '"\(.duplicates) \(.records.request) \(.records.feedback)"' out) $(total requests)"
  is "$(cat before)" "$(sql "SELECT * FROM workflow_history" own.db)"
  verified
  # without any, there is nothing to say
  echo '{"workflow_id":"w"}' | pl-record -q --db none.db
  status 0 pl-backfill none.db --prices prices.json
  is "" "$(cat err)"
}

@test "databases: one with no such table is said to be" {
  sqlite3 -batch old.db "CREATE TABLE requests(request_id TEXT)"
  status 2 pl-backfill old.db
  has "$(cat err)" "old.db: holds no table workflow_history, routing_metrics or response_feedback"
}

# -- verify and rebuild --

good() {
  history
  loop >good
  mv "$PL_DB" good.db
  cp good.db worse.db
}

# broken DAMAGE LINE...: verify finds what the SQL does to a good database, for each LINE one that matches it
broken() {
  local damage=$1 line
  shift
  cp good.db "$PL_DB"
  sql "$damage"
  sql "$damage" worse.db
  status 1 pl-backfill --verify || { echo "not found: $damage"; return 1; }
  is "" "$(cat err)"
  for line; do grep -q -e "$line" out || { echo "no line like $line: $damage"; cat out; return 1; }; done
}

# mended: a rebuild mends all of that together
mended() {
  local -x PL_DB=$PWD/worse.db
  status 0 pl-backfill --rebuild --prices prices.json
  verified
  loop >is
  cmp -s good is || { diff good is; return 1; }
}

@test "--verify: each figure of budget_patterns, and --rebuild mends it" {
  good
  hash=$(sql "SELECT min(prompt_hash) FROM budget_patterns" good.db)
  row="WHERE prompt_hash = '$hash'"
  while IFS='|' read -r change line; do
    broken "UPDATE budget_patterns SET $change $row" "^budget pattern $hash: $line"
    is 1 "$(wc -l <out)"
  done <<'T'
usage_count = usage_count + 1|usage_count is wrong
avg_budget = avg_budget + 1|avg_budget is wrong
avg_budget = NULL|avg_budget is wrong
avg_budget = avg_budget + 0.5|a figure is of another type
complexity_level = 'deep'|complexity_level is wrong
complexity_level = NULL|complexity_level is wrong
quality_score = quality_score + 1e-9|quality_score is wrong
total_quality_score = 0|total_quality_score is wrong
last_used = last_used + 1|last_used or created_at is wrong
created_at = created_at - 1|last_used or created_at is wrong
tokens = tokens + 1|its sums are wrong
tokens_known = 0|its sums are wrong
budgets = 7|its sums are wrong
budgets_known = budgets_known + 1|its sums are wrong
quality = quality - 1|its sums are wrong
quality_known = 0|its sums are wrong
quality_total = quality_total + 1|its sums are wrong
T
  mended
}

@test "--verify: budgets that are missing or too many, and --rebuild mends them" {
  good
  hash=$(sql "SELECT min(prompt_hash) FROM budget_patterns" good.db)
  broken "DELETE FROM budget_patterns WHERE prompt_hash = '$hash'" "^budget pattern $hash: is missing"
  broken "INSERT INTO budget_patterns SELECT '00000000000000ff', complexity_level, avg_budget, usage_count,
    total_quality_score, quality_score, last_used, created_at, tokens_known, tokens, budgets_known, budgets,
    quality_known, quality, quality_total FROM budget_patterns WHERE prompt_hash > '$hash' LIMIT 1" \
    "^budget pattern 00000000000000ff: is of no request"
  mended
  # of as many as there should be, one is another
  broken "DELETE FROM budget_patterns WHERE prompt_hash = '$hash';
    INSERT INTO budget_patterns SELECT '00000000000000fe', complexity_level, avg_budget, usage_count,
    total_quality_score, quality_score, last_used, created_at, tokens_known, tokens, budgets_known, budgets,
    quality_known, quality, quality_total FROM budget_patterns LIMIT 1" "^budget pattern $hash: is missing"
  mended
}

@test "--verify: what requests keep of their ratings, and --rebuild mends it" {
  good
  row() { sql "SELECT id FROM request WHERE request_id = '$1'" good.db; }
  broken "UPDATE request SET rating_count = rating_count + 1 WHERE request_id = 'r1'" \
    "^request in row $(row r1): its ratings are not those of the feedback"
  broken "UPDATE request SET rating_sum = 0 WHERE request_id = 'r4'" "^request in row $(row r4): its ratings"
  broken "UPDATE request SET good = 1 - good WHERE request_id = 'r10'" \
    "^request in row $(row r10): whether it counts as good is wrong"
  broken "UPDATE request SET rating_count = 3, rating_sum = 9 WHERE request_id = 'r0'" "^request in row $(row r0): its"
  mended
}

@test "--verify: prices, and whether a workflow is named, and --rebuild mends them" {
  good
  broken "UPDATE request SET priced_0 = priced_0 + 1, priced_1 = priced_1 + 1 WHERE request_id = 'r1'" \
    "^request r1: its price is .*, and should be "
  broken "UPDATE request SET priced_0 = NULL, priced_1 = NULL WHERE request_id = 'r3'" \
    "^request r3: its price is "
  broken "UPDATE request SET priced_0 = 5, priced_1 = 5 WHERE request_id = 'r5'" "^request r5: its price is 5" # given
  broken "UPDATE workflow SET priced_0 = 5, priced_1 = 5 WHERE workflow_id = 'w3'" "^w3: its price is 5"
  broken "UPDATE workflow SET named = 0 WHERE workflow_id = 'w2'" "^workflow in row .*: is named by a request" \
    "^totals: cost is" "^totals: cost_known is"
  broken "UPDATE workflow SET named = 1 WHERE workflow_id = 'w14'" "^workflow in row .*: is named by no request" \
    "^totals: cost is"
  mended
}

@test "--verify: each total, and --rebuild mends it" {
  good
  for name in requests feedback request_cost request_cost_known cost cost_known workflows; do
    broken "UPDATE total SET value = value + 1 WHERE name = '$name'" "^totals: $name is .*, and should be "
    is 1 "$(wc -l <out)"
  done
  mended
  broken "DELETE FROM total" requests feedback request_cost request_cost_known
  mended
}

@test "--verify: figures that follow from a record that was changed by hand" {
  good
  cp good.db "$PL_DB"
  sql "UPDATE feedback SET quality_score = 5 WHERE identity IS NOT NULL"
  sql "UPDATE request SET thinking_tokens = 1 WHERE request_id = 'r2';
    UPDATE request SET cost = NULL WHERE request_id = 'r5'"
  sql "DELETE FROM request WHERE request_id = 'r12'"
  status 1 pl-backfill --verify --json
  is true "$(jq 'length > 4 and all(has("difference"))' out)"
  status 0 pl-backfill --rebuild --prices prices.json
  verified
  is "59 $(sql "SELECT count(*) FROM feedback")" "$(total requests) $(total feedback)"
  is 1 "$(sql "SELECT count(*) FROM workflow WHERE workflow_id = 'w2' AND named = 0")"
  is 5.0 "$(sql "SELECT avg(rating_sum * 1.0 / rating_count) FROM request WHERE rating_count > 0")"
}

@test "--verify: changes nothing, and says nothing of what is right" {
  history
  sqlite3 -batch "$PL_DB" .dump >before
  status 0 pl-backfill --verify
  is "every figure is what the stored records give " "$(cat out) $(cat err)"
  is "$(cat before)" "$(sqlite3 -batch "$PL_DB" .dump)"
}

@test "--rebuild: tells of how many, and nothing changes where nothing is to change" {
  history
  loop >good
  status 0 pl-backfill --rebuild -v --prices prices.json
  is "pl-backfill: Rebuilt all figures from 15 workflows and 60 requests" "$(cat err)"
  is "$(cat good)" "$(loop)"
  verified
}

# -- rebuilds and writers --

# nap MOST: up to so many milliseconds
nap() { sleep "$(printf '0.%03d' $((RANDOM % $1)))"; }

@test "--rebuild: killed again and again while requests and ratings are written" {
  history 2500
  cp "$PL_DB" once.db
  jq -cn 'range(2000) | {kind:"request",request_id:"n\(.)",prompt:"prompt \(. % 9)",model:"acme-2",timestamp:.,
      input_tokens:(. + 1),output_tokens:1,workflow_id:"w\(. % 400)"},
    (select(. % 3 == 0) | {kind:"request",request_id:"r\(.)",prompt:"other \(. % 5)",updated_at:1800000000,
      workflow_id:"w1"}),
    (select(. % 2 == 0) | {request_id:"n\(2000 - .)",quality_score:(1 + . % 5),feedback_id:"g\(.)"}),
    (select(. % 4 == 0) | {request_id:"r\(.)",quality_score:3,feedback_id:"f\(. % 600)",timestamp:1800000000})
    ' >after.jsonl
  PL_DB=once.db pl-record -q --prices prices.json after.jsonl
  loop once.db >wanted
  split -n r/3 after.jsonl piece.
  for piece in piece.*; do
    while read -r line; do echo "$line"; done <"$piece" | pl-record -q --prices prices.json & writers="$writers $!"
  done
  RANDOM=${LAW_SEED:-7}
  for _ in 1 2 3 4 5 6 7 8; do
    pl-backfill --rebuild -q --prices prices.json 2>/dev/null & rebuild=$!
    nap 120
    kill -9 "$rebuild" 2>/dev/null || true
    wait "$rebuild" 2>/dev/null && ended="$ended." || killed="$killed."
    sqlite3 -cmd ".timeout 20000" "$PL_DB" "UPDATE state SET rebuild_beat = rebuild_beat - 6000000" # seconds ago
  done
  [ -n "$killed" ]
  for writer in $writers; do wait "$writer"; done
  verified
  loop >is
  cmp -s wanted is || { diff wanted is | head; return 1; }
  status 0 pl-backfill --rebuild --prices prices.json
  verified
  loop >is
  cmp -s wanted is || { diff wanted is | head; return 1; }
}

@test "--rebuild: other prices beside writers: each figure is by the one list or the other" {
  history 2000
  echo '{"models":{"acme-1":{"input":3,"output":60},"acme-2":{"input":21,"output":21}}}' >dearer.json
  jq -cn 'range(1000) | {kind:"request",request_id:"n\(.)",model:"acme-2",timestamp:.,input_tokens:1000000,
      output_tokens:0}' |
    while read -r line; do echo "$line"; done | pl-record -q --prices prices.json 2>err & writer=$!
  status 0 pl-backfill --rebuild --prices dearer.json
  wait "$writer"
  verified
  is 21.0 "$(sql "SELECT max(cost) FROM routing_metrics WHERE request_id LIKE 'n%'")"
  is 21.0 "$(sql "SELECT min(cost) FROM routing_metrics WHERE request_id LIKE 'n%'")"
}
