#include "report/spread.h"

#include <math.h>

/* Borders within a power of ten, from many to few: series of preferred numbers, as they are usual for resistors. */
struct series {
    int count;
    double steps[24];
};

static const struct series fine_to_coarse[] = {
    {24, {1,   1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2,   2.2, 2.4, 2.7, 3,
          3.3, 3.6, 3.9, 4.3, 4.7, 5.1, 5.6, 6.2, 6.8, 7.5, 8.2, 9.1}},
    {12, {1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2}},
    {6, {1, 1.5, 2, 3, 5, 7}},
    {3, {1, 2, 5}},
    {2, {1, 3}},
    {1, {1}},
};
enum { SERIES = sizeof fine_to_coarse / sizeof *fine_to_coarse };

/* Values below it are not told apart. */
enum { LOWEST = 1000 };

static double border(const struct series *series, int index) {
    return series->steps[index % series->count] * pow(10, index / series->count);
}

/* The highest border that is not above VALUE, which is 1 at least. */
static int index_of(const struct series *series, double value) {
    int index = (int)log10(value) * series->count;
    while (index > 0 && border(series, index) > value)
        index--;
    while (border(series, index + 1) <= value)
        index++;
    return index;
}

/* The middles of the lowest and the highest bucket with a value; NaN of none. */
static double least_and_most(const struct histogram *histogram, double *most) {
    double least = (double)NAN;
    for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        if (histogram->counts[bucket] <= 0)
            continue;
        *most = histogram_middle(bucket);
        least = isnan(least) ? *most : least;
    }
    return least;
}

/* More rows around those of the values, for a spread that is narrow. */
static void widen(int *first, int *last, int lowest) {
    for (bool up = true; *last - *first + 1 < SPREAD_LEAST; up = !up) {
        if (up || *first <= lowest)
            ++*last;
        else
            --*first;
    }
}

size_t spread_row(const struct spread *spread, double value) {
    size_t row = spread->count - 1;
    while (row > 0 && value < spread->borders[row])
        row--;
    return row;
}

struct spread spread_of(const struct histogram *histogram) {
    struct spread spread = {0};
    double most = 0, least = least_and_most(histogram, &most);
    if (isnan(least))
        return spread;
    const struct series *series = fine_to_coarse;
    int first = index_of(series, fmax(least, LOWEST)), last = index_of(series, fmax(most, LOWEST));
    for (int i = 1; i < SERIES && last - first + 1 > SPREAD_MOST; i++) {
        series = &fine_to_coarse[i];
        first = index_of(series, fmax(least, LOWEST));
        last = index_of(series, fmax(most, LOWEST));
    }
    first = last - first + 1 > SPREAD_MOST ? last - SPREAD_MOST + 1 : first;
    widen(&first, &last, index_of(series, LOWEST));
    spread.count = (size_t)(last - first + 1);
    for (int i = first; i <= last + 1; i++)
        spread.borders[i - first] = border(series, i);
    spread.borders[0] = least < spread.borders[0] ? 0 : spread.borders[0];
    for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
        if (histogram->counts[bucket] > 0)
            spread.times[spread_row(&spread, histogram_middle(bucket))] += histogram->counts[bucket];
    return spread;
}
