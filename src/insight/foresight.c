/* foresight.c - see foresight.h. */
#include "insight/foresight.h"

#include "insight/estimate.h"
#include "insight/foresight_parts.h"
#include "learner/fold.h"

#include <math.h>

/* The task that is asked about; false when nothing is known of it. `weights`
 * has PIQ_MAX_CONTENT_CONCEPTS places. */
static bool read_task(const piq_foresight_input *in,
                      piq_concept_weight *weights, piq_task *out)
{
    const piq_catalogue *c = in->catalogue;
    piq_answer asked = {.item = in->item, .content = {PIQ_NO_IX32}};
    if (in->item.v == PIQ_NO_IX32) {
        asked.concepts[0] = (piq_concept_weight){in->concept, 1.0};
        asked.n_concepts = 1;
    } else {
        asked.content = c->items[in->item.v].content;
    }
    return piq_task_of_answer(&asked, c, in->book,
                              piq_calibration_book_number(in->book), weights,
                              out);
}

static piq_status tell_concept(const piq_foresight_input *in,
                               const piq_concept_weight *w,
                               piq_foresight_concept *out)
{
    const piq_catalogue *c = in->catalogue;
    const piq_judge by = {in->tracing, in->book};
    piq_belief b;
    if (piq_learner_judged_concept(in->learner, &by, c, w->concept, in->now_us,
                                   &b))
        return PIQ_ENOMEM;
    double apart = PIQ_Z80 * b.sd_logit;
    *out = (piq_foresight_concept){
        .concept = w->concept,
        .weight = w->weight,
        .mastery = b.mastery,
        .low80 = piq_track_mastery(c, w->concept, b.ability_logit - apart),
        .high80 = piq_track_mastery(c, w->concept, b.ability_logit + apart),
        .low90 = b.mastery_low,
        .high90 = b.mastery_high,
        .evidence = (double)b.evidence,
        .n_answers = b.n_answers,
    };
    return PIQ_OK;
}

static piq_facts common_facts(const piq_foresight_input *in,
                              const piq_task *task, piq_concept_ix main)
{
    const piq_catalogue *c = in->catalogue;
    const piq_behaviour *b = &in->learner->behaviour;
    const piq_concept *k = &c->concepts[main.v];
    piq_facts f = {.has_item = in->item.v != PIQ_NO_IX32,
                   .concept = k->name,
                   .area = c->areas[k->area.v].name,
                   .one_area = true,
                   .all = {b->answers, b->right},
                   .guess = task->guess};
    for (size_t i = 0; i < task->n_concepts; i++)
        if (c->concepts[task->concepts[i].concept.v].area.v != k->area.v)
            f.one_area = false;
    return f;
}

static bool is_retired(const piq_foresight_input *in)
{
    return in->item.v == PIQ_NO_IX32
               ? in->catalogue->concepts[in->concept.v].retired
               : in->catalogue->items[in->item.v].retired;
}

/* The weightiest first; equals stay as they are. */
static void sort_reasons(piq_foresight *f)
{
    for (size_t i = 1; i < f->n_why; i++) {
        piq_reason one = f->why[i];
        size_t k = i;
        for (; k && fabs(f->why[k - 1].logit) < fabs(one.logit); k--)
            f->why[k] = f->why[k - 1];
        f->why[k] = one;
    }
}

piq_status piq_foresight_make(piq_arena *a, const piq_foresight_input *in,
                              piq_foresight *out)
{
    piq_concept_weight weights[PIQ_MAX_CONTENT_CONCEPTS];
    piq_teller teller = {a, false};
    piq_foreseen s = {.in = in, .teller = &teller};
    if (!read_task(in, weights, &s.task))
        return PIQ_EINVAL;
    s.ask = (piq_ask){.item = in->item,
                      .concepts = weights,
                      .n_concepts = s.task.n_concepts,
                      .at_us = in->now_us};
    s.main = (piq_concept_ix){piq_ask_main_concept(&s.ask)};
    s.facts = common_facts(in, &s.task, s.main);
    piq_foresight f = {
        .user = in->learner->user,
        .version = in->learner->version,
        .as_of_us = in->now_us,
        .item = in->item,
        .retired = is_retired(in),
        .n_concepts = s.task.n_concepts,
    };
    for (size_t i = 0; i < s.task.n_concepts; i++)
        if (tell_concept(in, &weights[i], &f.concepts[i]))
            return PIQ_ENOMEM;
    piq_status status = PIQ_OK;
    if (in->tracing && piq_learner_is_traced(in->learner, in->tracing))
        status = piq_foresight_trained(&s, &f);
    else
        piq_foresight_belief(&s, &f);
    if (status != PIQ_OK || teller.failed)
        return status != PIQ_OK ? status : PIQ_ENOMEM;
    sort_reasons(&f);
    *out = f;
    return PIQ_OK;
}
