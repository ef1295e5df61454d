/* A database file with other bytes in it. The input is a byte that says what is done with it, and then damages: where
 * (three bytes, of the file's length), how many bytes, and these. */
#include <fcntl.h>

#include "database.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size);
    struct text damaged = {0};
    database_begin();
    unsigned how = take_byte(&input);
    text_append(&damaged, text_span(&database.pristine));
    while (input.n >= 4) {
        size_t at = take_byte(&input);
        at = at << 8 | take_byte(&input);
        at = (at << 8 | take_byte(&input)) % damaged.n;
        size_t count = take_byte(&input);
        count = count < input.n ? count : input.n;
        count = count < damaged.n - at ? count : damaged.n - at;
        memcpy(damaged.s + at, input.s, count);
        input = (struct span){input.s + count, input.n - count};
    }
    database_is(text_span(&damaged));
    use_database(how);
    text_free(&damaged);
    return 0;
}
