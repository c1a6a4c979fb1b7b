/* model_world.h - an engine on either store, with metrics and several learners'
 * events to post, for tests of trained models that come and go. What fails
 * unexpectedly fails the test. */
#ifndef PIQ_TESTS_MODEL_WORLD_H
#define PIQ_TESTS_MODEL_WORLD_H

#include "base/rng.h"
#include "support/engine_fixture.h"

enum { WORLD_USERS = 4, WORLD_EACH = 200 };

typedef struct world {
    engine_fixture *f;
    piq_metrics *metrics;
    char dir[32]; /* empty: the store is in memory */
    piq_event *events[WORLD_USERS];
    size_t at[WORLD_USERS]; /* how many of them are posted */
} world;

/* A random curriculum is loaded. `config` may be NULL: the quiet one. */
world *world_new(bool sqlite, const piq_engine_config *config);
void world_free(world *w);
/* Another engine, where the one before was closed. */
void world_open(world *w);
/* Another random curriculum. */
void world_load(world *w, uint64_t seed, size_t n_concepts);
double world_metric(const world *w, const char *name);

/* The next so many events of learner u + 1, in some order; one comes again. */
void world_post(world *w, piq_rng *r, size_t u, size_t n);
void world_post_all(world *w, piq_rng *r, size_t n);

#endif
