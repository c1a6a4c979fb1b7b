#include "recommend/explore.h"

#include <math.h>
#include <string.h>

static size_t best_of(const double *mu, size_t n)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (isfinite(mu[i]) && (best == n || mu[i] > mu[best]))
            best = i;
    return best;
}

size_t piq_explore_chances(const piq_explore_rule *rule, const double *mu,
                           size_t n, double *chance)
{
    size_t best = best_of(mu, n), n_safe = 0;
    memset(chance, 0, n * sizeof *chance);
    if (best == n)
        return 0;
    for (size_t i = 0; i < n; i++)
        n_safe += isfinite(mu[i]) && mu[best] - mu[i] <= rule->delta;
    /* With at most 1/|C| for each of the others the best keeps at least as
     * much. */
    double least = fmin(rule->floor, 1 / (double)n_safe), others = 0;
    for (size_t i = 0; i < n; i++) {
        double gap = mu[best] - mu[i];
        if (i == best || !isfinite(mu[i]) || gap > rule->delta)
            continue;
        double weight = gap > 0 ? rule->gamma * gap : 0;
        chance[i] = fmax(least, 1 / ((double)n_safe + weight));
        others += chance[i];
    }
    chance[best] = 1 - others;
    return n_safe;
}

size_t piq_explore_draw(const double *chance, size_t n, piq_rng *r)
{
    double at = piq_rng_uniform(r);
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        if (chance[i] <= 0)
            continue;
        last = i; /* what rounding leaves over belongs to the last */
        at -= chance[i];
        if (at < 0)
            break;
    }
    return last;
}
