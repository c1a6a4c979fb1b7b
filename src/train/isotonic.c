#include "train/isotonic.h"

#include <math.h>
#include <stdlib.h>

enum {
    MIN_BIN_ROWS = 200, /* a rate good to .035 */
    MIN_BINS = 5
};

/* Answers that a bin is lent, of its own mean prediction, so that no rate is 0
 * or 1. */
static const double PRIOR_ROWS = 4.0;

typedef struct pool {
    double n, logits, right; /* sums */
} pool;

static int by_logit(const void *a, const void *b)
{
    const piq_isotonic_row *x = a, *y = b;
    if (x->logit != y->logit)
        return x->logit < y->logit ? -1 : 1;
    return (x->y > y->y) - (x->y < y->y);
}

static double rate(const pool *p)
{
    return p->right / p->n;
}

static void add_prior(pool *p)
{
    double logit = p->logits / p->n;
    p->right += PRIOR_ROWS / (1.0 + exp(-logit));
    p->logits += PRIOR_ROWS * logit;
    p->n += PRIOR_ROWS;
}

/* Bins of equal logits stay whole, so that pools differ in theirs. */
static size_t fill_bins(const piq_isotonic_row *rows, size_t n, size_t n_bins,
                        pool *bins)
{
    size_t filled = 0;
    for (size_t k = 0, i = 0; k < n_bins && i < n; k++) {
        size_t end = n * (k + 1) / n_bins;
        pool p = {0};
        for (; i < n &&
               (i < end || (p.n > 0.0 && rows[i].logit == rows[i - 1].logit));
             i++) {
            p.n += 1.0;
            p.logits += rows[i].logit;
            p.right += (double)rows[i].y;
        }
        if (p.n == 0.0)
            continue;
        add_prior(&p);
        bins[filled++] = p;
    }
    return filled;
}

/* Neighbours whose rates do not rise become one, in place. */
static size_t pool_violators(pool *bins, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        pool p = bins[i];
        while (kept > 0 && rate(&bins[kept - 1]) >= rate(&p)) {
            const pool *before = &bins[--kept];
            p.n += before->n;
            p.logits += before->logits;
            p.right += before->right;
        }
        bins[kept++] = p;
    }
    return kept;
}

void piq_isotonic_fit(piq_isotonic_row *rows, size_t n, piq_blend *b)
{
    pool bins[PIQ_MAX_CALIBRATION_KNOTS];
    size_t n_bins = n / MIN_BIN_ROWS;
    b->n_knots = 0;
    if (n_bins < MIN_BINS)
        return;
    if (n_bins > PIQ_MAX_CALIBRATION_KNOTS)
        n_bins = PIQ_MAX_CALIBRATION_KNOTS;
    qsort(rows, n, sizeof *rows, by_logit);
    size_t n_pools = pool_violators(bins, fill_bins(rows, n, n_bins, bins));
    if (n_pools < 2)
        return;
    for (size_t i = 0; i < n_pools; i++) {
        double p = rate(&bins[i]);
        double in = bins[i].logits / bins[i].n, out = log(p / (1.0 - p));
        size_t k = b->n_knots;
        /* Apart by rounding alone: one knot will do. */
        if (k > 0 && (in <= b->knot_in[k - 1] || out <= b->knot_out[k - 1]))
            continue;
        b->knot_in[k] = in;
        b->knot_out[k] = out;
        b->n_knots++;
    }
}
