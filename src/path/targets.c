/* targets.c - what the plan is for, and what that needs. */
#include "path/state.h"

#include "num/logistic.h"

#include <math.h>

/* A prerequisite is planned past the bar, the further the less is known of it,
 * so that an outcome slightly worse than expected still opens what comes next.
 */
#define READY_MARGIN_MOST 0.10
/* Worth of a target that the learner's goals say nothing of. */
#define LEAST_WORTH       0.05
/* A prerequisite for its own sake, beside a target. */
#define ANCESTOR_SHARE    0.15
/* Of a concept's worth, what goes back to its prerequisites. */
#define UNLOCK_SHARE      0.7
/* With a deadline and minutes to spare, practice goes on until four in five
 * such learners would have reached the aim, or this mastery. */
#define SURE_Z            0.84
#define ENOUGH_MOST       0.92

size_t piq_path_targets(const piq_catalogue *c, const piq_goal *goal,
                        piq_concept_ix *out)
{
    size_t n = 0;
    if (goal->set && goal->n_target_concepts > 0) {
        for (size_t i = 0; i < goal->n_target_concepts; i++)
            if (!c->concepts[goal->target_concepts[i].v].retired)
                out[n++] = goal->target_concepts[i];
        return n;
    }
    for (size_t i = 0; i < c->n_concepts; i++) {
        const piq_concept *k = &c->concepts[c->order[i].v];
        bool wanted = !goal->set || goal->n_priority_areas == 0;
        for (size_t j = 0; !wanted && j < goal->n_priority_areas; j++)
            wanted = goal->priority_areas[j].v == k->area.v;
        if (goal->set && k->level > goal->target_skill_level)
            wanted = false;
        if (wanted && !k->retired)
            out[n++] = c->order[i];
    }
    return n;
}

bool piq_path_asks(const piq_content *x)
{
    return x->practice || x->type == PIQ_ASSESSMENT ||
           x->type == PIQ_CHARACTER || x->type == PIQ_REVIEW;
}

bool piq_path_met(const piq_path_state *s, piq_concept_ix concept)
{
    const piq_need *need = &s->needs[concept.v];
    const piq_belief *b = &s->now[concept.v];
    return b->mastery >= need->aim &&
           (!need->target || b->evidence >= PIQ_MASTERED_EVIDENCE);
}

bool piq_path_concept_open(const piq_path_state *s, piq_concept_ix concept)
{
    const piq_concept *k = &s->c->concepts[concept.v];
    for (size_t i = 0; i < k->n_prerequisites; i++) {
        size_t p = k->prerequisites[i].v;
        if (s->now[p].mastery < PIQ_READY && !s->c->concepts[p].retired)
            return false;
    }
    return true;
}

bool piq_path_content_met(const piq_path_state *s, piq_content_ix content)
{
    const piq_content *x = &s->c->contents[content.v];
    if (s->flags[content.v] & PIQ_ITEM_DONE || x->retired || !x->published)
        return true;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (s->now[x->concepts[i].concept.v].mastery < PIQ_READY)
            return false;
    return true;
}

bool piq_path_open(const piq_path_state *s, piq_content_ix content)
{
    const piq_content *x = &s->c->contents[content.v];
    for (size_t i = 0; i < x->n_prerequisites; i++)
        if (!piq_path_content_met(s, x->prerequisites[i]))
            return false;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (!piq_path_concept_open(s, x->concepts[i].concept))
            return false;
    return true;
}

/* ---- the closure ------------------------------------------------------- */

typedef struct worklist {
    uint16_t *concepts;
    size_t n_concepts;
    uint32_t *contents;
    size_t n_contents;
} worklist;

static void want(piq_path_state *s, worklist *w, piq_concept_ix concept,
                 double aim)
{
    piq_need *need = &s->needs[concept.v];
    if (need->aim > 0) {
        need->aim = fmax(need->aim, aim);
        return;
    }
    need->aim = aim;
    w->concepts[w->n_concepts++] = concept.v;
}

static void want_prerequisites(piq_path_state *s, worklist *w,
                               piq_concept_ix concept)
{
    const piq_concept *k = &s->c->concepts[concept.v];
    for (size_t i = 0; i < k->n_prerequisites; i++) {
        piq_concept_ix p = k->prerequisites[i];
        if (s->now[p.v].mastery < PIQ_READY && !s->c->concepts[p.v].retired)
            want(s, w, p, PIQ_READY + READY_MARGIN_MOST);
    }
}

static bool usable(const piq_path_state *s, piq_content_ix content)
{
    const piq_content *x = &s->c->contents[content.v];
    if (s->flags[content.v] & (PIQ_ITEM_DONE | PIQ_ITEM_SKIP) ||
        !x->published || x->retired || x->type == PIQ_COURSE)
        return false;
    return x->type != PIQ_REVIEW || s->flags[content.v] & PIQ_ITEM_WANTED;
}

/* How much a content asks for beyond what is there: the easiest way in. */
static double hurdle(const piq_path_state *s, piq_concept_ix concept,
                     const piq_content *x)
{
    double missing = piq_path_asks(x) ? 0.5 : 0;
    double share = 0;
    for (size_t i = 0; i < x->n_prerequisites; i++)
        missing += !piq_path_content_met(s, x->prerequisites[i]);
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        if (k.v == concept.v)
            share = x->concepts[i].weight;
        else if (s->needs[k.v].aim <= 0)
            missing += !piq_path_concept_open(s, k);
    }
    return missing + (1 - share);
}

static void support(piq_path_state *s, worklist *w, piq_content_ix x)
{
    if (s->flags[x.v] & PIQ_ITEM_SUPPORT)
        return;
    s->flags[x.v] |= PIQ_ITEM_SUPPORT;
    if (usable(s, x))
        s->flags[x.v] |= PIQ_ITEM_POOL;
    w->contents[w->n_contents++] = x.v;
}

/* Whatever its prerequisites, a concept needs a content that can be done. */
static void want_way_in(piq_path_state *s, worklist *w, piq_concept_ix concept)
{
    const piq_catalogue *c = s->c;
    piq_content_ix best = {PIQ_NO_IX32};
    double least = INFINITY;
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++) {
        piq_content_ix x = c->by_concept[i];
        if (!usable(s, x))
            continue;
        double h = hurdle(s, concept, &c->contents[x.v]);
        if (h < least) {
            least = h;
            best = x;
        }
    }
    if (best.v != PIQ_NO_IX32)
        support(s, w, best);
}

static void want_for_content(piq_path_state *s, worklist *w, uint32_t content)
{
    const piq_content *x = &s->c->contents[content];
    for (size_t i = 0; i < x->n_concepts; i++)
        want_prerequisites(s, w, x->concepts[i].concept);
    for (size_t i = 0; i < x->n_prerequisites; i++)
        if (!piq_path_content_met(s, x->prerequisites[i]))
            support(s, w, x->prerequisites[i]);
}

/* Concepts and contents call for each other until nothing new is named; each
 * enters its list once. What is said to be known asks for nothing. */
static void close_over(piq_path_state *s, worklist *w)
{
    size_t concept = 0, content = 0;
    while (concept < w->n_concepts || content < w->n_contents) {
        if (content < w->n_contents) {
            want_for_content(s, w, w->contents[content++]);
            continue;
        }
        piq_concept_ix k = {w->concepts[concept ++]};
        if (piq_path_met(s, k) || s->needs[k.v].claimed)
            continue;
        want_prerequisites(s, w, k);
        want_way_in(s, w, k);
    }
}

/* ---- what each is worth ------------------------------------------------ */

static size_t missing_prerequisites(const piq_path_state *s,
                                    const piq_concept *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n_prerequisites; i++)
        n += s->now[k->prerequisites[i].v].mastery < PIQ_READY;
    return n;
}

/* From the targets back: a prerequisite is worth a share of what it opens. */
static void set_worth(piq_path_state *s)
{
    for (size_t i = s->n_closure; i-- > 0;) {
        piq_concept_ix ix = s->closure[i];
        const piq_concept *k = &s->c->concepts[ix.v];
        piq_need *need = &s->needs[ix.v];
        need->own = fmax(s->in->value[ix.v], LEAST_WORTH);
        if (!need->target)
            need->own *= ANCESTOR_SHARE;
        need->loss += need->own;
        size_t n = need->claimed ? 0 : missing_prerequisites(s, k);
        for (size_t j = 0; n > 0 && j < k->n_prerequisites; j++) {
            size_t p = k->prerequisites[j].v;
            if (s->now[p].mastery < PIQ_READY)
                s->needs[p].loss += UNLOCK_SHARE * need->loss / (double)n;
        }
    }
}

/* Days since a concept was practised and until its review, from what is
 * believed of its recall: no clock is asked. */
static void set_memory(piq_path_state *s, piq_concept_ix concept)
{
    const piq_belief *b = &s->in->beliefs[concept.v];
    piq_need *need = &s->needs[concept.v];
    need->due_day = INFINITY;
    need->last_day = -INFINITY;
    need->recall0 = NAN;
    if (isnan(b->stability_days) || isnan(b->recall) || b->stability_days <= 0)
        return;
    piq_fsrs_state fresh = {0, 0};
    need->recall0 = piq_clamp(b->recall, 0.01, 0.999999);
    need->memory = piq_fsrs_next(s->fsrs, fresh, 0, 3);
    need->memory.stability_days = b->stability_days;
    need->last_day =
        -piq_fsrs_interval(s->fsrs, b->stability_days, need->recall0);
    need->due_day =
        need->last_day +
        piq_fsrs_interval(s->fsrs, b->stability_days, s->in->desired_retention);
}

static void set_bars(piq_path_state *s, piq_concept_ix concept)
{
    piq_need *need = &s->needs[concept.v];
    double sd = s->in->beliefs[concept.v].sd_logit;
    need->ready =
        fmin(PIQ_READY + READY_MARGIN_MOST * piq_clamp(sd, 0, 1), need->aim);
    need->enough = need->aim;
    if (s->dated && need->target)
        need->enough =
            fmin(piq_sigmoid(piq_logit(need->aim) + SURE_Z * sd), ENOUGH_MOST);
}

static void set_pool(piq_path_state *s, piq_concept_ix concept)
{
    const piq_catalogue *c = s->c;
    piq_need *need = &s->needs[concept.v];
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++) {
        piq_content_ix x = c->by_concept[i];
        bool asks = piq_path_asks(&c->contents[x.v]);
        if (s->flags[x.v] & PIQ_ITEM_DONE && !asks)
            need->explained = true;
        if (need->known || need->claimed || !usable(s, x))
            continue;
        s->flags[x.v] |= PIQ_ITEM_POOL;
        if (!asks)
            need->has_lesson = true;
    }
}

/* ---- wishes ------------------------------------------------------------ */

static void want_content(piq_path_state *s, worklist *w, piq_content_ix x)
{
    const piq_content *content = &s->c->contents[x.v];
    if (content->type == PIQ_COURSE) {
        for (size_t i = 0; i < content->n_contains; i++)
            if (s->c->contents[content->contains[i].v].type != PIQ_COURSE)
                want_content(s, w, content->contains[i]);
        return;
    }
    s->flags[x.v] |= PIQ_ITEM_WANTED;
    if (usable(s, x))
        support(s, w, x);
}

static void hear_wishes(piq_path_state *s, worklist *w)
{
    const piq_path_wishes *wish = &s->in->wishes;
    for (size_t i = 0; i < wish->n_known; i++) {
        piq_need *need = &s->needs[wish->known[i].v];
        need->claimed = true;
    }
    for (size_t i = 0; i < wish->n_pins; i++)
        want_content(s, w, wish->pins[i].content);
    for (size_t i = 0; i < wish->n_order; i++)
        want_content(s, w, wish->order[i]);
    for (size_t i = 0; wish->freeze_today && i < wish->n_frozen; i++)
        if (wish->frozen[i].content.v != PIQ_NO_IX32)
            want_content(s, w, wish->frozen[i].content);
}

static void mark_history(piq_path_state *s)
{
    const piq_plan *old = s->in->previous;
    for (size_t i = 0; i < s->c->n_contents; i++)
        if (s->in->history[i].progress == PIQ_COMPLETED)
            s->flags[i] |= PIQ_ITEM_DONE;
    for (size_t i = 0; i < s->in->wishes.n_skip; i++)
        s->flags[s->in->wishes.skip[i].v] |= PIQ_ITEM_SKIP;
    for (size_t i = 0; old && i < old->n_steps; i++) {
        s->needs[old->steps[i].concept.v].before = true;
        if (old->steps[i].content.v != PIQ_NO_IX32)
            s->flags[old->steps[i].content.v] |= PIQ_ITEM_BEFORE;
    }
}

/* The previous plan was for all that this one is for. */
static bool same_targets(const piq_path_state *s, uint16_t *count)
{
    const piq_plan *old = s->in->previous;
    if (!old)
        return false;
    for (size_t i = 0; i < s->c->n_concepts; i++)
        count[i] = 0;
    for (size_t i = 0; i < old->n_targets; i++)
        count[old->targets[i].v] = 1;
    for (size_t i = 0; i < s->n_closure; i++)
        if (!count[s->closure[i].v] && !s->needs[s->closure[i].v].known)
            return false;
    return true;
}

static piq_status index_dependants(piq_arena *a, piq_path_state *s)
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

static void settle_needs(piq_path_state *s)
{
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        piq_need *need = &s->needs[k.v];
        need->place = (uint32_t)i;
        need->known = piq_path_met(s, k);
        need->claimed = need->claimed && !need->known;
        s->n_unmet_targets += need->target && !need->known;
        set_memory(s, k);
        set_bars(s, k);
        set_pool(s, k);
    }
}

piq_status piq_path_close(piq_arena *a, piq_path_state *s)
{
    const piq_catalogue *c = s->c;
    worklist w = {.concepts = piq_new(a, uint16_t, c->n_concepts),
                  .contents = piq_new(a, uint32_t, c->n_contents)};
    s->closure = piq_new(a, piq_concept_ix, c->n_concepts);
    if (!w.concepts || !w.contents || !s->closure || index_dependants(a, s))
        return PIQ_ENOMEM;
    mark_history(s);
    for (size_t i = 0; i < s->in->n_targets; i++) {
        s->needs[s->in->targets[i].v].target = true;
        want(s, &w, s->in->targets[i], PIQ_MASTERED);
    }
    hear_wishes(s, &w);
    close_over(s, &w);
    for (size_t i = 0; i < c->n_concepts; i++)
        if (s->needs[c->order[i].v].aim > 0)
            s->closure[s->n_closure++] = c->order[i];
    set_worth(s);
    settle_needs(s);
    s->narrow = same_targets(s, w.concepts);
    return PIQ_OK;
}
