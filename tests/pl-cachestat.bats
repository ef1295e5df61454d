#!/usr/bin/env bats
# pl-cachestat: every figure is that of the events, in any window; and they are counted once.

load helper

# events SEED COUNT: ten days of events with ids, some figures of which are not known
events() {
  awk -v seed="$1" -v count="$2" '
    function chance(n) { seed = seed * 16807 % 2147483647; return seed % n }
    function maybe(name, value) { if (chance(5)) printf ",\"%s\":%s", name, value }
    BEGIN {
      for (i = 0; i < 9; i++) chance(2)
      for (i = 1; i <= count; i++) {
        event = chance(10) < 6 ? "hit" : chance(3) ? "miss" : "write"
        printf "{\"kind\":\"cache\",\"event\":\"%s\",\"signature\":\"sig-%d\",\"event_id\":\"e%d\"", event,
          chance(1 + chance(40)), i
        maybe(event == "write" ? "write_ms" : "lookup_ms", sprintf("%.4f", exp(chance(4000) / 1000) / 3))
        maybe("cost_saved", chance(900) / 100000); maybe("size_bytes", chance(9000))
        maybe("account", "\"a" chance(3) "\""); maybe("user_id", "\"u" chance(7) "\"")
        printf ",\"timestamp\":%d.%03d}\n", 1772366400 - chance(10 * 86400), chance(1000)
      }
    }'
}

# recomputed FILTER: section by section, what the events in ./now give, of those that FILTER lets pass
recomputed() {
  jq -cs "map(select($1))"' |
    def saved: map(select(.event == "hit") | .cost_saved // 0.001) | add // 0 | . * 1e9 | round / 1e9;
    def by(f): map(select(f != null)) | group_by(f) | map({(.[0] | f): saved}) | add // {};
    def p($n): sort | if length == 0 then null else .[(length * $n / 100 | ceil) - 1] end;
    { hits: map(select(.event == "hit")) | length, misses: map(select(.event == "miss")) | length, saved: saved,
      accounts: by(.account), users: by(.user_id),
      p50: map(select(.event != "write") | .lookup_ms | values) | p(50),
      p95: map(select(.event != "write") | .lookup_ms | values) | p(95),
      write: map(select(.event == "write") | .write_ms | values) | p(95),
      top: map(select(.event == "hit")) | group_by(.signature) | map([.[0].signature, length, saved])
        | sort_by(-.[1], .[0]) | .[:10] }' now
}

# agrees FILTER [OPTION...]: the report gives the same, times within 1 %
agrees() {
  recomputed "$1" >should
  pl-cachestat --json "${@:2}" >is
  jq -n --slurpfile s should --slurpfile i is '$s[0] as $s | $i[0] as $i |
    def near($a; $b): $a == $b or ($a != null and $b != null and (($a - $b) | fabs) <= 0.01 * $a);
    def money: map_values(. * 1e9 | round);
    [ ["hits", $s.hits, $i.hit_count], ["misses", $s.misses, $i.miss_count],
      ["saved", ($s.saved * 1e9 | round), ($i.cost_savings.total_saved * 1e9 | round)],
      ["accounts", ($s.accounts | money), ($i.cost_savings.per_account | money)],
      ["users", ($s.users | money), ($i.cost_savings.per_user | money)],
      ["top", ($s.top | map([.[0], .[1], (.[2] * 1e9 | round)])),
        ($i.top_signatures | map([.signature, .reuse_count, (.cost_saved * 1e9 | round)]))] ]
    + (if near($s.p50; $i.performance.lookup_p50) then [] else [["p50", $s.p50, $i.performance.lookup_p50]] end)
    + (if near($s.p95; $i.performance.lookup_p95) then [] else [["p95", $s.p95, $i.performance.lookup_p95]] end)
    + (if near($s.write; $i.performance.write_p95) then [] else [["write", $s.write, $i.performance.write_p95]] end)
    | map(select(.[1] != .[2])) | .[]' -c >wrong
  is "" "$(cat wrong)"
}

# sums: all that is kept of caches
sums() {
  sql "SELECT s.signature, c.hits, c.misses, c.writes, c.lookups_known, c.lookups, c.saved_known, c.saved,
      c.first_written, c.first_hit, c.last_hit, c.last_written, c.size_at, c.size
      FROM cache_sum c JOIN cache_signature s ON s.id = c.signature ORDER BY 1;
    SELECT * FROM cache_hour ORDER BY 1, 2; SELECT * FROM cache_histogram ORDER BY 1, 2, 3, 4, 5;
    SELECT p.kind, n.text, p.hits, p.misses, p.writes, p.saved_known, p.saved FROM cache_party p
      JOIN name n ON n.id = p.name ORDER BY 1, 2;
    SELECT cached, sized, bytes FROM cache_total;
    SELECT hit_count, miss_count, total_cost_saved, lookup_p95, memory_usage FROM cache_metrics"
}

@test "every figure is that of the events, in any window, of any account" {
  for seed in 1 2 3; do
    fresh
    events $seed 900 >now
    pl-record -q <now
    agrees true
    agrees '.account == "a1"' --account a1
    agrees '.timestamp >= 1771837512' --since 2026-02-23T09:05:12Z
    agrees '.timestamp < 1772182801.5' --until 2026-02-27T09:00:01.5Z
    agrees '.timestamp >= 1771837512 and .timestamp < 1771839000' --since 2026-02-23T09:05:12Z \
      --until 2026-02-23T09:30:00Z
    agrees '.timestamp >= 1771838100 and .timestamp < 1772182801 and .account == "a0"' --account a0 \
      --since 2026-02-23T09:15:00Z --until 2026-02-27T09:00:01Z
    status 0 pl-backfill --verify
  done
}

@test "once, and free of order: read again, shuffled, and dealt among processes" {
  events 7 600 >now
  jq -c '.cost_saved = 0.5 | .timestamp += 3000 | .event = "hit" | .signature = "sig-x"' now | sed -n 1,90p >newer
  cat now newer now | pl-record -q
  sums >once
  for deal in 1 2 3; do
    fresh
    cat now newer now | sort -R --random-source=<(yes $deal) >dealt
    split -n l/3 dealt part.
    for part in part.*; do pl-record -q <"$part" & done
    wait
    sums | diff -q once - || { echo "deal $deal"; sums | diff once - | head -5; return 1; }
    status 0 pl-backfill --verify
  done
  cat now newer | jq -cs 'group_by(.event_id) | map(max_by(.timestamp)) | .[]' >newest
  mv newest now
  agrees true
}

@test "an event that is corrected takes its old share along" {
  event() { echo "{\"kind\":\"cache\",\"event_id\":\"x\",$1}"; }
  event '"event":"hit","signature":"a","lookup_ms":5,"cost_saved":1,"account":"p","timestamp":"2026-02-01T10:00:00Z"' |
    pl-record -q
  event '"event":"miss","signature":"b","lookup_ms":9,"user_id":"q","timestamp":"2026-02-02T11:00:00Z"' | pl-record >out
  is '{"kind":"cache","event":"miss","status":"updated"}' "$(cat out)"
  is "0|1|0.0" "$(sql 'SELECT hit_count, miss_count, total_cost_saved FROM cache_metrics')"
  is "b" "$(sql 'SELECT signature FROM signature_stats')"
  is "0|1" "$(sql 'SELECT count(*) FILTER (WHERE kind = 0), count(*) FILTER (WHERE kind = 1) FROM cache_party')"
  is "1" "$(sql 'SELECT count(*) FROM cache_hour')"
  is "3" "$(sql 'SELECT count(*) FROM cache_histogram')"
  status 0 pl-backfill --verify
}

@test "first, last and size of a signature move when the event that told them goes" {
  at() {
    echo "{\"event\":\"$2\",\"signature\":\"s\",\"event_id\":\"$1\",\"size_bytes\":$4," \
      "\"timestamp\":\"2026-02-0$3T00:00:00Z\"}"
  }
  { at a hit 1 10; at b hit 2 20; at c hit 3 30; at d write 4 40; } | pl-record -q
  is "1770163200|1770076800|40" "$(sql 'SELECT first_cached, last_used, (SELECT bytes FROM cache_total)
    FROM signature_stats')"
  echo '{"event":"miss","signature":"other","event_id":"d","timestamp":"2026-02-05T00:00:00Z"}' | pl-record -q
  is "1769904000|1770076800|30" "$(sql "SELECT first_cached, last_used, (SELECT bytes FROM cache_total)
    FROM signature_stats WHERE signature = 's'")"
  echo '{"event":"miss","signature":"other","event_id":"a","timestamp":"2026-02-05T00:00:00Z"}' | pl-record -q
  echo '{"event":"miss","signature":"other","event_id":"c","timestamp":"2026-02-05T00:00:00Z"}' | pl-record -q
  is "1769990400|1769990400|20" "$(sql "SELECT first_cached, last_used, (SELECT bytes FROM cache_total)
    FROM signature_stats WHERE signature = 's'")"
  status 0 pl-backfill --verify
}

@test "events without an id or a time: by content, by place in a file, each its own from standard input" {
  echo '{"event":"hit","signature":"s","timestamp":"2026-02-01T00:00:00Z"}' >dated
  echo '{"event":"hit","signature":"s"}' >undated
  cat dated dated | pl-record -q
  pl-record -q dated
  is 1 "$(pl-cachestat -f hit_count)"
  cat undated undated >two
  pl-record -q two
  pl-record -q two
  is 3 "$(pl-cachestat -f hit_count)"
  pl-record -q <two
  is 5 "$(pl-cachestat -f hit_count)"
}

@test "bad events: named, and the rest goes on" {
  printf '%s\n' '{"event":"perhaps","signature":"x"}' '{"event":"hit","signature":"x","lookup_ms":-1}' \
    '{"event":"hit","signature":""}' '{"kind":"cache","signature":"x"}' '{"kind":"cache","event":"hit"}' \
    '{"event":"hit","signature":"x","cost_saved":1001}' \
    '{"event":"write","signature":"x","size_bytes":1.5}' '{"event":"hit","signature":"x","account":7}' \
    '{"event":"hit","signature":"x","timestamp":"soon"}' '{"event":"hit","signature":"fine"}' >in
  status 1 pl-record <in
  is "event lookup_ms signature event signature cost_saved size_bytes account timestamp" \
    "$(sed -E 's/^pl-record: -:[0-9]+: ([a-z_]+): .*/\1/' err | xargs)"
  is 1 "$(wc -l <out)"
}

@test "--verify finds each wrong sum, and --rebuild mends it" {
  events 5 300 | pl-record -q
  sums >good
  for damage in "cache_sum SET hits = hits + 1" "cache_sum SET saved = 0 WHERE saved > 0" \
    "cache_sum SET first_hit = 7" \
    "cache_sum SET size = 1 WHERE size > 1" "cache_hour SET misses = misses + 1" "cache_hour SET saved = 3" \
    "cache_party SET writes = 9 WHERE kind = 0" "cache_party SET saved = 9 WHERE kind = 1" \
    "cache_histogram SET count = count + 1 WHERE span = 0" "cache_histogram SET count = count + 1 WHERE span = 1" \
    "cache_histogram SET count = count + 1 WHERE span = 2" "cache_total SET bytes = 7" "cache_total SET cached = 7"; do
    sql "UPDATE $damage"
    status 1 pl-backfill --verify
  done
  sql "DELETE FROM cache_hour WHERE hour % 3 = 0; DELETE FROM cache_party WHERE name % 2; DELETE FROM cache_sum
    WHERE signature = 3; INSERT INTO cache_hour VALUES(0, 5, 1, 0, 0, 0, 0);
    INSERT INTO cache_histogram VALUES(0, 2, 5, 0, 1, 1)"
  status 1 pl-backfill --verify
  status 0 pl-backfill --rebuild
  status 0 pl-backfill --verify
  sums | diff good -
}

@test "kill -9 while recording: what was acknowledged is there, and nothing twice" {
  events 11 4000 >now
  for nap in 0.02 0.06 0.11; do
    pl-record <now >heard &
    sleep $nap
    kill -9 $! 2>/dev/null || true
    wait $! 2>/dev/null || true
    [ "$(sql 'SELECT count(*) FROM cache_event')" -ge "$(wc -l <heard)" ]
  done
  pl-record -q <now
  is 4000 "$(sql 'SELECT count(*) FROM cache_event')"
  agrees true
  status 0 pl-backfill --verify
}

@test "percentiles are within 1 % of the exact ones, over five decades" {
  for p in 50 95 99; do
    awk 'BEGIN { srand(5); for (i = 0; i < 5000; i++) printf "%.6f\n", exp(12 * rand() - 4) }' | sort -g >sorted
    [ "$p" != 50 ] ||
      jq -c '{event: "hit", signature: "s", lookup_ms: ., event_id: "\(input_line_number)"}' sorted | pl-record -q
    exact=$(awk -v p="$p" 'NR == 5000 * p / 100' sorted)
    jq -en --argjson a "$exact" --argjson b "$(pl-cachestat -f lookup_p$p)" '($a - $b | fabs) <= 0.01 * $a'
  done
}

@test "the alert: lookups of 24 hours against those of the 7 days before" {
  export PL_NOW=2026-03-01T12:30:00Z
  at() {
    jq -cn --argjson n "$1" --argjson ms "$2" --arg from "$3" 'range($n) | {event: "hit", signature: "s",
      lookup_ms: $ms, timestamp: (($from | fromdate) - . | todate), event_id: "\($from)-\(.)"}'
  }
  at 50 10 2026-02-28T12:30:00Z | pl-record -q # to the second 24 hours ago: of the days before
  at 50 11.9 2026-03-01T12:29:59Z | pl-record -q
  is false "$(pl-cachestat -f degradation_alert)"
  status 0 pl-cachestat --check --max-lookup-p95 20
  at 60 12.2 2026-03-01T12:30:00Z | pl-record -q
  is "true 1" "$(pl-cachestat -f degradation_alert) $(sql 'SELECT degradation_alert FROM cache_metrics')"
  status 1 pl-cachestat --check --max-lookup-p95 20
  has "$(cat out)" degradation
}

@test "--check: a line for each target that is missed; what is not known misses none" {
  status 1 pl-cachestat --check </dev/null || true
  echo '{"event":"write","signature":"s","timestamp":"2026-02-01T00:00:00Z"}' | pl-record -q
  status 0 pl-cachestat --check
  is "" "$(cat out)"
  { echo '{"event":"miss","signature":"s","lookup_ms":30,"event_id":"1"}'
    echo '{"event":"write","signature":"s","write_ms":6,"event_id":"2"}'; } | pl-record -q
  status 1 pl-cachestat --check
  is "hit_rate savings_percentage lookup_p95 write_p95" "$(cut -d' ' -f1 out | xargs)"
  status 0 pl-cachestat --check --min-hit-rate 0 --min-savings 0 --max-lookup-p95 31 --max-write-p95 7
}

@test "--reset: forgets, keeps what it has seen, and counts what comes later" {
  events 3 50 >old
  pl-record -q <old
  status 2 pl-cachestat --reset </dev/null
  status 0 pl-cachestat --reset --yes
  is "0 0" "$(pl-cachestat -f hit_count) $(sql 'SELECT count(*) FROM signature_stats')"
  pl-record -q <old
  echo '{"event":"hit","signature":"s","timestamp":"2026-02-01T00:00:00Z","event_id":"older"}' | pl-record -q
  is 0 "$(pl-cachestat -f hit_count)"
  echo '{"event":"hit","signature":"s"}' | pl-record -q
  is 1 "$(pl-cachestat -f hit_count)"
  status 0 pl-backfill --verify
  is 1 "$(sql 'SELECT count(DISTINCT epoch) FROM cache_sum')"
}

@test "FILE and - are reported on alone, without a database" {
  events 4 80 >now
  for operand in now -; do
    PL_DB=$PWD/never.db status 0 pl-cachestat --json "$operand" <now
    is "$(recomputed true | jq .hits)" "$(jq .hit_count out)"
  done
  [ ! -e never.db ]
  status 2 env PL_DB="$PWD/never.db" pl-cachestat
}

@test "prompt_cache: the providers' own, by tokens and prices" {
  asked() { echo "{\"request_id\":$1,\"model\":\"$2\",\"output_tokens\":1,\"input_tokens\":$3$4}"; }
  { asked 1 claude-sonnet-4-5 1000 ',"cache_read_tokens":9000'
    asked 2 claude-sonnet-4-5 0 ',"cache_read_tokens":0,"cache_write_tokens":3000,"cache_write_1h_tokens":1000'
    asked 3 claude-sonnet-4-5 5 ''
    asked 4 nobody 7000 ',"cache_read_tokens":0'; } | pl-record -q
  # read: 9000 x (3 - 0.3); written: 2000 x (3.75 - 3) and 1000 x (6 - 3); a million tokens each
  is '[3,0.333,0.45,0.0198]' "$(pl-cachestat --json | jq -c '.prompt_cache
    | [.requests, (.hit_rate * 1000 | floor / 1000), .token_hit_rate, (.net_saved * 1e6 | round / 1e6)]')"
}

@test "--by: a row for each hour or day with an event" {
  { for h in 09:59:59 10:00:00 10:59:59; do
      echo "{\"event\":\"hit\",\"signature\":\"s\",\"cost_saved\":0.5,\"event_id\":\"$h\"," \
        "\"timestamp\":\"2026-02-01T${h}Z\"}"
    done
    echo '{"event":"miss","signature":"s","timestamp":"1969-12-31T23:59:59Z","event_id":"old"}'; } | pl-record -q
  is '[["1969-12-31 23:00",0,1,0],["2026-02-01 09:00",1,0,0.5],["2026-02-01 10:00",2,0,1]]' \
    "$(pl-cachestat --by hour --json | jq -c 'map([.hour, .hit_count, .miss_count, .saved])')"
  is '[["1969-12-31",0],["2026-02-01",3]]' "$(pl-cachestat --by day --json | jq -c 'map([.day, .hit_count])')"
}
