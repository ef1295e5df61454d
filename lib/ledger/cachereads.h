/* cachereads: what the events of a cache add up to in a window of time. Reads the tables that cache.h keeps.
 *
 * Without an account, whole hours and days are read as they are kept, and only the rest of the window event by event;
 * those of an account are read event by event.
 */
#ifndef PL_LEDGER_CACHEREADS_H
#define PL_LEDGER_CACHEREADS_H

#include "ledger/db.h"
#include "rules/histogram.h"

struct cache_window {
    int64_t since, until; /* [since, until), microseconds since 1970; NO_TIME: no bound */
    const char *account;  /* NULL: any */
};

struct cache_counts {
    int64_t hits, misses, writes;
    int64_t saved_known, saved; /* hits whose saving is known, and that; nano-dollars */
};

enum cache_times { CACHE_LOOKUPS, CACHE_WRITES };

/* All add to what is there. */
void cache_window_counts(struct db *db, const struct cache_window *window, struct cache_counts *counts);
void cache_window_times(struct db *db, const struct cache_window *window, enum cache_times kind,
                        struct histogram *histogram);

/* Each gives rows to step with db_row. The most reused signatures: signature, hits, first_cached, last_used, lookups,
 * lookups_known, saved_known, saved. */
struct query *cache_window_top(struct db *db, const struct cache_window *window, size_t limit);
/* By account (KIND 0) or user (1): name, hits, misses, writes, saved_known, saved. */
struct query *cache_window_parties(struct db *db, const struct cache_window *window, int kind);
/* Hours with an event, in their order: hour since 1970, hits, misses, writes, saved_known, saved. Those that the window
 * cuts are read event by event. */
struct query *cache_window_hours(struct db *db, const struct cache_window *window);

/* Bytes held now: the known sizes, else UNSIZED for a signature. */
int64_t cache_memory(struct db *db, int64_t unsized);
/* The last write, microseconds since 1970; NO_TIME. */
int64_t cache_updated_at(struct db *db);

/* Requests' tokens by model and day, since prices change with days; of those that say how many they read from a
 * provider's cache: model, requests, requests that read any, input, read, written, written for an hour, the day's first
 * moment; s NULL or null where not known. */
struct query *prompt_cache_by_model(struct db *db, const struct cache_window *window);

#endif
