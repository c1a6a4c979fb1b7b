/* path.c - one plan: targets, tasks, days, estimate. */
#include "path/path.h"

#include "path/state.h"

#include <math.h>
#include <string.h>

/* 5,700 concepts that are all due take some 150 MB. */
static const size_t SCRATCH_BYTES = (size_t)1 << 30;

piq_status piq_path_begin(piq_arena *a, const piq_path_input *in,
                          piq_path_state *s, piq_err *err)
{
    const piq_catalogue *c = in->catalogue;
    *s = (piq_path_state){0};
    s->in = in;
    s->c = c;
    s->fsrs = in->memory ? in->memory : piq_fsrs_defaults();
    s->now = piq_new(a, piq_belief, c->n_concepts);
    s->needs = piq_new(a, piq_need, c->n_concepts);
    s->flags = piq_new(a, uint8_t, c->n_contents);
    s->steps = piq_new(a, piq_plan_step, PIQ_MAX_PLAN_STEPS);
    s->step_task = piq_new(a, uint32_t, PIQ_MAX_PLAN_STEPS);
    if (!s->now || !s->needs || !s->flags || !s->steps || !s->step_task)
        return piq_fail(err, PIQ_ENOMEM, "no memory to plan with");
    memcpy(s->now, in->beliefs, c->n_concepts * sizeof *s->now);
    piq_status status = piq_path_calendar(s, err);
    if (status)
        return status;
    if (piq_path_close(a, s) || piq_path_posterior(a, s))
        return piq_fail(err, PIQ_ENOMEM, "no memory to plan with");
    s->begun.task = PIQ_PATH_NONE;
    s->done_day = s->n_unmet_targets == 0 ? 0 : -1;
    return PIQ_OK;
}

/* What may be done before anything of the plan is. */
static void mark_ready(piq_path_state *s)
{
    for (size_t i = 0; i < s->n_tasks; i++) {
        const piq_task *t = &s->tasks[i];
        bool waits = t->after != PIQ_PATH_NONE && !s->tasks[t->after].done;
        if (t->form == PIQ_TASK_CONTENT && !waits &&
            piq_path_open(s, t->content))
            s->flags[t->content.v] |= PIQ_ITEM_READY;
    }
}

/* ---- the plan ---------------------------------------------------------- */

static piq_status hand_over(piq_arena *a, const piq_path_state *s,
                            piq_plan *plan)
{
    plan->from_day = s->in->from_day;
    plan->deadline_day = s->in->deadline_day;
    plan->targets = piq_new(a, piq_concept_ix, s->n_closure);
    plan->steps = piq_new(a, piq_plan_step, s->n_steps);
    if (!plan->targets || !plan->steps)
        return PIQ_ENOMEM;
    memcpy(plan->targets, s->closure, s->n_closure * sizeof *plan->targets);
    memcpy(plan->steps, s->steps, s->n_steps * sizeof *plan->steps);
    plan->n_targets = s->n_closure;
    plan->n_steps = s->n_steps;
    for (size_t i = 0; i < s->n_closure; i++) {
        const piq_need *need = &s->needs[s->closure[i].v];
        plan->n_targets_met += need->known;
        plan->prerequisites_added |= !need->target;
    }
    for (size_t i = 0; i < s->n_steps; i++)
        plan->minutes_total += s->steps[i].minutes;
    return piq_path_list_dropped(a, s, plan);
}

static piq_status estimate(piq_arena *a, const piq_path_state *start,
                           const piq_path_state *s, piq_plan *plan)
{
    piq_path_later later;
    piq_status status = piq_path_beyond(a, start, s, plan, &later);
    if (status)
        return status;
    plan->extra_minutes = later.extra_minutes;
    plan->extra_week_minutes =
        later.extra_minutes / fmax(1, (s->last_plan_day + 1) / 7.0);
    piq_path_estimate(s, later.day, plan);
    return PIQ_OK;
}

static piq_status explain(piq_arena *a, piq_plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        const char *why = plan->steps[i].why;
        plan->steps[i].why = piq_arena_strndup(a, why, strlen(why));
        if (!plan->steps[i].why)
            return PIQ_ENOMEM;
    }
    return PIQ_OK;
}

static piq_status make(piq_arena *a, piq_arena *scratch,
                       const piq_path_input *in, piq_plan *plan, piq_err *err)
{
    piq_path_state plan_state, start, *s = &plan_state;
    piq_status status = piq_path_begin(scratch, in, s, err);
    if (status)
        return status;
    status = piq_path_list_tasks(scratch, s);
    if (status)
        return status;
    mark_ready(s);
    status = piq_path_copy_new(scratch, s, &start);
    if (status)
        return status;
    piq_path_copy(s, &start);
    status = piq_path_days(scratch, s, err);
    piq_path_end_walk(s);
    if (status == PIQ_OK)
        status = hand_over(a, s, plan);
    if (status == PIQ_OK)
        status = estimate(scratch, &start, s, plan);
    return status ? status : explain(a, plan);
}

piq_status piq_path_plan(piq_arena *a, const piq_path_input *in, piq_plan *out,
                         piq_err *err)
{
    piq_arena scratch;
    piq_plan plan = {0};
    piq_arena_init(&scratch, SCRATCH_BYTES);
    piq_status status = make(a, &scratch, in, &plan, err);
    piq_arena_release(&scratch);
    if (status == PIQ_ENOMEM)
        return piq_fail(err, PIQ_ENOMEM, "no memory to plan with");
    if (status)
        return status;
    *out = plan;
    return PIQ_OK;
}

uint32_t piq_path_iterations(const piq_catalogue *c, bool previous)
{
    enum { AGAIN = 20, LEAST = 60, MOST = 300, CONCEPT_ITERATIONS = 60000 };
    size_t n = CONCEPT_ITERATIONS / (c->n_concepts + 1);
    if (previous)
        return AGAIN;
    return n < LEAST ? LEAST : n > MOST ? MOST : (uint32_t)n;
}
