#include "predict/trees.h"

#include "base/rng.h"
#include "predict/trees_binned.h"
#include "predict/trees_walk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COLUMNS = 6, MAX_NODES = 1 << 14 };

/* Grown at random: columns come again on the way down, covers differ. */
typedef struct forest {
    piq_tree_node nodes[MAX_NODES];
    uint32_t roots[64];
    piq_trees t;
} forest;

static piq_tree_node leaf_node(double value, double cover)
{
    return (piq_tree_node){
        .split = (float)value, .feature = PIQ_TREE_LEAF, .cover = (float)cover};
}

static void grow(forest *f, piq_rng *r, unsigned depth)
{
    size_t root = f->t.n_nodes, n = 1, level_end = 1;
    unsigned level = 0;
    for (size_t i = 0; i < n; i++) {
        piq_tree_node *node = &f->nodes[root + i];
        if (i == level_end) {
            level_end = n;
            level++;
        }
        *node = leaf_node(piq_rng_normal(r), 1.0 + 9.0 * piq_rng_uniform(r));
        if (level >= depth || (level > 0 && piq_rng_uniform(r) < 0.2))
            continue;
        node->feature = piq_rng_below(r, COLUMNS) & 0x7fff;
        node->nan_left = piq_rng_below(r, 2) & 1;
        node->left = (uint32_t)(root + n);
        n += 2;
    }
    f->roots[f->t.n_trees++] = (uint32_t)root;
    f->t.n_nodes += n;
}

static void make_forest(forest *f, size_t n_trees, unsigned depth,
                        uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    f->t = (piq_trees){.nodes = f->nodes,
                       .roots = f->roots,
                       .n_features = COLUMNS,
                       .base_logit = 0.25f};
    for (size_t i = 0; i < n_trees; i++)
        grow(f, &r, depth);
}

static void make_row(piq_rng *r, float x[COLUMNS])
{
    for (size_t j = 0; j < COLUMNS; j++)
        x[j] = piq_rng_below(r, 5) ? (float)piq_rng_normal(r) : NAN;
}

/* The plain twin of the walks. */
static double slow_logit(const piq_trees *t, const float *x)
{
    double sum = (double)t->base_logit;
    for (size_t i = 0; i < t->n_trees; i++) {
        const piq_tree_node *node = &t->nodes[t->roots[i]];
        while (node->feature != PIQ_TREE_LEAF) {
            float v = x[node->feature];
            bool left = isnan(v) ? node->nan_left : v < node->split;
            node = &t->nodes[node->left + (left ? 0 : 1)];
        }
        sum += (double)node->split;
    }
    return sum;
}

static void test_trees__a_stump_splits(void **state)
{
    (void)state;
    piq_tree_node nodes[] = {
        {.split = 1.5f, .feature = 1, .nan_left = 1, .left = 1, .cover = 10},
        leaf_node(-2.0, 4.0),
        leaf_node(3.0, 6.0)};
    uint32_t root = 0;
    piq_trees t = {nodes, 3, &root, 1, 2, 0.5f, NULL};
    assert_true(piq_trees_logit(&t, (float[]){9, 1.25f}) == -1.5);
    assert_true(piq_trees_logit(&t, (float[]){9, 1.5f}) == 3.5); /* not below */
    assert_true(piq_trees_logit(&t, (float[]){9, INFINITY}) == 3.5);
    assert_true(piq_trees_logit(&t, (float[]){9, NAN}) == -1.5);
    nodes[0].nan_left = 0;
    assert_true(piq_trees_logit(&t, (float[]){9, NAN}) == 3.5);
}

static void test_trees__no_trees_are_the_base(void **state)
{
    (void)state;
    piq_trees t = {.n_features = 2, .base_logit = 0.5f};
    float x[2] = {1, 2};
    double out[2], bias;
    assert_true(piq_trees_logit(&t, x) == 0.5);
    assert_int_equal(piq_trees_contributions(&t, x, out, &bias), PIQ_OK);
    assert_true(bias == 0.5 && out[0] == 0.0 && out[1] == 0.0);
}

/* Numbers of trees and rows around the width of the walks. */
static void test_trees__every_way_gives_the_same_bits(void **state)
{
    (void)state;
    enum { ROWS = 150 };
    static forest f;
    static float x[ROWS][COLUMNS];
    static double out[ROWS];
    piq_rng r;
    piq_rng_seed(&r, 7);
    for (size_t i = 0; i < ROWS; i++)
        make_row(&r, x[i]);
    for (size_t n_trees = 1; n_trees < 64; n_trees += 3) {
        make_forest(&f, n_trees, 6, n_trees);
        size_t n = n_trees == 61 ? ROWS : 50 + n_trees;
        piq_trees_logits(&f.t, x[0], n, out);
        for (size_t i = 0; i < n; i++) {
            double slow = slow_logit(&f.t, x[i]);
            assert_true(out[i] == slow);
            assert_true(piq_trees_logit(&f.t, x[i]) == slow);
        }
    }
}

static void test_trees__the_fast_walk_ends_where_the_plain_one_does(
    void **state)
{
    (void)state;
    static forest f;
    piq_rng r;
    piq_rng_seed(&r, 21);
    make_forest(&f, PIQ_WALKS, 7, 8);
    piq_trees_walker fast = piq_trees_walker_here(f.t.n_nodes);
    for (size_t i = 0; i < 200; i++) {
        float x[2 * COLUMNS];
        uint32_t row[PIQ_WALKS], plain_at[PIQ_WALKS], fast_at[PIQ_WALKS];
        make_row(&r, x);
        make_row(&r, x + COLUMNS);
        for (size_t k = 0; k < PIQ_WALKS; k++) {
            row[k] = k % 2 ? COLUMNS : 0;
            plain_at[k] = fast_at[k] = f.roots[k];
        }
        piq_trees_walk_plain(f.nodes, x, row, plain_at);
        fast(f.nodes, x, row, fast_at);
        assert_memory_equal(plain_at, fast_at, sizeof plain_at);
    }
}

/* --- prepared ------------------------------------------------------------- */

/* One tree of so many leaves, as level as can be, and so many different splits,
 * all of column 0. */
static void make_wide(forest *f, size_t leaves, size_t splits)
{
    f->t = (piq_trees){.nodes = f->nodes,
                       .roots = f->roots,
                       .n_features = COLUMNS,
                       .n_trees = 1,
                       .n_nodes = 2 * leaves - 1};
    f->roots[0] = 0;
    for (size_t i = 0; i < f->t.n_nodes; i++) {
        f->nodes[i] = leaf_node((double)i, 1.0);
        if (i >= leaves - 1)
            continue;
        f->nodes[i].split = (float)(i % splits);
        f->nodes[i].feature = 0;
        f->nodes[i].left = (uint32_t)(2 * i + 1);
    }
}

static bool is_prepared(forest *f)
{
    assert_int_equal(piq_trees_prepare(&f->t), PIQ_OK);
    bool done = f->t.binned != NULL;
    piq_trees_binned_free(f->t.binned);
    return done;
}

static void test_trees__what_bytes_cannot_tell_is_walked(void **state)
{
    (void)state;
    static forest f;
    make_wide(&f, 256, 255);
    assert_true(is_prepared(&f));
    make_wide(&f, 257, 1);
    assert_false(is_prepared(&f)); /* a leaf too many */
    make_wide(&f, 256, 1);
    grow(&f, &(piq_rng){{1, 2, 3, 4}}, 0); /* a leaf alone */
    assert_true(is_prepared(&f));
    /* A tree of 255 different splits, one of a single other. */
    make_wide(&f, 256, 255);
    memcpy(f.nodes + 511, f.nodes, 3 * sizeof f.nodes[0]);
    f.nodes[511] = (piq_tree_node){.split = 0.5f, .left = 512, .cover = 1};
    f.nodes[512] = f.nodes[513] = leaf_node(1.0, 1.0);
    f.roots[1] = 511;
    f.t.n_trees = 2;
    f.t.n_nodes = 514;
    assert_false(is_prepared(&f)); /* a split too many */
    f.nodes[511].feature = 1;
    assert_true(is_prepared(&f));
}

static void test_trees__no_trees_are_prepared(void **state)
{
    (void)state;
    piq_trees t = {.n_features = 2, .base_logit = 0.5f};
    float x[20][2] = {{0}};
    double out[20];
    assert_int_equal(piq_trees_prepare(&t), PIQ_OK);
    piq_trees_logits(&t, x[0], 20, out);
    for (size_t i = 0; i < 20; i++)
        assert_true(out[i] == 0.5);
    piq_trees_release(&t);
}

static void test_trees__preparing_twice_changes_nothing(void **state)
{
    (void)state;
    static forest f;
    make_forest(&f, 3, 4, 1);
    assert_int_equal(piq_trees_prepare(&f.t), PIQ_OK);
    const piq_trees_binned *first = f.t.binned;
    assert_int_equal(piq_trees_prepare(&f.t), PIQ_OK);
    assert_ptr_equal(f.t.binned, first);
    piq_trees_binned_free(f.t.binned);
}

static void test_trees__preparing_needs_memory(void **state)
{
    (void)state;
    static forest f;
    make_forest(&f, 3, 4, 1);
    long k = 1;
    for (;; k++) {
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_trees_prepare(&f.t);
        piq_alloc_fail_after(0, 0);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
        assert_null(f.t.binned);
    }
    assert_true(k > 5);
    assert_non_null(f.t.binned);
    piq_trees_binned_free(f.t.binned);
}

/* --- contributions -------------------------------------------------------- */

/* E[logit | the columns of `known` are as in x], by cover. */
static double game(const piq_trees *t, uint32_t at, const float *x,
                   unsigned known)
{
    const piq_tree_node *node = &t->nodes[at];
    if (node->feature == PIQ_TREE_LEAF)
        return (double)node->split;
    uint32_t a = node->left, b = a + 1;
    float v = x[node->feature];
    if (known >> node->feature & 1) {
        bool left = isnan(v) ? node->nan_left : v < node->split;
        return game(t, left ? a : b, x, known);
    }
    double wa = (double)t->nodes[a].cover, wb = (double)t->nodes[b].cover;
    return (wa * game(t, a, x, known) + wb * game(t, b, x, known)) / (wa + wb);
}

static double game_all(const piq_trees *t, const float *x, unsigned known)
{
    double sum = (double)t->base_logit;
    for (size_t i = 0; i < t->n_trees; i++)
        sum += game(t, t->roots[i], x, known);
    return sum;
}

/* Shapley's own formula, over all subsets. */
static double slow_contribution(const piq_trees *t, const float *x, unsigned j)
{
    static const double factorial[] = {1, 1, 2, 6, 24, 120, 720};
    double sum = 0.0;
    for (unsigned set = 0; set < 1u << COLUMNS; set++) {
        if (set >> j & 1)
            continue;
        unsigned size = 0;
        for (unsigned k = 0; k < COLUMNS; k++)
            size += set >> k & 1;
        double weight = factorial[size] * factorial[COLUMNS - 1 - size] /
                        factorial[COLUMNS];
        sum += weight * (game_all(t, x, set | 1u << j) - game_all(t, x, set));
    }
    return sum;
}

static void test_trees__contributions_are_shapley_values(void **state)
{
    (void)state;
    static forest f;
    piq_rng r;
    piq_rng_seed(&r, 3);
    for (unsigned depth = 1; depth <= 8; depth++) {
        float x[COLUMNS];
        double out[COLUMNS], bias;
        make_forest(&f, 3, depth, depth);
        make_row(&r, x);
        assert_int_equal(piq_trees_contributions(&f.t, x, out, &bias), PIQ_OK);
        assert_true(fabs(bias - game_all(&f.t, x, 0)) < 1e-9);
        for (unsigned j = 0; j < COLUMNS; j++)
            assert_true(fabs(out[j] - slow_contribution(&f.t, x, j)) < 1e-9);
    }
}

static void test_trees__contributions_sum_to_the_logit(void **state)
{
    (void)state;
    static forest f;
    piq_rng r;
    piq_rng_seed(&r, 5);
    make_forest(&f, 20, 6, 99);
    for (size_t i = 0; i < 50; i++) {
        float x[COLUMNS];
        double out[COLUMNS], bias;
        make_row(&r, x);
        assert_int_equal(piq_trees_contributions(&f.t, x, out, &bias), PIQ_OK);
        for (size_t j = 0; j < COLUMNS; j++)
            bias += out[j];
        assert_true(fabs(bias - piq_trees_logit(&f.t, x)) < 1e-9);
    }
}

static void test_trees__contributions_need_memory(void **state)
{
    (void)state;
    static forest f;
    float x[COLUMNS] = {0};
    double out[COLUMNS], bias;
    make_forest(&f, 1, 2, 1);
    piq_alloc_fail_after(1, 0);
    assert_int_equal(piq_trees_contributions(&f.t, x, out, &bias), PIQ_ENOMEM);
    piq_alloc_fail_after(0, 0);
}

/* --- stored form ---------------------------------------------------------- */

static piq_status decode(const piq_buf *b, size_t len, piq_trees *out,
                         piq_err *err)
{
    piq_reader in;
    piq_reader_init(&in, b->ptr, len);
    return piq_trees_decode(&in, COLUMNS, out, err);
}

static void test_trees__come_back_from_their_bytes(void **state)
{
    (void)state;
    static forest f;
    piq_buf b;
    piq_trees t;
    piq_err err;
    make_forest(&f, 20, 6, 4);
    piq_buf_init(&b, 0);
    piq_trees_encode(&f.t, &b);
    assert_int_equal(decode(&b, b.len, &t, &err), PIQ_OK);
    assert_int_equal(t.n_nodes, f.t.n_nodes);
    assert_int_equal(t.n_trees, f.t.n_trees);
    assert_true(t.base_logit == f.t.base_logit);
    for (size_t i = 0; i < t.n_nodes; i++) {
        assert_true(t.nodes[i].split == f.nodes[i].split);
        assert_true(t.nodes[i].cover == f.nodes[i].cover);
        assert_int_equal(t.nodes[i].feature, f.nodes[i].feature);
        assert_int_equal(t.nodes[i].nan_left, f.nodes[i].nan_left);
        assert_int_equal(t.nodes[i].left, f.nodes[i].left);
    }
    piq_trees_release(&t);
    piq_buf_release(&b);
}

static void test_trees__of_other_columns_are_refused(void **state)
{
    (void)state;
    static forest f;
    piq_buf b;
    piq_trees t;
    piq_err err;
    piq_reader in;
    make_forest(&f, 1, 1, 4);
    piq_buf_init(&b, 0);
    piq_trees_encode(&f.t, &b);
    piq_reader_init(&in, b.ptr, b.len);
    assert_int_equal(piq_trees_decode(&in, 7, &t, &err), PIQ_ECORRUPT);
    assert_string_equal(err.message, "trees over 6 columns, not 7");
    piq_buf_release(&b);
}

static void expect_refused(const forest *f, const char *where)
{
    piq_buf b;
    piq_trees t;
    piq_err err = {0};
    piq_buf_init(&b, 0);
    piq_trees_encode(&f->t, &b);
    assert_int_equal(decode(&b, b.len, &t, &err), PIQ_ECORRUPT);
    assert_string_equal(err.where, where);
    piq_buf_release(&b);
}

static void test_trees__numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    static forest f;
    make_forest(&f, 2, 3, 4);
    float cover = f.nodes[2].cover;
    f.nodes[1].split = NAN;
    expect_refused(&f, "tree node 1");
    f.nodes[1].split = 0.0f;
    f.nodes[2].cover = 0.0f;
    expect_refused(&f, "tree node 2");
    f.nodes[2].cover = INFINITY;
    expect_refused(&f, "tree node 2");
    f.nodes[2].cover = cover;
    f.nodes[0].feature = COLUMNS + 1;
    expect_refused(&f, "tree node 0");
    f.nodes[0].feature = 0;
    f.t.base_logit = NAN;
    expect_refused(&f, "");
}

/* A chain one edge deeper than walks and explanations are made for. */
static void test_trees__too_deep_a_tree_is_refused(void **state)
{
    (void)state;
    static forest f;
    f.t = (piq_trees){.nodes = f.nodes,
                      .roots = f.roots,
                      .n_trees = 1,
                      .n_features = COLUMNS};
    for (size_t depth = 31; depth <= 33; depth++) {
        f.t.n_nodes = 2 * depth + 1;
        f.roots[0] = 0;
        for (size_t i = 0; i < f.t.n_nodes; i++) {
            f.nodes[i] = leaf_node(1.0, 1.0);
            if (i % 2 == 0 && i < 2 * depth) {
                f.nodes[i].feature = i % COLUMNS & 0x7fff;
                f.nodes[i].left = (uint32_t)(i + 1);
            }
        }
        if (depth == 33) {
            expect_refused(&f, "tree node 65");
            continue;
        }
        piq_buf b;
        piq_trees t;
        piq_err err;
        double out[COLUMNS], bias;
        piq_buf_init(&b, 0);
        piq_trees_encode(&f.t, &b);
        assert_int_equal(decode(&b, b.len, &t, &err), PIQ_OK);
        assert_int_equal(
            piq_trees_contributions(&t, (float[COLUMNS]){0}, out, &bias),
            PIQ_OK);
        assert_true(fabs(bias - 1.0) < 1e-12); /* every leaf is 1 */
        piq_trees_release(&t);
        piq_buf_release(&b);
    }
}

static void test_trees__decoding_needs_memory(void **state)
{
    (void)state;
    static forest f;
    piq_buf b;
    piq_trees t;
    piq_err err;
    make_forest(&f, 2, 3, 4);
    piq_buf_init(&b, 0);
    piq_trees_encode(&f.t, &b);
    for (long k = 1; k <= 2; k++) {
        piq_alloc_fail_after(k, 0);
        assert_int_equal(decode(&b, b.len, &t, &err), PIQ_ENOMEM);
    }
    piq_alloc_fail_after(0, 0);
    piq_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees__a_stump_splits),
        cmocka_unit_test(test_trees__no_trees_are_the_base),
        cmocka_unit_test(test_trees__every_way_gives_the_same_bits),
        cmocka_unit_test(
            test_trees__the_fast_walk_ends_where_the_plain_one_does),
        cmocka_unit_test(test_trees__what_bytes_cannot_tell_is_walked),
        cmocka_unit_test(test_trees__no_trees_are_prepared),
        cmocka_unit_test(test_trees__preparing_twice_changes_nothing),
        cmocka_unit_test(test_trees__preparing_needs_memory),
        cmocka_unit_test(test_trees__contributions_are_shapley_values),
        cmocka_unit_test(test_trees__contributions_sum_to_the_logit),
        cmocka_unit_test(test_trees__contributions_need_memory),
        cmocka_unit_test(test_trees__come_back_from_their_bytes),
        cmocka_unit_test(test_trees__of_other_columns_are_refused),
        cmocka_unit_test(test_trees__numbers_out_of_range_are_refused),
        cmocka_unit_test(test_trees__too_deep_a_tree_is_refused),
        cmocka_unit_test(test_trees__decoding_needs_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
