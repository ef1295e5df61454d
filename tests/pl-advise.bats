#!/usr/bin/env bats
# pl-advise: what it takes for a request, models by policy, thinking budgets, bodies of APIs, and no database it trusts.

load helper

# rated PATTERN MODEL QUALITIES [MEMBERS]: a request for each digit of QUALITIES, rated so; MEMBERS: JSON, of requests.
rated() {
  local none='{}'
  jq -cn --arg p "$1" --arg m "$2" --arg q "$3" --argjson more "${4:-$none}" --arg tag "${tag:-}" \
    'range($q | length) as $i | {request_id:"\($p) \($m) \($tag)\($i)", pattern:$p, model:$m} + $more,
    {request_id:"\($p) \($m) \($tag)\($i)", quality_score:($q[$i:$i + 1] | tonumber),
      is_correct:(if $q[$i:$i + 1] == "1" then false else null end)}'
}

# learned: takes records from stdin, and retrains
learned() { pl-record -q && pl-retrain -q; }

# ask JSON [OPTION...]: the answer to one request
ask() {
  local request=$1
  shift
  pl-advise "$@" <<<"$request"
}

# advice JSON [OPTION...]: the fields of its advice that are told below, in short
advice() { ask "$@" | jq -r '.advice | "\(.pattern) \(.complexity) \(.model) \(.thinking_budget) \(.budget_source)"'; }

everything() { sqlite3 "$PL_DB" .dump; }

code='{"prompt":"Implement a function"}'
fields="pattern complexity complexity_score provider model confidence thinking_budget budget_source reason candidates"

# -- options --

@test "--help and --version" {
  status 0 pl-advise --help
  has "$(head -1 out)" "usage: pl-advise [OPTION...] [FILE...]"
  for field in $fields; do has "$(cat out)" "$field"; done
  status 0 pl-advise -V
  is pl-advise "$(cut -d' ' -f1 out)"
  is "$(sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' <(pl-advise --help) | sort -u)" \
    "$(grep '^\.It Fl' "$BATS_TEST_DIRNAME/../man/pl-advise.1" | grep -oE ' -[a-z-]+' | cut -c3- | sort)"
}

@test "bad usage: status 2, usage on stderr, nothing on stdout" {
  for bad in "--no-such" "-f" "-f nonsense" "-f Model" "--field=" "-f model --apply" "--policy best" "--policy=" \
    "--models"; do
    # shellcheck disable=SC2086
    status 2 pl-advise $bad <<<"$code"
    has "$(cat err)" "usage: pl-advise"
    is "" "$(cat out)"
  done
}

@test "files, in their order, and - for stdin; one that is not there is told, and the others are answered" {
  pl-record </dev/null
  for file in a b; do jq -cn --arg p $file '{prompt:$p, n:(1, 2)}' >$file; done
  is "a1 a2 x b1 b2" "$(pl-advise a - b <<<'{"prompt":"x"}' | jq -r '"\(.prompt)\(.n // "")"' | xargs)"
  status 2 pl-advise a missing b
  is 4 "$(wc -l <out)"
  is "pl-advise: missing: No such file or directory" "$(cat err)"
  status 2 pl-advise . a
  has "$(cat err)" "pl-advise: .: "
  is 2 "$(wc -l <out)"
  status 0 pl-advise </dev/null
  is "" "$(cat out err)"
  printf %s "$code" | status 0 pl-advise
  is 1 "$(wc -l <out)"
}

@test "without the shipped rules: status 2" {
  PL_SHARE=$PWD/none status 2 pl-advise <<<"$code"
  has "$(cat err)" "pl-advise: "
  is "" "$(cat out)"
}

@test "-q writes nothing; -v tells what was loaded; -vv each request" {
  rated code m 55555 | learned
  status 0 pl-advise -q <<<"$code"
  is "" "$(cat out err)"
  status 0 pl-advise -q -v <<<"$code"
  is "pl-advise: Loaded 0 budget patterns
pl-advise: Loaded routing of run 20260301T120000Z-1
pl-advise: Loaded predictors of 0 models
pl-advise: Advised 1 requests" "$(cat err)"
  status 0 pl-advise -q -vv <<<"$code"
  has "$(cat err)" "pl-advise: m: the only confident model (quality 4.63)"
  fresh && pl-record -q <<<"$code"
  status 0 pl-advise -q -v <<<"$code"
  is "pl-advise: Loaded 1 budget patterns
pl-advise: No retraining yet: no model to advise
pl-advise: Loaded predictors of 0 models
pl-advise: Advised 1 requests" "$(cat err)"
}

# -- what is advised --

@test "advice: all of it" {
  {
    rated code p/good 5555555555 '{"cost":0.5}'
    rated code q/poor 1115 '{"cost":null}'
  } | learned
  status 0 pl-advise <<<"$code"
  is "$(jq -c . <<'J'
    {"prompt":"Implement a function","advice":{"pattern":"code","complexity":"moderate","complexity_score":0.264,
      "provider":"p","model":"p/good","confidence":"high","thinking_budget":10000,"budget_source":"default",
      "reason":"the only confident model (quality 4.74)","candidates":[
        {"provider":"p","model":"p/good","quality":5,"correctness":null,"cost":0.5,"samples":10,"confidence":"high",
          "predicted":null},
        {"provider":"q","model":"q/poor","quality":2,"correctness":0,"cost":null,"samples":4,"confidence":"low",
          "predicted":null}]}}
J
  )" "$(cat out)"
  is "" "$(cat err)"
  status 0 pl-advise -j <<<"$code"
  is "$fields" "$(jq -r '.advice | keys_unsorted[]' out | xargs)"
}

@test "-f: each field alone, raw" {
  rated code p/good 5555555555 '{"cost":0.5}' | learned
  field() { ask "$code" -f "$1"; }
  is "code|moderate|0.264|p|p/good|high|10000|default|the only confident model (quality 4.74)" \
    "$(for field in $(xargs -n1 <<<"$fields" | grep -v candidates); do field "$field"; done | paste -sd'|')"
  is "$(ask "$code" | jq -c .advice.candidates)" "$(field candidates)"
  is "|none|nothing learned yet about such prompts|[]|" "$(for field in provider confidence reason candidates model; do
    ask '{"prompt":"hello"}' --field "$field"; done | paste -sd'|')"
  printf 'hello\nhello\n' | pl-advise -t -f model | cmp - <(printf '\n\n')
  printf '{"prompt":"x","pattern":"a\\u001b[31m\\nb"}' | pl-advise -f pattern >out
  is 'a\x1B[31m\x0Ab' "$(cat out)"
}

@test "nothing learned: no model, no confidence, and the default budget" {
  pl-record </dev/null
  answer='{"pattern":"code","complexity":"moderate","complexity_score":0.264,"provider":null,"model":null,'
  answer+='"confidence":"none","thinking_budget":10000,"budget_source":"default",'
  is "$answer\"reason\":\"nothing learned yet about such prompts\",\"candidates\":[]}" "$(ask "$code" | jq -c .advice)"
  rated code m 1111 | learned
  is "$answer\"reason\":\"no model has ratings that are many and good enough\"}" \
    "$(ask "$code" | jq -c '.advice | del(.candidates)')"
  is '["m","low"]' "$(ask "$code" | jq -c '.advice.candidates[] | [.model, .confidence]')"
  is "nothing learned yet about such prompts" "$(ask '{"prompt":"hello"}' -f reason)"
}

@test "by pattern: each has its own model" {
  { rated code a 55555 && rated creative b 55555 && rated general c 55555; } | learned
  is "a b c  a" "$(printf '%s\n' "Implement a function" "Write a poem" Hello "Explain why" "Fix the bug" |
    pl-advise -t -f model | paste -sd' ')"
}

@test "by pattern: any number of them, and names of every script" {
  jq -cn 'range(1500) | "p\(.)" as $p | range(5) | {request_id:"\($p) \(.)", pattern:$p, model:"m \($p)"},
    {request_id:"\($p) \(.)", quality_score:5}' | learned
  jq -cn '(range(1500), range(1499; -1; -7)) | {prompt:"x", pattern:"p\(.)"}' >in
  pl-advise -f model <in | cmp - <(jq -r '"m \(.pattern)"' in)
  { rated 'gärten "1"' 'modèle/é "x"' 55555; rated $'a\tb' n 55555; } | learned
  is 'modèle/é "x"' "$(ask '{"prompt":"x","pattern":"g\u00e4rten \"1\""}' | jq -r .advice.model)"
  is n "$(ask '{"prompt":"x","pattern":"a\tb"}' -f model)"
  yes '{"prompt":"x","pattern":"a\u0000b"}' | head -n 3000 >in
  pl-advise -f model in >out 2>err || true
  is 3000 "$(cat out err | wc -l)"
}

# -- policies --

@test "policies: each takes another model" {
  # lower bounds: 4.740, 4.540, 3.740; and 3.632, of five
  {
    rated code best 5555555555 '{"cost":3}'
    rated code near 5555555544 '{"cost":2}'
    rated code cheap 4444444444 '{"cost":1}'
    rated code few 44444 '{"cost":0.75}'
    rated code poor 3333333333 '{"cost":0.1}'
  } | learned
  taken() { ask "$code" --policy "$1" | jq -r '.advice | "\(.model) \(.confidence): \(.reason)"'; }
  is "near high: cheapest of 2 within 0.25 of the best quality (4.74)" "$(taken balanced)"
  is "best high: best quality (4.74) of 4" "$(taken quality)"
  is "few medium: cheapest of 4" "$(taken cost)"
  is near "$(ask "$code" -f model)"
  is "best cheap few near poor" "$(ask "$code" | jq -r '.advice.candidates[].model' | xargs)"
}

@test "policies: few good ratings are worth less than many" {
  # 5 - 1.645 * 0.5 / sqrt(5) = 4.632 and 4.95 - 1.645 * 0.5 / sqrt(40) = 4.820
  { rated code few 55555 && rated code many "5555555555555555555555555555555555555544"; } | learned
  is "many" "$(ask "$code" --policy quality -f model)"
}

@test "balanced: within 0.25 of the best, and no more" {
  # of 100 ratings each; deviations are under 0.5, so that means are as far apart as bounds are
  fours() { printf '%*s' $((100 - $1)) "" | tr ' ' 5; printf '%*s' "$1" "" | tr ' ' 4; }
  {
    rated code best "$(fours 0)" '{"cost":3}'
    rated code at "$(fours 25)" '{"cost":2}'
    rated code beyond "$(fours 26)" '{"cost":1}'
  } | learned
  is "at" "$(ask "$code" -f model)"
  is "beyond" "$(ask "$code" --policy cost -f model)"
}

@test "ties: by cost or by quality, then by the model's name, then by the provider's" {
  {
    rated code b/same 5555555555 '{"cost":1}'
    rated code a/same 5555555555 '{"cost":1}'
    rated code a/worse 5555555554 '{"cost":1}'
    rated code a/dearer 5555555555 '{"cost":2}'
    tag=q rated tales m 55555 '{"provider":"q","cost":1}'
    tag=p rated tales m 55555 '{"provider":"p","cost":1}'
    rated talk b 5555555555 '{"cost":1}'
    rated talk a 5555555554 '{"cost":1}'
  } | learned
  for policy in balanced quality cost; do
    is "a/same p b" "$(for pattern in code tales talk; do
      ask "{\"pattern\":\"$pattern\",\"prompt\":\"\"}" --policy $policy |
        jq -r 'if .pattern == "tales" then .advice.provider else .advice.model end'; done | xargs)"
  done
}

@test "unknown costs: dearer than any that is known" {
  {
    rated code unknown 5555555555
    rated code known 5555555554 '{"cost":1000}'
    rated tales a 44444
    rated tales b 55555
  } | learned
  taken() { ask "{\"pattern\":\"$1\",\"prompt\":\"\"}" --policy "$2" -f "${3:-model}"; }
  is "known known unknown" "$(taken code balanced) $(taken code cost) $(taken code quality)"
  is "b b b" "$(taken tales balanced) $(taken tales cost) $(taken tales quality)"
  is "best quality (4.63) of 2, none with a known cost" "$(taken tales cost reason)"
}

@test "--models: with and without the provider, and candidates with them" {
  {
    rated code p/good 5555555555 '{"cost":2}'
    rated code q/good 5555555555 '{"cost":3}'
    rated code cheap 5555555555 '{"cost":1,"provider":"r"}'
    rated code q/poor 1111
  } | learned
  among() { ask "$code" --models "$1" | jq -r '.advice | "\(.model): \([.candidates[].model] | join(" "))"'; }
  is "p/good: p/good" "$(among p/good)"
  is "q/good: q/good" "$(among q/good)"
  is "p/good: p/good q/good" "$(among good)"
  is "cheap: cheap q/good" "$(among q/good,cheap)"
  is "cheap: cheap" "$(among r/cheap)"
  is "null: " "$(among q/cheap)"
  is "null: q/poor" "$(among poor)"
  is "null: " "$(among none,,nothing,)"
  is "null: " "$(among ,)"
  is "p/good: p/good" "$(among none,p/good)"
  is "null: " "$(among GOOD)"
  is "cheap" "$(ask "$code" --models p/good --models cheap -f model)"
  is "no model has ratings that are many and good enough" "$(ask "$code" --models poor -f reason)"
}

# -- what is a request --

@test "requests come back as they were: numbers, strings, keys, order, duplicates" {
  while IFS= read -r body; do
    is "$body,\"advice\":A}" "$(printf '%s}' "$body" | pl-advise 2>/dev/null |
      sed 's/"advice":{"pattern":.*"candidates":\[\]}/"advice":A/')"
  done <<'B'
{"prompt":"x","n":[1e400,-0,0.10,12345678901234567890,1E+2,0.1e-7,100000000000000000000000000000000]
{"z":1,"prompt":"x","a":2,"m":{"z":1,"a":2}
{"prompt":"x","k":1,"k":2,"":3,"k":1
{"k\u0065y":1,"prompt":"\u0061 \ud83d\ude00 \/ \" \\ \b\f\n\r\t","é":"ü","\"":"}{][,:"
{"prompt":"x","e":{},"a":[],"n":null,"t":true,"f":false,"s":""
{"prompt":"first","prompt":"last","advised":1
{"prompt":"x","lone":"\ud800"
B
}

@test "requests come back on one line, without white space between tokens" {
  pl-advise >out 2>/dev/null <<'B'

  {
    "prompt" : "a  b\n" ,
    "n": [ 1 , 2,	{ "c" :
    "d : , e" } ] , "e" : { } , "x": [ [
    ] ]
  }
B
  is '{"prompt":"a  b\n","n":[1,2,{"c":"d : , e"}],"e":{},"x":[[]]}' "$(sed 's/,"advice".*}/}/' out)"
  is 3 "$(jq -n '{prompt:"x", n:(1, 2, 3)}' | pl-advise 2>/dev/null | wc -l)"
}

@test "requests come back whole: deep and long ones" {
  deep() { printf '{"prompt":"x","d":'; printf '[%.0s' {1..200}; printf ']%.0s' {1..200}; printf '}'; }
  is "$(deep)" "$(deep | pl-advise 2>/dev/null | sed 's/,"advice".*}/}/')"
  jq -cn '{prompt:"x", long:("é\n" * 500000), many:[range(50000)]}' >in
  pl-advise in 2>/dev/null | jq -c 'del(.advice)' >out
  cmp in out
}

@test "advice that is there already is replaced, where it stands, and once" {
  pl-record </dev/null
  is 'advice prompt a' "$(ask '{"advice":"old","prompt":"x","a":1}' | jq -r 'keys_unsorted[]' | xargs)"
  ask '{"advice":1,"prompt":"x","adv\u0069ce":{"b":[2]},"advices":3,"a":{"advice":4}}' >out
  is 3 "$(grep -o '"advice' out | wc -l)"
  is '[null,3,4]' "$(jq -c '[.advice.model, .advices, .a.advice]' out)"
  ask "$code" | pl-advise | pl-advise >twice
  ask "$code" | cmp - twice
}

@test "arrays, sequences, and values that follow one another" {
  pl-record </dev/null
  prompts() { pl-advise | jq -r .prompt | xargs; }
  is "a b" "$(printf '[{"prompt":"a"},\n {"prompt":"b"}]' | prompts)"
  is "a b" "$(printf '\x1e{"prompt":"a"}\n\x1e{"prompt":"b"}\n' | prompts)"
  is "a b c" "$(printf '{"prompt":"a"}{"prompt":"b"} {"prompt":\n"c"}' | prompts)"
  is "a" "$(printf '\xef\xbb\xbf{"prompt":"a"}\r\n\r\n' | prompts)"
}

@test "what is no request costs one line, and is named" {
  cat >in <<'I'
{"prompt":"a"}
{"prompt":7}
{"prompt":"b"
{"model":"m"}
7
{"prompt":"c","complexity":"huge"}
{"prompt":"d"} trailing
{"prompt_hash":"xyz"}
{"prompt":"e"}
I
  pl-record </dev/null
  status 1 pl-advise in
  is "a d e" "$(jq -r .prompt out | xargs)"
  for line in "2: prompt: is a number, not a string" "3: not JSON" "4: is no request" "5: is a number, not a record" \
    "6: complexity: " "7: not JSON" "8: prompt_hash: "; do
    has "$(cat err)" "pl-advise: in:$line"
  done
  is 7 "$(wc -l <err)"
  status 1 pl-advise -f pattern <in
  has "$(cat err)" "pl-advise: -:2: prompt: "
  is general "$(sort -u out)"
}

@test "prompts: messages' last text of a user, in every form" {
  pl-record </dev/null
  of() { is "$1" "$(ask "$2" -f pattern)"; }
  of code '{"messages":[{"role":"user","content":"Fix the code"}]}'
  of creative '{"messages":[{"role":"user","content":"Fix the code"},{"role":"assistant","content":"List facts"},
    {"role":"user","content":"Write a poem"}]}'
  of creative '{"messages":[{"role":"user","content":[{"type":"text","text":"Write"},
    {"type":"image","source":{}},{"type":"text","text":"a poem"}]},{"role":"assistant","content":"Fix the code"}]}'
  of code '{"messages":[{"role":"user","content":"Fix the code"},{"role":"assistant","content":[{"type":"tool_use",
    "id":"t","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t",
    "content":"Write a poem"}]}]}'
  of code '{"messages":[{"role":"user","content":"Fix the code"},{"role":"tool","content":"Write a poem"}]}'
  of code '{"system":"Write a poem","messages":[{"role":"user","content":"Fix the code"}]}'
  of code '{"messages":[{"role":"system","content":"Write a poem"},{"role":"user","content":"Fix the code"}]}'
  of code '{"input":"Fix the code","instructions":"Write a poem"}'
  of code '{"input":[{"role":"user","content":"Fix the code"}]}'
  of creative '{"input":[{"role":"user","content":"Fix the code"},{"role":"user","content":[{"type":"input_text",
    "text":"Write a poem"}]},{"type":"function_call_output","output":"List facts"}]}'
  of code '{"prompt":"Fix the code","messages":[{"role":"user","content":"Write a poem"}]}'
  of "" '{"messages":[]}'
  of "" '{"messages":[{"role":"assistant","content":"Write a poem"}]}'
  is 10000 "$(ask '{"messages":[]}' -f thinking_budget)"
}

@test "prompts: a hash alone, and what is given comes first" {
  rated tales m 55555 | learned
  hash=0123456789abcdef
  is "null null null 10000 default" "$(advice "{\"prompt_hash\":\"$hash\"}")"
  is "neither a prompt nor a pattern is known" "$(ask "{\"prompt_hash\":\"$hash\"}" -f reason)"
  is "tales null m 10000 default" "$(advice "{\"prompt_hash\":\"$hash\",\"pattern\":\"tales\"}")"
  is "tales deep m 28000 default" "$(advice '{"prompt":"hello","pattern":"tales","complexity":"deep"}')"
  is "tales complex m 20000 default" "$(advice '{"prompt":"hello","pattern_detected":"tales","complexity_score":0.6}')"
  is "general simple null 3000 default" "$(advice '{"prompt":"hello","pattern":null,"complexity":null}')"
  is "0.875" "$(ask '{"prompt":"hello","complexity":"deep"}' -f complexity_score)"
}

@test "budgets by default: 3000, 10000, 20000, 28000" {
  is "general simple null 3000 default
explanation moderate null 10000 default
analysis complex null 20000 default
general deep null 28000 default
general simple null 3000 default" "$(printf '%s\n' hello "explain how a hash table works" "compare two databases" \
    "comprehensive roadmap for the next years" "" | pl-advise -t 2>/dev/null |
    jq -r '.advice | "\(.pattern) \(.complexity) \(.model) \(.thinking_budget) \(.budget_source)"')"
}

@test "-t: a line is a prompt, whatever stands in it" {
  pl-record </dev/null
  printf '%s\n' 'say "hi"\n' '{"prompt":"x"}' '' $'tab\tand \x01' 'ünï' >in
  status 0 pl-advise -t in
  jq -j '.prompt + "\n"' out | cmp - in
  is 5 "$(wc -l <out)"
  printf 'a\r\nb' | pl-advise -t >out
  is '["a","b"]' "$(jq -cs 'map(.prompt)' out)"
  status 0 pl-advise -t </dev/null
  is "" "$(cat out)"
}

@test "-t: what is not UTF-8 costs its line, and is named" {
  pl-record </dev/null
  printf 'a\n\xff\nb\n\xc3\nc\n\xed\xa0\x80\n\xc0\x80\n' >in
  status 1 pl-advise -t in
  is "a b c" "$(jq -r .prompt out | xargs)"
  is "$(printf 'pl-advise: in:%s: is not UTF-8\n' 2 4 6 7)" "$(cat err)"
}

@test "2,000 lines: each is answered, in order, the same as alone" {
  { rated code a 55555 && rated creative b 55555; } | learned
  jq -cn '("Fix the bug", "Write a poem", "Hello", "Compare them") as $p | range(500) | {prompt:$p, n:., p:$p}' >in
  pl-advise <in >out
  jq -c 'del(.advice)' out | cmp - in
  is "Compare them  20000;Fix the bug a 10000;Hello  3000;Write a poem b 10000" "$(jq -r '.prompt + " " +
    (.advice.model // "") + " \(.advice.thinking_budget)"' out | sort -u | paste -sd';')"
  seq 2000 | pl-advise -t | jq -r .prompt | cmp - <(seq 2000)
}

# -- live --

@test "live: a line is answered before the next one comes" {
  rated code m 55555 | learned
  coproc FILTER { pl-advise 3>&-; }
  for n in {1..20}; do
    printf '{"prompt":"Implement a function","n":%d}\n' "$n" >&"${FILTER[1]}"
    read -rt 2 answer <&"${FILTER[0]}"
    is "$n m" "$(jq -r '"\(.n) \(.advice.model)"' <<<"$answer")"
  done
  pid=$FILTER_PID
  eval "exec ${FILTER[1]}>&-"
  wait "$pid"
}

@test "live: lines of text too" {
  rated code m 55555 | learned
  coproc FILTER { pl-advise -t -f model 3>&-; }
  for _ in {1..20}; do
    echo "Fix the code" >&"${FILTER[1]}"
    read -rt 2 answer <&"${FILTER[0]}"
    is m "$answer"
  done
  pid=$FILTER_PID
  eval "exec ${FILTER[1]}>&-"
  wait "$pid"
}

# answered WANTED: whether the next answer of the coprocess FILTER is that
answered() {
  local answer
  echo "Fix the code" >&"${FILTER[1]}"
  read -rt 2 answer <&"${FILTER[0]}"
  [ "$answer" = "$1" ]
}

@test "live: a retraining is noticed, and a database that comes into being" {
  coproc FILTER { pl-advise -t -f model 3>&- 2>err; }
  answered ""
  rated code a 55555 '{"cost":1}' | pl-record -q
  answered ""
  pl-retrain -q
  soon answered a
  rated code b 55555 '{"cost":0.5}' | pl-record -q
  answered a
  pl-retrain -q
  soon answered b
  pl-retrain -q --policy quality
  { tag=x rated code a 55555; } | learned
  soon answered a
  pid=$FILTER_PID
  eval "exec ${FILTER[1]}>&-"
  wait "$pid"
  is 1 "$(grep -c warning err)"
}

@test "live: what was recorded counts for the very next answer" {
  pl-record </dev/null
  coproc FILTER { pl-advise -t -f budget_source 3>&-; }
  answered default
  echo '{"prompt":"Fix the code","quality_score":0.9}' | pl-record -q
  answered history
  pid=$FILTER_PID
  eval "exec ${FILTER[1]}>&-"
  wait "$pid"
}

@test "live: answers do not wait for the next operand to open" {
  mkfifo pipe
  echo "$code" >in
  pl-advise in pipe >out 2>err 3>&- & pid=$!
  soon [ -s out ]
  echo "$code" >pipe
  wait "$pid"
  is 2 "$(wc -l <out)"
}

@test "live: a retraining is noticed while input never rests, and advice is recorded" {
  rated code a 55555 '{"cost":1}' | learned
  rated code b 55555 '{"cost":0.5}' | pl-record -q
  mkfifo pipe
  yes '{"request_id":"r","prompt":"Fix the code"}' 2>/dev/null 3>&- >pipe & source=$!
  pl-advise --record -f model <pipe 3>&- | uniq >out & pid=$!
  sleep 0.3
  pl-retrain -q
  # what uniq holds back comes when its input ends
  sleep 1.5
  kill "$source"
  wait "$source" "$pid" || true
  is "a b" "$(xargs <out)"
}

@test "live: SIGTERM and SIGINT end it, after what came was answered" {
  pl-record </dev/null
  mkfifo pipe
  for signal in TERM INT; do
    rm -f out # the last one's would tell that this one is there
    # a job in the background would ignore SIGINT
    env --default-signal=INT pl-advise <pipe >out 2>err 3>&- & pid=$!
    exec 7>pipe
    { echo "$code"; printf '{"prompt":"half'; } >&7
    soon [ -s out ]
    kill "-$signal" "$pid"
    got=0
    wait "$pid" || got=$?
    exec 7>&-
    is "$((128 + $(kill -l $signal)))" "$got"
    is 1 "$(wc -l <out)"
    is "" "$(cat err)"
  done
}

@test "a broken pipe ends it quietly, and a full disk is told" {
  pl-record </dev/null
  yes "$code" 2>/dev/null | timeout 20 pl-advise 2>err | head -n 1 >out
  is "Implement a function " "$(jq -r .prompt out) $(cat err)"
  (trap '' PIPE; yes "$code" 2>/dev/null | timeout 20 pl-advise 2>err | head -n 1 >out)
  is "Implement a function " "$(jq -r .prompt out) $(cat err)"
  got=0
  pl-advise <<<"$code" >/dev/full 2>err || got=$?
  is 2 "$got"
  has "$(cat err)" "pl-advise: "
}

# -- applying --

# applied BODY WANTED [OPTION...]: the body, with the fields changed as the jq program WANTED does, and in one line
applied() {
  local body=$1 wanted=$2
  shift 2
  is "$(jq -c "$wanted" <<<"$body")" "$(ask "$body" --apply "$@")"
}

# one model that each API knows, by pattern
models() {
  {
    rated code claude-sonnet-4-5 55555
    rated creative gpt-5-mini 55555
    rated explanation claude-opus-4-7 55555
  } | learned
}

@test "--apply: Anthropic's messages" {
  models
  body='{"model":"claude-opus-4-5","max_tokens":32000,"system":[{"type":"text","text":"Be brief"}],
    "messages":[{"role":"user","content":"Fix the code"}],"metadata":{"user_id":"u"},"stream":true}'
  applied "$body" '.model = "claude-sonnet-4-5" | .thinking = {type:"enabled",budget_tokens:10000}'
  body=$(jq -c '.thinking = {type:"enabled",budget_tokens:1500}' <<<"$body")
  applied "$body" '.model = "claude-sonnet-4-5" | .thinking.budget_tokens = 10000'
  # a quarter of max_tokens stays for the answer
  applied "$(jq -c '.max_tokens = 4000' <<<"$body")" '.model = "claude-sonnet-4-5" | .thinking.budget_tokens = 3000'
  applied "$(jq -c '.max_tokens = 1000 | del(.thinking)' <<<"$body")" '.model = "claude-sonnet-4-5"'
  applied "$(jq -c '.thinking = {type:"disabled"}' <<<"$body")" '.model = "claude-sonnet-4-5"'
  applied "$(jq -c 'del(.thinking) | .temperature = 0.5' <<<"$body")" '.model = "claude-sonnet-4-5"'
  applied "$(jq -c 'del(.thinking) | .tool_choice = {type:"tool",name:"t"}' <<<"$body")" '.model = "claude-sonnet-4-5"'
  # a model that takes no budget takes an effort
  applied "$(jq -c '.messages[0].content = "Explain why it is" | del(.thinking)' <<<"$body")" \
    '.model = "claude-opus-4-7" | .thinking = {type:"adaptive"} | .output_config = {effort:"medium"}'
}

@test "--apply: OpenAI's chat completions" {
  models
  body='{"model":"gpt-5","messages":[{"role":"developer","content":"Be brief"},
    {"role":"user","content":"Write a poem"}],"max_completion_tokens":900,"n":1,"store":false}'
  applied "$body" '.model = "gpt-5-mini" | .reasoning_effort = "medium"'
  body=$(jq -c '.reasoning_effort = "high"' <<<"$body")
  applied "$body" '.model = "gpt-5-mini" | .reasoning_effort = "medium"'
  applied "$(jq -c '.complexity = "simple"' <<<"$body")" '.model = "gpt-5-mini" | .reasoning_effort = "low"'
  applied "$(jq -c '.complexity = "deep"' <<<"$body")" '.model = "gpt-5-mini" | .reasoning_effort = "high"'
  # models of which it is not known, and such as take none
  applied '{"model":"llama","messages":[{"role":"user","content":"Hello"}]}' .
  applied '{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}' .
}

@test "--apply: OpenAI's responses" {
  models
  body='{"model":"gpt-5","input":"Write a poem","instructions":"Be brief","store":false}'
  applied "$body" '.model = "gpt-5-mini" | .reasoning = {effort:"medium"}'
  body=$(jq -c '.reasoning = {summary:"auto",effort:"high"}' <<<"$body")
  applied "$body" '.model = "gpt-5-mini" | .reasoning.effort = "medium"'
  applied "$(jq -c '.input = [{role:"user",content:[{type:"input_text",text:"Write a poem"}]}]' <<<"$body")" \
    '.model = "gpt-5-mini" | .reasoning.effort = "medium"'
}

@test "--apply: records of one's own, and no model where none is advised" {
  models
  applied '{"prompt":"Fix the code","model":"old","thinking_budget":5,"x":[1,{"y":2}]}' \
    '.model = "claude-sonnet-4-5" | .thinking_budget = 10000'
  applied '{"prompt":"Fix the code"}' '.model = "claude-sonnet-4-5" | .thinking_budget = 10000'
  applied '{"prompt":"Hello","model":"old"}' '.thinking_budget = 3000'
  applied '{"prompt":"Fix the code","model":"old"}' '.thinking_budget = 10000' --models none
  is '{"prompt":"Fix the code","model":"claude-sonnet-4-5","thinking_budget":10000}' \
    "$(echo "Fix the code" | pl-advise -t --apply)"
}

@test "--apply: numbers and keys stay as they are written, and advice is not added" {
  models
  is '{"n":1e400,"prompt":"\u0046ix the code","n":0.10,"model":"claude-sonnet-4-5","thinking_budget":10000}' \
    "$(ask '{ "n":1e400, "prompt":"\u0046ix the code", "n":0.10, "m\u006fdel":"x", "model":"y" }' --apply |
      sed 's/m\\u006fdel/model/')"
  is '{"prompt":"Hello","advice":7,"thinking_budget":3000}' "$(ask '{"prompt":"Hello","advice":7}' --apply)"
  status 1 pl-advise --apply <<<'{"prompt":7}'
  is "" "$(cat out)"
}

# -- recording --

@test "--record: keeps what was advised, under the request's id or one it makes" {
  models
  everything >before
  ask '{"request_id":"r","prompt":"Fix the code"}' --record >out
  is '["request_id","prompt","advice"]' "$(jq -c keys_unsorted out)"
  is "r|2026-03-01 12:00:00|code|moderate|unknown|claude-sonnet-4-5|medium||10000|default|balanced|" \
    "$(sql "SELECT * FROM routing_advice" | sed 's/|anthropic|/|unknown|/')"
  { echo "$code"; echo '{"prompt":"Hello","request_id":null,"n":0.10}'; echo "$code"; } | pl-advise --record >out
  is "$(jq -r .request_id out | sort)" "$(sql "SELECT request_id FROM routing_advice WHERE request_id <> 'r'")"
  is 3 "$(jq -r .request_id out | sort -u | grep -c .)"
  has "$(sed -n 2p out)" '"n":0.10'
  is "general|" "$(sql "SELECT pattern, model FROM routing_advice WHERE complexity = 'simple'")"
  everything | grep -v 'INTO advice\|INTO name' >after
  grep -v 'INTO advice\|INTO name' before | cmp - after
}

@test "--record: an id that is a number, one that comes twice, and ones that are no ids" {
  pl-record </dev/null
  printf '%s\n' '{"request_id":7,"prompt":"x"}' '{"request_id":"7","prompt":"Compare them"}' \
    '{"request_id":"","prompt":"x"}' '{"request_id":[],"prompt":"x"}' '{"request_id":1e400,"prompt":"x"}' >in
  status 1 pl-advise --record in
  is 2 "$(wc -l <out)"
  is '7|complex' "$(sql "SELECT request_id, complexity FROM routing_advice")"
  for line in 3 4 5; do has "$(cat err)" "pl-advise: in:$line: request_id: "; done
}

@test "--record: ids are unique, also of many at once" {
  pl-record </dev/null
  for i in 1 2 3 4; do seq 250 | pl-advise -t --record >"out$i" 2>>err & done
  wait
  is "" "$(cat err)"
  is 1000 "$(cat out? | jq -r .request_id | sort -u | wc -l)"
  is "$(cat out? | jq -r .request_id | sort)" "$(sql "SELECT request_id FROM advice ORDER BY 1")"
}

@test "--record: kept before it is answered; a request and its rating meet it" {
  { rated code a 55555 '{"cost":1}' && rated code b 55555 '{"cost":2}'; } | learned
  coproc FILTER { pl-advise --record 3>&-; }
  for n in 1 2 3; do
    printf '{"request_id":"n%d","prompt":"Fix the code"}\n' "$n" >&"${FILTER[1]}"
    read -rt 5 _ <&"${FILTER[0]}"
    is "a" "$(sql "SELECT model FROM routing_advice WHERE request_id = 'n$n'")"
  done
  pid=$FILTER_PID
  eval "exec ${FILTER[1]}>&-"
  wait "$pid"
  pl-record -q <<'R'
{"request_id":"n1","prompt":"Fix the code","model":"a"}
{"request_id":"n2","prompt":"Fix the code","model":"b"}
{"request_id":"n2","quality_score":2}
R
  is "n1|1| n2|0|2 n3||" "$(sql "SELECT request_id, followed, f.quality_score FROM routing_advice
    LEFT JOIN response_feedback f USING (request_id) ORDER BY 1" | xargs)"
  status 0 pl-backfill --verify
}

@test "--record with --apply: under the request's own id; what has none is not kept, and that is told once" {
  models
  applied '{"request_id":"r","prompt":"Fix the code","model":"x"}' \
    '.model = "claude-sonnet-4-5" | .thinking_budget = 10000' --record
  is r "$(sql "SELECT request_id FROM advice")"
  printf '%s\n%s\n' "$code" "$code" | status 0 pl-advise --apply --record
  is 0 "$(grep -c 'advice\|request_id' out)"
  is 1 "$(wc -l <err)"
  has "$(cat err)" "pl-advise: warning: "
  is r "$(sql "SELECT request_id FROM advice")"
}

@test "without --record nothing is ever written, and no database is made" {
  status 0 pl-advise <<<"$code"
  [ ! -e "$PL_DB" ]
  models
  everything >before
  cp "$PL_DB" bytes
  seq 300 | pl-advise -t >/dev/null
  ask '{"request_id":"r","prompt":"Fix the code"}' --apply >/dev/null
  everything | cmp before -
  cmp bytes "$PL_DB"
  chmod 400 "$PL_DB"
  status 0 mortal pl-advise -f model <<<"$code"
  is "claude-sonnet-4-5" "$(cat out)"
  is "" "$(cat err)"
}

@test "--record makes a missing database, private" {
  export PL_DB=$PWD/x/y/pl.db
  status 0 pl-advise --record <<<"$code"
  is "700 600" "$(stat -c %a x/y x/y/pl.db | xargs)"
  is 1 "$(sql "SELECT count(*) FROM advice")"
}

@test "--record keeps no prompt" {
  pl-record </dev/null
  echo '{"request_id":"r","prompt":"the word is xyzzy"}' | pl-advise --record >/dev/null
  is "" "$(grep -l xyzzy "$PL_DB"*)"
}

# -- without a database --

# useless WHY [OPTION...]: with the database as it is, requests are answered by default, with one warning that tells WHY
useless() {
  local why=$1
  shift
  { echo "$code"; echo '{"prompt":"Hello"}'; echo "$code"; } | status 0 mortal timeout 20 pl-advise "$@"
  is "null 10000;null 3000;null 10000" \
    "$(jq -r '.advice | "\(.model) \(.thinking_budget)"' out | paste -sd';')"
  is 1 "$(wc -l <err)"
  has "$(cat err)" "pl-advise: warning: "
  has "$(cat err)" "$why"
}

@test "database: missing, a directory, or not to be read" {
  useless "there is no database"
  mkdir "$PL_DB"
  useless "$PL_DB: "
  useless "$PL_DB: " --record
  rmdir "$PL_DB"
  models
  chmod 000 "$PL_DB"
  useless "$PL_DB: "
  useless "$PL_DB: " --record
  chmod 400 "$PL_DB"
  { echo "$code"; echo "$code"; } | status 0 mortal pl-advise --record
  is 1 "$(wc -l <err)"
  is 2 "$(wc -l <out)"
  PL_DB=/dev/null/pl.db useless "/dev/null/pl.db"
  PL_DB=/dev/null/pl.db useless "/dev/null/pl.db" --record
}

@test "database: garbage, another program's, empty" {
  seq 60000 | gzip -9n >"$PL_DB"
  cp "$PL_DB" before
  useless "is not a database"
  useless "is not a database" --record
  cmp before "$PL_DB"
  : >"$PL_DB"
  useless "$PL_DB: "
  fresh && sql "CREATE TABLE bookmarks(url TEXT)"
  useless "is another program's database"
  useless "is another program's database" --record
  is bookmarks "$(sql "SELECT name FROM sqlite_master")"
}

@test "database: of a newer or an older version" {
  models
  sql "PRAGMA user_version = 99" >/dev/null
  useless "is of a newer version"
  useless "is of a newer version" --record
  sql "PRAGMA user_version = 1" >/dev/null
  useless "is of an older version"
  is 1 "$(sql "PRAGMA user_version")"
}

@test "database: damaged ones" {
  models
  jq -cn 'range(2000) | {prompt:"Fix the code \(.)", request_id:"r\(.)"}' | pl-record -q
  sql "PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
  for page in {2..40..4}; do
    seq 60000 | gzip -9n | dd of="$PL_DB" bs=4096 seek=$page count=3 conv=notrunc status=none
    { echo "$code"; echo '{"prompt":"Write a poem"}'; echo '{"prompt":"Hello"}'; } | status 0 pl-advise
    is 3 "$(jq -r .advice.thinking_budget out | wc -l)"
    [ "$(wc -l <err)" -le 1 ]
  done
  has "$(cat err)" "pl-advise: warning: $PL_DB: "
  printf 'SQLite format 3' | dd of="$PL_DB" conv=notrunc status=none
  truncate -s 5000 "$PL_DB"
  status 0 pl-advise <<<"$code"
  is 1 "$(wc -l <out)"
}

@test "database: a table that is missing" {
  models
  sql "DROP TABLE model_performance_history; DROP TABLE budget_patterns"
  useless "$PL_DB: "
}

# holds STATEMENTS: keeps the database open in another process after STATEMENTS; release ends it
holds() {
  coproc HOLDER { sqlite3 -batch "$PL_DB" 3>&-; }
  echo "$1; SELECT 'held';" >&"${HOLDER[1]}"
  while read -rt 5 line <&"${HOLDER[0]}" && [ "$line" != held ]; do :; done
  is held "$line"
}
release() {
  local pid=$HOLDER_PID
  echo .quit >&"${HOLDER[1]}"
  wait "$pid"
}

@test "database: locked by another process: soon answered, by default" {
  models
  holds "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM advice"
  began=${EPOCHREALTIME/./}
  useless "is locked by another process"
  [ $((${EPOCHREALTIME/./} - began)) -lt 5000000 ]
  release
  is "claude-sonnet-4-5" "$(ask "$code" -f model)"
}

@test "database: one that another process writes to is read all the same" {
  models
  holds "BEGIN EXCLUSIVE; DELETE FROM routing; DELETE FROM model_performance_history"
  began=${EPOCHREALTIME/./}
  status 0 pl-advise -f model <<<"$code"
  [ $((${EPOCHREALTIME/./} - began)) -lt 2000000 ]
  is "claude-sonnet-4-5" "$(cat out)"
  is "" "$(cat err)"
  release
}

# -- budgets --

# thought TAG COUNT MEMBERS: requests about code, of moderate complexity, each a prompt of its own that used 1000 tokens
# of thinking the first, 2000 the second, and so on
thought() {
  jq -cn --arg t "$1" --argjson n "$2" --argjson more "$3" 'range($n) | {request_id:"\($t)\(.)",
    prompt:"Implement a function named \($t)\(.)", model:"m", thinking_tokens:(1000 * (. + 1))} + $more'
}

@test "budgets by class: five good requests, the 90th percentile by nearest rank" {
  budget() { ask "$code" | jq -r '.advice | "\(.thinking_budget) \(.budget_source)"'; }
  thought a 4 '{"quality_score":0.8}' | pl-record -q
  is "10000 default" "$(budget)"
  thought a 5 '{"quality_score":0.8}' | pl-record -q
  is "5000 class" "$(budget)"
  thought a 9 '{"quality_score":0.8}' | pl-record -q
  is "9000 class" "$(budget)"
  thought a 10 '{"quality_score":0.8}' | pl-record -q
  is "9000 class" "$(budget)"
  thought a 11 '{"quality_score":0.8}' | pl-record -q
  is "10000 class" "$(budget)"
  thought a 20 '{"quality_score":0.8}' | pl-record -q
  is "18000 class" "$(budget)"
  thought a 21 '{"quality_score":0.8}' | pl-record -q
  is "19000 class" "$(budget)"
  is "general simple null 3000 default" "$(advice '{"prompt":"Hello"}')"
  is "code deep null 28000 default" "$(advice '{"prompt":"Implement a function","complexity":"deep"}')"
}

@test "budgets by class: good ones only, by what is known" {
  {
    thought good 4 '{"quality_score":0.8}'
    thought poor 9 '{"quality_score":0.799999999}'
    thought unknown 9 '{}'
    thought thoughtless 9 '{"quality_score":1,"thinking_tokens":null,"thinking_budget":9}'
    thought other 9 '{"quality_score":1,"pattern":"tales"}'
    thought deep 9 '{"quality_score":1,"complexity":"deep"}'
  } | pl-record -q
  is "code moderate null 10000 default" "$(advice "$code")"
  # ratings of 4 and 5 are 0.75 and 1; their mean counts, unless the request has a quality of its own
  rate() { jq -cn --arg id "$1" --argjson q "$2" '{request_id:$id, quality_score:$q}' | pl-record -q; }
  rate unknown8 4
  is "code moderate null 10000 default" "$(advice "$code")"
  rate unknown8 5
  is "code moderate null 9000 class" "$(advice "$code")"
  rate poor0 5
  is "5|4000" "$(sql "SELECT count(*), max(thinking_tokens) FILTER (WHERE thinking_tokens < 9000) FROM request
    WHERE good = 1 AND complexity = 1 AND pattern = (SELECT id FROM name WHERE text = 'code')")"
  rate unknown8 3
  rate unknown8 3
  is "code moderate null 10000 default" "$(advice "$code")"
}

@test "budgets by class: between 1024 and 32000" {
  thought a 5 '{"quality_score":0.9,"thinking_tokens":10}' | pl-record -q
  is "code moderate null 1024 class" "$(advice "$code")"
  thought a 5 '{"quality_score":0.9,"thinking_tokens":1025,"timestamp":"2026-03-02T00:00:00Z"}' | pl-record -q
  is "code moderate null 1025 class" "$(advice "$code")"
  thought a 5 '{"quality_score":0.9,"thinking_tokens":90000,"timestamp":"2026-03-03T00:00:00Z"}' | pl-record -q
  is "code moderate null 32000 class" "$(advice "$code")"
  thought a 5 '{"quality_score":0.9,"thinking_tokens":0,"timestamp":"2026-03-04T00:00:00Z"}' | pl-record -q
  is "code moderate null 1024 class" "$(advice "$code")"
}

@test "budgets by history: a prompt seen before, and how good its answers were" {
  seen() {
    fresh
    jq -cn --argjson q "$1" --arg p "${2:-Implement a function}" '$q | to_entries[] | {request_id:"r\(.key)", prompt:$p,
      model:"m", thinking_tokens:9, quality_score:.value}' | pl-record -q
    ask "$code" | jq -r '.advice | "\(.thinking_budget) \(.budget_source)"'
  }
  is "9000 history" "$(seen '[0.9]')"
  is "9000 history" "$(seen '[0.800000001]')"
  is "10000 history" "$(seen '[0.8]')"
  is "10000 history" "$(seen '[0.5]')"
  is "11000 history" "$(seen '[0.499999999]')"
  is "11000 history" "$(seen '[0]')"
  is "10000 history" "$(seen '[1,0.5,null,0.6]')"
  is "9000 history" "$(seen '[1,1,0.41]')"
  is "10000 default" "$(seen '[null]')"
  is "10000 default" "$(seen '[0.9]' 'Implement a function ')"
  is "10000 default" "$(seen '[0.9]' 'implement a function')"
}

@test "budgets by history: by complexity, by ratings, and by a hash alone" {
  pl-record -q <<'R'
{"request_id":"s","prompt":"Hello","quality_score":1}
{"request_id":"c","prompt":"Compare them","quality_score":0}
{"request_id":"d","prompt":"A roadmap","quality_score":0.9}
{"request_id":"r","prompt":"Write a poem","thinking_budget":10000}
{"request_id":"r","quality_score":5}
R
  is "general simple null 2700 history" "$(advice '{"prompt":"Hello"}')"
  is "analysis complex null 22000 history" "$(advice '{"prompt":"Compare them"}')"
  is "general deep null 25200 history" "$(advice '{"prompt":"A roadmap"}')"
  is "creative moderate null 9000 history" "$(advice '{"prompt":"Write a poem"}')"
  hash=$(printf 'Hello' | sha256sum | cut -c 1-16)
  is "null null null 9000 history" "$(advice "{\"prompt_hash\":\"$hash\"}")"
  is "tales deep null 25200 history" \
    "$(advice "{\"prompt_hash\":\"$hash\",\"complexity\":\"deep\",\"pattern\":\"tales\"}")"
  pl-record -q <<<'{"request_id":"r","quality_score":1}'
  is "creative moderate null 10000 history" "$(advice '{"prompt":"Write a poem"}')"
  pl-record -q <<<'{"request_id":"r","quality_score":1}'
  is "creative moderate null 11000 history" "$(advice '{"prompt":"Write a poem"}')"
}

@test "budgets: the class comes before the prompt's own history" {
  thought a 5 '{"quality_score":0.9}' | pl-record -q
  pl-record -q <<<'{"request_id":"x","prompt":"Implement a function","quality_score":0}'
  is "code moderate null 5000 class" "$(advice "$code")"
}

@test "prompt rules of one's own: the database's are gone by" {
  mkdir -p "$XDG_CONFIG_HOME/pl"
  echo '{"patterns":[{"pattern":"gardens","words":[["rose"]]}]}' >"$XDG_CONFIG_HOME/pl/prompts.json"
  is gardens "$(ask '{"prompt":"A rose"}' -f pattern 2>/dev/null)"
  pl-record </dev/null
  rm -r "$XDG_CONFIG_HOME"
  is gardens "$(ask '{"prompt":"A rose"}' -f pattern)"
}
