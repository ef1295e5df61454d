#include "ledger/cache.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "rules/figures.h"
#include "rules/histogram.h"

static const int64_t HOUR_US = 3600 * (int64_t)1000000;

enum { HOURS_IN_DAY = 24, LOCAL_BYTES = 12, KNOWN_SIGNATURES = 64 * 1024 };

struct known_signature {
    int64_t hash, id; /* 0: none */
};

/* What events add up to. */
struct cache_sums {
    int64_t hits, misses, writes;
    int64_t lookups_known, lookups; /* nanoseconds */
    int64_t saved_known, saved;     /* by hits, nano-dollars */
};

enum { SUMS = sizeof(struct cache_sums) / sizeof(int64_t) };

/* A signature's times and size: of the events put. */
struct moments {
    int64_t first_written, first_hit, last_hit, last_written; /* NO_TIME */
    int64_t size_at, size;                                    /* of the newest event that knows it; UNKNOWN */
};

static const struct moments no_moments = {NO_TIME, NO_TIME, NO_TIME, NO_TIME, NO_TIME, UNKNOWN};

/* What a transaction changes. Of OF_TIMES, KEY is a span's start, and MORE its span, kind and bucket. */
struct change {
    enum cache_subject subject;
    int64_t key, more;
    struct cache_sums sums; /* of OF_TIMES only "hits", the count */
    struct moments moments;
    struct moments gone; /* the same of the events taken: where they were first or last, others must be looked for */
    bool taken;
};

/* Which events count, and where. */
struct cache_state {
    int64_t epoch, after_id, from_at;
};

struct cache {
    struct db *db;
    struct names *names;
    struct change *changes;
    size_t count, room;
    uint32_t *index; /* open addressing: the number of a change and one; 0: free */
    size_t capacity; /* of the index, a power of two */
    bool written;
    bool expects_new;              /* the last event was */
    struct known_signature *known; /* by the hash; allocated with the first event: untouched memory costs nothing */
    struct cache_state state;      /* of the transaction, once it has written */
};

/* An event as it is stored. */
struct event {
    int64_t id;
    struct version version;
    int64_t at, signature, account, user; /* ids, 0: none */
    enum cache_event event;
    int64_t duration, cost_saved, size;
};

struct cache *cache_new(struct db *db, struct names *names) {
    struct cache *cache = xcalloc(1, sizeof *cache);
    cache->db = db;
    cache->names = names;
    return cache;
}

void cache_free(struct cache *cache) {
    if (cache == NULL)
        return;
    free(cache->changes);
    free(cache->index);
    free(cache->known);
    free(cache);
}

void cache_forget(struct cache *cache) {
    if (cache->count > 0)
        memset(cache->index, 0, cache->capacity * sizeof *cache->index);
    cache->count = 0;
    cache->written = false;
}

size_t cache_changed(const struct cache *cache) {
    return cache->count;
}

/* -- state ------------------------------------------------------------------------------------------------------ */

static struct cache_state read_state(struct db *db) {
    struct cache_state state = {0, 0, NO_TIME};
    struct query *query = db_query(db, "SELECT epoch, after_id, from_at FROM cache_state WHERE id = 1");
    if (db_row(query)) {
        state = (struct cache_state){db_integer(query, 0), db_integer(query, 1), db_optional(query, 2, NO_TIME)};
        db_end(query);
    }
    return state;
}

static bool counts(const struct cache_state *state, const struct event *event) {
    return event->id > state->after_id && (state->from_at == NO_TIME || event->at >= state->from_at);
}

/* -- changes ---------------------------------------------------------------------------------------------------- */

static uint64_t key_hash(enum cache_subject subject, int64_t key, int64_t more) {
    const int64_t words[] = {subject, key, more};
    return hash64(words, sizeof words);
}

static uint32_t *slot_of(const struct cache *cache, enum cache_subject subject, int64_t key, int64_t more) {
    size_t at = (size_t)key_hash(subject, key, more) & (cache->capacity - 1);
    for (uint32_t number; (number = cache->index[at]) != 0; at = (at + 1) & (cache->capacity - 1)) {
        const struct change *c = &cache->changes[number - 1];
        if (c->subject == subject && c->key == key && c->more == more)
            break;
    }
    return &cache->index[at];
}

/* Makes room for one more: the index is half empty, at least. */
static void grow(struct cache *cache) {
    if (cache->count == cache->room) {
        cache->room = cache->room > 0 ? 2 * cache->room : 32;
        cache->changes = xreallocarray(cache->changes, cache->room, sizeof *cache->changes);
    }
    if (2 * cache->count < cache->capacity)
        return;
    free(cache->index);
    cache->capacity = cache->capacity > 0 ? 2 * cache->capacity : 64;
    cache->index = xcalloc(cache->capacity, sizeof *cache->index);
    for (size_t i = 0; i < cache->count; i++) {
        const struct change *c = &cache->changes[i];
        *slot_of(cache, c->subject, c->key, c->more) = (uint32_t)i + 1;
    }
}

static struct change *change_of(struct cache *cache, enum cache_subject subject, int64_t key, int64_t more) {
    grow(cache);
    uint32_t *slot = slot_of(cache, subject, key, more);
    if (*slot == 0) {
        cache->changes[cache->count] =
            (struct change){.subject = subject, .key = key, .more = more, .moments = no_moments, .gone = no_moments};
        *slot = (uint32_t)++cache->count;
    }
    return &cache->changes[*slot - 1];
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static void add_event(struct cache_sums *sums, const struct event *e, int sign) {
    bool looked_up = e->event != CACHE_WRITE;
    sums->hits += e->event == CACHE_HIT ? sign : 0;
    sums->misses += e->event == CACHE_MISS ? sign : 0;
    sums->writes += e->event == CACHE_WRITE ? sign : 0;
    sums->lookups_known += looked_up && e->duration != UNKNOWN ? sign : 0;
    sums->lookups += looked_up && e->duration != UNKNOWN ? sign * e->duration : 0;
    sums->saved_known += e->cost_saved != UNKNOWN ? sign : 0;
    sums->saved += e->cost_saved != UNKNOWN ? sign * e->cost_saved : 0;
}

static void earliest(int64_t *at, int64_t other) {
    if (other != NO_TIME && (*at == NO_TIME || other < *at))
        *at = other;
}

static void latest(int64_t *at, int64_t other) {
    if (other != NO_TIME && (*at == NO_TIME || other > *at))
        *at = other;
}

/* Of several sizes at one time the largest, whatever their order. */
static void newest_size(struct moments *moments, int64_t at, int64_t size) {
    if (size == UNKNOWN ||
        (moments->size_at != NO_TIME && (at < moments->size_at || (at == moments->size_at && size <= moments->size))))
        return;
    moments->size_at = at;
    moments->size = size;
}

static void add_moments(struct moments *moments, const struct event *e) {
    if (e->event == CACHE_WRITE) {
        earliest(&moments->first_written, e->at);
        latest(&moments->last_written, e->at);
    } else if (e->event == CACHE_HIT) {
        earliest(&moments->first_hit, e->at);
        latest(&moments->last_hit, e->at);
    }
    newest_size(moments, e->at, e->size);
}

/* Spans of histograms, from the widest. */
enum { SPAN_ALL, SPAN_DAY, SPAN_HOUR, SPANS };

static int64_t span_start(int span, int64_t hour) {
    return span == SPAN_ALL ? 0 : span == SPAN_DAY ? floor_div(hour, HOURS_IN_DAY) : hour;
}

static int64_t times_key(int span, int kind, int bucket) {
    return ((int64_t)span * 2 + kind) * HISTOGRAM_BUCKETS + bucket;
}

static void count_event(struct cache *cache, const struct event *e, int sign) {
    int64_t hour = floor_div(e->at, HOUR_US);
    const struct {
        enum cache_subject subject;
        int64_t key;
    } subjects[] = {{OF_SIGNATURE, e->signature}, {OF_HOUR, hour}, {OF_ACCOUNT, e->account}, {OF_USER, e->user}};
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        if (subjects[i].subject >= OF_ACCOUNT && subjects[i].key == 0)
            continue;
        struct change *change = change_of(cache, subjects[i].subject, subjects[i].key, 0);
        add_event(&change->sums, e, sign);
        change->taken = change->taken || sign < 0;
        if (subjects[i].subject == OF_SIGNATURE)
            add_moments(sign > 0 ? &change->moments : &change->gone, e);
    }
    if (e->duration == UNKNOWN)
        return;
    int kind = e->event == CACHE_WRITE, bucket = histogram_bucket(e->duration);
    for (int span = SPAN_ALL; span < SPANS; span++)
        change_of(cache, OF_TIMES, span_start(span, hour), times_key(span, kind, bucket))->sums.hits += sign;
}

/* -- events ----------------------------------------------------------------------------------------------------- */

static int64_t find_signature(struct db *db, int64_t hash) {
    struct query *query = db_query(db, "SELECT id FROM cache_signature WHERE signature_hash = ?1");
    db_bind_integer(query, 1, hash);
    int64_t id = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return id;
}

static int64_t add_signature(struct db *db, int64_t hash, struct span signature) {
    struct query *query = db_query(db, "INSERT INTO cache_signature(signature_hash, signature) VALUES(?1, ?2)");
    db_bind_integer(query, 1, hash);
    db_bind_text(query, 2, signature);
    db_run(query);
    return db_last_id(db);
}

/* Of those that share a place the last is remembered. */
static int64_t signature_id(struct cache *cache, struct span signature) {
    int64_t hash = (int64_t)hash_prompt(signature);
    struct known_signature *known = &cache->known[(uint64_t)hash % KNOWN_SIGNATURES];
    if (known->id == 0 || known->hash != hash) {
        known->hash = hash;
        known->id = find_signature(cache->db, hash);
        if (known->id == 0)
            known->id = add_signature(cache->db, hash, signature);
    }
    return known->id;
}

#define EVENT_COLUMNS "id, dated, at, content, event, signature, account, user, duration, cost_saved, size"

static struct event event_from(struct query *query) {
    return (struct event){
        .id = db_integer(query, 0),
        .version = {.dated = db_integer(query, 1) != 0,
                    .at = db_integer(query, 2),
                    .content = (uint64_t)db_integer(query, 3)},
        .at = db_integer(query, 2),
        .event = (enum cache_event)db_integer(query, 4),
        .signature = db_integer(query, 5),
        .account = db_optional(query, 6, 0),
        .user = db_optional(query, 7, 0),
        .duration = db_optional(query, 8, UNKNOWN),
        .cost_saved = db_optional(query, 9, UNKNOWN),
        .size = db_optional(query, 10, UNKNOWN),
    };
}

/* An event's identity as the table keeps it: before the digest what makes events that come together stand together, so
 * that their index grows at its end: how the id begins, else the time. */
struct event_key {
    unsigned char bytes[LOCAL_BYTES + sizeof(struct digest)];
};

static struct event_key key_of(const struct record *record, const struct digest *identity) {
    struct event_key key = {0};
    struct span id = record->cache.event_id;
    uint64_t at = (uint64_t)record->cache.timestamp ^ (uint64_t)1 << 63; /* so that its bytes sort as it does */
    if (id.s != NULL)
        memcpy(key.bytes, id.s, id.n < LOCAL_BYTES ? id.n : LOCAL_BYTES);
    for (int i = 0; id.s == NULL && i < 8; i++)
        key.bytes[i] = (unsigned char)(at >> (56 - 8 * i));
    memcpy(key.bytes + LOCAL_BYTES, identity->bytes, sizeof identity->bytes);
    return key;
}

static bool find_event(struct db *db, const struct event_key *key, struct event *event) {
    struct query *query = db_query(db, "SELECT " EVENT_COLUMNS " FROM cache_event WHERE identity = ?1");
    db_bind_blob(query, 1, key->bytes, sizeof key->bytes);
    bool found = db_row(query);
    if (found)
        *event = event_from(query);
    db_end(query);
    return found;
}

static struct event event_of(struct cache *cache, const struct record *record, int64_t now) {
    const struct cache_record *c = &record->cache;
    struct event event = {
        .at = c->timestamp != NO_TIME ? c->timestamp : now,
        .event = c->event,
        .signature = signature_id(cache, c->signature),
        .account = names_id(cache->names, c->account),
        .user = names_id(cache->names, c->user_id),
        .duration = c->duration,
        .cost_saved = c->cost_saved,
        .size = c->size,
    };
    event.version =
        (struct version){.dated = c->timestamp != NO_TIME, .at = event.at, .content = digest_prefix(&record->content)};
    return event;
}

/* False, and nothing has changed, if it is to be new and there is one with its identity. */
static bool store(struct db *db, const struct event_key *key, struct event *e) {
    struct query *query =
        e->id == 0
            ? db_query(db, "INSERT INTO cache_event(id, identity, dated, at, content, event, signature, account, "
                           "user, duration, cost_saved, size) "
                           "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING")
            : db_query(db, "UPDATE cache_event SET identity = ?2, dated = ?3, at = ?4, content = ?5, event = ?6, "
                           "signature = ?7, account = ?8, user = ?9, duration = ?10, cost_saved = ?11, "
                           "size = ?12 WHERE id = ?1");
    db_bind_optional(query, 1, e->id, 0);
    if (key != NULL)
        db_bind_blob(query, 2, key->bytes, sizeof key->bytes);
    else
        db_bind_null(query, 2);
    db_bind_integer(query, 3, e->version.dated);
    db_bind_integer(query, 4, e->at);
    db_bind_integer(query, 5, (int64_t)e->version.content);
    db_bind_integer(query, 6, e->event);
    db_bind_integer(query, 7, e->signature);
    db_bind_optional(query, 8, e->account, 0);
    db_bind_optional(query, 9, e->user, 0);
    db_bind_optional(query, 10, e->duration, UNKNOWN);
    db_bind_optional(query, 11, e->cost_saved, UNKNOWN);
    db_bind_optional(query, 12, e->size, UNKNOWN);
    db_run(query);
    if (db_changes(db) == 0)
        return false;
    if (e->id == 0)
        e->id = db_last_id(db);
    return true;
}

/* In the place of OLD; NULL: new. False if that is not so. */
static bool put_event(struct cache *cache, const struct event_key *key, const struct event *old, struct event *event) {
    if (!cache->written) /* the lock is held: it stays as it is until the commit */
        cache->state = read_state(cache->db);
    event->id = old != NULL ? old->id : 0;
    if (!store(cache->db, key, event))
        return false;
    if (old != NULL && counts(&cache->state, old))
        count_event(cache, old, -1);
    if (counts(&cache->state, event))
        count_event(cache, event, 1);
    cache->written = true;
    return true;
}

/* Where the last event was new, this one is taken for new as well: an insertion finds out by itself. */
enum cache_outcome cache_add(struct cache *cache, const struct record *record, const struct digest *identity,
                             int64_t now) {
    struct event old, event;
    struct event_key bytes, *key = NULL;
    if (cache->known == NULL)
        cache->known = xcalloc(KNOWN_SIGNATURES, sizeof *cache->known);
    if (identity != NULL) {
        bytes = key_of(record, identity);
        key = &bytes;
    }
    if (key == NULL || cache->expects_new) {
        event = event_of(cache, record, now);
        if (put_event(cache, key, NULL, &event) || key == NULL)
            return CACHE_NEW;
    }
    bool found = find_event(cache->db, key, &old);
    cache->expects_new = !found;
    event = event_of(cache, record, found ? old.at : now); /* one without a time keeps its first */
    if (found && version_compare(&event.version, &old.version) <= 0)
        return CACHE_DUPLICATE;
    put_event(cache, key, found ? &old : NULL, &event);
    return found ? CACHE_UPDATED : CACHE_NEW;
}

/* -- writing sums ----------------------------------------------------------------------------------------------- */

static bool merge(struct cache_sums *sums, const struct cache_sums *more) {
    int64_t *to = (int64_t *)(void *)sums;
    const int64_t *from = (const int64_t *)(const void *)more;
    bool over = false;
    for (int i = 0; i < SUMS; i++)
        over |= __builtin_add_overflow(to[i], from[i], &to[i]);
    return !over;
}

static bool is_empty(const struct cache_sums *sums) {
    return sums->hits == 0 && sums->misses == 0 && sums->writes == 0;
}

static void bind_sums(struct query *query, int position, const struct cache_sums *sums) {
    const int64_t *values = (const int64_t *)(const void *)sums;
    for (int i = 0; i < SUMS; i++)
        db_bind_integer(query, position + i, values[i]);
}

static struct cache_sums sums_from(struct query *query, int first) {
    struct cache_sums sums;
    int64_t *values = (int64_t *)(void *)&sums;
    for (int i = 0; i < SUMS; i++)
        values[i] = db_integer(query, first + i);
    return sums;
}

static struct moments moments_from(struct query *query, int first) {
    return (struct moments){db_optional(query, first, NO_TIME),     db_optional(query, first + 1, NO_TIME),
                            db_optional(query, first + 2, NO_TIME), db_optional(query, first + 3, NO_TIME),
                            db_optional(query, first + 4, NO_TIME), db_optional(query, first + 5, UNKNOWN)};
}

/* A signature's row. */
struct signature_sum {
    struct cache_sums sums;
    struct moments moments;
};

static bool read_signature(struct db *db, int64_t epoch, int64_t signature, struct signature_sum *sum) {
    *sum = (struct signature_sum){.moments = no_moments};
    struct query *query = db_query(
        db,
        "SELECT hits, misses, writes, lookups_known, lookups, saved_known, saved, first_written, first_hit, last_hit, "
        "last_written, size_at, size FROM cache_sum WHERE epoch = ?1 AND signature = ?2");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, signature);
    if (!db_row(query))
        return false;
    sum->sums = sums_from(query, 0);
    sum->moments = moments_from(query, SUMS);
    db_end(query);
    return true;
}

static void drop_signature(struct db *db, int64_t epoch, int64_t signature) {
    struct query *query = db_query(db, "DELETE FROM cache_sum WHERE epoch = ?1 AND signature = ?2");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, signature);
    db_run(query);
}

static void write_signature(struct db *db, int64_t epoch, int64_t signature, const struct signature_sum *sum) {
    if (is_empty(&sum->sums)) {
        drop_signature(db, epoch, signature);
        return;
    }
    struct query *query = db_query(
        db, "INSERT INTO cache_sum(epoch, signature, hits, misses, writes, lookups_known, lookups, saved_known, saved, "
            "first_written, first_hit, last_hit, last_written, size_at, size) "
            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO UPDATE SET "
            "hits = ?3, misses = ?4, writes = ?5, lookups_known = ?6, lookups = ?7, saved_known = ?8, saved = ?9, "
            "first_written = ?10, first_hit = ?11, last_hit = ?12, last_written = ?13, size_at = ?14, size = ?15");
    const struct moments *m = &sum->moments;
    const int64_t times[] = {m->first_written, m->first_hit, m->last_hit, m->last_written, m->size_at};
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, signature);
    bind_sums(query, 3, &sum->sums);
    for (int i = 0; i < 5; i++)
        db_bind_optional(query, 3 + SUMS + i, times[i], NO_TIME);
    db_bind_optional(query, 3 + SUMS + 5, m->size, UNKNOWN);
    db_run(query);
}

/* The events of a signature that count, recomputed. */
static struct signature_sum ask_signature(struct db *db, const struct cache_state *state, int64_t signature) {
    struct signature_sum sum = {.moments = no_moments};
    struct query *query = db_query(db, "SELECT " EVENT_COLUMNS " FROM cache_event WHERE signature = ?1");
    db_bind_integer(query, 1, signature);
    while (db_row(query)) {
        struct event event = event_from(query);
        if (!counts(state, &event))
            continue;
        add_event(&sum.sums, &event, 1);
        add_moments(&sum.moments, &event);
    }
    return sum;
}

/* What the cache holds, all signatures together. */
struct holding {
    int64_t cached, sized, bytes;
};

static void hold(struct holding *holding, const struct signature_sum *sum, int sign) {
    if (sum->sums.hits == 0 && sum->sums.writes == 0)
        return;
    holding->cached += sign;
    holding->sized += sum->moments.size != UNKNOWN ? sign : 0;
    holding->bytes += sum->moments.size != UNKNOWN ? sign * sum->moments.size : 0;
}

static void write_holding(struct db *db, int64_t epoch, const struct holding *change) {
    struct query *query = db_query(db, "INSERT INTO cache_total(epoch, cached, sized, bytes) VALUES(?1, ?2, ?3, ?4) "
                                       "ON CONFLICT DO UPDATE SET cached = cached + ?2, sized = sized + ?3, "
                                       "bytes = bytes + ?4");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, change->cached);
    db_bind_integer(query, 3, change->sized);
    db_bind_integer(query, 4, change->bytes);
    db_run(query);
}

/* The first or last time of a kind of event from AT on or up to it; NO_TIME. Events of one signature stand apart in
 * time, but the next one of a signature that is used is not far. */
static int64_t ask_moment(struct db *db, const struct cache_state *state, int64_t signature, enum cache_event event,
                          int64_t at, bool last) {
    struct query *query =
        last ? db_query(db, "SELECT at FROM cache_event WHERE at <= ?1 AND signature = ?2 AND event = ?3 AND id > ?4 "
                            "AND (?5 IS NULL OR at >= ?5) ORDER BY at DESC LIMIT 1")
             : db_query(db, "SELECT at FROM cache_event WHERE at >= ?1 AND signature = ?2 AND event = ?3 AND id > ?4 "
                            "AND (?5 IS NULL OR at >= ?5) ORDER BY at LIMIT 1");
    db_bind_integer(query, 1, at);
    db_bind_integer(query, 2, signature);
    db_bind_integer(query, 3, event);
    db_bind_integer(query, 4, state->after_id);
    db_bind_optional(query, 5, state->from_at, NO_TIME);
    int64_t found = db_row(query) ? db_integer(query, 0) : NO_TIME;
    db_end(query);
    return found;
}

/* The size that the newest event up to AT knows. */
static void ask_size(struct db *db, const struct cache_state *state, int64_t signature, int64_t at,
                     struct moments *moments) {
    struct query *query =
        db_query(db,
                 "SELECT at, size FROM cache_event WHERE at <= ?1 AND signature = ?2 AND size IS NOT NULL AND id > ?3 "
                 "AND (?4 IS NULL OR at >= ?4) ORDER BY at DESC, size DESC LIMIT 1");
    db_bind_integer(query, 1, at);
    db_bind_integer(query, 2, signature);
    db_bind_integer(query, 3, state->after_id);
    db_bind_optional(query, 4, state->from_at, NO_TIME);
    moments->size_at = NO_TIME;
    moments->size = UNKNOWN;
    if (db_row(query)) {
        moments->size_at = db_integer(query, 0);
        moments->size = db_integer(query, 1);
        db_end(query);
    }
}

/* Where an event that went was the first, the last, or told the size, another one is looked for. */
static void replace_moments(struct db *db, const struct cache_state *state, const struct change *change,
                            struct moments *m) {
    const struct moments *gone = &change->gone;
    int64_t signature = change->key;
    if (m->first_written != NO_TIME && m->first_written == gone->first_written)
        m->first_written = ask_moment(db, state, signature, CACHE_WRITE, m->first_written, false);
    if (m->first_hit != NO_TIME && m->first_hit == gone->first_hit)
        m->first_hit = ask_moment(db, state, signature, CACHE_HIT, m->first_hit, false);
    if (m->last_hit != NO_TIME && m->last_hit == gone->last_hit)
        m->last_hit = ask_moment(db, state, signature, CACHE_HIT, m->last_hit, true);
    if (m->last_written != NO_TIME && m->last_written == gone->last_written)
        m->last_written = ask_moment(db, state, signature, CACHE_WRITE, m->last_written, true);
    if (gone->size_at != NO_TIME && m->size_at != NO_TIME && m->size_at <= gone->size_at)
        ask_size(db, state, signature, m->size_at, m);
}

static void flush_signature(struct cache *cache, const struct cache_state *state, const struct change *change,
                            struct holding *holding) {
    struct signature_sum sum, before;
    const struct moments *m = &change->moments;
    read_signature(cache->db, state->epoch, change->key, &sum);
    before = sum;
    if (!merge(&sum.sums, &change->sums))
        db_fail(cache->db, "the sums of a cached signature would not fit: a record must be wrong");
    earliest(&sum.moments.first_written, m->first_written);
    earliest(&sum.moments.first_hit, m->first_hit);
    latest(&sum.moments.last_hit, m->last_hit);
    latest(&sum.moments.last_written, m->last_written);
    newest_size(&sum.moments, m->size_at, m->size);
    if (change->taken)
        replace_moments(cache->db, state, change, &sum.moments);
    write_signature(cache->db, state->epoch, change->key, &sum);
    hold(holding, &before, -1);
    hold(holding, &sum, 1);
}

static void flush_hour(struct db *db, int64_t epoch, int64_t hour, const struct cache_sums *sums, bool taken) {
    struct query *query =
        db_query(db,
                 "INSERT INTO cache_hour(epoch, hour, hits, misses, writes, saved_known, saved) "
                 "VALUES(?1, ?2, ?3, ?4, ?5, ?8, ?9) ON CONFLICT DO UPDATE SET hits = hits + ?3, misses = misses + ?4, "
                 "writes = writes + ?5, saved_known = saved_known + ?8, saved = saved + ?9");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, hour);
    bind_sums(query, 3, sums);
    db_run(query);
    if (!taken)
        return;
    query = db_query(db, "DELETE FROM cache_hour WHERE epoch = ?1 AND hour = ?2 AND hits + misses + writes = 0");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, hour);
    db_run(query);
}

static void flush_party(struct db *db, int64_t epoch, const struct change *change) {
    int kind = change->subject == OF_USER;
    struct query *query =
        db_query(db, "INSERT INTO cache_party(epoch, kind, name, hits, misses, writes, saved_known, saved) "
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?9, ?10) ON CONFLICT DO UPDATE SET hits = hits + ?4, "
                     "misses = misses + ?5, writes = writes + ?6, saved_known = saved_known + ?9, saved = saved + ?10");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, kind);
    db_bind_integer(query, 3, change->key);
    bind_sums(query, 4, &change->sums);
    db_run(query);
    if (!change->taken)
        return;
    query = db_query(db, "DELETE FROM cache_party WHERE epoch = ?1 AND kind = ?2 AND name = ?3 "
                         "AND hits + misses + writes = 0");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, kind);
    db_bind_integer(query, 3, change->key);
    db_run(query);
}

static void flush_times(struct db *db, int64_t epoch, const struct change *change) {
    int64_t count = change->sums.hits, spans = change->more / HISTOGRAM_BUCKETS;
    struct query *query = db_query(db, "INSERT INTO cache_histogram(epoch, span, start, kind, bucket, count) "
                                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
                                       "ON CONFLICT DO UPDATE SET count = count + ?6");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, spans / 2);
    db_bind_integer(query, 3, change->key);
    db_bind_integer(query, 4, spans % 2);
    db_bind_integer(query, 5, change->more % HISTOGRAM_BUCKETS);
    db_bind_integer(query, 6, count);
    db_run(query);
    if (count > 0)
        return;
    query = db_query(db, "DELETE FROM cache_histogram WHERE epoch = ?1 AND span = ?2 AND start = ?3 AND kind = ?4 "
                         "AND bucket = ?5 AND count = 0");
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, spans / 2);
    db_bind_integer(query, 3, change->key);
    db_bind_integer(query, 4, spans % 2);
    db_bind_integer(query, 5, change->more % HISTOGRAM_BUCKETS);
    db_run(query);
}

static int by_key(const void *a, const void *b) {
    const struct change *p = *(const struct change *const *)a, *q = *(const struct change *const *)b;
    if (p->subject != q->subject)
        return p->subject < q->subject ? -1 : 1;
    if (p->subject == OF_TIMES && p->more / HISTOGRAM_BUCKETS != q->more / HISTOGRAM_BUCKETS)
        return p->more < q->more ? -1 : 1;
    if (p->key != q->key)
        return p->key < q->key ? -1 : 1;
    return (p->more > q->more) - (p->more < q->more);
}

/* In the order of the tables, so that each of their pages is met once. */
static void flush_all(struct cache *cache, const struct cache_state *state) {
    struct holding holding = {0};
    const struct change **order = xreallocarray(NULL, cache->count, sizeof *order);
    for (size_t i = 0; i < cache->count; i++)
        order[i] = &cache->changes[i];
    qsort(order, cache->count, sizeof *order, by_key);
    for (size_t i = 0; i < cache->count; i++) {
        const struct change *change = order[i];
        switch (change->subject) {
        case OF_SIGNATURE: flush_signature(cache, state, change, &holding); break;
        case OF_HOUR: flush_hour(cache->db, state->epoch, change->key, &change->sums, change->taken); break;
        case OF_ACCOUNT:
        case OF_USER: flush_party(cache->db, state->epoch, change); break;
        case OF_TIMES:
            if (change->sums.hits != 0)
                flush_times(cache->db, state->epoch, change);
            break;
        case OF_ALL: break;
        }
    }
    free(order);
    write_holding(cache->db, state->epoch, &holding);
}

void cache_flush(struct cache *cache, int64_t now) {
    if (!cache->written)
        return;
    if (cache->count > 0)
        flush_all(cache, &cache->state);
    struct query *query = db_query(cache->db, "UPDATE cache_state SET updated_at = ?1 WHERE id = 1");
    db_bind_integer(query, 1, now);
    db_run(query);
    cache_forget(cache);
}

/* -- reset ------------------------------------------------------------------------------------------------------ */

void cache_reset(struct db *db, int64_t now) {
    struct query *query = db_query(db, "UPDATE cache_state SET epoch = epoch + 1, from_at = ?1, updated_at = ?1, "
                                       "after_id = coalesce((SELECT max(id) FROM cache_event), 0) WHERE id = 1");
    db_bind_integer(query, 1, now);
    db_run(query);
}

static int64_t clear_table(struct db *db, struct query *query, int64_t epoch, int64_t rows) {
    db_bind_integer(query, 1, epoch);
    db_bind_integer(query, 2, rows);
    db_run(query);
    return db_changes(db);
}

bool cache_clear(struct db *db, int64_t rows) {
    int64_t epoch = read_state(db).epoch, cleared = 0;
    cleared += clear_table(db,
                           db_query(db, "DELETE FROM cache_sum WHERE (epoch, signature) IN "
                                        "(SELECT epoch, signature FROM cache_sum WHERE epoch < ?1 LIMIT ?2)"),
                           epoch, rows);
    cleared += clear_table(db,
                           db_query(db, "DELETE FROM cache_histogram WHERE (epoch, span, start, kind, bucket) IN "
                                        "(SELECT epoch, span, start, kind, bucket FROM cache_histogram "
                                        "WHERE epoch < ?1 LIMIT ?2)"),
                           epoch, rows);
    cleared += clear_table(db,
                           db_query(db, "DELETE FROM cache_hour WHERE (epoch, hour) IN "
                                        "(SELECT epoch, hour FROM cache_hour WHERE epoch < ?1 LIMIT ?2)"),
                           epoch, rows);
    cleared += clear_table(db,
                           db_query(db, "DELETE FROM cache_party WHERE (epoch, kind, name) IN "
                                        "(SELECT epoch, kind, name FROM cache_party WHERE epoch < ?1 LIMIT ?2)"),
                           epoch, rows);
    cleared += clear_table(db, db_query(db, "DELETE FROM cache_total WHERE epoch < ?1 AND ?2 > 0"), epoch, rows);
    return cleared > 0 && !db_failed(db);
}

/* -- verification ----------------------------------------------------------------------------------------------- */

static bool same_sums(const struct cache_sums *a, const struct cache_sums *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static bool same_moments(const struct moments *a, const struct moments *b) {
    return a->first_written == b->first_written && a->first_hit == b->first_hit && a->last_hit == b->last_hit &&
           a->last_written == b->last_written && a->size_at == b->size_at && a->size == b->size;
}

struct check {
    struct db *db;
    struct cache_state state;
    void *context;
    on_wrong_cache *on_wrong;
};

static void check_signature(const struct check *check, int64_t signature, const struct signature_sum *should) {
    struct signature_sum is;
    bool there = read_signature(check->db, check->state.epoch, signature, &is);
    if (there == is_empty(&should->sums) || !same_sums(&is.sums, &should->sums) ||
        !same_moments(&is.moments, &should->moments))
        check->on_wrong(check->context, OF_SIGNATURE, signature, "the sums of a cached signature are wrong");
}

static void check_signatures(const struct check *check) {
    struct signature_sum sum = {.moments = no_moments};
    int64_t at = 0;
    struct query *query = db_query(check->db, "SELECT " EVENT_COLUMNS " FROM cache_event ORDER BY signature");
    while (db_row(query)) {
        struct event event = event_from(query);
        if (event.signature != at) {
            if (at != 0)
                check_signature(check, at, &sum);
            sum = (struct signature_sum){.moments = no_moments};
            at = event.signature;
        }
        if (!counts(&check->state, &event))
            continue;
        add_event(&sum.sums, &event, 1);
        add_moments(&sum.moments, &event);
    }
    if (at != 0)
        check_signature(check, at, &sum);
    query = db_query(check->db, "SELECT signature FROM cache_sum WHERE epoch = ?1 AND signature NOT IN "
                                "(SELECT signature FROM cache_event)");
    db_bind_integer(query, 1, check->state.epoch);
    while (db_row(query))
        check->on_wrong(check->context, OF_SIGNATURE, db_integer(query, 0),
                        "there are sums of a signature without events");
}

/* What an hour's events give. */
struct hour_sum {
    struct cache_sums sums;
    struct histogram times[2]; /* lookups, writes */
};

static void add_to_hour(struct hour_sum *hour, const struct event *event) {
    add_event(&hour->sums, event, 1);
    if (event->duration != UNKNOWN)
        histogram_add(&hour->times[event->event == CACHE_WRITE], histogram_bucket(event->duration), 1);
}

static bool hour_row_is(const struct check *check, int64_t hour, const struct cache_sums *should) {
    struct query *query = db_query(check->db, "SELECT hits, misses, writes, saved_known, saved FROM cache_hour "
                                              "WHERE epoch = ?1 AND hour = ?2");
    db_bind_integer(query, 1, check->state.epoch);
    db_bind_integer(query, 2, hour);
    bool is = db_row(query) && db_integer(query, 0) == should->hits && db_integer(query, 1) == should->misses &&
              db_integer(query, 2) == should->writes && db_integer(query, 3) == should->saved_known &&
              db_integer(query, 4) == should->saved;
    db_end(query);
    return is;
}

static bool hour_times_are(const struct check *check, int64_t hour, const struct hour_sum *should) {
    int64_t left = should->times[0].count + should->times[1].count;
    bool are = true;
    struct query *query = db_query(check->db, "SELECT kind, bucket, count FROM cache_histogram "
                                              "WHERE epoch = ?1 AND span = 2 AND start = ?2");
    db_bind_integer(query, 1, check->state.epoch);
    db_bind_integer(query, 2, hour);
    while (db_row(query)) {
        int64_t kind = db_integer(query, 0), bucket = db_integer(query, 1), count = db_integer(query, 2);
        bool in_range = (kind == 0 || kind == 1) && bucket >= 0 && bucket < HISTOGRAM_BUCKETS;
        are = are && in_range && should->times[kind].counts[bucket] == count;
        left -= count;
    }
    return are && left == 0;
}

static void check_hour(const struct check *check, int64_t hour, const struct hour_sum *should) {
    if (!hour_row_is(check, hour, &should->sums) || !hour_times_are(check, hour, should))
        check->on_wrong(check->context, OF_HOUR, hour, "the sums of an hour of cache events are wrong");
}

static void check_hours(const struct check *check) {
    struct hour_sum *hour = xcalloc(1, sizeof *hour);
    int64_t at = 0;
    struct query *query = db_query(check->db, "SELECT " EVENT_COLUMNS " FROM cache_event ORDER BY at");
    while (db_row(query)) {
        struct event event = event_from(query);
        int64_t its = floor_div(event.at, HOUR_US);
        if (!counts(&check->state, &event))
            continue;
        if (its != at && !is_empty(&hour->sums)) {
            check_hour(check, at, hour);
            memset(hour, 0, sizeof *hour);
        }
        at = its;
        add_to_hour(hour, &event);
    }
    if (!is_empty(&hour->sums))
        check_hour(check, at, hour);
    free(hour);
}

/* Rows of hours in which nothing counts. */
static void check_empty_hours(const struct check *check) {
    struct query *query =
        db_query(check->db, "SELECT hour FROM (SELECT hour FROM cache_hour WHERE epoch = ?1 UNION "
                            "SELECT start FROM cache_histogram WHERE epoch = ?1 AND span = 2) WHERE NOT EXISTS "
                            "(SELECT 1 FROM cache_event WHERE at >= hour * 3600000000 AND at < (hour + 1) * 3600000000 "
                            "AND id > ?2 AND (?3 IS NULL OR at >= ?3))");
    db_bind_integer(query, 1, check->state.epoch);
    db_bind_integer(query, 2, check->state.after_id);
    db_bind_optional(query, 3, check->state.from_at, NO_TIME);
    while (db_row(query))
        check->on_wrong(check->context, OF_HOUR, db_integer(query, 0),
                        "there are sums of an hour without cache events");
}

/* Days are the sums of their hours, and all is that of the days. */
static void check_wider_times(const struct check *check) {
    struct query *query = db_query(
        check->db,
        "WITH should AS (SELECT 1 AS span, (start - ((start % 24) + 24) % 24) / 24 AS start, kind, bucket, "
        "sum(count) AS count FROM cache_histogram WHERE epoch = ?1 AND span = 2 GROUP BY 2, 3, 4 UNION ALL "
        "SELECT 0, 0, kind, bucket, sum(count) FROM cache_histogram WHERE epoch = ?1 AND span = 2 GROUP BY 3, 4), "
        "is_there AS (SELECT span, start, kind, bucket, count FROM cache_histogram WHERE epoch = ?1 AND span < 2) "
        "SELECT (SELECT count(*) FROM (SELECT * FROM should EXCEPT SELECT * FROM is_there)) + "
        "(SELECT count(*) FROM (SELECT * FROM is_there EXCEPT SELECT * FROM should))");
    db_bind_integer(query, 1, check->state.epoch);
    bool wrong = db_row(query) && db_integer(query, 0) > 0;
    db_end(query);
    if (wrong)
        check->on_wrong(check->context, OF_TIMES, 0, "the histograms of days of cache events are wrong");
}

static void check_party(const struct check *check, enum cache_subject subject, struct query *query) {
    db_bind_integer(query, 1, check->state.epoch);
    db_bind_integer(query, 2, check->state.after_id);
    db_bind_optional(query, 3, check->state.from_at, NO_TIME);
    while (db_row(query))
        check->on_wrong(check->context, subject, db_integer(query, 0),
                        subject == OF_USER ? "the sums of a user's cache events are wrong"
                                           : "the sums of an account's cache events are wrong");
}

static void check_parties(const struct check *check) {
    check_party(check, OF_ACCOUNT,
                db_query(check->db,
                         "WITH should AS (SELECT account AS name, sum(event = 0) AS hits, sum(event = 1) AS misses, "
                         "sum(event = 2) AS writes, count(cost_saved) AS known, coalesce(sum(cost_saved), 0) AS saved "
                         "FROM cache_event WHERE id > ?2 AND (?3 IS NULL OR at >= ?3) AND account IS NOT NULL "
                         "GROUP BY account), is_there AS (SELECT name, hits, misses, writes, saved_known, saved "
                         "FROM cache_party WHERE epoch = ?1 AND kind = 0) SELECT name FROM "
                         "(SELECT * FROM should EXCEPT SELECT * FROM is_there) UNION "
                         "SELECT name FROM (SELECT * FROM is_there EXCEPT SELECT * FROM should)"));
    check_party(check, OF_USER,
                db_query(check->db,
                         "WITH should AS (SELECT user AS name, sum(event = 0) AS hits, sum(event = 1) AS misses, "
                         "sum(event = 2) AS writes, count(cost_saved) AS known, coalesce(sum(cost_saved), 0) AS saved "
                         "FROM cache_event WHERE id > ?2 AND (?3 IS NULL OR at >= ?3) AND user IS NOT NULL "
                         "GROUP BY user), is_there AS (SELECT name, hits, misses, writes, saved_known, saved "
                         "FROM cache_party WHERE epoch = ?1 AND kind = 1) SELECT name FROM "
                         "(SELECT * FROM should EXCEPT SELECT * FROM is_there) UNION "
                         "SELECT name FROM (SELECT * FROM is_there EXCEPT SELECT * FROM should)"));
}

static struct holding ask_holding(struct db *db, int64_t epoch) {
    struct holding holding = {0};
    struct query *query = db_query(db, "SELECT count(*), count(size), coalesce(sum(size), 0) FROM cache_sum "
                                       "WHERE epoch = ?1 AND (hits > 0 OR writes > 0)");
    db_bind_integer(query, 1, epoch);
    if (db_row(query)) {
        holding = (struct holding){db_integer(query, 0), db_integer(query, 1), db_integer(query, 2)};
        db_end(query);
    }
    return holding;
}

static struct holding read_holding(struct db *db, int64_t epoch) {
    struct holding holding = {0};
    struct query *query = db_query(db, "SELECT cached, sized, bytes FROM cache_total WHERE epoch = ?1");
    db_bind_integer(query, 1, epoch);
    if (db_row(query)) {
        holding = (struct holding){db_integer(query, 0), db_integer(query, 1), db_integer(query, 2)};
        db_end(query);
    }
    return holding;
}

static void check_holding(const struct check *check) {
    struct holding is = read_holding(check->db, check->state.epoch),
                   should = ask_holding(check->db, check->state.epoch);
    if (is.cached != should.cached || is.sized != should.sized || is.bytes != should.bytes)
        check->on_wrong(check->context, OF_ALL, 0, "what the cache holds is wrong");
}

void cache_check(struct db *db, void *context, on_wrong_cache *on_wrong) {
    struct check check = {db, read_state(db), context, on_wrong};
    check_signatures(&check);
    check_hours(&check);
    check_empty_hours(&check);
    check_wider_times(&check);
    check_parties(&check);
    check_holding(&check);
}

/* -- mending ---------------------------------------------------------------------------------------------------- */

static void run_with(struct query *query, const int64_t *values, int count) {
    for (int i = 0; i < count; i++)
        db_bind_integer(query, i + 1, values[i]);
    db_run(query);
}

static void mend_hour(struct db *db, const struct cache_state *state, int64_t hour) {
    struct hour_sum *sum = xcalloc(1, sizeof *sum);
    struct query *query = db_query(db, "SELECT " EVENT_COLUMNS " FROM cache_event WHERE at >= ?1 AND at < ?2");
    db_bind_integer(query, 1, hour * HOUR_US);
    db_bind_integer(query, 2, (hour + 1) * HOUR_US);
    while (db_row(query)) {
        struct event event = event_from(query);
        if (counts(state, &event))
            add_to_hour(sum, &event);
    }
    const int64_t key[] = {state->epoch, hour};
    run_with(db_query(db, "DELETE FROM cache_hour WHERE epoch = ?1 AND hour = ?2"), key, 2);
    run_with(db_query(db, "DELETE FROM cache_histogram WHERE epoch = ?1 AND span = 2 AND start = ?2"), key, 2);
    if (!is_empty(&sum->sums))
        flush_hour(db, state->epoch, hour, &sum->sums, false);
    for (int kind = 0; kind < 2; kind++)
        for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
            if (sum->times[kind].counts[bucket] > 0)
                flush_times(db, state->epoch,
                            &(struct change){.key = hour,
                                             .more = times_key(SPAN_HOUR, kind, bucket),
                                             .sums.hits = sum->times[kind].counts[bucket]});
    free(sum);
}

static void mend_wider_times(struct db *db, int64_t epoch) {
    run_with(db_query(db, "DELETE FROM cache_histogram WHERE epoch = ?1 AND span < 2"), &epoch, 1);
    run_with(db_query(db, "INSERT INTO cache_histogram(epoch, span, start, kind, bucket, count) "
                          "SELECT ?1, 1, (start - ((start % 24) + 24) % 24) / 24, kind, bucket, sum(count) "
                          "FROM cache_histogram WHERE epoch = ?1 AND span = 2 GROUP BY 3, 4, 5"),
             &epoch, 1);
    run_with(db_query(db, "INSERT INTO cache_histogram(epoch, span, start, kind, bucket, count) "
                          "SELECT ?1, 0, 0, kind, bucket, sum(count) FROM cache_histogram "
                          "WHERE epoch = ?1 AND span = 2 GROUP BY 4, 5"),
             &epoch, 1);
}

static void mend_party(struct db *db, const struct cache_state *state, enum cache_subject subject, int64_t name) {
    struct change change = {.subject = subject, .key = name};
    struct query *query = subject == OF_USER
                              ? db_query(db, "SELECT " EVENT_COLUMNS " FROM cache_event WHERE user = ?1")
                              : db_query(db, "SELECT " EVENT_COLUMNS " FROM cache_event WHERE account = ?1");
    db_bind_integer(query, 1, name);
    while (db_row(query)) {
        struct event event = event_from(query);
        if (counts(state, &event))
            add_event(&change.sums, &event, 1);
    }
    const int64_t key[] = {state->epoch, subject == OF_USER, name};
    run_with(db_query(db, "DELETE FROM cache_party WHERE epoch = ?1 AND kind = ?2 AND name = ?3"), key, 3);
    if (!is_empty(&change.sums))
        flush_party(db, state->epoch, &change);
}

void cache_mend(struct db *db, enum cache_subject subject, int64_t key) {
    struct cache_state state = read_state(db);
    struct signature_sum sum;
    struct holding holding;
    switch (subject) {
    case OF_SIGNATURE:
        sum = ask_signature(db, &state, key);
        write_signature(db, state.epoch, key, &sum);
        break;
    case OF_HOUR: mend_hour(db, &state, key); break;
    case OF_ACCOUNT:
    case OF_USER: mend_party(db, &state, subject, key); break;
    case OF_TIMES: mend_wider_times(db, state.epoch); break;
    case OF_ALL:
        holding = ask_holding(db, state.epoch);
        run_with(db_query(db, "DELETE FROM cache_total WHERE epoch = ?1"), &state.epoch, 1);
        write_holding(db, state.epoch, &holding);
        break;
    }
}

/* -- removing --------------------------------------------------------------------------------------------------- */

int64_t cache_selected(struct db *db, int64_t after, int64_t last, const struct selection *selection) {
    return selection_next(db_query(db,
                                   "SELECT id FROM cache_event WHERE id > ?1 AND id <= ?6 AND (at < ?2 OR NULL = ?3 "
                                   "OR account = ?4 OR user = ?5) ORDER BY id LIMIT 1"),
                          after, last, selection);
}

bool cache_remove(struct cache *cache, int64_t id, struct text *identity, bool *dated) {
    struct query *query = db_query(cache->db,
                                   "DELETE FROM cache_event WHERE id = ?1 RETURNING " EVENT_COLUMNS ", identity");
    text_clear(identity);
    db_bind_integer(query, 1, id);
    if (!db_row(query))
        return false;
    struct event event = event_from(query);
    struct span key = db_text(query, 11);
    *dated = event.version.dated;
    if (key.n == sizeof(struct event_key))
        text_bytes(identity, key.s + LOCAL_BYTES, key.n - LOCAL_BYTES);
    db_run(query);
    if (!cache->written)
        cache->state = read_state(cache->db);
    cache->written = true;
    if (counts(&cache->state, &event))
        count_event(cache, &event, -1);
    /* rows that come later, and may get its number, are of after the last reset all the same */
    db_script(cache->db, "UPDATE cache_state SET after_id = min(after_id, (SELECT coalesce(max(id), 0) "
                         "FROM cache_event))");
    return true;
}

void cache_forget_signatures(struct cache *cache) {
    if (cache->known != NULL)
        memset(cache->known, 0, KNOWN_SIGNATURES * sizeof *cache->known);
}
