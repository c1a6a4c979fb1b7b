#include "support/memory_store_data.h"

static void drop(piq_str s)
{
    free((void *)(uintptr_t)s.ptr);
}

void memory_free_policies(memory_data *d)
{
    for (size_t i = 0; i < d->rules.n; i++) {
        piq_rules_row *r = d->rules.at[i];
        drop(r->document);
        free(r);
    }
    for (size_t i = 0; i < d->experiments.n; i++) {
        piq_experiment_row *x = d->experiments.at[i];
        drop(x->name);
        drop(x->document);
        drop(x->stop_reason);
        free(x);
    }
    for (size_t i = 0; i < d->exposures.n; i++)
        free(d->exposures.at[i]);
    free(d->rules.at);
    free(d->experiments.at);
    free(d->exposures.at);
}

/* ---- rules ------------------------------------------------------------- */

piq_status memory_put_rules(piq_store *s, const piq_rules_row *row,
                            piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    if (!memory_is_json(row->document))
        return memory_end(d, PIQ_EINVAL, err);
    if (row->version != d->rules.n + 1)
        return memory_end(d, PIQ_ESTALE, err);
    piq_rules_row *r = memory_zeroed(sizeof *r);
    *r = *row;
    r->document = memory_kept(row->document);
    memory_list_add(&d->rules, r);
    return memory_end(d, PIQ_OK, err);
}

piq_status memory_rules(piq_store *s, piq_arena *a, uint32_t version,
                        piq_rules_row *out, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    size_t at = version ? version : d->rules.n;
    if (at < 1 || at > d->rules.n)
        return memory_end(d, PIQ_ENOTFOUND, err);
    piq_rules_row row = *(const piq_rules_row *)d->rules.at[at - 1];
    status = memory_give(a, (piq_str *[]){&row.document}, 1);
    if (status == PIQ_OK)
        *out = row;
    return memory_end(d, status, err);
}

piq_status memory_rule_versions(piq_store *s, piq_arena *a, size_t limit,
                                piq_rules_row **out, size_t *n, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_rules_row, d->rules.n);
    for (size_t i = d->rules.n; *out && i-- > 0 && *n < limit;) {
        (*out)[*n] = *(const piq_rules_row *)d->rules.at[i];
        (*out)[(*n)++].document = (piq_str){NULL, 0};
    }
    return memory_end(d, *out ? PIQ_OK : PIQ_ENOMEM, err);
}

piq_status memory_shown(piq_store *s, piq_arena *a, piq_user_id user,
                        int64_t since_us, size_t limit, piq_shown **out,
                        size_t *n, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_shown, d->offers.n);
    for (size_t i = d->offers.n; *out && i-- > 0 && *n < limit;) {
        const piq_recommendation_row *r = d->offers.at[i];
        if (r->user.v != user.v)
            continue;
        if (r->recommended_us < since_us)
            break;
        (*out)[(*n)++] =
            (piq_shown){r->id, r->content, r->recommended_us, r->action};
    }
    return memory_end(d, *out ? PIQ_OK : PIQ_ENOMEM, err);
}

/* ---- experiments ------------------------------------------------------- */

piq_status memory_put_experiment(piq_store *s, piq_experiment_row *row,
                                 piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    if (!row->name.len || !memory_is_json(row->document))
        return memory_end(d, PIQ_EINVAL, err);
    for (size_t i = 0; i < d->experiments.n; i++) {
        const piq_experiment_row *x = d->experiments.at[i];
        if (x->stopped_us == INT64_MAX && piq_str_eq(x->name, row->name))
            return memory_end(d, PIQ_ECONFLICT, err);
    }
    piq_experiment_row *x = memory_zeroed(sizeof *x);
    row->id = (int64_t)d->experiments.n + 1;
    row->stopped_us = INT64_MAX;
    *x = *row;
    x->name = memory_kept(row->name);
    x->document = memory_kept(row->document);
    x->stop_reason = memory_kept(PIQ_STR(""));
    memory_list_add(&d->experiments, x);
    return memory_end(d, PIQ_OK, err);
}

piq_status memory_stop_experiment(piq_store *s, int64_t id, int64_t at_us,
                                  piq_str reason, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    if (id < 1 || (size_t)id > d->experiments.n)
        return memory_end(d, PIQ_ENOTFOUND, err);
    piq_experiment_row *x = d->experiments.at[id - 1];
    if (x->stopped_us != INT64_MAX)
        return memory_end(d, PIQ_ECONFLICT, err);
    x->stopped_us = at_us;
    drop(x->stop_reason);
    x->stop_reason = memory_kept(reason);
    return memory_end(d, PIQ_OK, err);
}

piq_status memory_experiments(piq_store *s, piq_arena *a,
                              piq_experiment_row **out, size_t *n, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    *n = d->experiments.n;
    *out = piq_new(a, piq_experiment_row, *n);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < *n && status == PIQ_OK; i++) {
        piq_experiment_row *x = &(*out)[i];
        *x = *(const piq_experiment_row *)d->experiments.at[i];
        status = memory_give(
            a, (piq_str *[]){&x->name, &x->document, &x->stop_reason}, 3);
    }
    return memory_end(d, status, err);
}

/* Called with the lock held. */
void memory_put_exposures(memory_data *d, const piq_commit *c,
                          int64_t first_recommendation)
{
    for (size_t i = 0; i < c->n_exposures; i++) {
        piq_exposure_row *x = memory_zeroed(sizeof *x);
        *x = c->exposures[i];
        x->id = (int64_t)d->exposures.n + 1;
        x->first_recommendation =
            x->n_recommendations
                ? x->first_recommendation + first_recommendation
                : 0;
        memory_list_add(&d->exposures, x);
    }
}

static piq_status give_outcomes(const memory_data *d, piq_arena *a,
                                piq_exposure_row *x)
{
    piq_outcome *o = piq_new(a, piq_outcome, x->n_recommendations);
    for (size_t i = 0; o && i < x->n_recommendations; i++) {
        const piq_recommendation_row *r =
            d->offers.at[(size_t)x->first_recommendation - 1 + i];
        o[i] = (piq_outcome){r->action, r->feedback_score};
    }
    x->outcomes = o;
    return o ? PIQ_OK : PIQ_ENOMEM;
}

piq_status memory_exposures(piq_store *s, piq_arena *a, int64_t experiment,
                            int64_t after, size_t limit, piq_exposure_row **out,
                            size_t *n, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_exposure_row, d->exposures.n);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < d->exposures.n && *n < limit && !status; i++) {
        const piq_exposure_row *x = d->exposures.at[i];
        if (x->experiment != experiment || x->id <= after)
            continue;
        (*out)[*n] = *x;
        status = give_outcomes(d, a, &(*out)[(*n)++]);
    }
    return memory_end(d, status, err);
}

piq_status memory_policy_marks(piq_store *s, uint32_t *rules,
                               uint64_t *experiments, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_models(s, &d, err);
    if (status)
        return status;
    *rules = (uint32_t)d->rules.n;
    *experiments = d->experiments.n;
    for (size_t i = 0; i < d->experiments.n; i++) {
        const piq_experiment_row *x = d->experiments.at[i];
        *experiments += x->stopped_us != INT64_MAX;
    }
    return memory_end(d, PIQ_OK, err);
}
