/* cachestat: the figures of a cache, of all its events or of a part of them. SPEC: pl-cachestat(1). */
#ifndef PL_LEARN_CACHESTAT_H
#define PL_LEARN_CACHESTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/db.h"
#include "rules/histogram.h"

struct cachestat_options {
    int64_t now;          /* microseconds since 1970: "the last 24 hours" end here */
    int64_t since, until; /* events in [since, until); NO_TIME: no bound */
    const char *account;  /* NULL: any */
    int64_t cost_per_hit; /* nano-dollars that a hit saves whose cost_saved is not known, and that a miss costs */
    size_t top;           /* signatures to list, at most */
};

struct cache_signature_row {
    char *signature;
    int64_t reuse_count;             /* hits */
    int64_t first_cached, last_used; /* microseconds since 1970; NO_TIME: never */
    int64_t cost_saved;              /* nano-dollars */
    double avg_lookup_time;          /* milliseconds; NaN: not known */
    bool high_value;                 /* reused three times or more */
};

/* What an account, a user, an hour or a day saved. */
struct cache_saving {
    char *name; /* of an account or a user; NULL for times */
    int64_t at; /* the beginning of an hour or a day, UTC, microseconds since 1970 */
    int64_t hits, misses, writes;
    int64_t saved; /* nano-dollars */
};

struct cache_savings {
    struct cache_saving *items;
    size_t count;
};

/* The providers' own caches, as requests' tokens show them. */
struct prompt_cache {
    int64_t requests;      /* those of which it is known how many tokens they read from a cache */
    double hit_rate;       /* that read any; NaN without a request */
    double token_hit_rate; /* tokens read, of all that went in; NaN */
    double net_saved;      /* USD; NaN: no price is known */
};

struct cachestat {
    int64_t hits, misses, writes;
    double hit_rate; /* NaN: no lookups */
    struct cache_signature_row *top;
    size_t top_count;
    int64_t saved;                              /* nano-dollars */
    double savings_percentage;                  /* NaN: nothing was saved or missed */
    struct cache_savings per_account, per_user; /* most saved first */
    struct cache_savings hourly;                /* of the last 24 hours, those with an event, in their order */
    struct cache_savings daily;                 /* of the last 7 days */
    double lookup_p50, lookup_p95, lookup_p99, write_p95; /* milliseconds; NaN: no such time is known */
    double recent_p95, baseline_p95; /* lookups of the last 24 hours, and of the 7 days before; NaN */
    bool degradation_alert;
    int64_t memory_usage; /* bytes */
    int64_t updated_at;   /* the last write, microseconds since 1970; NO_TIME: none yet */
    struct prompt_cache prompt_cache;
    struct histogram *lookups; /* nanoseconds; owned */
};

/* Reads all of it in one snapshot. The caller frees it, also after a failure of DB. */
void cachestat_read(struct db *db, const struct cachestat_options *options, struct cachestat *stat);
void cachestat_free(struct cachestat *stat);
/* A row an hour or a day with an event, in the order of time, within the options' bounds. */
void cachestat_by(struct db *db, const struct cachestat_options *options, bool by_day, struct cache_savings *rows);
void cache_savings_free(struct cache_savings *savings);

#endif
