#!/usr/bin/env bats
# A database that cannot be used: every tool says in one line what it is, which file, and what to do, and pl-advise goes
# on without it. No crash, no hang, no figure of half of it.

load helper

setup_file() {
  export made="$BATS_FILE_TMPDIR"
  PATH="${PL_BIN:-$BATS_TEST_DIRNAME/../build/bin}:$PATH" PL_SHARE="$BATS_TEST_DIRNAME/../share/pl"
  export PATH PL_SHARE
  cd "$made" || return 1
  seq 300 | sed 's/.*/{"workflow_id":"w&","nl_input":"Check git status","timestamp":"2026-02-01T00:00:00Z"}/' >"records"
  pl-record -q -d good records
  head -c 20000 good >half
  cp good damaged
  dd if=/dev/urandom of=damaged bs=1k seek=16 count=200 conv=notrunc 2>/dev/null
  cp good newer
  sqlite3 newer "PRAGMA user_version = 1000"
  sqlite3 other "CREATE TABLE t(x)"
  echo "this is no database, but a text that is long enough to be the header of one, and then some more" >text
  mkdir directory
  cp good unreadable
  cp good readonly
  chmod 000 unreadable
  chmod 400 readonly
}

# says STATUS DATABASE COMMAND...: ends so, after one line that names the database and nothing on stdout
says() {
  local wanted=$1 db=$2 got=0
  shift 2
  echo "Fix it" | PL_DB="$made/$db" mortal timeout 60 "$@" >out 2>err || got=$?
  is "$wanted 1" "$got $(wc -l <err)" || { echo "$db: $*"; cat err; return 1; }
  has "$(cat err)" "$made/$db: " || { echo "$db: $*"; return 1; }
}

writers=("pl-record -q" "pl-backfill -q" "pl-backfill --rebuild" "pl-backfill -q --prune 9d" "pl-retrain -q")
readers=("pl-stats" "pl-stats patterns" "pl-stats costs --by day" "pl-stats budgets" "pl-cachestat"
  "pl-backfill --verify"
  "pl-backfill --backup copy" "pl-retrain --evaluate")

@test "one that is cut, newer, another's, a text, a directory or not to be read" {
  for db in half newer other text directory unreadable; do
    [ $db = half ] && tools=("${writers[@]}" "${readers[@]}") ||
      tools=("pl-record -q" "pl-retrain -q" "pl-stats" "pl-cachestat" "pl-backfill --verify"
        "pl-backfill --backup copy")
    for tool in "${tools[@]}"; do
      # shellcheck disable=SC2046,SC2086 # words
      says 2 "$db" $tool $(case $tool in *record* | "pl-backfill -q") echo "$made/records" ;; esac)
      is "" "$(cat out)"
    done
    says 0 "$db" pl-advise -t
    is simple "$(jq -r .advice.complexity out)"
    is "" "$(ls copy* 2>/dev/null)"
  done
}

@test "one that is damaged within: no copy is made of it, and no report is printed by half" {
  for tool in "${writers[@]}" "pl-stats" "pl-stats patterns" "pl-backfill --verify" "pl-backfill --backup copy"; do
    cp "$made/damaged" "$made/spoilt"
    # shellcheck disable=SC2046,SC2086
    says 2 spoilt $tool $(case $tool in *record* | "pl-backfill -q") echo "$made/records" ;; esac)
    has "$(cat err)" "is damaged"
  done
  is "" "$(ls copy* 2>/dev/null)"
}

@test "one that is missing: readers say so, and advice goes on" {
  for tool in "${readers[@]}"; do
    # shellcheck disable=SC2046,SC2086
    says 2 missing $tool
  done
  says 0 missing pl-advise -t
  is "" "$(ls "$made"/missing* 2>/dev/null)"
}

@test "one that may only be read: it is read, and not written" {
  echo '{"workflow_id":"new"}' >new
  for tool in "pl-record -q new" "pl-backfill -q new" "pl-backfill --rebuild" "pl-backfill -q --prune 9d" \
    "pl-retrain -q"; do
    # shellcheck disable=SC2086
    says 2 readonly $tool
  done
  is 300 "$(PL_DB=$made/readonly mortal pl-stats --json | jq .total_workflows)"
}
