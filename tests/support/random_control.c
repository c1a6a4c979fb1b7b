#include "random_control.h"

static uint32_t below(piq_rng *rng, size_t n)
{
    return (uint32_t)piq_rng_below(rng, n);
}

static void make_order(piq_rng *rng, const piq_catalogue *c, piq_control *x)
{
    size_t most =
        c->n_contents < PIQ_MAX_REORDER ? c->n_contents : PIQ_MAX_REORDER;
    uint32_t first = below(rng, c->n_contents);
    x->n_order = (uint8_t)(1 + below(rng, most));
    for (uint32_t i = 0; i < x->n_order; i++)
        x->order[i].v = (uint32_t)((first + i) % c->n_contents);
}

static void make_days(piq_rng *rng, int32_t day, piq_control *x)
{
    x->n_days = (uint8_t)below(rng, below(rng, 2) ? 4 : PIQ_MAX_DAYS_OFF + 1);
    for (int32_t i = 0; i < x->n_days; i++)
        x->days[i] = day - 4 + 3 * i + (int32_t)below(rng, 3);
}

piq_control random_control(piq_rng *rng, const piq_catalogue *c, int32_t day)
{
    piq_control x =
        piq_control_of((piq_control_kind)below(rng, PIQ_N_CONTROL_KINDS));
    piq_content_ix content = {below(rng, c->n_contents)};
    piq_concept_ix concept = {(uint16_t)below(rng, c->n_concepts)};
    switch (x.kind) {
    case PIQ_CONTROL_PIN:
        x.content = content;
        if (below(rng, 2))
            x.day = day - 1 + (int32_t)below(rng, PIQ_MAX_PIN_DAYS);
        break;
    case PIQ_CONTROL_SKIP:
    case PIQ_CONTROL_RELEASE:
        if (below(rng, 3))
            x.content = content;
        else
        x.concept
        = concept;
        break;
    case PIQ_CONTROL_KNOWN:
        x.concept
        = concept;
        break;
    case PIQ_CONTROL_REORDER:
        make_order(rng, c, &x);
        break;
    case PIQ_CONTROL_PACE:
        x.factor = (float)(PIQ_CONTROL_PACE_LEAST +
                           (PIQ_CONTROL_PACE_MOST - PIQ_CONTROL_PACE_LEAST) *
                               piq_rng_uniform(rng));
        break;
    case PIQ_CONTROL_DAYS_OFF:
        make_days(rng, day, &x);
        break;
    case PIQ_CONTROL_FREEZE:
    case PIQ_CONTROL_UNDO:
        break;
    }
    return x;
}
