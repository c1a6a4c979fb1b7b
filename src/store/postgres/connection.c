#include "store/postgres/connection.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/postgres/errors.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    /* A wait is looked at so often: its end may have come nearer. */
    LOOK_MS = 100,
    LEAST_CONNECT_S = 2 /* libpq makes it of less */
};
static const int64_t NS_PER_MS = 1000000, NS_PER_S = 1000000000;

/* ---- time ----------------------------------------------------------------
 */

int64_t piq_pg_deadline(unsigned ms)
{
    return piq_clock_monotonic_ns() + (int64_t)ms * NS_PER_MS;
}

int64_t piq_pg_until(const piq_pg_setting *s, int64_t deadline_ns)
{
    int64_t end_ns = atomic_load(&s->end_ns);
    return end_ns != 0 && end_ns < deadline_ns ? end_ns : deadline_ns;
}

static piq_status fail_ended(piq_pg_setting *s, piq_err *err)
{
    atomic_fetch_add(&s->n_cut, 1);
    piq_fail(err, PIQ_EIO, "%s was not asked: the time before the end is over",
             s->place);
    piq_err_at(err, "%s", s->place);
    return PIQ_EIO;
}

piq_status piq_pg_may_begin(piq_pg_setting *s, piq_err *err)
{
    int64_t end_ns = atomic_load(&s->end_ns);
    bool over = end_ns != 0 && piq_clock_monotonic_ns() >= end_ns;
    return over ? fail_ended(s, err) : PIQ_OK;
}

/* ---- connecting ------------------------------------------------------------
 */

/* The server's notices (a schema that exists, a lock not held) tell nothing
 * that a status does not; libpq would print them. */
static void ignore_notice(void *ctx, const PGresult *r)
{
    (void)ctx;
    (void)r;
}

void piq_pg_disconnect(piq_pg_conn *c)
{
    if (c->pg != NULL)
        PQfinish(c->pg);
    *c = (piq_pg_conn){.setting = c->setting};
}

/* A server that is starting, stopping, full, or not there may be tried again;
 * one that refuses us will go on doing so. libpq gives no code for a failed
 * connection, but says so when it was about a password. */
static bool may_recover(PGconn *pg)
{
    if (PQconnectionNeedsPassword(pg) || PQconnectionUsedPassword(pg))
        return strstr(PQerrorMessage(pg), "password authentication") == NULL;
    return strstr(PQerrorMessage(pg), "does not exist") == NULL ||
           strstr(PQerrorMessage(pg), "No such file") != NULL;
}

/* Of what is left before the end, for each host; 0: as the setting has it.
 * False: too little. */
static bool share_of_a_host(const piq_pg_setting *s, unsigned *seconds)
{
    int64_t end_ns = atomic_load(&s->end_ns);
    *seconds = 0;
    if (end_ns == 0)
        return true;
    int64_t share_s =
        (end_ns - piq_clock_monotonic_ns()) / NS_PER_S / s->n_hosts;
    if (s->connect_s == 0 || share_s < s->connect_s)
        *seconds = share_s > 0 ? (unsigned)share_s : 0;
    return share_s >= LEAST_CONNECT_S;
}

/* Of two values for one word libpq takes the second. */
static PGconn *connect_within(const piq_pg_setting *s, unsigned seconds)
{
    const char *keywords[PIQ_PG_MAX_WORDS + 1], *values[PIQ_PG_MAX_WORDS + 1];
    char text[16];
    size_t n = 0;
    for (; s->keywords[n] != NULL; n++) {
        keywords[n] = s->keywords[n];
        values[n] = s->values[n];
    }
    if (seconds > 0) {
        snprintf(text, sizeof text, "%u", seconds);
        keywords[n] = "connect_timeout";
        values[n++] = text;
    }
    keywords[n] = values[n] = NULL;
    return PQconnectdbParams(keywords, values, 0);
}

piq_status piq_pg_connect(piq_pg_conn *c, bool *retry, piq_err *err)
{
    piq_pg_setting *s = c->setting;
    unsigned seconds;
    PIQ_ASSERT(c->pg == NULL);
    *retry = false;
    if (!share_of_a_host(s, &seconds))
        return fail_ended(s, err);
    *retry = true;
    c->pg = piq_alloc_should_fail() ? NULL : connect_within(s, seconds);
    if (c->pg == NULL)
        return piq_fail(err, PIQ_ENOMEM, "could not connect to %s: no memory",
                        s->place);
    PQsetNoticeReceiver(c->pg, ignore_notice, NULL);
    piq_status st = PIQ_OK;
    if (PQstatus(c->pg) != CONNECTION_OK) {
        *retry = may_recover(c->pg);
        st = piq_pg_fail_connect(err, s->place, c->pg, *retry);
    } else if (PQsetnonblocking(c->pg, 1) != 0) {
        st = piq_pg_fail_connect(err, s->place, c->pg, true);
    }
    if (st != PIQ_OK)
        piq_pg_disconnect(c);
    return st;
}

/* ---- waiting ---------------------------------------------------------------
 */

bool piq_pg_is_alive(piq_pg_conn *c)
{
    if (c->pg == NULL || PQstatus(c->pg) != CONNECTION_OK)
        return false;
    struct pollfd p = {.fd = PQsocket(c->pg), .events = POLLIN};
    if (poll(&p, 1, 0) <= 0)
        return true;
    /* Nothing was asked: this is the server saying goodbye, or a notice. */
    return PQconsumeInput(c->pg) == 1 && PQstatus(c->pg) == CONNECTION_OK;
}

/* Moves bytes either way. False: lost, or the time is up. */
static bool move_bytes(piq_pg_conn *c, int64_t deadline_ns)
{
    PGconn *pg = c->pg;
    int unsent = PQflush(pg);
    int64_t until_ns = piq_pg_until(c->setting, deadline_ns);
    int64_t left_ms = (until_ns - piq_clock_monotonic_ns()) / NS_PER_MS;
    if (unsent < 0 || left_ms <= 0) {
        if (unsent >= 0 && until_ns < deadline_ns)
            atomic_fetch_add(&c->setting->n_cut, 1);
        return false;
    }
    struct pollfd p = {.fd = PQsocket(pg), .events = POLLIN};
    if (unsent > 0)
        p.events |= POLLOUT;
    int n = poll(&p, 1, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS);
    if (n < 0)
        return errno == EINTR;
    if ((p.revents & (POLLIN | POLLERR | POLLHUP)) != 0)
        return PQconsumeInput(pg) == 1;
    return true;
}

PGresult *piq_pg_next_result(piq_pg_conn *c, int64_t deadline_ns, bool *lost)
{
    *lost = false;
    while (PQisBusy(c->pg))
        if (!move_bytes(c, deadline_ns)) {
            *lost = true;
            return NULL;
        }
    PGresult *r = PQgetResult(c->pg);
    *lost = PQstatus(c->pg) != CONNECTION_OK || piq_pg_is_goodbye(r);
    return r;
}

piq_status piq_pg_exec(piq_pg_conn *c, const char *sql, const char *what,
                       PGresult **out, piq_err *err)
{
    int64_t deadline = piq_pg_deadline(c->setting->wait_ms);
    PGresult *last = NULL;
    bool lost = PQsendQuery(c->pg, sql) != 1;
    while (!lost) {
        PGresult *r = piq_pg_next_result(c, deadline, &lost);
        if (r == NULL)
            break;
        ExecStatusType before = PQresultStatus(last);
        if (last != NULL && before == PGRES_FATAL_ERROR) {
            PQclear(r);
            continue;
        }
        PQclear(last);
        last = r;
    }
    ExecStatusType got = PQresultStatus(last);
    if (!lost && (got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK)) {
        *out = last;
        return PIQ_OK;
    }
    piq_status st = lost ? piq_pg_fail_lost(err, c->setting->place, what)
                         : piq_pg_fail(err, c->setting->place, last, what);
    PQclear(last);
    return st;
}
