#!/usr/bin/env bats
# The laws that hold for every figure (pl(7)), proved on random histories. LAW_ROUNDS=10 does ten times as much;
# LAW_SEED=N begins with other histories. A failure names the seed.
# shellcheck disable=SC2030,SC2031,SC2154

load helper
load laws/laws

# history SEED IDS: makes ./history, and ./records of it
history() {
  sh "$laws/history.sh" "$1" "$2" >history
  cut -f1 history >records
}

# review STATUS [MORE]: a person's decision about one pattern, with more members
review() {
  echo "{\"kind\":\"review\",\"pattern_signature\":\"git:status:summary\",\"automation_status\":\"$1\"$2}"
}

# plain COUNT [MORE]: workflows that differ in everything, with more members
plain() {
  awk -v n="$1" -v more="$2" 'BEGIN {
    texts = "Run backend tests with pytest|Check git status|Fix the login bug|Format with prettier|Update npm packages"
    split(texts, text, "|")
    for (i = 1; i <= n; i++)
      printf "{\"workflow_id\":\"p-%d\",\"nl_input\":\"%s %d\",\"session_id\":\"s-%d\",\"total_tokens\":%d," \
        "\"cost\":0.%03d,\"duration_seconds\":%d,\"created_at\":\"2026-%02d-%02dT%02d:00:00Z\"%s}\n",
        i, text[1 + i % 5], i, i, 1000 + i % 977, i % 1000, 60 + i % 600, 1 + i % 2, 1 + i % 28, i % 24, more }'
}

# ms: milliseconds since 1970, in REPLY
ms() { REPLY=${EPOCHREALTIME/[.,]/}; REPLY=${REPLY%???}; }

# -- laws 1 and 2: once, and free of order ----------------------------------------------------------------------------

@test "laws 1, 2: a history has one set of figures, in any order, form, number of processes and of readings" {
  for seed in $(seeds 2); do
    history "$seed" 120
    fresh
    record <records
    everything >once
    record <records
    same once || { echo "seed $seed, read again"; return 1; }
    for deal in 1 2 3; do
      fresh
      bash "$laws/deal.sh" records $((seed * 10 + deal)) || { echo "seed $seed, deal $deal"; return 1; }
      same once || { echo "seed $seed, deal $deal"; return 1; }
      verified || { echo "seed $seed, deal $deal"; return 1; }
    done
  done
}

@test "laws 1, 2: forward, backward, sorted" {
  for seed in $(seeds 2); do
    history "$seed" 200
    fresh
    record <records
    everything >once
    for order in tac sort "sort -r" "cat records"; do
      fresh
      $order records | record
      same once || { echo "seed $seed, $order"; return 1; }
    done
  done
}

@test "law 1: of many processes with the same records, one finds each new" {
  history "$first_seed" 150
  for process in 1 2 3 4; do
    pl-record <records >"results.$process" 2>/dev/null 3>&- &
  done
  wait
  is "$(cut -f2 history | jq -r '.id // .key' | sort -u | wc -l)" "$(cat results.* | grep -c '"status":"new"')"
  pl-record <records >results 2>/dev/null
  is 0 "$(grep -vc '"status":"duplicate"' results)"
}

@test "law 1: a review without time and id is known by its content and its place among equal ones in its file" {
  { review approved; review approved; review candidate; } >reviews.jsonl
  for _ in 1 2; do
    pl-record -q reviews.jsonl
    pl-backfill -q reviews.jsonl
    pl-backfill -q --force reviews.jsonl
    cp reviews.jsonl copy.jsonl
    pl-record -q copy.jsonl reviews.jsonl
  done
  is 3 "$(sql "SELECT count(*) FROM pattern_reviews")"
  review approved >>reviews.jsonl
  pl-backfill -q reviews.jsonl
  is 4 "$(sql "SELECT count(*) FROM pattern_reviews")"
  pl-record -q <copy.jsonl
  is 7 "$(sql "SELECT count(*) FROM pattern_reviews")"
}

@test "law 2: the newest version is in force: by time, then ended, then tokens; undated never over dated" {
  # each line is newer than those before it
  cat >versions <<'JSON'
{"workflow_id":"w","nl_input":"1","total_tokens":900}
{"workflow_id":"w","nl_input":"2","total_tokens":901}
{"workflow_id":"w","nl_input":"3","status":"running","total_tokens":5,"created_at":"2026-01-01T00:00:00Z"}
{"workflow_id":"w","nl_input":"4","status":"pending","total_tokens":6,"timestamp":"2026-01-01T01:00:00+01:00"}
{"workflow_id":"w","nl_input":"5","status":"failed","created_at":"2026-01-01 00:00:00"}
{"workflow_id":"w","nl_input":"6","status":"completed","total_tokens":0,"created_at":1767225600}
{"workflow_id":"w","nl_input":"7","status":"failed","input_tokens":1,"created_at":1767225600000}
{"workflow_id":"w","nl_input":"8","status":"running","created_at":1735689600,"updated_at":"2026-01-01T00:00:00.001Z"}
{"workflow_id":"w","nl_input":"9","created_at":"2026-01-01T00:00:00.002Z"}
JSON
  for ((newer = 2; newer <= 9; newer++)); do
    for ((older = 1; older < newer; older++)); do
      sed -n "${older}p; ${newer}p" versions | sed "s/\"w\"/\"$newer up from $older\"/"
      sed -n "${older}p; ${newer}p" versions | tac | sed "s/\"w\"/\"$newer down to $older\"/"
    done
  done | pl-record -q
  is 72 "$(sql "SELECT count(*) FROM workflow_history")"
  is "" "$(sql "SELECT workflow_id, nl_input FROM workflow_history WHERE nl_input <> substr(workflow_id, 1, 1)")"
}

@test "law 2: equal content is a duplicate however it is spelled, and the first recording time stays" {
  first='{"workflow_id":7,"nl_input":"Run \u0074ests","cost":0.5,"total_tokens":10,"created_at":"2026-01-01T00:00:00Z"}'
  again='{"unheard_of":1,"total_tokens":10.0,"timestamp":1767225600,"cost":5e-1,"nl_input":"Run tests","status":null,
    "workflow_id":"7"}'
  later='{"workflow_id":7,"nl_input":"Run tests","updated_at":"2026-01-02T00:00:00Z"}'
  PL_NOW=2026-02-01T00:00:00Z pl-record -q <<<"$first"
  is duplicate "$(pl-record <<<"$again" | jq -r .status)"
  is updated "$(pl-record <<<"$later" | jq -r .status)"
  is duplicate "$(pl-record <<<"$first" | jq -r .status)"
  is "2026-02-01 00:00:00" "$(sql "SELECT detected_at FROM pattern_occurrences")"
}

@test "law 2: the newest review is in force, and one without a time is of the time of recording" {
  pl-record -q <<<'{"workflow_id":"w","nl_input":"Check git status"}'
  in_force() { sql "SELECT automation_status FROM operation_patterns"; }
  review candidate ',"timestamp":"2026-02-02T00:00:00Z"' | pl-record -q
  review detected ',"timestamp":"2026-02-01T00:00:00Z"' | pl-record -q
  is candidate "$(in_force)"
  review approved | pl-record -q
  is approved "$(in_force)"
  review deprecated ',"timestamp":"2026-02-03T00:00:00Z"' | pl-record -q
  is approved "$(in_force)"
  review active ',"event_id":"e"' | PL_NOW=2026-03-02T00:00:00Z pl-record -q
  is active "$(in_force)"
}

# -- law 3: derived ---------------------------------------------------------------------------------------------------

@test "law 3: the figures are those of a recomputation from the newest versions" {
  for seed in $(seeds 3); do
    history "$seed" 150
    fresh
    record <records
    sh "$laws/recompute.sh" history >differences || { echo "seed $seed"; head -n 6 differences; return 1; }
    verified || { echo "seed $seed"; return 1; }
  done
}

@test "law 3: what --no-text left out is not needed: the same is learned, and a rebuild keeps it" {
  learned() { sed -n '/^[a-z]*:[a-z]*:[a-z]*|/p' "$1"; }
  for seed in $(seeds 2); do
    history "$seed" 120
    fresh
    record <records
    everything >once
    fresh
    record --no-text <records
    is 0 "$(sql "SELECT count(coalesce(nl_input, error_message)) FROM workflow_history")"
    verified
    pl-backfill --rebuild
    verified
    everything >textless
    is "$(learned once)" "$(learned textless)"
  done
}

# wrong_values: a statement a line, each of which makes one value wrong.
wrong_values() {
  local slot="slot = (SELECT slot FROM state)" table change
  local most="(SELECT id FROM operation_patterns ORDER BY occurrence_count DESC, id LIMIT 1)"
  local -A row=(
    [operation_patterns]="id = $most"
    [pattern_sum]="$slot AND pattern = $most"
    [workflow]="id = (SELECT max(id) FROM workflow WHERE files IS NOT NULL AND pattern_set_0 IS NOT NULL)"
    [pattern_set]="id = (SELECT pattern_set_0 FROM workflow WHERE pattern_set_0 IS NOT NULL LIMIT 1)"
  )
  while read -r table change; do
    case $change in
      gone) echo "DELETE FROM $table WHERE ${row[$table]}" ;;
      *) echo "UPDATE $table SET $change WHERE ${row[$table]}" ;;
    esac
  done <<'END'
operation_patterns occurrence_count = occurrence_count + 1
operation_patterns avg_tokens_with_llm = avg_tokens_with_llm - 1
operation_patterns avg_tokens_with_llm = avg_tokens_with_llm + 0.5
operation_patterns avg_tokens_with_tool = NULL
operation_patterns avg_cost_with_llm = avg_cost_with_llm * 1.000000000000001
operation_patterns avg_cost_with_tool = NULL
operation_patterns confidence_score = confidence_score + 5
operation_patterns potential_monthly_savings = 183844
operation_patterns typical_input_pattern = '{}'
operation_patterns automation_status = 'implemented'
operation_patterns pattern_type = 'tset'
operation_patterns created_at = '2020-01-01 00:00:00'
operation_patterns last_seen = NULL
operation_patterns gone
pattern_sum occurrences = occurrences - 1
pattern_sum tokens_known = tokens_known + 1
pattern_sum tokens = tokens + 1
pattern_sum cost_known = cost_known + 1
pattern_sum cost = cost + 1
pattern_sum durations_known = durations_known + 1
pattern_sum durations = durations + 1
pattern_sum squares_high = squares_high + 1
pattern_sum squares_low = squares_low + 1
pattern_sum errors_known = errors_known + 1
pattern_sum errors = errors + 1
pattern_sum retries_known = retries_known + 1
pattern_sum retries = retries + 1
pattern_sum first_at = first_at + 1
pattern_sum first_workflow = last_workflow
pattern_sum last_at = NULL
pattern_sum last_workflow = first_workflow
pattern_sum gone
workflow keywords_0 = (SELECT min(id) FROM name WHERE text NOT LIKE '[%')
workflow pattern_set_0 = NULL
workflow pattern_set_0 = 100000
workflow pattern_set_0 = (SELECT max(id) FROM pattern_set WHERE id <> pattern_set_0)
pattern_set gone
pattern_set patterns = '[' || (SELECT max(id) FROM operation_patterns) || ']'
workflow input_length = input_length + 1
workflow complexity = (complexity + 1) % 3
workflow files = NULL
END
  for change in workflows learned matched tokens tokens_known cost cost_known; do
    echo "UPDATE total SET value = value + 1 WHERE $slot AND name = '$change'"
  done
  echo "DELETE FROM total WHERE $slot AND name = 'cost'"
}

@test "law 3: --verify finds one wrong value, wherever it is, and --rebuild mends it" {
  history 7 100
  record <records
  verified
  everything >once
  failed=0
  while IFS= read -r statement; do
    cp "$PL_DB" wrong.db
    changed=$(sqlite3 -batch wrong.db "$statement; SELECT changes() > 0")
    [ "$changed" = 1 ] || { echo "no such value: $statement"; failed=1; }
    status 1 pl-backfill -d wrong.db --verify || { echo "not found: $statement"; failed=1; }
    [ -s out ] || { echo "not named: $statement"; failed=1; }
    status 0 pl-backfill -d wrong.db --rebuild || failed=1
    verified -d wrong.db && same once wrong.db || { echo "not mended: $statement"; failed=1; }
  done < <(wrong_values)
  is 0 "$failed"
}

@test "law 3: a rebuild by other rules beside writers gives what those rules would have given from the beginning" {
  cat >rules.json <<'JSON'
{"categories": [{"category": "login", "target": "all", "default": "fix", "words": ["login", "pipeline"]}],
 "errors": [{"signature": "ops:memory:all", "words": ["out of memory"]}],
 "templates": [{"parts": ["release"], "signature": "release:cut:all"}]}
JSON
  history "$first_seed" 3000
  record --rules rules.json <records
  is "login:fix:all ops:memory:all release:cut:all" "$(sql "SELECT pattern_signature FROM operation_patterns
    WHERE pattern_type IN ('login', 'ops', 'release') ORDER BY 1" | xargs)"
  everything >once
  for seed in $(seeds 2); do
    fresh
    RANDOM=$seed
    sort -R --random-source=<(yes "$seed") records >shuffled
    head -n 5000 shuffled | record
    head -n 8000 shuffled | pl-record -q 2>/dev/null 3>&- &
    tail -n 5000 shuffled | pl-record -q 2>/dev/null 3>&- &
    nap 60
    pl-backfill --rebuild --rules rules.json
    wait
    verified || { echo "seed $seed"; return 1; }
    same once || { echo "seed $seed"; return 1; }
  done
}

# -- law 4: acknowledged means durable --------------------------------------------------------------------------------

@test "law 4: a writer killed at any moment loses nothing that it acknowledged, and counts nothing twice" {
  history "$first_seed" 2000
  record <records
  everything >once
  RANDOM=$first_seed
  fresh
  for ((kill = 0; kill < 12 * rounds; kill++)); do
    if [ $((kill % 12)) = 6 ]; then
      fresh # kills at its creation too
      rm -f acknowledged
    fi
    sort -R --random-source=<(yes $kill) records >shuffled
    pl-record <shuffled >one 2>/dev/null 3>&- &
    pids=$!
    if [ $((RANDOM % 2)) = 0 ]; then
      pl-record records >two 2>/dev/null 3>&- &
    else
      pl-backfill -q records >two 2>/dev/null 3>&- &
    fi
    nap $((RANDOM % 2 ? 150 : 25))
    killed $pids $!
    # the last line may be cut off, and is then no acknowledgement
    cat one two | grep '}$' | jq -r '.workflow_id // empty' >>acknowledged || true
    [ -e "$PL_DB" ] || continue
    sort -u acknowledged >wanted
    sql "SELECT workflow_id FROM workflow_history" 2>/dev/null | sort >stored
    is "" "$(comm -23 wanted stored | head -n 3)"
    verified || { echo "kill $kill"; return 1; }
  done
  record <records
  pl-backfill -q records 2>/dev/null
  same once
  verified
}

@test "law 4: a rebuild killed at any moment has changed nothing, and the next one goes ahead" {
  history "$first_seed" 4000
  record <records
  everything >once
  head -n 300 records >few
  RANDOM=$first_seed
  for ((kill = 0; kill < 8 * rounds; kill++)); do
    cp "$PL_DB" "$kill.db"
    pl-backfill -q -d "$kill.db" --rebuild 3>&- &
    pid=$!
    nap 120
    killed $pid
    same once "$kill.db" && verified -d "$kill.db" || { echo "kill $kill"; return 1; }
    record -d "$kill.db" <few
    same once "$kill.db" && verified -d "$kill.db" || { echo "kill $kill, after a writer"; return 1; }
  done
  # the next one may have to see that the killed one does nothing any more: all at once, for that takes a moment
  for ((kill = 0; kill < 8 * rounds; kill++)); do
    timeout 15 pl-backfill -q -d "$kill.db" --rebuild 3>&- || echo "kill $kill" >>stuck &
  done
  wait
  is "" "$(cat stuck 2>/dev/null)"
  for ((kill = 0; kill < 8 * rounds; kill++)); do
    same once "$kill.db" && verified -d "$kill.db" || { echo "kill $kill, after the next rebuild"; return 1; }
  done
}

@test "law 4: a rebuild that is interrupted has changed nothing, and leaves nothing to wait for" {
  history "$first_seed" 4000
  record <records
  everything >once
  for signal in TERM INT; do
    pl-backfill -q --rebuild 3>&- &
    sleep 0.03
    kill -$signal $! 2>/dev/null || true
    wait $! || true
    same once
    status 0 timeout 2 pl-backfill --rebuild
    same once
    verified
  done
}

@test "law 4: two rebuilds at once leave one set of figures" {
  history "$first_seed" 2000
  record <records
  everything >once
  pl-backfill -q --rebuild 3>&- &
  pl-backfill -q --rebuild
  wait $!
  same once
  verified
}

@test "law 4: results are written after the commit is on disk" {
  command -v strace >/dev/null || skip "no strace"
  [ -z "${ASAN_OPTIONS:-}" ] || skip "leaks cannot be looked for under strace"
  plain 3000 >records
  pl-record -q <<<'{"workflow_id":"first"}'
  strace -o calls -e trace=write,pwrite64,fsync,fdatasync pl-record <records >results || skip "strace may not trace"
  # after each write into the log, and before the next on stdout, the log is synced
  awk '/^pwrite64/ { dirty = 1 } /^f(data)?sync/ { dirty = 0 } /^write\(1,/ && dirty { exit 1 }' calls
  grep -q '^write(1,' calls
}

# -- law 5: one bad record costs one record ---------------------------------------------------------------------------

bad_lines() {
  cat <<'LINES'
{broken
{"workflow_id":"bad","nl_input":"x"
{"workflow_id":"bad","nl_input":"x",}
{"workflow_id":"bad","nl_input":"never ends
{"workflow_id":"bad","nl_input":["x"
{"workflow_id":"bad" "nl_input":"x"}
{"workflow_id":"bad","nl_input":"x"]
}
]
,
plain text, as a log may hold it
{'workflow_id':'bad'}
{"workflow_id":"bad","nl_input":NaN}
{"workflow_id":"bad","nl_input":"bad escape \x"}
{"workflow_id":"bad","nl_input":"tab	within"}
{"nl_input":"no id"}
"text"
42
null
{}
{"workflow_id":""}
{"workflow_id":9007199254740993}
{"workflow_id":1.5}
{"workflow_id":true}
{"workflow_id":"bad","nl_input":7}
{"workflow_id":"bad","status":"done"}
{"workflow_id":"bad","error_count":"many"}
{"workflow_id":"bad","retry_count":-1}
{"workflow_id":"bad","input_tokens":1.5}
{"workflow_id":"bad","total_tokens":1e300}
{"workflow_id":"bad","duration_seconds":-0.5}
{"workflow_id":"bad","actual_cost_total":"1.00"}
{"workflow_id":"bad","created_at":"yesterday"}
{"workflow_id":"bad","created_at":"2026-02-30T00:00:00Z"}
{"workflow_id":"bad","updated_at":true}
{"kind":"unheard-of","workflow_id":"bad"}
{"kind":"review","automation_status":"approved"}
{"kind":"review","pattern_signature":"a:b:c"}
{"kind":"review","pattern_signature":"a:b:c","automation_status":"sure"}
LINES
  printf '{"workflow_id":"bad","nl_input":"\377 is not UTF-8"}\n'
}

# sprinkle SEED: ./records into ./mixed, with bad lines here and there; these go to ./bad, their numbers to ./numbers
sprinkle() {
  bad_lines >lines
  awk -v seed="$1" -v bad="bad" -v numbers="numbers" '
    function chance(n) { lot = (lot * 16807) % 2147483647; return int(lot / 64) % n }
    BEGIN { lot = 1 + seed; while ((getline line < "lines") > 0) all[++count] = line; next_one = seed % count
            printf "" > bad; printf "" > numbers }
    chance(4) == 0 {
      line = all[1 + next_one++ % count]
      print line
      print line > bad
      print ++number > numbers
    }
    { print; number++ }' records >mixed
}

@test "law 5: bad lines cost themselves alone, are named by their numbers, and go to --rejects" {
  for seed in $(seeds 2); do
    history "$seed" 150
    fresh
    record <records
    everything >once
    sprinkle "$seed"
    fresh
    rm -f rejected
    status 1 pl-record -q --rejects rejected <mixed
    same once || { echo "seed $seed"; return 1; }
    cmp bad rejected
    is "$(cat numbers)" "$(sed -n '/: warning: /d; s/^pl-record: -:\([0-9]*\): .*/\1/p' err)"
    fresh
    rm -f rejected
    status 1 pl-backfill --json --rejects rejected mixed
    is "[$(wc -l <records),$(wc -l <bad)]" "$(jq -c '[.processed, .errors]' out)"
    same once || { echo "seed $seed, backfilled"; return 1; }
    cmp bad rejected
  done
}

@test "law 5: a bad element of an array costs itself" {
  history "$first_seed" 100
  record <records
  everything >once
  bad_lines | sed -n '/"x",}$/d; /^{"workflow_id":"bad".*}$/p; /^"text"$/p; /^42$/p; /^{}$/p' >bad
  count=$(wc -l <bad)
  {
    echo '['
    paste -d '\n' bad <(head -n "$count" records) | sed 's/$/,/'
    tail -n +$((count + 1)) records | sed '$!s/$/,/'
    echo ']'
  } >mixed
  fresh
  status 1 pl-record -q --rejects rejected <mixed
  same once
  cmp bad rejected
}

@test "law 5: a record over many lines that breaks off costs itself, whatever follows" {
  for bad in '{
  "workflow_id": "bad",
  "nl_input": "broken off"' '{
  "workflow_id": "bad",
  "nl_input": "broken o' '{
  "workflow_id": "bad",
  "list": [
    {
      "a": 1' '{
  "workflow_id": "bad",
  "nl_input": oops
}' '{
  "workflow_id": "bad",
  "error_count": "many"
}'; do
    for good in '{"workflow_id":"g2"}' '{
  "workflow_id": "g2",
  "more": [
    {}
  ]
}'; do
      fresh
      rm -f rejected
      printf '%s\n' '{
  "workflow_id": "g1"
}' "$bad" "$good" '{"workflow_id":"g3"}' >mixed
      status 1 pl-record --rejects rejected <mixed
      is "g1 g2 g3" "$(jq -r .workflow_id out | xargs)"
      is "$bad" "$(cat rejected)"
    done
  done
}

# -- law 6: bounded ---------------------------------------------------------------------------------------------------

@test "law 6: memory does not grow with the length of the input, nor with the database" {
  [ -x /usr/bin/time ] || skip "no /usr/bin/time"
  [ -z "${ASAN_OPTIONS:-}" ] || skip "a sanitizer's memory is its own"
  memory() { /usr/bin/time -f %M -o memory "$@" >/dev/null && tail -n 1 memory; }
  # within the first 100,000 SQLite's page cache fills up, which is bounded by itself
  plain 200000 >many
  head -n 100000 many >few
  few=$(memory pl-record <few)
  few_rebuild=$(memory pl-backfill --rebuild)
  few_verify=$(memory pl-backfill --verify)
  fresh
  many=$(memory pl-record <many)
  many_rebuild=$(memory pl-backfill --rebuild)
  many_verify=$(memory pl-backfill --verify)
  echo "kB: record $few and $many, rebuild $few_rebuild and $many_rebuild, verify $few_verify and $many_verify"
  [ $((many - few)) -lt 4000 ]
  [ $((many_rebuild - few_rebuild)) -lt 4000 ] && [ $((many_verify - few_verify)) -lt 4000 ]
  [ "$many" -lt 65536 ]
}

# -- law 7: live ------------------------------------------------------------------------------------------------------

# A workflow whose id is the time of its writing; END in place of its last character, so that it may go on.
stamped() { ms; printf '{"workflow_id":"%s","nl_input":"Check git status"%s' "$REPLY" "${1:-$'}\n'}"; }

# Each writes for some 1.5 seconds, a few milliseconds apart: ./never is a pipe that nothing comes through.
slowly() {
  local end
  ms
  end=$((REPLY + 1500))
  while [ "$REPLY" -lt $end ]; do
    "$@"
    read -rt 0.005 <>never || true
    ms
  done
}
steady() { slowly stamped; }
among_bad_lines() { stamped; slowly echo '{bad'; }
before_a_long_record() { stamped; printf '{"workflow_id":"0","nl_input":"'; slowly printf 'and on '; echo '"}'; }
before_blank_lines() { stamped; slowly echo; }
pausing() { stamped; sleep 1.5; }
without_newline() { stamped "}"; sleep 1.5; }
in_an_array() { printf '['; stamped '},'; sleep 1.5; printf '{"workflow_id":"0"}]'; }

# How late the latest answer was to a record of KIND, in milliseconds, into ./late.KIND
answers_to() {
  local latest=0 line stamp
  "$1" | pl-record -d "$1.db" 2>/dev/null | while IFS= read -r line; do
    stamp=${line#*'"workflow_id":"'} stamp=${stamp%%'"'*}
    ms
    [ "$stamp" = 0 ] || [ $((REPLY - stamp)) -le "$latest" ] || latest=$((REPLY - stamp))
    echo $latest >"late.$1"
  done
}

@test "law 7: a record is acknowledged within a second, whatever comes after it" {
  kinds="steady among_bad_lines before_a_long_record before_blank_lines pausing without_newline in_an_array"
  mkfifo never
  for kind in $kinds; do
    pl-record -q -d "$kind.db" </dev/null
    answers_to "$kind" 3>&- &
  done
  wait
  failed=0
  for kind in $kinds; do
    [ "$(cat "late.$kind")" -lt 1000 ] || { echo "$kind: after $(cat "late.$kind") ms"; failed=1; }
  done
  is 0 "$failed"
}

# longest_wait PID: while it lives, records one workflow after the other, and prints how long the slowest took, in ms
longest_wait() {
  local longest=0 count=0 began
  while kill -0 "$1" 2>/dev/null; do
    ms
    began=$REPLY
    echo "{\"workflow_id\":\"aside-$1-$((++count))\"}" | pl-record -q
    ms
    [ $((REPLY - began)) -le $longest ] || longest=$((REPLY - began))
    sleep 0.02
  done
  echo "$longest"
}

@test "law 7: one writer waits little for another, or for a rebuild" {
  plain 30000 >many
  plain 30000 ',"updated_at":"2026-02-28T00:00:00Z"' | sed 's/"created_at":"2026/"created_at":"2025/' >corrected
  pl-record -q </dev/null
  for job in "pl-record -q many" "pl-backfill -q --rebuild" "pl-record -q corrected" "pl-backfill --verify"; do
    $job >/dev/null 3>&- &
    longest=$(longest_wait $!)
    wait $!
    echo "$job: $longest ms"
    [ "$longest" -lt 5000 ]
  done
  verified
}

@test "law 7: a workflow that was a pattern's first or last goes at the cost of a month's, however long the past" {
  local shows=',"error_message":"tsc and eslint gave up","workflow_template":"adw_sdlc_iso"'
  plain 60000 "$shows" | awk '{ sub(/"2026-/, "\"" 1966 + NR % 61 "-"); print }' >many
  pl-record -q many
  # the bytes that twenty changes of status read
  changes() (
    for ((i = 0; i < 20; i++)); do
      echo "{\"workflow_id\":\"flip $1\",\"nl_input\":\"Check git status\"$shows," \
        "\"status\":\"$([ $((i % 2)) = 0 ] && echo completed || echo running)\"," \
        "\"created_at\":\"$1\",\"updated_at\":\"2026-02-28T12:00:$((10 + i))Z\"}" | pl-record -q
    done
    awk '$1 == "rchar:" { print $2 }' "/proc/$BASHPID/io"
  )
  among=$(changes 2010-01-15T00:30:00Z)
  first=$(changes 1965-01-01T00:00:00Z)
  last=$(changes 2026-02-28T23:59:00Z)
  echo "bytes read: $among among others, $first the first, $last the last"
  [ "$among" -gt 0 ]
  [ "$first" -lt $((3 * among / 2)) ]
  [ "$last" -lt $((3 * among / 2)) ]
  is 3 "$(sql "SELECT count(*) FROM workflow_history WHERE workflow_id LIKE 'flip %' AND status = 'running'")"
  verified
}

# -- law 8: unknown is not zero ---------------------------------------------------------------------------------------

# pattern COLUMNS: of the only one
pattern() { sql "SELECT $1 FROM operation_patterns"; }

@test "law 8: with nothing known, a figure is not known" {
  printf '{"workflow_id":"%s","nl_input":"Check git status"}\n' a b c | pl-record -q
  is "3||||||65.0" "$(pattern "occurrence_count, avg_tokens_with_llm, avg_tokens_with_tool, avg_cost_with_llm,
    avg_cost_with_tool, potential_monthly_savings, confidence_score")"
  is "null null" "$(pattern typical_input_pattern | jq -r '"\(.duration_range) \(.error_count)"')"
  is "3 null" "$(pl-stats --json | jq -r '"\(.total_occurrences) \(.potential_monthly_savings)"')"
  is "||||||" "$(sql "SELECT error_count, retry_count, duration_seconds, input_tokens, output_tokens, total_tokens,
    actual_cost_total FROM workflow_history LIMIT 1")"
}

@test "law 8: what is not known is left out of a mean, and a zero is not" {
  shown() { pattern "occurrence_count, avg_tokens_with_llm, avg_cost_with_llm, confidence_score"; }
  jq -c '.nl_input = "Check git status"' <<'JSON' | pl-record -q
{"workflow_id":"a","total_tokens":100,"cost":1,"duration_seconds":100,"error_count":2,"retry_count":1}
{"workflow_id":"b","total_tokens":null,"cost":null,"duration_seconds":null,"error_count":null}
{"workflow_id":"c","input_tokens":200}
{"workflow_id":"d","duration_seconds":0}
JSON
  # 4 occurrences, one positive duration, mean errors 2 and mean retries 1
  is "4|150|1.0|45.0" "$(shown)"
  is "7|0.05|3.8" "$(pattern "avg_tokens_with_tool, avg_cost_with_tool, potential_monthly_savings")"
  jq -c '.nl_input = "Check git status"' <<'JSON' | pl-record -q
{"workflow_id":"e","total_tokens":0,"cost":0,"duration_seconds":119,"error_count":0}
JSON
  # 5 occurrences, a variance of 90.25, mean errors 1 and mean retries 1
  is "5|100|0.5|70.0" "$(shown)"
}

@test "law 8: a figure that was known is not, once no workflow has it" {
  pl-record -q <<<'{"workflow_id":"a","nl_input":"Check git status","cost":1,"created_at":"2026-01-01T00:00:00Z"}'
  pl-record -q <<<'{"workflow_id":"a","nl_input":"Check git status","total_tokens":5,"created_at":1767312000}'
  is "1||5" "$(pattern "occurrence_count, avg_cost_with_llm, avg_tokens_with_llm")"
  pl-record -q <<<'{"workflow_id":"a","nl_input":"Fix it","created_at":"2026-01-03T00:00:00Z"}'
  is "0|||10.0||" "$(pattern "occurrence_count, avg_cost_with_llm, avg_tokens_with_llm, confidence_score, created_at,
    typical_input_pattern")"
  is "1 0 0 null" "$(pl-stats --json |
    jq -r '"\(.total_workflows) \(.total_patterns) \(.total_occurrences) \(.potential_monthly_savings)"')"
  verified
}

@test "migration: what workflows show is what they showed before, in whichever slot it was" {
  history 9 200
  record <records
  everything >once
  for slot in 0 1; do
    is "$slot" "$(sql "SELECT slot FROM state")"
    as_version_5
    is 5 "$(sql "PRAGMA user_version")"
    record </dev/null
    is 7 "$(sql "PRAGMA user_version")"
    verified
    same once
    record <records
    same once
    pl-backfill -q --rebuild
    rm "$PL_DB.v5"
  done
}

@test "migration: what was learned from texts that were not kept stays" {
  history 9 200
  record --no-text <records
  everything >once
  as_version_5
  record --no-text </dev/null
  is "7 0" "$(sql "PRAGMA user_version; SELECT count(*) FROM workflow WHERE text_kept" | xargs)"
  verified
  same once
  pl-backfill -q --rebuild
  verified
  same once
}

@test "law 3: a pattern's first and last workflow follow each of its versions, whatever their times" {
  local seed at text
  for seed in $(seeds 2); do
    fresh
    RANDOM=$seed
    for at in {1..60}; do # few ids and days, so that the first and the last are renewed often, and days shared
      text="Run the tests with pytest"
      ((RANDOM % 4)) || text=
      echo "{\"workflow_id\":\"w$((RANDOM % 6))\",\"nl_input\":\"$text\"," \
        "\"created_at\":\"20$((RANDOM % 40 + 10))-01-0$((RANDOM % 3 + 1))T00:00:00Z\",\"updated_at\":$at}"
    done >records
    for at in {1..60}; do
      sed -n "${at}p" records | record
      ((at % 12 == 0)) && verified
    done
    everything >once
    fresh
    record <records
    verified
    same once
    fresh
    tac records | record
    same once
  done
}
