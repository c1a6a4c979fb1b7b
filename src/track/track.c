#include "track/track.h"

#include "num/logistic.h"
#include "track/layers.h"
#include "track/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 5 % and 95 % points of a standard normal. */
static const double Z90 = 1.6448536269514722;

/* Self-assessment says nothing more once there are so many answers. */
enum { STATED_UNTIL = 20 };

/* --- memory ------------------------------------------------------------- */

/* piq_arena's allocations cannot be given back one by one, and learners come
 * and go; so these arrays are plain calloc. */
static piq_status new_cells(size_t n, piq_track_cell **out)
{
    piq_track_cell *cells = NULL;
    if (!piq_alloc_should_fail())
        cells = calloc(n ? n : 1, sizeof *cells);
    if (!cells)
        return PIQ_ENOMEM;
    *out = cells;
    return PIQ_OK;
}

static void start_from_prior(piq_track *t)
{
    const piq_track_params *p = piq_track_defaults();
    t->learner.variance = (float)p->learner_var;
    t->form.variance = (float)p->form_var;
    for (size_t i = 0; i < t->n_areas; i++)
        t->areas[i].variance = (float)p->area_var;
    for (size_t i = 0; i < t->n_concepts; i++)
        t->concepts[i].variance = (float)p->concept_var;
}

/* A track of so many cells; *t is written on success only. */
static piq_status new_track(size_t n_areas, size_t n_concepts, piq_track *t)
{
    piq_track_cell *areas = NULL;
    piq_track_cell *concepts = NULL;
    if (new_cells(n_areas, &areas) != PIQ_OK)
        return PIQ_ENOMEM;
    if (new_cells(n_concepts, &concepts) != PIQ_OK) {
        free(areas);
        return PIQ_ENOMEM;
    }
    *t = (piq_track){
        .areas = areas,
        .concepts = concepts,
        .n_areas = n_areas,
        .n_concepts = n_concepts,
    };
    start_from_prior(t);
    return PIQ_OK;
}

piq_status piq_track_init(piq_track *t, const piq_catalogue *c)
{
    return new_track(c->n_areas, c->n_concepts, t);
}

void piq_track_release(piq_track *t)
{
    free(t->areas);
    free(t->concepts);
    *t = (piq_track){0};
}

/* A copy in arrays of at least the old sizes. */
static piq_status resized(piq_track *to, const piq_track *from, size_t n_areas,
                          size_t n_concepts)
{
    if (new_track(n_areas, n_concepts, to) != PIQ_OK)
        return PIQ_ENOMEM;
    to->learner = from->learner;
    /* The analyser loses sight of to->areas here; *to owns it.
     * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    to->form = from->form;
    to->stated = from->stated;
    if (from->n_areas)
        memcpy(to->areas, from->areas, from->n_areas * sizeof *to->areas);
    if (from->n_concepts)
        memcpy(to->concepts, from->concepts,
               from->n_concepts * sizeof *to->concepts);
    return PIQ_OK;
}

piq_status piq_track_copy(piq_track *to, const piq_track *from)
{
    return resized(to, from, from->n_areas, from->n_concepts);
}

piq_status piq_track_grow(piq_track *t, const piq_catalogue *c)
{
    if (c->n_areas <= t->n_areas && c->n_concepts <= t->n_concepts)
        return PIQ_OK;
    piq_track grown;
    size_t n_areas = c->n_areas > t->n_areas ? c->n_areas : t->n_areas;
    size_t n_concepts =
        c->n_concepts > t->n_concepts ? c->n_concepts : t->n_concepts;
    piq_status status = resized(&grown, t, n_areas, n_concepts);
    if (status != PIQ_OK)
        return status;
    piq_track_release(t);
    *t = grown;
    return PIQ_OK;
}

/* --- what a learner says of themselves ----------------------------------- */

/* The ability that goes with a level: that of its typical concept. */
static double level_logit(const piq_catalogue *c, piq_level level)
{
    static const double usual[PIQ_N_LEVELS] = {0.3, 0.5, 0.65, 0.8};
    double sum = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < c->n_concepts; i++) {
        if (c->concepts[i].level == level && !c->concepts[i].retired) {
            sum += c->concepts[i].difficulty;
            n++;
        }
    }
    return piq_difficulty_logit(n ? sum / (double)n : usual[level]);
}

/* Moving the prior's mean by x moves the posterior's by the share of the prior
 * that is left in it: variance / prior variance. */
void piq_track_state_level(piq_track *t, const piq_track_params *p,
                           const piq_catalogue *c, piq_level self_level)
{
    if (t->learner.n >= STATED_UNTIL)
        return;
    double wanted =
        p->level_trust * (level_logit(c, self_level) -
                          piq_difficulty_logit(c->new_learner_ability));
    double left = 1.0;
    if (t->learner.last_s != 0)
        left = fmin(1.0, t->learner.variance / p->learner_var);
    t->learner.mean =
        (float)(t->learner.mean + left * (wanted - (double)t->stated));
    t->stated = (float)wanted;
}

/* --- one answer ----------------------------------------------------------- */

static piq_encounter meet(const piq_fold *f, const piq_track_params *p,
                          const piq_task *task)
{
    return (piq_encounter){
        .mean = f->ability - task->difficulty_logit,
        .variance = f->variance + task->difficulty_variance,
        .discrimination = task->discrimination,
        .guess = task->guess,
        .lapse = p->lapse,
    };
}

piq_track_shares piq_track_split(const piq_track *t, const piq_track_params *p,
                                 const piq_catalogue *c, const piq_task *task,
                                 int64_t at_us)
{
    piq_fold f;
    piq_layers_gather(&f, t, p, c, task, at_us);
    piq_track_shares s = {.learner = f.learner_pull * f.learner.mean,
                          .form = f.form_mean};
    for (size_t i = 0; i < f.n_areas; i++) {
        s.area += f.areas[i].pull * f.areas[i].node.own;
        s.in_areas += t->areas[f.areas[i].at].n;
    }
    for (size_t i = 0; i < f.n_concepts; i++)
    s.concept += f.concepts[i].pull * f.concepts[i].node.own;
    return s;
}

double piq_track_predict(const piq_track *t, const piq_track_params *p,
                         const piq_catalogue *c, const piq_task *task,
                         int64_t at_us)
{
    piq_fold f;
    piq_layers_gather(&f, t, p, c, task, at_us);
    piq_encounter e = meet(&f, p, task);
    return piq_encounter_predict(&e);
}

static float float_towards(double x, int direction)
{
    float f = (float)x;
    if (direction > 0 && f < x)
        return nextafterf(f, INFINITY);
    if (direction < 0 && f > x)
        return nextafterf(f, -INFINITY);
    return f;
}

/* What an answer does, once its slope is known. */
typedef struct change {
    const piq_track_params *p;
    uint32_t now_s;
    double slope;
    double info;         /* of the task as a whole */
    double info_areas;   /* the learner being known */
    double info_concept; /* the areas being known too */
    double learn;        /* by practice, logits */
    double strength;
    int direction; /* +1 better than predicted, -1 worse, 0 as predicted */
} change;

static void note(piq_track_cell *cell, uint32_t now_s, double evidence)
{
    if (now_s > cell->last_s)
        cell->last_s = now_s;
    cell->evidence += (float)evidence;
}

static void store_learner(piq_track *t, const piq_fold *f, const change *ch)
{
    piq_track_cell *cell = &t->learner;
    double cov = f->learner_pull * f->learner.s;
    double s = f->learner.s - cov * cov * ch->info + ch->p->learner_drift;
    cell->mean =
        float_towards(f->learner.mean + cov * ch->slope, ch->direction);
    cell->variance = (float)fmin(s, ch->p->learner_var);
    note(cell, ch->now_s, ch->strength);
    cell->n++;
}

static void store_form(piq_track *t, const piq_fold *f, const change *ch)
{
    t->form.mean = (float)(f->form_mean + f->form_var * ch->slope);
    t->form.variance =
        (float)(f->form_var - f->form_var * f->form_var * ch->info);
    note(&t->form, ch->now_s, ch->strength);
    t->form.n++;
}

/* Stores a child whose mean shall be `mean` and whose variance `s`, its parent
 * standing at `parent_mean` by now. Rounding goes with the answer, so that the
 * mean as it will be read is never on the wrong side of `before`. */
static void store_child(piq_track_cell *cell, double mean, double s,
                        double prior, double parent_mean, double before,
                        int direction)
{
    cell->variance = (float)fmin(s, prior);
    double from_parent = fmin(1.0, cell->variance / prior) * parent_mean;
    cell->mean = float_towards(mean - from_parent, direction);
    for (;;) {
        double lacking = before - (cell->mean + from_parent);
        if (direction * lacking <= 0.0)
            return;
        float next = float_towards(cell->mean + lacking, direction);
        if (next == cell->mean)
            next = nextafterf(next, direction > 0 ? INFINITY : -INFINITY);
        cell->mean = next;
    }
}

/* Leaves the area's new mean in its node. */
static void store_area(piq_track *t, piq_touched *x, double learner_before,
                       const change *ch)
{
    const piq_track_params *p = ch->p;
    piq_track_cell *cell = &t->areas[x->at];
    double learner_now = t->learner.mean;
    double cov = x->pull * x->node.s;
    double before = x->node.mean;
    double mean =
        before + cov * ch->slope + x->node.b * (learner_now - learner_before);
    double s = x->node.s - cov * cov * ch->info_areas + p->area_drift;
    store_child(cell, mean, s, p->area_var, learner_now, before, ch->direction);
    note(cell, ch->now_s, x->pull * ch->strength);
    cell->n++;
    double b = fmin(1.0, cell->variance / p->area_var);
    x->node.mean = cell->mean + b * learner_now;
}

/* Practice teaches, most at first (the power law of practice), but a wrong
 * answer never leaves a learner better thought of than before it. */
static double with_learning(double moved, uint32_t n, double pull,
                            const change *ch)
{
    double early = ch->p->learn_early / ((1.0 + n) * (2.0 + n));
    double later = ch->learn / (1.0 + n / ch->p->learn_slows);
    double learned = moved + pull * ch->strength * (early + later);
    return ch->direction < 0 ? fmin(learned, 0.0) : learned;
}

static void store_concept(piq_track *t, const piq_touched *x,
                          const piq_touched *area, double area_before,
                          const change *ch)
{
    const piq_track_params *p = ch->p;
    piq_track_cell *cell = &t->concepts[x->at];
    double cov = x->pull * x->node.s;
    double moved =
        cov * ch->slope + x->node.b * (area->node.mean - area_before);
    double s = x->node.s - cov * cov * ch->info_concept + p->concept_drift;
    store_child(cell, x->node.mean + with_learning(moved, cell->n, x->pull, ch),
                s, p->concept_var, area->node.mean, x->node.mean,
                ch->direction);
    note(cell, ch->now_s, x->pull * ch->strength);
    cell->n++;
}

/* What is still to be learned of a concept's own share from its first answers,
 * whatever it has wandered since: the variance that its evidence alone would
 * have left. What wanders is not lent. */
static double unwandered(const piq_track *t, const piq_touched *from,
                         const change *ch)
{
    double prior = ch->p->concept_var;
    double evidence = t->concepts[from->at].evidence;
    double left = prior / (1.0 + prior * ch->info_concept * evidence);
    return fmin(from->node.s, left);
}

/* What an answer on `from` says of another concept whose own share goes with
 * it by `correlation`: covariance correlation * s_from * s_to / prior, which
 * dries up as either becomes known. */
static void lend(piq_track *t, const piq_catalogue *c, const piq_touched *from,
                 size_t to, double correlation, const change *ch)
{
    const piq_track_params *p = ch->p;
    piq_node learner = piq_layers_learner(t, p, ch->now_s);
    piq_node area =
        piq_layers_area(t, p, c->concepts[to].area.v, &learner, ch->now_s);
    piq_node node = piq_layers_concept(t, p, to, &area, ch->now_s);
    double lent = correlation * from->pull;
    double cov = lent * unwandered(t, from, ch) * node.s / p->concept_var;
    double s = node.s - cov * cov * ch->info_concept;
    store_child(&t->concepts[to], node.mean + cov * ch->slope, s,
                p->concept_var, area.mean, node.mean, ch->direction);
    note(&t->concepts[to], ch->now_s, lent * ch->strength);
}

static bool is_touched(const piq_fold *f, size_t concept)
{
    for (size_t i = 0; i < f->n_concepts; i++) {
        if (f->concepts[i].at == concept)
            return true;
    }
    return false;
}

static void lend_all(piq_track *t, const piq_catalogue *c, const piq_fold *f,
                     const change *ch)
{
    for (size_t i = 0; i < f->n_concepts; i++) {
        const piq_touched *x = &f->concepts[i];
        const piq_concept *k = &c->concepts[x->at];
        for (size_t j = 0; j < k->n_exercises; j++) {
            size_t to = k->exercises[j].concept.v;
            double r = ch->p->lend_exercise * k->exercises[j].weight;
            if (r > 0.0 && !is_touched(f, to))
                lend(t, c, x, to, r, ch);
        }
        for (size_t j = 0; j < k->n_prerequisites; j++) {
            size_t to = k->prerequisites[j].v;
            double r = ch->p->lend_prerequisite;
            if (r > 0.0 && !is_touched(f, to))
                lend(t, c, x, to, r, ch);
        }
    }
}

static change change_of(const piq_track_params *p, const piq_fold *f,
                        const piq_observation *o, double score, double strength)
{
    double residual = score - o->predicted;
    change ch = {
        .p = p,
        .now_s = f->now_s,
        .slope = o->slope,
        .info = o->info,
        .info_areas = o->info / (1.0 - o->info * f->from_learner),
        .info_concept =
            o->info / (1.0 - o->info * (f->from_learner + f->from_areas)),
        .learn = residual < 0.0 ? p->learn_wrong : p->learn_right,
        .strength = strength,
        .direction = residual > 0.0   ? 1
                     : residual < 0.0 ? -1
                                      : 0,
    };
    return ch;
}

void piq_track_answer(piq_track *t, const piq_track_params *p,
                      const piq_catalogue *c, const piq_task *task,
                      double score, double strength, uint32_t response_ms,
                      int64_t at_us, piq_track_outcome *out)
{
    piq_fold f;
    piq_layers_gather(&f, t, p, c, task, at_us);
    piq_encounter e = meet(&f, p, task);
    if (response_ms > 0 && response_ms < p->rapid_ms)
        strength *= p->rapid_strength;
    piq_observation o = piq_encounter_observe(&e, score, strength);
    if (out) {
        *out = (piq_track_outcome){
            .predicted = o.predicted,
            .residual = score - o.predicted,
            .ability_logit = f.ability,
            .ability_variance = f.variance,
            .at_us = at_us,
        };
    }
    change ch = change_of(p, &f, &o, score, strength);
    double learner_before = f.learner.mean;
    double area_before[PIQ_MAX_TASK_CONCEPTS];
    store_learner(t, &f, &ch);
    store_form(t, &f, &ch);
    for (size_t i = 0; i < f.n_areas; i++) {
        area_before[i] = f.areas[i].node.mean;
        store_area(t, &f.areas[i], learner_before, &ch);
    }
    for (size_t i = 0; i < f.n_concepts; i++) {
        const piq_touched *x = &f.concepts[i];
        store_concept(t, x, &f.areas[x->parent], area_before[x->parent], &ch);
    }
    lend_all(t, c, &f, &ch);
}

/* --- a lesson ------------------------------------------------------------- */

void piq_track_exposure(piq_track *t, const piq_track_params *p,
                        const piq_catalogue *c,
                        const piq_concept_weight *concepts, size_t n,
                        double minutes, int64_t at_us)
{
    uint32_t now_s = piq_layers_seconds(at_us);
    piq_node learner = piq_layers_learner(t, p, now_s);
    double taught =
        fmin(p->lesson_per_minute * fmax(minutes, 0.0), p->lesson_most);
    if (!(taught > 0.0))
        return;
    for (size_t i = 0; i < n; i++) {
        size_t at = concepts[i].concept.v;
        piq_node area =
            piq_layers_area(t, p, c->concepts[at].area.v, &learner, now_s);
        piq_node node = piq_layers_concept(t, p, at, &area, now_s);
        double share = concepts[i].weight * taught / p->lesson_most;
        store_child(&t->concepts[at], node.mean + concepts[i].weight * taught,
                    node.s + share * p->lesson_var, p->concept_var, area.mean,
                    node.mean, 1);
        note(&t->concepts[at], now_s, 0.0);
    }
}

/* --- reading -------------------------------------------------------------- */

double piq_track_mastery(const piq_catalogue *c, piq_concept_ix concept,
                         double ability_logit)
{
    return piq_sigmoid(ability_logit -
                       piq_difficulty_logit(c->concepts[concept.v].difficulty));
}

void piq_track_belief(const piq_track *t, const piq_track_params *p,
                      const piq_catalogue *c, piq_concept_ix concept,
                      int64_t at_us, piq_belief *out)
{
    uint32_t now_s = piq_layers_seconds(at_us);
    const piq_track_cell *cell = &t->concepts[concept.v];
    piq_node learner = piq_layers_learner(t, p, now_s);
    piq_node area =
        piq_layers_area(t, p, c->concepts[concept.v].area.v, &learner, now_s);
    piq_node node = piq_layers_concept(t, p, concept.v, &area, now_s);
    double var_area = area.s + area.b * area.b * learner.s;
    double var = node.s + node.b * node.b * var_area;
    double ability = piq_difficulty_logit(c->new_learner_ability) + node.mean;
    double sd = sqrt(var);
    out->ability_logit = ability;
    out->sd_logit = sd;
    out->mastery = piq_track_mastery(c, concept, ability);
    out->mastery_low = piq_track_mastery(c, concept, ability - Z90 * sd);
    out->mastery_high = piq_track_mastery(c, concept, ability + Z90 * sd);
    out->evidence = cell->evidence;
    out->n_answers = cell->n;
}
