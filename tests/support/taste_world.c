#include "support/taste_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KINDS = 4 };

piq_taste_log taste_world_log(uint64_t seed, uint32_t n_learners,
                              uint32_t n_items, size_t most, bool timed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_taste_event *list = calloc(n_learners * most + 1, sizeof *list);
    assert_non_null(list);
    size_t n = 0;
    for (uint32_t u = 0; u < n_learners; u++) {
        size_t count = 2 + (size_t)piq_rng_below(&r, most - 1);
        uint32_t kind = (uint32_t)piq_rng_below(&r, KINDS);
        for (size_t k = 0; k < count; k++) {
            uint32_t item = (uint32_t)piq_rng_below(&r, n_items);
            if (piq_rng_below(&r, 4))
                item = item / KINDS * KINDS + kind;
            list[n++] =
                (piq_taste_event){timed ? (int64_t)(k + 1) * 1000 : 0, u,
                                  item < n_items ? item : 0,
                                  (float)(1 + piq_rng_below(&r, 4)) / 4};
        }
    }
    return (piq_taste_log){
        .list = list, .n = n, .n_learners = n_learners, .n_items = n_items};
}

static void fill(piq_rng *r, float *at, size_t n, double scale)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (float)(scale * piq_rng_normal(r));
}

piq_taste *taste_world_model(uint64_t seed, size_t n_items)
{
    piq_rng r;
    piq_taste *m;
    piq_rng_seed(&r, seed);
    assert_int_equal(piq_taste_new(n_items, &m), PIQ_OK);
    for (size_t i = 0; i < n_items; i++) {
        m->ids[i] = (int64_t)(i + 1) * 10;
        m->seen[i] = (uint32_t)piq_rng_below(&r, 100);
        for (int k = 0; k < PIQ_N_TASTE_MAPS; k++)
            fill(&r, m->maps[k] + i * m->stride, n_items, .3);
    }
    fill(&r, m->popular, n_items, 1);
    m->half_life[PIQ_TASTE_LATELY] = (float)(2 + 5 * piq_rng_uniform(&r));
    m->half_life[PIQ_TASTE_NEXT] = (float)(2 + 5 * piq_rng_uniform(&r));
    for (int k = 0; k < PIQ_TASTE_KNOTS; k++)
        for (int p = 0; p < PIQ_N_TASTE_PARTS; p++) {
            m->knots[k].weight[p] = (float)piq_rng_uniform(&r);
            m->knots[k].log_scale[p] = (float)(piq_rng_uniform(&r) - .5);
        }
    m->about = (piq_taste_about){.seed = seed,
                                 .n_learners = 100,
                                 .n_events = 1000,
                                 .lambda = 200,
                                 .valid_ndcg = .25,
                                 .timed = true};
    return m;
}

piq_taste *taste_world_fitted(const piq_taste_log *log, piq_taste_asked asked)
{
    piq_taste *m = NULL;
    piq_err err = {0};
    const piq_taste_options o = {asked, 1, 1};
    piq_status status = piq_taste_fit(log, &o, &m, &err);
    if (status != PIQ_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, PIQ_OK);
    return m;
}

piq_str taste_world_bytes(const piq_taste *m)
{
    piq_buf b;
    size_t len;
    piq_buf_init(&b, piq_taste_bytes(m));
    piq_taste_encode(m, &b);
    assert_int_equal(b.status, PIQ_OK);
    char *bytes = piq_buf_take(&b, &len);
    return (piq_str){bytes, len};
}
