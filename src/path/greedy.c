/* greedy.c - lazy greedy (Minoux 1978): the open content of most worth per
 * minute, worth that is out of date found out only when it comes to the top.
 *
 * What a concept's mastery is worth is concave: up to its knee it counts for
 * itself and for what it opens, up to the aim for itself, above for nothing.
 * So doing one content mostly lowers the worth of the others. It raises it in
 * two cases: content that was too hard becomes feasible, and content that was
 * closed opens. Both touch only neighbours of what was done, and those are
 * valued again at once.
 */
#include "path/search.h"

#include <math.h>

/* Of a target's worth, what showing it (four answers) is worth when its
 * mastery is believed but not shown. */
#define SHOWN_SHARE 0.05
/* Content too long for the rest of a day that is looked past for something
 * shorter; without the limit every day's end goes through the whole heap (80
 * ms instead of 9 for 5,000 contents). */
enum { LOOK_PAST = 32 };
/* Below this worth a content is no help. */
#define LEAST_VALUE    1e-6
/* Below this weight a concept is only touched: no repetition of it. */
#define REPEATS_FROM   0.2
/* An assessment is due when so much of it is what the plan worked on. */
#define ASSESSED_SHARE 0.5

bool piq_path_asks(const piq_content *x)
{
    return x->practice || x->type == PIQ_ASSESSMENT ||
           x->type == PIQ_CHARACTER || x->type == PIQ_REVIEW;
}

double piq_path_minutes(const piq_path_search *s, piq_content_ix content)
{
    const piq_content_history *h = &s->in->history[content.v];
    double minutes = s->c->contents[content.v].minutes;
    if (h->progress != PIQ_STARTED || minutes <= s->sitting)
        return minutes;
    return fmax(fmin(minutes, s->least_part), minutes - h->seconds / 60.0);
}

static bool fits(const piq_path_search *s, uint32_t content, double minutes,
                 double whole_day)
{
    double takes = piq_path_minutes(s, (piq_content_ix){content});
    if (takes <= minutes)
        return true;
    return minutes >= s->least_part &&
           (takes > s->longest_day ||
            (takes > s->sitting && takes <= whole_day));
}

/* ---- worth ------------------------------------------------------------- */

static double worth_of_gain(const piq_need *need, double before, double after)
{
    double knee = fmin(after, need->knee) - fmin(before, need->knee);
    double aim = fmin(after, need->aim) - fmin(before, need->aim);
    return need->unlock * knee + need->own * aim;
}

/* What other content waits for; once its concepts are ready nobody does. */
static double worth_of_opening(const piq_path_search *s, uint32_t content)
{
    const piq_content *x = &s->c->contents[content];
    if (s->bonus[content] <= 0)
        return 0;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (s->now[x->concepts[i].concept.v].mastery < PIQ_READY)
            return s->bonus[content];
    return 0;
}

static double worth_of(const piq_path_search *s, uint32_t content)
{
    const piq_content *x = &s->c->contents[content];
    double success =
        piq_gain_success(x, s->now, piq_difficulty_logit(x->difficulty));
    double dose = piq_gain_dose(x, success, s->in->pace);
    double answers =
        piq_path_asks(x) ? x->minutes / PIQ_MINUTES_EACH_ANSWER : 0;
    double worth = worth_of_opening(s, content);
    for (size_t i = 0; i < x->n_concepts; i++) {
        size_t k = x->concepts[i].concept.v;
        const piq_need *need = &s->needs[k];
        const piq_belief *b = &s->now[k];
        double w = x->concepts[i].weight;
        if (need->aim <= 0)
            continue;
        if (b->mastery < need->aim)
            worth += worth_of_gain(need, b->mastery,
                                   piq_gain_mastery(b->mastery, dose * w));
        double unshown = PIQ_MASTERED_EVIDENCE - (double)b->evidence;
        if (need->target && unshown > 0)
            worth += SHOWN_SHARE * need->own * fmin(1, answers * w / unshown);
    }
    return worth;
}

piq_concept_ix piq_path_main_concept(const piq_path_search *s,
                                     const piq_content *x)
{
    piq_concept_ix best = {PIQ_NO_IX16};
    double most = -1;
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        const piq_need *need = &s->needs[k.v];
        double left = fmax(0, need->aim - s->now[k.v].mastery);
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

/* ---- the heap ---------------------------------------------------------- */

static bool better(const piq_path_search *s, uint32_t x, uint32_t y)
{
    if (s->density[x] != s->density[y])
        return s->density[x] > s->density[y];
    return s->c->contents[x].id.v < s->c->contents[y].id.v;
}

static void place(piq_path_search *s, size_t i, uint32_t x)
{
    s->heap[i] = x;
    s->heap_at[x] = (uint32_t)i + 1;
}

static void sift_up(piq_path_search *s, size_t i, uint32_t x)
{
    while (i > 0 && better(s, x, s->heap[(i - 1) / 2])) {
        place(s, i, s->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(s, i, x);
}

static void sift_down(piq_path_search *s, size_t i, uint32_t x)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= s->n_heap)
            break;
        if (child + 1 < s->n_heap &&
            better(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (!better(s, s->heap[child], x))
            break;
        place(s, i, s->heap[child]);
        i = child;
    }
    place(s, i, x);
}

/* Puts x in, or where its density now belongs. */
static void offer(piq_path_search *s, uint32_t x, double density)
{
    size_t at = s->heap_at[x] ? s->heap_at[x] - 1 : s->n_heap++;
    s->density[x] = density;
    sift_up(s, at, x);
    sift_down(s, s->heap_at[x] - 1, x);
}

static void pop(piq_path_search *s)
{
    uint32_t last = s->heap[--s->n_heap];
    s->heap_at[s->heap[0]] = 0;
    if (s->n_heap > 0)
        sift_down(s, 0, last);
}

/* ---- opening ----------------------------------------------------------- */

/* The moment of an assessment: what it asks for has been worked on, and is
 * reached or has nothing left to do. */
static bool is_milestone(const piq_path_search *s, const piq_content *x)
{
    double worked = 0;
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        const piq_need *need = &s->needs[k.v];
        if (need->aim <= 0 || need->known)
            continue;
        if (s->now[k.v].mastery < need->aim && need->open_contents > 0)
            return false;
        worked += x->concepts[i].weight;
    }
    return worked >= ASSESSED_SHARE;
}

/* Tasks come after an explanation, where there is one and it is needed. */
static bool is_explained(const piq_path_search *s, const piq_content *x)
{
    piq_concept_ix k = piq_path_main_concept(s, x);
    return k.v == PIQ_NO_IX16 || !piq_path_asks(x) || s->needs[k.v].explained ||
           !s->needs[k.v].has_lesson || s->now[k.v].mastery >= PIQ_READY;
}

/* Values a content again, and lets it in when it has opened. */
static void consider(piq_path_search *s, uint32_t content)
{
    const piq_content *x = &s->c->contents[content];
    if (!(s->flags[content] & PIQ_ITEM_POOL) ||
        s->flags[content] & (PIQ_ITEM_DONE | PIQ_ITEM_BEGUN))
        return;
    if (s->heap_at[content]) {
        offer(s, content, worth_of(s, content) / x->minutes);
        return;
    }
    if (!is_explained(s, x) || !piq_path_open(s, (piq_content_ix){content}))
        return;
    if (x->type == PIQ_ASSESSMENT) {
        if (!is_milestone(s, x))
            return;
        s->flags[content] &= (uint8_t)~PIQ_ITEM_POOL; /* only once */
        s->checks[s->n_checks++] = content;
        return;
    }
    double worth = worth_of(s, content);
    if (worth > LEAST_VALUE)
        offer(s, content, worth / x->minutes);
}

static void consider_all_of(piq_path_search *s, piq_concept_ix concept)
{
    const piq_catalogue *c = s->c;
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++)
        consider(s, c->by_concept[i].v);
}

static void consider_waiting(piq_path_search *s, piq_content_ix content)
{
    for (uint32_t i = s->waiting_at[content.v];
         i < s->waiting_at[content.v + 1]; i++)
        consider(s, s->waiting[i].v);
}

/* A concept has become ready: what needs it may open, and so may content that
 * asks for content about it. */
static void opened(piq_path_search *s, piq_concept_ix concept)
{
    const piq_catalogue *c = s->c;
    for (uint32_t i = s->dependants_at[concept.v];
         i < s->dependants_at[concept.v + 1]; i++)
        consider_all_of(s, s->dependants[i]);
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++)
        consider_waiting(s, c->by_concept[i]);
}

/* ---- choosing and doing ------------------------------------------------ */

static piq_content_ix next_check(piq_path_search *s, double minutes,
                                 double whole_day)
{
    for (size_t i = 0; i < s->n_checks; i++) {
        uint32_t x = s->checks[i];
        if (!fits(s, x, minutes, whole_day))
            continue;
        s->n_checks--;
        for (size_t j = i; j < s->n_checks; j++)
            s->checks[j] = s->checks[j + 1];
        return (piq_content_ix){x};
    }
    return (piq_content_ix){PIQ_NO_IX32};
}

/* The heap's root, brought up to date; PIQ_NO_IX32 when nothing is worth
 * doing. */
static uint32_t best_now(piq_path_search *s)
{
    while (s->n_heap > 0) {
        uint32_t x = s->heap[0];
        if (s->flags[x] & PIQ_ITEM_DONE) { /* taken as a review */
            pop(s);
            continue;
        }
        double worth = worth_of(s, x);
        double density = worth / s->c->contents[x].minutes;
        if (worth <= LEAST_VALUE) {
            pop(s);
            continue;
        }
        /* Exactly as when it was valued: nothing has changed for it. */
        if (density >= s->density[x])
            return x;
        offer(s, x, density);
        if (s->heap[0] == x)
            return x;
    }
    return PIQ_NO_IX32;
}

piq_content_ix piq_path_next(piq_path_search *s, double minutes,
                             double whole_day)
{
    piq_content_ix found = next_check(s, minutes, whole_day);
    size_t n_aside = 0;
    /* With all targets met, only what they were to be checked with is left. */
    while (found.v == PIQ_NO_IX32 && s->n_unmet_targets > 0 &&
           minutes >= s->shortest && n_aside < LOOK_PAST) {
        uint32_t x = best_now(s);
        if (x == PIQ_NO_IX32)
            break;
        pop(s);
        if (fits(s, x, minutes, whole_day))
            found.v = x;
        else
            s->aside[n_aside++] = x;
    }
    for (size_t i = 0; i < n_aside; i++)
        offer(s, s->aside[i], s->density[s->aside[i]]);
    return found;
}

piq_content_ix piq_path_practice_for(const piq_path_search *s,
                                     piq_concept_ix concept, double minutes)
{
    const piq_catalogue *c = s->c;
    piq_content_ix best = {PIQ_NO_IX32};
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++) {
        piq_content_ix x = c->by_concept[i];
        const piq_content *content = &c->contents[x.v];
        if (!s->heap_at[x.v] || s->flags[x.v] & PIQ_ITEM_DONE ||
            !piq_path_asks(content) || piq_path_minutes(s, x) > minutes ||
            piq_path_main_concept(s, content).v != concept.v)
            continue;
        if (best.v == PIQ_NO_IX32 || better(s, x.v, best.v))
            best = x;
    }
    return best;
}

static void remember(piq_path_search *s, piq_concept_ix concept, bool asked,
                     double day)
{
    piq_need *need = &s->needs[concept.v];
    bool first = need->memory.stability_days <= 0;
    if (!first && !asked)
        return; /* reading again is no recall */
    double elapsed = first ? 0 : fmax(0, floor(day - need->last_day));
    need->memory = piq_fsrs_next(s->fsrs, need->memory, elapsed, 3);
    need->last_day = day;
    double interval = piq_fsrs_interval(s->fsrs, need->memory.stability_days,
                                        s->in->desired_retention);
    need->due_day = day + fmax(1, floor(interval));
}

static void settle(piq_path_search *s, piq_concept_ix concept, double before)
{
    bool crossed = before < PIQ_READY && s->now[concept.v].mastery >= PIQ_READY;
    consider_all_of(s, concept);
    if (crossed)
        opened(s, concept);
}

void piq_path_begin(piq_path_search *s, piq_content_ix content)
{
    s->flags[content.v] |= PIQ_ITEM_BEGUN;
}

void piq_path_do(piq_path_search *s, piq_content_ix content, double day)
{
    const piq_content *x = &s->c->contents[content.v];
    double before[PIQ_MAX_CONTENT_CONCEPTS];
    bool asked = piq_path_asks(x);
    s->flags[content.v] |= PIQ_ITEM_DONE;
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_need *need = &s->needs[x->concepts[i].concept.v];
        before[i] = s->now[x->concepts[i].concept.v].mastery;
        if (x->type != PIQ_ASSESSMENT && need->open_contents > 0)
            need->open_contents--;
        need->explained |= !asked;
        if (x->concepts[i].weight >= REPEATS_FROM)
            remember(s, x->concepts[i].concept, asked, day);
    }
    piq_gain_apply(x, s->now, s->in->pace);
    for (size_t i = 0; i < x->n_concepts; i++)
        settle(s, x->concepts[i].concept, before[i]);
    consider_waiting(s, content);
}

void piq_path_review(piq_path_search *s, piq_concept_ix concept, double day)
{
    double before = s->now[concept.v].mastery;
    piq_gain_apply_review(&s->now[concept.v], s->in->pace);
    remember(s, concept, true, day);
    settle(s, concept, before);
}

/* ---- setting up -------------------------------------------------------- */

static piq_status index_dependants(piq_arena *a, piq_path_search *s)
{
    const piq_catalogue *c = s->c;
    uint32_t *at = piq_new(a, uint32_t, c->n_concepts + 2);
    if (!at)
        return PIQ_ENOMEM;
    for (size_t k = 0; k < c->n_concepts; k++)
        for (size_t i = 0; i < c->concepts[k].n_prerequisites; i++)
            at[c->concepts[k].prerequisites[i].v + 2]++;
    for (size_t k = 2; k < c->n_concepts + 2; k++)
        at[k] += at[k - 1];
    s->dependants = piq_new(a, piq_concept_ix, at[c->n_concepts + 1]);
    if (!s->dependants)
        return PIQ_ENOMEM;
    /* at[k+1] runs from the start of k's range to its end: the range of k is
     * then at[k]..at[k+1]. */
    for (size_t k = 0; k < c->n_concepts; k++)
        for (size_t i = 0; i < c->concepts[k].n_prerequisites; i++) {
            size_t p = c->concepts[k].prerequisites[i].v;
            s->dependants[at[p + 1]++] = (piq_concept_ix){(uint16_t)k};
        }
    s->dependants_at = at;
    return PIQ_OK;
}

static piq_status index_waiting(piq_arena *a, piq_path_search *s)
{
    const piq_catalogue *c = s->c;
    uint32_t *at = piq_new(a, uint32_t, c->n_contents + 2);
    if (!at)
        return PIQ_ENOMEM;
    for (size_t x = 0; x < c->n_contents; x++)
        for (size_t i = 0; i < c->contents[x].n_prerequisites; i++)
            at[c->contents[x].prerequisites[i].v + 2]++;
    for (size_t x = 2; x < c->n_contents + 2; x++)
        at[x] += at[x - 1];
    s->waiting = piq_new(a, piq_content_ix, at[c->n_contents + 1]);
    if (!s->waiting)
        return PIQ_ENOMEM;
    for (size_t x = 0; x < c->n_contents; x++)
        for (size_t i = 0; i < c->contents[x].n_prerequisites; i++) {
            size_t p = c->contents[x].prerequisites[i].v;
            s->waiting[at[p + 1]++] = (piq_content_ix){(uint32_t)x};
        }
    s->waiting_at = at;
    return PIQ_OK;
}

/* Content that other content asks for carries a share of that one's worth, or
 * nobody would do it. Positions say nothing of who needs whom, so a few rounds
 * carry the worth down as long a chain as curricula have. */
static void set_bonus(piq_path_search *s)
{
    enum { ROUNDS = 4 };
    for (int round = 0; round < ROUNDS; round++)
        for (uint32_t x = 0; x < s->c->n_contents; x++) {
            if (!(s->flags[x] & PIQ_ITEM_SUPPORT) ||
                s->flags[x] & PIQ_ITEM_DONE)
                continue;
            const piq_content *content = &s->c->contents[x];
            double share = worth_of(s, x) / 2;
            for (size_t i = 0; i < content->n_prerequisites; i++) {
                uint32_t p = content->prerequisites[i].v;
                if (s->flags[p] & PIQ_ITEM_SUPPORT)
                    s->bonus[p] = fmax(s->bonus[p], share);
            }
        }
}

/* What a day must have left for the content to be of use on it. */
static double least_minutes(const piq_path_search *s, uint32_t content)
{
    double takes = piq_path_minutes(s, (piq_content_ix){content});
    return takes > s->sitting ? fmin(takes, s->least_part) : takes;
}

piq_status piq_path_greedy_init(piq_arena *a, piq_path_search *s)
{
    size_t n = s->c->n_contents;
    s->bonus = piq_new(a, double, n);
    s->heap = piq_new(a, uint32_t, n);
    s->heap_at = piq_new(a, uint32_t, n);
    s->density = piq_new(a, double, n);
    s->checks = piq_new(a, uint32_t, n);
    s->aside = piq_new(a, uint32_t, LOOK_PAST);
    if (!s->bonus || !s->heap || !s->heap_at || !s->density || !s->checks ||
        !s->aside || index_dependants(a, s) || index_waiting(a, s))
        return PIQ_ENOMEM;
    set_bonus(s);
    s->shortest = INFINITY;
    for (uint32_t x = 0; x < n; x++) {
        if (s->flags[x] & PIQ_ITEM_POOL)
            s->shortest = fmin(s->shortest, least_minutes(s, x));
        if (is_explained(s, &s->c->contents[x]) &&
            piq_path_open(s, (piq_content_ix){x}))
            s->flags[x] |= PIQ_ITEM_READY;
        consider(s, x);
    }
    return PIQ_OK;
}
