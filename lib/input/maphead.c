#include "input/maphead.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/paths.h"

static const char directive[] = "# pl: ";

static void add_word(struct map_words *words, const char *bytes, size_t size) {
    words->items = xreallocarray(words->items, (size_t)words->count + 1, sizeof *words->items);
    words->items[words->count++] = xmemdup(bytes, size);
}

static void add_words(struct map_words *words, struct span text) {
    const char *s = text.s, *end = text.s + text.n;
    while (s < end) {
        const char *blank = memchr(s, ' ', (size_t)(end - s));
        const char *stop = blank != NULL ? blank : end;
        if (stop > s)
            add_word(words, s, (size_t)(stop - s));
        s = stop + 1;
    }
}

void map_words_free(struct map_words *words) {
    for (int i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
}

/* -- directives ------------------------------------------------------------------------------------------------- */

static void take_about(struct map_head *head, struct span text) {
    text_string(&head->about, head->about.n > 0 ? " " : "");
    text_append(&head->about, text);
}

static void take_home(struct map_head *head, struct span text) {
    char *given = xmemdup(text.s, text.n), *path = path_expanded(given);
    add_word(&head->homes, path, strlen(path));
    free(given);
    free(path);
}

static void take_files(struct map_head *head, struct span text) {
    add_words(&head->globs, text);
}

static void take_when(struct map_head *head, struct span text) {
    text_string(&head->when, head->when.n > 0 ? " or (" : "(");
    text_append(&head->when, text);
    text_string(&head->when, ")");
}

static void take_lines(struct map_head *head, struct span text) {
    head->lines = xreallocarray(head->lines, (size_t)head->line_count + 1, sizeof *head->lines);
    head->lines[head->line_count] = (struct map_words){0};
    add_words(&head->lines[head->line_count++], text);
}

static const struct {
    const char *name;
    void (*take)(struct map_head *head, struct span text);
} takers[] = {
    {"about", take_about}, {"home", take_home}, {"files", take_files}, {"when", take_when}, {"lines", take_lines},
};

/* WORDS is what follows "# pl: ". */
static bool take_directive(struct map_head *head, bool first_line, struct span words) {
    const char *blank = memchr(words.s, ' ', words.n);
    struct span name = {words.s, blank != NULL ? (size_t)(blank - words.s) : words.n};
    struct span rest = {words.s + name.n, words.n - name.n};
    while (rest.n > 0 && *rest.s == ' ')
        rest = (struct span){rest.s + 1, rest.n - 1};
    if (span_is(name, "inputs") && rest.n == 0 && first_line) {
        head->inputs = true;
        return true;
    }
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
        if (span_is(name, takers[i].name) && rest.n > 0) {
            takers[i].take(head, rest);
            return true;
        }
    return false;
}

bool map_head_parse(struct map_head *head, const char *name, struct span text, struct text *error) {
    const char *s = text.s, *end = text.s + text.n;
    *head = (struct map_head){0};
    for (int number = 1; s < end && *s == '#'; number++) {
        const char *newline = memchr(s, '\n', (size_t)(end - s));
        struct span line = {s, (size_t)((newline != NULL ? newline : end) - s)};
        s += line.n + (newline != NULL);
        while (line.n > 0 && (line.s[line.n - 1] == ' ' || line.s[line.n - 1] == '\r'))
            line.n--;
        size_t front = sizeof directive - 1;
        if (line.n < front || memcmp(line.s, directive, front) != 0)
            continue;
        struct span words = {line.s + front, line.n - front};
        if (!take_directive(head, number == 1, words)) {
            text_clear(error);
            text_format(error,
                        "%s:%d: is no directive: %.*s (there are about, home, files, when, lines, and inputs on the "
                        "first line)",
                        name, number, (int)line.n, line.s);
            return false;
        }
    }
    return true;
}

void map_head_free(struct map_head *head) {
    text_free(&head->about);
    text_free(&head->when);
    map_words_free(&head->homes);
    map_words_free(&head->globs);
    for (int i = 0; i < head->line_count; i++)
        map_words_free(&head->lines[i]);
    free(head->lines);
    *head = (struct map_head){0};
}

/* -- what matters ----------------------------------------------------------------------------------------------- */

bool map_head_takes_file(const struct map_head *head, const char *name) {
    static const char *const usual[] = {"*.json", "*.jsonl", "*.ndjson"};
    bool own = head->globs.count > 0;
    size_t count = own ? (size_t)head->globs.count : sizeof usual / sizeof *usual;
    for (size_t i = 0; i < count; i++)
        if (fnmatch(own ? head->globs.items[i] : usual[i], name, 0) == 0)
            return true;
    return false;
}

static bool holds(const struct map_words *words, struct span line) {
    for (int i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        bool unwanted = word[0] == '-' && word[1] != '\0';
        word += unwanted;
        if ((memmem(line.s, line.n, word, strlen(word)) != NULL) == unwanted)
            return false;
    }
    return true;
}

bool map_head_takes_line(const struct map_head *head, struct span line) {
    for (int i = 0; i < head->line_count; i++)
        if (holds(&head->lines[i], line))
            return true;
    return head->line_count == 0;
}
