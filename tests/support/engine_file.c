#include "support/engine_file.h"

#include "contract/postgres_place.h"
#include "store/sqlite/sqlite_store.h"
#include "support/catalogue_document.h"
#include "support/engine_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

engine_file engine_file_new(void)
{
    engine_file f = {.is_postgres = false};
    const char *tmp = getenv("TMPDIR");
    snprintf(f.path, sizeof f.path, "%s/piq_engines_XXXXXX",
             tmp ? tmp : "/tmp");
    int fd = mkstemp(f.path);
    assert_true(fd >= 0);
    close(fd);
    return f;
}

bool engine_file_has_postgres(void)
{
    const char *where = postgres_conninfo();
    return where && *where;
}

engine_file engine_file_new_postgres(void)
{
    engine_file f = {.is_postgres = true};
    postgres_name_schema(f.path, sizeof f.path);
    return f;
}

piq_store *engine_file_store(const engine_file *f)
{
    const piq_sqlite_options relaxed = {.relaxed = true};
    piq_store *s;
    piq_err err;
    piq_status status =
        f->is_postgres
            ? postgres_open_schema(postgres_conninfo(), f->path, 0, &s, &err)
            : piq_sqlite_open(f->path, &relaxed, &s, &err);
    if (status)
        fail_msg("%s", err.message);
    return s;
}

piq_engine *engine_file_open(const engine_file *f,
                             const piq_engine_config *config)
{
    piq_engine *e;
    piq_err err;
    if (piq_engine_open(engine_file_store(f), config, NULL, &e, &err))
        fail_msg("%s", err.message);
    return e;
}

void engine_file_remove(const engine_file *f)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    if (f->is_postgres) {
        postgres_drop_schema(f->path);
        return;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", f->path, suffixes[i]);
        unlink(name);
    }
}

void engine_file_load(piq_engine *e)
{
    size_t len;
    piq_arena a;
    piq_err err;
    piq_findings findings = {0};
    char *text = read_whole("tests/golden/curriculum-music.json", &len);
    assert_non_null(text);
    piq_arena_init(&a, 0);
    if (piq_engine_load_catalogue(e, &a, (piq_str){text, len}, &findings, NULL,
                                  &err))
        fail_msg("%s", err.message);
    piq_arena_release(&a);
    free(text);
}

typedef struct settling {
    piq_engine *e;
    int64_t mark;
} settling;

static bool has_settled(void *ctx)
{
    const settling *s = ctx;
    return piq_feed_mark(s->e) >= s->mark;
}

void engine_file_settle(piq_engine *e)
{
    settling s = {.e = e};
    piq_store *store = piq_engine_store(e);
    assert_int_equal(store->ops->last_change(store, &s.mark, NULL), PIQ_OK);
    fixture_await(has_settled, &s);
}
