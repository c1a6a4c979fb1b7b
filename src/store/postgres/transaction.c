/* A write: token and numbers first, then its rows, in one flight.
 *
 *     send --- landed ------------------------------> committed
 *       |----- refused: deadlock, serialization ----> send again
 *       |----- refused: a pooler's other server ----> send again, unprepared
 *       |----- refused: a replica ------------------> connect anew, send again
 *       |----- refused ----------------------------- > not committed
 *       +----- lost --- connect anew, settle the token
 *                          |--- its row is there ---> committed
 *                          |--- it is not ----------> send again
 *                          +--- nobody answers -----> not known
 */
#include "base/clock.h"
#include "base/log.h"
#include "store/postgres/errors.h"
#include "store/postgres/handle.h"

#include <time.h>

enum { MAX_TRIES = 4, JITTER_MS = 20 };

static void begin(piq_pg_flight *f, piq_pg_conn *c, const piq_pg_write *w)
{
    piq_pg_flight_begin(f, c, (piq_pg_scope){.all = true, .slow = w->slow});
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_BEGIN_WRITE, "begin a commit");
    piq_pg_i64(&q, w->token);
    piq_pg_count(&q, w->n_marks);
    piq_pg_count(&q, w->n_recommendations);
    piq_pg_count(&q, w->n_paths);
    piq_pg_i64(&q, w->alone);
    piq_pg_flight_add(f, &q);
}

void piq_pg_take_given(piq_pg_write *w, const PGresult *r, const char *first)
{
    int column = r == NULL ? -1 : PQfnumber(r, first);
    if (column < 0 || PQntuples(r) == 0)
        return;
    for (int i = 0; i < 4 && column + i < PQnfields(r); i++)
        w->given[i] = piq_pg_get_i64(r, 0, column + i);
}

static void take_numbers(piq_pg_write *w, const PGresult *r)
{
    w->mark = piq_pg_get_i64(r, 0, 0);
    w->recommendation = piq_pg_get_i64(r, 0, 1);
    w->path = piq_pg_get_i64(r, 0, 2);
}

/* The answer to BEGIN_WRITE stands where it was sent, after settings and what
 * had to be prepared. */
static const PGresult *numbers_of(const piq_pg_flight *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->sent[i].result != NULL && PQfnumber(f->sent[i].result, "m") == 0)
            return f->sent[i].result;
    return NULL;
}

piq_pg_verdict piq_pg_judge_refusal(const piq_pg_flight *f, const char *place,
                                    piq_status *st, piq_err *err)
{
    if (f->failed != PIQ_OK) {
        *st = piq_fail(err, f->failed, "could not write to %s: %s", place,
                       piq_status_text(f->failed));
        return PIQ_PG_FAILED;
    }
    *st = piq_pg_fail(err, place, f->refusal, f->sent[f->refused_ix].what);
    if (piq_pg_is_pooler(f->refusal))
        return PIQ_PG_AGAIN_UNPREPARED;
    if (piq_pg_is_read_only(f->refusal))
        return PIQ_PG_AGAIN_ELSEWHERE;
    return piq_pg_is_retry(f->refusal) ? PIQ_PG_AGAIN : PIQ_PG_FAILED;
}

/* Connects anew; the connection is given back when that fails. */
piq_pg_verdict piq_pg_settle(piq_pg_place *p, piq_pg_conn *c, piq_pg_write *w,
                             piq_status *st, piq_err *err)
{
    piq_pg_flight f;
    piq_pg_call q;
    piq_pg_flight_begin(&f, c, PIQ_PG_ALL);
    piq_pg_call_init(&q, PIQ_PG_SETTLE, "see whether a commit was done");
    piq_pg_i64(&q, w->token);
    piq_pg_flight_add(&f, &q);
    piq_pg_verdict v = PIQ_PG_AGAIN;
    PGresult *r = NULL;
    if (piq_pg_flight_land(&f) != PIQ_PG_LANDED) {
        *st = piq_fail(err, PIQ_EIO,
                       "could not write to %s: the connection was lost, and "
                       "whether the commit was done is not known",
                       p->setting.place);
        piq_err_at(err, "%s", p->setting.place);
        w->unknown = true;
        v = PIQ_PG_FAILED;
    } else {
        r = piq_pg_flight_last(&f);
    }
    if (r != NULL && PQntuples(r) == 1) {
        take_numbers(w, r);
        piq_pg_take_given(w, r, "given");
        v = PIQ_PG_DONE;
    }
    piq_pg_flight_end(&f);
    return v;
}

static piq_pg_verdict try_once(piq_pg_place *p, piq_pg_conn *c, piq_pg_write *w,
                               bool *lost, piq_status *st, piq_err *err)
{
    piq_pg_flight f;
    w->token = (int64_t)piq_pg_random();
    begin(&f, c, w);
    w->send(&f, w);
    piq_pg_outcome o = piq_pg_flight_land(&f);
    piq_pg_verdict v = PIQ_PG_DONE;
    *lost = o == PIQ_PG_LOST;
    if (o == PIQ_PG_REFUSED)
        v = piq_pg_judge_refusal(&f, p->setting.place, st, err);
    const PGresult *numbers = o == PIQ_PG_LANDED ? numbers_of(&f) : NULL;
    if (numbers != NULL) {
        take_numbers(w, numbers);
        piq_pg_take_given(w, piq_pg_flight_last(&f), "given");
    }
    piq_pg_flight_end(&f);
    return v;
}

void piq_pg_wait_a_little(void)
{
    piq_clock_rest_ns(1000000 * (1 + (int64_t)(piq_pg_random() % JITTER_MS)));
}

/* Nobody could be asked: what was lost may have been done. */
static void say_not_known(piq_err *err)
{
    piq_err_hint(err, "whether the commit was done is not known; sending the "
                      "same events again is safe");
}

piq_status piq_pg_transact(piq_store *s, piq_pg_write *w, piq_err *err)
{
    return piq_pg_transact_at(&piq_postgres_of(s)->home, w, err);
}

piq_status piq_pg_transact_at(piq_pg_place *p, piq_pg_write *w, piq_err *err)
{
    piq_pg_conn *c;
    piq_err why = {0};
    piq_status st = piq_pg_borrow(p, &c, err);
    if (st != PIQ_OK)
        return st;
    piq_pg_verdict v = PIQ_PG_AGAIN;
    for (int i = 0; i < MAX_TRIES && v == PIQ_PG_AGAIN; i++) {
        bool lost;
        if (i > 0)
            piq_pg_wait_a_little();
        v = try_once(p, c, w, &lost, &st, &why);
        if (v == PIQ_PG_AGAIN_UNPREPARED) {
            atomic_store(&p->setting.prepare, false);
            v = PIQ_PG_AGAIN;
        }
        if (lost || v == PIQ_PG_AGAIN_ELSEWHERE) {
            piq_status mended = piq_pg_mend(p, c, err);
            if (mended != PIQ_OK) {
                w->unknown = lost;
                if (lost)
                    say_not_known(err);
                return mended;
            }
            v = lost ? piq_pg_settle(p, c, w, &st, &why) : PIQ_PG_AGAIN;
        }
    }
    piq_pg_return(p, c);
    if (v == PIQ_PG_DONE)
        return PIQ_OK;
    if (err != NULL)
        *err = why;
    return st;
}
