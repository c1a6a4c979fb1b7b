/* env_memory.c - learners who forget, in two families.
 *
 * forget: concepts with prerequisites; a memory's half-life is short at first
 * and grows at a success, more the more had been forgotten (the spacing
 * effect), as in half-life regression (Settles & Meeder 2016) with the growth
 * of Landauer & Bjork's expanding rehearsal. Forgetting is exponential. Time
 * is not spoken of.
 *
 * memory: facts without prerequisites, traces that add up (ACT-R: activation
 * ln sum t^-d, each trace's own decay d = .3 e^activation + .3 by the
 * activation it met; Pavlik & Anderson 2005, Cognitive Science 29:559-586).
 * The time between steps is told. */
#include "sim/env.h"

#include <math.h>

enum { MAX_TRACES = 128 };

/* --- half-lives ------------------------------------------------------------
 */

typedef struct fading {
    double half_life[PIQ_ENV_MAX_CONCEPTS]; /* steps; 0 never learned */
    double held[PIQ_ENV_MAX_CONCEPTS];      /* when practised last */
} fading;

static const double FIRST_HALF_LIFE = 5.0;
static const double FADING_GUESS = 0.1, FADING_SLIP = 0.05;

static double kept(const piq_env *e, uint32_t k, double time)
{
    const fading *l = e->learner;
    if (l->half_life[k] <= 0.0)
        return 0.0;
    return exp2(-(time - l->held[k]) / l->half_life[k]);
}

static double fading_exam(const piq_env *e, uint32_t item)
{
    return FADING_GUESS + (1.0 - FADING_GUESS - FADING_SLIP) *
                              kept(e, e->items[item].concept, e->time);
}

static double fading_most(const piq_env *e, uint32_t item)
{
    (void)e;
    (void)item;
    return 1.0 - FADING_SLIP;
}

/* How firmly the prerequisites stand, 0 .. 1. */
static double footing(const piq_env *e, uint32_t k)
{
    double share = 1.0;
    for (size_t i = 0; i < e->real.n_edges; i++)
        if (e->real.edges[i].to == k)
            share *= 0.2 + 0.8 * kept(e, e->real.edges[i].from, e->time);
    return share;
}

static bool fading_practise(piq_env *e, uint32_t item)
{
    fading *l = e->learner;
    uint32_t k = e->items[item].concept;
    double r = kept(e, k, e->time);
    bool right = piq_env_chance(e, fading_exam(e, item));
    double ease = exp(-0.5 * e->items[item].difficulty);
    bool caught = piq_rng_uniform(&e->rng) < footing(e, k);
    if (l->half_life[k] <= 0.0) {
        if (caught)
            l->half_life[k] = FIRST_HALF_LIFE * ease;
    } else if (right) {
        l->half_life[k] *= 1.0 + 0.5 * ease + 3.0 * ease * (1.0 - r);
    } else {
        l->half_life[k] = fmax(FIRST_HALF_LIFE * ease, 0.8 * l->half_life[k]);
    }
    if (l->half_life[k] > 0.0)
        l->held[k] = e->time;
    return right;
}

static void fading_begin(piq_env *e)
{
    fading *l = e->learner;
    for (size_t k = 0; k < e->n_concepts; k++) {
        l->half_life[k] = 0.0;
        l->held[k] = 0.0;
    }
}

static piq_status make_forget(piq_arena *a, piq_env *e)
{
    e->learner = piq_new(a, fading, 1);
    piq_status status =
        piq_env_draw_graph(a, e, 10 + piq_rng_below(&e->world_rng, 5), 2, 4);
    if (status == PIQ_OK)
        status = piq_env_add_items(a, e, 1);
    if (status || !e->learner)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < e->n_items; i++)
        e->items[i].difficulty = piq_env_normal(&e->world_rng, 0.0, 0.5);
    e->steps = 40;
    e->log_steps = 20;
    return PIQ_OK;
}

/* --- traces -----------------------------------------------------------------
 */

typedef struct trace {
    double time, decay;
} trace;

typedef struct traces {
    trace list[PIQ_ENV_MAX_CONCEPTS][MAX_TRACES];
    size_t n[PIQ_ENV_MAX_CONCEPTS];
    double fading; /* how fast this learner's traces fade */
} traces;

static const double THRESHOLD = -1.2, NOISE = 0.3;
static const double DECAY_SCALE = 0.3, DECAY_LEAST = 0.3;

static double activation(const piq_env *e, uint32_t k)
{
    const traces *l = e->learner;
    double sum = 0.0;
    for (size_t i = 0; i < l->n[k]; i++) {
        double age = fmax((e->time - l->list[k][i].time) * e->delay, 0.01);
        sum += pow(age, -l->list[k][i].decay);
    }
    return log(fmax(sum, 1e-9));
}

static double traces_exam(const piq_env *e, uint32_t item)
{
    double u = activation(e, e->items[item].concept) -
               e->items[item].difficulty - THRESHOLD;
    return 1.0 / (1.0 + exp(-u / NOISE));
}

static double traces_most(const piq_env *e, uint32_t item)
{
    (void)e;
    (void)item;
    return 1.0;
}

/* The oldest trace makes room. */
static bool traces_practise(piq_env *e, uint32_t item)
{
    traces *l = e->learner;
    uint32_t k = e->items[item].concept;
    bool right = piq_env_chance(e, traces_exam(e, item));
    double decay = DECAY_LEAST;
    if (l->n[k] > 0)
        decay += DECAY_SCALE * exp(activation(e, k));
    decay *= l->fading;
    if (l->n[k] == MAX_TRACES) {
        for (size_t i = 1; i < MAX_TRACES; i++)
            l->list[k][i - 1] = l->list[k][i];
        l->n[k]--;
    }
    l->list[k][l->n[k]++] = (trace){e->time, decay};
    return right;
}

static void traces_begin(piq_env *e)
{
    traces *l = e->learner;
    l->fading = exp(piq_env_normal(&e->rng, 0.0, 0.15));
    for (size_t k = 0; k < e->n_concepts; k++)
        l->n[k] = 0;
}

static piq_status make_memory(piq_arena *a, piq_env *e)
{
    e->learner = piq_new(a, traces, 1);
    e->n_concepts = 20 + piq_rng_below(&e->world_rng, 11);
    if (!e->learner || piq_env_add_items(a, e, 1))
        return PIQ_ENOMEM;
    for (size_t i = 0; i < e->n_items; i++)
        e->items[i].difficulty = piq_env_normal(&e->world_rng, 0.0, 0.4);
    e->steps = 60;
    e->log_steps = 20;
    e->delay = 5.0;
    e->all_targets = true;
    return PIQ_OK;
}

const piq_env_family piq_env_forget = {
    "forget",
    "strong exponential forgetting, prerequisites, time not told",
    make_forget,
    fading_begin,
    fading_practise,
    fading_exam,
    fading_most};
const piq_env_family piq_env_memory = {
    "memory",        "facts, traces with power-law decay, reviews, delay told",
    make_memory,     traces_begin,
    traces_practise, traces_exam,
    traces_most};
