#!/usr/bin/env bats
# The map adw-state: the state files of AI developer workflows. A run is a workflow; a later state replaces an earlier
# one. shellcheck disable=SC2154

load helper

agents="$BATS_TEST_DIRNAME/maps/adw-state/agents"

states() {
  sql "SELECT workflow_id, status, coalesce(workflow_template, '-'), coalesce(nl_input, '-'), coalesce(model_used, '-'),
    coalesce(duration_seconds, '-'), coalesce(actual_cost_total, '-'), coalesce(error_message, '-')
    FROM workflow_history ORDER BY 1"
}

@test "runs: those files alone" {
  status 0 pl-backfill -q -m adw-state "$agents"
  is "\
0badf00d|failed|adw_build_iso|-|-|-|-|Type error in cart.ts
3e5f7a90|completed|adw_sdlc_iso|Add the total to the cart|sonnet|1261.5|1.25|-
8d0c4b12|completed|adw_patch_iso|-|-|-|-|-
c0ffee01|running|adw_test_iso|Run the vitest suite|-|-|-|vitest: 2 failed" "$(states)"
  is "1|2" "$(sql "SELECT error_count, retry_count FROM workflow_history WHERE workflow_id = '3e5f7a90'")"
  is "09:00:00 09:00:00" "$(sql "SELECT time(created_at) FROM workflow_history
    WHERE workflow_id IN ('3e5f7a90', '0badf00d')" | xargs)"
}

@test "patterns" {
  mkdir -p agents/1a2b3c4d
  jq -n '{adw_id: "1a2b3c4d", issue_number: "7", nl_input: "Run backend tests with pytest",
    workflow_template: "adw_test_iso"}' >agents/1a2b3c4d/adw_state.json
  pl-backfill -q -m adw-state agents "$agents"
  is "\
build:generic:all|0badf00d
build:typecheck:backend|0badf00d
patch:quick:all|8d0c4b12
sdlc:full:all|3e5f7a90
test:generic:all|1a2b3c4d
test:pytest:backend|1a2b3c4d" "$(sql "SELECT pattern_signature, workflow_id FROM pattern_occurrences o
    JOIN operation_patterns p ON p.id = o.pattern_id ORDER BY 1, 2")"
}

# A run that says when it began, and no more of time: what has more in it is newer.
@test "a run as it goes on, in any order" {
  local i j
  jq -n '{adw_id: "d", issue_number: "1", branch_name: null, all_adws: [], start_time: "2026-03-02T10:00:00"}' >s1
  jq '.branch_name = "b" | .all_adws = ["adw_plan_iso"]' s1 >s2
  jq '.all_adws += ["adw_test_iso"] | .nl_input = "Check git status"' s2 >s3
  for i in "s1 s2 s3" "s3 s2 s1" "s2 s3 s1"; do
    fresh
    for j in $i $i; do pl-record -q -m adw-state "$j"; done
    is "d|completed|-|Check git status|-|-|-|-" "$(states)"
  done
}

@test "odd states" {
  printf '%s\n' '{"mission_id":"M1"}' '[]' null 7 '"x"' '[{"adw_id":"in-an-array"}]' '{"adw_id":"e","status":7}' \
    '{"adw_id":"f","start_time":7,"end_time":"x","all_adws":"x","issue_json":"x","issue":[]}' \
    '{"adw_id":"g","start_time":"yesterday","end_time":"today"}' '{"adw_id":null,"issue_number":1}' >in
  status 1 pl-record -q -m adw-state <in
  is "\
pl-record: -:7: status:
pl-record: -:8: updated_at:
pl-record: -:9: created_at:
pl-record: -:10: workflow_id:" "$(sed -E 's/^(([^ ]+ ){2}[^ ]+).*/\1/' err)"
  is "in-an-array" "$(sql "SELECT workflow_id FROM workflow_history")"
}

@test "auto takes it where it has an id" {
  status 0 pl-record -q -m auto "$agents"/{0badf00d,3e5f7a90,8d0c4b12}/adw_state.json
  is 3 "$(sql "SELECT count(*) FROM workflow_history")"
}
