#include "train/kt_tsv.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "domain/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEADER "user_id\titem_id\ttimestamp\tcorrect\tskill_id\n"

static int set_up(void **state)
{
    static piq_arena a;
    piq_arena_init(&a, 0);
    *state = &a;
    return 0;
}

static int tear_down(void **state)
{
    piq_arena_release(*state);
    return 0;
}

static void test_kt__reads_rows(void **state)
{
    piq_kt_rows rows;
    piq_err err;
    assert_int_equal(piq_kt_read_tsv(*state,
                                     PIQ_STR(HEADER "7\t809\t38976428\t0\t70\n"
                                                    "8\t0\t1.25\t1\t0\r\n"),
                                     &rows, &err),
                     PIQ_OK);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.list[0].user_id, 7);
    assert_int_equal(rows.list[0].item_id, 810); /* counted from 1 */
    assert_int_equal(rows.list[0].skill_id, 70);
    assert_int_equal(rows.list[0].at_us, INT64_C(38976428) * 1000000);
    assert_false(rows.list[0].correct);
    assert_int_equal(rows.list[1].item_id, 1);
    assert_int_equal(rows.list[1].at_us, 1250000);
    assert_true(rows.list[1].correct);
}

static void test_kt__a_header_alone_is_no_answers(void **state)
{
    piq_kt_rows rows;
    assert_int_equal(piq_kt_read_tsv(*state, PIQ_STR(HEADER), &rows, NULL),
                     PIQ_OK);
    assert_int_equal(rows.n, 0);
}

static void test_kt__says_which_line_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *where;
        const char *about;
    } bad[] = {
        {"", "line 1", "first line"},
        {"user\titem\n", "line 1", "first line"},
        {HEADER "1\t2\t3\t1\n", "line 2", "five fields"},
        {HEADER "1\t2\t3\t1\t5\t6\n", "line 2", "five fields"},
        {HEADER "1\t2\t3\t1\t5\n\n1\t2\t3\t1\t5\n", "line 3", "five fields"},
        {HEADER "0\t2\t3\t1\t5\n", "line 2", "user_id"},
        {HEADER "x\t2\t3\t1\t5\n", "line 2", "user_id"},
        {HEADER "1\t-2\t3\t1\t5\n", "line 2", "item_id"},
        {HEADER "1\t9007199254740991\t3\t1\t5\n", "line 2", "item_id"},
        {HEADER "1\t2\t3\t1\t5\n1\t2\tnan\t1\t5\n", "line 3", "timestamp"},
        {HEADER "1\t2\t-1\t1\t5\n", "line 2", "timestamp"},
        {HEADER "1\t2\t1e300\t1\t5\n", "line 2", "timestamp"},
        {HEADER "1\t2\t3\t2\t5\n", "line 2", "correct"},
        {HEADER "1\t2\t3\t0.5\t5\n", "line 2", "correct"},
        {HEADER "1\t2\t3\t1\t\n", "line 2", "skill_id"},
        {HEADER "1\t2\t3\t1\t99999999999999999999\n", "line 2", "skill_id"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        piq_kt_rows rows = {.n = 77};
        piq_err err = {0};
        assert_int_equal(
            piq_kt_read_tsv(*state, piq_str_of(bad[i].text), &rows, &err),
            PIQ_EPARSE);
        assert_string_equal(err.where, bad[i].where);
        assert_non_null(strstr(err.message, bad[i].about));
        assert_int_equal(rows.n, 77);
    }
}

static void test_kt__reads_learners_of_four_lines(void **state)
{
    piq_kt_rows rows;
    piq_err err;
    assert_int_equal(piq_kt_read_pid(*state,
                                     PIQ_STR("0,11\n5,6,7\n1,1,2\n0,1,1\n"
                                             "1,12\n5\n1\n0\n"),
                                     40, &rows, &err),
                     PIQ_OK);
    assert_int_equal(rows.n, 4);
    assert_int_equal(rows.list[2].user_id, 40);
    assert_int_equal(rows.list[2].item_id, 8);
    assert_int_equal(rows.list[2].skill_id, 2);
    assert_true(rows.list[2].correct);
    assert_int_equal(rows.list[2].at_us - rows.list[1].at_us,
                     40 * PIQ_US_PER_SECOND);
    assert_int_equal(rows.list[3].user_id, 41);
}

static void test_kt__refuses_uneven_learners(void **state)
{
    static const char *const bad[] = {
        "0,11\n5,6\n1\n0,1\n",   "0,11\n5,6\n1,1\n0\n",
        "0,11\n5,6\n1,1\n",      "0,11\n5,x\n1,1\n0,1\n",
        "0,11\n5,6\n1,1\n0,2\n", "0,11\n5,-6\n1,1\n0,1\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        piq_kt_rows rows;
        piq_err err = {0};
        assert_int_equal(
            piq_kt_read_pid(*state, piq_str_of(bad[i]), 1, &rows, &err),
            PIQ_EPARSE);
        assert_int_equal(strncmp(err.where, "line ", 5), 0);
    }
}

/* Random bytes, and random changes to a good file: refused or read. */
static void test_kt__nonsense_never_crashes(void **state)
{
    static const char letters[] = "0123456789\t\n\r.,-eEnaix ";
    char text[256];
    piq_rng r;
    (void)state;
    piq_rng_seed(&r, 3);
    for (int i = 0; i < 20000; i++) {
        piq_arena a;
        piq_kt_rows rows;
        size_t len = piq_rng_below(&r, 120);
        size_t from = 0;
        if (i % 2) {
            memcpy(text, HEADER, sizeof HEADER - 1);
            from = sizeof HEADER - 1;
        }
        for (size_t k = 0; k < len; k++)
            text[from + k] =
                i % 3 ? letters[piq_rng_below(&r, sizeof letters - 1)]
                      : (char)piq_rng_below(&r, 256);
        piq_arena_init(&a, 0);
        piq_str all = {text, from + len};
        piq_status status = piq_kt_read_tsv(&a, all, &rows, NULL);
        assert_true(status == PIQ_OK || status == PIQ_EPARSE);
        status = piq_kt_read_pid(&a, all, 1, &rows, NULL);
        assert_true(status == PIQ_OK || status == PIQ_EPARSE);
        piq_arena_release(&a);
    }
}

static void test_kt__curriculum_is_one_the_engine_reads(void **state)
{
    piq_arena *a = *state;
    piq_kt_rows rows;
    piq_buf doc;
    piq_findings findings;
    piq_catalogue *c;
    piq_err err = {0};
    assert_int_equal(piq_kt_read_tsv(a,
                                     PIQ_STR(HEADER "7\t809\t10\t0\t70\n"
                                                    "8\t809\t11\t0\t70\n"
                                                    "8\t3\t12\t1\t0\n"
                                                    "8\t3\t12\t1\t70\n"
                                                    "8\t3\t12\t1\t9\n"),
                                     &rows, &err),
                     PIQ_OK);
    piq_buf_init(&doc, 0);
    assert_int_equal(piq_kt_write_curriculum(a, &rows, &doc, &err), PIQ_OK);
    assert_int_equal(piq_catalogue_read(a, (piq_str){doc.ptr, doc.len}, NULL,
                                        &c, &findings, NULL, &err),
                     PIQ_OK);
    assert_int_equal(c->n_areas, 1);
    assert_int_equal(c->n_concepts, 3);
    assert_int_equal(c->n_contents, 3);
    assert_int_equal(c->n_items, 2);
    piq_item_ix item;
    assert_true(piq_catalogue_find_item(c, (piq_item_id){4}, &item));
    assert_int_equal(c->items[item.v].n_concepts, 3);
    assert_true(piq_catalogue_find_item(c, (piq_item_id){810}, &item));
    char id[32];
    size_t len = piq_kt_concept_id(70, id);
    piq_concept_ix concept;
    assert_true(piq_catalogue_find_concept(c, (piq_str){id, len}, &concept));
    assert_int_equal(c->items[item.v].concepts[0].concept.v, concept.v);
    piq_catalogue_free(c);
    piq_buf_release(&doc);
}

static void test_kt__too_many_skills_of_an_item_are_refused(void **state)
{
    piq_arena *a = *state;
    piq_kt_row list[9];
    piq_kt_rows rows = {list, 9};
    piq_buf doc;
    piq_err err = {0};
    for (int i = 0; i < 9; i++)
        list[i] = (piq_kt_row){1, 5, i, 0, false};
    piq_buf_init(&doc, 0);
    assert_int_equal(piq_kt_write_curriculum(a, &rows, &doc, &err), PIQ_ELIMIT);
    assert_non_null(strstr(err.message, "item 5"));
    piq_buf_release(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt__reads_rows),
        cmocka_unit_test(test_kt__a_header_alone_is_no_answers),
        cmocka_unit_test(test_kt__says_which_line_is_wrong),
        cmocka_unit_test(test_kt__reads_learners_of_four_lines),
        cmocka_unit_test(test_kt__refuses_uneven_learners),
        cmocka_unit_test(test_kt__nonsense_never_crashes),
        cmocka_unit_test(test_kt__curriculum_is_one_the_engine_reads),
        cmocka_unit_test(test_kt__too_many_skills_of_an_item_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
