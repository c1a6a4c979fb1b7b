/* Reading recorded tastes, and dealing them into known and to be found: also
 * the real ones where they are to be had (PIQ_SHARED). */
#include "train/taste_data.h"

#include "support/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static piq_arena arena;

static int set_up(void **state)
{
    (void)state;
    piq_arena_init(&arena, (size_t)1 << 30);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    piq_arena_release(&arena);
    return 0;
}

typedef piq_status read_text(piq_arena *a, piq_str text, piq_taste_data *out,
                             piq_err *err);

static piq_taste_data read_well(read_text *read, const char *text)
{
    piq_taste_data d;
    piq_err err = {0};
    piq_status status = read(&arena, piq_str_of(text), &d, &err);
    if (status)
        print_error("%s (%s)\n", err.message, err.where);
    assert_int_equal(status, PIQ_OK);
    return d;
}

static void test_ml__rows_are_ordered_and_counted_from_0(void **state)
{
    (void)state;
    piq_taste_data d = read_well(piq_taste_read_ml, "7\t30\t5\t200\r\n"
                                                    "7\t10\t1\t100\r\n"
                                                    "\r\n"
                                                    "3\t30\t3\t100\n"
                                                    "7\t20\t4\t100");
    assert_true(d.timed);
    assert_int_equal(d.n, 4);
    assert_int_equal(d.n_learners, 2);
    assert_int_equal(d.learner_ids[0], 2);
    assert_int_equal(d.item_ids[2], 29);
    /* Learner 7: items 10 and 20 at 100, 30 at 200. */
    assert_int_equal(d.rows[0].learner, 0);
    assert_int_equal(d.rows[1].item, 0);
    assert_int_equal(d.rows[2].item, 1);
    assert_int_equal(d.rows[3].at_us, INT64_C(200000000));
    assert_near((double)d.rows[0].weight, .75, 1e-6); /* 3 of 1 .. 5 */
    assert_near((double)d.rows[1].weight, .5, 1e-6);
    assert_near((double)d.rows[3].weight, 1, 1e-6);
}

static void test_ml__a_pair_counts_once_with_its_later_time(void **state)
{
    (void)state;
    piq_taste_data d = read_well(piq_taste_read_ml, "1\t1\t5\t300\n"
                                                    "1\t1\t1\t100\n");
    assert_int_equal(d.n, 1);
    assert_int_equal(d.rows[0].at_us, INT64_C(300000000));
}

static void test_kgan__label_0_is_passed_over(void **state)
{
    (void)state;
    piq_taste_data d = read_well(piq_taste_read_kgan, "0\t4\t1\n0\t168\t0\n"
                                                      "1\t0\t1\n");
    assert_false(d.timed);
    assert_int_equal(d.n, 2);
    assert_int_equal(d.n_items, 2);
    assert_int_equal(d.item_ids[1], 4);
}

static void test_lists__come_with_either_line_end(void **state)
{
    (void)state;
    static const char *const trains[] = {"0 5 3\n1 3\n2\n",
                                         "0 5 3 \r\n1 3\r\n2\r\n\r\n"};
    for (int k = 0; k < 2; k++) {
        piq_taste_data d;
        assert_int_equal(piq_taste_read_lists(&arena, piq_str_of(trains[k]),
                                              PIQ_STR("0 7 3\n1 5"), &d, NULL),
                         PIQ_OK);
        assert_true(d.given);
        /* 0: 3 and 5 known, so that 3 is not to be found; 7 is. */
        assert_int_equal(d.n, 5);
        assert_int_equal(piq_taste_count(&d, PIQ_TASTE_TRAIN), 3);
        assert_int_equal(piq_taste_count(&d, PIQ_TASTE_TEST), 2);
        assert_int_equal(d.n_items, 3);
        assert_int_equal(d.rows[0].role, PIQ_TASTE_TRAIN);
        assert_int_equal(d.rows[2].role, PIQ_TASTE_TEST);
    }
}

/* ---- refusals ---------------------------------------------------------- */

static void refuse(read_text *read, const char *text, const char *where)
{
    piq_taste_data d;
    piq_err err = {0};
    assert_int_equal(read(&arena, piq_str_of(text), &d, &err), PIQ_EPARSE);
    assert_string_equal(err.where, where);
    assert_true(err.message[0]);
}

static void test_read__says_which_line_is_wrong(void **state)
{
    (void)state;
    static const char *const wrong_ml[] = {
        "1\t1\t5\t100\n1\t1\t5\n",
        "1\t1\t5\t1\n0\t1\t5\t1\n",
        "1\t1\t5\t1\n1\t0\t5\t1\n",
        "1\t1\t5\t1\n1\t1\t6\t1\n",
        "1\t1\t5\t1\n1\t1\t0\t1\n",
        "1\t1\t5\t1\n1\t1\tnan\t1\n",
        "1\t1\t5\t1\n1\t1\t5\t-1\n",
        "1\t1\t5\t1\n1\t1\t5\t1.5\n",
        "1\t1\t5\t1\n1 1 5 1\n",
        "1\t1\t5\t1\n1\t1\t5\t1\t1\n",
        "1\t1\t5\t1\n9999999999999\t1\t5\t1",
        "1\t1\t5\t1\n\xff\xfe\n",
        "1\t1\t5\t1\n1\t1\t5\t99999999999999\n"};
    for (size_t k = 0; k < sizeof wrong_ml / sizeof wrong_ml[0]; k++)
        refuse(piq_taste_read_ml, wrong_ml[k], "line 2");
    refuse(piq_taste_read_kgan, "0\t1\t2\n", "line 1");
    refuse(piq_taste_read_kgan, "0\t1\t1\n\n0\t1\n", "line 3");
    refuse(piq_taste_read_kgan, "-1\t1\t1\n", "line 1");
    refuse(piq_taste_read_kgan, "", "");
    refuse(piq_taste_read_kgan, "0\t1\t0\n", ""); /* nothing taken up */
}

static void test_lists__say_which_file_and_line_is_wrong(void **state)
{
    (void)state;
    static const char *const wrong[] = {"0 1\nx 1\n", "0 1\n0  1\n",
                                        "0 1\n0\t1\n", "0 1\n1 2 -3\n",
                                        "0 1\n1 2,3\n"};
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        piq_taste_data d;
        piq_err err = {0};
        assert_int_equal(piq_taste_read_lists(&arena, piq_str_of(wrong[k]),
                                              PIQ_STR("0 1"), &d, &err),
                         PIQ_EPARSE);
        assert_string_equal(err.where, "train.txt, line 2");
        assert_int_equal(piq_taste_read_lists(&arena, PIQ_STR("0 1"),
                                              piq_str_of(wrong[k]), &d, &err),
                         PIQ_EPARSE);
        assert_string_equal(err.where, "test.txt, line 2");
    }
}

/* ---- splits ------------------------------------------------------------ */

static void test_p2__the_last_fifth_is_to_be_found(void **state)
{
    (void)state;
    char text[1024] = "";
    size_t len = 0;
    for (int i = 0; i < 11; i++) /* eleven of one, in reverse; four of another*/
        len += (size_t)snprintf(text + len, sizeof text - len, "1\t%d\t4\t%d\n",
                                i + 1, 1000 - i);
    for (int i = 0; i < 4; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "2\t%d\t4\t5\n",
                                i + 1);
    piq_taste_data d = read_well(piq_taste_read_ml, text);
    piq_taste_split_p2(&d);
    /* floor(11/5) = 2, floor(4/5) = 0 */
    assert_int_equal(piq_taste_count(&d, PIQ_TASTE_TEST), 2);
    assert_int_equal(d.rows[9].role, PIQ_TASTE_TEST);
    assert_int_equal(d.rows[9].item, 1); /* the second latest is item 2 */
    assert_int_equal(d.rows[10].item, 0);
}

/* By the formula, worked out apart: h(0,0) = 0; h(1,0): x = 2654435761, ... */
static void test_hash__is_the_one_that_figures_are_stated_for(void **state)
{
    (void)state;
    assert_int_equal(piq_taste_hash(0, 0), 0);
    uint32_t x = UINT32_C(2654435761);
    x ^= x >> 15;
    x = (uint32_t)((uint64_t)x * 0x85ebca6b % (UINT64_C(1) << 32));
    x ^= x >> 13;
    x = (uint32_t)((uint64_t)x * 0xc2b2ae35 % (UINT64_C(1) << 32));
    x ^= x >> 16;
    assert_int_equal(piq_taste_hash(1, 0), x);
}

/* ---- the real ones ----------------------------------------------------- */

static char *read_shared(const char *name, size_t *len)
{
    char path[512];
    const char *shared = getenv("PIQ_SHARED");
    snprintf(path, sizeof path, "%s/data/recommend/%s",
             shared ? shared : "../shared", name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        print_message("skipped: there is no %s\n", path);
        return NULL;
    }
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *len = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*len);
    assert_int_equal(fread(bytes, 1, *len, f), *len);
    fclose(f);
    return bytes;
}

static void test_ml__splits_of_the_real_one_have_their_counts(void **state)
{
    (void)state;
    size_t len, held = 0;
    piq_taste_data d;
    char *bytes = read_shared("ml-100k/u.data", &len);
    if (!bytes)
        skip();
    assert_int_equal(piq_taste_read_ml(&arena, (piq_str){bytes, len}, &d, NULL),
                     PIQ_OK);
    free(bytes);
    assert_int_equal(d.n_learners, 943);
    assert_int_equal(d.n_items, 1682);
    piq_taste_split_p1(&d);
    assert_int_equal(piq_taste_count(&d, PIQ_TASTE_TRAIN), 80064);
    assert_int_equal(piq_taste_count(&d, PIQ_TASTE_TEST), 19936);
    piq_taste_split_cold(&d, 3);
    /* 184 learners, each with at least 20 */
    assert_int_equal(piq_taste_count(&d, PIQ_TASTE_KNOWN), 184 * 3);
    for (size_t i = 1; i < d.n; i++)
        held += d.rows[i].role == PIQ_TASTE_KNOWN &&
                d.rows[i].learner != d.rows[i - 1].learner;
    assert_true(held == 184 || held == 183); /* row 0 may be the first */
}

static void test_kgan__the_real_one_has_its_counts(void **state)
{
    (void)state;
    size_t len;
    piq_taste_data d;
    char *bytes = read_shared("kgan-course/ratings_final.txt", &len);
    if (!bytes)
        skip();
    assert_int_equal(
        piq_taste_read_kgan(&arena, (piq_str){bytes, len}, &d, NULL), PIQ_OK);
    free(bytes);
    assert_int_equal(d.n_learners, 7157);
    assert_int_equal(d.n_items, 215);
    assert_int_equal(d.n, 32086);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ml__rows_are_ordered_and_counted_from_0),
        cmocka_unit_test(test_ml__a_pair_counts_once_with_its_later_time),
        cmocka_unit_test(test_kgan__label_0_is_passed_over),
        cmocka_unit_test(test_lists__come_with_either_line_end),
        cmocka_unit_test(test_read__says_which_line_is_wrong),
        cmocka_unit_test(test_lists__say_which_file_and_line_is_wrong),
        cmocka_unit_test(test_p2__the_last_fifth_is_to_be_found),
        cmocka_unit_test(test_hash__is_the_one_that_figures_are_stated_for),
        cmocka_unit_test(test_ml__splits_of_the_real_one_have_their_counts),
        cmocka_unit_test(test_kgan__the_real_one_has_its_counts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
