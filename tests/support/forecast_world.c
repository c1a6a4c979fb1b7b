#include "support/forecast_world.h"

#include "base/calendar.h"
#include "learner/fold.h"
#include "track/calibrate.h"

#include <math.h>
#include <stdlib.h>

enum { PUBLISH_EVERY = 64 };

const uint32_t forecast_histories[FORECAST_HISTORIES] = {100, 300, 600, 1200,
                                                         2400};
const int forecast_horizons[FORECAST_HORIZONS] = {7, 14, 28};

typedef struct life {
    piq_sim *sim;
    piq_learner *learner;
    piq_event next;
    bool more;
} life;

struct forecast_world {
    const piq_catalogue *c;
    forecast_world_options o;
    piq_arena arena;
    life *lives;
    piq_calibrator *calibrator;
    piq_calibration_book *book;
    piq_calibrated_item *news;
    uint32_t calibration;
    size_t n_answers;
    forecast_stop *stops; /* [learners][FORECAST_HISTORIES] */
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static double *truth_of(forecast_world *w, const piq_sim *s)
{
    const piq_catalogue *c = w->c;
    double *truth = piq_new(&w->arena, double, c->n_areas + 1);
    double *n = piq_new(&w->arena, double, c->n_areas + 1);
    must(truth && n);
    for (uint16_t i = 0; i < c->n_concepts; i++) {
        piq_concept_ix k = {i};
        double m = piq_track_mastery(c, k, piq_sim_ability(s, k));
        size_t area = c->concepts[i].area.v;
        if (c->concepts[i].retired)
            continue;
        truth[area] += m;
        n[area]++;
        truth[c->n_areas] += m;
        n[c->n_areas]++;
    }
    for (size_t a = 0; a <= c->n_areas; a++)
        truth[a] /= n[a];
    return truth;
}

static void stop_here(forecast_world *w, const life *x, forecast_stop *s,
                      int history)
{
    must(piq_learner_copy(x->learner, &s->learner) == PIQ_OK);
    s->beliefs = piq_new(&w->arena, piq_belief, w->c->n_concepts);
    must(s->beliefs != NULL);
    s->now_us = x->learner->last_us;
    s->history = history;
    s->truth_now = truth_of(w, x->sim);
    const piq_judge by = {.book = w->o.calibrate ? w->book : NULL};
    must(piq_learner_judged(x->learner, &by, w->c, s->now_us, s->beliefs) ==
         PIQ_OK);
}

/* Whatever a stop still waits for and has come. */
static void look_back(forecast_world *w, const life *x, forecast_stop *stops)
{
    for (int h = 0; h < FORECAST_HISTORIES; h++) {
        forecast_stop *s = &stops[h];
        while (s->learner && s->reached < FORECAST_HORIZONS &&
               x->next.at_us >=
                   s->now_us + forecast_horizons[s->reached] * PIQ_US_PER_DAY) {
            s->truth[s->reached] = truth_of(w, x->sim);
            s->minutes[s->reached++] =
                (double)(x->learner->behaviour.spent_ms -
                         s->learner->behaviour.spent_ms) /
                60000;
        }
    }
}

static void calibrate(forecast_world *w, const piq_event *e,
                      const piq_fold_effect *effect)
{
    if (!w->o.calibrate || !effect->is_item_answer)
        return;
    piq_calibrator_answer(w->calibrator, e->u.answer.item, &effect->outcome,
                          (double)e->u.answer.score);
    if (++w->n_answers % PUBLISH_EVERY)
        return;
    size_t n = piq_calibrator_publish(w->calibrator, w->news, w->c->n_items);
    must(piq_calibration_book_add(w->book, ++w->calibration, w->news, n) ==
         PIQ_OK);
}

static void live_on(forecast_world *w, size_t k)
{
    life *x = &w->lives[k];
    forecast_stop *stops = &w->stops[k * FORECAST_HISTORIES];
    piq_fold_effect effect;
    look_back(w, x, stops);
    x->next.catalogue_version = w->c->version;
    x->next.calibration = w->calibration;
    piq_fold(x->learner, w->c, w->book, NULL, &x->next, &effect);
    calibrate(w, &x->next, &effect);
    for (int h = 0; h < FORECAST_HISTORIES; h++)
        if (x->learner->n_events == forecast_histories[h])
            stop_here(w, x, &stops[h], h);
    x->more = piq_sim_next(x->sim, &x->next);
}

static void live(forecast_world *w)
{
    for (;;) {
        size_t first = w->o.learners;
        for (size_t k = 0; k < w->o.learners; k++)
            if (w->lives[k].more &&
                (first == w->o.learners ||
                 w->lives[k].next.at_us < w->lives[first].next.at_us))
                first = k;
        if (first == w->o.learners)
            return;
        live_on(w, first);
    }
}

forecast_world *forecast_world_new(const piq_catalogue *c,
                                   const forecast_world_options *o)
{
    forecast_world *w = calloc(1, sizeof *w);
    piq_sim_options sim = {.seed = o->seed,
                           .n_learners = o->learners,
                           .first_user = 1,
                           .events = o->events,
                           .start_us = INT64_C(1700000000000000),
                           .days = o->days,
                           .learning = o->learning,
                           .answers_only = o->answers_only};
    must(w != NULL);
    w->c = c;
    w->o = *o;
    piq_arena_init(&w->arena, (size_t)4 << 30);
    w->lives = piq_new(&w->arena, life, o->learners);
    w->stops =
        piq_new(&w->arena, forecast_stop, o->learners * FORECAST_HISTORIES);
    w->news = piq_new(&w->arena, piq_calibrated_item, c->n_items + 1);
    must(w->lives && w->stops && w->news);
    must(piq_calibrator_new(c, &w->calibrator) == PIQ_OK &&
         piq_calibration_book_new(&w->book) == PIQ_OK);
    for (size_t k = 0; k < o->learners; k++) {
        life *x = &w->lives[k];
        piq_user_id user = {(int64_t)k + 1};
        must(piq_sim_learner(&w->arena, c, &sim, k, &x->sim) == PIQ_OK &&
             piq_learner_new(user, c, &x->learner) == PIQ_OK);
        x->more = piq_sim_next(x->sim, &x->next);
    }
    live(w);
    return w;
}

void forecast_world_free(forecast_world *w)
{
    for (size_t k = 0; k < w->o.learners; k++)
        piq_learner_free(w->lives[k].learner);
    for (size_t i = 0; i < w->o.learners * FORECAST_HISTORIES; i++)
        piq_learner_free(w->stops[i].learner);
    piq_calibrator_free(w->calibrator);
    piq_calibration_book_free(w->book);
    piq_arena_release(&w->arena);
    free(w);
}

size_t forecast_world_stops(const forecast_world *w)
{
    return w->o.learners * FORECAST_HISTORIES;
}

forecast_stop *forecast_world_stop(forecast_world *w, size_t i)
{
    return &w->stops[i];
}

int64_t forecast_stop_plan(forecast_stop *s, int horizon)
{
    double days = forecast_horizons[horizon];
    piq_stated *stated = &s->learner->stated;
    stated->has |= PIQ_STATED_MINUTES;
    for (int d = 0; d < 7; d++)
        stated->minutes_per_weekday[d] =
            (uint16_t)lround(s->minutes[horizon] / days);
    return s->now_us + (int64_t)days * PIQ_US_PER_DAY;
}
