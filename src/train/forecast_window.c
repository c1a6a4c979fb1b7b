#include "train/forecast_window.h"

#include "base/calendar.h"
#include "track/layers.h"
#include "track/observe.h"

#include <math.h>

/* For the derivative of a chance, logits. */
static const double STEP = 1e-4;

typedef struct sums {
    double chance, drawn, days, slope;
    double learner, learner_variance;
    double area[PIQ_MAX_AREAS], area_variance[PIQ_MAX_AREAS];
    double slopes[PIQ_WINDOW_MOST]; /* p'_j / n */
    double form[PIQ_WINDOW_MOST];   /* variance at each answer */
} sums;

piq_status piq_window_room_new(piq_arena *a, const piq_catalogue *c,
                               piq_window_room *out)
{
    out->concept = piq_new(a, double, c->n_concepts);
    out->concept_variance = piq_new(a, double, c->n_concepts);
    out->item = piq_new(a, double, c->n_items);
    return out->concept && out->concept_variance && out->item ? PIQ_OK
                                                              : PIQ_ENOMEM;
}

/* Chance of an answer, and its derivative by ability. */
static double chance_of(const piq_fold *f, const piq_item *item,
                        const piq_item_estimate *e, double *slope)
{
    piq_encounter x = {
        .mean = f->ability - (double)e->difficulty_logit,
        .variance = f->variance + (double)e->variance,
        .discrimination = item->discrimination,
        .guess = item->guess,
        .lapse = piq_track_defaults()->lapse,
    };
    double p = piq_encounter_predict(&x);
    x.mean += STEP;
    *slope = (piq_encounter_predict(&x) - p) / STEP;
    return p;
}

static void add(sums *s, const piq_window_room *room, const piq_fold *f,
                double slope)
{
    for (size_t k = 0; k < f->n_concepts; k++) {
        const piq_touched *x = &f->concepts[k];
        room->concept[x->at] += slope * x->pull;
        room->concept_variance[x->at] = x->node.s;
    }
    for (size_t k = 0; k < f->n_areas; k++) {
        const piq_touched *x = &f->areas[k];
        s->area[x->at] += slope * x->pull;
        s->area_variance[x->at] = x->node.s;
    }
    s->learner += slope * f->learner_pull;
    s->learner_variance = f->learner.s;
}

/* What each concept and item adds; the room is empty again. */
static double take(const piq_window_room *room, const piq_item *item, size_t at,
                   double item_variance)
{
    double v = room->item[at] * room->item[at] * item_variance;
    room->item[at] = 0;
    for (size_t k = 0; k < item->n_concepts; k++) {
        size_t i = item->concepts[k].concept.v;
        v +=
            room->concept[i] * room -> concept[i] * room -> concept_variance[i];
        room->concept[i] = 0;
    }
    return v;
}

static double form_variance(const sums *s, const piq_window_answer *x, size_t n)
{
    const piq_track_params *p = piq_track_defaults();
    double v = 0;
    for (size_t i = 0; i < n; i++) {
        double keep = 2; /* each pair counts twice */
        v += s->slopes[i] * s->slopes[i] * s->form[i];
        for (size_t j = i + 1; j < n; j++) {
            double hours = (double)(x[j].at_us - x[i].at_us) / PIQ_US_PER_HOUR;
            keep *= p->form_keep;
            v += s->slopes[i] * s->slopes[j] * sqrt(s->form[i] * s->form[j]) *
                 keep * exp(-hours / p->form_hours);
        }
    }
    return v;
}

piq_answer_outlook piq_window_outlook(const piq_window_room *room,
                                      const piq_track *t,
                                      const piq_catalogue *c,
                                      const piq_item_estimate *items,
                                      const piq_window_answer *answers,
                                      size_t n, int64_t now_us)
{
    sums s = {0};
    double count = (double)n;
    for (size_t j = 0; j < n; j++) {
        const piq_window_answer *x = &answers[j];
        const piq_item *item = &c->items[x->item.v];
        const piq_item_estimate *e = &items[x->item.v];
        piq_task task = {item->concepts,       item->n_concepts,
                         e->difficulty_logit,  e->variance,
                         item->discrimination, item->guess};
        piq_fold f;
        double slope;
        piq_layers_gather(&f, t, piq_track_defaults(), c, &task, x->at_us);
        double p = chance_of(&f, item, e, &slope);
        s.slopes[j] = slope / count;
        s.form[j] = f.form_var;
        s.chance += p / count;
        s.drawn += p * (1 - p) / (count * count);
        s.days += (double)(x->at_us - now_us) / PIQ_US_PER_DAY / count;
        s.slope += slope / count;
        add(&s, room, &f, slope / count);
        room->item[x->item.v] += slope / count;
    }
    double believed = s.learner * s.learner * s.learner_variance +
                      form_variance(&s, answers, n);
    for (size_t a = 0; a < c->n_areas; a++)
        believed += s.area[a] * s.area[a] * s.area_variance[a];
    for (size_t j = 0; j < n; j++) {
        size_t at = answers[j].item.v;
        believed += take(room, &c->items[at], at, (double)items[at].variance);
    }
    return (piq_answer_outlook){.chance = s.chance,
                                .slope = s.slope,
                                .believed = believed,
                                .drawn = s.drawn,
                                .days = s.days};
}
