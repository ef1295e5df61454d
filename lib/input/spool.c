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
#include "base/file.h"
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
    text_string(lines, empty ? "" : ",");
    if (kind != KIND_BY_SHAPE)
        text_format(lines, "\"kind\":\"%s\",", record_kind_name(kind));
    text_format(lines, "\"spooled\":{\"at\":%lld", (long long)spooled->at);
    if (spooled->identified) {
        text_string(lines, ",\"as\":\"");
        for (size_t i = 0; i < sizeof spooled->identity.bytes; i++)
            text_format(lines, "%02x", spooled->identity.bytes[i]);
        text_string(lines, "\"");
    }
    text_format(lines, "%s}}\n", spooled->no_text ? ",\"no_text\":true" : "");
}

/* When the record in LINE came, as the decoder finds it; NO_TIME: it is no line of a spool. */
static int64_t came_at(struct json *json, struct span line) {
    struct spooled spooled;
    return json_parse(json, line) && record_spooled(json, &spooled) ? spooled.at : NO_TIME;
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

static int64_t whole_size(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? whole_end(fd, status.st_size) : -1;
}

/* The first line of the file, which is left at its beginning; the caller frees it. Empty, with s NULL: there is none.
 */
static struct text first_line(int fd) {
    struct text line = {0};
    size_t size = 0;
    int again = dup(fd);
    FILE *file = again >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? fdopen(again, "r") : NULL;
    ssize_t n = file != NULL ? getline(&line.s, &size, file) : -1;
    line.n = n > 0 ? (size_t)n : 0;
    if (file != NULL)
        fclose(file);
    else if (again >= 0)
        close(again);
    lseek(fd, 0, SEEK_SET);
    return line;
}

/* Whether the file, of which WHOLE bytes are whole lines, holds a spool's, or nothing: whatever else was named by
 * mistake is neither added to nor emptied. Its first line tells, and how its last ends. */
static bool is_spool(int fd, int64_t whole) {
    static const char end[] = "}}\n";
    char tail[sizeof end - 1];
    struct text first = first_line(fd);
    bool is = first.n == 0 || *first.s == '{';
    if (is && whole > 0) { /* else one line was left half written */
        struct json *json = json_new(record_names);
        is = pread(fd, tail, sizeof tail, whole - (int64_t)sizeof tail) == (ssize_t)sizeof tail &&
             memcmp(tail, end, sizeof tail) == 0 && came_at(json, text_span(&first)) != NO_TIME;
        json_free(json);
    }
    free(first.s);
    return is;
}

/* What is cut off after WHOLE bytes may have been somebody's all the same: it is kept beside the spool. */
static bool keep_tail(const struct spool *spool, int from, int64_t whole) {
    char block[BLOCK];
    struct text path = {0};
    text_format(&path, "%s.rejected", spool->path);
    int to = open(path.s, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool good = to >= 0;
    ssize_t n = 0;
    for (; good && (n = pread(from, block, sizeof block, whole)) > 0; whole += n)
        good = write_fully(to, block, (size_t)n);
    good = good && n == 0 && write_fully(to, "\n", 1) && fdatasync(to) == 0;
    if (to >= 0)
        close(to);
    text_free(&path);
    return good;
}

/* The size of its whole lines, after what was left half written is cut off; -1, and ERROR says why. */
static int64_t ready(const struct spool *spool, int fd, struct text *error) {
    int64_t whole = whole_size(fd);
    struct stat status;
    if (whole >= 0 && !is_spool(fd, whole)) {
        text_clear(error);
        text_format(error, "%s: is no spool: it holds other lines than records that wait", spool->path);
        return -1;
    }
    bool good = whole >= 0 && fstat(fd, &status) == 0;
    if (good && whole < status.st_size)
        good = keep_tail(spool, fd, whole) && ftruncate(fd, whole) == 0;
    if (!good)
        cannot(spool, error, "cannot be read");
    return good ? whole : -1;
}

static bool append(struct spool *spool, int fd, struct span lines, struct text *error) {
    int64_t size = ready(spool, fd, error);
    if (size < 0)
        return false;
    if ((int64_t)lines.n > spool->bytes_max - size) {
        text_clear(error);
        text_format(error, "%s: is full: %lld bytes wait in it, of %lld that it may have", spool->path, (long long)size,
                    (long long)spool->bytes_max);
        return false;
    }
    if (write_fully(fd, lines.s, lines.n) && fdatasync(fd) == 0 && (size > 0 || file_sync_directory(spool->path)))
        return true;
    cannot(spool, error, "cannot be written");
    if (ftruncate(fd, size) != 0) /* they count once, whoever else was told that they are lost */
        text_string(error, ", and holds some of it all the same");
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
    if (spool->fd < 0)
        cannot(spool, error, "cannot be opened");
    int64_t size = spool->fd >= 0 ? ready(spool, spool->fd, error) : -1;
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

/* A file that is read for what waits in it; NULL: there is none, or ERROR says what is wrong. */
static FILE *open_to_look(const char *path, struct text *error) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    text_clear(error);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return NULL;
    if (fd < 0 || fstat(fd, &status) != 0)
        text_format(error, "%s: cannot be read: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode) || !is_spool(fd, whole_size(fd)))
        text_format(error, "%s: is no spool", path);
    FILE *file = error->n == 0 ? fdopen(fd, "r") : NULL;
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

bool spool_look(const char *path, struct spool_state *state, struct text *error) {
    char *line = NULL;
    size_t size = 0;
    *state = (struct spool_state){.since = NO_TIME};
    FILE *file = open_to_look(path, error);
    if (file == NULL)
        return error->n == 0;
    struct json *json = json_new(record_names);
    for (ssize_t n; (n = getline(&line, &size, file)) > 0 && line[n - 1] == '\n'; state->bytes += n) {
        int64_t at = came_at(json, (struct span){line, (size_t)n});
        state->wrong += at == NO_TIME;
        if (state->records++ == 0)
            state->since = at;
    }
    if (ferror(file) != 0)
        text_format(error, "%s: cannot be read: %s", path, strerror(errno));
    fclose(file);
    free(line);
    json_free(json);
    return error->n == 0;
}
