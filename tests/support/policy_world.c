#include "support/policy_world.h"

#include "num/logistic.h"

#include <math.h>

static const double FLOOR = 0.01;

void policy_world_make(policy_world *w, uint64_t seed, double base,
                       bool poor_overlap)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    *w = (policy_world){.base = base,
                        .sharp_logged = poor_overlap ? .3 : .5,
                        .sharp_target = poor_overlap ? 1.5 : 1.0,
                        .opposed = poor_overlap};
    for (size_t a = 0; a < POLICY_ACTIONS; a++) {
        w->bias[a] = .4 * piq_rng_normal(&r);
        for (size_t j = 0; j < POLICY_CONTEXT; j++)
            w->taste[a][j] = .5 * piq_rng_normal(&r);
    }
}

static double score(const policy_world *w, const double *x, size_t a)
{
    double z = w->bias[a];
    for (size_t j = 0; j < POLICY_CONTEXT; j++)
        z += w->taste[a][j] * x[j];
    return z;
}

static double reward_chance(const policy_world *w, const double *x, size_t a)
{
    return piq_sigmoid(w->base + score(w, x, a));
}

static void softmax(const policy_world *w, const double *x, double sharp,
                    double *p)
{
    double sum = 0;
    for (size_t a = 0; a < POLICY_ACTIONS; a++)
        sum += p[a] = exp(sharp * score(w, x, a));
    for (size_t a = 0; a < POLICY_ACTIONS; a++)
        p[a] /= sum;
}

/* The best by biases and so much of the tastes; the others by the floor. */
static void nearly_sure(const policy_world *w, const double *x, double share,
                        double *p)
{
    size_t best = 0;
    double most = -INFINITY;
    for (size_t a = 0; a < POLICY_ACTIONS; a++) {
        double z = w->bias[a] + share * (score(w, x, a) - w->bias[a]);
        p[a] = FLOOR;
        if (z > most) {
            most = z;
            best = a;
        }
    }
    p[best] = 1 - (POLICY_ACTIONS - 1) * FLOOR;
}

static void target_policy(const policy_world *w, const double *x, double *p)
{
    if (w->shy)
        nearly_sure(w, x, .5, p);
    else
        softmax(w, x, w->sharp_target, p);
}

static void logged_policy(const policy_world *w, const double *x, double *p)
{
    if (w->shy)
        nearly_sure(w, x, .45, p);
    else
        softmax(w, x, w->opposed ? -w->sharp_logged : w->sharp_logged, p);
}

static void draw_context(piq_rng *r, double *x)
{
    for (size_t j = 0; j < POLICY_CONTEXT; j++)
        x[j] = piq_rng_normal(r);
}

double policy_world_truth(const policy_world *w, size_t n, uint64_t seed)
{
    double sum = 0, p[POLICY_ACTIONS];
    double x[POLICY_CONTEXT];
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (size_t i = 0; i < n; i++) {
        draw_context(&r, x);
        target_policy(w, x, p);
        for (size_t a = 0; a < POLICY_ACTIONS; a++)
            sum += p[a] * reward_chance(w, x, a);
    }
    return sum / (double)n;
}

/* Constant, context, action. */
static void features(const void *ctx, size_t row, uint32_t action, double *x)
{
    const policy_context *contexts = ctx;
    x[0] = 1;
    for (size_t j = 0; j < POLICY_CONTEXT; j++)
        x[1 + j] = contexts[row].x[j];
    x[1 + POLICY_CONTEXT + action] = 1;
}

static uint32_t draw_action(piq_rng *r, const double *p)
{
    double at = piq_rng_uniform(r);
    uint32_t a = 0;
    for (; a + 1 < POLICY_ACTIONS && (at -= p[a]) >= 0; a++)
        ;
    return a;
}

policy_log policy_world_log(const policy_world *w, piq_arena *a, size_t n,
                            uint64_t seed)
{
    policy_log log = {.context = piq_new(a, policy_context, n)};
    piq_offpolicy_row *rows = piq_new(a, piq_offpolicy_row, n);
    double *target = piq_new(a, double, n *POLICY_ACTIONS);
    double *chance = piq_new(a, double, n *POLICY_ACTIONS);
    const double **logged = piq_new(a, const double *, n);
    piq_rng r;
    piq_rng_seed(&r, seed);
    PIQ_ASSERT(log.context && rows && target && chance && logged);
    for (size_t i = 0; i < n; i++) {
        double *x = log.context[i].x;
        draw_context(&r, x);
        double *p = chance + i * POLICY_ACTIONS;
        logged[i] = p;
        logged_policy(w, x, p);
        uint32_t action = draw_action(&r, p);
        double *t = target + i * POLICY_ACTIONS;
        target_policy(w, x, t);
        rows[i] = (piq_offpolicy_row){.reward = piq_rng_uniform(&r) <
                                                reward_chance(w, x, action),
                                      .propensity = p[action],
                                      .target = t,
                                      .n_actions = POLICY_ACTIONS,
                                      .action = action};
    }
    log.log = (piq_offpolicy_log){.rows = rows,
                                  .n = n,
                                  .logged = logged,
                                  .width = 1 + POLICY_CONTEXT + POLICY_ACTIONS,
                                  .features = features,
                                  .ctx = log.context};
    return log;
}
