/* pack.c - from choices to days.
 *
 * A day begins with the reviews that are due, bare ones up to a third of its
 * minutes, so that keeping what is known never waits for long and never stops
 * what is new. Then content, best first, as long as something fits; what is
 * left over goes to further reviews. Concepts for which the curriculum has
 * nothing more to offer are practised by reviews until the aim is reached.
 *
 * Content longer than a day is spread over days: a part takes what the day has
 * left, the next day goes on with it before anything else is begun, and what
 * it teaches counts with its last part.
 *
 * After the deadline the walk goes on without writing steps: that tells when
 * the goal would be reached.
 */
#include "path/search.h"

#include <math.h>
#include <stdlib.h>

#define REVIEW_SHARE     0.4
/* Of those, bare ones: without content of their own. */
#define BARE_SHARE       (1.0 / 3)
/* Practice of a concept whose content is used up: days between, and how often
 * at most. */
#define CONSOLIDATE_DAYS 2.0
enum { MAX_CONSOLIDATIONS = 40 };
/* After the last target, reviews go on for so long at most: the plan is made
 * anew with every answer, so later ones would only be noise. */
enum { REVIEW_TAIL_DAYS = 14 };

typedef struct wanted {
    double urgency;
    double recall; /* NaN: never practised */
    piq_concept_ix concept;
} wanted; /* a review */

/* The content in hand whose parts are not all planned. */
typedef struct begun {
    piq_content_ix content; /* PIQ_NO_IX32: none */
    piq_plan_step step;     /* the part planned last */
    double left;            /* minutes that its further parts take */
    size_t first;           /* its first part's place among the steps */
} begun;

typedef struct walk {
    piq_path_search *s;
    piq_arena *a;
    int day; /* relative to from_day */
    double left;
    double bare_left; /* of the share for bare reviews */
    begun begun;
    wanted *wanted; /* [n_closure] scratch */
    bool recording;
    piq_status status;
} walk;

/* ---- writing steps ----------------------------------------------------- */

static void stop_recording(walk *w);

static void record(walk *w, piq_plan_step step, double recall)
{
    piq_plan *plan = w->s->plan;
    w->left -= step.minutes;
    w->s->needs[step.concept.v].planned = true;
    if (!w->recording)
        return;
    step.day = w->s->in->from_day + w->day;
    step.why = piq_path_why(w->a, w->s, &step, recall);
    if (!step.why)
        w->status = PIQ_ENOMEM;
    plan->minutes_total += step.minutes;
    plan->steps[plan->n_steps++] = step;
    if (plan->n_steps == PIQ_MAX_PLAN_STEPS)
        stop_recording(w);
}

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

/* Targets not met among the concepts of a content. */
static size_t unmet_among(const piq_path_search *s, const piq_content *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        n += s->needs[k.v].target && !piq_path_met(s, k);
    }
    return n;
}

static piq_plan_step step_of(const piq_path_search *s, piq_content_ix content)
{
    const piq_content *x = &s->c->contents[content.v];
    bool ready = s->flags[content.v] & PIQ_ITEM_READY;
    return (piq_plan_step){.kind = kind_of(x),
                           .status = ready ? PIQ_STEP_READY : PIQ_STEP_LOCKED,
                           .content = content,
                           .concept = piq_path_main_concept(s, x),
                           .minutes = piq_path_minutes(s, content),
                           .part = 1,
                           .parts = 1};
}

/* The step by which its content is done: all of it, or its last part. */
static void finish_content(walk *w, piq_plan_step step)
{
    piq_path_search *s = w->s;
    const piq_content *x = &s->c->contents[step.content.v];
    const piq_belief *b = &s->now[step.concept.v];
    size_t unmet = unmet_among(s, x);
    step.mastery_before = b->mastery;
    piq_path_do(s, step.content, w->day);
    s->n_unmet_targets -= unmet - unmet_among(s, x);
    step.mastery_after = b->mastery;
    record(w, step, NAN);
}

static void take_content(walk *w, piq_content_ix content)
{
    finish_content(w, step_of(w->s, content));
}

/* How many parts there are is known at the last one; at the least when the
 * plan ends before. */
static void tell_parts(walk *w, uint16_t parts)
{
    piq_plan *plan = w->s->plan;
    for (size_t i = w->begun.first; i < plan->n_steps; i++)
        if (plan->steps[i].content.v == w->begun.content.v)
            plan->steps[i].parts = parts;
    w->begun.content.v = PIQ_NO_IX32;
}

/* The next part of what is in hand, as far as the day goes. */
static void go_on(walk *w)
{
    begun *in_hand = &w->begun;
    piq_plan_step *step = &in_hand->step;
    if (in_hand->content.v == PIQ_NO_IX32 ||
        w->left < fmin(in_hand->left, w->s->least_part))
        return;
    step->part++;
    step->parts = step->part;
    if (step->part > 1)
        step->status = PIQ_STEP_LOCKED;
    step->minutes = fmin(in_hand->left, w->left);
    in_hand->left -= step->minutes;
    if (in_hand->left <= 0) {
        finish_content(w, *step);
        tell_parts(w, step->part);
        return;
    }
    step->parts++; /* at least: one is still to come */
    step->mastery_before = w->s->now[step->concept.v].mastery;
    step->mastery_after = step->mastery_before;
    record(w, *step, NAN);
}

static void begin_content(walk *w, piq_content_ix content)
{
    piq_path_begin(w->s, content);
    w->begun = (begun){.content = content,
                       .step = step_of(w->s, content),
                       .left = piq_path_minutes(w->s, content),
                       .first = w->s->plan->n_steps};
    w->begun.step.part = 0;
    go_on(w);
}

static void take_review(walk *w, piq_concept_ix k, double recall)
{
    piq_path_search *s = w->s;
    bool ready = !s->needs[k.v].planned;
    piq_plan_step step = {.kind = PIQ_STEP_REVIEW,
                          .status = ready ? PIQ_STEP_READY : PIQ_STEP_LOCKED,
                          .content = {PIQ_NO_IX32},
                          .concept = k,
                          .minutes = PIQ_REVIEW_MINUTES,
                          .part = 1,
                          .parts = 1,
                          .mastery_before = s->now[k.v].mastery};
    bool unmet = s->needs[k.v].target && !piq_path_met(s, k);
    piq_path_review(s, k, w->day);
    s->n_unmet_targets -= unmet && piq_path_met(s, k);
    step.mastery_after = s->now[k.v].mastery;
    record(w, step, recall);
}

/* ---- reviews ----------------------------------------------------------- */

static double recall_on(const piq_path_search *s, const piq_need *need, int day)
{
    if (need->memory.stability_days <= 0)
        return NAN;
    return piq_fsrs_recall(s->fsrs, fmax(0, day - need->last_day),
                           need->memory.stability_days);
}

/* Nothing but repetition is left for the concept, and it is not there yet. */
static bool to_consolidate(const piq_path_search *s, piq_concept_ix k)
{
    const piq_need *need = &s->needs[k.v];
    bool seen = need->memory.stability_days > 0 || need->explained ||
                s->now[k.v].mastery >= need->aim;
    bool nothing_else =
        need->open_contents == 0 || (s->n_heap == 0 && s->n_checks == 0);
    return seen && nothing_else && !piq_path_met(s, k) &&
           need->consolidations < MAX_CONSOLIDATIONS &&
           piq_path_concept_open(s, k);
}

static bool wants_review(const piq_path_search *s, piq_concept_ix k, int day,
                         bool consolidate)
{
    const piq_need *need = &s->needs[k.v];
    if (need->due_day <= day && need->last_day < day)
        return true;
    if (!consolidate || !to_consolidate(s, k))
        return false;
    return need->memory.stability_days <= 0 ||
           day - need->last_day >= CONSOLIDATE_DAYS;
}

/* Most urgent first; ties in order of prerequisites. */
static int by_urgency(const void *a, const void *b)
{
    const wanted *x = a, *y = b;
    if (x->urgency != y->urgency)
        return x->urgency < y->urgency ? 1 : -1;
    return (x->concept.v > y->concept.v) - (x->concept.v < y->concept.v);
}

/* What would be repeated today, worth and loss considered. */
static size_t list_wanted(const walk *w, bool consolidate, wanted *list)
{
    const piq_path_search *s = w->s;
    size_t n = 0;
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        const piq_need *need = &s->needs[k.v];
        if (!wants_review(s, k, w->day, consolidate))
            continue;
        double recall = recall_on(s, need, w->day);
        double lost = isnan(recall) ? 0 : 1 - recall;
        double gap = fmax(0, need->aim - s->now[k.v].mastery);
        list[n++] = (wanted){need->loss * (lost + gap / 2), recall, k};
    }
    return n;
}

/* Up to `minutes`, and `bare` of them for reviews without content. */
static void reviews(walk *w, double minutes, double *bare, bool consolidate)
{
    piq_path_search *s = w->s;
    double stop_at = w->left - minutes;
    if (w->left < PIQ_REVIEW_MINUTES)
        return;
    size_t n = list_wanted(w, consolidate, w->wanted);
    qsort(w->wanted, n, sizeof *w->wanted, by_urgency);
    for (size_t i = 0; i < n; i++) {
        piq_concept_ix k = w->wanted[i].concept;
        if (w->left < PIQ_REVIEW_MINUTES || w->left <= stop_at)
            return;
        bool due = s->needs[k.v].due_day <= w->day;
        piq_content_ix x = piq_path_practice_for(s, k, w->left);
        if (x.v != PIQ_NO_IX32) {
            take_content(w, x);
            continue;
        }
        if (*bare < PIQ_REVIEW_MINUTES)
            continue;
        *bare -= PIQ_REVIEW_MINUTES;
        s->needs[k.v].consolidations += !due;
        take_review(w, k, due ? w->wanted[i].recall : (double)NAN);
    }
}

/* ---- days -------------------------------------------------------------- */

/* What the day has left goes to content, best first. One that no day holds
 * whole is begun when its turn has come, and so is one that would fit the day
 * but for the reviews: else it could wait for ever. */
static void contents(walk *w)
{
    piq_path_search *s = w->s;
    double whole_day = s->budget[w->day];
    go_on(w);
    while (w->begun.content.v == PIQ_NO_IX32) {
        piq_content_ix x = piq_path_next(s, w->left, whole_day);
        if (x.v == PIQ_NO_IX32)
            break;
        whole_day = 0; /* the next one may well come first tomorrow */
        if (piq_path_minutes(s, x) <= w->left)
            take_content(w, x);
        else
            begin_content(w, x);
    }
}

static void one_day(walk *w)
{
    piq_path_search *s = w->s;
    double budget = s->budget[w->day];
    w->left = budget;
    if (budget <= 0)
        return;
    /* On days too short for a review the share adds up over days. */
    double share = BARE_SHARE * budget;
    w->bare_left = fmin(w->bare_left + share, fmax(share, PIQ_REVIEW_MINUTES));
    reviews(w, REVIEW_SHARE * budget, &w->bare_left, false);
    contents(w);
    double rest = w->left;
    reviews(w, rest, &rest, s->n_unmet_targets > 0);
}

static bool anything_to_learn(const walk *w)
{
    const piq_path_search *s = w->s;
    if (w->begun.content.v != PIQ_NO_IX32)
        return true;
    if (s->n_unmet_targets == 0)
        return s->n_checks > 0;
    if (s->n_heap > 0 || s->n_checks > 0)
        return true;
    for (size_t i = 0; i < s->n_closure; i++)
        if (to_consolidate(s, s->closure[i]))
            return true;
    return false;
}

/* What is not reached by now, the most costly first. */
static void list_dropped(piq_path_search *s)
{
    piq_plan *plan = s->plan;
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        bool open = !s->needs[k.v].target && s->now[k.v].mastery >= PIQ_READY;
        if (open || piq_path_met(s, k))
            continue;
        double cost = s->needs[k.v].loss *
                      fmax(0, s->needs[k.v].aim - s->now[k.v].mastery);
        s->needs[k.v].loss = cost;
        size_t j = plan->n_dropped++;
        for (; j > 0 && s->needs[plan->dropped[j - 1].v].loss < cost; j--)
            plan->dropped[j] = plan->dropped[j - 1];
        plan->dropped[j] = k;
    }
}

static void stop_recording(walk *w)
{
    if (w->recording)
        list_dropped(w->s);
    w->recording = false;
}

piq_status piq_path_pack(piq_arena *a, piq_path_search *s, int *done_day)
{
    walk w = {.s = s, .a = a, .recording = true};
    w.begun.content.v = PIQ_NO_IX32;
    int last = s->n_days - 1;
    *done_day = s->n_unmet_targets == 0 ? 0 : -1;
    s->plan->steps = piq_new(a, piq_plan_step, PIQ_MAX_PLAN_STEPS);
    s->plan->dropped = piq_new(a, piq_concept_ix, s->n_closure);
    w.wanted = piq_new(a, wanted, s->n_closure);
    if (!s->plan->steps || !s->plan->dropped || !w.wanted)
        return PIQ_ENOMEM;
    bool winding_down = false;
    for (w.day = 0; w.day <= last && w.status == PIQ_OK; w.day++) {
        if (w.day > s->last_plan_day)
            stop_recording(&w);
        if (!winding_down && !anything_to_learn(&w)) {
            winding_down = true;
            last = w.day + REVIEW_TAIL_DAYS < last ? w.day + REVIEW_TAIL_DAYS
                                                   : last;
        }
        if (winding_down && !w.recording)
            break;
        one_day(&w);
        if (*done_day < 0 && s->n_unmet_targets == 0)
            *done_day = w.day;
    }
    stop_recording(&w);
    if (w.begun.content.v != PIQ_NO_IX32)
        tell_parts(&w, (uint16_t)fmin(UINT16_MAX,
                                      w.begun.step.part +
                                          ceil(w.begun.left / s->longest_day)));
    return w.status;
}
