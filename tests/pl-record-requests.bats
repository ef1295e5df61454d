#!/usr/bin/env bats
# pl-record on requests and ratings: result lines, identity, versions, what they cost, and what is kept of prompts.
# shellcheck disable=SC2030,SC2031

load helper

# rec JSON...: records these, a line each, with a good end
rec() { printf '%s\n' "$@" | status 0 pl-record; }

# statuses: of what was recorded last
statuses() { jq -r .status out | xargs; }

hash_of() { printf %s "$1" | sha256sum | cut -c1-16; }

total() { sql "SELECT value FROM total WHERE name = '$1' AND slot IN (2, (SELECT slot FROM state)) AND value <> 0"; }

# asked MEMBERS [ID]: a request
asked() { printf '{"kind":"request","request_id":"%s"%s}\n' "${2:-r}" "${1:+,$1}"; }

# -- result lines --

@test "result lines of requests" {
  rec '{"request_id":"r1","prompt":"Refactor this function of the parser"}' '{"prompt":"Hi there"}' \
    '{"request_id":2,"messages":[{"role":"system","content":"Write code"},{"role":"user","content":"Who was it?"}]}' \
    '{"request_id":"r3","model":"m"}' '{"request_id":"r4","prompt":"Hi","pattern":"own","complexity":"deep"}' \
    '{"prompt_hash":"0123456789abcdef","complexity_score":0.3}' '{"request_id":"r5","prompt":""}' \
    '{"kind":"request","input":[{"role":"user","content":[{"type":"text","text":"Prove it by logic"}]}]}' \
    '{"request_id":"\u001b\"","prompt":"Plan a comprehensive roadmap"}' \
    '{"request_id":"r1","prompt":"Refactor this function of the parser"}'
  is '{"kind":"request","request_id":"r1","status":"new","pattern":"code","complexity":"moderate"}
{"kind":"request","request_id":null,"status":"new","pattern":"general","complexity":"simple"}
{"kind":"request","request_id":"2","status":"new","pattern":"factual","complexity":"moderate"}
{"kind":"request","request_id":"r3","status":"new","pattern":null,"complexity":null}
{"kind":"request","request_id":"r4","status":"new","pattern":"own","complexity":"deep"}
{"kind":"request","request_id":null,"status":"new","pattern":null,"complexity":"moderate"}
{"kind":"request","request_id":"r5","status":"new","pattern":"general","complexity":"simple"}
{"kind":"request","request_id":null,"status":"new","pattern":"reasoning","complexity":"moderate"}
{"kind":"request","request_id":"\u001b\"","status":"new","pattern":"general","complexity":"deep"}
{"kind":"request","request_id":"r1","status":"duplicate","pattern":"code","complexity":"moderate"}' "$(cat out)"
  verified
}

@test "result lines of newer and older versions of a request" {
  rec "$(asked '"prompt":"Write a poem about rain","updated_at":1')" \
    "$(asked '"prompt":"Fix the bug in the code","updated_at":3')" \
    "$(asked '"prompt":"Why is it so dark at night","updated_at":2')" "$(asked '"updated_at":4')" \
    "$(asked '"prompt":"x","updated_at":3')"
  is '{"kind":"request","request_id":"r","status":"new","pattern":"creative","complexity":"moderate"}
{"kind":"request","request_id":"r","status":"updated","pattern":"code","complexity":"moderate"}
{"kind":"request","request_id":"r","status":"duplicate","pattern":"code","complexity":"moderate"}
{"kind":"request","request_id":"r","status":"updated","pattern":null,"complexity":null}
{"kind":"request","request_id":"r","status":"duplicate","pattern":null,"complexity":null}' "$(cat out)"
}

@test "result lines of ratings" {
  rec '{"request_id":"r1","quality_score":4}' '{"request_id":"r1","quality_score":5,"feedback_id":"f"}' \
    '{"request_id":2,"quality_score":1,"is_correct":false,"timestamp":7}' \
    '{"request_id":"r1","quality_score":3,"feedback_id":"f","timestamp":1}' \
    '{"request_id":"r1","quality_score":5,"feedback_id":"f"}' \
    '{"request_id":2,"quality_score":1,"is_correct":false,"timestamp":7}'
  is '{"kind":"feedback","request_id":"r1","status":"new","id":1}
{"kind":"feedback","request_id":"r1","status":"new","id":2}
{"kind":"feedback","request_id":"2","status":"new","id":3}
{"kind":"feedback","request_id":"r1","status":"updated","id":2}
{"kind":"feedback","request_id":"r1","status":"duplicate","id":2}
{"kind":"feedback","request_id":"2","status":"duplicate","id":3}' "$(cat out)"
}

@test "-v tells of each rating that is stored, -vv of each record" {
  printf '%s\n' '{"request_id":"r1","quality_score":4,"feedback_id":"f"}' \
    '{"request_id":"r1","quality_score":4,"feedback_id":"f"}' '{"request_id":"r2","quality_score":2}' \
    '{"request_id":"r1","prompt":"x"}' '{"prompt":"x"}' >in
  status 0 pl-record -v in
  is "pl-record: Stored feedback 1 for request r1
pl-record: Stored feedback 2 for request r2
pl-record: Stored 5 records: 4 new, 0 updated, 1 duplicates; 0 rejected" "$(cat err)"
  status 0 pl-record -vv in
  for line in "feedback r1: duplicate" "request r1: duplicate" "request : duplicate"; do has "$(cat err)" "$line"; done
}

# -- fields --

@test "fields: every one of a request is stored" {
  rec '{"request_id":"r","prompt":"Hello","workflow_id":"w","pattern":"own","complexity":"deep",
    "complexity_score":0.901,"provider":"acme","model":"m-1","input_tokens":1,"output_tokens":2,"cache_read_tokens":3,
    "cache_write_tokens":5,"cache_write_1h_tokens":4,"thinking_budget":6,"thinking_tokens":7,"cost":0.25,
    "latency_ms":12.5,"success":true,"quality_score":0.75,"account":"a","user_id":"u","session_id":"s",
    "timestamp":"2026-01-02T03:04:05.6Z",
    "updated_at":"2026-01-03T00:00:00Z","kind":"request"}'
  is "r|2026-01-02 03:04:05|acme|m-1|own|0.901|deep|$(hash_of Hello)|w|1|2|3|5|4|6|7|0.25|given|12.5|1|0.75|a|u|s" \
    "$(sql "SELECT request_id, timestamp, selected_provider, selected_model, pattern_detected, complexity_score,
      complexity, prompt_hash, workflow_id, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
      cache_write_1h_tokens, thinking_budget, thinking_tokens, cost, cost_source, latency_ms, success, quality_score,
      account, user_id, session_id FROM routing_metrics")"
  is "2026-03-01 12:00:00" "$(sql "SELECT recorded_at FROM routing_metrics")"
  verified
}

@test "fields: of a request nothing is known but its id" {
  rec '{"request_id":"r"}'
  is "r|2026-03-01 12:00:00|unknown|0" "$(sql "SELECT request_id, timestamp, selected_provider,
    coalesce(selected_model, pattern_detected, complexity_score, complexity, prompt_hash, workflow_id, input_tokens,
      output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, thinking_budget, thinking_tokens,
      cost, cost_source, latency_ms, success, quality_score, account, user_id, session_id, 0) FROM routing_metrics")"
  is 0 "$(sql "SELECT count(*) FROM budget_patterns")"
}

@test "fields: every one of a rating is stored" {
  rec '{"request_id":"r","quality_score":4,"is_correct":true,"is_helpful":false,"comment":"so\nso","user_id":"u",
    "session_id":"s","timestamp":"2026-01-02T03:04:05Z","feedback_id":"f"}' '{"request_id":"q","quality_score":1}'
  is "1|r|2026-01-02 03:04:05|4|1|0|so\\nso|u|s
2|q|2026-03-01 12:00:00|1|||||" "$(sql "SELECT id, request_id, timestamp, quality_score, is_correct, is_helpful,
    replace(comment, char(10), '\n'), user_id, session_id FROM response_feedback ORDER BY id")"
  is "" "$(sql "SELECT coalesce(prompt_pattern, selected_provider, selected_model, complexity_score)
    FROM response_feedback WHERE id = 2")"
}

@test "fields: a provider that is not given is known by the model" {
  rec "$(asked '"model":"claude-sonnet-4-5"' 1)" "$(asked '"model":"openrouter/openai/gpt-4o"' 2)" \
    "$(asked '"model":"gemini-2.5-pro","provider":"vertex"' 3)" "$(asked '"model":"home-made"' 4)" \
    "$(asked '"model":"gpt-4o","provider":""' 5)" "$(asked '"model":"gemini-2.5-pro"' 6)"
  is "anthropic openrouter vertex unknown openai google" \
    "$(sql "SELECT selected_provider FROM routing_metrics ORDER BY request_id" | xargs)"
}

@test "fields: of complexity and its score the one gives the other" {
  rec "$(asked '"complexity":"simple"' 1)" "$(asked '"complexity":"moderate"' 2)" \
    "$(asked '"complexity":"complex"' 3)" "$(asked '"complexity":"deep"' 4)" \
    "$(asked '"complexity_score":0.1' 5)" "$(asked '"complexity_score":0.26' 6)" \
    "$(asked '"complexity_score":0.74' 7)" "$(asked '"complexity_score":1' 8)" \
    "$(asked '"complexity_score":1,"complexity":"simple"' 9)"
  is "simple|0.125 moderate|0.375 complex|0.625 deep|0.875 simple|0.1 moderate|0.26 complex|0.74 deep|1.0 simple|1.0" \
    "$(sql "SELECT complexity, complexity_score FROM routing_metrics ORDER BY request_id" | xargs)"
  # what is given of a prompt is not looked for
  rec '{"request_id":"p","prompt":"Plan a comprehensive roadmap","complexity_score":0.1,"pattern":"x"}'
  is "simple|0.1|x" \
    "$(sql "SELECT complexity, complexity_score, pattern_detected FROM routing_metrics WHERE request_id = 'p'")"
}

@test "fields: what is wrong is named, by its file and line, and costs its record" {
  more="cache_write_1h_tokens: is more than cache_write_tokens, which include it"
  while IFS='|' read -r members reason; do
    asked "$members" bad
    echo "pl-record: in:$((++n)): $reason" >>wanted
  done >in <<T
"prompt":1|prompt: is a number, not a string
"messages":"x"|messages: is a string, not an array
"prompt_hash":"xyz"|prompt_hash: is not 16 hexadecimal digits
"workflow_id":""|workflow_id: is empty
"pattern":1|pattern: is a number, not a string
"pattern_detected":[]|pattern_detected: is an array, not a string
"complexity":"medium"|complexity: is none of simple, moderate, complex or deep
"complexity_score":1.1|complexity_score: is out of range
"provider":{}|provider: is an object, not a string
"selected_provider":1|selected_provider: is a number, not a string
"model":true|model: is true, not a string
"selected_model":1|selected_model: is a number, not a string
"input_tokens":-1|input_tokens: is negative
"output_tokens":0.5|output_tokens: is not a whole number
"cache_read_tokens":"1"|cache_read_tokens: is a string, not a number
"cache_write_tokens":1e13|cache_write_tokens: is out of range
"cache_write_tokens":1,"cache_write_1h_tokens":2|$more
"thinking_budget":1e13|thinking_budget: is out of range
"thinking_tokens":-0.1|thinking_tokens: is negative
"cost":1e7|cost: is out of range
"latency_ms":"fast"|latency_ms: is a string, not a number
"success":1|success: is a number, not true or false
"quality_score":1.01|quality_score: is out of range
"account":1|account: is a number, not a string
"user_id":1.5|user_id: is not a whole number
"session_id":""|session_id: is empty
"event_id":false|event_id: is false, not a string
"timestamp":"now"|timestamp: is not a time
"created_at":"now"|created_at: is not a time
"updated_at":"now"|updated_at: is not a time
T
  asked "" good >>in
  status 1 pl-record --rejects rejected in
  is "$(cat wanted)" "$(cat err)"
  is "good" "$(sql "SELECT request_id FROM routing_metrics")"
  is "$(head -n -1 in)" "$(cat rejected)"
}

@test "fields: what is wrong with a rating is named" {
  while IFS='|' read -r members reason; do
    echo "{\"kind\":\"feedback\",$members}"
    echo "pl-record: in:$((++n)): $reason" >>wanted
  done >in <<'T'
"quality_score":4|request_id: is missing
"request_id":"","quality_score":4|request_id: is empty
"request_id":"r"|quality_score: is missing
"request_id":"r","quality_score":0|quality_score: is out of range: a rating is 1 to 5
"request_id":"r","quality_score":6|quality_score: is out of range: a rating is 1 to 5
"request_id":"r","quality_score":4.5|quality_score: is not a whole number
"request_id":"r","quality_score":"good"|quality_score: is a string, not a number
"request_id":"r","quality_score":4,"is_correct":1|is_correct: is a number, not true or false
"request_id":"r","quality_score":4,"is_helpful":"no"|is_helpful: is a string, not true or false
"request_id":"r","quality_score":4,"comment":7|comment: is a number, not a string
"request_id":"r","quality_score":4,"user_id":[]|user_id: is an array, not a string
"request_id":"r","quality_score":4,"session_id":""|session_id: is empty
"request_id":"r","quality_score":4,"timestamp":"x"|timestamp: is not a time
"request_id":"r","quality_score":4,"feedback_id":""|feedback_id: is empty
T
  jq -cn '("e\u0301" * 500, "e\u0301" * 500 + "x") | {request_id:"r",quality_score:5,comment:.}' >>in
  echo "pl-record: in:16: comment: is longer than 1000 characters" >>wanted
  status 1 pl-record in
  is "$(cat wanted)" "$(cat err)"
  is "1|1000" "$(sql "SELECT count(*), max(length(comment)) FROM response_feedback")"
}

@test "kinds: --kind request and --kind feedback" {
  echo '{"workflow_id":"w","model":"m","kind":"workflow"}' | status 0 pl-record -k request
  is request "$(jq -r .kind out)"
  echo '{"request_id":"r","quality_score":3,"prompt":"p"}' | status 0 pl-record --kind feedback
  is feedback "$(jq -r .kind out)"
  echo '{"workflow_id":"w","cost":1}' | status 1 pl-record -k request
  has "$(cat err)" "-:1: is no request: it has neither request_id, prompt, messages, input, prompt_hash nor model"
}

# -- requests without an id --

@test "identity: a dated request without an id is known by its content" {
  rec '{"prompt":"x","timestamp":5}' \
    '{"messages":[{"role":"user","content":"x"}],"created_at":"1970-01-01T00:00:05Z"}' \
    '{"prompt":"x","timestamp":6}' '{"prompt":"y","timestamp":5}' '{"prompt":"x","updated_at":5}'
  is "new duplicate new new new" "$(statuses)"
  printf '%s\n' '{"prompt":"x","timestamp":5}' '{"prompt":"y","timestamp":5}' >in
  status 0 pl-record in && is "duplicate duplicate" "$(statuses)"
  is "4 4" "$(sql "SELECT count(*) FROM routing_metrics") $(total requests)"
  # what stood before it in memory is nothing to it
  bare='{"kind":"request","model":"m","timestamp":5}'
  { echo '{"prompt":"x","timestamp":5}'; sleep 0.3; echo "$bare"; } | pl-record -q
  echo "$bare" | pl-record -q
  is 1 "$(sql "SELECT count(*) FROM routing_metrics WHERE selected_model = 'm'")"
}

@test "identity: undated requests from stdin are each new" {
  rec '{"prompt":"x"}' '{"prompt":"x"}' '{"model":"m","kind":"request"}' '{"model":"m","kind":"request"}'
  is "new new new new" "$(statuses)"
  rec '{"prompt":"x"}'
  is "new 3" "$(statuses) $(sql "SELECT usage_count FROM budget_patterns")"
  is 5 "$(total requests)"
  verified
}

@test "identity: undated requests from a file are told apart by their place among equal ones" {
  printf '%s\n' '{"prompt":"x"}' '{"prompt":"y"}' '{"prompt":"x"}' >in
  status 0 pl-record in && is "new new new" "$(statuses)"
  cp in copy
  status 0 pl-record in copy && is "duplicate duplicate duplicate duplicate duplicate duplicate" "$(statuses)"
  printf '%s\n' '{"prompt":"y"}' '{"prompt":"x"}' '{"prompt":"x"}' '{"prompt":"x"}' >other
  status 0 pl-record other && is "duplicate duplicate duplicate new" "$(statuses)"
  is 4 "$(total requests)"
}

@test "identity: an event_id, where there is no request_id" {
  rec '{"prompt":"x","event_id":"e","updated_at":1}' '{"prompt":"y","event_id":"e","updated_at":2}' \
    '{"prompt":"x","event_id":7}' '{"prompt":"x","event_id":"7"}' '{"prompt":"x","request_id":"e","event_id":"e"}' \
    '{"prompt":"x","request_id":"f","event_id":"e"}'
  is "new updated new duplicate new new" "$(statuses)"
  is "$(hash_of x)|3 $(hash_of y)|1" "$(sql "SELECT prompt_hash, usage_count FROM budget_patterns ORDER BY 2 DESC" |
    xargs)"
  is 4 "$(total requests)"
  verified
}

# -- versions --

@test "versions: the newer request replaces the older whole, in any order" {
  asked '"prompt":"one","updated_at":1,"success":true,"input_tokens":100,"cost":1,"thinking_tokens":500' >v1
  asked '"prompt":"two","updated_at":2,"success":true,"cost":2,"thinking_budget":900' >v2
  asked '"prompt":"two","updated_at":2,"cost":4,"input_tokens":999' >v3 # goes on
  asked '"prompt":"two","cost":8' >v4 # undated
  asked '"prompt":"two","updated_at":2,"success":false,"cost":16,"input_tokens":5' >v5 # more tokens
  for order in "v1 v2 v3 v4 v5" "v5 v4 v3 v2 v1" "v3 v5 v1 v4 v2" "v4 v2 v1 v5 v3"; do
    fresh
    for one in $order; do cat "$one"; done | status 0 pl-record
    is "r|16.0|5||0" "$(sql "SELECT request_id, cost, input_tokens, thinking_budget, success FROM routing_metrics")"
    is "$(hash_of two)|1||0" "$(sql "SELECT prompt_hash, usage_count, avg_budget, tokens_known FROM budget_patterns")"
    is "1 1 16000000000" "$(total requests) $(total request_cost_known) $(total request_cost)"
    verified
  done
}

@test "versions: of one time and as many tokens, the one whose content hashes larger" {
  asked '"cost":1,"timestamp":1' >a && asked '"cost":2,"timestamp":1' >b
  cat a b | status 0 pl-record
  one=$(sql "SELECT cost FROM routing_metrics")
  fresh
  cat b a | status 0 pl-record
  is "$one" "$(sql "SELECT cost FROM routing_metrics")"
}

@test "versions: an equal one is a duplicate, and the first time of recording stays" {
  rec "$(asked '"cost":1')"
  asked '"cost":1.0,"x":2' | PL_NOW=2026-04-01T00:00:00Z status 0 pl-record
  is "duplicate 2026-03-01 12:00:00 2026-03-01 12:00:00" \
    "$(statuses) $(sql "SELECT timestamp || ' ' || recorded_at FROM routing_metrics")"
  asked '"cost":1,"updated_at":"2026-01-01T00:00:00Z"' | PL_NOW=2026-04-01T00:00:00Z status 0 pl-record
  is "updated 2026-01-01 00:00:00 2026-03-01 12:00:00" \
    "$(statuses) $(sql "SELECT timestamp || ' ' || recorded_at FROM routing_metrics")"
}

# -- ratings --

quality() { sql "SELECT quality_score, total_quality_score FROM budget_patterns"; }

@test "ratings: one after its request, one before, and one of a request that never comes" {
  request='{"request_id":"r","prompt":"Fix the bug in the code","model":"claude-x","complexity_score":0.5}'
  late='{"request_id":"r","quality_score":4,"timestamp":1}' early='{"request_id":"r","quality_score":2,"timestamp":2}'
  other='{"request_id":"never","quality_score":5,"timestamp":3}'
  for order in "$request $late $early" "$late $early $request" "$late $request $early"; do
    fresh
    echo "$order $other" | status 0 pl-record
    is "new new new new" "$(statuses)"
    is "0.5|0.5" "$(quality)" # (2 + 4) / 2 = 3, and (3 - 1) / 4
    is "4|code|anthropic|claude-x|0.5
2|code|anthropic|claude-x|0.5
5||||" "$(sql "SELECT quality_score, prompt_pattern, selected_provider, selected_model, complexity_score
      FROM response_feedback ORDER BY timestamp")"
    is 3 "$(total feedback)"
    verified
  done
}

@test "ratings: what a record says itself of its request serves until that comes" {
  said() {
    sql "SELECT prompt_pattern, selected_provider, selected_model, complexity_score
      FROM response_feedback ORDER BY id" | xargs
  }
  rec '{"request_id":"r","quality_score":4,"prompt_pattern":"own","selected_provider":"o","complexity_score":0.25}' \
    '{"kind":"feedback","request_id":"r","quality_score":5,"selected_model":"claude-x"}'
  is "own|o||0.25 |anthropic|claude-x|" "$(said)"
  rec '{"request_id":"r","pattern":"code"}'
  is "code|o||0.25 code|anthropic|claude-x|" "$(said)"
  rec '{"request_id":"r","pattern":"code","provider":"p","model":"m","complexity":"deep","updated_at":1}'
  is "code|p|m|0.875 code|p|m|0.875" "$(said)"
  rec '{"request_id":"r","model":"gpt-4o","updated_at":2}'
  is "own|openai|gpt-4o|0.25 |openai|gpt-4o|" "$(said)"
}

@test "ratings: repeated ones count once" {
  rec '{"request_id":"r","prompt":"x"}' '{"request_id":"r","quality_score":5,"timestamp":1}' \
    '{"request_id":"r","quality_score":5,"timestamp":1}' '{"request_id":"r","quality_score":1,"feedback_id":1}' \
    '{"request_id":"r","quality_score":1,"feedback_id":"1"}' '{"request_id":"r","quality_score":1,"event_id":1}'
  is "new new duplicate new duplicate duplicate" "$(statuses)"
  is "0.5|0.5 2" "$(quality) $(total feedback)"
  printf '%s\n' '{"request_id":"r","quality_score":3}' '{"request_id":"r","quality_score":3}' >in
  status 0 pl-record in && is "new new" "$(statuses)"
  status 0 pl-record in && is "duplicate duplicate" "$(statuses)"
  status 0 pl-record <in && is "new new" "$(statuses)" # from stdin nothing tells them apart
  is "0.5|0.5 6" "$(quality) $(total feedback)"
  verified
}

@test "ratings: a corrected one takes the place of the one before" {
  rec '{"request_id":"a","prompt":"x"}' '{"request_id":"b","prompt":"y"}' \
    '{"request_id":"a","quality_score":5,"feedback_id":"f","is_correct":true,"comment":"c","timestamp":1}'
  by_prompt="SELECT group_concat(quality_score, ' ') FROM (SELECT quality_score FROM budget_patterns
    ORDER BY prompt_hash = '$(hash_of y)')"
  is "1.0 0.65" "$(sql "$by_prompt")"
  rec '{"request_id":"a","quality_score":2,"feedback_id":"f","timestamp":2}'
  is "updated 0.25 0.65" "$(statuses) $(sql "$by_prompt")"
  rec '{"request_id":"b","quality_score":4,"feedback_id":"f","timestamp":3}' # it was of another request
  is "updated 0.65 0.75" "$(statuses) $(sql "$by_prompt")"
  rec '{"request_id":"a","quality_score":1,"feedback_id":"f","timestamp":2}' \
    '{"request_id":"a","quality_score":1,"feedback_id":"f"}'
  is "duplicate duplicate 0.65 0.75" "$(statuses) $(sql "$by_prompt")"
  is "1|b|4|||1970-01-01 00:00:03" \
    "$(sql "SELECT id, request_id, quality_score, is_correct, comment, timestamp FROM response_feedback")"
  is "0|0 1|4" "$(sql "SELECT rating_count, rating_sum FROM request ORDER BY request_id" | xargs)"
  is 1 "$(total feedback)"
  verified
  # to a request that is not known, and back
  rec '{"request_id":"none","quality_score":4,"feedback_id":"f","timestamp":4}'
  is "updated 0.65 0.65" "$(statuses) $(sql "$by_prompt")"
  rec '{"request_id":"a","quality_score":3,"feedback_id":"f","timestamp":5}'
  is "updated 0.5 0.65" "$(statuses) $(sql "$by_prompt")"
  verified
}

@test "ratings: a request keeps them through its versions" {
  rec '{"request_id":"r","prompt":"x","updated_at":1}' '{"request_id":"r","quality_score":5}' \
    '{"request_id":"r","prompt":"y","updated_at":2,"thinking_tokens":10}'
  is "$(hash_of y)|1.0|1" "$(sql "SELECT prompt_hash, quality_score, usage_count FROM budget_patterns")"
  is "1|5|1" "$(sql "SELECT rating_count, rating_sum, good FROM request")"
  rec '{"request_id":"r","prompt":"y","updated_at":3,"model":"m","quality_score":0.125}' # its own comes first
  is "0.125|0.125 0" "$(quality) $(sql "SELECT good FROM request")"
  verified
}

# -- prompts --

@test "prompts: nothing of them is in the database's files" {
  nowhere() {
    is "" "$(grep -l -a -i -E 'zebulon|quixote|rumpel|sancho|ophelia' "$PL_DB"*)"
    [ -s "$PL_DB" ]
  }
  mkfifo pipe
  pl-record <pipe >out & pid=$!
  exec 7>pipe
  printf '%s\n' '{"request_id":"1","prompt":"Explain Zebulon to me"}' \
    '{"messages":[{"role":"user","content":"First Quixote"},{"role":"assistant","content":"Sancho"},
      {"role":"user","content":[{"type":"text","text":"Write about Zebulon"}]}],"model":"m","request_id":"2"}' \
    '{"kind":"request","input":"Rumpel","request_id":"3","output":"Ophelia","response":"Ophelia"}' \
    '{"prompt":"Zebulon again","timestamp":5,"system":"Ophelia","thinking":"Sancho"}' \
    '{"request_id":"5","prompt":"Rumpel","messages":[{"role":"user","content":"Quixote"}],"meta":{"x":"Ophelia"}}' \
    '{"kind":"feedback","request_id":"1","quality_score":4,"prompt":"Zebulon","response":"Sancho"}' >&7
  soon [ -s out ]
  nowhere # and in its log
  ls "$PL_DB-wal"
  printf '%s\n' '{"request_id":"1","prompt":"Zebulon is back","updated_at":1}' >&7
  exec 7>&-
  wait "$pid"
  is 7 "$(wc -l <out)"
  nowhere
  status 0 pl-backfill --rebuild
  nowhere
  is "$(hash_of "Zebulon is back") $(hash_of "Write about Zebulon") $(hash_of Rumpel)" \
    "$(sql "SELECT prompt_hash FROM routing_metrics WHERE request_id < '4' ORDER BY request_id" | xargs)"
}

@test "prompts: --no-text changes nothing for requests, and keeps the comments of ratings" {
  printf '%s\n' '{"request_id":"r","prompt":"Fix the bug"}' '{"request_id":"r","quality_score":4,"comment":"fine"}' >in
  status 0 pl-record --no-text in
  is "code|fine" "$(sql "SELECT prompt_pattern, comment FROM response_feedback")"
}

@test "prompts: of what is rejected --rejects keeps the line, and stderr nothing of it" {
  echo '{"request_id":"r","prompt":"Zebulon","cost":-1}' | status 1 pl-record
  is "pl-record: -:1: cost: is negative" "$(cat err)"
}

# -- prices --

# a list of one's own: USD per million tokens
list() {
  echo '{"models":{"acme-1":{"input":1,"output":20,"cache_read":0.3,"cache_write":4,"cache_write_1h":50},
    "acme-2":{"input":7,"output":7}}}' >prices.json
}

# costs: of all requests, by their ids
costs() {
  sql "SELECT coalesce(cost, 'none') || ' ' || coalesce(cost_source, '-') FROM routing_metrics ORDER BY request_id"
}

@test "prices: each kind of tokens at its own" {
  list
  acme() { asked "\"model\":\"acme-1\",$2" "$1"; }
  {
    acme 1 '"input_tokens":1000000,"output_tokens":0'
    acme 2 '"input_tokens":0,"output_tokens":1000000'
    acme 3 '"input_tokens":0,"output_tokens":0,"cache_read_tokens":1000000'
    acme 4 '"input_tokens":0,"output_tokens":0,"cache_write_tokens":1000000'
    acme 5 '"input_tokens":0,"output_tokens":0,"cache_write_tokens":1000000,"cache_write_1h_tokens":1000000'
    acme 6 '"input_tokens":0,"output_tokens":0,"cache_write_tokens":3000000,"cache_write_1h_tokens":1000000'
    acme 7 '"input_tokens":1,"output_tokens":1,"cache_read_tokens":1,"cache_write_tokens":2,"cache_write_1h_tokens":1'
    acme 8 '"input_tokens":0,"output_tokens":0'
    acme 9 '"input_tokens":2,"output_tokens":0,"thinking_tokens":9000' # which are part of the output
  } | status 0 pl-record --prices prices.json
  is "1.0 priced
20.0 priced
0.3 priced
4.0 priced
50.0 priced
58.0 priced
7.53e-05 priced
0.0 priced
2.0e-06 priced" "$(costs)"
  is "9 133300077300" "$(total request_cost_known) $(total request_cost)"
  verified
}

@test "prices: what is given comes first, and what cannot be known is not" {
  list
  {
    asked '"model":"acme-1","input_tokens":1000000,"output_tokens":0,"cost":9' 1
    asked '"model":"acme-1","input_tokens":1000000,"output_tokens":0,"cost":0' 2
    asked '"model":"acme-3","input_tokens":1000000,"output_tokens":0' 3 # no such model
    asked '"model":"acme-1-mini","input_tokens":1000000,"output_tokens":0' 4
    asked '"model":"acme-1","output_tokens":0' 5 # half of the tokens
    asked '"model":"acme-1","input_tokens":7' 6
    asked '"input_tokens":1000000,"output_tokens":0' 7 # no model
    asked '"model":"acme-2","input_tokens":0,"output_tokens":0,"cache_read_tokens":1' 8 # no such price
    asked '"model":"acme-2","input_tokens":0,"output_tokens":1000000,"cache_read_tokens":0' 9
  } | status 0 pl-record --prices prices.json
  is "9.0 given|0.0 given|none -|none -|none -|none -|none -|none -|7.0 priced" "$(costs | paste -sd '|')"
  is "3 16000000000" "$(total request_cost_known) $(total request_cost)"
  verified
}

@test "prices: a model's name is whole, but for its provider, a date, -latest and @..." {
  list
  n=0
  for model in acme-1 x/y/acme-1 ACME-1 acme-1-20260131 acme-1-2026-01-31 acme-1-latest acme-1@20260131 \
    acme-1-20261399 acme-1-preview acme acme-10 my-acme-1; do
    asked "\"model\":\"$model\",\"input_tokens\":1000000,\"output_tokens\":0" $((n += 1))
  done >in
  status 0 pl-record --prices prices.json in
  is "1 2 3 4 5 6 7" \
    "$(sql "SELECT request_id FROM routing_metrics WHERE cost = 1.0 ORDER BY request_id + 0" | xargs)"
  is 7 "$(total request_cost_known)"
}

@test "prices: workflows without a cost have one too" {
  list
  for tokens in '"input_tokens":1000000,"output_tokens":50000' '"input_tokens":1000000,"output_tokens":0,"cost":5' \
    '"total_tokens":1000000'; do
    echo "{\"workflow_id\":$((++n)),\"nl_input\":\"Check git status\",\"model\":\"acme-1\",$tokens}"
  done >in
  status 0 pl-record --prices prices.json in
  is "1|2.0|priced 2|5.0|given 3||" \
    "$(sql "SELECT workflow_id, actual_cost_total, cost_source FROM workflow_history ORDER BY 1" | xargs)"
  is "3.5|0.175" "$(sql "SELECT avg_cost_with_llm, avg_cost_with_tool FROM operation_patterns")"
  is "2 7000000000" "$(total cost_known) $(total cost)"
  verified
}

@test "prices: those of the share directory, below those of one's own" {
  model=$(jq -r '.models | to_entries | map(select(.value.output)) | first.key' "$PL_SHARE/prices.json")
  price=$(jq -r --arg m "$model" '.models[$m] | .input + .output' "$PL_SHARE/prices.json")
  million='"input_tokens":1000000,"output_tokens":1000000'
  asked "\"model\":\"$model\",$million" | status 0 pl-record
  is "" "$(cat err)"
  is 1 "$(sql "SELECT abs(cost - $price) < 1e-9 FROM routing_metrics")"
  fresh
  echo "{\"models\":{\"$model\":{\"input\":100,\"output\":200}}}" >prices.json
  { asked "\"model\":\"$model\",$million"; asked "\"model\":\"gpt-4o\",$million" s; } |
    status 0 pl-record --prices prices.json
  is "300.0 1" "$(sql "SELECT max(cost), min(cost) > 1 FROM routing_metrics" | tr '|' ' ')"
}

@test "prices: those of the configuration directory, and --prices in their place" {
  mkdir -p "$XDG_CONFIG_HOME/pl"
  echo '{"models":{"acme-1":{"input":3,"output":3}}}' >"$XDG_CONFIG_HOME/pl/prices.json"
  list
  asked '"model":"acme-1","input_tokens":1000000,"output_tokens":0' >in
  status 0 pl-record in && is "3.0 priced" "$(costs)"
  fresh
  status 0 pl-record --prices prices.json in && is "1.0 priced" "$(costs)"
  echo '{"models":{"acme-1":{"input":3}}}' >"$XDG_CONFIG_HOME/pl/prices.json"
  status 0 pl-record in # a database has its own
  has "$(cat err)" "warning: $XDG_CONFIG_HOME/pl/prices.json: acme-1: has no \"output\""
  fresh
  status 2 pl-record in
  has "$(cat err)" "$XDG_CONFIG_HOME/pl/prices.json: acme-1: has no \"output\""
}

@test "prices: a file that is missing or not valid is status 2, and nothing is recorded" {
  asked "" >in
  for bad in '{' '[]' '{}' '{"models":{"m":{"input":-1,"output":1}}}' '{"models":{"m":{"input":"1","output":1}}}' \
    '{"models":{"m":{"input":1,"output":1,"more":1}}}' '{"models":{"m":{"input":0.0000001,"output":1}}}'; do
    echo "$bad" >prices.json
    status 2 pl-record --prices prices.json in
    has "$(cat err)" "prices.json: "
  done
  status 2 pl-record --prices none.json in
  has "$(cat err)" "none.json: "
  [ ! -e "$PL_DB" ]
}

@test "prices: a database keeps its own until --rebuild, and the tool says so" {
  list
  million='"input_tokens":1000000,"output_tokens":0'
  asked "\"model\":\"acme-1\",$million" 1 | status 0 pl-record --prices prices.json
  echo "{\"workflow_id\":\"w\",\"nl_input\":\"Check git status\",\"model\":\"acme-1\",$million}" |
    status 0 pl-record --prices prices.json
  is "" "$(cat err)"
  warning="warning: these rules or prices are not those of $PL_DB, which keeps to its own until pl-backfill --rebuild"
  echo '{"models":{"acme-1":{"input":2,"output":2},"acme-9":{"input":3,"output":3}}}' >dearer.json
  { asked "\"model\":\"acme-1\",$million" 2; asked "\"model\":\"acme-9\",$million" 3
    asked "\"model\":\"acme-1\",$million,\"cost\":0.5" 4; } | status 0 pl-record --prices dearer.json
  is "pl-record: $warning" "$(cat err)"
  is "1.0 priced|1.0 priced|none -|0.5 given" "$(costs | paste -sd '|')"
  status 0 pl-record </dev/null # without any of one's own they are others too
  is "pl-record: $warning" "$(cat err)"
  status 0 pl-backfill --verify
  status 0 pl-backfill --rebuild --prices dearer.json
  is "2.0 priced|2.0 priced|3.0 priced|0.5 given" "$(costs | paste -sd '|')"
  is "2.0 priced" "$(sql "SELECT actual_cost_total || ' ' || cost_source FROM workflow_history")"
  is 2.0 "$(sql "SELECT avg_cost_with_llm FROM operation_patterns")"
  is "2000000000 7500000000" "$(total cost) $(total request_cost)"
  verified
  asked "\"model\":\"acme-9\",$million" 5 | status 0 pl-record --prices dearer.json
  is "" "$(cat err)"
  is "10500000000" "$(total request_cost)"
  # back to those of the share directory, which know none of these
  status 0 pl-backfill --rebuild
  is "none -|none -|none -|0.5 given|none -" "$(costs | paste -sd '|')"
  is " 500000000" "$(total cost) $(total request_cost)"
  verified
}

@test "prices: a newer version is priced anew" {
  list
  { asked '"model":"acme-1","input_tokens":1000000,"output_tokens":0,"updated_at":1'
    asked '"model":"acme-2","input_tokens":1000000,"output_tokens":0,"updated_at":2'; } >in
  status 0 pl-record --prices prices.json in
  is "7.0 priced 7000000000" "$(costs) $(total request_cost)"
  asked '"model":"acme-2","input_tokens":1000000,"output_tokens":0,"cost":1,"updated_at":3' | pl-record -q 2>err
  is "1.0 given 1 1000000000" "$(costs) $(total request_cost_known) $(total request_cost)"
  asked '"model":"other","updated_at":4' | pl-record -q 2>err
  is "none -  " "$(costs) $(total request_cost_known) $(total request_cost)"
  verified
}

# -- prompt rules of one's own --

@test "prompt rules: those of the configuration directory add to those of the share directory" {
  mkdir -p "$XDG_CONFIG_HOME/pl"
  echo '{"patterns":[{"pattern":"pets","words":[["cat","cats"],["dog"]]}],"complexity":{"deep":["aquarium"]}}' \
    >"$XDG_CONFIG_HOME/pl/prompts.json"
  rec '{"prompt":"Two cats came in"}' '{"prompt":"Fix the bug of the code"}' '{"prompt":"An aquarium for the dog"}'
  is "pets|moderate code|moderate pets|deep" "$(jq -r '"\(.pattern)|\(.complexity)"' out | xargs)"
  # the database keeps them
  rm "$XDG_CONFIG_HOME/pl/prompts.json"
  rec '{"prompt":"Two cats came in, again"}'
  is pets "$(jq -r .pattern out)"
  has "$(cat err)" "warning: these rules or prices are not those of $PL_DB"
  status 0 pl-backfill --rebuild
  rec '{"prompt":"Two cats came in, again"}'
  is "general" "$(jq -r .pattern out)"
  is "" "$(cat err)"
  echo '{"patterns":1}' >"$XDG_CONFIG_HOME/pl/prompts.json"
  fresh
  echo '{"prompt":"x"}' | status 2 pl-record
  has "$(cat err)" "$XDG_CONFIG_HOME/pl/prompts.json: "
}

# -- workflows that requests belong to --

workflow='{"workflow_id":"w","nl_input":"Check git status","cost":3,"total_tokens":5}'

@test "workflows: one that a request names leaves its costs to it, in either order" {
  named=$(asked '"workflow_id":"w","cost":1')
  for order in "$workflow $named" "$named $workflow"; do
    fresh
    echo "$order" | status 0 pl-record
    is " |1 1000000000" "$(total cost_known) $(total cost)|$(total request_cost_known) $(total request_cost)"
    is 1 "$(sql "SELECT named FROM workflow")"
    # the workflow's own figures are its own
    is "3.0|5|3.0" "$(sql "SELECT actual_cost_total, total_tokens, avg_cost_with_llm FROM workflow_history,
      operation_patterns")"
    is "1 5" "$(total workflows) $(total tokens)"
    verified
  done
}

@test "workflows: one whose request costs nothing that is known leaves its costs all the same" {
  rec "$workflow" "$(asked '"workflow_id":"w"')" "$(asked '"workflow_id":"w"' 2)"
  is " |" "$(total cost_known) $(total cost)|$(total request_cost_known)"
  verified
}

@test "workflows: one that no request names any more has its costs again" {
  rec "$workflow" '{"workflow_id":"v","cost":10}' "$(asked '"workflow_id":"w","updated_at":1')" \
    "$(asked '"workflow_id":"w","updated_at":1' 2)"
  is "1 10000000000" "$(total cost_known) $(total cost)"
  rec "$(asked '"workflow_id":"v","updated_at":2')" # another of its requests still names w
  is " " "$(total cost_known) $(total cost)"
  is "v|1 w|1" "$(sql "SELECT workflow_id, named FROM workflow ORDER BY 1" | xargs)"
  verified
  rec "$(asked '"updated_at":2' 2)"
  is "1 3000000000" "$(total cost_known) $(total cost)"
  rec "$(asked '"workflow_id":"x","updated_at":3')"
  is "2 13000000000" "$(total cost_known) $(total cost)"
  verified
  rec '{"workflow_id":"x","cost":1}' '{"workflow_id":"w","cost":4,"updated_at":1}'
  is "2 14000000000" "$(total cost_known) $(total cost)"
  verified
  # an older version that comes late names nothing
  rec "$(asked '"workflow_id":"w","updated_at":1')"
  is "duplicate 2 14000000000" "$(statuses) $(total cost_known) $(total cost)"
}

@test "workflows: newer versions of one that is named stay named" {
  rec "$(asked '"workflow_id":"w"')" "$workflow" '{"workflow_id":"w","cost":7,"total_tokens":9,"updated_at":1}'
  is " 9" "$(total cost_known) $(total tokens)"
  verified
}

@test "workflows: those that are priced leave their price" {
  list
  { echo '{"workflow_id":"w","model":"acme-1","input_tokens":1000000,"output_tokens":0}'
    echo '{"workflow_id":"v","model":"acme-1","input_tokens":1000000,"output_tokens":0}'
    asked '"workflow_id":"w"'; } | status 0 pl-record --prices prices.json
  is "1 1000000000" "$(total cost_known) $(total cost)"
  status 0 pl-backfill --rebuild --prices prices.json
  is "1 1000000000" "$(total cost_known) $(total cost)"
  asked '"updated_at":1' | pl-record -q 2>err
  is "2 2000000000" "$(total cost_known) $(total cost)"
  verified
}

# -- budgets --

# budget: the row of the prompt "x", but for the times
budget() {
  sql "SELECT complexity_level, avg_budget, usage_count, total_quality_score, quality_score FROM budget_patterns
    WHERE prompt_hash = '$(hash_of x)'"
}

@test "budgets: the mean of the tokens used, else of the budgets given, rounded down" {
  x() { asked "\"prompt\":\"x\",$2" "$1"; }
  rec "$(x 1 '"cost":1')" && is "simple||1|0.65|0.65" "$(budget)"
  rec "$(x 2 '"thinking_budget":1001')" "$(x 3 '"thinking_budget":1002')" && is "1001" "$(budget | cut -d'|' -f2)"
  rec "$(x 4 '"thinking_tokens":10,"thinking_budget":5000')" && is 10 "$(budget | cut -d'|' -f2)"
  rec "$(x 5 '"thinking_tokens":0')" "$(x 6 '"thinking_tokens":1')" && is 3 "$(budget | cut -d'|' -f2)" # 11 / 3
  is 6 "$(budget | cut -d'|' -f3)"
  verified
}

@test "budgets: quality is the request's own, else its ratings', else what is assumed" {
  rec "$(asked '"prompt":"x","quality_score":0.5' 1)" && is "simple||1|0.5|0.5" "$(budget)"
  rec "$(asked '"prompt":"x"' 2)" && is "simple||2|1.15|0.575" "$(budget)"
  rec "$(asked '"prompt":"x","thinking_tokens":5' 3)" && is "simple|5|3|2.0|$(budget | cut -d'|' -f5)" "$(budget)"
  rec "$(asked '"prompt":"x","thinking_budget":5' 4)" && is "simple|5|4|2.85|0.7125" "$(budget)"
  # a budget of which nothing was used is no thought
  rec "$(asked '"prompt":"x","thinking_budget":5,"thinking_tokens":0' 5)" && is "simple|2|5|3.5|0.7" "$(budget)"
  rec '{"request_id":2,"quality_score":5}' '{"request_id":1,"quality_score":1}' # 2: 0.65 is 1; 1 has its own
  is "simple|2|5|3.85|0.77" "$(budget)"
  rec '{"request_id":2,"quality_score":4}' '{"request_id":2,"quality_score":4}' # 13 / 3: 0.833333333
  is "simple|2|5|3.683333333|0.7366666666" "$(budget)"
  is "2|1.333333333" "$(sql "SELECT quality_known, quality / 1e9 FROM budget_patterns")"
  verified
}

@test "budgets: times, and the complexity of the newest" {
  rec "$(asked '"prompt":"x","timestamp":"2026-01-01T00:00:00.9Z","complexity":"deep"' 1)" \
    "$(asked '"prompt":"x","timestamp":"2026-02-01T00:00:00.9Z","complexity":"complex"' 2)" \
    "$(asked '"prompt":"x","timestamp":"2026-01-15T00:00:00Z"' 3)"
  is "complex|2|1769904000|1767225600" "$(sql "SELECT complexity_level, count(*) + 1, last_used, created_at
    FROM budget_patterns")"
  rec '{"prompt_hash":"'"$(hash_of x)"'","timestamp":"2026-02-02T00:00:00Z","request_id":4}' # says none
  is "complex|1769990400|4" "$(sql "SELECT complexity_level, last_used, usage_count FROM budget_patterns")"
  rec "$(asked '"updated_at":"2026-02-03T00:00:00Z"' 4)" "$(asked '"prompt":"y","updated_at":"2026-02-03T00:00:00Z"' 2)"
  is "simple|1768435200|1767225600|2" "$(sql "SELECT complexity_level, last_used, created_at, usage_count
    FROM budget_patterns WHERE prompt_hash = '$(hash_of x)'")"
  rec '{"prompt":"old","timestamp":-1.5}'
  is "-2|-2" "$(sql "SELECT last_used, created_at FROM budget_patterns WHERE prompt_hash = '$(hash_of old)'")"
  verified
}

@test "budgets: of one time, the complexity of the request that comes last by its id" {
  asked '"prompt":"x","timestamp":1,"complexity":"deep"' a >a
  asked '"prompt":"x","timestamp":1,"complexity":"simple"' b >b
  for order in "a b" "b a"; do
    fresh
    for one in $order; do cat "$one"; done | status 0 pl-record
    is simple "$(sql "SELECT complexity_level FROM budget_patterns")"
  done
}

@test "budgets: a prompt that no request has any more is not there" {
  rec "$(asked '"prompt":"x"')" "$(asked '"prompt":"y","updated_at":1')"
  is "$(hash_of y)" "$(sql "SELECT prompt_hash FROM budget_patterns")"
  rec "$(asked '"updated_at":2')"
  is 0 "$(sql "SELECT count(*) FROM budget_patterns")"
  verified
}

@test "budgets: their columns and types" {
  rec '{"prompt":"x","thinking_tokens":5}' '{"prompt_hash":"00000000000000ff"}' '{"prompt_hash":"FFFFFFFFFFFFFFFF"}'
  is "00000000000000ff||null
$(hash_of x)|simple|integer
ffffffffffffffff||null" "$(sql "SELECT prompt_hash, complexity_level, typeof(avg_budget) FROM budget_patterns
    ORDER BY 1")"
  is "00000000000000ff $(hash_of x) ffffffffffffffff" \
    "$(sql "SELECT prompt_hash FROM routing_metrics ORDER BY 1" | xargs)"
  is "text|integer|real|real|integer|integer" "$(sql "SELECT DISTINCT typeof(prompt_hash), typeof(usage_count),
    typeof(total_quality_score), typeof(quality_score), typeof(last_used), typeof(created_at) FROM budget_patterns")"
  is table "$(sql "SELECT type FROM sqlite_schema WHERE name = 'budget_patterns'")"
}

@test "database: the names that other programs query" {
  rec '{"request_id":"r","prompt":"x","cost":1,"latency_ms":2}' '{"request_id":"r","quality_score":4}'
  is "real|real|real|text|integer" "$(sql "SELECT typeof(complexity_score), typeof(cost), typeof(latency_ms),
    typeof(timestamp), typeof((SELECT quality_score FROM response_feedback)) FROM routing_metrics")"
  for names in \
    "routing_metrics: request_id, timestamp, selected_provider, selected_model, pattern_detected, complexity_score" \
    "response_feedback: id, request_id, timestamp, quality_score, is_correct, is_helpful, prompt_pattern,
      selected_provider, selected_model, complexity_score, user_id, session_id, comment" \
    "model_performance_history: id, pattern, provider, model, avg_quality_score, correctness_rate, sample_count,
      confidence_level, avg_cost, total_cost, updated_at, retraining_run_id" \
    "budget_patterns: prompt_hash, complexity_level, avg_budget, usage_count, total_quality_score, quality_score,
      last_used, created_at"; do
    sql "SELECT ${names#*: } FROM ${names%%:*}" >/dev/null
  done
}
