#include "rules/characteristics.h"

#include "base/word.h"
#include "rules/figures.h"

enum complexity complexity_of(size_t words, int64_t errors) {
    if (words > 200 || errors > 5)
        return COMPLEXITY_COMPLEX;
    return words < 50 && errors < 3 ? COMPLEXITY_SIMPLE : COMPLEXITY_MEDIUM;
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

/* The bytes of the character of a path that S begins with; 0: it is none, and *PAST bytes long. */
static size_t path_character(const char *s, const char *end, size_t *past) {
    char c = *s;
    *past = 1;
    if ((unsigned char)c < 0x80)
        return letter(c) || digit(c) || (c != '\0' && strchr("_-./~@+", c) != NULL) ? 1 : 0;
    uint32_t point;
    size_t size = utf8_decode((struct span){s, (size_t)(end - s)}, &point);
    *past = size > 0 ? size : 1;
    return size == 0 || parts_words(point) ? 0 : size;
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
        if (letter(token.s[i]) || (unsigned char)token.s[i] >= 0x80)
            return true;
    return false;
}

/* "a/b.c", "./a", "/etc", "src/": a slash and a name; but "and/or" is two words, and "2026/03/01" numbers. */
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
    *gap = *token = (struct span){rest->s, 0};
    if (rest->n == 0)
        return false;
    const char *s = rest->s, *end = s + rest->n;
    size_t size, past;
    while (s < end && path_character(s, end, &past) == 0)
        s += past;
    *gap = (struct span){rest->s, (size_t)(s - rest->s)};
    const char *first = s;
    while (s < end && (size = path_character(s, end, &past)) > 0)
        s += size;
    const char *last = s;
    while (last > first + 1 && (last[-1] == '.' || last[-1] == '-'))
        last--;
    *token = (struct span){first, (size_t)(last - first)};
    *rest = (struct span){last, (size_t)(end - last)};
    return token->n > 0;
}

/* Keeps *LINK: whether TOKEN is of a link, which begins with "://" and ends with the next white space. */
static void follow_link(struct span gap, struct span token, bool *link) {
    for (size_t i = 0; i < gap.n; i++)
        *link = *link && !white(gap.s[i]);
    if (gap.n > 0 && gap.s[gap.n - 1] == ':' && token.n > 2 && token.s[0] == '/' && token.s[1] == '/')
        *link = true;
}

static bool names_file(struct span gap, struct span token, bool *link) {
    follow_link(gap, token, link);
    return !*link && token.n <= FILE_NAME_MAX && memchr(token.s, '@', token.n) == NULL &&
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
    bool link = false;
    struct span rest = text, gap, token;
    /* without a dot or a slash there can be none: most texts end here */
    if (memchr(text.s != NULL ? text.s : "", '.', text.n) == NULL &&
        memchr(text.s != NULL ? text.s : "", '/', text.n) == NULL)
        return 0;
    while (count < FILES_MAX && token_next(&rest, &gap, &token))
        if (names_file(gap, token, &link) && !listed(files, count, token))
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

/* An agent's command, as "/review" at the beginning of what was asked, and no path. */
static bool slash_command(struct span text, struct span token) {
    return token.s == text.s && token.n > 1 && *token.s == '/' && memchr(token.s + 1, '/', token.n - 1) == NULL &&
           memchr(token.s, '.', token.n) == NULL;
}

void mask_text(struct span text, size_t limit, struct text *masked) {
    bool link = false;
    struct span rest = text, gap, token;
    text_clear(masked);
    while (masked->n <= limit && token_next(&rest, &gap, &token)) {
        mask_gap(gap, masked);
        if (!slash_command(text, token) && names_file(gap, token, &link))
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
