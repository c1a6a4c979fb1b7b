/* The log of what was recommended, read back with what became of it. */
#include "domain/words.h"
#include "store/postgres/shards.h"

#include <inttypes.h>

/* Columns: SLATE_COLUMNS of statement.c. */
enum { N_RECOMMENDATIONS = 8, ACTION = 10, FEEDBACK_SCORE = 11 };

static bool take_slate(const PGresult *r, int i, piq_arena *a,
                       piq_slate_record *out)
{
    *out = (piq_slate_record){
        .id = piq_pg_get_i64(r, i, 0),
        .row = {.user = {piq_pg_get_i64(r, i, 1)},
                .served_us = piq_pg_get_i64(r, i, 2),
                .state_version = piq_pg_get_i64(r, i, 3),
                .catalogue_version = (uint32_t)piq_pg_get_i64(r, i, 4),
                .n_recommendations =
                    (size_t)piq_pg_get_i64(r, i, N_RECOMMENDATIONS)},
        .first_recommendation = piq_pg_get_i64(r, i, 7),
    };
    return piq_pg_copy(r, a, i, 5, &out->row.policy) &&
           piq_pg_copy(r, a, i, 6, &out->row.request) &&
           piq_pg_copy(r, a, i, 9, &out->row.candidates);
}

/* Rows that begin at `i` and are of one slate or exposure (column 0): what
 * became of each recommendation, in `columns`. */
static piq_status take_outcomes(const PGresult *r, int i, size_t n,
                                const int columns[2], piq_arena *a,
                                const piq_outcome **out)
{
    piq_outcome *o = piq_new(a, piq_outcome, n);
    if (o == NULL)
        return PIQ_ENOMEM;
    int64_t id = piq_pg_get_i64(r, i, 0);
    for (size_t k = 0;
         n > 0 && i < PQntuples(r) && piq_pg_get_i64(r, i, 0) == id; k++, i++) {
        if (k >= n)
            return PIQ_ECORRUPT;
        o[k].feedback_score = (uint8_t)piq_pg_get_i64(r, i, columns[1]);
        if (!piq_pg_is_null(r, i, columns[0]) &&
            !piq_user_action_of(piq_pg_get_bytes(r, i, columns[0]),
                                &o[k].action))
            return PIQ_ECORRUPT;
    }
    *out = o;
    return PIQ_OK;
}

static bool is_first_of_its(const PGresult *r, int i)
{
    return i == 0 || piq_pg_get_i64(r, i, 0) != piq_pg_get_i64(r, i - 1, 0);
}

static size_t count_firsts(const PGresult *r)
{
    size_t n = 0;
    for (int i = 0; i < PQntuples(r); i++)
        n += is_first_of_its(r, i);
    return n;
}

/* ---- slates ------------------------------------------------------------- */

static piq_status take_slates(const PGresult *r, piq_arena *a,
                              piq_slate_record **out, size_t *n)
{
    static const int columns[2] = {ACTION, FEEDBACK_SCORE};
    size_t room = count_firsts(r), at = 0;
    piq_slate_record *rows = piq_new(a, piq_slate_record, room);
    piq_status st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < PQntuples(r) && st == PIQ_OK; i++) {
        if (!is_first_of_its(r, i))
            continue;
        piq_slate_record *x = &rows[at++];
        st = take_slate(r, i, a, x)
                 ? take_outcomes(r, i, x->row.n_recommendations, columns, a,
                                 &x->outcomes)
                 : PIQ_ENOMEM;
    }
    *out = rows;
    *n = room;
    return st;
}

piq_status piq_pg_slates_after(piq_store *s, piq_arena *a, int64_t after,
                               size_t limit, piq_slate_record **out, size_t *n,
                               piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_SLATES_AFTER, "read slates after %" PRId64,
                     after);
    q.bounded = true;
    q.limit = limit;
    piq_pg_i64(&q, after);
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    piq_slate_record *rows;
    size_t n_rows;
    st = take_slates(r, a, &rows, &n_rows);
    if (st == PIQ_OK) {
        *out = rows;
        *n = n_rows;
    }
    return piq_pg_end(s, r, &q, st, err);
}

static piq_status slate_at(piq_store *s, piq_pg_place *p, piq_arena *a,
                           int64_t recommendation, piq_slate_record *out,
                           piq_err *err)
{
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_SLATE_OF,
                     "read the slate of recommendation %" PRId64,
                     recommendation);
    piq_pg_i64(&q, recommendation);
    piq_status st = piq_pg_query_at(p, PIQ_PG_ALL, &q, &r, err);
    piq_pg_call_release(&q);
    if (st != PIQ_OK)
        return st;
    piq_slate_record *rows;
    size_t n;
    st = take_slates(r, a, &rows, &n);
    if (st == PIQ_OK &&
        (n == 0 || recommendation - rows->first_recommendation >=
                       (int64_t)rows->row.n_recommendations))
        st = PIQ_ENOTFOUND;
    if (st == PIQ_OK)
        *out = *rows;
    return piq_pg_end(s, r, &q, st, err);
}

/* Its number does not tell the learner: the shards are asked until one knows. A
 * shard that does not answer matters only when no other does. */
piq_status piq_pg_slate_of(piq_store *base, piq_arena *a,
                           int64_t recommendation, piq_slate_record *out,
                           piq_err *err)
{
    piq_postgres *s = piq_postgres_of(base);
    if (s->shards == NULL)
        return slate_at(base, &s->home, a, recommendation, out, err);
    piq_status worst = PIQ_ENOTFOUND;
    for (unsigned i = 0; i < s->shards->n; i++) {
        piq_err own = {0};
        piq_status st =
            slate_at(base, &s->shards->at[i], a, recommendation, out, &own);
        if (st == PIQ_OK)
            return st;
        if (err != NULL && (st != PIQ_ENOTFOUND || i == 0))
            *err = own;
        worst = st != PIQ_ENOTFOUND ? st : worst;
    }
    return worst;
}

/* ---- exposures ----------------------------------------------------------- */

static void take_exposure(const PGresult *r, int i, piq_exposure_row *out)
{
    *out = (piq_exposure_row){
        .id = piq_pg_get_i64(r, i, 0),
        .arm = (uint8_t)piq_pg_get_i64(r, i, 1),
        .user = {piq_pg_get_i64(r, i, 2)},
        .at_us = piq_pg_get_i64(r, i, 3),
        .gained = piq_pg_get_f64(r, i, 4),
        .practice_s = piq_pg_get_f64(r, i, 5),
        .first_recommendation = piq_pg_get_i64(r, i, 6),
        .n_recommendations = (size_t)piq_pg_get_i64(r, i, 7),
    };
}

piq_status piq_pg_exposures(piq_store *s, piq_arena *a, int64_t experiment,
                            int64_t after, size_t limit, piq_exposure_row **out,
                            size_t *n, piq_err *err)
{
    static const int columns[2] = {8, 9};
    piq_pg_call q;
    PGresult *r;
    piq_pg_call_init(&q, PIQ_PG_EXPOSURES,
                     "read the exposures of experiment %" PRId64, experiment);
    q.bounded = true;
    q.limit = limit;
    piq_pg_i64(&q, experiment);
    piq_pg_i64(&q, after);
    piq_pg_count(&q, limit);
    piq_status st = piq_pg_query(s, PIQ_PG_ALL, &q, &r, err);
    if (st != PIQ_OK)
        return st;
    size_t room = count_firsts(r), at = 0;
    piq_exposure_row *rows = piq_new(a, piq_exposure_row, room);
    st = rows == NULL ? PIQ_ENOMEM : PIQ_OK;
    for (int i = 0; i < PQntuples(r) && st == PIQ_OK; i++) {
        if (!is_first_of_its(r, i))
            continue;
        piq_exposure_row *x = &rows[at++];
        take_exposure(r, i, x);
        x->experiment = experiment;
        st =
            take_outcomes(r, i, x->n_recommendations, columns, a, &x->outcomes);
    }
    if (st == PIQ_OK) {
        *out = rows;
        *n = room;
    }
    return piq_pg_end(s, r, &q, st, err);
}
