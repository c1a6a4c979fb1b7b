/* Serving the recurrent net: compared with a twin in double; one learner and
 * many give the same bits; damaged bytes are refused. */
#include "predict/recurrent.h"

#include "support/recurrent_twin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const piq_recurrent_shape SMALL = {
    .n_items = 7,
    .n_concepts = 3,
    .n_features = PIQ_N_FEATURES,
    .hidden = 24,
    .embed = 16,
    .side = 8,
    .head = 40,
};

static piq_recurrent *small_net(uint64_t seed)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_recurrent *m = random_net(&SMALL, &r);
    assert_non_null(m);
    return m;
}

/* Logits of this random net are of size 10 and a float's step there is 1e-6;
 * 200 sums of such terms stay within 1e-4. */
static void test_recurrent__follows_its_twin_over_a_history(void **state)
{
    (void)state;
    piq_recurrent *m = small_net(1);
    twin t;
    twin_init(&t, m);
    float x[PIQ_N_FEATURES];
    float memory[PIQ_RECURRENT_MAX_STATE] = {0};
    piq_rng r;
    piq_rng_seed(&r, 2);
    for (int i = 0; i < 300; i++) {
        piq_recurrent_ask ask = random_ask(m, &r);
        random_features(m, &r, x);
        bool right = piq_rng_below(&r, 2) == 1;
        double want = twin_logit(&t, &ask, x);
        double got = piq_recurrent_logit(m, memory, &ask, x);
        assert_true(fabs(got - want) < 1e-4);
        twin_step(&t, &ask, x, right);
        piq_recurrent_step(m, memory, &ask, x, right);
        for (size_t j = 0; j < SMALL.hidden; j++)
            assert_true(fabs((double)memory[j] - t.h[j]) < 1e-5);
    }
    twin_release(&t);
    piq_recurrent_free(m);
}

enum { MANY = 77 };

typedef struct crowd {
    float memory[MANY][PIQ_RECURRENT_MAX_STATE];
    float alone[MANY][PIQ_RECURRENT_MAX_STATE];
    float *pointers[MANY];
    piq_recurrent_ask ask[MANY];
    float x[MANY * PIQ_N_FEATURES];
    bool right[MANY];
    double logits[MANY];
} crowd;

static void crowd_round(const piq_recurrent *m, crowd *c, size_t n, piq_rng *r)
{
    for (size_t i = 0; i < n; i++) {
        c->ask[i] = random_ask(m, r);
        random_features(m, r, c->x + i * PIQ_N_FEATURES);
        c->right[i] = piq_rng_below(r, 3) > 0;
        c->pointers[i] = c->memory[i];
    }
    piq_recurrent_batch(m, c->pointers, c->ask, c->x, c->right, n, c->logits);
    for (size_t i = 0; i < n; i++) {
        const float *x = c->x + i * PIQ_N_FEATURES;
        double want = piq_recurrent_logit(m, c->alone[i], &c->ask[i], x);
        assert_memory_equal(&want, &c->logits[i], sizeof want);
        piq_recurrent_step(m, c->alone[i], &c->ask[i], x, c->right[i]);
    }
    assert_memory_equal(c->memory, c->alone, sizeof c->memory);
}

static void test_recurrent__many_at_once_are_each_alone(void **state)
{
    (void)state;
    static crowd c;
    piq_recurrent *m = small_net(3);
    piq_rng r;
    piq_rng_seed(&r, 4);
    for (size_t n = 0; n <= MANY; n += 7)
        crowd_round(m, &c, n, &r);
    piq_recurrent_free(m);
}

static void test_recurrent__beyond_the_known_is_the_unknown(void **state)
{
    (void)state;
    piq_recurrent *m = small_net(5);
    float x[PIQ_N_FEATURES] = {0};
    float memory[PIQ_RECURRENT_MAX_STATE] = {0};
    const piq_recurrent_ask unknown = {SMALL.n_items, 3, 1};
    const piq_recurrent_ask beyond = {UINT32_MAX, UINT16_MAX, 1};
    assert_true(piq_recurrent_logit(m, memory, &unknown, x) ==
                piq_recurrent_logit(m, memory, &beyond, x));
    piq_recurrent_free(m);
}

static void test_recurrent__a_feature_not_known_counts_as_its_mean(void **state)
{
    (void)state;
    piq_recurrent *m = small_net(6);
    float known[PIQ_N_FEATURES];
    float unknown[PIQ_N_FEATURES];
    float memory[PIQ_RECURRENT_MAX_STATE] = {0};
    for (size_t j = 0; j < PIQ_N_FEATURES; j++) {
        known[j] = m->mean[j];
        unknown[j] = NAN;
    }
    const piq_recurrent_ask ask = {1, 1, 0};
    assert_true(piq_recurrent_logit(m, memory, &ask, known) ==
                piq_recurrent_logit(m, memory, &ask, unknown));
    piq_recurrent_free(m);
}

static void test_recurrent__wild_features_give_finite_numbers(void **state)
{
    (void)state;
    piq_recurrent *m = small_net(7);
    float memory[PIQ_RECURRENT_MAX_STATE] = {0};
    float x[PIQ_N_FEATURES];
    const float wild[] = {INFINITY, -INFINITY, 3e38f, -3e38f};
    const piq_recurrent_ask ask = {0, 0, 2};
    for (size_t i = 0; i < 40; i++) {
        for (size_t j = 0; j < PIQ_N_FEATURES; j++)
            x[j] = wild[(i + j) % 4];
        piq_recurrent_step(m, memory, &ask, x, i % 2 == 0);
        assert_true(isfinite(piq_recurrent_logit(m, memory, &ask, x)));
    }
    piq_recurrent_free(m);
}

/* --- file ------------------------------------------------------------------
 */

static piq_buf encoded(const piq_recurrent *m)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_recurrent_encode(m, &b);
    assert_int_equal(b.status, PIQ_OK);
    return b;
}

static piq_status decode(const void *bytes, size_t len, piq_recurrent **out)
{
    piq_reader in;
    piq_reader_init(&in, bytes, len);
    piq_err err;
    return piq_recurrent_decode(&in, out, &err);
}

static void test_recurrent__comes_back_from_its_bytes(void **state)
{
    (void)state;
    piq_recurrent *m = small_net(8);
    piq_buf b = encoded(m);
    piq_recurrent *again = NULL;
    assert_int_equal(decode(b.ptr, b.len, &again), PIQ_OK);
    piq_buf c = encoded(again);
    assert_int_equal(b.len, c.len);
    assert_memory_equal(b.ptr, c.ptr, b.len);
    assert_int_equal(piq_recurrent_state_len(again), 2 * SMALL.hidden);
    piq_buf_release(&b);
    piq_buf_release(&c);
    piq_recurrent_free(m);
    piq_recurrent_free(again);
}

static void test_recurrent__cut_short_is_refused(void **state)
{
    (void)state;
    piq_recurrent *m = small_net(9);
    piq_buf b = encoded(m);
    for (size_t len = 0; len < b.len; len += len < 64 ? 1 : 1237) {
        /* Of its own size, so that reading beyond it is seen. */
        char *part = malloc(len ? len : 1);
        memcpy(part, b.ptr, len);
        piq_recurrent *out = NULL;
        assert_int_equal(decode(part, len, &out), PIQ_ECORRUPT);
        assert_null(out);
        free(part);
    }
    piq_buf_release(&b);
    piq_recurrent_free(m);
}

static void test_recurrent__a_flipped_bit_is_refused_or_harmless(void **state)
{
    (void)state;
    piq_recurrent *m = small_net(10);
    piq_buf b = encoded(m);
    piq_rng r;
    piq_rng_seed(&r, 11);
    float x[PIQ_N_FEATURES] = {0};
    for (size_t i = 0; i < 1500; i++) {
        /* Every bit of the head, then some of the rest. */
        size_t bit = i < 256 ? i : (size_t)piq_rng_below(&r, b.len * 8);
        b.ptr[bit / 8] = (char)(b.ptr[bit / 8] ^ (1 << bit % 8));
        piq_recurrent *out = NULL;
        piq_status status = decode(b.ptr, b.len, &out);
        assert_true(status == PIQ_OK || status == PIQ_ECORRUPT);
        if (status == PIQ_OK) {
            float memory[PIQ_RECURRENT_MAX_STATE] = {0};
            const piq_recurrent_ask ask = {1, 1, 1};
            piq_recurrent_step(out, memory, &ask, x, true);
            assert_true(isfinite(piq_recurrent_logit(out, memory, &ask, x)));
        }
        piq_recurrent_free(out);
        b.ptr[bit / 8] = (char)(b.ptr[bit / 8] ^ (1 << bit % 8));
    }
    piq_buf_release(&b);
    piq_recurrent_free(m);
}

static void refuse_number(uint32_t bits, size_t place)
{
    piq_recurrent *m = small_net(12);
    piq_buf b = encoded(m);
    for (size_t i = 0; i < 4; i++)
        b.ptr[place + i] = (char)(bits >> (8 * i));
    piq_recurrent *out = NULL;
    assert_int_equal(decode(b.ptr, b.len, &out), PIQ_ECORRUPT);
    assert_null(out);
    piq_buf_release(&b);
    piq_recurrent_free(m);
}

static void test_recurrent__numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    enum { SHAPE = 1, MEAN = SHAPE + 7 * 4 };
    const size_t inverse = MEAN + 4 * PIQ_N_FEATURES;
    const size_t weight = inverse + 4 * PIQ_N_FEATURES;
    for (size_t i = 0; i < 7; i++) {
        refuse_number(UINT32_MAX, SHAPE + 4 * i);
        refuse_number(1000003, SHAPE + 4 * i);
    }
    refuse_number(25, SHAPE + 4 * 3);      /* hidden: no multiple of 8 */
    refuse_number(0, SHAPE + 4 * 3);       /* hidden */
    refuse_number(0x7fc00000, MEAN);       /* NaN */
    refuse_number(0x7f800000, MEAN);       /* infinite */
    refuse_number(0, inverse);             /* 1 / sd = 0 */
    refuse_number(0xbf800000, inverse);    /* -1 */
    refuse_number(0x7fc00000, weight);     /* NaN */
    refuse_number(0xff800000, weight + 8); /* -infinite */
    refuse_number(0x7e967699, weight + 4); /* 1e38 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recurrent__follows_its_twin_over_a_history),
        cmocka_unit_test(test_recurrent__many_at_once_are_each_alone),
        cmocka_unit_test(test_recurrent__beyond_the_known_is_the_unknown),
        cmocka_unit_test(
            test_recurrent__a_feature_not_known_counts_as_its_mean),
        cmocka_unit_test(test_recurrent__wild_features_give_finite_numbers),
        cmocka_unit_test(test_recurrent__comes_back_from_its_bytes),
        cmocka_unit_test(test_recurrent__cut_short_is_refused),
        cmocka_unit_test(test_recurrent__a_flipped_bit_is_refused_or_harmless),
        cmocka_unit_test(test_recurrent__numbers_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("recurrent", tests, NULL, NULL);
}
