/* eval_kt.c - see eval_kt.h. */
#include "train/eval_kt.h"

#include "base/clock.h"
#include "train/kt_live.h"
#include "train/kt_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t stage_from[PIQ_KT_STAGES + 1] = {
    0, 5, 10, 20, 50, 100, 200, UINT32_MAX};

/* What is measured on a fold's test rows. */
typedef struct tested {
    piq_arena arena;
    piq_kt_set set;
    double *logits[PIQ_N_MEMBERS];
    double *p;
    bool *repeat;    /* [n_rows] */
    bool *not_stage; /* [n_rows] */
} tested;

static piq_kt_role *deal_roles(piq_arena *a, const piq_kt_data *d,
                               unsigned fold)
{
    unsigned valid = (fold + 1) % d->n_parts;
    piq_kt_role *role = piq_new(a, piq_kt_role, d->n_learners);
    for (size_t i = 0; role && i < d->n_learners; i++)
        role[i] = d->part[i] == fold    ? PIQ_KT_TEST
                  : d->part[i] == valid ? PIQ_KT_VALID
                                        : PIQ_KT_TRAIN;
    return role;
}

/* The set's rows stand in the order of the data's test learners. */
static piq_status mark_repeats(tested *t, const piq_kt_data *d,
                               const piq_kt_role *role)
{
    size_t row = 0;
    t->repeat = piq_new(&t->arena, bool, t->set.n_rows);
    if (!t->repeat)
        return PIQ_ENOMEM;
    for (size_t l = 0; l < d->n_learners; l++) {
        if (role[l] != PIQ_KT_TEST)
            continue;
        for (size_t i = d->first[l]; i < d->first[l + 1]; i++, row++)
            t->repeat[row] = i > d->first[l] && piq_kt_data_is_repeat(d, i);
    }
    return PIQ_OK;
}

static piq_status score_stages(tested *t, piq_kt_fold *out)
{
    t->not_stage = piq_new(&t->arena, bool, t->set.n_rows);
    if (!t->not_stage)
        return PIQ_ENOMEM;
    for (int k = 0; k < PIQ_KT_STAGES; k++) {
        piq_kt_stage *s = &out->stages[k];
        s->from = stage_from[k];
        s->below = stage_from[k + 1];
        for (size_t l = 0; l < t->set.n_learners; l++)
            for (size_t i = t->set.first[l]; i < t->set.first[l + 1]; i++) {
                size_t seen = i - t->set.first[l];
                t->not_stage[i] = seen < s->from || seen >= s->below;
            }
        if (piq_kt_score_of(t->p, t->set.y, t->not_stage, t->set.n_rows,
                            &s->score))
            return PIQ_ENOMEM;
    }
    return PIQ_OK;
}

/* Each member as it is, with its own calibration on no rows at all. */
static piq_status score_members(tested *t, piq_kt_fold *out)
{
    size_t n = t->set.n_rows;
    double *p = piq_new(&t->arena, double, n);
    if (!p)
        return PIQ_ENOMEM;
    for (int k = 0; k < PIQ_N_MEMBERS; k++) {
        piq_kt_score clean;
        out->has_member[k] = t->logits[k] != NULL;
        out->member_no_repeat_auc[k] = NAN;
        if (!t->logits[k])
            continue;
        for (size_t i = 0; i < n; i++)
            p[i] = 1 / (1 + exp(-t->logits[k][i]));
        if (piq_kt_score_of(p, t->set.y, NULL, n, &out->members[k]) ||
            piq_kt_score_of(p, t->set.y, t->repeat, n, &clean))
            return PIQ_ENOMEM;
        out->member_no_repeat_auc[k] = clean.auc;
    }
    return PIQ_OK;
}

/* As a new part of a data set would be scored: from answers to chances. */
static piq_status score_batch(tested *t, const piq_kt_data *d,
                              const piq_kt_role *role, const piq_kt_model *m,
                              unsigned threads, double *took_s, piq_err *err)
{
    int64_t start = piq_clock_monotonic_ns();
    piq_status status =
        piq_kt_rows_with(d, role, PIQ_KT_TEST, m->items, threads, &t->set, err);
    if (status)
        return status;
    t->p = piq_new(&t->arena, double, t->set.n_rows);
    status = piq_kt_score_members(&t->arena, m, &t->set, threads, t->logits);
    if (status || !t->p)
        return piq_fail(err, PIQ_ENOMEM, "no memory to score test learners");
    piq_kt_score_blend(&m->blend, t->logits, t->set.n_rows, t->p);
    *took_s = (double)(piq_clock_monotonic_ns() - start) / 1e9;
    return PIQ_OK;
}

static piq_status measure(tested *t, piq_kt_fold *out)
{
    size_t n = t->set.n_rows;
    if (piq_kt_score_of(t->p, t->set.y, NULL, n, &out->all) ||
        piq_kt_score_of(t->p, t->set.y, t->repeat, n, &out->no_repeat) ||
        score_stages(t, out))
        return PIQ_ENOMEM;
    return score_members(t, out);
}

static piq_status live_cost(tested *t, const piq_kt_data *d,
                            const piq_kt_role *role, const piq_kt_model *m,
                            double *us)
{
    bool *wanted = piq_new(&t->arena, bool, d->n_learners);
    if (!wanted)
        return PIQ_ENOMEM;
    for (size_t l = 0; l < d->n_learners; l++)
        wanted[l] = role[l] == PIQ_KT_TEST;
    return piq_kt_live_cost(d, m, wanted, us);
}

piq_status piq_kt_eval_fold(const piq_kt_data *d, unsigned fold,
                            const piq_kt_fit_options *o,
                            const piq_fit_watch *watch, piq_kt_fold *out,
                            piq_err *err)
{
    tested t = {0};
    piq_kt_model *m = NULL;
    piq_kt_fold found = {.predict_us = NAN};
    piq_arena_init(&t.arena, (size_t)8 << 30);
    piq_kt_role *role = deal_roles(&t.arena, d, fold);
    piq_status status =
        role ? PIQ_OK : piq_fail(err, PIQ_ENOMEM, "no memory for a fold");
    int64_t start = piq_clock_monotonic_ns();
    if (status == PIQ_OK)
        status = piq_kt_fit(d, role, o, watch, &m, &found.fit, err);
    found.train_s = (double)(piq_clock_monotonic_ns() - start) / 1e9;
    if (status == PIQ_OK) {
        found.blend = m->blend;
        status = score_batch(&t, d, role, m, o->threads, &found.score_s, err);
    }
    if (status == PIQ_OK) {
        status = mark_repeats(&t, d, role);
        if (status == PIQ_OK)
            status = measure(&t, &found);
        if (status == PIQ_OK)
            status = live_cost(&t, d, role, m, &found.predict_us);
        if (status)
            piq_fail(err, status, "no memory to score fold %u", fold + 1);
    }
    if (status == PIQ_OK)
        *out = found;
    piq_kt_set_release(&t.set);
    piq_kt_model_free(m);
    piq_arena_release(&t.arena);
    return status;
}
