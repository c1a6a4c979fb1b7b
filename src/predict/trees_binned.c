#include "predict/trees_binned.h"

#include "base/arena.h"
#include "predict/trees_block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = PIQ_BINNED_GROUP, MAX_NODES = 2 * PIQ_BINNED_MAX_LEAVES - 1 };

/* --- making --------------------------------------------------------------- */

/* What a forest asks, before it is known whether it fits. */
typedef struct making {
    const piq_trees *t;
    float *splits; /* [n inner nodes] by column; each ascending, no two equal */
    size_t *first; /* [n_features + 1] into splits */
    size_t *n;     /* [n_features] different ones */
    size_t n_inner;
    piq_trees_binned *b;
} making;

static void *room_for(size_t n, size_t size)
{
    return piq_alloc_should_fail() ? NULL : calloc(n ? n : 1, size);
}

void piq_trees_binned_free(piq_trees_binned *b)
{
    if (!b)
        return;
    free(b->features);
    free(b->splits);
    free(b->tests);
    free(b->trees);
    free(b->leaves);
    free(b);
}

/* Nodes of the tree at `root`, at most MAX_NODES + 1. */
static size_t tree_size(const piq_trees *t, size_t root)
{
    size_t n = 1;
    for (size_t i = 0; i < n && n <= MAX_NODES; i++)
        n += t->nodes[root + i].feature == PIQ_TREE_LEAF ? 0 : 2;
    return n;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void sort_splits(making *m, size_t j)
{
    float *s = m->splits + m->first[j];
    size_t n = m->first[j + 1] - m->first[j];
    qsort(s, n, sizeof *s, ascending);
    for (size_t i = 0; i < n; i++)
        if (m->n[j] == 0 || s[i] != s[m->n[j] - 1])
            s[m->n[j]++] = s[i];
}

/* PIQ_ENOMEM; m->splits, first and n are the caller's to free either way. */
static piq_status gather_splits(making *m)
{
    const piq_trees *t = m->t;
    for (size_t i = 0; i < t->n_nodes; i++)
        m->n_inner += t->nodes[i].feature != PIQ_TREE_LEAF;
    m->splits = room_for(m->n_inner, sizeof *m->splits);
    m->first = room_for(t->n_features + 2, sizeof *m->first);
    m->n = room_for(t->n_features, sizeof *m->n);
    if (!m->splits || !m->first || !m->n)
        return PIQ_ENOMEM;
    /* Counted two places up and put one place up, first[j] ends where column j
     * begins. */
    for (size_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i].feature != PIQ_TREE_LEAF)
            m->first[t->nodes[i].feature + 2]++;
    for (size_t j = 2; j < t->n_features + 2; j++)
        m->first[j] += m->first[j - 1];
    for (size_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i].feature != PIQ_TREE_LEAF)
            m->splits[m->first[t->nodes[i].feature + 1]++] = t->nodes[i].split;
    for (size_t j = 0; j < t->n_features; j++)
        sort_splits(m, j);
    return PIQ_OK;
}

static bool fits(const making *m)
{
    const piq_trees *t = m->t;
    bool fine = 2 * t->n_features <= PIQ_BINNED_MAX_COLUMNS;
    for (size_t j = 0; fine && j < t->n_features; j++)
        fine = m->n[j] <= PIQ_BINNED_MAX_SPLITS;
    for (size_t i = 0; fine && i < t->n_trees; i++)
        fine = tree_size(t, t->roots[i]) <= MAX_NODES;
    return fine;
}

static size_t groups_of(size_t n_splits)
{
    /* The first one, and room for what stands above the last full one. */
    return 1 + n_splits / GROUP + 1;
}

static piq_status make_room(making *m)
{
    const piq_trees *t = m->t;
    piq_trees_binned *b = m->b;
    size_t groups = 0;
    for (size_t j = 0; j < t->n_features; j++)
        groups += groups_of(m->n[j]);
    b->n_features = t->n_features;
    b->n_trees = t->n_trees;
    b->features = room_for(t->n_features, sizeof *b->features);
    b->splits = room_for(groups * GROUP, sizeof *b->splits);
    b->tests = room_for(m->n_inner, sizeof *b->tests);
    b->trees = room_for(t->n_trees, sizeof *b->trees);
    b->leaves = room_for(t->n_nodes - m->n_inner, sizeof *b->leaves);
    return b->features && b->splits && b->tests && b->trees && b->leaves
               ? PIQ_OK
               : PIQ_ENOMEM;
}

static void make_features(making *m)
{
    size_t at = 0;
    for (size_t j = 0; j < m->b->n_features; j++) {
        const float *s = m->splits + m->first[j];
        float *first = m->b->splits + at, *groups = first + GROUP;
        size_t n = m->n[j];
        m->b->features[j] = (piq_binned_feature){
            .first_split = (uint32_t)at,
            .n_splits = (uint16_t)n,
            .low = PIQ_BINNED_NO_COLUMN,
            .high = PIQ_BINNED_NO_COLUMN,
        };
        for (size_t k = 0; k < groups_of(n) * GROUP; k++)
            first[k] = NAN;
        memcpy(groups, s, n * sizeof *s);
        for (size_t k = 0; k < n / GROUP; k++)
            first[k] = groups[k * GROUP + GROUP - 1];
        at += groups_of(n) * GROUP;
    }
}

/* The column that a node's test reads. */
static uint16_t column_of(piq_trees_binned *b, const piq_tree_node *node)
{
    piq_binned_feature *f = &b->features[node->feature];
    uint16_t *column = node->nan_left ? &f->low : &f->high;
    if (*column == PIQ_BINNED_NO_COLUMN)
        *column = (uint16_t)b->n_columns++;
    return *column;
}

static int8_t bound_of(const making *m, const piq_tree_node *node)
{
    const float *s = m->splits + m->first[node->feature];
    const float *at =
        bsearch(&node->split, s, m->n[node->feature], sizeof *s, ascending);
    PIQ_ASSERT(at);
    return (int8_t)(at - s + 1 + PIQ_BINNED_LOWEST);
}

/* Tests and leaves from *test and *leaf on, moved on. */
static void make_tree(making *m, size_t i, size_t *test, size_t *leaf)
{
    const piq_tree_node *nodes = m->t->nodes + m->t->roots[i];
    size_t n = tree_size(m->t, m->t->roots[i]);
    piq_binned_tree *tree = &m->b->trees[i];
    *tree = (piq_binned_tree){.first_test = (uint32_t)*test,
                              .n_tests = (uint32_t)(n / 2),
                              .first_leaf = (uint32_t)*leaf};
    uint16_t place[MAX_NODES]; /* of each node's answer */
    size_t n_leaves = 0, n_tests = 0;
    for (size_t k = 0; k < n; k++) {
        if (nodes[k].feature != PIQ_TREE_LEAF)
            continue;
        place[k] = (uint16_t)(PIQ_BLOCK_LEAF - n_leaves++);
        m->b->leaves[(*leaf)++] = nodes[k].split;
    }
    for (size_t k = n; k-- > 0;) {
        if (nodes[k].feature == PIQ_TREE_LEAF)
            continue;
        place[k] = (uint16_t)(PIQ_BLOCK_LEAF + ++n_tests);
        size_t left = nodes[k].left - m->t->roots[i];
        m->b->tests[(*test)++] =
            (piq_binned_test){.column = column_of(m->b, &nodes[k]),
                              .left = place[left],
                              .right = place[left + 1],
                              .bound = bound_of(m, &nodes[k])};
    }
}

static piq_status make(making *m)
{
    piq_status status = gather_splits(m);
    if (status != PIQ_OK || !fits(m))
        return status;
    m->b = room_for(1, sizeof *m->b);
    if (!m->b || make_room(m) != PIQ_OK)
        return PIQ_ENOMEM;
    make_features(m);
    size_t test = 0, leaf = 0;
    for (size_t i = 0; i < m->t->n_trees; i++)
        make_tree(m, i, &test, &leaf);
    return PIQ_OK;
}

piq_status piq_trees_binned_new(const piq_trees *t, piq_trees_binned **out)
{
    making m = {.t = t};
    piq_status status = make(&m);
    free(m.splits);
    free(m.first);
    free(m.n);
    if (status == PIQ_OK)
        *out = m.b;
    else
        piq_trees_binned_free(m.b);
    return status;
}

/* --- asking --------------------------------------------------------------- */

static void add_block(const piq_trees_binned *b, const piq_block_way *way,
                      const float *x, size_t n, piq_trees_block *block,
                      double *out)
{
    double sums[PIQ_BINNED_ROWS] = {0};
    memcpy(sums, out, n * sizeof *out);
    for (size_t j = 0; j < b->n_features; j++)
        if (b->features[j].n_splits)
            way->bin(&b->features[j], b->splits, x + j, b->n_features, n,
                     block);
    way->add(b, block, sums);
    memcpy(out, sums, n * sizeof *out);
}

void piq_trees_binned_add(const piq_trees_binned *b, const piq_block_way *way,
                          const float *x, size_t n, double *out)
{
    piq_trees_block block;
    /* Rows that are not there are asked as well. */
    memset(block.columns, 0, b->n_columns * sizeof *block.columns);
    for (size_t k = 0; k < PIQ_BINNED_MAX_LEAVES; k++)
        memset(&block.answers[PIQ_BLOCK_LEAF - k], (int)k,
               sizeof *block.answers);
    for (size_t from = 0; from < n; from += PIQ_BINNED_ROWS) {
        size_t left = n - from;
        add_block(b, way, x + from * b->n_features,
                  left < PIQ_BINNED_ROWS ? left : PIQ_BINNED_ROWS, &block,
                  out + from);
    }
}
