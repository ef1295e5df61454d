/* shim.so, for LD_PRELOAD: makes calls on the files of one directory fail, or ends the process at one of them.
 *
 * PL_FAULT_DIR    the directory that a database is in; calls on anything else are not looked at
 * PL_FAULT        [kill@]CALL:[from ]N[:HOW]: what befalls the Nth CALL, or all from the Nth on; the first is 1.
 *                 CALL is one of those below, or any. HOW is an error by its name (EIO); short: half is written, and
 *                 said to be; for kill@, after: when the call is done, and torn: when half is written. Without it a
 *                 call fails with EIO, and a process is killed before the call.
 * PL_FAULT_LOG    a file: gets a line for what befell, and at the end the number of calls of each kind
 * PL_FAULT_DISK   a directory: gets what a power failure would leave of the files, which is what was synced
 * PL_FAULT_NAMES  late: a name is given or taken away on that disk when the directory is synced, else at once
 * PL_FAULT_CLOCK  back: whenever the time of day is asked for, it is an hour earlier */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum call { FSYNC, WRITE, PWRITE, FTRUNCATE, RENAME, UNLINK, OPEN, MMAP, ANY, CALLS };
enum moment { BEFORE, HALF, AFTER };
enum { NAMES = 64, BLOCK = 65536 };

static const char *const call_names[CALLS] = {"fsync",  "write", "pwrite", "ftruncate", "rename",
                                              "unlink", "open",  "mmap",   "any"};
static const struct {
    const char *name;
    int number;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EMFILE", EMFILE}};

static struct {
    enum call call;
    int number;
    bool from, kills, short_write;
    int error;
    enum moment moment;
} fault;

static const char *directory, *disk;
static int log_fd = -1;
static bool late, back;
static atomic_int counts[CALLS];
static struct { char *from, *to; /* TO is NULL: removed */ } names[NAMES];
static int name_count;

/* -- what is asked for ------------------------------------------------------------------------------------------ */

static void parse_how(const char *how) {
    fault.error = EIO;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        fault.error = strcmp(how, errors[i].name) == 0 ? errors[i].number : fault.error;
    fault.short_write = strcmp(how, "short") == 0;
    fault.moment = strcmp(how, "torn") == 0 ? HALF : strcmp(how, "after") == 0 ? AFTER : BEFORE;
}

static void parse(const char *text) {
    char call[16] = "", how[16] = "";
    fault.kills = strncmp(text, "kill@", 5) == 0;
    text += fault.kills ? 5 : 0;
    fault.from = strstr(text, ":from ") != NULL;
    if (sscanf(text, fault.from ? "%15[a-z]:from %d:%15s" : "%15[a-z]:%d:%15s", call, &fault.number, how) < 2)
        abort();
    while (fault.call < CALLS && strcmp(call, call_names[fault.call]) != 0)
        fault.call++;
    if (fault.call == CALLS)
        abort();
    parse_how(how);
}

static int open_raw(const char *path, int flags, mode_t mode) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

__attribute__((constructor)) static void begin(void) {
    const char *wanted = getenv("PL_FAULT"), *log = getenv("PL_FAULT_LOG"), *when = getenv("PL_FAULT_NAMES");
    const char *clock = getenv("PL_FAULT_CLOCK");
    directory = getenv("PL_FAULT_DIR");
    disk = getenv("PL_FAULT_DISK");
    late = when != NULL && strcmp(when, "late") == 0;
    back = clock != NULL && strcmp(clock, "back") == 0;
    if (log != NULL)
        log_fd = open_raw(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (wanted != NULL && *wanted != '\0')
        parse(wanted);
}

__attribute__((destructor)) static void end(void) {
    for (int call = 0; call < CALLS; call++)
        dprintf(log_fd, "%s %d\n", call_names[call], counts[call]);
}

/* -- what befalls ----------------------------------------------------------------------------------------------- */

/* NULL, if it is none of the files that matter. */
static const char *ours(const char *path) {
    size_t n = directory != NULL ? strlen(directory) : 0;
    return n > 0 && strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0') ? path : NULL;
}

static const char *name_of(int fd) {
    static _Thread_local char path[PATH_MAX];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = fd >= 0 ? readlink(link, path, sizeof path - 1) : -1;
    path[n > 0 ? n : 0] = '\0';
    return ours(path);
}

static void die_at(const char *path) {
    dprintf(log_fd, "killed %s\n", path);
    kill(getpid(), SIGKILL);
    pause();
}

/* Whether the fault is in this call, on PATH; what is to happen before it, happens. */
static bool befalls(enum call call, const char *path) {
    if (path == NULL)
        return false;
    int number = ++counts[call], all = ++counts[ANY];
    number = fault.call == ANY ? all : number;
    if (fault.number == 0 || (fault.call != ANY && fault.call != call))
        return false;
    if (fault.from ? number < fault.number : number != fault.number)
        return false;
    if (fault.kills && fault.moment == BEFORE)
        die_at(path);
    if (!fault.kills)
        dprintf(log_fd, "failed %s %d %s\n", call_names[call], number, path);
    errno = fault.error;
    return true;
}

/* A call that is done: RESULT. */
static int done(bool befallen, const char *path, int result) {
    if (befallen && fault.kills)
        die_at(path);
    return result;
}

/* -- the disk --------------------------------------------------------------------------------------------------- */

/* The name on the disk of a file of the directory. */
static void on_disk(char *name, const char *path) {
    const char *slash = strrchr(path, '/');
    snprintf(name, PATH_MAX, "%s/%s", disk, slash != NULL ? slash + 1 : path);
}

static void copy(int from, const char *to) {
    static _Thread_local char block[BLOCK];
    int fd = open_raw(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    off_t at = 0;
    for (ssize_t n; (n = pread(from, block, sizeof block, at)) > 0; at += n)
        if (syscall(SYS_pwrite64, fd, block, n, at) != n)
            abort();
    close(fd);
}

static void apply_name(const char *from, const char *to) {
    char old[PATH_MAX], fresh[PATH_MAX];
    on_disk(old, from);
    if (to == NULL) {
        syscall(SYS_unlinkat, AT_FDCWD, old, 0);
        return;
    }
    on_disk(fresh, to);
    syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, fresh, 0);
}

static void name_changes(const char *from, const char *to) {
    if (disk == NULL)
        return;
    if (!late) {
        apply_name(from, to);
        return;
    }
    if (name_count == NAMES)
        abort();
    names[name_count].from = strdup(from);
    names[name_count++].to = to != NULL ? strdup(to) : NULL;
}

static void names_are_durable(void) {
    for (int i = 0; i < name_count; i++) {
        apply_name(names[i].from, names[i].to);
        free(names[i].from);
        free(names[i].to);
    }
    name_count = 0;
}

/* To open the file once more and close it would drop SQLite's locks on it: it is done only where there are none. */
static void is_durable(int fd, const char *path) {
    char name[PATH_MAX];
    struct stat status;
    if (disk == NULL || path == NULL || fstat(fd, &status) != 0)
        return;
    if (S_ISDIR(status.st_mode)) {
        names_are_durable();
        return;
    }
    on_disk(name, path);
    bool readable = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY;
    int from = readable ? fd : open_raw(path, O_RDONLY, 0);
    copy(from, name);
    if (!readable)
        close(from);
}

/* -- the calls -------------------------------------------------------------------------------------------------- */

static int sync_it(long call, int fd) {
    const char *path = name_of(fd);
    bool befallen = befalls(FSYNC, path);
    if (befallen && !fault.kills)
        return -1;
    int result = (int)syscall(call, fd);
    if (result == 0)
        is_durable(fd, path);
    return done(befallen, path, result);
}

int fsync(int fd) {
    return sync_it(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return sync_it(SYS_fdatasync, fd);
}

static ssize_t write_it(enum call call, int fd, const void *bytes, size_t size, off_t at) {
    const char *path = name_of(fd);
    bool befallen = befalls(call, path);
    if (befallen && !fault.kills && !fault.short_write)
        return -1;
    if (befallen && (fault.short_write || fault.moment == HALF))
        size = size > 1 ? size / 2 : size;
    ssize_t written = call == WRITE ? syscall(SYS_write, fd, bytes, size) : syscall(SYS_pwrite64, fd, bytes, size, at);
    done(befallen, path, 0);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    return write_it(WRITE, fd, bytes, size, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return write_it(PWRITE, fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    return write_it(PWRITE, fd, bytes, size, at);
}

int ftruncate(int fd, off_t size) {
    const char *path = name_of(fd);
    bool befallen = befalls(FTRUNCATE, path);
    return befallen && !fault.kills ? -1 : done(befallen, path, (int)syscall(SYS_ftruncate, fd, size));
}

int ftruncate64(int fd, off64_t size) {
    return ftruncate(fd, size);
}

static int name_it(enum call call, const char *from, const char *to) {
    const char *path = ours(from);
    bool befallen = befalls(call, path);
    int result;
    if (befallen && !fault.kills)
        return -1;
    if (call == UNLINK)
        result = (int)syscall(SYS_unlinkat, AT_FDCWD, from, 0);
    else
        result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0 && path != NULL)
        name_changes(from, to);
    return done(befallen, path, result);
}

int rename(const char *from, const char *to) {
    return name_it(RENAME, from, to);
}

int unlink(const char *path) {
    return name_it(UNLINK, path, NULL);
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    bool befallen = befalls(OPEN, ours(path));
    if (befallen && !fault.kills)
        return -1;
    return done(befallen, path, (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open(path, flags, mode);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t at) {
    const char *path = name_of(fd);
    bool befallen = befalls(MMAP, path);
    if (befallen && !fault.kills)
        return MAP_FAILED;
    void *memory = (void *)syscall(SYS_mmap, address, size, protection, flags, fd, at);
    done(befallen, path, 0);
    return memory;
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t at) {
    return mmap(address, size, protection, flags, fd, at);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static atomic_int looks;
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (back && clock == CLOCK_REALTIME)
        now->tv_sec -= 3600L * ++looks;
    return result;
}
