/* Response times and hints: no data set at hand has them, so learners are made
 * up whose pace or whose hints tell something that right and wrong alone do
 * not, and it is seen that a fit makes use of it; and that where they are not
 * known, nothing else is changed. */
#include "base/calendar.h"
#include "base/rng.h"
#include "num/logistic.h"
#include "support/feature_world.h"
#include "support/random_catalogue.h"
#include "support/small_model.h"
#include "train/kt_collect.h"
#include "train/kt_rows.h"
#include "train/kt_score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- what is not known changes nothing else ------------------------------ */

static bool is_signal(int column)
{
    return column == PIQ_FEATURE_LAST_PACE || column == PIQ_FEATURE_PACE ||
           column == PIQ_FEATURE_HINTS;
}

/* Two learners of the same answers, of one of whom pace and hints are not
 * known. Without a single measured one the columns say so. */
static void test_signals__stand_in_their_own_columns(void **state)
{
    (void)state;
    enum { N = 200 };
    piq_rng r;
    piq_rng_seed(&r, 5);
    feature_world w = feature_world_new(5, 8, 30);
    piq_feature_state *with, *without;
    told_answer x = {0};
    size_t n_differ = 0;
    assert_int_equal(piq_feature_state_new(&w.tables, &with), PIQ_OK);
    assert_int_equal(piq_feature_state_new(&w.tables, &without), PIQ_OK);
    for (int i = 0; i < N; i++) {
        float a[PIQ_N_FEATURES], b[PIQ_N_FEATURES];
        x = random_answer(&r, &w, i ? &x : NULL, true);
        piq_feature_extract(with, &w.tables, &x.ask, a);
        piq_feature_extract(without, &w.tables, &x.ask, b);
        for (int k = 0; k < PIQ_N_FEATURES; k++)
            if (!is_signal(k))
                assert_memory_equal(&a[k], &b[k], sizeof a[k]);
        assert_true(isnan(b[PIQ_FEATURE_LAST_PACE]));
        assert_true(isnan(b[PIQ_FEATURE_PACE]));
        assert_true(b[PIQ_FEATURE_HINTS] == 0.0f);
        n_differ += a[PIQ_FEATURE_HINTS] > 0.0f && !isnan(a[PIQ_FEATURE_PACE]);
        piq_response blank = {.score = x.response.score};
        piq_feature_answer(with, &w.tables, &x.ask, &x.response);
        piq_feature_answer(without, &w.tables, &x.ask, &blank);
    }
    assert_true(n_differ > N / 2);
    piq_feature_state_free(with);
    piq_feature_state_free(without);
    feature_world_free(&w);
}

/* ---- what tells something is used ---------------------------------------- */

/* A learner is now and then out of sorts for some answers (17 on average, of
 * 50), and then has a chance that is lower by TROUBLE logits. Everybody's own
 * usual pace differs. */
enum { LEARNERS = 250, ANSWERS = 60, PARTS = 5 };
static const double TROUBLE = 2.0, BEGINS = 0.03, ENDS = 0.06;

typedef enum telling { TELLS_PACE, TELLS_HINTS, TELLS_NOTHING } telling;

static piq_response respond(piq_rng *r, telling what, bool troubled,
                            double usual_ms, bool right)
{
    bool rushes = what == TELLS_PACE && troubled;
    bool asks = what == TELLS_HINTS && troubled;
    double ms = usual_ms * exp(0.3 * piq_rng_normal(r)) * (rushes ? 0.25 : 1);
    return (piq_response){.score = right ? 1.0f : 0.0f,
                          .response_ms = (uint32_t)ms,
                          .hint = piq_rng_uniform(r) < (asks ? 0.9 : 0.02)};
}

static void add_learner(piq_kt_collector *k, const piq_catalogue *c,
                        telling what, int64_t user, bool blank)
{
    piq_rng r;
    piq_rng_seed(&r, 1000 + (uint64_t)user);
    bool troubled = false;
    double ability = 0.5 * piq_rng_normal(&r);
    double usual_ms = 8000 * exp(0.5 * piq_rng_normal(&r));
    assert_int_equal(piq_kt_collector_learner(k, (piq_user_id){user}), PIQ_OK);
    for (int i = 0; i < ANSWERS; i++) {
        uint32_t at = (uint32_t)piq_rng_below(&r, c->n_items);
        double turn = piq_rng_uniform(&r);
        troubled = troubled ? turn >= ENDS : turn < BEGINS;
        double logit = ability + 0.8 - (troubled ? TROUBLE : 0) -
                       0.02 * (double)(at % 41) + 0.4;
        bool right = piq_rng_uniform(&r) < piq_sigmoid(logit);
        piq_response response = respond(&r, what, troubled, usual_ms, right);
        if (blank)
            response = (piq_response){.score = response.score};
        piq_ask ask = {.item = {at},
                       .concepts = c->items[at].concepts,
                       .n_concepts = c->items[at].n_concepts,
                       .at_us = SMALL_START_US + i * 60 * PIQ_US_PER_SECOND};
        assert_int_equal(piq_kt_collector_add(k, &ask, &response, NAN), PIQ_OK);
    }
}

static piq_kt_data make_answers(telling what, bool blank)
{
    piq_kt_collector *k;
    piq_kt_data d;
    piq_catalogue *c = random_catalogue(3, 2, 6, 60);
    assert_int_equal(piq_kt_collector_new(c, PARTS, &k), PIQ_OK);
    for (int64_t user = 1; user <= LEARNERS; user++)
        add_learner(k, c, what, user, blank);
    piq_kt_collector_finish(k, "made up", &d);
    piq_kt_collector_free(k);
    piq_catalogue_free(c);
    return d;
}

/* Fitted on three parts with `member` alone, AUC on the fifth. */
static double auc_of(telling what, bool blank, piq_member member)
{
    piq_kt_data d = make_answers(what, blank);
    piq_kt_fit_options o = small_options(member == PIQ_MEMBER_LR,
                                         member == PIQ_MEMBER_GBDT, false);
    piq_kt_role role[LEARNERS];
    piq_kt_model *m;
    piq_kt_fit_report report;
    piq_kt_set test;
    double auc, *logits[PIQ_N_MEMBERS];
    piq_err err = {0};
    piq_arena a;
    for (size_t i = 0; i < d.n_learners; i++)
        role[i] = d.part[i] == 0   ? PIQ_KT_TEST
                  : d.part[i] == 1 ? PIQ_KT_VALID
                                   : PIQ_KT_TRAIN;
    o.trees.max_trees = 40;
    o.trees.learning_rate = 0.15;
    piq_status status = piq_kt_fit(&d, role, &o, NULL, &m, &report, &err);
    if (status && strstr(err.message, "no trees")) {
        print_message("not run: %s\n", err.message);
        skip();
    }
    if (status ||
        piq_kt_rows_with(&d, role, PIQ_KT_TEST, m->items, 1, &test, &err))
        fail_msg("%s", err.message);
    piq_arena_init(&a, 0);
    assert_int_equal(piq_kt_score_members(&a, m, &test, 1, logits), PIQ_OK);
    assert_int_equal(piq_auc(&a, logits[member], test.y, test.n_rows, &auc),
                     PIQ_OK);
    piq_arena_release(&a);
    piq_kt_set_release(&test);
    piq_kt_model_free(m);
    piq_kt_data_release(&d);
    return auc;
}

/* By three seeds of learners, either member gained .038 to .047 by pace, .011
 * to .018 by hints, and lost .001 at most by what tells nothing. */
static void check_member(piq_member member)
{
    static const struct {
        telling what;
        const char *name;
        double gain;
    } cases[] = {{TELLS_PACE, "pace that tells", 0.03},
                 {TELLS_HINTS, "hints that tell", 0.005},
                 {TELLS_NOTHING, "what tells nothing", -0.005}};
    /* Whatever pace and hints would have told, the answers are the same. */
    double without = auc_of(TELLS_NOTHING, true, member);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double with = auc_of(cases[i].what, false, member);
        print_message("%s: AUC %.4f, with %s %.4f\n", piq_member_name(member),
                      without, cases[i].name, with);
        assert_true(with > without + cases[i].gain);
    }
}

static void test_signals__regression_uses_what_tells(void **state)
{
    (void)state;
    check_member(PIQ_MEMBER_LR);
}

static void test_signals__trees_use_what_tells(void **state)
{
    (void)state;
    check_member(PIQ_MEMBER_GBDT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals__stand_in_their_own_columns),
        cmocka_unit_test(test_signals__regression_uses_what_tells),
        cmocka_unit_test(test_signals__trees_use_what_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
