#include "train/taste_fit.h"

#include "recommend/taste_model.h"
#include "train/taste_fit_hear.h"
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
    float *says; /* [n_first][stride] what the ridge says of the first round */
    float half_life[PIQ_TASTE_SUMS];
    double lambda, rare;
    piq_taste_weights weights;
} fit;

/* ---- what is hidden ---------------------------------------------------- */

static piq_taste_hearing hearing_of(const fit *f)
{
    return (piq_taste_hearing){&f->set, &f->maps, f->half_life, f->o.threads};
}

/* What was chosen so far of several settings. */
typedef struct choice {
    double *worth_0, *worth; /* [n_first] of the first one, and of this one */
    double first, best;
    double most;      /* that the best one gained over the first */
    double low, high; /* not to be tried, nor what is beyond */
} choice;

static piq_status start_choice(fit *f, double first, choice *c)
{
    *c = (choice){.worth_0 = piq_new(&f->a, double, f->cases.n_first),
                  .worth = piq_new(&f->a, double, f->cases.n_first),
                  .first = first,
                  .best = first,
                  .low = -INFINITY,
                  .high = INFINITY};
    return c->worth_0 && c->worth ? PIQ_OK : PIQ_ENOMEM;
}

/* Worth rises to its best and falls from there: if another one is better than
 * the first, what lies on the other side of the first is not; if it is worse,
 * what lies beyond it is not. */
static void narrow(choice *c, double setting, bool better, double gain)
{
    if (!better && gain > 0)
        return;
    if ((setting > c->first) != better)
        c->high = better ? c->first : setting;
    else
        c->low = better ? c->first : setting;
}

static bool is_beyond(const choice *c, double setting)
{
    return setting <= c->low || setting >= c->high;
}

/* A setting's turn, of ridge + share low; c->best says whether it is the best
 * so far. */
static piq_status take_turn(fit *f, choice *c, double setting,
                            const float *ridge, double share)
{
    const piq_taste_hearing h = hearing_of(f);
    bool is_first = setting == c->first;
    double gain;
    piq_status status = piq_taste_hear_liking(&f->cases, &h, ridge, share,
                                              is_first ? c->worth_0 : c->worth);
    if (status != PIQ_OK || is_first)
        return status;
    bool better = piq_taste_is_better(c->worth_0, c->worth, f->cases.n_first,
                                      CHOICE_ERRORS, &gain);
    narrow(c, setting, better, gain);
    if (better && gain > c->most) {
        c->most = gain;
        c->best = setting;
    }
    return PIQ_OK;
}

static void swap(float **a, float **b)
{
    float *x = *a;
    *a = *b;
    *b = x;
}

/* The ridge that finds most; its map, and what it says, stand afterwards. The
 * best one waits where the map of the main directions will be. */
static piq_status choose_lambda(fit *f)
{
    choice c;
    size_t floats = f->cases.n_first * f->maps.stride;
    const piq_taste_hearing h = hearing_of(f);
    const double *list = f->set.timed ? timed_lambdas : lambdas;
    float *best_says = piq_new(&f->a, float, floats);
    piq_status status = start_choice(f, list[0], &c);
    f->says = piq_new(&f->a, float, floats);
    if (!f->says || !best_says)
        return PIQ_ENOMEM;
    for (int k = 0; k < N_LAMBDAS && status == PIQ_OK; k++) {
        if (is_beyond(&c, list[k]))
            continue;
        status = piq_taste_maps_ridge(&f->maps, list[k], f->o.threads);
        if (status != PIQ_OK)
            return status;
        piq_taste_hear_ridge(&f->cases, &h, f->says);
        status = take_turn(f, &c, list[k], f->says, 0);
        if (c.best != list[k])
            continue;
        swap(&f->maps.ridge, &f->maps.low);
        swap(&f->says, &best_says);
    }
    f->lambda = c.best;
    swap(&f->maps.ridge, &f->maps.low);
    swap(&f->says, &best_says);
    return status;
}

static piq_status find_span(fit *f)
{
    return piq_taste_maps_span(&f->maps, f->rare, f->o.seed, f->o.threads);
}

/* How much rarity counts, with the share that each would have; the best one's
 * directions stand afterwards. */
static piq_status choose_rare(fit *f)
{
    choice c;
    const piq_taste_hearing h = hearing_of(f);
    piq_status status = start_choice(f, rares[0], &c);
    for (int k = 0; k < N_RARES && status == PIQ_OK; k++) {
        f->rare = rares[k];
        status = find_span(f);
        if (status == PIQ_OK)
            status = piq_taste_hear_spreads(&f->cases, &h, f->says);
        if (status == PIQ_OK)
            status = take_turn(f, &c, f->rare, f->says,
                               piq_taste_low_share(&f->cases));
    }
    if (status != PIQ_OK || f->rare == c.best)
        return status;
    f->rare = c.best;
    return find_span(f);
}

static piq_status count_maps(fit *f, const piq_taste_set *s)
{
    return piq_taste_maps_count(&f->maps, s, f->o.asked, f->o.threads);
}

static piq_status hear_new_learners(fit *f)
{
    const piq_taste_hearing h = hearing_of(f);
    piq_status status = count_maps(f, &f->left[PIQ_TASTE_NEW_LEARNERS]);
    if (status == PIQ_OK)
        status = piq_taste_maps_ridge(&f->maps, f->lambda, f->o.threads);
    if (status == PIQ_OK)
        status = find_span(f);
    return status ? status
                  : piq_taste_hear(&f->a, &f->cases, &h, PIQ_TASTE_NEW_LEARNERS,
                                   NULL);
}

static piq_status hear_rounds(fit *f)
{
    const piq_taste_hearing h = hearing_of(f);
    piq_status status = piq_taste_cases_make(&f->a, &f->set, f->o.asked,
                                             f->o.seed, &f->cases, f->left);
    if (status == PIQ_OK)
        status = count_maps(f, &f->left[PIQ_TASTE_SOME_HIDDEN]);
    if (status == PIQ_OK)
        status = choose_lambda(f);
    if (status == PIQ_OK)
        status = choose_rare(f);
    if (status == PIQ_OK)
        status = piq_taste_hear(&f->a, &f->cases, &h, PIQ_TASTE_SOME_HIDDEN,
                                f->says);
    if (status != PIQ_OK || f->cases.n == f->cases.n_first)
        return status;
    return hear_new_learners(f);
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
    piq_taste_maps_spread(&f->maps, f->o.threads);
    for (size_t i = 0; i < m->n_items * m->stride; i++)
        alike[i] += share * f->maps.low[i];
    float **from[PIQ_N_TASTE_MAPS] = {&f->maps.ridge, &f->maps.next,
                                      &f->maps.begun};
    for (int k = 0; k < PIQ_N_TASTE_MAPS; k++)
        swap(&m->maps[k], from[k]); /* for nothing */
}

static piq_status make_model(fit *f, piq_taste **out)
{
    piq_taste *m;
    piq_status status = count_maps(f, &f->set);
    if (status == PIQ_OK)
        status = piq_taste_maps_ridge(&f->maps, f->lambda, f->o.threads);
    if (status == PIQ_OK)
        status = find_span(f);
    if (status == PIQ_OK)
        status = piq_taste_new_bare(f->set.n_items, &m);
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
