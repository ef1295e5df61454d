/* lines: bytes to lines of plain text.
 *
 * Reads from a file descriptor, in memory bounded by the longest line it accepts. A line ends at a newline, which is
 * not part of it, nor is a carriage return before that; a last line without a newline counts. Its bytes may be
 * anything, NUL included. A byte order mark before the first line is not part of it.
 */
#ifndef PL_INPUT_LINES_H
#define PL_INPUT_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

static const size_t LINE_MAX_BYTES = 64 * 1024 * 1024; /* a longer line is dropped as it comes */

enum lines_event {
    LINES_LINE,        /* a line */
    LINES_IDLE,        /* no whole line came within the time given, or one too long goes on: call again */
    LINES_END,         /* of the input */
    LINES_TOO_LONG,    /* a line over the bound is over, and was dropped: it has a number and no bytes */
    LINES_INTERRUPTED, /* by a signal whose handler returned */
    LINES_FAILED,      /* read failed: errno says why */
};

/* FD is borrowed and stays open. */
struct lines *lines_new(int fd);
void lines_free(struct lines *lines);

/* The next event. WAIT_MS: how long to wait for input before LINES_IDLE; 0: takes only what is there; negative: waits
 * for ever. With LINES_LINE and LINES_TOO_LONG *NUMBER is the line's, from 1; *LINE is good until the next call, and
 * has s NULL for all events but LINES_LINE. */
enum lines_event lines_next(struct lines *lines, int wait_ms, struct span *line, uint64_t *number);

#endif
