/* rounds.c - the days of a plan, in stretches, each in a few rounds.
 *
 * The horizon is planned in stretches of PIQ_PLAN_WINDOW_DAYS. The first is
 * searched with all iterations, the others by greedy choice: by the time that
 * they come the plan has been made anew many times.
 *
 * What a task teaches depends on what came before it, which the search cannot
 * know. So the first stretch is gone through in rounds: search, walk, and again
 * from there with every task teaching what the walk found it to teach at its
 * place (a sequence of linear models, as in Frank & Wolfe 1956). The round
 * whose walk is worth most stands.
 *
 * A plan that goes on from a previous one has that one as its first round, and
 * leaves it only for one that is worth CHANGE_PAYS more.
 */
#include "path/state.h"

#include <math.h>

enum { ROUNDS = 3 };
/* Of what a walk found, over what was taken before. */
#define DAMP        0.5
/* Of the plan's value, a mean mastery. */
#define CHANGE_PAYS 0.005

/* ---- a previous plan --------------------------------------------------- */

static piq_task *bare_task(const piq_path_state *s, const piq_plan_step *step)
{
    piq_task_form form =
        step->kind == PIQ_STEP_CHECK ? PIQ_TASK_CHECK : PIQ_TASK_REPEAT;
    for (size_t i = 0; i < s->n_tasks; i++) {
        piq_task *t = &s->tasks[i];
        if (t->form == form && t->concept.v == step->concept.v &&
            t->day == INT32_MAX)
            return t;
    }
    return NULL;
}

static piq_task *task_of(const piq_path_state *s, const piq_plan_step *step)
{
    if (step->content.v == PIQ_NO_IX32)
        return bare_task(s, step);
    uint32_t at = s->task_of[step->content.v];
    return at && s->tasks[at - 1].day == INT32_MAX ? &s->tasks[at - 1] : NULL;
}

/* The days of the previous plan's steps, as far as there are tasks for them,
 * and all of it as a script; what was planned for days that are over is for
 * today. */
static piq_status take_previous(piq_arena *a, piq_path_state *s)
{
    const piq_plan *old = s->in->previous;
    piq_path_line *script = piq_new(a, piq_path_line, old->n_steps);
    s->n_reviews = 0;
    s->reviews = piq_new(a, piq_path_review, old->n_steps);
    if (!s->reviews || !script)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < old->n_steps; i++) {
        const piq_plan_step *step = &old->steps[i];
        int32_t day = step->day - s->in->from_day;
        day = day < 0 ? 0 : day;
        if (step->status == PIQ_STEP_DONE)
            continue;
        piq_task *t = task_of(s, step);
        bool review = !t && step->content.v == PIQ_NO_IX32 &&
                      step->kind == PIQ_STEP_REVIEW &&
                      s->needs[step->concept.v].aim > 0;
        if (t)
            t->day = day;
        if (review)
            s->reviews[s->n_reviews++] = (piq_path_review){step->concept, day};
        if (t || review)
            script[s->n_script++] =
                (piq_path_line){t ? (uint32_t)(t - s->tasks) : PIQ_PATH_NONE,
                                step->concept, day};
    }
    s->script = script;
    return PIQ_OK;
}

/* What a walk found goes into the state before it: days, reviews, and what
 * each task teaches where it stood. */
static piq_status learn(piq_arena *a, const piq_path_state *walked, int n_days,
                        piq_path_state *before)
{
    size_t n = 0;
    piq_path_review *reviews =
        piq_new(a, piq_path_review, walked->n_steps + before->n_reviews);
    if (!reviews)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < before->n_tasks; i++) {
        if (before->tasks[i].day < n_days)
            before->tasks[i].day = INT32_MAX;
        if (walked->tasks[i].found > 0)
            before->tasks[i].dose +=
                DAMP * (walked->tasks[i].found - before->tasks[i].dose);
    }
    for (size_t i = 0; i < walked->n_closure; i++) {
        size_t k = walked->closure[i].v;
        before->needs[k].review_dose = walked->needs[k].review_dose;
    }
    for (size_t i = before->n_steps; i < walked->n_steps; i++) {
        const piq_plan_step *step = &walked->steps[i];
        int32_t day = step->day - walked->in->from_day;
        uint32_t t = walked->step_task[i];
        if (t == PIQ_PATH_NONE)
            reviews[n++] = (piq_path_review){step->concept, day};
        else if (before->tasks[t].day == INT32_MAX)
            before->tasks[t].day = day;
    }
    for (size_t i = 0; i < before->n_reviews; i++)
        if (before->reviews[i].day >= n_days)
            reviews[n++] = before->reviews[i];
    before->reviews = reviews;
    before->n_reviews = n;
    return PIQ_OK;
}

/* ---- rounds ------------------------------------------------------------ */

static double worth(const piq_path_state *s, int n_days)
{
    return piq_path_value_on(s, s->dated ? s->last_plan_day : n_days - 1);
}

static piq_status first_stretch(piq_arena *a, piq_path_state *s, int n_days,
                                piq_err *err)
{
    bool previous = s->in->previous;
    uint64_t each = s->in->iterations / ROUNDS;
    piq_path_state before, best;
    piq_status status = PIQ_OK;
    if (piq_path_copy_new(a, s, &before) || piq_path_copy_new(a, s, &best) ||
        (previous && take_previous(a, s)))
        return PIQ_ENOMEM;
    piq_path_copy(s, &before);
    if (!previous)
        status = piq_path_choose(a, s, 0, n_days, each, false, err);
    if (status == PIQ_OK)
        status = piq_path_walk(a, s, 0, n_days);
    double most = worth(s, n_days) + (previous ? CHANGE_PAYS : 0);
    piq_path_copy(s, &best);
    for (int i = 1; i < (previous ? 2 : ROUNDS) && status == PIQ_OK; i++) {
        status = learn(a, s, n_days, &before);
        piq_path_copy(&before, s);
        s->n_script = 0;
        if (status == PIQ_OK)
            status = piq_path_choose(a, s, 0, n_days, each, true, err);
        if (status == PIQ_OK)
            status = piq_path_walk(a, s, 0, n_days);
        if (status == PIQ_OK && worth(s, n_days) > most) {
            most = worth(s, n_days);
            piq_path_copy(s, &best);
        }
    }
    piq_path_copy(&best, s);
    return status;
}

static bool anything_left(const piq_path_state *s, int from)
{
    return from <= s->last_plan_day && s->n_steps < PIQ_MAX_PLAN_STEPS &&
           (s->n_unmet_targets > 0 || s->dated);
}

/* The previous plan has chosen for these days, and for the same targets. */
static bool is_planned(const piq_path_state *s, int from, int n_days)
{
    for (size_t i = 0; s->narrow && i < s->n_tasks; i++)
        if (!s->tasks[i].done && s->tasks[i].day >= from &&
            s->tasks[i].day < from + n_days)
            return true;
    return false;
}

piq_status piq_path_days(piq_arena *a, piq_path_state *s, piq_err *err)
{
    piq_status status = PIQ_OK;
    for (int from = 0;
         status == PIQ_OK && (from == 0 || anything_left(s, from));
         from += PIQ_PLAN_WINDOW_DAYS) {
        int left = s->last_plan_day + 1 - from;
        int n = left < PIQ_PLAN_WINDOW_DAYS ? left : PIQ_PLAN_WINDOW_DAYS;
        size_t n_steps = s->n_steps;
        if (from == 0) {
            status = first_stretch(a, s, n, err);
            continue;
        }
        if (!is_planned(s, from, n))
            status = piq_path_choose(a, s, from, n, 0, false, err);
        if (status == PIQ_OK)
            status = piq_path_walk(a, s, from, n);
        if (s->n_steps == n_steps)
            break; /* nothing helps any more */
    }
    return status;
}
