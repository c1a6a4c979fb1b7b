/* fsrs.c - FSRS-6 on one card. Formulas, sources and where we differ:
 * src/memory/README.md. Names follow it: S stability, D difficulty, R recall,
 * G rating, t elapsed days, w0 .. w20 parameters.
 */
#include "memory/fsrs.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Shortest interval, in days, that is fuzzed at all. */
#define FUZZ_FROM_DAYS 2.5

typedef struct range {
    double low, high;
} range;

static const range limits[PIQ_FSRS_N_PARAMS] = {
    {0.001, 100}, {0.001, 100}, {0.001, 100},  {0.001, 100}, {1, 10},
    {0.001, 4},   {0.001, 4},   {0.001, 0.75}, {0, 4.5},     {0, 0.8},
    {0.001, 3.5}, {0.001, 5},   {0.001, 0.25}, {0.001, 0.9}, {0, 4},
    {0, 1},       {1, 6},       {0, 2},        {0, 2},       {0.01, 0.8},
    {0.1, 0.8},
};

/* The derived members are those of `derive` on w; a test compares them. */
static const piq_fsrs_params defaults = {
    .w = {0.212,  1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194,
          0.001,  1.8722, 0.1666, 0.796,  1.4835, 0.0614, 0.2629,
          1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542},
    .curve = 0.98034649441347965,
    .growth = 6.5025863645633279,
    .d0_easy = -4.7716307031617369,
    .same_day = {0.35504029106114915, 0.61077661025133312, 1.0507203746232234,
                 1.8075566207325264},
};

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* D0(G), not clamped. */
static double first_difficulty(const double *w, int rating)
{
    return w[4] - exp(w[5] * (rating - 1)) + 1;
}

static void derive(piq_fsrs_params *p)
{
    const double *w = p->w;
    p->curve = pow(0.9, -1 / w[20]) - 1;
    p->growth = exp(w[8]);
    p->d0_easy = first_difficulty(w, 4);
    for (int g = 1; g <= 4; g++)
        p->same_day[g - 1] = exp(w[17] * (g - 3 + w[18]));
}

const piq_fsrs_params *piq_fsrs_defaults(void)
{
    return &defaults;
}

/* 17 values: FSRS-4.5, whose difficulty was linear in the rating and which
 * knew no same-day reviews. 19: FSRS-5, with the decay fixed at 0.5. */
static void migrate(double *w, size_t n)
{
    if (n == 17) {
        double slope = w[5];
        w[4] += 2 * slope;
        w[5] = log(1 + 3 * slope) / 3;
        w[6] += 0.5;
        w[17] = w[18] = w[19] = 0;
    }
    if (n == 19)
        w[19] = 0;
    if (n < PIQ_FSRS_N_PARAMS)
        w[20] = 0.5;
}

static void clamp_all(double *w)
{
    /* All three at 0 means that same-day passes leave S alone. */
    bool same_day = w[17] != 0 || w[18] != 0 || w[19] != 0;
    for (size_t i = 0; i < PIQ_FSRS_N_PARAMS; i++)
        w[i] = clamp(w[i], limits[i].low, limits[i].high);
    if (!same_day)
        w[19] = 0;
}

piq_status piq_fsrs_params_of(const double *w, size_t n, piq_fsrs_params *out,
                              piq_err *err)
{
    if (n != 17 && n != 19 && n != PIQ_FSRS_N_PARAMS)
        return piq_fail(err, PIQ_EINVAL,
                        "memory parameters: %zu values, not 17, 19 or 21", n);
    piq_fsrs_params p = {0};
    memcpy(p.w, w, n * sizeof *w);
    migrate(p.w, n);
    for (size_t i = 0; i < PIQ_FSRS_N_PARAMS; i++) {
        if (isfinite(p.w[i]))
            continue;
        piq_status s =
            piq_fail(err, PIQ_EINVAL, "memory parameter w%zu is not finite", i);
        piq_err_at(err, "/%zu", i);
        return s;
    }
    clamp_all(p.w);
    derive(&p);
    *out = p;
    return PIQ_OK;
}

static double next_difficulty(const piq_fsrs_params *p, double d, int rating)
{
    double change = -p->w[6] * (rating - 3);
    /* The nearer to 10, the less it still rises. */
    double moved = d + (PIQ_FSRS_DIFFICULTY_MAX - d) * change / 9;
    double reverted = p->w[7] * p->d0_easy + (1 - p->w[7]) * moved;
    return clamp(reverted, PIQ_FSRS_DIFFICULTY_MIN, PIQ_FSRS_DIFFICULTY_MAX);
}

static double stability_same_day(const piq_fsrs_params *p, double s, int rating)
{
    double k = p->same_day[rating - 1] * pow(s, -p->w[19]);
    if (rating >= 2 && k < 1)
        k = 1;
    return s * k;
}

static double stability_failed(const piq_fsrs_params *p, piq_fsrs_state x,
                               double r)
{
    const double *w = p->w;
    double s = x.stability_days;
    double lapsed = w[11] * pow(x.difficulty, -w[12]) *
                    (pow(s + 1, w[13]) - 1) * exp(w[14] * (1 - r));
    /* same_day[2] is e^(w17 w18). */
    double cap = s / p->same_day[2];
    return lapsed < cap ? lapsed : cap;
}

static double stability_passed(const piq_fsrs_params *p, piq_fsrs_state x,
                               double r, int rating)
{
    const double *w = p->w;
    double s = x.stability_days;
    double by_rating = rating == 2 ? w[15] : rating == 4 ? w[16] : 1;
    double growth = p->growth * (11 - x.difficulty) * pow(s, -w[9]) *
                    expm1(w[10] * (1 - r)) * by_rating;
    return s * (1 + growth);
}

piq_fsrs_state piq_fsrs_next(const piq_fsrs_params *p, piq_fsrs_state before,
                             double elapsed_days, int rating)
{
    PIQ_ASSERT(rating >= 1 && rating <= 4);
    double s, d;
    if (before.stability_days <= 0) {
        s = p->w[rating - 1];
        d = clamp(first_difficulty(p->w, rating), PIQ_FSRS_DIFFICULTY_MIN,
                  PIQ_FSRS_DIFFICULTY_MAX);
    } else {
        double r = piq_fsrs_recall(p, elapsed_days, before.stability_days);
        d = next_difficulty(p, before.difficulty, rating);
        if (elapsed_days < 1)
            s = stability_same_day(p, before.stability_days, rating);
        else if (rating == 1)
            s = stability_failed(p, before, r);
        else
            s = stability_passed(p, before, r, rating);
    }
    return (piq_fsrs_state){
        clamp(s, PIQ_FSRS_STABILITY_MIN, PIQ_FSRS_STABILITY_MAX), d};
}

double piq_fsrs_recall(const piq_fsrs_params *p, double elapsed_days,
                       double stability_days)
{
    PIQ_ASSERT(stability_days > 0);
    if (elapsed_days <= 0)
        return 1;
    return pow(1 + p->curve * elapsed_days / stability_days, -p->w[20]);
}

double piq_fsrs_interval(const piq_fsrs_params *p, double stability_days,
                         double retention)
{
    PIQ_ASSERT(stability_days > 0 && retention > 0 && retention < 1);
    return stability_days / p->curve * (pow(retention, -1 / p->w[20]) - 1);
}

static double overlap(double x, double from, double to)
{
    double end = x < to ? x : to;
    return end > from ? end - from : 0;
}

void piq_fsrs_fuzz_range(int days, double elapsed_days, int max_days, int *low,
                         int *high)
{
    *low = *high = days;
    if (days < FUZZ_FROM_DAYS)
        return;
    double spread = 1 + 0.15 * overlap(days, 2.5, 7) +
                    0.10 * overlap(days, 7, 20) +
                    0.05 * overlap(days, 20, INFINITY);
    double from = fmax(2, round(days - spread));
    double to = fmin(round(days + spread), max_days);
    if (days > elapsed_days)
        from = fmax(from, floor(elapsed_days) + 1);
    *high = (int)to;
    *low = (int)fmin(from, to);
}

int piq_fsrs_due_days(const piq_fsrs_params *p, double stability_days,
                      double retention, double elapsed_days, int max_days,
                      piq_rng *rng)
{
    PIQ_ASSERT(max_days >= 1);
    double exact = piq_fsrs_interval(p, stability_days, retention);
    int days = (int)clamp(round(exact), 1, max_days);
    if (!rng)
        return days;
    int low, high;
    piq_fsrs_fuzz_range(days, elapsed_days, max_days, &low, &high);
    return low + (int)piq_rng_below(rng, (uint64_t)(high - low) + 1);
}
