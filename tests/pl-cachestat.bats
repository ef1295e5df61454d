#!/usr/bin/env bats
# pl-cachestat: its options, and each of its figures against what the events themselves give.
# LAW_ROUNDS=10 does ten times as much; LAW_SEED=N begins with other events.
# shellcheck disable=SC2030,SC2031,SC2154

load helper
load laws/laws

# rec JSON...: records these, a line each
rec() { printf '%s\n' "$@" | pl-record -q; }

# hit ID AGE NS [MORE]: a lookup so many microseconds before now
hit() {
  local us=$((1772366400000000 - $2))
  printf '{"event":"hit","signature":"s","event_id":"%s","timestamp":%d.%06d,"lookup_ms":%d.%06d%s}\n' "$1" \
    $((us / 1000000)) $((us % 1000000)) $(($3 / 1000000)) $(($3 % 1000000)) "${4:-}"
}

figure() { pl-cachestat -f "$@"; }

# -- options --

@test "--help and --version, and each option is in the manual" {
  status 0 pl-cachestat --help
  is "usage: pl-cachestat [OPTION...] [FILE...|-]" "$(head -1 out)"
  is "$(sed -nE 's/^ +(-., )?--([a-z0-9-]+).*/\2/p' out | sort)" \
    "$(grep '^\.It Fl' "$root/man/pl-cachestat.1" | grep -oE ' -[a-z0-9-]+' | cut -c3- | sort)"
  status 0 pl-cachestat --version
  is pl-cachestat "$(cut -d' ' -f1 out)"
  [ ! -e "$PL_DB" ]
}

@test "a bad option: usage on stderr, status 2" {
  rec '{"event":"hit","signature":"s"}'
  while read -r bad; do
    # shellcheck disable=SC2086
    status 2 pl-cachestat $bad </dev/null
    is "" "$(cat out)"
    has "$(cat err)" "usage: pl-cachestat" || { echo "$bad"; return 1; }
  done <<'BAD'
--no-such
-x
-f
-f nothing
-f top_signatures
-f cost_savings
--field=
--by week
--by
--top x
--top -1
--since never
--until x
--cost-per-hit x
--cost-per-hit -1
--cost-per-hit 0.0000000001
--cost-per-hit 1e30
--format xml
--min-hit-rate x
--min-hit-rate 1.1
--min-savings 101
--max-lookup-p95 -1
--max-write-p95 nan
--check --by day
--check -f hit_rate
--by day -f hit_rate
--reset --check
--reset --yes --since 7d
--reset --yes --account a
--reset --yes -
--yes
--watch 0
--watch x
--watch 1 --check
--watch 1 -
BAD
}

@test "a database that is missing, broken, another's or newer: says so, status 2" {
  for mode in "" --json "-f hit_rate" "--by day" --check "--reset --yes" "--watch 1"; do
    # shellcheck disable=SC2086
    status 2 timeout 5 pl-cachestat $mode
    is "" "$(cat out)"
    has "$(cat err)" "pl-cachestat: $PL_DB: "
    [ ! -e "$PL_DB" ]
  done
  printf 'no database %0200d' 1 >"$PL_DB"
  status 2 pl-cachestat
  has "$(cat err)" "$PL_DB: is not a database"
  status 2 pl-cachestat --reset --yes
  fresh
  rec '{"event":"hit","signature":"s"}'
  sql "PRAGMA user_version = 99" >/dev/null
  status 2 pl-cachestat
  has "$(cat err)" "is of a newer version"
}

@test "-q answers by the status alone, -v names the database" {
  rec '{"event":"hit","signature":"s"}'
  status 0 pl-cachestat -q
  is "" "$(cat out err)"
  status 1 pl-cachestat -q --check --min-savings 20 --max-lookup-p95 0 - < <(hit 1 1 5)
  is "" "$(cat out err)"
  status 0 pl-cachestat -v -f hit_count
  has "$(cat err)" "$PL_DB"
}

@test "nothing recorded: figures are 0 or not known, never made up" {
  rec '{"workflow_id":"a"}'
  is '{"hit_count":0,"miss_count":0,"hit_rate":null,"top_signatures":[],"cost_savings":{"total_saved":0,'\
'"per_account":{},"per_user":{},"savings_percentage":null,"hourly_savings":[],"daily_savings":[]},"performance":{'\
'"lookup_p50":null,"lookup_p95":null,"lookup_p99":null,"write_p95":null,"memory_usage":0,"total_operations":0,'\
'"degradation_alert":false},"prompt_cache":{"requests":0,"hit_rate":null,"token_hit_rate":null,"net_saved":null},'\
'"updated_at":null}' \
    "$(pl-cachestat --json | jq -c .)"
  is "" "$(pl-cachestat -f hit_rate)"
  status 0 pl-cachestat --check
  is "" "$(cat out)"
  is "[]" "$(pl-cachestat --by day -j | jq -c .)"
  status 0 pl-cachestat
}

# -- the figures, recomputed --

# differs: what the answers in ./answers differ in from those that ./history gives
differs() {
  cut -f2 history | jq -sc -L "$laws" 'include "recompute-cache"; newest' >events
  jq -r -L "$laws" --slurpfile events events 'include "recompute-cache"; . as $q | $events[0] |
    if $q.by then rows($q; $q.by) | select(. != $q.got) | "by \($q.by)"
    else differences(cachestat($q); $q.got | del(.updated_at, .prompt_cache)) end |
    "\($q | del(.got) | tojson): \(.)"' answers >wrong
  is "" "$(head -n 5 wrong)"
}

# answered SEED NOW QUESTIONS: recorded, and asked for so many parts, each in whole and by hour or day
answered() {
  local options question by=
  sh "$laws/cache.sh" "$1" 400 "$2" >history
  cut -f1 history >records
  fresh
  record <records
  : >windows
  [ "$3" = 0 ] || sh "$laws/cache.sh" "$1" 0 "$2" "$3" >windows
  echo "--top 10	\"since\":null,\"until\":null,\"account\":null,\"cost\":1000000,\"now\":$2" >>windows
  while IFS=$'\t' read -r options question; do
    [ "$by" = hour ] && by=day || by=hour
    # shellcheck disable=SC2086
    {
      printf '{%s,"got":' "$question" && pl-cachestat --json $options && printf '}\n'
      printf '{%s,"by":"%s","got":' "$question" $by && pl-cachestat --json --by $by $options && printf '}\n'
    } || return 1
  done <windows >answers
}

@test "every figure is what the events give: of all, and of parts at odd moments, of accounts, at other costs" {
  for seed in $(seeds 2); do
    answered "$seed" 1772366400000 12
    differs || { echo "seed $seed"; return 1; }
  done
}

@test "every figure is what the events give: around 1970, and at midnight" {
  export PL_NOW=1970-01-06T00:00:00Z
  answered "$first_seed" 432000000 6
  differs
  export PL_NOW=1970-01-01T00:00:00Z # all before it
  answered $((first_seed + 1)) 0 6
  differs
  export PL_NOW=2026-03-01T23:59:59.999Z
  answered $((first_seed + 2)) 1772409599999 6
  differs
}

@test "every figure of FILE or - is that of a database that read it, and no database is touched" {
  answered "$first_seed" 1772366400000 0
  for query in --json "--json --since 3d --until 30h" "--by hour" "--account team-1 -F csv" ""; do
    # shellcheck disable=SC2086
    {
      pl-cachestat $query >wanted
      pl-cachestat $query records | cmp wanted -
      pl-cachestat $query - <records | cmp wanted -
      head -n 100 records >one
      tail -n +101 records | jq -s . >two
      pl-cachestat $query one two | cmp wanted -
    }
  done
  fresh
  status 0 pl-cachestat -j records
  status 1 pl-cachestat -j - < <(cat records; echo bad)
  has "$(cat err)" "pl-cachestat: -:$(($(wc -l <records) + 1)): "
  is "$(jq -c . <(pl-cachestat -j records))" "$(jq -c . out)"
  status 2 pl-cachestat missing
  [ ! -e "$PL_DB" ]
  is "" "$(ls data 2>/dev/null)"
}

@test "borders of a part: from the first moment on, before the second" {
  rec '{"event":"hit","signature":"s","timestamp":"2026-02-10T10:00:00Z"}' \
    '{"event":"hit","signature":"s","timestamp":"2026-02-10T10:59:59.999999Z"}' \
    '{"event":"hit","signature":"s","timestamp":"2026-02-10T11:00:00Z"}' \
    '{"event":"hit","signature":"s","timestamp":"2026-02-11T00:00:00Z"}' \
    '{"event":"hit","signature":"s","timestamp":"2026-02-10T23:59:59.999999Z"}'
  while read -r since until hits; do
    is "$hits" "$(figure hit_count --since "2026-02-$since" --until "2026-02-$until")" || { echo "$since $until"; \
    return 1; }
    is "$hits" "$(pl-cachestat --by hour -j --since "2026-02-$since" --until "2026-02-$until" |
      jq 'map(.hit_count) | add // 0')" || { echo "$since $until, by hour"; return 1; }
  done <<'PARTS'
10T10:00:00Z 10T11:00:00Z 2
10T10:00:00.000001Z 10T11:00:00Z 1
10T10:00:00Z 10T10:59:59.999999Z 1
10T10:00:00Z 10T11:00:00.000001Z 3
10T09:59:59.999999Z 10T10:00:00Z 0
10T10:00:00Z 10T10:00:00Z 0
10T11:00:00Z 10T10:00:00Z 0
10 11 4
10 11T00:00:00.000001Z 5
11 12 1
09 10 0
PARTS
  is 5 "$(figure hit_count --since 0001-01-01 --until 9999-12-31)"
}

@test "-f: each figure as it is in the JSON" {
  answered "$first_seed" 1772366400000 0
  rec '{"request_id":"r","prompt":"Fix it","model":"m","input_tokens":3,"cache_read_tokens":1,"cache_write_tokens":0}'
  for part in "" "--account team-2 --since 4d"; do
    # shellcheck disable=SC2086
    pl-cachestat --json $part >json
    while IFS=$'\t' read -r name value; do
      # shellcheck disable=SC2086
      is "$value" "$(figure "$name" $part)" || { echo "$name"; return 1; }
    done < <(jq -r '[paths(type == "object" | not)] as $paths | . as $all | $paths[] |
      select(all(.[]; type == "string") and (.[-1] as $name | .[1] != "per_account" and .[1] != "per_user")) |
      . as $path | ($all | getpath($path)) as $value | select($value | type != "array") |
      select($path[0] != "prompt_cache" or $path[-1] != "hit_rate") | "\($path[-1])\t\($value // "" | tostring)"' json |
      sed 's/^degradation_alert\t$/degradation_alert\tfalse/')
    # shellcheck disable=SC2086
    is "$(jq .prompt_cache.hit_rate json | sed s/null//)" "$(figure prompt_cache_hit_rate $part)"
  done
}

@test "top signatures: the most reused, equal ones by name, as many as are asked for" {
  for name in b a é z; do
    for i in 1 2; do echo "{\"event\":\"hit\",\"signature\":\"$name\",\"event_id\":\"$name$i\",\"lookup_ms\":$i}"; done
  done | pl-record -q
  rec '{"event":"hit","signature":"a","event_id":"a3"}' '{"event":"write","signature":"never"}'
  is "a b z é" "$(pl-cachestat -j | jq -r '.top_signatures[].signature' | xargs)"
  is "a b" "$(pl-cachestat -j --top 2 | jq -r '.top_signatures[].signature' | xargs)"
  is "0" "$(pl-cachestat -j --top 0 | jq '.top_signatures | length')"
  is "a b" "$(pl-cachestat -j --top 2 --since 1d | jq -r '.top_signatures[].signature' | xargs)"
  is '[3,true,1.5] [2,false,1.5]' "$(pl-cachestat -j --top 2 |
    jq -c '.top_signatures[] | [.reuse_count, .high_value, .avg_lookup_time]' | xargs)"
  seq 30 | sed 's/.*/{"event":"hit","signature":"&"}/' | pl-record -q
  is 10 "$(pl-cachestat -j | jq '.top_signatures | length')"
  is 34 "$(pl-cachestat -j --top 100 | jq '.top_signatures | length')"
}

@test "--cost-per-hit: to the billionth of a dollar, for hits that say nothing, and for misses" {
  rec '{"event":"hit","signature":"a","cost_saved":0.5}' '{"event":"hit","signature":"b"}' \
    '{"event":"hit","signature":"c","cost_saved":0}' '{"event":"miss","signature":"d"}'
  is "0.501 99.800796812749" "$(figure total_saved) $(figure savings_percentage)"
  is "0.500000001" "$(figure total_saved --cost-per-hit 0.000000001)"
  is "0.5 100" "$(figure total_saved --cost-per-hit 0) $(figure savings_percentage --cost-per-hit 0)"
  is "12.5 51.02040816326531" "$(figure total_saved --cost-per-hit 12) $(figure savings_percentage --cost-per-hit 12)"
  is "0.75" "$(figure total_saved --cost-per-hit 2.5e-1)"
  is "0.75" "$(pl-cachestat --by day -j --cost-per-hit 0.25 | jq '.[0].saved')"
}

# -- percentiles --

# exact: the 50th, 95th and 99th of the nanoseconds on stdin, by the nearest rank, in milliseconds
exact() {
  sort -n | awk '{ v[NR] = $1 } function at(p) { return v[int((NR * p + 99) / 100)] / 1e6 }
    END { print at(50), at(95), at(99) }'
}

# near EXACT GOT: each is within 1 %
near() {
  awk -v a="$1" -v b="$2" 'BEGIN {
    n = split(a, wanted, " "); if (split(b, got, " ") != n) exit 1
    for (i = 1; i <= n; i++) { off = got[i] - wanted[i]; if (off > 0.01 * wanted[i] || -off > 0.01 * wanted[i]) exit 1 }
  }' || is "$1" "$2"
}

# times SHAPE COUNT: nanoseconds, and hours before now, and an account
times() {
  awk -v shape="$1" -v n="$2" -v seed="$first_seed" "$(cat "$laws/random.awk")"'
    function unit() { return (chance(1000000) + 0.5) / 1000000 }
    BEGIN {
      lot = 17 + seed; for (i = 0; i < 10; i++) chance(2)
      for (i = 0; i < n; i++) {
        u = unit(); z = sqrt(-2 * log(u)) * cos(6.283185307 * unit())
        ns = shape == "normal" ? exp(14 + 1.3 * z) : shape == "decades" ? 10 ^ (3 + 4 * u) : 1 + chance(400)
        printf "%d %d %s\n", ns, chance(9 * 24), "acc" chance(3)
      }
    }'
}

@test "percentiles are within 1 % of the exact ones: of all, of parts, of accounts" {
  for shape in normal decades small; do
    times $shape 1500 >drawn
    awk '{ us = 1772366400 - $2 * 3600
      printf "{\"event\":\"%s\",\"signature\":\"s\",\"event_id\":\"%d\",\"timestamp\":%d," \
        "\"account\":\"%s\",\"%s_ms\":%d.%06d}\n",
        NR % 2 ? "hit" : "write", NR, us, $3, NR % 2 ? "lookup" : "write", $1 / 1000000, $1 % 1000000 }' drawn >records
    fresh
    record <records
    for part in "1|" "\$2 <= 48|--since 48h" "\$2 <= 100 && \$2 > 3|--since 100h --until 3h" "\$3 == \
\"acc1\"|--account acc1"; do
      sum=${part%%|*} options=${part##*|}
      # shellcheck disable=SC2086
      pl-cachestat -j $options >json
      near "$(awk "NR % 2 && $sum" drawn | exact)" "$(jq -r '.performance |
        "\(.lookup_p50) \(.lookup_p95) \(.lookup_p99)"' json)" || { echo "$shape, $options"; return 1; }
      near "$(awk "NR % 2 == 0 && $sum" drawn | exact | cut -d' ' -f2)" "$(jq .performance.write_p95 json)"
    done
    # and the same, to the last digit, for SQL
    is true "$(jq -n "[$(figure lookup_p50), $(figure lookup_p95), $(figure lookup_p99), $(figure write_p95)] ==
      [$(sql "SELECT printf('%!.17g, %!.17g, %!.17g, %!.17g', lookup_p50, lookup_p95, lookup_p99, write_p95)
        FROM cache_metrics")]")"
  done
}

@test "percentiles of few values are the nearest rank's" {
  hit 1 5 100 | pl-record -q
  is "0.0001 0.0001 0.0001" "$(figure lookup_p50) $(figure lookup_p95) $(figure lookup_p99)"
  hit 2 5 200 | pl-record -q
  is "0.0001 0.0002 0.0002" "$(figure lookup_p50) $(figure lookup_p95) $(figure lookup_p99)"
  for i in $(seq 3 20); do hit "$i" 5 $((i * 10)); done | pl-record -q
  is "0.00011 0.0002" "$(figure lookup_p50) $(figure lookup_p95)" # of 20 the 10th and the 19th
  hit 21 5 0 | pl-record -q
  is "0.00011 0.0002 0.0002" "$(figure lookup_p50) $(figure lookup_p95) $(figure lookup_p99)"
  is "" "$(figure write_p95)"
}

# -- the alert --

day=86400000000

@test "degradation: over 1.2 times the baseline, not at it" {
  hit 1 $((2 * day)) 100 | pl-record -q
  is false "$(figure degradation_alert)" # nothing recent
  for case in "119 false" "120 false" "121 true"; do
    hit 2 5 "${case% *}" ',"updated_at":5' | sed "s/\"event_id\":\"2\"/\"event_id\":\"$case\"/" >one
    fresh
    hit 1 $((2 * day)) 100 | pl-record -q
    pl-record -q one
    is "${case#* }" "$(figure degradation_alert)" || { echo "$case"; return 1; }
    is "${case#* }" "$(sql "SELECT iif(degradation_alert, 'true', 'false') FROM cache_metrics")"
  done
  for case in "1190000 false" "1212000 true"; do
    { hit 1 $((2 * day)) 1000000; hit 2 5 "${case% *}"; } >two
    is "${case#* }" "$(figure degradation_alert two)"
  done
}

@test "degradation: the last 24 hours against the 7 days before, to the microsecond, and nothing later than now" {
  base=$(hit b $((3 * day)) 100)
  while read -r age ns wanted; do
    { echo "$base"; hit x "$age" "$ns"; } >two
    is "$wanted" "$(figure degradation_alert two)" || { echo "$age"; return 1; }
    fresh
    pl-record -q two
    is "$wanted" "$(figure degradation_alert)" || { echo "$age, recorded"; return 1; }
    is "$wanted" "$(sql "SELECT iif(degradation_alert, 'true', 'false') FROM cache_metrics")" || { echo "$age, SQL"; \
    return 1; }
  done <<RECENT
0 130 true
-1 130 false
$((day - 1)) 130 true
$day 130 false
RECENT
  recent=$(hit r 5 130)
  while read -r age wanted; do
    { echo "$recent"; hit x "$age" 100; } >two
    is "$wanted" "$(figure degradation_alert two)" || { echo "$age"; return 1; }
  done <<BEFORE
$((day - 1)) false
$day true
$((8 * day - 1)) true
$((8 * day)) false
BEFORE
  # of one account, and not of writes
  { hit b $((3 * day)) 100 ',"account":"a"'; hit r 5 130 ',"account":"b"'; } >two
  is "true false false" "$(figure degradation_alert two) $(figure degradation_alert two --account a) \
$(figure degradation_alert two --account b)"
  { hit b $((3 * day)) 100; hit r 5 130 | sed 's/hit/write/; s/lookup_ms/write_ms/'; } >two
  is false "$(figure degradation_alert two)"
}

# -- targets --

@test "--check: met, missed, not known" {
  { seq 3 | sed 's/.*/{"event":"hit","signature":"s","lookup_ms":0.0001}/'; echo '{"event":"write","signature":"s",'\
'"write_ms":0.0002}'
    seq 7 | sed 's/.*/{"event":"miss","signature":"s"}/'; } >log
  status 0 pl-cachestat --check log # 0.30, 30 %
  is "" "$(cat out)"
  while IFS='|' read -r options line; do
    # shellcheck disable=SC2086
    status 1 pl-cachestat --check $options log
    has "$(cat out)" "$line"
    is 1 "$(wc -l <out)"
    # shellcheck disable=SC2086
    status 1 pl-cachestat --check --json $options log
    is "${line%% *}" "$(jq -r '.[].figure' out)"
  done <<'MISSED'
--min-hit-rate 0.31|hit_rate 0.30 is under 0.31
--min-hit-rate 0.300001|hit_rate 0.30 is under 0.300001
--min-savings 30.5|savings_percentage 30.00 % is under 30.5 %
--max-lookup-p95 0.00009|lookup_p95 
--max-write-p95 0.0001|write_p95 
MISSED
  status 0 pl-cachestat --check --min-hit-rate 0.3 --min-savings 30 --max-lookup-p95 0.0001 --max-write-p95 0.0002 log
  status 1 pl-cachestat --check --min-hit-rate 1 --min-savings 100 --max-lookup-p95 0 --max-write-p95 0 log
  is 4 "$(wc -l <out)"
  # what is not known misses nothing
  echo '{"event":"write","signature":"s"}' >log
  status 0 pl-cachestat --check --min-hit-rate 1 --min-savings 100 --max-lookup-p95 0 --max-write-p95 0 log
  is "" "$(cat out)"
}

@test "--check: the defaults, and the alert" {
  echo '{"event":"hit","signature":"s","lookup_ms":10.2}' >log
  status 1 pl-cachestat --check log
  has "$(cat out)" "lookup_p95 "
  has "$(cat out)" " is over 10 ms"
  echo '{"event":"hit","signature":"s","lookup_ms":10}' >log
  status 0 pl-cachestat --check log
  echo '{"event":"write","signature":"s","write_ms":5.1}' >log
  status 1 pl-cachestat --check log
  has "$(cat out)" " is over 5 ms"
  printf '{"event":"%s","signature":"s"}\n' hit hit miss miss miss miss miss >log
  status 1 pl-cachestat --check log
  is "hit_rate 0.29 is under 0.30" "$(cat out)"
  { hit 1 $((2 * day)) 100; hit 2 5 121; } >log
  status 1 pl-cachestat --check log
  has "$(cat out)" "degradation"
  is 1 "$(wc -l <out)"
}

# -- reset --

@test "--reset: needs --yes where there is no terminal" {
  rec '{"event":"hit","signature":"s","event_id":"1"}'
  status 2 pl-cachestat --reset </dev/null
  has "$(cat err)" "--yes"
  yes | status 2 pl-cachestat --reset
  is 1 "$(figure hit_count)"
}

@test "--reset: asks on a terminal" {
  script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no script(1), or no terminal for it"
  rec '{"event":"hit","signature":"s","event_id":"1"}'
  rc=0
  # shellcheck disable=SC2016
  { sleep 0.3; echo n; } | timeout 5 script -qec 'pl-cachestat --reset' /dev/null >asked || rc=$?
  has "$(cat asked)" "[y/N]"
  is "1 1" "$rc $(figure hit_count)"
  { sleep 0.3; echo y; } | timeout 5 script -qec 'pl-cachestat --reset' /dev/null >asked
  is 0 "$(figure hit_count)"
}

@test "--reset: forgets all figures; what was there before stays seen, what comes later counts" {
  answered "$first_seed" 1772366400000 0
  requests='{"request_id":"r","prompt":"Fix it","model":"m","input_tokens":3,"cache_read_tokens":1,'\
'"cache_write_tokens":0}'
  rec "$requests"
  PL_NOW=2026-03-02T00:00:00Z status 0 pl-cachestat --reset --yes
  is "" "$(cat out)"
  export PL_NOW=2026-03-02T01:00:00Z
  empty() {
    is '{"hit_count":0,"miss_count":0,"hit_rate":null,"top_signatures":[],"cost_savings":{"total_saved":0,'\
'"per_account":{},"per_user":{},"savings_percentage":null,"hourly_savings":[],"daily_savings":[]},"performance":{'\
'"lookup_p50":null,"lookup_p95":null,"lookup_p99":null,"write_p95":null,"memory_usage":0,"total_operations":0,'\
'"degradation_alert":false}}' \
      "$(pl-cachestat -j "$@" | jq -c 'del(.prompt_cache, .updated_at)')"
    is "" "$(sql "SELECT * FROM signature_stats")"
    status 0 pl-backfill --verify
  }
  empty
  empty --since 30d
  is "[]" "$(pl-cachestat --by hour -j | jq -c .)"
  is 1 "$(figure prompt_cache_requests)"
  is 0 "$(sql "SELECT (SELECT count(*) FROM cache_sum) + (SELECT count(*) FROM cache_hour) +
    (SELECT count(*) FROM cache_histogram) + (SELECT count(*) FROM cache_party)")"
  # read again, they are seen; one from before the reset that comes later as well
  is duplicate "$(pl-record records | jq -r .status | sort -u)"
  empty
  rec '{"event":"hit","signature":"s","timestamp":"2026-03-01T23:59:59.999999Z"}' \
    '{"event":"hit","signature":"s","event_id":"old","timestamp":"2026-03-01T00:00:00Z"}'
  empty
  # later ones count
  rec '{"event":"hit","signature":"s","timestamp":"2026-03-02T00:00:00Z","cost_saved":0.5,"lookup_ms":1,'\
'"account":"a"}' \
    '{"event":"hit","signature":"s"}'
  is "2|0.501|a" "$(sql "SELECT hit_count, total_cost_saved, n.text FROM cache_metrics, cache_party p JOIN name n ON \
    n.id = p.name")"
  is '2 {"a":0.5}' "$(pl-cachestat -j | jq -c '.hit_count, .cost_savings.per_account' | xargs | sed 's/{a/{"a"/')"
  is "2" "$(figure hit_count --since 2026-01-01)"
  status 0 pl-backfill --verify
  figures >once
  status 0 pl-backfill --rebuild
  figures | cmp once -
  record <records
  figures | cmp once -
  # once more
  PL_NOW=2026-03-02T02:00:00Z status 0 pl-cachestat --reset --yes
  empty
}

@test "--reset: beside writers, nothing is counted twice" {
  sh "$laws/cache.sh" 5 300 | cut -f1 >records
  record <records
  for i in 1 2 3; do
    record <records &
    pl-cachestat --reset --yes &
    sh "$laws/cache.sh" $((i + 5)) 200 | cut -f1 | record &
    wait
    status 0 pl-backfill --verify || { cat out; return 1; }
  done
  is 1 "$(sql "SELECT count(*) FROM (SELECT epoch FROM cache_sum UNION SELECT epoch FROM cache_state)")"
}

# -- providers' caches --

@test "prompt_cache: from the requests' tokens and prices, by hand" {
  mkdir -p "$XDG_CONFIG_HOME/pl"
  cp "$laws/prices.json" "$XDG_CONFIG_HOME/pl"
  r() { printf '{"request_id":"%s","prompt":"x","model":"%s","input_tokens":%s,"cache_read_tokens":%s,'\
'"cache_write_tokens":%s%s}\n' "$@"; }
  r 1 pl-one 1000 9000 0 ',"account":"a","timestamp":"2026-02-01T00:00:00Z"' >log
  is '{"requests":1,"hit_rate":1,"token_hit_rate":0.9,"net_saved":0.0243}' "$(pl-cachestat -j log | jq -c \
.prompt_cache)"
  # 2.7 saved of a million read, 0.75 more for one written, 3 for one written for an hour
  r 2 pl-one 0 0 4000 ',"cache_write_1h_tokens":1000,"account":"b"' >>log
  is '{"requests":2,"hit_rate":0.5,"token_hit_rate":0.6428571428571429,"net_saved":0.01905}' \
    "$(pl-cachestat -j log | jq -c '.prompt_cache | .net_saved |= (. * 1e9 | round / 1e9)')"
  # a model without a price, or without one for the cache, has tokens but no savings; what is not known is left out
  { r 3 nobody 500 500 0 ""; r 4 pl-two 500 500 0 ""; } >>log
  echo '{"request_id":"5","prompt":"x","model":"pl-one","input_tokens":100000}' >>log
  is '{"requests":4,"hit_rate":0.75,"token_hit_rate":0.625,"net_saved":0.01905}' \
    "$(pl-cachestat -j log | jq -c '.prompt_cache | .net_saved |= (. * 1e9 | round / 1e9)')"
  pl-record -q log
  is "4 0.75 0.625" "$(figure requests) $(figure prompt_cache_hit_rate) $(figure token_hit_rate)"
  is "1 0.0243" "$(figure requests --account a) $(figure net_saved --account a)"
  is "-0.00525" "$(figure net_saved --account b)"
  is "1 3" "$(figure requests --until 2026-02-02) $(figure requests --since 2026-02-02)"
  is "0 " "$(figure requests --account nobody) $(figure net_saved --account nobody)"
  is "" "$(figure net_saved - < <(r 3 nobody 500 500 0 ""))"
}

# -- how it is shown --

@test "formats: the same figures in each" {
  answered "$first_seed" 1772366400000 0
  pl-cachestat --json >json
  pl-cachestat -F csv >comma
  pl-cachestat -F tsv >tab
  pl-cachestat -F prometheus >metrics
  for name in hit_count miss_count hit_rate total_saved savings_percentage lookup_p50 lookup_p95 lookup_p99 write_p95 \
    memory_usage total_operations; do
    value=$(figure $name)
    is "$value" "$(awk -F, -v name=$name 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { \
print $at }' comma)"
    is "$value" "$(awk -F'\t' -v name=$name 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { \
print $at }' tab)"
    is "$value" "$(sed -n "s/^pl_cache_$name //p" metrics)"
  done
  is "" "$(grep -vE '^(# TYPE [a-z0-9_]+ gauge|[a-z0-9_]+(\{[a-z]+="[^"]*"\})? -?[0-9.e+-]+)$' metrics | head -n 3)"
  is "$(jq -r '.cost_savings.per_account | to_entries[] | "\(.key) \(.value)"' json)" \
    "$(sed -nE 's/^pl_cache_per_account\{key="([^"]*)"\} /\1 /p' metrics)"
  is "$(jq -r '.top_signatures[] | "\(.signature) \(.reuse_count)"' json)" \
    "$(sed -nE 's/^pl_cache_signature_reuse_count\{signature="([^"]*)"\} /\1 /p' metrics)"
  pl-cachestat --by day -j | jq -r '.[] | [.day, .hit_count, .miss_count, .write_count, .hit_rate, .saved] | @tsv' >rows
  pl-cachestat --by day -F tsv | tail -n +2 | cmp rows -
  is "day,hit_count,miss_count,write_count,hit_rate,saved" "$(pl-cachestat --by day -F csv | head -n 1)"
  is "hour,hit_count,miss_count,write_count,hit_rate,saved" "$(pl-cachestat --by hour -F csv | head -n 1)"
}

@test "the page: tells the figures, without escapes, in few lines" {
  answered "$first_seed" 1772366400000 0
  pl-cachestat >page
  is "" "$(grep -n "$(printf '\033')" page)"
  [ "$(wc -l <page)" -le 70 ]
  has "$(cat page)" "$(figure hit_count)"
  has "$(cat page)" "2026-03-01 12:00:00 UTC"
  while read -r name; do has "$(cat page)" "$name"; done < <(pl-cachestat -j | jq -r '.top_signatures[].signature')
}

@test "hostile names are escaped for people, and whole for programs" {
  jq -cn '["a\u001b[31mred", "line\nbreak", "tab\there", "quote\"\\,", "\u009b1m", "<b>", "x{y=\"z\"} 1", ("long" * '\
'60)][] |
    {event: "hit", signature: ., account: ., user_id: .}' >log
  pl-record -q log
  is "$(jq -r .signature log | sort)" "$(pl-cachestat -j | jq -r '.top_signatures[].signature' | sort)"
  is "$(jq -r .signature log | sort)" "$(pl-cachestat -j | jq -r '.cost_savings.per_account | keys[]' | sort)"
  for format in table csv tsv prometheus json; do
    is "" "$(pl-cachestat -F $format | tr -d '\t\n -~' | LC_ALL=C tr -d '\302-\364' | tr -d '\200-\277' | head -c 20)"
    pl-cachestat -F $format >shown
    if grep -q "$(printf '\033')" shown; then echo $format && return 1; fi
  done
  is 8 "$(pl-cachestat -F prometheus | grep -c '^pl_cache_signature_reuse_count{signature=".*"} 1$')"
  is 8 "$(pl-cachestat -j --since 1d | jq '.top_signatures | length')"
  is 1 "$(figure hit_count --account $'line\nbreak')"
}

@test "--watch prints again and again, and ends by the signal" {
  rec '{"event":"hit","signature":"s"}'
  rc=0
  timeout -s INT 1.15 pl-cachestat -f hit_count --watch 1 >out || rc=$?
  is "1 1" "$(xargs <out)"
  is 124 "$rc"
}
