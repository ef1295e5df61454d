#include <inttypes.h>
#include <math.h>

#include "report/bars.h"
#include "report/cachepage_private.h"

void page_paint(struct text *line, const struct page *page, enum paint paint) {
    if (page->style.colour)
        text_format(line, "\033[%dm", (int)paint);
}

void page_unpaint(struct text *line, const struct page *page) {
    if (page->style.colour)
        text_string(line, "\033[0m");
}

void page_painted(struct text *line, const struct page *page, enum paint how, const char *words) {
    page_paint(line, page, how);
    text_string(line, words);
    page_unpaint(line, page);
}

void page_bar(struct text *line, const struct page *page, double share, size_t width) {
    page_paint(line, page, CYAN);
    bar_append(line, share, width, page->plain);
    page_unpaint(line, page);
}

size_t line_width(struct span line) {
    size_t width = 0;
    while (line.n > 0) {
        const char *escape = memchr(line.s, '\033', line.n);
        size_t size = escape != NULL ? (size_t)(escape - line.s) : line.n;
        width += display_width((struct span){line.s, size});
        const char *end = escape != NULL ? memchr(escape, 'm', line.n - size) : NULL;
        size = end != NULL ? (size_t)(end + 1 - line.s) : line.n;
        line = (struct span){line.s + size, line.n - size};
    }
    return width;
}

void text_spaces(struct text *line, size_t count) {
    text_format(line, "%*s", (int)count, "");
}

void text_right(struct text *line, const struct text *value, size_t width) {
    size_t own = line_width(text_span(value));
    text_spaces(line, width > own ? width - own : 0);
    text_append(line, text_span(value));
}

void text_count(struct text *text, int64_t count) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, count);
    text_grouped(text, digits);
}

void text_dollars(struct text *text, int64_t nano_dollars) {
    text_money(text, (double)nano_dollars / 1e9);
}

void text_percent(struct text *text, double percent) {
    if (isnan(percent))
        text_string(text, "-");
    else
        text_format(text, "%.1f%%", percent);
}

void text_ms(struct text *text, double ms) {
    char digits[400];
    if (isnan(ms)) {
        text_string(text, "-");
        return;
    }
    int decimals = ms >= 99.95 ? 0 : ms >= 9.995 ? 1 : ms >= 0.9995 ? 2 : ms >= 0.00995 ? 3 : ms > 0 ? 4 : 0;
    snprintf(digits, sizeof digits, "%.*f", decimals, ms);
    text_grouped(text, digits);
    text_string(text, " ms");
}

void text_size(struct text *text, int64_t bytes) {
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes / 1000;
    size_t unit = 0;
    if (bytes < 1000) {
        text_format(text, "%lld B", (long long)bytes);
        return;
    }
    for (; value >= 999.95 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1000;
    text_format(text, "%.1f %s", value, units[unit]);
}

void text_milliseconds(struct text *text, double ns) {
    char digits[400];
    snprintf(digits, sizeof digits, "%.6f", ns / 1e6);
    size_t end = strlen(digits);
    while (digits[end - 1] == '0')
        end--;
    digits[digits[end - 1] == '.' ? end - 1 : end] = '\0';
    text_grouped(text, digits);
}
