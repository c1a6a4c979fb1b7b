/* foresight_belief.c - the online belief's chance, and its logit by layers. */
#include "insight/foresight_parts.h"

#include "num/logistic.h"
#include "track/track.h"

/* Of a typical item of the concepts. */
static double typical_logit(const piq_catalogue *c, const piq_task *task)
{
    double sum = 0.0;
    for (size_t i = 0; i < task->n_concepts; i++) {
        const piq_concept_weight *w = &task->concepts[i];
        sum += w->weight *
               piq_difficulty_logit(c->concepts[w->concept.v].difficulty);
    }
    return sum;
}

static void fill_facts(piq_foreseen *s, const piq_track_shares *of)
{
    const piq_track *t = &s->in->learner->track;
    piq_facts *f = &s->facts;
    f->stated = t->stated < 0.0f || t->stated > 0.0f;
    f->all.n = t->learner.n;
    f->today = t->form.n;
    f->on_concept = t->concepts[s->main.v].n;
    f->in_areas = of->in_areas;
    if (f->has_item)
        f->everybody =
            piq_calibration_book_at(s->in->book, s->in->catalogue, s->in->item,
                                    piq_calibration_book_number(s->in->book))
                .n;
}

void piq_foresight_belief(piq_foreseen *s, piq_foresight *out)
{
    const piq_foresight_input *in = s->in;
    const piq_catalogue *c = in->catalogue;
    const piq_task *task = &s->task;
    const double a = task->discrimination;
    const piq_track_shares of = piq_track_split(
        &in->learner->track, piq_track_defaults(), c, task, in->now_us);
    double typical = typical_logit(c, task);
    double item = typical - task->difficulty_logit;
    out->predicted = piq_track_predict(
        &in->learner->track, piq_track_defaults(), c, task, in->now_us);
    out->logit = piq_logit(out->predicted);
    out->base = a * (piq_difficulty_logit(c->new_learner_ability) - typical);
    double told = a * (of.learner + of.area + of.concept + of.form + item);
    fill_facts(s, &of);
    out->base_text = piq_foresight_base(s->teller, &s->facts, false, out->base);
    piq_foresight_add(s, out, PIQ_WHY_LAYER_LEARNER, a * of.learner);
    piq_foresight_add(s, out, PIQ_WHY_LAYER_AREA, a * of.area);
    piq_foresight_add(s, out, PIQ_WHY_LAYER_CONCEPT, a * of.concept);
    piq_foresight_add(s, out, PIQ_WHY_FORM, a * of.form);
    piq_foresight_add(s, out, PIQ_WHY_DIFFICULTY, a * item);
    piq_foresight_add(s, out, PIQ_WHY_UNCERTAINTY,
                      out->logit - out->base - told);
}
