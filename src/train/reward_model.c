#include "train/reward_model.h"

#include "num/cholesky.h"
#include "num/logistic.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 30, HALVINGS = 20 };
/* The constant's own pull to 0 is just enough for rewards that are all alike.
 */
static const double CONSTANT_L2 = 1e-3;

typedef struct fit {
    const piq_reward_rows *rows;
    double l2;
    double *gradient, *curvature; /* [width], [width][width] */
    double *step, *tried;         /* [width] */
} fit;

double piq_reward_predict(const double *weights, const double *x, size_t width)
{
    double z = 0;
    for (size_t j = 0; j < width; j++)
        z += weights[j] * x[j];
    return piq_sigmoid(z);
}

static bool used(const piq_reward_rows *r, size_t i)
{
    return !r->fold || r->fold[i] != r->left_out;
}

static double penalty(const fit *f, size_t j)
{
    return j == 0 ? CONSTANT_L2 : f->l2;
}

static double objective(const fit *f, const double *weights)
{
    const piq_reward_rows *r = f->rows;
    double sum = 0;
    for (size_t j = 0; j < r->width; j++)
        sum += penalty(f, j) / 2 * weights[j] * weights[j];
    for (size_t i = 0; i < r->n; i++) {
        if (!used(r, i))
            continue;
        double z = 0;
        const double *x = r->x + i * r->width;
        for (size_t j = 0; j < r->width; j++)
            z += weights[j] * x[j];
        /* ln(1 + e^z) - y z, without overflow */
        sum += fmax(z, 0) + log1p(exp(-fabs(z))) - r->y[i] * z;
    }
    return sum;
}

/* Most features are indicators: only what is not 0 costs anything. */
static void add_row(const fit *f, const double *x, double error, double h)
{
    size_t width = f->rows->width;
    for (size_t j = 0; j < width; j++) {
        if (x[j] == 0)
            continue;
        f->gradient[j] += error * x[j];
        double *row = f->curvature + j * width, hx = h * x[j];
        for (size_t k = 0; k <= j; k++)
            row[k] += hx * x[k];
    }
}

static void look(const fit *f, const double *weights)
{
    const piq_reward_rows *r = f->rows;
    memset(f->gradient, 0, r->width * sizeof *f->gradient);
    memset(f->curvature, 0, r->width * r->width * sizeof *f->curvature);
    for (size_t i = 0; i < r->n; i++) {
        if (!used(r, i))
            continue;
        const double *x = r->x + i * r->width;
        double p = piq_reward_predict(weights, x, r->width);
        add_row(f, x, r->y[i] - p, p * (1 - p));
    }
    for (size_t j = 0; j < r->width; j++) {
        f->gradient[j] -= penalty(f, j) * weights[j];
        f->curvature[j * r->width + j] += penalty(f, j);
    }
}

/* Takes the step or the greatest half of it that helps. False: none does. */
static bool move(const fit *f, double *weights, double *at)
{
    size_t width = f->rows->width;
    double share = 1;
    for (int k = 0; k < HALVINGS; k++) {
        for (size_t j = 0; j < width; j++)
            f->tried[j] = weights[j] + share * f->step[j];
        double there = objective(f, f->tried);
        if (there < *at) {
            *at = there;
            memcpy(weights, f->tried, width * sizeof *weights);
            return true;
        }
        share /= 2;
    }
    return false;
}

static void newton(const fit *f, double *weights)
{
    size_t width = f->rows->width;
    double at = objective(f, weights);
    for (int round = 0; round < ROUNDS; round++) {
        double gain = 0;
        look(f, weights);
        if (!piq_cholesky_factor(f->curvature, width))
            return; /* only where features are not finite */
        memcpy(f->step, f->gradient, width * sizeof *f->step);
        piq_cholesky_solve(f->curvature, width, f->step);
        for (size_t j = 0; j < width; j++)
            gain += f->step[j] * f->gradient[j];
        if (gain < 1e-10 || !move(f, weights, &at))
            return;
    }
}

piq_status piq_reward_fit(piq_arena *scratch, const piq_reward_rows *rows,
                          double l2, double *weights)
{
    size_t width = rows->width;
    PIQ_ASSERT(width >= 1 && width <= PIQ_REWARD_MAX_WIDTH && l2 > 0);
    fit f = {.rows = rows,
             .l2 = l2,
             .gradient = piq_new(scratch, double, width),
             .curvature = piq_new(scratch, double, width *width),
             .step = piq_new(scratch, double, width),
             .tried = piq_new(scratch, double, width)};
    if (!f.gradient || !f.curvature || !f.step || !f.tried)
        return PIQ_ENOMEM;
    memset(weights, 0, width * sizeof *weights);
    newton(&f, weights);
    return PIQ_OK;
}
