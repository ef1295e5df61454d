#include "base/alloc.h"

#include <malloc.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

enum { ARENA_FIRST = 2 * 1024, ARENA_BLOCK = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

void alloc_begin(void) {
    enum { LARGE = 1024 * 1024, STEP = 512 * 1024 };
    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
    mallopt(M_TOP_PAD, STEP);
}

static void *present(void *memory) {
    if (memory == NULL)
        die("out of memory");
    return memory;
}

void *xmalloc(size_t size) {
    return present(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size) {
    return present(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *xrealloc(void *memory, size_t size) {
    return present(realloc(memory, size > 0 ? size : 1));
}

void *xreallocarray(void *memory, size_t count, size_t size) {
    return present(reallocarray(memory, count > 0 ? count : 1, size));
}

char *xstrdup(const char *string) {
    return present(strdup(string));
}

char *xmemdup(const void *bytes, size_t size) {
    char *copy = xmalloc(size + 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

static struct arena_block *block_new(struct arena *arena, size_t size) {
    struct arena_block *block = xmalloc(sizeof *block + size);
    block->size = size;
    block->used = 0;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size) {
    size_t aligned = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (aligned < size)
        die("out of memory");
    struct arena_block *block = arena->blocks;
    size_t usual = block == NULL ? ARENA_FIRST : ARENA_BLOCK;
    if (block == NULL || block->size - block->used < aligned)
        block = block_new(arena, aligned > usual ? aligned : usual);
    void *memory = block->bytes + block->used;
    block->used += aligned;
    arena->used += aligned;
    return memory;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t size) {
    char *copy = arena_take(arena, size + 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

static bool holds_only(const struct arena_block *block, const char *item, size_t size) {
    return block->bytes == item && block->size > ARENA_BLOCK && block->used > size;
}

const char *arena_pass(struct arena *from, struct arena *to, const char *item, size_t size) {
    struct arena_block **link = &from->blocks;
    while (*link != NULL && !holds_only(*link, item, size))
        link = &(*link)->next;
    struct arena_block *block = *link;
    if (block == NULL)
        return arena_copy(to, item, size);
    *link = block->next;
    /* behind the newest, which is the one that has room */
    struct arena_block **place = to->blocks != NULL ? &to->blocks->next : &to->blocks;
    block->next = *place;
    *place = block;
    from->used -= block->used;
    to->used += block->used;
    return item;
}

void arena_reset(struct arena *arena) {
    struct arena_block *kept = NULL;
    for (struct arena_block *block = arena->blocks, *next; block != NULL; block = next) {
        next = block->next;
        if (kept == NULL && block->size == ARENA_BLOCK)
            kept = block;
        else
            free(block);
    }
    if (kept != NULL) {
        kept->next = NULL;
        kept->used = 0;
    }
    arena->blocks = kept;
    arena->used = 0;
}

void arena_free(struct arena *arena) {
    arena_reset(arena);
    free(arena->blocks);
    arena->blocks = NULL;
}
