/* Laws of forests: many rows at once get what one row gets, to the bit,
 * prepared or walked, in every way that this machine has, whatever the shapes
 * of the trees, where they split, and what the rows hold. */
#include "base/rng.h"
#include "predict/trees.h"
#include "predict/trees_block.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    MAX_COLUMNS = 40,
    MAX_TREES = 60,
    MAX_TREE_NODES = 2 * 400,
    MAX_NODES = MAX_TREES * MAX_TREE_NODES,
    MAX_GRID = 600,
    MAX_ROWS = 200
};

/* What forests of a kind are like. */
typedef struct kind {
    size_t n_trees, n_columns;
    size_t grid;         /* splits of a column are of so many */
    size_t most_nodes;   /* of a tree */
    double stops;        /* chance that a node is a leaf */
    unsigned missing_of; /* 1 in so many goes left; 1: all of them */
    bool fits;
} kind;

typedef struct forest {
    piq_tree_node nodes[MAX_NODES];
    uint32_t roots[MAX_TREES];
    float grid[MAX_GRID]; /* ascending */
    size_t n_grid;
    piq_trees t;
} forest;

static void grow(forest *f, const kind *k, piq_rng *r)
{
    size_t root = f->t.n_nodes, n = 1;
    unsigned depth[MAX_TREE_NODES] = {0};
    for (size_t i = 0; i < n; i++) {
        piq_tree_node *node = &f->nodes[root + i];
        *node = (piq_tree_node){.split = (float)piq_rng_normal(r),
                                .feature = PIQ_TREE_LEAF,
                                .cover = 1.0f};
        if (n + 2 > k->most_nodes || depth[i] == PIQ_TREES_MAX_DEPTH ||
            piq_rng_uniform(r) < k->stops)
            continue;
        node->split = f->grid[piq_rng_below(r, k->grid)];
        node->feature = piq_rng_below(r, k->n_columns) & 0x7fff;
        node->nan_left = piq_rng_below(r, k->missing_of) == 0;
        node->left = (uint32_t)(root + n);
        depth[n] = depth[n + 1] = depth[i] + 1;
        n += 2;
    }
    f->roots[f->t.n_trees++] = (uint32_t)root;
    f->t.n_nodes += n;
}

/* Around 0, which is one of them, as -0 is of the forests' splits. */
static void make_grid(forest *f, size_t n)
{
    f->n_grid = n;
    for (size_t i = 0; i < n; i++)
        f->grid[i] = ((float)i - (float)(n / 2)) / 8.0f;
    f->grid[n / 2] = -0.0f;
}

static void make_forest(forest *f, const kind *k, piq_rng *r)
{
    f->t = (piq_trees){.nodes = f->nodes,
                       .roots = f->roots,
                       .n_features = k->n_columns,
                       .base_logit = 0.25f};
    make_grid(f, k->grid);
    for (size_t i = 0; i < k->n_trees; i++)
        grow(f, k, r);
}

/* On splits, just below them, between, beyond, and nothing. */
static float number(const forest *f, piq_rng *r)
{
    static const float odd[] = {INFINITY,     -INFINITY, 0.0f,    -0.0f,
                                FLT_TRUE_MIN, FLT_MAX,   -FLT_MAX};
    float split = f->grid[piq_rng_below(r, f->n_grid)];
    switch (piq_rng_below(r, 6)) {
    case 0:
        return NAN;
    case 1:
        return odd[piq_rng_below(r, sizeof odd / sizeof *odd)];
    case 2:
        return nextafterf(split, -INFINITY);
    case 3:
        return split;
    default:
        return split + (float)piq_rng_normal(r);
    }
}

static void expect_same(const double *got, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof *got) != 0)
            fail_msg("row %zu of %zu: %a, one by one %a", i, n, got[i],
                     want[i]);
}

static void check_ways(const forest *f, const float *x, const double *want,
                       size_t n)
{
    double out[MAX_ROWS];
    for (size_t k = 0; piq_trees_block_way(k); k++) {
        for (size_t i = 0; i < n; i++)
            out[i] = (double)f->t.base_logit;
        piq_trees_binned_add(f->t.binned, piq_trees_block_way(k), x, n, out);
        expect_same(out, want, n);
    }
}

static void check_forest(forest *f, const kind *k, piq_rng *r)
{
    static float x[MAX_ROWS * MAX_COLUMNS];
    double want[MAX_ROWS], out[MAX_ROWS];
    for (size_t i = 0; i < MAX_ROWS * k->n_columns; i++)
        x[i] = number(f, r);
    for (size_t i = 0; i < MAX_ROWS; i++)
        want[i] = piq_trees_logit(&f->t, x + i * k->n_columns);
    assert_int_equal(piq_trees_prepare(&f->t), PIQ_OK);
    assert_int_equal(f->t.binned != NULL, k->fits);
    static const size_t some[] = {0, 1, 2, 31, 63, 64, 65, 100, 128, MAX_ROWS};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        piq_trees_logits(&f->t, x, some[i], out);
        expect_same(out, want, some[i]);
        if (f->t.binned)
            check_ways(f, x, want, some[i]);
    }
    piq_trees_binned_free(f->t.binned);
}

static void check_kind(kind k, uint64_t seed)
{
    static forest f;
    piq_rng r;
    piq_rng_seed(&r, seed);
    for (unsigned i = 0; i < 12; i++) {
        make_forest(&f, &k, &r);
        check_forest(&f, &k, &r);
    }
}

static void test_trees_laws__as_a_fit_makes_them(void **state)
{
    (void)state;
    kind k = {MAX_TREES, 20, 127, 127, 0.1, 1, true};
    check_kind(k, 1);
}

static void test_trees_laws__unknown_goes_both_ways(void **state)
{
    (void)state;
    kind k = {MAX_TREES, 5, 127, 127, 0.1, 2, true};
    check_kind(k, 2);
    k.missing_of = 1000; /* hardly ever left */
    check_kind(k, 3);
}

/* Chains, single leaves, columns without a split. */
static void test_trees_laws__of_any_shape(void **state)
{
    (void)state;
    kind k = {30, MAX_COLUMNS, 9, 60, 0.45, 2, true};
    check_kind(k, 4);
    k = (kind){3, MAX_COLUMNS, 1, 3, 0.5, 2, true};
    check_kind(k, 5);
}

/* 256 leaves, 255 splits. */
static void test_trees_laws__as_large_as_bytes_can_tell(void **state)
{
    (void)state;
    kind k = {20, 4, 255, 2 * 256 - 1, 0.0, 2, true};
    check_kind(k, 6);
}

static void test_trees_laws__larger_ones_are_walked(void **state)
{
    (void)state;
    kind k = {3, 4, 20, 2 * 257 - 1, 0.0, 2, false};
    check_kind(k, 7);
    k = (kind){40, 1, MAX_GRID, 127, 0.0, 2, false};
    check_kind(k, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees_laws__as_a_fit_makes_them),
        cmocka_unit_test(test_trees_laws__unknown_goes_both_ways),
        cmocka_unit_test(test_trees_laws__of_any_shape),
        cmocka_unit_test(test_trees_laws__as_large_as_bytes_can_tell),
        cmocka_unit_test(test_trees_laws__larger_ones_are_walked),
    };
    return cmocka_run_group_tests_name("trees laws", tests, NULL, NULL);
}
