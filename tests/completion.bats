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

@test "options: all that --help names, and none that the tool does not know" {
  for tool in pl-record pl-backfill pl-stats; do
    is "$("$tool" --help | grep '^ *-' | tr -c 'a-z-' '\n' | grep '^--[a-z]' | sort -u | xargs)" "$(offers "$tool --")"
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
    is "workflow review" "$(offers "$tool -k ")"
    has "$("$tool" --help | grep -e --kind)" ": workflow, review"
  done
  is "review" "$(offers "pl-record --kind=r")"
}

@test "options: files and ages as values, and nothing where there is nothing to tell" {
  is "files" "$(offers "pl-record --rejects b")"
  is "files" "$(offers "pl-stats --db ")"
  is "files" "$(offers "pl-stats --db=x")"
  is "30d" "$(offers "pl-backfill --since 3")"
  is "" "$(offers "pl-backfill --limit ")"
  status 0 pl-backfill --dry-run --since "$(offers "pl-backfill --since 2")" - </dev/null
}

@test "operands: reports are those that pl-stats takes" {
  is "$(pl-stats --help | sed '1,/^Reports:/d; /^[^ ]/,$d' | awk '{ print $1 }' | xargs)" "$(offers "pl-stats ")"
  is "patterns pattern" "$(offers "pl-stats pat")"
  is "summary" "$(offers "pl-stats --limit 3 --db x.db -q s")"
}

@test "operands: files" {
  is "files" "$(offers "pl-record ")"
  is "files" "$(offers "pl-backfill -q a.jsonl b")"
  is "files" "$(offers "pl-stats summary ")"
  is "files" "$(offers "pl-stats pattern test:pytest:backend ")"
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
