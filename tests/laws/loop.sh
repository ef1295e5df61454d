#!/bin/sh
# loop.sh SEED [IDS]: a random history of requests, ratings, and workflows that requests name, in the form of
# history.sh: a record, a tab, and what is true of it, which recompute-loop.jq reads. Costs follow from prices.json,
# which has to be laid over the shipped prices. What the rules see in the prompts is known by hand.
exec awk -v seed="${1:?}" -v ids="${2:-120}" "$(cat "$(dirname "$0")/random.awk")"'
# -- what may be asked: as JSON, as bytes, and what the rules see in it ---------------------------------------------
function prompt(json, bytes, pattern, level, score,   command) {
  prompts++; promptText[prompts] = json; promptPattern[prompts] = pattern
  promptLevel[prompts] = level; promptScore[prompts] = score
  command = "printf %s \"" bytes "\" | sha256sum | cut -c 1-16"
  command | getline promptHash[prompts]
  close(command)
}
function plain(text, pattern, level, score) { prompt("\"" text "\"", text, pattern, level, score) }
function all_prompts() {
  plain("Fix the bug in this function", "code", 1, 279)
  plain("Explain why the sky is blue", "explanation", 1, 279)
  plain("Compare both plans and assess them", "analysis", 2, 507)
  plain("Write a comprehensive story", "creative", 3, 751)
  plain("Who wrote it? When? Where was that?", "factual", 2, 508)
  plain("Hello", "general", 0, 124)
  plain("", "general", 0, 0)
  prompt("\"Solve x\\nfor y\"", "Solve x\nfor y", "reasoning", 1, 269)
  prompt("\"Gr\\u00fc\303\237e sch\\u00f6n\"", "Gr\303\274\303\237e sch\303\266n", "general", 0, 249)
  plain("Go" many(60, "on"), "general", 2, 575)
}
function many(n, word,   i, text) { for (i = 0; i < n; i++) text = text " " word; return text }

# -- models, with their price and provider; rates in millionths of a dollar for a million tokens, "" unknown --------
function model(name, price, provider) {
  models++; modelName[models] = name; modelPrice[models] = price; modelProvider[models] = provider
  modelTruth[models] = name == "\"\"" ? "null" : name # an empty name is none
}
function rates(price, list,   i, kind, rate) {
  split("in out read write hour", kind, " ")
  split(list, rate, " ")
  for (i = 1; i <= 5; i++) perToken[price, kind[i]] = rate[i]
}
function all_models() {
  model("null", "", "unknown"); model("\"pl-one\"", "one", "unknown")
  model("\"house/PL-One-20260115\"", "one", "house"); model("\"pl-one-latest\"", "one", "unknown")
  model("\"a/b/pl-one@eu\"", "one", "a"); model("\"pl-one-20261399\"", "", "unknown")
  model("\"pl-one-mini\"", "", "unknown"); model("\"pl-two\"", "two", "unknown"); model("\"pl-too\"", "two", "unknown")
  model("\"pl-odd\"", "odd", "unknown"); model("\"pl-odd\"", "odd", "unknown")
  model("\"pl-free\"", "free", "unknown"); model("\"claude-nowhere\"", "", "anthropic")
  model("\"\"", "", "unknown")
  rates("one", "3000000 15000000 300000 3750000 6000000")
  rates("two", "500000 1500000")
  rates("odd", "333333 1000001 33333 416667 0")
  rates("free", "0 0 0 0 0")
}
# writes of an hour belong to all writes
function cost(   kind, n, i, count, total, price) {
  if (w["cost"] != "") return w["cost"]
  price = modelPrice[w["model"]]
  if (price == "" || w["in"] == "" || w["out"] == "") return ""
  n = split("in out read write hour", kind, " ")
  for (i = 1; i <= n; i++) {
    count = w[kind[i]] + 0
    if (kind[i] == "write") count -= w["hour"]
    if (count > 0 && perToken[price, kind[i]] == "") return ""
    total += count * perToken[price, kind[i]]
  }
  return int((total + 500) / 1000)
}
function source() { return w["cost"] != "" ? "\"given\"" : cost() != "" ? "\"priced\"" : "null" }

# -- values that workflows and requests share -----------------------------------------------------------------------
function tokens(   i, n, list) {
  n = split("in out read write hour", list, " ")
  for (i = 1; i <= n; i++) w[list[i]] = ""
  if (chance(5) == 0) return
  for (i = 1; i < n; i++) if (chance(i < 3 ? 8 : 3)) w[list[i]] = chance(4) ? chance(20000) : 0
  if (w["write"] != "" && chance(2)) w["hour"] = chance(w["write"] + 1)
}
function sum(   total, i, n, list) {
  n = split("in out read write", list, " ")
  for (i = 1; i <= n; i++) if (w[list[i]] != "") total += w[list[i]]
  return total == "" ? "" : total
}
function dates() {
  w["created"] = chance(6) == 0 ? "" : moment()
  w["updated"] = chance(2) ? "" : w["created"] != "" ? w["created"] + 3600000 * chance(4) : moment()
}
function given_cost() { w["cost"] = chance(3) ? "" : chance(6) == 0 ? 0 : 1 + chance(2000000000) }
function at() { return w["updated"] != "" ? w["updated"] : w["created"] }
function first_at() { return sprintf("%.0f", w["created"] != "" ? w["created"] : at() != "" ? at() : now) }
function token_members() {
  maybe("input_tokens", known(w["in"])); maybe("output_tokens", known(w["out"]))
  maybe("cache_read_tokens", known(w["read"]))
  # a count of an hour alone is one of all
  if (w["write"] == "" || w["write"] != w["hour"] || chance(2)) maybe("cache_write_tokens", known(w["write"]))
  maybe("cache_write_1h_tokens", known(w["hour"]))
}
function token_columns() {
  member("input_tokens", known(w["in"])); member("output_tokens", known(w["out"]))
  member("cache_read_tokens", known(w["read"])); member("cache_write_tokens", known(w["write"]))
  member("cache_write_1h_tokens", known(w["hour"])); member("cost_source", source())
}
function time_members() {
  maybe(chance(2) ? "created_at" : "timestamp", w["created"] == "" ? "null" : time(w["created"]))
  maybe("updated_at", w["updated"] == "" ? "null" : time(w["updated"]))
}
function quoted(name) { return w[name] == "" ? "null" : "\"" w[name] "\"" }
# a number as an id is the same as its text
function spelled(id) { return id !~ /[^0-9]/ && chance(2) ? id : "\"" id "\"" }

# -- workflows ------------------------------------------------------------------------------------------------------
function workflow() {
  w["status"] = pick("completed completed failed running -"); w["input"] = chance(3)
  w["model"] = 1 + chance(models)
  given_cost(); tokens(); dates()
}
function print_workflow(id,   record, row, status, input, ended) {
  status = w["status"] == "-" ? "completed" : w["status"]
  ended = status == "completed" || status == "failed"
  input = w["input"] == 0 ? "null" : w["input"] == 1 ? "\"Check git status\"" : "\"Fix the login bug\""
  member("workflow_id", "\"" id "\""); maybe("nl_input", input); maybe("model", modelName[w["model"]])
  if (w["status"] != "-") member("status", "\"" status "\"")
  maybe(chance(2) ? "cost" : "actual_cost_total", dollars(w["cost"]))
  token_members(); time_members()
  record = object()
  member("nl_input", input); member("status", "\"" status "\""); member("model_used", modelTruth[w["model"]])
  member("total_tokens", known(sum())); member("actual_cost_total", dollars(cost()))
  token_columns()
  row = object()
  member("kind", "\"workflow\""); member("id", "\"" id "\""); member("row", row); member("created", first_at())
  member("version", version(at(), ended, sum())); member("files", "[]"); member("size", "\"simple\"")
  member("signatures", w["input"] == 1 ? "[\"git:status:summary\"]" : "[]")
  print record "\t" object()
}
function workflows(n,   i, v) {
  for (i = 1; i <= n; i++) {
    workflow(); print_workflow("q-" i)
    for (v = chance(3); v > 0; v--) {
      if (chance(2)) { given_cost(); tokens() } else if (chance(2)) dates(); else workflow()
      print_workflow("q-" i)
    }
  }
}

# -- requests -------------------------------------------------------------------------------------------------------
function asked() {
  w["form"] = pick("none prompt prompt messages parts input hash hash")
  w["text"] = 1 + chance(prompts)
  w["pattern"] = chance(3) ? "" : pick("code analysis house")
  w["level"] = chance(4) ? "" : chance(4)
  w["score"] = chance(4) ? "" : chance(5) ? chance(1001) : pick("0 250 499 750 1000")
}
function measures() {
  w["budget"] = chance(2) ? "" : chance(4) ? 1000 * chance(30) : 0
  w["thinking"] = chance(2) ? "" : chance(4) ? chance(20000) : 0
  w["latency"] = chance(3) ? chance(900) "." sprintf("%06d", chance(1000000)) : ""
  w["success"] = pick("null true true false")
  w["quality"] = chance(2) ? "" : chance(3) ? "0." (1 + chance(998)) : pick("0 1 0.8 0.799999999 0.123456789")
}
function request() {
  asked(); measures(); tokens(); given_cost(); dates()
  w["model"] = 1 + chance(models)
  w["provider"] = chance(4) ? "" : "acme"
  w["account"] = chance(2) ? "" : pick("ann bob"); w["user"] = chance(2) ? "" : pick("u-1 42")
  w["workflow"] = chance(2) ? "" : chance(9) == 0 ? "never" : (chance(2) ? "w-" : "q-") (1 + chance(int(ids / 4) + 1))
}
# another version: newer, older, or at the same time, and then differing in ever less
function change(   how) {
  how = chance(9)
  if (how == 0) request()
  else if (how == 1) dates()
  else if (how == 2) w["updated"] = (w["updated"] == "" ? moment() : w["updated"]) + 60000 * (chance(5) - 2)
  else if (how == 3) { w["created"] = ""; w["updated"] = "" }
  else if (how == 4) { asked(); w["success"] = pick("null true false") }
  else if (how == 5) { tokens(); given_cost() }
  else if (how == 6) measures()
  else if (how == 7) w["workflow"] = w["workflow"] == "" ? "q-" (1 + chance(int(ids / 4) + 1)) : ""
  # else the same content once more, spelled anew
}
function message(role, content) { return "{\"role\":\"" role "\",\"content\":" content "}" }
function messages(content) {
  return "[" message("user", "\"Compare everything\"") "," message("assistant", "\"Debug it\"") "," \
    message("user", content) "," message("assistant", "[]") "]"
}
function asking_members(   form, text, hash) {
  form = w["form"]; text = promptText[w["text"]]; hash = promptHash[w["text"]]
  if (form == "prompt") member("prompt", text)
  if (form == "messages" || (form == "prompt" && chance(6) == 0)) member("messages", messages(text))
  if (form == "parts") member("messages", messages("[{\"type\":\"image\"},{\"type\":\"text\",\"text\":" text "}]"))
  if (form == "input") member("input", chance(2) ? text : messages(text))
  if (form == "hash") member("prompt_hash", "\"" (chance(4) ? hash : toupper(hash)) "\"")
  if (form == "prompt" && chance(6) == 0) member("prompt_hash", "\"0123456789abcdef\"") # the text says better
  maybe(chance(2) ? "pattern" : "pattern_detected", quoted("pattern"))
  maybe("complexity", w["level"] == "" ? "null" : "\"" levels[1 + w["level"]] "\"")
  maybe("complexity_score", w["score"] == "" ? "null" : thousandths_of_one(w["score"]))
}
function thousandths_of_one(n) { return n == 1000 ? "1" : sprintf("0.%03d", n) }
function request_record(id, event, session) {
  if (id != "") member("request_id", spelled(id))
  if (event != "") member("event_id", "\"" event "\"")
  if (id == "" || w["workflow"] != "" || w["form"] == "none" || w["form"] == "input" || chance(4) == 0)
    member("kind", "\"request\"")
  asking_members()
  maybe("workflow_id", quoted("workflow")); maybe(chance(2) ? "provider" : "selected_provider", quoted("provider"))
  maybe(chance(2) ? "model" : "selected_model", modelName[w["model"]])
  maybe("account", quoted("account")); maybe("user_id", w["user"] == "" ? "null" : spelled(w["user"]))
  maybe("session_id", session == "" ? "null" : "\"" session "\"")
  token_members(); time_members()
  maybe("thinking_budget", known(w["budget"])); maybe("thinking_tokens", known(w["thinking"]))
  maybe("cost", dollars(w["cost"])); maybe("latency_ms", known(w["latency"]))
  maybe("success", w["success"]); maybe("quality_score", known(w["quality"]))
  return object()
}
# as the view routing_metrics has it
function request_row(session,   read, said, level, score) {
  read = w["form"] != "none" && w["form"] != "hash"
  said = w["level"] != "" || w["score"] != ""
  level = w["level"] != "" ? w["level"] : said ? (w["score"] == 1000 ? 3 : int(w["score"] / 250)) \
    : read ? promptLevel[w["text"]] : ""
  score = w["score"] != "" ? w["score"] : said ? 250 * w["level"] + 125 : read ? promptScore[w["text"]] : ""
  member("pattern_detected", w["pattern"] == "" && read ? "\"" promptPattern[w["text"]] "\"" : quoted("pattern"))
  member("complexity", level == "" ? "null" : "\"" levels[1 + level] "\"")
  member("complexity_score", score == "" ? "null" : thousandths_of_one(score))
  member("prompt_hash", w["form"] == "none" ? "null" : "\"" promptHash[w["text"]] "\"")
  member("selected_provider", w["provider"] == "" ? "\"" modelProvider[w["model"]] "\"" : quoted("provider"))
  member("selected_model", modelTruth[w["model"]]); member("workflow_id", quoted("workflow"))
  member("account", quoted("account")); member("user_id", quoted("user"))
  member("session_id", session == "" ? "null" : "\"" session "\"")
  member("thinking_budget", known(w["budget"])); member("thinking_tokens", known(w["thinking"]))
  member("cost", dollars(cost())); member("latency_ms", known(w["latency"]))
  member("quality_score", known(w["quality"]))
  member("success", w["success"] == "null" ? "null" : w["success"] == "true" ? 1 : 0)
  token_columns()
  return object()
}
# KEY tells which request it is: its id, else its session
function print_request(key, id, event,   session, record, row) {
  session = id == "" ? key : chance(3) ? "" : "s-1"
  record = request_record(id, event, session)
  row = request_row(session)
  member("kind", "\"request\""); member("key", "\"" key "\""); member("id", id == "" ? "null" : "\"" id "\"")
  member("row", row); member("at", first_at()); member("version", version(at(), w["success"] != "null", sum()))
  print record "\t" object()
}
# it has to say more than that it is a request
function something_asked() { if (w["form"] == "none" && w["model"] == 1) w["model"] = 2 }
function requests(n,   i, v, id, how) {
  for (i = 1; i <= n; i++) {
    how = chance(8); id = request_id(i); request()
    if (how == 0) { # known by its content
      if (w["created"] == "" && w["updated"] == "") w["created"] = moment()
      something_asked()
      print_request("d" i, "", "")
      continue
    }
    for (v = chance(4); v >= 0; v--) {
      if (how == 1) { something_asked(); print_request("e" i, "", "e" i) }
      else print_request(id, id, chance(5) ? "" : "e" i)
      change()
    }
  }
}
function request_id(i) { return i % 6 == 0 ? 7000 + i "" : i % 6 == 1 ? "w-" i : "r-" i }

# -- ratings: the comment tells which it is, and which version ------------------------------------------------------
function rating() {
  w["request"] = chance(9) == 0 ? "never" : request_id(1 + chance(ids))
  w["score"] = 1 + chance(5); w["correct"] = pick("null true true false"); w["helpful"] = pick("null true false")
  w["pattern"] = chance(3) ? "" : pick("code house"); w["provider"] = chance(3) ? "" : "acme"
  w["model"] = chance(3) ? "" : pick("pl-said gpt-said"); w["complexity"] = chance(3) ? "" : chance(1000)
  w["user"] = chance(2) ? "" : pick("u-1 42"); w["session"] = chance(3) ? "" : "s-2"
}
function verdict(word) { return word == "null" ? "null" : word == "true" ? 1 : 0 }
function print_rating(key, v, time_of,   record, row, comment) {
  comment = "\"" key " " v "\""
  member("request_id", spelled(w["request"])); member("quality_score", chance(4) ? w["score"] : w["score"] ".0")
  if (key ~ /^e/) member(chance(2) ? "feedback_id" : "event_id", "\"" key "\"")
  if (w["model"] != "" || chance(4) == 0) member("kind", "\"feedback\"")
  maybe("is_correct", w["correct"]); maybe("is_helpful", w["helpful"]); member("comment", comment)
  maybe("prompt_pattern", quoted("pattern")); maybe("selected_provider", quoted("provider"))
  maybe("selected_model", quoted("model"))
  maybe("complexity_score", w["complexity"] == "" ? "null" : thousandths_of_one(w["complexity"]))
  maybe("user_id", w["user"] == "" ? "null" : spelled(w["user"])); maybe("session_id", quoted("session"))
  maybe(chance(2) ? "created_at" : "timestamp", time_of == "" ? "null" : time(time_of))
  record = object()
  member("request_id", "\"" w["request"] "\""); member("quality_score", w["score"])
  member("is_correct", verdict(w["correct"])); member("is_helpful", verdict(w["helpful"])); member("comment", comment)
  member("user_id", quoted("user")); member("session_id", quoted("session"))
  row = object()
  member("prompt_pattern", quoted("pattern")); member("selected_model", quoted("model"))
  if (w["provider"] == "" && w["model"] != "") w["provider"] = w["model"] == "gpt-said" ? "openai" : "unknown"
  member("selected_provider", quoted("provider"))
  member("complexity_score", w["complexity"] == "" ? "null" : thousandths_of_one(w["complexity"]))
  member("kind", "\"feedback\""); member("key", "\"" key "\""); member("row", row)
  member("at", sprintf("%.0f", time_of == "" ? now : time_of)); member("version", version(time_of, 0, ""))
  row = object()
  print record "\t" row
}
function ratings(n,   i, v, base) {
  for (i = 1; i <= n; i++) {
    base = moment(); rating()
    if (chance(2)) { print_rating("d" i, 0, base); continue }
    print_rating("e" i, 0, chance(3) ? base : "")
    # corrected: another rating, or one of another request
    for (v = chance(4); v > 0; v--) {
      rating()
      print_rating("e" i, v, chance(4) ? base + 60000 * (chance(3) - 1) : "")
    }
  }
}

BEGIN {
  now = 1772366400000 # the clock of the tests stands still here
  split("simple moderate complex deep", levels, " ")
  lot = 1 + seed % 2147483646; for (i = 0; i < 10; i++) chance(2)
  all_prompts(); all_models()
  workflows(int(ids / 4)); requests(ids); ratings(ids)
}'
