/* Newton's method with the gradient of all rows and, where there are many, the
 * curvature of a part of them, taken anew in the first steps only: what the
 * curvature misses costs steps, never the optimum. */
#include "train/logistic_fit.h"

#include "train/logistic_sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = PIQ_N_FEATURES,
    N = PIQ_LOGISTIC_COEFFICIENTS,
    BIAS = 2 * COLUMNS,
    CURVATURE_STEPS = 6,
    MAX_HALVINGS = 30
};

/* Nats an answer that another step could still gain. */
static const double DONE_NATS = 1e-7;
/* Of the promised decrease that a step must give. */
static const double ARMIJO = 1e-4;

const piq_logistic_options *piq_logistic_option_defaults(void)
{
    static const piq_logistic_options defaults = {
        .l2 = 10.0, .max_steps = 40, .curvature_rows = 1 << 17, .threads = 0};
    return &defaults;
}

typedef struct newton {
    piq_logistic_work work;
    double l2;
    double at[N];            /* coefficients */
    double step[N];          /* of the last solve */
    double value;            /* of what is minimised, at `at` */
    piq_logistic_sums sums;  /* at `at` */
    piq_logistic_sums tried; /* somewhere else */
    double triangle[N][N];   /* Cholesky's */
    piq_logistic_sums shards[PIQ_LOGISTIC_SHARDS];
} newton;

/* Mean and spread of what is known of each column. */
static void measure_columns(const piq_kt_set *s, piq_logistic *m)
{
    double n[COLUMNS] = {0}, sum[COLUMNS] = {0}, squares[COLUMNS] = {0};
    for (size_t i = 0; i < s->n_rows * COLUMNS; i++) {
        if (!isfinite(s->x[i]))
            continue;
        n[i % COLUMNS] += 1.0;
        sum[i % COLUMNS] += (double)s->x[i];
    }
    for (size_t j = 0; j < COLUMNS; j++)
        m->mean[j] = n[j] > 0.0 ? sum[j] / n[j] : 0.0;
    for (size_t i = 0; i < s->n_rows * COLUMNS; i++) {
        if (!isfinite(s->x[i]))
            continue;
        double d = (double)s->x[i] - m->mean[i % COLUMNS];
        squares[i % COLUMNS] += d * d;
    }
    for (size_t j = 0; j < COLUMNS; j++) {
        double sd = n[j] > 0.0 ? sqrt(squares[j] / n[j]) : 0.0;
        m->sd[j] = sd > 1e-9 * (1.0 + fabs(m->mean[j])) ? sd : 1.0;
    }
}

/* Adds the prior: its loss is returned. */
static double add_prior(const newton *w, const double *at, piq_logistic_sums *s)
{
    double squares = 0.0;
    for (size_t i = 0; i < BIAS; i++) {
        squares += at[i] * at[i];
        s->gradient[i] += w->l2 * at[i];
    }
    for (size_t i = 0; w->work.curvature && i < BIAS; i++)
        s->curvature[i][i] += w->l2;
    return 0.5 * w->l2 * squares;
}

static double measure(newton *w, const double *at, piq_logistic_sums *out)
{
    piq_logistic_sum(&w->work, at, w->shards, out);
    return out->loss + add_prior(w, at, out);
}

/* Lower triangle L with L L' = the curvature. What rounding or rows that all
 * say the same leave at or below 0 is lifted. */
static void factor(newton *w)
{
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = w->sums.curvature[i][j];
            for (size_t k = 0; k < j; k++)
                sum -= w->triangle[i][k] * w->triangle[j][k];
            if (i == j)
                w->triangle[i][i] = sqrt(fmax(sum, 1e-6));
            else
                w->triangle[i][j] = sum / w->triangle[j][j];
        }
    }
}

/* step = -(L L')^-1 gradient; what the step promises, >= 0. */
static double solve(newton *w)
{
    double promise = 0.0;
    for (size_t i = 0; i < N; i++) {
        double sum = -w->sums.gradient[i];
        for (size_t k = 0; k < i; k++)
            sum -= w->triangle[i][k] * w->step[k];
        w->step[i] = sum / w->triangle[i][i];
    }
    for (size_t i = N; i-- > 0;) {
        double sum = w->step[i];
        for (size_t k = i + 1; k < N; k++)
            sum -= w->triangle[k][i] * w->step[k];
        w->step[i] = sum / w->triangle[i][i];
        promise -= w->step[i] * w->sums.gradient[i];
    }
    return promise;
}

/* False: no length of the step gains anything. */
static bool take_step(newton *w, double promise)
{
    double next[N];
    for (int i = 0; i < MAX_HALVINGS; i++) {
        double length = ldexp(1.0, -i);
        for (size_t k = 0; k < N; k++)
            next[k] = w->at[k] + length * w->step[k];
        double value = measure(w, next, &w->tried);
        if (!(value <= w->value - ARMIJO * length * promise))
            continue;
        memcpy(w->at, next, sizeof next);
        w->value = value;
        w->sums.loss = w->tried.loss;
        memcpy(w->sums.gradient, w->tried.gradient, sizeof w->sums.gradient);
        if (w->work.curvature)
            memcpy(w->sums.curvature, w->tried.curvature,
                   sizeof w->sums.curvature);
        return true;
    }
    return false;
}

static void minimise(newton *w, unsigned max_steps, const piq_fit_watch *watch)
{
    double n = (double)w->work.set->n_rows;
    w->work.curvature = true;
    w->value = measure(w, w->at, &w->sums);
    for (unsigned i = 1; i <= max_steps; i++) {
        if (w->work.curvature)
            factor(w);
        double promise = solve(w);
        if (promise <= DONE_NATS * n)
            return;
        w->work.curvature = i < CURVATURE_STEPS;
        if (!take_step(w, promise))
            return;
        piq_fit_round r = {.member = "lr",
                           .round = i,
                           .n_rounds = max_steps,
                           .train_loss = w->sums.loss / n,
                           .valid_loss = NAN,
                           .valid_auc = NAN};
        if (watch && !watch->round(watch->ctx, &r))
            return;
    }
}

static double share_logit(const piq_kt_set *s)
{
    double right = 1.0; /* one of each, so that it is finite */
    for (size_t i = 0; i < s->n_rows; i++)
        right += (double)s->y[i];
    return log(right / ((double)s->n_rows + 2.0 - right));
}

piq_status piq_logistic_fit(const piq_kt_set *train,
                            const piq_logistic_options *o,
                            const piq_fit_watch *watch, piq_logistic *out,
                            piq_err *err)
{
    piq_logistic m;
    if (!(o->l2 > 0.0) || o->curvature_rows == 0)
        return piq_fail(err, PIQ_EINVAL,
                        "l2 and curvature_rows must be above 0");
    if (train->n_rows == 0)
        return piq_fail(err, PIQ_EINVAL, "no answers to fit a regression to");
    if (piq_logistic_init(&m, COLUMNS) != PIQ_OK)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the regression");
    newton *w = piq_alloc_should_fail() ? NULL : calloc(1, sizeof *w);
    if (!w) {
        piq_logistic_release(&m);
        return piq_fail(err, PIQ_ENOMEM, "no memory for the regression");
    }
    measure_columns(train, &m);
    w->work = (piq_logistic_work){
        .set = train,
        .scale = &m,
        .threads = o->threads,
        .stride = (train->n_rows - 1) / o->curvature_rows + 1,
    };
    w->l2 = o->l2;
    w->at[BIAS] = share_logit(train);
    minimise(w, o->max_steps, watch);
    memcpy(m.weight, w->at, COLUMNS * sizeof *m.weight);
    memcpy(m.missing, w->at + COLUMNS, COLUMNS * sizeof *m.missing);
    m.bias = w->at[BIAS];
    free(w);
    *out = m;
    return PIQ_OK;
}
