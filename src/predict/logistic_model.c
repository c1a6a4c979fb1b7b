#include "predict/logistic_model.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Beyond this a standardised column says no more: outliers stay bounded. */
static const double MAX_Z = 6.0;
/* No honest weight comes near; sums of such stay finite. */
static const double MAX_WEIGHT = 1e6;

void piq_logistic_release(piq_logistic *m)
{
    free(m->weight);
    free(m->missing);
    free(m->mean);
    free(m->sd);
    *m = (piq_logistic){0};
}

static double *numbers(size_t n)
{
    return piq_alloc_should_fail() ? NULL : calloc(n ? n : 1, sizeof(double));
}

piq_status piq_logistic_init(piq_logistic *m, size_t n_features)
{
    *m = (piq_logistic){
        .n_features = n_features,
        .weight = numbers(n_features),
        .missing = numbers(n_features),
        .mean = numbers(n_features),
        .sd = numbers(n_features),
    };
    if (!m->weight || !m->missing || !m->mean || !m->sd) {
        piq_logistic_release(m);
        return PIQ_ENOMEM;
    }
    for (size_t j = 0; j < n_features; j++)
        m->sd[j] = 1.0;
    return PIQ_OK;
}

double piq_logistic_z(const piq_logistic *m, size_t j, float x)
{
    double z = ((double)x - m->mean[j]) / m->sd[j];
    return fmin(fmax(z, -MAX_Z), MAX_Z);
}

static double term(const piq_logistic *m, size_t j, float x)
{
    return isnan(x) ? m->missing[j] : m->weight[j] * piq_logistic_z(m, j, x);
}

double piq_logistic_logit(const piq_logistic *m, const float *x)
{
    double sum = m->bias;
    for (size_t j = 0; j < m->n_features; j++)
        sum += term(m, j, x[j]);
    return sum;
}

void piq_logistic_contributions(const piq_logistic *m, const float *x,
                                double *out)
{
    for (size_t j = 0; j < m->n_features; j++)
        out[j] = term(m, j, x[j]);
}

/* Columns as a varint, the bias, then mean, sd, weight and missing of each. */
void piq_logistic_encode(const piq_logistic *m, piq_buf *out)
{
    piq_buf_put_varint(out, m->n_features);
    piq_buf_put_f64(out, m->bias);
    for (size_t j = 0; j < m->n_features; j++) {
        piq_buf_put_f64(out, m->mean[j]);
        piq_buf_put_f64(out, m->sd[j]);
        piq_buf_put_f64(out, m->weight[j]);
        piq_buf_put_f64(out, m->missing[j]);
    }
}

static piq_status read_columns(piq_reader *in, piq_logistic *m, piq_err *err)
{
    bool fine = fabs(m->bias) <= MAX_WEIGHT; /* false for NaN */
    for (size_t j = 0; j < m->n_features; j++) {
        m->mean[j] = piq_reader_f64(in);
        m->sd[j] = piq_reader_f64(in);
        m->weight[j] = piq_reader_f64(in);
        m->missing[j] = piq_reader_f64(in);
        fine = fine && isfinite(m->mean[j]) && isfinite(m->sd[j]) &&
               m->sd[j] > 0.0 && fabs(m->weight[j]) <= MAX_WEIGHT &&
               fabs(m->missing[j]) <= MAX_WEIGHT;
    }
    if (in->bad)
        return piq_fail(err, PIQ_ECORRUPT, "the regression is cut short");
    if (!fine)
        return piq_fail(err, PIQ_ECORRUPT,
                        "the regression holds a number out of range");
    return PIQ_OK;
}

piq_status piq_logistic_decode(piq_reader *in, size_t n_features,
                               piq_logistic *out, piq_err *err)
{
    piq_logistic m;
    uint64_t columns = piq_reader_varint(in);
    if (in->bad || columns != n_features)
        return piq_fail(err, PIQ_ECORRUPT,
                        "a regression over %" PRIu64 " columns, not %zu",
                        columns, n_features);
    if (piq_logistic_init(&m, n_features) != PIQ_OK)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the regression");
    m.bias = piq_reader_f64(in);
    piq_status status = read_columns(in, &m, err);
    if (status == PIQ_OK)
        *out = m;
    else
        piq_logistic_release(&m);
    return status;
}
