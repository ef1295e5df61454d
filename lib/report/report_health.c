/* report_health: whether the database, and what goes with it, is well: a row for each thing that was looked at. */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "input/spool.h"
#include "ledger/spools.h"
#include "ledger/usage.h"
#include "ledger/vitals.h"
#include "report/reports_private.h"

struct health {
    const struct report_request *request;
    struct table *table;
    bool bad; /* something is */
};

__attribute__((format(printf, 4, 5))) static void row(struct health *health, const char *check, bool good,
                                                      const char *format, ...) {
    struct text detail = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vformat(&detail, format, arguments);
    va_end(arguments);
    table_text(health->table, span_of(check));
    table_text(health->table, span_of(good ? "good" : "bad"));
    table_text(health->table, text_span(&detail));
    table_integer(health->table, good);
    health->bad = health->bad || !good;
    text_free(&detail);
}

/* An age in the unit that fits. */
static void put_age(struct text *text, int64_t us) {
    int64_t seconds = us > 0 ? us / SECOND_US : 0;
    const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {0, "seconds"}};
    int u = 0;
    while (seconds < 2 * units[u].seconds)
        u++;
    text_format(text, "%lld %s", (long long)(units[u].seconds > 0 ? seconds / units[u].seconds : seconds),
                units[u].unit);
}

static void check_database(struct health *health) {
    struct db *db = health->request->db;
    struct text found = {0};
    int64_t schema = vitals_schema(db);
    if (db_failed(db)) {
        row(health, "database", false, "%s", db_error(db));
        return;
    }
    row(health, "database", true, "%s, schema %lld", db_path(db), (long long)schema);
    vitals_check(db, &found);
    if (db_failed(db))
        row(health, "integrity", false, "%s", db_error(db));
    else
        row(health, "integrity", found.n == 0, "%s", found.n == 0 ? "SQLite's quick check found nothing" : found.s);
    text_free(&found);
}

static void check_last_record(struct health *health) {
    struct text age = {0};
    int64_t oldest = health->request->max_age_from, at = vitals_last_record(health->request->db);
    char when[TIME_TEXT];
    if (db_failed(health->request->db))
        return;
    if (at == NO_TIME) {
        row(health, "last_record", oldest == NO_TIME, "there is none");
        return;
    }
    time_format(at, when);
    put_age(&age, clock_now() - at);
    row(health, "last_record", oldest == NO_TIME || at >= oldest, "%s, %s ago", when, age.s);
    text_free(&age);
}

/* A retraining that runs by --if-due is late when it is overdue by as long as it waits. */
static void check_last_retraining(struct health *health) {
    struct text age = {0};
    struct usage_runs runs = usage_runs(health->request->db);
    int64_t now = clock_now();
    char when[TIME_TEXT];
    if (db_failed(health->request->db))
        return;
    if (runs.last_at == NO_TIME) {
        row(health, "last_retraining", true, "there was none");
        return;
    }
    bool late = runs.next_at != NO_TIME && now - runs.next_at > runs.next_at - runs.last_at;
    time_format(runs.last_at, when);
    put_age(&age, now - runs.last_at);
    row(health, "last_retraining", !late, "%s, %s ago%s", when, age.s, late ? ", and is long due" : "");
    text_free(&age);
}

static void check_spool(struct health *health, const char *path) {
    struct spool_state state;
    struct text error = {0};
    char since[TIME_TEXT] = "";
    if (!spool_look(path, &state, &error)) {
        row(health, "spool", false, "%s", error.s);
    } else if (state.records == 0) {
        row(health, "spool", true, "nothing waits in %s", path);
    } else {
        time_format(state.since, since);
        row(health, "spool", false, "%lld records, %lld bytes, wait in %s%s%s", (long long)state.records,
            (long long)state.bytes, path, *since != '\0' ? " since " : "", since);
    }
    text_free(&error);
}

static void check_spools(struct health *health) {
    const char *own = health->request->spool;
    char *real = own != NULL ? realpath(own, NULL) : NULL;
    struct query *query = db_failed(health->request->db) ? NULL : spools_all(health->request->db);
    bool listed = false;
    while (db_row(query)) {
        const char *path = db_text(query, 0).s;
        listed = listed || (own != NULL && strcmp(path, real != NULL ? real : own) == 0);
        check_spool(health, path);
    }
    if (own != NULL && !listed)
        check_spool(health, own);
    free(real);
}

static void check_disk(struct health *health) {
    struct statvfs disk;
    char *copy = xstrdup(db_path(health->request->db));
    const char *directory = dirname(copy);
    int64_t least = health->request->min_free;
    if (statvfs(directory, &disk) != 0) {
        row(health, "disk", false, "%s: %s", directory, strerror(errno));
    } else {
        int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
        row(health, "disk", free_bytes >= least, "%lld MiB left for %s", (long long)(free_bytes / (1024 * 1024)),
            directory);
    }
    free(copy);
}

int health_report(const struct report_request *request) {
    static const struct column columns[] = {
        {"check", CELL_TEXT, SHOWN},
        {"status", CELL_TEXT, SHOWN},
        {"detail", CELL_TEXT, SHOWN},
        {"good", CELL_COUNT, DETAIL},
    };
    struct health health = {request, table_new("health", columns, sizeof columns / sizeof *columns, false), false};
    check_database(&health);
    check_last_record(&health);
    check_last_retraining(&health);
    check_spools(&health);
    check_disk(&health);
    table_print(health.table, &request->style, request->out);
    table_free(health.table);
    return health.bad ? STATUS_REJECTED : STATUS_GOOD;
}
