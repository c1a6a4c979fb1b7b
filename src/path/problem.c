/* problem.c - a stretch of days as a problem of solve/problem.h, and back.
 *
 * Levels are doses of the law of practice over what is expected now, so that
 * doses add up. A concept's value table is the mean over the particles of what
 * its mastery is worth after a dose (posterior.c). Of a dose of day d there is
 * left at the end
 *
 *     keep[d] = R(max(end - d, SETTLE_DAYS); S) (1 - SLIP)^d
 *
 * R and S by FSRS, S the stability after that practice: nobody should plan to
 * learn on the eve, so the last days count alike, and what is planned for
 * later is the less sure to happen (with a deadline SLIP makes both about even
 * over two months; without one, sooner is better).
 *
 * A review brings what answering teaches, and what it saves from forgetting:
 *
 *     gain = dose(review) + a (R(h; S') - R(h + interval; S)),  a = -ln(1-aim)
 *
 * with h half of the days, S' the stability after it.
 *
 * A content with several concepts waits for what any of them waits for; such
 * sets stand in the problem as concepts without weight. Content longer than
 * any day is a chain of pieces; what it teaches comes with the last.
 */
#include "path/state.h"

#include "solve/solve.h"

#include <math.h>
#include <stdlib.h>

#define SETTLE_DAYS 7.0
#define SLIP_DATED  0.005
#define SLIP        0.02
/* Of a target's worth, what an assessment shows of it. */
#define SHOWN_SHARE 0.05
/* Dose after which a concept has something to be reviewed. */
#define TO_REVIEW   0.3

enum {
    N_VALUES = 12,
    N_KEEPS = 40, /* classes of stability, two a doubling */
    MOST_PIECES = 60,
    MOST_WAITED = 64, /* concepts that one content waits for */
    REVIEW_LAG_DAYS = 2,
    REVIEW_GAP_DAYS = 4,
    MOST_REVIEWS = 3
};
#define VALUE_STEP 0.25

typedef struct builder {
    piq_arena *a;
    piq_path_state *s;
    int from, n_days;
    double end; /* day on which the value counts */
    double *keeps[N_KEEPS];
    piq_solve_concept *concepts;
    piq_solve_item *items;
    uint32_t *task_of_item;
    uint32_t *item_of_task; /* the last piece; PIQ_SOLVE_NONE */
    int *repeats, *slot;    /* [n_closure] to be had, offered so far */
    size_t n_concepts, n_items, cap_items;
    uint32_t *sets; /* hash table of concepts that are sets of others, + 1 */
    size_t n_sets;  /* a power of two */
    bool no_memory;
} builder;

/* ---- concepts ---------------------------------------------------------- */

static const double *keep_for(builder *b, double stability)
{
    int class = (int)lround(2 * log2(stability)) + 8;
    class = class < 0 ? 0 : class >= N_KEEPS ? N_KEEPS - 1 : class;
    if (b->keeps[class])
        return b->keeps[class];
    double *keep = piq_new(b->a, double, (size_t)b->n_days);
    double s = exp2((class - 8) / 2.0);
    double slip = 1 - (b->s->dated ? SLIP_DATED : SLIP), sure = 1;
    b->no_memory |= !keep;
    for (int d = 0; keep && d < b->n_days; d++) {
        double days = fmax(b->end - b->from - d, SETTLE_DAYS);
        keep[d] = sure * piq_fsrs_recall(b->s->fsrs, days, s);
        sure *= slip;
    }
    b->keeps[class] = keep;
    return keep;
}

static double review_dose(const piq_path_state *s, double mastery)
{
    piq_belief x = {
        .mastery = mastery, .mastery_low = mastery, .mastery_high = mastery};
    piq_gain_apply_review(&x, s->in->pace);
    return log((1 - mastery) / (1 - x.mastery));
}

/* The state of memory after the practice that a plan would bring next. */
static piq_fsrs_state practised(const piq_path_state *s, const piq_need *need)
{
    piq_fsrs_state fresh = {0, 0};
    if (need->memory.stability_days <= 0)
        return piq_fsrs_next(s->fsrs, fresh, 0, 3);
    double interval = piq_fsrs_interval(s->fsrs, need->memory.stability_days,
                                        s->in->desired_retention);
    return piq_fsrs_next(s->fsrs, need->memory, floor(fmax(1, interval)), 3);
}

static void set_reviews(const builder *b, piq_concept_ix k,
                        piq_solve_concept *out)
{
    const piq_path_state *s = b->s;
    const piq_need *need = &s->needs[k.v];
    bool seen = need->memory.stability_days > 0;
    double first = seen ? ceil(need->due_day) - b->from : 0;
    if (first >= b->n_days || need->claimed)
        return;
    piq_fsrs_state before = seen ? need->memory : practised(s, need);
    double interval = fmax(1, piq_fsrs_interval(s->fsrs, before.stability_days,
                                                s->in->desired_retention));
    piq_fsrs_state after = piq_fsrs_next(s->fsrs, before, floor(interval), 3);
    double half = fmax(b->end - b->from, SETTLE_DAYS) / 2;
    double saved =
        piq_fsrs_recall(s->fsrs, half, after.stability_days) -
        piq_fsrs_recall(s->fsrs, half + interval, before.stability_days);
    double middle = (s->now[k.v].mastery + need->aim) / 2;
    double teaches = need->review_dose > 0
                         ? need->review_dose
                         : review_dose(s, fmax(s->now[k.v].mastery, middle));
    out->review_gain = teaches - log(1 - need->aim) * fmax(0, saved);
    out->review_minutes = PIQ_REVIEW_MINUTES;
    out->review_ready = seen ? 0 : TO_REVIEW;
    out->review_lag = seen ? 0 : REVIEW_LAG_DAYS;
    out->review_gap = REVIEW_GAP_DAYS;
    out->review_most = MOST_REVIEWS;
    out->review_first_day = (uint16_t)fmax(0, first);
}

static void add_concept(builder *b, piq_concept_ix k)
{
    piq_path_state *s = b->s;
    const piq_need *need = &s->needs[k.v];
    const piq_concept *x = &s->c->concepts[k.v];
    double *value = piq_new(b->a, double, N_VALUES);
    uint32_t *needs = piq_new(b->a, uint32_t, x->n_prerequisites);
    double before, gained;
    b->no_memory |= !value || !needs;
    if (!value || !needs)
        return;
    piq_path_kept(s, k, b->end, &before, &gained);
    piq_path_worths(s, k, before, gained, VALUE_STEP, N_VALUES, value);
    bool open = s->now[k.v].mastery >= PIQ_READY;
    piq_solve_concept *out = &b->concepts[b->n_concepts++];
    *out = (piq_solve_concept){
        .weight = need->own,
        .prerequisites = needs,
        .ready = open ? 0 : piq_path_missing(s, k, need->ready),
        .keep = keep_for(b, practised(s, need).stability_days),
        .value = value,
        .value_step = VALUE_STEP,
        .n_value = N_VALUES};
    for (size_t i = 0; i < x->n_prerequisites; i++) {
        size_t p = x->prerequisites[i].v;
        if (s->now[p].mastery >= PIQ_READY || s->c->concepts[p].retired ||
            s->needs[p].aim <= 0)
            continue;
        uint32_t at = out->n_prerequisites++;
        for (; at > 0 && needs[at - 1] > s->needs[p].place; at--)
            needs[at] = needs[at - 1];
        needs[at] = s->needs[p].place;
    }
    set_reviews(b, k, out);
}

/* ---- what an item waits for -------------------------------------------- */

typedef struct waited {
    uint32_t places[MOST_WAITED];
    uint32_t n;
    bool never; /* for what the plan does not take up */
} waited;

static void wait_for(const piq_path_state *s, piq_concept_ix p, waited *w)
{
    const piq_need *need = &s->needs[p.v];
    uint32_t i = 0;
    if (s->now[p.v].mastery >= PIQ_READY || s->c->concepts[p.v].retired)
        return;
    while (i < w->n && w->places[i] < need->place)
        i++;
    if (i < w->n && w->places[i] == need->place && need->aim > 0)
        return;
    if (need->aim <= 0 || w->n == MOST_WAITED) {
        w->never = true;
        return;
    }
    for (uint32_t j = w->n++; j > i; j--)
        w->places[j] = w->places[j - 1];
    w->places[i] = need->place;
}

static void wait_for_prerequisites(const piq_path_state *s, piq_concept_ix k,
                                   waited *w)
{
    const piq_concept *x = &s->c->concepts[k.v];
    for (size_t i = 0; i < x->n_prerequisites; i++)
        wait_for(s, x->prerequisites[i], w);
}

static void wait_for_content(const piq_path_state *s, const piq_task *t,
                             waited *w)
{
    const piq_content *x = &s->c->contents[t->content.v];
    for (size_t i = 0; i < x->n_concepts; i++)
        wait_for_prerequisites(s, x->concepts[i].concept, w);
    for (size_t i = 0; i < x->n_prerequisites; i++) {
        piq_content_ix p = x->prerequisites[i];
        const piq_content *before = &s->c->contents[p.v];
        if (piq_path_content_met(s, p) || s->task_of[p.v])
            continue;
        for (size_t j = 0; j < before->n_concepts; j++)
            wait_for(s, before->concepts[j].concept, w);
    }
}

static bool same_set(const piq_solve_concept *x, const waited *w)
{
    if (x->n_prerequisites != w->n)
        return false;
    for (uint32_t i = 0; i < w->n; i++)
        if (x->prerequisites[i] != w->places[i])
            return false;
    return true;
}

/* A concept of the problem with exactly these prerequisites. */
static uint32_t set_for(builder *b, const waited *w)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (uint32_t i = 0; i < w->n; i++)
        hash = (hash ^ w->places[i]) * 1099511628211u;
    hash ^= hash >> 32;
    size_t at = (size_t)hash & (b->n_sets - 1);
    while (b->sets[at]) {
        if (same_set(&b->concepts[b->sets[at] - 1], w))
            return b->sets[at] - 1;
        at = (at + 1) & (b->n_sets - 1);
    }
    if (b->n_concepts >= PIQ_SOLVE_MAX_CONCEPTS)
        return PIQ_SOLVE_NONE;
    static const double nothing = 0;
    uint32_t *needs = piq_new(b->a, uint32_t, w->n);
    b->no_memory |= !needs;
    for (uint32_t i = 0; needs && i < w->n; i++)
        needs[i] = w->places[i];
    b->concepts[b->n_concepts++] =
        (piq_solve_concept){.prerequisites = needs,
                            .n_prerequisites = needs ? w->n : 0,
                            .keep = keep_for(b, 1),
                            .value = &nothing,
                            .value_step = 1,
                            .n_value = 1};
    b->sets[at] = (uint32_t)b->n_concepts;
    return b->sets[at] - 1;
}

static uint32_t main_of(builder *b, const piq_task *t)
{
    const piq_path_state *s = b->s;
    const piq_need *need = &s->needs[t->concept.v];
    waited w = {.n = 0};
    if (t->form == PIQ_TASK_CONTENT)
        wait_for_content(s, t, &w);
    else if (t->form == PIQ_TASK_REPEAT)
        wait_for_prerequisites(s, t->concept, &w);
    if (w.never)
        return PIQ_SOLVE_NONE;
    if (need->aim > 0 && same_set(&b->concepts[need->place], &w))
        return need->place;
    return set_for(b, &w);
}

/* ---- items ------------------------------------------------------------- */

static piq_solve_gain *gains_of(builder *b, const piq_task *t, uint32_t *n)
{
    const piq_path_state *s = b->s;
    bool bare = t->form != PIQ_TASK_CONTENT;
    const piq_content *x = bare ? NULL : &s->c->contents[t->content.v];
    size_t most = bare ? 1 : x->n_concepts;
    piq_solve_gain *out = piq_new(b->a, piq_solve_gain, most);
    *n = 0;
    b->no_memory |= !out;
    if (!out)
        return NULL;
    if (bare) {
        const piq_need *need = &s->needs[t->concept.v];
        double gain = t->dose;
        if (t->form == PIQ_TASK_CHECK)
            gain = need->claimed
                       ? piq_path_missing(s, t->concept, PIQ_MASTERED) + 1e-6
                       : 0;
        out[(*n)++] = (piq_solve_gain){need->place, gain};
        return out;
    }
    for (size_t i = 0; i < most && *n < PIQ_SOLVE_MAX_GAINS; i++) {
        const piq_need *need = &s->needs[x->concepts[i].concept.v];
        if (need->aim > 0)
            out[(*n)++] =
                (piq_solve_gain){need->place, t->dose * x->concepts[i].weight};
    }
    return out;
}

static double bonus_of(const piq_path_state *s, const piq_task *t)
{
    double bonus = 0;
    if (t->form != PIQ_TASK_CONTENT)
        return 0;
    const piq_content *x = &s->c->contents[t->content.v];
    for (size_t i = 0; x->type == PIQ_ASSESSMENT && i < x->n_concepts; i++) {
        const piq_need *need = &s->needs[x->concepts[i].concept.v];
        if (need->target && !need->known)
            bonus += SHOWN_SHARE * need->own * x->concepts[i].weight;
    }
    return bonus;
}

static size_t pieces_of(const piq_path_state *s, const piq_task *t)
{
    if (t->minutes <= s->longest_day)
        return 1;
    return (size_t)fmin(MOST_PIECES, ceil(t->minutes / s->longest_day));
}

/* Bare practice of a concept is spread over the days: each has a few of its
 * own, two at the least. False when there are no more days for it. */
static bool slot_of(builder *b, const piq_task *t, int *first, int *last)
{
    enum { LEAST_DAYS = 2 };
    uint32_t k = b->s->needs[t->concept.v].place;
    int days = b->n_days / b->repeats[k];
    days = days < LEAST_DAYS ? LEAST_DAYS : days;
    *first = days * b->slot[k]++;
    *last = *first + days - 1;
    return *first < b->n_days;
}

static void count_repeats(builder *b)
{
    const piq_path_state *s = b->s;
    for (size_t i = 0; i < s->n_tasks; i++)
        if (s->tasks[i].form == PIQ_TASK_REPEAT && !s->tasks[i].done)
            b->repeats[s->needs[s->tasks[i].concept.v].place]++;
}

static void add_item(builder *b, uint32_t task)
{
    piq_path_state *s = b->s;
    const piq_task *t = &s->tasks[task];
    uint32_t main = main_of(b, t), n_gains;
    size_t n = pieces_of(s, t);
    if (main == PIQ_SOLVE_NONE || t->first_day >= b->from + b->n_days ||
        b->n_items + n > PIQ_SOLVE_MAX_ITEMS || b->n_items + n > b->cap_items)
        return;
    int first = t->first_day > b->from ? t->first_day - b->from : 0;
    int last_day = b->n_days - 1;
    if (t->form != PIQ_TASK_CONTENT && t->minutes > s->longest_day)
        return;
    if (t->form == PIQ_TASK_REPEAT && !slot_of(b, t, &first, &last_day))
        return;
    piq_solve_gain *gains = gains_of(b, t, &n_gains);
    for (size_t i = 0; gains && i < n; i++) {
        bool last = i + 1 == n;
        b->task_of_item[b->n_items] = task;
        b->items[b->n_items++] = (piq_solve_item){
            .minutes = fmin(t->minutes / (double)n, s->longest_day),
            .main = main,
            .after = i ? (uint32_t)b->n_items - 2 : PIQ_SOLVE_NONE,
            .gains = gains,
            .n_gains = last ? n_gains : 0,
            .bonus = last ? bonus_of(s, t) : 0,
            .first_day = (uint16_t)first,
            .last_day = (uint16_t)last_day,
            .pinned = t->wanted > 0 || t->form == PIQ_TASK_CHECK};
        if (i)
            b->items[b->n_items - 1].after = (uint32_t)b->n_items - 2;
    }
    b->item_of_task[task] = (uint32_t)b->n_items - 1;
}

/* The first piece of a task waits for the last one of what it is after. */
static void link_items(builder *b)
{
    const piq_path_state *s = b->s;
    for (size_t i = 0; i < b->n_items; i++) {
        const piq_task *t = &s->tasks[b->task_of_item[i]];
        bool first = i == 0 || b->task_of_item[i - 1] != b->task_of_item[i];
        if (!first || t->after == PIQ_PATH_NONE || s->tasks[t->after].done)
            continue;
        b->items[i].after = b->item_of_task[t->after];
        /* What cannot be done holds back what comes after it. */
        if (b->items[i].after == PIQ_SOLVE_NONE)
            b->items[i].last_day = 0, b->items[i].first_day = 1;
    }
}

static piq_status build(builder *b)
{
    piq_path_state *s = b->s;
    b->cap_items = s->n_tasks + (size_t)2 * MOST_PIECES;
    for (size_t i = 0; i < s->n_tasks; i++)
        b->cap_items += pieces_of(s, &s->tasks[i]) - 1;
    for (b->n_sets = 64; b->n_sets < 2 * s->n_tasks; b->n_sets *= 2)
        ;
    b->concepts =
        piq_new(b->a, piq_solve_concept, s->n_closure + s->n_tasks + 1);
    b->items = piq_new(b->a, piq_solve_item, b->cap_items);
    b->task_of_item = piq_new(b->a, uint32_t, b->cap_items);
    b->item_of_task = piq_new(b->a, uint32_t, s->n_tasks);
    b->sets = piq_new(b->a, uint32_t, b->n_sets);
    b->repeats = piq_new(b->a, int, s->n_closure);
    b->slot = piq_new(b->a, int, s->n_closure);
    if (!b->concepts || !b->items || !b->task_of_item || !b->item_of_task ||
        !b->sets || !b->repeats || !b->slot)
        return PIQ_ENOMEM;
    count_repeats(b);
    for (size_t i = 0; i < s->n_closure && !b->no_memory; i++)
        add_concept(b, s->closure[i]);
    for (uint32_t i = 0; i < s->n_tasks && !b->no_memory; i++) {
        b->item_of_task[i] = PIQ_SOLVE_NONE;
        if (!s->tasks[i].done && s->begun.task != i)
            add_item(b, i);
    }
    if (b->no_memory)
        return PIQ_ENOMEM;
    link_items(b);
    return PIQ_OK;
}

/* ---- from and to the search -------------------------------------------- */

static bool within(const builder *b, int32_t day)
{
    return day >= b->from && day < b->from + b->n_days;
}

static void fill_start(const builder *b, piq_solve_plan *start)
{
    const piq_path_state *s = b->s;
    for (size_t i = 0; i < b->n_items; i++) {
        int32_t day = s->tasks[b->task_of_item[i]].day;
        if (within(b, day))
            start->item_day[i] = (int16_t)(day - b->from);
    }
    for (size_t i = 0; i < s->n_reviews; i++) {
        uint32_t k = s->needs[s->reviews[i].concept.v].place;
        if (!within(b, s->reviews[i].day) ||
            start->n_reviews[k] >= MOST_REVIEWS)
            continue;
        start->review_day[k * PIQ_SOLVE_MAX_REVIEWS + start->n_reviews[k]++] =
            (int16_t)(s->reviews[i].day - b->from);
    }
}

static int by_day(const void *a, const void *b)
{
    const piq_path_review *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return (x->concept.v > y->concept.v) - (x->concept.v < y->concept.v);
}

/* Reviews as the search has them, then those for days to come after these. */
static piq_status take_reviews(builder *b, const piq_solve_plan *plan)
{
    piq_path_state *s = b->s;
    size_t n = 0, most = s->n_reviews;
    for (size_t k = 0; k < s->n_closure; k++)
        most += plan->n_reviews[k];
    piq_path_review *list = piq_new(b->a, piq_path_review, most);
    if (!list)
        return PIQ_ENOMEM;
    for (size_t k = 0; k < s->n_closure; k++)
        for (size_t i = 0; i < plan->n_reviews[k]; i++)
            list[n++] = (piq_path_review){
                s->closure[k],
                b->from + plan->review_day[k * PIQ_SOLVE_MAX_REVIEWS + i]};
    for (size_t i = 0; i < s->n_reviews; i++)
        if (s->reviews[i].day >= b->from + b->n_days)
            list[n++] = s->reviews[i];
    qsort(list, n, sizeof *list, by_day);
    s->reviews = list;
    s->n_reviews = n;
    return PIQ_OK;
}

static piq_status take(builder *b, const piq_solve_plan *plan)
{
    piq_path_state *s = b->s;
    for (size_t i = 0; i < s->n_tasks; i++)
        if (s->tasks[i].day < b->from + b->n_days)
            s->tasks[i].day = INT32_MAX;
    /* Of a chain, the day of the first piece; nothing when it does not end. */
    for (size_t i = b->n_items; i-- > 0;) {
        piq_task *t = &s->tasks[b->task_of_item[i]];
        bool last = b->item_of_task[b->task_of_item[i]] == i;
        if (plan->item_day[i] >= 0 && (last || within(b, t->day)))
            t->day = b->from + plan->item_day[i];
    }
    return take_reviews(b, plan);
}

piq_status piq_path_choose(piq_arena *a, piq_path_state *s, int from,
                           int n_days, uint64_t iterations, bool go_on,
                           piq_err *err)
{
    builder b = {.a = a, .s = s, .from = from, .n_days = n_days};
    piq_solve_options o = {.seed = s->in->seed, .iterations = iterations};
    piq_solve_plan start, plan;
    b.end = s->dated ? s->last_plan_day : from + n_days - 1;
    piq_status status = build(&b);
    if (status)
        return status;
    piq_solve_problem p = {.concepts = b.concepts,
                           .n_concepts = b.n_concepts,
                           .items = b.items,
                           .n_items = b.n_items,
                           .budget = s->budget + from,
                           .n_days = (size_t)n_days};
    if (go_on) {
        status = piq_solve_plan_new(a, &p, &start);
        if (status)
            return status;
        fill_start(&b, &start);
    }
    status = piq_solve(a, &p, &o, go_on ? &start : NULL, &plan, err);
    return status ? status : take(&b, &plan);
}
