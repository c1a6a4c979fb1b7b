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
    piq_plan_mark mark;
    piq_kept_plans were_kept, kept; /* before, and from now on */
    piq_kept_plan start;            /* what is gone on from */
    piq_str config;                 /* its path_config */
    bool goes_back;                 /* that is a kept one, not the stored one */
    bool leaves; /* the stored one, which is kept from now on */
    bool stays;  /* and nothing has happened since it was made */
    piq_plan old, plan;
    piq_plan kept_plan; /* the kept one; else empty */
    piq_adaptation change;
} run;

int32_t piq_planning_day(const piq_learner *l, int64_t at_us)
{
    return piq_day_of(at_us, piq_learner_offset_min(l), PIQ_DAY_ROLLOVER_H);
}

/* As of when beliefs are asked for a plan made now: the beginning of the
 * learner's day or their newest activity or goal, whichever is later, within
 * the day. A search may be turned by the last digit of a recall, and so would
 * be by the moment of asking, or of a wish: two engines would answer
 * differently from one state, and one engine after a wish that was taken back.
 */
static int64_t instant_of(const piq_learner *l, int64_t now_us)
{
    int32_t offset = piq_learner_offset_min(l),
            day = piq_planning_day(l, now_us);
    int64_t begin_us = piq_day_start_us(day, offset, PIQ_DAY_ROLLOVER_H);
    int64_t end_us = piq_day_start_us(day + 1, offset, PIQ_DAY_ROLLOVER_H);
    int64_t last_us = l->behaviour.last_us;
    if (l->goal.set && l->goal_us > last_us)
        last_us = l->goal_us;
    if (last_us <= begin_us)
        return begin_us;
    return last_us < end_us ? last_us : end_us - 1;
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

static size_t mark_done(const run *r, piq_plan *plan, int64_t since_us)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_steps; i++) {
        piq_plan_step *s = &plan->steps[i];
        if (s->status == PIQ_STEP_DONE ||
            !is_done(s, r->p->learner, r->input.beliefs, since_us))
            continue;
        s->status = PIQ_STEP_DONE;
        n++;
    }
    return n;
}

/* Content stays completed, unless what said so was voided: then its step was
 * not done, and may be planned again. */
static void drop_taken_back(const run *r, piq_plan *plan)
{
    size_t n = 0, current = plan->current;
    for (size_t i = 0; i < plan->n_steps; i++) {
        const piq_plan_step *s = &plan->steps[i];
        if (s->status == PIQ_STEP_DONE && s->content.v != PIQ_NO_IX32 &&
            r->p->learner->history[s->content.v].progress != PIQ_COMPLETED)
            plan->current -= i < current;
        else
            plan->steps[n++] = *s;
    }
    plan->n_steps = n;
}

static bool is_among(const piq_plan_step *s, const piq_plan_step *list,
                     size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == s->kind && list[i].content.v == s->content.v &&
            list[i].concept.v == s->concept.v && list[i].part == s->part)
            return true;
    return false;
}

/* The done steps of a plan behind the n that are there, but for what these
 * tell already; how many there are then. */
static size_t add_done(const piq_plan *from, piq_plan_step *steps, size_t n)
{
    size_t before = n;
    for (size_t i = 0; i < from->n_steps; i++)
        if (from->steps[i].status == PIQ_STEP_DONE &&
            !is_among(&from->steps[i], steps, before))
            steps[n++] = from->steps[i];
    return n;
}

/* What was done, the oldest left out where that is too much, before the steps
 * of the new plan. */
static piq_status keep_done(run *r)
{
    piq_plan *plan = &r->plan;
    size_t most = r->old.n_steps + r->kept_plan.n_steps;
    piq_plan_step *steps = piq_new(r->a, piq_plan_step, most + plan->n_steps);
    if (!steps)
        return PIQ_ENOMEM;
    size_t n = add_done(&r->kept_plan, steps, 0);
    n = add_done(&r->old, steps, n);
    if (n > MAX_DONE) {
        steps += n - MAX_DONE;
        n = MAX_DONE;
    }
    plan->current = n;
    if (plan->n_steps)
        memcpy(steps + n, plan->steps, plan->n_steps * sizeof *steps);
    plan->steps = steps;
    plan->n_steps += n;
    return PIQ_OK;
}

/* ---- which plan it goes on from ------------------------------------------ */

/* A record has to hold it. */
static void leave(run *r)
{
    r->leaves = r->p->stored->path_config.len <= PIQ_STORE_MAX_RECORD_BYTES;
    if (r->leaves)
        piq_kept_plans_leave(&r->kept, &r->start);
}

/* False: it is not there any more. */
static bool fetch(run *r, const piq_kept_plan *x, piq_status *status,
                  piq_err *err)
{
    piq_err absent = {0};
    *status = r->p->kept(r->p->kept_ctx, x, &r->config, &absent);
    bool there = *status == PIQ_OK;
    if (*status == PIQ_ENOTFOUND)
        *status = PIQ_OK;
    else if (*status && err)
        *err = absent;
    return there;
}

/* The stored one; where the wishes are again what they were when an earlier one
 * was left, that. */
static piq_status choose_start(run *r, piq_err *err)
{
    piq_kept_plans *k = &r->kept;
    piq_status status = PIQ_OK;
    const piq_kept_plan *back;
    r->config = r->p->stored->path_config;
    r->start = (piq_kept_plan){k->own, r->change.from.as_of_us};
    if (!k->marked)
        return PIQ_OK;
    piq_kept_plans_forget(k, r->as_of_us - PIQ_KEPT_PLAN_DAYS * PIQ_US_PER_DAY);
    back = piq_kept_plans_find(k, r->mark.wishes);
    if (k->own.wishes == r->mark.wishes) {
        back = NULL;
    } else if (back && fetch(r, back, &status, err)) {
        r->start = *back;
        r->goes_back = true;
        piq_kept_plans_return(k, back);
    } else {
        leave(r);
    }
    r->stays = !r->p->reason.len && r->start.mark.facts == r->mark.facts &&
               r->start.mark.wishes == r->mark.wishes;
    return status;
}

/* The plan to go on from, with what was done since. */
static piq_status read_start(run *r, const piq_plan **out, piq_err *err)
{
    piq_status status = PIQ_OK;
    *out = &r->old;
    if (!r->goes_back)
        return PIQ_OK;
    *out = &r->kept_plan;
    status =
        piq_plan_read(r->a, r->config, r->p->catalogue, &r->kept_plan, err);
    if (status == PIQ_OK && !r->stays) {
        drop_taken_back(r, &r->kept_plan);
        mark_done(r, &r->kept_plan, r->start.as_of_us);
    }
    return status;
}

/* From the stack as it was read, and as it is now. */
static void tell_kept(const run *r, piq_kept_change *out)
{
    *out = (piq_kept_change){.leaves = r->leaves, .left = r->start};
    for (size_t i = 0; i < r->were_kept.n; i++)
        if (!piq_kept_plans_has(&r->kept, &r->were_kept.list[i]))
            out->drop[out->n_drop++] = r->were_kept.list[i];
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

static piq_status read_old(run *r, piq_err *err)
{
    const piq_path_row *row = r->p->stored;
    piq_status status =
        piq_plan_read(r->a, row->path_config, r->p->catalogue, &r->old, err);
    if (status == PIQ_OK)
        status = piq_history_newest(row->adaptation_history, &r->newest,
                                    &r->kept, err);
    if (status == PIQ_OK)
        r->change.from = piq_planned_from_entry(r->newest);
    return status;
}

static piq_status read_stored(run *r, piq_err *err)
{
    const piq_plan *start;
    piq_status status = read_old(r, err);
    if (status)
        return status;
    bool new_catalogue =
        r->change.from.catalogue_version != r->p->catalogue->version;
    r->were_kept = r->kept;
    if (new_catalogue)
        r->kept = (piq_kept_plans){.marked = false};
    status = choose_start(r, err);
    if (status)
        return status;
    if (!r->stays || r->goes_back) {
        drop_taken_back(r, &r->old);
        r->change.n_done = mark_done(r, &r->old, r->change.from.as_of_us);
    }
    status = read_start(r, &start, err);
    if (status)
        return status;
    if (r->stays) {
        r->plan = *start;
        return PIQ_OK;
    }
    piq_plan_step *frozen = piq_new(r->a, piq_plan_step, start->n_steps);
    if (!frozen)
        return PIQ_ENOMEM;
    piq_path_input_go_on(&r->input, start, frozen);
    if (new_catalogue) { /* it is looked at afresh */
        r->input.previous = NULL;
        r->input.iterations = piq_path_iterations(r->p->catalogue, false);
    }
    return PIQ_OK;
}

/* Learners differ in their seeds, and so do a learner's plans: a search that
 * went wrong once does not go wrong for ever. */
static void choose_search(run *r)
{
    const piq_planning *p = r->p;
    uint64_t user = piq_hash_u64((uint64_t)p->learner->user.v);
    r->input.seed = (uint32_t)piq_hash_u64(user ^ r->mark.facts);
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
    if (r->stays)
        piq_json_raw(&w, r->config);
    else
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
    r->kept.own = r->mark;
    x->kept = &r->kept;
    piq_status status =
        piq_path_diff(x->before ? x->before : &nothing, &r->plan, &x->change);
    return status ? status : piq_adaptation_since(r->a, x);
}

static piq_status plan_steps(run *r, piq_err *err)
{
    const piq_planning *p = r->p;
    if (r->stays)
        return note_change(r);
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
                            piq_kept_change *change, piq_err *err)
{
    run r = {.p = p,
             .a = a,
             .as_of_us = p->again ? p->again->as_of_us
                                  : instant_of(p->learner, p->now_us)};
    piq_status status = read_state(&r);
    if (status == PIQ_OK)
        status = piq_plan_mark_of(a, p->learner, p->catalogue, r.input.from_day,
                                  &r.mark);
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
    if (status)
        return status;
    *out = row;
    tell_kept(&r, change);
    return PIQ_OK;
}
