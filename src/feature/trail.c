#include "feature/trail.h"

#include <stdlib.h>

enum { MAX_RUN = PIQ_CASE_WRONG_6 - PIQ_CASE_WRONG_1 + 1 };

piq_attempt_context piq_attempt_context_of(piq_attempt_case c)
{
    switch (c) {
    case PIQ_CASE_FIRST:
        return PIQ_FIRST_TRY;
    case PIQ_CASE_WRONG_1:
    case PIQ_CASE_WRONG_2:
    case PIQ_CASE_WRONG_3:
    case PIQ_CASE_WRONG_4:
    case PIQ_CASE_WRONG_5:
    case PIQ_CASE_WRONG_6:
    case PIQ_CASE_BACK_WRONG:
    case PIQ_CASE_REPEAT_WRONG:
        return PIQ_AFTER_WRONG;
    case PIQ_CASE_RIGHT:
    case PIQ_CASE_BACK_RIGHT:
    case PIQ_CASE_REPEAT_RIGHT:
        return PIQ_AFTER_RIGHT;
    }
    PIQ_ASSERT(false); /* not a case */
    return PIQ_FIRST_TRY;
}

/* --- memory ------------------------------------------------------------- */

piq_status piq_trail_init(piq_trail *t, size_t n_concepts)
{
    piq_trail_concept *concepts = NULL;
    uint16_t *practised = NULL;
    size_t room = n_concepts ? n_concepts : 1;
    if (!piq_alloc_should_fail())
        concepts = calloc(room, sizeof *concepts);
    if (!piq_alloc_should_fail())
        practised = calloc(room, sizeof *practised);
    if (!concepts || !practised) {
        free(concepts);
        free(practised);
        return PIQ_ENOMEM;
    }
    *t = (piq_trail){
        .concepts = concepts, .practised = practised, .n_concepts = n_concepts};
    piq_trail_clear(t);
    return PIQ_OK;
}

void piq_trail_release(piq_trail *t)
{
    free(t->concepts);
    free(t->practised);
    *t = (piq_trail){0};
}

void piq_trail_clear(piq_trail *t)
{
    for (size_t i = 0; i < t->n_practised; i++)
        t->concepts[t->practised[i]] = (piq_trail_concept){0};
    t->n = t->rights = t->outcomes = t->n_items = 0;
    for (size_t i = 0; i < PIQ_TRAIL_RUNS; i++) {
        t->runs[i] = PIQ_NO_IX32;
        t->topics[i] = PIQ_NO_IX16;
        t->run_end[i] = t->topic_end[i] = PIQ_RUN_NONE;
    }
    t->last_concept = PIQ_NO_IX16;
    t->last_score = 0.0f;
    t->n_practised = 0;
}

void piq_trail_copy(piq_trail *to, const piq_trail *from)
{
    PIQ_ASSERT(to->n_concepts >= from->n_concepts);
    piq_trail_clear(to);
    piq_trail_concept *concepts = to->concepts;
    uint16_t *practised = to->practised;
    size_t n_concepts = to->n_concepts;
    *to = *from;
    to->concepts = concepts;
    to->practised = practised;
    to->n_concepts = n_concepts;
    for (size_t i = 0; i < from->n_practised; i++) {
        uint16_t k = from->practised[i];
        to->practised[i] = k;
        to->concepts[k] = from->concepts[k];
    }
}

/* --- looking ------------------------------------------------------------- */

static uint32_t place_of(const piq_trail *t, uint32_t item)
{
    uint32_t n = t->n_items;
    for (uint32_t i = 0; i < n; i++) {
        if (t->items[i] == item)
            return i;
    }
    return PIQ_NO_IX32;
}

const piq_trail_item *piq_trail_find(const piq_trail *t, piq_item_ix item)
{
    if (item.v == PIQ_NO_IX32)
        return NULL;
    uint32_t at = place_of(t, item.v);
    return at == PIQ_NO_IX32 ? NULL : &t->met[at];
}

bool piq_trail_is_repeat(const piq_trail *t, const piq_ask *ask)
{
    return ask->item.v != PIQ_NO_IX32 && t->runs[0] == ask->item.v &&
           t->last_concept != piq_ask_main_concept(ask);
}

static piq_attempt_case case_of(const piq_trail *t, const piq_ask *ask)
{
    const piq_trail_item *met = piq_trail_find(t, ask->item);
    if (!met)
        return PIQ_CASE_FIRST;
    if (piq_trail_is_repeat(t, ask))
        return met->last_right ? PIQ_CASE_REPEAT_RIGHT : PIQ_CASE_REPEAT_WRONG;
    if (t->runs[0] != ask->item.v)
        return met->last_right ? PIQ_CASE_BACK_RIGHT : PIQ_CASE_BACK_WRONG;
    if (met->last_right)
        return PIQ_CASE_RIGHT;
    uint32_t run = met->wrong_run < MAX_RUN ? met->wrong_run : MAX_RUN;
    return (piq_attempt_case)(PIQ_CASE_WRONG_1 + (int)run - 1);
}

/* The latest of n outcomes as digits of base 3. */
static uint8_t digits(uint32_t outcomes, uint32_t n, unsigned n_digits)
{
    unsigned code = 0, unit = 1;
    for (unsigned i = 0; i < n_digits && i < n; i++, unit *= 3)
        code += unit * (1 + ((outcomes >> i) & 1));
    return (uint8_t)code;
}

static uint8_t practice_of(uint32_t n)
{
    static const uint32_t below[PIQ_N_PRACTICES - 1] = {1, 2, 3, 5, 8, 13, 21};
    uint8_t k = 0;
    while (k < PIQ_N_PRACTICES - 1 && n >= below[k])
        k++;
    return k;
}

void piq_trail_situation(const piq_trail *t, const piq_ask *ask,
                         piq_situation *out)
{
    uint16_t concept = piq_ask_main_concept(ask);
    PIQ_ASSERT(concept < t->n_concepts);
    const piq_trail_concept *k = &t->concepts[concept];
    bool same = ask->item.v != PIQ_NO_IX32 && t->runs[0] == ask->item.v;
    bool on = t->topics[0] == concept;
    *out = (piq_situation){
        .item = ask->item.v,
        .before = t->runs[same],
        .before_2 = t->runs[same + 1],
        .before_2_end = t->run_end[same + 1],
        .concept = concept,
        .before_concept = t->last_concept,
        .at = (uint8_t)case_of(t, ask),
        .before_end = t->run_end[same],
        .last_end = t->run_end[0],
        .form = (uint8_t)(t->run_end[same] * 3 + digits(k->outcomes, k->n, 1)),
        .pattern = digits(k->outcomes, k->n, 3),
        .practice = practice_of(k->n),
        .topic = t->topics[on],
        .topic_2 = t->topics[on + 1],
        .topic_end = t->topic_end[on],
        .topic_2_end = t->topic_end[on + 1],
    };
}

/* --- folding ------------------------------------------------------------- */

/* The item's cell, a new one or that of the item met longest ago. */
static piq_trail_item *meet_item(piq_trail *t, uint32_t item)
{
    uint32_t at = place_of(t, item);
    if (at != PIQ_NO_IX32)
        return &t->met[at];
    at = t->n_items;
    if (at == PIQ_TRAIL_ITEMS) {
        at = 0;
        for (uint32_t i = 1; i < PIQ_TRAIL_ITEMS; i++) {
            if (t->met[i].last < t->met[at].last)
                at = i;
        }
    } else {
        t->n_items++;
    }
    t->items[at] = item;
    t->met[at] = (piq_trail_item){0};
    return &t->met[at];
}

static uint8_t end_after(uint8_t end, bool right)
{
    if (!right)
        return PIQ_RUN_WRONG;
    bool clean = end == PIQ_RUN_NONE || end == PIQ_RUN_RIGHT;
    return clean ? PIQ_RUN_RIGHT : PIQ_RUN_CORRECTED;
}

static void note_topic(piq_trail *t, bool right)
{
    if (t->topics[0] != t->last_concept) {
        for (size_t i = PIQ_TRAIL_RUNS - 1; i > 0; i--) {
            t->topics[i] = t->topics[i - 1];
            t->topic_end[i] = t->topic_end[i - 1];
        }
        t->topics[0] = t->last_concept;
        t->topic_end[0] = PIQ_RUN_NONE;
    }
    t->topic_end[0] = end_after(t->topic_end[0], right);
}

static void note_concepts(piq_trail *t, const piq_ask *ask, bool right)
{
    for (size_t i = 0; i < ask->n_concepts; i++) {
        uint16_t at = ask->concepts[i].concept.v;
        PIQ_ASSERT(at < t->n_concepts);
        piq_trail_concept *k = &t->concepts[at];
        if (k->n == 0)
            t->practised[t->n_practised++] = at;
        k->n++;
        k->rights += right;
        k->outcomes = (uint8_t)(k->outcomes << 1 | right);
        k->last = t->n;
    }
    t->last_concept = piq_ask_main_concept(ask);
    note_topic(t, right);
}

static void note_item(piq_trail *t, const piq_ask *ask, bool right)
{
    uint32_t item = ask->item.v;
    if (item == PIQ_NO_IX32 || item != t->runs[0]) {
        for (size_t i = PIQ_TRAIL_RUNS - 1; i > 0; i--) {
            t->runs[i] = t->runs[i - 1];
            t->run_end[i] = t->run_end[i - 1];
        }
        t->runs[0] = item;
        t->run_end[0] = PIQ_RUN_NONE;
    }
    t->run_end[0] = end_after(t->run_end[0], right);
    if (item == PIQ_NO_IX32)
        return;
    piq_trail_item *met = meet_item(t, item);
    met->tries++;
    met->rights += right;
    met->wrong_run = right ? 0 : met->wrong_run + 1;
    met->last = t->n;
    met->last_right = right;
    if (ask->at_us != PIQ_NO_TIME && ask->at_us > 0)
        met->last_s = (uint32_t)(ask->at_us / 1000000);
}

bool piq_trail_answer(piq_trail *t, const piq_ask *ask, float score)
{
    bool right = score > 0.5f;
    if (piq_trail_is_repeat(t, ask) && score == t->last_score) {
        note_concepts(t, ask, right);
        return false;
    }
    t->n++;
    t->rights += right;
    t->outcomes = t->outcomes << 1 | right;
    note_item(t, ask, right);
    note_concepts(t, ask, right);
    t->last_score = score;
    return true;
}

/* --- the stored form -------------------------------------------------------
 * n; rights; outcomes; last score; the runs; the last concept; items, each as
 * position, tries, rights, wrong run, answers ago, seconds, last outcome;
 * concepts in order of meeting, each as position, n, rights, answers ago,
 * outcomes. */

void piq_trail_encode(const piq_trail *t, piq_buf *out)
{
    piq_buf_put_varint(out, t->n);
    piq_buf_put_varint(out, t->rights);
    piq_buf_put_u32(out, t->outcomes);
    piq_buf_put_f32(out, t->last_score);
    for (size_t i = 0; i < PIQ_TRAIL_RUNS; i++) {
        /* Absence, the greatest number, is written as 0. */
        piq_buf_put_varint(out, (uint32_t)(t->runs[i] + 1));
        piq_buf_put_varint(out, (uint16_t)(t->topics[i] + 1));
        piq_buf_put_u8(
            out, (uint8_t)(t->run_end[i] * PIQ_N_RUN_ENDS + t->topic_end[i]));
    }
    piq_buf_put_varint(out, (uint16_t)(t->last_concept + 1));
    piq_buf_put_varint(out, t->n_items);
    uint32_t last_s = 0;
    for (size_t i = 0; i < t->n_items; i++) {
        const piq_trail_item *x = &t->met[i];
        piq_buf_put_varint(out, t->items[i]);
        piq_buf_put_varint(out, (uint64_t)x->tries << 1 | x->last_right);
        piq_buf_put_varint(out, x->rights);
        piq_buf_put_varint(out, x->wrong_run);
        piq_buf_put_varint(out, t->n - x->last);
        piq_buf_put_svarint(out, (int64_t)x->last_s - last_s);
        last_s = x->last_s;
    }
    piq_buf_put_varint(out, t->n_practised);
    for (size_t i = 0; i < t->n_practised; i++) {
        const piq_trail_concept *k = &t->concepts[t->practised[i]];
        piq_buf_put_varint(out, t->practised[i]);
        piq_buf_put_varint(out, k->n);
        piq_buf_put_varint(out, k->rights);
        piq_buf_put_varint(out, t->n - k->last);
        piq_buf_put_u8(out, k->outcomes);
    }
}

/* A number of at most `most`; beyond that the bytes are bad. */
static uint32_t get_u32(piq_reader *in, uint64_t most)
{
    uint64_t v = piq_reader_varint(in);
    if (v > most)
        in->bad = true;
    return in->bad ? 0 : (uint32_t)v;
}

static void get_item(piq_trail *t, size_t i, uint32_t *last_s, piq_reader *in)
{
    piq_trail_item *x = &t->met[i];
    t->items[i] = get_u32(in, PIQ_NO_IX32 - 1);
    uint64_t tries = piq_reader_varint(in);
    x->tries = (uint32_t)(tries >> 1);
    x->last_right = tries & 1;
    x->rights = get_u32(in, x->tries);
    x->wrong_run = get_u32(in, x->tries);
    x->last = t->n - get_u32(in, t->n);
    int64_t step = piq_reader_svarint(in);
    int64_t s =
        step > UINT32_MAX || step < -(int64_t)UINT32_MAX ? -1 : *last_s + step;
    if (tries >> 1 > t->n || tries >> 1 == 0 || s < 0 || s > UINT32_MAX)
        in->bad = true;
    else
        x->last_s = *last_s = (uint32_t)s;
}

static void get_concept(piq_trail *t, size_t i, piq_reader *in)
{
    uint32_t at = get_u32(in, t->n_concepts - 1);
    piq_trail_concept *k = &t->concepts[at];
    if (k->n != 0)
        in->bad = true; /* named twice */
    if (in->bad)
        return;
    t->practised[i] = (uint16_t)at;
    t->n_practised = i + 1;
    k->n = get_u32(in, UINT32_MAX);
    k->rights = get_u32(in, k->n);
    k->last = t->n - get_u32(in, t->n);
    k->outcomes = piq_reader_u8(in);
    if (k->n == 0)
        in->bad = true;
}

bool piq_trail_decode(piq_trail *t, piq_reader *in)
{
    piq_trail_clear(t);
    t->n = get_u32(in, UINT32_MAX);
    t->rights = get_u32(in, t->n);
    t->outcomes = piq_reader_u32(in);
    t->last_score = piq_reader_f32(in);
    for (size_t i = 0; i < PIQ_TRAIL_RUNS; i++) {
        t->runs[i] = get_u32(in, PIQ_NO_IX32) - 1;
        t->topics[i] = (uint16_t)(get_u32(in, t->n_concepts) - 1);
        uint32_t ends = get_u32(in, PIQ_N_RUN_ENDS * PIQ_N_RUN_ENDS - 1);
        t->run_end[i] = (uint8_t)(ends / PIQ_N_RUN_ENDS);
        t->topic_end[i] = (uint8_t)(ends % PIQ_N_RUN_ENDS);
    }
    t->last_concept = (uint16_t)(get_u32(in, t->n_concepts) - 1);
    uint32_t n_items = get_u32(in, PIQ_TRAIL_ITEMS);
    uint32_t last_s = 0;
    for (size_t i = 0; !in->bad && i < n_items; i++)
        get_item(t, i, &last_s, in);
    t->n_items = in->bad ? 0 : n_items;
    uint32_t n_practised = get_u32(in, t->n_concepts);
    for (size_t i = 0; !in->bad && i < n_practised; i++)
        get_concept(t, i, in);
    return !in->bad && t->last_score >= 0.0f && t->last_score <= 1.0f;
}
