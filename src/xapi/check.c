#include "xapi/check.h"

#include <stdio.h>

/* ---- refusing ----------------------------------------------------------- */

enum { POINTER_BYTES = 160, MAX_STEPS = 32 };

/* One step of a pointer, escaped as RFC 6901 asks; whole characters. */
static void add_step(char *to, size_t room, const char *name)
{
    size_t k = strlen(to), len = strlen(name), step;
    if (k + 1 < room)
        to[k++] = '/';
    for (size_t i = 0; i < len; i += step) {
        step = piq_utf8_len(name + i, len - i);
        bool escaped = name[i] == '~' || name[i] == '/';
        if (step == 0 || k + step + 2 > room)
            break;
        memcpy(to + k, name + i, step);
        if (escaped) {
            to[k] = '~';
            to[k + 1] = name[i] == '~' ? '0' : '1';
        }
        k += step + (escaped ? 1 : 0);
    }
    to[k] = 0;
}

static void write_pointer(const piq_xapi_at *at, const char *member,
                          char out[POINTER_BYTES])
{
    const piq_xapi_at *chain[MAX_STEPS];
    size_t n = 0;
    for (; at->up && n < MAX_STEPS; at = at->up)
        chain[n++] = at;
    out[0] = 0;
    if (at->name) /* the document's own place */
        snprintf(out, POINTER_BYTES, "%s", at->name);
    while (n-- > 0) {
        char number[24];
        snprintf(number, sizeof number, "%zu", chain[n]->index);
        add_step(out, POINTER_BYTES, chain[n]->name ? chain[n]->name : number);
    }
    if (member)
        add_step(out, POINTER_BYTES, member);
}

static void refuse(const piq_xapi_at *at, const char *member, const char *fmt,
                   va_list ap)
{
    char message[200], pointer[POINTER_BYTES];
    vsnprintf(message, sizeof message, fmt, ap);
    /* Cut inside a character, the message would be no UTF-8. */
    size_t len = strlen(message), whole = 0, step;
    while (whole < len &&
           (step = piq_utf8_len(message + whole, len - whole)) > 0)
        whole += step;
    message[whole] = 0;
    write_pointer(at, member, pointer);
    piq_fail(at->err, PIQ_EINVAL, "%s", message);
    piq_err_at(at->err, "%s", pointer);
}

bool piq_xapi_refuse(const piq_xapi_at *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    refuse(at, NULL, fmt, ap);
    va_end(ap);
    return false;
}

bool piq_xapi_refuse_member(const piq_xapi_at *at, const char *member,
                            const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    refuse(at, member, fmt, ap);
    va_end(ap);
    return false;
}

/* ---- walking ------------------------------------------------------------ */

static const piq_xapi_member *find(const piq_xapi_member *table,
                                   const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

bool piq_xapi_members(const piq_xapi_at *at, const json_t *v,
                      const piq_xapi_member *table)
{
    if (!json_is_object(v))
        return piq_xapi_refuse(at, "an object is expected");
    void *i = json_object_iter((json_t *)(uintptr_t)v);
    for (; i; i = json_object_iter_next((json_t *)(uintptr_t)v, i)) {
        const char *name = json_object_iter_key(i);
        const piq_xapi_member *m = find(table, name);
        const piq_xapi_at in = {.up = at, .name = name, .err = at->err};
        if (!m)
            return piq_xapi_refuse(&in, "unknown member \"%.60s\"", name);
        if (!m->check(&in, json_object_iter_value(i)))
            return false;
    }
    for (; table->name; table++)
        if (table->required && !json_object_get(v, table->name))
            return piq_xapi_refuse_member(
                at, table->name, "member \"%s\" is missing", table->name);
    return true;
}

bool piq_xapi_each(const piq_xapi_at *at, const json_t *v,
                   piq_xapi_check_fn *check)
{
    if (!json_is_array(v))
        return piq_xapi_refuse(at, "an array is expected");
    for (size_t i = 0; i < json_array_size(v); i++) {
        const piq_xapi_at in = {.up = at, .index = i, .err = at->err};
        if (!check(&in, json_array_get(v, i)))
            return false;
    }
    return true;
}

/* ---- looking ------------------------------------------------------------ */

piq_str piq_xapi_str(const json_t *v)
{
    if (!json_is_string(v))
        return (piq_str){"", 0};
    return (piq_str){json_string_value(v), json_string_length(v)};
}

piq_str piq_xapi_text(const json_t *object, const char *member)
{
    return piq_xapi_str(json_object_get(object, member));
}

bool piq_xapi_is(const json_t *object, const char *member, const char *word)
{
    const json_t *v = json_object_get(object, member);
    return json_is_string(v) && piq_str_eq(piq_xapi_str(v), piq_str_of(word));
}
