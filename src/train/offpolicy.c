#include "train/offpolicy.h"

#include "base/rng.h"
#include "train/mean_interval.h"
#include "train/reward_model.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* What each row comes to. */
typedef struct work {
    const piq_offpolicy_log *log;
    const piq_offpolicy_options *o;
    double *x;         /* [n][width], of what was shown */
    double *y;         /* [n] */
    uint8_t *fold;     /* [n] */
    double *weights;   /* [width] of the reward model */
    double *candidate; /* [width] */
    double *direct;    /* [n] sum_a pi(a) q(x, a) */
    double *shown;     /* [n] q(x, a_i) */
    double *value;     /* [n] DR of the row, weights not clipped */
    double *gain;      /* [n] that less its reward */
} work;

const piq_offpolicy_options *piq_offpolicy_defaults(void)
{
    static const piq_offpolicy_options defaults = {.clip = 20,
                                                   .least_ess = 200,
                                                   .confidence = .95,
                                                   .l2 = 1,
                                                   .folds = 3,
                                                   .resamples = 2000,
                                                   .seed = 1};
    return &defaults;
}

const char *piq_offpolicy_verdict_name(piq_offpolicy_verdict v)
{
    switch (v) {
    case PIQ_OFFPOLICY_NO_VERDICT:
        return "no verdict";
    case PIQ_OFFPOLICY_OPEN:
        return "no difference shown";
    case PIQ_OFFPOLICY_BETTER:
        return "better";
    case PIQ_OFFPOLICY_WORSE:
        return "worse";
    }
    return "";
}

/* ---- checking ------------------------------------------------------------ */

static bool good_options(const piq_offpolicy_options *o)
{
    return o->clip >= 1 && o->least_ess >= 0 && o->confidence >= .5 &&
           o->confidence <= .999 && o->l2 > 0 && isfinite(o->l2) &&
           o->folds >= 2 && o->folds <= 20 && o->resamples >= 100 &&
           o->resamples <= 100000;
}

static bool good_row(const piq_offpolicy_row *r)
{
    double sum = 0;
    if (!(r->reward >= 0 && r->reward <= 1) || !(r->propensity > 0) ||
        !(r->propensity <= 1) || r->action >= r->n_actions)
        return false;
    for (uint32_t a = 0; a < r->n_actions; a++) {
        if (!(r->target[a] >= 0))
            return false;
        sum += r->target[a];
    }
    return fabs(sum - 1) <= 1e-6;
}

static piq_status check(const piq_offpolicy_log *log,
                        const piq_offpolicy_options *o, piq_err *err)
{
    if (!good_options(o))
        return piq_fail(err, PIQ_EINVAL, "an option is out of range");
    if (log->n == 0)
        return piq_fail(err, PIQ_EINVAL, "the log has no rows");
    if (log->width < 1 || log->width > PIQ_REWARD_MAX_WIDTH)
        return piq_fail(err, PIQ_EINVAL, "%zu features are not 1 to %d",
                        log->width, PIQ_REWARD_MAX_WIDTH);
    for (size_t i = 0; i < log->n; i++)
        if (!good_row(&log->rows[i]))
            return piq_fail(err, PIQ_EINVAL,
                            "row %zu: a reward, propensity, action or target "
                            "is out of range",
                            i + 1);
    return PIQ_OK;
}

/* ---- weights ------------------------------------------------------------- */

static double weight(const piq_offpolicy_row *r)
{
    return r->target[r->action] / r->propensity;
}

static void weigh(const piq_offpolicy_log *log, const piq_offpolicy_options *o,
                  piq_offpolicy_report *out)
{
    double w1 = 0, w2 = 0, wr = 0, sum = 0;
    for (size_t i = 0; i < log->n; i++) {
        const piq_offpolicy_row *r = &log->rows[i];
        double w = weight(r);
        w1 += w;
        w2 += w * w;
        wr += w * r->reward;
        sum += r->reward;
        out->max_weight = fmax(out->max_weight, w);
        out->n_clipped += w > o->clip;
    }
    out->n = log->n;
    out->logged = sum / (double)log->n;
    out->ips = wr / (double)log->n;
    out->snips = w1 > 0 ? wr / w1 : 0;
    out->ess = w2 > 0 ? w1 * w1 / w2 : 0;
}

/* ---- the reward model ---------------------------------------------------- */

/* Folds of equal size, in an order drawn by the seed. */
static piq_status deal(piq_arena *a, work *k)
{
    size_t n = k->log->n;
    uint32_t *order = piq_new(a, uint32_t, n);
    piq_rng r;
    if (!order)
        return PIQ_ENOMEM;
    piq_rng_seed(&r, k->o->seed);
    for (size_t i = 0; i < n; i++) {
        size_t j = (size_t)piq_rng_below(&r, i + 1);
        order[i] = order[j];
        order[j] = (uint32_t)i;
    }
    for (size_t i = 0; i < n; i++)
        k->fold[order[i]] = (uint8_t)(i % k->o->folds);
    return PIQ_OK;
}

static double ask(work *k, size_t i, uint32_t action)
{
    memset(k->candidate, 0, k->log->width * sizeof *k->candidate);
    k->log->features(k->log->ctx, i, action, k->candidate);
    return piq_reward_predict(k->weights, k->candidate, k->log->width);
}

static void judge_row(work *k, size_t i)
{
    const piq_offpolicy_row *r = &k->log->rows[i];
    k->direct[i] = 0;
    for (uint32_t a = 0; a < r->n_actions; a++)
        if (r->target[a] > 0)
            k->direct[i] += r->target[a] * ask(k, i, a);
    k->shown[i] = ask(k, i, r->action);
}

static piq_status cross_fit(piq_arena *a, work *k)
{
    piq_reward_rows rows = {.n = k->log->n,
                            .width = k->log->width,
                            .x = k->x,
                            .y = k->y,
                            .fold = k->fold};
    for (unsigned f = 0; f < k->o->folds; f++) {
        rows.left_out = (uint8_t)f;
        piq_status status = piq_reward_fit(a, &rows, k->o->l2, k->weights);
        if (status)
            return status;
        for (size_t i = 0; i < rows.n; i++)
            if (k->fold[i] == f)
                judge_row(k, i);
    }
    return PIQ_OK;
}

static piq_status prepare(piq_arena *a, work *k)
{
    size_t n = k->log->n, width = k->log->width;
    k->x = piq_new(a, double, n *width);
    k->y = piq_new(a, double, n);
    k->fold = piq_new(a, uint8_t, n);
    k->weights = piq_new(a, double, width);
    k->candidate = piq_new(a, double, width);
    k->direct = piq_new(a, double, n);
    k->shown = piq_new(a, double, n);
    k->value = piq_new(a, double, n);
    k->gain = piq_new(a, double, n);
    if (n > SIZE_MAX / width || !k->x || !k->y || !k->fold || !k->weights ||
        !k->candidate || !k->direct || !k->shown || !k->value || !k->gain)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        k->log->features(k->log->ctx, i, k->log->rows[i].action,
                         k->x + i * width);
        k->y[i] = k->log->rows[i].reward;
    }
    return deal(a, k);
}

/* ---- all together -------------------------------------------------------- */

static void combine(work *k, piq_offpolicy_report *out)
{
    double n = (double)k->log->n, dm = 0, dr = 0;
    for (size_t i = 0; i < k->log->n; i++) {
        const piq_offpolicy_row *r = &k->log->rows[i];
        double w = weight(r), miss = r->reward - k->shown[i];
        k->value[i] = k->direct[i] + w * miss;
        k->gain[i] = k->value[i] - r->reward;
        dm += k->direct[i];
        dr += k->direct[i] + fmin(w, k->o->clip) * miss;
    }
    out->dm = dm / n;
    out->dr = dr / n;
    out->difference = out->dr - out->logged;
}

static piq_status intervals(piq_arena *a, const work *k,
                            piq_offpolicy_report *out)
{
    piq_mean_options o = {k->o->confidence, k->o->resamples, k->o->seed};
    piq_mean_interval value, gain;
    piq_status status = piq_mean_bootstrap(a, k->value, k->log->n, &o, &value);
    if (!status)
        status = piq_mean_bootstrap(a, k->gain, k->log->n, &o, &gain);
    if (status)
        return status;
    out->ci[0] = value.low;
    out->ci[1] = value.high;
    out->difference_ci[0] = gain.low;
    out->difference_ci[1] = gain.high;
    return PIQ_OK;
}

static piq_offpolicy_verdict judge(const piq_offpolicy_options *o,
                                   const piq_offpolicy_report *r)
{
    if (r->ess < o->least_ess)
        return PIQ_OFFPOLICY_NO_VERDICT;
    if (r->difference_ci[0] > 0)
        return PIQ_OFFPOLICY_BETTER;
    return r->difference_ci[1] < 0 ? PIQ_OFFPOLICY_WORSE : PIQ_OFFPOLICY_OPEN;
}

piq_status piq_offpolicy(piq_arena *scratch, const piq_offpolicy_log *log,
                         const piq_offpolicy_options *o,
                         piq_offpolicy_report *out, piq_err *err)
{
    piq_offpolicy_report report = {0};
    work k = {.log = log, .o = o};
    piq_status status = check(log, o, err);
    if (status)
        return status;
    weigh(log, o, &report);
    status = prepare(scratch, &k);
    if (!status)
        status = cross_fit(scratch, &k);
    if (!status) {
        combine(&k, &report);
        status = intervals(scratch, &k, &report);
    }
    if (status)
        return piq_fail(err, status, "no memory for %zu rows", log->n);
    report.verdict = judge(o, &report);
    *out = report;
    return PIQ_OK;
}
