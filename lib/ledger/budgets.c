#include "ledger/budgets.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "rules/budgets.h"

enum { HASH_TEXT = 17, SUMS = 7 };

/* What requests add to their prompt. */
struct prompt_sums {
    int64_t usage;
    int64_t tokens_known, tokens;
    int64_t budgets_known, budgets;
    int64_t quality_known, quality; /* billionths */
    int64_t quality_total;          /* with what is assumed where none is known */
};

struct change {
    bool used;
    uint64_t prompt_hash;
    struct prompt_sums sums;
    int64_t request; /* the only one that came, went or moved: then its time and complexity; 0: none, -1: several */
    int64_t at, complexity;
};

struct budgets {
    struct db *db;
    struct change *changes; /* open addressing */
    size_t count, capacity; /* a power of two */
};

struct budgets *budgets_new(struct db *db) {
    struct budgets *budgets = xcalloc(1, sizeof *budgets);
    budgets->db = db;
    budgets->capacity = 64;
    budgets->changes = xcalloc(budgets->capacity, sizeof *budgets->changes);
    return budgets;
}

void budgets_free(struct budgets *budgets) {
    if (budgets == NULL)
        return;
    free(budgets->changes);
    free(budgets);
}

void budgets_forget(struct budgets *budgets) {
    if (budgets->count > 0)
        memset(budgets->changes, 0, budgets->capacity * sizeof *budgets->changes);
    budgets->count = 0;
}

size_t budgets_changed(const struct budgets *budgets) {
    return budgets->count;
}

/* -- sums ------------------------------------------------------------------------------------------------------- */

static void add_known(int64_t *count, int64_t *sum, int64_t value, int sign) {
    *count += value != UNKNOWN ? sign : 0;
    *sum += value != UNKNOWN ? sign * value : 0;
}

static void add_request(struct prompt_sums *sums, const struct request_row *row, int sign) {
    int64_t quality = request_quality(row);
    sums->usage += sign;
    add_known(&sums->tokens_known, &sums->tokens, row->thinking_tokens, sign);
    add_known(&sums->budgets_known, &sums->budgets, row->thinking_budget, sign);
    add_known(&sums->quality_known, &sums->quality, quality, sign);
    sums->quality_total += sign *
                           (quality != UNKNOWN ? quality : quality_assumed(row->thinking_tokens, row->thinking_budget));
}

/* False, and SUMS unchanged, where a sum would not fit. */
static bool merge(struct prompt_sums *sums, const struct prompt_sums *more) {
    struct prompt_sums out;
    bool over = __builtin_add_overflow(sums->usage, more->usage, &out.usage);
    over |= __builtin_add_overflow(sums->tokens_known, more->tokens_known, &out.tokens_known);
    over |= __builtin_add_overflow(sums->tokens, more->tokens, &out.tokens);
    over |= __builtin_add_overflow(sums->budgets_known, more->budgets_known, &out.budgets_known);
    over |= __builtin_add_overflow(sums->budgets, more->budgets, &out.budgets);
    over |= __builtin_add_overflow(sums->quality_known, more->quality_known, &out.quality_known);
    over |= __builtin_add_overflow(sums->quality, more->quality, &out.quality);
    over |= __builtin_add_overflow(sums->quality_total, more->quality_total, &out.quality_total);
    if (!over)
        *sums = out;
    return !over;
}

static struct change *slot_of(struct change *changes, size_t capacity, uint64_t prompt_hash) {
    size_t at = (size_t)prompt_hash & (capacity - 1);
    while (changes[at].used && changes[at].prompt_hash != prompt_hash)
        at = (at + 1) & (capacity - 1);
    return &changes[at];
}

static void grow(struct budgets *budgets) {
    size_t capacity = 2 * budgets->capacity;
    struct change *changes = xcalloc(capacity, sizeof *changes);
    for (size_t i = 0; i < budgets->capacity; i++)
        if (budgets->changes[i].used)
            *slot_of(changes, capacity, budgets->changes[i].prompt_hash) = budgets->changes[i];
    free(budgets->changes);
    budgets->changes = changes;
    budgets->capacity = capacity;
}

static struct change *count(struct budgets *budgets, const struct request_row *row, int sign) {
    if (2 * budgets->count >= budgets->capacity)
        grow(budgets);
    struct change *change = slot_of(budgets->changes, budgets->capacity, row->prompt_hash);
    if (!change->used)
        budgets->count++;
    change->used = true;
    change->prompt_hash = row->prompt_hash;
    add_request(&change->sums, row, sign);
    return change;
}

void budgets_count(struct budgets *budgets, const struct request_row *row, int sign) {
    if (!row->hashed)
        return;
    struct change *change = count(budgets, row, sign);
    change->request = change->request == 0 || change->request == row->id ? row->id : -1;
    change->at = row->at;
    change->complexity = row->complexity;
}

void budgets_rate(struct budgets *budgets, const struct request_row *row, int sign) {
    if (row->hashed)
        count(budgets, row, sign);
}

/* -- rows ------------------------------------------------------------------------------------------------------- */

/* All that a row shows. */
struct prompt_row {
    struct prompt_sums sums;
    int64_t complexity; /* UNKNOWN, else an enum prompt_complexity */
    int64_t first_at, last_at;
};

static struct span hash_text(uint64_t prompt_hash, char text[HASH_TEXT]) {
    for (size_t i = 0; i < HASH_TEXT - 1; i++)
        text[i] = "0123456789abcdef"[prompt_hash >> (60 - 4 * i) & 15];
    return (struct span){text, HASH_TEXT - 1};
}

static struct prompt_sums sums_from(struct query *query, int first) {
    return (struct prompt_sums){
        .usage = db_integer(query, first),
        .tokens_known = db_integer(query, first + 1),
        .tokens = db_integer(query, first + 2),
        .budgets_known = db_integer(query, first + 3),
        .budgets = db_integer(query, first + 4),
        .quality_known = db_integer(query, first + 5),
        .quality = db_integer(query, first + 6),
        .quality_total = db_integer(query, first + 7),
    };
}

static struct prompt_sums read_sums(struct db *db, uint64_t prompt_hash) {
    char text[HASH_TEXT];
    struct prompt_sums sums = {0};
    struct query *query = db_query(
        db, "SELECT usage_count, tokens_known, tokens, budgets_known, budgets, quality_known, quality, quality_total "
            "FROM budget_patterns WHERE prompt_hash = ?1");
    db_bind_text(query, 1, hash_text(prompt_hash, text));
    if (db_row(query)) {
        sums = sums_from(query, 0);
        db_end(query);
    }
    return sums;
}

/* The first and last request with this prompt, and the complexity that the last one to know it says. */
static void ask_times(struct db *db, uint64_t prompt_hash, struct prompt_row *row) {
    struct query *query = db_query(db,
                                   "SELECT (SELECT min(at) FROM request WHERE prompt_hash = ?1), "
                                   "(SELECT max(at) FROM request WHERE prompt_hash = ?1), "
                                   "(SELECT complexity FROM request WHERE prompt_hash = ?1 AND prompt_hash IS NOT NULL "
                                   "AND complexity IS NOT NULL "
                                   "ORDER BY at DESC, coalesce(request_id, '') DESC, content DESC LIMIT 1)");
    db_bind_integer(query, 1, (int64_t)prompt_hash);
    if (!db_row(query))
        return;
    row->first_at = db_optional(query, 0, 0);
    row->last_at = db_optional(query, 1, 0);
    row->complexity = db_optional(query, 2, UNKNOWN);
    db_end(query);
}

/* Seconds since 1970, rounded down. */
static int64_t seconds(int64_t us) {
    return us / SECOND_US - (us % SECOND_US < 0);
}

/* The mean of what was used; where that is not known at all, of what was allowed. */
static int64_t average(const struct prompt_sums *sums) {
    if (sums->tokens_known > 0)
        return sums->tokens / sums->tokens_known;
    return sums->budgets_known > 0 ? sums->budgets / sums->budgets_known : UNKNOWN;
}

static double total_quality(const struct prompt_sums *sums) {
    return (double)sums->quality_total / 1e9;
}

static double mean_quality(const struct prompt_sums *sums) {
    return (double)((long double)sums->quality_total / (1e9L * (long double)sums->usage));
}

static struct span level(const struct prompt_row *row) {
    if (row->complexity == UNKNOWN)
        return (struct span){NULL, 0};
    return span_of(prompt_complexity_name((enum prompt_complexity)row->complexity));
}

static void remove_row(struct db *db, uint64_t prompt_hash) {
    char text[HASH_TEXT];
    struct query *query = db_query(db, "DELETE FROM budget_patterns WHERE prompt_hash = ?1");
    db_bind_text(query, 1, hash_text(prompt_hash, text));
    db_run(query);
}

#define INSERT(how)                                                                                                    \
    "INSERT OR " how " INTO budget_patterns(prompt_hash, complexity_level, avg_budget, usage_count, "                  \
    "total_quality_score, quality_score, last_used, created_at, tokens_known, tokens, budgets_known, budgets, "        \
    "quality_known, quality, quality_total) "                                                                          \
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"

/* REPLACE false: only if there is none yet. Returns whether it was written. */
static bool write_row(struct db *db, uint64_t prompt_hash, const struct prompt_row *row, bool replace) {
    char text[HASH_TEXT];
    const struct prompt_sums *s = &row->sums;
    struct query *query = replace ? db_query(db, INSERT("REPLACE")) : db_query(db, INSERT("IGNORE"));
    db_bind_text(query, 1, hash_text(prompt_hash, text));
    db_bind_text(query, 2, level(row));
    db_bind_optional(query, 3, average(s), UNKNOWN);
    db_bind_integer(query, 4, s->usage);
    db_bind_real(query, 5, total_quality(s));
    db_bind_real(query, 6, mean_quality(s));
    db_bind_integer(query, 7, seconds(row->last_at));
    db_bind_integer(query, 8, seconds(row->first_at));
    const int64_t sums[SUMS] = {s->tokens_known,  s->tokens,  s->budgets_known, s->budgets,
                                s->quality_known, s->quality, s->quality_total};
    for (int i = 0; i < SUMS; i++)
        db_bind_integer(query, 9 + i, sums[i]);
    db_run(query);
    return db_changes(db) > 0;
}

static void show(struct db *db, uint64_t prompt_hash, const struct prompt_sums *sums) {
    struct prompt_row row = {.sums = *sums, .complexity = UNKNOWN};
    if (sums->usage <= 0) {
        remove_row(db, prompt_hash);
        return;
    }
    ask_times(db, prompt_hash, &row);
    write_row(db, prompt_hash, &row, true);
}

/* A prompt that was only rated keeps its times and complexity. */
static void show_rated(struct db *db, uint64_t prompt_hash, const struct prompt_sums *sums) {
    char text[HASH_TEXT];
    struct query *query = db_query(db, "UPDATE budget_patterns SET total_quality_score = ?2, quality_score = ?3, "
                                       "quality_known = ?4, quality = ?5, quality_total = ?6 WHERE prompt_hash = ?1");
    db_bind_text(query, 1, hash_text(prompt_hash, text));
    db_bind_real(query, 2, total_quality(sums));
    db_bind_real(query, 3, mean_quality(sums));
    db_bind_integer(query, 4, sums->quality_known);
    db_bind_integer(query, 5, sums->quality);
    db_bind_integer(query, 6, sums->quality_total);
    db_run(query);
}

/* As most are: a prompt that is new, with one request. False if it is not. */
static bool flush_new(struct db *db, const struct change *change) {
    if (change->sums.usage != 1 || change->request <= 0)
        return false;
    struct prompt_row row = {change->sums, change->complexity, change->at, change->at};
    return write_row(db, change->prompt_hash, &row, false);
}

static void flush(struct db *db, const struct change *change) {
    if (flush_new(db, change))
        return;
    struct prompt_sums before = read_sums(db, change->prompt_hash), sums = before;
    if (!merge(&sums, &change->sums))
        db_fail(db, "the sums of prompt %016llx would not fit: a record must be wrong",
                (unsigned long long)change->prompt_hash);
    else if (before.usage > 0 && change->request == 0)
        show_rated(db, change->prompt_hash, &sums);
    else
        show(db, change->prompt_hash, &sums);
}

static int by_hash(const void *a, const void *b) {
    const struct change *p = a, *q = b;
    if (p->used != q->used)
        return p->used ? -1 : 1;
    return (p->prompt_hash > q->prompt_hash) - (p->prompt_hash < q->prompt_hash);
}

/* In the order of the table, so that each of its pages is met once. */
void budgets_flush(struct budgets *budgets) {
    if (budgets->count > 0)
        qsort(budgets->changes, budgets->capacity, sizeof *budgets->changes, by_hash);
    for (size_t i = 0; i < budgets->count; i++)
        flush(budgets->db, &budgets->changes[i]);
    budgets_forget(budgets);
}

/* -- verification ----------------------------------------------------------------------------------------------- */

static bool same_sums(const struct prompt_sums *a, const struct prompt_sums *b) {
    return a->usage == b->usage && a->tokens_known == b->tokens_known && a->tokens == b->tokens &&
           a->budgets_known == b->budgets_known && a->budgets == b->budgets && a->quality_known == b->quality_known &&
           a->quality == b->quality && a->quality_total == b->quality_total;
}

/* What is wrong with the row of a prompt; NULL: nothing. */
static const char *wrong_in_row(struct db *db, uint64_t prompt_hash, const struct prompt_row *should) {
    char text[HASH_TEXT];
    const char *wrong = NULL;
    struct query *query = db_query(
        db, "SELECT usage_count, tokens_known, tokens, budgets_known, budgets, quality_known, quality, quality_total, "
            "complexity_level, avg_budget, total_quality_score, quality_score, last_used, created_at, "
            "typeof(usage_count) <> 'integer' OR typeof(avg_budget) NOT IN ('integer', 'null') "
            "OR typeof(total_quality_score) <> 'real' OR typeof(quality_score) <> 'real' "
            "FROM budget_patterns WHERE prompt_hash = ?1");
    db_bind_text(query, 1, hash_text(prompt_hash, text));
    if (!db_row(query))
        return "is missing";
    struct prompt_sums sums = sums_from(query, 0);
    if (sums.usage != should->sums.usage)
        wrong = "usage_count is wrong";
    else if (!same_sums(&sums, &should->sums))
        wrong = "its sums are wrong";
    else if (!span_equal(db_text(query, 8), level(should)))
        wrong = "complexity_level is wrong";
    else if (db_optional(query, 9, UNKNOWN) != average(&should->sums))
        wrong = "avg_budget is wrong";
    else if (db_real(query, 10) != total_quality(&should->sums))
        wrong = "total_quality_score is wrong";
    else if (db_real(query, 11) != mean_quality(&should->sums))
        wrong = "quality_score is wrong";
    else if (db_integer(query, 12) != seconds(should->last_at) || db_integer(query, 13) != seconds(should->first_at))
        wrong = "last_used or created_at is wrong";
    else if (db_integer(query, 14) != 0)
        wrong = "a figure is of another type than it should be";
    db_end(query);
    return wrong;
}

static void check_prompt(struct db *db, uint64_t prompt_hash, const struct prompt_sums *sums, void *context,
                         on_wrong_row *on_wrong) {
    struct prompt_row should = {.sums = *sums, .complexity = UNKNOWN};
    ask_times(db, prompt_hash, &should);
    const char *wrong = wrong_in_row(db, prompt_hash, &should);
    if (wrong != NULL)
        on_wrong(context, (int64_t)prompt_hash, wrong);
}

/* Rows of prompts that no request has. */
static void check_strays(struct db *db, void *context, on_wrong_row *on_wrong) {
    struct query *query = db_query(db, "SELECT prompt_hash FROM budget_patterns");
    while (db_row(query)) {
        struct span text = db_text(query, 0);
        uint64_t hash = text.s != NULL ? strtoull(text.s, NULL, 16) : 0;
        struct query *known = db_query(db, "SELECT 1 FROM request WHERE prompt_hash = ?1 LIMIT 1");
        db_bind_integer(known, 1, (int64_t)hash);
        bool is = db_row(known);
        db_end(known);
        if (!is)
            on_wrong(context, (int64_t)hash, "is of no request");
    }
}

void budgets_check(struct db *db, void *context, on_wrong_row *on_wrong) {
    struct prompt_sums sums = {0};
    struct request_row row;
    uint64_t at = 0;
    struct query *query = requests_by_prompt(db);
    while (requests_of_prompt_next(query, &row)) {
        if (sums.usage > 0 && row.prompt_hash != at) {
            check_prompt(db, at, &sums, context, on_wrong);
            sums = (struct prompt_sums){0};
        }
        at = row.prompt_hash;
        add_request(&sums, &row, 1);
    }
    if (sums.usage > 0)
        check_prompt(db, at, &sums, context, on_wrong);
    check_strays(db, context, on_wrong);
}

void budgets_mend(struct budgets *budgets, int64_t prompt) {
    uint64_t prompt_hash = (uint64_t)prompt;
    struct prompt_sums sums = {0};
    struct request_row row;
    struct query *query = requests_of_prompt(budgets->db, prompt_hash);
    while (requests_of_prompt_next(query, &row))
        add_request(&sums, &row, 1);
    show(budgets->db, prompt_hash, &sums);
}

int64_t budgets_rows(struct db *db) {
    return db_value(db, "SELECT count(*) FROM budget_patterns", 0);
}

/* -- what advice goes by ---------------------------------------------------------------------------------------- */

bool budgets_any(struct db *db) {
    return db_value(db, "SELECT EXISTS (SELECT 1 FROM budget_patterns)", 0) != 0;
}

bool budgets_history(struct db *db, uint64_t prompt_hash, int64_t *quality, int64_t *count) {
    struct prompt_sums sums = read_sums(db, prompt_hash);
    *quality = sums.quality;
    *count = sums.quality_known;
    return sums.usage > 0;
}

int64_t budgets_class_count(struct db *db, struct span pattern, int64_t complexity) {
    struct query *query = db_query(db, "SELECT count(*) FROM request WHERE good = 1 AND complexity = ?2 "
                                       "AND pattern = (SELECT id FROM name WHERE text = ?1)");
    db_bind_text(query, 1, pattern);
    db_bind_integer(query, 2, complexity);
    int64_t count = db_row(query) ? db_integer(query, 0) : 0;
    db_end(query);
    return count;
}

int64_t budgets_class_tokens(struct db *db, struct span pattern, int64_t complexity, int64_t rank) {
    struct query *query = db_query(db, "SELECT thinking_tokens FROM request WHERE good = 1 AND complexity = ?2 "
                                       "AND pattern = (SELECT id FROM name WHERE text = ?1) "
                                       "ORDER BY thinking_tokens LIMIT 1 OFFSET ?3 - 1");
    db_bind_text(query, 1, pattern);
    db_bind_integer(query, 2, complexity);
    db_bind_integer(query, 3, rank);
    int64_t tokens = db_row(query) ? db_integer(query, 0) : UNKNOWN;
    db_end(query);
    return tokens;
}
