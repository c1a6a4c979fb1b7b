/* At most eight snapshots of a learner, spread by age in geometric steps: the
 * one to go is that whose removal leaves the smallest gap in proportion, of all
 * but the newest. The reasons stand in store/sqlite/snapshots.c; here spread()
 * and PIQ_PG_THIN_SNAPSHOTS say it in SQL, for all learners of a commit. */
#include "store/postgres/handle.h"

static int64_t user_of(const void *row)
{
    return ((const piq_snapshot_row *)row)->user.v;
}

static void add_users(piq_pg_call *q, const piq_snapshot_row *rows, size_t n)
{
    piq_pg_array(q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(q, rows[i].user.v);
}

/* Learner, instant, event. */
static void add_places(piq_pg_call *q, const piq_snapshot_row *rows, size_t n)
{
    add_users(q, rows, n);
    piq_pg_array(q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(q, rows[i].at_us);
    piq_pg_array(q, PIQ_PG_TEXT);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(q, rows[i].event_id);
}

static void send_stale(piq_pg_flight *f, const piq_snapshot_row *rows, size_t n)
{
    piq_pg_call q;
    if (n == 0)
        return;
    piq_pg_call_init(&q, PIQ_PG_DROP_STALE_SNAPSHOTS, "drop stale snapshots");
    add_places(&q, rows, n);
    piq_pg_flight_add(f, &q);
}

/* None has the learner of another, so each learner is at most one over. */
static void send_new(piq_pg_flight *f, const piq_snapshot_row *rows, size_t n)
{
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_ADD_SNAPSHOTS, "store snapshots");
    add_places(&q, rows, n);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, rows[i].n_events);
    piq_pg_array(&q, PIQ_PG_INT8);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_i64(&q, piq_pg_hash(rows[i].body));
    piq_pg_array(&q, PIQ_PG_BYTEA);
    for (size_t i = 0; i < n; i++)
        piq_pg_add_bytes(&q, rows[i].body);
    piq_pg_flight_add(f, &q);
    piq_pg_call_init(&q, PIQ_PG_THIN_SNAPSHOTS, "thin out snapshots");
    add_users(&q, rows, n);
    piq_pg_flight_add(f, &q);
}

void piq_pg_send_snapshots(piq_pg_flight *f, const piq_commit *c)
{
    send_stale(f, c->stale_snapshots, c->n_stale_snapshots);
    for (size_t at = 0, end; at < c->n_snapshots; at = end) {
        end = piq_pg_run(c->snapshots, sizeof *c->snapshots, c->n_snapshots, at,
                         user_of);
        send_new(f, c->snapshots + at, end - at);
    }
}
