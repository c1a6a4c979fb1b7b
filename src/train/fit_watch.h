/* fit_watch.h - how a fit tells how far it is, and is told to stop.
 *
 * Called by the fitting thread after each round (a tree, an epoch). Fitting
 * itself reads no clock and prints nothing.
 */
#ifndef PIQ_TRAIN_FIT_WATCH_H
#define PIQ_TRAIN_FIT_WATCH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct piq_fit_round {
    const char *member; /* "gbdt", "rnn", "lr" */
    size_t round, n_rounds;
    double train_loss; /* nats an answer; NaN unknown */
    double valid_loss;
    double valid_auc; /* NaN unknown */
} piq_fit_round;

typedef struct piq_fit_watch {
    /* False: stop, and keep the best so far. May be NULL. */
    bool (*round)(void *ctx, const piq_fit_round *r);
    void *ctx;
} piq_fit_watch;

#endif
