#include "base/stop.h"

#include <stddef.h>

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
