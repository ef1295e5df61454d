#!/usr/bin/env bats
# pl-stats, of requests: ratings, what retraining made of them, budgets and costs, on records worked out by hand.

load helper

# Five requests, three workflows (of which w3 is one that a request names), and five ratings, one of no request.
loop() {
  local members="request_id pattern model input_tokens output_tokens cache_read_tokens cache_write_tokens cost account
    session_id workflow_id timestamp"
  jq -cR --arg m "$members" '[($m | split("\\s+"; null)), split("|")] | transpose | map(select(.[1] != "") |
    {(.[0]): (.[1] | tonumber? // .)}) | add | .kind = "request"' <<'L'
r1|code|gpt-x|100|10|||0.5|A|s1||2026-02-02T23:30:00Z
r2|code|gpt-x|200|20|5|7|1.25|A|s1||2026-02-03T00:30:00Z
r3|code|claude-x|300|30|||0.25|B|s2|w3|2026-02-08T12:00:00Z
r4|analysis|claude-x||||||B|||2026-02-09T00:00:00Z
r5|||1||||0.000000001||s3||2026-03-01T00:00:00Z
L
  cat <<'L'
{"workflow_id":"w1","model":"gpt-x","cost":2,"input_tokens":1000,"account":"A","session_id":"s1",
  "created_at":"2026-02-03T05:00:00Z"}
{"workflow_id":"w2","cost":0.1,"created_at":"2026-02-28T23:59:59Z"}
{"workflow_id":"w3","model":"claude-x","cost":99,"input_tokens":99,"account":"B","created_at":"2026-02-08T12:00:00Z"}
{"request_id":"r1","quality_score":5,"is_correct":true,"timestamp":"2026-02-03T00:00:00Z"}
{"request_id":"r1","quality_score":4,"timestamp":"2026-02-04T00:00:00Z"}
{"request_id":"r2","quality_score":3,"is_correct":false,"timestamp":"2026-02-05T00:00:00Z"}
{"request_id":"r3","quality_score":4,"is_correct":true,"timestamp":"2026-02-09T00:00:00Z"}
{"request_id":"zz","quality_score":2,"timestamp":"2026-02-10T00:00:00Z"}
L
}

# Two runs that found two models, by hand: what a report shows of them is what stands in the tables.
runs() {
  pl-record </dev/null
  sql "INSERT INTO retraining_runs(id, run_id, timestamp, run_at, window_days, min_samples, policy, total_feedback,
      total_groups, patterns_updated, total_changes, due_seconds) VALUES
      (1, 'one', '2026-02-01 00:00:00', 1769904000000000, 90, 3, 'balanced', 9, 3, 1, 1, 604800),
      (2, 'two', '2026-02-08 00:00:00', 1770508800000000, 90, 3, 'balanced', 9, 4, 2, 2, NULL);
    INSERT INTO model_performance_history(pattern, provider, model, avg_quality_score, correctness_rate, sample_count,
      confidence_level, avg_cost, total_cost, quality_deviation, quality_lower_bound, avg_complexity, verdict_count,
      previous_confidence, updated_at, retraining_run_id) VALUES
      ('code', 'p', 'b', 3.5, 0.75, 5, 'medium', 0.5, 2.5, 0.5, 3.1, 0.5, 4, NULL, '2026-02-01 00:00:00', 'one'),
      ('code', 'p', 'old', 3, NULL, 3, 'low', NULL, NULL, 0.5, 2.5, NULL, 0, NULL, '2026-02-01 00:00:00', 'one'),
      ('code', 'p', 'b', 4.25, 0.875, 10, 'high', 0.25, 2.5, 0.5, 4, 0.5, 8, 'medium', '2026-02-08 00:00:00', 'two'),
      ('code', 'q', 'a', 2, NULL, 3, 'low', NULL, NULL, 0.5, 1.5, NULL, 0, NULL, '2026-02-08 00:00:00', 'two'),
      ('facts', 'p', 'b', 3.5, 1, 6, 'medium', 0.5, 3, 0.5, 3.2, 0.5, 4, NULL, '2026-02-08 00:00:00', 'two'),
      ('tales', 'p', 'b', 1, 0, 4, 'low', 0.5, 2, 0, 0.6, 0.5, 4, NULL, '2026-02-08 00:00:00', 'two');
    INSERT INTO routing(pattern, provider, model, confidence_level, sample_count, avg_quality_score,
      quality_lower_bound, correctness_rate, avg_cost, chosen_by, updated_at, retraining_run_id) VALUES
      ('facts', 'p', 'b', 'medium', 6, 3.5, 3.25, 1, NULL, '[\"balanced\",\"quality\"]', '2026-02-08 00:00:00', 'two'),
      ('code', 'p', 'b', 'high', 10, 4.25, 4, 0.875, 0.25, '[\"balanced\",\"cost\"]', '2026-02-08 00:00:00', 'two'),
      ('code', 'q', 'a', 'high', 12, 4.5, 4.25, NULL, 0.5, '[]', '2026-02-08 00:00:00', 'two')"
}

# rounded: JSON on stdin, its numbers to nine decimals
rounded() { jq -c 'walk(if type == "number" then . * 1e9 | round / 1e9 else . end)'; }

# json WANTED REPORT...: as JSON
json() {
  local wanted=$1
  shift
  status 0 pl-stats --json "$@"
  is "$(jq -c . <<<"$wanted")" "$(rounded <out)"
}

# rows FORMAT-LINES... : what CSV has below its header
rows() { pl-stats --format csv "$@" | tail -n +2; }

# exposition: ./out is Prometheus' text format: a TYPE once before a metric's samples, and no series twice
exposition() {
  awk '
    function bad(why) { print "line " NR ", " why ": " $0; failed = 1 }
    /^# TYPE [a-z_][a-z0-9_]* gauge$/ { if ($3 in types) bad("a second type"); types[metric = $3]; next }
    /^#/ { bad("a comment"); next }
    {
      if (match($0, /^[a-z_][a-z0-9_]*/) == 0) { bad("no name"); next }
      if (substr($0, 1, RLENGTH) != metric) bad("a sample of another metric")
      rest = substr($0, RLENGTH + 1)
      if (rest ~ /^\{/) {
        label = "[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\[\"\\\\n])*\""
        labels = "^\\{" label "(," label ")*\\}"
        if (match(rest, labels) == 0) { bad("labels"); next }
        rest = substr(rest, RLENGTH + 1)
      }
      if (rest !~ /^ -?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$/) bad("value")
      series = substr($0, 1, length($0) - length(rest))
      if (series in seen) bad("a series twice")
      seen[series]
    }
    END { exit failed }' out
}

# -- summary --

@test "summary: requests, ratings and costs" {
  loop | pl-record -q
  summary() { pl-stats --json "$@" | jq -c '[.total_workflows, .total_requests, .total_feedback, .total_cost]'; }
  is "[3,5,5,4.100000001]" "$(summary)"
  is "[3,5,5,4.100000001]" "$(summary summary --since 2020-01-01)"
  is "[1,2,3,3.75]" "$(summary summary --account A)"
  is "[0,1,1,null]" "$(summary summary --since 2026-02-09T00:00:00Z --until 2026-03-01 --account B)"
  is "[1,1,0,0.25]" "$(summary summary --since 2026-02-06 --until 2026-02-09)"
  is "[0,0,0,null]" "$(summary summary --account nobody)"
  loop >l
  is "[3,5,5,4.100000001]" "$(summary summary l)"
}

@test "summary: what requests alone cost, and nothing that is known" {
  echo '{"request_id":"r","cost":0}' | pl-record -q
  is "[1,0]" "$(pl-stats -j | jq -c '[.total_requests, .total_cost]')"
  fresh
  echo '{"request_id":"r","model":"own"}' | pl-record -q
  is "[1,null]" "$(pl-stats -j | jq -c '[.total_requests, .total_cost]')"
}

# -- feedback --

@test "feedback: JSON" {
  loop | pl-record -q
  json '{"total_feedback":5,"avg_quality_score":3.6,"models":[
    {"selected_model":"gpt-x","count":3,"avg_quality":4,"correctness_rate":0.5},
    {"selected_model":"claude-x","count":1,"avg_quality":4,"correctness_rate":1},
    {"selected_model":null,"count":1,"avg_quality":2,"correctness_rate":null}]}' feedback
}

@test "feedback: table, CSV, TSV and Prometheus" {
  loop | pl-record -q
  status 0 pl-stats feedback
  is "total_feedback     5
avg_quality_score  3.6

selected_model  count  avg_quality  correctness_rate
gpt-x               3            4             50.0%
claude-x            1            4            100.0%
-                   1            2                 -" "$(cat out)"
  status 0 pl-stats feedback --format csv
  is "selected_model,count,avg_quality,correctness_rate
gpt-x,3,4,0.5
claude-x,1,4,1
,1,2," "$(cat out)"
  tr , '\t' <out >wanted
  status 0 pl-stats feedback --format tsv
  cmp wanted out
  status 0 pl-stats feedback --format prometheus
  exposition
  is 'pl_feedback_total_feedback 5
pl_feedback_avg_quality_score 3.6
pl_feedback_count{selected_model="gpt-x"} 3
pl_feedback_count{selected_model="claude-x"} 1
pl_feedback_count 1
pl_feedback_avg_quality{selected_model="gpt-x"} 4
pl_feedback_avg_quality{selected_model="claude-x"} 4
pl_feedback_avg_quality 2
pl_feedback_correctness_rate{selected_model="gpt-x"} 0.5
pl_feedback_correctness_rate{selected_model="claude-x"} 1' "$(grep -v '^#' out)"
}

@test "feedback: none" {
  pl-record </dev/null
  json '{"total_feedback":0,"avg_quality_score":null,"models":[]}' feedback
  status 0 pl-stats feedback
  is "total_feedback     0
avg_quality_score  -" "$(cat out)"
  status 0 pl-stats feedback -F csv
  is 1 "$(wc -l <out)"
  status 0 pl-stats feedback -F prometheus
  exposition
  is "pl_feedback_total_feedback 0" "$(grep -v '^#' out)"
}

@test "feedback: narrowed, by the rating's time and the request's account" {
  loop | pl-record -q
  counts() { pl-stats feedback -j "$@" | jq -c '[.total_feedback, [.models[] | [.selected_model, .count]]]'; }
  is '[2,[["gpt-x",2]]]' "$(counts --since 2026-02-03T00:00:01Z --until 2026-02-09)"
  is '[1,[["claude-x",1]]]' "$(counts --account B)"
  is '[2,[["gpt-x",2]]]' "$(counts --account A --until 2026-02-05)"
  is '[0,[]]' "$(counts --account nobody)"
  loop >l
  is "$(pl-stats feedback -j)" "$(pl-stats feedback -j l)"
}

@test "feedback: a rating is counted under its request's model when that comes" {
  echo '{"request_id":"r","quality_score":5,"feedback_id":"f"}' | pl-record -q
  is '[null]' "$(pl-stats feedback -j | jq -c '[.models[].selected_model]')"
  echo '{"request_id":"r","model":"late"}' | pl-record -q
  is '["late"]' "$(pl-stats feedback -j | jq -c '[.models[].selected_model]')"
}

@test "feedback: the most rated first, then by name" {
  jq -cn '("b", "a", "c", "d") as $m | {request_id:("r" + $m), model:$m},
    (range(if $m == "c" then 2 else 1 end) | {request_id:("r" + $m), quality_score:3, feedback_id:"\($m)\(.)"})' |
    pl-record -q
  is "c a b d" "$(pl-stats feedback -j | jq -r '.models[].selected_model' | xargs)"
}

# -- learning --

@test "learning: in every format" {
  runs
  json '{"last_retraining_run":"2026-02-08 00:00:00","next_scheduled_run":"2026-02-15 00:00:00",
    "confidence_distribution":{"high":1,"medium":1,"low":1},"total_patterns":3,"total_runs":2,
    "spooled_records":0,"spooled_bytes":0,"spooled_since":null}' learning
  status 0 pl-stats learning
  is "last_retraining_run      2026-02-08 00:00:00
next_scheduled_run       2026-02-15 00:00:00
confidence_distribution  high: 1, medium: 1, low: 1
total_patterns           3
total_runs               2
spooled_records          0
spooled_bytes            0
spooled_since            -" "$(cat out)"
  status 0 pl-stats learning -F csv
  is '2026-02-08 00:00:00,2026-02-15 00:00:00,"{""high"":1,""medium"":1,""low"":1}",3,2,0,0,' "$(tail -1 out)"
  status 0 pl-stats learning -F prometheus
  exposition
  has "$(cat out)" "pl_learning_last_retraining_run 1770508800"
  has "$(cat out)" 'pl_learning_confidence_distribution{key="high"} 1'
}

@test "learning: before any run, and without an interval" {
  pl-record </dev/null
  json '{"last_retraining_run":null,"next_scheduled_run":null,"confidence_distribution":{"high":0,"medium":0,"low":0},
    "total_patterns":0,"total_runs":0,"spooled_records":0,"spooled_bytes":0,"spooled_since":null}' learning
  runs
  sql "UPDATE retraining_runs SET due_seconds = NULL"
  is null "$(pl-stats learning -j | jq .next_scheduled_run)"
  sql "UPDATE retraining_runs SET due_seconds = 60"
  is "2026-02-08 00:01:00" "$(pl-stats learning -j | jq -r .next_scheduled_run)"
}

# -- trends --

@test "trends: JSON" {
  runs
  json '{"pattern":"code","trends":[
    {"model":"a","avg_quality_score":2,"correctness_rate":null,"sample_count":3,"confidence_level":"low",
      "updated_at":"2026-02-08 00:00:00","provider":"q","avg_cost":null,"retraining_run_id":"two"},
    {"model":"b","avg_quality_score":4.25,"correctness_rate":0.875,"sample_count":10,"confidence_level":"high",
      "updated_at":"2026-02-08 00:00:00","provider":"p","avg_cost":0.25,"retraining_run_id":"two"},
    {"model":"b","avg_quality_score":3.5,"correctness_rate":0.75,"sample_count":5,"confidence_level":"medium",
      "updated_at":"2026-02-01 00:00:00","provider":"p","avg_cost":0.5,"retraining_run_id":"one"},
    {"model":"old","avg_quality_score":3,"correctness_rate":null,"sample_count":3,"confidence_level":"low",
      "updated_at":"2026-02-01 00:00:00","provider":"p","avg_cost":null,"retraining_run_id":"one"}]}' trends code
}

@test "trends: table, CSV and Prometheus" {
  runs
  status 0 pl-stats trends code
  is "model  avg_quality_score  correctness_rate  sample_count  confidence_level  updated_at           provider
a                      2                 -             3  low               2026-02-08 00:00:00  q
b                   4.25             87.5%            10  high              2026-02-08 00:00:00  p
b                    3.5             75.0%             5  medium            2026-02-01 00:00:00  p
old                    3                 -             3  low               2026-02-01 00:00:00  p" \
    "$(sed -E 's/ +[^ ]+$//' out)"
  is 'avg_cost - $0.2500 $0.5000 -' "$(awk '{ print $NF }' out | xargs)"
  is "$(pl-stats trends code -j | jq -r '.trends[0] | keys_unsorted | join(",")')" \
    "$(pl-stats trends code -F csv | head -1)"
  is "a,2,,3,low,2026-02-08 00:00:00,q,,two" "$(rows trends code | head -1)"
  status 0 pl-stats trends code -F prometheus
  exposition
  is 'pl_trends_avg_quality_score{pattern="code",model="a",provider="q"} 2
pl_trends_avg_quality_score{pattern="code",model="b",provider="p"} 4.25' "$(grep '^pl_trends_avg_quality_score' out)"
}

@test "trends: of a pattern that is not known, and of one that no run has seen" {
  runs
  for name in none "" Code "code " $'\x1b[31m'; do
    status 1 pl-stats trends "$name"
    has "$(cat err)" "pl-stats: no such pattern: "
    is "" "$(cat out)"
  done
  is 0 "$(grep -c $'\x1b' err || true)"
  status 2 pl-stats trends
  has "$(cat err)" "usage: pl-stats"
  echo '{"request_id":"r","pattern":"fresh"}' | pl-record -q
  json '{"pattern":"fresh","trends":[]}' trends fresh
  status 0 pl-stats trends fresh
  has "$(cat err)" "fresh: no retraining has looked at it yet"
}

# -- routing --

@test "routing: in every format, with what became of the advice" {
  runs
  # code to b: five times: two took it, one took another model, one has no model, one never came
  for i in 1 2 3 4 5; do
    echo "{\"request_id\":\"r$i\",\"prompt_hash\":\"00000000000000aa\",\"pattern\":\"code\"}"
  done | pl-advise -q --record
  jq -cn '(1, 2) | {request_id:"r\(.)", model:"b"}' | pl-record -q
  printf '%s\n' '{"request_id":"r3","model":"a"}' '{"request_id":"r4"}' | pl-record -q
  json '{"routing":[{"pattern":"code","provider":"q","model":"a","confidence_level":"high","sample_count":12,
      "avg_quality_score":4.5,"quality_lower_bound":4.25,"correctness_rate":null,"avg_cost":0.5,"chosen_by":[],
      "updated_at":"2026-02-08 00:00:00","advised_count":0,"followed_count":0,"not_followed_count":0},
    {"pattern":"code","provider":"p","model":"b","confidence_level":"high","sample_count":10,"avg_quality_score":4.25,
      "quality_lower_bound":4,"correctness_rate":0.875,"avg_cost":0.25,"chosen_by":["balanced","cost"],
      "updated_at":"2026-02-08 00:00:00","advised_count":5,"followed_count":2,"not_followed_count":1},
    {"pattern":"facts","provider":"p","model":"b","confidence_level":"medium","sample_count":6,
      "avg_quality_score":3.5,"quality_lower_bound":3.25,"correctness_rate":1,"avg_cost":null,
      "chosen_by":["balanced","quality"],"updated_at":"2026-02-08 00:00:00","advised_count":0,"followed_count":0,
      "not_followed_count":0}],"predictors":[],"calibration":[],"advice":[
    {"advice":"followed","request_count":2,"verdict_count":0,"good_rate":null,"avg_quality_score":null,"avg_cost":null,
      "avg_predicted":null},
    {"advice":"not_followed","request_count":1,"verdict_count":0,"good_rate":null,"avg_quality_score":null,
      "avg_cost":null,"avg_predicted":null}]}' routing
  status 0 pl-stats routing
  has "$(cat out)" "code     p         b      high                        10               4.25"
  is "model,chosen_by,not_followed_count a,-,0 b,balanced,,1 b,balanced,,0" \
    "$(sed '/^$/,$d' out | awk '{ print $3 "," $10 "," $NF }' | xargs)"
  is 'code,q,a,high,12,4.5,4.25,,0.5,[],2026-02-08 00:00:00,0,0,0' "$(rows routing | head -1)"
  status 0 pl-stats routing -F prometheus
  exposition
  has "$(cat out)" \
    'pl_routing_advised_count{pattern="code",provider="p",model="b",confidence_level="high"} 5'
}

@test "routing: none" {
  pl-record </dev/null
  json '{"routing":[],"predictors":[],"calibration":[],"advice":[]}' routing
  status 0 pl-stats routing
  has "$(cat err)" "no model is routed to"
}

# -- budgets --

@test "budgets: rows of the table, the most used first" {
  jq -cn '(range(3) | {request_id:"a\(.)", prompt_hash:"00000000000000aa", complexity:"simple", thinking_tokens:100,
      quality_score:0.5, timestamp:(1770000000 + .)}),
    (range(2) | {request_id:"b\(.)", prompt_hash:"00000000000000bb", timestamp:1770000000}),
    (range(2) | {request_id:"c\(.)", prompt_hash:"00000000000000cc", timestamp:1770000001}),
    (range(2) | {request_id:"d\(.)", prompt_hash:"00000000000000dd", timestamp:1770000001})' | pl-record -q
  status 0 pl-stats budgets -j
  is "$(sqlite3 -json "$PL_DB" "SELECT prompt_hash, complexity_level, avg_budget, usage_count, total_quality_score,
    quality_score, last_used, created_at FROM budget_patterns ORDER BY usage_count DESC, last_used DESC, prompt_hash" |
    rounded)" "$(rounded <out)"
  is "aa cc dd bb" "$(jq -r '.[].prompt_hash[14:]' out | xargs)"
  is "00000000000000aa,simple,100,3,1.5,0.5,1770000002,1770000000" "$(rows budgets --limit 1)"
  is "" "$(rows budgets --limit 0)"
  status 0 pl-stats budgets --limit 1
  is "prompt_hash       complexity_level  avg_budget  usage_count  quality_score  last_used
00000000000000aa  simple                   100            3            0.5  2026-02-02 02:40:02" "$(cat out)"
  is "" "$(cat err)"
  status 0 pl-stats budgets -F prometheus
  exposition
  has "$(cat out)" 'pl_budgets_last_used{prompt_hash="00000000000000aa",complexity_level="simple"} 1770000002'
}

@test "budgets: people see twenty, and are told so; programs see all" {
  jq -cn 'range(10; 31) | {request_id:"\(.)", prompt_hash:"00000000000000\(.)"}' | pl-record -q
  status 0 pl-stats budgets
  is 21 "$(wc -l <out)"
  has "$(cat err)" "--limit shows more"
  is 21 "$(pl-stats budgets -j | jq length)"
  status 0 pl-stats budgets --limit 21
  is "22 0" "$(wc -l <out) $(wc -c <err)"
  fresh
  pl-record </dev/null
  json '[]' budgets
}

# -- costs --

@test "costs: by day, in every format" {
  loop | pl-record -q
  wanted='day,requests,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,total_cost,without_cost
2026-02-02,1,100,10,,,0.5,0
2026-02-03,2,1200,20,5,7,3.25,0
2026-02-08,1,300,30,,,0.25,0
2026-02-09,1,,,,,,1
2026-02-28,1,,,,,0.1,0
2026-03-01,1,1,,,,1e-09,0'
  status 0 pl-stats costs -F csv
  is "$wanted" "$(cat out)"
  status 0 pl-stats costs --by day -F tsv
  is "$(tr , '\t' <<<"$wanted")" "$(cat out)"
  status 0 pl-stats costs -j
  is '["2026-02-09",1,null,null,null,null,null,1]' "$(jq -c '.[3] | [.[]]' out)"
  is "$(head -1 <<<"$wanted")" "$(jq -r '.[3] | keys_unsorted | join(",")' out)"
  status 0 pl-stats costs
  is "day         requests  input_tokens  output_tokens  cache_read_tokens  cache_write_tokens  total_cost  without_cost
2026-02-02         1           100             10                  -                   -     \$0.5000             0
2026-02-03         2         1,200             20                  5                   7       \$3.25             0" \
    "$(head -3 out)"
  status 0 pl-stats costs -F prometheus
  exposition
  has "$(cat out)" 'pl_costs_total_cost{day="2026-02-03"} 3.25'
}

@test "costs: by every grouping" {
  loop | pl-record -q
  shown() { rows costs --by "$1" | cut -d, -f 1,2,3,7,8 | paste -sd ' '; }
  is "2026-W06,4,1600,4,0 2026-W07,1,,,1 2026-W09,2,1,0.100000001,0" "$(shown week)"
  is "2026-02,6,1600,4.1,1 2026-03,1,1,1e-09,0" "$(shown month)"
  is "gpt-x,3,1300,3.75,0 claude-x,2,300,0.25,1 ,2,1,0.100000001,0" "$(shown model)"
  is "openai,3,1300,3.75,0 anthropic,2,300,0.25,1 unknown,2,1,0.100000001,0" "$(shown provider)"
  is "A,3,1300,3.75,0 B,2,300,0.25,1 ,2,1,0.100000001,0" "$(shown account)"
  is "s1,3,1300,3.75,0 s2,1,300,0.25,0 ,2,,0.1,1 s3,1,1,1e-09,0" "$(shown session)"
  is ",3,1001,2.100000001,0 code,3,600,2,0 analysis,1,,,1" "$(shown pattern)"
  for group in week month model provider account session pattern; do
    is "$group" "$(pl-stats costs --by $group -F csv | head -1 | cut -d, -f 1)"
  done
  is "2026-02-02 2026-02-03" "$(rows costs --limit 2 | cut -d, -f 1 | xargs)"
}

@test "costs: each request and workflow once, whatever it is counted by" {
  jq -cn 'range(400) | . as $i | def some($n; f): if $i % $n == 0 then null else f end;
    {request_id:"r\($i)", model:([null, "gpt-5", "claude-haiku-4-5", "own/x"][$i % 4]),
      cost:some(7; ($i * 31 % 1000) / 1e6), input_tokens:some(5; $i), account:([null, "A", "B"][$i % 3]),
      session_id:some(11; "s\($i % 90)"), pattern:some(6; "p\($i % 6)"),
      workflow_id:(if $i % 9 == 0 then "w\($i)" else null end), timestamp:(1767225600 + $i * 7919)},
    {workflow_id:"w\($i)", model:(["gpt-5", null, "mistral-large"][$i % 3]), cost:some(8; $i / 1e9),
      output_tokens:$i, account:([null, "B", "C"][$i % 3]), created_at:(1767225600 + $i * 6661)}' >in
  pl-record -q <in
  # unnamed workflows and requests, worked out anew
  jq -cs '(map(select(.request_id)) as $r | ($r | map(.workflow_id) | map(select(.)) | unique) as $named |
    $r + map(select(.workflow_id and (.request_id | not) and (.workflow_id | IN($named[]) | not)))) |
    [length, (map(.input_tokens | select(.)) | add), (map(.output_tokens | select(.)) | add)]' in >wanted
  for group in day week month model provider account session pattern; do
    for tz in UTC EST5EDT,M3.2.0,M11.1.0 XXX-13:45; do
      is "$group $(cat wanted)" "$group $(pl-stats costs --by $group --tz $tz -j | jq -c \
        '[(map(.requests) | add), (map(.input_tokens) | add), (map(.output_tokens) | add)]')"
    done
  done
  # the unpriced known costs, in nano-dollars
  is "$(pl-stats -j | jq '.total_cost * 1e9 | round')" \
    "$(pl-stats costs --by model -j | jq 'map(.total_cost * 1e9 | round) | add')"
  is "$(pl-stats costs --by session -j | jq 'map(.total_cost * 1e9 | round) | add')" \
    "$(pl-stats costs --by day -j --tz XXX-13:45 | jq 'map(.total_cost * 1e9 | round) | add')"
}

@test "costs: a model's price where no cost is given, and the cost that is" {
  printf '%s\n' '{"models":{"m":{"input":1,"output":2}}}' >prices.json
  printf '%s\n' '{"request_id":"a","model":"m","input_tokens":1000,"output_tokens":500,"cache_read_tokens":0,
    "cache_write_tokens":0}' '{"workflow_id":"w","model":"m","input_tokens":500,"output_tokens":0,"cache_read_tokens":0,
    "cache_write_tokens":0}' '{"request_id":"b","model":"m","input_tokens":1000,"output_tokens":500,"cost":5}' >in
  is "m,3,2500,5.0025,0" "$(rows costs --by model --prices prices.json in | cut -d, -f 1,2,3,7,8)"
}

@test "costs: nothing" {
  pl-record </dev/null
  json '[]' costs
  status 0 pl-stats costs
  has "$(cat err)" "no request and no workflow is recorded"
  status 0 pl-stats costs --by model -F csv
  is 1 "$(wc -l <out)"
  status 0 pl-stats costs -F prometheus
  is "" "$(cat out)"
}

@test "costs: narrowed" {
  loop | pl-record -q
  days() { rows costs "$@" | cut -d, -f 1,2,7 | paste -sd ' '; }
  is "2026-02-03,2,3.25 2026-02-08,1,0.25" "$(days --since 2026-02-03 --until 2026-02-09)"
  is "2026-02-02,1,0.5" "$(days --until 2026-02-03T00:30:00Z)"
  is "2026-02-08,1,0.25 2026-02-09,1," "$(days --account B)"
  is "" "$(days --account nobody)"
  is "2026-02-28,1,0.1 2026-03-01,1,1e-09" "$(days --since 2d)"
  loop >l
  is "$(days --account A)" "$(days --account A l)"
}

@test "costs: days of a zone" {
  loop | pl-record -q
  days() { rows costs "$@" | cut -d, -f 1,2,7 | paste -sd ' '; }
  est=EST5EDT,M3.2.0,M11.1.0
  here="2026-02-02,2,1.75 2026-02-03,1,2 2026-02-08,2,0.25 2026-02-28,2,0.100000001"
  is "$here" "$(days --tz $est)"
  is "$here" "$(TZ=$est days)"
  is "$here" "$(TZ=:$est days)"
  is "$(days --tz UTC)" "$(TZ=$est days --tz UTC)"
  is "$(days --tz UTC)" "$(TZ='' days)"
  is "$(days --tz UTC)" "$(unset TZ; days)"
  is "2026-W06,5,4 2026-W09,2,0.100000001" "$(days --tz $est --by week)"
  is "2026-02,7,4.100000001" "$(days --tz $est --by month)"
  is "2026-02-03,3,3.75 2026-02-08,1,0.25 2026-02-09,1, 2026-03-01,2,0.100000001" "$(days --tz XXX-5:45)"
  # dates are the zone's, times are UTC's
  is "2026-02-03,1,2" "$(days --tz $est --since 2026-02-03 --until 2026-02-04)"
  is "2026-02-02,2,1.75" "$(days --tz $est --until 2026-02-03)"
  is "2026-02-02,1,1.25 2026-02-03,1,2" "$(days --tz $est --since 2026-02-03T00:00:00Z --until 2026-02-04)"
  is "[2,1]" "$(pl-stats -j --tz $est --until 2026-02-03 | jq -c '[.total_requests, .total_feedback]')"
}

@test "costs: a day of 23 hours and one of 25" {
  jq -cn 'range(1772928000; 1773201600; 3600), range(1793491200; 1793750400; 3600) |
    {request_id:"\(.)", timestamp:.}' | pl-record -q
  is "2026-03-08,23 2026-03-09,24 2026-11-01,25 2026-11-02,24" "$(rows costs --tz EST5EDT,M3.2.0,M11.1.0 |
    cut -d, -f 1,2 | grep -E -- '-(03-0[89]|11-0[12])' | xargs)"
}

@test "costs: zones by name" {
  [ -e /usr/share/zoneinfo/Asia/Kathmandu ] || skip "no /usr/share/zoneinfo/Asia/Kathmandu"
  loop | pl-record -q
  is "$(pl-stats costs --tz XXX-5:45)" "$(pl-stats costs --tz Asia/Kathmandu)"
  is "$(pl-stats costs --tz XXX-5:45)" "$(TZ=:Asia/Kathmandu pl-stats costs)"
  is "$(pl-stats costs --tz XXX-5:45)" "$(TZ=:/usr/share/zoneinfo/Asia/Kathmandu pl-stats costs)"
}

@test "costs: a zone that is not known: status 2" {
  loop | pl-record -q
  for zone in Nowhere/Land EST EST5EDT,M13.1.0,M1.1.0 ../zoneinfo/UTC /etc/passwd x $'\x1b[31m'; do
    TZDIR=/nowhere status 2 pl-stats costs --tz "$zone"
    has "$(cat err)" "pl-stats: unknown time zone: "
    is "" "$(cat out)"
  done
  is 0 "$(grep -c $'\x1b' err || true)"
  TZDIR=/nowhere TZ=Europe/Berlin status 2 pl-stats costs
  has "$(cat err)" "Europe/Berlin"
  TZDIR=/nowhere TZ=Europe/Berlin status 0 pl-stats learning
  TZDIR=/nowhere TZ=Europe/Berlin status 0 pl-stats costs --tz CET-1CEST,M3.5.0,M10.5.0/3
  TZDIR=/nowhere status 2 pl-stats summary --tz Nowhere/Land
}

@test "costs: a sum that would not fit is no sum" {
  jq -cn 'range(10) | {request_id:"r\(.)", cost:1000000}' | pl-record -q
  is 10000000 "$(pl-stats costs -j | jq '.[].total_cost')"
  sql "UPDATE request SET cost = 9000000000000000000"
  for report in costs "costs --by model" "costs --check --max-cost 1" "summary --since 2020-01-01"; do
    # shellcheck disable=SC2086
    status 2 pl-stats $report
    has "$(cat err)" "the sum of all costs would not fit"
    is "" "$(cat out)"
  done
}

# -- costs --check --

@test "check: silent within the limit, a line past it" {
  loop | pl-record -q
  status 0 pl-stats costs --check --max-cost 4.100000001
  is "" "$(cat out)$(cat err)"
  status 1 pl-stats costs --check --max-cost 4.1
  is "\$4.100000001 spent, more than \$4.10" "$(cat out)"
  is "" "$(cat err)"
  status 0 pl-stats costs --check --max-cost 4.1 --until 2026-03-01
  status 0 pl-stats costs --check --max-cost 0.35 --account B
  status 1 pl-stats costs --check --max-cost 0 --account B
  is "\$0.25 spent, more than \$0.00" "$(cat out)"
  status 0 pl-stats costs --check --max-cost 0 --account nobody
  status 1 pl-stats costs -q --check --max-cost 1
  is "" "$(cat out)"
  loop >l
  status 1 pl-stats costs --check --max-cost 4 l
}

@test "check: each row by itself" {
  loop | pl-record -q
  status 1 pl-stats costs --by day --check --max-cost 0.25
  is "day 2026-02-02: \$0.50 spent, more than \$0.25
day 2026-02-03: \$3.25 spent, more than \$0.25" "$(cat out)"
  status 0 pl-stats costs --by day --check --max-cost 3.25
  status 1 pl-stats costs --by day --check --max-cost 3.249999999
  status 0 pl-stats costs --by model --check --max-cost 3.75
  status 1 pl-stats costs --by model --check --max-cost 0.1
  has "$(cat out)" "model -: \$0.100000001 spent, more than \$0.10"
  status 1 pl-stats costs --by model --check --max-cost 0.2 -j
  is '[{"model":"gpt-x","total_cost":3.75,"max_cost":0.2},{"model":"claude-x","total_cost":0.25,"max_cost":0.2}]' \
    "$(jq -c . out)"
  status 1 pl-stats costs --check --max-cost 0.2 -j
  is '{"total_cost":4.100000001,"max_cost":0.2}' "$(cat out)"
  status 1 pl-stats costs --check --max-cost 0.2 -F prometheus
  exposition
}

@test "check: a cost that is not known is past no limit" {
  echo '{"request_id":"r","model":"own"}' | pl-record -q
  status 0 pl-stats costs --check --max-cost 0
  status 0 pl-stats costs --by model --check --max-cost 0
  is "" "$(cat out)"
}

# -- options --

@test "bad usage: status 2, usage on stderr, nothing on stdout" {
  loop | pl-record -q
  for bad in "costs --by hour" "costs --by" "costs --check" "costs --max-cost 1" "--check --max-cost 1" \
    "summary --check --max-cost 1" "feedback --by day" "costs --check --max-cost -1" "costs --check --max-cost 1.5.5" \
    "costs --check --max-cost \$1" "costs --check --max-cost 0.0000000001" "costs --check --max-cost 1e30" \
    "costs --check --max-cost nan" "learning --since 1d" "trends code --account A" "routing --until 2026-01-01" \
    "budgets --account A"; do
    # shellcheck disable=SC2086
    status 2 pl-stats $bad
    has "$(cat err)" "usage: pl-stats"
    is "" "$(cat out)"
  done
  status 2 pl-stats costs --check --max-cost ""
}

@test "--help fits a screen and names every report" {
  status 0 pl-stats --help
  [ "$(wc -l <out)" -le 26 ]
  is 0 "$(grep -c '.\{81\}' out || true)"
  for report in summary patterns "pattern SIGNATURE" unmatched "why TEXT" feedback learning "trends PATTERN" routing \
    budgets costs; do
    has "$(sed -n '/^Reports:/,$p' out)" "$report"
  done
}

@test "each report: without a database, of an empty one, of files, and quietly" {
  for report in feedback learning routing budgets costs "trends x"; do
    # shellcheck disable=SC2086
    status 2 pl-stats $report
    has "$(cat err)" "there is no database"
  done
  loop >l
  for format in table json csv tsv prometheus; do
    for report in feedback learning routing budgets costs "trends code"; do
      # shellcheck disable=SC2086
      status 0 pl-stats $report -F $format l
      # shellcheck disable=SC2086
      status 0 pl-stats $report -F $format - <l
    done
  done
  status 1 pl-stats trends none l
  [ ! -e "$PL_DB" ]
  runs
  for report in feedback learning routing budgets costs "trends code"; do
    # shellcheck disable=SC2086
    status 0 pl-stats -q $report
    is "" "$(cat out)"
  done
}

# -- what a terminal must not see --

# Records whose every name is hostile, and history with it.
hostile() {
  jq -cn --arg n $'\x1b]0;x\x07\r\n\t,"\\\x7f\xc2\x9b{}=é' '{request_id:"r", model:$n, account:$n, session_id:$n,
    pattern:$n, provider:$n, cost:1, prompt_hash:"00000000000000aa"},
    {request_id:"r", quality_score:3, feedback_id:"f"},
    {workflow_id:"w", model:$n, account:$n, session_id:$n, cost:1}' | pl-record -q
  sql "INSERT INTO retraining_runs(id, run_id, timestamp, run_at, window_days, min_samples, policy, total_feedback,
      total_groups, patterns_updated, total_changes) VALUES
      (1, 'one', '2026-02-01 00:00:00', 1, 90, 3, 'cost', 1, 1, 1, 1);
    INSERT INTO model_performance_history SELECT 1, text, text, text, 3, NULL, 3, text, NULL, NULL, 0, 2, NULL, 0,
      NULL, text, 'one' FROM name WHERE text LIKE '%x%' AND length(text) > 9 LIMIT 1;
    INSERT INTO routing SELECT text, text, text, text, 3, 3, 3, NULL, NULL, '[]', text, 'one' FROM name
      WHERE text LIKE '%x%' AND length(text) > 9 LIMIT 1"
}

@test "escaping: no control character comes out of any report in any format" {
  hostile
  name=$(pl-stats costs --by model -j | jq -r '.[0].model')
  for format in table json csv tsv prometheus; do
    for report in feedback learning routing budgets "costs --by model" "costs --by provider" "costs --by account" \
      "costs --by session" "costs --by pattern" "costs --by model --check --max-cost 0" trends; do
      got=0
      if [ "$report" = trends ]; then
        pl-stats trends "$name" --format $format >out || got=$?
      else
        # shellcheck disable=SC2086
        pl-stats $report --format $format >out || got=$?
      fi
      [ "$got" -le 1 ] && [ -s out ]
      if [ $format = tsv ]; then tr -d '\t' <out >plain; else cp out plain; fi
      is "$format $report: " "$format $report: $(grep -P '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' plain | cat -v)"
      [ $format != prometheus ] || exposition
    done
  done
}

@test "escaping: JSON gives back the name, CSV keeps its columns" {
  hostile
  is $'\x1b]0;x\x07\r\n\t,"\\\x7f\xc2\x9b{}=é.' "$(pl-stats costs --by model -j | jq -r '.[0].model + "."')"
  is '"\x1B]0;x\x07\x0D\x0A\x09,""\\x7F\x9B{}=é",2,,,,,2,0' "$(rows costs --by account)"
  is 8 "$(pl-stats costs --by account -F tsv | tail -1 | awk -F '\t' '{ print NF }')"
}

# -- the whole loop --

@test "the loop: requests, ratings, retraining, advice that is followed" {
  jq -cn 'range(12) | {request_id:"g\(.)", pattern:"code", model:"gpt-x", cost:0.01, timestamp:(1771000000 + .)},
    {request_id:"g\(.)", quality_score:5, is_correct:true, timestamp:(1771000100 + .)}' | pl-record -q
  PL_NOW=2026-02-20T00:00:00Z pl-retrain -q --if-due 7d
  is '["2026-02-20 00:00:00","2026-02-27 00:00:00",{"high":1,"medium":0,"low":0},1]' "$(pl-stats learning -j |
    jq -c '[.last_retraining_run, .next_scheduled_run, .confidence_distribution, .total_patterns]')"
  is '["code",[["gpt-x",5,1,12,"high"]]]' "$(pl-stats trends code -j | jq -c '[.pattern, (.trends | map([.model,
    .avg_quality_score, .correctness_rate, .sample_count, .confidence_level]))]')"
  printf '%s\n' '{"request_id":"n1","prompt":"Fix the code"}' '{"request_id":"n2","prompt":"Debug this"}' |
    pl-advise -q --record
  printf '%s\n' '{"request_id":"n1","model":"gpt-x"}' '{"request_id":"n2","model":"other"}' | pl-record -q
  is '["openai","gpt-x",2,1,1]' "$(pl-stats routing -j | jq -c '.routing[] | [.provider, .model, .advised_count,
    .followed_count, .not_followed_count]')"
}
