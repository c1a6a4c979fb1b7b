#include "recommend/explore.h"

#include <math.h>
#include <string.h>

/* ---- one choice ---------------------------------------------------------- */

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

/* ---- a slate ------------------------------------------------------------- */

size_t piq_explore_slot(size_t limit)
{
    return limit > 1 ? 1 : 0;
}

static bool holds(const uint32_t *chosen, size_t n, uint32_t i)
{
    for (size_t k = 0; k < n; k++)
        if (chosen[k] == i)
            return true;
    return false;
}

static uint32_t greedy(const piq_explore_slate *s, const uint32_t *chosen,
                       size_t n)
{
    uint32_t best = PIQ_EXPLORE_NONE;
    double most = -INFINITY;
    if (s->next)
        return s->next(s->ctx, chosen, n);
    for (uint32_t i = 0; i < s->n; i++) {
        if (holds(chosen, n, i))
            continue;
        double v = s->value(s->ctx, i, chosen, n);
        if (v > most) {
            most = v;
            best = i;
        }
    }
    return best;
}

/* Fills chosen[] up to `limit` places; returns how many are filled. */
static size_t complete(const piq_explore_slate *s, uint32_t *chosen, size_t n,
                       size_t limit)
{
    while (n < limit) {
        uint32_t i = greedy(s, chosen, n);
        if (i == PIQ_EXPLORE_NONE)
            break;
        chosen[n++] = i;
    }
    return n;
}

/* Keeps candidates sorted, best first; of equal ones the one that came first.
 * The worst falls out when the plan is full. */
static void offer(piq_explore_plan *p, uint32_t i, double mu)
{
    size_t at = p->n;
    while (at > 0 && mu > p->mu[at - 1])
        at--;
    if (at == PIQ_EXPLORE_MAX)
        return;
    size_t n = p->n < PIQ_EXPLORE_MAX ? p->n++ : PIQ_EXPLORE_MAX - 1;
    for (size_t k = n; k > at; k--) {
        p->candidate[k] = p->candidate[k - 1];
        p->mu[k] = p->mu[k - 1];
    }
    p->candidate[at] = i;
    p->mu[at] = mu;
}

/* Who may stand at the explored slot, after the prefix. */
static void gather(const piq_explore_slate *s, const piq_explore_rule *rule,
                   const uint32_t *prefix, piq_explore_plan *p)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (holds(prefix, p->slot, i))
            continue;
        double mu = s->value(s->ctx, i, prefix, p->slot);
        if (isfinite(mu))
            offer(p, i, mu);
    }
    size_t n = piq_explore_chances(rule, p->mu, p->n, p->chance);
    p->n = n; /* sorted, so the safe ones are the first */
}

void piq_explore_plan_make(const piq_explore_slate *slate,
                           const piq_explore_rule *rule, size_t slot,
                           piq_explore_plan *out)
{
    uint32_t prefix[PIQ_EXPLORE_MAX_SLATE];
    PIQ_ASSERT(slate->limit >= 1 && slate->limit <= PIQ_EXPLORE_MAX_SLATE &&
               slot < slate->limit);
    memset(out, 0, sizeof *out);
    size_t n = complete(slate, prefix, 0, slot);
    out->slot = n;
    if (n == slot)
        gather(slate, rule, prefix, out);
    if (out->n == 0) {
        out->n = 1;
        out->candidate[0] = PIQ_EXPLORE_NONE;
        out->chance[0] = 1;
        out->n_shown[0] = n;
        memcpy(out->shown[0], prefix, n * sizeof *prefix);
        return;
    }
    for (size_t k = 0; k < out->n; k++) {
        memcpy(out->shown[k], prefix, n * sizeof *prefix);
        out->shown[k][n] = out->candidate[k];
        out->n_shown[k] = complete(slate, out->shown[k], n + 1, slate->limit);
    }
}

size_t piq_explore_plan_draw(const piq_explore_plan *plan, uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    return piq_explore_draw(plan->chance, plan->n, &r);
}

double piq_explore_plan_chance(const piq_explore_plan *plan, uint32_t item,
                               size_t position)
{
    double sum = 0;
    for (size_t k = 0; k < plan->n; k++)
        if (position < plan->n_shown[k] && plan->shown[k][position] == item)
            sum += plan->chance[k];
    return sum;
}
