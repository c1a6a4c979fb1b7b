/* What an Accept-Encoding field says: members, weights, and laws that hold for
 * any bytes. Every draw comes from a fixed seed. */
#include "base/accept.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_RUNS = 5000, MOST_MEMBERS = 8, MOST_BYTES = 64 };

/* ---- members ------------------------------------------------------------- */

static void test_accept__members_come_in_their_order(void **state)
{
    piq_str field = PIQ_STR("br;q=0.25, GZip ,\tidentity ; Q=0,*;q=1.");
    static const struct {
        const char *coding;
        int weight;
    } wanted[] = {{"br", 250}, {"gzip", 1000}, {"identity", 0}, {"*", 1000}};
    piq_accept said;
    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_true(piq_accept_next(&field, &said));
        assert_true(piq_accept_is(&said, wanted[i].coding));
        assert_int_equal(said.weight, wanted[i].weight);
    }
    assert_false(piq_accept_next(&field, &said));
}

static void test_accept__a_member_without_a_coding_is_none(void **state)
{
    static const char *const none[] = {"",       " ",    ",",
                                       " ,\t, ", ";q=1", ", ;q=0"};
    piq_accept said = {PIQ_STR("left alone"), 7};
    piq_str nothing = {0};
    (void)state;
    assert_false(piq_accept_next(&nothing, &said));
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        piq_str field = piq_str_of(none[i]);
        assert_false(piq_accept_next(&field, &said));
    }
    assert_int_equal(said.weight, 7);
    piq_str field = PIQ_STR(" ,, br ,");
    assert_true(piq_accept_next(&field, &said));
    assert_true(piq_str_eq(said.coding, PIQ_STR("br")));
    assert_false(piq_accept_next(&field, &said));
}

static void test_accept__a_coding_is_its_whole_name(void **state)
{
    const piq_accept said = {PIQ_STR("X-GZip"), PIQ_ACCEPT_FULLY};
    (void)state;
    assert_true(piq_accept_is(&said, "x-gzip"));
    assert_false(piq_accept_is(&said, "gzip"));
    assert_false(piq_accept_is(&said, "x-gzi"));
    assert_false(piq_accept_is(&said, "x-gzipp"));
    assert_false(piq_accept_is(&said, "*"));
    assert_false(piq_accept_is(&said, ""));
}

/* ---- weights ------------------------------------------------------------- */

static int weight_in(piq_str field)
{
    piq_accept said;
    assert_true(piq_accept_next(&field, &said));
    return said.weight;
}

static int weight_of(const char *parameters)
{
    char field[MOST_BYTES];
    int len = snprintf(field, sizeof field, "br;%s", parameters);
    assert_in_range(len, 3, sizeof field - 1);
    return weight_in((piq_str){field, (size_t)len});
}

static void test_accept__every_weight_is_read(void **state)
{
    char text[16];
    (void)state;
    for (int w = 0; w <= PIQ_ACCEPT_FULLY; w++) {
        snprintf(text, sizeof text, "q=%d.%03d", w / 1000, w % 1000);
        assert_int_equal(weight_of(text), w);
    }
    assert_int_equal(weight_in(PIQ_STR("br")), PIQ_ACCEPT_FULLY);
    assert_int_equal(weight_of(""), PIQ_ACCEPT_FULLY);
    assert_int_equal(weight_of(" \t"), PIQ_ACCEPT_FULLY);
    assert_int_equal(weight_of("q=1"), PIQ_ACCEPT_FULLY);
    assert_int_equal(weight_of("q=0."), PIQ_ACCEPT_REFUSED);
    assert_int_equal(weight_of("\tQ=0.5 "), 500);
}

static void test_accept__noughts_refuse_however_many(void **state)
{
    static const char *const refusals[] = {
        "q=0", "q=0.0", "q=0.000", "q=00", "q=.0", "q=0.0000", "q=000", "q=."};
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        assert_int_equal(weight_of(refusals[i]), PIQ_ACCEPT_REFUSED);
}

static void test_accept__what_is_no_weight_is_said_to_be_none(void **state)
{
    static const char *const unclear[] = {
        "q",     "q=",        "q=x",     "q=2",  "q=1.001", "q=0.0001", "q=.5",
        "q=-1",  "q= 1",      "q = 1",   "w=1",  "level=9", "q=10",     "q=0:5",
        "q=1e0", "q=0.5;q=0", "q=0;x=1", "q=+1", "q=1.0000"};
    (void)state;
    for (size_t i = 0; i < sizeof unclear / sizeof unclear[0]; i++)
        if (weight_of(unclear[i]) != PIQ_ACCEPT_UNCLEAR)
            fail_msg("\"%s\" is no weight", unclear[i]);
}

/* ---- laws ---------------------------------------------------------------- */

/* Bytes that mean something to a reader are drawn more often than others. */
static char any_byte(piq_rng *r)
{
    static const char telling[] = ",,;;==qQ01.5 \tgzipbr*";
    uint64_t at = piq_rng_below(r, sizeof telling + 4);
    return at < sizeof telling ? telling[at] : (char)piq_rng_below(r, 256);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void check_member(piq_accept said, piq_str field, piq_str rest)
{
    const char *end = said.coding.ptr + said.coding.len;
    assert_in_range(said.coding.len, 1, field.len);
    assert_true(said.coding.ptr >= field.ptr && end <= rest.ptr);
    assert_null(memchr(said.coding.ptr, ',', said.coding.len));
    assert_null(memchr(said.coding.ptr, ';', said.coding.len));
    assert_false(is_blank(said.coding.ptr[0]) || is_blank(end[-1]));
    assert_true(said.weight >= PIQ_ACCEPT_UNCLEAR &&
                said.weight <= PIQ_ACCEPT_FULLY);
}

/* In memory of exactly its size: a sanitizer sees who reads past its end. */
static void test_accept__junk_is_read_to_its_end(void **state)
{
    piq_rng r;
    (void)state;
    piq_rng_seed(&r, 9110);
    for (size_t run = 0; run < N_RUNS; run++) {
        size_t len = 1 + piq_rng_below(&r, MOST_BYTES);
        char *bytes = malloc(len);
        assert_non_null(bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = any_byte(&r);
        piq_str field = {bytes, len}, rest = field;
        piq_accept said;
        while (piq_accept_next(&rest, &said)) {
            check_member(said, field, rest);
            assert_true(rest.ptr + rest.len == bytes + len);
            (void)piq_accept_is(&said, "gzip");
        }
        assert_int_equal(rest.len, 0);
        free(bytes);
    }
}

/* A field of the members named by `order`, written with random blanks. */
static piq_str written(piq_rng *r, const int *weights, const size_t *order,
                       size_t n, char *to, size_t size)
{
    static const char *const blanks[] = {"", " ", "\t", " \t "};
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        int w = weights[order[i]];
        len += (size_t)snprintf(
            to + len, size - len, "%s%sc%zu%s;%sq=%d.%03d%s", i ? "," : "",
            blanks[piq_rng_below(r, 4)], order[i], blanks[piq_rng_below(r, 4)],
            blanks[piq_rng_below(r, 4)], w / 1000, w % 1000,
            blanks[piq_rng_below(r, 4)]);
        assert_true(len < size);
    }
    return (piq_str){to, len};
}

static void shuffle(piq_rng *r, size_t *order, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = piq_rng_below(r, i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

/* What was written is read again, each coding with its own weight. */
static void test_accept__the_order_of_members_does_not_matter(void **state)
{
    piq_rng r;
    (void)state;
    piq_rng_seed(&r, 1253);
    for (size_t run = 0; run < N_RUNS; run++) {
        int weights[MOST_MEMBERS];
        size_t order[MOST_MEMBERS], n = 1 + piq_rng_below(&r, MOST_MEMBERS);
        size_t n_read = 0;
        char text[512], name[8];
        for (size_t i = 0; i < n; i++) {
            weights[i] = (int)piq_rng_below(&r, PIQ_ACCEPT_FULLY + 1);
            order[i] = i;
        }
        shuffle(&r, order, n);
        piq_str field = written(&r, weights, order, n, text, sizeof text);
        piq_accept said;
        for (; piq_accept_next(&field, &said); n_read++) {
            assert_in_range(n_read, 0, n - 1);
            snprintf(name, sizeof name, "C%zu", order[n_read]);
            assert_true(piq_accept_is(&said, name));
            assert_int_equal(said.weight, weights[order[n_read]]);
        }
        assert_int_equal(n_read, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept__members_come_in_their_order),
        cmocka_unit_test(test_accept__a_member_without_a_coding_is_none),
        cmocka_unit_test(test_accept__a_coding_is_its_whole_name),
        cmocka_unit_test(test_accept__every_weight_is_read),
        cmocka_unit_test(test_accept__noughts_refuse_however_many),
        cmocka_unit_test(test_accept__what_is_no_weight_is_said_to_be_none),
        cmocka_unit_test(test_accept__junk_is_read_to_its_end),
        cmocka_unit_test(test_accept__the_order_of_members_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
