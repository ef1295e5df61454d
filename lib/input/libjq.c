/* libjq: the library that maps are run by, loaded when the first one is compiled. Most runs use none, and a hook would
 * spend a twentieth of its time on loading it. Its functions, as many as are used, stand here under their own names. */
#include <dlfcn.h>
#include <jq.h>
#include <stdbool.h>
#include <string.h>

#include "base/diag.h"

#define LIBRARY "libjq.so.1"

/* clang-format off */
#define FUNCTIONS(f) \
    f(jq_state *, jq_init, (void), ()) \
    f(int, jq_compile_args, (jq_state *jq, const char *program, jv arguments), (jq, program, arguments)) \
    f(jv, jq_format_error, (jv message), (message)) \
    f(jv, jq_next, (jq_state *jq), (jq)) \
    f(int, jq_halted, (jq_state *jq), (jq)) \
    f(jv_kind, jv_get_kind, (jv value), (value)) \
    f(jv, jv_copy, (jv value), (value)) \
    f(jv, jv_invalid, (void), ()) \
    f(jv, jv_invalid_get_msg, (jv value), (value)) \
    f(int, jv_invalid_has_msg, (jv value), (value)) \
    f(jv, jv_null, (void), ()) \
    f(jv, jv_object, (void), ()) \
    f(jv, jv_array, (void), ()) \
    f(jv, jv_array_append, (jv array, jv value), (array, value)) \
    f(jv, jv_string, (const char *string), (string)) \
    f(const char *, jv_string_value, (jv string), (string)) \
    f(int, jv_string_length_bytes, (jv string), (string)) \
    f(jv, jv_parse_sized, (const char *text, int size), (text, size)) \
    f(jv, jv_dump_string, (jv value, int flags), (value, flags))
#define PROCEDURES(f) \
    f(void, jq_set_error_cb, (jq_state *jq, jq_msg_cb call, void *context), (jq, call, context)) \
    f(void, jq_set_debug_cb, (jq_state *jq, jq_msg_cb call, void *context), (jq, call, context)) \
    f(void, jq_set_input_cb, (jq_state *jq, jq_input_cb call, void *context), (jq, call, context)) \
    f(void, jq_set_attr, (jq_state *jq, jv name, jv value), (jq, name, value)) \
    f(void, jq_start, (jq_state *jq, jv input, int flags), (jq, input, flags)) \
    f(void, jq_teardown, (jq_state **jq), (jq)) \
    f(void, jv_free, (jv value), (value))

#define MEMBER(type, name, parameters, arguments) type(*name) parameters;
#define FIND(type, name, parameters, arguments) find(library, #name, &loaded.name);
#define FUNCTION(type, name, parameters, arguments) type name parameters { load(); return loaded.name arguments; }
#define PROCEDURE(type, name, parameters, arguments) type name parameters { load(); loaded.name arguments; }
/* clang-format on */

static struct {
    FUNCTIONS(MEMBER)
    PROCEDURES(MEMBER)
    bool all;
} loaded;

static void find(void *library, const char *name, void *to) {
    void *address = dlsym(library, name);
    if (address == NULL)
        die("maps need " LIBRARY ", and this one is of another version: it has no %s", name);
    memcpy(to, &address, sizeof address); /* a function's address: there is no conversion from an object's */
}

static void load(void) {
    if (loaded.all)
        return;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        die("maps need the library of jq: %s", dlerror());
    FUNCTIONS(FIND)
    PROCEDURES(FIND)
    loaded.all = true;
}

FUNCTIONS(FUNCTION)
PROCEDURES(PROCEDURE)
