#!/bin/sh
# history.sh SEED [IDS]: a random history, the same for the same arguments. A line holds a record, a tab, and what is
# true of it (JSON), which recompute.jq reads. Ids repeat, with versions of every relation to each other; values are
# missing; members come in any order, times in any form. Texts are from a table whose signatures are known by hand.
exec awk -v seed="${1:?}" -v ids="${2:-120}" "$(cat "$(dirname "$0")/random.awk")"'
# -- texts, with the signature of layer 1; "?" is the target that the template says, else all -----------------------
function input(text, signature, files, words) {
  inputs++; inputText[inputs] = text; inputSignature[inputs] = signature
  inputFiles[inputs] = files == "" ? "[]" : files; inputSize[inputs] = words == "" ? "simple" : words
}
function fault(text, signatures) { faults++; faultText[faults] = text; faultSignatures[faults] = signatures }
function template(name, target, signature) {
  templates++; templateName[templates] = name
  templateTarget[templates] = target; templateSignature[templates] = signature
}
function many(n, word,   i, text) { for (i = 0; i < n; i++) text = text " " word; return text }
function texts() {
  input("\"Run the backend test suite with pytest\"", "test:pytest:backend")
  input("\"Run all tests\"", "test:generic:all")
  input("\"Run the tests\"", "test:generic:?")
  input("\"Run tests on both frontend and backend\"", "test:generic:both")
  input("\"Run jest on client code in lib/login.tsx, then in lib/login.tsx again\"", "test:jest:frontend", \
    "[\"lib/login.tsx\"]")
  input("\"Run pytest and vitest\"", "test:pytest:?")
  input("\"Build the project\"", "build:build:?")
  input("\"Compile the server\"", "build:compile:backend")
  input("\"Run typecheck on the UI\"", "build:typecheck:frontend")
  input("\"Bundle it with webpack\"", "build:bundle:?")
  input("\"Format with prettier\"", "format:prettier:all")
  input("\"Lint with eslint\"", "format:eslint:all")
  input("\"Check git status\"", "git:status:summary")
  input("\"CHECK GIT STATUS\"", "git:status:summary")
  input("\"Show me the git diff\"", "git:diff:summary")
  input("\"Update npm dependencies\"", "deps:npm:update")
  input("\"Update \\\"yarn\\\"\\n\\tnow\"", "deps:yarn:update")
  input("\"Write documentation\"", "docs:generate:all")
  input("\"Deploy it\"", "deploy:ship:all")
  input("\"Do a code review\"", "review:code:all")
  input("\"Run vitest on the frontend" many(210, "now") "\"", "test:vitest:frontend", "", "complex")
  input("\"Fix the login bug\"", "")
  input("\"Speed up the release pipeline\"", "")
  input("\"Pull the latest changes and rapidly guide the equipment order\"", "")
  input("\"Gr\303\266\303\237e pr\\u00fcfen, \346\227\245\346\234\254\"", "")
  input("\"Go" many(60, "on") "\"", "", "", "medium")
  input("\"\"", "")
  input("null", "")
  fault("null", ""); fault("null", ""); fault("\"\"", ""); fault("\"out of memory\"", "")
  fault("\"pytest failed: 3 tests failed\"", "test:pytest:backend")
  fault("\"vitest crashed\"", "test:vitest:frontend")
  fault("\"type error in line 3\"", "build:typecheck:backend")
  fault("\"compilation stopped\"", "build:compile:backend")
  fault("\"tsc and eslint gave up\"", "build:typecheck:backend format:eslint:all")
  template("null", "", ""); template("null", "", "")
  template("\"adw_test_backend\"", "backend", "test:generic:all")
  template("\"adw_build_iso\"", "", "build:generic:all")
  template("\"adw_plan_iso\"", "", "")
  template("\"cleanup-server\"", "backend", "")
  template("\"adw_sdlc_iso\"", "", "sdlc:full:all")
  template("\"zte-client\"", "frontend", "sdlc:full:all")
  template("\"adw_patch_server\"", "backend", "patch:quick:all")
  template("\"lightweight_frontend\"", "frontend", "patch:quick:all")
  template("\"adw_ship_iso\"", "", "deploy:ship:all")
  template("\"code-review\"", "", "review:code:all")
  template("\"adw_release\"", "", "")
}

# -- records -----------------------------------------------------------------------------------------------------------
function sum(   total, i, n, list) {
  if (w["total"] != "") return w["total"]
  n = split("in out read write", list, " ")
  for (i = 1; i <= n; i++) if (w[list[i]] != "") total += w[list[i]]
  return total == "" ? "" : total
}
function signatures(   all, one, list, n, i, seen, text) {
  one = inputSignature[w["input"]]
  if (one != "") sub(/\?/, templateTarget[w["template"]] == "" ? "all" : templateTarget[w["template"]], one)
  all = one " " faultSignatures[w["fault"]] " " templateSignature[w["template"]]
  n = split(all, list, " ")
  for (i = 1; i <= n; i++)
    if (index(text, "\"" list[i] "\"") == 0) text = text (text == "" ? "" : ",") "\"" list[i] "\""
  return "[" text "]"
}
function tokens(   i, n, list) {
  n = split("in out read write total", list, " ")
  for (i = 1; i <= n; i++) w[list[i]] = ""
  if (chance(4) == 0) return
  if (chance(2)) w["total"] = chance(90000)
  if (chance(2)) { for (i = 1; i < n; i++) if (chance(3)) w[list[i]] = chance(3) ? chance(20000) : 0 }
}
function measures() {
  w["errors"] = chance(3) == 0 ? "" : chance(2) ? 0 : chance(8)
  w["retries"] = chance(3) == 0 ? "" : chance(2) ? 0 : chance(4)
  w["duration"] = chance(4) == 0 ? "" : chance(8) == 0 ? 0 : chance(3) ? 1000 * (100 + chance(20)) : 125 * chance(8000)
  w["cost"] = chance(4) == 0 ? "" : chance(8) == 0 ? 0 : chance(2) ? 10000000 * chance(200) : 1 + chance(2000000000)
  tokens()
}
function dates() {
  w["created"] = chance(5) == 0 ? "" : moment()
  w["updated"] = chance(2) ? "" : w["created"] != "" ? w["created"] + 3600000 * chance(4) : moment()
}
function workflow() {
  w["input"] = 1 + chance(inputs); w["fault"] = 1 + chance(faults); w["template"] = 1 + chance(templates)
  w["status"] = pick("completed completed completed failed running pending -")
  w["model"] = pick("null \"model-a\" \"model-b\"")
  w["account"] = pick("null \"ann\" \"bob\"")
  measures(); dates()
}
# another version: newer, older, or at the same time, and then differing in ever less
function change(   how) {
  how = chance(9)
  if (how == 0) workflow()
  else if (how == 1) dates()
  else if (how == 2) w["updated"] = (w["updated"] == "" ? moment() : w["updated"]) + 60000 * (chance(5) - 2)
  else if (how == 3) { w["created"] = ""; w["updated"] = "" }
  else if (how == 4) w["status"] = pick("completed failed running pending -")
  else if (how == 5) tokens()
  else if (how == 6) { w["input"] = 1 + chance(inputs); w["cost"] = chance(3) ? 1 + chance(1000000000) : "" }
  else if (how == 7) { w["fault"] = 1 + chance(faults); w["errors"] = chance(8) }
  # else the same content once more, spelled anew
}
function workflow_record(id) {
  member("workflow_id", id)
  maybe("nl_input", inputText[w["input"]]); maybe("error_message", faultText[w["fault"]])
  maybe("workflow_template", templateName[w["template"]])
  if (w["status"] != "-") member("status", "\"" w["status"] "\"")
  maybe(chance(2) ? "model" : "model_used", w["model"]); maybe("account", w["account"])
  maybe("error_count", known(w["errors"])); maybe("retry_count", known(w["retries"]))
  maybe("duration_seconds", seconds(w["duration"])); maybe(chance(2) ? "cost" : "actual_cost_total", dollars(w["cost"]))
  maybe("input_tokens", known(w["in"])); maybe("output_tokens", known(w["out"]))
  maybe("cache_read_tokens", known(w["read"])); maybe("cache_write_tokens", known(w["write"]))
  maybe("total_tokens", known(w["total"]))
  maybe(chance(2) ? "created_at" : "timestamp", w["created"] == "" ? "null" : time(w["created"]))
  maybe("updated_at", w["updated"] == "" ? "null" : time(w["updated"]))
  if (chance(4) == 0) member("kind", "\"workflow\"")
  if (chance(4) == 0) member("unheard_of", "{\"workflow_id\":[1,{\"cost\":null}]}")
  return object()
}
# as the table workflow_history has it
function workflow_row(status) {
  member("nl_input", inputText[w["input"]]); member("error_message", faultText[w["fault"]])
  member("workflow_template", templateName[w["template"]]); member("status", "\"" status "\"")
  member("model_used", w["model"]); member("account", w["account"])
  member("error_count", known(w["errors"])); member("retry_count", known(w["retries"]))
  member("input_tokens", known(w["in"])); member("output_tokens", known(w["out"])); member("total_tokens", known(sum()))
  member("duration_seconds", seconds(w["duration"])); member("actual_cost_total", dollars(w["cost"]))
  return object()
}
function workflow_truth(id,   status, row, at) {
  status = w["status"] == "-" ? "completed" : w["status"]
  row = workflow_row(status)
  row = substr(row, 1, length(row) - 1) ",\"cache_read_tokens\":" known(w["read"])
  row = row ",\"cache_write_tokens\":" known(w["write"]) "}"
  at = w["updated"] != "" ? w["updated"] : w["created"]
  member("kind", "\"workflow\""); member("id", id); member("row", row)
  member("version", version(at, status == "completed" || status == "failed", sum()))
  member("created", sprintf("%.0f", w["created"] != "" ? w["created"] : at != "" ? at : now))
  member("duration_ms", known(w["duration"])); member("retries", known(w["retries"]))
  member("signatures", signatures()); member("files", inputFiles[w["input"]])
  member("size", "\"" inputSize[w["input"]] "\"")
  return object()
}
function print_workflow(id, spelled) { print workflow_record(spelled) "\t" workflow_truth(id) }

# A review with an event id may have several versions; its notes tell which review it is, and which version.
function review(key, v, event, signature, at,   row, record) {
  row = "\"pattern_signature\":\"" signature "\",\"automation_status\":\"" \
    pick("detected candidate approved implemented active deprecated") "\",\"reviewed_by\":" \
    pick("null \"ann\" \"b\\u00f6b\"") ",\"review_notes\":\"" key " " v "\""
  member("kind", "\"review\"")
  if (event) member("event_id", "\"" key "\"")
  maybe(chance(2) ? "timestamp" : "created_at", at == "" ? "null" : time(at))
  record = object()
  member("kind", "\"review\""); member("key", "\"" key "\""); member("row", "{" row "}")
  member("version", version(at, 0, "")); member("reviewed", sprintf("%.0f", at == "" ? now : at))
  print substr(record, 1, length(record) - 1) "," row "}\t" object()
}
function reviews(n,   i, v, event, base) {
  for (i = 1; i <= n; i++) {
    event = chance(3) > 0; base = moment()
    review((event ? "e" : "d") i, 0, event, reviewed(), event && chance(3) == 0 ? "" : base)
    for (v = event ? chance(3) : 0; v > 0; v--)
      review("e" i, v, 1, reviewed(), chance(3) == 0 ? "" : base + 60000 * (chance(3) - 1))
  }
}
function reviewed() {
  return pick("test:pytest:backend git:status:summary test:generic:all patch:quick:all never:seen:all")
}

BEGIN {
  now = 1772366400000 # the clock of the tests stands still here
  lot = 1 + seed % 2147483646; for (i = 0; i < 10; i++) chance(2)
  texts()
  for (i = 1; i <= ids; i++) {
    number_id = sprintf("%.0f", 4503599627370496 + i)
    kind = chance(25)
    id = kind < 4 ? "\"" number_id "\"" : kind < 5 ? "\"w \\\"" i "\\\" \303\244\"" : "\"w-" i "\""
    spelled = kind < 2 ? number_id : id
    workflow(); print_workflow(id, spelled)
    for (v = chance(5); v > 0; v--) { change(); print_workflow(id, spelled) }
  }
  reviews(int(ids / 6))
}'
