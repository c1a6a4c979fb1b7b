/* recurrent_twin.h - the recurrent net once more, slow, plain and in double:
 * what the fast one is compared with. Formulas: recurrent_weights.h. */
#ifndef TEST_RECURRENT_TWIN_H
#define TEST_RECURRENT_TWIN_H

#include "base/rng.h"
#include "predict/recurrent_weights.h"

enum { TWIN_MAX = 64 }; /* of hidden, embed, side, head */

typedef struct twin {
    const piq_recurrent *m;
    double *weights; /* laid out as the model's; heap, twin_release */
    double h[TWIN_MAX];
    double cell[TWIN_MAX];
} twin;

void twin_init(twin *t, const piq_recurrent *m);
void twin_release(twin *t);
void twin_forget(twin *t);
double twin_logit(const twin *t, const piq_recurrent_ask *ask, const float *x);
void twin_step(twin *t, const piq_recurrent_ask *ask, const float *x,
               bool right);

/* A net of random weights, every block in use. Freed by the caller. */
piq_recurrent *random_net(const piq_recurrent_shape *shape, piq_rng *rng);
piq_recurrent_ask random_ask(const piq_recurrent *m, piq_rng *rng);
/* One in eight is NaN. */
void random_features(const piq_recurrent *m, piq_rng *rng, float *x);

#endif
