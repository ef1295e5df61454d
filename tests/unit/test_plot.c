/* Pictures of curves: each cell of some that can be seen through, what is not drawn, and any curve's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "report/plot.h"
#include "random.h"

static struct plot small(const struct curve *curves, size_t count, size_t points) {
    return (struct plot){.curves = curves,
                         .curve_count = count,
                         .points = points,
                         .width = 5,
                         .height = 3,
                         .top = "1",
                         .bottom = "0",
                         .left = "a",
                         .right = "b"};
}

static void shows(const struct plot *plot, const char *expected) {
    struct text text = {0};
    text_string(&text, "before\n");
    plot_append(&text, plot);
    assert_memory_equal(text.s, "before\n", 7);
    assert_string_equal(text.s + 7, expected);
    text_free(&text);
}

static void one_shows(const double *values, size_t points, const char *expected) {
    struct curve curve = {values, "*"};
    struct plot plot = small(&curve, 1, points);
    shows(&plot, expected);
}

#define AXIS                                                                                                           \
    "  └─────\n"                                                                                           \
    "   a   b\n"

/* -- curves -------------------------------------------------------------------------------------------------------- */

/* Half of the way between two lines belongs to the upper one. */
static void straight_lines(void **state) {
    (void)state;
    one_shows((double[]){0, 1}, 2, "1 │   **\n  │ **\n0 │*\n" AXIS);
    one_shows((double[]){1, 0}, 2, "1 │**\n  │  **\n0 │    *\n" AXIS);
    one_shows((double[]){-0x1p40, 0x1p40}, 2, "1 │   **\n  │ **\n0 │*\n" AXIS);
    one_shows((double[]){0, 0x1p-40}, 2, "1 │   **\n  │ **\n0 │*\n" AXIS);
}

static void points_and_what_is_between(void **state) {
    (void)state;
    one_shows((double[]){0, 2, 1, 0, 2}, 5, "1 │ *  *\n  │  *\n0 │*  *\n" AXIS);
    one_shows((double[]){0, 2, 0}, 3, "1 │  *\n  │ * *\n0 │*   *\n" AXIS);
    /* of nine points every second has a column */
    one_shows((double[]){0, 9, 2, 9, 4, 9, 2, 9, 0}, 9, "1 │\n  │  *\n0 │** **\n" AXIS);
}

static void flat_curves(void **state) {
    (void)state;
    one_shows((double[]){7, 7, 7}, 3, "1 │\n  │\n0 │*****\n" AXIS);
    one_shows((double[]){0, -0.0}, 2, "1 │\n  │\n0 │*****\n" AXIS);
    double low[] = {0, 0}, high[] = {2, 2}, middle[] = {1, 1};
    struct curve curves[] = {{low, "l"}, {high, "h"}, {middle, "m"}};
    struct plot plot = small(curves, 3, 2);
    shows(&plot, "1 │hhhhh\n  │mmmmm\n0 │lllll\n" AXIS);
}

static void later_ones_cover_earlier(void **state) {
    double rises[] = {0, 1}, falls[] = {1, 0}, half[] = {0.5, 0.5};
    struct curve curves[] = {{rises, "/"}, {falls, "\\"}, {half, "─"}};
    struct plot plot = small(curves, 2, 2);
    (void)state;
    shows(&plot, "1 │\\\\ //\n  │ /\\\\\n0 │/   \\\n" AXIS);
    plot.curve_count = 3;
    shows(&plot, "1 │\\\\ //\n  │─────\n0 │/   \\\n" AXIS);
    curves[0] = (struct curve){half, "─"};
    curves[2] = (struct curve){rises, "/"};
    shows(&plot, "1 │\\\\ //\n  │─//\\─\n0 │/   \\\n" AXIS);
}

/* -- what is not drawn --------------------------------------------------------------------------------------------- */

static void values_that_are_not_finite(void **state) {
    double rises[] = {0, 1}, nothing[] = {NAN, INFINITY};
    (void)state;
    /* of nine points every second has a column */
    one_shows((double[]){0, 0, NAN, NAN, INFINITY, NAN, 1, 1, 1}, 9, "1 │   **\n  │\n0 │*\n" AXIS);
    one_shows((double[]){NAN, NAN, NAN, NAN, 2, 1, 1, 0, 0}, 9, "1 │  *\n  │   *\n0 │    *\n" AXIS);
    one_shows((double[]){0, 0, 1, 1, -INFINITY, NAN, NAN, NAN, NAN}, 9, "1 │ *\n  │\n0 │*\n" AXIS);
    struct curve curves[] = {{rises, "r"}, {nothing, "n"}};
    struct plot plot = small(curves, 2, 2);
    shows(&plot, "1 │   rr\n  │ rr\n0 │r\n" AXIS);
}

static void nothing_to_draw(void **state) {
    (void)state;
    one_shows((double[]){NAN, INFINITY, -INFINITY}, 3, "");
    struct plot plot = small(NULL, 0, 2);
    shows(&plot, "");
}

/* A value that stands in a column is drawn there, whatever is beside it. */
static void beside_what_is_not_finite(void **state) {
    (void)state;
    one_shows((double[]){0, NAN, 1, INFINITY, 2}, 5, "1 │    *\n  │  *\n0 │*\n" AXIS);
}

static void ranges(void **state) {
    double first[] = {3, NAN, 1.5}, second[] = {2, INFINITY, -4}, none[] = {NAN, -INFINITY, NAN};
    struct curve curves[] = {{first, "f"}, {second, "s"}, {none, "n"}};
    struct plot plot = small(curves, 3, 3);
    double least, most;
    (void)state;
    assert_true(plot_range(&plot, &least, &most));
    assert_true(least == -4 && most == 3);
    plot.curve_count = 1;
    assert_true(plot_range(&plot, &least, &most));
    assert_true(least == 1.5 && most == 3);
    plot.curves = &curves[2];
    assert_false(plot_range(&plot, &least, &most));
    plot.curve_count = 0;
    assert_false(plot_range(&plot, &least, &most));
}

/* -- axes ---------------------------------------------------------------------------------------------------------- */

/* The labels on the left end at the axis. */
static void labels(void **state) {
    double rises[] = {0, 1};
    struct curve curve = {rises, "*"};
    struct plot plot = small(&curve, 1, 2);
    (void)state;
    plot.top = "100 %";
    plot.bottom = "9 %";
    plot.left = "";
    plot.right = "all";
    shows(&plot, "100 % │   **\n      │ **\n  9 % │*\n      └─────\n         all\n");
    plot.top = "1";
    plot.bottom = "-10";
    plot.left = "ab";
    plot.right = "cd";
    shows(&plot, "  1 │   **\n    │ **\n-10 │*\n    └─────\n     ab cd\n");
    plot.top = plot.bottom = "";
    shows(&plot, " │   **\n │ **\n │*\n └─────\n  ab cd\n");
}

static void other_sizes(void **state) {
    double rises[] = {0, 1};
    struct curve curve = {rises, "*"};
    struct plot plot = small(&curve, 1, 2);
    (void)state;
    plot.width = plot.height = 2;
    shows(&plot, "1 │ *\n0 │*\n  └──\n   ab\n");
    plot.width = 9;
    plot.height = 5;
    shows(&plot, "1 │       **\n  │     **\n  │   **\n  │ **\n0 │*\n  └─────────\n   a       b\n");
}

/* -- property: each column has its mark in the nearest line -------------------------------------------------------- */

/* The line, counted from below, in which COLUMN of a picture with '*' in it is marked; -1: in none, -2: in several. */
static int marked(const char *picture, size_t height, size_t column) {
    int line = -1;
    for (size_t i = 0; i < height; i++) {
        const char *area = strstr(picture, "│") + strlen("│"), *end = strchr(area, '\n');
        assert_true(end == area || end[-1] != ' ');
        if (column < (size_t)(end - area) && area[column] == '*')
            line = line == -1 ? (int)(height - 1 - i) : -2;
        picture = end;
    }
    return line;
}

static double height_of(const double *values, size_t points, double x) {
    size_t before = (size_t)x;
    if (before + 1 >= points)
        return values[points - 1];
    return values[before] + (x - (double)before) * (values[before + 1] - values[before]);
}

static void check_columns(const struct plot *plot, const double *values, const char *picture) {
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < plot->points; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    for (size_t column = 0; column < plot->width; column++) {
        double x = (double)column / (double)(plot->width - 1) * (double)(plot->points - 1);
        double line = (height_of(values, plot->points, x) - least) / (most - least) * (double)(plot->height - 1);
        int at = marked(picture, plot->height, column);
        if (!(fabs(line - at) < 0.5 + 1e-9))
            fail_msg("column %zu is marked in line %d, not %f, of\n%s", column, at, line, picture);
    }
}

static void random_curves(void **state) {
    struct text picture = {0};
    (void)state;
    for (int round = 0; round < 2000; round++) {
        double values[40];
        struct curve curve = {values, "*"};
        struct plot plot = small(&curve, 1, 2 + random_high() % 39);
        plot.width = 2 + random_high() % 60;
        plot.height = 2 + random_high() % 12;
        for (size_t i = 0; i < plot.points; i++)
            values[i] = (double)(random_high() % 1000) / 7 + (double)i;
        values[0] = 500;
        text_clear(&picture);
        plot_append(&picture, &plot);
        check_columns(&plot, values, picture.s);
    }
    text_free(&picture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(straight_lines),
        cmocka_unit_test(points_and_what_is_between),
        cmocka_unit_test(flat_curves),
        cmocka_unit_test(later_ones_cover_earlier),
        cmocka_unit_test(values_that_are_not_finite),
        cmocka_unit_test(nothing_to_draw),
        cmocka_unit_test(beside_what_is_not_finite),
        cmocka_unit_test(ranges),
        cmocka_unit_test(labels),
        cmocka_unit_test(other_sizes),
        cmocka_unit_test(random_curves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
