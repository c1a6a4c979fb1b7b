#include "feature/item_table.h"

#include "num/logistic.h"
#include "support/feature_world.h"
#include "support/near.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const piq_concept_weight ON_A[] = {{{0}, 1.0}};
static const piq_concept_weight ON_B[] = {{{1}, 1.0}};
static const int64_t ITEMS[] = {10, 20, 30, 40};
static const piq_str CONCEPTS[] = {{"a", 1}, {"b", 1}};
static const piq_item_names NAMES = {ITEMS, 4, CONCEPTS, 2};

static piq_ask ask_of(uint32_t item, const piq_concept_weight *w)
{
    return (piq_ask){
        .item = {item}, .concepts = w, .n_concepts = 1, .at_us = PIQ_NO_TIME};
}

static piq_item_builder *new_builder(void)
{
    piq_item_builder *b;
    assert_int_equal(piq_item_builder_new(&NAMES, &b), PIQ_OK);
    return b;
}

static void add(piq_item_builder *b, uint32_t item, const piq_concept_weight *w,
                int right)
{
    piq_ask ask = ask_of(item, w);
    assert_int_equal(piq_item_builder_add(b, &ask, right ? 1.0f : 0.0f),
                     PIQ_OK);
}

/* One learner, one answer. */
static void add_alone(piq_item_builder *b, unsigned group, uint32_t item,
                      const piq_concept_weight *w, int right)
{
    piq_item_builder_learner(b, group);
    add(b, item, w, right);
}

static piq_item_table *freeze(piq_item_builder *b, unsigned without)
{
    piq_item_table *t;
    assert_int_equal(piq_item_builder_freeze(b, without, &t), PIQ_OK);
    return t;
}

static piq_item_view look(const piq_item_table *t, const piq_situation *s)
{
    piq_item_binding *b;
    piq_item_view v;
    assert_int_equal(piq_item_bind_names(t, &NAMES, &b), PIQ_OK);
    piq_item_binding_look(b, s, &v);
    piq_item_binding_free(b);
    return v;
}

static piq_situation first_meeting(uint32_t item, uint16_t concept)
{
    return (piq_situation){.item = item,
                           .before = PIQ_NO_IX32,
                           .concept = concept,
                           .before_concept = PIQ_NO_IX16};
}

static piq_item_view look_first(const piq_item_table *t, uint32_t item,
                                uint16_t concept)
{
    piq_situation s = first_meeting(item, concept);
    return look(t, &s);
}

static piq_buf written(const piq_item_table *t)
{
    piq_buf out;
    piq_buf_init(&out, 0);
    piq_item_table_encode(t, &out);
    assert_int_equal(out.status, PIQ_OK);
    return out;
}

/* --- what is learned -------------------------------------------------------
 */

static void test_item_table__raw_rate_starts_as_the_level_above(void **state)
{
    (void)state;
    piq_item_builder *b = new_builder();
    for (int l = 0; l < 4; l++) {
        add_alone(b, 0, 0, ON_A, l < 3);
        add_alone(b, 0, 1, ON_A, l < 1);
    }
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    /* All: (4 + 5 * .5) / (8 + 5) = .5, and so the concept. Item 0:
     * (3 + 5 * .5) / (4 + 5) = 11/18; item 1: (1 + 2.5) / 9 = 7/18. */
    assert_near(look_first(t, 0, 0).item_rate, piq_logit(11.0 / 18.0), 1e-6);
    assert_near(look_first(t, 1, 0).item_rate, piq_logit(7.0 / 18.0), 1e-6);
    /* In the first try, the only case there is, once more towards the item:
     * (3 + 5 * 11/18) / 9. */
    assert_near(look_first(t, 0, 0).case_rate,
                piq_logit((3.0 + 55.0 / 18.0) / 9.0), 1e-6);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

static void test_item_table__few_answers_say_less_than_many(void **state)
{
    (void)state;
    piq_item_builder *b = new_builder();
    for (int l = 0; l < 200; l++)
        add_alone(b, 0, 0, ON_A, l % 10 != 0);
    add_alone(b, 0, 1, ON_A, 1);
    for (int l = 0; l < 200; l++)
        add_alone(b, 0, 2, ON_A, l % 10 == 0);
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    piq_item_view often = look_first(t, 0, 0), once = look_first(t, 1, 0);
    piq_item_view hard = look_first(t, 2, 0);
    assert_true(often.logit > once.logit && once.logit > hard.logit);
    /* 90 % and 10 % right, as it was. */
    assert_near(piq_sigmoid(often.logit), 0.9, 0.02);
    assert_near(piq_sigmoid(hard.logit), 0.1, 0.02);
    assert_near(once.n[PIQ_EFFECT_ITEM], 1.0, 0.0);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

static void test_item_table__hard_for_the_able_is_hard(void **state)
{
    (void)state;
    /* Able learners get item 1 after twenty right answers to item 0, others
     * item 2 after twenty wrong ones; half of either is right. */
    piq_item_builder *b = new_builder();
    for (int l = 0; l < 100; l++) {
        piq_item_builder_learner(b, 0);
        for (int i = 0; i < 20; i++)
            add(b, i % 2 ? 0 : 3, ON_A, l % 2);
        add(b, l % 2 ? 1 : 2, ON_A, l % 4 < 2);
    }
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    piq_item_view able = look_first(t, 1, 0), others = look_first(t, 2, 0);
    assert_near(able.item_rate, others.item_rate, 1e-6);
    assert_true(able.logit < others.logit - 0.3f);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

static void test_item_table__what_came_before_counts(void **state)
{
    (void)state;
    /* Item 1 goes well after item 0 and badly after item 2. */
    piq_item_builder *b = new_builder();
    for (int l = 0; l < 400; l++) {
        piq_item_builder_learner(b, 0);
        add(b, l % 2 ? 0 : 2, ON_A, l % 4 < 2);
        add(b, 1, ON_A, l % 2 ? l % 20 > 2 : l % 20 < 2);
    }
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    piq_situation s = first_meeting(1, 0);
    s.before = 0;
    s.before_concept = 0;
    s.before_end = s.last_end = PIQ_RUN_RIGHT;
    piq_item_view after_0 = look(t, &s);
    s.before = 2;
    piq_item_view after_2 = look(t, &s);
    assert_true(after_0.effect[PIQ_EFFECT_PAIR] > 0.3f);
    assert_true(after_2.effect[PIQ_EFFECT_PAIR] < -0.3f);
    assert_near(after_0.n[PIQ_EFFECT_PAIR], 200.0, 0.0);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

static void test_item_table__an_answer_told_twice_counts_once(void **state)
{
    (void)state;
    piq_item_builder *b = new_builder();
    for (int l = 0; l < 10; l++) {
        piq_item_builder_learner(b, 0);
        add(b, 0, ON_A, l < 5);
        add(b, 0, ON_B, l < 5);
    }
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    assert_near(look_first(t, 0, 0).n[PIQ_EFFECT_ITEM], 10.0, 0.0);
    /* Told again, it is as good as known. */
    piq_situation s = first_meeting(0, 1);
    s.at = PIQ_CASE_REPEAT_RIGHT;
    assert_true(look(t, &s).logit > 1.5f);
    s.at = PIQ_CASE_REPEAT_WRONG;
    assert_true(look(t, &s).logit < -1.5f);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

static void test_item_table__unknown_item_stands_with_its_concept(void **state)
{
    (void)state;
    piq_item_builder *b = new_builder();
    for (int l = 0; l < 100; l++) {
        add_alone(b, 0, 0, ON_A, l % 5 != 0);
        add_alone(b, 0, 2, ON_B, l % 5 == 0);
    }
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    piq_item_view known = look_first(t, 0, 0);
    piq_item_view none = look_first(t, PIQ_NO_IX32, 0);
    piq_item_view hard = look_first(t, PIQ_NO_IX32, 1);
    assert_true(none.logit > hard.logit);
    assert_true(known.n[PIQ_EFFECT_ITEM] > 0.0f);
    assert_true(none.n[PIQ_EFFECT_ITEM] == 0.0f);
    assert_true(none.effect[PIQ_EFFECT_ITEM] == 0.0f);
    assert_true(none.item_rate > hard.item_rate);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

/* --- leaving out -----------------------------------------------------------
 */

static void test_item_table__left_out_is_as_never_told(void **state)
{
    (void)state;
    piq_item_builder *with = new_builder(), *without = new_builder();
    piq_rng r;
    piq_rng_seed(&r, 5);
    for (int l = 0; l < 300; l++) {
        unsigned group = (unsigned)piq_rng_below(&r, 3);
        uint32_t item = (uint32_t)piq_rng_below(&r, 3);
        int right = (int)piq_rng_below(&r, 2);
        add_alone(with, group, item, ON_A, right);
        if (group != 1)
            add_alone(without, group, item, ON_A, right);
    }
    add_alone(with, 1, 3, ON_B, 1); /* met by nobody else */
    piq_item_table *x = freeze(with, 1), *y = freeze(without, PIQ_EVERY_GROUP);
    assert_int_equal(piq_item_table_n_items(x), 3);
    assert_int_equal(piq_item_table_n_concepts(x), 1);
    piq_buf bx = written(x), by = written(y);
    assert_int_equal(bx.len, by.len);
    assert_memory_equal(bx.ptr, by.ptr, bx.len);
    piq_buf_release(&bx);
    piq_buf_release(&by);
    piq_item_table_free(x);
    piq_item_table_free(y);
    piq_item_builder_free(with);
    piq_item_builder_free(without);
}

static void test_item_table__nobody_is_a_table_too(void **state)
{
    (void)state;
    piq_item_builder *b = new_builder();
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    assert_int_equal(piq_item_table_n_items(t), 0);
    piq_item_view v = look_first(t, 0, 0);
    assert_near(v.logit, 0.0, 0.0);
    assert_near(v.item_rate, 0.0, 0.0);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

/* --- binding ---------------------------------------------------------------
 */

static void test_item_table__numbers_are_the_tables_own(void **state)
{
    (void)state;
    piq_item_builder *b = new_builder();
    add_alone(b, 0, 2, ON_B, 1);
    add_alone(b, 0, 1, ON_B, 0);
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    piq_item_binding *x;
    assert_int_equal(piq_item_bind_names(t, &NAMES, &x), PIQ_OK);
    /* Items 20 and 30 are 0 and 1, by id; the others are unknown: 2. */
    assert_int_equal(piq_item_binding_item(x, (piq_item_ix){0}), 2);
    assert_int_equal(piq_item_binding_item(x, (piq_item_ix){1}), 0);
    assert_int_equal(piq_item_binding_item(x, (piq_item_ix){2}), 1);
    assert_int_equal(piq_item_binding_item(x, (piq_item_ix){PIQ_NO_IX32}), 2);
    assert_int_equal(piq_item_binding_concept(x, (piq_concept_ix){0}), 1);
    assert_int_equal(piq_item_binding_concept(x, (piq_concept_ix){1}), 0);
    piq_item_binding_free(x);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

static void test_item_table__found_by_id_wherever_it_stands(void **state)
{
    (void)state;
    piq_item_builder *b = new_builder();
    for (int l = 0; l < 50; l++) {
        add_alone(b, 0, 0, ON_A, 1);
        add_alone(b, 0, 1, ON_A, 0);
    }
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    static const int64_t moved[] = {99, 20, 10};
    static const piq_str concepts[] = {{"new", 3}, {"a", 1}};
    piq_item_names names = {moved, 3, concepts, 2};
    piq_item_binding *x;
    assert_int_equal(piq_item_bind_names(t, &names, &x), PIQ_OK);
    piq_situation s = first_meeting(2, 1);
    piq_item_view there, here = look_first(t, 0, 0);
    piq_item_binding_look(x, &s, &there);
    assert_true(there.logit == here.logit);
    piq_item_binding_free(x);
    piq_item_table_free(t);
    piq_item_builder_free(b);
}

static void test_item_table__curriculum_speaks_for_what_is_unknown(void **state)
{
    (void)state;
    feature_world w = feature_world_new(3, 12, 0);
    const piq_catalogue *c = w.catalogue;
    for (uint32_t i = 0; i < c->n_items; i++) {
        const piq_item *x = &c->items[i];
        if (x->n_concepts != 1)
            continue;
        uint16_t k = x->concepts[0].concept.v;
        piq_situation s = first_meeting(i, k);
        piq_item_view v;
        piq_item_binding_look(w.binding, &s, &v);
        /* The concept at -(d_k - .5) * 5 / 2, the item at its own. */
        assert_near(v.logit, -piq_difficulty_logit(x->difficulty) / 2.0, 1e-5);
    }
    feature_world_free(&w);
}

/* --- the stored form -------------------------------------------------------
 */

static piq_item_table *busy_table(void)
{
    piq_item_builder *b = new_builder();
    piq_rng r;
    piq_rng_seed(&r, 11);
    for (int l = 0; l < 40; l++) {
        piq_item_builder_learner(b, 0);
        for (int i = 0; i < 12; i++)
            add(b, (uint32_t)piq_rng_below(&r, 4),
                piq_rng_below(&r, 2) ? ON_A : ON_B, (int)piq_rng_below(&r, 2));
    }
    piq_item_table *t = freeze(b, PIQ_EVERY_GROUP);
    piq_item_builder_free(b);
    return t;
}

static void test_item_table__reads_back_to_the_same_bytes(void **state)
{
    (void)state;
    piq_item_table *t = busy_table(), *back;
    piq_buf bytes = written(t);
    piq_reader in;
    piq_reader_init(&in, bytes.ptr, bytes.len);
    assert_int_equal(piq_item_table_decode(&in, &back, NULL), PIQ_OK);
    assert_ptr_equal(in.at, in.end);
    piq_buf again = written(back);
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.ptr, bytes.ptr, bytes.len);
    piq_item_view x = look_first(t, 1, 1), y = look_first(back, 1, 1);
    assert_memory_equal(&x, &y, sizeof x);
    piq_buf_release(&again);
    piq_buf_release(&bytes);
    piq_item_table_free(back);
    piq_item_table_free(t);
}

static void test_item_table__cut_short_is_refused(void **state)
{
    (void)state;
    piq_item_table *t = busy_table();
    piq_buf bytes = written(t);
    for (size_t len = 0; len < bytes.len; len++) {
        piq_item_table *back = NULL;
        piq_reader in;
        char *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, bytes.ptr, len);
        piq_reader_init(&in, exact, len);
        assert_int_equal(piq_item_table_decode(&in, &back, NULL), PIQ_ECORRUPT);
        assert_null(back);
        free(exact);
    }
    piq_buf_release(&bytes);
    piq_item_table_free(t);
}

static void test_item_table__damage_is_refused_or_harmless(void **state)
{
    (void)state;
    piq_item_table *t = busy_table();
    piq_buf bytes = written(t);
    for (size_t at = 0; at < bytes.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            piq_item_table *back = NULL;
            piq_reader in;
            bytes.ptr[at] = (char)(bytes.ptr[at] ^ (1 << bit));
            piq_reader_init(&in, bytes.ptr, bytes.len);
            piq_status status = piq_item_table_decode(&in, &back, NULL);
            assert_true(status == PIQ_OK || status == PIQ_ECORRUPT);
            if (status == PIQ_OK)
                assert_true(isfinite(look_first(back, 0, 0).logit));
            piq_item_table_free(back);
            bytes.ptr[at] = (char)(bytes.ptr[at] ^ (1 << bit));
        }
    }
    piq_buf_release(&bytes);
    piq_item_table_free(t);
}

static void test_item_table__a_number_that_is_none_is_refused(void **state)
{
    (void)state;
    /* Version, no items, no concepts, one effect: the base of a first try. */
    piq_buf bytes;
    piq_buf_init(&bytes, 0);
    piq_buf_put_u8(&bytes, 1);
    piq_buf_put_varint(&bytes, 0);
    piq_buf_put_varint(&bytes, 0);
    piq_buf_put_varint(&bytes, 1);
    piq_buf_put_varint(&bytes, 0);
    size_t at = bytes.len;
    piq_buf_put_f32(&bytes, 0.5f);
    piq_buf_put_varint(&bytes, 7);
    piq_item_table *t = NULL;
    piq_reader in;
    piq_reader_init(&in, bytes.ptr, bytes.len);
    assert_int_equal(piq_item_table_decode(&in, &t, NULL), PIQ_OK);
    piq_item_table_free(t);
    static const uint8_t nan_bits[] = {0, 0, 0xC0, 0x7F};
    memcpy(bytes.ptr + at, nan_bits, sizeof nan_bits);
    piq_reader_init(&in, bytes.ptr, bytes.len);
    piq_err err = {0};
    assert_int_equal(piq_item_table_decode(&in, &t, &err), PIQ_ECORRUPT);
    assert_true(err.message[0] != '\0');
    piq_buf_release(&bytes);
}

/* --- no memory -------------------------------------------------------------
 */

static piq_status whole_life(void)
{
    piq_item_builder *b = NULL;
    piq_item_table *t = NULL, *back = NULL;
    piq_item_binding *x = NULL;
    piq_buf bytes;
    piq_reader in;
    piq_ask ask = ask_of(1, ON_A);
    piq_buf_init(&bytes, 0);
    piq_status status = piq_item_builder_new(&NAMES, &b);
    if (status == PIQ_OK)
        piq_item_builder_learner(b, 0);
    for (int i = 0; status == PIQ_OK && i < 80; i++)
        status = piq_item_builder_add(b, &ask, (float)(i & 1));
    if (status == PIQ_OK)
        status = piq_item_builder_freeze(b, PIQ_EVERY_GROUP, &t);
    if (status == PIQ_OK)
        status = piq_item_bind_names(t, &NAMES, &x);
    if (status == PIQ_OK) {
        piq_item_table_encode(t, &bytes);
        status = bytes.status;
    }
    piq_reader_init(&in, bytes.ptr, bytes.len);
    if (status == PIQ_OK)
        status = piq_item_table_decode(&in, &back, NULL);
    piq_buf_release(&bytes);
    piq_item_binding_free(x);
    piq_item_table_free(back);
    piq_item_table_free(t);
    piq_item_builder_free(b);
    return status;
}

static void test_item_table__no_memory_is_said_and_nothing_lost(void **state)
{
    (void)state;
    piq_status status = PIQ_ENOMEM;
    long k = 1;
    for (; status != PIQ_OK && k < 1000; k++) {
        piq_alloc_fail_after(k, 0);
        status = whole_life();
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
    }
    piq_alloc_fail_after(0, 0);
    assert_int_equal(status, PIQ_OK);
    assert_true(k > 20); /* it did allocate */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_item_table__raw_rate_starts_as_the_level_above),
        cmocka_unit_test(test_item_table__few_answers_say_less_than_many),
        cmocka_unit_test(test_item_table__hard_for_the_able_is_hard),
        cmocka_unit_test(test_item_table__what_came_before_counts),
        cmocka_unit_test(test_item_table__an_answer_told_twice_counts_once),
        cmocka_unit_test(test_item_table__unknown_item_stands_with_its_concept),
        cmocka_unit_test(test_item_table__left_out_is_as_never_told),
        cmocka_unit_test(test_item_table__nobody_is_a_table_too),
        cmocka_unit_test(test_item_table__numbers_are_the_tables_own),
        cmocka_unit_test(test_item_table__found_by_id_wherever_it_stands),
        cmocka_unit_test(
            test_item_table__curriculum_speaks_for_what_is_unknown),
        cmocka_unit_test(test_item_table__reads_back_to_the_same_bytes),
        cmocka_unit_test(test_item_table__cut_short_is_refused),
        cmocka_unit_test(test_item_table__damage_is_refused_or_harmless),
        cmocka_unit_test(test_item_table__a_number_that_is_none_is_refused),
        cmocka_unit_test(test_item_table__no_memory_is_said_and_nothing_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
