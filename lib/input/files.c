#include "input/files.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"

static void add(struct file_list *list, const char *path, int64_t size) {
    list->paths = xreallocarray(list->paths, list->count + 1, sizeof *list->paths);
    list->paths[list->count++] = xstrdup(path);
    list->bytes += size > 0 ? (uint64_t)size : 0;
}

static bool wanted(const struct map *map, const char *path, const char *name) {
    if (map != NULL)
        return map_takes_file(map, path);
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcmp(dot, ".json") == 0 || strcmp(dot, ".jsonl") == 0 || strcmp(dot, ".ndjson") == 0);
}

static int by_path(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_below(struct file_list *list, const char *directory, const struct map *map,
                      struct text *error) {
    char *root = xstrdup(directory), *roots[] = {root, NULL};
    size_t before = list->count;
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_F && wanted(map, entry->fts_path, entry->fts_name))
            add(list, entry->fts_path, entry->fts_statp->st_size);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR)
            text_format(error, "%s%s: %s", error->n > 0 ? "; " : "", entry->fts_path, strerror(entry->fts_errno));
    }
    if (tree == NULL)
        text_format(error, "%s: %s", directory, strerror(errno));
    else
        fts_close(tree);
    if (list->count > before)
        qsort(list->paths + before, list->count - before, sizeof *list->paths, by_path);
    free(root);
    return error->n == 0;
}

bool files_add(struct file_list *list, const char *operand, const struct map *map, struct text *error) {
    struct stat status;
    text_clear(error);
    if (stat(operand, &status) != 0) {
        text_format(error, "%s: %s", operand, strerror(errno));
        return false;
    }
    if (S_ISDIR(status.st_mode))
        return add_below(list, operand, map, error);
    add(list, operand, status.st_size);
    return true;
}

void files_free(struct file_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct file_list){0};
}
