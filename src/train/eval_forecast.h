/* eval_forecast.h - do forecasts hold on real later answers?
 *
 * Goes through the answers of many learners in time order, as the engine would
 * live through them. After every PIQ_FORECAST_STEP answers of a learner, for
 * each horizon, the share right among the answers that come then is forecast
 * (insight/forecast.h): from the belief and the item difficulties of that
 * moment, knowing which items will be met and when, but no answer. The answers
 * of a horizon are the first 60 from so many days on, at least 20, within 28
 * days. Interval and share are then compared.
 *
 * Learners, by number, fall into two halves: the constants of the forecast
 * were fitted on the first half of one data set, so the second is what counts.
 *
 * Pure; scratch memory from an arena, about 100 bytes an answer, and what the
 * learners' beliefs take on the heap while it runs.
 */
#ifndef PIQ_TRAIN_EVAL_FORECAST_H
#define PIQ_TRAIN_EVAL_FORECAST_H

#include "train/eval_track.h"

enum {
    PIQ_FORECAST_STEP = 50,
    PIQ_FORECAST_HORIZONS = 5,  /* 0, 1, 7, 14, 28 days ahead */
    PIQ_FORECAST_HISTORIES = 5, /* answers before: 50, 100, 200, 400, 800 .. */
    PIQ_FORECAST_HALVES = 2
};

/* Days ahead of horizon h; answers before of history k, and of the next: the
 * last goes on for ever. */
int piq_forecast_horizon_days(int h);
uint32_t piq_forecast_history_from(int k);

/* Forecasts of one kind; means over them, NaN when n is 0. */
typedef struct piq_forecast_score {
    uint64_t n;
    double held80, held90;   /* share of intervals that held */
    double width80, width90; /* of the interval, share right */
    double error;            /* root of the mean squared error */
    double no_change;        /* the same: the belief as it is */
    double as_lately;        /* the same: the share of the last 60 answers */
    double bias;             /* forecast - what came */
} piq_forecast_score;

typedef struct piq_forecast_half {
    uint64_t n_learners; /* with at least one forecast */
    piq_forecast_score all;
    piq_forecast_score by_horizon[PIQ_FORECAST_HORIZONS];
    piq_forecast_score by_history[PIQ_FORECAST_HISTORIES];
    piq_forecast_score cells[PIQ_FORECAST_HISTORIES][PIQ_FORECAST_HORIZONS];
} piq_forecast_half;

typedef struct piq_forecast_report {
    uint64_t n_answers, n_learners;
    piq_forecast_half halves[PIQ_FORECAST_HALVES]; /* first, later */
} piq_forecast_report;

/* `answers` in any order; equal instants keep the order given. publish_every
 * answers a calibration; 0: 64, as the engine does. PIQ_ENOMEM. *out is
 * written on success only. */
PIQ_MUST_USE piq_status piq_eval_forecast(piq_arena *a, const piq_catalogue *c,
                                          const piq_eval_answer *answers,
                                          size_t n, size_t publish_every,
                                          piq_forecast_report *out);

#endif
