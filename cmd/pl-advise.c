/* pl-advise: a filter that gives requests back with the model and the thinking budget to use. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/options.h"
#include "base/paths.h"
#include "base/stop.h"
#include "input/body.h"
#include "input/lines.h"
#include "input/reader.h"
#include "report/advice.h"
#include "report/maps.h"

enum { OPTION_APPLY = OPTION_LONG, OPTION_MODELS, OPTION_POLICY, OPTION_STRONG_SHARE, OPTION_RECORD };

static const struct tool tool = {
    .name = "pl-advise",
    .operands = "[FILE...]",
    .summary = "Reads requests from FILE... or standard input, and writes each back with advice:\n"
               "its pattern and complexity, the model and the thinking budget to use.",
    .lines =
        (const struct option_line[]){
            {'t', "text", NULL, "read lines of plain text, a prompt each"},
            {'m', "map", "MAP", "another program's log: a map, its file, auto or list"},
            {'f', "field", "NAME", "print only this field of the advice, raw"},
            {OPTION_MODELS, "models", "A,B,...", "advise only these models"},
            {OPTION_POLICY, "policy", "POLICY", "balanced, quality or cost"},
            {OPTION_STRONG_SHARE, "strong-share", "SHARE", "send the neediest share, 0 to 1, to the dearest"},
            {OPTION_APPLY, "apply", NULL, "set model and budget in the API's own fields"},
            {OPTION_RECORD, "record", NULL, "keep what was advised, under the request_id"},
            {0, NULL, NULL, NULL},
        },
    .more = "Fields: pattern complexity complexity_score provider model confidence\n"
            "  thinking_budget budget_source reason candidates\n"
            "Exit status: 0 all good, 1 some lines were no requests, 2 could not do the job.\n"
            "Manual: pl-advise(1), pl(7)\n",
};

static struct {
    struct common_options common;
    struct adviser_options how;
    const char *field;
    char **models; /* with their NULL; they borrow from one copy of the argument, models_text */
    char *models_text;
    const char *map_name;
    struct map *map;
    bool text, apply;
} options;

/* -- options ---------------------------------------------------------------------------------------------------- */

static void take_models(const char *list) {
    size_t count = 0;
    free(options.models);
    free(options.models_text);
    options.models_text = xstrdup(list);
    options.models = xcalloc(strlen(list) + 2, sizeof *options.models);
    for (char *rest = options.models_text, *name; (name = strsep(&rest, ",")) != NULL;)
        if (*name != '\0')
            options.models[count++] = name;
    options.how.models = (const char *const *)options.models;
}

static void take_share(const struct options *parser) {
    char *end;
    double share = strtod(parser->argument, &end);
    if (end == parser->argument || *end != '\0' || !(share >= 0 && share <= 1))
        options_usage(parser, "--strong-share takes a number from 0 to 1, not %s", parser->argument);
    options.how.share_given = true;
    options.how.strong_share = share;
}

static void parse(struct options *parser) {
    for (int code; (code = options_next(parser)) != OPTION_END;) {
        switch (code) {
        case 't': options.text = true; break;
        case 'm': options.map_name = parser->argument; break;
        case 'f':
            if (!advice_has(parser->argument))
                options_usage(parser, "advice has no field %s", parser->argument);
            options.field = parser->argument;
            break;
        case OPTION_MODELS: take_models(parser->argument); break;
        case OPTION_POLICY:
            if (!policy_named(parser->argument, &options.how.policy))
                options_usage(parser, "unknown policy: %s", parser->argument);
            options.how.policy_given = true;
            break;
        case OPTION_STRONG_SHARE: take_share(parser); break;
        case OPTION_APPLY: options.apply = true; break;
        case OPTION_RECORD: options.how.record = true; break;
        default: break;
        }
    }
    if (options.apply && options.field != NULL)
        options_usage(parser, "--apply writes requests, --field does not: name one of them");
    if (options.text && options.map_name != NULL)
        options_usage(parser, "--text reads prompts, --map reads values: name one of them");
}

static void on_warning(void *context, const char *line) {
    (void)context;
    complain("%s", line);
}

/* -- answers ---------------------------------------------------------------------------------------------------- */

enum {
    BLOCK = 64 * 1024,
    HOLD_MS = 50, /* how long an answer, or the database's lock, may be held while more input is there */
    LOOK_MS = 500,
    PAUSE_MS = 5, /* between transactions, so that who waits for the lock gets it */
    ID_BYTES = 16,
};

struct filter_state {
    struct adviser *adviser;
    struct body *body;
    struct arena arena;
    struct text out, advice, scratch, error;
    int64_t held_since; /* the first answer that is held back; 0: none */
    const volatile sig_atomic_t *stop;
    bool nameless_told, unheard;
    int64_t answered, silent; /* silent: without a prompt, of a map */
    int status;
};

static void reject(struct filter_state *state, const char *name, uint64_t line, const char *reason) {
    complain("%s:%llu: %s", name, (unsigned long long)line, reason);
    if (state->status == STATUS_GOOD)
        state->status = STATUS_REJECTED;
}

/* An id that nobody else gives: 128 random bits. */
static void make_id(struct text *id) {
    unsigned char bytes[ID_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        die("no random numbers for request ids: %s", strerror(errno));
    text_clear(id);
    text_string(id, "pl-");
    for (size_t i = 0; i < sizeof bytes; i++)
        text_format(id, "%02x", bytes[i]);
}

/* A body that an API is to understand cannot be given an id; that is told once. */
static void note(struct filter_state *state, const struct request_record *request, const struct advice *advice) {
    struct text id = {0}, json = {0};
    if (request->request_id.s != NULL) {
        adviser_note(state->adviser, request->request_id, advice);
    } else if (options.apply) {
        if (!state->nameless_told)
            complain("warning: --apply adds no request_id, so the advice for requests without one is not kept");
        state->nameless_told = true;
    } else {
        make_id(&id);
        text_json_string(&json, text_span(&id));
        body_set(state->body, "request_id", text_span(&json));
        adviser_note(state->adviser, text_span(&id), advice);
    }
    text_free(&id);
    text_free(&json);
}

static void write_answer(struct filter_state *state, const struct advice *advice) {
    struct span model = span_of(advice->route != NULL ? advice->route->model : NULL);
    if (options.common.quiet)
        return;
    if (options.field != NULL) {
        advice_raw(advice, options.field, &state->out);
    } else if (options.apply) {
        body_apply(state->body, model, advice->thinking_budget, &state->scratch);
        body_write(state->body, &state->out);
    } else {
        text_clear(&state->advice);
        advice_json(advice, &state->advice);
        body_set(state->body, "advice", text_span(&state->advice));
        body_write(state->body, &state->out);
    }
    text_string(&state->out, "\n");
}

/* REQUEST stands in TEXT, a JSON object. */
static void answer(struct filter_state *state, const struct request_record *request, struct span text) {
    struct advice advice;
    adviser_advise(state->adviser, request, &advice);
    body_begin(state->body, text);
    if (options.how.record)
        note(state, request, &advice);
    write_answer(state, &advice);
    if (options.common.verbosity > 1)
        complain("%s: %s", advice.route != NULL ? advice.route->model : "no model", advice.reason);
    state->answered++;
    if (state->held_since == 0)
        state->held_since = clock_monotonic_ms();
}

/* What was advised is durable before the answer is read. False if nobody reads it any more. */
static bool flush(struct filter_state *state) {
    state->held_since = 0;
    adviser_commit(state->adviser);
    bool good = state->out.n == 0 || write_fully(STDOUT_FILENO, state->out.s, state->out.n);
    text_clear(&state->out);
    if (good)
        return true;
    if (errno != EPIPE && errno != EINTR)
        complain("standard output: %s", strerror(errno));
    if (errno != EPIPE && errno != EINTR)
        state->status = STATUS_FAILED;
    state->unheard = true;
    return false;
}

static bool flush_due(const struct filter_state *state) {
    return state->out.n >= BLOCK || (state->held_since != 0 && clock_monotonic_ms() - state->held_since > HOLD_MS);
}

/* Between two inputs: what is due, or has nothing more to wait for, goes out. False if nobody reads it any more. */
static bool go_on(struct filter_state *state, bool idle) {
    bool due = flush_due(state);
    if ((due || idle) && !flush(state))
        return false;
    if (due && !idle && options.how.record)
        nanosleep(&(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
    return true;
}

/* -- input ------------------------------------------------------------------------------------------------------ */

static void take_value(struct filter_state *state, const struct json *json, struct span text, uint64_t line,
                       const char *name) {
    struct request_record request;
    arena_reset(&state->arena);
    if (record_decode_question(json, &state->arena, &request, &state->error))
        answer(state, &request, text);
    else
        reject(state, name, line, state->error.s);
}

static bool is_utf8(struct span text) {
    uint32_t point;
    while (text.n > 0) {
        size_t size = utf8_decode(text, &point);
        if (size == 0)
            return false;
        text.s += size;
        text.n -= size;
    }
    return true;
}

/* A line becomes the request that it stands for. */
static void take_line(struct filter_state *state, struct span line, uint64_t number, const char *name) {
    struct text json = {0};
    if (!is_utf8(line)) {
        reject(state, name, number, "is not UTF-8");
        return;
    }
    text_string(&json, "{\"prompt\":");
    text_json_string(&json, line);
    text_string(&json, "}");
    const struct request_record request = {
        .prompt = line,
        .hashed = true,
        .complexity = UNKNOWN,
        .complexity_score = UNKNOWN,
    };
    answer(state, &request, text_span(&json));
    text_free(&json);
}

static bool read_failed(struct filter_state *state, const char *name) {
    complain("%s: %s", name, strerror(errno));
    state->status = STATUS_FAILED;
    return true;
}

/* Takes what is there; answers wait only as long as more is. */
static int patience(const struct filter_state *state) {
    return state->held_since != 0 ? 0 : LOOK_MS;
}

/* One input of values. */
struct reading {
    struct filter_state *state;
    struct reader *reader;
    const char *name;
    struct value value; /* the one at hand */
    struct json *mapped;
    bool end;
};

/* False: there is none left, or it is time to stop. */
static bool next_value(struct reading *r) {
    while (!r->end && *r->state->stop == 0) {
        enum reader_event event = reader_next(r->reader, patience(r->state), &r->value);
        if (event == READER_WRONG)
            reject(r->state, r->name, r->value.line, r->value.error);
        else if (event == READER_FAILED)
            r->end = read_failed(r->state, r->name);
        r->end = r->end || event == READER_END || !go_on(r->state, event == READER_IDLE);
        if (event == READER_VALUE && !r->end)
            return true;
    }
    return false;
}

static bool next_text(void *context, struct span *text) {
    struct reading *r = context;
    bool found = next_value(r);
    *text = r->value.text;
    return found;
}

static void take_mapped(void *context, struct span record) {
    struct reading *r = context;
    if (!json_parse(r->mapped, record))
        reject(r->state, r->name, r->value.line, json_error(r->mapped));
    else if (record_kind_said(r->mapped) != KIND_BY_SHAPE && record_kind_said(r->mapped) != KIND_REQUEST)
        ;
    else if (!record_asks(r->mapped))
        r->state->silent++;
    else
        take_value(r->state, r->mapped, record, r->value.line, r->name);
}

static void reject_value(void *context, const char *reason) {
    struct reading *r = context;
    reject(r->state, r->name, r->value.line, reason);
}

static void read_values(struct filter_state *state, int fd, const char *name) {
    struct reading r = {.state = state, .reader = reader_new(fd, record_names), .name = name};
    if (options.map != NULL) {
        r.mapped = json_new(record_names);
        if (map_skips_lines(options.map))
            reader_skip_lines(r.reader, map_takes_line, options.map);
        map_run(options.map, name, &(struct map_ends){&r, next_text, take_mapped, reject_value});
        json_free(r.mapped);
    } else {
        while (next_value(&r))
            take_value(state, r.value.json, r.value.text, r.value.line, name);
    }
    reader_free(r.reader);
}

static void read_lines(struct filter_state *state, int fd, const char *name) {
    struct lines *lines = lines_new(fd);
    struct span line;
    uint64_t number;
    for (bool end = false; !end && *state->stop == 0;) {
        enum lines_event event = lines_next(lines, patience(state), &line, &number);
        if (event == LINES_LINE)
            take_line(state, line, number, name);
        else if (event == LINES_TOO_LONG)
            reject(state, name, number, "is longer than 64 MiB");
        else if (event == LINES_FAILED)
            end = read_failed(state, name);
        end = end || event == LINES_END;
        if (!go_on(state, event == LINES_IDLE))
            break;
    }
    lines_free(lines);
}

static void read_operand(struct filter_state *state, const char *operand) {
    bool is_stdin = strcmp(operand, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(operand, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        read_failed(state, operand);
        return;
    }
    if (options.text)
        read_lines(state, fd, operand);
    else
        read_values(state, fd, operand);
    if (!is_stdin)
        close(fd);
}

static int advise_all(struct adviser *adviser, char **operands) {
    struct filter_state state = {.adviser = adviser, .body = body_new(), .stop = stop_catch()};
    for (; *operands != NULL && !state.unheard && *state.stop == 0; operands++) {
        read_operand(&state, *operands);
        if (!state.unheard) /* to open the next one may take for ever */
            flush(&state);
    }
    if (state.silent > 0)
        complain("warning: %lld requests in the log tell no prompt: no advice on those", (long long)state.silent);
    if (options.common.verbosity > 0)
        complain("Advised %lld requests", (long long)state.answered);
    body_free(state.body);
    arena_free(&state.arena);
    text_free(&state.out);
    text_free(&state.advice);
    text_free(&state.scratch);
    text_free(&state.error);
    return state.status;
}

int main(int argc, char **argv) {
    struct options parser;
    struct text error = {0};
    char dash[] = "-", *only_stdin[] = {dash, NULL};
    options_begin(&parser, &tool, &options.common, argc, argv);
    parse(&parser);
    char *path = path_database(options.common.db), **operands = options_operands(&parser);
    options.map = map_ready_of_option(options.map_name, FORMAT_TABLE);
    options.how.path = path;
    options.how.on_warning = on_warning;
    options.how.on_note = options.common.verbosity > 0 ? on_warning : NULL;
    struct adviser *adviser = adviser_new(&options.how, &error);
    if (adviser == NULL)
        die("%s", error.s);
    int status = advise_all(adviser, *operands != NULL ? operands : only_stdin);
    adviser_free(adviser);
    map_free(options.map);
    free(options.models);
    free(options.models_text);
    free(path);
    options_end(&parser);
    stop_by_signal();
    return status;
}
