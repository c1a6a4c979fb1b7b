/* Contributions by an integral. The value of a leaf, asked for with only the
 * columns of a set known, is its value times a product over the columns split
 * on along its path: `one` for a known column, 1 where the row goes this way
 * and 0 elsewhere; `zero` for an unknown one, the share of the cover that goes
 * this way. Shapley values of such a game are
 *
 *     out[j] = integral from 0 to 1 of  d/dt_j  product (zero (1 - t) + one t)
 *
 * with all t_k = t but for the derivative by column j's own (Owen 1972,
 * Management Science 18:P64): (one_j - zero_j) times the product over the
 * others. A path of n columns gives a polynomial of degree n - 1 in t, so
 * Gauss-Legendre on ceil(n / 2) points is exact. The products are carried down
 * and their sums over leaves up, one number a point, so the cost is that of
 * nodes times depth / 2 - not leaves times depth squared as in algorithm 2 of
 * Lundberg, Erion & Lee 2018 (arXiv:1802.03888), which gives the same numbers
 * (to 1e-14) in four times the time. Carrying sums up is from Linear TreeSHAP
 * (Yu, Bifet, Read & Xu 2022, arXiv:2209.08192).
 *
 * A column met again replaces its factor from further up; what the leaves below
 * add to the factor that was is taken back. */
#include "predict/trees.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_POINTS = PIQ_TREES_MAX_DEPTH / 2,
    NO_COLUMN = PIQ_TREE_LEAF /* of the root */
};

/* Factors are divided by; products of tiny ones must not end at 0. */
static const double MIN_SHARE = 1e-290;

/* What leads to a node: the edge from its parent. */
typedef struct step {
    unsigned column;
    double zero, one;
    double share;               /* of the tree's cover that comes here */
    double factor[MAX_POINTS];  /* of the column */
    double product[MAX_POINTS]; /* of the path's factors, each column once */
    double below[MAX_POINTS];   /* value times product, over leaves below */
} step;

typedef struct explainer {
    const piq_trees *t;
    const float *x;
    double *out;
    double bias;
    size_t n_points;
    double at[MAX_POINTS], weight[MAX_POINTS]; /* of the integral */
    step steps[PIQ_TREES_MAX_DEPTH + 1];       /* by depth */
} explainer;

/* --- the integral -------------------------------------------------------- */

/* The Legendre polynomial of degree n at x, and its derivative. */
static double legendre(size_t n, double x, double *slope)
{
    double before = 1.0, p = x;
    for (size_t k = 1; k < n; k++) {
        double next = ((double)(2 * k + 1) * x * p - (double)k * before) /
                      (double)(k + 1);
        before = p;
        p = next;
    }
    *slope = (double)n * (x * p - before) / (x * x - 1.0);
    return p;
}

/* Gauss-Legendre on [0, 1]: roots by Newton's method from the usual guesses
 * (Abramowitz & Stegun 1964, 25.4.30 and 22.16.6). */
static void make_points(explainer *e, size_t n)
{
    enum { STEPS = 6 };
    const double pi = 3.14159265358979323846;
    e->n_points = n;
    for (size_t i = 0; i < n; i++) {
        double x = cos(pi * ((double)i + 0.75) / ((double)n + 0.5)), slope = 1;
        for (int k = 0; k < STEPS; k++)
            x -= legendre(n, x, &slope) / slope;
        (void)legendre(n, x, &slope);
        e->at[i] = (1.0 + x) / 2.0;
        e->weight[i] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
}

/* --- a tree ----------------------------------------------------------------
 */

static bool goes_left(const piq_tree_node *node, const float *x)
{
    float v = x[node->feature];
    return v < node->split || (v != v && node->nan_left);
}

/* The last step by this column on the way to `depth`; NULL: none. */
static const step *step_by(const explainer *e, unsigned column, size_t depth)
{
    for (size_t i = depth; i > 0; i--)
        if (e->steps[i].column == column)
            return &e->steps[i];
    return NULL;
}

/* To the child at `at` of the node at `depth`, which is taken or not. */
static void go_down(explainer *e, const step *before, size_t depth,
                    double share, bool taken)
{
    const step *here = &e->steps[depth];
    step *down = &e->steps[depth + 1];
    down->share = here->share * share;
    down->zero = fmax((before ? before->zero : 1.0) * share, MIN_SHARE);
    down->one = taken ? (before ? before->one : 1.0) : 0.0;
    for (size_t i = 0; i < e->n_points; i++) {
        double f = down->zero * (1.0 - e->at[i]) + down->one * e->at[i];
        down->factor[i] = f;
        down->product[i] =
            here->product[i] * (before ? f / before->factor[i] : f);
    }
}

/* What leaves below `from` add to the column of `by`. */
static double added(const explainer *e, const step *by, const step *from)
{
    double sum = 0.0;
    for (size_t i = 0; i < e->n_points; i++)
        sum += e->weight[i] * from->below[i] / by->factor[i];
    return (by->one - by->zero) * sum;
}

/* Recursion is as deep as the tree. */
static void descend(explainer *e, uint32_t at, size_t depth)
{
    const piq_tree_node *node = &e->t->nodes[at];
    step *here = &e->steps[depth], *down = here + 1;
    if (node->feature == PIQ_TREE_LEAF) {
        double value = (double)node->split;
        e->bias += value * here->share;
        for (size_t i = 0; i < e->n_points; i++)
            here->below[i] = value * here->product[i];
        return;
    }
    memset(here->below, 0, e->n_points * sizeof here->below[0]);
    const step *before = step_by(e, node->feature, depth);
    const piq_tree_node *children = &e->t->nodes[node->left];
    double cover = (double)children[0].cover + (double)children[1].cover;
    bool left = goes_left(node, e->x);
    down->column = node->feature;
    for (uint32_t k = 0; k < 2; k++) {
        go_down(e, before, depth, (double)children[k].cover / cover,
                left == (k == 0));
        descend(e, node->left + k, depth + 1);
        double more = added(e, down, down);
        if (before)
            more -= added(e, before, down);
        e->out[node->feature] += more;
        for (size_t i = 0; i < e->n_points; i++)
            here->below[i] += down->below[i];
    }
}

static size_t depth_below(const piq_trees *t, uint32_t at)
{
    const piq_tree_node *node = &t->nodes[at];
    if (node->feature == PIQ_TREE_LEAF)
        return 0;
    size_t left = depth_below(t, node->left);
    size_t right = depth_below(t, node->left + 1);
    return 1 + (left > right ? left : right);
}

/* --- all of them -----------------------------------------------------------
 */

piq_status piq_trees_contributions(const piq_trees *t, const float *x,
                                   double *out, double *bias)
{
    explainer *e = piq_alloc_should_fail() ? NULL : malloc(sizeof *e);
    if (!e)
        return PIQ_ENOMEM;
    e->t = t;
    e->x = x;
    e->out = out;
    e->bias = (double)t->base_logit;
    e->n_points = 0;
    memset(out, 0, t->n_features * sizeof *out);
    size_t deepest = 0;
    for (size_t i = 0; i < t->n_trees; i++) {
        size_t depth = depth_below(t, t->roots[i]);
        deepest = depth > deepest ? depth : deepest;
    }
    make_points(e, (deepest + 1) / 2);
    e->steps[0].column = NO_COLUMN;
    e->steps[0].share = 1.0;
    for (size_t i = 0; i < e->n_points; i++)
        e->steps[0].product[i] = 1.0;
    for (size_t i = 0; i < t->n_trees; i++)
        descend(e, t->roots[i], 0);
    *bias = e->bias;
    free(e);
    return PIQ_OK;
}
