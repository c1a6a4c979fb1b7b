#include "agent/theta.h"

#include "num/logistic.h"
#include "track/params.h"

#include <math.h>

/* Coordinates of the cube. */
enum axis {
    START,
    DEPTH,
    LEARNER_VAR,
    CONCEPT_VAR,
    KIN,
    TOP,
    RATE,
    HETERO,
    GATE,
    SPILL,
    FAR,
    DOSE,
    EDGE_DOUBT,
    ASKS_FIRST,
    LOG_TEACHES,
    SHARP,
    GUESS,
    LAPSE,
    FORGETS,
    TEMPO,
    DECAY,
    GROWTH,
    STATES,
    LAPSES,
    N_AXES
};
_Static_assert((int)N_AXES == (int)PIQ_THETA_N, "a coordinate for each number");

enum { W_GROWTH = 8, W_DECAY = 20 }; /* of FSRS-6 */

/* A coordinate of a neighbour is drawn anew with this chance: walls between
 * ways to behave (asks first or after, known or graded) are crossed so. */
static const double REDRAW = 0.04;

static double between(double u, double low, double high)
{
    return low + u * (high - low);
}

static double log_between(double u, double low, double high)
{
    return low * pow(high / low, u);
}

/* What is left of u above a mass at nought; 0 inside it. */
static double above(double u, double mass)
{
    return u <= mass ? 0.0 : (u - mass) / (1.0 - mass);
}

static void decode_start(piq_theta *t)
{
    const piq_track_params *p = piq_track_defaults();
    const double *u = t->u;
    t->start = between(u[START], -4.0, 1.0);
    t->depth = 0.5 * above(u[DEPTH], 0.4);
    t->learner_var = p->learner_var * log_between(u[LEARNER_VAR], 0.3, 2.5);
    t->concept_var =
        (p->area_var + p->concept_var) * log_between(u[CONCEPT_VAR], 0.3, 5.0);
    t->kin = 0.8 * above(u[KIN], 0.3);
}

static void decode_practice(piq_theta *t)
{
    const double *u = t->u;
    t->top = between(u[TOP], 1.2, 4.5);
    t->rate = log_between(u[RATE], 0.03, 0.95);
    t->hetero = 0.6 * above(u[HETERO], 0.3);
    t->gate =
        u[GATE] <= 0.25 ? 0.0 : log_between(above(u[GATE], 0.25), 0.08, 1.5);
    t->spill = 0.7 * above(u[SPILL], 0.5);
    t->far =
        above(u[FAR], 0.45) > 0.0 ? fmin(1.0, 4.0 * above(u[FAR], 0.45)) : 0.0;
    t->dose = u[DOSE] < 0.5 ? 0.0 : 1.0;
    t->edge_doubt = 0.4 * above(u[EDGE_DOUBT], 0.6);
    t->asks_first = u[ASKS_FIRST] < 0.75;
    t->log_teaches = u[LOG_TEACHES] < 0.75;
}

static void decode_memory(piq_theta *t, bool timed)
{
    const double *u = t->u;
    double w[PIQ_FSRS_N_PARAMS];
    t->forgets = u[FORGETS] < (timed ? 0.9 : 0.2);
    t->lapses = u[LAPSES] < 0.5;
    double pace = log_between(u[TEMPO], 0.02, 40.0);
    t->tempo = fmax(1.0, pace);
    for (int i = 0; i < PIQ_FSRS_N_PARAMS; i++)
        w[i] = piq_fsrs_defaults()->w[i];
    /* A step stays a day at least, or it would count as the same day: slower
     * forgetting starts from longer stabilities instead. */
    for (int i = 0; i < 4; i++)
        w[i] *= t->tempo / pace;
    w[W_GROWTH] += between(u[GROWTH], -1.2, 1.2);
    w[W_DECAY] = between(u[DECAY], 0.12, 0.8);
    if (piq_fsrs_params_of(w, PIQ_FSRS_N_PARAMS, &t->memory, NULL))
        t->memory = *piq_fsrs_defaults();
}

/* Known or not: the same coordinates, on the scale of a chance. */
static void decode_states(piq_theta *t)
{
    const double *u = t->u;
    t->states = u[STATES] < 0.35;
    if (!t->states)
        return;
    t->start = between(u[START], 0.02, 0.7);
    t->top = 1.0;
    t->gate *= 2.0;
    t->spill = 0.0;
    t->lapse = 0.003 + 0.25 * u[LAPSE];
}

static void decode(piq_theta *t, bool timed)
{
    const double *u = t->u;
    decode_start(t);
    decode_practice(t);
    decode_memory(t, timed);
    t->sharp = log_between(u[SHARP], 0.8, 7.0);
    t->guess = 0.35 * above(u[GUESS], 0.3);
    t->lapse = 0.003 + 0.2 * u[LAPSE] * u[LAPSE];
    decode_states(t);
}

void piq_theta_draw(piq_theta *t, bool timed, piq_rng *rng)
{
    for (int i = 0; i < PIQ_THETA_N; i++)
        t->u[i] = piq_rng_uniform(rng);
    decode(t, timed);
}

void piq_theta_move(piq_theta *t, bool timed, double step, piq_rng *rng)
{
    for (int i = 0; i < PIQ_THETA_N; i++) {
        double u = t->u[i] + step * piq_rng_normal(rng);
        double far = piq_rng_uniform(rng);
        if (piq_rng_uniform(rng) < REDRAW)
            u = far;
        u = fabs(u);
        u = u > 1.0 ? 2.0 - u : u;
        t->u[i] = piq_clamp(u, 0.0, 1.0);
    }
    decode(t, timed);
}
