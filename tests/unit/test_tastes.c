/* threads:tsan
 * Tastes fitted on what is stored, and what they do to a slate. */
#include "engine/engine_internal.h"
#include "engine/slate_make.h"
#include "engine/taste_refit.h"
#include "engine/tastes.h"

#include "base/calendar.h"
#include "insight/inputs.h"
#include "support/engine_fixture.h"
#include "support/memory_store_data.h"
#include "support/near.h"

enum { N_USERS = 40, N_TAKEN = 6, USER = 1 };

/* Even learners take up the even contents, odd ones the odd. */
static void take_up(engine_fixture *f, int64_t user, int n)
{
    const piq_catalogue *c = piq_engine_catalogue(f->e);
    for (int i = 0; i < n; i++) {
        uint32_t at = (uint32_t)((user % 2) + 2 * ((user / 2 + i) % 8));
        piq_event e =
            fixture_event(f, (unsigned)i, 600 * i, PIQ_EV_CONTENT_COMPLETED);
        e.u.content =
            (piq_content_event){{at % (uint32_t)c->n_contents}, 300, NAN};
        fixture_post(f, user, &e, 1);
    }
}

static int set_up(void **state)
{
    engine_fixture *f = fixture_new(NULL);
    fixture_load_file(f, "content/poker.json");
    for (int u = 1; u <= N_USERS; u++)
        take_up(f, u, u == USER ? 3 : N_TAKEN);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static void fit(engine_fixture *f)
{
    piq_taste_fit_report r;
    if (piq_engine_fit_taste(f->e, FIXTURE_NOW_US, NULL, &r, &f->err))
        fail_msg("fitting: %s", f->err.message);
    assert_int_equal(r.learners, N_USERS);
    assert_int_equal(r.events, (N_USERS - 1) * N_TAKEN + 3);
    assert_true(r.version > 0);
}

static void test_tastes__what_others_alike_took_up_is_to_the_taste(void **state)
{
    engine_fixture *f = *state;
    piq_learner_ref ref;
    piq_taste_view v;
    fit(f);
    piq_taste_hold *h = piq_engine_taste(f->e);
    assert_non_null(h);
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err), PIQ_OK);
    assert_int_equal(piq_taste_look(&f->a, h, ref.learner, ref.catalogue, &v),
                     PIQ_OK);
    double alike = 0, unlike = 0;
    for (uint32_t i = 0; i < 16; i++) {
        if (ref.learner->history[i].progress == PIQ_COMPLETED)
            continue;
        assert_true(v.taste.term[i] > 0 && v.taste.term[i] < 1);
        *(i % 2 == USER % 2 ? &alike : &unlike) += v.taste.term[i];
    }
    assert_true(alike / 5 > unlike / 8); /* three of its eight are taken */
    piq_taste_view_release(&v);
    piq_learner_ref_release(&ref);
    piq_taste_release(h);
}

/* The shares of the taste term: what it loses when the learner had never taken
 * that content up, and else done what they did. */
static void test_tastes__a_share_is_what_is_lost_without_it(void **state)
{
    engine_fixture *f = *state;
    piq_learner_ref ref;
    piq_learner *without;
    piq_taste_view all, less;
    piq_taste_why why;
    fit(f);
    piq_taste_hold *h = piq_engine_taste(f->e);
    assert_int_equal(
        piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err), PIQ_OK);
    const piq_catalogue *c = ref.catalogue;
    assert_int_equal(piq_taste_look(&f->a, h, ref.learner, c, &all), PIQ_OK);
    for (uint32_t i = 0; i < 30; i++) {
        piq_taste_explain(all.state, all.taste.item[i], &why);
        assert_near(why.term, all.taste.term[i], 1e-6);
        for (size_t k = 0; k < why.n; k++) {
            piq_content_ix gone = all.taste.content[why.shares[k].item];
            assert_int_equal(piq_learner_copy(ref.learner, &without), PIQ_OK);
            without->history[gone.v] =
                (piq_content_history){.progress = PIQ_UNTOUCHED, .score = NAN};
            assert_int_equal(piq_taste_look(&f->a, h, without, c, &less),
                             PIQ_OK);
            assert_near(all.taste.term[i] - less.taste.term[i],
                        why.shares[k].change, 1e-6);
            piq_taste_view_release(&less);
            piq_learner_free(without);
        }
    }
    piq_taste_view_release(&all);
    piq_learner_ref_release(&ref);
    piq_taste_release(h);
}

/* A policy for which taste counts. */
static void crown_tasteful(engine_fixture *f)
{
    piq_store *store = piq_engine_store(f->e);
    piq_recommend_policy p;
    piq_policy_body body = {.after = 0};
    piq_bayes_prior prior;
    piq_bayes *m;
    piq_buf bytes, regression;
    piq_recommend_by_hand(&p);
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        p.weight[k][PIQ_TERM_TASTE] = 0.4;
    memcpy(body.weight, p.weight, sizeof body.weight);
    piq_recommend_prior(&prior);
    assert_int_equal(piq_bayes_new(&f->a, &prior, &m), PIQ_OK);
    piq_buf_init(&bytes, 0);
    piq_buf_init(&regression, 0);
    piq_bayes_encode(m, &regression);
    body.regression = (piq_str){regression.ptr, regression.len};
    piq_policy_body_write(&body, &bytes);
    piq_model_row row = {.kind = PIQ_MODEL_POLICY,
                         .about = PIQ_STR("{}"),
                         .body = {bytes.ptr, bytes.len}};
    assert_int_equal(store->ops->put_model(store, &row, &f->err), PIQ_OK);
    piq_champion_row crown = {.number = 1,
                              .kind = PIQ_MODEL_POLICY,
                              .model = row.version,
                              .reason = PIQ_STR("a test")};
    assert_int_equal(store->ops->promote(store, &crown, &f->err), PIQ_OK);
    assert_int_equal(piq_engine_adopt_policy(f->e, &f->err), PIQ_OK);
    piq_buf_release(&bytes);
    piq_buf_release(&regression);
}

static void test_tastes__a_slate_says_because_of_what(void **state)
{
    engine_fixture *f = *state;
    piq_slate_log log;
    piq_slate_replay result;
    piq_buf said;
    fit(f);
    crown_tasteful(f);
    piq_op *op = fixture_run(f, PIQ_OP_SLATE, USER, FIXTURE_NOW_US);
    piq_str reply = piq_bytes_str(op->slate);
    assert_non_null(memmem(reply.ptr, reply.len, "\"term\":\"taste\"", 14));
    assert_non_null(
        memmem(reply.ptr, reply.len, "\"because\":[{\"content_id\":", 24));
    piq_op_free(op);
    const piq_slate_record *r = f->data->slates.at[0];
    assert_int_equal(piq_slate_log_read(&f->a, r->row.candidates, &log),
                     PIQ_OK);
    assert_true(log.origin.taste > 0);
    fixture_reopen(f);
    piq_buf_init(&said, 0);
    assert_int_equal(piq_engine_replay_slate(f->e, r->first_recommendation,
                                             &result, &said, &f->err),
                     PIQ_OK);
    print_message("%.*s\n", (int)said.len, said.ptr);
    assert_int_equal(result, PIQ_SLATE_SAME);
    piq_buf_release(&said);
}

int main(void)
{
#define WITH(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_tastes__what_others_alike_took_up_is_to_the_taste),
        WITH(test_tastes__a_share_is_what_is_lost_without_it),
        WITH(test_tastes__a_slate_says_because_of_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
