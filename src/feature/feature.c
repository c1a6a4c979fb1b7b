#include "feature/feature.h"

#include "feature/ability.h"
#include "feature/feature_state.h"
#include "memory/fsrs.h"
#include "num/logistic.h"
#include "track/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const float piq_feature_rate_keep[PIQ_N_RATES] = {0.5f, 0.7f, 0.9f};
const float piq_feature_concept_keep[2] = {0.7f, 0.9f};

/* How much of a fading mean of residuals an answer leaves. */
static const float RESIDUAL_KEEP[PIQ_N_RESIDUALS] = {0.9f, 0.97f};
static const float CONCEPT_RESIDUAL_KEEP = 0.8f;
static const float FIRST_KEEP = 0.97f;
static const float RECENT_FIRST_KEEP = 0.8f;
static const float SWITCH_KEEP = 0.9f;
static const float HINT_KEEP = 0.9f;
static const float PACE_KEEP = 0.95f;

/* A pause that ends a session. */
static const int64_t SESSION_GAP_US = (int64_t)30 * 60 * 1000000;
static const double SECONDS_PER_DAY = 86400.0;

/* --- memory ------------------------------------------------------------- */

/* As piq_track_init leaves it. */
static void forget_track(piq_track *t)
{
    const piq_track_params *p = piq_track_defaults();
    t->learner = (piq_track_cell){.variance = (float)p->learner_var};
    t->form = (piq_track_cell){.variance = (float)p->form_var};
    t->stated = 0.0f;
    for (size_t i = 0; i < t->n_areas; i++)
        t->areas[i] = (piq_track_cell){.variance = (float)p->area_var};
    for (size_t i = 0; i < t->n_concepts; i++)
        t->concepts[i] = (piq_track_cell){.variance = (float)p->concept_var};
}

static piq_status new_state(size_t n_concepts, piq_feature_state **out)
{
    piq_feature_state *s = NULL;
    if (!piq_alloc_should_fail())
        s = calloc(1, sizeof *s);
    if (!s)
        return PIQ_ENOMEM;
    if (!piq_alloc_should_fail())
        s->concepts = calloc(n_concepts + 1, sizeof *s->concepts);
    if (!s->concepts || piq_trail_init(&s->trail, n_concepts) != PIQ_OK) {
        free(s->concepts);
        free(s);
        return PIQ_ENOMEM;
    }
    s->last_us = PIQ_NO_TIME;
    *out = s;
    return PIQ_OK;
}

piq_status piq_feature_state_new(const piq_feature_tables *t,
                                 piq_feature_state **out)
{
    piq_feature_state *s;
    piq_status status = new_state(t->catalogue->n_concepts, &s);
    if (status != PIQ_OK)
        return status;
    status = piq_track_init(&s->track, t->catalogue);
    if (status != PIQ_OK) {
        piq_feature_state_free(s);
        return status;
    }
    *out = s;
    return PIQ_OK;
}

void piq_feature_state_free(piq_feature_state *s)
{
    if (!s)
        return;
    piq_trail_release(&s->trail);
    piq_track_release(&s->track);
    free(s->concepts);
    free(s);
}

void piq_feature_state_clear(piq_feature_state *s)
{
    piq_feature_state blank = {.trail = s->trail,
                               .track = s->track,
                               .concepts = s->concepts,
                               .last_us = PIQ_NO_TIME};
    for (size_t i = 0; i < s->trail.n_practised; i++)
        s->concepts[s->trail.practised[i]] = (piq_feature_concept){0};
    *s = blank;
    forget_track(&s->track);
    piq_trail_clear(&s->trail);
}

/* A copy with room for so many concepts; `track` is taken over on success. */
static piq_status copy_with(const piq_feature_state *from, size_t n_concepts,
                            piq_track track, piq_feature_state **out)
{
    piq_feature_state *s;
    piq_status status = new_state(n_concepts, &s);
    if (status != PIQ_OK)
        return status;
    piq_trail trail = s->trail;
    piq_feature_concept *concepts = s->concepts;
    piq_trail_copy(&trail, &from->trail);
    memcpy(concepts, from->concepts, from->trail.n_concepts * sizeof *concepts);
    *s = *from;
    s->trail = trail;
    s->concepts = concepts;
    s->track = track;
    *out = s;
    return PIQ_OK;
}

piq_status piq_feature_state_copy(const piq_feature_state *from,
                                  piq_feature_state **out)
{
    piq_track track;
    piq_status status = piq_track_copy(&track, &from->track);
    if (status != PIQ_OK)
        return status;
    status = copy_with(from, from->trail.n_concepts, track, out);
    if (status != PIQ_OK)
        piq_track_release(&track);
    return status;
}

piq_status piq_feature_state_grow(piq_feature_state *s,
                                  const piq_feature_tables *t)
{
    size_t n = t->catalogue->n_concepts;
    if (n <= s->trail.n_concepts)
        return piq_track_grow(&s->track, t->catalogue);
    piq_track track;
    piq_status status = piq_track_copy(&track, &s->track);
    if (status != PIQ_OK)
        return status;
    status = piq_track_grow(&track, t->catalogue);
    piq_feature_state *grown = NULL;
    if (status == PIQ_OK)
        status = copy_with(s, n, track, &grown);
    if (status != PIQ_OK) {
        piq_track_release(&track);
        return status;
    }
    piq_feature_state old = *s;
    *s = *grown;
    *grown = old;
    piq_feature_state_free(grown);
    return PIQ_OK;
}

/* --- what both sides need --------------------------------------------------
 */

piq_attempt_context piq_feature_context(const piq_feature_state *s,
                                        const piq_ask *ask)
{
    piq_situation at;
    piq_trail_situation(&s->trail, ask, &at);
    return piq_attempt_context_of(at.at);
}

piq_task piq_feature_task(const piq_item_view *v, const piq_ask *ask,
                          const piq_catalogue *c)
{
    double usual = piq_difficulty_logit(c->new_learner_ability);
    return (piq_task){
        .concepts = ask->concepts,
        .n_concepts = ask->n_concepts,
        .difficulty_logit = usual - (double)v->logit,
        .difficulty_variance = 1.0 / (2.0 + (double)v->n[PIQ_EFFECT_ITEM]),
        .discrimination = 1.0,
    };
}

int64_t piq_feature_instant(const piq_feature_state *s, const piq_ask *ask)
{
    if (ask->at_us != PIQ_NO_TIME)
        return ask->at_us;
    return s->last_us != PIQ_NO_TIME ? s->last_us : 0;
}

float piq_feature_ability(const piq_feature_state *s, const piq_ask *ask)
{
    float sum = s->ability;
    for (size_t i = 0; i < ask->n_concepts; i++)
        sum += (float)ask->concepts[i].weight *
               s->concepts[ask->concepts[i].concept.v].ability;
    return sum;
}

/* --- one answer ------------------------------------------------------------
 */

/* What an answer is, once it is known what was expected of it. */
typedef struct told {
    const piq_ask *ask;
    const piq_response *response;
    const piq_situation *at;
    bool right, is_new; /* is_new: not the answer before told again */
    float residual;     /* of what everybody does with it */
    float surprise;     /* of what this learner was expected to do */
    uint32_t now_s;     /* 0 unknown */
} told;

static void fade(float *mean, float keep, float x)
{
    *mean = keep * *mean + (1.0f - keep) * x;
}

static int32_t streak_after(int32_t streak, bool right)
{
    if (right)
        return streak > 0 ? streak + 1 : 1;
    return streak < 0 ? streak - 1 : -1;
}

static void remember(piq_feature_concept *k, const told *x)
{
    if (x->now_s == 0)
        return;
    double days = 0.0;
    if (k->last_s != 0 && x->now_s > k->last_s)
        days = floor((x->now_s - k->last_s) / SECONDS_PER_DAY);
    piq_fsrs_state before = {k->stability_days, k->difficulty};
    piq_fsrs_state after =
        piq_fsrs_next(piq_fsrs_defaults(), before, days, x->right ? 3 : 1);
    k->stability_days = (float)after.stability_days;
    k->difficulty = (float)after.difficulty;
    k->last_s = x->now_s;
}

static void fold_concept(piq_feature_state *s, const piq_concept_weight *w,
                         const told *x)
{
    piq_feature_concept *k = &s->concepts[w->concept.v];
    uint32_t n = s->trail.concepts[w->concept.v].n;
    float weight = (float)w->weight;
    for (size_t i = 0; i < 2; i++) {
        k->rate[i] =
            piq_feature_concept_keep[i] * k->rate[i] + (x->right ? 1.0f : 0.0f);
    }
    fade(&k->residual, CONCEPT_RESIDUAL_KEEP, x->residual);
    k->ability += weight * piq_ability_concept_step(x->surprise, n);
    remember(k, x);
}

static void fold_learner(piq_feature_state *s, const told *x)
{
    for (size_t i = 0; i < PIQ_N_RATES; i++)
        s->rate[i] =
            piq_feature_rate_keep[i] * s->rate[i] + (x->right ? 1.0f : 0.0f);
    for (size_t i = 0; i < PIQ_N_RESIDUALS; i++)
        fade(&s->residual[i], RESIDUAL_KEEP[i], x->residual);
    s->residual_sum += x->residual;
    if (x->at->at == PIQ_CASE_FIRST) {
        fade(&s->first, FIRST_KEEP, x->residual);
        fade(&s->recent_first, RECENT_FIRST_KEEP, x->residual);
        s->n_first++;
        s->first_rights += x->right;
    }
    s->ability += piq_ability_step(x->surprise, s->trail.n);
    for (size_t i = PIQ_N_LAST - 1; i > 0; i--)
        s->last_residual[i] = s->last_residual[i - 1];
    s->last_residual[0] = x->residual;
    s->form = piq_ability_form(s->form, x->surprise);
    bool changed = s->trail.last_concept != x->at->concept;
    fade(&s->switches, SWITCH_KEEP, changed ? 1.0f : 0.0f);
    s->streak = streak_after(s->streak, x->right);
    fade(&s->hints, HINT_KEEP, x->response->hint ? 1.0f : 0.0f);
}

static void fold_pace(piq_feature_state *s, uint32_t response_ms)
{
    if (response_ms == 0)
        return;
    float pace = logf((float)response_ms);
    s->last_pace = s->n_paced ? pace - s->pace : 0.0f;
    float keep = fminf(PACE_KEEP, (float)s->n_paced / (float)(s->n_paced + 1));
    fade(&s->pace, keep, pace);
    s->n_paced++;
}

static void fold_time(piq_feature_state *s, int64_t at_us)
{
    bool pause = s->last_us != PIQ_NO_TIME && at_us != PIQ_NO_TIME &&
                 at_us - s->last_us > SESSION_GAP_US;
    s->session_n = pause ? 1 : s->session_n + 1;
    if (at_us != PIQ_NO_TIME && at_us > s->last_us)
        s->last_us = at_us;
}

void piq_feature_answer(piq_feature_state *s, const piq_feature_tables *t,
                        const piq_ask *asked, const piq_response *response)
{
    piq_ask ask = *asked;
    if (ask.at_us != PIQ_NO_TIME && ask.at_us < s->last_us)
        ask.at_us = s->last_us;
    piq_situation at;
    piq_item_view v;
    piq_trail_situation(&s->trail, &ask, &at);
    piq_item_binding_look(t->items, &at, &v);
    double ability = piq_feature_ability(s, &ask);
    told x = {
        .ask = &ask,
        .response = response,
        .at = &at,
        .right = response->score > 0.5f,
        .is_new = !(piq_trail_is_repeat(&s->trail, &ask) &&
                    response->score == s->trail.last_score),
        .residual = response->score - (float)piq_sigmoid(v.logit),
        .surprise = response->score -
                    (float)piq_sigmoid((double)v.logit + ability + s->form),
        .now_s = ask.at_us == PIQ_NO_TIME || ask.at_us <= 0
                     ? 0
                     : (uint32_t)(ask.at_us / 1000000),
    };
    x.surprise *= piq_ability_weight(piq_case_is_another_try(at.at));
    if (!x.is_new)
        x.residual = s->last_residual[0];
    for (size_t i = 0; i < ask.n_concepts; i++)
        fold_concept(s, &ask.concepts[i], &x);
    if (x.is_new) {
        piq_task task = piq_feature_task(&v, &ask, t->catalogue);
        fold_learner(s, &x);
        piq_track_answer(&s->track, piq_track_defaults(), t->catalogue, &task,
                         response->score, 1.0, response->response_ms,
                         piq_feature_instant(s, &ask), NULL);
        fold_pace(s, response->response_ms);
        fold_time(s, ask.at_us);
    }
    (void)piq_trail_answer(&s->trail, &ask, response->score);
}

const piq_trail *piq_feature_trail(const piq_feature_state *s)
{
    return &s->trail;
}
