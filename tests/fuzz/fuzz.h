/* fuzz: what the harnesses share. Each is a function that libFuzzer calls with bytes of its own making, and replay.c
 * with those of files. It ends the process where something does not hold; so does a call of exit, since nothing that
 * may stand in an input is a reason for the library to end the program. */
#ifndef PL_TESTS_FUZZ_H
#define PL_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "input/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the process, with a word, unless it HOLDS. */
static inline void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

static inline void must_be_same(struct span a, struct span b, const char *what) {
    struct text shown = {0};
    if (span_equal(a, b))
        return;
    text_escaped(&shown, a);
    text_string(&shown, "\n");
    text_escaped(&shown, b);
    fprintf(stderr, "%s\n", shown.s);
    must(false, what);
}

static inline struct span input_of(const uint8_t *bytes, size_t size) {
    return (struct span){size > 0 ? (const char *)bytes : "", size};
}

/* The first byte of INPUT, which is taken off; 0 of an empty one. Harnesses take from it how to go about the rest. */
static inline unsigned take_byte(struct span *input) {
    if (input->n == 0)
        return 0;
    unsigned byte = (unsigned char)*input->s;
    *input = (struct span){input->s + 1, input->n - 1};
    return byte;
}

/* What comes before the first BYTE, which is taken off with it; all of it if there is none. */
static inline struct span take_until(struct span *input, char byte) {
    const char *end = input->n > 0 ? memchr(input->s, byte, input->n) : NULL;
    struct span part = {input->s, end != NULL ? (size_t)(end - input->s) : input->n};
    size_t used = end != NULL ? part.n + 1 : part.n;
    *input = (struct span){input->s + used, input->n - used};
    return part;
}

/* A copy with a NUL at its end, from which it is read with as much care as from any end; freed by the caller. */
static inline char *string_of(struct span span) {
    char *string = malloc(span.n + 1);
    must(string != NULL, "there is memory");
    memcpy(string, span.s, span.n);
    string[span.n] = '\0';
    return string;
}

static inline void put(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        must(written > 0, "a file can be written");
        bytes += written;
        size -= (size_t)written;
    }
}

/* A file that holds INPUT, at its beginning. */
static inline int file_of(struct span input) {
    int fd = memfd_create("input", MFD_CLOEXEC);
    must(fd >= 0, "there is a file");
    put(fd, input.s, input.n);
    must(lseek(fd, 0, SEEK_SET) == 0, "a file can be read again");
    return fd;
}

/* Nothing is taken from the machine: no files of the user's, no clock. Where the tests are run from, share/pl is. */
static inline void surroundings(void) {
    setenv("PL_SHARE", "share/pl", 0);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    setenv("HOME", "/nonexistent", 1);
    setenv("PL_NOW", "2026-03-01T12:00:00Z", 1);
    setenv("TZ", "UTC0", 1);
}

#endif
