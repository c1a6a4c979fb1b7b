/* A learner keeps at most KEEP snapshots, spread so that a late event costs
 * little however late it is.
 *
 * A late event is folded again from the snapshot before it. With n the events
 * folded in a snapshot and N those of the newest, age is N - n. Lateness has
 * no scale of its own - minutes, or months of play without a network - so the
 * work wasted, as a part of the event's own age, should be alike everywhere:
 * ages in geometric steps. So the one to go is that whose removal leaves the
 * smallest gap in proportion, of all but the newest:
 *
 *     gap(i) = (age(i-1) - age(i+1)) / age(i-1)
 *
 * with i-1 the older neighbour, and before the first one the empty state
 * (n = 0, always there). The second newest has gap 1 and stays. Eight of them
 * over 10,000 events, one each 64: about a factor 2.3 between ages.
 */
#include "store/sqlite/errors.h"
#include "store/sqlite/handle.h"

enum { KEEP = 8 };

typedef struct mark {
    int64_t id;
    int64_t n_events;
} mark;

static piq_status drop_stale(piq_sqlite_conn *w, const piq_snapshot_row *r,
                             piq_err *err)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_DROP_STALE_SNAPSHOTS, &q);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_i64(&q, r->at_us);
    piq_sqlite_bind_text(&q, r->event_id);
    int rc = piq_sqlite_run(&q);
    if (rc == SQLITE_OK)
        return PIQ_OK;
    return piq_sqlite_fail(err, w->db, w->path, rc, "drop stale snapshots");
}

static int insert(piq_sqlite_conn *w, const piq_snapshot_row *r)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_ADD_SNAPSHOT, &q);
    piq_sqlite_bind_i64(&q, r->user.v);
    piq_sqlite_bind_i64(&q, r->at_us);
    piq_sqlite_bind_text(&q, r->event_id);
    piq_sqlite_bind_i64(&q, r->n_events);
    piq_sqlite_bind_i64(&q, piq_sqlite_hash(r->body));
    piq_sqlite_bind_blob(&q, r->body);
    return piq_sqlite_run(&q);
}

/* In fold order; one more than KEEP at most, as each is thinned when added. */
static int read_marks(piq_sqlite_conn *w, piq_user_id user,
                      mark marks[KEEP + 1], int *n)
{
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_SNAPSHOT_AGES, &q);
    piq_sqlite_bind_i64(&q, user.v);
    piq_sqlite_bind_i64(&q, KEEP + 1);
    int rc;
    *n = 0;
    while ((rc = piq_sqlite_step(&q)) == SQLITE_ROW)
        marks[(*n)++] = (mark){piq_sqlite_i64(&q, 0), piq_sqlite_i64(&q, 1)};
    piq_sqlite_end(&q);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Index of the one to go, of n > 1. */
static int least_missed(const mark *marks, int n)
{
    int64_t newest = marks[n - 1].n_events;
    int best = 0;
    double best_gap = 2.0;
    for (int i = 0; i < n - 1; i++) {
        int64_t older = i == 0 ? 0 : marks[i - 1].n_events;
        double age_older = (double)(newest - older);
        double width = (double)(marks[i + 1].n_events - older);
        double gap = age_older > 0 ? width / age_older : 0.0;
        if (gap < best_gap) {
            best_gap = gap;
            best = i;
        }
    }
    return best;
}

static int thin_out(piq_sqlite_conn *w, piq_user_id user)
{
    mark marks[KEEP + 1];
    int n;
    int rc = read_marks(w, user, marks, &n);
    if (rc != SQLITE_OK || n <= KEEP)
        return rc;
    piq_sqlite_call q;
    piq_sqlite_begin(w, PIQ_SQL_DROP_SNAPSHOT, &q);
    piq_sqlite_bind_i64(&q, marks[least_missed(marks, n)].id);
    return piq_sqlite_run(&q);
}

piq_status piq_sqlite_write_snapshots(piq_sqlite_conn *w, const piq_commit *c,
                                      piq_err *err)
{
    for (size_t i = 0; i < c->n_stale_snapshots; i++) {
        piq_status st = drop_stale(w, &c->stale_snapshots[i], err);
        if (st != PIQ_OK)
            return st;
    }
    for (size_t i = 0; i < c->n_snapshots; i++) {
        int rc = insert(w, &c->snapshots[i]);
        if (rc == SQLITE_OK)
            rc = thin_out(w, c->snapshots[i].user);
        if (rc != SQLITE_OK)
            return piq_sqlite_fail(err, w->db, w->path, rc, "store a snapshot");
    }
    return PIQ_OK;
}
