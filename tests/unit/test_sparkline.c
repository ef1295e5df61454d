/* Sparklines: which block a value gets, and what fits a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/sparkline.h"

static void prints(const struct sparkline *lines, size_t count, int width, const char *wanted) {
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);
    assert_non_null(out);
    sparklines_print(lines, count, 1, 5, &(struct table_style){.width = width}, out);
    fclose(out);
    assert_string_equal(got, wanted);
    free(got);
}

static void a_block_for_each_value(void **state) {
    static const double values[] = {1, 2, 3, 4, 5, 1.49, 1.51, 4.49, 4.51};
    static const double beyond[] = {-7, 0, 6, 1e300, (double)NAN, (double)INFINITY};
    (void)state;
    prints(&(struct sparkline){span_of("a"), values, 9}, 1, 80, "a  ▁▂▃▅▇▁▂▅▇\n");
    prints(&(struct sparkline){span_of("a"), beyond, 6}, 1, 80, "a  ▁▁▇▇▁▇\n");
    prints(&(struct sparkline){span_of("a"), values, 0}, 1, 80, "a  \n");
    prints(NULL, 0, 80, "");
}

static void labels_in_a_column(void **state) {
    static const double values[] = {1, 5};
    const struct sparkline lines[] = {{span_of("gpt"), values, 2},
                                      {span_of("日本"), values + 1, 1},
                                      {span_of("a\033\n"), values, 1}};
    (void)state;
    prints(lines, 3, 80, "gpt        ▁▇\n日本       ▇\na\\x1B\\x0A  ▁\n");
}

static void what_fits(void **state) {
    static const double values[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 5};
    const struct sparkline line = {span_of("a long name of a model"), values, 12};
    (void)state;
    prints(&line, 1, 24, "a long name…  ▁▁▁▁▁▁▁▁▇▇\n");
    prints(&line, 1, 16, "a long …  ▁▁▁▁▇▇\n");
    prints(&line, 1, 1, "a long …  ▇\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_for_each_value),
        cmocka_unit_test(labels_in_a_column),
        cmocka_unit_test(what_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
