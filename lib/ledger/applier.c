#include "ledger/applier.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum {
    LOCK_MS = 130, /* that a transaction may take, with what its commit is to write */
    PAUSE_MS = 3,
    CHECK_EVERY = 64,
    STACK_SIZE = 1024 * 1024,
};

struct applier {
    struct ledger *ledger;
    const struct intake_options *options;
    const char *reading;
    bool warned; /* that records go to the spool */
    struct text lines, error;
    struct text out, told; /* of the transaction that goes on, and those before whose results are kept back */

    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t changed;
    struct batch *given; /* NULL: all was applied */
    bool ending;
    struct text done_out, done_told; /* what was applied and is not taken yet */
    struct intake_counts done;
    bool broken;
    atomic_bool news; /* something of it was not taken yet */
};

/* -- batches ---------------------------------------------------------------------------------------------------- */

void batch_mark(struct batch *batch, const char *path, const struct source *source) {
    batch->marks = xreallocarray(batch->marks, (size_t)batch->mark_count + 1, sizeof *batch->marks);
    batch->marks[batch->mark_count++] = (struct mark){xstrdup(path), *source};
}

void batch_clear(struct batch *batch) {
    for (int i = 0; i < batch->mark_count; i++)
        free(batch->marks[i].path);
    free(batch->order);
    batch->order = NULL;
    batch->count = batch->mark_count = 0;
    arena_reset(&batch->arena);
}

void batch_free(struct batch *batch) {
    batch_clear(batch);
    arena_free(&batch->arena);
    free(batch->marks);
    free(batch->entries);
}

static int by_workflow(const void *a, const void *b, void *context) {
    const struct entry *entries = context;
    int x = *(const int *)a, y = *(const int *)b;
    int order = span_compare(entries[x].record.workflow.workflow_id, entries[y].record.workflow.workflow_id);
    return order != 0 ? order : x - y; /* of one id, as they came */
}

void batch_sort(struct batch *batch) {
    int *order = xreallocarray(NULL, (size_t)batch->count, sizeof *order);
    bool sortable = true;
    for (int i = 0; i < batch->count; i++) {
        const struct record *record = &batch->entries[i].record;
        sortable = sortable && record->kind == KIND_WORKFLOW && !record->workflow.turn;
        order[i] = i;
    }
    if (sortable)
        qsort_r(order, (size_t)batch->count, sizeof *order, by_workflow, batch->entries);
    else
        free(order);
    batch->order = sortable ? order : NULL;
}

/* -- applying --------------------------------------------------------------------------------------------------- */

static void count_result(struct intake_counts *counts, const struct record *record, const struct result *result) {
    counts->processed++;
    counts->by_kind[record->kind]++;
    counts->workflows += record->kind == KIND_WORKFLOW;
    counts->fresh += result->outcome == OUTCOME_NEW;
    counts->updated += result->outcome == OUTCOME_UPDATED;
    counts->duplicates += result->outcome == OUTCOME_DUPLICATE || result->outcome == OUTCOME_REMOVED;
    counts->spooled += result->outcome == OUTCOME_SPOOLED;
    counts->patterns += result->added_count;
    counts->new_patterns += result->made_count;
}

static void add_counts(struct intake_counts *counts, const struct intake_counts *more) {
    counts->processed += more->processed;
    counts->workflows += more->workflows;
    counts->fresh += more->fresh;
    counts->updated += more->updated;
    counts->duplicates += more->duplicates;
    counts->spooled += more->spooled;
    counts->patterns += more->patterns;
    counts->new_patterns += more->new_patterns;
    for (int kind = 0; kind <= KIND_LAST; kind++)
        counts->by_kind[kind] += more->by_kind[kind];
}

/* Puts the lines of a batch that was sorted, its results or what is to be told, into the order of its records. */
static void unsort(struct text *lines, const struct batch *batch, bool told) {
    struct text sorted = *lines;
    *lines = (struct text){0};
    for (int i = 0; sorted.n > 0 && i < batch->count; i++) {
        const struct part *own = told ? &batch->entries[i].told : &batch->entries[i].result;
        text_bytes(lines, sorted.s + own->at, own->size);
    }
    text_free(&sorted);
}

static void pass_on(struct text *lines, struct text *done) {
    text_append(done, text_span(lines));
    text_clear(lines);
}

/* What a transaction gave, which is durable, is there to be taken. Of a batch that was sorted, lines that are not all
 * there yet are kept back. */
static void publish(struct applier *applier, const struct batch *batch, const struct intake_counts *counts, bool all) {
    if (all && batch->order != NULL) {
        unsort(&applier->out, batch, false);
        unsort(&applier->told, batch, true);
    }
    pthread_mutex_lock(&applier->mutex);
    add_counts(&applier->done, counts);
    if (all || batch->order == NULL) {
        pass_on(&applier->out, &applier->done_out);
        pass_on(&applier->told, &applier->done_told);
    }
    atomic_store_explicit(&applier->news, true, memory_order_release);
    pthread_mutex_unlock(&applier->mutex);
}

static void publish_failure(struct applier *applier) {
    pthread_mutex_lock(&applier->mutex);
    pass_on(&applier->told, &applier->done_told);
    applier->broken = true;
    atomic_store_explicit(&applier->news, true, memory_order_release);
    pthread_mutex_unlock(&applier->mutex);
}

static void answer(struct applier *applier, struct entry *e, const struct result *result,
                   struct intake_counts *counts) {
    const struct intake_options *options = applier->options;
    count_result(counts, &e->record, result);
    e->result.at = applier->out.n;
    e->told.at = applier->told.n;
    if (options->on_result != NULL)
        options->on_result(options->context, e->input, e->line, &e->record, result, &applier->out, &applier->told);
    e->result.size = applier->out.n - e->result.at;
    e->told.size = applier->told.n - e->told.at;
}

static struct entry *entry_at(const struct batch *batch, int i) {
    return &batch->entries[batch->order != NULL ? batch->order[i] : i];
}

static int apply(struct applier *applier, struct batch *batch, int from) {
    struct intake_counts counts = {0};
    struct result result;
    size_t out = applier->out.n, told = applier->told.n;
    bool full = false;
    int i = from;
    ledger_begin(applier->ledger);
    int64_t began = clock_monotonic_ms();
    while (i < batch->count && !full) {
        struct entry *e = entry_at(batch, i);
        ledger_apply(applier->ledger, &e->record, e->identified ? &e->identity : NULL, e->findings, &result);
        if (ledger_error(applier->ledger) != NULL)
            break;
        answer(applier, e, &result, &counts);
        i++;
        full = i % CHECK_EVERY == 0 && clock_monotonic_ms() - began + ledger_commit_ms(applier->ledger) > LOCK_MS;
    }
    int64_t now = clock_now();
    for (int m = 0; m < batch->mark_count && i == batch->count; m++)
        sources_put(ledger_db(applier->ledger), batch->marks[m].path, applier->reading, &batch->marks[m].source, now);
    if (ledger_commit(applier->ledger)) {
        publish(applier, batch, &counts, i == batch->count);
        return i;
    }
    applier->out.n = out; /* what the transaction would have answered */
    applier->told.n = told;
    return -1;
}

/* -- the spool -------------------------------------------------------------------------------------------------- */

static bool write_lines(struct applier *applier, const struct batch *batch, int from) {
    text_clear(&applier->lines);
    for (int i = from; i < batch->count; i++) {
        const struct entry *e = entry_at(batch, i);
        text_append(&applier->lines, e->waiting);
        if (e->waiting.s != NULL)
            continue;
        text_clear(&applier->error);
        text_format(&applier->error, "%s:%llu: is too long to wait in %s", e->input, (unsigned long long)e->line,
                    spool_path(applier->options->spool));
        return false;
    }
    return spool_append(applier->options->spool, text_span(&applier->lines), &applier->error);
}

/* To be told at once, in whatever order the records' own lines are. */
__attribute__((format(printf, 2, 3))) static void tell_now(struct applier *applier, const char *format, ...) {
    va_list arguments;
    pthread_mutex_lock(&applier->mutex);
    va_start(arguments, format);
    text_vformat(&applier->done_told, format, arguments);
    va_end(arguments);
    text_bytes(&applier->done_told, "", 1);
    pthread_mutex_unlock(&applier->mutex);
}

/* Why records wait from now on. */
static void warn_once(struct applier *applier) {
    if (!applier->warned)
        tell_now(applier, "warning: %s; records wait in %s until a run with that spool can write them",
                 ledger_error(applier->ledger), spool_path(applier->options->spool));
    applier->warned = true;
}

/* The records from FROM on wait in the spool. */
static int put_aside(struct applier *applier, struct batch *batch, int from) {
    static const struct result spooled = {.outcome = OUTCOME_SPOOLED, .complexity = UNKNOWN};
    struct intake_counts counts = {0};
    bool any = from < batch->count;
    if (any && !write_lines(applier, batch, from)) {
        tell_now(applier, "%s", applier->error.s);
        publish_failure(applier);
        return -1;
    }
    if (any)
        warn_once(applier);
    for (int i = from; i < batch->count; i++)
        answer(applier, entry_at(batch, i), &spooled, &counts);
    publish(applier, batch, &counts, true);
    return batch->count;
}

void applier_use(struct applier *applier, struct ledger *ledger) {
    applier->ledger = ledger;
    applier->warned = false;
}

int applier_step(struct applier *applier, struct batch *batch, int from) {
    int next = ledger_error(applier->ledger) == NULL ? apply(applier, batch, from) : -1;
    if (next >= 0)
        return next;
    if (applier->options->spool != NULL)
        return put_aside(applier, batch, from);
    publish_failure(applier);
    return -1;
}

void applier_pause(void) {
    nanosleep(&(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
}

/* -- the thread ------------------------------------------------------------------------------------------------- */

static void apply_all(struct applier *applier, struct batch *batch) {
    int next = 0;
    while ((next = applier_step(applier, batch, next)) >= 0 && next < batch->count)
        applier_pause();
}

static void *run(void *context) {
    struct applier *applier = context;
    pthread_mutex_lock(&applier->mutex);
    for (;;) {
        while (applier->given == NULL && !applier->ending)
            pthread_cond_wait(&applier->changed, &applier->mutex);
        if (applier->given == NULL)
            break;
        pthread_mutex_unlock(&applier->mutex);
        apply_all(applier, applier->given);
        pthread_mutex_lock(&applier->mutex);
        applier->given = NULL;
        pthread_cond_broadcast(&applier->changed);
    }
    pthread_mutex_unlock(&applier->mutex);
    return NULL;
}

/* Signals are for the thread that reads: it is the one that waits. */
static bool start(struct applier *applier) {
    sigset_t all, before;
    pthread_attr_t attributes;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE); /* whatever the limit of the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    applier->started = pthread_create(&applier->thread, &attributes, run, applier) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return applier->started;
}

struct applier *applier_new(struct ledger *ledger, const struct intake_options *options, const char *reading) {
    struct applier *applier = xcalloc(1, sizeof *applier);
    applier->ledger = ledger;
    applier->options = options;
    applier->reading = reading;
    pthread_mutex_init(&applier->mutex, NULL);
    pthread_cond_init(&applier->changed, NULL);
    return applier;
}

void applier_free(struct applier *applier) {
    if (applier == NULL)
        return;
    pthread_mutex_lock(&applier->mutex);
    applier->ending = true;
    pthread_cond_broadcast(&applier->changed);
    pthread_mutex_unlock(&applier->mutex);
    if (applier->started)
        pthread_join(applier->thread, NULL);
    pthread_cond_destroy(&applier->changed);
    pthread_mutex_destroy(&applier->mutex);
    text_free(&applier->lines);
    text_free(&applier->error);
    text_free(&applier->out);
    text_free(&applier->told);
    text_free(&applier->done_out);
    text_free(&applier->done_told);
    free(applier);
}

bool applier_give(struct applier *applier, struct batch *batch) {
    if (!applier->started && !start(applier))
        return false;
    pthread_mutex_lock(&applier->mutex);
    applier->given = batch;
    pthread_cond_broadcast(&applier->changed);
    pthread_mutex_unlock(&applier->mutex);
    return true;
}

void applier_wait(struct applier *applier) {
    pthread_mutex_lock(&applier->mutex);
    while (applier->given != NULL)
        pthread_cond_wait(&applier->changed, &applier->mutex);
    pthread_mutex_unlock(&applier->mutex);
}

bool applier_has(struct applier *applier) {
    return atomic_load_explicit(&applier->news, memory_order_acquire);
}

bool applier_take(struct applier *applier, struct intake_counts *counts, struct text *out, struct text *told) {
    pthread_mutex_lock(&applier->mutex);
    bool good = !applier->broken;
    if (counts != NULL) {
        add_counts(counts, &applier->done);
        applier->done = (struct intake_counts){0};
    }
    pass_on(&applier->done_out, out);
    pass_on(&applier->done_told, told);
    atomic_store_explicit(&applier->news, false, memory_order_release);
    pthread_mutex_unlock(&applier->mutex);
    return good;
}
