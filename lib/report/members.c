#include "report/members.h"

void json_name(struct text *json, const char *name) {
    text_string(json, json->s[json->n - 1] == '{' ? "\"" : ",\"");
    text_string(json, name);
    text_string(json, "\":");
}

void json_text(struct text *json, const char *name, const char *value) {
    json_name(json, name);
    if (value != NULL)
        text_json_string(json, span_of(value));
    else
        text_string(json, "null");
}

void json_real(struct text *json, const char *name, double value) {
    json_name(json, name);
    text_json_real(json, value);
}

void json_integer(struct text *json, const char *name, int64_t value) {
    json_name(json, name);
    text_integer(json, value);
}
