/* Model files and stored states that are damaged in every way that one byte,
 * one cut or one failed allocation can: refused, or something valid, never a
 * crash. Each file is damaged twice over: as it is (the hash tells), and with
 * the hash made right again, so that every check behind it is reached. */
#include "predict/kt_model.h"

#include "base/calendar.h"
#include "predict/kt_state.h"
#include "support/random_catalogue.h"
#include "support/random_kt_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HASH_BYTES = 8, MANY = 10000, N_FLIPS = 3, N_ANSWERS = 20 };

/* Lowest bit, highest, all: small changes, signs and exponents, big ones. */
static const uint8_t flips[N_FLIPS] = {0x01, 0x80, 0xff};

typedef struct fixture {
    piq_catalogue *c;
    piq_kt_model *model;
    piq_kt_binding *binding;
    uint8_t *file; /* a copy that may be damaged */
    size_t len;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    f.c = random_catalogue(3, 2, 5, 10);
    random_kt_size size = random_kt_small(f.c);
    size.n_trees = 2;
    size.depth = 2;
    size.n_answers = 30;
    f.model = random_kt_model(1, f.c, size);
    assert_int_equal(piq_kt_bind(f.model, f.c, &f.binding), PIQ_OK);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_kt_model_encode(f.model, &b);
    f.file = (uint8_t *)piq_buf_take(&b, &f.len);
    assert_non_null(f.file);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    piq_alloc_fail_after(0, 0);
    free(f->file);
    piq_kt_binding_free(f->binding);
    piq_kt_model_free(f->model);
    piq_catalogue_free(f->c);
    return 0;
}

static piq_status decode(const uint8_t *bytes, size_t len, piq_kt_model **out)
{
    piq_err err = {0};
    piq_str file = {(const char *)bytes, len};
    piq_status status = piq_kt_model_decode(file, out, &err);
    if (status != PIQ_OK)
        assert_true(err.status == status && err.message[0]);
    return status;
}

/* A model that was let in must be one that can be used: it is bound, lives
 * through answers, explains, and is written again. */
static void use(const piq_kt_model *m, const piq_catalogue *c)
{
    piq_kt_binding *b;
    assert_int_equal(piq_kt_bind(m, c, &b), PIQ_OK);
    piq_kt_state *s;
    assert_int_equal(piq_kt_state_new(b, &s), PIQ_OK);
    piq_rng r;
    piq_rng_seed(&r, 7);
    int64_t at = PIQ_US_PER_DAY;
    piq_concept_weight weights[2];
    for (int i = 0; i < 4; i++) {
        piq_ask ask = random_kt_ask(&r, c, &at, weights);
        piq_response response = random_kt_response(&r);
        piq_kt_prediction before;
        piq_kt_state_answer(s, b, &ask, &response, &before);
        assert_true(before.p > 0.0 && before.p < 1.0);
        piq_kt_explanation why;
        assert_int_equal(piq_kt_explain(s, b, &ask, &why), PIQ_OK);
    }
    piq_buf again;
    piq_buf_init(&again, 0);
    piq_kt_model_encode(m, &again);
    assert_int_equal(again.status, PIQ_OK);
    piq_buf_release(&again);
    piq_kt_state_free(s);
    piq_kt_binding_free(b);
}

static void test_kt_bytes__every_cut_is_refused(void **state)
{
    fixture *f = *state;
    for (size_t len = 0; len < f->len; len++) {
        /* Of exactly this size, so that a read beyond is seen. */
        uint8_t *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, f->file, len);
        piq_kt_model *m;
        assert_int_equal(decode(cut, len, &m), PIQ_ECORRUPT);
        free(cut);
    }
}

static void test_kt_bytes__every_changed_byte_is_refused(void **state)
{
    fixture *f = *state;
    for (size_t at = 0; at < f->len; at++) {
        piq_kt_model *m;
        f->file[at] ^= flips[at % N_FLIPS];
        assert_int_not_equal(decode(f->file, f->len, &m), PIQ_OK);
        f->file[at] ^= flips[at % N_FLIPS];
    }
}

static void put_hash(uint8_t *file, size_t len)
{
    uint64_t hash = piq_hash_bytes(file, len - HASH_BYTES);
    for (size_t i = 0; i < HASH_BYTES; i++)
        file[len - HASH_BYTES + i] = (uint8_t)(hash >> (8 * i));
}

static void test_kt_bytes__behind_a_right_hash_is_refused_or_valid(void **state)
{
    fixture *f = *state;
    size_t let_in = 0;
    for (size_t at = 0; at < f->len - HASH_BYTES; at++) {
        uint8_t was = f->file[at];
        f->file[at] ^= flips[at % N_FLIPS];
        put_hash(f->file, f->len);
        piq_kt_model *m;
        if (decode(f->file, f->len, &m) == PIQ_OK) {
            use(m, f->c);
            piq_kt_model_free(m);
            let_in++;
        }
        f->file[at] = was;
    }
    /* Most bytes are those of weights: another weight is another model. */
    assert_true(let_in > 0 && let_in < f->len);
}

static void test_kt_bytes__reading_survives_lack_of_memory(void **state)
{
    fixture *f = *state;
    piq_kt_model *m = NULL;
    bool passed = false;
    for (long k = 1; !passed; k++) {
        assert_true(k < MANY);
        piq_alloc_fail_after(k, 0);
        piq_status status = decode(f->file, f->len, &m);
        piq_alloc_fail_after(0, 0);
        passed = status == PIQ_OK;
        if (!passed)
            assert_int_equal(status, PIQ_ENOMEM);
    }
    use(m, f->c);
    piq_kt_model_free(m);
}

static void test_kt_bytes__binding_survives_lack_of_memory(void **state)
{
    fixture *f = *state;
    piq_kt_binding *b = NULL;
    bool passed = false;
    for (long k = 1; !passed; k++) {
        assert_true(k < MANY);
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_kt_bind(f->model, f->c, &b);
        piq_alloc_fail_after(0, 0);
        passed = status == PIQ_OK;
        if (!passed)
            assert_int_equal(status, PIQ_ENOMEM);
    }
    piq_kt_binding_free(b);
}

/* --- a learner's state -----------------------------------------------------
 */

static piq_kt_state *some_learner(const fixture *f)
{
    piq_kt_state *s;
    assert_int_equal(piq_kt_state_new(f->binding, &s), PIQ_OK);
    piq_rng r;
    piq_rng_seed(&r, 3);
    int64_t at = 1000 * PIQ_US_PER_DAY;
    piq_concept_weight weights[2];
    for (int i = 0; i < N_ANSWERS; i++) {
        piq_ask ask = random_kt_ask(&r, f->c, &at, weights);
        piq_response response = random_kt_response(&r);
        piq_kt_state_answer(s, f->binding, &ask, &response, NULL);
    }
    return s;
}

static void predict_once(piq_kt_state *s, const fixture *f)
{
    piq_concept_weight one = {{0}, 1.0};
    piq_ask ask = {{PIQ_NO_IX32}, &one, 1, 2000 * PIQ_US_PER_DAY};
    piq_response right = {.score = 1.0f};
    piq_kt_prediction p;
    piq_kt_state_answer(s, f->binding, &ask, &right, &p);
    assert_true(p.p > 0.0 && p.p < 1.0);
}

static void test_kt_bytes__every_cut_of_a_state_is_refused(void **state)
{
    fixture *f = *state;
    piq_kt_state *s = some_learner(f);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_kt_state_encode(s, 42, &b);
    assert_int_equal(b.status, PIQ_OK);
    for (size_t len = 0; len < b.len; len++) {
        uint8_t *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, b.ptr, len);
        piq_reader in;
        piq_reader_init(&in, cut, len);
        piq_kt_state *back;
        assert_int_equal(piq_kt_state_decode(&in, f->binding, 42, &back),
                         PIQ_ECORRUPT);
        free(cut);
    }
    piq_buf_release(&b);
    piq_kt_state_free(s);
}

static void test_kt_bytes__changed_state_is_refused_or_valid(void **state)
{
    fixture *f = *state;
    piq_kt_state *s = some_learner(f);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_kt_state_encode(s, 42, &b);
    for (size_t at = 0; at < b.len; at++) {
        for (size_t i = 0; i < N_FLIPS; i++) {
            b.ptr[at] = (char)(b.ptr[at] ^ (char)flips[i]);
            piq_reader in;
            piq_reader_init(&in, b.ptr, b.len);
            piq_kt_state *back;
            piq_status status = piq_kt_state_decode(&in, f->binding, 42, &back);
            /* The digest, or whether mastery is kept. */
            assert_true(status != PIQ_ESTALE || at < sizeof(uint64_t) + 2);
            if (status == PIQ_OK) {
                predict_once(back, f);
                piq_kt_state_free(back);
            }
            b.ptr[at] = (char)(b.ptr[at] ^ (char)flips[i]);
        }
    }
    piq_buf_release(&b);
    piq_kt_state_free(s);
}

static piq_status copy_and_reread(const fixture *f, const piq_kt_state *s,
                                  const piq_buf *b)
{
    piq_kt_state *copy;
    piq_status status = piq_kt_state_copy(s, &copy);
    if (status != PIQ_OK)
        return status;
    piq_reader in;
    piq_reader_init(&in, b->ptr, b->len);
    piq_kt_state *back;
    status = piq_kt_state_decode(&in, f->binding, 42, &back);
    if (status == PIQ_OK)
        piq_kt_state_free(back);
    piq_kt_explanation why;
    piq_concept_weight one = {{1}, 1.0};
    piq_ask ask = {{PIQ_NO_IX32}, &one, 1, PIQ_NO_TIME};
    if (status == PIQ_OK)
        status = piq_kt_explain(copy, f->binding, &ask, &why);
    piq_kt_state_free(copy);
    return status;
}

static void test_kt_bytes__states_survive_lack_of_memory(void **state)
{
    fixture *f = *state;
    piq_kt_state *s = some_learner(f);
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_kt_state_encode(s, 42, &b);
    bool passed = false;
    for (long k = 1; !passed; k++) {
        assert_true(k < MANY);
        piq_alloc_fail_after(k, 0);
        piq_status status = copy_and_reread(f, s, &b);
        piq_alloc_fail_after(0, 0);
        passed = status == PIQ_OK;
        if (!passed)
            assert_int_equal(status, PIQ_ENOMEM);
    }
    piq_buf_release(&b);
    piq_kt_state_free(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kt_bytes__every_cut_is_refused),
        TEST(test_kt_bytes__every_changed_byte_is_refused),
        TEST(test_kt_bytes__behind_a_right_hash_is_refused_or_valid),
        TEST(test_kt_bytes__reading_survives_lack_of_memory),
        TEST(test_kt_bytes__binding_survives_lack_of_memory),
        TEST(test_kt_bytes__every_cut_of_a_state_is_refused),
        TEST(test_kt_bytes__changed_state_is_refused_or_valid),
        TEST(test_kt_bytes__states_survive_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
