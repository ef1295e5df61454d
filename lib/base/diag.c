#include "base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* One write a message, so that the lines of several processes do not mix. */
__attribute__((format(printf, 1, 0))) static void print(const char *format, va_list arguments) {
    char *message = NULL;
    int size = vasprintf(&message, format, arguments);
    if (size < 0) {
        fputs("pl: out of memory\n", stderr);
        return;
    }
    struct text line = {0};
    text_string(&line, program_invocation_short_name);
    text_string(&line, ": ");
    text_escaped(&line, (struct span){message, (size_t)size});
    text_string(&line, "\n");
    fwrite(line.s, 1, line.n, stderr);
    text_free(&line);
    free(message);
}

void complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
}

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
    exit(STATUS_FAILED);
}

int finish_stdout(int status) {
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
        return status;
    complain("standard output: %s", errno != 0 ? strerror(errno) : "cannot be written");
    return STATUS_FAILED;
}
