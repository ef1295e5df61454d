#!/usr/bin/env bats
# pl-retrain: confidence by ratings, the window, history and routing, one run at a time; figures worked out by hand.

load helper

# group PATTERN MODEL QUALITIES [VERDICTS [MEMBERS [FEEDBACK]]]: a request for each digit of QUALITIES, rated so;
# VERDICTS: for each a t, f or -; MEMBERS and FEEDBACK: JSON, for the requests and the ratings. $tag keeps ids apart.
group() {
  local none='{}'
  jq -cn --arg p "$1" --arg m "$2" --arg q "$3" --arg v "${4:-}" --argjson more "${5:-$none}" \
    --argjson rated "${6:-$none}" --arg tag "${tag:-}" 'range($q | length) as $i |
    {request_id:"\($p) \($m) \($tag)\($i)", pattern:$p, model:$m, timestamp:"2026-02-20T00:00:00Z"} + $more,
    {kind:"feedback", request_id:"\($p) \($m) \($tag)\($i)", quality_score:($q[$i:$i + 1] | tonumber),
      is_correct:{"t":true,"f":false}[$v[$i:$i + 1] | if . == "" then "-" else . end],
      timestamp:"2026-02-20T00:00:01Z"} + $rated'
}

# fives COUNT [LAST]: so many digits, 5 but for the last
fives() { printf '%*s' "$1" "" | tr ' ' 5 | sed "s/5\$/${2:-5}/"; }

# levels: of the last run, each group and its confidence
levels() {
  sql "SELECT pattern || ' ' || model || ' ' || confidence_level FROM model_performance_history WHERE retraining_run_id
    = (SELECT run_id FROM retraining_runs ORDER BY id DESC LIMIT 1) ORDER BY pattern, model, provider"
}

# rounded: JSON on stdin, its numbers to nine decimals
rounded() { jq -c 'walk(if type == "number" then . * 1e9 | round / 1e9 else . end)'; }

# retrained WANTED FILTER [OPTION...]: what FILTER makes of the result
retrained() {
  local wanted=$1 filter=$2
  shift 2
  status 0 pl-retrain --json "$@"
  is "$wanted" "$(jq "$filter" out | rounded)"
}

everything() { sqlite3 "$PL_DB" .dump; }

# -- options --

@test "--help and --version" {
  status 0 pl-retrain --help
  has "$(head -1 out)" "usage: pl-retrain [OPTION...]"
  status 0 pl-retrain -V
  is pl-retrain "$(cut -d' ' -f1 out)"
  is "$(sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' <(pl-retrain --help) | sort -u)" \
    "$(grep '^\.It Fl' "$BATS_TEST_DIRNAME/../man/pl-retrain.1" | grep -oE ' -[a-z-]+' | cut -c3- | sort)"
}

@test "bad usage: status 2, usage on stderr, nothing on stdout, and nothing done" {
  pl-record </dev/null
  for bad in "--no-such" "operand" "-" "--window 0" "--window -1" "--window x" "--window 1.5" "--window 36501" \
    "--window 99999999999999999999" "--min-samples 0" "--min-samples -3" "--min-samples many" "--policy best" \
    "--policy Cost" "--policy=" "--if-due soon" "--if-due 7" "--if-due 7y" "--if-due d" "--if-due -7d" "--if-due 1.5d" \
    "--if-due=" "--if-due 2026-02-01" "--if-due 2026-02-01T00:00:00Z" "--if-due 9999999d" "--window"; do
    # shellcheck disable=SC2086
    status 2 pl-retrain $bad
    has "$(cat err)" "usage: pl-retrain"
    is "" "$(cat out)"
  done
  is 0 "$(sql "SELECT count(*) FROM retraining_runs")"
}

@test "a database that is missing is made; by a dry run it is not" {
  status 2 pl-retrain --dry-run
  has "$(cat err)" "pl-retrain: $PL_DB: there is no database"
  is "" "$(cat out)"
  [ ! -e "$PL_DB" ]
  retrained '[0,0,[]]' '[.patterns_updated, .total_changes, .changes]'
  is 1 "$(sql "SELECT count(*) FROM retraining_runs")"
  is 600 "$(stat -c %a "$PL_DB")"
}

@test "a database that is of no use: status 2, in words, and it stays as it was" {
  pl-record </dev/null
  refused() {
    cp "$PL_DB" before
    for dry in "" --dry-run; do
      # shellcheck disable=SC2086
      status 2 mortal pl-retrain -j $dry
      has "$(cat err)" "pl-retrain: $PL_DB: "
      has "$(cat err)" "$1"
      is "" "$(cat out)"
    done
    cmp before "$PL_DB"
  }
  sql "PRAGMA user_version = 1" >/dev/null
  status 2 pl-retrain --dry-run
  has "$(cat err)" "pl-retrain: $PL_DB: is of an older version"
  sql "PRAGMA user_version = 99" >/dev/null
  refused "is of a newer version"
  fresh && sql "CREATE TABLE bookmarks(url TEXT)"
  refused "is another program's database"
  fresh && seq 60000 | gzip -9n >"$PL_DB"
  refused "is not a database"
  fresh && mkdir "$PL_DB"
  status 2 pl-retrain
  has "$(cat err)" "pl-retrain: $PL_DB: "
  rmdir "$PL_DB" && pl-record </dev/null
  chmod 000 "$PL_DB"
  status 2 mortal pl-retrain
  has "$(cat err)" "pl-retrain: $PL_DB: "
  chmod 400 "$PL_DB"
  status 2 mortal pl-retrain
  has "$(cat err)" "pl-retrain: $PL_DB: "
}

@test "-q writes nothing, and retrains; -v tells on stderr" {
  { group code a 44444 && group code b 111 && group code c 11; } | pl-record -q
  status 0 pl-retrain -q
  is "" "$(cat out err)"
  is 1 "$(sql "SELECT count(*) FROM retraining_runs")"
  status 0 pl-retrain -q -v
  is "" "$(cat out)"
  is "pl-retrain: Found 10 ratings in 2 groups of at least 3
pl-retrain: Retraining complete: 1 changes" "$(cat err)"
  status 0 pl-retrain -q -vv --dry-run
  is "pl-retrain: code a: medium
pl-retrain: code b: low" "$(sed '1d;$d' err)"
  has "$(cat err)" "Dry run complete: 1 changes"
}

# -- confidence --

@test "confidence: the bounds, each met exactly and just missed" {
  {
    group n 10-4.0 4444444444
    group n 10-4.0-mixed 5555533333
    group n 10-3.9 4444444443
    group n 100-3.99 "$(fives 99 | tr 5 4)3"
    group n 9-5.0 555555555
    group n 5-5.0 55555
    group n 5-3.6 44433
    group n 6-3.5 333444
    group n 6-3.3 333443
    group n 99-3.49 "$(printf '3%.0s' {1..50})$(printf '4%.0s' {1..49})"
    group n 4-5.0 5555
    group n 3-5.0 555
    group n 2-5.0 55
    group n 10-1.0 1111111111
  } | pl-record -q
  pl-retrain -q
  is "n 10-1.0 low
n 10-3.9 medium
n 10-4.0 high
n 10-4.0-mixed high
n 100-3.99 medium
n 3-5.0 low
n 4-5.0 low
n 5-3.6 medium
n 5-5.0 medium
n 6-3.3 low
n 6-3.5 medium
n 9-5.0 medium
n 99-3.49 low" "$(levels)"
}

@test "confidence: correctness is over the verdicts that are known; with none, quality decides" {
  {
    group v 8of10 5555555555 ttttttttff
    group v 7of10 5555555555 tttttttfff
    group v 6of10 5555555555 ttttttffff
    group v 79of99 "$(fives 99)" "$(printf 't%.0s' {1..79})$(printf 'f%.0s' {1..20})"
    group v 69of99 "$(fives 99)" "$(printf 't%.0s' {1..69})$(printf 'f%.0s' {1..30})"
    group v 4of5-known 5555555555 ttttf-----
    group v 2of3-known 5555555555 ttf-------
    group v 1of1-known 5555555555 ---------t
    group v 0of1-known 5555555555 f---------
    group v none-known 5555555555
    group v 5-3of4 55555 tttf-
    group v 5-2of4 55555 ttff-
    group v good-but-wrong 5555555555 ffffffffff
    group v right-but-bad 2222222222 tttttttttt
  } | pl-record -q
  pl-retrain -q
  is "v 0of1-known low
v 1of1-known high
v 2of3-known low
v 4of5-known high
v 5-2of4 low
v 5-3of4 medium
v 69of99 low
v 6of10 low
v 79of99 medium
v 7of10 medium
v 8of10 high
v good-but-wrong low
v none-known high
v right-but-bad low" "$(levels)"
  is "1of1-known|1|1.0 2of3-known|3|0.6667 5-3of4|4|0.75 none-known|0|" "$(sql "SELECT model, verdict_count,
    round(correctness_rate, 4) FROM model_performance_history
    WHERE model IN ('1of1-known', 'none-known', '5-3of4', '2of3-known') ORDER BY model" | xargs)"
}

@test "confidence: any number of samples is enough with --min-samples, and its own bounds stay" {
  { group n five 55555 && group n two 55 && group n one 5; } | pl-record -q
  pl-retrain -q --min-samples 1
  is "n five medium;n one low;n two low" "$(levels | paste -sd';')"
  pl-retrain -q --min-samples 2
  is "n five medium;n two low" "$(levels | paste -sd';')"
  pl-retrain -q --min-samples 5
  is "n five medium" "$(levels)"
  pl-retrain -q --min-samples 6
  is "" "$(levels)"
  is "1 2 5 6" "$(sql "SELECT min_samples FROM retraining_runs ORDER BY id" | xargs)"
}

# -- what is looked at --

@test "window: its first and its last moment belong to it" {
  rated_at() { group w "$1" 555 "" '{}' "{\"timestamp\":\"$2\"}"; }
  {
    rated_at ninety-days 2025-12-01T12:00:00Z
    rated_at a-moment-more 2025-12-01T11:59:59.999999Z
    rated_at now 2026-03-01T12:00:00Z
    rated_at now-elsewhere 2026-03-01T14:00:00+02:00
    rated_at in-a-moment 2026-03-01T12:00:00.000001Z
    rated_at in-a-year 2027-03-01T12:00:00Z
    rated_at a-day 2026-02-28T12:00:00Z
    rated_at a-day-and-a-second 2026-02-28T11:59:59Z
  } | pl-record -q
  in_window() { pl-retrain -q "$@" && levels | cut -d' ' -f2 | xargs; }
  is "a-day a-day-and-a-second ninety-days now now-elsewhere" "$(in_window)"
  is "a-day a-day-and-a-second now now-elsewhere" "$(in_window --window 89)"
  is "a-day now now-elsewhere" "$(in_window --window 1)"
  is "a-day a-day-and-a-second a-moment-more ninety-days now now-elsewhere" "$(in_window --window 36500)"
  is "a-day a-day-and-a-second in-a-moment now now-elsewhere" "$(PL_NOW=2026-03-01T12:00:01Z in_window --window 3)"
  is "90 89 1 36500 3" "$(sql "SELECT window_days FROM retraining_runs ORDER BY id" | xargs)"
}

@test "window: the rating's time counts, not the request's; an undated one is of when it was recorded" {
  group w old-request 555 "" '{"timestamp":"2020-01-01T00:00:00Z"}' | pl-record -q
  group w old-rating 555 "" '{}' '{"timestamp":"2020-01-01T00:00:00Z"}' | pl-record -q
  group w undated 555 "" '{}' '{"timestamp":null}' | PL_NOW=2026-02-27T00:00:00Z pl-record -q
  pl-retrain -q --window 20
  is "w old-request low;w undated low" "$(levels | paste -sd';')"
  pl-retrain -q --window 2
  is "w old-request low" "$(PL_NOW=2026-02-21T00:00:00Z pl-retrain -q --window 2; levels)"
}

@test "groups: by pattern, provider and model" {
  {
    group code m 555
    group tales m 444
    tag=p group code m 333 "" '{"provider":"p"}'
    tag=q group code m 222 "" '{"provider":"q"}'
    group code p/m 111
  } | pl-record -q
  pl-retrain -q
  is "code|p|m|3.0
code|q|m|2.0
code|unknown|m|5.0
code|p|p/m|1.0
tales|unknown|m|4.0" "$(sql "SELECT pattern, provider, model, avg_quality_score FROM model_performance_history
    ORDER BY pattern, model, provider")"
}

@test "groups: by the prompt's pattern, where none is given, and names of every script" {
  jq -cn '("Implement a function", "Write a poem", "Hm") as $p | range(3) | {request_id:"\($p)\(.)", prompt:$p,
      model:"modèle\n\"1\""}, {request_id:"\($p)\(.)", quality_score:3}' | pl-record -q
  status 0 pl-retrain -j --explain
  is '["code","creative","general"] ["modèle\n\"1\""]' \
    "$(jq -c '[.explanations[].pattern], ([.explanations[].candidates[].model] | unique)' out | xargs -d '\n')"
  status 0 pl-retrain --explain
  has "$(cat out)" 'modèle\x0A"1"'
}

@test "ratings that say nothing of a pattern and a model are left out" {
  jq -cn 'range(5) | {request_id:"unknown\(.)", quality_score:5},
    {request_id:"no model\(.)", pattern:"code", prompt_hash:"0123456789abcdef"},
    {request_id:"no model\(.)", quality_score:5}, {request_id:"no pattern\(.)", model:"m", success:true},
    {request_id:"no pattern\(.)", quality_score:5}' | pl-record -q
  is 15 "$(sql "SELECT count(*) FROM response_feedback")"
  retrained '[0,0,0,[]]' '[.patterns_updated, .total_changes, .total_feedback, .changes]'
  is "" "$(levels)"
}

@test "ratings of requests that are not known count by what they repeat; the request, when it comes, comes first" {
  jq -cn 'range(3) | {kind:"feedback", request_id:"r\(.)", quality_score:5, prompt_pattern:"tales",
    selected_provider:"p", selected_model:"old", complexity_score:0.5}' | pl-record -q
  pl-retrain -q
  is "tales|p|old|3|" "$(sql "SELECT pattern, provider, model, sample_count, avg_cost FROM model_performance_history")"
  jq -cn 'range(3) | {request_id:"r\(.)", pattern:"code", model:"q/new", cost:0.5}' | pl-record -q
  pl-retrain -q
  is "code|q|q/new|3|0.5" "$(sql "SELECT pattern, provider, model, sample_count, avg_cost FROM model_performance_history
    WHERE retraining_run_id LIKE '%-2'")"
}

@test "ratings without a provider are of the unknown one, as requests are" {
  jq -cn 'range(3) | {request_id:"r\(.)", pattern:"code", model:"mystery"}, {request_id:"r\(.)", quality_score:5},
    {kind:"feedback", request_id:"s\(.)", quality_score:3, prompt_pattern:"code", selected_model:"mystery"}' |
    pl-record -q
  status 0 pl-retrain -q
  is "code|unknown|mystery|6|4.0" "$(sql "SELECT pattern, provider, model, sample_count, avg_quality_score
    FROM model_performance_history")"
}

@test "a request whose pattern only its rating tells has its cost counted all the same" {
  jq -cn 'range(3) | {request_id:"r\(.)", model:"openai/m", cost:0.5, success:true},
    {kind:"feedback", request_id:"r\(.)", quality_score:5, prompt_pattern:"code"}' | pl-record -q
  pl-retrain -q
  is "code|openai|openai/m|3|0.5|1.5" "$(sql "SELECT pattern, provider, model, sample_count, avg_cost, total_cost
    FROM model_performance_history")"
}

@test "ratings that come before their requests, and corrected ones" {
  group code m 55555 ttttt '{"cost":1}' >records
  grep feedback records | pl-record -q
  retrained '[]' .changes
  grep -v feedback records | pl-record -q
  retrained '["medium",5,5,1,1]' \
    '.changes[0] | [.confidence, .sample_count, .avg_quality, .correctness_rate, .avg_cost]'
  fix() {
    jq -cn --argjson q "$1" --arg at "$2" '{request_id:"code m 0", feedback_id:"f", quality_score:$q,
      is_correct:($q > 2), timestamp:$at}' | pl-record -q
  }
  fix 1 2026-02-21T00:00:00Z
  retrained '[6,4.333333333,0.833333333]' '.changes[0] | [.sample_count, .avg_quality, .correctness_rate]'
  fix 3 2026-02-22T00:00:00Z
  retrained '[6,4.666666667,1]' '.changes[0] | [.sample_count, .avg_quality, .correctness_rate]'
  fix 1 2026-02-20T12:00:00Z
  retrained '[6,4.666666667,1]' '.changes[0] | [.sample_count, .avg_quality, .correctness_rate]'
  jq -cn '{request_id:"code m 1", pattern:"tales", model:"m", cost:1, timestamp:"2026-02-21T00:00:00Z"}' | pl-record -q
  retrained '["code",5]' '.changes[0] | [.pattern, .sample_count]'
}

@test "the order in which records come makes no difference" {
  { group code a 5534525 ttf-t-f '{"cost":0.1}'; group code b 44444 "" '{"cost":0.7}'; group tales b 3333; } >records
  pl-record -q <records
  pl-retrain -j | jq -S . >one
  fresh
  sort -r records | pl-record -q
  pl-record -q records
  pl-retrain -j | jq -S . >two
  diff one two
}

# -- costs --

@test "avg_cost and avg_complexity: over distinct requests, and over what is known" {
  {
    group code m 5555 "" '{"cost":0.25,"complexity_score":0.5}'
    echo '{"request_id":"code m 0","pattern":"code","model":"m","cost":1,"complexity_score":0.9,
      "timestamp":"2026-02-21T00:00:00Z"}'
    jq -cn 'range(5) | {request_id:"code m 0", quality_score:4}'
    tag=m group code m 55 "" '{"complexity_score":null}'
    tag=unrated group code m 5 "" '{"cost":99}' | grep -v feedback
    group code unknown 555
    group code free 555 "" '{"cost":0}'
  } | pl-record -q
  pl-retrain -q
  is "free|3|0.0|0.0|
m|11|0.4375|1.75|0.6
unknown|3|||" "$(sql "SELECT model, sample_count, avg_cost, total_cost, round(avg_complexity, 9)
    FROM model_performance_history ORDER BY model")"
}

@test "avg_cost: a rating outside the window brings no cost in" {
  {
    group code m 555 "" '{"cost":1}'
    tag=old group code m 555 "" '{"cost":100}' '{"timestamp":"2020-01-01T00:00:00Z"}'
    echo '{"request_id":"code m 0","quality_score":1,"timestamp":"2020-01-01T00:00:00Z"}'
  } | pl-record -q
  pl-retrain -q
  is "3|5.0|1.0|3.0" "$(sql "SELECT sample_count, avg_quality_score, avg_cost, total_cost
    FROM model_performance_history")"
}

@test "avg_cost: what requests are priced at counts as what they are said to cost" {
  group code gpt-4o 555 "" '{"input_tokens":1000,"output_tokens":1000,"cache_read_tokens":0,"cache_write_tokens":0}' |
    pl-record -q
  wanted=$(sql "SELECT avg(cost) FROM routing_metrics WHERE cost_source = 'priced'")
  [ -n "$wanted" ]
  pl-retrain -q
  is "$wanted" "$(sql "SELECT avg_cost FROM model_performance_history")"
}

@test "costs are exact, however small they are" {
  group code m "$(fives 300)" "" '{"cost":0.000000001}' | pl-record -q
  pl-retrain -q
  is "1|1" "$(sql "SELECT avg_cost = 1e-9, total_cost = 3e-7 FROM model_performance_history")"
}

# -- the result --

@test "JSON: all of it" {
  {
    group code p/good 5555555554 ttttttttf- '{"cost":0.5,"complexity_score":0.25}'
    group code q/fair 33444 "" '{"complexity_score":null}'
    group code q/poor 111 fff '{"cost":0.1}'
    group tales p/good 11111 "" '{"cost":1}'
    group few p/good 55
  } | pl-record -q
  status 0 pl-retrain --json
  is "$(jq -c . <<'J'
    {"run_id":"20260301T120000Z-1","timestamp":"2026-03-01 12:00:00","patterns_updated":1,"total_changes":2,"changes":[
      {"pattern":"code","provider":"p","model":"p/good","confidence":"high","previous_confidence":null,
        "sample_count":10,"avg_quality":4.9,"correctness_rate":0.888888889,"avg_cost":0.5,"avg_complexity":0.25},
      {"pattern":"code","provider":"q","model":"q/fair","confidence":"medium","previous_confidence":null,
        "sample_count":5,"avg_quality":3.6,"correctness_rate":null,"avg_cost":null,"avg_complexity":null}],
      "predictors":[],"policy":"balanced","window_days":90,"total_feedback":25,"dry_run":false}
J
  )" "$(rounded <out)"
  is "" "$(cat err)"
  status 0 pl-retrain --json --dry-run
  is '["20260301T120000Z-2",true,["high","medium"]]' \
    "$(jq -c '[.run_id, .dry_run, [.changes[].previous_confidence]]' out)"
}

@test "a run without a rating" {
  pl-record </dev/null
  status 0 pl-retrain --json --explain
  is "$(jq -c . <<'J'
    {"run_id":"20260301T120000Z-1","timestamp":"2026-03-01 12:00:00","patterns_updated":0,"total_changes":0,
      "changes":[],"explanations":[],"predictors":[],"policy":"balanced","window_days":90,"total_feedback":0,
      "dry_run":false}
J
  )" "$(jq -c . out)"
  for explain in "" --explain; do
    # shellcheck disable=SC2086
    status 0 pl-retrain $explain
    has "$(cat out)" "0 changes in 0 patterns, from 0 ratings of the last 90 days"
    is 1 "$(wc -l <out)"
  done
  is "1 0 0 0|2 0 0 0|3 0 0 0" "$(sql "SELECT id, total_groups, patterns_updated, total_changes FROM retraining_runs" |
    tr '|' ' ' | paste -sd'|')"
  is "0 0" "$(sql "SELECT count(*) FROM model_performance_history") $(sql "SELECT count(*) FROM routing")"
}

@test "the table for people" {
  {
    group code p/good 5555555554 ttttttttf- '{"cost":0.5}'
    group code q/fair 33444
    group tales p/good 11111 fffff '{"cost":1}'
  } | pl-record -q
  status 0 pl-retrain
  is "run 20260301T120000Z-1: 2 changes in 1 pattern, from 20 ratings of the last 90 days

pattern  model   confidence  previous_confidence  sample_count  avg_quality  correctness_rate  avg_cost
code     p/good  high        -                              10          4.9             88.9%   \$0.5000
code     q/fair  medium      -                               5          3.6                 -         -" "$(cat out)"
  status 0 pl-retrain -n
  has "$(head -n 1 out)" "dry run 20260301T120000Z-2: 2 changes in 1 pattern, from 20 ratings of the last 90 days"
  has "$(tail -n 1 out)" "q/fair  medium      medium"
}

@test "previous_confidence: the last run's, by pattern, provider and model" {
  { group code a 4444444444 && group code b 44444 && group tales a 444; } | pl-record -q
  before() { jq -c '[.changes[] | [.pattern, .model, .confidence, .previous_confidence]]'; }
  is '[["code","a","high",null],["code","b","medium",null]]' "$(pl-retrain -j | before)"
  { tag=x group code a 111111 && tag=x group code b 55555 && tag=x group tales a 555; } | pl-record -q
  is '[["code","b","high","medium"],["tales","a","medium","low"]]' "$(pl-retrain -nj | before)"
  is '[["code","b","high","medium"],["tales","a","medium","low"]]' "$(pl-retrain -j | before)"
  is "a|low|high b|high|medium" "$(sql "SELECT model, confidence_level, previous_confidence FROM
    model_performance_history WHERE pattern = 'code' AND retraining_run_id LIKE '%-2' ORDER BY model" | xargs)"
  is '[]' "$(pl-retrain -j --min-samples 99 | before)"
  is '[["code","b","high",null],["tales","a","medium",null]]' "$(pl-retrain -j | before)"
}

# -- what is written --

@test "--dry-run writes nothing: not a row, not a byte" {
  { group code a 5555555555 && group code b 44444; } | pl-record -q
  pl-retrain -q
  { tag=x group code a 1111111111; } | pl-record -q
  everything >before
  cp "$PL_DB" bytes
  find . -type f | cut -c 3- >files
  for options in "" "--explain" "--policy cost" "--if-due 0d" "--window 5 --min-samples 1 -v" "--if-due 7d"; do
    # shellcheck disable=SC2086
    status 0 pl-retrain --dry-run $options
    everything >after
    cmp before after
    cmp bytes "$PL_DB"
  done
  is "" "$(find . -type f | cut -c 3- | grep -vxFf files | grep -vxE 'after|files|out|err|pl\.db-(wal|shm)')"
  status 0 pl-retrain --dry-run --json
  is 0 "$(jq '[.changes[] | select(.model == "a")] | length' out)"
  is "a b" "$(sql "SELECT model FROM routing ORDER BY 1" | xargs)"
}

@test "--dry-run needs no right to write, and finds what a run then stores" {
  { group code a 5555555555 tttttttttf '{"cost":0.5}' && group code b 44444; } | pl-record -q
  chmod 400 "$PL_DB"
  status 0 mortal pl-retrain --dry-run --json
  jq -c 'del(.dry_run)' out >dry
  chmod 600 "$PL_DB"
  pl-retrain --json | jq -c 'del(.dry_run)' >run
  cmp dry run
}

@test "history: a row for each group and run, and each is what the result says" {
  {
    group code p/good 5555555554 ttttttttf- '{"cost":0.5,"complexity_score":0.25}'
    group code q/poor 125
  } | pl-record -q
  pl-retrain -q
  PL_NOW=2026-03-02T00:00:00Z pl-retrain -q
  is "code p p/good 4.9 0.888888889 10 high 0.5 5.0 0.25 9 - 2026-03-01 20260301T120000Z-1
code q q/poor 2.666666667 - 3 low - - - 0 - 2026-03-01 20260301T120000Z-1
code p p/good 4.9 0.888888889 10 high 0.5 5.0 0.25 9 high 2026-03-02 20260302T000000Z-2
code q q/poor 2.666666667 - 3 low - - - 0 low 2026-03-02 20260302T000000Z-2" "$(sqlite3 -separator ' ' -nullvalue - \
    "$PL_DB" "SELECT pattern, provider, model, round(avg_quality_score, 9), round(correctness_rate, 9), sample_count,
      confidence_level, avg_cost, total_cost, avg_complexity, verdict_count, previous_confidence, date(updated_at),
      retraining_run_id FROM model_performance_history ORDER BY id")"
  # the squares about the mean add up to 0.9 and to 26/3: a deviation of 0.316, which is under 0.5, and the root of 13/3
  is "1|1" "$(sql "SELECT min(abs(quality_deviation * quality_deviation - iif(good, 0.1, 13 / 3.0)) < 1e-12),
    min(abs(below * below * sample_count - 1.645 * 1.645 * iif(good, 0.25, 13 / 3.0)) < 1e-9) FROM (SELECT *,
      model = 'p/good' AS good, avg_quality_score - quality_lower_bound AS below FROM model_performance_history)")"
  sql "CREATE TABLE again AS SELECT * FROM model_performance_history WHERE id = 1; UPDATE again SET id = NULL"
  status 19 sql "INSERT INTO model_performance_history SELECT * FROM again"
  has "$(cat err)" "UNIQUE constraint failed"
  is "1|20260301T120000Z-1|2026-03-01 12:00:00|90|3|balanced|13|2|1|1|
2|20260302T000000Z-2|2026-03-02 00:00:00|90|3|balanced|13|2|1|1|" "$(sql "SELECT id, run_id, timestamp, window_days,
    min_samples, policy, total_feedback, total_groups, patterns_updated, total_changes, due_seconds
    FROM retraining_runs ORDER BY id")"
}

@test "history equals what SQL makes of the ratings" {
  jq -cnR '[range(600)] | map((. * 7919 + 13) % 1009) | to_entries[] | .key as $i | .value as $r |
    {request_id:"r\($i % 400)", pattern:"p\($i % 400 % 3)", model:"m\($i % 400 % 4)",
      cost:(if $i % 400 % 5 == 0 then null else $i % 400 / 1000 end)} + {timestamp:"2026-02-20T00:00:00Z"},
    {request_id:"r\($i % 400)", feedback_id:"f\($i)", quality_score:(1 + $r % 5), is_correct:[true,false,null][$r % 3],
      timestamp:"2026-02-2\($r % 9)T00:00:00Z"}' </dev/null | pl-record -q
  pl-retrain -q --window 5
  is 12 "$(levels | wc -l)"
  is "" "$(sql "WITH rated AS (SELECT * FROM response_feedback WHERE timestamp >= '2026-02-24 12:00:00'),
      wanted AS (SELECT prompt_pattern AS pattern, selected_provider AS provider, selected_model AS model,
        avg(quality_score) AS quality, avg(is_correct) AS correct, count(*) AS count FROM rated GROUP BY 1, 2, 3),
      spent AS (SELECT pattern_detected AS pattern, selected_model AS model, avg(cost) AS cost FROM routing_metrics
        WHERE request_id IN (SELECT request_id FROM rated) GROUP BY 1, 2)
    SELECT * FROM wanted JOIN spent USING (pattern, model) LEFT JOIN model_performance_history h
      USING (pattern, provider, model)
    WHERE h.id IS NULL OR abs(quality - avg_quality_score) > 1e-9 OR abs(correct - correctness_rate) > 1e-9
      OR count <> sample_count OR abs(cost - avg_cost) > 1e-9 OR confidence_level <> CASE
        WHEN count >= 10 AND quality >= 4 AND correct >= 0.8 THEN 'high'
        WHEN count >= 5 AND quality >= 3.5 AND correct >= 0.7 THEN 'medium' ELSE 'low' END")"
}

@test "routing: the confident groups, and by which policies each is taken" {
  {
    group code best 5555555555 "" '{"cost":3}'
    group code near 5555555544 "" '{"cost":2}'
    group code cheap 4444444444 "" '{"cost":1}'
    group code low 1111111111 "" '{"cost":0.5}'
    group tales only 44444
  } | pl-record -q
  pl-retrain -q
  # lower bounds: 5 - 1.645 * 0.5 / sqrt(10) = 4.740, 4.540, 3.740 and, of five, 3.632
  is 'code|best|high|10|5.0|4.74||3.0|["quality"]|20260301T120000Z-1
code|cheap|high|10|4.0|3.74||1.0|["cost"]|20260301T120000Z-1
code|near|high|10|4.8|4.54||2.0|["balanced"]|20260301T120000Z-1
tales|only|medium|5|4.0|3.632|||["balanced","quality","cost"]|20260301T120000Z-1' "$(sql "SELECT pattern, model,
    confidence_level, sample_count, avg_quality_score, round(quality_lower_bound, 3), correctness_rate, avg_cost,
    chosen_by, retraining_run_id FROM routing ORDER BY pattern, model")"
  tag=x group code cheap 1111111111 | pl-record -q
  pl-retrain -q
  is 'best ["quality"] near ["balanced","cost"] only ["balanced","quality","cost"]' \
    "$(sql "SELECT model, chosen_by FROM routing ORDER BY model" | tr '|' ' ' | xargs -d '\n')"
  pl-retrain -q --min-samples 11
  is "" "$(sql "SELECT * FROM routing")"
  is "5 5 1" "$(sql "SELECT count(*) FROM model_performance_history GROUP BY retraining_run_id
    ORDER BY retraining_run_id" | xargs)"
}

@test "routing: a reader sees one run's or the next one's, never half" {
  jq -cn 'range(300) | . as $g | range(5) | {request_id:"r\($g) \(.)", pattern:"p\($g)", model:"m"},
    {request_id:"r\($g) \(.)", quality_score:5, timestamp:(if $g < 200 then "2026-03-01" else "2026-02-01" end +
      "T00:00:00Z")}' | pl-record -q
  pl-retrain -q
  # 300 groups and 200 by turns
  (for _ in {1..8}; do pl-retrain -q --window 7 && pl-retrain -q; done) 3>&- & runs=$!
  while kill -0 $runs 2>/dev/null; do
    for _ in {1..200}; do
      echo "SELECT count(*), count(DISTINCT retraining_run_id), min(retraining_run_id) = (SELECT run_id
        FROM retraining_runs ORDER BY id DESC LIMIT 1), count(*) = (SELECT total_changes FROM retraining_runs
        ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM model_performance_history WHERE retraining_run_id =
        (SELECT max(retraining_run_id) FROM routing)) = count(*) FROM routing;"
    done | sqlite3 -batch -cmd ".timeout 10000" -readonly "$PL_DB"
  done >seen
  wait $runs
  [ -s seen ]
  is "" "$(sort -u seen | grep -vxE '[23]00\|1\|1\|1\|1')"
  is 17 "$(sql "SELECT count(*) FROM retraining_runs")"
}

# -- when it is due --

@test "--if-due: not before the last run is that old" {
  pl-record </dev/null
  at() {
    PL_NOW=$1
    shift
    status 0 pl-retrain "$@"
    is "$runs" "$(sql "SELECT count(*) FROM retraining_runs")"
  }
  export PL_NOW
  runs=1 at 2026-03-01T12:00:00Z --if-due 7d
  runs=1 at 2026-03-01T12:00:00Z --if-due 7d
  is "" "$(cat out err)"
  runs=1 at 2026-03-08T11:59:59Z --if-due 7d -v
  is "" "$(cat out)"
  has "$(cat err)" "pl-retrain: Not due: the last run was at 2026-03-01 12:00:00"
  runs=1 at 2026-03-08T11:59:59.999999Z --if-due 1w --json
  is "" "$(cat out)"
  runs=2 at 2026-03-08T12:00:00Z --if-due 7d
  runs=2 at 2026-03-08T12:59:59Z --if-due 60m
  runs=3 at 2026-03-08T13:00:00Z --if-due 1h
  runs=4 at 2026-03-08T13:00:00Z
  runs=5 at 2026-03-08T13:00:00Z --if-due 0d
  runs=5 at 2026-03-01T00:00:00Z --if-due 7d
  is "604800;604800;3600;;0" "$(sql "SELECT due_seconds FROM retraining_runs ORDER BY id" | paste -sd';')"
}

@test "--if-due: what it is given is kept, and tells when the next run is due" {
  pl-record </dev/null
  next() { pl-stats learning --json | jq -r '[.last_retraining_run, .next_scheduled_run] | join(" ")'; }
  pl-retrain -q
  is "2026-03-01 12:00:00 " "$(next)"
  pl-retrain -q --if-due 12h --dry-run
  PL_NOW=2026-03-02T00:00:00Z pl-retrain -q --if-due 12h
  is "2026-03-02 00:00:00 2026-03-02 12:00:00" "$(next)"
  PL_NOW=2026-03-05T00:00:00Z pl-retrain -q
  is "2026-03-05 00:00:00 2026-03-05 12:00:00" "$(next)"
  PL_NOW=2026-03-20T00:00:00Z pl-retrain -q --if-due 2w
  is "2026-03-20 00:00:00 2026-04-03 00:00:00" "$(next)"
}

# -- policy --

@test "--policy: kept with the run, the next one's default, and pl-advise's" {
  { group code best 5555555555 "" '{"cost":3}' && group code cheap 4444444444 "" '{"cost":1}'; } | pl-record -q
  asked() { jq -nc '{pattern:"code",prompt:"x"}' | pl-advise -f model "$@"; }
  retrained '"balanced"' .policy
  is best "$(asked)"
  retrained '"cost"' .policy --policy cost
  is cheap "$(asked)"
  is best "$(asked --policy quality)"
  retrained '"cost"' .policy
  is cheap "$(asked)"
  retrained '"quality"' .policy --policy quality --dry-run
  is cheap "$(asked)"
  retrained '"quality"' .policy --policy quality
  is best "$(asked)"
  is "balanced cost cost quality" "$(sql "SELECT policy FROM retraining_runs ORDER BY id" | xargs)"
}

# -- explanations --

@test "--explain: model, reason, candidates and savings, by pattern" {
  {
    group code best 5555555555 tttttttttt '{"cost":3}'
    group code near 5555555544 "" '{"cost":2}'
    group code poor 1111111111 "" '{"cost":0.5}'
    group tales costly 44444 "" '{"cost":4}'
    group talk unpriced 55555
    group none few 555
    # traffic of a month that nobody rated: 30 days, to the moment; of the future nothing counts
    jq -cn '("2026-01-30T12:00:00Z", "2026-01-30T11:59:59Z", "2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z") as $at |
      {request_id:"code \($at)", pattern:"code", model:"else", cost:10, timestamp:$at},
      {request_id:"unpriced \($at)", pattern:"code", model:"else", timestamp:$at},
      {request_id:"tales \($at)", pattern:"tales", model:"else", cost:1, timestamp:$at}'
  } | pl-record -q
  status 0 pl-retrain --json --explain
  # code: 10 * 3 + 10 * 2 + 10 * 0.5 + 2 * 10 = 75 of 32 priced requests, which at near's 2 cost 64
  # tales: 5 * 4 + 2 * 1 = 22 of 7, which cost 28 at the only model there is
  is '["code","unknown","near","cheapest of 2 within 0.25 of the best quality (4.74)",34,75,11]
["none",null,null,"no model has ratings that are many and good enough",3,null,null]
["tales","unknown","costly","the only confident model (quality 3.63)",7,22,-6]
["talk","unknown","unpriced","the only confident model (quality 4.63)",5,null,null]' \
    "$(jq -c '.explanations[] | [.pattern, .provider, .model, .reason, .requests_last_month, .cost_last_month,
      .monthly_savings]' out)"
  is '["best","high",10,5,4.739902662,1,3]
["near","high",10,4.8,4.539902662,null,2]
["poor","low",10,1,0.739902662,null,0.5]' "$(jq '.explanations[0].candidates[] | [.model, .confidence, .sample_count,
    .avg_quality, .quality_lower_bound, .correctness_rate, .avg_cost]' out | rounded)"
  reason() {
    pl-retrain -n -j --explain --policy "$1" | jq -r '.explanations[0] | "\(.model): \(.reason), \(.monthly_savings)"'
  }
  is "best: best quality (4.74) of 2, -21" "$(reason quality)"
  is "near: cheapest of 2, 11" "$(reason cost)"
}

@test "--explain: the reason where one is far better, and where no cost is known" {
  {
    group code best 5555555555 "" '{"cost":3}'
    group code cheap 4444444444 "" '{"cost":1}'
    group tales a 5555555555
    group tales b 5555555554
  } | pl-record -q
  status 0 pl-retrain --json --explain
  is "best: best quality (4.74) of 2, by more than 0.25
a: best quality (4.74) of 2, none with a known cost" "$(jq -r '.explanations[] | "\(.model): \(.reason)"' out)"
}

@test "--explain: the tables for people" {
  { group code best 5555555555 tttttttttt '{"cost":3}' && group code poor 1111111111 "" '{"cost":0.5}'; } | pl-record -q
  status 0 pl-retrain --explain
  is "run 20260301T120000Z-1: 1 change in 1 pattern, from 20 ratings of the last 90 days

pattern  model  reason                                   requests_last_month  monthly_savings
code     best   the only confident model (quality 4.74)                   20          -\$25.00

pattern  model  confidence  sample_count  avg_quality  quality_lower_bound  correctness_rate  avg_cost
code     best   high                  10            5                 4.74            100.0%     \$3.00
code     poor   low                   10            1                 0.74                 -   \$0.5000" "$(cat out)"
}

# -- one at a time --

@test "runs at once: one after the other, each with a name of its own" {
  { group code a 5555555555 && group tales b 44444; } | pl-record -q
  for i in {1..8}; do pl-retrain --json >"out$i" 2>>errors & done
  wait
  is "" "$(cat errors)"
  is "1 2 3 4 5 6 7 8" "$(sql "SELECT id FROM retraining_runs ORDER BY id" | xargs)"
  is "$(for i in {1..8}; do echo "20260301T120000Z-$i"; done)" "$(cat out[1-8] | jq -r .run_id | sort)"
  is 16 "$(sql "SELECT count(*) FROM model_performance_history")"
  is "20260301T120000Z-8" "$(sql "SELECT DISTINCT retraining_run_id FROM routing")"
  # each saw the one before it: only the first found nothing there before
  is "2 14" "$(sql "SELECT sum(previous_confidence IS NULL) || ' ' || sum(previous_confidence IS NOT NULL)
    FROM model_performance_history")"
}

@test "runs at once, if due: one" {
  group code a 5555555555 | pl-record -q
  for i in {1..8}; do pl-retrain --json --if-due 7d >"out$i" 2>>errors & done
  wait
  is "" "$(cat errors)"
  is 1 "$(cat out[1-8] | jq -s length)"
  is 1 "$(sql "SELECT count(*) FROM retraining_runs")"
}

@test "runs at once on a database that is made by them" {
  for _ in {1..4}; do pl-retrain -q 2>>errors & done
  wait
  is "" "$(cat errors)"
  is 4 "$(sql "SELECT count(*) FROM retraining_runs")"
}

@test "runs while others record: none fails, and nothing is lost" {
  pl-record </dev/null
  for i in 1 2; do
    (for j in {1..10}; do tag="$i-$j-" group code m 5555555555 | pl-record -q 2>>errors; done) 3>&- &
  done
  for _ in {1..6}; do pl-retrain -q 2>>errors; done
  wait
  pl-retrain -q
  is "" "$(cat errors)"
  is 200 "$(sql "SELECT sample_count FROM model_performance_history WHERE retraining_run_id LIKE '%-7'")"
  status 0 pl-backfill --verify
}

@test "a run that is killed has stored all or nothing" {
  jq -cn 'range(1500) | . as $g | range(5) | {request_id:"r\($g) \(.)", pattern:"p\($g % 300)",
    model:"m\($g / 300 | floor)"}, {request_id:"r\($g) \(.)", quality_score:5}' | pl-record -q
  began=${EPOCHREALTIME/./}
  pl-retrain -q
  took=$((${EPOCHREALTIME/./} - began))
  for ((kill = 1; kill <= 24; kill++)); do
    timeout -s KILL "$(printf '0.%06d' $((took * kill / 20)))" pl-retrain -q >/dev/null 2>&1 || true
  done
  is "" "$(sql "SELECT run_id FROM retraining_runs r WHERE total_groups <> 1500 OR total_groups <> (SELECT count(*)
    FROM model_performance_history h WHERE h.retraining_run_id = r.run_id)")"
  is "1500|$(sql "SELECT run_id FROM retraining_runs ORDER BY id DESC LIMIT 1")" \
    "$(sql "SELECT count(*), min(retraining_run_id) FROM routing GROUP BY retraining_run_id")"
  status 0 pl-backfill --verify
  status 0 timeout 10 pl-retrain -q
}
