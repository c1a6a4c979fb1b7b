#include "random_kt_model.h"

#include "base/calendar.h"
#include "predict/recurrent_weights.h"

#include <math.h>
#include <stdlib.h>

enum { N_LEARNERS = 8 };

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        abort();
    return p;
}

random_kt_size random_kt_small(const piq_catalogue *c)
{
    return (random_kt_size){.n_trees = 6,
                            .depth = 3,
                            .hidden = 8,
                            .linear = true,
                            .n_answers = 400,
                            .items_known = c->n_items - c->n_items / 4};
}

/* What learners in turn answered, to the items that are known. */
static piq_item_table *random_table(piq_rng *r, const piq_catalogue *c,
                                    random_kt_size size)
{
    piq_item_names names = {.n_items = size.items_known,
                            .n_concepts = c->n_concepts};
    int64_t *items = zeroed(size.items_known, sizeof *items);
    piq_str *concepts = zeroed(c->n_concepts, sizeof *concepts);
    for (size_t i = 0; i < size.items_known; i++)
        items[i] = c->items[i].id.v;
    for (size_t i = 0; i < c->n_concepts; i++)
        concepts[i] = c->concepts[i].id;
    names.items = items;
    names.concepts = concepts;
    piq_item_builder *b;
    piq_item_table *t;
    if (piq_item_builder_new(&names, &b) != PIQ_OK)
        abort();
    for (size_t i = 0; i < size.n_answers; i++) {
        if (i * N_LEARNERS % size.n_answers < N_LEARNERS)
            piq_item_builder_learner(b, 0);
        const piq_item *item = &c->items[piq_rng_below(r, size.items_known)];
        piq_ask ask = {
            .item = {(uint32_t)(item - c->items)},
            .concepts = item->concepts,
            .n_concepts = item->n_concepts,
            .at_us = PIQ_NO_TIME,
        };
        bool right = piq_rng_uniform(r) < 0.2 + 0.6 * item->difficulty;
        if (piq_item_builder_add(b, &ask, right ? 1.0f : 0.0f) != PIQ_OK)
            abort();
    }
    if (piq_item_builder_freeze(b, PIQ_EVERY_GROUP, &t) != PIQ_OK)
        abort();
    piq_item_builder_free(b);
    free(items);
    free(concepts);
    return t;
}

static piq_logistic random_logistic(piq_rng *r)
{
    piq_logistic m = {.n_features = PIQ_N_FEATURES,
                      .bias = piq_rng_normal(r),
                      .weight = zeroed(PIQ_N_FEATURES, sizeof(double)),
                      .missing = zeroed(PIQ_N_FEATURES, sizeof(double)),
                      .mean = zeroed(PIQ_N_FEATURES, sizeof(double)),
                      .sd = zeroed(PIQ_N_FEATURES, sizeof(double))};
    for (size_t j = 0; j < PIQ_N_FEATURES; j++) {
        m.weight[j] = 0.1 * piq_rng_normal(r);
        m.missing[j] = 0.1 * piq_rng_normal(r);
        m.mean[j] = piq_rng_normal(r);
        m.sd[j] = 0.2 + piq_rng_uniform(r);
    }
    return m;
}

/* One complete tree of `depth`, breadth first from `root`; node k's children
 * are 2k+1 and 2k+2. Covers halve on the way, unevenly. */
static void random_tree(piq_rng *r, piq_tree_node *root, size_t root_at,
                        unsigned depth)
{
    size_t inner = ((size_t)1 << depth) - 1;
    size_t n = 2 * inner + 1;
    root[0].cover = 64.0f;
    for (size_t k = 0; k < n; k++) {
        piq_tree_node *at = &root[k];
        if (k >= inner) {
            at->feature = PIQ_TREE_LEAF;
            at->split = (float)(0.2 * piq_rng_normal(r));
            continue;
        }
        at->feature = piq_rng_below(r, PIQ_N_FEATURES) & 0x7fff;
        at->nan_left = piq_rng_below(r, 2) & 1;
        at->split = (float)piq_rng_normal(r);
        at->left = (uint32_t)(root_at + 2 * k + 1);
        float share = (float)(0.2 + 0.6 * piq_rng_uniform(r));
        root[2 * k + 1].cover = at->cover * share;
        root[2 * k + 2].cover = at->cover - root[2 * k + 1].cover;
    }
}

static piq_trees random_trees(piq_rng *r, size_t n_trees, unsigned depth)
{
    size_t each = ((size_t)2 << depth) - 1;
    piq_trees t = {.nodes = zeroed(n_trees * each, sizeof(piq_tree_node)),
                   .n_nodes = n_trees * each,
                   .roots = zeroed(n_trees, sizeof(uint32_t)),
                   .n_trees = n_trees,
                   .n_features = PIQ_N_FEATURES,
                   .base_logit = 0.25f};
    for (size_t i = 0; i < n_trees; i++) {
        t.roots[i] = (uint32_t)(i * each);
        random_tree(r, t.nodes + i * each, i * each, depth);
    }
    return t;
}

static piq_recurrent *random_net(piq_rng *r, const piq_item_table *items,
                                 uint32_t hidden)
{
    piq_recurrent_shape shape = {
        .n_items = (uint32_t)piq_item_table_n_items(items),
        .n_concepts = (uint32_t)piq_item_table_n_concepts(items),
        .n_features = PIQ_N_FEATURES,
        .hidden = hidden,
        .embed = hidden < 64 ? 8 : hidden / 2,
        .side = hidden < 64 ? 8 : 16,
        .head = hidden < 64 ? 8 : 64};
    piq_recurrent *m;
    if (piq_recurrent_new(&shape, &m) != PIQ_OK)
        abort();
    size_t n = m->layout.at[PIQ_N_RECURRENT_BLOCKS];
    for (size_t i = 0; i < n; i++)
        m->weights[i] = (float)(0.1 * piq_rng_normal(r));
    for (size_t j = 0; j < PIQ_N_FEATURES; j++) {
        m->mean[j] = (float)piq_rng_normal(r);
        m->inverse[j] = (float)(0.5 + piq_rng_uniform(r));
    }
    return m;
}

static piq_blend random_blend(piq_rng *r, random_kt_size size)
{
    piq_blend b = {.bias = 0.1 * piq_rng_normal(r), .n_knots = 4};
    b.weight[PIQ_MEMBER_LR] = size.linear ? 0.3 : 0.0;
    b.weight[PIQ_MEMBER_GBDT] = size.n_trees ? 0.4 : 0.0;
    b.weight[PIQ_MEMBER_RNN] = size.hidden ? 0.5 : 0.0;
    static const double in[4] = {-2.0, -0.5, 0.25, 1.5};
    static const double out[4] = {-1.75, -0.5, 0.5, 1.25};
    for (size_t i = 0; i < b.n_knots; i++) {
        b.knot_in[i] = in[i];
        b.knot_out[i] = out[i];
    }
    return b;
}

piq_kt_model random_kt_parts(uint64_t seed, const piq_catalogue *c,
                             random_kt_size size)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_kt_model m = {0};
    m.about = (piq_kt_about){.data = "made up",
                             .made_us = 1795435200000000,
                             .from_us = PIQ_NO_TIME,
                             .until_us = PIQ_NO_TIME,
                             .seed = seed,
                             .n_answers = size.n_answers,
                             .n_learners = N_LEARNERS,
                             .n_valid = 10,
                             .valid_auc = 0.75,
                             .valid_logloss = 0.5,
                             .valid_ece = 0.01,
                             .member_auc = {0.7, 0.75, NAN}};
    m.items = random_table(&r, c, size);
    if (size.linear)
        m.lr = random_logistic(&r);
    if (size.n_trees)
        m.trees = random_trees(&r, size.n_trees, size.depth);
    if (size.hidden)
        m.rnn = random_net(&r, m.items, size.hidden);
    m.blend = random_blend(&r, size);
    return m;
}

piq_kt_model *random_kt_model(uint64_t seed, const piq_catalogue *c,
                              random_kt_size size)
{
    piq_kt_model parts = random_kt_parts(seed, c, size);
    piq_kt_model *m;
    if (piq_kt_model_new(&parts, &m) != PIQ_OK)
        abort();
    return m;
}

/* Equal weights, of as many distinct concepts as there are places. */
static size_t random_concepts(piq_rng *r, const piq_catalogue *c,
                              piq_concept_weight *weights)
{
    size_t n = c->n_concepts > 1 ? 1 + piq_rng_below(r, 2) : 1;
    size_t first = piq_rng_below(r, c->n_concepts);
    for (size_t i = 0; i < n; i++) {
        weights[i].concept.v = (uint16_t)((first + i) % c->n_concepts);
        weights[i].weight = 1.0 / (double)n;
    }
    return n;
}

piq_ask random_kt_ask(piq_rng *r, const piq_catalogue *c, int64_t *at_us,
                      piq_concept_weight *weights)
{
    piq_ask ask = {.item = {PIQ_NO_IX32}, .concepts = weights, .at_us = *at_us};
    if (*at_us != PIQ_NO_TIME) {
        /* Mostly within a minute, sometimes days later, or the same instant. */
        static const int64_t most_us[3] = {60000000, 3 * PIQ_US_PER_DAY, 0};
        size_t which = piq_rng_below(r, 12);
        int64_t most = most_us[which < 10 ? 0 : which - 9];
        *at_us += (int64_t)piq_rng_below(r, (uint64_t)most + 1);
        ask.at_us = *at_us;
    }
    if (!c->n_items || piq_rng_below(r, 6) == 0) {
        ask.n_concepts = random_concepts(r, c, weights);
        return ask;
    }
    /* A quarter of the items, mostly, so that they are met again. */
    size_t n = piq_rng_below(r, 4) ? 1 + c->n_items / 4 : c->n_items;
    ask.item.v = (uint32_t)piq_rng_below(r, n < c->n_items ? n : c->n_items);
    const piq_item *item = &c->items[ask.item.v];
    ask.concepts = item->concepts;
    ask.n_concepts = item->n_concepts;
    return ask;
}

piq_response random_kt_response(piq_rng *r)
{
    piq_response a = {.score = piq_rng_below(r, 3) ? 1.0f : 0.0f,
                      .hint = piq_rng_below(r, 8) == 0};
    if (piq_rng_below(r, 10) == 0)
        a.score = (float)piq_rng_uniform(r);
    if (piq_rng_below(r, 4))
        a.response_ms = (uint32_t)(500 + piq_rng_below(r, 60000));
    return a;
}
