# What the rounds of tests/fault/run are made of: the records, the jobs that are disturbed, and what has to be true
# after that. The database is ./db/pl.db; nothing else is in its directory.

export PATH="$build/bin:$PATH" PL_SHARE=$root/share/pl LC_ALL=C TZ=UTC PL_NOW=2026-03-01T12:00:00Z
export PL_DB=$work/db/pl.db XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/data
# shellcheck disable=SC2034 # where laws.bash finds its own
BATS_TEST_DIRNAME=$root/tests
. "$root/tests/helper.bash"
. "$root/tests/laws/laws.bash"

# -- records ----------------------------------------------------------------------------------------------------------

# mixed SEED IDS: records of every kind, in several versions, shuffled
mixed() {
  {
    sh "$laws/history.sh" "$1" "$2" | cut -f1
    sh "$laws/loop.sh" "$1" "$2" | cut -f1
    sh "$laws/cache.sh" "$1" "$2" | cut -f1
    sh "$laws/turns.sh" "$1" $(($2 / 4))
  } >unshuffled
  shuffled "$1" unshuffled
}

# verdicts COUNT: as many prompts, each asked of two models, of which one knows of cats alone
verdicts() {
  jq -cn --argjson count "$1" 'range($count) as $i | ("a", "b") as $model | "\($i)-\($model)" as $id |
    {request_id: $id, prompt: "Why does my \(if $i % 2 == 0 then "cat" else "dog" end) no. \($i) sleep?",
      model: $model, cost: (if $model == "a" then 0.01 else 0.02 end), timestamp: "2026-02-15T09:00:00Z"},
    {request_id: $id, quality_score: 4, is_correct: ($model == "b" or $i % 2 == 0), timestamp: "2026-02-15T09:00:01Z"}'
}

make_records() {
  mixed "$seed" 8 >few
  mixed "$seed" $((budget < 100 ? 100 : 500)) >many
  mkdir -p folder/below
  split -n l/3 few part.
  mv part.aa folder/a.jsonl
  jq -s . part.ab >folder/b.json
  mv part.ac folder/below/c.ndjson
  verdicts 101 >rated
  jq -cn 'range(40) | {request_id: "asked-\(.)", prompt: "Why does my cat no. \(.) sleep?"}' >asked
  echo '{"categories":[{"category":"own","default":"x","target":"all","words":["git"]}]}' >own-rules.json
}

# -- jobs -------------------------------------------------------------------------------------------------------------

# Each sets: act, the command; again, the one that finishes what act began; whole: act is done at once, or not at all.
# Called with "base", it makes the database that act finds; without one there is none.
job_record() {
  act=(pl-record few) again=(pl-record few) whole=
}
job_many() {
  act=(pl-record many) again=(pl-record many) whole=
}
job_backfill() {
  act=(pl-backfill --json folder) again=(pl-backfill --json folder) whole=
}
job_rebuild() {
  act=(pl-backfill --rebuild --rules own-rules.json) again=("${act[@]}") whole=1
  [ "${1:-}" != base ] || pl-record -q few
}
job_retrain() {
  act=(pl-retrain --json --if-due 1d) again=("${act[@]}") whole=1
  [ "${1:-}" != base ] || pl-record -q rated
}
job_advise() {
  act=(pl-advise --record asked) again=("${act[@]}") whole=
  [ "${1:-}" != base ] || { pl-record -q rated && pl-retrain -q; }
}
job_reset() {
  act=(pl-cachestat --reset --yes) again=("${act[@]}") whole=1
  [ "${1:-}" != base ] || pl-record -q few
}
job_migrate() {
  act=(pl-record few) again=("${act[@]}") whole=
  [ "${1:-}" != base ] || { pl-record -q few && as_version_5; }
}
small_jobs="record backfill rebuild retrain advise reset migrate"

# What every figure is, and what was learned, but for ids that depend on who came first: as one text of SQL, since a
# round asks it all of several databases.
learned="SELECT 'run', * FROM retraining_runs ORDER BY id;
  SELECT 'history', retraining_run_id, pattern, provider, model, avg_quality_score, correctness_rate, sample_count,
    confidence_level, avg_cost, total_cost, quality_lower_bound, avg_complexity, verdict_count, previous_confidence
    FROM model_performance_history ORDER BY 2, 3, 4, 5;
  SELECT 'routing', * FROM routing ORDER BY 2, 3, 4;
  SELECT 'base', features_version, hex(known), hex(scales), length_mean, length_deviation, recent FROM predictor_base;
  SELECT 'predictor', provider, model, verdict_count, brier_score, retraining_run_id, unit, hex(weights), hex(recent)
    FROM predictors ORDER BY 2, 3;
  SELECT 'calibration', * FROM predictor_calibration ORDER BY 2, 3, 4;
  SELECT 'advice', * FROM routing_advice ORDER BY 2;"
figures_sql=$(
  # shellcheck disable=SC2317 # called by everything
  sqlite3() { echo "${*: -1};"; }
  everything
)

# dump [DATABASE]
dump() { sqlite3 -batch "${1:-$PL_DB}" "$figures_sql $learned" 2>&1; }

# take JOB: makes ./base, which every round begins with; $before is what it shows, $wanted what it shows after act
take() {
  local got=0
  job=$1
  rm -rf base db
  mkdir db
  "job_$job" base 2>/dev/null
  cp -r db base
  before=
  [ ! -e base/pl.db ] || before=$(dump base/pl.db)
  timeout 60 "${act[@]}" >ack 2>err || got=$?
  wanted=$(dump)
  [ "$got" = 0 ] && complaints >said && pl-backfill --verify >said 2>&1 && return
  wrong "undisturbed: status $got, $(head -n 1 said)"
}

# renew: the database as every round finds it
renew() {
  rm -rf db dead disk
  cp -r base db
}

# -- disturbances -----------------------------------------------------------------------------------------------------

# disturbed FAULT [COMMAND...]: runs act, or the command, with that fault; its status in $got, what it said in ./ack and
# ./err, what befell in ./log
disturbed() {
  point=$1
  shift
  rm -f log
  { timeout 60 env LD_PRELOAD="$build/fault/shim.so" PL_FAULT_DIR="$work/db" PL_FAULT_LOG="$work/log" \
    PL_FAULT="$point" "${@:-${act[@]}}" >ack 2>err; } 2>/dev/null
  got=$?
}

# calls KIND: how many act makes undisturbed
calls() { awk -v kind="$1" '$1 == kind { print $2 }' counts; }

count_calls() {
  renew
  disturbed ""
  mv log counts
}

# -- verdicts ---------------------------------------------------------------------------------------------------------

# wrong WHAT: this round went wrong; the first few are told with what runs them again
wrong() {
  failed=$((failed + 1))
  [ "$failed" -gt 5 ] || echo "  ${1:0:200} (SEED=$seed${point:+ POINT=\"$point\"} tests/fault/run BUILD 1 $scenario)"
}

# Prints what was said on stderr but for what is no complaint; fails if there is something.
complaints() { [ ! -s err ] || ! grep -vE 'warning: no pattern .* yet; the review waits for it' err; }

# Result lines that came whole: the last one may be cut off. Then, those of them whose record is not in the database: of
# kinds without names, how many more were new than are there.
said="WITH ack(text) AS (SELECT cast(readfile('ack') AS TEXT)),
  whole(lines) AS (SELECT rtrim(rtrim(text, replace(text, char(10), '')), char(10)) FROM ack),
  said AS MATERIALIZED (SELECT value ->> 'kind' AS kind, value ->> 'status' AS status,
    value ->> 'workflow_id' AS workflow, value ->> 'request_id' AS request, value ->> 'id' AS id
    FROM whole, json_each('[' || replace(lines, char(10), ',') || ']'))"
lost_records="$said SELECT count(*),
  count(*) FILTER (WHERE kind = 'workflow' AND workflow NOT IN (SELECT workflow_id FROM workflow_history))
  + count(*) FILTER (WHERE kind = 'request' AND request NOT IN
      (SELECT request_id FROM routing_metrics WHERE request_id NOT NULL))
  + count(*) FILTER (WHERE kind = 'feedback' AND id NOT IN (SELECT id FROM response_feedback))
  + max(0, count(*) FILTER (WHERE kind = 'cache' AND status = 'new') - (SELECT count(*) FROM cache_event))
  + max(0, count(*) FILTER (WHERE kind = 'step' AND status = 'new') - (SELECT count(*) FROM step))
  + max(0, count(*) FILTER (WHERE kind = 'review' AND status = 'new') - (SELECT count(*) FROM review)) FROM said"
lost_advice="$said SELECT count(*), count(*) FILTER (WHERE request NOT IN (SELECT request_id FROM advice)) FROM said"
lost_others="SELECT 0, 0"

# Looks at a copy of the database as act left it: it is whole, every figure in it follows from its records, and what was
# acknowledged is there. How many that were: in $acked.
look() {
  local found integrity version missing query=$lost_others
  case ${act[0]} in
    pl-record) query=$lost_records ;;
    pl-advise) [ -s err ] || query=$lost_advice ;; # with a warning it goes on without
  esac
  acked=0
  rm -rf dead
  cp -r db dead
  if [ ! -s dead/pl.db ]; then
    [ ! -s ack ] || wrong "records were acknowledged, and there is no database"
    return
  fi
  found=$(sql "PRAGMA integrity_check; PRAGMA user_version; $query" dead/pl.db 2>&1 | xargs)
  IFS=' |' read -r integrity version acked missing <<<"$found"
  records=$((records + acked)) lost=$((lost + missing))
  [ "$integrity" = ok ] || { wrong "the database is damaged: $found"; return; }
  [ "$missing" = 0 ] || wrong "$missing acknowledged records are lost"
  if [ "$job" = migrate ] && [ "$version" = 5 ]; then
    [ ! -s ack ] || wrong "records were acknowledged before the migration"
    return
  fi
  if [ "$job" = migrate ]; then
    found=$(sql "PRAGMA integrity_check; PRAGMA user_version" db/pl.db.v5 2>&1 | xargs)
    [ "$found" = "ok 5" ] || wrong "migrated, and no whole copy was kept: $found"
  fi
  pl-backfill -d dead/pl.db --verify >said 2>&1 || wrong "verify: $(head -n 1 said)"
  found=
  if [ -n "$whole" ] || { [ "${act[0]}" = pl-backfill ] && [ -s ack ] && [[ $got != @(130|143) ]]; }; then
    found=$(dump dead/pl.db)
    if [ -s ack ]; then
      [ "$found" = "$wanted" ] || wrong "told as done, and it is not"
    else
      [ "$found" = "$before" ] || [ "$found" = "$wanted" ] || wrong "half done"
    fi
  fi
}

# Runs what finishes act: nobody complains, nothing that was acknowledged is new, and every figure is as if undisturbed.
finish() {
  local status=0 beside
  [ "$job" != rebuild ] || age_rebuild
  timeout 60 "${again[@]}" >out 2>err || status=$?
  if [ "$status" != 0 ] || ! complaints >said; then
    wrong "finished with status $status: $(head -n 1 err)"
    return
  fi
  [ "${act[0]}" != pl-record ] || awk -v acked="$acked" 'NR <= acked && !/"status":"duplicate"/ { exit 1 }' out ||
    wrong "what was acknowledged is not known"
  beside=(db/*)
  [[ "${beside[*]}" == @(db/pl.db|db/pl.db db/pl.db.v5) ]] || wrong "left beside the database: ${beside[*]}"
  all_there || wrong "another figure than undisturbed: $(diff <(echo "$wanted") <(dump) | sed -n 2p)"
}

# Every figure is as after act.
all_there() { [ "$(dump)" = "$wanted" ]; }

# A rebuild waits until one that went silent is dead: some seconds ago, so that it need not.
age_rebuild() { [ ! -e "$PL_DB" ] || sql "UPDATE state SET rebuild_beat = rebuild_beat - 6000000" 2>/dev/null; }
