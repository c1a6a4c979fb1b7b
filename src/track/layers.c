#include "track/layers.h"

#include <math.h>

static const double SECONDS_PER_DAY = 86400.0;

uint32_t piq_layers_seconds(int64_t at_us)
{
    int64_t s = at_us / 1000000;
    if (s < 1)
        return 1;
    return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

/* Days since the cell's last evidence; the past counts as now. */
static double idle_days(const piq_track_cell *cell, uint32_t now_s)
{
    if (cell->last_s == 0 || now_s <= cell->last_s)
        return 0.0;
    return (now_s - cell->last_s) / SECONDS_PER_DAY;
}

static double grown(const piq_track_cell *cell, double prior, double per_day,
                    uint32_t now_s)
{
    return fmin(prior, cell->variance + per_day * idle_days(cell, now_s));
}

piq_node piq_layers_learner(const piq_track *t, const piq_track_params *p,
                            uint32_t now_s)
{
    const piq_track_cell *cell = &t->learner;
    double s = p->learner_var;
    if (cell->last_s != 0)
        s = grown(cell, s, p->learner_idle, now_s);
    return (piq_node){.own = cell->mean, .b = 0.0, .s = s, .mean = cell->mean};
}

/* Idle time opens the variance up, towards the prior. Of what has been opened,
 * a share of `fade` falls back to the parent and the rest stays where it was.
 */
static piq_node child(const piq_track_cell *cell, double prior, double per_day,
                      double fade, double parent_mean, uint32_t now_s)
{
    if (cell->last_s == 0)
        return (piq_node){0.0, 1.0, prior, parent_mean};
    double s = grown(cell, prior, per_day, now_s);
    double b = fmin(1.0, cell->variance / prior);
    double kept = 1.0;
    if (b < 1.0)
        kept -= fade * (s / prior - b) / (1.0 - b);
    piq_node n = {
        .own = kept * cell->mean, .b = 1.0 - kept * (1.0 - b), .s = s};
    n.mean = n.own + n.b * parent_mean;
    return n;
}

piq_node piq_layers_area(const piq_track *t, const piq_track_params *p,
                         size_t area, const piq_node *learner, uint32_t now_s)
{
    return child(&t->areas[area], p->area_var, p->area_idle, p->idle_fade,
                 learner->mean, now_s);
}

piq_node piq_layers_concept(const piq_track *t, const piq_track_params *p,
                            size_t concept, const piq_node *area,
                            uint32_t now_s)
{
    return child(&t->concepts[concept], p->concept_var, p->concept_idle,
                 p->idle_fade, area->mean, now_s);
}

/* Form reverts to nothing: an Ornstein-Uhlenbeck process. */
static void gather_form(piq_fold *f, const piq_track_cell *form,
                        const piq_track_params *p)
{
    if (form->last_s == 0) {
        f->form_mean = 0.0;
        f->form_var = p->form_var;
        return;
    }
    double hours = idle_days(form, f->now_s) * 24.0;
    double keep = p->form_keep;
    if (hours > 0.0)
        keep *= exp(-hours / p->form_hours);
    f->form_mean = keep * form->mean;
    f->form_var =
        keep * keep * form->variance + (1.0 - keep * keep) * p->form_var;
}

static size_t area_place(piq_fold *f, const piq_track *t,
                         const piq_track_params *p, size_t area)
{
    for (size_t i = 0; i < f->n_areas; i++) {
        if (f->areas[i].at == area)
            return i;
    }
    f->areas[f->n_areas] = (piq_touched){
        .at = area,
        .node = piq_layers_area(t, p, area, &f->learner, f->now_s),
    };
    return f->n_areas++;
}

/* A concept named twice counts once, with the sum of its weights. */
static void add_concept(piq_fold *f, const piq_track *t,
                        const piq_track_params *p, const piq_catalogue *c,
                        const piq_concept_weight *w)
{
    size_t at = w->concept.v;
    for (size_t i = 0; i < f->n_concepts; i++) {
        if (f->concepts[i].at == at) {
            f->concepts[i].pull += w->weight;
            return;
        }
    }
    if (f->n_concepts == PIQ_MAX_TASK_CONCEPTS)
        return;
    size_t parent = area_place(f, t, p, c->concepts[at].area.v);
    f->concepts[f->n_concepts++] = (piq_touched){
        .at = at,
        .parent = parent,
        .pull = w->weight,
        .node = piq_layers_concept(t, p, at, &f->areas[parent].node, f->now_s),
    };
}

void piq_layers_gather(piq_fold *f, const piq_track *t,
                       const piq_track_params *p, const piq_catalogue *c,
                       const piq_task *task, int64_t at_us)
{
    f->now_s = piq_layers_seconds(at_us);
    f->n_concepts = f->n_areas = 0;
    f->learner = piq_layers_learner(t, p, f->now_s);
    gather_form(f, &t->form, p);
    for (size_t i = 0; i < task->n_concepts; i++)
        add_concept(f, t, p, c, &task->concepts[i]);

    double from_concepts = 0.0;
    f->ability = piq_difficulty_logit(c->new_learner_ability) + f->form_mean;
    for (size_t i = 0; i < f->n_concepts; i++) {
        const piq_touched *x = &f->concepts[i];
        f->ability += x->pull * x->node.mean;
        from_concepts += x->pull * x->pull * x->node.s;
        f->areas[x->parent].pull += x->pull * x->node.b;
    }
    f->from_areas = 0.0;
    f->learner_pull = 0.0;
    for (size_t i = 0; i < f->n_areas; i++) {
        const piq_touched *x = &f->areas[i];
        f->from_areas += x->pull * x->pull * x->node.s;
        f->learner_pull += x->pull * x->node.b;
    }
    f->from_learner = f->learner_pull * f->learner_pull * f->learner.s;
    f->variance = from_concepts + f->from_areas + f->from_learner + f->form_var;
}
