#include "agent/scene.h"

#include "num/logistic.h"

#include <math.h>
#include <string.h>

/* Beyond this, levels are drawn one by one and their covariances left out:
 * factorising would cost more than it tells. */
enum { MOST_FACTORED = 32 };

/* --- drawing --------------------------------------------------------------
 */

/* Lower factor of a covariance; what is not positive counts as settled. */
static void factorise(const double *cov, size_t n, double *l)
{
    memset(l, 0, n * n * sizeof *l);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = cov[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= l[i * n + k] * l[j * n + k];
            if (i == j)
                l[i * n + i] = sum > 0.0 ? sqrt(sum) : 0.0;
            else if (l[j * n + j] > 0.0)
                l[i * n + j] = sum / l[j * n + j];
        }
}

/* What the draws of one scene are made of: each row runs over the scenes and
 * holds the middles of as many equal parts of a standard normal, in an order
 * of its own (Latin hypercube sampling; McKay, Beckman & Conover 1979). So no
 * concept looks better than another by the luck of few draws. */
typedef struct noise {
    double level[PIQ_VIEW_MAX][PIQ_SCENES];
    double hard[PIQ_VIEW_MAX][PIQ_SCENES];
} noise;

static void shuffle(double *row, piq_rng *rng)
{
    for (size_t i = PIQ_SCENES; i > 1; i--) {
        size_t j = piq_rng_below(rng, i);
        double held = row[i - 1];
        row[i - 1] = row[j];
        row[j] = held;
    }
}

static double middle(size_t i)
{
    return ((double)i + 0.5) / PIQ_SCENES;
}

static void make_noise(noise *x, const piq_view *v, piq_rng *rng)
{
    double normal[PIQ_SCENES];
    for (size_t i = 0; i < PIQ_SCENES; i++)
        normal[i] = piq_normal_quantile(middle(i));
    for (size_t k = 0; k < v->n; k++) {
        memcpy(x->level[k], normal, sizeof normal);
        shuffle(x->level[k], rng);
    }
    for (size_t j = 0; j < v->n_targets; j++) {
        memcpy(x->hard[j], normal, sizeof normal);
        shuffle(x->hard[j], rng);
    }
}

static void draw_luck(piq_scenes *s, piq_rng *rng)
{
    double row[PIQ_SCENES];
    for (size_t step = 0; step < PIQ_SCENE_LUCK; step++) {
        for (size_t i = 0; i < PIQ_SCENES; i++)
            row[i] = middle(i);
        shuffle(row, rng);
        for (size_t i = 0; i < PIQ_SCENES; i++)
            piq_lane_set(&s->luck[step], i, row[i]);
    }
}

/* `factor`: of the covariances, or NULL for their diagonal. */
static void draw_levels(const piq_hyp *h, size_t n, const double *factor,
                        const noise *x, size_t i, double *out)
{
    for (size_t k = 0; k < n; k++) {
        out[k] = h->mean[k];
        for (size_t j = 0; factor && j <= k; j++)
            out[k] += factor[k * n + j] * x->level[j][i];
        if (!factor)
            out[k] += sqrt(fmax(h->cov[k * n + k], 0.0)) * x->level[k][i];
    }
}

static void draw_states(const piq_hyp *h, size_t n, const noise *x, size_t i,
                        double *out)
{
    for (size_t k = 0; k < n; k++)
        out[k] = piq_normal_cdf(x->level[k][i]) < h->mean[k] ? 1.0 : 0.0;
}

static double draw_hard(const piq_hyp *h, uint32_t item, double z)
{
    if (item == PIQ_VIEW_NONE)
        return z;
    return h->hard_mean[item] + sqrt(h->hard_var[item]) * z;
}

static void set_numbers(piq_scenes *s, size_t i)
{
    const piq_hyp *h = s->hyp[i];
    const piq_theta *t = &h->theta;
    double power = 1.0;
    piq_lane_set(&s->top, i, t->top);
    piq_lane_set(&s->gate, i, t->gate);
    piq_lane_set(&s->far, i, t->far);
    piq_lane_set(&s->sharp, i, t->sharp);
    s->states[i / PIQ_LANES_EACH][i % PIQ_LANES_EACH] = t->states ? -1 : 0;
    s->spills |= t->spill > 0.0;
    s->scatters |= t->far < 1.0;
    for (size_t hop = 0; hop < PIQ_VIEW_SPILL_HOPS; hop++)
        piq_lane_set(&s->spill[hop], i, power *= t->spill);
    for (uint32_t e = 0; e < s->view->before_at[s->view->n]; e++)
        piq_lane_set(&s->edge[e], i,
                     h->edge[s->view->before[e].edge] ? 1.0 : 0.0);
}

static void set_items(piq_scenes *s, size_t i, const noise *x)
{
    const piq_view *v = s->view;
    const piq_hyp *h = s->hyp[i];
    for (size_t j = 0; j < v->n_targets; j++)
        piq_lane_set(&s->hard[j], i,
                     draw_hard(h, v->targets[j].item, x->hard[j][i]));
    for (size_t j = 0; j < v->n_actions; j++) {
        const piq_view_action *act = &v->actions[j];
        double minutes =
            v->world->items[act->item].minutes / v->world->mean_minutes;
        double dose = h->theta.dose > 0.0 ? pow(minutes, h->theta.dose) : 1.0;
        dose /= sqrt((double)act->n_concepts);
        piq_lane_set(&s->share[j], i, 1.0 - pow(1.0 - h->rate, dose));
    }
}

static void set_memory(piq_scenes *s, size_t i)
{
    const piq_hyp *h = s->hyp[i];
    const piq_fsrs_params *p = &h->theta.memory;
    const double *w = p->w;
    piq_scene_memory *m = &s->fsrs;
    piq_fsrs_state good = piq_fsrs_next(p, (piq_fsrs_state){0}, 0.0, 3);
    piq_lane_set(&m->tempo, i, h->theta.tempo);
    piq_lane_set(&m->curve, i, p->curve);
    piq_lane_set(&m->decay, i, h->theta.forgets ? w[20] : 0.0);
    piq_lane_set(&m->lapses, i, h->theta.lapses ? 1.0 : 0.0);
    piq_lane_set(&m->first, i, good.stability_days);
    piq_lane_set(&m->w9, i, w[9]);
    piq_lane_set(&m->w10, i, w[10] / M_LN2);
    piq_lane_set(&m->w13, i, w[13]);
    piq_lane_set(&m->w14, i, w[14] / M_LN2);
    for (size_t k = 0; k < s->view->n; k++) {
        bool met = h->theta.forgets && h->memory[k].stability_days > 0.0;
        double d = met ? h->memory[k].difficulty : good.difficulty;
        piq_lane_set(&m->pass[k], i, p->growth * (11.0 - d));
        piq_lane_set(&m->fail[k], i, w[11] * pow(d, -w[12]));
        piq_lane_set(&s->start[piq_scene_stability_at(s, k)], i,
                     met ? h->memory[k].stability_days : 0.0);
        piq_lane_set(&s->start[piq_scene_held_at(s, k)], i,
                     met ? h->held[k] : 0.0);
    }
}

static void draw_scene(piq_scenes *s, size_t i, const double *factor,
                       const noise *x)
{
    double level[PIQ_VIEW_MAX];
    const piq_hyp *h = s->hyp[i];
    size_t n = s->view->n;
    set_numbers(s, i);
    set_items(s, i, x);
    if (h->theta.states)
        draw_states(h, n, x, i, level);
    else
        draw_levels(h, n, factor, x, i, level);
    for (size_t k = 0; k < n; k++)
        piq_lane_set(&s->start[k], i, level[k]);
    piq_lane_set(&s->start[piq_scene_last_at(s)], i,
                 h->last == PIQ_VIEW_NONE ? 0.0 : 1.0 + h->last);
    if (s->n_memory)
        set_memory(s, i);
}

/* So that memories are moved where there are any only. */
static void forgetful_first(piq_scenes *s)
{
    size_t n = 0;
    for (size_t i = 0; i < PIQ_SCENES; i++) {
        const piq_hyp *h = s->hyp[i];
        if (!h->theta.forgets)
            continue;
        memmove(&s->hyp[n + 1], &s->hyp[n], (i - n) * sizeof *s->hyp);
        s->hyp[n++] = h;
    }
    s->n_memory = (n + PIQ_LANES_EACH - 1) / PIQ_LANES_EACH;
}

/* Hypotheses in proportion to their weights (systematic). */
static void choose_hyps(const piq_population *p, piq_scenes *s, piq_rng *rng,
                        double *weights)
{
    double at = piq_rng_uniform(rng), sum = 0.0;
    size_t n = 0;
    piq_population_weights(p, weights);
    for (size_t i = 0; i < p->n; i++) {
        sum += weights[i] * (double)PIQ_SCENES;
        for (; at < sum && n < PIQ_SCENES; at += 1.0)
            s->hyp[n++] = &p->hyps[i];
    }
    for (; n < PIQ_SCENES; n++)
        s->hyp[n] = &p->hyps[p->n - 1];
    forgetful_first(s);
}

static void find_last(piq_scenes *s)
{
    double votes[PIQ_VIEW_MAX] = {0}, most = 0.0;
    s->last = PIQ_VIEW_NONE;
    for (size_t i = 0; i < PIQ_SCENES; i++) {
        const piq_hyp *h = s->hyp[i];
        if (h->theta.far > 0.0)
            continue;
        s->coherent += 1.0 / (double)PIQ_SCENES;
        if (h->last != PIQ_VIEW_NONE && ++votes[h->last] > most) {
            most = votes[h->last];
            s->last = h->last;
        }
    }
}

static piq_status make_room(piq_arena *a, piq_scenes *s)
{
    const piq_view *v = s->view;
    s->block = v->n + 1 + (s->n_memory ? 2 * v->n : 0);
    s->start = piq_new(a, piq_lanes, s->block);
    s->share = piq_new(a, piq_lanes, v->n_actions);
    s->fsrs.pass = piq_new(a, piq_lanes, v->n);
    s->fsrs.fail = piq_new(a, piq_lanes, v->n);
    s->hard = piq_new(a, piq_lanes, v->n_targets);
    s->edge = piq_new(a, piq_lanes, v->before_at[v->n]);
    return s->start && s->share && s->fsrs.pass && s->fsrs.fail && s->hard &&
                   s->edge
               ? PIQ_OK
               : PIQ_ENOMEM;
}

piq_status piq_scenes_draw(piq_arena *a, const piq_population *p, double time,
                           uint64_t seed, piq_scenes *out)
{
    piq_rng rng;
    size_t n = p->view->n;
    const piq_hyp *factored = NULL;
    *out = (piq_scenes){.view = p->view, .time = time};
    double *weights = piq_new(a, double, p->n);
    double *factor = piq_new(a, double, n *n);
    noise *x = piq_new(a, noise, 1);
    if (!weights || !factor || !x)
        return PIQ_ENOMEM;
    piq_rng_seed(&rng, seed);
    choose_hyps(p, out, &rng, weights);
    find_last(out);
    if (make_room(a, out))
        return PIQ_ENOMEM;
    make_noise(x, out->view, &rng);
    draw_luck(out, &rng);
    for (size_t i = 0; i < PIQ_SCENES; i++) {
        const piq_hyp *h = out->hyp[i];
        bool factors = n <= MOST_FACTORED && !h->theta.states;
        if (factors && h != factored) {
            factorise(h->cov, n, factor);
            factored = h;
        }
        draw_scene(out, i, factors ? factor : NULL, x);
    }
    return PIQ_OK;
}
