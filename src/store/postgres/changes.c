/* What commits have changed, for other processes; what is dropped in time; and
 * forgetting a learner. */
#include "store/postgres/errors.h"
#include "store/postgres/shards.h"

#include <inttypes.h>

/* Records that one call of tidy drops: a slate has its places in four indexes
 * and its text aside, and commits of others wait for the same log. Of changes
 * and commits, which are narrow, 16 times as many (schema_sql.c). */
enum { TIDY_PIECE = 256 };

/* ---- reading ----------------------------------------------------------- */

/* A place without changes gives a row without a mark. */
static int64_t dropped_through(const PGresult *r)
{
    int64_t most = 0;
    for (int i = 0; i < PQntuples(r); i++) {
        int64_t mark = piq_pg_get_i64(r, i, 5);
        most = mark > most ? mark : most;
    }
    return most;
}

piq_status piq_pg_changes(piq_store *s, piq_arena *a, int64_t after,
                          size_t limit, piq_change **out, size_t *n,
                          piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_CHANGES, "read the changes after %" PRId64,
                     after);
    q.bounded = true;
    q.limit = limit;
    q.limits_rows = true;
    piq_pg_i64(&q, after);
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query_one(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    if (after < dropped_through(r))
        return piq_pg_end(s, r, &q, PIQ_ENOTFOUND, err);
    size_t n_rows = 0;
    piq_change *rows = piq_new(a, piq_change, (size_t)PQntuples(r));
    if (rows == NULL)
        return piq_pg_end(s, r, &q, PIQ_ENOMEM, err);
    for (int i = 0; i < PQntuples(r); i++)
        if (!piq_pg_is_null(r, i, 0))
            rows[n_rows++] =
                (piq_change){.mark = piq_pg_get_i64(r, i, 0),
                             .user = {piq_pg_get_i64(r, i, 1)},
                             .what = (uint32_t)piq_pg_get_i64(r, i, 2),
                             .version = piq_pg_get_i64(r, i, 3),
                             .at_us = piq_pg_get_i64(r, i, 4)};
    *out = rows;
    *n = n_rows;
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}

piq_status piq_pg_last_change(piq_store *s, int64_t *mark, piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_LAST_CHANGE, "look for changes");
    q.bounded = true;
    piq_status st = piq_pg_query_one(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    /* Of several places the last is the largest. */
    *mark = piq_pg_get_i64(r, PQntuples(r) - 1, 0);
    return piq_pg_end(s, r, &q, PIQ_OK, err);
}

/* ---- tidying ----------------------------------------------------------- */

typedef struct tidying {
    int64_t now_us, changes_before_us;
} tidying;

static void send_tidy(piq_pg_flight *f, piq_pg_write *w)
{
    const tidying *t = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_TIDY, "tidy up");
    piq_pg_i64(&q, t->now_us);
    piq_pg_i64(&q, t->changes_before_us);
    piq_pg_i64(&q, TIDY_PIECE);
    piq_pg_i64(&q, w->token);
    piq_pg_flight_add(f, &q);
}

/* Each place by itself: what is left undone is done another time. */
piq_status piq_pg_tidy(piq_store *base, int64_t now_us,
                       int64_t changes_before_us, bool *more, piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    tidying t = {now_us, changes_before_us};
    piq_pg_write w = {.send = send_tidy, .ctx = &t};
    piq_status st = piq_pg_transact(base, &w, err);
    bool any = st == PIQ_OK && w.given[0] != 0;
    for (unsigned i = 0; s->shards != NULL && i < s->shards->n; i++) {
        piq_err own = {0};
        w = (piq_pg_write){.send = send_tidy, .ctx = &t};
        piq_status here = piq_pg_transact_at(&s->shards->at[i], &w, &own);
        any = any || (here == PIQ_OK && w.given[0] != 0);
        if (here != PIQ_OK && st == PIQ_OK && err != NULL)
            *err = own;
        st = st == PIQ_OK ? here : st;
    }
    if (st == PIQ_OK)
        *more = any;
    return st;
}

typedef struct forgetting {
    int64_t before_us;
    size_t limit;
} forgetting;

static void send_forget(piq_pg_flight *f, piq_pg_write *w)
{
    const forgetting *x = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_FORGET_LOG, "forget old recommendations");
    piq_pg_i64(&q, x->before_us);
    piq_pg_count(&q, x->limit);
    piq_pg_i64(&q, w->token);
    piq_pg_flight_add(f, &q);
}

piq_status piq_pg_forget_log(piq_store *s, int64_t before_us, size_t limit,
                             bool *more, piq_err *err)
{
    if (piq_postgres_of(s)->shards != NULL)
        return piq_pg_forget_spread(s, before_us, limit, more, err);
    forgetting x = {before_us, limit};
    piq_pg_write w = {.send = send_forget, .ctx = &x};
    piq_status st = piq_pg_transact(s, &w, err);
    if (st == PIQ_OK)
        *more = w.given[0] != 0;
    return st;
}

/* ---- erasing ------------------------------------------------------------ */

static void send_erase(piq_pg_flight *f, piq_pg_write *w)
{
    const piq_user_id *user = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_ERASE, "erase a learner");
    piq_pg_i64(&q, user->v);
    piq_pg_i64(&q, w->token);
    piq_pg_flight_add(f, &q);
}

/* Alone: a commit that had looked before and wrote after would bring rows
 * back. */
piq_status piq_pg_erase(piq_store *s, piq_user_id user, piq_erased *out,
                        piq_err *err)
{
    piq_pg_write w = {
        .send = send_erase, .ctx = &user, .alone = true, .n_marks = 1};
    if (user.v <= 0) /* 0 is nobody's: not to be erased by mistake */
        return piq_fail(err, PIQ_ENOTFOUND, "there is no such learner");
    if (piq_postgres_of(s)->shards != NULL)
        return piq_pg_erase_spread(s, user, out, err);
    piq_status st = piq_pg_transact(s, &w, err);
    if (st == PIQ_OK)
        *out = (piq_erased){(uint64_t)w.given[0], (uint64_t)w.given[1],
                            (uint64_t)w.given[2]};
    return st;
}
