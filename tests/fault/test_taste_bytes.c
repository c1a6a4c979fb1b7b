/* Taste models damaged in every byte and cut everywhere, and every allocation
 * failing once: refused, or something that can be used; nothing leaked. Each
 * file is damaged twice over: as it is (the checksum tells), and with the
 * checksum made right again, so that every check behind it is reached. */
#include "recommend/taste.h"

#include "support/near.h"
#include "support/taste_world.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_BYTES = 8, MOST = 2000, N_FLIPS = 3 };
static const uint8_t flips[N_FLIPS] = {0x01, 0x80, 0xff};

static void mend(uint8_t *bytes, size_t len)
{
    uint64_t hash = piq_hash_bytes(bytes, len - HASH_BYTES);
    for (size_t i = 0; i < HASH_BYTES; i++)
        bytes[len - HASH_BYTES + i] = (uint8_t)(hash >> (8 * i));
}

static piq_status decode(const uint8_t *bytes, size_t len, piq_taste **out)
{
    piq_err err = {0};
    piq_status status =
        piq_taste_decode((piq_str){(const char *)bytes, len}, out, &err);
    if (status != PIQ_OK)
        assert_true(err.status == status && err.message[0]);
    return status;
}

/* A model that was let in gives finite scores and explains them. */
static void use(piq_taste *m)
{
    piq_taste_state *s;
    piq_taste_why why;
    float scores[PIQ_TASTE_LINE];
    assert_true(piq_taste_stride(m) <= (size_t)PIQ_TASTE_LINE);
    assert_int_equal(piq_taste_state_new(m, &s), PIQ_OK);
    for (uint32_t i = 0; i < piq_taste_n_items(m); i++)
        assert_true(piq_taste_add(s, (piq_taste_entry){i + 1, i, .5F}));
    piq_taste_scores(s, scores);
    piq_taste_explain(s, 0, &why);
    bool sound = isfinite(why.term) && isfinite(why.rest);
    assert_true(sound);
    piq_str bytes = taste_world_bytes(m);
    free((void *)bytes.ptr);
    piq_taste_state_free(s);
    piq_taste_free(m);
}

static void test_taste_bytes__every_damaged_byte_is_refused(void **state)
{
    (void)state;
    piq_taste *m = taste_world_model(1, 3), *back = NULL;
    piq_str good = taste_world_bytes(m);
    uint8_t *bytes = malloc(good.len);
    size_t let_in = 0;
    for (size_t at = 0; at < good.len; at++)
        for (int f = 0; f < N_FLIPS; f++) {
            memcpy(bytes, good.ptr, good.len);
            bytes[at] ^= flips[f];
            assert_int_not_equal(decode(bytes, good.len, &back), PIQ_OK);
            mend(bytes, good.len);
            if (decode(bytes, good.len, &back) == PIQ_OK) {
                use(back);
                let_in++;
            }
        }
    assert_true(let_in > 0);
    free(bytes);
    free((void *)good.ptr);
    piq_taste_free(m);
}

static void test_taste_bytes__every_cut_and_addition_is_refused(void **state)
{
    (void)state;
    piq_taste *m = taste_world_model(1, 3), *back = NULL;
    piq_str good = taste_world_bytes(m);
    uint8_t *bytes = calloc(good.len + 9, 1);
    for (size_t len = 0; len <= good.len + 9; len++) {
        if (len == good.len)
            continue;
        memcpy(bytes, good.ptr, good.len);
        assert_int_not_equal(decode(bytes, len, &back), PIQ_OK);
        /* With length and checksum made right. */
        for (size_t i = 0; i < 8 && len > 28; i++)
            bytes[12 + i] = (uint8_t)(len >> (8 * i));
        if (len > 28)
            mend(bytes, len);
        assert_int_not_equal(decode(bytes, len, &back), PIQ_OK);
    }
    free(bytes);
    free((void *)good.ptr);
    piq_taste_free(m);
}

static void test_taste_bytes__numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    piq_taste *back;
    for (int k = 0; k < 5; k++) {
        piq_taste *m = taste_world_model(1, 3);
        float *places[] = {&m->maps[1][m->stride + 2], &m->popular[1],
                           &m->knots[2].weight[0], &m->knots[2].log_scale[3],
                           &m->half_life[1]};
        *places[k] = k % 2 ? NAN : INFINITY;
        piq_str bytes = taste_world_bytes(m);
        assert_int_equal(decode((const uint8_t *)bytes.ptr, bytes.len, &back),
                         PIQ_ECORRUPT);
        free((void *)bytes.ptr);
        piq_taste_free(m);
    }
}

static void test_taste_bytes__another_format_is_told_apart(void **state)
{
    (void)state;
    piq_taste *m = taste_world_model(1, 3), *back;
    piq_str bytes = taste_world_bytes(m);
    uint8_t *at = (uint8_t *)(void *)bytes.ptr;
    at[8] = PIQ_TASTE_FORMAT + 1;
    assert_int_equal(decode(at, bytes.len, &back), PIQ_EINVAL);
    free(at);
    piq_taste_free(m);
}

/* ---- memory ------------------------------------------------------------ */

static void test_taste_decode__survives_every_failed_allocation(void **state)
{
    (void)state;
    piq_taste *m = taste_world_model(2, 20), *back = NULL;
    piq_str bytes = taste_world_bytes(m);
    long k = 1;
    for (; k < MOST; k++) {
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_taste_decode(bytes, &back, NULL);
        piq_alloc_fail_after(0, 0);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
        assert_null(back);
    }
    assert_true(k > 3 && k < MOST);
    piq_taste_state *s = NULL;
    for (k = 1; k < MOST; k++) {
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_taste_state_new(back, &s);
        piq_alloc_fail_after(0, 0);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
        assert_null(s);
    }
    assert_int_equal(k, 3);
    piq_taste_state_free(s);
    piq_taste_free(back);
    piq_taste_free(m);
    free((void *)bytes.ptr);
}

static void test_taste_fit__survives_every_failed_allocation(void **state)
{
    (void)state;
    piq_taste_log log = taste_world_log(2, 60, 24, 12, true);
    size_t first[25];
    uint32_t concept[24];
    float weight[24];
    for (uint32_t i = 0; i < 24; i++) {
        first[i] = i;
        concept[i] = i % 4;
        weight[i] = 1;
    }
    first[24] = 24;
    const piq_taste_concepts c = {first, concept, weight};
    log.concepts = &c;
    const piq_taste_options o = {PIQ_TASTE_LATER, 1, 1};
    piq_taste *m = NULL;
    long k = 1;
    for (; k < MOST; k++) {
        piq_alloc_fail_after(k, 0);
        piq_status status = piq_taste_fit(&log, &o, &m, NULL);
        piq_alloc_fail_after(0, 0);
        if (status == PIQ_OK)
            break;
        assert_int_equal(status, PIQ_ENOMEM);
        assert_null(m);
    }
    assert_true(k > 30 && k < MOST);
    piq_taste_free(m);
    free((void *)log.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taste_bytes__every_damaged_byte_is_refused),
        cmocka_unit_test(test_taste_bytes__every_cut_and_addition_is_refused),
        cmocka_unit_test(test_taste_bytes__numbers_that_are_none_are_refused),
        cmocka_unit_test(test_taste_bytes__another_format_is_told_apart),
        cmocka_unit_test(test_taste_decode__survives_every_failed_allocation),
        cmocka_unit_test(test_taste_fit__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
