#include "train/fsrs_adam.h"

#include <math.h>

static const double BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;

static const double spread[PIQ_FSRS_N_PARAMS] = {
    6.43, 9.66, 17.58, 27.85, 0.57, 0.28, 0.6,  0.12, 0.39, 0.18, 0.33,
    0.3,  0.09, 0.16,  0.57,  0.25, 1.03, 0.31, 0.32, 0.14, 0.27};
/* A factor of e^0.8 = 2.2 either way is usual. */
static const double spread_logs[PIQ_FSRS_N_PARAMS] = {
    0.8, 0.8,  0.8,  0.8,  0.57, 0.28, 0.6,  0.12, 0.39, 0.18, 0.33,
    0.3, 0.09, 0.16, 0.57, 0.25, 1.03, 0.31, 0.32, 0.14, 0.27};

piq_fsrs_adam piq_fsrs_adam_start(void)
{
    return (piq_fsrs_adam){.decay1 = 1, .decay2 = 1};
}

void piq_fsrs_adam_update(piq_fsrs_adam *a, const double *gradient,
                          double learning_rate, double *x)
{
    a->decay1 *= BETA1;
    a->decay2 *= BETA2;
    for (int i = 0; i < PIQ_FSRS_N_PARAMS; i++) {
        double g = gradient[i];
        if (a->frozen[i])
            continue;
        a->first[i] = BETA1 * a->first[i] + (1 - BETA1) * g;
        a->second[i] = BETA2 * a->second[i] + (1 - BETA2) * g * g;
        double m = a->first[i] / (1 - a->decay1);
        double v = a->second[i] / (1 - a->decay2);
        x[i] -= learning_rate * m / (sqrt(v) + EPSILON);
    }
}

double piq_fsrs_learning_rate(double rate, double share)
{
    return rate * (1 + cos(M_PI * share)) / 2;
}

const double *piq_fsrs_spread(bool logs)
{
    return logs ? spread_logs : spread;
}

double piq_fsrs_penalty(const double *x, const double *centre,
                        const double *spreads, double scale, double *gradient)
{
    double sum = 0;
    for (int i = 0; i < PIQ_FSRS_N_PARAMS; i++) {
        double z = (x[i] - centre[i]) / spreads[i];
        sum += z * z;
        if (gradient)
            gradient[i] += 2 * scale * z / spreads[i];
    }
    return scale * sum;
}
