#include "ledger/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "ledger/schema.h"
#include "ledger/vitals.h"

/* A copy of what is damaged would take the place of a good one. DB, which was copied, fails if the copy is no good. */
static bool is_whole(struct db *db, const char *copy) {
    struct text found = {0};
    struct db *saved = db_open(copy, DB_READ);
    vitals_check(saved, true, &found);
    if (db_failed(saved) || found.n > 0)
        db_fail(db, "is damaged, and not copied: %s", found.n > 0 ? found.s : db_error(saved));
    db_close(saved);
    text_free(&found);
    return !db_failed(db);
}

/* Saves DB, CHECKED, as FRESH and gives that the name TO, durably. What an older copy may have left in a log would be
 * taken for this one's. */
static bool save_as(struct db *db, bool checked, const char *fresh, const char *to) {
    int fd = open(fresh, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    bool good = fd >= 0 && db_save(db, fresh) && (!checked || is_whole(db, fresh)) && fsync(fd) == 0;
    if (good && checked) {
        file_remove(to, "-wal");
        file_remove(to, "-shm");
    }
    good = good && rename(fresh, to) == 0 && file_sync_directory(to);
    if (fd >= 0)
        close(fd);
    return good;
}

/* Until it is whole a copy has one name whoever makes it, under a lock on its directory, so that the next one clears
 * away what a kill has left. */
static bool save(struct db *db, bool replace, const char *to) {
    struct text fresh = {0};
    int directory = file_lock_directory(to);
    bool good = directory >= 0 && !replace && access(to, F_OK) == 0;
    if (directory >= 0 && !good) {
        text_format(&fresh, "%s.new", to);
        file_remove(fresh.s, "");
        file_remove(fresh.s, "-journal");
        good = save_as(db, replace, fresh.s, to);
        int why = errno;
        if (!good)
            file_remove(fresh.s, "");
        errno = why;
    }
    if (directory >= 0)
        close(directory);
    text_free(&fresh);
    return good;
}

bool copies_keep(struct db *db, const char *path) {
    return save(db, false, path);
}

/* Whether TO is PATH, or one of the two files that belong to it. */
static bool is_part_of(const char *path, const char *to) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct stat part, there;
    struct text name = {0};
    bool is = false;
    for (int i = 0; i < 3 && !is; i++) {
        text_clear(&name);
        text_format(&name, "%s%s", path, suffixes[i]);
        is = stat(name.s, &part) == 0 && stat(to, &there) == 0 && part.st_dev == there.st_dev &&
             part.st_ino == there.st_ino;
    }
    text_free(&name);
    return is;
}

/* An empty file, or a database of ours, which its header tells. */
static bool is_copy(const char *path) {
    static const size_t application_at = 68;
    unsigned char head[72];
    struct stat status;
    int fd = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? pread(fd, head, sizeof head, 0) : -1;
    if (fd >= 0)
        close(fd);
    uint32_t application = 0;
    for (size_t i = 0; n == (ssize_t)sizeof head && i < 4; i++)
        application = application << 8 | head[application_at + i];
    return n == 0 || (n == (ssize_t)sizeof head && application == SCHEMA_APPLICATION);
}

static bool back_up(struct db *db, const char *path, const char *to, struct text *error) {
    if (is_part_of(path, to))
        text_format(error, "%s: is the database itself", to);
    else if (access(to, F_OK) == 0 && !is_copy(to))
        text_format(error, "%s: is something else than a copy of a database of pl, and is left as it is", to);
    else if (!save(db, true, to) && !db_failed(db))
        text_format(error, "%s: %s", to, strerror(errno));
    return error->n == 0 && !db_failed(db);
}

bool copies_back_up(const char *path, const char *to, struct text *error) {
    char *real = path_absolute(to);
    struct db *db = schema_open_any(path);
    text_clear(error);
    bool good = !db_failed(db) && back_up(db, path, real, error);
    if (db_failed(db))
        text_string(error, db_error(db));
    db_close(db);
    free(real);
    return good;
}
