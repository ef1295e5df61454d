#include "ledger/takein.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/paths.h"
#include "ledger/spools.h"

/* A file of rejects that nothing went into is not left behind. */
static void close_rejects(FILE *rejects, const char *path) {
    struct stat status;
    bool empty = fstat(fileno(rejects), &status) == 0 && status.st_size == 0;
    if (fclose(rejects) != 0)
        die("%s: %s", path, strerror(errno));
    if (empty)
        unlink(path);
}

/* Reads the spool, of which FD is a descriptor. Whether all of it is durable in the ledger. */
static bool read_all(struct ledger *ledger, int fd, const char *name, const struct intake_options *how,
                     struct intake_counts *counts, struct text *error) {
    struct intake *intake = intake_new(ledger, how);
    enum intake_end end = intake_stream(intake, fd, name);
    *counts = *intake_counts(intake);
    if (end == INTAKE_FAILED)
        text_string(error, intake_error(intake));
    intake_free(intake);
    return end == INTAKE_DONE && ledger_error(ledger) == NULL;
}

static void take_in(struct ledger *ledger, struct spool *spool, int fd, const struct intake_options *how,
                    struct intake_counts *counts, struct text *error) {
    struct text path = {0};
    struct intake_options own = *how;
    text_format(&path, "%s.rejected", spool_path(spool));
    if (how->rejects == NULL)
        own.rejects = rejects_open(path.s);
    bool taken = read_all(ledger, fd, spool_path(spool), &own, counts, error);
    if (how->rejects == NULL)
        close_rejects(own.rejects, path.s);
    spool_end(spool, taken, error);
    if (how->rejects == NULL && counts->errors > 0 && error->n == 0)
        text_format(error, "%s: %lld of what waited in it cannot be taken in, and is in %s", spool_path(spool),
                    (long long)counts->errors, path.s);
    text_free(&path);
}

bool spool_take_in(struct ledger *ledger, struct spool *spool, const struct intake_options *how,
                   struct intake_counts *counts, struct text *error) {
    *counts = (struct intake_counts){0};
    int fd = spool_begin(spool, error);
    bool usable = error->n == 0;
    if (fd >= 0)
        take_in(ledger, spool, fd, how, counts, error);
    char *real = path_absolute(spool_path(spool));
    if (usable && *real != '/')
        text_format(error, "%s: its directory is not there", real);
    else if (usable && ledger_error(ledger) == NULL)
        spools_note(ledger_db(ledger), real, counts->processed, clock_now());
    free(real);
    return error->n == 0;
}
