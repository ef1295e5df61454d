#include "base/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"

#ifndef PL_VERSION
#define PL_VERSION "unknown"
#endif

enum { CODE_NONE = 0, HELP_COLUMN = 25 };

static const struct option_line common_lines[] = {
    {'d', "db", "PATH", "the database (else $PL_DB, else the user's own)"},
    {'j', "json", NULL, "print JSON"},
    {'q', "quiet", NULL, "print nothing on stdout"},
    {'v', "verbose", NULL, "tell on stderr what is done; twice: more of it"},
    {'h', "help", NULL, "print this help and exit"},
    {'V', "version", NULL, "print the version and exit"},
    {CODE_NONE, NULL, NULL, NULL},
};

static size_t line_count(const struct option_line *lines) {
    size_t count = 0;
    while (lines[count].name != NULL)
        count++;
    return count;
}

static void add_lines(const struct option_line *lines, struct option **next, struct text *letters) {
    for (; lines->name != NULL; lines++) {
        **next = (struct option){lines->name, lines->argument != NULL ? required_argument : no_argument, NULL,
                                 lines->code};
        (*next)++;
        if (lines->code < OPTION_LONG)
            text_format(letters, "%c%s", lines->code, lines->argument != NULL ? ":" : "");
    }
}

void options_begin(struct options *options, const struct tool *tool, struct common_options *common, int argc,
                   char **argv) {
    struct text letters = {0};
    alloc_begin();
    size_t count = line_count(tool->lines) + line_count(common_lines);
    *options = (struct options){.tool = tool, .common = common, .argc = argc, .argv = argv};
    struct option *next = options->longs = xcalloc(count + 1, sizeof *options->longs);
    text_string(&letters, ":");
    add_lines(tool->lines, &next, &letters);
    add_lines(common_lines, &next, &letters);
    options->letters = letters.s;
    opterr = 0;
    if (!clock_valid())
        die("$PL_NOW is not a time like 2026-03-01T12:00:00Z: %s", getenv("PL_NOW"));
}

static void usage_line(const struct tool *tool, FILE *out) {
    fprintf(out, "usage: %s [OPTION...]%s%s\n", tool->name, *tool->operands != '\0' ? " " : "", tool->operands);
}

static void print_lines(const struct option_line *lines) {
    for (; lines->name != NULL; lines++) {
        struct text left = {0};
        if (lines->code < OPTION_LONG)
            text_format(&left, "  -%c, --%s", lines->code, lines->name);
        else
            text_format(&left, "      --%s", lines->name);
        if (lines->argument != NULL)
            text_format(&left, " %s", lines->argument);
        printf("%-*s %s\n", HELP_COLUMN, left.s, lines->help);
        text_free(&left);
    }
}

static void help(const struct tool *tool) {
    usage_line(tool, stdout);
    printf("%s\n", tool->summary); /* no empty lines: all of it fits a screen */
    print_lines(tool->lines);
    print_lines(common_lines);
    if (tool->more != NULL)
        printf("%s", tool->more);
}

void options_usage(const struct options *options, const char *format, ...) {
    va_list arguments;
    char *message = NULL;
    va_start(arguments, format);
    if (vasprintf(&message, format, arguments) < 0)
        message = NULL;
    va_end(arguments);
    complain("%s", message != NULL ? message : "usage error");
    free(message);
    usage_line(options->tool, stderr);
    fprintf(stderr, "Try '%s --help'.\n", options->tool->name);
    exit(STATUS_FAILED);
}

/* What getopt could not take: an unknown option, or one without its argument. */
static void refuse(const struct options *options, int code) {
    const char *given = options->argv[optind - 1];
    if (code == ':')
        options_usage(options, "option %s needs an argument", given);
    if (optopt > 0 && optopt < OPTION_LONG && isprint(optopt) && strncmp(given, "--", 2) != 0)
        options_usage(options, "unknown option -%c", optopt);
    options_usage(options, optopt != 0 ? "option %s takes no argument" : "unknown option %s", given);
}

static bool common_option(struct options *options, int code) {
    switch (code) {
    case 'd': options->common->db = optarg; return true;
    case 'j': options->common->json = true; return true;
    case 'q': options->common->quiet = true; return true;
    case 'v': options->common->verbosity++; return true;
    case 'h': help(options->tool); exit(STATUS_GOOD);
    case 'V': printf("%s %s\n", options->tool->name, PL_VERSION); exit(STATUS_GOOD);
    default: return false;
    }
}

int options_next(struct options *options) {
    int code;
    do {
        code = getopt_long(options->argc, options->argv, options->letters, options->longs, NULL);
        if (code == '?' || code == ':')
            refuse(options, code);
        options->argument = optarg;
    } while (code != -1 && common_option(options, code));
    return code == -1 ? OPTION_END : code;
}

char **options_operands(struct options *options) {
    return options->argv + optind;
}

void options_end(struct options *options) {
    free(options->letters);
    free(options->longs);
}

long options_number(const struct options *options, const char *name, long least) {
    char *end;
    errno = 0;
    long value = strtol(options->argument, &end, 10);
    if (errno != 0 || end == options->argument || *end != '\0' || value < least)
        options_usage(options, "--%s takes a whole number of at least %ld, not %s", name, least, options->argument);
    return value;
}

int64_t options_size(const struct options *options, const char *name) {
    static const char units[] = "KMG";
    char *end;
    errno = 0;
    long long count = strtoll(options->argument, &end, 10);
    const char *unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
    int64_t size;
    if (end == options->argument || errno != 0 || count < 0 || (*end != '\0' && (unit == NULL || end[1] != '\0')) ||
        __builtin_mul_overflow(count, unit != NULL ? (int64_t)1024 << (10 * (unit - units)) : 1, &size))
        options_usage(options, "--%s takes a size, as 1000000 or 64M, not %s", name, options->argument);
    return size;
}

int64_t options_time(const struct options *options, const char *name) {
    int64_t us;
    if (!time_from_person(span_of(options->argument), clock_now(), &us))
        options_usage(options, "--%s takes a time like 2026-03-01, 2026-03-01T12:00:00Z or 90d, not %s", name,
                      options->argument);
    return us;
}
