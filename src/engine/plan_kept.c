#include "engine/plan_kept.h"

#include "base/calendar.h"
#include "engine/entry_text.h"
#include "engine/facts.h"

#include <stdio.h>
#include <string.h>

/* ---- marks --------------------------------------------------------------- */

/* What was said to be known counts until it is practised after that was said,
 * so for it, and for it alone, the instant is part of the wish. */
static void write_wish(const piq_kept_control *k, const piq_catalogue *c,
                       piq_json_writer *w)
{
    piq_json_object(w);
    piq_control_write(&k->control, c, w);
    if (k->control.kind == PIQ_CONTROL_KNOWN)
        piq_json_put_time(w, "at", k->at_us);
    piq_json_object_end(w);
}

static piq_status wishes_of(piq_arena *a, const piq_controls *controls,
                            const piq_catalogue *c, int32_t day, uint64_t *out)
{
    piq_kept_control *list =
        piq_new(a, piq_kept_control, controls->n ? PIQ_MAX_CONTROLS : 1);
    piq_buf b;
    piq_json_writer w;
    size_t n = 0;
    if (!list)
        return PIQ_ENOMEM;
    if (controls->n)
        n = piq_controls_in_force(controls, day, list);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_array(&w);
    for (size_t i = 0; i < n; i++)
        write_wish(&list[i], c, &w);
    piq_json_array_end(&w);
    piq_status status = b.status;
    if (status == PIQ_OK)
        *out = piq_hash_bytes(b.ptr, b.len);
    piq_buf_release(&b);
    return status;
}

piq_status piq_plan_mark_of(piq_arena *a, const piq_learner *l,
                            const piq_catalogue *c, int32_t day,
                            piq_plan_mark *out)
{
    uint64_t frame = (uint64_t)c->version << 32 | (uint32_t)day;
    piq_plan_mark mark;
    piq_status status = piq_facts_of(l, &mark.facts);
    if (status == PIQ_OK)
        status = wishes_of(a, &l->controls, c, day, &mark.wishes);
    if (status)
        return status;
    mark.facts = piq_hash_u64(mark.facts ^ piq_hash_u64(frame));
    *out = mark;
    return PIQ_OK;
}

/* ---- the stack ----------------------------------------------------------- */

const piq_kept_plan *piq_kept_plans_find(const piq_kept_plans *k,
                                         uint64_t wishes)
{
    for (size_t i = k->n; i-- > 0;)
        if (k->list[i].mark.wishes == wishes)
            return &k->list[i];
    return NULL;
}

bool piq_kept_plans_has(const piq_kept_plans *k, const piq_kept_plan *x)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->list[i].mark.wishes == x->mark.wishes)
            return true;
    return false;
}

void piq_kept_plans_return(piq_kept_plans *k, const piq_kept_plan *to)
{
    k->n = (size_t)(to - k->list);
}

static void drop(piq_kept_plans *k, size_t i)
{
    k->n--;
    memmove(k->list + i, k->list + i + 1, (k->n - i) * sizeof *k->list);
}

void piq_kept_plans_leave(piq_kept_plans *k, const piq_kept_plan *x)
{
    for (size_t i = k->n; i-- > 0;)
        if (k->list[i].mark.wishes == x->mark.wishes)
            drop(k, i);
    if (k->n == PIQ_MAX_KEPT_PLANS)
        drop(k, 0);
    k->list[k->n++] = *x;
}

void piq_kept_plans_forget(piq_kept_plans *k, int64_t before_us)
{
    for (size_t i = k->n; i-- > 0;)
        if (k->list[i].as_of_us < before_us)
            drop(k, i);
}

/* ---- as text ------------------------------------------------------------- */

/* Sixteen hexadecimal digits between quotes: a number of this size would not
 * come through every reader of JSON. */
static bool read_digest(piq_str object, const char *name, uint64_t *out)
{
    piq_str s = piq_text_member(object, name);
    uint64_t x = 0;
    if (s.len != 18)
        return false;
    for (size_t i = 1; i < 17; i++) {
        const char *digits = "0123456789abcdef";
        const char *at = memchr(digits, s.ptr[i], 16);
        if (!at)
            return false;
        x = x << 4 | (uint64_t)(at - digits);
    }
    *out = x;
    return true;
}

static bool read_mark(piq_str object, piq_plan_mark *out)
{
    return read_digest(object, "facts", &out->facts) &&
           read_digest(object, "wishes", &out->wishes);
}

static bool read_plan(piq_str object, piq_kept_plan *out)
{
    piq_str at = piq_text_member(object, "as_of");
    return read_mark(object, &out->mark) && at.len > 2 &&
           piq_time_parse((piq_str){at.ptr + 1, at.len - 2}, &out->as_of_us);
}

void piq_kept_plans_read(piq_str entry, piq_kept_plans *out)
{
    piq_kept_plans k = {.marked = false};
    piq_str at = piq_text_member(entry, "kept"), one;
    k.marked = piq_text_next(&at, &one) && read_mark(one, &k.own);
    while (k.marked && k.n < PIQ_MAX_KEPT_PLANS && piq_text_next(&at, &one) &&
           read_plan(one, &k.list[k.n]))
        k.n++;
    *out = k;
}

static void format_digest(uint64_t x, char text[PIQ_KEPT_KEY_BYTES])
{
    snprintf(text, PIQ_KEPT_KEY_BYTES, "%016llx", (unsigned long long)x);
}

void piq_kept_plan_key(const piq_kept_plan *x, char key[PIQ_KEPT_KEY_BYTES])
{
    format_digest(x->mark.wishes, key);
}

static void put_digest(piq_json_writer *w, const char *name, uint64_t x)
{
    char text[PIQ_KEPT_KEY_BYTES];
    format_digest(x, text);
    piq_json_put_z(w, name, text);
}

static void write_mark(const piq_plan_mark *mark, piq_json_writer *w)
{
    piq_json_object(w);
    put_digest(w, "facts", mark->facts);
    put_digest(w, "wishes", mark->wishes);
}

void piq_kept_plans_write(const piq_kept_plans *k, piq_json_writer *w)
{
    piq_json_array(w);
    write_mark(&k->own, w);
    piq_json_object_end(w);
    for (size_t i = 0; i < k->n; i++) {
        write_mark(&k->list[i].mark, w);
        piq_json_put_time(w, "as_of", k->list[i].as_of_us);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}
