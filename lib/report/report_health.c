/* report_health: whether the database, and what goes with it, is well: a row for each thing that was looked at. */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "base/paths.h"
#include "input/spool.h"
#include "ledger/spools.h"
#include "ledger/usage.h"
#include "ledger/vitals.h"
#include "report/reports_private.h"

/* What must be left on the disk: the log and a transaction or two. */
static const int64_t FREE_LEAST = 64 * 1024 * 1024;

struct health {
    const struct report_request *request;
    struct table *table;
    bool bad; /* something is */
};

/* What was looked at: a FILE among several, s NULL for what there is one of, and a figure; NAN: it has none. */
struct looked {
    const char *check, *file;
    bool good;
    double value;
};

/* People and programs read words; Prometheus keeps a series for each set of labels, which must not change. */
__attribute__((format(printf, 3, 4))) static void row(struct health *health, struct looked looked, const char *format,
                                                      ...) {
    bool figures = health->request->style.format == FORMAT_PROMETHEUS;
    struct text detail = {0};
    va_list arguments;
    health->bad = health->bad || !looked.good;
    if (health->request->bad_only && looked.good)
        return;
    va_start(arguments, format);
    text_vformat(&detail, format, arguments);
    va_end(arguments);
    table_text(health->table, span_of(looked.check));
    if (!figures) {
        table_text(health->table, span_of(looked.good ? "good" : "bad"));
        table_text(health->table, text_span(&detail));
    }
    table_text(health->table, looked.file != NULL ? span_of(looked.file) : (struct span){NULL, 0});
    table_integer(health->table, looked.good);
    real_or_null(health->table, looked.value);
    text_free(&detail);
}

static double seconds_since(int64_t at) {
    return (double)(clock_now() - at) / (double)SECOND_US;
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
        row(health, (struct looked){"database", NULL, false, NAN}, "%s", db_error(db));
        return;
    }
    row(health, (struct looked){"database", NULL, true, (double)schema}, "schema %lld, %s", (long long)schema,
        db_path(db));
    vitals_check(db, false, &found);
    if (db_failed(db))
        row(health, (struct looked){"integrity", NULL, false, NAN}, "%s", db_error(db));
    else
        row(health, (struct looked){"integrity", NULL, found.n == 0, NAN}, "%s",
            found.n == 0 ? "SQLite's quick check found nothing" : found.s);
    text_free(&found);
}

/* A reader may well be refused what a writer needs. */
static void check_writing(struct health *health) {
    const char *path = db_path(health->request->db);
    char *copy = xstrdup(path);
    const char *directory = dirname(copy);
    bool good = access(path, W_OK) == 0 && access(directory, W_OK) == 0;
    const char *why = strerror(errno);
    row(health, (struct looked){"writing", NULL, good, NAN}, "%s", good ? "this user may write it" : why);
    free(copy);
}

static void check_last_record(struct health *health) {
    struct text age = {0};
    int64_t oldest = health->request->max_age_from, at = vitals_last_record(health->request->db, clock_now());
    char when[TIME_TEXT];
    if (db_failed(health->request->db))
        return;
    if (at == NO_TIME) {
        row(health, (struct looked){"last_record", NULL, oldest == NO_TIME, NAN}, "there is none");
        return;
    }
    time_format(at, when);
    put_age(&age, clock_now() - at);
    row(health, (struct looked){"last_record", NULL, oldest == NO_TIME || at >= oldest, seconds_since(at)},
        "%s, %s ago", when, age.s);
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
        row(health, (struct looked){"last_retraining", NULL, true, NAN}, "there was none");
        return;
    }
    bool late = runs.next_at != NO_TIME && now - runs.next_at > runs.next_at - runs.last_at;
    time_format(runs.last_at, when);
    put_age(&age, now - runs.last_at);
    row(health, (struct looked){"last_retraining", NULL, !late, seconds_since(runs.last_at)}, "%s, %s ago%s", when,
        age.s, late ? ", and is long due" : "");
    text_free(&age);
}

static void check_spool(void *context, const char *path) {
    struct health *health = context;
    struct spool_state state;
    struct text error = {0};
    char since[TIME_TEXT] = "";
    if (!spool_look(path, &state, &error)) {
        row(health, (struct looked){"spool", path, false, NAN}, "%s", error.s);
    } else if (state.records == 0) {
        row(health, (struct looked){"spool", path, true, 0}, "nothing waits in %s", path);
    } else {
        time_format(state.since, since);
        row(health, (struct looked){"spool", path, false, (double)state.records},
            "%lld record%s, %lld bytes,%s%s in %s", (long long)state.records, state.records == 1 ? "" : "s",
            (long long)state.bytes, *since != '\0' ? " since " : "", since, path);
    }
    text_free(&error);
}

/* The spools that the database knows, and that of the environment. */
static void each_spool(const struct report_request *request, void *context,
                       void (*look)(void *context, const char *path)) {
    char *own = request->spool != NULL ? path_absolute(request->spool) : NULL;
    struct query *query = db_failed(request->db) ? NULL : spools_all(request->db);
    bool listed = own == NULL;
    while (db_row(query)) {
        const char *path = db_text(query, 0).s;
        listed = listed || strcmp(path, own) == 0;
        look(context, path);
    }
    if (!listed)
        look(context, own);
    free(own);
}

static void add_waiting(void *context, const char *path) {
    struct spool_state *all = context, one;
    struct text error = {0};
    if (!spool_look(path, &one, &error))
        complain("warning: %s", error.s);
    all->records += one.records;
    all->bytes += one.bytes;
    if (one.since != NO_TIME && (all->since == NO_TIME || one.since < all->since))
        all->since = one.since;
    text_free(&error);
}

struct spool_state waiting_in_spools(const struct report_request *request) {
    struct spool_state all = {.since = NO_TIME};
    each_spool(request, &all, add_waiting);
    return all;
}

static void check_disk(struct health *health) {
    struct statvfs disk;
    char *copy = xstrdup(db_path(health->request->db));
    const char *directory = dirname(copy);
    if (statvfs(directory, &disk) != 0) {
        row(health, (struct looked){"disk", NULL, false, NAN}, "%s: %s", directory, strerror(errno));
    } else {
        int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
        row(health, (struct looked){"disk", NULL, free_bytes >= FREE_LEAST, (double)free_bytes}, "%lld MiB left for %s",
            (long long)(free_bytes / (1024 * 1024)), directory);
    }
    free(copy);
}

static const struct column words[] = {
    {"check", CELL_TEXT, SHOWN}, {"status", CELL_TEXT, SHOWN}, {"detail", CELL_TEXT, SHOWN},
    {"file", CELL_TEXT, DETAIL}, {"good", CELL_COUNT, DETAIL}, {"value", CELL_REAL, DETAIL},
};

static const struct column gauges[] = {
    {"check", CELL_TEXT, SHOWN},
    {"file", CELL_TEXT, SHOWN},
    {"good", CELL_COUNT, SHOWN},
    {"value", CELL_REAL, SHOWN},
};

int health_report(const struct report_request *request) {
    struct health health = {request, NULL, false};
    health.table = request->style.format == FORMAT_PROMETHEUS
                       ? table_new("health", gauges, sizeof gauges / sizeof *gauges, false)
                       : table_new("health", words, sizeof words / sizeof *words, false);
    check_database(&health);
    check_writing(&health);
    check_last_record(&health);
    check_last_retraining(&health);
    each_spool(request, &health, check_spool);
    check_disk(&health);
    if (!request->bad_only || health.bad)
        table_print(health.table, &request->style, request->out);
    table_free(health.table);
    return health.bad ? STATUS_REJECTED : STATUS_GOOD;
}
