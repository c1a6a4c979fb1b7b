#include "full_kt_model.h"

#include "base/rng.h"
#include "predict/recurrent_weights.h"
#include "train/recurrent_fit.h"

#include <math.h>
#include <stdlib.h>

enum { COLUMNS = PIQ_N_FEATURES, MOST_CUTS = FULL_KT_BINS - 1 };

/* What a column is like in the sample. */
typedef struct column {
    float cut[MOST_CUTS]; /* [n_cuts] ascending: between the bins */
    size_t n_cuts;
    double mean, sd;
} column;

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        abort();
    return p;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void look_at(column *c, const piq_kt_set *s, size_t j, float *known)
{
    size_t n = 0;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < s->n_rows; i++) {
        float v = s->x[i * COLUMNS + j];
        if (isnan(v))
            continue;
        known[n++] = v;
        sum += (double)v;
        squares += (double)v * (double)v;
    }
    c->mean = n ? sum / (double)n : 0;
    c->sd = n ? sqrt(fmax(squares / (double)n - c->mean * c->mean, 1e-6)) : 1;
    qsort(known, n, sizeof *known, ascending);
    for (size_t k = 1; n && k < FULL_KT_BINS; k++) {
        float v = known[k * n / FULL_KT_BINS];
        if (!c->n_cuts || v > c->cut[c->n_cuts - 1])
            c->cut[c->n_cuts++] = v;
    }
    if (!c->n_cuts)
        c->n_cuts = 1; /* at 0 */
}

static column *look_at_all(const piq_kt_set *s)
{
    column *columns = zeroed(COLUMNS, sizeof *columns);
    float *known = zeroed(s->n_rows, sizeof *known);
    for (size_t j = 0; j < COLUMNS; j++)
        look_at(&columns[j], s, j, known);
    free(known);
    return columns;
}

static void make_tree(piq_rng *r, const column *columns, piq_tree_node *nodes,
                      size_t root)
{
    size_t inner = ((size_t)1 << FULL_KT_DEPTH) - 1;
    for (size_t k = 0; k < 2 * inner + 1; k++) {
        piq_tree_node *at = &nodes[root + k];
        at->cover = 1.0f;
        if (k >= inner) {
            at->feature = PIQ_TREE_LEAF;
            at->split = (float)(0.05 * piq_rng_normal(r));
            continue;
        }
        size_t j = piq_rng_below(r, COLUMNS);
        at->feature = j & 0x7fff;
        at->nan_left = 1; /* as a fit makes them */
        at->split = columns[j].cut[piq_rng_below(r, columns[j].n_cuts)];
        at->left = (uint32_t)(root + 2 * k + 1);
    }
}

static piq_trees make_trees(piq_rng *r, const column *columns)
{
    size_t each = ((size_t)2 << FULL_KT_DEPTH) - 1;
    piq_trees t = {.n_nodes = FULL_KT_TREES * each,
                   .n_trees = FULL_KT_TREES,
                   .n_features = COLUMNS,
                   .base_logit = 0.25f};
    t.nodes = zeroed(t.n_nodes, sizeof *t.nodes);
    t.roots = zeroed(t.n_trees, sizeof *t.roots);
    for (size_t i = 0; i < t.n_trees; i++) {
        t.roots[i] = (uint32_t)(i * each);
        make_tree(r, columns, t.nodes, i * each);
    }
    return t;
}

static piq_logistic make_linear(piq_rng *r, const column *columns)
{
    piq_logistic m;
    if (piq_logistic_init(&m, COLUMNS) != PIQ_OK)
        abort();
    for (size_t j = 0; j < COLUMNS; j++) {
        m.weight[j] = 0.1 * piq_rng_normal(r);
        m.missing[j] = 0.1 * piq_rng_normal(r);
        m.mean[j] = columns[j].mean;
        m.sd[j] = columns[j].sd;
    }
    return m;
}

static piq_recurrent *make_net(piq_rng *r, const column *columns,
                               const piq_item_table *items)
{
    const piq_recurrent_options *o = piq_recurrent_option_defaults();
    piq_recurrent_shape shape = {
        .n_items = (uint32_t)piq_item_table_n_items(items),
        .n_concepts = (uint32_t)piq_item_table_n_concepts(items),
        .n_features = COLUMNS,
        .hidden = o->hidden,
        .embed = o->embed,
        .side = o->side,
        .head = o->head};
    piq_recurrent *m;
    if (piq_recurrent_new(&shape, &m) != PIQ_OK)
        abort();
    for (size_t i = 0; i < m->layout.at[PIQ_N_RECURRENT_BLOCKS]; i++)
        m->weights[i] = (float)(0.1 * piq_rng_normal(r));
    for (size_t j = 0; j < COLUMNS; j++) {
        m->mean[j] = (float)columns[j].mean;
        m->inverse[j] = (float)(1 / columns[j].sd);
    }
    return m;
}

piq_kt_model *full_kt_model(uint64_t seed, piq_item_table *items,
                            const piq_kt_set *sample)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    column *columns = look_at_all(sample);
    piq_kt_model parts = {.items = items,
                          .lr = make_linear(&r, columns),
                          .trees = make_trees(&r, columns),
                          .rnn = make_net(&r, columns, items),
                          .blend = {.weight = {0.3, 0.4, 0.3},
                                    .n_knots = 3,
                                    .knot_in = {-2.0, 0.0, 2.0},
                                    .knot_out = {-1.75, 0.125, 1.75}}};
    piq_kt_model *m;
    if (piq_kt_model_new(&parts, &m) != PIQ_OK)
        abort();
    free(columns);
    return m;
}
