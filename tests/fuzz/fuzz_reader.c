/* Bytes to values: the same from a file and in pieces from a pipe; values read again are the same ones; and a reading
 * that is broken off and resumed after any event meets the same objects. */
#include "base/hash.h"
#include "../unit/json_again.h"
#include "fuzz.h"
#include "input/reader.h"

enum { EVENTS_MAX = 512, INPUT_MAX = 32768 }; /* of bytes, what a pipe holds for sure */

struct heard {
    struct text said;        /* a line an event */
    size_t ends[EVENTS_MAX]; /* of the line of each */
    struct reader_place places[EVENTS_MAX];
    int count;
    struct text array; /* the values again, as one array */
};

static void heard_free(struct heard *heard) {
    text_free(&heard->said);
    text_free(&heard->array);
}

/* WHY: also what was wrong, and the place after it. */
static void hear(struct heard *heard, struct reader *reader, enum reader_event event, const struct value *value,
                 bool why) {
    struct reader_place place = reader_where(reader);
    must((event == READER_WRONG) == (value->error != NULL), "what is wrong has a reason, and nothing else");
    text_format(&heard->said, "%s %llu ", event == READER_VALUE ? "value" : "wrong", (unsigned long long)value->line);
    text_escaped(&heard->said, value->text.s != NULL ? value->text : span_of("(none)"));
    if (why)
        text_format(&heard->said, " | %s @%llu,%llu,%llu%s", event == READER_WRONG ? value->error : "",
                    (unsigned long long)place.offset, (unsigned long long)place.line, (unsigned long long)place.column,
                    place.in_array ? "[" : "");
    text_string(&heard->said, "\n");
    if (event == READER_VALUE) {
        text_string(&heard->array, heard->array.n > 0 ? "," : "[");
        must(json_again(value->json, 0, &heard->array), "nodes are in their places");
    }
    if (heard->count == EVENTS_MAX)
        return;
    heard->ends[heard->count] = heard->said.n;
    heard->places[heard->count++] = place;
}

/* Takes what is there, until there is neither a value nor a wrong one. */
static enum reader_event listen(struct heard *heard, struct reader *reader, int wait_ms, bool why) {
    struct value value;
    enum reader_event event;
    while ((event = reader_next(reader, wait_ms, &value)) == READER_VALUE || event == READER_WRONG)
        hear(heard, reader, event, &value, why);
    return event;
}

static void digest_holds(struct reader *reader, struct span input) {
    struct digest digest = reader_digest(reader), wanted = hash128(input.s, reader_where(reader).offset);
    must(memcmp(digest.bytes, wanted.bytes, sizeof wanted.bytes) == 0, "the digest is of all up to the place");
}

/* Reads a file of INPUT from PLACE on; NULL: from the beginning, without a digest. */
static void read_file(struct span input, const struct reader_place *place, bool why, struct heard *heard) {
    int fd = file_of(input);
    struct reader *reader = reader_new(fd, NULL);
    *heard = (struct heard){0};
    if (place != NULL) {
        struct hasher *hasher = hasher_new();
        must(place->offset <= input.n, "a place is within the input");
        must(lseek(fd, (off_t)place->offset, SEEK_SET) >= 0, "a file can be read from anywhere");
        hasher_add(hasher, input.s, place->offset);
        reader_resume(reader, place, hasher);
        digest_holds(reader, input);
    }
    must(listen(heard, reader, -1, why) == READER_END, "a file ends");
    if (place != NULL)
        digest_holds(reader, input);
    must(listen(heard, reader, -1, why) == READER_END, "it stays at its end");
    reader_free(reader);
    close(fd);
}

/* Reads it from a pipe, in pieces of STEP bytes. */
static void read_pieces(struct span input, size_t step, struct heard *heard) {
    int ends[2];
    must(pipe(ends) == 0, "there is a pipe");
    struct reader *reader = reader_new(ends[0], NULL);
    *heard = (struct heard){0};
    for (size_t at = 0; at < input.n; at += step) {
        put(ends[1], input.s + at, step < input.n - at ? step : input.n - at);
        must(listen(heard, reader, 0, true) == READER_IDLE, "an open pipe is not at its end");
    }
    close(ends[1]);
    must(listen(heard, reader, -1, true) == READER_END, "a closed pipe ends");
    reader_free(reader);
    close(ends[0]);
}

/* Of what was said, the values that are objects: those that may be records. */
static void objects_of(struct span said, struct text *objects) {
    while (said.n > 0) {
        struct span line = take_until(&said, '\n'), rest = line;
        struct span what = take_until(&rest, ' ');
        take_until(&rest, ' '); /* its line */
        if (!span_is(what, "value") || rest.n == 0 || *rest.s != '{')
            continue;
        text_append(objects, line);
        text_string(objects, "\n");
    }
}

/* What was said after event I; from it on, if it is what the end of the input broke off, which is read again. */
static struct span said_after(struct span input, const struct heard *heard, int i) {
    uint64_t offset = heard->places[i].offset;
    while (offset < input.n && strchr(" \t\r\n,]\x1e", input.s[offset]) != NULL && input.s[offset] != '\0')
        offset++;
    size_t before = i > 0 ? heard->ends[i - 1] : 0;
    bool again = i == heard->count - 1 && heard->said.s[before] == 'w' && offset < input.n;
    size_t from = again ? before : heard->ends[i];
    return (struct span){heard->said.s + from, heard->said.n - from};
}

static void same_after(struct span input, const struct heard *whole, int i) {
    struct heard rest;
    struct text wanted = {0}, got = {0};
    read_file(input, &whole->places[i], false, &rest);
    objects_of(said_after(input, whole, i), &wanted);
    objects_of(text_span(&rest.said), &got);
    must_be_same(text_span(&wanted), text_span(&got), "a reading that is resumed meets the same objects");
    text_free(&wanted);
    text_free(&got);
    heard_free(&rest);
}

static void same_from_anywhere(struct span input, unsigned which) {
    struct heard whole;
    read_file(input, NULL, false, &whole);
    if (whole.count > 0 && whole.count < EVENTS_MAX) {
        same_after(input, &whole, (int)which % whole.count);
        same_after(input, &whole, whole.count - 1);
    }
    heard_free(&whole);
}

/* The values as one array: each is a value again, and the same. */
static void comes_back(struct heard *heard) {
    struct heard again;
    if (heard->array.n == 0)
        return;
    text_string(&heard->array, "]");
    read_file(text_span(&heard->array), NULL, true, &again);
    text_string(&again.array, "]");
    must_be_same(text_span(&heard->array), text_span(&again.array), "values read again are the same");
    heard_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size);
    unsigned step = take_byte(&input) % 64 + 1, which = take_byte(&input);
    size_t least = input.n / 64; /* not too many pieces */
    struct heard file, pieces;
    if (input.n > INPUT_MAX)
        return 0;
    read_file(input, NULL, true, &file);
    read_pieces(input, step > least ? step : least, &pieces);
    must_be_same(text_span(&file.said), text_span(&pieces.said), "a pipe says what a file does");
    same_from_anywhere(input, which);
    comes_back(&file);
    heard_free(&file);
    heard_free(&pieces);
    return 0;
}
