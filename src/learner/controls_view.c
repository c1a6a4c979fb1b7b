/* controls_view.c - what is in force, as a planner asks for it. */
#include "learner/controls.h"

typedef struct view_lists {
    piq_pin *pins;
    piq_content_ix *skip;
    piq_concept_ix *skip_concepts, *known;
    const piq_belief *beliefs;
    const piq_catalogue *catalogue;
} view_lists;

static void add_to_view(piq_controls_view *v, const view_lists *to,
                        const piq_kept_control *kept, int32_t day)
{
    const piq_control *x = &kept->control;
    switch (x->kind) {
    case PIQ_CONTROL_PIN:
        to->pins[v->n_pins++] =
            (piq_pin){x->content, x->day < day ? INT32_MAX : x->day};
        break;
    case PIQ_CONTROL_SKIP:
        if (x->content.v != PIQ_NO_IX32)
            to->skip[v->n_skip++] = x->content;
        else
        to->skip_concepts[v->n_skip_concepts++] = x->concept
        ;
        break;
    case PIQ_CONTROL_KNOWN:
        if (!to->beliefs || to->beliefs[x->concept.v].last_us <= kept->at_us)
        to->known[v->n_known++] = x->concept
        ;
        break;
    case PIQ_CONTROL_REORDER:
        v->order = x->order;
        v->n_order = x->n_order;
        break;
    case PIQ_CONTROL_PACE:
        v->pace = (double)x->factor;
        break;
    case PIQ_CONTROL_DAYS_OFF:
        v->days_off = x->days;
        v->n_days_off = x->n_days;
        v->has_days_off = true;
        break;
    case PIQ_CONTROL_FREEZE:
        v->frozen = true;
        break;
    case PIQ_CONTROL_RELEASE:
    case PIQ_CONTROL_UNDO:
        break;
    }
}

static piq_concept_ix main_concept(const piq_content *x)
{
    size_t most = 0;
    for (size_t i = 1; i < x->n_concepts; i++)
        if (x->concepts[i].weight > x->concepts[most].weight)
            most = i;
    return x->n_concepts ? x->concepts[most].concept
                         : (piq_concept_ix){PIQ_NO_IX16};
}

static bool is_among(const piq_controls_view *v, piq_content_ix x)
{
    for (size_t i = 0; i < v->n_pins; i++)
        if (v->pins[i].content.v == x.v)
            return true;
    for (size_t i = 0; i < v->n_skip; i++)
        if (v->skip[i].v == x.v)
            return true;
    return false;
}

/* The contents mainly of the concepts skipped. A pin of one of them wins,
 * whichever was said first: it is the more definite wish. */
static void skip_contents_of(piq_controls_view *v, const view_lists *to,
                             piq_concept_ix concept)
{
    const piq_catalogue *c = to->catalogue;
    for (uint32_t i = c->by_concept_at[concept.v];
         i < c->by_concept_at[concept.v + 1]; i++) {
        piq_content_ix x = c->by_concept[i];
        if (main_concept(&c->contents[x.v]).v == concept.v && !is_among(v, x))
            to->skip[v->n_skip++] = x;
    }
}

piq_status piq_controls_view_of(piq_arena *a, const piq_controls *c,
                                const piq_catalogue *catalogue,
                                const piq_belief *beliefs, int32_t day,
                                piq_controls_view *out)
{
    *out = (piq_controls_view){.pace = 1};
    if (!c->n)
        return PIQ_OK;
    piq_kept_control *kept = piq_new(a, piq_kept_control, PIQ_MAX_CONTROLS);
    view_lists to = {
        .pins = piq_new(a, piq_pin, c->n),
        .skip = piq_new(a, piq_content_ix, c->n + catalogue->n_contents),
        .skip_concepts = piq_new(a, piq_concept_ix, c->n),
        .known = piq_new(a, piq_concept_ix, c->n),
        .beliefs = beliefs,
        .catalogue = catalogue};
    if (!kept || !to.pins || !to.skip || !to.skip_concepts || !to.known)
        return PIQ_ENOMEM;
    out->pins = to.pins;
    out->skip = to.skip;
    out->skip_concepts = to.skip_concepts;
    out->known = to.known;
    size_t n = piq_controls_in_force(c, day, kept);
    for (size_t i = 0; i < n; i++)
        add_to_view(out, &to, &kept[i], day);
    for (size_t i = 0; i < out->n_skip_concepts; i++)
        skip_contents_of(out, &to, out->skip_concepts[i]);
    return PIQ_OK;
}
