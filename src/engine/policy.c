#include "engine/policy.h"

#include "base/log.h"
#include "engine/engine_internal.h"

#include <stdlib.h>

/* A content counts like the mean of all until it has had so many outcomes. */
static const double PRIOR_OUTCOMES = 8;
static const double NOTHING_KNOWN = 0.5;

struct piq_policy_hold {
    atomic_uint refs;
    piq_recommend_policy policy;
    piq_content_tally *tally; /* by content id */
    size_t n_tally;
    double mean; /* reward over all */
};

void piq_policy_release(piq_policy_hold *h)
{
    if (h && atomic_fetch_sub(&h->refs, 1) == 1) {
        free(h->tally);
        free(h);
    }
}

piq_policy_hold *piq_engine_policy(piq_engine *e)
{
    pthread_mutex_lock(&e->policy_lock);
    piq_policy_hold *h = e->policy;
    if (h)
        atomic_fetch_add(&h->refs, 1);
    pthread_mutex_unlock(&e->policy_lock);
    return h;
}

uint32_t piq_policy_version(const piq_policy_hold *h)
{
    return h ? h->policy.version : 0;
}

void piq_policy_weights(const piq_policy_hold *h, piq_recommend_policy *out)
{
    if (h)
        *out = h->policy;
    else
        piq_recommend_by_hand(out);
}

piq_status piq_policy_popularity(const piq_policy_hold *h, piq_arena *a,
                                 const piq_catalogue *c, const double **out)
{
    double *list = piq_new(a, double, c->n_contents);
    if (!list)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < c->n_contents; i++)
        list[i] = h ? h->mean : NOTHING_KNOWN;
    for (size_t i = 0; h && i < h->n_tally; i++) {
        const piq_content_tally *t = &h->tally[i];
        piq_content_ix x;
        if (piq_catalogue_find_content(c, t->content, &x))
            list[x.v] =
                (t->sum + PRIOR_OUTCOMES * h->mean) / (t->n + PRIOR_OUTCOMES);
    }
    *out = list;
    return PIQ_OK;
}

/* ---- taking it from the registry ----------------------------------------- */

static piq_policy_hold *make(uint32_t version, const piq_policy_body *body)
{
    piq_policy_hold *h = calloc(1, sizeof *h);
    double n = 0, sum = 0;
    if (!h)
        return NULL;
    h->tally = calloc(body->n_tally + 1, sizeof *h->tally);
    if (!h->tally) {
        free(h);
        return NULL;
    }
    atomic_init(&h->refs, 1);
    piq_recommend_by_hand(&h->policy);
    h->policy.version = version;
    memcpy(h->policy.weight, body->weight, sizeof body->weight);
    h->n_tally = body->n_tally;
    for (size_t i = 0; i < body->n_tally; i++) {
        h->tally[i] = body->tally[i];
        n += body->tally[i].n;
        sum += body->tally[i].sum;
    }
    h->mean = n > 0 ? sum / n : NOTHING_KNOWN;
    return h;
}

static piq_status read_version(piq_engine *e, uint32_t version,
                               piq_policy_hold **out, piq_err *err)
{
    piq_arena a;
    piq_model_row row;
    piq_policy_body body;
    piq_arena_init(&a, 0);
    piq_status status = e->store->ops->model(e->store, &a, PIQ_MODEL_POLICY,
                                             version, &row, err);
    if (status == PIQ_OK)
        status = piq_policy_body_read(&a, row.body, &body, err);
    if (status == PIQ_OK) {
        *out = make(version, &body);
        if (!*out)
            status = piq_fail(err, PIQ_ENOMEM, "no memory for a policy");
    }
    piq_arena_release(&a);
    return status;
}

piq_status piq_engine_policy_version(piq_engine *e, uint32_t version,
                                     piq_policy_hold **out, piq_err *err)
{
    *out = NULL;
    if (!version)
        return PIQ_OK;
    piq_policy_hold *now = piq_engine_policy(e);
    if (piq_policy_version(now) == version) {
        *out = now;
        return PIQ_OK;
    }
    piq_policy_release(now);
    return read_version(e, version, out, err);
}

static void put_in_force(piq_engine *e, uint32_t number, piq_policy_hold *h)
{
    pthread_mutex_lock(&e->policy_lock);
    piq_policy_hold *old = e->policy;
    e->policy = h;
    e->policy_champion = number;
    pthread_mutex_unlock(&e->policy_lock);
    piq_policy_release(old);
    piq_log_field fields[] = {piq_log_int("policy", piq_policy_version(h))};
    piq_log(PIQ_LOG_INFO, 0, "recommendation policy in force", fields, 1);
}

/* Once for each row: it will not be any better the next second. */
static piq_status refuse(piq_engine *e, uint32_t number, const piq_err *why)
{
    pthread_mutex_lock(&e->policy_lock);
    e->policy_champion = number;
    pthread_mutex_unlock(&e->policy_lock);
    piq_log_err(0, "a policy cannot be read, the one before stays", why);
    return PIQ_OK;
}

piq_status piq_engine_adopt_policy(piq_engine *e, piq_err *err)
{
    uint32_t number, version;
    piq_policy_hold *h = NULL;
    piq_err why = {0};
    piq_status status = e->store->ops->champion(e->store, PIQ_MODEL_POLICY,
                                                &number, &version, err);
    pthread_mutex_lock(&e->policy_lock);
    bool same = e->policy_champion == number;
    pthread_mutex_unlock(&e->policy_lock);
    if (status || same)
        return status;
    status = piq_engine_policy_version(e, version, &h, &why);
    if (status == PIQ_ECORRUPT || status == PIQ_EINVAL ||
        status == PIQ_ENOTFOUND)
        return refuse(e, number, &why);
    if (status) {
        if (err)
            *err = why;
        return status;
    }
    put_in_force(e, number, h);
    return PIQ_OK;
}
