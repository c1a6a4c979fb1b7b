#include "store/postgres/flight.h"

#include "base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BINARY = 1, NAME_BYTES = 24 };

piq_pg_scope piq_pg_scope_of(piq_user_id user)
{
    if (user.v <= 0)
        return PIQ_PG_ALL;
    return (piq_pg_scope){.tenant = user.v >> PIQ_USER_BITS, .user = user};
}

/* ---- sending ---------------------------------------------------------- */

/* Room for one more; NULL: no memory, and the flight is broken. */
static piq_pg_sent *add_sent(piq_pg_flight *f, const char *what)
{
    if (f->n == f->room) {
        size_t room = f->room == 0 ? 16 : f->room * 2;
        piq_pg_sent *sent = piq_alloc_should_fail()
                                ? NULL
                                : realloc(f->sent, room * sizeof *sent);
        if (sent == NULL) {
            f->failed = PIQ_ENOMEM;
            return NULL;
        }
        f->sent = sent;
        f->room = room;
    }
    piq_pg_sent *s = &f->sent[f->n++];
    *s = (piq_pg_sent){.prepares = PIQ_PG_OTHER};
    snprintf(s->what, sizeof s->what, "%s", what);
    return s;
}

typedef struct wire {
    const char *values[PIQ_PG_MAX_PARAMS];
    int lengths[PIQ_PG_MAX_PARAMS];
    int formats[PIQ_PG_MAX_PARAMS];
} wire;

static void lay_out(const piq_pg_call *q, wire *w)
{
    for (int i = 0; i < q->n_params; i++) {
        const piq_pg_param *p = &q->params[i];
        w->values[i] = p->borrowed ? p->borrowed : q->bytes.ptr + p->at;
        w->lengths[i] = (int)p->len;
        w->formats[i] = BINARY;
    }
}

/* By what it says: on a connection that a pooler lends to programs of several
 * versions, one name is one text. */
static void name_of(piq_pg_sql sql, char name[NAME_BYTES])
{
    const char *text = piq_pg_text(sql);
    snprintf(name, NAME_BYTES, "piq_%016" PRIx64,
             piq_hash_bytes(text, strlen(text)));
}

/* Once a connection; it is not known to be prepared before its answer. */
static void prepare(piq_pg_flight *f, const piq_pg_call *q)
{
    char name[NAME_BYTES];
    name_of(q->sql, name);
    piq_pg_sent *s = add_sent(f, q->what);
    if (s == NULL)
        return;
    s->prepares = q->sql;
    f->broken = PQsendPrepare(f->conn->pg, name, piq_pg_text(q->sql),
                              q->n_params, NULL) != 1;
}

static bool is_being_prepared(const piq_pg_flight *f, piq_pg_sql sql)
{
    if (f->conn->prepared[sql])
        return true;
    for (size_t i = 0; i < f->n; i++)
        if (f->sent[i].prepares == sql)
            return true;
    return false;
}

static int send_named(piq_pg_flight *f, const piq_pg_call *q, const wire *w)
{
    char name[NAME_BYTES];
    name_of(q->sql, name);
    return PQsendQueryPrepared(f->conn->pg, name, q->n_params, w->values,
                               w->lengths, w->formats, BINARY);
}

static int send_text(piq_pg_flight *f, const piq_pg_call *q, const wire *w)
{
    const char *text = q->sql == PIQ_PG_OTHER ? q->text : piq_pg_text(q->sql);
    return PQsendQueryParams(f->conn->pg, text, q->n_params, NULL, w->values,
                             w->lengths, w->formats, BINARY);
}

static void send(piq_pg_flight *f, const piq_pg_call *q)
{
    bool named =
        q->sql != PIQ_PG_OTHER && atomic_load(&f->conn->setting->prepare);
    if (named && !is_being_prepared(f, q->sql))
        prepare(f, q);
    if (f->broken || f->failed || add_sent(f, q->what) == NULL)
        return;
    wire w;
    lay_out(q, &w);
    f->broken = (named ? send_named(f, q, &w) : send_text(f, q, &w)) != 1;
}

void piq_pg_flight_send(piq_pg_flight *f, piq_pg_call *q)
{
    piq_status st = piq_pg_call_close(q);
    if (f->failed == PIQ_OK)
        f->failed = st;
    if (!f->broken && f->failed == PIQ_OK)
        send(f, q);
}

void piq_pg_flight_add(piq_pg_flight *f, piq_pg_call *q)
{
    piq_pg_flight_send(f, q);
    piq_pg_call_release(q);
}

void piq_pg_flight_go_on(piq_pg_flight *f, piq_pg_conn *c)
{
    *f = (piq_pg_flight){.conn = c, .wait_ms = c->setting->wait_ms};
    if (c->pg == NULL)
        f->broken = true;
    else if (PQpipelineStatus(c->pg) == PQ_PIPELINE_OFF)
        f->broken = PQenterPipelineMode(c->pg) != 1;
}

void piq_pg_flight_say(piq_pg_flight *f, const char *text, const char *what)
{
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_OTHER, "%s", what);
    q.text = text;
    piq_pg_flight_add(f, &q);
}

void piq_pg_flight_begin(piq_pg_flight *f, piq_pg_conn *c, piq_pg_scope scope)
{
    const piq_pg_setting *s = c->setting;
    unsigned times = scope.slow ? PIQ_PG_SLOW_TIMES : 1;
    char tenant[24] = "*", statement_ms[16], lock_ms[16];
    char schema[2 * sizeof s->schema + 8];
    snprintf(statement_ms, sizeof statement_ms, "%u", s->statement_ms * times);
    snprintf(lock_ms, sizeof lock_ms, "%u",
             scope.lock_ms > 0 ? scope.lock_ms : s->statement_ms / 2 + 1);
    if (scope.joint && s->has_shards)
        snprintf(schema, sizeof schema, "%s_all, %s", s->schema, s->schema);
    else
        snprintf(schema, sizeof schema, "%s", s->schema);
    if (!scope.all)
        snprintf(tenant, sizeof tenant, "%" PRId64, scope.tenant);
    piq_pg_flight_go_on(f, c);
    f->wait_ms = s->wait_ms * times;
    if (scope.opens)
        piq_pg_flight_say(f, "BEGIN", "begin");
    piq_pg_call q;
    piq_pg_call_init(&q, PIQ_PG_SETTINGS, "begin");
    piq_pg_bytes(&q, piq_str_of(schema));
    piq_pg_bytes(&q, piq_str_of(tenant));
    piq_pg_bytes(&q, piq_str_of(statement_ms));
    piq_pg_bytes(&q, piq_str_of(lock_ms));
    piq_pg_bytes(&q, piq_str_of(scope.scans ? "on" : "off"));
    piq_pg_flight_add(f, &q);
}

/* ---- landing ---------------------------------------------------------- */

static void refuse(piq_pg_flight *f, size_t i, PGresult *r)
{
    if (f->refusal == NULL) {
        f->refusal = r;
        f->refused_ix = i < f->n ? i : f->n - 1;
        return;
    }
    PQclear(r);
}

static void take(piq_pg_flight *f, size_t i, PGresult *r)
{
    piq_pg_sent *s = &f->sent[i];
    ExecStatusType got = PQresultStatus(r);
    if (got == PGRES_COMMAND_OK && s->prepares != PIQ_PG_OTHER)
        f->conn->prepared[s->prepares] = true;
    if ((got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK) &&
        s->result == NULL)
        s->result = r;
    else if (got == PGRES_FATAL_ERROR || got == PGRES_BAD_RESPONSE)
        refuse(f, i, r);
    else
        PQclear(r);
}

/* Reads until the sync's own result. A NULL ends a statement's results. */
static piq_pg_outcome collect(piq_pg_flight *f)
{
    int64_t deadline = piq_pg_deadline(f->wait_ms);
    size_t i = 0;
    for (;;) {
        bool lost;
        PGresult *r = piq_pg_next_result(f->conn, deadline, &lost);
        if (lost) {
            PQclear(r);
            return PIQ_PG_LOST;
        }
        if (r == NULL) {
            i++;
            deadline = piq_pg_deadline(f->wait_ms);
        } else if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            break;
        } else if (i >= f->n) {
            refuse(f, i, r);
        } else {
            take(f, i, r);
        }
        if (i > f->n + 1)
            return PIQ_PG_LOST; /* more ends than statements */
    }
    return f->refusal != NULL ? PIQ_PG_REFUSED : PIQ_PG_LANDED;
}

void piq_pg_flight_launch(piq_pg_flight *f)
{
    if (f->launched || f->failed != PIQ_OK || f->broken)
        return;
    f->launched = true;
    f->broken = PQpipelineSync(f->conn->pg) != 1 || PQflush(f->conn->pg) < 0;
}

piq_pg_outcome piq_pg_flight_land(piq_pg_flight *f)
{
    piq_pg_flight_launch(f);
    if (f->failed != PIQ_OK) {
        /* Without a sync nothing is committed. */
        piq_pg_disconnect(f->conn);
        return PIQ_PG_REFUSED;
    }
    if (f->broken) {
        piq_pg_disconnect(f->conn);
        return PIQ_PG_LOST;
    }
    piq_pg_outcome o = collect(f);
    if (o == PIQ_PG_LOST)
        piq_pg_disconnect(f->conn);
    return o;
}

PGresult *piq_pg_flight_last(const piq_pg_flight *f)
{
    PIQ_ASSERT(f->n > 0);
    return f->sent[f->n - 1].result;
}

void piq_pg_flight_end(piq_pg_flight *f)
{
    for (size_t i = 0; i < f->n; i++)
        PQclear(f->sent[i].result);
    PQclear(f->refusal);
    free(f->sent);
    *f = (piq_pg_flight){0};
}
