#include "support/model_world.h"

#include "store/sqlite/sqlite_store.h"
#include "support/random_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- engines ------------------------------------------------------------- */

void world_open(world *w)
{
    char path[64];
    piq_store *s;
    engine_fixture *f = w->f;
    snprintf(path, sizeof path, "%s/a.db", w->dir);
    if (!w->dir[0])
        s = memory_store_open(f->data);
    else if (piq_sqlite_open(path, NULL, &s, &f->err))
        fail_msg("%s", f->err.message);
    if (piq_engine_open(s, &f->config, w->metrics, &f->e, &f->err))
        fail_msg("%s", f->err.message);
}

void world_load(world *w, uint64_t seed, size_t n_concepts)
{
    piq_catalogue *c = random_catalogue(seed, 3, n_concepts, 2 * n_concepts);
    fixture_load(w->f, c);
    piq_catalogue_free(c);
}

world *world_new(bool sqlite, const piq_engine_config *config)
{
    world *w = calloc(1, sizeof *w);
    engine_fixture *f = calloc(1, sizeof *f);
    assert_true(w && f);
    w->f = f;
    f->config = config ? *config : fixture_quiet();
    if (sqlite) {
        strcpy(w->dir, "/tmp/piq-models-XXXXXX");
        assert_non_null(mkdtemp(w->dir));
    } else {
        f->data = memory_data_new();
    }
    piq_arena_init(&f->a, (size_t)1 << 30);
    assert_int_equal(piq_metrics_new(&w->metrics), PIQ_OK);
    world_open(w);
    world_load(w, 5, 16);
    for (size_t u = 0; u < WORLD_USERS; u++) {
        size_t n = WORLD_EACH;
        w->events[u] = fixture_simulate(f, piq_engine_catalogue(f->e), u + 1,
                                        (int64_t)u + 1, &n);
        assert_int_equal(n, WORLD_EACH);
        for (size_t i = 0; i < n; i++) /* areas may be retired later on */
            if (w->events[u][i].type == PIQ_EV_GOAL_SET)
                w->events[u][i] = fixture_answer(f, 7000 + (unsigned)i, 0, 1);
    }
    return w;
}

void world_free(world *w)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    piq_engine_close(w->f->e);
    if (w->f->data)
        memory_data_free(w->f->data);
    for (size_t i = 0; i < 3 && w->dir[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/a.db%s", w->dir, suffixes[i]);
        unlink(path);
    }
    if (w->dir[0])
        rmdir(w->dir);
    piq_metrics_free(w->metrics);
    piq_arena_release(&w->f->a);
    free(w->f);
    free(w);
}

double world_metric(const world *w, const char *name)
{
    char line[80];
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_metrics_write(w->metrics, &b);
    piq_buf_add_char(&b, 0);
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(b.ptr, line);
    assert_non_null(at);
    double value = strtod(at + strlen(line), NULL);
    piq_buf_release(&b);
    return value;
}

/* The next so many events of a learner, in some order; some come again. */
void world_post(world *w, piq_rng *r, size_t u, size_t n)
{
    piq_event list[WORLD_EACH];
    n = n < WORLD_EACH - w->at[u] ? n : WORLD_EACH - w->at[u];
    if (!n)
        return;
    memcpy(list, w->events[u] + w->at[u], n * sizeof *list);
    for (size_t i = n; i-- > 1;) {
        size_t k = (size_t)piq_rng_below(r, i + 1);
        piq_event kept = list[i];
        list[i] = list[k];
        list[k] = kept;
    }
    for (size_t i = 0; i < n; i += 7)
        fixture_post(w->f, (int64_t)u + 1, list + i, n - i < 7 ? n - i : 7);
    fixture_post(w->f, (int64_t)u + 1, list, 1); /* again: nothing happens */
    w->at[u] += n;
}

void world_post_all(world *w, piq_rng *r, size_t n)
{
    for (size_t u = 0; u < WORLD_USERS; u++)
        world_post(w, r, u, n);
}
