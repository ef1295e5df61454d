#include "ledger/sets.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

/* Remembered sets: bounded, and forgotten all at once when full. */
enum { FIRST_SLOTS = 64, REMEMBERED_MAX = 2048 };

struct sets {
    struct db *db;
    struct arena memory;
    size_t count, slot_count;
    struct pattern_set **by_patterns, **by_id; /* open addressing, at most half of them used; NULL: free */
    struct text list;
};

static const struct pattern_set empty;

static void make_slots(struct sets *sets, size_t count) {
    sets->slot_count = count;
    sets->by_patterns = xcalloc(count, sizeof(struct pattern_set *));
    sets->by_id = xcalloc(count, sizeof(struct pattern_set *));
}

static void free_slots(struct sets *sets) {
    free(sets->by_patterns);
    free(sets->by_id);
}

struct sets *sets_new(struct db *db) {
    struct sets *sets = xcalloc(1, sizeof *sets);
    sets->db = db;
    make_slots(sets, FIRST_SLOTS);
    return sets;
}

void sets_free(struct sets *sets) {
    if (sets == NULL)
        return;
    arena_free(&sets->memory);
    text_free(&sets->list);
    free_slots(sets);
    free(sets);
}

static void forget(struct sets *sets) {
    free_slots(sets);
    make_slots(sets, FIRST_SLOTS);
    arena_reset(&sets->memory);
    sets->count = 0;
}

/* -- remembering ------------------------------------------------------------------------------------------------ */

static size_t patterns_size(const struct pattern_set *set) {
    return (size_t)set->count * sizeof *set->patterns;
}

static struct pattern_set **slot_of_patterns(struct sets *sets, const struct pattern_set *set) {
    size_t at = hash64(set->patterns, patterns_size(set)) % sets->slot_count;
    for (struct pattern_set *other; (other = sets->by_patterns[at]) != NULL; at = (at + 1) % sets->slot_count)
        if (other->count == set->count && memcmp(other->patterns, set->patterns, patterns_size(set)) == 0)
            break;
    return &sets->by_patterns[at];
}

static struct pattern_set **slot_of_id(struct sets *sets, int64_t id) {
    size_t at = (size_t)id % sets->slot_count;
    while (sets->by_id[at] != NULL && sets->by_id[at]->id != id)
        at = (at + 1) % sets->slot_count;
    return &sets->by_id[at];
}

static void place(struct sets *sets, struct pattern_set *kept) {
    *slot_of_patterns(sets, kept) = kept;
    *slot_of_id(sets, kept->id) = kept;
}

/* Makes room for one more. */
static void grow(struct sets *sets) {
    struct sets old = *sets;
    if (sets->count * 2 < sets->slot_count)
        return;
    make_slots(sets, 2 * sets->slot_count);
    for (size_t i = 0; i < old.slot_count; i++)
        if (old.by_id[i] != NULL)
            place(sets, old.by_id[i]);
    free_slots(&old);
}

static const struct pattern_set *remember(struct sets *sets, const struct pattern_set *set) {
    if (sets->count == REMEMBERED_MAX)
        forget(sets);
    grow(sets);
    size_t size = offsetof(struct pattern_set, patterns) + patterns_size(set);
    struct pattern_set *kept = arena_take(&sets->memory, size);
    memcpy(kept, set, size);
    place(sets, kept);
    sets->count++;
    return kept;
}

/* -- rows ------------------------------------------------------------------------------------------------------- */

/* Reads a list of numbers in ascending order, as write_list writes it. False if it is none. */
static bool read_list(const char *s, struct pattern_set *set) {
    set->count = 0;
    for (char close = '['; *s == close || *s == ','; close = ',') {
        char *end;
        int64_t pattern = strtoll(s + 1, &end, 10);
        if (end == s + 1 || set->count == RULES_PATTERNS_MAX ||
            (set->count > 0 && pattern <= set->patterns[set->count - 1]))
            return false;
        set->patterns[set->count++] = pattern;
        s = end;
    }
    return set->count > 0 && strcmp(s, "]") == 0;
}

static void write_list(const struct pattern_set *set, struct text *list) {
    text_clear(list);
    for (int i = 0; i < set->count; i++)
        text_format(list, "%c%lld", i == 0 ? '[' : ',', (long long)set->patterns[i]);
    text_string(list, "]");
}

const struct pattern_set *sets_get(struct sets *sets, int64_t id) {
    if (id == 0)
        return &empty;
    struct pattern_set *known = *slot_of_id(sets, id), set = {.id = id};
    if (known != NULL)
        return known;
    struct query *query = db_query(sets->db, "SELECT patterns FROM pattern_set WHERE id = ?1");
    db_bind_integer(query, 1, id);
    bool found = db_row(query) && read_list(db_text(query, 0).s, &set);
    db_end(query);
    return found ? remember(sets, &set) : &empty;
}

static int64_t find(struct sets *sets) {
    struct query *query = db_query(sets->db, "SELECT id FROM pattern_set WHERE patterns = ?1");
    db_bind_text(query, 1, text_span(&sets->list));
    int64_t id = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return id;
}

static int64_t add(struct sets *sets) {
    struct query *query = db_query(sets->db, "INSERT INTO pattern_set(patterns) VALUES(?1)");
    db_bind_text(query, 1, text_span(&sets->list));
    db_run(query);
    return db_last_id(sets->db);
}

int64_t sets_id(struct sets *sets, const int64_t *patterns, int count) {
    struct pattern_set set = {.count = 0};
    if (count == 0)
        return 0;
    for (; set.count < count; set.count++) { /* few: sorted as they come */
        int at = set.count;
        for (; at > 0 && set.patterns[at - 1] > patterns[set.count]; at--)
            set.patterns[at] = set.patterns[at - 1];
        set.patterns[at] = patterns[set.count];
    }
    struct pattern_set *known = *slot_of_patterns(sets, &set);
    if (known != NULL)
        return known->id;
    write_list(&set, &sets->list);
    set.id = find(sets);
    if (set.id == 0)
        set.id = add(sets);
    if (set.id != 0)
        remember(sets, &set);
    return set.id;
}

bool sets_has(const struct pattern_set *set, int64_t pattern) {
    for (int i = 0; i < set->count; i++)
        if (set->patterns[i] == pattern)
            return true;
    return false;
}
