#include "ledger/versions.h"

#include <stddef.h>

/* -- version 1: workflows, patterns, reviews ---------------------------------------------------------------------- */

/* What the tables hold, by whom and how it is kept, is in pl-schema(5). Amounts are integers: microseconds since 1970,
 * milliseconds of duration, nano-dollars. Whatever is derived carries a slot: one of two sets, of which "state" names
 * the one in force, so that a rebuild fills the other and swaps. */
static const char state_tables[] =
    "CREATE TABLE rules(id INTEGER PRIMARY KEY, base TEXT NOT NULL, extra TEXT, adopted_at INTEGER NOT NULL);"
    "CREATE TABLE state("
    "  id INTEGER PRIMARY KEY CHECK(id = 1),"
    "  slot INTEGER NOT NULL,"          /* in force: 0 or 1 */
    "  rules INTEGER REFERENCES rules," /* by which it was derived; NULL: none yet */
    "  rebuild INTEGER,"                /* a rebuild's token while one goes on */
    "  rebuild_beat INTEGER,"           /* when it last did something */
    "  rebuild_at INTEGER" /* workflows up to this id are in the other slot, but for those in rebuild_log */
    ");"
    "INSERT INTO state(id, slot) VALUES(1, 0);"
    "CREATE TABLE rebuild_log(workflow INTEGER PRIMARY KEY);"
    "CREATE TABLE total("
    "  slot INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY(slot, name)"
    ") WITHOUT ROWID;";

static const char workflow_tables[] =
    "CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE workflow("
    "  id INTEGER PRIMARY KEY,"
    "  workflow_id TEXT NOT NULL UNIQUE,"
    "  status INTEGER NOT NULL,"  /* 0 pending, 1 running, 2 completed, 3 failed */
    "  version_at INTEGER,"       /* the time that says which version is newer; NULL: undated */
    "  content INTEGER NOT NULL," /* hash of what the record says */
    "  recorded_at INTEGER NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  updated_at INTEGER,"
    "  template INTEGER REFERENCES name,"
    "  model INTEGER REFERENCES name,"
    "  session INTEGER REFERENCES name,"
    "  account INTEGER REFERENCES name,"
    "  nl_input TEXT,"
    "  error_message TEXT,"
    "  text_kept INTEGER NOT NULL," /* 0: the two texts above were left out on purpose */
    "  error_count INTEGER,"
    "  retry_count INTEGER,"
    "  duration_ms INTEGER,"
    "  input_tokens INTEGER,"
    "  output_tokens INTEGER,"
    "  cache_read_tokens INTEGER,"
    "  cache_write_tokens INTEGER,"
    "  total_tokens INTEGER,"
    "  cost INTEGER,"                /* nano-dollars */
    "  input_length INTEGER,"        /* characters of nl_input */
    "  complexity INTEGER NOT NULL," /* 0 simple, 1 medium, 2 complex */
    "  files TEXT"                   /* files mentioned, a JSON array; NULL: none */
    ");"
    "CREATE TABLE occurrence("
    "  slot INTEGER NOT NULL,"
    "  workflow INTEGER NOT NULL REFERENCES workflow,"
    "  pattern INTEGER NOT NULL REFERENCES operation_patterns,"
    "  at INTEGER NOT NULL,"                       /* the workflow's created_at */
    "  keywords INTEGER NOT NULL REFERENCES name," /* a JSON array */
    "  PRIMARY KEY(slot, workflow, pattern)"
    ") WITHOUT ROWID;"
    "CREATE INDEX occurrence_of_pattern ON occurrence(slot, pattern, at);"
    "CREATE TABLE pattern_sum("
    "  slot INTEGER NOT NULL,"
    "  pattern INTEGER NOT NULL REFERENCES operation_patterns,"
    "  occurrences INTEGER NOT NULL,"
    "  tokens_known INTEGER NOT NULL, tokens INTEGER NOT NULL,"
    "  cost_known INTEGER NOT NULL, cost INTEGER NOT NULL,"
    "  durations_known INTEGER NOT NULL, durations INTEGER NOT NULL,"
    "  squares_high INTEGER NOT NULL, squares_low INTEGER NOT NULL," /* of durations: 128 bits */
    "  errors_known INTEGER NOT NULL, errors INTEGER NOT NULL,"
    "  retries_known INTEGER NOT NULL, retries INTEGER NOT NULL,"
    "  first_at INTEGER, first_workflow INTEGER REFERENCES workflow,"
    "  last_at INTEGER, last_workflow INTEGER REFERENCES workflow,"
    "  PRIMARY KEY(slot, pattern)"
    ") WITHOUT ROWID;";

static const char pattern_tables[] =
    "CREATE TABLE operation_patterns("
    "  id INTEGER PRIMARY KEY,"
    "  pattern_signature TEXT NOT NULL UNIQUE,"
    "  pattern_type TEXT NOT NULL,"
    "  occurrence_count INTEGER NOT NULL DEFAULT 0,"
    "  avg_tokens_with_llm INTEGER,"
    "  avg_cost_with_llm REAL,"
    "  avg_tokens_with_tool INTEGER,"
    "  avg_cost_with_tool REAL,"
    "  typical_input_pattern TEXT,"
    "  automation_status TEXT NOT NULL DEFAULT 'detected',"
    "  confidence_score REAL NOT NULL DEFAULT 10,"
    "  potential_monthly_savings REAL,"
    "  created_at TEXT,"
    "  last_seen TEXT"
    ");"
    "CREATE TABLE review("
    "  id INTEGER PRIMARY KEY,"
    "  identity BLOB UNIQUE," /* NULL: nothing tells it from others */
    "  pattern_signature TEXT NOT NULL,"
    "  automation_status TEXT NOT NULL,"
    "  reviewed_by TEXT,"
    "  review_notes TEXT,"
    "  dated INTEGER NOT NULL," /* 0: reviewed_at is the time of recording */
    "  reviewed_at INTEGER NOT NULL,"
    "  content BLOB NOT NULL"
    ");"
    "CREATE INDEX review_of_pattern ON review(pattern_signature, reviewed_at, content);"
    "CREATE TABLE source("
    "  path TEXT NOT NULL,"
    "  reading TEXT NOT NULL,"     /* how it was read: its kind of records */
    "  size INTEGER NOT NULL,"     /* of the file, when last read */
    "  modified INTEGER NOT NULL," /* nanoseconds since 1970 */
    "  offset INTEGER NOT NULL,"   /* read up to here */
    "  line INTEGER NOT NULL, column INTEGER NOT NULL,"
    "  in_array INTEGER NOT NULL,"
    "  digest BLOB NOT NULL,"          /* of the bytes up to offset */
    "  complete INTEGER NOT NULL,"     /* 1: read to its end */
    "  unidentified INTEGER NOT NULL," /* 1: holds records that are told apart by their place in the file */
    "  read_at INTEGER NOT NULL,"
    "  PRIMARY KEY(path, reading)"
    ") WITHOUT ROWID;";

static const char views[] =
    "CREATE VIEW workflow_history AS SELECT"
    "  w.workflow_id, w.nl_input, t.text AS workflow_template, m.text AS model_used,"
    "  CASE w.status WHEN 0 THEN 'pending' WHEN 1 THEN 'running' WHEN 2 THEN 'completed' ELSE 'failed' END AS status,"
    "  w.error_message, w.error_count, w.retry_count, w.duration_ms / 1000.0 AS duration_seconds,"
    "  w.input_tokens, w.output_tokens, w.cache_read_tokens, w.cache_write_tokens, w.total_tokens,"
    "  w.cost / 1000000000.0 AS actual_cost_total, s.text AS session_id, a.text AS account,"
    "  datetime((w.created_at - (w.created_at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch') AS created_at,"
    "  datetime((w.updated_at - (w.updated_at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch') AS updated_at,"
    "  datetime((w.recorded_at - (w.recorded_at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch') AS recorded_at "
    "FROM workflow w LEFT JOIN name t ON t.id = w.template LEFT JOIN name m ON m.id = w.model"
    "  LEFT JOIN name s ON s.id = w.session LEFT JOIN name a ON a.id = w.account;"
    "CREATE VIEW pattern_occurrences AS SELECT"
    "  (o.workflow << 20) | o.pattern AS id, o.pattern AS pattern_id, w.workflow_id, 100.0 AS similarity_score,"
    "  json_object('input_length', w.input_length, 'keywords', CASE WHEN json_valid(k.text) THEN json(k.text) END,"
    "    'files_mentioned', CASE WHEN json_valid(coalesce(w.files, '[]')) THEN json(coalesce(w.files, '[]')) END,"
    "    'duration_range', CASE WHEN w.duration_ms IS NULL THEN NULL WHEN w.duration_ms < 180000 THEN 'short'"
    "      WHEN w.duration_ms < 600000 THEN 'medium' ELSE 'long' END,"
    "    'complexity', CASE w.complexity WHEN 0 THEN 'simple' WHEN 1 THEN 'medium' ELSE 'complex' END,"
    "    'error_count', w.error_count) AS matched_characteristics,"
    "  datetime((w.recorded_at - (w.recorded_at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch') AS detected_at "
    "FROM occurrence o JOIN workflow w ON w.id = o.workflow JOIN name k ON k.id = o.keywords "
    "WHERE o.slot = (SELECT slot FROM state);"
    "CREATE VIEW pattern_reviews AS SELECT"
    "  id, pattern_signature, automation_status, reviewed_by, review_notes,"
    "  datetime((reviewed_at - (reviewed_at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch') AS reviewed_at "
    "FROM review;";

static const char *const version_1[] = {state_tables, workflow_tables, pattern_tables, views, NULL};

/* -- version 2: requests, ratings, budgets, routing, prices ----------------------------------------------------- */

/* clang-format off */
/* A text time of a column in microseconds; % in SQL keeps the sign, so times before 1970 are rounded down by hand. */
#define TEXT_TIME(column) "datetime((" column " - (" column " % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch')"
/* What a row's own prices say, in the slot in force. */
#define PRICED(row) "(CASE (SELECT slot FROM state) WHEN 0 THEN " row ".priced_0 ELSE " row ".priced_1 END)"
#define SOURCE_OF(row) \
    "CASE WHEN " row ".cost IS NOT NULL THEN 'given' WHEN " PRICED(row) " IS NOT NULL THEN 'priced' END"
#define SOURCE(row) SOURCE_OF(row) " AS cost_source"
#define LEVEL(row) \
    "CASE " row ".complexity WHEN 0 THEN 'simple' WHEN 1 THEN 'moderate' WHEN 2 THEN 'complex' WHEN 3 THEN 'deep' END"
/* clang-format on */

static const char wider_tables[] =
    "ALTER TABLE rules ADD COLUMN prompts TEXT;" /* NULL: from before there were any */
    "ALTER TABLE rules ADD COLUMN prompts_extra TEXT;"
    "ALTER TABLE rules ADD COLUMN prices TEXT;" /* NULL: nothing is priced */
    "ALTER TABLE rules ADD COLUMN prices_extra TEXT;"
    "UPDATE state SET rebuild = NULL, rebuild_at = NULL, rebuild_beat = NULL;"
    "UPDATE workflow SET model = NULL WHERE model = (SELECT id FROM name WHERE text = '');" /* an empty name is none */
    "DELETE FROM source;" /* files may hold what was rejected before: they are read once more */
    "ALTER TABLE state ADD COLUMN rebuild_request_at INTEGER;" /* as rebuild_at, of requests */
    "DROP TABLE rebuild_log;"
    "CREATE TABLE rebuild_log("
    "  family INTEGER NOT NULL," /* 0 workflows, 1 requests */
    "  id INTEGER NOT NULL, PRIMARY KEY(family, id)"
    ") WITHOUT ROWID;"
    "ALTER TABLE workflow ADD COLUMN cache_write_1h_tokens INTEGER;"
    "ALTER TABLE workflow ADD COLUMN priced_0 INTEGER;" /* nano-dollars, by slot, of one whose cost was not given */
    "ALTER TABLE workflow ADD COLUMN priced_1 INTEGER;"
    "ALTER TABLE workflow ADD COLUMN named INTEGER NOT NULL DEFAULT 0;"; /* 1: a request is of it, and has its costs */

static const char request_tables[] =
    "CREATE TABLE request("
    "  id INTEGER PRIMARY KEY,"
    "  request_id TEXT,"
    "  identity BLOB," /* of one without a request_id; NULL: nothing tells it from others */
    "  version_at INTEGER,"
    "  content INTEGER NOT NULL,"
    "  recorded_at INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  workflow_id TEXT,"
    "  prompt_hash INTEGER," /* the first 64 bits of its SHA-256 */
    "  pattern INTEGER REFERENCES name,"
    "  complexity INTEGER,"       /* 0 simple, 1 moderate, 2 complex, 3 deep */
    "  complexity_score INTEGER," /* thousandths */
    "  provider INTEGER REFERENCES name,"
    "  model INTEGER REFERENCES name,"
    "  account INTEGER REFERENCES name,"
    "  user INTEGER REFERENCES name,"
    "  session INTEGER REFERENCES name,"
    "  input_tokens INTEGER,"
    "  output_tokens INTEGER,"
    "  cache_read_tokens INTEGER,"
    "  cache_write_tokens INTEGER,"
    "  cache_write_1h_tokens INTEGER,"
    "  thinking_budget INTEGER,"
    "  thinking_tokens INTEGER,"
    "  cost INTEGER,"     /* nano-dollars, as given */
    "  priced_0 INTEGER," /* by slot, where it was not given */
    "  priced_1 INTEGER,"
    "  latency INTEGER," /* nanoseconds */
    "  success INTEGER,"
    "  quality INTEGER," /* billionths, as given */
    "  rating_count INTEGER NOT NULL,"
    "  rating_sum INTEGER NOT NULL,"
    "  good INTEGER NOT NULL" /* 1: of known, good quality, with known thinking tokens: budgets go by it */
    ");"
    "CREATE UNIQUE INDEX request_by_id ON request(request_id) WHERE request_id IS NOT NULL;"
    "CREATE UNIQUE INDEX request_by_identity ON request(identity) WHERE identity IS NOT NULL;"
    "CREATE INDEX request_by_time ON request(at);"
    "CREATE INDEX request_of_prompt ON request(prompt_hash, at) WHERE prompt_hash IS NOT NULL;"
    "CREATE INDEX request_level ON request(prompt_hash, at)"
    "  WHERE prompt_hash IS NOT NULL AND complexity IS NOT NULL;"
    "CREATE INDEX request_of_workflow ON request(workflow_id) WHERE workflow_id IS NOT NULL;"
    "CREATE INDEX request_of_class ON request(pattern, complexity, thinking_tokens) WHERE good = 1;"
    "CREATE TABLE feedback("
    "  id INTEGER PRIMARY KEY,"
    "  identity BLOB,"
    "  request_id TEXT NOT NULL,"
    "  dated INTEGER NOT NULL," /* 0: at is the time of recording */
    "  at INTEGER NOT NULL,"
    "  content BLOB NOT NULL,"
    "  quality_score INTEGER NOT NULL," /* 1 to 5 */
    "  is_correct INTEGER,"
    "  is_helpful INTEGER,"
    "  comment TEXT,"
    "  user INTEGER REFERENCES name,"
    "  session INTEGER REFERENCES name,"
    "  pattern INTEGER REFERENCES name," /* these four as the record says them; the request's come first */
    "  provider INTEGER REFERENCES name,"
    "  model INTEGER REFERENCES name,"
    "  complexity_score INTEGER"
    ");"
    "CREATE UNIQUE INDEX feedback_by_identity ON feedback(identity) WHERE identity IS NOT NULL;"
    "CREATE INDEX feedback_of_request ON feedback(request_id);"
    "CREATE INDEX feedback_by_time ON feedback(at);"
    "CREATE TABLE budget_patterns("
    "  prompt_hash TEXT NOT NULL PRIMARY KEY,"
    "  complexity_level TEXT,"
    "  avg_budget INTEGER,"
    "  usage_count INTEGER NOT NULL,"
    "  total_quality_score REAL NOT NULL,"
    "  quality_score REAL NOT NULL,"
    "  last_used INTEGER NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    /* the exact sums behind them: tokens used, budgets given, quality in billionths, with and without the assumed */
    "  tokens_known INTEGER NOT NULL, tokens INTEGER NOT NULL,"
    "  budgets_known INTEGER NOT NULL, budgets INTEGER NOT NULL,"
    "  quality_known INTEGER NOT NULL, quality INTEGER NOT NULL,"
    "  quality_total INTEGER NOT NULL"
    ") WITHOUT ROWID;";

static const char routing_tables[] =
    "CREATE TABLE retraining_runs("
    "  id INTEGER PRIMARY KEY,"
    "  run_id TEXT NOT NULL UNIQUE,"
    "  timestamp TEXT NOT NULL,"
    "  run_at INTEGER NOT NULL," /* microseconds */
    "  window_days INTEGER NOT NULL,"
    "  min_samples INTEGER NOT NULL,"
    "  policy TEXT NOT NULL,"
    "  total_feedback INTEGER NOT NULL," /* ratings in the window, of requests whose model and pattern are known */
    "  total_groups INTEGER NOT NULL,"
    "  patterns_updated INTEGER NOT NULL,"
    "  total_changes INTEGER NOT NULL,"
    "  due_seconds INTEGER" /* of --if-due; NULL: run without it */
    ");"
    "CREATE TABLE model_performance_history("
    "  id INTEGER PRIMARY KEY,"
    "  pattern TEXT NOT NULL,"
    "  provider TEXT NOT NULL,"
    "  model TEXT NOT NULL,"
    "  avg_quality_score REAL NOT NULL,"
    "  correctness_rate REAL,"
    "  sample_count INTEGER NOT NULL,"
    "  confidence_level TEXT NOT NULL,"
    "  avg_cost REAL,"
    "  total_cost REAL,"
    "  quality_deviation REAL NOT NULL,"
    "  quality_lower_bound REAL NOT NULL,"
    "  avg_complexity REAL,"
    "  verdict_count INTEGER NOT NULL,"
    "  previous_confidence TEXT,"
    "  updated_at TEXT NOT NULL,"
    "  retraining_run_id TEXT NOT NULL REFERENCES retraining_runs(run_id),"
    "  UNIQUE(pattern, provider, model, retraining_run_id)"
    ");"
    "CREATE INDEX performance_of_run ON model_performance_history(retraining_run_id);"
    "CREATE TABLE routing("
    "  pattern TEXT NOT NULL,"
    "  provider TEXT NOT NULL,"
    "  model TEXT NOT NULL,"
    "  confidence_level TEXT NOT NULL,"
    "  sample_count INTEGER NOT NULL,"
    "  avg_quality_score REAL NOT NULL,"
    "  quality_lower_bound REAL NOT NULL,"
    "  correctness_rate REAL,"
    "  avg_cost REAL,"
    "  chosen_by TEXT NOT NULL," /* the policies that take it, a JSON array */
    "  updated_at TEXT NOT NULL,"
    "  retraining_run_id TEXT NOT NULL REFERENCES retraining_runs(run_id),"
    "  PRIMARY KEY(pattern, provider, model)"
    ") WITHOUT ROWID;"
    "CREATE TABLE advice("
    "  request_id TEXT NOT NULL PRIMARY KEY,"
    "  at INTEGER NOT NULL,"
    "  pattern INTEGER REFERENCES name,"
    "  complexity INTEGER,"
    "  provider INTEGER REFERENCES name,"
    "  model INTEGER REFERENCES name," /* NULL: none was advised */
    "  confidence TEXT NOT NULL,"
    "  thinking_budget INTEGER NOT NULL,"
    "  budget_source TEXT NOT NULL,"
    "  policy TEXT NOT NULL"
    ") WITHOUT ROWID;";

/* clang-format off */
static const char workflow_view[] =
    "DROP VIEW workflow_history;"
    "CREATE VIEW workflow_history AS SELECT"
    "  w.workflow_id, w.nl_input, t.text AS workflow_template, m.text AS model_used,"
    "  CASE w.status WHEN 0 THEN 'pending' WHEN 1 THEN 'running' WHEN 2 THEN 'completed' ELSE 'failed' END AS status,"
    "  w.error_message, w.error_count, w.retry_count, w.duration_ms / 1000.0 AS duration_seconds,"
    "  w.input_tokens, w.output_tokens, w.cache_read_tokens, w.cache_write_tokens, w.cache_write_1h_tokens,"
    "  w.total_tokens, coalesce(w.cost, " PRICED("w") ") / 1000000000.0 AS actual_cost_total, " SOURCE("w") ","
    "  s.text AS session_id, a.text AS account,"
    "  " TEXT_TIME("w.created_at") " AS created_at, " TEXT_TIME("w.updated_at") " AS updated_at,"
    "  " TEXT_TIME("w.recorded_at") " AS recorded_at "
    "FROM workflow w LEFT JOIN name t ON t.id = w.template LEFT JOIN name m ON m.id = w.model"
    "  LEFT JOIN name s ON s.id = w.session LEFT JOIN name a ON a.id = w.account;";

static const char request_views[] =
    "CREATE VIEW routing_metrics AS SELECT"
    "  r.request_id, " TEXT_TIME("r.at") " AS timestamp, p.text AS selected_provider, m.text AS selected_model,"
    "  c.text AS pattern_detected, r.complexity_score / 1000.0 AS complexity_score, " LEVEL("r") " AS complexity,"
    "  CASE WHEN r.prompt_hash IS NOT NULL THEN printf('%016x', r.prompt_hash) END AS prompt_hash, r.workflow_id,"
    "  r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, r.cache_write_1h_tokens,"
    "  r.thinking_budget, r.thinking_tokens,"
    "  coalesce(r.cost, " PRICED("r") ") / 1000000000.0 AS cost, " SOURCE("r") ","
    "  r.latency / 1000000.0 AS latency_ms, r.success, r.quality / 1000000000.0 AS quality_score,"
    "  a.text AS account, u.text AS user_id, s.text AS session_id, " TEXT_TIME("r.recorded_at") " AS recorded_at "
    "FROM request r LEFT JOIN name p ON p.id = r.provider LEFT JOIN name m ON m.id = r.model"
    "  LEFT JOIN name c ON c.id = r.pattern LEFT JOIN name a ON a.id = r.account"
    "  LEFT JOIN name u ON u.id = r.user LEFT JOIN name s ON s.id = r.session;"
    "CREATE VIEW response_feedback AS SELECT"
    "  f.id, f.request_id, " TEXT_TIME("f.at") " AS timestamp, f.quality_score, f.is_correct, f.is_helpful,"
    "  c.text AS prompt_pattern, p.text AS selected_provider, m.text AS selected_model,"
    "  coalesce(r.complexity_score, f.complexity_score) / 1000.0 AS complexity_score,"
    "  u.text AS user_id, s.text AS session_id, f.comment "
    "FROM feedback f LEFT JOIN request r ON r.request_id = f.request_id"
    "  LEFT JOIN name c ON c.id = coalesce(r.pattern, f.pattern)"
    "  LEFT JOIN name p ON p.id = coalesce(CASE WHEN r.model IS NULL"
    "    AND r.provider = (SELECT id FROM name WHERE text = 'unknown')"
    "    THEN f.provider END, r.provider, f.provider)"
    "  LEFT JOIN name m ON m.id = coalesce(r.model, f.model)"
    "  LEFT JOIN name u ON u.id = f.user LEFT JOIN name s ON s.id = f.session;"
    "CREATE VIEW routing_advice AS SELECT"
    "  v.request_id, " TEXT_TIME("v.at") " AS timestamp, c.text AS pattern, " LEVEL("v") " AS complexity,"
    "  p.text AS provider, m.text AS model, v.confidence, v.thinking_budget, v.budget_source, v.policy,"
    "  r.model = v.model AS followed " /* NULL: nothing was advised, or the request is not known */
    "FROM advice v LEFT JOIN request r ON r.request_id = v.request_id LEFT JOIN name c ON c.id = v.pattern"
    "  LEFT JOIN name p ON p.id = v.provider LEFT JOIN name m ON m.id = v.model;";
/* clang-format on */

static const char *const version_2[] = {wider_tables,  request_tables, routing_tables,
                                        workflow_view, request_views,  NULL};

/* -- version 3: caches ------------------------------------------------------------------------------------------ */

static const char cache_tables[] =
    "DELETE FROM source;" /* as in version 2 */
    "CREATE TABLE cache_signature("
    "  id INTEGER PRIMARY KEY,"
    "  signature_hash INTEGER NOT NULL UNIQUE," /* the first 64 bits of its SHA-256 */
    "  signature TEXT NOT NULL"
    ");"
    "CREATE TABLE cache_event("
    "  id INTEGER PRIMARY KEY,"
    "  identity BLOB," /* NULL: nothing tells it from others */
    "  dated INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  content INTEGER NOT NULL,"
    "  event INTEGER NOT NULL," /* 0 hit, 1 miss, 2 write */
    "  signature INTEGER NOT NULL REFERENCES cache_signature,"
    "  account INTEGER REFERENCES name,"
    "  user INTEGER REFERENCES name,"
    "  duration INTEGER,"   /* nanoseconds of the lookup, or of the write */
    "  cost_saved INTEGER," /* nano-dollars */
    "  size INTEGER"        /* bytes */
    ");"
    "CREATE UNIQUE INDEX cache_event_by_identity ON cache_event(identity) WHERE identity IS NOT NULL;"
    "CREATE INDEX cache_event_by_time ON cache_event(at);"
    /* What follows carries an epoch: a reset begins another one. A sum that SQLite adds up and that does not fit would
     * become a REAL, and is refused. */
    "CREATE TABLE cache_state("
    "  id INTEGER PRIMARY KEY CHECK(id = 1),"
    "  epoch INTEGER NOT NULL,"
    "  after_id INTEGER NOT NULL," /* events up to this id were forgotten */
    "  from_at INTEGER,"           /* and those from before; NULL: never reset */
    "  updated_at INTEGER"         /* the last write */
    ");"
    "INSERT INTO cache_state(id, epoch, after_id) VALUES(1, 0, 0);"
    "CREATE TABLE cache_sum("
    "  epoch INTEGER NOT NULL,"
    "  signature INTEGER NOT NULL REFERENCES cache_signature,"
    "  hits INTEGER NOT NULL, misses INTEGER NOT NULL, writes INTEGER NOT NULL,"
    "  lookups_known INTEGER NOT NULL, lookups INTEGER NOT NULL," /* nanoseconds */
    "  saved_known INTEGER NOT NULL, saved INTEGER NOT NULL,"     /* by hits, nano-dollars */
    "  first_written INTEGER, first_hit INTEGER, last_hit INTEGER, last_written INTEGER,"
    "  size_at INTEGER, size INTEGER," /* of the newest event that knows it */
    "  PRIMARY KEY(epoch, signature)"
    ") WITHOUT ROWID;"
    "CREATE INDEX cache_top ON cache_sum(epoch, hits);"
    "CREATE TABLE cache_total("
    "  epoch INTEGER PRIMARY KEY,"
    "  cached INTEGER NOT NULL," /* signatures that were hit or written */
    "  sized INTEGER NOT NULL, bytes INTEGER NOT NULL CHECK(typeof(bytes) = 'integer')" /* those of known size */
    ");"
    "CREATE TABLE cache_hour("
    "  epoch INTEGER NOT NULL,"
    "  hour INTEGER NOT NULL," /* hours since 1970 */
    "  hits INTEGER NOT NULL, misses INTEGER NOT NULL, writes INTEGER NOT NULL,"
    "  saved_known INTEGER NOT NULL, saved INTEGER NOT NULL CHECK(typeof(saved) = 'integer'),"
    "  PRIMARY KEY(epoch, hour)"
    ") WITHOUT ROWID;"
    "CREATE TABLE cache_party("
    "  epoch INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL," /* 0 account, 1 user */
    "  name INTEGER NOT NULL REFERENCES name,"
    "  hits INTEGER NOT NULL, misses INTEGER NOT NULL, writes INTEGER NOT NULL,"
    "  saved_known INTEGER NOT NULL, saved INTEGER NOT NULL CHECK(typeof(saved) = 'integer'),"
    "  PRIMARY KEY(epoch, kind, name)"
    ") WITHOUT ROWID;"
    "CREATE TABLE cache_histogram("
    "  epoch INTEGER NOT NULL,"
    "  span INTEGER NOT NULL,"  /* 0 of all, 1 of a day, 2 of an hour */
    "  start INTEGER NOT NULL," /* days or hours since 1970 */
    "  kind INTEGER NOT NULL,"  /* 0 lookups, 1 writes */
    "  bucket INTEGER NOT NULL,"
    "  count INTEGER NOT NULL,"
    "  PRIMARY KEY(epoch, span, start, kind, bucket)"
    ") WITHOUT ROWID;";

/* clang-format off */
#define COUNTED(event) \
    event ".id > st.after_id AND (st.from_at IS NULL OR " event ".at >= st.from_at)"
/* The 95th percentile of lookups, in nanoseconds, between two ages in microseconds before the last write. */
#define LOOKUP_P95(oldest, newest) \
    "(SELECT min(duration) FROM (SELECT e.duration, row_number() OVER (ORDER BY e.duration) AS rank," \
    "  count(*) OVER () AS total FROM cache_event e, cache_state st WHERE e.at > st.updated_at - " oldest \
    "  AND e.at <= st.updated_at - " newest " AND e.event < 2 AND e.duration IS NOT NULL AND " COUNTED("e") ")" \
    " WHERE rank * 100 >= 95 * total)"
#define PERCENTILE(kind, percent) \
    "(SELECT min(value_ms) FROM cache_times WHERE kind = " kind " AND running * 100 >= " percent " * total)"

static const char cache_views[] =
    "CREATE VIEW signature_stats AS SELECT"
    "  s.id, printf('%016x', s.signature_hash) AS signature_hash, s.signature, c.hits AS reuse_count,"
    "  coalesce(c.first_written, c.first_hit) / 1000000 AS first_cached,"
    "  coalesce(c.last_hit, c.last_written) / 1000000 AS last_used,"
    "  (c.saved + (c.hits - c.saved_known) * 1000000) / 1000000000.0 AS cost_saved,"
    "  c.lookups / 1000000.0 / nullif(c.lookups_known, 0) AS avg_lookup_time, c.hits >= 3 AS high_value "
    "FROM cache_sum c JOIN cache_signature s ON s.id = c.signature "
    "WHERE c.epoch = (SELECT epoch FROM cache_state);"
    "CREATE VIEW cache_times AS SELECT kind, (CASE WHEN bucket < 256 THEN bucket"
    "    ELSE (bucket - (bucket / 128 - 1) * 128) * (1 << (bucket / 128 - 1)) + ((1 << (bucket / 128 - 1)) - 1) / 2.0"
    "    END) / 1000000.0 AS value_ms, count, sum(count) OVER (PARTITION BY kind ORDER BY bucket) AS running,"
    "  sum(count) OVER (PARTITION BY kind) AS total "
    "FROM cache_histogram WHERE epoch = (SELECT epoch FROM cache_state) AND span = 0;"
    "CREATE VIEW cache_metrics AS SELECT"
    "  1 AS id, t.hits AS hit_count, t.misses AS miss_count,"
    "  t.hits * 1.0 / nullif(t.hits + t.misses, 0) AS hit_rate, t.saved / 1000000000.0 AS total_cost_saved,"
    "  100.0 * t.saved / nullif(t.saved + t.misses * 1000000, 0) AS savings_percentage,"
    "  " PERCENTILE("0", "50") " AS lookup_p50, " PERCENTILE("0", "95") " AS lookup_p95,"
    "  " PERCENTILE("0", "99") " AS lookup_p99, " PERCENTILE("1", "95") " AS write_p95,"
    "  coalesce((SELECT bytes + (cached - sized) * 500 FROM cache_total WHERE epoch = st.epoch), 0) AS memory_usage,"
    "  coalesce(" LOOKUP_P95("86400000000", "0") " > 1.2 * " LOOKUP_P95("691200000000", "86400000000") ", 0)"
    "  AS degradation_alert, " TEXT_TIME("st.updated_at") " AS updated_at "
    "FROM cache_state st, (SELECT coalesce(sum(hits), 0) AS hits, coalesce(sum(misses), 0) AS misses,"
    "  coalesce(sum(saved + (hits - saved_known) * 1000000), 0) AS saved FROM cache_hour"
    "  WHERE epoch = (SELECT epoch FROM cache_state)) t;";
/* clang-format on */

static const char *const version_3[] = {cache_tables, cache_views, NULL};

/* -- version 4: turns of sessions, revisions ---------------------------------------------------------------------- */

static const char turn_tables[] =
    "DELETE FROM source;"                                              /* as in version 2 */
    "ALTER TABLE workflow ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;" /* 1: its figures are those of its requests */
    "ALTER TABLE workflow ADD COLUMN revision INTEGER;"
    "ALTER TABLE request ADD COLUMN revision INTEGER;"
    "CREATE INDEX request_of_session ON request(session, at) WHERE session IS NOT NULL;"
    "CREATE TABLE turn("
    "  workflow INTEGER NOT NULL REFERENCES workflow,"
    "  session INTEGER NOT NULL REFERENCES name," /* in which it was seen */
    "  at INTEGER,"                               /* the workflow's created_at; NULL: it is no turn any more */
    "  PRIMARY KEY(workflow, session)"
    ") WITHOUT ROWID;"
    "CREATE INDEX turn_of_session ON turn(session, at);"
    "CREATE TABLE step("
    "  id INTEGER PRIMARY KEY,"
    "  identity BLOB," /* NULL: nothing tells it from others */
    "  dated INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  content INTEGER NOT NULL,"
    "  session INTEGER NOT NULL REFERENCES name,"
    "  step INTEGER NOT NULL," /* 0 tool, 1 stop */
    "  tool INTEGER REFERENCES name,"
    "  success INTEGER"
    ");"
    "CREATE UNIQUE INDEX step_by_identity ON step(identity) WHERE identity IS NOT NULL;"
    "CREATE INDEX step_of_session ON step(session, at);";

/* clang-format off */
/* Of the workflow "w", whose keywords are the name "k". */
#define CHARACTERISTICS \
    "json_object('input_length', w.input_length, 'keywords', CASE WHEN json_valid(k.text) THEN json(k.text) END," \
    "  'files_mentioned', CASE WHEN json_valid(coalesce(w.files, '[]')) THEN json(coalesce(w.files, '[]')) END," \
    "  'duration_range', CASE WHEN w.duration_ms IS NULL THEN NULL WHEN w.duration_ms < 180000 THEN 'short'" \
    "    WHEN w.duration_ms < 600000 THEN 'medium' ELSE 'long' END," \
    "  'complexity', CASE WHEN w.complexity = 2 OR w.error_count > 5 THEN 'complex'" \
    "    WHEN w.complexity = 0 AND coalesce(w.error_count, 0) < 3 THEN 'simple' ELSE 'medium' END," \
    "  'error_count', w.error_count)"

static const char turn_views[] =
    "DROP VIEW workflow_history;"
    "CREATE VIEW workflow_history AS SELECT"
    "  w.workflow_id, w.nl_input, t.text AS workflow_template, m.text AS model_used,"
    "  CASE w.status WHEN 0 THEN 'pending' WHEN 1 THEN 'running' WHEN 2 THEN 'completed' ELSE 'failed' END AS status,"
    "  w.error_message, w.error_count, w.retry_count, w.duration_ms / 1000.0 AS duration_seconds,"
    "  w.input_tokens, w.output_tokens, w.cache_read_tokens, w.cache_write_tokens, w.cache_write_1h_tokens,"
    "  w.total_tokens, coalesce(w.cost, " PRICED("w") ") / 1000000000.0 AS actual_cost_total, "
    "  CASE WHEN w.turn = 1 AND " PRICED("w") " IS NOT NULL THEN 'summed' ELSE " SOURCE_OF("w") " END AS cost_source,"
    "  s.text AS session_id, a.text AS account,"
    "  " TEXT_TIME("w.created_at") " AS created_at, " TEXT_TIME("w.updated_at") " AS updated_at,"
    "  " TEXT_TIME("w.recorded_at") " AS recorded_at "
    "FROM workflow w LEFT JOIN name t ON t.id = w.template LEFT JOIN name m ON m.id = w.model"
    "  LEFT JOIN name s ON s.id = w.session LEFT JOIN name a ON a.id = w.account;"
    "DROP VIEW pattern_occurrences;"
    "CREATE VIEW pattern_occurrences AS SELECT"
    "  (o.workflow << 20) | o.pattern AS id, o.pattern AS pattern_id, w.workflow_id, 100.0 AS similarity_score,"
    "  " CHARACTERISTICS " AS matched_characteristics, " TEXT_TIME("w.recorded_at") " AS detected_at "
    "FROM occurrence o JOIN workflow w ON w.id = o.workflow JOIN name k ON k.id = o.keywords "
    "WHERE o.slot = (SELECT slot FROM state);"
    "CREATE VIEW session_steps AS SELECT s.id, n.text AS session_id, " TEXT_TIME("s.at") " AS timestamp,"
    "  CASE s.step WHEN 0 THEN 'tool' ELSE 'stop' END AS step, t.text AS tool_name, s.success "
    "FROM step s JOIN name n ON n.id = s.session LEFT JOIN name t ON t.id = s.tool;"
    "CREATE VIEW session_turns AS SELECT w.workflow_id, n.text AS session_id, " TEXT_TIME("t.at") " AS created_at "
    "FROM turn t JOIN workflow w ON w.id = t.workflow JOIN name n ON n.id = t.session WHERE t.at IS NOT NULL;";

/* clang-format on */

static const char *const version_4[] = {turn_tables, turn_views, NULL};

/* -- version 5: features of prompts, predictors ------------------------------------------------------------------- */

/* clang-format off */
/* What all predictors of the last retraining share, and each by itself; numbers in blobs are little-endian. Versions 5
 * and 7 made them so: another shape is another version's. */
#define PREDICTOR_TABLES \
    "CREATE TABLE predictor_base(" \
    "  id INTEGER PRIMARY KEY CHECK(id = 1)," \
    "  features_version INTEGER NOT NULL," \
    "  known BLOB NOT NULL,"  /* a bit for each bucket, the lowest first: whether it was learned of */ \
    "  scales BLOB NOT NULL," /* a byte for each known bucket: how much it counts, in 16ths */ \
    "  length_mean REAL NOT NULL, length_deviation REAL NOT NULL," /* of prompts */ \
    "  recent INTEGER NOT NULL" /* prompts that the predictors' recent predictions are of */ \
    ");" \
    "CREATE TABLE predictors(" \
    "  id INTEGER PRIMARY KEY," \
    "  provider TEXT NOT NULL," \
    "  model TEXT NOT NULL," \
    "  verdict_count INTEGER NOT NULL," \
    "  good_rate REAL NOT NULL," \
    "  brier_score REAL NOT NULL,"      /* of prompts that it was not trained on */ \
    "  base_brier_score REAL NOT NULL," /* of always predicting good_rate */ \
    "  avg_cost REAL," \
    "  updated_at TEXT NOT NULL," \
    "  retraining_run_id TEXT NOT NULL REFERENCES retraining_runs(run_id)," \
    "  least_predicted REAL NOT NULL, most_predicted REAL NOT NULL," /* of what was held out: bounds of predictions */ \
    "  intercept REAL NOT NULL, length_weight REAL NOT NULL," \
    "  unit REAL NOT NULL,"    /* of the weights */ \
    "  weights BLOB NOT NULL," /* a byte for each known bucket: their roots, with their signs */ \
    "  recent BLOB NOT NULL,"  /* a float for each recent prompt: its prediction */ \
    "  UNIQUE(provider, model)" \
    ");" \
    "CREATE TABLE predictor_calibration(" \
    "  provider TEXT NOT NULL," \
    "  model TEXT NOT NULL," \
    "  bin INTEGER NOT NULL," /* tenths of the prediction, 0 to 9 */ \
    "  verdict_count INTEGER NOT NULL," \
    "  good_count INTEGER NOT NULL," \
    "  avg_predicted REAL NOT NULL," \
    "  PRIMARY KEY(provider, model, bin)" \
    ") WITHOUT ROWID;"
/* clang-format on */

static const char predictor_tables[] =
    "DELETE FROM source;" /* as in version 2: prompts that are read again get their features */
    "CREATE TABLE prompt_features("
    "  id INTEGER PRIMARY KEY,"
    "  prompt_hash INTEGER NOT NULL UNIQUE,"
    "  version INTEGER NOT NULL," /* of what features are made of */
    "  features BLOB NOT NULL"
    ");"
    PREDICTOR_TABLES
    "ALTER TABLE advice ADD COLUMN predicted REAL;"; /* of the advised model */

/* clang-format off */
static const char predictor_views[] =
    "DROP VIEW routing_advice;"
    "CREATE VIEW routing_advice AS SELECT"
    "  v.request_id, " TEXT_TIME("v.at") " AS timestamp, c.text AS pattern, " LEVEL("v") " AS complexity,"
    "  p.text AS provider, m.text AS model, v.confidence, v.predicted, v.thinking_budget, v.budget_source, v.policy,"
    "  r.model = v.model AS followed " /* NULL: nothing was advised, or the request is not known */
    "FROM advice v LEFT JOIN request r ON r.request_id = v.request_id LEFT JOIN name c ON c.id = v.pattern"
    "  LEFT JOIN name p ON p.id = v.provider LEFT JOIN name m ON m.id = v.model;";
/* clang-format on */

static const char *const version_5[] = {predictor_tables, predictor_views, NULL};

/* -- version 6: sets of patterns -------------------------------------------------------------------------------- */

/* clang-format off */
/* What workflows show in a slot, from the table of version 1. */
#define SETS_OF(slot) \
    "UPDATE workflow SET keywords_" slot " = o.keywords, pattern_set_" slot " = s.id FROM "                            \
    "(SELECT workflow, max(keywords) AS keywords, json_group_array(pattern) AS patterns FROM"                          \
    "  (SELECT workflow, keywords, pattern FROM occurrence WHERE slot = " slot " ORDER BY workflow, pattern)"          \
    "  GROUP BY workflow) o JOIN pattern_set s ON s.patterns = o.patterns "                                            \
    "WHERE workflow.id = o.workflow AND (SELECT slot FROM state) = " slot ";"

static const char set_tables[] =
    "UPDATE state SET rebuild = NULL, rebuild_at = NULL, rebuild_request_at = NULL, rebuild_beat = NULL;"
    "DELETE FROM rebuild_log;"
    "CREATE TABLE pattern_set("
    "  id INTEGER PRIMARY KEY,"
    "  patterns TEXT NOT NULL UNIQUE CHECK(json_valid(patterns))" /* ids in ascending order, a JSON array */
    ");"
    "INSERT INTO pattern_set(patterns) SELECT DISTINCT patterns FROM (SELECT json_group_array(pattern) AS patterns"
    "  FROM (SELECT workflow, pattern FROM occurrence WHERE slot = (SELECT slot FROM state) ORDER BY workflow, pattern)"
    "  GROUP BY workflow);"
    "ALTER TABLE workflow ADD COLUMN pattern_set_0 INTEGER REFERENCES pattern_set;" /* by slot; NULL: shows none */
    "ALTER TABLE workflow ADD COLUMN pattern_set_1 INTEGER REFERENCES pattern_set;"
    "ALTER TABLE workflow ADD COLUMN keywords_0 INTEGER REFERENCES name;" /* by slot, a JSON array */
    "ALTER TABLE workflow ADD COLUMN keywords_1 INTEGER REFERENCES name;"
    SETS_OF("0") SETS_OF("1")
    /* Within thirty days in the order of rows, so that what is recorded goes to the end of a range even where times
     * come in no order, and the latest are found all the same; with the times, so that no row is read for them. */
    "CREATE INDEX workflow_shows_0 ON workflow(pattern_set_0, created_at / 2592000000000, id, created_at)"
    "  WHERE pattern_set_0 IS NOT NULL;"
    "CREATE INDEX workflow_shows_1 ON workflow(pattern_set_1, created_at / 2592000000000, id, created_at)"
    "  WHERE pattern_set_1 IS NOT NULL;";

#define IN_FORCE(column) "CASE st.slot WHEN 0 THEN w." column "_0 ELSE w." column "_1 END"

static const char set_views[] =
    "DROP VIEW pattern_occurrences;"
    "DROP TABLE occurrence;"
    "DROP INDEX request_level;" /* request_of_prompt does */
    "CREATE VIEW pattern_occurrences AS SELECT"
    "  (w.id << 20) | p.value AS id, p.value AS pattern_id, w.workflow_id, 100.0 AS similarity_score,"
    "  " CHARACTERISTICS " AS matched_characteristics, " TEXT_TIME("w.recorded_at") " AS detected_at "
    "FROM state st JOIN workflow w JOIN pattern_set s ON s.id = " IN_FORCE("pattern_set") " "
    "JOIN json_each(s.patterns) p LEFT JOIN name k ON k.id = " IN_FORCE("keywords") ";";
/* clang-format on */

static const char *const version_6[] = {set_tables, set_views, NULL};

/* -- version 7: records that were removed, spools ------------------------------------------------------------------ */

/* clang-format off */
static const char removal_tables[] =
    "UPDATE state SET rebuild = NULL, rebuild_at = NULL, rebuild_request_at = NULL, rebuild_beat = NULL;"
    "DELETE FROM rebuild_log;"
    "ALTER TABLE state ADD COLUMN kept_since INTEGER;" /* records of earlier times were pruned; NULL: none was */
    "ALTER TABLE state ADD COLUMN pruned_to INTEGER;" /* all of earlier times are gone; NULL: none were pruned whole */
    "ALTER TABLE state ADD COLUMN removals INTEGER NOT NULL DEFAULT 0;" /* how often something was removed */
    "CREATE TABLE removed(trace BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;" /* hashes of what stays out */
    "CREATE TABLE spool("
    "  path TEXT NOT NULL PRIMARY KEY,"
    "  records INTEGER NOT NULL," /* taken in from it so far */
    "  taken_at INTEGER"          /* the last time; NULL: never */
    ") WITHOUT ROWID;"
    /* features were made of fewer buckets once, and predictors had fewer columns, under one version: both are learned
     * again, of files that are read once more, and by the next retraining */
    "DELETE FROM source; DELETE FROM prompt_features;"
    "DROP TABLE predictor_base; DROP TABLE predictors; DROP TABLE predictor_calibration;"
    PREDICTOR_TABLES;
/* clang-format on */

static const char *const version_7[] = {removal_tables, NULL};

const struct migration schema_versions[SCHEMA_VERSION] = {
    {version_1}, {version_2}, {version_3}, {version_4}, {version_5}, {version_6}, {version_7}};
