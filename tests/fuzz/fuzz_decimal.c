/* Numbers to exact integers: what is taken is what the digits say, and comes back from its own digits. */
#include <math.h>

#include "base/decimal.h"
#include "fuzz.h"

enum { PLACES_MOST = 12 };

/* VALUE as a number of PLACES decimals. */
static void write_scaled(int64_t value, int places, struct text *out) {
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, unit = 1;
    for (int i = 0; i < places; i++)
        unit *= 10;
    text_format(out, "%s%llu", value < 0 ? "-" : "", (unsigned long long)(magnitude / unit));
    if (places > 0)
        text_format(out, ".%0*llu", places, (unsigned long long)(magnitude % unit));
}

/* Nearly, since a double is not exact: a wrong power of ten is seen all the same. */
static bool near(struct span number, int places, int64_t value) {
    char *string = string_of(number);
    double wanted = strtod(string, NULL) * pow(10, places);
    free(string);
    return fabs(wanted - (double)value) <= 1 + fabs(wanted) * 1e-12;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct span input = input_of(bytes, size);
    int places = (int)(take_byte(&input) % (PLACES_MOST + 1));
    struct text written = {0};
    int64_t value, again;
    bool exact, exact_again;
    if (!decimal_scaled(input, places, &value, &exact))
        return 0;
    must(value != INT64_MIN, "a result is below 2^63 in magnitude");
    must(near(input, places, value), "a result is about what the number is");
    write_scaled(value, places, &written);
    must(decimal_scaled(text_span(&written), places, &again, &exact_again), "a result can be read again");
    must(again == value && exact_again, "a result read again is the same");
    must(!exact || !decimal_scaled(input, PLACES_MOST, &again, &exact_again) || exact_again,
         "what fits into few places fits into more");
    text_free(&written);
    return 0;
}
