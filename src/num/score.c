#include "num/score.h"

#include "num/logistic.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double LOGLOSS_EDGE = 1e-7;

/* A number and where it stood. */
typedef struct placed {
    double value;
    size_t at;
} placed;

static int by_value(const void *a, const void *b)
{
    double x = ((const placed *)a)->value;
    double y = ((const placed *)b)->value;
    return (x > y) - (x < y);
}

/* rank [n]: 1 for the least; equal values share the mean of their ranks. */
static piq_status mid_ranks(piq_arena *a, const double *x, size_t n,
                            double **rank)
{
    placed *sorted = piq_new(a, placed, n);
    double *r = piq_new(a, double, n);
    if (!sorted || !r)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        sorted[i] = (placed){x[i], i};
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_value);
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && sorted[end].value == sorted[i].value)
            end++;
        double mid = ((double)i + 1 + (double)end) / 2;
        for (; i < end; i++)
            r[sorted[i].at] = mid;
    }
    *rank = r;
    return PIQ_OK;
}

static bool any_nan(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i]))
            return true;
    return false;
}

piq_status piq_auc(piq_arena *a, const double *p, const float *y, size_t n,
                   double *auc)
{
    double *rank;
    piq_status status = mid_ranks(a, p, n, &rank);
    if (status != PIQ_OK)
        return status;
    double positives = 0;
    double rank_sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (y[i] <= .5f)
            continue;
        positives++;
        rank_sum += rank[i];
    }
    double negatives = (double)n - positives;
    *auc = NAN;
    if (positives > 0 && negatives > 0 && !any_nan(p, n))
        *auc = (rank_sum - positives * (positives + 1) / 2) /
               (positives * negatives);
    return PIQ_OK;
}

piq_status piq_spearman(piq_arena *a, const double *x, const double *y,
                        size_t n, double *rho)
{
    double *rx;
    double *ry;
    piq_status status = mid_ranks(a, x, n, &rx);
    if (status == PIQ_OK)
        status = mid_ranks(a, y, n, &ry);
    if (status != PIQ_OK)
        return status;
    double mean = ((double)n + 1) / 2; /* of ranks, ties or not */
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (size_t i = 0; i < n; i++) {
        xy += (rx[i] - mean) * (ry[i] - mean);
        xx += (rx[i] - mean) * (rx[i] - mean);
        yy += (ry[i] - mean) * (ry[i] - mean);
    }
    *rho = NAN;
    if (xx > 0 && yy > 0 && !any_nan(x, n) && !any_nan(y, n))
        *rho = xy / sqrt(xx * yy);
    return PIQ_OK;
}

void piq_reliability_add(piq_reliability *r, double p, double y)
{
    double q = piq_clamp(p, LOGLOSS_EDGE, 1 - LOGLOSS_EDGE);
    int bin = (int)piq_clamp(floor(p * PIQ_RELIABILITY_BINS), 0,
                             PIQ_RELIABILITY_BINS - 1);
    r->n++;
    r->brier_sum += (p - y) * (p - y);
    r->logloss_sum -= y * log(q) + (1 - y) * log1p(-q);
    r->bin_n[bin]++;
    r->bin_p[bin] += p;
    r->bin_y[bin] += y;
}

double piq_reliability_brier(const piq_reliability *r)
{
    return r->n ? r->brier_sum / (double)r->n : NAN;
}

double piq_reliability_ece(const piq_reliability *r)
{
    double sum = 0;
    /* n_k |mean p - mean y| = |sum p - sum y|. */
    for (int k = 0; k < PIQ_RELIABILITY_BINS; k++)
        sum += fabs(r->bin_p[k] - r->bin_y[k]);
    return r->n ? sum / (double)r->n : NAN;
}
