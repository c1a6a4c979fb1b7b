/* predictions.c - see predictions.h. */
#include "insight/predictions.h"

#include "base/calendar.h"
#include "insight/estimate.h"
#include "insight/outlook_goal.h"

#include <math.h>

/* ---- telling ---------------------------------------------------------- */

static void say_assumptions(const piq_outlook *w, piq_teller *t,
                            piq_prediction *out)
{
    const char **say = out->assumptions;
    const char *how = out->minutes_asked                  ? "as asked for"
                      : out->minutes_source == PIQ_STATED ? "as stated"
                      : out->minutes_source == PIQ_INFERRED
                          ? "on each day what a usual one has"
                          : "25 a day as nothing was stated";
    size_t n = 0;
    say[n++] = piq_sentence(t,
                            "%d minutes of practice a week, %s: %d hours. In "
                            "the last 28 days it was %d minutes a week.",
                            (int)lround(out->minutes_per_week), how,
                            (int)lround(out->hours),
                            (int)lround(out->minutes_practised));
    say[n++] = piq_sentence(
        t,
        "An hour adds %.2f mastery summed over concepts (90 %% interval "
        "%.2f to %.2f) where practice is new, less where there was much: %.1f "
        "hours seen; the law of practice says %.2f at this mastery.",
        out->rate.value, out->rate.low, out->rate.high, out->rate.n,
        out->rate_prior);
    say[n++] = piq_sentence(
        t, "Practice goes %s where most is missing, and nears %d %% at most.",
        piq_outlook_has_goal(w)
            ? "to the goal's concepts and what they need first, there"
            : "to every concept,",
        piq_percent(PIQ_PRACTICE_CEILING));
    say[n++] = piq_sentence(
        t,
        "Keeping what is known takes %d minutes of review a week; %d %% of "
        "that is covered. What is not reviewed loses a tenth of what its "
        "recall "
        "loses.",
        (int)lround(out->review_minutes), piq_percent(out->review_share));
    say[n++] = "Intervals were measured on learners whose later mastery or "
               "answers are known: docs/models/forecast.md.";
    out->n_assumptions = n;
}

static const char *say_area(const piq_outlook *w, piq_teller *t, piq_str name,
                            const piq_area_forecast *f)
{
    const piq_forecast_point *then = &f->points[PIQ_FORECAST_POINTS - 1];
    int now = piq_percent(f->mastery_now);
    if (f->answers_missing)
        return piq_sentence(t,
                            "%.*s: no forecast yet, %u more answers are "
                            "needed; what little is known says %d %%.",
                            PIQ_STR_ARG(name), f->answers_missing, now);
    return piq_sentence(
        t,
        "%.*s: %d %% believed now, %d %% by what forecasts "
        "found true of such beliefs; %d %% expected then (80 "
        "%% interval %d to %d %%) with %d minutes a week.",
        PIQ_STR_ARG(name), now, piq_percent(f->points[0].mastery),
        piq_percent(then->mastery), piq_percent(then->low80),
        piq_percent(then->high80), (int)lround(w->weekly_minutes));
}

/* All live concepts, area after area; at[a] is where area a starts. */
static size_t sort_by_area(const piq_catalogue *c, piq_concept_ix *out,
                           size_t *at)
{
    size_t n = 0;
    for (size_t a = 0; a < c->n_areas; a++) {
        at[a] = n;
        for (size_t i = 0; i < c->n_concepts; i++)
            if (c->concepts[i].area.v == a && !c->concepts[i].retired)
                out[n++].v = (uint16_t)i;
    }
    at[c->n_areas] = n;
    return n;
}

static void begin_area(piq_area_forecast *f, uint16_t area,
                       const piq_outlook_set *set)
{
    f->area.v = area;
    f->mastery_now = set->now.told;
    f->answers_missing = set->missing;
}

/* Every area at every date: by date first, so that recall is asked once. */
static void ask_dates(piq_outlook *w, const piq_outlook_set *all,
                      const piq_outlook_set *sets, piq_prediction *out)
{
    for (int k = 0; k < PIQ_FORECAST_POINTS; k++) {
        int64_t at_us = w->now_us + (out->at_us - w->now_us) * k /
                                        (PIQ_FORECAST_POINTS - 1);
        piq_practice p = piq_outlook_plan(w, at_us);
        piq_outlook_ask(w, all, &p, &out->overall.points[k]);
        for (size_t i = 0; i < out->n_areas; i++)
            piq_outlook_ask(w, &sets[i], &p, &out->areas[i].points[k]);
    }
}

static piq_status tell_areas(piq_outlook *w, piq_teller *t, piq_prediction *out)
{
    const piq_catalogue *c = w->catalogue;
    piq_arena *a = w->arena;
    piq_concept_ix *live = piq_new(a, piq_concept_ix, c->n_concepts);
    size_t *at = piq_new(a, size_t, c->n_areas + 1);
    piq_outlook_set *sets = piq_new(a, piq_outlook_set, c->n_areas);
    out->areas = piq_new(a, piq_area_forecast, c->n_areas);
    if (!live || !at || !sets || !out->areas)
        return PIQ_ENOMEM;
    size_t n = sort_by_area(c, live, at);
    for (size_t i = 0; i < c->n_areas; i++) {
        if (c->areas[i].retired || at[i + 1] == at[i])
            continue;
        sets[out->n_areas] =
            piq_outlook_set_of(w, live + at[i], at[i + 1] - at[i]);
        begin_area(&out->areas[out->n_areas], (uint16_t)i, &sets[out->n_areas]);
        out->n_areas++;
    }
    piq_outlook_set all = piq_outlook_set_of(w, live, n);
    begin_area(&out->overall, PIQ_NO_IX16, &all);
    ask_dates(w, &all, sets, out);
    piq_outlook_what_if(w, &all, out);
    for (size_t i = 0; i < out->n_areas; i++)
        out->areas[i].why =
            say_area(w, t, c->areas[out->areas[i].area.v].name, &out->areas[i]);
    out->overall.why = say_area(w, t, PIQ_STR("All areas"), &out->overall);
    return PIQ_OK;
}

/* ---- asking ----------------------------------------------------------- */

piq_status piq_goal_probability(piq_arena *a, const piq_learner *l,
                                const piq_catalogue *c,
                                const piq_belief *beliefs, int64_t now_us,
                                double *out)
{
    piq_outlook w;
    piq_status status = piq_outlook_begin(&w, a, l, c, beliefs, now_us);
    *out = NAN;
    if (status || !piq_outlook_has_goal(&w) ||
        l->goal.timeline_day == INT32_MAX)
        return status;
    piq_outlook_set set = piq_outlook_set_of(&w, w.targets, w.n_targets);
    piq_practice p = piq_outlook_plan(&w, piq_outlook_deadline_us(&w));
    *out = piq_outlook_ask(&w, &set, &p, NULL);
    return PIQ_OK;
}

piq_status piq_predictions_make(piq_arena *a, const piq_learner *l,
                                const piq_catalogue *c,
                                const piq_belief *beliefs, int64_t now_us,
                                int64_t at_us, piq_prediction *out)
{
    const piq_predictions_ask ask = {now_us, at_us, NAN};
    return piq_predictions_answer(a, l, c, beliefs, &ask, out);
}

static bool is_in_range(const piq_predictions_ask *ask)
{
    double minutes = ask->minutes_per_week;
    return ask->at_us >= ask->now_us &&
           ask->at_us - ask->now_us <=
               PIQ_MAX_PREDICTION_DAYS * PIQ_US_PER_DAY &&
           !(minutes < 0 || minutes > PIQ_MAX_WEEK_MINUTES);
}

piq_status piq_predictions_answer(piq_arena *a, const piq_learner *l,
                                  const piq_catalogue *c,
                                  const piq_belief *beliefs,
                                  const piq_predictions_ask *ask,
                                  piq_prediction *out)
{
    piq_outlook w;
    piq_teller teller = {a, false};
    int64_t now_us = ask->now_us, at_us = ask->at_us;
    bool asked = !isnan(ask->minutes_per_week);
    if (!is_in_range(ask))
        return PIQ_EINVAL;
    piq_status status = piq_outlook_begin(&w, a, l, c, beliefs, now_us);
    if (status)
        return status;
    if (asked)
        piq_outlook_suppose(&w, ask->minutes_per_week);
    piq_practice p = piq_outlook_plan(&w, at_us);
    *out = (piq_prediction){
        .user = l->user,
        .version = l->version,
        .as_of_us = now_us,
        .at_us = at_us,
        .stated = &l->goal,
        .minutes_per_week = w.weekly_minutes,
        .minutes_practised = piq_practised_minutes(l, now_us),
        .minutes_source = w.minutes_source,
        .minutes_asked = asked,
        .hours = p.hours,
        .review_minutes = p.review_minutes,
        .review_share = p.covered,
        .rate = {w.law * w.pace.value, w.law * w.pace.low, w.law * w.pace.high,
                 w.pace.n},
        .rate_prior = w.law,
    };
    status = tell_areas(&w, &teller, out);
    if (status == PIQ_OK)
        status = piq_outlook_goal(&w, &teller, out);
    say_assumptions(&w, &teller, out);
    return status == PIQ_OK && teller.failed ? PIQ_ENOMEM : status;
}
