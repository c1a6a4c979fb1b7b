/* The live path and the batch path say the same of the same answers. */
/* threads:tsan */
#include "train/kt_live.h"

#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/random_kt_model.h"
#include "support/small_model.h"
#include "train/kt_rows.h"

#include <stdlib.h>
#include <string.h>

typedef struct world {
    piq_catalogue *c;
    piq_kt_data data;
    piq_kt_role *role;
} world;

static world make_world(void)
{
    world w = {.c = random_catalogue(4, 2, 6, 30)};
    small_world answers = small_world_usual();
    answers.n_learners = 40;
    answers.n_answers = 30;
    w.data = small_answers(w.c, answers, 4, NULL);
    w.role = small_roles(&w.data);
    return w;
}

static void free_world(world *w)
{
    free(w->role);
    piq_kt_data_release(&w->data);
    piq_catalogue_free(w->c);
}

/* Live, against rows, members and blend, for the learners of part 0. */
static void check_agree(const world *w, const piq_kt_model *m)
{
    const piq_kt_data *d = &w->data;
    piq_arena a;
    piq_kt_set set;
    double *logits[PIQ_N_MEMBERS];
    piq_arena_init(&a, 0);
    double *live = piq_new(&a, double, d->n_answers);
    assert_int_equal(piq_kt_live_predict(d, m, NULL, 1, live, NULL), PIQ_OK);
    assert_int_equal(
        piq_kt_rows_with(d, w->role, PIQ_KT_VALID, m->items, 1, &set, NULL),
        PIQ_OK);
    assert_true(set.n_rows > 100);
    double *p = piq_new(&a, double, set.n_rows);
    assert_int_equal(piq_kt_score_members(&a, m, &set, 1, logits), PIQ_OK);
    piq_kt_score_blend(&m->blend, logits, set.n_rows, p);
    size_t row = 0;
    for (size_t l = 0; l < d->n_learners; l++)
        for (size_t i = d->first[l];
             i < d->first[l + 1] && w->role[l] == PIQ_KT_VALID; i++)
            assert_near(live[i], p[row++], 1e-6);
    assert_int_equal(row, set.n_rows);
    piq_kt_set_release(&set);
    piq_arena_release(&a);
}

static void test_kt_live__live_is_as_in_batch(void **state)
{
    (void)state;
    world w = make_world();
    piq_kt_model *m = random_kt_model(3, w.c, random_kt_small(w.c));
    check_agree(&w, m); /* every member takes part */
    piq_kt_model_free(m);
    free_world(&w);
}

static void test_kt_live__so_it_is_with_a_fitted_model(void **state)
{
    (void)state;
    world w = make_world();
    piq_kt_fit_options o = small_options(true, false, true);
    o.threads = 2;
    piq_kt_model *m = small_model(&w.data, &o);
    check_agree(&w, m);
    piq_kt_model_free(m);
    free_world(&w);
}

static void test_kt_live__threads_change_nothing(void **state)
{
    (void)state;
    world w = make_world();
    size_t n = w.data.n_answers;
    piq_kt_model *m = random_kt_model(3, w.c, random_kt_small(w.c));
    double *one = calloc(n, sizeof *one), *many = calloc(n, sizeof *many);
    assert_int_equal(piq_kt_live_predict(&w.data, m, NULL, 1, one, NULL),
                     PIQ_OK);
    for (unsigned threads = 2; threads < 5; threads++) {
        assert_int_equal(
            piq_kt_live_predict(&w.data, m, NULL, threads, many, NULL), PIQ_OK);
        assert_memory_equal(one, many, n * sizeof *one);
    }
    free(one);
    free(many);
    piq_kt_model_free(m);
    free_world(&w);
}

static void test_kt_live__only_who_is_wanted(void **state)
{
    (void)state;
    world w = make_world();
    const piq_kt_data *d = &w.data;
    piq_kt_model *m = random_kt_model(3, w.c, random_kt_small(w.c));
    bool *wanted = calloc(d->n_learners, sizeof *wanted);
    double *all = calloc(d->n_answers, sizeof *all);
    double *some = calloc(d->n_answers, sizeof *some);
    for (size_t l = 0; l < d->n_learners; l++)
        wanted[l] = l % 3 == 1;
    for (size_t i = 0; i < d->n_answers; i++)
        some[i] = -5;
    assert_int_equal(piq_kt_live_predict(d, m, NULL, 2, all, NULL), PIQ_OK);
    assert_int_equal(piq_kt_live_predict(d, m, wanted, 2, some, NULL), PIQ_OK);
    for (size_t l = 0; l < d->n_learners; l++)
        for (size_t i = d->first[l]; i < d->first[l + 1]; i++)
            assert_true(some[i] == (wanted[l] ? all[i] : -5));
    free(wanted);
    free(all);
    free(some);
    piq_kt_model_free(m);
    free_world(&w);
}

static void test_kt_live__cost_is_measured(void **state)
{
    (void)state;
    world w = make_world();
    piq_kt_model *m = random_kt_model(3, w.c, random_kt_small(w.c));
    bool *nobody = calloc(w.data.n_learners, sizeof *nobody);
    double us = -1;
    assert_int_equal(piq_kt_live_cost(&w.data, m, NULL, &us), PIQ_OK);
    assert_true(us > 0);
    assert_int_equal(piq_kt_live_cost(&w.data, m, nobody, &us), PIQ_OK);
    assert_true(isnan(us));
    free(nobody);
    piq_kt_model_free(m);
    free_world(&w);
}

static void test_kt_live__lacking_memory_leaks_nothing(void **state)
{
    (void)state;
    world w = make_world();
    piq_kt_model *m = random_kt_model(3, w.c, random_kt_small(w.c));
    double *p = calloc(w.data.n_answers, sizeof *p), us;
    piq_status status = PIQ_ENOMEM;
    for (long n = 1; status != PIQ_OK; n++) {
        piq_err err = {0};
        piq_alloc_fail_after(n, 0);
        status = piq_kt_live_predict(&w.data, m, NULL, 2, p, &err);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK ||
                    (status == PIQ_ENOMEM && err.status == PIQ_ENOMEM));
    }
    status = PIQ_ENOMEM;
    for (long n = 1; status != PIQ_OK; n++) {
        piq_alloc_fail_after(n, 0);
        status = piq_kt_live_cost(&w.data, m, NULL, &us);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
    }
    free(p);
    piq_kt_model_free(m);
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt_live__live_is_as_in_batch),
        cmocka_unit_test(test_kt_live__so_it_is_with_a_fitted_model),
        cmocka_unit_test(test_kt_live__threads_change_nothing),
        cmocka_unit_test(test_kt_live__only_who_is_wanted),
        cmocka_unit_test(test_kt_live__cost_is_measured),
        cmocka_unit_test(test_kt_live__lacking_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
