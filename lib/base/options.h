/* options: the command line, the same in every tool.
 *
 * A tool declares a table of its own options; the common ones (--db, --json, --quiet, --verbose, --help, --version) are
 * added to it. Parsing, --help, --version and complaints are written once, here.
 */
#ifndef PL_BASE_OPTIONS_H
#define PL_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct option_line {
    int code;         /* what options_next returns: a letter is the short form too; from OPTION_LONG on, long only */
    const char *name; /* the long form, without its dashes */
    const char *argument; /* the argument's name in --help; NULL: it takes none */
    const char *help;     /* a line of --help, without a full stop */
};

enum { OPTION_LONG = 256, OPTION_END = -1 };

struct tool {
    const char *name;                /* "pl-record" */
    const char *operands;            /* the rest of the usage line: "[FILE...]" */
    const char *summary;             /* what it does, a line or two */
    const struct option_line *lines; /* ends with a line without a name */
    const char *more;                /* the end of --help, whole lines; NULL: none */
};

struct common_options {
    const char *db; /* as given; NULL: not given */
    bool json, quiet;
    int verbosity; /* how many -v */
};

struct options {
    const struct tool *tool;
    struct common_options *common;
    int argc;
    char **argv;
    char *letters;
    struct option *longs;
    const char *argument; /* of the option last returned */
};

/* Checks $PL_NOW too, which fixes the clock. ARGV must outlive OPTIONS. */
void options_begin(struct options *options, const struct tool *tool, struct common_options *common, int argc,
                   char **argv);
/* The code of the next of the tool's own options; OPTION_END after the last. The common ones fill COMMON; --help and
 * --version print and exit; a bad option prints the usage on stderr and exits with STATUS_FAILED. */
int options_next(struct options *options);
/* The operands that are left, as a NULL-terminated list within ARGV. */
char **options_operands(struct options *options);
void options_end(struct options *options);
/* The usage line on stderr after a message, and an exit with STATUS_FAILED. */
__attribute__((format(printf, 2, 3), noreturn)) void options_usage(const struct options *options, const char *format,
                                                                   ...);
/* The argument of the option last returned as a whole number of at least LEAST, or usage. */
long options_number(const struct options *options, const char *name, long least);
/* The same as a size in bytes: a whole number, or one with K, M or G after it (1024 bytes, ...). */
int64_t options_size(const struct options *options, const char *name);
/* The same as a time, in microseconds since 1970. */
int64_t options_time(const struct options *options, const char *name);

#endif
