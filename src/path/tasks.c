/* tasks.c - what the plan may hold: for each concept its best content, bare
 * practice where that does not suffice, and short checks.
 *
 * What a content teaches depends on when it is done (a task fits best where
 * about four of five answers are right), while the search wants one number. So
 * each concept is gone through by itself: a lesson, then always what brings
 * most a minute from there, then bare practice; each teaches what it does at
 * its place in that sequence.
 */
#include "path/state.h"

#include "num/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST_OF_CONCEPT = 3, /* content, where there is so much */
    MOST_OF_CONCEPT = 8,
    MOST_ASSESSMENTS = 2,
    MOST_REPEATS = 40,
    MOST_CHECKS = 3
};
/* Content is offered to the search for so many times the dose that is missing:
 * some of it will not fit. */
#define DOSE_MARGIN 1.6

/* Minutes that a content still takes: what was spent on one that was begun
 * does not count again, where that one may have been done in parts. */
static double minutes_left(const piq_path_state *s, piq_content_ix content)
{
    const piq_content_history *h = &s->in->history[content.v];
    double minutes = s->c->contents[content.v].minutes;
    if (h->progress != PIQ_STARTED || minutes <= s->sitting)
        return minutes;
    return fmax(fmin(minutes, s->least_part), minutes - h->seconds / 60.0);
}

double piq_path_missing(const piq_path_state *s, piq_concept_ix concept,
                        double mastery)
{
    double m = s->now[concept.v].mastery;
    return m < mastery ? log((1 - m) / (1 - mastery)) : 0;
}

/* The concept of a content that the plan wants most. */
static piq_concept_ix main_concept_of(const piq_path_state *s,
                                      const piq_content *x)
{
    piq_concept_ix best = {PIQ_NO_IX16};
    double most = -1;
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        const piq_need *need = &s->needs[k.v];
        double left = fmax(0, need->aim - s->in->beliefs[k.v].mastery);
        /* Concepts outside the plan only when there is nothing else. */
        double w = x->concepts[i].weight * (need->aim > 0 ? 1 : 1e-6) *
                   (need->loss * left + 1e-3);
        if (w > most) {
            most = w;
            best = k;
        }
    }
    return best;
}

typedef struct lister {
    piq_path_state *s;
    piq_belief *way; /* [n_concepts] where the learner is by then */
    uint32_t *mine;  /* [n_contents] scratch */
    double *density; /* [n_contents] */
    double *dose;    /* [n_contents] */
    size_t cap;
} lister;

/* ---- worth ------------------------------------------------------------- */

static void go_on_to(lister *l, piq_concept_ix concept, double dose)
{
    piq_belief *b = &l->way[concept.v];
    double m = piq_gain_mastery(b->mastery, dose);
    b->ability_logit += piq_logit(m) - piq_logit(b->mastery);
    b->mastery = m;
}

/* Other concepts of a content are taken to be half way when it is done. */
static void half_way(lister *l)
{
    const piq_path_state *s = l->s;
    memcpy(l->way, s->now, s->c->n_concepts * sizeof *l->way);
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        go_on_to(l, k, piq_path_missing(s, k, s->needs[k.v].enough) / 2);
    }
}

static double share_of(const piq_content *x, piq_concept_ix concept)
{
    for (size_t i = 0; i < x->n_concepts; i++)
        if (x->concepts[i].concept.v == concept.v)
            return x->concepts[i].weight;
    return 0;
}

/* Worth a minute, over all its concepts. */
static double worth_of(const lister *l, uint32_t content)
{
    const piq_path_state *s = l->s;
    const piq_content *x = &s->c->contents[content];
    double worth = 0;
    for (size_t i = 0; i < x->n_concepts; i++) {
        size_t k = x->concepts[i].concept.v;
        const piq_need *need = &s->needs[k];
        double m = l->way[k].mastery;
        if (need->aim <= 0 || need->known || need->claimed)
            continue;
        double after =
            piq_gain_mastery(m, l->dose[content] * x->concepts[i].weight);
        worth += need->loss * fmax(0, fmin(after, need->enough) - m);
    }
    return worth / x->minutes;
}

static void value_content(lister *l, uint32_t content)
{
    const piq_content *x = &l->s->c->contents[content];
    double success =
        piq_gain_success(x, l->way, piq_difficulty_logit(x->difficulty));
    l->dose[content] = piq_gain_dose(x, success, l->s->in->pace);
    l->density[content] = worth_of(l, content);
}

/* ---- tasks ------------------------------------------------------------- */

static piq_task *add(lister *l, piq_task task)
{
    piq_path_state *s = l->s;
    PIQ_ASSERT(s->n_tasks < l->cap);
    task.day = INT32_MAX;
    s->tasks[s->n_tasks] = task;
    return &s->tasks[s->n_tasks++];
}

static void add_content(lister *l, uint32_t content)
{
    piq_path_state *s = l->s;
    if (s->task_of[content])
        return;
    piq_content_ix ix = {content};
    s->task_of[content] = (uint32_t)s->n_tasks + 1;
    add(l, (piq_task){.form = PIQ_TASK_CONTENT,
                      .content = ix,
                      .concept = main_concept_of(s, &s->c->contents[content]),
                      .after = PIQ_PATH_NONE,
                      .minutes = minutes_left(s, ix),
                      .worth = l->density[content],
                      .dose = l->dose[content]});
}

/* The content mainly of a concept that the plan may use. */
static size_t list_mine(lister *l, piq_concept_ix concept)
{
    const piq_path_state *s = l->s;
    const piq_catalogue *c = s->c;
    size_t n = 0;
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++) {
        uint32_t x = c->by_concept[i].v;
        if (s->flags[x] & PIQ_ITEM_POOL && !s->task_of[x] &&
            main_concept_of(s, &c->contents[x]).v == concept.v)
            l->mine[n++] = x;
    }
    return n;
}

static bool better(const lister *l, uint32_t x, uint32_t y)
{
    if (l->density[x] != l->density[y])
        return l->density[x] > l->density[y];
    return x < y;
}

/* Moves the best of mine[from..n), as things stand on the way, to `from`;
 * lessons alone when asked. A plan that goes on from another one takes them as
 * they stand at the start. */
static bool bring_best(lister *l, size_t from, size_t n, bool lesson)
{
    size_t best = n;
    for (size_t i = from; i < n; i++) {
        uint32_t x = l->mine[i];
        if (lesson && piq_path_asks(&l->s->c->contents[x]))
            continue;
        if (from == 0 || !l->s->narrow)
            value_content(l, x);
        if (best == n || better(l, x, l->mine[best]))
            best = i;
    }
    if (best == n)
        return false;
    uint32_t x = l->mine[best];
    l->mine[best] = l->mine[from];
    l->mine[from] = x;
    return true;
}

/* What was asked for, or planned before, or what others need, comes whatever
 * it brings; so do a few assessments, which are not about teaching. */
static void list_musts(lister *l, size_t from, size_t n)
{
    const piq_path_state *s = l->s;
    size_t n_checks = 0;
    for (size_t i = from; i < n; i++) {
        uint32_t x = l->mine[i];
        bool check = s->c->contents[x].type == PIQ_ASSESSMENT &&
                     n_checks < MOST_ASSESSMENTS;
        n_checks += check;
        if (!check && !(s->flags[x] &
                        (PIQ_ITEM_SUPPORT | PIQ_ITEM_WANTED | PIQ_ITEM_BEFORE)))
            continue;
        value_content(l, x);
        add_content(l, x);
    }
}

/* A lesson first, where there is one; then what brings most a minute once the
 * former is done, until there is enough. Of what the previous plan left out,
 * when the targets are still the same, its way in is enough. l->way[concept] is
 * left where all of it leads to. */
static void list_contents(lister *l, piq_concept_ix concept)
{
    const piq_path_state *s = l->s;
    const piq_need *need = &s->needs[concept.v];
    double wanted = DOSE_MARGIN * piq_path_missing(s, concept, need->enough);
    double aim = 1 - (1 - s->now[concept.v].mastery) * exp(-wanted);
    bool narrow = s->narrow && !need->before;
    size_t n = narrow ? 0 : list_mine(l, concept), i = 0;
    bool lesson = !need->explained && s->now[concept.v].mastery < PIQ_READY;
    l->way[concept.v] = s->now[concept.v];
    for (; i < n && i < MOST_OF_CONCEPT; i++, lesson = false) {
        if (i >= LEAST_OF_CONCEPT && l->way[concept.v].mastery >= aim)
            break;
        if (!lesson || !bring_best(l, i, n, true))
            bring_best(l, i, n, false);
        uint32_t x = l->mine[i];
        value_content(l, x);
        if (!(l->density[x] > 0))
            break;
        add_content(l, x);
        if (s->c->contents[x].type != PIQ_ASSESSMENT)
            go_on_to(l, concept,
                     l->dose[x] * share_of(&s->c->contents[x], concept));
    }
    list_musts(l, i, n);
}

/* Bare practice for what content does not bring: twice as often as it takes,
 * each as good as the mean of those that it takes, for the search to choose
 * among the days. */
static void list_repeats(lister *l, piq_concept_ix concept)
{
    piq_path_state *s = l->s;
    const piq_need *need = &s->needs[concept.v];
    piq_belief *b = &l->way[concept.v];
    double before = b->mastery;
    int n = 0;
    int most = s->narrow && !need->before ? 0 : MOST_REPEATS / 2;
    for (; n < most && b->mastery < need->enough; n++)
        piq_gain_apply_review(b, s->in->pace);
    double dose = n ? log((1 - before) / (1 - b->mastery)) / n : 0;
    double worth = n ? need->loss * (b->mastery - before) / n : 0;
    for (int i = 0; i < 2 * n; i++)
        add(l, (piq_task){.form = PIQ_TASK_REPEAT,
                          .content = {PIQ_NO_IX32},
                          .concept = concept,
                          .after = PIQ_PATH_NONE,
                          .minutes = PIQ_REVIEW_MINUTES,
                          .worth = worth / PIQ_REVIEW_MINUTES,
                          .dose = dose});
}

static void add_check(lister *l, piq_concept_ix concept)
{
    add(l, (piq_task){.form = PIQ_TASK_CHECK,
                      .content = {PIQ_NO_IX32},
                      .concept = concept,
                      .after = PIQ_PATH_NONE,
                      .minutes = PIQ_REVIEW_MINUTES});
}

static piq_status list_checks(piq_arena *a, lister *l)
{
    piq_path_state *s = l->s;
    piq_concept_ix found[MOST_CHECKS];
    uint32_t *mark = piq_new(a, uint32_t, s->n_closure);
    uint32_t *stack = piq_new(a, uint32_t, s->n_closure);
    if (!mark || !stack)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < s->n_closure; i++)
        if (s->needs[s->closure[i].v].claimed)
            add_check(l, s->closure[i]);
    size_t n = piq_path_checks(s, found, MOST_CHECKS, mark, stack);
    for (size_t i = 0; i < n; i++)
        add_check(l, found[i]);
    return PIQ_OK;
}

/* ---- what has to come first -------------------------------------------- */

static uint32_t task_for(const piq_path_state *s, piq_content_ix content)
{
    return s->task_of[content.v] - 1; /* none: PIQ_PATH_NONE */
}

/* The best explanation of a concept among the tasks. */
static uint32_t lesson_of(const piq_path_state *s, piq_concept_ix concept)
{
    const piq_catalogue *c = s->c;
    uint32_t best = PIQ_PATH_NONE;
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++) {
        uint32_t t = task_for(s, c->by_concept[i]);
        if (t == PIQ_PATH_NONE || s->tasks[t].concept.v != concept.v ||
            piq_path_asks(&c->contents[c->by_concept[i].v]))
            continue;
        if (best == PIQ_PATH_NONE || s->tasks[t].worth > s->tasks[best].worth)
            best = t;
    }
    return best;
}

static uint32_t content_before(const piq_path_state *s, const piq_task *t)
{
    const piq_content *x = &s->c->contents[t->content.v];
    for (size_t i = 0; i < x->n_prerequisites; i++)
        if (!piq_path_content_met(s, x->prerequisites[i]) &&
            task_for(s, x->prerequisites[i]) != PIQ_PATH_NONE)
            return task_for(s, x->prerequisites[i]);
    return PIQ_PATH_NONE;
}

/* Whether `task` has to come before `other`, by what is set so far. */
static bool comes_before(const piq_path_state *s, uint32_t task, uint32_t other)
{
    while (other != PIQ_PATH_NONE && other != task)
        other = s->tasks[other].after;
    return other == task;
}

/* Content waits for content; tasks wait for an explanation, unless that one
 * waits for them. */
static void set_after(piq_path_state *s)
{
    for (size_t i = 0; i < s->n_tasks; i++)
        if (s->tasks[i].form == PIQ_TASK_CONTENT)
            s->tasks[i].after = content_before(s, &s->tasks[i]);
    for (uint32_t i = 0; i < s->n_tasks; i++) {
        piq_task *t = &s->tasks[i];
        const piq_need *need = &s->needs[t->concept.v];
        bool asks = t->form == PIQ_TASK_REPEAT ||
                    (t->form == PIQ_TASK_CONTENT &&
                     piq_path_asks(&s->c->contents[t->content.v]));
        if (!asks || t->after != PIQ_PATH_NONE || !need->has_lesson ||
            need->explained || s->now[t->concept.v].mastery >= PIQ_READY)
            continue;
        uint32_t lesson = lesson_of(s, t->concept);
        if (lesson != PIQ_PATH_NONE && !comes_before(s, i, lesson))
            t->after = lesson;
    }
}

/* ---- wishes ------------------------------------------------------------ */

static void wish(piq_path_state *s, piq_content_ix content, uint16_t *rank,
                 int32_t first_day)
{
    const piq_content *x = &s->c->contents[content.v];
    for (size_t i = 0; x->type == PIQ_COURSE && i < x->n_contains; i++)
        if (s->c->contents[x->contains[i].v].type != PIQ_COURSE)
            wish(s, x->contains[i], rank, first_day);
    uint32_t t = task_for(s, content);
    if (t == PIQ_PATH_NONE || s->tasks[t].wanted)
        return;
    s->tasks[t].wanted = ++*rank;
    s->tasks[t].first_day = first_day;
}

static void hear_wishes(piq_path_state *s)
{
    const piq_path_wishes *w = &s->in->wishes;
    uint16_t rank = 0;
    for (size_t i = 0; w->freeze_today && i < w->n_frozen; i++)
        if (w->frozen[i].content.v != PIQ_NO_IX32)
            wish(s, w->frozen[i].content, &rank, 0);
    for (size_t i = 0; i < w->n_order; i++)
        wish(s, w->order[i], &rank, 0);
    for (size_t i = 0; i < w->n_pins; i++) {
        bool dated = w->pins[i].day != INT32_MAX &&
                     w->pins[i].day > s->in->from_day &&
                     w->pins[i].day - s->in->from_day <= PIQ_PLAN_HORIZON_DAYS;
        wish(s, w->pins[i].content, &rank,
             dated ? w->pins[i].day - s->in->from_day : 0);
    }
}

/* ---- putting it together ----------------------------------------------- */

typedef struct keyed {
    double worth;
    uint32_t task;
} keyed;

static int by_worth(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    if (x->worth != y->worth)
        return x->worth < y->worth ? 1 : -1;
    return (x->task > y->task) - (x->task < y->task);
}

static piq_status rank_tasks(piq_arena *a, piq_path_state *s)
{
    keyed *keys = piq_new(a, keyed, s->n_tasks);
    s->by_worth = piq_new(a, uint32_t, s->n_tasks);
    if (!keys || !s->by_worth)
        return PIQ_ENOMEM;
    for (uint32_t i = 0; i < s->n_tasks; i++)
        keys[i] = (keyed){s->tasks[i].worth, i};
    qsort(keys, s->n_tasks, sizeof *keys, by_worth);
    for (size_t i = 0; i < s->n_tasks; i++)
        s->by_worth[i] = keys[i].task;
    return PIQ_OK;
}

static void list_supports(lister *l)
{
    piq_path_state *s = l->s;
    for (uint32_t x = 0; x < s->c->n_contents; x++) {
        if (!(s->flags[x] & PIQ_ITEM_POOL) ||
            !(s->flags[x] & (PIQ_ITEM_SUPPORT | PIQ_ITEM_WANTED)) ||
            s->task_of[x])
            continue;
        value_content(l, x);
        add_content(l, x);
    }
}

piq_status piq_path_list_tasks(piq_arena *a, piq_path_state *s)
{
    const piq_catalogue *c = s->c;
    lister l = {.s = s,
                .way = piq_new(a, piq_belief, c->n_concepts),
                .mine = piq_new(a, uint32_t, c->n_contents),
                .density = piq_new(a, double, c->n_contents),
                .dose = piq_new(a, double, c->n_contents),
                .cap = c->n_contents + (MOST_REPEATS + 1) * s->n_closure +
                       MOST_CHECKS};
    s->tasks = piq_new(a, piq_task, l.cap);
    s->task_of = piq_new(a, uint32_t, c->n_contents);
    if (!l.way || !l.mine || !l.density || !l.dose || !s->tasks ||
        !s->task_of || list_checks(a, &l))
        return PIQ_ENOMEM;
    half_way(&l);
    for (size_t i = 0; i < s->n_closure; i++) {
        const piq_need *need = &s->needs[s->closure[i].v];
        if (need->known || need->claimed)
            continue;
        list_contents(&l, s->closure[i]);
        list_repeats(&l, s->closure[i]);
    }
    list_supports(&l);
    set_after(s);
    hear_wishes(s);
    return rank_tasks(a, s);
}
