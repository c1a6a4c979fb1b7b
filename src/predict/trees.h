/* trees.h - gradient-boosted regression trees, walked.
 *
 * A forest fitted elsewhere (train/trees_fit.h), held as one flat array of
 * nodes. Missing values (NaN) go the way that fitting chose. Pure; immutable;
 * any thread.
 *
 * Contributions: path-dependent TreeSHAP (Lundberg, Erion & Lee 2018,
 * arXiv:1802.03888, algorithm 2), exact: they sum to logit - bias.
 */
#ifndef PIQ_PREDICT_TREES_H
#define PIQ_PREDICT_TREES_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* An inner node goes to left when x < split (or x is NaN and nan_left), else
 * to left + 1; a leaf has feature PIQ_TREE_LEAF and its value in split. */
enum { PIQ_TREE_LEAF = 0x7fff, PIQ_TREES_MAX_DEPTH = 32 };
typedef struct piq_tree_node {
    float split;
    uint16_t feature : 15;
    uint16_t nan_left : 1;
    uint32_t left; /* in nodes; above the node's own place */
    float cover;   /* sum of hessians that came by, for TreeSHAP; > 0 */
} piq_tree_node;

/* Heap; made by decoding and by fitting. Trees stand one after the other, each
 * one's nodes level by level from its root: the k-th inner node of a tree has
 * its children at root + 1 + 2k. At most PIQ_TREES_MAX_DEPTH edges deep. */
typedef struct piq_trees {
    piq_tree_node *nodes; /* [n_nodes] */
    size_t n_nodes;
    uint32_t *roots; /* [n_trees] */
    size_t n_trees;
    size_t n_features;
    float base_logit;
    struct piq_trees_binned *binned; /* NULL: rows are walked (see prepare) */
} piq_trees;

void piq_trees_release(piq_trees *t);

/* Makes piq_trees_logits of many rows several times faster, with the same bits
 * (trees_binned.h); from then on nodes may not be changed. Takes two fifths of
 * the nodes' memory. Nothing happens where it was done before, or where a tree
 * has more than 256 leaves, a column more than 255 different splits, or there
 * are more than 256 columns. PIQ_ENOMEM: *t is as it was. */
PIQ_MUST_USE piq_status piq_trees_prepare(piq_trees *t);

/* x[n_features], NaN unknown. Finite. Leaves are added to base_logit in
 * doubles, tree after tree. */
double piq_trees_logit(const piq_trees *t, const float *x);
/* The same for many rows, x[n][n_features], faster by row; the same bits. */
void piq_trees_logits(const piq_trees *t, const float *x, size_t n,
                      double *out);
/* out[n_features] and *bias, the expected logit: bias + sum(out) equals
 * piq_trees_logit up to rounding. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_trees_contributions(const piq_trees *t,
                                                const float *x, double *out,
                                                double *bias);

void piq_trees_encode(const piq_trees *t, piq_buf *out);
/* Checks every count, that every number is finite and every cover positive:
 * PIQ_ECORRUPT with the node in err->where; PIQ_ENOMEM. *out is written on
 * success only. Reads no further than the trees' own bytes. */
PIQ_MUST_USE piq_status piq_trees_decode(piq_reader *in, size_t n_features,
                                         piq_trees *out, piq_err *err);

#endif
