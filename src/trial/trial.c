/* trial.c - the arms one after the other, and what they come to. */
#include "trial/trial.h"

#include "base/rng.h"
#include "trial/classroom.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Monday 2026-01-05, 17:00 UTC. */
#define START_US INT64_C(1767632400000000)

enum { RESAMPLES = 2000, FIRST_USER = 1 };

const char *piq_trial_policy_name(piq_trial_policy p)
{
    switch (p) {
    case PIQ_TRIAL_ENGINE:
        return "engine";
    case PIQ_TRIAL_BEFORE:
        return "before";
    case PIQ_TRIAL_TASTE:
        return "taste";
    case PIQ_TRIAL_POPULAR:
        return "popular";
    case PIQ_TRIAL_RANDOM:
        return "random";
    }
    return "";
}

/* --- figures: ratios of sums over learners ---------------------------------
 */

typedef struct sums {
    double top, below;
} sums;

/* One figure's part of one learner. */
typedef sums part_fn(const piq_trial_learner *l);

static sums an_hour(const piq_trial_learner *l)
{
    return (sums){l->gained, l->minutes / 60};
}

static sums an_hour_set_aside(const piq_trial_learner *l)
{
    return (sums){l->gained, l->set_aside / 60};
}

static sums accepted(const piq_trial_learner *l)
{
    return (sums){l->taken, l->slates};
}

static sums finished(const piq_trial_learner *l)
{
    return (sums){l->finished, l->taken};
}

static sums hours(const piq_trial_learner *l)
{
    return (sums){l->minutes / 60, 1};
}

static sums gained(const piq_trial_learner *l)
{
    return (sums){l->gained, 1};
}

static double ratio(const piq_trial_learner *l, size_t n, part_fn *part,
                    const size_t *drawn)
{
    sums s = {0};
    for (size_t i = 0; i < n; i++) {
        sums x = part(&l[drawn ? drawn[i] : i]);
        s.top += x.top;
        s.below += x.below;
    }
    return s.below > 0 ? s.top / s.below : 0;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct bench {
    size_t n;
    size_t *drawn;  /* [RESAMPLES][n], the same for all figures: paired */
    double *values; /* [RESAMPLES] */
} bench;

/* Of `l`, or of `l` less `less`. Percentile bootstrap (Efron & Tibshirani 1993,
 * ch. 13). */
static piq_trial_figure figure(bench *b, const piq_trial_learner *l,
                               const piq_trial_learner *less, part_fn *part)
{
    piq_trial_figure f = {.value = ratio(l, b->n, part, NULL)};
    if (less)
        f.value -= ratio(less, b->n, part, NULL);
    for (size_t k = 0; k < RESAMPLES; k++) {
        const size_t *drawn = b->drawn + k * b->n;
        b->values[k] = ratio(l, b->n, part, drawn);
        if (less)
            b->values[k] -= ratio(less, b->n, part, drawn);
    }
    qsort(b->values, RESAMPLES, sizeof *b->values, by_size);
    f.low = b->values[RESAMPLES / 40];
    f.high = b->values[RESAMPLES - 1 - RESAMPLES / 40];
    return f;
}

static piq_status draw(bench *b, piq_arena *a, size_t n, uint64_t seed)
{
    piq_rng r;
    b->n = n;
    b->drawn = piq_new(a, size_t, n * RESAMPLES);
    b->values = piq_new(a, double, RESAMPLES);
    if (!b->drawn || !b->values)
        return PIQ_ENOMEM;
    piq_rng_seed(&r, seed + 17);
    for (size_t i = 0; i < n * RESAMPLES; i++)
        b->drawn[i] = piq_rng_below(&r, n);
    return PIQ_OK;
}

static void sum_up(bench *b, piq_trial_report *out)
{
    const piq_trial_learner *ours = out->arm[PIQ_TRIAL_ENGINE].learners;
    for (int p = 0; p < PIQ_N_TRIAL_POLICIES; p++) {
        piq_trial_arm *arm = &out->arm[p];
        const piq_trial_learner *l = arm->learners;
        if (!l)
            continue;
        arm->gained_an_hour = figure(b, l, NULL, an_hour);
        arm->gained_an_hour_set_aside = figure(b, l, NULL, an_hour_set_aside);
        arm->accepted = figure(b, l, NULL, accepted);
        arm->finished = figure(b, l, NULL, finished);
        arm->hours = figure(b, l, NULL, hours);
        arm->gained = figure(b, l, NULL, gained);
        if (!ours || p == PIQ_TRIAL_ENGINE)
            continue;
        arm->more_gained_an_hour = figure(b, ours, l, an_hour);
        arm->more_gained_an_hour_set_aside =
            figure(b, ours, l, an_hour_set_aside);
        arm->more_accepted = figure(b, ours, l, accepted);
    }
}

/* --- the arms --------------------------------------------------------------
 */

/* Those who were taught before: their log. */
static piq_status teach_earlier(piq_arena *a, const piq_chooser_world *w,
                                const piq_trial_options *o, piq_trial_log *out)
{
    piq_classroom *r = piq_new(a, piq_classroom, 1);
    if (!r)
        return PIQ_ENOMEM;
    piq_status status = piq_classroom_open(r, a, w, o, PIQ_TRIAL_BEFORE,
                                           o->learners, o->earlier, NULL);
    r->tastes = true; /* for the log: they weigh nothing yet */
    if (status == PIQ_OK)
        status = piq_classroom_teach(r, false);
    *out = r->log;
    piq_classroom_release(r);
    return status;
}

static piq_status teach_arm(piq_arena *a, const piq_chooser_world *w,
                            const piq_trial_options *o, piq_trial_policy p,
                            const piq_trial_log *before, piq_trial_arm *out)
{
    piq_trial_learner *l = piq_new(a, piq_trial_learner, o->learners);
    piq_classroom *r = piq_new(a, piq_classroom, 1);
    if (!l || !r)
        return PIQ_ENOMEM;
    piq_status status =
        piq_classroom_open(r, a, w, o, p, 0, o->learners, before);
    if (status == PIQ_OK)
        status = piq_classroom_teach(r, true);
    for (size_t i = 0; i < r->n_seats; i++)
        l[i] = r->seats[i].tally;
    out->learners = l;
    piq_classroom_release(r);
    return status;
}

static bool in_range(const piq_trial_options *o)
{
    return o->learners >= 2 && o->learners <= 100000 && o->earlier <= 100000 &&
           o->sessions >= 1 && o->sessions <= 10000 && o->slate >= 1 &&
           o->slate <= PIQ_CHOOSER_MAX_SLATE && o->floor >= 0 && o->floor <= 1;
}

piq_status piq_trial_run(piq_arena *a, const piq_catalogue *c,
                         const piq_trial_options *o, piq_trial_report *out,
                         piq_err *err)
{
    piq_chooser_options who = {o->seed, FIRST_USER, START_US};
    piq_chooser_world *w;
    piq_trial_log before;
    piq_trial_report report = {0};
    bench b;
    if (!in_range(o))
        return piq_fail(err, PIQ_EINVAL,
                        "an option of the trial is out of "
                        "range");
    piq_status status = piq_chooser_world_new(a, c, &who, &w);
    if (status == PIQ_OK)
        status = teach_earlier(a, w, o, &before);
    for (int p = 0; p < PIQ_N_TRIAL_POLICIES && status == PIQ_OK; p++)
        if (o->wanted[p])
            status = teach_arm(a, w, o, (piq_trial_policy)p, &before,
                               &report.arm[p]);
    if (status == PIQ_OK)
        status = draw(&b, a, o->learners, o->seed);
    if (status)
        return piq_fail(err, status,
                        status == PIQ_ENOMEM
                            ? "no memory for the simulated learners"
                            : "the log holds what cannot be learned from");
    sum_up(&b, &report);
    *out = report;
    return PIQ_OK;
}
