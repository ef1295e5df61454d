#!/usr/bin/env bats
# Maps: how other programs' logs become records (pl-maps(5)). What each shipped map makes of its format is in
# map-NAME.bats.
# shellcheck disable=SC2154

load helper

# map NAME: a map of one's own, ./NAME.jq, from standard input
map() { cat >"$1.jq"; }

ids() { sql "SELECT workflow_id FROM workflow_history ORDER BY 1" | xargs; }

# shipped: every map that there is
shipped() { (cd "$root/share/pl/maps" && printf '%s\n' *.jq | sed 's/\.jq$//' | LC_ALL=C sort); }

# fixtures NAME: the values of a map's fixtures, one a line
fixtures() {
  find "$root/tests/maps/$1" -type f -name '*.json*' -print0 | sort -z |
    xargs -0 jq -c 'if type == "array" then .[] else . end'
}

# without_now: the ids of claude-hooks without the time that is in them
without_now() { sed -E 's/:[0-9]{10}\.[0-9]+//g' | sort; }

# -- one of one's own --

@test "a map makes records of values: several, or none; \$file is the operand's name" {
  map my <<<'.runs[]? | {workflow_id: "\($file):\(.n)", nl_input: .what}'
  echo '{"runs":[{"n":1,"what":"Check git status"},{"n":2}]} {"other":1} {"runs":[{"n":3}]}' >log
  status 0 pl-record -m ./my.jq log - <log
  is "-:1 -:2 -:3 log:1 log:2 log:3" "$(ids)"
  is "log:1|git:status:summary -:1|git:status:summary" \
    "$(jq -r 'select(.patterns_detected > 0) | .workflow_id + "|" + .patterns[0]' out | xargs)"
}

@test "every form of input is mapped: arrays by their elements, sequences, pretty-printed values" {
  map my <<<'{workflow_id: .n}'
  echo '[{"n":"a"},{"n":"b"}]' >array
  printf '\x1e{"n":"c"}\n\x1e{\n"n":\n"d"}\n' >sequence
  status 0 pl-record -q -m ./my.jq array sequence
  is "a b c d" "$(ids)"
}

@test "what a map fails on costs that value, all of its records, and is named" {
  map my <<'JQ'
if .n == 2 then ({workflow_id: "half"}, error("no\ttime")) else {workflow_id: .n} end
JQ
  printf '{"n":1}\n{"n":2}\n{"n":3}\n' >log
  status 1 pl-record -m ./my.jq --rejects bad log
  is 'pl-record: log:2: no\x09time' "$(cat err)"
  is "1 3" "$(ids)"
  is '{"n":2}' "$(cat bad)"
}

@test "a record that is not valid is rejected with its field, and the value is set aside whole" {
  map my <<<'{workflow_id: .n, cost: .c}, {workflow_id: "x\(.n)"}'
  printf '{"n":1,"c":"dear","long":"kept"}\n{"n":2,"c":3}\n' >log
  status 1 pl-record -q -m ./my.jq --rejects bad log
  is "pl-record: log:1: cost: is a string, not a number" "$(cat err)"
  is '{"n":1,"c":"dear","long":"kept"}' "$(cat bad)"
  is "2 x1 x2" "$(ids)"
  map my <<<'.n'
  status 1 pl-record -m ./my.jq log
  is "pl-record: log:1: is a number, not a record" "$(head -n 1 err)"
}

@test "after values on which a map fails, in whatever way, the next ones are mapped as ever" {
  map my <<<'{workflow_id: (.id | tostring), duration_seconds: (.a | tonumber), nl_input: (.b | fromjson)}'
  for i in 1 2 3; do
    printf '{"id":"ok%s","a":"7","b":"\\"x\\""}\n{"id":1,"a":"x","b":"1"}\n{"id":2,"a":"1","b":"[1"}\n' $i
    printf '{"id":3,"a":[],"b":"1"}\n{"id":4,"a":"1","b":"nan"}\n"text"\n'
  done >log
  status 1 pl-record -q -m ./my.jq log
  is "ok1|7.0|x ok2|7.0|x ok3|7.0|x" "$(sql "SELECT workflow_id, duration_seconds, nl_input FROM workflow_history
    WHERE workflow_id GLOB 'ok*' ORDER BY 1" | xargs)"
}

@test "a map that does not compile: jq's message with its line, status 2, and no database" {
  map bad <<'JQ'
# a comment
.a
| nothing(1)
JQ
  for tool in pl-record "pl-stats costs log" "pl-cachestat log" pl-advise; do
    echo '{}' >log
    status 2 $tool -m ./bad.jq <log
    is "${tool%% *}: ./bad.jq:3: jq: nothing/1 is not defined" "$(cat err)"
  done
  [ ! -e "$PL_DB" ]
  status 2 pl-backfill -m ./bad.jq log
  is "pl-backfill: ./bad.jq:3: jq: nothing/1 is not defined" "$(cat err)"
  map bad <<<'{workflow_id'
  status 2 pl-record -m ./bad.jq <log
  is "pl-record: ./bad.jq:1: jq: syntax error, unexpected \$end, expecting '}'" "$(cat err)"
  map bad <<<'import "x" as x; .'
  status 2 pl-record -m ./bad.jq <log
  has "$(cat err)" "pl-record: ./bad.jq:1: jq: syntax error"
}

@test "a map that is not there; a head that says what no map can say" {
  status 2 pl-record -m nobody <<<'{}'
  has "$(cat err)" "pl-record: there is no map nobody; there are auto, "
  has "$(cat err)" ", claude-code, "
  status 2 pl-record -m ./nobody.jq <<<'{}'
  is "pl-record: ./nobody.jq: No such file or directory" "$(cat err)"
  status 2 pl-record -m ../maps/claude-code <<<'{}'
  printf '# pl: about x\n# pl: hoem ~/x\n.\n' | map bad
  status 2 pl-record -m ./bad.jq <<<'{}'
  is "pl-record: ./bad.jq:2: is no directive: # pl: hoem ~/x (there are about, home, files, when, lines, and inputs on \
the first line)" "$(cat err)"
  printf '# pl: about x\n# pl: inputs\n.\n' | map bad # not the first line
  status 2 pl-record -m ./bad.jq <<<'{}'
  has "$(cat err)" "./bad.jq:2: "
}

@test "--map in pl-stats and pl-cachestat goes with files; -m list in every tool" {
  status 2 pl-stats costs -m litellm
  has "$(cat err)" "pl-stats: --map goes with FILE..."
  status 2 pl-cachestat -m litellm
  has "$(cat err)" "pl-cachestat: --map goes with FILE..."
  status 2 pl-advise -t -m litellm
  for tool in pl-record pl-backfill pl-stats pl-cachestat pl-advise; do
    status 0 "$tool" -m list
    is "map $(shipped | xargs)" "$(awk '{ print $1 }' out | xargs)"
  done
  [ ! -e "$PL_DB" ]
  unset CLAUDE_CONFIG_DIR
  HOME=/home/ann status 0 pl-record -m list --json
  is "/home/ann/.claude/projects" "$(jq -r '.[] | select(.map == "claude-code").home[0]' out)"
  is 0 "$(jq '[.[] | select(.about == null or .about == "")] | length' out)"
}

@test "pl-stats, pl-cachestat and pl-advise report and advise on what a map makes" {
  map my <<'JQ'
{kind: "request", request_id: .id, prompt: .ask, model: "gpt-4o", input_tokens: .in, output_tokens: 0},
{kind: "cache", event: "miss", signature: .id}
JQ
  echo '{"id":"r1","ask":"Implement a parser","in":1000000}' >log
  is 2.5 "$(pl-stats costs --by model --json -m ./my.jq log | jq '.[0].total_cost')"
  is 1 "$(pl-cachestat -f miss_count -m ./my.jq log)"
  pl-record -q </dev/null
  is '["r1","code"]' "$(pl-advise -m ./my.jq <log | jq -c '[.request_id, .advice.pattern]')"
  is 1 "$(pl-advise -m ./my.jq <log | wc -l)"
  printf '{"id":"r2"}\n{"id":"r3"}\n' >>log
  status 0 pl-advise -m ./my.jq -f pattern log
  is "code | pl-advise: warning: 2 requests in the log tell no prompt: no advice on those" "$(cat out) | $(cat err)"
}

@test "--tee passes the log through as it is, and --kind overrides the record's" {
  map my <<<'{kind: "workflow", workflow_id: .n}'
  printf '{"n" : 1}\n\n not json\n{"n":2}' >log
  status 1 pl-record --tee -m ./my.jq <log
  cmp log out
  is "1 2" "$(ids)"
  status 1 pl-record -k feedback -m ./my.jq <<<'{"n":1}'
  has "$(cat err)" "request_id: is missing"
}

@test "a log that needs a map is told so" {
  printf '{"type":"assistant"}\n%.0s' {1..12} >log
  status 1 pl-backfill -q log
  is "pl-backfill: nothing of this is a record: another program's log is read with a map, see --map list" \
    "$(tail -n 1 err)"
}

@test "a map stands by itself: what is in ~/.jq is not loaded, debug is harmless, an error of any name is one" {
  mkdir home
  echo 'def select(f): empty; syntax error here' >home/.jq
  map my <<<'select(.n) | debug | {workflow_id: .n}'
  HOME=$BATS_TEST_TMPDIR/home status 0 pl-record -q -m ./my.jq <<<'{"n":"a"}'
  is a "$(ids)"
  map my <<<'error("break")'
  status 1 pl-record -q -m ./my.jq <<<'{"n":"a"}'
  is "pl-record: -:1: break" "$(cat err)"
  printf '# pl: inputs\n{workflow_id: input.n}, {workflow_id: input.n}\n' | map my
  status 0 pl-record -q -m ./my.jq <<<'{"n":"b"}'
  is "a b" "$(ids)"
}

# -- lines that cannot matter --

@test "lines: what holds none of the words is passed over, unparsed; all words of one directive, no unwanted one" {
  map my <<'JQ'
# pl: lines "call" "ok"
# pl: lines "other" -"skip"
{workflow_id: .n}
JQ
  cat >log <<'LOG'
{"n":"a","call":1,"ok":2}
{"n":"b","call":1}
{"n":"c" "broken"}
{"n":"d","other":1}
{"n":"e","other":1,"skip":1}
{"n":"f","text":"\"call\" and \"ok\" are said, not meant"}
  {"n":"g"}
{
"n":"h"}
[{"n":"i"}]
LOG
  status 0 pl-record -m ./my.jq log
  is "a d g h i" "$(ids)"
  status 0 pl-record -q -m ./my.jq < <(printf '{"n":"y","no":1}\n{"n":"z","other":1}')
  is "a d g h i z" "$(ids)"
}

@test "lines: a last line without its end is not passed over, even if it ends in a bracket" {
  printf '# pl: lines "call"\n{workflow_id: .id}\n' | map my
  printf '{"id":"a","call":1}\n{"id":"b","x":{"y":1}' >log
  status 1 pl-backfill -q -m ./my.jq log
  printf ',"call":1}\n' >>log
  status 0 pl-backfill -q -m ./my.jq log
  is "a b" "$(ids)"
}

@test "lines: sequences without newlines are taken as they come" {
  printf '# pl: lines "call"\n{workflow_id: .id}\n' | map my
  for i in {1..2000}; do printf '\x1e{"id":"%s","call":1,"pad":"%0500d"}' $i 0; done >log
  status 0 timeout 20 pl-record -q -m ./my.jq log
  is 2000 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "lines: numbers of lines, growing files and a byte order mark stay right" {
  printf '# pl: lines "x"\n{workflow_id: .x}\n' | map my
  { printf '\xef\xbb\xbf{"a":1}\r\n'; printf '{"b":2}\n%.0s' {1..5000}; echo '{"x":"a"}'; echo '{"x":[]}'; } >log
  status 1 pl-record -m ./my.jq log
  is "pl-record: log:5003: workflow_id: is an array, not a string" "$(cat err)"
  status 1 pl-backfill -q -m ./my.jq log
  { echo '{"b":3}'; echo '{"x":"b"}'; } >>log
  status 0 pl-backfill -v -m ./my.jq log
  has "$(cat err)" "log: grown: goes on where it was left"
  is "a b" "$(ids)"
}

# -- maps that look back --

@test "inputs: a map is run once a file, and takes each value by itself" {
  map my <<'JQ'
# pl: inputs
foreach inputs as $x (0; . + $x.n; {workflow_id: "\($file):\(.)"})
JQ
  printf '{"n":1}\n{"n":2}\n{"n":3}\n' >a
  printf '{"n":5}\n' >b
  status 0 pl-record -q -m ./my.jq a b - <a
  is "-:1 -:3 -:6 a:1 a:3 a:6 b:5" "$(ids)"
}

@test "inputs: a file that has grown is read again whole; one that has not is skipped" {
  map my <<'JQ'
# pl: inputs
foreach inputs as $x (0; . + $x.n; {workflow_id: "total \(.)"})
JQ
  printf '{"n":1}\n{"n":2}\n' >log
  status 0 pl-backfill --json -m ./my.jq log
  is 2 "$(jq .processed out)"
  status 0 pl-backfill --json -m ./my.jq log
  is 0 "$(jq .processed out)"
  echo '{"n":4}' >>log
  status 0 pl-backfill --json -m ./my.jq log
  is '[3,2]' "$(jq -c '[.processed, .duplicates]' out)"
  is "total 1 total 3 total 7" "$(ids)"
}

@test "inputs: a value on which it fails is lost, and it is run anew on the rest; what it leaves is passed over" {
  map my <<'JQ'
# pl: inputs
foreach inputs as $x (0; . + $x.n; if . == 3 then error("three") else {workflow_id: "at \(.)"} end)
JQ
  printf '{"n":1}\n{"n":2}\n{"n":4}\n{"n":5}\n' >log
  status 1 pl-record -q -m ./my.jq log
  is "pl-record: log:2: three" "$(cat err)"
  is "at 1 at 4 at 9" "$(ids)"
  fresh
  printf '# pl: inputs\n{workflow_id: "first \\(input.n)"}\n' | map my
  status 0 pl-record -q -m ./my.jq log
  is "first 1" "$(ids)"
  printf '# pl: inputs\nerror("at once")\n' | map my
  status 1 pl-record -q -m ./my.jq log
  is "log:1: at once log:2: at once log:3: at once log:4: at once" "$(sed 's/^pl-record: //' err | xargs)"
  status 1 pl-record -q -m ./my.jq /dev/null
  is "pl-record: /dev/null:1: at once" "$(cat err)"
}

@test "inputs: records are live: each is stored when its value has come" {
  printf '# pl: inputs\nforeach inputs as $x (0; . + 1; {workflow_id: "n\\(.)"})\n' | map my
  mkfifo pipe
  pl-record -m ./my.jq <pipe >out &
  exec 9>pipe
  echo '{}' >&9
  for _ in {1..40}; do [ ! -s out ] || break; sleep 0.05; done
  is n1 "$(jq -r .workflow_id out)"
  exec 9>&-
  wait
}

# -- files --

@test "another text of a map reads files again; the same does not" {
  map my <<<'{workflow_id: .a}'
  echo '{"a":"1","b":"2"}' >log
  pl-backfill -q -m ./my.jq log
  is 0 "$(pl-backfill --json -m ./my.jq log | jq .processed)"
  map my <<<'{workflow_id: .b}'
  is 1 "$(pl-backfill --json -m ./my.jq log | jq .processed)"
  is "1 2" "$(ids)"
}

@test "a limit ends after the value that reaches it, and the next run goes on" {
  map my <<<'{workflow_id: "\(.n)a"}, {workflow_id: "\(.n)b"}'
  printf '{"n":1}\n{"n":2}\n{"n":3}\n' >log
  pl-backfill -q --limit 3 -m ./my.jq log
  is "1a 1b 2a 2b" "$(ids)"
  pl-backfill -q -m ./my.jq log
  is "1a 1b 2a 2b 3a 3b" "$(ids)"
}

@test "records without end are stored as they come" {
  printf '# pl: inputs\nrange(60000) | {workflow_id: "w\(.)"}\n' | map my
  echo '{}' | (ulimit -v 120000 && pl-record -q -m ./my.jq)
  is 60000 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "one value may become more records than a batch holds" {
  map my <<<'range(.n) | {workflow_id: "w\(.)"}'
  echo '{"n":25000}' | pl-record -q -m ./my.jq
  is 25000 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "what has no identity counts once for its place in a file" {
  map my <<<'{kind: "request", prompt: .p, model: "m"}'
  printf '{"p":"a"}\n{"p":"a"}\n{"p":"b"}\n' >log
  pl-record -q -m ./my.jq log
  pl-backfill -q -m ./my.jq log
  pl-backfill -q --force -m ./my.jq log
  is 3 "$(sql "SELECT count(*) FROM routing_metrics")"
}

@test "files: a map's own names in directories" {
  printf '# pl: files state.json *.log\n{workflow_id: .n}\n' | map my
  mkdir -p d/e
  echo '{"n":"a"}' >d/e/state.json
  echo '{"n":"b"}' >d/x.log
  echo '{"n":"c"}' >d/x.json
  pl-backfill -q -m ./my.jq d
  is "a b" "$(ids)"
  status 0 pl-backfill -m ./my.jq d/e
  is "" "$(cat err)"
  mkdir none
  status 0 pl-backfill -m ./my.jq none
  is "pl-backfill: warning: none: no file of the map below it" "$(cat err)"
}

@test "home: without operands, where the program keeps its logs, which is said" {
  printf '# pl: home ${MY_LOGS:-~/.my}/logs\n# pl: home ~/other\n{workflow_id: .n}\n' | map my
  export HOME=$BATS_TEST_TMPDIR/home
  status 2 pl-backfill -m ./my.jq
  is "pl-backfill: no logs of the map ./my.jq: looked for $HOME/.my/logs, $HOME/other" "$(cat err)"
  mkdir -p "$HOME/.my/logs" "$HOME/other" mine/logs
  echo '{"n":"a"}' >"$HOME/.my/logs/a.jsonl"
  echo '{"n":"b"}' >"$HOME/other/b.jsonl"
  echo '{"n":"c"}' >mine/logs/c.jsonl
  status 0 pl-backfill -m ./my.jq
  is "pl-backfill: reading $HOME/.my/logs
pl-backfill: reading $HOME/other" "$(cat err)"
  is "a b" "$(ids)"
  MY_LOGS=mine status 0 pl-backfill -q -m ./my.jq --verify
  is "" "$(cat err)"
  is "a b c" "$(ids)"
  ln -s "$HOME/other" mine/other
  printf '# pl: home ~/other\n# pl: home mine/other\n{workflow_id: .n}\n' | map my
  status 0 pl-backfill -m ./my.jq
  is "pl-backfill: reading $HOME/other" "$(cat err)"
  printf '{workflow_id: .n}\n' | map my
  status 2 pl-backfill -m ./my.jq
  has "$(cat err)" "does not know where its logs are"
}

# -- auto --

@test "auto: of the fixtures of all shipped maps it makes what these make" {
  for name in $(shipped); do
    fixtures "$name" >"$name.jsonl"
    pl-record -m "$name" "$name.jsonl" 2>/dev/null >made || true
    [ -s made ] || { echo "$name: its fixtures give nothing"; return 1; }
  done
  figures | without_now >by-name
  fresh
  # shellcheck disable=SC2046 # names
  pl-record -q -m auto $(shipped | sed 's/$/.jsonl/') 2>/dev/null || true
  figures | without_now | diff by-name -
}

@test "auto: logs of several programs in one; what none recognises is rejected as such" {
  for name in aider litellm openai; do fixtures "$name"; done >mixed
  echo '{"who":"knows"}' >>mixed
  echo '[1]' >>mixed
  status 1 pl-record -q -m auto mixed
  last=$(wc -l <mixed)
  is "pl-record: mixed:$((last - 1)): no map recognises it
pl-record: mixed:$last: no map recognises it" "$(tail -n 2 err)"
  figures >at-once
  fresh
  for name in aider litellm openai; do fixtures $name | pl-record -q -m $name 2>/dev/null || true; done
  figures | diff at-once -
}

@test "auto: a map that looks back shares its input with maps that do not, and with no other that does" {
  { fixtures codex | head -n 40; fixtures openai | head -n 3; } >mixed
  fresh
  pl-record -q -m auto mixed || true
  [ "$(sql "SELECT count(*) FROM routing_metrics WHERE request_id GLOB 'codex:*'")" -gt 0 ]
  is "$(fixtures openai | head -n 3 | pl-stats summary --json -m openai - 2>/dev/null | jq .total_requests)" \
    "$(sql "SELECT count(*) FROM routing_metrics WHERE request_id NOT GLOB 'codex:*'")"
}

@test "maps: neither the environment, nor files, nor stderr is in their reach" {
  echo '"{}"' >module.jq
  jq -rn '"$ENV", "env", "(env | .HOME)", "($ENV.PATH)", "(\"secret\" | stderr)", "(\"secret\" | debug)"' |
    while read -r program; do
      echo "{workflow_id: ([$program] | tostring | .[:40])}" >map.jq
      echo 1 | HOME=/secret pl-record -m ./map.jq >out 2>err
      is "" "$(cat err)"
      case $(jq -r .workflow_id out) in
        '[{}]' | '[null]' | '["secret"]') ;;
        *) cat out; return 1 ;;
      esac
    done
  before=$(sql "SELECT count(*) FROM workflow_history")
  for program in '"./module" | modulemeta' 'import "./module" as m; m::f' 'include "module"; f' '$__prog_args'; do
    echo "$program | {workflow_id: tojson}" >map.jq
    echo 1 | pl-record -q -m ./map.jq 2>err && { echo "$program"; return 1; }
    [ -s err ]
  done
  is "$before" "$(sql "SELECT count(*) FROM workflow_history")"
  echo 'def f: env; {workflow_id: "\(f)"}' >map.jq # nor by a definition of its own
  echo 1 | pl-record -m ./map.jq | grep -q '"workflow_id":"{}"'
}
