#include "train/eval_online.h"

#include "recommend/bayes.h"
#include "recommend/explore.h"

#include <math.h>
#include <string.h>

enum { SLATE = PIQ_ONLINE_SLATE, GENRES = PIQ_ONLINE_MAX_GENRES };

/* Features: what the past says of item, learner and genre, then the genres. */
enum {
    F_CONSTANT,
    F_ITEM,    /* mean surprise of its picks, shrunk */
    F_OFFERED, /* ln(1 + times it was a candidate) */
    F_LEARNER,
    F_LEARNER_GENRES, /* the learner's mean surprise on these genres */
    F_GENRES,         /* everybody's */
    F_AGE,            /* years before the data's last, in thirties */
    F_NEW,            /* of its last three years */
    F_GENRE,
    WIDTH = F_GENRE + GENRES
};

/* Pseudo-counts that means are shrunk by. */
static const double K_ITEM = 10, K_LEARNER = 3, K_GENRE = 5;
/* The prior: weights are about as large as features are, .5; a liked or not
 * liked is a coin, whose variance is at most .25. */
static const double PRECISION = 4, NOISE = .22;

/* Sum and count of surprises: reward less what was expected. */
typedef struct tally {
    double sum, n;
} tally;

typedef struct learnt {
    tally *items, *learners;         /* [n_items], [n_users] */
    tally (*learner_genres)[GENRES]; /* [n_users] */
    tally genres[GENRES];            /* of rewards less the mean reward */
    tally all;                       /* of rewards */
    double *offered;                 /* [n_items] */
    int32_t newest;                  /* year */
    piq_bayes *model;
} learnt;

/* Beta counts of an item. */
typedef struct coin {
    double liked, not_liked;
} coin;

typedef struct game {
    const piq_online_data *data;
    const piq_online_options *o;
    learnt ours;
    coin *coins; /* [n_items] */
    piq_rng draw, thompson, order;
    piq_online_report report; /* sums while playing */
} game;

const piq_online_options *piq_online_defaults(void)
{
    static const piq_online_options defaults = {
        .gamma = 20, .rounds = 0, .offered = true, .seed = 1};
    return &defaults;
}

/* ---- ours ---------------------------------------------------------------- */

static double shrunk(tally t, double k)
{
    return t.sum / (t.n + k);
}

static void add(tally *t, double v)
{
    t->sum += v;
    t->n += 1;
}

static void genre_features(const learnt *l, uint32_t genres, uint32_t user,
                           double *x)
{
    double own = 0, all = 0, n = 0;
    for (size_t g = 0; g < GENRES; g++) {
        if (!(genres >> g & 1))
            continue;
        own += shrunk(l->learner_genres[user][g], K_GENRE);
        all += shrunk(l->genres[g], K_GENRE);
        n += 1;
        x[F_GENRE + g] = .5;
    }
    if (n > 0) {
        x[F_LEARNER_GENRES] = own / n;
        x[F_GENRES] = all / n;
    }
}

static void features(const game *g, const piq_online_slate *s, size_t k,
                     double *x)
{
    const learnt *l = &g->ours;
    uint32_t item = s->item[k];
    const piq_online_item *about = &g->data->items[item];
    memset(x, 0, WIDTH * sizeof *x);
    x[F_CONSTANT] = 1;
    x[F_ITEM] = shrunk(l->items[item], K_ITEM);
    x[F_OFFERED] = g->o->offered ? log1p(l->offered[item]) / 5 : 0;
    x[F_LEARNER] = shrunk(l->learners[s->user], K_LEARNER);
    genre_features(l, about->genres, s->user, x);
    if (about->year) {
        x[F_AGE] = (double)(l->newest - about->year) / 30;
        x[F_NEW] = l->newest - about->year < 3;
    }
}

static piq_status learn(game *g, const piq_online_slate *s, size_t picked,
                        const double *x, double expected)
{
    learnt *l = &g->ours;
    double reward = s->liked[picked] ? 1 : 0, surprise = reward - expected;
    double usual = (l->all.sum + 5) / (l->all.n + 10);
    uint32_t item = s->item[picked];
    piq_bayes_example e = {.x = x, .reward = reward, .weight = 1};
    piq_status status = piq_bayes_learn(l->model, &e);
    if (status)
        return status;
    piq_bayes_settle(l->model);
    add(&l->items[item], surprise);
    add(&l->learners[s->user], surprise);
    add(&l->all, reward);
    for (size_t genre = 0; genre < GENRES; genre++)
        if (g->data->items[item].genres >> genre & 1) {
            add(&l->learner_genres[s->user][genre], surprise);
            add(&l->genres[genre], reward - usual);
        }
    for (size_t k = 0; k < SLATE; k++)
        l->offered[s->item[k]]++;
    return PIQ_OK;
}

static piq_status play_ours(game *g, const piq_online_slate *s, size_t round)
{
    double x[SLATE][WIDTH], mu[SLATE], chance[SLATE];
    size_t best = 0;
    piq_explore_rule rule = {.delta = INFINITY,
                             .gamma = g->o->gamma * sqrt((double)round + 1)};
    for (size_t k = 0; k < SLATE; k++) {
        features(g, s, k, x[k]);
        mu[k] = piq_bayes_predict(g->ours.model, 0, x[k]).mean;
        if (mu[k] > mu[best])
            best = k;
    }
    piq_explore_chances(&rule, mu, SLATE, chance);
    size_t k = piq_explore_draw(chance, SLATE, &g->draw);
    piq_online_report *r = &g->report;
    r->ours += s->liked[k];
    r->mean_chance += chance[k];
    r->least_chance = fmin(r->least_chance, chance[k]);
    if (2 * round >= r->rounds) {
        r->ours_last += s->liked[k];
        r->greedy_last += s->liked[best];
    }
    return learn(g, s, k, x[k], mu[k]);
}

/* ---- the others ---------------------------------------------------------- */

/* Gamma(shape, 1), shape >= 1: Marsaglia & Tsang 2000, ACM TOMS 26:363. */
static double draw_gamma(piq_rng *r, double shape)
{
    double d = shape - 1. / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double z = piq_rng_normal(r), v = 1 + c * z;
        if (v <= 0)
            continue;
        v = v * v * v;
        double u = 1 - piq_rng_uniform(r);
        if (log(u) < z * z / 2 + d - d * v + d * log(v))
            return d * v;
    }
}

static void play_thompson(game *g, const piq_online_slate *s)
{
    double most = -1;
    size_t picked = 0;
    for (size_t k = 0; k < SLATE; k++) {
        const coin *c = &g->coins[s->item[k]];
        double a = draw_gamma(&g->thompson, 1 + c->liked);
        double b = draw_gamma(&g->thompson, 1 + c->not_liked);
        if (a / (a + b) > most) {
            most = a / (a + b);
            picked = k;
        }
    }
    coin *c = &g->coins[s->item[picked]];
    g->report.thompson += s->liked[picked];
    *(s->liked[picked] ? &c->liked : &c->not_liked) += 1;
}

static void play_known(game *g, const piq_online_slate *s)
{
    size_t liked = 0;
    for (size_t k = 0; k < SLATE; k++)
        liked += s->liked[k];
    g->report.random += (double)liked / SLATE;
    g->report.oracle += liked > 0;
}

/* ---- all together -------------------------------------------------------- */

static piq_status make_model(piq_arena *a, learnt *l)
{
    piq_bayes_prior prior = {.width = WIDTH,
                             .n_types = 1,
                             .noise_variance = NOISE,
                             .keep_per_day = 1,
                             .floored = PIQ_BAYES_NO_FLOOR};
    for (size_t j = 0; j < WIDTH; j++) {
        prior.precision[j] = PRECISION;
        prior.type_precision[j] = 1e6; /* one type: nothing of its own */
    }
    return piq_bayes_new(a, &prior, &l->model);
}

static piq_status prepare(piq_arena *a, game *g)
{
    const piq_online_data *d = g->data;
    learnt *l = &g->ours;
    l->items = piq_new(a, tally, d->n_items);
    l->learners = piq_new(a, tally, d->n_users);
    l->learner_genres =
        piq_arena_alloc(a, d->n_users, sizeof *l->learner_genres);
    l->offered = piq_new(a, double, d->n_items);
    g->coins = piq_new(a, coin, d->n_items);
    if (!l->items || !l->learners || !l->learner_genres || !l->offered ||
        !g->coins)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < d->n_items; i++)
        if (d->items[i].year > l->newest)
            l->newest = d->items[i].year;
    piq_rng_seed(&g->draw, piq_hash_u64(g->o->seed));
    piq_rng_seed(&g->thompson, piq_hash_u64(g->o->seed + 1));
    piq_rng_seed(&g->order, piq_hash_u64(g->o->seed + 2));
    g->report.rounds = g->o->rounds ? g->o->rounds : d->n;
    g->report.least_chance = 1;
    return make_model(a, l);
}

static void finish(piq_online_report *r)
{
    size_t half = r->rounds / 2;
    double n = (double)r->rounds, last = (double)half;
    r->random /= n;
    r->thompson /= n;
    r->oracle /= n;
    r->ours /= n;
    r->mean_chance /= n;
    r->ours_last /= fmax(last, 1);
    r->greedy_last /= fmax(last, 1);
}

piq_status piq_eval_online(piq_arena *a, const piq_online_data *data,
                           const piq_online_options *o, piq_online_report *out,
                           piq_err *err)
{
    game g = {.data = data, .o = o};
    if (!(o->gamma >= 0) || data->n == 0)
        return piq_fail(err, PIQ_EINVAL, "gamma is below 0, or no slates");
    piq_status status = prepare(a, &g);
    for (size_t t = 0; t < g.report.rounds && !status; t++) {
        size_t at = o->rounds ? piq_rng_below(&g.order, data->n) : t;
        const piq_online_slate *s = &data->slates[at];
        play_known(&g, s);
        play_thompson(&g, s);
        status = play_ours(&g, s, t);
    }
    if (status)
        return piq_fail(err, status, "could not play the rounds");
    finish(&g.report);
    *out = g.report;
    return PIQ_OK;
}
