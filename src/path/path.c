/* path.c - one plan: targets, calendar, choice, days, estimate. */
#include "path/path.h"

#include "path/search.h"

#include <string.h>

static piq_status prepare(piq_arena *a, const piq_path_input *in,
                          piq_path_search *s, piq_err *err)
{
    const piq_catalogue *c = in->catalogue;
    s->in = in;
    s->c = c;
    s->fsrs = piq_fsrs_defaults();
    s->now = piq_new(a, piq_belief, c->n_concepts);
    s->needs = piq_new(a, piq_need, c->n_concepts);
    s->flags = piq_new(a, uint8_t, c->n_contents);
    if (!s->now || !s->needs || !s->flags)
        return piq_fail(err, PIQ_ENOMEM, "no memory to plan with");
    memcpy(s->now, in->beliefs, c->n_concepts * sizeof *s->now);
    piq_status status = piq_path_calendar(s, err);
    if (status)
        return status;
    if (piq_path_close(a, s) || piq_path_greedy_init(a, s))
        return piq_fail(err, PIQ_ENOMEM, "no memory to plan with");
    return PIQ_OK;
}

static void describe(const piq_path_search *s, piq_plan *plan)
{
    plan->from_day = s->in->from_day;
    plan->deadline_day = s->in->deadline_day;
    plan->targets = s->closure;
    plan->n_targets = s->n_closure;
    for (size_t i = 0; i < s->n_closure; i++) {
        const piq_need *need = &s->needs[s->closure[i].v];
        plan->n_targets_met += need->known;
        plan->prerequisites_added |= !need->target;
    }
}

piq_status piq_path_plan(piq_arena *a, const piq_path_input *in, piq_plan *out,
                         piq_err *err)
{
    piq_path_search *s = piq_new(a, piq_path_search, 1);
    piq_plan plan = {0};
    int done_day = -1;
    if (!s)
        return piq_fail(err, PIQ_ENOMEM, "no memory to plan with");
    s->plan = &plan;
    piq_status status = prepare(a, in, s, err);
    if (status)
        return status;
    describe(s, &plan);
    if (piq_path_pack(a, s, &done_day))
        return piq_fail(err, PIQ_ENOMEM, "no memory for the steps of a plan");
    piq_path_estimate(s, done_day);
    *out = plan;
    return PIQ_OK;
}
