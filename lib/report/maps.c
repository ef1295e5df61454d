#include "report/maps.h"

#include <stdlib.h>

#include "base/diag.h"

static void add_row(void *context, const char *name, const struct map_head *head) {
    struct table *table = context;
    struct text homes = {0};
    for (int i = 0; i < head->homes.count; i++) {
        text_string(&homes, i > 0 ? "," : "[");
        text_json_string(&homes, span_of(head->homes.items[i]));
    }
    text_string(&homes, homes.n > 0 ? "]" : "");
    table_text(table, span_of(name));
    table_text(table, text_span(&head->about));
    table_text(table, homes.n > 0 ? text_span(&homes) : (struct span){NULL, 0});
    text_free(&homes);
}

static _Noreturn void list_and_exit(enum table_format format) {
    static const struct column columns[] = {{"map", CELL_TEXT, SHOWN},
                                            {"about", CELL_TEXT, SHOWN},
                                            {"home", CELL_JSON, DETAIL}};
    struct text error = {0};
    struct table *table = table_new("maps", columns, sizeof columns / sizeof *columns, false);
    if (!map_list(add_row, table, &error))
        die("%s", error.s);
    struct table_style style = table_style_for(stdout, format);
    table_print(table, &style, stdout);
    table_free(table);
    exit(finish_stdout(STATUS_GOOD));
}

struct map *map_of_option(const char *name, enum table_format format) {
    struct text error = {0};
    if (name == NULL)
        return NULL;
    if (strcmp(name, "list") == 0)
        list_and_exit(format);
    struct map *map = map_open(name, &error);
    if (map == NULL)
        die("%s", error.s);
    text_free(&error);
    return map;
}

struct map *map_ready_of_option(const char *name, enum table_format format) {
    struct text error = {0};
    struct map *map = map_of_option(name, format);
    if (map != NULL && !map_prepare(map, &error))
        die("%s", error.s);
    text_free(&error);
    return map;
}
