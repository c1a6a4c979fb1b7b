#include "engine/tastes.h"

#include "engine/engine_internal.h"
#include "insight/inputs.h"

#include <stdlib.h>

struct piq_taste_hold {
    piq_hold hold;
    piq_taste *model;
};

void piq_taste_release(piq_taste_hold *h)
{
    piq_hold_release((piq_hold *)h);
}

piq_taste_hold *piq_engine_taste(piq_engine *e)
{
    return (piq_taste_hold *)piq_in_force_now(&e->taste);
}

uint32_t piq_taste_version(const piq_taste_hold *h)
{
    return piq_hold_version((const piq_hold *)h);
}

/* ---- taking it from the registry ----------------------------------------- */

static const size_t LARGEST_ROW = (size_t)1 << 30;

static void free_taste(piq_hold *hold)
{
    piq_taste_hold *h = (piq_taste_hold *)hold;
    piq_taste_free(h->model);
    free(h);
}

static piq_status read_taste(piq_arena *a, piq_str bytes, piq_hold **out,
                             piq_err *err)
{
    (void)a;
    piq_taste_hold *h = calloc(1, sizeof *h);
    if (!h)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a taste model");
    piq_status status = piq_taste_decode(bytes, &h->model, err);
    if (status)
        free(h);
    else
        *out = &h->hold;
    return status;
}

static piq_hold_kind taste_kind(void)
{
    return (piq_hold_kind){
        .kind = PIQ_MODEL_TASTE,
        .name = "taste",
        .in_force = "taste model in force",
        .refused = "a taste model cannot be read, the one before stays",
        .arena_bytes = LARGEST_ROW,
        .read = read_taste,
        .free = free_taste};
}

piq_status piq_engine_taste_version(piq_engine *e, uint32_t version,
                                    piq_taste_hold **out, piq_err *err)
{
    piq_hold_kind kind = taste_kind();
    piq_hold *h;
    piq_status status =
        piq_in_force_version(&e->taste, e->store, &kind, version, &h, err);
    *out = (piq_taste_hold *)h;
    return status;
}

piq_status piq_engine_adopt_taste(piq_engine *e, piq_err *err)
{
    piq_hold_kind kind = taste_kind();
    return piq_in_force_adopt(&e->taste, e->store, &kind, err);
}

/* ---- one learner --------------------------------------------------------- */

/* Positions of the model and the catalogue in each other. */
static piq_status pair(piq_arena *a, const piq_taste *m, const piq_catalogue *c,
                       piq_taste_view *v)
{
    size_t n = piq_taste_n_items(m);
    uint32_t *item = piq_new(a, uint32_t, c->n_contents);
    piq_content_ix *content = piq_new(a, piq_content_ix, n);
    if (!item || !content)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        content[i].v = PIQ_NO_IX32;
    for (uint32_t i = 0; i < c->n_contents; i++) {
        item[i] = piq_taste_find(m, c->contents[i].id.v);
        if (item[i] != PIQ_TASTE_NO_ITEM)
            content[item[i]].v = i;
    }
    v->taste.item = item;
    v->taste.content = content;
    return PIQ_OK;
}

static piq_status look(piq_arena *a, const piq_taste *m, const piq_learner *l,
                       const piq_catalogue *c, piq_taste_view *v)
{
    piq_liked_content *liked = piq_new(a, piq_liked_content, c->n_contents);
    float *scores = piq_new(a, float, piq_taste_stride(m));
    double *term = piq_new(a, double, c->n_contents);
    if (!liked || !scores || !term || pair(a, m, c, v))
        return PIQ_ENOMEM;
    size_t n = piq_liked_contents(l, c, liked);
    size_t from = n > PIQ_TASTE_HISTORY ? n - PIQ_TASTE_HISTORY : 0;
    for (size_t i = from; i < n; i++) {
        uint32_t item = v->taste.item[liked[i].content.v];
        if (item != PIQ_TASTE_NO_ITEM)
            piq_taste_add(v->state,
                          (piq_taste_entry){.at_us = liked[i].at_us,
                                            .item = item,
                                            .weight = liked[i].weight});
    }
    piq_taste_scores(v->state, scores);
    for (size_t i = 0; i < c->n_contents; i++)
        term[i] = v->taste.item[i] == PIQ_TASTE_NO_ITEM
                      ? 0.5
                      : piq_taste_term((double)scores[v->taste.item[i]]);
    v->taste.term = term;
    v->taste.state = v->state;
    return PIQ_OK;
}

piq_status piq_taste_look(piq_arena *a, const piq_taste_hold *h,
                          const piq_learner *l, const piq_catalogue *c,
                          piq_taste_view *out)
{
    piq_taste_view v = {.state = NULL};
    if (!h) {
        *out = v;
        return PIQ_OK;
    }
    piq_status status = piq_taste_state_new(h->model, &v.state);
    if (status == PIQ_OK)
        status = look(a, h->model, l, c, &v);
    if (status)
        piq_taste_view_release(&v);
    else
        *out = v;
    return status;
}

void piq_taste_view_release(piq_taste_view *v)
{
    piq_taste_state_free(v->state);
    v->state = NULL;
}
