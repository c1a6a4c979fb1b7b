/* A whole model from answers: the same for the same seed, stopped when asked,
 * of the members that pay. Not for the thread sanitizer, which cannot see into
 * libxgboost's threads: test_kt_live.c fits without trees. */
#include "train/kt_fit.h"

#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/small_model.h"

#include <stdlib.h>
#include <string.h>

typedef struct world {
    piq_catalogue *c;
    piq_kt_data data;
    piq_kt_role *role;
} world;

static world make_world(small_world answers)
{
    world w = {.c = random_catalogue(4, 2, 6, 30)};
    w.data = small_answers(w.c, answers, 4, NULL);
    w.role = small_roles(&w.data);
    return w;
}

static world usual_world(void)
{
    small_world answers = small_world_usual();
    answers.n_learners = 80;
    answers.n_answers = 30;
    return make_world(answers);
}

static void free_world(world *w)
{
    free(w->role);
    piq_kt_data_release(&w->data);
    piq_catalogue_free(w->c);
}

static piq_kt_model *fit(const world *w, const piq_kt_fit_options *o,
                         const piq_fit_watch *watch, piq_kt_fit_report *report)
{
    piq_kt_model *m = NULL;
    piq_err err = {0};
    if (piq_kt_fit(&w->data, w->role, o, watch, &m, report, &err))
        fail_msg("%s", err.message);
    return m;
}

static bool no_trees(const piq_kt_fit_report *r)
{
    return strncmp(r->note, "no trees", 8) == 0; /* libxgboost is missing */
}

/* ---- the same again ------------------------------------------------------ */

static void check_same(const world *w, piq_kt_fit_options o)
{
    piq_kt_fit_report r;
    piq_str bytes[3];
    for (unsigned i = 0; i < 3; i++) {
        o.threads = i == 2 ? 2 : 1;
        piq_kt_model *m = fit(w, &o, NULL, &r);
        bytes[i] = small_model_bytes(m);
        piq_kt_model_free(m);
    }
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(bytes[i].len, bytes[0].len);
        assert_memory_equal(bytes[i].ptr, bytes[0].ptr, bytes[0].len);
    }
    for (unsigned i = 0; i < 3; i++)
        free((char *)bytes[i].ptr);
}

static void test_kt_fit__the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    world w = usual_world();
    check_same(&w, small_options(true, false, true));
    free_world(&w);
}

static void test_kt_fit__so_do_trees(void **state)
{
    (void)state;
    world w = usual_world();
    check_same(&w, small_options(false, true, true));
    free_world(&w);
}

static void test_kt_fit__another_seed_gives_another_model(void **state)
{
    (void)state;
    world w = usual_world();
    piq_kt_fit_report r;
    piq_kt_fit_options o = small_options(true, false, true);
    piq_kt_model *a = fit(&w, &o, NULL, &r);
    o.seed = 2;
    piq_kt_model *b = fit(&w, &o, NULL, &r);
    piq_str x = small_model_bytes(a), y = small_model_bytes(b);
    assert_true(x.len != y.len || memcmp(x.ptr, y.ptr, x.len) != 0);
    assert_int_equal(b->about.seed, 2);
    free((char *)x.ptr);
    free((char *)y.ptr);
    piq_kt_model_free(a);
    piq_kt_model_free(b);
    free_world(&w);
}

/* ---- what comes out ------------------------------------------------------ */

static void test_kt_fit__learns_what_there_is_to_learn(void **state)
{
    (void)state;
    world w = usual_world();
    piq_kt_fit_report r;
    piq_kt_fit_options o = small_options(true, true, true);
    piq_kt_model *m = fit(&w, &o, NULL, &r);
    assert_int_equal(r.n_train + r.n_valid, w.data.n_answers);
    assert_int_equal(r.valid.rows, r.n_valid);
    assert_false(r.stopped);
    /* Who knew abilities and difficulties would reach about .80. */
    assert_true(r.valid.auc > .70 && r.valid.auc < .85);
    assert_true(r.valid.ece < .05);
    assert_true(r.member_auc[PIQ_MEMBER_LR] > .70);
    assert_true(no_trees(&r) == isnan(r.member_auc[PIQ_MEMBER_GBDT]));
    const piq_kt_about *about = &m->about;
    assert_string_equal(about->data, "made up");
    assert_int_equal(about->n_answers, r.n_train);
    assert_int_equal(about->n_valid, r.n_valid);
    assert_near(about->valid_logloss, r.valid.logloss, 0);
    assert_true(about->from_us >= SMALL_START_US);
    assert_true(about->until_us > about->from_us);
    for (size_t i = 0; i < w.data.n_answers; i++)
        assert_in_range(w.data.answers[i].at_us, about->from_us,
                        about->until_us);
    piq_kt_model_free(m);
    free_world(&w);
}

static void test_kt_fit__nothing_is_learned_from_coins(void **state)
{
    (void)state;
    small_world coins = small_world_usual();
    coins.scrambled = true;
    coins.n_answers = 30;
    world w = make_world(coins);
    piq_kt_fit_report r;
    piq_kt_fit_options o = small_options(true, false, true);
    piq_kt_model *m = fit(&w, &o, NULL, &r);
    assert_true(r.valid.auc > .4 && r.valid.auc < .6);
    assert_near(r.valid.logloss, log(2), .02);
    /* Two of equal worth: neither pays, one stays. */
    assert_int_equal(r.blend.kept[PIQ_MEMBER_LR] + r.blend.kept[PIQ_MEMBER_RNN],
                     1);
    for (int k = 0; k < PIQ_N_MEMBERS; k++)
        assert_true(r.blend.kept[k] ? m->blend.weight[k] >= 0
                                    : m->blend.weight[k] == 0);
    piq_kt_model_free(m);
    free_world(&w);
}

static void test_kt_fit__what_does_not_pay_is_left_out(void **state)
{
    (void)state;
    world w = usual_world();
    piq_kt_fit_report r;
    piq_kt_fit_options o = small_options(true, true, false);
    o.trees.learning_rate = 1e-6; /* trees that say nearly nothing */
    o.trees.max_trees = 1;
    piq_kt_model *m = fit(&w, &o, NULL, &r);
    assert_true(r.blend.kept[PIQ_MEMBER_LR]);
    assert_false(r.blend.kept[PIQ_MEMBER_GBDT]);
    assert_false(piq_kt_model_uses(m, PIQ_MEMBER_GBDT));
    assert_true(piq_kt_model_uses(m, PIQ_MEMBER_LR));
    piq_kt_model_free(m);
    free_world(&w);
}

static void test_kt_fit__test_learners_are_not_looked_at(void **state)
{
    (void)state;
    world w = usual_world();
    piq_kt_fit_report r;
    piq_kt_fit_options o = small_options(true, false, false);
    size_t n = 0;
    for (size_t l = 0; l < w.data.n_learners; l++)
        if (w.data.part[l] == 1) {
            w.role[l] = PIQ_KT_TEST;
            n += w.data.first[l + 1] - w.data.first[l];
        }
    piq_kt_model *a = fit(&w, &o, NULL, &r);
    assert_int_equal(r.n_train + r.n_valid + n, w.data.n_answers);
    /* Whatever they had answered. */
    for (size_t l = 0; l < w.data.n_learners; l++)
        for (size_t i = w.data.first[l];
             i < w.data.first[l + 1] && w.role[l] == PIQ_KT_TEST; i++)
            w.data.answers[i].score = 1 - w.data.answers[i].score;
    piq_kt_model *b = fit(&w, &o, NULL, &r);
    piq_str x = small_model_bytes(a), y = small_model_bytes(b);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.ptr, y.ptr, x.len);
    free((char *)x.ptr);
    free((char *)y.ptr);
    piq_kt_model_free(a);
    piq_kt_model_free(b);
    free_world(&w);
}

/* ---- stopping ------------------------------------------------------------ */

typedef struct watcher {
    const char *stop_in; /* member; NULL: in none */
    size_t n;
    bool seen[PIQ_N_MEMBERS];
} watcher;

static bool watch_round(void *ctx, const piq_fit_round *r)
{
    watcher *w = ctx;
    w->n++;
    for (int k = 0; k < PIQ_N_MEMBERS; k++)
        if (strcmp(r->member, piq_member_name((piq_member)k)) == 0)
            w->seen[k] = true;
    assert_true(r->round <= r->n_rounds);
    return !w->stop_in || strcmp(r->member, w->stop_in) != 0;
}

static piq_kt_model *fit_watched(const world *w, const char *stop_in,
                                 watcher *seen, piq_kt_fit_report *r)
{
    piq_kt_fit_options o = small_options(true, true, true);
    *seen = (watcher){.stop_in = stop_in};
    piq_fit_watch watch = {watch_round, seen};
    return fit(w, &o, &watch, r);
}

static void test_kt_fit__every_member_tells_its_rounds(void **state)
{
    (void)state;
    world w = usual_world();
    watcher seen;
    piq_kt_fit_report r;
    piq_kt_model_free(fit_watched(&w, NULL, &seen, &r));
    assert_false(r.stopped);
    assert_true(seen.seen[PIQ_MEMBER_LR] && seen.seen[PIQ_MEMBER_RNN]);
    assert_true(seen.seen[PIQ_MEMBER_GBDT] != no_trees(&r));
    free_world(&w);
}

/* Stopped at its first round, whichever member that is: a model all the same,
 * which can be written and read. */
static void test_kt_fit__stopped_it_still_gives_a_model(void **state)
{
    (void)state;
    world w = usual_world();
    for (int k = 0; k < PIQ_N_MEMBERS; k++) {
        watcher seen;
        piq_kt_fit_report r;
        piq_err err = {0};
        piq_kt_model *again;
        piq_kt_model *m =
            fit_watched(&w, piq_member_name((piq_member)k), &seen, &r);
        assert_true(r.stopped == seen.seen[k]);
        for (int later = k + 1; later < PIQ_N_MEMBERS && seen.seen[k]; later++)
            assert_false(seen.seen[later] ||
                         piq_kt_model_uses(m, (piq_member)later));
        assert_true(r.valid.auc > .5);
        piq_str bytes = small_model_bytes(m);
        assert_int_equal(piq_kt_model_decode(bytes, &again, &err), PIQ_OK);
        piq_kt_model_free(again);
        free((char *)bytes.ptr);
        piq_kt_model_free(m);
    }
    free_world(&w);
}

/* ---- what cannot be ------------------------------------------------------ */

static void check_refused(const world *w, piq_status expected)
{
    piq_kt_model *m = NULL;
    piq_kt_fit_report r;
    piq_err err = {0};
    piq_kt_fit_options o = small_options(true, false, false);
    assert_int_equal(piq_kt_fit(&w->data, w->role, &o, NULL, &m, &r, &err),
                     expected);
    assert_null(m);
    assert_true(err.status == expected && err.message[0]);
}

static void test_kt_fit__both_training_and_validation_are_needed(void **state)
{
    (void)state;
    world w = usual_world();
    for (size_t l = 0; l < w.data.n_learners; l++)
        w.role[l] = PIQ_KT_VALID;
    check_refused(&w, PIQ_EINVAL);
    for (size_t l = 0; l < w.data.n_learners; l++)
        w.role[l] = PIQ_KT_TRAIN;
    check_refused(&w, PIQ_EINVAL);
    for (size_t l = 0; l < w.data.n_learners; l++)
        w.role[l] = PIQ_KT_TEST;
    check_refused(&w, PIQ_EINVAL);
    w.data.n_learners = 0;
    check_refused(&w, PIQ_EINVAL);
    free_world(&w);
}

static void test_kt_fit__no_members_are_no_model(void **state)
{
    (void)state;
    world w = usual_world();
    piq_kt_model *m = NULL;
    piq_kt_fit_report r;
    piq_err err = {0};
    piq_kt_fit_options o = small_options(false, false, false);
    assert_int_equal(piq_kt_fit(&w.data, w.role, &o, NULL, &m, &r, &err),
                     PIQ_EINVAL);
    assert_null(m);
    assert_int_equal(err.status, PIQ_EINVAL);
    free_world(&w);
}

static void test_kt_fit__lacking_memory_leaks_nothing(void **state)
{
    (void)state;
    small_world few = small_world_usual();
    few.n_learners = 16;
    few.n_answers = 8;
    world w = make_world(few);
    piq_status status = PIQ_ENOMEM;
    piq_kt_fit_options o = small_options(true, false, true);
    o.lr.max_steps = 1;
    o.rnn.updates = 2;
    /* Each failure up to a point, then in strides: they are many. */
    for (long n = 1; status != PIQ_OK; n += n < 60 ? 1 : 1 + n / 16) {
        piq_kt_model *m = NULL;
        piq_kt_fit_report r;
        piq_err err = {0};
        piq_alloc_fail_after(n, 0);
        status = piq_kt_fit(&w.data, w.role, &o, NULL, &m, &r, &err);
        piq_alloc_fail_after(0, 0);
        assert_true(status == PIQ_OK || status == PIQ_ENOMEM);
        assert_int_equal(err.status, status);
        assert_true((m != NULL) == (status == PIQ_OK));
        piq_kt_model_free(m);
    }
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt_fit__the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(test_kt_fit__so_do_trees),
        cmocka_unit_test(test_kt_fit__another_seed_gives_another_model),
        cmocka_unit_test(test_kt_fit__learns_what_there_is_to_learn),
        cmocka_unit_test(test_kt_fit__nothing_is_learned_from_coins),
        cmocka_unit_test(test_kt_fit__what_does_not_pay_is_left_out),
        cmocka_unit_test(test_kt_fit__test_learners_are_not_looked_at),
        cmocka_unit_test(test_kt_fit__every_member_tells_its_rounds),
        cmocka_unit_test(test_kt_fit__stopped_it_still_gives_a_model),
        cmocka_unit_test(test_kt_fit__both_training_and_validation_are_needed),
        cmocka_unit_test(test_kt_fit__no_members_are_no_model),
        cmocka_unit_test(test_kt_fit__lacking_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
