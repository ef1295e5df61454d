#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { LAST_CHANCE_MS = 200 };

static volatile sig_atomic_t received;

static void on_signal(int number) {
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

bool write_fully(int fd, const void *bytes, size_t size) {
    const char *s = bytes;
    while (size > 0) {
        ssize_t written = write(fd, s, size);
        if (written < 0 && errno != EINTR)
            return false;
        s += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
        /* only a signal ends a write that blocks before it is done */
        struct pollfd reader = {fd, POLLOUT, 0};
        if (size > 0 && received != 0 && poll(&reader, 1, LAST_CHANCE_MS) <= 0) {
            errno = EINTR;
            return false;
        }
    }
    return true;
}
