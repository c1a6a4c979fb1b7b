/* day.c - what one day holds, and in which order.
 *
 * Of what may be done now, the task that follows best comes next:
 *
 *     wishes, in their order; checks, before minutes go into what they check
 *     what an earlier day could not hold
 *     reviews early, as they warm up and must not be crowded out
 *     a concept met today: its tasks at once (blocked at first introduction)
 *     later: another concept than the last one, of the same area or next to
 *         it in the graph (interleaved among what is easily confused; Rohrer
 *         & Taylor 2007, Instructional Science 35:481-498)
 *     near the last step in the graph (coherent)
 *     prerequisites first
 */
#include "path/walk.h"

#include <math.h>

#define WANTED_SCORE 1000.0
#define CHECK_SCORE  100.0
#define LATE_SCORE   0.5 /* a day */
#define LATE_MOST    5.0
#define REVIEW_SCORE 3.0
#define LESSON_SCORE 1.0
#define SAME_LESSON  1.5
#define BLOCKED      2.0
#define REPEATED     (-1.0)
#define MIXED        1.0
#define NEAR         0.5
#define SAME_AREA    0.25
#define CLOSING      (-0.5)
#define PLACE_SCORE  1e-4

enum {
    LOOK_AHEAD = 48, /* chosen for later days */
    LOOK_AROUND = 96 /* not chosen */
};
#define REPEAT_EVERY_DAYS 2.0
/* An assessment is due when so much of it is what the plan worked on. */
#define ASSESSED_SHARE    0.5
#define HAIR              1e-9

bool piq_walk_fits(const piq_walk *w, const piq_task *t, bool whole)
{
    const piq_path_state *s = w->s;
    if (t->minutes <= w->left + HAIR)
        return true;
    return !whole && t->form == PIQ_TASK_CONTENT && w->left >= s->least_part &&
           (t->minutes > s->longest_day ||
            (t->minutes > s->sitting && t->minutes <= s->budget[w->day]));
}

/* ---- may it be done ---------------------------------------------------- */

/* What it asks for has been worked on, and is reached or has nothing left. */
static bool is_milestone(const piq_path_state *s, const piq_content *x)
{
    double worked = 0;
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        const piq_need *need = &s->needs[k.v];
        if (need->aim <= 0 || need->known)
            continue;
        if (s->now[k.v].mastery < need->aim && need->pending > 0)
            return false;
        worked += x->concepts[i].weight;
    }
    return worked >= ASSESSED_SHARE;
}

/* Tasks come after an explanation, where one is to come and needed. */
static bool is_explained(const piq_path_state *s, const piq_task *t)
{
    const piq_need *need = &s->needs[t->concept.v];
    bool chosen = t->day != INT32_MAX;
    return need->explained || s->now[t->concept.v].mastery >= PIQ_READY ||
           t->wanted > 0 || !(chosen ? need->lessons > 0 : need->has_lesson);
}

static bool may_repeat(const piq_walk *w, const piq_task *t)
{
    const piq_path_state *s = w->s;
    const piq_need *need = &s->needs[t->concept.v];
    bool practised = need->memory.stability_days > 0;
    bool seen = practised || need->explained ||
                s->now[t->concept.v].mastery >= need->aim;
    double apart = t->day == INT32_MAX ? REPEAT_EVERY_DAYS : 1;
    return seen && piq_path_concept_open(s, t->concept) &&
           (!practised || w->day - need->last_day >= apart);
}

bool piq_walk_open(const piq_walk *w, const piq_task *t)
{
    const piq_path_state *s = w->s;
    if (t->done || w->day < t->first_day)
        return false;
    switch (t->form) {
    case PIQ_TASK_CHECK:
        return true;
    case PIQ_TASK_REPEAT:
        return is_explained(s, t) && may_repeat(w, t);
    case PIQ_TASK_CONTENT:
        break;
    }
    const piq_content *x = &s->c->contents[t->content.v];
    if (x->type == PIQ_ASSESSMENT && !t->wanted && !is_milestone(s, x))
        return false;
    /* What is said to be known is checked before anything teaches it. */
    bool claimed = s->needs[t->concept.v].claimed && !t->wanted;
    return !claimed && (!piq_path_asks(x) || is_explained(s, t)) &&
           piq_path_open(s, t->content);
}

static bool has_enough(const piq_path_state *s, piq_concept_ix k, bool asks)
{
    const piq_need *need = &s->needs[k.v];
    const piq_belief *b = &s->now[k.v];
    if (need->aim <= 0 || need->known)
        return true;
    return b->mastery >= need->enough &&
           (!asks || !need->target || b->evidence >= PIQ_MASTERED_EVIDENCE);
}

bool piq_walk_needless(const piq_path_state *s, const piq_task *t)
{
    if (t->wanted || t->form == PIQ_TASK_CHECK)
        return false;
    if (t->form == PIQ_TASK_REPEAT)
        return has_enough(s, t->concept, true);
    const piq_content *x = &s->c->contents[t->content.v];
    if (x->type == PIQ_ASSESSMENT)
        return false;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (!has_enough(s, x->concepts[i].concept, piq_path_asks(x)))
            return false;
    return !(s->flags[t->content.v] & PIQ_ITEM_SUPPORT) ||
           piq_path_content_met(s, t->content);
}

bool piq_walk_reviewable(const piq_walk *w, piq_concept_ix k)
{
    const piq_need *need = &w->s->needs[k.v];
    if (need->memory.stability_days <= 0 || need->last_day >= w->day)
        return false;
    return need->due_day <= w->day ||
           (w->s->now[k.v].mastery < need->enough &&
            w->day - need->last_day >= REPEAT_EVERY_DAYS);
}

/* ---- what follows best ------------------------------------------------- */

static bool needs(const piq_catalogue *c, piq_concept_ix x, piq_concept_ix p)
{
    for (size_t i = 0; i < c->concepts[x.v].n_prerequisites; i++)
        if (c->concepts[x.v].prerequisites[i].v == p.v)
            return true;
    return false;
}

/* One step apart in the graph: one needs the other, or both need a third. */
static bool is_near(const piq_catalogue *c, piq_concept_ix x, piq_concept_ix y)
{
    if (needs(c, x, y) || needs(c, y, x))
        return true;
    for (size_t i = 0; i < c->concepts[x.v].n_prerequisites; i++)
        if (needs(c, y, c->concepts[x.v].prerequisites[i]))
            return true;
    return false;
}

static double nearness(const piq_walk *w, piq_concept_ix k)
{
    const piq_catalogue *c = w->s->c;
    piq_concept_ix last = w->last_concept;
    if (last.v == PIQ_NO_IX16 || last.v == k.v)
        return 0;
    bool area = c->concepts[k.v].area.v == c->concepts[last.v].area.v;
    return (is_near(c, k, last) ? NEAR : 0) + (area ? SAME_AREA : 0);
}

static double turn(const piq_walk *w, const piq_task *t)
{
    const piq_need *need = &w->s->needs[t->concept.v];
    bool same = t->concept.v == w->last_concept.v;
    bool bare = t->form == PIQ_TASK_REPEAT;
    const piq_content *x = bare ? NULL : &w->s->c->contents[t->content.v];
    if (x && x->type == PIQ_ASSESSMENT)
        return CLOSING;
    if (x && !piq_path_asks(x))
        return LESSON_SCORE + (same ? SAME_LESSON : 0);
    if (need->fresh)
        return same ? BLOCKED : 0;
    if (same)
        return REPEATED;
    return nearness(w, t->concept) > 0 ? MIXED : 0;
}

static double score_task(const piq_walk *w, const piq_task *t)
{
    double score =
        nearness(w, t->concept) - PLACE_SCORE * w->s->needs[t->concept.v].place;
    if (t->wanted)
        return score + WANTED_SCORE - t->wanted;
    if (t->form == PIQ_TASK_CHECK)
        return score + CHECK_SCORE;
    if (t->day < w->day)
        score += fmin(LATE_SCORE * (w->day - t->day), LATE_MOST);
    return score + turn(w, t);
}

static void offer(piq_pick *best, piq_pick pick)
{
    if (best->form == PIQ_PICK_NONE || pick.score > best->score)
        *best = pick;
}

static void choose_task(piq_walk *w, piq_pick *best)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n_ready; i++) {
        uint32_t at = w->ready[i];
        piq_task *t = &w->s->tasks[at];
        if (t->done)
            continue;
        if (piq_walk_needless(w->s, t)) {
            piq_walk_forget(w->s, t);
            continue;
        }
        w->ready[kept++] = at;
        if (!piq_walk_fits(w, t, false) || !piq_walk_open(w, t))
            continue;
        offer(best,
              (piq_pick){PIQ_PICK_TASK, at, t->concept, score_task(w, t)});
    }
    w->n_ready = kept;
}

static void choose_review(piq_walk *w, piq_pick *best)
{
    if (w->left + HAIR < PIQ_REVIEW_MINUTES)
        return;
    for (size_t i = 0; i < w->n_owed; i++) {
        piq_concept_ix k = w->owed[i];
        if (piq_walk_reviewable(w, k))
            offer(best, (piq_pick){PIQ_PICK_REVIEW, PIQ_PATH_NONE, k,
                                   REVIEW_SCORE + nearness(w, k)});
    }
    for (size_t i = 0; w->bare_left >= PIQ_REVIEW_MINUTES && i < w->n_shows;
         i++) {
        piq_concept_ix k = w->shows[i];
        if (!piq_path_met(w->s, k))
            offer(best,
                  (piq_pick){PIQ_PICK_SHOW, PIQ_PATH_NONE, k, nearness(w, k)});
    }
}

piq_pick piq_walk_choose(piq_walk *w)
{
    piq_pick best = {.form = PIQ_PICK_NONE};
    choose_task(w, &best);
    choose_review(w, &best);
    return best;
}

/* ---- minutes that are left --------------------------------------------- */

/* What later days were chosen to hold may come sooner. */
static void look_ahead(const piq_walk *w, piq_pick *best)
{
    size_t seen = 0;
    for (size_t i = w->next; i < w->n_queue && seen < LOOK_AHEAD; i++) {
        uint32_t at = w->queue[i];
        const piq_task *t = &w->s->tasks[at];
        if (t->done || piq_walk_needless(w->s, t))
            continue;
        seen++;
        if (!piq_walk_fits(w, t, true) || !piq_walk_open(w, t))
            continue;
        *best = (piq_pick){PIQ_PICK_TASK, at, t->concept, 0};
        return;
    }
}

static void look_around(const piq_walk *w, piq_pick *best)
{
    const piq_path_state *s = w->s;
    size_t seen = 0;
    for (size_t i = 0; i < s->n_tasks && seen < LOOK_AROUND; i++) {
        const piq_task *t = &s->tasks[s->by_worth[i]];
        if (t->done || t->day != INT32_MAX || piq_walk_needless(s, t))
            continue;
        seen++;
        if (!piq_walk_fits(w, t, false) || !piq_walk_open(w, t))
            continue;
        *best = (piq_pick){PIQ_PICK_TASK, s->by_worth[i], t->concept, 0};
        return;
    }
}

/* The memory that costs most to lose. */
static void look_back(const piq_walk *w, piq_pick *best)
{
    const piq_path_state *s = w->s;
    double most = 0;
    if (w->left + HAIR < PIQ_REVIEW_MINUTES)
        return;
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        const piq_need *need = &s->needs[k.v];
        if (need->due_day > w->day || need->last_day >= w->day)
            continue;
        double lost =
            need->loss * (1 - piq_fsrs_recall(s->fsrs, w->day - need->last_day,
                                              need->memory.stability_days));
        if (lost > most) {
            most = lost;
            *best = (piq_pick){PIQ_PICK_REVIEW, PIQ_PATH_NONE, k, 0};
        }
    }
    for (size_t i = 0; best->form == PIQ_PICK_NONE && i < w->n_shows; i++)
        if (!piq_path_met(s, w->shows[i]))
            *best = (piq_pick){PIQ_PICK_SHOW, PIQ_PATH_NONE, w->shows[i], 0};
}

/* The concept whose bare practice brings most, where nothing else is to come.
 */
static void look_within(const piq_walk *w, piq_pick *best)
{
    const piq_path_state *s = w->s;
    double most = 0;
    if (w->left + HAIR < PIQ_REVIEW_MINUTES)
        return;
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        const piq_need *need = &s->needs[k.v];
        double lack = need->enough - s->now[k.v].mastery;
        if (need->known || need->claimed || need->pending > 0 ||
            need->memory.stability_days <= 0 || !(need->loss * lack > most) ||
            w->day - need->last_day < REPEAT_EVERY_DAYS ||
            !piq_path_concept_open(s, k))
            continue;
        most = need->loss * lack;
        *best = (piq_pick){PIQ_PICK_SHOW, PIQ_PATH_NONE, k, 0};
    }
}

piq_pick piq_walk_fill(piq_walk *w)
{
    piq_pick best = {.form = PIQ_PICK_NONE};
    bool unmet = w->s->n_unmet_targets > 0 || w->s->dated;
    look_ahead(w, &best);
    if (best.form == PIQ_PICK_NONE && unmet)
        look_around(w, &best);
    if (best.form == PIQ_PICK_NONE)
        look_back(w, &best);
    if (best.form == PIQ_PICK_NONE && unmet)
        look_within(w, &best);
    return best;
}
