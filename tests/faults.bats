#!/usr/bin/env bats
# What was acknowledged is kept, and nothing counts twice, whatever befalls: a small part of make check-faults, and what
# the tools say. FAULT_ROUNDS=N does as many rounds as the largest scenarios have.
# shellcheck disable=SC2154

load helper

setup_file() {
  [ -z "${ASAN_OPTIONS:-}" ] || return 0
  local root
  root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  BUILD=$(dirname "${PL_BIN:-$root/build/bin}")
  export BUILD
  SEED=${SEED:-1} "$root/tests/fault/run" "$BUILD" "${FAULT_ROUNDS:-2}" random-stream random-retrain points-backfill \
    points-rebuild power-record power-migrate failures-record failures-reset lost-wal signals-many retrain-twice \
    all-at-once clock >"$BATS_FILE_TMPDIR/told" 2>&1 || true
}

# What is loaded before a sanitizer's library does not mix with it.
needs_shim() { [ -z "${ASAN_OPTIONS:-}" ] || skip "a sanitizer has to be loaded first"; }

# found NAME...: of each scenario, that there were rounds, and nothing was lost or wrong
found() {
  needs_shim
  cat "$BATS_FILE_TMPDIR/told"
  for name; do
    has "$(grep "^$name " "$BATS_FILE_TMPDIR/told" | tr -s ' ')" " acknowledged 0 lost ok "
    [ "$(awk -v name="$name" '$1 == name { print $2 }' "$BATS_FILE_TMPDIR/told")" -gt 0 ]
  done
}

# with FAULT COMMAND...: one that this fault befalls; what befell is in ./log
with() {
  rm -f log
  env LD_PRELOAD="$BUILD/fault/shim.so" PL_FAULT_DIR="${PL_DB%/*}" PL_FAULT_LOG="$PWD/log" PL_FAULT="$1" "${@:2}"
}

# workflows COUNT
workflows() { jq -cn "range($1) | {workflow_id: \"w\(.)\", nl_input: \"Check git status\"}"; }

apart() {
  needs_shim
  mkdir db
  PL_DB=$PWD/db/pl.db
  workflows 50 >records
}

@test "a call that fails: status 2, one line with the file and the reason, and the next run does the rest" {
  apart
  for fault in "rename:1:EIO/Input\/output error" "fsync:6:EIO/input\/output error: disk I\/O error" \
    "pwrite:from 100:ENOSPC/the disk is full: make room and run this again" \
    "open:from 4:EACCES/cannot be opened: Permission denied" \
    "mmap:1:ENOMEM/input\/output error: Cannot allocate memory"; do
    fresh
    status 2 with "${fault%%/*}" pl-record records
    is "pl-record: $PL_DB: $(tr -d '\\' <<<"${fault#*/}")" "$(cat err)"
    is "" "$(cat out)"
    has "$(cat log)" failed
    is "" "$(ls db/*.new* 2>/dev/null)"
    status 0 pl-record records
    is "50 new" "$(jq -r .status out | sort | uniq -c | xargs)"
    is "50|ok" "$(sql "SELECT occurrence_count, integrity_check FROM operation_patterns, pragma_integrity_check")"
  done
}

@test "a write that is short is finished, and a log that cannot be removed harms nothing" {
  apart
  for fault in pwrite:100:short unlink:7:EIO ftruncate:2:EIO; do
    fresh
    status 0 with "$fault" pl-record records
    is "50 new|" "$(jq -r .status out | sort | uniq -c | xargs)|$(cat err)"
    has "$(cat log)" failed
    is "50|ok" "$(sql "SELECT occurrence_count, integrity_check FROM operation_patterns, pragma_integrity_check")"
  done
}

@test "killed between the commit and its acknowledgement, or before it takes its name: once, all the same" {
  apart
  for fault in "kill@rename:1 0 new" "kill@rename:1:after 0 new" "kill@fsync:5:after 0 new" "kill@fsync:6 0 duplicate" \
    "kill@fsync:6:after 0 duplicate" "kill@fsync:7 50 duplicate"; do
    read -r point answers next <<<"$fault"
    fresh
    rm -f db/*
    status 137 with "$point" pl-record records
    is "$answers" "$(wc -l <out)"
    has "$(cat log)" killed
    status 0 pl-record records
    is "50 $next" "$(jq -r .status out | sort | uniq -c | xargs)"
    is 50 "$(sql "SELECT occurrence_count FROM operation_patterns")"
  done
}

@test "killed while it keeps a copy before a migration: the next run keeps it, and nothing else is left" {
  apart
  pl-record -q records
  as_version_5
  for fault in kill@fsync:1 kill@pwrite:9:torn kill@rename:1 kill@rename:1:after; do
    status 137 with "$fault" pl-record records
    has "$(cat log)" killed
    rm -f db/pl.db.v5
  done
  status 0 pl-record -q records
  is "db/pl.db db/pl.db.v5" "$(echo db/*)"
  is "5 7" "$(sql "PRAGMA user_version" db/pl.db.v5) $(sql "PRAGMA user_version")"
}

@test "killed at random, or at any chosen call: as if it had never been" {
  found random-stream random-retrain points-backfill points-rebuild
}

@test "a power failure leaves what was synced, and a log that is lost costs what was in it" {
  found power-record power-migrate lost-wal
}

@test "calls that fail: said in one line, or done all the same" { found failures-record failures-reset; }

@test "signals: what was acknowledged is there, and no more" { found signals-many; }

@test "retrainings at once, all tools at once, and a clock that goes backward" {
  found retrain-twice all-at-once clock
}
