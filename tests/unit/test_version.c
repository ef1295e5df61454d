/* Which of two records with one identity is the newer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/figures.h"
#include "rules/version.h"

static void newer(struct version a, struct version b) {
    assert_true(version_compare(&a, &b) > 0);
    assert_true(version_compare(&b, &a) < 0);
    assert_int_equal(version_compare(&a, &a), 0);
}

static void by_revision(void **state) {
    (void)state;
    newer((struct version){1, true, 1, false, 0, 0}, (struct version){0, true, 2, true, 9, 9});
    newer((struct version){0, false, 0, false, 0, 0}, (struct version){UNKNOWN, true, 2, true, 9, 9});
    newer((struct version){3, true, 2, false, 0, 0}, (struct version){3, true, 1, true, 9, 9});
}

static void by_time(void **state) {
    (void)state;
    newer((struct version){UNKNOWN, true, 2, false, 0, 0}, (struct version){UNKNOWN, true, 1, true, 9, 9});
    newer((struct version){UNKNOWN, true, 0, false, 0, 0}, (struct version){UNKNOWN, true, -1, true, 9, 9});
    newer((struct version){UNKNOWN, true, INT64_MAX, false, 0, 0},
          (struct version){UNKNOWN, true, INT64_MIN, true, 9, 9});
}

/* One without any time never replaces one with; and among those without, the field is not looked at. */
static void undated(void **state) {
    (void)state;
    newer((struct version){UNKNOWN, true, -5, false, UNKNOWN, 0}, (struct version){UNKNOWN, false, 99, true, 9, 9});
    newer((struct version){UNKNOWN, true, INT64_MIN, false, UNKNOWN, 0},
          (struct version){UNKNOWN, false, 0, true, 9, 9});
    newer((struct version){UNKNOWN, false, 1, true, 0, 0}, (struct version){UNKNOWN, false, 2, false, 9, 9});
    struct version a = {UNKNOWN, false, 1, true, 3, 4}, b = {UNKNOWN, false, 2, true, 3, 4};
    assert_int_equal(version_compare(&a, &b), 0);
}

static void then_by_end_tokens_and_content(void **state) {
    (void)state;
    newer((struct version){UNKNOWN, true, 7, true, UNKNOWN, 0}, (struct version){UNKNOWN, true, 7, false, 100, 9});
    newer((struct version){UNKNOWN, true, 7, true, 101, 0}, (struct version){UNKNOWN, true, 7, true, 100, 9});
    newer((struct version){UNKNOWN, true, 7, true, 0, 0}, (struct version){UNKNOWN, true, 7, true, UNKNOWN, 9});
    newer((struct version){UNKNOWN, true, 7, false, 5, 10}, (struct version){UNKNOWN, true, 7, false, 5, 9});
    newer((struct version){UNKNOWN, true, 7, false, 5, UINT64_MAX}, (struct version){UNKNOWN, true, 7, false, 5, 0});
    struct version same = {UNKNOWN, true, 7, true, 5, 9}, again = same;
    assert_int_equal(version_compare(&same, &again), 0);
}

/* Every version of a small world, three by three: the order is total. */
static void a_total_order(void **state) {
    struct version all[144];
    int count = 0;
    (void)state;
    for (int64_t revision = UNKNOWN; revision < 1; revision++)
        for (int at = 0; at < 3; at++)
            for (int ended = 0; ended < 2; ended++)
                for (int64_t tokens = UNKNOWN; tokens < 2; tokens++)
                    for (uint64_t content = 0; content < 4; content++)
                        all[count++] = (struct version){revision, at > 0, at, ended != 0, tokens, content};
    assert_int_equal(count, 144);
    for (int a = 0; a < count; a++) {
        for (int b = 0; b < count; b++) {
            int order = version_compare(&all[a], &all[b]), back = version_compare(&all[b], &all[a]);
            assert_true((order > 0) == (back < 0) && (order == 0) == (a == b));
            for (int c = 0; c < count; c++)
                if (order > 0 && version_compare(&all[b], &all[c]) > 0)
                    assert_true(version_compare(&all[a], &all[c]) > 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_revision),   cmocka_unit_test(by_time),
        cmocka_unit_test(undated),       cmocka_unit_test(then_by_end_tokens_and_content),
        cmocka_unit_test(a_total_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
