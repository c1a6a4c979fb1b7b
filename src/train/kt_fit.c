/* kt_fit.c - see kt_fit.h. */
#include "train/kt_fit.h"

#include "train/kt_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

piq_kt_fit_options piq_kt_fit_defaults(void)
{
    return (piq_kt_fit_options){.members = {true, true, true},
                                .lr = *piq_logistic_option_defaults(),
                                .trees = *piq_trees_option_defaults(),
                                .rnn = *piq_recurrent_option_defaults(),
                                .threads = 2,
                                .seed = 1};
}

/* What is built up on the way to a model. */
typedef struct fitting {
    const piq_kt_data *data;
    const piq_kt_role *role;
    const piq_kt_fit_options *o;
    const piq_fit_watch *outer; /* the caller's */
    piq_fit_watch watch;        /* ours: passes on, and remembers a stop */
    bool stopped;
    piq_kt_set train, valid;
    piq_kt_model parts;
    piq_kt_fit_report *report;
} fitting;

static bool on_round(void *ctx, const piq_fit_round *r)
{
    fitting *f = ctx;
    if (f->outer && f->outer->round && !f->outer->round(f->outer->ctx, r))
        f->stopped = true;
    return !f->stopped;
}

/* ---- members ---------------------------------------------------------- */

static piq_status fit_lr(fitting *f, piq_err *err)
{
    piq_logistic_options o = f->o->lr;
    o.threads = f->o->threads;
    return piq_logistic_fit(&f->train, &o, &f->watch, &f->parts.lr, err);
}

/* Without libxgboost there are no trees, and the rest goes on. */
static piq_status fit_trees(fitting *f, piq_err *err)
{
    piq_trees_options o = f->o->trees;
    piq_err why = {0};
    o.threads = f->o->threads;
    o.seed = f->o->seed;
    piq_status status = piq_trees_fit(&f->train, &f->valid, &o, &f->watch,
                                      &f->parts.trees, &why);
    if (status == PIQ_ENOTFOUND) {
        snprintf(f->report->note, sizeof f->report->note, "no trees: %.140s",
                 why.message);
        return PIQ_OK;
    }
    if (status && err)
        *err = why;
    return status;
}

static piq_status fit_rnn(fitting *f, piq_err *err)
{
    piq_recurrent_options o = f->o->rnn;
    o.threads = f->o->threads;
    o.seed = f->o->seed;
    return piq_recurrent_fit(&f->train, &f->valid, &o, &f->watch, &f->parts.rnn,
                             err);
}

static piq_status fit_members(fitting *f, piq_err *err)
{
    typedef piq_status fit_one(fitting *, piq_err *);
    static fit_one *const fits[PIQ_N_MEMBERS] = {fit_lr, fit_trees, fit_rnn};
    piq_status status = PIQ_OK;
    for (int k = 0; k < PIQ_N_MEMBERS && status == PIQ_OK; k++)
        if (f->o->members[k] && !(k > 0 && f->stopped))
            status = fits[k](f, err);
    bool any = f->parts.lr.n_features || f->parts.trees.n_trees || f->parts.rnn;
    if (status == PIQ_OK && !any)
        status = piq_fail(err, PIQ_EINVAL, "no member could be fitted%s%s",
                          f->report->note[0] ? ": " : "", f->report->note);
    return status;
}

/* ---- blend ------------------------------------------------------------ */

static piq_status blend(fitting *f, piq_arena *a)
{
    double *logits[PIQ_N_MEMBERS];
    size_t n = f->valid.n_rows;
    uint32_t *learner = piq_new(a, uint32_t, n);
    double *p = piq_new(a, double, n);
    if (!learner || !p ||
        piq_kt_score_members(a, &f->parts, &f->valid, f->o->threads, logits))
        return PIQ_ENOMEM;
    for (uint32_t l = 0; l < f->valid.n_learners; l++)
        for (size_t i = f->valid.first[l]; i < f->valid.first[l + 1]; i++)
            learner[i] = l;
    piq_blend_rows rows = {.n = n, .y = f->valid.y, .learner = learner};
    for (int k = 0; k < PIQ_N_MEMBERS; k++) {
        rows.logits[k] = logits[k];
        f->report->member_auc[k] = NAN;
        if (logits[k] &&
            piq_auc(a, logits[k], f->valid.y, n, &f->report->member_auc[k]))
            return PIQ_ENOMEM;
    }
    if (piq_blend_fit(a, &rows, &f->parts.blend, &f->report->blend))
        return PIQ_ENOMEM;
    piq_kt_score_blend(&f->parts.blend, logits, n, p);
    return piq_kt_score_of(p, f->valid.y, NULL, n, &f->report->valid);
}

/* ---- the whole -------------------------------------------------------- */

static void describe(fitting *f)
{
    const piq_kt_data *d = f->data;
    piq_kt_about *about = &f->parts.about;
    *about = (piq_kt_about){.from_us = PIQ_NO_TIME,
                            .until_us = PIQ_NO_TIME,
                            .seed = f->o->seed,
                            .n_answers = f->train.n_rows,
                            .n_learners = (uint32_t)f->train.n_learners,
                            .n_valid = f->valid.n_rows,
                            .valid_auc = f->report->valid.auc,
                            .valid_logloss = f->report->valid.logloss,
                            .valid_ece = f->report->valid.ece};
    snprintf(about->data, sizeof about->data, "%s", d->name);
    memcpy(about->member_auc, f->report->member_auc, sizeof about->member_auc);
    for (size_t i = 0; d->has_times && i < d->n_answers; i++) {
        int64_t at = d->answers[i].at_us;
        if (about->from_us == PIQ_NO_TIME || at < about->from_us)
            about->from_us = at;
        if (about->until_us == PIQ_NO_TIME || at > about->until_us)
            about->until_us = at;
    }
}

static piq_status fit(fitting *f, piq_arena *a, piq_kt_model **out,
                      piq_err *err)
{
    piq_status status =
        piq_kt_rows_fitting(f->data, f->role, f->o->seed, f->o->threads,
                            &f->parts.items, &f->train, &f->valid, err);
    if (status)
        return status;
    if (!f->train.n_rows || !f->valid.n_rows)
        return piq_fail(err, PIQ_EINVAL,
                        "%zu answers to train on and %zu to "
                        "validate on: both are needed",
                        f->train.n_rows, f->valid.n_rows);
    f->report->n_train = f->train.n_rows;
    f->report->n_valid = f->valid.n_rows;
    status = fit_members(f, err);
    if (status)
        return status;
    if (blend(f, a))
        return piq_fail(err, PIQ_ENOMEM, "no memory to blend");
    describe(f);
    f->report->stopped = f->stopped;
    if (piq_kt_model_new(&f->parts, out))
        return piq_fail(err, PIQ_ENOMEM, "no memory for a model");
    return PIQ_OK;
}

piq_status piq_kt_fit(const piq_kt_data *d, const piq_kt_role *role,
                      const piq_kt_fit_options *o, const piq_fit_watch *watch,
                      piq_kt_model **out, piq_kt_fit_report *report,
                      piq_err *err)
{
    piq_kt_fit_report found = {0};
    fitting f = {
        .data = d, .role = role, .o = o, .outer = watch, .report = &found};
    piq_arena a;
    f.watch = (piq_fit_watch){on_round, &f};
    piq_arena_init(&a, (size_t)8 << 30);
    piq_status status = fit(&f, &a, out, err);
    if (status == PIQ_OK)
        *report = found;
    else
        piq_kt_parts_release(&f.parts);
    piq_kt_set_release(&f.train);
    piq_kt_set_release(&f.valid);
    piq_arena_release(&a);
    return status;
}
