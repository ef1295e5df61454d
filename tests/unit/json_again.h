/* json_again: a parsed value as JSON again, for unit tests and fuzzing. */
#ifndef PL_TESTS_JSON_AGAIN_H
#define PL_TESTS_JSON_AGAIN_H

#include "base/text.h"
#include "input/json.h"

/* Appends node AT without white space, with numbers as they stood; a numbered member's key is its number. False: nodes
 * are not in their places, or a member has no key, or an element has one. */
static inline bool json_again(const struct json *json, uint32_t at, struct text *out) {
    static const char *const literals[] = {"null", "false", "true"};
    const struct json_node *nodes = json_nodes(json), *node = &nodes[at];
    bool object = node->type == JSON_OBJECT, holds = node->next > at && node->next <= nodes->next;
    if (node->type <= JSON_TRUE) {
        text_string(out, literals[node->type]);
        return holds;
    }
    if (node->type == JSON_NUMBER) {
        text_append(out, node->text);
        return holds;
    }
    if (node->type == JSON_STRING) {
        text_json_string(out, node->text);
        return holds;
    }
    text_string(out, object ? "{" : "[");
    for (uint32_t child = at + 1; holds && child < node->next; child = nodes[child].next) {
        const struct json_node *member = &nodes[child];
        text_string(out, child > at + 1 ? "," : "");
        holds = object == (member->key.s != NULL || member->name != JSON_UNWANTED);
        if (member->key.s != NULL)
            text_json_string(out, member->key);
        else if (object)
            text_format(out, "%d", member->name);
        text_string(out, object ? ":" : "");
        holds = holds && json_again(json, child, out);
    }
    text_string(out, object ? "}" : "]");
    return holds;
}

#endif
