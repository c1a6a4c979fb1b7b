#include "train/kt_data.h"

#include "support/catalogue_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER "user_id\titem_id\ttimestamp\tcorrect\tskill_id\n"

/* Two learners. Item 9 comes under skills 4 and 7, the second time as a row of
 * its own with the same answer: the leak of 2009. */
static const char with_items[] = "5,500\n9,9,3,3\n4,7,7,7\n1,1,0,1\n"
                                 "6,600\n3\n7\n1\n";
static const char without_items[] = "5,500\n4,7,7\n1,0,1\n"
                                    "6,600\n7\n0\n";

static piq_status read_one(const char *text, bool items, piq_kt_data *d,
                           piq_err *err)
{
    piq_kt_part_file file = {piq_str_of(text), "part1.csv"};
    return piq_kt_data_akt(&file, 1, items, d, err);
}

static piq_kt_data must_read(const char *text, bool items)
{
    piq_kt_data d;
    piq_err err;
    if (read_one(text, items, &d, &err) != PIQ_OK)
        fail_msg("%s: %s", err.where, err.message);
    return d;
}

static piq_kt_data must_read_tsv(const char *text, unsigned n_parts)
{
    piq_kt_data d;
    piq_err err;
    if (piq_kt_data_tsv(piq_str_of(text), n_parts, true, &d, &err) != PIQ_OK)
        fail_msg("%s: %s", err.where, err.message);
    return d;
}

static void test_kt_data__four_lines_are_a_learner_with_items(void **state)
{
    (void)state;
    piq_kt_data d = must_read(with_items, true);
    assert_int_equal(d.n_learners, 2);
    assert_int_equal(d.n_answers, 5);
    assert_int_equal(d.n_items, 2);
    assert_int_equal(d.item_ids[0], 4); /* the file's 3, counted from 1 */
    assert_int_equal(d.item_ids[1], 10);
    assert_int_equal(d.n_concepts, 2);
    assert_true(piq_str_eq(d.concept_ids[0], PIQ_STR("skill.4")));
    assert_true(piq_str_eq(d.concept_ids[1], PIQ_STR("skill.7")));
    assert_int_equal(d.n_tasks, 3); /* 9 under 4, 9 under 7, 3 under 7 */
    assert_int_equal(d.first[1], 4);
    assert_int_equal(d.first[2], 5);
    assert_int_equal(d.answers[2].task, d.answers[3].task);
    assert_int_equal(d.answers[2].task, d.answers[4].task);
    assert_false(d.has_times);
    assert_true(d.answers[0].at_us == PIQ_NO_TIME);
    assert_true(d.answers[0].score == 1.0f);
    assert_true(d.answers[2].score == 0.0f);
    piq_kt_data_release(&d);
}

static void test_kt_data__an_ask_says_item_and_concept(void **state)
{
    (void)state;
    piq_kt_data d = must_read(with_items, true);
    piq_ask ask = piq_kt_data_ask(&d, &d.answers[1]);
    assert_int_equal(ask.item.v, 1); /* item 9 */
    assert_int_equal(ask.n_concepts, 1);
    assert_int_equal(ask.concepts[0].concept.v, 1); /* skill 7 */
    assert_true(ask.concepts[0].weight == 1.0);
    assert_true(ask.at_us == PIQ_NO_TIME);
    piq_kt_data_release(&d);
}

static void test_kt_data__the_catalogue_numbers_concepts_alike(void **state)
{
    (void)state;
    piq_kt_data d = must_read(with_items, true);
    piq_concept_ix at;
    assert_int_equal(d.catalogue->n_areas, 1);
    assert_int_equal(d.catalogue->n_concepts, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(
            piq_catalogue_find_concept(d.catalogue, d.concept_ids[i], &at));
        assert_int_equal(at.v, i);
    }
    piq_kt_data_release(&d);
}

static void test_kt_data__three_lines_are_a_learner_without(void **state)
{
    (void)state;
    piq_kt_data d = must_read(without_items, true);
    assert_int_equal(d.n_learners, 2);
    assert_int_equal(d.n_answers, 4);
    assert_int_equal(d.n_items, 0);
    assert_int_equal(d.n_tasks, 2);
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[0]).item.v, PIQ_NO_IX32);
    for (size_t i = 0; i < d.n_answers; i++)
        assert_false(piq_kt_data_is_repeat(&d, i));
    piq_kt_data_release(&d);
}

/* Ones and zeros as ids must not be taken for answers: only a reading that
 * goes through to the end counts. */
static void test_kt_data__binary_ids_do_not_mislead(void **state)
{
    (void)state;
    piq_kt_data four = must_read("1,0\n1,0\n0,1\n1,1\n2,0\n0\n1\n1\n", true);
    assert_int_equal(four.n_learners, 2);
    assert_int_equal(four.n_answers, 3);
    assert_int_equal(four.n_items, 2);
    piq_kt_data_release(&four);
    piq_kt_data three = must_read(
        "1,0\n1,0\n0,1\n1,1\n1,0\n0,1\n0,0\n0,1\n0,1\n7,7\n5\n0\n", true);
    assert_int_equal(three.n_learners, 4);
    assert_int_equal(three.n_answers, 7);
    assert_int_equal(three.n_items, 0);
    piq_kt_data_release(&three);
}

static void test_kt_data__a_file_may_be_untidy(void **state)
{
    (void)state;
    piq_kt_data tidy = must_read(with_items, true);
    piq_kt_data d =
        must_read("5,500\r\n 9,9 ,3,\t3,\r\n4,7,7,7,\r\n"
                  "1,1.0,0,1 , \r\n6,600,\r\n3\r\n7\r\n1\r\n\r\n \n",
                  true);
    assert_int_equal(d.n_answers, tidy.n_answers);
    for (size_t i = 0; i < d.n_answers; i++) {
        assert_int_equal(d.answers[i].task, tidy.answers[i].task);
        assert_true(d.answers[i].score == tidy.answers[i].score);
    }
    piq_kt_data_release(&tidy);
    piq_kt_data_release(&d);
}

static void test_kt_data__a_learner_without_answers_is_left_out(void **state)
{
    (void)state;
    piq_kt_data d =
        must_read("4,1\n\n\n\n5,2\n9,9\n4,4\n1,0\n6,3\n\n\n\n", true);
    assert_int_equal(d.n_learners, 1);
    assert_int_equal(d.n_answers, 2);
    piq_kt_data_release(&d);
}

static void test_kt_data__says_which_line_is_wrong(void **state)
{
    static const struct {
        const char *text, *where;
    } cases[] = {
        {"1,1\n1,2\n3,x\n1,0\n", "part1.csv:3"},
        {"1,1\n1,2\n3,4\n1,2\n", "part1.csv:4"},
        {"1,1\n1,-2\n3,4\n1,1\n", "part1.csv:2"},
        {"1,1\n1,2,3\n3,4\n1,1\n", "part1.csv:2"},
        {"1,1\n1,2\n3,4,5\n1,1\n", "part1.csv:3"},
        {"1,1\n1,,2\n3,4,5\n1,1,1\n", "part1.csv:2"},
        {"1,1\n1,2\n3,4\n1,1\n\n1,2\n3,4\n1,1\n", "part1.csv:5"},
        {"1,1\n1,2\n3,4\n1,1\n2,2\n1,2\n", "part1.csv:6"},
        {"1,1\n3,4\n1,2\n", "part1.csv:3"},
        {"1,1\n3,4\n1,1\n2,2\n3,4\n1,1\n3,3\n3,9007199254740991\n1,1\n",
         "part1.csv:8"},
        {"1,1\n3,4\n1,1\n2,2\n3,4\n1,.5\n", "part1.csv:6"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        piq_kt_data d;
        piq_err err = {0};
        assert_int_equal(read_one(cases[i].text, true, &d, &err), PIQ_EPARSE);
        assert_string_equal(err.where, cases[i].where);
        assert_true(err.message[0]);
    }
}

static void test_kt_data__nothing_to_read_is_a_fault(void **state)
{
    (void)state;
    piq_kt_data d;
    piq_err err = {0};
    assert_int_equal(read_one("", true, &d, &err), PIQ_EPARSE);
    assert_int_equal(read_one("\r\n\n", true, &d, &err), PIQ_EPARSE);
    assert_int_equal(piq_kt_data_tsv(PIQ_STR(HEADER), 5, true, &d, &err),
                     PIQ_EPARSE);
}

static void test_kt_data__repeats_are_another_concept_of_the_item(void **state)
{
    (void)state;
    for (int items = 0; items < 2; items++) {
        piq_kt_data d = must_read(with_items, items == 1);
        /* 9/4, 9/7 (repeat), 3/7, 3/7 (a second try), 3/7 of another. */
        static const bool expected[] = {false, true, false, false, false};
        for (size_t i = 0; i < d.n_answers; i++)
            assert_int_equal(piq_kt_data_is_repeat(&d, i), expected[i]);
        assert_int_equal(d.n_items, items ? 2 : 0);
        piq_kt_data_release(&d);
    }
}

static void test_kt_data__a_file_is_a_part(void **state)
{
    (void)state;
    piq_kt_part_file files[] = {{piq_str_of(without_items), "part1.csv"},
                                {piq_str_of(with_items), "part2.csv"}};
    piq_kt_data d;
    piq_err err;
    assert_int_equal(piq_kt_data_akt(files, 2, true, &d, &err), PIQ_OK);
    assert_int_equal(d.n_parts, 2);
    assert_int_equal(d.n_learners, 4);
    assert_int_equal(d.part[1], 0);
    assert_int_equal(d.part[2], 1);
    assert_int_equal(d.n_items, 2); /* those of the second file */
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[0]).item.v, PIQ_NO_IX32);
    piq_kt_data_release(&d);
}

static void test_kt_data__too_many_concepts_are_refused(void **state)
{
    (void)state;
    enum { N = PIQ_MAX_CONCEPTS + 1 };
    static char text[2 * N * 8 + 32];
    size_t len = (size_t)sprintf(text, "1,1\n");
    for (int i = 0; i < N; i++)
        len += (size_t)sprintf(text + len, "%d,", i);
    len += (size_t)sprintf(text + len, "\n");
    for (int i = 0; i < N; i++)
        len += (size_t)sprintf(text + len, "1,");
    sprintf(text + len, "\n");
    piq_kt_data d;
    piq_err err;
    assert_int_equal(read_one(text, true, &d, &err), PIQ_ELIMIT);
    assert_string_equal(err.message, "16385 skills, 16384 are allowed");
}

static void test_kt_data__pieces_are_learners_of_their_own(void **state)
{
    (void)state;
    piq_kt_data d = must_read(with_items, true), cut;
    piq_err err;
    assert_int_equal(piq_kt_data_cut(&d, 3, &cut, &err), PIQ_OK);
    piq_kt_data_release(&d);             /* the pieces stand alone */
    assert_int_equal(cut.n_learners, 3); /* 4 = 3 + 1, and 1 */
    assert_int_equal(cut.first[1], 3);
    assert_int_equal(cut.first[2], 4);
    assert_int_equal(cut.first[3], 5);
    assert_int_equal(cut.n_answers, 5);
    assert_int_equal(cut.part[2], 0);
    assert_int_equal(cut.catalogue->n_concepts, 2);
    assert_true(piq_str_eq(cut.concept_ids[1], PIQ_STR("skill.7")));
    assert_int_equal(piq_kt_data_ask(&cut, &cut.answers[2]).item.v, 0);
    assert_true(piq_kt_data_is_repeat(&cut, 1));
    piq_kt_data_release(&cut);
}

/* Nothing stands before the first answer of a piece. */
static void test_kt_data__a_piece_begins_without_a_repeat(void **state)
{
    (void)state;
    piq_kt_data d = must_read(with_items, true), cut;
    piq_err err;
    assert_int_equal(piq_kt_data_cut(&d, 1, &cut, &err), PIQ_OK);
    assert_int_equal(cut.n_learners, 5);
    for (size_t i = 0; i < cut.n_answers; i++)
        assert_false(piq_kt_data_is_repeat(&cut, i));
    piq_kt_data_release(&cut);
    piq_kt_data_release(&d);
}

static void test_kt_data__lines_of_one_answer_are_one(void **state)
{
    (void)state;
    piq_kt_data d = must_read_tsv(HEADER "8\t3\t50\t1\t2\n"
                                         "7\t3\t20\t0\t6\n"
                                         "7\t3\t10\t1\t9\n"
                                         "7\t3\t10\t1\t2\n"
                                         "7\t5\t10.5\t1\t2\n",
                                  1);
    assert_int_equal(d.n_learners, 2);
    assert_int_equal(d.n_answers, 4);
    assert_int_equal(d.first[1], 3); /* learner 7 */
    assert_true(d.has_times);
    piq_ask ask = piq_kt_data_ask(&d, &d.answers[0]);
    assert_true(ask.at_us == 10000000);
    assert_int_equal(ask.n_concepts, 2);
    assert_int_equal(ask.concepts[0].concept.v, 0); /* skill 2 */
    assert_int_equal(ask.concepts[1].concept.v, 2); /* skill 9 */
    assert_true(ask.concepts[1].weight == 0.5);
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[1]).item.v, 1);
    assert_true(d.answers[2].at_us == 20000000);
    assert_true(d.answers[2].score == 0.0f);
    piq_kt_data_release(&d);
}

/* The same skill again, or another outcome, is another answer. */
static void test_kt_data__one_instant_may_hold_two_answers(void **state)
{
    (void)state;
    piq_kt_data d = must_read_tsv(HEADER "7\t3\t10\t1\t1\n"
                                         "7\t3\t10\t1\t2\n"
                                         "7\t3\t10\t1\t1\n"
                                         "7\t3\t10\t0\t2\n"
                                         "7\t3\t11\t0\t2\n",
                                  1);
    assert_int_equal(d.n_answers, 4);
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[0]).n_concepts, 2);
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[1]).n_concepts, 1);
    piq_kt_data_release(&d);
}

static void test_kt_data__one_instant_for_all_is_no_time(void **state)
{
    (void)state;
    piq_kt_data d = must_read_tsv(HEADER "7\t4\t0\t1\t1\n"
                                         "7\t3\t0\t1\t1\n"
                                         "7\t3\t0\t0\t1\n",
                                  1);
    assert_false(d.has_times);
    assert_true(d.answers[0].at_us == PIQ_NO_TIME);
    assert_int_equal(d.n_answers, 3);
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[0]).item.v, 1);
    piq_kt_data_release(&d);
}

static void test_kt_data__learners_are_dealt_by_their_id_alone(void **state)
{
    (void)state;
    char text[4096] = HEADER;
    size_t len = strlen(text), n[5] = {0};
    for (int i = 1; i <= 100; i++)
        len += (size_t)sprintf(text + len, "%d\t3\t%d\t1\t1\n", i, i);
    piq_kt_data all = must_read_tsv(text, 5);
    piq_kt_data one = must_read_tsv(HEADER "42\t3\t9\t1\t1\n", 5);
    for (size_t i = 0; i < 100; i++)
        n[all.part[i]]++;
    for (size_t k = 0; k < 5; k++)
        assert_in_range(n[k], 8, 32); /* 20 +- 3 sd of 4 */
    assert_int_equal(one.part[0], all.part[41]);
    piq_kt_data_release(&all);
    piq_kt_data_release(&one);
}

static void test_kt_data__bad_tsv_says_where(void **state)
{
    (void)state;
    piq_kt_data d;
    piq_err err;
    assert_int_equal(
        piq_kt_data_tsv(PIQ_STR(HEADER "7\t3\t9\t2\t1\n"), 5, true, &d, &err),
        PIQ_EPARSE);
    assert_string_equal(err.where, "line 2");
    assert_int_equal(
        piq_kt_data_tsv(PIQ_STR(HEADER "7\t3\t9\t1\t1\n7\t3\t9\t1\t2\n"
                                       "7\t3\t9\t1\t3\n7\t3\t9\t1\t4\n"
                                       "7\t3\t9\t1\t5\n7\t3\t9\t1\t6\n"
                                       "7\t3\t9\t1\t7\n7\t3\t9\t1\t8\n"
                                       "7\t3\t9\t1\t9\n"),
                        5, true, &d, &err),
        PIQ_ELIMIT);
}

/* Every allocation fails once; nothing is kept and the last run succeeds. */
static void test_kt_data__survives_a_lack_of_memory(void **state)
{
    (void)state;
    piq_status akt = PIQ_ENOMEM, tsv = PIQ_ENOMEM, cut = PIQ_ENOMEM;
    for (long k = 1; akt || tsv || cut; k++) {
        piq_kt_data d, pieces;
        piq_alloc_fail_after(k, 1);
        akt = read_one(with_items, true, &d, NULL);
        if (akt == PIQ_OK)
            piq_kt_data_release(&d);
        piq_alloc_fail_after(k, 1);
        tsv = piq_kt_data_tsv(PIQ_STR(HEADER "7\t3\t9\t1\t1\n8\t3\t8\t1\t2\n"),
                              5, true, &d, NULL);
        if (tsv == PIQ_OK)
            piq_kt_data_release(&d);
        piq_alloc_fail_after(0, 0);
        d = must_read(with_items, true);
        piq_alloc_fail_after(k, 1);
        cut = piq_kt_data_cut(&d, 2, &pieces, NULL);
        if (cut == PIQ_OK)
            piq_kt_data_release(&pieces);
        piq_alloc_fail_after(0, 0);
        piq_kt_data_release(&d);
        assert_true(akt == PIQ_OK || akt == PIQ_ENOMEM);
        assert_true(tsv == PIQ_OK || tsv == PIQ_ENOMEM);
        assert_true(cut == PIQ_OK || cut == PIQ_ENOMEM);
        assert_true(k < 1000);
    }
}

/* --- the real thing ------------------------------------------------------- */

static void read_folder(const char *folder, piq_kt_data *d)
{
    const char *shared = getenv("PIQ_SHARED");
    piq_kt_part_file files[5];
    char *texts[5], paths[5][512];
    piq_err err;
    for (unsigned k = 0; k < 5; k++) {
        snprintf(paths[k], sizeof paths[k], "%s/data/kt/%s/part%u.csv",
                 shared ? shared : "../shared", folder, k + 1);
        size_t len;
        texts[k] = read_whole(paths[k], &len);
        if (!texts[k]) {
            print_message("%s is absent: skipped\n", paths[k]);
            while (k > 0)
                free(texts[--k]);
            skip();
        }
        files[k] = (piq_kt_part_file){{texts[k], len}, paths[k]};
    }
    piq_status status = piq_kt_data_akt(files, 5, true, d, &err);
    for (unsigned k = 0; k < 5; k++)
        free(texts[k]);
    if (status != PIQ_OK)
        fail_msg("%s: %s", err.where, err.message);
}

/* The description counts 4,151 learners with 325,637 rows: one of them, of 48
 * rows, is in every training file and in no part. */
static void test_kt_data__assist2009_is_read_whole(void **state)
{
    (void)state;
    piq_kt_data d;
    size_t repeats = 0, right = 0;
    read_folder("assist2009_pid", &d);
    assert_int_equal(d.n_learners, 4150);
    assert_int_equal(d.n_answers, 325589);
    assert_int_equal(d.n_items, 16891);
    assert_int_equal(d.n_concepts, 110);
    for (size_t i = 0; i < d.n_answers; i++) {
        repeats += piq_kt_data_is_repeat(&d, i);
        right += d.answers[i].score > 0.5f;
    }
    assert_int_equal(repeats * 1000 / d.n_answers, 156); /* 15.67 % */
    assert_int_equal(right * 1000 / d.n_answers, 658);
    piq_kt_data_release(&d);
}

static void test_kt_data__assist2015_has_no_items(void **state)
{
    (void)state;
    piq_kt_data d;
    read_folder("assist2015", &d);
    assert_int_equal(d.n_learners, 19840);
    assert_int_equal(d.n_answers, 683801);
    assert_int_equal(d.n_items, 0);
    assert_int_equal(d.n_concepts, 100);
    piq_kt_data_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt_data__four_lines_are_a_learner_with_items),
        cmocka_unit_test(test_kt_data__an_ask_says_item_and_concept),
        cmocka_unit_test(test_kt_data__the_catalogue_numbers_concepts_alike),
        cmocka_unit_test(test_kt_data__three_lines_are_a_learner_without),
        cmocka_unit_test(test_kt_data__binary_ids_do_not_mislead),
        cmocka_unit_test(test_kt_data__a_file_may_be_untidy),
        cmocka_unit_test(test_kt_data__a_learner_without_answers_is_left_out),
        cmocka_unit_test(test_kt_data__says_which_line_is_wrong),
        cmocka_unit_test(test_kt_data__nothing_to_read_is_a_fault),
        cmocka_unit_test(test_kt_data__repeats_are_another_concept_of_the_item),
        cmocka_unit_test(test_kt_data__a_file_is_a_part),
        cmocka_unit_test(test_kt_data__too_many_concepts_are_refused),
        cmocka_unit_test(test_kt_data__pieces_are_learners_of_their_own),
        cmocka_unit_test(test_kt_data__a_piece_begins_without_a_repeat),
        cmocka_unit_test(test_kt_data__lines_of_one_answer_are_one),
        cmocka_unit_test(test_kt_data__one_instant_may_hold_two_answers),
        cmocka_unit_test(test_kt_data__one_instant_for_all_is_no_time),
        cmocka_unit_test(test_kt_data__learners_are_dealt_by_their_id_alone),
        cmocka_unit_test(test_kt_data__bad_tsv_says_where),
        cmocka_unit_test(test_kt_data__survives_a_lack_of_memory),
        cmocka_unit_test(test_kt_data__assist2009_is_read_whole),
        cmocka_unit_test(test_kt_data__assist2015_has_no_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
