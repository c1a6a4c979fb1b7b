#include "domain/json_reader.h"

#include "base/calendar.h"
#include "domain/json_memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_DEPTH = 16 };

/* Depth is counted on the text, before a parser recurses into it. */
static bool deeper_than(piq_str text, int limit)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char ch = text.ptr[i];
        if (in_string) {
            if (ch == '\\')
                i++;
            else if (ch == '"')
                in_string = false;
        } else if (ch == '"') {
            in_string = true;
        } else if (ch == '{' || ch == '[') {
            if (++depth > limit)
                return true;
        } else if (ch == '}' || ch == ']') {
            depth--;
        }
    }
    return false;
}

/* *status: PIQ_OK, PIQ_ENOMEM, or PIQ_EPARSE with *e. Of most allocations that
 * fail jansson says nothing at all, and of every other failure something. */
static json_t *load(piq_str text, size_t flags, json_error_t *e,
                    piq_status *status)
{
    piq_json_memory_begin();
    json_t *json = json_loadb(text.ptr, text.len, flags, e);
    bool ran_out = piq_json_memory_end();
    if (!json &&
        (e->text[0] == '\0' || json_error_code(e) == json_error_out_of_memory))
        ran_out = true;
    if (ran_out) {
        json_decref(json);
        json = NULL;
    }
    *status = json ? PIQ_OK : PIQ_EPARSE;
    if (ran_out)
        *status = PIQ_ENOMEM;
    return json;
}

piq_status piq_json_parse(piq_str text, json_t **out, piq_err *err)
{
    if (text.len == 0)
        return piq_fail(err, PIQ_EPARSE, "the body is empty, JSON is expected");
    if (deeper_than(text, MAX_DEPTH))
        return piq_fail(err, PIQ_ELIMIT, "JSON is nested deeper than %d levels",
                        MAX_DEPTH);
    json_error_t e;
    piq_status status;
    json_t *json =
        load(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e, &status);
    if (status == PIQ_ENOMEM)
        return piq_fail(err, status, "no memory to read JSON of %zu bytes",
                        text.len);
    if (status) {
        piq_fail(err, status, "not valid JSON: %s", e.text);
        piq_err_at(err, "line %d, column %d, byte %d", e.line, e.column,
                   e.position);
        return status;
    }
    *out = json;
    return PIQ_OK;
}

piq_status piq_json_parse_own(piq_str text, json_t **out)
{
    json_error_t e;
    piq_status status;
    json_t *json = load(text, JSON_DECODE_ANY, &e, &status);
    if (status)
        return status == PIQ_ENOMEM ? status : PIQ_ECORRUPT;
    *out = json;
    return PIQ_OK;
}

void piq_json_refuse(piq_json_reader *r, const char *member, const char *fmt,
                     ...)
{
    if (r->status)
        return;
    char message[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    r->status = piq_fail(r->err, PIQ_EINVAL, "%s", message);
    piq_err_at(r->err, "%s%s%s", r->where, member ? "/" : "",
               member ? member : "");
    r->object = NULL;
}

static const char *type_word(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static bool is_known(const char *member, const char *const *known)
{
    for (; *known; known++)
        if (strcmp(member, *known) == 0)
            return true;
    return false;
}

/* Its name is anybody's text: whole characters of it, and as a pointer. */
static void refuse_unknown(piq_json_reader *r, const char *member)
{
    char shown[64], pointer[2 * sizeof shown];
    size_t n = 0, k = 0, len = strlen(member), step;
    while (n < len && (step = piq_utf8_len(member + n, len - n)) > 0 &&
           n + step < sizeof shown)
        n += step;
    memcpy(shown, member, n);
    shown[n] = 0;
    for (size_t i = 0; i < n; i++) {
        if (shown[i] == '~' || shown[i] == '/') {
            pointer[k++] = '~';
            pointer[k++] = shown[i] == '~' ? '0' : '1';
        } else {
            pointer[k++] = shown[i];
        }
    }
    pointer[k] = 0;
    piq_json_refuse(r, pointer, "unknown member \"%s\"", shown);
}

bool piq_json_same(piq_str a, piq_str b)
{
    /* 1, 1.0 and 1e0 are one number. */
    const size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    if (piq_str_eq(a, b))
        return true;
    json_error_t e;
    piq_status status;
    json_t *x = load(a, flags, &e, &status);
    json_t *y = load(b, flags, &e, &status);
    bool same = x && y && json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}

void piq_json_begin(piq_json_reader *r, const json_t *json, const char *where,
                    const char *const *known, piq_err *err)
{
    *r = (piq_json_reader){json, where, err, PIQ_OK};
    if (!json_is_object(json)) {
        piq_json_refuse(r, NULL, "an object is expected, not %s",
                        type_word(json));
        return;
    }
    const char *member;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, member, value)
    {
        if (!is_known(member, known)) {
            refuse_unknown(r, member);
            return;
        }
    }
}

piq_status piq_json_end(piq_json_reader *r)
{
    return r->status;
}

bool piq_json_has(const piq_json_reader *r, const char *member)
{
    return r->object && json_object_get(r->object, member);
}

static const json_t *required(piq_json_reader *r, const char *member)
{
    if (!r->object)
        return NULL;
    const json_t *v = json_object_get(r->object, member);
    if (!v)
        piq_json_refuse(r, member, "member \"%s\" is missing", member);
    return v;
}

int64_t piq_json_int_in(piq_json_reader *r, const char *member, int64_t low,
                        int64_t high)
{
    const json_t *v = required(r, member);
    if (!v)
        return low;
    if (!json_is_integer(v)) {
        piq_json_refuse(r, member, "an integer is expected, not %s",
                        json_is_real(v) ? "a fraction" : type_word(v));
        return low;
    }
    int64_t i = json_integer_value(v);
    if (i < low || i > high) {
        piq_json_refuse(r, member, "%lld is not within %lld..%lld",
                        (long long)i, (long long)low, (long long)high);
        return low;
    }
    return i;
}

double piq_json_number_in(piq_json_reader *r, const char *member, double low,
                          double high)
{
    const json_t *v = required(r, member);
    if (!v)
        return low;
    if (!json_is_number(v)) {
        piq_json_refuse(r, member, "a number is expected, not %s",
                        type_word(v));
        return low;
    }
    double d = json_number_value(v);
    if (!(d >= low && d <= high)) {
        piq_json_refuse(r, member, "%g is not within %g..%g", d, low, high);
        return low;
    }
    return d + 0.0; /* no -0, which is written differently */
}

bool piq_json_flag(piq_json_reader *r, const char *member)
{
    const json_t *v = required(r, member);
    if (v && !json_is_boolean(v))
        piq_json_refuse(r, member, "true or false is expected, not %s",
                        type_word(v));
    return v && json_is_true(v);
}

piq_str piq_json_string(piq_json_reader *r, const char *member, size_t min,
                        size_t max)
{
    const json_t *v = required(r, member);
    if (!v)
        return (piq_str){"", 0};
    if (!json_is_string(v)) {
        piq_json_refuse(r, member, "a string is expected, not %s",
                        type_word(v));
        return (piq_str){"", 0};
    }
    piq_str s = {json_string_value(v), json_string_length(v)};
    if (s.len < min || s.len > max) {
        piq_json_refuse(r, member, "%zu to %zu bytes are expected, not %zu",
                        min, max, s.len);
        return (piq_str){"", 0};
    }
    return s;
}

bool piq_json_is_name(piq_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
            c != '_' && c != '.')
            return false;
    }
    return s.len > 0;
}

piq_str piq_json_name(piq_json_reader *r, const char *member, size_t max)
{
    piq_str s = piq_json_string(r, member, 1, max);
    if (!r->object || piq_json_is_name(s))
        return s;
    piq_json_refuse(r, member, "a name is of a-z, 0-9, \"-\", \"_\", \".\"");
    return (piq_str){"", 0};
}

const json_t *piq_json_array_in(piq_json_reader *r, const char *member,
                                size_t max)
{
    const json_t *v = required(r, member);
    if (!v)
        return NULL;
    if (!json_is_array(v)) {
        piq_json_refuse(r, member, "an array is expected, not %s",
                        type_word(v));
        return NULL;
    }
    if (json_array_size(v) > max) {
        piq_json_refuse(r, member, "at most %zu elements are allowed, not %zu",
                        max, json_array_size(v));
        return NULL;
    }
    return v;
}

int64_t piq_json_instant(piq_json_reader *r, const char *member)
{
    piq_str s = piq_json_string(r, member, 1, 64);
    int64_t at_us = 0;
    if (r->object && !piq_time_parse(s, &at_us))
        piq_json_refuse(r, member,
                        "an RFC 3339 instant of the years 1970 to 9999 is "
                        "expected, such as 2026-01-31T18:05:00Z");
    return at_us;
}
