/* report_costs: what was spent, on requests and on workflows that no request names, by time or by name. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "ledger/usage.h"
#include "report/reports_private.h"
#include "rules/models.h"

static const struct {
    const char *name;
    enum usage_key key;
} groupings[] = {
    [GROUP_DAY] = {"day", USAGE_TIME},
    [GROUP_WEEK] = {"week", USAGE_TIME},
    [GROUP_MONTH] = {"month", USAGE_TIME},
    [GROUP_MODEL] = {"model", USAGE_MODEL},
    [GROUP_PROVIDER] = {"provider", USAGE_PROVIDER},
    [GROUP_ACCOUNT] = {"account", USAGE_ACCOUNT},
    [GROUP_SESSION] = {"session", USAGE_SESSION},
    [GROUP_PATTERN] = {"pattern", USAGE_PATTERN},
};

bool report_group_named(const char *name, enum report_group *group) {
    for (size_t i = 0; i < sizeof groupings / sizeof *groupings; i++) {
        if (strcmp(name, groupings[i].name) == 0) {
            *group = (enum report_group)i;
            return true;
        }
    }
    return false;
}

static bool by_time(enum report_group group) {
    return group <= GROUP_MONTH;
}

/* -- groups ----------------------------------------------------------------------------------------------------- */

/* Of a workflow by its provider, the key is its model, negative; of one without a model, this. */
static const int64_t NO_MODEL = INT64_MIN;

struct group {
    bool used;
    int64_t key;      /* a name's id, 0: not known; by time, the first of its days */
    struct text name; /* of a name: filled at the end; empty and without memory: not known */
    int64_t requests;
    int64_t known[USAGE_AMOUNTS], sums[USAGE_AMOUNTS];
};

/* By key, in open addressing; after groups_settle just a list. */
struct groups {
    struct db *db;
    struct group *items;
    size_t count, capacity;
};

static struct group *slot_of(const struct groups *groups, int64_t key) {
    size_t at = (size_t)(((uint64_t)key * 0x9e3779b97f4a7c15U) >> 20) & (groups->capacity - 1);
    while (groups->items[at].used && groups->items[at].key != key)
        at = (at + 1) & (groups->capacity - 1);
    return &groups->items[at];
}

static void groups_grow(struct groups *groups) {
    struct groups more = {groups->db, NULL, groups->count, groups->capacity > 0 ? groups->capacity * 2 : 64};
    more.items = xcalloc(more.capacity, sizeof *more.items);
    for (size_t i = 0; i < groups->capacity; i++)
        if (groups->items[i].used)
            *slot_of(&more, groups->items[i].key) = groups->items[i];
    free(groups->items);
    *groups = more;
}

static struct group *group_of(struct groups *groups, int64_t key) {
    if (groups->count * 2 >= groups->capacity)
        groups_grow(groups);
    struct group *group = slot_of(groups, key);
    if (!group->used) {
        *group = (struct group){.used = true, .key = key};
        groups->count++;
    }
    return group;
}

static const char *const amount_names[USAGE_AMOUNTS] = {"input_tokens", "output_tokens", "cache_read_tokens",
                                                        "cache_write_tokens", "costs"};

static void group_add(struct groups *groups, struct group *group, const struct usage_row *row) {
    group->requests++;
    for (int i = 0; i < USAGE_AMOUNTS; i++) {
        if (row->amounts[i] == UNKNOWN)
            continue;
        group->known[i]++;
        usage_add(groups->db, &group->sums[i], row->amounts[i], amount_names[i]);
    }
}

/* Adds what OTHER has, and frees it. */
static void group_merge(struct groups *groups, struct group *group, struct group *other) {
    group->requests += other->requests;
    for (int i = 0; i < USAGE_AMOUNTS; i++) {
        group->known[i] += other->known[i];
        usage_add(groups->db, &group->sums[i], other->sums[i], amount_names[i]);
    }
    text_free(&other->name);
}

static void groups_free(struct groups *groups) {
    for (size_t i = 0; i < groups->count; i++)
        text_free(&groups->items[i].name);
    free(groups->items);
}

/* -- filling them ----------------------------------------------------------------------------------------------- */

/* The first day of the group that has US; *PERIOD is that of an earlier time, and often still holds. */
static int64_t day_key(const struct report_request *request, int64_t us, struct zone_period *period) {
    if (us < period->from || us >= period->until)
        *period = zone_period_at(request->zone, us);
    int64_t day = zone_day(period, us);
    return request->group == GROUP_WEEK ? week_begin(day) : request->group == GROUP_MONTH ? month_begin(day) : day;
}

static void groups_fill(struct groups *groups, const struct report_request *request, struct query *query,
                        bool workflows) {
    struct zone_period period = {0};
    struct usage_row row;
    while (usage_next(query, &row)) {
        int64_t key = row.key;
        if (request->group == GROUP_ALL)
            key = 0;
        else if (by_time(request->group))
            key = day_key(request, row.key, &period);
        else if (workflows && request->group == GROUP_PROVIDER)
            key = row.key == 0 ? NO_MODEL : -row.key;
        group_add(groups, group_of(groups, key), &row);
    }
}

static void group_name(struct groups *groups, struct group *group) {
    struct text model = {0};
    if (group->key > 0) {
        usage_name(groups->db, group->key, &group->name);
    } else if (group->key < 0) {
        bool known = group->key != NO_MODEL && usage_name(groups->db, -group->key, &model);
        text_append(&group->name, model_provider(known ? text_span(&model) : (struct span){NULL, 0}));
        text_free(&model);
    }
}

static int names_order(const struct group *a, const struct group *b) {
    if (a->name.s == NULL || b->name.s == NULL)
        return (a->name.s == NULL) - (b->name.s == NULL);
    return span_compare(text_span(&a->name), text_span(&b->name));
}

static int by_name(const void *a, const void *b) {
    return names_order(a, b);
}

static int by_key(const void *a, const void *b) {
    const struct group *p = a, *q = b;
    return (p->key > q->key) - (p->key < q->key);
}

/* The dearest first, then by name; unknown costs and names last. */
static int by_cost(const void *a, const void *b) {
    const struct group *p = a, *q = b;
    bool p_known = p->known[USAGE_COST] > 0, q_known = q->known[USAGE_COST] > 0;
    if (!p_known || !q_known)
        return p_known != q_known ? q_known - p_known : names_order(p, q);
    int order = (p->sums[USAGE_COST] < q->sums[USAGE_COST]) - (p->sums[USAGE_COST] > q->sums[USAGE_COST]);
    return order != 0 ? order : names_order(p, q);
}

/* Puts the groups of one name together: a provider's, by its requests and by its models' workflows. */
static void groups_join(struct groups *groups) {
    size_t kept = 0;
    qsort(groups->items, groups->count, sizeof *groups->items, by_name);
    for (size_t i = 0; i < groups->count; i++) {
        if (kept > 0 && names_order(&groups->items[kept - 1], &groups->items[i]) == 0)
            group_merge(groups, &groups->items[kept - 1], &groups->items[i]);
        else
            groups->items[kept++] = groups->items[i];
    }
    groups->count = kept;
}

/* Makes a list of them, with names, in the order of the report. */
static void groups_settle(struct groups *groups, enum report_group by) {
    size_t kept = 0;
    for (size_t i = 0; i < groups->capacity; i++)
        if (groups->items[i].used)
            groups->items[kept++] = groups->items[i];
    groups->count = kept;
    if (kept == 0)
        return;
    if (by_time(by) || by == GROUP_ALL) {
        qsort(groups->items, kept, sizeof *groups->items, by_key);
        return;
    }
    for (size_t i = 0; i < kept; i++)
        group_name(groups, &groups->items[i]);
    groups_join(groups);
    qsort(groups->items, groups->count, sizeof *groups->items, by_cost);
}

static struct groups groups_collect(const struct report_request *request) {
    struct groups groups = {.db = request->db};
    enum usage_key key = request->group == GROUP_ALL ? USAGE_TIME : groupings[request->group].key;
    int slot = state_read(request->db).slot;
    groups_fill(&groups, request, usage_requests(request->db, slot, &request->filter, key), false);
    groups_fill(&groups, request, usage_workflows(request->db, slot, &request->filter, key), true);
    groups_settle(&groups, request->group);
    return groups;
}

/* -- printing --------------------------------------------------------------------------------------------------- */

/* The group's name into NAME; s NULL: it has none. */
static struct span shown_name(enum report_group by, const struct group *group, char name[DATE_TEXT]) {
    switch (by) {
    case GROUP_DAY: day_format(group->key, name); return span_of(name);
    case GROUP_WEEK: week_format(group->key, name); return span_of(name);
    case GROUP_MONTH: month_format(group->key, name); return span_of(name);
    default: return (struct span){group->name.s, group->name.n};
    }
}

static void group_cells(struct table *table, enum report_group by, const struct group *group) {
    char name[DATE_TEXT];
    table_text(table, shown_name(by, group, name));
    table_integer(table, group->requests);
    for (int i = 0; i < USAGE_COST; i++)
        integer_or_null(table, group->known[i] > 0 ? group->sums[i] : UNKNOWN, UNKNOWN);
    dollars_or_null(table, group->known[USAGE_COST] > 0 ? group->sums[USAGE_COST] : UNKNOWN);
    table_integer(table, group->requests - group->known[USAGE_COST]);
}

static int print_costs(const struct report_request *request, const struct groups *groups) {
    const struct column columns[] = {
        {groupings[request->group].name, CELL_TEXT, SHOWN},
        {"requests", CELL_COUNT, SHOWN},
        {"input_tokens", CELL_COUNT, IF_ROOM},
        {"output_tokens", CELL_COUNT, IF_ROOM},
        {"cache_read_tokens", CELL_COUNT, IF_ROOM},
        {"cache_write_tokens", CELL_COUNT, IF_ROOM},
        {"total_cost", CELL_MONEY, SHOWN},
        {"without_cost", CELL_COUNT, IF_ROOM},
    };
    struct table *table = table_new("costs", columns, sizeof columns / sizeof *columns, false);
    for (size_t i = 0; i < groups->count && (request->limit < 0 || i < (size_t)request->limit); i++)
        group_cells(table, request->group, &groups->items[i]);
    if (groups->count == 0 && nothing_for_people(request, table))
        complain("no request and no workflow is recorded%s", filter_any(&request->filter) ? " there" : "");
    return finish(request, table);
}

/* "$12.50": exact, with as many decimals as it takes, two at least. */
static void append_dollars(struct text *text, int64_t nano_dollars) {
    text_format(text, "$%" PRId64 ".%09" PRId64, nano_dollars / 1000000000, nano_dollars % 1000000000);
    for (int spare = 7; spare > 0 && text->s[text->n - 1] == '0'; spare--)
        text->n--;
    text->s[text->n] = '\0';
}

static bool too_dear(const struct report_request *request, const struct group *group) {
    return group->known[USAGE_COST] > 0 && group->sums[USAGE_COST] > request->max_cost;
}

/* For people, a line of words for each group that is past the limit. */
static void print_lines(const struct report_request *request, const struct groups *groups) {
    struct text line = {0};
    for (size_t i = 0; i < groups->count; i++) {
        char name[DATE_TEXT];
        struct span shown = shown_name(request->group, &groups->items[i], name);
        if (!too_dear(request, &groups->items[i]))
            continue;
        text_clear(&line);
        if (request->group != GROUP_ALL) {
            text_format(&line, "%s ", groupings[request->group].name);
            text_escaped(&line, shown.s != NULL ? shown : span_of("-"));
            text_string(&line, ": ");
        }
        append_dollars(&line, groups->items[i].sums[USAGE_COST]);
        text_string(&line, " spent, more than ");
        append_dollars(&line, request->max_cost);
        fprintf(request->out, "%s\n", line.s);
    }
    text_free(&line);
}

/* For programs, the groups that are past the limit, or the one total. */
static void print_excess(const struct report_request *request, const struct groups *groups) {
    bool all = request->group == GROUP_ALL;
    const struct column columns[] = {
        {all ? "" : groupings[request->group].name, CELL_TEXT, SHOWN},
        {"total_cost", CELL_MONEY, SHOWN},
        {"max_cost", CELL_MONEY, SHOWN},
    };
    struct table *table = table_new("costs", columns + all, (size_t)3 - all, all);
    for (size_t i = 0; i < groups->count; i++) {
        char name[DATE_TEXT];
        if (!too_dear(request, &groups->items[i]))
            continue;
        if (!all)
            table_text(table, shown_name(request->group, &groups->items[i], name));
        dollars_or_null(table, groups->items[i].sums[USAGE_COST]);
        dollars_or_null(table, request->max_cost);
    }
    table_print(table, &request->style, request->out);
    table_free(table);
}

static int check_costs(const struct report_request *request, const struct groups *groups) {
    bool within = true;
    for (size_t i = 0; i < groups->count; i++)
        within = within && !too_dear(request, &groups->items[i]);
    if (within || db_failed(request->db))
        return STATUS_GOOD;
    if (request->style.format == FORMAT_TABLE)
        print_lines(request, groups);
    else
        print_excess(request, groups);
    return STATUS_REJECTED;
}

int costs_report(const struct report_request *request) {
    struct groups groups = groups_collect(request);
    int status = request->max_cost != UNKNOWN ? check_costs(request, &groups) : print_costs(request, &groups);
    groups_free(&groups);
    return status;
}
