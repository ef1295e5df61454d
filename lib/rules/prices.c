#include "rules/prices.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

enum {
    SLOTS_MIN = 64, /* of the hash table: a power of two, always half empty or more */
    YEAR_MIN = 2000,
    YEAR_MAX = 2099,
};

/* -- costs ------------------------------------------------------------------------------------------------------ */

/* Adds COUNT tokens at PRICE to the cost, in pico-dollars. False if that cannot be said. */
static bool add_cost(wide *pico, int64_t count, int64_t price) {
    if (count <= 0) /* UNKNOWN ones too: the cache counts' */
        return true;
    *pico += (wide)count * price;
    return price >= 0 && *pico < ((wide)COST_MAX + 1) * 1000;
}

int64_t price_cost(const struct price *price, const struct token_counts *tokens) {
    if (price == NULL || tokens->input < 0 || tokens->output < 0)
        return UNKNOWN;
    int64_t hour = tokens->cache_write_1h > 0 ? tokens->cache_write_1h : 0;
    int64_t minutes = tokens->cache_write > hour ? tokens->cache_write - hour : 0;
    wide pico = 0;
    if (!add_cost(&pico, tokens->input, price->input) || !add_cost(&pico, tokens->output, price->output) ||
        !add_cost(&pico, tokens->cache_read, price->cache_read) || !add_cost(&pico, minutes, price->cache_write) ||
        !add_cost(&pico, hour, price->cache_write_1h))
        return UNKNOWN;
    int64_t nano = (int64_t)((pico + 500) / 1000);
    return nano <= COST_MAX ? nano : UNKNOWN;
}

/* -- the list --------------------------------------------------------------------------------------------------- */

/* What held before a time. */
struct older {
    int64_t until;
    struct price price;
};

struct entry {
    char *name; /* in lower case, without a provider */
    size_t size;
    struct price price;
    struct older *older; /* by "until", the latest first */
    size_t older_count;
    int layer;
};

struct price_list {
    struct entry *entries;
    size_t count;
    size_t *slots; /* by a name's hash: 1 + an entry, 0 where there is none */
    size_t slot_count;
    int layer;
};

/* The slot of the name, in lower case, or the free one where it belongs. */
static size_t *slot_of(const struct price_list *list, const char *name, size_t size) {
    size_t at = (size_t)hash64(name, size);
    for (;; at++) {
        size_t *slot = &list->slots[at & (list->slot_count - 1)];
        if (*slot == 0)
            return slot;
        const struct entry *entry = &list->entries[*slot - 1];
        if (entry->size == size && memcmp(entry->name, name, size) == 0)
            return slot;
    }
}

static void make_slots(struct price_list *list, size_t slot_count) {
    free(list->slots);
    list->slots = xcalloc(slot_count, sizeof *list->slots);
    list->slot_count = slot_count;
    for (size_t i = 0; i < list->count; i++)
        *slot_of(list, list->entries[i].name, list->entries[i].size) = i + 1;
}

struct price_list *prices_new(void) {
    struct price_list *list = xcalloc(1, sizeof *list);
    make_slots(list, SLOTS_MIN);
    return list;
}

void prices_free(struct price_list *list) {
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++) {
        free(list->entries[i].name);
        free(list->entries[i].older);
    }
    free(list->entries);
    free(list->slots);
    free(list);
}

void prices_overlay(struct price_list *list) {
    list->layer++;
}

static struct span without_provider(struct span model) {
    const char *slash = model.n > 0 ? memrchr(model.s, '/', model.n) : NULL;
    if (slash == NULL)
        return model;
    size_t prefix = (size_t)(slash - model.s) + 1;
    return (struct span){model.s + prefix, model.n - prefix};
}

/* NAME in lower case, into OUT. False if nothing can have that name. */
static bool fold(struct span name, char out[PRICE_NAME_MAX]) {
    if (name.n == 0 || name.n > PRICE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++)
        out[i] = ascii_lower(name.s[i]);
    return true;
}

bool prices_add(struct price_list *list, struct span model, const struct price *price) {
    char name[PRICE_NAME_MAX];
    struct span bare = without_provider(model);
    if (!fold(bare, name))
        return false;
    size_t *slot = slot_of(list, name, bare.n);
    if (*slot != 0) {
        struct entry *entry = &list->entries[*slot - 1];
        if (entry->layer == list->layer)
            return false;
        entry->price = *price;
        entry->older_count = 0;
        entry->layer = list->layer;
        return true;
    }
    if ((list->count & (list->count - 1)) == 0) /* room for 1, 2, 4, ... */
        list->entries = xreallocarray(list->entries, list->count > 0 ? 2 * list->count : 1, sizeof *list->entries);
    list->entries[list->count++] =
        (struct entry){.name = xmemdup(name, bare.n), .size = bare.n, .price = *price, .layer = list->layer};
    *slot = list->count;
    if (2 * list->count > list->slot_count)
        make_slots(list, 2 * list->slot_count);
    return true;
}

/* -- finding ---------------------------------------------------------------------------------------------------- */

static struct entry *find(const struct price_list *list, struct span name) {
    char folded[PRICE_NAME_MAX];
    if (!fold(name, folded))
        return NULL;
    size_t slot = *slot_of(list, folded, name.n);
    return slot != 0 ? &list->entries[slot - 1] : NULL;
}

bool prices_add_before(struct price_list *list, struct span model, int64_t until, const struct price *price) {
    struct entry *entry = find(list, without_provider(model));
    size_t at = 0;
    if (entry == NULL || entry->layer != list->layer)
        return false;
    while (at < entry->older_count && entry->older[at].until > until)
        at++;
    if (at < entry->older_count && entry->older[at].until == until)
        return false;
    entry->older = xreallocarray(entry->older, entry->older_count + 1, sizeof *entry->older);
    memmove(entry->older + at + 1, entry->older + at, (entry->older_count - at) * sizeof *entry->older);
    entry->older[at] = (struct older){until, *price};
    entry->older_count++;
    return true;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Whether S is "-YYYYMMDD" or "-YYYY-MM-DD", as FORM has it ('d' is a digit), and such a day may be a model's. */
static bool dated(const char *s, const char *form) {
    int number = 0;
    for (; *form != '\0'; s++, form++) {
        if (*form == 'd' ? *s < '0' || *s > '9' : *s != *form)
            return false;
        if (*form == 'd')
            number = number * 10 + (*s - '0');
    }
    int year = number / 10000, month = number / 100 % 100, day = number % 100;
    return year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12 && day >= 1 &&
           day <= days_in_month(year, month);
}

static bool ends_latest(struct span name) {
    static const char latest[] = "-latest";
    size_t size = sizeof latest - 1;
    for (size_t i = 0; i < size; i++)
        if (name.n < size || ascii_lower(name.s[name.n - size + i]) != latest[i])
            return false;
    return true;
}

static struct span without_date(struct span name) {
    static const char *const forms[] = {"-dddddddd", "-dddd-dd-dd"};
    if (ends_latest(name))
        return (struct span){name.s, name.n - strlen("-latest")};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t size = strlen(forms[i]);
        if (name.n > size && dated(name.s + name.n - size, forms[i]))
            return (struct span){name.s, name.n - size};
    }
    return name;
}

static struct span without_version(struct span name) {
    const char *at = name.n > 0 ? memrchr(name.s, '@', name.n) : NULL;
    return at != NULL ? (struct span){name.s, (size_t)(at - name.s)} : name;
}

static const struct entry *find_model(const struct price_list *list, struct span model) {
    struct span whole = without_provider(model), name = without_version(whole), bare = without_date(name);
    const struct entry *found = find(list, whole);
    if (found == NULL && name.n < whole.n)
        found = find(list, name);
    if (found == NULL && bare.n < name.n)
        found = find(list, bare);
    return found;
}

const struct price *prices_find(const struct price_list *list, struct span model, int64_t at) {
    const struct entry *found = find_model(list, model);
    const struct price *price = found != NULL ? &found->price : NULL;
    for (size_t i = 0; found != NULL && i < found->older_count && at < found->older[i].until; i++)
        price = &found->older[i].price;
    return price;
}

int64_t prices_cost(const struct price_list *list, struct span model, const struct token_counts *tokens, int64_t at) {
    return model.n > 0 ? price_cost(prices_find(list, model, at), tokens) : UNKNOWN;
}
