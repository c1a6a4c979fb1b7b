#include "train/recurrent_adam.h"

#include <math.h>
#include <string.h>

static const double BETA1 = .9;
static const double BETA2 = .999;
/* Of the root of the second moment; a gradient of the mean of thousands of
 * losses is small. */
static const double EPSILON = 1e-10;

piq_status piq_recurrent_adam_new(piq_arena *a, const piq_recurrent *start,
                                  piq_recurrent_adam *out)
{
    size_t n = start->layout.at[PIQ_N_RECURRENT_BLOCKS];
    *out = (piq_recurrent_adam){
        .layout = &start->layout,
        .max_norm = 1,
        .weights = piq_new(a, float, n),
        .averaged = piq_new(a, float, n),
        .first = piq_new(a, float, n),
        .second = piq_new(a, float, n),
    };
    if (!out->weights || !out->averaged || !out->first || !out->second)
        return PIQ_ENOMEM;
    memcpy(out->weights, start->weights, n * sizeof *out->weights);
    memcpy(out->averaged, start->weights, n * sizeof *out->weights);
    return PIQ_OK;
}

static double norm_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

/* One weight a step: what is the same for all of them. */
typedef struct stride {
    float clip;
    float rate;   /* learning rate, bias of the first moment corrected */
    float unbias; /* of the second moment */
    float decay;  /* 1 - learning rate * weight decay */
} stride;

static void update_matrix(piq_recurrent_adam *o, size_t b, const float *grad,
                          stride s)
{
    const float b1 = (float)BETA1;
    const float b2 = (float)BETA2;
    const float epsilon = (float)EPSILON;
    for (size_t i = o->layout->at[b]; i < o->layout->at[b + 1]; i++) {
        float g = grad[i] * s.clip;
        o->first[i] = b1 * o->first[i] + (1 - b1) * g;
        o->second[i] = b2 * o->second[i] + (1 - b2) * g * g;
        o->weights[i] =
            s.decay * o->weights[i] -
            s.rate * o->first[i] / (sqrtf(o->second[i] * s.unbias) + epsilon);
    }
}

/* Mean square of the gradient where there is one; 0: nowhere. */
static double touched_square(const float *grad, size_t n)
{
    double sum = 0;
    size_t touched = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)grad[i] * (double)grad[i];
        touched += grad[i] != 0;
    }
    return touched ? sum / (double)touched : 0;
}

/* The prior's step is taken implicitly, w / (1 + rate prior), which no rate
 * makes overshoot. */
static void update_table(piq_recurrent_adam *o, size_t b, const float *grad,
                         stride s)
{
    size_t from = o->layout->at[b];
    size_t n = o->layout->at[b + 1] - from;
    double square = (double)(s.clip * s.clip) * touched_square(grad + from, n);
    if (square > 0) {
        o->square[b] = BETA2 * o->square[b] + (1 - BETA2) * square;
        o->squares[b]++;
    }
    if (o->squares[b] == 0)
        return; /* no gradient yet */
    double unbias = 1 / (1 - pow(BETA2, (double)o->squares[b]));
    const float b1 = (float)BETA1;
    float rate = s.rate / (float)(sqrt(o->square[b] * unbias) + EPSILON);
    float shrink = 1 / (1 + rate * (float)o->prior[b]);
    for (size_t i = from; i < from + n; i++) {
        o->first[i] = b1 * o->first[i] + (1 - b1) * grad[i] * s.clip;
        o->weights[i] = shrink * (o->weights[i] - rate * o->first[i]);
    }
}

void piq_recurrent_adam_update(piq_recurrent_adam *o, const float *grad,
                               double learning_rate)
{
    size_t n = o->layout->at[PIQ_N_RECURRENT_BLOCKS];
    double updates = (double)++o->n_updates;
    double norm = norm_of(grad, n);
    stride s = {
        .clip = (float)(norm > o->max_norm ? o->max_norm / norm : 1),
        .rate = (float)(learning_rate / (1 - pow(BETA1, updates))),
        .unbias = (float)(1 / (1 - pow(BETA2, updates))),
        .decay = (float)(1 - learning_rate * o->weight_decay),
    };
    for (size_t b = 0; b < PIQ_N_RECURRENT_BLOCKS; b++)
        if (b < PIQ_N_RECURRENT_TABLES)
            update_table(o, b, grad, s);
        else
            update_matrix(o, b, grad, s);
    /* A young average follows faster. */
    float share = (float)fmin(o->average, updates / (updates + 10));
    for (size_t i = 0; i < n; i++)
        o->averaged[i] += (1 - share) * (o->weights[i] - o->averaged[i]);
}
