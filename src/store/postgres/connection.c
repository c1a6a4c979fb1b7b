#include "store/postgres/connection.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/postgres/errors.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

int64_t piq_pg_deadline(unsigned ms)
{
    return piq_clock_monotonic_ns() + (int64_t)ms * 1000000;
}

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

piq_status piq_pg_connect(piq_pg_conn *c, bool *retry, piq_err *err)
{
    const piq_pg_setting *s = c->setting;
    PIQ_ASSERT(c->pg == NULL);
    *retry = true;
    c->pg = piq_alloc_should_fail()
                ? NULL
                : PQconnectdbParams((const char *const *)s->keywords,
                                    (const char *const *)s->values, 0);
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
static bool move_bytes(PGconn *pg, int64_t deadline_ns)
{
    int unsent = PQflush(pg);
    int64_t left_ms = (deadline_ns - piq_clock_monotonic_ns()) / 1000000;
    if (unsent < 0 || left_ms <= 0)
        return false;
    struct pollfd p = {.fd = PQsocket(pg), .events = POLLIN};
    if (unsent > 0)
        p.events |= POLLOUT;
    int n = poll(&p, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
    if (n < 0)
        return errno == EINTR;
    if ((p.revents & (POLLIN | POLLERR | POLLHUP)) != 0)
        return PQconsumeInput(pg) == 1;
    return n > 0;
}

PGresult *piq_pg_next_result(piq_pg_conn *c, int64_t deadline_ns, bool *lost)
{
    *lost = false;
    while (PQisBusy(c->pg))
        if (!move_bytes(c->pg, deadline_ns)) {
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
