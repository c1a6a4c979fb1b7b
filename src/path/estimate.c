/* estimate.c - how sure the day of completion is, and what is left out.
 *
 * For each particle p, what it lacks beside what is believed to be lacking, at
 * its pace, and days missed that nothing knows of,
 *
 *     minutes_p = minutes * sum of lack_kp / sum of lack_k / pace_p
 *                 * exp(REST z_p)
 *
 * (minutes that one concept does not need go to another one: the plan is made
 * anew with every answer). Their .1 and .9 quantiles, as days of the calendar.
 *
 * Beyond what is planned, the minutes missing are those of the dose missing, at
 * the rate at which minutes brought dose so far:
 *
 *     minutes = missing / rate + 5 for each target still to be shown
 *     rate    = (useful + PRIOR_MIN g EFFICIENCY) / (spent + PRIOR_MIN)
 *
 * g the rate of a minute that fits.
 */
#include "path/state.h"

#include <math.h>
#include <stdlib.h>

#define EFFICIENCY 0.6
#define PRIOR_MIN  60.0
/* Days missed, sessions cut short. */
#define REST       0.10
/* Very little left to learn: how much is known to within twice itself. */
#define MOST_RATIO 3.0

enum { P = PIQ_PATH_PARTICLES };

/* Minutes that the calendar has up to the end of a day. */
static double minutes_by(const piq_path_state *s, int day)
{
    double sum = 0;
    for (int i = 0; i <= day && i < s->n_days; i++)
        sum += s->budget[i];
    return sum;
}

/* Relative; -1: not within the horizon. */
static int day_with(const piq_path_state *s, double minutes)
{
    double sum = 0;
    for (int i = 0; i < s->n_days; i++) {
        sum += s->budget[i];
        if (sum + 1e-9 >= minutes)
            return i;
    }
    return -1;
}

static int32_t calendar_day(const piq_path_state *s, int day)
{
    return day < 0 ? INT32_MAX : s->in->from_day + day;
}

/* ---- what is missing --------------------------------------------------- */

/* Something is left that can bring a concept on. */
static bool has_way(const piq_path_state *s, const bool *teaches, size_t i)
{
    const piq_need *need = &s->needs[s->closure[i].v];
    return teaches[i] || need->explained || need->memory.stability_days > 0 ||
           s->now[s->closure[i].v].mastery >= need->aim;
}

static void find_ways(const piq_path_state *s, bool *teaches)
{
    for (size_t i = 0; i < s->n_tasks; i++) {
        const piq_task *t = &s->tasks[i];
        if (t->done || t->form != PIQ_TASK_CONTENT)
            continue;
        const piq_content *x = &s->c->contents[t->content.v];
        for (size_t j = 0; j < x->n_concepts; j++) {
            const piq_need *need = &s->needs[x->concepts[j].concept.v];
            if (need->aim > 0)
                teaches[need->place] = true;
        }
    }
}

static bool is_missing(const piq_path_state *s, piq_concept_ix k)
{
    if (piq_path_met(s, k))
        return false;
    return s->needs[k.v].target || s->now[k.v].mastery < PIQ_READY;
}

/* Minutes of practice that are missing at the end of the plan; NaN: no
 * minutes would do. */
static double missing_minutes(const piq_path_state *s, const bool *teaches)
{
    double law = PIQ_GAIN_RATE * s->in->pace * EFFICIENCY;
    double rate = (s->useful + PRIOR_MIN * law) / (s->spent + PRIOR_MIN);
    double minutes = 0;
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        if (!is_missing(s, k))
            continue;
        if (!has_way(s, teaches, i))
            return NAN;
        double dose = piq_path_missing(s, k, s->needs[k.v].aim);
        minutes += dose > 0 ? dose / rate : PIQ_REVIEW_MINUTES;
    }
    return minutes;
}

/* ---- what is left out -------------------------------------------------- */

/* The most costly first. */
static int by_cost(const void *a, const void *b)
{
    const piq_plan_dropped *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost < y->cost ? 1 : -1;
    return (x->concept.v > y->concept.v) - (x->concept.v < y->concept.v);
}

piq_status piq_path_list_dropped(piq_arena *a, const piq_path_state *s,
                                 piq_plan *plan)
{
    double weights = 0;
    plan->dropped = piq_new(a, piq_plan_dropped, s->n_closure);
    if (!plan->dropped)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < s->n_closure; i++)
        weights += s->needs[s->closure[i].v].own;
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        const piq_need *need = &s->needs[k.v];
        if (!is_missing(s, k))
            continue;
        double lack = fmax(0, need->aim - s->now[k.v].mastery);
        plan->dropped[plan->n_dropped++] =
            (piq_plan_dropped){k, need->loss * lack / weights,
                               piq_path_mastery_on(s, k, s->last_plan_day)};
    }
    qsort(plan->dropped, plan->n_dropped, sizeof *plan->dropped, by_cost);
    return PIQ_OK;
}

/* ---- how sure ---------------------------------------------------------- */

static double lack(const piq_path_state *s, size_t i, double dose0)
{
    return fmax(0, -log(1 - s->needs[s->closure[i].v].aim) - dose0);
}

/* What each particle lacks over what is believed to be lacking. */
static void set_ratios(const piq_path_state *s, double ratio[P])
{
    double believed = 0, sum[P] = {0};
    for (size_t i = 0; i < s->n_closure; i++) {
        size_t k = s->closure[i].v;
        if (s->needs[k].known)
            continue;
        believed += lack(s, i, -log(1 - s->in->beliefs[k].mastery));
        for (size_t p = 0; p < P; p++)
            sum[p] += lack(s, i, -log(s->posterior.left0[i * P + p]));
    }
    for (size_t p = 0; p < P; p++) {
        ratio[p] = believed > 0 ? fmin(sum[p] / believed, MOST_RATIO) : 1;
        ratio[p] *= exp(REST * s->posterior.chance[p]) / s->posterior.pace[p];
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void set_interval(const piq_path_state *s, double minutes,
                         piq_plan *plan)
{
    double ratio[P];
    set_ratios(s, ratio);
    qsort(ratio, P, sizeof *ratio, ascending);
    double low = ratio[P / 10], high = ratio[P - 1 - P / 10];
    plan->completion_low_day =
        calendar_day(s, day_with(s, minutes * fmin(1, low)));
    plan->completion_high_day =
        calendar_day(s, day_with(s, minutes * fmax(1, high)));
    if (plan->completion_low_day > plan->completion_day)
        plan->completion_low_day = plan->completion_day;
    if (plan->completion_high_day < plan->completion_day)
        plan->completion_high_day = plan->completion_day;
}

static bool nothing_to_do(const piq_path_state *s)
{
    for (size_t i = 0; i < s->n_closure; i++) {
        const piq_need *need = &s->needs[s->closure[i].v];
        if (need->target && !need->known)
            return false;
    }
    return true;
}

int piq_path_day_at_rate(piq_arena *a, const piq_path_state *s)
{
    bool *teaches = piq_new(a, bool, s->n_closure);
    if (!teaches)
        return -1;
    find_ways(s, teaches);
    double extra = missing_minutes(s, teaches);
    if (isnan(extra))
        return -1;
    int day = day_with(s, minutes_by(s, s->last_plan_day) + extra);
    /* What is missing at the end of a day is not done on that day. */
    return day >= 0 && day <= s->last_plan_day ? s->last_plan_day + 1 : day;
}

static double value_of(const piq_path_state *s)
{
    if (s->dated)
        return piq_path_value_on(s, s->last_plan_day);
    if (s->n_steps == 0)
        return piq_path_value_on(s, 0);
    return piq_path_value_on(s, s->steps[s->n_steps - 1].day - s->in->from_day);
}

void piq_path_estimate(const piq_path_state *s, int day, piq_plan *plan)
{
    plan->in_time_prob = NAN;
    plan->value = value_of(s);
    plan->completion_day = plan->completion_low_day =
        plan->completion_high_day = calendar_day(s, day);
    if (nothing_to_do(s)) {
        plan->completion_day = plan->completion_low_day =
            plan->completion_high_day = s->in->from_day;
        return;
    }
    /* The last day counts up to its middle: it may be over early. */
    if (day >= 0 && day < s->n_days)
        set_interval(s, minutes_by(s, day) - s->budget[day] / 2, plan);
}
