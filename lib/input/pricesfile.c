#include "input/pricesfile.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "input/datafile.h"

static const char UNIT[] = "USD per million tokens";
enum { UNIT_PLACES = 6 }; /* that unit times a million is pico-dollars a token */

static bool parse_amount(struct datafile *file, const struct json_node *in, const char *where, const char *name,
                         int64_t *amount) {
    const struct json_node *node = data_member(file, in, name);
    bool exact;
    *amount = UNKNOWN;
    if (node == NULL)
        return true;
    if (node->type != JSON_NUMBER)
        return data_refuse(file, "%s: %s: is not a number", where, name);
    if (!decimal_scaled(node->text, UNIT_PLACES, amount, &exact) || *amount > PRICE_MAX)
        return data_refuse(file, "%s: %s: is too large", where, name);
    if (*amount < 0)
        return data_refuse(file, "%s: %s: is less than 0", where, name);
    if (!exact)
        return data_refuse(file, "%s: %s: has more than %d decimal places", where, name, UNIT_PLACES);
    return true;
}

/* The prices in IN, which WHERE names. */
static bool parse_price(struct datafile *file, const struct json_node *in, const char *where, struct price *price) {
    const struct {
        const char *name;
        int64_t *amount;
        bool required;
    } members[] = {
        {"input", &price->input, true},
        {"output", &price->output, true},
        {"cache_read", &price->cache_read, false},
        {"cache_write", &price->cache_write, false},
        {"cache_write_1h", &price->cache_write_1h, false},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (!parse_amount(file, in, where, members[i].name, members[i].amount))
            return false;
        if (members[i].required && *members[i].amount == UNKNOWN)
            return data_refuse(file, "%s: has no \"%s\"", where, members[i].name);
    }
    return true;
}

struct naming {
    struct price_list *list;
    const struct price *price;
};

static bool add_name(void *to, const char *name) {
    const struct naming *naming = to;
    return prices_add(naming->list, span_of(name), naming->price);
}

/* Midnight, UTC, of a date as "2026-01-31". */
static bool parse_date(struct span text, int64_t *at) {
    struct text time = {0};
    text_append(&time, text);
    text_string(&time, "T00:00:00Z");
    bool good = text.n == strlen("2026-01-31") && time_parse(text_span(&time), at);
    text_free(&time);
    return good;
}

/* One of the prices before a date, for all of the model's names. */
static bool parse_older(struct datafile *file, const struct json_node *model, const struct json_node *older,
                        struct price_list *list) {
    static const char *const names[] = {"input",          "output", "cache_read", "cache_write",
                                        "cache_write_1h", "about",  NULL};
    const struct json_node *also = data_member(file, model, "also");
    struct price price;
    int64_t until;
    if (!parse_date(older->key, &until))
        return data_refuse(file, "%s: before: \"%s\" is not a date as 2026-01-31", model->key.s, older->key.s);
    struct text where = {0};
    text_format(&where, "%s: before: %s", model->key.s, older->key.s);
    bool good = data_only_members(file, older, where.s, names) && parse_price(file, older, where.s, &price);
    text_free(&where);
    if (!good)
        return false;
    if (!prices_add_before(list, model->key, until, &price))
        return data_refuse(file, "%s: before: %s is given twice", model->key.s, older->key.s);
    for (const struct json_node *name = also != NULL ? data_next(file, also, also) : NULL; name != NULL;
         name = data_next(file, also, name))
        prices_add_before(list, name->text, until, &price);
    return true;
}

static bool parse_all_older(struct datafile *file, const struct json_node *model, struct price_list *list) {
    const struct json_node *before = data_member(file, model, "before");
    if (before == NULL)
        return true;
    if (before->type != JSON_OBJECT)
        return data_refuse(file, "%s: before: is not an object", model->key.s);
    for (const struct json_node *older = data_next(file, before, before); older != NULL;
         older = data_next(file, before, older))
        if (!parse_older(file, model, older, list))
            return false;
    return true;
}

static bool parse_model(struct datafile *file, const struct json_node *model, struct price_list *list) {
    static const char *const names[] = {"input",  "output", "cache_read", "cache_write", "cache_write_1h",
                                        "before", "also",   "about",      NULL};
    const char *name = model->key.s;
    struct price price;
    struct naming naming = {list, &price};
    if (!data_only_members(file, model, name, names) || !parse_price(file, model, name, &price))
        return false;
    if (!add_name(&naming, name))
        return data_refuse(file, "models: cannot take \"%s\", which is given twice, empty or too long", name);
    struct text where = {0};
    text_format(&where, "%s: also", name);
    bool good = data_each_word(file, data_member(file, model, "also"), where.s, add_name, &naming);
    text_free(&where);
    return good && parse_all_older(file, model, list);
}

static bool parse_all(struct datafile *file, void *to) {
    static const char *const names[] = {"about", "date", "unit", "models", NULL};
    const struct json_node *root = data_root(file), *models = data_member(file, root, "models");
    if (!data_only_members(file, root, "prices", names))
        return false;
    const char *unit = data_string(file, root, "unit");
    if (unit != NULL && strcmp(unit, UNIT) != 0)
        return data_refuse(file, "unit: is not \"%s\"", UNIT);
    data_string(file, root, "date"); /* refuses what is no string */
    if (models == NULL || models->type != JSON_OBJECT)
        return data_refuse(file, "models: is not an object");
    for (const struct json_node *model = data_next(file, models, models); model != NULL;
         model = data_next(file, models, model))
        if (!parse_model(file, model, to))
            return false;
    return true;
}

struct price_list *prices_parse(struct span base, struct span extra, struct text *error) {
    struct price_list *list = prices_new();
    struct datafile file = {.error = error};
    text_clear(error);
    bool good = data_document(&file, base, parse_all, list);
    prices_overlay(list);
    if (good && (extra.s == NULL || data_document(&file, extra, parse_all, list)))
        return list;
    prices_free(list);
    return NULL;
}
