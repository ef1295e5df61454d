/* progress: one line on a terminal that says how far a long job is; nothing anywhere else. */
#ifndef PL_REPORT_PROGRESS_H
#define PL_REPORT_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

/* A bar on OUT for TOTAL bytes (0: not known). NULL, which all the functions below take, if OUT is no terminal or
 * $TERM is "dumb". Freed by progress_end. */
struct progress *progress_begin(FILE *out, uint64_t total);
/* Redraws at most ten times a second: share done, records, records a second, time left. LABEL (a file's name) is shown
 * escaped, cut to fit. */
void progress_update(struct progress *progress, const char *label, uint64_t bytes, uint64_t records);
/* Clears the line, so that a message can be printed; the next update draws it again. */
void progress_clear(struct progress *progress);
void progress_end(struct progress *progress);

#endif
