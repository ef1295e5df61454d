/* json: one JSON value as a flat row of nodes.
 *
 * A document owns its nodes and texts, and is used again for the next value; spans from it are good until then. Parsing
 * is incremental, bounded in depth, checks UTF-8, and keeps numbers as their text, so that nothing is rounded. Half of
 * a surrogate pair becomes U+FFFD.
 */
#ifndef PL_INPUT_JSON_H
#define PL_INPUT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/text.h"

enum { JSON_DEPTH_MAX = 512, JSON_NODES_MAX = 1 << 18 };

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
    enum json_type type;
    uint32_t next;    /* the node after this one and all that it holds */
    int name;         /* of a member of the outermost object: its number, where the document numbers them */
    struct span key;  /* of any other member of an object; s NULL for what is no member */
    struct span text; /* of a string, decoded; of a number, as it stands */
};

/* The number, from 0, of the outermost object's member KEY; JSON_UNWANTED: it is checked, and left out of the nodes. */
typedef int json_names(struct span key);
enum { JSON_UNWANTED = -1 };

/* NAMES NULL keeps all members, with their keys. */
struct json *json_new(json_names *names);
void json_free(struct json *json);

enum json_status { JSON_MORE, JSON_WHOLE, JSON_WRONG };

/* Forgets the last value and expects a new one. */
void json_begin(struct json *json);
/* Takes the next BYTES of the value. JSON_WHOLE: it ended after *USED of them. JSON_MORE: all are used and it goes on.
 * JSON_WRONG: json_error says why, and *USED is where (as nearly as is known). After the last two, json_begin. */
enum json_status json_feed(struct json *json, const char *bytes, size_t size, size_t *used);
/* After JSON_WHOLE, with all of the value's text: what can be known only now. Before it, nodes are not to be used. */
enum json_status json_settle(struct json *json, struct span text);
/* Ends the input: JSON_WHOLE if that completes the value, as it may a number, else JSON_WRONG. */
enum json_status json_end(struct json *json);
/* Parses all of TEXT, which must be one value and white space. */
bool json_parse(struct json *json, struct span text);
/* A line without a full stop; good until the next call. */
const char *json_error(const struct json *json);

/* The whole value is node 0. Members and elements of node N are N + 1, nodes[N + 1].next, ... up to nodes[N].next. */
const struct json_node *json_nodes(const struct json *json);
/* The member KEY of object NODE; NULL if there is none or NODE is no object. Of several with one key, the last. */
const struct json_node *json_member(const struct json *json, const struct json_node *node, const char *key);

/* The TEXT of a node, for as long as ARENA lives: a copy, or itself if it is long. */
struct span json_keep(struct json *json, struct span text, struct arena *arena);

#endif
