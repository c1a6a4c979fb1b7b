/* fuzz_model.c - files of models and stored states, damaged and made up.
 *
 *     fuzz_model [ROUNDS [SEED]]       PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * The first byte of an input says what the rest is:
 *     k t p b s   damage to a good knowledge-tracing model, taste model, body
 *                 of a policy, regression, learner's state: four bytes a time,
 *                 what, where (two), with what; lengths and checksums are then
 *                 made right, so that everything behind them is reached
 *     K T P B S   the file itself, as it came
 * The good ones are written by the engine's own writers at the start, so a new
 * format needs no new corpus. Laws, at every input: refused with a reason, or
 * something that can be used: finite predictions, and what is written of it is
 * read again.
 */
#include "engine/policy.h"
#include "learner/learner.h"
#include "predict/kt_model.h"
#include "predict/kt_state.h"
#include "recommend/taste.h"

#include "base/calendar.h"
#include "support/fuzz_driver.h"
#include "support/random_catalogue.h"
#include "support/random_kt_model.h"
#include "support/taste_world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_BYTES = 32 << 20,
    N_KINDS = 5,
    N_DAMAGES = 64,
    LENGTH_AT = 12, /* of both model files */
    MOST_SCORES = 256,
    DAY = 20000
};
static const char kinds[N_KINDS + 1] = "ktpbs";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

typedef struct world {
    piq_catalogue *c;
    piq_kt_model *model;
    piq_kt_binding *binding;
    piq_tracing tracing;
    piq_str good[N_KINDS]; /* owned */
} world;

static world w;

/* ---- good ones -----------------------------------------------------------
 */

static piq_str take(piq_buf *b)
{
    size_t len;
    char *bytes = piq_buf_take(b, &len);
    fuzz_law(bytes != NULL, "there is memory");
    return (piq_str){bytes, len};
}

static piq_str good_model(void)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_kt_model_encode(w.model, &b);
    return take(&b);
}

static piq_str good_taste(void)
{
    piq_taste *m = taste_world_model(1, 5);
    piq_str bytes = taste_world_bytes(m);
    piq_taste_free(m);
    return bytes;
}

static piq_bayes *regression(piq_arena *a)
{
    piq_bayes_prior prior;
    piq_bayes *m = NULL;
    piq_recommend_prior(&prior);
    fuzz_law(piq_bayes_new(a, &prior, &m) == PIQ_OK, "there is memory");
    return m;
}

static piq_str good_regression(void)
{
    piq_arena a;
    piq_buf b;
    piq_arena_init(&a, ARENA_BYTES);
    piq_bayes *m = regression(&a);
    float terms[PIQ_N_TERMS];
    double x[PIQ_N_TERMS];
    for (size_t i = 0; i < 12; i++) {
        for (size_t t = 0; t < PIQ_N_TERMS; t++)
            terms[t] = (float)((i * 7 + t * 5) % 11) / 11;
        piq_recommend_features(terms, x);
        const piq_bayes_example e = {.type = i % PIQ_N_CONTENT_TYPES,
                                     .x = x,
                                     .reward = (double)(i % 3) / 2,
                                     .weight = 1,
                                     .day = DAY + (int64_t)i / 4};
        fuzz_law(piq_bayes_learn(m, &e) == PIQ_OK, "an example");
    }
    piq_bayes_settle(m);
    piq_buf_init(&b, 0);
    piq_bayes_encode(m, &b);
    piq_arena_release(&a);
    return take(&b);
}

static piq_str good_policy(piq_str learned)
{
    const piq_content_tally tally[] = {{{1}, 4, 2}, {{7}, 2.5, 0.25}};
    piq_policy_body body = {.after = 12345,
                            .tally = tally,
                            .final = tally,
                            .n_tally = 2,
                            .n_final = 1,
                            .regression = learned};
    piq_buf b;
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        for (int t = 0; t < PIQ_N_TERMS; t++)
            body.weight[k][t] = 0.1 * t;
    piq_buf_init(&b, 0);
    piq_policy_body_write(&body, &b);
    return take(&b);
}

static piq_str good_state(void)
{
    piq_learner *l;
    piq_buf b;
    piq_rng r;
    int64_t at = PIQ_US_PER_DAY;
    piq_concept_weight weights[PIQ_MAX_ITEM_CONCEPTS];
    fuzz_law(piq_learner_new((piq_user_id){7}, w.c, &l) == PIQ_OK &&
                 piq_learner_trace(l, &w.tracing) == PIQ_OK,
             "there is memory");
    piq_rng_seed(&r, 3);
    for (int i = 0; i < 9; i++) {
        piq_ask ask = random_kt_ask(&r, w.c, &at, weights);
        piq_response response = random_kt_response(&r);
        piq_kt_state_answer(l->trace, w.binding, &ask, &response, NULL);
    }
    piq_buf_init(&b, 0);
    piq_learner_encode(l, &b);
    piq_learner_free(l);
    return take(&b);
}

static void begin(void)
{
    w.c = random_catalogue(3, 2, 5, 10);
    w.c->version = 1;
    random_kt_size size = random_kt_small(w.c);
    size.n_trees = 2;
    size.depth = 2;
    size.n_answers = 30;
    w.model = random_kt_model(1, w.c, size);
    fuzz_law(piq_kt_bind(w.model, w.c, &w.binding) == PIQ_OK, "it is bound");
    w.tracing = (piq_tracing){
        .model = 1, .catalogue = 1, .digest = 77, .binding = w.binding};
    w.good[0] = good_model();
    w.good[1] = good_taste();
    w.good[3] = good_regression();
    w.good[2] = good_policy(w.good[3]);
    w.good[4] = good_state();
}

/* ---- damage --------------------------------------------------------------
 */

static void damage(piq_buf *b, const uint8_t d[4])
{
    static const uint64_t hurting[] = {0,
                                       UINT64_MAX,
                                       UINT64_C(0x7ff8000000000000), /* NaN */
                                       UINT64_C(0x7ff0000000000000), /* inf */
                                       UINT64_C(0x7fc000007fc00000),
                                       UINT64_C(0x7f8000007f800000),
                                       UINT64_C(0x7fefffffffffffff),
                                       UINT64_C(0x8000000000000000)};
    if (b->len == 0)
        return;
    size_t at = (size_t)(d[1] | d[2] << 8) % b->len, n = d[3] % 16 + 1;
    n = n < b->len - at ? n : b->len - at;
    switch (d[0] % 5) {
    case 0:
        b->ptr[at] = (char)d[3];
        break;
    case 1:
        b->ptr[at] = (char)(b->ptr[at] ^ d[3]);
        break;
    case 2: /* a byte more */
        if (!piq_buf_room(b, 1))
            return;
        memmove(b->ptr + at + 1, b->ptr + at, b->len - at);
        b->ptr[at] = (char)d[3];
        b->len++;
        break;
    case 3:
        memmove(b->ptr + at, b->ptr + at + n, b->len - at - n);
        b->len -= n;
        break;
    default:
        for (size_t i = 0; i < 8 && at + i < b->len; i++)
            b->ptr[at + i] = (char)(hurting[d[3] % 8] >> 8 * i);
        break;
    }
}

static void put(piq_buf *b, size_t at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        b->ptr[at + i] = (char)(v >> 8 * i);
}

/* Length and checksum, as the damaged bytes ask for. */
static void mend(char kind, piq_buf *b)
{
    size_t hash = kind == 's' ? 4 : 8;
    if (kind == 'p' || kind == 'b' || b->len < LENGTH_AT + 8 + hash)
        return;
    if (kind != 's')
        put(b, LENGTH_AT, b->len, 8);
    uint64_t sum = piq_hash_bytes(b->ptr, b->len - hash);
    put(b, b->len - hash, kind == 's' ? (sum ^ sum >> 32) : sum, hash);
}

/* ---- use -----------------------------------------------------------------
 */

static bool refused(piq_status status, const piq_err *err)
{
    if (status == PIQ_OK)
        return false;
    fuzz_law(status == PIQ_ECORRUPT || status == PIQ_EINVAL ||
                 status == PIQ_ELIMIT || status == PIQ_ENOMEM ||
                 status == PIQ_ESTALE,
             "the status of a refusal");
    fuzz_law(!err || status == PIQ_ENOMEM || err->message[0], "why");
    return true;
}

static void answer(piq_kt_state *s, const piq_kt_binding *b)
{
    piq_rng r;
    int64_t at = PIQ_US_PER_DAY;
    piq_concept_weight weights[PIQ_MAX_ITEM_CONCEPTS];
    piq_kt_prediction before;
    piq_kt_explanation why;
    piq_rng_seed(&r, 7);
    for (int i = 0; i < 3; i++) {
        piq_ask ask = random_kt_ask(&r, w.c, &at, weights);
        piq_response response = random_kt_response(&r);
        piq_kt_state_answer(s, b, &ask, &response, &before);
        fuzz_law(before.p > 0 && before.p < 1, "a chance");
        fuzz_law(piq_kt_explain(s, b, &ask, &why) == PIQ_OK, "it explains");
    }
}

static void use_model(piq_str bytes)
{
    piq_kt_model *m;
    piq_kt_binding *b = NULL;
    piq_kt_state *s = NULL;
    piq_err err = {0};
    piq_buf again;
    if (refused(piq_kt_model_decode(bytes, &m, &err), &err))
        return;
    fuzz_law(piq_kt_bind(m, w.c, &b) == PIQ_OK &&
                 piq_kt_state_new(b, &s) == PIQ_OK,
             "what was let in is bound");
    answer(s, b);
    piq_buf_init(&again, 0);
    /* Shorter, where a number was spelt longer than it needs. */
    piq_kt_model *back = NULL;
    piq_kt_model_encode(m, &again);
    fuzz_law(again.status == PIQ_OK && again.len <= bytes.len &&
                 piq_kt_model_decode((piq_str){again.ptr, again.len}, &back,
                                     NULL) == PIQ_OK,
             "it is written again, and read");
    piq_kt_model_free(back);
    piq_buf_release(&again);
    piq_kt_state_free(s);
    piq_kt_binding_free(b);
    piq_kt_model_free(m);
}

static void use_taste(piq_str bytes)
{
    piq_taste *m;
    piq_taste_state *s = NULL;
    piq_taste_why why;
    piq_err err = {0};
    if (refused(piq_taste_decode(bytes, &m, &err), &err))
        return;
    float *scores = calloc(piq_taste_stride(m) + 1, sizeof *scores);
    fuzz_law(scores && piq_taste_state_new(m, &s) == PIQ_OK,
             "what was let in has a state");
    size_t n = piq_taste_n_items(m);
    for (uint32_t i = 0; i < n && i < MOST_SCORES; i++)
        fuzz_law(piq_taste_add(s, (piq_taste_entry){i + 1, i, .5F}),
                 "it knows its items");
    piq_taste_scores(s, scores);
    for (size_t i = 0; i < n; i++)
        fuzz_law(isfinite(scores[i]), "a score");
    piq_taste_explain(s, 0, &why);
    fuzz_law(isfinite(why.term) && isfinite(why.rest), "why");
    piq_taste_state_free(s);
    piq_taste_free(m);
    free(scores);
}

static void use_regression(piq_arena *a, piq_str bytes)
{
    piq_bayes *m = regression(a);
    double x[PIQ_N_TERMS] = {0};
    float terms[PIQ_N_TERMS] = {0};
    if (piq_bayes_decode(m, bytes) != PIQ_OK)
        return;
    piq_recommend_features(terms, x);
    for (size_t t = 0; t < PIQ_N_CONTENT_TYPES; t++) {
        piq_bayes_guess g = piq_bayes_predict(m, t, x);
        fuzz_law(isfinite(g.mean) && g.variance >= 0, "a guess");
    }
    const piq_bayes_example e = {0, x, .5, 1, DAY + 9};
    fuzz_law(piq_bayes_learn(m, &e) == PIQ_OK, "it goes on learning");
    piq_bayes_settle(m);
}

static void use_policy(piq_arena *a, piq_str bytes)
{
    piq_policy_body body;
    piq_err err = {0};
    if (refused(piq_policy_body_read(a, bytes, &body, &err), &err))
        return;
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        for (int t = 0; t < PIQ_N_TERMS; t++)
            fuzz_law(isfinite(body.weight[k][t]), "a weight");
    use_regression(a, body.regression);
}

static void use_state(piq_str bytes)
{
    piq_learner *l;
    piq_err err = {0};
    piq_buf again;
    if (refused(piq_learner_decode(bytes, (piq_user_id){7}, w.c, &w.tracing, &l,
                                   &err),
                &err))
        return;
    piq_belief *beliefs = calloc(w.c->n_concepts, sizeof *beliefs);
    fuzz_law(beliefs != NULL, "there is memory");
    piq_learner_beliefs(l, w.c, PIQ_US_PER_DAY * DAY, beliefs);
    for (size_t i = 0; i < w.c->n_concepts; i++)
        fuzz_law(beliefs[i].mastery >= 0 && beliefs[i].mastery <= 1,
                 "a belief in its range");
    /* The others are made anew from their events. */
    if (piq_learner_is_traced(l, &w.tracing)) {
        answer(l->trace, w.binding);
        piq_buf_init(&again, 0);
        piq_learner_encode(l, &again);
        fuzz_law(again.status == PIQ_OK, "it is stored again");
        piq_buf_release(&again);
    }
    free(beliefs);
    piq_learner_free(l);
}

static void use(size_t kind, piq_str bytes)
{
    piq_arena a;
    piq_arena_init(&a, ARENA_BYTES);
    if (kinds[kind] == 'k')
        use_model(bytes);
    else if (kinds[kind] == 't')
        use_taste(bytes);
    else if (kinds[kind] == 'p')
        use_policy(&a, bytes);
    else if (kinds[kind] == 'b')
        use_regression(&a, bytes);
    else
        use_state(bytes);
    piq_arena_release(&a);
}

/* Of exactly its length, so that reading past the end is seen. */
static void use_copy(size_t kind, const piq_buf *b)
{
    char *bytes = malloc(b->len ? b->len : 1);
    fuzz_law(bytes != NULL, "there is memory");
    if (b->len)
        memcpy(bytes, b->ptr, b->len);
    use(kind, (piq_str){bytes, b->len});
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    piq_buf b;
    if (!w.c)
        begin();
    const char *kind = len ? strchr(kinds, bytes[0] | 0x20) : NULL;
    if (!kind || !*kind)
        return 0;
    size_t at = (size_t)(kind - kinds);
    if (*kind != (char)bytes[0]) {
        use(at, (piq_str){(const char *)bytes + 1, len - 1});
        return 0;
    }
    piq_buf_init(&b, 0);
    piq_buf_add_str(&b, w.good[at]);
    for (size_t i = 1; i + 4 <= len && i < 4 * N_DAMAGES; i += 4)
        damage(&b, bytes + i);
    mend(*kind, &b);
    use_copy(at, &b);
    piq_buf_release(&b);
    return 0;
}

#ifndef PIQ_LIBFUZZER
static void forget(void)
{
    for (size_t i = 0; i < N_KINDS; i++)
        free((char *)(uintptr_t)w.good[i].ptr);
    piq_kt_binding_free(w.binding);
    piq_kt_model_free(w.model);
    piq_catalogue_free(w.c);
}

int main(int argc, char **argv)
{
    const fuzz_plan plan = {.name = "model",
                            .one = LLVMFuzzerTestOneInput,
                            .rounds = 10000,
                            .end = forget};
    return fuzz_drive(&plan, argc, argv);
}
#endif
