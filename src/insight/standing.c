/* standing.c - see standing.h. */
#include "insight/standing.h"

#include "base/calendar.h"
#include "insight/estimate.h"
#include "insight/outlook_goal.h"
#include "insight/reviews.h"

#include <math.h>

/* The calendar week of `today` and the three before it. */
enum { TREND_WEEKS = 4 };

/* ---- practice ------------------------------------------------------------ */

/* Of the days after `after`, up to and with `until`. */
static piq_stretch stretch_of(const piq_behaviour *b, int32_t after,
                              int32_t until)
{
    piq_stretch s = {.accuracy = NAN};
    double right = 0;
    for (size_t i = 0; i < b->n_days; i++) {
        const piq_day_record *d = &b->days[i];
        if (d->day <= after || d->day > until)
            continue;
        s.minutes += d->spent_ms / 60000.0;
        s.answers += d->answers;
        right += d->right;
    }
    if (s.answers)
        s.accuracy = right / s.answers;
    return s;
}

static void tell_practice(const piq_learner *l, piq_standing *out)
{
    const piq_behaviour *b = &l->behaviour;
    int32_t today = out->today, week = piq_week_of(today);
    out->last_us = b->last_us;
    out->last_day = b->n_days ? b->days[b->n_days - 1].day : PIQ_NO_DAY;
    for (size_t i = 0; i < b->n_days; i++)
        out->active_days += b->days[i].day > today - PIQ_STANDING_WINDOW_DAYS;
    out->recent = stretch_of(b, today - PIQ_STANDING_TREND_DAYS, today);
    out->before = stretch_of(b, today - 2 * PIQ_STANDING_TREND_DAYS,
                             today - PIQ_STANDING_TREND_DAYS);
    for (size_t i = 0; i < b->n_weeks; i++)
        if (b->weeks[i].week > week - TREND_WEEKS)
            out->gained += (double)b->weeks[i].gained;
}

/* ---- what waits, and the goal ---------------------------------------------
 */

static piq_status tell_reviews(piq_arena *a, const piq_learner *l,
                               const piq_catalogue *c, int64_t now_us,
                               piq_standing *out)
{
    const piq_reviews_ask ask = {.days = PIQ_STANDING_REVIEW_DAYS,
                                 .retention = NAN,
                                 .minutes = NAN,
                                 .limit = 1};
    piq_review_queue q;
    piq_status status = piq_reviews_make(a, l, c, now_us, &ask, &q, NULL);
    if (status)
        return status;
    out->due = q.due;
    out->overdue = q.overdue;
    out->cleared_day = q.cleared_day;
    return PIQ_OK;
}

static void tell_goal(piq_outlook *w, piq_standing *out)
{
    const piq_goal *goal = &w->learner->goal;
    piq_outlook_set set = piq_outlook_set_of(w, w->targets, w->n_targets);
    out->goal.set = true;
    out->goal.deadline_day = goal->timeline_day;
    out->goal.answers_missing = set.missing;
    out->goal.mastery = set.now.told;
    out->goal.probability = NAN;
    if (goal->timeline_day == INT32_MAX)
        return;
    piq_practice p = piq_outlook_plan(w, piq_outlook_deadline_us(w));
    out->goal.probability = piq_outlook_ask(w, &set, &p, NULL);
}

piq_status piq_standing_make(piq_arena *a, const piq_learner *l,
                             const piq_catalogue *c, const piq_belief *beliefs,
                             int64_t now_us, piq_standing *out)
{
    piq_outlook w;
    if (now_us < l->last_us)
        now_us = l->last_us;
    piq_standing s = {.user = l->user,
                      .version = l->version,
                      .today = piq_learner_day(l, now_us),
                      .practised_minutes = piq_practised_minutes(l, now_us)};
    piq_status status = tell_reviews(a, l, c, now_us, &s);
    if (status == PIQ_OK)
        status = piq_outlook_begin(&w, a, l, c, beliefs, now_us);
    if (status)
        return status;
    tell_practice(l, &s);
    s.planned_minutes = w.weekly_minutes;
    if (piq_outlook_has_goal(&w))
        tell_goal(&w, &s);
    *out = s;
    return PIQ_OK;
}

/* ---- the plan -------------------------------------------------------------
 */

/* Practised since the plan was made, or since the step's day where that is the
 * day it was made on: what was answered earlier on it may be why it is there.
 */
static bool was_practised(const piq_learner *l, const piq_plan_step *s,
                          int32_t from_day)
{
    const piq_memory_cell *cell = &l->memory.concepts[s->concept.v];
    int32_t since = s->day > from_day ? from_day + 1 : from_day;
    return cell->reviews &&
           piq_learner_day(l, (int64_t)cell->last_s * 1000000) >= since;
}

static bool is_done(const piq_learner *l, const piq_plan_step *s,
                    int32_t from_day)
{
    if (s->status == PIQ_STEP_DONE)
        return true;
    if (s->content.v == PIQ_NO_IX32)
        return was_practised(l, s, from_day);
    return l->history[s->content.v].progress == PIQ_COMPLETED;
}

size_t piq_standing_overdue_steps(const piq_learner *l, const piq_plan *plan,
                                  int32_t today, int32_t *oldest_day)
{
    size_t n = 0;
    *oldest_day = PIQ_NO_DAY;
    for (size_t i = 0; i < plan->n_steps; i++) {
        const piq_plan_step *s = &plan->steps[i];
        if (s->day >= today || is_done(l, s, plan->from_day))
            continue;
        if (!n++)
            *oldest_day = s->day;
    }
    return n;
}
