#include "input/program.h"

#include <jq.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

static const char out_of_input[] = "break"; /* how jq 1.6 says that `input` has found none */

struct program {
    jq_state *jq;
    const char *name;
    struct text complaint; /* of the compiler */
    const struct program_ends *ends;
    bool dry; /* it asked for another value, and there was none */
};

/* -- compiling -------------------------------------------------------------------------------------------------- */

/* "jq: error: REASON at <top-level>, line N:" and the program's text again becomes "NAME:N: REASON". */
static void on_complaint(void *context, jv message) {
    static const char front[] = "jq: error: ", place[] = " at <top-level>, line ", advice[] = " (Unix shell quoting";
    struct program *program = context;
    jv formatted = jq_format_error(message);
    const char *s = jv_string_value(formatted);
    const char *reason = strncmp(s, front, sizeof front - 1) == 0 ? s + sizeof front - 1 : s;
    const char *at = strstr(reason, place), *end = strstr(reason, advice);
    if (at != NULL) /* and not how many errors there were */
        text_format(&program->complaint, "%s%s:%d: jq: %.*s", program->complaint.n > 0 ? "; " : "", program->name,
                    atoi(at + sizeof place - 1), (int)((end != NULL && end < at ? end : at) - reason), reason);
    jv_free(formatted);
}

/* jq prepends what is in ~/.jq to every program: for as long as it compiles, there is no home. */
static int compile_alone(jq_state *jq, const char *source) {
    const char *home = getenv("HOME");
    char *kept = home != NULL ? xstrdup(home) : NULL;
    setenv("HOME", "/dev/null", 1);
    int good = jq_compile_args(jq, source, jv_object());
    if (kept != NULL)
        setenv("HOME", kept, 1);
    else
        unsetenv("HOME");
    free(kept);
    return good;
}

/* Without a callback, jq 1.6 crashes on `debug`. */
static void on_debug(void *context, jv message) {
    (void)context;
    jv_free(message);
}

static bool compile(struct program *program, const char *source) {
    jq_teardown(&program->jq);
    program->jq = jq_init();
    if (program->jq == NULL)
        return false;
    text_clear(&program->complaint);
    jq_set_error_cb(program->jq, on_complaint, program);
    jq_set_attr(program->jq, jv_string("JQ_LIBRARY_PATH"), jv_array()); /* nothing is loaded from anywhere */
    jq_set_debug_cb(program->jq, on_debug, NULL);
    return compile_alone(program->jq, source) != 0;
}

/* What jq gives a program besides its input, and a map has no need of: the environment, stderr, modules' files. */
#define CLOSED "def env: {}; def stderr: .; def modulemeta: error(\"a map reads no files\"); {} as $ENV | "

/* The program is run on the pair of $file and its input, since jq binds variables when it compiles. What it says of a
 * program that is wrong it says of the program alone, whose lines are the user's. */
static bool compile_pair(struct program *program, struct span text) {
    struct text source = {0};
    text_string(&source, CLOSED ". as [$file, $pl_input] | $pl_input | (");
    text_append(&source, text);
    text_string(&source, "\n)");
    bool good = memchr(text.s, '\0', text.n) == NULL && compile(program, source.s);
    if (!good) {
        text_clear(&source);
        text_string(&source, CLOSED "\"\" as $file | ");
        text_append(&source, text);
        compile(program, source.s);
    }
    text_free(&source);
    return good;
}

struct program *program_compile(const char *name, struct span text, struct text *error) {
    struct program *program = xcalloc(1, sizeof *program);
    program->name = name;
    if (compile_pair(program, text))
        return program;
    text_clear(error);
    if (program->complaint.n > 0)
        text_append(error, text_span(&program->complaint));
    else
        text_format(error, "%s: is not one jq expression", name);
    program_free(program);
    return NULL;
}

void program_free(struct program *program) {
    if (program == NULL)
        return;
    jq_teardown(&program->jq);
    text_free(&program->complaint);
    free(program);
}

/* -- running ---------------------------------------------------------------------------------------------------- */

static jv parsed(struct span value) {
    return value.s != NULL ? jv_parse_sized(value.s, (int)value.n) : jv_null();
}

/* The message of INVALID, which is consumed: one line. False if there is none: then it is no error. */
static bool message_of(jv invalid, struct text *error) {
    if (!jv_invalid_has_msg(jv_copy(invalid))) {
        jv_free(invalid);
        return false;
    }
    jv message = jv_invalid_get_msg(invalid);
    if (jv_get_kind(message) != JV_KIND_STRING)
        message = jv_dump_string(message, 0);
    text_clear(error);
    text_bytes(error, jv_string_value(message), (size_t)jv_string_length_bytes(jv_copy(message)));
    jv_free(message);
    return true;
}

static jv on_pull(jq_state *jq, void *context) {
    struct program *program = context;
    const struct program_ends *ends = program->ends;
    struct span text;
    struct text reason = {0};
    jv value = jv_invalid();
    (void)jq;
    while (!jv_is_valid(value) && ends->pull != NULL && ends->pull(ends->context, &text)) {
        jv_free(value);
        value = parsed(text);
        if (!jv_is_valid(value)) {
            message_of(value, &reason);
            ends->unfit(ends->context, reason.n > 0 ? reason.s : "not JSON");
            value = jv_invalid();
        }
    }
    text_free(&reason);
    program->dry = !jv_is_valid(value);
    return value;
}

bool program_run(struct program *program, const char *file, struct span value, const struct program_ends *ends,
                 struct text *error) {
    jv input = parsed(value);
    if (!jv_is_valid(input)) {
        if (!message_of(input, error))
            text_string(error, "not JSON");
        return false;
    }
    program->ends = ends;
    program->dry = false;
    jq_set_input_cb(program->jq, on_pull, program);
    jq_start(program->jq, JV_ARRAY(jv_string(file), input), 0);
    jv result = jq_next(program->jq);
    for (; jv_is_valid(result); result = jq_next(program->jq)) {
        jv text = jv_dump_string(result, 0);
        ends->result(ends->context,
                     (struct span){jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text))});
        jv_free(text);
    }
    if (message_of(result, error) && !(program->dry && strcmp(error->s, out_of_input) == 0))
        return false;
    if (!jq_halted(program->jq))
        return true;
    text_clear(error);
    text_string(error, "the map halts");
    return false;
}
