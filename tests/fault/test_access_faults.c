/* Keys, signers, coaches, links and sessions while memory or the store fails:
 * the nth allocation, the nth and all after it, the nth call of the store, for
 * n = 1, 2, .. until it goes through. Each time the failure is reported with
 * words, nobody gets in by it and nobody who was known is locked out, what was
 * asked for was not half done, and asked for again it is done. */
#include "golden/tokens.h"
#include "support/access_world.h"
#include "support/record_store.h"
#include "support/token_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    MANY = 400,
    CALM = 3, /* it went through so often: nothing is left to fail */
    VALUE_BYTES = 64
};

typedef enum fault { ALLOC, ALLOC_STICKY, STORE, N_FAULTS } fault;

typedef struct operation operation;

typedef struct world {
    const operation *o;
    access_world w;
    piq_access *fresh; /* another keeper, that has no session yet */
    char session[VALUE_BYTES], link[VALUE_BYTES], cookie[48];
    char secret[PIQ_KEY_BYTES], token[8192];
    piq_key_info info; /* of the key that an operation makes or revokes */
    piq_caller c;
    piq_arena a;
    size_t n;
} world;

static const piq_user_id anna_has[] = {{3}, {5}, {8}};

/* ---- what there always is --------------------------------------------------
 */

static void make_session(world *x, char cookie[48])
{
    const piq_caller admin = access_platform(0, PIQ_SCOPE_ADMIN);
    piq_err err = {0};
    access_must(piq_access_act_as(x->w.k, &admin, access_learner(0, 7),
                                  ACCESS_NOW_US, cookie, &err),
                &err);
}

static int set_up(void **state)
{
    world *x = calloc(1, sizeof *x);
    piq_err err = {0};
    assert_non_null(x);
    x->o = *state;
    piq_signer_info signer = {.kid = "hs", .algorithm = "HS256"};
    access_world_begin(&x->w);
    access_must(piq_access_add_signer(x->w.k, &signer, token_world_secret(),
                                      ACCESS_NOW_US, &err),
                &err);
    access_world_assign(&x->w, 0, "anna", anna_has, 3);
    make_session(x, x->session);
    piq_arena_init(&x->a, 0);
    token_world_sign("{\"alg\":\"HS256\",\"kid\":\"hs\"}",
                     "{\"sub\":\"7\",\"aud\":\"piq\",\"exp\":1800003600}",
                     x->token);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    world *x = *state;
    piq_alloc_fail_after(0, 0);
    record_store_fail_after(x->w.store, 0);
    piq_arena_release(&x->a);
    piq_access_close(x->fresh);
    access_world_end(&x->w);
    free(x);
    return 0;
}

/* Nobody who was known is locked out, whatever has failed. */
static void assert_known(world *x)
{
    char header[200];
    piq_caller c;
    const piq_caller anna = access_coach_caller(0, "anna");
    assert_int_equal(access_bearer(x->w.k, x->w.secret, ACCESS_NOW_US, &c),
                     PIQ_OK);
    assert_int_equal(access_bearer(x->w.k, x->token, ACCESS_NOW_US, &c),
                     PIQ_OK);
    assert_int_equal(c.learner.v, 7);
    snprintf(header, sizeof header, "piq_session=%s", x->session);
    assert_int_equal(access_cookie(x->w.k, header, ACCESS_NOW_US, &c), PIQ_OK);
    assert_int_equal(
        access_may(x->w.k, &anna, PIQ_SCOPE_PROFILE_READ, access_learner(0, 5)),
        PIQ_OK);
    assert_int_equal(
        access_may(x->w.k, &anna, PIQ_SCOPE_PROFILE_READ, access_learner(0, 6)),
        PIQ_ENOTFOUND);
}

/* ---- operations ------------------------------------------------------------
 */

struct operation {
    const char *name;
    void (*prepare)(world *x); /* NULL: nothing */
    piq_status (*run)(world *x, piq_err *err);
    bool (*is_done)(world *x); /* NULL: it changes nothing */
    /* What it says of what was done after all, when the store's answer was lost
     * on the way. */
    piq_status again;
};

static bool is_key_good(world *x)
{
    piq_caller c;
    return x->secret[0] &&
           access_bearer(x->w.k, x->secret, ACCESS_NOW_US, &c) == PIQ_OK;
}

static piq_status make_key(world *x, piq_err *err)
{
    x->info = access_key_like("new", 2, PIQ_SCOPE_PROFILE_READ);
    x->secret[0] = '\0';
    return piq_access_make_key(x->w.k, &x->info, ACCESS_NOW_US, x->secret, err);
}

static void have_key(world *x)
{
    piq_err err = {0};
    access_must(make_key(x, &err), &err);
}

static piq_status revoke_key(world *x, piq_err *err)
{
    return piq_access_revoke_key(x->w.k, piq_str_of(x->info.id), err);
}

static bool is_key_gone(world *x)
{
    return !is_key_good(x);
}

static piq_status list_keys(world *x, piq_err *err)
{
    piq_key_info *list;
    piq_status status = piq_access_keys(x->w.k, &x->a, &list, &x->n, err);
    if (!status)
        assert_int_equal(x->n, 1);
    return status;
}

static bool has_signer(world *x, const char *kid)
{
    piq_signer_info *list;
    piq_err err = {0};
    bool has = false;
    access_must(piq_access_signers(x->w.k, &x->a, &list, &x->n, &err), &err);
    for (size_t i = 0; i < x->n; i++)
        has = has || strcmp(list[i].kid, kid) == 0;
    return has;
}

static void no_signer(world *x)
{
    if (has_signer(x, "new"))
        assert_int_equal(piq_access_drop_signer(x->w.k, PIQ_STR("new"), NULL),
                         PIQ_OK);
}

static piq_status add_signer(world *x, piq_err *err)
{
    const piq_signer_info info = {.kid = "new", .algorithm = "EdDSA"};
    return piq_access_add_signer(x->w.k, &info, PIQ_STR(GOLDEN_ED_PEM),
                                 ACCESS_NOW_US, err);
}

static bool is_signer_there(world *x)
{
    return has_signer(x, "new");
}

static void have_signer(world *x)
{
    piq_err err = {0};
    if (!has_signer(x, "new"))
        access_must(add_signer(x, &err), &err);
}

static piq_status drop_signer(world *x, piq_err *err)
{
    return piq_access_drop_signer(x->w.k, PIQ_STR("new"), err);
}

static bool is_signer_gone(world *x)
{
    return !has_signer(x, "new");
}

static piq_status list_signers(world *x, piq_err *err)
{
    piq_signer_info *list;
    return piq_access_signers(x->w.k, &x->a, &list, &x->n, err);
}

static void bert_has_nobody(world *x)
{
    access_world_assign(&x->w, 0, "bert", NULL, 0);
}

static piq_status assign(world *x, piq_err *err)
{
    static const piq_user_id list[] = {{9}, {4}, {9}};
    return piq_access_assign(x->w.k, 0, PIQ_STR("bert"), list, 3, err);
}

static const piq_user_id *whom_bert_has(world *x)
{
    piq_user_id *list;
    piq_err err = {0};
    access_must(piq_access_assigned(x->w.k, &x->a, 0, PIQ_STR("bert"), &list,
                                    &x->n, &err),
                &err);
    return list;
}

static bool is_assigned(world *x)
{
    const piq_user_id *list = whom_bert_has(x);
    assert_true(x->n == 0 || (x->n == 2 && list[0].v == 4 && list[1].v == 9));
    return x->n == 2;
}

static void bert_has_some(world *x)
{
    piq_err err = {0};
    access_must(assign(x, &err), &err);
}

static piq_status forget(world *x, piq_err *err)
{
    return piq_access_forget(x->w.k, (piq_user_id){9}, err);
}

static bool is_forgotten(world *x)
{
    const piq_user_id *list = whom_bert_has(x);
    return x->n == 1 && list[0].v == 4;
}

static piq_status list_coached(world *x, piq_err *err)
{
    const piq_coached_range range = {
        .coach = PIQ_STR("anna"), .after = {3}, .limit = 9};
    piq_user_id *list;
    piq_status status = piq_access_coached(x->w.k, &x->a, &range, ACCESS_NOW_US,
                                           &list, &x->n, err);
    if (!status)
        assert_true(x->n == 2 && list[0].v == 5 && list[1].v == 8);
    return status;
}

/* Every change of records makes coaches' lists be read again. */
static void forget_lists(world *x)
{
    bert_has_nobody(x);
}

static piq_status ask_coach(world *x, piq_err *err)
{
    const piq_caller anna = access_coach_caller(0, "anna");
    return piq_caller_may(x->w.k, &anna, PIQ_SCOPE_PROFILE_READ,
                          access_learner(0, 8), ACCESS_NOW_US, err);
}

/* Another process changed something: the next use reads everything again. */
static void change_elsewhere(world *x)
{
    piq_access *other = access_open_on(x->w.store, NULL);
    piq_err err = {0};
    access_must(
        piq_access_assign(other, 0, PIQ_STR("elsewhere"), NULL, 0, &err), &err);
    piq_access_close(other);
}

static piq_status authenticate(world *x, piq_err *err)
{
    char header[200];
    snprintf(header, sizeof header, "Bearer %s", x->w.secret);
    return access_ask(x->w.k, header, ACCESS_NOW_US + 3 * ACCESS_SECOND_US,
                      &x->c, err);
}

static piq_status refresh(world *x, piq_err *err)
{
    return piq_access_refresh(x->w.k, ACCESS_NOW_US, err);
}

static piq_status open_keeper(world *x, piq_err *err)
{
    piq_access *k;
    piq_status status = piq_access_open(x->w.store, NULL, &k, err);
    if (!status)
        piq_access_close(k);
    return status;
}

/* The first session is what needs memory. */
static void begin_anew(world *x)
{
    piq_access_close(x->fresh);
    x->fresh = access_open_on(x->w.store, NULL);
    x->cookie[0] = '\0';
}

static piq_status make_link(world *x, piq_err *err)
{
    const piq_caller admin = access_platform(0, PIQ_SCOPE_ADMIN);
    return piq_access_make_link(x->fresh, &admin, ACCESS_NOW_US, x->link, err);
}

static void have_link(world *x)
{
    piq_err err = {0};
    begin_anew(x);
    access_must(make_link(x, &err), &err);
}

static piq_status use_link(world *x, piq_err *err)
{
    int64_t until_us;
    return piq_access_use_link(x->fresh, piq_str_of(x->link), ACCESS_NOW_US,
                               x->cookie, &until_us, err);
}

static bool has_session(world *x)
{
    char header[200];
    piq_caller c;
    snprintf(header, sizeof header, "piq_session=%s", x->cookie);
    return x->cookie[0] &&
           access_cookie(x->fresh, header, ACCESS_NOW_US, &c) == PIQ_OK;
}

static piq_status act_as(world *x, piq_err *err)
{
    const piq_caller admin = access_platform(0, PIQ_SCOPE_ADMIN);
    return piq_access_act_as(x->fresh, &admin, access_learner(0, 9),
                             ACCESS_NOW_US, x->cookie, err);
}

/* ---- each of them, failing --------------------------------------------------
 */

static void break_at(world *x, fault f, long nth)
{
    if (f == STORE)
        record_store_fail_after(x->w.store, nth);
    else
        piq_alloc_fail_after(nth, f == ALLOC_STICKY);
}

static void mend(world *x)
{
    piq_alloc_fail_after(0, 0);
    record_store_fail_after(x->w.store, 0);
}

static void do_it_again(world *x, const operation *o, bool done)
{
    piq_err err = {0};
    piq_status status = o->run(x, &err);
    if (done && o->again)
        assert_int_equal(status, o->again);
    else
        access_must(status, &err);
    if (o->is_done)
        assert_true(o->is_done(x));
}

/* True: it went through. */
static bool fail_once(world *x, const operation *o, fault f, long nth)
{
    piq_err err = {0};
    if (o->prepare)
        o->prepare(x);
    break_at(x, f, nth);
    piq_status status = o->run(x, &err);
    mend(x);
    assert_known(x);
    bool done = o->is_done && o->is_done(x);
    if (status == PIQ_OK) {
        assert_true(done || !o->is_done);
        return true;
    }
    if (status != (f == STORE ? PIQ_EIO : PIQ_ENOMEM))
        fail_msg("%s, fault %d, %ld: status %d: %s", o->name, (int)f, nth,
                 (int)status, err.message);
    assert_true(err.message[0] != '\0');
    /* What a store has kept although it could not be read back is said to be
     * so; of memory alone nothing is kept. */
    if (done && f != STORE && !o->again)
        fail_msg("%s, %ld: refused, and done", o->name, nth);
    do_it_again(x, o, done);
    piq_arena_clear(&x->a);
    return false;
}

static void test_access_faults__fail_everywhere(void **state)
{
    world *x = *state;
    const operation *o = x->o;
    for (int f = 0; f < N_FAULTS; f++) {
        int calm = 0;
        long nth = 1;
        for (; nth < MANY && calm < CALM; nth++)
            calm = fail_once(x, o, (fault)f, nth) ? calm + 1 : 0;
        assert_int_equal(calm, CALM);
    }
}

static const operation operations[] = {
    {"opening", NULL, open_keeper, NULL, PIQ_OK},
    {"reading_again", change_elsewhere, refresh, NULL, PIQ_OK},
    {"asking_who", change_elsewhere, authenticate, NULL, PIQ_OK},
    {"making_a_key", NULL, make_key, is_key_good, PIQ_OK},
    {"revoking_a_key", have_key, revoke_key, is_key_gone, PIQ_ENOTFOUND},
    {"listing_keys", NULL, list_keys, NULL, PIQ_OK},
    {"adding_a_signer", no_signer, add_signer, is_signer_there, PIQ_ECONFLICT},
    {"dropping_a_signer", have_signer, drop_signer, is_signer_gone,
     PIQ_ENOTFOUND},
    {"listing_signers", NULL, list_signers, NULL, PIQ_OK},
    {"assigning", bert_has_nobody, assign, is_assigned, PIQ_OK},
    {"forgetting", bert_has_some, forget, is_forgotten, PIQ_OK},
    {"listing_learners", forget_lists, list_coached, NULL, PIQ_OK},
    {"asking_for_a_coach", forget_lists, ask_coach, NULL, PIQ_OK},
    {"making_a_link", begin_anew, make_link, NULL, PIQ_OK},
    {"using_a_link", have_link, use_link, has_session, PIQ_OK},
    {"acting_as", begin_anew, act_as, has_session, PIQ_OK},
};
enum { N_OPERATIONS = sizeof operations / sizeof operations[0] };

int main(void)
{
    struct CMUnitTest tests[N_OPERATIONS];
    char names[N_OPERATIONS][64];
    for (size_t i = 0; i < N_OPERATIONS; i++) {
        snprintf(names[i], sizeof names[i], "test_access_faults__%s",
                 operations[i].name);
        tests[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func = test_access_faults__fail_everywhere,
            .setup_func = set_up,
            .teardown_func = tear_down,
            .initial_state = (void *)(uintptr_t)&operations[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
