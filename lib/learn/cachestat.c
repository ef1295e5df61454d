#include "learn/cachestat.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "input/record.h"
#include "ledger/cachereads.h"
#include "ledger/knowledge.h"
#include "ledger/state.h"

enum { UNSIZED_BYTES = 500, HIGH_VALUE_REUSES = 3, ALERT_PERCENT = 120, RECENT_HOURS = 24, RECENT_DAYS = 7 };

static const int64_t HOUR_US = 3600 * (int64_t)1000000;

void cache_savings_free(struct cache_savings *savings) {
    for (size_t i = 0; i < savings->count; i++)
        free(savings->items[i].name);
    free(savings->items);
    *savings = (struct cache_savings){0};
}

void cachestat_free(struct cachestat *stat) {
    for (size_t i = 0; i < stat->top_count; i++)
        free(stat->top[i].signature);
    free(stat->top);
    cache_savings_free(&stat->per_account);
    cache_savings_free(&stat->per_user);
    cache_savings_free(&stat->hourly);
    cache_savings_free(&stat->daily);
    free(stat->lookups);
}

/* -- savings ---------------------------------------------------------------------------------------------------- */

/* A hit saves what it says, else what a hit is reckoned to. */
static int64_t saved_by(struct db *db, int64_t hits, int64_t known, int64_t saved, int64_t cost_per_hit) {
    wide sum = saved + (wide)(hits - known) * cost_per_hit;
    if (sum > INT64_MAX)
        db_fail(db, "what its hits saved does not fit: the cost of a hit must be wrong");
    return sum <= INT64_MAX ? (int64_t)sum : UNKNOWN;
}

static struct cache_saving *add_saving(struct cache_savings *savings) {
    savings->items = xreallocarray(savings->items, savings->count + 1, sizeof *savings->items);
    struct cache_saving *saving = &savings->items[savings->count++];
    *saving = (struct cache_saving){0};
    return saving;
}

static void fill_saving(struct db *db, struct cache_saving *saving, struct query *query, int64_t cost_per_hit) {
    saving->hits += db_integer(query, 1);
    saving->misses += db_integer(query, 2);
    saving->writes += db_integer(query, 3);
    saving->saved += saved_by(db, db_integer(query, 1), db_integer(query, 4), db_integer(query, 5), cost_per_hit);
}

static int by_saved(const void *a, const void *b) {
    const struct cache_saving *p = a, *q = b;
    if (p->saved != q->saved)
        return p->saved > q->saved ? -1 : 1;
    return strcmp(p->name, q->name);
}

static void read_parties(struct db *db, const struct cache_window *window, int kind, int64_t cost_per_hit,
                         struct cache_savings *savings) {
    struct query *query = cache_window_parties(db, window, kind);
    while (db_row(query)) {
        struct span name = db_text(query, 0);
        struct cache_saving *saving = add_saving(savings);
        saving->name = xmemdup(name.s, name.n);
        fill_saving(db, saving, query, cost_per_hit);
    }
    if (savings->count > 0)
        qsort(savings->items, savings->count, sizeof *savings->items, by_saved);
}

/* Hours come in their order, and those of one day together. */
static void read_times(struct db *db, const struct cache_window *window, bool by_day, int64_t cost_per_hit,
                       struct cache_savings *savings) {
    struct query *query = cache_window_hours(db, window);
    while (db_row(query)) {
        int64_t at;
        if (__builtin_mul_overflow(db_integer(query, 0), HOUR_US, &at) || !time_in_range(at)) {
            db_fail(db, "is damaged: an hour of cache_hour is none");
            continue;
        }
        if (by_day)
            at -= ((at % DAY_US) + DAY_US) % DAY_US;
        struct cache_saving *last = savings->count > 0 ? &savings->items[savings->count - 1] : NULL;
        if (last == NULL || last->at != at)
            last = add_saving(savings);
        last->at = at;
        fill_saving(db, last, query, cost_per_hit);
    }
}

/* The part of the window from SINCE up to UNTIL. */
static struct cache_window part(const struct cachestat_options *options, int64_t since, int64_t until) {
    struct cache_window window = {since, until, options->account};
    if (options->since != NO_TIME && options->since > window.since)
        window.since = options->since;
    if (options->until != NO_TIME && options->until < window.until)
        window.until = options->until;
    return window;
}

/* COUNT whole spans, up to the one at hand. */
static struct cache_window whole(const struct cachestat_options *options, int count, int64_t span) {
    int64_t begun = options->now - ((options->now % span) + span) % span;
    return part(options, begun - (count - 1) * span, options->now + 1);
}

/* -- signatures ------------------------------------------------------------------------------------------------- */

static void read_top(struct db *db, const struct cache_window *window, const struct cachestat_options *options,
                     struct cachestat *stat) {
    struct query *query = cache_window_top(db, window, options->top);
    while (db_row(query)) {
        struct span signature = db_text(query, 0);
        int64_t hits = db_integer(query, 1), lookups = db_integer(query, 5);
        stat->top = xreallocarray(stat->top, stat->top_count + 1, sizeof *stat->top);
        stat->top[stat->top_count++] = (struct cache_signature_row){
            .signature = xmemdup(signature.s, signature.n),
            .reuse_count = hits,
            .first_cached = db_optional(query, 2, NO_TIME),
            .last_used = db_optional(query, 3, NO_TIME),
            .avg_lookup_time = lookups > 0 ? db_real(query, 4) / 1e6 / (double)lookups : (double)NAN,
            .cost_saved = saved_by(db, hits, db_integer(query, 6), db_integer(query, 7), options->cost_per_hit),
            .high_value = hits >= HIGH_VALUE_REUSES,
        };
    }
}

/* -- times ------------------------------------------------------------------------------------------------------ */

static double milliseconds(const struct histogram *histogram, int percent) {
    return histogram_percentile(histogram, percent) / 1e6;
}

static double p95_of(struct db *db, const struct cache_window *window, enum cache_times kind) {
    struct histogram *histogram = xcalloc(1, sizeof *histogram);
    cache_window_times(db, window, kind, histogram);
    double p95 = milliseconds(histogram, 95);
    free(histogram);
    return p95;
}

/* Lookups at most OLDEST and more than NEWEST before now, whatever part is asked for: an alert compares with the past.
 */
static double p95_between(struct db *db, const struct cachestat_options *options, int64_t oldest, int64_t newest) {
    const struct cache_window window = {options->now - oldest + 1, options->now - newest + 1, options->account};
    return p95_of(db, &window, CACHE_LOOKUPS);
}

static void read_performance(struct db *db, const struct cache_window *window, const struct cachestat_options *options,
                             struct cachestat *stat) {
    stat->lookups = xcalloc(1, sizeof *stat->lookups);
    cache_window_times(db, window, CACHE_LOOKUPS, stat->lookups);
    stat->lookup_p50 = milliseconds(stat->lookups, 50);
    stat->lookup_p95 = milliseconds(stat->lookups, 95);
    stat->lookup_p99 = milliseconds(stat->lookups, 99);
    stat->write_p95 = p95_of(db, window, CACHE_WRITES);
    stat->recent_p95 = p95_between(db, options, RECENT_HOURS * HOUR_US, 0);
    stat->baseline_p95 = p95_between(db, options, (RECENT_DAYS + 1) * DAY_US, RECENT_HOURS * HOUR_US);
    stat->degradation_alert = stat->recent_p95 * 100 > stat->baseline_p95 * ALERT_PERCENT;
    stat->memory_usage = cache_memory(db, UNSIZED_BYTES);
    stat->updated_at = cache_updated_at(db);
}

/* -- providers' caches ------------------------------------------------------------------------------------------ */

/* Adds what reading from the cache saved, less what writing cost more than plain input: pico-dollars. False without a
 * price that says it. */
static bool add_net_saved(wide *saved, const struct price *price, int64_t read, int64_t written, int64_t written_1h) {
    if (price == NULL || (read > 0 && price->cache_read == UNKNOWN) ||
        (written > written_1h && price->cache_write == UNKNOWN) || (written_1h > 0 && price->cache_write_1h == UNKNOWN))
        return false;
    *saved += (wide)read * (price->input - price->cache_read) -
              (wide)(written - written_1h) * (price->cache_write - price->input) -
              (wide)written_1h * (price->cache_write_1h - price->input);
    return true;
}

static struct price_list *prices_of(struct db *db) {
    struct knowledge knowledge;
    struct text error = {0};
    int64_t id = state_read(db).rules;
    if (id == 0 || !knowledge_read(db, id, &knowledge))
        return NULL;
    struct price_list *prices = knowledge_prices(&knowledge, &error);
    knowledge_free(&knowledge);
    text_free(&error);
    return prices;
}

static void read_prompt_cache(struct db *db, const struct cache_window *window, struct prompt_cache *cache) {
    int64_t hits = 0, input = 0, read = 0, written = 0;
    wide saved = 0;
    bool known = false;
    struct price_list *prices = NULL;
    *cache = (struct prompt_cache){.hit_rate = (double)NAN, .token_hit_rate = (double)NAN, .net_saved = (double)NAN};
    struct query *query = prompt_cache_by_model(db, window);
    while (db_row(query)) {
        struct span model = db_text(query, 0);
        if (prices == NULL && model.n > 0)
            prices = prices_of(db);
        const struct price *price = prices != NULL && model.n > 0 ? prices_find(prices, model, db_integer(query, 7))
                                                                  : NULL;
        known = add_net_saved(&saved, price, db_integer(query, 4), db_integer(query, 5), db_integer(query, 6)) || known;
        cache->requests += db_integer(query, 1);
        hits += db_integer(query, 2);
        input += db_integer(query, 3);
        read += db_integer(query, 4);
        written += db_integer(query, 5);
    }
    prices_free(prices);
    if (known)
        cache->net_saved = (double)saved / 1e12;
    if (cache->requests > 0)
        cache->hit_rate = (double)hits / (double)cache->requests;
    if (input + read + written > 0)
        cache->token_hit_rate = (double)read / (double)(input + read + written);
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

static void read_counts(struct db *db, const struct cache_window *window, const struct cachestat_options *options,
                        struct cachestat *stat) {
    struct cache_counts counts = {0};
    cache_window_counts(db, window, &counts);
    stat->hits = counts.hits;
    stat->misses = counts.misses;
    stat->writes = counts.writes;
    stat->saved = saved_by(db, counts.hits, counts.saved_known, counts.saved, options->cost_per_hit);
    int64_t lookups = counts.hits + counts.misses;
    double could = (double)stat->saved + (double)counts.misses * (double)options->cost_per_hit;
    stat->hit_rate = lookups > 0 ? (double)counts.hits / (double)lookups : (double)NAN;
    stat->savings_percentage = could > 0 ? 100 * (double)stat->saved / could : (double)NAN;
}

void cachestat_read(struct db *db, const struct cachestat_options *options, struct cachestat *stat) {
    const struct cache_window window = {options->since, options->until, options->account};
    const struct cache_window hours = whole(options, RECENT_HOURS, HOUR_US);
    const struct cache_window days = whole(options, RECENT_DAYS, DAY_US);
    *stat = (struct cachestat){0};
    db_read_begin(db);
    read_counts(db, &window, options, stat);
    read_top(db, &window, options, stat);
    read_parties(db, &window, 0, options->cost_per_hit, &stat->per_account);
    read_parties(db, &window, 1, options->cost_per_hit, &stat->per_user);
    if (hours.since < hours.until)
        read_times(db, &hours, false, options->cost_per_hit, &stat->hourly);
    if (days.since < days.until)
        read_times(db, &days, true, options->cost_per_hit, &stat->daily);
    read_performance(db, &window, options, stat);
    read_prompt_cache(db, &window, &stat->prompt_cache);
    db_read_end(db);
}

void cachestat_by(struct db *db, const struct cachestat_options *options, bool by_day, struct cache_savings *rows) {
    const struct cache_window window = {options->since, options->until, options->account};
    *rows = (struct cache_savings){0};
    db_read_begin(db);
    read_times(db, &window, by_day, options->cost_per_hit, rows);
    db_read_end(db);
}
