#!/usr/bin/env bats
# The loop as a whole: requests are logged and rated, retraining learns from them, advice follows, and is met again.

load helper

# asked DAY PROMPT MODEL COST QUALITIES: a request for each digit of QUALITIES, rated so a minute later
asked() {
  jq -cn --arg r "$1" --arg p "$2" --arg m "$3" --argjson cost "$4" --arg q "$5" 'range($q | length) as $i |
    ($q[$i:$i + 1] | tonumber) as $q | "\($r) \($m) \($p) \($i)" as $id | {request_id:$id, prompt:"\($p) number \($i)",
      model:$m, cost:$cost, latency_ms:120, success:true, timestamp:"2026-02-\($r)T10:00:00Z"},
    {request_id:$id, feedback_id:"of \($id)", quality_score:$q, is_correct:($q >= 4), user_id:"ann",
      timestamp:"2026-02-\($r)T10:01:00Z"}'
}

function="Implement a function" poem="Write a poem" # code, creative

# the first logs: a dear model that is good at both, a cheap one that is good at code, and one that is good at nothing
first() {
  asked 10 "$function" lab/grand 0.3 555555555555
  asked 10 "$function" lab/small 0.02 555555555554
  asked 10 "$function" toy/tiny 0.001 111211112111
  asked 10 "$poem" lab/grand 0.3 555555545555
  asked 10 "$poem" lab/small 0.02 222122212221
  asked 10 "$poem" toy/tiny 0.001 112111111111
}

# taken [OPTION...]: what is advised for code and for poems
taken() { printf '%s\n' "$function" "$poem" | pl-advise -t -f model "$@" | xargs; }
# the same, but a line for each, empty ones too
advised() { printf '%s\n' "$function" "$poem" | pl-advise -t -f model "$@" | paste -sd'|'; }

@test "the loop: from logs to advice, to other advice, and back" {
  first >one.jsonl
  pl-record -q one.jsonl
  is "|" "$(advised)"
  is "none none" "$(printf '%s\n' "$function" "$poem" | pl-advise -t -f confidence | xargs)"

  # a dry run tells what would be, and nothing is
  is '["code","lab/grand","high"] ["code","lab/small","high"] ["creative","lab/grand","high"]' \
    "$(pl-retrain --dry-run --json | jq -c '.changes[] | [.pattern, .model, .confidence]' | sed 's/"/\\"/g' | xargs)"
  is "|" "$(advised)"

  # the cheapest good one of each pattern
  pl-retrain -q
  is "lab/small lab/grand" "$(taken)"
  is "lab/small lab/grand" "$(taken --policy cost)"
  is "lab/grand lab/grand" "$(taken --policy quality)"

  # the cheap one becomes bad at code: advice moves to the dear one, at the next retraining
  asked 20 "$function" lab/small 0.02 11111111 >two.jsonl
  pl-record -q two.jsonl
  is "lab/small lab/grand" "$(taken)"
  PL_NOW=2026-03-02T12:00:00Z pl-retrain --json >run
  is '["lab/grand","high","high"]' "$(jq -c '.changes[] | select(.pattern == "code") |
    [.model, .confidence, .previous_confidence]' run)"
  is "lab/grand lab/grand" "$(taken)"
  for policy in balanced quality cost; do is "lab/grand lab/grand" "$(taken --policy $policy)"; done

  # the ratings were wrong, and are corrected: it moves back
  jq -c 'select(.feedback_id) | .quality_score = 5 | .is_correct = true |
    .timestamp = "2026-02-25T00:00:00Z"' two.jsonl >three.jsonl
  is "updated" "$(pl-record three.jsonl | jq -r .status | sort -u)"
  PL_NOW=2026-03-03T12:00:00Z pl-retrain -q
  is "lab/small lab/grand" "$(taken)"
  is "20|4.95" "$(sql "SELECT sample_count, avg_quality_score FROM model_performance_history
    WHERE retraining_run_id = '20260303T120000Z-3' AND pattern = 'code' AND model = 'lab/small'")"
  is 18 "$(sql "SELECT count(*) FROM model_performance_history")"

  # the same logs again, in another order, change nothing
  figures >once
  cat one.jsonl two.jsonl three.jsonl | sort -r >again.jsonl
  is "duplicate" "$(pl-record again.jsonl | jq -r .status | sort -u)"
  pl-backfill -q one.jsonl two.jsonl three.jsonl
  figures | cmp once -
  is "lab/small lab/grand" "$(taken)"
  learned='.changes | map(del(.previous_confidence))'
  PL_NOW=2026-03-03T12:00:00Z pl-retrain --json | jq -c "$learned" >retrained
  status 0 pl-backfill --verify

  # nor does the order in which they are read
  fresh
  sort again.jsonl | pl-record -q
  figures | cmp once -
  PL_NOW=2026-03-03T12:00:00Z pl-retrain --json | jq -c "$learned" | cmp retrained -
  is "lab/small lab/grand" "$(taken)"
  status 0 pl-backfill --verify
}

@test "the loop: advice that is recorded is met by its request and its rating" {
  first | pl-record -q
  pl-retrain -q
  # a service asks what to take for six prompts, takes that for all but one, and users rate what comes
  jq -cn --arg f "$function" --arg p "$poem" 'range(6) | {request_id:"new \(.)",
    prompt:"\([$f, $p][. % 2]) today \(.)"}' >requests
  pl-advise --record <requests >answers
  is "lab/small lab/grand lab/small lab/grand lab/small lab/grand" "$(jq -r .advice.model answers | xargs)"
  is 0 "$(sql "SELECT count(*) FROM routing_metrics WHERE request_id LIKE 'new%'")"
  is 6 "$(sql "SELECT count(*) FROM routing_advice WHERE followed IS NULL")"
  jq -c '(.request_id == "new 5") as $own | {request_id, prompt, model:(if $own then "toy/tiny" else .advice.model end),
      cost:0.02, timestamp:"2026-02-28T00:00:00Z"},
    {request_id, quality_score:(if $own then 1 else 5 end), timestamp:"2026-02-28T00:01:00Z"}' answers | pl-record -q
  is "new 0|1|5 new 1|1|5 new 2|1|5 new 3|1|5 new 4|1|5 new 5|0|1" "$(sql "SELECT request_id, followed, quality_score
    FROM routing_advice JOIN response_feedback USING (request_id) ORDER BY 1" | xargs)"
  is "0|1.0 1|5.0" "$(sql "SELECT followed, avg(quality_score) FROM routing_advice JOIN response_feedback
    USING (request_id) GROUP BY 1" | xargs)"
  pl-retrain -q
  is "code lab/small 15|creative lab/grand 14|creative toy/tiny 13" "$(sql "SELECT pattern || ' ' || model || ' ' ||
    sample_count FROM model_performance_history WHERE retraining_run_id LIKE '%-2' AND sample_count > 12
    ORDER BY 1" | paste -sd'|')"
  status 0 pl-backfill --verify
}

# As long as nothing is predicted of it: it has 98 verdicts in all, and then 99.
@test "the loop: a model with many poor ratings never wins, however cheap and however often it is rated" {
  first | pl-record -q
  for day in 11 12 13 14; do
    asked $day "$function" toy/tiny 0 "$(yes 2 | head -n 16 | tr -d '\n')"
  done | pl-record -q
  asked 15 "$function" toy/tiny 0 5555555555 | pl-record -q
  for policy in balanced quality cost; do
    pl-retrain -q --policy $policy
    is "lab/" "$(taken | grep -o 'lab/' | sort -u)"
    is 0 "$(sql "SELECT count(*) FROM routing WHERE model = 'toy/tiny'")"
    is "|" "$(advised --models toy/tiny)"
  done
  # not even where nothing else is known
  fresh
  asked 10 "$function" toy/tiny 0 "$(yes 3 | head -n 99 | tr -d '\n')" | pl-record -q
  pl-retrain -q
  for policy in balanced quality cost; do is "|" "$(advised --policy $policy)"; done
}

@test "the loop: old ratings are forgotten" {
  first | pl-record -q
  pl-retrain -q
  is "lab/small lab/grand" "$(taken)"
  export PL_NOW=2026-05-11T10:00:59Z
  pl-retrain -q
  is "lab/small lab/grand" "$(taken)"
  PL_NOW=2026-05-11T10:01:00Z pl-retrain -q
  is "lab/small lab/grand" "$(taken)"
  PL_NOW=2026-05-11T10:01:01Z pl-retrain -q
  is "|" "$(advised)"
  is 0 "$(sql "SELECT count(*) FROM routing")"
}

@test "the loop: budgets learn as well" {
  budget() { pl-advise -t <<<"$1" | jq -r '.advice | "\(.thinking_budget) \(.budget_source)"'; }
  is "10000 default" "$(budget "$function" 2>/dev/null)"
  pl-record -q <<<"{\"request_id\":\"a\",\"prompt\":\"$function\",\"thinking_budget\":10000,\"thinking_tokens\":2000}"
  is "10000 default" "$(budget "$function")"
  pl-record -q <<<'{"request_id":"a","quality_score":5}'
  is "9000 history" "$(budget "$function")"
  jq -cn 'range(4) | {request_id:"b\(.)", prompt:"Implement a function, number \(.)", thinking_tokens:(3000 + 10 * .)},
    {request_id:"b\(.)", quality_score:5}' | pl-record -q
  is "3030 class" "$(budget "$function")"
  is "3030 class" "$(budget "Implement a function that nobody asked for")"
  pl-record -q <<<'{"request_id":"b3","quality_score":1}'
  is "9000 history" "$(budget "$function")"
  status 0 pl-backfill --verify
}

# -- real ones --

@test "MMLU: two models' answers to 7,021 questions, recorded, learned from, and gone by" {
  file=${PL_DATA:-$root/../shared/data}/routing/mmlu.jsonl
  [ -e "$file" ] || skip "no data/routing/mmlu.jsonl"
  weak=mistralai/Mixtral-8x7B-Instruct-v0.1 strong=gpt-4-1106-preview
  jq -c --arg w $weak --arg s $strong '. as $q | {($w):0.0006, ($s):0.01} as $cost | ($w, $s) as $m |
    "\($q.id) \($m)" as $id | {request_id:$id, prompt:$q.prompt, model:$m, cost:$cost[$m],
      timestamp:"2026-02-20T00:00:00Z"}, {request_id:$id, quality_score:(if $q.outcomes[$m] then 5 else 1 end),
      is_correct:$q.outcomes[$m], timestamp:"2026-02-20T00:00:01Z"}' "$file" >records
  is 28084 "$(wc -l <records)"
  pl-record -q records
  is "14042 14042 7021" "$(sql "SELECT count(*) FROM routing_metrics UNION ALL SELECT count(*) FROM response_feedback
    UNION ALL SELECT count(DISTINCT substr(request_id, 1, instr(request_id, ' '))) FROM routing_metrics" | xargs)"
  is "$strong|openai|7021|0.803
$weak|mistralai|7021|0.679" "$(sql "SELECT selected_model, selected_provider, count(*), round(avg(is_correct), 3)
    FROM response_feedback GROUP BY 1 ORDER BY 1")"

  status 0 pl-retrain --json --explain
  is 14042 "$(jq .total_feedback out)"
  # by another way: the questions by pattern as the tool names them, and the verdicts from the file
  jq -c '{prompt}' "$file" | pl-advise -f pattern | paste -d'\t' - <(jq -r --arg w $weak --arg s $strong \
    '[.outcomes[$w], .outcomes[$s]] | map(if . then 1 else 0 end) | @tsv' "$file") >verdicts
  awk -F'\t' -v w=$weak -v s=$strong '{ n[$1]++; a[$1] += $2; b[$1] += $3 } END { for (p in n) {
    print p, w, n[p], a[p]; print p, s, n[p], b[p] } }' verdicts | sort >wanted
  sql "SELECT pattern || ' ' || model || ' ' || sample_count || ' ' || cast(round(correctness_rate * sample_count)
    AS INTEGER) FROM model_performance_history" | sort >got
  diff wanted got
  is 7021 "$(wc -l <verdicts)"

  # of a prompt that is not known nothing is predicted: groups decide
  unseen='"prompt_hash":"0000000000000000"'
  # quality is 1 + 4 times correctness: 4.0 from 3 in 4 right, 3.5 from 5 in 8; advice differs as the figures do
  awk '{ right = $4 / $3; quality = 1 + 4 * right; level = "low" }
    $3 >= 5 && quality >= 3.5 && right >= 0.7 { level = "medium" }
    $3 >= 10 && quality >= 4 && right >= 0.8 { level = "high" }
    { print $1, $2, level }' wanted >levels
  sql "SELECT pattern || ' ' || model || ' ' || confidence_level FROM model_performance_history" | sort | diff levels -
  for policy in cost quality balanced; do
    sql "SELECT pattern || ' ' || model FROM routing, json_each(chosen_by) WHERE value = '$policy' ORDER BY 1" >chosen
    while read -r pattern model; do
      is "$model" "$(pl-advise --policy $policy -f model <<<"{\"pattern\":\"$pattern\",$unseen}")"
    done <chosen
    grep "$weak" chosen | cut -d' ' -f1 >"$policy"
  done
  # cost takes the weak model wherever that is confident; quality never, for the strong one is better everywhere
  grep "$weak" levels | grep -v low | cut -d' ' -f1 | cmp - cost
  is "" "$(cat quality)"
  jq -c '{prompt}' "$file" | head -n 500 | pl-advise --policy cost -f model | sort -u | sed '/^$/d' >taken
  is "$strong $weak" "$(xargs <taken)"
  status 0 pl-backfill --verify
}
