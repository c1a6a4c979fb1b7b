#include "memory/online.h"

#include "num/logistic.h"

#include <math.h>

enum { VERSION = 1, BISECTIONS = 60 };

/* Spread of the coefficients among learners before anything is known, and how
 * far the intercept drifts in a review. */
static const double START_SD[PIQ_ONLINE_N] = {0.2, 0.2, 0.2};
static const double DRIFT_SD = 0.003;
/* Of the third expert's own intercept, per nat of slope. */
static const double FAST_STEP = 0.05;
/* What the shares forget in a review: an expert that was wrong for long may
 * come back. */
static const double SHARE_FORGOTTEN = 0.001;
/* FSRS is not believed beyond these odds; recall of 1 would be certain. */
static const double MOST_LOGIT = 6;
/* A slope below this would turn the order of recalls nearly round. */
static const double LEAST_SLOPE = 0.2;
/* Zero of the inputs: about where a review is usually due. */
static const double USUAL_LOGIT = 2, USUAL_DIFFICULTY = 5, PER_DIFFICULTY = 3;
static const double P_EDGE = 1e-7;

typedef struct expectation {
    double x[PIQ_ONLINE_N];
    double p[PIQ_ONLINE_N_EXPERTS];
} expectation;

static size_t cell(int i, int j)
{
    return (size_t)(i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i);
}

void piq_online_init(piq_online *o)
{
    *o = (piq_online){0};
    for (int i = 0; i < PIQ_ONLINE_N; i++)
        o->covariance[cell(i, i)] = START_SD[i] * START_SD[i];
    for (int e = 0; e < PIQ_ONLINE_N_EXPERTS; e++)
        o->share[e] = 1.0 / PIQ_ONLINE_N_EXPERTS;
}

static double inner(double p)
{
    return piq_clamp(p, P_EDGE, 1 - P_EDGE);
}

static void expect(const piq_online *o, piq_fsrs_state before, double logit,
                   expectation *e)
{
    double held = piq_clamp(logit, -MOST_LOGIT, MOST_LOGIT);
    double slope = fmax(o->mean[1], LEAST_SLOPE - 1);
    e->x[0] = 1;
    e->x[1] = held - USUAL_LOGIT;
    e->x[2] = (before.difficulty - USUAL_DIFFICULTY) / PER_DIFFICULTY;
    double corrected =
        held + o->mean[0] + slope * e->x[1] + o->mean[2] * e->x[2];
    e->p[0] = inner(piq_sigmoid(logit));
    e->p[1] = inner(piq_sigmoid(corrected));
    e->p[2] = inner(piq_sigmoid(corrected + o->fast));
}

static double mixed(const piq_online *o, const expectation *e)
{
    double p = 0;
    for (int i = 0; i < PIQ_ONLINE_N_EXPERTS; i++)
        p += o->share[i] * e->p[i];
    return p;
}

double piq_online_recall(const piq_online *o, piq_fsrs_state before,
                         double recall)
{
    expectation e;
    expect(o, before, piq_logit(recall), &e);
    return mixed(o, &e);
}

double piq_online_recall_at(const piq_online *o, piq_fsrs_state before,
                            double chance)
{
    double low = -20, high = 20;
    for (int i = 0; i < BISECTIONS; i++) {
        expectation e;
        double middle = (low + high) / 2;
        expect(o, before, middle, &e);
        if (mixed(o, &e) < chance)
            low = middle;
        else
            high = middle;
    }
    return piq_sigmoid((low + high) / 2);
}

/* Bayes: a share times what its expert gave to what happened. */
static void weigh_experts(piq_online *o, const expectation *e, bool passed,
                          double weight)
{
    double sum = 0;
    for (int i = 0; i < PIQ_ONLINE_N_EXPERTS; i++) {
        o->share[i] *= pow(passed ? e->p[i] : 1 - e->p[i], weight);
        sum += o->share[i];
    }
    double forgotten = SHARE_FORGOTTEN * weight;
    for (int i = 0; i < PIQ_ONLINE_N_EXPERTS; i++)
        o->share[i] = (1 - forgotten) * o->share[i] / sum +
                      forgotten / PIQ_ONLINE_N_EXPERTS;
}

/* One step of the extended Kalman filter for a Bernoulli outcome: information
 * p (1-p) along x. */
static void filter(piq_online *o, const expectation *e, bool passed,
                   double weight)
{
    double px[PIQ_ONLINE_N] = {0}, spread = 0, p = e->p[1];
    o->covariance[0] += DRIFT_SD * DRIFT_SD * weight;
    for (int i = 0; i < PIQ_ONLINE_N; i++)
        for (int j = 0; j < PIQ_ONLINE_N; j++)
            px[i] += o->covariance[cell(i, j)] * e->x[j];
    for (int i = 0; i < PIQ_ONLINE_N; i++)
        spread += e->x[i] * px[i];
    double information = weight * p * (1 - p);
    double gain = 1 / (1 + information * spread);
    double error = weight * ((passed ? 1 : 0) - p);
    for (int i = 0; i < PIQ_ONLINE_N; i++) {
        o->mean[i] += gain * px[i] * error;
        for (int j = 0; j <= i; j++)
            o->covariance[cell(i, j)] -= gain * information * px[i] * px[j];
    }
}

void piq_online_update(piq_online *o, piq_fsrs_state before, double recall,
                       bool passed, double weight)
{
    expectation e;
    expect(o, before, piq_logit(recall), &e);
    weigh_experts(o, &e, passed, weight);
    o->fast += FAST_STEP * weight * ((passed ? 1 : 0) - e.p[2]);
    filter(o, &e, passed, weight);
}

/* ---- stored form ------------------------------------------------------- */

void piq_online_encode(const piq_online *o, piq_buf *out)
{
    piq_buf_put_u8(out, VERSION);
    for (int i = 0; i < PIQ_ONLINE_N; i++)
        piq_buf_put_f64(out, o->mean[i]);
    for (int i = 0; i < PIQ_ONLINE_N_COVARIANCE; i++)
        piq_buf_put_f64(out, o->covariance[i]);
    piq_buf_put_f64(out, o->fast);
    for (int e = 0; e < PIQ_ONLINE_N_EXPERTS; e++)
        piq_buf_put_f64(out, o->share[e]);
}

static bool read_finite(piq_reader *in, double *out, size_t n)
{
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        out[i] = piq_reader_f64(in);
        finite = finite && isfinite(out[i]);
    }
    return finite;
}

piq_status piq_online_decode(piq_online *o, piq_reader *in)
{
    piq_online r;
    bool sound = piq_reader_u8(in) == VERSION;
    sound = read_finite(in, r.mean, PIQ_ONLINE_N) && sound;
    sound = read_finite(in, r.covariance, PIQ_ONLINE_N_COVARIANCE) && sound;
    sound = read_finite(in, &r.fast, 1) && sound;
    sound = read_finite(in, r.share, PIQ_ONLINE_N_EXPERTS) && sound;
    for (int i = 0; i < PIQ_ONLINE_N; i++)
        sound = sound && r.covariance[cell(i, i)] > 0;
    for (int e = 0; e < PIQ_ONLINE_N_EXPERTS; e++)
        sound = sound && r.share[e] > 0 && r.share[e] <= 1;
    if (in->bad || !sound)
        return PIQ_ECORRUPT;
    *o = r;
    return PIQ_OK;
}
