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
#include "base/file.h"
#include "ledger/copies.h"
#include "ledger/versions.h"

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
    if (application != SCHEMA_APPLICATION && (application != 0 || version != 0 || has_tables(db)))
        db_fail(db, "is another program's database: name another with --db");
    else if (version < 0)
        db_fail(db, "is damaged (schema %lld): restore a copy, or read the logs again into a new one",
                (long long)version);
    else if (version > SCHEMA_VERSION)
        db_fail(db, "is of a newer version (schema %lld; this program knows %d): upgrade pl", (long long)version,
                SCHEMA_VERSION);
    return version;
}

void schema_migrate(struct db *db, const struct migration *steps, int count) {
    struct text pragmas = {0};
    text_format(&pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION, count);
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

/* Keeps what was there before a migration beside the database, as PATH.v1. The first stays: of two processes at once
 * the later one may find what the other has already brought forward. */
static void keep_copy(struct db *db, int64_t version) {
    struct text path = {0};
    text_format(&path, "%s.v%lld", db_path(db), (long long)version);
    if (!copies_keep(db, path.s))
        db_fail(db, "no copy of it can be kept beside it before it is brought forward: %s", strerror(errno));
    text_free(&path);
}

static void bring_forward(struct db *db) {
    int64_t version = known_version(db);
    if (db_failed(db) || version == SCHEMA_VERSION)
        return;
    if (version > 0 && *db_path(db) != '\0') /* a temporary one is a copy itself */
        keep_copy(db, version);
    schema_migrate(db, schema_versions, SCHEMA_VERSION);
}

void schema_check(struct db *db) {
    if (db_value(db, "PRAGMA user_version", SCHEMA_VERSION) != SCHEMA_VERSION)
        db_fail(db, "has been brought forward by a newer version of pl meanwhile: start again");
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

static void remove_all(const char *path) {
    file_remove(path, "");
    file_remove(path, "-wal");
    file_remove(path, "-shm");
}

/* A whole new database at PATH, which nobody else knows yet. No need to be durable before it has its name; but no log,
 * which would be copied into it when it is closed, where nothing says that there is no room. */
static bool build_at(const char *path, struct text *error) {
    remove_all(path);
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        text_format(error, "%s", strerror(errno));
        return false;
    }
    struct db *db = db_open(path, DB_WRITE);
    db_script(db, "PRAGMA page_size = 16384; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
    schema_migrate(db, schema_versions, SCHEMA_VERSION);
    db_script(db, "PRAGMA journal_mode = WAL");
    if (db_failed(db))
        text_string(error, db_error(db));
    db_close(db);
    if (error->n == 0 && fsync(fd) != 0)
        text_format(error, "%s", strerror(errno));
    close(fd);
    if (error->n > 0)
        remove_all(path);
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
        file_remove(path, "-wal");
        file_remove(path, "-shm");
        if (rename(fresh.s, path) != 0 || fsync(directory) != 0) {
            text_format(error, "%s", strerror(errno));
            remove_all(fresh.s);
        }
    }
    text_free(&fresh);
}

static void create_locked(const char *path, struct text *error) {
    char *copy = xstrdup(path);
    const char *parent = dirname(copy);
    int directory = -1;
    if (!make_directories(parent))
        text_format(error, "cannot make its directory: %s", strerror(errno));
    else if ((directory = file_lock_directory(path)) < 0)
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

static struct db *open_there(const char *path, enum db_access how, int64_t *version) {
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return db_broken(path, "there is no database: pl-record or pl-backfill makes one");
    struct db *db = db_open(path, how);
    *version = known_version(db);
    return db;
}

static struct db *open_as(const char *path, enum db_access how) {
    int64_t version = 0;
    struct db *db = open_there(path, how, &version);
    if (!db_failed(db) && version < SCHEMA_VERSION)
        db_fail(db, "is of an older version: run pl-record -d %s </dev/null to bring it forward", path);
    return db;
}

struct db *schema_open_any(const char *path) {
    int64_t version;
    return open_there(path, DB_READ, &version);
}

struct db *schema_open_read(const char *path) {
    return open_as(path, DB_READ);
}

struct db *schema_open_glance(const char *path) {
    return open_as(path, DB_GLANCE);
}

struct db *schema_open_copy(const char *path) {
    struct db *db = missing_or_empty(path) ? db_open("", DB_WRITE) : db_copy(path);
    bring_forward(db);
    return db;
}
