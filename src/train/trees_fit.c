/* XGBoost keeps each number of the training rows as its bin. What is unknown is
 * handed over as a number below all others, so that every row is full: it then
 * keeps a byte a number instead of thirteen (545,000 rows of 77 columns: 155 MB
 * instead of 521) and takes two thirds of the time. Validation loss, fold 1:
 * 2009 .42486, before .42480; 2017 after 100 trees .52151, before .52181. Such
 * a number is below every split; so in our trees unknown always goes left.
 *
 * Validation rows stay with us: each new tree is taken out, made ours and
 * walked, which costs 2 ms where XGBoost's own walk over binned rows takes 110
 * (65,000 rows, 70 columns). */
#include "train/trees_fit.h"

#include "base/arena.h"
#include "num/score.h"
#include "train/trees_xgboost.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS = PIQ_N_FEATURES, BATCH_ROWS = 1 << 15, FULL_REPORT_EVERY = 10 };

/* Below any number of a column. */
static const float UNKNOWN = -1e30f;

const piq_trees_options *piq_trees_option_defaults(void)
{
    static const piq_trees_options defaults = {
        .max_trees = 500,
        .patience = 25,
        .depth = 6,
        .leaves = 0,
        .bins = 128,
        .learning_rate = 0.08,
        .row_share = 0.8,
        .column_share = 0.5,
        .min_child_weight = 10.0,
        .min_gain = 0.0,
        .l1 = 0.0,
        .l2 = 2.0,
        .threads = 0,
        .seed = 1,
    };
    return &defaults;
}

static bool is_share(double v)
{
    return v > 0.0 && v <= 1.0;
}

static bool options_in_range(const piq_trees_options *o)
{
    return o->max_trees >= 1 && o->depth >= 1 &&
           o->depth <= PIQ_TREES_MAX_DEPTH && o->bins >= 2 &&
           o->bins <= UINT16_MAX && o->leaves != 1 &&
           is_share(o->learning_rate) && is_share(o->row_share) &&
           is_share(o->column_share) && o->min_child_weight > 0.0 &&
           o->min_gain >= 0.0 && o->l1 >= 0.0 && o->l2 >= 0.0;
}

typedef struct fit {
    piq_xgboost xgb;
    const piq_trees_options *o;
    const piq_kt_set *train, *valid; /* valid NULL: none */
    DMatrixHandle rows;              /* of train */
    BoosterHandle booster;
    piq_trees_growing trees;
    double *logits; /* [valid->n_rows], of all trees so far */
    double *leaves; /* [valid->n_rows], of the last */
    size_t best;    /* trees of the best round */
    double best_loss;
    piq_err *err;
} fit;

/* --- rows ----------------------------------------------------------------- */

/* Batches of rows, with UNKNOWN for NaN. */
typedef struct feed {
    const fit *f;
    DMatrixHandle proxy;
    float *rows; /* [BATCH_ROWS][COLUMNS] */
    size_t at;   /* the next row */
} feed;

static void feed_reset(DataIterHandle h)
{
    ((feed *)h)->at = 0;
}

static int feed_next(DataIterHandle h)
{
    feed *d = h;
    const piq_kt_set *set = d->f->train;
    size_t from = d->at, n = set->n_rows - from;
    char text[192];
    if (n > BATCH_ROWS)
        n = BATCH_ROWS;
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n * COLUMNS; i++) {
        float v = set->x[from * COLUMNS + i];
        d->rows[i] = v != v ? UNKNOWN : v;
    }
    d->at = from + n;
    snprintf(text, sizeof text,
             "{\"data\":[%" PRIuPTR ",true],\"shape\":[%zu,%d],"
             "\"typestr\":\"<f4\",\"version\":3}",
             (uintptr_t)d->rows, n, COLUMNS);
    int failed =
        d->f->xgb.XGProxyDMatrixSetDataDense(d->proxy, text) ||
        d->f->xgb.XGDMatrixSetDenseInfo(d->proxy, "label", set->y + from, n, 1);
    return !failed;
}

static piq_status hand_over(fit *f)
{
    feed d = {.f = f};
    char config[96];
    snprintf(config, sizeof config,
             "{\"missing\":NaN,\"nthread\":%u,\"max_bin\":%u}", f->o->threads,
             f->o->bins);
    if (!piq_alloc_should_fail())
        d.rows = calloc(BATCH_ROWS, COLUMNS * sizeof *d.rows);
    if (!d.rows)
        return piq_fail(f->err, PIQ_ENOMEM, "no memory to hand over rows");
    int failed = f->xgb.XGProxyDMatrixCreate(&d.proxy);
    if (!failed) {
        failed = f->xgb.XGQuantileDMatrixCreateFromCallback(
            &d, d.proxy, NULL, feed_reset, feed_next, config, &f->rows);
        f->xgb.XGDMatrixFree(d.proxy);
    }
    free(d.rows);
    if (failed)
        return piq_xgboost_fail(&f->xgb, "take the rows", f->err);
    return PIQ_OK;
}

/* --- the booster ---------------------------------------------------------- */

static bool set_text(const fit *f, const char *name, const char *value)
{
    return !f->xgb.XGBoosterSetParam(f->booster, name, value);
}

static bool set_whole(const fit *f, const char *name, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return set_text(f, name, text);
}

static bool set_real(const fit *f, const char *name, double value)
{
    char text[48];
    snprintf(text, sizeof text, "%.9g", value);
    return set_text(f, name, text);
}

/* Trees start from the share of right answers. */
static double share_right(const piq_kt_set *s)
{
    double sum = 0.0;
    for (size_t i = 0; i < s->n_rows; i++)
        sum += (double)s->y[i];
    return fmin(fmax(sum / (double)s->n_rows, 0.001), 0.999);
}

static bool set_options(const fit *f)
{
    const piq_trees_options *o = f->o;
    bool by_loss = o->leaves > 0;
    return set_text(f, "booster", "gbtree") &&
           set_text(f, "tree_method", "hist") &&
           set_text(f, "objective", "binary:logistic") &&
           set_text(f, "disable_default_eval_metric", "1") &&
           /* The state of its generator is the thread's, not the model's:
            * seeded anew for each tree, fits do not see each other. */
           set_text(f, "seed_per_iteration", "1") &&
           set_whole(f, "seed", o->seed & INT32_MAX) &&
           set_whole(f, "nthread", o->threads) &&
           set_whole(f, "max_depth", o->depth) &&
           set_whole(f, "max_bin", o->bins) &&
           set_text(f, "grow_policy", by_loss ? "lossguide" : "depthwise") &&
           set_whole(f, "max_leaves", o->leaves) &&
           set_real(f, "learning_rate", o->learning_rate) &&
           set_real(f, "subsample", o->row_share) &&
           set_real(f, "colsample_bytree", o->column_share) &&
           set_real(f, "min_child_weight", o->min_child_weight) &&
           set_real(f, "gamma", o->min_gain) &&
           set_real(f, "reg_alpha", o->l1) &&
           set_real(f, "reg_lambda", o->l2) &&
           set_real(f, "base_score", share_right(f->train));
}

static piq_status make_booster(fit *f)
{
    if (f->xgb.XGBoosterCreate(&f->rows, 1, &f->booster) || !set_options(f))
        return piq_xgboost_fail(&f->xgb, "begin", f->err);
    return PIQ_OK;
}

/* --- rounds --------------------------------------------------------------- */

/* In the tree added last. */
static void send_unknown_left(piq_trees *t)
{
    for (size_t i = t->roots[t->n_trees - 1]; i < t->n_nodes; i++)
        t->nodes[i].nan_left = t->nodes[i].feature != PIQ_TREE_LEAF;
}

/* The tree made last becomes one of ours. */
static piq_status take_tree(fit *f)
{
    BoosterHandle one;
    const char *json;
    bst_ulong len;
    int at = (int)f->trees.t.n_trees;
    if (f->xgb.XGBoosterSlice(f->booster, at, at + 1, 1, &one))
        return piq_xgboost_fail(&f->xgb, "take out a tree", f->err);
    piq_status status;
    if (f->xgb.XGBoosterSaveModelToBuffer(one, "{\"format\":\"json\"}", &len,
                                          &json))
        status = piq_xgboost_fail(&f->xgb, "save a tree", f->err);
    else
        status = piq_xgboost_add_trees((piq_str){json, len}, &f->trees, f->err);
    f->xgb.XGBoosterFree(one);
    if (status == PIQ_OK)
        send_unknown_left(&f->trees.t);
    return status;
}

/* Nats of an answer: log(1 + e^m) - y m. */
static double loss_of(double m, double y)
{
    return fmax(m, 0.0) + log1p(exp(-fabs(m))) - y * m;
}

/* Adds the last tree to the validation rows' logits. */
static double valid_loss(fit *f)
{
    piq_trees last = f->trees.t;
    size_t n = f->valid->n_rows;
    last.roots += last.n_trees - 1;
    last.n_trees = 1;
    last.base_logit = 0.0f;
    piq_trees_logits(&last, f->valid->x, n, f->leaves);
    double base = f->trees.t.n_trees == 1 ? (double)f->trees.t.base_logit : 0.0;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        f->logits[i] += base + f->leaves[i];
        sum += loss_of(f->logits[i], (double)f->valid->y[i]);
    }
    return sum / (double)n;
}

static piq_status valid_auc(const fit *f, double *auc)
{
    piq_arena a;
    piq_arena_init(&a, f->valid->n_rows * 256 + ((size_t)1 << 20));
    piq_status status =
        piq_auc(&a, f->logits, f->valid->y, f->valid->n_rows, auc);
    piq_arena_release(&a);
    if (status != PIQ_OK)
        return piq_fail(f->err, status, "no memory for the validation AUC");
    return PIQ_OK;
}

/* XGBoost keeps the training rows' margins anyway. */
static piq_status train_loss(const fit *f, double *loss)
{
    static const char config[] =
        "{\"type\":1,\"training\":false,\"iteration_begin\":0,"
        "\"iteration_end\":0,\"strict_shape\":false}";
    const bst_ulong *shape;
    bst_ulong dim;
    const float *m;
    double sum = 0.0;
    if (f->xgb.XGBoosterPredictFromDMatrix(f->booster, f->rows, config, &shape,
                                           &dim, &m))
        return piq_xgboost_fail(&f->xgb, "predict", f->err);
    for (size_t i = 0; i < f->train->n_rows; i++)
        sum += loss_of((double)m[i], (double)f->train->y[i]);
    *loss = sum / (double)f->train->n_rows;
    return PIQ_OK;
}

static piq_status measure(fit *f, piq_fit_round *r)
{
    bool full = r->round % FULL_REPORT_EVERY == 0;
    piq_status status = PIQ_OK;
    r->train_loss = r->valid_loss = r->valid_auc = NAN;
    if (f->valid)
        r->valid_loss = valid_loss(f);
    if (full && f->valid)
        status = valid_auc(f, &r->valid_auc);
    if (full && status == PIQ_OK)
        status = train_loss(f, &r->train_loss);
    return status;
}

static bool goes_on(fit *f, const piq_fit_watch *watch, const piq_fit_round *r)
{
    if (!f->valid || r->valid_loss < f->best_loss) {
        f->best = r->round;
        f->best_loss = r->valid_loss;
    }
    if (watch && !watch->round(watch->ctx, r))
        return false;
    return !f->o->patience || r->round - f->best < f->o->patience;
}

static piq_status boost(fit *f, const piq_fit_watch *watch)
{
    piq_fit_round r = {.member = "gbdt", .n_rounds = f->o->max_trees};
    piq_status status = PIQ_OK;
    for (bool on = true; on && r.round < r.n_rounds;) {
        if (f->xgb.XGBoosterUpdateOneIter(f->booster, (int)r.round, f->rows))
            return piq_xgboost_fail(&f->xgb, "make a tree", f->err);
        r.round++;
        status = take_tree(f);
        if (status == PIQ_OK)
            status = measure(f, &r);
        on = status == PIQ_OK && goes_on(f, watch, &r);
    }
    return status;
}

/* --- the whole ------------------------------------------------------------ */

/* Forgets what came after the best round. */
static void keep_best(fit *f)
{
    piq_trees *t = &f->trees.t;
    if (f->best < t->n_trees)
        t->n_nodes = t->roots[f->best];
    t->n_trees = f->best;
}

static bool make_room(fit *f)
{
    size_t n = f->valid ? f->valid->n_rows : 0;
    if (n == 0)
        return true;
    if (!piq_alloc_should_fail())
        f->logits = calloc(n, sizeof *f->logits);
    if (!piq_alloc_should_fail())
        f->leaves = calloc(n, sizeof *f->leaves);
    return f->logits && f->leaves;
}

static piq_status run(fit *f, const piq_fit_watch *watch)
{
    piq_status status =
        make_room(f) ? hand_over(f)
                     : piq_fail(f->err, PIQ_ENOMEM, "no memory to validate");
    if (status == PIQ_OK)
        status = make_booster(f);
    if (status == PIQ_OK)
        status = boost(f, watch);
    if (f->booster)
        f->xgb.XGBoosterFree(f->booster);
    if (f->rows)
        f->xgb.XGDMatrixFree(f->rows);
    free(f->logits);
    free(f->leaves);
    return status;
}

piq_status piq_trees_fit(const piq_kt_set *train, const piq_kt_set *valid,
                         const piq_trees_options *o, const piq_fit_watch *watch,
                         piq_trees *out, piq_err *err)
{
    if (!options_in_range(o))
        return piq_fail(err, PIQ_EINVAL,
                        "an option of the trees is out of "
                        "range");
    if (train->n_rows == 0)
        return piq_fail(err, PIQ_EINVAL, "no answers to grow trees from");
    fit f = {
        .o = o,
        .train = train,
        .valid = valid && valid->n_rows ? valid : NULL,
        .trees.t.n_features = COLUMNS,
        .best_loss = INFINITY,
        .err = err,
    };
    piq_status status = piq_xgboost_open(&f.xgb, err);
    if (status != PIQ_OK)
        return status;
    status = run(&f, watch);
    piq_xgboost_close(&f.xgb);
    if (status != PIQ_OK) {
        piq_trees_release(&f.trees.t);
        return status;
    }
    keep_best(&f);
    *out = f.trees.t;
    return PIQ_OK;
}
