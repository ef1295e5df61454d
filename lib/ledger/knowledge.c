#include "ledger/knowledge.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/paths.h"
#include "input/datafile.h"
#include "input/rulesfile.h"

static const char *const file_names[KNOWLEDGE_PARTS] = {"patterns.json", "prompts.json", "prices.json"};
static const char no_prices[] = "{\"models\":{}}";

/* -- texts ------------------------------------------------------------------------------------------------------ */

static struct span extra_of(const struct knowledge *knowledge, enum knowledge_part part) {
    return knowledge->extra[part].n > 0 ? text_span(&knowledge->extra[part]) : (struct span){NULL, 0};
}

struct rules *knowledge_rules(const struct knowledge *knowledge, struct text *error) {
    return rules_parse(text_span(&knowledge->base[PART_RULES]), extra_of(knowledge, PART_RULES), error);
}

struct prompt_rules *knowledge_prompts(const struct knowledge *knowledge, struct text *error) {
    return prompts_parse(text_span(&knowledge->base[PART_PROMPTS]), extra_of(knowledge, PART_PROMPTS), error);
}

struct price_list *knowledge_prices(const struct knowledge *knowledge, struct text *error) {
    const struct text *base = &knowledge->base[PART_PRICES];
    return prices_parse(base->n > 0 ? text_span(base) : span_of(no_prices), extra_of(knowledge, PART_PRICES), error);
}

void knowledge_free(struct knowledge *knowledge) {
    for (int part = 0; part < KNOWLEDGE_PARTS; part++) {
        text_free(&knowledge->base[part]);
        text_free(&knowledge->extra[part]);
    }
}

/* -- files ------------------------------------------------------------------------------------------------------ */

/* A user's own file is checked at once, so that its name is in the message; the share directory's has its tests. */
static bool valid(const struct knowledge *knowledge, enum knowledge_part part, struct text *error) {
    struct rules *rules = part == PART_RULES ? knowledge_rules(knowledge, error) : NULL;
    struct prompt_rules *prompts = part == PART_PROMPTS ? knowledge_prompts(knowledge, error) : NULL;
    struct price_list *prices = part == PART_PRICES ? knowledge_prices(knowledge, error) : NULL;
    bool good = rules != NULL || prompts != NULL || prices != NULL;
    rules_free(rules);
    prompts_free(prompts);
    prices_free(prices);
    return good;
}

static bool load_extra(const char *path, struct knowledge *knowledge, enum knowledge_part part, struct text *error) {
    struct text reason = {0};
    if (!data_read_file(path, &knowledge->extra[part], error))
        return false;
    bool good = valid(knowledge, part, &reason);
    if (!good)
        text_format(error, "%s: %s", path, reason.s);
    text_free(&reason);
    return good;
}

static bool load_part(const char *given, struct knowledge *knowledge, enum knowledge_part part, struct text *error) {
    char *base = path_share(file_names[part]);
    char *extra = given != NULL ? xstrdup(given) : path_config(file_names[part]);
    bool good = data_read_file(base, &knowledge->base[part], error);
    if (good && (given != NULL || access(extra, F_OK) == 0))
        good = load_extra(extra, knowledge, part, error);
    free(base);
    free(extra);
    return good;
}

bool knowledge_load(const char *const given[KNOWLEDGE_PARTS], struct knowledge *knowledge, struct text *error) {
    bool good = true;
    *knowledge = (struct knowledge){0};
    text_clear(error);
    for (int part = 0; good && part < KNOWLEDGE_PARTS; part++)
        good = load_part(given[part], knowledge, (enum knowledge_part)part, error);
    if (!good)
        knowledge_free(knowledge);
    if (!good)
        *knowledge = (struct knowledge){0};
    return good;
}

struct prompt_rules *knowledge_own_prompts(struct text *error) {
    struct knowledge knowledge = {0};
    struct prompt_rules *rules = NULL;
    text_clear(error);
    if (load_part(NULL, &knowledge, PART_PROMPTS, error))
        rules = knowledge_prompts(&knowledge, error);
    knowledge_free(&knowledge);
    return rules;
}

/* -- the database ----------------------------------------------------------------------------------------------- */

static void bind(struct query *query, const struct knowledge *knowledge) {
    for (int part = 0; part < KNOWLEDGE_PARTS; part++) {
        db_bind_text(query, 2 * part + 1, text_span(&knowledge->base[part]));
        db_bind_text(query, 2 * part + 2, text_span(&knowledge->extra[part]));
    }
}

bool knowledge_read_part(struct db *db, int64_t id, enum knowledge_part part, struct knowledge *knowledge) {
    static const char *const selects[] = {
        [PART_RULES] = "SELECT base, extra FROM rules WHERE id = ?1",
        [PART_PROMPTS] = "SELECT prompts, prompts_extra FROM rules WHERE id = ?1",
        [PART_PRICES] = "SELECT prices, prices_extra FROM rules WHERE id = ?1",
    };
    *knowledge = (struct knowledge){0};
    struct query *query = db_query(db, selects[part]);
    db_bind_integer(query, 1, id);
    if (!db_row(query))
        return false;
    text_append(&knowledge->base[part], db_text(query, 0));
    text_append(&knowledge->extra[part], db_text(query, 1));
    db_end(query);
    return true;
}

static struct query *row_of(struct db *db, int64_t id) {
    struct query *query =
        db_query(db, "SELECT base, extra, prompts, prompts_extra, prices, prices_extra FROM rules WHERE id = ?1");
    db_bind_integer(query, 1, id);
    return query;
}

bool knowledge_read(struct db *db, int64_t id, struct knowledge *knowledge) {
    *knowledge = (struct knowledge){0};
    struct query *query = row_of(db, id);
    if (!db_row(query))
        return false;
    for (int part = 0; part < KNOWLEDGE_PARTS; part++) {
        text_append(&knowledge->base[part], db_text(query, 2 * part));
        text_append(&knowledge->extra[part], db_text(query, 2 * part + 1));
    }
    db_end(query);
    return true;
}

bool knowledge_is(struct db *db, int64_t id, const struct knowledge *knowledge) {
    struct query *query = row_of(db, id);
    bool same = db_row(query);
    for (int part = 0; same && part < KNOWLEDGE_PARTS; part++)
        same = span_equal(db_text(query, 2 * part), text_span(&knowledge->base[part])) &&
               span_equal(db_text(query, 2 * part + 1), text_span(&knowledge->extra[part]));
    db_end(query);
    return same;
}

int64_t knowledge_add(struct db *db, const struct knowledge *knowledge, int64_t now) {
    struct query *query = db_query(
        db, "SELECT id FROM rules WHERE base = ?1 AND coalesce(extra, '') = ?2 AND coalesce(prompts, '') = ?3 "
            "AND coalesce(prompts_extra, '') = ?4 AND coalesce(prices, '') = ?5 AND coalesce(prices_extra, '') = ?6");
    bind(query, knowledge);
    int64_t id = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    if (id != 0)
        return id;
    query = db_query(db, "INSERT INTO rules(base, extra, prompts, prompts_extra, prices, prices_extra, adopted_at) "
                         "VALUES(?1, nullif(?2, ''), nullif(?3, ''), nullif(?4, ''), nullif(?5, ''), nullif(?6, ''), "
                         "?7)");
    bind(query, knowledge);
    db_bind_integer(query, 7, now);
    db_run(query);
    return db_last_id(db);
}

/* No request can have come before there were prompt rules; prices wait for a rebuild if there are workflows. */
void knowledge_complete(struct db *db, int64_t id, const struct knowledge *offered) {
    struct query *query = db_query(db, "UPDATE rules SET prompts = ?2, prompts_extra = nullif(?3, '') "
                                       "WHERE id = ?1 AND prompts IS NULL");
    db_bind_integer(query, 1, id);
    db_bind_text(query, 2, text_span(&offered->base[PART_PROMPTS]));
    db_bind_text(query, 3, text_span(&offered->extra[PART_PROMPTS]));
    db_run(query);
    query = db_query(db, "UPDATE rules SET prices = ?2, prices_extra = nullif(?3, '') "
                         "WHERE id = ?1 AND prices IS NULL AND NOT EXISTS (SELECT 1 FROM workflow)");
    db_bind_integer(query, 1, id);
    db_bind_text(query, 2, text_span(&offered->base[PART_PRICES]));
    db_bind_text(query, 3, text_span(&offered->extra[PART_PRICES]));
    db_run(query);
}
