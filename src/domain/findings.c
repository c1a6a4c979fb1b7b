#include "domain/findings.h"

#include <stdio.h>

piq_place piq_place_of(const char *list, size_t at)
{
    return (piq_place){list, at, NULL, NULL, PIQ_NO_PLACE};
}

piq_place piq_place_member(piq_place p, const char *member)
{
    p.member = member;
    return p;
}

piq_place piq_place_name(piq_place p, const char *name)
{
    p.name = name;
    return p;
}

piq_place piq_place_index(piq_place p, size_t index)
{
    p.index = index;
    return p;
}

/* A pointer as it is built; what does not fit is left off. */
typedef struct spelling {
    char text[512];
    size_t len;
} spelling;

static void spell_char(spelling *s, char ch)
{
    if (s->len + 1 < sizeof s->text)
        s->text[s->len++] = ch;
    s->text[s->len] = '\0';
}

static void spell_name(spelling *s, const char *name)
{
    if (!name)
        return;
    spell_char(s, '/');
    for (; *name; name++) {
        if (*name == '~' || *name == '/') { /* RFC 6901: ~0 and ~1 */
            spell_char(s, '~');
            spell_char(s, *name == '~' ? '0' : '1');
        } else {
            spell_char(s, *name);
        }
    }
}

static void spell_number(spelling *s, size_t n)
{
    char digits[24];
    if (n == PIQ_NO_PLACE)
        return;
    snprintf(digits, sizeof digits, "%zu", n);
    spell_name(s, digits);
}

static void spell(spelling *s, piq_place p)
{
    s->len = 0;
    s->text[0] = '\0';
    spell_name(s, p.list);
    spell_number(s, p.at);
    spell_name(s, p.member);
    spell_name(s, p.name);
    spell_number(s, p.index);
}

void piq_report_init(piq_report *r, piq_arena *findings_arena,
                     piq_arena *scratch, piq_str text, piq_findings *findings)
{
    *r = (piq_report){.findings = findings, .arena = findings_arena};
    *findings = (piq_findings){NULL, 0, 0};
    piq_json_lines_init(&r->lines, scratch, text);
}

static bool make_room(piq_report *r)
{
    piq_findings *f = r->findings;
    if (f->n < r->capacity)
        return true;
    size_t larger = r->capacity ? 2 * r->capacity : 8;
    piq_finding *list = piq_new(r->arena, piq_finding, larger);
    if (!list) {
        r->status = PIQ_ENOMEM;
        return false;
    }
    if (f->n)
        memcpy(list, f->list, f->n * sizeof *list);
    f->list = list;
    r->capacity = larger;
    return true;
}

/* Copies without leaving half a UTF-8 character at the end. */
static void copy_cut(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(to, from, len);
    to[len] = '\0';
}

void piq_report_add(piq_report *r, piq_place p, const char *fmt, ...)
{
    if (r->findings->n >= PIQ_MAX_FINDINGS) {
        r->findings->n_dropped++;
        return;
    }
    if (!make_room(r))
        return;
    piq_finding *f = &r->findings->list[r->findings->n++];
    spelling pointer;
    spell(&pointer, p);
    char message[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    piq_utf8_mend(message); /* a name may have been cut inside a character */
    copy_cut(f->where, sizeof f->where, pointer.text);
    copy_cut(f->message, sizeof f->message, message);
    f->line = piq_json_lines_find(&r->lines, pointer.text);
}

unsigned piq_report_line(piq_report *r, piq_place p)
{
    spelling pointer;
    spell(&pointer, p);
    return piq_json_lines_find(&r->lines, pointer.text);
}

/* By insertion: stable, and at most PIQ_MAX_FINDINGS nearly sorted ones. */
void piq_report_sort(piq_report *r)
{
    piq_finding *list = r->findings->list;
    for (size_t i = 1; i < r->findings->n; i++) {
        piq_finding moved = list[i];
        size_t at = i;
        for (; at > 0 && list[at - 1].line > moved.line; at--)
            list[at] = list[at - 1];
        list[at] = moved;
    }
}
