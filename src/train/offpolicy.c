#include "train/offpolicy.h"

#include "base/rng.h"
#include "train/offpolicy_interval.h"
#include "train/reward_model.h"
#include "train/row_groups.h"

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
    double *guess;     /* q of every candidate, row after row; NULL: not kept */
    piq_row_groups groups;
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

/* The logged policy's chances, where they are known. */
static bool good_chances(const piq_offpolicy_log *log, size_t i)
{
    const piq_offpolicy_row *r = &log->rows[i];
    double sum = 0;
    for (uint32_t a = 0; a < r->n_actions; a++) {
        if (!(log->logged[i][a] >= 0))
            return false;
        sum += log->logged[i][a];
    }
    return fabs(sum - 1) <= 1e-6 &&
           fabs(log->logged[i][r->action] - r->propensity) <= 1e-6;
}

static piq_status check(const piq_offpolicy_log *log,
                        const piq_offpolicy_options *o, piq_err *err)
{
    if (!good_options(o))
        return piq_fail(err, PIQ_EINVAL, "an option is out of range");
    if (log->n == 0)
        return piq_fail(err, PIQ_EINVAL, "the log has no rows");
    if (log->n > UINT32_MAX)
        return piq_fail(err, PIQ_ELIMIT, "%zu rows are too many", log->n);
    if (log->width < 1 || log->width > PIQ_REWARD_MAX_WIDTH)
        return piq_fail(err, PIQ_EINVAL, "%zu features are not 1 to %d",
                        log->width, PIQ_REWARD_MAX_WIDTH);
    for (size_t i = 0; i < log->n; i++)
        if (!good_row(&log->rows[i]) || (log->logged && !good_chances(log, i)))
            return piq_fail(err, PIQ_EINVAL,
                            "row %zu: a reward, propensity, action, chance or "
                            "target is out of range",
                            i + 1);
    return PIQ_OK;
}

/* ---- weights ------------------------------------------------------------- */

static double weight(const piq_offpolicy_row *r)
{
    return r->target[r->action] / r->propensity;
}

/* Expected square of a row's weight, over what could have been shown. */
static double square_by_chance(const piq_offpolicy_log *log, size_t i)
{
    const piq_offpolicy_row *r = &log->rows[i];
    double sum = 0;
    for (uint32_t a = 0; a < r->n_actions; a++)
        if (log->logged[i][a] > 0)
            sum += r->target[a] * r->target[a] / log->logged[i][a];
    return sum;
}

static double ess_by_chance(const piq_offpolicy_log *log)
{
    double sum = 0, n = (double)log->n;
    for (size_t i = 0; i < log->n; i++)
        sum += square_by_chance(log, i);
    return sum > 0 ? n * n / sum : 0;
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
    out->ess_by_chance = log->logged ? ess_by_chance(log) : out->ess;
}

/* ---- the reward model ---------------------------------------------------- */

/* Folds of as many groups each, in an order drawn by the seed. */
static piq_status deal(piq_arena *a, work *k)
{
    const piq_row_groups *groups = &k->groups;
    uint32_t *order = piq_new(a, uint32_t, groups->n);
    piq_rng r;
    if (!order)
        return PIQ_ENOMEM;
    piq_rng_seed(&r, k->o->seed);
    for (size_t i = 0; i < groups->n; i++) {
        size_t j = (size_t)piq_rng_below(&r, i + 1);
        order[i] = order[j];
        order[j] = (uint32_t)i;
    }
    for (size_t i = 0; i < groups->n; i++) {
        size_t g = order[i];
        for (size_t m = groups->start[g]; m < groups->start[g + 1]; m++)
            k->fold[groups->member[m]] = (uint8_t)(i % k->o->folds);
    }
    return PIQ_OK;
}

static double ask(work *k, size_t i, uint32_t action)
{
    memset(k->candidate, 0, k->log->width * sizeof *k->candidate);
    k->log->features(k->log->ctx, i, action, k->candidate);
    return piq_reward_predict(k->weights, k->candidate, k->log->width);
}

/* `guess`: where the row's own begin; NULL: they are not kept. */
static void judge_row(work *k, size_t i, double *guess)
{
    const piq_offpolicy_row *r = &k->log->rows[i];
    k->direct[i] = 0;
    for (uint32_t a = 0; a < r->n_actions; a++) {
        if (r->target[a] == 0 && !guess)
            continue;
        double q = ask(k, i, a);
        k->direct[i] += r->target[a] * q;
        if (guess)
            guess[a] = q;
    }
    k->shown[i] = ask(k, i, r->action);
}

static void judge_fold(work *k, unsigned fold)
{
    size_t first = 0;
    for (size_t i = 0; i < k->log->n; i++) {
        if (k->fold[i] == fold)
            judge_row(k, i, k->guess ? k->guess + first : NULL);
        first += k->log->rows[i].n_actions;
    }
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
        judge_fold(k, f);
    }
    return PIQ_OK;
}

static piq_status keep_guesses(piq_arena *a, work *k)
{
    size_t total = 0;
    if (!k->log->logged)
        return PIQ_OK;
    for (size_t i = 0; i < k->log->n; i++)
        total += k->log->rows[i].n_actions;
    k->guess = piq_new(a, double, total);
    return k->guess ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status prepare(piq_arena *a, work *k)
{
    size_t n = k->log->n, width = k->log->width;
    k->x = piq_arena_alloc(a, n, width * sizeof *k->x);
    k->y = piq_new(a, double, n);
    k->fold = piq_new(a, uint8_t, n);
    k->weights = piq_new(a, double, width);
    k->candidate = piq_new(a, double, width);
    k->direct = piq_new(a, double, n);
    k->shown = piq_new(a, double, n);
    if (!k->x || !k->y || !k->fold || !k->weights || !k->candidate ||
        !k->direct || !k->shown || keep_guesses(a, k) ||
        piq_row_groups_make(a, k->log->group, n, &k->groups))
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        k->log->features(k->log->ctx, i, k->log->rows[i].action,
                         k->x + i * width);
        k->y[i] = k->log->rows[i].reward;
    }
    return deal(a, k);
}

/* ---- all together -------------------------------------------------------- */

static void combine(const work *k, piq_offpolicy_report *out)
{
    double n = (double)k->log->n, dm = 0, dr = 0;
    for (size_t i = 0; i < k->log->n; i++) {
        const piq_offpolicy_row *r = &k->log->rows[i];
        double miss = r->reward - k->shown[i];
        dm += k->direct[i];
        dr += k->direct[i] + fmin(weight(r), k->o->clip) * miss;
    }
    out->dm = dm / n;
    out->dr = dr / n;
    out->difference = out->dr - out->logged;
    out->n_groups = k->groups.n;
}

static void put_interval(const piq_estimate *e, double *pair)
{
    pair[0] = e->low;
    pair[1] = e->high;
}

static piq_status intervals(piq_arena *a, const work *k,
                            piq_offpolicy_report *out)
{
    piq_estimate e[PIQ_N_ESTIMATES];
    const piq_estimate_rows rows = {.log = k->log,
                                    .groups = &k->groups,
                                    .direct = k->direct,
                                    .shown = k->shown,
                                    .guess = k->guess};
    if (piq_estimate_intervals(a, &rows, k->o, e))
        return PIQ_ENOMEM;
    put_interval(&e[PIQ_ESTIMATE_IPS], out->ips_ci);
    put_interval(&e[PIQ_ESTIMATE_SNIPS], out->snips_ci);
    put_interval(&e[PIQ_ESTIMATE_DR], out->ci);
    put_interval(&e[PIQ_ESTIMATE_DIFFERENCE], out->difference_ci);
    return PIQ_OK;
}

static piq_offpolicy_verdict judge(const piq_offpolicy_options *o,
                                   const piq_offpolicy_report *r)
{
    if (fmin(r->ess, r->ess_by_chance) < o->least_ess)
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
