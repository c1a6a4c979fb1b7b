#include "recommend/bayes.h"
#include "recommend/bayes_internal.h"

#include "num/cholesky.h"

#include <math.h>
#include <string.h>

enum { W = PIQ_BAYES_W, SQUARE = PIQ_BAYES_SQUARE };

/* ---- making -------------------------------------------------------------- */

/* Precisions and variances beyond are no beliefs but mistakes. */
static bool sane(double x)
{
    return x >= 1e-9 && x <= 1e9;
}

static bool valid(const piq_bayes_prior *p)
{
    if (p->width < 1 || p->width > W || p->n_types < 1 ||
        p->n_types > PIQ_BAYES_MAX_TYPES)
        return false;
    for (size_t j = 0; j < p->width; j++)
        if (!(fabs(p->mean[j]) <= 1e6) || !sane(p->precision[j]) ||
            !sane(p->type_precision[j]))
            return false;
    if (p->floored != PIQ_BAYES_NO_FLOOR &&
        (p->floored >= p->width || !(fabs(p->floor) <= 1e6)))
        return false;
    return sane(p->noise_variance) && p->keep_per_day > 0 &&
           p->keep_per_day <= 1;
}

/* Factors m[n][n]. Where features are so large that rounding spoils a positive
 * definite matrix, the diagonal is lifted by as little as helps. */
static void factor_surely(const double *m, size_t n, double *l)
{
    double most = 0, lift = 0;
    for (size_t j = 0; j < n; j++)
        most = fmax(most, m[j * n + j]);
    for (;;) {
        memcpy(l, m, n * n * sizeof *l);
        for (size_t j = 0; j < n; j++)
            l[j * n + j] += lift;
        if (piq_cholesky_factor(l, n))
            return;
        lift = fmax(lift * 10, most * 1e-15);
    }
}

/* P = (L + S)^-1 from S. */
static void factor(const piq_bayes_prior *prior, piq_bayes_type *t)
{
    size_t n = prior->width;
    double a[SQUARE], l[SQUARE];
    memcpy(a, t->s, n * n * sizeof *a);
    for (size_t j = 0; j < n; j++)
        a[j * n + j] += prior->type_precision[j];
    factor_surely(a, n, l);
    piq_cholesky_invert(l, n, t->p);
    t->n_since = 0;
}

piq_status piq_bayes_new(piq_arena *a, const piq_bayes_prior *prior,
                         piq_bayes **out)
{
    if (!valid(prior))
        return PIQ_EINVAL;
    piq_bayes *m = piq_new(a, piq_bayes, 1);
    if (!m)
        return PIQ_ENOMEM;
    m->prior = *prior;
    m->day = INT64_MIN;
    for (size_t t = 0; t < prior->n_types; t++)
        factor(prior, &m->types[t]);
    piq_bayes_settle(m);
    *out = m;
    return PIQ_OK;
}

/* ---- learning ------------------------------------------------------------ */

void piq_bayes_advance(piq_bayes *m, int64_t day)
{
    if (day <= m->day)
        return;
    double days = m->day == INT64_MIN ? 0 : (double)day - (double)m->day;
    double keep = pow(m->prior.keep_per_day, days);
    size_t n = m->prior.width;
    m->day = day;
    for (size_t t = 0; t < m->prior.n_types && keep < 1; t++) {
        piq_bayes_type *x = &m->types[t];
        for (size_t j = 0; j < n * n; j++)
            x->s[j] *= keep;
        for (size_t j = 0; j < n; j++)
            x->c[j] *= keep;
        x->evidence *= keep;
        factor(&m->prior, x);
    }
}

/* P -= (P x)(P x)' w / (1 + w x'P x). */
static void follow(piq_bayes_type *t, size_t n, const double *x, double w)
{
    double px[W], inner = 1;
    for (size_t i = 0; i < n; i++) {
        px[i] = 0;
        for (size_t j = 0; j < n; j++)
            px[i] += t->p[i * n + j] * x[j];
        inner += w * x[i] * px[i];
    }
    double scale = w / inner;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            t->p[i * n + j] -= scale * px[i] * px[j];
            t->p[j * n + i] = t->p[i * n + j];
        }
}

static bool sound(const piq_bayes *m, const piq_bayes_example *e)
{
    /* Beyond, one example would drown all others. */
    const double most = 1e4;
    if (e->type >= m->prior.n_types || !(e->weight >= 0) ||
        !(e->weight <= most) || !(fabs(e->reward) <= most))
        return false;
    for (size_t j = 0; j < m->prior.width; j++)
        if (!(fabs(e->x[j]) <= most))
            return false;
    return true;
}

piq_status piq_bayes_learn(piq_bayes *m, const piq_bayes_example *e)
{
    if (!sound(m, e))
        return PIQ_EINVAL;
    piq_bayes_advance(m, e->day);
    double age = (double)m->day - (double)e->day;
    double weight = e->weight * pow(m->prior.keep_per_day, age);
    double w = weight / m->prior.noise_variance;
    piq_bayes_type *t = &m->types[e->type];
    size_t n = m->prior.width;
    if (!(w > 0))
        return PIQ_OK;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            t->s[i * n + j] += w * e->x[i] * e->x[j];
            t->s[j * n + i] = t->s[i * n + j];
        }
        t->c[i] += w * e->reward * e->x[i];
    }
    t->evidence += weight;
    if (++t->n_since >= PIQ_BAYES_REFACTOR)
        factor(&m->prior, t);
    else
        follow(t, n, e->x, w);
    return PIQ_OK;
}

/* ---- weights ------------------------------------------------------------- */

/* out = M x */
static void times(const double *matrix, const double *x, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = 0;
        for (size_t j = 0; j < n; j++)
            out[i] += matrix[i * n + j] * x[j];
    }
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += a[j] * b[j];
    return sum;
}

/* Shared weights, and V. */
static void pool(piq_bayes *m, double *shared)
{
    const piq_bayes_prior *prior = &m->prior;
    const double *like = prior->type_precision;
    size_t n = prior->width;
    double h[SQUARE] = {0}, l[SQUARE], pc[W];
    for (size_t j = 0; j < n; j++) {
        h[j * n + j] = prior->precision[j] + (double)prior->n_types * like[j];
        shared[j] = prior->precision[j] * prior->mean[j];
    }
    for (size_t t = 0; t < prior->n_types; t++) {
        const piq_bayes_type *x = &m->types[t];
        times(x->p, x->c, n, pc);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++)
                h[i * n + j] -= like[i] * x->p[i * n + j] * like[j];
            shared[i] += like[i] * pc[i];
        }
    }
    /* L - L P L = L P S is positive semidefinite, so H is definite but for the
     * rounding of the difference. */
    for (size_t j = 0; j < n; j++)
        h[j * n + j] = fmax(h[j * n + j], prior->precision[j]);
    factor_surely(h, n, l);
    piq_cholesky_solve(l, n, shared);
    piq_cholesky_invert(l, n, m->v);
}

/* out = Sigma_t x = P x + P L V L P x */
static void spread(const piq_bayes *m, const piq_bayes_type *t, const double *x,
                   double *out)
{
    size_t n = m->prior.width;
    double px[W], u[W] = {0}, vu[W];
    times(t->p, x, n, px);
    for (size_t j = 0; j < n; j++)
        u[j] = m->prior.type_precision[j] * px[j];
    times(m->v, u, n, vu);
    for (size_t j = 0; j < n; j++)
        vu[j] *= m->prior.type_precision[j];
    times(t->p, vu, n, out);
    for (size_t j = 0; j < n; j++)
        out[j] += px[j];
}

static void hold_floor(const piq_bayes *m, piq_bayes_type *t)
{
    size_t g = m->prior.floored, n = m->prior.width;
    t->at_floor = g != PIQ_BAYES_NO_FLOOR && t->theta[g] < m->prior.floor;
    if (!t->at_floor)
        return;
    double unit[W] = {0};
    unit[g] = 1;
    spread(m, t, unit, t->column);
    double step = (m->prior.floor - t->theta[g]) / t->column[g];
    for (size_t j = 0; j < n; j++)
        t->theta[j] += t->column[j] * step;
    t->theta[g] = m->prior.floor; /* without rounding */
}

void piq_bayes_settle(piq_bayes *m)
{
    size_t n = m->prior.width;
    double shared[W], b[W];
    pool(m, shared);
    for (size_t t = 0; t < m->prior.n_types; t++) {
        piq_bayes_type *x = &m->types[t];
        for (size_t j = 0; j < n; j++)
            b[j] = m->prior.type_precision[j] * shared[j] + x->c[j];
        times(x->p, b, n, x->theta);
        hold_floor(m, x);
    }
}

/* ---- asking -------------------------------------------------------------- */

piq_bayes_guess piq_bayes_predict(const piq_bayes *m, size_t type,
                                  const double *x)
{
    PIQ_ASSERT(type < m->prior.n_types);
    const piq_bayes_type *t = &m->types[type];
    size_t n = m->prior.width;
    double sx[W];
    spread(m, t, x, sx);
    piq_bayes_guess guess = {dot(t->theta, x, n), dot(x, sx, n)};
    if (t->at_floor) { /* that weight is held: what it could do is known */
        double along = dot(t->column, x, n);
        guess.variance -= along * along / t->column[m->prior.floored];
    }
    guess.variance = fmax(guess.variance, 0);
    return guess;
}

const double *piq_bayes_weights(const piq_bayes *m, size_t type)
{
    PIQ_ASSERT(type < m->prior.n_types);
    return m->types[type].theta;
}

bool piq_bayes_at_floor(const piq_bayes *m, size_t type)
{
    PIQ_ASSERT(type < m->prior.n_types);
    return m->types[type].at_floor;
}

double piq_bayes_evidence(const piq_bayes *m, size_t type)
{
    PIQ_ASSERT(type < m->prior.n_types);
    return m->types[type].evidence;
}

double piq_bayes_contributions(const piq_bayes *m, size_t type, const double *x,
                               const double *typical, double *out)
{
    const double *theta = piq_bayes_weights(m, type);
    for (size_t j = 0; j < m->prior.width; j++)
        out[j] = theta[j] * (x[j] - typical[j]);
    return dot(theta, typical, m->prior.width);
}
