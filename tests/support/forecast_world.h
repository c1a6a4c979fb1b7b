/* forecast_world.h - simulated learners stopped on their way, with what became
 * of them: for measuring forecasts against hidden truth. */
#ifndef PIQ_TESTS_FORECAST_WORLD_H
#define PIQ_TESTS_FORECAST_WORLD_H

#include "learner/learner.h"
#include "sim/sim.h"

enum {
    FORECAST_HISTORIES = 5, /* stops after so many events */
    FORECAST_HORIZONS = 3   /* and so many days */
};
extern const uint32_t forecast_histories[FORECAST_HISTORIES];
extern const int forecast_horizons[FORECAST_HORIZONS];

typedef struct forecast_world_options {
    uint64_t seed;
    size_t learners, events;
    double days;
    bool learning;
    bool answers_only;
    /* Item difficulties are found from everybody's answers meanwhile, and
     * beliefs put on their scale (piq_learner_judged). */
    bool calibrate;
} forecast_world_options;

/* One learner at one stop. */
typedef struct forecast_stop {
    piq_learner *learner; /* as it was then */
    piq_belief *beliefs;  /* [n_concepts] */
    int64_t now_us;
    int history; /* index */
    /* True mean mastery of each area, and of all concepts last: at the stop,
     * and at each horizon. */
    double *truth_now, *truth[FORECAST_HORIZONS]; /* [n_areas + 1] */
    double minutes[FORECAST_HORIZONS];            /* practised until then */
    int reached; /* horizons that were lived through */
} forecast_stop;

typedef struct forecast_world forecast_world;

forecast_world *forecast_world_new(const piq_catalogue *c,
                                   const forecast_world_options *o);
void forecast_world_free(forecast_world *w);
size_t forecast_world_stops(const forecast_world *w);
forecast_stop *forecast_world_stop(forecast_world *w, size_t i);

/* States minutes as practised until a horizon, so that a prediction plans with
 * what was done. Returns the instant of the horizon. */
int64_t forecast_stop_plan(forecast_stop *s, int horizon);

#endif
