# Loaded by every bats file: the tools to test, a database of its own for each test, and a clock that stands still.

setup() {
  root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  export PATH="${PL_BIN:-$root/build/bin}:$PATH" PL_SHARE="$root/share/pl" LC_ALL=C TZ=UTC
  export PL_DB="$BATS_TEST_TMPDIR/pl.db"
  export XDG_CONFIG_HOME="$BATS_TEST_TMPDIR/config" XDG_DATA_HOME="$BATS_TEST_TMPDIR/data"
  export PL_NOW=2026-03-01T12:00:00Z
  unset NO_COLOR COLUMNS
  cd "$BATS_TEST_TMPDIR" || return 1
}

# is WANTED GOT: fails with both
is() {
  [ "$1" = "$2" ] || { printf 'wanted: %s\ngot:    %s\n' "$1" "$2"; return 1; }
}

# has TEXT PART: PART stands somewhere in TEXT
has() {
  case $1 in *"$2"*) ;; *) printf 'wanted: ...%s...\ngot:    %s\n' "$2" "$1"; return 1 ;; esac
}

# status WANTED COMMAND...: its exit status; stdout goes to ./out, stderr to ./err
status() {
  local wanted=$1 got=0
  shift
  "$@" >out 2>err || got=$?
  [ "$got" = "$wanted" ] || { printf 'wanted status %s, got %s: %s\n' "$wanted" "$got" "$*"; cat err; return 1; }
}

# soon COMMAND...: waits until it holds, some seconds at most
soon() {
  local end=$((${EPOCHREALTIME/./} + 5000000))
  while [ "${EPOCHREALTIME/./}" -lt "$end" ]; do
    if "$@"; then return 0; fi
    sleep 0.02
  done
  echo "not within some seconds: $*"
  return 1
}

# mortal COMMAND...: runs it without root's right to pass over permissions
mortal() {
  if [ "$(id -u)" = 0 ]; then setpriv --bounding-set=-dac_override,-dac_read_search "$@"; else "$@"; fi
}

# verified [OPTION...]: every figure is what the stored records give
verified() { pl-backfill --verify "$@" >verified || { head -n 6 verified; return 1; }; }

sql() { sqlite3 -batch "${2:-$PL_DB}" "$1"; }

fresh() { rm -f "$PL_DB" "$PL_DB"-*; }

# as_version_6: the database as it was before records could be removed
as_version_6() {
  sql "ALTER TABLE state DROP COLUMN kept_since; ALTER TABLE state DROP COLUMN pruned_to;
    ALTER TABLE state DROP COLUMN removals; DROP TABLE removed;
    DROP TABLE spool; PRAGMA user_version = 6"
}

# as_version_5: the database as it was before workflows said which set of patterns they show
as_version_5() {
  local slot
  as_version_6
  sql "CREATE TABLE occurrence(slot INTEGER NOT NULL, workflow INTEGER NOT NULL REFERENCES workflow,
      pattern INTEGER NOT NULL REFERENCES operation_patterns, at INTEGER NOT NULL,
      keywords INTEGER NOT NULL REFERENCES name, PRIMARY KEY(slot, workflow, pattern)) WITHOUT ROWID;
    CREATE INDEX occurrence_of_pattern ON occurrence(slot, pattern, at);
    DROP VIEW pattern_occurrences; CREATE VIEW pattern_occurrences AS SELECT workflow AS id FROM occurrence"
  for slot in 0 1; do
    sql "INSERT INTO occurrence SELECT $slot, w.id, p.value, w.created_at, w.keywords_$slot
        FROM workflow w JOIN pattern_set s ON s.id = w.pattern_set_$slot JOIN json_each(s.patterns) p;
      DROP INDEX workflow_shows_$slot;
      ALTER TABLE workflow DROP COLUMN pattern_set_$slot; ALTER TABLE workflow DROP COLUMN keywords_$slot"
  done
  sql "DROP TABLE pattern_set; CREATE INDEX request_level ON request(prompt_hash, at)
    WHERE prompt_hash IS NOT NULL AND complexity IS NOT NULL; PRAGMA user_version = 5"
}

# as_version_4: the database as it was before there were features and predictors
as_version_4() {
  as_version_5
  sql "DROP VIEW routing_advice; ALTER TABLE advice DROP COLUMN predicted;
    CREATE VIEW routing_advice AS SELECT request_id FROM advice;
    DROP TABLE prompt_features; DROP TABLE predictor_base; DROP TABLE predictors; DROP TABLE predictor_calibration;
    PRAGMA user_version = 4"
}

# Every figure that the database holds, in an order of its own, for comparing two databases.
figures() {
  sqlite3 -batch "${1:-$PL_DB}" "
    SELECT pattern_signature, occurrence_count, avg_tokens_with_llm, avg_cost_with_llm, avg_tokens_with_tool,
      avg_cost_with_tool, typical_input_pattern, automation_status, confidence_score, potential_monthly_savings,
      created_at, last_seen FROM operation_patterns WHERE occurrence_count > 0 ORDER BY 1;
    SELECT pattern_signature, workflow_id, matched_characteristics FROM pattern_occurrences o
      JOIN operation_patterns p ON p.id = o.pattern_id ORDER BY 1, 2;
    SELECT workflow_id, nl_input, workflow_template, model_used, status, error_message, error_count, retry_count,
      duration_seconds, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,
      total_tokens, actual_cost_total, cost_source, created_at, updated_at FROM workflow_history ORDER BY 1;
    SELECT request_id, timestamp, selected_provider, selected_model, pattern_detected, complexity_score, complexity,
      prompt_hash, workflow_id, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
      cache_write_1h_tokens, thinking_budget, thinking_tokens, cost, cost_source, latency_ms, success, quality_score,
      account, user_id, session_id FROM routing_metrics
      ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24;
    SELECT session_id, timestamp, step, tool_name, success FROM session_steps ORDER BY 1, 2, 3, 4, 5;
    SELECT session_id, workflow_id, created_at FROM session_turns ORDER BY 1, 2;
    SELECT request_id, timestamp, quality_score, is_correct, is_helpful, prompt_pattern, selected_provider,
      selected_model, complexity_score, user_id, session_id, comment FROM response_feedback
      ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
    SELECT prompt_hash, complexity_level, avg_budget, usage_count, printf('%!.17g', total_quality_score),
      printf('%!.17g', quality_score), last_used, created_at, tokens_known, tokens, budgets_known, budgets,
      quality_known, quality, quality_total FROM budget_patterns ORDER BY 1;
    SELECT prompt_hash, version, hex(features) FROM prompt_features ORDER BY 1;
    SELECT name, value FROM total WHERE slot IN (2, (SELECT slot FROM state)) AND value <> 0 ORDER BY 1;
    SELECT hit_count, miss_count, hit_rate, total_cost_saved, savings_percentage, lookup_p50, lookup_p95, lookup_p99,
      write_p95, memory_usage, degradation_alert FROM cache_metrics;
    SELECT signature_hash, signature, reuse_count, first_cached, last_used, cost_saved, avg_lookup_time, high_value
      FROM signature_stats ORDER BY 1;
    SELECT 'hour', hour, hits, misses, writes, saved_known, saved FROM cache_hour JOIN cache_state USING (epoch)
      ORDER BY 2;
    SELECT kind, n.text, hits, misses, writes, saved_known, saved FROM cache_party p JOIN cache_state USING (epoch)
      JOIN name n ON n.id = p.name ORDER BY 1, 2;
    SELECT span, start, kind, count(*), sum(count), sum(count * bucket), sum(count * bucket * bucket)
      FROM cache_histogram JOIN cache_state USING (epoch) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
    SELECT 'held', cached, sized, bytes FROM cache_total JOIN cache_state USING (epoch)
      WHERE cached > 0"
}
