/* What a workflow's text and figures show: borders, files, and texts with what varies masked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "rules/characteristics.h"
#include "rules/figures.h"
#include "random.h"

/* -- ranges ------------------------------------------------------------------------------------------------------- */

static void complexity(void **state) {
    (void)state;
    assert_int_equal(complexity_of(0, 0), COMPLEXITY_SIMPLE);
    assert_int_equal(complexity_of(49, 2), COMPLEXITY_SIMPLE);
    assert_int_equal(complexity_of(49, UNKNOWN), COMPLEXITY_SIMPLE);
    assert_int_equal(complexity_of(50, 0), COMPLEXITY_MEDIUM);
    assert_int_equal(complexity_of(50, UNKNOWN), COMPLEXITY_MEDIUM);
    assert_int_equal(complexity_of(0, 3), COMPLEXITY_MEDIUM);
    assert_int_equal(complexity_of(49, 5), COMPLEXITY_MEDIUM);
    assert_int_equal(complexity_of(200, 5), COMPLEXITY_MEDIUM);
    assert_int_equal(complexity_of(200, UNKNOWN), COMPLEXITY_MEDIUM);
    assert_int_equal(complexity_of(201, 0), COMPLEXITY_COMPLEX);
    assert_int_equal(complexity_of(201, UNKNOWN), COMPLEXITY_COMPLEX);
    assert_int_equal(complexity_of(0, 6), COMPLEXITY_COMPLEX);
    assert_int_equal(complexity_of(SIZE_MAX, INT64_MAX), COMPLEXITY_COMPLEX);
}

static void characters(void **state) {
    (void)state;
    assert_int_equal(characters_of(span_of("")), 0);
    assert_int_equal(characters_of((struct span){NULL, 0}), 0);
    assert_int_equal(characters_of(span_of("abc")), 3);
    assert_int_equal(characters_of(span_of("größe")), 5);
    assert_int_equal(characters_of(span_of("测试")), 2);
    assert_int_equal(characters_of(span_of("\xf0\x9f\x98\x80!")), 2);
}

/* -- files -------------------------------------------------------------------------------------------------------- */

/* The files in TEXT are those in EXPECTED, with ' ' between them. */
static void files_are(const char *text, const char *expected) {
    struct span files[FILES_MAX];
    struct text got = {0};
    size_t count = files_mentioned(span_of(text), files);
    for (size_t i = 0; i < count; i++) {
        assert_true(files[i].s >= text && files[i].s + files[i].n <= text + strlen(text));
        text_format(&got, "%s%.*s", i > 0 ? " " : "", (int)files[i].n, files[i].s);
    }
    if (!span_is(text_span(&got), expected))
        fail_msg("\"%s\" mentions \"%s\", not \"%s\"", text, expected, text_span(&got).s);
    text_free(&got);
}

static void paths(void **state) {
    (void)state;
    files_are("Fix src/app/main.py and tests/test_main.py", "src/app/main.py tests/test_main.py");
    files_are("./run ../lib/x ~/notes /etc/passwd /tmp", "./run ../lib/x ~/notes /etc/passwd /tmp");
    files_are("move lib/base/ to lib/core/", "lib/base/ lib/core/");
    files_are("node_modules/left-pad/index.js", "node_modules/left-pad/index.js");
    files_are("src/c++/main.cpp", "src/c++/main.cpp");
}

static void source_files(void **state) {
    (void)state;
    files_are("Fix main.py", "main.py");
    files_are("app.ts app.tsx main.c main.h lib.rs x.go q.sql README.md a.json b.yaml c.yml d.toml",
              "app.ts app.tsx main.c main.h lib.rs x.go q.sql README.md a.json b.yaml c.yml d.toml");
    files_are("test_api.py my-file.js a.test.ts", "test_api.py my-file.js a.test.ts");
    files_are("index.html style.css run.sh Main.java", "index.html style.css run.sh Main.java");
}

static void each_once_and_in_order(void **state) {
    (void)state;
    files_are("b.c a.c b.c ./a.c a.c b.c", "b.c a.c ./a.c");
    files_are("A.c a.c", "A.c a.c");
}

static void punctuation_around(void **state) {
    (void)state;
    files_are("(a.c), \"b.c\"; 'c.c' `d.c` [e.c] <f.c> {g.c}: h.c! i.c?", "a.c b.c c.c d.c e.c f.c g.c h.c i.c");
    files_are("main.py:12:5: error", "main.py");
    files_are("src/main.py::test_one", "src/main.py");
    files_are("file=src/a.py,src/b.py;src/c.py|src/d.py", "src/a.py src/b.py src/c.py src/d.py");
    files_are("C:\\src\\main.c", "main.c");
    files_are("**main.c** and #b.c", "main.c b.c");
}

static void sentences_that_end_in_a_file(void **state) {
    (void)state;
    files_are("Look at main.c.", "main.c");
    files_are("Look at src/main.c. Then go on.", "src/main.c");
    files_are("Look at src/main.c...", "src/main.c");
    files_are("Look at /etc/passwd.", "/etc/passwd");
    files_are("Is it main.c? Or main.h!", "main.c main.h");
    files_are("main.c- and", "main.c");
    files_are("main.c", "main.c");
}

/* Quotes, dashes and ellipses of typographers are punctuation too. */
static void typographic_punctuation(void **state) {
    (void)state;
    files_are("Fix “app.py” now", "app.py");
    files_are("Fix ‘src/app.py’ now", "src/app.py");
    files_are("Fix «src/app.py»", "src/app.py");
    files_are("Fix app.py—then run", "app.py");
    files_are("Fix app.py…", "app.py");
}

static void names_beyond_ascii(void **state) {
    (void)state;
    files_are("Fix größe.py and src/测试.md", "größe.py src/测试.md");
}

static void links_are_no_files(void **state) {
    (void)state;
    files_are("see https://example.com/src/main.py", "");
    files_are("see http://example.com/a/b/c.js, and main.c", "main.c");
    files_are("(https://example.com/src/main.py)", "");
    files_are("ftp://host/pub/a.c file:///etc/hosts", "");
    files_are("git+ssh://git@example.com/a/b.py", "");
}

/* Ports, queries, fragments and escapes belong to the link. */
static void links_of_many_parts(void **state) {
    (void)state;
    files_are("see http://localhost:8080/api/v1/users", "");
    files_are("http://example.com:80/src/main.py", "");
    files_are("https://example.com/view?file=src/main.py", "");
    files_are("https://example.com/a.html#src/main.py", "");
    files_are("https://example.com/a%20b/c.py", "");
}

static void addresses_are_no_files(void **state) {
    (void)state;
    files_are("mail a.b@example.py", "");
}

static void words_are_no_files(void **state) {
    (void)state;
    files_are("", "");
    files_are("Run the tests", "");
    files_are("this and/or that, 24/7, n/a, I/O, TCP/IP, w/o", "");
    files_are("e.g. this, i.e. that, etc. ... .. . / // ./ ../", "");
    files_are("version 1.2.3, v2.0, 3.14, a.b, U.S.", "");
    files_are("example.com and object.method", "");
    files_are(".py", "");
    files_are("Done.Next", "");
}

static void numbers_are_no_files(void **state) {
    (void)state;
    files_are("24/7 1/2 12/25", "");
    files_are("on 2026-03-01 at 12:00", "");
    files_are("on 2026/03/01", "");
    files_are("on 01/03/2026", "");
    files_are("rated 3.5/5 and 0.5/1.0", "");
}

static void at_most_so_many(void **state) {
    struct span files[FILES_MAX];
    struct text text = {0};
    (void)state;
    for (int i = 0; i < FILES_MAX + 6; i++)
        text_format(&text, "f%d.c ", i);
    assert_int_equal(files_mentioned(text_span(&text), files), FILES_MAX);
    assert_true(span_is(files[FILES_MAX - 1], "f63.c"));
    text_free(&text);
}

static void long_names(void **state) {
    struct span files[FILES_MAX];
    struct text text = {0};
    (void)state;
    for (int i = 0; i < FILE_NAME_MAX - 2; i++)
        text_string(&text, "x");
    text_string(&text, ".c");
    assert_int_equal(files_mentioned(text_span(&text), files), 1);
    assert_int_equal(files[0].n, FILE_NAME_MAX);
    text_clear(&text);
    for (int i = 0; i < FILE_NAME_MAX - 1; i++)
        text_string(&text, "x");
    text_string(&text, ".c and b.c");
    assert_int_equal(files_mentioned(text_span(&text), files), 1);
    assert_true(span_is(files[0], "b.c"));
    text_free(&text);
}

/* -- masks -------------------------------------------------------------------------------------------------------- */

static void masked_to(const char *text, size_t limit, const char *expected) {
    struct text masked = {0};
    text_string(&masked, "what was there before");
    mask_text(span_of(text), limit, &masked);
    if (!span_is(text_span(&masked), expected))
        fail_msg("\"%s\" is masked as \"%s\", not \"%s\"", text, text_span(&masked).s, expected);
    text_free(&masked);
}

static void masked(const char *text, const char *expected) {
    masked_to(text, 1000, expected);
}

static void numbers_are_masked(void **state) {
    (void)state;
    masked("Fix bug 123", "fix bug N");
    masked("Fix bug #4567: crash", "fix bug #N: crash");
    masked("1 22 333", "N N N");
    masked("v1.2.3 of x86", "vN.N.N of xN");
    masked("on 2026-03-01", "on N-N-N");
    masked("on 2026/03/01", "on N/N/N");
    masked("at 2026-03-01T12:00:00Z", "at N-N-NtN:N:Nz");
    masked("-5 and 50%", "-N and N%");
    masked("12345678901234567890", "N");
}

static void paths_are_masked(void **state) {
    (void)state;
    masked("Fix src/app/main.py now", "fix PATH now");
    masked("Fix main.py, main.h.", "fix PATH, PATH.");
    masked("(see /etc/passwd)", "(see PATH)");
    masked("and/or 24/7", "and/or N/N");
    masked("Fix src/v2/file3.py", "fix PATH");
    masked("Fix “src/app.py”", "fix “PATH”");
}

static void ids_are_masked(void **state) {
    (void)state;
    masked("revert a1b2c3d", "revert ID");
    masked("revert A1B2C3D4.", "revert ID.");
    masked("0123456789abcdef0123456789abcdef01234567", "ID");
    masked("run 3f2504e0-4f89-11d3-9a0c-0305e82c3301 again", "run ID again");
    masked("the decade of deadbeef", "the decade of deadbeef"); /* no digit */
    masked("1234567", "N");                                     /* no letter */
    masked("abc123", "abcN");                                   /* too short */
    masked("g1h2i3j4", "gNhNiNjN");
}

static void links_stay(void **state) {
    (void)state;
    masked("See https://Example.com/a/b.py", "see https://example.com/a/b.py");
    masked("See https://example.com/42", "see https://example.com/N");
    masked("See http://localhost:8080/api/v1/users", "see http://localhost:N/api/vN/users");
}

static void spaces_are_folded(void **state) {
    (void)state;
    masked("", "");
    masked("   ", "");
    masked("  Two\n\t words \r\n ", "two words");
    masked("a , b", "a , b");
    masked("a.", "a.");
    masked(" .", ".");
}

static void quoted_words_stay(void **state) {
    (void)state;
    masked("Rename \"Foo\" to 'Bar' in `Baz`", "rename \"foo\" to 'bar' in `baz`");
    masked("ÜBER Größe", "Über größe"); /* ASCII alone */
    masked("测试 X", "测试 x");
}

static void cut_at_whole_characters(void **state) {
    (void)state;
    masked_to("/standup", 100, "/standup");
    masked_to("/Team:review src/a.c", 100, "/team:review PATH");
    masked_to("/usr/bin and /tmp", 100, "PATH and PATH");
    masked_to("abc def", 100, "abc def");
    masked_to("abc def", 7, "abc def");
    masked_to("abc def", 6, "abc de");
    masked_to("abc def", 4, "abc");
    masked_to("abc def", 3, "abc");
    masked_to("abc def", 0, "");
    masked_to("ééé", 6, "ééé");
    masked_to("ééé", 5, "éé");
    masked_to("ééé", 3, "é");
    masked_to("ééé", 1, "");
    masked_to("测试", 5, "测");
    masked_to("a.....", 3, "a..");
}

/* -- properties --------------------------------------------------------------------------------------------------- */

static void random_text(struct text *text) {
    static const char *const pieces[] = {"a",   "B",  "7",   "42",   ".",       "/",      "-", "_",  " ",
                                         "  ",  "\n", ".py", "src/", "é",       "测",     "@", "~",  ":",
                                         "//",  ",",  "'",   "(",    "abc1234", "https:", "+", "\t", "x.c",
                                         "Foo", "..", "f0",  "”",    "\"",      "#",      "%", "=",  "?"};
    text_clear(text);
    text_string(text, "");
    for (uint64_t n = random_next() % 24; n > 0; n--)
        text_string(text, pieces[random_next() % (sizeof pieces / sizeof *pieces)]);
}

static bool whole_utf8(struct span s) {
    uint32_t point;
    while (s.n > 0) {
        size_t size = utf8_decode(s, &point);
        if (size == 0)
            return false;
        s = (struct span){s.s + size, s.n - size};
    }
    return true;
}

/* Without digits, doubled spaces, and capitals that no mask brought in. */
static bool well_masked(const struct text *masked) {
    for (size_t i = 0; i < masked->n; i++) {
        char c = masked->s[i];
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && strchr("NPATHID", c) == NULL) ||
            strchr("\t\n", c) != NULL)
            return false;
        if (c == ' ' && (i == 0 || i + 1 == masked->n || masked->s[i - 1] == ' '))
            return false;
    }
    return true;
}

static void random_texts(void **state) {
    struct text text = {0}, whole = {0}, cut = {0};
    struct span files[FILES_MAX];
    (void)state;
    for (int i = 0; i < 20000; i++) {
        random_text(&text);
        mask_text(text_span(&text), 100000, &whole);
        if (!well_masked(&whole) || !whole_utf8(text_span(&whole)))
            fail_msg("\"%s\" is masked as \"%s\"", text.s, text_span(&whole).s);
        size_t limit = random_next() % 40;
        mask_text(text_span(&text), limit, &cut);
        if (cut.n > limit || cut.n > whole.n || (cut.n > 0 && memcmp(cut.s, whole.s, cut.n) != 0) ||
            !whole_utf8(text_span(&cut)))
            fail_msg("\"%s\" is masked to %zu bytes as \"%s\"", text.s, limit, text_span(&cut).s);
        size_t count = files_mentioned(text_span(&text), files);
        for (size_t f = 0; f < count; f++) {
            assert_true(files[f].n > 0 && whole_utf8(files[f]));
            for (size_t g = 0; g < f; g++)
                assert_false(span_equal(files[f], files[g]));
        }
    }
    text_free(&text);
    text_free(&whole);
    text_free(&cut);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complexity),
        cmocka_unit_test(characters),
        cmocka_unit_test(paths),
        cmocka_unit_test(source_files),
        cmocka_unit_test(each_once_and_in_order),
        cmocka_unit_test(punctuation_around),
        cmocka_unit_test(sentences_that_end_in_a_file),
        cmocka_unit_test(typographic_punctuation),
        cmocka_unit_test(names_beyond_ascii),
        cmocka_unit_test(links_are_no_files),
        cmocka_unit_test(links_of_many_parts),
        cmocka_unit_test(addresses_are_no_files),
        cmocka_unit_test(words_are_no_files),
        cmocka_unit_test(numbers_are_no_files),
        cmocka_unit_test(at_most_so_many),
        cmocka_unit_test(long_names),
        cmocka_unit_test(numbers_are_masked),
        cmocka_unit_test(paths_are_masked),
        cmocka_unit_test(ids_are_masked),
        cmocka_unit_test(links_stay),
        cmocka_unit_test(spaces_are_folded),
        cmocka_unit_test(quoted_words_stay),
        cmocka_unit_test(cut_at_whole_characters),
        cmocka_unit_test(random_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
