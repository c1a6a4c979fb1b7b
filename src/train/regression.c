#include "train/regression.h"

#include "num/logistic.h"

#include <math.h>
#include <string.h>

enum { MAX = PIQ_REGRESSION_MAX, ROUNDS = 25 };
static const double RIDGE = 1e-3;

typedef double square[MAX][MAX];

static double chance(const double *weight, const double *x, size_t width)
{
    double z = 0;
    for (size_t i = 0; i < width; i++)
        z += weight[i] * x[i];
    return piq_sigmoid(z);
}

/* Inverse of a symmetric positive definite matrix, by elimination. */
static void invert(square m, size_t n, square out)
{
    memset(out, 0, sizeof(square));
    for (size_t i = 0; i < n; i++)
        out[i][i] = 1;
    for (size_t i = 0; i < n; i++) {
        double pivot = 1 / m[i][i];
        for (size_t j = 0; j < n; j++) {
            m[i][j] *= pivot;
            out[i][j] *= pivot;
        }
        for (size_t k = 0; k < n; k++) {
            double f = k == i ? 0 : m[k][i];
            for (size_t j = 0; f != 0 && j < n; j++) {
                m[k][j] -= f * m[i][j];
                out[k][j] -= f * out[i][j];
            }
        }
    }
}

/* Gradient of the log likelihood, and the inverse of its curvature. */
static void look(const piq_regression_rows *r, const piq_regression *m,
                 double *gradient, square inverse)
{
    square curvature = {{0}};
    memset(gradient, 0, MAX * sizeof *gradient);
    for (size_t row = 0; row < r->n; row++) {
        const double *x = r->x + row * r->width;
        double p = chance(m->weight, x, m->width), h = p * (1 - p);
        for (size_t i = 0; i < m->width; i++) {
            gradient[i] += (r->y[row] - p) * x[i];
            for (size_t j = 0; j < m->width; j++)
                curvature[i][j] += h * x[i] * x[j];
        }
    }
    for (size_t i = 0; i < m->width; i++) {
        gradient[i] -= RIDGE * m->weight[i];
        curvature[i][i] += RIDGE;
    }
    invert(curvature, m->width, inverse);
}

/* Adds the square of a group's pull on each weight. */
static void add_group(const double *score, size_t width, square inverse,
                      double *variance)
{
    for (size_t i = 0; i < width; i++) {
        double pull = 0;
        for (size_t j = 0; j < width; j++)
            pull += inverse[i][j] * score[j];
        variance[i] += pull * pull;
    }
}

static void errors(const piq_regression_rows *r, piq_regression *m,
                   square inverse)
{
    double variance[MAX] = {0}, score[MAX] = {0};
    for (size_t row = 0; row < r->n; row++) {
        const double *x = r->x + row * r->width;
        double e = r->y[row] - chance(m->weight, x, m->width);
        for (size_t i = 0; i < m->width; i++)
            score[i] += e * x[i];
        if (row + 1 < r->n && r->group[row + 1] == r->group[row])
            continue;
        add_group(score, m->width, inverse, variance);
        memset(score, 0, sizeof score);
    }
    for (size_t i = 0; i < m->width; i++)
        m->se[i] = sqrt(variance[i]);
}

void piq_regression_fit(const piq_regression_rows *r, size_t width,
                        piq_regression *out)
{
    PIQ_ASSERT(width >= 1 && width <= r->width && r->width <= MAX);
    piq_regression m = {.width = width};
    double gradient[MAX];
    square inverse;
    for (int round = 0; round < ROUNDS; round++) {
        double moved = 0;
        look(r, &m, gradient, inverse);
        for (size_t i = 0; i < width; i++) {
            double step = 0;
            for (size_t j = 0; j < width; j++)
                step += inverse[i][j] * gradient[j];
            m.weight[i] += step;
            moved = fmax(moved, fabs(step));
        }
        if (moved < 1e-9)
            break;
    }
    look(r, &m, gradient, inverse);
    errors(r, &m, inverse);
    *out = m;
}

double piq_regression_loss(const piq_regression *m,
                           const piq_regression_rows *r, size_t row)
{
    double p = chance(m->weight, r->x + row * r->width, m->width);
    p = piq_clamp(p, 1e-12, 1 - 1e-12);
    return -log(r->y[row] ? p : 1 - p);
}
