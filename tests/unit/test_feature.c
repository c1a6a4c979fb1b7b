#include "feature/feature.h"

#include "feature/ability.h"
#include "num/logistic.h"
#include "support/feature_world.h"
#include "support/near.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONCEPTS = 30 };

/* --- the schema ------------------------------------------------------------
 */

static void test_schema__every_column_has_a_name_of_its_own(void **state)
{
    (void)state;
    const piq_feature_column *c = piq_feature_columns();
    for (int i = 0; i < PIQ_N_FEATURES; i++) {
        assert_true(c[i].name[0] != '\0' && c[i].unit[0] != '\0');
        for (int j = 0; j < i; j++)
            assert_string_not_equal(c[i].name, c[j].name);
    }
    assert_string_equal(c[PIQ_FEATURE_TABLE_LOGIT].name, "table_logit");
    assert_int_equal(c[PIQ_FEATURE_RECALL].group, PIQ_FEATURES_TIME);
}

static void test_schema__every_group_has_columns_and_a_name(void **state)
{
    (void)state;
    const piq_feature_column *c = piq_feature_columns();
    for (unsigned g = 0; g < PIQ_N_FEATURE_GROUPS; g++) {
        size_t n = 0;
        for (int i = 0; i < PIQ_N_FEATURES; i++)
            n += c[i].group == (piq_feature_group)g;
        assert_true(n > 0);
        assert_true(piq_feature_group_name((piq_feature_group)g)[0] != '\0');
    }
    assert_true(piq_feature_schema_hash() == piq_feature_schema_hash());
}

/* --- the trail -------------------------------------------------------------
 */

static const piq_concept_weight ON_0[] = {{{0}, 1.0}};
static const piq_concept_weight ON_1[] = {{{1}, 1.0}};

static piq_ask on(uint32_t item, const piq_concept_weight *w)
{
    return (piq_ask){
        .item = {item}, .concepts = w, .n_concepts = 1, .at_us = PIQ_NO_TIME};
}

static piq_situation meet(const piq_trail *t, uint32_t item,
                          const piq_concept_weight *w)
{
    piq_ask ask = on(item, w);
    piq_situation s;
    piq_trail_situation(t, &ask, &s);
    return s;
}

static bool answered(piq_trail *t, uint32_t item, const piq_concept_weight *w,
                     float score)
{
    piq_ask ask = on(item, w);
    return piq_trail_answer(t, &ask, score);
}

static void test_trail__case_follows_the_run(void **state)
{
    (void)state;
    piq_trail t;
    assert_int_equal(piq_trail_init(&t, 2), PIQ_OK);
    assert_int_equal(meet(&t, 5, ON_0).at, PIQ_CASE_FIRST);
    for (int i = 0; i < 8; i++) {
        assert_true(answered(&t, 5, ON_0, 0.0f));
        int expected = PIQ_CASE_WRONG_1 + (i < 5 ? i : 5);
        assert_int_equal(meet(&t, 5, ON_0).at, expected);
    }
    answered(&t, 5, ON_0, 1.0f);
    assert_int_equal(meet(&t, 5, ON_0).at, PIQ_CASE_RIGHT);
    assert_int_equal(meet(&t, 6, ON_0).at, PIQ_CASE_FIRST);
    answered(&t, 6, ON_0, 0.0f);
    assert_int_equal(meet(&t, 5, ON_0).at, PIQ_CASE_BACK_RIGHT);
    answered(&t, 7, ON_0, 1.0f);
    assert_int_equal(meet(&t, 6, ON_0).at, PIQ_CASE_BACK_WRONG);
    piq_trail_release(&t);
}

static void test_trail__remembers_how_the_item_before_ended(void **state)
{
    (void)state;
    piq_trail t;
    assert_int_equal(piq_trail_init(&t, 2), PIQ_OK);
    piq_situation s = meet(&t, 5, ON_0);
    assert_int_equal(s.before, PIQ_NO_IX32);
    assert_int_equal(s.before_end, PIQ_RUN_NONE);
    answered(&t, 5, ON_0, 1.0f);
    s = meet(&t, 6, ON_0);
    assert_int_equal(s.before, 5);
    assert_int_equal(s.before_end, PIQ_RUN_RIGHT);
    answered(&t, 6, ON_0, 0.0f);
    assert_int_equal(meet(&t, 7, ON_0).before_end, PIQ_RUN_WRONG);
    /* Meeting 6 again, what came before it is still 5. */
    s = meet(&t, 6, ON_0);
    assert_int_equal(s.before, 5);
    assert_int_equal(s.before_end, PIQ_RUN_RIGHT);
    answered(&t, 6, ON_0, 1.0f);
    assert_int_equal(meet(&t, 7, ON_0).before_end, PIQ_RUN_CORRECTED);
    piq_trail_release(&t);
}

static void test_trail__same_answer_under_another_concept_is_one(void **state)
{
    (void)state;
    piq_trail t;
    assert_int_equal(piq_trail_init(&t, 2), PIQ_OK);
    assert_true(answered(&t, 5, ON_0, 1.0f));
    assert_int_equal(meet(&t, 5, ON_1).at, PIQ_CASE_REPEAT_RIGHT);
    assert_false(answered(&t, 5, ON_1, 1.0f));
    assert_int_equal(t.n, 1);
    assert_int_equal(t.concepts[0].n, 1);
    assert_int_equal(t.concepts[1].n, 1);
    piq_ask ask = on(5, ON_0);
    assert_int_equal(piq_trail_find(&t, ask.item)->tries, 1);
    /* Another score is another answer. */
    assert_true(answered(&t, 5, ON_0, 0.0f));
    assert_int_equal(t.n, 2);
    piq_trail_release(&t);
}

static void test_trail__least_recently_met_item_leaves(void **state)
{
    (void)state;
    piq_trail t;
    assert_int_equal(piq_trail_init(&t, 2), PIQ_OK);
    for (uint32_t i = 0; i < PIQ_TRAIL_ITEMS; i++)
        answered(&t, i, ON_0, 1.0f);
    answered(&t, 0, ON_0, 1.0f); /* 1 is now the oldest */
    answered(&t, 1000, ON_0, 1.0f);
    assert_int_equal(meet(&t, 1, ON_0).at, PIQ_CASE_FIRST);
    assert_int_equal(meet(&t, 0, ON_0).at, PIQ_CASE_BACK_RIGHT);
    assert_int_equal(meet(&t, 2, ON_0).at, PIQ_CASE_BACK_RIGHT);
    assert_int_equal(t.n_items, PIQ_TRAIL_ITEMS);
    piq_trail_release(&t);
}

static void test_trail__practice_and_pattern_are_of_the_concept(void **state)
{
    (void)state;
    piq_trail t;
    assert_int_equal(piq_trail_init(&t, 2), PIQ_OK);
    assert_int_equal(meet(&t, 1, ON_0).practice, 0);
    assert_int_equal(meet(&t, 1, ON_0).pattern, 0);
    answered(&t, 1, ON_0, 1.0f);
    answered(&t, 2, ON_0, 0.0f);
    /* Latest lowest: wrong 1, right 2 * 3. */
    assert_int_equal(meet(&t, 3, ON_0).pattern, 7);
    assert_int_equal(meet(&t, 3, ON_0).practice, 2);
    assert_int_equal(meet(&t, 3, ON_1).pattern, 0);
    /* 0, 1, 2, 3-4, 5-7, 8-12, 13-20, more. */
    static const struct {
        int n, practice;
    } expected[] = {{3, 3}, {5, 4}, {8, 5}, {12, 5}, {13, 6}, {21, 7}};
    int n = 2;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        for (; n < expected[i].n; n++)
            answered(&t, 4, ON_0, 1.0f);
        assert_int_equal(meet(&t, 3, ON_0).practice, expected[i].practice);
    }
    piq_trail_release(&t);
}

static void test_trail__remembers_the_topics_before(void **state)
{
    (void)state;
    piq_trail t;
    assert_int_equal(piq_trail_init(&t, 2), PIQ_OK);
    assert_int_equal(meet(&t, 1, ON_0).topic, PIQ_NO_IX16);
    answered(&t, 1, ON_0, 0.0f);
    answered(&t, 2, ON_0, 1.0f);
    /* On concept 0 still, there was no other; for 1 there was 0. */
    assert_int_equal(meet(&t, 3, ON_0).topic, PIQ_NO_IX16);
    piq_situation s = meet(&t, 3, ON_1);
    assert_int_equal(s.topic, 0);
    assert_int_equal(s.topic_end, PIQ_RUN_CORRECTED);
    assert_int_equal(s.topic_2, PIQ_NO_IX16);
    answered(&t, 3, ON_1, 1.0f);
    s = meet(&t, 4, ON_0);
    assert_int_equal(s.topic, 1);
    assert_int_equal(s.topic_end, PIQ_RUN_RIGHT);
    assert_int_equal(s.topic_2, 0);
    assert_int_equal(s.topic_2_end, PIQ_RUN_CORRECTED);
    piq_trail_release(&t);
}

static void test_trail__contexts_are_cases_told_shortly(void **state)
{
    (void)state;
    assert_int_equal(piq_attempt_context_of(PIQ_CASE_FIRST), PIQ_FIRST_TRY);
    assert_int_equal(piq_attempt_context_of(PIQ_CASE_WRONG_6), PIQ_AFTER_WRONG);
    assert_int_equal(piq_attempt_context_of(PIQ_CASE_BACK_WRONG),
                     PIQ_AFTER_WRONG);
    assert_int_equal(piq_attempt_context_of(PIQ_CASE_RIGHT), PIQ_AFTER_RIGHT);
    assert_int_equal(piq_attempt_context_of(PIQ_CASE_REPEAT_RIGHT),
                     PIQ_AFTER_RIGHT);
}

/* --- the vector ------------------------------------------------------------
 */

typedef struct fixture {
    feature_world w;
    piq_feature_state *s;
} fixture;

static fixture new_fixture(void)
{
    fixture f = {.w = feature_world_new(9, CONCEPTS, 200)};
    assert_int_equal(piq_feature_state_new(&f.w.tables, &f.s), PIQ_OK);
    return f;
}

static void free_fixture(fixture *f)
{
    piq_feature_state_free(f->s);
    feature_world_free(&f->w);
}

static piq_ask ask_item(const fixture *f, uint32_t item, int64_t at_us)
{
    const piq_item *x = &f->w.catalogue->items[item];
    return (piq_ask){.item = {item},
                     .concepts = x->concepts,
                     .n_concepts = x->n_concepts,
                     .at_us = at_us};
}

static void answer(fixture *f, const piq_ask *ask, float score)
{
    piq_response response = {.score = score};
    piq_feature_answer(f->s, &f->w.tables, ask, &response);
}

static void look(const fixture *f, const piq_ask *ask, float *x)
{
    piq_feature_extract(f->s, &f->w.tables, ask, x);
}

static void live(fixture *f, uint64_t seed, size_t n, bool times)
{
    piq_rng r;
    told_answer x = {0};
    piq_rng_seed(&r, seed);
    for (size_t i = 0; i < n; i++) {
        x = random_answer(&r, &f->w, i ? &x : NULL, times);
        piq_feature_answer(f->s, &f->w.tables, &x.ask, &x.response);
    }
}

static void test_feature__a_new_learner_is_the_table_alone(void **state)
{
    (void)state;
    fixture f = new_fixture();
    float x[PIQ_N_FEATURES];
    piq_ask ask = ask_item(&f, 3, PIQ_NO_TIME);
    look(&f, &ask, x);
    assert_near(x[PIQ_FEATURE_ANSWERS], 0.0, 0.0);
    assert_near(x[PIQ_FEATURE_ABILITY], 0.0, 0.0);
    assert_near(x[PIQ_FEATURE_ELO_LOGIT], x[PIQ_FEATURE_TABLE_LOGIT], 0.0);
    assert_near(x[PIQ_FEATURE_CASE], PIQ_CASE_FIRST, 0.0);
    assert_near(x[PIQ_FEATURE_RATE_50], 0.6, 1e-6);
    free_fixture(&f);
}

static void test_feature__one_answer_moves_what_it_should(void **state)
{
    (void)state;
    fixture f = new_fixture();
    float before[PIQ_N_FEATURES], after[PIQ_N_FEATURES];
    piq_ask ask = ask_item(&f, 3, PIQ_NO_TIME);
    look(&f, &ask, before);
    answer(&f, &ask, 1.0f);
    piq_ask other = ask_item(&f, 4, PIQ_NO_TIME);
    look(&f, &other, after);
    /* 1 - what was expected, times the first step. */
    double surprise = 1.0 - piq_sigmoid((double)before[PIQ_FEATURE_ELO_LOGIT]);
    assert_near(after[PIQ_FEATURE_ABILITY],
                (double)piq_ability_step((float)surprise, 0), 1e-6);
    assert_near(after[PIQ_FEATURE_LAST_RESIDUAL], surprise, 1e-6);
    assert_near(after[PIQ_FEATURE_ANSWERS], log(2.0), 1e-6);
    /* A sum of 1 over a weight of 1, and half an answer at .6 beside. */
    assert_near(after[PIQ_FEATURE_RATE_50], (1.0 + 0.3) / 1.5, 1e-6);
    assert_near(after[PIQ_FEATURE_STREAK], 1.0, 0.0);
    look(&f, &ask, after);
    assert_near(after[PIQ_FEATURE_CASE], PIQ_CASE_RIGHT, 0.0);
    assert_near(after[PIQ_FEATURE_TRIES], log(2.0), 1e-6);
    free_fixture(&f);
}

static void test_feature__right_answers_raise_the_expectation(void **state)
{
    (void)state;
    fixture f = new_fixture();
    float good[PIQ_N_FEATURES], bad[PIQ_N_FEATURES];
    piq_ask asked = ask_item(&f, 0, PIQ_NO_TIME);
    for (int run = 0; run < 2; run++) {
        piq_feature_state_clear(f.s);
        for (uint32_t i = 1; i < 20; i++) {
            piq_ask ask = ask_item(&f, i, PIQ_NO_TIME);
            answer(&f, &ask, run ? 1.0f : 0.0f);
        }
        look(&f, &asked, run ? good : bad);
    }
    static const int higher[] = {
        PIQ_FEATURE_ELO_LOGIT,  PIQ_FEATURE_BELIEF_LOGIT,
        PIQ_FEATURE_ABILITY,    PIQ_FEATURE_RESIDUAL,
        PIQ_FEATURE_RATE_90,    PIQ_FEATURE_RIGHT_SHARE,
        PIQ_FEATURE_RESIDUAL_90};
    for (size_t i = 0; i < sizeof higher / sizeof *higher; i++)
        assert_true(good[higher[i]] > bad[higher[i]] + 0.1f);
    free_fixture(&f);
}

static void test_feature__times_unknown_are_nan_and_nothing_else_is(
    void **state)
{
    (void)state;
    static const int times[] = {
        PIQ_FEATURE_ANSWER_GAP, PIQ_FEATURE_CONCEPT_GAP_S,
        PIQ_FEATURE_ITEM_GAP_S, PIQ_FEATURE_SESSION_ANSWERS,
        PIQ_FEATURE_HOUR,       PIQ_FEATURE_RECALL,
        PIQ_FEATURE_LAST_PACE,  PIQ_FEATURE_PACE};
    fixture f = new_fixture();
    float x[PIQ_N_FEATURES];
    live(&f, 1, 100, false);
    piq_ask ask = ask_item(&f, 0, PIQ_NO_TIME);
    answer(&f, &ask, 1.0f);
    look(&f, &ask, x);
    for (int i = 0; i < PIQ_N_FEATURES; i++) {
        bool timed = false;
        for (size_t k = 0; k < sizeof times / sizeof *times; k++)
            timed = timed || times[k] == i;
        if ((isnan(x[i]) != 0) != timed)
            fail_msg("%s is %g", piq_feature_columns()[i].name, (double)x[i]);
    }
    free_fixture(&f);
}

static void test_feature__times_known_are_told(void **state)
{
    (void)state;
    static const int64_t NOON = INT64_C(1700049600000000); /* 12:00 UTC */
    static const int64_t SECOND = 1000000;
    fixture f = new_fixture();
    float x[PIQ_N_FEATURES];
    piq_ask ask = ask_item(&f, 0, NOON);
    piq_response response = {.score = 1.0f, .response_ms = 8000};
    piq_feature_answer(f.s, &f.w.tables, &ask, &response);
    ask.at_us = NOON + 100 * SECOND;
    response.response_ms = 16000;
    look(&f, &ask, x);
    assert_near(x[PIQ_FEATURE_ANSWER_GAP], log(101.0), 1e-5);
    assert_near(x[PIQ_FEATURE_ITEM_GAP_S], log(101.0), 1e-5);
    assert_near(x[PIQ_FEATURE_CONCEPT_GAP_S], log(101.0), 1e-5);
    assert_near(x[PIQ_FEATURE_SESSION_ANSWERS], log(2.0), 1e-5);
    assert_near(x[PIQ_FEATURE_HOUR], 12.0, 0.0);
    assert_near(x[PIQ_FEATURE_PACE], log(8000.0), 1e-5);
    assert_near(x[PIQ_FEATURE_LAST_PACE], 0.0, 0.0);
    assert_true(x[PIQ_FEATURE_RECALL] > 0.99f);
    piq_feature_answer(f.s, &f.w.tables, &ask, &response);
    ask.at_us = NOON + 86400 * 20 * SECOND;
    look(&f, &ask, x);
    /* Twice as long as the first time; days later, another session. */
    assert_near(x[PIQ_FEATURE_LAST_PACE], log(2.0), 1e-5);
    assert_near(x[PIQ_FEATURE_SESSION_ANSWERS], 0.0, 0.0);
    assert_true(x[PIQ_FEATURE_RECALL] < 0.95f);
    free_fixture(&f);
}

static void test_feature__an_instant_before_the_last_counts_as_it(void **state)
{
    (void)state;
    static const int64_t NOON = INT64_C(1700049600000000);
    fixture f = new_fixture();
    float early[PIQ_N_FEATURES], same[PIQ_N_FEATURES];
    piq_ask ask = ask_item(&f, 0, NOON);
    answer(&f, &ask, 0.0f);
    look(&f, &ask, same);
    ask.at_us = NOON - INT64_C(3600000000);
    look(&f, &ask, early);
    assert_memory_equal(same, early, sizeof same);
    free_fixture(&f);
}

static void test_feature__a_concept_can_be_asked_for(void **state)
{
    (void)state;
    fixture f = new_fixture();
    float x[PIQ_N_FEATURES];
    live(&f, 2, 50, false);
    piq_ask ask = on(PIQ_NO_IX32, ON_0);
    look(&f, &ask, x);
    assert_near(x[PIQ_FEATURE_CASE], PIQ_CASE_FIRST, 0.0);
    assert_near(x[PIQ_FEATURE_ITEM_N], 0.0, 0.0);
    assert_true(isnan(x[PIQ_FEATURE_ITEM_STEP]));
    assert_true(isfinite(x[PIQ_FEATURE_TABLE_LOGIT]));
    assert_true(isfinite(x[PIQ_FEATURE_BELIEF_LOGIT]));
    answer(&f, &ask, 1.0f);
    assert_int_equal(piq_feature_context(f.s, &ask), PIQ_FIRST_TRY);
    free_fixture(&f);
}

/* --- keeping ---------------------------------------------------------------
 */

static void assert_same_state(const piq_feature_state *a,
                              const piq_feature_state *b)
{
    piq_buf x, y;
    piq_buf_init(&x, 0);
    piq_buf_init(&y, 0);
    piq_feature_state_encode(a, &x);
    piq_feature_state_encode(b, &y);
    assert_int_equal(x.status, PIQ_OK);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.ptr, y.ptr, x.len);
    piq_buf_release(&x);
    piq_buf_release(&y);
}

static void test_feature__cleared_is_as_new(void **state)
{
    (void)state;
    fixture f = new_fixture();
    piq_feature_state *fresh;
    assert_int_equal(piq_feature_state_new(&f.w.tables, &fresh), PIQ_OK);
    live(&f, 3, 300, true);
    piq_feature_state_clear(f.s);
    assert_same_state(f.s, fresh);
    live(&f, 4, 100, false);
    piq_feature_state *used = f.s;
    f.s = fresh;
    live(&f, 4, 100, false);
    assert_same_state(f.s, used);
    piq_feature_state_free(used);
    free_fixture(&f);
}

static void test_feature__a_copy_goes_its_own_way(void **state)
{
    (void)state;
    fixture f = new_fixture();
    piq_feature_state *copy, *frozen;
    live(&f, 5, 100, true);
    assert_int_equal(piq_feature_state_copy(f.s, &copy), PIQ_OK);
    assert_int_equal(piq_feature_state_copy(f.s, &frozen), PIQ_OK);
    assert_same_state(f.s, copy);
    live(&f, 6, 20, false);
    assert_same_state(frozen, copy);
    piq_feature_state_free(copy);
    piq_feature_state_free(frozen);
    free_fixture(&f);
}

static void test_feature__five_hundred_answers_take_three_kilobytes(
    void **state)
{
    (void)state;
    fixture f = new_fixture();
    piq_buf out;
    live(&f, 7, 500, true);
    piq_buf_init(&out, 0);
    piq_feature_state_encode(f.s, &out);
    /* Times known, and items enough to fill the trail. */
    assert_true(out.len > 1000 && out.len < 3600);
    piq_feature_state_clear(f.s);
    live(&f, 7, 500, false);
    piq_buf_clear(&out);
    piq_feature_state_encode(f.s, &out);
    assert_true(out.len < 3000);
    piq_buf_release(&out);
    free_fixture(&f);
}

static void test_feature__damaged_state_is_refused_or_harmless(void **state)
{
    (void)state;
    fixture f = new_fixture();
    piq_buf out;
    float x[PIQ_N_FEATURES];
    piq_ask ask = ask_item(&f, 0, PIQ_NO_TIME);
    live(&f, 8, 40, true);
    piq_buf_init(&out, 0);
    piq_feature_state_encode(f.s, &out);
    piq_feature_state *kept;
    assert_int_equal(piq_feature_state_copy(f.s, &kept), PIQ_OK);
    for (size_t at = 0; at < out.len; at++) {
        piq_reader in;
        out.ptr[at] = (char)~out.ptr[at];
        piq_reader_init(&in, out.ptr, out.len);
        piq_status status = piq_feature_state_decode(f.s, &f.w.tables, &in);
        assert_true(status == PIQ_OK || status == PIQ_ECORRUPT);
        if (status == PIQ_OK)
            look(&f, &ask, x);
        out.ptr[at] = (char)~out.ptr[at];
    }
    piq_reader in;
    for (size_t len = 0; len < out.len; len++) {
        piq_reader_init(&in, out.ptr, len);
        assert_int_equal(piq_feature_state_decode(kept, &f.w.tables, &in),
                         PIQ_ECORRUPT);
    }
    piq_reader_init(&in, out.ptr, out.len);
    assert_int_equal(piq_feature_state_decode(f.s, &f.w.tables, &in), PIQ_OK);
    assert_same_state(f.s, kept);
    piq_feature_state_free(kept);
    piq_buf_release(&out);
    free_fixture(&f);
}

static void test_feature__grows_with_the_catalogue(void **state)
{
    (void)state;
    fixture f = new_fixture();
    live(&f, 10, 100, true);
    piq_feature_state *before;
    assert_int_equal(piq_feature_state_copy(f.s, &before), PIQ_OK);
    /* The same curriculum and one concept more, in the first area. */
    piq_catalogue bigger = *f.w.catalogue;
    size_t n = bigger.n_concepts;
    bigger.concepts = calloc(n + 1, sizeof *bigger.concepts);
    assert_non_null(bigger.concepts);
    memcpy(bigger.concepts, f.w.catalogue->concepts,
           n * sizeof *bigger.concepts);
    bigger.concepts[n] = (piq_concept){.id = PIQ_STR("new"), .difficulty = 0.7};
    bigger.n_concepts = n + 1;
    piq_item_binding *binding;
    assert_int_equal(piq_item_bind(f.w.table, &bigger, &binding), PIQ_OK);
    piq_feature_tables tables = {&bigger, binding};
    assert_int_equal(piq_feature_state_grow(f.s, &tables), PIQ_OK);
    assert_same_state(f.s, before);
    piq_concept_weight w = {{(uint16_t)n}, 1.0};
    piq_ask ask = on(PIQ_NO_IX32, &w);
    piq_response response = {.score = 1.0f};
    float x[PIQ_N_FEATURES];
    piq_feature_extract(f.s, &tables, &ask, x);
    piq_feature_answer(f.s, &tables, &ask, &response);
    assert_near(x[PIQ_FEATURE_CONCEPT_N], 0.0, 0.0);
    piq_item_binding_free(binding);
    free(bigger.concepts);
    piq_feature_state_free(before);
    free_fixture(&f);
}

static void test_feature__no_memory_leaves_things_as_they_were(void **state)
{
    (void)state;
    fixture f = new_fixture();
    live(&f, 11, 60, true);
    piq_buf out;
    piq_buf_init(&out, 0);
    piq_feature_state_encode(f.s, &out);
    for (long k = 1; k <= 5; k++) {
        piq_feature_state *made = NULL;
        piq_reader in;
        piq_alloc_fail_after(k, 0);
        assert_int_equal(piq_feature_state_new(&f.w.tables, &made), PIQ_ENOMEM);
        piq_alloc_fail_after(k, 0);
        assert_int_equal(piq_feature_state_copy(f.s, &made), PIQ_ENOMEM);
        piq_alloc_fail_after(k, 0);
        piq_reader_init(&in, out.ptr, out.len);
        assert_int_equal(piq_feature_state_decode(f.s, &f.w.tables, &in),
                         PIQ_ENOMEM);
        piq_alloc_fail_after(0, 0);
        assert_null(made);
    }
    piq_buf_release(&out);
    free_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema__every_column_has_a_name_of_its_own),
        cmocka_unit_test(test_schema__every_group_has_columns_and_a_name),
        cmocka_unit_test(test_trail__case_follows_the_run),
        cmocka_unit_test(test_trail__remembers_how_the_item_before_ended),
        cmocka_unit_test(test_trail__same_answer_under_another_concept_is_one),
        cmocka_unit_test(test_trail__least_recently_met_item_leaves),
        cmocka_unit_test(test_trail__practice_and_pattern_are_of_the_concept),
        cmocka_unit_test(test_trail__remembers_the_topics_before),
        cmocka_unit_test(test_trail__contexts_are_cases_told_shortly),
        cmocka_unit_test(test_feature__a_new_learner_is_the_table_alone),
        cmocka_unit_test(test_feature__one_answer_moves_what_it_should),
        cmocka_unit_test(test_feature__right_answers_raise_the_expectation),
        cmocka_unit_test(
            test_feature__times_unknown_are_nan_and_nothing_else_is),
        cmocka_unit_test(test_feature__times_known_are_told),
        cmocka_unit_test(test_feature__an_instant_before_the_last_counts_as_it),
        cmocka_unit_test(test_feature__a_concept_can_be_asked_for),
        cmocka_unit_test(test_feature__cleared_is_as_new),
        cmocka_unit_test(test_feature__a_copy_goes_its_own_way),
        cmocka_unit_test(
            test_feature__five_hundred_answers_take_three_kilobytes),
        cmocka_unit_test(test_feature__damaged_state_is_refused_or_harmless),
        cmocka_unit_test(test_feature__grows_with_the_catalogue),
        cmocka_unit_test(test_feature__no_memory_leaves_things_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
