/* Signatures: every row of the rules that pl brings along, the law of words, and any rules against a plain reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/word.h"
#include "input/datafile.h"
#include "input/json.h"
#include "input/rulesfile.h"
#include "rules/signature.h"
#include "random.h"

static struct rules *builtin;

static void read_builtin(struct text *text) {
    struct text path = {0}, error = {0};
    const char *share = getenv("PL_SHARE");
    text_format(&path, "%s/patterns.json", share != NULL ? share : "share/pl");
    if (!data_read_file(path.s, text, &error))
        fail_msg("%s", error.s);
    text_free(&path);
    text_free(&error);
}

static int load(void **state) {
    struct text text = {0}, error = {0};
    (void)state;
    read_builtin(&text);
    builtin = rules_parse(text_span(&text), (struct span){NULL, 0}, &error);
    if (builtin == NULL)
        print_error("%s\n", error.s);
    text_free(&text);
    text_free(&error);
    return builtin == NULL;
}

static int unload(void **state) {
    (void)state;
    rules_free(builtin);
    return 0;
}

static void signatures_of(const struct rules *rules, const struct detection *found, struct text *out) {
    text_clear(out);
    text_string(out, "");
    for (int i = 0; i < found->count; i++)
        text_format(out, "%s%s", i > 0 ? " " : "", rules_signature(rules, found->matches[i].signature));
}

/* The workflow's signatures are those in EXPECTED, with ' ' between them, in the order of the layers. */
static void shows(const char *input, const char *error, const char *template_name, const char *expected) {
    struct workflow_text text = {span_of(input), span_of(error), span_of(template_name)};
    struct detection found;
    struct text got = {0};
    rules_detect(builtin, &text, &found);
    signatures_of(builtin, &found, &got);
    if (!span_is(text_span(&got), expected))
        fail_msg("\"%s\" / \"%s\" / \"%s\" shows \"%s\", not \"%s\"", input != NULL ? input : "",
                 error != NULL ? error : "", template_name != NULL ? template_name : "", got.s, expected);
    text_free(&got);
}

static void input_shows(const char *input, const char *expected) {
    shows(input, NULL, NULL, expected);
}

static void error_shows(const char *error, const char *expected) {
    shows("Do the release", error, NULL, expected);
}

static void template_shows(const char *name, const char *expected) {
    shows("Do the thing", NULL, name, expected);
}

/* -- layer 1 ------------------------------------------------------------------------------------------------------ */

static void row_test(void **state) {
    (void)state;
    input_shows("Run the test", "test:generic:all");
    input_shows("Run the tests", "test:generic:all");
    input_shows("Testing it", "test:generic:all");
    input_shows("It was tested", "test:generic:all");
    input_shows("Run pytest", "test:pytest:all");
    input_shows("Run vitest", "test:vitest:all");
    input_shows("Run jest", "test:jest:all");
    input_shows("Run mocha", "test:mocha:all");
    input_shows("Run unittest", "test:unittest:all");
    input_shows("Run rspec", "test:rspec:all");
    input_shows("Run junit", "test:junit:all");
    input_shows("go test ./...", "test:go:all");
    input_shows("cargo test", "test:cargo:all");
    input_shows("Run the tests with pytest", "test:pytest:all");
}

static void row_build(void **state) {
    (void)state;
    input_shows("Build the project", "build:build:all");
    input_shows("Building", "build:build:all");
    input_shows("Compile the code", "build:compile:all");
    input_shows("Compilation", "build:compile:all");
    input_shows("Run typecheck", "build:typecheck:all");
    input_shows("Run the type check", "build:typecheck:all");
    input_shows("Run tsc", "build:typecheck:all");
    input_shows("Bundle it", "build:bundle:all");
    input_shows("Run webpack", "build:bundle:all");
    input_shows("Run vite", "build:bundle:all");
    input_shows("Build it with webpack", "build:bundle:all");
    input_shows("Build: compile, then typecheck", "build:compile:all");
}

static void row_format(void **state) {
    (void)state;
    input_shows("Format the code", "format:generic:all");
    input_shows("Formatting", "format:generic:all");
    input_shows("Run prettier", "format:prettier:all");
    input_shows("Run black", "format:black:all");
    input_shows("Run eslint", "format:eslint:all");
    input_shows("Run ruff", "format:ruff:all");
    input_shows("Run gofmt", "format:gofmt:all");
    input_shows("Run clang-format", "format:clang-format:all");
    input_shows("Lint with eslint", "format:eslint:all");
    input_shows("Format the backend with black", "format:black:all"); /* the target is fixed */
    shows("Format it", NULL, "adw_server", "format:generic:all");
}

static void row_git(void **state) {
    (void)state;
    input_shows("Show the git diff", "git:diff:summary");
    input_shows("git status", "git:status:summary");
    input_shows("View git log of the server", "git:log:summary");
    input_shows("git status and git diff", "git:status:summary");
    input_shows("git push", "");
    input_shows("the status of git", "");
}

static void row_deps(void **state) {
    (void)state;
    input_shows("Update a dependency", "deps:generic:update");
    input_shows("Update dependencies", "deps:generic:update");
    input_shows("Run npm", "deps:npm:update");
    input_shows("Run pnpm", "deps:pnpm:update");
    input_shows("Run yarn", "deps:yarn:update");
    input_shows("Run bun", "deps:bun:update");
    input_shows("Run pip", "deps:pip:update");
    input_shows("pip install x", "deps:pip:update");
    input_shows("Run poetry", "deps:poetry:update");
    input_shows("Run uv", "deps:uv:update");
    input_shows("cargo update", "deps:cargo:update");
    input_shows("go mod tidy", "deps:go:update");
    input_shows("cargo", "");
    input_shows("go", "");
}

static void row_docs_deploy_review(void **state) {
    (void)state;
    input_shows("Write the docs", "docs:generate:all");
    input_shows("Generate documentation", "docs:generate:all");
    input_shows("Update the README of the server", "docs:generate:all");
    input_shows("Deploy it", "deploy:ship:all");
    input_shows("Ship it to both", "deploy:ship:all");
    input_shows("Review code", "review:code:all");
    input_shows("A code review for the API", "review:code:all");
    input_shows("Review the code", ""); /* not in a row */
    input_shows("Review it", "");
}

/* The first category of the table, wherever its word stands. */
static void first_category(void **state) {
    (void)state;
    input_shows("Ship the docs of the npm build that lint and test", "test:generic:all");
    input_shows("Ship the docs of the npm build that lint", "build:build:all");
    input_shows("Ship the docs of npm, git status, lint", "format:generic:all");
    input_shows("Ship the docs of npm, git status", "git:status:summary");
    input_shows("Ship the docs of npm", "deps:npm:update");
    input_shows("Ship the docs", "docs:generate:all");
    input_shows("Code review, then ship", "deploy:ship:all");
}

/* The subcategory is the one that is named first in the text. */
static void first_named(void **state) {
    (void)state;
    input_shows("Run pytest and vitest", "test:pytest:all");
    input_shows("Run vitest and pytest", "test:vitest:all");
    input_shows("Run jest, vitest, pytest", "test:jest:all");
    input_shows("Tests: first rspec, pytest last, rspec again", "test:rspec:all");
    input_shows("typecheck, then compile", "build:typecheck:all");
    input_shows("compile, then typecheck", "build:compile:all");
    input_shows("webpack, tsc", "build:bundle:all");
    input_shows("type check before the compile", "build:typecheck:all");
    input_shows("black after prettier", "format:black:all");
    input_shows("clang-format or black", "format:clang-format:all");
    input_shows("yarn not npm", "deps:yarn:update");
    input_shows("Run go tests with pytest", "test:go:all");
    input_shows("git log, git diff", "git:log:summary");
}

static void whole_words(void **state) {
    static const char *const texts[] = {
        "The latest release",
        "A contest",
        "Pull the latest changes and rapidly guide the equipment order",
        "Speed up the release pipeline",
        "attested",
        "testament",
        "buildings",
        "information",
        "platforms",
        "splinter",
        "blacklist",
        "blackboard",
        "invite them",
        "shipment",
        "relationship",
        "friendship",
        "jester",
        "npmrc",
        "uvula",
        "bungalow",
        "docstring",
        "digit status",
        "git logistics",
        "gitdiff",
        "test_api",
        "my_build_x",
        "prebuild2",
        "Implement user authentication with JWT",
        "Fix the login bug in the authentication system",
        "pythonpytest",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        input_shows(texts[i], "");
    input_shows("build gui", "build:build:all"); /* "ui" is not in it */
    input_shows("test the apiary and serverless clients", "test:generic:frontend");
    input_shows("unit-test", "test:generic:all");
    input_shows("test.", "test:generic:all");
    input_shows("(test)", "test:generic:all");
    input_shows("a/test/b", "test:generic:all");
}

static void words_in_a_row(void **state) {
    (void)state;
    input_shows("git  diff", "git:diff:summary");
    input_shows("git\tdiff", "git:diff:summary");
    input_shows("git\ndiff", "git:diff:summary");
    input_shows("`git diff`", "git:diff:summary");
    input_shows("git the diff", "");
    input_shows("diff git", "");
    input_shows("git git diff", "git:diff:summary");
    input_shows("git diff", "git:diff:summary");
    input_shows("diff", "");
    input_shows("git", "");
    input_shows("go go go mod", "deps:go:update");
}

static void case_does_not_matter(void **state) {
    (void)state;
    input_shows("RUN PYTEST", "test:pytest:all");
    input_shows("rUn BaCkEnD tEsTs", "test:generic:backend");
    input_shows("GIT Status", "git:status:summary");
    input_shows("Clang-Format", "format:clang-format:all");
    shows("Go", NULL, "ADW_Ship_ISO", "deploy:ship:all");
    error_shows("PYTEST", "test:pytest:backend");
}

static void detected_target(void **state) {
    (void)state;
    input_shows("test", "test:generic:all");
    input_shows("test the backend", "test:generic:backend");
    input_shows("test the server", "test:generic:backend");
    input_shows("test the API", "test:generic:backend");
    input_shows("test the frontend", "test:generic:frontend");
    input_shows("test the client", "test:generic:frontend");
    input_shows("test the UI", "test:generic:frontend");
    input_shows("test both", "test:generic:both");
    input_shows("test both frontend and backend", "test:generic:both");
    input_shows("test frontend and backend", "test:generic:backend");
    input_shows("test the UI of the API", "test:generic:backend");
    input_shows("build the backend", "build:build:backend");
    input_shows("bundle the client", "build:bundle:frontend");
}

/* "all" counts where it occurs with tests, code or files. */
static void all_of_what(void **state) {
    (void)state;
    input_shows("Run all tests of the backend", "test:generic:all");
    input_shows("Run tests on all the server code", "test:generic:all");
    input_shows("Compile all files of the client", "build:compile:all");
    input_shows("Test all of the backend", "test:generic:backend");
    input_shows("Build all of the UI", "build:build:frontend");
    input_shows("Run backend tests, code, files", "test:generic:backend"); /* no "all" */
    input_shows("Run all tests of both", "test:generic:both");
    input_shows("Test overall code of the server", "test:generic:backend");
}

static void target_of_the_template(void **state) {
    (void)state;
    shows("Run pytest", NULL, "adw_server", "test:pytest:backend");
    shows("Run pytest", NULL, "adw_backend_iso", "test:pytest:backend");
    shows("Run pytest", NULL, "adw-client-iso", "test:pytest:frontend");
    shows("Run pytest", NULL, "FrontEnd", "test:pytest:frontend");
    shows("Run pytest", NULL, "adw_iso", "test:pytest:all");
    shows("Run pytest", NULL, "adw_servers_myclient", "test:pytest:all");
    shows("Run pytest", NULL, "client_server", "test:pytest:frontend");        /* the first that says one */
    shows("Run pytest on the UI", NULL, "adw_server", "test:pytest:frontend"); /* where the text says none */
    shows("Run all tests", NULL, "adw_server", "test:generic:all");
    shows("Check git status", NULL, "adw_server", "git:status:summary");
}

/* -- layers 2 and 3 ----------------------------------------------------------------------------------------------- */

static void error_layer(void **state) {
    (void)state;
    error_shows("pytest failed", "test:pytest:backend");
    error_shows("3 tests failed in test_api.py", "test:pytest:backend");
    error_shows("a test failed", "test:pytest:backend");
    error_shows("one failed test", "test:pytest:backend");
    error_shows("FAILED tests/test_x.py", "test:pytest:backend");
    error_shows("vitest: timeout", "test:vitest:frontend");
    error_shows("type error in app.ts", "build:typecheck:backend");
    error_shows("typecheck found 3", "build:typecheck:backend");
    error_shows("tsc exited with 2", "build:typecheck:backend");
    error_shows("compilation stopped", "build:compile:backend");
    error_shows("compile error", "build:compile:backend");
    error_shows("3 compile errors", "build:compile:backend");
    error_shows("lint found 3", "format:eslint:all");
    error_shows("eslint", "format:eslint:all");
    error_shows("tsc: type error in app.ts", "build:typecheck:backend");
}

static void errors_that_show_nothing(void **state) {
    static const char *const texts[] = {
        "",           "failed",         "test",     "tests passed, build failed", "compile",
        "type wrong", "error of types", "splinter", "the latest failed",          "compiler error"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        error_shows(texts[i], "");
}

static void each_error_that_matches(void **state) {
    (void)state;
    error_shows(
        "eslint, compilation, tsc, vitest, pytest",
        "test:pytest:backend test:vitest:frontend build:typecheck:backend build:compile:backend format:eslint:all");
    error_shows("lint and vitest", "test:vitest:frontend format:eslint:all");
}

static void template_layer(void **state) {
    (void)state;
    template_shows("test", "test:generic:all");
    template_shows("adw_test_iso", "test:generic:all");
    template_shows("adw-build-iso", "build:generic:all");
    template_shows("adw_sdlc_iso", "sdlc:full:all");
    template_shows("adw_zte", "sdlc:full:all");
    template_shows("adw_patch_iso", "patch:quick:all");
    template_shows("lightweight", "patch:quick:all");
    template_shows("adw_ship_iso", "deploy:ship:all");
    template_shows("adw_review", "review:code:all");
    template_shows("adw_plan_iso", "");
    template_shows("cleanup", "");
    template_shows("adw", "");
    template_shows("", "");
    template_shows("__--__", "");
    template_shows("_-test-_", "test:generic:all");
    template_shows("tests", "");
    template_shows("latest", "");
    template_shows("adw.test", "");
}

/* The first part that says one, even if it says none. */
static void first_template_part(void **state) {
    (void)state;
    template_shows("adw_plan_build_test", "");
    template_shows("adw_build_plan", "build:generic:all");
    template_shows("test_build", "test:generic:all");
    template_shows("build_test", "build:generic:all");
    template_shows("adw_cleanup_ship", "");
    template_shows("x_patch_sdlc", "patch:quick:all");
}

/* Each layer adds what the earlier ones did not give. */
static void layers_add(void **state) {
    (void)state;
    shows("Run backend tests with pytest", "pytest failed", "adw_test_iso", "test:pytest:backend test:generic:all");
    shows("Run tests", "pytest failed", "adw_test_iso", "test:generic:all test:pytest:backend");
    shows("Ship it", NULL, "adw_ship", "deploy:ship:all");
    shows("Build it", "compile error", "adw_build", "build:build:all build:compile:backend build:generic:all");
    shows("Run the tests", NULL, "adw_test_backend", "test:generic:backend test:generic:all");
    shows(NULL, "vitest", "adw_sdlc", "test:vitest:frontend sdlc:full:all");
    shows(NULL, NULL, NULL, "");
    shows("", "", "", "");
    shows(NULL, "vitest", NULL, "test:vitest:frontend");
}

/* -- what decided -------------------------------------------------------------------------------------------------- */

static struct detection detect(const char *input, const char *error, const char *template_name) {
    struct workflow_text text = {span_of(input), span_of(error), span_of(template_name)};
    struct detection found;
    rules_detect(builtin, &text, &found);
    return found;
}

static void keyword_is(int keyword, const char *expected) {
    if (expected == NULL)
        assert_int_equal(keyword, RULES_NONE);
    else
        assert_string_equal(rules_keyword(builtin, keyword), expected);
}

static void words_that_decided(void **state) {
    (void)state;
    struct detection found = detect("Run PYTEST and tests on the Server", "type error, tsc", "adw_test_iso");
    assert_int_equal(found.count, 3);
    assert_int_equal(found.matches[0].layer, LAYER_INPUT);
    keyword_is(found.matches[0].category_word, "pytest");
    keyword_is(found.matches[0].tool_word, "pytest");
    keyword_is(found.matches[0].target_word, "server");
    assert_null(found.matches[0].target_part.s);
    assert_int_equal(found.matches[1].layer, LAYER_ERROR);
    keyword_is(found.matches[1].category_word, "type error");
    assert_int_equal(found.matches[2].layer, LAYER_TEMPLATE);
    assert_true(span_is(found.matches[2].target_part, "test"));
    found = detect("Run the build", NULL, "adw_Client_x");
    keyword_is(found.matches[0].category_word, "build");
    keyword_is(found.matches[0].tool_word, NULL);
    keyword_is(found.matches[0].target_word, NULL);
    assert_true(span_is(found.matches[0].target_part, "Client"));
}

static void keywords_of_the_input(void **state) {
    struct text got = {0};
    (void)state;
    struct detection found = detect("Run backend tests, tests and vitest; the Backend, git diff", "pytest lint",
                                    "adw_ship");
    for (int i = 0; i < found.keyword_count; i++)
        text_format(&got, "%s|", rules_keyword(builtin, found.keywords[i]));
    assert_string_equal(got.s, "backend|tests|vitest|git diff|");
    text_free(&got);
}

static void categories_of_signatures(void **state) {
    (void)state;
    assert_true(span_is(signature_category("test:pytest:backend"), "test"));
    assert_true(span_is(signature_category("test"), "test"));
    assert_true(span_is(signature_category(""), ""));
}

/* -- building rules ------------------------------------------------------------------------------------------------ */

static struct rules *parse_rules(const char *base, const char *extra) {
    struct text error = {0};
    struct rules *rules = rules_parse(span_of(base), span_of(extra), &error);
    if (rules == NULL)
        fail_msg("%s", error.s);
    text_free(&error);
    return rules;
}

static void rules_show(const char *base, const char *extra, const char *input, const char *template_name,
                       const char *expected) {
    struct rules *rules = parse_rules(base, extra);
    struct workflow_text text = {span_of(input), {NULL, 0}, span_of(template_name)};
    struct detection found;
    struct text got = {0};
    rules_detect(rules, &text, &found);
    signatures_of(rules, &found, &got);
    assert_string_equal(got.s, expected);
    text_free(&got);
    rules_free(rules);
}

static const char small[] = "{\"fallback\":\"all\",\"categories\":[{\"category\":\"one\",\"words\":[\"alpha\"],"
                            "\"subcategories\":{\"beta\":[\"beta\"]}}],"
                            "\"templates\":[{\"parts\":[\"x\"],\"signature\":\"t:x:all\"}]}";

static void rules_of_ones_own(void **state) {
    (void)state;
    rules_show(small, NULL, "alpha", NULL, "one:generic:all");
    rules_show(small, NULL, "beta", NULL, "one:beta:all");
    /* words are added to a category of the same name; new categories are tried first */
    rules_show(small, "{\"categories\":[{\"category\":\"one\",\"words\":[\"gamma\"]}]}", "gamma", NULL,
               "one:generic:all");
    rules_show(small, "{\"categories\":[{\"category\":\"two\",\"words\":[\"alpha\"]}]}", "alpha", NULL,
               "two:generic:all");
    rules_show(small,
               "{\"categories\":[{\"category\":\"two\",\"words\":[\"x\"]},{\"category\":\"three\",\"words\":[\"x\"]}]}",
               "x", NULL, "two:generic:all");
    rules_show(small, "{\"templates\":[{\"parts\":[\"x\"],\"signature\":\"mine:x:all\"}]}", "", "a_x", "mine:x:all");
}

static void keywords_of_eight_words(void **state) {
    struct rules *rules = rules_new();
    const char *why;
    (void)state;
    int category = rules_category(rules, "c", false);
    assert_true(rules_category_word(rules, category, "a b c d e f g h"));
    assert_true(rules_category_tool(rules, category, "pairs", "a a"));
    assert_false(rules_category_word(rules, category, "a b c d e f g h i"));
    assert_false(rules_category_word(rules, category, ""));
    assert_false(rules_category_word(rules, category, " - "));
    assert_true(rules_target_fallback(rules, "all"));
    assert_true(rules_finish(rules, &why));
    static const struct {
        const char *text;
        int count;
    } texts[] = {{"a b c d e f g h", 1},
                 {"a b c d e f g", 0},
                 {"b c d e f g h", 0},
                 {"x y a b c d e f g h", 1},
                 {"a b c d e f g a b c d e f g h", 1},
                 {"a b c d e f g x h", 0},
                 {"a", 0},
                 {"a, A", 1},
                 {"a b a", 0}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct workflow_text text = {span_of(texts[i].text), {NULL, 0}, {NULL, 0}};
        struct detection found;
        rules_detect(rules, &text, &found);
        if (found.count != texts[i].count)
            fail_msg("\"%s\" shows %d", texts[i].text, found.count);
    }
    rules_free(rules);
}

static void names_that_are_none(void **state) {
    static const char *const names[] = {
        "", "a b", "a:b", "ä", "a/b", "a\nb", "12345678901234567890123456789012345678901234567890123456789012345"};
    struct rules *rules = rules_new();
    (void)state;
    int category = rules_category(rules, "c", false), target = rules_target(rules, "t");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(rules_category(rules, names[i], false), RULES_NONE);
        assert_int_equal(rules_target(rules, names[i]), RULES_NONE);
        assert_false(rules_category_default(rules, category, names[i]));
        assert_false(rules_category_target(rules, category, names[i]));
        assert_false(rules_category_tool(rules, category, names[i], "word"));
        assert_false(rules_target_part(rules, target, names[i]));
        assert_false(rules_template_part(rules, names[i], "a:b:c"));
    }
    static const char *const signatures[] = {"", "a", "a:b", "a:b:c:d", "a::c", ":b:c", "a:b:", "a b:c:d"};
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        assert_false(rules_error_word(rules, signatures[i], "word"));
        assert_false(rules_template_part(rules, "part", signatures[i]));
    }
    const char *why = NULL;
    assert_false(rules_finish(rules, &why));
    assert_non_null(why);
    rules_free(rules);
}

static void many_keywords(void **state) {
    struct rules *rules = rules_new();
    struct text text = {0};
    struct detection found;
    const char *why;
    (void)state;
    int category = rules_category(rules, "c", false);
    for (int i = 0; i < 1000; i++) {
        text_clear(&text);
        text_format(&text, "word%d", i);
        assert_true(rules_category_word(rules, category, text.s));
    }
    assert_true(rules_target_fallback(rules, "all"));
    assert_true(rules_finish(rules, &why));
    text_clear(&text);
    for (int i = 999; i >= 0; i--)
        text_format(&text, "Word%d none%d ", i, i);
    rules_detect(rules, &(struct workflow_text){text_span(&text), {NULL, 0}, {NULL, 0}}, &found);
    assert_int_equal(found.keyword_count, RULES_KEYWORDS_MAX);
    assert_string_equal(rules_keyword(rules, found.keywords[0]), "word999");
    assert_string_equal(rules_keyword(rules, found.keywords[RULES_KEYWORDS_MAX - 1]), "word744");
    text_free(&text);
    rules_free(rules);
}

/* -- property: as by a plain reading of the rules ------------------------------------------------------------------ */

static const char *of(const struct json_node *node) {
    return node != NULL && node->type == JSON_STRING ? node->text.s : NULL;
}

/* A document's rules, read again for every question. */
struct plain {
    struct json *json;
    struct span words[512]; /* of the text at hand */
    int count;
};

static const struct json_node *first_in(const struct plain *p, const struct json_node *list) {
    return list != NULL && list->next > (uint32_t)(list - json_nodes(p->json)) + 1 ? list + 1 : NULL;
}

static const struct json_node *after(const struct plain *p, const struct json_node *list,
                                     const struct json_node *node) {
    return node->next < list->next ? json_nodes(p->json) + node->next : NULL;
}

static const struct json_node *top(const struct plain *p, const char *key) {
    return json_member(p->json, json_nodes(p->json), key);
}

static bool same_letters(struct span a, struct span b) {
    bool same = a.n == b.n;
    for (size_t i = 0; same && i < a.n; i++) {
        char x = a.s[i], y = b.s[i];
        x = x >= 'A' && x <= 'Z' ? (char)(x + 32) : x;
        y = y >= 'A' && y <= 'Z' ? (char)(y + 32) : y;
        same = x == y;
    }
    return same;
}

static void split(struct plain *p, struct span text) {
    struct span word;
    p->count = 0;
    while (p->count < 512 && word_next(&text, &word))
        p->words[p->count++] = word;
}

struct found_at {
    int at, words; /* AT -1: nowhere */
};

/* Where KEYWORD first stands in the words. */
static struct found_at find(const struct plain *p, struct span keyword) {
    struct span words[16], rest = keyword;
    int count = 0;
    while (count < 16 && word_next(&rest, &words[count]))
        count++;
    for (int at = 0; at + count <= p->count; at++) {
        int same = 0;
        while (same < count && same_letters(words[same], p->words[at + same]))
            same++;
        if (same == count)
            return (struct found_at){at, count};
    }
    return (struct found_at){-1, 0};
}

static bool better(struct found_at a, struct found_at b) {
    return a.at >= 0 && (b.at < 0 || a.at < b.at || (a.at == b.at && a.words > b.words));
}

static struct found_at find_any(const struct plain *p, const struct json_node *list) {
    struct found_at best = {-1, 0};
    for (const struct json_node *word = first_in(p, list); word != NULL; word = after(p, list, word)) {
        struct found_at found = find(p, word->text);
        best = better(found, best) ? found : best;
    }
    return best;
}

/* The part of a name, from the left, that is in LIST. */
static bool has_part(const struct plain *p, struct span part, const struct json_node *list) {
    for (const struct json_node *name = first_in(p, list); name != NULL; name = after(p, list, name))
        if (same_letters(part, name->text))
            return true;
    return false;
}

static bool next_part(struct span *rest, struct span *part) {
    *part = (struct span){rest->s, 0};
    while (rest->n > 0) {
        bool separator = *rest->s == '_' || *rest->s == '-';
        rest->s++;
        rest->n--;
        if (!separator)
            part->n++;
        else if (part->n > 0)
            return true;
        else
            part->s = rest->s;
    }
    return part->n > 0;
}

static const char *plain_target(const struct plain *p, struct span template_name) {
    const struct json_node *targets = top(p, "targets");
    struct span rest = template_name, part;
    for (const struct json_node *t = first_in(p, targets); t != NULL; t = after(p, targets, t)) {
        const struct json_node *with = json_member(p->json, t, "with");
        if (find_any(p, json_member(p->json, t, "words")).at >= 0 && (with == NULL || find_any(p, with).at >= 0))
            return of(json_member(p->json, t, "target"));
    }
    while (next_part(&rest, &part))
        for (const struct json_node *t = first_in(p, targets); t != NULL; t = after(p, targets, t))
            if (has_part(p, part, json_member(p->json, t, "templates")))
                return of(json_member(p->json, t, "target"));
    return of(top(p, "fallback"));
}

static bool plain_category(const struct plain *p, const struct json_node *c, struct span template_name,
                           struct text *signature) {
    const struct json_node *tools = json_member(p->json, c, "subcategories");
    struct found_at best = {-1, 0};
    const char *subcategory = of(json_member(p->json, c, "default")), *target = of(json_member(p->json, c, "target"));
    subcategory = subcategory != NULL ? subcategory : "generic";
    for (const struct json_node *tool = first_in(p, tools); tool != NULL; tool = after(p, tools, tool)) {
        struct found_at found = find_any(p, tool);
        subcategory = better(found, best) ? tool->key.s : subcategory;
        best = better(found, best) ? found : best;
    }
    if (best.at < 0 && find_any(p, json_member(p->json, c, "words")).at < 0)
        return false;
    if (target == NULL || strcmp(target, "detected") == 0)
        target = plain_target(p, template_name);
    text_format(signature, "%s:%s:%s", of(json_member(p->json, c, "category")), subcategory, target);
    return true;
}

/* Appends SIGNATURE to the list with ' ' between, unless it is there. */
static void add_once(struct text *list, const char *signature) {
    struct text framed = {0}, wanted = {0};
    text_format(&framed, " %s ", text_span(list).s);
    text_format(&wanted, " %s ", signature);
    if (strstr(framed.s, wanted.s) == NULL)
        text_format(list, "%s%s", list->n > 0 ? " " : "", signature);
    text_free(&framed);
    text_free(&wanted);
}

static void plain_detect(struct plain *p, const struct workflow_text *text, struct text *out) {
    const struct json_node *list = top(p, "categories");
    text_clear(out);
    text_string(out, "");
    split(p, text->input);
    for (const struct json_node *c = first_in(p, list); c != NULL; c = after(p, list, c))
        if (plain_category(p, c, text->template_name, out))
            break;
    split(p, text->error);
    list = top(p, "errors");
    for (const struct json_node *e = first_in(p, list); e != NULL; e = after(p, list, e))
        if (find_any(p, json_member(p->json, e, "words")).at >= 0)
            add_once(out, of(json_member(p->json, e, "signature")));
    struct span rest = text->template_name, part;
    list = top(p, "templates");
    while (next_part(&rest, &part)) {
        for (const struct json_node *t = first_in(p, list); t != NULL; t = after(p, list, t)) {
            if (!has_part(p, part, json_member(p->json, t, "parts")))
                continue;
            if (of(json_member(p->json, t, "signature")) != NULL)
                add_once(out, of(json_member(p->json, t, "signature")));
            return;
        }
    }
}

/* The keywords are those that occur, in the order in which their last words stand. */
static void check_keywords(struct plain *p, const struct rules *rules, const struct workflow_text *text,
                           const struct detection *found) {
    int before = 0;
    split(p, text->input);
    for (int i = 0; i < found->keyword_count; i++) {
        struct found_at at = find(p, span_of(rules_keyword(rules, found->keywords[i])));
        if (at.at < 0 || at.at + at.words < before)
            fail_msg("\"%.*s\": keyword %d, \"%s\", is out of order", (int)text->input.n, text->input.s, i,
                     rules_keyword(rules, found->keywords[i]));
        before = at.at + at.words;
    }
}

static void random_words(struct text *out, const char *const *pool, size_t size, const char *const *between,
                         size_t gaps) {
    text_clear(out);
    text_string(out, "");
    for (uint64_t n = random_next() % 9; n > 0; n--) {
        const char *word = pool[random_next() % size];
        uint64_t how = random_next() % 8;
        for (const char *s = word; *s != '\0'; s++) {
            bool raise = *s >= 'a' && *s <= 'z' && (how == 0 || (how == 1 && random_next() % 2));
            char c = raise ? (char)(*s - 32) : *s;
            text_bytes(out, &c, 1);
        }
        text_string(out, between[random_next() % gaps]);
    }
}

static void compare(const char *document, const char *const *pool, size_t size, int rounds) {
    static const char *const between[] = {" ", " ", " ", " ", "-", ", ", ".", "\n", "_", "", " the ", "é "};
    static const char *const joints[] = {"_", "_", "-", "__", "", ".", " "};
    struct plain p = {.json = json_new(NULL)};
    struct rules *rules = parse_rules(document, NULL);
    struct text input = {0}, error = {0}, name = {0}, got = {0}, wanted = {0};
    struct detection found;
    assert_true(json_parse(p.json, span_of(document)));
    for (int i = 0; i < rounds; i++) {
        random_words(&input, pool, size, between, sizeof between / sizeof *between);
        random_words(&error, pool, size, between, sizeof between / sizeof *between);
        random_words(&name, pool, size, joints, sizeof joints / sizeof *joints);
        struct workflow_text text = {text_span(&input), text_span(&error), text_span(&name)};
        rules_detect(rules, &text, &found);
        signatures_of(rules, &found, &got);
        plain_detect(&p, &text, &wanted);
        if (strcmp(got.s, wanted.s) != 0)
            fail_msg("\"%s\" / \"%s\" / \"%s\" shows \"%s\", not \"%s\"", input.s, error.s, name.s, got.s, wanted.s);
        check_keywords(&p, rules, &text, &found);
    }
    text_free(&input);
    text_free(&error);
    text_free(&name);
    text_free(&got);
    text_free(&wanted);
    rules_free(rules);
    json_free(p.json);
}

/* A longer run, and another one: PL_TEST_ROUNDS and PL_TEST_SEED. */
static int rounds_wanted(void) {
    const char *given = getenv("PL_TEST_ROUNDS");
    return given != NULL ? atoi(given) : 4000;
}

static void seed_given(void) {
    const char *given = getenv("PL_TEST_SEED");
    if (given != NULL)
        random_state ^= strtoull(given, NULL, 10) * 0x9e3779b97f4a7c15U;
}

static void random_texts(void **state) {
    static const char *const pool[] = {
        "run",     "test",   "tests",    "pytest",      "vitest",  "jest",       "go",       "cargo",  "build",
        "compile", "type",   "check",    "tsc",         "bundle",  "vite",       "format",   "clang",  "prettier",
        "black",   "lint",   "eslint",   "git",         "diff",    "status",     "log",      "npm",    "pip",
        "install", "update", "mod",      "docs",        "readme",  "deploy",     "ship",     "code",   "review",
        "both",    "all",    "files",    "backend",     "server",  "api",        "frontend", "client", "ui",
        "failed",  "error",  "errors",   "plan",        "cleanup", "sdlc",       "patch",    "adw",    "iso",
        "latest",  "gui",    "unittest", "compilation", "failing", "dependency",
    };
    struct text text = {0};
    (void)state;
    seed_given();
    read_builtin(&text);
    compare(text.s, pool, sizeof pool / sizeof *pool, rounds_wanted());
    text_free(&text);
}

static void random_list(struct text *out, const char *const *pool, size_t size, uint64_t most) {
    text_string(out, "[");
    for (uint64_t n = 1 + random_next() % most, i = 0; i < n; i++) {
        text_format(out, "%s\"", i > 0 ? "," : "");
        uint64_t words = random_next() % 6;
        for (uint64_t w = 0; w < (words < 4 ? 1 : words - 2); w++)
            text_format(out, "%s%s", w > 0 ? " " : "", pool[random_next() % size]);
        text_string(out, "\"");
    }
    text_string(out, "]");
}

static void random_rules(struct text *out, const char *const *pool, size_t size) {
    text_clear(out);
    text_string(out, "{\"fallback\":\"rest\",\"categories\":[");
    for (int c = 0; c < 3; c++) {
        text_format(out, "%s{\"category\":\"c%d\",\"target\":\"%s\",\"words\":", c > 0 ? "," : "", c,
                    c == 1 ? "fixed" : "detected");
        random_list(out, pool, size, 2);
        text_string(out, ",\"subcategories\":{\"s0\":");
        random_list(out, pool, size, 3);
        text_string(out, ",\"s1\":");
        random_list(out, pool, size, 3);
        text_string(out, "}}");
    }
    text_string(out, "],\"targets\":[{\"target\":\"t0\",\"words\":");
    random_list(out, pool, size, 2);
    text_string(out, ",\"with\":");
    random_list(out, pool, size, 2);
    text_string(out, "},{\"target\":\"t1\",\"templates\":[\"a\",\"b\"],\"words\":");
    random_list(out, pool, size, 2);
    text_string(out, "}],\"errors\":[{\"signature\":\"e:0:x\",\"words\":");
    random_list(out, pool, size, 3);
    text_string(out, "},{\"signature\":\"c0:s0:t1\",\"words\":");
    random_list(out, pool, size, 3);
    text_string(
        out,
        "}],\"templates\":[{\"parts\":[\"c\"],\"signature\":null},{\"parts\":[\"a\",\"d\"],\"signature\":\"e:0:x\"}]}");
}

/* Few words in many rules, so that keywords overlap, contain and repeat each other. */
static void random_rules_and_texts(void **state) {
    static const char *const pool[] = {"a", "b", "c", "d", "e"};
    struct text text = {0};
    (void)state;
    for (int i = 0; i < rounds_wanted() / 40; i++) {
        random_rules(&text, pool, 5);
        compare(text.s, pool, 5, 40);
    }
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_test),
        cmocka_unit_test(row_build),
        cmocka_unit_test(row_format),
        cmocka_unit_test(row_git),
        cmocka_unit_test(row_deps),
        cmocka_unit_test(row_docs_deploy_review),
        cmocka_unit_test(first_category),
        cmocka_unit_test(first_named),
        cmocka_unit_test(whole_words),
        cmocka_unit_test(words_in_a_row),
        cmocka_unit_test(case_does_not_matter),
        cmocka_unit_test(detected_target),
        cmocka_unit_test(all_of_what),
        cmocka_unit_test(target_of_the_template),
        cmocka_unit_test(error_layer),
        cmocka_unit_test(errors_that_show_nothing),
        cmocka_unit_test(each_error_that_matches),
        cmocka_unit_test(template_layer),
        cmocka_unit_test(first_template_part),
        cmocka_unit_test(layers_add),
        cmocka_unit_test(words_that_decided),
        cmocka_unit_test(keywords_of_the_input),
        cmocka_unit_test(categories_of_signatures),
        cmocka_unit_test(rules_of_ones_own),
        cmocka_unit_test(keywords_of_eight_words),
        cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(many_keywords),
        cmocka_unit_test(random_texts),
        cmocka_unit_test(random_rules_and_texts),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
