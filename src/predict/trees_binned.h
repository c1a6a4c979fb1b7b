/* trees_binned.h - a forest over binned columns, asked for 64 rows at once.
 *
 * What a tree asks of a number is on which side of a split it lies, and a
 * forest fitted on binned columns splits a column at few places. So each
 * number of a block of rows becomes one byte, how many of its column's splits
 * are at or below it: v < the k-th split (from 0) iff the byte is at most k. No
 * number (NaN) is below every split in one copy of the column and above all in
 * the other; a test reads the copy that sends it the right way.
 *
 * A block is asked tree by tree, from the leaves up: a test's byte is that of
 * its left or right child, and what arrives at the root is the leaf's number,
 * in every row. A test costs a comparison and a choice for 64 rows, and no
 * row's way through the tree is waited for. Only comparisons are made, so the
 * leaves are those of the walk (trees_walk.h).
 *
 * Private to trees*.c and their tests. Immutable once made; any thread.
 */
#ifndef PIQ_PREDICT_TREES_BINNED_H
#define PIQ_PREDICT_TREES_BINNED_H

#include "predict/trees.h"

enum {
    PIQ_BINNED_ROWS = 64,
    PIQ_BINNED_MAX_SPLITS = 255,  /* of a column */
    PIQ_BINNED_MAX_LEAVES = 256,  /* of a tree */
    PIQ_BINNED_MAX_COLUMNS = 512, /* copies of one counted */
    PIQ_BINNED_GROUP = 16         /* splits looked at together */
};

/* Bytes are kept 128 lower than counted, for comparisons are of signed ones. */
enum { PIQ_BINNED_LOWEST = -128 };

/* A row goes left where its column's byte is below the bound. left and right
 * are places in a block's answers. */
typedef struct piq_binned_test {
    uint16_t column, left, right;
    int8_t bound;
} piq_binned_test;

/* Of a tree: its tests, children before their parents, and its leaves. */
typedef struct piq_binned_tree {
    uint32_t first_test, n_tests, first_leaf;
} piq_binned_tree;

enum { PIQ_BINNED_NO_COLUMN = 0xffff };

/* Splits stand in groups of PIQ_BINNED_GROUP, NaN after the last, the first
 * group being the last split of each of the others that is full. */
typedef struct piq_binned_feature {
    uint32_t first_split; /* of the first group */
    uint16_t n_splits;
    uint16_t low, high; /* columns where NaN is below, above every split */
} piq_binned_feature;

typedef struct piq_trees_binned {
    piq_binned_feature *features; /* [n_features] */
    float *splits;
    piq_binned_test *tests;
    piq_binned_tree *trees; /* [n_trees] */
    float *leaves;
    size_t n_features, n_columns, n_trees;
} piq_trees_binned;

/* *out is NULL where the forest is too large for bytes. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_trees_binned_new(const piq_trees *t,
                                             piq_trees_binned **out);
void piq_trees_binned_free(piq_trees_binned *b); /* NULL is allowed */

struct piq_block_way; /* trees_block.h */
/* out[i] += the leaves of x[i], n rows of n_features, tree after tree; whatever
 * the way, the same bits. */
void piq_trees_binned_add(const piq_trees_binned *b,
                          const struct piq_block_way *way, const float *x,
                          size_t n, double *out);

#endif
