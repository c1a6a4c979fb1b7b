/* record.c - doing a task in expectation, and writing its step. */
#include "path/walk.h"

#include <math.h>

void piq_walk_forget(piq_path_state *s, piq_task *t)
{
    piq_need *need = &s->needs[t->concept.v];
    if (t->day == INT32_MAX)
        return;
    t->day = INT32_MAX;
    if (t->form != PIQ_TASK_CONTENT ||
        s->c->contents[t->content.v].type == PIQ_ASSESSMENT)
        return;
    need->pending--;
    if (!piq_path_asks(&s->c->contents[t->content.v]))
        need->lessons--;
}

/* ---- steps ------------------------------------------------------------- */

static piq_step_kind kind_of(const piq_content *x)
{
    switch (x->type) {
    case PIQ_ASSESSMENT:
        return PIQ_STEP_ASSESSMENT;
    case PIQ_CHARACTER:
        return PIQ_STEP_CHARACTER;
    case PIQ_REVIEW:
        return PIQ_STEP_REVIEW;
    case PIQ_LESSON:
    case PIQ_COURSE:
        break;
    }
    return x->practice ? PIQ_STEP_PRACTICE : PIQ_STEP_LESSON;
}

static double success_of(const piq_path_state *s, const piq_plan_step *step)
{
    if (step->content.v != PIQ_NO_IX32) {
        const piq_content *x = &s->c->contents[step->content.v];
        return piq_gain_success(x, s->now, piq_difficulty_logit(x->difficulty));
    }
    return s->now[step->concept.v].mastery;
}

/* The concepts that open with what was just done; `was` says which of its own
 * were ready before. */
static void tell_unlocks(const piq_path_state *s, piq_concept_ix k, bool was,
                         piq_plan_step *step)
{
    if (was || s->now[k.v].mastery < PIQ_READY)
        return;
    for (uint32_t i = s->dependants_at[k.v]; i < s->dependants_at[k.v + 1];
         i++) {
        piq_concept_ix d = s->dependants[i];
        const piq_need *need = &s->needs[d.v];
        if (step->n_unlocks == PIQ_MAX_STEP_UNLOCKS || need->aim <= 0 ||
            need->known || !piq_path_concept_open(s, d))
            continue;
        step->unlocks[step->n_unlocks++] = d;
    }
}

static piq_path_reason reason_of(const piq_walk *w, const piq_task *t,
                                 bool ready)
{
    const piq_path_state *s = w->s;
    piq_concept_ix last = w->last_concept;
    if (t->form == PIQ_TASK_CHECK)
        return PIQ_NOW_CHECK;
    if (t->wanted)
        return PIQ_NOW_WANTED;
    if (t->form == PIQ_TASK_REPEAT)
        return PIQ_NOW_SPACED;
    if (s->c->contents[t->content.v].type == PIQ_ASSESSMENT)
        return PIQ_NOW_CLOSES;
    if (last.v == t->concept.v)
        return PIQ_NOW_FOLLOWS;
    if (last.v != PIQ_NO_IX16 && s->needs[t->concept.v].planned)
        return PIQ_NOW_MIXED;
    return ready ? PIQ_NOW_FIRST : PIQ_NOW_OPENED;
}

/* Sessions follow one another within the day's minutes. */
static uint16_t session_at(const piq_walk *w)
{
    double used = fmax(0, w->s->budget[w->day] - w->left);
    double sessions = floor((used + 1e-9) / fmax(1, w->s->in->session_minutes));
    return (uint16_t)fmin(1 + sessions, UINT16_MAX);
}

static void record(piq_walk *w, piq_plan_step step, uint32_t task,
                   double recall, piq_path_reason reason)
{
    piq_path_state *s = w->s;
    step.session = session_at(w);
    w->left -= step.minutes;
    w->last_concept = step.concept;
    w->learned |= reason != PIQ_NOW_DUE;
    s->needs[step.concept.v].planned = true;
    s->spent += step.minutes;
    step.day = s->in->from_day + w->day;
    step.why = s->silent ? "" : piq_path_why(w->a, s, &step, recall);
    step.now = piq_path_now(reason);
    if (!step.why)
        w->status = PIQ_ENOMEM;
    if (s->done_day < 0 && s->n_unmet_targets == 0)
        s->done_day = w->day;
    s->step_task[s->n_steps] = task;
    s->steps[s->n_steps++] = step;
}

static double dose_between(double before, double after)
{
    return log((1 - before) / (1 - after));
}

/* Of the concept that a content is for. */
static double share_of(const piq_content *x, piq_concept_ix concept)
{
    for (size_t i = 0; i < x->n_concepts; i++)
        if (x->concepts[i].concept.v == concept.v)
            return x->concepts[i].weight;
    return 1;
}

static bool is_ready(const piq_path_state *s, const piq_task *t)
{
    if (t->form == PIQ_TASK_CONTENT)
        return s->flags[t->content.v] & PIQ_ITEM_READY;
    return !s->needs[t->concept.v].planned;
}

static piq_plan_step step_of(const piq_path_state *s, const piq_task *t)
{
    bool bare = t->form != PIQ_TASK_CONTENT;
    piq_step_kind kind =
        t->form == PIQ_TASK_CHECK ? PIQ_STEP_CHECK : PIQ_STEP_REVIEW;
    piq_plan_step step = {
        .kind = bare ? kind : kind_of(&s->c->contents[t->content.v]),
        .status = is_ready(s, t) ? PIQ_STEP_READY : PIQ_STEP_LOCKED,
        .content = t->content,
        .concept = t->concept,
        .minutes = t->minutes,
        .part = 1,
        .parts = 1};
    step.success = success_of(s, &step);
    return step;
}

/* The step by which its content is done: all of it, or its last part. */
static void finish_content(piq_walk *w, uint32_t at, piq_plan_step step,
                           piq_path_reason reason)
{
    piq_path_state *s = w->s;
    piq_task *t = &s->tasks[at];
    const piq_content *x = &s->c->contents[t->content.v];
    bool was[PIQ_MAX_CONTENT_CONCEPTS];
    for (size_t i = 0; i < x->n_concepts; i++)
        was[i] = s->now[x->concepts[i].concept.v].mastery >= PIQ_READY;
    step.mastery_before = s->now[t->concept.v].mastery;
    piq_path_do(s, t->content, w->day);
    step.mastery_after = s->now[t->concept.v].mastery;
    for (size_t i = 0; i < x->n_concepts; i++)
        tell_unlocks(s, x->concepts[i].concept, was[i], &step);
    piq_walk_forget(s, t);
    t->done = true;
    t->found = dose_between(step.mastery_before, step.mastery_after) /
               share_of(x, t->concept);
    record(w, step, at, NAN, reason);
}

static void do_bare(piq_walk *w, piq_plan_step step, uint32_t task,
                    double recall, piq_path_reason reason)
{
    piq_path_state *s = w->s;
    piq_concept_ix k = step.concept;
    bool was = s->now[k.v].mastery >= PIQ_READY;
    step.mastery_before = s->now[k.v].mastery;
    piq_path_answer(s, k, step.kind == PIQ_STEP_CHECK, w->day);
    step.mastery_after = s->now[k.v].mastery;
    tell_unlocks(s, k, was, &step);
    w->bare_left -= step.minutes;
    double dose = dose_between(step.mastery_before, step.mastery_after);
    if (task == PIQ_PATH_NONE)
        s->needs[k.v].review_dose = dose;
    else
        s->tasks[task].found = dose;
    record(w, step, task, recall, reason);
}

/* ---- parts ------------------------------------------------------------- */

void piq_walk_tell_parts(piq_path_state *s, uint16_t parts)
{
    uint32_t content = s->tasks[s->begun.task].content.v;
    for (size_t i = s->begun.first; i < s->n_steps; i++)
        if (s->steps[i].content.v == content)
            s->steps[i].parts = parts;
    s->begun.task = PIQ_PATH_NONE;
}

/* The next part of what is in hand, as far as `minutes` go. */
static void next_part(piq_walk *w, double minutes)
{
    piq_begun *hand = &w->s->begun;
    piq_plan_step *step = &hand->step;
    piq_path_reason reason = PIQ_NOW_PART;
    if (step->part == 0)
        reason = reason_of(w, &w->s->tasks[hand->task],
                           step->status == PIQ_STEP_READY);
    step->part++;
    step->parts = step->part;
    if (step->part > 1)
        step->status = PIQ_STEP_LOCKED;
    step->minutes = fmin(hand->left, minutes);
    hand->left -= step->minutes;
    if (hand->left <= 1e-9) {
        finish_content(w, hand->task, *step, reason);
        piq_walk_tell_parts(w->s, step->part);
        return;
    }
    step->parts++; /* at least: one is still to come */
    step->mastery_before = w->s->now[step->concept.v].mastery;
    step->mastery_after = step->mastery_before;
    record(w, *step, hand->task, NAN, reason);
}

void piq_walk_go_on(piq_walk *w)
{
    if (w->s->begun.task != PIQ_PATH_NONE &&
        w->left >= fmin(w->s->begun.left, w->s->least_part))
        next_part(w, w->left);
}

static void begin_content(piq_walk *w, uint32_t task, double minutes)
{
    const piq_task *t = &w->s->tasks[task];
    w->s->begun = (piq_begun){.task = task,
                              .step = step_of(w->s, t),
                              .left = t->minutes,
                              .first = w->s->n_steps};
    w->s->begun.step.part = 0;
    next_part(w, minutes);
}

/* ---- picks ------------------------------------------------------------- */

static void do_task(piq_walk *w, uint32_t at)
{
    piq_task *t = &w->s->tasks[at];
    piq_plan_step step = step_of(w->s, t);
    piq_path_reason reason = reason_of(w, t, step.status == PIQ_STEP_READY);
    if (t->form != PIQ_TASK_CONTENT) {
        t->done = true;
        do_bare(w, step, at, NAN, reason);
    } else if (t->minutes <= w->left + 1e-9) {
        finish_content(w, at, step, reason);
    } else {
        begin_content(w, at, w->left);
    }
}

static void pay_owed(piq_walk *w, piq_concept_ix k)
{
    for (size_t i = 0; i < w->n_owed; i++)
        if (w->owed[i].v == k.v) {
            w->owed[i] = w->owed[--w->n_owed];
            return;
        }
}

static piq_plan_step bare_step(const piq_path_state *s, piq_concept_ix k)
{
    bool ready = !s->needs[k.v].planned;
    return (piq_plan_step){.kind = PIQ_STEP_REVIEW,
                           .status = ready ? PIQ_STEP_READY : PIQ_STEP_LOCKED,
                           .content = {PIQ_NO_IX32},
                           .concept = k,
                           .minutes = PIQ_REVIEW_MINUTES,
                           .part = 1,
                           .parts = 1,
                           .success = s->now[k.v].mastery};
}

static double recall_on(const piq_path_state *s, const piq_need *need, int day)
{
    if (need->memory.stability_days <= 0)
        return NAN;
    return piq_fsrs_recall(s->fsrs, fmax(0, day - need->last_day),
                           need->memory.stability_days);
}

void piq_walk_do(piq_walk *w, piq_pick pick)
{
    const piq_path_state *s = w->s;
    const piq_need *need = &s->needs[pick.concept.v];
    switch (pick.form) {
    case PIQ_PICK_NONE:
        return;
    case PIQ_PICK_TASK:
        do_task(w, pick.task);
        return;
    case PIQ_PICK_SHOW:
        do_bare(w, bare_step(s, pick.concept), PIQ_PATH_NONE, NAN,
                PIQ_NOW_SPACED);
        return;
    case PIQ_PICK_REVIEW:
        break;
    }
    piq_plan_step step = bare_step(s, pick.concept);
    double recall = recall_on(s, need, w->day);
    bool due = need->due_day <= w->day;
    step.success *= isnan(recall) ? 1 : recall;
    pay_owed(w, pick.concept);
    do_bare(w, step, PIQ_PATH_NONE, due ? recall : (double)NAN,
            due ? PIQ_NOW_DUE : PIQ_NOW_SPACED);
}

/* ---- frozen ------------------------------------------------------------ */

static void frozen_content(piq_walk *w, const piq_plan_step *old)
{
    piq_path_state *s = w->s;
    uint32_t at = s->task_of[old->content.v] - 1;
    if (at == PIQ_PATH_NONE || s->tasks[at].done ||
        !piq_path_open(s, old->content))
        return;
    piq_task *t = &s->tasks[at];
    if (old->part < old->parts && old->minutes < t->minutes - 1e-9) {
        begin_content(w, at, old->minutes);
        return;
    }
    piq_plan_step step = step_of(s, t);
    step.minutes = fmin(old->minutes, w->left);
    finish_content(w, at, step, PIQ_NOW_FROZEN);
}

/* The repetition or check that stands for the step is not planned again. */
static uint32_t strike_out(piq_path_state *s, const piq_plan_step *old)
{
    for (uint32_t i = 0; i < s->n_tasks; i++) {
        piq_task *t = &s->tasks[i];
        piq_step_kind kind =
            t->form == PIQ_TASK_CHECK ? PIQ_STEP_CHECK : PIQ_STEP_REVIEW;
        if (t->form != PIQ_TASK_CONTENT && !t->done && kind == old->kind &&
            t->concept.v == old->concept.v) {
            t->done = true;
            return i;
        }
    }
    return PIQ_PATH_NONE;
}

void piq_walk_frozen(piq_walk *w, const piq_plan_step *old)
{
    piq_path_state *s = w->s;
    if (w->left + 1e-9 < old->minutes || w->s->begun.task != PIQ_PATH_NONE)
        return;
    if (old->content.v != PIQ_NO_IX32) {
        frozen_content(w, old);
        return;
    }
    if (s->c->concepts[old->concept.v].retired)
        return;
    uint32_t task = strike_out(s, old);
    piq_plan_step step = bare_step(s, old->concept);
    step.kind = old->kind;
    step.minutes = old->minutes;
    do_bare(w, step, task, NAN, PIQ_NOW_FROZEN);
}
