#include "sim/teacher.h"

#include <math.h>
#include <string.h>

static const char *const NAMES[PIQ_N_TEACHERS] = {"random", "order", "weakest",
                                                  "leitner", "near"};
enum { MOST_BOX = 6, LEARNED_IN_A_ROW = 2 };

const char *piq_teacher_name(piq_teacher_kind kind)
{
    return NAMES[kind];
}

static bool told_before(const piq_env *e, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < e->told.n_edges; i++)
        if (e->told.edges[i].from == from && e->told.edges[i].to == to)
            return true;
    return false;
}

/* The targets and all before them, what comes before first. Concepts of a
 * world are numbered so that edges lead upwards, but for the literature's,
 * whose roots may come later: hence by depth. */
static void find_needed(piq_teacher *t)
{
    const piq_env *e = t->env;
    bool in[PIQ_ENV_MAX_CONCEPTS] = {false};
    int depth[PIQ_ENV_MAX_CONCEPTS] = {0};
    for (size_t i = 0; i < e->n_targets; i++)
        in[e->targets[i]] = true;
    for (size_t round = 0; round < e->n_concepts; round++)
        for (size_t i = 0; i < e->told.n_edges; i++) {
            piq_env_edge x = e->told.edges[i];
            in[x.from] |= in[x.to];
            if (depth[x.to] < depth[x.from] + 1)
                depth[x.to] = depth[x.from] + 1;
        }
    t->n_needed = 0;
    for (int d = 0; d < (int)e->n_concepts; d++)
        for (uint32_t k = 0; k < e->n_concepts; k++)
            if (in[k] && depth[k] == d)
                t->needed[t->n_needed++] = k;
}

void piq_teacher_begin(piq_teacher *t, piq_teacher_kind kind,
                       const piq_env *env, uint64_t seed)
{
    *t = (piq_teacher){.kind = kind, .env = env, .last = UINT32_MAX};
    piq_rng_seed(&t->rng, seed);
    find_needed(t);
    for (size_t i = 0; i < env->n_log; i++)
        piq_teacher_see(t, env->log[i].item, env->log[i].right);
}

static uint32_t item_of(piq_teacher *t, uint32_t concept)
{
    size_t found = 0;
    uint32_t item = 0;
    for (uint32_t i = 0; i < t->env->n_items; i++)
        if (t->env->items[i].concept == concept &&
            piq_rng_below(&t->rng, ++found) == 0)
            item = i;
    return item;
}

static uint32_t weakest(const piq_teacher *t)
{
    uint32_t best = t->needed[0];
    double least = 2.0;
    for (size_t i = 0; i < t->n_needed; i++) {
        uint32_t k = t->needed[i];
        double share = (t->right[k] + 0.5) / (t->asked[k] + 1.0);
        if (share < least) {
            least = share;
            best = k;
        }
    }
    return best;
}

static uint32_t most_overdue(const piq_teacher *t)
{
    uint32_t best = t->needed[0];
    for (size_t i = 0; i < t->n_needed; i++)
        if (t->due[t->needed[i]] < t->due[best])
            best = t->needed[i];
    return best;
}

static bool near(const piq_env *e, uint32_t k, uint32_t last)
{
    if (last == UINT32_MAX || k == last || told_before(e, last, k) ||
        told_before(e, k, last))
        return true;
    for (uint32_t p = 0; p < e->n_concepts; p++)
        if (told_before(e, p, last) &&
            (told_before(e, k, p) || told_before(e, p, k)))
            return true;
    return false;
}

/* The first in order, near the last, that is not learned yet. */
static uint32_t nearest(const piq_teacher *t)
{
    for (size_t i = 0; i < t->n_needed; i++) {
        uint32_t k = t->needed[i];
        if (t->in_a_row[k] < LEARNED_IN_A_ROW && near(t->env, k, t->last))
            return k;
    }
    for (size_t i = 0; i < t->n_needed; i++)
        if (t->in_a_row[t->needed[i]] < LEARNED_IN_A_ROW)
            return t->needed[i];
    return weakest(t);
}

uint32_t piq_teacher_choose(piq_teacher *t)
{
    switch (t->kind) {
    case PIQ_TEACH_ORDER:
        return item_of(t, t->needed[t->at++ % t->n_needed]);
    case PIQ_TEACH_WEAKEST:
        return item_of(t, weakest(t));
    case PIQ_TEACH_LEITNER:
        return item_of(t, most_overdue(t));
    case PIQ_TEACH_NEAR:
        return item_of(t, nearest(t));
    case PIQ_TEACH_RANDOM:
    case PIQ_N_TEACHERS:
        break;
    }
    return (uint32_t)piq_rng_below(&t->rng, t->env->n_items);
}

void piq_teacher_see(piq_teacher *t, uint32_t item, bool right)
{
    uint32_t k = t->env->items[item].concept;
    t->asked[k] += 1.0;
    t->right[k] += right;
    t->in_a_row[k] = right ? t->in_a_row[k] + 1 : 0;
    if (right && t->box[k] < MOST_BOX)
        t->box[k]++;
    if (!right)
        t->box[k] = 0;
    t->step += 1.0;
    t->due[k] = t->step + exp2(t->box[k]);
    t->last = k;
}
