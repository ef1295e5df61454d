/* What the first lines of a map say: taken or refused in words. The input is a line to ask about, a line feed, and the
 * map. */
#include "fuzz.h"
#include "input/maphead.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size), line = take_until(&input, '\n');
    struct map_head head = {0};
    struct text error = {0};
    surroundings();
    bool good = map_head_parse(&head, "m", input, &error);
    must(good == (error.n == 0), "what is refused has a reason, and nothing else");
    if (good) {
        char *name = string_of(line);
        map_head_takes_file(&head, name);
        bool takes = map_head_takes_line(&head, line);
        must(takes || head.line_count > 0, "without a word of lines each matters");
        free(name);
    }
    map_head_free(&head);
    text_free(&error);
    return 0;
}
