#include "domain/json_lines.h"

#include <stdlib.h>

/* A place in the text; `line` counts along. Never moves past the end. */
typedef struct cursor {
    piq_str text;
    size_t at;
    unsigned line;
} cursor;

static char look(const cursor *c)
{
    return c->at < c->text.len ? c->text.ptr[c->at] : '\0';
}

static void step(cursor *c)
{
    if (c->at >= c->text.len)
        return;
    if (c->text.ptr[c->at] == '\n')
        c->line++;
    c->at++;
}

static void skip_space(cursor *c)
{
    for (;;) {
        char ch = look(c);
        if (ch != ' ' && ch != '\t' && ch != '\n' && ch != '\r')
            return;
        step(c);
    }
}

/* From the opening quote to behind the closing one; the text between. */
static piq_str skip_string(cursor *c)
{
    step(c);
    size_t from = c->at;
    while (c->at < c->text.len && look(c) != '"') {
        if (look(c) == '\\')
            step(c);
        step(c);
    }
    piq_str inside = {c->text.ptr + from, c->at - from};
    step(c);
    return inside;
}

static void skip_value(cursor *c)
{
    size_t depth = 0;
    do {
        skip_space(c);
        char ch = look(c);
        if (ch == '"') {
            skip_string(c);
        } else if (ch == '{' || ch == '[') {
            depth++;
            step(c);
        } else if (ch == '}' || ch == ']') {
            if (depth == 0)
                return;
            depth--;
            step(c);
        } else if (ch == ',' || ch == ':') {
            if (depth == 0)
                return;
            step(c);
        } else {
            step(c);
            while (c->at < c->text.len && !strchr(",:]} \t\r\n", look(c)))
                step(c);
        }
    } while (depth > 0 && c->at < c->text.len);
}

static unsigned hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        char ch = p[i];
        unsigned digit = ch >= '0' && ch <= '9'
                             ? (unsigned)(ch - '0')
                             : (unsigned)((ch | 32) - 'a') + 10;
        v = v << 4 | (digit & 15);
    }
    return v;
}

/* One character of a JSON string as UTF-8; returns its length. */
static size_t next_char(piq_str raw, size_t *at, char out[4])
{
    if (raw.ptr[*at] != '\\' || *at + 1 >= raw.len) {
        out[0] = raw.ptr[(*at)++];
        return 1;
    }
    char kind = raw.ptr[*at + 1];
    if (kind != 'u' || *at + 6 > raw.len) {
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        const char *hit = strchr(from, kind);
        out[0] = hit && *hit ? to[hit - from] : kind;
        *at += 2;
        return 1;
    }
    unsigned u = hex4(raw.ptr + *at + 2);
    *at += 6;
    if (u >= 0xd800 && u < 0xdc00 && *at + 6 <= raw.len) {
        u = 0x10000 + ((u - 0xd800) << 10) +
            ((hex4(raw.ptr + *at + 2) - 0xdc00) & 0x3ff);
        *at += 6;
    }
    size_t n = u < 0x80 ? 1 : u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; u >>= 6)
        out[i] = (char)(0x80 | (u & 0x3f));
    out[0] = (char)(lead[n] | u);
    return n;
}

/* Is the JSON string `raw` the pointer's segment (with ~0 and ~1)? */
static bool same_name(piq_str raw, piq_str segment)
{
    size_t s = 0;
    for (size_t at = 0; at < raw.len;) {
        char bytes[4];
        size_t n = next_char(raw, &at, bytes);
        for (size_t i = 0; i < n; i++) {
            if (s >= segment.len)
                return false;
            char want = segment.ptr[s++];
            if (want == '~' && s < segment.len)
                want = segment.ptr[s++] == '0' ? '~' : '/';
            if (want != bytes[i])
                return false;
        }
    }
    return s == segment.len;
}

/* Cursor at the member `name` of the object it stands on; false: none, and
 * the cursor is unchanged. */
static bool enter_member(cursor *c, piq_str name)
{
    cursor at = *c;
    step(&at);
    for (;;) {
        skip_space(&at);
        if (look(&at) != '"')
            return false;
        piq_str key = skip_string(&at);
        skip_space(&at);
        step(&at); /* colon */
        skip_space(&at);
        if (same_name(key, name)) {
            *c = at;
            return true;
        }
        skip_value(&at);
        skip_space(&at);
        if (look(&at) != ',')
            return false;
        step(&at);
    }
}

static bool enter_element(cursor *c, size_t index)
{
    cursor at = *c;
    step(&at);
    for (size_t i = 0;; i++) {
        skip_space(&at);
        if (at.at >= at.text.len || look(&at) == ']')
            return false;
        if (i == index) {
            *c = at;
            return true;
        }
        skip_value(&at);
        skip_space(&at);
        if (look(&at) != ',')
            return false;
        step(&at);
    }
}

static bool enter(cursor *c, piq_str segment)
{
    if (look(c) == '{')
        return enter_member(c, segment);
    int64_t index = 0;
    if (look(c) != '[' || segment.len == 0)
        return false;
    for (size_t i = 0; i < segment.len; i++) {
        if (segment.ptr[i] < '0' || segment.ptr[i] > '9' || index > 1 << 30)
            return false;
        index = index * 10 + (segment.ptr[i] - '0');
    }
    return enter_element(c, (size_t)index);
}

/* Makes room for one more, by doubling; false when the arena is full. */
static bool grow(piq_arena *a, void **list, size_t n, size_t size)
{
    bool full = n == 0 || (n >= 8 && (n & (n - 1)) == 0);
    if (!full)
        return true;
    char *larger = (char *)piq_arena_alloc(a, n ? 2 * n : 8, size);
    if (!larger)
        return false;
    if (n)
        memcpy(larger, *list, n * size);
    *list = larger;
    return true;
}

static bool note_elements(piq_json_lines *l, cursor *at,
                          piq_json_list_spots *out)
{
    step(at);
    for (;;) {
        skip_space(at);
        if (at->at >= at->text.len || look(at) == ']')
            return true;
        void *list = out->elements;
        if (!grow(l->arena, &list, out->n, sizeof *out->elements))
            return false;
        out->elements = (piq_json_spot *)list;
        out->elements[out->n++] = (piq_json_spot){at->at, at->line};
        skip_value(at);
        skip_space(at);
        if (look(at) == ',')
            step(at);
    }
}

/* Notes the elements of every top-level array; what did not fit is walked. */
static void make_index(piq_json_lines *l)
{
    l->indexed = true;
    cursor at = {l->text, 0, 1};
    skip_space(&at);
    if (look(&at) != '{')
        return;
    step(&at);
    for (;;) {
        skip_space(&at);
        if (look(&at) != '"')
            return;
        piq_json_list_spots list = {at.at, NULL, 0};
        skip_string(&at);
        skip_space(&at);
        step(&at);
        skip_space(&at);
        if (look(&at) == '[') {
            cursor inside = at;
            void *lists = l->lists;
            if (!note_elements(l, &inside, &list) ||
                !grow(l->arena, &lists, l->n_lists, sizeof list))
                return;
            l->lists = (piq_json_list_spots *)lists;
            l->lists[l->n_lists++] = list;
        }
        skip_value(&at);
        skip_space(&at);
        if (look(&at) != ',')
            return;
        step(&at);
    }
}

/* The next segment of a pointer, and what is left of it. */
static bool next_segment(const char **pointer, piq_str *segment)
{
    if (**pointer != '/')
        return false;
    const char *from = *pointer + 1;
    size_t len = strcspn(from, "/");
    *segment = (piq_str){from, len};
    *pointer = from + len;
    return true;
}

/* Jumps over two segments at once; false when they are not in the index. */
static bool jump(const piq_json_lines *l, const char **pointer, cursor *c)
{
    const char *rest = *pointer;
    piq_str name, place;
    if (!next_segment(&rest, &name) || !next_segment(&rest, &place))
        return false;
    char *end;
    unsigned long index = strtoul(place.ptr, &end, 10);
    if (place.len == 0 || end != place.ptr + place.len)
        return false;
    for (size_t i = 0; i < l->n_lists; i++) {
        const piq_json_list_spots *list = &l->lists[i];
        cursor key = {l->text, list->key_at, 1};
        if (!same_name(skip_string(&key), name))
            continue;
        if (index >= list->n)
            return false;
        c->at = list->elements[index].at;
        c->line = list->elements[index].line;
        *pointer = rest;
        return true;
    }
    return false;
}

void piq_json_lines_init(piq_json_lines *l, piq_arena *a, piq_str text)
{
    *l = (piq_json_lines){.text = text, .arena = a};
}

unsigned piq_json_lines_find(piq_json_lines *l, const char *pointer)
{
    if (!l->indexed)
        make_index(l);
    cursor c = {l->text, 0, 1};
    skip_space(&c);
    jump(l, &pointer, &c);
    piq_str segment;
    while (next_segment(&pointer, &segment))
        if (!enter(&c, segment))
            break;
    return c.line;
}
