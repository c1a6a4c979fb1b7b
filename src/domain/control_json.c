/* control_json.c - a control as JSON, and back. */
#include "domain/control.h"

#include "base/calendar.h"
#include "domain/json_reader.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_CONTENT_ID_BITS = 53, MAX_ID_BYTES = 128 };

/* Members beside `kind`. */
static const char *const members_of[PIQ_N_CONTROL_KINDS][3] = {
    [PIQ_CONTROL_PIN] = {"content", "day", NULL},
    [PIQ_CONTROL_SKIP] = {"content", "concept", NULL},
    [PIQ_CONTROL_KNOWN] = {"concept", NULL},
    [PIQ_CONTROL_RELEASE] = {"content", "concept", NULL},
    [PIQ_CONTROL_REORDER] = {"order", NULL},
    [PIQ_CONTROL_PACE] = {"factor", NULL},
    [PIQ_CONTROL_DAYS_OFF] = {"days", NULL},
    [PIQ_CONTROL_FREEZE] = {NULL},
    [PIQ_CONTROL_UNDO] = {NULL},
};

/* ---- reading ----------------------------------------------------------- */

static void read_content(piq_json_reader *r, const piq_catalogue *c,
                         piq_content_ix *out)
{
    int64_t id =
        piq_json_int_in(r, "content", 1, INT64_C(1) << MAX_CONTENT_ID_BITS);
    if (!r->status && !piq_catalogue_find_content(c, (piq_content_id){id}, out))
        piq_json_refuse(r, "content", "no content of the curriculum: %lld",
                        (long long)id);
}

static void read_concept(piq_json_reader *r, const piq_catalogue *c,
                         piq_concept_ix *out)
{
    piq_str id = piq_json_string(r, "concept", 1, MAX_ID_BYTES);
    if (!r->status && !piq_catalogue_find_concept(c, id, out))
        piq_json_refuse(r, "concept", "no concept of the curriculum: \"%.60s\"",
                        id.ptr);
}

/* Exactly one of the two. */
static void read_thing(piq_json_reader *r, const piq_catalogue *c,
                       piq_control *out)
{
    bool content = piq_json_has(r, "content");
    if (content && piq_json_has(r, "concept"))
        piq_json_refuse(r, "concept", "give either \"content\" or \"concept\"");
    else if (!content && !piq_json_has(r, "concept"))
        piq_json_refuse(r, NULL, "a \"content\" or a \"concept\" is expected");
    else if (content)
        read_content(r, c, &out->content);
    else
        read_concept(r, c, &out->concept);
}

static bool read_date(piq_json_reader *r, const char *member, const json_t *v,
                      int32_t *day)
{
    piq_str s = {json_string_value(v), json_string_length(v)};
    if (json_is_string(v) && piq_date_parse(s, day))
        return true;
    piq_json_refuse(r, member, "a date such as 2026-12-31 is expected");
    return false;
}

static void read_pin(piq_json_reader *r, const piq_catalogue *c, int64_t at_us,
                     piq_control *out)
{
    read_content(r, c, &out->content);
    if (!piq_json_has(r, "day") ||
        !read_date(r, "day", json_object_get(r->object, "day"), &out->day))
        return;
    int32_t today = piq_day_of(at_us, 0, 0);
    if (out->day < today - 1)
        piq_json_refuse(r, "day", "the day lies in the past");
    else if (out->day > today + PIQ_MAX_PIN_DAYS)
        piq_json_refuse(r, "day", "the day is more than %d days ahead",
                        PIQ_MAX_PIN_DAYS);
}

static void read_order(piq_json_reader *r, const piq_catalogue *c,
                       piq_control *out)
{
    const json_t *list = piq_json_array_in(r, "order", PIQ_MAX_REORDER);
    size_t n = list ? json_array_size(list) : 0;
    if (list && n == 0)
        piq_json_refuse(r, "order", "at least one content is expected");
    for (size_t i = 0; i < n && !r->status; i++) {
        const json_t *v = json_array_get(list, i);
        char member[48];
        snprintf(member, sizeof member, "order/%zu", i);
        if (!json_is_integer(v) ||
            !piq_catalogue_find_content(
                c, (piq_content_id){json_integer_value(v)}, &out->order[i]))
            piq_json_refuse(r, member, "no content of the curriculum");
        for (size_t k = 0; k < i && !r->status; k++)
            if (out->order[k].v == out->order[i].v)
                piq_json_refuse(r, member, "this content is there twice");
    }
    out->n_order = (uint8_t)n;
}

static int cmp_day(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void read_days(piq_json_reader *r, piq_control *out)
{
    const json_t *list = piq_json_array_in(r, "days", PIQ_MAX_DAYS_OFF);
    int32_t days[PIQ_MAX_DAYS_OFF];
    size_t n = list ? json_array_size(list) : 0;
    for (size_t i = 0; i < n; i++) {
        char member[48];
        snprintf(member, sizeof member, "days/%zu", i);
        if (!read_date(r, member, json_array_get(list, i), &days[i]))
            return;
    }
    if (n)
        qsort(days, n, sizeof days[0], cmp_day);
    for (size_t i = 0; i < n; i++) /* each day once */
        if (!i || days[i] != days[i - 1])
            out->days[out->n_days++] = days[i];
}

static void read_members(piq_json_reader *r, const piq_catalogue *c,
                         int64_t at_us, piq_control *out)
{
    switch (out->kind) {
    case PIQ_CONTROL_PIN:
        read_pin(r, c, at_us, out);
        break;
    case PIQ_CONTROL_SKIP:
    case PIQ_CONTROL_RELEASE:
        read_thing(r, c, out);
        break;
    case PIQ_CONTROL_KNOWN:
        read_concept(r, c, &out->concept);
        break;
    case PIQ_CONTROL_REORDER:
        read_order(r, c, out);
        break;
    case PIQ_CONTROL_PACE:
        out->factor = (float)piq_json_number_in(
            r, "factor", PIQ_CONTROL_PACE_LEAST, PIQ_CONTROL_PACE_MOST);
        break;
    case PIQ_CONTROL_DAYS_OFF:
        read_days(r, out);
        break;
    case PIQ_CONTROL_FREEZE:
    case PIQ_CONTROL_UNDO:
        break;
    }
}

/* What it is has to be known before it is told which members it may have. */
static piq_status read_kind(const json_t *json, const char *where,
                            piq_control_kind *out, piq_err *err)
{
    const json_t *v =
        json_is_object(json) ? json_object_get(json, "kind") : NULL;
    piq_json_reader r = {json, where, err, PIQ_OK};
    if (!json_is_object(json))
        piq_json_refuse(&r, NULL, "an object is expected");
    else if (!v)
        piq_json_refuse(&r, "kind", "member \"kind\" is missing");
    else if (!json_is_string(v) ||
             !piq_control_kind_of(
                 (piq_str){json_string_value(v), json_string_length(v)}, out))
        piq_json_refuse(&r, "kind",
                        "pin, skip, known, release, reorder, pace, days_off, "
                        "freeze or undo is expected");
    return piq_json_end(&r);
}

piq_status piq_control_read(const json_t *json, const char *where,
                            const piq_catalogue *c, int64_t at_us,
                            piq_control *out, piq_err *err)
{
    const char *known[4] = {"kind"};
    piq_json_reader r;
    piq_control_kind kind;
    piq_status status = read_kind(json, where, &kind, err);
    if (status)
        return status;
    for (size_t i = 0; members_of[kind][i]; i++)
        known[i + 1] = members_of[kind][i];
    piq_control x = piq_control_of(kind);
    piq_json_begin(&r, json, where, known, err);
    if (!r.status)
        read_members(&r, c, at_us, &x);
    status = piq_json_end(&r);
    if (status == PIQ_OK)
        *out = x;
    return status;
}

/* ---- writing ----------------------------------------------------------- */

static void write_order(const piq_control *x, const piq_catalogue *c,
                        piq_json_writer *w)
{
    piq_json_key(w, "order");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_order; i++)
        piq_json_int(w, c->contents[x->order[i].v].id.v);
    piq_json_array_end(w);
}

static void write_days(const piq_control *x, piq_json_writer *w)
{
    char date[16];
    piq_json_key(w, "days");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_days; i++) {
        piq_date_format(x->days[i], date);
        piq_json_z(w, date);
    }
    piq_json_array_end(w);
}

void piq_control_write(const piq_control *x, const piq_catalogue *c,
                       piq_json_writer *w)
{
    char date[16];
    piq_json_put_z(w, "kind", piq_control_kind_name(x->kind));
    if (x->content.v != PIQ_NO_IX32)
        piq_json_put_int(w, "content", c->contents[x->content.v].id.v);
    if (x->concept.v != PIQ_NO_IX16)
        piq_json_put_str(w, "concept", c->concepts[x->concept.v].id);
    if (x->day != INT32_MAX) {
        piq_date_format(x->day, date);
        piq_json_put_z(w, "day", date);
    }
    if (x->kind == PIQ_CONTROL_REORDER)
        write_order(x, c, w);
    if (x->kind == PIQ_CONTROL_PACE)
        piq_json_put_float(w, "factor", x->factor);
    if (x->kind == PIQ_CONTROL_DAYS_OFF)
        write_days(x, w);
}
