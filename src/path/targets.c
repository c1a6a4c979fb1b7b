/* targets.c - what the plan is for, and what that needs. */
#include "path/search.h"

#include "num/logistic.h"

#include <math.h>
#include <string.h>

/* A prerequisite is planned a little past the bar, so that an outcome slightly
 * worse than expected still opens what comes next. */
#define PREREQUISITE_AIM (PIQ_READY + 0.10)
/* Worth of a target that the learner's goals say nothing of. */
#define LEAST_WORTH      0.05
/* A prerequisite for its own sake, beside a target. */
#define ANCESTOR_SHARE   0.15
/* Of a concept's worth, what goes back to its prerequisites. */
#define UNLOCK_SHARE     0.7

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

bool piq_path_met(const piq_path_search *s, piq_concept_ix concept)
{
    const piq_need *need = &s->needs[concept.v];
    const piq_belief *b = &s->now[concept.v];
    return b->mastery >= need->aim &&
           (!need->target || b->evidence >= PIQ_MASTERED_EVIDENCE);
}

bool piq_path_concept_open(const piq_path_search *s, piq_concept_ix concept)
{
    const piq_concept *k = &s->c->concepts[concept.v];
    for (size_t i = 0; i < k->n_prerequisites; i++) {
        size_t p = k->prerequisites[i].v;
        if (s->now[p].mastery < PIQ_READY && !s->c->concepts[p].retired)
            return false;
    }
    return true;
}

static bool content_met(const piq_path_search *s, piq_content_ix content)
{
    const piq_content *x = &s->c->contents[content.v];
    if (s->flags[content.v] & PIQ_ITEM_DONE || x->retired || !x->published)
        return true;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (s->now[x->concepts[i].concept.v].mastery < PIQ_READY)
            return false;
    return true;
}

bool piq_path_open(const piq_path_search *s, piq_content_ix content)
{
    const piq_content *x = &s->c->contents[content.v];
    for (size_t i = 0; i < x->n_prerequisites; i++)
        if (!content_met(s, x->prerequisites[i]))
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

static void want(piq_path_search *s, worklist *w, piq_concept_ix concept,
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

static void want_prerequisites(piq_path_search *s, worklist *w,
                               piq_concept_ix concept)
{
    const piq_concept *k = &s->c->concepts[concept.v];
    for (size_t i = 0; i < k->n_prerequisites; i++) {
        piq_concept_ix p = k->prerequisites[i];
        if (s->now[p.v].mastery < PIQ_READY && !s->c->concepts[p.v].retired)
            want(s, w, p, PREREQUISITE_AIM);
    }
}

static bool usable(const piq_path_search *s, piq_content_ix content)
{
    const piq_content *x = &s->c->contents[content.v];
    return !(s->flags[content.v] & (PIQ_ITEM_DONE | PIQ_ITEM_SKIP)) &&
           x->published && !x->retired && x->type != PIQ_COURSE &&
           x->type != PIQ_REVIEW;
}

/* How much a content asks for beyond what is there: the easiest way in. */
static double hurdle(const piq_path_search *s, piq_concept_ix concept,
                     const piq_content *x)
{
    double missing = piq_path_asks(x) ? 0.5 : 0;
    double share = 0;
    for (size_t i = 0; i < x->n_prerequisites; i++)
        missing += !content_met(s, x->prerequisites[i]);
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        if (k.v == concept.v)
            share = x->concepts[i].weight;
        else if (s->needs[k.v].aim <= 0)
            missing += !piq_path_concept_open(s, k);
    }
    return missing + (1 - share);
}

/* Whatever its prerequisites, a concept needs a content that can be done. */
static void want_way_in(piq_path_search *s, worklist *w, piq_concept_ix concept)
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
    if (best.v != PIQ_NO_IX32 && !(s->flags[best.v] & PIQ_ITEM_SUPPORT)) {
        s->flags[best.v] |= PIQ_ITEM_SUPPORT;
        w->contents[w->n_contents++] = best.v;
    }
}

static void want_for_content(piq_path_search *s, worklist *w, uint32_t content)
{
    const piq_content *x = &s->c->contents[content];
    for (size_t i = 0; i < x->n_concepts; i++)
        want_prerequisites(s, w, x->concepts[i].concept);
    for (size_t i = 0; i < x->n_prerequisites; i++) {
        piq_content_ix p = x->prerequisites[i];
        if (content_met(s, p) || s->flags[p.v] & PIQ_ITEM_SUPPORT)
            continue;
        s->flags[p.v] |= PIQ_ITEM_SUPPORT;
        if (usable(s, p))
            s->flags[p.v] |= PIQ_ITEM_POOL;
        w->contents[w->n_contents++] = p.v;
    }
}

/* Concepts and contents call for each other until nothing new is named; each
 * enters its list once. */
static void close_over(piq_path_search *s, worklist *w)
{
    size_t concept = 0, content = 0;
    while (concept < w->n_concepts || content < w->n_contents) {
        if (content < w->n_contents) {
            want_for_content(s, w, w->contents[content++]);
            continue;
        }
        piq_concept_ix k = {w->concepts[concept ++]};
        if (piq_path_met(s, k))
            continue;
        want_prerequisites(s, w, k);
        want_way_in(s, w, k);
    }
}

/* ---- what each is worth ------------------------------------------------ */

static size_t missing_prerequisites(const piq_path_search *s,
                                    const piq_concept *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n_prerequisites; i++)
        n += s->now[k->prerequisites[i].v].mastery < PIQ_READY;
    return n;
}

/* From the targets back: a prerequisite is worth a share of what it opens. */
static void set_worth(piq_path_search *s)
{
    for (size_t i = s->n_closure; i-- > 0;) {
        piq_concept_ix ix = s->closure[i];
        const piq_concept *k = &s->c->concepts[ix.v];
        piq_need *need = &s->needs[ix.v];
        need->own = fmax(s->in->value[ix.v], LEAST_WORTH);
        if (!need->target)
            need->own *= ANCESTOR_SHARE;
        need->knee = fmin(PREREQUISITE_AIM, need->aim);
        need->loss = need->own + need->unlock;
        size_t n = missing_prerequisites(s, k);
        for (size_t j = 0; n > 0 && j < k->n_prerequisites; j++) {
            size_t p = k->prerequisites[j].v;
            if (s->now[p].mastery < PIQ_READY)
                s->needs[p].unlock += UNLOCK_SHARE * need->loss / (double)n;
        }
    }
}

/* Days since a concept was practised and until its review, from what is
 * believed of its recall: no clock is asked. */
static void set_memory(piq_path_search *s, piq_concept_ix concept)
{
    const piq_belief *b = &s->in->beliefs[concept.v];
    piq_need *need = &s->needs[concept.v];
    need->due_day = INFINITY;
    if (isnan(b->stability_days) || isnan(b->recall) || b->stability_days <= 0)
        return;
    piq_fsrs_state fresh = {0, 0};
    double recall = piq_clamp(b->recall, 0.01, 0.999999);
    need->memory = piq_fsrs_next(s->fsrs, fresh, 0, 3);
    need->memory.stability_days = b->stability_days;
    need->last_day = -piq_fsrs_interval(s->fsrs, b->stability_days, recall);
    need->due_day =
        need->last_day +
        piq_fsrs_interval(s->fsrs, b->stability_days, s->in->desired_retention);
}

static void set_pool(piq_path_search *s, piq_concept_ix concept)
{
    const piq_catalogue *c = s->c;
    piq_need *need = &s->needs[concept.v];
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++) {
        piq_content_ix x = c->by_concept[i];
        if (s->flags[x.v] & PIQ_ITEM_DONE && !piq_path_asks(&c->contents[x.v]))
            need->explained = true;
        if (!usable(s, x))
            continue;
        s->flags[x.v] |= PIQ_ITEM_POOL;
        if (c->contents[x.v].type != PIQ_ASSESSMENT)
            need->open_contents++;
        if (!piq_path_asks(&c->contents[x.v]))
            need->has_lesson = true;
    }
}

static void mark_history(piq_path_search *s)
{
    for (size_t i = 0; i < s->c->n_contents; i++)
        if (s->in->history[i].progress == PIQ_COMPLETED)
            s->flags[i] |= PIQ_ITEM_DONE;
    for (size_t i = 0; i < s->in->n_skip; i++)
        s->flags[s->in->skip[i].v] |= PIQ_ITEM_SKIP;
}

piq_status piq_path_close(piq_arena *a, piq_path_search *s)
{
    const piq_catalogue *c = s->c;
    worklist w = {.concepts = piq_new(a, uint16_t, c->n_concepts),
                  .contents = piq_new(a, uint32_t, c->n_contents)};
    s->closure = piq_new(a, piq_concept_ix, c->n_concepts);
    if (!w.concepts || !w.contents || !s->closure)
        return PIQ_ENOMEM;
    mark_history(s);
    for (size_t i = 0; i < s->in->n_targets; i++) {
        s->needs[s->in->targets[i].v].target = true;
        want(s, &w, s->in->targets[i], PIQ_MASTERED);
    }
    close_over(s, &w);
    for (size_t i = 0; i < c->n_concepts; i++)
        if (s->needs[c->order[i].v].aim > 0)
            s->closure[s->n_closure++] = c->order[i];
    set_worth(s);
    for (size_t i = 0; i < s->n_closure; i++) {
        piq_concept_ix k = s->closure[i];
        s->needs[k.v].known = piq_path_met(s, k);
        s->n_unmet_targets += s->needs[k.v].target && !s->needs[k.v].known;
        set_memory(s, k);
        if (!s->needs[k.v].known)
            set_pool(s, k);
    }
    return PIQ_OK;
}
