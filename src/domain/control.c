#include "domain/control.h"

#include "base/calendar.h"

#include <stdio.h>

static const char *const kinds[PIQ_N_CONTROL_KINDS] = {
    [PIQ_CONTROL_PIN] = "pin",           [PIQ_CONTROL_SKIP] = "skip",
    [PIQ_CONTROL_KNOWN] = "known",       [PIQ_CONTROL_RELEASE] = "release",
    [PIQ_CONTROL_REORDER] = "reorder",   [PIQ_CONTROL_PACE] = "pace",
    [PIQ_CONTROL_DAYS_OFF] = "days_off", [PIQ_CONTROL_FREEZE] = "freeze",
    [PIQ_CONTROL_UNDO] = "undo",
};

piq_control piq_control_of(piq_control_kind kind)
{
    return (piq_control){.kind = kind,
                         .content = {PIQ_NO_IX32},
                         .concept = {PIQ_NO_IX16},
                         .day = INT32_MAX};
}

const char *piq_control_kind_name(piq_control_kind k)
{
    PIQ_ASSERT((unsigned)k < PIQ_N_CONTROL_KINDS);
    return kinds[k];
}

bool piq_control_kind_of(piq_str s, piq_control_kind *out)
{
    for (int i = 0; i < PIQ_N_CONTROL_KINDS; i++)
        if (piq_str_eq(s, piq_str_of(kinds[i]))) {
            *out = (piq_control_kind)i;
            return true;
        }
    return false;
}

bool piq_control_is_retired(const piq_control *x, const piq_catalogue *c,
                            char member[24])
{
    if (x->content.v != PIQ_NO_IX32 && c->contents[x->content.v].retired) {
        snprintf(member, 24, "/content");
        return true;
    }
    if (x->concept.v != PIQ_NO_IX16 && c->concepts[x->concept.v].retired) {
        snprintf(member, 24, "/concept");
        return true;
    }
    for (size_t i = 0; i < x->n_order; i++)
        if (c->contents[x->order[i].v].retired) {
            snprintf(member, 24, "/order/%u", (unsigned)(uint8_t)i);
            return true;
        }
    return false;
}

bool piq_control_eq(const piq_control *a, const piq_control *b)
{
    bool same = a->kind == b->kind && a->content.v == b->content.v &&
                a->concept.v == b->concept.v && a->day == b->day &&
                memcmp(&a->factor, &b->factor, sizeof a->factor) == 0 &&
                a->n_order == b->n_order && a->n_days == b->n_days;
    for (size_t i = 0; same && i < a->n_order; i++)
        same = a->order[i].v == b->order[i].v;
    for (size_t i = 0; same && i < a->n_days; i++)
        same = a->days[i] == b->days[i];
    return same;
}

static void describe_thing(const piq_control *x, const piq_catalogue *c,
                           piq_buf *out)
{
    piq_str name = x->content.v != PIQ_NO_IX32 ? c->contents[x->content.v].title
                                               : c->concepts[x->concept.v].name;
    piq_buf_add_str(out, name);
}

void piq_control_describe(const piq_control *x, const piq_catalogue *c,
                          piq_buf *out)
{
    char date[16];
    switch (x->kind) {
    case PIQ_CONTROL_PIN:
        piq_buf_add_z(out, "pin of ");
        describe_thing(x, c, out);
        if (x->day == INT32_MAX)
            break;
        piq_date_format(x->day, date);
        piq_buf_printf(out, " to %s", date);
        break;
    case PIQ_CONTROL_SKIP:
        piq_buf_add_z(out, "skip of ");
        describe_thing(x, c, out);
        break;
    case PIQ_CONTROL_KNOWN:
        describe_thing(x, c, out);
        piq_buf_add_z(out, " said to be known");
        break;
    case PIQ_CONTROL_RELEASE:
        piq_buf_add_z(out, "release of ");
        describe_thing(x, c, out);
        break;
    case PIQ_CONTROL_REORDER:
        piq_buf_printf(out, "an order of %u content%s", x->n_order,
                       x->n_order == 1 ? "" : "s");
        break;
    case PIQ_CONTROL_PACE:
        /* In hundredths, whatever the locale's decimal point. */
        piq_buf_printf(out, "minutes times %d.%02d",
                       (int)((double)x->factor * 100 + 0.5) / 100,
                       (int)((double)x->factor * 100 + 0.5) % 100);
        break;
    case PIQ_CONTROL_DAYS_OFF:
        piq_buf_printf(out, "%u day%s off", x->n_days,
                       x->n_days == 1 ? "" : "s");
        break;
    case PIQ_CONTROL_FREEZE:
        piq_buf_add_z(out, "today's steps frozen");
        break;
    case PIQ_CONTROL_UNDO:
        piq_buf_add_z(out, "undo");
        break;
    }
}
