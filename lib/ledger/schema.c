#include "ledger/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* "pl" in ASCII, and its schema: tells our databases from other programs'. */
static const int APPLICATION_ID = 1886142576;

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

static const struct migration migrations[] = {{version_1}};

enum { VERSION = sizeof migrations / sizeof *migrations };

/* -- versions --------------------------------------------------------------------------------------------------- */

static bool has_tables(struct db *db) {
    return db_value(db, "SELECT count(*) FROM sqlite_schema", 0) > 0;
}

/* Fails the connection on what is not ours, or newer than this program. */
static int64_t known_version(struct db *db) {
    int64_t version = db_value(db, "PRAGMA user_version", 0);
    int64_t application = db_value(db, "PRAGMA application_id", 0);
    if (db_failed(db))
        return version;
    if (application != APPLICATION_ID && (application != 0 || version != 0 || has_tables(db)))
        db_fail(db, "is another program's database: name another with --db");
    else if (version > VERSION)
        db_fail(db, "is of a newer version (schema %lld; this program knows %d): upgrade pl", (long long)version,
                VERSION);
    return version;
}

void schema_migrate(struct db *db, const struct migration *steps, int count) {
    struct text pragmas = {0};
    text_format(&pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, count);
    db_begin(db);
    int64_t version = db_value(db, "PRAGMA user_version", 0); /* another process may have been faster */
    for (int64_t step = version; step < count; step++)
        for (const char *const *script = steps[step].scripts; *script != NULL; script++)
            db_script(db, *script);
    if (version < count)
        db_script(db, pragmas.s);
    db_commit(db);
    text_free(&pragmas);
}

/* Keeps what was there before a migration beside the database, as PATH.v1, once. It takes that name when it is whole;
 * of two processes at once each makes its own, and the copies are equal. */
static void keep_copy(struct db *db, int64_t version) {
    struct text path = {0}, fresh = {0};
    text_format(&path, "%s.v%lld", db_path(db), (long long)version);
    text_format(&fresh, "%s.%lld", path.s, (long long)getpid());
    if (access(path.s, F_OK) != 0) {
        int fd = open(fresh.s, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
        bool saved = fd >= 0 && db_save(db, fresh.s) && fsync(fd) == 0 && rename(fresh.s, path.s) == 0;
        if (!saved)
            db_fail(db, "no copy of it can be kept beside it before it is brought forward: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    text_free(&path);
    text_free(&fresh);
}

static void bring_forward(struct db *db) {
    int64_t version = known_version(db);
    if (db_failed(db) || version == VERSION)
        return;
    if (version > 0)
        keep_copy(db, version);
    schema_migrate(db, migrations, VERSION);
}

/* -- files ------------------------------------------------------------------------------------------------------ */

static bool missing_or_empty(const char *path) {
    struct stat status;
    return stat(path, &status) != 0 ? errno == ENOENT : S_ISREG(status.st_mode) && status.st_size == 0;
}

/* Makes DIRECTORY and those above it that are missing, private. */
static bool make_directories(const char *directory) {
    struct stat status;
    if (stat(directory, &status) == 0)
        return S_ISDIR(status.st_mode);
    char *copy = xstrdup(directory);
    const char *parent = dirname(copy);
    bool made = strcmp(parent, directory) != 0 && make_directories(parent);
    free(copy);
    return made && (mkdir(directory, 0700) == 0 || errno == EEXIST);
}

static void remove_with(const char *path, const char *suffix) {
    struct text name = {0};
    text_format(&name, "%s%s", path, suffix);
    unlink(name.s);
    text_free(&name);
}

/* A whole new database at PATH, which nobody else knows yet. No need to be durable before it has its name. */
static bool build_at(const char *path, struct text *error) {
    remove_with(path, "");
    remove_with(path, "-wal");
    remove_with(path, "-shm");
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        text_format(error, "%s", strerror(errno));
        return false;
    }
    struct db *db = db_open(path, DB_WRITE);
    db_script(db, "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    schema_migrate(db, migrations, VERSION);
    if (db_failed(db))
        text_string(error, db_error(db));
    db_close(db);
    if (error->n == 0 && fsync(fd) != 0)
        text_format(error, "%s", strerror(errno));
    close(fd);
    return error->n == 0;
}

/* The new database takes its name whole and at once, under a lock on the directory, so that of many processes that
 * begin together one makes it, and none ever sees half of it. (SQLite's switch to WAL does not wait for locks.) */
static void create(const char *path, int directory, struct text *error) {
    struct text fresh = {0};
    if (!missing_or_empty(path))
        return;
    text_format(&fresh, "%s.new", path);
    if (build_at(fresh.s, error)) {
        /* what a removed database may have left would be taken for this one's */
        remove_with(path, "-wal");
        remove_with(path, "-shm");
        if (rename(fresh.s, path) != 0 || fsync(directory) != 0)
            text_format(error, "%s", strerror(errno));
    }
    text_free(&fresh);
}

static void create_locked(const char *path, struct text *error) {
    char *copy = xstrdup(path);
    const char *parent = dirname(copy);
    int directory = -1;
    if (!make_directories(parent))
        text_format(error, "cannot make its directory: %s", strerror(errno));
    else if ((directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 || flock(directory, LOCK_EX) != 0)
        text_format(error, "cannot lock its directory: %s", strerror(errno));
    else
        create(path, directory, error);
    if (directory >= 0)
        close(directory);
    free(copy);
}

struct db *schema_open_write(const char *path) {
    struct text error = {0};
    if (*path != '\0' && missing_or_empty(path))
        create_locked(path, &error);
    struct db *db = error.n > 0 ? db_broken(path, "%s", error.s) : db_open(path, DB_WRITE);
    bring_forward(db);
    db_script(db, "PRAGMA journal_mode = WAL");
    text_free(&error);
    return db;
}

struct db *schema_open_read(const char *path) {
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return db_broken(path, "there is no database: pl-record or pl-backfill makes one");
    struct db *db = db_open(path, DB_READ);
    int64_t version = known_version(db);
    if (!db_failed(db) && version < VERSION)
        db_fail(db, "is of an older version: run pl-record -d %s </dev/null to bring it forward", path);
    return db;
}

struct db *schema_open_copy(const char *path) {
    struct db *db = missing_or_empty(path) ? db_open("", DB_WRITE) : db_copy(path);
    bring_forward(db);
    return db;
}
