/* threads:tsan */
#include "train/kt_rows.h"

#include "base/rng.h"
#include "num/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEARNERS = 300, ANSWERS = 40, ITEMS = 200, CONCEPTS = 8, SEED = 7 };

/* Learners 1 .. n in one part, each with ANSWERS answers to random items; item
 * i is of concept i % CONCEPTS. Chance of a right answer by item. */
static piq_kt_data made_up(uint64_t seed, double (*chance)(unsigned item))
{
    piq_buf text;
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_buf_init(&text, 0);
    for (int l = 1; l <= LEARNERS; l++) {
        unsigned items[ANSWERS];
        piq_buf_printf(&text, "%d,%d\n", l, l);
        for (int i = 0; i < ANSWERS; i++) {
            items[i] = 1 + (unsigned)piq_rng_below(&r, ITEMS);
            piq_buf_printf(&text, i ? ",%u" : "%u", items[i]);
        }
        piq_buf_add_char(&text, '\n');
        for (int i = 0; i < ANSWERS; i++)
            piq_buf_printf(&text, i ? ",%u" : "%u", 1 + items[i] % CONCEPTS);
        piq_buf_add_char(&text, '\n');
        for (int i = 0; i < ANSWERS; i++)
            piq_buf_printf(&text, i ? ",%d" : "%d",
                           piq_rng_uniform(&r) < chance(items[i]));
        piq_buf_add_char(&text, '\n');
    }
    assert_int_equal(text.status, PIQ_OK);
    piq_kt_part_file file = {{text.ptr, text.len}, "made-up"};
    piq_kt_data d;
    piq_err err = {0};
    if (piq_kt_data_akt(&file, 1, true, &d, &err) != PIQ_OK)
        fail_msg("%s: %s", err.where, err.message);
    piq_buf_release(&text);
    return d;
}

static double coin(unsigned item)
{
    (void)item;
    return 0.5;
}

static double by_item(unsigned item)
{
    return 0.15 + 0.7 * (double)((item * 37) % ITEMS) / ITEMS;
}

/* Every fourth learner validates, the last five test. */
static void deal(piq_kt_role role[LEARNERS])
{
    for (int l = 0; l < LEARNERS; l++)
        role[l] = l % 4 == 0 ? PIQ_KT_VALID : PIQ_KT_TRAIN;
    for (int l = LEARNERS - 5; l < LEARNERS; l++)
        role[l] = PIQ_KT_TEST;
}

static double auc_of(const piq_kt_set *s, piq_feature column)
{
    piq_arena a;
    double auc = NAN;
    double *p = calloc(s->n_rows, sizeof *p);
    assert_non_null(p);
    for (size_t i = 0; i < s->n_rows; i++)
        p[i] = (double)s->x[i * PIQ_N_FEATURES + column];
    piq_arena_init(&a, 0);
    assert_int_equal(piq_auc(&a, p, s->y, s->n_rows, &auc), PIQ_OK);
    piq_arena_release(&a);
    free(p);
    return auc;
}

typedef struct made {
    piq_item_table *items;
    piq_kt_set train, valid;
} made;

static made make(const piq_kt_data *d, const piq_kt_role *role,
                 unsigned threads)
{
    made m;
    assert_int_equal(piq_kt_rows_fitting(d, role, SEED, threads, &m.items,
                                         &m.train, &m.valid, NULL),
                     PIQ_OK);
    return m;
}

static void release(made *m)
{
    piq_item_table_free(m->items);
    piq_kt_set_release(&m->train);
    piq_kt_set_release(&m->valid);
}

static piq_kt_set rows_with(const piq_kt_data *d, const piq_kt_role *role,
                            piq_kt_role wanted, const piq_item_table *items)
{
    piq_kt_set s;
    assert_int_equal(piq_kt_rows_with(d, role, wanted, items, 1, &s, NULL),
                     PIQ_OK);
    return s;
}

static const piq_feature TABLE_COLUMNS[] = {
    PIQ_FEATURE_ITEM_LOGIT,         PIQ_FEATURE_CASE_LOGIT,
    PIQ_FEATURE_TABLE_LOGIT,        PIQ_FEATURE_ITEM_RATE,
    PIQ_FEATURE_CASE_RATE,          PIQ_FEATURE_FORM_SHIFT,
    PIQ_FEATURE_PAIR_OUTCOME_SHIFT, PIQ_FEATURE_CONCEPT_PAIR_SHIFT};
enum { N_TABLE_COLUMNS = sizeof TABLE_COLUMNS / sizeof *TABLE_COLUMNS };

/* Coins: nothing can be known. A table that the learners themselves are in
 * knows all the same; the rows made for fitting do not. With 8,800 rows the
 * AUC of a coin has a standard deviation of 1 / sqrt(3 * 8800) = .0062; .025
 * is four of them. */
static void test_kt_rows__a_planted_leak_is_seen_and_ours_has_none(void **state)
{
    (void)state;
    piq_kt_data d = made_up(1, coin);
    piq_kt_role role[LEARNERS];
    deal(role);
    made m = make(&d, role, 1);
    piq_kt_set leak = rows_with(&d, role, PIQ_KT_TRAIN, m.items);
    assert_int_equal(leak.n_rows, m.train.n_rows);
    assert_true(auc_of(&leak, PIQ_FEATURE_ITEM_RATE) > 0.55);
    assert_true(auc_of(&leak, PIQ_FEATURE_CASE_RATE) > 0.55);
    for (int i = 0; i < N_TABLE_COLUMNS; i++) {
        assert_true(fabs(auc_of(&m.train, TABLE_COLUMNS[i]) - 0.5) < 0.025);
        assert_true(fabs(auc_of(&m.valid, TABLE_COLUMNS[i]) - 0.5) < 0.04);
    }
    piq_kt_set_release(&leak);
    release(&m);
    piq_kt_data_release(&d);
}

static void test_kt_rows__what_is_there_to_know_is_known(void **state)
{
    (void)state;
    piq_kt_data d = made_up(2, by_item);
    piq_kt_role role[LEARNERS];
    deal(role);
    made m = make(&d, role, 1);
    /* Chances p are even over .15 to .85, m = .5 in the mean: knowing them
     * gives an AUC of .5 + E|p - p'| / (4 m (1 - m)) = .5 + .7 / 3 = .733;
     * 45 answers an item leave some of it open. */
    double train = auc_of(&m.train, PIQ_FEATURE_ITEM_RATE);
    double valid = auc_of(&m.valid, PIQ_FEATURE_ITEM_RATE);
    assert_true(train > 0.68 && valid > 0.68);
    assert_true(fabs(train - valid) < 0.04);
    release(&m);
    piq_kt_data_release(&d);
}

/* A learner's own answers cannot move their own rows' table columns. */
static void test_kt_rows__own_answers_are_not_in_own_rows(void **state)
{
    (void)state;
    piq_kt_data d = made_up(3, by_item);
    piq_kt_role role[LEARNERS];
    deal(role);
    made before = make(&d, role, 1);
    size_t learner = 1; /* the first that trains */
    for (size_t i = d.first[learner]; i < d.first[learner + 1]; i++)
        d.answers[i].score = 1.0f - d.answers[i].score;
    made after = make(&d, role, 1);
    for (size_t i = before.train.first[0]; i < before.train.first[1]; i++) {
        float x = before.train.x[i * PIQ_N_FEATURES + PIQ_FEATURE_ITEM_RATE];
        float y = after.train.x[i * PIQ_N_FEATURES + PIQ_FEATURE_ITEM_RATE];
        assert_true(x == y);
        assert_true(before.train.y[i] != after.train.y[i]);
    }
    release(&before);
    release(&after);
    piq_kt_data_release(&d);
}

static void test_kt_rows__threads_change_no_bit(void **state)
{
    (void)state;
    piq_kt_data d = made_up(4, by_item);
    piq_kt_role role[LEARNERS];
    deal(role);
    made one = make(&d, role, 1), three = make(&d, role, 3);
    const piq_kt_set *a = &one.train, *b = &three.train;
    assert_int_equal(a->n_rows, b->n_rows);
    assert_memory_equal(a->x, b->x, a->n_rows * PIQ_N_FEATURES * sizeof *a->x);
    assert_memory_equal(a->item, b->item, a->n_rows * sizeof *a->item);
    a = &one.valid;
    b = &three.valid;
    assert_memory_equal(a->x, b->x, a->n_rows * PIQ_N_FEATURES * sizeof *a->x);
    release(&one);
    release(&three);
    piq_kt_data_release(&d);
}

static void test_kt_rows__rows_are_the_answers_in_order(void **state)
{
    (void)state;
    piq_kt_data d = made_up(5, by_item);
    piq_kt_role role[LEARNERS];
    deal(role);
    made m = make(&d, role, 2);
    const piq_kt_set *s = &m.train;
    size_t n = 0, at = 0;
    for (size_t l = 0; l < d.n_learners; l++)
        n += role[l] == PIQ_KT_TRAIN;
    assert_int_equal(s->n_learners, n);
    assert_int_equal(s->n_rows, n * ANSWERS);
    assert_int_equal(s->n_items, piq_item_table_n_items(m.items));
    assert_int_equal(s->n_concepts, CONCEPTS);
    for (size_t l = 0; l < d.n_learners; l++) {
        if (role[l] != PIQ_KT_TRAIN)
            continue;
        assert_int_equal(s->first[at], at * ANSWERS);
        at++;
        for (size_t i = 0; i < ANSWERS; i++) {
            size_t row = s->first[at - 1] + i;
            const piq_kt_answer *k = &d.answers[d.first[l] + i];
            assert_true(s->y[row] == k->score);
            assert_true(s->item[row] < s->n_items);
            assert_true(s->concept[row] < s -> n_concepts);
            assert_true(s->context[row] < PIQ_N_CONTEXTS);
        }
        assert_int_equal(s->context[s->first[at - 1]], PIQ_FIRST_TRY);
    }
    assert_int_equal(s->first[at], s->n_rows);
    release(&m);
    piq_kt_data_release(&d);
}

static void test_kt_rows__validation_is_the_table_of_training(void **state)
{
    (void)state;
    piq_kt_data d = made_up(6, by_item);
    piq_kt_role role[LEARNERS];
    deal(role);
    made m = make(&d, role, 1);
    piq_kt_set again = rows_with(&d, role, PIQ_KT_VALID, m.items);
    assert_int_equal(again.n_rows, m.valid.n_rows);
    assert_memory_equal(again.x, m.valid.x,
                        again.n_rows * PIQ_N_FEATURES * sizeof *again.x);
    piq_kt_set test = rows_with(&d, role, PIQ_KT_TEST, m.items);
    assert_int_equal(test.n_learners, 5);
    assert_int_equal(test.n_rows, 5 * ANSWERS);
    piq_kt_set_release(&test);
    piq_kt_set_release(&again);
    release(&m);
    piq_kt_data_release(&d);
}

static void test_kt_rows__nobody_to_train_on_gives_no_rows(void **state)
{
    (void)state;
    piq_kt_data d = made_up(7, coin);
    piq_kt_role role[LEARNERS];
    for (int l = 0; l < LEARNERS; l++)
        role[l] = PIQ_KT_VALID;
    made m = make(&d, role, 2);
    assert_int_equal(m.train.n_rows, 0);
    assert_int_equal(m.valid.n_rows, LEARNERS * ANSWERS);
    assert_int_equal(m.valid.item[0], m.valid.n_items); /* unknown */
    release(&m);
    piq_kt_data_release(&d);
}

static void test_kt_rows__no_memory_is_said_and_nothing_lost(void **state)
{
    (void)state;
    piq_kt_data d = made_up(8, coin);
    piq_kt_role role[LEARNERS];
    for (int l = 0; l < LEARNERS; l++) /* few, for speed */
        role[l] = l < 6 ? PIQ_KT_TRAIN : l < 8 ? PIQ_KT_VALID : PIQ_KT_TEST;
    piq_status status = PIQ_ENOMEM;
    long k = 1;
    for (; status != PIQ_OK && k < 2000; k += 7) {
        made m;
        piq_err err = {0};
        piq_alloc_fail_after(k, 0);
        status = piq_kt_rows_fitting(&d, role, SEED, 1, &m.items, &m.train,
                                     &m.valid, &err);
        piq_alloc_fail_after(0, 0);
        if (status == PIQ_OK)
            release(&m);
        else
            assert_true(status == PIQ_ENOMEM && err.message[0] != '\0');
    }
    assert_int_equal(status, PIQ_OK);
    assert_true(k > 50);
    piq_kt_data_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_kt_rows__a_planted_leak_is_seen_and_ours_has_none),
        cmocka_unit_test(test_kt_rows__what_is_there_to_know_is_known),
        cmocka_unit_test(test_kt_rows__own_answers_are_not_in_own_rows),
        cmocka_unit_test(test_kt_rows__threads_change_no_bit),
        cmocka_unit_test(test_kt_rows__rows_are_the_answers_in_order),
        cmocka_unit_test(test_kt_rows__validation_is_the_table_of_training),
        cmocka_unit_test(test_kt_rows__nobody_to_train_on_gives_no_rows),
        cmocka_unit_test(test_kt_rows__no_memory_is_said_and_nothing_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
