/* engine_file.h - a database, and engines on it that know nothing of each
 * other, as those of several processes do: a file, or a schema of the cluster
 * that tools/with_postgres started.
 *
 * What fails fails the test.
 */
#ifndef PIQ_TESTS_ENGINE_FILE_H
#define PIQ_TESTS_ENGINE_FILE_H

#include "engine/engine.h"

#include <stdbool.h>

typedef struct engine_file {
    char path[256]; /* or the schema */
    bool is_postgres;
} engine_file;

/* Nothing is in it yet. */
engine_file engine_file_new(void);
/* The same on PostgreSQL. The caller has seen to it that there is one. */
engine_file engine_file_new_postgres(void);
bool engine_file_has_postgres(void);
piq_store *engine_file_store(const engine_file *f);
piq_engine *engine_file_open(const engine_file *f,
                             const piq_engine_config *config);
/* Everybody has closed it. */
void engine_file_remove(const engine_file *f);
/* The music curriculum of tests/golden. */
void engine_file_load(piq_engine *e);

/* The feed of `e` has seen whatever was committed before the call. */
void engine_file_settle(piq_engine *e);

#endif
