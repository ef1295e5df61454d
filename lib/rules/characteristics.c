#include "rules/characteristics.h"

#include "base/word.h"
#include "rules/figures.h"

enum complexity complexity_of(size_t words, int64_t errors) {
    if (words > 200 || errors > 5)
        return COMPLEXITY_COMPLEX;
    return words < 50 && errors < 3 ? COMPLEXITY_SIMPLE : COMPLEXITY_MEDIUM;
}

enum duration_range duration_range_of(int64_t duration_ms) {
    return duration_ms < 180000 ? DURATION_SHORT : duration_ms < 600000 ? DURATION_MEDIUM : DURATION_LONG;
}

size_t characters_of(struct span text) {
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += ((unsigned char)text.s[i] & 0xc0) != 0x80; /* not a continuation byte */
    return count;
}

static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

static bool in_path(char c) {
    return letter(c) || digit(c) || strchr("_-./~@+", c) != NULL || (unsigned char)c >= 0x80;
}

static bool white(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool source_suffix(struct span name) {
    static const char *const suffixes[] = {
        "c",    "h",    "cc",   "cpp",  "hpp",   "rs",  "go",  "py",   "js",  "jsx",  "ts",         "tsx",  "mjs",
        "java", "kt",   "rb",   "php",  "swift", "cs",  "sh",  "bash", "sql", "html", "css",        "scss", "vue",
        "json", "yaml", "yml",  "toml", "xml",   "csv", "tsv", "md",   "rst", "txt",  "ipynb",      "lock", "cfg",
        "ini",  "env",  "conf", "lua",  "pl",    "ex",  "exs", "erl",  "hs",  "ml",   "dockerfile", "tf",   "proto",
    };
    const char *dot = memrchr(name.s, '.', name.n);
    if (dot == NULL || dot == name.s)
        return false;
    struct span suffix = {dot + 1, (size_t)(name.s + name.n - dot - 1)};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (span_is(suffix, suffixes[i]))
            return true;
    return false;
}

static bool has_name(struct span token) {
    for (size_t i = 0; i < token.n; i++)
        if (letter(token.s[i]) || digit(token.s[i]) || (unsigned char)token.s[i] >= 0x80)
            return true;
    return false;
}

/* "a/b", "./a", "/etc", "src/": a slash and a name; but "and/or" is two words, and "24/7" numbers. */
static bool path(struct span token) {
    const char *slash = memchr(token.s, '/', token.n);
    if (slash == NULL || !has_name(token))
        return false;
    if (*token.s == '/' || *token.s == '.' || *token.s == '~' ||
        memchr(slash + 1, '/', token.n - 1 - (size_t)(slash - token.s)) != NULL)
        return true;
    return memchr(token.s, '.', token.n) != NULL || memchr(token.s, '_', token.n) != NULL ||
           slash == token.s + token.n - 1;
}

/* The next run of characters that a path may have, without the full stop that ends a sentence. *GAP: what lies before
 * it. */
static bool token_next(struct span *rest, struct span *gap, struct span *token) {
    const char *s = rest->s, *end = s + rest->n;
    while (s < end && !in_path(*s))
        s++;
    *gap = (struct span){rest->s, (size_t)(s - rest->s)};
    const char *first = s;
    while (s < end && in_path(*s))
        s++;
    const char *last = s;
    while (last > first + 1 && (last[-1] == '.' || last[-1] == '-'))
        last--;
    *token = (struct span){first, (size_t)(last - first)};
    *rest = (struct span){last, (size_t)(end - last)};
    return token->n > 0;
}

static bool link_before(struct span gap, struct span token) {
    return gap.n > 0 && gap.s[gap.n - 1] == ':' && token.n > 2 && token.s[0] == '/' && token.s[1] == '/';
}

static bool names_file(struct span gap, struct span token) {
    return token.n <= FILE_NAME_MAX && !link_before(gap, token) && memchr(token.s, '@', token.n) == NULL &&
           (path(token) || (has_name(token) && source_suffix(token)));
}

static bool listed(const struct span *files, size_t count, struct span file) {
    for (size_t i = 0; i < count; i++)
        if (span_equal(files[i], file))
            return true;
    return false;
}

size_t files_mentioned(struct span text, struct span files[FILES_MAX]) {
    size_t count = 0;
    struct span rest = text, gap, token;
    /* without a dot or a slash there can be none: most texts end here */
    if (memchr(text.s != NULL ? text.s : "", '.', text.n) == NULL &&
        memchr(text.s != NULL ? text.s : "", '/', text.n) == NULL)
        return 0;
    while (count < FILES_MAX && token_next(&rest, &gap, &token))
        if (names_file(gap, token) && !listed(files, count, token))
            files[count++] = token;
    return count;
}

/* A git hash or the like: 7 hexadecimal digits or more, with both letters and digits, or a UUID's groups. */
static bool hexadecimal_id(struct span token) {
    size_t digits = 0, letters = 0;
    for (size_t i = 0; i < token.n; i++) {
        char c = token.s[i];
        if (digit(c))
            digits++;
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            letters++;
        else if (c != '-')
            return false;
    }
    return digits + letters >= 7 && digits > 0 && letters > 0;
}

static void mask_gap(struct span gap, struct text *masked) {
    for (size_t i = 0; i < gap.n; i++) {
        if (!white(gap.s[i]))
            text_bytes(masked, gap.s + i, 1);
        else if (masked->n > 0 && masked->s[masked->n - 1] != ' ')
            text_bytes(masked, " ", 1);
    }
}

/* Runs of digits (with '.', ',' ':' inside left as they are between two N) become one N. */
static void mask_word(struct span token, struct text *masked) {
    for (size_t i = 0; i < token.n; i++) {
        char c = token.s[i];
        bool again = i > 0 && digit(c) && digit(token.s[i - 1]);
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        if (digit(c) && !again)
            text_bytes(masked, "N", 1);
        else if (!digit(c))
            text_bytes(masked, &c, 1);
    }
}

/* The end of TEXT that keeps whole characters within LIMIT bytes. */
static size_t cut_at(const struct text *text, size_t limit) {
    size_t end = text->n < limit ? text->n : limit;
    while (end > 0 && end < text->n && ((unsigned char)text->s[end] & 0xc0) == 0x80)
        end--;
    return end;
}

void mask_text(struct span text, size_t limit, struct text *masked) {
    struct span rest = text, gap, token;
    text_clear(masked);
    while (masked->n <= limit && token_next(&rest, &gap, &token)) {
        mask_gap(gap, masked);
        if (names_file(gap, token))
            text_string(masked, "PATH");
        else if (hexadecimal_id(token))
            text_string(masked, "ID");
        else
            mask_word(token, masked);
    }
    if (masked->n <= limit)
        mask_gap(gap, masked);
    size_t end = cut_at(masked, limit);
    while (end > 0 && masked->s[end - 1] == ' ')
        end--;
    masked->n = end;
    if (masked->s != NULL)
        masked->s[end] = '\0';
}
