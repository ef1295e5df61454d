#include "base/file.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"

static int open_directory(const char *path) {
    char *copy = xstrdup(path);
    int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    return directory;
}

int file_lock_directory(const char *path) {
    int directory = open_directory(path);
    if (directory >= 0 && flock(directory, LOCK_EX) != 0) {
        close(directory);
        directory = -1;
    }
    return directory;
}

bool file_sync_directory(const char *path) {
    int directory = open_directory(path);
    bool good = directory >= 0 && fsync(directory) == 0;
    if (directory >= 0)
        close(directory);
    return good;
}

void file_remove(const char *path, const char *suffix) {
    struct text name = {0};
    text_format(&name, "%s%s", path, suffix);
    unlink(name.s);
    text_free(&name);
}
