#!/bin/sh
# turns.sh SEED [TURNS]: a random history of turns, requests and steps in a few sessions, a record a line. All times are
# whole seconds, and many are equal. Some records come in several versions, some of a turn's are no turn's; some were
# copied into another session. Whatever has no other version of the same rank differs from it in time or revision, but
# for copies, of which any may win.
exec awk -v seed="${1:?}" -v turns="${2:-40}" "$(cat "$(dirname "$0")/random.awk")"'
function when(at) { return sprintf("\"2026-02-01T%02d:%02d:%02dZ\"", at / 3600, at / 60 % 60, at % 60) }
function session() { return "s" chance(4) }
function perhaps(field, value, n) { return chance(n) == 0 ? "" : ",\"" field "\":" value }

function turn(i,   at, id, versions, v, s) {
  id = "t" i; at = chance(4000)
  versions = 1 + (chance(3) == 0) + (chance(6) == 0)
  for (v = 0; v < versions; v++) {
    s = session()
    line = "{\"kind\":\"workflow\",\"workflow_id\":\"" id "\",\"nl_input\":\"" texts[chance(4)] \
      "\",\"updated_at\":" when(v) \
      ",\"created_at\":" when(at + v * chance(50)) ",\"session_id\":\""
    if (chance(12) == 0) {
      print line s "\",\"total_tokens\":" chance(100) "}"
      continue
    }
    rest = "\",\"turn\":true" perhaps("retry_count", chance(4), 3) "}"
    print line s rest
    if (chance(3) == 0)
      print line session() rest
  }
}

function request(i,   versions, v, at, line) {
  at = chance(4200)
  versions = 1 + (chance(3) == 0)
  for (v = 0; v < versions; v++) {
    line = "{\"kind\":\"request\",\"request_id\":\"r" i "\",\"revision\":" v ",\"timestamp\":" when(at + chance(60)) \
      perhaps("model", "\"pl-" (chance(3) ? "one" : "two") "\"", 9) perhaps("input_tokens", chance(1000), 9) \
      perhaps("output_tokens", chance(400), 9) perhaps("cost", chance(1000) / 1000, 2) \
      ",\"cache_read_tokens\":" chance(50)
    if (chance(8) == 0)
      line = line ",\"workflow_id\":\"t" chance(turns) "\""
    print line perhaps("session_id", "\"" session() "\"", 12) "}"
    if (chance(4) == 0)
      print line ",\"session_id\":\"" session() "\"}"
  }
}

function step(i,   kind) {
  kind = chance(5) == 0 ? "stop" : "tool"
  print "{\"kind\":\"step\",\"step\":\"" kind "\",\"event_id\":\"e" i "\",\"timestamp\":" when(chance(4200)) \
    ",\"session_id\":\"" session() "\"" perhaps("success", chance(2) ? "true" : "false", 4) "}"
}

BEGIN {
  lot = 1 + seed; for (i = 0; i < 10; i++) chance(2)
  texts[0] = "Run the backend tests with pytest"; texts[1] = "Check git status and build"; texts[2] = "Say hello"
  texts[3] = "Fix src/a.py and run pytest"
  for (i = 0; i < turns; i++) turn(i)
  for (i = 0; i < 3 * turns; i++) request(i)
  for (i = 0; i < turns; i++) step(i)
}'
