/* walk.c - the days one by one, under the law of practice.
 *
 * The search has said what each day is to hold, with gains taken once and for
 * all. The walk does it in expectation, in a sensible order, and keeps every
 * rule exactly: what is not open yet when its day has come waits for the next
 * one; minutes that are left go to what later days were to hold, then to other
 * content that helps, then to memory that fades.
 */
#include "path/walk.h"

#include <math.h>

/* Of a day, what steps without content may take before content. */
#define BARE_SHARE (1.0 / 3)
/* After what there is to learn, reviews go on for so long at most: the plan is
 * made anew with every answer, so later ones would only be noise. */
enum { REVIEW_TAIL_DAYS = 14 };

/* ---- what is chosen ---------------------------------------------------- */

static bool counts(const piq_path_state *s, const piq_task *t)
{
    return t->form == PIQ_TASK_CONTENT &&
           s->c->contents[t->content.v].type != PIQ_ASSESSMENT;
}

static void count_pending(piq_path_state *s)
{
    for (size_t i = 0; i < s->n_closure; i++) {
        s->needs[s->closure[i].v].pending = 0;
        s->needs[s->closure[i].v].lessons = 0;
    }
    for (size_t i = 0; i < s->n_tasks; i++) {
        const piq_task *t = &s->tasks[i];
        if (t->done || t->day == INT32_MAX || !counts(s, t))
            continue;
        piq_need *need = &s->needs[t->concept.v];
        need->pending++;
        if (!piq_path_asks(&s->c->contents[t->content.v]))
            need->lessons++;
    }
}

static size_t place_of_day(int32_t day, int from, int n_days)
{
    return day <= from            ? 0
           : day >= from + n_days ? (size_t)n_days
                                  : (size_t)(day - from);
}

/* Chosen tasks by day; those for days past the end come last. */
static piq_status list_queue(piq_arena *a, piq_walk *w, int from, int n_days)
{
    piq_path_state *s = w->s;
    size_t *at = piq_new(a, size_t, (size_t)n_days + 2);
    w->queue = piq_new(a, uint32_t, s->n_tasks);
    w->ready = piq_new(a, uint32_t, s->n_tasks);
    if (!at || !w->queue || !w->ready)
        return PIQ_ENOMEM;
    /* What is wanted, or to be checked, waits for nothing but its day. */
    for (size_t i = 0; i < s->n_tasks; i++)
        if ((s->tasks[i].wanted || s->tasks[i].form == PIQ_TASK_CHECK) &&
            !s->tasks[i].done)
            s->tasks[i].day = s->tasks[i].first_day;
    for (size_t i = 0; i < s->n_tasks; i++)
        if (!s->tasks[i].done && s->tasks[i].day != INT32_MAX)
            at[place_of_day(s->tasks[i].day, from, n_days) + 1]++;
    for (int d = 0; d <= n_days; d++)
        at[d + 1] += at[d];
    w->n_queue = at[n_days + 1];
    for (uint32_t i = 0; i < s->n_tasks; i++)
        if (!s->tasks[i].done && s->tasks[i].day != INT32_MAX)
            w->queue[at[place_of_day(s->tasks[i].day, from, n_days)]++] = i;
    return PIQ_OK;
}

/* What this day was chosen to hold, with what earlier ones could not. */
static void admit(piq_walk *w)
{
    const piq_path_state *s = w->s;
    for (; w->next < w->n_queue; w->next++) {
        uint32_t t = w->queue[w->next];
        if (s->tasks[t].day != INT32_MAX && s->tasks[t].day > w->day)
            break;
        if (!s->tasks[t].done && s->tasks[t].day != INT32_MAX)
            w->ready[w->n_ready++] = t;
    }
    while (w->next_review < s->n_reviews &&
           s->reviews[w->next_review].day <= w->day)
    w->owed[w->n_owed++] = s->reviews[w->next_review++].concept;
}

/* Targets that are believed to be there, with nothing to come that shows it. */
static void list_shows(piq_walk *w)
{
    const piq_path_state *s = w->s;
    w->n_shows = 0;
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        const piq_need *need = &s->needs[k.v];
        const piq_belief *b = &s->now[k.v];
        if (need->target && !need->claimed && b->mastery >= need->aim &&
            b->evidence < PIQ_MASTERED_EVIDENCE &&
            need->pending == need->lessons && need->last_day < w->day &&
            piq_path_concept_open(s, k))
            w->shows[w->n_shows++] = k;
    }
}

/* ---- a day ------------------------------------------------------------- */

static void begin_day(piq_walk *w)
{
    piq_path_state *s = w->s;
    double budget = s->budget[w->day];
    /* On days too short for a review the share adds up over days. */
    double share = BARE_SHARE * budget;
    w->left = budget;
    w->bare_left = fmin(w->bare_left + share, fmax(share, PIQ_REVIEW_MINUTES));
    w->last_concept.v = PIQ_NO_IX16;
    w->learned = false;
    for (size_t i = 0; i < s->n_closure; i++)
        s->needs[s->closure[i].v].fresh = false;
    admit(w);
    list_shows(w);
}

static bool full(const piq_walk *w)
{
    return w->status || w->s->n_steps == PIQ_MAX_PLAN_STEPS;
}

/* A day that the learner wants as it is holds nothing else. */
static void do_frozen(piq_walk *w)
{
    const piq_path_wishes *wish = &w->s->in->wishes;
    for (size_t i = 0; i < wish->n_frozen && !full(w); i++)
        piq_walk_frozen(w, &wish->frozen[i]);
}

/* Of what the learner wants, the first that may be done now. */
static uint32_t next_wanted(const piq_walk *w)
{
    const piq_path_state *s = w->s;
    uint32_t best = PIQ_PATH_NONE;
    for (size_t i = 0; i < w->n_ready; i++) {
        const piq_task *t = &s->tasks[w->ready[i]];
        bool first = best == PIQ_PATH_NONE || t->wanted < s->tasks[best].wanted;
        if (t->wanted && first && s->begun.task != w->ready[i] &&
            piq_walk_fits(w, t, true) && piq_walk_open(w, t))
            best = w->ready[i];
    }
    return best;
}

/* What the learner wants on this day comes before what was begun. */
static void do_wanted(piq_walk *w)
{
    uint32_t task;
    while (!full(w) && (task = next_wanted(w)) != PIQ_PATH_NONE)
        piq_walk_do(w, (piq_pick){.form = PIQ_PICK_TASK, .task = task});
}

static bool may_do(const piq_walk *w, const piq_task *t)
{
    return !t->done && !piq_walk_needless(w->s, t) &&
           piq_walk_fits(w, t, w->s->begun.task != PIQ_PATH_NONE) &&
           piq_walk_open(w, t);
}

/* A plan does not tell whether it repeats a concept to bring it on or to keep
 * it: whichever may be done. */
static piq_pick pick_of(const piq_walk *w, const piq_path_line *line)
{
    const piq_path_state *s = w->s;
    const piq_need *need = &s->needs[line->concept.v];
    const piq_task *t =
        line->task == PIQ_PATH_NONE ? NULL : &s->tasks[line->task];
    piq_pick pick = {.task = line->task, .concept = line->concept};
    if (t && may_do(w, t))
        pick.form = PIQ_PICK_TASK;
    else if ((t && t->form != PIQ_TASK_REPEAT) || need->last_day >= w->day ||
             w->left + 1e-9 < PIQ_REVIEW_MINUTES)
        pick.form = PIQ_PICK_NONE;
    else if (piq_walk_reviewable(w, line->concept))
        pick.form = PIQ_PICK_REVIEW;
    else if (!need->known && !piq_path_met(s, line->concept) &&
             piq_path_concept_open(s, line->concept))
        pick.form = PIQ_PICK_SHOW;
    return pick;
}

/* The previous plan's steps for this day, in its order, as far as they still
 * may be done and help. */
static void follow_script(piq_walk *w)
{
    const piq_path_state *s = w->s;
    for (; w->next_line < s->n_script && !full(w); w->next_line++) {
        const piq_path_line *line = &s->script[w->next_line];
        if (line->day > w->day)
            return;
        piq_pick pick = pick_of(w, line);
        if (line->day == w->day && pick.form != PIQ_PICK_NONE)
            piq_walk_do(w, pick);
    }
}

static void one_day(piq_walk *w)
{
    begin_day(w);
    if (w->s->budget[w->day] <= 0)
        return;
    if (w->day == 0 && w->s->in->wishes.freeze_today) {
        do_frozen(w);
        return;
    }
    do_wanted(w);
    piq_walk_go_on(w);
    follow_script(w);
    while (!full(w) && w->s->begun.task == PIQ_PATH_NONE && w->left > 1e-9) {
        piq_pick pick = piq_walk_choose(w);
        if (pick.form == PIQ_PICK_NONE)
            pick = piq_walk_fill(w);
        if (pick.form == PIQ_PICK_NONE)
            break;
        piq_walk_do(w, pick);
        if (pick.form == PIQ_PICK_SHOW)
            list_shows(w);
    }
    w->idle_days = w->learned ? 0 : w->idle_days + 1;
}

/* Nothing is chosen for the days to come, and nothing was for a while. */
static bool is_over(const piq_walk *w)
{
    return !w->s->dated && w->n_ready == 0 && w->next == w->n_queue &&
           w->s->begun.task == PIQ_PATH_NONE && w->idle_days > REVIEW_TAIL_DAYS;
}

void piq_path_end_walk(piq_path_state *s)
{
    const piq_begun *hand = &s->begun;
    if (hand->task == PIQ_PATH_NONE)
        return;
    double more = ceil(hand->left / s->longest_day);
    piq_walk_tell_parts(s, (uint16_t)fmin(UINT16_MAX, hand->step.part + more));
}

piq_status piq_path_walk(piq_arena *a, piq_path_state *s, int from, int n_days)
{
    piq_walk w = {.s = s,
                  .a = a,
                  .shows = piq_new(a, piq_concept_ix, s->n_closure),
                  .owed = piq_new(a, piq_concept_ix, s->n_reviews)};
    if (!w.shows || !w.owed || list_queue(a, &w, from, n_days))
        return PIQ_ENOMEM;
    count_pending(s);
    /* Reviews of days that are over are not owed any more. */
    while (w.next_review < s->n_reviews && s->reviews[w.next_review].day < from)
        w.next_review++;
    for (w.day = from; w.day < from + n_days && !full(&w) && !is_over(&w);
         w.day++)
        one_day(&w);
    return w.status;
}
