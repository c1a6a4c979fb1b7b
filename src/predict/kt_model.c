#include "predict/kt_model.h"

#include "feature/schema.h"
#include "predict/kt_file.h"
#include "predict/recurrent_weights.h"

#include <stdlib.h>

/* The sections of a file, in order. */
typedef enum section {
    SECTION_ITEMS,
    SECTION_LR,
    SECTION_TREES,
    SECTION_RNN,
    SECTION_BLEND
} section;
enum { N_SECTIONS = 5 };

static const char *section_name(section s)
{
    static const char *const names[N_SECTIONS] = {"items", "lr", "trees", "rnn",
                                                  "blend"};
    return names[s];
}

static bool has_member(const piq_kt_model *m, piq_member member)
{
    switch (member) {
    case PIQ_MEMBER_LR:
        return m->lr.n_features > 0;
    case PIQ_MEMBER_GBDT:
        return m->trees.n_trees > 0;
    case PIQ_MEMBER_RNN:
        return m->rnn != NULL;
    }
    return false;
}

bool piq_kt_model_uses(const piq_kt_model *m, piq_member member)
{
    return has_member(m, member) && m->blend.weight[member] != 0.0;
}

static bool net_fits(const piq_recurrent_shape *net, const piq_item_table *t)
{
    return net->n_features == PIQ_N_FEATURES &&
           net->n_items == piq_item_table_n_items(t) &&
           net->n_concepts == piq_item_table_n_concepts(t);
}

/* What keeps the parts from making up a model, NULL when nothing does. */
static const char *parts_fault(const piq_kt_model *m)
{
    if (!m->items)
        return "it has no item table";
    if (m->lr.n_features && m->lr.n_features != PIQ_N_FEATURES)
        return "the linear member is of another number of columns";
    if (m->trees.n_trees && m->trees.n_features != PIQ_N_FEATURES)
        return "the trees are of another number of columns";
    if (m->rnn && !net_fits(&m->rnn->shape, m->items))
        return "the net is of other columns or items than the item table";
    for (unsigned i = 0; i < PIQ_N_MEMBERS; i++)
        if (m->blend.weight[i] != 0.0 && !has_member(m, (piq_member)i))
            return "the blend has a weight for a member that is not there";
    return NULL;
}

piq_status piq_kt_model_new(piq_kt_model *parts, piq_kt_model **out)
{
    if (parts_fault(parts))
        return PIQ_EINVAL;
    piq_kt_model *m = piq_alloc_should_fail() ? NULL : malloc(sizeof *m);
    if (!m)
        return PIQ_ENOMEM;
    *m = *parts;
    if (piq_trees_prepare(&m->trees) != PIQ_OK) {
        free(m);
        return PIQ_ENOMEM;
    }
    *parts = (piq_kt_model){0};
    *out = m;
    return PIQ_OK;
}

void piq_kt_parts_release(piq_kt_model *parts)
{
    piq_item_table_free(parts->items);
    piq_logistic_release(&parts->lr);
    piq_trees_release(&parts->trees);
    piq_recurrent_free(parts->rnn);
    *parts = (piq_kt_model){0};
}

void piq_kt_model_free(piq_kt_model *m)
{
    if (!m)
        return;
    piq_kt_parts_release(m);
    free(m);
}

static void put_body(const piq_kt_model *m, section s, piq_buf *out)
{
    switch (s) {
    case SECTION_ITEMS:
        piq_item_table_encode(m->items, out);
        return;
    case SECTION_LR:
        if (has_member(m, PIQ_MEMBER_LR))
            piq_logistic_encode(&m->lr, out);
        return;
    case SECTION_TREES:
        if (has_member(m, PIQ_MEMBER_GBDT))
            piq_trees_encode(&m->trees, out);
        return;
    case SECTION_RNN:
        if (has_member(m, PIQ_MEMBER_RNN))
            piq_recurrent_encode(m->rnn, out);
        return;
    case SECTION_BLEND:
        piq_blend_encode(&m->blend, out);
        return;
    }
}

void piq_kt_model_encode(const piq_kt_model *m, piq_buf *out)
{
    size_t file_at = piq_kt_file_begin(out, &m->about);
    for (unsigned i = 0; i < N_SECTIONS; i++) {
        section s = (section)i;
        size_t at = piq_kt_file_section_begin(out, section_name(s));
        put_body(m, s, out);
        piq_kt_file_section_end(out, at);
    }
    piq_kt_file_end(out, file_at);
}

/* Reads one section into *m. An empty one is an absent member. */
static piq_status get_body(piq_kt_model *m, section s, piq_reader *in,
                           piq_err *err)
{
    bool absent = in->at == in->end;
    switch (s) {
    case SECTION_ITEMS:
        return piq_item_table_decode(in, &m->items, err);
    case SECTION_LR:
        return absent ? PIQ_OK
                      : piq_logistic_decode(in, PIQ_N_FEATURES, &m->lr, err);
    case SECTION_TREES:
        return absent ? PIQ_OK
                      : piq_trees_decode(in, PIQ_N_FEATURES, &m->trees, err);
    case SECTION_RNN:
        return absent ? PIQ_OK : piq_recurrent_decode(in, &m->rnn, err);
    case SECTION_BLEND:
        return piq_blend_decode(in, &m->blend, err);
    }
    return PIQ_EINTERNAL;
}

/* `why` is what the section's own decoder said, all zero when it said nothing.
 */
static piq_status section_fault(section s, piq_status status,
                                const piq_err *why, piq_err *err)
{
    const char *name = section_name(s);
    piq_fail(err, status, "the model file's section %s: %s", name,
             why->message[0] ? why->message : piq_status_text(status));
    piq_err_at(err, "%s%s%s", name, why->where[0] ? ": " : "", why->where);
    return status;
}

static piq_status get_section(piq_kt_model *m, section s, piq_reader *in,
                              piq_err *err)
{
    piq_reader body;
    piq_status status = piq_kt_file_section(in, section_name(s), &body, err);
    if (status != PIQ_OK)
        return status;
    piq_err why = {0};
    status = get_body(m, s, &body, &why);
    if (status == PIQ_OK && (body.bad || body.at != body.end))
        status = piq_fail(&why, PIQ_ECORRUPT, "it is of another length");
    return status == PIQ_OK ? PIQ_OK : section_fault(s, status, &why, err);
}

static piq_status get_model(piq_kt_model *m, piq_reader *in, piq_err *err)
{
    for (unsigned i = 0; i < N_SECTIONS; i++) {
        piq_status status = get_section(m, (section)i, in, err);
        if (status != PIQ_OK)
            return status;
    }
    const char *fault =
        in->at == in->end ? parts_fault(m) : "more follows its last section";
    return fault ? piq_fail(err, PIQ_ECORRUPT, "the model file is damaged: %s",
                            fault)
                 : PIQ_OK;
}

piq_status piq_kt_model_decode(piq_str bytes, piq_kt_model **out, piq_err *err)
{
    piq_kt_model m = {0};
    piq_reader in;
    piq_status status = piq_kt_file_open(bytes, &in, &m.about, err);
    if (status != PIQ_OK)
        return status;
    status = get_model(&m, &in, err);
    if (status == PIQ_OK && piq_kt_model_new(&m, out) != PIQ_OK)
        status = piq_fail(err, PIQ_ENOMEM, "no memory for the model");
    /* Empty when the model has taken it over. */
    piq_kt_parts_release(&m);
    return status;
}

uint64_t piq_kt_model_digest(piq_str bytes)
{
    return piq_hash_bytes(bytes.ptr, bytes.len);
}
