/* Damaged bytes of the members: whatever is cut off or flipped, what is read
 * is an error or a model that predicts. */
#include "predict/blend.h"
#include "predict/logistic_model.h"
#include "predict/trees.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COLUMNS = 3 };
static const float asks[][COLUMNS] = {
    {0.5f, -1.0f, 2.0f}, {NAN, NAN, NAN}, {1e30f, -1e30f, 0.0f}};
enum { N_ASKS = 3 };

/* Reads it, uses what was read and frees it. */
typedef piq_status (*try_bytes)(const uint8_t *bytes, size_t len);

static piq_status try_trees(const uint8_t *bytes, size_t len)
{
    piq_trees t;
    piq_err err;
    piq_reader in;
    piq_reader_init(&in, bytes, len);
    piq_status status = piq_trees_decode(&in, COLUMNS, &t, &err);
    if (status != PIQ_OK)
        return status;
    for (size_t i = 0; i < N_ASKS; i++) {
        double out[COLUMNS], bias;
        assert_true(fabs(piq_trees_logit(&t, asks[i])) < 1e40);
        assert_int_equal(piq_trees_contributions(&t, asks[i], out, &bias),
                         PIQ_OK);
    }
    piq_trees_release(&t);
    return PIQ_OK;
}

static piq_status try_logistic(const uint8_t *bytes, size_t len)
{
    piq_logistic m;
    piq_err err;
    piq_reader in;
    piq_reader_init(&in, bytes, len);
    piq_status status = piq_logistic_decode(&in, COLUMNS, &m, &err);
    if (status != PIQ_OK)
        return status;
    for (size_t i = 0; i < N_ASKS; i++)
        assert_true(fabs(piq_logistic_logit(&m, asks[i])) < 1e9);
    piq_logistic_release(&m);
    return PIQ_OK;
}

static piq_status try_blend(const uint8_t *bytes, size_t len)
{
    piq_blend b;
    piq_err err;
    piq_reader in;
    double logits[PIQ_N_MEMBERS] = {0.5, -2.0, 1.0};
    piq_reader_init(&in, bytes, len);
    piq_status status = piq_blend_decode(&in, &b, &err);
    if (status != PIQ_OK)
        return status;
    double p = piq_blend_predict(&b, logits);
    assert_true(p > 0.0 && p < 1.0);
    return PIQ_OK;
}

/* In memory of its own, exactly as long, so that reading on is caught. */
static piq_status try_copy(try_bytes try, const char *bytes, size_t len,
                           size_t flip, int bit)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    if (bit >= 0)
        copy[flip] = (uint8_t)(copy[flip] ^ 1u << bit);
    piq_status status = try(copy, len);
    free(copy);
    return status;
}

static void try_all(try_bytes try, piq_buf *b)
{
    assert_int_equal(try_copy(try, b->ptr, b->len, 0, -1), PIQ_OK);
    for (size_t len = 0; len < b->len; len++)
        assert_int_equal(try_copy(try, b->ptr, len, 0, -1), PIQ_ECORRUPT);
    for (size_t at = 0; at < b->len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            piq_status status = try_copy(try, b->ptr, b->len, at, bit);
            assert_true(status == PIQ_OK || status == PIQ_ECORRUPT);
        }
    }
    for (size_t at = 0; at < b->len; at++) {
        char kept = b->ptr[at];
        b->ptr[at] = (char)~kept;
        piq_status status = try_copy(try, b->ptr, b->len, 0, -1);
        assert_true(status == PIQ_OK || status == PIQ_ECORRUPT);
        b->ptr[at] = kept;
    }
    piq_buf_release(b);
}

static piq_tree_node leaf(float value, float cover)
{
    return (piq_tree_node){
        .split = value, .feature = PIQ_TREE_LEAF, .cover = cover};
}

static void test_damaged_trees__are_refused_or_walk(void **state)
{
    (void)state;
    piq_tree_node nodes[] = {
        {.split = 0.5f, .feature = 0, .nan_left = 1, .left = 1, .cover = 9},
        {.split = -1.5f, .feature = 2, .nan_left = 0, .left = 3, .cover = 6},
        leaf(0.25f, 3),
        leaf(-1.0f, 4),
        leaf(2.0f, 2),
        {.split = 3.0f, .feature = 1, .nan_left = 0, .left = 6, .cover = 9},
        leaf(0.5f, 5),
        leaf(-0.5f, 4),
        leaf(0.125f, 9)};
    uint32_t roots[] = {0, 5, 8};
    piq_trees t = {nodes, 9, roots, 3, COLUMNS, -0.5f, NULL};
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_trees_encode(&t, &b);
    try_all(try_trees, &b);
}

static void test_damaged_regression__is_refused_or_sums(void **state)
{
    (void)state;
    double weight[] = {1.0, -2.0, 0.5}, missing[] = {0.0, 0.25, -1.0};
    double mean[] = {0.0, 1.0, 2.0}, sd[] = {1.0, 2.0, 0.5};
    piq_logistic m = {COLUMNS, 0.5, weight, missing, mean, sd};
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_logistic_encode(&m, &b);
    try_all(try_logistic, &b);
}

static void test_damaged_blend__is_refused_or_predicts(void **state)
{
    (void)state;
    piq_blend blend = {.weight = {0.25, 0.5, 0.125},
                       .bias = 0.5,
                       .n_knots = 4,
                       .knot_in = {-2.0, -0.5, 0.5, 2.5},
                       .knot_out = {-1.5, -0.25, 0.75, 2.0}};
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_blend_encode(&blend, &b);
    try_all(try_blend, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged_trees__are_refused_or_walk),
        cmocka_unit_test(test_damaged_regression__is_refused_or_sums),
        cmocka_unit_test(test_damaged_blend__is_refused_or_predicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
