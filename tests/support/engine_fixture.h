/* engine_fixture.h - an engine on a store in memory, and posting to it.
 *
 * The curriculum is the small one of tests/golden unless a test loads another.
 * What fails unexpectedly fails the test.
 */
#ifndef PIQ_TESTS_ENGINE_FIXTURE_H
#define PIQ_TESTS_ENGINE_FIXTURE_H

#include "engine/engine.h"
#include "support/memory_store.h"

/* 2026-11-02T10:00:00Z, a Monday: when the tests' first events are. */
#define FIXTURE_START_US INT64_C(1793613600000000)
/* 2027-06-01T00:00:00Z: what operations take for now. */
#define FIXTURE_NOW_US   INT64_C(1811808000000000)

typedef struct engine_fixture {
    memory_data *data;
    piq_engine *e;
    piq_engine_config config;
    piq_arena a; /* what is handed out below lives here */
    piq_err err;
} engine_fixture;

/* No calibrations, two owners, no background work to speak of, storage not
 * asked whether it is there. */
piq_engine_config fixture_quiet(void);

/* An empty store, an engine, the music curriculum. `config` may be NULL: the
 * quiet one. */
engine_fixture *fixture_new(const piq_engine_config *config);
/* Without a curriculum. */
engine_fixture *fixture_bare(const piq_engine_config *config);
void fixture_free(engine_fixture *f);
/* Closes the engine and opens another one on the same data. */
void fixture_reopen(engine_fixture *f);
/* Another engine on the same data, as another process would be. */
piq_engine *fixture_second(engine_fixture *f);

void fixture_load(engine_fixture *f, const piq_catalogue *c);
void fixture_load_text(engine_fixture *f, piq_str document);
void fixture_load_file(engine_fixture *f, const char *path);
/* The catalogue in force as a document. */
piq_str fixture_document(engine_fixture *f);

/* ---- events ---------------------------------------------------------- */

/* Number `id`, so many seconds after FIXTURE_START_US. */
piq_event fixture_event(engine_fixture *f, unsigned id, int64_t after_s,
                        piq_event_type type);
/* To item `id % n_items`. */
piq_event fixture_answer(engine_fixture *f, unsigned id, int64_t after_s,
                         float score);
/* Everything that a simulated learner does, ids in order of time. */
piq_event *fixture_simulate(engine_fixture *f, const piq_catalogue *c,
                            uint64_t seed, int64_t user, size_t *n);

typedef struct fixture_posted {
    piq_status status;
    piq_err err;
    size_t n_accepted, n_duplicates, at_event;
    int64_t version;
} fixture_posted;

fixture_posted fixture_post_to(piq_engine *e, int64_t user,
                               const piq_event *events, size_t n,
                               int64_t if_version);
/* Any version; must be taken. */
fixture_posted fixture_post(engine_fixture *f, int64_t user,
                            const piq_event *events, size_t n);
/* A slate or a path; must be made. The caller frees it. */
piq_op *fixture_run(engine_fixture *f, piq_op_kind kind, int64_t user,
                    int64_t now_us);

/* ---- looking --------------------------------------------------------- */

/* The stored state; empty and version 0 when there is none. */
piq_str fixture_state(engine_fixture *f, int64_t user, int64_t *version);
/* The stored state is what a rebuild gives. */
void fixture_check_replay(engine_fixture *f, int64_t user);
/* Waits until `is` says so; fails the test after half a minute. */
void fixture_await(bool (*is)(void *ctx), void *ctx);
void fixture_sleep_ms(long ms);

#endif
