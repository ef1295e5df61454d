/* Lines of plain text, in pieces: as a plain search for newlines finds them. */
#include "fuzz.h"
#include "input/lines.h"

/* The line that *REST begins with, as the header says, with a mark before it if it is the FIRST; false: there is none.
 */
static bool plain_line(struct span *rest, bool first, struct span *line) {
    bool any = rest->n > 0, ended = any && memchr(rest->s, '\n', rest->n) != NULL;
    *line = take_until(rest, '\n');
    if (first && line->n >= 3 && memcmp(line->s, "\xef\xbb\xbf", 3) == 0)
        *line = (struct span){line->s + 3, line->n - 3};
    if (ended && line->n > 0 && line->s[line->n - 1] == '\r')
        line->n--;
    return any;
}

/* Takes the lines that are there; each must be the next of REST. */
static enum lines_event take(struct lines *lines, int wait_ms, struct span *rest, uint64_t *count) {
    struct span line, wanted;
    uint64_t number;
    enum lines_event event;
    while ((event = lines_next(lines, wait_ms, &line, &number)) == LINES_LINE) {
        must(plain_line(rest, *count == 0, &wanted), "there are no more lines than newlines");
        must_be_same(wanted, line, "a line is what lies between newlines");
        must(number == ++*count, "lines are counted");
    }
    must(line.s == NULL, "there is no line without a line");
    return event;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size);
    size_t step = take_byte(&input) + 1 + input.n / 64; /* not too many pieces */
    struct span rest = input;
    int ends[2];
    uint64_t count = 0;
    if (input.n > 32768) /* what a pipe holds for sure */
        return 0;
    must(pipe(ends) == 0, "there is a pipe");
    struct lines *lines = lines_new(ends[0]);
    for (size_t at = 0; at < input.n; at += step) {
        put(ends[1], input.s + at, step < input.n - at ? step : input.n - at);
        must(take(lines, 0, &rest, &count) == LINES_IDLE, "an open pipe is not at its end");
    }
    close(ends[1]);
    must(take(lines, -1, &rest, &count) == LINES_END, "a closed pipe ends");
    must(rest.n == 0, "no line is lost");
    lines_free(lines);
    close(ends[0]);
    return 0;
}
