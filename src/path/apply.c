/* apply.c - what doing something is expected to bring about: mastery by the
 * law of practice, memory by FSRS (an answer counts as "good"; reading again is
 * no recall). */
#include "path/state.h"

#include <math.h>

/* Below this weight a concept is only touched: no repetition of it. */
#define REPEATS_FROM 0.2
/* A check measures more than it teaches. */
#define CHECK_SHARE  0.5

static void remember(piq_path_state *s, piq_concept_ix concept, bool asked,
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
    need->fresh = need->fresh || first;
}

static double to_aim(const piq_path_state *s, piq_concept_ix k)
{
    const piq_need *need = &s->needs[k.v];
    return need->aim > 0 ? piq_path_missing(s, k, need->aim) : 0;
}

static bool unmet(const piq_path_state *s, piq_concept_ix k)
{
    return s->needs[k.v].target && !piq_path_met(s, k);
}

void piq_path_do(piq_path_state *s, piq_content_ix content, double day)
{
    const piq_content *x = &s->c->contents[content.v];
    bool asked = piq_path_asks(x);
    size_t n_unmet = 0;
    s->flags[content.v] |= PIQ_ITEM_DONE;
    for (size_t i = 0; i < x->n_concepts; i++) {
        piq_concept_ix k = x->concepts[i].concept;
        s->needs[k.v].explained |= !asked;
        s->useful += to_aim(s, k);
        n_unmet += unmet(s, k);
        if (x->concepts[i].weight >= REPEATS_FROM)
            remember(s, k, asked, day);
    }
    piq_gain_apply(x, s->now, s->in->pace);
    for (size_t i = 0; i < x->n_concepts; i++) {
        s->useful -= to_aim(s, x->concepts[i].concept);
        n_unmet -= unmet(s, x->concepts[i].concept);
    }
    s->n_unmet_targets -= n_unmet;
}

/* What was said to be known is believed once it is checked. */
void piq_path_answer(piq_path_state *s, piq_concept_ix k, bool check,
                     double day)
{
    double share = check ? CHECK_SHARE : 1;
    piq_need *need = &s->needs[k.v];
    piq_belief *b = &s->now[k.v];
    bool before = unmet(s, k);
    s->useful += to_aim(s, k);
    if (need->claimed && b->mastery < PIQ_MASTERED)
        b->mastery = PIQ_MASTERED;
    need->claimed = false;
    piq_gain_apply_review(b, share * s->in->pace);
    remember(s, k, true, day);
    s->useful -= to_aim(s, k);
    s->n_unmet_targets -= before && !unmet(s, k);
}

piq_status piq_path_worth(const piq_path_input *in, const piq_plan *plan,
                          int32_t until_day, double *out)
{
    piq_arena a;
    piq_path_state s;
    piq_path_input as_is = *in;
    as_is.previous = NULL;
    piq_arena_init(&a, 0);
    piq_status status = piq_path_begin(&a, &as_is, &s, NULL);
    for (size_t i = 0; status == PIQ_OK && i < plan->n_steps; i++) {
        const piq_plan_step *step = &plan->steps[i];
        double day = step->day - in->from_day;
        if (step->status == PIQ_STEP_DONE || step->day > until_day ||
            step->part < step->parts)
            continue;
        if (step->content.v != PIQ_NO_IX32)
            piq_path_do(&s, step->content, day);
        else
            piq_path_answer(&s, step->concept, step->kind == PIQ_STEP_CHECK,
                            day);
    }
    if (status == PIQ_OK)
        *out = piq_path_value_on(&s, until_day - in->from_day);
    piq_arena_release(&a);
    return status;
}
