#!/usr/bin/env bats
# Learned routing: features of prompts that are kept, predictors that are trained on them, advice that goes by these,
# how well it would route, and what reports tell of it. The verdicts are made, so that what can be learned is known.
# shellcheck disable=SC2016,SC2089,SC2090 # what jq is to read is quoted

load helper

# made JQ...: $i, $r (random, the same each time) and $pet of each of $n numbers from $from on
made() {
  jq -cn --argjson n "$1" --argjson from "$2" --arg tag "${tag:-}" '
    def words: ["river", "castle", "garden", "winter", "engine", "violin", "market", "planet", "desert", "bridge"];
    [limit($n; 42 + $from | recurse(. * 48271 % 2147483647))] | to_entries[] | (.key + $from) as $i |
    (.value / 7 | floor) as $r | (["cat", "dog"][$i % 2]) as $pet | ('"$3"') as $prompt | '"$4"
}

about_pets='"Tell me why my \($pet) likes toy \(1000 + $i)"'
about_words='"Tell me of the \(words[$i % 10]) near number \(1000 + $i)"'
about_places='"Tell me of the \(words[$r / 11 % 10]) and the \(words[$r / 131 % 10]) of number \(1000 + $i)"'
one_dog_in_ten='"Tell me why my \(if $i % 10 == 0 then "dog" else "cat" end) likes toy \(1000 + $i)"'

# Of the models a, b and c the later ones cost more. a is good at cats, b at dogs; or which is good is dealt at random.
pets='{a: ($pet == "cat"), b: ($pet == "dog")}'
coins='{a: ($r / 65536 | floor % 2 == 0), b: ($r / 1024 | floor % 2 == 0)}'

# answers COUNT VERDICTS [PROMPT [REQUEST [RATING]]]: so many prompts, each answered by the models of VERDICTS, which is
# an object in jq: true is a good answer, false is not, null is none. REQUEST and RATING are objects of more members.
# $tag keeps ids apart.
answers() {
  made "$1" 0 "${3:-$about_pets}" '('"$2"') | to_entries[] | select(.value != null) | .key as $m | .value as $good |
    "\($tag)\($i) \($m)" as $id |
    {request_id:$id, prompt:$prompt, model:$m, cost:{a:0.001, b:0.01, c:0.1}[$m],
      timestamp:"2026-02-20T00:00:00Z"} + ('"${4:-null}"'),
    {request_id:$id, quality_score:(if $good then 5 else 1 end), is_correct:$good, timestamp:"2026-02-20T00:00:01Z"} +
      ('"${5:-null}"')'
}

# unseen COUNT [PROMPT [MEMBERS]]: requests with prompts like those, none of which was asked before
unseen() { made "$1" 5000 "${2:-$about_pets}" '{prompt:$prompt} + ('"${3:-null}"')'; }

# learned: takes records from stdin, and retrains
learned() { pl-record -q && pl-retrain -q; }

# holds FILTER [FILE]: whether FILTER is true of every value in FILE, else ./out, of which there are some
holds() {
  jq -es 'length > 0 and all(.[]; '"$1"')' "${2:-out}" >/dev/null && return
  echo "does not hold: $1; for example of:"
  jq -c "select(($1) | not)" "${2:-out}" | head -n 2
  return 1
}

# In jq: what is predicted of a model, and its candidate.
predicted='def candidate($m): .advice.candidates[] | select(.model == $m); def of($m): candidate($m).predicted;'
cat_or_dog="$predicted"' if .prompt | contains("cat") then of("a") > 0.8 and of("b") < 0.3
  else of("a") < 0.3 and of("b") > 0.8 end'

# ask REQUEST [OPTION...]: the advice on one request
ask() {
  local request=$1
  shift
  pl-advise "$@" <<<"$request" | jq -c .advice
}

# counts [OPTION...]: how often each model is advised for ./new
counts() { pl-advise -f model "$@" new | sort | uniq -c | awk '{ print $2, $1 }' | xargs; }

# share MODEL [OPTION...]: of ./new, how many in a hundred are sent to MODEL
share() {
  local model=$1
  shift
  pl-advise -f model "$@" new | awk -v m="$model" '$0 == m { n++ } END { printf "%d", 100 * n / NR + 0.5 }'
}

# about WANTED GOT WITHIN
about() {
  awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { exit !(b != "" && a - b <= t && b - a <= t) }' && return
  printf 'wanted: %s, within %s\ngot:    %s\n' "$1" "$3" "$2"
  return 1
}

# What retraining made: everything of it, and how much.
learnt() { sqlite3 "$PL_DB" ".dump predictor%"; }
sizes() {
  sql "SELECT count(*) FROM predictor_base UNION ALL SELECT count(*) FROM predictors
    UNION ALL SELECT count(*) > 0 FROM predictor_calibration" | xargs
}

hash_of() { printf %s "$1" | sha256sum | cut -c 1-16; }

# -- predictions --

@test "predictions: of prompts that were never asked, by what is like them" {
  answers 200 "$pets" | learned
  unseen 40 | status 0 pl-advise
  is 40 "$(wc -l <out)"
  holds "$cat_or_dog"
  printf '%s\n' "Why does a cat sleep all day" "What do I feed a young dog" | status 0 pl-advise -t
  holds "$cat_or_dog"
  is "" "$(cat err)"
}

@test "predictions: pl-retrain lists the predictors, in numbers that can be counted" {
  answers 200 '{a: ($pet == "cat"), b: ($i % 4 != 0)}' "" '{cost: (if $m == "b" then null else [1, 2][$i % 2] end)}' |
    pl-record -q
  status 0 pl-retrain --json
  is '["unknown","a",200,0.5,0.25,1.5] ["unknown","b",200,0.75,0.1875,null]' "$(jq -r '.predictors[] | [.provider,
    .model, .verdict_count, .good_rate, .base_brier_score, .avg_cost] | @json' out | xargs -d '\n')"
  # what a says depends on the pet alone; of what b says half cannot be told from a prompt
  holds '.predictors[0].brier_score < 0.01 and (.predictors[1].brier_score | . > 0.08 and . < 0.19)'
  status 0 pl-retrain -v
  has "$(cat out)" "a                    200      50.0%"
  has "$(cat err)" "pl-retrain: Trained a predictor of a on 200 verdicts: Brier score 0.000, without it 0.250"
}

@test "predictions: each policy takes what it should" {
  answers 200 '{a: ($pet == "cat"), b: ($pet == "dog"), c: true}' | learned
  unseen 2 >new # of a cat and of a dog
  taken() { pl-advise --policy "$1" new | jq -r '.advice | "\(.model): \(.reason)"'; }
  is "a: cheapest of 2 within 0.05 of the best prediction (1.00)
b: cheapest of 2 within 0.05 of the best prediction (1.00)" "$(taken balanced)"
  is "a: cheapest of 2 with a prediction of at least 0.50
b: cheapest of 2 with a prediction of at least 0.50" "$(taken cost)"
  is "c: best prediction (1.00) of 3
c: best prediction (1.00) of 3" "$(taken quality)"
  # one that is right in 7 of 10 is good enough to be cheap, and not good enough to be near the best
  fresh
  answers 200 '{a: ($i % 10 < 7), b: true}' '"Tell me about number \(1000 + $i)"' | learned
  taken() { ask '{"prompt":"Tell me about number 9999"}' --policy "$1" | jq -r '"\(.model): \(.reason)"'; }
  is "a: cheapest of 2 with a prediction of at least 0.50" "$(taken cost)"
  is "b: best prediction (1.00) of 2, by more than 0.05" "$(taken balanced)"
  is "b: best prediction (1.00) of 2" "$(taken quality)"
  # where none is good enough, the best is the least evil
  fresh
  answers 200 '{a: ($i % 10 < 1), b: ($i % 10 < 3)}' '"Tell me about number \(1000 + $i)"' | learned
  is "b: best prediction (0.30) of 2, none with 0.50" "$(taken cost)"
}

@test "predictions: policies go by what is written in the candidates, prompt by prompt" {
  answers 300 '{a: ($i % 10 <= $r / 3 % 10), b: ($r / 41 % 10 < 7), c: ($r / 5 % 10 > 0), d: ($i % 10 > $r % 11)}' \
    "$about_words" | learned
  unseen 100 "$about_words" >new
  for policy in quality cost balanced; do
    status 0 pl-advise --policy $policy new
    holds 'def price: .cost // infinite; .advice | .model == (.candidates | (map(.predicted) | max) as $best |
      if "'$policy'" == "quality" then map(select(.predicted == $best))
      elif "'$policy'" == "balanced" then map(select(.predicted >= $best - 0.05))
      elif $best >= 0.5 then map(select(.predicted >= 0.5)) else map(select(.predicted == $best)) end |
      min_by(price).model) and (.candidates | length == 4 and .[3].cost == null)'
    jq -r .advice.model out | sort -u | wc -l
  done >kinds
  is "true" "$(jq -s 'add > 5' kinds)" # they are not all the same
}

@test "predictions: costs that are not known are above all others; candidates without a prediction are passed over" {
  answers 150 '{a: true, b: true}' "" '{cost: (if $m == "b" then 1000 else null end)}' | learned
  is "b b" "$(for policy in balanced cost; do ask '{"prompt":"Why"}' --policy $policy | jq -r .model; done | xargs)"
  # one that people praise, but too few: it is a candidate, with all that is known of it
  jq -cn 'range(20) | {request_id:"x\(.)", pattern:"explanation", model:"x", cost:0.0001},
    {request_id:"x\(.)", quality_score:5}' | learned
  ask '{"prompt":"Tell me why my dog sleeps"}' >out
  is '["x",5,20,"high",null]' "$(jq -c '.candidates[] | select(.model == "x") |
    [.model, .quality, .samples, .confidence, .predicted]' out)"
  is b "$(jq -r .model out)"
}

@test "predictions: every model that has a predictor is a candidate for any pattern" {
  # 5 requests to a about code make a group there; all others are explanations
  {
    answers 200 "$pets" "" '{cost: (if $m == "b" then [1, 2][$i % 2] else 0.5 end)}'
    jq -cn 'range(5) | {request_id:"c\(.)", pattern:"code", prompt:"Debug \(.)", model:"a", cost:4},
      {request_id:"c\(.)", quality_score:4}'
  } | learned
  ask '{"prompt":"Fix the code of my dog"}' >out
  is '["code","b","none"]' "$(jq -c '[.pattern, .model, .confidence]' out)"
  is '["unknown","a",4,null,4,5,"medium"] ["unknown","b",null,null,1.5,0,"none"]' "$(jq -r '.candidates[] |
    [.provider, .model, .quality, .correctness, .cost, .samples, .confidence] | @json' out | xargs -d '\n')"
  holds '.candidates[0].predicted < 0.3 and .candidates[1].predicted > 0.8'
  ask '{"prompt":"Fix the code of my cat"}' >out
  is '["a","medium"]' "$(jq -c '[.model, .confidence]' out)"
  ask '{"prompt":"Tell me why my dog sleeps"}' >out
  is '["explanation","b","low",200]' "$(jq -c '[.pattern, .model, .confidence, .candidates[1].samples]' out)"
  is '["b"]' "$(ask '{"prompt":"Fix the code of my dog"}' --models b | jq -c '[.candidates[].model]')"
  is '[null,[]]' "$(ask '{"prompt":"Fix the code of my dog"}' --models z | jq -c '[.model, .candidates]')"
}

@test "predictions: three models, each good at its own" {
  answers 240 '{a: ($i % 3 == 0), b: ($i % 3 == 1), c: ($i % 3 == 2)}' '"How old is my \(words[$i % 3]) of \($i)"' |
    learned
  unseen 30 '"How old is my \(words[$i % 3]) of \($i - 4900)"' '{wanted: ["a", "b", "c"][$i % 3]}' | status 0 pl-advise
  holds "$predicted"' .wanted as $w | .advice.model == $w and of($w) > 0.8 and
    all(.advice.candidates[] | select(.model != $w); .predicted < 0.3)'
}

@test "predictions: 100 verdicts are enough, 99 are not, and then groups decide as ever" {
  answers 99 '{a: true, b: ($i < 5)}' | pl-record -q
  status 0 pl-retrain --json
  is '[]' "$(jq -c .predictors out)"
  unseen 5 >new
  status 0 pl-advise new
  holds '.advice | .model == "a" and .reason == "the only confident model (quality 4.92)" and
    all(.candidates[]; .predicted == null)'
  mv out by_groups
  tag=last answers 1 '{a: true}' '"Tell me why my cat likes toy 1000"' | pl-record -q
  status 0 pl-retrain --json
  is '[["a",100]]' "$(jq -c '.predictors | map([.model, .verdict_count])' out)"
  status 0 pl-advise new
  holds '.advice.reason | startswith("the only model with a prediction (")'
  holds "$predicted"' of("a") > 0.8 and of("b") == null'
  # without features there are no predictors, and the same advice as with too few verdicts
  fresh
  answers 99 '{a: true, b: ($i < 5)}' | pl-record -q
  sql "DELETE FROM prompt_features"
  pl-retrain -q
  pl-advise new | cmp by_groups -
}

@test "predictions: a hundred verdicts may be on fewer prompts, and one model's do not count for another" {
  for rating in 1 2; do
    answers 60 '{a: ($pet == "cat"), b: (if $i < 49 then true else null end)}' "" "" '{feedback_id:"\($id) '$rating'"}'
  done | pl-record -q
  is '[["a",120,0.5]]' "$(pl-retrain -j | jq -c '.predictors | map([.model, .verdict_count, .good_rate])')"
  is 60 "$(sql "SELECT count(*) FROM prompt_features")"
}

@test "predictions: the same model of two providers is two" {
  answers 200 "$pets" "" '{provider: {a: "p", b: "q"}[$m], model:"m"}' | learned
  ask '{"prompt":"Why does a dog bark"}' >out
  is 'q m' "$(jq -r '"\(.provider) \(.model)"' out)"
  is '["p","m",false] ["q","m",true]' \
    "$(jq -r '.candidates[] | [.provider, .model, .predicted > 0.8] | @json' out | xargs -d '\n')"
}

@test "predictions: where verdicts are dealt at random nothing is learned" {
  answers 300 "$coins" "$about_places" | pl-record -q
  status 0 pl-retrain --json
  holds 'all(.predictors[]; .brier_score < .base_brier_score + 0.01)'
  rates=$(jq -c '.predictors | map(.good_rate)' out)
  { unseen 60 "$about_places"; answers 60 "$coins" "$about_places" | jq -c '{prompt} | select(.prompt)'; } >new
  status 0 pl-advise new
  holds '.advice.candidates | length == 2 and all(range(2) as $k | .[$k].predicted - '"$rates"'[$k]; fabs < 0.06)'
}

@test "predictions: verdicts of one kind alone" {
  answers 150 '{a: true, b: false}' "$about_places" | learned
  unseen 20 "$about_places" | status 0 pl-advise
  holds "$predicted"' of("a") > 0.9 and of("b") < 0.1 and .advice.model == "a"'
  ask '{"prompt":"Something else altogether"}' | jq -c '{advice:.}' >out
  holds "$predicted"' of("a") > 0.9 and of("a") <= 1 and of("b") < 0.1 and of("b") >= 0'
}

@test "predictions: prompts of every kind are foretold within bounds" {
  answers 150 "$pets" | learned
  {
    jq -cn '"", " ", "\u0000", "!?", "123", "猫が好きです", ("cat " * 20000), ("x" * 100000), "CAT",
      "chat\u0301" | {prompt:.}'
    echo '{"messages":[{"role":"user","content":"Why does my cat purr"}]}'
  } >new
  pl-advise new >out 2>err
  is 11 "$(wc -l <out)"
  holds '.advice.candidates | length == 2 and all(.[]; .predicted | . >= 0 and . <= 1)'
  holds "$predicted"' of("a") > 0.8' <(grep -E 'CAT|purr|cat cat' out)
}

# -- verdicts --

@test "verdicts: without is_correct a quality of 4 is good, and 3 is not" {
  answers 200 "$pets" "" "" '{is_correct:null, quality_score:(if $good then 4 else 3 end)}' | pl-record -q
  status 0 pl-retrain --json
  holds '.predictors | length == 2 and all(.[]; .good_rate == 0.5 and .verdict_count == 200)'
  unseen 20 | status 0 pl-advise
  holds "$cat_or_dog"
}

@test "verdicts: is_correct says more than the quality" {
  answers 200 "$pets" "" "" '{quality_score:(if $good then 1 else 5 end)}' | pl-record -q
  is '[0.5,0.5]' "$(pl-retrain --json | jq -c '.predictors | map(.good_rate)')"
  unseen 20 | status 0 pl-advise
  holds "$cat_or_dog"
}

@test "verdicts: those out of the window are not learned from" {
  answers 150 "$pets" "" "" '{timestamp:"2025-11-20T00:00:00Z"}' | pl-record -q
  is '0 2' "$(for window in 90 120; do pl-retrain -j --window $window | jq '.predictors | length'; done | xargs)"
  # the rating's time counts, to the moment
  fresh
  answers 100 '{a: true}' "" "" '{timestamp:"2026-02-20T12:00:00Z"}' | pl-record -q
  is '100' "$(PL_NOW=2026-02-25T12:00:00Z pl-retrain -j --window 5 | jq '.predictors[].verdict_count')"
  is '' "$(PL_NOW=2026-02-25T12:00:01Z pl-retrain -j --window 5 | jq '.predictors[].verdict_count')"
  is '' "$(PL_NOW=2026-02-20T11:59:59Z pl-retrain -j --window 5 | jq '.predictors[].verdict_count')"
}

@test "verdicts: a model that has become better is foretold to be" {
  at() { tag=$1 answers 150 "$2" "" '{timestamp:"'"$1"'", cost:'"$3"'}' '{timestamp:"'"$1"'"}'; }
  { at 2026-01-01T00:00:00Z '{a: false, b: true}' 1; at 2026-02-25T00:00:00Z '{a: true, b: false}' 3; } | pl-record -q
  now() { PL_NOW=$1 pl-retrain -q --window "$2" && unseen 10 | status 0 pl-advise; }
  now 2026-01-10T00:00:00Z 90
  holds "$predicted"' of("a") < 0.2 and of("b") > 0.8 and .advice.model == "b"'
  now 2026-03-01T00:00:00Z 90
  holds "$predicted"' of("a") > 0.35 and of("a") < 0.65'
  is 2 "$(sql "SELECT avg_cost FROM predictors WHERE model = 'a'" | cut -d. -f1)"
  now 2026-03-01T00:00:00Z 30
  holds "$predicted"' of("a") > 0.8 and of("b") < 0.2 and .advice.model == "a"'
  is 3 "$(sql "SELECT avg_cost FROM predictors WHERE model = 'a'" | cut -d. -f1)"
}

# -- once, and free of order --

@test "the same predictors, whatever order and number of readings and processes the records came in" {
  answers 150 '{a: ($pet == "cat"), b: ($r / 1024 | floor % 3 > 0)}' "$about_places" >records
  unseen 30 "$about_places" >new
  # seen NAME: all that can be seen of the database, in files of that name
  seen() {
    figures >"$1.figures"
    pl-retrain --json >"$1.retrained"
    pl-advise new >"$1.advised"
    pl-advise --strong-share 0.4 -f model new >"$1.shared"
    learnt >"$1.learnt"
    sql "SELECT printf('%016x', prompt_hash), version, hex(features) FROM prompt_features ORDER BY 1" >"$1.features"
  }
  pl-record -q records
  seen once
  is 2 "$(jq '.predictors | length' once.retrained)"
  is 150 "$(wc -l <once.features)"
  jq -r 'select(.prompt) | .prompt' records | head -5 | while read -r prompt; do
    grep -q "^$(hash_of "$prompt")|2|" once.features || return 1
  done
  fresh
  grep quality_score records | sort -r | pl-record -q
  shuf --random-source=<(yes) records | split -n r/3 - part.
  for part in part.*; do pl-record -q "$part" 2>>errors & done
  wait
  pl-record -q records
  is "" "$(cat errors)"
  seen again
  for file in once.*; do cmp "$file" "again.${file#once.}"; done
  status 0 pl-backfill --verify
}

@test "the same predictors, when they are trained again" {
  answers 150 "$coins" "$about_places" | learned
  learnt | sed 's/20260301T120000Z-1/RUN/g' >one
  pl-retrain -q
  learnt | sed 's/20260301T120000Z-2/RUN/g' | cmp one -
  is 2 "$(sql "SELECT count(*) FROM predictors WHERE retraining_run_id = '20260301T120000Z-2'")"
}

@test "a corrected verdict is learned from instead of the one before it" {
  answers 120 "$pets" "" "" '{feedback_id:$id}' | pl-record -q
  answers 120 '{a: ($pet == "dog"), b: ($pet == "cat")}' "" "" \
    '{feedback_id:$id, timestamp:"2026-02-21T00:00:00Z"}' | learned
  is "120 120" "$(sql "SELECT verdict_count FROM predictors" | xargs)"
  is b "$(ask '{"prompt":"Why does my cat purr"}' | jq -r .model)"
}

# -- privacy --

@test "no word of a prompt is in the database, and features are" {
  answers 120 "$pets" '"Xylocarp Plinth \(if $i % 3 == 0 then "quokka" else "zyzzyva" end) \($pet) \($i)"' \
    '{account:"weald"}' | learned
  pl-advise --record -q <<<'{"request_id":"n","prompt":"Xylocarp quokka"}'
  is 120 "$(sql "SELECT count(*) FROM prompt_features")"
  is "2 1" "$(sql "SELECT count(*) FROM predictors" | xargs) $(sql "SELECT count(*) FROM advice")"
  cat "$PL_DB"* >bytes
  grep -q -a weald bytes # what is kept is found so
  for word in xylocarp plinth quokka zyzzyva; do
    ! grep -q -a -i "$word" bytes || return 1
  done
}

@test "a prompt's hash alone is enough, once the prompt is known" {
  # the database knows a prompt that no verdict is on; the hash of another it has never met
  { answers 200 "$pets"; echo '{"request_id":"k","prompt":"Tell me why my dog sleeps"}'; } | learned
  known=$(hash_of "Tell me why my dog sleeps")
  advised() { ask "{\"prompt_hash\":\"$1\",\"pattern\":\"explanation\"}"; }
  advised "$known" | jq -c '{advice:.}' >out
  holds "$predicted"' of("a") < 0.3 and of("b") > 0.8 and .advice.model == "b"'
  is "$(ask '{"prompt":"Tell me why my dog sleeps"}' | jq -c .candidates)" "$(jq -c .advice.candidates out)"
  advised 0123456789abcdef >out
  is '[null,null]' "$(jq -c '.candidates | map(.predicted)' out)"
  is "no model has ratings that are many and good enough" "$(jq -r .reason out)"
}

@test "a prompt's hash alone is enough, whether or not a pattern is given" {
  answers 200 "$pets" | learned
  known=$(hash_of "Tell me why my dog likes toy 1001")
  is b "$(ask "{\"prompt_hash\":\"$known\"}" | jq -r .model)"
}

@test "a request without a prompt, and one with an empty one, leaves no features" {
  pl-record -q <<'R'
{"request_id":"a","model":"m","prompt_hash":"0123456789abcdef"}
{"request_id":"b","model":"m","prompt":""}
{"request_id":"c","model":"m"}
R
  is 0 "$(sql "SELECT count(*) FROM prompt_features")"
  is 3 "$(sql "SELECT count(*) FROM routing_metrics")"
}

# -- what is stored --

@test "--dry-run trains, tells, and writes nothing" {
  answers 150 "$pets" | pl-record -q
  cp "$PL_DB" before
  status 0 pl-retrain --dry-run --json
  cmp before "$PL_DB"
  is "0 0 0" "$(sizes)"
  jq -c .predictors out >dry
  is 2 "$(jq length dry)"
  pl-retrain --json | jq -c .predictors | cmp dry -
  is "1 2 1" "$(sizes)"
  learnt >kept
  pl-retrain -q --dry-run --window 1
  learnt | cmp kept -
}

@test "a run with too few verdicts takes the predictors away, and groups decide again" {
  { answers 150 '{a: ($pet == "cat"), b: true}'; tag=new answers 60 '{a: true}' "" "" \
    '{timestamp:"2026-02-28T00:00:00Z"}'; } | learned
  is "1 2 1" "$(sizes)"
  is b "$(ask '{"prompt":"Tell me why my dog sleeps"}' | jq -r .model)"
  pl-retrain -q --window 5
  is "0 0 0" "$(sizes)"
  is '["a","the only confident model (quality 4.89)",[null]]' "$(ask '{"prompt":"Tell me why my dog sleeps"}' |
    jq -c '[.model, .reason, (.candidates | map(.predicted))]')"
  status 0 pl-backfill --verify
  pl-retrain -q
  is "1 2 1" "$(sizes)"
}

# answered WANTED: whether the next answer of the coprocess FILTER is that
answered() {
  local answer
  echo "Tell me why my dog barks" >&"${FILTER[1]}"
  read -rt 2 answer <&"${FILTER[0]}"
  [ "$answer" = "$1" ]
}

@test "a running pl-advise goes by new predictors, and without them when they are gone" {
  pl-record </dev/null
  coproc FILTER { pl-advise -t -f model 3>&- 2>err; }
  answered ""
  answers 150 "$pets" | learned
  soon answered b
  pl-retrain -q --window 1
  soon answered ""
  pid=$FILTER_PID
  eval "exec ${FILTER[1]}>&-"
  wait "$pid"
  is "" "$(cat err)"
}

@test "--record keeps what was predicted of the model that was advised" {
  answers 150 "$pets" | learned
  learnt >before
  unseen 6 "" '{request_id:"n\($i)"}' >new
  pl-advise new >out
  is 0 "$(sql "SELECT count(*) FROM routing_advice")"
  echo '{"request_id":"h","prompt_hash":"0123456789abcdef","pattern":"explanation"}' >>new
  pl-advise --record new >out
  sql "SELECT json_object('id', request_id, 'model', model, 'predicted', predicted) FROM routing_advice
    ORDER BY request_id" | jq -c '.predicted |= if . then . * 1e9 | round else . end' >stored
  jq -c '.advice.model as $m | {id:.request_id, model:$m, predicted:(.advice.candidates[] | select(.model == $m) |
      .predicted * 1e9 | round)} // {id:.request_id, model:null, predicted:null}' out | jq -sc 'sort_by(.id)[]' |
    cmp - stored
  is "a a a b b b null" "$(jq -r .model stored | sort | sed 's/^$/null/' | xargs)"
  is "a|0 b|0" "$(sql "SELECT model, sum(predicted < 0.8) FROM routing_advice WHERE model > '' GROUP BY 1" | xargs)"
  learnt | cmp before -
}

@test "--apply sets the model that is predicted to be right" {
  answers 150 "$pets" | learned
  is '{"model":"b","prompt":"Why does my dog bark","thinking_budget":10000}' \
    "$(pl-advise --apply <<<'{"model":"x","prompt":"Why does my dog bark"}')"
}

# -- shares --

graded='{a: ($i % 10 <= $r / 3 % 10), b: true}' # the less likely a is right, the more a prompt needs b

@test "--strong-share: none, all, and as many as are said" {
  answers 500 "$graded" "$about_words" | learned
  unseen 300 "$about_words" >new
  is "a 300" "$(counts --strong-share 0)"
  is "b 300" "$(counts --strong-share 1)"
  for percent in 10 30 80; do about $percent "$(share b --strong-share 0.$percent)" 4; done
  # those that need it most: what is sent to b is sent there when more are, too
  pl-advise -f model --strong-share 0.3 new | paste -d' ' - <(pl-advise -f model --strong-share 0.6 new) >two
  is "a a|a b|b b" "$(sort -u two | paste -sd'|')"
  status 0 pl-advise --strong-share 0.3 new
  is "" "$(cat err)"
  holds '.advice | (.model == "b") == (.reason | startswith("needs the dearest model (+0.") and
    endswith("), as 30% of requests do most"))'
  # whatever a is rated, need is what b is better by
  holds "$predicted"' (of("b") - of("a") > 0.5) or .advice.model == "a"'
}

@test "--strong-share: all, where half of the prompts need it much more than the others" {
  answers 200 '{a: ($pet == "cat"), b: true}' | learned
  unseen 100 >new
  is "a 100" "$(counts --strong-share 0)"
  is "b 100" "$(counts --strong-share 1)"
}

@test "--strong-share: a part of those that need it alike" {
  answers 200 '{a: ($pet == "cat"), b: true}' | learned
  unseen 300 >new
  about 30 "$(share b --strong-share 0.3)" 6
  about 70 "$(share b --strong-share 0.7)" 6
}

@test "--strong-share: where nothing tells prompts apart a part of them, and the same ones each time" {
  answers 300 "$coins" "$about_places" | learned
  unseen 400 "$about_places" >new
  about 30 "$(share b --strong-share 0.3)" 5
  about 75 "$(share b --strong-share 0.75)" 5
  pl-advise --strong-share 0.3 new >one
  tac new | pl-advise --strong-share 0.3 | tac | cmp one -
}

@test "--strong-share: between the models that are allowed" {
  answers 300 '{a: ($i % 10 <= $r / 3 % 10), b: ($r / 5 % 10 > 1), c: true}' "$about_words" | learned
  unseen 200 "$about_words" >new
  about 20 "$(share c --strong-share 0.2)" 6
  is "b 200" "$(counts --strong-share 1 --models a,b)"
  about 40 "$(share b --strong-share 0.4 --models a,b)" 11 # a kind of prompt more or less
  is "c 200" "$(counts --strong-share 1 --models c,unknown/b)"
  # what is not sent to the dearest is as the policy has it, among the others
  is "a 200" "$(counts --strong-share 0 --models a,c --policy quality)"
  is "$(counts --policy quality --models a,b)" "$(counts --strong-share 0 --policy quality)"
}

# by_policy [OPTION...]: a share is of no use, which is said once, and advice is as without it
by_policy() {
  unseen 20 >new
  status 0 pl-advise "$@" new
  cp out wanted
  status 0 pl-advise --strong-share 0.5 "$@" new
  cmp wanted out
  is "pl-advise: warning: --strong-share needs predictions and costs of two models: going by policy" "$(cat err)"
}

@test "--strong-share: without two models to choose between it is said once, and the policy goes on" {
  answers 99 "$pets" | learned
  by_policy
  fresh && answers 150 "$pets" | learned
  by_policy --models a
  by_policy --models none
  fresh && answers 150 "$pets" "" '{cost:null}' | learned
  by_policy
}

@test "--strong-share: where the cost of one alone is known, none is known to be the dearest" {
  answers 150 "$pets" "" '{cost:(if $m == "a" then null else 1 end)}' | learned
  by_policy
}

@test "--strong-share: bad values" {
  pl-record </dev/null
  for bad in -0.1 1.1 0.5x nan 1e400 ""; do
    status 2 pl-advise --strong-share "$bad" <<<'{"prompt":"x"}'
    has "$(cat err)" "usage: pl-advise"
    is "" "$(cat out)"
  done
  for good in 1.0 5e-1; do status 0 pl-advise -q --strong-share $good </dev/null; done
}

# -- evaluation --

# Of 200 prompts a is right at the 180 about cats, and b at all.
telling() { answers 200 '{a: ($i % 10 != 0), b: true}' "$one_dog_in_ten" "" "$@"; }

# rounded: JSON on stdin, its numbers to six decimals
rounded() { jq -c 'walk(if type == "number" then . * 1e6 | round / 1e6 else . end)'; }

# refused WHY OPTION...: an evaluation that cannot be made
refused() {
  local why=$1
  shift
  status 2 pl-retrain --evaluate "$@"
  has "$(cat err)" "$why"
  is "" "$(cat out)"
}

@test "--evaluate: all of it, counted by hand" {
  telling | pl-record -q
  cp "$PL_DB" before
  status 0 pl-retrain --evaluate --json
  is "" "$(cat err)"
  cmp before "$PL_DB"
  # a fold's prompts are judged by what the others hold, so that base_brier_score is near 0.9 * 0.1
  is '{"cheap":{"provider":"unknown","model":"a","avg_cost":0.001,"verdict_count":200},"dear":{"provider":"unknown",
    "model":"b","avg_cost":0.01,"verdict_count":200},"prompts":200,"paired_prompts":200,"estimate":"pairs",
    "folds":5}' "$(rounded <out | jq 'del(.routers, .curve) |
    walk(if type == "object" then del(.brier_score, .base_brier_score) else . end)' | jq -c . |
    sed 's/"dear":{"provider":"unknown",/&\n    /; s/"estimate":"pairs",/&\n    /')"
  holds '(.cheap.base_brier_score | . > 0.085 and . < 0.095) and .dear.base_brier_score < 1e-9 and
    .cheap.brier_score < 0.01 and .dear.brier_score < 0.01'
  # to send the 20 in 200 to b recovers all: the mean over shares is 1 - 0.1 / 2
  is '["all_cheap",0.9,null,null,null,null,null,null,null]
["random",0.95,0.5,0.5,0.8,0.0055,0.0082,0.45,0.18]
["prediction",1,0.95,0.05,0.08,0.00145,0.00172,0.855,0.828]
["all_dear",1,null,null,null,null,null,null,null]' "$(rounded <out | jq -c '.routers[] | select(.router != "pattern") |
    [.router, .quality, .apgr, .dear_share_50, .dear_share_80, .cost_50, .cost_80, .saved_50, .saved_80]')"
  is "router quality apgr dear_share_50 dear_share_80 cost_50 cost_80 saved_50 saved_80" \
    "$(jq -r '.routers[2] | keys_unsorted[]' out | xargs)"
  is "all_cheap random pattern prediction all_dear" "$(jq -r '.routers[].router' out | xargs)"
  is 21 "$(jq '.curve | length' out)"
  is '{"dear_share":0,"cost":0.001,"random":0.9,"pattern":0.9,"prediction":0.9}
{"dear_share":0.05,"cost":0.00145,"random":0.905,"prediction":0.95}
{"dear_share":1,"cost":0.01,"random":1,"pattern":1,"prediction":1}' \
    "$(rounded <out | jq -c '.curve | .[1] |= del(.pattern) | .[0, 1, 20]')"
}

@test "--evaluate: patterns route where they tell, and not where there is one" {
  # three in ten prompts ask for code, which a does not write
  answers 200 '{a: ($i % 10 > 2), b: true}' \
    '"\(if $i % 10 > 2 then "Tell me why" else "Debug the code of" end) number \($i)"' | pl-record -q
  status 0 pl-retrain --evaluate --json
  is '["pattern",0.85,1]' "$(rounded <out | jq -c '.routers[2] | [.router, .apgr, .quality]')"
  holds '.routers[3] | .router == "prediction" and .apgr > 0.83 and .apgr <= 0.85 and .quality == 1'
  fresh && telling | pl-record -q
  status 0 pl-retrain --evaluate --json
  holds '.routers[2].apgr | . > 0.35 and . < 0.65'
}

@test "--evaluate: where verdicts are dealt at random, so is the routing" {
  answers 400 '{a: ($r / 65536 | floor % 10 < 4), b: ($r / 1024 | floor % 10 < 7)}' "$about_places" | pl-record -q
  status 0 pl-retrain --evaluate --json
  holds '.routers[3].apgr | . > 0.35 and . < 0.65'
  is "$(sql "SELECT round(avg(is_correct), 6) FROM response_feedback GROUP BY selected_model ORDER BY selected_model" |
    xargs)" "$(rounded <out | jq -r '.routers[0, 4].quality' | xargs)"
}

@test "--evaluate: the same each time, of the database alone, and for people" {
  telling | pl-record -q
  pl-retrain --evaluate --json >one
  pl-retrain -q
  pl-retrain --evaluate --json | cmp one -
  status 0 pl-retrain --evaluate
  has "$(cat out)" "200 prompts in 5 folds, each predicted by what the other folds taught"
  has "$(cat out)" "prompts without verdicts on both models are left out"
  is "prediction 100.0% 0.95 5.0% 8.0% \$0.0017 82.8%" "$(grep '^prediction' out | xargs)"
  is "cheap a 200 \$0.0010|dear b 200 \$0.0100" "$(grep -E '^(cheap|dear) ' out | awk '{ print $1, $2, $3, $4 }' |
    paste -sd'|')"
  status 0 pl-retrain --evaluate -q -v
  is "" "$(cat out)"
  is "pl-retrain: Fold 5 of 5 done" "$(sed -n 5p err)"
  cp "$PL_DB" before
  chmod 400 "$PL_DB"
  status 0 pl-retrain --evaluate --json
  cmp one out
  cmp before "$PL_DB"
}

@test "--evaluate: a dear model that is no better has no gain to recover" {
  answers 200 "$pets" | pl-record -q
  status 0 pl-retrain --evaluate --json
  is '[["all_cheap",0.5,null],["prediction",1,null],["all_dear",0.5,null]]' \
    "$(rounded <out | jq -c '[.routers[0, 3, 4] | [.router, .quality, .apgr]]')"
  status 0 pl-retrain --evaluate
  has "$(cat out)" "The models are as good as each other, as far as so few verdicts can tell."
  # what the cheap one is better by is no chance
  fresh && answers 200 '{a: true, b: ($i % 10 != 0)}' "$one_dog_in_ten" | pl-record -q
  status 0 pl-retrain --evaluate --json
  is '[["all_cheap",1,null],["prediction",1,null],["all_dear",0.9,null]]' \
    "$(rounded <out | jq -c '[.routers[0, 3, 4] | [.router, .quality, .apgr]]')"
  status 0 pl-retrain --evaluate
  has "$(cat out)" "The dear model answers no better: there is no gain to recover."
}

@test "--evaluate: between the dearest and the cheapest, or the two that are named" {
  answers 150 '{a: ($i % 10 != 0), b: true, c: ($i % 10 != 5)}' "$one_dog_in_ten" | pl-record -q
  pair() {
    pl-retrain --evaluate -j "$@" | rounded |
      jq -c '[.cheap.model, .dear.model, .routers[0].quality, .routers[4].quality]'
  }
  is '["a","c",0.9,0.9]' "$(pair)"
  is '["a","b",0.9,1]' "$(pair --models a,b)"
  is '["b","c",1,0.9]' "$(pair --models unknown/c,b)"
  is '["a","b",0.9,1]' "$(pair --models b,unknown/a)"
}

@test "--evaluate: models that are not to be had" {
  { telling; jq -cn 'range(110) as $i | ("p", "q") as $p | {request_id:"\($p)\($i)", prompt:"Say \($i)",
    model:"\($p)/m"}, {request_id:"\($p)\($i)", quality_score:5}'; } | pl-record -q
  refused "pl-retrain: nobody has fewer than 100 verdicts" --models a,nobody
  refused "pl-retrain: nobody has fewer than 100 verdicts" --models nobody,a
  refused "pl-retrain: a and a are the same model" --models a,a
  refused "are the same model" --models a,unknown/a
  refused "m may be models of several providers: name one with its provider" --models a,m
  refused "p/m has 110 verdicts on prompts whose features are kept, and needs 125" --models p/m,q/m
}

@test "--evaluate: too few verdicts, or no costs" {
  refused "there is no database"
  [ ! -e "$PL_DB" ]
  pl-record </dev/null
  refused "needs two models, each with a known cost and 125 verdicts on prompts whose text was recorded; there are 0"
  answers 125 '{a: true, b: (if $i < 124 then true else null end)}' | pl-record -q
  refused "there is 1"
  refused "b has 124 verdicts on prompts whose features are kept, and needs 125" --models a,b
  fresh && answers 110 '{a: true, b: true}' | pl-record -q
  refused "there are 0"
  refused "there are 0" --window 1
  fresh && telling '{cost:null}' </dev/null | pl-record -q
  sql "UPDATE request SET cost = NULL"
  refused "there are 0"
  # named ones need no costs: what they would cost is not known
  status 0 pl-retrain --evaluate -j --models a,b
  is '[0.95,0.05,null,null,null]' "$(rounded <out | jq -c '.routers[3] | [.apgr, .dear_share_50, .cost_50, .saved_80] +
    [.avg_cost]')"
}

@test "--evaluate: prompts that are not the same for both are compared by their ranks" {
  answers 600 '{($i % 2 | if . == 0 then "a" else "b" end): ($i % 2 == 1 or $i / 2 % 4 >= 1)}' \
    '"Tell me why my \(if $i / 2 % 4 < 1 then "dog" else "cat" end) likes toy \(1000 + $i)"' | pl-record -q
  status 0 pl-retrain --evaluate --json
  is '["ranks",600,0,300,300]' \
    "$(jq -c '[.estimate, .prompts, .paired_prompts, .cheap.verdict_count, .dear.verdict_count]' out)"
  # a quarter of the prompts is about dogs, at which only b is good: all is gained by then
  about 0.75 "$(jq '.routers[0].quality' out)" 0.03
  about 1 "$(jq '.routers[4].quality' out)" 0.000001
  about 0.875 "$(jq '.routers[3].apgr' out)" 0.03
  about 0.125 "$(jq '.routers[3].dear_share_50' out)" 0.03
  status 0 pl-retrain --evaluate
  has "$(cat out)" "none has verdicts on both models"
}

@test "--evaluate: options that do not go together" {
  telling | pl-record -q
  for bad in "--models a,b" "--evaluate --explain" "--evaluate --policy cost" "--evaluate --if-due 7d" \
    "--evaluate --models a" "--evaluate --models a,b,c" "--evaluate --models a," "--evaluate x"; do
    # shellcheck disable=SC2086
    status 2 pl-retrain $bad
    has "$(cat err)" "usage: pl-retrain"
    is "" "$(cat out)"
  done
  is 0 "$(sql "SELECT count(*) FROM retraining_runs")"
}

# -- reports --

@test "pl-stats routing: predictors, and how often they were right" {
  answers 200 '{a: ($pet == "cat"), b: ($r / 1024 | floor % 4 > 0)}' | pl-record -q
  pl-retrain --json | jq -c '.predictors[]' >told
  status 0 pl-stats routing --json
  is "routing predictors calibration advice" "$(jq -r 'keys_unsorted[]' out | xargs)"
  jq -c '.predictors[] | del(.updated_at)' out | cmp told -
  is "2026-03-01 12:00:00" "$(jq -r '[.predictors[].updated_at] | unique[]' out)"
  is '[200,100] [200,'"$(sql "SELECT sum(is_correct) FROM response_feedback WHERE selected_model = 'b'")"']' \
    "$(jq -r '.calibration | group_by(.model)[] | [(map(.verdict_count) | add),
      (map(.verdict_count * .good_rate) | add | round)] | @json' out | xargs -d '\n')"
  is "$(jq '.calibration | length' out)" \
    "$(pl-stats routing -F prometheus | grep -c '^pl_calibration_good_rate{.*predicted_from="0\.[0-9]"')"
  holds 'all(.calibration[]; .verdict_count > 0 and (.predicted_to - .predicted_from | . > 0.0999 and . < 0.1001) and
    .avg_predicted >= .predicted_from and .avg_predicted <= .predicted_to)'
  # a's verdicts are foretold: those in the lowest tenth were bad, those in the highest good
  is '[0,0] [0.9,1]' \
    "$(jq -r '.calibration[] | select(.model == "a") | [.predicted_from, .good_rate] | @json' out | xargs -d '\n')"
}

@test "pl-stats routing: what became of advice, counted by hand" {
  # one group that is confident makes a route; a dog's prompt goes to b
  { answers 150 "$pets"; jq -cn 'range(10) | {request_id:"c\(.)", pattern:"code", model:"z"},
    {request_id:"c\(.)", quality_score:5}'; } | learned
  jq -cn 'range(1; 7) | {request_id:"r\(.)", prompt:"Tell me why my dog eats \(.)"}' >new
  pl-advise --record new | jq -s 'map(select(.request_id | IN("r1", "r2", "r3")) | .advice.candidates[1].predicted) |
    add / length' >predicted
  # r1, r2 and r3 took it, r4 and r5 did not, r6 never came; r1 has two ratings
  pl-record -q <<'R'
{"request_id":"r1","model":"b","cost":0.5}
{"request_id":"r2","model":"b","cost":1}
{"request_id":"r3","model":"b"}
{"request_id":"r4","model":"a","cost":2}
{"request_id":"r5","model":"a","cost":2.5}
{"request_id":"r1","quality_score":2,"is_correct":true,"feedback_id":"1"}
{"request_id":"r1","quality_score":3,"feedback_id":"2"}
{"request_id":"r2","quality_score":4,"feedback_id":"3"}
{"request_id":"r4","quality_score":5,"is_correct":false,"feedback_id":"4"}
{"request_id":"r6","quality_score":5,"feedback_id":"5"}
R
  status 0 pl-stats routing --json
  is '["followed",3,3,0.666667,3,0.75] ["not_followed",2,1,0,5,2.25]' "$(jq -r '.advice[] | [.advice, .request_count,
    .verdict_count, (.good_rate * 1e6 | round / 1e6), .avg_quality_score, .avg_cost] | @json' out | xargs -d '\n')"
  about "$(cat predicted)" "$(jq '.advice[0].avg_predicted' out)" 0.000001
  status 0 pl-stats routing
  is "advice request_count verdict_count good_rate avg_quality_score avg_cost avg_predicted|followed 3 3 66.7% 3 \
\$0.7500" "$(grep -A 2 '^what became of advice' out | sed '1d; s/ *[^ ]*%$//' | tr -s ' ' | paste -sd'|')"
  for heading in "predictions, on prompts that were not learned from" \
    "how often answers were good, by what was predicted"; do has "$(cat out)" "$heading"; done
  # CSV is of rows of one kind: the routes
  status 0 pl-stats routing --format csv
  is "code,unknown,z,high,10,5 2" "$(tail -1 out | cut -d, -f1-6) $(wc -l <out)"
  status 0 pl-stats routing --format tsv
  is 2 "$(wc -l <out)"
  status 0 pl-stats routing --format prometheus
  is 'pl_predictors_verdict_count{provider="unknown",model="a"} 150
pl_predictors_verdict_count{provider="unknown",model="b"} 150
pl_advice_request_count{advice="followed"} 3
pl_advice_request_count{advice="not_followed"} 2' "$(grep -E '^pl_(predictors_verdict|advice_request)_count' out)"
  is 'pl_routing_sample_count{pattern="code",provider="unknown",model="z",confidence_level="high"} 10' \
    "$(grep '^pl_routing_sample_count' out)"
  is "" "$(grep -v '^#' out | sed 's/ [^ ]*$//' | sort | uniq -d)" # no series twice
  has "$(cat out)" 'pl_calibration_verdict_count{provider="unknown",model="a"'
}

@test "pl-stats routing: nothing yet" {
  pl-record </dev/null
  status 0 pl-stats routing --json
  is '{"routing":[],"predictors":[],"calibration":[],"advice":[]}' "$(jq -c . out)"
  status 0 pl-stats routing
  has "$(cat err)" "no model is routed to"
  is "" "$(cat out | tail -n +2)"
  status 0 pl-stats routing -F prometheus
  is "" "$(cat out)"
  # predictors alone are something
  answers 100 '{a: false}' | learned
  status 0 pl-stats routing
  is "" "$(cat err)"
  has "$(cat out)" "predictions, on prompts that were not learned from"
}

# -- the database --

@test "migration: a database without features gets them from the same logs, and a copy is kept" {
  mkdir logs
  answers 120 "$pets" >logs/a.jsonl
  jq -cn 'range(30) | {workflow_id:"w\(.)", nl_input:"Run pytest \(.)", cost:0.1, created_at:(1771000000 + .)}' \
    >logs/b.jsonl
  pl-backfill -q logs
  pl-advise -q --record <<<'{"request_id":"0 a","prompt":"x"}'
  figures >wanted
  sql "DELETE FROM prompt_features"
  figures >featureless
  as_version_4
  pl-record </dev/null
  is "7 4" "$(sql "PRAGMA user_version") $(sql "PRAGMA user_version" "$PL_DB.v4")"
  is "240 240" "$(for db in "$PL_DB" "$PL_DB.v4"; do sql "SELECT count(*) FROM routing_metrics" "$db"; done | xargs)"
  figures | cmp featureless -
  is "0 a||" "$(sql "SELECT request_id, model, predicted FROM routing_advice")"
  pl-backfill -q logs
  figures | cmp wanted -
  is 120 "$(sql "SELECT count(*) FROM prompt_features")"
  status 0 pl-backfill --verify
  is 2 "$(pl-retrain -j | jq '.predictors | length')"
}

@test "migration: pl-advise and pl-retrain --evaluate say of an older database what to do" {
  answers 120 "$pets" | pl-record -q
  as_version_4
  cp "$PL_DB" before
  refused "is of an older version: run pl-record"
  ask '{"prompt":"Why does a cat purr"}' >out 2>err
  has "$(cat err)" "is of an older version"
  is null "$(jq .model out)"
  cmp before "$PL_DB"
}

# spoilt STATEMENT: runs COMMAND on a database that was damaged so, and mends it
spoilt() {
  cp "$PL_DB" whole
  sql "$1"
  shift
  "$@"
  rm -f "$PL_DB"-*
  cp whole "$PL_DB"
}

# differs PART: verification finds that
differs() {
  status 1 pl-backfill --verify
  has "$(cat out err)" "$1"
}

wrong="the predictors are not those of the last run of retraining, or cannot be read"

@test "--verify: clean, and names what was damaged" {
  answers 120 "$pets" | learned
  status 0 pl-backfill --verify
  pl-retrain -q
  status 0 pl-backfill --verify
  prompt="Tell me why my dog likes toy 1001"
  number=$(sql "SELECT prompt_hash FROM prompt_features WHERE printf('%016x', prompt_hash) = '$(hash_of "$prompt")'")
  for blob in "x'3f80'" "x'3fffff7f'"; do # half a number, and one beyond the last bucket
    spoilt "UPDATE prompt_features SET features = $blob WHERE prompt_hash = $number" \
      differs "prompt $(hash_of "$prompt"): its features cannot be read"
  done
  for damage in "predictors SET weights = x'00' WHERE model = 'b'" "predictors SET recent = substr(recent, 2)" \
    "predictors SET verdict_count = verdict_count + 1 WHERE model = 'a'" "predictors SET retraining_run_id =
      '20260301T120000Z-1'" "predictor_calibration SET verdict_count = verdict_count + 1" \
    "predictor_base SET scales = x''"; do
    spoilt "UPDATE $damage" differs "$wrong"
  done
  for table in predictor_base predictor_calibration; do spoilt "DELETE FROM $table" differs "$wrong"; done
  status 0 pl-backfill --verify
}

# unpredicted: advice goes on, by groups
unpredicted() {
  status 0 pl-advise "$@" new
  is 20 "$(wc -l <out)"
  holds '.advice | .model == "b" and .thinking_budget == 10000 and (.candidates | length == 2) and
    all(.candidates[]; .predicted == null)'
}

@test "predictors that are damaged: advice goes on without them" {
  answers 120 '{a: ($pet == "cat"), b: true}' | learned
  unseen 20 >new
  for damage in "predictors SET weights = x'00'" "predictors SET weights = 'text' WHERE model = 'b'" \
    "predictors SET recent = x'00' WHERE model = 'b'" "predictor_base SET scales = x'00'" \
    "predictor_base SET recent = -1" "predictor_base SET recent = 9000000000000" \
    "predictor_base SET features_version = 9"; do
    spoilt "UPDATE $damage" unpredicted
  done
  # names that are one as C strings, and a count whose bytes would wrap around
  spoilt "UPDATE predictors SET provider = 'a' || char(0) || id, model = 'a' || char(0) || id, avg_cost = id" \
    unpredicted --strong-share 0.01
  spoilt "UPDATE predictor_base SET recent = 4611686018427387904; UPDATE predictors SET recent = x''" unpredicted
  spoilt "UPDATE predictors SET recent = x'00'" unpredicted --strong-share 0.5
  status 0 pl-advise new
  holds 'all(.advice.candidates[]; .predicted != null)'
}

@test "features that are damaged: the prompt is one of which nothing is known" {
  answers 150 "$pets" | learned
  pl-record -q <<<'{"request_id":"k","prompt":"Tell me why my dog sleeps"}'
  known=$(hash_of "Tell me why my dog sleeps")
  sql "UPDATE prompt_features SET features = x'3f80' WHERE printf('%016x', prompt_hash) = '$known'"
  ask "{\"prompt_hash\":\"$known\",\"pattern\":\"explanation\"}" >out
  is '[null,null]' "$(jq -c '.candidates | map(.predicted)' out)"
  # what one row says, or how large it is, takes nothing from the others
  sql "UPDATE prompt_features SET features = x'3f80' WHERE id = 1;
    UPDATE prompt_features SET features = zeroblob(6000000) WHERE id = 150"
  status 0 pl-retrain --json
  is "148 148" "$(jq -r '.predictors[].verdict_count' out | xargs)"
  sql "UPDATE prompt_features SET features = x'3f80'"
  status 0 pl-retrain --json
  is '[]' "$(jq -c .predictors out)"
  refused "there are 0"
}

# -- real ones --

@test "MMLU: what four fifths of the questions teach routes the others" {
  file=${PL_DATA:-$root/../shared/data}/routing/mmlu.jsonl
  [ -e "$file" ] || skip "no data/routing/mmlu.jsonl"
  weak=mistralai/Mixtral-8x7B-Instruct-v0.1 strong=gpt-4-1106-preview
  awk 'NR % 5 != 4' "$file" | jq -c --arg w $weak --arg s $strong '. as $q | {($w):0.0006, ($s):0.01} as $cost |
    ($w, $s) as $m | "\($q.id) \($m)" as $id | {request_id:$id, prompt:$q.prompt, model:$m, cost:$cost[$m],
      timestamp:"2026-02-20T00:00:00Z"}, {request_id:$id, quality_score:(if $q.outcomes[$m] then 5 else 1 end),
      is_correct:$q.outcomes[$m], timestamp:"2026-02-20T00:00:01Z"}' | learned
  awk 'NR % 5 == 4' "$file" | jq -c '{prompt, outcomes}' >new
  # the area under the gain recovered, over the share of questions that go to the strong model, the neediest first
  apgr() {
    sort -k1,1gr -s | awk '{ t += $2 - $3; gain[NR] = t } END { for (k = 0; k < 100; k++) {
      i = int(k / 100 * NR + 0.5); j = int((k + 1) / 100 * NR + 0.5); area += (gain[i] + gain[j]) / 200 }
      printf "%.4f\n", area / t }'
  }
  pl-advise new | jq -r --arg w $weak --arg s $strong '(.advice.candidates | map({(.model):.predicted}) | add) as $p |
    [$p[$s] - $p[$w], (.outcomes[$s], .outcomes[$w] | if . then 1 else 0 end)] | @tsv' >scores
  is 1404 "$(wc -l <scores)"
  got=$(apgr <scores)
  awk -v a="$got" 'BEGIN { exit !(a >= 0.66 && a < 1) }' || { echo "APGR $got"; return 1; }
  about 0.5 "$(awk '{ print $1 = 0, $2, $3 }' scores | apgr)" 0.08 # in the order in which they stand: chance
  about 30 "$(share $strong --strong-share 0.3)" 4
}
