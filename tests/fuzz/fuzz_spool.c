/* A spool that was damaged: what waits is told, a line is added or refused, and nothing but a half-written tail goes.
 * The input is the file; of one that is a record, its line is read again as it was. */
#include <fcntl.h>

#include "base/hash.h"
#include "fuzz.h"
#include "input/record.h"
#include "input/spool.h"

static const struct spooled waited = {.at = 1772366400000000, .identified = true, .identity.bytes = "0123456789abcde"};

/* What RECORD says after it has waited. */
static void comes_back(struct span record) {
    struct json *json = json_new(record_names), *again = json_new(record_names);
    struct text line = {0}, error = {0};
    struct arena arena = {0};
    struct record before, after;
    struct spooled spooled;
    if (json_parse(json, record) && record_decode(json, KIND_BY_SHAPE, &arena, &before, &error)) {
        spool_line(&line, record, before.kind, &waited);
        must(line.n > 0 && memchr(line.s, '\n', line.n) == line.s + line.n - 1, "a record is one line");
        must(json_parse(again, text_span(&line)), "a line is JSON");
        must(record_decode(again, KIND_BY_SHAPE, &arena, &after, &error), "a line is a record");
        must(after.kind == before.kind, "of its kind");
        must(memcmp(&after.content, &before.content, sizeof after.content) == 0, "that says what it said");
        must(record_spooled(again, &spooled) && spooled.at == waited.at && spooled.identified &&
                 memcmp(&spooled.identity, &waited.identity, sizeof waited.identity) == 0,
             "and when it came, and as what");
    }
    arena_free(&arena);
    text_free(&line);
    text_free(&error);
    json_free(json);
    json_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char line[] = "{\"workflow_id\":\"w\",\"kind\":\"workflow\",\"spooled\":{\"at\":1772366400000000}}\n";
    struct span input = input_of(bytes, size);
    struct spool_state before, after;
    struct text error = {0}, path = {0};
    const char *directory = getenv("TMPDIR");
    text_format(&path, "%s/fuzzed-%lld.spool", directory != NULL ? directory : "/tmp", (long long)getpid());
    int fd = open(path.s, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    must(fd >= 0, "there is a file");
    put(fd, input.s, input.n);
    struct spool *spool = spool_new(path.s, 1 << 20);
    bool is_one = spool_look(path.s, &before, &error);
    bool taken = spool_append(spool, span_of(line), &error);
    must(is_one == taken, "what can be told of can be added to");
    must(spool_look(path.s, &after, &error) == is_one, "and is a spool still");
    if (taken)
        must(after.records == before.records + 1 && after.bytes == before.bytes + (int64_t)sizeof line - 1 &&
                 after.wrong == before.wrong,
             "a line is added to what waits");
    int reading = spool_begin(spool, &error);
    must((reading >= 0) == is_one, "it can be taken out");
    if (reading >= 0)
        must(spool_end(spool, true, &error) && spool_look(path.s, &after, &error) && after.records == 0,
             "and is empty then");
    spool_free(spool);
    close(fd);
    unlink(path.s);
    text_string(&path, ".rejected");
    unlink(path.s);
    comes_back(input);
    text_free(&error);
    text_free(&path);
    return 0;
}
