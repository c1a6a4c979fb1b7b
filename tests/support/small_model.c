#include "support/small_model.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "train/kt_collect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { A_DAY = 20 }; /* answers */

small_world small_world_usual(void)
{
    return (small_world){.seed = 1,
                         .n_learners = 120,
                         .n_answers = 40,
                         .spread = 1.2,
                         .belief_off = 0.5};
}

static void must(piq_status status, const piq_err *err, const char *what)
{
    if (status == PIQ_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, piq_status_text(status),
            err ? err->message : "");
    abort();
}

static double chance(double logit)
{
    return 1 / (1 + exp(-logit));
}

static void add_learner(piq_kt_collector *k, const piq_catalogue *c,
                        const small_world *w, const double *difficulty,
                        int64_t user, double *truth)
{
    piq_rng r;
    piq_rng_seed(&r, w->seed * 1000003 + (uint64_t)user);
    double ability = piq_rng_normal(&r);
    must(piq_kt_collector_learner(k, (piq_user_id){user}), NULL, "a learner");
    for (size_t i = 0; i < w->n_answers; i++) {
        uint32_t at = (uint32_t)piq_rng_below(&r, c->n_items);
        const piq_item *item = &c->items[at];
        double logit = w->scrambled ? 0 : ability - difficulty[at];
        bool right = piq_rng_uniform(&r) < chance(logit);
        int64_t at_us = SMALL_START_US + (int64_t)(i / A_DAY) * PIQ_US_PER_DAY +
                        (int64_t)(i % A_DAY) * 60 * PIQ_US_PER_SECOND + user;
        piq_ask ask = {.item = {at},
                       .concepts = item->concepts,
                       .n_concepts = item->n_concepts,
                       .at_us = at_us};
        piq_response response = {
            .score = right ? 1.0f : 0.0f,
            .response_ms = (uint32_t)(3000 + piq_rng_below(&r, 9000))};
        if (truth)
            truth[i] = chance(logit);
        must(piq_kt_collector_add(k, &ask, &response,
                                  (float)chance(logit + w->belief_off)),
             NULL, "an answer");
    }
}

piq_kt_data small_answers(const piq_catalogue *c, small_world w,
                          unsigned n_parts, double *truth)
{
    piq_kt_collector *k;
    piq_kt_data d;
    piq_rng r;
    double *difficulty = calloc(c->n_items, sizeof *difficulty);
    if (!difficulty)
        abort();
    piq_rng_seed(&r, 77); /* the same items in every world */
    for (size_t i = 0; i < c->n_items; i++)
        difficulty[i] = w.spread * piq_rng_normal(&r);
    must(piq_kt_collector_new(c, n_parts, &k), NULL, "a collector");
    for (size_t l = 0; l < w.n_learners; l++)
        add_learner(k, c, &w, difficulty, (int64_t)l + 1,
                    truth ? truth + l * w.n_answers : NULL);
    piq_kt_collector_finish(k, "made up", &d);
    piq_kt_collector_free(k);
    free(difficulty);
    return d;
}

piq_kt_fit_options small_options(bool lr, bool gbdt, bool rnn)
{
    piq_kt_fit_options o = piq_kt_fit_defaults();
    o.members[PIQ_MEMBER_LR] = lr;
    o.members[PIQ_MEMBER_GBDT] = gbdt;
    o.members[PIQ_MEMBER_RNN] = rnn;
    o.lr.max_steps = 6;
    o.trees.max_trees = 10;
    o.trees.depth = 3;
    o.trees.bins = 16;
    o.trees.learning_rate = 0.3;
    o.rnn.hidden = o.rnn.embed = o.rnn.side = o.rnn.head = 8;
    o.rnn.batch = 16;
    o.rnn.chunk = 20;
    o.rnn.updates = 20;
    o.rnn.min_epochs = o.rnn.max_epochs = 2;
    o.threads = 1;
    return o;
}

piq_kt_role *small_roles(const piq_kt_data *d)
{
    piq_kt_role *role = calloc(d->n_learners + 1, sizeof *role);
    if (!role)
        abort();
    for (size_t i = 0; i < d->n_learners; i++)
        role[i] = d->part[i] == 0 ? PIQ_KT_VALID : PIQ_KT_TRAIN;
    return role;
}

piq_kt_model *small_model(const piq_kt_data *d, const piq_kt_fit_options *o)
{
    piq_kt_model *m = NULL;
    piq_kt_fit_report report;
    piq_err err = {0};
    piq_kt_role *role = small_roles(d);
    must(piq_kt_fit(d, role, o, NULL, &m, &report, &err), &err, "a fit");
    free(role);
    return m;
}

piq_str small_model_bytes(const piq_kt_model *m)
{
    piq_buf b;
    size_t len;
    piq_buf_init(&b, PIQ_MAX_MODEL_BYTES);
    piq_kt_model_encode(m, &b);
    must(b.status, NULL, "a model's bytes");
    char *bytes = piq_buf_take(&b, &len);
    return (piq_str){bytes, len};
}
