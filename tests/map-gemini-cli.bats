#!/usr/bin/env bats
# The map gemini-cli: recorded sessions of Gemini CLI, as one object or as lines. A call counts once, however often its
# message is written.
# shellcheck disable=SC2016,SC2154

load helper

project="$BATS_TEST_DIRNAME/maps/gemini-cli/shop"
new="$project/chats/session-2026-05-04T08-00-7c1d9f5e.jsonl"
subagent="$project/chats/7c1d9f5e-2b7a-4f0e-9a51-6f0f7f3f2a10/b2f0c3aa-1111-4222-8333-444455556666.jsonl"
old="$project/chats/session-2025-11-20T09-00-0d9c3a52.json"
resumed="$project/chats/session-2025-11-20T09-00-0d9c3a52.jsonl"

take() { pl-record -q -m gemini-cli "$@"; }

# id, time, session, model; input, output, read from the cache, written, thinking
calls() {
  sql "SELECT replace(request_id, 'gemini-cli:', ''), time(timestamp), substr(session_id, 1, 8), selected_model,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, thinking_tokens FROM routing_metrics
    ORDER BY timestamp, 1"
}

turns() {
  sql "SELECT nl_input, model_used, error_count, duration_seconds, input_tokens, output_tokens, cache_read_tokens
    FROM workflow_history ORDER BY created_at"
}

@test "a session of lines: calls, failed tools, turns" {
  status 0 take "$new"
  is "" "$(cat err)"
  is "\
m-02|08:00:14|7c1d9f5e|gemini-2.5-pro|3000|350|9000|0|310
m-04|08:00:21|7c1d9f5e|gemini-2.5-pro|1525|320|12000|0|100
m-08|08:05:15|7c1d9f5e|gemini-2.5-flash|2000|90|13000|0|0
m-13|08:09:09|7c1d9f5e|gemini-2.5-pro|2000|50|0|0|20" "$(calls)"
  is "\
Explain @cart.py|gemini-2.5-pro|1|11.0|4525|670|21000
Run the tests with pytest|gemini-2.5-flash|0|239.0|4000|140|13000" "$(turns)"
  is "tool|read_file|2026-05-04 08:00:15|0" "$(sql "SELECT step, tool_name, timestamp, success FROM session_steps")"
  is "google" "$(sql "SELECT DISTINCT selected_provider FROM routing_metrics")"
}

@test "a subagent: its calls and failed tools are the session's, what it was told is no turn" {
  take "$subagent" "$new"
  is "a-02|08:00:19|7c1d9f5e|gemini-2.5-flash|4000|100|0|0|40" "$(calls | sed -n 2p)"
  is 6 "$(calls | wc -l)"
  is "Explain @cart.py|gemini-2.5-pro|2|11.0|8925|780|24900" "$(turns | head -n 1)"
  is 2 "$(turns | wc -l)"
}

@test "one object, and the lines that were made of it" {
  take "$old"
  is "o-02|09:00:08|0d9c3a52|gemini-2.5-pro|8000|1200|0|0|700" "$(calls)"
  is "Create a changelog|gemini-2.5-pro|0|8.0|8000|1200|0" "$(turns)"
  take "$resumed"
  is "\
o-02|09:00:08|0d9c3a52|gemini-2.5-pro|8000|1200|0|0|700
o-06|10:00:05|0d9c3a52|gemini-2.5-pro|1500|150|8000|0|50" "$(calls)"
  is 2 "$(turns | wc -l)"
}

@test "a folder, twice, and in another order; other files are none of it" {
  status 0 pl-backfill -q -m gemini-cli "$project"
  is "" "$(cat err)"
  is 8 "$(calls | wc -l)"
  figures >all
  take "$new" "$old" "$subagent" "$resumed"
  figures | diff all -
  fresh
  take "$subagent" "$resumed" "$old" "$new" "$subagent"
  figures | diff all -
}

@test "a piece without its head: when the head is there, the session is" {
  take "$new"
  figures >all
  fresh
  tail -n 12 "$new" | take
  is "" "$(sql "SELECT DISTINCT session_id FROM routing_metrics")"
  take "$new"
  figures | diff all -
  tail -n 12 "$new" | take
  figures | diff all -
}

@test "auto takes all of them" {
  pl-backfill -q -m gemini-cli "$project"
  figures >all
  fresh
  status 0 pl-backfill -q -m auto "$project/chats"
  is "" "$(cat err)"
  figures | diff all -
}

# message ID TYPE MEMBERS
message() {
  printf '{"id":"%s","timestamp":"2026-05-04T08:00:%02d.000Z","type":"%s",%s}\n' "$1" "$((n += 1))" "$2" "$3"
}

@test "what is typed, and what the program says in a person's place" {
  local n=0
  {
    echo '{"sessionId":"s","projectHash":"h"}'
    message a user '"content":"  Check git status\n"'
    message b user '"content":{"text":"Check the branch"}'
    message c user '"content":["Check ",{"text":"it"},{"inlineData":{}},7]'
    message d user '"content":"--- Content from referenced files ---\nx"'
    message e user '"content":[{"text":"long"}],"displayContent":"short"'
    message f user '"content":"/help"'
    message g user '"content":"<session_context>x"'
    message h user '"content":"Please continue."'
    message i user '"content":"System: Potential loop detected."'
    message j user '"content":[]'
    message k user '"content":null'
    message l info '"content":"Check git status"'
  } | take
  is "\
Check git status
Check the branch
Check it
short" "$(turns | cut -d '|' -f 1)"
}

@test "odd values: wrong tokens are refused by their names, the rest is passed over" {
  local n=0
  {
    echo '{"sessionId":"s","projectHash":"h","messages":[1,null,{"id":7},{"id":"x","type":"user"}]}'
    message a gemini '"tokens":{"input":"10","output":1}'
    message b gemini '"tokens":{"input":10,"output":[],"thoughts":null}'
    message c gemini '"tokens":{"input":10,"output":1,"cached":20}'
    message d gemini '"tokens":7'
    message e gemini '"tokens":{"input":10,"output":1,"cached":2},"toolCalls":[1,{"status":"error"}],"model":null'
    printf '%s\n' '"gemini"' '["gemini"]' '{"$set":7}' '{"$set":{"messages":7,"sessionId":7}}' '{"$rewindTo":{}}' \
      '{"id":{},"type":"gemini"}' '{"sessionId":"s","kind":7,"messages":{}}'
    echo '{"id":"f","timestamp":7,"type":"user","content":"Check git status"}'
  } >in
  status 1 take in
  is "\
pl-record: in:2: input_tokens:
pl-record: in:3: output_tokens:
pl-record: in:4: input_tokens:" "$(sed -E 's/^(([^ ]+ ){2}[^ ]+).*/\1/' err)"
  is "e|08:00:05|s||8|1|2|0|" "$(calls)"
}
