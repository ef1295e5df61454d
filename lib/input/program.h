/* program: a jq program, compiled once and run on value after value.
 *
 * Values go in and results come out as JSON text, so that nobody else has to know libjq. Numbers are doubles in there:
 * a whole one of 2^53 or more is not kept exactly, and what decodes records refuses it as an id. A program that fails
 * on a value runs on the next as if nothing had been.
 */
#ifndef PL_INPUT_PROGRAM_H
#define PL_INPUT_PROGRAM_H

#include <stdbool.h>

#include "base/text.h"

/* NAME is for messages and borrowed. NULL, with ERROR, if TEXT does not compile: jq's message with its line. In the
 * program, $file is what program_run is given. */
struct program *program_compile(const char *name, struct span text, struct text *error);
void program_free(struct program *program);

/* What a program reads by `input` and `inputs`, and where its results go. Spans are good during the call. */
struct program_ends {
    void *context;
    /* The next value as JSON text, good until the next call; false: there is none. NULL: never. */
    bool (*pull)(void *context, struct span *value);
    /* A value that was pulled cannot be given to the program: it is passed over. */
    void (*unfit)(void *context, const char *reason);
    void (*result)(void *context, struct span json);
};

/* Runs on VALUE, which is JSON text; with s NULL on null. False, with ERROR, if it failed; the results before that have
 * been given out. */
bool program_run(struct program *program, const char *file, struct span value, const struct program_ends *ends,
                 struct text *error);

#endif
