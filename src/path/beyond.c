/* beyond.c - what the plan leaves undone: when it would be done, and how many
 * more minutes would do it in time.
 *
 * When: from where the plan ends the days go on, by greedy choice, as if there
 * were no deadline; what is still open after that is told by its rate
 * (estimate.c).
 *
 * How many more: the days up to the deadline are planned anew by greedy choice
 * with every day's minutes multiplied, first by as much as the completion is
 * later than the deadline, then by halves between what fails and what does.
 * The least that did is told: so many minutes are enough, under the law of
 * practice; fewer might be. Where even MOST_SCALE times the minutes fail
 * (repetitions have to be days apart), no minutes are told.
 *
 * A plan that goes on from one of the same day, and is large, scales what that
 * one told by what it leaves out over what that one did.
 */
#include "path/state.h"

#include <math.h>

#define MOST_SCALE 4.0
#define GROWTH     1.6
enum {
    STRETCHES = 2, /* after the plan */
    HALVES = 2,
    LARGE = 200 /* tasks */
};

/* As after a step that nobody will read. */
static void forget_steps(piq_path_state *s)
{
    piq_path_end_walk(s);
    s->n_steps = 0;
    s->silent = true;
    s->n_script = 0;
    s->n_reviews = 0;
}

static piq_status stretch(piq_arena *a, piq_path_state *s, int from)
{
    int left = s->last_plan_day + 1 - from;
    int n = left < PIQ_PLAN_WINDOW_DAYS ? left : PIQ_PLAN_WINDOW_DAYS;
    if (n <= 0)
        return PIQ_OK;
    piq_status status = piq_path_choose(a, s, from, n, 0, false, NULL);
    return status ? status : piq_path_walk(a, s, from, n);
}

static int first_day_after(const piq_path_state *s)
{
    if (s->n_steps < PIQ_MAX_PLAN_STEPS)
        return s->last_plan_day + 1;
    return s->steps[s->n_steps - 1].day - s->in->from_day + 1;
}

static piq_status go_on_after(piq_arena *a, const piq_path_state *planned,
                              piq_path_state *s)
{
    int from = first_day_after(planned);
    piq_status status = PIQ_OK;
    piq_path_copy(planned, s);
    s->dated = false;
    s->last_plan_day = s->n_days - 1;
    for (size_t i = 0; i < s->n_closure; i++)
        s->needs[s->closure[i].v].enough = s->needs[s->closure[i].v].aim;
    for (int i = 0; i < STRETCHES && s->n_unmet_targets > 0 && !status; i++) {
        forget_steps(s);
        status = stretch(a, s, from);
        from += PIQ_PLAN_WINDOW_DAYS;
    }
    s->last_plan_day = from - 1 < s->n_days - 1 ? from - 1 : s->n_days - 1;
    return status;
}

/* Whether all targets are met in time with every day's minutes multiplied. */
static piq_status try_scale(piq_arena *a, const piq_path_state *start,
                            double scale, piq_path_state *s, bool *met)
{
    piq_status status = PIQ_OK;
    piq_path_copy(start, s);
    s->longest_day *= scale;
    s->sitting *= scale;
    for (int d = 0; d < s->n_days; d++)
        s->budget[d] *= scale;
    for (int from = 0; from <= s->last_plan_day && !status;
         from += PIQ_PLAN_WINDOW_DAYS) {
        forget_steps(s);
        status = stretch(a, s, from);
    }
    *met = s->n_unmet_targets == 0;
    return status;
}

/* Between a scale that fails and one that does. */
static piq_status halve(piq_arena *a, const piq_path_state *start, double fails,
                        double *does, piq_path_state *s)
{
    piq_status status = PIQ_OK;
    for (int i = 0; i < HALVES && !status; i++) {
        double scale = (fails + *does) / 2;
        bool met;
        status = try_scale(a, start, scale, s, &met);
        if (met)
            *does = scale;
        else
            fails = scale;
    }
    return status;
}

/* NaN: none does. */
static piq_status find_scale(piq_arena *a, const piq_path_state *start,
                             double guess, piq_path_state *s, double *out)
{
    double fails = 1, scale = guess;
    bool met;
    *out = NAN;
    piq_status status = try_scale(a, start, scale, s, &met);
    while (!status && !met && scale < MOST_SCALE) {
        fails = scale;
        scale = fmin(MOST_SCALE, scale * GROWTH);
        status = try_scale(a, start, scale, s, &met);
    }
    if (status || !met)
        return status;
    *out = scale;
    return halve(a, start, fails, out, s);
}

static double minutes_in_time(const piq_path_state *s)
{
    double sum = 0;
    for (int d = 0; d <= s->last_plan_day; d++)
        sum += s->budget[d];
    return sum;
}

/* ---- from the previous plan -------------------------------------------- */

static double cost(const piq_path_state *s, const piq_plan_dropped *list,
                   size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += s->needs[list[i].concept.v].target && !isnan(list[i].cost)
                   ? list[i].cost
                   : 0;
    return sum;
}

static bool scale_previous(const piq_path_state *s, const piq_plan *plan,
                           piq_path_later *out)
{
    const piq_plan *old = s->in->previous;
    if (!s->narrow || s->n_tasks < LARGE || !s->dated ||
        old->from_day != s->in->from_day ||
        old->deadline_day != s->in->deadline_day || old->n_dropped == 0 ||
        old->completion_day <= s->in->deadline_day)
        return false;
    double before = cost(s, old->dropped, old->n_dropped);
    double now = cost(s, plan->dropped, plan->n_dropped);
    if (!(before > 0))
        return false;
    out->extra_minutes = old->extra_minutes * now / before;
    out->day = -1;
    if (old->completion_day == INT32_MAX)
        return true;
    double late = (old->completion_day - s->in->deadline_day) * now / before;
    if (s->last_plan_day + ceil(late) < s->n_days)
        out->day = s->last_plan_day + (int)fmax(1, ceil(late));
    return true;
}

/* ---- both -------------------------------------------------------------- */

piq_status piq_path_beyond(piq_arena *a, const piq_path_state *start,
                           const piq_path_state *planned, const piq_plan *plan,
                           piq_path_later *out)
{
    piq_path_state *s = piq_new(a, piq_path_state, 1);
    *out = (piq_path_later){.day = planned->done_day, .extra_minutes = 0};
    if (!s || piq_path_copy_new(a, planned, s))
        return PIQ_ENOMEM;
    bool full = planned->n_steps == PIQ_MAX_PLAN_STEPS;
    if (planned->done_day >= 0 || (!planned->dated && !full) ||
        scale_previous(planned, plan, out)) {
        if (!planned->dated && planned->done_day < 0)
            out->extra_minutes = NAN;
        return PIQ_OK;
    }
    piq_status status = go_on_after(a, planned, s);
    if (status)
        return status;
    out->day = s->done_day >= 0 ? s->done_day : piq_path_day_at_rate(a, s);
    out->extra_minutes = NAN;
    if (!planned->dated)
        return PIQ_OK;
    double scale = NAN, late = MOST_SCALE;
    if (out->day >= 0)
        late = (out->day + 1.0) / (planned->last_plan_day + 1.0);
    double guess = fmin(MOST_SCALE, fmax(1.05, late));
    status = find_scale(a, start, guess, s, &scale);
    out->extra_minutes = (scale - 1) * minutes_in_time(planned);
    return status;
}
