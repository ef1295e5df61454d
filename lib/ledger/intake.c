#include "ledger/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/stop.h"
#include "input/reader.h"
#include "ledger/applier.h"
#include "ledger/history.h"
#include "ledger/sources.h"

enum {
    BATCH_RECORDS = 10000,
    FIRST_RECORDS = 64,            /* that there is room for at first */
    BATCH_BYTES = 4 * 1024 * 1024, /* of texts: one batch is filled while another is applied */
    BATCH_AGE_MS = 250,
    IDLE_MS = 20,  /* how long a batch waits for more input */
    LOOK_MS = 500, /* how often a wait for input looks whether it is to stop */
    HASH_BLOCK = 256 * 1024,
    TRACKED_MAX = 256, /* files that one batch may span */
    AGAIN_MS = 2000,   /* how often, at most, a ledger that has failed is tried again */
    AGAIN_TIMES = 10,  /* and that many times as long as the last try took */
};

/* A file that was read, or is being read: its place is written with the batch that holds what was read up to there. */
struct tracked {
    char *path;
    struct source source;
    bool done;
};

/* What is remembered of a file that is to be read. */
struct expected {
    const char *path;
    char *real; /* its name in the table of sources */
    bool found;
    struct source known;
};

struct intake {
    struct ledger *ledger;
    const struct intake_options *options;
    struct applier *applier;
    struct intake_counts counts; /* of what is durable, and of what was rejected */
    struct batch batches[2];
    struct batch *batch; /* the one that is being filled */
    struct batch *given; /* the one that is being applied in the meantime; NULL: none is */
    int64_t batch_began;
    int64_t fresh_before, known_before; /* counts when the last batch was given */
    bool looks_ahead;                   /* what records show; else the ledger does */
    int64_t rules_id;
    struct rules *rules; /* to find it by */
    struct prompt_rules *prompts;
    struct text out, told, error, reason, scratch;
    bool broken;      /* the ledger has failed */
    int64_t again_at; /* when it is tried again, where records wait in a spool: by the monotonic clock */
    bool unheard;     /* results could not be written */
    struct text reading;

    struct reader *reader; /* of the input at hand; NULL between inputs */
    const char *name;      /* of that input */
    struct value value;    /* the one at hand */
    enum intake_end end;   /* how the input ended */
    struct json *mapped;   /* a record that a map has made */
    bool by_place;         /* records without identity are told apart by their place in the file */
    struct db *places;     /* where equal ones are counted; NULL: none was met */
    bool place_counted;    /* a new file was announced to it */
    bool unidentified;     /* the file at hand holds such records, or is read by a map that looks back */
    struct expected *expected;
    size_t expected_count;
    struct tracked *tracked;
    int tracked_count;
    uint64_t bytes_before; /* of the inputs before */
    uint64_t skipped;      /* of the input at hand, not read again */
};

FILE *rejects_open(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "a") : NULL;
    if (file == NULL)
        die("%s: %s", path, strerror(errno));
    return file;
}

struct intake *intake_new(struct ledger *ledger, const struct intake_options *options) {
    struct intake *intake = xcalloc(1, sizeof *intake);
    intake->ledger = ledger;
    intake->options = options;
    const char *kind = record_kind_name(options->kind);
    text_format(&intake->reading, "kind=%s", kind != NULL ? kind : "");
    if (options->map != NULL) {
        intake->mapped = json_new(record_names);
        text_format(&intake->reading, " map=%s", map_reading(options->map));
    }
    intake->applier = applier_new(ledger, options, intake->reading.s);
    intake->batch = &intake->batches[0];
    return intake;
}

static void forget_rules(struct intake *intake) {
    rules_free(intake->rules);
    prompts_free(intake->prompts);
    intake->rules = NULL;
    intake->prompts = NULL;
    intake->looks_ahead = false;
}

static void forget_expected(struct intake *intake) {
    for (size_t i = 0; i < intake->expected_count; i++)
        free(intake->expected[i].real);
    free(intake->expected);
    intake->expected = NULL;
    intake->expected_count = 0;
}

static void forget_tracked(struct intake *intake) {
    for (int i = 0; i < intake->tracked_count; i++)
        free(intake->tracked[i].path);
    intake->tracked_count = 0;
}

void intake_free(struct intake *intake) {
    if (intake == NULL)
        return;
    applier_free(intake->applier); /* after what it was given */
    db_close(intake->places);
    forget_expected(intake);
    forget_tracked(intake);
    free(intake->tracked);
    batch_free(&intake->batches[0]);
    batch_free(&intake->batches[1]);
    json_free(intake->mapped);
    text_free(&intake->reading);
    text_free(&intake->out);
    text_free(&intake->told);
    text_free(&intake->error);
    text_free(&intake->reason);
    text_free(&intake->scratch);
    forget_rules(intake);
    free(intake);
}

const struct intake_counts *intake_counts(const struct intake *intake) {
    return &intake->counts;
}

bool intake_unheard(const struct intake *intake) {
    return intake->unheard;
}

const char *intake_error(const struct intake *intake) {
    return intake->error.n > 0 ? intake->error.s : ledger_error(intake->ledger);
}

/* Records that were taken, durable yet or not. */
static int64_t taken(const struct intake *intake) {
    return intake->counts.processed + intake->batch->count + (intake->given != NULL ? intake->given->count : 0);
}

bool intake_full(const struct intake *intake) {
    return intake->options->limit >= 0 && taken(intake) >= intake->options->limit;
}

static bool stopping(const struct intake *intake) {
    return intake->options->stop != NULL && *intake->options->stop != 0;
}

/* -- batches ---------------------------------------------------------------------------------------------------- */

/* The batch says how far the files were read that its records end in. */
static void mark_sources(struct intake *intake) {
    for (int i = 0; i < intake->tracked_count; i++) {
        struct tracked *t = &intake->tracked[i];
        if (!t->done) {
            t->source.place = reader_where(intake->reader);
            t->source.digest = reader_digest(intake->reader);
            t->source.unidentified = intake->unidentified;
        }
        batch_mark(intake->batch, t->path, &t->source);
    }
}

/* Those that are read to their end need not be written again. */
static void drop_done_sources(struct intake *intake) {
    int kept = 0;
    for (int i = 0; i < intake->tracked_count; i++) {
        if (intake->tracked[i].done)
            free(intake->tracked[i].path);
        else
            intake->tracked[kept++] = intake->tracked[i];
    }
    intake->tracked_count = kept;
}

static void acknowledge(struct intake *intake) {
    bool good = write_fully(STDOUT_FILENO, intake->out.s, intake->out.n);
    text_clear(&intake->out);
    if (!good)
        text_clear(&intake->error);
    if (!good && errno != EPIPE && errno != EINTR) /* whoever closed the pipe has read enough */
        text_format(&intake->error, "standard output: %s", strerror(errno));
    intake->unheard = intake->unheard || !good;
}

void told_line(struct text *told, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_vformat(told, format, arguments);
    text_bytes(told, "", 1);
    va_end(arguments);
}

static void tell(struct intake *intake) {
    const struct intake_options *options = intake->options;
    for (size_t at = 0; options->on_told != NULL && at < intake->told.n; at += strlen(intake->told.s + at) + 1)
        options->on_told(options->context, intake->told.s + at);
    text_clear(&intake->told);
}

/* Acknowledges what was applied and is durable. False: the ledger, or the output, has failed. */
static bool take_applied(struct intake *intake) {
    /* a batch that was given is counted when it is over: until then it counts as taken */
    struct intake_counts *counts = intake->given == NULL ? &intake->counts : NULL;
    if (!applier_take(intake->applier, counts, &intake->out, &intake->told))
        intake->broken = true;
    tell(intake);
    if (intake->out.n > 0)
        acknowledge(intake);
    return !intake->broken && !intake->unheard;
}

/* Waits for the batch that was given, if one was: from then on the ledger is free. */
static bool settle(struct intake *intake) {
    if (intake->given == NULL)
        return !intake->broken && !intake->unheard;
    applier_wait(intake->applier);
    batch_clear(intake->given);
    intake->given = NULL;
    return take_applied(intake);
}

/* Tries a ledger again that has failed, if it is time. Nothing is given. */
static void try_again(struct intake *intake) {
    const struct intake_options *options = intake->options;
    if (options->reopen == NULL || options->spool == NULL || ledger_error(intake->ledger) == NULL)
        return;
    int64_t now = clock_monotonic_ms();
    if (now < intake->again_at)
        return;
    if (intake->again_at != 0) { /* the first time is later */
        struct ledger *ledger = options->reopen(options->context);
        forget_rules(intake);
        if (ledger != NULL) {
            intake->ledger = ledger;
            applier_use(intake->applier, ledger);
        }
    }
    int64_t after = clock_monotonic_ms();
    intake->again_at = after + AGAIN_MS + AGAIN_TIMES * (after - now);
}

static void begin_batch(struct intake *intake) {
    drop_done_sources(intake);
    FILE *rejects = intake->options->rejects;
    if (rejects != NULL && (fflush(rejects) != 0 || ferror(rejects)))
        die("what is rejected cannot be kept: %s", strerror(errno));
}

/* While most records are new, what they show is found here; of those that are there already it is not needed. */
static void share_work(struct intake *intake) {
    const struct intake_counts *counts = &intake->counts;
    int64_t fresh = counts->fresh - intake->fresh_before, known = counts->duplicates - intake->known_before;
    intake->fresh_before = counts->fresh;
    intake->known_before = counts->duplicates;
    if (intake->looks_ahead && (fresh <= known || intake->rules_id != ledger_rules_id(intake->ledger)))
        forget_rules(intake);
    if (intake->looks_ahead || fresh <= known)
        return;
    intake->rules_id = ledger_copy_rules(intake->ledger, &intake->rules, &intake->prompts);
    intake->looks_ahead = intake->rules != NULL && intake->prompts != NULL;
}

/* Applies the batch while the caller waits. */
static bool apply_here(struct intake *intake) {
    struct batch *batch = intake->batch;
    for (int next = 0; next < batch->count || batch->mark_count > 0; applier_pause()) {
        next = applier_step(intake->applier, batch, next);
        if (!take_applied(intake))
            return false;
        if (next == batch->count)
            break;
    }
    batch_clear(batch);
    begin_batch(intake);
    return true;
}

/* Has the batch applied while the next one is filled; without a thread for it, first. */
static bool give(struct intake *intake) {
    if (!settle(intake))
        return false;
    try_again(intake);
    share_work(intake);
    mark_sources(intake);
    batch_sort(intake->batch);
    if (!applier_give(intake->applier, intake->batch))
        return apply_here(intake);
    intake->given = intake->batch;
    intake->batch = &intake->batches[intake->batch == &intake->batches[0]];
    begin_batch(intake);
    return true;
}

enum intake_end intake_flush(struct intake *intake) {
    if (!settle(intake))
        return INTAKE_BROKEN;
    try_again(intake);
    mark_sources(intake);
    return apply_here(intake) ? INTAKE_DONE : INTAKE_BROKEN;
}

static bool batch_full(const struct intake *intake) {
    return intake->batch->count >= BATCH_RECORDS || intake->batch->arena.used > BATCH_BYTES;
}

static bool batch_old(const struct intake *intake) {
    return intake->batch->count > 0 && clock_monotonic_ms() - intake->batch_began > BATCH_AGE_MS;
}

/* -- records ---------------------------------------------------------------------------------------------------- */

static void reject(struct intake *intake, const char *input, uint64_t line, struct span text, const char *reason) {
    const struct intake_options *options = intake->options;
    intake->counts.errors++;
    if (options->on_reject != NULL)
        options->on_reject(options->context, input, line, reason);
    if (options->rejects == NULL || text.s == NULL)
        return;
    fwrite(text.s, 1, text.n, options->rejects);
    putc('\n', options->rejects);
}

static bool wanted(const struct intake_options *options, const struct record *record) {
    if (options->since == NO_TIME && options->until == NO_TIME)
        return true;
    int64_t at = record_time(record);
    at = at != NO_TIME ? at : clock_now();
    return (options->since == NO_TIME || at >= options->since) && (options->until == NO_TIME || at < options->until);
}

/* Nothing tells the record from the next: that it may wait, and be read again, it gets an identity here. */
static bool identify_by_chance(struct digest *identity) {
    return getrandom(identity->bytes, sizeof identity->bytes, 0) == (ssize_t)sizeof identity->bytes;
}

/* Which of the equal ones in its file a record is. */
static int64_t count_equal(struct intake *intake, const struct digest *content) {
    if (intake->places == NULL)
        intake->places = db_open("", DB_WRITE);
    if (!intake->place_counted)
        sources_new_file(intake->places);
    intake->place_counted = intake->unidentified = true;
    int64_t count = sources_count_equal(intake->places, content);
    if (db_failed(intake->places))
        die("%s", db_error(intake->places));
    return count;
}

/* A record that names nothing it is about: by its own id, else by its content if that has a time, else by its content
 * and which of the equal ones in its file it is, else not at all. */
static void identify(struct intake *intake, struct entry *e) {
    const struct record *record = &e->record;
    e->identified = false;
    if (record_named(record))
        return;
    struct span id = record_own_id(record);
    struct text key = {0};
    if (id.s != NULL) {
        text_string(&key, "id:");
        text_append(&key, id);
    } else if (record_time(record) != NO_TIME) {
        text_string(&key, "content:");
        text_bytes(&key, record->content.bytes, sizeof record->content.bytes);
    } else if (intake->by_place) {
        if (!settle(intake))
            return;
        text_format(&key, "place %lld:", (long long)count_equal(intake, &record->content));
        text_bytes(&key, record->content.bytes, sizeof record->content.bytes);
    }
    e->identified = key.n > 0;
    if (e->identified)
        e->identity = hash128(key.s, key.n);
    else if (intake->options->spool != NULL)
        e->identified = identify_by_chance(&e->identity);
    text_free(&key);
}

static struct entry *new_entry(struct batch *batch) {
    if (batch->count == batch->capacity) {
        batch->capacity = batch->capacity > 0 ? 2 * batch->capacity : FIRST_RECORDS;
        batch->entries = xreallocarray(batch->entries, (size_t)batch->capacity, sizeof *batch->entries);
    }
    return &batch->entries[batch->count];
}

/* What a record shows, found here, since the thread that applies it has more to do than this one. */
static const struct findings *find(struct intake *intake, const struct record *record) {
    struct arena *arena = &intake->batch->arena;
    if (!intake->looks_ahead || (record->kind != KIND_WORKFLOW && record->kind != KIND_REQUEST))
        return NULL;
    struct findings *findings = arena_take(arena, sizeof *findings);
    if (record->kind == KIND_REQUEST)
        findings_of_request(intake->prompts, intake->rules_id, &record->request, arena, findings);
    else
        findings_of_workflow(intake->rules, intake->rules_id, &record->workflow, arena, &intake->scratch, findings);
    return findings;
}

/* A record that has waited is what it was when it came. */
static void restore(struct entry *e, const struct json *json) {
    struct spooled spooled;
    if (!record_spooled(json, &spooled))
        return;
    e->record.recorded_at = spooled.at;
    e->record.no_text = spooled.no_text;
    if (!record_named(&e->record)) {
        e->identified = spooled.identified;
        e->identity = spooled.identity;
    }
}

/* Its line in the spool, should it have to wait. TEXT: the record's own. */
static struct span line_for_spool(struct intake *intake, const struct json *json, const struct entry *e,
                                  struct span text) {
    const struct spooled spooled = {clock_now(), e->identified, e->identity, ledger_drops_text(intake->ledger)};
    text_clear(&intake->scratch);
    bool says = record_kind_said(json) == e->record.kind;
    spool_line(&intake->scratch, text, says ? KIND_BY_SHAPE : e->record.kind, &spooled);
    if (intake->scratch.n > VALUE_MAX) /* it could not be read again */
        return (struct span){NULL, 0};
    return (struct span){arena_copy(&intake->batch->arena, intake->scratch.s, intake->scratch.n), intake->scratch.n};
}

/* Takes the record in JSON, whose own text is TEXT, and which came of SOURCE. */
static void take(struct intake *intake, struct json *json, struct span text, struct span source, const char *name,
                 uint64_t line) {
    struct batch *batch = intake->batch;
    struct entry *e = new_entry(batch);
    if (!record_decode(json, intake->options->kind, &batch->arena, &e->record, &intake->reason)) {
        reject(intake, name, line, source, intake->reason.s);
        return;
    }
    if (!wanted(intake->options, &e->record))
        return;
    identify(intake, e);
    if (intake->options->spooled)
        restore(e, json);
    e->waiting = intake->options->spool != NULL ? line_for_spool(intake, json, e, text) : (struct span){NULL, 0};
    e->findings = find(intake, &e->record);
    e->input = name;
    e->line = line;
    if (batch->count++ == 0)
        intake->batch_began = clock_monotonic_ms();
}

void intake_take_text(struct intake *intake, struct json *json, struct span text, const char *name, uint64_t line) {
    if (json_parse(json, text))
        take(intake, json, text, text, name, line);
    else
        reject(intake, name, line, text, json_error(json));
}

bool intake_pause(struct intake *intake) {
    bool due = batch_full(intake) || batch_old(intake);
    return stopping(intake) || intake_full(intake) || (due && intake_flush(intake) != INTAKE_DONE);
}

/* -- streams ---------------------------------------------------------------------------------------------------- */

static void progress(struct intake *intake, const char *name) {
    const struct intake_options *options = intake->options;
    uint64_t here = intake->reader != NULL ? reader_bytes(intake->reader) : 0;
    if (options->on_progress != NULL)
        options->on_progress(options->context, name, intake->bytes_before + intake->skipped + here,
                             (uint64_t)taken(intake));
}

static enum intake_end input_failed(struct intake *intake, const char *name, const char *reason) {
    text_clear(&intake->error);
    text_format(&intake->error, "%s: %s", name, reason);
    return INTAKE_FAILED;
}

/* Makes durable what is there, if it is time, and acknowledges what has become so in the meantime. */
static bool flush_if_due(struct intake *intake, bool now) {
    if (!now && !batch_full(intake) && !batch_old(intake))
        return !applier_has(intake->applier) || take_applied(intake);
    if (now ? intake_flush(intake) != INTAKE_DONE : !give(intake))
        return false;
    progress(intake, intake->name);
    return true;
}

/* The next value of the input: it is at hand then. False: there is none, and intake->end says why. */
static bool next_value(struct intake *intake) {
    bool quiet = false;
    intake->end = INTAKE_STOPPED;
    while (!stopping(intake)) {
        intake->end = INTAKE_BROKEN;
        if (!flush_if_due(intake, quiet))
            return false;
        intake->end = INTAKE_DONE;
        if (intake_full(intake))
            return false;
        struct value *value = &intake->value;
        bool waiting = intake->batch->count > 0 || intake->given != NULL;
        enum reader_event event = reader_next(intake->reader, waiting ? IDLE_MS : LOOK_MS, value);
        quiet = event == READER_IDLE || event == READER_INTERRUPTED;
        if (event == READER_VALUE)
            return true;
        if (event == READER_END)
            return false;
        if (event == READER_WRONG)
            reject(intake, intake->name, value->line, value->text, value->error);
        else if (event == READER_FAILED)
            intake->end = input_failed(intake, intake->name, strerror(errno));
        if (event == READER_FAILED)
            return false;
        intake->end = INTAKE_STOPPED;
    }
    return false;
}

static bool next_text(void *context, struct span *text) {
    struct intake *intake = context;
    if (!next_value(intake))
        return false;
    *text = intake->value.text;
    return true;
}

/* What a map says after its input was broken off may rest on half of it: the next run says it right. */
static bool broken_off(const struct intake *intake) {
    return intake->end != INTAKE_DONE || intake_full(intake);
}

static void take_mapped(void *context, struct span record) {
    struct intake *intake = context;
    const struct value *value = &intake->value;
    bool looks_back = map_looks_back(intake->options->map);
    if (looks_back && broken_off(intake))
        return;
    if (looks_back && !flush_if_due(intake, false)) { /* such an input is read anew if it is not read to its end */
        intake->end = INTAKE_BROKEN;
        return;
    }
    if (json_parse(intake->mapped, record))
        take(intake, intake->mapped, record, value->text, intake->name, value->line);
    else
        reject(intake, intake->name, value->line, value->text, json_error(intake->mapped));
}

static void reject_value(void *context, const char *reason) {
    struct intake *intake = context;
    if (!broken_off(intake))
        reject(intake, intake->name, intake->value.line, intake->value.text, reason);
}

static enum intake_end read_all(struct intake *intake) {
    const struct map_ends ends = {intake, next_text, take_mapped, reject_value};
    intake->value = (struct value){.line = 1};
    struct map *map = intake->options->map;
    if (map != NULL && !map_prepare(map, &intake->error))
        die("%s", intake->error.s);
    if (map != NULL)
        map_run(map, intake->name, &ends);
    else
        while (next_value(intake)) {
            take(intake, intake->value.json, intake->value.text, intake->value.text, intake->name, intake->value.line);
            reader_release(intake->reader);
        }
    return intake->end;
}

static void begin_input(struct intake *intake, int fd, const char *name, bool by_place) {
    intake->reader = reader_new(fd, record_names);
    intake->name = name;
    if (intake->options->map != NULL && map_skips_lines(intake->options->map))
        reader_skip_lines(intake->reader, map_takes_line, intake->options->map);
    intake->by_place = by_place;
    intake->end = INTAKE_DONE;
    intake->place_counted = false;
    intake->unidentified = intake->options->map != NULL && map_looks_back(intake->options->map);
    intake->skipped = 0;
    text_clear(&intake->error);
}

static void end_input(struct intake *intake) {
    progress(intake, intake->name);
    intake->bytes_before += intake->skipped + reader_bytes(intake->reader);
    reader_free(intake->reader);
    intake->reader = NULL;
}

/* Reads the input that was begun; what was read before a failure is kept all the same. */
static enum intake_end run(struct intake *intake) {
    enum intake_end end = read_all(intake);
    if (end == INTAKE_BROKEN)
        settle(intake); /* the ledger is the caller's again */
    bool flush_now = end != INTAKE_DONE || intake->tracked_count == 0;
    if (flush_now && end != INTAKE_BROKEN && intake_flush(intake) == INTAKE_BROKEN)
        end = INTAKE_BROKEN;
    if (end == INTAKE_BROKEN && intake->options->tee >= 0 && !stopping(intake))
        reader_drain(intake->reader); /* the copy goes on without the ledger */
    return end;
}

enum intake_end intake_stream(struct intake *intake, int fd, const char *name) {
    begin_input(intake, fd, name, false);
    reader_tee(intake->reader, intake->options->tee);
    enum intake_end end = run(intake);
    end_input(intake);
    return end;
}

/* -- files ------------------------------------------------------------------------------------------------------ */

static void note(struct intake *intake, const char *path, const char *what) {
    struct text line = {0};
    if (intake->options->on_note == NULL)
        return;
    text_format(&line, "%s: %s", path, what);
    intake->options->on_note(intake->options->context, line.s);
    text_free(&line);
}

static int64_t modified(const struct stat *status) {
    return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

/* Hashes the first SIZE bytes of FD, and leaves it there. NULL if it has fewer. */
static struct hasher *hash_prefix(int fd, uint64_t size) {
    struct hasher *hasher = hasher_new();
    char *block = xmalloc(HASH_BLOCK);
    while (size > 0) {
        ssize_t got = read(fd, block, size < HASH_BLOCK ? (size_t)size : HASH_BLOCK);
        if (got <= 0)
            break;
        hasher_add(hasher, block, (size_t)got);
        size -= (uint64_t)got;
    }
    free(block);
    if (size > 0) {
        hasher_free(hasher);
        return NULL;
    }
    return hasher;
}

/* Goes on where the file was left, if it is the same up to there; else begins at its beginning. */
static void resume(struct intake *intake, int fd, const char *path, const struct source *known, bool grown) {
    struct hasher *hasher = NULL;
    struct reader_place place = {.line = 1};
    if (known != NULL && !known->unidentified && known->place.offset > 0) {
        hasher = hash_prefix(fd, known->place.offset);
        struct digest digest = {0};
        if (hasher != NULL)
            digest = hasher_digest(hasher);
        if (hasher != NULL && memcmp(digest.bytes, known->digest.bytes, sizeof digest.bytes) == 0) {
            place = known->place;
            note(intake, path, grown ? "grown: goes on where it was left" : "goes on where it was left");
        } else {
            hasher_free(hasher);
            hasher = NULL;
            note(intake, path, "rewritten: read from its beginning");
        }
    }
    if (hasher == NULL) {
        hasher = hasher_new();
        lseek(fd, 0, SEEK_SET);
    }
    reader_resume(intake->reader, &place, hasher);
    intake->skipped = place.offset;
}

static void track(struct intake *intake, const char *path, const struct stat *status) {
    intake->tracked = xreallocarray(intake->tracked, (size_t)intake->tracked_count + 1, sizeof *intake->tracked);
    struct tracked *t = &intake->tracked[intake->tracked_count++];
    *t = (struct tracked){.path = xstrdup(path)};
    t->source.size = (uint64_t)status->st_size;
    t->source.modified = modified(status);
}

static bool unchanged(const struct source *known, const struct stat *status) {
    return known->size == (uint64_t)status->st_size && known->modified == modified(status);
}

static void finish_tracked(struct intake *intake) {
    struct tracked *t = &intake->tracked[intake->tracked_count - 1];
    t->source.place = reader_where(intake->reader);
    t->source.digest = reader_digest(intake->reader);
    t->source.unidentified = intake->unidentified;
    t->source.complete = !intake_full(intake);
    t->done = true;
}

static struct expected look_up(struct intake *intake, const char *path) {
    struct expected file = {.path = path, .real = realpath(path, NULL)};
    if (file.real == NULL)
        file.real = xstrdup(path);
    file.found = !intake->options->again &&
                 sources_find(ledger_db(intake->ledger), file.real, intake->reading.s, &file.known);
    return file;
}

void intake_expect(struct intake *intake, char *const *paths, size_t count) {
    forget_expected(intake);
    if (!intake->options->track || !settle(intake))
        return;
    intake->expected = xcalloc(count, sizeof *intake->expected);
    for (; intake->expected_count < count; intake->expected_count++)
        intake->expected[intake->expected_count] = look_up(intake, paths[intake->expected_count]);
}

/* What is remembered of PATH; asked for now, where it was not expected. The caller frees its name. False: the ledger
 * has failed. */
static bool recall(struct intake *intake, const char *path, struct expected *file) {
    for (size_t i = 0; i < intake->expected_count; i++) {
        if (intake->expected[i].path == path) {
            *file = intake->expected[i];
            file->real = xstrdup(file->real);
            return true;
        }
    }
    if (!settle(intake))
        return false;
    *file = look_up(intake, path);
    return true;
}

static enum intake_end read_tracked(struct intake *intake, int fd, const char *path, const struct stat *status) {
    struct expected file;
    if (!recall(intake, path, &file))
        return INTAKE_BROKEN;
    enum intake_end end = INTAKE_DONE;
    const struct source *known = file.found ? &file.known : NULL;
    if (known != NULL && known->complete && unchanged(known, status)) {
        note(intake, path, "unchanged: skipped");
        intake->bytes_before += (uint64_t)status->st_size;
    } else {
        begin_input(intake, fd, path, true);
        resume(intake, fd, path, known, known != NULL && (uint64_t)status->st_size > known->size);
        track(intake, file.real, status);
        end = run(intake);
        if (end == INTAKE_DONE)
            finish_tracked(intake);
        else
            forget_tracked(intake);
        end_input(intake);
        if (intake->tracked_count >= TRACKED_MAX)
            intake_flush(intake);
    }
    free(file.real);
    return intake->broken ? INTAKE_BROKEN : end;
}

static enum intake_end read_plain(struct intake *intake, int fd, const char *path) {
    begin_input(intake, fd, path, true);
    reader_tee(intake->reader, intake->options->tee);
    enum intake_end end = run(intake);
    end_input(intake);
    return end;
}

/* A database goes through --tee too, as the bytes that it is. */
static void copy_through(const struct intake *intake, int fd) {
    if (intake->options->tee < 0)
        return;
    struct reader *reader = reader_new(fd, record_names);
    reader_tee(reader, intake->options->tee);
    reader_drain(reader);
    reader_free(reader);
}

static bool is_database(int fd) {
    static const char magic[16] = "SQLite format 3";
    char head[sizeof magic];
    return pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head && memcmp(head, magic, sizeof head) == 0;
}

enum intake_end intake_file(struct intake *intake, const char *path) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        enum intake_end end = input_failed(intake, path, fd < 0 ? strerror(errno) : "is a directory");
        if (fd >= 0)
            close(fd);
        return end;
    }
    enum intake_end end;
    bool whole = intake->options->since == NO_TIME && intake->options->until == NO_TIME;
    if (is_database(fd)) {
        copy_through(intake, fd);
        intake->by_place = true;
        intake->place_counted = false;
        end = settle(intake) ? history_read(intake, path, &intake->error) : INTAKE_BROKEN;
        if (end != INTAKE_BROKEN && intake_flush(intake) == INTAKE_BROKEN)
            end = INTAKE_BROKEN;
        intake->bytes_before += (uint64_t)status.st_size;
        progress(intake, path);
    } else if (intake->options->track && whole && S_ISREG(status.st_mode)) {
        end = read_tracked(intake, fd, path, &status);
    } else {
        end = read_plain(intake, fd, path);
    }
    close(fd);
    return end;
}
