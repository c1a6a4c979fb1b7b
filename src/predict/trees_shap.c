/* Path-dependent TreeSHAP (Lundberg, Erion & Lee 2018, arXiv:1802.03888,
 * algorithm 2). On the way to a leaf a path holds each column split on once,
 * with `zero`, the share of the cover that goes this way where the column is
 * not known, `one`, 1 when the row itself goes this way, and `weight`, the
 * permutation weights of subsets by size (the paper's z, o, w). A column met
 * again is taken out of the path and put in anew. O(trees leaves depth^2). */
#include "predict/trees.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The path's first element stands for no column. */
enum { MAX_PATH = PIQ_TREES_MAX_DEPTH + 1, NO_COLUMN = PIQ_TREE_LEAF };

typedef struct element {
    double zero, one, weight;
    unsigned column;
} element;

typedef struct explainer {
    const piq_trees *t;
    const float *x;
    double *out;
    /* One path a level: [MAX_PATH + 1][MAX_PATH + 1]. */
    element *paths;
} explainer;

/* Shares are divided by; products of tiny ones must not end at 0. */
static const double MIN_SHARE = 1e-290;

/* What a node hands to a child. */
typedef struct descent {
    uint32_t node;
    unsigned depth;
    size_t n; /* elements of the parent's path */
    double zero, one;
    unsigned column;
} descent;

/* The share of a node's cover that goes to the child at `at`. */
static double share_of(const piq_trees *t, const piq_tree_node *node,
                       uint32_t at)
{
    double left = (double)t->nodes[node->left].cover;
    double right = (double)t->nodes[node->left + 1].cover;
    return (double)t->nodes[at].cover / (left + right);
}

static bool goes_left(const piq_tree_node *node, const float *x)
{
    float v = x[node->feature];
    return v < node->split || (v != v && node->nan_left);
}

/* Adds an element: EXTEND of the paper. */
static void extend(element *path, size_t n, const descent *d)
{
    path[n] = (element){d->zero, d->one, n == 0 ? 1.0 : 0.0, d->column};
    for (size_t i = n; i-- > 0;) {
        double w = path[i].weight;
        path[i + 1].weight += d->one * w * (double)(i + 1) / (double)(n + 1);
        path[i].weight = d->zero * w * (double)(n - i) / (double)(n + 1);
    }
}

/* Takes element k of n + 1 out again: UNWIND. */
static void unwind(element *path, size_t n, size_t k)
{
    double one = path[k].one, zero = path[k].zero;
    double next = path[n].weight;
    for (size_t j = n; j-- > 0;) {
        double w = path[j].weight;
        if (one != 0.0) {
            path[j].weight = next * (double)(n + 1) / ((double)(j + 1) * one);
            next =
                w - path[j].weight * zero * (double)(n - j) / (double)(n + 1);
        } else {
            path[j].weight = w * (double)(n + 1) / (zero * (double)(n - j));
        }
    }
    for (size_t j = k; j < n; j++) {
        path[j].zero = path[j + 1].zero;
        path[j].one = path[j + 1].one;
        path[j].column = path[j + 1].column;
    }
}

/* The sum of weights that unwinding element k of n + 1 would leave. */
static double unwound_sum(const element *path, size_t n, size_t k)
{
    double one = path[k].one, zero = path[k].zero;
    double next = path[n].weight, total = 0.0;
    for (size_t j = n; j-- > 0;) {
        if (one != 0.0) {
            double w = next * (double)(n + 1) / ((double)(j + 1) * one);
            total += w;
            next =
                path[j].weight - w * zero * (double)(n - j) / (double)(n + 1);
        } else {
            total +=
                path[j].weight * (double)(n + 1) / (zero * (double)(n - j));
        }
    }
    return total;
}

static void add_leaf(const explainer *e, const element *path, size_t n,
                     double value)
{
    for (size_t k = 1; k < n; k++) {
        double weight = unwound_sum(path, n - 1, k);
        e->out[path[k].column] += weight * (path[k].one - path[k].zero) * value;
    }
}

/* Recursion is as deep as the tree. */
static void descend(const explainer *e, const descent *d)
{
    const piq_tree_node *node = &e->t->nodes[d->node];
    element *path = e->paths + (size_t)d->depth * (MAX_PATH + 1);
    if (d->n)
        memcpy(path, path - (MAX_PATH + 1), d->n * sizeof *path);
    extend(path, d->n, d);
    size_t n = d->n + 1;
    if (node->feature == PIQ_TREE_LEAF) {
        add_leaf(e, path, n, (double)node->split);
        return;
    }
    double zero = 1.0, one = 1.0;
    for (size_t k = 1; k < n; k++) {
        if (path[k].column != node->feature)
            continue;
        zero = path[k].zero;
        one = path[k].one;
        unwind(path, n - 1, k);
        n--;
        break;
    }
    uint32_t taken = node->left + !goes_left(node, e->x);
    for (uint32_t at = node->left; at <= node->left + 1; at++) {
        descent child = {
            .node = at,
            .depth = d->depth + 1,
            .n = n,
            .zero = fmax(zero * share_of(e->t, node, at), MIN_SHARE),
            .one = at == taken ? one : 0.0,
            .column = node->feature,
        };
        descend(e, &child);
    }
}

static double expected(const piq_trees *t, uint32_t at)
{
    const piq_tree_node *node = &t->nodes[at];
    if (node->feature == PIQ_TREE_LEAF)
        return (double)node->split;
    double sum = 0.0;
    for (uint32_t k = node->left; k <= node->left + 1; k++)
        sum += share_of(t, node, k) * expected(t, k);
    return sum;
}

piq_status piq_trees_contributions(const piq_trees *t, const float *x,
                                   double *out, double *bias)
{
    element *paths = NULL;
    if (!piq_alloc_should_fail())
        paths = calloc((size_t)(MAX_PATH + 1) * (MAX_PATH + 1), sizeof *paths);
    if (!paths)
        return PIQ_ENOMEM;
    explainer e = {.t = t, .x = x, .out = out, .paths = paths};
    memset(out, 0, t->n_features * sizeof *out);
    *bias = (double)t->base_logit;
    for (size_t i = 0; i < t->n_trees; i++) {
        descent root = {
            .node = t->roots[i], .zero = 1.0, .one = 1.0, .column = NO_COLUMN};
        descend(&e, &root);
        *bias += expected(t, t->roots[i]);
    }
    free(paths);
    return PIQ_OK;
}
