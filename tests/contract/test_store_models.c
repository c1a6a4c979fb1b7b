/* threads:tsan
 * What every backend of store.h owes for trained models: versions, champions
 * and their history; and the steps of store/registry.h over them. */
#include "contract/memory_place.h"
#include "contract/store_contract.h"
#include "store/registry.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- rows ------------------------------------------------------------ */

static piq_model_row model_of(const char *body)
{
    return (piq_model_row){.kind = PIQ_MODEL_KT,
                           .made_us = T0,
                           .digest = UINT64_C(0xfedcba9876543210),
                           .about = PIQ_STR("{\"data\":\"caf\xc3\xa9\"}"),
                           .body = piq_str_of(body)};
}

static uint32_t put(store_fixture *f, const char *body)
{
    piq_model_row row = model_of(body);
    assert_status(f, PIQ_OK, f->s->ops->put_model(f->s, &row, &f->err));
    return row.version;
}

static piq_champion_row champion_of(uint32_t number, uint32_t model)
{
    return (piq_champion_row){.number = number,
                              .kind = PIQ_MODEL_KT,
                              .model = model,
                              .previous = number - 1,
                              .at_us = T0 + number,
                              .reason = PIQ_STR("better")};
}

static piq_status promote(store_fixture *f, piq_champion_row row)
{
    return f->s->ops->promote(f->s, &row, &f->err);
}

static piq_status read_model(store_fixture *f, uint32_t version,
                             piq_model_row *out)
{
    return f->s->ops->model(f->s, &f->a, PIQ_MODEL_KT, version, out, &f->err);
}

static void assert_champion(store_fixture *f, uint32_t number, uint32_t model)
{
    uint32_t found_number = 99, found_model = 99;
    assert_status(f, PIQ_OK,
                  f->s->ops->champion(f->s, PIQ_MODEL_KT, &found_number,
                                      &found_model, &f->err));
    assert_int_equal(found_number, number);
    assert_int_equal(found_model, model);
}

static size_t list_models(store_fixture *f, piq_model_row **out)
{
    size_t n = 0;
    assert_status(
        f, PIQ_OK,
        f->s->ops->models(f->s, &f->a, PIQ_MODEL_KT, out, &n, &f->err));
    return n;
}

/* ---- models ---------------------------------------------------------- */

static void test_store__model_comes_back_as_it_was(void **state)
{
    store_fixture *f = *state;
    piq_model_row in = model_of(""), got;
    in.body = (piq_str){"a\0b\xff", 4};
    assert_status(f, PIQ_OK, f->s->ops->put_model(f->s, &in, &f->err));
    assert_int_equal(in.version, 1);
    assert_int_equal(in.n_bytes, 4);
    assert_true(in.has_body);
    fixture_reopen(f);
    assert_status(f, PIQ_OK, read_model(f, 1, &got));
    assert_int_equal(got.version, 1);
    assert_str("kt", got.kind);
    assert_int_equal(got.made_us, T0);
    assert_true(got.digest == in.digest);
    assert_int_equal(got.n_bytes, 4);
    assert_true(got.has_body);
    assert_true(piq_str_eq(got.about, in.about));
    assert_true(piq_str_eq(got.body, in.body));
}

static void test_store__large_model_comes_back(void **state)
{
    enum { BYTES = 3 << 20 };
    store_fixture *f = *state;
    char *body = malloc(BYTES);
    assert_non_null(body);
    for (size_t i = 0; i < BYTES; i++)
        body[i] = (char)(i * 131 >> 3);
    piq_model_row in = model_of(""), got = {0};
    in.body = (piq_str){body, BYTES};
    assert_status(f, PIQ_OK, f->s->ops->put_model(f->s, &in, &f->err));
    piq_arena small;
    piq_arena_init(&small, BYTES / 2);
    assert_status(
        f, PIQ_ENOMEM,
        f->s->ops->model(f->s, &small, in.kind, in.version, &got, &f->err));
    assert_int_equal(got.version, 0); /* untouched */
    piq_arena_release(&small);
    assert_status(f, PIQ_OK, read_model(f, in.version, &got));
    assert_true(piq_str_eq(got.body, in.body));
    free(body);
}

static void test_store__models_of_a_kind_are_listed_without_bodies(void **state)
{
    store_fixture *f = *state;
    piq_model_row *rows, other = model_of("other"), got;
    assert_int_equal(list_models(f, &rows), 0);
    assert_int_equal(put(f, "one"), 1);
    other.kind = PIQ_STR("other");
    assert_status(f, PIQ_OK, f->s->ops->put_model(f->s, &other, &f->err));
    assert_int_equal(other.version, 2); /* over all kinds */
    assert_int_equal(put(f, "three"), 3);
    assert_int_equal(list_models(f, &rows), 2);
    assert_int_equal(rows[0].version, 1);
    assert_int_equal(rows[1].version, 3);
    assert_int_equal(rows[1].n_bytes, 5);
    assert_true(rows[1].has_body);
    assert_int_equal(rows[1].body.len, 0);
    assert_str("{\"data\":\"caf\xc3\xa9\"}", rows[1].about);
    assert_status(f, PIQ_ENOTFOUND, read_model(f, 2, &got)); /* another kind */
}

static void test_store__model_that_is_none_is_refused(void **state)
{
    store_fixture *f = *state;
    piq_model_row bad[4], *rows;
    for (int i = 0; i < 4; i++)
        bad[i] = model_of("body");
    bad[0].kind = PIQ_STR("");
    bad[1].body = PIQ_STR("");
    bad[2].about = PIQ_STR("not JSON");
    bad[3].about = PIQ_STR("");
    for (int i = 0; i < 4; i++) {
        assert_status(f, PIQ_EINVAL,
                      f->s->ops->put_model(f->s, &bad[i], &f->err));
        assert_int_equal(bad[i].version, 0);
    }
    bad[0] = model_of("body");
    bad[0].body.len = (size_t)PIQ_STORE_MAX_MODEL_BYTES + 1;
    assert_status(f, PIQ_ELIMIT, f->s->ops->put_model(f->s, &bad[0], &f->err));
    assert_int_equal(list_models(f, &rows), 0);
    assert_int_equal(put(f, "good"), 1);
}

static void test_store__dropped_model_keeps_its_row(void **state)
{
    store_fixture *f = *state;
    piq_model_row *rows, got;
    put(f, "one");
    put(f, "two");
    assert_status(f, PIQ_OK, promote(f, champion_of(1, 1)));
    const piq_store_ops *ops = f->s->ops;
    assert_status(f, PIQ_ECONFLICT,
                  ops->drop_model(f->s, PIQ_MODEL_KT, 1, &f->err));
    assert_status(f, PIQ_ENOTFOUND,
                  ops->drop_model(f->s, PIQ_STR("other"), 2, &f->err));
    assert_status(f, PIQ_OK, ops->drop_model(f->s, PIQ_MODEL_KT, 2, &f->err));
    assert_status(f, PIQ_ENOTFOUND,
                  ops->drop_model(f->s, PIQ_MODEL_KT, 2, &f->err));
    assert_status(f, PIQ_ENOTFOUND,
                  ops->drop_model(f->s, PIQ_MODEL_KT, 3, &f->err));
    assert_status(f, PIQ_ENOTFOUND, read_model(f, 2, &got));
    assert_status(f, PIQ_ENOTFOUND, promote(f, champion_of(2, 2)));
    assert_status(f, PIQ_OK, read_model(f, 1, &got));
    assert_int_equal(list_models(f, &rows), 2);
    assert_true(rows[0].has_body);
    assert_false(rows[1].has_body);
    assert_int_equal(rows[1].n_bytes, 3);
    fixture_reopen(f);
    assert_int_equal(put(f, "three"), 3); /* 2 is not given again */
}

/* ---- champions ------------------------------------------------------- */

static void test_store__nobody_is_champion_until_promoted(void **state)
{
    store_fixture *f = *state;
    piq_model_row got;
    piq_champion_row *rows;
    size_t n = 99;
    assert_champion(f, 0, 0);
    put(f, "one");
    assert_champion(f, 0, 0);
    assert_status(f, PIQ_ENOTFOUND, read_model(f, 0, &got));
    assert_status(
        f, PIQ_OK,
        f->s->ops->champions(f->s, &f->a, PIQ_MODEL_KT, 5, &rows, &n, &f->err));
    assert_int_equal(n, 0);
    assert_status(f, PIQ_OK, promote(f, champion_of(1, 1)));
    assert_champion(f, 1, 1);
    assert_status(f, PIQ_OK, read_model(f, 0, &got));
    assert_int_equal(got.version, 1);
    assert_str("one", got.body);
    assert_status(f, PIQ_OK, promote(f, champion_of(2, 0)));
    assert_champion(f, 2, 0);
    assert_status(f, PIQ_ENOTFOUND, read_model(f, 0, &got));
}

static void test_store__champions_come_newest_first(void **state)
{
    store_fixture *f = *state;
    put(f, "one");
    put(f, "two");
    for (uint32_t k = 1; k <= 3; k++)
        assert_status(f, PIQ_OK, promote(f, champion_of(k, 1 + k % 2)));
    piq_model_row other = model_of("other");
    other.kind = PIQ_STR("other");
    assert_status(f, PIQ_OK, f->s->ops->put_model(f->s, &other, &f->err));
    piq_champion_row first = champion_of(1, other.version);
    first.kind = other.kind; /* numbers are of a kind */
    assert_status(f, PIQ_OK, promote(f, first));
    fixture_reopen(f);
    piq_champion_row *rows;
    size_t n;
    assert_status(
        f, PIQ_OK,
        f->s->ops->champions(f->s, &f->a, PIQ_MODEL_KT, 2, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].number, 3);
    assert_int_equal(rows[0].model, 2);
    assert_int_equal(rows[0].previous, 2);
    assert_int_equal(rows[0].at_us, T0 + 3);
    assert_str("better", rows[0].reason);
    assert_str("kt", rows[0].kind);
    assert_int_equal(rows[1].number, 2);
    assert_champion(f, 3, 2);
}

static void test_store__promotion_that_does_not_follow_is_refused(void **state)
{
    store_fixture *f = *state;
    put(f, "one");
    assert_status(f, PIQ_ESTALE, promote(f, champion_of(2, 1)));
    assert_status(f, PIQ_OK, promote(f, champion_of(1, 1)));
    assert_status(f, PIQ_ESTALE, promote(f, champion_of(1, 1)));
    assert_status(f, PIQ_ESTALE, promote(f, champion_of(3, 1)));
    assert_status(f, PIQ_ENOTFOUND, promote(f, champion_of(2, 7)));
    piq_champion_row row = champion_of(2, 1);
    row.previous = 2;
    assert_status(f, PIQ_EINVAL, promote(f, row));
    row = champion_of(1, 1);
    row.kind = PIQ_STR("other"); /* model 1 is not of it */
    assert_status(f, PIQ_ENOTFOUND, promote(f, row));
    assert_champion(f, 1, 1);
}

static void test_store__promotion_is_seen_by_another_store_at_once(void **state)
{
    store_fixture *f = *state;
    piq_store *other;
    assert_status(f, PIQ_OK, f->kind->open(&f->place, &other, &f->err));
    assert_champion(f, 0, 0);
    put(f, "one");
    piq_champion_row row = champion_of(1, 1);
    assert_status(f, PIQ_OK, other->ops->promote(other, &row, &f->err));
    other->ops->close(other);
    assert_champion(f, 1, 1);
}

typedef struct claim {
    piq_store *s;
    atomic_int *n_won;
    atomic_int *n_wrong;
} claim;

static void *claim_numbers(void *ctx)
{
    claim *c = ctx;
    for (uint32_t k = 1; k <= 20; k++) {
        piq_champion_row row = champion_of(k, 1);
        piq_err err;
        piq_status st = c->s->ops->promote(c->s, &row, &err);
        atomic_fetch_add(st == PIQ_OK ? c->n_won : c->n_wrong,
                         st == PIQ_OK || st != PIQ_ESTALE);
    }
    return NULL;
}

/* A loser goes on to the next number, which may not be due yet; but each that
 * was reached has one winner. */
static void test_store__a_number_is_won_once(void **state)
{
    store_fixture *f = *state;
    atomic_int n_won = 0, n_wrong = 0;
    claim c = {f->s, &n_won, &n_wrong};
    pthread_t threads[2];
    uint32_t number, model;
    put(f, "one");
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, claim_numbers, &c),
                         0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_status(
        f, PIQ_OK,
        f->s->ops->champion(f->s, PIQ_MODEL_KT, &number, &model, &f->err));
    assert_int_equal(atomic_load(&n_won), number);
    assert_int_equal(atomic_load(&n_wrong), 0);
    assert_true(number >= 1);
}

/* ---- registry -------------------------------------------------------- */

static piq_registry_step step_of(const char *reason)
{
    return (piq_registry_step){PIQ_MODEL_KT, T0, piq_str_of(reason)};
}

static uint32_t present_number(store_fixture *f)
{
    uint32_t number, model;
    assert_status(
        f, PIQ_OK,
        f->s->ops->champion(f->s, PIQ_MODEL_KT, &number, &model, &f->err));
    return number;
}

static void must_promote(store_fixture *f, uint32_t version)
{
    piq_registry_step step = step_of("better");
    uint32_t after = present_number(f);
    assert_status(f, PIQ_OK,
                  piq_registry_promote(f->s, &step, version, after, &f->err));
    assert_champion(f, after + 1, version);
}

static piq_status roll_back(store_fixture *f, uint32_t *model)
{
    piq_registry_step step = step_of("worse after all");
    return piq_registry_rollback(f->s, &f->a, &step, model, &f->err);
}

static void assert_rolls_back_to(store_fixture *f, uint32_t expected)
{
    uint32_t model = 99, number = present_number(f);
    assert_status(f, PIQ_OK, roll_back(f, &model));
    assert_int_equal(model, expected);
    assert_champion(f, number + 1, expected);
}

static void put_three(store_fixture *f)
{
    put(f, "one");
    put(f, "two");
    put(f, "three");
}

static void test_registry__rolling_back_goes_on_to_no_model(void **state)
{
    store_fixture *f = *state;
    uint32_t model = 99;
    assert_status(f, PIQ_ENOTFOUND, roll_back(f, &model));
    put_three(f);
    for (uint32_t v = 1; v <= 3; v++)
        must_promote(f, v);
    assert_rolls_back_to(f, 2);
    assert_rolls_back_to(f, 1);
    assert_rolls_back_to(f, 0);
    assert_status(f, PIQ_ENOTFOUND, roll_back(f, &model));
    assert_int_equal(model, 99);
    assert_champion(f, 6, 0);
    must_promote(f, 3); /* after which there is nothing before it */
    assert_rolls_back_to(f, 0);
}

static void test_registry__rolling_back_undoes_the_last_promotion(void **state)
{
    store_fixture *f = *state;
    put_three(f);
    must_promote(f, 1);
    must_promote(f, 2);
    must_promote(f, 1); /* on purpose */
    assert_rolls_back_to(f, 2);
    must_promote(f, 3);
    assert_rolls_back_to(f, 2);
    assert_rolls_back_to(f, 1);
    assert_rolls_back_to(f, 0);
}

static void test_registry__dropped_models_are_passed_over(void **state)
{
    store_fixture *f = *state;
    put_three(f);
    for (uint32_t v = 1; v <= 3; v++)
        must_promote(f, v);
    assert_status(f, PIQ_OK,
                  f->s->ops->drop_model(f->s, PIQ_MODEL_KT, 2, &f->err));
    assert_rolls_back_to(f, 1);
    assert_rolls_back_to(f, 0);
}

static void assert_before(store_fixture *f, uint32_t number, uint32_t row,
                          uint32_t model)
{
    piq_registry_row found = {99, 99};
    assert_status(f, PIQ_OK,
                  piq_registry_before(f->s, &f->a, PIQ_MODEL_KT, number, &found,
                                      &f->err));
    assert_int_equal(found.number, row);
    assert_int_equal(found.model, model);
}

/* Rows: 1, 2, 3 promoted, then back to 2; then 1 dropped. */
static void test_registry__before_is_where_rolling_back_goes(void **state)
{
    store_fixture *f = *state;
    assert_before(f, 0, 0, 0);
    put_three(f);
    for (uint32_t v = 1; v <= 3; v++)
        must_promote(f, v);
    assert_rolls_back_to(f, 2);
    assert_before(f, 4, 1, 1);
    assert_before(f, 3, 2, 2);
    assert_before(f, 2, 1, 1);
    assert_before(f, 1, 0, 0);
    assert_before(f, 5, 0, 0); /* there is none */
    assert_status(f, PIQ_OK,
                  f->s->ops->drop_model(f->s, PIQ_MODEL_KT, 1, &f->err));
    assert_before(f, 4, 0, 0);
}

static void test_registry__champion_is_not_promoted_again(void **state)
{
    store_fixture *f = *state;
    piq_registry_step step = step_of("again");
    put(f, "one");
    must_promote(f, 1);
    assert_status(f, PIQ_ECONFLICT,
                  piq_registry_promote(f->s, &step, 1, 1, &f->err));
    assert_champion(f, 1, 1);
}

/* Judged against nobody, while another became champion. */
static void test_registry__late_judgement_is_refused(void **state)
{
    store_fixture *f = *state;
    piq_registry_step step = step_of("better than nothing");
    put(f, "one");
    put(f, "two");
    uint32_t judged_after = present_number(f);
    must_promote(f, 1);
    assert_status(f, PIQ_ESTALE,
                  piq_registry_promote(f->s, &step, 2, judged_after, &f->err));
    assert_champion(f, 1, 1);
}

static void must_thin_out(store_fixture *f, int64_t before_us, size_t keep,
                          size_t expected)
{
    size_t n_dropped = 99;
    assert_status(f, PIQ_OK,
                  piq_registry_thin_out(f->s, &f->a, PIQ_MODEL_KT, before_us,
                                        keep, &n_dropped, &f->err));
    assert_int_equal(n_dropped, expected);
}

/* Of 6 with 2 once champion, the newest 2 kept: 1, 3 and 4 go. */
static void test_registry__thinning_keeps_the_newest_and_champions(void **state)
{
    store_fixture *f = *state;
    piq_model_row *rows;
    put_three(f);
    put_three(f);
    must_promote(f, 2);
    must_promote(f, 5);
    must_thin_out(f, INT64_MIN, 2, 0);
    must_thin_out(f, INT64_MAX, 2, 3);
    must_thin_out(f, INT64_MAX, 2, 0);
    assert_int_equal(list_models(f, &rows), 6);
    for (uint32_t v = 1; v <= 6; v++)
        assert_int_equal(rows[v - 1].has_body, v == 2 || v >= 5);
    assert_rolls_back_to(f, 2);
}

/* Policies are champions all, for ten minutes each. */
static void test_registry__thinning_leaves_some_to_roll_back_to(void **state)
{
    store_fixture *f = *state;
    piq_model_row *rows;
    put_three(f);
    put_three(f);
    for (uint32_t v = 1; v <= 5; v++)
        must_promote(f, v);
    must_thin_out(f, INT64_MAX, 2, 3);
    assert_int_equal(list_models(f, &rows), 6);
    for (uint32_t v = 1; v <= 6; v++)
        assert_int_equal(rows[v - 1].has_body, v >= 4);
    assert_rolls_back_to(f, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_store__model_comes_back_as_it_was),
        STORE_TEST(test_store__large_model_comes_back),
        STORE_TEST(test_store__models_of_a_kind_are_listed_without_bodies),
        STORE_TEST(test_store__model_that_is_none_is_refused),
        STORE_TEST(test_store__dropped_model_keeps_its_row),
        STORE_TEST(test_store__nobody_is_champion_until_promoted),
        STORE_TEST(test_store__champions_come_newest_first),
        STORE_TEST(test_store__promotion_that_does_not_follow_is_refused),
        STORE_TEST(test_store__promotion_is_seen_by_another_store_at_once),
        STORE_TEST(test_store__a_number_is_won_once),
        STORE_TEST(test_registry__rolling_back_goes_on_to_no_model),
        STORE_TEST(test_registry__rolling_back_undoes_the_last_promotion),
        STORE_TEST(test_registry__dropped_models_are_passed_over),
        STORE_TEST(test_registry__before_is_where_rolling_back_goes),
        STORE_TEST(test_registry__champion_is_not_promoted_again),
        STORE_TEST(test_registry__late_judgement_is_refused),
        STORE_TEST(test_registry__thinning_keeps_the_newest_and_champions),
        STORE_TEST(test_registry__thinning_leaves_some_to_roll_back_to),
    };
    size_t n = sizeof tests / sizeof tests[0];
    return store_run_tests(tests, n) +
           store_run_tests_on(&memory_kind, tests, n);
}
