#!/usr/bin/env bats
# The map tau-bench: result files, an array of runs each. A run is a workflow, once, wherever its file is.
# shellcheck disable=SC2154

load helper

results="$BATS_TEST_DIRNAME/maps/tau-bench"
tools="tool-calling-gpt-4o-mini-0.0_range_0--1_user-gpt-4o-llm_0302090000.json"
react="react-claude-3-5-sonnet-20241022-0.0_range_0-1_user-gpt-4o-llm_0302100000.json"

runs() {
  sql "SELECT workflow_id, status, error_count, model_used, coalesce(error_message, '-') FROM workflow_history
    ORDER BY 1"
}

@test "runs: a workflow each" {
  status 0 pl-backfill --json -m tau-bench "$results"
  is "\
tau-bench:$react:0:0|failed|1|claude-3-5-sonnet-20241022|-
tau-bench:$tools:0:0|completed|1|gpt-4o-mini|-
tau-bench:$tools:0:1|failed|1|gpt-4o-mini|-
tau-bench:$tools:1:0|failed|1|gpt-4o-mini|litellm.RateLimitError: slow down
tau-bench:$tools:2:0|completed|0|gpt-4o-mini|-" "$(runs)"
  is "5 5 0" "$(jq -r '"\(.total_workflows) \(.processed) \(.errors)"' out)"
}

@test "what was asked, and the template" {
  pl-record -q -m tau-bench "$results/$tools"
  is "You want an upgrade.|tool-calling-gpt-4o-mini-0.0_user-gpt-4o-llm" \
    "$(sql "SELECT nl_input, workflow_template FROM workflow_history WHERE workflow_id LIKE '%:2:0'")"
  is 1 "$(sql "SELECT nl_input IS NULL FROM workflow_history WHERE workflow_id LIKE '%:1:0'")"
}

@test "a copy in another folder, one with the runs in another order, and lines instead of an array" {
  pl-record -q -m tau-bench "$results"/*
  figures >once
  mkdir -p there and/there
  cp "$results/$tools" there
  jq -c 'reverse' "$results/$tools" >"and/there/$tools"
  pl-record -q -m tau-bench "there/$tools" "and/there/$tools"
  jq -c '.[]' "$results/$react" >"there/$react"
  pl-backfill -q -m tau-bench there
  figures | diff once -
}

@test "another file of the same tasks has runs of its own; its name may say no model" {
  mkdir it
  cp "$results/$react" it/gpt-4o-airline.json
  pl-record -q -m tau-bench "$results/$react" it/gpt-4o-airline.json
  is "2|1" "$(sql "SELECT count(*), sum(model_used IS NULL) FROM workflow_history")"
  is "gpt-4o-airline" "$(sql "SELECT workflow_template FROM workflow_history WHERE model_used IS NULL")"
}

@test "a reward that is no number refuses its run; what is no run is passed over" {
  printf '%s\n' '[{"task_id":1,"trial":0,"reward":"1","info":{},"traj":[]},' \
    '{"task_id":2,"trial":0,"reward":null,"info":{},"traj":[]},' \
    '{"task_id":3,"trial":0,"reward":1,"info":null,"traj":[1,{"role":"tool"},{"role":"user","content":["x"]}]},' \
    '{"task_id":4,"trial":0,"reward":1,"info":[],"traj":"x"}, 7, null, "x", [], {"task_id":5}]' >odd.json
  status 1 pl-record -q -m tau-bench odd.json
  has "$(cat err)" "odd.json:1: status: "
  has "$(cat err)" "odd.json:2: status: "
  is 2 "$(wc -l <err)"
  is "tau-bench:odd.json:3:0|completed|0||-" "$(runs)"
}

@test "auto takes it" {
  status 0 pl-backfill -q -m auto "$results"
  is 5 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "tau-bench's own results" {
  [ -f "$root/../shared/data/tau-bench/gpt-4o-airline.json" ] || skip "no ../shared/data/tau-bench"
  status 0 pl-record -q -m tau-bench "$root/../shared/data/tau-bench/gpt-4o-airline.json"
  is "200|84" "$(sql "SELECT count(*), sum(status = 'completed') FROM workflow_history")"
}
