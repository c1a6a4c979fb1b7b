/* planning.c - from a learner's state and the stored path to the next path.
 *
 * What was done stays at its head. See planning.h.
 */
#include "engine/planning.h"

#include "base/calendar.h"
#include "insight/inputs.h"
#include "insight/predictions.h"

#include <math.h>

enum { MAX_DONE = 200 };

typedef struct run {
    const piq_planning *p;
    piq_arena *a;
    piq_path_input input;
    uint32_t calibration;
    int64_t as_of_us; /* beliefs and chances are of this instant */
    json_t *newest;   /* entry of the stored history, or NULL */
    piq_plan old, plan;
    piq_adaptation change;
} run;

int32_t piq_planning_day(const piq_learner *l, int64_t at_us)
{
    return piq_day_of(at_us, piq_learner_offset_min(l), PIQ_DAY_ROLLOVER_H);
}

int64_t piq_planning_instant(const piq_learner *l, int64_t now_us)
{
    int32_t offset = piq_learner_offset_min(l),
            day = piq_planning_day(l, now_us);
    int64_t begin_us = piq_day_start_us(day, offset, PIQ_DAY_ROLLOVER_H);
    int64_t end_us = piq_day_start_us(day + 1, offset, PIQ_DAY_ROLLOVER_H);
    if (l->last_us <= begin_us)
        return begin_us;
    return l->last_us < end_us ? l->last_us : end_us - 1;
}

/* ---- what was done since ------------------------------------------------- */

static bool is_done(const piq_plan_step *s, const piq_learner *l,
                    const piq_belief *beliefs, int64_t since_us)
{
    if (s->status == PIQ_STEP_DONE)
        return true;
    if (s->content.v == PIQ_NO_IX32)
        return beliefs[s->concept.v].last_us > since_us;
    /* Completed content is never planned: it was done since, although the
     * event that says so may tell of an earlier time. */
    return l->history[s->content.v].progress == PIQ_COMPLETED;
}

static void mark_done(run *r)
{
    for (size_t i = 0; i < r->old.n_steps; i++) {
        piq_plan_step *s = &r->old.steps[i];
        if (s->status == PIQ_STEP_DONE ||
            !is_done(s, r->p->learner, r->input.beliefs,
                     r->change.from.as_of_us))
            continue;
        s->status = PIQ_STEP_DONE;
        r->change.n_done++;
    }
}

/* Content stays completed, unless what said so was voided: then its step was
 * not done, and may be planned again. */
static void drop_taken_back(run *r)
{
    piq_plan *old = &r->old;
    size_t n = 0, current = old->current;
    for (size_t i = 0; i < old->n_steps; i++) {
        const piq_plan_step *s = &old->steps[i];
        if (s->status == PIQ_STEP_DONE && s->content.v != PIQ_NO_IX32 &&
            r->p->learner->history[s->content.v].progress != PIQ_COMPLETED)
            old->current -= i < current;
        else
            old->steps[n++] = *s;
    }
    old->n_steps = n;
}

/* The done steps of the old plan, the oldest left out where there are too
 * many, before the steps of the new one. */
static piq_status keep_done(run *r)
{
    piq_plan *plan = &r->plan;
    const piq_plan *old = &r->old;
    size_t n_done = 0, n = 0;
    for (size_t i = 0; i < old->n_steps; i++)
        n_done += old->steps[i].status == PIQ_STEP_DONE;
    size_t skip = n_done > MAX_DONE ? n_done - MAX_DONE : 0;
    piq_plan_step *steps = piq_new(r->a, piq_plan_step, n_done + plan->n_steps);
    if (!steps)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < old->n_steps; i++) {
        if (old->steps[i].status != PIQ_STEP_DONE)
            continue;
        if (skip)
            skip--;
        else
            steps[n++] = old->steps[i];
    }
    plan->current = n;
    if (plan->n_steps)
        memcpy(steps + n, plan->steps, plan->n_steps * sizeof *steps);
    plan->steps = steps;
    plan->n_steps += n;
    return PIQ_OK;
}

/* ---- planning ------------------------------------------------------------ */

/* The number that the difficulties are of is told, so it may not change while
 * they are asked for. */
static piq_status read_state(run *r)
{
    const piq_planning *p = r->p;
    piq_status status;
    uint32_t after;
    do {
        r->calibration = piq_calibration_book_number(p->by.book);
        status = piq_path_input_of(r->a, p->learner, &p->by, p->catalogue,
                                   r->as_of_us, &r->input);
        after = piq_calibration_book_number(p->by.book);
    } while (status == PIQ_OK && after != r->calibration);
    return status;
}

static piq_status read_stored(run *r, piq_err *err)
{
    const piq_planning *p = r->p;
    piq_status status =
        piq_plan_read(r->a, p->stored->path_config, p->catalogue, &r->old, err);
    if (status == PIQ_OK)
        status =
            piq_history_newest(p->stored->adaptation_history, &r->newest, err);
    if (status)
        return status;
    r->change.from = piq_planned_from_entry(r->newest);
    drop_taken_back(r);
    mark_done(r);
    piq_plan_step *frozen = piq_new(r->a, piq_plan_step, r->old.n_steps);
    if (!frozen)
        return PIQ_ENOMEM;
    piq_path_input_go_on(&r->input, &r->old, frozen);
    if (r->change.from.catalogue_version != p->catalogue->version) {
        /* A new curriculum is looked at afresh. */
        r->input.previous = NULL;
        r->input.iterations = piq_path_iterations(p->catalogue, false);
    }
    return PIQ_OK;
}

/* Learners differ in their seeds, and so do a learner's plans: a search that
 * went wrong once does not go wrong for ever. */
static void choose_search(run *r)
{
    const piq_planning *p = r->p;
    uint64_t user = piq_hash_u64((uint64_t)p->learner->user.v);
    r->input.seed = (uint32_t)piq_hash_u64(user ^ p->learner->n_events);
    if (p->again) {
        r->input.seed = p->again->seed;
        r->input.iterations = p->again->iterations;
    }
}

static piq_status fill_row(const run *r, piq_arena *keep, piq_path_row *out)
{
    const piq_planning *p = r->p;
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_plan_write(&r->plan, p->catalogue, &w);
    out->path_config = piq_buf_keep(&b, keep);
    piq_buf_clear(&b);
    piq_history_write(p->stored->adaptation_history, r->newest, &r->change, &b);
    out->adaptation_history = piq_buf_keep(&b, keep);
    piq_buf_release(&b);
    out->user = p->learner->user;
    out->state_version = p->version;
    out->current_position = (int32_t)r->plan.current;
    int32_t day = r->plan.completion_day;
    out->estimated_completion_us =
        day == INT32_MAX
            ? INT64_MAX
            : piq_day_start_us(day + 1, piq_learner_offset_min(p->learner),
                               PIQ_DAY_ROLLOVER_H);
    return out->path_config.ptr && out->adaptation_history.ptr ? PIQ_OK
                                                               : PIQ_ENOMEM;
}

static piq_status note_change(run *r)
{
    piq_adaptation *x = &r->change;
    static const piq_plan nothing = {
        .completion_day = INT32_MAX, .in_time_prob = NAN, .value = NAN};
    x->p = r->p;
    x->before = r->p->stored->id ? &r->old : NULL;
    x->after = &r->plan;
    x->beliefs = r->input.beliefs;
    x->calibration = r->calibration;
    x->seed = (uint32_t)r->input.seed;
    x->iterations = r->input.iterations;
    x->as_of_us = r->as_of_us;
    piq_status status =
        piq_path_diff(x->before ? x->before : &nothing, &r->plan, &x->change);
    return status ? status : piq_adaptation_since(r->a, x);
}

static piq_status plan_steps(run *r, piq_err *err)
{
    const piq_planning *p = r->p;
    piq_status status = piq_path_plan(r->a, &r->input, &r->plan, err);
    if (status == PIQ_OK)
        status = piq_goal_probability(r->a, p->learner, p->catalogue,
                                      r->input.beliefs, r->as_of_us,
                                      &r->plan.in_time_prob);
    if (status == PIQ_OK)
        status = note_change(r);
    return status ? status : keep_done(r);
}

piq_status piq_planning_run(piq_arena *a, piq_arena *keep,
                            const piq_planning *p, piq_path_row *out,
                            piq_err *err)
{
    run r = {.p = p,
             .a = a,
             .as_of_us = p->again
                             ? p->again->as_of_us
                             : piq_planning_instant(p->learner, p->now_us)};
    piq_status status = read_state(&r);
    if (status == PIQ_OK && p->stored->id)
        status = read_stored(&r, err);
    if (!p->stored->id) /* there is no plan of today to freeze */
        r.input.wishes.freeze_today = false;
    choose_search(&r);
    if (status == PIQ_OK)
        status = plan_steps(&r, err);
    piq_path_row row = *p->stored;
    if (!row.id)
        row.created_us = p->now_us;
    if (status == PIQ_OK)
        status = fill_row(&r, keep, &row);
    json_decref(r.newest);
    if (status == PIQ_OK)
        *out = row;
    return status;
}
