/* chooser.c - who the learners are, what they know, how that changes. */
#include "sim/chooser.h"

#include "base/calendar.h"
#include "base/str.h"
#include "num/logistic.h"
#include "sim/chooser_internal.h"

#include <math.h>

/* --- the population (logits; sd unless said): src/sim/CHOOSER.md ------------
 */

static const double LEARNER_SD = 0.8;
static const double AREA_SD = 0.4;
static const double CONCEPT_SD = 0.5;
static const double DIFFICULTY_ERROR_SD = 0.4;
static const double QUALITY_SD = 0.35;
/* A content's factors: its area's share, the rest its own. */
static const double AREA_SHARE = 0.6;
static const double MODALITY_SD = 0.4, TYPE_SD = 0.4, CHARACTER_SD = 0.5;
static const double DRIFT = 0.08; /* of taste, a session: share renewed */

static const double ROOM_MEAN = 3.2, ROOM_SD = 0.6;
static const double RATE_MEDIAN = 0.05, RATE_LOG_SD = 0.35;
/* What fits best is a little easy; width of the fit; what bad fit leaves. */
static const double BEST_EASE = 1.2, EASE_SD = 1.3;
static const double LEAST_FIT_ASKING = 0.15, LEAST_FIT_EXPLAINING = 0.4;
static const double TESTING = 0.5; /* assessments, characters: rate */
static const double KEPT = 0.5;    /* share of a gain that never fades */
static const double STABILITY_DAYS = 5, STABILITY_GROWS = 1.8;

static const double GAP_DAYS_MEAN = 2.0, GAP_DAYS_LEAST = 0.4;
static const double FORM_OF_SESSION = 0.25; /* log sd of its minutes */

static double normal(piq_rng *r, double mean, double sd)
{
    return mean + sd * piq_rng_normal(r);
}

/* --- what all share --------------------------------------------------------
 */

static void draw_contents(piq_chooser_world *w, piq_rng *r,
                          double (*area)[PIQ_CHOOSER_FACTORS])
{
    const piq_catalogue *c = w->c;
    double own = sqrt(1 - AREA_SHARE * AREA_SHARE);
    for (size_t i = 0; i < c->n_areas; i++)
        for (int f = 0; f < PIQ_CHOOSER_FACTORS; f++)
            area[i][f] = normal(r, 0, 1);
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *x = &c->contents[i];
        size_t from =
            x->n_concepts ? c->concepts[x->concepts[0].concept.v].area.v : 0;
        for (int f = 0; f < PIQ_CHOOSER_FACTORS; f++)
            w->factor[i][f] = AREA_SHARE * area[from][f] + normal(r, 0, own);
        w->quality[i] = normal(r, 0, QUALITY_SD);
        w->difficulty[i] = piq_difficulty_logit(x->difficulty) +
                           normal(r, 0, DIFFICULTY_ERROR_SD);
    }
}

piq_status piq_chooser_world_new(piq_arena *a, const piq_catalogue *c,
                                 const piq_chooser_options *o,
                                 piq_chooser_world **out)
{
    piq_chooser_world *w = piq_new(a, piq_chooser_world, 1);
    double(*area)[PIQ_CHOOSER_FACTORS] =
        piq_arena_alloc(a, c->n_areas + 1, sizeof *area);
    if (!w || !area)
        return PIQ_ENOMEM;
    w->c = c;
    w->o = *o;
    w->factor = piq_arena_alloc(a, c->n_contents, sizeof *w->factor);
    w->quality = piq_new(a, double, c->n_contents);
    w->difficulty = piq_new(a, double, c->n_contents);
    if (!w->factor || !w->quality || !w->difficulty)
        return PIQ_ENOMEM;
    piq_rng r;
    piq_rng_seed(&r, piq_hash_u64(o->seed ^ 0x7a57e));
    draw_contents(w, &r, area);
    *out = w;
    return PIQ_OK;
}

/* --- making a learner ------------------------------------------------------
 */

static void draw_knowledge(piq_chooser *l, const double *area)
{
    const piq_catalogue *c = l->w->c;
    double general = piq_difficulty_logit(c->new_learner_ability) +
                     normal(&l->life, 0, 1) * LEARNER_SD;
    for (size_t k = 0; k < c->n_concepts; k++) {
        l->start[k] = general + area[c->concepts[k].area.v] +
                      normal(&l->life, 0, CONCEPT_SD);
        l->room[k] = fmax(0.5, normal(&l->life, ROOM_MEAN, ROOM_SD));
        l->practised_us[k] = INT64_MIN;
    }
    l->rate = RATE_MEDIAN * exp(normal(&l->life, 0, RATE_LOG_SD));
}

static void draw_tastes(piq_chooser *l)
{
    for (int f = 0; f < PIQ_CHOOSER_FACTORS; f++)
        l->taste[f] = normal(&l->life, 0, 1);
    for (int m = 0; m < PIQ_N_MODALITIES; m++)
        l->modality[m] = normal(&l->life, 0, MODALITY_SD);
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++)
        l->type[t] = normal(&l->life, 0, TYPE_SD);
    for (size_t i = 0; i < l->w->c->n_characters; i++)
        l->character[i] = normal(&l->life, 0, CHARACTER_SD);
    l->usual_minutes = 15 + 45 * piq_rng_uniform(&l->life);
}

static void draw_goal(piq_chooser *l)
{
    const piq_catalogue *c = l->w->c;
    piq_goal *g = &l->goal;
    g->set = true;
    g->target_skill_level =
        piq_rng_uniform(&l->life) < 0.5 ? PIQ_INTERMEDIATE : PIQ_ADVANCED;
    g->timeline_day = INT32_MAX;
    g->motivation_type = PIQ_MASTERY;
    size_t wanted = c->n_areas < 3 ? c->n_areas : 3;
    while (g->n_priority_areas < wanted) {
        uint16_t area = (uint16_t)piq_rng_below(&l->life, c->n_areas);
        bool known = false;
        for (size_t i = 0; i < g->n_priority_areas; i++)
            known |= g->priority_areas[i].v == area;
        if (!known)
            g->priority_areas[g->n_priority_areas++].v = area;
    }
}

piq_status piq_chooser_new(piq_arena *a, const piq_chooser_world *w, size_t k,
                           piq_chooser **out)
{
    const piq_catalogue *c = w->c;
    size_t n = c->n_concepts;
    piq_chooser *l = piq_new(a, piq_chooser, 1);
    double *area = piq_new(a, double, c->n_areas + 1);
    if (!l || !area)
        return PIQ_ENOMEM;
    l->character = piq_new(a, double, c->n_characters);
    l->start = piq_new(a, double, n);
    l->room = piq_new(a, double, n);
    l->gain = piq_new(a, double, n);
    l->stability_days = piq_new(a, double, n);
    l->practised_us = piq_new(a, int64_t, n);
    l->finished = piq_new(a, bool, c->n_contents);
    if (!l->character || !l->start || !l->room || !l->gain ||
        !l->stability_days || !l->practised_us || !l->finished)
        return PIQ_ENOMEM;
    l->w = w;
    l->user.v = w->o.first_user + (int64_t)k;
    uint64_t own =
        piq_hash_u64(w->o.seed) ^ piq_hash_u64((uint64_t)l->user.v + 1);
    piq_rng_seed(&l->life, own);
    piq_rng_seed(&l->choice, piq_hash_u64(own ^ 1));
    for (size_t i = 0; i < c->n_areas; i++)
        area[i] = normal(&l->life, 0, AREA_SD);
    draw_knowledge(l, area);
    draw_tastes(l);
    draw_goal(l);
    /* Arrivals are spread over a day. */
    l->now_us = w->o.start_us +
                (int64_t)(piq_rng_uniform(&l->life) * (double)PIQ_US_PER_DAY);
    *out = l;
    return PIQ_OK;
}

/* --- time ------------------------------------------------------------------
 */

void piq_chooser_session(piq_chooser *l)
{
    double keep = sqrt(1 - DRIFT);
    double gap = GAP_DAYS_LEAST - (GAP_DAYS_MEAN - GAP_DAYS_LEAST) *
                                      log(1 - piq_rng_uniform(&l->life));
    double form = normal(&l->life, 0, FORM_OF_SESSION);
    double renewed[PIQ_CHOOSER_FACTORS];
    for (int f = 0; f < PIQ_CHOOSER_FACTORS; f++)
        renewed[f] = normal(&l->life, 0, sqrt(DRIFT));
    /* What is done in a session does not move the draws of the next. */
    piq_rng_seed(&l->choice,
                 piq_hash_u64((uint64_t)l->user.v * 65537 + l->n_sessions) ^
                     piq_hash_u64(l->w->o.seed + 2));
    if (l->n_sessions++) {
        l->now_us += (int64_t)(gap * (double)PIQ_US_PER_DAY);
        for (int f = 0; f < PIQ_CHOOSER_FACTORS; f++)
            l->taste[f] = keep * l->taste[f] + renewed[f];
    }
    l->limit_minutes = l->usual_minutes * exp(form);
    l->spent_minutes = 0;
    l->left = false;
}

double piq_chooser_session_min(const piq_chooser *l)
{
    return l->limit_minutes;
}

bool piq_chooser_stays(const piq_chooser *l)
{
    return !l->left && l->spent_minutes < l->limit_minutes;
}

/* --- knowledge -------------------------------------------------------------
 */

static double gain_now(const piq_chooser *l, size_t k)
{
    if (l->practised_us[k] == INT64_MIN)
        return 0;
    double days =
        (double)(l->now_us - l->practised_us[k]) / (double)PIQ_US_PER_DAY;
    double fades = 1 / sqrt(1 + fmax(0, days) / l->stability_days[k]);
    return l->gain[k] * (KEPT + (1 - KEPT) * fades);
}

double piq_chooser_ability(const piq_chooser *l, piq_concept_ix concept)
{
    return l->start[concept.v] + gain_now(l, concept.v);
}

double piq_chooser_mastery(const piq_chooser *l, piq_concept_ix concept)
{
    const piq_concept *k = &l->w->c->concepts[concept.v];
    return piq_sigmoid(piq_chooser_ability(l, concept) -
                       piq_difficulty_logit(k->difficulty));
}

double piq_chooser_ease(const piq_chooser *l, const piq_content *x,
                        piq_content_ix ix)
{
    double ability = 0;
    for (size_t i = 0; i < x->n_concepts; i++)
        ability += x->concepts[i].weight *
                   piq_chooser_ability(l, x->concepts[i].concept);
    return ability - l->w->difficulty[ix.v];
}

/* Who lacks what a concept needs learns it slower. */
static double ready_for(const piq_chooser *l, size_t k)
{
    const piq_concept *x = &l->w->c->concepts[k];
    double known = 0;
    for (size_t i = 0; i < x->n_prerequisites; i++)
        known += piq_chooser_mastery(l, x->prerequisites[i]);
    if (!x->n_prerequisites)
        return 1;
    return 0.4 + 0.6 * known / (double)x->n_prerequisites;
}

static double fit_of(const piq_chooser *l, const piq_content *x,
                     piq_content_ix ix)
{
    bool explains = x->type == PIQ_LESSON && !x->practice;
    double least = explains ? LEAST_FIT_EXPLAINING : LEAST_FIT_ASKING;
    double off = (piq_chooser_ease(l, x, ix) - BEST_EASE) / EASE_SD;
    bool tests = x->type == PIQ_ASSESSMENT || x->type == PIQ_CHARACTER;
    return (tests ? TESTING : 1) * (least + (1 - least) * exp(-off * off / 2));
}

void piq_chooser_learn(piq_chooser *l, piq_content_ix content, double minutes)
{
    const piq_content *x = &l->w->c->contents[content.v];
    double dose = l->rate * minutes * fit_of(l, x, content);
    for (size_t i = 0; i < x->n_concepts; i++) {
        size_t k = x->concepts[i].concept.v;
        double share = -expm1(-dose * x->concepts[i].weight * ready_for(l, k));
        double gain = gain_now(l, k);
        bool first = l->practised_us[k] == INT64_MIN;
        if (first)
            l->stability_days[k] = STABILITY_DAYS;
        else if (l->now_us - l->practised_us[k] > PIQ_US_PER_DAY / 2)
            l->stability_days[k] *= STABILITY_GROWS;
        l->gain[k] = gain + share * fmax(0, l->room[k] - gain);
        l->practised_us[k] = l->now_us;
    }
    l->finished[content.v] = true;
}

const piq_catalogue *piq_chooser_catalogue(const piq_chooser_world *w)
{
    return w->c;
}

piq_user_id piq_chooser_user(const piq_chooser *l)
{
    return l->user;
}

int64_t piq_chooser_now_us(const piq_chooser *l)
{
    return l->now_us;
}

const piq_goal *piq_chooser_goal(const piq_chooser *l)
{
    return &l->goal;
}
