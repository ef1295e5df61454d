#!/usr/bin/env bats
# What the completion of bash offers, against what the tools take.
load helper

# offers COMMAND...: what is offered for the end of this line, on one line
offers() {
  local line=$1
  COMP_WORDBREAKS=$' \t\n"\'><=;|&(:' COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
  compopt() { COMPREPLY+=("files"); }
  # shellcheck source=../share/bash-completion/pl disable=SC1091
  source "$BATS_TEST_DIRNAME/../share/bash-completion/pl"
  _pl "${line%% *}"
  unset -f compopt
  echo "${COMPREPLY[*]}"
}

history() {
  local i=0 text
  for text in "Run backend tests with pytest" "Run frontend tests with vitest" "Check git status"; do
    echo "{\"workflow_id\":\"w$((i += 1))\",\"nl_input\":\"$text\"}"
  done
}

# Ratings that make two models confident of one pattern, and one of another.
ratings() {
  jq -cn '["implement a function", "a/strong"], ["implement a function", "house:model"], ["write a poem", "a/strong"] |
    . as [$prompt, $model] | range(5) as $i | "\($prompt)-\($model)-\($i)" as $id |
    {request_id: $id, prompt: $prompt, model: $model}, {request_id: $id, quality_score: 5}'
}

@test "options: all that --help names, and none that the tool does not know" {
  for tool in pl-record pl-backfill pl-stats pl-retrain pl-advise pl-cachestat; do
    wanted=$("$tool" --help | grep '^ *-' | tr -c 'a-z0-9-' '\n' | grep '^--[a-z]' | sort -u | xargs)
    is "$wanted" "$(offers "$tool --")"
    for option in $(offers "$tool --"); do
      "$tool" "$option" </dev/null >out 2>err || true
      [ -z "$(grep 'unknown option' err)" ] || is "" "$tool $option: $(cat err)"
    done
  done
}

@test "options: one that is begun, wherever it stands" {
  is "--rebuild --rejects" "$(offers "pl-backfill some.jsonl --re" | xargs -n 1 | sort | xargs)"
  is "--kind" "$(offers "pl-record -q --k")"
}

@test "options: formats are those that pl-stats takes" {
  is "table json csv tsv prometheus" "$(offers "pl-stats --format ")"
  has "$(pl-stats --help | grep -e --format)" "table, json, csv, tsv or prometheus"
  echo '{"workflow_id":"a","nl_input":"Check git status"}' | pl-record -q
  for format in $(offers "pl-stats -F "); do
    status 0 pl-stats --format "$format"
  done
}

@test "options: orders are those that pl-stats takes" {
  has "$(pl-stats --help | grep -e --sort)" "savings, occurrences, confidence or recent"
  echo '{"workflow_id":"a","nl_input":"Check git status"}' | pl-record -q
  for order in $(offers "pl-stats patterns --sort "); do
    status 0 pl-stats patterns --sort "$order"
  done
  is "confidence" "$(offers "pl-stats patterns --sort=c")"
}

@test "options: kinds are those that the tools take" {
  for tool in pl-record pl-backfill; do
    is "workflow request feedback cache review step" "$(offers "$tool -k ")"
    has "$("$tool" --help | grep -e --kind)" " workflow, request, feedback, cache, review or step"
  done
  is "request review" "$(offers "pl-record --kind=r")"
}

@test "options: maps are those that are shipped, by name; and files" {
  for tool in pl-record pl-backfill pl-stats pl-cachestat pl-advise; do
    has " $(offers "$tool -m c" | xargs) " " claude-code "
    has " $(offers "$tool --map " | xargs) " " auto list adw-state aider "
  done
  has " $(offers "pl-record -m c" | xargs) " " files "
}

@test "options: policies are those that the tools take" {
  for tool in pl-retrain pl-advise; do
    is "balanced quality cost" "$(offers "$tool --policy ")"
    has "$("$tool" --help | grep -e --policy)" "balanced, quality or cost"
    for policy in $(offers "$tool --policy "); do
      status 0 "$tool" --policy "$policy" </dev/null
    done
  done
}

@test "options: groupings are those that pl-stats takes" {
  is "day week month model provider account session pattern" "$(offers "pl-stats costs --by ")"
  is "model month" "$(offers "pl-stats costs --by=m" | xargs -n 1 | sort | xargs)"
  echo '{"request_id":"a","prompt":"write a poem"}' | pl-record -q
  for group in $(offers "pl-stats costs --by "); do
    status 0 pl-stats costs --by "$group" --json
    is "true" "$(jq --arg group "$group" '.[0] | has($group)' out)"
  done
}

@test "options: fields are those of the advice" {
  for option in -f --field; do
    is "$(echo hello | pl-advise -t 2>err | jq -r '.advice | keys[]' | xargs)" \
      "$(offers "pl-advise -t $option " | xargs -n 1 | sort | xargs)"
  done
  is "confidence" "$(offers "pl-advise --field=conf")"
}

@test "options: zones are those that pl-stats takes" {
  is "UTC" "$(TZDIR=nowhere offers "pl-stats costs --tz ")"
  [ -e /usr/share/zoneinfo/zone1970.tab ] || skip "no zoneinfo"
  is "Europe/Berlin" "$(offers "pl-stats costs --tz Europe/Berl")"
  pl-record </dev/null
  status 0 pl-stats costs --tz "$(offers "pl-stats costs --tz Europe/Berl")"
}

@test "options: files and ages as values, and nothing where there is nothing to tell" {
  is "files" "$(offers "pl-record --rejects b")"
  is "files" "$(offers "pl-backfill --prices p")"
  is "files" "$(offers "pl-stats --db ")"
  is "files" "$(offers "pl-stats --db=x")"
  is "30d" "$(offers "pl-backfill --since 3")"
  is "" "$(offers "pl-backfill --limit ")"
  is "" "$(offers "pl-stats costs --max-cost ")"
  status 0 pl-retrain --if-due "$(offers "pl-retrain --if-due 7")" --window "$(offers "pl-retrain --window 3")"
  status 0 pl-backfill --dry-run --since "$(offers "pl-backfill --since 2")" - </dev/null
}

@test "operands: reports are those that pl-stats takes" {
  has " $(offers "pl-stats " | xargs -n 1 | sort | xargs) " \
    " budgets costs feedback health learning pattern patterns routing "
  pl-record </dev/null
  for report in $(offers "pl-stats "); do
    pl-stats "$report" >out 2>err || true
    [ -z "$(grep 'unknown report' err)" ] || is "" "$report: $(cat err)"
  done
  is "pattern patterns" "$(offers "pl-stats pat" | xargs -n 1 | sort | xargs)"
  is "summary" "$(offers "pl-stats --limit 3 --db x.db -q s")"
}

@test "operands: files" {
  is "files" "$(offers "pl-record ")"
  is "files" "$(offers "pl-backfill -q a.jsonl b")"
  is "files" "$(offers "pl-advise --apply a.json b")"
  is "" "$(offers "pl-retrain ")"
  is "files" "$(offers "pl-stats summary ")"
  is "files" "$(offers "pl-stats pattern test:pytest:backend ")"
  is "files" "$(offers "pl-stats trends code ")"
  is "" "$(offers "pl-stats why ")"
}

@test "signatures: those in the database, by what follows the last colon" {
  history | pl-record -q
  is "git:status:summary test:pytest:backend test:vitest:frontend" \
    "$(offers "pl-stats pattern " | xargs -n 1 | sort | xargs)"
  is "git:status:summary" "$(offers "pl-stats pattern g")"
  is "pytest:backend" "$(offers "pl-stats pattern test:p")"
  is "frontend" "$(offers "pl-stats --json pattern test:vitest:")"
  is "" "$(offers "pl-stats pattern nothing:")"
}

@test "signatures: those of the database that the line names" {
  history | pl-record -q --db other.db
  is "git:status:summary" "$(offers "pl-stats --db other.db pattern g")"
  is "git:status:summary" "$(offers "pl-stats -d other.db pattern g")"
  is "git:status:summary" "$(offers "pl-stats --db=other.db pattern g")"
}

@test "signatures: without a database none, no word, and no database made" {
  is "" "$(offers "pl-stats pattern t" 2>&1)"
  [ ! -e "$PL_DB" ]
}

@test "patterns of trends: those that have a confident model" {
  ratings | pl-record -q
  is "" "$(offers "pl-stats trends ")"
  pl-retrain -q
  is "code creative" "$(offers "pl-stats trends " | xargs -n 1 | sort | xargs)"
  is "creative" "$(offers "pl-stats --db $PL_DB trends cr")"
  status 0 pl-stats trends "$(offers "pl-stats trends co")"
}

@test "models of advice: those that are routed to, each once in a list" {
  ratings | pl-record -q
  pl-retrain -q
  is "a/strong house:model" "$(offers "pl-advise --models " | xargs -n 1 | sort | xargs)"
  is "a/strong,house:model" "$(offers "pl-advise --models a/strong,")"
  is "model,a/strong" "$(offers "pl-advise --models house:model,")"
  is "" "$(offers "pl-advise --db none.db --models a")"
}
