/* Answers taken one by one into a data set to fit on. */
#include "train/kt_collect.h"

#include "support/random_catalogue.h"
#include "support/small_catalogue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const piq_concept_weight broth[1] = {{{BROTH}, 1}};
static const piq_concept_weight both[2] = {{{BROTH}, .5}, {{SAUCE}, .5}};
static const piq_response right = {.score = 1, .response_ms = 4000};
static const piq_response wrong = {.score = .25f, .hint = true};

static piq_ask ask_of(uint32_t item, const piq_concept_weight *list, size_t n,
                      int64_t at_us)
{
    return (piq_ask){
        .item = {item}, .concepts = list, .n_concepts = n, .at_us = at_us};
}

static piq_kt_collector *new_collector(const piq_catalogue *c, unsigned n_parts)
{
    piq_kt_collector *k;
    assert_int_equal(piq_kt_collector_new(c, n_parts, &k), PIQ_OK);
    return k;
}

static void begin(piq_kt_collector *k, int64_t user)
{
    assert_int_equal(piq_kt_collector_learner(k, (piq_user_id){user}), PIQ_OK);
}

static void add(piq_kt_collector *k, piq_ask ask, piq_response response)
{
    assert_int_equal(piq_kt_collector_add(k, &ask, &response, .5f), PIQ_OK);
}

static piq_kt_data finish(piq_kt_collector *k)
{
    piq_kt_data d;
    piq_kt_collector_finish(k, "events", &d);
    piq_kt_collector_free(k);
    return d;
}

static void test_kt_collect__answers_are_kept_as_given(void **state)
{
    (void)state;
    piq_catalogue *c = small_catalogue();
    piq_kt_collector *k = new_collector(c, 5);
    begin(k, 7);
    add(k, ask_of(PIQ_NO_IX32, broth, 1, 1000), right);
    piq_ask ask = ask_of(PIQ_NO_IX32, both, 2, 2000);
    assert_int_equal(piq_kt_collector_add(k, &ask, &wrong, NAN), PIQ_OK);
    piq_kt_data d = finish(k);
    assert_string_equal(d.name, "events");
    assert_true(d.has_times);
    assert_int_equal(d.n_parts, 5);
    assert_true(d.n_learners == 1 && d.n_answers == 2 && d.n_tasks == 2);
    assert_true(d.part[0] < 5);
    assert_int_equal(d.first[0], 0);
    assert_int_equal(d.first[1], 2);
    const piq_kt_answer *a = d.answers;
    assert_true(a[0].at_us == 1000 && a[0].score == 1.0f && !a[0].hint);
    assert_true(a[0].response_ms == 4000 && a[0].foreseen == .5f);
    assert_true(a[1].at_us == 2000 && a[1].score == .25f && a[1].hint);
    assert_true(a[1].response_ms == 0 && isnan(a[1].foreseen));
    assert_false(a[1].repeat);
    ask = piq_kt_data_ask(&d, &a[1]);
    assert_int_equal(ask.n_concepts, 2);
    assert_int_equal(ask.concepts[1].concept.v, SAUCE);
    assert_true(ask.concepts[1].weight == .5);
    piq_kt_data_release(&d);
    piq_catalogue_free(c);
}

static void test_kt_collect__positions_are_those_of_the_catalogue(void **state)
{
    (void)state;
    piq_catalogue *c = random_catalogue(3, 2, 6, 20);
    c->version = 4;
    piq_kt_collector *k = new_collector(c, 2);
    begin(k, 1);
    uint32_t last = (uint32_t)c->n_items - 1;
    add(k, ask_of(last, c->items[last].concepts, c->items[last].n_concepts, 1),
        right);
    size_t n_items = c->n_items, n_concepts = c->n_concepts;
    int64_t last_id = c->items[last].id.v;
    char first_id[64];
    snprintf(first_id, sizeof first_id, "%.*s", PIQ_STR_ARG(c->concepts[0].id));
    piq_catalogue_free(c); /* it was copied */
    piq_kt_data d = finish(k);
    assert_int_equal(d.n_items, n_items);
    assert_int_equal(d.n_concepts, n_concepts);
    assert_int_equal(d.catalogue->version, 4);
    assert_int_equal(d.item_ids[last], last_id);
    assert_true(piq_str_eq(d.concept_ids[0], piq_str_of(first_id)));
    assert_int_equal(piq_kt_data_ask(&d, &d.answers[0]).item.v, last);
    piq_kt_data_release(&d);
}

static void test_kt_collect__what_is_asked_again_is_one_task(void **state)
{
    (void)state;
    piq_catalogue *c = small_catalogue();
    static const piq_concept_weight turned[2] = {{{SAUCE}, .5}, {{BROTH}, .5}};
    static const piq_concept_weight other[2] = {{{BROTH}, .25}, {{SAUCE}, .75}};
    /* The same shares as `both`: weights are made to sum to 1. */
    static const piq_concept_weight doubled[2] = {{{BROTH}, 1}, {{SAUCE}, 1}};
    piq_kt_collector *k = new_collector(c, 1);
    for (int64_t user = 1; user <= 2; user++) {
        begin(k, user);
        add(k, ask_of(PIQ_NO_IX32, both, 2, 1), right);
        add(k, ask_of(PIQ_NO_IX32, turned, 2, 2), right);
        add(k, ask_of(PIQ_NO_IX32, doubled, 2, 3), right);
        add(k, ask_of(PIQ_NO_IX32, other, 2, 4), right);
        add(k, ask_of(PIQ_NO_IX32, broth, 1, 5), right);
    }
    piq_kt_data d = finish(k);
    assert_int_equal(d.n_tasks, 3);
    for (size_t i = 0; i < 10; i++) {
        static const uint32_t expected[5] = {0, 0, 0, 1, 2};
        assert_int_equal(d.answers[i].task, expected[i % 5]);
    }
    piq_kt_data_release(&d);
    piq_catalogue_free(c);
}

static void test_kt_collect__many_tasks_are_told_apart(void **state)
{
    (void)state;
    enum { N = 3000 }; /* everything grows more than once */
    piq_catalogue *c = random_catalogue(5, 2, 200, 200);
    assert_true(c->n_items > 256);
    piq_kt_collector *k = new_collector(c, 3);
    for (uint32_t i = 0; i < N; i++) {
        if (i % 5 == 0)
            begin(k, 1 + i / 5);
        const piq_item *item = &c->items[i % c->n_items];
        add(k,
            ask_of((uint32_t)(i % c->n_items), item->concepts, item->n_concepts,
                   i),
            right);
    }
    piq_kt_data d = finish(k);
    assert_int_equal(d.n_learners, N / 5);
    assert_int_equal(d.n_tasks, c->n_items);
    for (size_t i = 0; i < N; i++) {
        piq_ask ask = piq_kt_data_ask(&d, &d.answers[i]);
        const piq_item *item = &c->items[i % c->n_items];
        assert_int_equal(ask.item.v, i % c->n_items);
        assert_int_equal(ask.n_concepts, item->n_concepts);
        assert_int_equal(d.answers[i].at_us, i);
        assert_int_equal(d.first[i / 5], i / 5 * 5);
    }
    piq_kt_data_release(&d);
    piq_catalogue_free(c);
}

static void test_kt_collect__the_heaviest_concepts_are_kept(void **state)
{
    (void)state;
    enum { N = 12 };
    piq_catalogue *c = random_catalogue(5, 2, N, 30);
    piq_concept_weight list[N];
    double kept = 0, sum = 0;
    /* Concept 0 weighs 5/78 .., the lightest are 7, 2, 9, 4: by (5 i) mod 12
     * + 1 of them 12 - 8 = 4 are below 5. */
    for (size_t i = 0; i < N; i++) {
        double w = (double)((5 * i + 4) % N + 1);
        list[i] = (piq_concept_weight){{(uint16_t)(N - 1 - i)}, w / 78};
        kept += w > 4 ? w : 0;
    }
    piq_kt_collector *k = new_collector(c, 2);
    begin(k, 1);
    add(k, ask_of(PIQ_NO_IX32, list, N, 1), right);
    piq_kt_data d = finish(k);
    piq_ask ask = piq_kt_data_ask(&d, &d.answers[0]);
    assert_int_equal(ask.n_concepts, PIQ_MAX_ITEM_CONCEPTS);
    for (size_t i = 0; i < ask.n_concepts; i++) {
        double w = list[N - 1 - ask.concepts[i].concept.v].weight * 78;
        assert_true(w > 4.5);
        assert_true(fabs(ask.concepts[i].weight - w / kept) < 1e-12);
        if (i)
            assert_true(ask.concepts[i - 1].concept.v <
                        ask.concepts[i].concept.v);
        sum += ask.concepts[i].weight;
    }
    assert_true(fabs(sum - 1) < 1e-12);
    piq_kt_data_release(&d);
    piq_catalogue_free(c);
}

static void test_kt_collect__who_gave_no_answer_is_forgotten(void **state)
{
    (void)state;
    piq_catalogue *c = small_catalogue();
    piq_kt_collector *k = new_collector(c, 250);
    begin(k, 1);
    begin(k, 2);
    begin(k, 3);
    add(k, ask_of(PIQ_NO_IX32, broth, 1, 1), right);
    begin(k, 4);
    begin(k, 5);
    add(k, ask_of(PIQ_NO_IX32, broth, 1, 1), right);
    begin(k, 6);
    piq_kt_data d = finish(k);
    assert_int_equal(d.n_learners, 2);
    assert_int_equal(d.first[0], 0);
    assert_int_equal(d.first[1], 1);
    assert_int_equal(d.first[2], 2);
    /* The same learner is in the same part, whoever else is there. */
    k = new_collector(c, 250);
    begin(k, 5);
    add(k, ask_of(PIQ_NO_IX32, broth, 1, 1), right);
    piq_kt_data alone = finish(k);
    assert_int_equal(alone.part[0], d.part[1]);
    assert_int_not_equal(d.part[0], d.part[1]); /* 3 and 5 */
    piq_kt_data_release(&alone);
    piq_kt_data_release(&d);
    piq_catalogue_free(c);
}

static void test_kt_collect__nobody_is_a_data_set_too(void **state)
{
    (void)state;
    piq_catalogue *c = small_catalogue();
    piq_kt_collector *k = new_collector(c, 3);
    piq_kt_data d = finish(k);
    assert_true(d.n_learners == 0 && d.n_answers == 0 && d.n_tasks == 0);
    piq_kt_data_release(&d);
    k = new_collector(c, 3);
    begin(k, 1);
    d = finish(k);
    assert_int_equal(d.n_learners, 0);
    piq_kt_data_release(&d);
    piq_catalogue_free(c);
}

static void test_kt_collect__no_memory_to_begin_leaks_nothing(void **state)
{
    (void)state;
    piq_kt_collector *k = NULL;
    piq_catalogue *c = random_catalogue(5, 1, 2, 3);
    for (long n = 1; !k; n++) {
        piq_alloc_fail_after(n, 0);
        piq_status status = piq_kt_collector_new(c, 2, &k);
        piq_alloc_fail_after(0, 0);
        assert_int_equal(status, k ? PIQ_OK : PIQ_ENOMEM);
    }
    piq_kt_collector_free(k);
    piq_catalogue_free(c);
}

enum { N_TASKS = 300 };

/* A task of its own for each i. */
static piq_ask odd_ask(uint32_t i, piq_concept_weight list[2])
{
    double share = (1 + i) / (double)(N_TASKS + 2);
    list[0] = (piq_concept_weight){{BROTH}, share};
    list[1] = (piq_concept_weight){{EMULSION}, 1 - share};
    return ask_of(PIQ_NO_IX32, list, 2, i);
}

/* The nth allocation fails; what was refused is given again. */
static piq_kt_data collect_through(const piq_catalogue *c, long n, bool *failed)
{
    piq_concept_weight list[2];
    piq_kt_collector *k = new_collector(c, 2);
    *failed = false;
    piq_alloc_fail_after(n, 0);
    for (uint32_t i = 0; i < 2 * N_TASKS; i++) {
        piq_ask ask = odd_ask(i % N_TASKS, list);
        if (i % 2 == 0 && piq_kt_collector_learner(k, (piq_user_id){1 + i})) {
            *failed = true;
            begin(k, 1 + i);
        }
        if (piq_kt_collector_add(k, &ask, &right, .5f)) {
            *failed = true;
            add(k, ask, right);
        }
    }
    piq_alloc_fail_after(0, 0);
    return finish(k);
}

static void test_kt_collect__lacking_memory_loses_nothing(void **state)
{
    (void)state;
    bool failed = true;
    long n = 1;
    piq_catalogue *c = small_catalogue();
    for (; failed; n++) {
        piq_kt_data d = collect_through(c, n, &failed);
        assert_int_equal(d.n_learners, N_TASKS);
        assert_int_equal(d.n_answers, 2 * N_TASKS);
        assert_int_equal(d.n_tasks, N_TASKS);
        for (uint32_t i = 0; i < 2 * N_TASKS; i++) {
            piq_concept_weight list[2];
            piq_ask given = odd_ask(i % N_TASKS, list);
            piq_ask ask = piq_kt_data_ask(&d, &d.answers[i]);
            assert_int_equal(ask.n_concepts, 2);
            assert_int_equal(ask.concepts[1].concept.v, EMULSION);
            assert_true(
                fabs(ask.concepts[0].weight - given.concepts[0].weight) < 1e-9);
        }
        piq_kt_data_release(&d);
    }
    assert_true(n > 10);
    piq_catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt_collect__answers_are_kept_as_given),
        cmocka_unit_test(test_kt_collect__positions_are_those_of_the_catalogue),
        cmocka_unit_test(test_kt_collect__what_is_asked_again_is_one_task),
        cmocka_unit_test(test_kt_collect__many_tasks_are_told_apart),
        cmocka_unit_test(test_kt_collect__the_heaviest_concepts_are_kept),
        cmocka_unit_test(test_kt_collect__who_gave_no_answer_is_forgotten),
        cmocka_unit_test(test_kt_collect__nobody_is_a_data_set_too),
        cmocka_unit_test(test_kt_collect__no_memory_to_begin_leaks_nothing),
        cmocka_unit_test(test_kt_collect__lacking_memory_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
