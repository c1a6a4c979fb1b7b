/* threads:tsan
 * test_sessions.c - rates, links, sessions, acting as somebody; and all of
 * access from many threads. */
#include "access/access.h"
#include "base/arena.h"
#include "support/access_world.h"
#include "support/record_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

/* ---- limits ------------------------------------------------------------- */

static void test_access__the_rate_holds_and_says_when(void **state)
{
    piq_store *s = record_store_new();
    const piq_access_config config = {.requests_per_s = 10, .burst = 20};
    piq_access *k = access_open_on(s, &config);
    piq_caller c = access_platform(0, PIQ_SCOPE_ADMIN),
               d = access_platform(1, 0);
    unsigned retry = 0, taken = 0;
    (void)state;
    for (int i = 0; i < 50; i++)
        taken += piq_access_admit(k, &c, ACCESS_NOW_US, &retry, NULL) == PIQ_OK;
    assert_int_equal(taken, 20); /* the burst */
    assert_int_equal(retry, 1);
    assert_int_equal(piq_access_admit(k, &d, ACCESS_NOW_US, &retry, NULL),
                     PIQ_OK);
    taken = 0; /* then 10 a second, over 3 s */
    for (int i = 1; i <= 300; i++)
        taken +=
            piq_access_admit(k, &c, ACCESS_NOW_US + i * ACCESS_SECOND_US / 100,
                             &retry, NULL) == PIQ_OK;
    assert_int_equal(taken, 30);
    /* An hour back: one burst's worth of waiting at most. */
    assert_int_equal(piq_access_admit(k, &c,
                                      ACCESS_NOW_US - 3600 * ACCESS_SECOND_US,
                                      &retry, NULL),
                     PIQ_EBUSY);
    assert_int_equal(piq_access_admit(k, &c,
                                      ACCESS_NOW_US - 3597 * ACCESS_SECOND_US,
                                      &retry, NULL),
                     PIQ_EBUSY);
    c.requests_per_s = PIQ_NO_RATE;
    for (int i = 0; i < 50; i++)
        assert_int_equal(piq_access_admit(k, &c, ACCESS_NOW_US, &retry, NULL),
                         PIQ_OK);
    piq_access_close(k);
    s->ops->close(s);
}

static void test_access__a_key_may_have_a_rate_of_its_own(void **state)
{
    access_world w;
    piq_caller c;
    piq_err err = {0};
    char secret[PIQ_KEY_BYTES];
    unsigned retry = 0;
    (void)state;
    access_world_begin(&w);
    piq_key_info info = access_key_like("slow", 0, PIQ_SCOPE_ADMIN);
    info.requests_per_s = 1;
    access_must(piq_access_make_key(w.k, &info, ACCESS_NOW_US, secret, &err),
                &err);
    assert_int_equal(access_bearer(w.k, secret, ACCESS_NOW_US, &c), PIQ_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(piq_access_admit(w.k, &c, ACCESS_NOW_US, &retry, NULL),
                         PIQ_OK);
    assert_int_equal(piq_access_admit(w.k, &c, ACCESS_NOW_US, &retry, NULL),
                     PIQ_EBUSY);
    assert_int_equal(retry, 1);
    access_world_end(&w);
}

/* However many callers there are, the table stays as it is: those who find no
 * place share, and still cannot go over the rate all together for ever. */
static void test_access__very_many_callers_share(void **state)
{
    piq_store *s = record_store_new();
    const piq_access_config config = {.requests_per_s = 1, .burst = 1};
    piq_access *k = access_open_on(s, &config);
    unsigned retry = 0, first = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        piq_caller c = access_platform(0, 0);
        snprintf(c.id, sizeof c.id, "key:%d", i);
        first += piq_access_admit(k, &c, ACCESS_NOW_US, &retry, NULL) == PIQ_OK;
    }
    assert_in_range(first, 65536, 8192 * 9);
    piq_access_close(k);
    s->ops->close(s);
}

/* ---- links and sessions ---------------------------------------------------
 */

static void test_access__a_link_is_good_once(void **state)
{
    access_world w;
    piq_caller me = access_platform(0, PIQ_SCOPE_ADMIN), c;
    char token[48], value[48], header[200];
    int64_t expires_us;
    piq_err err = {0};
    (void)state;
    access_world_begin(&w);
    access_must(piq_access_make_link(w.k, &me, ACCESS_NOW_US, token, &err),
                &err);
    access_must(piq_access_use_link(w.k, piq_str_of(token), ACCESS_NOW_US,
                                    value, &expires_us, &err),
                &err);
    assert_int_equal(expires_us, ACCESS_NOW_US + 43200 * ACCESS_SECOND_US);
    assert_int_equal(piq_access_use_link(w.k, piq_str_of(token), ACCESS_NOW_US,
                                         value, &expires_us, NULL),
                     PIQ_EDENIED);
    snprintf(header, sizeof header, "a=b; piq_session=%s;c", value);
    assert_int_equal(access_cookie(w.k, header, ACCESS_NOW_US, &c), PIQ_OK);
    assert_true(c.by_cookie);
    assert_int_equal(c.scopes, me.scopes);
    assert_int_equal(access_cookie(w.k, header, expires_us, &c), PIQ_EDENIED);
    /* The link's token is no session's, nor the other way round. */
    snprintf(header, sizeof header, "piq_session=%s", token);
    assert_int_equal(access_cookie(w.k, header, ACCESS_NOW_US, &c),
                     PIQ_EDENIED);
    assert_int_equal(piq_access_use_link(w.k, piq_str_of(value), ACCESS_NOW_US,
                                         value, &expires_us, NULL),
                     PIQ_EDENIED);
    access_must(piq_access_make_link(w.k, &me, ACCESS_NOW_US, token, &err),
                &err);
    assert_int_equal(piq_access_use_link(w.k, piq_str_of(token),
                                         ACCESS_NOW_US + 601 * ACCESS_SECOND_US,
                                         value, &expires_us, NULL),
                     PIQ_EDENIED);
    access_world_end(&w);
}

static void test_access__cookies_are_read_as_sent(void **state)
{
    access_world w;
    piq_caller me = access_platform(0, PIQ_SCOPE_ADMIN), c;
    char token[48], value[48], header[300];
    int64_t expires_us;
    piq_err err = {0};
    (void)state;
    access_world_begin(&w);
    access_must(piq_access_make_link(w.k, &me, ACCESS_NOW_US, token, &err),
                &err);
    access_must(piq_access_use_link(w.k, piq_str_of(token), ACCESS_NOW_US,
                                    value, &expires_us, &err),
                &err);
    snprintf(header, sizeof header, "piq_session=%s; piq_session=%s", value,
             value);
    assert_int_equal(access_cookie(w.k, header, ACCESS_NOW_US, &c),
                     PIQ_EDENIED);
    snprintf(header, sizeof header, "xpiq_session=%s", value);
    assert_int_equal(access_cookie(w.k, header, ACCESS_NOW_US, &c),
                     PIQ_EDENIED);
    /* A wrong key is not made good by a right cookie. */
    snprintf(header, sizeof header, "piq_session=%s", value);
    const piq_credential both = {.authorization = PIQ_STR("Bearer piq_x"),
                                 .cookie = piq_str_of(header)};
    assert_int_equal(
        piq_access_authenticate(w.k, &both, ACCESS_NOW_US, &c, NULL),
        PIQ_EDENIED);
    piq_access_end_session(w.k, piq_str_of(value));
    assert_int_equal(access_cookie(w.k, header, ACCESS_NOW_US, &c),
                     PIQ_EDENIED);
    access_world_end(&w);
}

static void test_access__a_session_goes_with_its_key(void **state)
{
    access_world w;
    piq_caller me, c;
    char token[48], later[48], value[48], header[200];
    int64_t expires_us;
    piq_err err = {0};
    (void)state;
    access_world_begin(&w);
    assert_int_equal(access_bearer(w.k, w.secret, ACCESS_NOW_US, &me), PIQ_OK);
    access_must(piq_access_make_link(w.k, &me, ACCESS_NOW_US, token, &err),
                &err);
    access_must(piq_access_make_link(w.k, &me, ACCESS_NOW_US, later, &err),
                &err);
    access_must(piq_access_use_link(w.k, piq_str_of(token), ACCESS_NOW_US,
                                    value, &expires_us, &err),
                &err);
    snprintf(header, sizeof header, "piq_session=%s", value);
    assert_int_equal(access_cookie(w.k, header, ACCESS_NOW_US, &c), PIQ_OK);
    access_must(piq_access_revoke_key(w.k, piq_str_of(w.info.id), &err), &err);
    assert_int_equal(access_cookie(w.k, header, ACCESS_NOW_US, &c),
                     PIQ_EDENIED);
    assert_int_equal(piq_access_use_link(w.k, piq_str_of(later), ACCESS_NOW_US,
                                         value, &expires_us, NULL),
                     PIQ_EDENIED);
    access_world_end(&w);
}

static void test_access__an_admin_may_act_as_learners(void **state)
{
    access_world w;
    piq_caller admin = access_platform(2, PIQ_SCOPE_ADMIN), c;
    piq_caller reader = access_platform(2, PIQ_SCOPE_PROFILE_READ);
    piq_caller self = access_learner_caller(2, 7);
    char value[48], header[200];
    piq_err err = {0};
    (void)state;
    access_world_begin(&w);
    access_must(piq_access_act_as(w.k, &admin, access_learner(2, 7),
                                  ACCESS_NOW_US, value, &err),
                &err);
    snprintf(header, sizeof header, "piq_session=%s", value);
    assert_int_equal(access_cookie(w.k, header, ACCESS_NOW_US, &c), PIQ_OK);
    assert_int_equal(c.role, PIQ_ROLE_LEARNER);
    assert_int_equal(c.learner.v, access_learner(2, 7).v);
    assert_int_equal(access_may(w.k, &c, PIQ_SCOPE_ADMIN, c.learner),
                     PIQ_EDENIED);
    assert_int_equal(
        access_may(w.k, &c, PIQ_SCOPE_PROFILE_READ, access_learner(2, 8)),
        PIQ_ENOTFOUND);
    access_must(piq_access_act_as(w.k, &c, access_learner(2, 8), ACCESS_NOW_US,
                                  value, &err),
                &err);
    assert_int_equal(piq_access_act_as(w.k, &c, access_learner(3, 8),
                                       ACCESS_NOW_US, value, NULL),
                     PIQ_ENOTFOUND);
    assert_int_equal(piq_access_act_as(w.k, &reader, access_learner(2, 8),
                                       ACCESS_NOW_US, value, NULL),
                     PIQ_EDENIED);
    assert_int_equal(piq_access_act_as(w.k, &self, access_learner(2, 7),
                                       ACCESS_NOW_US, value, NULL),
                     PIQ_EDENIED);
    access_world_end(&w);
}

static void test_access__links_are_bounded_and_make_room(void **state)
{
    access_world w;
    piq_caller me = access_platform(0, PIQ_SCOPE_ADMIN);
    char token[48];
    piq_err err = {0};
    (void)state;
    access_world_begin(&w);
    for (int i = 0; i < 1024; i++)
        access_must(piq_access_make_link(w.k, &me, ACCESS_NOW_US, token, &err),
                    &err);
    assert_int_equal(piq_access_make_link(w.k, &me, ACCESS_NOW_US, token, NULL),
                     PIQ_EBUSY);
    for (int i = 0; i < 1024; i++)
        access_must(piq_access_make_link(w.k, &me,
                                         ACCESS_NOW_US + 601 * ACCESS_SECOND_US,
                                         token, &err),
                    &err);
    access_world_end(&w);
}

typedef struct crowd {
    access_world *w;
    int n;
} crowd;

static void *use(void *ctx)
{
    crowd *x = ctx;
    piq_caller c;
    unsigned retry;
    char header[100], token[48], value[48];
    int64_t until;
    for (int i = 0; i < 400; i++) {
        int64_t now = ACCESS_NOW_US + i * ACCESS_SECOND_US / 10;
        piq_caller coach = access_coach_caller(0, "anna");
        if (access_bearer(x->w->k, x->w->secret, now, &c) ||
            piq_access_admit(x->w->k, &c, now, &retry, NULL) ||
            access_may(x->w->k, &coach, PIQ_SCOPE_PROFILE_READ,
                       (piq_user_id){3}))
            return x;
        if (i % 10 == 0 &&
            (piq_access_make_link(x->w->k, &c, now, token, NULL) ||
             piq_access_use_link(x->w->k, piq_str_of(token), now, value, &until,
                                 NULL)))
            return x;
        snprintf(header, sizeof header, "piq_session=%s", value);
        if (access_cookie(x->w->k, header, now, &c))
            return x;
    }
    return NULL;
}

static void *change(void *ctx)
{
    crowd *x = ctx;
    for (int i = 0; i < x->n; i++) {
        piq_key_info info = access_key_like("x", 0, PIQ_SCOPE_ADMIN);
        char secret[PIQ_KEY_BYTES];
        piq_caller c;
        if (piq_access_make_key(x->w->k, &info, ACCESS_NOW_US, secret, NULL) ||
            access_bearer(x->w->k, secret, ACCESS_NOW_US, &c) ||
            piq_access_revoke_key(x->w->k, piq_str_of(info.id), NULL) ||
            access_bearer(x->w->k, secret, ACCESS_NOW_US, &c) != PIQ_EDENIED)
            return x;
    }
    return NULL;
}

static void test_access__threads_see_whole_views(void **state)
{
    access_world w;
    piq_err err = {0};
    const piq_user_id list[] = {{3}};
    pthread_t threads[5];
    (void)state;
    access_world_begin(&w);
    crowd x = {&w, 60};
    access_must(piq_access_assign(w.k, 0, PIQ_STR("anna"), list, 1, &err),
                &err);
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < 3 ? use : change, &x), 0);
    for (int i = 0; i < 5; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        assert_null(bad);
    }
    access_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access__the_rate_holds_and_says_when),
        cmocka_unit_test(test_access__a_key_may_have_a_rate_of_its_own),
        cmocka_unit_test(test_access__very_many_callers_share),
        cmocka_unit_test(test_access__a_link_is_good_once),
        cmocka_unit_test(test_access__cookies_are_read_as_sent),
        cmocka_unit_test(test_access__a_session_goes_with_its_key),
        cmocka_unit_test(test_access__an_admin_may_act_as_learners),
        cmocka_unit_test(test_access__links_are_bounded_and_make_room),
        cmocka_unit_test(test_access__threads_see_whole_views)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
