/* posterior.c - the learner as particles, and what mastery is worth.
 *
 * A particle is one learner that the belief allows: an ability for each
 * concept and a pace. On the logit scale of mastery
 *
 *     x_kp = logit(m_k) + sd_k (sqrt(.15) z_p + sqrt(.15) z_area,p
 *                               + sqrt(.7) z_k,p)
 *
 * so that concepts correlate by .15, those of an area by .3 (they share the
 * learner's and the area's layers). Each z is stratified: the middles of 32
 * equal parts of the normal, in an order of its own (Latin hypercube; McKay,
 * Beckman & Conover 1979). Paces are lognormal, stratified likewise.
 *
 * Forgetting: on the scale a = -ln(1 - m), on which practice adds up,
 *
 *     a(day) = a0 before + gained since
 *
 * `before` is the recall of that day over the recall believed at the start,
 * `since` the recall of that day; both by FSRS from the concept's memory, and
 * 1 for what was never practised.
 */
#include "path/state.h"

#include "base/rng.h"
#include "num/logistic.h"

#include <math.h>

#define SHARE_LEARNER 0.15
#define SHARE_AREA    0.15
/* Worth of a point of mastery beyond the aim. */
#define BEYOND        0.2

enum { P = PIQ_PATH_PARTICLES };

static void shuffled(piq_rng *rng, const double *normal, double *out)
{
    for (size_t i = 0; i < P; i++) {
        size_t j = (size_t)piq_rng_below(rng, i + 1);
        out[i] = out[j];
        out[j] = normal[i];
    }
}

static void draw_concept(const piq_path_state *s, size_t i, const double *all,
                         const double *area, const double *own)
{
    const piq_belief *b = &s->in->beliefs[s->closure[i].v];
    double *left0 = s->posterior.left0 + i * P;
    double middle = piq_logit(b->mastery);
    const double learners = sqrt(SHARE_LEARNER), areas = sqrt(SHARE_AREA);
    const double rest = sqrt(1 - SHARE_LEARNER - SHARE_AREA);
    for (size_t p = 0; p < P; p++) {
        double z = learners * all[p] + areas * area[p] + rest * own[p];
        left0[p] = piq_sigmoid(-middle - b->sd_logit * z);
    }
}

piq_status piq_path_posterior(piq_arena *a, piq_path_state *s)
{
    piq_posterior *post = &s->posterior;
    double normal[P] = {0}, all[P] = {0}, own[P] = {0};
    double *areas = piq_new(a, double, s->c->n_areas *P);
    post->left0 = piq_new(a, double, s->n_closure *P);
    if (!areas || !post->left0)
        return PIQ_ENOMEM;
    piq_rng rng;
    piq_rng_seed(&rng, s->in->seed);
    for (size_t p = 0; p < P; p++)
        normal[p] = piq_normal_quantile(((double)p + 0.5) / P);
    shuffled(&rng, normal, all);
    for (size_t i = 0; i < s->c->n_areas; i++)
        shuffled(&rng, normal, areas + i * P);
    shuffled(&rng, normal, own);
    double cv = s->in->pace_sd / s->in->pace;
    double sigma = sqrt(log1p(cv * cv));
    for (size_t p = 0; p < P; p++)
        post->pace[p] = exp(sigma * own[p] - sigma * sigma / 2);
    shuffled(&rng, normal, post->chance);
    for (size_t i = 0; i < s->n_closure; i++) {
        size_t area = s->c->concepts[s->closure[i].v].area.v;
        shuffled(&rng, normal, own);
        draw_concept(s, i, all, areas + area * P, own);
    }
    return PIQ_OK;
}

/* Shares that are left to learn. Most concepts were never practised, and then
 * there is nothing to work out. */
static void set_left(const piq_path_state *s, piq_concept_ix concept,
                     double before, double gained, double left[P])
{
    size_t place = s->needs[concept.v].place;
    const double *left0 = s->posterior.left0 + place * P;
    for (size_t p = 0; p < P; p++)
        left[p] = left0[p];
    for (size_t p = 0; before < 1 && p < P; p++)
        left[p] = exp(before * log(left0[p]));
    for (size_t p = 0; gained > 0 && p < P; p++)
        left[p] *= exp(-gained * s->posterior.pace[p]);
}

void piq_path_worths(const piq_path_state *s, piq_concept_ix concept,
                     double before, double gained, double step, size_t n,
                     double *out)
{
    const piq_need *need = &s->needs[concept.v];
    double left[P], shrink[P];
    set_left(s, concept, before, gained, left);
    for (size_t p = 0; n > 1 && p < P; p++)
        shrink[p] = exp(-step * s->posterior.pace[p]);
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t p = 0; p < P; p++) {
            double m = 1 - left[p], over = fmax(0, m - need->aim);
            sum += m - (1 - BEYOND) * over;
        }
        out[j] = sum / P;
        for (size_t p = 0; j + 1 < n && p < P; p++)
            left[p] *= shrink[p];
    }
}

static double gained_so_far(const piq_path_state *s, piq_concept_ix concept)
{
    double m0 = s->in->beliefs[concept.v].mastery;
    double m = s->now[concept.v].mastery;
    return m > m0 ? log((1 - m0) / (1 - m)) : 0;
}

void piq_path_kept(const piq_path_state *s, piq_concept_ix concept, double day,
                   double *before, double *gained)
{
    const piq_need *need = &s->needs[concept.v];
    double recall = 1;
    if (need->memory.stability_days > 0)
        recall = piq_fsrs_recall(s->fsrs, fmax(0, day - need->last_day),
                                 need->memory.stability_days);
    *before = isnan(need->recall0) ? 1 : fmin(1, recall / need->recall0);
    *gained = recall * gained_so_far(s, concept);
}

double piq_path_mastery_on(const piq_path_state *s, piq_concept_ix concept,
                           double day)
{
    double before, gained, left[P], sum = 0;
    piq_path_kept(s, concept, day, &before, &gained);
    set_left(s, concept, before, gained, left);
    for (size_t p = 0; p < P; p++)
        sum += 1 - left[p];
    return sum / P;
}

double piq_path_value_on(const piq_path_state *s, double day)
{
    double sum = 0, weights = 0;
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        double before, gained, worth;
        piq_path_kept(s, k, day, &before, &gained);
        piq_path_worths(s, k, before, gained, 1, 1, &worth);
        sum += s->needs[k.v].own * worth;
        weights += s->needs[k.v].own;
    }
    return weights > 0 ? sum / weights : NAN;
}
