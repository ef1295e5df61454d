#include "base/paths.h"

#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "base/text.h"

#ifndef PL_SHARE_DIR
#define PL_SHARE_DIR "/usr/local/share/pl"
#endif

static const char *set(const char *variable) {
    const char *value = getenv(variable);
    return value != NULL && *value != '\0' ? value : NULL;
}

static char *joined(const char *a, const char *b, const char *c) {
    struct text path = {0};
    text_format(&path, "%s/%s%s", a, b, c);
    return path.s;
}

static const char *home(void) {
    const char *directory = set("HOME");
    if (directory == NULL) {
        const struct passwd *user = getpwuid(getuid());
        directory = user != NULL ? user->pw_dir : NULL;
    }
    if (directory == NULL)
        die("$HOME is not set, and no home directory is known: use --db");
    return directory;
}

static char *user_path(const char *variable, const char *below_home, const char *name) {
    const char *base = set(variable);
    if (base != NULL)
        return joined(base, "pl/", name);
    char *directory = joined(home(), below_home, "/pl");
    char *path = joined(directory, name, "");
    free(directory);
    return path;
}

char *path_database(const char *given) {
    if (given != NULL && *given == '\0')
        die("--db needs the name of a database");
    if (given == NULL)
        given = set("PL_DB");
    if (given != NULL && *given == ':')
        return joined(".", given, ""); /* SQLite has names of its own that begin so */
    return given != NULL ? xstrdup(given) : user_path("XDG_DATA_HOME", ".local/share", "pl.db");
}

char *path_config(const char *name) {
    return user_path("XDG_CONFIG_HOME", ".config", name);
}

/* The share directory of the source tree that this executable was built in; NULL if it is not in build/bin. */
static char *source_share(void) {
    static const char tail[] = "/build/bin";
    char executable[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    executable[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(executable, '/');
    size_t size = slash != NULL ? (size_t)(slash - executable) : 0, end = sizeof tail - 1;
    if (size <= end || memcmp(slash - end, tail, end) != 0)
        return NULL;
    executable[size - end] = '\0';
    return joined(executable, "share/pl", "");
}

char *path_share(const char *name) {
    const char *given = set("PL_SHARE");
    if (given != NULL)
        return joined(given, name, "");
    char *source = source_share();
    char *path = joined(source != NULL && access(source, R_OK) == 0 ? source : PL_SHARE_DIR, name, "");
    free(source);
    return path;
}

static void append_from_home(struct text *out, struct span path) {
    bool tilde = path.n > 0 && *path.s == '~' && (path.n == 1 || path.s[1] == '/');
    if (tilde)
        text_string(out, home());
    text_bytes(out, path.s + tilde, path.n - tilde);
}

/* VARIABLE is what stands between the braces. */
static void append_variable(struct text *out, struct span variable) {
    char *name = xmemdup(variable.s, variable.n), *other = strstr(name, ":-");
    if (other != NULL)
        *other = '\0';
    const char *value = set(name);
    if (value != NULL)
        text_string(out, value);
    else if (other != NULL)
        append_from_home(out, span_of(other + 2));
    free(name);
}

char *path_expanded(const char *path) {
    struct text out = {0};
    while (*path != '\0') {
        const char *open = strstr(path, "${"), *close = open != NULL ? strchr(open, '}') : NULL;
        size_t plain = close != NULL ? (size_t)(open - path) : strlen(path);
        append_from_home(&out, (struct span){path, plain});
        if (close != NULL)
            append_variable(&out, (struct span){open + 2, (size_t)(close - open) - 2});
        path += close != NULL ? (size_t)(close - path) + 1 : plain;
    }
    text_string(&out, "");
    return out.s;
}

char *path_absolute(const char *path) {
    struct text whole = {0};
    char *copy = xstrdup(path), *real = realpath(path, NULL);
    char *directory = real == NULL ? realpath(dirname(copy), NULL) : NULL;
    const char *name = strrchr(path, '/');
    if (real == NULL && directory != NULL)
        text_format(&whole, "%s/%s", strcmp(directory, "/") != 0 ? directory : "", name != NULL ? name + 1 : path);
    else
        text_string(&whole, real != NULL ? real : path);
    free(copy);
    free(real);
    free(directory);
    return whole.s;
}
