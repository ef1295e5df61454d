/* alloc: memory that is there or the program is not.
 *
 * Every x... function returns memory that the caller owns and gives back with free(), or ends the program with status 2
 * and a message: no caller checks. An arena owns all that was taken from it, until it is reset or freed.
 */
#ifndef PL_BASE_ALLOC_H
#define PL_BASE_ALLOC_H

#include <stddef.h>

/* Settings for a tool that runs for a moment: memory of less than a mebibyte comes from the heap, which grows and
 * shrinks in few steps, since each of those is a call, and each page that is touched first costs a fault. */
void alloc_begin(void);

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
/* Room for COUNT elements of SIZE bytes; the product is checked. */
void *xreallocarray(void *memory, size_t count, size_t size);
char *xstrdup(const char *string);
/* A NUL-terminated copy of SIZE bytes. */
char *xmemdup(const void *bytes, size_t size);

/* Memory for many small things of one lifetime. Zero-initialised is empty. */
struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes taken since the last reset */
};

/* SIZE bytes, aligned for anything, not cleared. */
void *arena_take(struct arena *arena, size_t size);
/* A NUL-terminated copy of SIZE bytes. */
char *arena_copy(struct arena *arena, const void *bytes, size_t size);
/* The SIZE bytes and NUL at ITEM, which FROM holds: to be held by TO, and no longer than TO. A long one, which has a
 * block of its own, stays where it is; else a copy. */
const char *arena_pass(struct arena *from, struct arena *to, const char *item, size_t size);
/* Forgets all that was taken; keeps one ordinary block for the next use and frees the rest. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
