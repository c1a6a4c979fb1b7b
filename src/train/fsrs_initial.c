#include "train/fsrs_initial.h"

#include "num/logistic.h"
#include "train/fsrs_adam.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double LEAST_DAYS = 0.001, MOST_DAYS = 100;
/* Ratios among the four in logarithms: fsrs-rs, from many learners. */
static const double A = 0.41, B = 0.54;
static const double PULL = 1.0 / 16;
static const double R_EDGE = 1e-7;
enum { MAX_ROUNDS = 1000, SHRUNK_ROUNDS = 40 };

typedef struct target {
    const piq_fsrs_params *centre;
    double centre_days, recall;
    const piq_fsrs_group *groups;
    size_t n_groups;
} target;

/* n times the loss at a share passed y. */
static double group_loss(const target *t, const piq_fsrs_group *g, double s,
                         double y)
{
    double r = piq_fsrs_recall(t->centre, g->elapsed_days, s);
    r = piq_clamp(r, R_EDGE, 1 - R_EDGE);
    return -g->n * (y * log(r) + (1 - y) * log(1 - r));
}

static double loss_at(const target *t, double s)
{
    double loss = fabs(s - t->centre_days) * PULL;
    for (size_t i = 0; i < t->n_groups; i++) {
        const piq_fsrs_group *g = &t->groups[i];
        loss += group_loss(t, g, s, (g->passed + t->recall) / (g->n + 1));
    }
    return loss;
}

double piq_fsrs_initial_of(const piq_fsrs_params *centre, double centre_days,
                           const piq_fsrs_group *groups, size_t n_groups,
                           double recall)
{
    target t = {centre, centre_days, recall, groups, n_groups};
    double low = LEAST_DAYS, high = MOST_DAYS;
    for (int i = 0; i < MAX_ROUNDS && high - low > 2.2e-16; i++) {
        double left = low + (high - low) / 3, right = high - (high - low) / 3;
        if (left <= low || right >= high)
            break;
        if (loss_at(&t, left) < loss_at(&t, right))
            high = right;
        else
            low = left;
    }
    return (low + high) / 2;
}

void piq_fsrs_initial_repair(double s[4], const double count[4])
{
    static const int pairs[6][2] = {{0, 1}, {1, 2}, {2, 3},
                                    {0, 2}, {1, 3}, {0, 3}};
    for (int k = 0; k < 6; k++) {
        int a = pairs[k][0], b = pairs[k][1];
        if (!(s[a] > s[b]))
            continue;
        if (count[a] > count[b])
            s[b] = s[a];
        else
            s[a] = s[b];
    }
}

/* x^share y^(1-share) */
static double between(double x, double y, double share)
{
    return exp(share * log(x) + (1 - share) * log(y));
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void fill_by_centre(double s[4], const double centre_days[4])
{
    double ratio = 1;
    for (int g = 0; g < 4; g++)
        if (!isnan(s[g]))
            ratio = s[g] / centre_days[g];
    for (int g = 0; g < 4; g++)
        s[g] = centre_days[g] * ratio;
    qsort(s, 4, sizeof *s, ascending);
}

/* ln s2 = a ln s1 + (1-a) ln s3; ln s3 = (1-b) ln s2 + b ln s4. The middle ones
 * first: the outer ones follow from them. */
static void fill_by_ratios(double s[4])
{
    const double c = A + B - A * B;
    bool known[4];
    for (int g = 0; g < 4; g++)
        known[g] = !isnan(s[g]);
    if (!known[1] && !known[2] && known[0]) {
        s[1] = between(s[0], s[3], A / c);
        s[2] = between(s[0], s[3], 1 - B / c);
    } else if (!known[1]) {
        s[1] = known[0] ? between(s[0], s[2], A)
                        : between(s[2], s[3], 1 / (1 - B));
    } else if (!known[2]) {
        s[2] = known[3] ? between(s[3], s[1], B)
                        : between(s[1], s[0], 1 / (1 - A));
    }
    if (!known[0])
        s[0] = between(s[1], s[2], 1 / A);
    if (!known[3])
        s[3] = between(s[2], s[1], 1 / B);
}

void piq_fsrs_initial_fill(double s[4], const double centre_days[4])
{
    int known = 0;
    for (int g = 0; g < 4; g++)
        known += !isnan(s[g]);
    PIQ_ASSERT(known > 0);
    if (known == 1)
        fill_by_centre(s, centre_days);
    else if (known < 4)
        fill_by_ratios(s);
    for (int g = 0; g < 4; g++)
        s[g] = piq_clamp(s[g], LEAST_DAYS, MOST_DAYS);
}

void piq_fsrs_initial(const piq_fsrs_params *centre, const piq_fsrs_pool *x,
                      double s[4], double count[4])
{
    size_t known = 0;
    for (int g = 0; g < 4; g++) {
        count[g] = 0;
        for (size_t i = 0; i < x->n_groups[g]; i++)
            count[g] += x->groups[g][i].n;
        s[g] = x->n_groups[g]
                   ? piq_fsrs_initial_of(centre, centre->w[g], x->groups[g],
                                         x->n_groups[g], x->recall)
                   : NAN;
        known += x->n_groups[g] > 0;
    }
    if (!known) {
        for (int g = 0; g < 4; g++)
            s[g] = centre->w[g];
        return;
    }
    piq_fsrs_initial_repair(s, count);
    piq_fsrs_initial_fill(s, centre->w);
}

/* ---- shrunk ------------------------------------------------------------ */

static double shrunk_loss_at(const target *t, double scale, double log_ratio)
{
    double loss = scale * log_ratio * log_ratio;
    double s = t->centre_days * exp(log_ratio);
    for (size_t i = 0; i < t->n_groups; i++) {
        const piq_fsrs_group *g = &t->groups[i];
        loss += group_loss(t, g, s, g->n > 0 ? g->passed / g->n : 0);
    }
    return loss;
}

/* Not convex everywhere: a coarse look, then thirds around its best. */
static double shrunk_of(const target *t, double scale)
{
    const double most = 4, stride = 0.25;
    double best = 0, best_loss = shrunk_loss_at(t, scale, 0);
    for (double x = -most; x <= most; x += stride) {
        double loss = shrunk_loss_at(t, scale, x);
        if (loss < best_loss) {
            best_loss = loss;
            best = x;
        }
    }
    double low = best - stride, high = best + stride;
    for (int i = 0; i < SHRUNK_ROUNDS; i++) {
        double left = low + (high - low) / 3, right = high - (high - low) / 3;
        if (shrunk_loss_at(t, scale, left) < shrunk_loss_at(t, scale, right))
            high = right;
        else
            low = left;
    }
    return t->centre_days * exp((low + high) / 2);
}

void piq_fsrs_initial_shrunk(const piq_fsrs_params *centre,
                             const piq_fsrs_pool *x, double gamma, double s[4],
                             double count[4])
{
    for (int g = 0; g < 4; g++) {
        target t = {centre, centre->w[g], x->recall, x->groups[g],
                    x->n_groups[g]};
        double spread = piq_fsrs_spread(true)[g];
        count[g] = 0;
        for (size_t i = 0; i < t.n_groups; i++)
            count[g] += t.groups[i].n;
        s[g] = centre->w[g];
        if (count[g] > 0)
            s[g] = piq_clamp(shrunk_of(&t, gamma / (spread * spread)),
                             LEAST_DAYS, MOST_DAYS);
    }
}
