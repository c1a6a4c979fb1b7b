/* env_gated.c - learners whose prerequisites gate learning, in three families.
 *
 * bkt: a concept is known or not (Corbett & Anderson 1995); practice makes it
 * known with a chance that falls to a fifth for each prerequisite not known;
 * guesses and slips.
 *
 * wrong: the same learners in levels instead of states, and the graph that is
 * told lacks a quarter of the real edges and has as many that are not there.
 *
 * mixed: large worlds, items that differ in minutes and difficulty, learners
 * who differ in rate, guessing, slipping and start; the budget is in minutes,
 * and a minute's effect is what counts. */
#include "sim/env.h"

#include <math.h>

typedef struct learner {
    double level[PIQ_ENV_MAX_CONCEPTS]; /* 0 .. 1; a state is 0 or 1 */
    double rate, guess, slip, ease;
} learner;

typedef struct world {
    bool states;    /* known or not, else levels */
    double rate;    /* mean of the learners' */
    double barrier; /* what an unknown prerequisite leaves of the effect */
    double slope;   /* of answers in levels */
    bool vary;      /* learners differ */
} world;

static double answer_chance(const piq_env *e, uint32_t item, double level)
{
    const world *w = e->world;
    const learner *l = e->learner;
    double known = level;
    if (!w->states)
        known = 1.0 / (1.0 + exp(-w->slope * (level - 0.5 + l->ease -
                                              e->items[item].difficulty)));
    return l->guess + (1.0 - l->guess - l->slip) * known;
}

static double exam(const piq_env *e, uint32_t item)
{
    const learner *l = e->learner;
    return answer_chance(e, item, l->level[e->items[item].concept]);
}

static double most(const piq_env *e, uint32_t item)
{
    return answer_chance(e, item, 1.0);
}

static double open_share(const piq_env *e, uint32_t k)
{
    const world *w = e->world;
    const learner *l = e->learner;
    double share = 1.0;
    for (size_t i = 0; i < e->real.n_edges; i++)
        if (e->real.edges[i].to == k)
            share *= w->barrier +
                     (1.0 - w->barrier) * l->level[e->real.edges[i].from];
    return share;
}

static bool practise(piq_env *e, uint32_t item)
{
    const world *w = e->world;
    learner *l = e->learner;
    uint32_t k = e->items[item].concept;
    bool right = piq_env_chance(e, exam(e, item));
    double rate = 1.0 - pow(1.0 - l->rate, e->items[item].minutes);
    double effect = rate * open_share(e, k);
    double luck = piq_rng_uniform(&e->rng);
    if (w->states)
        l->level[k] = luck < effect ? 1.0 : l->level[k];
    else
        l->level[k] += effect * (0.7 + 0.6 * luck) * (1.0 - l->level[k]);
    return right;
}

static void begin(piq_env *e)
{
    const world *w = e->world;
    learner *l = e->learner;
    piq_rng *r = &e->rng;
    double spread = w->vary ? 0.5 : 0.0;
    l->rate = fmin(0.6, w->rate * exp(piq_env_normal(r, 0.0, spread)));
    l->guess = w->vary ? 0.3 * piq_rng_uniform(r) : 0.2;
    l->slip = w->vary ? 0.15 * piq_rng_uniform(r) : 0.1;
    l->ease = w->vary ? piq_env_normal(r, 0.0, 0.1) : 0.0;
    double start = 0.1 + 0.3 * piq_rng_uniform(r);
    for (uint32_t k = 0; k < e->n_concepts; k++) {
        double open = open_share(e, k);
        l->level[k] = w->states ? (piq_env_chance(e, start * open) ? 1.0 : 0.0)
                                : start * open * piq_rng_uniform(r);
    }
}

static piq_status make_gated(piq_arena *a, piq_env *e, size_t n, size_t each,
                             const world *like)
{
    world *w = piq_new(a, world, 1);
    e->learner = piq_new(a, learner, 1);
    if (!w || !e->learner)
        return PIQ_ENOMEM;
    *w = *like;
    e->world = w;
    piq_status status = piq_env_draw_graph(a, e, n, 2, 5);
    return status ? status : piq_env_add_items(a, e, each);
}

static piq_status make_bkt(piq_arena *a, piq_env *e)
{
    static const world like = {.states = true, .rate = 0.35, .barrier = 0.2};
    e->steps = 30;
    e->log_steps = 15;
    return make_gated(a, e, 12 + piq_rng_below(&e->world_rng, 5), 2, &like);
}

/* A quarter of the edges is not told, and as many are that are not there. */
static piq_status spoil(piq_arena *a, piq_env *e)
{
    piq_rng *r = &e->world_rng;
    piq_env_edge *told = piq_new(a, piq_env_edge, 2 * e->real.n_edges);
    if (!told)
        return PIQ_ENOMEM;
    size_t n = 0, lost = 0;
    for (size_t i = 0; i < e->real.n_edges; i++) {
        if (piq_rng_uniform(r) < 0.25)
            lost++;
        else
            told[n++] = e->real.edges[i];
    }
    for (size_t i = 0; i < lost; i++) {
        uint32_t to = 1 + (uint32_t)piq_rng_below(r, e->n_concepts - 1);
        told[n++] = (piq_env_edge){(uint32_t)piq_rng_below(r, to), to};
    }
    e->told = (piq_env_graph){told, n};
    return PIQ_OK;
}

static piq_status make_wrong(piq_arena *a, piq_env *e)
{
    static const world like = {.rate = 0.4, .barrier = 0.1, .slope = 8.0};
    e->steps = 30;
    e->log_steps = 20;
    piq_status status =
        make_gated(a, e, 14 + piq_rng_below(&e->world_rng, 5), 1, &like);
    return status ? status : spoil(a, e);
}

static piq_status make_mixed(piq_arena *a, piq_env *e)
{
    static const world like = {
        .rate = 0.18, .barrier = 0.15, .slope = 7.0, .vary = true};
    static const double lengths[] = {1.0, 2.0, 3.0, 5.0};
    piq_rng *r = &e->world_rng;
    piq_status status = make_gated(a, e, 30 + piq_rng_below(r, 31), 3, &like);
    if (status)
        return status;
    e->steps = 90;
    e->minutes = true;
    e->log_steps = 40;
    for (size_t i = 0; i < e->n_items; i++) {
        e->items[i].minutes = lengths[piq_rng_below(r, 4)];
        e->items[i].difficulty = piq_env_normal(r, 0.0, 0.1);
    }
    return PIQ_OK;
}

const piq_env_family piq_env_bkt = {
    "bkt",    "known or not, prerequisites gate, guesses and slips",
    make_bkt, begin,
    practise, exam,
    most};
const piq_env_family piq_env_wrong = {
    "wrong",    "levels, and a told graph that is partly wrong",
    make_wrong, begin,
    practise,   exam,
    most};
const piq_env_family piq_env_mixed = {
    "mixed",    "30 to 60 concepts, items of 1 to 5 minutes, learners differ",
    make_mixed, begin,
    practise,   exam,
    most};
