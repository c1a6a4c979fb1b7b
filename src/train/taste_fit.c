#include "train/taste_fit.h"

#include "recommend/taste_model.h"
#include "train/taste_fit_place.h"
#include "train/taste_fit_weights.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Entries, not days: what was taken up in one sitting differs more in its
 * order than in its time. */
static const float LATELY_HALF_LIFE = 5;
/* The first, unless another one does better by more than a standard error. */
static const double CHOICE_ERRORS = 1;
static const double lambdas[] = {200, 70, 600},
                    timed_lambdas[] = {70, 200, 600}, rares[] = {.4, .5};
enum {
    N_LAMBDAS = sizeof lambdas / sizeof lambdas[0],
    N_RARES = sizeof rares / sizeof rares[0]
};
static const size_t ROOM_BYTES = (size_t)8 << 30;

piq_taste_options piq_taste_option_defaults(void)
{
    return (piq_taste_options){PIQ_TASTE_LATER, 1, 0};
}

typedef struct fit {
    const piq_taste_log *log;
    piq_taste_options o;
    piq_arena a;
    piq_taste_set set, left[PIQ_TASTE_ROUNDS];
    piq_taste_maps maps;
    piq_taste_cases cases;
    float half_life[PIQ_TASTE_SUMS];
    double lambda, rare;
    piq_taste_weights weights;
} fit;

/* ---- what is hidden ---------------------------------------------------- */

static piq_taste_hearing hearing_of(const fit *f, unsigned round)
{
    return (piq_taste_hearing){&f->set, &f->maps, f->half_life, round,
                               f->o.threads};
}

/* Worth of ridge + share low in each case of the first round: the first n of
 * worth[cases]. */
static piq_status try_liking(fit *f, double share, double *worth, size_t *n)
{
    const piq_taste_hearing h = hearing_of(f, PIQ_TASTE_SOME_HIDDEN);
    piq_status status = piq_taste_hear_liking(&f->cases, &h, share, worth);
    *n = 0;
    for (size_t i = 0; i < f->cases.n && status == PIQ_OK; i++)
        if (f->cases.list[i].round == PIQ_TASTE_SOME_HIDDEN)
            worth[(*n)++] = worth[i];
    return status;
}

/* What was chosen so far of several settings. */
typedef struct choice {
    double *first, *worth; /* [cases] of the first one, and of this one */
    double most;
    double best;
} choice;

static piq_status start_choice(fit *f, choice *c)
{
    *c = (choice){.first = piq_new(&f->a, double, f->cases.n),
                  .worth = piq_new(&f->a, double, f->cases.n)};
    return c->first && c->worth ? PIQ_OK : PIQ_ENOMEM;
}

/* The k-th setting's turn. */
static piq_status take_turn(fit *f, choice *c, int k, double setting,
                            double share)
{
    size_t n;
    double gain;
    piq_status status = try_liking(f, share, c->worth, &n);
    if (status != PIQ_OK)
        return status;
    if (k == 0) {
        memcpy(c->first, c->worth, n * sizeof *c->first);
        c->best = setting;
    } else if (piq_taste_is_better(c->first, c->worth, n, CHOICE_ERRORS,
                                   &gain) &&
               gain > c->most) {
        c->most = gain;
        c->best = setting;
    }
    return PIQ_OK;
}

/* The ridge that finds most; its map stands afterwards. */
static piq_status choose_lambda(fit *f)
{
    choice c;
    double built = 0;
    const double *list = f->set.timed ? timed_lambdas : lambdas;
    piq_status status = start_choice(f, &c);
    for (int k = 0; k < N_LAMBDAS && status == PIQ_OK; k++) {
        built = list[k];
        status = piq_taste_maps_ridge(&f->maps, built, f->o.threads);
        if (status == PIQ_OK)
            status = take_turn(f, &c, k, built, 0);
    }
    f->lambda = c.best;
    return status || built == c.best
               ? status
               : piq_taste_maps_ridge(&f->maps, c.best, f->o.threads);
}

static piq_status hear(fit *f, unsigned round)
{
    const piq_taste_hearing h = hearing_of(f, round);
    piq_status status =
        piq_taste_maps_low(&f->maps, f->rare, f->o.seed, f->o.threads);
    return status ? status : piq_taste_hear(&f->a, &f->cases, &h);
}

/* How much rarity counts, with the share that each would have; what the best
 * one says stands afterwards. */
static piq_status choose_rare(fit *f)
{
    choice c;
    piq_status status = start_choice(f, &c);
    for (int k = 0; k < N_RARES && status == PIQ_OK; k++) {
        f->rare = rares[k];
        status = hear(f, PIQ_TASTE_SOME_HIDDEN);
        if (status == PIQ_OK)
            status =
                take_turn(f, &c, k, f->rare, piq_taste_low_share(&f->cases));
    }
    if (status != PIQ_OK || f->rare == c.best)
        return status;
    f->rare = c.best;
    return hear(f, PIQ_TASTE_SOME_HIDDEN);
}

static void count_maps(fit *f, const piq_taste_set *s)
{
    piq_taste_maps_count(&f->maps, s, f->o.asked, f->o.threads);
}

static piq_status hear_rounds(fit *f)
{
    piq_status status = piq_taste_cases_make(&f->a, &f->set, f->o.asked,
                                             f->o.seed, &f->cases, f->left);
    if (status != PIQ_OK)
        return status;
    count_maps(f, &f->left[PIQ_TASTE_SOME_HIDDEN]);
    status = choose_lambda(f);
    if (status == PIQ_OK)
        status = choose_rare(f);
    if (status != PIQ_OK || f->o.asked == PIQ_TASTE_ANY || !f->set.timed)
        return status;
    count_maps(f, &f->left[PIQ_TASTE_NEW_LEARNERS]);
    status = piq_taste_maps_ridge(&f->maps, f->lambda, f->o.threads);
    return status ? status : hear(f, PIQ_TASTE_NEW_LEARNERS);
}

/* ---- the model --------------------------------------------------------- */

static void fill_items(const fit *f, piq_taste *m)
{
    for (size_t i = 0; i < m->n_items; i++) {
        m->ids[i] = f->log->ids ? f->log->ids[i] : (int64_t)i;
        m->seen[i] = (uint32_t)f->maps.seen[i];
    }
    memcpy(m->popular, f->maps.popular, m->stride * sizeof *m->popular);
}

/* LIKING is E + share L; the others are taken over. */
static void fill_maps(fit *f, piq_taste *m)
{
    float share = (float)f->weights.low_share;
    float *alike = f->maps.ridge;
    for (size_t i = 0; i < m->n_items * m->stride; i++)
        alike[i] += share * f->maps.low[i];
    float **from[PIQ_N_TASTE_MAPS] = {&f->maps.ridge, &f->maps.next,
                                      &f->maps.begun};
    for (int k = 0; k < PIQ_N_TASTE_MAPS; k++) {
        float *spare = m->maps[k];
        m->maps[k] = *from[k];
        *from[k] = spare;
    }
}

static piq_status make_model(fit *f, piq_taste **out)
{
    piq_taste *m;
    count_maps(f, &f->set);
    piq_status status = piq_taste_maps_ridge(&f->maps, f->lambda, f->o.threads);
    if (status == PIQ_OK)
        status = piq_taste_maps_low(&f->maps, f->rare, f->o.seed, f->o.threads);
    if (status == PIQ_OK)
        status = piq_taste_new(f->set.n_items, &m);
    if (status != PIQ_OK)
        return status;
    fill_items(f, m);
    fill_maps(f, m);
    memcpy(m->half_life, f->half_life, sizeof m->half_life);
    memcpy(m->knots, f->weights.knots, sizeof m->knots);
    m->about = (piq_taste_about){.seed = f->o.seed,
                                 .n_learners = f->maps.n_learners,
                                 .n_events = f->set.n,
                                 .lambda = f->lambda,
                                 .valid_ndcg = f->weights.valid_ndcg,
                                 .timed = f->set.timed};
    if (f->log->concepts)
        status = piq_taste_place_new(m, f->log->concepts);
    if (status == PIQ_OK)
        *out = m;
    else
        piq_taste_free(m);
    return status;
}

/* ---- all of it --------------------------------------------------------- */

static piq_status run(fit *f, piq_taste **out, piq_err *err)
{
    piq_status status = piq_taste_set_make(&f->a, f->log, &f->set, err);
    if (status != PIQ_OK)
        return status;
    if (f->o.asked == PIQ_TASTE_LATER && f->set.timed)
        f->half_life[PIQ_TASTE_LATELY] = f->half_life[PIQ_TASTE_NEXT] =
            LATELY_HALF_LIFE;
    status = piq_taste_maps_new(f->set.n_items, &f->maps);
    if (status == PIQ_OK)
        status = hear_rounds(f);
    if (status == PIQ_OK)
        status = piq_taste_weigh(&f->cases, f->o.asked, f->set.timed,
                                 f->o.threads, &f->weights);
    if (status == PIQ_OK)
        status = make_model(f, out);
    return status ? piq_fail(err, status,
                             status == PIQ_ENOMEM
                                 ? "no memory to fit tastes to %zu items"
                                 : "tastes of %zu items cannot be fitted",
                             f->set.n_items)
                  : PIQ_OK;
}

piq_status piq_taste_fit(const piq_taste_log *log, const piq_taste_options *o,
                         piq_taste **out, piq_err *err)
{
    fit f = {.log = log, .o = *o, .rare = rares[0]};
    if (f.o.threads == 0)
        f.o.threads = 2;
    int blas_threads = openblas_get_num_threads();
    openblas_set_num_threads(1);
    piq_arena_init(&f.a, ROOM_BYTES);
    piq_status status = run(&f, out, err);
    piq_arena_release(&f.a);
    piq_taste_maps_release(&f.maps);
    openblas_set_num_threads(blas_threads);
    return status;
}
