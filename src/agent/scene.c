#include "agent/scene.h"

#include "num/logistic.h"

#include <math.h>

/* Worth of the way there: of a target's level, and of what it needs. */
static const float TARGET_WAY = 0.01f, NEEDED_WAY = 0.002f;

double piq_scenes_lack(const piq_scenes *s, uint32_t concept)
{
    double sum = 0.0;
    for (size_t i = 0; i < PIQ_SCENES; i++) {
        const piq_theta *t = &s->hyp[i]->theta;
        double whole = t->states ? 1.0 : fmax(0.5, t->top - t->start);
        double lack = t->top - (double)piq_lane_get(&s->start[concept], i);
        sum += piq_clamp(lack / whole, 0.0, 1.0);
    }
    return sum / PIQ_SCENES;
}

/* --- practising -----------------------------------------------------------
 */

/* Chance to recall k: 1 where it was never practised. */
static void recall(const piq_scenes *s, const piq_lanes *state, size_t k,
                   double time, piq_lanes *out)
{
    const piq_scene_memory *m = &s->fsrs;
    const piq_lanes *stability = &state[piq_scene_stability_at(s, k)];
    const piq_lanes *held = &state[piq_scene_held_at(s, k)];
    piq_vec none = piq_vec_of(0.0f), one = piq_vec_of(1.0f);
    for (size_t i = 0; i < s->n_memory; i++) {
        piq_vec_int met = stability->v[i] > none;
        piq_vec days = ((float)time - held->v[i]) * m->tempo.v[i];
        days = piq_vec_max(piq_vec_pick(met, days, none), none);
        piq_vec x =
            m->curve.v[i] * days / piq_vec_pick(met, stability->v[i], one);
        out->v[i] = piq_vec_exp2(-m->decay.v[i] * piq_vec_log2(1.0f + x));
    }
}

/* One review, passed where luck has it; the first meeting always is. */
static void remember(const piq_scenes *s, piq_lanes *state, size_t k,
                     size_t step)
{
    const piq_scene_memory *m = &s->fsrs;
    const piq_lanes *luck =
        &s->luck[(step + PIQ_SCENE_LUCK / 2) % PIQ_SCENE_LUCK];
    piq_lanes *stability = &state[piq_scene_stability_at(s, k)];
    double time = s->time + (double)step;
    piq_lanes recalled;
    recall(s, state, k, time, &recalled);
    for (size_t i = 0; i < s->n_memory; i++) {
        piq_vec_int met = stability->v[i] > piq_vec_of(0.0f);
        piq_vec before = piq_vec_pick(met, stability->v[i], piq_vec_of(1.0f));
        piq_vec r = recalled.v[i], lost = 1.0f - r;
        piq_vec ease = piq_vec_exp2(-m->w9.v[i] * piq_vec_log2(before));
        piq_vec spaced = piq_vec_exp2(m->w10.v[i] * lost) - 1.0f;
        piq_vec pass = before * (1.0f + m->pass[k].v[i] * ease * spaced);
        piq_vec fail =
            piq_vec_exp2(m->w13.v[i] * piq_vec_log2(before + 1.0f)) - 1.0f;
        fail *= m->fail[k].v[i] * piq_vec_exp2(m->w14.v[i] * lost);
        piq_vec after = piq_vec_pick(luck->v[i] * m->lapses.v[i] < r, pass,
                                     piq_vec_min(fail, before));
        stability->v[i] = piq_vec_pick(met, after, m->first.v[i]);
        state[piq_scene_held_at(s, k)].v[i] = piq_vec_of((float)time);
    }
}

/* What counts of a practice of k, by what was practised last. */
static void nearness(const piq_scenes *s, piq_lanes *lasts, uint32_t k,
                     piq_lanes *counts)
{
    const bool *near = s->view->near + (size_t)k * s->view->n;
    for (size_t i = 0; i < PIQ_VECTORS; i++)
        counts->v[i] = piq_vec_of(1.0f);
    for (size_t i = 0; s->scatters && i < PIQ_SCENES; i++) {
        size_t last = (size_t)piq_lane_get(lasts, i);
        if (last > 0 && !near[last - 1])
            piq_lane_set(counts, i, (double)piq_lane_get(&s->far, i));
    }
    for (size_t i = 0; i < PIQ_VECTORS; i++)
        lasts->v[i] = piq_vec_pick(counts->v[i] > piq_vec_of(0.0f),
                                   piq_vec_of(1.0f + (float)k), lasts->v[i]);
}

/* Share that the prerequisites let through: piq_theta_gate, all scenes. */
static void pass_gate(const piq_scenes *s, const piq_lanes *state, uint32_t k,
                      piq_lanes *share)
{
    const piq_view *v = s->view;
    piq_vec none = piq_vec_of(0.0f);
    piq_lanes lack = {0};
    for (uint32_t e = v->before_at[k]; e < v->before_at[k + 1]; e++) {
        const piq_lanes *level = &state[v->before[e].concept];
        for (size_t i = 0; i < PIQ_VECTORS; i++)
            lack.v[i] +=
                s->edge[e].v[i] * piq_vec_max(s->top.v[i] - level->v[i], none);
    }
    for (size_t i = 0; i < PIQ_VECTORS; i++) {
        piq_vec x = s->gate.v[i] * lack.v[i];
        piq_vec rest = 0.5f + x * (1.0f / 6.0f + x * (1.0f / 24.0f));
        share->v[i] /= 1.0f + x * (1.0f + x * rest);
    }
}

/* Raises k by its share of the way, or makes it known by chance; leaves what
 * it gained. */
static void raise(const piq_scenes *s, piq_lanes *level, size_t step,
                  piq_lanes *share)
{
    const piq_lanes *luck = &s->luck[step % PIQ_SCENE_LUCK];
    piq_vec none = piq_vec_of(0.0f), one = piq_vec_of(1.0f);
    for (size_t i = 0; i < PIQ_VECTORS; i++) {
        piq_vec lack = piq_vec_max(s->top.v[i] - level->v[i], none);
        piq_vec gain = lack * share->v[i];
        piq_vec known = piq_vec_pick(luck->v[i] < gain, one, none);
        gain = piq_vec_pick(s->states[i], known, gain);
        level->v[i] += gain;
        share->v[i] = gain;
    }
}

static void spill(const piq_scenes *s, piq_lanes *state, uint32_t k,
                  const piq_lanes *gain)
{
    const piq_view *v = s->view;
    piq_vec none = piq_vec_of(0.0f);
    for (uint32_t j = v->after_at[k]; j < v->after_at[k + 1]; j++) {
        const piq_view_reach *r = &v->after[j];
        piq_lanes *level = &state[r->concept];
        float w0 = (float)r->ways[0], w1 = (float)r->ways[1];
        float w2 = (float)r->ways[2];
        for (size_t i = 0; i < PIQ_VECTORS; i++) {
            piq_vec by = w0 * s->spill[0].v[i] + w1 * s->spill[1].v[i] +
                         w2 * s->spill[2].v[i];
            piq_vec lack = piq_vec_max(s->top.v[i] - level->v[i], none);
            level->v[i] += piq_vec_min(by * gain->v[i], lack);
        }
    }
}

void piq_scenes_practise(const piq_scenes *s, piq_lanes *state, uint32_t action,
                         size_t step)
{
    const piq_view_action *act = &s->view->actions[action];
    piq_lanes counts, share;
    nearness(s, &state[piq_scene_last_at(s)], act->concepts[0], &counts);
    for (size_t j = 0; j < act->n_concepts; j++) {
        uint32_t k = act->concepts[j];
        for (size_t i = 0; i < PIQ_VECTORS; i++)
            share.v[i] = counts.v[i] * s->share[action].v[i];
        if (s->n_memory)
            remember(s, state, k, step);
        pass_gate(s, state, k, &share);
        raise(s, &state[k], step, &share);
        if (s->spills)
            spill(s, state, k, &share);
    }
}

/* --- worth ----------------------------------------------------------------
 */

/* Chances of a right answer to target j, forgetting apart. */
static void answer_well(const piq_scenes *s, const piq_lanes *level, size_t j,
                        piq_lanes *right)
{
    for (size_t i = 0; i < PIQ_VECTORS; i++) {
        piq_vec x = s->sharp.v[i] * (level->v[i] - s->hard[j].v[i]);
        right->v[i] =
            piq_vec_pick(s->states[i], level->v[i], piq_vec_sigmoid(x));
    }
}

double piq_scenes_right(const piq_scenes *s, const piq_lanes *state,
                        size_t target, size_t step)
{
    uint32_t k = s->view->targets[target].concept;
    piq_lanes right, kept;
    answer_well(s, &state[k], target, &right);
    if (s->n_memory)
        recall(s, state, k, s->time + (double)step, &kept);
    for (size_t i = 0; i < s->n_memory; i++)
        right.v[i] *= kept.v[i];
    return piq_lanes_sum(&right) / PIQ_SCENES;
}

void piq_scenes_worth_of(const piq_scenes *s, const piq_lanes *state,
                         uint32_t k, size_t steps, piq_lanes *worth)
{
    uint32_t target = s->view->target_of[k];
    piq_vec none = piq_vec_of(0.0f);
    float way = s->view->needed[k] ? NEEDED_WAY : 0.0f;
    piq_lanes right, kept;
    if (target != PIQ_VIEW_NONE) {
        answer_well(s, &state[k], target, &right);
        if (s->n_memory)
            recall(s, state, k, s->time + (double)steps, &kept);
        for (size_t i = 0; i < s->n_memory; i++)
            right.v[i] *= kept.v[i];
        for (size_t i = 0; i < PIQ_VECTORS; i++)
            worth->v[i] += right.v[i];
        way += TARGET_WAY;
    }
    for (size_t i = 0; way > 0.0f && i < PIQ_VECTORS; i++)
        worth->v[i] -= way * piq_vec_max(s->top.v[i] - state[k].v[i], none);
}

void piq_scenes_worth(const piq_scenes *s, const piq_lanes *state, size_t steps,
                      piq_lanes *worth)
{
    *worth = (piq_lanes){0};
    for (uint32_t k = 0; k < s->view->n; k++)
        piq_scenes_worth_of(s, state, k, steps, worth);
}

void piq_scenes_restart(const piq_scenes *s, piq_lanes *state, uint32_t k)
{
    state[k] = s->start[k];
    if (!s->n_memory)
        return;
    size_t stability = piq_scene_stability_at(s, k);
    size_t held = piq_scene_held_at(s, k);
    state[stability] = s->start[stability];
    state[held] = s->start[held];
}
