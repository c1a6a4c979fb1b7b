/* The thread that looks after shards: tries those that are down, and ends what
 * engines that died have left prepared.
 *
 * A part that is prepared and was decided is committed; one that was not
 * decided for a while is made undecidable first, and then taken back. So
 * whatever a slow engine thinks, no part goes one way and another the other: it
 * is told, and commits anew. Who opens the store does not wait a while, for
 * what is there is most likely what it left when it died, and holds rows. A
 * shard that comes back is asked nothing before that is done. Decisions are
 * kept until no shard can have a part that waits for them. */
#include "base/clock.h"
#include "base/log.h"
#include "store/postgres/errors.h"
#include "store/postgres/shards.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    PAUSE_MS = 250,
    LOOK_MS = 1000,
    YOUNG_MS = 500, /* its engine is about to end it */
    UNDECIDED_MS = 1500,
    DROP_MS = 600000
};

typedef struct keeper {
    piq_postgres *s;
    int64_t look_ns, drop_ns; /* when next */
} keeper;

/* ---- what is prepared -----------------------------------------------------
 */

static piq_status find_prepared(const piq_postgres *s, piq_pg_conn *c,
                                PGresult **out, piq_err *err)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT gid, (extract(epoch FROM clock_timestamp() - prepared)"
             " * 1000)::bigint FROM pg_prepared_xacts"
             " WHERE database = current_database()"
             " AND gid LIKE 'piq:%s:%%' AND owner = current_user",
             s->home.setting.schema);
    return piq_pg_exec(c, sql, "look for prepared commits", out, err);
}

typedef enum fate { FATE_OPEN, FATE_COMMIT, FATE_UNDO } fate;

static piq_status ask_fate(piq_pg_conn *home, int64_t token, bool is_old,
                           fate *out, piq_err *err)
{
    char sql[256];
    const char *schema = home->setting->schema;
    PGresult *r;
    if (is_old)
        snprintf(sql, sizeof sql,
                 "BEGIN; SET LOCAL search_path = %s, pg_temp;"
                 "SELECT is_decided(%" PRId64 ")",
                 schema, token);
    else
        snprintf(sql, sizeof sql,
                 "SELECT committed FROM %s.decisions WHERE token = %" PRId64,
                 schema, token);
    piq_status st = piq_pg_exec(home, sql, "read a decision", &r, err);
    if (st != PIQ_OK)
        return st;
    *out = PQntuples(r) == 0               ? FATE_OPEN
           : PQgetvalue(r, 0, 0)[0] == 't' ? FATE_COMMIT
                                           : FATE_UNDO;
    PQclear(r);
    if (is_old)
        st = piq_pg_exec(home, "COMMIT", "keep a decision", &r, err);
    if (is_old && st == PIQ_OK)
        PQclear(r);
    return st;
}

static piq_status end_one(piq_pg_conn *c, const char *gid, fate f, piq_err *err)
{
    char sql[PIQ_PG_GID_BYTES + 32];
    PGresult *r;
    snprintf(sql, sizeof sql, "%s PREPARED '%.100s'",
             f == FATE_COMMIT ? "COMMIT" : "ROLLBACK", gid);
    piq_status st = piq_pg_exec(c, sql, "end a prepared commit", &r, err);
    if (st == PIQ_OK)
        PQclear(r);
    return st;
}

static piq_status end_prepared(piq_postgres *s, piq_pg_conn *home,
                               piq_pg_conn *c, bool at_once, size_t *n_left,
                               piq_err *err)
{
    PGresult *r;
    piq_status st = find_prepared(s, c, &r, err);
    if (st != PIQ_OK)
        return st;
    for (int i = 0; i < PQntuples(r) && st == PIQ_OK; i++) {
        const char *gid = PQgetvalue(r, i, 0);
        const char *hex = strrchr(gid, ':');
        fate f = FATE_OPEN;
        int64_t token = (int64_t)strtoull(hex != NULL ? hex + 1 : "", NULL, 16);
        long age_ms = strtol(PQgetvalue(r, i, 1), NULL, 10);
        if (at_once || age_ms >= YOUNG_MS)
            st = ask_fate(home, token, at_once || age_ms >= UNDECIDED_MS, &f,
                          err);
        *n_left += f == FATE_OPEN;
        /* Somebody else may have ended it since. */
        if (st == PIQ_OK && f != FATE_OPEN)
            *n_left += end_one(c, gid, f, err) != PIQ_OK;
    }
    PQclear(r);
    return st;
}

/* ---- a connection for texts ------------------------------------------------
 */

static piq_status borrow_plain(piq_pg_place *p, piq_pg_conn **out, piq_err *err)
{
    piq_status st = piq_pg_borrow(p, out, err);
    if (st == PIQ_OK && PQpipelineStatus((*out)->pg) != PQ_PIPELINE_OFF &&
        PQexitPipelineMode((*out)->pg) != 1) {
        piq_pg_disconnect(*out);
        piq_pg_return(p, *out);
        st = piq_fail(err, PIQ_EIO, "could not talk to %s", p->setting.place);
    }
    return st;
}

/* After a failure it may be inside a transaction. */
static void give_back(piq_pg_place *p, piq_pg_conn *c, piq_status st)
{
    if (st != PIQ_OK)
        piq_pg_disconnect(c);
    piq_pg_return(p, c);
}

static piq_status look_at(piq_postgres *s, piq_pg_conn *c, bool at_once,
                          size_t *n_left, piq_err *err)
{
    piq_pg_conn *home;
    piq_status st = borrow_plain(&s->home, &home, err);
    if (st != PIQ_OK)
        return st;
    st = end_prepared(s, home, c, at_once, n_left, err);
    give_back(&s->home, home, st);
    return st;
}

/* ---- shards that are down --------------------------------------------------
 */

/* By a connection of its own: those of the pool are not lent while it is down.
 */
static void try_again(piq_postgres *s, unsigned i)
{
    piq_pg_place *p = &s->shards->at[i];
    piq_pg_conn c = {.setting = &p->setting};
    piq_err err = {0};
    bool retry;
    size_t n_left = 0;
    piq_status st = piq_pg_connect(&c, &retry, &err);
    if (st == PIQ_OK)
        st = piq_pg_shard_prepare(&c, s->shards, i, &err);
    if (st == PIQ_OK)
        st = look_at(s, &c, true, &n_left, &err);
    piq_pg_disconnect(&c);
    if (st != PIQ_OK)
        return;
    atomic_store(&p->down, false);
    piq_log_field field = piq_log_z("shard", p->setting.place);
    piq_log(PIQ_LOG_INFO, 0, "a shard is back", &field, 1);
}

/* ---- the others ------------------------------------------------------------
 */

static piq_status look_at_shard(piq_postgres *s, unsigned i, bool at_once,
                                size_t *n_left)
{
    piq_pg_place *p = &s->shards->at[i];
    piq_pg_conn *c;
    piq_err err = {0};
    piq_status st = borrow_plain(p, &c, &err);
    if (st != PIQ_OK)
        return st;
    st = look_at(s, c, at_once, n_left, &err);
    give_back(p, c, st);
    return st;
}

static void drop_decisions(piq_postgres *s)
{
    char sql[256];
    piq_pg_conn *c;
    piq_err err;
    PGresult *r;
    snprintf(sql, sizeof sql,
             "DELETE FROM %s.decisions WHERE at < clock_timestamp() -"
             " interval '1 hour'",
             s->home.setting.schema);
    if (borrow_plain(&s->home, &c, &err) != PIQ_OK)
        return;
    piq_status st = piq_pg_exec(c, sql, "drop old decisions", &r, &err);
    if (st == PIQ_OK)
        PQclear(r);
    give_back(&s->home, c, st);
}

/* Decisions of before are of no use once every shard was seen to have nothing
 * prepared. */
static void look_at_all(keeper *k)
{
    size_t n_left = 0;
    bool all = true;
    for (unsigned i = 0; i < k->s->shards->n; i++)
        if (atomic_load(&k->s->shards->at[i].down) ||
            look_at_shard(k->s, i, false, &n_left) != PIQ_OK)
            all = false;
    int64_t now = piq_clock_monotonic_ns();
    if (all && n_left == 0 && now >= k->drop_ns) {
        drop_decisions(k->s);
        k->drop_ns = now + (int64_t)DROP_MS * 1000000;
    }
}

static bool pause_for(piq_pg_shards *x, unsigned ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t ns = t.tv_nsec + (int64_t)ms * 1000000;
    t.tv_sec += ns / 1000000000;
    t.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&x->lock);
    while (!x->stopping && pthread_cond_timedwait(&x->wake, &x->lock, &t) == 0)
        ;
    bool go_on = !x->stopping;
    pthread_mutex_unlock(&x->lock);
    return go_on;
}

static void *run(void *ctx)
{
    keeper k = {.s = ctx};
    piq_pg_shards *x = k.s->shards;
    do {
        for (unsigned i = 0; i < x->n; i++)
            if (atomic_load(&x->at[i].down))
                try_again(k.s, i);
        int64_t now = piq_clock_monotonic_ns();
        if (now >= k.look_ns) {
            look_at_all(&k);
            k.look_ns = now + (int64_t)LOOK_MS * 1000000;
        }
    } while (pause_for(x, PAUSE_MS));
    return NULL;
}

/* ---- starting and stopping -------------------------------------------------
 */

static bool make_clock(pthread_cond_t *c)
{
    pthread_condattr_t a;
    if (pthread_condattr_init(&a) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&a, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(c, &a) == 0;
    pthread_condattr_destroy(&a);
    return ok;
}

/* Who opened a store after a crash sees what was decided before it. */
static piq_status look_first(piq_postgres *s, piq_err *err)
{
    piq_pg_shards *x = s->shards;
    piq_pg_call q;
    PGresult *r;
    size_t n_left = 0;
    piq_pg_call_init(&q, PIQ_PG_LAST_MARK, "read the last number");
    piq_status st = piq_pg_query(&s->base, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    atomic_store(&x->known, piq_pg_get_i64(r, 0, 0));
    PQclear(r);
    for (unsigned i = 0; i < x->n; i++)
        if (!atomic_load(&x->at[i].down) &&
            look_at_shard(s, i, true, &n_left) != PIQ_OK)
            atomic_store(&x->at[i].down, true);
    return PIQ_OK;
}

static bool start_thread(piq_postgres *s)
{
    piq_pg_shards *x = s->shards;
    if (pthread_mutex_init(&x->lock, NULL) != 0)
        return false;
    if (!make_clock(&x->wake)) {
        pthread_mutex_destroy(&x->lock);
        return false;
    }
    if (pthread_create(&x->keeper, NULL, run, s) == 0) {
        x->keeps = true;
        return true;
    }
    pthread_cond_destroy(&x->wake);
    pthread_mutex_destroy(&x->lock);
    return false;
}

piq_status piq_pg_keeper_start(piq_postgres *s, piq_err *err)
{
    if (s->shards == NULL)
        return PIQ_OK;
    piq_status st = look_first(s, err);
    if (st == PIQ_OK && !start_thread(s))
        st = piq_fail(err, PIQ_ENOMEM, "could not start the shards' keeper");
    return st;
}

void piq_pg_keeper_stop(piq_pg_shards *x)
{
    if (!x->keeps)
        return;
    pthread_mutex_lock(&x->lock);
    x->stopping = true;
    pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->lock);
    pthread_join(x->keeper, NULL);
    x->keeps = false;
    pthread_cond_destroy(&x->wake);
    pthread_mutex_destroy(&x->lock);
}
