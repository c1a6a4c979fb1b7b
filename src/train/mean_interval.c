#include "train/mean_interval.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Standard error of a mean from sums of x - mean and its square. */
static double standard_error(double sum, double squares, double n)
{
    return sqrt(fmax(0, squares - sum * sum / n)) / n;
}

/* One resample's t; x - centre for less rounding. */
static double resample(const double *x, size_t n, double centre, piq_rng *r)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double d = x[piq_rng_below(r, n)] - centre;
        sum += d;
        squares += d * d;
    }
    double se = standard_error(sum, squares, (double)n);
    if (se > 0)
        return sum / (double)n / se;
    return sum == 0 ? 0 : copysign(INFINITY, sum);
}

static double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t k = (size_t)at;
    if (k + 1 >= n)
        return sorted[n - 1];
    double share = at - (double)k;
    if (share == 0 || sorted[k] == sorted[k + 1])
        return sorted[k];
    return sorted[k] + share * (sorted[k + 1] - sorted[k]);
}

piq_status piq_mean_bootstrap(piq_arena *scratch, const double *x, size_t n,
                              const piq_mean_options *o, piq_mean_interval *out)
{
    PIQ_ASSERT(n >= 1 && o->resamples >= 1);
    double mean = 0, squares = 0, sum = 0;
    double *t = piq_new(scratch, double, o->resamples);
    piq_rng r;
    if (!t)
        return PIQ_ENOMEM;
    piq_rng_seed(&r, o->seed);
    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        sum += x[i] - mean;
        squares += (x[i] - mean) * (x[i] - mean);
    }
    double se = standard_error(sum, squares, (double)n);
    *out = (piq_mean_interval){mean, mean, mean};
    if (se == 0)
        return PIQ_OK;
    for (unsigned k = 0; k < o->resamples; k++)
        t[k] = resample(x, n, mean, &r);
    qsort(t, o->resamples, sizeof *t, by_number);
    double tail = (1 - o->confidence) / 2;
    out->low = mean - se * quantile(t, o->resamples, 1 - tail);
    out->high = mean - se * quantile(t, o->resamples, tail);
    return PIQ_OK;
}
