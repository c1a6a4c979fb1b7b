/* outlook_goal.c - see outlook_goal.h. */
#include "insight/outlook_goal.h"

#include "base/calendar.h"
#include "insight/estimate.h"

#include <math.h>

static const double MOST_MINUTES = 35 * 60;
static const double LIKELY = 0.5, SURE = 0.8;
static const int MOST_WEEKS = 104;
/* What more would do, for a plan of no minutes. */
static const double A_START_MINUTES = 60;

bool piq_outlook_has_goal(const piq_outlook *w)
{
    return w->learner->goal.set && w->n_targets > 0;
}

int64_t piq_outlook_deadline_us(const piq_outlook *w)
{
    int64_t end_us = piq_day_start_us(w->learner->goal.timeline_day + 1,
                                      piq_learner_offset_min(w->learner),
                                      PIQ_DAY_ROLLOVER_H);
    return end_us > w->now_us ? end_us : w->now_us;
}

/* Least minutes a week for a chance of `wanted`; NaN: not even MOST_MINUTES
 * do. `p` is of the instant planned last. */
static double minutes_for(piq_outlook *w, const piq_outlook_set *set,
                          const piq_practice *p, double wanted)
{
    double low = 0, high = MOST_MINUTES;
    piq_practice other = piq_practice_of(p, high);
    if (!(piq_outlook_ask(w, set, &other, NULL) >= wanted))
        return NAN;
    for (int step = 0; step < 20 && high > 0; step++) {
        double minutes = (low + high) / 2;
        other = piq_practice_of(p, minutes);
        if (piq_outlook_ask(w, set, &other, NULL) >= wanted)
            high = minutes;
        else
            low = minutes;
    }
    return ceil(high);
}

static double probability_after(piq_outlook *w, const piq_outlook_set *set,
                                int weeks)
{
    int64_t at_us = w->now_us + (int64_t)weeks * 7 * PIQ_US_PER_DAY;
    piq_practice p = piq_outlook_plan(w, at_us);
    return piq_outlook_ask(w, set, &p, NULL);
}

/* First week in which the chance is `wanted`: doubling, then halving. */
static int32_t day_of_chance(piq_outlook *w, const piq_outlook_set *set,
                             double wanted)
{
    int low = -1, high = 0;
    while (probability_after(w, set, high) < wanted) {
        if (high == MOST_WEEKS)
            return INT32_MAX;
        low = high;
        high = high ? 2 * high : 1;
        high = high < MOST_WEEKS ? high : MOST_WEEKS;
    }
    while (high - low > 1) {
        int mid = (low + high) / 2;
        if (probability_after(w, set, mid) < wanted)
            low = mid;
        else
            high = mid;
    }
    return piq_learner_day(w->learner, w->now_us) + 7 * high;
}

static const char *say_goal(piq_outlook *w, piq_teller *t,
                            const piq_goal_forecast *g)
{
    int now = piq_percent(g->mastery_now), bar = piq_percent(PIQ_MASTERED);
    int minutes = (int)lround(w->weekly_minutes);
    char by[16] = "";
    if (g->answers_missing)
        return piq_sentence(t,
                            "Mastery of the goal's %zu concepts cannot be "
                            "forecast yet: %u more answers are needed.",
                            g->n_concepts, g->answers_missing);
    if (g->deadline_day == INT32_MAX)
        return piq_sentence(t,
                            "Mean mastery of %zu concepts is %d %%; %d %% "
                            "counts as reached; no date was set.",
                            g->n_concepts, now, bar);
    piq_date_format(g->deadline_day, by);
    if (isnan(g->minutes_needed))
        return piq_sentence(
            t,
            "Mean mastery of %zu concepts is %d %%; %d %% counts as reached; "
            "with %d minutes a week the chance by %s is %d %%, and "
            "no practice of up to 35 hours a week makes it 80 %%.",
            g->n_concepts, now, bar, minutes, by, piq_percent(g->probability));
    return piq_sentence(
        t,
        "Mean mastery of %zu concepts is %d %%; %d %% counts as reached; "
        "with %d minutes a week the chance by %s is %d %%, 80 %% "
        "takes %d minutes a week.",
        g->n_concepts, now, bar, minutes, by, piq_percent(g->probability),
        (int)g->minutes_needed);
}

static void ask_dates(piq_outlook *w, const piq_outlook_set *set,
                      piq_goal_forecast *g, int64_t at_us)
{
    piq_practice p = piq_outlook_plan(w, at_us);
    g->probability_at = piq_outlook_ask(w, set, &p, &g->then);
    if (g->deadline_day != INT32_MAX) {
        p = piq_outlook_plan(w, piq_outlook_deadline_us(w));
        g->probability = piq_outlook_ask(w, set, &p, &g->then);
        if (p.at_us > w->now_us)
            g->minutes_needed = minutes_for(w, set, &p, SURE);
    }
    if (set->missing)
        return;
    g->likely_day = day_of_chance(w, set, LIKELY);
    g->sure_day = day_of_chance(w, set, SURE);
}

piq_status piq_outlook_goal(piq_outlook *w, piq_teller *teller,
                            piq_prediction *out)
{
    size_t n = w->n_targets;
    if (!piq_outlook_has_goal(w))
        return PIQ_OK;
    piq_goal_forecast *g = piq_new(w->arena, piq_goal_forecast, 1);
    if (!g)
        return PIQ_ENOMEM;
    piq_outlook_set set = piq_outlook_set_of(w, w->targets, n);
    *g = (piq_goal_forecast){.n_concepts = n,
                             .mastery_now = set.now.told,
                             .answers_missing = set.missing,
                             .deadline_day = w->learner->goal.timeline_day,
                             .probability = NAN,
                             .minutes_needed = NAN,
                             .likely_day = INT32_MAX,
                             .sure_day = INT32_MAX};
    for (size_t k = 0; k < n; k++) {
        const piq_belief *b = &w->beliefs[w->targets[k].v];
        g->n_mastered +=
            b->mastery >= PIQ_MASTERED && b->evidence >= PIQ_MASTERED_EVIDENCE;
    }
    ask_dates(w, &set, g, out->at_us);
    g->why = say_goal(w, teller, g);
    out->goal = g;
    return PIQ_OK;
}

/* ---- what if ---------------------------------------------------------- */

static void add(piq_prediction *out, const char *name, double minutes)
{
    out->what_if[out->n_what_if++] =
        (piq_what_if){.name = name, .minutes_per_week = minutes};
}

/* Minutes of each scenario. `p` is of the goal's date, planned last. */
static void choose(piq_outlook *w, const piq_outlook_set *goal,
                   const piq_practice *p, piq_prediction *out)
{
    double planned = w->weekly_minutes;
    if (planned > 0)
        add(out, "half", planned / 2);
    add(out, "planned", planned);
    add(out, "half_more", planned > 0 ? planned * 1.5 : A_START_MINUTES);
    add(out, "double", 2 * (planned > 0 ? planned : A_START_MINUTES));
    if (!goal)
        return;
    add(out, "even_chance", minutes_for(w, goal, p, LIKELY));
    add(out, "fairly_sure", minutes_for(w, goal, p, SURE));
}

void piq_outlook_what_if(piq_outlook *w, const piq_outlook_set *all,
                         piq_prediction *out)
{
    piq_outlook_set goal;
    bool has_goal = piq_outlook_has_goal(w);
    bool has_date = has_goal && w->learner->goal.timeline_day != INT32_MAX;
    int64_t by_us = has_date ? piq_outlook_deadline_us(w) : out->at_us;
    piq_practice p = piq_outlook_plan(w, by_us);
    if (has_goal)
        goal = piq_outlook_set_of(w, w->targets, w->n_targets);
    choose(w, has_goal ? &goal : NULL, &p, out);
    for (size_t i = 0; i < out->n_what_if; i++) {
        piq_what_if *x = &out->what_if[i];
        piq_practice other = piq_practice_of(&p, x->minutes_per_week);
        x->probability = NAN;
        x->goal = (piq_forecast_point){by_us, NAN, NAN, NAN, NAN, NAN};
        if (has_goal && !isnan(x->minutes_per_week))
            x->probability = piq_outlook_ask(w, &goal, &other, &x->goal);
    }
    p = piq_outlook_plan(w, out->at_us);
    for (size_t i = 0; i < out->n_what_if; i++) {
        piq_what_if *x = &out->what_if[i];
        piq_practice other = piq_practice_of(&p, x->minutes_per_week);
        x->hours = other.hours;
        x->overall = (piq_forecast_point){p.at_us, NAN, NAN, NAN, NAN, NAN};
        if (!isnan(x->minutes_per_week))
            piq_outlook_ask(w, all, &other, &x->overall);
    }
}
