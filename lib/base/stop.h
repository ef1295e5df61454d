/* stop: SIGINT and SIGTERM, as a request to finish what is at hand. */
#ifndef PL_BASE_STOP_H
#define PL_BASE_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* From now on SIGINT and SIGTERM set the flag that is returned, and interrupt a wait for input, instead of ending the
 * program; a second signal ends it all the same. The flag is the one global state of the library: a signal handler can
 * reach nothing else. */
const volatile sig_atomic_t *stop_catch(void);
/* If a signal came, ends the program by it, as if it had not been caught: what stdio still
 * holds is lost, since nobody may be there to read it. */
void stop_by_signal(void);

/* Writes all SIZE bytes to FD, which blocks. False, with errno, if it cannot; with EINTR if a signal that was caught
 * came while nobody read what is written. */
bool write_fully(int fd, const void *bytes, size_t size);

#endif
