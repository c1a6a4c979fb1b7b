#include "domain/words.h"
#include "store/postgres/errors.h"
#include "store/postgres/shards.h"

#include <inttypes.h>

/* ---- the steps of a read ---------------------------------------------- */

/* Known from elsewhere, or asked for here. */
static void add_bound(piq_pg_flight *f, const piq_pg_call *q)
{
    piq_pg_call bound;
    piq_pg_call_init(&bound, q->has_bound ? PIQ_PG_GIVEN_BOUND : PIQ_PG_BOUND,
                     "%s", q->what);
    if (q->has_bound)
        piq_pg_i64(&bound, q->bound);
    piq_pg_flight_add(f, &bound);
}

/* The last statement's rows are moved to *out. *pooler: it may work without
 * prepared statements. */
static piq_pg_outcome fly(piq_pg_conn *c, piq_pg_scope scope, piq_pg_call *q,
                          PGresult **out, bool *pooler, piq_status *st,
                          piq_err *err)
{
    piq_pg_flight f;
    piq_pg_flight_begin(&f, c, scope);
    if (q->bounded)
        add_bound(&f, q);
    piq_pg_flight_send(&f, q);
    piq_pg_outcome o = piq_pg_flight_land(&f);
    *st = PIQ_OK;
    if (o == PIQ_PG_LANDED) {
        *out = f.sent[f.n - 1].result;
        f.sent[f.n - 1].result = NULL;
    } else if (o == PIQ_PG_LOST) {
        *st = piq_pg_fail_lost(err, c->setting->place, q->what);
    } else if (f.failed != PIQ_OK) {
        *st = piq_fail(err, f.failed, "could not %s in %s: %s", q->what,
                       c->setting->place, piq_status_text(f.failed));
    } else {
        *st = piq_pg_fail(err, c->setting->place, f.refusal, q->what);
    }
    *pooler = o == PIQ_PG_REFUSED && piq_pg_is_pooler(f.refusal);
    piq_pg_flight_end(&f);
    return o;
}

piq_status piq_pg_query_at(piq_pg_place *p, piq_pg_scope scope, piq_pg_call *q,
                           PGresult **out, piq_err *err)
{
    piq_pg_conn *c;
    bool pooler;
    *out = NULL;
    q->place = p->setting.place;
    piq_status st = piq_pg_borrow(p, &c, err);
    if (st != PIQ_OK)
        return st;
    piq_pg_outcome o = fly(c, scope, q, out, &pooler, &st, err);
    if (o == PIQ_PG_LOST) {
        st = piq_pg_mend(p, c, err);
        if (st != PIQ_OK)
            return st;
    }
    if (pooler)
        atomic_store(&p->setting.prepare, false);
    if (o == PIQ_PG_LOST || pooler)
        (void)fly(c, scope, q, out, &pooler, &st, err);
    piq_pg_return(p, c);
    return st;
}

piq_status piq_pg_query(piq_store *base, piq_pg_scope scope, piq_pg_call *q,
                        PGresult **out, piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    piq_status st = s->shards != NULL && q->bounded
                        ? piq_pg_gather(s, scope, q, out, err)
                        : piq_pg_query_at(piq_pg_place_of(s, scope.user), scope,
                                          q, out, err);
    piq_pg_call_release(q);
    return st;
}

piq_status piq_pg_end(piq_store *base, PGresult *r, const piq_pg_call *q,
                      piq_status status, piq_err *err)
{
    const char *place =
        q->place != NULL ? q->place : piq_postgres_of(base)->home.setting.place;
    PQclear(r);
    if (status == PIQ_OK)
        return PIQ_OK;
    piq_fail(err, status, "could not %s in %s: %s", q->what, place,
             piq_status_text(status));
    piq_err_at(err, "%s", place);
    return status;
}

piq_status piq_pg_query_one(piq_store *s, piq_pg_scope scope, piq_pg_call *q,
                            PGresult **out, piq_err *err)
{
    PGresult *r;
    piq_status st = piq_pg_query(s, scope, q, &r, err);
    if (st != PIQ_OK)
        return st;
    if (PQntuples(r) == 0)
        return piq_pg_end(s, r, q, PIQ_ENOTFOUND, err);
    *out = r;
    return PIQ_OK;
}

int64_t piq_pg_hash(piq_str body)
{
    return (int64_t)piq_hash_bytes(body.ptr, body.len);
}

bool piq_pg_is_intact(const PGresult *r, int row, int hash_column,
                      int body_column)
{
    return piq_pg_get_i64(r, row, hash_column) ==
           piq_pg_hash(piq_pg_get_bytes(r, row, body_column));
}

/* ---- states and snapshots --------------------------------------------- */

piq_status piq_pg_state(piq_store *s, piq_arena *a, piq_user_id user,
                        int64_t *version, piq_str *body, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_STATE, "read a learner's state");
    piq_pg_i64(&q, user.v);
    piq_status st = piq_pg_query_one(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_str copy;
    if (!piq_pg_is_intact(r, 0, 1, 2))
        st = PIQ_ECORRUPT;
    else if (!piq_pg_copy(r, a, 0, 2, &copy))
        st = PIQ_ENOMEM;
    if (st == PIQ_OK) {
        *version = piq_pg_get_i64(r, 0, 0);
        *body = copy;
    }
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_snapshot(piq_store *s, piq_arena *a, piq_user_id user,
                           int64_t at_us, piq_str event_id,
                           piq_snapshot_row *out, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_SNAPSHOT, "read a learner's snapshot");
    piq_pg_i64(&q, user.v);
    piq_pg_i64(&q, at_us);
    piq_pg_bytes(&q, event_id);
    piq_status st = piq_pg_query_one(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_snapshot_row row = {.user = user,
                            .at_us = piq_pg_get_i64(r, 0, 0),
                            .n_events = (uint32_t)piq_pg_get_i64(r, 0, 1)};
    if (!piq_pg_is_intact(r, 0, 2, 4))
        st = PIQ_ECORRUPT;
    else if (!piq_pg_copy(r, a, 0, 3, &row.event_id) ||
             !piq_pg_copy(r, a, 0, 4, &row.body))
        st = PIQ_ENOMEM;
    else
        *out = row;
    return piq_pg_end(s, r, &q, st, err);
}

/* ---- events ----------------------------------------------------------- */

/* Columns: EVENT_COLUMNS of statement.c. */
static bool take_event(const PGresult *r, int i, piq_event_row *out)
{
    out->seq = piq_pg_get_i64(r, i, 0);
    out->at_us = piq_pg_get_i64(r, i, 1);
    out->received_us = piq_pg_get_i64(r, i, 2);
    out->catalogue_version = (uint32_t)piq_pg_get_i64(r, i, 4);
    out->calibration = (uint32_t)piq_pg_get_i64(r, i, 5);
    out->item.v = piq_pg_is_null(r, i, 6) ? PIQ_NO_IX32
                                          : (uint32_t)piq_pg_get_i64(r, i, 6);
    out->score = piq_pg_get_f32(r, i, 7);
    out->predicted = piq_pg_get_f32(r, i, 8);
    out->ability_logit = piq_pg_get_f32(r, i, 9);
    out->ability_variance = piq_pg_get_f32(r, i, 10);
    return piq_event_type_of(piq_pg_get_bytes(r, i, 3), &out->type);
}

static piq_status take_whole_event(const PGresult *r, int i, piq_arena *a,
                                   piq_event_row *out)
{
    if (!take_event(r, i, out))
        return PIQ_ECORRUPT;
    return piq_pg_copy(r, a, i, 11, &out->event_id) &&
                   piq_pg_copy(r, a, i, 12, &out->body)
               ? PIQ_OK
               : PIQ_ENOMEM;
}

piq_status piq_pg_event(piq_store *s, piq_arena *a, piq_user_id user,
                        piq_str event_id, piq_event_row *out, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_EVENT, "read a learner's event");
    piq_pg_i64(&q, user.v);
    piq_pg_bytes(&q, event_id);
    piq_status st = piq_pg_query_one(s, piq_pg_scope_of(user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_event_row row = {.user = user};
    st = take_whole_event(r, 0, a, &row);
    if (st == PIQ_OK)
        *out = row;
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_events(piq_store *s, piq_arena *a,
                         const piq_event_range *range, piq_event_row **out,
                         size_t *n, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_EVENTS, "read a learner's events");
    piq_pg_i64(&q, range->user.v);
    piq_pg_i64(&q, range->after_us);
    piq_pg_bytes(&q, range->after_id);
    piq_pg_i64(&q, range->until_us);
    piq_pg_count(&q, range->limit);
    piq_status st = piq_pg_query(s, piq_pg_scope_of(range->user), &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_event_row *rows = piq_new(a, piq_event_row, (size_t)n_rows);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < n_rows && st == PIQ_OK; i++) {
        rows[i].user = range->user;
        st = take_whole_event(r, i, a, &rows[i]);
    }
    if (st == PIQ_OK) {
        *out = rows;
        *n = (size_t)n_rows;
    }
    return piq_pg_end(s, r, &q, st, err);
}

piq_status piq_pg_answers_after(piq_store *s, piq_arena *a, int64_t seq,
                                size_t limit, piq_event_row **out, size_t *n,
                                piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_ANSWERS_AFTER,
                     "read the answers after %" PRId64, seq);
    q.bounded = true;
    q.limit = limit;
    piq_pg_i64(&q, seq);
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_event_row *rows = piq_new(a, piq_event_row, (size_t)n_rows);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < n_rows && st == PIQ_OK; i++) {
        rows[i].user.v = piq_pg_get_i64(r, i, 13);
        st = take_event(r, i, &rows[i]) ? PIQ_OK : PIQ_ECORRUPT;
    }
    if (st == PIQ_OK) {
        *out = rows;
        *n = (size_t)n_rows;
    }
    return piq_pg_end(s, r, &q, st, err);
}

/* ---- all learners ----------------------------------------------------- */

piq_status piq_pg_users(piq_store *s, piq_arena *a, piq_user_id after,
                        size_t limit, piq_user_id **out, size_t *n,
                        piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_USERS, "list the learners");
    piq_pg_i64(&q, after.v);
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query(s, PIQ_PG_JOINT, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    int n_rows = PQntuples(r);
    piq_user_id *rows = piq_new(a, piq_user_id, (size_t)n_rows);
    if (rows == NULL)
        return piq_pg_end(s, r, &q, PIQ_ENOMEM, err);
    for (int i = 0; i < n_rows; i++)
        rows[i].v = piq_pg_get_i64(r, i, 0);
    *out = rows;
    *n = (size_t)n_rows;
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}

/* Adds what one place has. */
static piq_status count_at(piq_pg_place *p, piq_store_counts *sum, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_scope scope = {.all = true, .scans = true};
    piq_pg_call_init(&q, PIQ_PG_COUNTS, "count the rows");
    piq_status st = piq_pg_query_at(p, scope, &q, &r, err);
    piq_pg_call_release(&q);
    if (st != PIQ_OK)
        return st;
    sum->learners += (uint64_t)piq_pg_get_i64(r, 0, 0);
    sum->events += (uint64_t)piq_pg_get_i64(r, 0, 1);
    sum->recommendations += (uint64_t)piq_pg_get_i64(r, 0, 2);
    sum->bytes += (uint64_t)piq_pg_get_i64(r, 0, 3);
    sum->catalogue_version += (uint32_t)piq_pg_get_i64(r, 0, 4);
    sum->calibration += (uint32_t)piq_pg_get_i64(r, 0, 5);
    PQclear(r);
    return PIQ_OK;
}

piq_status piq_pg_catalogue_version(piq_store *s, uint32_t *version,
                                    piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_CATALOGUE_VERSION,
                     "look for a newer curriculum");
    piq_status st = piq_pg_query_one(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    *version = (uint32_t)piq_pg_get_i64(r, 0, 0);
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}

/* A shard has no curricula and no calibrations. */
piq_status piq_pg_counts(piq_store *base, piq_store_counts *out, piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    piq_store_counts sum = {0};
    piq_status st = count_at(&s->home, &sum, err);
    for (unsigned i = 0; s->shards != NULL && i < s->shards->n && st == PIQ_OK;
         i++)
        st = count_at(&s->shards->at[i], &sum, err);
    if (st == PIQ_OK)
        *out = sum;
    return st;
}

/* Of all servers; why, of the last of them that was missed. */
uint64_t piq_pg_misses(piq_store *base, piq_err *last)
{
    piq_postgres *s = piq_postgres_of(base);
    uint64_t sum = piq_pg_pool_misses(&s->home.pool, last);
    for (unsigned i = 0; s->shards != NULL && i < s->shards->n; i++) {
        piq_err own;
        uint64_t n = piq_pg_pool_misses(&s->shards->at[i].pool, &own);
        if (n > 0 && last != NULL)
            *last = own;
        sum += n;
    }
    return sum;
}

piq_status piq_pg_ping(piq_store *s, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_PING, "read");
    piq_status st = piq_pg_query_one(s, PIQ_PG_ALL, &q, &r, err);
    return st == PIQ_OK ? piq_pg_end(s, r, &q, PIQ_OK, err) : st;
}
