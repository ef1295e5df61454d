/* intake: reads inputs into a ledger, in batches that are durable before they are acknowledged.
 *
 * Values are read and decoded without a lock; a batch of records is then applied in transactions that hold the lock for
 * a fraction of a second each, by another thread while the next one is read, where there is more to read. A batch ends
 * when it is full, when it is a quarter of a second old, and when no more input comes for a moment.
 */
#ifndef PL_LEDGER_INTAKE_H
#define PL_LEDGER_INTAKE_H

#include <signal.h>
#include <stdio.h>

#include "input/map.h"
#include "input/record.h"
#include "input/spool.h"
#include "ledger/ledger.h"

struct intake_options {
    enum record_kind kind; /* KIND_BY_SHAPE: as each record says */
    struct map *map;       /* what makes records of the values that are read; borrowed. NULL: they are records. One that
                            * does not compile ends the program at the first input, unless it was prepared before */
    int64_t since, until;  /* microseconds since 1970; NO_TIME: no bound. Records of other times are passed over */
    int64_t limit;         /* take so many records, and all of the last one's value, and stop; negative: all */
    bool track;            /* remember how far files were read, and go on there */
    bool again;            /* read files from the beginning, whatever is remembered */
    FILE *rejects;         /* gets the text of what is rejected, a line each; NULL: not kept */
    int tee;               /* gets a copy of the input; -1: not copied */
    struct spool *spool;   /* where records wait that the ledger cannot take; borrowed. NULL: nowhere */
    bool spooled;          /* what is read has waited in a spool */
    const volatile sig_atomic_t *stop; /* becomes other than 0 when it is time to stop */
    void *context;                     /* for the functions below, each of which may be NULL */
    /* Appends to OUT, which is written to stdout when the record is durable, and to TOLD lines that each end with a
     * NUL, which are told then. Called by the thread that applies the record. */
    void (*on_result)(void *context, const char *input, uint64_t line, const struct record *record,
                      const struct result *result, struct text *out, struct text *told);
    /* Where records go to the spool, now and then: another ledger in the place of the one that has failed, which it
     * frees; NULL: there is none yet. */
    struct ledger *(*reopen)(void *context);
    /* Tells such a line. */
    void (*on_told)(void *context, const char *line);
    void (*on_reject)(void *context, const char *input, uint64_t line, const char *reason);
    /* Something to tell under -v: a line without a newline. */
    void (*on_note)(void *context, const char *note);
    /* Now and then, and at the end of each input. BYTES were read so far in all inputs, or did not have to be. */
    void (*on_progress)(void *context, const char *input, uint64_t bytes, uint64_t records);
};

/* Appends a line to what a result has to tell. */
__attribute__((format(printf, 2, 3))) void told_line(struct text *told, const char *format, ...);

/* PATH to append to, private if it is new: what is rejected may hold anything. Ends the program if it cannot. */
FILE *rejects_open(const char *path);

struct intake_counts {
    int64_t workflows;                  /* workflow records read, rejected ones not counted */
    int64_t processed;                  /* records accepted, duplicates among them */
    int64_t fresh, updated, duplicates; /* of those */
    int64_t spooled;                    /* of those: they wait in the spool */
    int64_t patterns, new_patterns;     /* detected: one for each workflow and signature; never met before */
    int64_t errors;                     /* all that was rejected */
    int64_t by_kind[KIND_LAST + 1];
};

/* Both are borrowed. */
struct intake *intake_new(struct ledger *ledger, const struct intake_options *options);
void intake_free(struct intake *intake);
const struct intake_counts *intake_counts(const struct intake *intake);

enum intake_end {
    INTAKE_DONE,    /* read to the end, or to the limit */
    INTAKE_STOPPED, /* by the stop flag; what was read is durable */
    INTAKE_FAILED,  /* the input could not be read: intake_error says why, the next one can be */
    INTAKE_BROKEN,  /* the ledger failed, and the spool, if there is one */
};

/* Reads FD, which NAME names in messages ("-"). */
enum intake_end intake_stream(struct intake *intake, int fd, const char *name);
/* Reads the file at PATH, or, if it is an SQLite database, the history in it. PATH must stay until the next flush. */
enum intake_end intake_file(struct intake *intake, const char *path);
/* These COUNT files are to be read next, which are borrowed until then: what is remembered of them is looked up now,
 * while nothing else has to wait for the ledger. */
void intake_expect(struct intake *intake, char *const *paths, size_t count);
/* Makes all that was read durable. */
enum intake_end intake_flush(struct intake *intake);
/* Whether the limit is reached. */
bool intake_full(const struct intake *intake);
const char *intake_error(const struct intake *intake);
/* Whether results could not be written to stdout; intake_error says why, NULL if its reader is gone. */
bool intake_unheard(const struct intake *intake);

/* -- for inputs that are not bytes -- */

/* Takes the record in JSON (the text of one object), which is the LINEth of input NAME. */
void intake_take_text(struct intake *intake, struct json *json, struct span text, const char *name, uint64_t line);
/* Whether to stop, after making what is there durable if a batch is full. */
bool intake_pause(struct intake *intake);

#endif
