#include "input/datafile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 4 * 1024 * 1024, READ_SIZE = 24 * 1024 };

bool data_refuse(struct datafile *file, const char *format, ...) {
    if (file->error->n > 0)
        return false;
    va_list arguments;
    char *reason = NULL;
    va_start(arguments, format);
    if (vasprintf(&reason, format, arguments) >= 0)
        text_string(file->error, reason);
    va_end(arguments);
    free(reason);
    return false;
}

bool data_document(struct datafile *file, struct span text, bool (*parse)(struct datafile *file, void *to), void *to) {
    struct json *json = json_new(NULL);
    file->json = json;
    bool good = json_parse(json, text);
    if (!good)
        data_refuse(file, "%s", json_error(json));
    else if (json_nodes(json)->type != JSON_OBJECT)
        good = data_refuse(file, "is not an object");
    good = good && parse(file, to) && file->error->n == 0;
    json_free(json);
    file->json = NULL;
    return good;
}

const struct json_node *data_root(const struct datafile *file) {
    return json_nodes(file->json);
}

const struct json_node *data_next(const struct datafile *file, const struct json_node *node,
                                  const struct json_node *at) {
    const struct json_node *nodes = json_nodes(file->json);
    uint32_t index = at == node ? (uint32_t)(node - nodes) + 1 : at->next;
    return index < node->next ? &nodes[index] : NULL;
}

const struct json_node *data_member(const struct datafile *file, const struct json_node *node, const char *key) {
    const struct json_node *member = json_member(file->json, node, key);
    return member != NULL && member->type != JSON_NULL ? member : NULL;
}

const char *data_string(struct datafile *file, const struct json_node *node, const char *key) {
    const struct json_node *member = data_member(file, node, key);
    if (member == NULL)
        return NULL;
    if (member->type != JSON_STRING)
        data_refuse(file, "%s: is not a string", key);
    return member->type == JSON_STRING ? member->text.s : NULL;
}

bool data_only_members(struct datafile *file, const struct json_node *node, const char *where,
                       const char *const *names) {
    if (node->type != JSON_OBJECT)
        return data_refuse(file, "%s: holds something that is not an object", where);
    for (const struct json_node *m = data_next(file, node, node); m != NULL; m = data_next(file, node, m)) {
        const char *const *name = names;
        while (*name != NULL && !span_is(m->key, *name))
            name++;
        if (*name == NULL)
            return data_refuse(file, "%s: unknown member \"%s\"", where, m->key.s);
    }
    return true;
}

bool data_each_word(struct datafile *file, const struct json_node *words, const char *where,
                    bool (*add)(void *to, const char *word), void *to) {
    if (words == NULL || words->type == JSON_NULL)
        return true;
    if (words->type != JSON_ARRAY)
        return data_refuse(file, "%s: is not an array of strings", where);
    for (const struct json_node *word = data_next(file, words, words); word != NULL;
         word = data_next(file, words, word)) {
        if (word->type != JSON_STRING)
            return data_refuse(file, "%s: holds something that is not a string", where);
        if (!add(to, word->text.s))
            return data_refuse(file, "%s: cannot take \"%s\"", where, word->text.s);
    }
    return true;
}

bool data_each(struct datafile *file, const char *key,
               bool (*parse)(struct datafile *file, const struct json_node *node, void *to), void *to) {
    const struct json_node *list = json_member(file->json, data_root(file), key);
    if (list == NULL)
        return true;
    if (list->type != JSON_ARRAY)
        return data_refuse(file, "%s: is not an array", key);
    for (const struct json_node *node = data_next(file, list, list); node != NULL; node = data_next(file, list, node))
        if (!parse(file, node, to))
            return false;
    return true;
}

bool data_read_file(const char *path, struct text *text, struct text *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? 1 : -1;
    text_clear(text);
    text_clear(error);
    while (size > 0 && text->n <= FILE_MAX) {
        text_reserve(text, READ_SIZE);
        size = read(fd, text->s + text->n, READ_SIZE);
        text->n += size > 0 ? (size_t)size : 0;
    }
    if (size < 0)
        text_format(error, "%s: %s", path, strerror(errno));
    else if (text->n > FILE_MAX)
        text_format(error, "%s: larger than 4 MiB", path);
    else
        text->s[text->n] = '\0';
    if (fd >= 0)
        close(fd);
    return error->n == 0;
}
