/* Walks go side by side (trees_walk.h): many trees of one row, or many rows of
 * one tree while it is in the cache. Where the forest is prepared, many rows
 * are not walked but asked by bins (trees_binned.h). Whatever the way, leaves
 * are added in the same order, so the sums are the same bits. */
#include "predict/trees.h"

#include "predict/trees_binned.h"
#include "predict/trees_block.h"
#include "predict/trees_walk.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_ROWS = 2 * PIQ_WALKS, /* that meet a tree one after the other */
    /* So many are walked as fast one by one as a block by bins takes. */
    FEW_ROWS = 10,
    /* Of a node as written: a varint and two floats. */
    MIN_NODE_BYTES = 9
};

void piq_trees_release(piq_trees *t)
{
    free(t->nodes);
    free(t->roots);
    piq_trees_binned_free(t->binned);
    *t = (piq_trees){0};
}

piq_status piq_trees_prepare(piq_trees *t)
{
    return t->binned ? PIQ_OK : piq_trees_binned_new(t, &t->binned);
}

/* --- walking -------------------------------------------------------------- */

static double leaf_of(const piq_trees *t, uint32_t root, const float *x)
{
    const piq_tree_node *node = &t->nodes[root];
    while (node->feature != PIQ_TREE_LEAF) {
        float v = x[node->feature];
        unsigned missing = v != v, left = v < node->split;
        node = &t->nodes[node->left + !(left | (missing & node->nan_left))];
    }
    return (double)node->split;
}

double piq_trees_logit(const piq_trees *t, const float *x)
{
    static const uint32_t same_row[PIQ_WALKS];
    piq_trees_walker walk = piq_trees_walker_here(t->n_nodes);
    double sum = (double)t->base_logit;
    size_t i = 0;
    for (; i + PIQ_WALKS <= t->n_trees; i += PIQ_WALKS) {
        uint32_t at[PIQ_WALKS];
        memcpy(at, t->roots + i, sizeof at);
        walk(t->nodes, x, same_row, at);
        for (size_t k = 0; k < PIQ_WALKS; k++)
            sum += (double)t->nodes[at[k]].split;
    }
    for (; i < t->n_trees; i++)
        sum += leaf_of(t, t->roots[i], x);
    return sum;
}

/* Adds one tree's leaf to each of PIQ_WALKS sums. */
static void add_tree(const piq_trees *t, piq_trees_walker walk, uint32_t root,
                     const float *x, double *sums)
{
    uint32_t row[PIQ_WALKS], at[PIQ_WALKS];
    for (size_t k = 0; k < PIQ_WALKS; k++) {
        row[k] = (uint32_t)(k * t->n_features);
        at[k] = root;
    }
    walk(t->nodes, x, row, at);
    for (size_t k = 0; k < PIQ_WALKS; k++)
        sums[k] += (double)t->nodes[at[k]].split;
}

static void add_block(const piq_trees *t, piq_trees_walker walk, const float *x,
                      double *sums)
{
    for (size_t i = 0; i < t->n_trees; i++)
        for (size_t k = 0; k < BLOCK_ROWS; k += PIQ_WALKS)
            add_tree(t, walk, t->roots[i], x + k * t->n_features, sums + k);
}

static void walk_rows(const piq_trees *t, const float *x, size_t n, double *out)
{
    piq_trees_walker walk = piq_trees_walker_here(t->n_nodes);
    size_t from = 0;
    for (; from + BLOCK_ROWS <= n; from += BLOCK_ROWS) {
        for (size_t i = 0; i < BLOCK_ROWS; i++)
            out[from + i] = (double)t->base_logit;
        add_block(t, walk, x + from * t->n_features, out + from);
    }
    for (; from < n; from++)
        out[from] = piq_trees_logit(t, x + from * t->n_features);
}

void piq_trees_logits(const piq_trees *t, const float *x, size_t n, double *out)
{
    size_t rest = n % PIQ_BINNED_ROWS;
    size_t binned = !t->binned ? 0 : rest <= FEW_ROWS ? n - rest : n;
    for (size_t i = 0; i < binned; i++)
        out[i] = (double)t->base_logit;
    if (binned)
        piq_trees_binned_add(t->binned, piq_trees_block_fastest(), x, binned,
                             out);
    walk_rows(t, x + binned * t->n_features, n - binned, out + binned);
}

/* --- stored form ----------------------------------------------------------
 * Columns, trees and nodes as varints, the base logit; then the nodes of each
 * tree: column and which way unknown goes as one varint, the split or value,
 * the cover. Where children stand follows from the order of levels, so that
 * no bytes can make anything but trees. */

void piq_trees_encode(const piq_trees *t, piq_buf *out)
{
    piq_buf_put_varint(out, t->n_features);
    piq_buf_put_varint(out, t->n_trees);
    piq_buf_put_varint(out, t->n_nodes);
    piq_buf_put_f32(out, t->base_logit);
    for (size_t i = 0; i < t->n_nodes; i++) {
        const piq_tree_node *node = &t->nodes[i];
        bool leaf = node->feature == PIQ_TREE_LEAF;
        uint64_t column = leaf ? t->n_features : node->feature;
        piq_buf_put_varint(out, column << 1 | node->nan_left);
        piq_buf_put_f32(out, node->split);
        piq_buf_put_f32(out, node->cover);
    }
}

static piq_status refuse(piq_err *err, size_t node, const char *what)
{
    piq_status status = piq_fail(err, PIQ_ECORRUPT, "%s", what);
    piq_err_at(err, "tree node %zu", node);
    return status;
}

static piq_status read_node(piq_reader *in, piq_trees *t, size_t at,
                            piq_err *err)
{
    piq_tree_node *node = &t->nodes[at];
    uint64_t word = piq_reader_varint(in);
    node->split = piq_reader_f32(in);
    node->cover = piq_reader_f32(in);
    if (in->bad)
        return refuse(err, at, "the trees are cut short");
    if (word >> 1 > t->n_features)
        return refuse(err, at, "a tree asks for a column that is not there");
    if (!isfinite(node->split) || !isfinite(node->cover) || node->cover <= 0.0f)
        return refuse(err, at, "a tree holds a number out of range");
    bool leaf = word >> 1 == t->n_features;
    uint64_t column = leaf ? PIQ_TREE_LEAF : word >> 1;
    node->feature = column & 0x7fff;
    node->nan_left = word & 1;
    return PIQ_OK;
}

/* One tree from node *at on; *at is then the next one's root. */
static piq_status read_tree(piq_reader *in, piq_trees *t, size_t *at,
                            piq_err *err)
{
    size_t root = *at, end = root + 1; /* of the nodes known to come */
    size_t level_end = end;
    unsigned depth = 0;
    for (size_t i = root; i < end; i++) {
        if (i == level_end) {
            level_end = end;
            if (++depth > PIQ_TREES_MAX_DEPTH)
                return refuse(err, i, "a tree is too deep");
        }
        if (i >= t->n_nodes)
            return refuse(err, i, "a tree has more nodes than were said");
        piq_status status = read_node(in, t, i, err);
        if (status != PIQ_OK)
            return status;
        if (t->nodes[i].feature == PIQ_TREE_LEAF)
            continue;
        t->nodes[i].left = (uint32_t)end;
        end += 2;
    }
    *at = end;
    return PIQ_OK;
}

static piq_status read_trees(piq_reader *in, piq_trees *t, piq_err *err)
{
    size_t at = 0;
    for (size_t i = 0; i < t->n_trees; i++) {
        t->roots[i] = (uint32_t)at;
        piq_status status = read_tree(in, t, &at, err);
        if (status != PIQ_OK)
            return status;
    }
    if (at != t->n_nodes)
        return refuse(err, at, "there are nodes that belong to no tree");
    return PIQ_OK;
}

static void *room_for(uint64_t n, size_t size)
{
    return piq_alloc_should_fail() ? NULL : calloc(n ? (size_t)n : 1, size);
}

piq_status piq_trees_decode(piq_reader *in, size_t n_features, piq_trees *out,
                            piq_err *err)
{
    PIQ_ASSERT(n_features < PIQ_TREE_LEAF);
    uint64_t columns = piq_reader_varint(in);
    uint64_t n_trees = piq_reader_varint(in);
    uint64_t n_nodes = piq_reader_varint(in);
    piq_trees t = {.base_logit = piq_reader_f32(in), .n_features = n_features};
    if (in->bad)
        return piq_fail(err, PIQ_ECORRUPT, "the trees are cut short");
    if (columns != n_features)
        return piq_fail(err, PIQ_ECORRUPT,
                        "trees over %" PRIu64 " columns, not %zu", columns,
                        n_features);
    /* Before anything is allocated for what a damaged count says. */
    uint64_t most = (uint64_t)(in->end - in->at) / MIN_NODE_BYTES;
    if (n_nodes > most || n_trees > n_nodes || n_nodes >= UINT32_MAX)
        return piq_fail(err, PIQ_ECORRUPT,
                        "%" PRIu64 " trees of %" PRIu64
                        " nodes do not fit in what is there",
                        n_trees, n_nodes);
    if (!isfinite(t.base_logit))
        return piq_fail(err, PIQ_ECORRUPT, "the base logit is no number");
    t.n_trees = (size_t)n_trees;
    t.n_nodes = (size_t)n_nodes;
    t.nodes = room_for(n_nodes, sizeof *t.nodes);
    t.roots = room_for(n_trees, sizeof *t.roots);
    piq_status status =
        t.nodes && t.roots
            ? read_trees(in, &t, err)
            : piq_fail(err, PIQ_ENOMEM, "no memory for %zu tree nodes",
                       t.n_nodes);
    if (status == PIQ_OK)
        *out = t;
    else
        piq_trees_release(&t);
    return status;
}
