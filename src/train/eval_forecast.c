#include "train/eval_forecast.h"

#include "base/calendar.h"
#include "base/map.h"
#include "track/calibrate.h"
#include "train/forecast_window.h"

#include <math.h>
#include <stdlib.h>

enum { PUBLISH_EVERY = 64, WINDOW_DAYS = 28, COUNTED_IN = 4 };

static const int HORIZON_DAYS[PIQ_FORECAST_HORIZONS] = {0, 1, 7, 14, 28};
static const uint32_t HISTORY_FROM[PIQ_FORECAST_HISTORIES] = {50, 100, 200, 400,
                                                              800};

typedef struct learner {
    int64_t user_id;
    int half;
    bool forecast; /* at least once */
    piq_track track;
    bool begun;
    piq_window_answer *answers; /* [n], by time */
    size_t n, done;
} learner;

typedef struct run {
    const piq_catalogue *c;
    piq_calibrator *calibrator;
    piq_item_estimate *published; /* [n_items] */
    piq_calibrated_item *news;    /* [n_items] */
    piq_window_room room;
    piq_map learner_at; /* user id -> position */
    learner *learners;
    size_t n_learners;
    piq_forecast_report report;
} run;

int piq_forecast_horizon_days(int h)
{
    return HORIZON_DAYS[h];
}

uint32_t piq_forecast_history_from(int k)
{
    return HISTORY_FROM[k];
}

/* ---- one forecast ----------------------------------------------------- */

static double share_right(const piq_window_answer *x, size_t n)
{
    double right = 0;
    for (size_t i = 0; i < n; i++)
        right += (double)x[i].score;
    return right / (double)n;
}

/* Sums; made means at the end. */
static void score(piq_forecast_score *s, const piq_answer_forecast *f,
                  double no_change, double lately, double came)
{
    s->n++;
    s->held80 += f->low80 <= came && came <= f->high80;
    s->held90 += f->low90 <= came && came <= f->high90;
    s->width80 += f->high80 - f->low80;
    s->width90 += f->high90 - f->low90;
    s->error += (f->share - came) * (f->share - came);
    s->no_change += (no_change - came) * (no_change - came);
    s->as_lately += (lately - came) * (lately - came);
    s->bias += f->share - came;
}

static int history_of(size_t answers)
{
    int k = 0;
    while (k + 1 < PIQ_FORECAST_HISTORIES && answers >= HISTORY_FROM[k + 1])
        k++;
    return k;
}

/* The first answers from `days` after now on; how many there are. */
static size_t window_at(const learner *l, int64_t now_us, int days,
                        const piq_window_answer **out)
{
    int64_t from_us = now_us + days * PIQ_US_PER_DAY;
    size_t first = l->done, n = 0;
    while (first < l->n && l->answers[first].at_us < from_us)
        first++;
    *out = l->answers + first;
    while (first + n < l->n && n < PIQ_WINDOW_MOST &&
           (*out)[n].at_us - (*out)[0].at_us <= WINDOW_DAYS * PIQ_US_PER_DAY)
        n++;
    return n;
}

static void forecast(run *r, learner *l, int64_t now_us)
{
    piq_forecast_half *half = &r->report.halves[l->half];
    size_t back = l->done < PIQ_WINDOW_MOST ? l->done : PIQ_WINDOW_MOST;
    double lately = share_right(l->answers + l->done - back, back);
    int k = history_of(l->done);
    for (int h = 0; h < PIQ_FORECAST_HORIZONS; h++) {
        const piq_window_answer *w;
        size_t n = window_at(l, now_us, HORIZON_DAYS[h], &w);
        if (n < PIQ_WINDOW_LEAST)
            continue;
        piq_answer_outlook o = piq_window_outlook(&r->room, &l->track, r->c,
                                                  r->published, w, n, now_us);
        piq_answer_forecast f = piq_forecast_answers(&o);
        double came = share_right(w, n);
        piq_forecast_score *const all[COUNTED_IN] = {
            &half->all, &half->by_horizon[h], &half->by_history[k],
            &half->cells[k][h]};
        for (size_t i = 0; i < COUNTED_IN; i++)
            score(all[i], &f, o.chance, lately, came);
        half->n_learners += !l->forecast;
        l->forecast = true;
    }
}

/* ---- living through the answers --------------------------------------- */

static void answer(run *r, learner *l)
{
    const piq_window_answer *x = &l->answers[l->done++];
    const piq_item *item = &r->c->items[x->item.v];
    const piq_item_estimate *e = &r->published[x->item.v];
    piq_task task = {
        .concepts = item->concepts,
        .n_concepts = item->n_concepts,
        .difficulty_logit = (double)e->difficulty_logit,
        .difficulty_variance = (double)e->variance,
        .discrimination = item->discrimination,
        .guess = item->guess,
    };
    piq_track_outcome outcome;
    piq_track_answer(&l->track, piq_track_defaults(), r->c, &task,
                     (double)x->score, 1.0, 0, x->at_us, &outcome);
    piq_calibrator_answer(r->calibrator, x->item, &outcome, (double)x->score);
    if (l->done % PIQ_FORECAST_STEP == 0)
        forecast(r, l, x->at_us);
}

static void publish(run *r)
{
    size_t n = piq_calibrator_publish(r->calibrator, r->news, r->c->n_items);
    for (size_t i = 0; i < n; i++)
        r->published[r->news[i].item.v] = r->news[i].estimate;
}

typedef struct place {
    int64_t at_us;
    size_t i; /* as given */
} place;

static int by_time(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

static int by_user(const void *a, const void *b)
{
    const learner *x = a, *y = b;
    return (x->user_id > y->user_id) - (x->user_id < y->user_id);
}

/* ---- setting up ------------------------------------------------------- */

static piq_status count_learners(piq_arena *a, run *r,
                                 const piq_eval_answer *answers, size_t n)
{
    r->learners = piq_new(a, learner, n + 1);
    if (!r->learners)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint64_t user = (uint64_t)answers[i].user_id, at;
        if (!piq_map_get(&r->learner_at, user, &at)) {
            at = r->n_learners++;
            r->learners[at].user_id = answers[i].user_id;
            if (piq_map_put(&r->learner_at, user, at))
                return PIQ_ENOMEM;
        }
        r->learners[at].n++;
    }
    qsort(r->learners, r->n_learners, sizeof *r->learners, by_user);
    for (size_t k = 0; k < r->n_learners; k++) {
        learner *l = &r->learners[k];
        l->half = 2 * k >= r->n_learners;
        l->answers = piq_new(a, piq_window_answer, l->n);
        if (!l->answers || piq_map_put(&r->learner_at, (uint64_t)l->user_id, k))
            return PIQ_ENOMEM;
        piq_status status = piq_track_init(&l->track, r->c);
        if (status)
            return status;
        l->begun = true;
    }
    return PIQ_OK;
}

static learner *learner_of(const run *r, const piq_eval_answer *x)
{
    uint64_t at = 0;
    piq_map_get(&r->learner_at, (uint64_t)x->user_id, &at);
    return &r->learners[at];
}

static piq_status set_up(piq_arena *a, run *r, const piq_eval_answer *answers,
                         size_t n)
{
    size_t n_items = r->c->n_items;
    r->published = piq_new(a, piq_item_estimate, n_items);
    r->news = piq_new(a, piq_calibrated_item, n_items);
    piq_status status = piq_window_room_new(a, r->c, &r->room);
    if (status || !r->published || !r->news)
        return PIQ_ENOMEM;
    status = count_learners(a, r, answers, n);
    if (status == PIQ_OK)
        status = piq_calibrator_new(r->c, &r->calibrator);
    for (size_t i = 0; status == PIQ_OK && i < n_items; i++)
        r->published[i] =
            piq_calibrator_estimate(r->calibrator, (piq_item_ix){(uint32_t)i});
    return status;
}

static piq_status live_through(piq_arena *a, run *r,
                               const piq_eval_answer *answers, size_t n,
                               size_t publish_every)
{
    place *order = piq_new(a, place, n);
    if (!order)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        order[i] = (place){answers[i].at_us, i};
    if (n > 1)
        qsort(order, n, sizeof *order, by_time);
    for (size_t i = 0; i < n; i++) {
        const piq_eval_answer *x = &answers[order[i].i];
        learner *l = learner_of(r, x);
        l->answers[l->done++] =
            (piq_window_answer){x->at_us, x->item, x->score};
    }
    for (size_t k = 0; k < r->n_learners; k++)
        r->learners[k].done = 0;
    for (size_t i = 0; i < n; i++) {
        answer(r, learner_of(r, &answers[order[i].i]));
        if ((i + 1) % publish_every == 0)
            publish(r);
    }
    return PIQ_OK;
}

/* ---- the report ------------------------------------------------------- */

static void finish(piq_forecast_score *s)
{
    double n = s->n ? (double)s->n : NAN;
    s->held80 /= n;
    s->held90 /= n;
    s->width80 /= n;
    s->width90 /= n;
    s->error = sqrt(s->error / n);
    s->no_change = sqrt(s->no_change / n);
    s->as_lately = sqrt(s->as_lately / n);
    s->bias /= n;
}

static void finish_half(piq_forecast_half *half)
{
    finish(&half->all);
    for (int h = 0; h < PIQ_FORECAST_HORIZONS; h++)
        finish(&half->by_horizon[h]);
    for (int k = 0; k < PIQ_FORECAST_HISTORIES; k++) {
        finish(&half->by_history[k]);
        for (int h = 0; h < PIQ_FORECAST_HORIZONS; h++)
            finish(&half->cells[k][h]);
    }
}

piq_status piq_eval_forecast(piq_arena *a, const piq_catalogue *c,
                             const piq_eval_answer *answers, size_t n,
                             size_t publish_every, piq_forecast_report *out)
{
    run r = {.c = c};
    size_t every = publish_every ? publish_every : PUBLISH_EVERY;
    piq_map_init(&r.learner_at);
    piq_status status = set_up(a, &r, answers, n);
    if (status == PIQ_OK)
        status = live_through(a, &r, answers, n, every);
    if (status == PIQ_OK) {
        for (int half = 0; half < PIQ_FORECAST_HALVES; half++)
            finish_half(&r.report.halves[half]);
        r.report.n_answers = n;
        r.report.n_learners = r.n_learners;
        *out = r.report;
    }
    for (size_t k = 0; k < r.n_learners && r.learners; k++)
        if (r.learners[k].begun)
            piq_track_release(&r.learners[k].track);
    piq_map_release(&r.learner_at);
    piq_calibrator_free(r.calibrator);
    return status;
}
