# Cache events and what pl-cachestat makes of them, recomputed from what cache.sh says is true of them.

# the newest version of each
def newest: group_by(.id) | map(max_by([.dated, .at]));

def lookups: map(select(.event != "write" and .ns != null).ns);
def writes: map(select(.event == "write" and .ns != null).ns);
def of(event): map(select(.event == event));
def hits: of("hit") | length;
def misses: of("miss") | length;
def ratio($of): if $of > 0 then . / $of else null end;
def percentile($p): if . == [] then null else sort | .[(length * $p / 100 | ceil) - 1] / 1e6 end;
def nano($cost): of("hit") | map(.saved // $cost) | add // 0;
def dollars($cost): nano($cost) / 1e9;
def hour: .at / 3600000 | floor;
def day: .at / 86400000 | floor;
def hour_text: . * 3600 | strftime("%Y-%m-%d %H:00");
def day_text: . * 86400 | strftime("%Y-%m-%d");
def first_cached: (of("write") | map(.at) | min) // (of("hit") | map(.at) | min);
def last_used: (of("hit") | map(.at) | max) // (of("write") | map(.at) | max);
def seconds: if . == null then null else . / 1000 | floor end;
def size: map(select(.size != null)) | if . == [] then null else max_by([.at, .size]).size end;

def signature($cost): {
  signature: .[0].signature, reuse_count: hits, first_cached: first_cached | seconds, last_used: last_used | seconds,
  cost_saved: dollars($cost), avg_lookup_time: (lookups | if . == [] then null else add / 1e6 / length end),
  high_value: (hits >= 3)};
def memory: group_by(.signature) | map(select(any(.[]; .event != "miss")) | size // 500) | add // 0;
def parties(name; $cost): map(select(name != null)) | group_by(name) |
  map({key: .[0] | name, value: dollars($cost)}) | from_entries;

# Of $q.since up to $q.until, of $q.account.
def part($q): map(select(($q.since == null or .at >= $q.since) and ($q.until == null or .at < $q.until) and
  ($q.account == null or .account == $q.account)));
def recent($q): map(select(.at <= $q.now));

def cachestat($q): . as $all | part($q) as $part | map(select($q.account == null or .account == $q.account)) |
  (map(select(.at <= $q.now and .at > $q.now - 86400000)) | lookups | percentile(95)) as $now |
  (map(select(.at <= $q.now - 86400000 and .at > $q.now - 691200000)) | lookups | percentile(95)) as $before |
  $part | {
    hit_count: hits, miss_count: misses, hit_rate: (hits | ratio($part | hits + misses)),
    top_signatures: (group_by(.signature) | map(signature($q.cost) | select(.reuse_count > 0)) |
      sort_by([-.reuse_count, .signature]) | .[:10]),
    cost_savings: {
      total_saved: dollars($q.cost), per_account: parties(.account; $q.cost), per_user: parties(.user; $q.cost),
      savings_percentage: (100 * nano($q.cost) | ratio($part | nano($q.cost) + misses * $q.cost)),
      hourly_savings: (recent($q) | map(select(hour > ($q.now / 3600000 | floor) - 24)) | group_by(hour) |
        map({hour: .[0] | hour | hour_text, saved: dollars($q.cost)})),
      daily_savings: (recent($q) | map(select(day > ($q.now / 86400000 | floor) - 7)) | group_by(day) |
        map({day: .[0] | day | day_text, saved: dollars($q.cost)}))},
    performance: {
      lookup_p50: (lookups | percentile(50)), lookup_p95: (lookups | percentile(95)),
      lookup_p99: (lookups | percentile(99)), write_p95: (writes | percentile(95)), memory_usage: ($all | memory),
      total_operations: length,
      degradation_alert: (if $now == null or $before == null then false
        elif ($now / $before - 1.2 | fabs) < 0.012 then "too near" else $now > 1.2 * $before end)}};

def rows($q; $by): part($q) | group_by(if $by == "day" then day else hour end) |
  map({($by): (.[0] | if $by == "day" then day | day_text else hour | hour_text end), hit_count: hits,
    miss_count: misses, write_count: of("write") | length, hit_rate: (. as $row | hits | ratio($row | hits + misses)),
    saved: dollars($q.cost)});

# What is in the database, as the function figures shows it.
def bars(f): map(select(.ns != null) | {start: f, kind: (.event == "write")}) | group_by([.start, .kind]) |
  map([.[0].start, .[0].kind, length]);

# The names of what differs; times of percentiles may by 1 %.
def near($a; $b): $a == $b or ($a != null and $b != null and ($a - $b | fabs) <= 0.01 * $a);
def leaves: [paths(type != "object")] | map(select(all(.[]; type == "string")));
def differences($want; $got): ([$want, $got] | map(leaves) | add | unique)[] as $path |
  ($want | getpath($path)) as $a | ($got | getpath($path)) as $b |
  select(if $path[-1] | test("_p[0-9]+$") then near($a; $b) | not else $a != $b and $a != "too near" end) |
  "\($path | join(".")): wanted \($a), got \($b)";
