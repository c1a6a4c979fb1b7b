/* env_kss.c - the knowledge structure simulator of the literature.
 *
 * Liu et al. 2019, "Exploiting Cognitive Structure for Adaptive Learning",
 * KDD, section 5.1.1: ten concepts with an item each; levels below 0 at first
 * and 5 at most. Practice closes half of what is lacking, times e to the minus
 * what the prerequisites lack; half of what is gained goes on to each concept
 * that comes next, half of that to the one after, and so on. It counts only
 * near the item that counted last: itself, what it needs up to two steps back,
 * what needs it, what needs the same. An answer is right when the chance of
 * the three-parameter model (c = .25, 1.7 a = 8.5) is .5 or more. Published
 * versions differ in whether the answer comes before or after the practice:
 * worlds here do. */
#include "sim/env.h"

#include <math.h>
#include <string.h>

enum { N = 10 };
static const double TOP = 5.0, HALF = 0.5;
static const double GUESS = 0.25, SLOPE = 8.5;

static const piq_env_edge EDGES[] = {{0, 1}, {0, 2}, {1, 3}, {2, 4},
                                     {2, 8}, {3, 4}, {4, 8}, {5, 4},
                                     {5, 9}, {6, 7}, {7, 8}, {8, 9}};
enum { N_EDGES = sizeof EDGES / sizeof *EDGES };

/* The order in which items grow harder. */
static const uint32_t HARDER[N] = {5, 0, 1, 2, 3, 4, 6, 7, 8, 9};

typedef struct world {
    bool asks_after; /* the outcome is of after the practice */
} world;

typedef struct learner {
    double level[N];
    int last; /* that counted; -1 none */
} learner;

static piq_status make(piq_arena *a, piq_env *e)
{
    double hard[N];
    world *w = piq_new(a, world, 1);
    e->n_concepts = N;
    e->world = w;
    e->real.edges = piq_new(a, piq_env_edge, N_EDGES);
    e->learner = piq_new(a, learner, 1);
    if (!w || !e->real.edges || !e->learner || piq_env_add_items(a, e, 1))
        return PIQ_ENOMEM;
    memcpy(e->real.edges, EDGES, sizeof EDGES);
    e->real.n_edges = N_EDGES;
    e->told = e->real;
    w->asks_after = piq_rng_uniform(&e->world_rng) < 0.5;
    for (size_t i = 0; i < N; i++) {
        hard[i] = (double)piq_rng_below(&e->world_rng, 5);
        for (size_t j = i; j > 0 && hard[j] < hard[j - 1]; j--) {
            double held = hard[j];
            hard[j] = hard[j - 1];
            hard[j - 1] = held;
        }
    }
    for (size_t i = 0; i < N; i++)
        e->items[HARDER[i]].difficulty = hard[i];
    e->steps = 20;
    e->log_steps = 20;
    e->log_knows = true; /* as in the literature */
    return PIQ_OK;
}

static void begin(piq_env *e)
{
    learner *l = e->learner;
    for (size_t k = 0; k < N; k++)
        l->level[k] =
            -1.0 - (double)piq_rng_below(&e->rng, 3) - 0.1 * (double)k;
    l->last = -1;
}

static bool before(uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < N_EDGES; i++)
        if (EDGES[i].from == from && EDGES[i].to == to)
            return true;
    return false;
}

static bool near(uint32_t k, uint32_t last)
{
    if (k == last || before(last, k) || before(k, last))
        return true;
    for (uint32_t p = 0; p < N; p++)
        if (before(p, last) && (before(k, p) || before(p, k)))
            return true;
    return false;
}

static void promote(learner *l, uint32_t k, double by)
{
    l->level[k] = fmin(TOP, l->level[k] + by);
    for (size_t i = 0; i < N_EDGES; i++)
        if (EDGES[i].from == k)
            promote(l, EDGES[i].to, by * HALF);
}

static double exam(const piq_env *e, uint32_t item)
{
    const learner *l = e->learner;
    double u =
        SLOPE * (l->level[e->items[item].concept] - e->items[item].difficulty);
    return GUESS + (1.0 - GUESS) / (1.0 + exp(-u)) >= 0.5 ? 1.0 : 0.0;
}

static double most(const piq_env *e, uint32_t item)
{
    (void)e;
    (void)item;
    return 1.0;
}

static void learn(learner *l, uint32_t k)
{
    double lack = 0.0;
    if (l->last >= 0 && !near(k, (uint32_t)l->last))
        return;
    l->last = (int)k;
    for (uint32_t p = 0; p < N; p++)
        if (before(p, k))
            lack += TOP - l->level[p];
    promote(l, k, HALF * (TOP - l->level[k]) * exp(-lack));
}

static bool practise(piq_env *e, uint32_t item)
{
    const world *w = e->world;
    bool right = exam(e, item) > 0.5;
    learn(e->learner, e->items[item].concept);
    return w->asks_after ? exam(e, item) > 0.5 : right;
}

const piq_env_family piq_env_kss = {
    "kss",    "knowledge structure simulator of the literature",
    make,     begin,
    practise, exam,
    most};
