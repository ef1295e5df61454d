#include "base/stop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 200 }; /* how often a wait looks whether a signal has come, and how long it gives the reader then */

static volatile sig_atomic_t received;

/* A second one ends the program at once: what is at hand may never end. */
static void on_signal(int number) {
    if (received != 0) {
        signal(number, SIG_DFL);
        raise(number);
    }
    received = number;
}

const volatile sig_atomic_t *stop_catch(void) {
    struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART: a wait for input is interrupted */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &received;
}

void stop_by_signal(void) {
    if (received == 0)
        return;
    signal(received, SIG_DFL);
    raise(received);
}

/* Whether writing to FD may block. */
static bool may_block(int fd) {
    struct stat status;
    return fstat(fd, &status) != 0 || !S_ISREG(status.st_mode);
}

/* Waits until FD takes at least PIPE_BUF bytes, or fails. A signal may come before the wait as well as within it, so
 * that nothing but looking tells: false, when one has come and there is no room all the same. */
static bool wait_for_room(int fd) {
    struct pollfd reader = {fd, POLLOUT, 0};
    for (;;) {
        bool stopping = received != 0;
        if (poll(&reader, 1, LOOK_MS) > 0)
            return true;
        if (stopping)
            return false;
    }
}

bool write_fully(int fd, const void *bytes, size_t size) {
    const char *s = bytes;
    bool blocks = may_block(fd);
    while (size > 0) {
        if (blocks && !wait_for_room(fd)) {
            errno = EINTR;
            return false;
        }
        ssize_t written = write(fd, s, blocks && size > PIPE_BUF ? PIPE_BUF : size);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        s += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return true;
}
