#include "ledger/alone.h"

#include <unistd.h>

#include "base/diag.h"
#include "ledger/intake.h"
#include "ledger/schema.h"

static void on_reject(void *context, const char *input, uint64_t line, const char *reason) {
    (void)context;
    complain("%s:%llu: %s", input, (unsigned long long)line, reason);
}

struct ledger *ledger_alone(char **files, struct map *map, const char *const given[KNOWLEDGE_PARTS],
                            int64_t *rejected) {
    struct knowledge knowledge;
    struct text error = {0};
    if (!knowledge_load(given, &knowledge, &error))
        die("%s", error.s);
    struct ledger *ledger = ledger_new(schema_open_write(""), &knowledge, &(struct ledger_options){0});
    struct intake_options how = {
        .map = map, .since = NO_TIME, .until = NO_TIME, .limit = -1, .tee = -1, .on_reject = on_reject};
    struct intake *intake = intake_new(ledger, &how);
    for (; *files != NULL && ledger_error(ledger) == NULL; files++) {
        bool is_stdin = strcmp(*files, "-") == 0;
        enum intake_end end = is_stdin ? intake_stream(intake, STDIN_FILENO, "-") : intake_file(intake, *files);
        if (end == INTAKE_FAILED)
            die("%s", intake_error(intake));
    }
    intake_flush(intake);
    if (ledger_error(ledger) != NULL)
        die("%s", ledger_error(ledger));
    *rejected = intake_counts(intake)->errors;
    intake_free(intake);
    knowledge_free(&knowledge);
    text_free(&error);
    return ledger;
}
