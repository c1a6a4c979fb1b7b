/* forecast_window.h - what a belief of today says of answers to come: their
 * mean chance, and how far it may be off. For the evaluation of forecasts.
 *
 * Chances are the online belief's own, at the instants of the answers, from a
 * state that knows none of them. A deviation of anything believed moves all
 * the answers that it bears on together, so to first order
 *
 *     Var = sum_x s_x (sum_j p'_j pull_jx / n)^2 + form
 *
 * over concepts, areas, the learner and items x, with their variances s_x
 * given what is above them (src/track/README.md), p'_j the derivative of an
 * answer's chance by its ability, and form an Ornstein-Uhlenbeck process that
 * also fades from answer to answer.
 *
 * Pure. One window at a time in one thread.
 */
#ifndef PIQ_TRAIN_FORECAST_WINDOW_H
#define PIQ_TRAIN_FORECAST_WINDOW_H

#include "base/arena.h"
#include "domain/calibration.h"
#include "insight/forecast.h"
#include "track/params.h"
#include "track/track.h"

enum { PIQ_WINDOW_LEAST = 20, PIQ_WINDOW_MOST = 60 };

typedef struct piq_window_answer {
    int64_t at_us;
    piq_item_ix item;
    float score;
} piq_window_answer;

/* Sums over concepts and items, all zero between two calls. */
typedef struct piq_window_room {
    double *concept;          /* [n_concepts] */
    double *concept_variance; /* [n_concepts] */
    double *item;             /* [n_items] */
} piq_window_room;

/* Lives in `a`. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_window_room_new(piq_arena *a,
                                            const piq_catalogue *c,
                                            piq_window_room *out);

/* Answers answers[n], 1 <= n <= PIQ_WINDOW_MOST, by time, none before now_us;
 * items[n_items] are the difficulties known now. Scores are not looked at. */
piq_answer_outlook piq_window_outlook(const piq_window_room *room,
                                      const piq_track *t,
                                      const piq_catalogue *c,
                                      const piq_item_estimate *items,
                                      const piq_window_answer *answers,
                                      size_t n, int64_t now_us);

#endif
