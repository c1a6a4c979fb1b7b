#include "support/memory_store_data.h"

static void drop(piq_str s)
{
    free((void *)(uintptr_t)s.ptr);
}

void memory_free_slates(memory_data *d)
{
    for (size_t i = 0; i < d->slates.n; i++) {
        piq_slate_record *r = d->slates.at[i];
        drop(r->row.policy);
        drop(r->row.request);
        drop(r->row.candidates);
        free(r);
    }
    free(d->slates.at);
}

void memory_put_slates(memory_data *d, const piq_commit *c,
                       int64_t first_recommendation)
{
    for (size_t i = 0; i < c->n_slates; i++) {
        piq_slate_record *r = memory_zeroed(sizeof *r);
        r->row = c->slates[i];
        r->id = (int64_t)d->slates.n + 1;
        if (r->row.n_recommendations)
            r->first_recommendation =
                first_recommendation + (int64_t)r->row.first_recommendation;
        r->row.first_recommendation = 0;
        r->row.policy = memory_kept(r->row.policy);
        r->row.request = memory_kept(r->row.request);
        r->row.candidates = memory_kept(r->row.candidates);
        memory_list_add(&d->slates, r);
    }
}

static piq_status give(const memory_data *d, piq_arena *a,
                       const piq_slate_record *r, piq_slate_record *out)
{
    piq_outcome *outcomes = piq_new(a, piq_outcome, r->row.n_recommendations);
    *out = *r;
    if (!outcomes)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < r->row.n_recommendations; i++) {
        const piq_recommendation_row *x = memory_offer_of(
            d, r->row.user, r->first_recommendation + (int64_t)i);
        outcomes[i] = (piq_outcome){x->action, x->feedback_score};
    }
    out->outcomes = outcomes;
    return memory_give(a,
                       (piq_str *[]){&out->row.policy, &out->row.request,
                                     &out->row.candidates},
                       3);
}

/* Rows whose position is their number stay, as nobody's. */
static void forget_slate(const memory_data *d, piq_slate_record *r)
{
    for (size_t i = 0; i < r->row.n_recommendations; i++) {
        piq_recommendation_row *x =
            d->offers.at[(size_t)r->first_recommendation + i - 1];
        drop(x->reasoning);
        x->reasoning = memory_kept(PIQ_STR(""));
    }
    drop(r->row.candidates);
    r->row.candidates = memory_kept(PIQ_STR(""));
    r->row.user.v = 0;
}

static bool was_stopped(const memory_data *d, const piq_exposure_row *x,
                        int64_t before_us)
{
    if (x->experiment < 1)
        return false;
    const piq_experiment_row *e = d->experiments.at[x->experiment - 1];
    return e->stopped_us < before_us;
}

piq_status memory_forget_log(piq_store *s, int64_t before_us, size_t limit,
                             bool *more, piq_err *err)
{
    memory_data *d;
    size_t n_seen = 0, n_slates = 0, n_exposures = 0;
    piq_status status = memory_begin_quietly(s, &d);
    if (status)
        return status;
    for (size_t i = 0; i < d->slates.n && n_seen < limit; i++) {
        piq_slate_record *r = d->slates.at[i];
        n_seen += r->row.user.v != 0;
        if (!r->row.user.v || r->row.served_us >= before_us)
            continue;
        forget_slate(d, r);
        n_slates++;
    }
    for (size_t i = 0; i < d->exposures.n && n_exposures < limit; i++) {
        piq_exposure_row *x = d->exposures.at[i];
        if (!was_stopped(d, x, before_us))
            continue;
        x->user.v = 0;
        x->experiment = -1;
        n_exposures++;
    }
    *more = n_slates >= limit || n_exposures >= limit;
    return memory_end(d, PIQ_OK, err);
}

/* Asked for in the background: counts for no read. */
piq_status memory_slates_after(piq_store *s, piq_arena *a, int64_t after,
                               size_t limit, piq_slate_record **out, size_t *n,
                               piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_slate_record, d->slates.n);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = (size_t)after; i < d->slates.n && *n < limit && !status;
         i++) {
        const piq_slate_record *r = d->slates.at[i];
        if (r->row.user.v)
            status = give(d, a, r, &(*out)[(*n)++]);
    }
    return memory_end(d, status, err);
}

piq_status memory_slate_of(piq_store *s, piq_arena *a, int64_t recommendation,
                           piq_slate_record *out, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    status = PIQ_ENOTFOUND;
    for (size_t i = 0; i < d->slates.n; i++) {
        const piq_slate_record *r = d->slates.at[i];
        int64_t at = recommendation - r->first_recommendation;
        if (r->row.user.v && at >= 0 && at < (int64_t)r->row.n_recommendations)
            status = give(d, a, r, out);
    }
    return memory_end(d, status, err);
}
