#include "engine/entry_text.h"

#include <string.h>

typedef struct cursor {
    const char *at, *end;
} cursor;

/* One member, name and value, as it stands. */
typedef struct member {
    piq_str name, value;
    const char *from, *to;
} member;

static cursor over(piq_str s)
{
    return (cursor){s.ptr, s.ptr + s.len};
}

static bool is_between(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ',' ||
           c == ':';
}

static void pass_blanks(cursor *c)
{
    while (c->at < c->end && is_between(*c->at))
        c->at++;
}

/* Behind the string that begins here. */
static void pass_string(cursor *c)
{
    for (c->at++; c->at < c->end && *c->at != '"'; c->at++)
        if (*c->at == '\\')
            c->at++;
    c->at = c->at < c->end ? c->at + 1 : c->end;
}

/* Behind the list or object that begins here. */
static void pass_nested(cursor *c)
{
    int depth = 0;
    while (c->at < c->end) {
        char ch = *c->at;
        if (ch == '"') {
            pass_string(c);
            continue;
        }
        c->at++;
        if (ch == '{' || ch == '[')
            depth++;
        else if ((ch == '}' || ch == ']') && --depth == 0)
            return;
    }
}

static piq_str pass_value(cursor *c)
{
    const char *from = c->at;
    if (c->at < c->end && *c->at == '"')
        pass_string(c);
    else if (c->at < c->end && (*c->at == '{' || *c->at == '['))
        pass_nested(c);
    else
        while (c->at < c->end && !is_between(*c->at) && *c->at != '}' &&
               *c->at != ']')
            c->at++;
    return (piq_str){from, (size_t)(c->at - from)};
}

/* Into what opens with `bracket`. */
static bool enter(cursor *c, char bracket)
{
    pass_blanks(c);
    bool there = c->at < c->end && *c->at == bracket;
    c->at += there;
    return there;
}

static bool next_member(cursor *c, member *out)
{
    pass_blanks(c);
    if (c->at == c->end || *c->at != '"')
        return false;
    out->from = c->at;
    out->name = pass_value(c);
    pass_blanks(c);
    out->value = pass_value(c);
    out->to = c->at;
    return out->value.len > 0;
}

/* The name's quotes stand around it. */
static bool is_named(const member *m, const char *name)
{
    size_t len = strlen(name);
    return m->name.len == len + 2 && memcmp(m->name.ptr + 1, name, len) == 0;
}

piq_str piq_text_member(piq_str object, const char *name)
{
    cursor c = over(object);
    member m;
    if (enter(&c, '{'))
        while (next_member(&c, &m))
            if (is_named(&m, name))
                return m.value;
    return (piq_str){"", 0};
}

void piq_text_without(piq_str object, const char *const *names, size_t n_names,
                      piq_buf *out)
{
    cursor c = over(object);
    member m;
    bool any = false;
    if (!enter(&c, '{')) {
        piq_buf_add_str(out, object);
        return;
    }
    piq_buf_add_char(out, '{');
    while (next_member(&c, &m)) {
        bool unwanted = false;
        for (size_t i = 0; i < n_names; i++)
            unwanted |= is_named(&m, names[i]);
        if (unwanted)
            continue;
        if (any)
            piq_buf_add_char(out, ',');
        any = true;
        piq_buf_add(out, m.from, (size_t)(m.to - m.from));
    }
    piq_buf_add_char(out, '}');
}

bool piq_text_next(piq_str *at, piq_str *element)
{
    cursor c = over(*at);
    if (c.at < c.end && *c.at == '[')
        c.at++;
    pass_blanks(&c);
    *element = (piq_str){c.at, 0};
    if (c.at < c.end && *c.at != ']')
        *element = pass_value(&c);
    *at = (piq_str){c.at, (size_t)(c.end - c.at)};
    return element->len > 0;
}
