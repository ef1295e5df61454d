#!/usr/bin/env bats
# From bytes to records: forms of input, recovery after what is not JSON, kinds, fields, times, identities' types.

load helper

# takes IDS: ./in is read without a complaint, and gives these workflows, in this order
takes() {
  fresh
  status 0 pl-record <in
  is "" "$(cat err)"
  is "$1" "$(jq -r .workflow_id out | xargs)"
}

# mends IDS LINES: ./in gives these workflows, and complaints about these lines, in this order
mends() {
  fresh
  status 1 pl-record <in
  is "$1 | $2" "$(jq -r .workflow_id out | xargs) | $(sed -E 's/^pl-record: -:([0-9]+): .*/\1/' err | xargs)"
}

# lines TEXT...: ./in, a line each
lines() { printf '%s\n' "$@" >in; }

w() { printf '{"workflow_id":"%s","nl_input":"Check git status"}' "$1"; }

# -- forms --

@test "forms: a value a line" {
  lines "$(w a)" "$(w b)" "$(w c)" && takes "a b c"
  printf '\n\n  %s\n\n\t%s  \n\n\n' "$(w a)" "$(w b)" >in && takes "a b"
}

@test "forms: values one after the other on a line" {
  printf '%s%s %s\n%s' "$(w a)" "$(w b)" "$(w c)" "$(w d)" >in && takes "a b c d"
}

@test "forms: pretty-printed values" {
  { w a; w b; w c; } | jq . >in && takes "a b c"
  { w a; w b; w c; } | jq --tab . >in && takes "a b c"
  { w a; w b; } | jq --indent 4 . | sed 's/^/   /' >in && takes "a b"
  printf '{\n"workflow_id"\n:\n"a"\n,\n"x":\n{\n"y"\n:[\n1\n]\n}\n}\n%s\n' "$(w b)" >in && takes "a b"
}

@test "forms: a top-level array, on one line and on many" {
  { w a; w b; w c; } | jq -sc . >in && takes "a b c"
  { w a; w b; w c; } | jq -s . >in && takes "a b c"
  lines "[" "$(w a)," "$(w b)," "$(w c)" "]" && takes "a b c"
  lines "[ $(w a)" ", $(w b)" ", $(w c) ]" && takes "a b c"
  lines "[$(w a)]" "[$(w b), $(w c)]" "$(w d)" && takes "a b c d"
  lines "[]" "$(w a)" "[ ]" && takes "a"
}

@test "forms: RFC 7464 sequences" {
  printf '\x1e%s\n\x1e%s\n\x1e%s\n' "$(w a)" "$(w b)" "$(w c)" >in && takes "a b c"
  printf '\x1e%s\x1e%s\x1e\x1e%s' "$(w a)" "$(w b)" "$(w c)" >in && takes "a b c"
  { w a; w b; } | jq . | sed 's/^{/\x1e{/' >in && takes "a b"
}

@test "forms: line ends of CR and LF" {
  printf '%s\r\n' "$(w a)" "" "$(w b)" >in && takes "a b"
  { w a; w b; } | jq . | sed 's/$/\r/' >in && takes "a b"
  { w a; w b; } | jq -s . | sed 's/$/\r/' >in && takes "a b"
}

@test "forms: a byte order mark" {
  printf '\xef\xbb\xbf%s\n%s\n' "$(w a)" "$(w b)" >in && takes "a b"
  printf '\xef\xbb\xbf[%s,\n%s]' "$(w a)" "$(w b)" >in && takes "a b"
  printf '\xef\xbb\xbf\x1e%s\n' "$(w a)" >in && takes "a"
  fresh
  { printf '\xef'; sleep 0.03; printf '\xbb'; sleep 0.03; printf '\xbf%s\n' "$(w a)"; } | pl-record >out
  is a "$(jq -r .workflow_id out)"
}

@test "forms: no newline at the end" {
  printf '%s\n%s' "$(w a)" "$(w b)" >in && takes "a b"
  printf '[%s,%s]' "$(w a)" "$(w b)" >in && takes "a b"
  w a | jq . | head -c -1 >in && takes "a"
}

@test "forms: empty input is no error" {
  for form in '' '\n' '  \n\t\r\n\n' '\xef\xbb\xbf' '\x1e\n\x1e'; do
    # shellcheck disable=SC2059
    printf "$form" >in
    takes ""
    is 0 "$(sql "SELECT count(*) FROM workflow_history")"
  done
}

@test "forms: the same bytes a few at a time" {
  { w a; w b; w c; } | jq -s . >in
  dd bs=1 status=none <in | pl-record >out
  is "a b c" "$(jq -r .workflow_id out | xargs)"
  fresh
  { printf '{"workflow_id":"a","nl_input":"Check g'; sleep 0.05; printf 'it status"}'; sleep 0.05; w b; } |
    pl-record >out
  is "a git:status:summary b git:status:summary" "$(jq -r '.workflow_id, .patterns[0]' out | xargs)"
}

@test "forms: values longer than a buffer, and short ones after them" {
  jq -cn '{workflow_id:"long",nl_input:("words " * 200000)},{workflow_id:"after",nl_input:"x"}' >in &&
    takes "long after"
  is "1200000 1" "$(sql "SELECT input_length FROM workflow ORDER BY id" | xargs)"
  jq . in >pretty && mv pretty in && takes "long after"
}

# -- recovery --

@test "recovery: a line that is not JSON costs that line" {
  lines "$(w a)" "{broken" "$(w b)" 'plain words' '{"workflow_id":"x",}' "{'workflow_id':'x'}" '}' ']' ',' "$(w c)"
  mends "a b c" "2 4 5 6 7 8 9"
}

@test "recovery: JSON that is no record costs itself" {
  lines '"text"' 12 null true '{}' '[[]]' "$(w a)" '[1]' && mends "a" "1 2 3 4 5 6 8"
}

@test "recovery: each line is named once, however much is wrong with it" {
  lines "$(w a)" '[INFO] 12:00 starting {"x": ]' "$(w b)" '[2026-01-01 10:00:00] ready' "$(w c)" 'a {b} "c" [d] 1 2'
  mends "a b c" "2 4 6"
}

@test "recovery: a line like the beginning of an array" {
  lines "$(w a)" '[WARN] (unclosed' "$(w b)" "$(w c)" && mends "a b c" "2"
  lines "$(w a)" '[WARN cut short' "$(w b)" "$(w c)" && mends "a b c" "2"
}

@test "recovery: what follows a value on its line" {
  lines "$(w a)}" "$(w b) oops" "$(w c)" && mends "a b c" "1 2"
}

@test "recovery: a string that its line leaves open" {
  lines '{"workflow_id":"x","nl_input":"open' "$(w a)" "$(w b)" && mends "a b" "1"
  lines "$(w a)" '{"workflow_id":"x","nl_input":"open}' '{"workflow_id":"y","nl_input":"open\"}' "$(w b)" &&
    mends "a b" "2 3"
}

@test "recovery: an object on a line of its own ends an unfinished value" {
  lines "$(w a)" '{"workflow_id":"x",' ' "nl_input":' "$(w b)" "$(w c)" && mends "a b c" "2"
  lines '{"workflow_id":"x",' "$(w a)" '{"workflow_id":"y","z":[' "$(w b)" && mends "a b" "1 3"
  lines '{"workflow_id":"x","list":[' '{"y":1},' '{"y":2}' ']}' "$(w a)" && mends "a" "1 3 4"
}

@test "recovery: what begins with a brace but is not whole ends nothing" {
  lines '{"workflow_id":"a","x":' '{' '"y":1}}' "$(w b)" && takes "a b"
  lines '{"workflow_id":"a","x":[' '{"y":1},' '{"y":2},' '3]}' "$(w b)" && takes "a b"
  lines '{"workflow_id":"a","x":' ' {"y":1}' '}' "$(w b)" && takes "a b"
}

@test "recovery: a pretty-printed value with a mistake in it" {
  { w a; w x; w b; } | jq . | sed '/"x"/s/$/ oops/' >in && mends "a b" "5"
  has "$(cat err)" "(line 6)"
  { w a; w x; w b; } | jq . | sed 's/^/  /; /"x"/s/"x"/x/' >in && mends "a b" "5"
  jq -n '{workflow_id:"x",deep:{deeper:[1,{y:2}]},nl_input:"z"},{workflow_id:"a"}' | sed 's/"y"/y/' >in && mends "a" "1"
  { w a; w x; w b; } | jq . | sed 's/$/\r/; /"x"/s/,/;/' >in && mends "a b" "5"
}

@test "recovery: an element of an array costs itself" {
  lines "[$(w a),{bad:[1,{}]},$(w b),{\"workflow_id\":\"x\",},$(w c)]" "$(w d)" && mends "a b c d" "1 1"
  lines '[' "$(w a)," '{"workflow_id":"x" oops},' "$(w b)," 'oops,' "$(w c)" ']' && mends "a b c" "3 5"
  { w a; w x; w b; } | jq -s . | sed '/"x"/s/"x"/x/' >in && mends "a b" "6"
  lines "[$(w a), 1, \"{\", [2], null, $(w b)]" && mends "a b" "1 1 1 1"
}

@test "recovery: an unfinished element of an array ends where the next stands on a line of its own" {
  lines '[' '{"workflow_id":"x",' "$(w a)," "$(w b)" ']' "$(w c)" && mends "a b c" "2"
}

@test "recovery: an array that is not closed" {
  lines "$(w z)" "[" "$(w a)," "$(w b)" && mends "z a b" "2"
  lines "[$(w a)," "$(w b)," '{"workflow_id":"x"' && mends "a b" "3"
  lines "[$(w a)" "$(w b)" "$(w c)" && mends "a b c" "1"
}

@test "recovery: a record separator begins a value, whatever came before" {
  printf '\x1e{"workflow_id":"x",\n\x1e%s\n' "$(w a)" >in && mends "a" "1"
  printf '\x1e{"workflow_id":\x1e%s\n\x1e%s\n' "$(w a)" "$(w b)" >in && mends "a b" "1"
  printf '\x1e{"workflow_id":"x\x1e%s\n' "$(w a)" >in && mends "a" "1"
  printf '\x1e{\n "workflow_id":\n oops\n\x1e%s\n' "$(w a)" >in && mends "a" "1"
}

@test "recovery: the last value is cut short" {
  printf '%s\n{"workflow_id":"x","nl_in' "$(w a)" >in && mends "a" "2"
  printf '%s\n{"workflow_id":"x",\n "nl_input":\n' "$(w a)" >in && mends "a" "2"
  printf '%s\n{"workflow_id":"x","n":tru' "$(w a)" >in && mends "a" "2"
  printf '%s\n{"workflow_id":"x","n":"\xc3' "$(w a)" >in && mends "a" "2"
}

@test "recovery: binary junk and NULs between lines" {
  { w a; printf '\n\x00\x01\xfe\xff\x80{\xc3\x28"[\n'; w b; printf '\n\0\0\0\0%s\n%s\n' "$(w x)" "$(w c)"; } >in
  mends "a b c" "2 4"
  head -c 200000 <(yes $'\x93\x00{["\\\x02') | tr -d '\n' >in
  { printf '\n'; w a; } >>in && mends "a" "1"
}

@test "recovery: lines are counted through CR LF, blank lines and long values" {
  printf '%s\r\n\r\n\r\nbad\r\n%s\r\nbad\r\n' "$(w a)" "$(w b)" >in && mends "a b" "4 6"
  { printf '\n\n'; w a | jq .; printf '\nbad\n'; jq -cn '{workflow_id:"b",nl_input:("x" * 600000)}'; echo bad; } >in
  mends "a b" "8 10"
}

@test "recovery: what is named is escaped" {
  printf '{"workflow_id":"a","status":"\\u001b[31m"}\n\x1b[31m\x07\n' >in && mends "" "1 2"
  is 0 "$(grep -c -P '[\x00-\x08\x0b-\x1f\x7f]' err || true)"
}

@test "recovery: a value of more than 64 MiB is dropped as it comes" {
  { w a; printf '\n{"workflow_id":"x","nl_input":"'; head -c 67108864 /dev/zero | tr '\0' x; printf '"}\n'; w b; } >in
  (ulimit -v 500000 && mends "a b" "2")
  has "$(cat err)" "longer than 64 MiB"
  # the same in small pieces, which must not cost more the longer the value is
  (ulimit -v 500000 && cat in | status 1 timeout -s KILL 10 pl-record)
  has "$(cat err)" "pl-record: -:2: longer than 64 MiB"
}

@test "recovery: values nested too deeply" {
  { printf '{"workflow_id":"a","x":'; printf '[%.0s' {1..400}; printf ']%.0s' {1..400}; printf '}\n'; } >in && takes "a"
  { printf '{"workflow_id":"x","x":'; printf '[%.0s' {1..9000}; printf ']%.0s' {1..9000}; printf '}\n'; w a; } >in
  mends "a" "1"
  { printf '{"a":%.0s' {1..9000}; printf '\n%s\n' "$(w a)"; } >in && mends "a" "1"
  { printf '[%.0s' {1..9000}; printf '\n%s\n' "$(w a)"; } >in && mends "a" "1"
}

# -- text --

@test "text: bytes that are not UTF-8 cost their record" {
  { printf '{"workflow_id":"%b"}\n' '\xff' '\xc3' '\x80' '\xe2\x82' '\xc0\xaf' '\xe0\x80\xaf' '\xf4\x90\x80\x80' \
    '\xf8\x88\x80\x80\x80'
    w a; } >in
  mends "a" "1 2 3 4 5 6 7 8"
}

@test "text: half of a surrogate pair is U+FFFD, and nothing else is lost" {
  lines '{"workflow_id":"1\ud83dx"}' '{"workflow_id":"2\ud83dy"}' '{"workflow_id":"3\ude00z"}' \
    '{"workflow_id":"4\ud83d"}' \
    '{"workflow_id":"5\ud83d\u0041"}' '{"workflow_id":"6\ud83d\ud83d\ude00"}' '{"workflow_id":"7\ud83d\n"}' \
    '{"workflow_id":"8\ud83d\ude00"}'
  status 0 pl-record <in
  is '"1\ufffdx" "2\ufffdy" "3\ufffdz" "4\ufffd" "5\ufffdA" "6\ufffd\ud83d\ude00" "7\ufffd\n" "8\ud83d\ude00"' \
    "$(jq -ac .workflow_id out | paste -sd ' ')"
  is 8 "$(sql "SELECT count(DISTINCT workflow_id) FROM workflow_history")"
}

@test "text: characters of every length are kept and counted" {
  echo '{"workflow_id":"é€😀","nl_input":"aé€😀\u00e9\t\"\\\/"}' | status 0 pl-record
  is 'é€😀|9' "$(sql "SELECT w.workflow_id, input_length FROM workflow w")"
  is "$(printf 'aé€😀é\t"\\/')" "$(sql "SELECT nl_input FROM workflow_history")"
}

@test "text: a NUL in prose is U+FFFD; in a name it is refused" {
  lines '{"workflow_id":"a","nl_input":"x\u0000y","error_message":"\u0000"}'
  takes "a"
  is 'x�y|�' "$(sql "SELECT nl_input, error_message FROM workflow_history")"
  lines '{"workflow_id":"x\u0000"}' '{"workflow_id":"x","model":"\u0000"}' '{"workflow_id":"x","account":"a\u0000b"}' \
    '{"workflow_id":"x","created_at":"2026-01-01\u000000:00:00"}' '{"workflow_id":"x","\u0000":1,"status":"\u0000"}'
  mends "" "1 2 3 4 5"
}

@test "text: control characters in result lines are escaped" {
  printf '%s\n' '{"workflow_id":"\u001b[31m\u0007\u007f\u009b\n"}' | pl-record >out
  is 1 "$(wc -l <out)"
  is 0 "$(grep -c -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' out || true)"
  is '"\u001b[31m\u0007\u007f\u009b\n"' "$(jq -a .workflow_id out)"
}

# -- identities --

@test "ids: strings, and integers below 2^53" {
  lines '{"workflow_id":"a b/ü"}' '{"workflow_id":0}' '{"workflow_id":9007199254740991}' \
    '{"workflow_id":-9007199254740991}' \
    '{"workflow_id":12}' '{"workflow_id":"1e3"}' '{"workflow_id":" "}' "$(jq -cn '{workflow_id:("i" * 1024)}')"
  status 0 pl-record <in
  is 8 "$(grep -c '"status":"new"' out)"
  is 'a b/ü|0|9007199254740991|-9007199254740991|12|1e3| |1024' \
    "$(jq -rs 'map(.workflow_id) | (.[:7] | join("|")) + "|" + (.[7] | length | tostring)' out)"
}

@test "ids: a number and the text of it are one" {
  lines '{"workflow_id":12}' '{"workflow_id":"12"}' '{"workflow_id":12.0}' '{"workflow_id":1.2e1}'
  status 0 pl-record <in
  is "new duplicate duplicate duplicate" "$(jq -r .status out | xargs)"
}

@test "ids: what is no id is refused, by its name and line" {
  for id in 9007199254740992 9007199254740993 -9007199254740992 1e16 1e999 1.5 '""' true false '[]' '{}' '["a"]' \
    "$(jq -n '"i" * 1025')"; do
    printf '{"workflow_id":%s}\n' "$id"
  done >in
  status 1 pl-record <in
  is "$(printf -- '-:%s: workflow_id\n' {1..13})" "$(sed -E 's/^pl-record: (-:[0-9]+: [a-z_]+): .*/\1/' err)"
  is "" "$(cat out)"
  lines '{"workflow_id":null,"nl_input":"x"}' '{"nl_input":"x"}' '{"kind":"workflow"}' && status 1 pl-record <in
  is 3 "$(grep -c 'workflow_id: is missing' err)"
}

# -- fields --

# refused LINE...: "FIELD VALUE" each; a record with that field is refused by its name, and the ones around it are kept
refused() {
  local line wanted="" n=1
  w before >in
  for line; do
    n=$((n + 1))
    printf '\n{%s,"%s":%s}' "$base" "${line%% *}" "${line#* }" >>in
    wanted="$wanted$n ${line%% *}"$'\n'
  done
  printf '\n%s\n' "$(w after)" >>in
  status 1 pl-record <in
  is "${wanted%$'\n'}" "$(sed -E 's/^pl-record: -:([0-9]+): ([a-z_]+): .*/\1 \2/' err)"
  is "before after" "$(jq -r .workflow_id out | xargs)"
}

@test "fields: texts of the wrong type" {
  base='"workflow_id":"x"'
  refused 'nl_input 5' 'nl_input []' 'nl_input false' 'workflow_template {}' 'workflow_template 7' 'model 5' \
    'model_used true' \
    'error_message 5' 'error_message ["a"]' 'session_id []' 'session_id 1.5' 'session_id ""' 'account 5' 'account {}' \
    "model $(jq -n '"m" * 1025')" 'kind 5' 'kind "thing"' 'kind ""'
}

@test "fields: status is one of four words" {
  base='"workflow_id":"x"'
  refused 'status "done"' 'status ""' 'status "Completed"' 'status 2' 'status true' 'status []'
  has "$(cat err)" "pending, running, completed or failed"
  lines '{"workflow_id":"1","status":"pending"}' '{"workflow_id":"2","status":"running"}' \
    '{"workflow_id":"3","status":"failed"}' \
    '{"workflow_id":"4","status":"completed"}' '{"workflow_id":"5"}' '{"workflow_id":"6","status":null}'
  takes "1 2 3 4 5 6"
  is "pending running failed completed completed completed" \
    "$(sql "SELECT status FROM workflow_history ORDER BY workflow_id" | xargs)"
}

@test "fields: counts are whole numbers from 0" {
  base='"workflow_id":"x"'
  local field lines=()
  for field in error_count retry_count input_tokens output_tokens cache_read_tokens cache_write_tokens total_tokens; do
    lines+=("$field -1" "$field 1.5" "$field \"3\"" "$field true" "$field []" "$field 1e30" "$field 1e999" \
      "$field 99999999999999999999")
  done
  refused "${lines[@]}"
}

@test "fields: costs and durations are numbers from 0" {
  base='"workflow_id":"x"'
  local field lines=()
  for field in duration_seconds actual_cost_total cost; do
    lines+=("$field -0.01" "$field \"1\"" "$field true" "$field {}" "$field 1e30" "$field 1e999" "$field -1e-20")
  done
  refused "${lines[@]}"
}

@test "fields: the largest values, and the ones after them" {
  lines '{"workflow_id":"a","error_count":1000000000,"retry_count":1e9,"total_tokens":1e12,"cost":1000000,
    "duration_seconds":1e8}'
  takes "a"
  is "1000000000|1000000000|1000000000000|1000000.0|100000000.0" \
    "$(sql "SELECT error_count, retry_count, total_tokens, actual_cost_total, duration_seconds FROM workflow_history")"
  base='"workflow_id":"x"'
  refused 'error_count 1000000001' 'retry_count 1000000001' 'total_tokens 1000000000001' 'input_tokens 1000000000001' \
    'cost 1000000.000000001' 'duration_seconds 100000000.001'
}

@test "fields: a sum of tokens out of range is refused" {
  lines '{"workflow_id":"x","input_tokens":1000000000000,"output_tokens":1}' && mends "" "1"
  has "$(cat err)" "total_tokens: "
}

@test "fields: times that are none" {
  base='"workflow_id":"x"'
  local field value lines=()
  for field in created_at timestamp updated_at; do
    for value in '"yesterday"' '""' true '[]' '{}' 1e30 1e999 -1e15 253402300800000 '"2026-01-01"' \
      '"2026-02-30T00:00:00Z"' '"2025-02-29T00:00:00Z"' '"2026-13-01T00:00:00Z"' '"2026-00-01T00:00:00Z"' \
      '"2026-01-00T00:00:00Z"' '"2026-01-01T24:00:00Z"' '"2026-01-01T00:60:00Z"' '"2026-01-01T00:00:61Z"' \
      '"2026-01-01T00:00Z"' '"2026-1-1T00:00:00Z"' '"2026-01-01T00:00:00+24:00"' \
      '"2026-01-01T00:00:00+00:60"' '"2026-01-01T00:00:00+0100"' '"2026-01-01T00:00:00.Z"' '"2026-01-01T00:00:00ZZ"' \
      '" 2026-01-01T00:00:00Z"' '"2026-01-01T00:00:00Z "' '"0000-01-01T00:00:00Z"' '"10000-01-01T00:00:00Z"' \
      '"-001-01-01T00:00:00Z"' '"0001-01-01T00:00:00+00:01"' '"9999-12-31T23:59:59-00:01"' '"9999-12-31T23:59:60Z"' \
      '"2026-01-01 00:00:00 UTC"'; do
      lines+=("$field $value")
    done
  done
  refused "${lines[@]}"
}

@test "fields: reviews" {
  base='"kind":"review","pattern_signature":"git:status:summary","automation_status":"approved"'
  refused 'pattern_signature ""' 'pattern_signature 5' 'pattern_signature null' 'automation_status "yes"' \
    'automation_status 5' \
    'automation_status ""' 'automation_status null' 'reviewed_by 5' 'reviewed_by []' 'review_notes 5' \
    'review_notes {}' 'event_id 1.5' \
    'event_id ""' 'event_id 9007199254740992' 'timestamp "soon"' 'timestamp []'
  has "$(cat err)" "detected, candidate, approved, implemented, active or deprecated"
}

@test "fields: null is absent, of every field" {
  jq -cn '{workflow_id:"a"} + ([("nl_input","workflow_template","status","model","model_used","error_message",
    "error_count","retry_count","duration_seconds","input_tokens","output_tokens","cache_read_tokens",
    "cache_write_tokens","total_tokens","actual_cost_total","cost",
    "session_id","account","created_at","timestamp","updated_at","kind","unknown") | {(.): null}] | add)' >in
  takes "a"
  is "a|completed|$PL_NOW|" "$(sql "SELECT workflow_id, status, replace(created_at, ' ', 'T') || 'Z',
    coalesce(nl_input, workflow_template, model_used, error_message, error_count, retry_count, duration_seconds,
      input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, total_tokens, actual_cost_total, session_id,
      account, updated_at) FROM workflow_history")"
}

@test "fields: every one is stored" {
  echo '{"workflow_id":"a","nl_input":"Check git status","workflow_template":"adw_plan","status":"failed",
    "model":"m-1","error_message":"E","error_count":2,"retry_count":3,"duration_seconds":12.5,
    "input_tokens":10,"output_tokens":20,"cache_read_tokens":30,
    "cache_write_tokens":40,"total_tokens":99,"actual_cost_total":0.25,"session_id":"s","account":"acc",
    "created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T04:00:00Z"}' >in
  takes "a"
  is "a|Check git status|adw_plan|m-1|failed|E|2|3|12.5
10|20|30|40|99|0.25|s|acc|2026-01-02 03:04:05|2026-01-02 04:00:00" \
    "$(sql "SELECT workflow_id, nl_input, workflow_template, model_used, status, error_message, error_count,
      retry_count, duration_seconds FROM workflow_history;
      SELECT input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, total_tokens, actual_cost_total,
      session_id, account, created_at, updated_at FROM workflow_history")"
}

@test "fields: other names serve where the first is absent or null" {
  local second='"model_used":"u","cost":1.5,"timestamp":"2026-01-01T00:00:00Z"'
  lines "{\"workflow_id\":\"1\",$second}" \
    "{\"workflow_id\":\"2\",\"model\":null,\"actual_cost_total\":null,\"created_at\":null,$second}" \
    "{\"workflow_id\":\"3\",$second,\"model\":\"m\",\"actual_cost_total\":0,\"created_at\":\"2026-01-02T00:00:00Z\"}"
  takes "1 2 3"
  is "$(printf '%s\n' 'u|1.5|2026-01-01 00:00:00' 'u|1.5|2026-01-01 00:00:00' 'm|0.0|2026-01-02 00:00:00')" \
    "$(sql "SELECT model_used, actual_cost_total, created_at FROM workflow_history ORDER BY workflow_id")"
}

@test "fields: total_tokens is the sum of the parts that are known, unless it is given" {
  lines '{"workflow_id":"1","input_tokens":1,"output_tokens":2,"cache_read_tokens":4,"cache_write_tokens":8}' \
    '{"workflow_id":"2","output_tokens":2,"cache_write_tokens":null}' \
    '{"workflow_id":"3","input_tokens":5,"total_tokens":0}' '{"workflow_id":"4"}'
  takes "1 2 3 4"
  is "15 2 0 none" "$(sql "SELECT coalesce(total_tokens, 'none') FROM workflow_history ORDER BY workflow_id" | xargs)"
}

@test "fields: numbers in every way of writing them, exactly" {
  lines '{"workflow_id":"1","total_tokens":5e3,"error_count":-0,"cost":1e-9,"duration_seconds":0.0015}' \
    '{"workflow_id":"2","total_tokens":5000.0,"error_count":0.0,"cost":0.1000000000000000055,"duration_seconds":1E+1}' \
    '{"workflow_id":"3","total_tokens":50E2,"error_count":0e99999999999,"cost":4e-10,"duration_seconds":0}'
  takes "1 2 3"
  is "$(printf '%s\n' '5000|0|1|2' '5000|0|100000000|10000' '5000|0|0|0')" \
    "$(sql "SELECT total_tokens, error_count, cost, duration_ms FROM workflow ORDER BY workflow_id")"
}

@test "fields: sums of costs are exact" {
  jq -cn 'range(10) | {workflow_id:"c\(.)",nl_input:"Check git status",actual_cost_total:0.1}' | pl-record -q
  is "0.1 1.0" "$(sql "SELECT avg_cost_with_llm FROM operation_patterns;
    SELECT value / 1e9 FROM total WHERE name = 'cost'" | xargs)"
}

@test "fields: unknown ones are ignored, whatever they hold" {
  lines '{"x":1e999,"workflow_id":"a","nested":{"workflow_id":"no","kind":"x"},"Status":"?","list":[{"status":1}]}' \
    '{"workflow_id":"b","request":{"request_id":"r"},"":0,"statuses":1,"workflow_idx":2,"é":[]}'
  takes "a b"
}

@test "fields: of one name twice the last counts" {
  lines '{"workflow_id":"x","workflow_id":"a","status":"?","status":"failed","error_count":"?","error_count":null}' &&
    takes "a"
  is "failed|" "$(sql "SELECT status, error_count FROM workflow_history")"
}

@test "fields: names may be escaped" {
  lines '{"workflow\u005fid":"a","\u006el_input":"Check git status"}' && takes "a"
  is 1 "$(sql "SELECT occurrence_count FROM operation_patterns WHERE pattern_signature = 'git:status:summary'")"
}

# -- times --

@test "times: every form, kept in UTC" {
  while IFS='|' read -r wanted value; do
    n=$((${n:-0} + 1))
    printf '{"workflow_id":"%03d","created_at":%s}\n' "$n" "$value" >>in
    echo "$wanted" >>wanted
  done <<'T'
2026-01-02 03:04:05|"2026-01-02T03:04:05Z"
2026-01-02 03:04:05|"2026-01-02t03:04:05z"
2026-01-02 03:04:05|"2026-01-02T03:04:05.9Z"
2026-01-02 03:04:05|"2026-01-02T03:04:05.123456789123Z"
2026-01-02 01:04:05|"2026-01-02T03:04:05+02:00"
2026-01-02 08:34:05|"2026-01-02T03:04:05-05:30"
2026-01-02 03:04:05|"2026-01-02T03:04:05+00:00"
2026-01-02 03:04:05|"2026-01-02T03:04:05-00:00"
2025-12-31 23:59:59|"2026-01-01T22:59:59+23:00"
2026-01-02 03:04:05|"2026-01-02 03:04:05"
2026-01-02 03:04:05|"2026-01-02 03:04:05.5"
2026-01-02 03:04:05|"2026-01-02 03:04:05Z"
2026-01-02 03:04:05|"2026-01-02T03:04:05"
2026-01-02 03:04:05|1767323045
2026-01-02 03:04:05|1767323045.999
2026-01-02 03:04:05|1.767323045e9
2026-01-02 03:04:05|1767323045000
2026-01-02 03:04:05|1767323045999.5
1970-01-01 00:00:00|0
1969-12-31 23:59:59|-1
1969-12-31 23:59:59|-0.5
2024-02-29 00:00:00|"2024-02-29T00:00:00Z"
2000-02-29 12:00:00|"2000-02-29T12:00:00Z"
2017-01-01 00:00:00|"2016-12-31T23:59:60Z"
0001-01-01 00:00:00|"0001-01-01T00:00:00Z"
9999-12-31 23:59:59|"9999-12-31T23:59:59.999999Z"
2026-03-01 12:00:00|null
T
  TZ=America/New_York status 0 pl-record <in
  is "$(cat wanted)" "$(TZ=Asia/Tokyo sql "SELECT created_at FROM workflow_history ORDER BY workflow_id")"
  is "27 2026-03-01 12:00:00" "$(sql "SELECT count(*), recorded_at FROM workflow_history GROUP BY 2" | tr '|' ' ')"
  status 0 pl-backfill --verify
}

@test "times: fractions tell versions apart" {
  lines '{"workflow_id":"a","total_tokens":1,"updated_at":"2026-01-01T00:00:00.000002Z"}' \
    '{"workflow_id":"a","total_tokens":2,"updated_at":"2026-01-01T00:00:00.000001Z"}' \
    '{"workflow_id":"a","total_tokens":3,"updated_at":"2026-01-01T01:00:00.000003+01:00"}'
  status 0 pl-record <in
  is "new duplicate updated" "$(jq -r .status out | xargs)"
  is 3 "$(sql "SELECT total_tokens FROM workflow_history")"
}

# -- kinds --

@test "kinds: by their shape" {
  lines '{"workflow_id":"a"}' '{"workflow_id":"b","request_id":"r","prompt":"p"}' '{"nl_input":"x"}' \
    '{"signature":"s","event":"hit"}' '{"request_id":"r","quality_score":5}' '{"request_id":"r","is_correct":true}' \
    '{"request_id":"r","quality_score":1,"model":"m"}' '{"request_id":"r"}' '{"prompt":"p"}' '{"signature":"s"}' \
    '{"other":1}' '{"messages":[]}' '{"prompt_hash":"0123456789abcdef"}'
  status 1 pl-record <in
  is "workflow a|workflow b|cache null|feedback r|request r|request r|request null|request null|request null" \
    "$(jq -r '"\(.kind) \(.workflow_id // .request_id)"' out | paste -sd '|')"
  is "3 workflow_id: is missing
6 quality_score: is missing
10 is no record
11 is no record" "$(sed -E 's/^pl-record: -:([0-9]+): ([^,:]*(: is missing)?).*/\1 \2/' err)"
}

@test "kinds: by their name, whatever their shape" {
  lines '{"kind":"workflow","workflow_id":"a","request_id":"r","prompt":"p"}' \
    '{"kind":"review","workflow_id":"b","pattern_signature":"git:status:summary","automation_status":"active"}' \
    '{"kind":null,"workflow_id":"c"}' '{"kind":"request","workflow_id":"d","model":"m"}' \
    '{"kind":"feedback","workflow_id":"e","request_id":"r","quality_score":2,"prompt":"p"}'
  status 0 pl-record <in
  is "workflow a|review null|workflow c|request null|feedback null" \
    "$(jq -r '"\(.kind) \(.workflow_id)"' out | paste -sd '|')"
}

@test "kinds: --kind overrides" {
  echo '{"pattern_signature":"git:status:summary","automation_status":"active"}' >in
  status 1 pl-record <in
  has "$(cat err)" "-:1: is no record"
  status 0 pl-record --kind review <in
  is review "$(jq -r .kind out)"
  echo '{"kind":"cache","workflow_id":"a"}' | status 0 pl-record -k workflow
  is a "$(jq -r .workflow_id out)"
  status 2 pl-record -k thing <in
  has "$(cat err)" "unknown kind: thing"
}

@test "live: a value that came in two pieces is answered, whatever follows it, while the input pauses" {
  local part='"}'
  mkfifo pipe
  for follows in "$part," "$part{\"wor" "$part$(printf '\036')" "$part"; do
    rm -f out
    fresh
    pl-record <pipe >out 2>err & pid=$!
    exec 7>pipe
    case $follows in *,) printf '[' >&7 ;; *$'\036') printf '\036' >&7 ;; esac
    printf '{"workflow_id":"w1","nl_input":"run the tests' >&7
    sleep 0.1
    printf '%s' "$follows" >&7
    soon test -s out
    exec 7>&-
    wait "$pid" || true
    is w1 "$(head -n 1 out | jq -r .workflow_id)"
  done
}

@test "live: values behind a long one on its line are answered as they come" {
  mkfifo pipe
  pl-record <pipe >out 2>err & pid=$!
  exec 7>pipe
  { printf '[{"workflow_id":"b","nl_input":"'; head -c 6000000 /dev/zero | tr '\0' x; printf '"},'; } >&7
  soon test -s out
  printf '{"workflow_id":"s"},' >&7
  soon grep -q '"s"' out
  printf '{"workflow_id":"e"}]' >&7
  exec 7>&-
  wait "$pid"
  is "b s e" "$(jq -r .workflow_id out | xargs)"
}

@test "too long: a value that a record separator ends costs none behind it" {
  { printf '\036{"workflow_id":"big","nl_input":"'; head -c 67108864 /dev/zero | tr '\0' a; printf '\036'
    for i in {1..200}; do echo "{\"workflow_id\":\"s$i\"}"; done; } >in
  status 1 pl-record in
  is "200 pl-record: in:1: longer than 64 MiB" "$(wc -l <out) $(cat err)"
}
