/* Laws of trained models in a running engine: whatever models and curricula
 * come and go between a learner's events, the stored state is what a rebuild
 * gives, to the bit, and the trace is the fold of all answers under the model
 * in force; a model that cannot be read changes nothing; no event is lost or
 * counted twice while models are swapped. On both stores. */
/* threads:tsan */
#include "base/log.h"
#include "base/rng.h"
#include "engine/engine_internal.h"
#include "support/engine_fixture.h"
#include "support/engine_models.h"
#include "support/model_world.h"
#include "support/near.h"
#include "support/random_kt_model.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what must hold ------------------------------------------------------ */

static piq_learner_ref look(world *w, size_t u)
{
    piq_learner_ref ref;
    piq_err err = {0};
    if (piq_engine_learner(w->f->e, (piq_user_id){(int64_t)u + 1}, &ref, &err))
        fail_msg("%s", err.message);
    return ref;
}

static void answer_row(world *w, const piq_event_row *row, piq_kt_state *s,
                       const piq_kt_binding *b)
{
    piq_event event = {0};
    piq_concept_weight weights[PIQ_MAX_CONTENT_CONCEPTS];
    const piq_catalogue *c;
    piq_ask ask;
    if (row->type != PIQ_EV_ANSWER)
        return;
    assert_int_equal(
        piq_engine_read_event(w->f->e, &w->f->a, row, &event, &w->f->err),
        PIQ_OK);
    assert_int_equal(piq_engine_catalogue_version(
                         w->f->e, row->catalogue_version, &c, &w->f->err),
                     PIQ_OK);
    const piq_answer *a = &event.u.answer;
    if (!piq_ask_of_answer(a, c, event.at_us, weights, &ask))
        return;
    piq_response response = {
        .score = a->score, .response_ms = a->response_ms, .hint = a->hint};
    piq_kt_state_answer(s, b, &ask, &response, NULL);
}

/* The published trace is that of the stored answers, one after the other,
 * under the model in force. */
static void check_trace(world *w, size_t u)
{
    piq_event_row *rows;
    size_t n;
    piq_store *store = piq_engine_store(w->f->e);
    piq_event_range range = {.user = {(int64_t)u + 1},
                             .after_us = INT64_MIN,
                             .until_us = INT64_MAX,
                             .limit = 100000};
    piq_learner_ref ref = look(w, u);
    const piq_tracing *t = piq_model_tracing(ref.model);
    assert_true(piq_learner_is_traced(ref.learner, t));
    if (t) {
        piq_kt_state *s;
        piq_buf x, y;
        assert_int_equal(t->catalogue, ref.catalogue->version);
        assert_int_equal(piq_kt_state_new(t->binding, &s), PIQ_OK);
        assert_int_equal(
            store->ops->events(store, &w->f->a, &range, &rows, &n, &w->f->err),
            PIQ_OK);
        assert_int_equal(n, ref.learner->n_events);
        for (size_t i = 0; i < n; i++)
            answer_row(w, &rows[i], s, t->binding);
        piq_buf_init(&x, 0);
        piq_buf_init(&y, 0);
        piq_kt_state_encode(s, t->digest, &x);
        piq_kt_state_encode(ref.learner->trace, t->digest, &y);
        assert_int_equal(x.len, y.len);
        assert_memory_equal(x.ptr, y.ptr, x.len);
        piq_buf_release(&x);
        piq_buf_release(&y);
        piq_kt_state_free(s);
    } else {
        assert_null(ref.learner->trace);
    }
    piq_learner_ref_release(&ref);
}

static void check_all(world *w)
{
    for (size_t u = 0; u < WORLD_USERS; u++) {
        if (!w->at[u])
            continue;
        fixture_check_replay(w->f, (int64_t)u + 1);
        check_trace(w, u);
    }
}

/* ---- adopting ------------------------------------------------------------ */

static void check_adopted(bool sqlite)
{
    piq_rng r;
    piq_rng_seed(&r, 1);
    world *w = world_new(sqlite, NULL);
    world_post_all(w, &r, 40);
    assert_int_equal(engine_model_in_force(w->f->e), 0);
    engine_adopt(w->f->e); /* there is none */
    check_all(w);
    uint32_t one = engine_promote_random(w->f->e, 1);
    assert_int_equal(engine_model_in_force(w->f->e), 0);
    engine_adopt(w->f->e);
    assert_int_equal(engine_model_in_force(w->f->e), one);
    assert_near(world_metric(w, "piq_model_version"), one, 0);
    check_all(w); /* traced when touched; stored as they were */
    world_post_all(w, &r, 40);
    check_all(w);
    uint32_t two = engine_promote_random(w->f->e, 2);
    engine_adopt(w->f->e);
    assert_int_equal(engine_model_in_force(w->f->e), two);
    check_all(w);
    world_post(w, &r, 0,
               10); /* one is stored under the new, others under the old */
    check_all(w);
    piq_engine_close(w->f->e);
    world_open(w);
    assert_int_equal(engine_model_in_force(w->f->e), two);
    check_all(w);
    assert_int_equal(engine_roll_back(piq_engine_store(w->f->e)), one);
    engine_adopt(w->f->e);
    assert_int_equal(engine_model_in_force(w->f->e), one);
    world_post_all(w, &r, 20);
    check_all(w);
    world_free(w);
}

static void test_models__a_promoted_model_is_adopted(void **state)
{
    (void)state;
    check_adopted(false);
}

static void test_models__so_it_is_with_sqlite(void **state)
{
    (void)state;
    check_adopted(true);
}

static bool is_in_force(void *ctx)
{
    world *w = ctx;
    return engine_model_in_force(w->f->e) != 0;
}

static void test_models__the_background_adopts_too(void **state)
{
    (void)state;
    piq_rng r;
    piq_engine_config config = fixture_quiet();
    config.maintain_ms = 2;
    piq_rng_seed(&r, 1);
    world *w = world_new(false, &config);
    world_post_all(w, &r, 20);
    uint32_t one = engine_promote_random(w->f->e, 1);
    fixture_await(is_in_force, w);
    assert_int_equal(engine_model_in_force(w->f->e), one);
    world_post_all(w, &r, 20);
    check_all(w);
    world_free(w);
}

/* A process beside this one, which knows nothing of the new model yet. Each
 * reads what it kept until it is overtaken, so replays are compared. */
static void test_models__two_engines_may_differ_for_a_while(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 3);
    world *w = world_new(false, NULL);
    world_post_all(w, &r, 30);
    piq_engine *other = fixture_second(w->f), *mine = w->f->e;
    engine_promote_random(mine, 1);
    engine_adopt(mine);
    for (int i = 0; i < 6; i++) {
        world_post_all(w, &r, 9);
        for (int64_t user = 1; user <= WORLD_USERS; user++)
            fixture_check_replay(w->f, user);
        w->f->e = i % 2 ? mine : other;
    }
    piq_engine_close(other);
    world_post_all(w, &r, 9);
    check_all(w);
    world_free(w);
}

/* Another process has loaded a larger curriculum and posted under it; this one
 * finds out when it meets the learner. */
static void test_models__another_process_is_ahead(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 4);
    world *w = world_new(false, NULL);
    world_post_all(w, &r, 30);
    engine_promote_random(w->f->e, 1);
    engine_adopt(w->f->e);
    piq_engine *mine = w->f->e;
    for (unsigned i = 0; i < 3; i++) {
        w->f->e = fixture_second(w->f);
        world_load(w, 40 + i, 60 + 40 * i);
        uint32_t n_items = (uint32_t)piq_engine_catalogue(w->f->e)->n_items;
        for (size_t u = 0; u < WORLD_USERS; u++)
            for (unsigned k = 0; k < 10; k++) {
                piq_event e = fixture_answer(w->f, 8000 + 10 * i + k,
                                             7000000 + 100 * i + k, 1);
                e.u.answer.item.v = n_items - 1 - k;
                fixture_post(w->f, (int64_t)u + 1, &e, 1);
            }
        piq_engine_close(w->f->e);
        w->f->e = mine;
        if (i % 2) /* a writer first, or a reader who keeps nothing */
            world_post_all(w, &r, 9);
        else
            for (size_t u = 0; u < WORLD_USERS; u++)
                piq_cache_drop(mine->cache, (piq_user_id){(int64_t)u + 1});
        check_all(w);
    }
    world_free(w);
}

/* ---- any walk ------------------------------------------------------------ */

static void import_next(world *w, piq_rng *r, size_t u)
{
    piq_bulk *b;
    piq_bulk_totals totals;
    size_t n = 1 + (size_t)piq_rng_below(r, 30);
    n = n < WORLD_EACH - w->at[u] ? n : WORLD_EACH - w->at[u];
    assert_int_equal(piq_bulk_begin(w->f->e, NULL, NULL, &b, &w->f->err),
                     PIQ_OK);
    for (size_t i = 0; i < n; i++) {
        piq_event e = w->events[u][w->at[u] + i];
        e.user.v = (int64_t)u + 1;
        if (piq_bulk_add(b, &e, &w->f->err))
            fail_msg("%s", w->f->err.message);
    }
    assert_int_equal(piq_bulk_end(b, &totals, &w->f->err), PIQ_OK);
    assert_int_equal(totals.accepted, n);
    w->at[u] += n;
}

static void one_step(world *w, piq_rng *r, uint64_t seed, size_t i)
{
    piq_store *s = piq_engine_store(w->f->e);
    size_t u = (size_t)piq_rng_below(r, WORLD_USERS);
    uint32_t number, model;
    switch (piq_rng_below(r, 10)) {
    case 0:
        engine_promote_random(w->f->e, 100 * seed + i);
        engine_adopt(w->f->e);
        break;
    case 1:
        assert_int_equal(
            s->ops->champion(s, PIQ_MODEL_KT, &number, &model, &w->f->err),
            PIQ_OK);
        if (model)
            engine_roll_back(s);
        engine_adopt(w->f->e);
        break;
    case 2:
        world_load(w, 100 * seed + i, 16 + i % 9);
        break;
    case 3:
        import_next(w, r, u);
        break;
    case 4: /* late: the last of all first, so that the rest comes behind */
        fixture_post(w->f, (int64_t)u + 1, &w->events[u][WORLD_EACH - 1], 1);
        break;
    case 5:
        piq_op_free(
            fixture_run(w->f, piq_rng_below(r, 2) ? PIQ_OP_SLATE : PIQ_OP_PATH,
                        (int64_t)u + 1, FIXTURE_NOW_US));
        break;
    case 6:
        piq_engine_close(w->f->e);
        world_open(w);
        break;
    default:
        world_post(w, r, u, 5 + (size_t)piq_rng_below(r, 30));
        break;
    }
}

static void walk(bool sqlite, uint64_t seed, size_t n_steps)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    world *w = world_new(sqlite, NULL);
    world_post_all(w, &r, 5);
    engine_promote_random(w->f->e, seed);
    engine_adopt(w->f->e);
    for (size_t u = 0; u < WORLD_USERS; u++)
        w->events[u][WORLD_EACH - 1].event_id = PIQ_STR("the last of all");
    for (size_t i = 1; i <= n_steps; i++) {
        one_step(w, &r, seed, i);
        if (i % 8 == 0)
            check_all(w);
    }
    check_all(w);
    world_free(w);
}

static void test_models__a_rebuild_gives_the_same_bits(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        walk(false, seed, 50);
}

static void test_models__so_it_does_with_sqlite(void **state)
{
    (void)state;
    walk(true, 9, 30);
}

static void test_models__without_a_model_nothing_is_left_of_one(void **state)
{
    (void)state;
    piq_rng r, q;
    piq_rng_seed(&r, 1);
    piq_rng_seed(&q, 1);
    world *w = world_new(false, NULL), *never = world_new(false, NULL);
    world_post_all(w, &r, 30);
    engine_promote_random(w->f->e, 1);
    engine_adopt(w->f->e);
    world_post_all(w, &r, 30);
    assert_int_equal(engine_roll_back(piq_engine_store(w->f->e)), 0);
    engine_adopt(w->f->e);
    assert_int_equal(engine_model_in_force(w->f->e), 0);
    assert_near(world_metric(w, "piq_model_version"), 0, 0);
    world_post_all(w, &r, 30);
    for (int i = 0; i < 3; i++)
        world_post_all(never, &q, 30);
    check_all(w);
    for (int64_t user = 1; user <= WORLD_USERS; user++) {
        piq_str x = fixture_state(w->f, user, NULL);
        piq_str y = fixture_state(never->f, user, NULL);
        assert_int_equal(x.len, y.len);
        assert_memory_equal(x.ptr, y.ptr, x.len);
    }
    world_free(never);
    world_free(w);
}

/* ---- models that cannot be read ------------------------------------------ */

typedef struct said {
    atomic_int refusals;
} said;

static void hear(void *ctx, const char *line, size_t len)
{
    said *s = ctx;
    char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)len, line);
    if (strstr(text, "a champion cannot be read"))
        atomic_fetch_add(&s->refusals, 1);
}

static void put_u32(char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(v >> (8 * i));
}

static void put_hash(piq_str file)
{
    char *end = (char *)file.ptr + file.len - 8;
    uint64_t hash = piq_hash_bytes(file.ptr, file.len - 8);
    put_u32(end, (uint32_t)hash);
    put_u32(end + 4, (uint32_t)(hash >> 32));
}

static piq_str with_nan(piq_engine *e)
{
    piq_buf b;
    size_t len;
    piq_kt_model *m;
    const piq_catalogue *c = piq_engine_catalogue(e);
    piq_kt_model parts = random_kt_parts(5, c, random_kt_small(c));
    parts.lr.weight[3] = NAN;
    piq_buf_init(&b, PIQ_MAX_MODEL_BYTES);
    assert_int_equal(piq_kt_model_new(&parts, &m), PIQ_OK);
    piq_kt_model_encode(m, &b);
    piq_kt_model_free(m);
    char *bytes = piq_buf_take(&b, &len);
    return (piq_str){bytes, len};
}

/* kt_model.h says where things stand. */
enum { CUT, CHANGED, OLD_SCHEMA, OLD_FORMAT, NOT_FINITE, NO_MODEL, N_FAULTS };
static piq_str faulty(piq_engine *e, int fault)
{
    if (fault == NOT_FINITE)
        return with_nan(e);
    piq_str x = engine_model_bytes(e, 50);
    char *bytes = (char *)x.ptr;
    if (fault == CUT)
        x.len /= 2;
    if (fault == CHANGED)
        bytes[x.len / 2] ^= 4;
    if (fault == OLD_SCHEMA)
        put_u32(bytes + 20, 0);
    if (fault == OLD_FORMAT)
        put_u32(bytes + 8, 0);
    if (fault == OLD_SCHEMA || fault == OLD_FORMAT)
        put_hash(x);
    if (fault == NO_MODEL)
        memset(bytes, 'x', x.len);
    return x;
}

static void check_refused(int fault)
{
    piq_rng r;
    said s = {0};
    piq_rng_seed(&r, (uint64_t)fault);
    piq_log_configure(PIQ_LOG_INFO, false, hear, &s);
    world *w = world_new(false, NULL);
    piq_engine *e = w->f->e;
    world_post_all(w, &r, 20);
    uint32_t one = engine_promote_random(e, 1);
    engine_adopt(e);
    piq_str bytes = faulty(e, fault);
    engine_promote(piq_engine_store(e),
                   engine_put_model(piq_engine_store(e), bytes));
    free((char *)bytes.ptr);
    for (int i = 0; i < 3; i++)
        engine_adopt(e); /* refused once */
    assert_int_equal(atomic_load(&s.refusals), 1);
    assert_near(world_metric(w, "piq_models_refused_total"), 1, 0);
    assert_int_equal(engine_model_in_force(e), one);
    world_post_all(w, &r, 20);
    check_all(w);
    world_load(w, 77, 20); /* the old one follows the curriculum */
    assert_int_equal(engine_model_in_force(e), one);
    world_post_all(w, &r, 20);
    check_all(w);
    assert_int_equal(atomic_load(&s.refusals), 1);
    uint32_t good = engine_promote_random(e, 2);
    engine_adopt(e);
    assert_int_equal(engine_model_in_force(e), good);
    world_post_all(w, &r, 20);
    check_all(w);
    piq_log_configure(PIQ_LOG_INFO, false, NULL, NULL);
    world_free(w);
}

static void test_models__one_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    for (int fault = 0; fault < N_FAULTS; fault++)
        check_refused(fault);
}

static void test_models__a_bad_champion_does_not_keep_an_engine_shut(
    void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 1);
    world *w = world_new(false, NULL);
    uint32_t one = engine_promote_random(w->f->e, 1);
    engine_adopt(w->f->e);
    world_post_all(w, &r, 20);
    piq_str bytes = faulty(w->f->e, CHANGED);
    piq_store *s = piq_engine_store(w->f->e);
    engine_promote(s, engine_put_model(s, bytes));
    free((char *)bytes.ptr);
    piq_engine_close(w->f->e);
    world_open(w);
    assert_int_equal(engine_model_in_force(w->f->e), one);
    /* By the old one in its last round, and by the new one. */
    assert_near(world_metric(w, "piq_models_refused_total"), 2, 0);
    world_post_all(w, &r, 20);
    check_all(w);
    assert_int_equal(engine_roll_back(piq_engine_store(w->f->e)), one);
    engine_adopt(w->f->e);
    assert_int_equal(engine_model_in_force(w->f->e), one);
    world_post_all(w, &r, 20);
    check_all(w);
    world_free(w);
}

static void test_models__a_store_that_fails_changes_nothing(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 1);
    world *w = world_new(false, NULL);
    piq_engine *e = w->f->e;
    world_post_all(w, &r, 20);
    uint32_t one = engine_promote_random(e, 1);
    for (long nth = 1; nth <= 2; nth++) { /* who is it, then its body */
        piq_err err = {0};
        memory_fail_model(w->f->data, nth, 0, PIQ_EIO);
        assert_int_equal(piq_engine_adopt_model(e, &err), PIQ_EIO);
        assert_int_equal(err.status, PIQ_EIO);
        assert_int_equal(engine_model_in_force(e), 0);
    }
    assert_near(world_metric(w, "piq_models_refused_total"), 0, 0);
    engine_adopt(e);
    assert_int_equal(engine_model_in_force(e), one);
    check_all(w);
    world_free(w);
}

/* A model in use lives on when another one has taken its place. */
static void test_models__a_held_model_lives_on(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 1);
    world *w = world_new(false, NULL);
    world_post_all(w, &r, 20);
    uint32_t one = engine_promote_random(w->f->e, 1);
    engine_adopt(w->f->e);
    piq_learner_ref ref = look(w, 0);
    engine_promote_random(w->f->e, 2);
    engine_adopt(w->f->e);
    world_post_all(w, &r, 20);
    const piq_tracing *t = piq_model_tracing(ref.model);
    assert_int_equal(t->model, one);
    assert_string_equal(piq_model_of(ref.model)->about.data, "made up");
    piq_concept_weight weight = {{0}, 1};
    piq_ask ask = {.item = {PIQ_NO_IX32},
                   .concepts = &weight,
                   .n_concepts = 1,
                   .at_us = FIXTURE_NOW_US};
    piq_kt_prediction p;
    piq_kt_predict(ref.learner->trace, t->binding, &ask, &p);
    assert_true(p.p > 0 && p.p < 1);
    piq_learner_ref_release(&ref);
    world_free(w);
}

/* A state that another version of this program wrote: it differs, and is no
 * failure. */
static void test_models__an_unreadable_state_is_no_replay_failure(void **state)
{
    (void)state;
    piq_rng r;
    piq_rng_seed(&r, 1);
    world *w = world_new(false, NULL);
    engine_promote_random(w->f->e, 1);
    engine_adopt(w->f->e);
    world_post_all(w, &r, 20);
    int64_t version;
    bool same = true;
    uint64_t digest;
    size_t n;
    piq_store *s = piq_engine_store(w->f->e);
    piq_str body = fixture_state(w->f, 1, &version);
    ((char *)body.ptr)[0] ^= 1;
    piq_state_row row = {{1}, version + 1, version, body};
    piq_commit c = {.states = &row, .n_states = 1};
    assert_int_equal(s->ops->commit(s, &c, &w->f->err), PIQ_OK);
    assert_int_equal(piq_engine_replay(w->f->e, (piq_user_id){1}, &same,
                                       &digest, &n, &w->f->err),
                     PIQ_OK);
    assert_false(same);
    piq_engine_close(w->f->e);
    world_open(w);
    world_post(w, &r, 0, 10); /* made anew */
    check_all(w);
    world_free(w);
}

/* ---- threads --------------------------------------------------------------
 */

typedef struct crowd {
    world *w;
    atomic_size_t n_accepted, n_failed;
    atomic_bool stop;
} crowd;

typedef struct poster {
    crowd *c;
    size_t user;
    pthread_t id;
} poster;

static void *post_all(void *ctx)
{
    enum { GROUP = 5 };
    poster *p = ctx;
    world *w = p->c->w;
    for (size_t i = 0; i < WORLD_EACH; i += GROUP) {
        fixture_posted done = fixture_post_to(
            w->f->e, (int64_t)p->user + 1, w->events[p->user] + i, GROUP, -1);
        atomic_fetch_add(&p->c->n_accepted, done.status ? 0 : done.n_accepted);
        atomic_fetch_add(&p->c->n_failed, done.status != PIQ_OK);
    }
    return NULL;
}

static void *read_on(void *ctx)
{
    crowd *c = ctx;
    while (!atomic_load(&c->stop))
        for (int64_t user = 1; user <= WORLD_USERS; user++) {
            piq_learner_ref ref;
            piq_err err = {0};
            piq_status status =
                piq_engine_learner(c->w->f->e, (piq_user_id){user}, &ref, &err);
            if (status == PIQ_ENOTFOUND)
                continue;
            if (status) {
                atomic_fetch_add(&c->n_failed, 1);
                continue;
            }
            if (!piq_learner_is_traced(ref.learner,
                                       piq_model_tracing(ref.model)) ||
                ref.learner->n_events % 5 != 0)
                atomic_fetch_add(&c->n_failed, 1);
            piq_learner_ref_release(&ref);
        }
    return NULL;
}

/* Each of two threads posts all of two learners' events, so that every event
 * is posted twice; models and a curriculum come and go meanwhile. */
static void test_models__events_count_once_while_models_change(void **state)
{
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.maintain_ms = 1;
    config.cache_learners = 64;
    crowd c = {.w = world_new(false, &config)};
    poster posters[2 * WORLD_USERS];
    pthread_t reader;
    piq_engine *e = c.w->f->e;
    piq_str bytes[3];
    uint32_t versions[3];
    for (uint64_t i = 0; i < 3; i++) {
        bytes[i] = engine_model_bytes(e, i + 1);
        versions[i] = engine_put_model(piq_engine_store(e), bytes[i]);
        free((char *)bytes[i].ptr);
    }
    for (size_t i = 0; i < 2 * WORLD_USERS; i++) {
        posters[i] = (poster){.c = &c, .user = i % WORLD_USERS};
        assert_int_equal(
            pthread_create(&posters[i].id, NULL, post_all, &posters[i]), 0);
    }
    assert_int_equal(pthread_create(&reader, NULL, read_on, &c), 0);
    for (size_t i = 0; i < 9; i++) {
        fixture_sleep_ms(3);
        if (i % 3 == 2)
            engine_roll_back(piq_engine_store(e));
        else
            engine_promote(piq_engine_store(e), versions[i % 2 + i / 3 % 2]);
        if (i == 4)
            world_load(c.w, 31, 18);
    }
    for (size_t i = 0; i < 2 * WORLD_USERS; i++)
        pthread_join(posters[i].id, NULL);
    atomic_store(&c.stop, true);
    pthread_join(reader, NULL);
    assert_int_equal(atomic_load(&c.n_failed), 0);
    assert_int_equal(atomic_load(&c.n_accepted), WORLD_USERS * WORLD_EACH);
    assert_int_equal(memory_n_events(c.w->f->data), WORLD_USERS * WORLD_EACH);
    for (size_t u = 0; u < WORLD_USERS; u++)
        c.w->at[u] = WORLD_EACH;
    engine_adopt(e);
    check_all(c.w);
    world_free(c.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models__a_promoted_model_is_adopted),
        cmocka_unit_test(test_models__so_it_is_with_sqlite),
        cmocka_unit_test(test_models__the_background_adopts_too),
        cmocka_unit_test(test_models__two_engines_may_differ_for_a_while),
        cmocka_unit_test(test_models__another_process_is_ahead),
        cmocka_unit_test(test_models__a_rebuild_gives_the_same_bits),
        cmocka_unit_test(test_models__so_it_does_with_sqlite),
        cmocka_unit_test(test_models__without_a_model_nothing_is_left_of_one),
        cmocka_unit_test(test_models__one_that_cannot_be_read_is_refused),
        cmocka_unit_test(
            test_models__a_bad_champion_does_not_keep_an_engine_shut),
        cmocka_unit_test(test_models__a_store_that_fails_changes_nothing),
        cmocka_unit_test(test_models__a_held_model_lives_on),
        cmocka_unit_test(test_models__an_unreadable_state_is_no_replay_failure),
        cmocka_unit_test(test_models__events_count_once_while_models_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
