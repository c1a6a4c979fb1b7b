#include "engine/tastes.h"

#include "base/log.h"
#include "engine/engine_internal.h"
#include "insight/inputs.h"

#include <stdlib.h>

struct piq_taste_hold {
    atomic_uint refs;
    uint32_t version;
    piq_taste *model;
};

void piq_taste_release(piq_taste_hold *h)
{
    if (h && atomic_fetch_sub(&h->refs, 1) == 1) {
        piq_taste_free(h->model);
        free(h);
    }
}

piq_taste_hold *piq_engine_taste(piq_engine *e)
{
    pthread_mutex_lock(&e->policy_lock);
    piq_taste_hold *h = e->taste;
    if (h)
        atomic_fetch_add(&h->refs, 1);
    pthread_mutex_unlock(&e->policy_lock);
    return h;
}

uint32_t piq_taste_version(const piq_taste_hold *h)
{
    return h ? h->version : 0;
}

/* ---- taking it from the registry ----------------------------------------- */

static piq_status read_version(piq_engine *e, uint32_t version,
                               piq_taste_hold **out, piq_err *err)
{
    piq_arena a;
    piq_model_row row;
    piq_taste_hold *h = calloc(1, sizeof *h);
    if (!h)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a taste model");
    piq_arena_init(&a, (size_t)1 << 30);
    atomic_init(&h->refs, 1);
    h->version = version;
    piq_status status =
        e->store->ops->model(e->store, &a, PIQ_MODEL_TASTE, version, &row, err);
    if (status == PIQ_OK)
        status = piq_taste_decode(row.body, &h->model, err);
    piq_arena_release(&a);
    if (status)
        free(h);
    else
        *out = h;
    return status;
}

piq_status piq_engine_taste_version(piq_engine *e, uint32_t version,
                                    piq_taste_hold **out, piq_err *err)
{
    *out = NULL;
    if (!version)
        return PIQ_OK;
    piq_taste_hold *now = piq_engine_taste(e);
    if (piq_taste_version(now) == version) {
        *out = now;
        return PIQ_OK;
    }
    piq_taste_release(now);
    return read_version(e, version, out, err);
}

static void put_in_force(piq_engine *e, uint32_t number, piq_taste_hold *h)
{
    pthread_mutex_lock(&e->policy_lock);
    piq_taste_hold *old = e->taste;
    e->taste = h;
    e->taste_champion = number;
    pthread_mutex_unlock(&e->policy_lock);
    piq_taste_release(old);
    piq_log_field fields[] = {piq_log_int("taste", piq_taste_version(h))};
    piq_log(PIQ_LOG_INFO, 0, "taste model in force", fields, 1);
}

/* Once for each row: it will not be any better the next second. */
static piq_status refuse(piq_engine *e, uint32_t number, const piq_err *why)
{
    pthread_mutex_lock(&e->policy_lock);
    e->taste_champion = number;
    pthread_mutex_unlock(&e->policy_lock);
    piq_log_err(0, "a taste model cannot be read, the one before stays", why);
    return PIQ_OK;
}

piq_status piq_engine_adopt_taste(piq_engine *e, piq_err *err)
{
    uint32_t number, version;
    piq_taste_hold *h = NULL;
    piq_err why = {0};
    piq_status status = e->store->ops->champion(e->store, PIQ_MODEL_TASTE,
                                                &number, &version, err);
    pthread_mutex_lock(&e->policy_lock);
    bool same = e->taste_champion == number;
    pthread_mutex_unlock(&e->policy_lock);
    if (status || same)
        return status;
    status = piq_engine_taste_version(e, version, &h, &why);
    if (status == PIQ_ECORRUPT || status == PIQ_EINVAL ||
        status == PIQ_ENOTFOUND || status == PIQ_ELIMIT)
        return refuse(e, number, &why);
    if (status) {
        if (err)
            *err = why;
        return status;
    }
    put_in_force(e, number, h);
    return PIQ_OK;
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
