#include "base/buf.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_buf__appends_and_terminates(void **state)
{
    (void)state;
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_buf_add_z(&b, "ab");
    piq_buf_add_char(&b, 'c');
    piq_buf_add_str(&b, PIQ_STR("de"));
    piq_buf_add_str(&b, (piq_str){NULL, 0});
    piq_buf_printf(&b, "%d-%s", 7, "x");
    assert_int_equal(b.status, PIQ_OK);
    assert_string_equal(b.ptr, "abcde7-x");
    assert_int_equal(b.len, 8);
    piq_buf_release(&b);
    assert_null(b.ptr);
}

static void test_buf__grows_past_every_doubling(void **state)
{
    (void)state;
    piq_buf b;
    piq_buf_init(&b, 0);
    for (size_t i = 0; i < 10000; i++) {
        piq_buf_add_char(&b, (char)('a' + i % 26));
        assert_int_equal(b.ptr[b.len], '\0');
    }
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(b.ptr[i], 'a' + i % 26);
    piq_buf_release(&b);
}

static void test_buf__limit_is_exact_and_sticky(void **state)
{
    (void)state;
    piq_buf b;
    piq_buf_init(&b, 5);
    piq_buf_add_z(&b, "12345");
    assert_int_equal(b.status, PIQ_OK);
    piq_buf_add_z(&b, "6");
    assert_int_equal(b.status, PIQ_ELIMIT);
    piq_buf_add_z(&b, "");
    piq_buf_printf(&b, "%s", "");
    assert_int_equal(b.status, PIQ_ELIMIT);
    assert_string_equal(b.ptr, "12345");
    piq_buf_clear(&b);
    assert_int_equal(b.status, PIQ_OK);
    assert_string_equal(b.ptr, "");
    piq_buf_add_z(&b, "again");
    assert_string_equal(b.ptr, "again");
    piq_buf_release(&b);
}

static void test_buf__take_hands_the_bytes_over(void **state)
{
    (void)state;
    piq_buf b;
    size_t len = 99;
    piq_buf_init(&b, 0);
    assert_null(piq_buf_take(&b, &len));
    assert_int_equal(len, 0);
    piq_buf_add_z(&b, "mine");
    char *bytes = piq_buf_take(&b, &len);
    assert_string_equal(bytes, "mine");
    assert_int_equal(len, 4);
    assert_int_equal(b.len, 0);
    assert_null(b.ptr);
    piq_buf_add_z(&b, "new");
    assert_string_equal(b.ptr, "new");
    free(bytes);
    piq_buf_release(&b);
}

static void test_buf__writing_in_place_counts_what_was_written(void **state)
{
    (void)state;
    piq_buf b;
    piq_buf_init(&b, 1000);
    char *at = piq_buf_room(&b, 600);
    assert_non_null(at);
    memcpy(at, "abc", 3);
    piq_buf_wrote(&b, 3);
    assert_string_equal(b.ptr, "abc");
    assert_null(piq_buf_room(&b, 998));
    assert_int_equal(b.status, PIQ_ELIMIT);
    assert_null(piq_buf_room(&b, 0));
    piq_buf_release(&b);
}

static void test_buf__binary_layout_is_the_stored_one(void **state)
{
    (void)state;
    /* u32 and floats little-endian: 1.5f is 3fc00000, -2.0 is c000 and 0s.
     * 300 = 0b10_0101100 is AC 02; zigzag(-2) = 3; "hi" is 02 68 69. */
    static const unsigned char want[] = {
        0x7F, 0x44, 0x33, 0x22, 0x11, 0x00, 0x00, 0xC0, 0x3F, 0,    0,   0,
        0,    0,    0,    0,    0xC0, 0xAC, 0x02, 0x03, 0x02, 0x68, 0x69};
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_buf_put_u8(&b, 0x7F);
    piq_buf_put_u32(&b, 0x11223344);
    piq_buf_put_f32(&b, 1.5f);
    piq_buf_put_f64(&b, -2.0);
    piq_buf_put_varint(&b, 300);
    piq_buf_put_svarint(&b, -2);
    piq_buf_put_str(&b, PIQ_STR("hi"));
    assert_int_equal(b.len, sizeof want);
    assert_memory_equal(b.ptr, want, sizeof want);
    piq_buf_release(&b);
}

/* Numbers of every length, the edges among them. */
static uint64_t any_number(piq_rng *r, size_t i)
{
    static const uint64_t edges[] = {0,          1,
                                     127,        128,
                                     INT64_MAX,  (uint64_t)INT64_MIN,
                                     UINT64_MAX, (UINT64_C(1) << 63) - 1};
    if (i < sizeof edges / sizeof *edges)
        return edges[i];
    return piq_rng_u64(r) >> piq_rng_below(r, 64);
}

static void test_buf__reader_gives_back_what_was_put(void **state)
{
    (void)state;
    enum { N = 2000 };
    piq_buf b;
    piq_rng r;
    piq_buf_init(&b, 0);
    piq_rng_seed(&r, 1);
    for (size_t i = 0; i < N; i++) {
        uint64_t v = any_number(&r, i);
        double d;
        float f;
        uint32_t low = (uint32_t)v;
        memcpy(&d, &v, sizeof d); /* NaNs with odd bits too */
        memcpy(&f, &low, sizeof f);
        piq_buf_put_varint(&b, v);
        piq_buf_put_svarint(&b, (int64_t)v);
        piq_buf_put_f64(&b, d);
        piq_buf_put_f32(&b, f);
        piq_buf_put_u32(&b, low);
        piq_buf_put_u8(&b, (uint8_t)v);
        piq_buf_put_str(&b, (piq_str){(const char *)&v, v % 9});
    }
    piq_reader in;
    piq_reader_init(&in, b.ptr, b.len);
    piq_rng_seed(&r, 1);
    for (size_t i = 0; i < N; i++) {
        uint64_t v = any_number(&r, i);
        uint32_t low = (uint32_t)v;
        assert_true(piq_reader_varint(&in) == v);
        assert_true(piq_reader_svarint(&in) == (int64_t)v);
        double d = piq_reader_f64(&in);
        float f = piq_reader_f32(&in);
        assert_memory_equal(&d, &v, sizeof d);
        assert_memory_equal(&f, &low, sizeof f);
        assert_true(piq_reader_u32(&in) == low);
        assert_true(piq_reader_u8(&in) == (uint8_t)v);
        piq_str s = piq_reader_str(&in);
        assert_true(piq_str_eq(s, (piq_str){(const char *)&v, v % 9}));
    }
    assert_false(in.bad);
    assert_ptr_equal(in.at, in.end);
    piq_buf_release(&b);
}

static void test_buf__reading_past_the_end_is_bad_and_gives_zeros(void **state)
{
    (void)state;
    static const unsigned char three[] = {1, 2, 3};
    piq_reader r;
    piq_reader_init(&r, three, sizeof three);
    assert_int_equal(piq_reader_u32(&r), 0);
    assert_true(r.bad);
    /* What is left is not given out after a failure. */
    assert_int_equal(piq_reader_u8(&r), 0);
    assert_int_equal(piq_reader_varint(&r), 0);
    assert_int_equal(piq_reader_str(&r).len, 0);
    piq_reader_init(&r, NULL, 0);
    assert_int_equal(piq_reader_u8(&r), 0);
    assert_true(r.bad);
}

static void test_buf__malformed_varints_are_bad(void **state)
{
    (void)state;
    piq_reader r;
    static const unsigned char endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                            0x80, 0x80, 0x80, 0x80, 0x01};
    piq_reader_init(&r, endless, sizeof endless);
    assert_int_equal(piq_reader_varint(&r), 0);
    assert_true(r.bad);
    /* Ten bytes hold 70 bits: the tenth may hold but one. */
    static const unsigned char wide[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                         0xFF, 0xFF, 0xFF, 0xFF, 0x02};
    piq_reader_init(&r, wide, sizeof wide);
    assert_int_equal(piq_reader_varint(&r), 0);
    assert_true(r.bad);
    static const unsigned char cut[] = {0xFF};
    piq_reader_init(&r, cut, sizeof cut);
    assert_int_equal(piq_reader_varint(&r), 0);
    assert_true(r.bad);
}

static void test_buf__string_longer_than_the_bytes_is_bad(void **state)
{
    (void)state;
    static const unsigned char liar[] = {0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 'a'};
    piq_reader r;
    piq_reader_init(&r, liar, sizeof liar);
    piq_str s = piq_reader_str(&r);
    assert_int_equal(s.len, 0);
    assert_true(r.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf__appends_and_terminates),
        cmocka_unit_test(test_buf__grows_past_every_doubling),
        cmocka_unit_test(test_buf__limit_is_exact_and_sticky),
        cmocka_unit_test(test_buf__take_hands_the_bytes_over),
        cmocka_unit_test(test_buf__writing_in_place_counts_what_was_written),
        cmocka_unit_test(test_buf__binary_layout_is_the_stored_one),
        cmocka_unit_test(test_buf__reader_gives_back_what_was_put),
        cmocka_unit_test(test_buf__reading_past_the_end_is_bad_and_gives_zeros),
        cmocka_unit_test(test_buf__malformed_varints_are_bad),
        cmocka_unit_test(test_buf__string_longer_than_the_bytes_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
