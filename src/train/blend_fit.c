#include "train/blend_fit.h"

#include "base/str.h"
#include "train/isotonic.h"

#include <math.h>
#include <string.h>

enum {
    FOLDS = 5,
    NO_FOLD = FOLDS, /* leaves nothing out */
    MAX_STEPS = 50,
    MAX_HALVINGS = 30,
    N = PIQ_N_MEMBERS + 1, /* coefficients: weights, then the bias */
    BIAS = PIQ_N_MEMBERS
};

/* Precision of the prior that draws weights towards equal ones, and the bias
 * to 0: as much as some forty answers of middling logits say. */
static const double PRIOR = 10.0;
/* What another step must promise, nats in all. */
static const double DONE_NATS = 1e-7;

typedef struct fitter {
    const piq_blend_rows *rows;
    uint8_t *fold;          /* [n] */
    piq_isotonic_row *heap; /* [n], scratch */
    double
        loss[1 << PIQ_N_MEMBERS]; /* cross-fitted, by members; NaN: not yet */
} fitter;

/* Value, gradient and curvature of what weights minimise. */
typedef struct surface {
    double value, gradient[N], curvature[N][N];
} surface;

static double loss_of(double logit, double y)
{
    return fmax(logit, 0.0) + log1p(exp(-fabs(logit))) - y * logit;
}

static unsigned count(unsigned members)
{
    unsigned n = 0;
    for (unsigned m = 0; m < PIQ_N_MEMBERS; m++)
        n += members >> m & 1;
    return n;
}

/* --- weights -------------------------------------------------------------- */

static void add_row(const fitter *f, size_t i, unsigned members,
                    const double at[N], surface *s)
{
    double x[N] = {[BIAS] = 1.0}, logit = at[BIAS];
    double y = (double)f->rows->y[i];
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++) {
        if (!(members >> m & 1))
            continue;
        x[m] = f->rows->logits[m][i];
        logit += at[m] * x[m];
    }
    double e = exp(-fabs(logit));
    double p = (logit < 0.0 ? e : 1.0) / (1.0 + e);
    s->value += fmax(logit, 0.0) + log1p(e) - y * logit;
    for (size_t a = 0; a < N; a++) {
        s->gradient[a] += (p - y) * x[a];
        for (size_t b = 0; b <= a; b++)
            s->curvature[a][b] += p * (1.0 - p) * x[a] * x[b];
    }
}

/* Over the rows outside `fold`; `free` of the `members` may move. */
static void measure(const fitter *f, unsigned fold, unsigned members,
                    const double at[N], surface *s)
{
    *s = (surface){0};
    for (size_t i = 0; i < f->rows->n; i++)
        if (f->fold[i] != fold)
            add_row(f, i, members, at, s);
    double equal = 1.0 / (double)count(members);
    for (size_t m = 0; m < N; m++) {
        double off = at[m] - (m == BIAS ? 0.0 : equal);
        if (m != BIAS && !(members >> m & 1))
            continue;
        s->value += 0.5 * PRIOR * off * off;
        s->gradient[m] += PRIOR * off;
        s->curvature[m][m] += PRIOR;
    }
}

/* Solves for the step of the coefficients in `free`, by Gauss: positive
 * definite, so without pivoting. What it promises is returned. */
static double solve(const surface *s, unsigned free, double step[N])
{
    double a[N][N + 1];
    double promise = 0.0;
    for (size_t i = 0; i < N; i++) {
        bool on = free >> i & 1;
        for (size_t j = 0; j < N; j++) {
            bool both = on && (free >> j & 1);
            double v = i >= j ? s->curvature[i][j] : s->curvature[j][i];
            a[i][j] = both ? v : (double)(i == j);
        }
        a[i][N] = on ? -s->gradient[i] : 0.0;
    }
    for (size_t k = 0; k < N; k++)
        for (size_t i = k + 1; i < N; i++) {
            double ratio = a[i][k] / a[k][k];
            for (size_t j = k; j <= N; j++)
                a[i][j] -= ratio * a[k][j];
        }
    for (size_t i = N; i-- > 0;) {
        double sum = a[i][N];
        for (size_t j = i + 1; j < N; j++)
            sum -= a[i][j] * step[j];
        step[i] = sum / a[i][i];
        promise -= step[i] * s->gradient[i];
    }
    return promise;
}

static bool take_step(const fitter *f, unsigned fold, unsigned members,
                      const double step[N], double at[N], surface *s)
{
    for (int i = 0; i < MAX_HALVINGS; i++) {
        double length = ldexp(1.0, -i);
        double next[N];
        surface there;
        for (size_t k = 0; k < N; k++)
            next[k] = at[k] + length * step[k];
        measure(f, fold, members, next, &there);
        if (there.value >= s->value)
            continue;
        memcpy(at, next, sizeof next);
        *s = there;
        return true;
    }
    return false;
}

static void minimise(const fitter *f, unsigned fold, unsigned members,
                     unsigned free, double at[N])
{
    surface s;
    measure(f, fold, members, at, &s);
    for (int i = 0; i < MAX_STEPS; i++) {
        double step[N];
        if (solve(&s, free, step) <= DONE_NATS ||
            !take_step(f, fold, members, step, at, &s))
            return;
    }
}

/* Fits on the rows outside `fold`. A weight that would be negative is held at
 * 0, the most negative one first. */
static void fit_weights(const fitter *f, unsigned fold, unsigned members,
                        double at[N])
{
    unsigned free = members | 1u << BIAS;
    for (size_t m = 0; m < N; m++)
        at[m] = members >> m & 1 ? 1.0 / (double)count(members) : 0.0;
    for (;;) {
        size_t worst = BIAS;
        minimise(f, fold, members, free, at);
        for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
            if (at[m] < 0.0 && (worst == BIAS || at[m] < at[worst]))
                worst = m;
        if (worst == BIAS)
            return;
        free &= ~(1u << worst);
        for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
            at[m] = fmax(at[m], 0.0);
    }
}

static void set_weights(const double at[N], piq_blend *b)
{
    *b = (piq_blend){.bias = at[BIAS]};
    memcpy(b->weight, at, sizeof b->weight);
}

static double raw_logit(const fitter *f, const piq_blend *b, size_t i)
{
    double logits[PIQ_N_MEMBERS] = {0};
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
        if (b->weight[m] > 0.0)
            logits[m] = f->rows->logits[m][i];
    return piq_blend_raw_logit(b, logits);
}

/* --- cross-fitting -------------------------------------------------------- */

static void add_knots(const fitter *f, unsigned fold, piq_blend *b)
{
    size_t n = 0;
    for (size_t i = 0; i < f->rows->n; i++)
        if (f->fold[i] != fold)
            f->heap[n++] =
                (piq_isotonic_row){raw_logit(f, b, i), f->rows->y[i]};
    piq_isotonic_fit(f->heap, n, b);
}

/* Nats an answer, each fold's from what the others say. */
static double cross_fitted(const fitter *f, unsigned members, bool isotonic)
{
    double sum = 0.0;
    for (unsigned fold = 0; fold < FOLDS; fold++) {
        double at[N];
        piq_blend b;
        fit_weights(f, fold, members, at);
        set_weights(at, &b);
        if (isotonic)
            add_knots(f, fold, &b);
        for (size_t i = 0; i < f->rows->n; i++)
            if (f->fold[i] == fold)
                sum += loss_of(piq_blend_calibrate(&b, raw_logit(f, &b, i)),
                               (double)f->rows->y[i]);
    }
    return sum / (double)f->rows->n;
}

static double loss_with(fitter *f, unsigned members)
{
    if (isnan(f->loss[members]))
        f->loss[members] = cross_fitted(f, members, false);
    return f->loss[members];
}

/* Drops what does not pay; what is left is returned. */
static unsigned choose(fitter *f, unsigned members, piq_blend_report *report)
{
    while (count(members) > 1) {
        unsigned least = 0;
        for (unsigned m = 0; m < PIQ_N_MEMBERS; m++) {
            if (!(members >> m & 1))
                continue;
            report->without[m] = loss_with(f, members & ~(1u << m));
            if (!(members >> least & 1) ||
                report->without[m] < report->without[least])
                least = m;
        }
        if (report->without[least] - loss_with(f, members) >= PIQ_MEMBER_PAYS)
            break;
        members &= ~(1u << least);
    }
    return members;
}

static void fit_all(fitter *f, unsigned members, piq_blend *out,
                    piq_blend_report *report)
{
    double at[N];
    for (unsigned m = 0; m < PIQ_N_MEMBERS; m++)
        if (members >> m & 1 && f->rows->n)
            report->logloss[m] = loss_with(f, 1u << m);
    if (f->rows->n)
        members = choose(f, members, report);
    for (unsigned m = 0; m < PIQ_N_MEMBERS; m++)
        report->kept[m] = members >> m & 1;
    fit_weights(f, NO_FOLD, members, at);
    set_weights(at, out);
    if (f->rows->n == 0)
        return;
    report->logloss_platt = loss_with(f, members);
    report->logloss_isotonic = cross_fitted(f, members, true);
    if (report->logloss_isotonic < report->logloss_platt)
        add_knots(f, NO_FOLD, out);
}

piq_status piq_blend_fit(piq_arena *scratch, const piq_blend_rows *rows,
                         piq_blend *out, piq_blend_report *report)
{
    unsigned members = 0;
    fitter f = {.rows = rows};
    piq_blend_report r = {.logloss_platt = NAN, .logloss_isotonic = NAN};
    for (unsigned m = 0; m < PIQ_N_MEMBERS; m++) {
        members |= (unsigned)(rows->logits[m] != NULL) << m;
        r.logloss[m] = r.without[m] = NAN;
    }
    if (!members)
        return PIQ_EINVAL;
    for (unsigned k = 0; k < 1u << PIQ_N_MEMBERS; k++)
        f.loss[k] = NAN;
    f.fold = piq_new(scratch, uint8_t, rows->n);
    f.heap = piq_new(scratch, piq_isotonic_row, rows->n);
    if (!f.fold || !f.heap)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < rows->n; i++)
        f.fold[i] = (uint8_t)(piq_hash_u64(rows->learner[i]) % FOLDS);
    fit_all(&f, members, out, &r);
    *report = r;
    return PIQ_OK;
}
