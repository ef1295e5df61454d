/* cache: what a cache of answers was asked, and what it gave. Tables cache_event, cache_signature, cache_sum,
 * cache_hour, cache_party, cache_histogram, cache_state.
 *
 * An event is a small row without text. What events add up to (by signature, hour, account and user, and as histograms
 * of times by hour, by day and of all) is kept in an epoch of its own; --reset begins another one, and what was stored
 * before it stays known, and counts no more. Changes are collected in memory while a transaction runs, and written by
 * cache_flush before its commit.
 */
#ifndef PL_LEDGER_CACHE_H
#define PL_LEDGER_CACHE_H

#include "input/record.h"
#include "ledger/db.h"
#include "ledger/names.h"
#include "ledger/selection.h"
#include "ledger/state.h"

enum cache_outcome { CACHE_NEW, CACHE_UPDATED, CACHE_DUPLICATE };

/* DB and NAMES are borrowed. */
struct cache *cache_new(struct db *db, struct names *names);
void cache_free(struct cache *cache);
/* Stores RECORD under IDENTITY, NULL if nothing identifies it. Within a write transaction. */
enum cache_outcome cache_add(struct cache *cache, const struct record *record, const struct digest *identity,
                             int64_t now);
/* Writes what the changes add up to: before the commit. */
void cache_flush(struct cache *cache, int64_t now);
/* How many sums have changed. */
size_t cache_changed(const struct cache *cache);
/* Forgets changes that were not flushed: after a rollback. */
void cache_forget(struct cache *cache);

/* Forgets all figures: short, however many there are. Within a write transaction; the rows of former epochs are then
 * cleared by cache_clear, some at a time: false when none are left. */
void cache_reset(struct db *db, int64_t now);
bool cache_clear(struct db *db, int64_t rows);

/* What sums are kept of. */
enum cache_subject { OF_SIGNATURE, OF_HOUR, OF_ACCOUNT, OF_USER, OF_TIMES, OF_ALL };
/* WHAT says what is wrong with the sums of a subject, which KEY names. */
typedef void on_wrong_cache(void *context, enum cache_subject subject, int64_t key, const char *what);
/* Recomputes every sum from the events. Within a snapshot. */
void cache_check(struct db *db, void *context, on_wrong_cache *on_wrong);
/* Makes the sums of a subject what the events give. Within a write transaction. */
void cache_mend(struct db *db, enum cache_subject subject, int64_t key);

/* -- removing -- */

/* The first row over AFTER, up to LAST, that is selected; 0: there is none. */
int64_t cache_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection);
/* Removes the event in row ID, and its share of every sum. False if it is not there. IDENTITY, which is cleared first,
 * gets its own, if it has one; *DATED: whether it has a time. */
bool cache_remove(struct cache *cache, int64_t id, struct text *identity, bool *dated);
/* Forgets what it remembers of signatures: after rows were removed by another process. */
void cache_forget_signatures(struct cache *cache);

#endif
