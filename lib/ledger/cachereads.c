#include "ledger/cachereads.h"

#include "base/clock.h"
#include "input/record.h"

static const int64_t HOUR_US = 3600 * (int64_t)1000000;

enum { HOURS_IN_DAY = 24 };

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static int64_t ceil_div(int64_t a, int64_t b) {
    return -floor_div(-a, b);
}

/* A window in parts: events before the first whole hour, the hours [first, last), and events after the last one. */
struct parts {
    int64_t since, first, last, until;
};

static struct parts parts_of(const struct cache_window *window) {
    struct parts parts = {window->since, INT64_MIN, INT64_MAX, window->until};
    if (window->since != NO_TIME)
        parts.first = ceil_div(window->since, HOUR_US);
    if (window->until != NO_TIME)
        parts.last = floor_div(window->until, HOUR_US);
    return parts;
}

/* Whether the window is so short that it holds no whole hour, or is one account's: then only events tell. */
static bool by_events(const struct cache_window *window, const struct parts *parts) {
    return window->account != NULL || parts->first >= parts->last;
}

/* The events of a window that count: step with db_row. */
static void bind_window(struct query *query, const struct cache_window *window) {
    db_bind_optional(query, 1, window->since, NO_TIME);
    db_bind_optional(query, 2, window->until, NO_TIME);
    db_bind_text(query, 3, span_of(window->account));
}

/* clang-format off */
#define IN_RANGE(low, high) \
    "FROM cache_state st CROSS JOIN cache_event e WHERE e.at >= " low " AND e.at < " high " AND e.id > st.after_id " \
    "AND (st.from_at IS NULL OR e.at >= st.from_at) " \
    "AND (?3 IS NULL OR e.account = (SELECT id FROM name WHERE text = ?3)) "
#define IN_WINDOW IN_RANGE("coalesce(?1, -9223372036854775807)", "coalesce(?2, 9223372036854775807)")
#define HOUR_OF_EVENT "(e.at - ((e.at % 3600000000) + 3600000000) % 3600000000) / 3600000000"
/* clang-format on */

/* clang-format off */
#define EVENT_COUNTS \
    "sum(e.event = 0) AS hits, sum(e.event = 1) AS misses, sum(e.event = 2) AS writes, " \
    "count(e.cost_saved) AS saved_known, coalesce(sum(e.cost_saved), 0) AS saved "
#define COUNTS_OF(row) row ".hits, " row ".misses, " row ".writes, " row ".saved_known, " row ".saved "
/* clang-format on */

static void add_counts(struct query *query, struct cache_counts *counts) {
    counts->hits += db_integer(query, 0);
    counts->misses += db_integer(query, 1);
    counts->writes += db_integer(query, 2);
    counts->saved_known += db_integer(query, 3);
    counts->saved += db_integer(query, 4);
}

static void count_events(struct db *db, const struct cache_window *window, struct cache_counts *counts) {
    struct query *query = db_query(db, "SELECT " EVENT_COUNTS IN_WINDOW);
    bind_window(query, window);
    if (db_row(query))
        add_counts(query, counts);
    db_end(query);
}

static void count_hours(struct db *db, const struct parts *parts, struct cache_counts *counts) {
    struct query *query = db_query(db, "SELECT coalesce(sum(hits), 0), coalesce(sum(misses), 0), "
                                       "coalesce(sum(writes), 0), coalesce(sum(saved_known), 0), "
                                       "coalesce(sum(saved), 0) FROM cache_hour "
                                       "WHERE epoch = (SELECT epoch FROM cache_state) AND hour >= ?1 AND hour < ?2");
    db_bind_integer(query, 1, parts->first);
    db_bind_integer(query, 2, parts->last);
    if (db_row(query))
        add_counts(query, counts);
    db_end(query);
}

/* The events on both sides of the whole hours. */
static struct cache_window before_hours(const struct parts *parts) {
    return (struct cache_window){parts->since, parts->first * HOUR_US, NULL};
}

static struct cache_window after_hours(const struct parts *parts) {
    return (struct cache_window){parts->last * HOUR_US, parts->until, NULL};
}

void cache_window_counts(struct db *db, const struct cache_window *window, struct cache_counts *counts) {
    struct parts parts = parts_of(window);
    if (by_events(window, &parts)) {
        count_events(db, window, counts);
        return;
    }
    count_hours(db, &parts, counts);
    if (parts.since != NO_TIME)
        count_events(db, &(struct cache_window){before_hours(&parts).since, before_hours(&parts).until, NULL}, counts);
    if (parts.until != NO_TIME)
        count_events(db, &(struct cache_window){after_hours(&parts).since, after_hours(&parts).until, NULL}, counts);
}

/* -- times ------------------------------------------------------------------------------------------------------ */

static void time_events(struct db *db, struct cache_window window, enum cache_times kind, struct histogram *histogram) {
    struct query *query = db_query(db,
                                   "SELECT e.duration " IN_WINDOW "AND e.duration IS NOT NULL AND (e.event = 2) = ?4");
    bind_window(query, &window);
    db_bind_integer(query, 4, kind == CACHE_WRITES);
    while (db_row(query))
        histogram_add(histogram, histogram_bucket(db_integer(query, 0)), 1);
}

/* The histograms of a span's starts [first, last). */
static void time_spans(struct db *db, int span, int64_t first, int64_t last, enum cache_times kind,
                       struct histogram *histogram) {
    struct query *query = db_query(db, "SELECT bucket, count FROM cache_histogram "
                                       "WHERE epoch = (SELECT epoch FROM cache_state) AND span = ?1 AND start >= ?2 "
                                       "AND start < ?3 AND kind = ?4");
    db_bind_integer(query, 1, span);
    db_bind_integer(query, 2, first);
    db_bind_integer(query, 3, last);
    db_bind_integer(query, 4, kind);
    while (db_row(query))
        histogram_add(histogram, db_integer(query, 0), db_integer(query, 1));
}

/* Whole days are read as such. */
static void time_hours(struct db *db, const struct parts *parts, enum cache_times kind, struct histogram *histogram) {
    enum { ALL, DAY, HOUR };
    bool endless = parts->first == INT64_MIN && parts->last == INT64_MAX;
    int64_t first_day = parts->first == INT64_MIN ? INT64_MIN : ceil_div(parts->first, HOURS_IN_DAY);
    int64_t last_day = parts->last == INT64_MAX ? INT64_MAX : floor_div(parts->last, HOURS_IN_DAY);
    if (endless) {
        time_spans(db, ALL, 0, 1, kind, histogram);
    } else if (first_day >= last_day) {
        time_spans(db, HOUR, parts->first, parts->last, kind, histogram);
    } else {
        time_spans(db, DAY, first_day, last_day, kind, histogram);
        if (first_day != INT64_MIN)
            time_spans(db, HOUR, parts->first, first_day * HOURS_IN_DAY, kind, histogram);
        if (last_day != INT64_MAX)
            time_spans(db, HOUR, last_day * HOURS_IN_DAY, parts->last, kind, histogram);
    }
}

void cache_window_times(struct db *db, const struct cache_window *window, enum cache_times kind,
                        struct histogram *histogram) {
    struct parts parts = parts_of(window);
    if (by_events(window, &parts)) {
        time_events(db, *window, kind, histogram);
        return;
    }
    time_hours(db, &parts, kind, histogram);
    if (parts.since != NO_TIME)
        time_events(db, before_hours(&parts), kind, histogram);
    if (parts.until != NO_TIME)
        time_events(db, after_hours(&parts), kind, histogram);
}

/* -- rows ------------------------------------------------------------------------------------------------------- */

static bool whole(const struct cache_window *window) {
    return window->account == NULL && window->since == NO_TIME && window->until == NO_TIME;
}

struct query *cache_window_top(struct db *db, const struct cache_window *window, size_t limit) {
    struct query *query;
    if (whole(window)) {
        query = db_query(db, "SELECT s.signature, c.hits, coalesce(c.first_written, c.first_hit), "
                             "coalesce(c.last_hit, c.last_written), c.lookups, c.lookups_known, c.saved_known, c.saved "
                             "FROM cache_sum c JOIN cache_signature s ON s.id = c.signature "
                             "WHERE c.epoch = (SELECT epoch FROM cache_state) AND c.hits > 0 "
                             "ORDER BY c.hits DESC, s.signature LIMIT ?4");
    } else {
        query = db_query(
            db, "SELECT s.signature, g.hits, g.first_cached, g.last_used, g.lookups, g.known, g.saved_known, g.saved "
                "FROM (SELECT e.signature, sum(e.event = 0) AS hits, "
                "coalesce(min(CASE e.event WHEN 2 THEN e.at END), min(CASE e.event WHEN 0 THEN e.at END)) "
                "AS first_cached, max(CASE e.event WHEN 0 THEN e.at END) AS last_used, "
                "sum(CASE WHEN e.event < 2 THEN e.duration END) AS lookups, "
                "count(CASE WHEN e.event < 2 THEN e.duration END) AS known, count(e.cost_saved) AS saved_known, "
                "coalesce(sum(e.cost_saved), 0) AS saved " IN_WINDOW "GROUP BY e.signature) g "
                "JOIN cache_signature s ON s.id = g.signature WHERE g.hits > 0 "
                "ORDER BY g.hits DESC, s.signature LIMIT ?4");
        bind_window(query, window);
    }
    db_bind_integer(query, 4, (int64_t)limit);
    return query;
}

struct query *cache_window_parties(struct db *db, const struct cache_window *window, int kind) {
    struct query *query;
    if (whole(window)) {
        query = db_query(db, "SELECT n.text, p.hits, p.misses, p.writes, p.saved_known, p.saved FROM cache_party p "
                             "JOIN name n ON n.id = p.name WHERE p.epoch = (SELECT epoch FROM cache_state) "
                             "AND p.kind = ?4 ORDER BY n.text");
        db_bind_integer(query, 4, kind);
        return query;
    }
    query =
        kind == 0
            ? db_query(db,
                       "SELECT n.text, " COUNTS_OF(
                           "g") "FROM (SELECT e.account AS name, " EVENT_COUNTS IN_WINDOW
                                "AND e.account IS NOT NULL GROUP BY 1) g JOIN name n ON n.id = g.name ORDER BY n.text")
            : db_query(db,
                       "SELECT n.text, " COUNTS_OF(
                           "g") "FROM (SELECT e.user AS name, " EVENT_COUNTS IN_WINDOW
                                "AND e.user IS NOT NULL GROUP BY 1) g JOIN name n ON n.id = g.name ORDER BY n.text");
    bind_window(query, window);
    return query;
}

struct query *cache_window_hours(struct db *db, const struct cache_window *window) {
    struct parts parts = parts_of(window);
    struct query *query;
    if (by_events(window, &parts)) {
        query = db_query(db, "SELECT " HOUR_OF_EVENT ", " EVENT_COUNTS IN_WINDOW "GROUP BY 1 ORDER BY 1");
        bind_window(query, window);
        return query;
    }
    /* what is left on either side is of other hours */
    query = db_query(db,
                     "SELECT " HOUR_OF_EVENT " AS hour, " EVENT_COUNTS IN_RANGE(
                         "?1",
                         "?6") "GROUP BY 1 UNION ALL "
                               "SELECT hour, hits, misses, writes, saved_known, saved FROM cache_hour "
                               "WHERE epoch = (SELECT epoch FROM cache_state) AND hour >= ?4 AND hour < ?5 UNION ALL "
                               "SELECT " HOUR_OF_EVENT ", " EVENT_COUNTS IN_RANGE("?7", "?2") "GROUP BY 1 ORDER BY 1");
    bind_window(query, window);
    db_bind_integer(query, 4, parts.first);
    db_bind_integer(query, 5, parts.last);
    db_bind_integer(query, 6, parts.first == INT64_MIN ? INT64_MIN : parts.first * HOUR_US);
    db_bind_integer(query, 7, parts.last == INT64_MAX ? INT64_MAX : parts.last * HOUR_US);
    return query;
}

int64_t cache_memory(struct db *db, int64_t unsized) {
    struct query *query = db_query(db, "SELECT bytes + (cached - sized) * ?1 FROM cache_total "
                                       "WHERE epoch = (SELECT epoch FROM cache_state)");
    db_bind_integer(query, 1, unsized);
    int64_t bytes = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return bytes;
}

int64_t cache_updated_at(struct db *db) {
    return db_value(db, "SELECT updated_at FROM cache_state WHERE id = 1", NO_TIME);
}

struct query *prompt_cache_by_model(struct db *db, const struct cache_window *window) {
    struct query *query = db_query(
        db, "SELECT m.text, g.requests, g.hits, g.input, g.read, g.written, g.hour, "
            "g.day * 86400000000 FROM (SELECT model, "
            "count(*) AS requests, sum(cache_read_tokens > 0) AS hits, sum(input_tokens) AS input, "
            "sum(cache_read_tokens) AS read, sum(cache_write_tokens) AS written, sum(cache_write_1h_tokens) AS hour, "
            "(at - (at % 86400000000 + 86400000000) % 86400000000) / 86400000000 AS day FROM request WHERE "
            "cache_read_tokens IS NOT NULL AND (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR at < ?2) "
            "AND (?3 IS NULL OR account = (SELECT id FROM name WHERE text = ?3)) GROUP BY model, "
            "day) g LEFT JOIN name m ON m.id = g.model ORDER BY m.text, g.day");
    bind_window(query, window);
    return query;
}
