#include "engine/policy.h"

#include "engine/engine_internal.h"

#include <stdlib.h>

/* A content counts like the mean of all until it has had so many outcomes. */
static const double PRIOR_OUTCOMES = 8;
static const double NOTHING_KNOWN = 0.5;

struct piq_policy_hold {
    piq_hold hold;
    piq_recommend_policy policy;
    piq_content_tally *tally; /* by content id */
    size_t n_tally;
    double mean; /* reward over all */
};

void piq_policy_release(piq_policy_hold *h)
{
    piq_hold_release((piq_hold *)h);
}

piq_policy_hold *piq_engine_policy(piq_engine *e)
{
    return (piq_policy_hold *)piq_in_force_now(&e->policy);
}

uint32_t piq_policy_version(const piq_policy_hold *h)
{
    return piq_hold_version((const piq_hold *)h);
}

void piq_policy_weights(const piq_policy_hold *h, piq_recommend_policy *out)
{
    if (h)
        *out = h->policy;
    else
        piq_recommend_by_hand(out);
    out->version = piq_policy_version(h);
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

static void free_policy(piq_hold *hold)
{
    piq_policy_hold *h = (piq_policy_hold *)hold;
    free(h->tally);
    free(h);
}

static piq_policy_hold *make(const piq_policy_body *body)
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
    piq_recommend_by_hand(&h->policy);
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

static piq_status read_policy(piq_arena *a, piq_str bytes, piq_hold **out,
                              piq_err *err)
{
    piq_policy_body body;
    piq_status status = piq_policy_body_read(a, bytes, &body, err);
    if (status)
        return status;
    piq_policy_hold *h = make(&body);
    if (!h)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a policy");
    *out = &h->hold;
    return PIQ_OK;
}

static piq_hold_kind policy_kind(void)
{
    return (piq_hold_kind){.kind = PIQ_MODEL_POLICY,
                           .name = "policy",
                           .in_force = "recommendation policy in force",
                           .refused =
                               "a policy cannot be read, the one before stays",
                           .read = read_policy,
                           .free = free_policy};
}

piq_status piq_engine_policy_version(piq_engine *e, uint32_t version,
                                     piq_policy_hold **out, piq_err *err)
{
    piq_hold_kind kind = policy_kind();
    piq_hold *h;
    piq_status status =
        piq_in_force_version(&e->policy, e->store, &kind, version, &h, err);
    *out = (piq_policy_hold *)h;
    return status;
}

piq_status piq_engine_adopt_policy(piq_engine *e, piq_err *err)
{
    piq_hold_kind kind = policy_kind();
    return piq_in_force_adopt(&e->policy, e->store, &kind, err);
}
