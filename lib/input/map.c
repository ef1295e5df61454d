#include "input/map.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/paths.h"
#include "input/datafile.h"
#include "input/program.h"

struct map {
    char *name, *path; /* path NULL: the map "auto" */
    struct text text, reading;
    struct map_head head;
    struct program *program; /* of "auto": tells of a value the number of the member that it is for */
    struct map **members;    /* of "auto" */
    int member_count;
};

static const char suffix[] = ".jq";

/* -- opening ---------------------------------------------------------------------------------------------------- */

static char *path_of(const char *name) {
    struct text below = {0};
    text_format(&below, "maps/%s%s", name, name[0] != '\0' ? suffix : "");
    char *path = path_share(below.s);
    text_free(&below);
    return path;
}

static bool is_file(const char *name) {
    size_t size = strlen(name), end = sizeof suffix - 1;
    return strchr(name, '/') != NULL || (size > end && strcmp(name + size - end, suffix) == 0);
}

static void add_reading(struct map *map, struct span text) {
    struct digest digest = hash128(text.s, text.n);
    text_format(&map->reading, "%s %016llx", map->name, (unsigned long long)digest_prefix(&digest));
}

static struct map *open_file(const char *name, char *path, struct text *error) {
    struct map *map = xcalloc(1, sizeof *map);
    map->name = xstrdup(name);
    map->path = path;
    if (!data_read_file(path, &map->text, error) || !map_head_parse(&map->head, path, text_span(&map->text), error)) {
        map_free(map);
        return NULL;
    }
    add_reading(map, text_span(&map->text));
    return map;
}

/* -- those that are shipped ------------------------------------------------------------------------------------- */

static int is_map(const struct dirent *entry) {
    return entry->d_name[0] != '.' && is_file(entry->d_name);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Their names, in order, which the caller frees with their list; negative, with ERROR. */
static int names_of_all(struct map_words *names, struct text *error) {
    struct dirent **entries = NULL;
    char *directory = path_of("");
    int count = scandir(directory, &entries, is_map, NULL);
    *names = (struct map_words){0};
    if (count < 0) {
        text_clear(error);
        text_format(error, "%s: %s", directory, strerror(errno));
    }
    names->items = xcalloc(count > 0 ? (size_t)count : 1, sizeof *names->items);
    for (; names->count < count; names->count++) {
        const char *file = entries[names->count]->d_name;
        names->items[names->count] = xmemdup(file, strlen(file) - (sizeof suffix - 1));
        free(entries[names->count]);
    }
    qsort(names->items, (size_t)names->count, sizeof *names->items, by_name);
    free(entries);
    free(directory);
    return count;
}

static bool open_members(struct map *map, struct text *error) {
    struct map_words names;
    struct text all = {0};
    int count = names_of_all(&names, error);
    map->members = xcalloc(count > 0 ? (size_t)count : 1, sizeof(struct map *));
    bool good = count >= 0;
    for (int i = 0; good && i < count; i++) {
        struct map *member = open_file(names.items[i], path_of(names.items[i]), error);
        good = member != NULL;
        if (!good)
            continue;
        map->members[map->member_count++] = member;
        text_append(&all, text_span(&member->reading));
    }
    add_reading(map, text_span(&all));
    text_free(&all);
    map_words_free(&names);
    return good;
}

static struct map *open_auto(struct text *error) {
    struct map *map = xcalloc(1, sizeof *map);
    map->name = xstrdup("auto");
    if (open_members(map, error))
        return map;
    map_free(map);
    return NULL;
}

static void name_is_unknown(const char *name, struct text *error) {
    struct map_words names;
    if (names_of_all(&names, error) >= 0) {
        text_clear(error);
        text_format(error, "there is no map %s; there are auto", name);
        for (int i = 0; i < names.count; i++)
            text_format(error, ", %s", names.items[i]);
        text_string(error, "; one of your own is named by its file, as ./my.jq");
    }
    map_words_free(&names);
}

struct map *map_open(const char *name, struct text *error) {
    if (is_file(name))
        return open_file(name, xstrdup(name), error);
    if (strcmp(name, "auto") == 0)
        return open_auto(error);
    char *path = path_of(name);
    if (*name != '\0' && access(path, F_OK) == 0)
        return open_file(name, path, error);
    free(path);
    name_is_unknown(name, error);
    return NULL;
}

bool map_list(void (*tell)(void *context, const char *name, const struct map_head *head), void *context,
              struct text *error) {
    struct map *map = open_auto(error);
    for (int i = 0; map != NULL && i < map->member_count; i++)
        tell(context, map->members[i]->name, &map->members[i]->head);
    map_free(map);
    return map != NULL;
}

void map_free(struct map *map) {
    if (map == NULL)
        return;
    for (int i = 0; i < map->member_count; i++)
        map_free(map->members[i]);
    free(map->members);
    program_free(map->program);
    map_head_free(&map->head);
    text_free(&map->text);
    text_free(&map->reading);
    free(map->name);
    free(map->path);
    free(map);
}

/* -- what is known of it ---------------------------------------------------------------------------------------- */

const char *map_reading(const struct map *map) {
    return map->reading.s;
}

bool map_looks_back(const struct map *map) {
    for (int i = 0; i < map->member_count; i++)
        if (map->members[i]->head.inputs)
            return true;
    return map->head.inputs;
}

static bool same_place(const char *a, const char *b) {
    struct stat here, there;
    return stat(a, &here) == 0 && stat(b, &there) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static bool listed(const struct map_words *homes, const char *path) {
    for (int i = 0; i < homes->count; i++)
        if (same_place(homes->items[i], path))
            return true;
    return false;
}

static void add_homes(const struct map *map, struct map_words *homes) {
    for (int i = 0; i < map->head.homes.count; i++) {
        const char *path = map->head.homes.items[i];
        if (access(path, F_OK) != 0 || listed(homes, path))
            continue;
        homes->items = xreallocarray(homes->items, (size_t)homes->count + 1, sizeof *homes->items);
        homes->items[homes->count++] = xstrdup(path);
    }
    for (int i = 0; i < map->member_count; i++)
        add_homes(map->members[i], homes);
}

struct map_words map_homes(const struct map *map) {
    struct map_words homes = {0};
    add_homes(map, &homes);
    return homes;
}

void map_home_names(const struct map *map, struct text *names) {
    for (int i = 0; i < map->head.homes.count; i++)
        text_format(names, "%s%s", names->n > 0 ? ", " : "", map->head.homes.items[i]);
    for (int i = 0; i < map->member_count; i++)
        map_home_names(map->members[i], names);
}

static bool is_home_of(const struct map *map, const char *path) {
    for (int i = 0; i < map->head.homes.count; i++) {
        size_t size = strlen(map->head.homes.items[i]);
        if (strncmp(path, map->head.homes.items[i], size) == 0 && path[size] == '/')
            return true;
    }
    return false;
}

bool map_takes_file(const struct map *map, const char *path) {
    bool takes = map->path != NULL && map_head_takes_file(&map->head, basename(path));
    for (int i = 0; i < map->member_count; i++)
        if (is_home_of(map->members[i], path))
            return map_takes_file(map->members[i], path);
    for (int i = 0; !takes && i < map->member_count; i++)
        takes = map_takes_file(map->members[i], path);
    return takes;
}

bool map_skips_lines(const struct map *map) {
    return map->head.line_count > 0;
}

bool map_takes_line(const void *map, struct span line) {
    return map_head_takes_line(&((const struct map *)map)->head, line);
}

/* -- compiling -------------------------------------------------------------------------------------------------- */

/* A program that says which member a value is for. (In jq 1.6 first(f) yields twice where f has a "?".) */
static void recogniser(const struct map *map, struct text *program) {
    for (int i = 0; i < map->member_count; i++)
        if (map->members[i]->head.when.n > 0)
            text_format(program, "if (try ([%s][0] == true) catch false) then %d else ", map->members[i]->head.when.s,
                        i);
    text_string(program, "null");
    for (int i = 0; i < map->member_count; i++)
        text_string(program, map->members[i]->head.when.n > 0 ? " end" : "");
}

bool map_prepare(struct map *map, struct text *error) {
    struct text source = {0};
    if (map->program != NULL)
        return true;
    if (map->path == NULL)
        recogniser(map, &source);
    map->program = map->path == NULL ? program_compile(map->name, text_span(&source), error)
                                     : program_compile(map->path, text_span(&map->text), error);
    text_free(&source);
    return map->program != NULL;
}

/* -- running ---------------------------------------------------------------------------------------------------- */

/* One input, as it is read. */
struct run {
    struct map *map;
    const char *file;
    const struct map_ends *ends;
    struct text results, error;
    struct map *looking_back; /* of "auto": the member that reads by itself; NULL: none does */
    struct span first;        /* the value that it begins with; s NULL: it has taken that */
    bool taken;               /* it has taken any */
};

static void collect(void *context, struct span json) {
    struct run *run = context;
    text_append(&run->results, json);
    text_string(&run->results, "\n");
}

static void give_out(struct run *run) {
    struct span results = text_span(&run->results);
    const char *s = results.s, *end = s + results.n;
    while (s < end) {
        const char *newline = memchr(s, '\n', (size_t)(end - s));
        run->ends->record(run->ends->context, (struct span){s, (size_t)(newline - s)});
        s = newline + 1;
    }
}

/* Maps a value by MAP, which looks at nothing else. */
static void map_value(struct run *run, struct map *map, struct span value) {
    const struct program_ends ends = {.context = run, .result = collect};
    text_clear(&run->results);
    if (map_prepare(map, &run->error) && program_run(map->program, run->file, value, &ends, &run->error))
        give_out(run);
    else
        run->ends->fail(run->ends->context, run->error.s);
}

static void collect_number(void *context, struct span json) {
    int *number = context;
    *number = span_is(json, "null") ? -1 : atoi(json.s);
}

/* The member that VALUE is for; NULL, after a word about it, if there is none. */
static struct map *recognise(struct run *run, struct span value) {
    int number = -1;
    const struct program_ends ends = {.context = &number, .result = collect_number};
    bool good = program_run(run->map->program, run->file, value, &ends, &run->error);
    if (good && number >= 0)
        return run->map->members[number];
    run->ends->fail(run->ends->context, good ? "no map recognises it" : run->error.s);
    return NULL;
}

/* The next value for the program that looks back; those of other maps are mapped on the way. */
static bool pull(void *context, struct span *value) {
    struct run *run = context;
    run->taken = true;
    if (run->first.s != NULL) {
        *value = run->first;
        run->first.s = NULL;
        return true;
    }
    while (run->ends->next(run->ends->context, value)) {
        struct map *member = run->looking_back != NULL ? recognise(run, *value) : NULL;
        if (run->looking_back == NULL || member == run->looking_back)
            return true;
        if (member != NULL && member->head.inputs)
            run->ends->fail(run->ends->context,
                            "is another program's than those before it: such logs must be read apart");
        else if (member != NULL)
            map_value(run, member, *value);
    }
    return false;
}

static void unfit(void *context, const char *reason) {
    struct run *run = context;
    run->ends->fail(run->ends->context, reason);
}

static void give_one(void *context, struct span json) {
    struct run *run = context;
    run->ends->record(run->ends->context, json);
}

/* Runs MAP, which reads its values itself, from run->first on. False, with run->error, if it failed. */
static bool run_once(struct run *run, struct map *map) {
    const struct program_ends ends = {.context = run, .pull = pull, .unfit = unfit, .result = give_one};
    run->taken = run->first.s != NULL;
    bool good = map_prepare(map, &run->error) &&
                program_run(map->program, run->file, (struct span){NULL, 0}, &ends, &run->error);
    run->first.s = NULL;
    return good;
}

/* Runs MAP until there are no values; it begins anew after one on which it fails. What it leaves is passed over. */
static void map_inputs(struct run *run, struct map *map) {
    struct span rest;
    bool good = run_once(run, map), told = false, more = true;
    while (!good && more) {
        bool at_value = run->taken;
        if (at_value)
            run->ends->fail(run->ends->context, run->error.s);
        told = told || at_value;
        more = pull(run, &run->first);
        if (more)
            good = run_once(run, map);
    }
    if (!good && !told) /* of an input without values */
        run->ends->fail(run->ends->context, run->error.s);
    while (more && pull(run, &rest))
        ;
}

static void map_auto(struct run *run) {
    struct span value;
    while (run->ends->next(run->ends->context, &value)) {
        struct map *member = recognise(run, value);
        if (member != NULL && member->head.inputs) {
            run->looking_back = member;
            run->first = value;
            map_inputs(run, member);
        } else if (member != NULL) {
            map_value(run, member, value);
        }
    }
}

void map_run(struct map *map, const char *file, const struct map_ends *ends) {
    struct run run = {.map = map, .file = file, .ends = ends};
    struct span value;
    if (map->path == NULL)
        map_auto(&run);
    else if (map->head.inputs)
        map_inputs(&run, map);
    else
        while (ends->next(ends->context, &value))
            map_value(&run, map, value);
    text_free(&run.results);
    text_free(&run.error);
}
