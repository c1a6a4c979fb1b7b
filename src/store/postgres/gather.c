/* What is asked in the order of numbers that rise over all learners: each shard
 * is asked for its rows, and they are merged.
 *
 *     H      last number given, by the coordinator
 *     M_i    least number that somebody who may still commit on shard i locks
 *     then, in a new snapshot, rows of each shard up to min(H, M_0, M_1, ..)
 *
 * As in schema_sql.c: who has a number up to H has locked a lower one on each
 * of its shards before it was given. A shard that does not answer may have rows
 * below any bound, so without it there is no answer. */
#include "store/postgres/errors.h"
#include "store/postgres/shards.h"

static piq_status ask_number(piq_pg_place *p, piq_pg_call *q, int64_t *out,
                             piq_err *err)
{
    PGresult *r;
    piq_status st = piq_pg_query_at(p, PIQ_PG_ALL, q, &r, err);
    piq_pg_call_release(q);
    if (st != PIQ_OK)
        return st;
    *out = piq_pg_get_i64(r, 0, 0);
    PQclear(r);
    return PIQ_OK;
}

static void learn(piq_pg_shards *x, int64_t mark)
{
    long long old = atomic_load(&x->known);
    while (old < mark && !atomic_compare_exchange_weak(&x->known, &old, mark))
        continue;
}

static piq_status find_bound(piq_postgres *s, const char *what, int64_t *bound,
                             piq_err *err)
{
    piq_pg_call q;
    int64_t last = 0;
    piq_pg_call_init(&q, PIQ_PG_LAST_MARK, "%s", what);
    piq_status st = ask_number(&s->home, &q, &last, err);
    *bound = last;
    for (unsigned i = 0; i < s->shards->n && st == PIQ_OK; i++) {
        int64_t below = 0;
        piq_pg_call_init(&q, PIQ_PG_BELOW, "%s", what);
        piq_pg_i64(&q, last);
        st = ask_number(&s->shards->at[i], &q, &below, err);
        *bound = below < *bound ? below : *bound;
    }
    if (st == PIQ_OK)
        learn(s->shards, last);
    return st;
}

/* ---- merging --------------------------------------------------------------
 */

typedef struct merge {
    PGresult *from[PIQ_PG_MAX_SHARDS];
    int at[PIQ_PG_MAX_SHARDS];
    unsigned n;
    PGresult *to;
} merge;

/* Rows without a number come first: they tell something of their shard. */
static int64_t key_of(const PGresult *r, int row)
{
    return piq_pg_is_null(r, row, 0) ? INT64_MIN : piq_pg_get_i64(r, row, 0);
}

/* Whose row is next; m->n: nobody's. */
static unsigned next_of(const merge *m)
{
    unsigned best = m->n;
    int64_t least = 0;
    for (unsigned i = 0; i < m->n; i++) {
        if (m->at[i] >= PQntuples(m->from[i]))
            continue;
        int64_t key = key_of(m->from[i], m->at[i]);
        if (best == m->n || key < least) {
            best = i;
            least = key;
        }
    }
    return best;
}

static bool copy_row(merge *m, unsigned i)
{
    const PGresult *r = m->from[i];
    int row = m->at[i]++, to = PQntuples(m->to);
    for (int c = 0; c < PQnfields(r); c++) {
        bool null = PQgetisnull(r, row, c) == 1;
        if (PQsetvalue(m->to, to, c, null ? NULL : PQgetvalue(r, row, c),
                       null ? -1 : PQgetlength(r, row, c)) == 0)
            return false;
    }
    return true;
}

/* A number is never cut in two. */
static bool merge_rows(merge *m, const piq_pg_call *q)
{
    size_t n = 0;
    int64_t last = INT64_MIN;
    for (unsigned i; (i = next_of(m)) < m->n;) {
        int64_t key = key_of(m->from[i], m->at[i]);
        bool is_new = key != last;
        if (q->limit > 0 && n >= q->limit && is_new && key != INT64_MIN)
            return true;
        n += key != INT64_MIN && (is_new || q->limits_rows);
        last = key;
        if (!copy_row(m, i))
            return false;
    }
    return true;
}

piq_status piq_pg_gather(piq_postgres *s, piq_pg_scope scope, piq_pg_call *q,
                         PGresult **out, piq_err *err)
{
    merge m = {.n = 0};
    piq_status st = PIQ_OK;
    if (!q->has_bound)
        st = find_bound(s, q->what, &q->bound, err);
    q->has_bound = true;
    while (st == PIQ_OK && m.n < s->shards->n) {
        st = piq_pg_query_at(&s->shards->at[m.n], scope, q, &m.from[m.n], err);
        m.n += st == PIQ_OK;
    }
    if (st == PIQ_OK) {
        m.to = PQcopyResult(m.from[0], PG_COPYRES_ATTRS);
        if (m.to == NULL || !merge_rows(&m, q))
            st = piq_fail(err, PIQ_ENOMEM, "no memory to %s", q->what);
    }
    for (unsigned i = 0; i < m.n; i++)
        PQclear(m.from[i]);
    if (st == PIQ_OK)
        *out = m.to;
    else
        PQclear(m.to);
    return st;
}
