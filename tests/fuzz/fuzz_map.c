/* The shipped maps over any input: what they make of it is JSON, and a record or refused; what they fail on has a
 * reason. The input is a letter, which says the map, and what it reads. */
#include "fuzz.h"
#include "input/map.h"
#include "input/reader.h"
#include "input/record.h"

static const char *const names[] = {"auto",         "adw-state",  "aider",    "anthropic",  "claude-code",
                                    "claude-hooks", "codex",      "gemini",   "gemini-cli", "litellm",
                                    "openai",       "otel-genai", "tau-bench"};
enum { NAMES = sizeof names / sizeof *names };

struct mapping {
    struct reader *reader;
    struct json *json;
    struct arena arena;
    struct text error;
};

static struct map *maps[NAMES]; /* each is compiled once */

/* The library of jq keeps the end of some memory, and not its beginning: left alone, it would be taken for lost. */
static void free_maps(void) {
    for (int i = 0; i < NAMES; i++)
        map_free(maps[i]);
}

static struct map *map_of(unsigned number) {
    static bool begun;
    struct text error = {0};
    surroundings();
    if (!begun)
        atexit(free_maps);
    begun = true;
    if (maps[number] == NULL)
        maps[number] = map_open(names[number], &error);
    must(maps[number] != NULL && map_prepare(maps[number], &error), "the share directory's maps are there");
    text_free(&error);
    return maps[number];
}

static bool next(void *context, struct span *value) {
    struct mapping *mapping = context;
    struct value read;
    enum reader_event event;
    while ((event = reader_next(mapping->reader, -1, &read)) == READER_WRONG)
        ;
    if (event == READER_VALUE)
        *value = read.text;
    return event == READER_VALUE;
}

static void take(void *context, struct span text) {
    struct mapping *mapping = context;
    struct record record;
    text_clear(&mapping->error);
    arena_reset(&mapping->arena);
    must(json_parse(mapping->json, text), "what a map gives is JSON");
    bool good = record_decode(mapping->json, KIND_BY_SHAPE, &mapping->arena, &record, &mapping->error);
    must(good == (mapping->error.n == 0), "what is refused has a reason, and nothing else");
}

static void fail(void *context, const char *reason) {
    (void)context;
    must(reason != NULL && *reason != '\0', "a failure has a reason");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size);
    struct map *map = map_of((take_byte(&input) + NAMES - 'a' % NAMES) % NAMES);
    int fd = file_of(input);
    struct mapping mapping = {.reader = reader_new(fd, NULL), .json = json_new(record_names)};
    const struct map_ends ends = {.context = &mapping, .next = next, .record = take, .fail = fail};
    if (map_skips_lines(map))
        reader_skip_lines(mapping.reader, map_takes_line, map);
    map_run(map, "tool-calling-gpt-4o-0.0_range_0-1_user-gpt-4o-llm_0302100000.json", &ends);
    reader_free(mapping.reader);
    json_free(mapping.json);
    arena_free(&mapping.arena);
    text_free(&mapping.error);
    close(fd);
    return 0;
}
