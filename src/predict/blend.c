#include "predict/blend.h"

#include "num/logistic.h"

#include <math.h>

/* Beyond this a chance is 0 or 1 to a double's eyes, or nearly. */
static const double MAX_LOGIT = 30.0;
/* No honest weight, bias or knot comes near; sums of such stay finite. */
static const double MAX_STORED = 1e6;

const char *piq_member_name(piq_member m)
{
    switch (m) {
    case PIQ_MEMBER_LR:
        return "lr";
    case PIQ_MEMBER_GBDT:
        return "gbdt";
    case PIQ_MEMBER_RNN:
        return "rnn";
    }
    return "unknown";
}

double piq_blend_raw_logit(const piq_blend *b,
                           const double logits[PIQ_N_MEMBERS])
{
    double sum = b->bias;
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
        if (b->weight[m] > 0.0)
            sum += b->weight[m] * logits[m];
    return sum;
}

double piq_blend_calibrate(const piq_blend *b, double raw_logit)
{
    size_t n = b->n_knots;
    if (n == 0)
        return raw_logit;
    if (raw_logit <= b->knot_in[0])
        return b->knot_out[0] + (raw_logit - b->knot_in[0]);
    if (raw_logit >= b->knot_in[n - 1])
        return b->knot_out[n - 1] + (raw_logit - b->knot_in[n - 1]);
    size_t low = 0, high = n - 1; /* knot_in[low] <= raw < knot_in[high] */
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (b->knot_in[middle] <= raw_logit)
            low = middle;
        else
            high = middle;
    }
    double share =
        (raw_logit - b->knot_in[low]) / (b->knot_in[high] - b->knot_in[low]);
    return b->knot_out[low] + share * (b->knot_out[high] - b->knot_out[low]);
}

double piq_blend_predict(const piq_blend *b, const double logits[PIQ_N_MEMBERS])
{
    double logit = piq_blend_calibrate(b, piq_blend_raw_logit(b, logits));
    return piq_sigmoid(piq_clamp(logit, -MAX_LOGIT, MAX_LOGIT));
}

/* --- stored form: members, their weights, the bias, knots ----------------- */

void piq_blend_encode(const piq_blend *b, piq_buf *out)
{
    piq_buf_put_u8(out, PIQ_N_MEMBERS);
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
        piq_buf_put_f64(out, b->weight[m]);
    piq_buf_put_f64(out, b->bias);
    piq_buf_put_varint(out, b->n_knots);
    for (size_t i = 0; i < b->n_knots; i++) {
        piq_buf_put_f64(out, b->knot_in[i]);
        piq_buf_put_f64(out, b->knot_out[i]);
    }
}

static bool in_range(double v)
{
    return fabs(v) <= MAX_STORED; /* false for NaN */
}

static bool read_weights(piq_reader *in, piq_blend *b)
{
    bool fine = piq_reader_u8(in) == PIQ_N_MEMBERS;
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++) {
        b->weight[m] = piq_reader_f64(in);
        fine = fine && in_range(b->weight[m]) && b->weight[m] >= 0.0;
    }
    b->bias = piq_reader_f64(in);
    return fine && in_range(b->bias);
}

static bool read_knots(piq_reader *in, piq_blend *b)
{
    uint64_t n = piq_reader_varint(in);
    if (n > PIQ_MAX_CALIBRATION_KNOTS)
        return false;
    b->n_knots = (size_t)n;
    for (size_t i = 0; i < b->n_knots; i++) {
        b->knot_in[i] = piq_reader_f64(in);
        b->knot_out[i] = piq_reader_f64(in);
        if (!in_range(b->knot_in[i]) || !in_range(b->knot_out[i]))
            return false;
        if (i > 0 && (b->knot_in[i] <= b->knot_in[i - 1] ||
                      b->knot_out[i] <= b->knot_out[i - 1]))
            return false;
    }
    return true;
}

piq_status piq_blend_decode(piq_reader *in, piq_blend *out, piq_err *err)
{
    piq_blend b = {0};
    bool fine = read_weights(in, &b) && read_knots(in, &b);
    if (in->bad)
        return piq_fail(err, PIQ_ECORRUPT, "the blend is cut short");
    if (!fine)
        return piq_fail(err, PIQ_ECORRUPT,
                        "the blend holds a number out of range");
    *out = b;
    return PIQ_OK;
}
