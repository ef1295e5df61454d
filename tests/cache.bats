#!/usr/bin/env bats
# Cache events: how they are read and told apart, what is kept of them, and that it is the same in whatever way they
# come.
# LAW_ROUNDS=10 does ten times as much; LAW_SEED=N begins with other events.
# shellcheck disable=SC2030,SC2031,SC2154

load helper
load laws/laws

# rec JSON...: records these, a line each, with a good end
rec() { printf '%s\n' "$@" | status 0 pl-record; }

statuses() { jq -r .status out | xargs; }

# at HOUR: a time in February, as a member
at() { printf '"timestamp":"2026-02-%s:00:00Z"' "$1"; }

# what signature_stats tells: signature, reuse_count, first_cached, last_used (seconds since 2026-02-01), cost, time
signatures() {
  sql "SELECT signature, reuse_count, first_cached - 1769904000, last_used - 1769904000, cost_saved, avg_lookup_time
    FROM signature_stats ORDER BY 1" | xargs
}

held() { sql "SELECT memory_usage FROM cache_metrics"; }

# events SEED [COUNT]: ./history of random events, ./records of it, and the newest of each in ./events
events() {
  sh "$laws/cache.sh" "$@" >history
  cut -f1 history >records
  cut -f2 history | jq -sc -L "$laws" 'include "recompute-cache"; newest' >events
}

# -- what is read --

@test "result lines: of each event, new, updated and duplicate" {
  rec "{\"signature\":\"s\",\"event\":\"hit\",$(at 10T10)}" "{\"signature\":\"s\",\"event\":\"hit\",$(at 10T10)}" \
    "{\"kind\":\"cache\",\"signature\":\"s\",\"event\":\"miss\",\"event_id\":\"1\",$(at 10T10)}" \
    "{\"kind\":\"cache\",\"signature\":\"s\",\"event\":\"write\",\"event_id\":\"1\",$(at 10T11)}" \
    "{\"kind\":\"cache\",\"signature\":\"s\",\"event\":\"miss\",\"event_id\":\"1\",$(at 10T10)}"
  is '{"kind":"cache","event":"hit","status":"new"}
{"kind":"cache","event":"hit","status":"duplicate"}
{"kind":"cache","event":"miss","status":"new"}
{"kind":"cache","event":"write","status":"updated"}
{"kind":"cache","event":"miss","status":"duplicate"}' "$(cat out)"
}

@test "-k cache reads what says no kind, and --help names it" {
  has "$(pl-record --help)" "cache"
  rec '{"kind":"request","signature":"s","event":"hit","request_id":"r"}'
  is request "$(jq -r .kind out)"
  echo '{"kind":"request","signature":7,"event":"hit","request_id":"r"}' | status 0 pl-record -k cache
  is cache "$(jq -r .kind out)"
  is 7 "$(sql "SELECT signature FROM signature_stats")"
}

@test "--tee writes events through, -q nothing, and --no-text changes nothing" {
  printf '{ "signature":"s",\t"event":"hit", "x":[1.0] }\n' >in
  status 0 pl-record --tee <in
  cmp in out
  status 0 pl-record -q --no-text <in
  is "" "$(cat out)"
  is 2 "$(sql "SELECT hit_count FROM cache_metrics")"
}

@test "a bad event costs itself, and its field is named" {
  while IFS='|' read -r json reason; do
    { echo "$json"; echo '{"signature":"s","event":"hit"}'; } | status 1 pl-record --rejects rejects
    is "pl-record: -:1: $reason" "$(cat err)"
    is '{"kind":"cache","event":"hit","status":"new"}' "$(cat out)"
    is "$json" "$(tail -n 1 rejects)"
  done <<'BAD'
{"kind":"cache","signature":"s"}|event: is missing
{"kind":"cache","event":"hit"}|signature: is missing
{"kind":"cache","event":null,"signature":"s"}|event: is missing
{"kind":"cache","event":"hit","signature":null}|signature: is missing
{"event":"hit","signature":""}|signature: is empty
{"event":"hit","signature":"a\u0000b"}|signature: contains a NUL character
{"event":"hit","signature":["s"]}|signature: is an array, not a string
{"event":"hit","signature":1.5}|signature: is not a whole number
{"event":"HIT","signature":"s"}|event: is none of hit, miss or write
{"event":"","signature":"s"}|event: is none of hit, miss or write
{"event":"read","signature":"s"}|event: is none of hit, miss or write
{"event":1,"signature":"s"}|event: is none of hit, miss or write
{"event":"hit","signature":"s","lookup_ms":-1}|lookup_ms: is negative
{"event":"hit","signature":"s","lookup_ms":"1"}|lookup_ms: is a string, not a number
{"event":"hit","signature":"s","lookup_ms":1e300}|lookup_ms: is out of range
{"event":"write","signature":"s","write_ms":-0.5}|write_ms: is negative
{"event":"miss","signature":"s","write_ms":true}|write_ms: is true, not a number
{"event":"hit","signature":"s","cost_saved":-1}|cost_saved: is negative
{"event":"miss","signature":"s","cost_saved":[]}|cost_saved: is an array, not a number
{"event":"hit","signature":"s","cost_saved":1e300}|cost_saved: is out of range
{"event":"hit","signature":"s","size_bytes":-1}|size_bytes: is negative
{"event":"hit","signature":"s","size_bytes":1.5}|size_bytes: is not a whole number
{"event":"hit","signature":"s","size_bytes":1e30}|size_bytes: is out of range
{"event":"hit","signature":"s","account":5}|account: is a number, not a string
{"event":"hit","signature":"s","user_id":{}}|user_id: is an object, not a string
{"event":"hit","signature":"s","event_id":""}|event_id: is empty
{"event":"hit","signature":"s","event_id":1.5}|event_id: is not a whole number
{"event":"hit","signature":"s","timestamp":"soon"}|timestamp: is not a time
BAD
  is "$(wc -l <rejects)" "$(sql "SELECT hit_count FROM cache_metrics")"
}

@test "what an event does not say is not known, and what is not its own is not taken" {
  rec "{\"event\":\"hit\",\"signature\":\"a\",\"lookup_ms\":2,\"write_ms\":50,$(at 01T01)}" \
    "{\"event\":\"hit\",\"signature\":\"a\",\"lookup_ms\":null,\"write_ms\":50,$(at 01T02)}" \
    "{\"event\":\"miss\",\"signature\":\"a\",\"lookup_ms\":4,\"cost_saved\":9,$(at 01T03)}" \
    "{\"event\":\"write\",\"signature\":\"b\",\"lookup_ms\":70,\"cost_saved\":9,$(at 01T04)}"
  is "a|2|3600|7200|0.002|3.0 b|0|14400|14400|0.0|" "$(signatures)"
  is "||0.002" "$(sql "SELECT write_p95, NULL, total_cost_saved FROM cache_metrics")"
  is 2 "$(sql "SELECT sum(count) FROM cache_histogram WHERE span = 0")"
}

@test "a signature is any text, told apart by each byte, and known by its hash" {
  rec '{"event":"hit","signature":"a"}' '{"event":"hit","signature":"A"}' '{"event":"hit","signature":" a"}' \
    '{"event":"hit","signature":"ä\n\u001b[31m"}' '{"event":"hit","signature":7}'
  is 5 "$(sql "SELECT count(*) FROM signature_stats")"
  is "$(printf ' a' | sha256sum | cut -c 1-16)" \
    "$(sql "SELECT signature_hash FROM signature_stats WHERE signature = ' a'")"
  status 0 pl-backfill --verify
}

@test "pl-backfill takes events in, tells how many, and with --dry-run leaves no trace" {
  mkdir logs
  events 1 200
  head -n 150 records >logs/a.jsonl
  jq -s . <(tail -n +101 records) >logs/b.json
  status 0 pl-backfill --json --dry-run logs
  is "$(wc -l <records) true" "$(jq -r '"\(.records.cache - 50) \(.dry_run)"' out)"
  [ ! -e "$PL_DB" ]
  rec '{"event":"hit","signature":"x","event_id":"x"}'
  figures >before
  status 0 pl-backfill --json --dry-run logs
  is "$(jq length events)" "$(jq '.processed - .duplicates - .updated' out)"
  figures | cmp before -
  status 0 pl-backfill --json logs
  is "$(jq length events) 0" "$(jq -r '"\(.processed - .duplicates - .updated) \(.errors)"' out)"
  status 0 pl-backfill --json --force logs
  is "0" "$(jq -r '.processed - .duplicates' out)"
  pl-backfill --verify
}

# -- identity --

@test "identity: an event_id, whatever else it says" {
  rec '{"event":"hit","signature":"s","event_id":"1"}' '{"event":"hit","signature":"s","event_id":1}' \
    '{"event":"hit","signature":"s","event_id":"a long one, told apart at its end: 1"}' \
    '{"event":"hit","signature":"s","event_id":"a long one, told apart at its end: 2"}'
  is "new duplicate new new" "$(statuses)"
  is 3 "$(sql "SELECT hit_count FROM cache_metrics")"
}

@test "identity: without one, a dated event is its content" {
  one='"event":"hit","signature":"s","lookup_ms":1,"cost_saved":0.5,"size_bytes":7,"account":"a","user_id":"u"'
  rec "{$one,\"timestamp\":\"2026-02-01T10:00:00Z\"}" "{\"timestamp\":1769940000000,\"note\":1,$one}" \
    "{\"created_at\":\"2026-02-01T11:00:00.000+01:00\",${one/0.5/5e-1}}"
  is "new duplicate duplicate" "$(statuses)"
  when='"timestamp":"2026-02-01T10:00:00Z"'
  rec "{${one/hit/miss},$when}" "{${one/\"s\"/\"t\"},$when}" "{${one/lookup_ms\":1/lookup_ms\":2},$when}" \
    "{${one/0.5/0.6},$when}" "{${one/:7/:8},$when}" "{${one/\"a\"/\"b\"},$when}" "{${one/\"u\"/\"v\"},$when}" \
    "{$one,\"timestamp\":\"2026-02-01T10:00:00.000001Z\"}"
  is "new new new new new new new new" "$(statuses)"
}

@test "identity: undated ones are told apart by their place among equal ones of a FILE" {
  printf '%s\n' '{"event":"hit","signature":"s"}' '{"event":"miss","signature":"s"}' >one
  cat one one >log
  status 0 pl-record log
  is "new new new new" "$(statuses)"
  cp log copy
  status 0 pl-record copy log
  is duplicate "$(statuses | tr ' ' '\n' | sort -u)"
  cat log one >grown
  PL_NOW=2026-03-02T12:00:00Z pl-backfill -q grown
  is "3|3" "$(sql "SELECT hit_count, miss_count FROM cache_metrics")"
  # each keeps the time at which it was recorded first
  is "2 1" "$(sql "SELECT hits FROM cache_hour ORDER BY hour" | xargs)"
  pl-backfill --verify
}

@test "identity: undated ones on standard input are each new" {
  rec '{"event":"hit","signature":"s"}' '{"event":"hit","signature":"s"}'
  rec '{"event":"hit","signature":"s"}'
  is 3 "$(sql "SELECT hit_count FROM cache_metrics")"
  printf '{"event":"hit","signature":"s"}\n' >log
  pl-record -q log
  pl-record -q - <log
  is 5 "$(sql "SELECT hit_count FROM cache_metrics")"
}

# -- versions --

# stays NAME...: recording these again, versions that are older or the same, changes nothing
stays() {
  figures >before
  rec "$@"
  is duplicate "$(statuses | tr ' ' '\n' | sort -u)"
  figures | diff before -
}

@test "versions: the newer one replaces the older one everywhere" {
  first='{"event_id":"1","event":"hit","signature":"a","lookup_ms":2,"cost_saved":0.25,"size_bytes":70,'
  first="$first$(at 03T10),\"account\":\"x\",\"user_id\":\"u\"}"
  second="{\"event_id\":\"1\",\"event\":\"miss\",\"signature\":\"b\",\"lookup_ms\":3,$(at \
04T10),\"account\":\"y\",\"user_id\":\"v\"}"
  third="{\"event_id\":\"1\",\"event\":\"write\",\"signature\":\"b\",\"write_ms\":9,\"size_bytes\":5,$(at 04T10 | \
sed s/10:00/10:01/)}"
  rec "$first"
  is "a|1|208800|208800|0.25|2.0" "$(signatures)"
  is "70" "$(held)"
  rec "$second"
  is "b|0|||0.0|3.0" "$(signatures)"
  is "0" "$(held)"
  is "491722|0|1|0|0|0" "$(sql "SELECT hour, hits, misses, writes, saved_known, saved FROM cache_hour")"
  is "0|y|0|1 1|v|0|1" "$(sql "SELECT kind, text, hits, misses FROM cache_party JOIN name ON name = id" | xargs)"
  is "0|0|0|1 1|20488|0|1 2|491722|0|1" "$(sql "SELECT span, start, kind, count FROM cache_histogram ORDER BY 1" | \
xargs)"
  stays "$first" "$second"
  rec "$third"
  is "b|0|295260|295260|0.0|" "$(signatures)"
  is "5|0|0" "$(sql "SELECT memory_usage, hit_count, miss_count FROM cache_metrics")"
  is "0 1" "$(sql "SELECT (SELECT count(*) FROM cache_party), (SELECT count(*) FROM cache_hour)" | tr '|' ' ')"
  is "1 3" "$(sql "SELECT min(kind), sum(count) FROM cache_histogram" | tr '|' ' ')"
  stays "$second" "$third" "$first"
  pl-backfill --verify
  figures >once
  for order in "third second first" "second first third" "first third second" "second third first"; do
    fresh
    for name in $order; do rec "${!name}"; done
    figures | cmp once - || { echo "$order"; return 1; }
  done
}

@test "versions: the first, the last and the size of a signature go by what is left" {
  e() { printf '{"event_id":"%s","event":"%s","signature":"%s","timestamp":"2026-02-01T0%s:00:00Z"%s}\n' "$@"; }
  rec "$(e w1 write s 1 ',"size_bytes":10')" "$(e w2 write s 2 ',"size_bytes":20')" "$(e h1 hit s 3 "")" \
    "$(e h2 hit s 4 ',"size_bytes":40')" "$(e h3 hit s 5 "")"
  is "s|3|3600|18000|0.003| 40" "$(signatures) $(held)"
  rec "$(e h2 hit t 6 ',"size_bytes":1')" # takes the size with it
  is "s|2|3600|18000|0.002| t|1|21600|21600|0.001| 21" "$(signatures) $(held)"
  rec "$(e h3 hit t 7 "")" # the last hit
  is "s|1|3600|10800|0.001| t|2|21600|25200|0.002| 21" "$(signatures) $(held)"
  rec "$(e w1 miss s 8 "")" # the first write
  is "s|1|7200|10800|0.001| t|2|21600|25200|0.002| 21" "$(signatures) $(held)"
  rec "$(e w2 miss s 8 "")" # and the other one: the first hit takes its place, and no size is known
  is "s|1|10800|10800|0.001| t|2|21600|25200|0.002| 501" "$(signatures) $(held)"
  rec "$(e h1 miss s 8 "")"
  is "s|0|||0.0| t|2|21600|25200|0.002| 1" "$(signatures) $(held)"
  rec "$(e w3 write s 4 "")" "$(e w4 write s 9 "")" # never hit: last used when it was last written
  is "s|0|14400|32400|0.0| t|2|21600|25200|0.002| 501" "$(signatures) $(held)"
  pl-backfill --verify
}

@test "versions: of several sizes at one time the largest, however they come" {
  for order in "5 9 7" "9 7 5" "7 5 9"; do
    fresh
    for size in $order; do rec "{\"event\":\"write\",\"signature\":\"s\",\"size_bytes\":$size,$(at 02T10)}"; done
    rec "{\"event\":\"write\",\"signature\":\"s\",\"size_bytes\":100,$(at 02T09)}"
    is "9" "$(held)"
  done
}

@test "versions: within one transaction as in many" {
  for seed in $(seeds 2); do
    sh "$laws/cache.sh" "$seed" 12 | cut -f1 >records
    fresh
    pl-record -q records
    figures >once
    fresh
    while read -r line; do pl-record -q <<<"$line"; done < <(shuffled "$seed" records)
    figures | cmp once - || { echo "seed $seed"; return 1; }
    verified || { echo "seed $seed"; return 1; }
  done
}

@test "versions: an undated one gives way to a dated one, and keeps the time it was recorded first" {
  PL_NOW=2026-02-10T00:00:00Z rec '{"event":"hit","signature":"s","event_id":"1"}' \
    "{\"event\":\"hit\",\"signature\":\"t\",\"event_id\":\"2\",$(at 01T00)}"
  rec '{"event":"hit","signature":"t","event_id":"2"}' "{\"event\":\"hit\",\"signature\":\"s\",\"event_id\":\"2\"}"
  is "duplicate duplicate" "$(statuses)"
  is "s|1|777600|777600|0.001| t|1|0|0|0.001|" "$(signatures)"
  # of two that are undated, one is newer by its content, and both are as old as the first
  for event in hit miss write; do
    PL_NOW=2026-02-20T00:00:00Z rec "{\"event\":\"$event\",\"signature\":\"s\",\"event_id\":\"1\"}"
  done
  is "491640 491856" "$(sql "SELECT hour FROM cache_hour ORDER BY hour" | xargs)"
  rec "{\"event\":\"hit\",\"signature\":\"u\",\"event_id\":\"1\",$(at 02T00)}"
  is updated "$(statuses)"
  is "t|1|0|0|0.001| u|1|86400|86400|0.001|" "$(signatures)"
}

# -- the laws, on random events --

# tables: what the tables hold, as JSON, in the form of the recomputation below
tables() {
  sql "SELECT json_object('signatures', (SELECT json_group_array(json_array(signature, reuse_count, first_cached, \
last_used,
      cost_saved, avg_lookup_time, high_value)) FROM (SELECT * FROM signature_stats ORDER BY signature)),
    'hours', (SELECT json_group_array(json_array(hour, hits, misses, writes, saved_known, saved))
      FROM (SELECT * FROM cache_hour ORDER BY hour)),
    'parties', (SELECT json_group_array(json_array(kind, text, hits, misses, writes, saved_known, saved))
      FROM (SELECT * FROM cache_party JOIN name ON name.id = name ORDER BY kind, text)),
    'times', (SELECT json_group_array(json_array(span, start, kind, n)) FROM (SELECT span, start, kind, sum(count) AS n
      FROM cache_histogram GROUP BY 1, 2, 3 ORDER BY 1, 2, 3)),
    'metrics', (SELECT json_array(hit_count, miss_count, hit_rate, total_cost_saved, savings_percentage, memory_usage)
      FROM cache_metrics))"
}

# SQLite shows 15 digits
rounded='map_values(walk(if type == "number" then . * 1e9 | round else . end))'

# the same from ./events
recomputed_tables() {
  jq -S -L "$laws" 'include "recompute-cache";
    def sums: [hits, misses, (of("write") | length)] + (of("hit") | map(.saved | values) | [length, add // 0]);
    def parties($kind; name): map(select(name != null)) | group_by(name) | map([$kind, (.[0] | name)] + sums);
    def times($span; $hours): map(select(.ns != null)) | group_by([(hour / $hours | floor), .event == "write"]) |
      map([$span, (.[0] | hour / $hours | floor), (.[0].event == "write" | if . then 1 else 0 end), length]);
    {signatures: (group_by(.signature) | map([.[0].signature, hits, (first_cached | seconds), (last_used | seconds),
        dollars(1000000), (lookups | if . == [] then null else add / 1e6 / length end), (if hits >= 3 then 1 else 0
    end)])),
      hours: (group_by(hour) | map([.[0] | hour] + sums)),
      parties: (parties(0; .account) + parties(1; .user)),
      times: (times(0; 1e9) + times(1; 24) + times(2; 1)),
      metrics: [hits, misses, (. as $all | hits | ratio($all | hits + misses)), dollars(1000000),
        (. as $all | 100 * nano(1000000) | ratio($all | nano(1000000) + misses * 1000000)), memory]}' events
}

@test "laws 2, 3: the tables hold what a recomputation gives, whatever the order, form and number of processes" {
  for seed in $(seeds 2); do
    events "$seed" 200
    fresh
    record <records
    recomputed_tables | jq -S "$rounded" >wanted
    tables | jq -S "$rounded" >got
    cmp got wanted || { echo "seed $seed"; return 1; }
    figures >once
    record records
    figures | cmp once - || { echo "seed $seed, again"; return 1; }
    fresh
    tac records | record
    figures | cmp once - || { echo "seed $seed, backwards"; return 1; }
    for deal in 1 2; do
      fresh
      bash "$laws/deal.sh" records $((seed * 10 + deal)) || { echo "seed $seed, deal $deal"; return 1; }
      figures | cmp once - || { echo "seed $seed, deal $deal"; return 1; }
      verified || { echo "seed $seed, deal $deal"; return 1; }
    done
  done
}

@test "law 1: of three processes at once with the same events, one finds each new" {
  events "$first_seed" 300
  for process in 1 2 3; do
    shuffled $process records | pl-record >"results.$process" 2>/dev/null 3>&- &
  done
  wait
  is "$(jq length events)" "$(cat results.* | grep -c '"status":"new"')"
  figures >once
  fresh
  record <records
  figures | cmp once -
}

@test "law 4: a writer killed at any moment loses nothing that it acknowledged, and counts nothing twice" {
  seq 4000 | sed 's/.*/{"event":"hit","signature":"&","event_id":"e&","lookup_ms":&,'\
'"timestamp":"2026-02-01T00:00:00Z"}/' >records
  record <records
  figures >once
  RANDOM=$first_seed
  fresh
  for ((kill = 0; kill < 8 * rounds; kill++)); do
    shuffled $kill records | pl-record >one 2>/dev/null 3>&- &
    one=$!
    pl-backfill -q records 2>/dev/null 3>&- &
    nap 90
    killed $one $!
    [ -e "$PL_DB" ] || continue
    acknowledged=$(grep -c '"status":"new"}$' one || true)
    stored=$(sql "SELECT count(*) FROM cache_event" 2>/dev/null || echo 0)
    [ "$stored" -ge "$acknowledged" ]
    verified || { echo "kill $kill"; return 1; }
  done
  record <records
  figures | cmp once -
  verified
}

@test "law 4: a transaction that fails leaves no part of itself" {
  events "$first_seed" 100
  record <records
  figures >before
  sql "CREATE TRIGGER no BEFORE UPDATE ON cache_state BEGIN SELECT raise(ABORT, 'full'); END"
  rc=0
  sh "$laws/cache.sh" 99 50 | cut -f1 | pl-record -q 2>/dev/null || rc=$?
  is 2 "$rc"
  sql "DROP TRIGGER no"
  figures | cmp before -
  verified
}

# -- law 3: derived --

# breaks SQL...: each of them is found, named as REASON says, and mended
breaks() {
  cp "$PL_DB" spared
  while IFS='|' read -r change reason; do
    rm -f "$PL_DB"*
    cp spared "$PL_DB"
    sql "$change" || { echo "$change"; return 1; }
    status 1 pl-backfill --verify || { echo "not found: $change"; return 1; }
    has "$(cat out)" "$reason" || { echo "$change"; return 1; }
    status 0 pl-backfill -q --rebuild || { echo "not mended: $change"; return 1; }
    status 0 pl-backfill --verify || { cat out; echo "not mended: $change"; return 1; }
    figures | cmp -s right - || { echo "mended to something else: $change"; return 1; }
  done
}

@test "law 3: --verify finds each sum that is wrong, and --rebuild mends it: signatures and what is held" {
  events "$first_seed" 60
  record <records
  sql "PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
  figures >right
  for column in hits misses writes lookups_known lookups saved_known saved first_written first_hit last_hit \
    last_written \
    size_at size; do
    echo "UPDATE cache_sum SET $column = coalesce($column, 5) + 1 WHERE signature = (SELECT id FROM cache_signature
      WHERE signature = 'sig-0')" | tr '\n' ' '
    echo "|the sums of a cached signature are wrong: number "
  done >changes
  cat >>changes <<'SQL'
UPDATE cache_sum SET last_hit = NULL WHERE hits > 5|the sums of a cached signature are wrong: number 
DELETE FROM cache_sum WHERE hits > 5|the sums of a cached signature are wrong: number 
INSERT INTO cache_sum VALUES(0, 999, 1, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9)|a signature without events: number 999
UPDATE cache_total SET cached = cached + 1|what the cache holds is wrong
UPDATE cache_total SET sized = sized - 1|what the cache holds is wrong
UPDATE cache_total SET bytes = bytes + 1|what the cache holds is wrong
DELETE FROM cache_total|what the cache holds is wrong
UPDATE cache_sum SET size = size + 1; UPDATE cache_total SET bytes = bytes + sized|of a cached signature are wrong
SQL
  breaks <changes
}

@test "law 3: --verify finds each sum that is wrong, and --rebuild mends it: hours, parties and times" {
  events "$first_seed" 60
  record <records
  sql "PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
  figures >right
  for column in hits misses writes saved_known saved; do
    echo "UPDATE cache_hour SET $column = $column + 1 WHERE hour = (SELECT max(hour) FROM cache_hour)|an hour of \
cache events are wrong: hour "
    echo "UPDATE cache_party SET $column = $column + 1 WHERE kind = 0|an account's cache events are wrong: "
    echo "UPDATE cache_party SET $column = $column - 1 WHERE kind = 1|a user's cache events are wrong: "
  done >changes
  cat >>changes <<'SQL'
DELETE FROM cache_hour WHERE hour = (SELECT min(hour) FROM cache_hour)|an hour of cache events are wrong: hour 
INSERT INTO cache_hour VALUES(0, -9, 1, 0, 0, 0, 0)|an hour without cache events: hour -9 
INSERT INTO cache_party SELECT 0, 1, name, 1, 0, 0, 0, 0 FROM cache_party WHERE kind = 0 LIMIT 1|a user's cache events
DELETE FROM cache_party WHERE kind = 0|an account's cache events are wrong: 
UPDATE cache_histogram SET count = count + 1 WHERE span = 0|the histograms of days of cache events are wrong
UPDATE cache_histogram SET count = count + 1 WHERE span = 1|the histograms of days of cache events are wrong
DELETE FROM cache_histogram WHERE span = 1|the histograms of days of cache events are wrong
UPDATE cache_histogram SET count = count + 1 WHERE span = 2|an hour of cache events are wrong: hour 
UPDATE cache_histogram SET count = count * 2|an hour of cache events are wrong: hour 
UPDATE OR IGNORE cache_histogram SET bucket = bucket + 1 WHERE span = 2|an hour of cache events are wrong: hour 
UPDATE cache_histogram SET kind = 5 WHERE span = 2 AND kind = 1|an hour of cache events are wrong: hour 
DELETE FROM cache_histogram|an hour of cache events are wrong: hour 
INSERT INTO cache_histogram VALUES(0, 2, -9, 0, 5, 1), (0, 1, -1, 0, 5, 1)|an hour without cache events: hour -9 
INSERT INTO cache_histogram VALUES(0, 1, -9, 0, 5, 1)|the histograms of days of cache events are wrong
SQL
  sed -i 's/hour -9 /hour -9/' changes
  breaks <changes
}

# -- migration --

# as_version_2: the database as it was before there were cache events
as_version_2() {
  as_version_4
  sql "DROP VIEW workflow_history; CREATE VIEW workflow_history AS SELECT workflow_id FROM workflow;
    DROP VIEW session_turns; DROP VIEW session_steps; DROP TABLE turn; DROP TABLE step;
    DROP INDEX request_of_session; ALTER TABLE request DROP COLUMN revision;
    ALTER TABLE workflow DROP COLUMN revision; ALTER TABLE workflow DROP COLUMN turn; DROP VIEW cache_metrics;
    DROP VIEW cache_times; DROP VIEW signature_stats; DROP TABLE cache_event;
    DROP TABLE cache_state; DROP TABLE cache_sum; DROP TABLE cache_total; DROP TABLE cache_hour; DROP TABLE cache_party;
    DROP TABLE cache_histogram; DROP TABLE cache_signature; PRAGMA user_version = 2"
}

@test "migration: a database without cache events gets them, a copy is kept, and files are read once more" {
  mkdir logs
  { echo '{"request_id":"r","prompt":"Fix the bug","timestamp":5}'; sh "$laws/cache.sh" 3 50 | cut -f1; } >logs/a.jsonl
  pl-backfill -q logs
  figures >once
  as_version_2
  status 0 pl-backfill --json logs
  is 7 "$(sql "PRAGMA user_version")"
  is 2 "$(sql "PRAGMA user_version" "$PL_DB.v2")"
  is 1 "$(sql "SELECT count(*) FROM routing_metrics" "$PL_DB.v2")"
  figures | cmp once -
  pl-backfill --verify
}

@test "migration: pl-cachestat says of a database of the version before what to do" {
  pl-record -q <<<'{"request_id":"r","prompt":"Fix the bug","timestamp":5}'
  as_version_2
  cp "$PL_DB" before
  status 2 pl-cachestat --json
  is "" "$(cat out)"
  has "$(cat err)" "pl-cachestat: $PL_DB: is of an older version: "
  cmp before "$PL_DB"
}
