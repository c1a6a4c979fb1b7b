#include "support/feature_world.h"

#include "support/random_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ANSWERS = 60 };

static void name_all(feature_world *w)
{
    const piq_catalogue *c = w->catalogue;
    w->item_ids = calloc(c->n_items + 1, sizeof *w->item_ids);
    w->concept_ids = calloc(c->n_concepts + 1, sizeof *w->concept_ids);
    assert_true(w->item_ids && w->concept_ids);
    for (size_t i = 0; i < c->n_items; i++)
        w->item_ids[i] = c->items[i].id.v;
    for (size_t i = 0; i < c->n_concepts; i++)
        w->concept_ids[i] = c->concepts[i].id;
    w->names = (piq_item_names){
        .items = w->item_ids,
        .n_items = c->n_items,
        .concepts = w->concept_ids,
        .n_concepts = c->n_concepts,
    };
}

feature_world feature_world_new(uint64_t seed, size_t n_concepts,
                                size_t n_learners)
{
    feature_world w = {
        .catalogue = random_catalogue(seed, 3, n_concepts, n_concepts * 3)};
    assert_true(w.catalogue->n_items > 10);
    name_all(&w);
    piq_rng r;
    piq_item_builder *b;
    piq_rng_seed(&r, seed);
    assert_int_equal(piq_item_builder_new(&w.names, &b), PIQ_OK);
    for (size_t l = 0; l < n_learners; l++) {
        told_answer x = {0};
        piq_item_builder_learner(b, (unsigned)(l % 5));
        for (size_t i = 0; i < ANSWERS; i++) {
            x = random_answer(&r, &w, i ? &x : NULL, false);
            assert_int_equal(piq_item_builder_add(b, &x.ask, x.response.score),
                             PIQ_OK);
        }
    }
    assert_int_equal(piq_item_builder_freeze(b, PIQ_EVERY_GROUP, &w.table),
                     PIQ_OK);
    piq_item_builder_free(b);
    assert_int_equal(piq_item_bind(w.table, w.catalogue, &w.binding), PIQ_OK);
    w.tables = (piq_feature_tables){w.catalogue, w.binding};
    return w;
}

void feature_world_free(feature_world *w)
{
    piq_item_binding_free(w->binding);
    piq_item_table_free(w->table);
    piq_catalogue_free(w->catalogue);
    free(w->item_ids);
    free(w->concept_ids);
}

static int64_t later(piq_rng *r, const told_answer *before)
{
    int64_t gap_s = (int64_t)piq_rng_below(r, 120);
    if (piq_rng_below(r, 20) == 0)
        gap_s = (int64_t)piq_rng_below(r, 5 * 86400);
    int64_t then = INT64_C(1700000000000000);
    return (before ? before->ask.at_us : then) + gap_s * 1000000;
}

told_answer random_answer(piq_rng *r, const feature_world *w,
                          const told_answer *before, bool times)
{
    static const piq_concept_weight whole[] = {{{0}, 1.0}, {{1}, 1.0}};
    const piq_catalogue *c = w->catalogue;
    told_answer x = {0};
    uint32_t item = (uint32_t)piq_rng_below(r, c->n_items);
    if (before && before->ask.item.v != PIQ_NO_IX32 && piq_rng_below(r, 3) == 0)
        item = before->ask.item.v;
    x.ask = (piq_ask){.item = {item},
                      .concepts = c->items[item].concepts,
                      .n_concepts = c->items[item].n_concepts,
                      .at_us = PIQ_NO_TIME};
    if (piq_rng_below(r, 10) == 0) {
        x.ask.item.v = PIQ_NO_IX32;
        x.ask.concepts = &whole[piq_rng_below(r, 2)];
        x.ask.n_concepts = 1;
    }
    if (times)
        x.ask.at_us = later(r, before);
    /* Harder the greater the number. */
    double p = 0.9 - 0.6 * item / (double)c->n_items;
    x.response.score = piq_rng_uniform(r) < p ? 1.0f : 0.0f;
    x.response.response_ms =
        times ? 1000 + (uint32_t)piq_rng_below(r, 60000) : 0;
    x.response.hint = times && piq_rng_below(r, 8) == 0;
    return x;
}
