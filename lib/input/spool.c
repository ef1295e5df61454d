#include "input/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/paths.h"
#include "base/stop.h"

enum { BLOCK = 64 * 1024 };

struct spool {
    const char *path;
    int64_t bytes_max;
    int fd; /* while records are taken out; else -1 */
};

struct spool *spool_new(const char *path, int64_t bytes_max) {
    struct spool *spool = xcalloc(1, sizeof *spool);
    *spool = (struct spool){path, bytes_max, -1};
    return spool;
}

void spool_free(struct spool *spool) {
    if (spool != NULL && spool->fd >= 0)
        close(spool->fd);
    free(spool);
}

const char *spool_path(const struct spool *spool) {
    return spool->path;
}

/* -- lines ------------------------------------------------------------------------------------------------------ */

/* RECORD without its closing brace. In JSON a line break stands between tokens alone, where a space says the same. */
static void put_open(struct text *lines, struct span record) {
    size_t end = record.n, start = lines->n;
    while (end > 0 && record.s[end - 1] != '}')
        end--;
    text_bytes(lines, record.s, end > 0 ? end - 1 : 0);
    for (size_t i = start; i < lines->n; i++)
        if (lines->s[i] == '\n' || lines->s[i] == '\r')
            lines->s[i] = ' ';
    while (lines->n > start && (lines->s[lines->n - 1] == ' ' || lines->s[lines->n - 1] == '\t'))
        lines->n--;
}

void spool_line(struct text *lines, struct span record, enum record_kind kind, const struct spooled *spooled) {
    put_open(lines, record);
    bool empty = lines->n > 0 && lines->s[lines->n - 1] == '{';
    text_format(lines, "%s\"kind\":\"%s\",\"spooled\":{\"at\":%lld", empty ? "" : ",", record_kind_name(kind),
                (long long)spooled->at);
    if (spooled->identified) {
        text_string(lines, ",\"as\":\"");
        for (size_t i = 0; i < sizeof spooled->identity.bytes; i++)
            text_format(lines, "%02x", spooled->identity.bytes[i]);
        text_string(lines, "\"");
    }
    text_format(lines, "%s}}\n", spooled->no_text ? ",\"no_text\":true" : "");
}

/* -- the file --------------------------------------------------------------------------------------------------- */

static bool cannot(const struct spool *spool, struct text *error, const char *what) {
    text_clear(error);
    text_format(error, "%s: %s: %s", spool->path, what, strerror(errno));
    return false;
}

/* Opens the file and locks it. -1 with errno. */
static int open_locked(const char *path, int flags) {
    struct stat status;
    int fd = open(path, flags | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    int locked = -1;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        do
            locked = flock(fd, LOCK_EX);
        while (locked != 0 && errno == EINTR);
    else
        errno = EINVAL;
    if (locked == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* The end of the last whole line before END; -1 with errno. */
static int64_t whole_end(int fd, int64_t end) {
    char block[BLOCK];
    while (end > 0) {
        int64_t from = end > BLOCK ? end - BLOCK : 0;
        ssize_t size = pread(fd, block, (size_t)(end - from), from);
        if (size != end - from) {
            errno = size < 0 ? errno : EIO;
            return -1;
        }
        const char *newline = memrchr(block, '\n', (size_t)size);
        if (newline != NULL)
            return from + (newline - block) + 1;
        end = from;
    }
    return 0;
}

/* Cuts off what was left half written, and returns the size that is left; -1 with errno. */
static int64_t mend(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -1;
    int64_t whole = whole_end(fd, status.st_size);
    if (whole >= 0 && whole < status.st_size && ftruncate(fd, whole) != 0)
        return -1;
    return whole;
}

static bool append(struct spool *spool, int fd, struct span lines, struct text *error) {
    int64_t size = mend(fd);
    if (size < 0)
        return cannot(spool, error, "cannot be mended");
    if ((int64_t)lines.n > spool->bytes_max - size) {
        text_clear(error);
        text_format(error, "%s: is full: %lld bytes wait in it, of %lld that it may have", spool->path, (long long)size,
                    (long long)spool->bytes_max);
        return false;
    }
    if (write_fully(fd, lines.s, lines.n) && fdatasync(fd) == 0 && (size > 0 || path_sync_directory(spool->path)))
        return true;
    cannot(spool, error, "cannot be written");
    if (ftruncate(fd, size) != 0) /* whole lines of it would be records that nobody was told of: they count once */
        return false;
    return false;
}

bool spool_append(struct spool *spool, struct span lines, struct text *error) {
    int fd = open_locked(spool->path, O_CREAT);
    if (fd < 0)
        return cannot(spool, error, "cannot be opened");
    bool good = append(spool, fd, lines, error);
    close(fd);
    return good;
}

int spool_begin(struct spool *spool, struct text *error) {
    text_clear(error);
    spool->fd = open_locked(spool->path, 0);
    if (spool->fd < 0 && errno == ENOENT)
        return -1;
    int64_t size = spool->fd >= 0 ? mend(spool->fd) : -1;
    if (size < 0)
        cannot(spool, error, "cannot be read");
    if (size <= 0 && spool->fd >= 0) {
        close(spool->fd);
        spool->fd = -1;
    }
    return spool->fd;
}

bool spool_end(struct spool *spool, bool taken, struct text *error) {
    bool good = !taken || (ftruncate(spool->fd, 0) == 0 && fdatasync(spool->fd) == 0) ||
                cannot(spool, error, "cannot be emptied");
    close(spool->fd);
    spool->fd = -1;
    return good;
}

/* -- looking at it ---------------------------------------------------------------------------------------------- */

/* When the record in LINE came: what stands last in it. */
static int64_t came_at(const char *line) {
    static const char member[] = "\"spooled\":{\"at\":";
    const char *at = NULL;
    for (const char *next = line; (next = strstr(next, member)) != NULL; next++)
        at = next;
    return at != NULL ? strtoll(at + sizeof member - 1, NULL, 10) : NO_TIME;
}

bool spool_look(const char *path, struct spool_state *state, struct text *error) {
    char *line = NULL;
    size_t size = 0;
    *state = (struct spool_state){.since = NO_TIME};
    FILE *file = fopen(path, "re");
    if (file == NULL && (errno == ENOENT || errno == ENOTDIR))
        return true;
    for (ssize_t n; file != NULL && (n = getline(&line, &size, file)) > 0 && line[n - 1] == '\n'; state->bytes += n) {
        int64_t at = came_at(line);
        state->wrong += at == NO_TIME;
        if (state->records++ == 0)
            state->since = at;
    }
    bool good = file != NULL && ferror(file) == 0;
    if (!good) {
        text_clear(error);
        text_format(error, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (file != NULL)
        fclose(file);
    free(line);
    return good;
}
