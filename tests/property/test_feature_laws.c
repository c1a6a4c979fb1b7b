/* Laws of the features, on random pasts: a state that is written and read back
 * goes on with the same bits; a vector never depends on later answers; on
 * other learners only through the table; every number is finite or, where a
 * time is not known, NaN. */
#include "feature/feature.h"

#include "support/feature_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 20, ANSWERS = 150 };

typedef struct past {
    told_answer list[ANSWERS];
    size_t n;
} past;

static past random_past(piq_rng *r, const feature_world *w, bool times)
{
    past p = {.n = 20 + piq_rng_below(r, ANSWERS - 20)};
    for (size_t i = 0; i < p.n; i++)
        p.list[i] = random_answer(r, w, i ? &p.list[i - 1] : NULL, times);
    return p;
}

static piq_feature_state *new_state(const feature_world *w)
{
    piq_feature_state *s;
    assert_int_equal(piq_feature_state_new(&w->tables, &s), PIQ_OK);
    return s;
}

static void live(piq_feature_state *s, const feature_world *w, const past *p,
                 size_t from, size_t until)
{
    for (size_t i = from; i < until; i++)
        piq_feature_answer(s, &w->tables, &p->list[i].ask,
                           &p->list[i].response);
}

static void assert_same_vector(const piq_feature_state *a,
                               const piq_feature_state *b,
                               const feature_world *w, const piq_ask *ask)
{
    float x[PIQ_N_FEATURES], y[PIQ_N_FEATURES];
    piq_feature_extract(a, &w->tables, ask, x);
    piq_feature_extract(b, &w->tables, ask, y);
    assert_memory_equal(x, y, sizeof x);
}

static void test_feature_laws__read_back_goes_on_with_the_same_bits(
    void **state)
{
    feature_world *w = *state;
    piq_rng r;
    piq_rng_seed(&r, 21);
    for (int round = 0; round < ROUNDS; round++) {
        past p = random_past(&r, w, round % 2);
        size_t cut = piq_rng_below(&r, p.n);
        piq_feature_state *whole = new_state(w), *back = new_state(w);
        piq_buf bytes;
        piq_reader in;
        piq_buf_init(&bytes, 0);
        live(whole, w, &p, 0, cut);
        piq_feature_state_encode(whole, &bytes);
        piq_reader_init(&in, bytes.ptr, bytes.len);
        assert_int_equal(piq_feature_state_decode(back, &w->tables, &in),
                         PIQ_OK);
        assert_ptr_equal(in.at, in.end);
        for (size_t i = cut; i < p.n; i++) {
            assert_same_vector(whole, back, w, &p.list[i].ask);
            live(whole, w, &p, i, i + 1);
            live(back, w, &p, i, i + 1);
        }
        piq_buf_release(&bytes);
        piq_feature_state_free(whole);
        piq_feature_state_free(back);
    }
}

static void test_feature_laws__later_answers_change_nothing(void **state)
{
    feature_world *w = *state;
    piq_rng r;
    piq_rng_seed(&r, 22);
    for (int round = 0; round < ROUNDS; round++) {
        past p = random_past(&r, w, round % 2);
        past q = p; /* the same past and another future */
        size_t cut = piq_rng_below(&r, p.n);
        for (size_t i = cut; i < q.n; i++)
            q.list[i].response.score = 1.0f - q.list[i].response.score;
        piq_feature_state *a = new_state(w), *b = new_state(w);
        for (size_t i = 0; i <= cut; i++) {
            assert_same_vector(a, b, w, &p.list[i].ask);
            live(a, w, &p, i, i + 1);
            live(b, w, &q, i, i + 1);
        }
        piq_feature_state_free(a);
        piq_feature_state_free(b);
    }
}

static void test_feature_laws__asking_changes_nothing(void **state)
{
    feature_world *w = *state;
    piq_rng r;
    piq_rng_seed(&r, 23);
    past p = random_past(&r, w, true);
    piq_feature_state *a = new_state(w), *b = new_state(w);
    float x[PIQ_N_FEATURES];
    for (size_t i = 0; i < p.n; i++) {
        for (int k = 0; k < 3; k++) {
            told_answer other = random_answer(&r, w, &p.list[i], true);
            piq_feature_extract(a, &w->tables, &other.ask, x);
        }
        assert_same_vector(a, b, w, &p.list[i].ask);
        live(a, w, &p, i, i + 1);
        live(b, w, &p, i, i + 1);
    }
    piq_feature_state_free(a);
    piq_feature_state_free(b);
}

/* One state walked through by one learner after the other, cleared between. */
static void test_feature_laws__other_learners_leave_no_trace(void **state)
{
    feature_world *w = *state;
    piq_rng r;
    piq_rng_seed(&r, 24);
    piq_feature_state *used = new_state(w);
    for (int round = 0; round < ROUNDS; round++) {
        past p = random_past(&r, w, round % 2);
        piq_feature_state *fresh = new_state(w);
        piq_feature_state_clear(used);
        for (size_t i = 0; i < p.n; i++) {
            assert_same_vector(fresh, used, w, &p.list[i].ask);
            live(fresh, w, &p, i, i + 1);
            live(used, w, &p, i, i + 1);
        }
        piq_feature_state_free(fresh);
    }
    piq_feature_state_free(used);
}

static void test_feature_laws__finite_or_a_time_not_known(void **state)
{
    feature_world *w = *state;
    const piq_feature_column *columns = piq_feature_columns();
    float x[PIQ_N_FEATURES];
    piq_rng r;
    piq_rng_seed(&r, 25);
    for (int round = 0; round < ROUNDS; round++) {
        past p = random_past(&r, w, round % 2);
        piq_feature_state *s = new_state(w);
        for (size_t i = 0; i < p.n; i++) {
            piq_feature_extract(s, &w->tables, &p.list[i].ask, x);
            for (int k = 0; k < PIQ_N_FEATURES; k++) {
                assert_true(!isinf(x[k]));
                bool may_miss = columns[k].group == PIQ_FEATURES_TIME ||
                                k == PIQ_FEATURE_ITEM_STEP ||
                                k == PIQ_FEATURE_ITEM_GAP ||
                                k == PIQ_FEATURE_CONCEPT_GAP;
                assert_true(may_miss || !isnan(x[k]));
            }
            live(s, w, &p, i, i + 1);
        }
        piq_feature_state_free(s);
    }
}

/* What a learner met under a table goes on under another: a new model is
 * bound, an item becomes known. */
static void test_feature_laws__survives_another_table(void **state)
{
    feature_world *w = *state;
    feature_world other = feature_world_new(31, 12, 20);
    piq_item_binding *binding;
    assert_int_equal(piq_item_bind(other.table, w->catalogue, &binding),
                     PIQ_OK);
    piq_feature_tables tables = {w->catalogue, binding};
    piq_rng r;
    piq_rng_seed(&r, 26);
    past p = random_past(&r, w, true);
    piq_feature_state *s = new_state(w);
    float x[PIQ_N_FEATURES];
    live(s, w, &p, 0, p.n);
    piq_feature_extract(s, &tables, &p.list[0].ask, x);
    assert_true(isfinite(x[PIQ_FEATURE_TABLE_LOGIT]));
    assert_true(isfinite(x[PIQ_FEATURE_BELIEF_LOGIT]));
    piq_feature_answer(s, &tables, &p.list[0].ask, &p.list[0].response);
    piq_feature_state_free(s);
    piq_item_binding_free(binding);
    feature_world_free(&other);
}

static int set_up(void **state)
{
    static feature_world w;
    w = feature_world_new(17, 12, 60);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    feature_world_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_feature_laws__read_back_goes_on_with_the_same_bits),
        cmocka_unit_test(test_feature_laws__later_answers_change_nothing),
        cmocka_unit_test(test_feature_laws__asking_changes_nothing),
        cmocka_unit_test(test_feature_laws__other_learners_leave_no_trace),
        cmocka_unit_test(test_feature_laws__finite_or_a_time_not_known),
        cmocka_unit_test(test_feature_laws__survives_another_table),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
