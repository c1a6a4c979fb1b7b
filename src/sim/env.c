#include "sim/env.h"

#include <math.h>
#include <string.h>

static const piq_env_family *const families[] = {
    &piq_env_kss,   &piq_env_bkt,    &piq_env_forget,
    &piq_env_wrong, &piq_env_memory, &piq_env_mixed};
enum { N_FAMILIES = sizeof families / sizeof *families };

/* A learner who knows all already is not taken; after so many the next is. */
enum { MOST_DRAWS = 50 };

const piq_env_family *piq_env_family_at(size_t i)
{
    return i < N_FAMILIES ? families[i] : NULL;
}

const piq_env_family *piq_env_family_named(const char *name)
{
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (strcmp(families[i]->name, name) == 0)
            return families[i];
    return NULL;
}

/* --- for the families ------------------------------------------------------
 */

bool piq_env_chance(piq_env *e, double p)
{
    return piq_rng_uniform(&e->rng) < p;
}

double piq_env_normal(piq_rng *r, double mean, double sd)
{
    return mean + sd * piq_rng_normal(r);
}

static bool has_edge(const piq_env_graph *g, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < g->n_edges; i++)
        if (g->edges[i].from == from && g->edges[i].to == to)
            return true;
    return false;
}

piq_status piq_env_draw_graph(piq_arena *a, piq_env *e, size_t n, size_t most,
                              size_t window)
{
    piq_rng *r = &e->world_rng;
    e->n_concepts = n;
    e->real.edges = piq_new(a, piq_env_edge, n * most);
    if (!e->real.edges)
        return PIQ_ENOMEM;
    for (uint32_t k = 2; k < n; k++) {
        size_t wanted = 1 + piq_rng_below(r, most);
        size_t reach = k < window ? k : window;
        if (piq_rng_uniform(r) < 0.1)
            continue; /* another root */
        for (size_t j = 0; j < wanted; j++) {
            uint32_t from = k - 1 - (uint32_t)piq_rng_below(r, reach);
            if (!has_edge(&e->real, from, k))
                e->real.edges[e->real.n_edges++] = (piq_env_edge){from, k};
        }
    }
    e->told = e->real;
    return PIQ_OK;
}

piq_status piq_env_add_items(piq_arena *a, piq_env *e, size_t each)
{
    e->n_items = e->n_concepts * each;
    e->items = piq_new(a, piq_env_item, e->n_items);
    if (!e->items)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < e->n_items; i++)
        e->items[i] =
            (piq_env_item){.concept = (uint32_t)(i / each), .minutes = 1.0};
    return PIQ_OK;
}

/* --- a world and its learners ----------------------------------------------
 */

static uint64_t mix(uint64_t a, uint64_t b)
{
    piq_rng r;
    piq_rng_seed(&r, a ^ (b * 0x9e3779b97f4a7c15u));
    return piq_rng_u64(&r);
}

piq_status piq_env_make(piq_arena *a, const piq_env_family *f, uint64_t seed,
                        piq_env **out)
{
    piq_env *e = piq_new(a, piq_env, 1);
    if (!e)
        return PIQ_ENOMEM;
    e->family = f;
    e->seed = seed;
    piq_rng_seed(&e->world_rng, mix(seed, 1));
    piq_status status = f->make(a, e);
    if (status == PIQ_OK)
        *out = e;
    return status;
}

static void draw_targets(piq_env *e)
{
    size_t n = e->n_concepts;
    size_t most = n < 16 ? n : n / 2;
    size_t wanted = e->all_targets ? n : 3 + piq_rng_below(&e->rng, most - 2);
    uint32_t all[PIQ_ENV_MAX_CONCEPTS];
    for (size_t i = 0; i < n; i++)
        all[i] = (uint32_t)i;
    for (size_t i = 0; i < wanted; i++) {
        size_t j = i + piq_rng_below(&e->rng, n - i);
        uint32_t k = all[j];
        all[j] = all[i];
        e->targets[i] = k;
    }
    e->n_targets = wanted;
    for (size_t i = 0; i < wanted; i++) {
        size_t found = 0;
        for (uint32_t x = 0; x < e->n_items; x++)
            if (e->items[x].concept == e->targets[i] &&
                piq_rng_below(&e->rng, ++found) == 0)
                e->asked[i] = x;
    }
}

/* An item of the concept. */
static uint32_t some_item(piq_env *e, uint32_t concept)
{
    size_t found = 0;
    uint32_t item = 0;
    for (uint32_t i = 0; i < e->n_items; i++)
        if (e->items[i].concept == concept &&
            piq_rng_below(&e->rng, ++found) == 0)
            item = i;
    return item;
}

/* Seen to be at home: its last two answers in the log were right. */
static bool looks_learned(const piq_env *e, uint32_t concept)
{
    int right = 0;
    for (size_t i = e->n_log; i-- > 0;) {
        if (e->items[e->log[i].item].concept != concept)
            continue;
        if (!e->log[i].right || ++right == 2)
            break;
    }
    return right == 2;
}

/* Past practice: the last one again, else the first concept in order that does
 * not look learned (where the family says so: that is not, in truth), now and
 * then any. */
static uint32_t next_of_log(piq_env *e)
{
    if (e->n_log > 0 && piq_rng_uniform(&e->rng) < 0.5)
        return e->log[e->n_log - 1].item;
    if (piq_rng_uniform(&e->rng) < 0.8)
        for (uint32_t k = 0; k < e->n_concepts; k++) {
            uint32_t item = some_item(e, k);
            bool known = e->log_knows ? e->family->exam(e, item) >= 0.6
                                      : looks_learned(e, k);
            if (!known)
                return item;
        }
    return (uint32_t)piq_rng_below(&e->rng, e->n_items);
}

static void write_log(piq_env *e)
{
    e->n_log = 0;
    while (e->n_log < e->log_steps) {
        uint32_t item = next_of_log(e);
        bool right = piq_env_practise(e, item);
        e->log[e->n_log++] = (piq_env_answer){item, right};
    }
}

void piq_env_begin(piq_env *e, uint64_t learner)
{
    for (uint64_t draw = 0; draw < MOST_DRAWS; draw++) {
        piq_rng_seed(&e->rng, mix(mix(e->seed, 2 + draw), learner));
        e->time = 0.0;
        e->family->begin(e);
        draw_targets(e);
        write_log(e);
        if (piq_env_score(e) < 0.9 * piq_env_full(e))
            return;
    }
}

bool piq_env_practise(piq_env *e, uint32_t item)
{
    bool right = e->family->practise(e, item);
    e->time += 1.0;
    return right;
}

double piq_env_score(const piq_env *e)
{
    double sum = 0.0;
    for (size_t i = 0; i < e->n_targets; i++)
        sum += e->family->exam(e, e->asked[i]);
    return sum;
}

double piq_env_full(const piq_env *e)
{
    double sum = 0.0;
    for (size_t i = 0; i < e->n_targets; i++)
        sum += e->family->most(e, e->asked[i]);
    return sum;
}

bool piq_env_exam_answer(piq_env *e, size_t i)
{
    return piq_env_chance(e, e->family->exam(e, e->asked[i]));
}
