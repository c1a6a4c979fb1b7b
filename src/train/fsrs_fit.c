#include "train/fsrs_fit.h"

#include "train/fsrs_adam.h"
#include "train/fsrs_grad.h"
#include "train/fsrs_initial.h"
#include "train/fsrs_pool.h"

#include <math.h>
#include <string.h>

static const size_t ARENA_BYTES = (size_t)8 << 30;
enum { MAX_EPOCHS = 1000, N = PIQ_FSRS_N_PARAMS };

/* gamma: on the first sixth of six real logs, which no test part of theirs
 * touches, 1/2 was better than fsrs-rs's 1 on five and equal on one. */
static const piq_fsrs_fit_options defaults = {
    .gamma = 0.5, .learning_rate = 0.04, .epochs = 5, .batch = 512, .seed = 1};

const piq_fsrs_fit_options *piq_fsrs_fit_defaults(void)
{
    return &defaults;
}

/* What descends is x: the parameters, w0 .. w3 as logarithms when shrunk. */
typedef struct fit {
    const piq_fsrs_fit_options *o;
    bool shrunk, many; /* many learners */
    piq_fsrs_pool pool;
    piq_fsrs_tape tape;
    double centre[N]; /* of the penalty, as x */
    double count[4];  /* items behind each of w0 .. w3 */
    size_t n_updates;
} fit;

/* ---- parameters and x -------------------------------------------------- */

/* Clamped to the ranges; w17 .. w19 all 0 stay so. */
static piq_fsrs_params params_of(const double *w)
{
    piq_fsrs_params p;
    piq_status status = piq_fsrs_params_of(w, N, &p, NULL);
    PIQ_ASSERT(status == PIQ_OK);
    return p;
}

static piq_fsrs_params from_x(const fit *f, const double *x)
{
    double w[N];
    memcpy(w, x, sizeof w);
    for (int g = 0; f->shrunk && g < 4; g++)
        w[g] = exp(x[g]);
    return params_of(w);
}

static void to_x(const fit *f, const piq_fsrs_params *p, double *x)
{
    memcpy(x, p->w, N * sizeof *x);
    for (int g = 0; f->shrunk && g < 4; g++)
        x[g] = log(p->w[g]);
}

/* ---- descent ----------------------------------------------------------- */

/* Cards from *at on until a batch is full: their summed gradient in x; returns
 * the number of items. */
static size_t batch_gradient(fit *f, const piq_fsrs_params *p, size_t *at,
                             double *gradient)
{
    piq_fsrs_slope slope;
    size_t n = 0;
    piq_fsrs_slope_of(p, &slope);
    memset(gradient, 0, N * sizeof *gradient);
    while (*at < f->pool.n_cards && n < f->o->batch) {
        const piq_fsrs_pool_card *k = &f->pool.cards[(*at)++];
        piq_fsrs_card_gradient(&slope, k->reviews, k->n, k->weight, &f->tape,
                               gradient);
        n += k->n_items;
    }
    for (int g = 0; f->shrunk && g < 4; g++)
        gradient[g] *= p->w[g];
    return n;
}

static unsigned epochs_of(const fit *f)
{
    size_t a_pass = f->pool.n_items / f->o->batch + 1;
    size_t least = f->shrunk ? PIQ_FSRS_FIT_LEAST_UPDATES / a_pass : 0;
    if (f->many && least < PIQ_FSRS_POPULATION_EPOCHS)
        least = PIQ_FSRS_POPULATION_EPOCHS;
    return least > f->o->epochs ? (unsigned)least : f->o->epochs;
}

static piq_fsrs_adam start(const fit *f)
{
    piq_fsrs_adam adam = piq_fsrs_adam_start();
    bool off = f->o->no_short_term && !f->shrunk;
    for (int i = 0; off && i < 4; i++)
        adam.frozen[i] = true;
    /* A centre without same-day memory keeps none. */
    off = f->centre[17] == 0 && f->centre[18] == 0 && f->centre[19] == 0;
    for (int i = 17; off && i < 20; i++)
        adam.frozen[i] = true;
    return adam;
}

static void descend(fit *f, piq_fsrs_params *p)
{
    piq_fsrs_adam adam = start(f);
    double gradient[N], x[N], seen = 0;
    unsigned epochs = epochs_of(f);
    const double items = (double)f->pool.n_items, total = items * epochs;
    const double *spread = piq_fsrs_spread(f->shrunk);
    piq_rng r;
    piq_rng_seed(&r, f->o->seed);
    for (unsigned epoch = 0; epoch < epochs; epoch++) {
        piq_fsrs_pool_shuffle(&f->pool, &r);
        for (size_t at = 0; at < f->pool.n_cards;) {
            double n = (double)batch_gradient(f, p, &at, gradient);
            to_x(f, p, x);
            piq_fsrs_penalty(x, f->centre, spread, f->o->gamma * n / items,
                             gradient);
            piq_fsrs_adam_update(
                &adam, gradient,
                piq_fsrs_learning_rate(f->o->learning_rate, seen / total), x);
            *p = from_x(f, x);
            seen += n;
            f->n_updates++;
        }
    }
    memcpy(x, p->w, sizeof x);
    piq_fsrs_initial_repair(x, f->count);
    *p = params_of(x);
}

/* ---- start and end ----------------------------------------------------- */

static piq_fsrs_fit_kind kind_of(const fit *f)
{
    size_t n = f->pool.n_items;
    if (f->shrunk)
        return n ? PIQ_FSRS_FIT_ALL : PIQ_FSRS_FIT_NOTHING;
    if (n < PIQ_FSRS_FIT_LEAST)
        return PIQ_FSRS_FIT_NOTHING;
    return n < PIQ_FSRS_FIT_LEAST_ALL || n == f->pool.n_initial
               ? PIQ_FSRS_FIT_INITIAL
               : PIQ_FSRS_FIT_ALL;
}

/* The start, and the centre of the penalty: alone the same. */
static piq_fsrs_params begin(fit *f, piq_fsrs_fit_kind kind)
{
    const piq_fsrs_params *given =
        f->shrunk ? f->o->centre : piq_fsrs_defaults();
    double w[N];
    memcpy(w, given->w, sizeof w);
    if (kind != PIQ_FSRS_FIT_NOTHING && f->shrunk)
        piq_fsrs_initial_shrunk(given, &f->pool, f->o->gamma, w, f->count);
    else if (kind != PIQ_FSRS_FIT_NOTHING)
        piq_fsrs_initial(given, &f->pool, w, f->count);
    for (int i = 17; f->o->no_short_term && !f->shrunk && i < 20; i++)
        w[i] = 0;
    piq_fsrs_params p = params_of(w);
    to_x(f, f->shrunk ? given : &p, f->centre);
    return p;
}

static double mean_loss(const fit *f, const piq_fsrs_params *p)
{
    double sum = 0;
    for (size_t i = 0; i < f->pool.n_cards; i++) {
        const piq_fsrs_pool_card *k = &f->pool.cards[i];
        sum += piq_fsrs_card_loss(p, k->reviews, k->n, k->weight, NULL);
    }
    return f->pool.weight > 0 ? sum / f->pool.weight : NAN;
}

static void run(fit *f, piq_fsrs_params *out, piq_fsrs_fit_report *report)
{
    piq_fsrs_fit_kind kind = kind_of(f);
    piq_fsrs_params p = begin(f, kind);
    double before = report ? mean_loss(f, &p) : NAN;
    if (kind == PIQ_FSRS_FIT_ALL)
        descend(f, &p);
    if (report)
        *report = (piq_fsrs_fit_report){.kind = kind,
                                        .n_items = f->pool.n_items,
                                        .n_left_out = f->pool.n_left_out,
                                        .n_updates = f->n_updates,
                                        .loss_before = before,
                                        .loss = mean_loss(f, &p)};
    *out = p;
}

static bool in_range(const piq_fsrs_fit_options *o)
{
    return isfinite(o->gamma) && o->gamma >= 0 && isfinite(o->learning_rate) &&
           o->learning_rate > 0 && o->epochs >= 1 && o->epochs <= MAX_EPOCHS &&
           o->batch >= 1;
}

piq_status piq_fsrs_fit_population(const piq_fsrs_cards *learners,
                                   size_t n_learners,
                                   const piq_fsrs_fit_options *o,
                                   piq_fsrs_params *out,
                                   piq_fsrs_fit_report *report, piq_err *err)
{
    piq_arena a;
    fit f = {.o = o, .shrunk = o->centre != NULL, .many = n_learners > 1};
    if (!in_range(o))
        return piq_fail(err, PIQ_EINVAL, "fitting options out of range");
    piq_arena_init(&a, ARENA_BYTES);
    piq_status status =
        piq_fsrs_pool_of(&a, learners, n_learners, f.shrunk, &f.pool, err);
    if (!status && piq_fsrs_tape_new(&a, f.pool.longest, &f.tape) != PIQ_OK)
        status = piq_fail(err, PIQ_ENOMEM, "no memory to fit");
    if (!status)
        run(&f, out, report);
    piq_arena_release(&a);
    return status;
}

piq_status piq_fsrs_fit(const piq_fsrs_cards *cards,
                        const piq_fsrs_fit_options *o, piq_fsrs_params *out,
                        piq_fsrs_fit_report *report, piq_err *err)
{
    return piq_fsrs_fit_population(cards, 1, o, out, report, err);
}
