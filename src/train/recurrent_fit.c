#include "train/recurrent_fit.h"

#include "base/parallel.h"
#include "num/score.h"
#include "train/recurrent_adam.h"
#include "train/recurrent_grad.h"
#include "train/recurrent_lanes.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Fixed, because gradients are added shard by shard: more threads than that
 * would not help, fewer do not change a bit. */
enum { SHARDS = 2 };

const piq_recurrent_options *piq_recurrent_option_defaults(void)
{
    static const piq_recurrent_options defaults = {
        .hidden = 128,
        .embed = 64,
        .side = 16,
        .head = 128,
        .batch = 64,
        .chunk = 64,
        .updates = 500,
        .min_epochs = 10,
        .max_epochs = 60,
        .patience = 4,
        .learning_rate = 1e-2,
        .dropout = .35,
        .dropout_embed = .2,
        .weight_decay = .03,
        .l2_concepts = 1,
        .l2_difficulty = 1,
        .l2_items = 20,
        .doubt = 30,
        .average = .98,
        .threads = 2,
        .seed = 1,
    };
    return &defaults;
}

typedef struct fit fit;

/* Half of the lanes. */
typedef struct shard {
    fit *f;
    size_t first_lane;
    piq_recurrent_pass pass;
    float *grad; /* [floats] */
    piq_rng rng; /* of doubt about items */
    /* What is to be done: */
    const piq_kt_set *set;
    piq_lanes *lanes;
    size_t first_step;
    bool learn;
    double *logits; /* [rows of the set], or NULL */
} shard;

struct fit {
    const piq_recurrent_options *o;
    const piq_kt_set *train;
    const piq_kt_set *valid;
    const piq_fit_watch *watch;
    piq_recurrent *m; /* the best weights so far */
    piq_arena arena;
    piq_recurrent_adam adam;
    piq_lanes train_lanes, valid_lanes;
    shard shards[SHARDS];
    uint32_t *seen; /* [n_items + 1] training answers */
    double *logits; /* [valid rows], then chances */
    piq_rng rng;    /* of dealing */
    size_t n_epochs;
    size_t n_updates; /* in all epochs, about */
    double best_loss;
    size_t best_epoch;
};

/* --- options and shapes ----------------------------------------------------
 */

static bool is_share(double x)
{
    return x >= 0 && x < 1;
}

static bool options_good(const piq_recurrent_options *o)
{
    return o->batch >= SHARDS && o->batch <= 4096 && o->batch % SHARDS == 0 &&
           o->chunk >= 1 && o->chunk <= 4096 && o->max_epochs >= 1 &&
           o->min_epochs <= o->max_epochs && o->learning_rate > 0 &&
           is_share(o->dropout) && is_share(o->dropout_embed) &&
           is_share(o->average) && o->weight_decay >= 0 &&
           o->l2_concepts >= 0 && o->l2_difficulty >= 0 && o->l2_items >= 0 &&
           o->doubt >= 0;
}

static piq_recurrent_shape shape_for(const piq_kt_set *train,
                                     const piq_recurrent_options *o)
{
    return (piq_recurrent_shape){
        .n_items = (uint32_t)train->n_items,
        .n_concepts = (uint32_t)train->n_concepts,
        .n_features = PIQ_N_FEATURES,
        .hidden = o->hidden,
        .embed = o->embed,
        .side = o->side,
        .head = o->head,
    };
}

/* --- start ------------------------------------------------------------------
 */

/* Mean and deviation of each column where it is known. */
static void measure_features(piq_recurrent *m, const piq_kt_set *set)
{
    size_t n = m->shape.n_features;
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        double square = 0;
        double rows = 0;
        for (size_t r = 0; r < set->n_rows; r++) {
            double x = (double)set->x[r * n + j];
            if (!isfinite(x))
                continue;
            rows++;
            double step = x - sum;
            sum += step / rows; /* Welford's running mean */
            square += step * (x - sum);
        }
        double sd = rows > 1 ? sqrt(square / rows) : 0;
        m->mean[j] = (float)sum;
        m->inverse[j] = sd > 1e-6 ? (float)(1 / sd) : 1;
    }
}

static void fill_normal(piq_recurrent *m, piq_recurrent_block b, double sd,
                        piq_rng *rng)
{
    for (size_t i = m->layout.at[b]; i < m->layout.at[b + 1]; i++)
        m->weights[i] = (float)(sd * piq_rng_normal(rng));
}

/* Items begin as nothing but their concept; the rest is scaled so that what
 * goes in and what comes out vary alike (Glorot & Bengio 2010). */
static void start_weights(piq_recurrent *m, piq_rng *rng)
{
    const piq_recurrent_shape *s = &m->shape;
    double inputs = (double)s->embed + (double)s->side + (double)s->hidden;
    double head_inputs =
        (double)s->embed + (double)s->hidden + (double)s->n_features;
    const struct {
        piq_recurrent_block block;
        double sd;
    } starts[] = {
        {PIQ_RECURRENT_CONCEPT, .2},
        {PIQ_RECURRENT_VARIATION, .2},
        {PIQ_RECURRENT_CONTEXT, .2},
        {PIQ_RECURRENT_SIDE, 1 / sqrt((double)s->n_features)},
        {PIQ_RECURRENT_IN_RIGHT, 1 / sqrt(inputs)},
        {PIQ_RECURRENT_IN_WRONG, 1 / sqrt(inputs)},
        {PIQ_RECURRENT_IN_SIDE, 1 / sqrt(inputs)},
        {PIQ_RECURRENT_LOOP, 1 / sqrt(inputs)},
        {PIQ_RECURRENT_HEAD_H, 1 / sqrt(head_inputs)},
        {PIQ_RECURRENT_HEAD_ASK, 1 / sqrt(head_inputs)},
        {PIQ_RECURRENT_HEAD_X, 1 / sqrt(head_inputs)},
        {PIQ_RECURRENT_MATCH, .2 / sqrt((double)s->embed)},
        {PIQ_RECURRENT_OUT, .5 / sqrt((double)s->head)},
    };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        fill_normal(m, starts[i].block, starts[i].sd, rng);
    /* To remember until told otherwise (Gers et al. 2000). */
    for (size_t j = 0; j < s->hidden; j++) {
        float *right =
            piq_recurrent_at(m, m->weights, PIQ_RECURRENT_BIAS_RIGHT);
        float *wrong =
            piq_recurrent_at(m, m->weights, PIQ_RECURRENT_BIAS_WRONG);
        right[s->hidden + j] = 1.5f;
        wrong[s->hidden + j] = 1.5f;
    }
}

static void count_items(fit *f)
{
    size_t n = f->train->n_items;
    for (size_t r = 0; r < f->train->n_rows; r++)
        f->seen[f->train->item[r] < n ? f->train->item[r] : n]++;
}

static void plan_epochs(fit *f)
{
    const piq_recurrent_options *o = f->o;
    size_t chunk_rows = (size_t)o->batch * o->chunk;
    size_t epoch = (f->train->n_rows + chunk_rows - 1) / chunk_rows;
    size_t n = (o->updates + epoch - 1) / epoch;
    n = n < o->min_epochs ? o->min_epochs : n;
    n = n > o->max_epochs ? o->max_epochs : n;
    f->n_epochs = n ? n : 1;
    f->n_updates = f->n_epochs * epoch;
}

static piq_status new_adam(fit *f)
{
    piq_status status = piq_recurrent_adam_new(&f->arena, f->m, &f->adam);
    if (status != PIQ_OK)
        return status;
    double rows = (double)f->train->n_rows;
    f->adam.weight_decay = f->o->weight_decay;
    f->adam.average = f->o->average;
    f->adam.prior[PIQ_RECURRENT_CONCEPT] = f->o->l2_concepts / rows;
    f->adam.prior[PIQ_RECURRENT_VARIATION] = f->o->l2_concepts / rows;
    f->adam.prior[PIQ_RECURRENT_DIFFICULTY] = f->o->l2_difficulty / rows;
    f->adam.prior[PIQ_RECURRENT_ITEM] = f->o->l2_items / rows;
    return PIQ_OK;
}

static piq_status new_shard(fit *f, size_t k)
{
    shard *s = &f->shards[k];
    size_t lanes = f->o->batch / SHARDS;
    s->f = f;
    s->first_lane = k * lanes;
    s->grad =
        piq_new(&f->arena, float, f->m->layout.at[PIQ_N_RECURRENT_BLOCKS]);
    if (!s->grad || piq_recurrent_pass_new(&f->arena, f->m, lanes, f->o->chunk,
                                           &s->pass) != PIQ_OK)
        return PIQ_ENOMEM;
    piq_rng_seed(&s->rng, f->o->seed * 31 + 2 * k + 1);
    piq_rng_seed(&s->pass.rng, f->o->seed * 31 + 2 * k + 2);
    return PIQ_OK;
}

static piq_status start(fit *f)
{
    piq_rng_seed(&f->rng, f->o->seed);
    measure_features(f->m, f->train);
    start_weights(f->m, &f->rng);
    plan_epochs(f);
    f->seen = piq_new(&f->arena, uint32_t, f->train->n_items + 1);
    f->logits = piq_new(&f->arena, double, f->valid->n_rows);
    if (!f->seen || !f->logits || new_adam(f) != PIQ_OK ||
        piq_lanes_new(&f->arena, f->o->batch, f->train->n_learners,
                      &f->train_lanes) != PIQ_OK ||
        piq_lanes_new(&f->arena, f->o->batch, f->valid->n_learners,
                      &f->valid_lanes) != PIQ_OK)
        return PIQ_ENOMEM;
    count_items(f);
    for (size_t k = 0; k < SHARDS; k++)
        if (new_shard(f, k) != PIQ_OK)
            return PIQ_ENOMEM;
    return PIQ_OK;
}

/* --- a chunk
 * ------------------------------------------------------------------ */

static bool is_doubted(shard *s, uint32_t item)
{
    const fit *f = s->f;
    size_t n = f->train->n_items;
    if (f->o->doubt <= 0)
        return false;
    double seen = (double)f->seen[item < n ? item : n];
    return piq_rng_uniform(&s->rng) < f->o->doubt / (f->o->doubt + seen);
}

static void put_row(shard *s, size_t at, long row, bool begins)
{
    piq_recurrent_pass *p = &s->pass;
    const piq_kt_set *set = s->set;
    size_t n = p->m->shape.n_features;
    p->keep[at] = begins ? 0 : 1;
    p->valid[at] = row == PIQ_LANE_NO_ROW ? 0 : 1;
    if (row == PIQ_LANE_NO_ROW) {
        p->ask[at] = (piq_recurrent_ask){UINT32_MAX, UINT16_MAX, 0};
        p->y[at] = 0;
        memset(p->z + at * n, 0, n * sizeof *p->z);
        return;
    }
    size_t r = (size_t)row;
    p->ask[at] =
        (piq_recurrent_ask){set->item[r], set->concept[r], set -> context[r]};
    if (s->learn && is_doubted(s, set->item[r]))
        p->ask[at].item = UINT32_MAX;
    p->y[at] = set->y[r] > .5f ? 1 : 0;
    piq_recurrent_standardise(p->m, set->x + r * n, p->z + at * n);
}

/* Puts the chunk in; rows[] of it are found again by take_logits. */
static void run_chunk(shard *s)
{
    piq_recurrent_pass *p = &s->pass;
    for (size_t k = 0; k < p->lanes; k++)
        for (size_t t = 0; t < p->steps; t++) {
            bool begins;
            long row = piq_lanes_row(s->lanes, s->first_lane + k,
                                     s->first_step + t, &begins);
            p->row[t * p->lanes + k] = row;
            put_row(s, t * p->lanes + k, row, begins);
        }
    piq_recurrent_forward(p);
    if (s->learn) {
        memset(s->grad, 0,
               p->m->layout.at[PIQ_N_RECURRENT_BLOCKS] * sizeof *s->grad);
        piq_recurrent_backward(p, 1.f / (float)(SHARDS * p->lanes * p->steps),
                               s->grad);
        return;
    }
    for (size_t i = 0; i < p->lanes * p->steps; i++)
        if (p->row[i] != PIQ_LANE_NO_ROW)
            s->logits[p->row[i]] = (double)p->logit[i];
}

static void run_share(void *shards, unsigned at)
{
    run_chunk((shard *)shards + at);
}

/* The shards side by side or one after the other: the result is the same. */
static void run_shards(fit *f)
{
    if (f->o->threads > 1) {
        piq_parallel(SHARDS, run_share, f->shards);
        return;
    }
    for (size_t k = 0; k < SHARDS; k++)
        run_chunk(&f->shards[k]);
}

static void aim_shards(fit *f, const piq_kt_set *set, piq_lanes *lanes,
                       bool learn)
{
    for (size_t k = 0; k < SHARDS; k++) {
        shard *s = &f->shards[k];
        s->set = set;
        s->lanes = lanes;
        s->learn = learn;
        s->logits = learn ? NULL : f->logits;
        s->pass.dropout = learn ? f->o->dropout : 0;
        s->pass.dropout_embed = learn ? f->o->dropout_embed : 0;
        s->pass.weights = learn ? f->adam.weights : f->adam.averaged;
        memset(s->pass.carry, 0,
               2 * s->pass.lanes * s->pass.m->shape.hidden * sizeof(float));
    }
}

static double chunk_of_all(fit *f, size_t first_step)
{
    for (size_t k = 0; k < SHARDS; k++)
        f->shards[k].first_step = first_step;
    run_shards(f);
    double loss = 0;
    for (size_t k = 0; k < SHARDS; k++)
        loss += f->shards[k].pass.loss;
    return loss;
}

/* --- an epoch ---------------------------------------------------------------
 */

/* Up in the first twentieth, then down along a cosine to a hundredth. */
static double rate_now(const fit *f)
{
    double done = (double)f->adam.n_updates / (double)f->n_updates;
    done = done > 1 ? 1 : done;
    double warm = done < .05 ? (done + .002) / .052 : 1;
    double fall = .01 + .99 * .5 * (1 + cos(3.14159265358979 * done));
    return f->o->learning_rate * warm * fall;
}

static void learn_from_chunk(fit *f)
{
    float *grad = f->shards[0].grad;
    for (size_t k = 1; k < SHARDS; k++)
        for (size_t i = 0; i < f->m->layout.at[PIQ_N_RECURRENT_BLOCKS]; i++)
            grad[i] += f->shards[k].grad[i];
    piq_recurrent_adam_update(&f->adam, grad, rate_now(f));
}

/* Mean loss over the training rows, with dropout, while learning. */
static double train_epoch(fit *f)
{
    piq_lanes_deal(&f->train_lanes, f->train, &f->rng);
    aim_shards(f, f->train, &f->train_lanes, true);
    double loss = 0;
    for (size_t t = 0; t < f->train_lanes.steps; t += f->o->chunk) {
        loss += chunk_of_all(f, t);
        learn_from_chunk(f);
    }
    return loss / (double)f->train->n_rows;
}

/* Loss and AUC of the averaged weights on the validation rows; NaN without. */
static piq_status validate(fit *f, double *loss, double *auc)
{
    const piq_kt_set *set = f->valid;
    *loss = *auc = NAN;
    if (set->n_rows == 0)
        return PIQ_OK;
    piq_rng rng;
    piq_rng_seed(&rng, 1);
    piq_lanes_deal(&f->valid_lanes, set, &rng);
    aim_shards(f, set, &f->valid_lanes, false);
    double sum = 0;
    for (size_t t = 0; t < f->valid_lanes.steps; t += f->o->chunk)
        sum += chunk_of_all(f, t);
    *loss = sum / (double)set->n_rows;
    piq_arena scratch;
    piq_arena_init(&scratch, (size_t)1 << 32);
    piq_status status = piq_auc(&scratch, f->logits, set->y, set->n_rows, auc);
    piq_arena_release(&scratch);
    return status;
}

static void keep_best(fit *f, size_t epoch, double loss)
{
    if (f->valid->n_rows > 0 && !(loss < f->best_loss))
        return;
    f->best_loss = loss;
    f->best_epoch = epoch;
    memcpy(f->m->weights, f->adam.averaged,
           f->m->layout.at[PIQ_N_RECURRENT_BLOCKS] * sizeof *f->m->weights);
}

static piq_status run_epochs(fit *f)
{
    for (size_t epoch = 1; epoch <= f->n_epochs; epoch++) {
        piq_fit_round round = {
            .member = "rnn", .round = epoch, .n_rounds = f->n_epochs};
        round.train_loss = train_epoch(f);
        piq_status status = validate(f, &round.valid_loss, &round.valid_auc);
        if (status != PIQ_OK)
            return status;
        keep_best(f, epoch, round.valid_loss);
        if (f->watch && f->watch->round &&
            !f->watch->round(f->watch->ctx, &round))
            return PIQ_OK;
        if (f->valid->n_rows > 0 && epoch >= f->best_epoch + f->o->patience)
            return PIQ_OK;
    }
    return PIQ_OK;
}

/* --- all of it
 * ---------------------------------------------------------------- */

static piq_status run(fit *f)
{
    int blas_threads = openblas_get_num_threads();
    openblas_set_num_threads(1);
    piq_status status = start(f);
    if (status == PIQ_OK)
        status = run_epochs(f);
    openblas_set_num_threads(blas_threads);
    return status;
}

piq_status piq_recurrent_fit(const piq_kt_set *train, const piq_kt_set *valid,
                             const piq_recurrent_options *o,
                             const piq_fit_watch *watch, piq_recurrent **out,
                             piq_err *err)
{
    piq_recurrent_shape shape = shape_for(train, o);
    if (train->n_rows == 0)
        return piq_fail(err, PIQ_EINVAL,
                        "cannot fit a recurrent net on no answers");
    if (!options_good(o) || train->n_items > PIQ_RECURRENT_MAX_ITEMS ||
        !piq_recurrent_shape_good(&shape))
        return piq_fail(err, PIQ_EINVAL,
                        "cannot fit a recurrent net of these options");
    fit f = {.o = o,
             .train = train,
             .valid = valid,
             .watch = watch,
             .best_loss = INFINITY};
    piq_status status = piq_recurrent_new(&shape, &f.m);
    if (status == PIQ_OK) {
        piq_arena_init(&f.arena, (size_t)1 << 33);
        status = run(&f);
        piq_arena_release(&f.arena);
    }
    if (status != PIQ_OK) {
        piq_recurrent_free(f.m);
        return piq_fail(err, status, "the recurrent net could not be fitted");
    }
    *out = f.m;
    return PIQ_OK;
}
