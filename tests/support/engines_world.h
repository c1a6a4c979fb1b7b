/* engines_world.h - three engines on one database, as three processes have it,
 * and tests that are run on each kind of database that is here. */
#ifndef PIQ_TESTS_ENGINES_WORLD_H
#define PIQ_TESTS_ENGINES_WORLD_H

#include "support/engine_file.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { N_ENGINES = 3 };

typedef struct engines_world {
    engine_file file;
    piq_engine_config config;
    piq_engine *e[N_ENGINES];
    engine_fixture f; /* its arena; e[0] */
} engines_world;

/* With the music curriculum. `backend` is what a test finds in *state first. */
engines_world *engines_world_new(const void *backend);
void engines_world_free(engines_world *w);
void engines_world_reopen(engines_world *w, int i);
/* All three have seen what any of them has committed. */
void engines_world_settle(engines_world *w);

/* The tests on SQLite and on PostgreSQL, where that is. Number of failures. */
int engines_world_run(const struct CMUnitTest *tests, size_t n);

#endif
