/* diag: what a tool says on stderr.
 *
 * Every message begins with the program's name and ends with a newline. Control characters in it, whatever record they
 * came from, are printed as \xNN.
 */
#ifndef PL_BASE_DIAG_H
#define PL_BASE_DIAG_H

/* The exit statuses that every tool shares. */
enum { STATUS_GOOD = 0, STATUS_REJECTED = 1, STATUS_FAILED = 2 };

__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);
/* complain, then exit with STATUS_FAILED. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

/* Makes sure of what was written to stdout. STATUS, or STATUS_FAILED, after a message, if it did not get there. A pipe
 * that was closed at its other end is no failure: whoever read it has read enough. */
int finish_stdout(int status);

#endif
