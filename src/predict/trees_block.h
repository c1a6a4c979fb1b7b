/* trees_block.h - the work on one block of rows (trees_binned.h), in the
 * widest vectors there are. Every way gives the same bytes and the same sums.
 * Private to trees*.c and their tests. Pure; any thread.
 */
#ifndef PIQ_PREDICT_TREES_BLOCK_H
#define PIQ_PREDICT_TREES_BLOCK_H

#include "predict/trees_binned.h"

/* A byte of each row. */
typedef struct piq_block_bytes {
    _Alignas(PIQ_BINNED_ROWS) int8_t row[PIQ_BINNED_ROWS];
} piq_block_bytes;

/* A tree's answers: leaf k's number k at PIQ_BLOCK_LEAF - k, then those of its
 * tests in order. The last is the root's, also where there is no test. */
enum {
    PIQ_BLOCK_LEAF = PIQ_BINNED_MAX_LEAVES - 1,
    PIQ_BLOCK_ANSWERS = 2 * PIQ_BINNED_MAX_LEAVES
};
typedef struct piq_trees_block {
    piq_block_bytes columns[PIQ_BINNED_MAX_COLUMNS];
    piq_block_bytes answers[PIQ_BLOCK_ANSWERS];
} piq_trees_block;

typedef struct piq_block_way {
    /* The bytes of column f for n rows, from x[0], x[stride], .. */
    void (*bin)(const piq_binned_feature *f, const float *splits,
                const float *x, size_t stride, size_t n,
                piq_trees_block *block);
    /* Adds the leaves of all trees, one after the other, to
     * sums[PIQ_BINNED_ROWS]. */
    void (*add)(const piq_trees_binned *b, piq_trees_block *block,
                double *sums);
} piq_block_way;

/* The k-th way on this machine, from 0, the one that runs anywhere, to the
 * fastest; NULL after that. Static. */
const piq_block_way *piq_trees_block_way(size_t k);
const piq_block_way *piq_trees_block_fastest(void);

#endif
