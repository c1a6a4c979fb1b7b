#include "predict/kt_internal.h"

/* weight * contribution of each column, to its group. */
static void add_by_group(piq_kt_explanation *e, double weight,
                         const double parts[PIQ_N_FEATURES])
{
    const piq_feature_column *columns = piq_feature_columns();
    for (size_t j = 0; j < PIQ_N_FEATURES; j++)
        e->groups[columns[j].group] += weight * parts[j];
}

static double sum_of(const double parts[PIQ_N_FEATURES])
{
    double sum = 0.0;
    for (size_t j = 0; j < PIQ_N_FEATURES; j++)
        sum += parts[j];
    return sum;
}

piq_status piq_kt_explain(const piq_kt_state *s, const piq_kt_binding *b,
                          const piq_ask *ask, piq_kt_explanation *out)
{
    const piq_kt_model *m = b->model;
    const double *weight = m->blend.weight;
    float x[PIQ_N_FEATURES];
    piq_feature_extract(s->features, &b->tables, ask, x);
    piq_kt_prediction at;
    piq_kt_predict(s, b, ask, &at);
    piq_kt_explanation e = {.p = at.p, .base = m->blend.bias};
    double parts[PIQ_N_FEATURES];
    if (b->uses[PIQ_MEMBER_LR]) {
        piq_logistic_contributions(&m->lr, x, parts);
        add_by_group(&e, weight[PIQ_MEMBER_LR], parts);
        /* Not m->lr.bias: so that roundings of the sum end up in the base,
         * and the identity holds. The same below. */
        e.base +=
            weight[PIQ_MEMBER_LR] * (at.logits[PIQ_MEMBER_LR] - sum_of(parts));
    }
    if (b->uses[PIQ_MEMBER_GBDT]) {
        double bias;
        piq_status status = piq_trees_contributions(&m->trees, x, parts, &bias);
        if (status != PIQ_OK)
            return status;
        add_by_group(&e, weight[PIQ_MEMBER_GBDT], parts);
        e.base += weight[PIQ_MEMBER_GBDT] *
                  (at.logits[PIQ_MEMBER_GBDT] - sum_of(parts));
    }
    if (b->uses[PIQ_MEMBER_RNN])
        e.sequence = weight[PIQ_MEMBER_RNN] * at.logits[PIQ_MEMBER_RNN];
    e.logit = piq_kt_logit(m, &at);
    e.calibration = e.logit - piq_blend_raw_logit(&m->blend, at.logits);
    *out = e;
    return PIQ_OK;
}
