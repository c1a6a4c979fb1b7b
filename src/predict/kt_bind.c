#include "predict/kt_internal.h"

#include <stdlib.h>

/* Takes `items` over, also when it fails. */
static piq_status bind(const piq_kt_model *m, const piq_catalogue *c,
                       piq_item_binding *items, bool keeps_mastery,
                       piq_kt_binding **out)
{
    piq_kt_binding *b = piq_alloc_should_fail() ? NULL : malloc(sizeof *b);
    if (!b) {
        piq_item_binding_free(items);
        return PIQ_ENOMEM;
    }
    *b = (piq_kt_binding){.model = m,
                          .items = items,
                          .tables = {.catalogue = c, .items = items},
                          .keeps_mastery = keeps_mastery};
    for (unsigned i = 0; i < PIQ_N_MEMBERS; i++)
        b->uses[i] = piq_kt_model_uses(m, (piq_member)i);
    if (b->uses[PIQ_MEMBER_RNN])
        b->n_hidden = piq_recurrent_state_len(m->rnn);
    *out = b;
    return PIQ_OK;
}

piq_status piq_kt_bind(const piq_kt_model *m, const piq_catalogue *c,
                       piq_kt_binding **out)
{
    piq_item_binding *items;
    piq_status status = piq_item_bind(m->items, c, &items);
    return status == PIQ_OK ? bind(m, c, items, true, out) : status;
}

piq_status piq_kt_bind_names(const piq_kt_model *m, const piq_catalogue *c,
                             const piq_item_names *names, piq_kt_binding **out)
{
    piq_item_binding *items;
    piq_status status = piq_item_bind_names(m->items, names, &items);
    return status == PIQ_OK ? bind(m, c, items, false, out) : status;
}

void piq_kt_binding_free(piq_kt_binding *b)
{
    if (!b)
        return;
    piq_item_binding_free(b->items);
    free(b);
}

void piq_kt_binding_keep_mastery(piq_kt_binding *b, bool keep)
{
    b->keeps_mastery = keep;
}

const piq_kt_model *piq_kt_binding_model(const piq_kt_binding *b)
{
    return b->model;
}

const piq_feature_tables *piq_kt_binding_tables(const piq_kt_binding *b)
{
    return &b->tables;
}
