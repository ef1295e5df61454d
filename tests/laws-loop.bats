#!/usr/bin/env bats
# The laws that hold for requests, ratings, budgets and costs (pl(7)), proved on random histories. LAW_ROUNDS=10 does
# ten times as much; LAW_SEED=N begins with other histories. A failure names the seed.
# shellcheck disable=SC2030,SC2031,SC2154

load helper
load laws/laws

# history SEED IDS: makes ./history of workflows, requests, ratings and reviews, and ./records of it
history() {
  mkdir -p "$XDG_CONFIG_HOME/pl"
  cp "$laws/prices.json" "$XDG_CONFIG_HOME/pl"
  { sh "$laws/history.sh" "$1" $(($2 / 3)) && sh "$laws/loop.sh" "$1" "$2"; } >history
  cut -f1 history >records
}

# dearer: other prices, in ./dearer.json
dearer() {
  jq '.models |= map_values(map_values(if type == "number" then (. * 1e6 | round * 3 + 1e6) / 1e6 else . end))' \
    "$laws/prices.json" >dearer.json
}

# without_identity COUNT: records that nothing but their place in a file tells apart, each twice
without_identity() {
  awk -v n="$1" 'BEGIN { for (i = 0; i < 2 * n; i++) {
    printf "{\"prompt\":\"Fix bug %d\",\"model\":\"pl-one\",\"input_tokens\":%d,\"output_tokens\":1}\n", i % n, i % n
    printf "{\"request_id\":\"r-%d\",\"quality_score\":%d,\"comment\":\"nobody %d\"}\n", i % n, 1 + i % n % 5, i % n
  } }'
}

# -- laws 1 and 2: once, and free of order ----------------------------------------------------------------------------

@test "laws 1, 2: a history has one set of figures, in any order, form, number of processes and of readings" {
  for seed in $(seeds 2); do
    history "$seed" 80
    fresh
    record <records
    everything >once
    record <records
    same once || { echo "seed $seed, read again"; return 1; }
    for order in tac sort; do
      fresh
      $order records | record
      same once || { echo "seed $seed, $order"; return 1; }
    done
    for deal in 1 2 3; do
      fresh
      bash "$laws/deal.sh" records $((seed * 10 + deal)) || { echo "seed $seed, deal $deal"; return 1; }
      same once || { echo "seed $seed, deal $deal"; return 1; }
      verified || { echo "seed $seed, deal $deal"; return 1; }
    done
  done
}

@test "law 1: a file that grows, is rotated and copied counts as one that was read once, even what has no identity" {
  for seed in $(seeds 2); do
    history "$seed" 60
    { cat records; without_identity 20; } >both
    shuffled "$seed" both >all
    fresh
    record all
    everything >once
    is 40 "$(sql "SELECT count(*) FROM routing_metrics WHERE timestamp = '2026-03-01 12:00:00' AND request_id IS NULL
      AND session_id IS NULL")"
    is 40 "$(sql "SELECT count(*) FROM response_feedback WHERE comment LIKE 'nobody %'")"
    fresh
    rm -rf logs
    mkdir logs
    RANDOM=$seed
    all=$(wc -l <all)
    for ((at = 0; at < all; at += 1 + RANDOM % (all / 4))); do
      head -n $at all >logs/a.jsonl
      if [ $((RANDOM % 2)) = 0 ]; then pl-backfill -q logs; else record logs/a.jsonl; fi
    done 2>warnings
    cp all logs/a.jsonl
    pl-backfill -q logs/a.jsonl 2>warnings
    same once || { echo "seed $seed, grown"; return 1; }
    mv logs/a.jsonl logs/b.jsonl
    pl-backfill -q logs 2>warnings
    cp logs/b.jsonl logs/copy.jsonl
    record logs/copy.jsonl logs/b.jsonl
    pl-backfill -q --force logs 2>warnings
    jq . records >logs/pretty.json
    record <logs/pretty.json
    pl-backfill -q logs 2>warnings
    same once || { echo "seed $seed, rotated"; return 1; }
    verified || { echo "seed $seed"; return 1; }
  done
}

@test "law 1: from standard input, each that has no identity is new" {
  without_identity 3 >records
  record <records
  record <records
  is "12 12" "$(sql "SELECT value FROM total WHERE slot = 2 ORDER BY name" | xargs)"
  is "1 4|2 4|3 4" "$(sql "SELECT group_concat(n, '|') FROM (SELECT quality_score || ' ' || count(*) AS n
    FROM response_feedback GROUP BY quality_score ORDER BY quality_score)")"
  is 4 "$(sql "SELECT max(usage_count) FROM budget_patterns")"
  verified
}

@test "law 1: of many processes with the same records, one finds each new" {
  history "$first_seed" 150
  for process in 1 2 3 4; do
    pl-record <records >"results.$process" 2>/dev/null 3>&- &
  done
  wait
  is "$(cut -f2 history | jq -r '.kind + " " + (.key // .id)' | sort -u | wc -l)" \
    "$(cat results.* | grep -c '"status":"new"')"
  pl-record <records >results 2>/dev/null
  is 0 "$(grep -vc '"status":"duplicate"' results)"
}

@test "law 2: in each order of seven records about one prompt, the same figures" {
  jq -c . >seven <<'JSON'
{"workflow_id": "w@", "cost": 1, "created_at": "2026-01-01T00:00:00Z"}
{"workflow_id": "v@", "cost": 4, "created_at": "2026-01-01T00:00:00Z"}
{"kind": "request", "request_id": "r@", "prompt_hash": "#", "workflow_id": "w@", "cost": 8, "thinking_tokens": 1,
 "complexity": "deep", "timestamp": "2026-01-02T00:00:00Z"}
{"kind": "request", "request_id": "r@", "prompt_hash": "#", "cost": 16, "thinking_tokens": 101,
 "complexity": "simple", "timestamp": "2026-01-03T00:00:00Z"}
{"kind": "request", "request_id": "s@", "prompt_hash": "#", "workflow_id": "v@", "cost": 32,
 "pattern": "code", "model": "gpt-x", "timestamp": "2026-01-04T00:00:00Z"}
{"request_id": "r@", "quality_score": 2, "feedback_id": "f@", "timestamp": "2026-01-02T00:00:00Z"}
{"request_id": "s@", "quality_score": 4, "feedback_id": "f@", "timestamp": "2026-01-05T00:00:00Z"}
JSON
  awk '
    function permute(at,   i) {
      if (at == 7) { show(); return }
      for (i = at; i < 7; i++) { swap(at, i); permute(at + 1); swap(at, i) }
    }
    function swap(i, j,   t) { t = order[i]; order[i] = order[j]; order[j] = t }
    function show(   i, record) {
      count++
      for (i = 0; i < 7; i++) {
        record = line[order[i]]
        gsub(/@/, count, record); sub(/#/, sprintf("%016d", count), record)
        print record
      }
    }
    { line[NR - 1] = $0; order[NR - 1] = NR - 1 }
    END { permute(0) }' seven >orders
  is 35280 "$(wc -l <orders)"
  record <orders
  # the prompt was asked twice; of r nobody says how good it was, and it thought; s has a rating of 4
  is "simple|101|2|1.6|0.8|1767484800|1767398400|5040" "$(sql "SELECT complexity_level, avg_budget, usage_count,
    total_quality_score, quality_score, last_used, created_at, count(*) FROM budget_patterns
    GROUP BY 1, 2, 3, 4, 5, 6, 7")"
  is "s|4|code|openai|gpt-x|5040" "$(sql "SELECT substr(request_id, 1, 1), quality_score, prompt_pattern,
    selected_provider, selected_model, count(*) FROM response_feedback GROUP BY 1, 2, 3, 4, 5")"
  # w costs 1, and v is paid for by s
  is "cost 5040000000000 cost_known 5040 feedback 5040 learned 10080 request_cost 241920000000000
request_cost_known 10080 requests 10080 workflows 10080" "$(sql "SELECT name || ' ' || value FROM total
    WHERE slot IN (2, (SELECT slot FROM state)) AND value <> 0 ORDER BY 1" | xargs -n 10)"
  verified
}

@test "law 2: the newest version of a request is in force: by time, then ended, then tokens; undated never over dated" {
  # each line is newer than those before it
  cat >versions <<'JSON'
{"request_id":"r","user_id":"1","input_tokens":900}
{"request_id":"r","user_id":"2","input_tokens":900,"cache_read_tokens":1}
{"request_id":"r","user_id":"3","success":false}
{"request_id":"r","user_id":"4","model":"m","timestamp":"2026-01-01T00:00:00Z"}
{"request_id":"r","user_id":"5","input_tokens":5,"output_tokens":0,"created_at":"2026-01-01T01:00:00+01:00"}
{"request_id":"r","user_id":"6","output_tokens":6,"thinking_tokens":0,"timestamp":"2026-01-01 00:00:00"}
{"request_id":"r","user_id":"7","success":true,"timestamp":1767225600}
{"request_id":"r","user_id":"8","success":false,"cache_write_1h_tokens":1,"timestamp":1767225600000}
{"request_id":"r","user_id":"9","timestamp":1735689600,"updated_at":"2026-01-01T00:00:00.001Z"}
JSON
  for ((newer = 2; newer <= 9; newer++)); do
    for ((older = 1; older < newer; older++)); do
      sed -n "${older}p; ${newer}p" versions | sed "s/\"r\"/\"$newer up from $older\"/"
      sed -n "${older}p; ${newer}p" versions | tac | sed "s/\"r\"/\"$newer down to $older\"/"
    done
  done | record
  is 72 "$(sql "SELECT count(*) FROM routing_metrics")"
  is "" "$(sql "SELECT request_id, user_id FROM routing_metrics WHERE user_id <> substr(request_id, 1, 1)")"
}

@test "law 2: the newest version of a rating is in force, and an undated one never over a dated one" {
  cat >versions <<'JSON'
{"feedback_id":"f","request_id":"r","quality_score":1}
{"feedback_id":"f","request_id":"r","quality_score":2,"timestamp":"2026-01-01T00:00:00Z"}
{"event_id":"f","request_id":"s","quality_score":3,"created_at":"2026-01-01T00:00:00.001Z"}
{"feedback_id":"f","request_id":"r","quality_score":4,"timestamp":"2026-01-02T00:00:00Z"}
JSON
  printf '{"request_id":"%s","prompt_hash":"%016d"}\n' r 1 s 2 | record
  for ((newer = 2; newer <= 4; newer++)); do
    for ((older = 1; older < newer; older++)); do
      sed -n "${older}p; ${newer}p" versions | sed "s/\"f\"/\"$newer up from $older\"/"
      sed -n "${older}p; ${newer}p" versions | tac | sed "s/\"f\"/\"$newer down to $older\"/"
    done
  done | record
  is "2 2|3 4|4 6" "$(sql "SELECT group_concat(n, '|') FROM (SELECT quality_score || ' ' || count(*) AS n
    FROM response_feedback GROUP BY quality_score ORDER BY quality_score)")"
  # r: two of 2 and six of 4; s: four of 3
  is "0.625|0.5" "$(sql "SELECT group_concat(quality_score, '|') FROM budget_patterns")"
  verified
}

@test "law 2: equal content is a duplicate however it is spelled, and the first recording time stays" {
  PL_NOW=2026-02-01T00:00:00Z pl-record -q <<'JSON'
{"request_id":7,"prompt":"Explain \u0061ll","model":"m","input_tokens":10,"cost":0.5,"timestamp":"2026-01-01T00:00:00Z"}
{"request_id":7,"quality_score":5,"comment":"Good","timestamp":"2026-01-01T00:00:00Z"}
JSON
  again='{"kind":"request","messages":[{"role":"user","content":"Explain all"}],"cost":5e-1,"selected_model":"m",
    "input_tokens":10.0,"created_at":1767225600,"unheard_of":[],"request_id":"7","pattern":null}
    {"comment":"G\u006fod","quality_score":5.0,"is_correct":null,"created_at":1767225600000,"request_id":"7"}'
  is "duplicate duplicate" "$(pl-record <<<"$again" | jq -r .status | xargs)"
  is updated "$(pl-record <<<'{"request_id":"7","model":"m","updated_at":"2026-01-02T00:00:00Z"}' | jq -r .status)"
  is "duplicate duplicate" "$(pl-record <<<"$again" | jq -r .status | xargs)"
  is "2026-02-01 00:00:00" "$(sql "SELECT recorded_at FROM routing_metrics")"
}

# -- law 3: derived ---------------------------------------------------------------------------------------------------

@test "law 3: every figure is that of a recomputation from the records themselves, after a rebuild too" {
  for seed in $(seeds 3); do
    history "$seed" 90
    fresh
    record <records
    recomputed || { echo "seed $seed"; return 1; }
    verified || { echo "seed $seed"; return 1; }
    everything >once
    pl-backfill -q --rebuild
    same once || { echo "seed $seed, rebuilt"; return 1; }
  done
}

@test "law 3: another list of prices gives by a rebuild what it would have given from the beginning" {
  dearer
  for seed in $(seeds 2); do
    history "$seed" 90
    fresh
    record --prices dearer.json <records
    everything >dear
    fresh
    record <records
    everything >once
    ! cmp -s dear once
    pl-backfill -q --rebuild --prices dearer.json
    same dear || { echo "seed $seed"; return 1; }
    verified
    pl-backfill -q --rebuild
    same once || { echo "seed $seed, and back"; return 1; }
    verified
  done
}

@test "law 3: a rebuild by other prices beside writers gives what those prices would have given from the beginning" {
  history "$first_seed" 1500
  dearer
  record --prices dearer.json <records
  everything >dear
  whole=$(wc -l <records)
  for seed in $(seeds 2); do
    fresh
    RANDOM=$seed
    shuffled "$seed" records >mixed
    head -n $((whole / 3)) mixed | record
    head -n $((whole * 2 / 3)) mixed | pl-record -q 2>/dev/null 3>&- &
    tail -n $((whole * 2 / 3)) mixed | pl-backfill -q - 2>/dev/null 3>&- &
    nap 60
    pl-backfill -q --rebuild --prices dearer.json
    wait
    verified || { echo "seed $seed"; return 1; }
    same dear || { echo "seed $seed"; return 1; }
  done
}

# -- law 4: acknowledged means durable --------------------------------------------------------------------------------

# ids FILE...: what result lines acknowledge; the last line may be cut off, and is then no acknowledgement
ids() {
  cat "$@" | grep '}$' | jq -r '.kind as $kind | .workflow_id // (if $kind == "feedback" then .id else .request_id end)
    | select(. != null) | "\($kind) \(.)"'
}

# trickle FILE: a piece after the other, so that each is a batch of its own
trickle() {
  local at
  for ((at = 1; at < $(wc -l <"$1"); at += 100)); do
    sed -n "$at,$((at + 99))p" "$1"
    sleep 0.03
  done
}

@test "law 4: a writer killed at any moment loses nothing that it acknowledged, and counts nothing twice" {
  history "$first_seed" 800
  record <records
  everything >once
  RANDOM=$first_seed
  fresh
  for ((kill = 0; kill < 6 * rounds; kill++)); do
    if [ $((kill % 6)) = 3 ]; then
      fresh # kills at its creation too
      rm -f acknowledged
    fi
    shuffled $kill records >mixed
    : >one
    trickle mixed 2>/dev/null 3>&- | pl-record >>one 2>/dev/null 3>&- &
    pids=$!
    if [ $((RANDOM % 2)) = 0 ]; then
      pl-record records >two 2>/dev/null 3>&- &
    else
      pl-backfill -q records >two 2>/dev/null 3>&- &
    fi
    pids="$pids $!"
    # two of three have acknowledged something by then
    for ((wait = 0; wait < 500 && kill % 3 && $(wc -c <one) == 0; wait++)); do sleep 0.01; done
    nap $((kill % 3 ? 150 : 40))
    killed $pids
    ids one two >>acknowledged || true
    [ -e "$PL_DB" ] || continue
    sort -u acknowledged >wanted
    sql "SELECT 'workflow ' || workflow_id FROM workflow_history
      UNION SELECT 'request ' || request_id FROM routing_metrics
      UNION SELECT 'feedback ' || id FROM response_feedback" 2>/dev/null | sort -u >stored
    is "" "$(comm -23 wanted stored | head -n 3)"
    verified || { echo "kill $kill"; return 1; }
  done
  is "feedback request workflow" "$(cut -d ' ' -f 1 acknowledged | sort -u | xargs)"
  record <records
  pl-backfill -q records 2>/dev/null
  same once
  verified
}

@test "law 4: a killed rebuild by other prices has changed nothing, or all, and writers go on beside what it left" {
  history "$first_seed" 1200
  dearer
  record --prices dearer.json <records
  everything >dear
  fresh
  record <records
  everything >once
  tail -n 200 records >few
  RANDOM=$first_seed
  unchanged() { if ! same once "$1" >/dev/null; then same dear "$1"; fi; }
  for ((kill = 0; kill < 6 * rounds; kill++)); do
    cp "$PL_DB" "$kill.db"
    pl-backfill -q -d "$kill.db" --rebuild --prices dearer.json 3>&- &
    pid=$!
    nap 150
    killed $pid
    unchanged "$kill.db" && verified -d "$kill.db" || { echo "kill $kill"; return 1; }
    record -d "$kill.db" <few
    unchanged "$kill.db" && verified -d "$kill.db" || { echo "kill $kill, after a writer"; return 1; }
  done
}

# -- law 5: one bad record costs one record ---------------------------------------------------------------------------

bad_lines() {
  cat <<'LINES'
{"request_id":"bad"
{"request_id":"bad","prompt":"never ends
{"kind":"request"}
{"request_id":""}
{"request_id":1.5}
{"request_id":"bad","prompt":7}
{"request_id":"bad","messages":"text"}
{"request_id":"bad","prompt_hash":"0123456789abcde"}
{"request_id":"bad","prompt_hash":"0123456789abcdeg"}
{"request_id":"bad","complexity":"hard"}
{"request_id":"bad","complexity_score":1.5}
{"request_id":"bad","model":["m"]}
{"request_id":"bad","input_tokens":-1}
{"request_id":"bad","output_tokens":"10"}
{"request_id":"bad","cache_write_tokens":1,"cache_write_1h_tokens":2}
{"request_id":"bad","thinking_budget":0.5}
{"request_id":"bad","cost":"free"}
{"request_id":"bad","cost":-0.01}
{"request_id":"bad","latency_ms":-1}
{"request_id":"bad","success":1}
{"request_id":"bad","prompt":"","quality_score":1.1}
{"request_id":"bad","timestamp":"today"}
{"request_id":"bad","prompt":"","event_id":{}}
{"request_id":"bad","quality_score":0}
{"request_id":"bad","quality_score":6}
{"request_id":"bad","quality_score":4.5}
{"request_id":"bad","is_correct":true}
{"request_id":"bad","quality_score":3,"is_correct":"yes"}
{"request_id":"bad","quality_score":3,"is_helpful":0}
{"request_id":"bad","quality_score":3,"comment":5}
{"request_id":"bad","quality_score":3,"feedback_id":""}
{"kind":"feedback","quality_score":3}
LINES
  printf '{"request_id":"bad","quality_score":3,"comment":"%01001d"}\n' 0
}

@test "law 5: bad requests and ratings cost themselves alone, are named by their lines, and go to --rejects" {
  bad_lines >lines
  for seed in $(seeds 2); do
    history "$seed" 80
    fresh
    record <records
    everything >once
    RANDOM=$seed
    shuffled "$seed" lines >bad
    paste -d '\n' bad <(head -n "$(wc -l <bad)" records) >mixed
    tail -n +$(($(wc -l <bad) + 1)) records >>mixed
    fresh
    rm -f rejected
    status 1 pl-record -q --rejects rejected <mixed
    same once || { echo "seed $seed"; return 1; }
    cmp bad rejected
    is "$(seq 1 2 $((2 * $(wc -l <bad) - 1)))" "$(sed -n '/: warning: /d; s/^pl-record: -:\([0-9]*\): .*/\1/p' err)"
    fresh
    status 1 pl-backfill --json mixed
    is "[$(wc -l <records),$(wc -l <bad)]" "$(jq -c '[.processed, .errors]' out)"
    same once || { echo "seed $seed, backfilled"; return 1; }
  done
}

# -- law 8: unknown is not zero ---------------------------------------------------------------------------------------

# budget COLUMNS: of the only prompt
budget() { sql "SELECT $1 FROM budget_patterns"; }

totals() { sql "SELECT group_concat(name || ' ' || value, ' ') FROM (SELECT * FROM total WHERE name LIKE '%cost%'
  AND slot = (SELECT slot FROM state) AND value <> 0 ORDER BY name)"; }

@test "law 8: with nothing known, nothing is" {
  record <<<'{"request_id":"r"}{"request_id":"r","quality_score":3}{"prompt_hash":"0000000000000001"}'
  is "unknown|||||||||||||||||||" "$(sql "SELECT selected_provider, selected_model, pattern_detected, complexity_score,
    complexity, workflow_id, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,
    thinking_budget, thinking_tokens, cost, cost_source, latency_ms, success, quality_score, account, user_id
    FROM routing_metrics LIMIT 1")"
  is "|||||||" "$(sql "SELECT is_correct, is_helpful, prompt_pattern, selected_model, complexity_score, user_id,
    session_id, comment FROM response_feedback")"
  is "||1|0|0" "$(budget "complexity_level, avg_budget, usage_count, quality_known, quality")"
  is "" "$(totals)"
}

@test "law 8: a budget is the mean of what is known; a zero is known; what was given stands in only where nothing is" {
  ask() { record <<<"{\"request_id\":\"$1\",\"prompt_hash\":\"0000000000000001\"${2:-}}"; }
  ask a ',"thinking_budget":1000'
  ask b ',"thinking_budget":2001'
  ask c
  is "1500|3" "$(budget "avg_budget, usage_count")"
  ask d ',"thinking_budget":9000,"thinking_tokens":0'
  is "0|4" "$(budget "avg_budget, usage_count")"
  ask e ',"thinking_tokens":7'
  is "3|5" "$(budget "avg_budget, usage_count")"
  # 0.85 for a and b, which had a budget, and for e; 0.65 for c, and for d, which did not use its own
  is "3.85|0" "$(budget "total_quality_score, quality_known")"
  ask f ',"quality_score":0'
  record <<<'{"request_id":"c","quality_score":1}
    {"request_id":"e","quality_score":4} {"request_id":"e","quality_score":5}'
  # f and c are known to be worthless, and e is of 4.5
  is "3.225|0.5375|3|875000000" "$(budget "total_quality_score, quality_score, quality_known, quality")"
}

@test "law 8: a cost is known where it is given, a zero too, or where both counts of tokens and all prices are" {
  history 1 3 # for the prices
  costs() {
    jq -c '{kind: "request", request_id: .[0], model: .[1]} + .[2]' | record
    sql "SELECT request_id, cost, cost_source FROM routing_metrics ORDER BY 1"
  }
  is "a|0.0|given
b|0.0|priced
c||
d||
e|1.8e-05|priced
f|2.0e-06|priced
g||
h||
i|1.5|given" "$(costs <<'JSON'
["a", "unheard", {"cost": 0}]
["b", "pl-one", {"input_tokens": 0, "output_tokens": 0}]
["c", "pl-one", {"input_tokens": 1}]
["d", "pl-one", {"output_tokens": 1, "cache_read_tokens": 5}]
["e", "pl-one", {"input_tokens": 1, "output_tokens": 1, "cache_read_tokens": null}]
["f", "pl-two", {"input_tokens": 1, "output_tokens": 1, "cache_read_tokens": 0}]
["g", "pl-two", {"input_tokens": 1, "output_tokens": 1, "cache_read_tokens": 1}]
["h", null, {"input_tokens": 1, "output_tokens": 1}]
["i", "pl-one", {"cost": 1.5, "input_tokens": 1, "output_tokens": 1}]
JSON
)"
  is "request_cost 1500020000 request_cost_known 5" "$(totals)"
}

@test "law 8: a figure that was known is not, once no request has it" {
  record <<'JSON'
{"request_id":"r","prompt":"Fix it","model":"m","thinking_tokens":5,"cost":1,"complexity":"deep","timestamp":1767225600}
{"feedback_id":"f","request_id":"r","quality_score":5,"is_correct":true,"timestamp":1767225600}
JSON
  is "deep|5|1.0" "$(budget "complexity_level, avg_budget, quality_score")"
  is "request_cost 1000000000 request_cost_known 1" "$(totals)"
  record <<<'{"request_id":"r","prompt_hash":"0000000000000001","timestamp":"2026-01-02T00:00:00Z"}'
  is "0000000000000001||||1.0|1" "$(budget "prompt_hash, complexity_level, avg_budget, NULL, quality_score,
    quality_known")"
  is "" "$(totals)"
  record <<<'{"feedback_id":"f","request_id":"other","quality_score":5,"timestamp":"2026-01-02T00:00:00Z"}'
  is "0.65|0" "$(budget "quality_score, quality_known")"
  is "|" "$(sql "SELECT is_correct, selected_model FROM response_feedback")"
  record <<<'{"request_id":"r","timestamp":"2026-01-03T00:00:00Z"}'
  is 0 "$(sql "SELECT count(*) FROM budget_patterns")"
  verified
}
