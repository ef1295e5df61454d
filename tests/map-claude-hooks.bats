#!/usr/bin/env bats
# The map claude-hooks: what Claude Code tells the commands of its hooks, one event a process.
# shellcheck disable=SC2154

load helper

# hook SECOND EVENT: the hook's command runs at that second of 12:00
hook() {
  PL_NOW=2026-03-01T12:00:$1Z status 0 pl-record -q -m claude-hooks <"$root/tests/maps/claude-hooks/$2.json"
  is "" "$(cat out err)"
}

turns() {
  sql "SELECT time(created_at), nl_input, workflow_template, error_count, duration_seconds, total_tokens
    FROM workflow_history ORDER BY created_at"
}

steps() { sql "SELECT time(timestamp), step, tool_name, success FROM session_steps ORDER BY 1"; }

@test "a turn: its prompt, its tools, its end, at the time of recording; nothing on stdout" {
  hook 00 prompt
  hook 10 tool-failed
  hook 40 tool
  hook 45 stop
  is "12:00:00|Run the backend tests with pytest and fix what fails||1|45.0|" "$(turns)"
  is "12:00:10|tool|Bash|0
12:00:40|tool|Bash|1
12:00:45|stop||" "$(steps)"
  is "test:pytest:backend" "$(sql "SELECT pattern_signature FROM operation_patterns")"
  is "5e55e001-7777-4b77-8b77-777777777777:" \
    "$(sql "SELECT substr(workflow_id, 1, 37) FROM workflow_history WHERE session_id LIKE '5e55e001-%'")"
}

@test "a turn that goes on, and one that ends with an error" {
  hook 00 prompt
  is "12:00:00|Run the backend tests with pytest and fix what fails||||" "$(turns)"
  hook 05 command
  hook 07 stop-failed
  is "12:00:00|Run the backend tests with pytest and fix what fails||||
12:00:05|/ship:release 1.2 to staging|ship:release|1|2.0|" "$(turns)"
}

@test "the same prompt again is another turn; the same tool is not another step" {
  hook 00 prompt
  hook 01 prompt
  hook 02 tool
  hook 03 tool
  is 2 "$(sql "SELECT count(DISTINCT workflow_id) FROM workflow_history")"
  is 1 "$(steps | wc -l)"
}

@test "a tool that says itself that it failed, without an id" {
  hook 00 prompt
  hook 01 tool-old
  hook 02 tool-old
  hook 03 stop
  is "12:00:00|Run the backend tests with pytest and fix what fails||2|3.0|" "$(turns)"
}

@test "events that end nothing, and what Claude Code submits itself" {
  for event in notice subagent-stop pre-tool notification session-start session-end compact; do
    cat "$root/tests/maps/claude-hooks/$event.json"
  done | status 0 pl-record -m claude-hooks
  is "" "$(cat out err)"
  is "0 0" "$(sql "SELECT count(*) FROM workflow_history; SELECT count(*) FROM step" | xargs)"
}

@test "all are recognised without a map's name" {
  cat "$root"/tests/maps/claude-hooks/*.json | status 0 pl-record -q -m auto
  is 2 "$(sql "SELECT count(*) FROM workflow_history")"
}

@test "odd values" {
  printf '%s\n' 1 null '"Stop"' '[]' '{}' '{"hook_event_name":3}' '{"hook_event_name":"Stops"}' >in
  status 0 pl-record -m claude-hooks <in
  is "" "$(cat out err)"
  printf '{"session_id":"s","hook_event_name":"UserPromptSubmit","prompt":%s}\n' 7 '""' null >in
  status 1 pl-record -q -m claude-hooks <in
  is "pl-record: -:1: nl_input" "$(cut -d: -f1-4 err | cut -d' ' -f1-3)"
  echo '{"hook_event_name":"Stop"}' | status 1 pl-record -q -m claude-hooks
  is "session_id: is missing" "$(cut -d' ' -f3- err)"
}
