/* Writes over places beside commits: erasing a learner, forgetting the log,
 * records. */
#include "store/postgres/shards.h"

#include <stdlib.h>

enum { MAX_PARTS = 1 + PIQ_PG_MAX_SHARDS };

/* ---- erasing ---------------------------------------------------------------
 */

static void send_erase(piq_pg_flight *f, piq_pg_write *w)
{
    const piq_user_id *user = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_ERASE_PART, "erase a learner");
    piq_pg_i64(&q, user->v);
    piq_pg_i64(&q, w->token);
    piq_pg_flight_add(f, &q);
    piq_pg_call_init(&q, PIQ_PG_ERASED_PART, "erase a learner");
    piq_pg_i64(&q, w->token);
    piq_pg_flight_add(f, &q);
}

/* Once the shard has told its floor. */
static void send_floor(piq_pg_flight *f, piq_pg_write *w)
{
    const piq_pg_write *shard = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_RAISE_FLOOR, "note an erasure");
    piq_pg_i64(&q, shard->given[3]);
    piq_pg_flight_add(f, &q);
}

/* The floor that guards the learner is on the shard, in its transaction; the
 * coordinator's tells the largest of all. */
piq_status piq_pg_erase_spread(piq_store *base, piq_user_id user,
                               piq_erased *out, piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    piq_pg_write w[MAX_PARTS] = {0};
    piq_pg_write *shard = &w[1 + piq_pg_shard_of(user, s->shards->n)];
    w[0] = (piq_pg_write){
        .send = send_floor, .ctx = shard, .alone = true, .n_marks = 1};
    shard->send = send_erase;
    shard->ctx = &user;
    piq_status st = piq_pg_spread(s, w, err);
    if (st == PIQ_OK)
        *out =
            (piq_erased){(uint64_t)shard->given[0], (uint64_t)shard->given[1],
                         (uint64_t)shard->given[2]};
    return st;
}

/* ---- records ---------------------------------------------------------------
 */

typedef struct record_part {
    piq_record *rows;
    size_t n;
} record_part;

static void send_records(piq_pg_flight *f, piq_pg_write *w)
{
    const record_part *p = w->ctx;
    piq_pg_send_records(f, p->rows, p->n);
}

piq_status piq_pg_put_records_spread(piq_store *base, const piq_record *rows,
                                     size_t n, piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    record_part parts[MAX_PARTS] = {0};
    piq_pg_write w[MAX_PARTS] = {0};
    piq_arena a;
    piq_arena_init(&a, 0);
    for (size_t i = 0; i < n; i++) {
        piq_user_id user = rows[i].user;
        size_t k = user.v <= 0 ? 0 : 1 + piq_pg_shard_of(user, s->shards->n);
        record_part *p = &parts[k];
        if (p->rows == NULL)
            p->rows = piq_new(&a, piq_record, n);
        if (p->rows == NULL) {
            piq_arena_release(&a);
            return piq_fail(err, PIQ_ENOMEM, "no memory to store records");
        }
        p->rows[p->n++] = rows[i];
        w[k].send = send_records;
        w[k].ctx = p;
    }
    piq_status st = piq_pg_spread(s, w, err);
    piq_arena_release(&a);
    return st;
}

/* ---- forgetting the log ----------------------------------------------------
 */

typedef struct forgetting {
    int64_t before_us;
    size_t limit;
    int64_t last_slate, last_exposure; /* that may go in this call */
    const int64_t *stopped; /* [n_stopped] experiments stopped before */
    size_t n_stopped;
} forgetting;

static void add_stopped(piq_pg_call *q, const forgetting *x)
{
    piq_pg_array(q, PIQ_PG_INT8);
    for (size_t i = 0; i < x->n_stopped; i++)
        piq_pg_add_i64(q, x->stopped[i]);
}

static void send_forget(piq_pg_flight *f, piq_pg_write *w)
{
    const forgetting *x = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_FORGET_LOG_PART, "forget old recommendations");
    piq_pg_i64(&q, x->before_us);
    piq_pg_count(&q, x->limit);
    piq_pg_i64(&q, w->token);
    piq_pg_i64(&q, x->last_slate);
    piq_pg_i64(&q, x->last_exposure);
    add_stopped(&q, x);
    piq_pg_flight_add(f, &q);
}

/* Experiments are kept at home. */
static piq_status find_stopped(piq_store *s, piq_arena *a, forgetting *x,
                               piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_STOPPED_EXPERIMENTS, "list experiments");
    piq_pg_i64(&q, x->before_us);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    size_t n = (size_t)PQntuples(r);
    int64_t *ids = piq_new(a, int64_t, n);
    for (size_t i = 0; i < n && ids != NULL; i++)
        ids[i] = piq_pg_get_i64(r, (int)i, 0);
    x->stopped = ids;
    x->n_stopped = n;
    return piq_pg_end(s, r, &q, ids != NULL ? PIQ_OK : PIQ_ENOMEM, err);
}

/* The number of the row at which a call ends, over all shards. */
static piq_status find_last(piq_store *s, piq_pg_sql sql, const forgetting *x,
                            int64_t *last, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, sql, "find what is old");
    q.bounded = q.has_bound = true;
    q.bound = INT64_MAX;
    q.limit = x->limit;
    piq_pg_count(&q, x->limit);
    if (sql == PIQ_PG_OLDEST_EXPOSURES)
        add_stopped(&q, x);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n = PQntuples(r);
    *last = n > 0 ? piq_pg_get_i64(r, n - 1, 0) : 0;
    PQclear(r);
    return PIQ_OK;
}

static piq_status forget(piq_postgres *s, forgetting *x, bool *more,
                         piq_err *err)
{
    size_t n_slates = 0, n_exposures = 0;
    piq_status st = PIQ_OK;
    for (unsigned i = 0; i < s->shards->n && st == PIQ_OK; i++) {
        piq_pg_write w = {.send = send_forget, .ctx = x};
        st = piq_pg_transact_at(&s->shards->at[i], &w, err);
        n_slates += (size_t)w.given[0];
        n_exposures += (size_t)w.given[1];
    }
    if (st == PIQ_OK)
        *more = n_slates >= x->limit || n_exposures >= x->limit;
    return st;
}

/* Shard by shard: what one has forgotten stays so. */
piq_status piq_pg_forget_spread(piq_store *s, int64_t before_us, size_t limit,
                                bool *more, piq_err *err)
{
    piq_arena a;
    forgetting x = {.before_us = before_us, .limit = limit};
    piq_arena_init(&a, 0);
    piq_status st = find_stopped(s, &a, &x, err);
    if (st == PIQ_OK)
        st = find_last(s, PIQ_PG_OLDEST_SLATES, &x, &x.last_slate, err);
    if (st == PIQ_OK)
        st = find_last(s, PIQ_PG_OLDEST_EXPOSURES, &x, &x.last_exposure, err);
    if (st == PIQ_OK)
        st = forget(piq_postgres_of(s), &x, more, err);
    piq_arena_release(&a);
    return st;
}
