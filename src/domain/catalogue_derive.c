/* The lists that follow from what was read: the items of each content and the
 * content of each concept. Counted first, then filled, both by position. */
#include "domain/catalogue_build.h"

static bool counts_as_inside(const piq_item *x)
{
    return !x->retired && x->content.v != PIQ_NO_IX32;
}

static piq_status derive_items(piq_catalogue *c, piq_arena *scratch)
{
    size_t total = 0;
    for (size_t i = 0; i < c->n_items; i++)
        if (counts_as_inside(&c->items[i])) {
            c->contents[c->items[i].content.v].n_items++;
            total++;
        }
    piq_item_ix *all = piq_new(&c->arena, piq_item_ix, total);
    piq_item_ix **next = piq_new(scratch, piq_item_ix *, c->n_contents);
    if (!all || !next)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < c->n_contents; i++) {
        c->contents[i].items = all;
        next[i] = all;
        all += c->contents[i].n_items;
    }
    for (size_t i = 0; i < c->n_items; i++)
        if (counts_as_inside(&c->items[i]))
            (next[c->items[i].content.v]++)->v = (uint32_t)i;
    return PIQ_OK;
}

static piq_status derive_by_concept(piq_catalogue *c, piq_arena *scratch)
{
    uint32_t *from = piq_new(&c->arena, uint32_t, c->n_concepts + 1);
    uint32_t *next = piq_new(scratch, uint32_t, c->n_concepts + 1);
    if (!from || !next)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *x = &c->contents[i];
        for (size_t k = 0; k < x->n_concepts && !x->retired; k++)
            from[x->concepts[k].concept.v + 1]++;
    }
    for (size_t i = 0; i < c->n_concepts; i++) {
        from[i + 1] += from[i];
        next[i] = from[i];
    }
    c->by_concept = piq_new(&c->arena, piq_content_ix, from[c->n_concepts]);
    if (!c->by_concept)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *x = &c->contents[i];
        for (size_t k = 0; k < x->n_concepts && !x->retired; k++)
            c->by_concept[next[x->concepts[k].concept.v]++].v = (uint32_t)i;
    }
    c->by_concept_at = from;
    return PIQ_OK;
}

piq_status piq_build_derive(piq_build *b)
{
    piq_status status = derive_items(b->c, b->scratch);
    return status ? status : derive_by_concept(b->c, b->scratch);
}
