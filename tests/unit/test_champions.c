/* Which model is in force when those that are or were champion cannot all be
 * read: the same one in a running engine and in one that has just started. */
#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/training.h"
#include "store/registry.h"
#include "support/engine_fixture.h"
#include "support/engine_models.h"
#include "support/model_world.h"
#include "support/near.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

typedef struct said {
    atomic_int refusals, fallbacks;
} said;

static void hear(void *ctx, const char *line, size_t len)
{
    said *s = ctx;
    char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)len, line);
    if (strstr(text, "a champion cannot be read"))
        atomic_fetch_add(&s->refusals, 1);
    if (strstr(text, "an earlier champion is in force"))
        atomic_fetch_add(&s->fallbacks, 1);
}

static uint32_t promote_bad(engine_fixture *f)
{
    piq_store *s = piq_engine_store(f->e);
    uint32_t version = engine_put_model(s, PIQ_STR("no model"));
    engine_promote(s, version);
    return version;
}

/* Of an engine that has just started on what is stored. */
static uint32_t in_force_after_a_restart(engine_fixture *f)
{
    fixture_reopen(f);
    return engine_model_in_force(f->e);
}

static void test_champions__the_one_before_steps_in(void **state)
{
    (void)state;
    said s = {0};
    piq_log_configure(PIQ_LOG_INFO, false, hear, &s);
    world *w = world_new(false, NULL);
    uint32_t one = engine_promote_random(w->f->e, 1);
    uint32_t two = promote_bad(w->f);
    piq_engine_close(w->f->e);
    atomic_store(&s.refusals, 0);
    atomic_store(&s.fallbacks, 0);
    world_open(w);
    for (int i = 0; i < 3; i++)
        engine_adopt(w->f->e); /* said once */
    assert_int_equal(engine_model_in_force(w->f->e), one);
    assert_int_equal(atomic_load(&s.refusals), 1);
    assert_int_equal(atomic_load(&s.fallbacks), 1);
    assert_near(world_metric(w, "piq_model_version"), one, 0);
    assert_near(world_metric(w, "piq_model_champion"), two, 0);
    uint32_t three = engine_promote_random(w->f->e, 3);
    engine_adopt(w->f->e);
    assert_near(world_metric(w, "piq_model_version"), three, 0);
    assert_near(world_metric(w, "piq_model_champion"), three, 0);
    assert_int_equal(atomic_load(&s.fallbacks), 1);
    piq_log_configure(PIQ_LOG_INFO, false, NULL, NULL);
    world_free(w);
}

/* 1 good, 2 dropped, 3 and 4 bad. */
static void test_champions__as_far_back_as_need_be(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_store *s = piq_engine_store(f->e);
    uint32_t one = engine_promote_random(f->e, 1);
    uint32_t two = engine_promote_random(f->e, 2);
    promote_bad(f);
    promote_bad(f);
    assert_int_equal(s->ops->drop_model(s, PIQ_MODEL_KT, two, &f->err), PIQ_OK);
    assert_int_equal(in_force_after_a_restart(f), one);
    fixture_load_file(f, "tests/golden/curriculum-music.json");
    engine_adopt(f->e);
    assert_int_equal(engine_model_in_force(f->e), one);
    fixture_free(f);
}

static void test_champions__none_that_can_be_read(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    promote_bad(f);
    promote_bad(f);
    assert_int_equal(in_force_after_a_restart(f), 0);
    uint32_t good = engine_promote_random(f->e, 1);
    engine_adopt(f->e);
    assert_int_equal(engine_model_in_force(f->e), good);
    fixture_free(f);
}

/* 1 good, 2 bad, 3 good and rolled back: to 2, so 1 it is, not 3, which
 * somebody wanted rid of. */
static void test_champions__not_the_one_rolled_back(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    uint32_t one = engine_promote_random(f->e, 1);
    uint32_t two = promote_bad(f);
    uint32_t three = engine_promote_random(f->e, 3);
    engine_adopt(f->e);
    assert_int_equal(engine_model_in_force(f->e), three);
    assert_int_equal(engine_roll_back(piq_engine_store(f->e)), two);
    engine_adopt(f->e);
    assert_int_equal(engine_model_in_force(f->e), one);
    assert_int_equal(in_force_after_a_restart(f), one);
    fixture_free(f);
}

/* That there shall be none is no damage. */
static void test_champions__no_model_is_a_choice(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    engine_promote_random(f->e, 1);
    assert_int_equal(engine_roll_back(piq_engine_store(f->e)), 0);
    promote_bad(f);
    assert_int_equal(in_force_after_a_restart(f), 0);
    fixture_free(f);
}

/* Calls for models: who it is, its body, the history (models, champions), the
 * body of the one before. A refusal is told once, however often it is tried. */
static void test_champions__a_store_that_fails_on_the_way(void **state)
{
    (void)state;
    enum { N_CALLS = 5 };
    said s = {0};
    world *w = world_new(false, NULL);
    piq_engine *e = w->f->e;
    uint32_t one = engine_promote_random(e, 1);
    promote_bad(w->f);
    piq_log_configure(PIQ_LOG_INFO, false, hear, &s);
    for (long nth = 1; nth <= N_CALLS; nth++) {
        piq_err err = {0};
        memory_fail_model(w->f->data, nth, 0, PIQ_EIO);
        assert_int_equal(piq_engine_adopt_model(e, &err), PIQ_EIO);
        assert_int_equal(err.status, PIQ_EIO);
        assert_int_equal(engine_model_in_force(e), 0);
    }
    memory_fail_model(w->f->data, 0, 0, PIQ_OK);
    engine_adopt(e);
    assert_int_equal(engine_model_in_force(e), one);
    assert_int_equal(atomic_load(&s.refusals), 1);
    assert_near(world_metric(w, "piq_models_refused_total"), 1, 0);
    piq_log_configure(PIQ_LOG_INFO, false, NULL, NULL);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_champions__the_one_before_steps_in),
        cmocka_unit_test(test_champions__as_far_back_as_need_be),
        cmocka_unit_test(test_champions__none_that_can_be_read),
        cmocka_unit_test(test_champions__not_the_one_rolled_back),
        cmocka_unit_test(test_champions__no_model_is_a_choice),
        cmocka_unit_test(test_champions__a_store_that_fails_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
