/* A write over several places, whole or not at all.
 *
 *     1  each shard     BEGIN; a lock below all numbers that are still to come
 *     2  coordinator    numbers
 *     3  each shard     token, numbers, rows; PREPARE TRANSACTION
 *     4  coordinator    its own rows and the decision, one transaction
 *     5  each shard     COMMIT PREPARED
 *
 * A shard that is alone, with no rows at home, commits in 3, and there is no 4
 * and 5: that is what a write of one learner is.
 *
 * Numbers: who takes some has locked on each shard that will have them a number
 * that was given before (schema_sql.c has the proof; only that here the lock
 * and the rows are on one server and the numbers on another, which it does not
 * ask about). A prepared transaction keeps its locks.
 *
 * Undecided is undone: what is prepared without a decision is taken back by
 * whoever finds it (keeper.c), after having made sure that it can no longer be
 * decided. Decided is done: a shard that was lost between 4 and 5 finds its
 * part prepared when it is back, and is not asked anything before that part is
 * committed.
 *
 * All at once first, with little patience for locks, since two engines that
 * take the same learners from two shards in a different order would wait for
 * one another and no server could see it; then shard by shard, in one order. */
#include "store/postgres/errors.h"
#include "store/postgres/shards.h"

#include <inttypes.h>
#include <stdio.h>

enum { MAX_TRIES = 4, MAX_ENDS = 100, SHORT_LOCK_MS = 250, BLOCK = 4096 };

typedef enum leg_state {
    LEG_NEW,      /* nothing was sent */
    LEG_OPEN,     /* in a transaction, which may have failed */
    LEG_PREPARED, /* or committed, where there is one leg */
    LEG_LOST
} leg_state;

typedef struct leg {
    piq_pg_place *place;
    piq_pg_write *w;
    piq_pg_conn *conn;
    piq_pg_flight f;
    leg_state state;
} leg;

typedef struct spread {
    piq_postgres *s;
    piq_pg_write *parts;
    leg legs[PIQ_PG_MAX_SHARDS];
    unsigned n;
    bool one; /* shard, and nothing at home */
    bool in_turn;
    int64_t token;
    char gid[PIQ_PG_GID_BYTES];
    /* Of what failed first. */
    piq_pg_verdict verdict;
    piq_status status;
    piq_err err;
} spread;

static void fail(spread *x, piq_pg_verdict v, piq_status st, const piq_err *err)
{
    if (x->verdict != PIQ_PG_DONE)
        return;
    x->verdict = v;
    x->status = st;
    x->err = *err;
}

static void name_part(const piq_postgres *s, int64_t token, char *out)
{
    snprintf(out, PIQ_PG_GID_BYTES, "piq:%s:%016" PRIx64,
             s->home.setting.schema, (uint64_t)token);
}

/* ---- flights to all -------------------------------------------------------
 */

static void judge(spread *x, leg *l)
{
    piq_err err = {0};
    piq_status st;
    piq_pg_verdict v =
        piq_pg_judge_refusal(&l->f, l->place->setting.place, &st, &err);
    if (v == PIQ_PG_AGAIN_UNPREPARED)
        atomic_store(&l->place->setting.prepare, false);
    if (v == PIQ_PG_AGAIN_ELSEWHERE)
        piq_pg_disconnect(l->conn);
    if (v != PIQ_PG_FAILED ||
        (!x->in_turn && piq_pg_is_lock_timeout(l->f.refusal)))
        v = PIQ_PG_AGAIN;
    fail(x, v, st, &err);
}

static const PGresult *result_with(const piq_pg_flight *f, const char *column)
{
    for (size_t i = f->n; i-- > 0;)
        if (f->sent[i].result != NULL &&
            PQfnumber(f->sent[i].result, column) >= 0)
            return f->sent[i].result;
    return NULL;
}

static void land(spread *x, leg *l, leg_state then)
{
    piq_pg_outcome o = piq_pg_flight_land(&l->f);
    if (o == PIQ_PG_LANDED) {
        l->state = then;
        piq_pg_take_given(l->w, result_with(&l->f, "given"), "given");
    } else if (o == PIQ_PG_REFUSED) {
        l->state = l->conn->pg != NULL ? LEG_OPEN : LEG_NEW;
        judge(x, l);
    } else {
        piq_err err = {0};
        l->state = LEG_LOST;
        piq_pg_fail_lost(&err, l->place->setting.place, "write");
        fail(x, PIQ_PG_AGAIN, PIQ_EIO, &err);
    }
    piq_pg_flight_end(&l->f);
}

/* False: x->verdict says what becomes of it. */
static bool fly_all(spread *x, void (*send)(spread *x, leg *l), leg_state then)
{
    unsigned n = 0;
    for (; n < x->n && x->verdict == PIQ_PG_DONE; n++) {
        send(x, &x->legs[n]);
        piq_pg_flight_launch(&x->legs[n].f);
        if (x->in_turn)
            land(x, &x->legs[n], then);
    }
    for (unsigned i = 0; i < n && !x->in_turn; i++)
        land(x, &x->legs[i], then);
    return x->verdict == PIQ_PG_DONE;
}

/* ---- the steps ------------------------------------------------------------
 */

static bool borrow_all(spread *x)
{
    for (unsigned i = 0; i < x->n; i++) {
        piq_err err = {0};
        leg *l = &x->legs[i];
        l->state = LEG_NEW;
        piq_status st = piq_pg_borrow(l->place, &l->conn, &err);
        if (st == PIQ_OK)
            continue;
        l->conn = NULL;
        l->w->failed = true;
        fail(x, PIQ_PG_FAILED, st, &err);
        return false;
    }
    return true;
}

static void send_open(spread *x, leg *l)
{
    const piq_pg_write *all = &x->parts[0];
    const piq_pg_scope scope = {
        .all = true,
        .slow = all->slow,
        .opens = true,
        .lock_ms = x->in_turn || x->n == 1 ? 0 : SHORT_LOCK_MS};
    piq_pg_call q;
    piq_pg_flight_begin(&l->f, l->conn, scope);
    piq_pg_call_init(&q, PIQ_PG_OPEN_PART, "begin a commit");
    piq_pg_i64(&q, all->alone);
    piq_pg_i64(&q, all->n_marks > 0 ? atomic_load(&x->s->shards->known) : -1);
    piq_pg_flight_add(&l->f, &q);
    l->state = LEG_OPEN;
}

static void learn(piq_pg_shards *shards, int64_t mark)
{
    long long old = atomic_load(&shards->known);
    while (old < mark &&
           !atomic_compare_exchange_weak(&shards->known, &old, mark))
        continue;
}

static bool take_numbers(spread *x)
{
    piq_pg_write *all = &x->parts[0];
    piq_pg_call q;
    PGresult *r;
    piq_err err = {0};
    if (all->n_marks + all->n_recommendations + all->n_paths == 0)
        return true;
    piq_pg_call_init(&q, PIQ_PG_NUMBERS, "take numbers");
    piq_pg_count(&q, all->n_marks);
    piq_pg_count(&q, all->n_recommendations);
    piq_pg_count(&q, all->n_paths);
    piq_status st = piq_pg_query_at(&x->s->home, PIQ_PG_ALL, &q, &r, &err);
    piq_pg_call_release(&q);
    if (st != PIQ_OK) {
        fail(x, PIQ_PG_FAILED, st, &err);
        return false;
    }
    all->mark = piq_pg_get_i64(r, 0, 0);
    all->recommendation = piq_pg_get_i64(r, 0, 1);
    all->path = piq_pg_get_i64(r, 0, 2);
    PQclear(r);
    if (all->n_marks > 0)
        learn(x->s->shards, all->mark +
                                (int64_t)(all->n_marks - 1) / BLOCK * BLOCK +
                                BLOCK - 1);
    return true;
}

static void send_rows(spread *x, leg *l)
{
    const piq_pg_write *all = &x->parts[0];
    char text[PIQ_PG_GID_BYTES + 32];
    piq_pg_call q;
    piq_pg_flight_go_on(&l->f, l->conn);
    if (all->slow)
        l->f.wait_ms *= PIQ_PG_SLOW_TIMES;
    l->w->token = x->token;
    piq_pg_call_init(&q, PIQ_PG_BEGIN_PART, "begin a commit");
    piq_pg_i64(&q, x->token);
    piq_pg_i64(&q, all->mark);
    piq_pg_i64(&q, all->recommendation);
    piq_pg_i64(&q, all->path);
    piq_pg_flight_add(&l->f, &q);
    l->w->send(&l->f, l->w);
    snprintf(text, sizeof text, "PREPARE TRANSACTION '%s'", x->gid);
    piq_pg_flight_say(&l->f, x->one ? "COMMIT" : text, "commit");
}

static void send_decision(piq_pg_flight *f, piq_pg_write *w)
{
    spread *x = w->ctx;
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_DECIDE, "decide a commit");
    piq_pg_i64(&q, x->token);
    piq_pg_flight_add(f, &q);
    if (x->parts[0].send != NULL)
        x->parts[0].send(f, &x->parts[0]);
}

/* PIQ_PG_AGAIN: it is not, and never will be. */
static void decide(spread *x)
{
    piq_err err = {0};
    piq_pg_write d = {.send = send_decision,
                      .ctx = x,
                      .alone = x->parts[0].alone,
                      .slow = x->parts[0].slow};
    piq_status st = piq_pg_transact_at(&x->s->home, &d, &err);
    x->parts[0].unknown = d.unknown;
    if (st != PIQ_OK)
        fail(x, st == PIQ_EBUSY ? PIQ_PG_AGAIN : PIQ_PG_FAILED, st, &err);
}

/* ---- ends -----------------------------------------------------------------
 */

static void send_end(const spread *x, leg *l)
{
    char text[PIQ_PG_GID_BYTES + 32];
    snprintf(text, sizeof text, "COMMIT PREPARED '%s'", x->gid);
    piq_pg_flight_go_on(&l->f, l->conn);
    piq_pg_flight_say(&l->f, text, "commit what is prepared");
    piq_pg_flight_launch(&l->f);
}

/* The keeper of another engine may be first, or just about it. */
static void land_end(const spread *x, leg *l)
{
    for (int i = 0; i < MAX_ENDS; i++) {
        piq_pg_outcome o = piq_pg_flight_land(&l->f);
        bool done = o == PIQ_PG_LANDED ||
                    (o == PIQ_PG_REFUSED && piq_pg_is_absent(l->f.refusal));
        bool busy = o == PIQ_PG_REFUSED && piq_pg_is_busy(l->f.refusal);
        piq_pg_flight_end(&l->f);
        if (done)
            return;
        if (!busy)
            break;
        piq_pg_wait_a_little();
        send_end(x, l);
    }
    atomic_store(&l->place->down, true);
}

/* What is not done here the keeper does; until then nobody reads what is on
 * that shard. */
static void finish(spread *x)
{
    for (unsigned i = 0; i < x->n; i++)
        send_end(x, &x->legs[i]);
    for (unsigned i = 0; i < x->n; i++)
        land_end(x, &x->legs[i]);
}

/* Errors are no matter: what is left is taken back in time. */
static void say_alone(leg *l, const char *text)
{
    piq_pg_flight_go_on(&l->f, l->conn);
    piq_pg_flight_say(&l->f, text, "take a commit back");
    (void)piq_pg_flight_land(&l->f);
    piq_pg_flight_end(&l->f);
}

static void undo(spread *x, leg *l)
{
    char text[PIQ_PG_GID_BYTES + 32];
    piq_err err = {0};
    snprintf(text, sizeof text, "ROLLBACK PREPARED '%s'", x->gid);
    if (l->state == LEG_LOST) {
        piq_status st = piq_pg_mend(l->place, l->conn, &err);
        if (st != PIQ_OK) {
            l->conn = NULL;
            l->w->failed = true;
            x->verdict = PIQ_PG_FAILED;
            x->status = st;
            x->err = err;
            return;
        }
    }
    if (l->state == LEG_PREPARED || l->state == LEG_LOST)
        say_alone(l, text);
    else if (l->state == LEG_OPEN && l->conn->pg != NULL)
        say_alone(l, "ROLLBACK");
}

/* A single shard's commit whose answer was lost. */
static void settle(spread *x)
{
    leg *l = &x->legs[0];
    piq_err err = {0};
    piq_status st = piq_pg_mend(l->place, l->conn, &err);
    if (st != PIQ_OK) {
        l->conn = NULL;
        l->w->failed = l->w->unknown = true;
        piq_err_hint(&err, "whether the commit was done is not known; sending "
                           "the same events again is safe");
    }
    x->verdict = st != PIQ_OK
                     ? PIQ_PG_FAILED
                     : piq_pg_settle(l->place, l->conn, l->w, &st, &err);
    x->status = st;
    x->err = err;
    l->state = LEG_NEW;
}

static void try_once(spread *x)
{
    bool sent = false;
    x->verdict = PIQ_PG_DONE;
    x->token = (int64_t)piq_pg_random();
    name_part(x->s, x->token, x->gid);
    if (borrow_all(x) && fly_all(x, send_open, LEG_OPEN) && take_numbers(x)) {
        sent = true;
        if (fly_all(x, send_rows, LEG_PREPARED) && !x->one)
            decide(x);
    }
    if (x->verdict != PIQ_PG_DONE && x->one && sent &&
        x->legs[0].state == LEG_LOST)
        settle(x);
    else if (x->verdict == PIQ_PG_DONE && !x->one)
        finish(x);
    else if (x->verdict != PIQ_PG_DONE && !x->parts[0].unknown)
        for (unsigned i = 0; i < x->n && x->legs[i].conn != NULL; i++)
            undo(x, &x->legs[i]);
    for (unsigned i = 0; i < x->n; i++) {
        if (x->legs[i].conn != NULL)
            piq_pg_return(x->legs[i].place, x->legs[i].conn);
        x->legs[i].conn = NULL;
    }
}

piq_status piq_pg_spread(piq_postgres *s, piq_pg_write *parts, piq_err *err)
{
    spread x = {.s = s, .parts = parts};
    for (unsigned i = 0; i < s->shards->n; i++)
        if (parts[1 + i].send != NULL)
            x.legs[x.n++] =
                (leg){.place = &s->shards->at[i], .w = &parts[1 + i]};
    if (x.n == 0)
        return parts[0].send != NULL
                   ? piq_pg_transact_at(&s->home, &parts[0], err)
                   : PIQ_OK;
    x.one = x.n == 1 && parts[0].send == NULL;
    x.verdict = PIQ_PG_AGAIN;
    for (int i = 0; i < MAX_TRIES && x.verdict == PIQ_PG_AGAIN; i++) {
        if (i > 0)
            piq_pg_wait_a_little();
        x.in_turn = i > 0;
        try_once(&x);
    }
    if (x.verdict == PIQ_PG_DONE)
        return PIQ_OK;
    if (err != NULL)
        *err = x.err;
    return x.status;
}
