/* copy.c - a state as it stands, to try something from it more than once. */
#include "path/state.h"

#include <string.h>

piq_status piq_path_copy_new(piq_arena *a, const piq_path_state *s,
                             piq_path_state *out)
{
    *out =
        (piq_path_state){.now = piq_new(a, piq_belief, s->c->n_concepts),
                         .needs = piq_new(a, piq_need, s->c->n_concepts),
                         .flags = piq_new(a, uint8_t, s->c->n_contents),
                         .tasks = piq_new(a, piq_task, s->n_tasks),
                         .steps = piq_new(a, piq_plan_step, PIQ_MAX_PLAN_STEPS),
                         .step_task = piq_new(a, uint32_t, PIQ_MAX_PLAN_STEPS)};
    return out->now && out->needs && out->flags && out->tasks && out->steps &&
                   out->step_task
               ? PIQ_OK
               : PIQ_ENOMEM;
}

void piq_path_copy(const piq_path_state *from, piq_path_state *to)
{
    piq_path_state own = *to;
    *to = *from;
    to->now = own.now;
    to->needs = own.needs;
    to->flags = own.flags;
    to->tasks = own.tasks;
    to->steps = own.steps;
    to->step_task = own.step_task;
    memcpy(to->now, from->now, from->c->n_concepts * sizeof *to->now);
    memcpy(to->needs, from->needs, from->c->n_concepts * sizeof *to->needs);
    memcpy(to->flags, from->flags, from->c->n_contents);
    memcpy(to->tasks, from->tasks, from->n_tasks * sizeof *to->tasks);
    memcpy(to->steps, from->steps, from->n_steps * sizeof *to->steps);
    memcpy(to->step_task, from->step_task,
           from->n_steps * sizeof *to->step_task);
}
