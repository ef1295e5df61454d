#!/bin/sh
# cache.sh SEED [EVENTS [NOW [WINDOWS]]]: random cache events of the ten days before NOW (milliseconds since 1970), a
# line each: the record, a tab, and what is true of it, which recompute-cache.jq reads. Some bear an event_id, and
# come in several versions and more than once. With WINDOWS, prints so many parts of these days instead: since,
# until, account and cost per hit as options, and as JSON.
exec awk -v seed="${1:?}" -v events="${2:-300}" -v now="${3:-1772366400000}" -v windows="${4:-0}" \
  "$(cat "$(dirname "$0")/random.awk")"'
# random.awk knows no time before 1970: 400 years later all days are the same ones
function dated(ms, zone,   text) {
  text = civil(ms + 12622780800000 + (zone == "+05:30" ? 19800000 : 0), "T", zone)
  return sprintf("\"%04d%s\"", substr(text, 1, 4) - 400, substr(text, 5))
}
function when(ms) {
  if (ms > 1000000000000 && chance(3) == 0) return chance(2) ? thousandths(ms) : sprintf("%.0f", ms)
  return dated(ms, chance(3) ? "Z" : "+05:30")
}
# few are asked for often
function skewed(n,   i) { i = int(n * (chance(10000) / 10000) ^ 3); return i }
# nanoseconds over four decades
function duration() { return int(10 ^ (3 + 4 * chance(100000) / 100000)) }
function millionths(n) { return sprintf("%d.%06d", int(n / 1000000), n % 1000000) }
function text(name) { return name == "" ? "null" : "\"" name "\"" }

# an event at MS; ID: its event_id; undated where MS is ""
function event(id, ms,   kind, signature, account, user, ns, saved, size, truth) {
  kind = pick("hit hit hit miss write")
  signature = "sig-" skewed(40)
  account = chance(4) ? "team-" skewed(5) : ""
  user = chance(3) ? "user \303\274" skewed(7) : ""
  ns = chance(6) ? duration() * (ms > now - 86400000 && seed % 2 ? 3 : 1) : ""
  saved = kind == "hit" && chance(3) ? chance(3000000) * 7 : ""
  size = chance(3) ? "" : chance(90000)
  member("event", "\"" kind "\""); member("signature", "\"" signature "\"")
  maybe("account", text(account)); maybe("user_id", text(user)); maybe("size_bytes", known(size))
  maybe(kind == "write" ? "write_ms" : "lookup_ms", ns == "" ? "null" : millionths(ns))
  maybe("cost_saved", saved == "" ? "null" : dollars(saved))
  maybe("timestamp", ms == "" ? "null" : when(ms))
  maybe("event_id", text(id))
  truth = sprintf("\"at\":%.0f,\"event\":\"%s\",\"signature\":\"%s\",\"account\":%s,\"user\":%s,\"ns\":%s,", \
    ms == "" ? now : ms, kind, signature, text(account), text(user), known(ns))
  truth = truth sprintf("\"saved\":%s,\"size\":%s,\"dated\":%s", known(saved), known(size), ms == "" ? "false" : "true")
  print object() "\t{\"id\":" (id == "" ? "[" : text(id) ",") (id == "" ? quoted(truth) "]," : "") truth "}"
}
function quoted(words) { gsub(/"/, "\\\"", words); return "\"" words "\"" }
function instant() { return now - skewed(10) * 86400000 - chance(24) * 3600000 - chance(3600) * 1000 - chance(1000) }

function all_events(   i, v, at) {
  for (i = 0; i < events; i++) {
    if (chance(3)) { event("", instant()); continue }
    if (chance(3) == 0) event("e" i, "")
    for (v = 1 + (chance(2) ? 0 : chance(4)); v > 0; v--) {
      at = instant() # of versions each has its own time
      event("e" i, at - (at % 10 + 10) % 10 + v)
    }
  }
}

function window(   since, until, account, cost, options, json) {
  since = chance(4) ? now - chance(11) * 86400000 - chance(4) * 3600000 - (chance(2) ? chance(3600000) : 0) : ""
  until = chance(3) ? (since == "" ? now - 864000000 : since) + chance(chance(3) ? 600000000 : 9000000) : ""
  if (until != "" && chance(3) == 0) until = until - (until % 3600000 + 3600000) % 3600000
  account = chance(3) ? "" : "team-" chance(6)
  cost = chance(2) ? 1000000 : chance(5000000)
  options = (since == "" ? "" : "--since " dated(since, "Z") " ") (until == "" ? "" : "--until " dated(until, "Z") " ")
  options = options (account == "" ? "" : "--account " account " ") "--cost-per-hit " sprintf("0.%09d", cost)
  gsub(/"/, "", options)
  json = sprintf("\"since\":%s,\"until\":%s", since == "" ? "null" : sprintf("%.0f", since), \
    until == "" ? "null" : sprintf("%.0f", until))
  print options "\t" json ",\"account\":" text(account) sprintf(",\"cost\":%d,\"now\":%.0f", cost, now)
}

BEGIN {
  lot = 1 + seed % 2147483646; for (i = 0; i < 10; i++) chance(2)
  if (windows == 0) all_events()
  for (i = 0; i < windows; i++) window()
}'
