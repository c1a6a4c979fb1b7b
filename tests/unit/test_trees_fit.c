#include "train/trees_fit.h"

#include "base/rng.h"
#include "train/trees_xgboost.h"

#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COLUMNS = PIQ_N_FEATURES };

static void need_xgboost(void)
{
    piq_xgboost x;
    piq_err err;
    if (piq_xgboost_open(&x, &err) != PIQ_OK) {
        print_message("%s: skipped\n", err.message);
        skip();
    }
    piq_xgboost_close(&x);
}

static double true_logit(const float *x)
{
    return isnan(x[0]) ? -1.0 : 2.0 * (double)x[0];
}

/* Rows whose logit is 2 x0 where x0 is known and -1 where it is not, noise in
 * the other columns, one number in eight unknown. */
static piq_kt_set make_set(size_t n, uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_kt_set s = {.n_rows = n,
                    .x = calloc(n * COLUMNS, sizeof(float)),
                    .y = calloc(n, sizeof(float))};
    assert_true(s.x && s.y);
    for (size_t i = 0; i < n; i++) {
        float *x = s.x + i * COLUMNS;
        for (size_t j = 0; j < COLUMNS; j++)
            x[j] = piq_rng_below(&r, 8) ? (float)piq_rng_normal(&r) : NAN;
        s.y[i] = piq_rng_uniform(&r) < 1.0 / (1.0 + exp(-true_logit(x)));
    }
    return s;
}

static void free_set(piq_kt_set *s)
{
    free(s->x);
    free(s->y);
}

static piq_trees_options small_options(void)
{
    piq_trees_options o = *piq_trees_option_defaults();
    o.max_trees = 40;
    o.depth = 4;
    o.threads = 1;
    o.learning_rate = 0.2;
    o.min_child_weight = 5.0;
    return o;
}

static piq_trees must_fit(const piq_kt_set *train, const piq_kt_set *valid,
                          const piq_trees_options *o, const piq_fit_watch *w)
{
    piq_trees t;
    piq_err err;
    if (piq_trees_fit(train, valid, o, w, &t, &err) != PIQ_OK)
        fail_msg("%s", err.message);
    return t;
}

/* Of the truth where `t` is NULL. */
static double loss_of(const piq_trees *t, const piq_kt_set *s)
{
    double sum = 0.0;
    for (size_t i = 0; i < s->n_rows; i++) {
        const float *x = s->x + i * COLUMNS;
        double m = t ? piq_trees_logit(t, x) : true_logit(x);
        sum += log1p(exp(-fabs(m))) + fmax(m, 0.0) - (double)s->y[i] * m;
    }
    return sum / (double)s->n_rows;
}

static bool same_trees(const piq_trees *a, const piq_trees *b)
{
    if (a->n_nodes != b->n_nodes || a->n_trees != b->n_trees)
        return false;
    for (size_t i = 0; i < a->n_nodes; i++) {
        const piq_tree_node *x = &a->nodes[i], *y = &b->nodes[i];
        if (x->split != y->split || x->feature != y->feature ||
            x->nan_left != y->nan_left || x->left != y->left)
            return false;
    }
    return true;
}

/* The truth's own loss on the same rows is below anything learned, by .03 nats
 * at most; without a column at all it would be .2 more. */
static void test_trees_fit__learns_what_is_there(void **state)
{
    (void)state;
    need_xgboost();
    piq_kt_set train = make_set(6000, 1), valid = make_set(3000, 2);
    piq_trees_options o = small_options();
    piq_trees t = must_fit(&train, &valid, &o, NULL);
    assert_true(loss_of(&t, &valid) < loss_of(NULL, &valid) + 0.03);
    assert_int_equal(t.n_features, COLUMNS);
    piq_trees_release(&t);
    free_set(&train);
    free_set(&valid);
}

typedef struct log_of_rounds {
    size_t n, stop_at;
    double best, last_train, last_auc;
} log_of_rounds;

static bool note_round(void *ctx, const piq_fit_round *r)
{
    log_of_rounds *l = ctx;
    assert_string_equal(r->member, "gbdt");
    assert_int_equal(r->round, ++l->n);
    l->best = fmin(l->best, r->valid_loss);
    if (!isnan(r->train_loss)) {
        l->last_train = r->train_loss;
        l->last_auc = r->valid_auc;
    }
    return l->n != l->stop_at;
}

/* What comes back has the validation loss of the best round that was told, to
 * the rounding of sums. */
static void test_trees_fit__keeps_the_best_round(void **state)
{
    (void)state;
    need_xgboost();
    piq_kt_set train = make_set(600, 1), valid = make_set(2000, 2);
    piq_trees_options o = small_options();
    log_of_rounds l = {.best = INFINITY};
    piq_fit_watch w = {note_round, &l};
    o.max_trees = 400;
    o.patience = 10;
    piq_trees t = must_fit(&train, &valid, &o, &w);
    assert_true(t.n_trees >= 1);
    assert_int_equal(t.n_trees + 10, l.n); /* it stopped early */
    assert_true(fabs(loss_of(&t, &valid) - l.best) < 1e-9);
    assert_true(l.last_train > 0.0 && l.last_train < 0.7);
    assert_true(l.last_auc > 0.7 && l.last_auc < 1.0);
    piq_trees_release(&t);
    free_set(&train);
    free_set(&valid);
}

static void test_trees_fit__stops_when_told(void **state)
{
    (void)state;
    need_xgboost();
    piq_kt_set train = make_set(2000, 1), valid = make_set(1000, 2);
    piq_trees_options o = small_options();
    log_of_rounds l = {.best = INFINITY, .stop_at = 5};
    piq_fit_watch w = {note_round, &l};
    piq_trees t = must_fit(&train, &valid, &o, &w);
    assert_int_equal(l.n, 5);
    assert_in_range(t.n_trees, 1, 5);
    piq_trees_release(&t);
    free_set(&train);
    free_set(&valid);
}

static void test_trees_fit__without_validation_makes_all(void **state)
{
    (void)state;
    need_xgboost();
    piq_kt_set train = make_set(500, 1), none = {0};
    piq_trees_options o = small_options();
    piq_trees t = must_fit(&train, &none, &o, NULL);
    assert_int_equal(t.n_trees, o.max_trees);
    piq_trees_release(&t);
    free_set(&train);
}

static void test_trees_fit__same_seed_same_trees(void **state)
{
    (void)state;
    need_xgboost();
    piq_kt_set train = make_set(3000, 1), valid = make_set(1000, 2);
    piq_trees_options o = small_options();
    o.max_trees = 8;
    piq_trees a = must_fit(&train, &valid, &o, NULL);
    piq_trees b = must_fit(&train, &valid, &o, NULL);
    o.threads = 2;
    piq_trees two = must_fit(&train, &valid, &o, NULL);
    o.seed++;
    piq_trees other = must_fit(&train, &valid, &o, NULL);
    assert_true(same_trees(&a, &b));
    assert_true(same_trees(&a, &two));
    assert_false(same_trees(&a, &other));
    piq_trees_release(&a);
    piq_trees_release(&b);
    piq_trees_release(&two);
    piq_trees_release(&other);
    free_set(&train);
    free_set(&valid);
}

static void test_trees_fit__may_grow_by_leaves(void **state)
{
    (void)state;
    need_xgboost();
    piq_kt_set train = make_set(3000, 1);
    piq_trees_options o = small_options();
    o.leaves = 6;
    o.depth = 10;
    o.max_trees = 5;
    piq_trees t = must_fit(&train, NULL, &o, NULL);
    assert_in_range(t.n_nodes, 5, 5 * 11); /* 6 leaves, 5 inner nodes */
    piq_trees_release(&t);
    free_set(&train);
}

static void test_trees_fit__one_outcome_stays_finite(void **state)
{
    (void)state;
    need_xgboost();
    piq_kt_set train = make_set(50, 1);
    piq_trees_options o = small_options();
    for (size_t i = 0; i < train.n_rows; i++)
        train.y[i] = 1.0f;
    piq_trees t = must_fit(&train, &train, &o, NULL);
    double logit = piq_trees_logit(&t, train.x);
    assert_true(logit > 3.0 && logit < 30.0);
    piq_trees_release(&t);
    free_set(&train);
}

static void test_trees_fit__bad_options_are_refused(void **state)
{
    (void)state;
    piq_kt_set train = make_set(10, 1), none = {0};
    piq_trees t;
    piq_err err;
    piq_trees_options o = small_options();
    assert_int_equal(piq_trees_fit(&none, NULL, &o, NULL, &t, &err),
                     PIQ_EINVAL);
    o.row_share = 0.0;
    assert_int_equal(piq_trees_fit(&train, NULL, &o, NULL, &t, &err),
                     PIQ_EINVAL);
    o = small_options();
    o.depth = 33;
    assert_int_equal(piq_trees_fit(&train, NULL, &o, NULL, &t, &err),
                     PIQ_EINVAL);
    free_set(&train);
}

static void test_trees_fit__lacking_memory_leaks_nothing(void **state)
{
    (void)state;
    need_xgboost();
    piq_kt_set train = make_set(200, 1), valid = make_set(100, 2);
    piq_trees_options o = small_options();
    o.max_trees = 3;
    piq_status status = PIQ_ENOMEM;
    for (long k = 1; status != PIQ_OK; k++) {
        piq_trees t;
        piq_alloc_fail_after(k, 1);
        status = piq_trees_fit(&train, &valid, &o, NULL, &t, NULL);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        if (status == PIQ_OK)
            piq_trees_release(&t);
        assert_true(k < 100);
    }
    free_set(&train);
    free_set(&valid);
}

/* --- against XGBoost itself ----------------------------------------------- */

typedef struct theirs {
    piq_xgboost x;
    DMatrixHandle rows;  /* binned, for the fit */
    DMatrixHandle plain; /* the same as they are */
    BoosterHandle booster;
    piq_trees ours;
    piq_kt_set set;
} theirs;

typedef struct one_batch {
    const theirs *t;
    DMatrixHandle proxy;
    bool given;
} one_batch;

static void batch_reset(DataIterHandle h)
{
    ((one_batch *)h)->given = false;
}

static int batch_next(DataIterHandle h)
{
    one_batch *b = h;
    char text[192];
    if (b->given)
        return 0;
    b->given = true;
    snprintf(text, sizeof text,
             "{\"data\":[%zu,true],\"shape\":[%zu,%d],\"typestr\":\"<f4\","
             "\"version\":3}",
             (size_t)b->t->set.x, b->t->set.n_rows, COLUMNS);
    assert_int_equal(b->t->x.XGProxyDMatrixSetDataDense(b->proxy, text), 0);
    assert_int_equal(b->t->x.XGDMatrixSetDenseInfo(
                         b->proxy, "label", b->t->set.y, b->t->set.n_rows, 1),
                     0);
    return 1;
}

static void make_plain(theirs *t)
{
    __typeof__(&XGDMatrixCreateFromMat) make;
    void *at = dlsym(t->x.library, "XGDMatrixCreateFromMat");
    assert_non_null(at);
    memcpy(&make, &at, sizeof at);
    assert_int_equal(make(t->set.x, t->set.n_rows, COLUMNS, NAN, &t->plain), 0);
}

static void set_up_theirs(theirs *t)
{
    static const char *const params[][2] = {
        {"tree_method", "hist"},
        {"objective", "binary:logistic"},
        {"nthread", "1"},
        {"max_depth", "5"},
        {"learning_rate", "0.3"},
        {"base_score", "0.37"},
        {"colsample_bytree", "0.9"},
        {"min_child_weight", "2"},
        {"disable_default_eval_metric", "1"},
    };
    piq_err err;
    const char *json;
    bst_ulong len;
    assert_int_equal(piq_xgboost_open(&t->x, &err), PIQ_OK);
    t->set = make_set(2000, 11);
    one_batch b = {.t = t};
    assert_int_equal(t->x.XGProxyDMatrixCreate(&b.proxy), 0);
    assert_int_equal(t->x.XGQuantileDMatrixCreateFromCallback(
                         &b, b.proxy, NULL, batch_reset, batch_next,
                         "{\"missing\":NaN,\"max_bin\":64,\"nthread\":1}",
                         &t->rows),
                     0);
    t->x.XGDMatrixFree(b.proxy);
    make_plain(t);
    assert_int_equal(t->x.XGBoosterCreate(&t->rows, 1, &t->booster), 0);
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        t->x.XGBoosterSetParam(t->booster, params[i][0], params[i][1]);
    t->x.XGBoosterSetParam(t->booster, "max_bin", "64");
    for (int i = 0; i < 50; i++)
        assert_int_equal(t->x.XGBoosterUpdateOneIter(t->booster, i, t->rows),
                         0);
    t->x.XGBoosterSaveModelToBuffer(t->booster, "{\"format\":\"json\"}", &len,
                                    &json);
    piq_trees_growing g = {.t.n_features = COLUMNS};
    assert_int_equal(piq_xgboost_add_trees((piq_str){json, len}, &g, &err),
                     PIQ_OK);
    assert_int_equal(g.t.n_trees, 50);
    t->ours = g.t;
}

static void tear_down_theirs(theirs *t)
{
    piq_trees_release(&t->ours);
    t->x.XGBoosterFree(t->booster);
    t->x.XGDMatrixFree(t->rows);
    t->x.XGDMatrixFree(t->plain);
    piq_xgboost_close(&t->x);
    free_set(&t->set);
}

/* type 1: margins; 2: contributions, the last of a row being the bias. */
static const float *ask_theirs(const theirs *t, int type)
{
    char config[160];
    const bst_ulong *shape;
    bst_ulong dim;
    const float *out;
    snprintf(config, sizeof config,
             "{\"type\":%d,\"training\":false,\"iteration_begin\":0,"
             "\"iteration_end\":50,\"strict_shape\":false}",
             type);
    if (t->x.XGBoosterPredictFromDMatrix(t->booster, t->plain, config, &shape,
                                         &dim, &out))
        fail_msg("%s", t->x.XGBGetLastError());
    return out;
}

static void test_trees_fit__logits_are_those_of_xgboost(void **state)
{
    (void)state;
    need_xgboost();
    theirs t;
    set_up_theirs(&t);
    const float *margin = ask_theirs(&t, 1);
    for (size_t i = 0; i < t.set.n_rows; i++) {
        double ours = piq_trees_logit(&t.ours, t.set.x + i * COLUMNS);
        assert_true(fabs(ours - (double)margin[i]) < 1e-5);
    }
    tear_down_theirs(&t);
}

static void test_trees_fit__contributions_are_those_of_xgboost(void **state)
{
    (void)state;
    need_xgboost();
    theirs t;
    set_up_theirs(&t);
    const float *phi = ask_theirs(&t, 2);
    for (size_t i = 0; i < 200; i++) {
        double out[COLUMNS], bias;
        assert_int_equal(
            piq_trees_contributions(&t.ours, t.set.x + i * COLUMNS, out, &bias),
            PIQ_OK);
        const float *row = phi + i * (COLUMNS + 1);
        for (size_t j = 0; j < COLUMNS; j++)
            assert_true(fabs(out[j] - (double)row[j]) < 1e-4);
        assert_true(fabs(bias - (double)row[COLUMNS]) < 1e-4);
    }
    tear_down_theirs(&t);
}

static void test_trees_fit__a_strange_model_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "{}",
        "[1]",
        "{\"learner\":{}}",
        "{\"learner\":{\"learner_model_param\":{\"base_score\":\"5E-1\"},"
        "\"gradient_booster\":{\"model\":{\"trees\":[{}]}}}}",
        /* A child that is its own parent. */
        "{\"learner\":{\"learner_model_param\":{\"base_score\":\"5E-1\"},"
        "\"gradient_booster\":{\"model\":{\"trees\":[{"
        "\"left_children\":[1,1,-1],\"right_children\":[2,2,-1],"
        "\"split_indices\":[0,0,0],\"split_conditions\":[0,0,0],"
        "\"default_left\":[0,0,0],\"sum_hessian\":[1,1,1]}]}}}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        piq_trees_growing g = {.t.n_features = COLUMNS};
        piq_err err;
        assert_int_equal(piq_xgboost_add_trees(piq_str_of(cases[i]), &g, &err),
                         PIQ_EINTERNAL);
        assert_int_equal(g.t.n_trees, 0);
        piq_trees_release(&g.t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees_fit__learns_what_is_there),
        cmocka_unit_test(test_trees_fit__keeps_the_best_round),
        cmocka_unit_test(test_trees_fit__stops_when_told),
        cmocka_unit_test(test_trees_fit__without_validation_makes_all),
        cmocka_unit_test(test_trees_fit__same_seed_same_trees),
        cmocka_unit_test(test_trees_fit__may_grow_by_leaves),
        cmocka_unit_test(test_trees_fit__one_outcome_stays_finite),
        cmocka_unit_test(test_trees_fit__bad_options_are_refused),
        cmocka_unit_test(test_trees_fit__lacking_memory_leaks_nothing),
        cmocka_unit_test(test_trees_fit__logits_are_those_of_xgboost),
        cmocka_unit_test(test_trees_fit__contributions_are_those_of_xgboost),
        cmocka_unit_test(test_trees_fit__a_strange_model_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
