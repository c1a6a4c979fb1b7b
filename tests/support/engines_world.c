#include "support/engines_world.h"

#include <stdio.h>
#include <stdlib.h>

static const char on_sqlite[] = "sqlite";
static const char on_postgres[] = "postgres";

engines_world *engines_world_new(const void *backend)
{
    engines_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->config = fixture_quiet();
    w->config.feed_ms = 20;
    w->file =
        backend == on_postgres ? engine_file_new_postgres() : engine_file_new();
    piq_arena_init(&w->f.a, (size_t)1 << 30);
    for (int i = 0; i < N_ENGINES; i++) {
        w->e[i] = engine_file_open(&w->file, &w->config);
        if (i == 0)
            engine_file_load(w->e[0]);
    }
    w->f.e = w->e[0];
    return w;
}

void engines_world_free(engines_world *w)
{
    for (int i = 0; i < N_ENGINES; i++)
        piq_engine_close(w->e[i]);
    engine_file_remove(&w->file);
    piq_arena_release(&w->f.a);
    free(w);
}

void engines_world_reopen(engines_world *w, int i)
{
    piq_engine_close(w->e[i]);
    w->e[i] = engine_file_open(&w->file, &w->config);
    w->f.e = w->e[0];
}

void engines_world_settle(engines_world *w)
{
    for (int i = 0; i < N_ENGINES; i++)
        engine_file_settle(w->e[i]);
}

/* ---- running --------------------------------------------------------------
 */

static int run_on(const char *backend, const struct CMUnitTest *tests, size_t n)
{
    struct CMUnitTest *here = calloc(n, sizeof *here);
    if (!here)
        return 1;
    for (size_t i = 0; i < n; i++) {
        here[i] = tests[i];
        here[i].initial_state = (void *)(uintptr_t)backend;
    }
    int n_failed = _cmocka_run_group_tests(backend, here, n, NULL, NULL);
    free(here);
    return n_failed;
}

static void test_engines__on_postgres(void **state)
{
    (void)state;
    fprintf(stderr, "PIQ_TEST_POSTGRES is not set (tools/with_postgres)\n");
    skip();
}

int engines_world_run(const struct CMUnitTest *tests, size_t n)
{
    const struct CMUnitTest absent[] = {
        cmocka_unit_test(test_engines__on_postgres)};
    int n_failed = run_on(on_sqlite, tests, n);
    return n_failed + (engine_file_has_postgres()
                           ? run_on(on_postgres, tests, n)
                           : run_on(on_postgres, absent, 1));
}
