/* reader: bytes to JSON values.
 *
 * Reads NDJSON, concatenated and pretty-printed values, top-level arrays (each element is a value of its own) and RFC
 * 7464 sequences from a file descriptor, in memory bounded by the longest value it accepts. After a value that is not
 * JSON it goes on where the next one can begin:
 *
 *   - a line that is not JSON costs that line;
 *   - where a value spans lines, a line that begins with '{' in its first column and is a whole object by itself
 *     ends it;
 *   - a value that turns out wrong on a later line ends at the next line that begins with '{' as far in as itself did,
 *     which may be the line that shows it;
 *   - an element of a top-level array ends at its own closing bracket;
 *   - an RFC 7464 record separator always begins a new value;
 *   - a '[' that is followed on its line by what is neither an object nor JSON begins no array: it costs that line.
 */
#ifndef PL_INPUT_READER_H
#define PL_INPUT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "input/json.h"

static const size_t VALUE_MAX = 64 * 1024 * 1024; /* bytes of one value; a longer one is dropped as it comes */

enum reader_event {
    READER_VALUE,       /* value holds one */
    READER_WRONG,       /* value holds what could not be taken, error says why */
    READER_IDLE,        /* no whole value came within the time given: call again */
    READER_END,         /* of the input */
    READER_INTERRUPTED, /* by a signal whose handler returned */
    READER_FAILED,      /* read failed: errno says why */
};

struct value {
    struct span text;  /* as it stood in the input; of a value too long, s is NULL */
    uint64_t line;     /* on which it began, from 1 */
    struct json *json; /* READER_VALUE: parsed; borrowed from the reader */
    const char *error; /* READER_WRONG */
};

/* Where a reader stands between two values: enough to go on there in another run. */
struct reader_place {
    uint64_t offset; /* bytes from the beginning */
    uint64_t line;   /* of the next byte, from 1 */
    uint64_t column; /* bytes before it on its line */
    bool in_array;
    bool after_element; /* of the array, without a comma since */
};

/* FD is borrowed and stays open. NAMES is for json_new. */
struct reader *reader_new(int fd, json_names *names);
void reader_free(struct reader *reader);

/* Passes over whole lines that begin with '{', end with '}' and for which MATTERS is false, without looking whether
 * they are JSON; not in arrays. Their bytes count as read. */
void reader_skip_lines(struct reader *reader, bool (*matters)(const void *context, struct span line),
                       const void *context);
/* Copies every byte read to FD as well, before it is looked at. */
void reader_tee(struct reader *reader, int fd);
/* Reads, and copies, the rest of the input without looking at it. */
void reader_drain(struct reader *reader);
/* Goes on at PLACE, to which FD has been moved. BEFORE is a hasher that has seen all bytes up to there; the reader
 * takes it over and adds what it passes. */
void reader_resume(struct reader *reader, const struct reader_place *place, struct hasher *before);

/* The next event. WAIT_MS: how long to wait for input before READER_IDLE; negative: for ever. The value is good until
 * the next call. */
enum reader_event reader_next(struct reader *reader, int wait_ms, struct value *value);
/* The last value is done with, before the next call: much memory that it took is given back. */
void reader_release(struct reader *reader);
/* The place after the last value; before one that the end of the input left unfinished. */
struct reader_place reader_where(const struct reader *reader);
/* The digest of all bytes up to there, of a reader that was given a hasher. */
struct digest reader_digest(struct reader *reader);
/* Bytes read so far, from where it began. */
uint64_t reader_bytes(const struct reader *reader);

#endif
